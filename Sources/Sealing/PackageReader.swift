// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives
package import ExchangeModel
internal import Synchronization

/// What a reader knows beforehand about the package it is given.
package struct PackageTrust: Sendable {
    /// The package that an agreement, grant or ledger entry names.
    package var reference: Digest?
    /// The key that must have signed it.
    package var signer: PublicKey?
    /// Whether the user accepted to read a package that nobody signed.
    package var allowUnsigned: Bool

    package init(reference: Digest? = nil, signer: PublicKey? = nil, allowUnsigned: Bool = false) {
        (self.reference, self.signer, self.allowUnsigned) = (reference, signer, allowUnsigned)
    }

    func check(_ section: SignatureSection, _ reference: PackageReference) throws(SealingError) {
        if let expected = self.reference, expected != reference.digest {
            throw .otherPackage(expected: expected.description, found: reference.digest.description)
        }
        try section.verify(reference)
        guard let signature = section.signature else {
            if let signer { throw .otherSigner(expected: signer.description, found: "nobody") }
            guard allowUnsigned else { throw .notSigned }
            return
        }
        if let signer, signer != signature.signer {
            throw .otherSigner(expected: signer.description, found: signature.signer.description)
        }
    }
}

/// What a package says without a key.
package struct PackageInspection: Sendable {
    package let suite: Suite
    package let reference: PackageReference
    package let referenceDigest: Digest
    package let fileBytes: Int64
    package let chunkSize: Int
    package let payloadChunks: Int64
    package let manifestChunks: Int64
    package let signer: PublicKey?
    /// Keys that a package made by hand is sealed to.
    package let recipients: [PublicKey]
}

/// Reads a package whose size, geometry, tree, signature and header have been checked (docs/formats/sealed-package.md §5, steps 1 to 4).
package final class PackageReader: Sendable {
    package let reference: PackageReference
    package let header: PackageHeader
    package let footer: PackageFooter
    /// Verified; nil when the package is not signed and that was allowed.
    package let signature: SignatureBlock?
    /// Verified to come from the signer and to speak of this package.
    package let wraps: [KeyGrant]

    private let source: any RandomAccessBytes
    private let index: LeafIndex
    private let commitment: [UInt8]

    package init(_ source: any RandomAccessBytes, trust: PackageTrust = PackageTrust()) throws(SealingError) {
        self.source = source
        let size = source.size
        guard size >= PackageFooter.payloadOffset + Int64(PackageFooter.size) else {
            let start = try source.read(at: 0, count: Int(min(size, 8)))
            guard PackageHeader.magic.starts(with: start) else { throw .notAPackage }
            throw .truncated(expected: nil, found: size)
        }
        let head = try source.read(at: 0, count: Int(PackageFooter.payloadOffset))
        guard head.starts(with: PackageHeader.magic) else { throw .notAPackage }
        footer = try PackageFooter(parsing: source.read(at: size - Int64(PackageFooter.size), count: PackageFooter.size), size: size)

        let section = try SignatureSection(
            parsing: source.read(at: footer.signatureOffset, count: Int(footer.footerOffset - footer.signatureOffset)))
        index = try LeafIndex(source, footer)
        reference = PackageReference(
            suite: footer.suite, root: index.root, leafCount: footer.leafCount, totalBytes: footer.signatureOffset)
        try trust.check(section, reference)
        (signature, wraps) = (section.signature, section.wraps)

        let headerBytes = Array(head[..<PackageHeader.size])
        header = try PackageHeader(parsing: headerBytes)
        commitment = Array(head[PackageHeader.size...])
        guard header.suite == footer.suite else { throw .footerInvalid("its suite is not the header's") }
        let leaf = LeafTree.headerLeafHash(suite: header.suite, header: headerBytes, commitment: commitment)
        guard try index.leafHash(0).elementsEqual(leaf) else { throw .headerAltered }
    }

    package convenience init(path: String, trust: PackageTrust = PackageTrust()) throws(SealingError) {
        try self.init(FileBytes(path: path), trust: trust)
    }

    package var referenceDigest: Digest { reference.digest }

    package var inspection: PackageInspection {
        PackageInspection(
            suite: header.suite, reference: reference, referenceDigest: reference.digest, fileBytes: footer.fileBytes,
            chunkSize: header.chunkSize, payloadChunks: footer.payloadChunks, manifestChunks: footer.manifestChunks,
            signer: signature?.signer, recipients: wraps.map(\.context.requestKey))
    }

    /// The file key of a package made by hand, for one of its recipients' keys.
    package func fileKey(unwrappingWith key: PrivateKey) throws(SealingError) -> SecretBytes {
        guard let wrap = wraps.first(where: { $0.context.requestKey == key.publicKey }) else { throw .noWrapForKey }
        return try wrap.fileKey(with: key)
    }

    /// Checks every chunk against the signed tree. Needs no key.
    package func verify(threads: Int = 0, control: WorkControl = WorkControl()) throws(SealingError) {
        for kind in [ChunkKind.payload, .manifest] {
            try walk(kind, threads: threads) { () throws(SealingError) in
                let buffer = ByteBuffer(ChunkFrame.sealedLimit(chunkSize: self.header.chunkSize, suite: self.header.suite))
                return { (chunk) throws(SealingError) in
                    guard !control.isCancelled() else { throw .cancelled }
                    try unsafe self.load(chunk, into: buffer.memory)
                }
            }
        }
    }

    /// Also opens every chunk and recomputes the digest of every file.
    package func verifyDeep(
        fileKey: SecretBytes, threads: Int = 0, control: WorkControl = WorkControl()
    ) throws(SealingError) -> Manifest {
        let keys = try keys(fileKey)
        let manifest = try readManifest(keys)
        let checker = DigestChecker(PayloadMap(manifest), header.suite)
        let turnstile = Turnstile()
        try walk(.payload, threads: threads) { () throws(SealingError) in
            let opener = try ChunkOpener(kind: .payload, keys: keys, chunkSize: self.header.chunkSize)
            return { (chunk) throws(SealingError) in
                do throws(SealingError) {
                    guard !control.isCancelled() else { throw .cancelled }
                    let content = try unsafe self.open(chunk, with: opener)
                    turnstile.inTurn(chunk.index) { () throws(SealingError) in
                        try unsafe checker.take(content)
                        control.progress(checker.position)
                    }
                } catch {
                    turnstile.fail(error, at: chunk.index)
                }
                try turnstile.throwFailure()
            }
        }
        try checker.finish()
        return manifest
    }

    package func manifest(fileKey: SecretBytes) throws(SealingError) -> Manifest { try readManifest(keys(fileKey)) }

    /// Gives `body` the content of one file piece by piece; only the chunks that hold it are read.
    ///
    /// - Parameter path: nil for the stream without a name.
    package func read(
        path: String?, fileKey: SecretBytes, _ body: (UnsafeRawBufferPointer) throws(SealingError) -> Void
    ) throws(SealingError) -> Manifest.Entry {
        let keys = try keys(fileKey)
        let manifest = try readManifest(keys)
        guard let entry = manifest.entries.first(where: { $0.path == path }) else { throw .noSuchFile(path: path ?? "") }
        let opener = try ChunkOpener(kind: .payload, keys: keys, chunkSize: header.chunkSize)
        let cursor = ChunkCursor(self.source, self.footer, self.header, .payload)
        let (start, end) = (entry.offset, entry.offset + entry.size)
        while let chunk = try cursor.next() {
            let chunkStart = chunk.index * Int64(header.chunkSize)
            if chunkStart >= end { break }
            if chunkStart + Int64(header.chunkSize) <= start { continue }
            let content = try unsafe open(chunk, with: opener)
            let from = Int(max(0, start - chunkStart))
            let to = Int(min(Int64(content.count), end - chunkStart))
            guard from <= to else { throw .manifestDisagrees("the payload ends early") }
            if from < to { try unsafe body(UnsafeRawBufferPointer(rebasing: content[from..<to])) }
        }
        return entry
    }

    // MARK: Chunks

    func keys(_ fileKey: SecretBytes) throws(SealingError) -> PackageKeys {
        let keys = try PackageKeys(suite: header.suite, header: header.bytes, fileKey: fileKey)
        guard constantTimeEqual(keys.commitment, commitment) else { throw .wrongKey }
        return keys
    }

    func readManifest(_ keys: PackageKeys) throws(SealingError) -> Manifest {
        let opener = try ChunkOpener(kind: .manifest, keys: keys, chunkSize: header.chunkSize)
        let cursor = ChunkCursor(source, footer, header, .manifest)
        var parser = ManifestParser(suite: header.suite)
        while let chunk = try cursor.next() { try unsafe parser.take(open(chunk, with: opener)) }
        return try parser.finish(payloadChunks: footer.payloadChunks, chunkSize: header.chunkSize)
    }

    /// Runs workers over the chunks of `kind`, in any order. Each worker gets its own closure from `makeWorker`, so it owns its buffers.
    func walk(
        _ kind: ChunkKind, threads: Int, _ makeWorker: @escaping @Sendable () throws(SealingError) -> ChunkWork
    ) throws(SealingError) {
        let cursor = ChunkCursor(source, footer, header, kind)
        let turnstile = Turnstile()
        let workers = min(Int64(WorkerThreads.count(threads)), footer.chunks(of: kind).count)
        WorkerThreads.run(Int(workers)) { _ in
            var index: Int64 = 0
            do throws(SealingError) {
                let work = try makeWorker()
                while !turnstile.hasFailed {
                    index = cursor.index
                    guard let chunk = try cursor.next() else { break }
                    index = chunk.index
                    try work(chunk)
                }
            } catch { turnstile.fail(error, at: index) }
        }
        try turnstile.throwFailure()
    }

    /// Reads the sealed bytes of a chunk and checks them against the signed tree.
    func load(_ chunk: LocatedChunk, into buffer: UnsafeMutableRawBufferPointer) throws(SealingError) {
        let sealed = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<chunk.sealedCount])
        try unsafe source.read(at: chunk.offset, into: sealed)
        let leaf = unsafe LeafTree.chunkLeafHash(
            suite: header.suite, kind: chunk.kind, index: chunk.index, sealed: UnsafeRawBufferPointer(sealed))
        guard try index.leafHash(footer.leaf(of: chunk.kind, chunk.index)).elementsEqual(leaf) else { throw .chunkAltered(chunk.name) }
    }

    func open(_ chunk: LocatedChunk, with opener: ChunkOpener) throws(SealingError) -> UnsafeRawBufferPointer {
        try unsafe load(chunk, into: opener.sealed)
        return try unsafe opener.open(index: chunk.index, last: chunk.last, count: chunk.sealedCount)
    }
}

typealias ChunkWork = (LocatedChunk) throws(SealingError) -> Void

struct LocatedChunk {
    let kind: ChunkKind
    let index: Int64
    let last: Bool
    /// Of the sealed bytes, behind their length.
    let offset: Int64
    let sealedCount: Int

    var name: ChunkName { ChunkName(kind: kind, index: index) }
}

/// Walks the chunks of one kind by their lengths and refuses a section that they do not fill exactly.
final class ChunkCursor: Sendable {
    private let source: any RandomAccessBytes
    private let header: PackageHeader
    private let kind: ChunkKind
    private let count: Int64
    private let end: Int64
    private let state: Mutex<(index: Int64, offset: Int64)>

    init(_ source: any RandomAccessBytes, _ footer: PackageFooter, _ header: PackageHeader, _ kind: ChunkKind) {
        let section = footer.chunks(of: kind)
        (self.source, self.header, self.kind, count, end) = (source, header, kind, section.count, section.end)
        state = Mutex((0, section.start))
    }

    /// Of the chunk that `next` returns next.
    var index: Int64 { state.withLock { $0.index } }

    /// Nil after the last chunk.
    func next() throws(SealingError) -> LocatedChunk? {
        try state.withLock { (state) throws(SealingError) in
            guard state.index < count else { return nil }
            let name = ChunkName(kind: kind, index: state.index)
            guard end - state.offset >= 4 else { throw .chunkLengthInvalid(name, end - state.offset) }
            var reader = ByteReader(try source.read(at: state.offset, count: 4))
            let length = Int64(reader.u32() ?? 0)
            let last = state.index == count - 1
            let start = state.offset + 4
            guard ChunkFrame.isLength(length, chunkSize: header.chunkSize, suite: header.suite), length <= end - start,
                last == (start + length == end)
            else { throw .chunkLengthInvalid(name, length) }
            defer { state = (state.index + 1, start + length) }
            return LocatedChunk(kind: kind, index: state.index, last: last, offset: start, sealedCount: Int(length))
        }
    }
}

/// Owns a piece of raw memory.
@safe final class ByteBuffer {
    let memory: UnsafeMutableRawBufferPointer

    init(_ count: Int) { unsafe memory = .allocate(byteCount: count, alignment: 64) }

    deinit { unsafe memory.deallocate() }
}
