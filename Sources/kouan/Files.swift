// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import FoundationEssentials
import Glibc
import ManagementAPI

enum Path {
    /// Against the working directory; not resolved further.
    static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        return FileManager.default.currentDirectoryPath + "/" + path
    }
}

/// The files a command reads and writes itself: policies, cards, certificates. Never a node's data.
enum Files {
    /// Larger than any card, policy, chain or revocation list that a node takes.
    static let textLimitBytes = 16 << 20

    /// The text of a file; `-` is standard input.
    static func text(_ path: String, limitBytes: Int = textLimitBytes) throws(OperationFailure) -> String {
        let bytes = try self.bytes(path, limitBytes: limitBytes)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure.usage("file.not-utf8", "`\(path)` is not UTF-8 text", hint: "save the file as UTF-8")
        }
        return text
    }

    static func bytes(_ path: String, limitBytes: Int = textLimitBytes) throws(OperationFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        try parts(of: path) { (part: ArraySlice<UInt8>) throws(OperationFailure) in
            guard bytes.count + part.count <= limitBytes else {
                throw Failure.usage("file.too-large", "`\(path)` is larger than \(ByteCount(Int64(limitBytes)))", hint: "give another file")
            }
            bytes.append(contentsOf: part)
        }
        return bytes
    }

    /// Reads a file or `-` part by part, each as soon as it is there.
    static func parts(of path: String, _ take: (ArraySlice<UInt8>) throws(OperationFailure) -> Void) throws(OperationFailure) {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let error = errno
            throw OperationFailure(
                error == ENOENT ? .notFound : .failure, code: error == ENOENT ? "file.not-found" : "file.unreadable",
                message: "`\(path)` cannot be read: \(reason(error))", hint: "check the path and its permissions")
        }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var part = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = part.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw OperationFailure(
                    .failure, code: "file.unreadable", message: "`\(path)` cannot be read: \(reason(errno))",
                    hint: "check that it is a file")
            }
            if count == 0 { return }
            try take(part[..<count])
        }
    }

    static func json(_ path: String, limits: JSONLimits = .message) throws(OperationFailure) -> JSON {
        let bytes = try self.bytes(path)
        do { return try JSON.parse(bytes, limits: limits) } catch {
            throw OperationFailure(.usage, code: error.code, message: "`\(path)`: \(error.message)", hint: error.hint)
        }
    }

    /// Writes the whole file beside its place and renames it, so that no reader sees half of it; `-` is standard output.
    static func write(_ text: String, to path: String, mode: mode_t = 0o644) throws(OperationFailure) {
        if path == "-" {
            Terminal.standardOutput.write(text)
            return
        }
        let temporary = path + ".\(getpid()).part"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw unwritable(path) }
        var good = writeAll(Array(text.utf8), to: descriptor)
        good = good && fsync(descriptor) == 0
        good = close(descriptor) == 0 && good
        good = good && rename(temporary, path) == 0
        guard good else {
            let error = unwritable(path)
            unlink(temporary)
            throw error
        }
    }

    static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent) }
            if count > 0 { sent += count } else if errno != EINTR { return false }
        }
        return true
    }

    /// The directory and those above it.
    static func makeDirectory(_ path: String, mode: mode_t = 0o755) throws(OperationFailure) {
        if mkdir(path, mode) == 0 || (errno == EEXIST && isDirectory(path)) { return }
        if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try makeDirectory(String(path[..<slash]), mode: mode)
            if mkdir(path, mode) == 0 { return }
        }
        throw unwritable(path)
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func unwritable(_ path: String) -> OperationFailure {
        OperationFailure(
            .failure, code: "file.unwritable", message: "`\(path)` cannot be written: \(reason(errno))",
            hint: "check the path, its permissions and the free space")
    }

    static func reason(_ error: Int32) -> String {
        guard let text = strerror(error) else { return "error \(error)" }
        return String(cString: text).lowercased()
    }
}
