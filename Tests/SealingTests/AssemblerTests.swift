// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Foundation
import Testing

@testable import Sealing

@Suite struct AssemblerTests {
    private static func package() -> [UInt8] {
        var random = SeededGenerator(seed: 12)
        return Forge(files: [("a", random.bytes(150_000)), ("b", random.bytes(90_000))]).build()
    }

    private static let expected = (try! PackageReader(MemoryBytes(package()))).referenceDigest

    /// Fetches what the assembler asks for in pieces of `piece` bytes until `stop` says so; `bytes` is what the peer serves.
    private func fetch(_ assembler: PackageAssembler, from bytes: [UInt8], piece: Int, stopAfter: Int = .max) throws -> Int {
        var fetched = 0
        while let range = assembler.nextRange() {
            var offset = Int(range.lowerBound)
            while offset < Int(range.upperBound) {
                let count = min(piece, Int(range.upperBound) - offset)
                try assembler.receive(Array(bytes[offset..<offset + count]))
                offset += count
                fetched += count
                if fetched >= stopAfter { return fetched }
            }
        }
        return fetched
    }

    private func assembler(_ scratch: Scratch, _ bytes: [UInt8]) throws -> PackageAssembler {
        try PackageAssembler(path: scratch("p.kpkg"), expected: AssemblerTests.expected, fileBytes: Int64(bytes.count))
    }

    @Test(arguments: [1_000_000, 65_536, 8_192, 777, 100])
    func aPackageArrivesInPiecesOfAnySize(piece: Int) throws {
        let scratch = try Scratch()
        let bytes = AssemblerTests.package()
        let assembler = try assembler(scratch, bytes)
        #expect(try fetch(assembler, from: bytes, piece: piece) == bytes.count)
        #expect(try assembler.finish().digest == AssemblerTests.expected)
        #expect(try Data(contentsOf: URL(fileURLWithPath: scratch("p.kpkg"))) == Data(bytes))
        #expect(scratch.names == ["p.kpkg"])
    }

    /// The process stops after every so many bytes; a new assembler goes on with the same file.
    @Test(arguments: [1, 64, 65, 200, 500, 1_000, 50_000, 65_700, 131_500, 200_000, 240_000])
    func anInterruptedDownloadGoesOnWhereItWas(stop: Int) throws {
        let scratch = try Scratch()
        let bytes = AssemblerTests.package()
        let before: Int64
        do {
            let first = try assembler(scratch, bytes)
            _ = try fetch(first, from: bytes, piece: 97, stopAfter: stop)
            before = first.verifiedBytes
        }
        let second = try assembler(scratch, bytes)
        #expect(second.verifiedBytes == before)
        let rest = try fetch(second, from: bytes, piece: 4_096)
        #expect(rest <= bytes.count - Int(before))
        _ = try second.finish()
        #expect(try Data(contentsOf: URL(fileURLWithPath: scratch("p.kpkg"))) == Data(bytes))
    }

    @Test func whatChangedOnDiskIsFetchedAgain() throws {
        let scratch = try Scratch()
        let bytes = AssemblerTests.package()
        for position in [0, 40, 70, 1_000, 70_000, 200_000, bytes.count - 200, bytes.count - 100, bytes.count - 20] {
            _ = try fetch(assembler(scratch, bytes), from: bytes, piece: 65_536)
            let file = try #require(FileHandle(forUpdatingAtPath: scratch("p.kpkg.partial")))
            try file.seek(toOffset: UInt64(position))
            try file.write(contentsOf: [bytes[position] ^ 1])
            try file.close()
            let again = try assembler(scratch, bytes)
            #expect(try fetch(again, from: bytes, piece: 65_536) > 0, "position \(position)")
            _ = try again.finish()
            #expect(try Data(contentsOf: URL(fileURLWithPath: scratch("p.kpkg"))) == Data(bytes))
            try FileManager.default.removeItem(atPath: scratch("p.kpkg"))
        }
    }

    @Test func aPeerThatServesOtherBytesNeverSucceeds() throws {
        let scratch = try Scratch()
        let files: [(path: String, content: [UInt8])] = [("a", [1, 2, 3])]
        let bytes = Forge(files: files).build()
        let expected = try PackageReader(MemoryBytes(bytes)).referenceDigest
        for position in bytes.indices {
            var altered = bytes
            altered[position] ^= 1 << (position % 8)
            let error = refusal {
                let assembler = try PackageAssembler(path: scratch("p"), expected: expected, fileBytes: Int64(bytes.count))
                defer { assembler.discard() }
                _ = try fetch(assembler, from: altered, piece: 1_000)
                _ = try assembler.finish()
            }
            #expect(error != nil, "byte \(position)")
        }
        #expect(scratch.names == [])
    }

    @Test func anAlteredChunkCanBeAskedForAgain() throws {
        let scratch = try Scratch()
        let bytes = AssemblerTests.package()
        var altered = bytes
        altered[100_000] ^= 1
        let assembler = try assembler(scratch, bytes)
        let error = refusal { _ = try fetch(assembler, from: altered, piece: 10_000) }
        #expect(error == .chunkAltered(ChunkName(kind: .payload, index: 1)))
        let range = try #require(assembler.nextRange())
        #expect(range.lowerBound == assembler.verifiedBytes && range.lowerBound > 65_536 && range.lowerBound < 100_000)
        _ = try fetch(assembler, from: bytes, piece: 10_000)
        #expect(try assembler.finish().digest == AssemblerTests.expected)
    }

    @Test func otherPackagesAndSignersAreRefused() throws {
        let scratch = try Scratch()
        let bytes = Forge(files: [("a", [1, 2, 3])]).build()
        func fetchAll(_ expected: Digest, _ trust: PackageTrust) -> SealingError? {
            refusal {
                let assembler = try PackageAssembler(path: scratch("p"), expected: expected, fileBytes: Int64(bytes.count), trust: trust)
                defer { assembler.discard() }
                _ = try fetch(assembler, from: bytes, piece: 100)
            }
        }
        #expect(fetchAll(Hash.digest([]), PackageTrust())?.code == "sealing.other-package")
        let right = try PackageReader(MemoryBytes(bytes)).referenceDigest
        #expect(fetchAll(right, PackageTrust(signer: try PrivateKey.generate(.ed25519).publicKey))?.code == "sealing.other-signer")
        #expect(fetchAll(right, PackageTrust(signer: Forge.signer.publicKey)) == nil)
        #expect(refusal { _ = try PackageAssembler(path: scratch("q"), expected: right, fileBytes: 10) }?.code == "sealing.footer-invalid")
    }

    @Test func nothingIsVisibleBeforeTheEnd() throws {
        let scratch = try Scratch()
        let bytes = AssemblerTests.package()
        let assembler = try assembler(scratch, bytes)
        _ = try fetch(assembler, from: bytes, piece: 10_000, stopAfter: 100_000)
        #expect(refusal { _ = try assembler.finish() }?.code == "sealing.truncated")
        #expect(scratch.names == ["p.kpkg.partial"])
    }
}
