// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives
import ExchangeModel

/// A named Ed25519 key that signs notes: `name+530d903a+base64(01 ‖ key)`.
///
/// - Source: c2sp.org/signed-note, "Verifier keys". Of the signature types only 01 (Ed25519) is understood; others are not loaded.
package struct VerifierKey: Sendable, Hashable, CustomStringConvertible {
    package let name: String
    package let key: PublicKey

    /// - Throws: `.malformedKey` unless the key is Ed25519 and the name is one that a signature line can carry.
    package init(name: String, key: PublicKey) throws(MerkleLogError) {
        guard VerifierKey.isName(name) else { throw .malformedKey("the name is empty or has a space or `+`") }
        guard key.algorithm == .ed25519 else { throw .malformedKey("notes are signed with ed25519 keys") }
        self.name = name
        self.key = key
    }

    package init(parsing text: String) throws(MerkleLogError) {
        guard text.utf8.count <= 2_048 else { throw .malformedKey("it is too long") }
        // The base64 part may hold `+` too, so split at the first two only.
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformedKey("it has not three parts") }
        guard parts[1].utf8.count == 8, let id = Hex.decode(String(parts[1])) else {
            throw .malformedKey("the key id is not eight hex digits")
        }
        guard let typed = Base64.decode(String(parts[2])) else { throw .malformedKey("the key is not base64") }
        guard typed.first == SignatureType.ed25519.rawValue, typed.count == 33 else { throw .malformedKey("the key is not ed25519") }
        let key: PublicKey
        do { key = try PublicKey(raw: Array(typed.dropFirst()), algorithm: .ed25519) } catch {
            throw .malformedKey("the key is not ed25519")
        }
        try self.init(name: String(parts[0]), key: key)
        guard id == keyID else { throw .malformedKey("the key id does not belong to the key") }
    }

    /// The first four bytes of SHA-256(name ‖ 0A ‖ 01 ‖ key).
    package var keyID: [UInt8] {
        Array(Hash.sha256(Array(name.utf8) + [0x0A, SignatureType.ed25519.rawValue] + key.raw).prefix(4))
    }

    package var description: String {
        "\(name)+\(Hex.encode(keyID))+\(Base64.encode([SignatureType.ed25519.rawValue] + key.raw))"
    }

    /// A name is not empty and has no Unicode space, no control character and no `+`.
    package static func isName(_ name: some StringProtocol) -> Bool {
        !name.isEmpty && name.unicodeScalars.allSatisfy { !$0.properties.isWhitespace && $0.value > 0x20 && $0 != "+" }
    }
}

enum SignatureType: UInt8 {
    case ed25519 = 0x01
}
