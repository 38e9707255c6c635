// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import GRDB
import MerkleLog
import StorageSQLite

/// What a start checks before the ledger may sign: that the database holds what its head says, and that it was not set back.
struct LedgerStart {
    let store: Store
    let head: StoredHead
    let headFilePath: String
    let rehashLimit: Int64

    /// Stored interior hashes recomputed at random, each from its two children.
    private static let samples = 64

    /// The right edge, the head file if there is one, and why the ledger must not sign.
    func check() async throws -> (edge: RightEdge, headFile: HeadFile?, failure: LedgerError?) {
        let headFile = try HeadFile.open(path: headFilePath)
        let slots = try headFile?.slots() ?? []
        let newest = slots.filter { $0.origin == head.origin }.max { $0.generation < $1.generation }
        let (edge, failure) = try await store.read { transaction -> (RightEdge, LedgerError?) in
            do {
                let edge = try RightEdge(size: head.size) { level, index throws(MerkleLogError) in
                    try transaction.ledgerHash(level: level, index: index)
                }
                guard edge.root == head.root else {
                    return (edge, .corrupt(detail: "the stored tree does not lead to the signed root"))
                }
                if let failure = try checkEntries(transaction) ?? checkSamples(transaction) { return (edge, failure) }
                return (edge, try compare(newest, transaction))
            } catch let error as MerkleLogError {
                return (RightEdge(), .corrupt(detail: error.message))
            }
        }
        if failure == nil { try await mark() }
        return (edge, headFile, failure)
    }

    /// The rules of the head file: ahead of the database, or other content, is a database set back or altered.
    private func compare(_ slot: HeadSlot?, _ transaction: Transaction) throws -> LedgerError? {
        guard let slot else { return .headFileMissing(path: headFilePath) }
        if slot.size > head.size || slot.generation > head.generation {
            return .headFileAhead(path: headFilePath, fileSize: slot.size, databaseSize: head.size)
        }
        let root = try MerkleTree.root(size: slot.size) { level, index throws(MerkleLogError) in
            try transaction.ledgerHash(level: level, index: index)
        }
        return root == slot.root ? nil : .headFileDiffers(path: headFilePath, size: slot.size)
    }

    /// Re-hashes the entries since the last start that found all well.
    private func checkEntries(_ transaction: Transaction) throws -> LedgerError? {
        let last = try Int64.fetchOne(transaction.database, sql: "SELECT MAX(idx) FROM ledger_entries") ?? -1
        guard last == head.size - 1 else {
            return .corrupt(detail: "the last entry is `\(last)`, but the head signs `\(head.size)` entries")
        }
        let verified = try Int64.fetchOne(transaction.database, sql: "SELECT verified FROM ledger_mark WHERE id = 1") ?? 0
        var from = max(verified, head.size - rehashLimit, 0)
        while from < head.size {
            let to = min(from + 1_000, head.size)
            let entries = try transaction.ledgerEntries(from: from, to: to)
            guard Int64(entries.count) == to - from else { return .corrupt(detail: "entries are missing after `\(from)`") }
            for entry in entries where try transaction.ledgerHash(level: 0, index: entry.index) != .leaf(entry.bytes) {
                return .corrupt(detail: "entry `\(entry.index)` is not what was signed")
            }
            from = to
        }
        return nil
    }

    private func checkSamples(_ transaction: Transaction) throws -> LedgerError? {
        guard head.size > 1 else { return nil }
        let levels = UInt64(63 - head.size.leadingZeroBitCount)
        let random = SecureRandom.bytes(LedgerStart.samples * 16)
        for sample in stride(from: 0, to: random.count, by: 16) {
            let level = 1 + Int(LedgerStart.number(random[sample..<(sample + 8)]) % levels)
            let index = Int64(LedgerStart.number(random[(sample + 8)..<(sample + 16)]) % UInt64(head.size >> Int64(level)))
            let left = try transaction.ledgerHash(level: level - 1, index: 2 * index)
            let right = try transaction.ledgerHash(level: level - 1, index: 2 * index + 1)
            guard try transaction.ledgerHash(level: level, index: index) == .node(left, right) else {
                return .corrupt(detail: "hash `\(index)` of level `\(level)` does not follow from its children")
            }
        }
        return nil
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    private func mark() async throws {
        try await store.write { transaction in
            try transaction.database.execute(sql: "UPDATE ledger_mark SET verified = ? WHERE id = 1", arguments: [head.size])
        }
    }
}
