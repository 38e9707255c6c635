// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Who evaluates. Some facts only one side can know: what the provider's people confirmed, where the consumer's node runs.
package enum EvaluationSide: String, Sendable, Hashable { case provider, consumer }

/// How to evaluate, where ODRL leaves a choice.
package struct EvaluationOptions: Sendable {
    package enum Behaviour: String, Sendable, Hashable {
        /// Nothing applies: deny.
        case closed
        /// Nothing applies: permit.
        case open
    }

    package enum ConditionMode: String, Sendable, Hashable {
        /// An active duty of a permission must be fulfilled already.
        case pre
        /// Only a violated duty blocks.
        case eventual
        /// A duty that can only be performed after the use (delete, inform, attribute, uninstall, or marked so) does not block unless
        /// it is violated; any other must be fulfilled before.
        case perDuty
    }

    package var behaviour: Behaviour
    package var conditionMode: ConditionMode
    package var side: EvaluationSide
    /// Policies that `inheritFrom` may name, by id.
    package var library: [String: Policy]

    package init(
        behaviour: Behaviour = .closed, conditionMode: ConditionMode = .perDuty, side: EvaluationSide = .provider,
        library: [String: Policy] = [:]
    ) {
        self.behaviour = behaviour
        self.conditionMode = conditionMode
        self.side = side
        self.library = library
    }
}

/// The right to do one thing, made only by a decision that permits it at an enforced point. No permit, no bytes and no key.
package struct Permit: Sendable {
    package let policyID: String
    package let point: EvaluationPoint
    /// Nil at a transfer that was asked about without a use.
    package let action: IRI?
    package let party: String?
    package let target: String?
    /// The permission that applied, by uid or by its place in the policy.
    package let rule: String
    package let allowance: Allowance
    package let decidedAt: Timestamp?

    fileprivate init(
        policyID: String, point: EvaluationPoint, action: IRI?, party: String?, target: String?, rule: String, allowance: Allowance,
        decidedAt: Timestamp?
    ) {
        self.policyID = policyID
        self.point = point
        self.action = action
        self.party = party
        self.target = target
        self.rule = rule
        self.allowance = allowance
        self.decidedAt = decidedAt
    }
}

extension Policy {
    /// Decides at a point, with three values, closed by default.
    ///
    /// An operand that is not known before a later point is *deferred*: in a catalog and at negotiation the outcome is `conditional`
    /// and names it. At `transfer` a deferred operand does not hold back sealed bytes, which open nothing until a grant tests it, and
    /// at `grant` one that only the consumer's node learns at the use does not hold back the key (`Decision.deferred` lists them); a fact
    /// that should be known here and is missing does. At use nothing is deferred and nothing may be missing. A missing fact never disables a prohibition. An offer is evaluated in a catalog and at negotiation
    /// as if it were agreed; at an enforced point it grants nothing.
    package func evaluate(
        _ request: PolicyRequest, in world: PolicyWorld, at point: EvaluationPoint, options: EvaluationOptions = EvaluationOptions()
    ) -> Decision {
        guard request.action == nil, point < .grant else { return decide(request, world, point, options) }
        // No use is at stake yet: the best that the party could be allowed among the permitted actions.
        var seen: Set<IRI> = []
        let candidates = inherited(options.library).policy.permissions.flatMap(\.terms.actions).map(\.action)
            .filter { seen.insert($0).inserted }.prefix(64)
        var best: Decision?
        for action in candidates {
            var asked = request
            asked.action = action
            let decision = decide(asked, world, point, options)
            if decision.outcome.rank > best?.outcome.rank ?? -1 { best = decision }
        }
        return best ?? decide(request, world, point, options)
    }

    private func decide(
        _ request: PolicyRequest, _ world: PolicyWorld, _ point: EvaluationPoint, _ options: EvaluationOptions
    ) -> Decision {
        let (whole, unresolved) = inherited(options.library)
        let evaluator = Evaluator(
            request: request, world: world, point: point, side: options.side, conditionMode: options.conditionMode)
        let rules = whole.reports(evaluator)
        var decision = Decision(
            policyID: id, requestID: request.id, point: point, outcome: .deny, rules: rules, basis: [], reasons: [], deferred: [],
            duties: [], permit: nil, unresolvedParents: unresolved, decidedAt: world.now)

        if !unresolved.isEmpty {
            decision.outcome = .invalid
            decision.reasons = [Reasons.unresolvedParents(unresolved)]
            return decision
        }
        if point.isEnforced, kind == .offer || kind == .request {
            decision.reasons = [Reasons.grantsNothing(self)]
            return decision
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

        func outcome(_ permit: Bool, _ forbid: Bool) -> Decision.Outcome {
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
        let possible = some.possibilities.flatMap { permit in against.possibilities.map { outcome(permit, $0) } }
        if let first = possible.first, possible.allSatisfy({ $0 == first }) {
            decision.outcome = first
        } else if possible.contains(.permit) {
            decision.outcome = .conditional(needs: Reasons.needs(rules))
        } else {
            decision.outcome = .deny
        }

        let applying = zip(permissions, permitted).filter { $0.1 == .satisfied }.map(\.0)
        let opposing = zip(prohibitions, forbidden).filter { $0.1 == .satisfied || (point.isEnforced && $0.1 == .undetermined) }.map(\.0)
        switch decision.outcome {
        case .permit: decision.basis = applying.map(\.name)
        case .conditional: decision.basis = zip(permissions, permitted).filter { $0.1 != .unsatisfied }.map(\.0.name)
        case .invalid: decision.basis = (applying + opposing).map(\.name)
        case .deny: decision.basis = opposing.map(\.name)
        }
        decision.reasons = Reasons.reasons(for: decision.outcome, permissions: permissions, opposing: opposing)
        let relevant = Set(applying.map(\.name))
        decision.duties =
            rules.filter { $0.kind == .permission && relevant.contains($0.name) }.flatMap(\.conditions)
            .filter { $0.activation != .unsatisfied }
            + rules.filter { $0.kind == .obligation }.map(\.asDuty)

        if decision.outcome == .permit, point.isEnforced, let rule = applying.first {
            decision.deferred = !isLast ? Reasons.needs([rule] + prohibitions.filter(\.waitsOnlyForLaterPoints)) : []
            let index = permissions.firstIndex { $0.pointer == rule.pointer && $0.id == rule.id }
            decision.permit = Permit(
                policyID: id ?? "", point: point, action: request.action, party: request.party, target: request.target, rule: rule.name,
                allowance: index.map { whole.permissions[$0].allowance }
                    ?? Allowance(maximumUses: 0, notBefore: nil, notAfter: nil, maximumElapsedMilliseconds: 0),
                decidedAt: world.now)
        }
        return decision
    }

    func reports(_ evaluator: Evaluator) -> [RuleReport] {
        permissions.map(evaluator.report) + prohibitions.map(evaluator.report) + obligations.map(evaluator.report)
    }

    /// The policy with the rules of all it inherits from, and the parents that are not at hand. Cycles are cut.
    func inherited(_ library: [String: Policy]) -> (policy: Policy, unresolved: [String]) {
        guard !inheritFrom.isEmpty else { return (self, []) }
        var seen: Set<String> = id.map { [$0] } ?? []
        var pending = inheritFrom[...]
        var unresolved: [String] = []
        var whole = self
        while let next = pending.popFirst() {
            guard seen.insert(next).inserted else { continue }
            guard seen.count <= PolicyReader.maximumInherited + 1, let parent = library[next] else {
                unresolved.append(next)
                continue
            }
            whole = Policy(
                id: id, kind: kind, profiles: profiles, inheritFrom: inheritFrom, conflict: whole.conflict ?? parent.conflict,
                permissions: whole.permissions + parent.permissions, prohibitions: whole.prohibitions + parent.prohibitions,
                obligations: whole.obligations + parent.obligations, targets: targets, assigners: assigners, assignees: assignees,
                title: title, source: source)
            pending += parent.inheritFrom
        }
        return (whole, unresolved)
    }
}

extension Truth {
    fileprivate var possibilities: [Bool] {
        switch self {
        case .satisfied: [true]
        case .unsatisfied: [false]
        case .undetermined, .elsewhere: [true, false]
        }
    }
}

extension RuleReport {
    /// Whether a permission holds where missing facts are no answer. With `deferring`, clauses that wait for a later point do not
    /// count against it; they must be the only ones that are open.
    fileprivate func enforced(deferring: Bool) -> Truth {
        switch applies {
        case .satisfied, .unsatisfied, .elsewhere: return applies
        case .undetermined:
            return Truth(deferring && waitsOnlyForLaterPoints)
        }
    }

    /// Undetermined, and everything that is open is known at a later point.
    fileprivate var waitsOnlyForLaterPoints: Bool {
        guard applies == .undetermined else { return false }
        let clauses = constraints + refinements + conditions.flatMap(\.constraints)
        let open = clauses.filter { $0.state == .undetermined && $0.logical == nil }
        return !open.isEmpty && open.allSatisfy { $0.source == .deferred } && !clauses.contains { $0.isUnreadable }
    }

    fileprivate var asDuty: DutyReport {
        DutyReport(
            id: id, pointer: pointer, actions: actions, phase: .after, activation: activation, deontic: deontic ?? .notSet,
            deadline: deadline, constraints: constraints, consequences: consequences)
    }
}

extension Decision.Outcome {
    fileprivate var rank: Int {
        switch self {
        case .permit: 3
        case .conditional: 2
        case .deny: 1
        case .invalid: 0
        }
    }
}
