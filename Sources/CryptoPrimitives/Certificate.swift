// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL
package import ExchangeModel

/// An X.509 certificate with the fields that identity checks read, taken out once when it is parsed.
///
/// Parsing says nothing about trust: that is `ChainVerifier`'s answer.
/// Sendable: OpenSSL fills its caches in `init` and only reads, or locks, afterwards.
@safe package final class Certificate: @unchecked Sendable {
    package enum KeyUsage: Sendable, Hashable, CaseIterable {
        case digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment, keyAgreement, keyCertSign, crlSign
    }
    package enum ExtendedKeyUsage: Sendable, Hashable { case serverAuth, clientAuth, any, other }

    /// Larger certificates are refused.
    package static let sizeLimit = 64 * 1024

    package let der: [UInt8]
    /// RFC 2253 text.
    package let subject: String
    package let subjectName: DistinguishedName
    /// RFC 2253 text.
    package let issuer: String
    /// Lower-case hexadecimal in whole bytes.
    package let serial: String
    package let uriNames: [String]
    package let dnsNames: [String]
    package let ipNames: [String]
    package let notBefore: Timestamp
    package let notAfter: Timestamp
    /// Nil when the key is of another algorithm than ours, as an authority's RSA key.
    package let publicKey: PublicKey?
    /// SHA-256 of the SubjectPublicKeyInfo as it stands in the certificate: what a node card lists.
    package let publicKeyFingerprint: Digest
    /// Nil when the extension is absent, which permits every use.
    package let keyUsage: Set<KeyUsage>?
    /// Nil when the extension is absent, which permits every use.
    package let extendedKeyUsage: Set<ExtendedKeyUsage>?
    package let isCA: Bool
    /// SHA-256 of the DER.
    package let fingerprint: Digest
    /// An `X509`; lives as long as this object. Take a reference of your own before you give it away.
    package let handle: OpaquePointer

    package init(der: [UInt8]) throws(CryptoError) {
        guard der.count <= Self.sizeLimit else { throw .tooLarge(of: "the certificate", limit: Self.sizeLimit, found: der.count) }
        let decoded = unsafe ASN1.decoded(der, { unsafe d2i_X509(nil, $0, $1) }, free: { unsafe X509_free($0) })
        guard let handle = unsafe decoded else { throw .malformedCertificate("it is not one DER certificate") }
        unsafe self.handle = handle  // from here on deinit frees it, but only once every field is set
        self.der = der

        let fields: Fields
        do { fields = try unsafe Fields(handle) } catch {
            unsafe X509_free(handle)
            throw error
        }
        subject = fields.subject
        subjectName = fields.subjectName
        issuer = fields.issuer
        serial = fields.serial
        uriNames = fields.names.uris
        dnsNames = fields.names.dns
        ipNames = fields.names.addresses
        notBefore = fields.notBefore
        notAfter = fields.notAfter
        publicKey = fields.publicKey
        publicKeyFingerprint = fields.publicKeyFingerprint
        keyUsage = fields.keyUsage
        extendedKeyUsage = fields.extendedKeyUsage
        isCA = fields.isCA
        fingerprint = Hash.digest(der)
    }

    /// Text with exactly one `CERTIFICATE` block.
    package convenience init(pem: String) throws(CryptoError) {
        let blocks = try Self.blocks(pem)
        guard let first = blocks.first, blocks.count == 1 else {
            throw .malformedCertificate("the text has \(blocks.count) certificates, expected one")
        }
        try self.init(der: first)
    }

    /// A copy of an `X509` that OpenSSL holds, as in a TLS callback.
    package convenience init(copying handle: OpaquePointer) throws(CryptoError) {
        unsafe try self.init(der: ASN1.encoded("i2d_X509") { unsafe i2d_X509(handle, $0) })
    }

    /// Every `CERTIFICATE` block in order, at least one and at most a hundred.
    package static func chain(pem: String) throws(CryptoError) -> [Certificate] {
        let blocks = try blocks(pem)
        guard !blocks.isEmpty else { throw .malformedCertificate("the text has no certificate") }
        var chain: [Certificate] = []
        for block in blocks { chain.append(try Certificate(der: block)) }
        return chain
    }

    package var pem: String { PEM.text("CERTIFICATE", der) }

    /// Whether `key` is the private half of this certificate's key.
    package func belongs(to key: PrivateKey) -> Bool { publicKey == key.publicKey }

    private static func blocks(_ pem: String) throws(CryptoError) -> [[UInt8]] {
        try unsafe PEM.blocks(
            pem, read: { unsafe PEM_read_bio_X509($0, nil, { _, _, _, _ in -1 }, nil) },
            encode: { value throws(CryptoError) in try unsafe ASN1.encoded("i2d_X509") { unsafe i2d_X509(value, $0) } },
            free: { unsafe X509_free($0) }, malformed: { .malformedCertificate($0) })
    }

    deinit { unsafe X509_free(handle) }
}

extension Certificate: Hashable, CustomStringConvertible {
    package static func == (a: Certificate, b: Certificate) -> Bool { a.der == b.der }
    package func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }
    package var description: String { "Certificate(\(subject), serial \(serial))" }
}

/// What `Certificate.init` takes out of a borrowed `X509`.
private struct Fields {
    let subject: String
    let subjectName: DistinguishedName
    let issuer: String
    let serial: String
    let names: AlternativeNames
    let notBefore: Timestamp
    let notAfter: Timestamp
    let publicKey: PublicKey?
    let publicKeyFingerprint: Digest
    let keyUsage: Set<Certificate.KeyUsage>?
    let extendedKeyUsage: Set<Certificate.ExtendedKeyUsage>?
    let isCA: Bool

    init(_ handle: OpaquePointer) throws(CryptoError) {
        // Fills the extension cache; a second extension of a kind or a broken one makes the certificate invalid.
        guard unsafe X509_check_purpose(handle, -1, 0) == 1, unsafe X509_get_extension_flags(handle) & UInt32(EXFLAG_INVALID) == 0 else {
            throw .malformedCertificate("an extension is broken")
        }
        unsafe subject = DistinguishedName.text(X509_get_subject_name(handle))
        unsafe subjectName = DistinguishedName.read(X509_get_subject_name(handle))
        unsafe issuer = DistinguishedName.text(X509_get_issuer_name(handle))
        guard let serial = unsafe ASN1.hex(X509_get0_serialNumber(handle)) else {
            throw .malformedCertificate("the serial number is negative")
        }
        self.serial = serial
        guard let notBefore = unsafe ASN1.timestamp(X509_get0_notBefore(handle)),
            let notAfter = unsafe ASN1.timestamp(X509_get0_notAfter(handle))
        else { throw .malformedCertificate("a time is malformed") }
        self.notBefore = notBefore
        self.notAfter = notAfter

        var critical: Int32 = 0
        let alternatives = unsafe X509_get_ext_d2i(handle, NID_subject_alt_name, &critical, nil).map { OpaquePointer($0) }
        defer { if let alternatives = unsafe alternatives { unsafe kouan_sk_GENERAL_NAME_pop_free(alternatives) } }
        // -1: the extension is absent. Anything else without a value is one that does not parse or appears twice.
        guard unsafe alternatives != nil || critical == -1, let names = unsafe AlternativeNames(reading: alternatives) else {
            throw .malformedCertificate("a subject alternative name is malformed")
        }
        self.names = names

        publicKey = unsafe X509_get0_pubkey(handle).flatMap { key in try? unsafe PublicKey.read(from: key) }
        OpenSSLErrors.clear()
        let spki = try unsafe ASN1.encoded("i2d_X509_PUBKEY") { unsafe i2d_X509_PUBKEY(X509_get_X509_PUBKEY(handle), $0) }
        publicKeyFingerprint = Hash.digest(spki)

        let flags = unsafe X509_get_extension_flags(handle)
        keyUsage = unsafe flags & UInt32(EXFLAG_KUSAGE) == 0 ? nil : Self.keyUsage(X509_get_key_usage(handle))
        extendedKeyUsage = unsafe flags & UInt32(EXFLAG_XKUSAGE) == 0 ? nil : Self.extendedKeyUsage(X509_get_extended_key_usage(handle))
        isCA = unsafe X509_check_ca(handle) == 1
    }

    private static func keyUsage(_ bits: UInt32) -> Set<Certificate.KeyUsage> {
        Set(Certificate.KeyUsage.allCases.filter { bits & UInt32($0.bit) != 0 })
    }

    private static func extendedKeyUsage(_ bits: UInt32) -> Set<Certificate.ExtendedKeyUsage> {
        var usage: Set<Certificate.ExtendedKeyUsage> = []
        if bits & UInt32(XKU_SSL_SERVER) != 0 { usage.insert(.serverAuth) }
        if bits & UInt32(XKU_SSL_CLIENT) != 0 { usage.insert(.clientAuth) }
        if bits & UInt32(XKU_ANYEKU) != 0 { usage.insert(.any) }
        if bits & ~UInt32(XKU_SSL_SERVER | XKU_SSL_CLIENT | XKU_ANYEKU) != 0 || bits == 0 { usage.insert(.other) }
        return usage
    }
}

extension Certificate.KeyUsage {
    /// The bit of OpenSSL's `KU_…`.
    fileprivate var bit: Int32 {
        switch self {
        case .digitalSignature: KU_DIGITAL_SIGNATURE
        case .nonRepudiation: KU_NON_REPUDIATION
        case .keyEncipherment: KU_KEY_ENCIPHERMENT
        case .dataEncipherment: KU_DATA_ENCIPHERMENT
        case .keyAgreement: KU_KEY_AGREEMENT
        case .keyCertSign: KU_KEY_CERT_SIGN
        case .crlSign: KU_CRL_SIGN
        }
    }

    /// The bit number in the extension (RFC 5280 §4.2.1.3).
    var number: Int32 {
        switch self {
        case .digitalSignature: 0
        case .nonRepudiation: 1
        case .keyEncipherment: 2
        case .dataEncipherment: 3
        case .keyAgreement: 4
        case .keyCertSign: 5
        case .crlSign: 6
        }
    }
}
