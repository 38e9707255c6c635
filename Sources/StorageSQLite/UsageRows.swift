// SPDX-License-Identifier: Apache-2.0

import GRDB

/// What single uses add up to over a stretch of time. Documents are found by equality alone; these rows stand in the order in which a
/// window reads them, so a sum costs what lies in the window and not what lies before it.
package struct UsageRow: Sendable, Hashable {
    /// What the uses are of.
    package let subject: String
    package let milliseconds: Int64
    package let id: String
    package let uses: Int64
    package let bytes: Int64
    /// How long they took.
    package let duration: Int64

    package init(subject: String, milliseconds: Int64, id: String, uses: Int64 = 0, bytes: Int64 = 0, duration: Int64 = 0) {
        self.subject = subject
        self.milliseconds = milliseconds
        self.id = id
        self.uses = uses
        self.bytes = bytes
        self.duration = duration
    }

    package static let schema = SchemaComponent(
        name: "usage_row",
        steps: [
            """
            CREATE TABLE usage_row (subject TEXT NOT NULL, at INTEGER NOT NULL, id TEXT NOT NULL, uses INTEGER NOT NULL,
            bytes INTEGER NOT NULL, duration INTEGER NOT NULL, PRIMARY KEY (subject, at, id)) WITHOUT ROWID
            """
        ])
}

extension Transaction {
    package func insert(_ row: UsageRow) throws {
        let statement = try database.cachedStatement(sql: "INSERT INTO usage_row VALUES (?, ?, ?, ?, ?, ?)")
        try statement.execute(arguments: [row.subject, row.milliseconds, row.id, row.uses, row.bytes, row.duration])
    }

    package func deleteUsage(of subject: String, at milliseconds: Int64, id: String) throws {
        let statement = try database.cachedStatement(sql: "DELETE FROM usage_row WHERE subject = ? AND at = ? AND id = ?")
        try statement.execute(arguments: [subject, milliseconds, id])
    }

    package func deleteUsage(of subject: String, before milliseconds: Int64) throws {
        let statement = try database.cachedStatement(sql: "DELETE FROM usage_row WHERE subject = ? AND at < ?")
        try statement.execute(arguments: [subject, milliseconds])
    }

    /// The sums of the rows after a moment; nil when there are more than `limit`, and then nothing is known of them.
    package func usage(of subject: String, after milliseconds: Int64, limit: Int) throws -> (uses: Int64, bytes: Int64, duration: Int64)? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT COUNT(*), COALESCE(SUM(uses), 0), COALESCE(SUM(bytes), 0), COALESCE(SUM(duration), 0) FROM
                (SELECT uses, bytes, duration FROM usage_row WHERE subject = ? AND at > ? LIMIT ?)
                """)
        guard let row = try Row.fetchOne(statement, arguments: [subject, milliseconds, limit + 1]), let count: Int = row[0], count <= limit
        else { return nil }
        return (row[1], row[2], row[3])
    }
}
