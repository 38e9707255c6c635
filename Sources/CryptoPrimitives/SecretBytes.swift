// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// Key material. The bytes live in one allocation of their own and are overwritten when the last reference goes.
///
/// Sendable although it holds a pointer: the memory is written only while it is made, in `init`, and freed in `deinit`.
@safe package final class SecretBytes: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer

    /// Copies `bytes`. The caller's array is not wiped: prefer a factory that never makes one.
    package convenience init(_ bytes: [UInt8]) {
        unsafe self.init(count: bytes.count) { unsafe $0.copyBytes(from: bytes) }
    }

    /// Zeroed memory of `count` bytes, filled once by `fill`.
    init(count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        unsafe memory = .allocate(byteCount: count, alignment: 16)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
        unsafe fill(memory)
    }

    package static func random(count: Int) -> SecretBytes {
        unsafe SecretBytes(count: count) { unsafe SecureRandom.fill($0, private: true) }
    }

    package var count: Int { unsafe memory.count }

    /// The bytes are valid only inside `body`.
    package func withBytes<R: ~Copyable, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try unsafe body(UnsafeRawBufferPointer(memory))
    }

    /// The first `count` bytes and the rest.
    package func split(at count: Int) -> (SecretBytes, SecretBytes) {
        (
            unsafe SecretBytes(count: count) { unsafe $0.copyBytes(from: memory[..<count]) },
            unsafe SecretBytes(count: memory.count - count) { unsafe $0.copyBytes(from: memory[count...]) }
        )
    }

    /// A copy outside the wiped memory, for serialisation into something that is itself encrypted.
    package func copy() -> [UInt8] { unsafe [UInt8](memory) }

    deinit {
        unsafe OPENSSL_cleanse(memory.baseAddress, memory.count)
        unsafe memory.deallocate()
    }
}

extension SecretBytes: Equatable {
    /// In constant time for equal counts.
    package static func == (a: SecretBytes, b: SecretBytes) -> Bool {
        a.count == b.count && (unsafe CRYPTO_memcmp(a.memory.baseAddress, b.memory.baseAddress, a.count)) == 0
    }
}

extension SecretBytes: CustomStringConvertible, CustomReflectable {
    package var description: String { "SecretBytes(\(count) bytes)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// In constant time for arrays of equal count; arrays of different count are unequal at once.
package func constantTimeEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count && (unsafe CRYPTO_memcmp(a, b, a.count)) == 0
}
