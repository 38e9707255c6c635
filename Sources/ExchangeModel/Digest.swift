// SPDX-License-Identifier: Apache-2.0

/// A hash value that is always written with its algorithm: `sha256:<hex>` or `sm3:<hex>`.
package struct Digest: Sendable, Hashable, Codable, CustomStringConvertible {
    package enum Algorithm: String, Sendable, Codable { case sha256, sm3 }

    package let algorithm: Algorithm
    /// 32 bytes for both algorithms.
    package let bytes: [UInt8]

    package init(algorithm: Algorithm, bytes: [UInt8]) {
        precondition(bytes.count == 32, "both algorithms give 32 bytes")
        self.algorithm = algorithm
        self.bytes = bytes
    }

    /// Nil unless `text` is a known algorithm, a colon and 64 lower-case hex digits.
    package init?(parsing text: String) {
        guard text.utf8.count <= 80, let colon = text.firstIndex(of: ":"), let algorithm = Algorithm(rawValue: String(text[..<colon])),
            let bytes = Hex.decode(String(text[text.index(after: colon)...])), bytes.count == 32
        else { return nil }
        self.algorithm = algorithm
        self.bytes = bytes
    }

    package var hex: String { Hex.encode(bytes) }
    package var description: String { "\(algorithm.rawValue):\(hex)" }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let digest = Digest(parsing: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a digest")
        }
        self = digest
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
