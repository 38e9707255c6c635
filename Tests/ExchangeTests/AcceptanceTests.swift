// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import Exchange
import ExchangeModel
import Identity
import Ledger
import NodeTesting
import Sealing
import StorageSQLite
import Testing

private let tree: [String: [UInt8]] = ["a.csv": Array("1,2\n".utf8)]

extension TestWorld {
    /// Asks for other rules under the only offer of the dataset.
    fileprivate func propose(_ policy: JSON, waiting seconds: Int64 = 0) async throws -> Negotiation {
        let exchange = try await consumer.exchange
        let offer = try await exchange.findOffer(of: provider.address, dataset: "D-01", offer: nil)
        return try await exchange.negotiate(try offer.proposing(policy), waitSeconds: seconds, by: user)
    }

    /// The provider's record once it waits for a person.
    fileprivate func waiting(for negotiation: Negotiation) async throws -> Negotiation? {
        try await provider.eventually { tx in
            try tx.all(Negotiation.self, where: "remote", equals: negotiation.consumerPID).first { $0.waitsForApproval }
        }
    }
}

@Suite struct AcceptanceTests {
    @Test func stricterRulesAreAgreedAndHold() async throws {
        let world = try await TestWorld.make()
        try await world.publish(tree, policy: TestPolicy.count(5))
        try await world.running {
            let negotiation = try await world.propose(TestPolicy.purpose("warranty-analysis", alsoCount: 2), waiting: 30)
            #expect(negotiation.stateName == "FINALIZED")
            let agreement = try #require(try await world.agreement(of: negotiation))
            let transfer = try await world.transfer(under: agreement)
            #expect(await code { _ = try await world.open(transfer, for: "resale") } == "policy.purpose-not-permitted")
            for _ in 1...2 { #expect(try await world.open(transfer, for: "warranty-analysis").files == tree) }
            #expect(await code { _ = try await world.open(transfer, for: "warranty-analysis") } == "grant.allowance-used-up")
        }
        try await world.checkLedgers()
    }

    @Test func widerRulesWaitForAPersonWhoApproves() async throws {
        let world = try await TestWorld.make()
        try await world.publish(tree, policy: TestPolicy.count(1))
        try await world.running {
            let asked = try await world.propose(TestPolicy.count(2))
            let waiting = try #require(try await world.waiting(for: asked))
            #expect(waiting.stateName == "REQUESTED")
            #expect(waiting.approval?.code == "policy.wider")
            #expect(waiting.approval?.differenceEN.contains("2") == true)
            #expect(try await world.agreement(of: asked) == nil)
            #expect(
                await code { _ = try await world.provider.exchange.approve(negotiation: "urn:uuid:none", by: world.user) }
                    == "contract.unknown")
            _ = try await world.provider.exchange.approve(negotiation: waiting.id, by: world.user)
            #expect(
                await code { _ = try await world.provider.exchange.approve(negotiation: waiting.id, by: world.user) }
                    == "contract.not-waiting")
            #expect(try await world.states(of: asked) == ["FINALIZED", "FINALIZED"])
            let agreement = try #require(try await world.agreement(of: asked))
            let transfer = try await world.transfer(under: agreement)
            for _ in 1...2 { #expect(try await world.open(transfer).files == tree) }
        }
        let approvals = try await world.provider.ledger.entries(limit: 100).filter { $0.record.type == .negotiationApproved }
        #expect(approvals.count == 1)
        #expect(approvals.first?.record.ids["user"] == world.user.description)
        try await world.checkLedgers()
    }

    /// However strict: what no machine decides is read by a person.
    @Test func addedContractTextWaitsForAPerson() async throws {
        let world = try await TestWorld.make()
        try await world.publish(tree, policy: TestPolicy.count(2))
        var policy =
            TestPolicy.permission([
                TestPolicy.constraint("count", "lteq", ["@value": "1", "@type": "xsd:integer"]),
                TestPolicy.constraint("https://w3id.org/catenax/2025/9/policy/ContractReference", "isAllOf", ["ours-1"]),
            ]).object ?? [:]
        policy["profile"] = "https://w3id.org/catenax/2025/9/policy/"
        let asked = JSON.object(policy)
        try await world.running {
            let negotiation = try await world.propose(asked)
            let waiting = try #require(try await world.waiting(for: negotiation))
            #expect(waiting.approval?.code == "policy.contract-text-added")
            #expect(waiting.approval?.differenceEN.contains("ContractReference") == true)
        }
    }

    @Test func aPersonRejectsWithAReason() async throws {
        let world = try await TestWorld.make()
        try await world.publish(tree, policy: TestPolicy.count(1))
        try await world.running {
            let asked = try await world.propose(TestPolicy.use)
            let waiting = try #require(try await world.waiting(for: asked))
            _ = try await world.provider.exchange.reject(negotiation: waiting.id, reason: "one use is enough", by: world.user)
            #expect(try await world.states(of: asked) == ["TERMINATED", "TERMINATED"])
            let ended = try await world.consumer.store.read { try $0.get(Negotiation.self, id: asked.id) }
            #expect(ended?.ending?.code == "contract.rejected")
            #expect(ended?.ending?.reasons == ["one use is enough"])
            #expect(ended?.ending?.byPeer == true)
        }
        let ends = try await world.provider.ledger.entries(limit: 100).filter { $0.record.type == .negotiationTerminated }
        #expect(ends.map { $0.record.ids["user"] } == [world.user.description])
        try await world.checkLedgers()
    }

    @Test func whatNobodyDecidesEnds() async throws {
        var settings = TestNode.settings
        settings.approvalDeadlineSeconds = 60
        let world = try await TestWorld.make(settings: settings)
        try await world.publish(tree, policy: TestPolicy.count(1))
        let asked = try await world.running {
            let asked = try await world.propose(TestPolicy.count(2))
            _ = try #require(try await world.waiting(for: asked))
            return asked
        }
        world.clock.advance(seconds: 60)
        try await world.running {
            #expect(try await world.states(of: asked) == ["TERMINATED", "TERMINATED"])
            let ended = try await world.consumer.store.read { try $0.get(Negotiation.self, id: asked.id) }
            #expect(ended?.ending?.code == "contract.not-approved-in-time")
        }
    }

    @Test func requestsThatWaitDoNotPileUp() async throws {
        var settings = TestNode.settings
        settings.approvalsPerPeer = 3
        let world = try await TestWorld.make(settings: settings)
        try await world.publish(tree, policy: TestPolicy.count(1))
        try await world.running {
            for _ in 1...3 {
                let asked = try await world.propose(TestPolicy.count(2))
                #expect(try await world.waiting(for: asked) != nil)
            }
            let refused = try await world.propose(TestPolicy.count(2), waiting: 30)
            #expect(refused.ending?.code == "negotiation.too-many-waiting")
            // What is offered is still to be had.
            #expect(try await world.negotiate().stateName == "FINALIZED")
        }
        try await world.checkLedgers()
    }

    /// A restart between request and approval loses neither.
    @Test func aRequestWaitsThroughARestart() async throws {
        let world = try await TestWorld.make()
        try await world.publish(tree, policy: TestPolicy.count(1))
        try await world.running {
            let asked = try await world.propose(TestPolicy.count(2))
            let waiting = try #require(try await world.waiting(for: asked))
            try await world.provider.kill()
            _ = try await world.provider.exchange.approve(negotiation: waiting.id, by: world.user)
            #expect(try await world.states(of: asked) == ["FINALIZED", "FINALIZED"])
        }
        try await world.checkLedgers()
    }
}

@Suite struct NeedTests {
    private func need(_ policy: JSON, accepting duties: [String] = []) throws -> Need { try Need(policy: policy, acceptedDuties: duties) }

    private func withDuty(_ action: String, _ policy: JSON) -> JSON {
        guard case .object(var members) = policy, case .object(var rule)? = members["permission"]?.array?.first else { return policy }
        rule["duty"] = [["action": .string(action)]]
        members["permission"] = [.object(rule)]
        return .object(members)
    }

    @Test func anOfferThatGivesLessIsRefusedBeforeAnythingIsSent() async throws {
        let world = try await TestWorld.make()
        try await world.publish(tree, policy: TestPolicy.count(3))
        try await world.running {
            let exchange = try await world.consumer.exchange
            let offer = try await exchange.findOffer(of: world.provider.address, dataset: "D-01", offer: nil)
            let wide = try need(TestPolicy.count(4))
            #expect(
                await code { _ = try await exchange.negotiate(offer, need: wide, waitSeconds: 0, by: world.user) } == "offer.too-narrow")
            #expect(!world.network.calls.contains { $0.kind == .dsp(.contractRequestMessage) })
            #expect(try await world.consumer.store.read { try $0.all(Negotiation.self).isEmpty })
            let narrow = try need(TestPolicy.count(3))
            let negotiation = try await exchange.negotiate(offer, need: narrow, waitSeconds: 30, by: world.user)
            #expect(negotiation.stateName == "FINALIZED")
        }
    }

    @Test func dutiesAreTakenOnOnlyWhenAccepted() async throws {
        let world = try await TestWorld.make()
        try await world.publish(tree, policy: withDuty("inform", TestPolicy.count(3)))
        try await world.running {
            let exchange = try await world.consumer.exchange
            let offer = try await exchange.findOffer(of: world.provider.address, dataset: "D-01", offer: nil)
            for (accepted, expected) in [([], "offer.unwanted-duty"), (["delete"], "offer.unwanted-duty"), (["odrl:inform"], nil)]
                as [([String], String?)]
            {
                let need = try need(TestPolicy.count(2), accepting: accepted)
                #expect(await code { _ = try await exchange.negotiate(offer, need: need, waitSeconds: 30, by: world.user) } == expected)
            }
            #expect(await code { _ = try need(TestPolicy.use, accepting: ["juggle"]) } == "input.invalid")
        }
    }
}

@Suite struct FactTests {
    private static let consented = TestPolicy.permission([
        TestPolicy.constraint("kouan:providerConsent", "eq", ["@value": "true", "@type": "xsd:boolean"])
    ])

    @Test func aTransferWaitsForTheFactAndAGrantForItsStanding() async throws {
        let world = try await TestWorld.make()
        try await world.publish(tree, policy: FactTests.consented)
        try await world.running {
            let agreement = try #require(try await world.agreement(of: try await world.negotiate()))
            let refused = try await world.transfer(under: agreement)
            #expect(refused.stateName == "TERMINATED")
            // What the provider's people did not confirm is told to its own ledger, not to the peer.
            #expect(refused.ending?.code == "policy.not-disclosed")
            #expect(try await world.provider.refusalCodes() == ["policy.value-missing"])
            let exchange = try await world.provider.exchange
            _ = try await exchange.confirm("kouan:providerConsent", "false", of: .dataset("D-01"), basis: "minutes 12", by: world.user)
            #expect(try await world.transfer(under: agreement).stateName == "TERMINATED")
            // What is confirmed for the agreement stands above what is confirmed for the dataset.
            _ = try await exchange.confirm("providerConsent", "true", of: .agreement(agreement.id), basis: "letter 7", by: world.user)
            let transfer = try await world.transfer(under: agreement)
            #expect(transfer.stateName == "COMPLETED")
            #expect(try await world.open(transfer).files == tree)
            _ = try await exchange.remove(fact: "kouan:providerConsent", of: .agreement(agreement.id), by: world.user)
            world.clock.advance(seconds: world.consumer.settings.leaseSeconds)
            #expect(await code { _ = try await world.open(transfer) } == "policy.not-disclosed")
            #expect(try await world.provider.refusalCodes().last == "policy.constraint-not-satisfied")
        }
        let types = try await world.provider.entryTypes()
        #expect(types.count { $0 == .factConfirmed } == 2)
        #expect(types.count { $0 == .factRemoved } == 1)
        try await world.checkLedgers()
    }

    @Test(arguments: [
        ("kouan:algorithm", "sha256:00", "fact.not-confirmable"), ("purpose", "research", "fact.not-confirmable"),
        ("kouan:nothing", "true", "fact.not-confirmable"), ("kouan:providerConsent", "yes", "fact.bad-value"),
        ("kouan:exportMechanism", "", "fact.bad-value"),
    ])
    func onlyWhatPeopleOfAProviderKnowIsConfirmed(_ operand: String, _ value: String, _ expected: String) async throws {
        let world = try await TestWorld.make()
        try await world.publish(tree)
        let exchange = try await world.provider.exchange
        let refused = await code {
            _ = try await exchange.confirm(operand, value, of: .dataset("D-01"), basis: "paper", by: world.user)
        }
        #expect(refused == expected)
        #expect(try await world.provider.store.read { try $0.all(ConfirmedFact.self).isEmpty })
    }

    @Test func factsAreOfKnownThingsOfOnesOwn() async throws {
        let world = try await TestWorld.make()
        try await world.publish(tree)
        try await world.running {
            let agreement = try #require(try await world.agreement(of: try await world.negotiate()))
            for (node, subject, expected) in [
                (world.provider, .dataset("none"), "dataset.unknown"), (world.provider, .agreement("none"), "contract.unknown"),
                (world.consumer, .agreement(agreement.id), "fact.not-provider"),
            ] as [(TestNode, FactSubject, String)] {
                let exchange = try await node.exchange
                let refused = await code {
                    _ = try await exchange.confirm("kouan:providerConsent", "true", of: subject, basis: "paper", by: world.user)
                }
                #expect(refused == expected)
            }
        }
    }

    @Test func whereAndInWhatDataIsUsedComesFromTheConfiguration() async throws {
        let policy = TestPolicy.permission([
            TestPolicy.constraint("kouan:accessorCountry", "eq", "CN"),
            TestPolicy.constraint("kouan:environment", "isAnyOf", ["sandbox", "TEE"]),
        ])
        for (surroundings, expected) in [
            (StatedFacts.surroundings(country: nil, environments: []), "policy.value-missing"),
            (StatedFacts.surroundings(country: "DE", environments: ["TEE"]), "policy.constraint-not-satisfied"),
            (StatedFacts.surroundings(country: "CN", environments: ["TEE"]), nil),
        ] as [(_, String?)] {
            var settings = TestNode.settings
            settings.surroundings = surroundings
            let world = try await TestWorld.make(settings: settings)
            try await world.publish(tree, policy: policy)
            try await world.running {
                let transfer = try await world.obtain()
                let refused = await code { _ = try await world.open(transfer) }
                #expect(refused == expected)
            }
        }
    }

    @Test func whatAUserStatesIsTestedAndRecorded() async throws {
        let world = try await TestWorld.make()
        try await world.publish(
            tree,
            policy: TestPolicy.permission([
                TestPolicy.constraint("kouan:algorithm", "isAnyOf", ["sha256:aa", "sha256:bb"]),
                TestPolicy.constraint("kouan:groupSize", "gteq", ["@value": "10", "@type": "xsd:integer"]),
            ]))
        try await world.running {
            let transfer = try await world.obtain()
            func open(_ facts: [String]) async -> String? {
                await code {
                    let use = IntendedUse(purpose: nil, facts: try StatedFacts.read(facts))
                    let directory = world.consumer.home.path + "/\(facts.joined().hashValue)"
                    _ = try await world.consumer.exchange.open(transfer, for: use, into: directory, by: world.user)
                }
            }
            #expect(await open([]) == "policy.value-missing")
            #expect(await open(["kouan:algorithm=sha256:cc", "kouan:groupSize=10"]) == "policy.constraint-not-satisfied")
            #expect(await open(["kouan:algorithm=sha256:aa", "kouan:groupSize=9"]) == "policy.constraint-not-satisfied")
            #expect(await open(["kouan:algorithm=sha256:aa", "kouan:algorithm=sha256:cc", "kouan:groupSize=10"]) == nil)
            #expect(await open(["algorithm=sha256:bb", "groupSize=11"]) == nil)
        }
        let ledger = try await world.consumer.ledger
        let uses = try await ledger.entries(limit: 100).filter { $0.record.type == .use }
        let last = try #require(uses.last)
        let facts = try await ledger.view(last).local["facts"]
        #expect(facts?["urn:kouan:odrl:1:algorithm"] == ["sha256:bb"])
        try await world.checkLedgers()
    }

    @Test(arguments: [
        "kouan:environment=TEE", "idsc:STATE=TEE", "kouan:accessorCountry=CN", "count=1", "meteredTime=PT1S", "kouan:providerConsent=true",
        "purpose=x",
        "kouan:groupSize=many", "algorithm", "=x",
    ])
    func nothingElseIsStated(_ text: String) {
        #expect(throws: (any Error).self) { try StatedFacts.read([text]) }
    }

    @Test func membershipIsWhatACredentialSays() async throws {
        let world = try await TestWorld.make()
        var policy =
            TestPolicy.permission([TestPolicy.constraint("https://w3id.org/catenax/2025/9/policy/Membership", "eq", "active")]).object
            ?? [:]
        policy["profile"] = "https://w3id.org/catenax/2025/9/policy/"
        try await world.publish(tree, policy: .object(policy))
        try await world.running {
            let transfer = try await world.obtain()
            #expect(try await world.open(transfer).files == tree)
        }
        let exchange = try await world.provider.exchange
        let refused = await code {
            _ = try await exchange.confirm(
                "https://w3id.org/catenax/2025/9/policy/Membership", "active", of: .dataset("D-01"), basis: "none", by: world.user)
        }
        #expect(refused == "fact.not-confirmable")
    }

    /// Of what a participant says of itself the engine learns nothing: in a card, or in a use.
    @Test func aClaimIsNoFact() async throws {
        let world = try await TestWorld.make()
        try await world.publish(tree, policy: TestPolicy.permission([TestPolicy.constraint("kouan:recipientCountry", "eq", "CN")]))
        try await world.running {
            let transfer = try await world.obtain()
            // The same participant without a credential that vouches for it.
            let ours = try #require(try await world.consumer.life.peers.ownCard)
            let claimed = PartyAttributes(card: ours, memberships: [])
            #expect(claimed.country?.known == nil)
            #expect(claimed.spaces.compactMap(\.known).isEmpty)
            // A value that a caller adds never stands in for one that a credential gives.
            let facts = ["urn:kouan:odrl:1:recipientCountry": try StatedFacts.read(["algorithm=DE"]).values.first ?? []]
            let use = IntendedUse(purpose: nil, facts: facts)
            let opened = try await world.consumer.exchange.open(
                transfer, for: use, into: world.consumer.home.path + "/claimed", by: world.user)
            #expect(opened.files == 1)
        }
    }
}
