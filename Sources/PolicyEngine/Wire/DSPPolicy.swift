// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

// Policies in the grammar of Dataspace Protocol 2025-1: docs/formats/policy-on-dsp.md. The grammar is smaller than ODRL, and a peer
// drops what it does not know, so whatever has no words there is refused when the offer is made, never sent half.

extension Policy {
    /// The policy as an `Offer`. Without `target` for a catalog; with it for a negotiation message.
    ///
    /// Reading the result gives a policy that decides like this one (with `target` in place of the policy's own).
    package func dspOffer(id: String, target: String? = nil, assigner: String? = nil) throws(PolicyError) -> JSON {
        var writer = DSPWriter(policy: self, target: target)
        var offer = try writer.body()
        offer["@type"] = "Offer"
        offer["@id"] = .string(id)
        offer["target"] = target.map(JSON.string)
        offer["assigner"] = assigner.map(JSON.string)
        return .object(offer)
    }

    /// The policy as an `Agreement` between two parties about one dataset.
    package func dspAgreement(
        id: String, target: String, assigner: String, assignee: String, timestamp: Timestamp
    ) throws(PolicyError) -> JSON {
        var writer = DSPWriter(policy: self, target: target)
        var agreement = try writer.body()
        agreement["@type"] = "Agreement"
        agreement["@id"] = .string(id)
        agreement["target"] = .string(target)
        agreement["assigner"] = .string(assigner)
        agreement["assignee"] = .string(assignee)
        agreement["timestamp"] = .string(timestamp.secondsText)
        return .object(agreement)
    }

    /// What keeps the policy from travelling; nil if nothing does. For `policy check`.
    package func dspObstacle() -> PolicyFinding? {
        do {
            var writer = DSPWriter(policy: self, target: nil)
            _ = try writer.body()
            return nil
        } catch {
            return error.findings.first
        }
    }

    /// The same rules under an agreement: an offer's JSON as a peer sent it, with the fields of an agreement put in their place.
    ///
    /// Rules, order, `profile` and `assigner` of the offer stay as they are, which is what peers compare.
    package static func dspAgreement(
        fromOffer offer: JSON, id: String, target: String, assigner: String, assignee: String, timestamp: Timestamp
    ) -> JSON {
        var agreement = offer.object ?? [:]
        agreement["@type"] = "Agreement"
        agreement["@id"] = .string(id)
        agreement["target"] = .string(target)
        agreement["assigner"] = .string(assigner)
        agreement["assignee"] = .string(assignee)
        agreement["timestamp"] = .string(timestamp.secondsText)
        return .object(agreement)
    }
}

private struct DSPWriter {
    let policy: Policy
    /// The dataset that the message is about; nil when it is not said yet.
    let target: String?

    mutating func body() throws(PolicyError) -> [String: JSON] {
        if !policy.inheritFrom.isEmpty {
            throw .notExpressibleInDSP(
                JSONPointer.root.appending("inheritFrom"), what: "inheritance", instead: "copy the rules of the parent into the policy")
        }
        if let conflict = policy.conflict, conflict != .invalid, !policy.permissions.isEmpty, !policy.prohibitions.isEmpty {
            throw .notExpressibleInDSP(
                JSONPointer.root.appending("conflict"), what: "the conflict strategy `\(conflict.rawValue)`",
                instead: "narrow the permission so that no prohibition overlaps it, for example `read` beside a prohibition to `distribute`"
            )
        }
        guard !policy.permissions.isEmpty || !policy.prohibitions.isEmpty else {
            throw .notExpressibleInDSP(
                .root, what: "a policy of obligations only", instead: "add a permission and make the obligation its `duty`")
        }
        try checkTargets()
        var body: [String: JSON] = [:]
        if !policy.profiles.isEmpty { body["profile"] = .strings(policy.profiles.map(\.description)) }
        var permissions: [JSON] = []
        for permission in policy.permissions {
            for action in try actions(permission.terms, isRepeatable: permission.duties.isEmpty) {
                var rule = try rule(permission.terms, action)
                var duties: [JSON] = []
                for duty in permission.duties { duties.append(try self.duty(duty)) }
                if !duties.isEmpty { rule["duty"] = .array(duties) }
                permissions.append(.object(rule))
            }
        }
        var prohibitions: [JSON] = []
        for prohibition in policy.prohibitions {
            if let remedy = prohibition.remedies.first {
                throw .notExpressibleInDSP(remedy.terms.pointer, what: "a remedy", instead: "write it as an obligation of the policy")
            }
            for action in try actions(prohibition.terms, isRepeatable: true) {
                prohibitions.append(.object(try rule(prohibition.terms, action)))
            }
        }
        var obligations: [JSON] = []
        for obligation in policy.obligations { obligations.append(try duty(obligation)) }
        if !permissions.isEmpty { body["permission"] = .array(permissions) }
        if !prohibitions.isEmpty { body["prohibition"] = .array(prohibitions) }
        if !obligations.isEmpty { body["obligation"] = .array(obligations) }
        return body
    }

    /// Rules in a message have no target: that of the message stands for all of them.
    private func checkTargets() throws(PolicyError) {
        let terms = policy.permissions.map(\.terms) + policy.prohibitions.map(\.terms)
        let names = Set(terms.flatMap { $0.targets.map(\.id) })
        for rule in terms {
            if let collection = rule.targets.first(where: \.isCollection) {
                throw .notExpressibleInDSP(
                    collection.pointer, what: "a target that is a collection", instead: "offer each dataset by itself")
            }
            if let target, let own = rule.targets.first, own.id != target {
                throw .notExpressibleInDSP(
                    own.pointer, what: "a rule about `\(own.id ?? "")` in a message about `\(target)`",
                    instead: "leave `target` out of a policy that several datasets share, or offer the dataset it names")
            }
            if names.count > 1, let target = rule.targets.first {
                throw .notExpressibleInDSP(
                    target.pointer, what: "rules about several targets", instead: "write one policy for each dataset, or leave `target` out"
                )
            }
        }
    }

    private func actions(_ terms: RuleTerms, isRepeatable: Bool) throws(PolicyError) -> [IRI] {
        for action in terms.actions where !action.refinements.isEmpty {
            throw .notExpressibleInDSP(
                action.pointer, what: "an action with a refinement", instead: "write the refinement as a `constraint` of the rule")
        }
        if let party = terms.assignees.first {
            throw .notExpressibleInDSP(
                party.pointer, what: "an assignee in an offer", instead: "leave it out and add the constraint `recipient isAnyOf`")
        }
        if let function = terms.parties.keys.sorted().first {
            throw .notExpressibleInDSP(
                terms.pointer.appending(function), what: "the party function `\(function)`",
                instead: "leave it out, or name the party in the contract text")
        }
        guard let first = terms.actions.first else {
            throw .notExpressibleInDSP(terms.pointer, what: "a rule without an action", instead: "add `\"action\": \"use\"`")
        }
        if terms.actions.count > 1 {
            // One rule for each action means the same unless a counter is shared between them, or a duty would be owed twice.
            guard isRepeatable, !Bounds.mentions(Operand.count, terms.constraints) else {
                throw .notExpressibleInDSP(
                    terms.pointer, what: "one rule with several actions",
                    instead: "write one rule for each action, or the common wider action")
            }
            return terms.actions.map(\.action)
        }
        return [first.action]
    }

    private func rule(_ terms: RuleTerms, _ action: IRI) throws(PolicyError) -> [String: JSON] {
        var rule: [String: JSON] = ["action": .string(DSPWriter.term(action))]
        if let id = terms.id, terms.actions.count == 1 { rule["@id"] = .string(id) }
        let constraints = try self.constraints(terms.constraints)
        if !constraints.isEmpty { rule["constraint"] = .array(constraints) }
        return rule
    }

    private func duty(_ duty: Duty) throws(PolicyError) -> JSON {
        if let consequence = duty.consequences.first {
            throw .notExpressibleInDSP(
                consequence.terms.pointer, what: "a consequence",
                instead: "write it as an obligation of the policy, or in the contract text")
        }
        let actions = try actions(duty.terms, isRepeatable: false)
        return .object(try rule(duty.terms, actions[0]))
    }

    private func constraints(_ nodes: [ConstraintNode]) throws(PolicyError) -> [JSON] {
        var written: [JSON] = []
        for node in nodes { written.append(try constraint(node)) }
        return written
    }

    private func constraint(_ node: ConstraintNode) throws(PolicyError) -> JSON {
        switch node {
        case .logical(let logical):
            guard let operand = logical.operand else {
                throw .notExpressibleInDSP(logical.pointer, what: "a malformed constraint", instead: "run `kouan policy check`")
            }
            var json: [String: JSON] = [operand.rawValue: .array(try constraints(logical.constraints))]
            if let id = logical.id { json["@id"] = .string(id) }
            return .object(json)
        case .atomic(let constraint):
            guard let operation = constraint.operation, !constraint.leftOperand.description.isEmpty else {
                throw .notExpressibleInDSP(constraint.pointer, what: "a malformed constraint", instead: "run `kouan policy check`")
            }
            if !constraint.rightOperandReferences.isEmpty {
                throw .notExpressibleInDSP(
                    constraint.pointer.appending("rightOperandReference"), what: "a reference to a value kept elsewhere",
                    instead: "write the values in `rightOperand`")
            }
            var values: [JSON] = []
            for value in constraint.rightOperand {
                if value.unit != nil {
                    throw .notExpressibleInDSP(
                        constraint.pointer, what: "a value with a unit", instead: "leave the unit out and name it in the contract text")
                }
                values.append(DSPWriter.value(value))
            }
            guard let first = values.first else {
                throw .notExpressibleInDSP(constraint.pointer, what: "a constraint without a value", instead: "give it a `rightOperand`")
            }
            var json: [String: JSON] = [
                "leftOperand": .string(DSPWriter.term(constraint.leftOperand)), "operator": .string(operation.rawValue),
                "rightOperand": values.count == 1 ? first : .array(values),
            ]
            if let id = constraint.id { json["@id"] = .string(id) }
            return .object(json)
        }
    }

    /// The message context defines only `use`; every other term of ODRL travels as `odrl:…`, everything else as an absolute IRI.
    private static func term(_ iri: IRI) -> String {
        if iri == Action.use { return "use" }
        return iri.description.hasPrefix(Namespace.odrl) ? "odrl:" + iri.description.dropFirst(Namespace.odrl.count) : iri.description
    }

    /// A JSON number or boolean is no value in the grammar, so every typed value is `{"@value", "@type"}`.
    private static func value(_ value: PolicyValue) -> JSON {
        switch value.content {
        case .iri(let iri): return ["@id": .string(iri)]
        case .text(let text) where value.datatype == nil: return .string(text)
        default:
            let datatype = value.datatype ?? Namespace.xsd + "string"
            let short = datatype.hasPrefix(Namespace.xsd) ? "xsd:" + datatype.dropFirst(Namespace.xsd.count) : datatype
            return ["@value": .string(value.lexical), "@type": .string(String(short))]
        }
    }
}

extension Bounds {
    /// Whether any of the constraints is about `operand`.
    static func mentions(_ operand: IRI, _ nodes: [ConstraintNode]) -> Bool {
        nodes.contains { node in
            switch node {
            case .atomic(let constraint): constraint.leftOperand == operand
            case .logical(let logical): mentions(operand, logical.constraints)
            }
        }
    }
}
