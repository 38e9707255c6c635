// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// How the exchange reaches other nodes. PeerAPI conforms over HTTPS; tests over memory.
package protocol PeerTransport: Sendable {
    /// Sends one request and reads a bounded answer. Returns only for an HTTP answer of the authenticated peer.
    func send(_ request: PeerRequest, to peer: PeerAddress) async throws(PeerTransportError) -> PeerResponse

    /// Opens bytes `range` of `url` for reading. Throws unless the answer is exactly that range.
    func download(
        _ url: String, range: Range<Int64>, authorization: String, from peer: PeerAddress
    ) async throws(PeerTransportError) -> any PeerDownload
}

/// The bytes of one range, in order, at the reader's pace.
package protocol PeerDownload: Sendable {
    /// Nil at the end of the range; an end before it throws.
    func next() async throws(PeerTransportError) -> [UInt8]?
    /// Lets go of what is still to come.
    func cancel()
}

/// Whom we expect at the other end: the participant and the TLS keys of its card.
package struct PeerAddress: Sendable, Hashable {
    package let participant: ParticipantID
    package let base: String
    package let keyFingerprints: Set<Digest>

    package init(participant: ParticipantID, base: String, keyFingerprints: Set<Digest>) {
        self.participant = participant
        self.base = base
        self.keyFingerprints = keyFingerprints
    }
}

package struct PeerRequest: Sendable {
    package let method: String
    /// Absolute.
    package let url: String
    package let body: [UInt8]?
    package let maximumResponseBytes: Int
    package var headers: [(String, String)] = []

    package init(method: String, url: String, body: [UInt8]? = nil, maximumResponseBytes: Int = 1 << 20) {
        self.method = method
        self.url = url
        self.body = body
        self.maximumResponseBytes = maximumResponseBytes
    }
}

package struct PeerResponse: Sendable {
    package let status: Int
    package let body: [UInt8]

    package init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }

    package var isSuccess: Bool { (200...299).contains(status) }
    /// The peer's exchange said no. Any other 4xx comes from its door, not from its exchange, and may pass: a suspended peer, a new key.
    package var isRefusal: Bool { [400, 404, 409].contains(status) }
    /// The body as JSON; nil if it is none.
    package var json: JSON? { try? JSON.parse(body, limits: .large) }
}

/// No usable HTTP answer. Whether the peer acted on the request is unknown.
package struct PeerTransportError: KouanError, Equatable {
    package let code: String
    package let message: String
    package let hint: String
    /// False where trying again cannot help without a person: wrong certificate, bad address.
    package let isRetryable: Bool

    package init(code: String, message: String, hint: String, isRetryable: Bool) {
        self.code = code
        self.message = message
        self.hint = hint
        self.isRetryable = isRetryable
    }
}
