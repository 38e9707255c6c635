// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Testing

@Suite struct CertificateTests {
    let authority: TestAuthority
    init() throws { authority = try TestAuthority() }

    @Test(arguments: [KeyAlgorithm.ed25519, .p256])
    func everyFieldComesBack(_ algorithm: KeyAlgorithm) throws {
        let authority = try TestAuthority(algorithm: algorithm)
        let key = try PrivateKey.generate(algorithm)
        let request = try CertificateRequest.make(
            key: key, subject: DistinguishedName(commonName: "港口节点", organization: "Xiamen Port", country: "CN"),
            uriNames: ["urn:lei:529900T8BM49AURSDO55"], dnsNames: ["a.example", "*.b.example"], ipNames: ["192.0.2.7", "2001:db8::1"])
        let from = Timestamp(parsing: "2026-11-22T08:00:00Z")!
        let to = Timestamp(parsing: "2051-01-01T00:00:00Z")!  // beyond 2049: the other ASN.1 time type
        let leaf = try authority.root.issue(request, profile: .tlsNode, notBefore: from, notAfter: to, serial: [0x00, 0xAB, 0xCD])
        for certificate in [leaf, try Certificate(pem: leaf.pem), try Certificate(der: leaf.der)] {
            #expect(certificate == leaf)
            #expect(certificate.subject == "CN=港口节点,O=Xiamen Port,C=CN")
            #expect(certificate.subjectName == request.subject)
            #expect(certificate.issuer == authority.root.certificate.subject)
            #expect(certificate.serial == "abcd")
            #expect(certificate.uriNames == ["urn:lei:529900T8BM49AURSDO55"])
            #expect(certificate.dnsNames == ["a.example", "*.b.example"])
            #expect(certificate.ipNames == ["192.0.2.7", "2001:db8::1"])
            #expect(certificate.notBefore == from)
            #expect(certificate.notAfter == to)
            #expect(certificate.publicKey == key.publicKey)
            #expect(certificate.publicKeyFingerprint == key.publicKey.fingerprint)
            #expect(certificate.fingerprint == Hash.digest(leaf.der))
            #expect(certificate.keyUsage == [.digitalSignature])
            #expect(certificate.extendedKeyUsage == [.serverAuth, .clientAuth])
            #expect(!certificate.isCA)
            #expect(certificate.belongs(to: key))
            #expect(!certificate.belongs(to: authority.root.key))
        }
        let root = authority.root.certificate
        #expect(root.isCA)
        #expect(root.keyUsage == [.keyCertSign, .crlSign])
        #expect(root.extendedKeyUsage == nil)
        #expect(root.subject == root.issuer)
    }

    @Test func profilesDifferInTheirPurposes() throws {
        #expect(try authority.leaf(profile: .tlsServer).extendedKeyUsage == [.serverAuth])
        #expect(try authority.leaf(profile: .tlsClient).extendedKeyUsage == [.clientAuth])
        #expect(try authority.leaf(profile: .authority(pathLength: nil)).isCA)
    }

    @Test func severalParticipantNamesAreAllShown() throws {
        let leaf = try authority.root.issue(
            subject: DistinguishedName(commonName: "two"), publicKey: PrivateKey.generate(.ed25519).publicKey,
            uriNames: ["urn:lei:529900T8BM49AURSDO55", "urn:reg:de:HRB86891"], profile: .tlsNode, notBefore: TestAuthority.now,
            notAfter: TestAuthority.now.adding(seconds: 60))
        #expect(leaf.uriNames == ["urn:lei:529900T8BM49AURSDO55", "urn:reg:de:HRB86891"])
    }

    @Test func chainsKeepTheirOrder() throws {
        let leaf = try authority.leaf()
        let text = "text before\n" + leaf.pem + "between\n" + authority.root.certificate.pem
        #expect(try Certificate.chain(pem: text) == [leaf, authority.root.certificate])
        #expect(throws: CryptoError.malformedCertificate("the text has 2 certificates, expected one")) { try Certificate(pem: text) }
        #expect(throws: CryptoError.malformedCertificate("the text has no certificate")) { try Certificate.chain(pem: "nothing") }
        #expect(throws: CryptoError.malformedCertificate("the text has 0 certificates, expected one")) { try Certificate(pem: "") }
        #expect(throws: CryptoError.self) { try Certificate.chain(pem: leaf.pem + leaf.pem.replacing("MII", with: "M!I")) }
        #expect(throws: CryptoError.self) { try Certificate.chain(pem: String(leaf.pem.dropLast(40))) }
        #expect(throws: CryptoError.self) { try Certificate.chain(pem: String(repeating: leaf.pem, count: 101)) }
        #expect(throws: CryptoError.tooLarge(of: "the PEM text", limit: 1_048_576, found: 1_048_577)) {
            try Certificate.chain(pem: String(repeating: "x", count: 1_048_577))
        }
    }

    /// Peer bytes: any prefix, any altered byte either parses or is refused with a reason, and never traps.
    @Test func damagedBytesNeverTrap() throws {
        let leaf = try authority.leaf().der
        for count in 0..<leaf.count { #expect(throws: CryptoError.self) { try Certificate(der: Array(leaf[..<count])) } }
        #expect(throws: CryptoError.malformedCertificate("it is not one DER certificate")) { try Certificate(der: leaf + [0]) }
        var random = Seeded(20_261_122)
        var parsed = 0
        for _ in 0..<3000 {
            var altered = leaf
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                altered[Int.random(in: 0..<leaf.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if (try? Certificate(der: altered)) != nil { parsed += 1 }
        }
        #expect(parsed > 0)  // a changed signature is still a certificate, only no valid one
        let list = try authority.crl(revoking: [authority.leaf()]).der
        for count in 0..<list.count { #expect(throws: CryptoError.self) { try RevocationList(der: Array(list[..<count])) } }
    }

    @Test(arguments: ["a\0b", "", String(repeating: "x", count: 65), "line\nbreak"])
    func namesThatDoNotFitAreRefused(_ name: String) {
        #expect(throws: CryptoError.self) {
            try CertificateRequest.make(key: .generate(.ed25519), subject: DistinguishedName(commonName: name))
        }
    }

    @Test(
        arguments: [
            (["no-scheme"], [], []), (["urn:a b"], [], []), (["urn:é"], [], []), ([], ["-a.example"], []), ([], ["a..b"], []),
            ([], ["a\0.example"], []), ([], [String(repeating: "a", count: 64)], []), ([], [], ["300.1.1.1"]), ([], [], ["host"]),
            ([], ["a,DNS:evil"], []),
        ] as [([String], [String], [String])])
    func alternativeNamesAreChecked(uris: [String], dns: [String], addresses: [String]) {
        #expect(throws: CryptoError.self) {
            try CertificateRequest.make(
                key: .generate(.ed25519), subject: DistinguishedName(commonName: "x"), uriNames: uris, dnsNames: dns, ipNames: addresses)
        }
    }

    @Test(arguments: [KeyAlgorithm.ed25519, .p256])
    func requestsProveTheirKey(_ algorithm: KeyAlgorithm) throws {
        let key = try PrivateKey.generate(algorithm)
        let request = try CertificateRequest.make(
            key: key, subject: DistinguishedName(commonName: "n"), uriNames: ["urn:a:b"], dnsNames: ["n.example"], ipNames: ["::1"])
        let back = try CertificateRequest(pem: request.pem)
        #expect(back == request)
        #expect(back.publicKey == key.publicKey)
        #expect(back.uriNames == ["urn:a:b"] && back.dnsNames == ["n.example"] && back.ipNames == ["::1"])
        #expect(try CertificateRequest.make(key: key, subject: DistinguishedName(commonName: "n")).uriNames.isEmpty)
        // The last byte belongs to the signature.
        var altered = request.der
        altered[altered.count - 1] ^= 1
        #expect(throws: CryptoError.requestSignature) { try CertificateRequest(der: altered) }
        // And a byte of what is signed.
        let name = try #require(request.der.firstRange(of: Array("n.example".utf8)))
        altered = request.der
        altered[name.lowerBound] = UInt8(ascii: "m")
        #expect(throws: CryptoError.requestSignature) { try CertificateRequest(der: altered) }
        #expect(throws: CryptoError.malformedRequest("it is not one DER request")) { try CertificateRequest(der: request.der + [0]) }
        #expect(throws: CryptoError.malformedRequest("the text has 0 requests, expected one")) { try CertificateRequest(pem: "") }
        for count in 0..<request.der.count {
            #expect(throws: CryptoError.self) { try CertificateRequest(der: Array(request.der[..<count])) }
        }
    }

    @Test func onlyAuthoritiesIssue() throws {
        let key = try PrivateKey.generate(.ed25519)
        let leaf = try authority.root.issue(
            subject: DistinguishedName(commonName: "x"), publicKey: key.publicKey, profile: .tlsNode, notBefore: TestAuthority.now,
            notAfter: TestAuthority.now.adding(seconds: 1))
        #expect(throws: CryptoError.issue("`CN=x` is not an authority")) { try CertificateIssuer(certificate: leaf, key: key) }
        #expect(throws: CryptoError.issue("the key does not belong to `CN=Test Root,O=Test,C=CN`")) {
            try CertificateIssuer(certificate: authority.root.certificate, key: key)
        }
        #expect(throws: CryptoError.issue("it would end before it begins")) { try authority.leaf(from: 1, to: 0) }
        #expect(throws: CryptoError.issue("the serial number must have 1 to 20 bytes and not be zero")) {
            try authority.root.issue(
                subject: DistinguishedName(commonName: "x"), publicKey: key.publicKey, profile: .tlsNode, notBefore: TestAuthority.now,
                notAfter: TestAuthority.now.adding(seconds: 1), serial: [0, 0])
        }
        #expect(throws: CryptoError.wrongAlgorithm(expected: "ed25519 or p256", found: "x25519")) { try authority.leaf(algorithm: .x25519) }
        #expect(CertificateIssuer.randomSerial() != CertificateIssuer.randomSerial())
    }

    @Test func revocationListsComeBack() throws {
        let (first, second) = (try authority.leaf(), try authority.leaf())
        let list = try authority.crl(revoking: [first], number: 42)
        let back = try RevocationList(pem: list.pem)
        #expect(back == list)
        #expect(back.number == 42)
        #expect(back.issuer == authority.root.certificate.subject)
        #expect(back.revokedSerials == [first.serial])
        #expect(!back.revokedSerials.contains(second.serial))
        #expect(back.thisUpdate == TestAuthority.now.adding(seconds: -2 * TestAuthority.day))
        #expect(back.nextUpdate == TestAuthority.now.adding(seconds: 5 * TestAuthority.day))
        #expect(back.isSigned(by: authority.root.certificate))
        #expect(try !back.isSigned(by: TestAuthority().root.certificate))
        #expect(try RevocationList.all(pem: list.pem + first.pem + list.pem) == [list, list])
        #expect(try RevocationList.all(pem: "").isEmpty)
        #expect(throws: CryptoError.malformedRevocationList("it is not one DER list")) { try RevocationList(der: list.der + [0]) }
        #expect(throws: CryptoError.issue("the next revocation list must come later than this one")) { try authority.crl(from: 1, to: 1) }
        #expect(throws: CryptoError.issue("`xyz` is not a serial number")) {
            try authority.root.makeCRL(
                revoked: [Revocation(serial: "xyz", at: TestAuthority.now)], number: 1, thisUpdate: TestAuthority.now,
                nextUpdate: TestAuthority.now.adding(seconds: 1))
        }
    }
}
