// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// The extensions that we put into certificates, requests and revocation lists. Targets are borrowed handles.
enum Extension {
    /// Ed25519 hashes inside the signature; ECDSA takes SHA-256.
    static func signatureHash(_ key: PrivateKey) -> OpaquePointer? {
        unsafe key.algorithm == .p256 ? EVP_sha256() : nil
    }

    static func addBasicConstraints(isCA: Bool, pathLength: Int?, to certificate: OpaquePointer) throws(CryptoError) {
        guard let constraints = unsafe BASIC_CONSTRAINTS_new() else { throw .last("BASIC_CONSTRAINTS_new") }
        defer { unsafe BASIC_CONSTRAINTS_free(constraints) }
        unsafe constraints.pointee.ca = isCA ? 0xFF : 0
        if isCA, let pathLength {
            unsafe constraints.pointee.pathlen = try ASN1.integer([UInt8(clamping: pathLength)])
        }
        try unsafe add(NID_basic_constraints, constraints, critical: true, to: certificate)
    }

    static func addKeyUsage(_ usage: Set<Certificate.KeyUsage>, to certificate: OpaquePointer) throws(CryptoError) {
        guard let bits = unsafe ASN1_BIT_STRING_new() else { throw .last("ASN1_BIT_STRING_new") }
        defer { unsafe ASN1_BIT_STRING_free(bits) }
        for use in usage { try check(unsafe ASN1_BIT_STRING_set_bit(bits, use.number, 1), "ASN1_BIT_STRING_set_bit") }
        try unsafe add(NID_key_usage, bits, critical: true, to: certificate)
    }

    /// `purposes` are `NID_server_auth` and `NID_client_auth`.
    static func addExtendedKeyUsage(_ purposes: [Int32], to certificate: OpaquePointer) throws(CryptoError) {
        guard let usage = unsafe kouan_sk_ASN1_OBJECT_new() else { throw .last("EXTENDED_KEY_USAGE_new") }
        defer { unsafe kouan_sk_ASN1_OBJECT_pop_free(usage) }
        for purpose in purposes {
            guard unsafe kouan_sk_ASN1_OBJECT_push(usage, OBJ_nid2obj(purpose)) > 0 else { throw .last("sk_ASN1_OBJECT_push") }
        }
        try unsafe add(NID_ext_key_usage, UnsafeMutableRawPointer(usage), critical: false, to: certificate)
    }

    static func addAlternativeNames(_ names: AlternativeNames, toCertificate certificate: OpaquePointer) throws(CryptoError) {
        let encoded = try unsafe names.make()
        defer { unsafe kouan_sk_GENERAL_NAME_pop_free(encoded) }
        try unsafe add(NID_subject_alt_name, UnsafeMutableRawPointer(encoded), critical: false, to: certificate)
    }

    /// RFC 7093 §2 (1): the leftmost 160 bits of the key's SHA-256.
    static func addSubjectKeyID(_ key: PublicKey, to certificate: OpaquePointer) throws(CryptoError) {
        let value = try unsafe ASN1.string(Array(Hash.sha256(key.raw).prefix(20)), type: V_ASN1_OCTET_STRING)
        defer { unsafe ASN1_STRING_free(value) }
        try unsafe add(NID_subject_key_identifier, value, critical: false, to: certificate)
    }

    static func addAuthorityKeyID(of authority: OpaquePointer, to certificate: OpaquePointer) throws(CryptoError) {
        guard let identifier = try unsafe makeAuthorityKeyID(of: authority) else { return }
        defer { unsafe AUTHORITY_KEYID_free(identifier) }
        try unsafe add(NID_authority_key_identifier, identifier, critical: false, to: certificate)
    }

    static func addAuthorityKeyID(of authority: OpaquePointer, toList list: OpaquePointer) throws(CryptoError) {
        guard let identifier = try unsafe makeAuthorityKeyID(of: authority) else { return }
        defer { unsafe AUTHORITY_KEYID_free(identifier) }
        try check(
            unsafe X509_CRL_add1_ext_i2d(list, NID_authority_key_identifier, identifier, 0, 0), "X509_CRL_add1_ext_i2d")
    }

    static func addNumber(_ number: Int64, toList list: OpaquePointer) throws(CryptoError) {
        guard let integer = unsafe ASN1_INTEGER_new() else { throw .last("ASN1_INTEGER_new") }
        defer { unsafe ASN1_INTEGER_free(integer) }
        try check(unsafe ASN1_INTEGER_set_int64(integer, number), "ASN1_INTEGER_set_int64")
        try check(unsafe X509_CRL_add1_ext_i2d(list, NID_crl_number, integer, 0, 0), "X509_CRL_add1_ext_i2d")
    }

    // MARK: Requests

    static func addAlternativeNames(_ names: AlternativeNames, to request: OpaquePointer) throws(CryptoError) {
        let encoded = try unsafe names.make()
        defer { unsafe kouan_sk_GENERAL_NAME_pop_free(encoded) }
        guard let value = unsafe X509V3_EXT_i2d(NID_subject_alt_name, 0, UnsafeMutableRawPointer(encoded)) else {
            throw .last("X509V3_EXT_i2d")
        }
        guard let extensions = unsafe kouan_sk_X509_EXTENSION_new(), unsafe kouan_sk_X509_EXTENSION_push(extensions, value) > 0 else {
            unsafe X509_EXTENSION_free(value)
            throw .last("sk_X509_EXTENSION_push")
        }
        defer { unsafe kouan_sk_X509_EXTENSION_pop_free(extensions) }
        try check(unsafe X509_REQ_add_extensions(request, extensions), "X509_REQ_add_extensions")
    }

    /// Nil when they are malformed.
    static func alternativeNames(of request: OpaquePointer) -> AlternativeNames? {
        guard let extensions = unsafe X509_REQ_get_extensions(request) else { return unsafe AlternativeNames(reading: nil) }
        defer {
            unsafe kouan_sk_X509_EXTENSION_pop_free(extensions)
            OpenSSLErrors.clear()
        }
        var critical: Int32 = 0
        let value = unsafe X509V3_get_d2i(extensions, NID_subject_alt_name, &critical, nil).map { OpaquePointer($0) }
        defer { if let value = unsafe value { unsafe kouan_sk_GENERAL_NAME_pop_free(value) } }
        guard unsafe value != nil || critical == -1 else { return nil }
        return unsafe AlternativeNames(reading: value)
    }

    // MARK: Parts

    /// The identifier of the authority's key, owned by the caller; nil when its certificate has none.
    private static func makeAuthorityKeyID(of authority: OpaquePointer) throws(CryptoError) -> UnsafeMutablePointer<AUTHORITY_KEYID>? {
        guard let key = unsafe X509_get0_subject_key_id(authority) else { return nil }
        guard let identifier = unsafe AUTHORITY_KEYID_new() else { throw .last("AUTHORITY_KEYID_new") }
        unsafe identifier.pointee.keyid = ASN1_OCTET_STRING_dup(key)
        return unsafe identifier
    }

    private static func add(
        _ identifier: Int32, _ value: UnsafeMutableRawPointer, critical: Bool, to certificate: OpaquePointer
    ) throws(CryptoError) {
        try check(unsafe X509_add1_ext_i2d(certificate, identifier, value, critical ? 1 : 0, 0), "X509_add1_ext_i2d")
    }
}
