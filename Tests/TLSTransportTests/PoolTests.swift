// SPDX-License-Identifier: Apache-2.0
import ExchangeModel
import TLSTransport
import Testing

@Suite(.serialized) struct PoolTests {
    @Test func oneClientPerPeerAndGeneration() async throws {
        let pki = try TestPKI()
        let us = try pki.node(consumer)
        let pool = try HTTPSClientPool(credential: us.credential, trust: pki.trust(), clock: TestClock(), limit: 2)
        let first = try pool.client(for: ExpectedPeer(participant: provider))
        #expect(try pool.client(for: ExpectedPeer(participant: provider)) === first)
        #expect(try pool.client(for: ExpectedPeer(participant: nil)) !== pool.client(for: ExpectedPeer(participant: nil)))
        #expect(try pool.reload(credential: us.credential, trust: pki.trust(number: 2)) == 2)
        let second = try pool.client(for: ExpectedPeer(participant: provider))
        #expect(second !== first)
        #expect(second.generation == 2)
        // The peer used longest ago makes way for a third.
        _ = try pool.client(for: ExpectedPeer(participant: "urn:reg:CN:b"))
        _ = try pool.client(for: ExpectedPeer(participant: "urn:reg:CN:c"))
        #expect(try pool.client(for: ExpectedPeer(participant: provider)) !== second)
        pool.close()
        #expect(throws: TransportError.closed) { try pool.client(for: ExpectedPeer(participant: provider)) }
    }

    @Test func aTransferGoesOnWhenItsPeerIsStillAccepted() async throws {
        let pki = try TestPKI()
        let us = try pki.node(consumer)
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            let pool = try HTTPSClientPool(credential: us.credential, trust: pki.trust(), clock: TestClock())
            let old = try pool.client(for: ExpectedPeer(participant: provider))
            let answer = try await old.open(HTTPClientRequest(url: running.url + "/gated"))
            #expect(try await answer.next()?.count == 1000)
            try pool.reload(credential: us.credential, trust: pki.trust(number: 2))
            await #expect(throws: TransportError.closed) { try await old.send(HTTPClientRequest(url: running.url + "/whoami")) }
            let new = try pool.client(for: ExpectedPeer(participant: provider))
            #expect(try await new.send(HTTPClientRequest(url: running.url + "/whoami")).peer?.generation == 2)
            #expect(running.context.connectionCount == 2)
            running.gate.open()
            #expect(try await answer.collect(upTo: 1000) == [UInt8](repeating: 2, count: 1000))
            try await eventually("the old generation's connection is gone") { running.context.connectionCount == 1 }
            #expect(running.reports.breaks.isEmpty)
        }
    }

    @Test func aTransferEndsWhenItsPeerIsRevoked() async throws {
        let pki = try TestPKI()
        let us = try pki.node(consumer)
        let server = try pki.node(provider)
        try await TestServer.run(server, trust: pki.trust()) { running in
            let pool = try HTTPSClientPool(credential: us.credential, trust: pki.trust(), clock: TestClock())
            let answer = try await pool.client(for: ExpectedPeer(participant: provider)).open(
                HTTPClientRequest(url: running.url + "/gated"))
            #expect(try await answer.next()?.count == 1000)
            try pool.reload(credential: us.credential, trust: pki.trust(revoking: [server], number: 2))
            await #expect(throws: TransportError.closed) { try await answer.next() }
            await #expect(throws: TransportError.peer(.revoked)) {
                try await pool.client(for: ExpectedPeer(participant: provider)).send(HTTPClientRequest(url: running.url + "/whoami"))
            }
        }
    }
}
