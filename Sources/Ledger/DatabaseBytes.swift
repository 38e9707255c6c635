// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB

/// Bytes as SQLite stores them, without a detour through `Data` in our own types.
struct DatabaseBytes: DatabaseValueConvertible, Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var databaseValue: DatabaseValue { Data(bytes).databaseValue }

    static func fromDatabaseValue(_ value: DatabaseValue) -> DatabaseBytes? {
        Data.fromDatabaseValue(value).map { DatabaseBytes([UInt8]($0)) }
    }
}
