// SPDX-License-Identifier: Apache-2.0

extension [UInt8] {
    mutating func append(u16 value: UInt16) { append(bigEndian: value) }
    mutating func append(u32 value: UInt32) { append(bigEndian: value) }
    mutating func append(u64 value: UInt64) { append(bigEndian: value) }

    private mutating func append(bigEndian value: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}

/// Reads big-endian fields front to back; nil where the bytes run out, so that the caller names the failure.
struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    var remaining: Int { bytes.endIndex - position }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, count <= remaining else { return nil }
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func u8() -> UInt8? { take(1)?.first }
    mutating func u16() -> UInt16? { integer() }
    mutating func u32() -> UInt32? { integer() }
    mutating func u64() -> UInt64? { integer() }

    private mutating func integer<Value: FixedWidthInteger & UnsignedInteger>() -> Value? {
        take(Value.bitWidth / 8)?.reduce(0) { $0 << 8 | Value($1) }
    }
}
