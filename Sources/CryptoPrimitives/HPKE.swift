// SPDX-License-Identifier: Apache-2.0

/// RFC 9180, base mode, single shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. OpenSSL 3.0 has no HPKE of its own.
package enum HPKE {
    /// Bytes of `enc`, the ephemeral public key.
    package static let encapsulationSize = 32

    /// Encrypts to the holder of `recipient`; one fresh ephemeral key for each call.
    package static func seal(
        to recipient: PublicKey, info: [UInt8], aad: [UInt8], _ plaintext: SecretBytes
    ) throws(CryptoError) -> (enc: [UInt8], ciphertext: [UInt8]) {
        try seal(to: recipient, info: info, aad: aad, plaintext, ephemeral: PrivateKey.generate(.x25519))
    }

    /// `.notAuthentic` for a wrong key, info, aad or altered ciphertext alike.
    package static func open(
        enc: [UInt8], ciphertext: [UInt8], with recipient: PrivateKey, info: [UInt8], aad: [UInt8]
    ) throws(CryptoError) -> SecretBytes {
        let ephemeral = try PublicKey(raw: enc, algorithm: .x25519)
        let shared = try decapsulate(
            recipient.sharedSecret(with: ephemeral), enc: enc, recipient: recipient.publicKey)
        let context = try KeySchedule(shared: shared, info: info)
        guard ciphertext.count >= AESGCM.tagSize else { throw .notAuthentic }
        let count = ciphertext.count - AESGCM.tagSize
        let cipher = try AESGCM(key: context.key)
        var result: Result<Void, CryptoError> = .success(())
        let opened = unsafe SecretBytes(count: count) { memory in
            unsafe ciphertext.withUnsafeBytes { sealed in
                unsafe memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: sealed[..<count]))
                result = Result { () throws(CryptoError) in
                    try unsafe cipher.open(
                        nonce: context.baseNonce, aad: aad, inPlace: memory, tag: UnsafeRawBufferPointer(rebasing: sealed[count...]))
                }
            }
        }
        try result.get()
        return opened
    }

    /// With a given ephemeral key: for the vectors of the RFC only.
    static func seal(
        to recipient: PublicKey, info: [UInt8], aad: [UInt8], _ plaintext: SecretBytes, ephemeral: PrivateKey
    ) throws(CryptoError) -> (enc: [UInt8], ciphertext: [UInt8]) {
        let enc = ephemeral.publicKey.raw
        let shared = try decapsulate(ephemeral.sharedSecret(with: recipient), enc: enc, recipient: recipient)
        let context = try KeySchedule(shared: shared, info: info)
        let cipher = try AESGCM(key: context.key)
        var sealed = [UInt8](repeating: 0, count: plaintext.count + AESGCM.tagSize)
        let count = plaintext.count
        let result = unsafe sealed.withUnsafeMutableBytes { memory in
            Result { () throws(CryptoError) in
                // The plaintext is encrypted where it is copied to, so no readable copy stays behind.
                let body = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
                unsafe plaintext.withBytes { unsafe body.copyMemory(from: $0) }
                try unsafe cipher.seal(
                    nonce: context.baseNonce, aad: aad, inPlace: body, tag: UnsafeMutableRawBufferPointer(rebasing: memory[count...]))
            }
        }
        try result.get()
        return (enc, sealed)
    }

    // MARK: §4.1 DHKEM

    private static let kemSuite = Array("KEM".utf8) + [0x00, 0x20]
    private static let suite = Array("HPKE".utf8) + [0x00, 0x20, 0x00, 0x01, 0x00, 0x02]

    /// ExtractAndExpand of both Encap and Decap.
    private static func decapsulate(_ secret: SecretBytes, enc: [UInt8], recipient: PublicKey) -> SecretBytes {
        let key = extract(suite: kemSuite, salt: [], label: "eae_prk", secret)
        return expand(suite: kemSuite, key: key, label: "shared_secret", info: enc + recipient.raw, count: 32)
    }

    /// §5.1, mode 0: no pre-shared key, so its id is empty and its secret has no bytes.
    private struct KeySchedule {
        let key: SecretBytes
        let baseNonce: [UInt8]

        init(shared: SecretBytes, info: [UInt8]) throws(CryptoError) {
            let empty = SecretBytes([])
            let pskID = extract(suite: suite, salt: [], label: "psk_id_hash", empty).copy()
            let infoHash = extract(suite: suite, salt: [], label: "info_hash", SecretBytes(info)).copy()
            let context = [0] + pskID + infoHash
            let secret = extract(suite: suite, salt: shared.copy(), label: "secret", empty)
            key = expand(suite: suite, key: secret, label: "key", info: context, count: AESGCM.keySize)
            baseNonce = expand(suite: suite, key: secret, label: "base_nonce", info: context, count: AESGCM.nonceSize).copy()
        }
    }

    // MARK: §4 LabeledExtract and LabeledExpand

    private static func extract(suite: [UInt8], salt: [UInt8], label: String, _ secret: SecretBytes) -> SecretBytes {
        let head = Array("HPKE-v1".utf8) + suite + Array(label.utf8)
        let labeled = unsafe SecretBytes(count: head.count + secret.count) { memory in
            unsafe memory.copyBytes(from: head)
            unsafe secret.withBytes { secret in
                unsafe UnsafeMutableRawBufferPointer(rebasing: memory[head.count...]).copyMemory(from: secret)
            }
        }
        return HKDF.extract(.sha256, salt: salt, secret: labeled)
    }

    private static func expand(suite: [UInt8], key: SecretBytes, label: String, info: [UInt8], count: Int) -> SecretBytes {
        let labeled = [UInt8(count >> 8), UInt8(count & 255)] + Array("HPKE-v1".utf8) + suite + Array(label.utf8) + info
        return HKDF.expand(.sha256, key: key, info: labeled, count: count)
    }
}
