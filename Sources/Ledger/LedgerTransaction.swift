// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
package import ExchangeModel
import GRDB
import MerkleLog
package import StorageSQLite

/// State changes and entries that become durable together, or not at all. Only valid inside the closure that received it.
package struct LedgerTransaction {
    /// For code that needs documents only.
    package let store: Transaction
    /// The ledger's time of this commit; the same for all of its entries.
    package let now: Timestamp
    let appender: Appender

    /// Appends an entry and returns its index, which holds once the commit succeeds.
    ///
    /// - Throws: `LedgerError`: the ledger does not sign, the event is malformed or too large, the clock went back.
    @discardableResult
    package func append(_ event: LedgerEvent) throws -> Int64 { try appender.append(event, to: store) }

    package func get<R: StoredRecord>(_ type: R.Type, id: String) throws -> R? { try store.get(type, id: id) }
    package func exists<R: StoredRecord>(_ type: R.Type, id: String) throws -> Bool { try store.exists(type, id: id) }
    package func put<R: StoredRecord>(_ record: R) throws { try store.put(record) }
    package func insert<R: StoredRecord>(_ record: R) throws { try store.insert(record) }
    @discardableResult
    package func delete<R: StoredRecord>(_ type: R.Type, id: String) throws -> Bool { try store.delete(type, id: id) }
    package func all<R: StoredRecord>(_ type: R.Type) throws -> [R] { try store.all(type) }
    package func all<R: StoredRecord>(_ type: R.Type, where key: String, equals value: String, limit: Int? = nil) throws -> [R] {
        try store.all(type, where: key, equals: value, limit: limit)
    }
    package func first<R: StoredRecord>(_ type: R.Type, where key: String, equals value: String) throws -> R? {
        try store.first(type, where: key, equals: value)
    }
    package func kept(correlation: String, step: String) throws -> [UInt8]? { try store.kept(correlation: correlation, step: step) }
    @discardableResult
    package func keep(_ bytes: [UInt8], correlation: String, step: String) throws -> Bool {
        try store.keep(bytes, correlation: correlation, step: step)
    }
}

/// Grows the tree while one batch runs. Lives on the writer's thread, for one batch.
final class Appender {
    /// What a savepoint must bring back.
    struct Mark {
        let edge: RightEdge
        let highest: Timestamp
    }

    private(set) var edge: RightEdge
    private(set) var highest: Timestamp
    let now: Timestamp
    private let signing: SigningState
    private let subjects: SubjectKeys

    /// Wall time may lag the highest recorded time by this much before entries are refused.
    static let clockTolerance: Int64 = 60_000

    init(edge: RightEdge, highest: Timestamp, now: Timestamp, signing: SigningState, subjects: SubjectKeys) {
        self.edge = edge
        self.highest = highest
        self.now = now
        self.signing = signing
        self.subjects = subjects
    }

    var mark: Mark { Mark(edge: edge, highest: highest) }

    func reset(to mark: Mark) {
        edge = mark.edge
        highest = mark.highest
    }

    func append(_ event: LedgerEvent, to store: Transaction) throws -> Int64 {
        if case .refused(let reason) = signing { throw reason }
        guard now.milliseconds >= highest.milliseconds - Appender.clockTolerance else {
            throw LedgerError.clockWentBack(now: now, highest: highest)
        }
        let entry = try LedgerRecord.encode(event, at: now, random: SecureRandom.bytes)
        let index = edge.size
        let hashes = edge.append(.leaf(entry.bytes))
        try store.insertLedgerEntry(entry.bytes, at: index, hashes: hashes)
        if !entry.openings.isEmpty {
            let subject = event.agreement ?? SubjectKeys.node
            let nonce = SecureRandom.bytes(AESGCM.nonceSize)
            let sealed = try AESGCM(key: subjects.makeKey(for: subject))
                .seal(nonce: nonce, aad: Appender.openingsLabel(entryID: entry.id), entry.openings.json.canonical())
            try store.insertLedgerOpenings(sealed, nonce: nonce, subject: subject, at: index)
        }
        highest = max(highest, now)
        return index
    }

    static func openingsLabel(entryID: String) -> [UInt8] { Array("kouan/openings/v1\n\(entryID)".utf8) }
}
