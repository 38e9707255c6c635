// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
package import ExchangeModel

/// Hides one field of an entry until its opening is shown, and cannot be opened to anything else.
///
/// SHA-256(`kouan/commit/v1` ‖ r ‖ u16 len(name) ‖ name ‖ u32 len(JCS(value)) ‖ JCS(value)), r exactly 32 bytes, lengths big-endian.
/// docs/formats/ledger-record.md.
package enum Commitment {
    package static let randomCount = 32
    private static let label = Array("kouan/commit/v1".utf8)

    /// - Throws: `.badOpening` if `random` is not 32 bytes or the name is longer than 65,535.
    package static func make(name: String, value: JSON, random: [UInt8]) throws(LedgerError) -> [UInt8] {
        guard random.count == randomCount else { throw .badOpening("the random part has `\(random.count)` bytes") }
        let name = Array(name.utf8)
        let value = value.canonical()
        guard let nameCount = UInt16(exactly: name.count), let valueCount = UInt32(exactly: value.count) else {
            throw .badOpening("the name or the value is too long")
        }
        return Hash.sha256([label, random, bigEndian(nameCount), name, bigEndian(valueCount), value])
    }

    private static func bigEndian<N: FixedWidthInteger>(_ number: N) -> [UInt8] {
        (0..<N.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: number >> N($0 * 8)) }
    }
}

/// What opens one commitment: shown to an auditor field by field, or destroyed.
package struct Opening: Sendable, Hashable {
    package let value: JSON
    package let random: [UInt8]

    package init(value: JSON, random: [UInt8]) {
        self.value = value
        self.random = random
    }

    init(parsing json: JSON) throws(LedgerError) {
        guard let value = json["value"], let text = json["random"]?.string, let random = Base64.decode(text) else {
            throw .badOpening("it has no value or no random part")
        }
        self.init(value: value, random: random)
    }

    package var json: JSON { ["random": .string(Base64.encode(random)), "value": value] }

    /// - Throws: `.openingRefused` unless this opens `commitment` as the field `name`.
    package func verify(name: String, commitment: [UInt8]) throws(LedgerError) {
        let made: [UInt8]
        do { made = try Commitment.make(name: name, value: value, random: random) } catch { throw .openingRefused(field: name) }
        guard constantTimeEqual(made, commitment) else { throw .openingRefused(field: name) }
    }
}
