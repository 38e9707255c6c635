// SPDX-License-Identifier: Apache-2.0

/// Inclusion and consistency proofs: made from stored hashes, checked from nothing but hashes.
///
/// - Source: RFC 6962 §2.1.1 and §2.1.2 for the shape, RFC 9162 §2.1.3.2 and §2.1.4.2 for the checks.
package enum MerkleProof {
    /// No proof has more hashes than a tree of 2^63 entries has levels.
    package static let maximumHashes = 63

    /// The sibling hashes that connect entry `index` to the root of the log's first `size` entries, leaf side first.
    package static func inclusion(
        index: Int64, size: Int64, read: (Int, Int64) throws(MerkleLogError) -> TreeHash
    ) throws(MerkleLogError) -> [TreeHash] {
        guard index >= 0, index < size else { throw .indexOutOfRange(index: index, size: size) }
        var proof: [TreeHash] = []
        var low: Int64 = 0
        var high = size
        while high - low > 1 {
            let middle = low + MerkleTree.split(high - low)
            if index < middle {
                proof.append(try MerkleTree.rangeHash(from: middle, to: high, read: read))
                high = middle
            } else {
                proof.append(try MerkleTree.rangeHash(from: low, to: middle, read: read))
                low = middle
            }
        }
        return proof.reversed()
    }

    /// The hashes that show that the log of size `to` starts with the log of size `from`. Empty when the sizes are equal.
    package static func consistency(
        from: Int64, to: Int64, read: (Int, Int64) throws(MerkleLogError) -> TreeHash
    ) throws(MerkleLogError) -> [TreeHash] {
        guard from > 0, from <= to else { throw .sizesOutOfRange(from: from, to: to) }
        guard from < to else { return [] }
        var proof: [TreeHash] = []
        var low: Int64 = 0
        var high = to
        // True while the old log covers everything from `low` on that we keep to the left, i.e. its own root is known to the checker.
        var whole = true
        while from != high {
            let middle = low + MerkleTree.split(high - low)
            if from <= middle {
                proof.append(try MerkleTree.rangeHash(from: middle, to: high, read: read))
                high = middle
            } else {
                proof.append(try MerkleTree.rangeHash(from: low, to: middle, read: read))
                low = middle
                whole = false
            }
        }
        if !whole { proof.append(try MerkleTree.rangeHash(from: low, to: high, read: read)) }
        return proof.reversed()
    }

    /// Checks that `leaf` is entry `index` of the log whose first `size` entries have `root`.
    package static func verifyInclusion(
        leaf: TreeHash, index: Int64, size: Int64, root: TreeHash, proof: [TreeHash]
    ) throws(MerkleLogError) {
        guard index >= 0, index < size else { throw .indexOutOfRange(index: index, size: size) }
        guard proof.count <= maximumHashes else { throw .proofLength(expected: maximumHashes, found: proof.count) }
        var node = index
        var last = size - 1
        var hash = leaf
        for sibling in proof {
            guard last > 0 else { throw .proofDoesNotMatch }
            if node & 1 == 1 || node == last {
                hash = .node(sibling, hash)
                while node & 1 == 0, node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                hash = .node(hash, sibling)
            }
            node >>= 1
            last >>= 1
        }
        guard last == 0, hash == root else { throw .proofDoesNotMatch }
    }

    /// Checks that the log with `oldRoot` at size `from` is the beginning of the log with `newRoot` at size `to`.
    ///
    /// From size 0 nothing is proven, so it is refused: compare the old root with the empty tree instead.
    package static func verifyConsistency(
        from: Int64, to: Int64, oldRoot: TreeHash, newRoot: TreeHash, proof: [TreeHash]
    ) throws(MerkleLogError) {
        guard from > 0, from <= to else { throw .sizesOutOfRange(from: from, to: to) }
        guard proof.count <= maximumHashes else { throw .proofLength(expected: maximumHashes, found: proof.count) }
        if from == to {
            guard proof.isEmpty else { throw .proofLength(expected: 0, found: proof.count) }
            guard oldRoot == newRoot else { throw .proofDoesNotMatch }
            return
        }
        guard !proof.isEmpty else { throw .proofLength(expected: 1, found: 0) }
        // A complete old tree is itself the first hash of the path.
        var path = proof[...]
        if from & (from - 1) == 0 { path = ([oldRoot] + proof)[...] }
        var node = from - 1
        var last = to - 1
        while node & 1 == 1 {
            node >>= 1
            last >>= 1
        }
        guard let first = path.popFirst() else { throw .proofDoesNotMatch }
        var old = first
        var new = first
        for hash in path {
            guard last > 0 else { throw .proofDoesNotMatch }
            if node & 1 == 1 || node == last {
                old = .node(hash, old)
                new = .node(hash, new)
                while node & 1 == 0, node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                new = .node(new, hash)
            }
            node >>= 1
            last >>= 1
        }
        guard last == 0, old == oldRoot, new == newRoot else { throw .proofDoesNotMatch }
    }
}
