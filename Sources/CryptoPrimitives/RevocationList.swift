// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL
package import ExchangeModel

/// A certificate revocation list. Parsing says nothing about its signature: that is `ChainVerifier`'s answer, or `isSigned(by:)`.
///
/// Sendable: OpenSSL fills its caches when it parses and only reads, or locks, afterwards.
@safe package final class RevocationList: @unchecked Sendable {
    /// Larger lists are refused: a hundred thousand entries fit.
    package static let sizeLimit = 8 * 1024 * 1024

    package let der: [UInt8]
    /// RFC 2253 text.
    package let issuer: String
    /// The crlNumber; a node refuses a lower one than it has seen from this issuer. Nil when the extension is absent.
    package let number: Int64?
    package let thisUpdate: Timestamp
    /// Required here although RFC 5280 could be read otherwise: a list without an end would be current for ever.
    package let nextUpdate: Timestamp
    /// Lower-case hexadecimal, as `Certificate.serial`.
    package let revokedSerials: Set<String>
    /// An `X509_CRL`; lives as long as this object.
    package let handle: OpaquePointer

    package init(der: [UInt8]) throws(CryptoError) {
        guard der.count <= Self.sizeLimit else { throw .tooLarge(of: "the revocation list", limit: Self.sizeLimit, found: der.count) }
        let decoded = unsafe ASN1.decoded(der, { unsafe d2i_X509_CRL(nil, $0, $1) }, free: { unsafe X509_CRL_free($0) })
        guard let handle = unsafe decoded else { throw .malformedRevocationList("it is not one DER list") }
        do {
            number = try unsafe Self.number(handle)
            (thisUpdate, nextUpdate) = try unsafe Self.times(handle)
            revokedSerials = try unsafe Self.serials(handle)
        } catch {
            unsafe X509_CRL_free(handle)
            throw error
        }
        unsafe issuer = DistinguishedName.text(X509_CRL_get_issuer(handle))
        self.der = der
        unsafe self.handle = handle
    }

    /// Text with exactly one `X509 CRL` block.
    package convenience init(pem: String) throws(CryptoError) {
        let blocks = try Self.blocks(pem)
        guard let first = blocks.first, blocks.count == 1 else {
            throw .malformedRevocationList("the text has \(blocks.count) lists, expected one")
        }
        try self.init(der: first)
    }

    /// Every `X509 CRL` block in order; none is allowed, as in a file that only holds certificates.
    package static func all(pem: String) throws(CryptoError) -> [RevocationList] {
        var lists: [RevocationList] = []
        for block in try blocks(pem) { lists.append(try RevocationList(der: block)) }
        return lists
    }

    package var pem: String { PEM.text("X509 CRL", der) }

    /// Whether the issuer's name is that certificate's subject and its key made the signature.
    package func isSigned(by authority: Certificate) -> Bool {
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }
        guard unsafe X509_NAME_cmp(X509_CRL_get_issuer(handle), X509_get_subject_name(authority.handle)) == 0,
            let key = unsafe X509_get0_pubkey(authority.handle)
        else { return false }
        return unsafe X509_CRL_verify(handle, key) == 1
    }

    private static func number(_ handle: OpaquePointer) throws(CryptoError) -> Int64? {
        var critical: Int32 = 0
        guard let value = unsafe X509_CRL_get_ext_d2i(handle, NID_crl_number, &critical, nil) else {
            if critical == -1 { return nil }
            throw .malformedRevocationList("its number is malformed")
        }
        let integer = unsafe value.assumingMemoryBound(to: ASN1_INTEGER.self)
        defer { unsafe ASN1_INTEGER_free(integer) }
        var number: Int64 = 0
        guard unsafe ASN1_INTEGER_get_int64(&number, integer) == 1, number >= 0 else {
            OpenSSLErrors.clear()
            throw .malformedRevocationList("its number does not fit 63 bits")
        }
        return number
    }

    private static func times(_ handle: OpaquePointer) throws(CryptoError) -> (Timestamp, Timestamp) {
        guard let this = unsafe ASN1.timestamp(X509_CRL_get0_lastUpdate(handle)) else {
            throw .malformedRevocationList("its time is malformed")
        }
        guard let next = unsafe ASN1.timestamp(X509_CRL_get0_nextUpdate(handle)) else {
            throw .malformedRevocationList("it does not say when the next list comes")
        }
        return (this, next)
    }

    private static func serials(_ handle: OpaquePointer) throws(CryptoError) -> Set<String> {
        guard let entries = unsafe X509_CRL_get_REVOKED(handle) else { return [] }
        var serials: Set<String> = []
        for index in 0..<max(0, unsafe kouan_sk_X509_REVOKED_num(entries)) {
            guard let entry = unsafe kouan_sk_X509_REVOKED_value(entries, index),
                let serial = unsafe ASN1.hex(X509_REVOKED_get0_serialNumber(entry))
            else { throw .malformedRevocationList("a serial number is negative") }
            serials.insert(serial)
        }
        return serials
    }

    private static func blocks(_ pem: String) throws(CryptoError) -> [[UInt8]] {
        try unsafe PEM.blocks(
            pem, read: { unsafe PEM_read_bio_X509_CRL($0, nil, { _, _, _, _ in -1 }, nil) },
            encode: { value throws(CryptoError) in try unsafe ASN1.encoded("i2d_X509_CRL") { unsafe i2d_X509_CRL(value, $0) } },
            free: { unsafe X509_CRL_free($0) }, malformed: { .malformedRevocationList($0) })
    }

    deinit { unsafe X509_CRL_free(handle) }
}

extension RevocationList: Hashable {
    package static func == (a: RevocationList, b: RevocationList) -> Bool { a.der == b.der }
    package func hash(into hasher: inout Hasher) { hasher.combine(der) }
}
