// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// Evaluates prepared policies against one request and one world. Total: every input gives states, in bounded time. Every clause is
/// looked at, so that the states explain the outcome.
///
/// Values are looked up once for all policies that one evaluator sees.
struct Evaluator {
    private typealias Subject = EvaluationInput.Subject

    let input: EvaluationInput
    private let request: PolicyRequest?
    private let world: PolicyWorld
    private let point: EvaluationPoint?
    private let isLookedUpOnce: Bool
    private let targetName: Int
    private let partyName: Int
    private let reachedActions: BitSet?
    private let actionName: Int

    /// By operand: its values in `left`.
    private var found: [Found]
    private var left: [CompiledValue] = []
    private var leftTexts: [PolicyValue] = []
    private var wider: [String: Set<String>] = [:]

    private struct Found {
        var source: ValueSource?
        var start: Int32 = 0
        var end: Int32 = 0
    }

    init(_ input: EvaluationInput) {
        self.input = input
        request = input.request
        world = input.world
        point = input.point
        // Counters go by constraint and rule, all else by operand alone.
        isLookedUpOnce = input.world.counters.isEmpty
        targetName = request?.target?.hashValue ?? 0
        partyName = request?.party?.hashValue ?? 0
        reachedActions = request?.action.flatMap(ActionNumbers.reached)
        actionName = request?.action?.hashValue ?? 0
        found = [Found](repeating: Found(), count: OperandSlots.known.count)
        left.reserveCapacity(8)
        leftTexts.reserveCapacity(8)
    }

    /// Appends the states of the policy's entries.
    mutating func run(_ policy: PreparedPolicy, into states: inout [UInt8]) {
        var run = Run(policy: policy, base: states.count)
        states.append(contentsOf: repeatElement(0, count: policy.entryCount))
        if !world.performed.isEmpty { run.scratch = [UInt8](repeating: 0, count: policy.entryCount) }
        for index in policy.rules.indices {
            let state = rule(&run, index, &states)
            states[run.base + policy.firstRule + index] = state.byte
        }
    }

    /// Whether clauses hold together, apart from any rule.
    static func truth(_ nodes: [ConstraintNode], _ input: EvaluationInput) -> Truth {
        let policy = PreparedPolicy(clauses: nodes)
        var states = [UInt8](repeating: 0, count: policy.entryCount)
        var evaluator = Evaluator(input)
        return evaluator.clauses(
            Run(policy: policy, base: 0), Slice(0, policy.clauses.count), .request, rule: nil, &states)
    }

    private struct Run {
        let policy: PreparedPolicy
        /// Where the policy's states begin.
        let base: Int
        /// States that an act is tested with, which no report shows.
        var scratch: [UInt8] = []
    }

    // MARK: Rules

    private mutating func rule(_ run: inout Run, _ index: Int, _ states: inout [UInt8]) -> StateByte {
        let policy = run.policy
        let rule = policy.rules[index]
        let text = policy.ruleTexts[index]
        let id = text.id
        let activation: Truth
        var deontic: DeonticState?
        switch rule.kind {
        case .permission:
            var parts = TruthTally()
            parts.add(clauses(run, rule.constraints, .request, rule: id, &states))
            var duty = Int(rule.duties.start)
            while duty < rule.duties.end {
                let state = self.duty(&run, duty, isCondition: true, &states)
                parts.add(permits(state, policy.duties[duty].phase))
                duty = Int(policy.duties[duty].end)
            }
            activation = parts.all.ofRule(.permission)
        case .prohibition:
            activation = clauses(run, rule.constraints, .request, rule: id, &states).ofRule(.prohibition)
            let isViolated = world.performed.contains { event in
                isSatisfied(&run, rule.actions, rule.targets, rule.parties, rule.constraints, rule: id, by: event)
            }
            deontic = decided(text) ?? (isViolated ? .violated : .notSet)
            var duty = Int(rule.duties.start)
            while duty < rule.duties.end {
                _ = self.duty(&run, duty, isCondition: false, &states)
                duty = Int(policy.duties[duty].end)
            }
        case .obligation:
            let state = duty(&run, Int(rule.duties.start), isCondition: false, &states)
            activation = state.truth
            deontic = state.deontic
        }
        let matched = premises(
            run, rule.actions, rule.targets, rule.parties, rule: id, .request, target: request?.target, party: request?.party, &states)
        let applies = request == nil ? activation : Truth.both(activation, matched)
        return StateByte(activation: activation, applies: applies, deontic: deontic)
    }

    // MARK: Duties

    /// A condition, which is a duty of a permission, is fulfilled by a matching act not later than the use; its constraints say when it
    /// is due at all. Of an obligation the act itself must satisfy the constraints, and an upper bound on the time is a deadline.
    private mutating func duty(_ run: inout Run, _ index: Int, isCondition: Bool, _ states: inout [UInt8]) -> StateByte {
        let policy = run.policy
        let duty = policy.duties[index]
        let text = policy.dutyTexts[index]
        let id = text.id
        let truth = clauses(run, duty.constraints, .request, rule: id, &states)
        var state = DeonticState.notSet
        if let decided = decided(text) {
            state = decided
        } else if world.performed.contains(where: { fulfils($0, &run, duty, id, isCondition: isCondition) }) {
            state = .fulfilled
        } else if !isCondition, let bound = duty.deadline, let now = input.now, bound.isPassed(at: now) {
            state = .violated
        }
        var consequence = index + 1
        while consequence < duty.end {
            _ = self.duty(&run, consequence, isCondition: false, &states)
            consequence = Int(policy.duties[consequence].end)
        }
        let byte = StateByte(activation: truth.ofRule(.obligation), deontic: state)
        states[run.base + policy.firstDuty + index] = byte.byte
        return byte
    }

    private mutating func fulfils(
        _ event: PerformedAction, _ run: inout Run, _ duty: PreparedDuty, _ id: String?, isCondition: Bool
    ) -> Bool {
        if let now = input.now, Instant(event.at) > now { return false }
        if let rule = event.rule, rule != id { return false }
        return isSatisfied(
            &run, duty.actions, duty.targets, duty.parties, isCondition ? Slice(0, 0) : duty.constraints, rule: id, by: event)
    }

    private func decided(_ text: RuleText) -> DeonticState? { world.dutyStates.isEmpty ? nil : world.dutyStates[text.name] }

    /// What a duty of a permission means for the permission.
    private func permits(_ duty: StateByte, _ phase: DutyReport.Phase) -> Truth {
        if duty.deontic == .fulfilled || duty.truth == .unsatisfied { return .satisfied }
        let blocks =
            switch input.conditionMode {
            case .pre: true
            case .eventual: duty.deontic == .violated
            case .perDuty: phase == .before || duty.deontic == .violated
            }
        if !blocks { return .satisfied }
        // Before a decision is final the duty can still be fulfilled in time, unless it is violated already.
        if let point, !point.isEnforced, duty.deontic == .notSet { return .undetermined }
        return duty.truth == .satisfied ? .unsatisfied : .undetermined
    }

    // MARK: Premises

    /// Whether an act matches a rule and keeps its constraints.
    private mutating func isSatisfied(
        _ run: inout Run, _ actions: Slice, _ targets: Slice, _ parties: Slice, _ constraints: Slice, rule: String?,
        by event: PerformedAction
    ) -> Bool {
        var scratch: [UInt8] = []
        swap(&scratch, &run.scratch)
        defer { swap(&scratch, &run.scratch) }
        let there = Run(policy: run.policy, base: 0)
        let matched = premises(
            there, actions, targets, parties, rule: rule, .event(event), target: event.target, party: event.party, &scratch)
        // A rule without constraints is kept by every act that matches it.
        return matched == .satisfied
            && (constraints.isEmpty || clauses(there, constraints, .event(event), rule: rule, &scratch) == .satisfied)
    }

    /// A rule with several actions, targets or parties stands for their product. As each dimension is matched by itself, the best
    /// atomic rule is made of the best of each; a report finds it again by the states.
    private mutating func premises(
        _ run: Run, _ actions: Slice, _ targets: Slice, _ parties: Slice, rule: String?, _ subject: EvaluationInput.Subject,
        target: String?, party: String?, _ states: inout [UInt8]
    ) -> Truth {
        let policy = run.policy
        var parts = TruthTally()
        parts.add(.satisfied)

        var best: (rank: Int, state: Truth, refined: Truth)?
        for index in actions.range {
            let matcher = policy.matchers[index]
            let state = Truth(reaches(matcher, subject, policy.matcherTexts, index))
            states[run.base + policy.firstMatcher + index] = StateByte(state).byte
            let refined = clauses(run, matcher.refinements, subject, rule: rule, &states)
            let rank = 3 * state.rank + refined.rank
            if rank > best?.rank ?? -1 { best = (rank, state, refined) }
            if rank == 8 { break }
        }
        if let best {
            parts.add(best.state)
            parts.add(best.refined)
        }
        if let best = match(run, targets, target, isTarget: true, subject, rule: rule, &states) { parts.add(best) }
        if let best = match(run, parties, party, isTarget: false, subject, rule: rule, &states) { parts.add(best) }
        return parts.all
    }

    private func reaches(_ matcher: Matcher, _ subject: Subject, _ texts: [MatcherText], _ index: Int) -> Bool {
        switch subject {
        case .request:
            if matcher.action >= 0 { return reachedActions?.contains(Int(matcher.action)) ?? false }
            return matcher.name == actionName && request?.action?.description == texts[index].id
        case .event(let event):
            if matcher.action >= 0 { return ActionNumbers.reached(from: event.action)?.contains(Int(matcher.action)) ?? false }
            return event.action.description == texts[index].id
        case .resource, .nothing: return false
        }
    }

    private mutating func match(
        _ run: Run, _ matchers: Slice, _ value: String?, isTarget: Bool, _ subject: Subject, rule: String?, _ states: inout [UInt8]
    ) -> Truth? {
        var best: Truth?
        for index in matchers.range {
            let matcher = run.policy.matchers[index]
            var state = Truth.unsatisfied
            if !matcher.refinements.isEmpty {
                let refined = clauses(run, matcher.refinements, value.map(Subject.resource) ?? .nothing, rule: rule, &states)
                if let value {
                    state = Truth.both(Truth(matcher.isDescribed || isMeant(run, index, value, isTarget, subject)), refined)
                }
            } else if let value {
                state = Truth(isMeant(run, index, value, isTarget, subject))
            }
            states[run.base + run.policy.firstMatcher + index] = StateByte(state).byte
            if state.rank > best?.rank ?? -1 { best = state }
            if best == .satisfied { break }
        }
        return best
    }

    private func isMeant(_ run: Run, _ index: Int, _ value: String, _ isTarget: Bool, _ subject: Subject) -> Bool {
        let matcher = run.policy.matchers[index]
        if !matcher.isCollection {
            if case .request = subject, matcher.name != (isTarget ? targetName : partyName) { return false }
            return run.policy.matcherTexts[index].id == value
        }
        let text = run.policy.matcherTexts[index]
        return [text.id, text.source].contains { $0.map { $0 == value || world.isMember(value, of: $0) } ?? false }
    }

    // MARK: Constraints

    /// Evaluates the clauses of a slice and gives their conjunction. Parts lie behind the clause that they belong to, so from the end on
    /// every logical clause finds its parts decided.
    private mutating func clauses(
        _ run: Run, _ slice: Slice, _ subject: EvaluationInput.Subject, rule: String?, _ states: inout [UInt8]
    ) -> Truth {
        guard !slice.isEmpty else { return .satisfied }
        let policy = run.policy
        for index in slice.range.reversed() {
            let clause = policy.clauses[index]
            let state =
                clause.form == .atomic
                ? atom(policy, clause, index, subject, rule: rule)
                : StateByte(group(clause, policy.clauses, from: index + 1, to: Int(clause.end), states, run.base))
            states[run.base + index] = state.byte
        }
        return tally(policy.clauses, from: Int(slice.start), to: Int(slice.end), states, run.base).all
    }

    private func group(_ clause: PreparedClause, _ clauses: [PreparedClause], from start: Int, to end: Int, _ states: [UInt8], _ base: Int)
        -> Truth
    {
        switch clause.logical {
        // For one instant a sequence is a conjunction.
        case .and, .andSequence: tally(clauses, from: start, to: end, states, base).all
        case .or: tally(clauses, from: start, to: end, states, base).any
        case .xone: tally(clauses, from: start, to: end, states, base).exactlyOne
        case nil: unreadable
        }
    }

    private func tally(_ clauses: [PreparedClause], from start: Int, to end: Int, _ states: [UInt8], _ base: Int) -> TruthTally {
        var parts = TruthTally()
        var part = start
        while part < end {
            parts.add(StateByte(byte: states[base + part]).truth)
            part = Int(clauses[part].end)
        }
        return parts
    }

    /// A clause that nobody can read: it never holds, and at a point it must not disable a prohibition either.
    private var unreadable: Truth { point == nil ? .unsatisfied : .undetermined }

    private mutating func atom(
        _ policy: PreparedPolicy, _ clause: PreparedClause, _ index: Int, _ subject: EvaluationInput.Subject, rule: String?
    ) -> StateByte {
        let known = left.count
        var (values, source, isKept) = lookUp(policy, clause, index, subject, rule: rule)
        // What is looked up for this clause alone does not stay.
        defer {
            if !isKept {
                left.removeSubrange(known...)
                leftTexts.removeSubrange(known...)
            }
        }
        var right = Operands(compiled: policy.rightValues, texts: policy.rightTexts, range: clause.right.range)
        if clause.hasReferences {
            let resolved = input.right(policy, index)
            right = Operands(compiled: resolved.map(CompiledValue.init), texts: resolved, range: 0..<resolved.count)
        }
        guard let operation = clause.operation else {
            return StateByte(unreadable, values.isEmpty && point == nil ? .missing : source)
        }
        var isRequest = false
        if case .request = subject { isRequest = true }
        let state: Truth
        if isRequest, clause.mayBeMarker, right.isUsageMarker {
            // Before use or after use: the phase of a duty, not a fact.
            state = point == nil && input.conditionMode != .perDuty ? holds(operation, values, right) : .satisfied
        } else if values.isEmpty, let point {
            (state, source) = unknown(clause, isRequest, at: point)
        } else if isRequest, source == .clock, let point, !point.isEnforced {
            state = early(operation, values, right)
            if state == .undetermined { source = .deferred }
        } else if right.range.isEmpty, point != nil {
            state = .undetermined
        } else {
            state = holds(operation, values, right)
        }
        if values.isEmpty, point == nil { source = .missing }
        return StateByte(state, source)
    }

    /// What a clause without a left value is here.
    private func unknown(_ clause: PreparedClause, _ isRequest: Bool, at point: EvaluationPoint) -> (Truth, ValueSource) {
        switch clause.slot < 0 ? .never : OperandSlots.known[Int(clause.slot)].knowledge(at: point, on: input.side) {
        case .later: return (.undetermined, .deferred)
        case .elsewhere(let source):
            // An act that is on record without a value does not show that the clause was kept.
            return isRequest ? (.elsewhere, source) : (.undetermined, .missing)
        case .never where clause.describesAct && isRequest: return (.elsewhere, .act)
        case .known, .never: return (.undetermined, .missing)
        }
    }

    /// Where the left values lie, and whether they stay there for the next clause.
    private mutating func lookUp(
        _ policy: PreparedPolicy, _ clause: PreparedClause, _ index: Int, _ subject: EvaluationInput.Subject, rule: String?
    ) -> (range: Range<Int>, source: ValueSource, isKept: Bool) {
        var isKept = false
        if isLookedUpOnce, clause.slot >= 0, case .request = subject {
            let found = found[Int(clause.slot)]
            if let source = found.source { return (Int(found.start)..<Int(found.end), source, true) }
            isKept = true
        }
        let text = policy.clauseTexts[index]
        let (values, source) = input.values(text.leftOperand, constraint: text.id, rule: rule, subject)
        let start = left.count
        for value in values {
            left.append(CompiledValue(value))
            leftTexts.append(value)
        }
        if isKept { found[Int(clause.slot)] = Found(source: source, start: Int32(start), end: Int32(left.count)) }
        return (start..<left.count, source, isKept)
    }

    /// Before a decision is final the clock only tells what can no longer change: a bound that is passed stays passed.
    private mutating func early(_ operation: Operator, _ values: Range<Int>, _ right: Operands) -> Truth {
        let now = holds(operation, values, right)
        switch operation {
        case .gt, .gteq: return now == .satisfied ? .satisfied : .undetermined
        case .lt, .lteq: return now == .unsatisfied ? .unsatisfied : .undetermined
        default: return .undetermined
        }
    }

    // MARK: Operators

    /// The values on the right of a clause.
    private struct Operands {
        let compiled: [CompiledValue]
        let texts: [PolicyValue]
        let range: Range<Int>

        var isUsageMarker: Bool {
            range.count == 1 && texts[range].allSatisfy { $0.key == UsageMarker.policyUsage || $0.key == "odrl:policyUsage" }
        }
    }

    @inline(__always)
    private func order(_ l: Int, _ right: Operands, _ r: Int) -> PolicyValue.Order {
        left[l].compared(to: right.compiled[r]) ?? leftTexts[l].compared(to: right.texts[r])
    }

    private mutating func holds(_ operation: Operator, _ values: Range<Int>, _ right: Operands) -> Truth {
        if values.isEmpty || right.range.isEmpty { return Truth(operation == .isNoneOf) }
        switch operation {
        case .eq: return Truth(values.allSatisfy { l in right.range.contains { order(l, right, $0) == .equal } })
        case .neq:
            return Truth(
                values.allSatisfy { l in
                    right.range.allSatisfy {
                        switch order(l, right, $0) {
                        case .less, .greater, .different: true
                        case .equal, .incomparable: false
                        }
                    }
                })
        case .lt: return ordered(values, right) { $0 == .less }
        case .lteq: return ordered(values, right) { $0 == .less || $0 == .equal }
        case .gt: return ordered(values, right) { $0 == .greater }
        case .gteq: return ordered(values, right) { $0 == .greater || $0 == .equal }
        case .isAnyOf: return Truth(values.contains { l in right.range.contains { order(l, right, $0) == .equal } })
        case .isNoneOf: return Truth(!values.contains { l in right.range.contains { order(l, right, $0) == .equal } })
        case .isAllOf: return Truth(right.range.allSatisfy { r in values.contains { order($0, right, r) == .equal } })
        case .isPartOf:
            for l in values where !right.range.contains(where: { order(l, right, $0) == .equal }) {
                guard let key = leftTexts[l].key else { return .unsatisfied }
                let reached = reached(from: key)
                guard right.range.contains(where: { right.texts[$0].key.map(reached.contains) ?? false }) else { return .unsatisfied }
            }
            return .satisfied
        case .hasPart:
            for r in right.range where !values.contains(where: { order($0, right, r) == .equal }) {
                guard let key = right.texts[r].key else { return .unsatisfied }
                let reached = reached(from: key)
                guard values.contains(where: { leftTexts[$0].key.map(reached.contains) ?? false }) else { return .unsatisfied }
            }
            return .satisfied
        case .isA:
            for l in values {
                var isOne = false
                for type in leftTexts[l].key.flatMap({ world.types[$0] }) ?? [] where !isOne {
                    let reached = reached(from: type)
                    isOne = right.range.contains { right.texts[$0].key.map(reached.contains) ?? false }
                }
                guard isOne else { return .unsatisfied }
            }
            return .satisfied
        }
    }

    @inline(__always)
    private func ordered(_ values: Range<Int>, _ right: Operands, _ test: (PolicyValue.Order) -> Bool) -> Truth {
        Truth(values.allSatisfy { l in left[l].isOrdered && right.range.allSatisfy { test(order(l, right, $0)) } })
    }

    private mutating func reached(from key: String) -> Set<String> {
        if let reached = wider[key] { return reached }
        let reached = world.reached(from: key)
        wider[key] = reached
        return reached
    }
}
