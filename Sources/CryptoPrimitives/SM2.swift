// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// What SM2 keys need beyond the others (GB/T 32918 on the curve of its part 5), and encryption to them. Signatures are those of
/// `PrivateKey.sign` and `PublicKey.verify`.
package enum SM2 {
    /// The id of every signature. It is always set: OpenSSL 3.0 would take the empty one, and no other program would agree.
    package static let identity = Array("1234567812345678".utf8)

    /// More than any ciphertext of ours.
    package static let ciphertextLimit = 4_096

    /// A key that follows from 48 uniform bytes: d = 1 + (number mod (n − 2)), so 1 ≤ d ≤ n − 2.
    package static func derive(from seed: SecretBytes) throws(CryptoError) -> PrivateKey {
        guard seed.count == 48 else { throw .wrongSize(of: "the seed", expected: 48, found: seed.count) }
        OpenSSLErrors.clear()
        let (number, modulus, context) = unsafe (BN_secure_new(), BN_bin2bn(order, Int32(order.count), nil), BN_CTX_secure_new())
        defer {
            unsafe BN_clear_free(number)
            unsafe BN_free(modulus)
            unsafe BN_CTX_free(context)
        }
        let loaded = unsafe seed.withBytes { seed in
            unsafe BN_bin2bn(seed.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(seed.count), number) != nil
        }
        guard loaded, unsafe BN_sub_word(modulus, 2) == 1, unsafe BN_div(nil, number, number, modulus, context) == 1,
            unsafe BN_add_word(number, 1) == 1
        else { throw .last("BN_div") }
        var count: Int32 = -1
        let scalar = unsafe SecretBytes(count: 32) { memory in
            count = unsafe BN_bn2binpad(number, memory.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(memory.count))
        }
        guard count == 32 else { throw .last("BN_bn2binpad") }
        return try unsafe PrivateKey(owning: key(scalar))
    }

    // MARK: Encryption, GB/T 32918.4

    /// The ciphertext in DER: SEQUENCE { x, y, hash, bytes } (GM/T 0009 §7.2). Every call draws a new point.
    package static func seal(_ plaintext: SecretBytes, to recipient: PublicKey) throws(CryptoError) -> [UInt8] {
        guard recipient.algorithm == .sm2 else { throw .wrongAlgorithm(expected: "sm2", found: recipient.algorithm.rawValue) }
        OpenSSLErrors.clear()
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, recipient.handle, nil) else { throw .last("EVP_PKEY_CTX_new_from_pkey") }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        try check(unsafe EVP_PKEY_encrypt_init(context), "EVP_PKEY_encrypt_init")
        var sealed: [UInt8] = []
        let result = unsafe plaintext.withBytes { plaintext in
            let bytes = unsafe plaintext.baseAddress?.assumingMemoryBound(to: UInt8.self)
            var count = 0
            guard unsafe EVP_PKEY_encrypt(context, nil, &count, bytes, plaintext.count) == 1 else { return Int32(0) }
            sealed = [UInt8](repeating: 0, count: count)
            let result = unsafe EVP_PKEY_encrypt(context, &sealed, &count, bytes, plaintext.count)
            if result == 1 { sealed.removeLast(sealed.count - count) }
            return result
        }
        try check(result, "EVP_PKEY_encrypt")
        return sealed
    }

    /// The plaintext; `.notAuthentic` for anything but the one encoding of a ciphertext to this key.
    package static func open(_ ciphertext: [UInt8], with key: PrivateKey) throws(CryptoError) -> SecretBytes {
        guard key.algorithm == .sm2 else { throw .wrongAlgorithm(expected: "sm2", found: key.algorithm.rawValue) }
        guard let parts = Ciphertext(der: ciphertext) else { throw .notAuthentic }
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, key.handle, nil) else { throw .last("EVP_PKEY_CTX_new_from_pkey") }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        try check(unsafe EVP_PKEY_decrypt_init(context), "EVP_PKEY_decrypt_init")
        var opened = false
        let plaintext = unsafe SecretBytes(count: parts.bytes.count) { memory in
            var count = memory.count
            let start = unsafe memory.baseAddress?.assumingMemoryBound(to: UInt8.self)
            opened = unsafe EVP_PKEY_decrypt(context, start, &count, ciphertext, ciphertext.count) == 1 && count == memory.count
        }
        guard opened else { throw .notAuthentic }
        return plaintext
    }

    /// Whether `ciphertext` is the one DER encoding of a ciphertext of `count` bytes: OpenSSL also takes bytes that trail it.
    package static func isCiphertext(_ ciphertext: [UInt8], of count: Int) -> Bool { Ciphertext(der: ciphertext)?.bytes.count == count }

    /// The members of a ciphertext, from an encoding that is the one they have.
    private struct Ciphertext {
        let x: [UInt8]
        let y: [UInt8]
        let hash: [UInt8]
        let bytes: [UInt8]

        init?(der: [UInt8]) {
            guard der.count <= SM2.ciphertextLimit else { return nil }
            var outer = DERReader(der[...])
            guard let sequence = outer.element(0x30), outer.isAtEnd else { return nil }
            var members = DERReader(sequence)
            guard let x = members.element(0x02), let y = members.element(0x02), let hash = members.element(0x04),
                let bytes = members.element(0x04), members.isAtEnd, hash.count == 32, !bytes.isEmpty
            else { return nil }
            (self.x, self.y, self.hash, self.bytes) = (Array(x), Array(y), Array(hash), Array(bytes))
            guard Ciphertext.isCoordinate(self.x), Ciphertext.isCoordinate(self.y), encoded == der else { return nil }
        }

        /// At most 32 bytes, with a zero before a first bit that would be a sign, and no other leading zero.
        private static func isCoordinate(_ integer: [UInt8]) -> Bool {
            guard let first = integer.first, first < 0x80, integer.count <= (first == 0 ? 33 : 32) else { return false }
            return first != 0 || integer.count > 1 && integer[1] >= 0x80
        }

        private var encoded: [UInt8] {
            Ciphertext.element(
                0x30,
                Ciphertext.element(0x02, x) + Ciphertext.element(0x02, y) + Ciphertext.element(0x04, hash) + Ciphertext.element(0x04, bytes)
            )
        }

        private static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
            switch content.count {
            case ..<0x80: [tag, UInt8(content.count)] + content
            case ..<0x100: [tag, 0x81, UInt8(content.count)] + content
            default: [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
            }
        }
    }

    // MARK: Keys

    static func setIdentity(_ context: OpaquePointer?) -> Int32 {
        unsafe EVP_PKEY_CTX_set1_id(context, identity, Int32(identity.count))
    }

    /// Owned by the caller.
    static func generate() -> OpaquePointer? {
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, "SM2", nil) else { return nil }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard (unsafe EVP_PKEY_keygen_init(context)) == 1, (unsafe EVP_PKEY_keygen(context, &key)) == 1 else { return nil }
        return unsafe key
    }

    /// The key of the number d, owned by the caller; refused unless 1 ≤ d ≤ n − 2.
    static func key(_ scalar: SecretBytes) throws(CryptoError) -> OpaquePointer {
        let inRange = unsafe scalar.withBytes { bytes in
            unsafe bytes.contains { $0 != 0 } && bytes.lexicographicallyPrecedes(order.dropLast() + [order[31] - 1])
        }
        guard inRange else { throw .malformedKey("the number is not that of an SM2 key") }
        OpenSSLErrors.clear()
        // PKCS#8 without the public key, which OpenSSL then computes.
        let der = unsafe SecretBytes(count: pkcs8Prefix.count + 32) { memory in
            unsafe memory.copyBytes(from: pkcs8Prefix)
            unsafe scalar.withBytes { unsafe UnsafeMutableRawBufferPointer(rebasing: memory[pkcs8Prefix.count...]).copyMemory(from: $0) }
        }
        let handle = unsafe der.withBytes { bytes in
            var position = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            return unsafe d2i_AutoPrivateKey(nil, &position, bytes.count)
        }
        guard let handle = unsafe handle else { throw .last("d2i_AutoPrivateKey") }
        return unsafe handle
    }

    /// n, the order of the curve's group.
    private static let order: [UInt8] = [
        0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x72, 0x03, 0xDF, 0x6B, 0x21, 0xC6,
        0x05, 0x2B, 0x53, 0xBB, 0xF4, 0x09, 0x39, 0xD5, 0x41, 0x23,
    ]

    private static let pkcs8Prefix: [UInt8] = [
        0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x81, 0x1C, 0xCF,
        0x55, 0x01, 0x82, 0x2D, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20,
    ]
}

/// Reads DER elements of less than 64 KiB front to back. Lengths in a longer form than needed are found by encoding again.
private struct DERReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func element(_ tag: UInt8) -> ArraySlice<UInt8>? {
        guard rest.popFirst() == tag, let first = rest.popFirst() else { return nil }
        var count = Int(first)
        switch first {
        case ..<0x80: break
        case 0x81, 0x82:
            count = 0
            for _ in 0x80..<first {
                guard let byte = rest.popFirst() else { return nil }
                count = count << 8 | Int(byte)
            }
        default: return nil
        }
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
