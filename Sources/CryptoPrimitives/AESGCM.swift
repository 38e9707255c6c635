// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// Owns the `EVP_CIPHER` for the life of the process; immutable after its fetch, so Sendable.
@safe private final class FetchedAESGCM: @unchecked Sendable {
    static let shared = FetchedAESGCM()
    let handle: OpaquePointer?
    private init() { unsafe handle = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil) }
    deinit { unsafe EVP_CIPHER_free(handle) }
}

/// AES-256-GCM with one key for its life. Not Sendable: a worker owns one and reuses its context for every chunk.
///
/// The caller guarantees that a nonce is used once per key. A failed `open` leaves unauthenticated bytes nowhere: the buffer is zeroed.
@safe package final class AESGCM {
    package static let keySize = 32
    package static let nonceSize = 12
    package static let tagSize = 16

    private let context: OpaquePointer  // owned EVP_CIPHER_CTX, freed in deinit; holds the expanded key

    package init(key: SecretBytes) throws(CryptoError) {
        guard key.count == Self.keySize else { throw .wrongSize(of: "the key", expected: Self.keySize, found: key.count) }
        OpenSSLErrors.clear()
        guard let context = unsafe EVP_CIPHER_CTX_new() else { throw .last("EVP_CIPHER_CTX_new") }
        unsafe self.context = context
        let result = unsafe key.withBytes { key in
            unsafe EVP_EncryptInit_ex2(
                context, FetchedAESGCM.shared.handle, key.baseAddress?.assumingMemoryBound(to: UInt8.self), nil, nil)
        }
        try check(result, "EVP_EncryptInit_ex2")
    }

    deinit { unsafe EVP_CIPHER_CTX_free(context) }

    /// Encrypts `buffer` in place and writes 16 bytes to `tag`.
    package func seal(
        nonce: [UInt8], aad: [UInt8], inPlace buffer: UnsafeMutableRawBufferPointer, tag: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        try begin(encrypting: true, nonce: nonce, aad: aad, count: buffer.count, tagCount: tag.count)
        var written: Int32 = 0
        if let bytes = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), buffer.count > 0 {
            try check(unsafe EVP_EncryptUpdate(context, bytes, &written, bytes, Int32(buffer.count)), "EVP_EncryptUpdate")
        }
        var rest: UInt8 = 0  // GCM is a stream: the final call writes nothing
        try check(unsafe EVP_EncryptFinal_ex(context, &rest, &written), "EVP_EncryptFinal_ex")
        try check(
            unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagSize), tag.baseAddress), "EVP_CTRL_AEAD_GET_TAG")
    }

    /// Decrypts `buffer` in place; on a wrong tag the buffer is zeroed and `.notAuthentic` thrown.
    package func open(
        nonce: [UInt8], aad: [UInt8], inPlace buffer: UnsafeMutableRawBufferPointer, tag: UnsafeRawBufferPointer
    ) throws(CryptoError) {
        try begin(encrypting: false, nonce: nonce, aad: aad, count: buffer.count, tagCount: tag.count)
        var expected: (UInt64, UInt64) = (0, 0)
        unsafe withUnsafeMutableBytes(of: &expected) { unsafe $0.copyMemory(from: tag) }
        try check(
            unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagSize), &expected), "EVP_CTRL_AEAD_SET_TAG")
        var written: Int32 = 0
        if let bytes = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), buffer.count > 0 {
            try check(unsafe EVP_DecryptUpdate(context, bytes, &written, bytes, Int32(buffer.count)), "EVP_DecryptUpdate")
        }
        var rest: UInt8 = 0
        guard (unsafe EVP_DecryptFinal_ex(context, &rest, &written)) == 1 else {
            unsafe OPENSSL_cleanse(buffer.baseAddress, buffer.count)
            OpenSSLErrors.clear()
            throw .notAuthentic
        }
    }

    /// Ciphertext followed by the tag.
    package func seal(nonce: [UInt8], aad: [UInt8], _ plaintext: [UInt8]) throws(CryptoError) -> [UInt8] {
        var sealed = plaintext
        sealed.append(contentsOf: repeatElement(0, count: Self.tagSize))
        let result = unsafe sealed.withUnsafeMutableBytes { memory in
            Result { () throws(CryptoError) in
                try unsafe seal(
                    nonce: nonce, aad: aad, inPlace: UnsafeMutableRawBufferPointer(rebasing: memory[..<plaintext.count]),
                    tag: UnsafeMutableRawBufferPointer(rebasing: memory[plaintext.count...]))
            }
        }
        try result.get()
        return sealed
    }

    /// The counterpart of `seal`: bytes that end with the tag.
    package func open(nonce: [UInt8], aad: [UInt8], _ sealed: [UInt8]) throws(CryptoError) -> [UInt8] {
        guard sealed.count >= Self.tagSize else { throw .notAuthentic }
        var opened = sealed
        let count = sealed.count - Self.tagSize
        let result = unsafe opened.withUnsafeMutableBytes { memory in
            Result { () throws(CryptoError) in
                try unsafe open(
                    nonce: nonce, aad: aad, inPlace: UnsafeMutableRawBufferPointer(rebasing: memory[..<count]),
                    tag: UnsafeRawBufferPointer(rebasing: memory[count...]))
            }
        }
        try result.get()
        opened.removeLast(Self.tagSize)
        return opened
    }

    private func begin(encrypting: Bool, nonce: [UInt8], aad: [UInt8], count: Int, tagCount: Int) throws(CryptoError) {
        guard nonce.count == Self.nonceSize else { throw .wrongSize(of: "the nonce", expected: Self.nonceSize, found: nonce.count) }
        guard tagCount == Self.tagSize else { throw .wrongSize(of: "the tag", expected: Self.tagSize, found: tagCount) }
        guard count <= Int(Int32.max) else { throw .tooLarge(of: "the buffer", limit: Int(Int32.max), found: count) }
        guard aad.count <= Int(Int32.max) else { throw .tooLarge(of: "the associated data", limit: Int(Int32.max), found: aad.count) }
        OpenSSLErrors.clear()
        // The key stays from `init`; only direction and nonce change.
        try check(unsafe EVP_CipherInit_ex2(context, nil, nil, nonce, encrypting ? 1 : 0, nil), "EVP_CipherInit_ex2")
        guard !aad.isEmpty else { return }
        var written: Int32 = 0
        try check(unsafe EVP_CipherUpdate(context, nil, &written, aad, Int32(aad.count)), "EVP_CipherUpdate")
    }
}
