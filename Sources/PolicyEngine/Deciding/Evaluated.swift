// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// One policy with the states of its entries: everything that reports say, in one byte each. Reports are made from it when asked for.
struct Evaluated: Sendable {
    let policy: PreparedPolicy
    let input: EvaluationInput
    /// Shared by all policies that were evaluated together; this one's begin at `base`.
    let states: [UInt8]
    let base: Int

    init(_ policy: PreparedPolicy, _ input: EvaluationInput, states: [UInt8], from base: Int) {
        self.policy = policy
        self.input = input
        self.states = states
        self.base = base
    }

    init(_ policy: PreparedPolicy, _ input: EvaluationInput) {
        var evaluator = Evaluator(input)
        var states = [UInt8](repeating: 0, count: policy.entryCount)
        evaluator.run(policy, into: &states, from: 0)
        self.init(policy, input, states: states, from: 0)
    }

    func clause(_ index: Int) -> StateByte { StateByte(byte: states[base + index]) }
    func duty(_ index: Int) -> StateByte { StateByte(byte: states[base + policy.firstDuty + index]) }
    func rule(_ index: Int) -> StateByte { StateByte(byte: states[base + policy.firstRule + index]) }
    func name(ofRule index: Int) -> String { policy.ruleTexts[index].name }

    func rules(_ kind: RuleReport.Kind) -> [Int] { policy.rules(kind) }

    // MARK: Clauses of a rule

    /// The refinements that count: those of the action, the target and the party by which the rule comes closest.
    private func matched(_ rule: PreparedRule) -> (premises: [PremiseReport], refinements: [(clauses: Slice, of: PremiseReport.Kind)]) {
        var premises: [PremiseReport] = []
        var refinements: [(Slice, PremiseReport.Kind)] = []
        if let best = bestAction(rule.premises.actions) {
            premises.append(PremiseReport(kind: .action, state: matcher(best)))
            refinements.append((policy.matchers[best].refinements, .action))
        }
        for (slice, kind) in [(rule.premises.targets, PremiseReport.Kind.target), (rule.premises.parties, .party)] {
            guard let best = bestResource(slice) else { continue }
            premises.append(PremiseReport(kind: kind, state: matcher(best)))
            refinements.append((policy.matchers[best].refinements, kind))
        }
        return (premises, refinements)
    }

    private func matcher(_ index: Int) -> Truth { StateByte(byte: states[base + policy.firstMatcher + index]).truth }

    private func bestAction(_ actions: Slice) -> Int? {
        var best: (rank: Int, index: Int)?
        for index in actions.range {
            let rank = 3 * matcher(index).rank + all(policy.matchers[index].refinements).rank
            if rank > best?.rank ?? -1 { best = (rank, index) }
            if rank == 8 { break }
        }
        return best?.index
    }

    private func bestResource(_ matchers: Slice) -> Int? {
        var best: Int?
        for index in matchers.range {
            if matcher(index).rank > best.map({ matcher($0).rank }) ?? -1 { best = index }
            if matcher(index) == .satisfied { break }
        }
        return best
    }

    private func all(_ slice: Slice) -> Truth {
        var parts = TruthTally()
        var part = Int(slice.start)
        while part < slice.end {
            parts.add(clause(part).truth)
            part = Int(policy.clauses[part].end)
        }
        return parts.all
    }

    /// All clauses that speak for or against a rule: constraints, refinements, and constraints of its conditions.
    private func clauses(ofRule index: Int) -> [Int] {
        let rule = policy.rules[index]
        var found = Array(rule.constraints.range)
        for (slice, _) in matched(rule).refinements { found += slice.range }
        guard rule.kind == .permission else { return found }
        var duty = Int(rule.duties.start)
        while duty < rule.duties.end {
            found += policy.duties[duty].constraints.range
            duty = Int(policy.duties[duty].end)
        }
        return found
    }

    /// Operands that the rules that are open still need, each once.
    func needs(_ rules: [Int]) -> [IRI] {
        var needs: [IRI] = []
        for rule in rules where self.rule(rule).applies == .undetermined {
            for index in clauses(ofRule: rule) where policy.clauses[index].form == .atomic && clause(index).truth == .undetermined {
                let operand = policy.clauseTexts[index].leftOperand
                if !needs.contains(operand) { needs.append(operand) }
            }
        }
        return needs
    }

    /// Undetermined, and everything that is open is known at a later point.
    func waitsOnlyForLaterPoints(_ rule: Int) -> Bool {
        guard self.rule(rule).applies == .undetermined else { return false }
        var isOpen = false
        for index in clauses(ofRule: rule) {
            let clause = policy.clauses[index]
            // A clause without an operator or without one of the four words of a logical constraint.
            if clause.operation == nil, clause.logical == nil { return false }
            guard clause.form == .atomic, self.clause(index).truth == .undetermined else { continue }
            guard self.clause(index).source == .deferred else { return false }
            isOpen = true
        }
        return isOpen
    }

    // MARK: Reports

    var reports: [RuleReport] { policy.rules.indices.map { report(ofRule: $0) } }

    func report(ofRule index: Int) -> RuleReport {
        let rule = policy.rules[index]
        let text = policy.ruleTexts[index]
        let state = self.rule(index)
        let matched = matched(rule)
        let request = input.request
        var refinements: [ConstraintReport] = []
        for (slice, kind) in matched.refinements where !slice.isEmpty {
            let subject: EvaluationInput.Subject =
                switch kind {
                case .action: .request
                case .target: request?.target.map { .resource($0) } ?? .nothing
                case .party: request?.party.map { .resource($0) } ?? .nothing
                }
            refinements += constraints(slice, subject, rule: text.id)
        }
        let duties = duties(rule.duties)
        let isDuty = rule.kind == .obligation
        return RuleReport(
            id: text.id, kind: rule.kind, pointer: text.pointer, activation: state.truth, applies: state.applies, deontic: state.deontic,
            deadline: isDuty ? duties.first?.deadline : nil, premises: request == nil ? [] : matched.premises, refinements: refinements,
            constraints: isDuty ? duties.first?.constraints ?? [] : constraints(rule.constraints, .request, rule: text.id),
            conditions: rule.kind == .permission ? duties : [], remedies: rule.kind == .prohibition ? duties : [],
            remedied: rule.kind == .prohibition && state.deontic == .violated && !duties.isEmpty
                && duties.allSatisfy { $0.deontic == .fulfilled },
            consequences: isDuty ? duties.first?.consequences ?? [] : [], actions: text.actions)
    }

    private func duties(_ slice: Slice) -> [DutyReport] {
        var reports: [DutyReport] = []
        var index = Int(slice.start)
        while index < slice.end {
            let duty = policy.duties[index]
            let text = policy.dutyTexts[index]
            let state = self.duty(index)
            reports.append(
                DutyReport(
                    id: text.id, pointer: text.pointer, actions: text.actions, phase: duty.phase, activation: state.truth,
                    deontic: state.deontic ?? .notSet, deadline: duty.deadline?.moment.timestamp,
                    constraints: constraints(duty.constraints, .request, rule: text.id),
                    consequences: duties(Slice(index + 1, Int(duty.end)))))
            index = Int(duty.end)
        }
        return reports
    }

    private func constraints(_ slice: Slice, _ subject: EvaluationInput.Subject, rule: String?) -> [ConstraintReport] {
        slice.range.map { index in
            let clause = policy.clauses[index]
            let text = policy.clauseTexts[index]
            let state = self.clause(index)
            guard clause.form == .atomic else {
                return ConstraintReport(
                    id: text.id, pointer: text.pointer, state: state.truth, leftOperand: nil, operation: nil, logical: clause.logical,
                    left: [], right: [], source: nil)
            }
            return ConstraintReport(
                id: text.id, pointer: text.pointer, state: state.truth, leftOperand: text.leftOperand, operation: clause.operation,
                logical: nil, left: input.values(text.leftOperand, constraint: text.id, rule: rule, subject).values,
                right: input.right(policy, index), source: state.source)
        }
    }
}
