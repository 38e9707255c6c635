// SPDX-License-Identifier: Apache-2.0
internal import CryptoPrimitives
package import ExchangeModel

/// The cryptography of one package, named by one byte. docs/formats/sealed-package.md §1; `0x02` is reserved for guomi.
package enum Suite: UInt8, Sendable, Hashable {
    case international = 0x01

    /// - Throws: `.unsupportedSuite`.
    init(byte: UInt8) throws(SealingError) {
        guard let suite = Suite(rawValue: byte) else { throw .unsupportedSuite(byte) }
        self = suite
    }

    package var digestAlgorithm: Digest.Algorithm {
        switch self {
        case .international: .sha256
        }
    }

    var hashAlgorithm: HashAlgorithm {
        switch self {
        case .international: .sha256
        }
    }

    var tagSize: Int {
        switch self {
        case .international: AESGCM.tagSize
        }
    }

    func hash(_ bytes: [UInt8]) -> [UInt8] { Hash.hash(hashAlgorithm, bytes) }

    func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        switch self {
        case .international: unsafe Hash.sha256(bytes)
        }
    }

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

    static let fileKeySize = 32

    init(suite: Suite, header: [UInt8], fileKey: SecretBytes) throws(SealingError) {
        guard fileKey.count == PackageKeys.fileKeySize else { throw .wrongKey }
        self.suite = suite
        headerHash = suite.hash(header)
        let extracted = HKDF.extract(suite.hashAlgorithm, salt: headerHash, secret: fileKey)
        func expand(_ purpose: String) -> SecretBytes {
            HKDF.expand(suite.hashAlgorithm, key: extracted, info: Array("kouan/package/v1/\(purpose)".utf8), count: 32)
        }
        payload = expand("payload")
        manifest = expand("manifest")
        commitment = expand("commit").copy()
    }

    func cipher(for kind: ChunkKind) throws(SealingError) -> ChunkCipher {
        do {
            let aead = try AESGCM(key: kind == .payload ? payload : manifest)
            return ChunkCipher(aead: aead, associatedData: headerHash + [kind.rawValue])
        } catch { throw SealingError(error) }
    }
}

/// Seals and opens the chunks of one kind. One per worker: it owns a cipher context.
struct ChunkCipher {
    fileprivate let aead: AESGCM
    fileprivate let associatedData: [UInt8]

    /// Encrypts `plaintext` in place and fills `tag`. A pair of index and last is sealed once under a key; the pipeline counts up.
    func seal(
        index: Int64, last: Bool, inPlace plaintext: UnsafeMutableRawBufferPointer, tag: UnsafeMutableRawBufferPointer
    ) throws(SealingError) {
        do {
            try unsafe aead.seal(nonce: ChunkCipher.nonce(index, last: last), aad: associatedData, inPlace: plaintext, tag: tag)
        } catch { throw SealingError(error) }
    }

    /// False when the chunk does not authenticate; `ciphertext` holds nothing of use then.
    func open(
        index: Int64, last: Bool, inPlace ciphertext: UnsafeMutableRawBufferPointer, tag: UnsafeRawBufferPointer
    ) throws(SealingError) -> Bool {
        do {
            try unsafe aead.open(nonce: ChunkCipher.nonce(index, last: last), aad: associatedData, inPlace: ciphertext, tag: tag)
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
