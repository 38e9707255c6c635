// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Foundation
import Synchronization
import Testing

@testable import Sealing

/// Nobody but the signer can change anything, and not even a holder of the file key can.
@Suite struct TamperTests {
    private static let key = SecretBytes(Forge.fileKey)

    private func refusal(of bytes: [UInt8], trust: PackageTrust = PackageTrust()) -> SealingError? {
        SealingTests.refusal { _ = try openInMemory(bytes, TamperTests.key, trust: trust) }
    }

    private func twoChunks() -> Forge {
        Forge(files: [("a", [UInt8](repeating: 1, count: 65_000)), ("b", [UInt8](repeating: 2, count: 65_000))])
    }

    @Test func theForgeMakesWhatTheSealerMakes() throws {
        let files = [("a.csv", Array("x\n".utf8)), ("订单/b", [])]
        var forge = Forge(files: files.map { (path: $0.0, content: $0.1) })
        let sealed = try seal(
            .contents(Dictionary(uniqueKeysWithValues: files)), small(.stored), signer: Forge.signer,
            randomness: SealRandomness(fileKey: TamperTests.key, salt: forge.salt))
        forge.setManifest(sealed.info.manifest)
        #expect(forge.build() == sealed.bytes)
    }

    @Test(arguments: Suite.allCases) func everyFlippedByteIsRefused(suite: Suite) throws {
        let recipient = try PackageIdentity.generate(suite)
        let sealed = try seal(
            .contents(["a": Array("one".utf8), "b/c": Array("two".utf8)]), small(suite: suite),
            recipients: [recipient.encryption.publicKey])
        #expect(try openInMemory(sealed.bytes, sealed.info.fileKey).count == 2)
        for position in sealed.bytes.indices {
            for mask in [UInt8(1) << (position % 8), 0xFF] {
                var bytes = sealed.bytes
                bytes[position] ^= mask
                let error = SealingTests.refusal { _ = try openInMemory(bytes, sealed.info.fileKey) }
                #expect(error != nil, "byte \(position) mask \(mask)")
            }
        }
    }

    /// Without a key, `verify` must see it too.
    @Test(arguments: Suite.allCases) func everyFlippedByteIsSeenWithoutAKey(suite: Suite) throws {
        let sealed = try seal(.contents(["a": Array("one".utf8)]), small(suite: suite))
        for position in sealed.bytes.indices {
            var bytes = sealed.bytes
            bytes[position] ^= 1 << (position % 8)
            #expect(SealingTests.refusal { try PackageReader(MemoryBytes(bytes)).verify(threads: 1) } != nil, "byte \(position)")
        }
    }

    @Test(arguments: Suite.allCases) func everyTruncationAndExtensionIsRefused(suite: Suite) throws {
        let sealed = try seal(.contents(["a": Array("one".utf8)]), small(suite: suite))
        for count in sealed.bytes.indices {
            #expect(
                SealingTests.refusal { _ = try openInMemory(Array(sealed.bytes[..<count]), sealed.info.fileKey) } != nil, "\(count) bytes")
        }
        #expect(SealingTests.refusal { _ = try openInMemory(sealed.bytes + [0], sealed.info.fileKey) } != nil)
        #expect(SealingTests.refusal { _ = try openInMemory(sealed.bytes + sealed.bytes, sealed.info.fileKey) } != nil)
    }

    @Test func chunksCannotBeMovedInTheFile() {
        for edit in [{ $0.swapAt(0, 1) }, { $0[1] = $0[0] }, { $0[0] = $0[1] }] as [(inout [[UInt8]]) -> Void] {
            var forge = twoChunks()
            forge.payload[1] += [UInt8](repeating: 0, count: forge.payload[0].count - forge.payload[1].count)  // equal lengths
            forge.editAfterTree = edit
            #expect(refusal(of: forge.build())?.code == "sealing.chunk-altered")
        }
    }

    /// The same by somebody who can sign: the nonces and keys hold.
    @Test func chunksCannotBeMovedByTheSignerEither() {
        var forge = twoChunks()
        forge.editSealed = { $0.swapAt(0, 1) }
        #expect(refusal(of: forge.build()) == .chunkNotAuthentic(ChunkName(kind: .payload, index: 0)))
        forge = twoChunks()
        forge.editSealed = { $0[1] = $0[0] }
        #expect(refusal(of: forge.build()) == .chunkNotAuthentic(ChunkName(kind: .payload, index: 1)))
        forge = twoChunks()
        forge.editSealed = { $0.removeLast() }  // the rest does not say that it is the last
        #expect(refusal(of: forge.build())?.code == "sealing.manifest-disagrees")
        forge = twoChunks()
        forge.payloadNonces = [(0, false), (1, false)]
        #expect(refusal(of: forge.build()) == .chunkNotAuthentic(ChunkName(kind: .payload, index: 1)))
    }

    @Test func aChunkOfAnotherPackageIsRefused() {
        var other = twoChunks()
        other.salt[0] ^= 1
        var foreign: [UInt8] = []
        other.editSealed = { foreign = $0[0] }
        _ = other.build()
        var forge = twoChunks()
        forge.editSealed = { $0[0] = foreign }
        #expect(refusal(of: forge.build()) == .chunkNotAuthentic(ChunkName(kind: .payload, index: 0)))
        forge = twoChunks()
        forge.editAfterTree = { $0[0] = foreign }
        #expect(refusal(of: forge.build()) == .chunkAltered(ChunkName(kind: .payload, index: 0)))
    }

    @Test func anotherKeyIsRefusedBeforeAnyChunk() throws {
        var wrong = Forge.fileKey
        wrong[0] ^= 1
        let reader = try PackageReader(MemoryBytes(twoChunks().build()))
        #expect(SealingTests.refusal { _ = try reader.manifest(fileKey: SecretBytes(wrong)) } == .wrongKey)
        #expect(SealingTests.refusal { _ = try reader.manifest(fileKey: SecretBytes([1])) } == .wrongKey)
    }

    @Test(arguments: [Codec.deflate(level: 9), .zstd(level: 19)])
    func aBombIsRefused(codec: Codec) throws {
        // 1 MiB of zeros where a chunk holds 64 KiB.
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        var room = [UInt8](repeating: 0, count: 1 << 20)
        let compressor = try ChunkCompressor(codec)
        let result = zeros.withUnsafeBytes { zeros in room.withUnsafeMutableBytes { compressor.compress(zeros, into: $0) } }
        let (byte, count) = try #require(result)
        var forge = twoChunks()
        forge.payload[0] = Forge.frame(byte, Array(room[..<count]))
        #expect(refusal(of: forge.build()) == .chunkTooLarge(ChunkName(kind: .payload, index: 0)))
    }

    /// A source that fails at its nth read, for every n until none fails: always an error, never a file.
    @Test func aSourceThatFailsLeavesNothing() throws {
        let scratch = try Scratch()
        let bytes = twoChunks().build()
        for failing in 1...200 {
            let source = FailingBytes(bytes, failingAt: failing)
            let error = SealingTests.refusal {
                _ = try PackageReader(source).open(to: scratch("out"), fileKey: TamperTests.key)
            }
            if error == nil {
                #expect(failing > 5)
                #expect(scratch.names == ["out"])
                return
            }
            #expect(error == .unreadable(path: "source", reason: "broken"))
            #expect(scratch.names == [])
        }
        Issue.record("never succeeded")
    }

    @Test func openNeverTouchesATargetThatIsThere() throws {
        let scratch = try Scratch()
        let bytes = twoChunks().build()
        func open() -> SealingError? {
            SealingTests.refusal { _ = try PackageReader(MemoryBytes(bytes)).open(to: scratch("out"), fileKey: TamperTests.key) }
        }
        try Data([1]).write(to: URL(fileURLWithPath: scratch("out")))
        #expect(open() == .targetExists(path: scratch("out")))
        try FileManager.default.removeItem(atPath: scratch("out"))
        try FileManager.default.createSymbolicLink(atPath: scratch("out"), withDestinationPath: "/tmp")
        #expect(open() == .targetExists(path: scratch("out")))
        try FileManager.default.removeItem(atPath: scratch("out"))
        _ = try scratch.write(["x": [1]], under: "out")
        #expect(open() == .targetNotEmpty(path: scratch("out")))
        try FileManager.default.removeItem(atPath: scratch("out/x"))
        #expect(open() == nil)
        #expect(try contents(of: scratch("out")).count == 2)
    }

    @Test func theTreeIsThatOfRFC6962() {
        var random = SeededGenerator(seed: 4)
        var hashes: [[UInt8]] = []
        for count in 1...600 {
            hashes.append(random.bytes(32))
            guard count < 20 || count % 37 == 0 || (510...514).contains(count) || (255...258).contains(count) else { continue }
            let flat = hashes.flatMap { $0 }
            #expect(LeafTree.root(suite: .international, of: flat) == Forge.root(hashes))
            #expect(LeafTree.root(suite: .international, of: LeafTree.pageRoots(suite: .international, of: flat)) == Forge.root(hashes))
        }
    }
}

final class FailingBytes: RandomAccessBytes {
    private let bytes: MemoryBytes
    private let left: Mutex<Int>

    init(_ bytes: [UInt8], failingAt call: Int) {
        self.bytes = MemoryBytes(bytes)
        left = Mutex(call)
    }

    var size: Int64 { bytes.size }

    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(SealingError) {
        let fails = left.withLock { left in
            left -= 1
            return left == 0
        }
        if fails { throw .unreadable(path: "source", reason: "broken") }
        try bytes.read(at: offset, into: buffer)
    }
}
