// SPDX-License-Identifier: Apache-2.0
internal import CryptoPrimitives
internal import ExchangeModel

/// Where heads and contents stand in a payload. The manifest determines every byte that is not content, so the payload is compared and
/// not parsed.
struct PayloadMap: Sendable {
    let manifest: Manifest

    init(_ manifest: Manifest) { self.manifest = manifest }

    /// Checks the heads inside `bytes`, which begin at `start`, and gives `body` each piece of content: entry, position in its file, bytes.
    func split(
        _ bytes: UnsafeRawBufferPointer, at start: Int64, _ body: (Int, Int64, UnsafeRawBufferPointer) throws(SealingError) -> Void
    ) throws(SealingError) {
        let end = start + Int64(bytes.count)
        var position = start
        var entry = firstEntry(endingAfter: start)
        while position < end {
            guard entry < manifest.entries.count else { throw .manifestDisagrees("the payload is longer than its files") }
            let file = manifest.entries[entry]
            if position < file.offset {
                let head = manifest.head(of: file)
                let headStart = file.offset - Int64(head.count)
                let count = Int(min(end, file.offset) - position)
                let from = Int(position - headStart)
                let found = unsafe bytes[Int(position - start)..<Int(position - start) + count]
                guard unsafe head[from..<from + count].elementsEqual(found) else {
                    throw .manifestDisagrees("the head of file \(entry) is another")
                }
                position += Int64(count)
            } else {
                let count = Int(min(end, file.offset + file.size) - position)
                if count > 0 {
                    let from = Int(position - start)
                    try unsafe body(entry, position - file.offset, UnsafeRawBufferPointer(rebasing: bytes[from..<from + count]))
                }
                position += Int64(count)
                entry += 1
            }
        }
    }

    /// The first entry whose head or content reaches beyond `position`; of an empty file, whose head does.
    private func firstEntry(endingAfter position: Int64) -> Int {
        var (low, high) = (0, manifest.entries.count)
        while low < high {
            let middle = (low + high) / 2
            let entry = manifest.entries[middle]
            if entry.offset + entry.size > position { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// Recomputes the digests of the files of a payload that arrives in order.
///
/// `@unchecked`: used inside a turnstile only.
final class DigestChecker: @unchecked Sendable {
    private(set) var position: Int64 = 0
    private let map: PayloadMap
    private let suite: Suite
    private var digester: Digester?
    private var entry = 0

    init(_ map: PayloadMap, _ suite: Suite) { (self.map, self.suite) = (map, suite) }

    func take(_ bytes: UnsafeRawBufferPointer) throws(SealingError) {
        try unsafe map.split(bytes, at: position) { (index, _, content) throws(SealingError) in
            while entry < index { try finishEntry() }
            if digester == nil { digester = try start() }
            unsafe digester?.update(content)
        }
        position += Int64(bytes.count)
    }

    func finish() throws(SealingError) {
        while entry < map.manifest.entries.count { try finishEntry() }
    }

    private func finishEntry() throws(SealingError) {
        if digester == nil { digester = try start() }
        guard let digester = digester.take() else { return }
        let file = map.manifest.entries[entry]
        guard digester.finish() == file.digest.bytes else { throw .digestMismatch(path: file.path ?? "the stream") }
        entry += 1
    }

    private func start() throws(SealingError) -> Digester {
        do { return try Digester.start(suite.hashAlgorithm) } catch { throw SealingError(error) }
    }
}
