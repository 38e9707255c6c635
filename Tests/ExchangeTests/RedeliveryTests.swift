// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import Exchange
import ExchangeModel
import Foundation
import Identity
import Ledger
import NodeTesting
import StorageSQLite
import Synchronization
import Testing

/// Networks lose, delay and repeat; both sides come to the same end and record each event once.
@Suite struct RedeliveryTests {
    static let messages: [NetworkCall.Kind] = [
        .dsp(.contractRequestMessage), .dsp(.contractAgreementMessage), .dsp(.contractAgreementVerificationMessage),
        .dsp(.contractNegotiationEventMessage), .dsp(.transferRequestMessage), .dsp(.transferStartMessage), .receipt,
        .dsp(.transferCompletionMessage),
    ]

    /// What one exchange without faults records.
    static let providerStory: [EntryType] = [
        .datasetSealed, .offerCreated, .negotiationRequested, .negotiationFinalized, .transferStarted, .delivered,
    ]
    static let consumerStory: [EntryType] = [
        .negotiationRequested, .negotiationAgreed, .negotiationFinalized, .transferRequested, .received, .receipt,
    ]

    private func exchangeOnce(_ world: TestWorld) async throws {
        let transfer = try await world.obtain()
        #expect(try await world.states(of: transfer) == ["COMPLETED", "COMPLETED"])
        #expect(try await world.provider.entryTypes() == RedeliveryTests.providerStory)
        #expect(try await world.consumer.entryTypes() == RedeliveryTests.consumerStory)
        for node in [world.provider, world.consumer] {
            #expect(try await node.eventually { try $0.count(OutboxMessage.self) == 0 ? true : nil } == true)
        }
        try await world.checkLedgers()
    }

    @Test func everyMessageTwiceGetsTheSameAnswerAndOneEntry() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        let compared = Mutex(Set<NetworkCall.Kind>())
        world.network.fault { call in
            guard RedeliveryTests.messages.contains(call.kind) else { return nil }
            return .twice { call, first, second in
                compared.withLock { _ = $0.insert(call.kind) }
                #expect(first.status == second.status, "\(call.kind)")
                #expect(first.body == second.body, "\(call.kind)")
            }
        }
        try await world.running { try await exchangeOnce(world) }
        #expect(compared.withLock(\.self) == Set(RedeliveryTests.messages))
    }

    enum Trouble: CaseIterable, Sendable {
        case refused, answerLost, busy, gateway

        var fault: NetworkFault {
            switch self {
            case .refused: .refused
            case .answerLost: .answerLost
            case .busy: .answer(503, ["code": "node.busy", "reason": ["busy"]])
            case .gateway: .answer(502)
            }
        }
    }

    @Test(arguments: messages.indices, Trouble.allCases)
    func anyMessageMayFailAFewTimes(_ index: Int, _ trouble: Trouble) async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        world.network.fault(RedeliveryTests.messages[index], times: 3, trouble.fault)
        try await world.running { try await exchangeOnce(world) }
    }

    @Test func everyAnswerLostOnce() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        for kind in RedeliveryTests.messages + [.range] { world.network.fault(kind, .answerLost) }
        try await world.running { try await exchangeOnce(world) }
    }

    /// A copy that arrives long after everything is settled changes nothing.
    @Test func lateCopiesChangeNothing() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        try await world.running {
            try await exchangeOnce(world)
            let states = try await snapshot(world)
            for call in world.network.calls {
                guard let body = call.body, RedeliveryTests.messages.contains(call.kind) else { continue }
                let node = call.to == world.provider.address ? world.provider : world.consumer
                let sender = try await node.life.peers.active(call.from)
                if call.kind == .receipt {
                    let half = try #require(call.json?["half"]?.string.flatMap(Base64.decode))
                    _ = try await node.exchange.receive(deliveryHalf: half, from: sender)
                    continue
                }
                let (endpoint, id) = try #require(self.endpoint(of: call, at: node))
                let answer = try await node.exchange.answer(PeerCall(endpoint: endpoint, id: id, body: body), from: sender)
                #expect((200...299).contains(answer.status) || answer.status == 400, "\(call.kind)")
            }
            #expect(try await snapshot(world) == states)
            #expect(try await world.provider.entryTypes() == RedeliveryTests.providerStory)
            #expect(try await world.consumer.entryTypes() == RedeliveryTests.consumerStory)
        }
    }

    private func snapshot(_ world: TestWorld) async throws -> [String] {
        var lines: [String] = []
        for node in [world.provider, world.consumer] {
            lines += try await node.store.read { tx in
                try tx.all(Negotiation.self).map { "\($0.id) \($0.stateName)" } + tx.all(Transfer.self).map { "\($0.id) \($0.stateName)" }
                    + tx.all(Agreement.self).map { "\($0.id) \($0.isActive)" } + tx.all(OutboxMessage.self).map(\.id)
            }
        }
        return lines
    }

    private func endpoint(of call: NetworkCall, at node: TestNode) -> (Endpoint, String)? {
        let path = call.url.dropFirst(node.party.endpoints.dspURL.count).split(separator: "/").map(String.init)
        let id = path.count > 1 ? path[1].removingPercentEncoding ?? "" : ""
        return switch call.kind {
        case .dsp(.contractRequestMessage): (.negotiationRequest, "")
        case .dsp(.contractAgreementMessage): (.consumerAgreement, id)
        case .dsp(.contractAgreementVerificationMessage): (.providerVerification, id)
        case .dsp(.contractNegotiationEventMessage): (.consumerEvents, id)
        case .dsp(.transferRequestMessage): (.transferRequest, "")
        case .dsp(.transferStartMessage): (.consumerStart, id)
        case .dsp(.transferCompletionMessage): (.providerCompletion, id)
        default: nil
        }
    }

    // MARK: order

    /// The provider's agreement comes before the answer to the request that it follows.
    @Test func theReactionMayOvertakeTheAnswer() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        let answer = Gate()
        let verification = Gate()
        world.network.fault(.dsp(.contractRequestMessage), .answerLate(answer))
        world.network.fault(.dsp(.contractAgreementVerificationMessage), .late(verification))
        try await world.running {
            async let transfer = world.obtain()
            let agreed = try await world.consumer.eventually { tx in
                try tx.all(Negotiation.self).first { $0.stateName == "AGREED" }
            }
            #expect(agreed?.providerPID.isEmpty == false)
            answer.open()
            try await verification.waitForArrival()
            // The late answer confirms the request, not the verification that has not left yet.
            let current = try await world.consumer.store.read { try $0.all(Negotiation.self).first }
            #expect(current?.stateName == "AGREED")
            verification.open()
            #expect(try await world.states(of: transfer) == ["COMPLETED", "COMPLETED"])
        }
        #expect(try await world.consumer.entryTypes() == RedeliveryTests.consumerStory)
        try await world.checkLedgers()
    }

    /// Every answer waits until the reaction to the message has arrived, where there is one.
    @Test(arguments: [0, 1, 2, 4, 5]) func everyReactionMayOvertake(_ index: Int) async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        let gate = Gate()
        let next: [Int: NetworkCall.Kind] = [
            0: RedeliveryTests.messages[1], 1: RedeliveryTests.messages[2], 2: RedeliveryTests.messages[3], 4: RedeliveryTests.messages[5],
            5: .receipt,
        ]
        let reaction = try #require(next[index])
        world.network.fault(RedeliveryTests.messages[index], .answerLate(gate))
        world.network.fault(reaction, .twice { _, _, _ in gate.open() })
        try await world.running { try await exchangeOnce(world) }
    }

    @Test func messagesOutOfOrderAreRefusedAndChangeNothing() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        let agreementGate = Gate()
        world.network.fault(.dsp(.contractAgreementMessage), .late(agreementGate))
        try await world.running {
            async let negotiating = world.negotiate()
            try await agreementGate.waitForArrival()
            let open = try #require(try await world.consumer.store.read { try $0.all(Negotiation.self).first })
            let theirs = try #require(try await world.counterpart(of: open))
            let provider = try await world.providerAtConsumer()
            // FINALIZED before the agreement, from the provider; ACCEPTED where nothing was offered, from the consumer.
            let final = ContractNegotiationEventMessage(id: "urn:uuid:a", pids: theirs.pids, event: .finalized)
            let early = try await world.consumer.exchange.answer(
                PeerCall(endpoint: .consumerEvents, id: open.id, body: final.bytes), from: provider)
            #expect(early.status == 400)
            #expect(early.body?["code"] == "dsp.unexpected-message")
            let accepted = ContractNegotiationEventMessage(id: "urn:uuid:b", pids: theirs.pids, event: .accepted)
            #expect(try await world.ask(.providerEvents, id: theirs.id, accepted).status == 400)
            // The right message with the pid of another process.
            let mixed = ContractNegotiationEventMessage(
                id: "urn:uuid:c", pids: ProcessPIDs(providerPID: "urn:uuid:x", consumerPID: open.id), event: .finalized)
            #expect(
                try await world.consumer.exchange.answer(
                    PeerCall(endpoint: .consumerEvents, id: open.id, body: mixed.bytes), from: provider
                ).status == 400)
            agreementGate.open()
            let negotiation = try await negotiating
            #expect(negotiation.stateName == "FINALIZED")

            // A completion of a transfer that never started, and one of a transfer that nobody knows.
            let agreement = try #require(try await world.agreement(of: negotiation))
            let startGate = Gate()
            world.network.fault(.dsp(.transferStartMessage), .late(startGate))
            async let transferring = world.transfer(under: agreement)
            try await startGate.waitForArrival()
            let running = try #require(try await world.consumer.store.read { try $0.all(Transfer.self).first })
            // The provider knows both ids; the consumer may not have seen the answer to its request yet.
            let started = try #require(try await world.provider.store.read { try $0.all(Transfer.self).first })
            let completion = TransferCompletionMessage(id: "urn:uuid:d", pids: started.pids)
            let refused = try await world.consumer.exchange.answer(
                PeerCall(endpoint: .consumerCompletion, id: running.id, body: completion.bytes), from: provider)
            #expect(refused.status == 400)
            #expect(try await world.ask(.providerCompletion, id: "urn:uuid:none", completion).status == 404)
            startGate.open()
            #expect(try await world.states(of: transferring) == ["COMPLETED", "COMPLETED"])
        }
        #expect(try await world.provider.entryTypes() == RedeliveryTests.providerStory)
        #expect(try await world.consumer.entryTypes() == RedeliveryTests.consumerStory)
        try await world.checkLedgers()
    }
}
