// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives
package import ExchangeModel

/// The cryptography of one package, named by one byte (docs/formats/sealed-package.md §1).
package enum Suite: UInt8, Sendable, Hashable, CaseIterable {
    case international = 0x01
    case guomi = 0x02

    /// As commands, node cards and answers write it.
    package init?(name: String) {
        guard let suite = Suite.allCases.first(where: { $0.name == name }) else { return nil }
        self = suite
    }

    package var name: String { "\(self)" }

    /// - Throws: `.unsupportedSuite`.
    init(byte: UInt8) throws(SealingError) {
        guard let suite = Suite(rawValue: byte) else { throw .unsupportedSuite(byte) }
        self = suite
    }

    package var digestAlgorithm: Digest.Algorithm {
        switch self {
        case .international: .sha256
        case .guomi: .sm3
        }
    }

    /// The suite whose packages have digests of this algorithm.
    package init(digestAlgorithm: Digest.Algorithm) {
        switch digestAlgorithm {
        case .sha256: self = .international
        case .sm3: self = .guomi
        }
    }

    /// Of the keys that sign packages and grants.
    package var signatureAlgorithm: KeyAlgorithm {
        switch self {
        case .international: .ed25519
        case .guomi: .sm2
        }
    }

    /// Of the keys that file keys are wrapped to.
    package var encryptionAlgorithm: KeyAlgorithm {
        switch self {
        case .international: .x25519
        case .guomi: .sm2
        }
    }

    var hashAlgorithm: HashAlgorithm {
        switch self {
        case .international: .sha256
        case .guomi: .sm3
        }
    }

    var tagSize: Int {
        switch self {
        case .international: AESGCM.tagSize
        case .guomi: SM4EtM.tagSize
        }
    }

    /// Of the keys of payload and manifest.
    fileprivate var keySize: Int {
        switch self {
        case .international: AESGCM.keySize
        case .guomi: SM4EtM.encryptionKeySize
        }
    }

    func hash(_ bytes: [UInt8]) -> [UInt8] { Hash.hash(hashAlgorithm, bytes) }

    func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] { unsafe Hash.hash(hashAlgorithm, bytes) }

    package func digest(_ bytes: [UInt8]) -> Digest { Digest(algorithm: digestAlgorithm, bytes: hash(bytes)) }
}

/// Payload and manifest chunks differ in key, associated data and leaf.
package enum ChunkKind: UInt8, Sendable, Hashable {
    case payload = 0x02
    case manifest = 0x03
}

/// What is derived from the file key for one package (§2.2).
struct PackageKeys: Sendable {
    let suite: Suite
    let headerHash: [UInt8]
    let commitment: [UInt8]
    private let payload: SecretBytes
    private let manifest: SecretBytes
    /// Nil in a suite whose cipher authenticates by itself.
    private let mac: SecretBytes?

    static let fileKeySize = 32

    init(suite: Suite, header: [UInt8], fileKey: SecretBytes) throws(SealingError) {
        guard fileKey.count == PackageKeys.fileKeySize else { throw .wrongKey }
        self.suite = suite
        headerHash = suite.hash(header)
        let extracted = HKDF.extract(suite.hashAlgorithm, salt: headerHash, secret: fileKey)
        func expand(_ purpose: String, _ count: Int) -> SecretBytes {
            HKDF.expand(suite.hashAlgorithm, key: extracted, info: Array("kouan/package/v1/\(purpose)".utf8), count: count)
        }
        payload = expand("payload", suite.keySize)
        manifest = expand("manifest", suite.keySize)
        mac = suite == .guomi ? expand("mac", SM4EtM.macKeySize) : nil
        commitment = expand("commit", 32).copy()
    }

    func cipher(for kind: ChunkKind) throws(SealingError) -> ChunkCipher {
        do {
            let key = kind == .payload ? payload : manifest
            let aead: ChunkCipher.AEAD =
                if let mac { .sm4EtM(try SM4EtM(encryptionKey: key, macKey: mac)) } else { .aesGCM(try AESGCM(key: key)) }
            return ChunkCipher(aead: aead, associatedData: headerHash + [kind.rawValue])
        } catch { throw SealingError(error) }
    }
}

/// Seals and opens the chunks of one kind. One per worker: it owns a cipher context.
struct ChunkCipher {
    fileprivate enum AEAD {
        case aesGCM(AESGCM)
        case sm4EtM(SM4EtM)
    }

    fileprivate let aead: AEAD
    fileprivate let associatedData: [UInt8]

    /// Encrypts `plaintext` in place and fills `tag`. A pair of index and last is sealed once under a key; the pipeline counts up.
    func seal(
        index: Int64, last: Bool, inPlace plaintext: UnsafeMutableRawBufferPointer, tag: UnsafeMutableRawBufferPointer
    ) throws(SealingError) {
        do {
            let nonce = ChunkCipher.nonce(index, last: last)
            switch aead {
            case .aesGCM(let cipher): try unsafe cipher.seal(nonce: nonce, aad: associatedData, inPlace: plaintext, tag: tag)
            case .sm4EtM(let cipher): try unsafe cipher.seal(nonce: nonce, aad: associatedData, inPlace: plaintext, tag: tag)
            }
        } catch { throw SealingError(error) }
    }

    /// False when the chunk does not authenticate; `ciphertext` holds nothing of use then.
    func open(
        index: Int64, last: Bool, inPlace ciphertext: UnsafeMutableRawBufferPointer, tag: UnsafeRawBufferPointer
    ) throws(SealingError) -> Bool {
        do {
            let nonce = ChunkCipher.nonce(index, last: last)
            switch aead {
            case .aesGCM(let cipher): try unsafe cipher.open(nonce: nonce, aad: associatedData, inPlace: ciphertext, tag: tag)
            case .sm4EtM(let cipher): try unsafe cipher.open(nonce: nonce, aad: associatedData, inPlace: ciphertext, tag: tag)
            }
            return true
        } catch {
            if error == .notAuthentic { return false }
            throw SealingError(error)
        }
    }

    /// u88 index ‖ u8 last.
    static func nonce(_ index: Int64, last: Bool) -> [UInt8] {
        var nonce: [UInt8] = [0, 0, 0]
        nonce.append(u64: UInt64(index))
        nonce.append(last ? 1 : 0)
        return nonce
    }
}
