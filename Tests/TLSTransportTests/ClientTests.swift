// SPDX-License-Identifier: Apache-2.0
import ExchangeModel
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import TLSTransport
import Testing

@Suite(.serialized) struct ClientTests {
    @Test func nobodyListening() async throws {
        let pki = try TestPKI()
        let client = try makeClient(pki.node(consumer), trust: pki.trust())
        do {
            _ = try await client.send(HTTPClientRequest(url: "https://127.0.0.1:1/"))
            Issue.record("answered")
        } catch {
            guard case .unreachable = error else {
                Issue.record("\(error)")
                return
            }
            #expect(error.isRetryable)
        }
    }

    @Test func limitsOfTimeAndSize() async throws {
        let pki = try TestPKI()
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            var slow = HTTPClientRequest(url: running.url + "/silent")
            slow.totalTimeout = .milliseconds(150)
            await #expect(throws: TransportError.timedOut(.total)) { try await client.send(slow) }
            var idle = HTTPClientRequest(url: running.url + "/silent")
            idle.idleTimeout = .seconds(1)
            await #expect(throws: TransportError.timedOut(.idle)) { try await client.send(idle) }
            var large = HTTPClientRequest(url: running.url + "/stream?1")
            large.maximumResponseBytes = 1024 * 1024 - 1
            await #expect(throws: TransportError.tooLarge(limit: 1024 * 1024 - 1)) { try await client.send(large) }
            large.maximumResponseBytes = 1024 * 1024
            #expect(try await client.send(large).body.count == 1024 * 1024)
        }
    }

    @Test func aServerThatNeverFinishesTheHandshake() async throws {
        let pki = try TestPKI()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        let client = try makeClient(pki.node(consumer), trust: pki.trust())
        var request = HTTPClientRequest(url: "https://127.0.0.1:\(listener.localAddress?.port ?? 0)/")
        request.connectTimeout = .milliseconds(150)
        await #expect(throws: TransportError.timedOut(.connect)) { try await client.send(request) }
        try await listener.close()
    }

    @Test func cancellationEndsTheTransfer() async throws {
        let pki = try TestPKI()
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            await withThrowingTaskGroup(of: HTTPClientResponse.self) { group in
                group.addTask { try await client.send(HTTPClientRequest(url: running.url + "/silent")) }
                try? await eventually("the request is there") { running.context.connectionCount == 1 }
                group.cancelAll()
                await #expect(throws: TransportError.cancelled) { try await group.next() }
            }
            // The client goes on with other requests.
            #expect(try await client.send(HTTPClientRequest(url: running.url + "/whoami")).status == 200)
        }
    }

    @Test func lettingGoOfAnAnswerEndsTheTransfer() async throws {
        let pki = try TestPKI()
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            var answer: HTTPResponseStream? = try await client.open(HTTPClientRequest(url: running.url + "/stream?50"))
            #expect(answer?.status == 200)
            answer = nil
            try await eventually("the connection is gone") { running.context.connectionCount == 0 }
        }
    }

    @Test func closingTheClientFailsWhatIsUnderWay() async throws {
        let pki = try TestPKI()
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            await withThrowingTaskGroup(of: HTTPClientResponse.self) { group in
                group.addTask { try await client.send(HTTPClientRequest(url: running.url + "/silent")) }
                try? await eventually("the request is there") { running.context.connectionCount == 1 }
                client.close()
                await #expect(throws: TransportError.closed) { try await group.next() }
            }
            await #expect(throws: TransportError.closed) { try await client.send(HTTPClientRequest(url: running.url + "/whoami")) }
        }
    }

    @Test func requestsThatAreNotSent() async throws {
        let pki = try TestPKI()
        let client = try makeClient(pki.node(consumer), trust: pki.trust())
        let plain = try HTTPSClient(plainToThisMachine: HTTPClientConfiguration())
        let bad: [(HTTPSClient, HTTPClientRequest)] = [
            (client, HTTPClientRequest(url: "http://127.0.0.1/")),
            (client, HTTPClientRequest(url: "file:///etc/passwd")),
            (client, HTTPClientRequest(url: "https://127.0.0.1/\r\nX: y")),
            (client, HTTPClientRequest(method: "GET / HTTP/1.1\r\nX", url: "https://127.0.0.1/")),
            (client, HTTPClientRequest(method: "", url: "https://127.0.0.1/")),
            (client, HTTPClientRequest(url: "https://127.0.0.1/", headers: [("A", "b\r\nC: d")])),
            (client, HTTPClientRequest(url: "https://127.0.0.1/", headers: [("A: b", "c")])),
            (plain, HTTPClientRequest(url: "http://example.com/")),
            (plain, HTTPClientRequest(url: "http://127.0.0.1@example.com/")),
            (plain, HTTPClientRequest(url: "http://127.0.0.1.example.com/")),
            (plain, HTTPClientRequest(url: "https://127.0.0.1/")),
        ]
        for (sender, request) in bad {
            do {
                _ = try await sender.send(request)
                Issue.record("sent \(request.url)")
            } catch {
                guard case .badRequest = error else {
                    Issue.record("\(request.url): \(error)")
                    continue
                }
            }
        }
    }

    @Test func plainRequestsToThisMachine() async throws {
        let bound = BoundPort()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = Server(
            childChannelSetup: HTTP1Channel { request, writer, _ in
                let redirect = request.uri.path == "/redirect"
                let body = try await request.body.collect(upTo: 1000)
                let fields: HTTPFields = redirect ? [.location: "/other"] : [.contentType: "text/plain"]
                try await writer.write(
                    response: HTTPResponse(status: redirect ? .found : .ok, headerFields: fields),
                    body: ResponseBody(byteBuffer: ByteBuffer(string: "\(request.method) \(String(buffer: body))")))
            }, configuration: ServerConfiguration(address: .hostname("127.0.0.1", port: 0)), onServerRunning: { bound.report($0) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await server.run() }
            let client = try HTTPSClient(plainToThisMachine: HTTPClientConfiguration())
            let url = "http://127.0.0.1:\(await bound.value())"
            for (method, body, answer) in [
                ("GET", "", "GET "), ("POST", "abc", "POST abc"), ("PUT", "", "PUT "), ("DELETE", "", "DELETE "),
                ("DELETE", "x", "DELETE x"),
                ("PATCH", "y", "PATCH y"),
            ] {
                let response = try await client.send(HTTPClientRequest(method: method, url: url + "/", body: Array(body.utf8)))
                #expect(text(response) == answer)
                #expect(response.header("Content-Type") == "text/plain")
                #expect(response.peer == nil)
            }
            let head = try await client.send(HTTPClientRequest(method: "HEAD", url: url + "/"))
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            // A redirect is an answer like any other.
            let redirect = try await client.send(HTTPClientRequest(url: url + "/redirect"))
            #expect(redirect.status == 302)
            #expect(redirect.header("location") == "/other")
            group.cancelAll()
        }
    }
}
