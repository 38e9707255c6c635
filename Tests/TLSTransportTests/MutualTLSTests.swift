// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import TLSTransport
import Testing

let provider = "urn:reg:CN:provider-1"
let consumer = "urn:reg:CN:consumer-1"

func makeClient(
    _ node: TestPKI.Node?, trust: TrustConfiguration, expecting expected: ExpectedPeer = ExpectedPeer(participant: provider),
    configuration: HTTPClientConfiguration = HTTPClientConfiguration(), clock: any WallClock = TestClock()
) throws -> HTTPSClient {
    try HTTPSClient(
        credential: node?.credential, trust: trust, generation: 7, expecting: expected, configuration: configuration, clock: clock)
}

func text(_ response: HTTPClientResponse) -> String { String(decoding: response.body, as: UTF8.self) }

@Suite(.serialized) struct MutualTLSTests {
    @Test func bothSidesLearnWhoTheOtherIs() async throws {
        let pki = try TestPKI()
        let server = try pki.node(provider)
        try await TestServer.run(server, trust: pki.trust()) { running in
            let client = try makeClient(
                pki.node(consumer), trust: pki.trust(),
                expecting: ExpectedPeer(participant: provider, keys: [server.certificate.publicKeyFingerprint]))
            for _ in 0..<3 {
                let response = try await client.send(HTTPClientRequest(url: running.url + "/whoami"))
                #expect(response.status == 200)
                #expect(text(response) == "\(consumer) 1 false")
                #expect(response.peer?.participant == provider)
                #expect(response.peer?.keyFingerprint == server.certificate.publicKeyFingerprint)
                #expect(response.peer?.tlsVersion == "TLSv1.3")
                #expect(response.peer?.generation == 7)
            }
            #expect(running.context.connectionCount == 1)  // the three requests shared one connection
            #expect(running.reports.refusals.isEmpty)
        }
    }

    @Test func noClientCertificateIsRefused() async throws {
        let pki = try TestPKI()
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            let client = try makeClient(nil, trust: pki.trust())
            await expectRefusal { try await client.send(HTTPClientRequest(url: running.url + "/whoami")) }
            try await eventually("the server says why") { running.reports.refusals == ["transport.peer-without-certificate"] }
        }
    }

    enum BadClient: String, CaseIterable, Sendable { case stranger, expired, revoked, twoNames, noName, serverOnly }

    @Test(arguments: BadClient.allCases)
    func clientIsRefusedWithOneAlertAndLoggedWithItsReason(_ kind: BadClient) async throws {
        let pki = try TestPKI()
        let (node, code): (TestPKI.Node, String) =
            switch kind {
            case .stranger: (try TestPKI(name: "Other Space").node(consumer), "transport.peer-authority-unknown")
            case .expired: (try pki.node(consumer, notAfter: TestPKI.today.adding(seconds: -1)), "transport.peer-certificate-expired")
            case .revoked: (try pki.node(consumer), "transport.peer-certificate-revoked")
            case .twoNames: (try pki.node(consumer, names: [consumer, provider]), "transport.peer-participant-ambiguous")
            case .noName: (try pki.node(consumer, names: []), "transport.peer-participant-ambiguous")
            case .serverOnly: (try pki.node(consumer, profile: .tlsServer), "transport.peer-certificate-wrong-purpose")
            }
        let serverTrust = try pki.trust(revoking: kind == .revoked ? [node] : [])
        try await TestServer.run(pki.node(provider), trust: serverTrust) { running in
            let client = try makeClient(node, trust: pki.trust())
            let detail = await expectRefusal { try await client.send(HTTPClientRequest(url: running.url + "/whoami")) }
            #expect(detail?.contains("certificate unknown") == true, "the peer learns no more than that: \(detail ?? "")")
            try await eventually("the server says why") { running.reports.refusals == [code] }
        }
    }

    enum BadServer: String, CaseIterable, Sendable { case stranger, expired, revoked, otherParticipant, otherKey, otherHost, clientOnly }

    @Test(arguments: BadServer.allCases)
    func serverIsRefusedByTheClient(_ kind: BadServer) async throws {
        let pki = try TestPKI()
        var expected = ExpectedPeer(participant: provider)
        let server: TestPKI.Node
        let failure: PeerFailure
        switch kind {
        case .stranger: (server, failure) = (try TestPKI(name: "Other Space").node(provider), .unknownAuthority)
        case .expired: (server, failure) = (try pki.node(provider, notAfter: TestPKI.today.adding(seconds: -1)), .expired)
        case .revoked: (server, failure) = (try pki.node(provider), .revoked)
        case .otherParticipant:
            (server, failure) = (
                try pki.node("urn:reg:CN:other"), .wrongParticipant(expected: provider, presented: "urn:reg:CN:other")
            )
        case .otherKey:
            server = try pki.node(provider)
            failure = .unexpectedKey(server.certificate.publicKeyFingerprint)
            expected.keys = [try pki.node(provider).certificate.publicKeyFingerprint]
        case .otherHost: (server, failure) = (try pki.node(provider, address: "127.0.0.2"), .wrongHost)
        case .clientOnly: (server, failure) = (try pki.node(provider, profile: .tlsClient), .wrongPurpose)
        }
        let clientTrust = try pki.trust(revoking: kind == .revoked ? [server] : [])
        try await TestServer.run(server, trust: pki.trust()) { [expected] running in
            let client = try makeClient(pki.node(consumer), trust: clientTrust, expecting: expected)
            await #expect(throws: TransportError.peer(failure)) { try await client.send(HTTPClientRequest(url: running.url + "/whoami")) }
        }
    }

    @Test func missingOrExpiredRevocationListsRefuse() async throws {
        let pki = try TestPKI()
        let today = TestPKI.today
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            let cases: [(TrustConfiguration, PeerFailure)] = [
                (TrustConfiguration(anchors: [pki.issuer.certificate]), .revocationUnknown),
                (try pki.trust(nextUpdate: today.adding(seconds: -10)), .revocationExpired),
                (try pki.trust(nextUpdate: today.adding(seconds: -10), grace: 9), .revocationExpired),
            ]
            for (trust, failure) in cases {
                let client = try makeClient(pki.node(consumer), trust: trust)
                await #expect(throws: TransportError.peer(failure)) {
                    try await client.send(HTTPClientRequest(url: running.url + "/whoami"))
                }
            }
        }
    }

    @Test func withinGraceAnExpiredListIsUsedAndSaidSo() async throws {
        let pki = try TestPKI()
        let late = try pki.trust(nextUpdate: TestPKI.today.adding(seconds: -10), grace: 60)
        try await TestServer.run(pki.node(provider), trust: late) { running in
            let client = try makeClient(pki.node(consumer), trust: late)
            let response = try await client.send(HTTPClientRequest(url: running.url + "/whoami"))
            #expect(text(response) == "\(consumer) 1 true")
            #expect(response.peer?.crlStale == true)
        }
        // Grace forgives the date of a list, not what the list says.
        let revoked = try pki.node(consumer)
        let lateAndRevoked = try pki.trust(revoking: [revoked], nextUpdate: TestPKI.today.adding(seconds: -10), grace: 60)
        try await TestServer.run(pki.node(provider), trust: lateAndRevoked) { running in
            let client = try makeClient(revoked, trust: pki.trust())
            await expectRefusal { try await client.send(HTTPClientRequest(url: running.url + "/whoami")) }
            try await eventually("the server says why") { running.reports.refusals == ["transport.peer-certificate-revoked"] }
        }
    }

    @Test func openListenerAsksForNoCertificate() async throws {
        let pki = try TestPKI()
        try await TestServer.run(pki.node(provider), trust: nil, clientCertificate: .notRequested) { running in
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            let response = try await client.send(HTTPClientRequest(url: running.url + "/whoami"))
            #expect(text(response) == "nobody 0 false")
        }
    }

    @Test func chainThroughAnIntermediate() async throws {
        let pki = try TestPKI()
        let intermediate = try pki.issuer.makeIntermediate(
            subject: DistinguishedName(commonName: "Intermediate"), key: PrivateKey.generate(.p256), notBefore: TestPKI.start,
            notAfter: TestPKI.end)
        let key = try PrivateKey.generate(.p256)
        let leaf = try intermediate.issue(
            subject: DistinguishedName(commonName: "node"), publicKey: key.publicKey, uriNames: [consumer], ipNames: ["127.0.0.1"],
            profile: .tlsNode, notBefore: TestPKI.start, notAfter: TestPKI.end)
        var trust = try pki.trust()
        trust.revocationLists.append(try intermediate.makeCRL(number: 1, thisUpdate: TestPKI.start, nextUpdate: TestPKI.end))
        var knowing = trust
        knowing.intermediates = [intermediate.certificate]
        // Sent by the peer, or known from the space: either makes the chain. An intermediate alone is no anchor.
        for (chain, serverTrust) in [([leaf, intermediate.certificate], trust), ([leaf], knowing)] {
            try await TestServer.run(pki.node(provider), trust: serverTrust) { running in
                let client = try HTTPSClient(
                    credential: ClientCredential(certificateChain: chain, key: key), trust: pki.trust(), generation: 1,
                    expecting: ExpectedPeer(participant: provider), clock: TestClock())
                #expect(try await client.send(HTTPClientRequest(url: running.url + "/whoami")).status == 200)
            }
        }
        let stranger = try TestPKI(name: "Other Space")
        var onlyIntermediate = try stranger.trust()
        onlyIntermediate.intermediates = [intermediate.certificate]
        onlyIntermediate.revocationLists = trust.revocationLists
        try await TestServer.run(pki.node(provider), trust: onlyIntermediate) { running in
            let client = try HTTPSClient(
                credential: ClientCredential(certificateChain: [leaf], key: key), trust: pki.trust(), generation: 1,
                expecting: ExpectedPeer(participant: provider), clock: TestClock())
            await expectRefusal { try await client.send(HTTPClientRequest(url: running.url + "/whoami")) }
        }
    }

    @Test func certificateAndKeyMustFit() throws {
        let pki = try TestPKI()
        let node = try pki.node(provider)
        let other = try pki.node(provider)
        #expect(throws: TransportError.self) {
            try TLSServerContext(certificateChain: node.chain, key: other.key, trust: pki.trust())
        }
        #expect(throws: TransportError.self) {
            try HTTPSClient(
                credential: ClientCredential(certificateChain: node.chain, key: other.key), trust: pki.trust(), generation: 1,
                expecting: ExpectedPeer(participant: nil))
        }
    }
}

/// The client was refused by the server's alert. Returns what it learnt.
@discardableResult
func expectRefusal(_ body: () async throws -> HTTPClientResponse) async -> String? {
    do {
        let response = try await body()
        Issue.record("answered with \(response.status)")
    } catch TransportError.refusedByPeer(let detail) {
        return detail
    } catch {
        Issue.record("another error: \(error)")
    }
    return nil
}
