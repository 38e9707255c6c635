// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel
import Testing

@testable import Identity

/// A space, its operator, and a member with card and credential, all from one seed.
struct Fixture {
    static let now = Timestamp(seconds: 1_795_334_400)  // 2026-11-22T08:00:00Z

    let operatorKey: PrivateKey
    let memberKey: PrivateKey
    let operatorID: ParticipantID
    let memberID: ParticipantID
    let space: SpaceFile
    /// With one credential of `space`.
    let card: NodeCard
    let tlsKey: Digest
    let now = Fixture.now

    init() throws {
        operatorKey = try Fixture.key(1)
        memberKey = try Fixture.key(2)
        operatorID = try ParticipantID(parsing: "urn:reg:CN:operator-1")
        memberID = try ParticipantID(parsing: "urn:reg:CN:battery-2")
        tlsKey = Digest(algorithm: .sha256, bytes: [UInt8](repeating: 7, count: 32))
        space = try SpaceFile.issue(try Fixture.spaceContents(operator: operatorID, key: operatorKey.publicKey), with: operatorKey)
        var contents = try Fixture.cardContents(memberID, key: memberKey.publicKey, tlsKey: tlsKey)
        let bare = try NodeCard.issue(contents, with: memberKey)
        contents.credentials = [try MembershipCredential.issue(Fixture.claims(space: space, card: bare), with: operatorKey)]
        card = try NodeCard.issue(contents.next(issuedAt: now), with: memberKey)
    }

    static func key(_ number: UInt8, _ algorithm: KeyAlgorithm = .ed25519) throws -> PrivateKey {
        try PrivateKey(raw: [UInt8](repeating: number, count: 32), algorithm: algorithm)
    }

    static func spaceContents(name: String = "fujian-battery", operator: ParticipantID, key: PublicKey) throws -> SpaceContents {
        SpaceContents(
            id: try #require(SpaceID(name: name)), type: .industry,
            names: try #require(PartyNames(zh: "福建电池产业可信数据空间", en: "Fujian Battery Chain")), operator: `operator`, operatorKey: key,
            issuedAt: now, anchors: [try anchor()], witnessQuorum: 1, crlGraceSeconds: 3600)
    }

    static func cardContents(_ participant: ParticipantID, key: PublicKey, tlsKey: Digest) throws -> CardContents {
        var contents = CardContents(
            participant: participant, names: try #require(PartyNames(zh: "宁德示例电池有限公司", en: "Example Battery Co.")), issuedAt: now,
            signingKey: key,
            tlsKeys: [.init(fingerprint: tlsKey, notBefore: now.adding(seconds: -3600), notAfter: now.adding(seconds: 90 * 86_400))],
            encryptionKey: try Fixture.key(3, .x25519).publicKey,
            ledger: try #require(LogKey(name: "node.example/log-1", role: .log, key: try Fixture.key(4).publicKey)),
            witnessKey: LogKey(name: "node.example/witness", role: .witness, key: try Fixture.key(5).publicKey),
            endpoints: CardEndpoints(peer: try #require(BaseURL(parsing: "https://node.example:8443"))))
        contents.claims = AttributeSet(
            country: try CountryCode(parsing: "CN"), provinceRegistered: try ProvinceCode(parsing: "CN-350000"), ciio: false,
            roles: [.provider])
        return contents
    }

    static func attributes() throws -> AttributeSet {
        AttributeSet(
            country: try CountryCode(parsing: "CN"), provinceRegistered: try ProvinceCode(parsing: "CN-350000"),
            provincePhysical: try ProvinceCode(parsing: "CN-440000"), industry: IndustryCode(parsing: "C38"),
            roles: [.provider, .consumer])
    }

    static func claims(space: SpaceFile, card: NodeCard) throws -> MembershipClaims {
        MembershipClaims(
            uuid: "019ab3c0-0000-7000-8000-000000000001", space: space, card: card, attributes: try attributes(), issuedAt: now,
            validFrom: now.adding(seconds: -600), validUntil: now.adding(seconds: 180 * 86_400))
    }

    /// The member's card with these credentials instead of its own.
    func card(credentials: [String]) throws -> NodeCard {
        var contents = card.contents
        contents.credentials = credentials
        return try NodeCard.issue(contents, with: memberKey)
    }

    func verify(
        card: NodeCard? = nil, spaces: [SpaceFile]? = nil, tlsKey: Digest? = nil, uriNames: [String]? = nil,
        anchoredIn: Set<SpaceID>? = nil,
        at time: Timestamp? = nil
    ) -> Result<VerifiedPeer, TrustFailure> {
        TrustChain.verify(
            tlsKey: tlsKey ?? self.tlsKey, uriNames: uriNames ?? [memberID.description], card: card ?? self.card, spaces: spaces ?? [space],
            anchoredIn: anchoredIn, at: time ?? now)
    }

    static func anchor() throws -> Certificate {
        try CertificateIssuer.makeRoot(
            subject: DistinguishedName(commonName: "Example Root"), key: try key(6), notBefore: now, notAfter: now.adding(seconds: 86_400),
            serial: [1]
        ).certificate
    }
}

/// The code that `body` is refused with; nil when it is not.
func refusal(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let error as any KouanError {
        return error.code
    } catch {
        return "\(error)"
    }
}

extension Result where Failure == TrustFailure {
    var refusal: String? {
        switch self {
        case .success: nil
        case .failure(let failure): failure.code
        }
    }
}

/// SplitMix64: small, seeded, the same everywhere.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Every leaf and every member of a JSON value, changed one at a time.
func mutations(of json: JSON) -> [JSON] {
    switch json {
    case .null: [.bool(true)]
    case .bool(let value): [.bool(!value)]
    case .integer(let value): [.integer(value + 1), .string("\(value)")]
    case .double(let value): [.double(value + 1)]
    case .string(let text): [.string(text + "x"), .string(String(text.dropLast())), .null]
    case .array(let values):
        [.array(values + [.null])]
            + values.indices.flatMap { index in
                mutations(of: values[index]).map { changed in
                    var copy = values
                    copy[index] = changed
                    return .array(copy)
                }
            }
    case .object(let members):
        [.object(members.merging(["unknown": 1]) { old, _ in old })]
            + members.keys.sorted().flatMap { key -> [JSON] in
                var without = members
                without[key] = nil
                return [.object(without)]
                    + mutations(of: members[key] ?? .null).map { changed in
                        var copy = members
                        copy[key] = changed
                        return .object(copy)
                    }
            }
    }
}
