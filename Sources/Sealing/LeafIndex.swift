// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// The leaf hashes of a package, read page by page; only page roots stay in memory.
final class LeafIndex: Sendable {
    let root: [UInt8]

    private let source: any RandomAccessBytes
    private let footer: PackageFooter
    private let pageRoots: [UInt8]
    private let cache = Mutex<(page: Int, hashes: [UInt8])>((-1, []))

    init(_ source: any RandomAccessBytes, _ footer: PackageFooter) throws(SealingError) {
        (self.source, self.footer) = (source, footer)
        var roots: [UInt8] = []
        let end = footer.indexOffset + footer.leafCount * Int64(LeafTree.hashSize)
        var position = footer.indexOffset
        while position < end {
            let count = Int(min(Int64(LeafTree.pageSize * 32), end - position))
            roots += LeafTree.pageRoots(suite: footer.suite, of: try source.read(at: position, count: count))
            position += Int64(count)
        }
        pageRoots = roots
        root = LeafTree.root(suite: footer.suite, of: roots)
    }

    /// The file may have changed since its root was computed, so a page is checked whenever it is read.
    func leafHash(_ leaf: Int64) throws(SealingError) -> ArraySlice<UInt8> {
        let page = Int(leaf) / Limits.leavesPerPage
        let hashes = try cache.withLock { (cache) throws(SealingError) in
            if cache.page != page { cache = (page, try load(page)) }
            return cache.hashes
        }
        let start = Int(leaf) % Limits.leavesPerPage * LeafTree.hashSize
        return hashes[start..<start + LeafTree.hashSize]
    }

    private func load(_ page: Int) throws(SealingError) -> [UInt8] {
        let first = Int64(page) * Int64(Limits.leavesPerPage)
        let leaves = min(Int64(Limits.leavesPerPage), footer.leafCount - first)
        let hashes = try source.read(
            at: footer.indexOffset + first * Int64(LeafTree.hashSize), count: Int(leaves) * LeafTree.hashSize)
        let start = page * LeafTree.hashSize
        guard LeafTree.root(suite: footer.suite, of: hashes).elementsEqual(pageRoots[start..<start + LeafTree.hashSize]) else {
            throw .indexAltered(page: page)
        }
        return hashes
    }
}
