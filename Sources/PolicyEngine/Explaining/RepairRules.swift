// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// Who can change what, and to which values.
enum RepairRules {
    typealias How = (Repair.Changer, Repair.Means, isPossible: Bool)

    /// Who can make a clause hold, or not hold.
    static func means(_ operand: IRI, _ clause: Explanation.Clause, wanted: Bool, now: Timestamp?) -> How {
        let info = OperandTable.info(operand)
        if info?.isContractText == true { return (.nobody, .terms, false) }
        if info?.knownTo == .provider { return (.provider, .confirm, true) }
        if window(of: operand) != nil { return (.time, .wait, true) }
        switch operand {
        case Operand.dateTime: return moment(clause, wanted: wanted, now: now) == nil ? (.time, .terms, false) : (.time, .wait, true)
        case Operand.elapsedTime:
            return moment(clause, wanted: wanted, now: now) == nil ? (.time, .terms, false) : (.time, .wait, true)
        // Used up is used up; a count that nobody gave is none yet.
        case Operand.count, Operand.meteredTime, IRI(Namespace.kouan + "volume"):
            return clause.source == .missing ? (.requester, .state, true) : (.provider, .terms, false)
        case Operand.recipient: return (.provider, .terms, false)
        case Operand.recipientCountry, Operand.recipientProvince, Operand.industry:
            return clause.source == .missing ? (.requester, .credential, true) : (.provider, .terms, false)
        case Operand.recipientSpace: return (.requester, .credential, true)
        default:
            // What a request says of itself, also in the refinement of an action, can be said otherwise.
            return info == nil ? (.nobody, .terms, false) : (.requester, .state, true)
        }
    }

    private static let windows: [IRI: Int64] = {
        let lengths: [(String, Int64)] = [
            ("Minute", 60), ("Hour", 3600), ("Day", 86_400), ("Week", 7 * 86_400), ("Month", 30 * 86_400), ("Year", 365 * 86_400),
        ]
        var table: [IRI: Int64] = [:]
        for counter in ["count", "volume", "meteredTime"] {
            for (name, seconds) in lengths { table[IRI(Namespace.kouan + counter + "Per" + name)] = seconds }
        }
        return table
    }()

    /// The length in seconds of the window that a counter rolls over.
    static func window(of operand: IRI) -> Int64? { windows[operand] }

    // MARK: Time

    /// The first moment after `now` at which a clause on the time holds, or no longer holds; nil is never.
    static func moment(_ clause: Explanation.Clause, wanted: Bool, now: Timestamp?) -> Timestamp? {
        guard let now, let operation = clause.operation else { return nil }
        return moments(of: clause, now: now, elapsed: clause.left).filter { candidate in
            let left: PolicyValue
            if clause.leftOperand == Operand.elapsedTime {
                guard case .duration(let span)? = clause.left.first?.content else { return false }
                left = .duration(span.adding(milliseconds: candidate.milliseconds &- now.milliseconds))
            } else {
                left = .time(candidate)
            }
            return holds(operation, left, clause.right) == wanted
        }.min()
    }

    /// Moments at which a clause may change: its bounds and the millisecond after and before them.
    private static func moments(of clause: Explanation.Clause, now: Timestamp, elapsed: [PolicyValue]) -> [Timestamp] {
        var found: [Timestamp] = [now.adding(milliseconds: 1)]
        for value in clause.right.prefix(32) {
            var bound: Timestamp?
            switch (value.content, elapsed.first?.content) {
            case (.instant(let instant), _) where clause.leftOperand == Operand.dateTime: bound = instant.timestamp
            case (.duration(let limit), .duration(let spent)?) where clause.leftOperand == Operand.elapsedTime:
                let (seconds, overflow) = limit.seconds.subtractingReportingOverflow(spent.seconds)
                guard !overflow, abs(seconds) < 1 << 40 else { continue }
                bound = now.adding(milliseconds: seconds * 1000 + Int64(limit.nanoseconds - spent.nanoseconds) / 1_000_000)
            default: break
            }
            guard let bound else { continue }
            found += [-1, 0, 1].map { bound.adding(milliseconds: $0) }
        }
        return found.filter { $0 > now }
    }

    private static func holds(_ operation: Operator, _ left: PolicyValue, _ right: [PolicyValue]) -> Bool {
        guard !right.isEmpty else { return false }
        return switch operation {
        case .eq, .isAnyOf: right.contains { left.equals($0) }
        case .neq, .isNoneOf: !right.contains { left.equals($0) }
        case .lt: right.allSatisfy { left.compared(to: $0) == .less }
        case .lteq: right.allSatisfy { left.compared(to: $0) == .less || left.equals($0) }
        case .gt: right.allSatisfy { left.compared(to: $0) == .greater }
        case .gteq: right.allSatisfy { left.compared(to: $0) == .greater || left.equals($0) }
        case .isA, .hasPart, .isPartOf, .isAllOf: false
        }
    }

    /// Moments to try for the whole policy, the earliest first.
    static func moments(
        in policy: Policy, first: [Explanation.Clause], now: Timestamp?, elapsed: [PolicyValue]
    ) -> [Timestamp] {
        guard let now else { return [] }
        var found = Set(first.flatMap { moments(of: $0, now: now, elapsed: $0.left) })
        for constraint in constraints(in: policy) where constraint.leftOperand == Operand.dateTime {
            for case .instant(let instant) in constraint.rightOperand.map(\.content) {
                found.formUnion([-1, 0, 1].map { instant.timestamp.adding(milliseconds: $0) }.filter { $0 > now })
            }
        }
        // What the clauses ask for, before what merely is a bound somewhere.
        let own = Set(first.compactMap { moment($0, wanted: $0.state != .satisfied, now: now) })
        return own.sorted() + found.subtracting(own).sorted().prefix(64)
    }

    // MARK: Values

    /// Lists of values that an operand could have: those that the policy itself speaks of, and some it does not.
    static func values(
        for operand: IRI, in policy: Policy, first: [Explanation.Clause], now current: [PolicyValue]
    ) -> [[PolicyValue]] {
        var found: [[PolicyValue]] = []
        var seen: Set<[PolicyValue]> = [current]
        func add(_ values: [PolicyValue]) { if !values.isEmpty, found.count < 64, seen.insert(values).inserted { found.append(values) } }
        func add(_ operation: Operator?, _ right: [PolicyValue]) {
            switch operation {
            case .isAllOf, .hasPart: add(right)
            default: break
            }
            for value in right.prefix(32) {
                add([value])
                for near in neighbours(of: value) { add([near]) }
            }
            if operation == .isAllOf { add(current + right) }
        }
        for clause in first { add(clause.operation, clause.right) }
        for constraint in constraints(in: policy) where constraint.leftOperand == operand {
            add(constraint.operation, constraint.rightOperand)
        }
        switch OperandTable.info(operand)?.sort {
        case .boolean?: for value in [true, false] { add([.boolean(value)]) }
        // Something that the policy does not name.
        case .concept?, .identifier?, .region?, nil: add([.text("other")])
        case .counter?, .amount?, .size?: for value in [1, 0] { add([.integer(value)]) }
        case .instant?, .duration?: break
        }
        return found
    }

    private static func neighbours(of value: PolicyValue) -> [PolicyValue] {
        switch value.content {
        case .number(let number):
            let whole = number.floor
            guard abs(whole) < 1 << 52 else { return [] }
            return [whole - 1, whole + 1].filter { $0 >= 0 }.map { PolicyValue.integer($0).completed(datatype: nil, unit: value.unit) }
        case .duration(let span):
            return [span.adding(milliseconds: -1000), span.adding(milliseconds: 1000)].map { .duration($0) }
        case .boolean(let flag): return [.boolean(!flag)]
        default: return []
        }
    }

    /// Acts that may fulfil a duty. Values of refinements that are alternatives are tried one after the other.
    static func performances(of duty: Duty, by request: PolicyRequest, at time: Timestamp) -> [PerformedAction] {
        var found: [PerformedAction] = []
        for term in duty.terms.actions.prefix(8) {
            for attempt in 0..<4 {
                var values: [String: [PolicyValue]] = [:]
                for constraint in term.refinements.flatMap(\.leaves) where constraint.leftOperand != Operand.dateTime {
                    let right = constraint.rightOperand
                    guard let value = right.isEmpty ? nil : right[attempt % right.count] else { continue }
                    let near = neighbours(of: value)
                    values[constraint.leftOperand.description] =
                        switch constraint.operation {
                        case .isAllOf, .hasPart: right
                        case .lt: [near.first ?? value]
                        case .gt: [near.last ?? value]
                        case .neq, .isNoneOf: near.first.map { [$0] } ?? [.text("other")]
                        default: [value]
                        }
                }
                found.append(
                    PerformedAction(
                        rule: duty.terms.id, action: term.action, party: duty.terms.assignees.first?.id ?? request.party,
                        target: duty.terms.targets.first?.id ?? request.target, at: time, values: values))
                if values.isEmpty { break }
            }
        }
        return found
    }

    private static func constraints(in policy: Policy) -> [Constraint] {
        var found: [Constraint] = []
        for terms in policy.permissions.map(\.terms) + policy.prohibitions.map(\.terms) {
            for node in terms.constraints + terms.actions.flatMap(\.refinements) {
                guard found.count < 1000 else { return found }
                found += node.leaves
            }
        }
        return found
    }

    // MARK: What is not about clauses

    static func parents(_ ids: [String]) -> Repair.Item { item(.provider, named: ids, premise: nil) }
    static func notAgreed() -> Repair.Item { item(.requester, named: [], premise: nil) }

    private static func item(_ changer: Repair.Changer, named: [String], premise: PremiseReport.Kind?) -> Repair.Item {
        Repair.Item(
            changer: changer, means: .terms, operand: nil, premise: premise, named: named, requirements: [], opensAt: nil, opensBy: nil,
            deadline: nil, rule: nil, pointer: .root, isNegated: false, isPossible: false, isInherited: false)
    }
}

extension ConstraintNode {
    /// The atomic constraints below.
    var leaves: [Constraint] {
        switch self {
        case .atomic(let constraint): [constraint]
        case .logical(let logical): logical.constraints.flatMap(\.leaves)
        }
    }
}
