// SPDX-License-Identifier: Apache-2.0
package import ExchangeModel

/// The encrypted table of contents of a package (docs/formats/sealed-package.md §4).
package struct Manifest: Sendable, Equatable {
    package enum Source: String, Sendable { case tree, file, stream }

    package struct Entry: Sendable, Hashable {
        /// Nil for a stream without a name.
        package let path: String?
        package let size: Int64
        /// Where the content begins in the payload.
        package let offset: Int64
        package let digest: Digest
        package var mediaType: String?
        package var rows: Int64?

        package init(path: String?, size: Int64, offset: Int64, digest: Digest, mediaType: String? = nil, rows: Int64? = nil) {
            (self.path, self.size, self.offset, self.digest) = (path, size, offset, digest)
            (self.mediaType, self.rows) = (mediaType, rows)
        }
    }

    package let source: Source
    /// In payload order: ascending bytes of the paths.
    package let entries: [Entry]
    package let contentBytes: Int64
    package let payloadBytes: Int64
    /// Whatever the provider says about the data: an object, or nil.
    package let metadata: JSON?

    package init(source: Source, entries: [Entry], contentBytes: Int64, payloadBytes: Int64, metadata: JSON?) {
        (self.source, self.entries, self.metadata) = (source, entries, metadata)
        (self.contentBytes, self.payloadBytes) = (contentBytes, payloadBytes)
    }

    static let version: Int64 = 1

    /// The length and JSON that stand before a file's content in the payload.
    static func head(path: String?, size: Int64?) -> [UInt8] {
        let json: JSON = .object(["path": path.map(JSON.string) ?? .null, "size": size.map(JSON.integer) ?? .null])
        let text = json.canonical()
        var head: [UInt8] = []
        head.append(u32: UInt32(text.count))
        return head + text
    }

    /// The head of `entries[index]` as the payload must have it.
    func head(of entry: Entry) -> [UInt8] { Manifest.head(path: entry.path, size: source == .stream ? nil : entry.size) }

    var firstLine: [UInt8] {
        var members: [String: JSON] = [
            "version": .integer(Manifest.version), "source": .string(source.rawValue), "files": .integer(Int64(entries.count)),
            "contentBytes": .integer(contentBytes), "payloadBytes": .integer(payloadBytes),
        ]
        members["metadata"] = metadata
        return JSON.object(members).canonical() + [UInt8(ascii: "\n")]
    }

    static func line(_ entry: Entry) -> [UInt8] {
        var members: [String: JSON] = [
            "path": entry.path.map(JSON.string) ?? .null, "size": .integer(entry.size), "offset": .integer(entry.offset),
            "digest": .string(entry.digest.description),
        ]
        members["mediaType"] = entry.mediaType.map(JSON.string)
        members["rows"] = entry.rows.map(JSON.integer)
        return JSON.object(members).canonical() + [UInt8(ascii: "\n")]
    }

    /// What the name of a file says about its content; nothing when it says nothing.
    static func mediaType(of path: String) -> String? {
        guard let dot = path.lastIndex(of: ".") else { return nil }
        return mediaTypes[path[path.index(after: dot)...].lowercased()]
    }

    private static let mediaTypes = [
        "csv": "text/csv", "tsv": "text/tab-separated-values", "txt": "text/plain", "json": "application/json",
        "jsonl": "application/jsonl",
        "ndjson": "application/x-ndjson", "xml": "application/xml", "parquet": "application/vnd.apache.parquet", "pdf": "application/pdf",
        "zip": "application/zip", "gz": "application/gzip", "zst": "application/zstd", "png": "image/png", "jpg": "image/jpeg",
        "geojson": "application/geo+json", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ]
}

/// Takes the decoded manifest chunk by chunk and holds one line at a time besides the entries.
struct ManifestParser {
    private let digestAlgorithm: Digest.Algorithm
    private var line: [UInt8] = []
    private var total: Int64 = 0
    private var first: (source: Manifest.Source, files: Int64, contentBytes: Int64, payloadBytes: Int64, metadata: JSON?)?
    private var entries: [Manifest.Entry] = []
    private var collisions = PathCollisions()
    private var end: Int64 = 0  // of the payload so far
    private var contentBytes: Int64 = 0

    init(suite: Suite) { digestAlgorithm = suite.digestAlgorithm }

    mutating func take(_ bytes: UnsafeRawBufferPointer) throws(SealingError) {
        total += Int64(bytes.count)
        guard total <= Limits.manifestBytes else { throw .manifestInvalid("it is larger than \(Limits.manifestBytes >> 20) MiB") }
        var rest = unsafe bytes[...]
        while let newline = unsafe rest.firstIndex(of: UInt8(ascii: "\n")) {
            unsafe line += rest[..<newline]
            unsafe rest = rest[(newline + 1)...]
            try finishLine()
        }
        unsafe line += rest
        guard line.count <= Limits.manifestLineBytes else { throw .manifestInvalid("a line is too long") }
    }

    /// - Parameter payloadChunks: as many as the footer states.
    consuming func finish(payloadChunks: Int64, chunkSize: Int) throws(SealingError) -> Manifest {
        guard line.isEmpty, let first else { throw .manifestInvalid("it ends inside a line") }
        guard Int64(entries.count) == first.files else { throw .manifestInvalid("it has \(entries.count) files and says \(first.files)") }
        guard contentBytes == first.contentBytes, end == first.payloadBytes else { throw .manifestInvalid("its sums are wrong") }
        switch first.source {
        case .tree: break
        case .file, .stream: guard entries.count == 1 else { throw .manifestInvalid("its source has one file") }
        }
        let chunks = max(1, (end + Int64(chunkSize) - 1) / Int64(chunkSize))
        guard chunks == payloadChunks else { throw .manifestDisagrees("\(end) bytes are not \(payloadChunks) chunks") }
        return Manifest(
            source: first.source, entries: entries, contentBytes: contentBytes, payloadBytes: end, metadata: first.metadata)
    }

    private mutating func finishLine() throws(SealingError) {
        guard line.count < Limits.manifestLineBytes else { throw .manifestInvalid("a line is too long") }
        let json: JSON
        do {
            json = try JSON.parse(line, limits: JSONLimits(bytes: Limits.manifestLineBytes, depth: 32, values: 20_000))
        } catch { throw .manifestInvalid("line \(entries.count + (first == nil ? 1 : 2)): \(error.message)") }
        line.removeAll(keepingCapacity: true)
        if first == nil { try readFirst(json) } else { try readEntry(json) }
    }

    private mutating func readFirst(_ json: JSON) throws(SealingError) {
        guard case .integer(let version)? = json["version"] else { throw .manifestInvalid("it has no version") }
        guard version == Manifest.version else { throw .unsupportedVersion(Int(clamping: version)) }
        guard let source = json["source"]?.string.flatMap(Manifest.Source.init(rawValue:)), case .integer(let files)? = json["files"],
            case .integer(let contentBytes)? = json["contentBytes"], case .integer(let payloadBytes)? = json["payloadBytes"]
        else { throw .manifestInvalid("a member of the first line is missing or of the wrong kind") }
        guard (0...Int64(Limits.files)).contains(files) else { throw .manifestInvalid("it states \(files) files") }
        let metadata = json["metadata"]
        guard metadata == nil || metadata?.object != nil else { throw .manifestInvalid("the metadata is not an object") }
        first = (source, files, contentBytes, payloadBytes, metadata)
    }

    private mutating func readEntry(_ json: JSON) throws(SealingError) {
        guard let first, Int64(entries.count) < first.files else { throw .manifestInvalid("it has more files than it says") }
        guard let pathValue = json["path"], case .integer(let size)? = json["size"], case .integer(let offset)? = json["offset"],
            let digest = json["digest"]?.string.flatMap(Digest.init(parsing:)), digest.algorithm == digestAlgorithm
        else { throw .manifestInvalid("a member of file \(entries.count) is missing or of the wrong kind") }
        let path: String?
        switch pathValue {
        case .string(let text): path = text
        case .null where first.source == .stream: path = nil
        default: throw .manifestInvalid("file \(entries.count) has no path")
        }
        if let path {
            try PackagePath.check(path)
            if let previous = entries.last?.path, !PackagePath.precedes(previous, path) {
                throw .manifestInvalid("`\(PackagePath.printable(path))` is out of order")
            }
            try collisions.add(path)
        }
        guard size >= 0, size <= Limits.payloadBytes else { throw .manifestInvalid("file \(entries.count) has an impossible size") }
        let head = Manifest.head(path: path, size: first.source == .stream ? nil : size)
        guard offset == end + Int64(head.count) else { throw .manifestInvalid("file \(entries.count) does not follow the one before") }
        end = offset + size
        guard end <= Limits.payloadBytes else { throw .manifestInvalid("the payload is too large") }
        contentBytes += size
        let mediaType = json["mediaType"]?.string
        var rows: Int64?
        if case .integer(let count)? = json["rows"] { rows = count }
        entries.append(Manifest.Entry(path: path, size: size, offset: offset, digest: digest, mediaType: mediaType, rows: rows))
    }
}
