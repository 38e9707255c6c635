// SPDX-License-Identifier: Apache-2.0

import Exchange
import ExchangeModel
import Ledger
import NodeTesting
import Sealing
import Testing

/// The way a dataset goes, in six steps, between two nodes in one process. Read `Sources/Exchange/Exchange.swift` beside it.
@Test func aDatasetGoesFromFujianToGuangdong() async throws {
    let world = try await TestWorld.make()
    let files: [String: [UInt8]] = [
        "README.txt": Array("Battery passports, November 2026\n".utf8), "电芯/批次-2026-11.csv": Array("cell,capacity\nA1,102.4\n".utf8),
        "empty.csv": [],
    ]
    let source = world.provider.home.path + "/source"
    try TestTree.write(files, to: source)
    let dataset = Dataset(
        id: "D-01", titleZH: "动力电池溯源数据", titleEN: "Battery trace data", descriptionZH: nil, descriptionEN: nil, sourcePath: source,
        grade: .general, personalInformation: .none, createdAt: world.clock.now())

    try await world.running {
        let provider = try await world.provider.exchange
        let consumer = try await world.consumer.exchange
        let user = world.user

        // 1. Seal: the provider compresses, encrypts and signs the files once.
        try await provider.add(dataset, by: user)
        let version = try await provider.seal(dataset, options: .init(), by: user)

        // 2. Offer: they go under a usage policy, visible to one peer: at most two uses.
        let offer = try await provider.offer(
            version, policy: TestPolicy.count(2), visibility: [.peer(world.consumer.address)], acknowledgingDeclared: false, by: user)

        // 3. Negotiate: the consumer finds the offer in the catalog, and both sides sign the agreement.
        let remote = try await consumer.findOffer(of: world.provider.address, dataset: "D-01", offer: offer.id)
        let negotiation = try await consumer.negotiate(remote, waitSeconds: 30, by: user)
        #expect(negotiation.stateName == "FINALIZED")
        let agreement = try #require(try await world.agreement(of: negotiation))

        // 4. Transfer: sealed bytes, every chunk verified on arrival, then the receipts cross.
        let transfer = try await consumer.transfer(agreement, waitSeconds: 30, by: user)
        #expect(transfer.stateName == "COMPLETED")

        // 5. Open: one use. The provider grants the key for it, the consumer's ledger records it, then plaintext appears.
        let directory = world.consumer.home.path + "/opened"
        let opened = try await consumer.open(transfer, for: IntendedUse(purpose: nil), into: directory, by: user)
        #expect(opened.files == 3)
        #expect(try TestTree.read(directory) == files)

        // 6. Record: both sides hold the same receipt under two signatures, and both ledgers tell the same story.
        let receipt = try #require(try await consumer.record(transfer))
        let counterpart = try #require(try await world.counterpart(of: transfer))
        #expect(try await provider.record(counterpart)?.bytes == receipt.bytes)
        #expect(try await world.provider.ledger.verify().isVerified)
        #expect(try await world.consumer.ledger.verify().isVerified)
        let mirror = try await world.mirror()
        #expect(mirror.isComplete)
        #expect(mirror.matched.count == 1)
    }
}
