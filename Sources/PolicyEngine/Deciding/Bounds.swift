// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// What a permission leaves open, for the one who writes a key grant: the grant may not promise more than this.
package struct Allowance: Sendable, Hashable {
    /// The number of uses in all; nil is without limit.
    package let maximumUses: Int?
    /// First and last moment of the window, both inside it.
    package let notBefore: Timestamp?
    package let notAfter: Timestamp?
    /// How long after the agreement a use may still begin; nil is without limit.
    package let maximumElapsedMilliseconds: Int64?
}

extension Permission {
    /// Bounds that every use under this permission keeps. Alternatives (`or`, `xone`) give the widest of their branches.
    package var allowance: Allowance {
        let uses = Bounds.upper(terms.constraints) { $0.maximumUses }
        let last = Bounds.upper(terms.constraints) { $0.lastMillisecond }
        // The first moment is a lower bound: the least of the negated ones, turned back.
        let first = Bounds.upper(terms.constraints) { $0.negatedFirstMillisecond }
        return Allowance(
            maximumUses: uses, notBefore: first.map { Timestamp(milliseconds: -$0) }, notAfter: last.map { Timestamp(milliseconds: $0) },
            maximumElapsedMilliseconds: Bounds.upper(terms.constraints) { $0.maximumElapsedMilliseconds })
    }
}

extension Policy {
    /// What the permissions for `action` leave open together: the widest bounds of those that speak about it, nil if none does.
    /// For one decision use `Permit.allowance`, which is that of the permission that applied.
    package func allowance(for action: IRI) -> Allowance? {
        let open = permissions.filter { permission in
            permission.terms.actions.contains { ActionHierarchy.standard.reaches(action, $0.action) }
        }.map(\.allowance)
        guard let first = open.first else { return nil }
        return open.dropFirst().reduce(first) { wide, next in
            Allowance(
                maximumUses: wide.maximumUses.flatMap { one in next.maximumUses.map { Swift.max(one, $0) } },
                notBefore: wide.notBefore.flatMap { one in next.notBefore.map { Swift.min(one, $0) } },
                notAfter: wide.notAfter.flatMap { one in next.notAfter.map { Swift.max(one, $0) } },
                maximumElapsedMilliseconds: wide.maximumElapsedMilliseconds.flatMap { one in
                    next.maximumElapsedMilliseconds.map { Swift.max(one, $0) }
                })
        }
    }
}

/// The moment until which an act is in time.
struct Deadline {
    let moment: Instant
    /// Whether the moment itself is still in time.
    let isInclusive: Bool

    func isPassed(at now: Instant) -> Bool { isInclusive ? now > moment : now >= moment }
    var sortKey: (Instant, Int) { (moment, isInclusive ? 1 : 0) }
}

extension Duty {
    /// An upper bound on the time, in a constraint or in a refinement of the action.
    var deadlineBound: Deadline? {
        let nodes = terms.constraints + terms.actions.flatMap(\.refinements)
        return Bounds.upperDeadline(nodes)
    }

    var deadline: Instant? { deadlineBound?.moment }

    /// After the use when the act is only possible then, when its time counts from a use, or when the marker `event gt odrl:policyUsage` says so; else before it.
    var phase: DutyReport.Phase {
        for node in terms.constraints + terms.actions.flatMap(\.refinements) {
            guard case .atomic(let constraint) = node, constraint.leftOperand == Operand.event,
                constraint.rightOperand.contains(where: { $0.key == UsageMarker.policyUsage || $0.key == "odrl:policyUsage" })
            else { continue }
            switch constraint.operation {
            case .gt, .gteq: return .after
            case .lt, .lteq: return .before
            default: break
            }
        }
        // What counts from an event that a use, or nothing before it, brings about cannot be asked for beforehand.
        let later: Set<DutyClock> = [.firstUse, .lastUse, .revocation, .incident]
        if PlannedDuty.atoms(terms.constraints + terms.actions.flatMap(\.refinements)).contains(where: {
            DutyClock(operand: $0.leftOperand).map(later.contains) ?? false
        }) {
            return .after
        }
        let after: Set<IRI> = [Action.delete, Action.inform, IRI(Namespace.odrl + "attribute"), IRI(Namespace.odrl + "uninstall")]
        let isAfter = terms.actions.allSatisfy { term in after.contains { ActionHierarchy.standard.reaches(term.action, $0) } }
        return isAfter && !terms.actions.isEmpty ? .after : .before
    }
}

enum Bounds {
    /// The least bound that all of `nodes` imply; nil when they imply none.
    static func upper<Value: Comparable>(_ nodes: [ConstraintNode], _ bound: (Constraint) -> Value?) -> Value? {
        var least: Value?
        for node in nodes {
            guard let next = upper(node, bound) else { continue }
            least = least.map { Swift.min($0, next) } ?? next
        }
        return least
    }

    private static func upper<Value: Comparable>(_ node: ConstraintNode, _ bound: (Constraint) -> Value?) -> Value? {
        switch node {
        case .atomic(let constraint): return bound(constraint)
        case .logical(let logical):
            switch logical.operand {
            case .and, .andSequence: return upper(logical.constraints, bound)
            case .or, .xone:
                var widest: Value?
                for part in logical.constraints {
                    guard let next = upper(part, bound) else { return nil }
                    widest = widest.map { Swift.max($0, next) } ?? next
                }
                return widest
            case nil: return nil
            }
        }
    }

    static func upperDeadline(_ nodes: [ConstraintNode]) -> Deadline? {
        struct Key: Comparable {
            let deadline: Deadline
            static func == (left: Key, right: Key) -> Bool { left.deadline.sortKey == right.deadline.sortKey }
            static func < (left: Key, right: Key) -> Bool { left.deadline.sortKey < right.deadline.sortKey }
        }
        return upper(nodes) { constraint -> Key? in
            guard constraint.leftOperand == Operand.dateTime, constraint.operation == .lt || constraint.operation == .lteq else {
                return nil
            }
            return constraint.rightOperand.compactMap { value -> Key? in
                guard case .instant(let moment) = value.content else { return nil }
                return Key(deadline: Deadline(moment: moment, isInclusive: constraint.operation == .lteq))
            }.min()
        }?.deadline
    }
}

extension Constraint {
    fileprivate var maximumUses: Int? {
        guard leftOperand == Operand.count else { return nil }
        var bounds: [Int] = []
        for value in rightOperand {
            guard case .number(let number) = value.content else { continue }
            switch operation {
            case .lteq, .eq: bounds.append(max(0, number.floor))
            case .lt: bounds.append(max(0, number.isInteger ? number.floor - 1 : number.floor))
            default: break
            }
        }
        return extreme(bounds)
    }

    fileprivate var maximumElapsedMilliseconds: Int64? {
        guard leftOperand == Operand.elapsedTime else { return nil }
        var bounds: [Int64] = []
        for value in rightOperand {
            guard case .duration(let span) = value.content else { continue }
            let (whole, overflow) = span.seconds.multipliedReportingOverflow(by: 1000)
            let milliseconds = (overflow ? (span.seconds < 0 ? 0 : Int64.max / 2) : whole) + Int64(span.nanoseconds / 1_000_000)
            switch operation {
            case .lteq, .eq: bounds.append(max(0, milliseconds))
            case .lt: bounds.append(max(0, span.nanoseconds.isMultiple(of: 1_000_000) ? milliseconds - 1 : milliseconds))
            default: break
            }
        }
        return extreme(bounds)
    }

    fileprivate var lastMillisecond: Int64? {
        extreme(
            instants.compactMap { moment in
                let milliseconds = moment.timestamp.milliseconds
                switch operation {
                case .lteq, .eq: return milliseconds
                // A bound between two milliseconds still takes in the lower one.
                case .lt: return moment.isWholeMillisecond ? milliseconds - 1 : milliseconds
                default: return nil
                }
            })
    }

    fileprivate var negatedFirstMillisecond: Int64? {
        extreme(
            instants.compactMap { moment in
                let milliseconds = moment.timestamp.milliseconds
                switch operation {
                case .gteq, .eq: return -(moment.isWholeMillisecond ? milliseconds : milliseconds + 1)
                case .gt: return -(milliseconds + 1)
                default: return nil
                }
            })
    }

    private var instants: [Instant] {
        guard leftOperand == Operand.dateTime else { return [] }
        return rightOperand.compactMap { value in
            guard case .instant(let moment) = value.content else { return nil }
            return moment
        }
    }

    /// `eq` holds for any of its values, an ordering operator for all of them.
    private func extreme<Value: Comparable>(_ bounds: [Value]) -> Value? { operation == .eq ? bounds.max() : bounds.min() }
}

extension Instant {
    var isWholeMillisecond: Bool { nanoseconds.isMultiple(of: 1_000_000) }
}
