// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// Routes of the management port:
///
///     POST /v1/{noun}/{verb}   an operation (`dataset.publish`); verbs that stand alone are POST /v1/{verb}
///     GET  /livez /readyz /startupz   no token
///
/// Everything is answered in JSON; what goes wrong is `application/problem+json`.
struct ManagementResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    /// The largest input: a node card, a policy, a certificate chain fit many times over.
    static let bodyLimitBytes = 4 << 20
    static let inputLimits = JSONLimits(bytes: bodyLimitBytes, depth: 64, values: 400_000)
    /// Operations at once. Operators are people and a few scripts; more is a runaway loop.
    static let operationLimit = 64
    static let tokenLimitBytes = 512

    private let operations: any Operations
    private let logger: Logger
    private let makeErrorID: @Sendable () -> String
    private let running = RunningCount()

    init(operations: any Operations, logger: Logger, makeErrorID: @escaping @Sendable () -> String) {
        self.operations = operations
        self.logger = logger
        self.makeErrorID = makeErrorID
    }

    func respond(to request: Request, context: BasicRequestContext) async -> Response { await respond(to: request) }

    func respond(to request: Request) async -> Response {
        do {
            return try await route(request)
        } catch {
            let problem = Problem(error.failure, status: error.status, errorID: makeErrorID())
            let facts: Logger.Metadata = [
                "error.id": "\(problem.errorID)", "error.code": "\(error.failure.code)", "error.message": "\(error.failure.message)",
                "http.path": "\(request.uri.path.prefix(200))", "http.status": "\(problem.status.code)",
            ]
            // An operator's own mistake is no event for the operator's log; a failure of ours is.
            logger.log(level: error.failure.kind == .failure ? .error : .info, "management request refused", metadata: facts)
            return problem.response
        }
    }

    private func route(_ request: Request) async throws(Refusal) -> Response {
        // A web page can make a browser send requests here under a name of its own (DNS rebinding); no such name is ours.
        guard let authority = request.head.authority, ManagementServer.isLoopback(host: ManagementResponder.host(of: authority)) else {
            throw Refusal(
                .init(
                    .denied, code: "management.bad-host", message: "the request names another host than this one",
                    hint: "call the management port as 127.0.0.1"))
        }
        let path = request.uri.path
        switch path {
        case "/livez", "/readyz", "/startupz":
            guard request.method == .get || request.method == .head else { throw .method(request.method, allowed: "GET") }
            return await healthResponse(path)
        default: break
        }
        guard let name = ManagementResponder.operationName(path: path) else {
            throw Refusal(
                .init(
                    .notFound, code: "management.unknown-path", message: "there is nothing at `\(path.prefix(200))`",
                    hint: "operations are POST /v1/{noun}/{verb}"))
        }
        guard request.method == .post else { throw .method(request.method, allowed: "POST") }
        return try await operation(name, request)
    }

    private func operation(_ name: String, _ request: Request) async throws(Refusal) -> Response {
        // Same work with and without a token: a missing one is looked up like a wrong one.
        let user = await operations.authenticate(token: ManagementResponder.token(of: request) ?? "")
        guard let user else {
            throw Refusal(
                .init(
                    .authentication, code: "management.unauthenticated", message: "the request carries no valid token",
                    hint: "send Authorization: Bearer TOKEN; an admin makes tokens with kouan user add"))
        }
        guard running.enter(limit: ManagementResponder.operationLimit) else {
            throw Refusal(
                .init(
                    .failure, code: "management.busy",
                    message: "\(ManagementResponder.operationLimit) operations are already running", hint: "wait a moment and try again"),
                status: .serviceUnavailable)
        }
        defer { running.leave() }
        let input = try await ManagementResponder.input(of: request)
        let result: JSON
        do {
            result = try await operations.perform(OperationRequest(name: name, input: input, user: user))
        } catch {
            throw Refusal(error)
        }
        return ManagementResponder.json(result, status: .ok)
    }

    private static func input(of request: Request) async throws(Refusal) -> JSON {
        let tooLarge = Refusal(
            .init(
                .usage, code: "management.body-too-large", message: "the body is larger than \(bodyLimitBytes) bytes",
                hint: "name files by path instead of sending them"),
            status: .contentTooLarge)
        if let length = request.headers[.contentLength].flatMap(Int.init), length > bodyLimitBytes { throw tooLarge }
        var body: [UInt8] = []
        do {
            for try await part in request.body {
                guard body.count + part.readableBytes <= bodyLimitBytes else { throw tooLarge }
                body.append(contentsOf: part.readableBytesView)
            }
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal(
                .init(
                    .usage, code: "management.body-incomplete", message: "the body ended early", hint: "send the request again"))
        }
        guard !body.isEmpty else { return .object([:]) }
        let input: JSON
        do { input = try JSON.parse(body, limits: inputLimits) } catch { throw Refusal(OperationFailure(.usage, error)) }
        guard case .object = input else {
            throw Refusal(
                .init(
                    .usage, code: "management.body-not-object", message: "the body is not a JSON object",
                    hint: "send the operation's input as one object"))
        }
        return input
    }

    private func healthResponse(_ path: String) async -> Response {
        let health = await operations.health()
        let good =
            switch path {
            case "/livez": health.live
            case "/startupz": health.started
            default: health.ready
            }
        let body: JSON = [
            "live": .bool(health.live), "started": .bool(health.started), "ready": .bool(health.ready), "signing": .bool(health.signing),
            "reasons": .strings(health.reasons),
        ]
        return ManagementResponder.json(body, status: good ? .ok : .serviceUnavailable)
    }

    private static func json(_ value: JSON, status: HTTPResponse.Status) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: value.canonical())))
    }

    private static func token(of request: Request) -> String? {
        guard let header = request.headers[.authorization], header.utf8.count <= tokenLimitBytes else { return nil }
        let parts = header.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }

    /// `/v1/dataset/publish` → `dataset.publish`, `/v1/status` → `status`. Nil for anything else, so a name has one path.
    static func operationName(path: String) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard (3...4).contains(parts.count), parts[0].isEmpty, parts[1] == "v1" else { return nil }
        let words = parts.dropFirst(2)
        guard words.allSatisfy({ (1...32).contains($0.utf8.count) && $0.utf8.allSatisfy { (97...122).contains($0) || $0 == 45 } }) else {
            return nil
        }
        return words.joined(separator: ".")
    }

    /// The host without port and brackets.
    static func host(of authority: String) -> String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            return String(authority[authority.index(after: authority.startIndex)..<end])
        }
        return String(authority.prefix { $0 != ":" })
    }
}

private struct Refusal: Error {
    let failure: OperationFailure
    let status: HTTPResponse.Status?

    init(_ failure: OperationFailure, status: HTTPResponse.Status? = nil) {
        self.failure = failure
        self.status = status
    }

    static func method(_ method: HTTPRequest.Method, allowed: String) -> Refusal {
        Refusal(
            .init(
                .usage, code: "management.method", message: "`\(method.rawValue.prefix(20))` is not what this path takes",
                hint: "use \(allowed)"),
            status: .methodNotAllowed)
    }
}

/// How many operations run now.
private final class RunningCount: Sendable {
    private let count = Mutex(0)

    func enter(limit: Int) -> Bool {
        count.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
    }

    func leave() { count.withLock { $0 -= 1 } }
}
