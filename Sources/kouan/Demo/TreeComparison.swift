// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import FoundationEssentials
import Glibc
import ManagementAPI

/// Whether two directories hold the same files with the same bytes.
enum TreeComparison {
    struct Result: Sendable {
        var files = 0
        var bytes: Int64 = 0
        /// The first path that differs, and nil when none does.
        var difference: String?
    }

    static func compare(_ left: String, _ right: String) throws(OperationFailure) -> Result {
        let ours = try files(below: left)
        let theirs = try files(below: right)
        var result = Result()
        if let extra = Set(ours).symmetricDifference(theirs).sorted().first {
            result.difference = extra
            return result
        }
        for path in ours {
            let size = try sameBytes(left + "/" + path, right + "/" + path)
            guard let size else {
                result.difference = path
                return result
            }
            result.files += 1
            result.bytes += size
        }
        return result
    }

    /// Relative paths of the regular files, in order.
    static func files(below directory: String) throws(OperationFailure) -> [String] {
        let paths: [String]
        do { paths = try FileManager.default.subpathsOfDirectory(atPath: directory) } catch {
            throw OperationFailure(
                .failure, code: "file.unreadable", message: "`\(directory)` cannot be listed", hint: "check its permissions")
        }
        return paths.filter { path in
            var status = stat()
            return lstat(directory + "/" + path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        }.sorted()
    }

    /// The size of both files; nil when they differ.
    private static func sameBytes(_ left: String, _ right: String) throws(OperationFailure) -> Int64? {
        let a = open(left, O_RDONLY | O_CLOEXEC)
        defer { if a >= 0 { close(a) } }
        let b = open(right, O_RDONLY | O_CLOEXEC)
        defer { if b >= 0 { close(b) } }
        guard a >= 0, b >= 0 else { return nil }
        var first = [UInt8](repeating: 0, count: 1 << 20)
        var second = first
        var total: Int64 = 0
        while true {
            let x = try fill(&first, from: a, path: left)
            let y = try fill(&second, from: b, path: right)
            let same =
                x == y
                && first.withUnsafeBytes { p in second.withUnsafeBytes { q in x == 0 || memcmp(p.baseAddress!, q.baseAddress!, x) == 0 } }
            guard same else { return nil }
            if x == 0 { return total }
            total += Int64(x)
        }
    }

    private static func fill(_ buffer: inout [UInt8], from descriptor: Int32, path: String) throws(OperationFailure) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw OperationFailure(.failure, code: "file.unreadable", message: "`\(path)` cannot be read", hint: "check the disk")
            }
            if count == 0 { break }
            filled += count
        }
        return filled
    }
}
