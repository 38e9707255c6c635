// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import ExchangeModel
import Identity
import Ledger
import NodeTesting
import Sealing
import StorageSQLite
import Testing

@testable import Exchange

@Suite struct DownloadTests {
    private func world() async throws -> TestWorld {
        let world = try await TestWorld.make()
        var options = SealOptions()
        options.chunkSize = 65_536
        options.codec = .stored
        var random = SeededRandom(seed: 11)
        try await world.publish(["data.bin": random.bytes(400_000), "small": [1, 2, 3]], options: options)
        return world
    }

    @Test(arguments: [0, 1, 63, 1_000, 65_600, 140_000]) func aCutDownloadGoesOnWhereItStopped(_ count: Int) async throws {
        let world = try await world()
        world.network.fault { call in
            guard call.kind == .range, let range = call.range, range.count > count else { return nil }
            return world.network.calls.count { $0.kind == .range && $0.range?.count == range.count } == 1 ? .cut(after: count) : nil
        }
        try await world.running {
            let transfer = try await world.obtain()
            #expect(try await world.open(transfer).files["small"] == [1, 2, 3])
            // What was there was not asked for again.
            let bodies = world.network.calls.compactMap(\.range).filter { $0.count > 100_000 }
            #expect(bodies.count >= 2)
            if count > 131_072 { #expect((bodies.last?.lowerBound ?? 0) > 65_536) }
        }
        #expect(try world.received() == [try await packageName(world)])
        try await world.checkLedgers()
    }

    @Test(arguments: [100, 70_000, 399_000]) func anAlteredChunkIsFetchedAgain(_ position: Int) async throws {
        let world = try await world()
        world.network.fault { call in
            guard call.kind == .range, let range = call.range, range.count > 300_000 else { return nil }
            return world.network.calls.count { ($0.range?.count ?? 0) > 300_000 } == 1 ? .flipped(at: position) : nil
        }
        try await world.running {
            let transfer = try await world.obtain()
            #expect(try await world.open(transfer).files["small"] == [1, 2, 3])
        }
        #expect(try world.received() == [try await packageName(world)])
    }

    /// Bytes that can never become the agreed package end the transfer on both sides, and nothing has its name.
    @Test func aForgedSignatureEndsTheTransfer() async throws {
        let world = try await world()
        world.network.fault { call in
            // The section between index and footer: its last bytes are the signature.
            guard call.kind == .range, let range = call.range, range.count != 64, range.count < 300 else { return nil }
            return .flipped(at: range.count - 3)
        }
        try await world.running {
            let negotiation = try await world.negotiate()
            let agreement = try #require(try await world.agreement(of: negotiation))
            let transfer = try await world.transfer(under: agreement)
            #expect(try await world.states(of: transfer) == ["TERMINATED", "TERMINATED"])
            let theirs = try #require(try await world.counterpart(of: transfer))
            #expect(theirs.ending?.code.hasPrefix("sealing.") == true)
            #expect(theirs.ending?.byPeer == true)
            #expect(await code { _ = try await world.open(transfer) } == "transfer.not-ready")
        }
        #expect(try world.received().filter { $0.hasSuffix(".kouan") } == [])
        try await world.checkLedgers()
    }

    private func packageName(_ world: TestWorld) async throws -> String {
        try #require(try await world.provider.store.read { try $0.all(SealedVersion.self).first }).fileName
    }
}

@Suite struct ReceiptTests {
    @Test func aMissingReceiptIsRecordedAndHealed() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        let gate = Gate()
        world.network.fault(.receipt, .late(gate))
        try await world.running {
            let negotiation = try await world.negotiate()
            let agreement = try #require(try await world.agreement(of: negotiation))
            async let transfer = world.transfer(under: agreement)
            try await gate.waitForArrival()
            let provider = try await world.provider.exchange
            try await provider.noteMissingReceipts()
            #expect(try await !world.provider.entryTypes().contains(.receiptMissing))
            world.clock.advance(seconds: world.provider.settings.receiptDeadlineSeconds + 1)
            try await provider.noteMissingReceipts()
            try await provider.noteMissingReceipts()
            #expect(try await world.provider.entryTypes().count { $0 == .receiptMissing } == 1)

            // No grant, and no new transfer under this agreement.
            let request = try world.grantRequest(agreement)
            let consumer = try await world.consumerAtProvider()
            #expect(await code { _ = try await provider.grant(request, to: consumer) } == "receipt.missing")
            let second = try await world.ask(
                .transferRequest,
                TransferRequestMessage(
                    id: "urn:uuid:1", consumerPID: "urn:uuid:2", agreementID: agreement.id, format: .sealedPackagePull,
                    callbackAddress: world.consumer.party.endpoints.dspURL))
            #expect(second.status == 400)
            #expect(second.body?["code"] == "receipt.missing")

            // The receipt comes after all.
            gate.open()
            #expect(try await world.states(of: transfer) == ["COMPLETED", "COMPLETED"])
            #expect(try await world.open(transfer).files == smallTree)
        }
        try await world.checkLedgers()
    }

    /// A consumer that says it has everything but signs for nothing does not get round the deadline.
    @Test func aCompletionIsNoReceipt() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        let gate = Gate()
        world.network.fault(.receipt, .late(gate))
        try await world.running {
            let negotiation = try await world.negotiate()
            let agreement = try #require(try await world.agreement(of: negotiation))
            let waiting = try await world.consumer.exchange.transfer(agreement, waitSeconds: 0, by: world.user)
            try await gate.waitForArrival()
            let theirs = try #require(try await world.counterpart(of: waiting))
            let completion = TransferCompletionMessage(id: "urn:uuid:3", pids: theirs.pids)
            #expect(try await world.ask(.providerCompletion, id: theirs.id, completion).status == 200)
            world.clock.advance(seconds: world.provider.settings.receiptDeadlineSeconds + 1)
            try await world.provider.exchange.noteMissingReceipts()
            #expect(try await world.provider.entryTypes().last == .receiptMissing)
            let request = try world.grantRequest(agreement)
            let consumer = try await world.consumerAtProvider()
            let provider = try await world.provider.exchange
            #expect(await code { _ = try await provider.grant(request, to: consumer) } == "receipt.missing")
        }
    }

    @Test func aSecondHalfIsAFinding() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        try await world.running {
            let transfer = try await world.obtain()
            let receipt = try #require(try await world.consumer.exchange.record(transfer))
            let first = try #require(world.network.calls.first { $0.kind == .receipt }?.json?["half"]?.string.flatMap(Base64.decode))
            let facts = receipt.facts
            let second = try DeliveryHalf(
                facts: ReceiptFacts(
                    correlation: facts.correlation, agreement: facts.agreement, package: facts.package, sizeBytes: facts.sizeBytes,
                    provider: facts.provider, consumer: facts.consumer, startedAt: facts.startedAt,
                    receivedAt: facts.receivedAt.adding(seconds: 1)), signedBy: world.consumer.keys.signing)
            let consumer = try await world.consumerAtProvider()
            let provider = try await world.provider.exchange
            #expect(await code { _ = try await provider.receive(deliveryHalf: second.bytes, from: consumer) } == "receipt.second-half")
            #expect(try await world.provider.refusalCodes() == ["receipt.second-half"])
            #expect(try await provider.receive(deliveryHalf: first, from: consumer) == receipt.bytes)
        }
        try await world.checkLedgers()
    }
}

@Suite struct OutboxTests {
    /// Pauses double from the first to the longest, so a peer that was away for long is reached within the longest pause of its return.
    @Test func pausesDoubleUpToALimit() async throws {
        let world = try await TestWorld.make(settings: ExchangeSettings())
        try await world.publish(smallTree)
        let exchange = try await world.consumer.exchange
        let offer = try await exchange.findOffer(of: world.provider.address, dataset: "D-01", offer: nil)
        let clock = world.clock
        world.network.fault { $0.kind == .dsp(.contractRequestMessage) ? .refused : nil }
        try await world.running {
            let negotiation = try await exchange.negotiate(offer, waitSeconds: 0, by: world.user)
            var pauses: [Int64] = []
            for tries in 1...10 {
                let message = try #require(
                    try await world.consumer.eventually { tx in
                        try tx.first(OutboxMessage.self, where: "process", equals: negotiation.id).flatMap { $0.tries == tries ? $0 : nil }
                    })
                let pause = message.nextTry.milliseconds - clock.now().milliseconds
                pauses.append(pause)
                if tries == 10 { world.network.heal() }
                clock.advance(milliseconds: pause)
                exchange.signalOutbox()
            }
            #expect(pauses == [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000])
            #expect(try await world.states(of: negotiation) == ["FINALIZED", "FINALIZED"])
        }
    }

    @Test func aPeerThatIsAwayTooLongEndsTheProcess() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        let offer = try await world.consumer.exchange.findOffer(of: world.provider.address, dataset: "D-01", offer: nil)
        world.network.fault { $0.kind == .dsp(.contractRequestMessage) ? .refused : nil }
        try await world.running {
            let negotiation = try await world.consumer.exchange.negotiate(offer, waitSeconds: 0, by: world.user)
            world.clock.advance(seconds: world.consumer.settings.deliveryDeadlineSeconds)
            let ended = try await world.consumer.eventually { tx in
                try tx.get(Negotiation.self, id: negotiation.id).flatMap { $0.isOpen ? nil : $0 }
            }
            #expect(ended?.ending?.code == "delivery.deadline")
        }
    }

    /// A message that would have ended the process and is refused ends it the other way.
    @Test(arguments: [MessageType.contractNegotiationEventMessage, .transferCompletionMessage])
    func aRefusedLastMessageTerminates(_ type: MessageType) async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        world.network.fault(.dsp(type), .answer(400, ["code": "peer.says-no", "reason": ["no"]]))
        try await world.running {
            let negotiation = try await world.negotiate()
            if type == .contractNegotiationEventMessage {
                #expect(try await world.states(of: negotiation) == ["TERMINATED", "TERMINATED"])
                #expect(try await world.counterpart(of: negotiation)?.ending?.code == "peer.says-no")
                let theirs = try #require(try await world.counterpart(of: negotiation))
                #expect(try await world.agreement(of: theirs, at: world.provider)?.isActive == false)
            } else {
                let agreement = try #require(try await world.agreement(of: negotiation))
                let transfer = try await world.transfer(under: agreement)
                #expect(try await world.states(of: transfer) == ["TERMINATED", "TERMINATED"])
            }
        }
        try await world.checkLedgers()
    }

    @Test func aUserEndsATransferAndBothSidesSeeIt() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        let gate = Gate()
        world.network.fault(.range, .late(gate))
        try await world.running {
            let negotiation = try await world.negotiate()
            let agreement = try #require(try await world.agreement(of: negotiation))
            async let transfer = world.transfer(under: agreement)
            try await gate.waitForArrival()
            let theirs = try #require(try await world.provider.store.read { try $0.all(Transfer.self).first })
            _ = try await world.provider.exchange.terminate(transfer: theirs.id, by: world.user)
            gate.open()
            let ended = try await transfer
            #expect(ended.stateName == "TERMINATED")
            #expect(ended.ending?.code == "transfer.terminated-by-user")
            #expect(ended.ending?.byPeer == true)
        }
        #expect(try world.received().filter { $0.hasSuffix(".kouan") } == [])
        try await world.checkLedgers()
    }
}
