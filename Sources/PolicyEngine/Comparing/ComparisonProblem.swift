// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// Puts policies into statements about one request, and asks whether some request makes a statement true.
struct ComparisonProblem {
    /// Enough for pairs of a thousand clauses; a question that needs more is left undecided.
    static let standardBudget = 20_000_000
    static let largeBudget = 200_000_000
    /// For one rule when a policy is registered.
    static let ruleBudget = 2_000_000

    /// How clauses are read that no value decides.
    enum Reading: Equatable {
        /// Two-valued, as `policy evaluate` does it: an unknown operator never holds.
        case asWritten
        /// As an exchange evaluates: `event lt odrl:policyUsage` is a marker, an unknown operator may do anything.
        case full
        /// Likewise, without the clauses that are decided elsewhere.
        case withoutElsewhere(EvaluationSide)
    }

    enum Answer {
        case unsatisfiable
        case satisfiable(PolicyWitness)
        case undecided

        var isDecided: Bool {
            switch self {
            case .unsatisfiable: true
            case .satisfiable(let witness): !witness.restsOnOpaque
            case .undecided: false
            }
        }
    }

    private var space: StatementSpace
    private let budget: Int

    init(hierarchy: Hierarchy, withoutUnit: Bool, budget: Int) {
        space = StatementSpace(hierarchy: hierarchy, withoutUnit: withoutUnit)
        self.budget = budget
    }

    /// May be asked several times; statements made before stay valid.
    func solve(_ statement: Statement) -> Answer { PreparedProblem(space, budget: budget).solve(statement) }

    func prepared() -> PreparedProblem { PreparedProblem(space, budget: budget) }

    // MARK: Statements

    /// The requests that some permission describes by its clauses alone, whatever action, party and target it is about.
    mutating func requests(of policy: Policy, clauses reading: Reading) -> Statement {
        var parts: [Statement] = []
        for permission in policy.permissions { parts.append(requests(of: permission.terms, clauses: reading)) }
        return .any(parts)
    }

    /// The same for one rule.
    mutating func requests(of terms: RuleTerms, clauses reading: Reading) -> Statement {
        let own = clauses(terms.constraints, reading, AxisKey.Subject.request) ?? .constant(true)
        guard !terms.actions.isEmpty else { return own }
        var refined: [Statement] = []
        for action in terms.actions { refined.append(clauses(action.refinements, reading, AxisKey.Subject.request) ?? .constant(true)) }
        return .every([own, .any(refined)])
    }

    /// The requests that one clause takes.
    mutating func clause(_ node: ConstraintNode) -> Statement {
        clause(node, .full, AxisKey.Subject.request) ?? .constant(true)
    }

    /// The requests that a rule is about.
    mutating func rule(_ terms: RuleTerms, _ kind: RuleReport.Kind, _ reading: Reading) -> Statement {
        var parts: [Statement] = []
        if !terms.actions.isEmpty {
            parts.append(
                .any(
                    terms.actions.map { term in
                        let isMeant = space.isAction(term.action)
                        guard let refined = clauses(term.refinements, reading, AxisKey.Subject.request) else { return isMeant }
                        return .every([isMeant, refined])
                    }))
        }
        for (subject, resources) in [(AxisKey.Subject.target, terms.targets), (.party, terms.assignees)] where !resources.isEmpty {
            parts.append(.any(resources.map { resource($0, subject, reading) }))
        }
        parts.append(clauses(terms.constraints, reading, AxisKey.Subject.request) ?? .constant(kind != .prohibition))
        return .every(parts)
    }

    /// The requests that are about this target and come from this party.
    mutating func scope(_ scope: ComparisonScope) -> Statement {
        var parts: [Statement] = []
        if let target = scope.target { parts.append(space.isNamed(.target, target)) }
        if let party = scope.party { parts.append(space.isNamed(.party, party)) }
        return .every(parts)
    }

    private mutating func resource(_ resource: Resource, _ subject: AxisKey.Subject, _ reading: Reading) -> Statement {
        var named: [Statement] = []
        let ids = resource.isCollection ? [resource.id, resource.source] : [resource.id]
        for id in ids.compactMap({ $0 }) {
            named.append(space.isNamed(subject, id))
            if resource.isCollection { named.append(space.fact(.member(subject, of: id))) }
        }
        // A collection that only a refinement describes takes everything that the refinement takes.
        let isDescribed = resource.id == nil && resource.source == nil && !resource.refinements.isEmpty
        let isMeant: Statement = isDescribed ? .constant(true) : .any(named)
        let refined = clauses(resource.refinements, reading) { subject == .party ? .partyProperty($0) : .targetProperty($0) }
        return refined.map { .every([isMeant, $0]) } ?? isMeant
    }

    /// Nil when no clause is decided here; no clause at all holds.
    private mutating func clauses(
        _ nodes: [ConstraintNode], _ reading: Reading, _ subject: (IRI) -> AxisKey.Subject
    ) -> Statement? {
        guard !nodes.isEmpty else { return .constant(true) }
        var parts: [Statement] = []
        for node in nodes { if let part = clause(node, reading, subject) { parts.append(part) } }
        return parts.isEmpty ? nil : .every(parts)
    }

    private mutating func clause(
        _ node: ConstraintNode, _ reading: Reading, _ subject: (IRI) -> AxisKey.Subject
    ) -> Statement? {
        switch node {
        case .atomic(let constraint): return atomic(constraint, reading, subject(constraint.leftOperand))
        case .logical(let logical):
            guard let operand = logical.operand else { return unreadable(reading, logical.pointer) }
            var parts: [Statement] = []
            for inner in logical.constraints { if let part = clause(inner, reading, subject) { parts.append(part) } }
            if parts.isEmpty, !logical.constraints.isEmpty { return nil }
            switch operand {
            case .and, .andSequence: return .every(parts)
            case .or: return .any(parts)
            case .xone: return .exactlyOne(parts)
            }
        }
    }

    private mutating func atomic(_ constraint: Constraint, _ reading: Reading, _ subject: AxisKey.Subject) -> Statement? {
        guard let operation = constraint.operation else { return unreadable(reading, constraint.pointer) }
        if case .request = subject {
            if case .withoutElsewhere(let side) = reading, OperandTable.mayBeDecidedElsewhere(constraint.leftOperand, on: side) {
                return nil
            }
            if case .asWritten = reading {} else if constraint.isUsageMarker { return .constant(true) }
        }
        guard constraint.rightOperandReferences.isEmpty else {
            return space.fact(.opaque("\(subject) " + NormalForm.constraint(.atomic(constraint))))
        }
        return space.compare(subject, operation, constraint.rightOperand)
    }

    private mutating func unreadable(_ reading: Reading, _ pointer: JSONPointer) -> Statement {
        if case .asWritten = reading { return .constant(false) }
        return space.fact(.opaque("unreadable \(space.facts.count) \(pointer)"))
    }
}

/// A problem with its axes split, for several questions.
struct PreparedProblem {
    private let space: StatementSpace
    /// Nil when the clauses are too many to compare.
    private let builder: FormulaBuilder?
    private let budget: Int

    /// 32 MiB of sets.
    private static let maximumSize = 4 << 20

    init(_ space: StatementSpace, budget: Int) {
        self.space = space
        self.budget = budget
        builder = space.size <= PreparedProblem.maximumSize ? FormulaBuilder(space, budget: budget / 50) : nil
    }

    func solve(_ statement: Statement) -> ComparisonProblem.Answer {
        guard var builder, let formula = try? builder.formula(statement) else { return .undecided }
        var search = Satisfiability(axes: builder.axes, facts: space.facts, budget: budget)
        switch search.solve(formula) {
        case .unsatisfiable: return .unsatisfiable
        case .undecided: return .undecided
        case .satisfiable(let model): return .satisfiable(PolicyWitness(model, builder.axes, space.facts, space.hierarchy))
        }
    }
}

extension Constraint {
    /// `event lt|gt odrl:policyUsage`: before the use, after the use.
    var isUsageMarker: Bool {
        leftOperand == Operand.event && rightOperand.count == 1 && rightOperandReferences.isEmpty
            && rightOperand.allSatisfy { $0.key == UsageMarker.policyUsage || $0.key == "odrl:policyUsage" }
    }
}
