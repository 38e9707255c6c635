// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel
import Testing

@testable import Identity

@Suite struct CredentialTests {
    let fixture: Fixture
    let claims: MembershipClaims
    let token: String

    init() throws {
        fixture = try Fixture()
        claims = try Fixture.claims(space: fixture.space, card: fixture.card)
        token = try MembershipCredential.issue(claims, with: fixture.operatorKey)
    }

    func refused(_ token: String, at time: Timestamp = Fixture.now) -> String? {
        refusal { _ = try MembershipCredential.verify(token, space: fixture.space, card: fixture.card, at: time) }
    }

    /// A token of any header and payload text, signed by the operator.
    func signed(header: String, payload: String, with key: PrivateKey? = nil) throws -> String {
        let input = Base64.encodeURL(Array(header.utf8)) + "." + Base64.encodeURL(Array(payload.utf8))
        return try input + "." + Base64.encodeURL((key ?? fixture.operatorKey).sign(Array(input.utf8)))
    }

    var goodHeader: String {
        let kid = "\(fixture.operatorID)#\(KeyThumbprint.of(fixture.operatorKey.publicKey))"
        return "{\"alg\":\"EdDSA\",\"kid\":\"\(kid)\",\"typ\":\"vc+jwt\"}"
    }

    @Test func roundTrip() throws {
        let credential = try MembershipCredential.verify(token, space: fixture.space, card: fixture.card, at: fixture.now)
        #expect(credential.claims == claims)
        #expect(credential.subject == fixture.memberID)
        #expect(credential.attributes.industry?.description == "C38")
        #expect(try MembershipCredential.inspect(token) == claims)
        #expect(refused(try signed(header: goodHeader, payload: claims.json.canonicalText)) == nil)
        // Order and white space in the segments are free: the signature covers them as they are.
        #expect(refused(try signed(header: goodHeader, payload: claims.json.pretty())) == nil)
    }

    @Test func thumbprintIsThatOfRFC8037() throws {
        let key = try PublicKey(
            raw: try #require(Base64.decodeURL("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")), algorithm: .ed25519)
        #expect(KeyThumbprint.of(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
    }

    @Test func algorithmIsFixed() throws {
        let payload = claims.json.canonicalText
        for alg in ["none", "None", "HS256", "ES256", "eddsa", "Ed25519", "RS256", ""] {
            let header = goodHeader.replacing("EdDSA", with: alg)
            #expect(refused(try signed(header: header, payload: payload)) == "identity.credential-header", "\(alg)")
        }
        for extra in ["\"crit\":[\"b64\"]", "\"jwk\":{}", "\"b64\":false", "\"jku\":\"https://a.example\"", "\"x5c\":[]"] {
            let header = goodHeader.replacing("{", with: "{\(extra),")
            #expect(refused(try signed(header: header, payload: payload)) == "identity.credential-header", "\(extra)")
        }
        #expect(refused(try signed(header: goodHeader.replacing("vc+jwt", with: "JWT"), payload: payload)) == "identity.credential-header")
        #expect(refused(try signed(header: "{\"alg\":\"EdDSA\"}", payload: payload)) == "identity.credential-header")
        #expect(refused(try signed(header: "[]", payload: payload)) == "identity.credential-header")
        // No signature, or the MAC of an attacker who takes the public key for a shared secret.
        let none = Base64.encodeURL(Array("{\"alg\":\"none\",\"typ\":\"vc+jwt\"}".utf8)) + "." + Base64.encodeURL(Array(payload.utf8)) + "."
        #expect(refused(none) == "identity.credential-header")
        let input = Base64.encodeURL(Array(goodHeader.utf8)) + "." + Base64.encodeURL(Array(payload.utf8))
        let mac = HMAC.sha256(key: fixture.operatorKey.publicKey.raw, Array(input.utf8))
        #expect(refused(input + "." + Base64.encodeURL(mac + mac)) == "identity.credential-signature")
    }

    @Test func keyIDIsIssuerAndThumbprint() throws {
        let payload = claims.json.canonicalText
        let thumbprint = KeyThumbprint.of(fixture.operatorKey.publicKey)
        for (kid, code) in [
            ("\(fixture.memberID)#\(thumbprint)", "identity.credential-header"), (thumbprint, "identity.credential-header"),
            ("\(fixture.operatorID)#", "identity.credential-header"),
            ("\(fixture.operatorID)#\(thumbprint)A", "identity.credential-header"),
            ("\(fixture.operatorID)#\(KeyThumbprint.of(fixture.memberKey.publicKey))", "identity.credential-unknown-key"),
        ] {
            let header = "{\"alg\":\"EdDSA\",\"kid\":\"\(kid)\",\"typ\":\"vc+jwt\"}"
            #expect(refused(try signed(header: header, payload: payload)) == code, "\(kid)")
        }
    }

    @Test func formIsStrict() throws {
        let parts = token.split(separator: ".").map(String.init)
        for bad in [
            "", ".", "..", "...", parts[0], "\(parts[0]).\(parts[1])", token + ".", token + ".x", " " + token, token + "\n", token + "=",
            "\(parts[0]).\(parts[1])=.\(parts[2])", "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1]).\(parts[2].dropLast())",
            token.replacing("-", with: "+").replacing("_", with: "/") + "+", "\(parts[0]).\(parts[1]).\(parts[2])\u{212A}",
        ] {
            #expect(refused(bad) == "identity.credential-malformed", "\(bad.prefix(40))…\(bad.suffix(8))")
        }
        // Stray bits in the last digit of the signature: another spelling of the same bytes.
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let last = try #require(token.last.flatMap { alphabet.firstIndex(of: $0) })
        #expect(refused(token.dropLast() + String(alphabet[last ^ 1])) == "identity.credential-malformed")
        #expect(refused(String(repeating: "A", count: 20_000)) == "identity.credential-malformed")
        let twice = claims.json.canonicalText.replacing("{\"@context\"", with: "{\"sub\":\"x\",\"@context\"")
        #expect(refused(try signed(header: goodHeader, payload: twice)) == "identity.credential-malformed")
        let twiceHeader = goodHeader.replacing("{", with: "{\"alg\":\"none\",")
        #expect(refused(try signed(header: twiceHeader, payload: claims.json.canonicalText)) == "identity.credential-malformed")
    }

    @Test func everyChangedFieldBreaksTheSignatureOrTheForm() throws {
        let parts = token.split(separator: ".").map(String.init)
        for value in mutations(of: claims.json) {
            let changed = "\(parts[0]).\(Base64.encodeURL(value.canonical())).\(parts[2])"
            #expect(refused(changed)?.hasPrefix("identity.credential-") == true, "\(value.canonicalText)")
        }
    }

    /// Signed by the operator, so only the rules stand against it.
    @Test(
        arguments: [
            ("exp", .double(1.5)), ("exp", 0), ("nbf", "1"), ("iat", -1), ("iss", "urn:reg:CN:x"), ("sub", "urn:reg:CN:x"), ("jti", "x"),
            ("id", "urn:uuid:x"),
            ("validFrom", "2026-11-22T08:00:00.000Z"), ("validUntil", "2026-11-22T08:00:00Z"), ("type", ["VerifiableCredential"]),
            ("@context", []),
            ("cnf", [:]), ("cnf", ["jkt": "x"]), ("cnf", ["jwk": [:]]), ("credentialSubject", [:]), ("credentialStatus", [:]),
        ] as [(String, JSON)])
    func wellSignedButWrong(member: String, value: JSON) throws {
        var payload = try #require(claims.json.object)
        payload[member] = value
        let text = JSON.object(payload).canonicalText
        #expect(refused(try signed(header: goodHeader, payload: text)) == "identity.credential-malformed")
    }

    @Test func timeHasABeginningAndAnEnd() {
        #expect(refused(token, at: claims.validFrom.adding(seconds: -61)) == "identity.credential-not-yet-valid")
        #expect(refused(token, at: claims.validFrom.adding(seconds: -60)) == nil)
        #expect(refused(token, at: claims.validUntil.adding(milliseconds: -1)) == nil)
        #expect(refused(token, at: claims.validUntil) == "identity.credential-expired")
    }

    @Test func validityIsLimited() throws {
        var long = claims
        long.validUntil = long.validFrom.adding(seconds: 400 * 86_400)
        #expect(refused(try MembershipCredential.issue(long, with: fixture.operatorKey)) == nil)
        long.validUntil = long.validUntil.adding(seconds: 1)
        #expect(refusal { _ = try MembershipCredential.issue(long, with: fixture.operatorKey) } == "identity.credential-malformed")
    }

    @Test func strangersAreRefused() throws {
        // Another operator's space file under the same id.
        let otherSpace = try SpaceFile.issue(
            try Fixture.spaceContents(operator: fixture.memberID, key: fixture.memberKey.publicKey), with: fixture.memberKey)
        #expect(
            refusal { _ = try MembershipCredential.verify(token, space: otherSpace, card: fixture.card, at: fixture.now) }
                == "identity.credential-other-issuer")
        // Another space of the same operator.
        let sibling = try SpaceFile.issue(
            try Fixture.spaceContents(name: "sibling", operator: fixture.operatorID, key: fixture.operatorKey.publicKey),
            with: fixture.operatorKey)
        #expect(
            refusal { _ = try MembershipCredential.verify(token, space: sibling, card: fixture.card, at: fixture.now) }
                == "identity.credential-other-space")
        // Signed by the member itself, who states the operator's key.
        #expect(
            refused(try signed(header: goodHeader, payload: claims.json.canonicalText, with: fixture.memberKey))
                == "identity.credential-signature")
        // Of another member; of another key of this member.
        var stranger = claims
        stranger.subject = fixture.operatorID
        #expect(
            refused(try MembershipCredential.issue(stranger, with: fixture.operatorKey)) == "identity.credential-other-participant")
        stranger = claims
        stranger.keyThumbprint = KeyThumbprint.of(fixture.operatorKey.publicKey)
        #expect(refused(try MembershipCredential.issue(stranger, with: fixture.operatorKey)) == "identity.credential-other-key")
    }

    @Test func onlyEd25519Issues() throws {
        let key = try PrivateKey.generate(.p256)
        #expect(refusal { _ = try MembershipCredential.issue(claims, with: key) } == "identity.credential-cannot-sign")
    }
}

@Suite struct TrustChainTests {
    let fixture: Fixture

    init() throws { fixture = try Fixture() }

    @Test func aWholeChainIsAPeer() throws {
        let peer = try fixture.verify(anchoredIn: [fixture.space.id]).get()
        #expect(peer.participant == fixture.memberID)
        #expect(peer.spaces == [fixture.space.id])
        #expect(peer.rejected.isEmpty)
        #expect(peer.validUntil == fixture.card.tlsKeys[0].notAfter)
        #expect(peer.attributes().provincePhysical?.known?.description == "CN-440000")
    }

    @Test func everyMissingLinkHasItsOwnCode() throws {
        let token = fixture.card.credentials[0]
        let other = Digest(algorithm: .sha256, bytes: [UInt8](repeating: 8, count: 32))
        let key = fixture.card.tlsKeys[0]
        let foreign = try #require(SpaceID(name: "elsewhere"))
        var claims = try Fixture.claims(space: fixture.space, card: fixture.card)
        claims.validUntil = fixture.now
        let expired = try MembershipCredential.issue(claims, with: fixture.operatorKey)

        let failures: [(String, Result<VerifiedPeer, TrustFailure>)] = [
            ("identity.certificate-uri-names", fixture.verify(uriNames: [])),
            ("identity.certificate-uri-names", fixture.verify(uriNames: [fixture.memberID.description, "urn:x:y"])),
            ("identity.certificate-no-participant", fixture.verify(uriNames: ["https://node.example"])),
            ("identity.card-other-participant", fixture.verify(uriNames: [fixture.operatorID.description])),
            ("identity.tls-key-not-in-card", fixture.verify(tlsKey: other)),
            ("identity.tls-key-not-yet-valid", fixture.verify(card: try future(fixture.now.adding(seconds: 61)))),
            ("identity.tls-key-expired", fixture.verify(at: key.notAfter)),
            ("identity.card-from-the-future", fixture.verify(at: fixture.now.adding(seconds: -301))),
            ("identity.no-credential", fixture.verify(card: try fixture.card(credentials: []))),
            ("identity.space-unknown", fixture.verify(spaces: [])),
            ("identity.credential-expired", fixture.verify(card: try fixture.card(credentials: [expired]))),
            ("identity.credential-malformed", fixture.verify(card: try fixture.card(credentials: [token + "A"]))),
            ("identity.not-member-where-anchored", fixture.verify(anchoredIn: [foreign])),
            ("identity.not-member-where-anchored", fixture.verify(anchoredIn: [])),
        ]
        for (code, result) in failures { #expect(result.refusal == code) }
    }

    private func future(_ from: Timestamp) throws -> NodeCard {
        var contents = fixture.card.contents
        contents.tlsKeys = [.init(fingerprint: fixture.tlsKey, notBefore: from, notAfter: from.adding(seconds: 86_400))]
        return try NodeCard.issue(contents, with: fixture.memberKey)
    }

    @Test func aRotatedKeyNeedsANewCredential() throws {
        let next = try Fixture.key(70)
        let contents = try fixture.card.contents.rotating(from: fixture.memberKey, to: next.publicKey, issuedAt: fixture.now)
        let card = try NodeCard.issue(contents, with: next)
        #expect(fixture.verify(card: card).refusal == "identity.credential-other-key")
    }

    @Test func badCredentialsBesideAGoodOneAreReported() throws {
        var claims = try Fixture.claims(space: fixture.space, card: fixture.card)
        claims.validUntil = claims.validUntil.adding(seconds: 86_400)
        claims.id = "urn:uuid:019ab3c0-0000-7000-8000-000000000002"
        let longer = try MembershipCredential.issue(claims, with: fixture.operatorKey)
        var foreignClaims = claims
        foreignClaims.space = try #require(SpaceID(name: "elsewhere"))
        let foreign = try MembershipCredential.issue(foreignClaims, with: fixture.operatorKey)
        let card = try fixture.card(credentials: ["garbage", foreign, fixture.card.credentials[0], longer])
        let peer = try fixture.verify(card: card).get()
        #expect(peer.memberships.map(\.token) == [longer])
        #expect(peer.rejected.map(\.failure.code) == ["identity.credential-malformed", "identity.space-unknown"])
        #expect(peer.rejected.map(\.space) == [nil, foreignClaims.space])
    }

    @Test func severalSpacesJoin() throws {
        let second = try SpaceFile.issue(
            try Fixture.spaceContents(name: "a-second", operator: fixture.operatorID, key: fixture.operatorKey.publicKey),
            with: fixture.operatorKey)
        let token = try MembershipCredential.issue(Fixture.claims(space: second, card: fixture.card), with: fixture.operatorKey)
        let card = try fixture.card(credentials: fixture.card.credentials + [token])
        let peer = try fixture.verify(card: card, spaces: [fixture.space, second], anchoredIn: [second.id]).get()
        #expect(peer.spaces.map(\.name) == ["a-second", "fujian-battery"])
    }
}

@Suite struct AttributeTests {
    let fixture: Fixture

    init() throws { fixture = try Fixture() }

    @Test func claimedIsUnknown() {
        let attributes = PartyAttributes(card: fixture.card, memberships: [])
        #expect(attributes.country?.value.description == "CN")
        #expect(attributes.country?.known == nil)
        #expect(attributes.ciio?.source == .claimed)
        #expect(attributes.ciio?.known == nil)
        #expect(attributes.roles?.known == nil)
        #expect(attributes.spaces.isEmpty)
        #expect(attributes.industry == nil)
    }

    @Test func credentialBeatsClaimAndConfirmationBeatsBoth() throws {
        let memberships = try fixture.verify().get().memberships
        let user = UserID.make()
        let confirmations = [
            Confirmation(participant: fixture.memberID, fact: .ciio(true), user: user, time: fixture.now, paper: "letter 1"),
            Confirmation(
                participant: fixture.memberID, fact: .ciio(false), user: user, time: fixture.now.adding(seconds: 1), paper: "letter 2"),
            Confirmation(
                participant: fixture.operatorID, fact: .ciio(true), user: user, time: fixture.now.adding(seconds: 2), paper: "of another"),
        ]
        let attributes = PartyAttributes(card: fixture.card, memberships: memberships, confirmations: confirmations)
        #expect(attributes.country?.source == .credential(fixture.space.id))
        #expect(attributes.roles?.known == [.provider, .consumer])
        #expect(attributes.ciio?.known == false)
        #expect(attributes.ciio?.source == .confirmed(by: user, at: fixture.now.adding(seconds: 1), paper: "letter 2"))
        #expect(attributes.json["ciio"]?["paper"]?.string == "letter 2")
        #expect(PartyAttributes(card: fixture.card, memberships: memberships).ciio?.known == nil)
    }

    @Test func credentialsThatDisagreeLeaveItUnknown() throws {
        let second = try SpaceFile.issue(
            try Fixture.spaceContents(name: "second", operator: fixture.operatorID, key: fixture.operatorKey.publicKey),
            with: fixture.operatorKey)
        var claims = try Fixture.claims(space: second, card: fixture.card)
        claims.attributes.provincePhysical = try ProvinceCode(parsing: "CN-110000")
        let token = try MembershipCredential.issue(claims, with: fixture.operatorKey)
        let card = try fixture.card(credentials: fixture.card.credentials + [token])
        let peer = try fixture.verify(card: card, spaces: [fixture.space, second]).get()
        #expect(peer.attributes().provincePhysical == nil)
        #expect(peer.attributes().conflicts == ["provincePhysical"])
        #expect(peer.attributes().country?.known != nil)
        let settled = Confirmation(
            participant: fixture.memberID, fact: .provincePhysical(try ProvinceCode(parsing: "CN-110000")), user: .make(),
            time: fixture.now, paper: "site visit")
        #expect(peer.attributes(confirmations: [settled]).provincePhysical?.known?.description == "CN-110000")
        #expect(peer.attributes(confirmations: [settled]).conflicts.isEmpty)
    }
}
