// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL
package import ExchangeModel

package enum HashAlgorithm: Sendable, CaseIterable {
    case sha256, sha512, sm3

    /// Bytes of one digest.
    package var digestSize: Int {
        switch self {
        case .sha256, .sm3: 32
        case .sha512: 64
        }
    }

    var openSSLName: String {
        switch self {
        case .sha256: "SHA256"
        case .sha512: "SHA512"
        case .sm3: "SM3"
        }
    }

    /// Fetched once: an implicit fetch for each digest costs more than hashing 64 bytes.
    var fetched: FetchedHash {
        switch self {
        case .sha256: FetchedHash.sha256
        case .sha512: FetchedHash.sha512
        case .sm3: FetchedHash.sm3
        }
    }
}

/// Owns an `EVP_MD` for the life of the process. Immutable after its fetch, and OpenSSL counts references atomically, so it is Sendable.
@safe final class FetchedHash: @unchecked Sendable {
    static let sha256 = FetchedHash("SHA256")
    static let sha512 = FetchedHash("SHA512")
    static let sm3 = FetchedHash("SM3")

    let handle: OpaquePointer?

    private init(_ name: String) {
        unsafe handle = EVP_MD_fetch(nil, name, nil)
        OpenSSLErrors.clear()
    }

    deinit { unsafe EVP_MD_free(handle) }
}

/// A hash over bytes that arrive in pieces.
@safe package struct Digester: ~Copyable {
    private let context: OpaquePointer  // owned EVP_MD_CTX, freed in deinit
    private let size: Int

    private init(owning context: OpaquePointer, size: Int) {
        unsafe self.context = context
        self.size = size
    }

    package static func start(_ algorithm: HashAlgorithm) throws(CryptoError) -> Digester {
        OpenSSLErrors.clear()
        guard let hash = unsafe algorithm.fetched.handle else {
            throw .library(call: "EVP_MD_fetch", detail: ["`\(algorithm.openSSLName)` is not offered by this OpenSSL"])
        }
        guard let context = unsafe EVP_MD_CTX_new() else { throw .last("EVP_MD_CTX_new") }
        let digester = unsafe Digester(owning: context, size: algorithm.digestSize)
        try check(unsafe EVP_DigestInit_ex2(digester.context, hash, nil), "EVP_DigestInit_ex2")
        return digester
    }

    package mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        // A digest over memory fails only when the context is broken: a programming mistake.
        precondition((unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)) == 1, "EVP_DigestUpdate failed")
    }

    package consuming func finish() -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            precondition((unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil)) == 1, "EVP_DigestFinal_ex failed")
            initialized = size
        }
    }

    deinit { unsafe EVP_MD_CTX_free(context) }
}

/// One-shot hashes.
package enum Hash {
    package static func sha256(_ bytes: [UInt8]) -> [UInt8] { hash(.sha256, bytes) }

    /// The hash of the parts one after the other, without joining them first.
    package static func sha256(_ parts: [[UInt8]]) -> [UInt8] {
        var digester = start(.sha256)
        for part in parts { digester.update(part) }
        return digester.finish()
    }

    package static func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] { unsafe hash(.sha256, bytes) }

    package static func hash(_ algorithm: HashAlgorithm, _ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var digester = start(algorithm)
        unsafe digester.update(bytes)
        return digester.finish()
    }

    package static func hash(_ algorithm: HashAlgorithm, _ bytes: [UInt8]) -> [UInt8] {
        var digester = start(algorithm)
        digester.update(bytes)
        return digester.finish()
    }

    /// SHA-256 with its name, as written in every format of ours.
    package static func digest(_ bytes: [UInt8]) -> Digest { Digest(algorithm: .sha256, bytes: sha256(bytes)) }

    private static func start(_ algorithm: HashAlgorithm) -> Digester {
        do { return try Digester.start(algorithm) } catch { preconditionFailure(error.message) }
    }
}
