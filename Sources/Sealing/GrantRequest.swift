// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives
package import ExchangeModel

/// What a consumer asks a provider for: a file key for a key made for this request alone (docs/formats/key-grant.md §1).
package struct GrantRequest: Sendable, Hashable {
    package let requestID: String
    package let agreement: String
    package let package: Digest
    package let consumer: ParticipantID
    package let action: String
    package let purpose: String?
    package let nonce: [UInt8]
    /// Of the suite of the package.
    package let requestKey: PublicKey

    static let version: Int64 = 1
    package static let sizeLimit = 65_536

    /// - Parameter nonce: 16 random bytes.
    package init(
        requestID: String, agreement: String, package: Digest, consumer: ParticipantID, action: String, purpose: String?, nonce: [UInt8],
        requestKey: PublicKey
    ) {
        (self.requestID, self.agreement, self.package, self.consumer) = (requestID, agreement, package, consumer)
        (self.action, self.purpose, self.nonce, self.requestKey) = (action, purpose, nonce, requestKey)
    }

    package var suite: Suite { Suite(digestAlgorithm: package.algorithm) }

    package var json: JSON {
        .object([
            "version": .integer(GrantRequest.version), "requestID": .string(requestID), "agreement": .string(agreement),
            "package": .string(package.description), "consumer": .string(consumer.description), "action": .string(action),
            "purpose": purpose.map(JSON.string) ?? .null, "nonce": .string(Base64.encodeURL(nonce)),
            "requestKey": .string(requestKey.description),
        ])
    }

    /// The body to send. The signature binds the request key to the participant.
    package func signed(by key: PrivateKey) throws(SealingError) -> [UInt8] {
        guard key.algorithm == suite.signatureAlgorithm, requestKey.algorithm == suite.encryptionAlgorithm else {
            throw .optionInvalid("the keys of a grant request are those of its package's suite, \(suite.name)")
        }
        do {
            let signature = try key.sign(GrantRequest.signedBytes(json))
            return JSON.object(["request": json, "signature": .string(Base64.encode(signature))]).canonical()
        } catch { throw SealingError(error) }
    }

    /// Reads a body and verifies that `signer`, the consumer's signing key by its node card, signed it.
    package static func verify(_ body: [UInt8], signer: PublicKey) throws(SealingError) -> GrantRequest {
        let (request, signature) = try parse(body)
        guard signer.algorithm == request.suite.signatureAlgorithm, signer.verify(signature, signedBytes(request.json)) else {
            throw .requestSignatureInvalid
        }
        return request
    }

    /// Reads a body without verifying it: to find out whose it claims to be.
    package static func parse(_ body: [UInt8]) throws(SealingError) -> (request: GrantRequest, signature: [UInt8]) {
        let invalid = SealingError.requestInvalid
        let outer = try StrictObject(parsing: body, limit: sizeLimit, names: ["request", "signature"], invalid: invalid)
        let inner = try StrictObject(
            outer["request"],
            names: ["version", "requestID", "agreement", "package", "consumer", "action", "purpose", "nonce", "requestKey"],
            invalid: invalid)
        guard try inner.integer("version") == version else { throw .requestInvalid("its version is not 1") }
        func bounded(_ text: String) -> String? { (1...1_024).contains(text.utf8.count) ? text : nil }
        let request = GrantRequest(
            requestID: try inner.required("requestID") { (1...128).contains($0.count) ? $0 : nil },
            agreement: try inner.required("agreement", bounded), package: try inner.required("package", Digest.init(parsing:)),
            consumer: try inner.required("consumer") { try? ParticipantID(parsing: $0) }, action: try inner.required("action", bounded),
            purpose: try inner.optional("purpose", bounded),
            nonce: try inner.required("nonce") { Base64.decodeURL($0).flatMap { $0.count == 16 ? $0 : nil } },
            requestKey: try inner.required("requestKey", PublicKey.init(parsing:)))
        guard request.requestKey.algorithm == request.suite.encryptionAlgorithm else {
            throw .requestInvalid("`requestKey` is not of the package's suite")
        }
        // Whether it is a signature, `verify` says.
        let signature = try outer.required("signature") { Base64.decode($0).flatMap { (8...72).contains($0.count) ? $0 : nil } }
        guard JSON.object(["request": request.json, "signature": .string(Base64.encode(signature))]).canonical() == body else {
            throw .requestInvalid("it is not in its one spelling")
        }
        return (request, signature)
    }

    private static func signedBytes(_ request: JSON) -> [UInt8] { Array("kouan/grant-request/v1\n".utf8) + request.canonical() }
}
