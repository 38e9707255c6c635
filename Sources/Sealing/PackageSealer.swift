// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives
package import ExchangeModel

package struct SealOptions: Sendable {
    package var suite = Suite.international
    package var codec = Codec.automatic
    /// Payload bytes of a full chunk: a power of two from 64 KiB to 16 MiB.
    package var chunkSize = 1 << 20
    package var padding = Padding.none
    /// Workers; 0 means one per core.
    package var threads = 0
    /// What the manifest says about the data: title, schema, classification, person counts.
    package var metadata: [String: JSON] = [:]

    package init() {}
}

/// Watches and ends long work. Both closures are called from worker threads, once per chunk.
package struct WorkControl: Sendable {
    /// Payload bytes done so far, never decreasing.
    package var progress: @Sendable (Int64) -> Void
    package var isCancelled: @Sendable () -> Bool

    package init(progress: @escaping @Sendable (Int64) -> Void = { _ in }, isCancelled: @escaping @Sendable () -> Bool = { false }) {
        self.progress = progress
        self.isCancelled = isCancelled
    }
}

/// The random values of one seal. Fixed ones are for test vectors only: a file key that seals twice gives both packages away.
package struct SealRandomness: Sendable {
    package let fileKey: SecretBytes
    package let salt: [UInt8]

    package init(fileKey: SecretBytes, salt: [UInt8]) { (self.fileKey, self.salt) = (fileKey, salt) }

    package static func fresh() -> SealRandomness {
        SealRandomness(fileKey: .random(count: PackageKeys.fileKeySize), salt: SecureRandom.bytes(PackageHeader.saltSize))
    }
}

/// A package that was just sealed.
package struct SealedPackageInfo: Sendable {
    package let reference: PackageReference
    /// The name of the package everywhere.
    package let referenceDigest: Digest
    package let manifest: Manifest
    /// For the vault, or to be forgotten when the package carries wraps.
    package let fileKey: SecretBytes
    package let signature: SignatureBlock?
    /// Size of the file.
    package let fileBytes: Int64
    package let chunkSize: Int
    package let payloadChunks: Int64
}

/// Seals sources into packages (docs/formats/sealed-package.md).
///
///     source ─► PayloadProducer ─► N workers: compress, encrypt, hash ─► sink
///                    one at a time, in order          (SealPipeline)          one at a time, in order
///
/// `seal` blocks its thread and runs its own worker threads; memory is a few chunks per worker whatever the size.
package struct PackageSealer: Sendable {
    package var options: SealOptions

    package init(_ options: SealOptions = SealOptions()) { self.options = options }

    /// Seals into the file `path`, which must not exist. A failed seal leaves nothing behind.
    ///
    /// - Parameters:
    ///   - signer: a key of the suite's signature algorithm, or nil for an unsigned package, which readers refuse by default.
    ///   - recipients: keys of the suite's encryption algorithm that get a wrap of the file key; none for packages whose key is granted.
    package func seal(
        _ source: SealSource, toFile path: String, signer: PrivateKey?, recipients: [PublicKey] = [], control: WorkControl = WorkControl()
    ) throws(SealingError) -> SealedPackageInfo {
        // Listed first, so that the temporary file is not found in the tree.
        let items = try SourceListing.items(of: source)
        return try seal(items, of: source, to: FileSink(path: path), signer, recipients, .fresh(), control)
    }

    package func seal(
        _ source: SealSource, to sink: any PackageSink, signer: PrivateKey?, recipients: [PublicKey] = [],
        randomness: SealRandomness = .fresh(), control: WorkControl = WorkControl()
    ) throws(SealingError) -> SealedPackageInfo {
        try seal(SourceListing.items(of: source), of: source, to: sink, signer, recipients, randomness, control)
    }

    private func seal(
        _ items: [SourceItem], of source: SealSource, to sink: any PackageSink, _ signer: PrivateKey?, _ recipients: [PublicKey],
        _ randomness: SealRandomness, _ control: WorkControl
    ) throws(SealingError) -> SealedPackageInfo {
        do throws(SealingError) {
            let info = try write(items, kind: source.manifestKind, to: sink, signer, recipients, randomness, control)
            try sink.commit()
            return info
        } catch {
            sink.abandon()
            throw error
        }
    }

    private func write(
        _ items: [SourceItem], kind: Manifest.Source, to sink: any PackageSink, _ signer: PrivateKey?, _ recipients: [PublicKey],
        _ randomness: SealRandomness, _ control: WorkControl
    ) throws(SealingError) -> SealedPackageInfo {
        try validate(signer, recipients)
        let header = try PackageHeader(suite: options.suite, chunkSize: options.chunkSize, salt: randomness.salt)
        let keys = try PackageKeys(suite: header.suite, header: header.bytes, fileKey: randomness.fileKey)
        try sink.write(header.bytes + keys.commitment)

        let payload = PayloadProducer(items, header.suite)
        let run = SealRun(sink: sink, keys: keys, options: options, control: control)
        run.leaves = LeafTree.headerLeafHash(suite: header.suite, header: header.bytes, commitment: keys.commitment)
        run.offset = PackageFooter.payloadOffset
        let payloadChunks = try run.sealSection(.payload, from: payload, threads: WorkerThreads.count(options.threads))
        let manifestOffset = run.offset

        let manifest = Manifest(
            source: kind, entries: payload.entries, contentBytes: payload.entries.reduce(0) { $0 + $1.size },
            payloadBytes: payload.payloadBytes, metadata: options.metadata.isEmpty ? nil : .object(options.metadata))
        let manifestChunks = try run.sealSection(.manifest, from: ManifestProducer(manifest), threads: 1)
        let indexOffset = run.offset
        try sink.write(run.leaves)

        let root = LeafTree.root(suite: header.suite, of: LeafTree.pageRoots(suite: header.suite, of: run.leaves))
        let reference = PackageReference(
            suite: header.suite, root: root, leafCount: 1 + payloadChunks + manifestChunks,
            totalBytes: indexOffset + Int64(run.leaves.count))
        var section = SignatureSection(signature: nil, wraps: [])
        if let signer { section.signature = try SignatureBlock(reference.signedBytes, by: signer, suite: header.suite) }
        for recipient in recipients {
            section.wraps.append(try KeyGrant.wrap(randomness.fileKey, to: recipient, package: reference.digest, signer: signer))
        }
        let sectionBytes = section.bytes
        let fileBytes = reference.totalBytes + Int64(sectionBytes.count + PackageFooter.size)
        let footer = PackageFooter(
            suite: header.suite, payloadChunks: payloadChunks, manifestChunks: manifestChunks, manifestOffset: manifestOffset,
            indexOffset: indexOffset, signatureOffset: reference.totalBytes, fileBytes: fileBytes)
        try sink.write(sectionBytes + footer.bytes)
        return SealedPackageInfo(
            reference: reference, referenceDigest: reference.digest, manifest: manifest, fileKey: randomness.fileKey,
            signature: section.signature, fileBytes: fileBytes, chunkSize: header.chunkSize, payloadChunks: payloadChunks)
    }

    private func validate(_ signer: PrivateKey?, _ recipients: [PublicKey]) throws(SealingError) {
        try options.codec.validate()
        guard recipients.count <= Limits.wraps else { throw .optionInvalid("a package has at most \(Limits.wraps) recipients") }
        let (signs, encrypts) = (options.suite.signatureAlgorithm, options.suite.encryptionAlgorithm)
        guard signer.map({ $0.algorithm == signs }) ?? true, recipients.allSatisfy({ $0.algorithm == encrypts }) else {
            throw .optionInvalid("suite \(options.suite.name) takes \(signs.rawValue) signers and \(encrypts.rawValue) recipients")
        }
        // The first line of the manifest also holds a few numbers.
        guard JSON.object(options.metadata).canonical().count <= Limits.manifestLineBytes - 1_024 else {
            throw .optionInvalid("the metadata is longer than \(Limits.manifestLineBytes - 1_024) bytes")
        }
    }
}

extension SealSource {
    fileprivate var manifestKind: Manifest.Source {
        switch self {
        case .tree, .paths, .contents: .tree
        case .file: .file
        case .stream: .stream
        }
    }
}

/// One seal on its way.
///
/// `@unchecked`: `leaves` and `offset` are changed only by the worker that writes, and read while no worker runs.
private final class SealRun: @unchecked Sendable {
    var leaves: [UInt8] = []
    var offset: Int64 = 0

    private let sink: any PackageSink
    private let keys: PackageKeys
    private let options: SealOptions
    private let control: WorkControl

    init(sink: any PackageSink, keys: PackageKeys, options: SealOptions, control: WorkControl) {
        (self.sink, self.keys, self.options, self.control) = (sink, keys, options, control)
    }

    /// Seals all that `producer` gives into chunks of `kind`, and returns how many.
    func sealSection(_ kind: ChunkKind, from producer: any ChunkProducer, threads: Int) throws(SealingError) -> Int64 {
        let (keys, options) = (keys, options)
        let buffers = (0..<SealPipeline.buffers(workers: threads)).map { _ in
            ChunkBuffer(chunkSize: options.chunkSize, suite: keys.suite, isCompressing: options.codec != .stored)
        }
        let pipeline = SealPipeline(producer, buffers: buffers, control: control) { (chunk) throws(SealingError) in
            try unsafe self.sink.write(chunk.stored)
            self.leaves += chunk.leaf
            self.offset += Int64(unsafe chunk.stored.count)
            guard self.leaves.count / LeafTree.hashSize <= Int(Limits.leaves) else { throw .tooManyChunks }
            if kind == .payload { self.control.progress(chunk.start + Int64(chunk.count)) }
        }
        return try pipeline.run(workers: threads) { () throws(SealingError) in
            try ChunkSealer(kind: kind, keys: keys, chunkSize: options.chunkSize, codec: options.codec, padding: options.padding)
        }
    }
}
