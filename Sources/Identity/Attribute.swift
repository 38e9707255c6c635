// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// How we come to know something about a participant (docs/formats/membership-credential.md §5).
package enum AttributeSource: Sendable, Hashable {
    /// A credential of this space's operator that verified.
    case credential(SpaceID)
    /// A user of this node confirmed it, at that time, on that paper.
    case confirmed(by: UserID, at: Timestamp, paper: String)
    /// The participant says so of itself.
    case claimed

    /// `credential`, `confirmed` or `claimed`
    package var word: String {
        switch self {
        case .credential: "credential"
        case .confirmed: "confirmed"
        case .claimed: "claimed"
        }
    }
}

/// A fact with its source. Policies and law read `known`; a claim is unknown to them.
package struct Attribute<Value: Sendable & Hashable>: Sendable, Hashable {
    package let value: Value
    package let source: AttributeSource

    package init(_ value: Value, _ source: AttributeSource) {
        self.value = value
        self.source = source
    }

    /// The value, unless it is only claimed.
    package var known: Value? {
        switch source {
        case .credential, .confirmed: value
        case .claimed: nil
        }
    }
}

/// Facts about a participant without their source: the subject of a credential, or the claims in a card.
package struct AttributeSet: Sendable, Hashable {
    /// Of registration.
    package var country: CountryCode?
    /// Only with country `CN`.
    package var provinceRegistered: ProvinceCode?
    /// Where the node and its data are.
    package var provincePhysical: ProvinceCode?
    package var industry: IndustryCode?
    /// Critical information infrastructure operator; nil is "not determined", which is not "no".
    package var ciio: Bool?
    package var roles: Set<ParticipantRole>?

    package init(
        country: CountryCode? = nil, provinceRegistered: ProvinceCode? = nil, provincePhysical: ProvinceCode? = nil,
        industry: IndustryCode? = nil, ciio: Bool? = nil, roles: Set<ParticipantRole>? = nil
    ) {
        self.country = country
        self.provinceRegistered = provinceRegistered
        self.provincePhysical = provincePhysical
        self.industry = industry
        self.ciio = ciio
        self.roles = roles
    }

    static let memberNames: Set<String> = ["ciio", "country", "industry", "provincePhysical", "provinceRegistered", "roles"]

    var members: [String: JSON] {
        var members: [String: JSON] = [:]
        members["ciio"] = ciio.map(JSON.bool)
        members["country"] = country.map { .string($0.description) }
        members["industry"] = industry.map { .string($0.description) }
        members["provincePhysical"] = provincePhysical.map { .string($0.description) }
        members["provinceRegistered"] = provinceRegistered.map { .string($0.description) }
        members["roles"] = roles.map { .strings($0.map(\.rawValue).sorted()) }
        return members
    }

    package var json: JSON { .object(members) }

    init(reading reader: ObjectReader) throws(IdentityError) {
        if reader.has("country") {
            let text = try reader.ascii("country", upTo: 2)
            do { country = try CountryCode(parsing: text) } catch { throw reader.refuse("country", error.message) }
        }
        provinceRegistered = try AttributeSet.province("provinceRegistered", reader)
        provincePhysical = try AttributeSet.province("provincePhysical", reader)
        if provinceRegistered != nil, country?.isMainlandChina != true {
            throw reader.refuse("provinceRegistered", "a registered province goes only with country CN")
        }
        if reader.has("industry") {
            guard let code = IndustryCode(parsing: try reader.ascii("industry", upTo: 3)) else {
                throw reader.refuse("industry", "section and division of GB/T 4754 such as C38 are expected")
            }
            industry = code
        }
        if reader.has("ciio") { ciio = try reader.boolean("ciio") }
        if reader.has("roles") {
            let texts = try reader.texts("roles", counting: 0...ParticipantRole.allCases.count, upTo: 20)
            let known = texts.compactMap(ParticipantRole.init(rawValue:))
            guard known.count == texts.count, texts == texts.sorted() else {
                throw reader.refuse("roles", "sorted roles of provider, consumer, service, operator are expected")
            }
            roles = Set(known)
        }
    }

    private static func province(_ name: String, _ reader: ObjectReader) throws(IdentityError) -> ProvinceCode? {
        guard reader.has(name) else { return nil }
        let text = try reader.ascii(name, upTo: 9)
        guard let province = try? ProvinceCode(parsing: text), province.description == text else {
            throw reader.refuse(name, "a province such as CN-350000 is expected")
        }
        return province
    }
}

/// One fact that a user confirmed about a participant.
package struct Confirmation: Sendable, Hashable {
    package enum Fact: Sendable, Hashable {
        case country(CountryCode)
        case provinceRegistered(ProvinceCode)
        case provincePhysical(ProvinceCode)
        case industry(IndustryCode)
        case ciio(Bool)
        case roles(Set<ParticipantRole>)
    }

    package let participant: ParticipantID
    package let fact: Fact
    package let user: UserID
    package let time: Timestamp
    /// What the user looked at: `business licence, copy of 2026-10-02, file 17`.
    package let paper: String

    package init(participant: ParticipantID, fact: Fact, user: UserID, time: Timestamp, paper: String) {
        self.participant = participant
        self.fact = fact
        self.user = user
        self.time = time
        self.paper = paper
    }

    var source: AttributeSource { .confirmed(by: user, at: time, paper: paper) }
}

/// What this node holds about a participant, each fact with its source.
package struct PartyAttributes: Sendable, Hashable {
    package let participant: ParticipantID
    package let names: PartyNames
    /// One per membership credential that verified, sorted by id.
    package private(set) var spaces: [Attribute<SpaceID>] = []
    package private(set) var country: Attribute<CountryCode>?
    package private(set) var provinceRegistered: Attribute<ProvinceCode>?
    package private(set) var provincePhysical: Attribute<ProvinceCode>?
    package private(set) var industry: Attribute<IndustryCode>?
    package private(set) var ciio: Attribute<Bool>?
    package private(set) var roles: Attribute<Set<ParticipantRole>>?
    /// Members about which credentials disagree; they are nil above until a user confirms one.
    package private(set) var conflicts: Set<String> = []

    /// The latest confirmation wins over credentials, a credential over a claim; credentials that disagree leave the attribute unknown.
    package init(card: NodeCard, memberships: [MembershipCredential], confirmations: [Confirmation] = []) {
        participant = card.participant
        names = memberships.first?.names ?? card.names
        let memberships = memberships.filter { $0.subject == card.participant }.sorted { $0.space < $1.space }
        spaces = memberships.map { Attribute($0.space, .credential($0.space)) }
        let confirmations = confirmations.filter { $0.participant == card.participant }.sorted { $0.time < $1.time }

        func settle<Value>(
            _ member: String, _ path: KeyPath<AttributeSet, Value?>, _ confirmed: (Confirmation.Fact) -> Value?
        ) -> Attribute<Value>? {
            if let last = confirmations.last(where: { confirmed($0.fact) != nil }), let value = confirmed(last.fact) {
                return Attribute(value, last.source)
            }
            let stated = memberships.compactMap { membership in
                membership.attributes[keyPath: path].map { Attribute($0, .credential(membership.space)) }
            }
            if Set(stated.map(\.value)).count > 1 {
                conflicts.insert(member)
                return nil
            }
            return stated.first ?? card.claims[keyPath: path].map { Attribute($0, .claimed) }
        }

        country = settle("country", \.country) { if case .country(let value) = $0 { value } else { nil } }
        provinceRegistered = settle("provinceRegistered", \.provinceRegistered) {
            if case .provinceRegistered(let value) = $0 { value } else { nil }
        }
        provincePhysical = settle("provincePhysical", \.provincePhysical) {
            if case .provincePhysical(let value) = $0 { value } else { nil }
        }
        industry = settle("industry", \.industry) { if case .industry(let value) = $0 { value } else { nil } }
        ciio = settle("ciio", \.ciio) { if case .ciio(let value) = $0 { value } else { nil } }
        roles = settle("roles", \.roles) { if case .roles(let value) = $0 { value } else { nil } }
    }

    /// For people and for the snapshot of facts beside a decision: each member with value, source and where that comes from.
    package var json: JSON {
        func show<Value>(_ attribute: Attribute<Value>?, _ value: (Value) -> JSON) -> JSON? {
            guard let attribute else { return nil }
            var members: [String: JSON] = ["source": .string(attribute.source.word), "value": value(attribute.value)]
            switch attribute.source {
            case .credential(let space): members["space"] = .string(space.description)
            case .confirmed(let user, let time, let paper):
                members["user"] = .string(user.description)
                members["time"] = .string(time.description)
                members["paper"] = .string(paper)
            case .claimed: break
            }
            return .object(members)
        }
        return .members([
            "participant": .string(participant.description),
            "names": names.json,
            "spaces": .array(spaces.compactMap { show($0) { .string($0.description) } }),
            "country": show(country) { .string($0.description) },
            "provinceRegistered": show(provinceRegistered) { .string($0.description) },
            "provincePhysical": show(provincePhysical) { .string($0.description) },
            "industry": show(industry) { .string($0.description) },
            "ciio": show(ciio, JSON.bool),
            "roles": show(roles) { .strings($0.map(\.rawValue).sorted()) },
            "conflicts": conflicts.isEmpty ? nil : .strings(conflicts.sorted()),
        ])
    }
}
