// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import Exchange
import ExchangeModel
import Ledger
import NodeTesting
import StorageSQLite
import Testing

/// What leaves the node when a policy refuses, and what stays in its ledger.
@Suite struct ToldToPeersTests {
    private func refusals(_ node: TestNode) async throws -> [EntryView] {
        let ledger = try await node.ledger
        var views: [EntryView] = []
        for entry in try await ledger.entries(limit: 10_000) where entry.record.type == .refusal {
            views.append(try await ledger.view(entry))
        }
        return views
    }

    /// Nobody at the provider has confirmed the fact; the peer learns that a condition is not met and no more.
    @Test func aFactOfOursIsNotToldToThePeer() async throws {
        let world = try await TestWorld.make()
        let policy = TestPolicy.permission([TestPolicy.constraint("kouan:withinScope", "eq", true)])
        try await world.publish(smallTree, policy: policy)
        try await world.running {
            let agreement = try #require(try await world.agreement(of: try await world.negotiate()))
            let transfer = try await world.transfer(under: agreement)
            #expect(transfer.stateName == "TERMINATED")
            #expect(transfer.ending?.code == "policy.not-disclosed")
            let told = transfer.ending?.reasons.joined() ?? ""
            #expect(told.contains("a condition that the provider checks itself is not met"))
            #expect(!told.contains("withinScope"))
        }
        let recorded = try #require(try await refusals(world.provider).first?.local)
        #expect(recorded["code"] == "policy.value-missing")
        #expect(recorded["decision"]?["obstacles"]?.array?.first?["operand"] == "urn:kouan:odrl:1:withinScope")
        #expect(recorded["decision"]?["repair"]?.array?.first?["how"] == "confirm")
        try await world.checkLedgers()
    }

    /// The purpose is the peer's text: it is told back, and the ledger keeps its digest.
    @Test func aPeersTextStaysOutOfTheLedger() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree, policy: TestPolicy.purpose("recycling"))
        let purpose = "a purpose that nobody wants to keep"
        try await world.running {
            let transfer = try await world.obtain()
            let agreement = try #require(try await world.consumer.store.read { try $0.get(Agreement.self, id: transfer.agreementID) })
            let request = try world.grantRequest(agreement, purpose: purpose)
            let peer = try await world.consumerAtProvider()
            do {
                _ = try await world.provider.exchange.grant(request, to: peer)
                Issue.record("the grant was not refused")
            } catch let error as ExchangeError {
                #expect(error.code == "policy.purpose-not-permitted")
                #expect(error.message.contains(purpose))
                #expect(error.hint.contains("must be `recycling`"))
            }
        }
        let view = try #require(try await refusals(world.provider).first)
        #expect(!view.json.canonicalText.contains(purpose))
        let digest: JSON = ["digest": .string(Hash.digest(Array(purpose.utf8)).description)]
        #expect(view.local["asked"]?["values"]?["http://www.w3.org/ns/odrl/2/purpose"] == [digest])
        #expect(view.local["asked"]?["point"] == "grant")
    }
}

/// What another policy would have decided on what the ledger keeps.
@Suite struct SimulationTests {
    private func simulate(_ policy: JSON, at node: TestNode, _ filter: PolicySimulation.Filter = .init()) async throws -> JSON {
        var simulation = try PolicySimulation(policy, filter: filter)
        let ledger = try await node.ledger
        for entry in try await ledger.entries(limit: 10_000) { simulation.add(try await ledger.view(entry)) }
        return simulation.json
    }

    @Test func pastUsesArePutToAStricterPolicy() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree, policy: TestPolicy.purpose("recycling", "research"))
        let agreementID = try await world.running { () -> String in
            let transfer = try await world.obtain()
            for purpose in ["recycling", "research", "research"] { _ = try await world.open(transfer, for: purpose) }
            _ = try? await world.open(transfer, for: "pricing")
            return transfer.agreementID
        }
        // The use that the consumer's own node refused, and those it allowed.
        let same = try await simulate(TestPolicy.purpose("recycling", "research"), at: world.consumer)
        #expect(same["replayed"] == 4)
        #expect(same["unchanged"] == 4)
        #expect(same["differences"] == [])

        let stricter = try await simulate(TestPolicy.purpose("recycling"), at: world.consumer)
        #expect(stricter["wouldBeRefused"] == 2)
        #expect(stricter["unchanged"] == 2)
        #expect(stricter["codes"] == [["code": "policy.purpose-not-permitted", "count": 2]])
        #expect(stricter["differences"]?.array?.first?["now"]?["code"] == "policy.purpose-not-permitted")
        #expect(stricter["differences"]?.array?.first?["was"]?["outcome"] == "permit")

        // A refused purpose is kept as a digest and found again in the policy that names it.
        let wider = try await simulate(TestPolicy.purpose("recycling", "research", "pricing"), at: world.consumer)
        #expect(wider["wouldBePermitted"] == 1)
        #expect(wider["wouldBeRefused"] == 0)

        // Uses are counted again, though the old policy counted none.
        let counted = try await simulate(TestPolicy.purpose("recycling", "research", alsoCount: 2), at: world.consumer)
        #expect(counted["wouldBeRefused"] == 1)
        #expect(counted["codes"]?.array?.first?["code"] == "policy.uses-exhausted")

        // A fact that nobody recorded leaves the decision open.
        let unknown = try await simulate(
            TestPolicy.permission([TestPolicy.constraint("kouan:environment", "eq", "sandbox")]), at: world.consumer)
        #expect(unknown["open"] == 4)

        // At the provider: one transfer, and one grant for each purpose.
        let atProvider = try await simulate(TestPolicy.purpose("recycling"), at: world.provider)
        #expect(atProvider["replayed"]?.int ?? 0 >= 3)
        #expect(atProvider["wouldBeRefused"]?.int ?? 0 >= 1)

        let none = try await simulate(
            TestPolicy.purpose("recycling"), at: world.consumer, .init(since: world.clock.now().adding(seconds: 86_400)))
        #expect(none["replayed"] == 0)
        let other = try await simulate(TestPolicy.purpose("recycling"), at: world.consumer, .init(agreement: "urn:other"))
        #expect(other["replayed"] == 0)
        let this = try await simulate(
            TestPolicy.purpose("recycling"), at: world.consumer, .init(agreement: agreementID, dataset: "D-01"))
        #expect(this["replayed"] == 4)
        #expect(try await simulate(TestPolicy.purpose("recycling"), at: world.consumer) == stricter)
    }

    @Test func anOfferIsTakenAsAgreedAndAPolicyThatCannotBeReadIsRefused() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        try await world.running { _ = try await world.open(try await world.obtain(), for: "recycling") }
        var offer = TestPolicy.use.object ?? [:]
        offer["@type"] = "Offer"
        #expect(try await simulate(.object(offer), at: world.consumer)["wouldBeRefused"] == 0)
        #expect(throws: (any Error).self) { try PolicySimulation(["permission": [["action": "fly"]]], filter: .init()) }
    }
}
