// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel

/// Reads one JSON object of a signed document: only the members that its page names, each of the right kind, with a pointer in every refusal.
struct ObjectReader {
    let document: IdentityDocument
    let path: JSONPointer
    private let members: [String: JSON]

    init(_ json: JSON?, in document: IdentityDocument, at path: JSONPointer = .root, allowing names: Set<String>) throws(IdentityError) {
        self.document = document
        self.path = path
        guard let members = json?.object else { throw .malformed(document, at: path, reason: "an object is expected") }
        for name in members.keys.sorted() {
            // Text equality in Swift is by canonical equivalence (U+212A equals K); names here are ASCII, byte for byte.
            guard isASCII(name), names.contains(name) else {
                throw .malformed(document, at: path.appending(String(name.prefix(80))), reason: "this member is not known")
            }
        }
        self.members = members
    }

    func refuse(_ name: String, _ reason: String) -> IdentityError { .malformed(document, at: path.appending(name), reason: reason) }

    func has(_ name: String) -> Bool { members[name] != nil }
    func value(_ name: String) -> JSON? { members[name] }

    func object(_ name: String, allowing names: Set<String>) throws(IdentityError) -> ObjectReader {
        try ObjectReader(members[name], in: document, at: path.appending(name), allowing: names)
    }

    func objects(_ name: String, counting range: ClosedRange<Int>, allowing names: Set<String>) throws(IdentityError) -> [ObjectReader] {
        let values = try array(name, counting: range)
        var readers: [ObjectReader] = []
        for (index, value) in values.enumerated() {
            readers.append(try ObjectReader(value, in: document, at: path.appending(name).appending(index), allowing: names))
        }
        return readers
    }

    func array(_ name: String, counting range: ClosedRange<Int>) throws(IdentityError) -> [JSON] {
        guard let values = members[name]?.array, range.contains(values.count) else {
            throw refuse(name, "an array of \(range.lowerBound) to \(range.upperBound) values is expected")
        }
        return values
    }

    func text(_ name: String, upTo limit: Int) throws(IdentityError) -> String {
        guard let text = members[name]?.string, text.utf8.count <= limit else {
            throw refuse(name, "a text of at most \(limit) bytes is expected")
        }
        return text
    }

    func ascii(_ name: String, upTo limit: Int) throws(IdentityError) -> String {
        let text = try text(name, upTo: limit)
        guard isASCII(text) else { throw refuse(name, "only ASCII characters are expected") }
        return text
    }

    /// Texts in ASCII, none twice.
    func texts(_ name: String, counting range: ClosedRange<Int>, upTo limit: Int) throws(IdentityError) -> [String] {
        var texts: [String] = []
        for value in try array(name, counting: range) {
            guard let text = value.string, text.utf8.count <= limit, isASCII(text) else {
                throw refuse(name, "ASCII texts of at most \(limit) bytes are expected")
            }
            texts.append(text)
        }
        guard Set(texts).count == texts.count else { throw refuse(name, "a value comes twice") }
        return texts
    }

    func integer(_ name: String, in range: ClosedRange<Int64>) throws(IdentityError) -> Int64 {
        guard case .integer(let value)? = members[name], range.contains(value) else {
            throw refuse(name, "an integer from \(range.lowerBound) to \(range.upperBound) is expected")
        }
        return value
    }

    func boolean(_ name: String) throws(IdentityError) -> Bool {
        guard let value = members[name]?.bool else { throw refuse(name, "true or false is expected") }
        return value
    }

    /// The constant `expected`, compared by canonical bytes.
    func constant(_ name: String, _ expected: JSON) throws(IdentityError) {
        guard members[name]?.canonical() == expected.canonical() else { throw refuse(name, "`\(expected.canonicalText)` is expected") }
    }

    func time(_ name: String) throws(IdentityError) -> Timestamp {
        let text = try ascii(name, upTo: 24)
        guard let time = Timestamp(parsing: text), time.description == text else {
            throw refuse(name, "a time such as 2026-11-22T08:00:00.000Z is expected")
        }
        return time
    }

    func participant(_ name: String) throws(IdentityError) -> ParticipantID {
        let text = try ascii(name, upTo: 120)
        do { return try ParticipantID(parsing: text) } catch { throw refuse(name, error.message) }
    }

    func space(_ name: String) throws(IdentityError) -> SpaceID {
        guard let id = SpaceID(parsing: try ascii(name, upTo: 80)) else {
            throw refuse(name, "a space id such as urn:kouan:space:name is expected")
        }
        return id
    }

    func key(_ name: String, _ algorithm: KeyAlgorithm) throws(IdentityError) -> PublicKey {
        let text = try ascii(name, upTo: 200)
        guard let key = PublicKey(parsing: text), key.algorithm == algorithm, key.description == text else {
            throw refuse(name, "a key such as \(algorithm.rawValue):<base64> is expected")
        }
        guard !isSmallOrder(key) else { throw refuse(name, "a point of small order is no key: anybody can sign for it") }
        return key
    }

    func digest(_ name: String) throws(IdentityError) -> Digest {
        let text = try ascii(name, upTo: 80)
        guard let digest = Digest(parsing: text), digest.description == text else {
            throw refuse(name, "a digest such as sha256:<hex> is expected")
        }
        return digest
    }

    /// 64 bytes in base64url.
    func signature(_ name: String) throws(IdentityError) -> [UInt8] {
        guard let bytes = Base64.decodeURL(try ascii(name, upTo: 100)), bytes.count == 64 else {
            throw refuse(name, "64 bytes in base64url are expected")
        }
        return bytes
    }

    func names(_ name: String) throws(IdentityError) -> PartyNames {
        let reader = try object(name, allowing: ["en", "zh"])
        let zh = reader.has("zh") ? try reader.text("zh", upTo: 800) : nil
        let en = reader.has("en") ? try reader.text("en", upTo: 800) : nil
        guard let names = PartyNames(zh: zh, en: en) else {
            throw refuse(name, "at least one of zh and en is expected, each 1 to 200 characters without control characters")
        }
        return names
    }
}

/// Whether `key` is one of the eight points of small order of Ed25519, in any encoding. Their signatures verify for messages that nobody signed,
/// so a participant could disown all of its own.
func isSmallOrder(_ key: PublicKey) -> Bool {
    guard key.algorithm == .ed25519, let top = key.raw.last else { return false }
    return smallOrder.contains(Array(key.raw.dropLast()) + [top & 0x7F])
}

private let smallOrder: Set<[UInt8]> = Set(
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ].compactMap(Hex.decode))

func isASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } }

/// Whether `text` has 1 to `limit` bytes, all of `allowed`.
func consists(_ text: String, upTo limit: Int, of allowed: String) -> Bool {
    let bytes = Set(allowed.utf8)
    return (1...limit).contains(text.utf8.count) && text.utf8.allSatisfy(bytes.contains)
}

let lowerCase = "abcdefghijklmnopqrstuvwxyz"
let upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
let decimals = "0123456789"
