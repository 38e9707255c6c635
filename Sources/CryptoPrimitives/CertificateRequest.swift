// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// A PKCS#10 request. Whoever has one knows that the holder of its key made it: a wrong signature is refused while parsing.
package struct CertificateRequest: Sendable, Hashable {
    package let der: [UInt8]
    package let subject: DistinguishedName
    package let uriNames: [String]
    package let dnsNames: [String]
    package let ipNames: [String]
    package let publicKey: PublicKey

    /// Signs with `key`, whose public half goes into the request.
    package static func make(
        key: PrivateKey, subject: DistinguishedName, uriNames: [String] = [], dnsNames: [String] = [], ipNames: [String] = []
    ) throws(CryptoError) -> CertificateRequest {
        let names = try AlternativeNames(uris: uriNames, dns: dnsNames, addresses: ipNames)
        let request = try RequestHandle()
        try check(unsafe X509_REQ_set_version(request.handle, 0), "X509_REQ_set_version")
        let name = try unsafe subject.makeName()
        defer { unsafe X509_NAME_free(name) }
        try check(unsafe X509_REQ_set_subject_name(request.handle, name), "X509_REQ_set_subject_name")
        try check(unsafe X509_REQ_set_pubkey(request.handle, key.handle), "X509_REQ_set_pubkey")
        if !names.isEmpty { try unsafe Extension.addAlternativeNames(names, to: request.handle) }
        guard unsafe X509_REQ_sign(request.handle, key.handle, Extension.signatureHash(key)) > 0 else { throw .last("X509_REQ_sign") }
        return unsafe try CertificateRequest(der: ASN1.encoded("i2d_X509_REQ") { unsafe i2d_X509_REQ(request.handle, $0) })
    }

    package init(der: [UInt8]) throws(CryptoError) {
        guard der.count <= Certificate.sizeLimit else {
            throw .tooLarge(of: "the certificate request", limit: Certificate.sizeLimit, found: der.count)
        }
        let request = try RequestHandle(der: der)
        let name = unsafe X509_REQ_get_subject_name(request.handle)
        subject = unsafe DistinguishedName.read(name)
        guard let key = unsafe X509_REQ_get0_pubkey(request.handle) else { throw .malformedRequest("its key cannot be read") }
        publicKey = try unsafe PublicKey.read(from: key)
        guard publicKey.algorithm.canCertify, unsafe X509_REQ_verify(request.handle, key) == 1 else {
            OpenSSLErrors.clear()
            throw .requestSignature
        }
        guard let names = unsafe Extension.alternativeNames(of: request.handle) else {
            throw .malformedRequest("a subject alternative name is malformed")
        }
        uriNames = names.uris
        dnsNames = names.dns
        ipNames = names.addresses
        self.der = der
    }

    /// Text with exactly one `CERTIFICATE REQUEST` block.
    package init(pem: String) throws(CryptoError) {
        let blocks = try unsafe PEM.blocks(
            pem, read: { unsafe PEM_read_bio_X509_REQ($0, nil, { _, _, _, _ in -1 }, nil) },
            encode: { value throws(CryptoError) in try unsafe ASN1.encoded("i2d_X509_REQ") { unsafe i2d_X509_REQ(value, $0) } },
            free: { unsafe X509_REQ_free($0) }, malformed: { .malformedRequest($0) })
        guard let first = blocks.first, blocks.count == 1 else {
            throw .malformedRequest("the text has \(blocks.count) requests, expected one")
        }
        try self.init(der: first)
    }

    package var pem: String { PEM.text("CERTIFICATE REQUEST", der) }
}

/// Owns an `X509_REQ`.
@safe private struct RequestHandle: ~Copyable {
    let handle: OpaquePointer

    init() throws(CryptoError) {
        OpenSSLErrors.clear()
        guard let handle = unsafe X509_REQ_new() else { throw .last("X509_REQ_new") }
        unsafe self.handle = handle
    }

    init(der: [UInt8]) throws(CryptoError) {
        let decoded = unsafe ASN1.decoded(der, { unsafe d2i_X509_REQ(nil, $0, $1) }, free: { unsafe X509_REQ_free($0) })
        guard let handle = unsafe decoded else { throw .malformedRequest("it is not one DER request") }
        unsafe self.handle = handle
    }

    deinit { unsafe X509_REQ_free(handle) }
}
