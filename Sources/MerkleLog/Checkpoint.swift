// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives
import ExchangeModel

/// What a log signs about itself: its name, how many entries it has, and the root over them.
///
/// - Source: c2sp.org/tlog-checkpoint. Three lines; extension lines are read and kept, never written.
package struct Checkpoint: Sendable, Hashable {
    package let origin: String
    package let size: Int64
    package let root: TreeHash
    package let extensions: [String]

    /// - Throws: `.malformedCheckpoint` if `origin` cannot be the log's key name or `size` is negative.
    package init(origin: String, size: Int64, root: TreeHash) throws(MerkleLogError) {
        guard VerifierKey.isName(origin), origin.utf8.count <= 1_024 else { throw .malformedCheckpoint("the origin is not a key name") }
        guard size >= 0 else { throw .malformedCheckpoint("the size is negative") }
        guard size > 0 || root == .empty else { throw .malformedCheckpoint("an empty log has another root") }
        self.origin = origin
        self.size = size
        self.root = root
        extensions = []
    }

    /// Reads the text of a note, i.e. without signatures.
    package init(parsing text: String) throws(MerkleLogError) {
        guard text.utf8.last == 0x0A else { throw .malformedCheckpoint("it does not end in a newline") }
        let lines = text.utf8.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false).map { String($0) ?? "" }
        guard lines.count >= 3, lines.allSatisfy({ !$0.isEmpty }) else { throw .malformedCheckpoint("it has not three lines") }
        guard lines[0].utf8.count <= 1_024 else { throw .malformedCheckpoint("the origin is too long") }
        guard let size = Checkpoint.parseDecimal(lines[1]) else { throw .malformedCheckpoint("the size is not a plain decimal number") }
        guard let root = Base64.decode(lines[2]).flatMap(TreeHash.init) else {
            throw .malformedCheckpoint("the root is not 32 bytes of base64")
        }
        guard size > 0 || root == .empty else { throw .malformedCheckpoint("an empty log has another root") }
        origin = lines[0]
        self.size = size
        self.root = root
        extensions = Array(lines.dropFirst(3))
    }

    /// The text that is signed.
    package var text: String {
        "\(origin)\n\(size)\n\(root)\n" + extensions.map { $0 + "\n" }.joined()
    }

    /// Signs as the log itself: the key's name is the origin.
    package func signed(by key: PrivateKey) throws -> SignedNote {
        try SignedNote(text: text, signedBy: key, name: origin)
    }

    /// The checkpoint that `note` carries, if the log with `key` signed it.
    package static func verify(_ note: SignedNote, by key: VerifierKey) throws(MerkleLogError) -> Checkpoint {
        try note.verify(by: key)
        let checkpoint = try Checkpoint(parsing: note.text)
        guard checkpoint.origin == key.name else { throw .wrongOrigin(expected: key.name, found: checkpoint.origin) }
        return checkpoint
    }

    /// ASCII digits, no sign, no leading zero, at most 2^63 − 1.
    static func parseDecimal(_ text: some StringProtocol) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard text.utf8.first != 0x30 || text.utf8.count == 1 else { return nil }
        return Int64(text)
    }
}
