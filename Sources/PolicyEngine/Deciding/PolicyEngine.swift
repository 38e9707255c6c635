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
        PreparedPolicy(self, library: options.library).evaluate(request, in: world, at: point, options: options)
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

extension PreparedPolicy {
    /// Decides as `Policy.evaluate` does. What the policy inherits was settled when it was prepared: the options' library has no part.
    package func evaluate(
        _ request: PolicyRequest, in world: PolicyWorld, at point: EvaluationPoint, options: EvaluationOptions = EvaluationOptions()
    ) -> Decision {
        guard request.action == nil, point < .grant else { return decide(request, world, point, options) }
        // No use is at stake yet: the best that the party could be allowed among the permitted actions.
        var best: Decision?
        for action in permittedActions.prefix(64) {
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
        let input = EvaluationInput(
            request: request, world: world, point: point, side: options.side, conditionMode: options.conditionMode,
            behaviour: options.behaviour)
        return Decision(Evaluated(self, input))
    }
}

extension Decision {
    init(_ evaluated: Evaluated) {
        let (outcome, standing) = evaluated.decision
        self.init(outcome: outcome, evaluated: evaluated, standing: standing)
    }

    package var permit: Permit? {
        guard let index = permittingRule else { return nil }
        let request = evaluated.input.request
        return Permit(
            policyID: policyID ?? "", point: point, action: request?.action, party: request?.party, target: request?.target,
            rule: evaluated.name(ofRule: index),
            allowance: evaluated.policy.ruleTexts[index].allowance
                ?? Allowance(maximumUses: 0, notBefore: nil, notAfter: nil, maximumElapsedMilliseconds: 0),
            decidedAt: decidedAt)
    }
}

extension Evaluated {
    private var point: EvaluationPoint { input.point ?? .use }

    /// The outcome where every rule is clear and the policy counts at all, which is almost always.
    static func settled(
        _ layout: Layout, _ program: Program, _ input: EvaluationInput, _ states: [UInt8], from base: Int
    ) -> (Decision.Outcome, Decision.Standing)? {
        guard let point = input.point, layout.standing == .rules || layout.standing == .grantsNothing && !point.isEnforced else {
            return nil
        }
        let rules = program.rules.span
        var isPermitted = false
        var isForbidden = false
        for index in 0..<layout.ruleCount {
            let applies = StateByte(byte: states[base + layout.firstRule + index]).applies
            if applies == .undetermined { return nil }
            guard applies == .satisfied else { continue }
            switch rules[layout.rules + index].kind {
            case .permission: isPermitted = true
            case .prohibition: isForbidden = true
            case .obligation: break
            }
        }
        return (outcome(layout.conflict, input, isPermitted, isForbidden, isCertainly: true), .rules)
    }

    var decision: (Decision.Outcome, Decision.Standing) {
        Evaluated.settled(policy.layout, policy.program, input, states, from: base) ?? decided
    }

    private static func outcome(
        _ conflict: Policy.ConflictStrategy?, _ input: EvaluationInput, _ permit: Bool, _ forbid: Bool, isCertainly: Bool
    ) -> Decision.Outcome {
        switch (permit, forbid) {
        case (true, true):
            switch conflict {
            case .perm: .permit
            case .prohibit: .deny
            case .invalid, nil: isCertainly ? .invalid : .deny
            }
        case (false, true): .deny
        case (true, false): .permit
        case (false, false): input.behaviour == .open ? .permit : .deny
        }
    }

    /// The outcome at a point, from the states of the rules alone.
    private var decided: (Decision.Outcome, Decision.Standing) {
        let isEnforced = point.isEnforced
        switch policy.layout.standing {
        case .unresolvedParents: return (.invalid, .unresolvedParents)
        case .grantsNothing where isEnforced: return (.deny, .grantsNothing)
        case .grantsNothing, .rules: break
        }
        var permitted = TruthTally()
        var forbidden = TruthTally()
        var isCertainlyForbidden = false
        for index in policy.rules.indices {
            switch policy.rules[index].kind {
            case .permission: permitted.add(self.permitted(index))
            case .prohibition:
                let truth = self.forbidden(index)
                if truth == .satisfied { isCertainlyForbidden = true }
                forbidden.add(isEnforced && truth == .undetermined ? .satisfied : truth)
            case .obligation: break
            }
        }

        func outcome(_ permit: Bool, _ forbid: Bool) -> Decision.Outcome {
            Evaluated.outcome(policy.conflict, input, permit, forbid, isCertainly: isCertainlyForbidden || !isEnforced)
        }
        let against = forbidden.any
        let possible = permitted.any.possibilities.flatMap { permit in against.possibilities.map { outcome(permit, $0) } }
        if let first = possible.first, possible.allSatisfy({ $0 == first }) { return (first, .rules) }
        return possible.contains(.permit) ? (.conditional(needs: needs(Array(policy.rules.indices))), .rules) : (.deny, .rules)
    }

    /// Whether a permission holds. Where missing facts are no answer, what only waits for a later point counts as open before the use;
    /// everything else unknown is no.
    func permitted(_ index: Int) -> Truth {
        let truth = rule(index).applies
        guard point.isEnforced, truth == .undetermined else { return truth }
        return Truth(point != .use && waitsOnlyForLaterPoints(index))
    }

    /// A prohibition that waits for a later point does not hold sealed bytes or a key back either: the later point tests it.
    private func forbidden(_ index: Int) -> Truth {
        let truth = rule(index).applies
        guard point.isEnforced, point != .use, truth == .undetermined else { return truth }
        return waitsOnlyForLaterPoints(index) ? .unsatisfied : truth
    }

    /// The permissions that apply.
    var applying: [Int] { rules(.permission).filter { permitted($0) == .satisfied } }

    /// The prohibitions that apply, or that nobody can rule out.
    var opposing: [Int] {
        rules(.prohibition).filter {
            let truth = forbidden($0)
            return truth == .satisfied || point.isEnforced && truth == .undetermined
        }
    }
}

extension Truth {
    var possibilities: [Bool] {
        switch self {
        case .satisfied: [true]
        case .unsatisfied: [false]
        case .undetermined, .elsewhere: [true, false]
        }
    }
}

extension RuleReport {
    var asDuty: DutyReport {
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
