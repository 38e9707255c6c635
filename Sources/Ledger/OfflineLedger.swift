// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives
import ExchangeModel
import Foundation
import GRDB
package import MerkleLog
import StorageSQLite

/// The ledger in a stopped node's data directory, or in a copy of one. Reads only, needs no ledger key.
package final class OfflineLedger: Sendable {
    package let directory: String
    private let lock: DataDirectory
    private let queue: DatabaseQueue
    private let subjects: SubjectKeys?
    private let headFilePath: String

    /// - Parameter storageKey: opens the confidential fields; nil leaves them closed.
    /// - Throws: `StorageError`: `.inUse` while the node runs.
    package init(directory: String, headFile: String? = nil, storageKey: SecretBytes? = nil) throws {
        self.directory = directory
        lock = try DataDirectory(path: directory)
        let path = directory + "/" + Store.fileName
        headFilePath = headFile ?? directory + "/" + HeadFile.defaultName
        do {
            var configuration = Configuration()
            configuration.readonly = true
            queue = try DatabaseQueue(path: path, configuration: configuration)
            let hasKeys = FileManager.default.fileExists(atPath: directory + "/" + SubjectKeys.fileName)
            subjects = try hasKeys ? storageKey.map { try SubjectKeys(directory: directory, storageKey: $0, readOnly: true) } : nil
        } catch {
            throw StorageError.wrapping(error, path: path)
        }
    }

    /// A full pass. What cannot be read is a finding, not an error.
    ///
    /// - Parameter expected: the key that must have signed the head, as the node's card states it; nil takes the one in the database,
    ///   which whoever altered the database could have changed too.
    package func verify(expecting expected: VerifierKey? = nil) -> LedgerVerification {
        let verifier = LedgerVerifier(headFilePath: headFilePath, expected: expected, subjects: subjects)
        do {
            return try queue.read { database in try verifier.run(Transaction(database)) }
        } catch {
            var result = LedgerVerification(origin: "", size: 0)
            let wrapped = StorageError.wrapping(error, path: Store.fileName) as? any KouanError
            result.add(wrapped?.code ?? "storage.failed", file: Store.fileName, wrapped?.message ?? "\(error)")
            return result
        }
    }

    package func entries(from: Int64 = 0, limit: Int) throws -> [LedgerEntry] {
        try read { transaction in
            let size = try transaction.ledgerHead()?.size ?? 0
            let to = min(from.addingReportingOverflow(Int64(limit)).partialValue, size)
            return try transaction.ledgerEntries(from: from, to: max(from, to)).map { try LedgerEntry(index: $0.index, bytes: $0.bytes) }
        }
    }

    package func view(_ entry: LedgerEntry) throws -> EntryView {
        try read { transaction in
            guard let subjects, let row = try transaction.ledgerOpenings(entry.index), let key = try subjects.key(for: row.subject) else {
                return EntryView(entry: entry, isOpen: false, shared: [:], local: [:])
            }
            let openings = try EntryOpenings(unsealing: row.sealed, nonce: row.nonce, key: key, of: entry.record)
            return EntryView(
                entry: entry, isOpen: true, shared: openings.shared.mapValues(\.value), local: openings.local.mapValues(\.value))
        }
    }

    package func mirrorRecords() throws -> [MirrorRecord] {
        var records: [MirrorRecord] = []
        var from: Int64 = 0
        while case let page = try entries(from: from, limit: 1_000), let last = page.last {
            for entry in page where entry.record.mirror != nil {
                if let record = MirrorRecord(try view(entry)) { records.append(record) }
            }
            from = last.index + 1
        }
        return records
    }

    private func read<R>(_ body: (Transaction) throws -> R) throws -> R {
        do {
            return try queue.read { database in try body(Transaction(database)) }
        } catch {
            throw StorageError.wrapping(error, path: Store.fileName)
        }
    }
}

extension Ledger {
    /// A full pass over the released ledger while the node runs.
    package func verify() async throws -> LedgerVerification {
        let verifier = LedgerVerifier(headFilePath: headFilePath, expected: verifierKey, subjects: subjects)
        return try await store.read { transaction in try verifier.run(transaction) }
    }

    /// A full pass over a stopped node's data directory or a copy of it.
    package static func verify(
        directory: String, storageKey: SecretBytes? = nil, expecting expected: VerifierKey? = nil
    ) throws -> LedgerVerification {
        do {
            return try OfflineLedger(directory: directory, storageKey: storageKey).verify(expecting: expected)
        } catch let error as StorageError where error.code == "storage.corrupt" {
            // Too damaged to open is a finding like any other.
            var result = LedgerVerification(origin: "", size: 0)
            result.add(error.code, file: Store.fileName, error.message)
            return result
        }
    }
}

/// Damages a copy of a data directory, to show that verification notices.
package enum LedgerTampering {
    /// Flips one bit of the stored entry inside the database file.
    ///
    /// - Returns: the file and the offset of the changed byte.
    package static func flipByte(directory: String, entry index: Int64) throws -> (file: String, offset: Int) {
        let lock = try DataDirectory(path: directory)
        defer { withExtendedLifetime(lock) {} }
        let path = directory + "/" + Store.fileName
        let queue = try DatabaseQueue(path: path)
        let entry = try queue.read { database in try Transaction(database).ledgerEntry(index) }
        // What the write-ahead log holds must be in the file first, or it would hide the change.
        try queue.writeWithoutTransaction { database in _ = try database.checkpoint(.truncate) }
        try queue.close()
        guard let entry, let record = try? LedgerRecord(parsing: entry), let salt = record.json["salt"]?.string else {
            throw LedgerError.noEntry(index: index, size: 0)
        }
        var file = try Data(contentsOf: URL(fileURLWithPath: path))
        // Random text occurs once; it may straddle two pages of the file, the id then does not.
        guard let found = [salt, record.id].lazy.compactMap({ file.range(of: Data($0.utf8)) }).first else {
            throw LedgerError.noEntry(index: index, size: 0)
        }
        file[found.lowerBound] ^= 0x01
        try file.write(to: URL(fileURLWithPath: path))
        return (path, found.lowerBound)
    }
}
