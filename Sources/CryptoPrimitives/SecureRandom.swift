// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// The operating system's randomness through OpenSSL's generator. A generator that fails stops the process: no key is better than a
/// guessable one.
package enum SecureRandom {
    package static func bytes(_ count: Int) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            unsafe fill(UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count), private: false)
            initialized = count
        }
    }

    /// `private` draws from the generator that OpenSSL keeps for secrets, apart from the one whose output goes on the wire.
    static func fill(_ memory: UnsafeMutableRawBufferPointer, private isPrivate: Bool) {
        guard let start = memory.baseAddress, memory.count > 0 else { return }
        let bytes = unsafe start.assumingMemoryBound(to: UInt8.self)
        let count = Int32(memory.count)
        let result = unsafe isPrivate ? RAND_priv_bytes(bytes, count) : RAND_bytes(bytes, count)
        precondition(result == 1, "the random generator of OpenSSL failed")
    }
}
