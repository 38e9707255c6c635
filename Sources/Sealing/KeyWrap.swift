// SPDX-License-Identifier: Apache-2.0
internal import CryptoPrimitives

/// How each suite encrypts a file key to a public key under a context (docs/formats/key-grant.md §2).
///
///     international    HPKE
///     guomi            SM2 encrypts a seed; HKDF-SM3 makes a key of seed and context; the suite's AEAD encrypts the file key
enum KeyWrap {
    static func seal(
        _ fileKey: SecretBytes, to recipient: PublicKey, suite: Suite, context: [UInt8]
    ) throws(CryptoError) -> (enc: [UInt8], ciphertext: [UInt8]) {
        switch suite {
        case .international: return try HPKE.seal(to: recipient, info: info, aad: context, fileKey)
        case .guomi:
            let seed = SecretBytes.random(count: seedSize)
            let ciphertext = try cipher(seed, context).seal(nonce: nonce, aad: context, fileKey)
            return (try SM2.seal(seed, to: recipient), ciphertext)
        }
    }

    static func open(
        enc: [UInt8], ciphertext: [UInt8], with key: PrivateKey, suite: Suite, context: [UInt8]
    ) throws(CryptoError) -> SecretBytes {
        switch suite {
        case .international: try HPKE.open(enc: enc, ciphertext: ciphertext, with: key, info: info, aad: context)
        case .guomi: try cipher(SM2.open(enc, with: key), context).open(nonce: nonce, aad: context, ciphertext)
        }
    }

    /// Whether the parts can be what `seal` makes: checked when a grant is read, so that one grant has one spelling.
    static func isForm(suite: Suite, enc: [UInt8], ciphertext: [UInt8]) -> Bool {
        guard ciphertext.count == PackageKeys.fileKeySize + suite.tagSize else { return false }
        switch suite {
        case .international: return enc.count == 32
        case .guomi: return SM2.isCiphertext(enc, of: seedSize)
        }
    }

    private static let info = Array("kouan/grant/v1".utf8) + [Suite.international.rawValue]
    private static let seedSize = 32
    /// The seed is fresh, so its key encrypts this once.
    private static let nonce = ChunkCipher.nonce(0, last: true)

    private static func cipher(_ seed: SecretBytes, _ context: [UInt8]) throws(CryptoError) -> SM4EtM {
        let extracted = HKDF.extract(.sm3, salt: [], secret: seed)
        let key = HKDF.expand(.sm3, key: extracted, info: context, count: SM4EtM.encryptionKeySize + SM4EtM.macKeySize)
        let (encryption, mac) = key.split(at: SM4EtM.encryptionKeySize)
        return try SM4EtM(encryptionKey: encryption, macKey: mac)
    }
}
