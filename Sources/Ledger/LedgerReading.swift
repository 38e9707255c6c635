// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
package import ExchangeModel
import GRDB
package import MerkleLog
import StorageSQLite

/// One entry as it is stored.
package struct LedgerEntry: Sendable, Hashable {
    package let index: Int64
    /// What the leaf covers.
    package let bytes: [UInt8]
    package let record: LedgerRecord
}

/// An entry with what its openings say; `isOpen` is false once they were erased.
package struct EntryView: Sendable, Hashable {
    package let entry: LedgerEntry
    package let isOpen: Bool
    /// Both parties, dataset, sizes, times, outcome, by field.
    package let shared: [String: JSON]
    /// What this node alone recorded.
    package let local: [String: JSON]

    package var index: Int64 { entry.index }
    package var record: LedgerRecord { entry.record }

    /// For people and for `--format json`: the record with each commitment replaced by its value where that is known.
    package var json: JSON {
        var members = record.json.object ?? [:]
        members["index"] = .integer(index)
        members["open"] = .bool(isOpen)
        if isOpen {
            var part = record.json["shared"]?.object ?? [:]
            part["commitments"] = nil
            if !part.isEmpty || !shared.isEmpty { members["shared"] = .object(part.merging(shared) { _, value in value }) }
            members["local"] = local.isEmpty ? nil : .object(local)
        }
        return .object(members)
    }
}

extension Ledger {
    /// Entries `from` and following, at most `limit`, of those that are released.
    package func entries(from: Int64 = 0, limit: Int) async throws -> [LedgerEntry] {
        let size = size
        guard from >= 0, from < size, limit > 0 else { return [] }
        let to = min(from.addingReportingOverflow(Int64(limit)).partialValue, size)
        return try await store.read { transaction in
            try transaction.ledgerEntries(from: from, to: max(from, to)).map { try LedgerEntry(index: $0.index, bytes: $0.bytes) }
        }
    }

    package func entries(_ range: Range<Int64>) async throws -> [LedgerEntry] {
        try await entries(from: range.lowerBound, limit: range.count)
    }

    /// - Throws: `.noEntry` beyond the released size.
    package func entry(at index: Int64) async throws -> LedgerEntry {
        let size = size
        guard index >= 0, index < size, let bytes = try await store.read({ try $0.ledgerEntry(index) }) else {
            throw LedgerError.noEntry(index: index, size: size)
        }
        return try LedgerEntry(index: index, bytes: bytes)
    }

    /// The openings of an entry, checked against its commitments.
    ///
    /// - Returns: nil if the entry commits to nothing.
    /// - Throws: `.openingsGone` once they were erased, `.openingRefused` if they were altered.
    package func openings(at index: Int64) async throws -> EntryOpenings? {
        try await openings(of: entry(at: index))
    }

    package func openings(of entry: LedgerEntry) async throws -> EntryOpenings? {
        let record = entry.record
        guard !record.shared.isEmpty || !record.local.isEmpty || record.mirror != nil else { return nil }
        guard let row = try await store.read({ try $0.ledgerOpenings(entry.index) }), let key = try subjects.key(for: row.subject) else {
            throw LedgerError.openingsGone(index: entry.index)
        }
        return try EntryOpenings(unsealing: row.sealed, nonce: row.nonce, key: key, of: record)
    }

    /// An entry for people: its plain fields and, where they still open, the confidential ones.
    package func view(_ entry: LedgerEntry) async throws -> EntryView {
        let openings: EntryOpenings?
        do {
            openings = try await self.openings(of: entry)
        } catch LedgerError.openingsGone {
            return EntryView(entry: entry, isOpen: false, shared: [:], local: [:])
        }
        return EntryView(
            entry: entry, isOpen: true, shared: openings?.shared.mapValues(\.value) ?? [:], local: openings?.local.mapValues(\.value) ?? [:]
        )
    }

    package func view(at index: Int64) async throws -> EntryView { try await view(entry(at: index)) }

    // MARK: proofs

    /// The sibling hashes of entry `index` in the log of `size` entries; `size` defaults to the released one.
    package func inclusionProof(index: Int64, size: Int64? = nil) async throws -> [TreeHash] {
        let size = size ?? self.size
        guard size <= self.size else { throw MerkleLogError.indexOutOfRange(index: index, size: self.size) }
        return try await store.read { transaction in
            try MerkleProof.inclusion(index: index, size: size) { level, index throws(MerkleLogError) in
                try transaction.ledgerHash(level: level, index: index)
            }
        }
    }

    /// Proof that the log of `from` entries is the beginning of that of `to`; `to` defaults to the released size.
    package func consistencyProof(from: Int64, to: Int64? = nil) async throws -> [TreeHash] {
        let to = to ?? size
        guard to <= size else { throw MerkleLogError.sizesOutOfRange(from: from, to: to) }
        return try await store.read { transaction in
            try MerkleProof.consistency(from: from, to: to) { level, index throws(MerkleLogError) in
                try transaction.ledgerHash(level: level, index: index)
            }
        }
    }

    /// A proof that travels with a copy of the entry: index, hashes and the signed checkpoint.
    package func inclusionFile(index: Int64) async throws -> InclusionFile {
        let (head, note) = released
        let hashes = try await inclusionProof(index: index, size: head.size)
        return InclusionFile(index: index, hashes: hashes, checkpoint: note)
    }

    // MARK: erasing

    /// Destroys the openings of every entry under one agreement. The tree and the commitments stay; that it was done is recorded.
    ///
    /// The key goes first: if the node dies in between, nothing opens any more and the call can be repeated.
    @discardableResult
    package func erase(agreement: String, legalBasis: String, user: String? = nil) async throws -> Committed<Int> {
        try subjects.destroy(subject: agreement)
        let result = try await commit { transaction -> Int in
            let count = try transaction.store.deleteLedgerOpenings(subject: agreement)
            try transaction.append(
                LedgerEvent(
                    type: .erasure, agreement: nil, local: ["legalBasis": .string(legalBasis), "openings": .integer(Int64(count))],
                    ids: ["agreement": agreement].merging(user.map { ["user": $0] } ?? [:]) { first, _ in first }))
            return count
        }
        // The write-ahead log may still hold the rows that were deleted.
        try await store.onWriter { transaction in _ = try? transaction.database.checkpoint(.truncate) }
        return result
    }
}

extension LedgerEntry {
    init(index: Int64, bytes: [UInt8]) throws(LedgerError) {
        self.init(index: index, bytes: bytes, record: try LedgerRecord(parsing: bytes, index: index))
    }
}

extension EntryOpenings {
    init(unsealing sealed: [UInt8], nonce: [UInt8], key: SecretBytes, of record: LedgerRecord) throws {
        let bytes: [UInt8]
        do {
            bytes = try AESGCM(key: key).open(nonce: nonce, aad: Appender.openingsLabel(entryID: record.id), sealed)
        } catch {
            throw LedgerError.openingRefused(field: "all")
        }
        try self.init(parsing: bytes)
        try verify(against: record)
    }
}
