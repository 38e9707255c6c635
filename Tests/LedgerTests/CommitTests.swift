// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Ledger
import MerkleLog
import StorageSQLite
import Testing

@Suite struct CommitTests {
    @Test func anEntryAndItsStateBecomeDurableTogetherUnderASignedHead() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        let result = try await node.ledger.commit { transaction in
            try transaction.put(Note(id: "a", owner: "me", text: "state"))
            return try transaction.append(.delivery(1))
        }
        #expect(result.value == 0)
        #expect(result.indexes == [0])
        #expect(result.size == 1)
        let checkpoint = try Checkpoint.verify(result.checkpoint, by: node.ledger.verifierKey)
        let entry = try await node.ledger.entry(at: 0)
        #expect(checkpoint.root == TreeHash.leaf(entry.bytes))
        #expect(try await node.store.read { try $0.get(Note.self, id: "a") } == Note(id: "a", owner: "me", text: "state"))
        let file = try await node.ledger.inclusionFile(index: 0)
        #expect(try file.verify(entry: entry.bytes, by: node.ledger.verifierKey) == checkpoint)
        try node.close()
    }

    @Test func aThrowingClosureLeavesNothingAndItsNeighboursStay() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    if number.isMultiple(of: 4) {
                        await #expect(throws: Fault.self) {
                            try await node.ledger.commit { transaction in
                                try transaction.put(Note(id: "bad-\(number)", text: "x"))
                                try transaction.append(.delivery(number))
                                throw Fault()
                            }
                        }
                    } else {
                        _ = try await node.ledger.commit { transaction in
                            try transaction.put(Note(id: "good-\(number)", text: "x"))
                            try transaction.append(.delivery(number))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(node.ledger.size == 30)
        let notes = try await node.store.read { try $0.all(Note.self) }
        #expect(notes.count == 30)
        #expect(notes.allSatisfy { $0.id.hasPrefix("good") })
        try node.close()
    }

    @Test func sixtyFourCallersGetDistinctIndexesAndWhatIsAcknowledgedIsThere() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        let indexes = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for caller in 0..<64 {
                group.addTask {
                    var mine: [Int64] = []
                    for number in 0..<4 {
                        let result = try await node.ledger.commit { transaction in
                            let index = try transaction.append(.delivery(caller * 4 + number))
                            try transaction.put(Note(id: "\(caller)-\(number)", owner: String(index), text: "x"))
                            return index
                        }
                        #expect(result.indexes == [result.value])
                        #expect(result.size > result.value)
                        #expect(try Checkpoint.verify(result.checkpoint, by: node.ledger.verifierKey).size == result.size)
                        mine.append(result.value)
                    }
                    return mine
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(indexes.sorted() == Array(0..<256))
        for note in try await node.store.read({ try $0.all(Note.self) }) {
            let index = try #require(note.owner.flatMap { Int64($0) })
            let parts = note.id.split(separator: "-").compactMap { Int($0) }
            #expect(try await node.ledger.entry(at: index).record.correlation == "transfer-\(parts[0] * 4 + parts[1])")
        }
        let verification = try await node.ledger.verify()
        #expect(verification.isVerified, "\(verification.findings)")
        #expect(verification.entriesChecked == 256)
        #expect(verification.openingsChecked == 256)
        try node.close()
    }

    @Test func proofsOfEveryEntryAndBetweenAllSizesVerify() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        var heads: [Checkpoint] = []
        for number in 0..<12 {
            let result = try await node.ledger.commit { try $0.append(.delivery(number)) }
            heads.append(try Checkpoint.verify(result.checkpoint, by: node.ledger.verifierKey))
        }
        for (position, old) in heads.enumerated() {
            for new in heads[position...] {
                let proof = try await node.ledger.consistencyProof(from: old.size, to: new.size)
                try MerkleProof.verifyConsistency(from: old.size, to: new.size, oldRoot: old.root, newRoot: new.root, proof: proof)
            }
            let entry = try await node.ledger.entry(at: Int64(position))
            let file = try await node.ledger.inclusionFile(index: entry.index)
            #expect(try file.verify(entry: entry.bytes, by: node.ledger.verifierKey).size == 12)
        }
        await #expect(throws: MerkleLogError.self) { try await node.ledger.inclusionProof(index: 0, size: 13) }
        await #expect(throws: LedgerError.noEntry(index: 12, size: 12)) { try await node.ledger.entry(at: 12) }
        try node.close()
    }

    @Test func aRefusalIsRecordedAndItsReasonThrown() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        await #expect(throws: Fault.self) {
            try await node.ledger.commit { transaction in
                try transaction.put(Note(id: "a", text: "x"))
                throw LedgerEvent(type: .refusal, role: .provider, correlation: "transfer-1", ids: ["rule": "count"]).refusing(Fault())
            }
        }
        #expect(node.ledger.size == 1)
        #expect(try await node.ledger.entry(at: 0).record.type == .refusal)
        #expect(try await node.store.read { try $0.count(Note.self) } == 0)
        try node.close()
    }

    @Test func aCommitWithoutEntriesChangesStateOnly() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        let before = node.ledger.checkpoint
        let result = try await node.ledger.commit { try $0.put(Note(id: "a", text: "x")) }
        #expect(result.indexes.isEmpty)
        #expect(result.checkpoint == before)
        #expect(try await node.store.read { try $0.count(Note.self) } == 1)
        try node.close()
    }

    @Test func eventsThatCannotBeRecordedAreRefusedWithoutHarm() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        let big = (0..<2_000).reduce(into: [String: JSON]()) { $0["field-\($1)"] = .integer(Int64($1)) }
        for event in [
            LedgerEvent(type: .use, local: big), LedgerEvent(type: .use, correlation: ""),
            LedgerEvent(type: .use, ids: ["long": String(repeating: "x", count: 513)]),
            LedgerEvent(type: .use, mirrorSecret: [UInt8](repeating: 0, count: 32)),
        ] {
            await #expect(throws: LedgerError.self) {
                try await node.ledger.commit { transaction in
                    try transaction.append(.delivery(1))
                    try transaction.append(event)
                }
            }
        }
        var short = try LedgerEvent.delivery(1)
        short.mirrorSecret = [1, 2, 3]
        let event = short
        await #expect(throws: LedgerError.self) { try await node.ledger.commit { try $0.append(event) } }
        #expect(node.ledger.size == 0)
        _ = try await node.ledger.commit { try $0.append(.delivery(2)) }
        #expect(try await node.ledger.verify().isVerified)
        try node.close()
    }

    @Test func aClockThatWentBackStopsEntriesUntilItIsRight() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        _ = try await node.ledger.commit { try $0.append(.delivery(1)) }
        node.clock.advance(seconds: -59)
        _ = try await node.ledger.commit { try $0.append(.delivery(2)) }
        node.clock.advance(seconds: -2)
        do {
            _ = try await node.ledger.commit { try $0.append(.delivery(3)) }
            Issue.record("committed")
        } catch let error as LedgerError {
            #expect(error.code == "clock.went-back")
        }
        // What was recorded is remembered across a start.
        try node.close()
        let again = try await TestNode.open(directory.path, keys: node.keys, clock: node.clock)
        await #expect(throws: LedgerError.self) { try await again.ledger.commit { try $0.append(.delivery(3)) } }
        again.clock.advance(seconds: 120)
        _ = try await again.ledger.commit { try $0.append(.delivery(3)) }
        #expect(again.ledger.size == 3)
        try again.close()
    }

    @Test func moreWaitingCommitsThanTheLimitAreRefusedAtOnce() async throws {
        let directory = try TestDirectory()
        var configuration = LedgerConfiguration()
        configuration.queueLimit = 8
        let node = try await TestNode.create(directory.path, configuration: configuration)
        let (done, refused) = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    do {
                        _ = try await node.ledger.commit { try $0.append(.delivery(number)) }
                        return true
                    } catch {
                        #expect((error as? LedgerError)?.code == "ledger.busy")
                        return false
                    }
                }
            }
            return await group.reduce(into: (0, 0)) { if $1 { $0.0 += 1 } else { $0.1 += 1 } }
        }
        #expect(done + refused == 200)
        #expect(node.ledger.size == Int64(done))
        try node.close()
    }

    @Test func listsAreFilteredThroughTheProjection() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        for number in 0..<30 {
            _ = try await node.ledger.commit { transaction in
                try transaction.append(.delivery(number))
                try transaction.append(LedgerEvent(type: .use, role: .consumer, correlation: "transfer-\(number)"))
            }
        }
        let uses = try await node.ledger.find(EntryFilter(types: [.use]), limit: 20)
        #expect(uses.total == 30)
        #expect(uses.indexedTo == 60)
        #expect(uses.entries.first?.index == 59)
        let rest = try await node.ledger.find(EntryFilter(types: [.use]), beyond: uses.next, limit: 20)
        #expect(rest.entries.count == 10)
        #expect(rest.next == nil)
        let one = try await node.ledger.find(EntryFilter(correlation: "transfer-7"), newestFirst: false)
        #expect(one.entries.map(\.record.type) == [.delivered, .use])
        let crossing = try await node.ledger.find(EntryFilter(agreement: "agreement-1", crossProvince: true, crossBorder: false))
        #expect(crossing.total == 10)
        #expect(try await node.ledger.find(EntryFilter(crossSpace: true)).total == 0)
        try node.close()
        // A projection of a ledger that was set back starts anew.
        let again = try await TestNode.open(directory.path, keys: node.keys)
        _ = try await again.ledger.commit { try $0.append(LedgerEvent(type: .use)) }
        #expect(try await again.ledger.find(EntryFilter(types: [.use])).total == 31)
        try again.close()
    }
}
