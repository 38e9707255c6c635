// SPDX-License-Identifier: Apache-2.0

package import Exchange
package import ExchangeModel
import Synchronization
package import TLSTransport

/// How this node calls its peers: HTTPS by libcurl, each connection and each request checked against the peer we mean.
///
/// Only an HTTP answer of that very peer counts as an answer. Everything else is a `PeerTransportError`, after which nobody knows whether
/// the peer acted; every request of ours is safe to repeat.
package final class HTTPSPeerTransport: PeerTransport {
    private let pool: HTTPSClientPool
    let clock: any WallClock

    package init(pool: HTTPSClientPool, clock: any WallClock = SystemWallClock()) {
        self.pool = pool
        self.clock = clock
    }

    package func send(_ request: PeerRequest, to peer: PeerAddress) async throws(PeerTransportError) -> PeerResponse {
        var headers: [(name: String, value: String)] = request.headers.map { (name: $0.0, value: $0.1) }
        headers.append((name: "Accept", value: "application/json, application/octet-stream"))
        if request.body != nil { headers.append((name: "Content-Type", value: "application/json")) }
        var message = HTTPClientRequest(method: request.method, url: request.url, headers: headers, body: request.body ?? [])
        message.totalTimeout = Limit.message
        message.maximumResponseBytes = request.maximumResponseBytes
        let response = try await send(message, expecting: peer.expected)
        return PeerResponse(status: response.status, body: response.body)
    }

    package func download(
        _ url: String, range: Range<Int64>, authorization: String, from peer: PeerAddress
    ) async throws(PeerTransportError) -> any PeerDownload {
        guard range.lowerBound >= 0, !range.isEmpty else {
            throw PeerTransportError(
                code: "transport.bad-request", message: "an empty range was asked for", hint: "this is a fault of this node",
                isRetryable: false)
        }
        var request = HTTPClientRequest(
            url: url,
            headers: [
                (name: "Authorization", value: authorization), (name: "Range", value: "bytes=\(range.lowerBound)-\(range.upperBound - 1)"),
                (name: "Accept", value: "application/octet-stream"),
            ])
        request.maximumResponseBytes = max(range.count, Limit.refusalBytes)
        let stream: HTTPResponseStream
        do {
            stream = try await withClient(for: peer.expected) { client throws(TransportError) in try await client.open(request) }
        } catch {
            throw PeerTransportError(error)
        }
        do {
            try await RangeAnswer.check(stream, range: range)
        } catch {
            stream.cancel()
            throw error
        }
        return HTTPSDownload(stream: stream, count: Int64(range.count))
    }

    func send(_ request: HTTPClientRequest, expecting expected: ExpectedPeer) async throws(PeerTransportError) -> HTTPClientResponse {
        do {
            return try await withClient(for: expected) { client throws(TransportError) in try await client.send(request) }
        } catch {
            throw PeerTransportError(error)
        }
    }

    /// A client can retire between being found and being used, when trust is reloaded or another peer needs its place; then a fresh one
    /// takes over.
    private func withClient<R: Sendable>(
        for expected: ExpectedPeer, _ body: (HTTPSClient) async throws(TransportError) -> R
    ) async throws(TransportError) -> R {
        do {
            return try await body(try pool.client(for: expected))
        } catch {
            guard error == .closed else { throw error }
            return try await body(try pool.client(for: expected))
        }
    }

    enum Limit {
        static let message = Duration.seconds(60)
        static let probe = Duration.seconds(15)
        /// A node card is a few kilobytes; its parser takes no more than this.
        static let cardBytes = 256 << 10
        /// What a refused download may say.
        static let refusalBytes = 64 << 10
    }
}

extension PeerAddress {
    var expected: ExpectedPeer { ExpectedPeer(participant: participant.description, keys: keyFingerprints) }
}

extension PeerTransportError {
    init(_ error: TransportError) {
        self.init(code: error.code, message: error.message, hint: error.hint, isRetryable: error.isRetryable)
    }

    /// A refused download, in the peer's own words where it has any.
    static func refused(status: Int, body: [UInt8]) -> PeerTransportError {
        let json = try? JSON.parse(body)
        let code = json?["code"]?.string.map { String($0.prefix(128)) } ?? "peer.refused"
        let reasons = json?["reason"]?.array?.compactMap(\.string).prefix(8).map { String($0.prefix(512)) } ?? []
        return PeerTransportError(
            code: code, message: "the peer answered \(status)" + (reasons.isEmpty ? "" : ": " + reasons.joined(separator: "; ")),
            hint: "see `kouan transfer explain`; the peer's operator sees more in its log",
            isRetryable: status >= 500 || status == 408 || status == 429)
    }
}

/// Whether an answer is the range that was asked for, nothing less and nothing else.
private enum RangeAnswer {
    static func check(_ stream: HTTPResponseStream, range: Range<Int64>) async throws(PeerTransportError) {
        let isWhole: Bool
        switch stream.status {
        case 206: isWhole = false
        case 200: isWhole = true
        default:
            let body = (try? await stream.collect(upTo: HTTPSPeerTransport.Limit.refusalBytes)) ?? []
            throw .refused(status: stream.status, body: body)
        }
        if let encoding = stream.header("Content-Encoding"), encoding.lowercased() != "identity" {
            throw wrong("it is encoded as `\(encoding.prefix(40))`")
        }
        let length = stream.header("Content-Length").flatMap(Int64.init)
        if isWhole {
            // The whole file instead of a part is fine only where the part is the whole file.
            guard range.lowerBound == 0, length == Int64(range.count) else { throw wrong("it is no range") }
        } else {
            let expected = "bytes \(range.lowerBound)-\(range.upperBound - 1)/"
            guard let found = stream.header("Content-Range"), found.lowercased().hasPrefix(expected),
                isSize(found.dropFirst(expected.count))
            else { throw wrong("its range is `\((stream.header("Content-Range") ?? "none").prefix(80))`") }
            guard length == nil || length == Int64(range.count) else { throw wrong("its length is not that of the range") }
        }
    }

    private static func isSize(_ text: Substring) -> Bool {
        text == "*" || (!text.isEmpty && text.utf8.count <= 19 && text.utf8.allSatisfy { (0x30...0x39).contains($0) })
    }

    private static func wrong(_ what: String) -> PeerTransportError {
        PeerTransportError(
            code: "transport.wrong-range", message: "the answer is not the range that was asked for: \(what)",
            hint: "something between the nodes rewrites answers, or the peer's store is damaged", isRetryable: false)
    }
}

private final class HTTPSDownload: PeerDownload {
    private let stream: HTTPResponseStream
    private let count: Int64
    private let received = Atomic<Int64>(0)

    init(stream: HTTPResponseStream, count: Int64) {
        self.stream = stream
        self.count = count
    }

    func next() async throws(PeerTransportError) -> [UInt8]? {
        let bytes: [UInt8]?
        do {
            bytes = try await stream.next()
        } catch {
            throw PeerTransportError(error)
        }
        let total = received.add(Int64(bytes?.count ?? 0), ordering: .relaxed).newValue
        guard total <= count else {
            stream.cancel()
            throw PeerTransportError(.tooLarge(limit: Int(count)))
        }
        guard bytes != nil || total == count else { throw PeerTransportError(.truncated) }
        return bytes
    }

    func cancel() { stream.cancel() }
}
