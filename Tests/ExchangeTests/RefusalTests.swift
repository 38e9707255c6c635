// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import DataspaceProtocol
import Exchange
import ExchangeModel
import Identity
import Ledger
import NodeTesting
import StorageSQLite
import Testing

@Suite struct VisibilityTests {
    @Test(arguments: [
        ("registered", true), ("peer:urn:uscc:91440101MA59P3C47H", true), ("peer:urn:reg:DE:HRB-12345", false),
        ("space:battery-chain", true), ("space:other", false),
    ])
    func anOfferIsSeenByThoseItNames(_ name: String, _ isVisible: Bool) async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree, visibleTo: [Visibility(parsing: .string(name))])
        let catalog = try await world.consumer.exchange.catalog(of: world.provider.address)
        #expect(catalog.datasets.map(\.id) == (isVisible ? ["D-01"] : []))
        let answer = try await world.provider.exchange.answer(
            PeerCall(endpoint: .dataset, id: "D-01", body: []), from: try await world.consumerAtProvider())
        #expect(answer.status == (isVisible ? 200 : 404))
    }

    /// Knowing the id of an offer is no way round its visibility, and the answer is that of an offer that does not exist.
    @Test func anInvisibleOfferCannotBeRequested() async throws {
        let world = try await TestWorld.make()
        let importer = try await world.join(.germany())
        let (_, offer) = try await world.publish(smallTree, visibleTo: [.peer(importer.address)])
        try await world.running(and: [importer]) {
            let seen = try await importer.exchange.findOffer(of: world.provider.address, dataset: "D-01", offer: nil)
            #expect(seen.offer.id == offer.id)
            let stolen = RemoteOffer(provider: world.provider.address, datasetID: "D-01", offer: seen.offer)
            let negotiation = try await world.consumer.exchange.negotiate(stolen, waitSeconds: 30, by: world.user)
            #expect(negotiation.stateName == "TERMINATED")
            #expect(negotiation.ending?.code == "offer.unknown")
            #expect(negotiation.ending?.byPeer == true)
            #expect(try await world.counterpart(of: negotiation) == nil)
        }
        try await world.checkLedgers()
    }

    @Test func aWithdrawnOfferIsGone() async throws {
        let world = try await TestWorld.make()
        let (_, offer) = try await world.publish(smallTree)
        let remote = try await world.consumer.exchange.findOffer(of: world.provider.address, dataset: "D-01", offer: nil)
        _ = try await world.provider.exchange.withdraw(offer: offer.id, by: world.user)
        #expect(try await world.consumer.exchange.catalog(of: world.provider.address).datasets.isEmpty)
        try await world.running {
            let negotiation = try await world.consumer.exchange.negotiate(remote, waitSeconds: 30, by: world.user)
            #expect(negotiation.ending?.code == "offer.unknown")
        }
    }
}

@Suite struct NegotiationRefusalTests {
    /// Stricter rules are agreed, but not by a consumer that asked for others.
    @Test func aRequestThatWasMadeStricterOnItsWayEnds() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree, policy: TestPolicy.count(3))
        world.network.fault(
            .dsp(.contractRequestMessage),
            .rewritten { message in
                message.replacing("offer", "permission") { _ in TestPolicy.count(2)["permission"] }
            })
        try await world.running {
            let negotiation = try await world.negotiate()
            #expect(negotiation.stateName == "TERMINATED")
            #expect(negotiation.ending?.code == "agreement.differs")
            #expect(try await world.states(of: negotiation) == ["TERMINATED", "TERMINATED"])
        }
        try await world.checkLedgers()
    }

    @Test func aRequestThatThisNodeDoesNotUnderstandIsRefused() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree, policy: TestPolicy.count(3))
        world.network.fault(
            .dsp(.contractRequestMessage),
            .rewritten { message in
                message.replacing("offer", "permission") { _ in
                    TestPolicy.permission([TestPolicy.constraint("https://elsewhere.example/mood", "eq", "good")])["permission"]
                }
            })
        try await world.running {
            let negotiation = try await world.negotiate()
            #expect(negotiation.stateName == "TERMINATED")
            #expect(negotiation.ending?.code == "offer.differs")
        }
        #expect(try await world.provider.refusalCodes() == ["offer.differs"])
        try await world.checkLedgers()
    }

    enum Change: CaseIterable, Sendable {
        case rule, target, assigner, assignee, oldTimestamp, futureTimestamp, noTimestamp, extraMember, policyHash
    }

    /// The provider signs what it sends, so the signature is right in all of these; what it signed is not what was offered.
    @Test(arguments: Change.allCases) func anAgreementThatDiffersEndsTheNegotiationOnBothSides(_ change: Change) async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree, policy: TestPolicy.count(3))
        let signer = world.provider.keys.signing
        let provider = world.provider.address
        world.network.fault(
            .dsp(.contractAgreementMessage),
            .rewritten { message in
                var agreement = message["agreement"]?.object ?? [:]
                var terms = message["urn:kouan:agreement-proof:1"]?["terms"]?.object ?? [:]
                switch change {
                case .rule: agreement["permission"] = [["action": "use"]]
                case .target: agreement["target"] = "D-02"
                case .assigner: agreement["assigner"] = "urn:reg:DE:HRB-12345"
                case .assignee: agreement["assignee"] = "urn:reg:DE:HRB-12345"
                case .oldTimestamp: agreement["timestamp"] = .string(SimulatedClock.start.adding(seconds: -301).description)
                case .futureTimestamp: agreement["timestamp"] = .string(SimulatedClock.start.adding(seconds: 301).description)
                case .noTimestamp: agreement["timestamp"] = nil
                case .extraMember: agreement["obligation"] = [["action": "odrl:delete"]]
                case .policyHash: terms["policyHash"] = .string(Hash.digest([1]).description)
                }
                let proof = try AgreementProof.sign(
                    agreement: .object(agreement), terms: AgreementTerms(json: .object(terms)), signer: provider, with: signer)
                var members = message.object ?? [:]
                members["agreement"] = .object(agreement)
                members["urn:kouan:agreement-proof:1"] = proof.json
                return .object(members)
            })
        try await world.running {
            let negotiation = try await world.negotiate()
            #expect(negotiation.stateName == "TERMINATED")
            #expect(negotiation.ending?.code == "agreement.differs")
            #expect(negotiation.ending?.byPeer == false)
            #expect(try await world.states(of: negotiation) == ["TERMINATED", "TERMINATED"])
            let theirs = try #require(try await world.counterpart(of: negotiation))
            #expect(theirs.ending?.code == "agreement.differs")
            #expect(theirs.ending?.byPeer == true)
            #expect(theirs.ending?.reasons.isEmpty == false)
            #expect(try await world.agreement(of: negotiation)?.isActive != true)
            #expect(try await world.agreement(of: theirs, at: world.provider)?.isActive != true)
        }
        try await world.checkLedgers()
    }

    enum Forgery: CaseIterable, Sendable { case none, otherKey, otherAgreement }

    @Test(arguments: Forgery.allCases) func anAgreementWithoutAValidSignatureEndsTheNegotiation(_ forgery: Forgery) async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        let other = try PrivateKey.generate(.ed25519)
        let provider = world.provider.address
        world.network.fault(
            .dsp(.contractAgreementMessage),
            .rewritten { message in
                var members = message.object ?? [:]
                let terms = try AgreementTerms(json: message["urn:kouan:agreement-proof:1"]?["terms"] ?? .null)
                switch forgery {
                case .none: members["urn:kouan:agreement-proof:1"] = nil
                case .otherKey:
                    members["urn:kouan:agreement-proof:1"] =
                        try AgreementProof.sign(
                            agreement: message["agreement"] ?? .null, terms: terms, signer: provider, with: other
                        ).json
                case .otherAgreement:
                    members["agreement"] = message["agreement"]?.replacing("@id") { _ in "urn:uuid:00000000-0000-7000-8000-000000000000" }
                }
                return .object(members)
            })
        try await world.running {
            let negotiation = try await world.negotiate()
            #expect(negotiation.stateName == "TERMINATED")
            #expect(try await world.states(of: negotiation) == ["TERMINATED", "TERMINATED"])
            #expect(try await world.agreement(of: negotiation)?.isActive != true)
        }
    }

    @Test func aUserEndsANegotiationAndBothSidesSeeIt() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        let gate = Gate()
        world.network.fault(.dsp(.contractAgreementMessage), .late(gate))
        try await world.running {
            async let negotiation = world.negotiate()
            try await gate.waitForArrival()
            let open = try #require(try await world.consumer.store.read { try $0.all(Negotiation.self).first })
            _ = try await world.consumer.exchange.terminate(negotiation: open.id, by: world.user)
            gate.open()
            #expect(try await negotiation.stateName == "TERMINATED")
            #expect(try await world.states(of: open) == ["TERMINATED", "TERMINATED"])
            #expect(
                await code { _ = try await world.consumer.exchange.terminate(negotiation: open.id, by: world.user) } == "contract.ended")
        }
        try await world.checkLedgers()
    }
}

@Suite struct TransferRefusalTests {
    private func request(_ agreement: String, format: TransferFormat = .sealedPackagePull, callback: String? = nil, from node: TestNode)
        -> TransferRequestMessage
    {
        TransferRequestMessage(
            id: "urn:uuid:1", consumerPID: "urn:uuid:2", agreementID: agreement, format: format,
            callbackAddress: callback ?? node.party.endpoints.dspURL)
    }

    @Test func unknownAndForeignAgreementsAreOne404() async throws {
        let world = try await TestWorld.make()
        let importer = try await world.join(.germany())
        try await world.publish(smallTree)
        try await world.running {
            let negotiation = try await world.negotiate()
            let agreement = try #require(try await world.agreement(of: negotiation))
            let unknown = try await world.ask(.transferRequest, request("urn:uuid:none", from: world.consumer))
            let foreign = try await world.provider.exchange.answer(
                PeerCall(endpoint: .transferRequest, id: "", body: request(agreement.id, from: importer).bytes),
                from: try await world.provider.life.peers.active(importer.address))
            #expect(unknown.status == 404)
            #expect(foreign.status == 404)
            #expect(unknown.body == foreign.body)
            #expect(unknown.body?["code"] == "agreement.unknown")
            #expect(try await world.provider.store.read { try $0.all(Transfer.self) }.isEmpty)
        }
    }

    @Test(arguments: [TransferFormat.sealedPackagePush, .httpDataPull, TransferFormat(rawValue: "Other-PULL")])
    func otherFormatsAreRefused(_ format: TransferFormat) async throws {
        let world = try await TestWorld.make()
        let answer = try await world.ask(.transferRequest, request("urn:uuid:none", format: format, from: world.consumer))
        #expect(answer.status == 400)
        #expect(answer.body?["code"] == "transfer.format-unsupported")
    }

    @Test func aCallbackElsewhereIsRefused() async throws {
        let world = try await TestWorld.make()
        let answer = try await world.ask(
            .transferRequest, request("urn:uuid:none", callback: "https://elsewhere.example/dsp", from: world.consumer))
        #expect(answer.status == 400)
        #expect(answer.body?["code"] == "peer.callback-refused")
    }

    @Test func processesOfOthersAreAsUnknownAsNone() async throws {
        let world = try await TestWorld.make()
        let importer = try await world.join(.germany())
        try await world.publish(smallTree)
        try await world.running {
            let transfer = try await world.obtain()
            let theirs = try #require(try await world.counterpart(of: transfer))
            let stranger = try await world.provider.life.peers.active(importer.address)
            for (endpoint, id) in [(Endpoint.providerTransfer, theirs.id), (.providerTransfer, "urn:uuid:none")] {
                let answer = try await world.provider.exchange.answer(PeerCall(endpoint: endpoint, id: id, body: []), from: stranger)
                #expect(answer.status == 404)
                #expect(answer.body?["code"] == "process.unknown")
            }
            let answer = try await world.provider.exchange.answer(
                PeerCall(endpoint: .providerTransfer, id: theirs.id, body: []), from: try await world.consumerAtProvider())
            #expect(answer.body?["state"] == "COMPLETED")
        }
    }

    /// A bearer token is good for its own consumer, its own package, and while the transfer runs.
    @Test func theDataAddressServesOnlyWhomItWasGivenTo() async throws {
        let world = try await TestWorld.make()
        let importer = try await world.join(.germany())
        try await world.publish(smallTree)
        let gate = Gate()
        world.network.fault(.receipt, .late(gate))
        try await world.running {
            let negotiation = try await world.negotiate()
            let agreement = try #require(try await world.agreement(of: negotiation))
            async let transfer = world.transfer(under: agreement)
            try await gate.waitForArrival()
            let running = try #require(try await world.consumer.store.read { try $0.all(Transfer.self).first })
            let token = try SealedPackageAddress(DataAddress.parse(running.dataAddress ?? .null)).authorization
            let provider = try await world.provider.life
            let hex = running.package.hex
            let consumer = try await world.consumerAtProvider()
            #expect(await code { _ = try await provider.exchange.packageFile(hex: hex, token: token, for: consumer) } == nil)
            let stranger = try provider.peers.active(importer.address)
            #expect(
                await code { _ = try await provider.exchange.packageFile(hex: hex, token: token, for: stranger) } == "process.unknown")
            #expect(
                await code { _ = try await provider.exchange.packageFile(hex: hex, token: token + "x", for: consumer) }
                    == "process.unknown")
            let other = Hash.digest([1]).hex
            #expect(
                await code { _ = try await provider.exchange.packageFile(hex: other, token: token, for: consumer) } == "process.unknown")
            gate.open()
            #expect(try await world.states(of: transfer) == ["COMPLETED", "COMPLETED"])
            #expect(
                await code { _ = try await provider.exchange.packageFile(hex: hex, token: token, for: consumer) } == "process.unknown")
        }
    }
}

@Suite struct SuspensionTests {
    @Test func aSuspendedPeerGetsNothingAndIsAskedNothing() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        let remote = try await world.consumer.exchange.findOffer(of: world.provider.address, dataset: "D-01", offer: nil)

        try await world.consumer.setState(.suspended, of: world.provider.address)
        #expect(
            await code { _ = try await world.consumer.exchange.negotiate(remote, waitSeconds: 0, by: world.user) } == "peer.suspended")
        try await world.consumer.setState(.active, of: world.provider.address)

        try await world.provider.setState(.suspended, of: world.consumer.address)
        #expect(await code { _ = try await world.consumer.exchange.catalog(of: world.provider.address) } == "peer.unreachable")
        try await world.provider.setState(.active, of: world.consumer.address)
        #expect(try await world.consumer.exchange.catalog(of: world.provider.address).datasets.count == 1)
    }

    /// What is under way when a peer is suspended waits, and goes on when it is resumed.
    @Test func aResumedPeerGoesOnWhereItStopped() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        try await world.running {
            let negotiation = try await world.negotiate()
            let agreement = try #require(try await world.agreement(of: negotiation))
            try await world.provider.setState(.suspended, of: world.consumer.address)
            let waiting = try await world.consumer.exchange.transfer(agreement, waitSeconds: 0, by: world.user)
            let tried = try await world.consumer.eventually { tx in
                try tx.first(OutboxMessage.self, where: "process", equals: waiting.id).flatMap { $0.tries > 0 ? $0 : nil }
            }
            #expect(tried?.lastError?.isEmpty == false)
            try await world.provider.setState(.active, of: world.consumer.address)
            #expect(try await world.states(of: waiting) == ["COMPLETED", "COMPLETED"])
        }
        try await world.checkLedgers()
    }
}

extension JSON {
    /// A copy with the member at `path` changed.
    func replacing(_ path: String..., with change: (JSON?) -> JSON?) -> JSON { replacing(path[...], with: change) }

    private func replacing(_ path: ArraySlice<String>, with change: (JSON?) -> JSON?) -> JSON {
        guard let name = path.first, var members = object else { return self }
        members[name] =
            path.count == 1 ? change(members[name]) : members[name]?.replacing(path.dropFirst(), with: change)
        return .object(members)
    }
}
