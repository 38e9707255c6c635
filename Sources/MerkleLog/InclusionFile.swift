// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel

/// A proof that travels by itself (`.tlog-proof`): index, sibling hashes, signed checkpoint. The entry is shown beside it.
///
/// - Source: c2sp.org/tlog-proof. The `extra` line is read and kept but proves nothing.
package struct InclusionFile: Sendable, Hashable, CustomStringConvertible {
    private static let header = "c2sp.org/tlog-proof@v1"

    package let extra: [UInt8]?
    package let index: Int64
    package let hashes: [TreeHash]
    package let checkpoint: SignedNote

    package init(index: Int64, hashes: [TreeHash], checkpoint: SignedNote) {
        extra = nil
        self.index = index
        self.hashes = hashes
        self.checkpoint = checkpoint
    }

    package init(parsing bytes: [UInt8]) throws(MerkleLogError) {
        guard bytes.count <= 2 * SignedNote.maximumBytes else { throw .malformedProof("it is too long") }
        guard let end = InclusionFile.firstBlankLine(of: bytes), let head = String(validating: bytes[..<end], as: UTF8.self) else {
            throw .malformedProof("it has no checkpoint")
        }
        var lines = head.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { String($0) ?? "" }[...]
        guard lines.popFirst() == InclusionFile.header else { throw .malformedProof("it does not begin with `\(InclusionFile.header)`") }
        if let line = lines.first, line.hasPrefix("extra ") {
            guard let bytes = Base64.decode(String(line.dropFirst(6))) else { throw .malformedProof("its extra line is not base64") }
            extra = bytes
            lines.removeFirst()
        } else {
            extra = nil
        }
        guard let line = lines.popFirst(), line.hasPrefix("index "), let index = Checkpoint.parseDecimal(line.dropFirst(6)) else {
            throw .malformedProof("it has no index")
        }
        guard lines.count <= MerkleProof.maximumHashes else { throw .malformedProof("it has too many hashes") }
        var hashes: [TreeHash] = []
        for line in lines {
            guard let hash = Base64.decode(line).flatMap(TreeHash.init) else { throw .malformedProof("a hash is not 32 bytes of base64") }
            hashes.append(hash)
        }
        self.index = index
        self.hashes = hashes
        checkpoint = try SignedNote(parsing: Array(bytes[(end + 2)...]))
    }

    package var description: String {
        var text = InclusionFile.header + "\n"
        if let extra { text += "extra \(Base64.encode(extra))\n" }
        text += "index \(index)\n"
        for hash in hashes { text += "\(hash)\n" }
        return text + "\n" + checkpoint.description
    }

    package var bytes: [UInt8] { Array(description.utf8) }

    /// Checks that `entry`, byte for byte, is in the log that `key` signs for.
    package func verify(entry: [UInt8], by key: VerifierKey) throws(MerkleLogError) -> Checkpoint {
        let head = try Checkpoint.verify(checkpoint, by: key)
        try MerkleProof.verifyInclusion(leaf: .leaf(entry), index: index, size: head.size, root: head.root, proof: hashes)
        return head
    }

    private static func firstBlankLine(of bytes: [UInt8]) -> Int? {
        var offset = 0
        while offset + 1 < bytes.count {
            if bytes[offset] == 0x0A, bytes[offset + 1] == 0x0A { return offset }
            offset += 1
        }
        return nil
    }
}
