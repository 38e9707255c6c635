// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// What a policy still leaves open once some facts are known.
package struct ResidualPolicy: Sendable {
    package struct Rule: Sendable {
        package enum State: String, Sendable, Hashable {
            /// Nothing is left to test.
            case satisfied
            /// It can no longer apply.
            case gone
            case open
        }

        package let kind: RuleReport.Kind
        package let id: String?
        package let pointer: JSONPointer
        package let state: State
        /// Left operands that are still to be known.
        package let needs: [IRI]
    }

    /// The rules that may still apply, with the clauses that are still open. Evaluated later, it decides as the whole policy would.
    package let policy: Policy
    /// All rules of the whole policy, in its order.
    package let rules: [Rule]

    package var json: JSON {
        [
            "policy": policy.source,
            "rules": .array(
                rules.map { rule in
                    .members([
                        "rule": rule.id.map(JSON.string) ?? .null, "type": .string(rule.kind.rawValue),
                        "pointer": .string(rule.pointer.description), "state": .string(rule.state.rawValue),
                        "needs": rule.needs.isEmpty ? nil : .strings(rule.needs.map(\.description)),
                    ])
                }),
        ]
    }
}

extension Policy {
    /// Evaluates the policy as far as the facts go, and gives what remains.
    ///
    /// What is known now is taken as settled: the request's action, party, target and parameters, and all of the world but the clock, the
    /// counters and the acts, which go on. Of the clock only a bound that is passed is settled. What remains must be evaluated for the
    /// same side, and for the same action and party where they are given here.
    /// A policy with a parent that is not at hand remains as it is.
    package func residual(
        for request: PolicyRequest, in world: PolicyWorld, at point: EvaluationPoint, options: EvaluationOptions = EvaluationOptions()
    ) -> ResidualPolicy {
        let (whole, unresolved) = inherited(options.library)
        guard unresolved.isEmpty else { return ResidualPolicy(policy: self, rules: []) }
        let folding = Folding(request, world, point, options)
        var rules: [ResidualPolicy.Rule] = []
        func note(_ kind: RuleReport.Kind, _ terms: RuleTerms, _ rest: RuleTerms?, isHeldByDuty: Bool = false) {
            let needs = rest?.openOperands ?? []
            let isOpen = rest.map { !needs.isEmpty || !$0.constraints.isEmpty } ?? false
            rules.append(
                ResidualPolicy.Rule(
                    kind: kind, id: terms.id, pointer: terms.pointer,
                    state: rest == nil ? .gone : isOpen || isHeldByDuty ? .open : .satisfied,
                    needs: needs))
        }
        var permissions: [Permission] = []
        for rule in whole.permissions {
            let rest = folding.rule(rule.terms)
            let duties = rule.duties.compactMap(folding.condition)
            note(.permission, rule.terms, rest, isHeldByDuty: !duties.isEmpty)
            if let rest { permissions.append(Permission(terms: rest, duties: duties)) }
        }
        var prohibitions: [Prohibition] = []
        for rule in whole.prohibitions {
            let rest = folding.rule(rule.terms)
            note(.prohibition, rule.terms, rest)
            if let rest { prohibitions.append(Prohibition(terms: rest, remedies: rule.remedies)) }
        }
        // An act must still satisfy the constraints of an obligation, whatever the request says.
        for duty in whole.obligations { note(.obligation, duty.terms, duty.terms) }
        let policy = Policy(
            id: id, kind: kind, profiles: profiles, inheritFrom: [], conflict: whole.conflict, permissions: permissions,
            prohibitions: prohibitions, obligations: whole.obligations, targets: [], assigners: assigners, assignees: [], title: title,
            source: .null)
        return ResidualPolicy(policy: policy.withWrittenSource, rules: rules)
    }
}

/// Folds what is decided out of clauses.
private struct Folding {
    private let request: PolicyRequest
    private let world: PolicyWorld
    private let input: EvaluationInput

    /// What is left of a clause.
    private enum Rest {
        case satisfied
        case unsatisfied
        /// - Parameter isFirm: it cannot turn out to be decided elsewhere, so that a group with it is not either.
        case open(ConstraintNode, isFirm: Bool)

        var isSatisfied: Bool { if case .satisfied = self { true } else { false } }
        var part: Part? {
            if case .open(let node, let isFirm) = self { return (node, isFirm) }
            return nil
        }
    }

    private typealias Part = (node: ConstraintNode, isFirm: Bool)

    init(_ request: PolicyRequest, _ world: PolicyWorld, _ point: EvaluationPoint, _ options: EvaluationOptions) {
        self.request = request
        self.world = world
        // Before a decision is final the clock settles only what can no longer change.
        input = EvaluationInput(
            request: request, world: world, point: point.isEnforced ? .negotiation : point, side: options.side,
            conditionMode: options.conditionMode)
    }

    /// Nil when the rule can no longer apply.
    func rule(_ terms: RuleTerms) -> RuleTerms? {
        guard let actions = actions(terms.actions),
            let targets = resources(terms.targets, request.target), let assignees = resources(terms.assignees, request.party),
            let constraints = clauses(terms.constraints, .request)
        else { return nil }
        return RuleTerms(
            id: terms.id, pointer: terms.pointer, actions: actions, targets: targets, assignees: assignees, assigners: terms.assigners,
            parties: terms.parties, constraints: constraints)
    }

    /// A duty of a permission, nil when it does not fall due.
    func condition(_ duty: Duty) -> Duty? {
        guard let constraints = clauses(duty.terms.constraints, .request) else { return nil }
        let terms = duty.terms
        return Duty(
            terms: RuleTerms(
                id: terms.id, pointer: terms.pointer, actions: terms.actions, targets: terms.targets, assignees: terms.assignees,
                assigners: terms.assigners, parties: terms.parties, constraints: constraints),
            consequences: duty.consequences)
    }

    // MARK: Premises

    private func actions(_ terms: [ActionTerm]) -> [ActionTerm]? {
        guard !terms.isEmpty else { return [] }
        let rest = terms.compactMap { term -> ActionTerm? in
            if let action = request.action, !ActionHierarchy.standard.reaches(action, term.action) { return nil }
            guard let refinements = clauses(term.refinements, .request) else { return nil }
            return ActionTerm(action: term.action, refinements: refinements, pointer: term.pointer)
        }
        return rest.isEmpty ? nil : rest
    }

    /// The resources that may still be meant. One that is meant for certain makes the others of no interest.
    private func resources(_ resources: [Resource], _ value: String?) -> [Resource]? {
        guard let value, !resources.isEmpty else { return resources }
        var rest: [Resource] = []
        for resource in resources {
            let isMeant =
                resource.isCollection
                ? [resource.id, resource.source].contains { $0.map { $0 == value || world.isMember(value, of: $0) } ?? false }
                : resource.id == value
            let isDescribed = resource.id == nil && resource.source == nil && !resource.refinements.isEmpty
            guard isMeant || isDescribed, let refinements = clauses(resource.refinements, .resource(value)) else { continue }
            // Whoever is meant was found by what is known now.
            let named = Resource(
                id: value, isCollection: !refinements.isEmpty, source: nil, refinements: refinements, pointer: resource.pointer)
            if refinements.isEmpty { return [named] }
            rest.append(named)
        }
        return rest.isEmpty ? nil : rest
    }

    // MARK: Clauses

    /// The clauses of a conjunction that are open; nil when it can no longer hold.
    private func clauses(_ nodes: [ConstraintNode], _ subject: EvaluationInput.Subject) -> [ConstraintNode]? {
        let rests = nodes.map { fold($0, subject) }
        guard let parts = conjunction(rests) else { return nil }
        return parts.map(\.node)
    }

    /// Parts that hold drop out, unless without them all that is left may turn out to be decided elsewhere.
    private func conjunction(_ rests: [Rest]) -> [Part]? {
        var parts: [Part] = []
        var hasSatisfied = false
        for rest in rests {
            switch rest {
            case .unsatisfied: return nil
            case .satisfied: hasSatisfied = true
            case .open(let node, let isFirm): parts.append((node, isFirm))
            }
        }
        if hasSatisfied, !parts.isEmpty, !parts.contains(where: \.isFirm) { parts.append((Folding.always, true)) }
        return parts
    }

    private func fold(_ node: ConstraintNode, _ subject: EvaluationInput.Subject) -> Rest {
        switch node {
        case .atomic(let constraint): return fold(constraint, subject)
        case .logical(let logical):
            guard let operand = logical.operand else { return .open(node, isFirm: true) }
            let rests = logical.constraints.map { fold($0, subject) }
            switch operand {
            case .and, .andSequence:
                guard let parts = conjunction(rests) else { return .unsatisfied }
                return parts.isEmpty ? .satisfied : group(logical, parts)
            case .or:
                if rests.contains(where: \.isSatisfied) { return .satisfied }
                var parts = rests.compactMap(\.part)
                if parts.isEmpty { return .unsatisfied }
                if parts.count < rests.count, !parts.contains(where: \.isFirm) { parts.append((Folding.never, true)) }
                return group(logical, parts)
            case .xone:
                let holding = rests.count(where: \.isSatisfied)
                if holding > 1 { return .unsatisfied }
                var parts = rests.compactMap(\.part)
                if parts.isEmpty { return holding == 1 ? .satisfied : .unsatisfied }
                if holding == 1 {
                    parts.append((Folding.always, true))
                } else if parts.count < rests.count, !parts.contains(where: \.isFirm) {
                    parts.append((Folding.never, true))
                }
                return group(logical, parts)
            }
        }
    }

    private func group(_ logical: LogicalConstraint, _ parts: [Part]) -> Rest {
        if parts.count == 1, let part = parts.first { return .open(part.node, isFirm: part.isFirm) }
        let rest = LogicalConstraint(
            id: logical.id, pointer: logical.pointer, operand: logical.operand, constraints: parts.map(\.node))
        return .open(.logical(rest), isFirm: parts.contains(where: \.isFirm))
    }

    /// Clauses that hold always and never: a conjunction and a disjunction of nothing.
    private static let always = ConstraintNode.logical(
        LogicalConstraint(id: nil, pointer: .root, operand: .and, constraints: []))
    private static let never = ConstraintNode.logical(
        LogicalConstraint(id: nil, pointer: .root, operand: .or, constraints: []))

    private func fold(_ constraint: Constraint, _ subject: EvaluationInput.Subject) -> Rest {
        let node = ConstraintNode.atomic(constraint)
        guard constraint.operation != nil, !constraint.isUsageMarker, !constraint.rightOperand.isEmpty,
            constraint.rightOperandReferences.isEmpty
        else { return .open(node, isFirm: true) }
        let (values, source) = input.values(constraint.leftOperand, constraint: nil, rule: nil, subject)
        var isRequest = false
        if case .request = subject { isRequest = true }
        guard !values.isEmpty else {
            return .open(node, isFirm: !isRequest || !OperandTable.mayBeDecidedElsewhere(constraint.leftOperand, on: input.side))
        }
        // A counter of the rule or the constraint comes before what the environment says.
        let isCounted = source == .world && !world.counters.isEmpty
        if source == .counter || isCounted { return .open(node, isFirm: true) }
        let known: EvaluationInput
        if source == .clock {
            known = input
        } else {
            var alone = PolicyRequest(action: nil)
            alone.set(constraint.leftOperand, values)
            known = EvaluationInput(
                request: alone, world: world, point: input.point, side: input.side, conditionMode: input.conditionMode)
        }
        switch Evaluator.truth([node], known) {
        case .satisfied: return .satisfied
        case .unsatisfied: return .unsatisfied
        case .undetermined, .elsewhere: return .open(node, isFirm: true)
        }
    }
}

extension OperandTable {
    /// Whether a clause about the operand may have no part in a decision of this side: contract text, or a fact of the other side.
    static func mayBeDecidedElsewhere(_ operand: IRI, on side: EvaluationSide) -> Bool {
        guard let info = info(operand) else { return false }
        return info.isContractText || (side == .consumer && info.knownTo == .provider)
    }
}

extension RuleTerms {
    /// The left operands of clauses that are left.
    fileprivate var openOperands: [IRI] {
        var found: [IRI] = []
        func collect(_ nodes: [ConstraintNode]) {
            for node in nodes {
                switch node {
                case .atomic(let constraint): if !found.contains(constraint.leftOperand) { found.append(constraint.leftOperand) }
                case .logical(let logical): collect(logical.constraints)
                }
            }
        }
        collect(constraints)
        for action in actions { collect(action.refinements) }
        for resource in targets + assignees { collect(resource.refinements) }
        return found
    }
}

// MARK: JSON-LD

extension Policy {
    /// The same policy with a document written from it.
    var withWrittenSource: Policy {
        Policy(
            id: id, kind: kind, profiles: profiles, inheritFrom: inheritFrom, conflict: conflict, permissions: permissions,
            prohibitions: prohibitions, obligations: obligations, targets: targets, assigners: assigners, assignees: assignees,
            title: title, source: written)
    }

    private var written: JSON {
        .members([
            "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": .string(kind.rawValue), "uid": id.map(JSON.string),
            "profile": profiles.isEmpty ? nil : .strings(profiles.map(\.description)),
            "inheritFrom": inheritFrom.isEmpty ? nil : .strings(inheritFrom), "conflict": conflict.map { .string($0.rawValue) },
            "permission": Written.list(permissions) { Written.rule($0.terms, "duty", $0.duties) },
            "prohibition": Written.list(prohibitions) { Written.rule($0.terms, "remedy", $0.remedies) },
            "obligation": Written.list(obligations) { Written.rule($0.terms, "consequence", $0.consequences) },
        ])
    }
}

private enum Written {
    static func list<Element>(_ elements: [Element], _ json: (Element) -> JSON) -> JSON? {
        elements.isEmpty ? nil : .array(elements.map(json))
    }

    static func rule(_ terms: RuleTerms, _ member: String, _ duties: [Duty]) -> JSON {
        var json: [String: JSON] = [:]
        json["uid"] = terms.id.map(JSON.string)
        json["action"] = list(terms.actions) { action in
            guard !action.refinements.isEmpty else { return .string(action.action.description) }
            return .members([
                "rdf:value": ["@id": .string(action.action.description)], "refinement": .array(action.refinements.map(constraint)),
            ])
        }
        json["target"] = list(terms.targets) { resource($0, "AssetCollection") }
        json["assignee"] = list(terms.assignees) { resource($0, "PartyCollection") }
        json["assigner"] = list(terms.assigners) { resource($0, "PartyCollection") }
        for (function, parties) in terms.parties { json[function] = list(parties) { resource($0, "PartyCollection") } }
        json["constraint"] = list(terms.constraints, constraint)
        json[member] = list(duties) { rule($0.terms, "consequence", $0.consequences) }
        return .object(json)
    }

    private static func resource(_ resource: Resource, _ collection: String) -> JSON {
        guard resource.isCollection else { return .string(resource.id ?? "") }
        return .members([
            "@type": .string(collection), "uid": resource.id.map(JSON.string), "source": resource.source.map(JSON.string),
            "refinement": list(resource.refinements, constraint),
        ])
    }

    private static func constraint(_ node: ConstraintNode) -> JSON {
        switch node {
        case .logical(let logical):
            return .members([
                "uid": logical.id.map(JSON.string),
                logical.operand?.rawValue ?? "or": ["@list": .array(logical.constraints.map(constraint))],
            ])
        case .atomic(let constraint):
            return .members([
                "uid": constraint.id.map(JSON.string), "leftOperand": .string(constraint.leftOperand.description),
                "operator": .string((constraint.operation?.iri ?? "urn:kouan:unknown-operator").description),
                "rightOperand": list(constraint.rightOperand, \.json),
                "rightOperandReference": constraint.rightOperandReferences.isEmpty ? nil : .strings(constraint.rightOperandReferences),
                "dataType": constraint.datatype.map(JSON.string), "unit": constraint.unit.map { .string($0.description) },
            ])
        }
    }
}
