// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

extension Policy {
    /// Rules that can never do anything: clauses of a permission that contradict each other (an error), permissions that a prohibition
    /// always contradicts, and prohibitions of what nothing permits (of its own code, as they may be meant as contract text).
    ///
    /// Time does not count: a window in the past is not empty. What cannot be decided within the limit of work is not found.
    package func emptiness(in world: PolicyWorld = PolicyWorld(now: nil)) -> [PolicyFinding] {
        contradictions(in: world) + pointlessProhibitions(in: world)
    }

    func contradictions(in world: PolicyWorld = PolicyWorld(now: nil)) -> [PolicyFinding] {
        var findings: [PolicyFinding] = []
        let hierarchy = Hierarchy(of: world)
        for permission in permissions {
            if let pointer = contradiction(permission.terms, hierarchy) {
                findings.append(Policy.neverApplies(pointer, "the permission", .error))
            } else if conflict != .perm, isAlwaysForbidden(permission, hierarchy) {
                findings.append(
                    PolicyFinding(
                        severity: .warning, code: "policy.never-applies",
                        pointer: permission.terms.pointer,
                        message: "the prohibitions of the policy cover all that this permission allows, so it never applies",
                        hint: "narrow the prohibitions, or remove the permission"))
            }
            for duty in permission.duties {
                guard let pointer = contradiction(duty.terms, hierarchy) else { continue }
                findings.append(Policy.neverApplies(pointer, "the duty", .warning))
            }
        }
        for prohibition in prohibitions {
            if let pointer = contradiction(prohibition.terms, hierarchy) {
                findings.append(Policy.neverApplies(pointer, "the prohibition", .warning))
            }
        }
        for duty in obligations {
            if let pointer = contradiction(duty.terms, hierarchy) {
                findings.append(Policy.neverApplies(pointer, "the obligation", .warning))
            }
        }
        return findings
    }

    private static func neverApplies(_ pointer: JSONPointer, _ what: String, _ severity: PolicyFinding.Severity) -> PolicyFinding {
        PolicyFinding(
            severity: severity, code: "policy.never-applies", pointer: pointer,
            message: "this clause contradicts the others of its rule, so \(what) can never apply",
            hint: "remove one of the clauses, or write alternatives as `or`")
    }

    /// The first clause that together with those before it leaves no request; nil when the rule can apply.
    private func contradiction(_ terms: RuleTerms, _ hierarchy: Hierarchy) -> JSONPointer? {
        let refinements = terms.actions.flatMap(\.refinements)
        guard terms.constraints.count + refinements.count > 0, !isEmpty(terms, nil, hierarchy) else {
            guard terms.constraints.count + refinements.count > 0 else { return nil }
            return (1...max(1, min(terms.constraints.count, 200))).first { isEmpty(terms, $0, hierarchy) }
                .flatMap { terms.constraints.indices.contains($0 - 1) ? terms.constraints[$0 - 1].pointer : nil } ?? terms.pointer
        }
        return nil
    }

    /// Whether no request satisfies the rule with its first `count` constraints, or with all.
    private func isEmpty(_ terms: RuleTerms, _ count: Int?, _ hierarchy: Hierarchy) -> Bool {
        var problem = ComparisonProblem(hierarchy: hierarchy, withoutUnit: true, budget: ComparisonProblem.ruleBudget)
        let part = RuleTerms(
            id: nil, pointer: terms.pointer, actions: terms.actions, targets: [], assignees: [], assigners: [], parties: [:],
            constraints: Array(terms.constraints.prefix(count ?? terms.constraints.count)))
        let statement = problem.requests(of: part, clauses: .full)
        guard case .unsatisfiable = problem.solve(statement) else { return false }
        return true
    }

    private func isAlwaysForbidden(_ permission: Permission, _ hierarchy: Hierarchy) -> Bool {
        // Enough for policies that people write.
        guard !prohibitions.isEmpty, prohibitions.count <= 100, permissions.count <= 100 else { return false }
        var problem = ComparisonProblem(hierarchy: hierarchy, withoutUnit: true, budget: ComparisonProblem.ruleBudget)
        let own = problem.rule(permission.terms, .permission, .full)
        var against: [Statement] = []
        for rule in prohibitions { against.append(problem.rule(rule.terms, .prohibition, .full)) }
        guard case .unsatisfiable = problem.solve(.every([own, .not(.any(against))])) else { return false }
        return true
    }

    private func pointlessProhibitions(in world: PolicyWorld) -> [PolicyFinding] {
        guard prohibitions.count * permissions.count <= 10_000 else { return [] }
        let hierarchy = Hierarchy(of: world)
        return prohibitions.compactMap { rule in
            var problem = ComparisonProblem(hierarchy: hierarchy, withoutUnit: true, budget: ComparisonProblem.ruleBudget)
            let own = problem.rule(rule.terms, .prohibition, .full)
            var permitted: [Statement] = []
            for permission in permissions { permitted.append(problem.rule(permission.terms, .permission, .full)) }
            guard case .unsatisfiable = problem.solve(.every([own, .any(permitted)])) else { return nil }
            return PolicyFinding(
                severity: .warning, code: "policy.prohibition-without-effect", pointer: rule.terms.pointer,
                message: "nothing that the policy permits is touched by this prohibition",
                hint: "it stands as contract text; what no permission allows is refused anyway")
        }
    }
}
