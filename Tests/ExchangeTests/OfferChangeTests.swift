// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import Exchange
import ExchangeModel
import Identity
import Ledger
import NodeTesting
import Sealing
import StorageSQLite
import Synchronization
import Testing

private let tree: [String: [UInt8]] = ["a.csv": Array("1,2\n".utf8)]

/// How requests ended.
private final class Tally: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    func add(_ outcome: String) { counts.withLock { $0[outcome, default: 0] += 1 } }
    var all: [String: Int] { counts.withLock(\.self) }
}

@Suite struct OfferChangeTests {
    @Test func aReplacedOfferNamesTheNewOne() async throws {
        let world = try await TestWorld.make()
        let (_, first) = try await world.publish(tree, policy: TestPolicy.count(1))
        let old = try await world.consumer.exchange.findOffer(of: world.provider.address, dataset: "D-01", offer: nil)
        try await world.running {
            let exchange = try await world.provider.exchange
            // One that began before ends as it began.
            let gate = Gate()
            world.network.fault(.dsp(.contractAgreementMessage), .late(gate))
            async let running = world.negotiate()
            try await gate.waitForArrival()
            let second = try await exchange.replace(
                offer: first.id, policy: TestPolicy.count(2), acknowledgingDeclared: false, by: world.user)
            let third = try await exchange.replace(
                offer: second.id, policy: TestPolicy.count(3), acknowledgingDeclared: false, by: world.user)
            #expect(Set([first.id, second.id, third.id]).count == 3)
            gate.open()
            let ended = try await running
            #expect(ended.stateName == "FINALIZED")
            #expect(ended.offerID == first.id)

            let refused = try await world.consumer.exchange.negotiate(old, waitSeconds: 30, by: world.user)
            #expect(refused.ending?.code == "offer.superseded")
            #expect(refused.ending?.reasons.first?.contains(third.id) == true)
            let shown = try await world.consumer.exchange.catalog(of: world.provider.address).datasets.flatMap(\.offers)
            #expect(shown.map(\.id) == [third.id])
            #expect(try await world.negotiate().stateName == "FINALIZED")

            // Back to the first policy: its id stands again, and the others lead to it.
            let again = try await exchange.replace(
                offer: third.id, policy: TestPolicy.count(1), acknowledgingDeclared: false, by: world.user)
            #expect(again.id == first.id)
            let finalized = try await world.consumer.exchange.negotiate(old, waitSeconds: 30, by: world.user)
            #expect(finalized.stateName == "FINALIZED")
            for (id, expected) in [(second.id, "offer.withdrawn"), ("none", "offer.unknown")] {
                let refused = await code {
                    _ = try await exchange.replace(offer: id, policy: TestPolicy.use, acknowledgingDeclared: false, by: world.user)
                }
                #expect(refused == expected)
            }
            let same = try await exchange.replace(
                offer: first.id, policy: TestPolicy.count(1), acknowledgingDeclared: false, by: world.user)
            #expect(same.id == first.id)
        }
        try await world.checkLedgers()
    }

    /// Who may not see an offer does not learn that it was replaced.
    @Test func aStrangerLearnsNothingOfAReplacement() async throws {
        let world = try await TestWorld.make()
        let (_, first) = try await world.publish(tree, visibleTo: [.peer(world.consumer.address)])
        let importer = try await world.join(.germany())
        let remote = try await world.consumer.exchange.findOffer(of: world.provider.address, dataset: "D-01", offer: first.id)
        _ = try await world.provider.exchange.replace(
            offer: first.id, policy: TestPolicy.count(1), acknowledgingDeclared: false, by: world.user)
        try await world.running(and: [importer]) {
            let refused = try await importer.exchange.negotiate(remote, waitSeconds: 30, by: world.user)
            #expect(refused.ending?.code == "offer.unknown")
        }
    }

    /// While policies change, every request finds one offer or the other: none is lost, none meets an empty catalog.
    @Test func changingPoliciesDropsNoRequest() async throws {
        let world = try await TestWorld.make()
        let (_, first) = try await world.publish(tree, policy: TestPolicy.count(1))
        let rounds = 12
        try await world.running {
            let outcomes = Tally()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var id = first.id
                    for round in 2...rounds {
                        id = try await world.provider.exchange.replace(
                            offer: id, policy: TestPolicy.count(round), acknowledgingDeclared: false, by: world.user
                        ).id
                    }
                }
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<6 {
                            let exchange = try await world.consumer.exchange
                            let offers = try await exchange.catalog(of: world.provider.address).datasets.flatMap(\.offers)
                            #expect(offers.count == 1)
                            let offer = try #require(offers.first)
                            let remote = RemoteOffer(provider: world.provider.address, datasetID: "D-01", offer: offer)
                            let negotiation = try await exchange.negotiate(remote, waitSeconds: 30, by: world.user)
                            let outcome = negotiation.ending?.code ?? negotiation.stateName
                            outcomes.add(outcome)
                            if let agreement = try await world.agreement(of: negotiation), agreement.isActive {
                                // Agreed is what was asked for, not what is offered by now.
                                #expect(agreement.document["permission"] == offer.json["permission"])
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let seen = outcomes.all
            #expect(Set(seen.keys).isSubset(of: ["FINALIZED", "offer.superseded"]), "\(seen)")
            #expect(seen.values.reduce(0, +) == 48)
        }
        try await world.checkLedgers()
    }
}

@Suite struct RegistrationTests {
    private func declaring(_ actions: [String]) -> JSON {
        [
            "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "uid": "urn:kouan:test:declared",
            "permission": [["action": "read"]], "prohibition": .array(actions.map { ["action": .string($0)] }),
        ]
    }

    @Test func allDeclaredClausesAreListed() async throws {
        let world = try await TestWorld.make()
        let (version, _) = try await world.publish(tree)
        let exchange = try await world.provider.exchange
        do {
            _ = try await exchange.offer(
                version, policy: declaring(["distribute", "sell"]), visibility: [.registered], acknowledgingDeclared: false, by: world.user)
            Issue.record("taken")
        } catch let error as ExchangeError {
            #expect(error.code == "policy.declared-not-acknowledged")
            #expect(error.message.contains("`/prohibition/0`"))
            #expect(error.message.contains("`/prohibition/1`"))
            #expect(error.message.contains("2 clauses"))
        }
    }

    @Test func anOfferTakesItsParentsRulesOver() async throws {
        let world = try await TestWorld.make()
        let (version, free) = try await world.publish(tree)
        let exchange = try await world.provider.exchange
        _ = try await exchange.withdraw(offer: free.id, by: world.user)
        var child = TestPolicy.count(2).object ?? [:]
        child["inheritFrom"] = "urn:kouan:test:house"
        let policy = JSON.object(child)
        func offer() async throws -> Offer {
            try await exchange.offer(version, policy: policy, visibility: [.registered], acknowledgingDeclared: true, by: world.user)
        }
        #expect(await code { _ = try await offer() } == "policy.unknown-parent")
        var house = declaring(["distribute"]).object ?? [:]
        house["uid"] = "urn:kouan:test:house"
        house["permission"] = nil
        house["inheritFrom"] = "urn:kouan:test:law"
        #expect(await code { _ = try await exchange.add(parent: .object(house), by: world.user) } == "policy.unknown-parent")
        var law = TestPolicy.permission([]).object ?? [:]
        law["uid"] = "urn:kouan:test:law"
        law["permission"] = nil
        law["profile"] = "urn:kouan:odrl:1"
        law["prohibition"] = [
            ["action": "use", "constraint": [TestPolicy.constraint("kouan:recipientCountry", "neq", "CN")]]
        ]
        _ = try await exchange.add(parent: .object(law), by: world.user)
        _ = try await exchange.add(parent: .object(house), by: world.user)
        let made = try await offer()
        #expect(made.policy["inheritFrom"] == nil)
        #expect(made.policy["prohibition"]?.array?.count == 2)
        try await exchange.remove(parent: "urn:kouan:test:house", by: world.user)
        #expect(await code { _ = try await offer() } == "policy.unknown-parent")

        let importer = try await world.join(.germany())
        try await world.running(and: [importer]) {
            let transfer = try await world.obtain()
            #expect(try await world.open(transfer).files == tree)
            let refused = try await world.negotiate(as: importer)
            #expect(refused.stateName == "TERMINATED")
            #expect(refused.ending?.code.hasPrefix("policy.") == true)
        }
        try await world.checkLedgers()
    }
}
