// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Why a decision is as it is: the rules with their premises and clauses as the policy nests them, the value that each clause looked
/// at and where it came from, duties, and for a refusal the smallest change that would turn it into a permit.
///
/// Made from a decision when somebody asks, never while deciding. JSON, English, Chinese and the form for the peer are all written from
/// this one structure.
package struct Explanation: Sendable {
    package enum Audience: String, Sendable, Hashable {
        /// The people of this node: everything.
        case own
        /// The other side: the agreed policy and its own values.
        case peer
    }

    package struct Clause: Sendable {
        /// Whose values the clause looks at.
        enum Subject { case request, resource }

        let subject: Subject
        package let id: String?
        package let pointer: JSONPointer
        /// Nil where it is not disclosed.
        package internal(set) var state: Truth?
        /// Nil for a logical clause.
        package let leftOperand: IRI?
        package let operation: Operator?
        package let logical: LogicalConstraint.Operand?
        package internal(set) var left: [PolicyValue]
        /// As the policy writes it, and after it what its references stood for.
        package internal(set) var right: [PolicyValue]
        /// How many of `right` the policy itself writes.
        let written: Int
        package let references: [String]
        /// Nil for a logical clause, and where it is not disclosed.
        package internal(set) var source: ValueSource?
        package internal(set) var isLeftDisclosed: Bool
        package internal(set) var parts: [Clause]
    }

    package struct Premise: Sendable {
        package let kind: PremiseReport.Kind
        package internal(set) var state: Truth?
        package let asked: String?
        /// What the rule names.
        package let named: [String]
        /// Decided by membership of a collection or by what the world says of a party or an asset.
        let isByMembership: Bool
    }

    package struct DutyLine: Sendable {
        package let id: String?
        package let pointer: JSONPointer
        package let actions: [IRI]
        package let phase: DutyReport.Phase
        package internal(set) var activation: Truth?
        package internal(set) var state: DeonticState?
        package let deadline: Timestamp?
        package internal(set) var clauses: [Clause]
        package internal(set) var consequences: [DutyLine]
        /// Who must act; empty is whoever uses the data.
        let assignees: [String]
    }

    package struct Rule: Sendable {
        package let name: String
        package let kind: RuleReport.Kind
        package let pointer: JSONPointer
        package let actions: [IRI]
        package internal(set) var applies: Truth?
        /// The outcome rests on it.
        package let isBasis: Bool
        package internal(set) var deontic: DeonticState?
        package let deadline: Timestamp?
        package internal(set) var premises: [Premise]
        package internal(set) var refinements: [Clause]
        package internal(set) var clauses: [Clause]
        /// Duties of a permission, remedies of a prohibition, consequences of an obligation.
        package internal(set) var duties: [DutyLine]
        /// From a parent policy, which the peer need not know.
        let isInherited: Bool
    }

    package internal(set) var audience: Audience
    package let outcome: Decision.Outcome
    package internal(set) var code: String
    package internal(set) var message: LocalizedText
    package let policyID: String?
    package let requestID: String?
    package let point: EvaluationPoint
    package let side: EvaluationSide
    package let decidedAt: Timestamp?
    package let action: IRI?
    package let party: String?
    package let target: String?
    package internal(set) var rules: [Rule]
    package internal(set) var reasons: [Reason]
    package let deferred: [IRI]
    /// For a refusal: what would change it.
    package internal(set) var repair: Repair?
    package internal(set) var unresolvedParents: [String]
    let ownParents: [String]

    /// - Parameters: those that made `decision`.
    package init(
        _ decision: Decision, of policy: Policy, for request: PolicyRequest, in world: PolicyWorld,
        options: EvaluationOptions = EvaluationOptions()
    ) {
        let whole = policy.inherited(options.library).policy
        audience = .own
        outcome = decision.outcome
        code = decision.code
        message = decision.message
        policyID = decision.policyID
        requestID = decision.requestID
        point = decision.point
        side = options.side
        decidedAt = decision.decidedAt
        action = request.action
        party = request.party
        target = request.target
        rules = Explanation.rules(decision, of: whole, own: policy, for: request)
        reasons = decision.reasons
        deferred = decision.deferred
        unresolvedParents = decision.unresolvedParents
        ownParents = policy.inheritFrom
        repair = nil
        if !decision.isOpen {
            var search = RepairSearch(policy: policy, whole: whole, request: request, world: world, point: decision.point, options: options)
            repair = search.repair(rules, unresolved: decision.unresolvedParents)
        }
    }
}

extension Policy {
    /// The decision on `request`, and why.
    package func explain(
        _ request: PolicyRequest, in world: PolicyWorld, at point: EvaluationPoint, options: EvaluationOptions = EvaluationOptions()
    ) -> Explanation {
        Explanation(evaluate(request, in: world, at: point, options: options), of: self, for: request, in: world, options: options)
    }
}

// MARK: Putting reports and policy together

extension Explanation {
    private static func rules(_ decision: Decision, of whole: Policy, own: Policy, for request: PolicyRequest) -> [Rule] {
        let basis = Set(decision.basis)
        var rules: [Rule] = []
        var remaining = decision.rules[...]
        /// The report of a rule; reports stand in the order of the policy.
        func report(_ kind: RuleReport.Kind, _ terms: RuleTerms) -> RuleReport? {
            guard let index = remaining.firstIndex(where: { $0.kind == kind && $0.pointer == terms.pointer && $0.id == terms.id }) else {
                return nil
            }
            defer { remaining = remaining[(index + 1)...] }
            return remaining[index]
        }
        func add(_ kind: RuleReport.Kind, _ terms: RuleTerms, _ nested: [Duty], isInherited: Bool) {
            guard let report = report(kind, terms) else { return }
            let duties = kind == .permission ? report.conditions : kind == .prohibition ? report.remedies : report.consequences
            rules.append(
                Rule(
                    name: report.name, kind: kind, pointer: report.pointer, actions: report.actions, applies: report.applies,
                    isBasis: basis.contains(report.name), deontic: report.deontic, deadline: report.deadline,
                    premises: report.premises.map { premise($0, terms, request) }, refinements: refinements(report.refinements, terms),
                    clauses: clauses(terms.constraints, report.constraints, .request),
                    duties: zip(nested, duties).map { duty($0, $1) }, isInherited: isInherited))
        }
        for (index, permission) in whole.permissions.enumerated() {
            add(.permission, permission.terms, permission.duties, isInherited: index >= own.permissions.count)
        }
        for (index, prohibition) in whole.prohibitions.enumerated() {
            add(.prohibition, prohibition.terms, prohibition.remedies, isInherited: index >= own.prohibitions.count)
        }
        for (index, obligation) in whole.obligations.enumerated() {
            add(.obligation, obligation.terms, obligation.consequences, isInherited: index >= own.obligations.count)
        }
        return rules
    }

    private static func premise(_ report: PremiseReport, _ terms: RuleTerms, _ request: PolicyRequest) -> Premise {
        switch report.kind {
        case .action:
            Premise(
                kind: .action, state: report.state, asked: request.action?.description, named: terms.actions.map(\.action.description),
                isByMembership: false)
        case .target, .party:
            {
                let resources = report.kind == .target ? terms.targets : terms.assignees
                return Premise(
                    kind: report.kind, state: report.state, asked: report.kind == .target ? request.target : request.party,
                    named: resources.compactMap { $0.id ?? $0.source }, isByMembership: resources.contains { $0.isCollection })
            }()
        }
    }

    private static func duty(_ duty: Duty, _ report: DutyReport) -> DutyLine {
        DutyLine(
            id: report.id, pointer: report.pointer, actions: report.actions, phase: report.phase, activation: report.activation,
            state: report.deontic, deadline: report.deadline, clauses: clauses(duty.terms.constraints, report.constraints, .request),
            consequences: zip(duty.consequences, report.consequences).map { self.duty($0, $1) },
            assignees: duty.terms.assignees.compactMap { $0.id ?? $0.source })
    }

    /// The refinements of a rule belong to one of its actions, then to one of its targets, then to one of its assignees: those that the
    /// decision took as the best match.
    private static func refinements(_ reports: [ConstraintReport], _ terms: RuleTerms) -> [Clause] {
        var rest = reports[...]
        var found: [Clause] = []
        func take(_ candidates: [[ConstraintNode]], _ subject: Clause.Subject) {
            for nodes in candidates where !nodes.isEmpty && !rest.isEmpty {
                var trial = rest
                if let clauses = nest(nodes, &trial, subject, whole: false) {
                    found += clauses
                    rest = trial
                    return
                }
            }
        }
        take(terms.actions.map(\.refinements), .request)
        take(terms.targets.map(\.refinements), .resource)
        take(terms.assignees.map(\.refinements), .resource)
        return found + rest.map { clause($0, nil, [], .resource) }
    }

    private static func clauses(_ nodes: [ConstraintNode], _ reports: [ConstraintReport], _ subject: Clause.Subject) -> [Clause] {
        var rest = reports[...]
        return nest(nodes, &rest, subject, whole: true) ?? reports.map { clause($0, nil, [], subject) }
    }

    /// Reports stand in the order in which a reader meets the clauses, a logical one before its parts. Nil when they are of other clauses.
    private static func nest(
        _ nodes: [ConstraintNode], _ reports: inout ArraySlice<ConstraintReport>, _ subject: Clause.Subject, whole: Bool
    ) -> [Clause]? {
        var found: [Clause] = []
        for node in nodes {
            guard let report = reports.first, report.pointer == node.pointer else { return nil }
            reports.removeFirst()
            switch node {
            case .atomic(let constraint): found.append(clause(report, constraint, [], subject))
            case .logical(let logical):
                guard let parts = nest(logical.constraints, &reports, subject, whole: false) else { return nil }
                found.append(clause(report, nil, parts, subject))
            }
        }
        return whole && !reports.isEmpty ? nil : found
    }

    private static func clause(
        _ report: ConstraintReport, _ constraint: Constraint?, _ parts: [Clause], _ subject: Clause.Subject
    ) -> Clause {
        Clause(
            subject: subject, id: report.id, pointer: report.pointer, state: report.state, leftOperand: report.leftOperand,
            operation: report.operation, logical: report.logical, left: report.left, right: report.right,
            written: constraint?.rightOperand.count ?? 0, references: constraint?.rightOperandReferences ?? [], source: report.source,
            isLeftDisclosed: true, parts: parts)
    }
}
