// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// An ODRL Offer as it stands on the wire. The tree is kept whole: what was offered is compared, signed and evaluated, never re-encoded.
package struct WireOffer: Sendable, Hashable {
    package let json: JSON
    package let id: String
    /// The dataset. Set in messages; absent in a catalog.
    package let target: String?

    package var profile: [String] { profileNames(json) }

    /// An offer for a message: `target` set, no rule with a target of its own.
    package static func inMessage(_ json: JSON) throws(DSPError) -> WireOffer {
        try check(json, "MessageOffer")
        return try WireOffer(json, at: .root, inMessage: true)
    }

    /// An offer for a catalog: without `target`.
    package static func inCatalog(_ json: JSON) throws(DSPError) -> WireOffer {
        try check(json, "Offer")
        return try WireOffer(json, at: .root, inMessage: false)
    }

    init(_ json: JSON, at pointer: JSONPointer, inMessage: Bool) throws(DSPError) {
        let reader = try ObjectReader(json, at: pointer)
        self.json = json
        id = try reader.identifier("@id")
        target = inMessage ? try reader.identifier("target") : nil
        if inMessage { try requireUntargetedRules(reader) }
    }

    /// The same offer as a message carries it.
    package func targeting(_ dataset: String) -> JSON {
        guard case .object(var members) = json else { return json }
        members["target"] = .string(dataset)
        return .object(members)
    }
}

/// An ODRL Agreement as it stands on the wire, exactly as the provider sent it: its RFC 8785 bytes are what both sides sign.
package struct WireAgreement: Sendable, Hashable {
    package let json: JSON
    package let id: String
    package let target: String
    package let assigner: String
    package let assignee: String
    /// As written; the standard's prose wants it, its schema does not.
    package let timestamp: String?

    package var profile: [String] { profileNames(json) }
    /// nil when absent or without a time zone.
    package var time: Timestamp? { timestamp.flatMap { Timestamp(parsing: $0) } }
    package var canonical: [UInt8] { json.canonical() }

    package init(parsing json: JSON) throws(DSPError) {
        try check(json, "Agreement")
        try self.init(json, at: .root)
    }

    init(_ json: JSON, at pointer: JSONPointer) throws(DSPError) {
        let reader = try ObjectReader(json, at: pointer)
        self.json = json
        id = try reader.identifier("@id")
        target = try reader.identifier("target")
        assigner = try reader.identifier("assigner")
        assignee = try reader.identifier("assignee")
        timestamp = try reader.optionalIdentifier("timestamp", limit: 64)
        try requireUntargetedRules(reader)
    }

    /// The agreement that takes over `offer` unchanged: rules, their order, `profile` and other members of the policy.
    package static func accepting(
        _ offer: WireOffer, id: String, target: String, assigner: String, assignee: String, at time: Timestamp
    ) throws(DSPError) -> WireAgreement {
        var members = offer.json.object ?? [:]
        members["@id"] = .string(id)
        members["@type"] = "Agreement"
        members["target"] = .string(target)
        members["assigner"] = .string(assigner)
        members["assignee"] = .string(assignee)
        members["timestamp"] = .string(time.description)
        return try WireAgreement(parsing: .object(members))
    }
}

private let ruleKinds = ["permission", "prohibition", "obligation"]

/// Prose of the standard: the target is the policy's; a rule with another one would reach past it.
private func requireUntargetedRules(_ reader: ObjectReader) throws(DSPError) {
    for kind in ruleKinds {
        for (index, rule) in try reader.list(kind, limit: .max).enumerated() where rule["target"] != nil {
            throw .value(pointer: reader.pointer.appending(kind).appending(index).appending("target"), problem: "must not be in a rule")
        }
    }
}

private func profileNames(_ json: JSON) -> [String] {
    switch json["profile"] {
    case .string(let name): [name]
    case .array(let names): names.compactMap(\.string)
    default: []
    }
}

private func check(_ json: JSON, _ definition: String) throws(DSPError) {
    if let violation = DSPSchemas.violation(inPolicy: json, definition: definition) {
        throw .schema(type: definition, violation: violation)
    }
}

extension DSPSchemas {
    /// Checks a policy by itself against `MessageOffer`, `Offer` or `Agreement` of the standard's contract schema.
    package static func violation(inPolicy policy: JSON, definition: String) -> SchemaViolation? {
        violation(in: policy, schemaID: "https://w3id.org/dspace/2025/1/negotiation/contract-schema.json#/definitions/\(definition)")
    }
}
