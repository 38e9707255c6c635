// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Usage strategies in the codes of the trusted data space documents (TC609-6-2025-14 and -15): a list of
/// `{"ruleType", "actions": [name], "constraints": [{"name", "operator": code, "value"}]}`.
///
/// The codes are data: `Policies/profiles/tc609.json`. Two operator codes there are inferred, as are the ODRL terms beside the names.
/// The form knows flat rules only. What it has no words for is refused with its place, in both directions, and never left out.
package enum TC609Codes {
    /// The rules of a policy as strategies.
    package static func strategies(of policy: Policy) throws(PolicyError) -> JSON {
        if !policy.inheritFrom.isEmpty { throw refused(JSONPointer.root.appending("inheritFrom"), "inheritance") }
        if let conflict = policy.conflict, conflict != .invalid {
            throw refused(JSONPointer.root.appending("conflict"), "the conflict strategy `\(conflict.rawValue)`")
        }
        var strategies: [JSON] = []
        for permission in policy.permissions {
            if let duty = permission.duties.first { throw refused(duty.terms.pointer, "a duty of a permission") }
            strategies.append(try strategy("permission", permission.terms))
        }
        for prohibition in policy.prohibitions {
            if let remedy = prohibition.remedies.first { throw refused(remedy.terms.pointer, "a remedy") }
            strategies.append(try strategy("prohibition", prohibition.terms))
        }
        for obligation in policy.obligations {
            if let consequence = obligation.consequences.first { throw refused(consequence.terms.pointer, "a consequence") }
            strategies.append(try strategy("obligation", obligation.terms))
        }
        return .array(strategies)
    }

    private static func strategy(_ ruleType: String, _ terms: RuleTerms) throws(PolicyError) -> JSON {
        if let party = terms.assignees.first { throw refused(party.pointer, "an assignee") }
        if let function = terms.parties.keys.sorted().first { throw refused(terms.pointer.appending(function), "`\(function)`") }
        if let collection = terms.targets.first(where: \.isCollection) { throw refused(collection.pointer, "a collection") }
        var actions: [JSON] = []
        for term in terms.actions {
            guard term.refinements.isEmpty else { throw refused(term.pointer, "a refinement of an action") }
            guard let name = table.actionNames[term.action] else { throw refused(term.pointer, "the action `\(term.action.short)`") }
            actions.append(.string(name))
        }
        var constraints: [JSON] = []
        for node in terms.constraints { constraints.append(try constraint(node)) }
        return ["ruleType": .string(ruleType), "actions": .array(actions), "constraints": .array(constraints)]
    }

    private static func constraint(_ node: ConstraintNode) throws(PolicyError) -> JSON {
        guard case .atomic(let constraint) = node else { throw refused(node.pointer, "a logical constraint") }
        guard let name = table.operandNames[constraint.leftOperand] else {
            throw refused(constraint.pointer, "the operand `\(constraint.leftOperand.short)`")
        }
        guard let code = constraint.operation.flatMap({ table.codes[$0] }) else {
            throw refused(constraint.pointer, "an operator that is not known")
        }
        guard constraint.rightOperandReferences.isEmpty, !constraint.rightOperand.contains(where: { $0.unit != nil }) else {
            throw refused(constraint.pointer, "a unit or a reference to a value kept elsewhere")
        }
        let values = constraint.rightOperand.map { JSON.string($0.lexical) }
        guard let first = values.first else { throw refused(constraint.pointer, "a constraint without a value") }
        return ["name": .string(name), "operator": .string(code), "value": values.count == 1 ? first : .array(values)]
    }

    /// The strategies as an ODRL policy.
    package static func policy(_ strategies: JSON, id: String) throws(PolicyError) -> Policy {
        guard let entries = strategies.array, !entries.isEmpty else {
            throw malformed(.root, "there are no strategies", "give a list with at least one")
        }
        var rules: [String: [JSON]] = [:]
        var profiles: Set<IRI> = []
        for (index, entry) in entries.enumerated() {
            let pointer = JSONPointer.root.appending(index)
            let ruleType = entry["ruleType"]?.string ?? "permission"
            guard ["permission", "prohibition", "obligation"].contains(ruleType) else {
                throw malformed(
                    pointer.appending("ruleType"), "`\(ruleType.prefix(80))` is no type of rule",
                    "write `permission`, `prohibition` or `obligation`")
            }
            guard let names = entry["actions"]?.array, !names.isEmpty else {
                throw malformed(pointer.appending("actions"), "the strategy names no action", "name at least one")
            }
            var actions: [JSON] = []
            for (position, name) in names.enumerated() {
                guard let action = name.string.flatMap({ table.actions[$0] }) else {
                    throw malformed(
                        pointer.appending("actions").appending(position), "the action has no meaning here",
                        "use one of " + table.actions.keys.sorted().map { "`\($0)`" }.joined(separator: ", "))
                }
                if let profile = PolicyProfile.owner(of: action) { profiles.insert(profile) }
                actions.append(.string(action.description))
            }
            var constraints: [JSON] = []
            for (position, constraint) in (entry["constraints"]?.array ?? []).enumerated() {
                let (operand, json) = try self.constraint(constraint, pointer.appending("constraints").appending(position))
                if let profile = PolicyProfile.owner(of: operand) { profiles.insert(profile) }
                constraints.append(json)
            }
            rules[ruleType, default: []].append(["action": .array(actions), "constraint": .array(constraints)])
        }
        var document: [String: JSON] = [
            "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "uid": .string(id),
        ]
        for (ruleType, list) in rules { document[ruleType] = .array(list) }
        if profiles.contains(PolicyProfile.kouan) { document["profile"] = .string(PolicyProfile.kouan.description) }
        return try PolicyReader.read(.object(document))
    }

    private static func constraint(_ json: JSON, _ pointer: JSONPointer) throws(PolicyError) -> (operand: IRI, json: JSON) {
        guard let operand = json["name"]?.string.flatMap({ table.operands[$0] }) else {
            throw malformed(
                pointer.appending("name"), "the constraint has no meaning here",
                "use one of " + table.operands.keys.sorted().map { "`\($0)`" }.joined(separator: ", "))
        }
        guard let operation = json["operator"]?.string.flatMap({ table.operators[$0] }) else {
            throw malformed(pointer.appending("operator"), "there is no such operator code", "use a code from `01` to `12`")
        }
        // An identifier that reads as an IRI is one; the other sorts take their type from the operand when the policy is read.
        let isIdentifier = OperandTable.info(operand)?.sort == .identifier
        let values = (json["value"]?.array ?? json["value"].map { [$0] } ?? []).map { value -> JSON in
            guard isIdentifier, let text = value.string, text.contains(":") else { return value }
            return ["@id": .string(text)]
        }
        return (
            operand,
            ["leftOperand": .string(operand.description), "operator": .string(operation.rawValue), "rightOperand": .array(values)]
        )
    }

    private static func refused(_ pointer: JSONPointer, _ what: String) -> PolicyError {
        .refused([
            PolicyFinding(
                severity: .error, code: "policy.not-expressible-in-tc609", pointer: pointer,
                message: "\(what) has no code in the strategies of a digital contract",
                hint: "write flat rules with the actions and constraints of the profile `tc609`")
        ])
    }

    private static func malformed(_ pointer: JSONPointer, _ message: String, _ hint: String) -> PolicyError {
        .refused([PolicyFinding(severity: .error, code: "policy.malformed-strategy", pointer: pointer, message: message, hint: hint)])
    }

    private struct Table {
        var operators: [String: Operator] = [:]
        var codes: [Operator: String] = [:]
        var actions: [String: IRI] = [:]
        var actionNames: [IRI: String] = [:]
        var operands: [String: IRI] = [:]
        var operandNames: [IRI: String] = [:]
    }

    private static let table: Table = {
        var table = Table()
        let document = PolicyProfile.named("urn:kouan:odrl:tc609:1")?.document
        for entry in document?["operatorCodes"]?.array ?? [] {
            guard let code = entry["code"]?.string, let term = entry["operator"]?.string.flatMap(Operator.init(rawValue:)) else { continue }
            table.operators[code] = term
            table.codes[term] = code
        }
        for entry in document?["actionCodes"]?.array ?? [] {
            guard let name = entry["name"]?.string, let action = entry["action"]?.string else { continue }
            table.actions[name] = IRI(action)
            table.actionNames[IRI(action)] = name
        }
        for entry in document?["constraintCodes"]?.array ?? [] {
            guard let name = entry["name"]?.string, let operand = entry["operand"]?.string else { continue }
            table.operands[name] = IRI(operand)
            table.operandNames[IRI(operand)] = name
        }
        return table
    }()
}
