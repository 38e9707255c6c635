// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import DataspaceProtocol
import Exchange
import ExchangeModel
import Foundation
import Identity
import Ledger
import NodeTesting
import Sealing
import StorageSQLite
import Testing

@Suite struct GrantTests {
    /// No key for a delivery that nobody signed for.
    @Test func noGrantBeforeTheReceipt() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        let gate = Gate()
        world.network.fault(.receipt, .late(gate))
        try await world.running {
            let negotiation = try await world.negotiate()
            let agreement = try #require(try await world.agreement(of: negotiation))
            let request = try world.grantRequest(agreement)
            let consumer = try await world.consumerAtProvider()
            let provider = try await world.provider.exchange
            #expect(await code { _ = try await provider.grant(request, to: consumer) } == "receipt.missing")
            async let transfer = world.transfer(under: agreement)
            try await gate.waitForArrival()
            // The whole package is there, its receipt is not.
            #expect(await code { _ = try await provider.grant(request, to: consumer) } == "receipt.missing")
            let running = try #require(try await world.consumer.store.read { try $0.all(Transfer.self).first })
            #expect(await code { _ = try await world.open(running) } == "transfer.not-ready")
            gate.open()
            #expect(try await transfer.stateName == "COMPLETED")
            #expect(await code { _ = try await provider.grant(request, to: consumer) } == nil)
        }
        #expect(try await world.provider.refusalCodes() == ["receipt.missing"])
        try await world.checkLedgers()
    }

    @Test func theProviderCountsUses() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree, policy: TestPolicy.count(3))
        try await world.running {
            let transfer = try await world.obtain()
            for _ in 1...3 { #expect(try await world.open(transfer).files == smallTree) }
            let before = try TestTree.names(below: world.consumer.home.path + "/opened")
            #expect(await code { _ = try await world.open(transfer) } == "grant.allowance-used-up")
            #expect(try TestTree.names(below: world.consumer.home.path + "/opened") == before)
        }
        #expect(world.network.calls.count { $0.kind == .grant } == 4)
        #expect(try await world.provider.refusalCodes() == ["grant.allowance-used-up"])
        #expect(try await world.consumer.refusalCodes() == ["grant.allowance-used-up"])
        #expect(try await world.provider.entryTypes().count { $0 == .grantIssued } == 3)
        #expect(try await world.consumer.entryTypes().count { $0 == .use } == 3)
        try await world.checkLedgers()
    }

    @Test func aRefusedPurposeStaysAtHome() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree, policy: TestPolicy.purpose("warranty-analysis", alsoCount: 2))
        try await world.running {
            let transfer = try await world.obtain()
            for purpose in ["price-negotiation", nil] {
                let refused = await code { _ = try await world.open(transfer, for: purpose) }
                #expect(refused?.hasPrefix("policy.") == true, "\(refused ?? "permitted")")
            }
            #expect(!world.network.calls.contains { $0.kind == .grant })
            // Asked nevertheless, the provider refuses too, and not for the count.
            let agreement = try #require(try await world.consumer.store.read { try $0.get(Agreement.self, id: transfer.agreementID) })
            let request = try world.grantRequest(agreement, purpose: "price-negotiation")
            let consumer = try await world.consumerAtProvider()
            let provider = try await world.provider.exchange
            let refused = await code { _ = try await provider.grant(request, to: consumer) }
            #expect(refused?.hasPrefix("policy.") == true, "\(refused ?? "granted")")
            #expect(try await world.open(transfer, for: "warranty-analysis").files == smallTree)
        }
        #expect(try await world.consumer.refusalCodes().count == 2)
        #expect(try await world.consumer.entryTypes().count { $0 == .use } == 1)
        try await world.checkLedgers()
    }

    @Test func afterTheWindowNothingOpens() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree, policy: TestPolicy.before(SimulatedClock.start.adding(seconds: 1_800)))
        try await world.running {
            let transfer = try await world.obtain()
            #expect(try await world.open(transfer).files == smallTree)
            let grant = try #require(try await world.consumer.store.read { try $0.all(HeldGrant.self).first })
            // The last millisecond of the window, not the lease's hour.
            #expect(grant.notAfter == SimulatedClock.start.adding(milliseconds: 1_799_999))
            world.clock.advance(seconds: 1_799)
            #expect(try await world.open(transfer).files == smallTree)
            world.clock.advance(seconds: 1)
            let refused = await code { _ = try await world.open(transfer) }
            #expect(refused?.hasPrefix("policy.") == true, "\(refused ?? "permitted")")
            let agreement = try #require(try await world.consumer.store.read { try $0.get(Agreement.self, id: transfer.agreementID) })
            let request = try world.grantRequest(agreement)
            let consumer = try await world.consumerAtProvider()
            let provider = try await world.provider.exchange
            #expect(await code { _ = try await provider.grant(request, to: consumer) }?.hasPrefix("policy.") == true)
            #expect(await code { _ = try await world.transfer(under: agreement) } == nil)
            let ended = try await world.consumer.store.read { tx in try tx.all(Transfer.self).first { $0.id != transfer.id } }
            #expect(ended?.stateName == "TERMINATED")
            // The offer is still shown; whoever asks for it hears why not.
            let negotiation = try await world.negotiate()
            #expect(negotiation.stateName == "TERMINATED")
            #expect(negotiation.ending?.code.hasPrefix("policy.") == true)
        }
        // One lease served both openings.
        #expect(world.network.calls.count { $0.kind == .grant } == 1)
        try await world.checkLedgers()
    }

    @Test func aLeaseThatEndedIsAskedForAgain() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        try await world.running {
            let transfer = try await world.obtain()
            #expect(try await world.open(transfer).files == smallTree)
            #expect(try TestTree.names(below: world.consumer.directory + "/leases").count == 1)
            world.clock.advance(seconds: world.consumer.settings.leaseSeconds)
            #expect(try await world.open(transfer).files == smallTree)
        }
        #expect(world.network.calls.count { $0.kind == .grant } == 2)
    }

    @Test func theSameRequestGetsTheSameBytes() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree, policy: TestPolicy.count(1))
        try await world.running {
            let transfer = try await world.obtain()
            let agreement = try #require(try await world.consumer.store.read { try $0.get(Agreement.self, id: transfer.agreementID) })
            let consumer = try await world.consumerAtProvider()
            let provider = try await world.provider.exchange
            let key = try PrivateKey.generate(.x25519)
            let request = try world.grantRequest(agreement, key: key)
            let first = try await provider.grant(request, to: consumer)
            world.clock.advance(seconds: 10)
            #expect(try await provider.grant(request, to: consumer) == first)
            let other = try world.grantRequest(agreement, key: PrivateKey.generate(.x25519))
            #expect(await code { _ = try await provider.grant(other, to: consumer) } == "grant.request-reused")
            let next = try world.grantRequest(agreement, id: "request-2", key: key)
            #expect(await code { _ = try await provider.grant(next, to: consumer) } == "grant.allowance-used-up")
        }
        #expect(try await world.provider.entryTypes().count { $0 == .grantIssued } == 1)
    }

    /// A use that the provider has debited is not lost with the answer: the next opening asks with the same request.
    @Test func aGrantWhoseAnswerWasLostIsNotDebitedTwice() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree, policy: TestPolicy.count(1))
        try await world.running {
            let transfer = try await world.obtain()
            world.network.fault(.grant, .answerLost)
            world.network.fault(.grant, .answer(503))
            #expect(await code { _ = try await world.open(transfer) } == "peer.unreachable")
            #expect(await code { _ = try await world.open(transfer) } == "peer.unreachable")
            #expect(try await world.open(transfer).files == smallTree)
            #expect(await code { _ = try await world.open(transfer) } == "grant.allowance-used-up")
        }
        #expect(try await world.provider.entryTypes().count { $0 == .grantIssued } == 1)
        #expect(try await world.consumer.entryTypes().count { $0 == .grantReceived } == 1)
        // Neither a key nor a request is left over.
        #expect(try TestTree.names(below: world.consumer.directory + "/leases").isEmpty)
        #expect(try await world.consumer.store.read { try $0.all(GrantAttempt.self) }.isEmpty)
    }

    @Test func twoOpeningsAtOnceTakeTwoUses() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree, policy: TestPolicy.count(2))
        try await world.running {
            let transfer = try await world.obtain()
            async let first = world.open(transfer)
            async let second = world.open(transfer)
            #expect(try await first.files == smallTree)
            #expect(try await second.files == smallTree)
            #expect(await code { _ = try await world.open(transfer) } == "grant.allowance-used-up")
        }
        try await world.checkLedgers()
    }

    /// An opening that fails before any plaintext has its name gives its use back.
    @Test func aFailedOpeningCostsNothing() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree, policy: TestPolicy.count(1))
        try await world.running {
            let transfer = try await world.obtain()
            let occupied = try world.consumer.home.make("occupied")
            try TestTree.write(["mine.txt": [1]], to: occupied)
            let failed = await code {
                _ = try await world.consumer.exchange.open(transfer, for: IntendedUse(purpose: nil), into: occupied, by: world.user)
            }
            #expect(failed?.hasPrefix("sealing.target") == true, "\(failed ?? "opened")")
            #expect(try TestTree.read(occupied) == ["mine.txt": [1]])
            #expect(try await world.open(transfer).files == smallTree)
        }
        #expect(world.network.calls.count { $0.kind == .grant } == 1)
        try await world.checkLedgers()
    }

    @Test(arguments: ["other key", "other participant", "other package", "unsigned"])
    func grantRequestsThatAreNotTheConsumersAreRefused(_ forgery: String) async throws {
        let world = try await TestWorld.make()
        let importer = try await world.join(.germany())
        try await world.publish(smallTree)
        try await world.running {
            let transfer = try await world.obtain()
            let agreement = try #require(try await world.consumer.store.read { try $0.get(Agreement.self, id: transfer.agreementID) })
            let caller: VerifiedPeer
            let request: [UInt8]
            let key = try PrivateKey.generate(.x25519).publicKey
            func make(_ consumer: ParticipantID, _ package: Digest, by signer: PrivateKey) throws -> [UInt8] {
                try GrantRequest(
                    requestID: "r", agreement: agreement.id, package: package, consumer: consumer, action: "read", purpose: nil,
                    nonce: [UInt8](repeating: 1, count: 16), requestKey: key
                ).signed(by: signer)
            }
            let consumer = world.consumer
            switch forgery {
            case "other key":
                caller = try await world.consumerAtProvider()
                request = try make(consumer.address, agreement.package, by: importer.keys.signing)
            case "other participant":
                caller = try await world.provider.life.peers.active(importer.address)
                request = try make(importer.address, agreement.package, by: importer.keys.signing)
            case "other package":
                caller = try await world.consumerAtProvider()
                request = try make(consumer.address, Hash.digest([1]), by: consumer.keys.signing)
            default:
                caller = try await world.consumerAtProvider()
                request = Array("{}".utf8)
            }
            let provider = try await world.provider.exchange
            let refused = await code { _ = try await provider.grant(request, to: caller) }
            #expect(["grant.request-invalid", "process.unknown"].contains(refused), "\(refused ?? "granted")")
        }
        #expect(try await !world.provider.entryTypes().contains(.grantIssued))
    }
}

/// What a thief of the consumer's disk has.
@Suite struct StolenDirectoryTests {
    @Test func theConsumersDirectoryAloneOpensNothing() async throws {
        let world = try await TestWorld.make()
        let (version, _) = try await world.publish(smallTree)
        try await world.running {
            let transfer = try await world.obtain()
            let stolen = world.consumer.home.path + "/stolen"
            try TestTree.copy(world.consumer.directory, to: stolen)

            // The package is there, its file key is not, in no spelling.
            let fileKey = try world.provider.keys.unwrap(version.wrappedKey, of: transfer.package).copy()
            let package = stolen + "/received/" + transfer.package.hex + ".kouan"
            let reader = try PackageReader(path: package, trust: PackageTrust(reference: transfer.package, signer: nil))
            #expect(throws: Never.self) {
                _ = try reader.open(to: world.consumer.home.path + "/by-key", fileKey: SecretBytes(fileKey))
            }
            let spellings = [
                Data(fileKey), Data(Hex.encode(fileKey).utf8), Data(Base64.encode(fileKey).utf8), Data(Base64.encodeURL(fileKey).utf8),
            ]
            for (name, bytes) in try TestTree.read(stolen) {
                let content = Data(bytes)
                for spelling in spellings { #expect(content.range(of: spelling) == nil, "\(name) holds the file key") }
            }
            #expect(try TestTree.names(below: stolen + "/leases").isEmpty)

            // Every key that is there, tried as the file key.
            let keys = try NodeKeys.load(from: stolen + "/keys")
            for secret in [keys.storage] {
                #expect(throws: SealingError.self) {
                    _ = try reader.open(to: world.consumer.home.path + "/by-other-key", fileKey: secret)
                }
            }
            // And the node itself, without its provider.
            world.network.fault { $0.kind == .grant ? .refused : nil }
            #expect(await code { _ = try await world.open(transfer) } == "peer.unreachable")
            #expect(try TestTree.names(below: world.consumer.home.path + "/opened").isEmpty)
        }
    }

    /// The key of a counted use is destroyed with the use; that of a lease when it ends.
    @Test func afterTheUseAStolenDirectoryOpensNothing() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree, policy: TestPolicy.count(2))
        try await world.running {
            let transfer = try await world.obtain()
            _ = try await world.open(transfer)
            #expect(try TestTree.names(below: world.consumer.directory + "/leases").isEmpty)
        }
    }
}
