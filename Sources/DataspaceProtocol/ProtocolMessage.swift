// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// A typed document of the protocol. Parsing checks, in this order: JSON, `@type`, the bundled schema, then the standard's prose and
/// our limits. Writing emits what the schemas want: compact names, arrays always, empty ones left out.
package protocol ProtocolMessage: Sendable, Hashable {
    static var type: MessageType { get }
    /// `@id` and our extensions.
    var envelope: MessageEnvelope { get set }
    /// All members but `@context`, `@type` and the envelope's; nil members are left out.
    var members: [String: JSON?] { get }
    /// Reads members from a document that the schema has passed; called by `parse` only.
    init(reading document: MessageDocument) throws(DSPError)
}

/// What any message may carry besides its own members.
package struct MessageEnvelope: Sendable, Hashable {
    /// The message's own id: equal on redelivery. Ours always have one; the standard does not require it.
    package var id: String?
    /// Members below `urn:kouan:`, passed through as they are.
    package var extensions: [String: JSON]

    package init(id: String? = nil, extensions: [String: JSON] = [:]) {
        self.id = id
        self.extensions = extensions
    }
}

/// A schema-valid document on its way to a typed message.
package struct MessageDocument {
    let reader: ObjectReader

    func envelope() throws(DSPError) -> MessageEnvelope {
        MessageEnvelope(id: try reader.optionalIdentifier("@id"), extensions: try reader.extensions())
    }
}

extension ProtocolMessage {
    package static func parse(_ bytes: [UInt8]) throws(DSPError) -> Self {
        let isCatalog = type == .catalog
        let json: JSON
        do {
            json = try JSON.parse(bytes, limits: isCatalog ? DSP.catalogLimits : .message)
        } catch {
            throw .notJSON(error)
        }
        return try parse(json)
    }

    package static func parse(_ json: JSON) throws(DSPError) -> Self {
        let reader = try ObjectReader(json)
        if type.hasType, let found = json["@type"]?.string, found != type.rawValue {
            throw .wrongType(expected: type.rawValue, found: found)
        }
        if let violation = DSPSchemas.violation(in: json, of: type) { throw .schema(type: type.rawValue, violation: violation) }
        if type.hasContext { _ = try reader.list("@context", limit: DSP.maxContexts) }
        return try Self(reading: MessageDocument(reader: reader))
    }

    package var json: JSON {
        var out = members.compactMapValues { $0 }
        if Self.type.hasContext { out["@context"] = [.string(DSP.context)] }
        if Self.type.hasType { out["@type"] = .string(Self.type.rawValue) }
        if let id = envelope.id { out["@id"] = .string(id) }
        for (key, value) in envelope.extensions where key.hasPrefix(DSP.extensionPrefix) { out[key] = value }
        return .object(out)
    }

    /// The bytes that go on the wire: RFC 8785.
    package var bytes: [UInt8] { json.canonical() }
}

/// The pair of ids that names a process on both sides.
package struct ProcessPIDs: Sendable, Hashable {
    package let providerPID: String
    package let consumerPID: String

    package init(providerPID: String, consumerPID: String) {
        self.providerPID = providerPID
        self.consumerPID = consumerPID
    }

    init(_ reader: ObjectReader) throws(DSPError) {
        providerPID = try reader.pid("providerPid")
        consumerPID = try reader.pid("consumerPid")
    }

    /// For errors: a pid may be empty there, since the process may not exist.
    init(lenient reader: ObjectReader) throws(DSPError) {
        providerPID = try reader.text("providerPid")
        consumerPID = try reader.text("consumerPid")
    }

    var members: [String: JSON?] { ["providerPid": .string(providerPID), "consumerPid": .string(consumerPID)] }

    /// - Throws: `.pidMismatch` unless both pids are byte for byte those of `stored`.
    package func requireSame(as stored: ProcessPIDs) throws(DSPError) {
        guard providerPID.utf8.elementsEqual(stored.providerPID.utf8) else { throw .pidMismatch(member: "providerPid") }
        guard consumerPID.utf8.elementsEqual(stored.consumerPID.utf8) else { throw .pidMismatch(member: "consumerPid") }
    }
}

/// An array, or no member at all: the schemas want at least one item. (A bare `nil` here could also mean JSON's null.)
func listMember(_ values: [JSON]) -> JSON? {
    values.isEmpty ? Optional<JSON>.none : .array(values)
}

func reasonMembers(code: String?, reason: [String]) -> [String: JSON?] {
    ["code": code.map(JSON.string), "reason": listMember(reason.map(JSON.string))]
}

extension Dictionary where Key == String, Value == JSON? {
    static func + (left: Self, right: Self) -> Self { left.merging(right) { $1 } }
}
