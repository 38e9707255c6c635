// SPDX-License-Identifier: Apache-2.0
package import ExchangeModel
import Foundation
import GRDB
import StorageSQLite

/// Which entries to list. Nil matches everything.
package struct EntryFilter: Sendable, Hashable {
    package var types: [EntryType]?
    package var role: EntryRole?
    package var correlation: String?
    package var agreement: String?
    package var package: Digest?
    package var crossSpace: Bool?
    package var crossProvince: Bool?
    package var crossBorder: Bool?
    package var from: Timestamp?
    package var until: Timestamp?

    package init(
        types: [EntryType]? = nil, role: EntryRole? = nil, correlation: String? = nil, agreement: String? = nil, package: Digest? = nil,
        crossSpace: Bool? = nil, crossProvince: Bool? = nil, crossBorder: Bool? = nil, from: Timestamp? = nil, until: Timestamp? = nil
    ) {
        self.types = types
        self.role = role
        self.correlation = correlation
        self.agreement = agreement
        self.package = package
        self.crossSpace = crossSpace
        self.crossProvince = crossProvince
        self.crossBorder = crossBorder
        self.from = from
        self.until = until
    }
}

/// One page of a filtered list.
package struct EntryPage: Sendable, Hashable {
    package static let totalLimit = 10_000

    package let entries: [LedgerEntry]
    /// Exact up to `totalLimit`, and one more than that beyond it: show `10,000+`.
    package let total: Int
    /// Entries below this index were considered.
    package let indexedTo: Int64
    /// Pass as `beyond` to get the next page; nil at the end.
    package let next: Int64?
}

/// A projection of the ledger's plain fields, in a database file of its own, so that the commit path keeps no index. It is derived:
/// deleting `ledger-index.sqlite` loses nothing, and it is brought up to the released size before it answers.
final class LedgerIndex: Sendable {
    static let fileName = "ledger-index.sqlite"
    private static let version = 1
    private static let pageCount: Int64 = 1_000

    private let queue: DatabaseQueue

    init(directory: String, origin: String) throws {
        let path = directory + "/" + LedgerIndex.fileName
        do {
            queue = try LedgerIndex.open(path, origin)
        } catch {
            // Unreadable, or of another ledger: it is only a projection.
            for name in [path, path + "-journal"] { try? FileManager.default.removeItem(atPath: name) }
            queue = try LedgerIndex.open(path, origin)
        }
    }

    private static func open(_ path: String, _ origin: String) throws -> DatabaseQueue {
        let queue = try DatabaseQueue(path: path)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        // Losing the last pages at a power cut is fine as long as what remains is consistent.
        try queue.writeWithoutTransaction { database in try database.execute(sql: "PRAGMA synchronous = NORMAL") }
        try queue.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS state (version INTEGER NOT NULL, origin TEXT NOT NULL, indexed INTEGER NOT NULL);
                    CREATE TABLE IF NOT EXISTS entry (
                        idx INTEGER PRIMARY KEY, type TEXT NOT NULL, role TEXT NOT NULL, time INTEGER NOT NULL, correlation TEXT,
                        agreement TEXT, package TEXT, cross_space INTEGER, cross_province INTEGER, cross_border INTEGER);
                    CREATE INDEX IF NOT EXISTS entry_type ON entry (type);
                    CREATE INDEX IF NOT EXISTS entry_correlation ON entry (correlation);
                    CREATE INDEX IF NOT EXISTS entry_agreement ON entry (agreement);
                    CREATE INDEX IF NOT EXISTS entry_package ON entry (package);
                    CREATE INDEX IF NOT EXISTS entry_time ON entry (time);
                    """)
            guard let row = try Row.fetchOne(database, sql: "SELECT version, origin FROM state") else {
                return try database.execute(sql: "INSERT INTO state VALUES (?, ?, 0)", arguments: [version, origin])
            }
            let (found, name): (Int, String) = (row[0], row[1])
            guard found == version, name == origin else { throw StorageError.corrupt(path: path, detail: "it is of another ledger") }
        }
        return queue
    }

    func indexed() async throws -> Int64 {
        try await queue.read { database in try Int64.fetchOne(database, sql: "SELECT indexed FROM state") ?? 0 }
    }

    func clear() async throws {
        try await queue.write { database in try database.execute(sql: "DELETE FROM entry; UPDATE state SET indexed = 0") }
    }

    /// Adds entries that follow the indexed ones without a gap; others are ignored, so that two callers do no harm.
    func add(_ entries: [LedgerEntry]) async throws {
        try await queue.write { database in
            var indexed = try Int64.fetchOne(database, sql: "SELECT indexed FROM state") ?? 0
            let statement = try database.cachedStatement(sql: "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            for entry in entries where entry.index == indexed {
                let record = entry.record
                try statement.execute(arguments: [
                    entry.index, record.type.rawValue, record.role.rawValue, record.time.milliseconds, record.correlation,
                    record.agreement, record.package?.description, record.flags?.crossSpace, record.flags?.crossProvince,
                    record.flags?.crossBorder,
                ])
                indexed += 1
            }
            try database.execute(sql: "UPDATE state SET indexed = ?", arguments: [indexed])
        }
    }

    /// The indexes that match, newest first if `descending`, and how many there are up to the limit.
    func find(_ filter: EntryFilter, beyond: Int64?, limit: Int, descending: Bool) async throws -> (indexes: [Int64], total: Int) {
        let (clause, arguments) = LedgerIndex.clause(filter)
        return try await queue.read { database in
            let total = try Int.fetchOne(
                database, sql: "SELECT COUNT(*) FROM (SELECT 1 FROM entry WHERE \(clause) LIMIT \(EntryPage.totalLimit + 1))",
                arguments: arguments)
            let (comparison, order) = descending ? ("<", "DESC") : (">", "ASC")
            let start = beyond ?? (descending ? Int64.max : -1)
            let indexes = try Int64.fetchAll(
                database, sql: "SELECT idx FROM entry WHERE \(clause) AND idx \(comparison) ? ORDER BY idx \(order) LIMIT ?",
                arguments: arguments + [start, limit])
            return (indexes, total ?? 0)
        }
    }

    func close() throws { try queue.close() }

    private static func clause(_ filter: EntryFilter) -> (String, StatementArguments) {
        var clauses = ["1"]
        var arguments = StatementArguments()
        func add(_ clause: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            clauses.append(clause)
            arguments += [value]
        }
        if let types = filter.types {
            clauses.append("type IN (\(types.map { _ in "?" }.joined(separator: ", ")))")
            arguments += StatementArguments(types.map(\.rawValue))
        }
        add("role = ?", filter.role?.rawValue)
        add("correlation = ?", filter.correlation)
        add("agreement = ?", filter.agreement)
        add("package = ?", filter.package?.description)
        add("cross_space = ?", filter.crossSpace)
        add("cross_province = ?", filter.crossProvince)
        add("cross_border = ?", filter.crossBorder)
        add("time >= ?", filter.from?.milliseconds)
        add("time < ?", filter.until?.milliseconds)
        return (clauses.joined(separator: " AND "), arguments)
    }
}

extension Ledger {
    /// Entries that match, found through the projection, which is brought up to the released size first.
    ///
    /// - Parameter beyond: `next` of the page before.
    package func find(
        _ filter: EntryFilter = EntryFilter(), beyond: Int64? = nil, limit: Int = 100, newestFirst: Bool = true
    ) async throws -> EntryPage {
        var indexed = try await index.indexed()
        if indexed > size {
            // The database was set back; what the projection knows beyond it belongs to another history.
            try await index.clear()
            indexed = 0
        }
        while indexed < size {
            let page = try await entries(from: indexed, limit: 1_000)
            guard let last = page.last else { break }
            try await index.add(page)
            indexed = last.index + 1
        }
        let found = try await index.find(filter, beyond: beyond, limit: limit, descending: newestFirst)
        let entries = try await store.read { transaction in
            try found.indexes.compactMap { index in
                try transaction.ledgerEntry(index).map { try LedgerEntry(index: index, bytes: $0) }
            }
        }
        return EntryPage(
            entries: entries, total: found.total, indexedTo: indexed, next: found.indexes.count == limit ? found.indexes.last : nil)
    }
}
