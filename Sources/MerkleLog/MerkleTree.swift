// SPDX-License-Identifier: Apache-2.0

//  The tree over entries 0 ..< size. A tree of n > 1 leaves splits at the largest power of two below n:
//
//      level 2            ┌──── (2,0) ────┐
//      level 1        (1,0)           (1,1)
//      level 0     (0,0) (0,1)     (0,2) (0,3)     (0,4)          size 5: edge = [(2,0), (0,4)]
//
//  (level, index) is the root of the complete subtree over entries index·2^level ..< (index+1)·2^level. Such a hash never changes once
//  its last entry is appended, so it is stored once, at `storedPosition`. What is not complete is recomputed from these.

/// A complete subtree's hash as it is stored.
package struct StoredHash: Sendable, Hashable {
    package let level: Int
    package let index: Int64
    package let hash: TreeHash

    package var position: Int64 { MerkleTree.storedPosition(level: level, index: index) }
}

/// The right edge of a log: the roots of its complete subtrees, largest first. Enough to append and to know the root.
package struct RightEdge: Sendable, Hashable {
    package private(set) var size: Int64
    package private(set) var hashes: [TreeHash]

    /// The edge of the empty log.
    package init() {
        size = 0
        hashes = []
    }

    /// The edge of a log of `size` entries, read from its stored hashes.
    package init<E: Error>(size: Int64, read: (Int, Int64) throws(E) -> TreeHash) throws(E) {
        self.size = size
        hashes = []
        for (level, index) in MerkleTree.completeSubtrees(from: 0, to: size) {
            hashes.append(try read(level, index))
        }
    }

    /// Appends one leaf and returns the complete subtrees it finished, leaf first.
    ///
    /// Shape: one hash plus one for each trailing 1 bit of the size before, in ascending `position`.
    package mutating func append(_ leaf: TreeHash) -> [StoredHash] {
        var finished = [StoredHash(level: 0, index: size, hash: leaf)]
        var level = 0
        var hash = leaf
        var index = size
        while index & 1 == 1, let left = hashes.popLast() {
            hash = .node(left, hash)
            index >>= 1
            level += 1
            finished.append(StoredHash(level: level, index: index, hash: hash))
        }
        hashes.append(hash)
        size += 1
        return finished
    }

    package var root: TreeHash { MerkleTree.fold(hashes) }
}

package enum MerkleTree {
    /// Where the hash (level, index) is stored: the order in which appending finishes hashes, so storage only ever grows at its end.
    package static func storedPosition(level: Int, index: Int64) -> Int64 {
        // Entry m finishes level 0 and one more level for each trailing 1 bit; the last leaf below (level, index) is m.
        var leaf = index
        for _ in 0..<level { leaf = 2 * leaf + 1 }
        var position: Int64 = 0
        while leaf > 0 {
            position += leaf
            leaf >>= 1
        }
        return position + Int64(level)
    }

    /// How many hashes are stored for a log of `size` entries.
    package static func storedCount(size: Int64) -> Int64 { storedPosition(level: 0, index: size) }

    /// The complete subtrees that make up entries from ..< to, left to right. `from` must be a multiple of the largest of them, which
    /// holds for each range that RFC 6962's recursion visits.
    package static func completeSubtrees(from: Int64, to: Int64) -> [(level: Int, index: Int64)] {
        var result: [(level: Int, index: Int64)] = []
        var start = from
        while start < to {
            let level = 63 - (to - start).leadingZeroBitCount
            result.append((level, start >> Int64(level)))
            start += 1 << Int64(level)
        }
        return result
    }

    /// The root over subtrees of falling size: RFC 6962 joins the two smallest first.
    static func fold(_ hashes: [TreeHash]) -> TreeHash {
        guard var root = hashes.last else { return .empty }
        for left in hashes.dropLast().reversed() { root = .node(left, root) }
        return root
    }

    static func rangeHash<E: Error>(from: Int64, to: Int64, read: (Int, Int64) throws(E) -> TreeHash) throws(E) -> TreeHash {
        var hashes: [TreeHash] = []
        for (level, index) in completeSubtrees(from: from, to: to) { hashes.append(try read(level, index)) }
        return fold(hashes)
    }

    /// The root of the log's first `size` entries. Reads at most 63 hashes.
    package static func root<E: Error>(size: Int64, read: (Int, Int64) throws(E) -> TreeHash) throws(E) -> TreeHash {
        try rangeHash(from: 0, to: size, read: read)
    }

    /// The largest power of two below `count`, for count > 1.
    static func split(_ count: Int64) -> Int64 { 1 << Int64(63 - (count - 1).leadingZeroBitCount) }
}
