// SPDX-License-Identifier: Apache-2.0

package import CryptoPrimitives
import ExchangeModel

/// A C2SP verifier key: `name+hash+base64(type ‖ key)`, Ed25519.
package struct LogKey: Sendable, Hashable, CustomStringConvertible {
    package enum Role: UInt8, Sendable {
        /// Signs the checkpoints of a log.
        case log = 0x01
        /// Cosigns those of others (cosignature/v1).
        case witness = 0x04
    }

    package let name: String
    package let role: Role
    package let key: PublicKey

    /// Nil unless `key` is Ed25519, not of small order, and `name` is 1–200 visible ASCII characters without `+`.
    package init?(name: String, role: Role, key: PublicKey) {
        guard key.algorithm == .ed25519, !isSmallOrder(key), LogKey.isName(name) else { return nil }
        self.name = name
        self.role = role
        self.key = key
    }

    package init?(parsing text: String, role: Role) {
        let parts = text.utf8.split(separator: UInt8(ascii: "+"), maxSplits: 2, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard text.utf8.count <= 300, parts.count == 3, let material = Base64.decode(parts[2]), material.count == 33,
            material[0] == role.rawValue, let key = try? PublicKey(raw: Array(material.dropFirst()), algorithm: .ed25519)
        else { return nil }
        self.init(name: parts[0], role: role, key: key)
        guard description.utf8.elementsEqual(text.utf8) else { return nil }
    }

    package var description: String {
        let material = [role.rawValue] + key.raw
        let hash = Hash.sha256(Array(name.utf8) + [0x0A] + material)
        return "\(name)+\(Hex.encode(Array(hash.prefix(4))))+\(Base64.encode(material))"
    }

    private static func isName(_ text: String) -> Bool {
        (1...200).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "+") }
    }
}
