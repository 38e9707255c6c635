// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// A keyed context of each hash, from which every HMAC starts: fetching the hash anew costs more than a short message.
/// Owns its `EVP_MAC_CTX` for the life of the process; only ever copied from, so Sendable.
@safe private final class HMACTemplate: @unchecked Sendable {
    static let sha256 = HMACTemplate("SHA256")
    static let sha512 = HMACTemplate("SHA512")
    static let sm3 = HMACTemplate("SM3")

    let handle: OpaquePointer?

    private init(_ hash: StaticString) {
        let mac = unsafe EVP_MAC_fetch(nil, "HMAC", nil)
        defer { unsafe EVP_MAC_free(mac) }
        // OSSL_PARAM keeps pointers to its name and text, so both are static.
        let name: StaticString = "digest"
        var parameters = unsafe [
            OSSL_PARAM_construct_utf8_string(
                UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self),
                UnsafeMutableRawPointer(mutating: hash.utf8Start).assumingMemoryBound(to: CChar.self), 0),
            OSSL_PARAM_construct_end(),
        ]
        guard let context = unsafe EVP_MAC_CTX_new(mac) else {
            unsafe handle = nil
            return
        }
        if unsafe EVP_MAC_init(context, [0], 1, &parameters) == 1 {
            unsafe handle = context
        } else {
            unsafe EVP_MAC_CTX_free(context)
            unsafe handle = nil
        }
    }

    deinit { unsafe EVP_MAC_CTX_free(handle) }
}

extension HashAlgorithm {
    fileprivate var template: HMACTemplate {
        switch self {
        case .sha256: HMACTemplate.sha256
        case .sha512: HMACTemplate.sha512
        case .sm3: HMACTemplate.sm3
        }
    }
}

/// HMAC over bytes that arrive in pieces; the key is copied into OpenSSL's context, which wipes it.
@safe package struct Authenticator: ~Copyable {
    private let context: OpaquePointer  // owned EVP_MAC_CTX, freed in deinit
    private let size: Int

    private init(owning context: OpaquePointer, size: Int) {
        unsafe self.context = context
        self.size = size
    }

    package static func start(_ algorithm: HashAlgorithm, key: [UInt8]) throws(CryptoError) -> Authenticator {
        let authenticator = try make(algorithm)
        try check(unsafe key.withUnsafeBytes { unsafe authenticator.begin(key: $0) }, "EVP_MAC_init")
        return authenticator
    }

    package static func start(_ algorithm: HashAlgorithm, key: SecretBytes) throws(CryptoError) -> Authenticator {
        let authenticator = try make(algorithm)
        try check(unsafe key.withBytes { unsafe authenticator.begin(key: $0) }, "EVP_MAC_init")
        return authenticator
    }

    private static func make(_ algorithm: HashAlgorithm) throws(CryptoError) -> Authenticator {
        OpenSSLErrors.clear()
        guard let template = unsafe algorithm.template.handle, let context = unsafe EVP_MAC_CTX_dup(template) else {
            throw .last("EVP_MAC_CTX_dup")
        }
        return unsafe Authenticator(owning: context, size: algorithm.digestSize)
    }

    /// The same state again, to authenticate several messages under one key.
    func copy() throws(CryptoError) -> Authenticator {
        guard let context = unsafe EVP_MAC_CTX_dup(context) else { throw .last("EVP_MAC_CTX_dup") }
        return unsafe Authenticator(owning: context, size: size)
    }

    private func begin(key: UnsafeRawBufferPointer) -> Int32 {
        if let start = key.baseAddress, key.count > 0 {
            return unsafe EVP_MAC_init(context, start.assumingMemoryBound(to: UInt8.self), key.count, nil)
        }
        // HMAC pads a short key with zeros, so one zero byte is the empty key; NULL would mean "the key set before".
        return unsafe EVP_MAC_init(context, [0], 1, nil)
    }

    package mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return }
        let result = unsafe EVP_MAC_update(context, start.assumingMemoryBound(to: UInt8.self), bytes.count)
        precondition(result == 1, "EVP_MAC_update failed")
    }

    package consuming func finish() -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            unsafe write(into: UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: size))
            initialized = size
        }
    }

    consuming func finishSecret() -> SecretBytes {
        unsafe SecretBytes(count: size) { unsafe write(into: $0) }
    }

    private func write(into memory: UnsafeMutableRawBufferPointer) {
        var written = 0
        let result = unsafe EVP_MAC_final(context, memory.baseAddress?.assumingMemoryBound(to: UInt8.self), &written, size)
        precondition(result == 1 && written == size, "EVP_MAC_final failed")
    }

    deinit { unsafe EVP_MAC_CTX_free(context) }
}

package enum HMAC {
    package static func sha256(key: [UInt8], _ message: [UInt8]) -> [UInt8] { authenticate(.sha256, key: key, message) }

    package static func authenticate(_ algorithm: HashAlgorithm, key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var authenticator = start(algorithm, key: key)
        authenticator.update(message)
        return authenticator.finish()
    }

    package static func authenticate(_ algorithm: HashAlgorithm, key: SecretBytes, _ message: [UInt8]) -> [UInt8] {
        var authenticator = start(algorithm, key: key)
        authenticator.update(message)
        return authenticator.finish()
    }

    // Keying fails only without memory or on an OpenSSL without the hash.
    static func start(_ algorithm: HashAlgorithm, key: [UInt8]) -> Authenticator {
        do { return try Authenticator.start(algorithm, key: key) } catch { preconditionFailure(error.message) }
    }

    static func start(_ algorithm: HashAlgorithm, key: SecretBytes) -> Authenticator {
        do { return try Authenticator.start(algorithm, key: key) } catch { preconditionFailure(error.message) }
    }
}
