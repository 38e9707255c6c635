// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel

/// RFC 7515 compact serialization with Ed25519, nothing else: what a header says selects nothing, it is compared.
enum CompactJWS {
    /// `kid` = participant and thumbprint of the key.
    static func keyID(_ signer: ParticipantID, _ thumbprint: String) -> String { "\(signer)#\(thumbprint)" }

    /// The one header that `signer` writes.
    static func header(type: String, keyID: String) -> String {
        let json: JSON = ["alg": "EdDSA", "kid": .string(keyID), "typ": .string(type)]
        return Base64.encodeURL(json.canonical())
    }

    static func signingInput(header: String, payload: [UInt8]) -> [UInt8] {
        Array(header.utf8) + [UInt8(ascii: ".")] + Array(Base64.encodeURL(payload).utf8)
    }

    /// Three segments and no more; nil otherwise. Compared as bytes.
    static func segments(_ text: String) -> (header: String, payload: String, signature: String)? {
        guard isASCII(text) else { return nil }
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        return parts.count == 3 ? (parts[0], parts[1], parts[2]) : nil
    }
}
