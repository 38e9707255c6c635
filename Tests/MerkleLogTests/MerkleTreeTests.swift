// SPDX-License-Identifier: Apache-2.0
import ExchangeModel
import MerkleLog
import Testing

/// A log in memory with everything it stores.
struct MemoryLog {
    private(set) var edge = RightEdge()
    private(set) var stored: [TreeHash] = []
    private(set) var leaves: [TreeHash] = []
    /// Root at each size.
    private(set) var roots = [RightEdge().root]

    init(count: Int) {
        for number in 0..<count { append(.leaf(Array("entry \(number)".utf8))) }
    }

    mutating func append(_ leaf: TreeHash) {
        for hash in edge.append(leaf) {
            precondition(hash.position == Int64(stored.count), "hashes are finished in the order of their positions")
            stored.append(hash.hash)
        }
        leaves.append(leaf)
        roots.append(edge.root)
    }

    func read(_ level: Int, _ index: Int64) throws(MerkleLogError) -> TreeHash {
        let position = MerkleTree.storedPosition(level: level, index: index)
        guard position < stored.count else { throw .missingHash(level: level, index: index) }
        return stored[Int(position)]
    }
}

/// The definition of RFC 6962 §2.1, word for word and slow.
private func naiveRoot(_ leaves: ArraySlice<TreeHash>) -> TreeHash {
    guard leaves.count > 1 else { return leaves.first ?? .empty }
    var split = 1
    while split * 2 < leaves.count { split *= 2 }
    return .node(naiveRoot(leaves.prefix(split)), naiveRoot(leaves.dropFirst(split)))
}

@Suite struct MerkleTreeTests {
    @Test func knownRoots() throws {
        let vectors = try vectors("tree.json")
        let leaves = try #require(vectors["leaves"]?.array).compactMap { $0.string.flatMap(Hex.decode) }
        let roots = try #require(vectors["roots"]?.array).compactMap(\.string)
        #expect(leaves.count == 8)
        #expect(vectors["empty"]?.string == Hex.encode(TreeHash.empty.bytes))
        var edge = RightEdge()
        #expect(edge.root == .empty)
        for (leaf, root) in zip(leaves, roots) {
            _ = edge.append(.leaf(leaf))
            #expect(Hex.encode(edge.root.bytes) == root)
        }
    }

    @Test func everyRootEqualsTheDefinitionAndComesBackFromStoredHashes() throws {
        let log = MemoryLog(count: 300)
        for size in 0...300 {
            #expect(log.roots[size] == naiveRoot(log.leaves.prefix(size)))
            #expect(try MerkleTree.root(size: Int64(size), read: log.read) == log.roots[size])
            #expect(MerkleTree.storedCount(size: Int64(size)) <= Int64(log.stored.count))
            let edge = try RightEdge(size: Int64(size), read: log.read)
            #expect(edge.root == log.roots[size])
        }
        #expect(MerkleTree.storedCount(size: 300) == Int64(log.stored.count))
    }

    @Test func aReopenedEdgeGoesOnLikeTheOldOne() throws {
        let log = MemoryLog(count: 257)
        for size in [0, 1, 2, 127, 128, 255, 256] {
            var edge = try RightEdge(size: Int64(size), read: log.read)
            for leaf in log.leaves[size...] { _ = edge.append(leaf) }
            #expect(edge == log.edge)
        }
    }

    @Test func everyInclusionProofVerifiesAndNoOtherEntryOrSizeDoes() throws {
        let log = MemoryLog(count: 300)
        for size in 1...300 {
            for index in 0..<size {
                let proof = try MerkleProof.inclusion(index: Int64(index), size: Int64(size), read: log.read)
                try MerkleProof.verifyInclusion(
                    leaf: log.leaves[index], index: Int64(index), size: Int64(size), root: log.roots[size], proof: proof)
                let other = (index + 1) % size
                guard other != index else { continue }
                #expect(throws: MerkleLogError.self) {
                    try MerkleProof.verifyInclusion(
                        leaf: log.leaves[other], index: Int64(index), size: Int64(size), root: log.roots[size], proof: proof)
                }
                #expect(throws: MerkleLogError.self) {
                    try MerkleProof.verifyInclusion(
                        leaf: log.leaves[index], index: Int64(other), size: Int64(size), root: log.roots[size], proof: proof)
                }
            }
        }
    }

    @Test func everyConsistencyProofVerifiesAndNoOtherRootDoes() throws {
        let log = MemoryLog(count: 300)
        // All pairs up to 130, which passes the powers of two; beyond that the old sizes around them.
        for to in 1...300 {
            let olds = to <= 130 ? Array(1...to) : [1, 2, 3, 63, 64, 65, 127, 128, 129, to / 2, to - 1, to]
            for from in olds {
                let proof = try MerkleProof.consistency(from: Int64(from), to: Int64(to), read: log.read)
                func verify(_ old: TreeHash, _ new: TreeHash, _ proof: [TreeHash]) throws {
                    try MerkleProof.verifyConsistency(from: Int64(from), to: Int64(to), oldRoot: old, newRoot: new, proof: proof)
                }
                try verify(log.roots[from], log.roots[to], proof)
                #expect(throws: MerkleLogError.self) { try verify(log.roots[from - 1], log.roots[to], proof) }
                #expect(throws: MerkleLogError.self) { try verify(log.roots[from], log.roots[to - 1], proof) }
                #expect(throws: MerkleLogError.self) { try verify(log.roots[from], log.roots[to], proof + [log.roots[1]]) }
                if !proof.isEmpty {
                    #expect(throws: MerkleLogError.self) { try verify(log.roots[from], log.roots[to], Array(proof.dropLast())) }
                    #expect(throws: MerkleLogError.self) { try verify(log.roots[from], log.roots[to], Array(proof.dropFirst())) }
                }
            }
        }
    }

    @Test(arguments: [(5, 7), (0, 8), (255, 257), (299, 300)])
    func anyFlippedBitOfAProofIsRefused(index: Int, size: Int) throws {
        let log = MemoryLog(count: 300)
        let proof = try MerkleProof.inclusion(index: Int64(index), size: Int64(size), read: log.read)
        for position in proof.indices {
            for bit in 0..<256 {
                var bytes = proof[position].bytes
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                var flipped = proof
                flipped[position] = try #require(TreeHash(bytes))
                #expect(throws: MerkleLogError.proofDoesNotMatch) {
                    try MerkleProof.verifyInclusion(
                        leaf: log.leaves[index], index: Int64(index), size: Int64(size), root: log.roots[size], proof: flipped)
                }
            }
        }
    }

    @Test func hostileSizesAreRefusedNotTrapped() throws {
        let hash = TreeHash.empty
        let many = [TreeHash](repeating: hash, count: 64)
        for (index, size) in [(-1, 5), (5, 5), (6, 5), (0, 0), (0, -1), (Int64.max, Int64.max), (Int64.min, Int64.max)] as [(Int64, Int64)]
        {
            #expect(throws: MerkleLogError.self) {
                try MerkleProof.verifyInclusion(leaf: hash, index: index, size: size, root: hash, proof: many)
            }
            #expect(throws: MerkleLogError.self) {
                try MerkleProof.verifyInclusion(leaf: hash, index: index, size: size, root: hash, proof: [])
            }
        }
        #expect(throws: MerkleLogError.proofDoesNotMatch) {
            try MerkleProof.verifyInclusion(
                leaf: hash, index: Int64.max - 1, size: Int64.max, root: hash, proof: Array(many.prefix(63)))
        }
        for (from, to) in [(0, 5), (-1, 5), (6, 5), (1, Int64.max), (Int64.max - 1, Int64.max)] as [(Int64, Int64)] {
            #expect(throws: MerkleLogError.self) {
                try MerkleProof.verifyConsistency(from: from, to: to, oldRoot: hash, newRoot: hash, proof: many)
            }
            #expect(throws: MerkleLogError.self) {
                try MerkleProof.verifyConsistency(from: from, to: to, oldRoot: hash, newRoot: hash, proof: Array(many.prefix(63)))
            }
            #expect(throws: MerkleLogError.self) {
                try MerkleProof.verifyConsistency(from: from, to: to, oldRoot: hash, newRoot: hash, proof: [])
            }
        }
        let log = MemoryLog(count: 3)
        #expect(throws: MerkleLogError.indexOutOfRange(index: 3, size: 3)) { try MerkleProof.inclusion(index: 3, size: 3, read: log.read) }
        #expect(throws: MerkleLogError.missingHash(level: 0, index: 4)) { try MerkleProof.inclusion(index: 0, size: 5, read: log.read) }
    }
}
