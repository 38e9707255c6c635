// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import NIOCore
import TLSTransport
import Testing

@Suite(.serialized) struct TrustGenerationTests {
    @Test func anOpenConnectionOfAnOlderGenerationGoesOnUnderTheNewTrust() async throws {
        let pki = try TestPKI()
        let server = try pki.node(provider)
        try await TestServer.run(server, trust: pki.trust()) { running in
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            #expect(text(try await client.send(HTTPClientRequest(url: running.url + "/whoami"))) == "\(consumer) 1 false")
            let generation = try running.context.reload(
                certificateChain: server.chain, key: server.key, trust: pki.trust(number: 2))
            #expect(generation == 2)
            #expect(text(try await client.send(HTTPClientRequest(url: running.url + "/whoami"))) == "\(consumer) 2 false")
            #expect(running.context.connectionCount == 1)
            #expect(running.reports.breaks.isEmpty)
        }
    }

    @Test func revocationEndsAnOpenConnectionBeforeItsNextRequest() async throws {
        let pki = try TestPKI()
        let server = try pki.node(provider)
        let node = try pki.node(consumer)
        try await TestServer.run(server, trust: pki.trust()) { running in
            let client = try makeClient(node, trust: pki.trust())
            #expect(try await client.send(HTTPClientRequest(url: running.url + "/whoami")).status == 200)
            try running.context.reload(certificateChain: server.chain, key: server.key, trust: pki.trust(revoking: [node], number: 2))
            // The pooled connection ends without an answer; curl then tries a new one, whose handshake is refused.
            await #expect(throws: TransportError.self) { try await client.send(HTTPClientRequest(url: running.url + "/whoami")) }
            #expect(running.reports.breaks == ["transport.peer-certificate-revoked"])
            try await eventually("the connection is gone") { running.context.connectionCount == 0 }
        }
    }

    @Test func revocationEndsABodyThatStreams() async throws {
        let pki = try TestPKI()
        let server = try pki.node(provider)
        let node = try pki.node(consumer)
        try await TestServer.run(server, trust: pki.trust()) { running in
            let client = try makeClient(node, trust: pki.trust())
            let answer = try await client.open(HTTPClientRequest(url: running.url + "/gated"))
            #expect(try await answer.next()?.count == 1000)
            try running.context.reload(certificateChain: server.chain, key: server.key, trust: pki.trust(revoking: [node], number: 2))
            running.gate.open()
            await #expect(throws: TransportError.truncated) { try await answer.next() }
            #expect(running.reports.breaks == ["transport.peer-certificate-revoked"])
        }
    }

    @Test func aLongConnectionIsVerifiedAgainWithoutAReload() async throws {
        let pki = try TestPKI()
        let clock = TestClock()
        var limits = TLSServerLimits()
        limits.reverifyAfter = .nanoseconds(1)
        let node = try pki.node(consumer, notAfter: TestPKI.today.adding(seconds: 60))
        try await TestServer.run(pki.node(provider), trust: pki.trust(), limits: limits, clock: clock) { running in
            let client = try makeClient(node, trust: pki.trust())
            #expect(try await client.send(HTTPClientRequest(url: running.url + "/whoami")).status == 200)
            clock.set(TestPKI.today.adding(seconds: 61))
            await #expect(throws: TransportError.self) { try await client.send(HTTPClientRequest(url: running.url + "/whoami")) }
            #expect(running.reports.breaks == ["transport.peer-certificate-expired"])
        }
    }

    @Test func aPooledConnectionIsComparedWithWhoIsExpectedNow() async throws {
        let pki = try TestPKI()
        let server = try pki.node(provider)
        try await TestServer.run(server, trust: pki.trust()) { running in
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            #expect(try await client.send(HTTPClientRequest(url: running.url + "/whoami")).status == 200)
            client.expect(ExpectedPeer(participant: "urn:reg:CN:other"))
            await #expect(throws: TransportError.peer(.wrongParticipant(expected: "urn:reg:CN:other", presented: provider))) {
                try await client.send(HTTPClientRequest(url: running.url + "/whoami"))
            }
            // A key that left the node card, too.
            client.expect(ExpectedPeer(participant: provider))
            #expect(try await client.send(HTTPClientRequest(url: running.url + "/whoami")).status == 200)
            client.expect(ExpectedPeer(participant: provider, keys: []))
            await #expect(throws: TransportError.peer(.unexpectedKey(server.certificate.publicKeyFingerprint))) {
                try await client.send(HTTPClientRequest(url: running.url + "/whoami"))
            }
        }
    }

    @Test func aPooledConnectionIsVerifiedAgainWhenTimePassed() async throws {
        let pki = try TestPKI()
        let clock = TestClock()
        let server = try pki.node(provider, notAfter: TestPKI.today.adding(seconds: 600))
        try await TestServer.run(server, trust: pki.trust()) { running in
            let client = try makeClient(pki.node(consumer), trust: pki.trust(), clock: clock)
            #expect(try await client.send(HTTPClientRequest(url: running.url + "/whoami")).status == 200)
            clock.set(TestPKI.today.adding(seconds: 601))
            await #expect(throws: TransportError.peer(.expired)) {
                try await client.send(HTTPClientRequest(url: running.url + "/whoami"))
            }
        }
    }

    @Test func twoParticipantsOnOneHostAndPort() async throws {
        let pki = try TestPKI()
        let first = try pki.node(provider)
        let second = try pki.node("urn:reg:CN:provider-2")
        let trust = try pki.trust()
        try await TestServer.run(first, trust: trust) { running in
            let us = try pki.node(consumer)
            let toFirst = try makeClient(us, trust: trust)
            let toSecond = try makeClient(us, trust: trust, expecting: ExpectedPeer(participant: second.participant))
            #expect(try await toFirst.send(HTTPClientRequest(url: running.url + "/whoami")).peer?.participant == provider)
            await #expect(throws: TransportError.peer(.wrongParticipant(expected: second.participant, presented: provider))) {
                try await toSecond.send(HTTPClientRequest(url: running.url + "/whoami"))
            }
            try running.context.reload(certificateChain: second.chain, key: second.key, trust: trust)
            #expect(try await toSecond.send(HTTPClientRequest(url: running.url + "/whoami")).peer?.participant == second.participant)
            // The first client still has its own connection to the first participant and never borrows the other's.
            #expect(try await toFirst.send(HTTPClientRequest(url: running.url + "/whoami")).peer?.participant == provider)
            #expect(running.context.connectionCount == 2)
            let again = try makeClient(us, trust: trust)
            await #expect(throws: TransportError.peer(.wrongParticipant(expected: provider, presented: second.participant))) {
                try await again.send(HTTPClientRequest(url: running.url + "/whoami"))
            }
        }
    }

    @Test func aReloadThatFailsLeavesTheOldTrustInPlace() async throws {
        let pki = try TestPKI()
        let server = try pki.node(provider)
        try await TestServer.run(server, trust: pki.trust()) { running in
            #expect(throws: TransportError.self) {
                try running.context.reload(
                    certificateChain: server.chain, key: server.key, trust: TrustConfiguration(anchors: []))
            }
            #expect(running.context.trustGeneration == 1)
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            #expect(try await client.send(HTTPClientRequest(url: running.url + "/whoami")).status == 200)
        }
    }
}
