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

    package init() {}
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
        do throws(SealingError) {
            try target.prepare()
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
