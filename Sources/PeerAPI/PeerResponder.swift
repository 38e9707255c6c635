// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import Exchange
import ExchangeModel
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Identity
import Logging
import NIOCore
import Synchronization
import TLSTransport

/// What a request needs beside itself: the channel, for its timers.
struct PeerRequestContext: InitializableFromSource {
    let channel: any Channel

    init(source: ApplicationRequestContextSource) { channel = source.channel }
}

/// Who asks comes before what is asked: a caller that is no active peer learns nothing about paths, ids or reasons.
struct PeerResponder: HTTPResponder {
    private let exchange: Exchange
    private let limits: PeerServerLimits
    private let logger: Logger
    private let messages: PeerLoad
    private let downloads: PeerLoad
    private let blocking = BlockingWork()

    init(exchange: Exchange, limits: PeerServerLimits, logger: Logger) {
        self.exchange = exchange
        self.limits = limits
        self.logger = logger
        messages = PeerLoad(limit: limits.messages, perPeer: limits.messagesPerPeer)
        downloads = PeerLoad(limit: limits.downloads, perPeer: limits.downloadsPerPeer)
    }

    func respond(to request: Request, context: PeerRequestContext) async -> Response {
        guard let connection = TLSConnection.current, let identity = identity(of: connection) else {
            TLSConnection.current?.close()
            return unauthenticated
        }
        let path = request.uri.path
        let route = ownEndpoints.map { PeerRoute.match(method: request.method.rawValue, path: path, endpoints: $0) } ?? .unknown
        if route.isOpenToAllMembers {
            guard !request.hasBody else { return unexpectedBody }
            return document(route)
        }
        switch exchange.peers.verify(tlsKey: identity.keyFingerprint, uriNames: [identity.participant]) {
        case .failure(let rejection):
            logger.notice(
                "caller refused",
                metadata: [
                    "certificate": "\(identity.participant.prefix(256))", "remote": "\(connection.remoteAddress)",
                    "code": "\(rejection.code)", "reason": "\(rejection.message)",
                ])
            return unauthenticated
        case .success(let peer):
            let call = Call(request: request, connection: connection, channel: context.channel, peer: peer)
            do {
                return try await answer(route, call)
            } catch let refusal as RequestRefusal {
                return response(to: refusal, of: route)
            } catch {
                return refused(error, of: route, call)
            }
        }
    }

    private func identity(of connection: TLSConnection) -> PeerIdentity? {
        do {
            return try connection.revalidate()
        } catch {
            logger.notice("connection no longer trusted", metadata: ["remote": "\(connection.remoteAddress)", "code": "\(error.code)"])
            return nil
        }
    }

    private var ownEndpoints: CardEndpoints? { exchange.peers.ownCard?.endpoints }

    // MARK: Routes

    private struct Call: Sendable {
        let request: Request
        let connection: TLSConnection
        let channel: any Channel
        let peer: VerifiedPeer
    }

    private func document(_ route: PeerRoute) -> Response {
        guard let card = exchange.peers.ownCard else { return busy }
        if route == .nodeCard { return bytes(card.bytes, type: "application/json") }
        let document = VersionDocument(versions: [.init(path: card.endpoints.dsp, serviceID: card.participant.description)])
        return json(200, document.json)
    }

    private func answer(_ route: PeerRoute, _ call: Call) async throws -> Response {
        switch route {
        case .package(let hex): return try await package(hex, call)
        case .wrongMethod(let allowed):
            var response = failure(405, "http.method", "this path takes \(allowed)", closing: call.request.hasBody)
            response.headers[.allow] = allowed
            return response
        case .unknown, .version, .nodeCard:
            return failure(404, "http.unknown-path", "there is nothing at this path", closing: call.request.hasBody)
        case .message, .grants, .receipts: break
        }
        guard let admission = messages.admit(call.peer.participant) else { throw RequestRefusal.busy }
        defer { withExtendedLifetime(admission) {} }
        switch route {
        case .message(let endpoint, let id):
            let body = endpoint.method == .post ? try await jsonBody(call, limit: limits.messageBytes) : try noBody(call)
            let answer = await exchange.answer(PeerCall(endpoint: endpoint, id: id, body: body), from: call.peer)
            return json(answer.status, answer.body)
        case .grants:
            let grant = try await exchange.grant(try await body(call, limit: limits.smallBodyBytes), to: call.peer)
            return bytes(grant, type: "application/octet-stream")
        default:
            let half = try await jsonBody(call, limit: limits.smallBodyBytes)
            let json: JSON
            do {
                json = try JSON.parse(half)
            } catch {
                throw RequestRefusal(400, error.code, error.message)
            }
            guard let half = json["half"]?.string.flatMap(Base64.decode) else {
                throw RequestRefusal(400, "receipt.invalid", "`half` must be the delivery half in Base64")
            }
            let receipt = try await exchange.receive(deliveryHalf: half, from: call.peer)
            return self.json(200, ["receipt": .string(Base64.encode(receipt))])
        }
    }

    /// Bytes of a sealed package: useless without a key grant, and still only for the peer and the transfer whose token it is.
    private func package(_ hex: String, _ call: Call) async throws -> Response {
        _ = try noBody(call)
        guard let admission = downloads.admit(call.peer.participant) else { throw RequestRefusal.busy }
        let token = call.request.bearerToken ?? ""
        let file = try await exchange.packageFile(hex: hex, token: token, for: call.peer)
        let entityTag = "\"\(file.package)\""
        var headers: HTTPFields = [
            .acceptRanges: "bytes", .eTag: entityTag, .contentType: "application/octet-stream", .cacheControl: "no-store",
        ]
        let range: Range<Int64>
        let status: HTTPResponse.Status
        // A range of another version of the file makes no sense, so If-Range decides whether it counts (RFC 9110 §13.1.5).
        let ifRange = call.request.headers[.ifRange]
        switch ifRange == nil || ifRange == entityTag ? ByteRange.parse(call.request.headers[.range], size: file.size) : .whole {
        case .whole:
            range = 0..<file.size
            status = .ok
        case .part(let part):
            range = part
            status = .partialContent
            headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(file.size)"
        case .unsatisfiable:
            var response = failure(416, "package.range-refused", "one range inside the package can be asked for")
            response.headers[.contentRange] = "bytes */\(file.size)"
            return response
        }
        let source = try await blocking.run { _ in try PackageSource(path: file.path, size: file.size) }
        exchange.expectServing(bytes: file.size, of: file.transfer)
        let body = ResponseBody(contentLength: Int(range.count)) { [self] writer in
            let stall = StallGuard(call.channel, after: limits.stallTimeout)
            defer {
                stall.cancel()
                withExtendedLifetime(admission) {}
            }
            var offset = range.lowerBound
            var nextCheck = offset + limits.recheckBytes
            while offset < range.upperBound {
                try await checkStillAllowed(call, hex, token, transferToo: offset >= nextCheck)
                if offset >= nextCheck { nextCheck = offset + limits.recheckBytes }
                let at = offset
                let count = Int(min(Int64(limits.sliceBytes), range.upperBound - offset))
                let slice: ByteBuffer
                do {
                    slice = try await blocking.run { _ in try source.read(at: at, count: count) }
                } catch {
                    logger.error("package not readable", metadata: ["package": "\(hex)", "error": "\(describe(error))"])
                    throw error
                }
                try await writer.write(slice)
                // The writer hands over and goes on until the event loop tells it that the channel is full. Without waiting for the
                // loop to have taken the slice, a busy loop lets slices pile up without bound.
                try await call.channel.eventLoop.submit {}.get()
                stall.moved()
                exchange.served(bytes: Int64(count), of: file.transfer)
                offset += Int64(count)
            }
            try await writer.finish(nil)
        }
        return Response(status: status, headers: headers, body: body)
    }

    /// Suspended, removed or revoked since the head left? Then no further byte leaves; the length announced tells the peer that it was cut.
    private func checkStillAllowed(_ call: Call, _ hex: String, _ token: String, transferToo: Bool) async throws {
        try Task.checkCancellation()
        do {
            try call.connection.revalidate()
            _ = try exchange.peers.verify(tlsKey: call.peer.tlsKey, uriNames: [call.peer.participant.description]).get()
            if transferToo { _ = try await exchange.packageFile(hex: hex, token: token, for: call.peer) }
        } catch {
            logger.notice(
                "download ended", metadata: ["peer": "\(call.peer.participant)", "package": "\(hex)", "reason": "\(describe(error))"])
            throw error
        }
    }

    // MARK: Bodies

    private func noBody(_ call: Call) throws(RequestRefusal) -> [UInt8] {
        guard !call.request.hasBody else { throw RequestRefusal(400, "http.unexpected-body", "this request has no body", closing: true) }
        return []
    }

    private func jsonBody(_ call: Call, limit: Int) async throws(RequestRefusal) -> [UInt8] {
        guard call.request.isJSON else {
            throw RequestRefusal(415, "http.media-type", "the body must be application/json", closing: true)
        }
        return try await body(call, limit: limit)
    }

    /// The whole body. A peer that sends more, or too slowly, loses the connection.
    private func body(_ call: Call, limit: Int) async throws(RequestRefusal) -> [UInt8] {
        let tooLarge = RequestRefusal(413, "http.body-too-large", "the body may have \(limit) bytes", closing: true)
        let incomplete = RequestRefusal(400, "http.body-incomplete", "the body ended early", closing: true)
        let announced = call.request.headers[.contentLength].flatMap(Int.init)
        guard announced ?? 0 <= limit else { throw tooLarge }
        let isLate = RaisedOnce()
        let deadline = call.channel.eventLoop.scheduleTask(in: limits.bodyTimeout) { [channel = call.channel] in
            isLate.raise()
            channel.close(promise: nil)
        }
        defer { deadline.cancel() }
        var body: [UInt8] = []
        if let announced { body.reserveCapacity(announced) }
        do {
            for try await part in call.request.body {
                guard body.count + part.readableBytes <= limit else { throw tooLarge }
                body.append(contentsOf: part.readableBytesView)
            }
        } catch let refusal as RequestRefusal {
            throw refusal
        } catch {
            throw incomplete
        }
        guard !isLate.isRaised, announced == nil || announced == body.count else { throw incomplete }
        return body
    }

    // MARK: Answers

    private func refused(_ error: any Error, of route: PeerRoute, _ call: Call) -> Response {
        let (status, shown) = exchange.publicView(of: error)
        logger.notice(
            "request refused",
            metadata: [
                "route": "\(route.name)", "peer": "\(call.peer.participant)", "status": "\(status)", "error": "\(describe(error))",
            ])
        return response(to: RequestRefusal(status, shown.code, shown.message), of: route)
    }

    private func response(to refusal: RequestRefusal, of route: PeerRoute) -> Response {
        guard case .message(let endpoint, _) = route else {
            return failure(refusal.status, refusal.code, refusal.message, closing: refusal.isClosing)
        }
        let none = ProcessPIDs(providerPID: "", consumerPID: "")
        let body: JSON? =
            switch endpoint.errorType {
            case .catalogError: CatalogError(error: refusal).json
            case .contractNegotiationError: ContractNegotiationError(pids: none, error: refusal).json
            case .transferError: TransferError(pids: none, error: refusal).json
            default: nil
            }
        return json(refusal.status, body, closing: refusal.isClosing)
    }

    /// The same for everybody, whatever the reason. The connection ends, so that each further try costs its caller a handshake.
    private var unauthenticated: Response { failure(401, "peer.unauthenticated", "not authenticated", closing: true) }
    private var unexpectedBody: Response { failure(400, "http.unexpected-body", "this request has no body", closing: true) }
    private var busy: Response { failure(503, ExchangeError.busy.code, ExchangeError.busy.message) }

    private func failure(_ status: Int, _ code: String, _ message: String, closing: Bool = false) -> Response {
        json(status, ["code": .string(code), "reason": .array([.string(message)])], closing: closing)
    }

    private func json(_ status: Int, _ value: JSON?, closing: Bool = false) -> Response {
        var headers: HTTPFields = [.cacheControl: "no-store"]
        if value != nil { headers[.contentType] = "application/json" }
        if status == 503 { headers[.retryAfter] = String(limits.retryAfterSeconds) }
        let bytes = value?.canonical() ?? []
        guard closing else {
            return Response(status: .init(code: status), headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        }
        headers[.connection] = "close"
        let body = ResponseBody(contentLength: bytes.count) { writer in
            try await writer.write(ByteBuffer(bytes: bytes))
            try await writer.finish(nil)
            throw ConnectionIsToEnd()  // the server's way to close instead of reading on
        }
        return Response(status: .init(code: status), headers: headers, body: body)
    }

    private func bytes(_ bytes: [UInt8], type: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private func describe(_ error: any Error) -> String {
        switch error {
        case let error as any KouanError: "\(error.code): \(error.message)"
        case let rejection as PeerRejection: "\(rejection.code): \(rejection.message)"
        default: String(describing: error)
        }
    }
}

private struct ConnectionIsToEnd: Error {}

/// A request that never reached the exchange. Everything in it may be shown to the peer.
private struct RequestRefusal: KouanError {
    let status: Int
    let code: String
    let message: String
    let isClosing: Bool
    var hint: String { "" }

    init(_ status: Int, _ code: String, _ message: String, closing: Bool = false) {
        self.status = status
        self.code = code
        self.message = message
        isClosing = closing
    }

    static let busy = RequestRefusal(503, ExchangeError.busy.code, ExchangeError.busy.message, closing: true)
}

extension PeerRoute {
    /// From a closed set, for logs.
    fileprivate var name: String {
        switch self {
        case .version: "version"
        case .nodeCard: "node-card"
        case .message(let endpoint, _): endpoint.rawValue
        case .grants: "grants"
        case .receipts: "receipts"
        case .package: "package"
        case .wrongMethod, .unknown: "unknown"
        }
    }
}

extension Request {
    fileprivate var hasBody: Bool {
        headers[.transferEncoding] != nil || headers[.contentLength].map { $0 != "0" } ?? false
    }

    /// No media type at all is taken as JSON, too.
    fileprivate var isJSON: Bool {
        guard let type = headers[.contentType] else { return true }
        let essence = type.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
        return essence == "application/json" || essence == "application/ld+json"
    }

    fileprivate var bearerToken: String? {
        guard let header = headers[.authorization], header.utf8.count <= 512 else { return nil }
        let parts = header.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}

/// A flag that another thread raises.
private final class RaisedOnce: Sendable {
    private let value = Atomic<Bool>(false)
    var isRaised: Bool { value.load(ordering: .acquiring) }
    func raise() { value.store(true, ordering: .releasing) }
}
