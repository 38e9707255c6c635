// SPDX-License-Identifier: Apache-2.0

/// A set of small numbers below `count`.
struct BitSet: Sendable, Hashable {
    private(set) var words: [UInt64]
    let count: Int

    init(count: Int) {
        self.count = count
        words = [UInt64](repeating: 0, count: (count + 63) / 64)
    }

    static func full(_ count: Int) -> BitSet {
        var set = BitSet(count: count)
        set.insert(0..<count)
        return set
    }

    mutating func insert(_ member: Int) { words[member >> 6] |= 1 << UInt64(member & 63) }

    mutating func insert(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let (first, last) = (range.lowerBound >> 6, (range.upperBound - 1) >> 6)
        for index in first...last {
            var mask = UInt64.max
            if index == first { mask &= UInt64.max << UInt64(range.lowerBound & 63) }
            if index == last { mask &= UInt64.max >> UInt64(63 - (range.upperBound - 1) & 63) }
            words[index] |= mask
        }
    }

    func contains(_ member: Int) -> Bool { words[member >> 6] & (1 << UInt64(member & 63)) != 0 }

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// The least member.
    var first: Int? {
        for (index, word) in words.enumerated() where word != 0 { return index << 6 + word.trailingZeroBitCount }
        return nil
    }

    mutating func formIntersection(_ other: BitSet) { for index in words.indices { words[index] &= other.words[index] } }
    mutating func formUnion(_ other: BitSet) { for index in words.indices { words[index] |= other.words[index] } }

    func intersection(_ other: BitSet) -> BitSet {
        var result = self
        result.formIntersection(other)
        return result
    }

    func union(_ other: BitSet) -> BitSet {
        var result = self
        result.formUnion(other)
        return result
    }

    var complement: BitSet {
        var result = BitSet.full(count)
        for index in words.indices { result.words[index] &= ~words[index] }
        return result
    }

    /// Whether the two share a member; of two different sizes, too.
    func intersects(_ other: BitSet) -> Bool {
        for (left, right) in zip(words, other.words) where left & right != 0 { return true }
        return false
    }

    func intersects(_ other: BitSet, within third: BitSet) -> Bool {
        for index in words.indices where words[index] & other.words[index] & third.words[index] != 0 { return true }
        return false
    }

    func isSubset(of other: BitSet) -> Bool {
        for index in words.indices where words[index] & ~other.words[index] != 0 { return false }
        return true
    }

    func isSubset(of other: BitSet, within third: BitSet) -> Bool {
        for index in words.indices where words[index] & third.words[index] & ~other.words[index] != 0 { return false }
        return true
    }
}
