// SPDX-License-Identifier: Apache-2.0

/// Why a certificate chain was refused. For our own log and operator; a peer sees only that the handshake failed.
package enum ChainFailure: Sendable, Hashable {
    case noAnchor
    case expired(subject: String)
    case notYetValid(subject: String)
    case untrustedIssuer(subject: String)
    case badSignature(subject: String)
    case revoked(subject: String)
    case revocationListMissing(subject: String)
    case revocationListExpired(issuer: String)
    case revocationListNotYetValid(issuer: String)
    case revocationListSignature(issuer: String)
    case wrongPurpose(subject: String)
    case notAnAuthority(subject: String)
    case pathTooLong(subject: String)
    case nameConstraint(subject: String)
    case weakKey(subject: String)
    /// Any other verdict of OpenSSL: its number and text.
    case other(number: Int32, text: String, subject: String)

    package var code: String {
        switch self {
        case .noAnchor: "chain.no-anchor"
        case .expired: "chain.expired"
        case .notYetValid: "chain.not-yet-valid"
        case .untrustedIssuer: "chain.untrusted-issuer"
        case .badSignature: "chain.bad-signature"
        case .revoked: "chain.revoked"
        case .revocationListMissing: "chain.crl-missing"
        case .revocationListExpired: "chain.crl-expired"
        case .revocationListNotYetValid: "chain.crl-not-yet-valid"
        case .revocationListSignature: "chain.crl-signature"
        case .wrongPurpose: "chain.wrong-purpose"
        case .notAnAuthority: "chain.not-an-authority"
        case .pathTooLong: "chain.path-too-long"
        case .nameConstraint: "chain.name-constraint"
        case .weakKey: "chain.weak-key"
        case .other: "chain.refused"
        }
    }

    package var message: String {
        switch self {
        case .noAnchor: "no trust anchor is configured"
        case .expired(let subject): "the certificate of `\(subject)` has expired"
        case .notYetValid(let subject): "the certificate of `\(subject)` is not valid yet"
        case .untrustedIssuer(let subject): "the certificate of `\(subject)` does not lead to a trust anchor"
        case .badSignature(let subject): "the signature on the certificate of `\(subject)` is wrong"
        case .revoked(let subject): "the certificate of `\(subject)` is revoked"
        case .revocationListMissing(let subject): "there is no revocation list of the issuer of `\(subject)`"
        case .revocationListExpired(let issuer): "the revocation list of `\(issuer)` has expired"
        case .revocationListNotYetValid(let issuer): "the revocation list of `\(issuer)` is not valid yet"
        case .revocationListSignature(let issuer): "the signature on the revocation list of `\(issuer)` is wrong"
        case .wrongPurpose(let subject): "the certificate of `\(subject)` is not issued for this side of a connection"
        case .notAnAuthority(let subject): "the certificate of `\(subject)` may not issue certificates"
        case .pathTooLong(let subject): "the chain of `\(subject)` is longer than an issuer allows"
        case .nameConstraint(let subject): "an issuer may not name `\(subject)`"
        case .weakKey(let subject): "the key or digest in the certificate of `\(subject)` is too weak"
        case .other(let number, let text, let subject): "the certificate of `\(subject)` was refused: `\(number)` `\(text)`"
        }
    }

    package var hint: String {
        switch self {
        case .noAnchor: "add the space's trust anchor"
        case .expired: "ask its issuer for a new certificate"
        case .notYetValid, .revocationListNotYetValid: "compare the clocks of both sides"
        case .untrustedIssuer: "check that both sides use the same trust anchor and that intermediate certificates are sent"
        case .badSignature, .revocationListSignature: "fetch the file again from its issuer"
        case .revoked: "the issuer withdrew this certificate; ask the peer for its new one"
        case .revocationListMissing: "install the issuer's current revocation list"
        case .revocationListExpired: "install the issuer's current revocation list, or set a grace for a node without a connection"
        case .wrongPurpose: "the certificate needs the extended key usage `serverAuth` or `clientAuth`"
        case .notAnAuthority, .pathTooLong, .nameConstraint: "the issuing authority made a mistake; ask it for a correct chain"
        case .weakKey: "ask for a certificate with an Ed25519 or P-256 key and SHA-256"
        case .other: "see `openssl verify` for the meaning of the number"
        }
    }
}
