// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import DataspaceProtocol
import Exchange
import ExchangeModel
import Identity
import Ledger
import NodeTesting
import Sealing
import StorageSQLite
import Testing

/// A few files that differ in every way that matters.
let smallTree: [String: [UInt8]] = [
    "readme.txt": Array("Battery passports\n".utf8), "电芯/批次-2026-11.csv": Array("编号,容量\nA1,102.4\n".utf8), "empty.csv": [],
    "deep/er/data.bin": (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 31) },
]

extension TestWorld {
    /// The consumer as the provider's listener would hand it to the exchange.
    func consumerAtProvider() async throws -> VerifiedPeer { try await provider.life.peers.active(consumer.address) }
    func providerAtConsumer() async throws -> VerifiedPeer { try await consumer.life.peers.active(provider.address) }

    /// What must hold after every exchange, however it went: both ledgers verify, and each side's mirrored entries match.
    func checkLedgers(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        for node in [provider, consumer] {
            let verification = try await node.ledger.verify()
            #expect(verification.findings == [], sourceLocation: sourceLocation)
        }
        let mirror = try await mirror()
        #expect(mirror.isComplete, "\(mirror)", sourceLocation: sourceLocation)
    }

    /// The states of a negotiation on both sides, once both are settled.
    func states(of negotiation: Negotiation) async throws -> [String] {
        let theirs = try await provider.eventually { tx in
            try tx.all(Negotiation.self, where: "remote", equals: negotiation.consumerPID).first { !$0.isOpen }
        }
        let ours = try await consumer.eventually { tx in
            try tx.get(Negotiation.self, id: negotiation.id).flatMap { $0.isOpen ? nil : $0 }
        }
        return [theirs?.stateName ?? "none", ours?.stateName ?? "none"]
    }

    func states(of transfer: Transfer) async throws -> [String] {
        let theirs = try await provider.eventually { tx in
            try tx.all(Transfer.self, where: "remote", equals: transfer.consumerPID).first { !$0.isOpen }
        }
        let ours = try await consumer.eventually { tx in
            try tx.get(Transfer.self, id: transfer.id).flatMap { $0.isOpen ? nil : $0 }
        }
        return [theirs?.stateName ?? "none", ours?.stateName ?? "none"]
    }

    /// A grant request of the consumer, made by hand.
    func grantRequest(
        _ agreement: Agreement, id: String = "request-1", action: String = "read", purpose: String? = nil, key: PrivateKey? = nil
    ) throws -> [UInt8] {
        try GrantRequest(
            requestID: id, agreement: agreement.id, package: agreement.package, consumer: consumer.address, action: action,
            purpose: purpose,
            nonce: [UInt8](repeating: 7, count: 16), requestKey: (key ?? PrivateKey.generate(.x25519)).publicKey
        ).signed(by: consumer.keys.signing)
    }

    /// The packages that the consumer shows under their final names, and what else lies beside them.
    func received() throws -> [String] { try TestTree.names(below: consumer.directory + "/received") }

    /// Sends a message to the provider as the consumer would.
    func ask(_ endpoint: Endpoint, id: String = "", _ message: some ProtocolMessage) async throws -> PeerAnswer {
        try await provider.exchange.answer(
            PeerCall(endpoint: endpoint, id: id, body: message.bytes), from: try await consumerAtProvider())
    }
}

/// The stable code that `body` fails with; nil when it does not fail.
func code(of body: () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch let error as any KouanError {
        return error.code
    } catch {
        return "\(error)"
    }
}
