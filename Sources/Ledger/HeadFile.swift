// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Glibc
import MerkleLog

//  What this ledger last signed, kept outside the database so that a database set back to an older state is noticed.
//
//      slot 0 │ slot 1       4,096 bytes each; generation g is written to slot g mod 2, so the slot being written is always the older
//
//      0     8  "KOUANHD1"              136   2  length of the origin (u16)
//      8     8  generation (u64)        138   n  origin
//      16    8  size (u64)              …        zeros
//      24   32  root                    4064 32  SHA-256 of the 4,064 bytes before
//      56   80  signature: length (u16), bytes, zeros
//
//  docs/formats/checkpoint.md. Excluded from every backup.

struct HeadSlot: Sendable, Hashable {
    let generation: Int64
    let origin: String
    let size: Int64
    let root: TreeHash
    let signature: [UInt8]

    static let byteCount = 4_096
    private static let magic = Array("KOUANHD1".utf8)
    private static let sumOffset = 4_064
    private static let originOffset = 138

    func encoded() -> [UInt8] {
        let origin = Array(origin.utf8)
        var bytes = HeadSlot.magic
        bytes += HeadSlot.bigEndian(UInt64(generation), count: 8)
        bytes += HeadSlot.bigEndian(UInt64(size), count: 8)
        bytes += root.bytes
        bytes += HeadSlot.bigEndian(UInt64(signature.count), count: 2) + signature
        bytes += [UInt8](repeating: 0, count: 136 - bytes.count)
        bytes += HeadSlot.bigEndian(UInt64(origin.count), count: 2) + origin
        bytes += [UInt8](repeating: 0, count: HeadSlot.sumOffset - bytes.count)
        return bytes + Hash.sha256(bytes)
    }

    init(generation: Int64, origin: String, size: Int64, root: TreeHash, signature: [UInt8]) {
        precondition(signature.count <= 78 && origin.utf8.count <= 1_024, "the slot is laid out for Ed25519 and short origins")
        self.generation = generation
        self.origin = origin
        self.size = size
        self.root = root
        self.signature = signature
    }

    /// Nil for a slot that was never written, or torn.
    init?(parsing bytes: [UInt8]) {
        guard bytes.count == HeadSlot.byteCount, bytes.starts(with: HeadSlot.magic) else { return nil }
        guard Hash.sha256(Array(bytes[..<HeadSlot.sumOffset])) == Array(bytes[HeadSlot.sumOffset...]) else { return nil }
        let signatureCount = HeadSlot.number(bytes[56..<58])
        let originCount = HeadSlot.number(bytes[136..<138])
        guard let generation = Int64(exactly: HeadSlot.number(bytes[8..<16])), let size = Int64(exactly: HeadSlot.number(bytes[16..<24])),
            let root = TreeHash(Array(bytes[24..<56])), signatureCount <= 78, originCount <= 1_024,
            let origin = String(validating: bytes[HeadSlot.originOffset..<(HeadSlot.originOffset + Int(originCount))], as: UTF8.self)
        else { return nil }
        self.init(
            generation: generation, origin: origin, size: size, root: root, signature: Array(bytes[58..<(58 + Int(signatureCount))]))
    }

    private static func bigEndian(_ number: UInt64, count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> UInt64($0 * 8)) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}

/// The open head file. Written only by the sequencer.
final class HeadFile: Sendable {
    static let defaultName = "ledger-head"

    let path: String
    private let descriptor: CInt

    private init(path: String, descriptor: CInt) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { Glibc.close(descriptor) }

    /// Nil if there is no such file.
    static func open(path: String) throws(LedgerError) -> HeadFile? {
        let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        if descriptor < 0, errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw .headFile(path: path, detail: String(cString: strerror(errno))) }
        return HeadFile(path: path, descriptor: descriptor)
    }

    /// Makes the file, which must not exist, with its final length, so that a full disk cannot stop a later write.
    static func create(path: String) throws(LedgerError) -> HeadFile {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .headFile(path: path, detail: String(cString: strerror(errno))) }
        let file = HeadFile(path: path, descriptor: descriptor)
        try file.write([UInt8](repeating: 0, count: 2 * HeadSlot.byteCount), at: 0)
        try file.syncDirectory()
        return file
    }

    /// The readable slots.
    func slots() throws(LedgerError) -> [HeadSlot] {
        var slots: [HeadSlot] = []
        for number in 0..<2 {
            var bytes = [UInt8](repeating: 0, count: HeadSlot.byteCount)
            let count = pread(descriptor, &bytes, bytes.count, off_t(number * HeadSlot.byteCount))
            guard count >= 0 else { throw .headFile(path: path, detail: String(cString: strerror(errno))) }
            if count == bytes.count, let slot = HeadSlot(parsing: bytes) { slots.append(slot) }
        }
        return slots
    }

    /// Durable on return. Never retried: after a failed sync nobody knows what the disk holds.
    func write(_ slot: HeadSlot) throws(LedgerError) {
        try write(slot.encoded(), at: off_t(slot.generation & 1) * off_t(HeadSlot.byteCount))
    }

    private func write(_ bytes: [UInt8], at offset: off_t) throws(LedgerError) {
        let count = pwrite(descriptor, bytes, bytes.count, offset)
        guard count == bytes.count else {
            throw .headFile(path: path, detail: count < 0 ? String(cString: strerror(errno)) : "only `\(count)` bytes were written")
        }
        guard fdatasync(descriptor) == 0 else { throw .headFile(path: path, detail: String(cString: strerror(errno))) }
    }

    private func syncDirectory() throws(LedgerError) {
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let directory = Glibc.open(parent.isEmpty ? "/" : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .headFile(path: parent, detail: String(cString: strerror(errno))) }
        defer { Glibc.close(directory) }
        guard fsync(directory) == 0 else { throw .headFile(path: parent, detail: String(cString: strerror(errno))) }
    }
}
