// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Foundation

@testable import Sealing

/// One file of Tests/Vectors/sealed-package: a package, a key, and what every reader must say to them.
struct PackageVector {
    let name: String
    let comment: String
    /// `ok` or the code of the refusal.
    let expect: String
    let fileKey: [UInt8]
    let package: [UInt8]
    /// SHA-256 of each file's content; nil when refused. The path of a nameless stream is empty.
    let files: [String: String]?
    let signer: PublicKey
    /// Whose wrap gives the file key; nil when the key is given by itself.
    var recipient: PrivateKey?

    var json: JSON {
        .members([
            "comment": .string(comment), "expect": .string(expect), "fileKey": .string(Hex.encode(fileKey)),
            "signer": .string(signer.description), "package": .string(Hex.encode(package)),
            "files": files.map { .object($0.mapValues(JSON.string)) },
        ])
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Vectors/sealed-package")

    init(name: String, comment: String, expect: String, fileKey: [UInt8] = Forge.fileKey, package: [UInt8], files: [String: String]?) {
        (self.name, self.comment, self.expect) = (name, comment, expect)
        (self.fileKey, self.package, self.files, signer) = (fileKey, package, files, Forge.signer.publicKey)
    }

    init(file: URL) throws {
        let json = try JSON.parse([UInt8](Data(contentsOf: file)))
        name = file.deletingPathExtension().lastPathComponent
        guard let comment = json["comment"]?.string, let expect = json["expect"]?.string,
            let fileKey = json["fileKey"]?.string.flatMap(Hex.decode), let package = json["package"]?.string.flatMap(Hex.decode),
            let signer = json["signer"]?.string.flatMap(PublicKey.init(parsing:))
        else { throw CocoaError(.fileReadCorruptFile) }
        (self.comment, self.expect, self.fileKey, self.package) = (comment, expect, fileKey, package)
        files = json["files"]?.object?.compactMapValues(\.string)
        self.signer = signer
        recipient = try json["recipient"]?.string.flatMap(Hex.decode).map { try PrivateKey(raw: $0, algorithm: .sm2) }
    }
}

/// How the vectors are made. Fixed key, salt and signer, so the same bytes each time.
enum VectorCatalog {
    private static let two: [(path: String, content: [UInt8])] = [
        ("a.csv", Array("id,qty\n1,2\n".utf8)), ("b/c.txt", Array("hello\n".utf8)),
    ]

    static var all: [PackageVector] { accepted + containers + chunks + manifests }

    private static func refused(
        _ name: String, _ code: String, _ comment: String, files: [(path: String, content: [UInt8])] = two, _ change: (inout Forge) -> Void
    ) -> PackageVector {
        var forge = Forge(files: files)
        change(&forge)
        return PackageVector(name: name, comment: comment, expect: "sealing." + code, package: forge.build(), files: nil)
    }

    private static func ok(
        _ name: String, _ comment: String, files: [(path: String, content: [UInt8])], _ change: (inout Forge) -> Void = { _ in }
    ) -> PackageVector {
        var forge = Forge(files: files)
        change(&forge)
        let digests = Dictionary(uniqueKeysWithValues: files.map { ($0.path, Hex.encode(Forge.sha256($0.content))) })
        return PackageVector(name: name, comment: comment, expect: "ok", package: forge.build(), files: digests)
    }

    private static let accepted = [
        ok("ok-two-files", "two stored files in one chunk", files: two),
        ok("ok-empty-package", "no file: one empty payload chunk", files: []),
        ok("ok-empty-file", "a file of no bytes", files: [("empty", [])]),
        ok("ok-chinese-paths", "paths beyond ASCII, in byte order", files: [("订单/二〇二六.csv", [1, 2, 3]), ("质量/检验 报告.txt", [4])]),
        ok("ok-padding", "zeros behind the encoded bytes", files: two) { forge in
            forge.payload = forge.payload.map { $0 + [UInt8](repeating: 0, count: 100) }
        },
        ok("ok-zstd", "a zstd frame of one run, cut into two chunks", files: longRun) { forge in forge.payload = zstdRunFrames },
        ok("ok-deflate", "a zlib stream in the second of two chunks", files: longRun) { forge in
            forge.payload = [zstdRunFrames[0], Forge.frame(1, deflateRun)]
        },
        stream("ok-stream", "a stream of unknown length without a name", path: nil),
        stream("ok-named-stream", "a stream of unknown length with a name", path: "in.csv"),
    ]

    private static func stream(_ name: String, _ comment: String, path: String?) -> PackageVector {
        let content = Array("id\n1\n".utf8)
        let head = Manifest.head(path: path, size: nil)
        var forge = Forge(files: [])
        forge.payload = [Forge.frame(0, head + content)]
        let entry = Manifest.Entry(
            path: path, size: Int64(content.count), offset: Int64(head.count),
            digest: Digest(algorithm: .sha256, bytes: Forge.sha256(content)))
        forge.setManifest(
            Manifest(
                source: .stream, entries: [entry], contentBytes: entry.size, payloadBytes: entry.offset + entry.size,
                metadata: ["title": "orders"]))
        return PackageVector(
            name: name, comment: comment, expect: "ok", package: forge.build(), files: [path ?? "": Hex.encode(Forge.sha256(content))])
    }

    /// Two chunks: 65,536 bytes of head and run, then 65,536 bytes of run.
    private static let longRun: [(path: String, content: [UInt8])] = {
        let head = Manifest.head(path: "run", size: 131_000).count
        return [("run", [UInt8](repeating: UInt8(ascii: "a"), count: 131_072 - head))]
    }()

    private static let zstdRunFrames: [[UInt8]] = {
        let head = Manifest.head(path: "run", size: Int64(longRun[0].content.count))
        return [
            Forge.frame(2, Forge.zstdRun(of: UInt8(ascii: "a"), after: head, count: 65_536)),
            Forge.frame(2, Forge.zstdRun(of: UInt8(ascii: "a"), count: 65_536)),
        ]
    }()

    /// 65,536 times `a` by zlib 1.2.13 at level 9.
    private static let deflateRun =
        Hex.decode(
            "78daedc181000000008020d6fd2516a90a0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000006a2d8705b0"
        )
        ?? []

    // MARK: Header, footer, signature, tree

    private static let containers = [
        refused("not-a-package", "not-a-package", "another magic") { $0.header = editedHeader { $0[0] = 0x6B } },
        refused("version-2", "version-unsupported", "header and footer of version 2") { forge in
            forge.header = editedHeader { $0[9] = 2 }
            forge.editFooterBytes = { $0[9] = 2 }
        },
        refused("suite-3", "suite-unsupported", "a suite that does not exist") { forge in
            forge.header = editedHeader { $0[10] = 3 }
            forge.editFooterBytes = { $0[10] = 3 }
        },
        refused("suite-2", "signature-section-invalid", "header and footer say guomi, the rest is international") { forge in
            forge.header = editedHeader { $0[10] = 2 }
            forge.editFooterBytes = { $0[10] = 2 }
        },
        refused("header-reserved-byte", "header-invalid", "a reserved byte is set") { $0.header = editedHeader { $0[11] = 1 } },
        refused("header-length", "header-invalid", "headerLength is 37") { $0.header = editedHeader { $0[15] = 37 } },
        refused("chunk-size-not-a-power", "header-invalid", "chunkSize is 65,537") { $0.header = editedHeader { $0[19] = 1 } },
        refused("chunk-size-too-small", "header-invalid", "chunkSize is 32,768") {
            $0.header = editedHeader { $0.replaceSubrange(16..<20, with: [0, 0, 0x80, 0]) }
        },
        truncated("truncated", "the last byte is missing") { $0.removeLast() },
        truncated("truncated-half", "the second half is missing") { $0.removeLast($0.count / 2) },
        footerTwice,
        refused("footer-counts", "footer-invalid", "one payload chunk more than there is") { $0.editFooter = { $0.payloadChunks += 1 } },
        refused("footer-reserved-byte", "footer-invalid", "a reserved byte is set") { $0.editFooterBytes = { $0[11] = 1 } },
        refused("gap-before-index", "chunk-length-invalid", "a byte between the last manifest chunk and the index") {
            $0.gapBeforeIndex = [0]
        },
        refused("signature-altered", "signature-invalid", "a bit of the signature") { $0.editSection = { $0[40] ^= 1 } },
        refused("signature-section-trailing", "signature-section-invalid", "a byte behind the wraps") { $0.editSection = { $0.append(0) } },
        refused("signature-algorithm", "signature-section-invalid", "signature algorithm 2") { $0.editSection = { $0[0] = 2 } },
        refused("not-signed", "not-signed", "an unsigned package, and the reader did not ask for one") { $0.signed = false },
        refused("index-altered", "signature-invalid", "another leaf hash gives another root") { $0.editIndex = { $0[33] ^= 1 } },
        headerAltered, otherKey,
        refused("commitment-wrong", "wrong-key", "a commitment to another key, signed") {
            $0.commitment = [UInt8](repeating: 9, count: 32)
        },
    ]

    private static func editedHeader(_ edit: (inout [UInt8]) -> Void) -> [UInt8] {
        var header = (try! PackageHeader(suite: .international, chunkSize: 65_536, salt: Forge(files: []).salt)).bytes
        edit(&header)
        return header
    }

    private static func truncated(_ name: String, _ comment: String, _ edit: (inout [UInt8]) -> Void) -> PackageVector {
        var bytes = Forge(files: two).build()
        edit(&bytes)
        return PackageVector(name: name, comment: comment, expect: "sealing.truncated", package: bytes, files: nil)
    }

    private static let footerTwice: PackageVector = {
        let bytes = Forge(files: two).build()
        return PackageVector(
            name: "trailing-bytes", comment: "the footer stands twice", expect: "sealing.trailing-bytes", package: bytes + bytes.suffix(64),
            files: nil)
    }()

    private static let headerAltered: PackageVector = {
        var bytes = Forge(files: two).build()
        bytes[25] ^= 1
        return PackageVector(
            name: "header-altered", comment: "a bit of the salt", expect: "sealing.header-altered", package: bytes, files: nil)
    }()

    private static let otherKey: PackageVector = {
        var key = Forge.fileKey
        key[31] ^= 1
        return PackageVector(
            name: "wrong-key", comment: "the file key of another package", expect: "sealing.wrong-key", fileKey: key,
            package: Forge(files: two).build(), files: nil)
    }()

    // MARK: Chunks. Trees and signatures are right from here on, so only a reader that checks the content sees the fault.

    private static let chunks = [
        refused("chunk-altered", "chunk-altered", "a bit of a chunk changed after signing") { $0.editAfterTree = { $0[0][30] ^= 1 } },
        refused("chunk-not-authentic", "chunk-not-authentic", "a bit of a chunk changed before signing") {
            $0.editSealed = { $0[0][30] ^= 1 }
        },
        refused("chunk-not-last", "chunk-not-authentic", "the only chunk is sealed without the last flag") {
            $0.payloadNonces = [(0, false)]
        },
        refused("chunk-number", "chunk-not-authentic", "the only chunk is sealed as number 1") { $0.payloadNonces = [(1, true)] },
        refused("manifest-as-payload", "chunk-not-authentic", "the manifest is sealed with the kind of the payload") {
            $0.manifestKind = .payload
        },
        refused("codec-unknown", "codec-unknown", "codec 3") { $0.payload = [Forge.frame(3, [0])] },
        refused("encoded-length", "chunk-encoding-invalid", "encodedLength is beyond the plaintext") {
            $0.payload[0] = Forge.frame(0, [1, 2], length: 3)
        },
        refused("padding-not-zero", "chunk-encoding-invalid", "a padding byte is 1") { $0.payload[0].append(1) },
        refused("zstd-longer-than-content", "chunk-encoding-invalid", "a zstd frame of one byte") { forge in
            forge.payload = [Forge.frame(2, Forge.zstdRun(of: 1, count: 1))]
        },
        refused("zstd-dictionary", "chunk-encoding-invalid", "the frame names dictionary 7") { forge in
            forge.payload = [Forge.frame(2, Forge.zstdRun(of: 1, count: 1_000, dictionary: true))]
        },
        refused("zstd-no-size", "chunk-encoding-invalid", "the frame has no content size") { forge in
            forge.payload = [Forge.frame(2, Forge.zstdRun(of: 1, count: 1_000, contentSize: false))]
        },
        refused("zstd-window", "chunk-encoding-invalid", "the frame wants a window of 128 KiB") { forge in
            forge.payload = [Forge.frame(2, Forge.zstdRun(of: 1, count: 1_000, window: 0x38))]
        },
        refused("zstd-two-frames", "chunk-not-decodable", "two frames in one chunk") { forge in
            forge.payload = [Forge.frame(2, Forge.zstdRun(of: 1, count: 100) + Forge.zstdRun(of: 1, count: 100))]
        },
        refused("zstd-cut", "chunk-not-decodable", "the last byte of the frame is missing") { forge in
            forge.payload = [Forge.frame(2, Forge.zstdRun(of: 1, count: 100).dropLast())]
        },
        refused("zstd-too-large", "chunk-too-large", "a frame of 65,537 bytes") { forge in
            forge.payload = [Forge.frame(2, Forge.zstdRun(of: 1, count: 65_537))]
        },
        refused("zstd-bomb", "chunk-too-large", "a frame of 256 MiB in 16 KiB") { forge in
            forge.payload = [Forge.frame(2, Forge.zstdRun(of: 1, count: 256 << 20))]
        },
        refused("deflate-trailing", "chunk-not-decodable", "a byte behind the zlib stream") {
            $0.payload = [Forge.frame(1, deflateRun + [0])]
        },
        refused("deflate-cut", "chunk-not-decodable", "the checksum of the zlib stream is cut") {
            $0.payload = [Forge.frame(1, deflateRun.dropLast())]
        },
        refused("first-chunk-short", "chunk-not-full", "the first of two chunks is not full", files: longRun) { forge in
            forge.payload = [Forge.frame(2, Forge.zstdRun(of: 1, count: 65_535)), zstdRunFrames[1]]
        },
        refused("empty-last-chunk", "chunk-not-full", "an empty chunk behind a full one", files: longRun) { forge in
            forge.payload = [zstdRunFrames[0], Forge.frame(0, [])]
        },
    ]

    // MARK: Manifests

    private static func manifest(
        _ name: String, _ code: String, _ comment: String, files: [(path: String, content: [UInt8])] = two, _ edit: (String) -> String
    ) -> PackageVector {
        refused(name, code, comment, files: files) { forge in
            let lines = String(decoding: forge.manifest.flatMap { $0[5...] }, as: UTF8.self)
            let edited = edit(lines)
            precondition(!edited.utf8.elementsEqual(lines.utf8), name)
            forge.setManifest(lines: edited)
        }
    }

    private static func paths(_ name: String, _ code: String, _ comment: String, _ paths: [String]) -> PackageVector {
        refused(name, code, comment, files: paths.map { ($0, [1]) }) { _ in }
    }

    private static let manifests = [
        manifest("manifest-not-json", "manifest-invalid", "a brace is missing") { String($0.dropFirst()) },
        manifest("manifest-cut", "manifest-invalid", "the last line has no LF") { String($0.dropLast()) },
        manifest("manifest-version", "version-unsupported", "version 2") {
            $0.replacingOccurrences(of: "\"version\":1", with: "\"version\":2")
        },
        manifest("manifest-count", "manifest-invalid", "three files are announced") {
            $0.replacingOccurrences(of: "\"files\":2", with: "\"files\":3")
        },
        manifest("manifest-sum", "manifest-invalid", "contentBytes is one too many") { text in
            text.replacingOccurrences(of: "\"contentBytes\":17", with: "\"contentBytes\":18")
        },
        manifest("manifest-offset", "manifest-invalid", "the first file begins a byte later") { text in
            text.replacingOccurrences(of: "\"offset\":30", with: "\"offset\":31")
        },
        manifest("manifest-duplicate-member", "manifest-invalid", "a member stands twice") { text in
            text.replacingOccurrences(of: "\"size\":11", with: "\"size\":11,\"size\":11")
        },
        manifest("manifest-other-path", "manifest-disagrees", "the payload calls the file a.csv") {
            $0.replacingOccurrences(of: "a.csv", with: "a.tsv")
        },
        manifest("manifest-digest", "digest-mismatch", "the digest of another content") { text in
            text.replacingOccurrences(of: Hex.encode(Forge.sha256(two[0].content)), with: Hex.encode(Forge.sha256([])))
        },
        paths("path-parent", "path-refused", "out of the target", ["../evil"]),
        paths("path-parent-inside", "path-refused", "`..` in the middle", ["a/../../evil"]),
        paths("path-absolute", "path-refused", "an absolute path", ["/etc/evil"]),
        paths("path-empty-component", "path-refused", "an empty component", ["a//b"]),
        paths("path-empty", "path-refused", "an empty path", [""]),
        paths("path-nul", "path-refused", "a NUL", ["a\u{0}b"]),
        paths("path-control", "path-refused", "an escape sequence", ["a\u{1B}[2J"]),
        paths("path-backslash", "path-refused", "a backslash", ["a\\b"]),
        paths("path-not-nfc", "path-refused", "e and a combining accent", ["caf\u{65}\u{301}"]),
        paths("path-too-long", "path-refused", "4,097 bytes", [String(repeating: "d/", count: 2_048) + "f"]),
        paths("path-collision-case", "path-collision", "equal but for case", ["A", "a"]),
        paths("path-collision-folder", "path-collision", "folders equal but for case", ["D/x", "d/y"]),
        paths("path-file-and-folder", "path-collision", "a file that is also a folder", ["a", "a/b"]),
        paths("path-twice", "manifest-invalid", "one path twice", ["a", "a"]),
        paths("path-order", "manifest-invalid", "paths out of order", ["b", "a"]),
    ]
}
