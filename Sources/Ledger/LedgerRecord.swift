// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
package import ExchangeModel
import MerkleLog

//  One entry is the RFC 8785 form of
//
//      { schema, id, event, type, role, time, countingYear, salt,          always
//        correlation, agreement, ids, digests, peerHead,                   when they apply
//        shared: { flags, package, agreement, policy, commitments },       when the event has two sides
//        local: { commitments }, mirror }
//
//  docs/formats/ledger-record.md. The leaf covers the stored bytes, never a re-encoding.

/// An entry's content as it was read.
package struct LedgerRecord: Sendable, Hashable {
    package static let schema = "urn:kouan:ledger-record:1"
    /// What a uint16 length can say in an entry bundle.
    package static let maximumBytes = 65_535
    static let saltCount = 16
    static let maximumNameBytes = 64
    static let maximumIDBytes = 512

    package let json: JSON
    package let id: String
    package let event: String
    package let type: EntryType
    package let role: EntryRole
    package let time: Timestamp
    package let countingYear: Int
    package let correlation: String?
    package let agreement: String?
    package let flags: CrossDomainFlags?
    package let package: Digest?
    package let digests: [String: Digest]
    package let ids: [String: String]
    /// Commitments by field.
    package let shared: [String: [UInt8]]
    package let local: [String: [UInt8]]
    package let mirror: [UInt8]?

    /// Reads stored bytes.
    package init(parsing bytes: [UInt8], index: Int64? = nil) throws(LedgerError) {
        guard bytes.count <= LedgerRecord.maximumBytes else { throw .badRecord(index: index, detail: "it is too long") }
        let json: JSON
        do { json = try JSON.parse(bytes) } catch { throw .badRecord(index: index, detail: error.message) }
        guard json.canonical() == bytes else { throw .badRecord(index: index, detail: "it is not in canonical form") }
        let reader = RecordReader(json: json, index: index)
        guard try reader.text("schema") == LedgerRecord.schema else { throw .badRecord(index: index, detail: "its schema is unknown") }
        guard let type = EntryType(rawValue: try reader.text("type")), let role = EntryRole(rawValue: try reader.text("role")) else {
            throw .badRecord(index: index, detail: "its type or role is unknown")
        }
        guard let time = Timestamp(parsing: try reader.text("time")), let year = json["countingYear"]?.int else {
            throw .badRecord(index: index, detail: "it has no time")
        }
        guard Base64.decode(try reader.text("salt"))?.count == LedgerRecord.saltCount else {
            throw .badRecord(index: index, detail: "it has no random bytes")
        }
        self.json = json
        self.type = type
        self.role = role
        self.time = time
        countingYear = Int(year)
        id = try reader.text("id")
        event = try reader.text("event")
        correlation = json["correlation"]?.string
        agreement = json["agreement"]?.string
        flags = json["shared"]?["flags"].map {
            CrossDomainFlags(
                crossSpace: $0["crossSpace"]?.bool, crossProvince: $0["crossProvince"]?.bool, crossBorder: $0["crossBorder"]?.bool)
        }
        package = json["shared"]?["package"]?.string.flatMap(Digest.init(parsing:))
        digests = json["digests"]?.object?.compactMapValues { $0.string.flatMap(Digest.init(parsing:)) } ?? [:]
        ids = json["ids"]?.object?.compactMapValues(\.string) ?? [:]
        shared = try reader.commitments(json["shared"])
        local = try reader.commitments(json["local"])
        mirror = try json["mirror"].map { value throws(LedgerError) in try reader.commitment(value) }
    }
}

private struct RecordReader {
    let json: JSON
    let index: Int64?

    func text(_ name: String) throws(LedgerError) -> String {
        guard let text = json[name]?.string, !text.isEmpty else { throw .badRecord(index: index, detail: "it has no `\(name)`") }
        return text
    }

    func commitments(_ part: JSON?) throws(LedgerError) -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for (name, value) in part?["commitments"]?.object ?? [:] { result[name] = try commitment(value) }
        return result
    }

    func commitment(_ value: JSON) throws(LedgerError) -> [UInt8] {
        guard let bytes = value.string.flatMap(Base64.decode), bytes.count == 32 else {
            throw .badRecord(index: index, detail: "a commitment is not 32 bytes")
        }
        return bytes
    }
}

/// The openings of one entry.
package struct EntryOpenings: Sendable, Hashable {
    package var shared: [String: Opening]
    package var local: [String: Opening]
    package var mirror: Opening?

    init(shared: [String: Opening] = [:], local: [String: Opening] = [:], mirror: Opening? = nil) {
        self.shared = shared
        self.local = local
        self.mirror = mirror
    }

    /// Reads what an export or an evidence bundle shows; `verify` decides whether it fits.
    package init(parsing bytes: [UInt8]) throws(LedgerError) {
        let json: JSON
        do { json = try JSON.parse(bytes) } catch { throw .badOpening(error.message) }
        var shared: [String: Opening] = [:]
        var local: [String: Opening] = [:]
        for (name, value) in json["shared"]?.object ?? [:] { shared[name] = try Opening(parsing: value) }
        for (name, value) in json["local"]?.object ?? [:] { local[name] = try Opening(parsing: value) }
        let mirror = try json["mirror"].map { value throws(LedgerError) in try Opening(parsing: value) }
        self.init(shared: shared, local: local, mirror: mirror)
    }

    package var json: JSON {
        .members([
            "shared": .object(shared.mapValues(\.json)), "local": .object(local.mapValues(\.json)), "mirror": mirror?.json,
        ])
    }

    var isEmpty: Bool { shared.isEmpty && local.isEmpty && mirror == nil }

    /// Checks each opening against what the entry committed to.
    package func verify(against record: LedgerRecord) throws(LedgerError) {
        try EntryOpenings.verify(shared, record.shared)
        try EntryOpenings.verify(local, record.local)
        guard (mirror == nil) == (record.mirror == nil) else { throw .openingRefused(field: LedgerRecord.mirrorName) }
        if let mirror, let commitment = record.mirror { try mirror.verify(name: LedgerRecord.mirrorName, commitment: commitment) }
    }

    private static func verify(_ openings: [String: Opening], _ commitments: [String: [UInt8]]) throws(LedgerError) {
        guard Set(openings.keys) == Set(commitments.keys) else { throw .openingRefused(field: "set of fields") }
        for (name, opening) in openings {
            guard let commitment = commitments[name] else { throw .openingRefused(field: name) }
            try opening.verify(name: name, commitment: commitment)
        }
    }
}

extension LedgerRecord {
    /// The field name under which the mirror commitment is made.
    package static let mirrorName = "mirror"

    /// The mirror commitment as both nodes compute it.
    package static func mirror(of shared: SharedFacts, event: String, correlation: String?, secret: [UInt8]) throws(LedgerError) -> [UInt8]
    {
        try Commitment.make(name: mirrorName, value: shared.mirrored(event: event, correlation: correlation), random: secret)
    }

    /// Makes an entry's bytes and the openings of what it commits to.
    ///
    /// - Parameter random: gives that many fresh random bytes.
    static func encode(
        _ event: LedgerEvent, at time: Timestamp, random: (Int) -> [UInt8]
    ) throws(LedgerError) -> (bytes: [UInt8], id: String, openings: EntryOpenings) {
        let id = TimeOrderedID.make(at: time, random: random(16))
        let eventID = event.event ?? TimeOrderedID.make(at: time, random: random(16))
        try check(event, eventID)
        var openings = EntryOpenings()
        var members: [String: JSON] = [
            "schema": .string(schema), "id": .string(id), "event": .string(eventID), "type": .string(event.type.rawValue),
            "role": .string(event.role.rawValue), "time": .string(time.description), "countingYear": .integer(Int64(time.countingYear)),
            "salt": .string(Base64.encode(random(saltCount))),
        ]
        members["correlation"] = event.correlation.map(JSON.string)
        members["agreement"] = event.agreement.map(JSON.string)
        if !event.ids.isEmpty { members["ids"] = .object(event.ids.mapValues(JSON.string)) }
        if !event.digests.isEmpty { members["digests"] = .object(event.digests.mapValues { .string($0.description) }) }
        members["peerHead"] = event.peerHead?.json
        if let shared = event.shared {
            var part = shared.plain
            part["commitments"] = try commit(shared.confidential, into: &openings.shared, random: random)
            members["shared"] = .object(part)
            if let secret = event.mirrorSecret {
                let opening = Opening(value: shared.mirrored(event: eventID, correlation: event.correlation), random: secret)
                openings.mirror = opening
                members["mirror"] = .string(Base64.encode(try Commitment.make(name: mirrorName, value: opening.value, random: secret)))
            }
        }
        if !event.local.isEmpty {
            var safe: [String: JSON] = [:]
            for (name, value) in event.local { safe[name] = try value.ledgerSafe() }
            members["local"] = .object(["commitments": try commit(safe, into: &openings.local, random: random)])
        }
        let bytes = JSON.object(members).canonical()
        guard bytes.count <= maximumBytes else { throw .entryTooLarge(bytes: bytes.count) }
        return (bytes, id, openings)
    }

    private static func commit(
        _ fields: [String: JSON], into openings: inout [String: Opening], random: (Int) -> [UInt8]
    ) throws(LedgerError) -> JSON {
        var commitments: [String: JSON] = [:]
        for (name, value) in fields {
            let opening = Opening(value: value, random: random(Commitment.randomCount))
            openings[name] = opening
            commitments[name] = .string(Base64.encode(try Commitment.make(name: name, value: value, random: opening.random)))
        }
        return .object(commitments)
    }

    private static func check(_ event: LedgerEvent, _ eventID: String) throws(LedgerError) {
        guard event.mirrorSecret == nil || event.shared != nil else { throw .badEvent("a mirror needs shared facts") }
        for id in [eventID, event.correlation, event.agreement].compactMap(\.self) + Array(event.ids.values) {
            guard !id.isEmpty, id.utf8.count <= maximumIDBytes else { throw .badEvent("an id is empty or too long") }
        }
        for name in Array(event.local.keys) + Array(event.ids.keys) + Array(event.digests.keys) {
            guard !name.isEmpty, name.utf8.count <= maximumNameBytes else { throw .badEvent("a field name is empty or too long") }
        }
    }
}
