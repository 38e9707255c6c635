// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import GRDB
package import MerkleLog
import StorageSQLite

/// What a full pass over a ledger found.
package struct LedgerVerification: Sendable, Hashable {
    /// One thing that is wrong, with the entry and the file it was found in.
    package struct Finding: Sendable, Hashable {
        package let code: String
        package let index: Int64?
        package let file: String
        package let message: String
    }

    package internal(set) var origin: String
    package internal(set) var size: Int64
    /// The signed root; nil if there is no readable head.
    package internal(set) var root: TreeHash?
    package internal(set) var checkpoint: String?
    package internal(set) var entriesChecked: Int64 = 0
    package internal(set) var openingsChecked: Int64 = 0
    package internal(set) var findings: [Finding] = []

    package var isVerified: Bool { findings.isEmpty }

    static let findingsLimit = 100

    mutating func add(_ code: String, index: Int64? = nil, file: String, _ message: String) {
        guard findings.count < LedgerVerification.findingsLimit else { return }
        findings.append(Finding(code: code, index: index, file: file, message: message))
    }
}

/// Hashes every entry, rebuilds the tree, and compares it with the stored hashes, the signed head and the head file.
struct LedgerVerifier {
    let headFilePath: String
    /// What the head must be signed by; nil takes the key that the database names.
    let expected: VerifierKey?
    /// Nil skips the openings.
    let subjects: SubjectKeys?

    private static let pageCount: Int64 = 1_000
    private static let database = Store.fileName

    func run(_ transaction: Transaction) throws -> LedgerVerification {
        var result = LedgerVerification(origin: "", size: 0)
        for line in try String.fetchAll(transaction.database, sql: "PRAGMA integrity_check(20)") where line != "ok" {
            result.add("storage.corrupt", file: LedgerVerifier.database, "the database file is damaged: \(line)")
        }
        guard let head = try transaction.ledgerHead() else {
            result.add("ledger.missing", file: LedgerVerifier.database, "there is no head")
            return result
        }
        result.origin = head.origin
        result.size = head.size
        result.root = head.root
        result.checkpoint = head.note
        checkHead(head, try transaction.ledgerVerifier(), &result)
        try checkEntries(head, transaction, &result)
        try checkHeadFile(head, transaction, &result)
        return result
    }

    private func checkHead(_ head: StoredHead, _ stored: String?, _ result: inout LedgerVerification) {
        do {
            let key = try expected ?? VerifierKey(parsing: stored ?? "")
            let checkpoint = try Checkpoint.verify(SignedNote(parsing: head.note), by: key)
            guard checkpoint.size == head.size, checkpoint.root == head.root else {
                return result.add(
                    "ledger.head-altered", file: LedgerVerifier.database, "the head and the signed checkpoint differ")
            }
        } catch {
            result.add(
                "ledger.head-signature", file: LedgerVerifier.database, (error as? any KouanError)?.message ?? "the head cannot be read")
        }
    }

    /// Two trees grow side by side: one from the entries, one from the stored leaf hashes. Whichever leads to the signed root tells
    /// which of the two was altered where they differ.
    private func checkEntries(_ head: StoredHead, _ transaction: Transaction, _ result: inout LedgerVerification) throws {
        var fromEntries = RightEdge()
        var fromHashes = RightEdge()
        var altered: [Int64] = []
        var index: Int64 = 0
        while index < head.size {
            let to = min(index + LedgerVerifier.pageCount, head.size)
            var page = try transaction.ledgerEntries(from: index, to: to)[...]
            while index < to {
                let stored = try transaction.ledgerHash(position: MerkleTree.storedPosition(level: 0, index: index))
                var leaf = stored
                if let entry = page.first, entry.index == index {
                    page.removeFirst()
                    leaf = .leaf(entry.bytes)
                    if leaf != stored {
                        altered.append(index)
                    } else {
                        checkContent(entry, transaction, &result)
                    }
                } else {
                    result.add("ledger.entry-missing", index: index, file: LedgerVerifier.database, "entry `\(index)` is missing")
                }
                let finished = fromEntries.append(leaf ?? .empty)
                if altered.isEmpty {
                    try compare(finished, transaction, &result)
                    fromHashes = fromEntries
                } else {
                    _ = fromHashes.append(stored ?? .empty)
                }
                index += 1
                result.entriesChecked += 1
            }
        }
        for index in altered.prefix(LedgerVerification.findingsLimit) {
            if fromEntries.root == head.root {
                result.add(
                    "ledger.hash-altered", index: index, file: LedgerVerifier.database, "the stored hash of entry `\(index)` was altered")
            } else {
                result.add(
                    "ledger.entry-altered", index: index, file: LedgerVerifier.database, "entry `\(index)` is not what was signed")
            }
        }
        if fromEntries.root != head.root, fromHashes.root != head.root {
            result.add(
                "ledger.root-differs", file: LedgerVerifier.database,
                "the `\(head.size)` entries do not lead to the signed root, so entries and hashes were altered together")
        }
        let last = try Int64.fetchOne(transaction.database, sql: "SELECT MAX(idx) FROM ledger_entries") ?? -1
        if last >= head.size {
            result.add(
                "ledger.entry-unsigned", index: last, file: LedgerVerifier.database, "entry `\(last)` lies beyond the signed size")
        }
    }

    /// Interior hashes; the leaf was compared already.
    private func compare(_ finished: [StoredHash], _ transaction: Transaction, _ result: inout LedgerVerification) throws {
        for hash in finished.dropFirst() where try transaction.ledgerHash(position: hash.position) != hash.hash {
            let first = hash.index << Int64(hash.level)
            result.add(
                "ledger.hash-altered", index: first, file: LedgerVerifier.database,
                "hash `\(hash.index)` of level `\(hash.level)`, over the entries from `\(first)`, was altered")
        }
    }

    private func checkContent(
        _ entry: (index: Int64, bytes: [UInt8]), _ transaction: Transaction, _ result: inout LedgerVerification
    ) {
        do {
            let record = try LedgerRecord(parsing: entry.bytes, index: entry.index)
            guard let subjects, let row = try transaction.ledgerOpenings(entry.index), let key = try subjects.key(for: row.subject) else {
                return
            }
            _ = try EntryOpenings(unsealing: row.sealed, nonce: row.nonce, key: key, of: record)
            result.openingsChecked += 1
        } catch {
            let error = StorageError.wrapping(error, path: LedgerVerifier.database) as? any KouanError
            result.add(
                error?.code ?? "ledger.bad-record", index: entry.index, file: LedgerVerifier.database,
                "entry `\(entry.index)`: \(error?.message ?? "it cannot be read")")
        }
    }

    private func checkHeadFile(_ head: StoredHead, _ transaction: Transaction, _ result: inout LedgerVerification) throws {
        let file = String(headFilePath.split(separator: "/").last ?? "")
        let slots = try HeadFile.open(path: headFilePath)?.slots() ?? []
        guard let newest = slots.filter({ $0.origin == head.origin }).max(by: { $0.generation < $1.generation }) else {
            return result.add("ledger.head-file-missing", file: file, "there is no readable head file")
        }
        guard newest.size <= head.size, newest.generation <= head.generation else {
            return result.add(
                "ledger.head-file-ahead", file: file,
                "this ledger signed `\(newest.size)` entries, but the database holds `\(head.size)`")
        }
        let root = try? MerkleTree.root(size: newest.size) { level, index throws(MerkleLogError) in
            try transaction.ledgerHash(level: level, index: index)
        }
        if root != newest.root {
            result.add("ledger.head-file-differs", file: file, "the head file shows another root at size `\(newest.size)`")
        }
    }
}
