// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives
import ExchangeModel

//  A signed note:
//
//      text of one or more lines\n
//      \n
//      — name base64(key id ‖ signature)\n
//      — name base64(key id ‖ signature)\n
//
//  The signatures cover the text with its last newline, without the empty line. docs/formats/checkpoint.md.

/// One signature line, checked or not.
package struct NoteSignature: Sendable, Hashable {
    package let name: String
    /// Four bytes.
    package let keyID: [UInt8]
    package let signature: [UInt8]

    var line: String { "\u{2014} \(name) \(Base64.encode(keyID + signature))\n" }
}

/// A text and the signatures under it, in the form of c2sp.org/signed-note.
package struct SignedNote: Sendable, Hashable, CustomStringConvertible {
    package static let maximumBytes = 65_536
    package static let maximumSignatures = 64

    /// Ends in a newline.
    package let text: String
    package private(set) var signatures: [NoteSignature]

    /// Signs `text`, which must end in a newline, as `name`.
    package init(text: String, signedBy key: PrivateKey, name: String) throws {
        try SignedNote.checkText(text)
        self.text = text
        signatures = []
        try sign(with: key, name: name)
    }

    /// Adds one more signature over the same text.
    package mutating func sign(with key: PrivateKey, name: String) throws {
        guard signatures.count < SignedNote.maximumSignatures else { throw MerkleLogError.malformedNote("it has too many signatures") }
        let verifier = try VerifierKey(name: name, key: key.publicKey)
        let signature = try key.sign(Array(text.utf8))
        signatures.append(NoteSignature(name: name, keyID: verifier.keyID, signature: signature))
    }

    package init(text: String, signatures: [NoteSignature]) throws(MerkleLogError) {
        try SignedNote.checkText(text)
        guard !signatures.isEmpty, signatures.count <= SignedNote.maximumSignatures else {
            throw .malformedNote("it has no signature, or too many")
        }
        self.text = text
        self.signatures = signatures
    }

    /// Reads a note from untrusted bytes. Which signatures count is decided by `verified(by:)`.
    package init(parsing bytes: [UInt8]) throws(MerkleLogError) {
        guard bytes.count <= SignedNote.maximumBytes else { throw .malformedNote("it is too long") }
        guard let whole = String(validating: bytes, as: UTF8.self) else { throw .malformedNote("it is not UTF-8") }
        // Byte-wise from here: `Character` would join a newline with a mark that follows it.
        guard bytes.allSatisfy({ $0 >= 0x20 || $0 == 0x0A }) else { throw .malformedNote("it has control characters") }
        guard whole.utf8.last == 0x0A else { throw .malformedNote("it does not end in a newline") }
        guard let blank = SignedNote.lastBlankLine(of: bytes), blank + 2 < bytes.count else { throw .malformedNote("it has no signatures") }
        guard blank > 0, let text = String(validating: bytes[..<(blank + 1)], as: UTF8.self) else { throw .malformedNote("it has no text") }
        var found: [NoteSignature] = []
        for line in bytes[(blank + 2)..<(bytes.count - 1)].split(separator: 0x0A, omittingEmptySubsequences: false) {
            guard found.count < SignedNote.maximumSignatures else { throw .malformedNote("it has too many signatures") }
            found.append(try SignedNote.parseSignature(line))
        }
        try self.init(text: text, signatures: found)
    }

    package init(parsing text: String) throws(MerkleLogError) { try self.init(parsing: Array(text.utf8)) }

    package var description: String { text + "\n" + signatures.map(\.line).joined() }
    package var bytes: [UInt8] { Array(description.utf8) }

    /// The keys of `known` that signed this note.
    ///
    /// A signature of an unknown name and id is ignored. A known key whose signature fails makes the whole note invalid, even if
    /// another one verifies. A second signature of the same key is not looked at.
    package func verified(by known: [VerifierKey]) throws(MerkleLogError) -> [VerifierKey] {
        let message = Array(text.utf8)
        var verified: [VerifierKey] = []
        var seen: Set<[UInt8]> = []
        for signature in signatures {
            let candidates = known.filter { $0.name == signature.name && $0.keyID == signature.keyID }
            guard let key = candidates.first else { continue }
            guard candidates.allSatisfy({ $0 == key }) else { throw .malformedKey("two keys share one name and id") }
            guard seen.insert(Array(signature.name.utf8) + [0x0A] + signature.keyID).inserted else { continue }
            guard key.key.verify(signature.signature, message) else { throw .signatureInvalid(name: key.name) }
            verified.append(key)
        }
        return verified
    }

    /// Demands the signature of one key.
    package func verify(by key: VerifierKey) throws(MerkleLogError) {
        guard try verified(by: [key]) == [key] else { throw .notSigned(by: key.name) }
    }

    // MARK: reading

    private static func checkText(_ text: String) throws(MerkleLogError) {
        guard text.utf8.last == 0x0A else { throw .malformedNote("its text does not end in a newline") }
        guard text.utf8.allSatisfy({ $0 >= 0x20 || $0 == 0x0A }) else { throw .malformedNote("it has control characters") }
        guard text.utf8.count <= maximumBytes else { throw .malformedNote("it is too long") }
    }

    /// The offset of the first of the last two adjoining newlines.
    private static func lastBlankLine(of bytes: [UInt8]) -> Int? {
        var offset = bytes.count - 2
        while offset >= 0 {
            if bytes[offset] == 0x0A, bytes[offset + 1] == 0x0A { return offset }
            offset -= 1
        }
        return nil
    }

    private static func parseSignature(_ line: ArraySlice<UInt8>) throws(MerkleLogError) -> NoteSignature {
        let dash: [UInt8] = [0xE2, 0x80, 0x94, 0x20]
        guard line.starts(with: dash) else { throw .malformedNote("a signature line does not begin with a dash") }
        let parts = line.dropFirst(dash.count).split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 2, let name = String(validating: parts[0], as: UTF8.self), VerifierKey.isName(name) else {
            throw .malformedNote("a signature line has no name")
        }
        guard let base64 = String(validating: parts[1], as: UTF8.self), let decoded = Base64.decode(base64), decoded.count > 4 else {
            throw .malformedNote("a signature is not base64")
        }
        return NoteSignature(name: name, keyID: Array(decoded.prefix(4)), signature: Array(decoded.dropFirst(4)))
    }
}
