// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel
import Testing

@testable import Identity

@Suite struct UserTests {
    @Test func tokenRoundTrip() throws {
        let id = UserID.make()
        let token = UserToken.make(for: id)
        #expect(token.secretText.utf8.count == 66)
        #expect(token.secretText.hasPrefix("kouan_\(id)_"))
        let again = try #require(UserToken(parsing: token.secretText))
        #expect(again.user == id)
        #expect(again.digest == Hash.digest(Array(token.secretText.utf8)))
        #expect(UserID(parsing: id.description) == id)
    }

    @Test func tokenDoesNotPrintItself() {
        let token = UserToken.make(for: .make())
        let secret = token.secretText.suffix(43)
        var dumped = ""
        dump(token, to: &dumped)
        for text in ["\(token)", String(reflecting: token), "\([token])", "\(["a": token])", dumped] { #expect(!text.contains(secret)) }
    }

    @Test func userIDIsBase32() throws {
        #expect(UserID(random: [UInt8](repeating: 0, count: 10))?.description == "0000000000000000")
        #expect(UserID(random: [UInt8](repeating: 255, count: 10))?.description == "zzzzzzzzzzzzzzzz")
        #expect(UserID(random: [0x08] + [UInt8](repeating: 0, count: 9))?.description == "1000000000000000")
        #expect(UserID(random: []) == nil)
        for text in ["", "zzzzzzzzzzzzzzz", "zzzzzzzzzzzzzzzzz", "ZZZZZZZZZZZZZZZZ", "zzzzzzzzzzzzzzzi", "zzzzzzz_zzzzzzzz"] {
            #expect(UserID(parsing: text) == nil)
        }
    }

    @Test func badTokensAreRefused() {
        let good = UserToken.make(for: .make()).secretText
        for text in [
            "", "kouan_", String(good.dropLast()), good + "A", good.uppercased(), " " + good, good.replacing("kouan_", with: "kouan-"),
            String(good.dropLast()) + "=", String(good.dropLast(2)) + "\u{212A}",
        ] {
            #expect(UserToken(parsing: text) == nil)
        }
    }

    @Test func onlyTheRightTokenOfAnEnabledUserCounts() {
        let id = UserID.make()
        let token = UserToken.make(for: id)
        var user = User(
            id: id, name: "林", roles: [.operator], createdAt: Fixture.now, tokenDigest: token.digest, tokenIssuedAt: Fixture.now)
        #expect(user.isAuthenticated(by: token))
        #expect(!user.isAuthenticated(by: .make(for: id)))
        #expect(!user.isAuthenticated(by: .make(for: .make())))
        #expect(user.may(.operate, .transfer))
        #expect(!user.may(.administer, .user))
        user.isEnabled = false
        #expect(!user.isAuthenticated(by: token))
        #expect(!user.may(.read, .transfer))
    }

    @Test func permissionsHoldTheirLines() {
        for noun in Noun.allCases {
            #expect(!Permissions.allow(.admin, .decide, noun), "judgement is the officer's alone")
            #expect(!Permissions.allow(.operator, .decide, noun))
            #expect(!Permissions.allow(.auditor, .decide, noun))
            for role in [UserRole.operator, .officer, .auditor] { #expect(!Permissions.allow(role, .administer, noun)) }
            #expect(Permissions.allow(.admin, .read, noun) && Permissions.allow(.admin, .administer, noun))
        }
        #expect(UserRole.allCases.allSatisfy { Permissions.allow($0, .read, .ledger) })
        #expect(Permissions.allow(.officer, .decide, .transfer))
        #expect(!Permissions.allow(.operator, .read, .vault))
        #expect(!Permissions.allow(.auditor, .operate, .transfer))
        #expect(!Permissions.allow(.officer, .operate, .offer))
    }
}

@Suite struct NameTests {
    @Test(arguments: [
        "https://a", "https://node.example:8443", "https://node.example/base/path", "https://127.0.0.1:1", "https://[::1]:65535",
        "https://[2001:db8::1]", "https://[2001:db8:1:2:3:4:5:6]/x", "https://xn--fiqs8s.example",
    ])
    func goodBaseURLs(text: String) throws {
        let url = try #require(BaseURL(parsing: text))
        #expect(url.description == text)
    }

    @Test func baseURLParts() throws {
        let url = try #require(BaseURL(parsing: "https://[2001:db8::1]:8443/a/b"))
        #expect((url.host, url.port, url.path) == ("2001:db8::1", 8443, "/a/b"))
        #expect(BaseURL(parsing: "https://a")?.port == 443)
    }

    @Test(arguments: [
        "", "http://a", "HTTPS://a", "https://", "https:///a", "https://A", "https://a/", "https://a//b", "https://a/../b", "https://a/./b",
        "https://u@a", "https://u:p@a", "https://a?x", "https://a#x", "https://a:0", "https://a:65536", "https://a:", "https://a:08",
        "https://a:+1",
        "https://a b", "https://a/%2e", "https://-a", "https://a-", "https://a..b", "https://a.", "https://1.2.3", "https://1.2.3.256",
        "https://01.2.3.4", "https://[::1", "https://[]", "https://[1::2::3]", "https://[:::]", "https://[12345::]", "https://[1:2]",
        "https://a\\b", "https://é",
        "https://[::1]x",
    ])
    func badBaseURLs(text: String) { #expect(BaseURL(parsing: text) == nil) }

    @Test func industriesKnowTheirSection() {
        for text in ["A01", "A05", "C13", "C43", "T97", "K70", "J66"] { #expect(IndustryCode(parsing: text)?.description == text) }
        for text in ["A00", "A06", "C12", "C44", "U98", "c38", "C3", "C388", "C3x", ""] { #expect(IndustryCode(parsing: text) == nil) }
    }

    @Test func logKeysAreVerifierKeys() throws {
        let key = try Fixture.key(9).publicKey
        let log = try #require(LogKey(name: "node.example/log", role: .log, key: key))
        #expect(LogKey(parsing: log.description, role: .log) == log)
        #expect(LogKey(parsing: log.description, role: .witness) == nil)
        let parts = log.description.split(separator: "+", maxSplits: 2).map(String.init)
        #expect(LogKey(parsing: "other+\(parts[1])+\(parts[2])", role: .log) == nil)
        #expect(LogKey(parsing: "\(parts[0])+\(parts[1].uppercased())x+\(parts[2])", role: .log) == nil)
        for name in ["", "a b", "a+b", "a\n", "é"] { #expect(LogKey(name: name, role: .log, key: key) == nil) }
        for text in ["", "+", "++", "a+b", "a+00000000+", "a+00000000+AQ=="] { #expect(LogKey(parsing: text, role: .log) == nil) }
        // A key that is published with its hash, in the documentation of Go's note package.
        let example = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        #expect(LogKey(parsing: example, role: .log)?.description == example)
    }
}

@Suite struct FuzzTests {
    /// Whatever a peer sends is refused with one of our codes or is right; it never traps.
    @Test func randomBytesNeverTrap() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededRandom(state: seed)
        let fixture = try Fixture()
        let token = Array(fixture.card.credentials[0].utf8)
        var accepted = 0
        for _ in 0..<400 {
            let noise = (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            for bytes in [
                noise, mangled(fixture.card.bytes, &random), mangled(fixture.space.bytes, &random), mangled(token, &random),
            ] {
                let text = String(decoding: bytes, as: UTF8.self)
                if refusal({ _ = try NodeCard.parse(bytes) }) == nil, bytes != fixture.card.bytes { accepted += 1 }
                if refusal({ _ = try SpaceFile.parse(bytes) }) == nil, bytes != fixture.space.bytes { accepted += 1 }
                if refusal({ _ = try MembershipCredential.verify(text, space: fixture.space, card: fixture.card, at: fixture.now) }) == nil,
                    bytes != token
                {
                    accepted += 1
                }
                _ = try? AgreementProof.parse(.object(["signatures": [.string(text)], "terms": .string(text)]))
                _ = UserToken(parsing: text)
                _ = BaseURL(parsing: text)
                _ = LogKey(parsing: text, role: .log)
                _ = SpaceID(parsing: text)
                _ = IndustryCode(parsing: text)
            }
        }
        #expect(accepted == 0, "seed \(seed)")
    }

    /// Bytes flipped, cut, doubled or overwritten, always differing.
    private func mangled(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var copy = bytes
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: copy[at] ^= UInt8.random(in: 1...255, using: &random)
        case 1: copy.removeSubrange(at...)
        case 2: copy.insert(copy[at], at: at)
        default: copy.insert(contentsOf: copy[at...].prefix(40), at: at)
        }
        return copy
    }
}
