// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB

/// Brings the tables to what this program knows, in one transaction, or refuses what a newer one wrote.
struct Migration {
    /// Version of the layout of document tables themselves.
    private static let documentsVersion = 1

    let database: Database

    func run(records: [any StoredRecord.Type], schemas: [SchemaComponent]) throws {
        try database.execute(sql: "CREATE TABLE IF NOT EXISTS schema_version (component TEXT PRIMARY KEY, version INTEGER NOT NULL)")
        let found = try version(of: "documents")
        guard found <= Migration.documentsVersion else {
            throw StorageError.newerSchema(component: "documents", found: found, known: Migration.documentsVersion)
        }
        for schema in schemas { try bring(schema) }
        for record in records { try prepare(record) }
        try set("documents", Migration.documentsVersion)
    }

    private func bring(_ schema: SchemaComponent) throws {
        let found = try version(of: schema.name)
        guard found <= schema.steps.count else {
            throw StorageError.newerSchema(component: schema.name, found: found, known: schema.steps.count)
        }
        for step in schema.steps[found...] { try database.execute(sql: step) }
        if found < schema.steps.count { try set(schema.name, schema.steps.count) }
    }

    private func version(of component: String) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT version FROM schema_version WHERE component = ?", arguments: [component]) ?? 0
    }

    private func set(_ component: String, _ version: Int) throws {
        try database.execute(sql: "INSERT OR REPLACE INTO schema_version VALUES (?, ?)", arguments: [component, version])
    }

    private func prepare<R: StoredRecord>(_ type: R.Type) throws {
        for name in [R.table] + R.keyNames { precondition(Migration.isName(name), "\(name) cannot name a table or column") }
        let known = Set(try database.tableExists(R.table) ? database.columns(in: R.table).map(\.name) : [])
        if known.isEmpty {
            try database.execute(sql: "CREATE TABLE \"\(R.table)\" (id TEXT PRIMARY KEY NOT NULL, body BLOB NOT NULL)")
        }
        let added = R.keyNames.filter { !known.contains($0) }
        for name in added {
            try database.execute(sql: "ALTER TABLE \"\(R.table)\" ADD COLUMN \"\(name)\" TEXT")
            try database.execute(sql: "CREATE INDEX \"\(R.table)_\(name)\" ON \"\(R.table)\" (\"\(name)\")")
        }
        guard !known.isEmpty, !added.isEmpty else { return }
        let transaction = Transaction(database)
        var page = try transaction.page(R.self, limit: 500)
        while let last = page.last {
            for record in page { try transaction.put(record) }
            page = try transaction.page(R.self, after: last.id, limit: 500)
        }
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, (0x61...0x7A).contains(first), name != "id", name != "body" else { return false }
        return name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }
}
