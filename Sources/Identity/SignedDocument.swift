// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel

/// The envelope of node cards and space files: `{"body":…,"signature":…,"type":"kouan/card/v1"}` in canonical form (docs/formats/node-card.md §1).
struct SignedDocument {
    static let limitBytes = 256 << 10

    let body: JSON
    let signature: [UInt8]
    /// The canonical form, without a line feed.
    let bytes: [UInt8]

    var digest: Digest { Hash.digest(bytes) }

    static func parse(_ input: [UInt8], as document: IdentityDocument, kind: SignatureKind) throws(IdentityError) -> SignedDocument {
        var bytes = input
        if bytes.last == 0x0A { bytes.removeLast() }
        guard bytes.count <= limitBytes else { throw .tooLarge(document, bytes: bytes.count, limit: limitBytes) }
        let json: JSON
        do {
            json = try JSON.parse(bytes, limits: JSONLimits(bytes: limitBytes, depth: 16, values: 20_000))
        } catch {
            throw .malformed(document, at: .root, reason: error.message)
        }
        guard json.canonical() == bytes else { throw .notCanonical(document) }
        let reader = try ObjectReader(json, in: document, allowing: ["body", "signature", "type"])
        try reader.constant("type", .string(kind.description))
        guard let body = reader.value("body") else { throw reader.refuse("body", "an object is expected") }
        return SignedDocument(body: body, signature: try reader.signature("signature"), bytes: bytes)
    }

    /// The canonical bytes of the signed document.
    static func sign(_ body: JSON, as document: IdentityDocument, kind: SignatureKind, with key: PrivateKey) throws(IdentityError)
        -> [UInt8]
    {
        do {
            let signature = try SignedMessage.sign(body.canonical(), as: kind, with: key)
            let json: JSON = ["body": body, "signature": .string(Base64.encodeURL(signature)), "type": .string(kind.description)]
            return json.canonical()
        } catch {
            throw .cannotSign(document, reason: error.message)
        }
    }

    func verify(as document: IdentityDocument, kind: SignatureKind, by key: PublicKey) throws(IdentityError) {
        guard SignedMessage.verify(signature, of: body.canonical(), as: kind, by: key) else { throw .wrongSignature(document) }
    }
}
