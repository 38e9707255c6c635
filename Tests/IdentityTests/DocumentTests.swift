// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel
import Testing

@testable import Identity

@Suite struct DocumentTests {
    let fixture: Fixture

    init() throws { fixture = try Fixture() }

    @Test func cardSurvivesTheRoundTrip() throws {
        let again = try NodeCard.parse(fixture.card.bytes)
        #expect(again == fixture.card)
        #expect(again.contents == fixture.card.contents)
        #expect(again.digest == Hash.digest(fixture.card.bytes))
        #expect(try NodeCard.parse(fixture.card.bytes + [0x0A]).digest == again.digest)
        #expect(again.serial == 2)
        #expect(again.endpoints.grantURL == "https://node.example:8443/kouan/v1/grants")
    }

    @Test func spaceSurvivesTheRoundTrip() throws {
        let again = try SpaceFile.parse(fixture.space.bytes + [0x0A])
        #expect(again == fixture.space)
        #expect(again.id.description == "urn:kouan:space:fujian-battery")
        #expect(again.crlGraceSeconds == 3600)
    }

    /// With the old signature every change is refused; most of them already by form.
    @Test func everyChangedFieldOfACardIsRefused() throws {
        let json = try JSON.parse(fixture.card.bytes)
        let changed = mutations(of: json)
        #expect(changed.count > 100)
        for value in changed {
            let code = refusal { _ = try NodeCard.parse(value.canonical()) }
            #expect(code?.hasPrefix("identity.card-") == true, "\(value.canonicalText)")
        }
    }

    @Test func everyChangedFieldOfASpaceIsRefused() throws {
        for value in mutations(of: try JSON.parse(fixture.space.bytes)) {
            let code = refusal { _ = try SpaceFile.parse(value.canonical()) }
            #expect(code?.hasPrefix("identity.space-") == true, "\(value.canonicalText)")
        }
    }

    @Test func everyFlippedByteIsRefused() throws {
        for index in fixture.card.bytes.indices {
            var bytes = fixture.card.bytes
            bytes[index] ^= 1
            #expect(refusal { _ = try NodeCard.parse(bytes) } != nil, "byte \(index)")
        }
    }

    /// Signed by the right key, so only the rules of the page stand against it.
    @Test(
        arguments: [
            ("version", 2), ("serial", 0), ("serial", 9_007_199_254_740_992), ("serial", "2"), ("issuedAt", "2026-11-22T08:00:00Z"),
            ("issuedAt", "2026-11-22T16:00:00.000+08:00"), ("participant", "urn:reg:CN:\u{212A}1"),
            ("participant", "urn:uscc:91350100M000100Y44"),
            ("names", [:]), ("names", ["zh": ""]), ("names", ["en": "a\u{202E}b"]), ("names", ["en": "a", "fr": "b"]), ("tlsKeys", []),
            ("encryptionKey", "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="), ("signingKey", "sha256:00"),
            ("signingKey", "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), ("codecs", ["zstd"]),
            ("codecs", ["deflate", "deflate", "stored"]),
            ("suites", []), ("suites", ["Inter national"]), ("extensions", ["guomiSigningKey": "sm2:BAAA"]),
            ("extensions", ["guomiSigningKey": 1]), ("claims", [:]), ("claims", ["country": "XX"]),
            ("claims", ["country": "DE", "provinceRegistered": "CN-350000"]), ("claims", ["roles": ["provider", "consumer"]]),
            ("claims", ["industry": "C99"]), ("extensions", [:]), ("extensions", []), ("witnessKey", "x+00000000+AA=="),
            ("retiredSigningKeys", []),
            ("sign\u{2010}ingKey", 1), ("credentials", [1]),
        ] as [(String, JSON)])
    func wellSignedButWrong(member: String, value: JSON) throws {
        var body = try #require(fixture.card.contents.json.object)
        body[member] = value
        let bytes = try SignedDocument.sign(.object(body), as: .card, kind: .card, with: fixture.memberKey)
        #expect(refusal { _ = try NodeCard.parse(bytes) } == "identity.card-malformed")
    }

    @Test func keysStandInOneRole() throws {
        var contents = fixture.card.contents
        contents.ledger = try #require(LogKey(name: "x", role: .log, key: fixture.memberKey.publicKey))
        #expect(refusal { _ = try NodeCard.issue(contents, with: fixture.memberKey) } == "identity.card-malformed")
        contents = fixture.card.contents
        contents.tlsKeys = [
            .init(fingerprint: fixture.memberKey.publicKey.fingerprint, notBefore: fixture.now, notAfter: fixture.now.adding(seconds: 1))
        ]
        #expect(refusal { _ = try NodeCard.issue(contents, with: fixture.memberKey) } == "identity.card-malformed")
    }

    @Test func extensionsAreCarried() throws {
        var contents = fixture.card.contents
        contents.extensions = ["urn:example:x": ["y": [1, .double(2.5)]]]
        let card = try NodeCard.issue(contents, with: fixture.memberKey)
        #expect(try NodeCard.parse(card.bytes).extensions == contents.extensions)
    }

    @Test func formIsStrict() throws {
        let text = String(decoding: fixture.card.bytes, as: UTF8.self)
        #expect(refusal { _ = try NodeCard.parse(Array((" " + text).utf8)) } == "identity.card-malformed")
        #expect(refusal { _ = try NodeCard.parse(fixture.card.bytes + [0x0A, 0x0A]) } != nil)
        let twice = text.replacing("\"version\":1", with: "\"version\":1,\"version\":1")
        #expect(refusal { _ = try NodeCard.parse(Array(twice.utf8)) } == "identity.card-malformed")
        #expect(refusal { _ = try NodeCard.parse([UInt8](repeating: 0x5B, count: 400_000)) } == "identity.card-malformed")
        #expect(refusal { _ = try NodeCard.parse([UInt8](repeating: 0x5B, count: 200_000)) } == "identity.card-malformed")
        // One kind of document is not another.
        #expect(refusal { _ = try NodeCard.parse(fixture.space.bytes) } == "identity.card-malformed")
        #expect(refusal { _ = try SpaceFile.parse(fixture.card.bytes) } == "identity.space-malformed")
        let body = fixture.card.contents.json
        let crossSigned = try SignedMessage.sign(body.canonical(), as: .space, with: fixture.memberKey)
        let json: JSON = ["body": body, "signature": .string(Base64.encodeURL(crossSigned)), "type": "kouan/card/v1"]
        #expect(refusal { _ = try NodeCard.parse(json.canonical()) } == "identity.card-signature")
    }

    @Test func issuingNeedsTheKeyInTheBody() throws {
        #expect(refusal { _ = try NodeCard.issue(fixture.card.contents, with: fixture.operatorKey) } == "identity.card-cannot-sign")
        #expect(refusal { _ = try SpaceFile.issue(fixture.space.contents, with: fixture.memberKey) } == "identity.space-cannot-sign")
    }

    @Test func reservedSpaceTypesAreRefused() throws {
        for type in [SpaceType.personal, .crossBorder] {
            var contents = fixture.space.contents
            contents.type = type
            #expect(refusal { _ = try SpaceFile.issue(contents, with: fixture.operatorKey) } == "identity.space-type-reserved")
        }
    }

    @Test(
        arguments: [
            ("crlGraceSeconds", -1), ("crlGraceSeconds", 604_801), ("witnessQuorum", 17), ("policyProfiles", []),
            ("policyProfiles", ["odrl"]),
            ("anchors", []), ("anchors", ["x"]), ("id", "urn:kouan:space:A"), ("id", "urn:kouan:space:-a"), ("id", "urn:kouan:space:a--b"),
            ("id", "urn:kouan:space:"), ("type", "village"), ("operatorKey", "x25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
        ] as [(String, JSON)])
    func wellSignedSpaceButWrong(member: String, value: JSON) throws {
        var body = try #require(fixture.space.contents.json.object)
        body[member] = value
        let bytes = try SignedDocument.sign(.object(body), as: .space, kind: .space, with: fixture.operatorKey)
        #expect(refusal { _ = try SpaceFile.parse(bytes) } == "identity.space-malformed")
    }

    @Test func fingerprintIsOfParticipantAndKey() throws {
        let text = fixture.card.fingerprint
        #expect(text.utf8.count == 8 * 5 + 7)
        let renewed = try NodeCard.issue(fixture.card.contents.next(issuedAt: fixture.now), with: fixture.memberKey)
        #expect(renewed.fingerprint == text)
        #expect(fixture.space.fingerprint != text)
        // By hand: the first four bytes of the hash, modulo 100000.
        let hash = Hash.sha256(Array("kouan/fingerprint/v1\n\(fixture.memberID)\n\(fixture.memberKey.publicKey)".utf8))
        let first = hash[0..<4].reduce(0) { $0 * 256 + Int($1) } % 100_000
        #expect(Int(text.prefix(5)) == first)
    }
}

@Suite struct SuccessionTests {
    let fixture: Fixture

    init() throws { fixture = try Fixture() }

    @Test func serialGoesUp() throws {
        let next = try NodeCard.issue(fixture.card.contents.next(issuedAt: fixture.now), with: fixture.memberKey)
        #expect(try fixture.card.succession(of: fixture.card) == .known)
        #expect(try fixture.card.succession(of: next) == .sameKey)
        #expect(refusal { _ = try next.succession(of: fixture.card) } == "identity.card-serial-old")
        var other = fixture.card.contents
        other.suites = ["international", "guomi"]
        let reused = try NodeCard.issue(other, with: fixture.memberKey)
        #expect(refusal { _ = try fixture.card.succession(of: reused) } == "identity.card-serial-reused")
    }

    @Test func anotherParticipantIsRefused() throws {
        var contents = fixture.card.contents.next(issuedAt: fixture.now)
        contents.participant = fixture.operatorID
        let other = try NodeCard.issue(contents, with: fixture.memberKey)
        #expect(refusal { _ = try fixture.card.succession(of: other) } == "identity.card-other-participant")
    }

    @Test func anUnrelatedKeyIsRefused() throws {
        var contents = fixture.card.contents.next(issuedAt: fixture.now)
        let stranger = try Fixture.key(40)
        contents.signingKey = stranger.publicKey
        #expect(
            refusal { _ = try fixture.card.succession(of: try NodeCard.issue(contents, with: stranger)) } == "identity.card-not-chained")
    }

    @Test func aChainOfKeysIsFollowedOverSeveralSteps() throws {
        var cards = [fixture.card]
        var key = fixture.memberKey
        for number in UInt8(50)..<53 {
            let next = try Fixture.key(number)
            let last = try #require(cards.last)
            let contents = try last.contents.rotating(
                from: key, to: next.publicKey, issuedAt: fixture.now.adding(seconds: Int64(number)))
            cards.append(try NodeCard.issue(contents, with: next))
            key = next
        }
        for (older, newer) in [(0, 1), (0, 3), (1, 2), (1, 3), (2, 3)] {
            #expect(try cards[older].succession(of: cards[newer]) == .newKey)
            #expect(refusal { _ = try cards[newer].succession(of: cards[older]) } == "identity.card-serial-old")
        }
        // A retired key cannot write a branch that followers of the newest card take.
        var branch = cards[0].contents
        branch.serial = 99
        let forged = try NodeCard.issue(branch, with: fixture.memberKey)
        #expect(refusal { _ = try cards[3].succession(of: forged) } == "identity.card-not-chained")
        // Nor may a later card drop or change the retired keys.
        var dropped = cards[3].contents.next(issuedAt: fixture.now)
        dropped.retiredSigningKeys.removeFirst()
        let shorter = try NodeCard.issue(dropped, with: key)
        #expect(refusal { _ = try cards[3].succession(of: shorter) } == "identity.card-not-chained")
        // Old signatures are judged by the time of their record.
        let before = fixture.now
        #expect(cards[3].signingKeys(at: before).count == 4)
        #expect(cards[3].signingKeys(at: fixture.now.adding(seconds: 51)).count == 2)
        #expect(cards[3].key(thumbprint: KeyThumbprint.of(fixture.memberKey.publicKey), at: before) == fixture.memberKey.publicKey)
    }

    @Test func aHandoverForSomethingElseIsRefused() throws {
        let next = try Fixture.key(60)
        for subject in [fixture.operatorID.description, "urn:kouan:space:fujian-battery"] {
            var contents = fixture.card.contents.next(issuedAt: fixture.now)
            contents.signingKey = next.publicKey
            contents.retiredSigningKeys = [
                try RetiredKey.handOver(fixture.memberKey, to: next.publicKey, subject: subject, until: fixture.now)
            ]
            #expect(refusal { _ = try NodeCard.issue(contents, with: next) } == "identity.card-malformed")
        }
    }

    @Test func spacesFollowTheSameRule() throws {
        let next = try SpaceFile.issue(fixture.space.contents.next(issuedAt: fixture.now), with: fixture.operatorKey)
        #expect(try fixture.space.succession(of: next) == .sameKey)
        #expect(refusal { _ = try next.succession(of: fixture.space) } == "identity.space-serial-old")
        let newKey = try Fixture.key(61)
        let rotated = try SpaceFile.issue(
            try next.contents.rotating(
                from: fixture.operatorKey, to: newKey.publicKey, issuedAt: fixture.now, acceptedUntil: fixture.now.adding(seconds: 86_400)),
            with: newKey)
        #expect(try fixture.space.succession(of: rotated) == .newKey)
        var stolen = try Fixture.spaceContents(operator: fixture.memberID, key: fixture.memberKey.publicKey)
        stolen.serial = 9
        let other = try SpaceFile.issue(stolen, with: fixture.memberKey)
        #expect(refusal { _ = try fixture.space.succession(of: other) } == "identity.space-other-operator")
        // The old operator key's credentials count until the end that the file states.
        #expect(fixture.verify(spaces: [rotated]).refusal == nil)
        #expect(fixture.verify(spaces: [rotated], at: fixture.now.adding(seconds: 86_400)).refusal == "identity.credential-unknown-key")
    }
}
