// SPDX-License-Identifier: Apache-2.0
internal import CryptoPrimitives
internal import ExchangeModel
internal import Glibc

/// What goes into a package.
package enum SealSource: Sendable {
    /// The files below a directory, named relative to it.
    case tree(String)
    /// Files and directories, each under its own last name.
    case paths([String])
    /// One file under its own name.
    case file(String)
    /// Bytes of unknown length.
    case stream(any ByteStream, name: String?)
    /// Files in memory.
    case contents([String: [UInt8]])
}

/// Bytes front to back, such as standard input. Called by one thread at a time.
package protocol ByteStream: Sendable {
    /// The count of bytes put into `buffer`, at least one; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SealingError) -> Int
}

/// A stream over a file descriptor that somebody else closes.
package struct DescriptorStream: ByteStream {
    private let file: OpenFile

    package init(_ descriptor: Int32, name: String) { file = OpenFile(borrowing: descriptor, named: name) }

    package static var standardInput: DescriptorStream { DescriptorStream(STDIN_FILENO, name: "standard input") }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(SealingError) -> Int { try unsafe file.readNext(into: buffer) }
}

/// One file to be sealed, as it was when the source was listed.
struct SourceItem {
    enum Content {
        case file(path: String, FileIdentity)
        case memory([UInt8])
        case stream(any ByteStream)
    }

    let path: String?
    let size: Int64?
    let content: Content
}

/// Lists sources in the order of the format and refuses what a package cannot carry.
enum SourceListing {
    static func items(of source: SealSource) throws(SealingError) -> [SourceItem] {
        var items: [SourceItem] = []
        switch source {
        case .stream(let stream, let name):
            if let name { try PackagePath.check(name) }
            return [SourceItem(path: name, size: nil, content: .stream(stream))]
        case .contents(let files):
            for (path, bytes) in files { items.append(SourceItem(path: path, size: Int64(bytes.count), content: .memory(bytes))) }
        case .file(let path):
            guard let identity = try FileIdentity.named(path) else { throw .sourceMissing(path: path) }
            guard identity.kind != .directory else { throw .sourceNotRegular(path: path, kind: identity.kind.rawValue) }
            try add(path, named: Directory.name(of: path), identity, to: &items)
        case .tree(let root):
            // The root itself may be a link; nothing below it.
            guard let identity = try FileIdentity.named(Directory.join(root, ".")) else { throw .sourceMissing(path: root) }
            guard identity.kind == .directory else { throw .sourceNotRegular(path: root, kind: identity.kind.rawValue) }
            try addDirectory(root, named: "", to: &items)
        case .paths(let paths):
            guard !paths.isEmpty else { throw .optionInvalid("name at least one file or folder to seal") }
            for path in paths {
                guard let identity = try FileIdentity.named(path) else { throw .sourceMissing(path: path) }
                let name = Directory.name(of: path)
                if identity.kind == .directory {
                    try addDirectory(path, named: name, to: &items)
                } else {
                    try add(path, named: name, identity, to: &items)
                }
            }
        }
        try check(&items)
        return items
    }

    private static func check(_ items: inout [SourceItem]) throws(SealingError) {
        items.sort { PackagePath.precedes($0.path ?? "", $1.path ?? "") }
        var collisions = PathCollisions()
        for item in items {
            let path = item.path ?? ""
            try PackagePath.check(path)
            try collisions.add(path)
        }
    }

    private static func addDirectory(_ root: String, named name: String, to items: inout [SourceItem]) throws(SealingError) {
        var pending = [(path: root, name: name)]
        while let directory = pending.popLast() {
            for entry in try Directory.names(in: directory.path) {
                let path = Directory.join(directory.path, entry)
                let name = directory.name.isEmpty ? entry : directory.name + "/" + entry
                guard let identity = try FileIdentity.named(path) else { throw .sourceChanged(path: path) }
                if identity.kind == .directory {
                    // Before descending, so that a tree cannot be deeper than a path is long.
                    try PackagePath.check(name)
                    pending.append((path, name))
                } else {
                    try add(path, named: name, identity, to: &items)
                }
            }
        }
    }

    private static func add(_ path: String, named name: String, _ identity: FileIdentity, to items: inout [SourceItem]) throws(SealingError)
    {
        guard identity.kind == .regular else { throw .sourceNotRegular(path: path, kind: identity.kind.rawValue) }
        guard items.count < Limits.files else { throw .tooManyFiles }
        items.append(SourceItem(path: name, size: identity.size, content: .file(path: path, identity)))
    }
}

/// Fills chunks front to back. Called by one worker at a time.
protocol ChunkProducer: AnyObject {
    /// The count of bytes put into `buffer`, all of it unless `last`.
    func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(SealingError) -> (count: Int, last: Bool)
}

/// The payload of a package (docs/formats/sealed-package.md §3): heads and contents one after the other, hashed on the way.
final class PayloadProducer: ChunkProducer {
    private(set) var entries: [Manifest.Entry] = []
    private(set) var payloadBytes: Int64 = 0

    private let items: [SourceItem]
    private let suite: Suite
    private var next = 0
    private var head: [UInt8] = []
    private var headPosition = 0
    private var current: Content?
    private var digester: Digester?

    private struct Content {
        let item: SourceItem
        let file: OpenFile?
        let offset: Int64
        var position: Int64 = 0
        /// Of a stream: the byte that showed it goes on.
        var ahead: UInt8?
    }

    init(_ items: [SourceItem], _ suite: Suite) { (self.items, self.suite) = (items, suite) }

    func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(SealingError) -> (count: Int, last: Bool) {
        var filled = 0
        while true {
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            if headPosition < head.count {
                if room.count == 0 { break }
                let count = min(room.count, head.count - headPosition)
                unsafe room.copyBytes(from: head[headPosition..<headPosition + count])
                headPosition += count
                filled += count
            } else if current != nil {
                guard let count = try unsafe readCurrent(into: room) else {
                    try finishCurrent()
                    continue
                }
                if count == 0 { break }
                filled += count
            } else if next < items.count {
                try begin(items[next], at: payloadBytes + Int64(filled))
                next += 1
            } else {
                payloadBytes += Int64(filled)
                return (filled, true)
            }
        }
        payloadBytes += Int64(filled)
        return (filled, false)
    }

    private func begin(_ item: SourceItem, at position: Int64) throws(SealingError) {
        var file: OpenFile?
        if case .file(let path, let listed) = item.content {
            // Without O_NONBLOCK a pipe put in the file's place would hold us here.
            let opened = try OpenFile(opening: path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard try opened.identity() == listed else { throw .sourceChanged(path: path) }
            file = opened
        }
        head = Manifest.head(path: item.path, size: item.size)
        headPosition = 0
        do { digester = try Digester.start(suite.hashAlgorithm) } catch { throw SealingError(error) }
        current = Content(item: item, file: file, offset: position + Int64(head.count))
    }

    /// Nil at the end of the content, 0 when `room` is empty and there is more.
    private func readCurrent(into room: UnsafeMutableRawBufferPointer) throws(SealingError) -> Int? {
        guard let current else { return nil }
        let count: Int
        switch current.item.content {
        case .stream(let stream): return try unsafe readStream(stream, into: room)
        case .memory(let bytes):
            let position = Int(current.position)
            if position == bytes.count { return nil }
            count = min(room.count, bytes.count - position)
            unsafe room.copyBytes(from: bytes[position..<position + count])
        case .file(let path, let listed):
            let remaining = listed.size - current.position
            if remaining == 0 { return nil }
            count = Int(min(Int64(room.count), remaining))
            let part = unsafe UnsafeMutableRawBufferPointer(rebasing: room[..<count])
            do throws(SealingError) {
                guard try unsafe current.file?.read(at: current.position, into: part) == count else {
                    throw SealingError.sourceChanged(path: path)
                }
            } catch {
                guard case .unreadable(let path, let reason) = error else { throw error }
                throw .sourceUnreadable(path: path, reason: reason)
            }
        }
        unsafe digester?.update(UnsafeRawBufferPointer(rebasing: room[..<count]))
        self.current?.position += Int64(count)
        return count
    }

    private func readStream(_ stream: any ByteStream, into room: UnsafeMutableRawBufferPointer) throws(SealingError) -> Int? {
        var count = 0
        if room.count == 0 {
            // Whether this chunk is the last one shows only by reading on.
            guard current?.ahead == nil else { return 0 }
            var byte: UInt8 = 0
            let read = try readByte(stream, &byte)
            guard read else { return nil }
            current?.ahead = byte
            return 0
        }
        if let byte = current?.ahead {
            unsafe room[0] = byte
            current?.ahead = nil
            count = 1
        } else {
            count = try unsafe stream.read(into: room)
            guard count > 0 else { return nil }
        }
        unsafe digester?.update(UnsafeRawBufferPointer(rebasing: room[..<count]))
        current?.position += Int64(count)
        return count
    }

    private func readByte(_ stream: any ByteStream, _ byte: inout UInt8) throws(SealingError) -> Bool {
        var failure: SealingError?
        var count = 0
        unsafe withUnsafeMutableBytes(of: &byte) { memory in
            do throws(SealingError) { count = try unsafe stream.read(into: memory) } catch { failure = error }
        }
        if let failure { throw failure }
        return count == 1
    }

    private func finishCurrent() throws(SealingError) {
        guard let content = current else { return }
        if case .file(let path, let listed) = content.item.content {
            let named = try FileIdentity.named(path)
            let opened = try content.file?.identity()
            guard named == listed, opened == listed else { throw .sourceChanged(path: path) }
        }
        guard let digester = digester.take() else { return }
        let digest = Digest(algorithm: suite.digestAlgorithm, bytes: digester.finish())
        entries.append(
            Manifest.Entry(
                path: content.item.path, size: content.position, offset: content.offset, digest: digest,
                mediaType: content.item.path.flatMap(Manifest.mediaType(of:))))
        current = nil
    }
}

/// The lines of a manifest, one after the other.
final class ManifestProducer: ChunkProducer {
    private let manifest: Manifest
    private var line: [UInt8]
    private var position = 0
    private var next = 0
    private var total: Int64 = 0

    init(_ manifest: Manifest) {
        self.manifest = manifest
        line = manifest.firstLine
    }

    func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(SealingError) -> (count: Int, last: Bool) {
        var filled = 0
        while true {
            if position == line.count {
                guard next < manifest.entries.count else { return (filled, true) }
                line = Manifest.line(manifest.entries[next])
                next += 1
                position = 0
                total += Int64(line.count)
                guard total < Limits.manifestBytes - Int64(Limits.manifestLineBytes) else { throw .manifestTooLarge }
            }
            let count = min(buffer.count - filled, line.count - position)
            if count == 0 { return (filled, false) }
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyBytes(from: line[position..<position + count])
            position += count
            filled += count
        }
    }
}
