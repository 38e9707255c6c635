// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL
package import ExchangeModel

/// What a certificate is for: its basic constraints, key usage and extended key usage.
package enum CertificateProfile: Sendable, Hashable {
    /// A node is server to some peers and client to others, under one key.
    case tlsNode
    case tlsServer
    case tlsClient
    /// May issue certificates, with at most `pathLength` authorities below it; nil for no limit.
    case authority(pathLength: Int?)

    fileprivate var isAuthority: Bool {
        if case .authority = self { true } else { false }
    }

    fileprivate var purposes: [Int32] {
        switch self {
        case .tlsNode: [NID_server_auth, NID_client_auth]
        case .tlsServer: [NID_server_auth]
        case .tlsClient: [NID_client_auth]
        case .authority: []
        }
    }
}

/// A certificate that its issuer withdrew.
package struct Revocation: Sendable, Hashable {
    /// As in `Certificate.serial`.
    package var serial: String
    package var at: Timestamp

    package init(serial: String, at: Timestamp) {
        self.serial = serial
        self.at = at
    }
}

/// A certificate authority in memory: for the development PKI, small spaces and tests. Times and serial numbers are the caller's.
package struct CertificateIssuer: Sendable {
    package let certificate: Certificate
    package let key: PrivateKey

    /// Refused unless the certificate is an authority's and `key` is its key.
    package init(certificate: Certificate, key: PrivateKey) throws(CryptoError) {
        guard certificate.isCA else { throw .issue("`\(certificate.subject)` is not an authority") }
        guard certificate.belongs(to: key) else { throw .issue("the key does not belong to `\(certificate.subject)`") }
        self.certificate = certificate
        self.key = key
    }

    /// A self-signed root.
    package static func makeRoot(
        subject: DistinguishedName, key: PrivateKey, notBefore: Timestamp, notAfter: Timestamp, pathLength: Int? = 1,
        serial: [UInt8] = randomSerial()
    ) throws(CryptoError) -> CertificateIssuer {
        let certificate = try make(
            Contents(
                subject: subject, names: AlternativeNames(uris: [], dns: [], addresses: []), publicKey: key.publicKey,
                profile: .authority(pathLength: pathLength), serial: serial, notBefore: notBefore, notAfter: notAfter),
            issuer: nil, key: key)
        return try CertificateIssuer(certificate: certificate, key: key)
    }

    /// Subject, names and key as the request states them. The caller has decided that the requester may have these names.
    package func issue(
        _ request: CertificateRequest, profile: CertificateProfile, notBefore: Timestamp, notAfter: Timestamp,
        serial: [UInt8] = randomSerial()
    ) throws(CryptoError) -> Certificate {
        try issue(
            subject: request.subject, publicKey: request.publicKey, uriNames: request.uriNames, dnsNames: request.dnsNames,
            ipNames: request.ipNames, profile: profile, notBefore: notBefore, notAfter: notAfter, serial: serial)
    }

    package func issue(
        subject: DistinguishedName, publicKey: PublicKey, uriNames: [String] = [], dnsNames: [String] = [], ipNames: [String] = [],
        profile: CertificateProfile, notBefore: Timestamp, notAfter: Timestamp, serial: [UInt8] = randomSerial()
    ) throws(CryptoError) -> Certificate {
        let names = try AlternativeNames(uris: uriNames, dns: dnsNames, addresses: ipNames)
        return try Self.make(
            Contents(
                subject: subject, names: names, publicKey: publicKey, profile: profile, serial: serial, notBefore: notBefore,
                notAfter: notAfter),
            issuer: certificate, key: key)
    }

    /// An authority below this one.
    package func makeIntermediate(
        subject: DistinguishedName, key: PrivateKey, notBefore: Timestamp, notAfter: Timestamp, pathLength: Int? = 0,
        serial: [UInt8] = randomSerial()
    ) throws(CryptoError) -> CertificateIssuer {
        let certificate = try issue(
            subject: subject, publicKey: key.publicKey, profile: .authority(pathLength: pathLength), notBefore: notBefore,
            notAfter: notAfter, serial: serial)
        return try CertificateIssuer(certificate: certificate, key: key)
    }

    /// `number` must rise from list to list; nodes refuse a lower one.
    package func makeCRL(
        revoked: [Revocation] = [], number: Int64, thisUpdate: Timestamp, nextUpdate: Timestamp
    ) throws(CryptoError) -> RevocationList {
        guard number >= 0 else { throw .issue("the number of a revocation list is not negative") }
        guard thisUpdate < nextUpdate else { throw .issue("the next revocation list must come later than this one") }
        OpenSSLErrors.clear()
        guard let list = unsafe X509_CRL_new() else { throw .last("X509_CRL_new") }
        defer { unsafe X509_CRL_free(list) }
        try check(unsafe X509_CRL_set_version(list, 1), "X509_CRL_set_version")
        try check(unsafe X509_CRL_set_issuer_name(list, X509_get_subject_name(certificate.handle)), "X509_CRL_set_issuer_name")
        try unsafe Self.withTime(thisUpdate) { unsafe X509_CRL_set1_lastUpdate(list, $0) }
        try unsafe Self.withTime(nextUpdate) { unsafe X509_CRL_set1_nextUpdate(list, $0) }
        for revocation in revoked { try unsafe Self.add(revocation, to: list) }
        try check(unsafe X509_CRL_sort(list), "X509_CRL_sort")
        try unsafe Extension.addAuthorityKeyID(of: certificate.handle, toList: list)
        try unsafe Extension.addNumber(number, toList: list)
        guard unsafe X509_CRL_sign(list, key.handle, Extension.signatureHash(key)) > 0 else { throw .last("X509_CRL_sign") }
        return unsafe try RevocationList(der: ASN1.encoded("i2d_X509_CRL") { unsafe i2d_X509_CRL(list, $0) })
    }

    /// 16 random bytes, positive and never zero (RFC 5280 §4.1.2.2 allows 20).
    package static func randomSerial() -> [UInt8] {
        var serial = SecureRandom.bytes(16)
        serial[0] = serial[0] & 0x7F | 0x40
        return serial
    }

    private struct Contents {
        var subject: DistinguishedName
        var names: AlternativeNames
        var publicKey: PublicKey
        var profile: CertificateProfile
        var serial: [UInt8]
        var notBefore: Timestamp
        var notAfter: Timestamp
    }

    /// Self-signed when there is no issuer.
    private static func make(_ contents: Contents, issuer: Certificate?, key: PrivateKey) throws(CryptoError) -> Certificate {
        guard key.algorithm.canCertify else { throw .wrongAlgorithm(expected: "ed25519 or p256", found: key.algorithm.rawValue) }
        guard contents.publicKey.algorithm.canCertify else {
            throw .wrongAlgorithm(expected: "ed25519 or p256", found: contents.publicKey.algorithm.rawValue)
        }
        guard contents.notBefore < contents.notAfter else { throw .issue("it would end before it begins") }
        guard (1...20).contains(contents.serial.count), contents.serial.contains(where: { $0 != 0 }) else {
            throw .issue("the serial number must have 1 to 20 bytes and not be zero")
        }
        OpenSSLErrors.clear()
        guard let certificate = unsafe X509_new() else { throw .last("X509_new") }
        defer { unsafe X509_free(certificate) }
        try check(unsafe X509_set_version(certificate, 2), "X509_set_version")

        let serial = try unsafe ASN1.integer(contents.serial)
        defer { unsafe ASN1_INTEGER_free(serial) }
        try check(unsafe X509_set_serialNumber(certificate, serial), "X509_set_serialNumber")
        let name = try unsafe contents.subject.makeName()
        defer { unsafe X509_NAME_free(name) }
        try check(unsafe X509_set_subject_name(certificate, name), "X509_set_subject_name")
        let issuerName = unsafe issuer.flatMap { unsafe X509_get_subject_name($0.handle) } ?? name
        try check(unsafe X509_set_issuer_name(certificate, issuerName), "X509_set_issuer_name")
        try unsafe withTime(contents.notBefore) { unsafe X509_set1_notBefore(certificate, $0) }
        try unsafe withTime(contents.notAfter) { unsafe X509_set1_notAfter(certificate, $0) }
        try check(unsafe X509_set_pubkey(certificate, contents.publicKey.handle), "X509_set_pubkey")

        switch contents.profile {
        case .authority(let pathLength):
            try unsafe Extension.addBasicConstraints(isCA: true, pathLength: pathLength, to: certificate)
            try unsafe Extension.addKeyUsage([.keyCertSign, .crlSign], to: certificate)
        case .tlsNode, .tlsServer, .tlsClient:
            try unsafe Extension.addBasicConstraints(isCA: false, pathLength: nil, to: certificate)
            try unsafe Extension.addKeyUsage([.digitalSignature], to: certificate)
            try unsafe Extension.addExtendedKeyUsage(contents.profile.purposes, to: certificate)
        }
        try unsafe Extension.addSubjectKeyID(contents.publicKey, to: certificate)
        if let issuer { try unsafe Extension.addAuthorityKeyID(of: issuer.handle, to: certificate) }
        if !contents.names.isEmpty { try unsafe Extension.addAlternativeNames(contents.names, toCertificate: certificate) }
        guard unsafe X509_sign(certificate, key.handle, Extension.signatureHash(key)) > 0 else { throw .last("X509_sign") }
        return unsafe try Certificate(der: ASN1.encoded("i2d_X509") { unsafe i2d_X509(certificate, $0) })
    }

    private static func add(_ revocation: Revocation, to list: OpaquePointer) throws(CryptoError) {
        guard let bytes = Hex.decode(revocation.serial), !bytes.isEmpty else {
            throw .issue("`\(revocation.serial)` is not a serial number")
        }
        guard let entry = unsafe X509_REVOKED_new() else { throw .last("X509_REVOKED_new") }
        do {
            let serial = try unsafe ASN1.integer(bytes)
            defer { unsafe ASN1_INTEGER_free(serial) }
            try check(unsafe X509_REVOKED_set_serialNumber(entry, serial), "X509_REVOKED_set_serialNumber")
            try unsafe withTime(revocation.at) { unsafe X509_REVOKED_set_revocationDate(entry, $0) }
            try check(unsafe X509_CRL_add0_revoked(list, entry), "X509_CRL_add0_revoked")
        } catch {
            unsafe X509_REVOKED_free(entry)
            throw error
        }
    }

    private static func withTime(
        _ timestamp: Timestamp, _ set: (UnsafeMutablePointer<ASN1_TIME>) -> Int32
    ) throws(CryptoError) {
        let time = try unsafe ASN1.time(timestamp)
        defer { unsafe ASN1_TIME_free(time) }
        try check(unsafe set(time), "ASN1_TIME")
    }
}
