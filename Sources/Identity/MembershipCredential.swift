// SPDX-License-Identifier: Apache-2.0

package import CryptoPrimitives
package import ExchangeModel

/// A membership credential that verified: the operator of `space` vouches for `subject` and the facts (docs/formats/membership-credential.md).
///
/// Only `verify` makes one. `MembershipClaims` is what a token says before anybody checked it.
@dynamicMemberLookup
package struct MembershipCredential: Sendable, Hashable {
    package let claims: MembershipClaims
    package let token: String

    package subscript<Value>(dynamicMember path: KeyPath<MembershipClaims, Value>) -> Value { claims[keyPath: path] }

    static let limitBytes = 16 << 10
    /// The end of a credential has no tolerance; its beginning has this, for clocks that part by seconds.
    static let clockToleranceSeconds: Int64 = 60
    static let longestValiditySeconds: Int64 = 400 * 86_400

    /// Signs `claims` as the operator of a space: a JWT to put into the member's node card.
    package static func issue(_ claims: MembershipClaims, with key: PrivateKey) throws(IdentityError) -> String {
        let header = CompactJWS.header(type: "vc+jwt", keyID: CompactJWS.keyID(claims.issuer, KeyThumbprint.of(key.publicKey)))
        let input = CompactJWS.signingInput(header: header, payload: claims.json.canonical())
        let token: String
        do {
            guard key.algorithm == .ed25519 else { throw IdentityError.cannotSign(.credential, reason: "an Ed25519 key is needed") }
            token = String(decoding: input, as: UTF8.self) + "." + Base64.encodeURL(try key.sign(input))
        } catch let error as IdentityError {
            throw error
        } catch {
            throw .cannotSign(.credential, reason: "\(error)")
        }
        _ = try Parsed(token)  // what we write, readers accept
        return token
    }

    /// What `token` says, in the right form but unverified: for showing to people and for finding the space it speaks of.
    package static func inspect(_ token: String) throws(IdentityError) -> MembershipClaims { try Parsed(token).claims }

    /// Checks `token` against the file of its space and the card that carries it, in the order of the format page §4.
    package static func verify(
        _ token: String, space: SpaceFile, card: NodeCard, at now: Timestamp
    ) throws(IdentityError) -> MembershipCredential {
        let parsed = try Parsed(token)
        let claims = parsed.claims
        guard claims.space == space.id else {
            throw .credentialOtherSpace(stated: claims.space.description, expected: space.id.description)
        }
        guard claims.issuer == space.operator else {
            throw .credentialOtherIssuer(stated: claims.issuer.description, expected: space.operator.description)
        }
        guard let key = space.key(thumbprint: parsed.thumbprint, at: now) else {
            throw .credentialUnknownKey(thumbprint: parsed.thumbprint)
        }
        guard key.verify(parsed.signature, parsed.signingInput) else { throw .wrongSignature(.credential) }
        guard claims.validFrom <= now.adding(seconds: clockToleranceSeconds) else { throw .credentialNotYetValid(from: claims.validFrom) }
        guard now < claims.validUntil else { throw .credentialExpired(at: claims.validUntil) }
        guard claims.subject == card.participant else {
            throw .credentialOtherParticipant(stated: claims.subject.description, expected: card.participant.description)
        }
        guard claims.keyThumbprint == KeyThumbprint.of(card.signingKey) else { throw .credentialOtherKey }
        return MembershipCredential(claims: claims, token: token)
    }

    /// A token in the right form.
    private struct Parsed {
        let claims: MembershipClaims
        /// From `kid`: which of the operator's keys is said to have signed.
        let thumbprint: String
        let signingInput: [UInt8]
        let signature: [UInt8]

        init(_ token: String) throws(IdentityError) {
            guard token.utf8.count <= limitBytes else { throw .tooLarge(.credential, bytes: token.utf8.count, limit: limitBytes) }
            guard let segments = CompactJWS.segments(token) else {
                throw .malformed(.credential, at: .root, reason: "three segments in base64url are expected")
            }
            let payload = try Parsed.json(segments.payload)
            claims = try MembershipClaims(reading: payload)

            // The header is compared with the only one there is, but for the thumbprint.
            let header = try Parsed.json(segments.header)
            guard let members = header.object, members.count == 3, members.keys.allSatisfy(isASCII) else {
                throw .credentialHeader(reason: "exactly alg, kid and typ are expected")
            }
            guard header["alg"]?.string == "EdDSA" else { throw .credentialHeader(reason: "`alg` is not EdDSA") }
            guard header["typ"]?.string == "vc+jwt" else { throw .credentialHeader(reason: "`typ` is not vc+jwt") }
            guard let keyID = header["kid"]?.string, isASCII(keyID) else { throw .credentialHeader(reason: "`kid` is missing") }
            let prefix = claims.issuer.description + "#"
            guard keyID.hasPrefix(prefix), isThumbprint(String(keyID.dropFirst(prefix.count))) else {
                throw .credentialHeader(reason: "`kid` is not the issuer and a thumbprint")
            }
            thumbprint = String(keyID.dropFirst(prefix.count))

            guard let signature = Base64.decodeURL(segments.signature), signature.count == 64 else {
                throw .malformed(.credential, at: .root, reason: "the signature is not 64 bytes in base64url")
            }
            self.signature = signature
            signingInput = Array("\(segments.header).\(segments.payload)".utf8)
        }

        private static func json(_ segment: String) throws(IdentityError) -> JSON {
            guard let bytes = Base64.decodeURL(segment) else {
                throw .malformed(.credential, at: .root, reason: "a segment is not strict base64url")
            }
            do {
                return try JSON.parse(bytes, limits: JSONLimits(bytes: limitBytes, depth: 8, values: 400))
            } catch {
                throw .malformed(.credential, at: .root, reason: error.message)
            }
        }
    }
}

/// What a membership credential says.
package struct MembershipClaims: Sendable, Hashable {
    /// `urn:uuid:…`
    package var id: String
    package var issuer: ParticipantID
    package var subject: ParticipantID
    /// RFC 7638 thumbprint of the member's signing key.
    package var keyThumbprint: String
    package var space: SpaceID
    package var names: PartyNames
    /// Country and roles are required.
    package var attributes: AttributeSet
    /// Whole seconds, as the two that follow.
    package var issuedAt: Timestamp
    package var validFrom: Timestamp
    package var validUntil: Timestamp

    /// A credential of `space` for the node of `card`. Times are cut to whole seconds; `uuid` is 36 characters.
    package init(
        uuid: String, space: SpaceFile, card: NodeCard, attributes: AttributeSet, issuedAt: Timestamp, validFrom: Timestamp,
        validUntil: Timestamp
    ) {
        id = "urn:uuid:\(uuid)"
        issuer = space.operator
        subject = card.participant
        keyThumbprint = KeyThumbprint.of(card.signingKey)
        self.space = space.id
        names = card.names
        self.attributes = attributes
        self.issuedAt = Timestamp(seconds: issuedAt.seconds)
        self.validFrom = Timestamp(seconds: validFrom.seconds)
        self.validUntil = Timestamp(seconds: validUntil.seconds)
    }
}

// MARK: - JSON

extension MembershipClaims {
    private static let context: JSON = ["https://www.w3.org/ns/credentials/v2", ["@vocab": "urn:kouan:membership:1#"]]
    private static let type: JSON = ["VerifiableCredential", "KouanMembershipCredential"]

    var json: JSON {
        var subjectMembers = attributes.members
        subjectMembers["id"] = .string(subject.description)
        subjectMembers["space"] = .string(space.description)
        subjectMembers["names"] = names.json
        return [
            "@context": MembershipClaims.context,
            "type": MembershipClaims.type,
            "id": .string(id), "jti": .string(id),
            "issuer": .string(issuer.description), "iss": .string(issuer.description),
            "sub": .string(subject.description),
            "iat": .integer(issuedAt.seconds),
            "nbf": .integer(validFrom.seconds), "validFrom": .string(validFrom.secondsText),
            "exp": .integer(validUntil.seconds), "validUntil": .string(validUntil.secondsText),
            "cnf": ["jkt": .string(keyThumbprint)],
            "credentialSubject": .object(subjectMembers),
        ]
    }

    init(reading payload: JSON) throws(IdentityError) {
        let reader = try ObjectReader(
            payload, in: .credential,
            allowing: [
                "@context", "cnf", "credentialSubject", "exp", "iat", "id", "iss", "issuer", "jti", "nbf", "sub", "type", "validFrom",
                "validUntil",
            ])
        try reader.constant("@context", MembershipClaims.context)
        try reader.constant("type", MembershipClaims.type)
        id = try reader.ascii("id", upTo: 45)
        guard isUUID(id) else { throw reader.refuse("id", "urn:uuid: and 36 characters are expected") }
        try reader.constant("jti", .string(id))
        issuer = try reader.participant("issuer")
        try reader.constant("iss", .string(issuer.description))

        // Whole seconds, said twice: as the data model wants them and as the JWT does.
        let seconds: ClosedRange<Int64> = 0...253_402_300_799
        issuedAt = Timestamp(seconds: try reader.integer("iat", in: seconds))
        validFrom = Timestamp(seconds: try reader.integer("nbf", in: seconds))
        validUntil = Timestamp(seconds: try reader.integer("exp", in: seconds))
        try reader.constant("validFrom", .string(validFrom.secondsText))
        try reader.constant("validUntil", .string(validUntil.secondsText))
        guard validFrom < validUntil, issuedAt <= validUntil else { throw reader.refuse("exp", "it ends before it begins") }
        guard validUntil.seconds - validFrom.seconds <= MembershipCredential.longestValiditySeconds else {
            throw reader.refuse("exp", "a credential is valid for at most 400 days")
        }

        keyThumbprint = try reader.object("cnf", allowing: ["jkt"]).ascii("jkt", upTo: 43)
        guard isThumbprint(keyThumbprint) else { throw reader.refuse("cnf", "a thumbprint is expected") }

        let subjectReader = try reader.object(
            "credentialSubject", allowing: AttributeSet.memberNames.union(["id", "names", "space"]))
        subject = try subjectReader.participant("id")
        try reader.constant("sub", .string(subject.description))
        space = try subjectReader.space("space")
        names = try subjectReader.names("names")
        attributes = try AttributeSet(reading: subjectReader)
        guard attributes.country != nil, attributes.roles != nil else {
            throw reader.refuse("credentialSubject", "country and roles are required")
        }
    }
}

/// 32 bytes in base64url.
func isThumbprint(_ text: String) -> Bool { text.utf8.count == 43 && Base64.decodeURL(text)?.count == 32 }

private func isUUID(_ text: String) -> Bool {
    let prefix = "urn:uuid:"
    guard text.hasPrefix(prefix) else { return false }
    let groups = text.dropFirst(prefix.count).split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    return groups.map(\.utf8.count) == [8, 4, 4, 4, 12] && groups.allSatisfy { consists($0, upTo: 12, of: "0123456789abcdef") }
}
