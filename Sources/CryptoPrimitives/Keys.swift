// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL
package import ExchangeModel

package enum KeyAlgorithm: String, Sendable, Codable, CaseIterable {
    case ed25519, p256, x25519, sm2

    /// Bytes of `PublicKey.raw`: P-256 and SM2 are uncompressed points.
    package var publicKeySize: Int { isPoint ? 65 : 32 }
    package var canSign: Bool { self != .x25519 }
    /// Whether certificates, requests and revocation lists carry and are signed with such keys.
    package var canCertify: Bool { self == .ed25519 || self == .p256 }

    var isPoint: Bool { self == .p256 || self == .sm2 }

    /// The DER before the raw key in a SubjectPublicKeyInfo (RFC 8410 §4, RFC 5480 §2, GM/T 0010).
    var spkiPrefix: [UInt8] {
        switch self {
        case .ed25519: [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
        case .x25519: [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00]
        case .p256:
            [
                0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
            ]
        case .sm2:
            [
                0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55,
                0x01, 0x82, 0x2d, 0x03, 0x42, 0x00,
            ]
        }
    }

    var rawKeyType: Int32 { self == .ed25519 ? EVP_PKEY_ED25519 : EVP_PKEY_X25519 }

    /// What a signature hashes with; nil where the algorithm itself says.
    var signatureHash: OpaquePointer? {
        switch self {
        case .ed25519, .x25519: nil
        case .p256: unsafe HashAlgorithm.sha256.fetched.handle
        case .sm2: unsafe HashAlgorithm.sm3.fetched.handle
        }
    }
}

/// A public key of one of our four algorithms, in its one encoding.
///
/// Sendable: the handle is never changed after `init`, and OpenSSL allows concurrent reading of an `EVP_PKEY`.
@safe package final class PublicKey: @unchecked Sendable {
    package let algorithm: KeyAlgorithm
    /// 32 bytes; for P-256 and SM2 the uncompressed point of 65 bytes.
    package let raw: [UInt8]
    /// For TLSTransport and certificates; lives as long as this object.
    package let handle: OpaquePointer

    /// Refuses a wrong size and a point that is not on its curve.
    package convenience init(raw: [UInt8], algorithm: KeyAlgorithm) throws(CryptoError) {
        guard raw.count == algorithm.publicKeySize else {
            throw .wrongSize(of: "the public key", expected: algorithm.publicKeySize, found: raw.count)
        }
        try self.init(spki: algorithm.spkiPrefix + raw)
    }

    /// Refuses anything but the one canonical encoding: no compressed point, no explicit curve parameters, no trailing byte.
    package convenience init(spki: [UInt8]) throws(CryptoError) {
        guard let algorithm = KeyAlgorithm.allCases.first(where: { spki.starts(with: $0.spkiPrefix) }),
            spki.count == algorithm.spkiPrefix.count + algorithm.publicKeySize
        else { throw .malformedKey("it is not an Ed25519, X25519, P-256 or SM2 key in its canonical encoding") }
        let raw = Array(spki[algorithm.spkiPrefix.count...])
        guard !algorithm.isPoint || raw[0] == 4 else { throw .malformedKey("the point is compressed") }
        OpenSSLErrors.clear()
        // The raw form skips OpenSSL's decoders, which cost more than a signature; a curve needs them to check the point.
        let handle =
            switch algorithm {
            case .ed25519, .x25519: unsafe EVP_PKEY_new_raw_public_key(algorithm.rawKeyType, nil, raw, raw.count)
            case .p256, .sm2:
                unsafe spki.withUnsafeBufferPointer { bytes in
                    var position = bytes.baseAddress
                    return unsafe d2i_PUBKEY(nil, &position, bytes.count)
                }
            }
        guard let handle = unsafe handle else {
            let detail = OpenSSLErrors.drain().joined(separator: "; ")
            throw .malformedKey("it is not a point of its curve (`\(detail)`)")
        }
        unsafe self.init(owning: handle, algorithm: algorithm, raw: raw)
    }

    /// `ed25519:<base64>`; nil for anything but the one spelling of a valid key.
    package convenience init?(parsing text: String) {
        guard text.utf8.count <= 128, let colon = text.firstIndex(of: ":"), let algorithm = KeyAlgorithm(rawValue: String(text[..<colon])),
            let raw = Base64.decode(String(text[text.index(after: colon)...]))
        else { return nil }
        try? self.init(raw: raw, algorithm: algorithm)
    }

    /// Takes over `handle`.
    private init(owning handle: OpaquePointer, algorithm: KeyAlgorithm, raw: [UInt8]) {
        unsafe self.handle = handle
        self.algorithm = algorithm
        self.raw = raw
    }

    /// The public half of any `EVP_PKEY`; borrows it.
    static func read(from key: OpaquePointer) throws(CryptoError) -> PublicKey {
        OpenSSLErrors.clear()
        var encoded: UnsafeMutablePointer<UInt8>?
        let count = unsafe Int(i2d_PUBKEY(key, &encoded))
        guard count > 0, let bytes = unsafe encoded else { throw .last("i2d_PUBKEY") }
        defer { unsafe CRYPTO_free(bytes, nil, 0) }
        return try PublicKey(spki: unsafe [UInt8](UnsafeBufferPointer(start: bytes, count: count)))
    }

    package var spki: [UInt8] { algorithm.spkiPrefix + raw }
    /// SHA-256 of the SubjectPublicKeyInfo, as node cards and space files name keys.
    package var fingerprint: Digest { Hash.digest(spki) }

    /// Ed25519: 64 raw bytes. P-256: ECDSA with SHA-256 in strict DER. SM2: with SM3 and the id of `SM2.identity`, in strict DER. Any
    /// malformed input is simply not a signature.
    package func verify(_ signature: [UInt8], _ message: [UInt8]) -> Bool {
        guard algorithm.canSign, !signature.isEmpty, let context = unsafe EVP_MD_CTX_new() else { return false }
        defer {
            unsafe EVP_MD_CTX_free(context)
            OpenSSLErrors.clear()
        }
        OpenSSLErrors.clear()
        var parameters: OpaquePointer?  // owned by `context`
        guard (unsafe EVP_DigestVerifyInit(context, &parameters, algorithm.signatureHash, nil, handle)) == 1,
            algorithm != .sm2 || (unsafe SM2.setIdentity(parameters)) == 1
        else { return false }
        return unsafe EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    deinit { unsafe EVP_PKEY_free(handle) }
}

extension PublicKey: Hashable, CustomStringConvertible, Codable {
    package static func == (a: PublicKey, b: PublicKey) -> Bool { a.algorithm == b.algorithm && a.raw == b.raw }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(algorithm)
        hasher.combine(raw)
    }

    package var description: String { "\(algorithm.rawValue):\(Base64.encode(raw))" }

    package convenience init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard text.utf8.count <= 128, let colon = text.firstIndex(of: ":"), let algorithm = KeyAlgorithm(rawValue: String(text[..<colon])),
            let raw = Base64.decode(String(text[text.index(after: colon)...]))
        else { throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a public key") }
        try self.init(raw: raw, algorithm: algorithm)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A private key. OpenSSL wipes it when the handle is freed.
///
/// Sendable: the handle is never changed after `init`; each signature uses a context of its own.
@safe package final class PrivateKey: @unchecked Sendable {
    package let algorithm: KeyAlgorithm
    package let publicKey: PublicKey
    /// For TLSTransport and certificates; lives as long as this object.
    package let handle: OpaquePointer

    package static func generate(_ algorithm: KeyAlgorithm) throws(CryptoError) -> PrivateKey {
        OpenSSLErrors.clear()
        let handle =
            switch algorithm {
            case .p256: unsafe kouan_EVP_EC_gen("P-256")
            case .sm2: unsafe SM2.generate()
            case .ed25519, .x25519: unsafe generate(rawKeyType: algorithm.rawKeyType)
            }
        guard let handle = unsafe handle else { throw .last("EVP_PKEY_generate") }
        return try unsafe PrivateKey(owning: handle)
    }

    /// 32 bytes: a seed for Ed25519 and X25519, the number d for SM2.
    package convenience init(raw: [UInt8], algorithm: KeyAlgorithm) throws(CryptoError) {
        guard algorithm != .p256 else { throw .wrongAlgorithm(expected: "ed25519, x25519 or sm2", found: algorithm.rawValue) }
        guard raw.count == 32 else { throw .wrongSize(of: "the private key", expected: 32, found: raw.count) }
        OpenSSLErrors.clear()
        if algorithm == .sm2 {
            try unsafe self.init(owning: SM2.key(SecretBytes(raw)))
            return
        }
        guard let handle = unsafe EVP_PKEY_new_raw_private_key(algorithm.rawKeyType, nil, raw, raw.count) else {
            throw .last("EVP_PKEY_new_raw_private_key")
        }
        try unsafe self.init(owning: handle)
    }

    /// One unencrypted PEM block: PKCS#8, or the older `EC PRIVATE KEY`.
    package convenience init(pem: String) throws(CryptoError) {
        var text = pem
        let result = text.withUTF8 { utf8 in
            unsafe Result { () throws(CryptoError) in try unsafe PrivateKey.readPEM(UnsafeRawBufferPointer(utf8)) }
        }
        try unsafe self.init(owning: result.get())
    }

    convenience init(pemBytes: UnsafeRawBufferPointer) throws(CryptoError) {
        try unsafe self.init(owning: PrivateKey.readPEM(pemBytes))
    }

    /// Takes over `handle`, also when it throws.
    init(owning handle: OpaquePointer) throws(CryptoError) {
        unsafe self.handle = handle
        do { publicKey = try unsafe PublicKey.read(from: handle) } catch {
            unsafe EVP_PKEY_free(handle)  // deinit runs only for a whole object
            throw error
        }
        algorithm = publicKey.algorithm
        // As an ordinary curve key it would sign ECDSA.
        guard unsafe algorithm != .sm2 || EVP_PKEY_is_a(handle, "SM2") == 1 else { throw .malformedKey("the SM2 key must be PKCS#8") }
    }

    /// PKCS#8, unencrypted. The text is not wiped: use `KeyFile.write` to store a key.
    package var pem: String {
        let memory = MemoryBIO()
        let result = unsafe PEM_write_bio_PKCS8PrivateKey(memory.handle, handle, nil, nil, 0, nil, nil)
        precondition(result == 1, "PEM_write_bio_PKCS8PrivateKey failed")
        return String(decoding: memory.contents, as: UTF8.self)
    }

    /// Ed25519: 64 raw bytes. P-256: ECDSA with SHA-256, DER. SM2: with SM3 and the id of `SM2.identity`, DER.
    package func sign(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
        guard algorithm.canSign else { throw .wrongAlgorithm(expected: "ed25519, p256 or sm2", found: algorithm.rawValue) }
        OpenSSLErrors.clear()
        guard let context = unsafe EVP_MD_CTX_new() else { throw .last("EVP_MD_CTX_new") }
        defer { unsafe EVP_MD_CTX_free(context) }
        var parameters: OpaquePointer?  // owned by `context`
        try check(unsafe EVP_DigestSignInit(context, &parameters, algorithm.signatureHash, nil, handle), "EVP_DigestSignInit")
        if algorithm == .sm2 { try check(unsafe SM2.setIdentity(parameters), "EVP_PKEY_CTX_set1_id") }
        var count = unsafe Int(EVP_PKEY_get_size(handle))
        var signature = [UInt8](repeating: 0, count: count)
        try check(unsafe EVP_DigestSign(context, &signature, &count, message, message.count), "EVP_DigestSign")
        signature.removeLast(signature.count - count)
        return signature
    }

    /// The X25519 shared secret of 32 bytes; `.sharedSecretZero` when the peer's key has small order (RFC 7748 §6.1).
    package func sharedSecret(with peer: PublicKey) throws(CryptoError) -> SecretBytes {
        guard algorithm == .x25519 else { throw .wrongAlgorithm(expected: "x25519", found: algorithm.rawValue) }
        guard peer.algorithm == .x25519 else { throw .wrongAlgorithm(expected: "x25519", found: peer.algorithm.rawValue) }
        OpenSSLErrors.clear()
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, handle, nil) else { throw .last("EVP_PKEY_CTX_new_from_pkey") }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        try check(unsafe EVP_PKEY_derive_init(context), "EVP_PKEY_derive_init")
        try check(unsafe EVP_PKEY_derive_set_peer(context, peer.handle), "EVP_PKEY_derive_set_peer")
        var derived: Int32 = 0
        let secret = unsafe SecretBytes(count: 32) { memory in
            var count = memory.count
            derived = unsafe EVP_PKEY_derive(context, memory.baseAddress?.assumingMemoryBound(to: UInt8.self), &count)
        }
        let zero = SecretBytes([UInt8](repeating: 0, count: 32))
        guard derived == 1, secret != zero else {
            OpenSSLErrors.clear()
            throw .sharedSecretZero
        }
        return secret
    }

    private static func generate(rawKeyType: Int32) -> OpaquePointer? {
        guard let context = unsafe EVP_PKEY_CTX_new_id(rawKeyType, nil) else { return nil }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard (unsafe EVP_PKEY_keygen_init(context)) == 1, (unsafe EVP_PKEY_keygen(context, &key)) == 1 else { return nil }
        return unsafe key
    }

    private static func readPEM(_ text: UnsafeRawBufferPointer) throws(CryptoError) -> OpaquePointer {
        OpenSSLErrors.clear()
        let memory = try unsafe MemoryBIO(reading: text)
        // Without a callback OpenSSL would ask for the passphrase on the terminal.
        var asked = false
        let key = unsafe withUnsafeMutablePointer(to: &asked) { asked in
            unsafe PEM_read_bio_PrivateKey(
                memory.handle, nil,
                { _, _, _, asked in
                    unsafe asked?.assumingMemoryBound(to: Bool.self).pointee = true
                    return -1
                }, asked)
        }
        guard let key = unsafe key else {
            let detail = OpenSSLErrors.drain()
            throw asked ? .keyEncrypted : .malformedKey("it is not a PEM private key (`\(detail.joined(separator: "; "))`)")
        }
        return unsafe key
    }

    deinit { unsafe EVP_PKEY_free(handle) }
}

extension PrivateKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "PrivateKey(\(publicKey.description))" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
