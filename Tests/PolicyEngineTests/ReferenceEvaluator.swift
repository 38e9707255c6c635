// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

@testable import PolicyEngine

/// The semantics of the engine written as plainly as they can be, over the policy's own tree: the specification that the product's
/// evaluator is held to, report by report. Nothing here is meant to be fast.
///
/// Without a point it follows ODRL with two values: a missing fact satisfies no operator but `isNoneOf`. At a point it has three
/// values: a missing fact leaves the clause undetermined, and who asks decides what that means there.
struct ReferenceEvaluator {
    let request: PolicyRequest?
    let world: PolicyWorld
    let point: EvaluationPoint?
    let side: EvaluationSide
    let conditionMode: EvaluationOptions.ConditionMode
    private let now: Instant?
    private var isInDuty = false

    init(
        request: PolicyRequest?, world: PolicyWorld, point: EvaluationPoint?, side: EvaluationSide = .provider,
        conditionMode: EvaluationOptions.ConditionMode
    ) {
        self.side = side
        self.request = request
        self.world = world
        self.point = point
        self.conditionMode = conditionMode
        // A time in the request stands above the clock.
        var now = world.now.map { Instant($0) }
        if case .instant(let instant)? = request?.parameters[Operand.dateTime.description]?.first?.content { now = instant }
        self.now = now
    }

    // MARK: Rules

    func report(_ permission: Permission) -> RuleReport {
        let terms = permission.terms
        let constraints = evaluate(terms.constraints, .request, rule: terms.id)
        let conditions = permission.duties.map { condition($0) }
        let activation = Truth.all([constraints.truth] + conditions.map(permits)).ofRule(.permission)
        let matched = premises(terms, action: request?.action, target: request?.target, party: request?.party, .request)
        return RuleReport(
            id: terms.id, kind: .permission, pointer: terms.pointer, activation: activation,
            applies: request == nil ? activation : Truth.all([activation, matched.truth]), deontic: nil, deadline: nil,
            premises: request == nil ? [] : matched.premises, refinements: matched.refinements, constraints: constraints.reports,
            conditions: conditions, remedies: [], remedied: false, consequences: [], actions: terms.actions.map(\.action))
    }

    func report(_ prohibition: Prohibition) -> RuleReport {
        let terms = prohibition.terms
        let constraints = evaluate(terms.constraints, .request, rule: terms.id)
        let matched = premises(terms, action: request?.action, target: request?.target, party: request?.party, .request)
        let isViolated = world.performed.contains { event in
            premises(terms, action: event.action, target: event.target, party: event.party, .event(event)).truth == .satisfied
                && evaluate(terms.constraints, .event(event), rule: terms.id).truth == .satisfied
        }
        let activation = constraints.truth.ofRule(.prohibition)
        let deontic = decided(terms) ?? (isViolated ? .violated : .notSet)
        let remedies = prohibition.remedies.map { obligation($0) }
        return RuleReport(
            id: terms.id, kind: .prohibition, pointer: terms.pointer, activation: activation,
            applies: request == nil ? activation : Truth.all([activation, matched.truth]), deontic: deontic, deadline: nil,
            premises: request == nil ? [] : matched.premises, refinements: matched.refinements, constraints: constraints.reports,
            conditions: [], remedies: remedies,
            remedied: deontic == .violated && !remedies.isEmpty && remedies.allSatisfy { $0.deontic == .fulfilled }, consequences: [],
            actions: terms.actions.map(\.action))
    }

    func report(_ obligation: Duty) -> RuleReport {
        let terms = obligation.terms
        let duty = self.obligation(obligation)
        let matched = premises(terms, action: request?.action, target: request?.target, party: request?.party, .request)
        return RuleReport(
            id: terms.id, kind: .obligation, pointer: terms.pointer, activation: duty.activation,
            applies: request == nil ? duty.activation : Truth.all([duty.activation, matched.truth]), deontic: duty.deontic,
            deadline: duty.deadline, premises: request == nil ? [] : matched.premises, refinements: matched.refinements,
            constraints: duty.constraints, conditions: [], remedies: [], remedied: false, consequences: duty.consequences,
            actions: terms.actions.map(\.action))
    }

    // MARK: Duties

    private var ofDuty: ReferenceEvaluator {
        var other = self
        other.isInDuty = true
        return other
    }

    /// A duty of a permission: fulfilled by a matching act not later than the use; its constraints say when it is due at all.
    private func condition(_ duty: Duty) -> DutyReport {
        let terms = duty.terms
        let constraints = ofDuty.evaluate(terms.constraints, .request, rule: terms.id)
        let isFulfilled = world.performed.contains { matches($0, duty) }
        return DutyReport(
            id: terms.id, pointer: terms.pointer, actions: terms.actions.map(\.action), phase: duty.phase,
            activation: constraints.truth.ofRule(.obligation),
            deontic: decided(terms) ?? (isFulfilled ? .fulfilled : .notSet),
            deadline: duty.deadline?.timestamp, constraints: constraints.reports,
            consequences: duty.consequences.map { obligation($0) })
    }

    /// An obligation: the act itself must satisfy the constraints, and an upper bound on the time is a deadline.
    private func obligation(_ duty: Duty) -> DutyReport {
        let terms = duty.terms
        let constraints = ofDuty.evaluate(terms.constraints, .request, rule: terms.id)
        let isFulfilled = world.performed.contains { event in
            matches(event, duty) && evaluate(terms.constraints, .event(event), rule: terms.id).truth == .satisfied
        }
        var state = DeonticState.notSet
        if let decided = decided(terms) {
            state = decided
        } else if isFulfilled {
            state = .fulfilled
        } else if let bound = duty.deadlineBound, let now, bound.isPassed(at: now) {
            state = .violated
        }
        return DutyReport(
            id: terms.id, pointer: terms.pointer, actions: terms.actions.map(\.action), phase: duty.phase,
            activation: constraints.truth.ofRule(.obligation), deontic: state, deadline: duty.deadline?.timestamp,
            constraints: constraints.reports,
            consequences: duty.consequences.map { obligation($0) })
    }

    private func matches(_ event: PerformedAction, _ duty: Duty) -> Bool {
        if let now, Instant(event.at) > now { return false }
        if let rule = event.rule, rule != duty.terms.id { return false }
        return premises(duty.terms, action: event.action, target: event.target, party: event.party, .event(event)).truth == .satisfied
    }

    private func decided(_ terms: RuleTerms) -> DeonticState? { world.dutyStates[terms.name] }

    /// What a duty of a permission means for the permission.
    private func permits(_ duty: DutyReport) -> Truth {
        if duty.deontic == .fulfilled || duty.activation == .unsatisfied { return .satisfied }
        let blocks =
            switch conditionMode {
            case .pre: true
            case .eventual: duty.deontic == .violated
            case .perDuty: duty.phase == .before || duty.deontic == .violated
            }
        if !blocks { return .satisfied }
        // Before a decision is final the duty can still be fulfilled in time, unless it is violated already.
        if let point, !point.isEnforced, duty.deontic == .notSet { return .undetermined }
        return duty.activation == .satisfied ? .unsatisfied : .undetermined
    }

    // MARK: Premises

    private typealias Matched = (truth: Truth, premises: [PremiseReport], refinements: [ConstraintReport])

    /// A rule with several actions, targets or parties stands for their product. As each dimension is matched by itself, the best
    /// atomic rule is made of the best of each.
    private func premises(_ terms: RuleTerms, action: IRI?, target: String?, party: String?, _ subject: Subject) -> Matched {
        var premises: [PremiseReport] = []
        var refinements: [ConstraintReport] = []
        var truth = Truth.satisfied

        var best: (rank: Int, state: Truth, refined: Truth, reports: [ConstraintReport])?
        for term in terms.actions {
            let state: Truth
            if let action {
                state = Truth(ActionHierarchy.standard.reaches(action, term.action))
            } else {
                state = .unsatisfied
            }
            let refined = evaluate(term.refinements, subject, rule: terms.id)
            let rank = 3 * state.rank + refined.truth.rank
            if rank > best?.rank ?? -1 { best = (rank, state, refined.truth, refined.reports) }
            if rank == 8 { break }
        }
        if let best {
            premises.append(PremiseReport(kind: .action, state: best.state))
            refinements += best.reports
            truth = Truth.all([truth, best.state, best.refined])
        }
        for (kind, resources, value) in [(PremiseReport.Kind.target, terms.targets, target), (.party, terms.assignees, party)] {
            var best: (state: Truth, reports: [ConstraintReport])?
            for resource in resources {
                let matched = match(resource, value, rule: terms.id)
                if matched.state.rank > best?.state.rank ?? -1 { best = matched }
                if best?.state == .satisfied { break }
            }
            if let best {
                premises.append(PremiseReport(kind: kind, state: best.state))
                refinements += best.reports
                truth = Truth.all([truth, best.state])
            }
        }
        return (truth, premises, refinements)
    }

    private func match(_ resource: Resource, _ value: String?, rule: String?) -> (state: Truth, reports: [ConstraintReport]) {
        let refined = evaluate(resource.refinements, value.map(Subject.resource) ?? .nothing, rule: rule)
        guard let value else { return (.unsatisfied, refined.reports) }
        let isMeant: Bool
        if resource.isCollection {
            isMeant = [resource.id, resource.source].contains { $0.map { $0 == value || world.isMember(value, of: $0) } ?? false }
        } else {
            isMeant = resource.id == value
        }
        // A collection that only a refinement describes (no uid, no source) takes everything that the refinement takes.
        let isDescribed = resource.id == nil && resource.source == nil && !resource.refinements.isEmpty
        return (Truth.all([Truth(isMeant || isDescribed), refined.truth]), refined.reports)
    }

    // MARK: Constraints

    /// Whose values a left operand has.
    private enum Subject {
        case request
        case event(PerformedAction)
        case resource(String)
        case nothing
    }

    private func evaluate(_ nodes: [ConstraintNode], _ subject: Subject, rule: String?) -> (truth: Truth, reports: [ConstraintReport]) {
        var reports: [ConstraintReport] = []
        var truths: [Truth] = []
        truths.reserveCapacity(nodes.count)
        for node in nodes { truths.append(evaluate(node, subject, rule: rule, into: &reports)) }
        return (Truth.all(truths), reports)
    }

    private func evaluate(_ node: ConstraintNode, _ subject: Subject, rule: String?, into reports: inout [ConstraintReport]) -> Truth {
        switch node {
        case .atomic(let constraint):
            let report = evaluate(constraint, subject, rule: rule)
            reports.append(report)
            return report.state
        case .logical(let logical):
            let place = reports.count
            var truths: [Truth] = []
            for part in logical.constraints { truths.append(evaluate(part, subject, rule: rule, into: &reports)) }
            let state: Truth =
                switch logical.operand {
                // For one instant a sequence is a conjunction.
                case .and, .andSequence: Truth.all(truths)
                case .or: Truth.any(truths)
                case .xone: Truth.exactlyOne(truths)
                case nil: unreadable
                }
            reports.insert(
                ConstraintReport(
                    id: logical.id, pointer: logical.pointer, state: state, leftOperand: nil, operation: nil, logical: logical.operand,
                    left: [], right: [], source: nil), at: place)
            return state
        }
    }

    /// A clause that nobody can read: it never holds, and at a point it must not disable a prohibition either.
    private var unreadable: Truth { point == nil ? .unsatisfied : .undetermined }

    private func evaluate(_ constraint: Constraint, _ subject: Subject, rule: String?) -> ConstraintReport {
        var (left, source) = values(constraint.leftOperand, constraint: constraint.id, rule: rule, subject)
        var right = constraint.rightOperand
        for reference in constraint.rightOperandReferences {
            right += (world.references[reference] ?? []).map { $0.completed(datatype: constraint.datatype, unit: constraint.unit) }
        }
        let state: Truth
        if let operation = constraint.operation {
            if case .request = subject, isUsageMarker(constraint, right) {
                // Before use or after use: the phase of a duty, not a fact.
                state = point == nil && conditionMode != .perDuty ? holds(operation, left, right) : .satisfied
            } else if left.isEmpty, let point {
                (state, source) = unknown(constraint.leftOperand, subject, at: point)
            } else if let point, !point.isEnforced, source == .clock, case .request = subject {
                state = early(operation, left, right)
                if state == .undetermined { source = .deferred }
            } else if right.isEmpty, point != nil {
                state = .undetermined
            } else {
                state = holds(operation, left, right)
            }
        } else {
            state = unreadable
        }
        if left.isEmpty, point == nil { source = .missing }
        return ConstraintReport(
            id: constraint.id, pointer: constraint.pointer, state: state, leftOperand: constraint.leftOperand,
            operation: constraint.operation, logical: nil, left: left, right: right, source: source)
    }

    /// What a clause without a left value is here.
    private func unknown(_ operand: IRI, _ subject: Subject, at point: EvaluationPoint) -> (Truth, ValueSource) {
        switch OperandTable.info(operand)?.knowledge(at: point, on: side) ?? .never {
        case .later: return (.undetermined, .deferred)
        case .elsewhere(let source):
            // An act that is on record without a value does not show that the clause was kept.
            guard case .request = subject else { return (.undetermined, .missing) }
            return (.elsewhere, source)
        case .never:
            // In a duty, an operand that no point knows says how or when to do it, not whether it is owed.
            guard isInDuty, OperandTable.info(operand) != nil, case .request = subject else { return (.undetermined, .missing) }
            return (.elsewhere, .act)
        case .known: return (.undetermined, .missing)
        }
    }

    private func isUsageMarker(_ constraint: Constraint, _ right: [PolicyValue]) -> Bool {
        constraint.leftOperand == Operand.event && right.count == 1
            && right.allSatisfy { $0.key == UsageMarker.policyUsage || $0.key == "odrl:policyUsage" }
    }

    /// Before a decision is final the clock only tells what can no longer change: a bound that is passed stays passed.
    private func early(_ operation: Operator, _ left: [PolicyValue], _ right: [PolicyValue]) -> Truth {
        let now = holds(operation, left, right)
        switch operation {
        case .gt, .gteq: return now == .satisfied ? .satisfied : .undetermined
        case .lt, .lteq: return now == .unsatisfied ? .unsatisfied : .undetermined
        default: return .undetermined
        }
    }

    private func values(
        _ operand: IRI, constraint: String?, rule: String?, _ subject: Subject
    ) -> (values: [PolicyValue], source: ValueSource) {
        let key = operand.description
        switch subject {
        case .nothing: return ([], .missing)
        case .resource(let id): return (world.properties[id]?[key] ?? [], .property)
        case .request:
            if let given = request?.parameters[key], !given.isEmpty { return (given, .request) }
            if operand == Operand.dateTime, let now = world.now { return ([.time(now)], .clock) }
        case .event(let event):
            if let given = event.values[key], !given.isEmpty { return (given, .request) }
            if operand == Operand.dateTime { return ([.time(event.at)], .clock) }
        }
        if let id = constraint, let counted = world.counters[id]?[key], !counted.isEmpty { return (counted, .counter) }
        if let id = rule, let counted = world.counters[id]?[key], !counted.isEmpty { return (counted, .counter) }
        if let given = world.values[key], !given.isEmpty { return (given, .world) }
        if point != nil, operand == Operand.recipient, let party = request?.party { return ([.iri(party)], .party) }
        return ([], .missing)
    }

    // MARK: Operators

    private func holds(_ operation: Operator, _ left: [PolicyValue], _ right: [PolicyValue]) -> Truth {
        if left.isEmpty || right.isEmpty { return Truth(operation == .isNoneOf) }
        switch operation {
        case .eq: return Truth(left.allSatisfy { l in right.contains { l.equals($0) } })
        case .neq:
            return Truth(
                left.allSatisfy { l in
                    right.allSatisfy {
                        switch l.compared(to: $0) {
                        case .less, .greater, .different: true
                        case .equal, .incomparable: false
                        }
                    }
                })
        case .lt: return ordered(left, right) { $0 == .less }
        case .lteq: return ordered(left, right) { $0 == .less || $0 == .equal }
        case .gt: return ordered(left, right) { $0 == .greater }
        case .gteq: return ordered(left, right) { $0 == .greater || $0 == .equal }
        case .isAnyOf: return Truth(left.contains { l in right.contains { l.equals($0) } })
        case .isNoneOf: return Truth(!left.contains { l in right.contains { l.equals($0) } })
        case .isAllOf: return Truth(right.allSatisfy { r in left.contains { $0.equals(r) } })
        case .isPartOf: return Truth(left.allSatisfy { l in reaches(l, right) })
        case .hasPart: return Truth(right.allSatisfy { r in reaches(r, left) })
        case .isA:
            return Truth(
                left.allSatisfy { l in
                    (l.key.flatMap { world.types[$0] } ?? []).contains { type in
                        let reached = world.reached(from: type)
                        return right.contains { $0.key.map(reached.contains) ?? false }
                    }
                })
        }
    }

    /// Text, IRIs, booleans and unknown datatypes have no order, so no ordering operator holds for them, equal or not.
    private func ordered(_ left: [PolicyValue], _ right: [PolicyValue], _ test: (PolicyValue.Order) -> Bool) -> Truth {
        Truth(left.allSatisfy { l in l.isOrdered && right.allSatisfy { test(l.compared(to: $0)) } })
    }

    private func reaches(_ value: PolicyValue, _ goals: [PolicyValue]) -> Bool {
        if goals.contains(where: { value.equals($0) }) { return true }
        guard let key = value.key else { return false }
        let reached = world.reached(from: key)
        return goals.contains { $0.key.map(reached.contains) ?? false }
    }
}

extension Policy {
    func reports(_ evaluator: ReferenceEvaluator) -> [RuleReport] {
        permissions.map(evaluator.report) + prohibitions.map(evaluator.report) + obligations.map(evaluator.report)
    }
}

/// The decision at a point, over finished reports.
struct ReferenceDecision {
    let policy: Policy
    let request: PolicyRequest
    let world: PolicyWorld
    let point: EvaluationPoint
    let rules: [RuleReport]
    let unresolved: [String]
    var outcome = Decision.Outcome.deny
    var basis: [String] = []
    var reasons: [Reason] = []
    var deferred: [IRI] = []
    var duties: [DutyReport] = []
    var allowance: Allowance?

    static func decide(
        _ policy: Policy, _ request: PolicyRequest, _ world: PolicyWorld, _ point: EvaluationPoint, _ options: EvaluationOptions
    ) -> ReferenceDecision {
        guard request.action == nil, point < .grant else { return ReferenceDecision(policy, request, world, point, options) }
        // No use is at stake yet: the best that the party could be allowed among the permitted actions.
        var seen: Set<IRI> = []
        let candidates = policy.inherited(options.library).policy.permissions.flatMap(\.terms.actions).map(\.action)
            .filter { seen.insert($0).inserted }.prefix(64)
        var best: ReferenceDecision?
        for action in candidates {
            var asked = request
            asked.action = action
            let decision = ReferenceDecision(policy, asked, world, point, options)
            if decision.rank > best?.rank ?? -1 { best = decision }
        }
        return best ?? ReferenceDecision(policy, request, world, point, options)
    }

    private var rank: Int {
        switch outcome {
        case .permit: 3
        case .conditional: 2
        case .deny: 1
        case .invalid: 0
        }
    }

    private init(
        _ policy: Policy, _ request: PolicyRequest, _ world: PolicyWorld, _ point: EvaluationPoint, _ options: EvaluationOptions
    ) {
        let (whole, unresolved) = policy.inherited(options.library)
        self.policy = policy
        self.request = request
        self.world = world
        self.point = point
        self.unresolved = unresolved
        rules = whole.reports(
            ReferenceEvaluator(
                request: request, world: world, point: point, side: options.side, conditionMode: options.conditionMode))

        if !unresolved.isEmpty {
            outcome = .invalid
            reasons = [Reasons.unresolvedParents(unresolved)]
            return
        }
        if point.isEnforced, policy.kind == .offer || policy.kind == .request {
            reasons = [Reasons.grantsNothing()]
            return
        }

        let permissions = rules.filter { $0.kind == .permission }
        let prohibitions = rules.filter { $0.kind == .prohibition }
        // Before the use, what only waits for a later point counts as open; everything else unknown is no.
        let isLast = point == .use
        let permitted = permissions.map { point.isEnforced ? $0.enforced(deferring: !isLast) : $0.applies }
        // A prohibition that waits for a later point does not hold sealed bytes or a key back either: the later point tests it.
        let forbidden = prohibitions.map { point.isEnforced && !isLast && $0.waitsOnlyForLaterPoints ? .unsatisfied : $0.applies }
        let some = Truth.any(permitted)
        let against = point.isEnforced ? Truth.any(forbidden.map { $0 == .undetermined ? .satisfied : $0 }) : Truth.any(forbidden)
        let isCertainlyForbidden = forbidden.contains(.satisfied)

        func settled(_ permit: Bool, _ forbid: Bool) -> Decision.Outcome {
            switch (permit, forbid) {
            case (true, true):
                switch whole.conflict {
                case .perm: .permit
                case .prohibit: .deny
                case .invalid, nil: isCertainlyForbidden || !point.isEnforced ? .invalid : .deny
                }
            case (false, true): .deny
            case (true, false): .permit
            case (false, false): options.behaviour == .open ? .permit : .deny
            }
        }
        let possible = some.possibilities.flatMap { permit in against.possibilities.map { settled(permit, $0) } }
        if let first = possible.first, possible.allSatisfy({ $0 == first }) {
            self.outcome = first
        } else if possible.contains(.permit) {
            self.outcome = .conditional(needs: ReferenceDecision.needs(rules))
        }

        let applying = zip(permissions, permitted).filter { $0.1 == .satisfied }.map(\.0)
        let opposing = zip(prohibitions, forbidden).filter { $0.1 == .satisfied || (point.isEnforced && $0.1 == .undetermined) }.map(\.0)
        switch self.outcome {
        case .permit: basis = applying.map(\.name)
        case .conditional: basis = zip(permissions, permitted).filter { $0.1 != .unsatisfied }.map(\.0.name)
        case .invalid: basis = (applying + opposing).map(\.name)
        case .deny: basis = opposing.map(\.name)
        }
        reasons = Reasons.reasons(for: self.outcome, permissions: permissions, opposing: opposing)
        let relevant = Set(applying.map(\.name))
        duties =
            rules.filter { $0.kind == .permission && relevant.contains($0.name) }.flatMap(\.conditions)
            .filter { $0.activation != .unsatisfied }
            + rules.filter { $0.kind == .obligation }.map(\.asDuty)

        if self.outcome == .permit, point.isEnforced, let index = permitted.firstIndex(of: .satisfied) {
            if !isLast {
                deferred = ReferenceDecision.needs([permissions[index]] + prohibitions.filter(\.waitsOnlyForLaterPoints))
            }
            allowance = whole.permissions[index].allowance
        }
    }

    private static func needs(_ rules: [RuleReport]) -> [IRI] {
        var needs: [IRI] = []
        for rule in rules where rule.applies == .undetermined {
            var clauses = rule.constraints + rule.refinements
            for condition in rule.conditions { clauses += condition.constraints }
            for clause in clauses where clause.state == .undetermined {
                guard let operand = clause.leftOperand, !needs.contains(operand) else { continue }
                needs.append(operand)
            }
        }
        return needs
    }

    func report() -> JSON {
        var json = ReportWriter.policy(
            id: policy.id, request: request.id, created: world.now?.description, decision: outcome.name, basis: basis, rules: rules)
        if case .conditional(let needs) = outcome { json["needs"] = .strings(needs.map(\.description)) }
        if !deferred.isEmpty { json["deferred"] = .strings(deferred.map(\.description)) }
        json["reasons"] = .array(reasons.map(\.json))
        json["duties"] = .array(duties.map { ReportWriter.duty($0) })
        if !unresolved.isEmpty { json["unresolvedParents"] = .strings(unresolved) }
        return .object(json)
    }
}

extension RuleReport {
    /// Whether a permission holds where missing facts are no answer. With `deferring`, clauses that wait for a later point do not
    /// count against it; they must be the only ones that are open.
    fileprivate func enforced(deferring: Bool) -> Truth {
        applies == .undetermined ? Truth(deferring && waitsOnlyForLaterPoints) : applies
    }

    /// Undetermined, and everything that is open is known at a later point.
    fileprivate var waitsOnlyForLaterPoints: Bool {
        guard applies == .undetermined else { return false }
        let clauses = constraints + refinements + conditions.flatMap(\.constraints)
        let open = clauses.filter { $0.state == .undetermined && $0.logical == nil }
        return !open.isEmpty && open.allSatisfy { $0.source == .deferred } && !clauses.contains { $0.isUnreadable }
    }
}
