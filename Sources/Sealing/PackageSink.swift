// SPDX-License-Identifier: Apache-2.0
internal import CryptoPrimitives
internal import ExchangeModel
internal import Glibc

/// Where a package is written, front to back. Calls come one at a time, from any thread.
package protocol PackageSink: AnyObject, Sendable {
    func write(_ bytes: UnsafeRawBufferPointer) throws(SealingError)
    /// Makes all that was written durable and visible at once.
    func commit() throws(SealingError)
    /// Removes all that was written.
    func abandon()
}

extension PackageSink {
    func write(_ bytes: [UInt8]) throws(SealingError) {
        var failure: SealingError?
        unsafe bytes.withUnsafeBytes { buffer in
            do throws(SealingError) { try unsafe write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}

/// A file that appears under its name only when it is whole and on disk.
///
/// `@unchecked`: a sink is called by one thread at a time.
package final class FileSink: PackageSink, @unchecked Sendable {
    private let path: String
    private let temporary: String
    private let file: OpenFile

    /// Refuses a path that exists.
    package init(path: String) throws(SealingError) {
        guard try FileIdentity.named(path) == nil else { throw .targetExists(path: path) }
        self.path = path
        temporary = Directory.join(Directory.parent(of: path), ".\(Directory.name(of: path)).sealing-\(TemporaryName.suffix())")
        file = try OpenFile(opening: temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW)
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(SealingError) { try unsafe file.write(bytes) }

    package func commit() throws(SealingError) {
        try file.synchronize()
        // link fails where rename would replace what somebody put there meanwhile.
        if unsafe link(temporary, path) == 0 {
            unsafe unlink(temporary)
        } else {
            guard errno != EEXIST, try FileIdentity.named(path) == nil else { throw .targetExists(path: path) }
            try Directory.rename(temporary, to: path)  // a file system without hard links
        }
        try Directory.synchronize(Directory.parent(of: path))
    }

    package func abandon() { unsafe unlink(temporary) }
}

/// For tests and small packages.
///
/// `@unchecked`: a sink is called by one thread at a time.
package final class MemorySink: PackageSink, @unchecked Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package func write(_ bytes: UnsafeRawBufferPointer) throws(SealingError) { unsafe self.bytes += bytes }
    package func commit() throws(SealingError) {}
    package func abandon() { bytes = [] }
}

/// Names that no other run uses.
enum TemporaryName {
    static func suffix() -> String { Hex.encode(SecureRandom.bytes(6)) }
}
