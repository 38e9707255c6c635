// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import NIOCore
import TLSTransport
import Testing

@Suite(.serialized) struct HostilePeerTests {
    @Test func tls12IsRefusedUnlessConfigured() async throws {
        let pki = try TestPKI()
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            let socket = try await RawSocket(port: running.port)
            try await socket.send(RawSocket.clientHello12)
            try await eventually("an alert comes") { socket.bytes.count >= 7 }
            #expect(Array(socket.bytes.prefix(7)) == [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 70])  // fatal, protocol_version
            try await socket.close()
            try await eventually("reported") { running.reports.refusals == ["transport.protocol-failure"] }
        }
        var trust = try pki.trust()
        trust.minimumVersion = .v12
        try await TestServer.run(pki.node(provider), trust: trust) { running in
            let socket = try await RawSocket(port: running.port)
            try await socket.send(RawSocket.clientHello12)
            try await eventually("a hello comes") { socket.bytes.count >= 6 }
            #expect(socket.bytes[0] == 0x16 && socket.bytes[5] == 0x02)  // handshake, ServerHello
            try await socket.close()
        }
    }

    @Test func garbageEndsOnlyItsOwnConnection() async throws {
        let pki = try TestPKI()
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            var state = seed
            for round in 0..<40 {
                let socket = try await RawSocket(port: running.port)
                let bytes = (0..<(round * 50 + 6)).map { _ -> UInt8 in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return UInt8(truncatingIfNeeded: state >> 33)
                }
                // Every second one pretends to be a handshake record, so that the parser goes further.
                try await socket.send(round.isMultiple(of: 2) ? bytes : [0x16, 0x03, 0x01, 0x00, UInt8(min(255, bytes.count))] + bytes)
                try await socket.close()
            }
            try await eventually("all are gone, seed \(seed)") { running.context.connectionCount == 0 }
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            #expect(try await client.send(HTTPClientRequest(url: running.url + "/whoami")).status == 200)
        }
    }

    @Test func plainHTTPIsNotAnswered() async throws {
        let pki = try TestPKI()
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            let client = try HTTPSClient(plainToThisMachine: HTTPClientConfiguration())
            await #expect(throws: TransportError.self) {
                try await client.send(HTTPClientRequest(url: "http://127.0.0.1:\(running.port)/whoami"))
            }
        }
    }

    @Test func twoHundredAbortedHandshakes() async throws {
        let pki = try TestPKI()
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            for round in 0..<200 {
                let socket = try await RawSocket(port: running.port)
                try await socket.send(Array(RawSocket.clientHello12.prefix(round % RawSocket.clientHello12.count)))
                try await socket.close()
            }
            try await eventually("all are gone") { running.context.connectionCount == 0 }
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            #expect(try await client.send(HTTPClientRequest(url: running.url + "/whoami")).status == 200)
        }
    }

    @Test func aSilentPeerIsDroppedAtTheHandshakeLimit() async throws {
        let pki = try TestPKI()
        var limits = TLSServerLimits()
        limits.handshakeTimeout = .milliseconds(80)
        try await TestServer.run(pki.node(provider), trust: pki.trust(), limits: limits) { running in
            let socket = try await RawSocket(port: running.port)
            try await socket.untilClosed()
            #expect(running.reports.refusals == ["transport.timed-out-handshake"])
        }
    }

    @Test func tooManyBytesBeforeTheHandshake() async throws {
        let pki = try TestPKI()
        var limits = TLSServerLimits()
        limits.handshakeBytes = 1000
        try await TestServer.run(pki.node(provider), trust: pki.trust(), limits: limits) { running in
            let socket = try await RawSocket(port: running.port)
            try await socket.send([0x16, 0x03, 0x01, 0x3F, 0x00] + [UInt8](repeating: 1, count: 1100))
            try await socket.untilClosed()
            #expect(running.reports.refusals == ["transport.overloaded"])
        }
    }

    @Test func connectionsAndHandshakesAreLimited() async throws {
        let pki = try TestPKI()
        var limits = TLSServerLimits()
        limits.handshakes = 2
        try await TestServer.run(pki.node(provider), trust: pki.trust(), limits: limits) { running in
            let first = try await RawSocket(port: running.port)
            let second = try await RawSocket(port: running.port)
            try await eventually("both are accepted") { running.context.connectionCount == 2 }
            let third = try await RawSocket(port: running.port)
            try await third.untilClosed()
            #expect(running.reports.refusals == ["transport.overloaded"])
            try await first.close()
            try await second.close()
            try await eventually("both are gone") { running.context.connectionCount == 0 }
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            #expect(try await client.send(HTTPClientRequest(url: running.url + "/whoami")).status == 200)
        }
    }

    @Test func anEndWithoutCloseNotifyIsTruncationOnBothSides() async throws {
        let pki = try TestPKI()
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            let relay = try await Relay(to: running.port)
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            let answer = try await client.open(HTTPClientRequest(url: "https://127.0.0.1:\(relay.port)/gated"))
            #expect(try await answer.next()?.count == 1000)
            try await relay.cut()
            await #expect(throws: TransportError.truncated) { try await answer.next() }
            try await eventually("the server noticed, too") { running.reports.breaks == ["transport.truncated"] }
            running.gate.open()
            try await eventually("the connection is gone") { running.context.connectionCount == 0 }
            try await relay.close()
        }
    }

    /// Without a length, only close_notify tells a complete body from one that somebody cut.
    @Test func aChunkedBodyThatIsCutIsTruncated() async throws {
        let pki = try TestPKI()
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            let relay = try await Relay(to: running.port)
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            let answer = try await client.open(HTTPClientRequest(url: "https://127.0.0.1:\(relay.port)/stream?200"))
            #expect(try await answer.next()?.isEmpty == false)
            try await relay.cut()
            await #expect(throws: TransportError.truncated) { while try await answer.next() != nil {} }
            try await relay.close()
        }
    }

    @Test func aClientThatClosesPolitelyIsNoBreak() async throws {
        let pki = try TestPKI()
        var limits = TLSServerLimits()
        limits.closeTimeout = .milliseconds(100)  // the client keeps its end of the pooled connection until it looks at it again
        try await TestServer.run(pki.node(provider), trust: pki.trust(), limits: limits) { running in
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            #expect(
                try await client.send(HTTPClientRequest(url: running.url + "/whoami", headers: [("Connection", "close")])).status == 200)
            try await eventually("the connection is gone") { running.context.connectionCount == 0 }
            #expect(running.reports.breaks.isEmpty)
            #expect(try await client.send(HTTPClientRequest(url: running.url + "/whoami")).status == 200)
            client.close()
            try await eventually("the connection is gone") { running.context.connectionCount == 0 }
            #expect(running.reports.breaks.isEmpty)
        }
    }
}
