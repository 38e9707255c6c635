// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives
package import ExchangeModel

/// What a client sends. Every wait in it is limited.
package struct HTTPClientRequest: Sendable {
    package var method: String
    /// Absolute; `https`, or `http` to this machine with a plain client.
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// Name look-up, TCP, proxy and TLS handshake together.
    package var connectTimeout: Duration = .seconds(10)
    /// Without a byte in either direction. Whole seconds; the time a slow reader of the answer takes does not count.
    package var idleTimeout: Duration = .seconds(30)
    /// From start to end; nil for bulk transfers, which the idle limit bounds.
    package var totalTimeout: Duration?
    /// Of the body of the answer. Nil means 4 MiB for `send`, which keeps the body in memory, and no limit for `open`.
    package var maximumResponseBytes: Int?

    package init(method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// Status and headers of an answer, and who gave it.
package struct HTTPClientHead: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    /// The verified peer; nil with a plain client.
    package let peer: PeerIdentity?

    /// The first value of a header, whatever the case of its name.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

package struct HTTPClientResponse: Sendable {
    package let head: HTTPClientHead
    package let body: [UInt8]

    package var status: Int { head.status }
    package var headers: [(name: String, value: String)] { head.headers }
    package var peer: PeerIdentity? { head.peer }
    package func header(_ name: String) -> String? { head.header(name) }
}

/// Which peer a client talks to. Checked in the handshake and again before every request.
package struct ExpectedPeer: Sendable, Equatable {
    /// The URI name the certificate must have; nil to accept any participant of the trusted spaces and read who it is.
    package var participant: String?
    /// SHA-256 of the SubjectPublicKeyInfo of the keys in the peer's node card; nil when there is no card yet.
    package var keys: Set<Digest>?

    package init(participant: String?, keys: Set<Digest>? = nil) {
        self.participant = participant
        self.keys = keys
    }

    func check(participant presented: String, key: Digest) -> PeerFailure? {
        if let participant, participant != presented { return .wrongParticipant(expected: participant, presented: presented) }
        if let keys, !keys.contains(key) { return .unexpectedKey(key) }
        return nil
    }
}

/// How a client reaches the world.
package struct HTTPClientConfiguration: Sendable {
    /// For instance `http://proxy.example:3128`; nil for none. The environment is never read.
    package var proxy: String?
    /// Hosts that are reached directly, comma separated, as in curl's `--noproxy`.
    package var noProxy: String?
    /// Open connections kept for reuse, and at most opened at once.
    package var connections = 8
    /// An unused connection older than this is not used again.
    package var idleConnectionLifetime: Duration = .seconds(60)
    /// Bytes of one answer that wait for a slow reader before the transfer pauses.
    package var bufferedBytes = 1024 * 1024
    /// Requests waiting or under way.
    package var requests = 256

    package init() {}
}

/// Our own side of a mutually authenticated connection.
package struct ClientCredential: Sendable {
    /// Leaf first, then intermediates.
    package let certificateChain: [Certificate]
    package let key: PrivateKey

    package init(certificateChain: [Certificate], key: PrivateKey) {
        self.certificateChain = certificateChain
        self.key = key
    }
}
