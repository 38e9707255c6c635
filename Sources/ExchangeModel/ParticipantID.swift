// SPDX-License-Identifier: Apache-2.0

package enum ModelError: KouanError, Equatable {
    case badParticipant(String, reason: String)
    case badCountry(String)
    case badProvince(String)

    package var code: String {
        switch self {
        case .badParticipant: "model.bad-participant"
        case .badCountry: "model.bad-country"
        case .badProvince: "model.bad-province"
        }
    }

    package var message: String {
        switch self {
        case .badParticipant(let text, let reason): "`\(text.prefix(120))` is no participant id: \(reason)"
        case .badCountry(let text): "`\(text.prefix(40))` is no ISO 3166-1 alpha-2 country code"
        case .badProvince(let text): "`\(text.prefix(40))` is no GB/T 2260 province"
        }
    }

    package var hint: String {
        switch self {
        case .badParticipant: "use urn:uscc:<18 characters>, urn:lei:<20 characters> or urn:reg:<country>:<register number>"
        case .badCountry: "write two capital letters, such as CN or DE"
        case .badProvince: "write the six digits of the province, such as CN-350000 for Fujian"
        }
    }
}

/// A legal entity: the one string that stands in the certificate, the node card, DSP messages, policies and the ledger.
///
/// - `urn:uscc:` the 18 characters of China's unified social credit code (GB 32100-2015), check character verified;
/// - `urn:lei:` the 20 characters of a legal entity identifier (ISO 17442), check digits verified;
/// - `urn:reg:<country>:` a register number of that country, which has no check digit: 1 to 40 of `A-Z a-z 0-9 . _ -`.
package struct ParticipantID: Sendable, Hashable, Codable, CustomStringConvertible {
    package let description: String

    package init(parsing text: String) throws(ModelError) {
        // Swift compares text by canonical equivalence, where the Kelvin sign passes for a K: ids are ASCII, byte for byte.
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { throw .badParticipant(text, reason: "it is not plain ASCII") }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard text.utf8.count <= 120, parts.count >= 3, parts[0] == "urn" else {
            throw .badParticipant(text, reason: "it does not start with urn:uscc:, urn:lei: or urn:reg:")
        }
        switch (parts[1], parts.count) {
        case ("uscc", 3):
            guard ParticipantID.isUSCC(parts[2]) else {
                throw .badParticipant(text, reason: "the unified social credit code has a wrong character or check character")
            }
        case ("lei", 3):
            guard ParticipantID.isLEI(parts[2]) else {
                throw .badParticipant(text, reason: "the legal entity identifier has a wrong character or check digit")
            }
        case ("reg", 4):
            guard CountryCode.isValid(parts[2]) else { throw .badParticipant(text, reason: "`\(parts[2].prefix(20))` is no country code") }
            let allowed = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
            guard (1...40).contains(parts[3].count), parts[3].allSatisfy(allowed.contains) else {
                throw .badParticipant(text, reason: "a register number has 1 to 40 letters, digits, dots, hyphens or underscores")
            }
        default: throw .badParticipant(text, reason: "it does not start with urn:uscc:, urn:lei: or urn:reg:")
        }
        description = text
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            self = try ParticipantID(parsing: try container.decode(String.self))
        } catch let error as ModelError {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.message)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// GB 32100-2015: weights 3^i mod 31 over an alphabet of 31 characters without I, O, S, V, Z.
    private static func isUSCC(_ text: String) -> Bool {
        let alphabet = Array("0123456789ABCDEFGHJKLMNPQRTUWXY")
        let characters = Array(text)
        guard characters.count == 18 else { return false }
        var sum = 0
        var weight = 1
        for character in characters.dropLast() {
            guard let value = alphabet.firstIndex(of: character) else { return false }
            sum += value * weight
            weight = weight * 3 % 31
        }
        guard let check = alphabet.firstIndex(of: characters[17]) else { return false }
        return check == (31 - sum % 31) % 31
    }

    /// ISO 17442: ISO 7064 MOD 97-10 over the 20 characters, letters counting 10 to 35, must leave 1.
    private static func isLEI(_ text: String) -> Bool {
        guard text.utf8.count == 20 else { return false }
        var remainder = 0
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): remainder = (remainder * 10 + Int(byte - UInt8(ascii: "0"))) % 97
            case UInt8(ascii: "A")...UInt8(ascii: "Z") where index < 18:
                remainder = (remainder * 100 + Int(byte - UInt8(ascii: "A")) + 10) % 97
            default: return false
            }
        }
        return remainder == 1
    }
}
