// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// Evaluates prepared policies against one request and one world. Total: every input gives states, in bounded time. Every clause is
/// looked at, so that the states explain the outcome.
///
/// Values are looked up once for all policies that one evaluator sees.
struct Evaluator {
    private typealias Subject = EvaluationInput.Subject

    let input: EvaluationInput
    private let point: EvaluationPoint?
    private let hasRequest: Bool
    private let performed: [PerformedAction]
    private let hasDutyStates: Bool
    private let isLookedUpOnce: Bool
    private let target: String?
    private let party: String?
    private let targetHash: Int
    private let partyHash: Int
    private let actionHash: Int
    private let reachedActions: BitSet?

    /// By operand: its values in `left`.
    private var found: [Found]
    private var left: [CompiledValue] = []
    private var leftTexts: [PolicyValue] = []
    private var wider: [String: Set<String>] = [:]
    /// States that an act is tested with, which no report shows.
    private var scratch: [UInt8] = []

    private struct Found {
        var source: ValueSource?
        var start: Int32 = 0
        var end: Int32 = 0
    }

    init(_ input: EvaluationInput) {
        self.input = input
        point = input.point
        hasRequest = input.request != nil
        performed = input.world.performed
        hasDutyStates = !input.world.dutyStates.isEmpty
        // Counters go by constraint and rule, all else by operand alone.
        isLookedUpOnce = input.world.counters.isEmpty
        target = input.request?.target
        party = input.request?.party
        targetHash = input.request?.target?.hashValue ?? 0
        partyHash = input.request?.party?.hashValue ?? 0
        actionHash = input.request?.action?.hashValue ?? 0
        reachedActions = input.request?.action.flatMap(ActionNumbers.reached)
        found = [Found](repeating: Found(), count: OperandSlots.known.count)
        left.reserveCapacity(8)
        leftTexts.reserveCapacity(8)
    }

    /// Puts the states of the policy's entries into `states`, from `base` on. They are zero before.
    mutating func run(_ policy: PreparedPolicy, into states: inout [UInt8], from base: Int) {
        var run = Run(policy)
        run.base = base
        rules(run, &states)
    }

    /// The same for some of the policies that lie in one program.
    mutating func run(
        _ policies: [PreparedPolicy], _ program: Program, _ entries: [Chunk.Entry], _ places: Range<Int>, into states: inout [UInt8],
        from base: Int
    ) {
        guard !places.isEmpty else { return }
        var run = Run(policies: policies, program: program, layout: entries[places.lowerBound].layout, place: places.lowerBound, base: base)
        for place in places {
            run.place = place
            run.layout = entries[place].layout
            rules(run, &states)
            run.base += run.layout.entryCount
        }
    }

    private mutating func rules(_ run: borrowing Run, _ states: inout [UInt8]) {
        for index in 0..<run.layout.ruleCount {
            states[run.base + run.layout.firstRule + index] = rule(run, index, &states).byte
        }
    }

    /// Whether clauses hold together, apart from any rule.
    static func truth(_ nodes: [ConstraintNode], _ input: EvaluationInput) -> Truth {
        let policy = PreparedPolicy(clauses: nodes)
        var states = [UInt8](repeating: 0, count: policy.entryCount)
        var evaluator = Evaluator(input)
        return evaluator.clauses(Run(policy), Slice(0, policy.clauses.count), .request, owner: -1, &states)
    }

    /// One policy of those whose program it is. What every evaluation reads is in the program; the policy itself is asked for the rest.
    private struct Run {
        let policies: [PreparedPolicy]
        let program: Program
        var layout: Layout
        var place: Int
        /// Where the policy's states begin.
        var base: Int

        var policy: PreparedPolicy { policies[place] }

        init(policies: [PreparedPolicy], program: Program, layout: Layout, place: Int, base: Int) {
            self.policies = policies
            self.program = program
            self.layout = layout
            self.place = place
            self.base = base
        }

        init(_ policy: PreparedPolicy) {
            self.init(policies: [policy], program: policy.program, layout: policy.layout, place: 0, base: 0)
        }
    }

    // MARK: Rules

    private mutating func rule(_ run: borrowing Run, _ index: Int, _ states: inout [UInt8]) -> StateByte {
        let rule = run.program.rules[run.layout.rules + index]
        let owner = run.layout.firstRule + index
        let activation: Truth
        var deontic: DeonticState?
        switch rule.kind {
        case .permission:
            let truth = clauses(run, rule.constraints, .request, owner: owner, &states)
            guard !rule.duties.isEmpty else {
                activation = truth.ofRule(.permission)
                break
            }
            var parts = TruthTally()
            parts.add(truth)
            var duty = Int(rule.duties.start)
            while duty < rule.duties.end {
                let state = self.duty(run, duty, isCondition: true, &states)
                parts.add(permits(state, run.policy.duties[duty].phase))
                duty = Int(run.policy.duties[duty].end)
            }
            activation = parts.all.ofRule(.permission)
        case .prohibition:
            activation = clauses(run, rule.constraints, .request, owner: owner, &states).ofRule(.prohibition)
            if let decided = decided(run.policy.ruleTexts, index) {
                deontic = decided
            } else {
                let isViolated = hasAct { $0.isSatisfied(run, rule.premises, rule.constraints, owner: owner, by: $1) }
                deontic = isViolated ? .violated : .notSet
            }
            var duty = Int(rule.duties.start)
            while duty < rule.duties.end {
                _ = self.duty(run, duty, isCondition: false, &states)
                duty = Int(run.policy.duties[duty].end)
            }
        case .obligation:
            let state = duty(run, Int(rule.duties.start), isCondition: false, &states)
            activation = state.truth
            deontic = state.deontic
        }
        let matched = premises(run, rule.premises, owner: owner, .request, &states)
        return StateByte(activation: activation, applies: hasRequest ? Truth.both(activation, matched) : activation, deontic: deontic)
    }

    // MARK: Duties

    /// A condition, which is a duty of a permission, is fulfilled by a matching act not later than the use; its constraints say when it
    /// is due at all. Of an obligation the act itself must satisfy the constraints, and an upper bound on the time is a deadline.
    private mutating func duty(
        _ run: borrowing Run, _ index: Int, isCondition: Bool, _ states: inout [UInt8]
    ) -> StateByte {
        let duty = run.policy.duties[index]
        let owner = run.layout.firstDuty + index
        let truth = clauses(run, duty.constraints, .request, owner: owner, &states)
        var state = DeonticState.notSet
        if let decided = decided(run.policy.dutyTexts, index) {
            state = decided
        } else if hasAct({ $0.isFulfilled(run, index, isCondition: isCondition, by: $1) }) {
            state = .fulfilled
        } else if !isCondition, let bound = duty.deadline, let now = input.now, bound.isPassed(at: now) {
            state = .violated
        }
        var consequence = index + 1
        while consequence < duty.end {
            _ = self.duty(run, consequence, isCondition: false, &states)
            consequence = Int(run.policy.duties[consequence].end)
        }
        let byte = StateByte(activation: truth.ofRule(.obligation), deontic: state)
        states[run.base + owner] = byte.byte
        return byte
    }

    private mutating func isFulfilled(_ run: borrowing Run, _ index: Int, isCondition: Bool, by event: PerformedAction) -> Bool {
        if let now = input.now, Instant(event.at) > now { return false }
        if let rule = event.rule, rule != run.policy.dutyTexts[index].id { return false }
        let duty = run.policy.duties[index]
        return isSatisfied(
            run, duty.premises, isCondition ? Slice(0, 0) : duty.constraints, owner: run.layout.firstDuty + index, by: event)
    }

    private func decided(_ texts: [RuleText], _ index: Int) -> DeonticState? {
        hasDutyStates ? input.world.dutyStates[texts[index].name] : nil
    }

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

    // MARK: Acts

    private mutating func hasAct(_ test: (inout Evaluator, PerformedAction) -> Bool) -> Bool {
        for event in performed where test(&self, event) { return true }
        return false
    }

    /// Whether an act matches a rule and keeps its constraints.
    private mutating func isSatisfied(
        _ run: borrowing Run, _ premises: Premises, _ constraints: Slice, owner: Int, by event: PerformedAction
    ) -> Bool {
        var states: [UInt8] = []
        swap(&states, &scratch)
        defer { swap(&states, &scratch) }
        if states.count < run.layout.entryCount {
            states.append(contentsOf: repeatElement(0, count: run.layout.entryCount - states.count))
        }
        var there = copy run
        there.base = 0
        return self.premises(there, premises, owner: owner, .event(event), &states) == .satisfied
            // A rule without constraints is kept by every act that matches it.
            && (constraints.isEmpty || clauses(there, constraints, .event(event), owner: owner, &states) == .satisfied)
    }

    // MARK: Premises

    /// A rule with several actions, targets or parties stands for their product. As each dimension is matched by itself, the best
    /// atomic rule is made of the best of each; a report finds it again by the states.
    private mutating func premises(
        _ run: borrowing Run, _ premises: Premises, owner: Int, _ subject: EvaluationInput.Subject, _ states: inout [UInt8]
    ) -> Truth {
        var parts = TruthTally()
        parts.add(.satisfied)

        var best: (rank: Int, state: Truth, refined: Truth)?
        for index in premises.actions.range {
            let state = Truth(reaches(run, index, subject))
            states[run.base + run.layout.firstMatcher + index] = StateByte(state).byte
            let refined = clauses(run, run.program.matchers[run.layout.matchers + index].refinements, subject, owner: owner, &states)
            let rank = 3 * state.rank + refined.rank
            if rank > best?.rank ?? -1 { best = (rank, state, refined) }
            if rank == 8 { break }
        }
        if let best {
            parts.add(best.state)
            parts.add(best.refined)
        }
        if let best = match(run, premises.targets, isTarget: true, subject, owner: owner, &states) { parts.add(best) }
        if let best = match(run, premises.parties, isTarget: false, subject, owner: owner, &states) { parts.add(best) }
        return parts.all
    }

    private func reaches(_ run: borrowing Run, _ index: Int, _ subject: Subject) -> Bool {
        let matchers = run.program.matchers.span
        let action = matchers[run.layout.matchers + index].action
        switch subject {
        case .request:
            if action >= 0 { return reachedActions?.contains(Int(action)) ?? false }
            return run.program.matchers[run.layout.matchers + index].hash == actionHash
                && input.request?.action?.description == run.program.matchers[run.layout.matchers + index].name
        case .event(let event):
            if action >= 0 { return ActionNumbers.reached(from: event.action)?.contains(Int(action)) ?? false }
            return event.action.description == run.program.matchers[run.layout.matchers + index].name
        case .resource, .nothing: return false
        }
    }

    private mutating func match(
        _ run: borrowing Run, _ matchers: Slice, isTarget: Bool, _ subject: Subject, owner: Int, _ states: inout [UInt8]
    ) -> Truth? {
        var best: Truth?
        for index in matchers.range {
            let refinements = run.program.matchers[run.layout.matchers + index].refinements
            var state: Truth
            if refinements.isEmpty {
                state = Truth(isMeant(run, index, isTarget, subject))
            } else {
                let value = value(of: subject, isTarget)
                let refined = clauses(run, refinements, value.map(Subject.resource) ?? .nothing, owner: owner, &states)
                let isTaken = run.program.matchers[run.layout.matchers + index].isDescribed && value != nil
                state = value == nil ? .unsatisfied : Truth.both(Truth(isTaken || isMeant(run, index, isTarget, subject)), refined)
            }
            states[run.base + run.layout.firstMatcher + index] = StateByte(state).byte
            if state.rank > best?.rank ?? -1 { best = state }
            if best == .satisfied { break }
        }
        return best
    }

    private func value(of subject: Subject, _ isTarget: Bool) -> String? {
        switch subject {
        case .request: isTarget ? target : party
        case .event(let event): isTarget ? event.target : event.party
        case .resource, .nothing: nil
        }
    }

    private func isMeant(_ run: borrowing Run, _ index: Int, _ isTarget: Bool, _ subject: Subject) -> Bool {
        let matchers = run.program.matchers.span
        let place = run.layout.matchers + index
        if !matchers[place].isCollection {
            guard case .request = subject else {
                return value(of: subject, isTarget).map { $0 == run.program.matchers[place].name } ?? false
            }
            if isTarget { return matchers[place].hash == targetHash && target != nil && matchers[place].name == target }
            return matchers[place].hash == partyHash && party != nil && matchers[place].name == party
        }
        guard let value = value(of: subject, isTarget) else { return false }
        return [run.program.matchers[place].name, run.program.matchers[place].source].contains {
            $0.map { $0 == value || input.world.isMember(value, of: $0) } ?? false
        }
    }

    // MARK: Constraints

    /// Evaluates the clauses of a slice and gives their conjunction. Parts lie behind the clause that they belong to, so from the end on
    /// every logical clause finds its parts decided.
    private mutating func clauses(
        _ run: borrowing Run, _ slice: Slice, _ subject: EvaluationInput.Subject, owner: Int, _ states: inout [UInt8]
    ) -> Truth {
        guard !slice.isEmpty else { return .satisfied }
        let clauses = run.program.clauses.span
        var isRequest = false
        if case .request = subject { isRequest = true }
        var index = Int(slice.end)
        while index > slice.start {
            index -= 1
            let clause = clauses[run.layout.clauses + index]
            let state: StateByte
            if clause.form == .logical {
                let parts = tally(run, from: index + 1, to: Int(clause.end), states)
                switch clause.logical {
                // For one instant a sequence is a conjunction.
                case .and, .andSequence: state = StateByte(parts.all)
                case .or: state = StateByte(parts.any)
                case .xone: state = StateByte(parts.exactlyOne)
                case nil: state = StateByte(unreadable)
                }
            } else if isRequest, isLookedUpOnce, clause.slot >= 0 {
                if found[Int(clause.slot)].source == nil { find(run, index) }
                let found = found[Int(clause.slot)]
                state = atom(run, clause, index, isRequest, Slice(Int(found.start), Int(found.end)), found.source ?? .missing)
            } else {
                let known = left.count
                let text = run.policy.clauseTexts[index]
                let (values, source) = input.values(
                    text.leftOperand, constraint: text.id, rule: run.policy.id(of: owner), subject, spelled: false)
                append(values)
                state = atom(run, clause, index, isRequest, Slice(known, left.count), source)
                // What is looked up for this clause alone does not stay.
                left.removeSubrange(known...)
                leftTexts.removeSubrange(known...)
            }
            states[run.base + index] = state.byte
        }
        return tally(run, from: Int(slice.start), to: Int(slice.end), states).all
    }

    private mutating func find(_ run: borrowing Run, _ index: Int) {
        let (values, source) = input.values(run.policy.clauseTexts[index].leftOperand, constraint: nil, rule: nil, .request, spelled: false)
        found[Int(run.program.clauses[run.layout.clauses + index].slot)] = Found(
            source: source, start: Int32(left.count), end: Int32(left.count + values.count))
        append(values)
    }

    private mutating func append(_ values: [PolicyValue]) {
        for value in values {
            left.append(CompiledValue(value))
            leftTexts.append(value)
        }
    }

    private func tally(_ run: borrowing Run, from start: Int, to end: Int, _ states: [UInt8]) -> TruthTally {
        let clauses = run.program.clauses.span
        var parts = TruthTally()
        var part = start
        while part < end {
            parts.add(StateByte(byte: states[run.base + part]).truth)
            part = Int(clauses[run.layout.clauses + part].end)
        }
        return parts
    }

    /// A clause that nobody can read: it never holds, and at a point it must not disable a prohibition either.
    private var unreadable: Truth { point == nil ? .unsatisfied : .undetermined }

    /// One clause, with its left values at `values`.
    private mutating func atom(
        _ run: borrowing Run, _ clause: PreparedClause, _ index: Int, _ isRequest: Bool, _ values: Slice, _ given: ValueSource
    ) -> StateByte {
        guard let operation = clause.operation else {
            return StateByte(unreadable, values.isEmpty && point == nil ? .missing : given)
        }
        if clause.hasReferences {
            // Right values that only this world gives are looked at from a place of their own.
            let resolved = input.right(run.policy, index)
            return atom(
                Run(PreparedPolicy(rightValues: resolved)), clause, operation, isRequest, values, given, Slice(0, resolved.count))
        }
        return atom(run, clause, operation, isRequest, values, given, clause.right)
    }

    @inline(__always)
    private mutating func atom(
        _ run: borrowing Run, _ clause: PreparedClause, _ operation: Operator, _ isRequest: Bool, _ values: Slice,
        _ given: ValueSource, _ right: Slice
    ) -> StateByte {
        var source = given
        let state: Truth
        if isRequest, clause.mayBeMarker, isUsageMarker(run, right) {
            // Before use or after use: the phase of a duty, not a fact.
            state = point == nil && input.conditionMode != .perDuty ? holds(operation, values, run, right) : .satisfied
        } else if values.isEmpty, let point {
            (state, source) = unknown(clause, isRequest, at: point)
        } else if isRequest, source == .clock, let point, !point.isEnforced {
            state = early(operation, values, run, right)
            if state == .undetermined { source = .deferred }
        } else if right.isEmpty, point != nil {
            state = .undetermined
        } else {
            state = holds(operation, values, run, right)
        }
        if values.isEmpty, point == nil { source = .missing }
        return StateByte(state, source)
    }

    private func isUsageMarker(_ run: borrowing Run, _ right: Slice) -> Bool {
        guard right.range.count == 1, let key = run.policy.rightTexts[Int(right.start)].key else { return false }
        return key == UsageMarker.policyUsage || key == "odrl:policyUsage"
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

    /// Before a decision is final the clock only tells what can no longer change: a bound that is passed stays passed.
    private mutating func early(_ operation: Operator, _ values: Slice, _ run: borrowing Run, _ right: Slice) -> Truth {
        let now = holds(operation, values, run, right)
        switch operation {
        case .gt, .gteq: return now == .satisfied ? .satisfied : .undetermined
        case .lt, .lteq: return now == .unsatisfied ? .unsatisfied : .undetermined
        default: return .undetermined
        }
    }

    // MARK: Operators

    private mutating func holds(_ operation: Operator, _ values: Slice, _ run: borrowing Run, _ right: Slice) -> Truth {
        if values.isEmpty || right.isEmpty { return Truth(operation == .isNoneOf) }
        switch operation {
        case .eq: return Truth(all(values, run, right, hasOne: true) { $0 == .equal })
        case .neq: return Truth(all(values, run, right) { $0 == .less || $0 == .greater || $0 == .different })
        case .lt: return Truth(areOrdered(values) && all(values, run, right) { $0 == .less })
        case .lteq: return Truth(areOrdered(values) && all(values, run, right) { $0 == .less || $0 == .equal })
        case .gt: return Truth(areOrdered(values) && all(values, run, right) { $0 == .greater })
        case .gteq: return Truth(areOrdered(values) && all(values, run, right) { $0 == .greater || $0 == .equal })
        case .isAnyOf: return Truth(!all(values, run, right) { $0 != .equal })
        case .isNoneOf: return Truth(all(values, run, right) { $0 != .equal })
        case .isAllOf:
            return Truth(
                right.range.allSatisfy { r in !all(values, run, Slice(r, r + 1)) { $0 != .equal } })
        case .isPartOf:
            for l in values.range where all(Slice(l, l + 1), run, right, { $0 != .equal }) {
                guard let key = leftTexts[l].key else { return .unsatisfied }
                let reached = reached(from: key)
                guard right.range.contains(where: { run.policy.rightTexts[$0].key.map(reached.contains) ?? false }) else {
                    return .unsatisfied
                }
            }
            return .satisfied
        case .hasPart:
            for r in right.range where all(values, run, Slice(r, r + 1), { $0 != .equal }) {
                guard let key = run.policy.rightTexts[r].key else { return .unsatisfied }
                let reached = reached(from: key)
                guard values.range.contains(where: { leftTexts[$0].key.map(reached.contains) ?? false }) else { return .unsatisfied }
            }
            return .satisfied
        case .isA:
            for l in values.range {
                var isOne = false
                for type in leftTexts[l].key.flatMap({ input.world.types[$0] }) ?? [] where !isOne {
                    let reached = reached(from: type)
                    isOne = right.range.contains { run.policy.rightTexts[$0].key.map(reached.contains) ?? false }
                }
                guard isOne else { return .unsatisfied }
            }
            return .satisfied
        }
    }

    /// Whether every left value passes against every right value, or with `hasOne` against some.
    @inline(__always)
    private func all(
        _ values: Slice, _ run: borrowing Run, _ right: Slice, hasOne: Bool = false, _ test: (PolicyValue.Order) -> Bool
    ) -> Bool {
        let lefts = left.span
        let rights = run.program.rightValues.span
        var l = Int(values.start)
        while l < values.end {
            var r = Int(right.start)
            var hasPassed = false
            while r < right.end {
                let order = lefts[l].compared(to: rights[run.layout.rightValues + r]) ?? leftTexts[l].compared(to: run.policy.rightTexts[r])
                if test(order) {
                    hasPassed = true
                    if hasOne { break }
                } else if !hasOne {
                    return false
                }
                r += 1
            }
            if !hasPassed { return false }
            l += 1
        }
        return true
    }

    @inline(__always)
    private func areOrdered(_ values: Slice) -> Bool {
        let lefts = left.span
        var l = Int(values.start)
        while l < values.end {
            if !lefts[l].isOrdered { return false }
            l += 1
        }
        return true
    }

    private mutating func reached(from key: String) -> Set<String> {
        if let reached = wider[key] { return reached }
        let reached = input.world.reached(from: key)
        wider[key] = reached
        return reached
    }
}
