// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives
internal import Glibc

package struct OpenOptions: Sendable {
    /// Workers; 0 means one per core.
    package var threads = 0
    /// Whether all files are on disk before `open` returns.
    package var durable = true
    /// The name that a stream without one gets.
    package var streamName = "data"
    /// Nil writes the files as they were sealed.
    package var treatment: (any PlaintextTreatment)?

    package init() {}
}

/// Changes files on their way to the disk, so that what they were sealed as is never on it. Files come in the order of the manifest, each
/// front to back, on one thread.
package protocol PlaintextTreatment: AnyObject, Sendable {
    /// Before any content is decrypted: whether all files can be treated.
    func begin(_ manifest: Manifest) throws(SealingError)
    /// What the next bytes of a file become.
    func update(_ entry: Int, _ bytes: UnsafeRawBufferPointer) throws(SealingError) -> [UInt8]
    /// What is left to write at the end of a file.
    func finish(_ entry: Int) throws(SealingError) -> [UInt8]
    /// Files to be shown beside the others, once those are written. A name that is taken gets a number.
    func companions() throws(SealingError) -> [(name: String, bytes: [UInt8])]
}

extension PackageReader {
    /// Writes all files below `directory`, which must not exist or be empty. Plaintext has a temporary name beside it until everything
    /// has been
    /// verified; a failure leaves nothing.
    ///
    ///     N workers: read ─► leaf ─► decrypt ─► decompress ─► compare heads, write at its place
    package func open(
        to directory: String, fileKey: SecretBytes, options: OpenOptions = OpenOptions(), control: WorkControl = WorkControl()
    ) throws(SealingError) -> Manifest {
        let keys = try keys(fileKey)
        let manifest = try readManifest(keys)
        let target = try PlaintextDirectory(directory, manifest, streamName: options.streamName)
        try options.treatment?.begin(manifest)
        do throws(SealingError) {
            try target.prepare()
            if let treatment = options.treatment {
                try write(manifest, keys, through: treatment, to: target, control)
                for (name, bytes) in try treatment.companions() { try target.add(name, bytes) }
                try target.commit(durable: options.durable)
                return manifest
            }
            let map = PayloadMap(manifest)
            let done = ByteCounter()
            try walk(.payload, threads: options.threads) { () throws(SealingError) in
                let opener = try ChunkOpener(kind: .payload, keys: keys, chunkSize: self.header.chunkSize)
                var current: (entry: Int, file: OpenFile)?
                return { (chunk) throws(SealingError) in
                    guard !control.isCancelled() else { throw .cancelled }
                    let content = try unsafe self.open(chunk, with: opener)
                    try unsafe map.split(content, at: chunk.index * Int64(self.header.chunkSize)) {
                        (entry, position, bytes) throws(SealingError) in
                        let file: OpenFile
                        if let current, current.entry == entry { file = current.file } else { file = try target.file(entry) }
                        current = (entry, file)
                        try unsafe file.write(bytes, at: position)
                    }
                    control.progress(done.add(Int64(content.count)))
                }
            }
            try target.commit(durable: options.durable)
        } catch {
            target.abandon()
            throw error
        }
        return manifest
    }

    /// One worker, so that each file comes in order.
    private func write(
        _ manifest: Manifest, _ keys: PackageKeys, through treatment: any PlaintextTreatment, to target: PlaintextDirectory,
        _ control: WorkControl
    ) throws(SealingError) {
        let map = PayloadMap(manifest)
        let done = ByteCounter()
        let files = TreatedFiles(treatment, target, count: manifest.entries.count)
        try walk(.payload, threads: 1) { () throws(SealingError) in
            let opener = try ChunkOpener(kind: .payload, keys: keys, chunkSize: self.header.chunkSize)
            return { (chunk) throws(SealingError) in
                guard !control.isCancelled() else { throw .cancelled }
                let content = try unsafe self.open(chunk, with: opener)
                try unsafe map.split(content, at: chunk.index * Int64(self.header.chunkSize)) {
                    (entry, _, bytes) throws(SealingError) in
                    try unsafe files.take(entry, bytes)
                }
                control.progress(done.add(Int64(content.count)))
            }
        }
        try files.finish()
    }
}

/// Writes what a treatment makes of the files.
///
/// `@unchecked`: used by one thread at a time.
private final class TreatedFiles: @unchecked Sendable {
    private let treatment: any PlaintextTreatment
    private let target: PlaintextDirectory
    private let count: Int
    private var entry = 0
    private var file: OpenFile?
    private var written: Int64 = 0

    init(_ treatment: any PlaintextTreatment, _ target: PlaintextDirectory, count: Int) {
        (self.treatment, self.target, self.count) = (treatment, target, count)
    }

    func take(_ index: Int, _ bytes: UnsafeRawBufferPointer) throws(SealingError) {
        while entry < index { try finishFile() }
        try write(unsafe treatment.update(entry, bytes))
    }

    func finish() throws(SealingError) { while entry < count { try finishFile() } }

    private func finishFile() throws(SealingError) {
        try write(treatment.finish(entry))
        (entry, file, written) = (entry + 1, nil, 0)
    }

    private func write(_ bytes: [UInt8]) throws(SealingError) {
        guard !bytes.isEmpty else { return }
        let file: OpenFile
        if let open = self.file { file = open } else { file = try target.file(entry) }
        self.file = file
        try file.write(bytes, at: written)
        written += Int64(bytes.count)
    }
}

/// The files of a package under a temporary name. Every path below it has been checked by the manifest's parser, and nobody else writes
/// into a
/// directory of mode 0700 that we just made, so no link can lead out of it.
struct PlaintextDirectory: Sendable {
    private let target: String
    private let temporary: String
    private let paths: [String]
    private let manifest: Manifest

    init(_ directory: String, _ manifest: Manifest, streamName: String) throws(SealingError) {
        var target = directory
        while target.count > 1, target.hasSuffix("/") { target.removeLast() }
        if let found = try FileIdentity.named(target) {
            guard found.kind == .directory else { throw .targetExists(path: target) }
            guard try Directory.names(in: target).isEmpty else { throw .targetNotEmpty(path: target) }
        }
        try PackagePath.check(streamName)
        self.target = target
        self.manifest = manifest
        temporary = Directory.join(Directory.parent(of: target), ".\(Directory.name(of: target)).opening-\(TemporaryName.suffix())")
        paths = manifest.entries.map { $0.path ?? streamName }
    }

    /// Makes the directories, and the files that have no content for a worker to write.
    func prepare() throws(SealingError) {
        try Directory.make(temporary)
        for directory in directories { try Directory.make(Directory.join(temporary, directory)) }
        for (index, entry) in manifest.entries.enumerated() where entry.size == 0 { _ = try file(index) }
    }

    func file(_ entry: Int) throws(SealingError) -> OpenFile {
        try OpenFile(opening: Directory.join(temporary, paths[entry]), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW)
    }

    /// Puts one more file among those of the package, under a name that none of them has.
    func add(_ name: String, _ bytes: [UInt8]) throws(SealingError) {
        try PackagePath.check(name)
        let taken = Set(paths.map { $0.lowercased() })
        var free = name
        var number = 2
        while taken.contains(where: { $0 == free.lowercased() || $0.hasPrefix(free.lowercased() + "/") }) {
            free = "\(number)-\(name)"
            number += 1
        }
        let file = try OpenFile(opening: Directory.join(temporary, free), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW)
        try file.write(bytes, at: 0)
        try file.synchronize()
    }

    func commit(durable: Bool) throws(SealingError) {
        if durable {
            for index in paths.indices { try file(index).synchronize() }
            for directory in directories { try Directory.synchronize(Directory.join(temporary, directory)) }
            try Directory.synchronize(temporary)
        }
        try Directory.rename(temporary, to: target)
        if durable { try Directory.synchronize(Directory.parent(of: target)) }
    }

    func abandon() { Directory.removeTree(temporary) }

    /// Parents before children; paths are in order, so equal parents are neighbours or were made before.
    private var directories: [String] {
        var made: Set<String> = []
        var list: [String] = []
        for path in paths {
            var position = path.utf8.startIndex
            while let slash = path.utf8[position...].firstIndex(of: UInt8(ascii: "/")) {
                let directory = String(path[..<slash])
                if made.insert(directory).inserted { list.append(directory) }
                position = path.utf8.index(after: slash)
            }
        }
        return list
    }
}
