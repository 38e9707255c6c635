// SPDX-License-Identifier: Apache-2.0
import ExchangeModel
import GRDB
import MerkleLog
package import StorageSQLite

/// The head as the database holds it.
struct StoredHead: Sendable, Hashable {
    var generation: Int64
    var origin: String
    var size: Int64
    var root: TreeHash
    /// The signed checkpoint, byte for byte.
    var note: String
    /// The latest time that any entry carries.
    var highest: Timestamp
}

/// The ledger's tables, next to the business state so that one transaction covers both. No secondary index: the commit path only
/// ever appends.
package enum LedgerStorage {
    package static let schema = SchemaComponent(
        name: "ledger",
        steps: [
            """
            CREATE TABLE ledger_entries (idx INTEGER PRIMARY KEY, entry BLOB NOT NULL);
            CREATE TABLE ledger_hashes (position INTEGER PRIMARY KEY, hash BLOB NOT NULL);
            CREATE TABLE ledger_openings (idx INTEGER PRIMARY KEY, subject TEXT NOT NULL, nonce BLOB NOT NULL, sealed BLOB NOT NULL);
            CREATE TABLE ledger_head (
                id INTEGER PRIMARY KEY CHECK (id = 1), generation INTEGER NOT NULL, origin TEXT NOT NULL, verifier TEXT NOT NULL,
                size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL, highest INTEGER NOT NULL);
            CREATE TABLE ledger_mark (id INTEGER PRIMARY KEY CHECK (id = 1), verified INTEGER NOT NULL);
            """
        ])

    /// The document types that the ledger keeps; pass them to `Store.open` together with those of the node.
    package static let records: [any StoredRecord.Type] = [PeerPin.self, KeptBytes.self]
}

extension Transaction {
    func ledgerHead() throws -> StoredHead? {
        let statement = try database.cachedStatement(
            sql: "SELECT generation, origin, size, root, note, highest FROM ledger_head WHERE id = 1")
        guard let row = try Row.fetchOne(statement) else { return nil }
        let root: DatabaseBytes = row[3]
        guard let root = TreeHash(root.bytes) else { throw LedgerError.corrupt(detail: "the stored root is not 32 bytes") }
        return StoredHead(
            generation: row[0], origin: row[1], size: row[2], root: root, note: row[4], highest: Timestamp(milliseconds: row[5]))
    }

    func ledgerVerifier() throws -> String? { try String.fetchOne(database, sql: "SELECT verifier FROM ledger_head WHERE id = 1") }

    func insertLedgerHead(_ head: StoredHead, verifier: String) throws {
        try database.execute(
            sql: "INSERT INTO ledger_head (id, generation, origin, verifier, size, root, note, highest) VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                head.generation, head.origin, verifier, head.size, DatabaseBytes(head.root.bytes), head.note, head.highest.milliseconds,
            ])
        try database.execute(sql: "INSERT INTO ledger_mark VALUES (1, 0)")
    }

    /// Replaces the head if it is still the one we extended: the fence against a second sequencer.
    func replaceLedgerHead(_ head: StoredHead, after old: StoredHead) throws {
        let statement = try database.cachedStatement(
            sql: """
                UPDATE ledger_head SET generation = ?, size = ?, root = ?, note = ?, highest = ?
                WHERE id = 1 AND generation = ? AND size = ?
                """)
        try statement.execute(arguments: [
            head.generation, head.size, DatabaseBytes(head.root.bytes), head.note, head.highest.milliseconds, old.generation, old.size,
        ])
        guard database.changesCount == 1 else { throw LedgerError.corrupt(detail: "the head changed under the sequencer") }
    }

    func insertLedgerEntry(_ bytes: [UInt8], at index: Int64, hashes: [StoredHash]) throws {
        let entry = try database.cachedStatement(sql: "INSERT INTO ledger_entries VALUES (?, ?)")
        try entry.execute(arguments: [index, DatabaseBytes(bytes)])
        let statement = try database.cachedStatement(sql: "INSERT INTO ledger_hashes VALUES (?, ?)")
        for hash in hashes { try statement.execute(arguments: [hash.position, DatabaseBytes(hash.hash.bytes)]) }
    }

    func insertLedgerOpenings(_ sealed: [UInt8], nonce: [UInt8], subject: String, at index: Int64) throws {
        let statement = try database.cachedStatement(sql: "INSERT INTO ledger_openings VALUES (?, ?, ?, ?)")
        try statement.execute(arguments: [index, subject, DatabaseBytes(nonce), DatabaseBytes(sealed)])
    }

    func ledgerHash(level: Int, index: Int64) throws(MerkleLogError) -> TreeHash {
        let position = MerkleTree.storedPosition(level: level, index: index)
        guard let hash = try? ledgerHash(position: position) else { throw .missingHash(level: level, index: index) }
        return hash
    }

    func ledgerHash(position: Int64) throws -> TreeHash? {
        let statement = try database.cachedStatement(sql: "SELECT hash FROM ledger_hashes WHERE position = ?")
        return try DatabaseBytes.fetchOne(statement, arguments: [position]).flatMap { TreeHash($0.bytes) }
    }

    func ledgerEntry(_ index: Int64) throws -> [UInt8]? {
        let statement = try database.cachedStatement(sql: "SELECT entry FROM ledger_entries WHERE idx = ?")
        return try DatabaseBytes.fetchOne(statement, arguments: [index])?.bytes
    }

    func ledgerEntries(from: Int64, to: Int64) throws -> [(index: Int64, bytes: [UInt8])] {
        let statement = try database.cachedStatement(sql: "SELECT idx, entry FROM ledger_entries WHERE idx >= ? AND idx < ? ORDER BY idx")
        return try Row.fetchAll(statement, arguments: [from, to]).map { row in
            let entry: DatabaseBytes = row[1]
            return (row[0], entry.bytes)
        }
    }

    func ledgerOpenings(_ index: Int64) throws -> (subject: String, nonce: [UInt8], sealed: [UInt8])? {
        let statement = try database.cachedStatement(sql: "SELECT subject, nonce, sealed FROM ledger_openings WHERE idx = ?")
        guard let row = try Row.fetchOne(statement, arguments: [index]) else { return nil }
        let nonce: DatabaseBytes = row[1]
        let sealed: DatabaseBytes = row[2]
        return (row[0], nonce.bytes, sealed.bytes)
    }
}

extension Transaction {
    /// Returns how many there were. Scans: erasing is rare, and the commit path keeps no index for it.
    func deleteLedgerOpenings(subject: String) throws -> Int {
        try database.execute(sql: "DELETE FROM ledger_openings WHERE subject = ?", arguments: [subject])
        return database.changesCount
    }
}
