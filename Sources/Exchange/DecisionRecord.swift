// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel
import PolicyEngine

// What the ledger's local part keeps of a decision: enough to see why it fell as it did and to ask another policy the same question
// later. Rules and clauses go by their place in the agreed policy, whose digest the entry shows; text that a peer sent is kept as its digest.

extension PolicyGate.Answer {
    private static let maximumObstacles = 16

    /// The outcome and, for a refusal, what stood against it and what would change it.
    var decisionJSON: JSON {
        var members: [String: JSON] = [
            "outcome": .string(decision.outcome.name), "code": .string(decision.code), "basis": .strings(decision.basis),
        ]
        let reasons = decision.reasons
        members["reasons"] = .strings(reasons.map(\.code))
        guard !decision.isOpen else { return .object(members) }
        members["obstacles"] = .array(
            reasons.prefix(Self.maximumObstacles).map { reason in
                .members([
                    "code": .string(reason.code), "pointer": .string(reason.pointer.description),
                    "operand": reason.leftOperand.map { .string($0.description) },
                    "operator": reason.operation.map { .string($0.rawValue) },
                    "left": reason.leftOperand.flatMap { operand in
                        reason.left.isEmpty ? nil : .array(reason.left.prefix(8).map { RecordedValue.json($0, of: operand) })
                    }, "source": reason.source.map { .string($0.rawValue) },
                ])
            })
        if let repair = explanation.repair {
            members["repairable"] = .bool(repair.isPossible)
            members["repair"] = .array(
                repair.items.prefix(Self.maximumObstacles).map { item in
                    .members([
                        "who": .string(item.changer.rawValue), "how": .string(item.means.rawValue),
                        "operand": item.operand.map { .string($0.description) }, "pointer": .string(item.pointer.description),
                        "opensAt": item.opensAt.map { .string($0.description) },
                    ])
                })
        }
        return .object(members)
    }

    /// The question, so that it can be put to another policy.
    var askedJSON: JSON {
        var values: [String: JSON] = [:]
        for (operand, given) in request.parameters.sorted(by: { $0.key < $1.key }).prefix(64) {
            values[operand] = .array(given.prefix(64).map { RecordedValue.json($0, of: IRI(operand)) })
        }
        let action = request.action.map { action -> JSON in
            ActionHierarchy.standard.contains(action) ? .string(action.description) : RecordedValue.digest(action.description)
        }
        return .members([
            "point": .string(point.rawValue), "party": request.party.map(JSON.string), "action": action, "values": .object(values),
        ])
    }
}

/// One value of a question in the ledger.
enum RecordedValue {
    /// Operands whose value a credential vouches for; all other text is what somebody wrote.
    private static let attested: Set<IRI> = [
        Operand.recipient, Operand.recipientCountry, Operand.recipientProvince, Operand.recipientSpace, Operand.industry, Operand.spatial,
    ]

    static func json(_ value: PolicyValue, of operand: IRI) -> JSON {
        switch value.content {
        case .instant, .number, .duration, .boolean: value.json
        case .iri, .text, .other: attested.contains(operand) ? value.json : digest(value.lexical)
        }
    }

    static func digest(_ text: String) -> JSON { ["digest": .string(Hash.digest(Array(text.utf8)).description)] }
}
