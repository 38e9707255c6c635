// SPDX-License-Identifier: Apache-2.0
package import ExchangeModel

/// Why a connection or a request failed. Detail is for our own log; a peer only ever sees one uniform alert.
package enum TransportError: KouanError, Equatable {
    /// No connection could be made or it broke before an answer came. Safe to repeat.
    case unreachable(String)
    /// The peer's certificate was not accepted.
    case peer(PeerFailure)
    /// The peer refused us: it closed the handshake with an alert, for instance because it does not accept our certificate.
    case refusedByPeer(String)
    /// The handshake or the record layer failed for another reason.
    case protocolFailure(String)
    /// A configured limit of time passed.
    case timedOut(Phase)
    /// The peer's bytes ended before the message did: TCP ended without close_notify, or the body is shorter than announced.
    case truncated
    /// The answer is larger than the request allowed.
    case tooLarge(limit: Int)
    /// The limit of connections, handshakes or handshake bytes is reached.
    case overloaded(String)
    /// The task that waited was cancelled.
    case cancelled
    /// The client or server was closed.
    case closed
    /// The caller's request cannot be sent as it is.
    case badRequest(String)
    /// Certificates, keys or limits that cannot be used.
    case badConfiguration(String)

    package enum Phase: String, Sendable { case connect, handshake, idle, total }

    /// Whether the same request may succeed later without anybody changing anything.
    package var isRetryable: Bool {
        switch self {
        case .unreachable, .timedOut, .truncated, .overloaded: true
        case .peer, .refusedByPeer, .protocolFailure, .tooLarge, .cancelled, .closed, .badRequest, .badConfiguration: false
        }
    }

    package var code: String {
        switch self {
        case .unreachable: "transport.unreachable"
        case .peer(let failure): failure.code
        case .refusedByPeer: "transport.refused-by-peer"
        case .protocolFailure: "transport.protocol-failure"
        case .timedOut(let phase): "transport.timed-out-\(phase.rawValue)"
        case .truncated: "transport.truncated"
        case .tooLarge: "transport.too-large"
        case .overloaded: "transport.overloaded"
        case .cancelled: "transport.cancelled"
        case .closed: "transport.closed"
        case .badRequest: "transport.bad-request"
        case .badConfiguration: "transport.bad-configuration"
        }
    }

    package var message: String {
        switch self {
        case .unreachable(let detail): "the peer cannot be reached: \(detail)"
        case .peer(let failure): failure.message
        case .refusedByPeer(let detail): "the peer refused the connection: \(detail)"
        case .protocolFailure(let detail): "the secure channel failed: \(detail)"
        case .timedOut(.connect): "the connection was not made in time"
        case .timedOut(.handshake): "the peer did not finish the handshake in time"
        case .timedOut(.idle): "the peer sent nothing for too long"
        case .timedOut(.total): "the request took longer than allowed"
        case .truncated: "the peer's bytes ended before the message was complete"
        case .tooLarge(let limit): "the answer is larger than `\(limit)` bytes"
        case .overloaded(let detail): "a limit of this node is reached: \(detail)"
        case .cancelled: "the request was cancelled"
        case .closed: "the transport is closed"
        case .badRequest(let detail): "the request cannot be sent: \(detail)"
        case .badConfiguration(let detail): "the transport cannot be set up: \(detail)"
        }
    }

    package var hint: String {
        switch self {
        case .unreachable: "check the peer's address, the network and the proxy setting; the request can be repeated"
        case .peer(let failure): failure.hint
        case .refusedByPeer:
            "ask the peer's operator for the reason in the peer's log; our certificate may be unknown, expired or revoked there"
        case .protocolFailure: "both sides must speak TLS 1.3 and HTTP/1.1 on this port"
        case .timedOut: "the request can be repeated; raise the limit if the network is slow"
        case .truncated: "the request can be repeated; a fetch goes on where it stopped"
        case .tooLarge: "the peer sends more than this message may have; nothing of it was used"
        case .overloaded: "raise the limit or wait until load falls"
        case .cancelled, .closed: "repeat the request when the node runs"
        case .badRequest: "correct the address, method or header"
        case .badConfiguration: "check the certificate, key and trust files of the node"
        }
    }
}

/// What is wrong with the certificate that a peer presented.
package enum PeerFailure: Error, Hashable {
    case noCertificate
    case expired
    case notYetValid
    case revoked
    /// No chain to a trust anchor, or a wrong signature in it.
    case unknownAuthority
    /// No revocation list for one issuer of the chain.
    case revocationUnknown
    /// A revocation list is past its next update and the grace period.
    case revocationExpired
    /// The certificate may not be used for this side of the connection.
    case wrongPurpose
    /// The certificate has no or more than one URI name.
    case ambiguousParticipant(count: Int)
    case wrongParticipant(expected: String, presented: String)
    /// The key is not among those the participant announced.
    case unexpectedKey(Digest)
    /// The certificate does not name the host that was called.
    case wrongHost
    /// Another verification error; the number is OpenSSL's.
    case other(Int32, String)

    package var code: String {
        switch self {
        case .noCertificate: "transport.peer-without-certificate"
        case .expired: "transport.peer-certificate-expired"
        case .notYetValid: "transport.peer-certificate-not-yet-valid"
        case .revoked: "transport.peer-certificate-revoked"
        case .unknownAuthority: "transport.peer-authority-unknown"
        case .revocationUnknown: "transport.revocation-list-missing"
        case .revocationExpired: "transport.revocation-list-expired"
        case .wrongPurpose: "transport.peer-certificate-wrong-purpose"
        case .ambiguousParticipant: "transport.peer-participant-ambiguous"
        case .wrongParticipant: "transport.peer-participant-differs"
        case .unexpectedKey: "transport.peer-key-unexpected"
        case .wrongHost: "transport.peer-host-differs"
        case .other: "transport.peer-certificate-refused"
        }
    }

    package var message: String {
        switch self {
        case .noCertificate: "the peer presented no certificate"
        case .expired: "the peer's certificate is past its end"
        case .notYetValid: "the peer's certificate is not valid yet"
        case .revoked: "the peer's certificate is revoked"
        case .unknownAuthority: "the peer's certificate does not lead to a trust anchor of this space"
        case .revocationUnknown: "there is no revocation list for an issuer of the peer's certificate"
        case .revocationExpired: "the revocation list of the peer's issuer is past its next update"
        case .wrongPurpose: "the peer's certificate may not be used for this side of a connection"
        case .ambiguousParticipant(let count): "the peer's certificate has `\(count)` URI names instead of one"
        case .wrongParticipant(let expected, let presented): "the peer is `\(presented)`, not `\(expected)`"
        case .unexpectedKey(let digest): "the peer's key `\(digest)` is not in its node card"
        case .wrongHost: "the peer's certificate does not name the host that was called"
        case .other(let number, let text): "the peer's certificate was refused: \(text) (`\(number)`)"
        }
    }

    package var hint: String {
        switch self {
        case .noCertificate: "the peer must be configured with its node certificate"
        case .expired, .notYetValid: "compare both clocks; then the peer needs a new certificate from the space operator"
        case .revoked: "the space operator withdrew this certificate; ask the operator"
        case .unknownAuthority: "check that both nodes belong to the same space and hold its current anchors"
        case .revocationUnknown, .revocationExpired: "take in the space's current revocation list"
        case .wrongPurpose, .ambiguousParticipant: "the space operator must issue a node certificate"
        case .wrongParticipant, .wrongHost: "check the peer's address and its node card"
        case .unexpectedKey: "fetch the peer's current node card; if the key is still missing there, do not go on"
        case .other: "look at the peer's certificate"
        }
    }
}
