// SPDX-License-Identifier: Apache-2.0
import ExchangeModel
import GRDB

/// Why the node's database could not be opened, read or written.
package enum StorageError: KouanError, Equatable {
    case noDirectory(path: String)
    case notPrivate(path: String, mode: String)
    case notOurs(path: String)
    case inUse(path: String)
    case newerSchema(component: String, found: Int, known: Int)
    case diskFull(path: String)
    case corrupt(path: String, detail: String)
    case input(path: String, detail: String)
    case badRecord(table: String, id: String, detail: String)
    case duplicate(detail: String)
    case closed

    package var code: String {
        switch self {
        case .noDirectory: "storage.no-directory"
        case .notPrivate: "storage.not-private"
        case .notOurs: "storage.not-ours"
        case .inUse: "storage.in-use"
        case .newerSchema: "storage.newer-schema"
        case .diskFull: "storage.disk-full"
        case .corrupt: "storage.corrupt"
        case .input: "storage.failed"
        case .badRecord: "storage.bad-record"
        case .duplicate: "storage.duplicate"
        case .closed: "storage.closed"
        }
    }

    package var message: String {
        switch self {
        case .noDirectory(let path): "there is no data directory `\(path)`"
        case .notPrivate(let path, let mode): "the data directory `\(path)` has mode `\(mode)`, so others can reach it"
        case .notOurs(let path): "the data directory `\(path)` belongs to another user"
        case .inUse(let path): "another process uses the data directory `\(path)`"
        case .newerSchema(let component, let found, let known):
            "the data of `\(component)` has schema `\(found)`, newer than `\(known)`, the newest this program knows"
        case .diskFull(let path): "the disk that holds `\(path)` is full"
        case .corrupt(let path, let detail): "the database `\(path)` is damaged: \(detail)"
        case .input(let path, let detail): "the database `\(path)` could not be read or written: \(detail)"
        case .badRecord(let table, let id, let detail): "record `\(id)` of `\(table)` cannot be read: \(detail)"
        case .duplicate(let detail): "a record like this exists already: \(detail)"
        case .closed: "the database is closed"
        }
    }

    package var hint: String {
        switch self {
        case .noDirectory: "create the node with `kouan init`, or name its directory with `--data`"
        case .notPrivate(let path, _): "run `chmod 700 \(path)`"
        case .notOurs: "run kouan as the user who owns the directory"
        case .inUse: "stop the other node first, or give this one a directory of its own with `--data`"
        case .newerSchema: "start the newer program that wrote this directory"
        case .diskFull: "free space on that disk; nothing was changed"
        case .corrupt: "stop the node, keep the directory as it is and restore a backup"
        case .input: "look at the disk and the permissions of the data directory"
        case .badRecord: "run `kouan doctor`; the record was written by another version or damaged"
        case .duplicate: "use another name, or change the existing record"
        case .closed: "start the node again"
        }
    }

    /// Says in our words what SQLite answered. Errors of our own modules pass through.
    package static func wrapping(_ error: any Error, path: String) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        switch error.resultCode {
        case .SQLITE_FULL: return StorageError.diskFull(path: path)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return StorageError.corrupt(path: path, detail: error.message ?? "code \(error.resultCode.rawValue)")
        case .SQLITE_BUSY, .SQLITE_LOCKED: return StorageError.inUse(path: path)
        case .SQLITE_CONSTRAINT: return StorageError.duplicate(detail: error.message ?? "constraint")
        case .SQLITE_MISUSE: return StorageError.closed
        default: return StorageError.input(path: path, detail: error.message ?? "code \(error.extendedResultCode.rawValue)")
        }
    }
}
