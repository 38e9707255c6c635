// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Synchronization
import Testing

@testable import ManagementAPI

@Suite struct ManagementResponderTests {
    @Test(arguments: [
        ("/v1/dataset/publish", "dataset.publish"), ("/v1/status", "status"), ("/v1/space/admit", "space.admit"),
    ])
    func operationsHaveOnePath(path: String, name: String) async throws {
        let answer = try await ask(.post, path, body: #"{"dataset":"d"}"#)
        #expect(answer.status == .ok)
        #expect(answer.json["name"] == .string(name))
        #expect(answer.json["input"] == ["dataset": "d"])
        #expect(answer.json["user"] == "u-1")
    }

    @Test(arguments: [
        "/", "/v1", "/v1/", "/v1//", "/v1/a/", "/v1/a/b/c", "/v2/a/b", "/v1/A/b", "/v1/a%2fb", "/v1/a.b", "//v1/a",
        "/v1/" + String(repeating: "a", count: 33),
    ])
    func otherPathsAreNotFound(path: String) async throws {
        let answer = try await ask(.post, path)
        #expect(answer.status == .notFound)
        #expect(answer.json["code"] == "management.unknown-path")
        #expect(answer.contentType == "application/problem+json")
    }

    @Test func onlyPostRunsAnOperation() async throws {
        for method in [HTTPRequest.Method.get, .put, .delete, .options] {
            #expect(try await ask(method, "/v1/status").status == .methodNotAllowed)
        }
        #expect(try await ask(.post, "/livez").status == .methodNotAllowed)
    }

    @Test(arguments: [nil, "", "Bearer", "Bearer wrong", "Basic good", "Bearer good extra", "Bearer " + String(repeating: "x", count: 600)])
    func allBadTokensLookAlike(header: String?) async throws {
        let operations = Echo()
        let answer = try await ask(.post, "/v1/status", operations: operations, authorization: header)
        #expect(answer.status == .unauthorized)
        #expect(answer.json["code"] == "management.unauthenticated")
        #expect(answer.json["detail"] == "the request carries no valid token")
        #expect(operations.lookups.withLock { $0 } == 1, "a missing token costs the same look-up as a wrong one")
        #expect(operations.performed.withLock { $0 }.isEmpty)
    }

    @Test func failuresBecomeProblemsWithAnID() async throws {
        for kind in OperationFailure.Kind.allCases {
            let failure = OperationFailure(
                kind, code: "dataset.unknown", message: "there is no dataset `d`", hint: "kouan dataset list", details: ["id": "d"])
            let answer = try await ask(.post, "/v1/dataset/show", operations: Echo(failing: failure))
            #expect(answer.status.code == kind.httpStatus)
            #expect(answer.json["type"] == "urn:kouan:error:dataset.unknown")
            #expect(answer.json["status"] == .integer(Int64(kind.httpStatus)))
            #expect(answer.json["detail"] == "there is no dataset `d`")
            #expect(answer.json["hint"] == "kouan dataset list")
            #expect(answer.json["details"] == ["id": "d"])
            #expect(answer.json["errorID"] == "e-7")
            #expect(OperationFailure.Kind(httpStatus: kind.httpStatus) == kind)
        }
    }

    @Test(arguments: [
        ("[]", "management.body-not-object"), ("3", "management.body-not-object"), ("{", "json.malformed"),
        (#"{"a":1,"a":2}"#, "json.duplicate-key"),
        (String(repeating: #"{"a":"#, count: 70) + "1" + String(repeating: "}", count: 70), "json.too-deep"),
    ])
    func badBodiesAreRefused(body: String, code: String) async throws {
        let answer = try await ask(.post, "/v1/status", body: body)
        #expect(answer.status == .badRequest)
        #expect(answer.json["code"] == .string(code))
    }

    @Test(arguments: [true, false])
    func bodiesAreLimitedWhateverTheySay(declared: Bool) async throws {
        let body = "{\"a\":\"" + String(repeating: "x", count: ManagementResponder.bodyLimitBytes) + "\"}"
        let answer = try await ask(.post, "/v1/status", body: body, declaresLength: declared)
        #expect(answer.status == .contentTooLarge)
        #expect(answer.json["code"] == "management.body-too-large")
    }

    @Test func anEmptyBodyIsAnEmptyInput() async throws {
        #expect(try await ask(.post, "/v1/status").json["input"] == .object([:]))
    }

    @Test(arguments: ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1", nil])
    func otherHostNamesAreRefused(authority: String?) async throws {
        let answer = try await ask(.post, "/v1/status", authority: authority)
        #expect(answer.status == .forbidden)
        #expect(answer.json["code"] == "management.bad-host")
    }

    @Test func healthNeedsNoTokenAndSaysWhy() async throws {
        let ready = try await ask(.get, "/readyz", authorization: nil)
        #expect(ready.status == .ok)
        let operations = Echo(health: Health(live: true, ready: false, reasons: ["the CRL is old"], signing: false, started: true))
        let waiting = try await ask(.get, "/readyz", operations: operations, authorization: nil)
        #expect(waiting.status == .serviceUnavailable)
        #expect(waiting.json["reasons"] == ["the CRL is old"])
        #expect(waiting.json["signing"] == false)
        #expect(try await ask(.get, "/livez", operations: operations, authorization: nil).status == .ok)
        #expect(try await ask(.get, "/startupz", operations: operations, authorization: nil).status == .ok)
    }

    @Test(arguments: [("127.0.0.1", true), ("127.255.0.3", true), ("localhost", true), ("::1", true)])
    func loopbackIsAllowed(host: String, allowed: Bool) throws {
        #expect(ManagementServer.isLoopback(host: host) == allowed)
        _ = try ManagementServer(operations: Echo(), host: host, port: 0, logger: quiet)
    }

    @Test(arguments: ["0.0.0.0", "::", "192.168.1.4", "127.0.0.1.example.com", "127.0.0", "127.0.0.256", "example.com", ""])
    func otherAddressesAreRefused(host: String) {
        #expect(throws: ManagementError.notLoopback(host)) {
            try ManagementServer(operations: Echo(), host: host, port: 0, logger: quiet)
        }
    }
}

private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

private struct Answer {
    let status: HTTPResponse.Status
    let contentType: String?
    let json: JSON
}

private func ask(
    _ method: HTTPRequest.Method, _ path: String, body: String = "", operations: Echo = Echo(), authorization: String? = "Bearer good",
    authority: String? = "127.0.0.1:8080", declaresLength: Bool = true
) async throws -> Answer {
    let responder = ManagementResponder(operations: operations, logger: quiet, makeErrorID: { "e-7" })
    var headers: HTTPFields = [:]
    if let authorization { headers[.authorization] = authorization }
    if declaresLength { headers[.contentLength] = "\(body.utf8.count)" }
    let request = Request(
        head: HTTPRequest(method: method, scheme: "http", authority: authority, path: path, headerFields: headers),
        body: RequestBody(buffer: ByteBuffer(string: body)))
    let response = await responder.respond(to: request)
    let collector = Collector()
    try await response.body.write(collector)
    return Answer(
        status: response.status, contentType: response.headers[.contentType],
        json: try JSON.parse(collector.bytes.withLock { $0 }))
}

private final class Collector: ResponseBodyWriter, Sendable {
    let bytes = Mutex<[UInt8]>([])
    func write(_ buffer: ByteBuffer) async throws { bytes.withLock { $0.append(contentsOf: buffer.readableBytesView) } }
    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

private final class Echo: Operations {
    let lookups = Mutex(0)
    let performed = Mutex<[String]>([])
    private let failure: OperationFailure?
    private let state: Health

    init(
        failing failure: OperationFailure? = nil, health: Health = Health(live: true, ready: true, reasons: [], signing: true)
    ) {
        self.failure = failure
        state = health
    }

    func perform(_ request: OperationRequest) async throws(OperationFailure) -> JSON {
        performed.withLock { $0.append(request.name) }
        if let failure { throw failure }
        return ["name": .string(request.name), "input": request.input, "user": .string(request.user.id)]
    }

    func authenticate(token: String) async -> OperationUser? {
        lookups.withLock { $0 += 1 }
        return token == "good" ? OperationUser(id: "u-1", name: "Lin", roles: ["admin"]) : nil
    }

    func health() async -> Health { state }
}
