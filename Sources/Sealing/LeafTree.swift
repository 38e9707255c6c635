// SPDX-License-Identifier: Apache-2.0
internal import CryptoPrimitives

/// The RFC 6962 tree over the leaves of a package (docs/formats/sealed-package.md §2.4). Hashes stand in one flat array of 32 bytes each.
enum LeafTree {
    static let hashSize = 32

    static func headerLeafHash(suite: Suite, header: [UInt8], commitment: [UInt8]) -> [UInt8] {
        suite.hash([0x00, 0x01] + header + commitment)
    }

    static func chunkLeafHash(suite: Suite, kind: ChunkKind, index: Int64, sealed: UnsafeRawBufferPointer) -> [UInt8] {
        var leaf: [UInt8] = [0x00, kind.rawValue]
        leaf.append(u64: UInt64(index))
        leaf.append(u32: UInt32(sealed.count))
        leaf += unsafe suite.hash(sealed)
        return suite.hash(leaf)
    }

    /// The root over `hashes`, which is not empty. Pairing level by level and carrying an odd last node up gives RFC 6962's split at the
    /// largest
    /// power of two.
    static func root(suite: Suite, of hashes: [UInt8]) -> [UInt8] {
        precondition(!hashes.isEmpty && hashes.count.isMultiple(of: hashSize))
        var level = hashes
        while level.count > hashSize {
            var next: [UInt8] = []
            next.reserveCapacity(level.count / 2 + hashSize)
            var position = 0
            while position + 2 * hashSize <= level.count {
                next += suite.hash([0x01] + level[position..<position + 2 * hashSize])
                position += 2 * hashSize
            }
            next += level[position...]
            level = next
        }
        return level
    }

    /// The root of each page of 256 leaves, joined; the root over these is the root of the tree, for 256 is a power of two.
    static func pageRoots(suite: Suite, of hashes: [UInt8]) -> [UInt8] {
        var roots: [UInt8] = []
        for start in stride(from: 0, to: hashes.count, by: pageSize) {
            roots += root(suite: suite, of: Array(hashes[start..<min(start + pageSize, hashes.count)]))
        }
        return roots
    }

    static let pageSize = Limits.leavesPerPage * hashSize
}
