// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Glibc
import ManagementAPI

/// What a vandal would do to a data directory.
enum ByteFlip {
    /// Flips one bit of the byte in the middle of `text`, in the first database file below `directory` that has it.
    static func flip(text: String, inFilesOf directory: String) throws(OperationFailure) {
        let needle = Array(text.utf8)
        let names = try TreeComparison.files(below: directory).filter {
            $0.hasSuffix(".sqlite") || $0.hasSuffix(".db") || $0.hasSuffix(".sqlite3")
        }
        for name in names.sorted(by: { ($0.contains("index") ? 1 : 0, $0) < ($1.contains("index") ? 1 : 0, $1) }) {
            let path = directory + "/" + name
            let bytes = try Files.bytes(path, limitBytes: 1 << 30)
            guard let start = find(needle, in: bytes) else { continue }
            let position = start + needle.count / 2
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw Files.unwritable(path) }
            defer { close(descriptor) }
            var flipped = bytes[position] ^ 1
            guard pwrite(descriptor, &flipped, 1, off_t(position)) == 1 else { throw Files.unwritable(path) }
            return
        }
        throw OperationFailure(
            .failure, code: "demo.unexpected", message: "no database file has the text `\(text)`",
            hint: "the layout of the data directory changed")
    }

    private static func find(_ needle: [UInt8], in bytes: [UInt8]) -> Int? {
        guard let first = needle.first else { return nil }
        return bytes.withUnsafeBytes { haystack in
            guard let base = haystack.baseAddress else { return nil }
            var position = 0
            while position + needle.count <= haystack.count,
                let found = memchr(base + position, Int32(first), haystack.count - needle.count - position + 1)
            {
                position = UnsafeRawPointer(found) - base
                if haystack[position..<position + needle.count].elementsEqual(needle) { return position }
                position += 1
            }
            return nil
        }
    }
}
