// SPDX-License-Identifier: Apache-2.0
internal import CZlib
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

    init(_ codec: Codec) throws(SealingError) {
        self.codec = codec
        switch codec {
        case .stored: (deflater, zstd) = (nil, nil)
        case .deflate(let level): (deflater, zstd) = (try Deflater(level: level), try ZstdCompressor(level: 1))
        case .zstd(let level): (deflater, zstd) = (nil, try ZstdCompressor(level: level))
        }
    }

    /// The codec used and how many bytes of `output` it filled; nil when storing the chunk is no larger.
    func compress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> (codec: UInt8, count: Int)? {
        let compressed: (codec: UInt8, count: Int)?
        switch codec {
        case .stored: compressed = nil
        case .deflate:
            // zlib is slowest where it gains nothing (30 MB/s), zstd says so at 1.5 GB/s.
            guard unsafe shrinks(input, scratch: output) else { return nil }
            compressed = unsafe deflater?.compress(input, into: output).map { (Codec.deflateByte, $0) }
        case .zstd:
            compressed = unsafe zstd?.compress(input, into: output).map { (Codec.zstdByte, $0) }
        }
        guard let compressed, compressed.count < input.count else { return nil }
        return compressed
    }

    private func shrinks(_ input: UnsafeRawBufferPointer, scratch: UnsafeMutableRawBufferPointer) -> Bool {
        let sample = 64 << 10
        guard input.count > sample, let zstd else { return true }
        let start = (input.count - sample) / 2
        guard let count = unsafe zstd.compress(UnsafeRawBufferPointer(rebasing: input[start..<start + sample]), into: scratch) else {
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

    init() throws(SealingError) {
        inflater = try Inflater()
        zstd = try ZstdDecompressor()
    }

    /// The count of bytes written to `output`, at most `limit`. `output` has room for one byte more, which shows that there would be more.
    func inflate(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, limit: Int) throws(Failure) -> Int {
        try unsafe inflater.decompress(input, into: output, limit: limit)
    }

    func zstd(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, limit: Int) throws(Failure) -> Int {
        try unsafe zstd.decompress(input, into: output, limit: limit)
    }
}

// MARK: - zlib

/// Owns a `z_stream` on the heap, for zlib keeps a pointer back to it.
@safe private final class Deflater {
    private let stream: UnsafeMutablePointer<z_stream>

    init(level: Int) throws(SealingError) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        guard unsafe kouan_deflate_init(stream, Int32(level)) == Z_OK else {
            unsafe stream.deallocate()
            throw .crypto(code: "sealing.codec-failed", message: "zlib does not start", hint: "check the memory of this machine")
        }
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    func compress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        guard unsafe deflateReset(stream) == Z_OK else { return nil }
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        unsafe stream.pointee.avail_in = UInt32(input.count)
        unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = UInt32(output.count)
        guard unsafe deflate(stream, Z_FINISH) == Z_STREAM_END else { return nil }
        return Int(unsafe stream.pointee.total_out)
    }
}

@safe private final class Inflater {
    private let stream: UnsafeMutablePointer<z_stream>

    init() throws(SealingError) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        guard unsafe kouan_inflate_init(stream) == Z_OK else {
            unsafe stream.deallocate()
            throw .crypto(code: "sealing.codec-failed", message: "zlib does not start", hint: "check the memory of this machine")
        }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    func decompress(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, limit: Int
    ) throws(ChunkDecompressor.Failure) -> Int {
        guard unsafe inflateReset(stream) == Z_OK else { throw .notDecodable }
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        unsafe stream.pointee.avail_in = UInt32(input.count)
        unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = UInt32(limit + 1)
        let result = unsafe inflate(stream, Z_FINISH)
        let count = Int(unsafe stream.pointee.total_out)
        guard count <= limit else { throw .tooLarge }
        guard result == Z_STREAM_END, unsafe stream.pointee.avail_in == 0 else { throw .notDecodable }
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
        if level == 3 {
            // The level's own tables are made for long streams. Tables for a chunk stay in the cache: on tables and JSON lines of 60 MiB
            // this took
            // 11 to 12 % less time for 1 % more ratio, on program text 3 % more time for 1 % less.
            unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, 16)
            unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_chainLog, 14)
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
