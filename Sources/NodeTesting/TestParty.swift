// SPDX-License-Identifier: Apache-2.0

package import CryptoPrimitives
import Exchange
package import ExchangeModel
package import Identity

/// Who a test node is.
package struct TestParty: Sendable {
    package let participant: ParticipantID
    package let names: PartyNames
    package let attributes: AttributeSet
    /// `https://<host>:8443`
    package let endpoints: CardEndpoints
    package let origin: String
    /// Whether its card lists the suite.
    package var acceptsGuomi = true

    package init(
        _ participant: String, zh: String, en: String, host: String, country: String, province: String? = nil, industry: String,
        roles: Set<ParticipantRole> = [.provider, .consumer]
    ) throws {
        self.participant = try ParticipantID(parsing: participant)
        guard let names = PartyNames(zh: zh, en: en), let base = BaseURL(parsing: "https://\(host):8443") else {
            throw ExchangeError.badInput("party", "has no usable name or host")
        }
        self.names = names
        endpoints = CardEndpoints(peer: base)
        origin = host + "/log"
        let province = try province.map { try ProvinceCode(parsing: $0) }
        attributes = AttributeSet(
            country: try CountryCode(parsing: country), provinceRegistered: province, provincePhysical: province,
            industry: IndustryCode(parsing: industry), roles: roles)
    }

    /// A battery maker.
    package static func fujian() throws -> TestParty {
        try TestParty(
            "urn:uscc:91350100M000100Y43", zh: "福建示例电池有限公司", en: "Fujian Example Battery Co.", host: "battery.example", country: "CN",
            province: "CN-350000", industry: "C38")
    }

    /// A car maker.
    package static func guangdong() throws -> TestParty {
        try TestParty(
            "urn:uscc:91440101MA59P3C47H", zh: "广东示例汽车有限公司", en: "Guangdong Example Motors Co.", host: "motors.example", country: "CN",
            province: "CN-440000", industry: "C36")
    }

    /// An importer.
    package static func germany() throws -> TestParty {
        try TestParty(
            "urn:reg:DE:HRB-12345", zh: "德国示例进口商", en: "Example Import GmbH", host: "import.example", country: "DE", industry: "F51")
    }
}

/// A space of its own for one test, with a certificate authority and an operator that admits whoever asks.
package struct TestSpace: Sendable {
    package let file: SpaceFile
    package let operatorKey: PrivateKey
    package let authority: CertificateIssuer

    package init(_ name: String = "battery-chain", at now: Timestamp) throws {
        operatorKey = try PrivateKey.generate(.ed25519)
        authority = try CertificateIssuer.makeRoot(
            subject: DistinguishedName(commonName: "Test Root of \(name)"), key: try PrivateKey.generate(.p256),
            notBefore: now.adding(seconds: -86_400), notAfter: now.adding(seconds: 3_650 * 86_400))
        guard let id = SpaceID(name: name), let names = PartyNames(zh: "测试可信数据空间", en: "Test Space") else {
            throw ExchangeError.badInput("space", "has no usable name")
        }
        file = try SpaceFile.issue(
            SpaceContents(
                id: id, type: .industry, names: names, operator: try ParticipantID(parsing: "urn:reg:CN:OPERATOR-1"),
                operatorKey: operatorKey.publicKey, issuedAt: now, anchors: [authority.certificate]), with: operatorKey)
    }

    /// A membership credential for a year.
    package func admit(_ card: NodeCard, attributes: AttributeSet, at now: Timestamp) throws -> String {
        let digits = Hex.encode(SecureRandom.bytes(16))
        let uuid = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(Array(digits)[$0]) }.joined(separator: "-")
        let claims = MembershipClaims(
            uuid: uuid, space: file, card: card, attributes: attributes, issuedAt: now, validFrom: now.adding(seconds: -600),
            validUntil: now.adding(seconds: 365 * 86_400))
        return try MembershipCredential.issue(claims, with: operatorKey)
    }
}
