// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Foundation
import GRDB
import Glibc
import Ledger
import StorageSQLite
import Synchronization
import Testing

/// Strikes once, when armed, at one step.
private final class Striker: Sendable {
    private let armed = Mutex<LedgerStep?>(nil)
    private let action: @Sendable () throws -> Void

    init(_ action: @escaping @Sendable () throws -> Void) { self.action = action }

    func arm(_ step: LedgerStep) { armed.withLock { $0 = step } }

    func reach(_ step: LedgerStep) throws {
        let strikes = armed.withLock { armed in
            guard armed == step else { return false }
            armed = nil
            return true
        }
        if strikes { try action() }
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)

    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}

@Suite struct FaultTests {
    /// The batch fails at a step; nothing of it may be seen unless it was committed, the process signs nothing more, and the next start
    /// finds a whole ledger.
    @Test(arguments: LedgerStep.allCases)
    func aFailureAtAnyStepIsAllOrNothing(step: LedgerStep) async throws {
        let directory = try TestDirectory()
        let striker = Striker { throw Fault() }
        var configuration = LedgerConfiguration()
        configuration.atStep = { try striker.reach($0) }
        let node = try await TestNode.create(directory.path, configuration: configuration)
        for number in 0..<5 { _ = try await node.ledger.commit { try $0.append(.delivery(number)) } }
        striker.arm(step)
        do {
            _ = try await node.ledger.commit { transaction in
                try transaction.put(Note(id: "a", text: "x"))
                try transaction.append(.delivery(5))
            }
            Issue.record("acknowledged")
        } catch let error as LedgerError {
            #expect(error.code == "ledger.stopped")
        }
        #expect(node.ledger.size == 5)
        await #expect(throws: LedgerError.self) { try await node.ledger.commit { try $0.put(Note(id: "b", text: "x")) } }
        try node.close()

        let again = try await TestNode.open(directory.path, keys: node.keys)
        let isCommitted = step == .committed || step == .headFileWritten
        #expect(again.ledger.signing == .ready)
        #expect(again.ledger.size == (isCommitted ? 6 : 5))
        #expect(try await again.store.read { try $0.exists(Note.self, id: "a") } == isCommitted)
        _ = try await again.ledger.commit { try $0.append(.delivery(6)) }
        let verification = try await again.ledger.verify()
        #expect(verification.isVerified, "\(verification.findings)")
        try again.close()
    }

    /// The files as a crash at a step would leave them open as a whole ledger that has everything acknowledged before.
    @Test(arguments: LedgerStep.allCases)
    func aCrashAtAnyStepLosesNothingAcknowledged(step: LedgerStep) async throws {
        let directory = try TestDirectory()
        let copy = try TestDirectory()
        let striker = Striker { try copy.copy(of: directory.path) }
        var configuration = LedgerConfiguration()
        configuration.atStep = { try striker.reach($0) }
        let node = try await TestNode.create(directory.path, configuration: configuration)
        for number in 0..<9 { _ = try await node.ledger.commit { try $0.append(.delivery(number)) } }
        striker.arm(step)
        _ = try await node.ledger.commit { transaction in
            try transaction.put(Note(id: "a", text: "x"))
            for number in 9..<12 { try transaction.append(.delivery(number)) }
        }
        try node.close()

        let crashed = try await TestNode.open(copy.path, keys: node.keys)
        let isCommitted = step == .committed || step == .headFileWritten
        #expect(crashed.ledger.signing == .ready)
        #expect(crashed.ledger.size == (isCommitted ? 12 : 9))
        #expect(try await crashed.store.read { try $0.exists(Note.self, id: "a") } == isCommitted)
        #expect(try await crashed.ledger.verify().isVerified)
        for index in 0..<9 { #expect(try await crashed.ledger.entry(at: Int64(index)).record.correlation == "transfer-\(index)") }
        _ = try await crashed.ledger.commit { try $0.append(.delivery(99)) }
        #expect(try await crashed.ledger.verify().isVerified)
        try crashed.close()
    }

    /// A full disk refuses, changes nothing, and is forgotten once there is room again.
    @Test func aFullDiskRefusesAndTheLedgerGoesOnWhenThereIsRoom() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        _ = try await node.ledger.commit { try $0.append(.delivery(0)) }
        try await node.store.onWriter { transaction in
            let pages = try Int.fetchOne(transaction.database, sql: "PRAGMA page_count") ?? 0
            try transaction.database.execute(sql: "PRAGMA max_page_count = \(pages + 4)")
        }
        var done = 1
        var refused: String?
        while refused == nil, done < 1_000 {
            let number = done
            do {
                _ = try await node.ledger.commit { transaction in
                    try transaction.append(.delivery(number))
                    try transaction.put(Note(id: "\(number)", text: String(repeating: "x", count: 3_000)))
                }
                done += 1
            } catch {
                refused = (error as? any KouanError)?.code
            }
        }
        #expect(refused == "storage.disk-full")
        #expect(node.ledger.signing == .ready)
        #expect(node.ledger.size == Int64(done))
        #expect(try await node.store.read { try $0.count(Note.self) } == done - 1)
        try await node.store.onWriter { try $0.database.execute(sql: "PRAGMA max_page_count = 1073741823") }
        _ = try await node.ledger.commit { try $0.append(.delivery(9)) }
        #expect(try await node.ledger.verify().isVerified)
        try node.close()
    }

    /// A process that is killed in the middle of its work: each index it had acknowledged is in the ledger afterwards.
    @Test(arguments: [1, 40, 333])
    func killedProcessesLoseNothingAcknowledged(after count: Int) async throws {
        let directory = try TestDirectory()
        let keys = try TestNode.Keys()
        try KeyFile.write(keys.ledger, to: directory.path + "/test-ledger.pem")
        try KeyFile.writeSecret(keys.storage, to: directory.path + "/test-storage.key")
        try await TestNode.create(directory.path, keys: keys).close()

        await #expect(processExitsWith: .signal(SIGKILL)) { [path = directory.path as String, limit = count as Int] in
            let keys = TestNode.Keys(
                ledger: try KeyFile.read(path: path + "/test-ledger.pem"), storage: try KeyFile.readSecret(path: path + "/test-storage.key")
            )
            let node = try await TestNode.open(path, keys: keys)
            let acknowledged = open(path + "/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
            let counter = Counter()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 0..<8 {
                    group.addTask {
                        while true {
                            let result = try await node.ledger.commit { transaction in
                                try transaction.append(.delivery(caller))
                                try transaction.put(Note(id: "\(caller)", text: "x"))
                            }
                            let line = Array("\(result.indexes[0])\n".utf8)
                            write(acknowledged, line, line.count)
                            // The other callers are in the middle of something.
                            if counter.next() == limit { kill(getpid(), SIGKILL) }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }

        let text = (try? String(contentsOfFile: directory.path + "/acknowledged", encoding: .utf8)) ?? ""
        let indexes = text.split(separator: "\n").compactMap { Int64($0) }
        #expect(indexes.count >= count)
        #expect(Set(indexes).count == indexes.count, "no index twice")
        let node = try await TestNode.open(directory.path, keys: keys)
        #expect(node.ledger.signing == .ready)
        #expect(node.ledger.size > indexes.max() ?? -1)
        #expect(try await node.ledger.verify().isVerified)
        _ = try await node.ledger.commit { try $0.append(.delivery(1)) }
        try node.close()
    }
}
