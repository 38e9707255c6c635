// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// What two policies are compared about. An offer in a catalog names no target, an agreement names both: given here, neither counts as
/// a difference.
package struct ComparisonScope: Sendable {
    package var target: String?
    package var party: String?

    package init(target: String? = nil, party: String? = nil) {
        self.target = target
        self.party = party
    }
}

/// Why one policy is not at least as strict as another.
package struct PolicyBreach: Sendable {
    package enum Kind: String, Sendable, Hashable {
        /// A request is permitted that the other does not permit.
        case wider
        case prohibitionDropped = "prohibition-dropped"
        case dutyDropped = "duty-dropped"
        case obligationDropped = "obligation-dropped"
    }

    package let kind: Kind
    /// The rule that lets the request through; the policy itself when a rule is missing.
    package let pointer: JSONPointer
    /// The rule of the other policy that would hold it back; its root when no rule permits it.
    package let otherPointer: JSONPointer
    /// A request that shows it. Nil for an obligation that stands apart from requests.
    package let witness: PolicyWitness?

    package var code: String { "policy." + kind.rawValue }

    package var message: LocalizedText {
        switch kind {
        case .wider: LocalizedText("it permits a request that the other does not permit", "允许了对方策略不允许的请求")
        case .prohibitionDropped: LocalizedText("a prohibition of the other is missing or narrower", "缺少对方策略中的禁止，或其范围更小")
        case .dutyDropped: LocalizedText("a duty of the other is missing", "缺少对方策略中的义务")
        case .obligationDropped: LocalizedText("an obligation of the other is missing", "缺少对方策略中的独立义务")
        }
    }

    package var json: JSON {
        .members([
            "code": .string(code), "pointer": .string(pointer.description), "otherPointer": .string(otherPointer.description),
            "message": message.json, "witness": witness?.json,
        ])
    }
}

/// `yes` only when certain, `no` only with a reason that the evaluator confirms.
package enum Strictness: Sendable {
    case yes
    case no(PolicyBreach)
    case unknown(LocalizedText)

    package var isYes: Bool { if case .yes = self { true } else { false } }

    package var json: JSON {
        switch self {
        case .yes: ["answer": "yes"]
        case .no(let breach): ["answer": "no", "breach": breach.json]
        case .unknown(let reason): ["answer": "unknown", "reason": reason.json]
        }
    }
}

/// How the requests and duties of one policy stand to those of another.
package struct PolicyRelation: Sendable {
    package enum Kind: String, Sendable, Hashable {
        case equivalent, stricter, wider, overlapping, disjoint, unknown
    }

    package let kind: Kind
    /// What keeps this policy from being at least as strict as the other.
    package let breach: PolicyBreach?
    /// What keeps the other from being at least as strict as this one.
    package let reverseBreach: PolicyBreach?
    /// A request that both permit, when they overlap.
    package let common: PolicyWitness?
    /// Why nothing certain can be said.
    package let reason: LocalizedText?

    package var json: JSON {
        .members([
            "relation": .string(kind.rawValue), "breach": breach?.json, "reverseBreach": reverseBreach?.json, "common": common?.json,
            "reason": reason?.json,
        ])
    }
}

extension Policy {
    /// Whether every request that this policy permits is permitted by `offer` too, under no less: each prohibition of `offer` is there,
    /// each duty, each obligation. A provider that offered `offer` may agree to this policy instead.
    ///
    /// Each left operand is taken by itself, and has a value. Bounded work: what needs more is `unknown`.
    /// - Parameter world: which place or concept lies in which.
    package func isAtLeastAsStrict(
        as offer: Policy, within scope: ComparisonScope = ComparisonScope(), in world: PolicyWorld = PolicyWorld(now: nil),
        library: [String: Policy] = [:]
    ) -> Strictness {
        compared(offer, scope, world, library) { $0.strictness() }
    }

    /// Whether this policy permits every request that `need` permits, whatever duties it asks for; see `newDuties(comparedTo:)`. A
    /// consumer that looks for `need` may accept this policy.
    package func isAtLeastAsWide(
        as need: Policy, within scope: ComparisonScope = ComparisonScope(), in world: PolicyWorld = PolicyWorld(now: nil),
        library: [String: Policy] = [:]
    ) -> Strictness {
        need.compared(self, scope, world, library) { $0.permittedElsewhere() }
    }

    /// The duties and obligations of this policy that `other` does not have in the same words. They come with its use.
    package func newDuties(comparedTo other: Policy) -> [Duty] {
        let known = Set((other.permissions.flatMap(\.duties) + other.obligations).map(NormalForm.duty))
        return (permissions.flatMap(\.duties) + obligations).filter { !known.contains(NormalForm.duty($0)) }
    }

    package func relation(
        to other: Policy, within scope: ComparisonScope = ComparisonScope(), in world: PolicyWorld = PolicyWorld(now: nil),
        library: [String: Policy] = [:]
    ) -> PolicyRelation {
        func relation(
            _ kind: PolicyRelation.Kind, _ breach: PolicyBreach? = nil, _ reverse: PolicyBreach? = nil, common: PolicyWitness? = nil,
            reason: LocalizedText? = nil
        ) -> PolicyRelation {
            PolicyRelation(kind: kind, breach: breach, reverseBreach: reverse, common: common, reason: reason)
        }
        let here = isAtLeastAsStrict(as: other, within: scope, in: world, library: library)
        let there = other.isAtLeastAsStrict(as: self, within: scope, in: world, library: library)
        switch (here, there) {
        case (.yes, .yes): return relation(.equivalent)
        case (.yes, .no(let breach)): return relation(.stricter, nil, breach)
        case (.no(let breach), .yes): return relation(.wider, breach)
        case (.unknown(let reason), _), (_, .unknown(let reason)): return relation(.unknown, reason: reason)
        case (.no(let breach), .no(let reverse)):
            guard let pair = PolicyPair(self, other, scope, world, library) else {
                return relation(.unknown, breach, reverse, reason: PolicyPair.missingParent)
            }
            switch pair.common() {
            case .unsatisfiable: return relation(.disjoint, breach, reverse)
            case .satisfiable(let witness):
                guard pair.isCommon(witness) else { return relation(.unknown, breach, reverse, reason: PolicyPair.notConfirmed) }
                return relation(.overlapping, breach, reverse, common: witness)
            case .undecided: return relation(.unknown, breach, reverse, reason: PolicyPair.tooMuchWork)
            }
        }
    }

    private func compared(
        _ other: Policy, _ scope: ComparisonScope, _ world: PolicyWorld, _ library: [String: Policy], _ ask: (PolicyPair) -> Strictness
    ) -> Strictness {
        guard let pair = PolicyPair(self, other, scope, world, library) else { return .unknown(PolicyPair.missingParent) }
        let answer = ask(pair)
        guard case .yes = answer, pair.hasClausesDecidedElsewhere else { return answer }
        // Clauses that a decision leaves out (contract text, facts of the other side) must not be what makes the difference.
        for side in [EvaluationSide.provider, .consumer] {
            guard let rest = PolicyPair(self, other, scope, world, library, reading: .withoutElsewhere(side)) else { continue }
            guard case .yes = ask(rest) else { return .unknown(PolicyPair.decidedElsewhere) }
        }
        return .yes
    }
}

/// Two policies put into statements about the same request.
private struct PolicyPair {
    static let missingParent = LocalizedText("a policy inherits from one that is not at hand", "策略继承自本节点没有的策略")
    static let tooMuchWork = LocalizedText(
        "the policies are too intricate to compare within the limit of work", "策略过于复杂，超出比较的计算上限")
    static let notConfirmed = LocalizedText(
        "the difference rests on clauses whose value is not in the policies, such as references", "差异取决于策略之外的取值(如引用)，无法确定")
    static let decidedElsewhere = LocalizedText(
        "the policies differ once clauses that no machine here decides are left out", "去除不由本机判定的条款之后，两份策略不同")
    static let otherDuty = LocalizedText(
        "a duty is about the same action in other words, and nothing says which is stricter", "同一行为的义务表述不同，无法判定哪一方更严格")

    /// One policy: a statement for each rule, in order.
    private struct Side {
        let policy: Policy
        let permissions: [Statement]
        let prohibitions: [Statement]

        init(_ policy: Policy, _ problem: inout ComparisonProblem, _ reading: ComparisonProblem.Reading) {
            self.policy = policy
            var statements: [Statement] = []
            for rule in policy.permissions { statements.append(problem.rule(rule.terms, .permission, reading)) }
            permissions = statements
            statements = []
            for rule in policy.prohibitions { statements.append(problem.rule(rule.terms, .prohibition, reading)) }
            prohibitions = statements
        }

        var isPermitted: Statement { .every([.any(permissions), isNotForbidden]) }

        /// A prohibition that also applies takes the permission away, unless the policy says otherwise.
        var isNotForbidden: Statement { policy.conflict == .perm ? .constant(true) : .not(.any(prohibitions)) }
    }

    private let first: Side
    private let second: Side
    private let scope: Statement
    private let world: PolicyWorld
    private let problem: PreparedProblem
    private let reading: ComparisonProblem.Reading

    init?(
        _ first: Policy, _ second: Policy, _ scope: ComparisonScope, _ world: PolicyWorld, _ library: [String: Policy],
        reading: ComparisonProblem.Reading = .full
    ) {
        let (whole, unresolved) = first.inherited(library)
        let (other, otherUnresolved) = second.inherited(library)
        guard unresolved.isEmpty, otherUnresolved.isEmpty else { return nil }
        var problem = ComparisonProblem(
            hierarchy: Hierarchy(of: world), withoutUnit: true, budget: ComparisonProblem.standardBudget)
        self.first = Side(whole, &problem, reading)
        self.second = Side(other, &problem, reading)
        self.scope = problem.scope(scope)
        self.world = world
        self.reading = reading
        self.problem = problem.prepared()
    }

    var hasClausesDecidedElsewhere: Bool {
        reading == .full && (first.policy.mentionsElsewhere || second.policy.mentionsElsewhere)
    }

    func common() -> ComparisonProblem.Answer { problem.solve(.every([scope, first.isPermitted, second.isPermitted])) }

    func isCommon(_ witness: PolicyWitness) -> Bool {
        permits(first.policy, witness).isPermitted && permits(second.policy, witness).isPermitted
    }

    /// Whether the second policy permits all that the first permits.
    func permittedElsewhere() -> Strictness {
        let beyond = Statement.every([scope, first.isPermitted, .not(second.isPermitted)])
        switch problem.solve(beyond) {
        case .unsatisfiable: return .yes
        case .undecided: return .unknown(PolicyPair.tooMuchWork)
        case .satisfiable(let witness):
            let here = permits(first.policy, witness)
            let there = permits(second.policy, witness)
            guard here.isPermitted, !there.isPermitted else { return .unknown(PolicyPair.notConfirmed) }
            return .no(
                PolicyBreach(
                    kind: .wider, pointer: here.permission ?? .root, otherPointer: there.prohibition ?? .root, witness: witness))
        }
    }

    /// Whether the first policy is at least as strict as the second.
    func strictness() -> Strictness {
        var doubt: LocalizedText?
        for check in [permittedElsewhere, keepsProhibitions, keepsDuties, keepsObligations] {
            switch check() {
            case .yes: break
            case .no(let breach): return .no(breach)
            case .unknown(let reason): doubt = doubt ?? reason
            }
        }
        return doubt.map { .unknown($0) } ?? .yes
    }

    /// A prohibition stands for itself: it binds the parties also where nothing is permitted.
    private func keepsProhibitions() -> Strictness {
        for (index, rule) in second.policy.prohibitions.enumerated() {
            let remedies = Set(rule.remedies.map(NormalForm.duty))
            let kept = first.policy.prohibitions.indices.filter {
                remedies.isSubset(of: Set(first.policy.prohibitions[$0].remedies.map(NormalForm.duty)))
            }
            let answer = problem.solve(
                .every([scope, second.prohibitions[index], .not(.any(kept.map { first.prohibitions[$0] }))]))
            switch answer {
            case .unsatisfiable: continue
            case .undecided: return .unknown(PolicyPair.tooMuchWork)
            case .satisfiable(let witness):
                let forbidding = permits(first.policy, witness).prohibition
                guard permits(second.policy, witness).prohibition != nil else { return .unknown(PolicyPair.notConfirmed) }
                // Forbidden all the same, with other remedies.
                if forbidding != nil { return .unknown(PolicyPair.otherDuty) }
                return .no(
                    PolicyBreach(kind: .prohibitionDropped, pointer: .root, otherPointer: rule.terms.pointer, witness: witness))
            }
        }
        return .yes
    }

    /// Whatever a permission of the first policy allows, one of the second allows for no further duty.
    private func keepsDuties() -> Strictness {
        guard second.policy.permissions.contains(where: { !$0.duties.isEmpty }) else { return .yes }
        let required = second.policy.permissions.map { Set($0.duties.map(NormalForm.duty)) }
        for (index, rule) in first.policy.permissions.enumerated() {
            let own = Set(rule.duties.map(NormalForm.duty))
            let covering = required.indices.filter { required[$0].isSubset(of: own) }
            let answer = problem.solve(
                .every([
                    scope, first.permissions[index], first.isNotForbidden, .not(.any(covering.map { second.permissions[$0] })),
                ]))
            switch answer {
            case .unsatisfiable: continue
            case .undecided: return .unknown(PolicyPair.tooMuchWork)
            case .satisfiable(let witness):
                guard !witness.restsOnOpaque, permits(first.policy, witness).isPermitted else {
                    return .unknown(PolicyPair.notConfirmed)
                }
                let missing = second.policy.permissions.filter { permits(second.policy, witness).permissions.contains($0.terms.pointer) }
                    .flatMap(\.duties).first { !own.contains(NormalForm.duty($0)) }
                // Without one the request is beyond the second policy altogether, which was found before.
                guard let missing else { return .unknown(PolicyPair.notConfirmed) }
                if isAboutSameActions(missing, rule.duties) { return .unknown(PolicyPair.otherDuty) }
                return .no(
                    PolicyBreach(
                        kind: .dutyDropped, pointer: rule.terms.pointer, otherPointer: missing.terms.pointer, witness: witness))
            }
        }
        return .yes
    }

    private func keepsObligations() -> Strictness {
        let own = Set(first.policy.obligations.map(NormalForm.duty))
        for duty in second.policy.obligations where !own.contains(NormalForm.duty(duty)) {
            if isAboutSameActions(duty, first.policy.obligations) { return .unknown(PolicyPair.otherDuty) }
            return .no(PolicyBreach(kind: .obligationDropped, pointer: .root, otherPointer: duty.terms.pointer, witness: nil))
        }
        return .yes
    }

    private func isAboutSameActions(_ duty: Duty, _ others: [Duty]) -> Bool {
        let actions = Set(duty.terms.actions.map(\.action))
        return others.contains { !actions.isDisjoint(with: $0.terms.actions.map(\.action)) }
    }

    /// What the evaluator says of a witness. A witness that it does not confirm is none.
    private func permits(
        _ policy: Policy, _ witness: PolicyWitness
    ) -> (isPermitted: Bool, permission: JSONPointer?, permissions: Set<JSONPointer>, prohibition: JSONPointer?) {
        let input = EvaluationInput(
            request: witness.request, world: witness.world(in: world), point: nil, conditionMode: .eventual)
        let applying = Evaluated(PreparedPolicy(policy, library: [:]), input).reports.filter { $0.applies == .satisfied }
        let permitting = applying.filter { $0.kind == .permission }.map(\.pointer)
        let forbidding = applying.filter { $0.kind == .prohibition }.map(\.pointer)
        return (
            !permitting.isEmpty && (forbidding.isEmpty || policy.conflict == .perm), permitting.first, Set(permitting), forbidding.first
        )
    }
}

extension Hierarchy {
    init(of world: PolicyWorld) {
        let isStandard = world.regions?.version == RegionHierarchy.standard.version
        if isStandard, world.broader.isEmpty, world.memberOf.isEmpty {
            self = .standardRegions
        } else {
            self.init([world.broader, world.memberOf, world.regions?.broader ?? [:]])
        }
    }
}

extension Policy {
    /// Whether some clause of a rule is about contract text, or about what only one side knows.
    fileprivate var mentionsElsewhere: Bool {
        func mentions(_ nodes: [ConstraintNode]) -> Bool {
            nodes.contains { node in
                switch node {
                case .atomic(let constraint): OperandTable.mayBeDecidedElsewhere(constraint.leftOperand, on: .consumer)
                case .logical(let logical): mentions(logical.constraints)
                }
            }
        }
        return (permissions.map(\.terms) + prohibitions.map(\.terms)).contains { terms in
            mentions(terms.constraints) || terms.actions.contains { mentions($0.refinements) }
        }
    }
}
