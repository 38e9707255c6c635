// SPDX-License-Identifier: Apache-2.0

package import CryptoPrimitives
package import ExchangeModel

/// A key that no longer signs, with its last word: who comes next (docs/formats/node-card.md §3).
package struct RetiredKey: Sendable, Hashable {
    package let key: PublicKey
    /// The end: what it signed at or after this time does not count.
    package let until: Timestamp
    /// Its signature over subject, itself, the next key and `until`.
    package let handover: [UInt8]

    /// Retires `key` in favour of `next`. `subject` is the participant, or the space id in a space file.
    package static func handOver(
        _ key: PrivateKey, to next: PublicKey, subject: String, until: Timestamp
    ) throws(CryptoError) -> RetiredKey {
        let statement = statement(from: key.publicKey, to: next, subject: subject, until: until)
        return RetiredKey(
            key: key.publicKey, until: until, handover: try SignedMessage.sign(statement, as: .keyHandover, with: key))
    }

    func hands(to next: PublicKey, subject: String) -> Bool {
        let statement = RetiredKey.statement(from: key, to: next, subject: subject, until: until)
        return SignedMessage.verify(handover, of: statement, as: .keyHandover, by: key)
    }

    private static func statement(from key: PublicKey, to next: PublicKey, subject: String, until: Timestamp) -> [UInt8] {
        let json: JSON = [
            "from": .string(key.description), "subject": .string(subject), "to": .string(next.description),
            "until": .string(until.description),
        ]
        return json.canonical()
    }

    var json: JSON {
        ["handover": .string(Base64.encodeURL(handover)), "key": .string(key.description), "until": .string(until.description)]
    }

    /// The retired keys in member `name`, each handing over to the next and the last to `current`.
    static func read(
        _ name: String, from reader: ObjectReader, current: PublicKey, subject: String
    ) throws(IdentityError) -> [RetiredKey] {
        guard reader.has(name) else { return [] }
        var retired: [RetiredKey] = []
        for entry in try reader.objects(name, counting: 1...16, allowing: ["handover", "key", "until"]) {
            retired.append(
                RetiredKey(key: try entry.key("key", .ed25519), until: try entry.time("until"), handover: try entry.signature("handover")))
        }
        let keys = retired.map(\.key) + [current]
        guard Set(keys).count == keys.count else { throw reader.refuse(name, "a key comes twice") }
        for (index, entry) in retired.enumerated() {
            guard index == 0 || retired[index - 1].until <= entry.until else { throw reader.refuse(name, "the ends go back") }
            guard entry.hands(to: keys[index + 1], subject: subject) else {
                throw reader.refuse(name, "the handover of key \(index) does not verify")
            }
        }
        return retired
    }
}

/// The rule for a new card or space file over the known one (docs/formats/node-card.md §4).
package enum Succession: Sendable, Hashable {
    /// The same bytes: nothing changes.
    case known
    /// Signed by the key we know.
    case sameKey
    /// Signed by a key that follows from the one we know; a person should hear of it.
    case newKey

    static func judge(
        _ document: IdentityDocument, known: (serial: Int64, digest: Digest, key: PublicKey, retired: [RetiredKey]),
        offered: (serial: Int64, digest: Digest, key: PublicKey, retired: [RetiredKey])
    ) throws(IdentityError) -> Succession {
        if offered.digest == known.digest { return .known }
        guard offered.serial >= known.serial else { throw .serialOld(document, known: known.serial, offered: offered.serial) }
        guard offered.serial > known.serial else { throw .serialReused(document, serial: offered.serial) }
        if offered.key == known.key, offered.retired == known.retired { return .sameKey }
        let count = known.retired.count
        guard offered.retired.count > count, Array(offered.retired.prefix(count)) == known.retired,
            offered.retired[count].key == known.key
        else { throw .notChained(document) }
        return .newKey
    }
}
