// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import GRDB
import Glibc
import StorageSQLite
import Synchronization

/// The keys under which openings are sealed, one per subject (an agreement, or the node itself), in a file of their own that no ledger
/// backup contains. Destroying a key erases every opening of its subject, in all copies of the database at once.
///
/// Each key rests wrapped under the node's storage key: AES-256-GCM, random nonce, the subject as associated data.
final class SubjectKeys: Sendable {
    static let fileName = "subject-keys.sqlite"
    /// The subject of entries that belong to no agreement.
    static let node = "node"
    private static let cacheLimit = 1_024
    private static let label = Array("kouan/subject-key/v1\n".utf8)

    private let path: String
    private let queue: DatabaseQueue
    private let storageKey: SecretBytes
    private let cache = Mutex<[String: SecretBytes]>([:])

    init(directory: String, storageKey: SecretBytes, readOnly: Bool = false) throws {
        path = directory + "/" + SubjectKeys.fileName
        self.storageKey = storageKey
        if !readOnly {
            let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw StorageError.input(path: path, detail: String(cString: strerror(errno))) }
            Glibc.close(descriptor)
        }
        var configuration = Configuration()
        configuration.label = "kouan.subject-keys"
        configuration.readonly = readOnly
        configuration.prepareDatabase { database in try database.execute(sql: "PRAGMA secure_delete = ON") }
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            guard !readOnly else { return }
            // A rollback journal, truncated and synced at each commit: no log is left behind that keeps a destroyed key.
            try queue.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA journal_mode = TRUNCATE")
                try database.execute(sql: "PRAGMA synchronous = EXTRA")
            }
            try queue.write { database in
                try database.execute(
                    sql:
                        "CREATE TABLE IF NOT EXISTS subject_keys (subject TEXT PRIMARY KEY NOT NULL, nonce BLOB NOT NULL, wrapped BLOB NOT NULL)"
                )
            }
        } catch {
            throw StorageError.wrapping(error, path: path)
        }
    }

    /// The subject's key, made and durable on return if it is new.
    func makeKey(for subject: String) throws -> SecretBytes {
        if let key = try key(for: subject) { return key }
        let key = SecretBytes.random(count: AESGCM.keySize)
        let nonce = SecureRandom.bytes(AESGCM.nonceSize)
        let wrapped = try AESGCM(key: storageKey).seal(nonce: nonce, aad: SubjectKeys.label + Array(subject.utf8), key.copy())
        try wrapping {
            try queue.write { database in
                try database.execute(
                    sql: "INSERT INTO subject_keys VALUES (?, ?, ?)", arguments: [subject, DatabaseBytes(nonce), DatabaseBytes(wrapped)])
            }
        }
        remember(key, for: subject)
        return key
    }

    /// Nil if the subject has no key, or has none any more.
    func key(for subject: String) throws -> SecretBytes? {
        if let key = cache.withLock({ $0[subject] }) { return key }
        let row = try wrapping {
            try queue.read { database in
                try Row.fetchOne(database, sql: "SELECT nonce, wrapped FROM subject_keys WHERE subject = ?", arguments: [subject])
            }
        }
        guard let row else { return nil }
        let nonce: DatabaseBytes = row[0]
        let wrapped: DatabaseBytes = row[1]
        let key: SecretBytes
        do {
            key = SecretBytes(
                try AESGCM(key: storageKey).open(nonce: nonce.bytes, aad: SubjectKeys.label + Array(subject.utf8), wrapped.bytes))
        } catch {
            throw LedgerError.subjectKey(detail: "it does not open under the storage key")
        }
        remember(key, for: subject)
        return key
    }

    func destroy(subject: String) throws {
        cache.withLock { $0[subject] = nil }
        try wrapping {
            try queue.write { database in
                try database.execute(sql: "DELETE FROM subject_keys WHERE subject = ?", arguments: [subject])
            }
        }
    }

    func close() throws { try queue.close() }

    private func remember(_ key: SecretBytes, for subject: String) {
        cache.withLock { cache in
            if cache.count >= SubjectKeys.cacheLimit { cache.removeAll() }
            cache[subject] = key
        }
    }

    private func wrapping<R>(_ body: () throws -> R) throws -> R {
        do { return try body() } catch { throw StorageError.wrapping(error, path: path) }
    }
}
