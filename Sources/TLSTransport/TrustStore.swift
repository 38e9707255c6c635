// SPDX-License-Identifier: Apache-2.0
import COpenSSL
package import CryptoPrimitives
package import ExchangeModel
import Glibc

/// The lowest protocol version a side accepts. TLS 1.3 is the rule; 1.2 only where an operator writes it down.
package enum TLSVersion: String, Sendable {
    case v12 = "TLSv1.2"
    case v13 = "TLSv1.3"
}

/// Whom a node believes: one value, replaced as a whole and never changed in place.
package struct TrustConfiguration: Sendable {
    /// Self-signed certificates of the spaces.
    package var anchors: [Certificate]
    /// Certificates that help to build a chain and are themselves no anchors.
    package var intermediates: [Certificate]
    package var revocationLists: [RevocationList]
    /// How long after its next update a revocation list is still used. 0 unless the space is air-gapped.
    package var graceSeconds: Int64
    package var minimumVersion: TLSVersion
    /// Every issuer of a chain must have a revocation list. False only in a space that issues none.
    package var requiresRevocationLists: Bool

    package init(
        anchors: [Certificate], intermediates: [Certificate] = [], revocationLists: [RevocationList] = [], graceSeconds: Int64 = 0,
        minimumVersion: TLSVersion = .v13, requiresRevocationLists: Bool = true
    ) {
        self.anchors = anchors
        self.intermediates = intermediates
        self.revocationLists = revocationLists
        self.graceSeconds = graceSeconds
        self.minimumVersion = minimumVersion
        self.requiresRevocationLists = requiresRevocationLists
    }
}

/// A verified peer.
package struct PeerIdentity: Sendable {
    package let leaf: Certificate
    /// The one URI name of the certificate.
    package let participant: String
    package let keyFingerprint: Digest
    /// The trust generation under which it was last verified.
    package let generation: Int
    /// A revocation list past its next update, within the grace period, was used.
    package let crlStale: Bool
    /// For instance `TLSv1.3`.
    package let tlsVersion: String
    package let cipher: String
}

/// A trust configuration compiled to an X509_STORE. A reload makes a new one; a live store is never added to.
@safe final class TrustStore: @unchecked Sendable {
    // @unchecked: the store is filled in init and only read afterwards; X509_STORE locks its own cache.
    private let store: OpaquePointer  // owned X509_STORE, freed in deinit
    let minimumVersion: TLSVersion
    private let graceSeconds: Int64
    private let flags: UInt

    enum Purpose { case client, server }

    struct Verified: Sendable {
        let leaf: Certificate
        let participant: String
        let crlStale: Bool
    }

    init(_ trust: TrustConfiguration) throws(TransportError) {
        guard !trust.anchors.isEmpty else { throw .badConfiguration("there is no trust anchor") }
        guard let store = unsafe X509_STORE_new() else { throw .badConfiguration("out of memory") }
        unsafe self.store = store
        minimumVersion = trust.minimumVersion
        graceSeconds = max(0, trust.graceSeconds)
        flags = trust.requiresRevocationLists ? UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) : 0
        // An intermediate in the store helps to build chains. It ends none, because X509_V_FLAG_PARTIAL_CHAIN stays off.
        for certificate in trust.anchors + trust.intermediates {
            guard unsafe X509_STORE_add_cert(store, certificate.handle) == 1 else {
                throw .badConfiguration("a trust anchor cannot be used")
            }
        }
        for list in trust.revocationLists {
            guard unsafe X509_STORE_add_crl(store, list.handle) == 1 else { throw .badConfiguration("a revocation list cannot be used") }
        }
    }

    deinit { unsafe X509_STORE_free(store) }

    /// Chain, validity, revocation, purpose and the one URI name.
    ///
    /// - Parameters:
    ///   - leaf: X509 *, borrowed.
    ///   - untrusted: STACK_OF(X509) * as the peer sent it, borrowed.
    func verify(
        leaf: OpaquePointer, untrusted: OpaquePointer?, as purpose: Purpose, at time: Timestamp
    ) -> Result<Verified, PeerFailure> {
        OpenSSLError.clear()
        defer { OpenSSLError.clear() }
        guard let context = unsafe X509_STORE_CTX_new() else { return .failure(.other(X509_V_ERR_OUT_OF_MEM, "out of memory")) }
        defer { unsafe X509_STORE_CTX_free(context) }
        guard unsafe X509_STORE_CTX_init(context, store, leaf, untrusted) == 1 else {
            return .failure(.other(X509_V_ERR_UNSPECIFIED, "verification cannot start"))
        }
        guard unsafe X509_STORE_CTX_set_default(context, purpose == .client ? "ssl_client" : "ssl_server") == 1,
            let parameters = unsafe X509_STORE_CTX_get0_param(context)
        else { return .failure(.other(X509_V_ERR_UNSPECIFIED, "verification cannot start")) }
        unsafe X509_VERIFY_PARAM_set_flags(parameters, flags)
        unsafe X509_VERIFY_PARAM_set_depth(parameters, Self.maximumDepth)
        unsafe X509_VERIFY_PARAM_set_auth_level(parameters, 2)
        unsafe X509_VERIFY_PARAM_set_time(parameters, Int(time.seconds))

        let grace = Grace(oldestNextUpdate: Int(time.seconds &- graceSeconds))
        return withExtendedLifetime(grace) {
            unsafe X509_STORE_CTX_set_ex_data(context, 0, Unmanaged.passUnretained(grace).toOpaque())
            unsafe X509_STORE_CTX_set_verify_cb(context, tolerateExpiredListWithinGrace)
            guard unsafe X509_verify_cert(context) == 1 else {
                return .failure(PeerFailure(verificationError: unsafe X509_STORE_CTX_get_error(context)))
            }
            guard let certificate = try? unsafe Certificate(copying: leaf) else {
                return .failure(.other(X509_V_ERR_UNSPECIFIED, "the certificate cannot be read"))
            }
            let names = certificate.uriNames
            guard names.count == 1 else { return .failure(.ambiguousParticipant(count: names.count)) }
            return .success(Verified(leaf: certificate, participant: names[0], crlStale: grace.used))
        }
    }

    private static let maximumDepth: Int32 = 6

    /// What the verify callback may let pass, and whether it did.
    fileprivate final class Grace {
        let oldestNextUpdate: Int
        var used = false
        init(oldestNextUpdate: Int) { self.oldestNextUpdate = oldestNextUpdate }
    }
}

/// Verify callback of X509_STORE_CTX: keeps every error but one, a revocation list past its next update by less than the grace period.
private func tolerateExpiredListWithinGrace(ok: Int32, context: OpaquePointer?) -> Int32 {
    guard ok != 1 else { return 1 }
    guard let context = unsafe context, unsafe X509_STORE_CTX_get_error(context) == X509_V_ERR_CRL_HAS_EXPIRED,
        let data = unsafe X509_STORE_CTX_get_ex_data(context, 0), let crl = unsafe X509_STORE_CTX_get0_current_crl(context),
        let nextUpdate = unsafe X509_CRL_get0_nextUpdate(crl)
    else { return 0 }
    let grace = unsafe Unmanaged<TrustStore.Grace>.fromOpaque(data).takeUnretainedValue()
    // -2 means that the time cannot be read: no grace for it.
    let comparison = unsafe ASN1_TIME_cmp_time_t(nextUpdate, grace.oldestNextUpdate)
    guard comparison == 0 || comparison == 1 else { return 0 }
    grace.used = true
    unsafe X509_STORE_CTX_set_error(context, X509_V_OK)
    return 1
}

extension PeerFailure {
    init(verificationError number: Int32) {
        switch number {
        case X509_V_ERR_CERT_HAS_EXPIRED: self = .expired
        case X509_V_ERR_CERT_NOT_YET_VALID: self = .notYetValid
        case X509_V_ERR_CERT_REVOKED: self = .revoked
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_CERT_SIGNATURE_FAILURE,
            X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
            X509_V_ERR_CERT_UNTRUSTED:
            self = .unknownAuthority
        case X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, X509_V_ERR_CRL_SIGNATURE_FAILURE:
            self = .revocationUnknown
        case X509_V_ERR_CRL_HAS_EXPIRED: self = .revocationExpired
        case X509_V_ERR_INVALID_PURPOSE: self = .wrongPurpose
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: self = .wrongHost
        default:
            let text = unsafe X509_verify_cert_error_string(Int(number)).map { unsafe String(cString: $0) } ?? "unknown"
            self = .other(number, text)
        }
    }
}

/// An X509 handle of our own.
@safe final class OwnedX509: @unchecked Sendable {
    // @unchecked: X509 is immutable once read; OpenSSL locks its cached extensions.
    let pointer: OpaquePointer  // owned reference, freed in deinit

    /// Takes a reference of its own.
    init(sharing certificate: OpaquePointer) {
        unsafe X509_up_ref(certificate)
        unsafe pointer = certificate
    }

    deinit { unsafe X509_free(pointer) }
}

/// The certificates a peer presented, kept so that they can be verified again under newer trust without touching its connection.
@safe final class PresentedChain: @unchecked Sendable {
    // @unchecked: the handles are immutable and owned.
    let leaf: OwnedX509
    private let others: OpaquePointer?  // owned STACK_OF(X509), freed in deinit

    /// Nil when the peer presented nothing.
    init?(ssl: OpaquePointer) {
        guard let certificate = unsafe SSL_get0_peer_certificate(ssl) else { return nil }
        leaf = unsafe OwnedX509(sharing: certificate)
        unsafe others = unsafe SSL_get_peer_cert_chain(ssl).flatMap { unsafe X509_chain_up_ref($0) }
    }

    deinit { if let others = unsafe others { unsafe kouan_sk_X509_pop_free(others) } }

    func hasSameLeaf(as other: PresentedChain) -> Bool { unsafe X509_cmp(leaf.pointer, other.leaf.pointer) == 0 }

    func verify(with trust: TrustStore, as purpose: TrustStore.Purpose, at time: Timestamp) -> Result<TrustStore.Verified, PeerFailure> {
        unsafe trust.verify(leaf: leaf.pointer, untrusted: others, as: purpose, at: time)
    }
}

/// The machine's own clock, for those who hand in none.
package struct SystemWallClock: WallClock {
    package init() {}
    package func now() -> Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
