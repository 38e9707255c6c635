// SPDX-License-Identifier: Apache-2.0
import ExchangeModel
import Foundation
import MerkleLog
import StorageSQLite

extension Ledger {
    /// Writes what a tool of another make needs to check this log: `checkpoint`, `verifier-key`, `entries.jsonl` and, if asked for,
    /// `openings.jsonl`. `Tests/Interop/check_ledger.py` reads it.
    ///
    /// - Parameter directory: made if missing; files of these names must not exist.
    package func export(to directory: String, withOpenings: Bool = false) async throws {
        let (head, note) = released
        try DataDirectory.create(path: directory)
        try LedgerExport.write(note.description, to: directory + "/checkpoint")
        try LedgerExport.write(verifierKey.description + "\n", to: directory + "/verifier-key")
        let entries = try LedgerExport.create(directory + "/entries.jsonl")
        let openings = try withOpenings ? LedgerExport.create(directory + "/openings.jsonl") : nil
        var from: Int64 = 0
        while from < head.size, case let page = try await self.entries(from: from, limit: Int(min(1_000, head.size - from))),
            let last = page.last
        {
            for entry in page {
                try LedgerExport.line(["index": .integer(entry.index), "entry": .string(Base64.encode(entry.bytes))], to: entries)
                guard let openings else { continue }
                do {
                    guard let opened = try await self.openings(of: entry) else { continue }
                    try LedgerExport.line(["index": .integer(entry.index), "openings": opened.json], to: openings)
                } catch LedgerError.openingsGone {
                    continue
                }
            }
            from = last.index + 1
        }
        try entries.close()
        try openings?.close()
    }
}

private enum LedgerExport {
    static func write(_ text: String, to path: String) throws {
        let file = try create(path)
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    static func create(_ path: String) throws -> FileHandle {
        guard !FileManager.default.fileExists(atPath: path),
            FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]),
            let file = FileHandle(forWritingAtPath: path)
        else { throw StorageError.input(path: path, detail: "the file exists or cannot be made") }
        return file
    }

    static func line(_ json: JSON, to file: FileHandle) throws {
        try file.write(contentsOf: Data(json.canonical() + [0x0A]))
    }
}
