// SPDX-License-Identifier: Apache-2.0

package import CryptoPrimitives
package import ExchangeModel

/// What a participant or a space is called, for people. At least one of the two; 1 to 200 characters each.
package struct PartyNames: Sendable, Hashable {
    package let zh: String?
    package let en: String?

    /// Nil when both are nil, or one is empty, too long, or has characters that steer a terminal or the direction of text.
    package init?(zh: String?, en: String?) {
        guard zh != nil || en != nil, [zh, en].allSatisfy({ $0.map(PartyNames.isName) ?? true }) else { return nil }
        self.zh = zh
        self.en = en
    }

    /// In `language` (`zh` or `en`) when there is one, else in the other.
    package func name(in language: String) -> String { (language == "zh" ? zh ?? en : en ?? zh) ?? "" }

    package var json: JSON { .members(["zh": zh.map(JSON.string), "en": en.map(JSON.string)]) }

    private static func isName(_ text: String) -> Bool {
        (1...200).contains(text.unicodeScalars.count)
            && text.unicodeScalars.allSatisfy { scalar in
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
                default: true
                }
            } && text.unicodeScalars.contains { !$0.properties.isWhitespace }
    }
}

/// Section and division of GB/T 4754-2017, written `C38`.
package struct IndustryCode: Sendable, Hashable, CustomStringConvertible {
    /// `A` to `T`
    package let section: String
    /// Two digits
    package let division: String
    package var description: String { section + division }

    /// Nil unless a section letter with a division that lies in it.
    package init?(parsing text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 3, let divisions = IndustryCode.divisions[bytes[0]],
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[1]), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[2])
        else { return nil }
        let number = Int(bytes[1] - UInt8(ascii: "0")) * 10 + Int(bytes[2] - UInt8(ascii: "0"))
        guard divisions.contains(number) else { return nil }
        section = String(decoding: bytes[..<1], as: UTF8.self)
        division = String(decoding: bytes[1...], as: UTF8.self)
    }

    private static let divisions: [UInt8: ClosedRange<Int>] = Dictionary(
        uniqueKeysWithValues: zip(
            "ABCDEFGHIJKLMNOPQRST".utf8,
            [
                1...5, 6...12, 13...43, 44...46, 47...50, 51...52, 53...60, 61...62, 63...65, 66...69,
                70...70, 71...72, 73...75, 76...79, 80...82, 83...83, 84...85, 86...90, 91...96, 97...97,
            ]))
}

/// What a participant does in a space.
package enum ParticipantRole: String, Sendable, Hashable, CaseIterable { case provider, consumer, service, `operator` }

/// `urn:kouan:space:<name>`
package struct SpaceID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    package let name: String
    package var description: String { SpaceID.prefix + name }
    private static let prefix = "urn:kouan:space:"

    /// Nil unless 1–63 lower-case letters, digits and single hyphens, none at an end.
    package init?(name: String) {
        let bytes = Array(name.utf8)
        let hyphen = UInt8(ascii: "-")
        guard consists(name, upTo: 63, of: lowerCase + decimals + "-"), bytes.first != hyphen, bytes.last != hyphen,
            !zip(bytes, bytes.dropFirst()).contains(where: { $0 == hyphen && $1 == hyphen })
        else { return nil }
        self.name = name
    }

    package init?(parsing text: String) {
        guard text.utf8.starts(with: SpaceID.prefix.utf8) else { return nil }
        self.init(name: String(decoding: text.utf8.dropFirst(SpaceID.prefix.utf8.count), as: UTF8.self))
    }

    package static func < (left: SpaceID, right: SpaceID) -> Bool { left.name < right.name }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = SpaceID(parsing: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a space id")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Forty digits to compare by telephone (docs/formats/node-card.md §5).
package enum Fingerprint {
    /// Eight groups of five digits, `40213 00871 …`.
    package static func text(subject: String, key: PublicKey) -> String {
        let hash = Hash.sha256(Array("kouan/fingerprint/v1\n\(subject)\n\(key.description)".utf8))
        var groups: [String] = []
        for start in stride(from: 0, to: hash.count - 3, by: 4) {
            let number = hash[start..<start + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } % 100_000
            let digits = String(number)
            groups.append(String(repeating: "0", count: 5 - digits.count) + digits)
        }
        return groups.joined(separator: " ")
    }
}

/// RFC 7638 thumbprint of a key with SHA-256, in base64url.
package enum KeyThumbprint {
    package static func of(_ key: PublicKey) -> String {
        let jwk: JSON
        switch key.algorithm {
        case .ed25519: jwk = ["crv": "Ed25519", "kty": "OKP", "x": .string(Base64.encodeURL(key.raw))]
        case .x25519: jwk = ["crv": "X25519", "kty": "OKP", "x": .string(Base64.encodeURL(key.raw))]
        case .p256, .sm2:
            let point = key.raw.dropFirst()
            jwk = [
                "crv": key.algorithm == .sm2 ? "SM2" : "P-256", "kty": "EC", "x": .string(Base64.encodeURL(Array(point.prefix(32)))),
                "y": .string(Base64.encodeURL(Array(point.suffix(32)))),
            ]
        }
        return Base64.encodeURL(Hash.sha256(jwk.canonical()))
    }
}
