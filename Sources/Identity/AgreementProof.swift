// SPDX-License-Identifier: Apache-2.0

package import CryptoPrimitives
package import ExchangeModel

/// What the parties agree on beside the DSP agreement (docs/formats/agreement-proof.md §2).
package struct AgreementTerms: Sendable, Hashable {
    package enum Delivery: Sendable, Hashable {
        /// One fixed package, named by the digest of its reference.
        case one(packageReference: Digest)
        /// Each version published while the agreement runs.
        case series(maximum: Int64? = nil, intervalSeconds: Int64? = nil)
    }

    package let delivery: Delivery
    package let policyHash: Digest
    /// Sorted, none twice.
    package let spaces: [SpaceID]

    package init(delivery: Delivery, policyHash: Digest, spaces: Set<SpaceID>) {
        self.delivery = delivery
        self.policyHash = policyHash
        self.spaces = spaces.sorted()
    }

    /// Reads and checks terms that came from anywhere.
    package init(json: JSON) throws(IdentityError) {
        try self.init(reading: ObjectReader(json, in: .proof, allowing: AgreementTerms.memberNames))
    }

    package var json: JSON {
        var members: [String: JSON] = [
            "policyHash": .string(policyHash.description), "spaces": .strings(spaces.map(\.description)),
        ]
        switch delivery {
        case .one(let reference):
            members["delivery"] = ["kind": "one"]
            members["packageReference"] = .string(reference.description)
        case .series(let maximum, let interval):
            members["delivery"] = .members([
                "kind": "series", "maximum": maximum.map(JSON.integer), "intervalSeconds": interval.map(JSON.integer),
            ])
        }
        return .object(members)
    }

    fileprivate static let memberNames: Set<String> = ["delivery", "packageReference", "policyHash", "spaces"]

    fileprivate init(reading reader: ObjectReader) throws(IdentityError) {
        let delivery = try reader.object("delivery", allowing: ["intervalSeconds", "kind", "maximum"])
        switch try delivery.ascii("kind", upTo: 10) {
        case "one":
            guard !delivery.has("maximum"), !delivery.has("intervalSeconds") else {
                throw reader.refuse("delivery", "one package has no maximum and no interval")
            }
            self.delivery = .one(packageReference: try reader.digest("packageReference"))
        case "series":
            guard !reader.has("packageReference") else { throw reader.refuse("packageReference", "a series names no package") }
            let limits: ClosedRange<Int64> = 1...1_000_000_000
            self.delivery = .series(
                maximum: delivery.has("maximum") ? try delivery.integer("maximum", in: limits) : nil,
                intervalSeconds: delivery.has("intervalSeconds") ? try delivery.integer("intervalSeconds", in: limits) : nil)
        default: throw reader.refuse("delivery", "kind one or series is expected")
        }
        policyHash = try reader.digest("policyHash")
        var spaces: [SpaceID] = []
        for text in try reader.texts("spaces", counting: 1...16, upTo: 80) {
            guard let space = SpaceID(parsing: text), spaces.last.map({ $0 < space }) ?? true else {
                throw reader.refuse("spaces", "sorted space ids are expected, none twice")
            }
            spaces.append(space)
        }
        self.spaces = spaces
    }
}

/// One side's signature over an agreement and its terms; rides on the DSP message as `AgreementProof.memberName`.
package struct AgreementProof: Sendable, Hashable {
    package static let memberName = "urn:kouan:agreement-proof:1"

    package let terms: AgreementTerms
    /// JWS with detached payload: `<header>..<signature>`
    package let signature: String

    private static let type = "kouan-agreement-proof+jws"
    private static let limitBytes = 64 << 10

    /// Signs the agreement as the provider sent it. `signer` is the participant whose signing key `key` is.
    package static func sign(
        agreement: JSON, terms: AgreementTerms, signer: ParticipantID, with key: PrivateKey
    ) throws(IdentityError) -> AgreementProof {
        guard key.algorithm == .ed25519 else { throw .cannotSign(.proof, reason: "an Ed25519 key is needed") }
        _ = try AgreementTerms(json: terms.json)
        let header = CompactJWS.header(type: type, keyID: CompactJWS.keyID(signer, KeyThumbprint.of(key.publicKey)))
        let input = CompactJWS.signingInput(header: header, payload: payload(agreement, terms))
        do {
            return AgreementProof(terms: terms, signature: "\(header)..\(Base64.encodeURL(try key.sign(input)))")
        } catch {
            throw .cannotSign(.proof, reason: error.message)
        }
    }

    /// The value of `memberName` on a message.
    package var json: JSON { ["signatures": [.string(signature)], "terms": terms.json] }

    /// Reads the value of `memberName`. The signature is not verified yet.
    package static func parse(_ json: JSON) throws(IdentityError) -> AgreementProof {
        let size = json.canonical().count
        guard size <= limitBytes else { throw .tooLarge(.proof, bytes: size, limit: limitBytes) }
        let reader = try ObjectReader(json, in: .proof, allowing: ["signatures", "terms"])
        let terms = try AgreementTerms(reading: reader.object("terms", allowing: AgreementTerms.memberNames))
        let signatures = try reader.texts("signatures", counting: 1...1, upTo: 1024)
        guard let signature = signatures.first, let segments = CompactJWS.segments(signature), segments.payload.isEmpty,
            Base64.decodeURL(segments.header) != nil, Base64.decodeURL(segments.signature)?.count == 64
        else { throw reader.refuse("signatures", "one JWS with detached payload is expected") }
        return AgreementProof(terms: terms, signature: signature)
    }

    /// Verifies for an agreement as received, the terms this side agreed to, and a signing key of `signer`'s card that was in force at `time`.
    package func verify(
        agreement: JSON, terms expected: AgreementTerms, signer card: NodeCard, at time: Timestamp
    ) throws(IdentityError) {
        guard terms.json.canonical() == expected.json.canonical() else { throw .proofTermsDiffer }
        guard let segments = CompactJWS.segments(signature), let signature = Base64.decodeURL(segments.signature) else {
            throw .malformed(.proof, at: .root, reason: "one JWS with detached payload is expected")
        }
        // Each key of the card gives one possible header; nothing in the header is obeyed.
        func makes(_ key: PublicKey) -> Bool {
            CompactJWS.header(type: Self.type, keyID: CompactJWS.keyID(card.participant, KeyThumbprint.of(key))) == segments.header
        }
        guard let key = card.signingKeys(at: time).first(where: makes) else {
            if let retired = card.retiredSigningKeys.first(where: { makes($0.key) }) {
                throw .proofUnknownKey(thumbprint: KeyThumbprint.of(retired.key))
            }
            throw .proofHeader
        }
        let input = CompactJWS.signingInput(header: segments.header, payload: Self.payload(agreement, expected))
        guard key.verify(signature, input) else { throw .wrongSignature(.proof) }
    }

    private static func payload(_ agreement: JSON, _ terms: AgreementTerms) -> [UInt8] {
        let json: JSON = ["agreement": agreement, "terms": terms.json]
        return json.canonical()
    }
}
