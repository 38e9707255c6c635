// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Testing

@Suite struct ChainTests {
    let authority: TestAuthority
    let now = TestAuthority.now
    let name = "CN=node.example"
    let rootName = "CN=Test Root,O=Test,C=CN"

    init() throws { authority = try TestAuthority() }

    private func verify(
        _ leaf: Certificate, through: [Certificate] = [], anchors: [Certificate]? = nil, _ crls: [RevocationList],
        as purpose: ChainPurpose = .server, at time: Timestamp? = nil, grace: Int64 = 0
    ) throws(CryptoError) -> VerifiedChain {
        try ChainVerifier.verify(
            leaf: leaf, intermediates: through, anchors: anchors ?? [authority.root.certificate], crls: crls, at: time ?? now,
            purpose: purpose, graceSeconds: grace)
    }

    @Test(arguments: [KeyAlgorithm.ed25519, .p256], [ChainPurpose.server, .client, .any])
    func aGoodChainVerifies(algorithm: KeyAlgorithm, purpose: ChainPurpose) throws {
        let authority = try TestAuthority(algorithm: algorithm)
        let leaf = try authority.leaf(algorithm: algorithm)
        let chain = try verify(leaf, anchors: [authority.root.certificate], [authority.crl()], as: purpose)
        #expect(chain.certificates == [leaf, authority.root.certificate])
        #expect(!chain.crlStale)
    }

    @Test func timesAreTheCallers() throws {
        let leaf = try authority.leaf(from: -1, to: 3)
        let list = try authority.crl()
        let day = TestAuthority.day
        #expect(throws: Never.self) { try verify(leaf, [list], at: now.adding(seconds: -day)) }
        #expect(throws: CryptoError.chain(.notYetValid(subject: name))) { try verify(leaf, [list], at: now.adding(seconds: -day - 1)) }
        #expect(throws: Never.self) { try verify(leaf, [list], at: now.adding(seconds: 3 * day - 1)) }
        #expect(throws: CryptoError.chain(.expired(subject: name))) { try verify(leaf, [list], at: now.adding(seconds: 3 * day + 1)) }
        // Grace is for revocation lists, never for certificates.
        #expect(throws: CryptoError.chain(.expired(subject: name))) {
            try verify(leaf, [list], at: now.adding(seconds: 3 * day + 1), grace: 7 * day)
        }
    }

    @Test func otherAuthoritiesAreNotTrusted() throws {
        let sameName = try TestAuthority()
        let otherName = try TestAuthority(name: "Other Root")
        for other in [sameName, otherName] {
            let leaf = try other.leaf()
            #expect(throws: CryptoError.chain(.untrustedIssuer(subject: name))) { try verify(leaf, [authority.crl(), other.crl()]) }
            // The peer sends its own root along: still not an anchor.
            #expect {
                try verify(leaf, through: [other.root.certificate], [authority.crl(), other.crl()])
            } throws: { error in
                if case .chain(.untrustedIssuer) = error as? CryptoError { true } else { false }
            }
        }
        let leaf = try authority.leaf()
        #expect(throws: CryptoError.chain(.noAnchor)) { try verify(leaf, anchors: [], [authority.crl()]) }
        #expect(throws: Never.self) {
            try verify(leaf, anchors: [otherName.root.certificate, authority.root.certificate], [authority.crl(), otherName.crl()])
        }
    }

    @Test func aChangedSignatureIsRefused() throws {
        var der = try authority.leaf().der
        der[der.count - 1] ^= 1
        let leaf = try Certificate(der: der)
        #expect(throws: CryptoError.chain(.badSignature(subject: name))) { try verify(leaf, [authority.crl()]) }
    }

    @Test func revocationIsFinal() throws {
        let (leaf, other) = (try authority.leaf(), try authority.leaf())
        let list = try authority.crl(revoking: [leaf])
        #expect(throws: CryptoError.chain(.revoked(subject: name))) { try verify(leaf, [list]) }
        #expect(throws: Never.self) { try verify(other, [list]) }
        // A stale list still revokes, grace or not.
        let stale = try authority.crl(revoking: [leaf], from: -3, to: -1)
        #expect(throws: CryptoError.chain(.revoked(subject: name))) { try verify(leaf, [stale], grace: 2 * TestAuthority.day) }
    }

    @Test func listsExpireUnlessThereIsGrace() throws {
        let leaf = try authority.leaf(from: -20)
        let stale = try authority.crl(from: -10, to: -1)
        let day = TestAuthority.day
        #expect(throws: CryptoError.chain(.revocationListExpired(issuer: rootName))) { try verify(leaf, [stale]) }
        #expect(throws: CryptoError.chain(.revocationListExpired(issuer: rootName))) { try verify(leaf, [stale], grace: day - 1) }
        #expect(throws: CryptoError.chain(.revocationListExpired(issuer: rootName))) { try verify(leaf, [stale], grace: -day) }
        #expect(try verify(leaf, [stale], grace: day).crlStale)
        #expect(try verify(leaf, [stale], grace: 7 * day).crlStale)
        // With a current list beside it nothing is stale.
        #expect(try !verify(leaf, [stale, authority.crl(number: 2)], grace: 7 * day).crlStale)
        // Grace forgives age alone.
        #expect(throws: CryptoError.chain(.wrongPurpose(subject: name))) {
            try verify(authority.leaf(profile: .tlsClient), [stale], as: .server, grace: 7 * day)
        }
        let early = try authority.crl(from: 1, to: 2)
        #expect(throws: CryptoError.chain(.revocationListNotYetValid(issuer: rootName))) { try verify(leaf, [early], grace: 7 * day) }
    }

    @Test func aListIsRequiredAndMustBeItsIssuers() throws {
        let leaf = try authority.leaf()
        #expect(throws: CryptoError.chain(.revocationListMissing(subject: name))) { try verify(leaf, []) }
        #expect(throws: CryptoError.chain(.revocationListMissing(subject: name))) {
            try verify(leaf, [TestAuthority(name: "Other Root").crl()])
        }
        var der = try authority.crl().der
        der[der.count - 1] ^= 1
        let altered = try RevocationList(der: der)
        #expect(throws: CryptoError.chain(.revocationListSignature(issuer: rootName))) { try verify(leaf, [altered]) }
    }

    @Test func purposesAreKept() throws {
        let (server, client) = (try authority.leaf(profile: .tlsServer), try authority.leaf(profile: .tlsClient))
        let list = try authority.crl()
        #expect(throws: Never.self) { try verify(server, [list], as: .server) }
        #expect(throws: Never.self) { try verify(client, [list], as: .client) }
        #expect(throws: CryptoError.chain(.wrongPurpose(subject: name))) { try verify(server, [list], as: .client) }
        #expect(throws: CryptoError.chain(.wrongPurpose(subject: name))) { try verify(client, [list], as: .server) }
        #expect(throws: Never.self) { try verify(client, [list], as: .any) }
    }

    private func intermediate(pathLength: Int? = 0) throws -> CertificateIssuer {
        try authority.root.makeIntermediate(
            subject: DistinguishedName(commonName: "Middle"), key: .generate(.ed25519), notBefore: now.adding(seconds: -TestAuthority.day),
            notAfter: now.adding(seconds: 60 * TestAuthority.day), pathLength: pathLength)
    }

    @Test func intermediatesAreSentAndChecked() throws {
        let middle = try intermediate()
        let leaf = try authority.leaf(issuer: middle)
        let lists = [try authority.crl(), try authority.crl(issuer: middle)]
        let chain = try verify(leaf, through: [middle.certificate], lists)
        #expect(chain.certificates == [leaf, middle.certificate, authority.root.certificate])
        #expect(throws: CryptoError.chain(.untrustedIssuer(subject: name))) { try verify(leaf, lists) }
        // Every issuer's list is needed.
        #expect(throws: CryptoError.chain(.revocationListMissing(subject: name))) {
            try verify(leaf, through: [middle.certificate], [lists[0]])
        }
        #expect(throws: CryptoError.chain(.revocationListMissing(subject: "CN=Middle"))) {
            try verify(leaf, through: [middle.certificate], [lists[1]])
        }
        let revoking = try authority.crl(revoking: [middle.certificate])
        #expect(throws: CryptoError.chain(.revoked(subject: "CN=Middle"))) {
            try verify(leaf, through: [middle.certificate], [revoking, lists[1]])
        }
        #expect(throws: CryptoError.chain(.pathTooLong(subject: name))) {
            try verify(leaf, through: Array(repeating: middle.certificate, count: 11), lists)
        }
    }

    @Test func aLeafDoesNotIssue() throws {
        // A node signs a certificate for someone else: its own has no authority.
        let key = try PrivateKey.generate(.ed25519)
        let node = try authority.root.issue(
            subject: DistinguishedName(commonName: "Middle"), publicKey: key.publicKey, profile: .tlsNode,
            notBefore: now.adding(seconds: -1), notAfter: now.adding(seconds: TestAuthority.day))
        let forged = try CertificateIssuer.makeRoot(
            subject: DistinguishedName(commonName: "Middle"), key: key, notBefore: now.adding(seconds: -1),
            notAfter: now.adding(seconds: TestAuthority.day))
        let leaf = try authority.leaf(issuer: forged)
        #expect(throws: CryptoError.chain(.notAnAuthority(subject: "CN=Middle"))) {
            try verify(leaf, through: [node], [authority.crl(), authority.crl(issuer: forged)])
        }
    }

    @Test func pathLengthsAreKept() throws {
        let first = try intermediate(pathLength: 0)
        let second = try first.makeIntermediate(
            subject: DistinguishedName(commonName: "Below"), key: .generate(.ed25519), notBefore: now.adding(seconds: -1),
            notAfter: now.adding(seconds: TestAuthority.day))
        let leaf = try authority.leaf(issuer: second)
        let lists = [try authority.crl(), try authority.crl(issuer: first), try authority.crl(issuer: second)]
        #expect {
            try verify(leaf, through: [first.certificate, second.certificate], lists)
        } throws: { error in
            if case .chain(.pathTooLong) = error as? CryptoError { true } else { false }
        }
    }

    @Test func oneStoreServesManyChains() async throws {
        let good = try authority.leaf()
        let bad = try authority.leaf()
        let store = try TrustStore(anchors: [authority.root.certificate], crls: [authority.crl(revoking: [bad])])
        let now = now
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<64 {
                let leaf = number.isMultiple(of: 2) ? good : bad
                group.addTask { (try? ChainVerifier.verify(leaf: leaf, store: store, at: now, purpose: .client)) != nil }
            }
            var passed = 0
            for try await verified in group where verified { passed += 1 }
            #expect(passed == 32)
        }
    }

    @Test func everyFailureHasItsOwnCode() {
        let failures: [ChainFailure] = [
            .noAnchor, .expired(subject: "a"), .notYetValid(subject: "a"), .untrustedIssuer(subject: "a"), .badSignature(subject: "a"),
            .revoked(subject: "a"), .revocationListMissing(subject: "a"), .revocationListExpired(issuer: "a"),
            .revocationListNotYetValid(issuer: "a"), .revocationListSignature(issuer: "a"), .wrongPurpose(subject: "a"),
            .notAnAuthority(subject: "a"), .pathTooLong(subject: "a"), .nameConstraint(subject: "a"), .weakKey(subject: "a"),
            .other(number: 1, text: "b", subject: "a"),
        ]
        #expect(Set(failures.map(\.code)).count == failures.count)
        for failure in failures {
            let error = CryptoError.chain(failure)
            #expect(error.code == failure.code && error.code.hasPrefix("chain."))
            #expect(error.message.first?.isLowercase == true && !error.message.hasSuffix(".") && !error.hint.isEmpty)
        }
    }
}
