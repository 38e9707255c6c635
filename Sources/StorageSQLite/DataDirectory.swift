// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// A private directory that one process holds at a time, by `flock` on the file `lock` in it. The lock ends with the process.
package final class DataDirectory: Sendable {
    package let path: String
    private let descriptor: CInt

    /// Takes the lock.
    ///
    /// - Throws: `.noDirectory`, `.notOurs`, `.notPrivate` or `.inUse`.
    package init(path: String) throws(StorageError) {
        try DataDirectory.check(path: path)
        let lock = path + "/lock"
        let descriptor = Glibc.open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .input(path: lock, detail: String(cString: strerror(errno))) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let failed = errno
            Glibc.close(descriptor)
            throw failed == EWOULDBLOCK ? .inUse(path: path) : .input(path: lock, detail: String(cString: strerror(failed)))
        }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { Glibc.close(descriptor) }

    /// Lets another process, or a later `init`, have the directory.
    package func release() { flock(descriptor, LOCK_UN) }

    /// Makes the directory, and those above it, with mode 0700; one that exists is left as it is.
    package static func create(path: String) throws(StorageError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .input(path: path, detail: String(cString: strerror(errno)))
        }
    }

    /// A directory, ours, and closed to group and others.
    package static func check(path: String) throws(StorageError) {
        var info = stat()
        guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else { throw .noDirectory(path: path) }
        guard info.st_uid == geteuid() else { throw .notOurs(path: path) }
        guard info.st_mode & 0o077 == 0 else { throw .notPrivate(path: path, mode: String(info.st_mode & 0o7777, radix: 8)) }
    }
}
