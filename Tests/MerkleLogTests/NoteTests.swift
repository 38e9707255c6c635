// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import MerkleLog
import Testing

@Suite struct NoteTests {
    @Test func vectorsOfNotes() throws {
        let vectors = try vectors("notes.json")
        var keys: [String: VerifierKey] = [:]
        for (name, text) in try #require(vectors["keys"]?.object) {
            let text = try #require(text.string)
            let key = try VerifierKey(parsing: text)
            #expect(key.description == text)
            keys[name] = key
        }
        let cases = try #require(vectors["notes"]?.array)
        #expect(cases.count > 20)
        for item in cases {
            let name = item["name"]?.string ?? "?"
            let bytes = Array(try #require(item["note"]?.string).utf8)
            let known = (item["keys"]?.array ?? []).compactMap { $0.string.flatMap { keys[$0] } }
            do {
                let note = try SignedNote(parsing: bytes)
                let verified = try note.verified(by: known)
                #expect(note.bytes == bytes, "\(name): parse and serialise")
                #expect(item["error"] == nil, "\(name) was accepted")
                #expect(
                    verified.map { key in keys.first { $0.value == key }?.key } == (item["expect"]?.array ?? []).map(\.string), "\(name)")
                if let text = item["text"]?.string { #expect(note.text == text, "\(name)") }
            } catch {
                #expect(error.code == item["error"]?.string, "\(name): \(error.message)")
            }
        }
    }

    @Test func badVerifierKeysAreRefused() throws {
        for text in try #require(try vectors("notes.json")["badKeys"]?.array).compactMap(\.string) {
            #expect(throws: MerkleLogError.self, "\(text)") { try VerifierKey(parsing: text) }
        }
    }

    @Test func anyChangedByteOfASignedCheckpointIsRefused() throws {
        let key = try PrivateKey.generate(.ed25519)
        let verifier = try VerifierKey(name: "example.com/log", key: key.publicKey)
        let checkpoint = try Checkpoint(origin: "example.com/log", size: 7, root: .leaf([1, 2, 3]))
        let note = try checkpoint.signed(by: key)
        #expect(try Checkpoint.verify(SignedNote(parsing: note.bytes), by: verifier) == checkpoint)
        for position in note.bytes.indices {
            for bit in 0..<8 {
                var bytes = note.bytes
                bytes[position] ^= 1 << UInt8(bit)
                #expect(throws: MerkleLogError.self, "byte \(position), bit \(bit)") {
                    try Checkpoint.verify(SignedNote(parsing: bytes), by: verifier)
                }
            }
        }
    }

    @Test func aNoteTakesAtLeastSixteenSignaturesAndNotAnyNumber() throws {
        let key = try PrivateKey.generate(.ed25519)
        var note = try SignedNote(text: "text\n", signedBy: key, name: "a")
        for number in 1..<SignedNote.maximumSignatures { try note.sign(with: key, name: "name-\(number)") }
        let parsed = try SignedNote(parsing: note.bytes)
        #expect(parsed.signatures.count == 64)
        let last = try VerifierKey(name: "name-63", key: key.publicKey)
        #expect(try parsed.verified(by: [last]) == [last])
        #expect(throws: MerkleLogError.self) { try note.sign(with: key, name: "one-more") }
        let line = "\u{2014} x AAAAAAA=\n"
        #expect(throws: MerkleLogError.self) { try SignedNote(parsing: note.description + line) }
    }

    @Test(arguments: [
        "", "\n", "a\n1\n", "a\n01\nAAAA\n", "a\n-1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "a\n+1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", "a\n9223372036854775808\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", "a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF==\n",
        "a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n",
        "a\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "a\n1 \n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
    ])
    func malformedCheckpointsAreRefused(text: String) {
        #expect(throws: MerkleLogError.self) { try Checkpoint(parsing: text) }
    }

    @Test func checkpointsOfOtherImplementationsAreRead() throws {
        let empty = try Checkpoint(parsing: "example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
        #expect(empty.root == .empty)
        let text = "example.com/log\n9223372036854775807\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nextension line\n"
        let extended = try Checkpoint(parsing: text)
        #expect(extended.size == .max)
        #expect(extended.extensions == ["extension line"])
        #expect(extended.text == text)
    }

    @Test func anotherLogsCheckpointIsRefused() throws {
        let key = try PrivateKey.generate(.ed25519)
        let checkpoint = try Checkpoint(origin: "example.com/log", size: 0, root: .empty)
        // Signed by the right key and name, but about another log.
        let note = try SignedNote(text: checkpoint.text, signedBy: key, name: "example.com/other")
        let verifier = try VerifierKey(name: "example.com/other", key: key.publicKey)
        #expect(throws: MerkleLogError.wrongOrigin(expected: "example.com/other", found: "example.com/log")) {
            try Checkpoint.verify(note, by: verifier)
        }
    }

    @Test func proofFilesTravelAndAnyFlippedBitIsRefused() throws {
        let key = try PrivateKey.generate(.ed25519)
        let verifier = try VerifierKey(name: "example.com/log", key: key.publicKey)
        let log = MemoryLog(count: 11)
        let checkpoint = try Checkpoint(origin: "example.com/log", size: 11, root: log.roots[11])
        let hashes = try MerkleProof.inclusion(index: 6, size: 11, read: log.read)
        let file = InclusionFile(index: 6, hashes: hashes, checkpoint: try checkpoint.signed(by: key))
        let entry = Array("entry 6".utf8)
        #expect(try InclusionFile(parsing: file.bytes) == file)
        #expect(try InclusionFile(parsing: file.bytes).verify(entry: entry, by: verifier) == checkpoint)
        for position in file.bytes.indices {
            var bytes = file.bytes
            bytes[position] ^= 1
            #expect(throws: MerkleLogError.self, "byte \(position)") {
                try InclusionFile(parsing: bytes).verify(entry: entry, by: verifier)
            }
        }
        #expect(throws: MerkleLogError.proofDoesNotMatch) { try file.verify(entry: entry + [0], by: verifier) }
        let extra = file.description.replacing("index 6", with: "extra AAEC\nindex 6")
        let parsed = try InclusionFile(parsing: Array(extra.utf8))
        #expect(parsed.extra == [0, 1, 2])
        #expect(parsed.description == extra)
    }
}
