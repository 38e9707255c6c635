// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import Glibc

/// The node's database: `DIR/state.sqlite`, one writer, several readers, one process.
///
/// WAL with `synchronous=FULL`: a committed transaction survives a power cut. `secure_delete` overwrites what is deleted. Reads see the
/// last committed state and never wait for the writer.
package final class Store: Sendable {
    package static let fileName = "state.sqlite"

    package let directory: String
    package let path: String
    private let lock: DataDirectory
    private let pool: DatabasePool

    /// Opens the database of `directory`, making it and the tables of `records` where they are missing, and migrating older ones.
    ///
    /// - Throws: `StorageError`: `.inUse` if another process has the directory, `.newerSchema` if a newer program wrote it.
    package static func open(
        directory: String, records: [any StoredRecord.Type], schemas: [SchemaComponent] = [], readers: Int = 4
    ) throws -> Store {
        let lock = try DataDirectory(path: directory)
        let path = directory + "/" + fileName
        do {
            return try Store(lock: lock, path: path, records: records, schemas: schemas, readers: readers)
        } catch {
            throw StorageError.wrapping(error, path: path)
        }
    }

    private init(
        lock: DataDirectory, path: String, records: [any StoredRecord.Type], schemas: [SchemaComponent], readers: Int
    ) throws {
        self.lock = lock
        self.path = path
        directory = lock.path
        try Store.makePrivate(path)
        pool = try DatabasePool(path: path, configuration: Store.configuration(readers: readers))
        // GRDB lowers `synchronous` to NORMAL for a WAL database; an acknowledged entry must survive a power cut.
        try pool.writeWithoutTransaction { database in try database.execute(sql: "PRAGMA synchronous = FULL") }
        try pool.write { database in try Migration(database: database).run(records: records, schemas: schemas) }
    }

    /// Reads one consistent state.
    package func read<T: Sendable>(_ body: @Sendable @escaping (Transaction) throws -> T) async throws -> T {
        do {
            return try await pool.read { database in try body(Transaction(database)) }
        } catch {
            throw StorageError.wrapping(error, path: path)
        }
    }

    /// Changes that need no ledger entry, in one transaction, durable on return. What is told to anyone goes through the ledger instead.
    @discardableResult
    package func write<T: Sendable>(_ body: @Sendable @escaping (Transaction) throws -> T) async throws -> T {
        do {
            return try await pool.write { database in try body(Transaction(database)) }
        } catch {
            throw StorageError.wrapping(error, path: path)
        }
    }

    /// Runs `body` on the writer's own thread, in no transaction, without waiting for it. Calls run one after the other in their order.
    package func onWriter(_ body: @Sendable @escaping (Transaction) -> Void) {
        pool.asyncWriteWithoutTransaction { database in body(Transaction(database)) }
    }

    /// The same, waiting for the result.
    package func onWriter<T: Sendable>(_ body: @Sendable @escaping (Transaction) throws -> T) async throws -> T {
        do {
            return try await pool.writeWithoutTransaction { database in try body(Transaction(database)) }
        } catch {
            throw StorageError.wrapping(error, path: path)
        }
    }

    /// A consistent copy of the whole database, made while the node runs.
    package func backup(to target: String) async throws {
        do {
            try Store.makePrivate(target)
            let copy = try DatabaseQueue(path: target)
            try pool.backup(to: copy)
            try copy.close()
        } catch {
            throw StorageError.wrapping(error, path: target)
        }
    }

    /// Writes the log back into the database file and closes it and lets the directory go. Calls after this throw `.closed`.
    package func close() throws {
        do {
            try? pool.writeWithoutTransaction { database in _ = try database.checkpoint(.truncate) }
            try pool.close()
            lock.release()
        } catch {
            throw StorageError.wrapping(error, path: path)
        }
    }

    private static func configuration(readers: Int) -> Configuration {
        var configuration = Configuration()
        configuration.label = "kouan.state"
        configuration.maximumReaderCount = readers
        configuration.busyMode = .timeout(5)
        configuration.foreignKeysEnabled = true
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA secure_delete = ON")
            try database.execute(sql: "PRAGMA temp_store = MEMORY")
        }
        return configuration
    }

    /// SQLite would create the file with the umask's mode; its companions take the mode of the file.
    private static func makePrivate(_ path: String) throws {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StorageError.input(path: path, detail: String(cString: strerror(errno))) }
        Glibc.close(descriptor)
    }
}
