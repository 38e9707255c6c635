// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Sealing

/// What the codecs do with a chunk, without a package around it.
@Suite struct CodecTests {
    private static let chunkSize = 256 << 10
    private static let codecs = [Codec.deflate(level: 6), .zstd(level: 1), .zstd(level: 3), .zstd(level: 19)]

    private func compress(_ bytes: [UInt8], _ codec: Codec) throws -> (codec: UInt8, encoded: [UInt8])? {
        let compressor = try ChunkCompressor(codec)
        var room = [UInt8](repeating: 0, count: bytes.count + bytes.count / 128 + 1_024)
        let result = bytes.withUnsafeBytes { bytes in room.withUnsafeMutableBytes { compressor.compress(bytes, into: $0) } }
        return result.map { ($0.codec, Array(room[..<$0.count])) }
    }

    private func decompress(_ codec: UInt8, _ encoded: [UInt8], limit: Int) throws -> [UInt8] {
        try result(of: codec, encoded, limit: limit).get()
    }

    private func result(of codec: UInt8, _ encoded: [UInt8], limit: Int) throws -> Result<[UInt8], ChunkDecompressor.Failure> {
        let decompressor = try ChunkDecompressor()
        var room = [UInt8](repeating: 0, count: limit + ChunkDecompressor.slack)
        return encoded.withUnsafeBytes { encoded in
            room.withUnsafeMutableBytes { room in
                Result { () throws(ChunkDecompressor.Failure) in
                    let count =
                        codec == Codec.deflateByte
                        ? try decompressor.inflate(encoded, into: room, limit: limit)
                        : try decompressor.zstd(encoded, into: room, limit: limit)
                    return Array(room[..<count])
                }
            }
        }
    }

    @Test(arguments: codecs, 1...9)
    func whatIsCompressedComesBack(codec: Codec, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let table = random.table(Int.random(in: 1_000...CodecTests.chunkSize, using: &random))
        let (byte, encoded) = try #require(try compress(table, codec))
        #expect(encoded.count < table.count / 2)
        #expect(try decompress(byte, encoded, limit: CodecTests.chunkSize) == table)
    }

    @Test(arguments: codecs)
    func randomBytesAreStored(codec: Codec) throws {
        var random = SeededGenerator(seed: 1)
        for count in [0, 1, 100, 65_536, 65_537, CodecTests.chunkSize] { #expect(try compress(random.bytes(count), codec) == nil) }
    }

    /// No byte is more frequent than others here, yet each piece of 16 KiB is there sixteen times.
    @Test(arguments: codecs)
    func repeatedRandomBytesAreCompressed(codec: Codec) throws {
        var random = SeededGenerator(seed: 2)
        let piece = random.bytes(16 << 10)
        let repeated = (0..<16).flatMap { _ in piece }
        let (byte, encoded) = try #require(try compress(repeated, codec))
        #expect(encoded.count < repeated.count / 8)
        #expect(try decompress(byte, encoded, limit: CodecTests.chunkSize) == repeated)
    }

    /// Each place that the look at frequencies takes, and the middle.
    @Test(arguments: codecs, [0, 1, 2, 3])
    func aTableAmongRandomBytesIsCompressed(codec: Codec, quarter: Int) throws {
        var random = SeededGenerator(seed: 3)
        let size = CodecTests.chunkSize / 4
        let mixed = (0..<4).flatMap { $0 == quarter ? random.table(size) : random.bytes(size) }
        let (byte, encoded) = try #require(try compress(mixed, codec))
        #expect(encoded.count < mixed.count - size / 4)
        #expect(try decompress(byte, encoded, limit: CodecTests.chunkSize) == mixed)
    }

    /// libdeflate reads zeros behind the end of its input: a cut stream must not look like one that makes more than a chunk.
    @Test(arguments: [Codec.deflate(level: 1), .deflate(level: 9), .zstd(level: 1)])
    func aCutStreamIsNotDecodable(codec: Codec) throws {
        var random = SeededGenerator(seed: 4)
        let size = 64 << 10
        let run = [UInt8](repeating: 0, count: size)
        for content in [run, random.table(size), run[..<(size / 2)] + random.table(size / 2), random.table(size / 2) + run[..<(size / 2)]] {
            let (byte, encoded) = try #require(try compress(content, codec))
            for left in Array(0..<min(encoded.count, 40)) + Array(max(0, encoded.count - 200)..<encoded.count) {
                guard case .failure(.notDecodable) = try result(of: byte, Array(encoded[..<left]), limit: size) else {
                    Issue.record("\(left) of \(encoded.count) bytes are not refused as not decodable")
                    continue
                }
            }
        }
    }

    @Test(arguments: [Codec.deflate(level: 6), .zstd(level: 1)], [-1, 0, 1, ChunkDecompressor.slack, ChunkDecompressor.slack + 1])
    func moreThanAChunkIsTooLarge(codec: Codec, excess: Int) throws {
        let limit = 64 << 10
        var random = SeededGenerator(seed: 5)
        let content = random.table(limit + excess)
        let (byte, encoded) = try #require(try compress(content, codec))
        switch try result(of: byte, encoded, limit: limit) {
        case .success(let opened): #expect(excess <= 0 && opened == content)
        case .failure(.tooLarge): #expect(excess > 0)
        case .failure(let failure): Issue.record("\(failure)")
        }
    }
}
