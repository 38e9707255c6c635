// SPDX-License-Identifier: Apache-2.0
package import ExchangeModel
internal import Glibc

/// Puts a package together from byte ranges of somebody who is not trusted, knowing only its reference digest and size.
///
///     footer ─► signature section ─► index ─► header and chunks, each checked against the index before it is written
///
/// Needs no key. The partial file has the size and layout of the whole, so it is all the state there is: after an interruption a new
/// assembler
/// on the same path re-verifies what is on disk and goes on behind it. One owner at a time; not Sendable.
package final class PackageAssembler {
    /// Bytes of verified content on disk, for progress.
    package var verifiedBytes: Int64 { stage == .body || stage == .complete ? position : 0 }
    /// Known once the index has arrived.
    package private(set) var reference: PackageReference?

    package let path: String
    package let partialPath: String
    private let fileBytes: Int64
    private let trust: PackageTrust
    private let file: OpenFile
    private var stage = Stage.footer
    private var pending: [UInt8] = []
    /// How many of `pending` are dealt with; they go once for each call of `receive`, not once for each chunk.
    private var taken = 0
    /// Of the next byte to write.
    private var position: Int64 = 0
    private var footer: PackageFooter?
    private var section: [UInt8] = []
    private var pageRoots: [UInt8] = []
    private var index: LeafIndex?
    private var header: PackageHeader?
    private var nextChunk: Int64 = 0

    private enum Stage { case footer, section, index, body, complete }

    /// - Parameters:
    ///   - path: where the whole package goes; must not exist. The partial file is beside it, with `.partial` appended.
    ///   - expected: the reference digest that the agreement names.
    ///   - trust: who must have signed it; its reference is replaced by `expected`.
    package init(path: String, expected: Digest, fileBytes: Int64, trust: PackageTrust = PackageTrust()) throws(SealingError) {
        guard try FileIdentity.named(path) == nil else { throw .targetExists(path: path) }
        // The largest package: 16 TiB at 1 MiB chunks, 256 TiB at 16 MiB.
        guard fileBytes >= PackageFooter.payloadOffset + Int64(PackageFooter.size), fileBytes < 1 << 50 else {
            throw .footerInvalid("a package cannot have \(fileBytes) bytes")
        }
        self.path = path
        self.fileBytes = fileBytes
        self.trust = PackageTrust(reference: expected, signer: trust.signer, allowUnsigned: trust.allowUnsigned)
        partialPath = path + ".partial"
        file = try OpenFile(opening: partialPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW)
        if try file.identity().size == fileBytes {
            try resume()
        } else {
            try startOver()
        }
    }

    /// The bytes to ask for now, nil when the package is whole. Call it before each request, also after a broken one: bytes that were
    /// received
    /// but not yet verified are dropped.
    package func nextRange() -> Range<Int64>? {
        dropPending()
        switch stage {
        case .footer: return fileBytes - Int64(PackageFooter.size)..<fileBytes
        case .section: return footer.map { $0.signatureOffset..<$0.footerOffset }
        case .index: return footer.map { position..<$0.signatureOffset }
        case .body: return footer.map { position..<$0.indexOffset }
        case .complete: return nil
        }
    }

    /// Takes the next bytes of the range that `nextRange` named, in pieces of any size.
    ///
    /// After an error the assembler stands where `nextRange` says; an altered chunk can be asked for again, from the same peer or another.
    package func receive(_ bytes: [UInt8]) throws(SealingError) {
        pending += bytes
        do throws(SealingError) {
            while try advance() {}
            pending.removeFirst(taken)
            taken = 0
        } catch {
            dropPending()
            throw error
        }
    }

    /// Makes the package visible under its name.
    package func finish() throws(SealingError) -> PackageReference {
        guard stage == .complete, let reference else { throw .truncated(expected: fileBytes, found: verifiedBytes) }
        try file.synchronize()
        guard try FileIdentity.named(path) == nil else { throw .targetExists(path: path) }
        try Directory.rename(partialPath, to: path)
        try Directory.synchronize(Directory.parent(of: path))
        return reference
    }

    /// Removes the partial file.
    package func discard() { unsafe unlink(partialPath) }

    // MARK: Stages

    /// Consumes what `pending` holds; false when it needs more.
    private func advance() throws(SealingError) -> Bool {
        switch stage {
        case .footer: return try takeFooter()
        case .section: return try takeSection()
        case .index: return try takeIndex()
        case .body: return try takeBody()
        case .complete:
            guard pending.count == taken else { throw .trailingBytes(Int64(pending.count - taken)) }
            return false
        }
    }

    private func takeFooter() throws(SealingError) -> Bool {
        guard pending.count >= PackageFooter.size else { return false }
        try checkRange(PackageFooter.size)
        let parsed = try PackageFooter(parsing: pending, size: fileBytes)
        try file.write(pending, at: fileBytes - Int64(PackageFooter.size))
        footer = parsed
        move(to: .section, at: parsed.signatureOffset)
        return false
    }

    private func takeSection() throws(SealingError) -> Bool {
        guard let footer else { return false }
        let count = Int(footer.footerOffset - footer.signatureOffset)
        guard pending.count >= count else { return false }
        try checkRange(count)
        _ = try SignatureSection(parsing: pending)
        try file.write(pending, at: footer.signatureOffset)
        section = pending
        move(to: .index, at: footer.indexOffset)
        pageRoots = []
        return false
    }

    /// Pages go to disk as they come; the reference shows whether they are the right ones.
    private func takeIndex() throws(SealingError) -> Bool {
        guard let footer else { return false }
        let remaining = footer.signatureOffset - position
        guard Int64(pending.count) <= remaining else { throw .trailingBytes(Int64(pending.count) - remaining) }
        let whole = Int64(pending.count) == remaining ? pending.count : pending.count / LeafTree.pageSize * LeafTree.pageSize
        guard whole > 0 else { return false }
        let pages = Array(pending[..<whole])
        try file.write(pages, at: position)
        pageRoots += LeafTree.pageRoots(suite: footer.suite, of: pages)
        position += Int64(whole)
        pending.removeFirst(whole)
        if position == footer.signatureOffset { try finishIndex(footer) }
        return false
    }

    private func finishIndex(_ footer: PackageFooter) throws(SealingError) {
        do throws(SealingError) {
            let root = LeafTree.root(suite: footer.suite, of: pageRoots)
            let found = PackageReference(suite: footer.suite, root: root, leafCount: footer.leafCount, totalBytes: footer.signatureOffset)
            try trust.check(SignatureSection(parsing: section), found)
            index = try LeafIndex(file.asBytes(size: fileBytes), footer)
            reference = found
        } catch {
            // Footer, section or index is not the package's; none can be kept.
            try startOver()
            throw error
        }
        move(to: .body, at: 0)
    }

    private func takeBody() throws(SealingError) -> Bool {
        guard let footer, let index else { return false }
        let available = pending.count - taken
        if position == 0 {
            let count = Int(PackageFooter.payloadOffset)
            guard available >= count else { return false }
            try takeHeader(Array(pending[taken..<taken + count]), index)
            taken += count
            return true
        }
        guard let header, available >= 4 else { return false }
        var reader = ByteReader(pending[taken...])
        let length = Int64(reader.u32() ?? 0)
        let name = nextName(footer)
        guard isLength(length, name, footer, header) else { throw .chunkLengthInvalid(name, length) }
        let stored = 4 + Int(length)
        guard available >= stored else { return false }
        let written = unsafe pending.withUnsafeBytes { bytes in
            Result { () throws(SealingError) in
                let chunk = unsafe UnsafeRawBufferPointer(rebasing: bytes[taken..<taken + stored])
                guard try unsafe isChunk(chunk, name, footer, index) else { throw .chunkAltered(name) }
                try unsafe file.write(chunk, at: position)
            }
        }
        try written.get()
        taken += stored
        passChunk(stored, footer)
        return true
    }

    private func takeHeader(_ bytes: [UInt8], _ index: LeafIndex) throws(SealingError) {
        let parsed = try PackageHeader(parsing: Array(bytes[..<PackageHeader.size]))
        let leaf = LeafTree.headerLeafHash(
            suite: parsed.suite, header: parsed.bytes, commitment: Array(bytes[PackageHeader.size...]))
        guard try index.leafHash(0).elementsEqual(leaf) else { throw .headerAltered }
        try file.write(bytes, at: 0)
        header = parsed
        nextChunk = 0
        position = PackageFooter.payloadOffset
    }

    // MARK: Chunks

    private func nextName(_ footer: PackageFooter) -> ChunkName {
        nextChunk < footer.payloadChunks
            ? ChunkName(kind: .payload, index: nextChunk) : ChunkName(kind: .manifest, index: nextChunk - footer.payloadChunks)
    }

    private func isLength(_ length: Int64, _ name: ChunkName, _ footer: PackageFooter, _ header: PackageHeader) -> Bool {
        let section = footer.chunks(of: name.kind)
        let end = position + 4 + length
        return ChunkFrame.isLength(length, chunkSize: header.chunkSize, suite: header.suite) && end <= section.end
            && (name.index == section.count - 1) == (end == section.end)
    }

    private func isChunk(
        _ stored: UnsafeRawBufferPointer, _ name: ChunkName, _ footer: PackageFooter, _ index: LeafIndex
    ) throws(SealingError) -> Bool {
        let leaf = unsafe LeafTree.chunkLeafHash(
            suite: footer.suite, kind: name.kind, index: name.index, sealed: UnsafeRawBufferPointer(rebasing: stored[4...]))
        return try index.leafHash(footer.leaf(of: name.kind, name.index)).elementsEqual(leaf)
    }

    private func passChunk(_ stored: Int, _ footer: PackageFooter) {
        position += Int64(stored)
        nextChunk += 1
        if nextChunk == footer.payloadChunks + footer.manifestChunks { stage = .complete }
    }

    // MARK: Resuming

    private func startOver() throws(SealingError) {
        (footer, index, header, reference) = (nil, nil, nil, nil)
        try file.setSize(0)
        try file.setSize(fileBytes)
        move(to: .footer, at: 0)
    }

    /// Believes nothing that is on disk: it passes through the same checks as on arrival.
    private func resume() throws(SealingError) {
        let disk = file.asBytes(size: fileBytes)
        do throws(SealingError) {
            while stage != .body, let range = nextRange() {
                var offset = range.lowerBound
                let before = stage
                while offset < range.upperBound, stage == before {
                    let count = min(Int64(LeafTree.pageSize * 32), range.upperBound - offset)
                    pending += try disk.read(at: offset, count: Int(count))
                    offset += count
                    // A signature section comes in one piece.
                    if before != .section || offset == range.upperBound { _ = try advance() }
                }
            }
        } catch {
            try startOver()
            return
        }
        try resumeBody(disk)
        dropPending()
    }

    /// Goes on from the first chunk that is not there.
    private func resumeBody(_ disk: OpenFileBytes) throws(SealingError) {
        guard let footer, let index, stage == .body else { return }
        do throws(SealingError) {
            try takeHeader(disk.read(at: 0, count: Int(PackageFooter.payloadOffset)), index)
        } catch {
            return
        }
        while stage == .body, let header {
            let name = nextName(footer)
            var reader = ByteReader(try disk.read(at: position, count: 4))
            let length = Int64(reader.u32() ?? 0)
            guard isLength(length, name, footer, header) else { return }
            let stored = try disk.read(at: position, count: 4 + Int(length))
            let found = unsafe stored.withUnsafeBytes { bytes in
                Result { () throws(SealingError) in try unsafe isChunk(bytes, name, footer, index) }
            }
            guard try found.get() else { return }
            passChunk(stored.count, footer)
        }
    }

    private func move(to next: Stage, at offset: Int64) {
        stage = next
        position = offset
        dropPending()
    }

    private func dropPending() {
        pending.removeAll(keepingCapacity: true)
        taken = 0
    }

    private func checkRange(_ count: Int) throws(SealingError) {
        guard pending.count == count else { throw .trailingBytes(Int64(pending.count - count)) }
    }
}

/// A file that is still being written, as bytes to read.
struct OpenFileBytes: RandomAccessBytes {
    let size: Int64
    fileprivate let file: OpenFile

    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(SealingError) {
        guard try unsafe file.read(at: offset, into: buffer) == buffer.count else { throw .truncated(expected: nil, found: size) }
    }
}

extension OpenFile {
    fileprivate func asBytes(size: Int64) -> OpenFileBytes { OpenFileBytes(size: size, file: self) }
}
