// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// Owns the `EVP_CIPHER` for the life of the process; immutable after its fetch, so Sendable.
@safe private final class FetchedSM4CTR: @unchecked Sendable {
    static let shared = FetchedSM4CTR()
    let handle: OpaquePointer?
    private init() { unsafe handle = EVP_CIPHER_fetch(nil, "SM4-CTR", nil) }
    deinit { unsafe EVP_CIPHER_free(handle) }
}

/// SM4-CTR, then HMAC-SM3, with one pair of keys for its life: the AEAD of the guomi suite, since OpenSSL 3.0 has no SM4-GCM. Not
/// Sendable: a worker owns one and reuses its contexts for every chunk.
///
///     IV  = N ‖ 0x00000000
///     tag = HMAC-SM3(macKey, u64be(len AAD) ‖ AAD ‖ N ‖ u64be(len C) ‖ C)
///
/// The caller guarantees that a nonce is used once per key.
@safe package final class SM4EtM {
    package static let encryptionKeySize = 16
    package static let macKeySize = 32
    package static let nonceSize = 12
    package static let tagSize = 32

    private let context: OpaquePointer  // owned EVP_CIPHER_CTX, freed in deinit; holds the expanded key
    private let authenticator: Authenticator  // keyed, only ever copied

    package init(encryptionKey: SecretBytes, macKey: SecretBytes) throws(CryptoError) {
        guard encryptionKey.count == Self.encryptionKeySize else {
            throw .wrongSize(of: "the encryption key", expected: Self.encryptionKeySize, found: encryptionKey.count)
        }
        guard macKey.count == Self.macKeySize else {
            throw .wrongSize(of: "the MAC key", expected: Self.macKeySize, found: macKey.count)
        }
        authenticator = try Authenticator.start(.sm3, key: macKey)
        OpenSSLErrors.clear()
        guard let context = unsafe EVP_CIPHER_CTX_new() else { throw .last("EVP_CIPHER_CTX_new") }
        unsafe self.context = context
        let result = unsafe encryptionKey.withBytes { key in
            unsafe EVP_EncryptInit_ex2(
                context, FetchedSM4CTR.shared.handle, key.baseAddress?.assumingMemoryBound(to: UInt8.self), nil, nil)
        }
        try check(result, "EVP_EncryptInit_ex2")
    }

    deinit { unsafe EVP_CIPHER_CTX_free(context) }

    /// Encrypts `buffer` in place and writes 32 bytes to `tag`.
    package func seal(
        nonce: [UInt8], aad: [UInt8], inPlace buffer: UnsafeMutableRawBufferPointer, tag: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        try checkSizes(nonce: nonce, count: buffer.count, tagCount: tag.count)
        try unsafe crypt(iv: nonce + [0, 0, 0, 0], buffer)
        unsafe tag.copyBytes(from: try unsafe computeTag(nonce: nonce, aad: aad, UnsafeRawBufferPointer(buffer)))
    }

    /// Decrypts `buffer` in place; on a wrong tag nothing is decrypted and `.notAuthentic` thrown.
    package func open(
        nonce: [UInt8], aad: [UInt8], inPlace buffer: UnsafeMutableRawBufferPointer, tag: UnsafeRawBufferPointer
    ) throws(CryptoError) {
        try checkSizes(nonce: nonce, count: buffer.count, tagCount: tag.count)
        let expected = try unsafe computeTag(nonce: nonce, aad: aad, UnsafeRawBufferPointer(buffer))
        guard constantTimeEqual(expected, unsafe [UInt8](tag)) else { throw .notAuthentic }
        try unsafe crypt(iv: nonce + [0, 0, 0, 0], buffer)
    }

    /// Ciphertext followed by the tag.
    package func seal(nonce: [UInt8], aad: [UInt8], _ plaintext: SecretBytes) throws(CryptoError) -> [UInt8] {
        var sealed = [UInt8](repeating: 0, count: plaintext.count + Self.tagSize)
        let result = unsafe sealed.withUnsafeMutableBytes { memory in
            Result { () throws(CryptoError) in
                // The plaintext is encrypted where it is copied to, so no readable copy stays behind.
                let body = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<plaintext.count])
                unsafe plaintext.withBytes { unsafe body.copyMemory(from: $0) }
                try unsafe seal(
                    nonce: nonce, aad: aad, inPlace: body, tag: UnsafeMutableRawBufferPointer(rebasing: memory[plaintext.count...]))
            }
        }
        try result.get()
        return sealed
    }

    /// The counterpart of `seal`: bytes that end with the tag.
    package func open(nonce: [UInt8], aad: [UInt8], _ sealed: [UInt8]) throws(CryptoError) -> SecretBytes {
        guard sealed.count >= Self.tagSize else { throw .notAuthentic }
        let count = sealed.count - Self.tagSize
        var result: Result<Void, CryptoError> = .success(())
        let opened = unsafe SecretBytes(count: count) { memory in
            unsafe sealed.withUnsafeBytes { sealed in
                unsafe memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: sealed[..<count]))
                result = Result { () throws(CryptoError) in
                    try unsafe open(nonce: nonce, aad: aad, inPlace: memory, tag: UnsafeRawBufferPointer(rebasing: sealed[count...]))
                }
            }
        }
        try result.get()
        return opened
    }

    private func checkSizes(nonce: [UInt8], count: Int, tagCount: Int) throws(CryptoError) {
        guard nonce.count == Self.nonceSize else { throw .wrongSize(of: "the nonce", expected: Self.nonceSize, found: nonce.count) }
        guard tagCount == Self.tagSize else { throw .wrongSize(of: "the tag", expected: Self.tagSize, found: tagCount) }
        guard count <= Int(Int32.max) else { throw .tooLarge(of: "the buffer", limit: Int(Int32.max), found: count) }
    }

    /// Encrypts and decrypts alike. The key stays from `init`; only the IV changes.
    func crypt(iv: [UInt8], _ buffer: UnsafeMutableRawBufferPointer) throws(CryptoError) {
        precondition(iv.count == 16)
        OpenSSLErrors.clear()
        try check(unsafe EVP_EncryptInit_ex2(context, nil, nil, iv, nil), "EVP_EncryptInit_ex2")
        guard let bytes = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), buffer.count > 0 else { return }
        var written: Int32 = 0
        try check(unsafe EVP_EncryptUpdate(context, bytes, &written, bytes, Int32(buffer.count)), "EVP_EncryptUpdate")
    }

    private func computeTag(nonce: [UInt8], aad: [UInt8], _ ciphertext: UnsafeRawBufferPointer) throws(CryptoError) -> [UInt8] {
        func length(_ count: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) } }
        var authenticator = try authenticator.copy()
        authenticator.update(length(aad.count) + aad + nonce + length(ciphertext.count))
        unsafe authenticator.update(ciphertext)
        return authenticator.finish()
    }
}
