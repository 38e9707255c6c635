// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import DataspaceProtocol
import Exchange
import ExchangeModel
import Identity
import Ledger
import NIOCore
import NodeTesting
import PeerAPI
import Sealing
import StorageSQLite
import TLSTransport
import Testing

/// What the peers' listener answers, and to whom.
@Suite(.serialized) struct ListenerTests {
    private static let routes: [(String, String)] = [
        ("POST", "/dsp/2025-1/catalog/request"), ("GET", "/dsp/2025-1/negotiations/urn:uuid:1"), ("POST", "/dsp/2025-1/transfers/request"),
        ("POST", "/kouan/v1/grants"), ("POST", "/kouan/v1/receipts"), ("GET", "/kouan/v1/packages/" + String(repeating: "ab", count: 32)),
        ("GET", "/nothing/here"), ("DELETE", "/dsp/2025-1/catalog/request"),
    ]

    @Test(arguments: [false, true]) func whoIsNoActivePeerLearnsNothing(isSuspended: Bool) async throws {
        let world = try await TLSWorld()
        if isSuspended { try await world.provider.add(world.stranger, state: .suspended) }
        try await world.provider.serving {
            var bodies: Set<[UInt8]> = []
            for (method, path) in Self.routes {
                let body = method == "POST" ? Array("{}".utf8) : []
                let response = try await world.provider.answer(method, path, to: world.stranger, body: body)
                #expect(response.status == 401, "\(method) \(path)")
                bodies.insert(response.body)
            }
            #expect(bodies.count == 1)
        }
    }

    @Test func everyMemberOfTheSpaceMayReadCardAndVersions() async throws {
        let world = try await TLSWorld()
        let card = try #require(world.provider.peers.ownCard)
        try await world.provider.serving {
            let answer = try await world.provider.answer("GET", "/.well-known/kouan/node-card", to: world.stranger)
            #expect(answer.status == 200)
            #expect(answer.body == card.bytes)
            let versions = try await world.provider.answer("GET", "/.well-known/dspace-version", to: world.stranger)
            let document = try VersionDocument.parse(versions.body)
            #expect(try document.common().path == "/dsp/2025-1")
            #expect(try await world.provider.answer("POST", "/.well-known/kouan/node-card", to: world.stranger).status == 401)
            let fetched = try await world.stranger.transport.fetchCard(url: world.provider.base + "/")
            #expect(fetched.card == card.bytes)
            #expect(fetched.participant == world.provider.participant.description)
            #expect(card.tlsKeys.map(\.fingerprint) == [fetched.keyFingerprint])
        }
    }

    @Test func aMemberOfAnotherSpaceIsNotHeard() async throws {
        let world = try await TLSWorld()
        let elsewhere = try TestSpace("elsewhere", at: world.clock.now())
        let foreigner = try await TLSNode("urn:reg:CN:MOTORS-1", name: "motors", space: elsewhere, clock: world.clock)
        try await world.provider.serving {
            await #expect(throws: TransportError.self) {
                try await world.provider.answer("GET", "/.well-known/kouan/node-card", to: foreigner)
            }
            await #expect(throws: PeerTransportError.self) { try await foreigner.transport.fetchCard(url: world.provider.base) }
        }
    }

    @Test func suspensionHoldsOnAnOpenConnection() async throws {
        let world = try await TLSWorld()
        try await world.provider.serving {
            let client = try world.provider.client(of: world.consumer)
            let request = HTTPClientRequest(url: world.provider.base + "/dsp/2025-1/negotiations/urn:uuid:none")
            #expect(try await client.send(request).status == 404)
            try await world.provider.add(world.consumer, state: .suspended)
            #expect(try await client.send(request).status == 401)
            try await world.provider.add(world.consumer)
            #expect(try await client.send(request).status == 404)
        }
    }

    @Test func whatCannotBeRead() async throws {
        let world = try await TLSWorld()
        let catalog = "/dsp/2025-1/catalog/request"
        try await world.provider.serving {
            func post(_ path: String, _ body: [UInt8], type: String = "application/json") async throws -> HTTPClientResponse {
                try await world.provider.answer(
                    "POST", path, to: world.consumer, headers: [(name: "Content-Type", value: type)], body: body)
            }
            let large = try await post(catalog, [UInt8](repeating: 0x20, count: (1 << 20) + 1))
            #expect(large.status == 413)
            #expect(large.json?["@type"] == "CatalogError")
            #expect(try await post("/kouan/v1/grants", [UInt8](repeating: 0x20, count: (64 << 10) + 1)).status == 413)
            let deep = try await post(catalog, Array((String(repeating: "[", count: 100_000)).utf8))
            #expect(deep.status == 400)
            #expect(deep.json?["@type"] == "CatalogError")
            let inNegotiation = try await post("/dsp/2025-1/negotiations/request", Array("{".utf8))
            #expect(inNegotiation.status == 400)
            #expect(inNegotiation.json?["@type"] == "ContractNegotiationError")
            #expect(try await post(catalog, Array("<xml/>".utf8), type: "text/xml").status == 415)
            #expect(try await post("/kouan/v1/receipts", Array("{}".utf8)).code == "receipt.invalid")
            #expect(try await post("/kouan/v1/receipts", Array(String(repeating: "[", count: 1000).utf8)).status == 400)
            #expect(try await post("/kouan/v1/receipts", Array(#"{"half":"AAAA"}"#.utf8)).code == "receipt.invalid")
            #expect(try await post("/kouan/v1/grants", Array("{}".utf8)).code == "grant.request-invalid")
            let unknown = try await world.provider.answer("GET", "/dsp/2025-1/unknown", to: world.consumer)
            #expect(unknown.status == 404)
            #expect(unknown.code == "http.unknown-path")
            let method = try await world.provider.answer("DELETE", catalog, to: world.consumer)
            #expect(method.status == 405)
            #expect(method.header("Allow") == "POST")
        }
    }

    @Test func aBodyThatNeverEndsCostsTheConnection() async throws {
        let world = try await TLSWorld()
        var limits = PeerServerLimits()
        limits.bodyTimeout = .milliseconds(50)
        try await world.provider.serving(limits: limits) {
            await #expect(throws: TransportError.self) {
                try await world.provider.answer(
                    "POST", "/dsp/2025-1/catalog/request", to: world.consumer,
                    headers: [(name: "Content-Type", value: "application/json"), (name: "Content-Length", value: "1000")],
                    body: Array("{".utf8))
            }
            try await eventually("the connection is gone") { world.provider.context.connectionCount == 0 }
        }
    }

    @Test func aPeerWithTooMuchUnderWayIsToldToComeAgain() async throws {
        let world = try await TLSWorld()
        var limits = PeerServerLimits()
        limits.messagesPerPeer = 0
        try await world.provider.serving(limits: limits) {
            let response = try await world.provider.answer("GET", "/dsp/2025-1/negotiations/1", to: world.consumer)
            #expect(response.status == 503)
            #expect(response.header("Retry-After") == "2")
            #expect(response.json?["@type"] == "ContractNegotiationError")
        }
    }

    @Test func aGrantIsAskedForInOnesOwnName() async throws {
        let world = try await TLSWorld()
        try await world.provider.add(world.stranger)
        try await world.provider.serving {
            func request(for consumer: TLSNode, signedBy node: TLSNode) throws -> [UInt8] {
                try GrantRequest(
                    requestID: "r-1", agreement: "urn:uuid:1", package: Digest(algorithm: .sha256, bytes: [UInt8](repeating: 1, count: 32)),
                    consumer: consumer.participant, action: "read", purpose: nil, nonce: SecureRandom.bytes(16),
                    requestKey: try PrivateKey.generate(.x25519).publicKey
                ).signed(by: node.keys.signing)
            }
            func ask(_ body: [UInt8]) async throws -> HTTPClientResponse {
                try await world.provider.answer("POST", "/kouan/v1/grants", to: world.stranger, body: body)
            }
            // The consumer's own request, sent by somebody else; one in the consumer's name; one of a stranger to the agreement.
            let stolen = try await ask(try request(for: world.consumer, signedBy: world.consumer))
            #expect(stolen.status == 400 && stolen.code == "grant.request-invalid")
            let forged = try await ask(try request(for: world.consumer, signedBy: world.stranger))
            #expect(forged.status == 400 && forged.code == "grant.request-invalid")
            #expect(try await ask(try request(for: world.stranger, signedBy: world.stranger)).status == 404)
        }
    }

    @Test func probing() async throws {
        let world = try await TLSWorld()
        try await world.stranger.add(world.provider)
        try await world.provider.serving {
            let address = try world.consumer.address(of: world.provider)
            let seen = try await world.consumer.transport.probe(address)
            #expect(seen.participant == world.provider.participant.description)
            #expect(seen.tlsVersion == "TLSv1.3")
            #expect(seen.issuer.contains("Test Root"))
            #expect(seen.notAfter == world.provider.credential.certificateChain[0].notAfter)
            #expect(abs(try #require(seen.clockDifferenceSeconds)) <= 3)
            #expect(!seen.crlStale)
            #expect(seen.protocolVersions == ["2025-1"])
            #expect(seen.acceptsUs == true)
            #expect(try await world.stranger.transport.probe(address).acceptsUs == false)
            let other = PeerAddress(
                participant: world.stranger.participant, base: world.provider.base, keyFingerprints: address.keyFingerprints)
            await #expect { try await world.consumer.transport.probe(other) } throws: { error in
                let error = error as? PeerTransportError
                return error?.code == "transport.peer-participant-differs" && error?.isRetryable == false
            }
        }
    }

    @Test func aWholeExchangeOverTLS() async throws {
        let world = try await TLSWorld()
        let files = ["a.bin": SecureRandom.bytes(3 << 20), "目录/b.csv": Array("cell,capacity\n".utf8)]
        try await world.running(downloads: true) {
            let agreement = try await world.agree(on: files)
            let transfer = try await world.consumer.exchange.transfer(agreement, waitSeconds: 60, by: world.user)
            #expect(transfer.stateName == "COMPLETED")
            let directory = world.consumer.home.path + "/opened"
            _ = try await world.consumer.exchange.open(transfer, for: IntendedUse(purpose: nil), into: directory, by: world.user)
            #expect(try TestTree.read(directory) == files)
            #expect(try await world.consumer.exchange.record(transfer) != nil)
            #expect(try await world.provider.ledger.verify().isVerified)
            #expect(try await world.consumer.ledger.verify().isVerified)
        }
    }
}
