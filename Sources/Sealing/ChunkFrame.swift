// SPDX-License-Identifier: Apache-2.0

/// What the AEAD of a chunk protects: `u8 codec ‖ u32 encodedLength ‖ encoded ‖ zeros` (docs/formats/sealed-package.md §2.3).
enum ChunkFrame {
    static let overhead = 5

    /// The largest sealed chunk.
    static func sealedLimit(chunkSize: Int, suite: Suite) -> Int { overhead + chunkSize + suite.tagSize }

    static func isLength(_ length: Int64, chunkSize: Int, suite: Suite) -> Bool {
        length >= Int64(overhead + suite.tagSize) && length <= Int64(sealedLimit(chunkSize: chunkSize, suite: suite))
    }
}

/// How much the length of a chunk may say about its content.
package enum Padding: String, Sendable, Hashable, CaseIterable {
    case none
    /// At most 12 % more; hides all but a few bits of the length.
    case padme
    /// Every chunk as long as the longest.
    case full

    /// The padded length of a chunk's plaintext of `count` bytes.
    func padded(_ count: Int, chunkSize: Int) -> Int {
        let limit = ChunkFrame.overhead + chunkSize
        switch self {
        case .none: return count
        case .full: return limit
        case .padme:
            // Padmé keeps as many leading bits of the length as the exponent has bits.
            let exponent = Int.bitWidth - 1 - count.leadingZeroBitCount
            let exponentBits = Int.bitWidth - exponent.leadingZeroBitCount
            let mask = (1 << max(0, exponent - exponentBits)) - 1
            return min(limit, (count + mask) & ~mask)
        }
    }
}

/// The memory of one chunk on its way through a seal.
@safe final class ChunkBuffer {
    // Where the chunk stands in its section.
    var index: Int64 = 0
    var start: Int64 = 0
    var count = 0
    var last = false

    /// The producer fills the first `count` bytes of this with payload.
    let content: UnsafeMutableRawBufferPointer
    /// What is written: the length and the sealed bytes, in one of the frames.
    fileprivate(set) var stored = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    fileprivate(set) var leaf: [UInt8] = []

    /// `content` with room around it: a chunk that is stored as it is is encrypted where it was read.
    fileprivate let plain: UnsafeMutableRawBufferPointer
    /// The frame of what the compressor makes of it; empty when nothing is compressed.
    fileprivate let compressed: UnsafeMutableRawBufferPointer

    /// Where the encoded bytes begin in a frame.
    fileprivate static let encodedStart = 4 + ChunkFrame.overhead

    init(chunkSize: Int, suite: Suite, isCompressing: Bool) {
        let frame = 4 + ChunkFrame.sealedLimit(chunkSize: chunkSize, suite: suite)
        unsafe plain = .allocate(byteCount: frame, alignment: 64)
        unsafe content = UnsafeMutableRawBufferPointer(rebasing: plain[ChunkBuffer.encodedStart..<ChunkBuffer.encodedStart + chunkSize])
        // Codecs run faster where their output fits even if it does not shrink.
        unsafe compressed = .allocate(byteCount: isCompressing ? frame + chunkSize / 128 + 1024 : 0, alignment: 64)
    }

    deinit {
        unsafe plain.deallocate()
        unsafe compressed.deallocate()
    }
}

/// Turns payload bytes into the bytes of a stored chunk. One per worker and kind; it owns library contexts.
final class ChunkSealer {
    /// Nil when nothing is compressed.
    private let compressor: ChunkCompressor?
    private let cipher: ChunkCipher
    private let kind: ChunkKind
    private let suite: Suite
    private let padding: Padding
    private let chunkSize: Int

    init(kind: ChunkKind, keys: PackageKeys, chunkSize: Int, codec: Codec, padding: Padding) throws(SealingError) {
        compressor = codec == .stored ? nil : try ChunkCompressor(codec)
        cipher = try keys.cipher(for: kind)
        (self.kind, self.chunkSize, self.padding, suite) = (kind, chunkSize, padding, keys.suite)
    }

    /// Makes `stored` and `leaf` of `buffer` from its content.
    func seal(_ buffer: ChunkBuffer) throws(SealingError) {
        let start = ChunkBuffer.encodedStart
        let frame: UnsafeMutableRawBufferPointer
        let encoded: (codec: UInt8, count: Int)
        if let found = unsafe compressor?.compress(
            UnsafeRawBufferPointer(rebasing: buffer.content[..<buffer.count]),
            into: UnsafeMutableRawBufferPointer(rebasing: buffer.compressed[start...]))
        {
            (unsafe frame, encoded) = (unsafe buffer.compressed, found)
        } else {
            (unsafe frame, encoded) = (unsafe buffer.plain, (Codec.storedByte, buffer.count))
        }

        let plainCount = padding.padded(ChunkFrame.overhead + encoded.count, chunkSize: chunkSize)
        let zeros = unsafe UnsafeMutableRawBufferPointer(rebasing: frame[start + encoded.count..<4 + plainCount])
        unsafe zeros.initializeMemory(as: UInt8.self, repeating: 0)
        let sealedCount = plainCount + suite.tagSize
        unsafe frame.storeBytes(of: UInt32(sealedCount).bigEndian, toByteOffset: 0, as: UInt32.self)
        unsafe frame[4] = encoded.codec
        unsafe frame.storeBytes(of: UInt32(encoded.count).bigEndian, toByteOffset: 5, as: UInt32.self)

        try unsafe cipher.seal(
            index: buffer.index, last: buffer.last, inPlace: UnsafeMutableRawBufferPointer(rebasing: frame[4..<4 + plainCount]),
            tag: UnsafeMutableRawBufferPointer(rebasing: frame[4 + plainCount..<4 + sealedCount]))
        unsafe buffer.stored = UnsafeRawBufferPointer(rebasing: frame[..<(4 + sealedCount)])
        buffer.leaf = unsafe LeafTree.chunkLeafHash(
            suite: suite, kind: kind, index: buffer.index, sealed: UnsafeRawBufferPointer(rebasing: buffer.stored[4...]))
    }
}

/// Turns the sealed bytes of a chunk back into payload bytes, and owns the buffers for it. One per worker and kind.
@safe final class ChunkOpener {
    /// The caller fills this with the sealed bytes of a chunk.
    let sealed: UnsafeMutableRawBufferPointer
    private let content: UnsafeMutableRawBufferPointer
    private let decompressor: ChunkDecompressor
    private let cipher: ChunkCipher
    private let kind: ChunkKind
    private let suite: Suite
    private let chunkSize: Int

    init(kind: ChunkKind, keys: PackageKeys, chunkSize: Int) throws(SealingError) {
        decompressor = try ChunkDecompressor()
        cipher = try keys.cipher(for: kind)
        (self.kind, self.chunkSize, suite) = (kind, chunkSize, keys.suite)
        unsafe sealed = .allocate(byteCount: ChunkFrame.sealedLimit(chunkSize: chunkSize, suite: keys.suite), alignment: 64)
        unsafe content = .allocate(byteCount: chunkSize + ChunkDecompressor.slack, alignment: 64)
    }

    deinit {
        unsafe sealed.deallocate()
        unsafe content.deallocate()
    }

    /// Opens the first `count` bytes of `sealed`, whose length and leaf the caller has checked. The result is valid until the next call.
    func open(index: Int64, last: Bool, count: Int) throws(SealingError) -> UnsafeRawBufferPointer {
        let name = ChunkName(kind: kind, index: index)
        let plainCount = count - suite.tagSize
        let plain = unsafe UnsafeMutableRawBufferPointer(rebasing: sealed[..<plainCount])
        let tag = unsafe UnsafeRawBufferPointer(rebasing: sealed[plainCount..<count])
        guard try unsafe cipher.open(index: index, last: last, inPlace: plain, tag: tag) else { throw .chunkNotAuthentic(name) }

        let encodedCount = Int(UInt32(bigEndian: unsafe plain.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
        guard encodedCount <= plainCount - ChunkFrame.overhead else {
            throw .chunkEncodingInvalid(name, "it claims more bytes than it has")
        }
        let end = ChunkFrame.overhead + encodedCount
        guard unsafe ChunkOpener.isZero(UnsafeRawBufferPointer(rebasing: plain[end...])) else {
            throw .chunkEncodingInvalid(name, "its padding is not zero")
        }
        let encoded = unsafe UnsafeRawBufferPointer(rebasing: plain[ChunkFrame.overhead..<end])
        let decoded = try unsafe decode(plain[0], encoded, name)
        guard encodedCount <= decoded.count else { throw .chunkEncodingInvalid(name, "it is longer than what it encodes") }
        guard decoded.count == chunkSize || last && (decoded.count > 0 || index == 0) else { throw .chunkNotFull(name) }
        return unsafe decoded
    }

    private func decode(_ codec: UInt8, _ encoded: UnsafeRawBufferPointer, _ name: ChunkName) throws(SealingError) -> UnsafeRawBufferPointer
    {
        let count: Int
        do {
            switch codec {
            case Codec.storedByte: return unsafe encoded
            case Codec.deflateByte: count = try unsafe decompressor.inflate(encoded, into: content, limit: chunkSize)
            case Codec.zstdByte: count = try unsafe decompressor.zstd(encoded, into: content, limit: chunkSize)
            default: throw SealingError.unknownCodec(name, codec)
            }
        } catch let failure as ChunkDecompressor.Failure {
            switch failure {
            case .notDecodable: throw .chunkNotDecodable(name)
            case .tooLarge: throw .chunkTooLarge(name)
            case .refused(let reason): throw .chunkEncodingInvalid(name, reason)
            }
        } catch let error as SealingError {
            throw error
        } catch {
            throw .chunkNotDecodable(name)
        }
        return unsafe UnsafeRawBufferPointer(rebasing: content[..<count])
    }

    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        var bits: UInt64 = 0
        while position + 8 <= bytes.count {
            bits |= unsafe bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            position += 8
        }
        while position < bytes.count {
            bits |= UInt64(unsafe bytes[position])
            position += 1
        }
        return bits == 0
    }
}
