// SPDX-License-Identifier: Apache-2.0
internal import CDeflate
internal import CZstd

/// How chunks are compressed. Each chunk says which it used, inside the encryption; a chunk that does not shrink is stored.
package enum Codec: Sendable, Hashable {
    case stored
    /// RFC 1950, the codec that every node reads. Levels 1 to 9.
    case deflate(level: Int)
    /// RFC 8878, levels 1 to 19.
    case zstd(level: Int)

    /// The level that measured best on tables at our chunk size.
    package static let automatic = Codec.zstd(level: 1)

    static let storedByte: UInt8 = 0
    static let deflateByte: UInt8 = 1
    static let zstdByte: UInt8 = 2

    func validate() throws(SealingError) {
        switch self {
        case .stored: break
        case .deflate(let level):
            guard (1...9).contains(level) else { throw .optionInvalid("the level of deflate must be 1 to 9") }
        case .zstd(let level):
            guard (1...19).contains(level) else { throw .optionInvalid("the level of zstd must be 1 to 19") }
        }
    }
}

/// Compresses the chunks of one worker. Owns its library contexts; not Sendable.
struct ChunkCompressor {
    private let codec: Codec
    private let deflater: Deflater?
    private let zstd: ZstdCompressor?
    /// Of the lowest level, whatever the codec's is.
    private let sampler: ZstdCompressor?

    init(_ codec: Codec) throws(SealingError) {
        self.codec = codec
        switch codec {
        case .stored: (deflater, zstd, sampler) = (nil, nil, nil)
        case .deflate(let level): (deflater, zstd, sampler) = (try Deflater(level: level), nil, try ZstdCompressor(level: 1))
        case .zstd(let level): (deflater, zstd, sampler) = (nil, try ZstdCompressor(level: level), try ZstdCompressor(level: 1))
        }
    }

    /// The codec used and how many bytes of `output` it filled; nil when storing the chunk is no larger.
    func compress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> (codec: UInt8, count: Int)? {
        if unsafe looksRandom(input) {
            guard unsafe middleShrinks(input, scratch: output) else { return nil }
        }
        let compressed: (codec: UInt8, count: Int)?
        switch codec {
        case .stored: compressed = nil
        case .deflate: compressed = unsafe deflater?.compress(input, into: output).map { (Codec.deflateByte, $0) }
        case .zstd: compressed = unsafe zstd?.compress(input, into: output).map { (Codec.zstdByte, $0) }
        }
        guard let compressed, compressed.count < input.count else { return nil }
        return compressed
    }

    /// Whether no byte value is more frequent than others, at four places: what is compressed or encrypted already looks like this, and trying
    /// it costs more than encrypting it.
    private func looksRandom(_ input: UnsafeRawBufferPointer) -> Bool {
        let (places, sample) = (4, 1 << 10)
        guard input.count > ChunkCompressor.middle else { return false }
        var counts = [Int](repeating: 0, count: 256)
        for place in 0..<places {
            let start = (input.count - sample) / (places - 1) * place
            for position in start..<start + sample { counts[Int(unsafe input[position])] += 1 }
        }
        // Two bytes drawn from the sample are equal once in 256 pairs when all values are equally likely.
        let pairs = counts.reduce(0) { $0 + $1 * ($1 - 1) }
        let all = places * sample * (places * sample - 1)
        return pairs * 256 < all + all / 4
    }

    /// The sample that decides where the frequencies of bytes cannot: text may repeat itself although its bytes look random.
    private static let middle = 64 << 10

    private func middleShrinks(_ input: UnsafeRawBufferPointer, scratch: UnsafeMutableRawBufferPointer) -> Bool {
        let (sample, start) = (ChunkCompressor.middle, (input.count - ChunkCompressor.middle) / 2)
        guard let count = unsafe sampler?.compress(UnsafeRawBufferPointer(rebasing: input[start..<start + sample]), into: scratch) else {
            return true
        }
        return count < sample - sample / 32
    }
}

/// Decompresses the chunks of one worker. Owns its library contexts; not Sendable.
struct ChunkDecompressor {
    private let inflater: Inflater
    private let zstd: ZstdDecompressor

    enum Failure: Error {
        case notDecodable, tooLarge
        case refused(String)
    }

    /// Behind a deflate stream that was cut, libdeflate reads up to 8 bytes of zeros before it notices; they make at most 32 matches of 258
    /// bytes. With room for those a cut stream is never taken for one that is too large.
    static let slack = 16 << 10

    init() throws(SealingError) {
        inflater = try Inflater()
        zstd = try ZstdDecompressor()
    }

    /// The count of bytes written to `output`, at most `limit`. `output` has room for `slack` more.
    func inflate(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, limit: Int) throws(Failure) -> Int {
        try unsafe inflater.decompress(input, into: output, limit: limit)
    }

    func zstd(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, limit: Int) throws(Failure) -> Int {
        try unsafe zstd.decompress(input, into: output, limit: limit)
    }
}

// MARK: - deflate

@safe private final class Deflater {
    private let compressor: OpaquePointer

    init(level: Int) throws(SealingError) {
        guard let compressor = unsafe libdeflate_alloc_compressor(Int32(level)) else {
            throw .crypto(code: "sealing.codec-failed", message: "libdeflate does not start", hint: "check the memory of this machine")
        }
        unsafe self.compressor = compressor
    }

    deinit { unsafe libdeflate_free_compressor(compressor) }

    /// Nil when the stream does not fit into `output`.
    func compress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        let count = unsafe libdeflate_zlib_compress(compressor, input.baseAddress, input.count, output.baseAddress, output.count)
        return count > 0 ? count : nil
    }
}

@safe private final class Inflater {
    private let decompressor: OpaquePointer

    init() throws(SealingError) {
        guard let decompressor = unsafe libdeflate_alloc_decompressor() else {
            throw .crypto(code: "sealing.codec-failed", message: "libdeflate does not start", hint: "check the memory of this machine")
        }
        unsafe self.decompressor = decompressor
    }

    deinit { unsafe libdeflate_free_decompressor(decompressor) }

    /// The library refuses a preset dictionary and a wrong checksum, and writes nothing beyond the room it is given.
    func decompress(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, limit: Int
    ) throws(ChunkDecompressor.Failure) -> Int {
        var (taken, count) = (0, 0)
        let result = unsafe libdeflate_zlib_decompress_ex(
            decompressor, input.baseAddress, input.count, output.baseAddress, limit + ChunkDecompressor.slack, &taken, &count)
        guard result != LIBDEFLATE_INSUFFICIENT_SPACE else { throw .tooLarge }
        guard result == LIBDEFLATE_SUCCESS, taken == input.count else { throw .notDecodable }
        guard count <= limit else { throw .tooLarge }
        return count
    }
}

// MARK: - zstd

@safe private final class ZstdCompressor {
    private let context: OpaquePointer

    init(level: Int) throws(SealingError) {
        guard let context = unsafe ZSTD_createCCtx() else {
            throw .crypto(code: "sealing.codec-failed", message: "zstd does not start", hint: "check the memory of this machine")
        }
        unsafe self.context = context
        unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
        // The levels' own hash tables are made for long streams of anything. Rows resemble the rows just before them: smaller tables, which
        // stay in the cache, find those.
        switch level {
        case 1:
            // Tables and JSON lines: 10 to 24 % less time for up to 5 % more ratio; program text: 6 % less time for 6 % less ratio.
            unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, 12)
        case 3:
            // Tables and JSON lines: 11 to 12 % less time for 1 % more ratio; program text: 3 % more time for 1 % less.
            unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, 16)
            unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_chainLog, 14)
        default: break
        }
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// One frame with its content size and no checksum: the AEAD is one. The window is no larger than the input.
    func compress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        let count = unsafe ZSTD_compress2(context, output.baseAddress, output.count, input.baseAddress, input.count)
        return ZSTD_isError(count) == 0 ? count : nil
    }
}

@safe private final class ZstdDecompressor {
    private let context: OpaquePointer

    init() throws(SealingError) {
        guard let context = unsafe ZSTD_createDCtx() else {
            throw .crypto(code: "sealing.codec-failed", message: "zstd does not start", hint: "check the memory of this machine")
        }
        unsafe self.context = context
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    func decompress(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, limit: Int
    ) throws(ChunkDecompressor.Failure) -> Int {
        try unsafe checkFrameHeader(input, limit: limit)
        guard unsafe ZSTD_findFrameCompressedSize(input.baseAddress, input.count) == input.count else { throw .notDecodable }
        let size = unsafe ZSTD_getFrameContentSize(input.baseAddress, input.count)
        guard size != kouan_zstd_content_size_unknown, size != kouan_zstd_content_size_error else { throw .notDecodable }
        guard size <= UInt64(limit) else { throw .tooLarge }
        let count = unsafe ZSTD_decompressDCtx(context, output.baseAddress, limit, input.baseAddress, input.count)
        guard ZSTD_isError(count) == 0, UInt64(count) == size else { throw .notDecodable }
        return count
    }

    /// RFC 8878 §3.1.1.1: what the library would accept and the format does not.
    private func checkFrameHeader(_ input: UnsafeRawBufferPointer, limit: Int) throws(ChunkDecompressor.Failure) {
        guard input.count >= 6, unsafe input.prefix(4).elementsEqual([0x28, 0xB5, 0x2F, 0xFD]) else { throw .notDecodable }
        let descriptor = unsafe input[4]
        guard descriptor & 0b11 == 0 else { throw .refused("the frame names a dictionary") }
        let singleSegment = descriptor & 0b10_0000 != 0
        guard singleSegment || descriptor >> 6 != 0 else { throw .refused("the frame has no content size") }
        guard !singleSegment else { return }  // the window is the content, which is checked against the chunk
        let window = unsafe input[5]
        let base = UInt64(1) << (10 + UInt64(window >> 3))
        guard base + base / 8 * UInt64(window & 7) <= UInt64(limit) else { throw .refused("the window is larger than a chunk") }
    }
}
