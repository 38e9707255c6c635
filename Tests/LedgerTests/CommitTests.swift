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
}
