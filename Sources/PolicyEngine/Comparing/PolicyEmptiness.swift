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
        func check(_ terms: RuleTerms, _ what: String, _ severity: PolicyFinding.Severity) {
            // Enough for people to see what is wrong, and an end to the work on a hostile policy.
            guard findings.count < 100, !terms.isPlainlyPossible, let pointer = contradiction(terms, hierarchy) else { return }
            findings.append(Policy.neverApplies(pointer, what, severity))
        }
        for permission in permissions {
            check(permission.terms, "the permission", .error)
            for duty in permission.duties { check(duty.terms, "the duty", .warning) }
        }
        for prohibition in prohibitions { check(prohibition.terms, "the prohibition", .warning) }
        for duty in obligations { check(duty.terms, "the obligation", .warning) }
        let places = Set(findings.map(\.pointer))
        findings += alwaysForbidden(hierarchy).filter { finding in
            !places.contains { $0.description.hasPrefix(finding.pointer.description + "/") || $0 == finding.pointer }
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

    private func alwaysForbidden(_ hierarchy: Hierarchy) -> [PolicyFinding] {
        guard conflict != .perm, permissions.contains(where: isForbiddenByName),
            let (permitted, forbidden, problem) = statements(hierarchy)
        else { return [] }
        return permissions.indices.compactMap { index in
            guard isForbiddenByName(permissions[index]) else { return nil }
            guard case .unsatisfiable = problem.solve(.every([permitted[index], .not(.any(forbidden))])) else { return nil }
            return PolicyFinding(
                severity: .warning, code: "policy.never-applies", pointer: permissions[index].terms.pointer,
                message: "the prohibitions of the policy cover all that this permission allows, so it never applies",
                hint: "narrow the prohibitions, or remove the permission")
        }
    }

    /// Whether some prohibition speaks of each action of the permission: without that they cannot cover it.
    private func isForbiddenByName(_ permission: Permission) -> Bool {
        permission.terms.actions.allSatisfy { permitted in
            prohibitions.contains { rule in
                rule.terms.actions.isEmpty
                    || rule.terms.actions.contains { ActionHierarchy.standard.reaches(permitted.action, $0.action) }
            }
        }
    }

    private func pointlessProhibitions(in world: PolicyWorld) -> [PolicyFinding] {
        guard let (permitted, forbidden, problem) = statements(Hierarchy(of: world)) else { return [] }
        return prohibitions.indices.compactMap { index in
            guard case .unsatisfiable = problem.solve(.every([forbidden[index], .any(permitted)])) else { return nil }
            return PolicyFinding(
                severity: .warning, code: "policy.prohibition-without-effect", pointer: prohibitions[index].terms.pointer,
                message: "nothing that the policy permits is touched by this prohibition",
                hint: "it stands as contract text; what no permission allows is refused anyway")
        }
    }

    /// Nil without prohibitions, and for more rules than people write.
    private func statements(_ hierarchy: Hierarchy) -> (permitted: [Statement], forbidden: [Statement], PreparedProblem)? {
        guard !prohibitions.isEmpty, !permissions.isEmpty, prohibitions.count <= 100, permissions.count <= 100 else { return nil }
        var problem = ComparisonProblem(hierarchy: hierarchy, withoutUnit: true, budget: ComparisonProblem.ruleBudget)
        var permitted: [Statement] = []
        for rule in permissions { permitted.append(problem.rule(rule.terms, .permission, .full)) }
        var forbidden: [Statement] = []
        for rule in prohibitions { forbidden.append(problem.rule(rule.terms, .prohibition, .full)) }
        return (permitted, forbidden, problem.prepared())
    }
}

extension RuleTerms {
    /// Whether it is plain without search that the clauses can hold together: each is about another operand and can hold alone.
    fileprivate var isPlainlyPossible: Bool {
        guard actions.allSatisfy(\.refinements.isEmpty) else { return false }
        var seen: [IRI] = []
        for node in constraints {
            guard seen.count < 16, case .atomic(let constraint) = node, !seen.contains(constraint.leftOperand),
                constraint.isPlainlyPossible
            else { return false }
            seen.append(constraint.leftOperand)
        }
        return true
    }
}

extension Constraint {
    fileprivate var isPlainlyPossible: Bool {
        guard let operation, let sort = OperandTable.info(leftOperand)?.sort, sort.operators.contains(operation),
            rightOperandReferences.isEmpty, !rightOperand.isEmpty, rightOperand.allSatisfy(sort.accepts)
        else { return false }
        switch operation {
        case .gt, .gteq: return true
        case .lt, .lteq, .eq: return rightOperand.allSatisfy { $0.isAboveZero && ($0.isWhole || sort != .counter) }
        case .neq: return sort != .boolean
        case .isA, .hasPart, .isPartOf, .isAllOf, .isAnyOf, .isNoneOf: return true
        }
    }
}

extension PolicyValue {
    fileprivate var isAboveZero: Bool {
        switch content {
        case .number(let number): number > ExactDecimal(0)
        case .duration(let span): span > Span(seconds: 0, nanoseconds: 0)
        case .instant, .iri, .text, .boolean, .other: true
        }
    }

    fileprivate var isWhole: Bool {
        if case .number(let number) = content { return number.isInteger }
        return true
    }
}
