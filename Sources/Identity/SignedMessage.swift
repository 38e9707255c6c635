// SPDX-License-Identifier: Apache-2.0

package import CryptoPrimitives
import ExchangeModel

/// What a signature is for. The name goes in front of the signed bytes, so no signature can stand for another kind.
package struct SignatureKind: Sendable, Hashable, CustomStringConvertible {
    /// `kouan/<name>/v1`
    package let description: String

    package init(_ name: StaticString) { description = "kouan/\(name)/v1" }

    package static let card = SignatureKind("card")
    package static let space = SignatureKind("space")
    package static let keyHandover = SignatureKind("key-handover")
    package static let package = SignatureKind("package")
    package static let grantRequest = SignatureKind("grant-request")
    package static let grant = SignatureKind("grant")
    package static let receipt = SignatureKind("receipt")
    package static let statement = SignatureKind("statement")
    package static let notice = SignatureKind("notice")
}

/// Signatures over `kouan/<kind>/v1` ‖ 0x0A ‖ bytes.
package enum SignedMessage {
    package static func input(_ bytes: [UInt8], as kind: SignatureKind) -> [UInt8] {
        Array(kind.description.utf8) + [0x0A] + bytes
    }

    package static func sign(_ bytes: [UInt8], as kind: SignatureKind, with key: PrivateKey) throws(CryptoError) -> [UInt8] {
        try key.sign(input(bytes, as: kind))
    }

    package static func verify(_ signature: [UInt8], of bytes: [UInt8], as kind: SignatureKind, by key: PublicKey) -> Bool {
        key.verify(signature, input(bytes, as: kind))
    }
}
