// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel

/// A throw-away authority whose times are fixed: everything is valid on `TestAuthority.now`.
struct TestAuthority {
    static let now = Timestamp(parsing: "2026-11-22T08:00:00Z")!
    static let day: Int64 = 86_400

    let root: CertificateIssuer

    init(name: String = "Test Root", algorithm: KeyAlgorithm = .ed25519, pathLength: Int? = 1) throws {
        root = try CertificateIssuer.makeRoot(
            subject: DistinguishedName(commonName: name, organization: "Test", country: "CN"), key: .generate(algorithm),
            notBefore: Self.now.adding(seconds: -30 * Self.day), notAfter: Self.now.adding(seconds: 365 * Self.day),
            pathLength: pathLength)
    }

    func leaf(
        profile: CertificateProfile = .tlsNode, algorithm: KeyAlgorithm = .ed25519, from: Int64 = -1, to: Int64 = 30,
        issuer: CertificateIssuer? = nil
    ) throws -> Certificate {
        try (issuer ?? root).issue(
            subject: DistinguishedName(commonName: "node.example"), publicKey: PrivateKey.generate(algorithm).publicKey,
            uriNames: ["urn:reg:cn:91350211M000100Y43"], dnsNames: ["node.example"], ipNames: ["127.0.0.1"], profile: profile,
            notBefore: Self.now.adding(seconds: from * Self.day), notAfter: Self.now.adding(seconds: to * Self.day))
    }

    func crl(
        revoking: [Certificate] = [], issuer: CertificateIssuer? = nil, number: Int64 = 1, from: Int64 = -2, to: Int64 = 5
    ) throws -> RevocationList {
        try (issuer ?? root).makeCRL(
            revoked: revoking.map { Revocation(serial: $0.serial, at: Self.now.adding(seconds: -Self.day)) }, number: number,
            thisUpdate: Self.now.adding(seconds: from * Self.day), nextUpdate: Self.now.adding(seconds: to * Self.day))
    }
}
