// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL
package import ExchangeModel

/// The side of a connection that a leaf stands for.
package enum ChainPurpose: Sendable, Hashable {
    case server, client
    /// For looking at a file: the extended key usage is not judged.
    case any
}

/// A chain that leads to an anchor, was not revoked and is inside its times.
package struct VerifiedChain: Sendable, Hashable {
    /// From the leaf to the anchor, both included.
    package let certificates: [Certificate]
    /// A revocation list was past its nextUpdate but inside the grace; ledger entries say so.
    package let crlStale: Bool
}

/// Anchors and revocation lists, made once and used for many chains. Nothing else is ever trusted: not the system's authorities, not
/// what a peer sends. A change of anchors or lists makes a new store; a live one is never added to.
///
/// Sendable: written only in `init`, and OpenSSL locks an `X509_STORE` while it looks things up.
@safe package final class TrustStore: @unchecked Sendable {
    package let anchors: [Certificate]
    package let revocationLists: [RevocationList]
    /// An `X509_STORE` with `CRL_CHECK | CRL_CHECK_ALL`; lives as long as this object.
    package let handle: OpaquePointer

    package init(anchors: [Certificate], crls: [RevocationList]) throws(CryptoError) {
        OpenSSLErrors.clear()
        guard let handle = unsafe X509_STORE_new() else { throw .last("X509_STORE_new") }
        unsafe self.handle = handle
        self.anchors = anchors
        revocationLists = crls
        for anchor in anchors { try check(unsafe X509_STORE_add_cert(handle, anchor.handle), "X509_STORE_add_cert") }
        for list in crls { try check(unsafe X509_STORE_add_crl(handle, list.handle), "X509_STORE_add_crl") }
        let flags = UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL)
        try check(unsafe X509_STORE_set_flags(handle, flags), "X509_STORE_set_flags")
    }

    deinit { unsafe X509_STORE_free(handle) }
}

/// Path validation (RFC 5280 §6) with revocation of every certificate below and including the anchor.
package enum ChainVerifier {
    /// Authorities between leaf and anchor.
    static let depth: Int32 = 6
    /// Certificates that a peer may send.
    static let intermediateLimit = 10
    /// A year: a longer grace would be no revocation at all.
    static let graceLimit: Int64 = 366 * 86_400

    @discardableResult
    package static func verify(
        leaf: Certificate, intermediates: [Certificate] = [], anchors: [Certificate], crls: [RevocationList], at now: Timestamp,
        purpose: ChainPurpose, graceSeconds: Int64 = 0
    ) throws(CryptoError) -> VerifiedChain {
        try verify(
            leaf: leaf, intermediates: intermediates, store: TrustStore(anchors: anchors, crls: crls), at: now, purpose: purpose,
            graceSeconds: graceSeconds)
    }

    /// - Parameter graceSeconds: how long past its nextUpdate a revocation list is still taken. Everything else about the chain must hold.
    /// - Throws: `.chain` with the first reason that OpenSSL met.
    @discardableResult
    package static func verify(
        leaf: Certificate, intermediates: [Certificate] = [], store: TrustStore, at now: Timestamp, purpose: ChainPurpose,
        graceSeconds: Int64 = 0
    ) throws(CryptoError) -> VerifiedChain {
        guard !store.anchors.isEmpty else { throw .chain(.noAnchor) }
        guard intermediates.count <= intermediateLimit else { throw .chain(.pathTooLong(subject: leaf.subject)) }
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }

        guard let untrusted = unsafe kouan_sk_X509_new() else { throw .last("sk_X509_new_null") }
        defer { unsafe kouan_sk_X509_free(untrusted) }
        for certificate in intermediates {
            guard unsafe kouan_sk_X509_push(untrusted, certificate.handle) > 0 else { throw .last("sk_X509_push") }
        }
        guard let context = unsafe X509_STORE_CTX_new() else { throw .last("X509_STORE_CTX_new") }
        defer { unsafe X509_STORE_CTX_free(context) }
        try check(unsafe X509_STORE_CTX_init(context, store.handle, leaf.handle, untrusted), "X509_STORE_CTX_init")
        guard let parameters = unsafe X509_STORE_CTX_get0_param(context) else { throw .last("X509_STORE_CTX_get0_param") }
        unsafe X509_VERIFY_PARAM_set_time(parameters, time_t(now.seconds))
        unsafe X509_VERIFY_PARAM_set_depth(parameters, depth)
        unsafe X509_VERIFY_PARAM_set_auth_level(parameters, 2)  // 112 bits: no SHA-1, no RSA below 2048
        if let number = purpose.number {
            try check(unsafe X509_VERIFY_PARAM_set_purpose(parameters, number), "X509_VERIFY_PARAM_set_purpose")
        }

        // The callback sees every finding; it forgives one kind only, a list that ended inside the grace.
        var findings = Findings(latestEnd: now.adding(seconds: -max(0, min(graceSeconds, graceLimit))))
        let verified = unsafe withUnsafeMutablePointer(to: &findings) { findings in
            unsafe X509_STORE_CTX_set_ex_data(context, 0, findings)
            unsafe X509_STORE_CTX_set_verify_cb(context) { ok, context in
                guard ok != 1, let context = unsafe context, let data = unsafe X509_STORE_CTX_get_ex_data(context, 0),
                    let list = unsafe X509_STORE_CTX_get0_current_crl(context)
                else { return ok }
                let findings = unsafe data.assumingMemoryBound(to: Findings.self)
                // Noted here, since OpenSSL forgets the list before it returns.
                unsafe findings.pointee.listIssuer = DistinguishedName.text(X509_CRL_get_issuer(list))
                guard unsafe X509_STORE_CTX_get_error(context) == X509_V_ERR_CRL_HAS_EXPIRED,
                    let end = unsafe ASN1.timestamp(X509_CRL_get0_nextUpdate(list)), unsafe end >= findings.pointee.latestEnd
                else { return ok }
                unsafe findings.pointee.graceUsed = true
                unsafe X509_STORE_CTX_set_error(context, X509_V_OK)
                return 1
            }
            return unsafe X509_verify_cert(context)
        }
        guard verified == 1 else { throw .chain(unsafe failure(context, leaf: leaf, listIssuer: findings.listIssuer)) }
        return VerifiedChain(certificates: try unsafe certificates(context), crlStale: findings.graceUsed)
    }

    /// What the callback may forgive, and what it saw.
    private struct Findings {
        let latestEnd: Timestamp
        var graceUsed = false
        var listIssuer: String?
    }

    private static func certificates(_ context: OpaquePointer) throws(CryptoError) -> [Certificate] {
        guard let chain = unsafe X509_STORE_CTX_get0_chain(context) else { return [] }
        var certificates: [Certificate] = []
        for index in 0..<max(0, unsafe kouan_sk_X509_num(chain)) {
            guard let handle = unsafe kouan_sk_X509_value(chain, index) else { continue }
            certificates.append(try unsafe Certificate(copying: handle))
        }
        return certificates
    }

    private static func failure(_ context: OpaquePointer, leaf: Certificate, listIssuer: String?) -> ChainFailure {
        let number = unsafe X509_STORE_CTX_get_error(context)
        let current = unsafe X509_STORE_CTX_get_current_cert(context)
        let subject = unsafe current.map { unsafe DistinguishedName.text(X509_get_subject_name($0)) } ?? leaf.subject
        let issuer = listIssuer ?? subject
        switch number {
        case X509_V_ERR_CERT_HAS_EXPIRED: return .expired(subject: subject)
        case X509_V_ERR_CERT_NOT_YET_VALID: return .notYetValid(subject: subject)
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
            X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_UNTRUSTED:
            return .untrustedIssuer(subject: subject)
        case X509_V_ERR_CERT_SIGNATURE_FAILURE: return .badSignature(subject: subject)
        case X509_V_ERR_CERT_REVOKED: return .revoked(subject: subject)
        case X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER: return .revocationListMissing(subject: subject)
        case X509_V_ERR_CRL_HAS_EXPIRED: return .revocationListExpired(issuer: issuer)
        case X509_V_ERR_CRL_NOT_YET_VALID: return .revocationListNotYetValid(issuer: issuer)
        case X509_V_ERR_CRL_SIGNATURE_FAILURE, X509_V_ERR_KEYUSAGE_NO_CRL_SIGN: return .revocationListSignature(issuer: issuer)
        case X509_V_ERR_INVALID_PURPOSE: return .wrongPurpose(subject: subject)
        case X509_V_ERR_INVALID_CA, X509_V_ERR_KEYUSAGE_NO_CERTSIGN: return .notAnAuthority(subject: subject)
        case X509_V_ERR_PATH_LENGTH_EXCEEDED, X509_V_ERR_CERT_CHAIN_TOO_LONG: return .pathTooLong(subject: subject)
        case X509_V_ERR_PERMITTED_VIOLATION, X509_V_ERR_EXCLUDED_VIOLATION: return .nameConstraint(subject: subject)
        case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK: return .weakKey(subject: subject)
        default:
            let text = unsafe X509_verify_cert_error_string(Int(number)).map { unsafe String(cString: $0) } ?? ""
            return .other(number: number, text: text, subject: subject)
        }
    }
}

extension ChainPurpose {
    fileprivate var number: Int32? {
        switch self {
        case .server: X509_PURPOSE_SSL_SERVER
        case .client: X509_PURPOSE_SSL_CLIENT
        case .any: nil
        }
    }
}
