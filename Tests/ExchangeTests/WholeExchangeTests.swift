// SPDX-License-Identifier: Apache-2.0

import Exchange
import ExchangeModel
import Ledger
import NodeTesting
import Sealing
import Testing

/// What arrives is what was sealed, byte for byte.
@Suite struct RoundTripTests {
    static let trees: [(name: String, files: [String: [UInt8]])] = [
        ("no file at all", [:]),
        ("one empty file", ["empty": []]),
        ("different files", smallTree),
        ("Chinese names", ["供应链/电池/批次一.csv": Array("一".utf8), "说明 书.txt": Array("二\n".utf8), "数据/空": []]),
        ("many small files", Dictionary(uniqueKeysWithValues: (0..<400).map { ("d\($0 % 7)/\($0).txt", Array("\($0)\n".utf8)) })),
        ("more than a chunk", ["a.bin": bytes(200_000, seed: 1), "b.bin": bytes(65_536, seed: 2), "c.bin": bytes(65_535, seed: 3)]),
    ]

    static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return random.bytes(count)
    }

    @Test(arguments: trees.indices) func opensWhatWasSealed(_ index: Int) async throws {
        let files = RoundTripTests.trees[index].files
        let world = try await TestWorld.make()
        var options = SealOptions()
        options.chunkSize = 65_536
        try await world.publish(files, options: options)
        try await world.running {
            let transfer = try await world.obtain()
            let (opened, found) = try await world.open(transfer)
            #expect(found == files, "\(RoundTripTests.trees[index].name)")
            #expect(opened.files == files.count)
            #expect(opened.bytes == files.values.reduce(0) { $0 + Int64($1.count) })
            #expect(opened.usesLeft == nil)
            #expect(try await world.states(of: transfer) == ["COMPLETED", "COMPLETED"])
        }
        #expect(try world.received().count == 1)
        try await world.checkLedgers()
    }

    @Test func bothLedgersTellTheStoryInOrder() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree, policy: TestPolicy.count(3))
        try await world.running {
            let transfer = try await world.obtain()
            #expect(try await world.open(transfer).opened.usesLeft == 2)
            #expect(try await world.states(of: transfer) == ["COMPLETED", "COMPLETED"])
            let receipt = try #require(try await world.consumer.exchange.record(transfer))
            let theirs = try #require(try await world.counterpart(of: transfer))
            #expect(try await world.provider.exchange.record(theirs)?.bytes == receipt.bytes)
            #expect(receipt.facts.package == transfer.package)
        }
        #expect(
            try await world.provider.entryTypes() == [
                .datasetSealed, .offerCreated, .negotiationRequested, .negotiationFinalized, .transferStarted, .delivered, .grantIssued,
            ])
        #expect(
            try await world.consumer.entryTypes() == [
                .negotiationRequested, .negotiationAgreed, .negotiationFinalized, .transferRequested, .received, .receipt, .grantReceived,
                .use, .useFinished,
            ])
        let mirror = try await world.mirror()
        #expect(mirror.matched.count == 1)
        for node in [world.provider, world.consumer] {
            let ledger = try await node.ledger
            let entry = try #require(try await ledger.entries(limit: 100).first { [.delivered, .received].contains($0.record.type) })
            let flags = try await ledger.view(entry).json["shared"]?["flags"] ?? .null
            #expect(flags["crossProvince"] == true)
            #expect(flags["crossSpace"] == false)
            #expect(flags["crossBorder"] == false)
        }
        try await world.checkLedgers()
    }

    @Test func theSamePackageUnderTwoAgreementsIsFetchedOnce() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        try await world.running {
            let agreements = try await [world.negotiate(), world.negotiate()].asyncMap { try #require(try await world.agreement(of: $0)) }
            async let first = world.transfer(under: agreements[0])
            async let second = world.transfer(under: agreements[1])
            for transfer in try await [first, second] {
                #expect(transfer.stateName == "COMPLETED")
                #expect(try await world.open(transfer).files == smallTree)
            }
        }
        // Footer, signature, index and body, once each.
        #expect(world.network.calls.count { $0.kind == .range } == 4)
        #expect(try world.received().count == 1)
        try await world.checkLedgers()
    }
}

extension Array {
    func asyncMap<T>(_ transform: (Element) async throws -> T) async rethrows -> [T] {
        var result: [T] = []
        for element in self { result.append(try await transform(element)) }
        return result
    }
}
