// SPDX-License-Identifier: Apache-2.0
import Foundation
package import GRDB

/// Access to the documents inside one transaction. Only valid inside the closure that received it.
package struct Transaction {
    /// For components with SQL of their own.
    package let database: Database

    package init(_ database: Database) { self.database = database }

    package func get<R: StoredRecord>(_ type: R.Type, id: String) throws -> R? {
        let statement = try database.cachedStatement(sql: "SELECT id, body FROM \"\(R.table)\" WHERE id = ?")
        return try Row.fetchOne(statement, arguments: [id]).map { try decode(R.self, $0) }
    }

    package func exists<R: StoredRecord>(_ type: R.Type, id: String) throws -> Bool {
        let statement = try database.cachedStatement(sql: "SELECT 1 FROM \"\(R.table)\" WHERE id = ?")
        return try Row.fetchOne(statement, arguments: [id]) != nil
    }

    /// Stores the record in place of the one with the same id, if any.
    package func put<R: StoredRecord>(_ record: R) throws {
        try write(record, replacing: true)
    }

    /// Stores a record that must be new.
    ///
    /// - Throws: `StorageError.duplicate` if there is one with this id.
    package func insert<R: StoredRecord>(_ record: R) throws {
        do {
            try write(record, replacing: false)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            throw StorageError.duplicate(detail: "`\(record.id)` in `\(R.table)`")
        }
    }

    /// Returns whether there was one.
    @discardableResult
    package func delete<R: StoredRecord>(_ type: R.Type, id: String) throws -> Bool {
        let statement = try database.cachedStatement(sql: "DELETE FROM \"\(R.table)\" WHERE id = ?")
        try statement.execute(arguments: [id])
        return database.changesCount > 0
    }

    /// Records in the order of their ids, after `after` if given, at most `limit`. Pass the last id of a page to get the next one.
    package func page<R: StoredRecord>(_ type: R.Type, after: String? = nil, limit: Int) throws -> [R] {
        let statement = try database.cachedStatement(sql: "SELECT id, body FROM \"\(R.table)\" WHERE id > ? ORDER BY id LIMIT ?")
        return try Row.fetchAll(statement, arguments: [after ?? "", limit]).map { try decode(R.self, $0) }
    }

    package func all<R: StoredRecord>(_ type: R.Type) throws -> [R] {
        let statement = try database.cachedStatement(sql: "SELECT id, body FROM \"\(R.table)\" ORDER BY id")
        return try Row.fetchAll(statement).map { try decode(R.self, $0) }
    }

    /// The records whose column `key` equals `equals`, in the order of their ids.
    package func all<R: StoredRecord>(
        _ type: R.Type, where key: String, equals value: String, after: String? = nil, limit: Int? = nil
    ) throws -> [R] {
        try all(type, where: [(key, value)], after: after, limit: limit)
    }

    /// The records that match all of the conditions, in the order of their ids.
    package func all<R: StoredRecord>(
        _ type: R.Type, where conditions: [(key: String, value: String)], after: String? = nil, limit: Int? = nil
    ) throws -> [R] {
        let (clause, values) = try self.clause(R.self, conditions)
        let statement = try database.cachedStatement(
            sql: "SELECT id, body FROM \"\(R.table)\" WHERE \(clause) AND id > ? ORDER BY id LIMIT ?")
        let arguments = StatementArguments(values + [after ?? ""]) + [limit ?? -1]
        return try Row.fetchAll(statement, arguments: arguments).map { try decode(R.self, $0) }
    }

    package func first<R: StoredRecord>(_ type: R.Type, where key: String, equals value: String) throws -> R? {
        try all(type, where: key, equals: value, limit: 1).first
    }

    package func count<R: StoredRecord>(_ type: R.Type) throws -> Int {
        let statement = try database.cachedStatement(sql: "SELECT COUNT(*) FROM \"\(R.table)\"")
        return try Int.fetchOne(statement) ?? 0
    }

    package func count<R: StoredRecord>(_ type: R.Type, where key: String, equals value: String) throws -> Int {
        let (clause, values) = try clause(R.self, [(key, value)])
        let statement = try database.cachedStatement(sql: "SELECT COUNT(*) FROM \"\(R.table)\" WHERE \(clause)")
        return try Int.fetchOne(statement, arguments: StatementArguments(values)) ?? 0
    }

    // MARK: rows

    private func write<R: StoredRecord>(_ record: R, replacing: Bool) throws {
        let columns = ["id", "body"] + R.keyNames
        var sql = "INSERT INTO \"\(R.table)\" (\(columns.map { "\"\($0)\"" }.joined(separator: ", ")))"
        sql += " VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))"
        if replacing {
            sql += " ON CONFLICT (id) DO UPDATE SET "
            sql += columns.dropFirst().map { "\"\($0)\" = excluded.\"\($0)\"" }.joined(separator: ", ")
        }
        let keys = record.keys
        var values: [(any DatabaseValueConvertible)?] = [record.id, try JSONEncoder().encode(record)]
        for column in R.keyNames { values.append(keys[column] ?? nil) }
        try database.cachedStatement(sql: sql).execute(arguments: StatementArguments(values))
    }

    private func clause<R: StoredRecord>(_ type: R.Type, _ conditions: [(key: String, value: String)]) throws -> (String, [String]) {
        for condition in conditions where condition.key != "id" {
            precondition(R.keyNames.contains(condition.key), "\(R.table) has no key \(condition.key)")
        }
        return (conditions.map { "\"\($0.key)\" = ?" }.joined(separator: " AND "), conditions.map(\.value))
    }

    private func decode<R: StoredRecord>(_ type: R.Type, _ row: Row) throws -> R {
        let body: Data = row[1]
        do {
            return try JSONDecoder().decode(R.self, from: body)
        } catch {
            throw StorageError.badRecord(table: R.table, id: row[0], detail: "its document does not fit `\(R.self)`")
        }
    }
}
