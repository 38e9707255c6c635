// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Foundation

@testable import Sealing

/// A generator that repeats: its seed is printed by the test that uses it.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }

    /// Text that compresses about threefold, like the tables people seal.
    mutating func table(_ count: Int) -> [UInt8] {
        var text: [UInt8] = []
        while text.count < count {
            let row =
                "\(UInt32.random(in: 0..<100_000, using: &self)),SKU-\(UInt16.random(in: 0..<999, using: &self)),福州,\(Int.random(in: 1...40, using: &self))\n"
            text += Array(row.utf8)
        }
        return Array(text.prefix(count))
    }
}

/// A folder that is gone when the test ends.
final class Scratch {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "kouan-sealing-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { path + "/" + name }

    func write(_ files: [String: [UInt8]], under name: String) throws -> String {
        let root = self(name)
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        for (path, bytes) in files {
            let file = root + "/" + path
            try FileManager.default.createDirectory(
                atPath: String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)]), withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(fileURLWithPath: file))
        }
        return root
    }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
}

/// The files below a folder, by relative path.
func contents(of root: String) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for case let path as String in FileManager.default.enumerator(atPath: root) ?? FileManager.DirectoryEnumerator() {
        var isDirectory: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: root + "/" + path, isDirectory: &isDirectory)
        if !isDirectory.boolValue { files[path] = [UInt8](try Data(contentsOf: URL(fileURLWithPath: root + "/" + path))) }
    }
    return files
}

/// What `body` refuses; nil when it accepts.
func refusal(_ body: () throws -> Void) -> SealingError? {
    do {
        try body()
        return nil
    } catch { return error as? SealingError }
}

struct SealedBytes {
    let bytes: [UInt8]
    let info: SealedPackageInfo
}

func seal(
    _ source: SealSource, _ options: SealOptions = small(), signer: PrivateKey? = nil, unsigned: Bool = false, recipients: [PublicKey] = [],
    randomness: SealRandomness = .fresh()
) throws -> SealedBytes {
    let sink = MemorySink()
    let key = try signer ?? PrivateKey.generate(options.suite.signatureAlgorithm)
    let info = try PackageSealer(options).seal(
        source, to: sink, signer: unsigned ? nil : key, recipients: recipients, randomness: randomness)
    return SealedBytes(bytes: sink.bytes, info: info)
}

func small(
    _ codec: Codec = .zstd(level: 1), padding: Padding = .none, threads: Int = 2, suite: Suite = .international
) -> SealOptions {
    var options = SealOptions()
    options.suite = suite
    options.codec = codec
    options.chunkSize = 65_536
    options.padding = padding
    options.threads = threads
    return options
}

/// All files of a package in memory, through `read`.
func openInMemory(_ bytes: [UInt8], _ fileKey: SecretBytes, trust: PackageTrust = PackageTrust()) throws -> [String: [UInt8]] {
    let reader = try PackageReader(MemoryBytes(bytes), trust: trust)
    let manifest = try reader.verifyDeep(fileKey: fileKey, threads: 1)
    var files: [String: [UInt8]] = [:]
    for entry in manifest.entries {
        var content: [UInt8] = []
        _ = try reader.read(path: entry.path, fileKey: fileKey) { piece in content += piece }
        files[entry.path ?? ""] = content
    }
    return files
}
