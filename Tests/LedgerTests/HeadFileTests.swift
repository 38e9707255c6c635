// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Foundation
import GRDB
import Ledger
import MerkleLog
import StorageSQLite
import Testing

/// A node that has recorded `count` deliveries and was stopped.
private func stopped(_ directory: TestDirectory, count: Int, keys: TestNode.Keys? = nil) async throws -> TestNode.Keys {
    let node = try await TestNode.create(directory.path, keys: keys)
    for number in 0..<count { _ = try await node.ledger.commit { try $0.append(.delivery(number)) } }
    try node.close()
    return node.keys
}

private func file(_ directory: TestDirectory, _ name: String) -> URL { URL(fileURLWithPath: directory.path + "/" + name) }

@Suite struct HeadFileTests {
    @Test func aDatabaseSetBackIsReadButNotSigned() async throws {
        let directory = try TestDirectory()
        let backup = try TestDirectory()
        let keys = try await stopped(directory, count: 3)
        try backup.copy(of: directory.path)
        let node = try await TestNode.open(directory.path, keys: keys)
        _ = try await node.ledger.commit { try $0.append(.delivery(3)) }
        try node.close()
        // The database comes back from a backup; the head file, which no backup holds, does not.
        for name in ["state.sqlite", "subject-keys.sqlite"] {
            try Data(contentsOf: file(backup, name)).write(to: file(directory, name))
        }
        let old = try await TestNode.open(directory.path, keys: keys)
        #expect(old.ledger.signing == .refused(.headFileAhead(path: directory.path + "/ledger-head", fileSize: 4, databaseSize: 3)))
        #expect(try await old.ledger.entries(limit: 10).count == 3)
        await #expect(throws: LedgerError.self) { try await old.ledger.commit { try $0.append(.delivery(9)) } }
        #expect(old.ledger.size == 3)
        _ = try await old.ledger.commit { try $0.put(Note(id: "state", text: "may change")) }
        await #expect(throws: LedgerError.nothingToAdopt) { try await old.ledger.adopt() }
        #expect(try await old.ledger.verify().findings.map(\.code) == ["ledger.head-file-ahead"])
        try old.close()
    }

    @Test func anotherHistoryOfTheSameLengthIsNotSigned() async throws {
        let directory = try TestDirectory()
        let other = try TestDirectory()
        let keys = try await stopped(directory, count: 3)
        _ = try await stopped(other, count: 3, keys: keys)
        try Data(contentsOf: file(other, "ledger-head")).write(to: file(directory, "ledger-head"))
        let node = try await TestNode.open(directory.path, keys: keys)
        #expect(node.ledger.signing == .refused(.headFileDiffers(path: directory.path + "/ledger-head", size: 3)))
        try node.close()
    }

    @Test func aMissingHeadFileNeedsAPerson() async throws {
        let directory = try TestDirectory()
        let keys = try await stopped(directory, count: 3)
        try FileManager.default.removeItem(at: file(directory, "ledger-head"))
        let node = try await TestNode.open(directory.path, keys: keys)
        #expect(node.ledger.signing == .refused(.headFileMissing(path: directory.path + "/ledger-head")))
        await #expect(throws: LedgerError.self) { try await node.ledger.commit { try $0.append(.delivery(9)) } }
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/ledger-head"))
        try await node.ledger.adopt(by: "u-7")
        #expect(node.ledger.signing == .ready)
        let adopted = try await node.ledger.entry(at: 3)
        #expect(adopted.record.type == .headAdopted)
        #expect(adopted.record.ids == ["user": "u-7"])
        try node.close()
        let again = try await TestNode.open(directory.path, keys: keys)
        #expect(again.ledger.signing == .ready)
        try again.close()
    }

    @Test(arguments: [0, 1])
    func oneTornSlotIsSurvived(slot: Int) async throws {
        let directory = try TestDirectory()
        let keys = try await stopped(directory, count: 4)
        var bytes = try Data(contentsOf: file(directory, "ledger-head"))
        #expect(bytes.count == 8_192)
        bytes[slot * 4_096 + 30] ^= 1
        try bytes.write(to: file(directory, "ledger-head"))
        let node = try await TestNode.open(directory.path, keys: keys)
        #expect(node.ledger.signing == .ready)
        _ = try await node.ledger.commit { try $0.append(.delivery(9)) }
        #expect(try await node.ledger.verify().isVerified)
        try node.close()
    }

    @Test func twoTornSlotsAreAMissingFile() async throws {
        let directory = try TestDirectory()
        let keys = try await stopped(directory, count: 4)
        try Data(repeating: 7, count: 8_192).write(to: file(directory, "ledger-head"))
        let node = try await TestNode.open(directory.path, keys: keys)
        #expect(node.ledger.signing == .refused(.headFileMissing(path: directory.path + "/ledger-head")))
        try await node.ledger.adopt()
        #expect(node.ledger.signing == .ready)
        try node.close()
    }

    @Test func theSlotsAlternate() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        var before = try Data(contentsOf: file(directory, "ledger-head"))
        var changed: [Int] = []
        for number in 0..<6 {
            _ = try await node.ledger.commit { try $0.append(.delivery(number)) }
            let now = try Data(contentsOf: file(directory, "ledger-head"))
            changed += [0, 1].filter { now[($0 * 4_096)..<(($0 + 1) * 4_096)] != before[($0 * 4_096)..<(($0 + 1) * 4_096)] }
            before = now
        }
        #expect(changed == [0, 1, 0, 1, 0, 1])
        try node.close()
    }

    @Test func aLedgerIsMadeOnceAndOpenedByItsOwnKeyOnly() async throws {
        let directory = try TestDirectory()
        let keys = try await stopped(directory, count: 1)
        await #expect(throws: LedgerError.exists(directory: directory.path)) { try await TestNode.create(directory.path, keys: keys) }
        await #expect(throws: LedgerError.wrongKey(origin: TestNode.origin)) {
            try await TestNode.open(directory.path, keys: TestNode.Keys())
        }
        let store = try TestNode.openStore(directory.path)
        await #expect(throws: LedgerError.wrongOrigin(expected: "other", found: TestNode.origin)) {
            try await Ledger.open(store: store, origin: "other", key: keys.ledger, storageKey: keys.storage, clock: TestClock())
        }
        try store.close()
        let empty = try TestDirectory()
        await #expect(throws: LedgerError.missing(directory: empty.path)) { try await TestNode.open(empty.path, keys: keys) }
    }

    @Test func damageBeforeAStartStopsSigning() async throws {
        let directory = try TestDirectory()
        let keys = try await stopped(directory, count: 6)
        _ = try LedgerTampering.flipByte(directory: directory.path, entry: 4)
        let node = try await TestNode.open(directory.path, keys: keys)
        #expect(node.ledger.signing == .refused(.corrupt(detail: "entry `4` is not what was signed")))
        await #expect(throws: LedgerError.self) { try await node.ledger.commit { try $0.append(.delivery(9)) } }
        try node.close()
    }

    @Test func peersConfirmTheStartOrStopIt() async throws {
        let directory = try TestDirectory()
        let keys = try await stopped(directory, count: 4)
        var configuration = LedgerConfiguration()
        configuration.startQuorum = 2
        let node = try await TestNode.open(directory.path, keys: keys, configuration: configuration)
        #expect(node.ledger.signing == .refused(.awaitingQuorum(needed: 2, confirmed: 0)))
        let head = try Checkpoint.verify(node.ledger.checkpoint, by: node.ledger.verifierKey)
        try await node.ledger.confirm(peer: "b", pinned: head)
        try await node.ledger.confirm(peer: "b", pinned: head)
        #expect(node.ledger.signing == .refused(.awaitingQuorum(needed: 2, confirmed: 1)))
        await #expect(throws: LedgerError.self) { try await node.ledger.commit { try $0.append(.delivery(9)) } }
        try await node.ledger.confirm(peer: "c", pinned: nil)
        #expect(node.ledger.signing == .ready)
        _ = try await node.ledger.commit { try $0.append(.delivery(9)) }
        try await node.ledger.confirm(peer: "d", pinned: Checkpoint(origin: TestNode.origin, size: 2, root: .leaf([1])))
        #expect(node.ledger.signing == .refused(.peerDiffers(peer: "d", size: 2)))
        try await node.ledger.confirm(peer: "d", pinned: Checkpoint(origin: TestNode.origin, size: 6, root: .leaf([1])))
        #expect(node.ledger.signing == .refused(.peerAhead(peer: "d", theirs: 6, ours: 5)))
        await #expect(throws: LedgerError.self) { try await node.ledger.commit { try $0.append(.delivery(9)) } }
        try node.close()
    }
}
