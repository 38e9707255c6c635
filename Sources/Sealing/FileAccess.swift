// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Bytes that can be read anywhere: a file, memory, or in tests something that fails.
package protocol RandomAccessBytes: Sendable {
    var size: Int64 { get }
    /// Fills all of `buffer`.
    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(SealingError)
}

extension RandomAccessBytes {
    func read(at offset: Int64, count: Int) throws(SealingError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var failure: SealingError?
        unsafe bytes.withUnsafeMutableBytes { buffer in
            do throws(SealingError) { try unsafe read(at: offset, into: buffer) } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }
}

package struct MemoryBytes: RandomAccessBytes {
    private let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var size: Int64 { Int64(bytes.count) }

    package func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(SealingError) {
        guard offset >= 0, offset <= size, Int64(buffer.count) <= size - offset else { throw .truncated(expected: nil, found: size) }
        let start = Int(offset)
        unsafe bytes.withUnsafeBytes { unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<start + buffer.count])) }
    }
}

/// A regular file opened for reading.
package final class FileBytes: RandomAccessBytes {
    package let size: Int64
    private let file: OpenFile
    private let path: String

    package init(path: String) throws(SealingError) {
        file = try OpenFile(opening: path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)  // a pipe would hold us here
        self.path = path
        let identity = try file.identity()
        guard identity.kind == .regular else { throw .unreadable(path: path, reason: "it is a \(identity.kind.rawValue)") }
        size = identity.size
    }

    package func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(SealingError) {
        guard unsafe try file.read(at: offset, into: buffer) == buffer.count else { throw .truncated(expected: nil, found: size) }
    }
}

/// What tells that a file is still the same one.
struct FileIdentity: Equatable {
    enum Kind: String {
        case regular = "file"
        case directory
        case link = "symbolic link"
        case device
        case other = "pipe or socket"
    }

    let kind: Kind
    let device: UInt64
    let inode: UInt64
    let size: Int64
    let modified: Int64
    let modifiedNanoseconds: Int64

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .link
            case S_IFCHR, S_IFBLK: .device
            default: .other
            }
        (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino))
        size = Int64(status.st_size)
        (modified, modifiedNanoseconds) = (Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec))
    }

    /// Of the name itself, links not followed; nil when nothing has this name.
    static func named(_ path: String) throws(SealingError) -> FileIdentity? {
        var status = stat()
        if unsafe lstat(path, &status) == 0 { return FileIdentity(status) }
        guard errno == ENOENT || errno == ENOTDIR else { throw .unreadable(path: path, reason: SystemText.lastError()) }
        return nil
    }
}

enum SystemText {
    static func lastError() -> String { text(errno) }

    static func text(_ number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard unsafe strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Owns a file descriptor. Reads and writes at offsets are safe from several threads; the descriptor never changes.
final class OpenFile: Sendable {
    private let descriptor: Int32
    private let path: String
    private let owned: Bool

    init(opening path: String, _ flags: Int32, mode: mode_t = 0o600) throws(SealingError) {
        let result = unsafe open(path, flags, mode)
        guard result >= 0 else {
            let number = errno
            if flags & (O_WRONLY | O_RDWR) != 0 {
                throw number == EEXIST ? .targetExists(path: path) : OpenFile.writeError(path, number)
            }
            throw number == ENOENT ? .sourceMissing(path: path) : .unreadable(path: path, reason: SystemText.text(number))
        }
        (descriptor, self.path, owned) = (result, path, true)
    }

    /// Standard input and output belong to the process.
    init(borrowing descriptor: Int32, named path: String) { (self.descriptor, self.path, owned) = (descriptor, path, false) }

    deinit { if owned { close(descriptor) } }

    func identity() throws(SealingError) -> FileIdentity {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .unreadable(path: path, reason: SystemText.lastError()) }
        return FileIdentity(status)
    }

    /// Fewer than `buffer.count` only at the end of the file.
    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(SealingError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = unsafe pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset) + off_t(done))
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw .unreadable(path: path, reason: SystemText.lastError())
            }
            done += count
        }
        return done
    }

    /// The next bytes of a stream; 0 at its end.
    func readNext(into buffer: UnsafeMutableRawBufferPointer) throws(SealingError) -> Int {
        while true {
            let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw .sourceUnreadable(path: path, reason: SystemText.lastError()) }
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SealingError) {
        try unsafe writeAll(bytes) { unsafe Glibc.write(descriptor, $0, $1) }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(SealingError) {
        var position = off_t(offset)
        try unsafe writeAll(bytes) {
            let count = unsafe pwrite(descriptor, $0, $1, position)
            if count > 0 { position += off_t(count) }
            return count
        }
    }

    func write(_ bytes: [UInt8], at offset: Int64) throws(SealingError) {
        var failure: SealingError?
        unsafe bytes.withUnsafeBytes { buffer in
            do throws(SealingError) { try unsafe write(buffer, at: offset) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func writeAll(_ bytes: UnsafeRawBufferPointer, _ call: (UnsafeRawPointer, Int) -> Int) throws(SealingError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe call(bytes.baseAddress! + done, bytes.count - done)
            if count < 0 {
                if errno == EINTR { continue }
                throw OpenFile.writeError(path, errno)
            }
            done += count
        }
    }

    func setSize(_ size: Int64) throws(SealingError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw OpenFile.writeError(path, errno) }
    }

    func synchronize() throws(SealingError) {
        guard fsync(descriptor) == 0 else { throw OpenFile.writeError(path, errno) }
    }

    static func writeError(_ path: String, _ number: Int32) -> SealingError {
        number == ENOSPC || number == EDQUOT ? .diskFull(path: path) : .unwritable(path: path, reason: SystemText.text(number))
    }
}

/// Names in directories.
enum Directory {
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    static func join(_ directory: String, _ name: String) -> String { directory.hasSuffix("/") ? directory + name : directory + "/" + name }

    /// - Parameter existing: whether a directory that is there already is welcome.
    static func make(_ path: String, existing: Bool = false) throws(SealingError) {
        if unsafe mkdir(path, 0o700) == 0 { return }
        let number = errno
        if number == EEXIST, existing, try FileIdentity.named(path)?.kind == .directory { return }
        throw number == EEXIST ? .targetExists(path: path) : OpenFile.writeError(path, number)
    }

    static func rename(_ old: String, to new: String) throws(SealingError) {
        guard unsafe Glibc.rename(old, new) == 0 else {
            let number = errno
            if number == ENOTEMPTY || number == EEXIST { throw .targetNotEmpty(path: new) }
            if number == ENOTDIR || number == EISDIR { throw .targetExists(path: new) }
            throw OpenFile.writeError(new, number)
        }
    }

    static func synchronize(_ path: String) throws(SealingError) {
        try OpenFile(opening: path, O_RDONLY | O_DIRECTORY | O_CLOEXEC).synchronize()
    }

    /// The names in a directory, without `.` and `..`, in byte order.
    static func names(in path: String) throws(SealingError) -> [String] {
        guard let stream = unsafe opendir(path) else { throw .sourceUnreadable(path: path, reason: SystemText.lastError()) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let bytes = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) }
            if bytes == [0x2E] || bytes == [0x2E, 0x2E] { continue }
            guard let name = String(validating: bytes, as: UTF8.self) else {
                throw .pathRefused(path: join(path, String(decoding: bytes, as: UTF8.self)), reason: "its name is not UTF-8")
            }
            names.append(name)
            guard names.count <= Limits.files else { throw .tooManyFiles }
        }
        guard errno == 0 else { throw .sourceUnreadable(path: path, reason: SystemText.lastError()) }
        return names.sorted(by: PackagePath.precedes)
    }

    /// Removes what we made ourselves; failures leave the rest, which has a temporary name.
    static func removeTree(_ path: String, depth: Int = 0) {
        guard depth < 2_100 else { return }  // a path of 4,096 bytes has at most 2,048 components
        if unsafe unlink(path) == 0 { return }
        for name in (try? names(in: path)) ?? [] { removeTree(join(path, name), depth: depth + 1) }
        unsafe rmdir(path)
    }
}
