// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel
import Testing

@testable import Identity

@Suite struct AgreementProofTests {
    let fixture: Fixture
    let terms: AgreementTerms
    let proof: AgreementProof
    let agreement: JSON = [
        "@id": "urn:uuid:1", "@type": "Agreement", "permission": [["action": "odrl:use", "constraint": [["rightOperand": .double(1.5)]]]],
        "https://other.example/x": ["kept": true],
    ]

    init() throws {
        fixture = try Fixture()
        let digest = Digest(algorithm: .sha256, bytes: [UInt8](repeating: 1, count: 32))
        terms = AgreementTerms(delivery: .one(packageReference: digest), policyHash: digest, spaces: [fixture.space.id])
        proof = try AgreementProof.sign(agreement: agreement, terms: terms, signer: fixture.memberID, with: fixture.memberKey)
    }

    func refused(_ proof: AgreementProof, agreement: JSON? = nil, terms: AgreementTerms? = nil, card: NodeCard? = nil) -> String? {
        refusal {
            try proof.verify(
                agreement: agreement ?? self.agreement, terms: terms ?? self.terms, signer: card ?? fixture.card, at: fixture.now)
        }
    }

    @Test func roundTrip() throws {
        let again = try AgreementProof.parse(try JSON.parse(proof.json.canonical()))
        #expect(again == proof)
        #expect(refused(again) == nil)
        #expect(again.signature.contains(".."))
    }

    @Test func signatureIsAPlainJWSOverThePayload() throws {
        // As a tool that knows RFC 7515 and nothing of ours would check it.
        let parts = proof.signature.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let payload = JSON.object(["agreement": agreement, "terms": terms.json]).canonical()
        let input = Array((parts[0] + "." + Base64.encodeURL(payload)).utf8)
        let signature = try #require(Base64.decodeURL(parts[2]))
        #expect(fixture.memberKey.publicKey.verify(signature, input))
    }

    @Test func everyChangeOfTheAgreementIsRefused() {
        for changed in mutations(of: agreement) { #expect(refused(proof, agreement: changed) == "identity.proof-signature") }
    }

    @Test func everyChangeOfTheTermsIsRefused() throws {
        for changed in mutations(of: terms.json) {
            guard let other = try? AgreementTerms(json: changed) else { continue }
            #expect(refused(proof, terms: other) == "identity.proof-terms-differ")
            let swapped = AgreementProof(terms: other, signature: proof.signature)
            #expect(refused(swapped, terms: other) == "identity.proof-signature")
        }
    }

    @Test func everyChangeOfTheMemberIsRefused() throws {
        for changed in mutations(of: proof.json) {
            let code = refusal {
                let proof = try AgreementProof.parse(changed)
                try proof.verify(agreement: agreement, terms: terms, signer: fixture.card, at: fixture.now)
            }
            #expect(code?.hasPrefix("identity.proof-") == true, "\(changed.canonicalText)")
        }
    }

    @Test func headerIsComparedNotObeyed() throws {
        let parts = proof.signature.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let header = String(decoding: try #require(Base64.decodeURL(parts[0])), as: UTF8.self)
        let payload = JSON.object(["agreement": agreement, "terms": terms.json]).canonical()
        for changed in [
            header.replacing("EdDSA", with: "none"), header.replacing("kouan-agreement-proof+jws", with: "vc+jwt"), header + " ",
            header.replacing("{", with: "{\"b64\":false,"), header.replacing("{", with: "{\"alg\":\"none\","), "{}", "",
        ] {
            let segment = Base64.encodeURL(Array(changed.utf8))
            let input = Array((segment + "." + Base64.encodeURL(payload)).utf8)
            let signature = Base64.encodeURL(try fixture.memberKey.sign(input))
            #expect(refused(AgreementProof(terms: terms, signature: "\(segment)..\(signature)")) == "identity.proof-header", "\(changed)")
        }
    }

    @Test func otherSignersAreRefused() throws {
        let stranger = try AgreementProof.sign(agreement: agreement, terms: terms, signer: fixture.memberID, with: fixture.operatorKey)
        #expect(refused(stranger) == "identity.proof-header")
        let other = try AgreementProof.sign(agreement: agreement, terms: terms, signer: fixture.operatorID, with: fixture.memberKey)
        #expect(refused(other) == "identity.proof-header")
    }

    @Test func aRetiredKeyCountsForItsTime() throws {
        let next = try Fixture.key(80)
        let contents = try fixture.card.contents.rotating(from: fixture.memberKey, to: next.publicKey, issuedAt: fixture.now)
        let card = try NodeCard.issue(contents, with: next)
        #expect(refused(proof, card: card) == "identity.proof-unknown-key")
        try proof.verify(agreement: agreement, terms: terms, signer: card, at: fixture.now.adding(milliseconds: -1))
    }

    @Test(
        arguments: [
            [:], ["delivery": ["kind": "two"]], ["delivery": ["kind": "one", "maximum": 1]], ["spaces": []],
            ["spaces": ["urn:kouan:space:b", "urn:kouan:space:a"]], ["spaces": ["urn:kouan:space:a", "urn:kouan:space:a"]],
            ["policyHash": "sha256:0"],
            ["delivery": ["kind": "series"]], ["delivery": "one"], ["packageReference": .null],
        ] as [JSON])
    func badTermsAreRefused(change: JSON) throws {
        guard let members = change.object, !members.isEmpty else {
            #expect(refusal { _ = try AgreementTerms(json: change) } == "identity.proof-malformed")
            return
        }
        let json = JSON.object(try #require(terms.json.object).merging(members) { _, new in new })
        #expect(refusal { _ = try AgreementTerms(json: json) } == "identity.proof-malformed")
    }

    @Test func seriesTermsSurvive() throws {
        let digest = terms.policyHash
        let spaces: Set<SpaceID> = [fixture.space.id, try #require(SpaceID(name: "a"))]
        for delivery in [
            AgreementTerms.Delivery.series(), .series(maximum: 12), .series(maximum: 1, intervalSeconds: 86_400),
            .one(packageReference: digest),
        ] {
            let terms = AgreementTerms(delivery: delivery, policyHash: digest, spaces: spaces)
            #expect(try AgreementTerms(json: terms.json) == terms)
        }
    }
}
