// SPDX-License-Identifier: Apache-2.0

/// The public start of a package (docs/formats/sealed-package.md §2.1).
package struct PackageHeader: Sendable, Hashable {
    package let suite: Suite
    package let chunkSize: Int
    package let salt: [UInt8]

    static let size = 36
    static let saltSize = 16
    static let magic = Array("KOUANPKG".utf8)
    static let version: UInt16 = 1

    var bytes: [UInt8] {
        var bytes = PackageHeader.magic
        bytes.append(u16: PackageHeader.version)
        bytes.append(suite.rawValue)
        bytes.append(0)
        bytes.append(u32: UInt32(PackageHeader.size))
        bytes.append(u32: UInt32(chunkSize))
        bytes += salt
        return bytes
    }

    init(suite: Suite, chunkSize: Int, salt: [UInt8]) throws(SealingError) {
        guard PackageHeader.isChunkSize(chunkSize) else {
            throw .optionInvalid("the chunk size must be a power of two from 64 KiB to 16 MiB")
        }
        precondition(salt.count == PackageHeader.saltSize)
        (self.suite, self.chunkSize, self.salt) = (suite, chunkSize, salt)
    }

    init(parsing bytes: [UInt8]) throws(SealingError) {
        var reader = ByteReader(bytes)
        guard let magic = reader.take(8), magic.elementsEqual(PackageHeader.magic) else { throw .notAPackage }
        guard let version = reader.u16(), let suite = reader.u8(), let reserved = reader.u8(), let length = reader.u32(),
            let chunkSize = reader.u32(), let salt = reader.take(PackageHeader.saltSize)
        else { throw .headerInvalid("it ends early") }
        guard version == PackageHeader.version else { throw .unsupportedVersion(Int(version)) }
        self.suite = try Suite(byte: suite)
        guard reserved == 0 else { throw .headerInvalid("a reserved byte is set") }
        guard length == PackageHeader.size, reader.remaining == 0 else { throw .headerInvalid("its length is not \(PackageHeader.size)") }
        guard PackageHeader.isChunkSize(Int(chunkSize)) else { throw .headerInvalid("the chunk size is \(chunkSize)") }
        self.chunkSize = Int(chunkSize)
        self.salt = Array(salt)
    }

    private static func isChunkSize(_ size: Int) -> Bool { Limits.chunkSizes.contains(size) && size & (size - 1) == 0 }
}

/// The last 64 bytes of a package (§2.7): where its parts begin. Every field is forced by what is signed.
package struct PackageFooter: Sendable, Hashable {
    package var suite: Suite
    package var payloadChunks: Int64
    package var manifestChunks: Int64
    package var manifestOffset: Int64
    package var indexOffset: Int64
    package var signatureOffset: Int64
    package var fileBytes: Int64

    package static let size = 64
    static let magic = Array("KOUANEND".utf8)
    static let commitmentSize = 32
    static let hashSize = 32

    static let payloadOffset = Int64(PackageHeader.size + commitmentSize)
    package var leafCount: Int64 { 1 + payloadChunks + manifestChunks }
    var footerOffset: Int64 { fileBytes - Int64(PackageFooter.size) }

    var bytes: [UInt8] {
        var bytes = PackageFooter.magic
        bytes.append(u16: PackageHeader.version)
        bytes.append(suite.rawValue)
        bytes.append(0)
        bytes.append(u32: UInt32(PackageHeader.size))
        for field in [payloadChunks, manifestChunks, manifestOffset, indexOffset, signatureOffset, fileBytes] {
            bytes.append(u64: UInt64(field))
        }
        return bytes
    }

    init(
        suite: Suite, payloadChunks: Int64, manifestChunks: Int64, manifestOffset: Int64, indexOffset: Int64, signatureOffset: Int64,
        fileBytes: Int64
    ) {
        (self.suite, self.payloadChunks, self.manifestChunks) = (suite, payloadChunks, manifestChunks)
        (self.manifestOffset, self.indexOffset) = (manifestOffset, indexOffset)
        (self.signatureOffset, self.fileBytes) = (signatureOffset, fileBytes)
    }

    /// - Parameter size: of the whole file that `bytes` end.
    init(parsing bytes: [UInt8], size: Int64) throws(SealingError) {
        var reader = ByteReader(bytes)
        guard let magic = reader.take(8), magic.elementsEqual(PackageFooter.magic) else { throw .truncated(expected: nil, found: size) }
        guard let version = reader.u16(), let suite = reader.u8(), let reserved = reader.u8(), let headerLength = reader.u32() else {
            throw .footerInvalid("it ends early")
        }
        guard version == PackageHeader.version else { throw .unsupportedVersion(Int(version)) }
        self.suite = try Suite(byte: suite)
        guard reserved == 0 else { throw .footerInvalid("a reserved byte is set") }
        guard headerLength == PackageHeader.size else { throw .footerInvalid("the header length is \(headerLength)") }

        var fields: [Int64] = []
        while fields.count < 6, let field = reader.u64() {
            // No field comes near: the largest package has 2^48 bytes of payload.
            guard field < 1 << 56 else { throw .footerInvalid("a field is out of range") }
            fields.append(Int64(field))
        }
        guard fields.count == 6, reader.remaining == 0 else { throw .footerInvalid("its length is not \(PackageFooter.size)") }
        (payloadChunks, manifestChunks, manifestOffset) = (fields[0], fields[1], fields[2])
        (indexOffset, signatureOffset, fileBytes) = (fields[3], fields[4], fields[5])
        try checkGeometry(size: size)
    }

    private func checkGeometry(size: Int64) throws(SealingError) {
        guard size >= fileBytes else { throw .truncated(expected: fileBytes, found: size) }
        guard size <= fileBytes else { throw .trailingBytes(size - fileBytes) }
        guard payloadChunks >= 1, manifestChunks >= 1, payloadChunks <= Limits.leaves, manifestChunks <= Limits.leaves,
            leafCount <= Limits.leaves
        else { throw .footerInvalid("the number of chunks is out of range") }
        let smallest = Int64(4 + ChunkFrame.overhead + suite.tagSize)
        guard manifestOffset >= PackageFooter.payloadOffset + payloadChunks * smallest else {
            throw .footerInvalid("the manifest begins inside the payload")
        }
        guard indexOffset >= manifestOffset + manifestChunks * smallest else {
            throw .footerInvalid("the index begins inside the manifest")
        }
        guard signatureOffset == indexOffset + leafCount * Int64(PackageFooter.hashSize) else {
            throw .footerInvalid("the index does not end at the signature")
        }
        let section = footerOffset - signatureOffset
        guard section >= 2, section <= Int64(Limits.signatureSectionBytes) else {
            throw .footerInvalid("the signature section has \(section) bytes")
        }
    }

    func chunks(of kind: ChunkKind) -> (count: Int64, start: Int64, end: Int64) {
        switch kind {
        case .payload: (payloadChunks, PackageFooter.payloadOffset, manifestOffset)
        case .manifest: (manifestChunks, manifestOffset, indexOffset)
        }
    }

    /// The leaf of a chunk, counted from the start of the index.
    func leaf(of kind: ChunkKind, _ index: Int64) -> Int64 { kind == .payload ? 1 + index : 1 + payloadChunks + index }
}
