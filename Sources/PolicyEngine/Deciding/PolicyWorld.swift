// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// What somebody wants to do.
///
/// `parameters` are left-operand values of this request, by the full IRI of the operand. For `odrl:count` the value is the number of
/// uses *including* this one: the engine compares, it never adds. A caller that has stored 9 uses and asks about the next passes 10,
/// so `count lteq 10` allows exactly ten uses.
package struct PolicyRequest: Sendable {
    package var id: String?
    /// Nil where no single use is at stake yet: at the catalog, at negotiation and at transfer the engine then asks whether any
    /// permitted action is open to the party. At grant and use nil matches no rule.
    package var action: IRI?
    package var party: String?
    package var target: String?
    package var parameters: [String: [PolicyValue]]

    package init(
        id: String? = nil, action: IRI?, party: String? = nil, target: String? = nil, parameters: [String: [PolicyValue]] = [:]
    ) {
        self.id = id
        self.action = action
        self.party = party
        self.target = target
        self.parameters = parameters
    }

    /// Sets the values of an operand, and of those that profiles declare to be the same fact.
    package mutating func set(_ operand: IRI, _ values: [PolicyValue]) {
        parameters[operand.description] = values
        for alias in PolicyProfile.aliases(of: operand) { parameters[alias.description] = values }
    }

    /// The facts that an exchange knows about a use, under their operands. Nil leaves an operand without a value.
    package init(
        id: String? = nil, action: IRI?, party: String?, target: String?, purpose: String? = nil, usesIncludingThis: Int? = nil,
        places: [String]? = nil, country: CountryCode? = nil, province: ProvinceCode? = nil, spaces: [String]? = nil,
        industry: String? = nil
    ) {
        self.init(id: id, action: action, party: party, target: target)
        if let purpose { set(Operand.purpose, [.text(purpose)]) }
        if let usesIncludingThis { set(Operand.count, [.integer(usesIncludingThis)]) }
        let known = places ?? province.map { [$0.description] } ?? country.map { [$0.description] }
        if let known { set(Operand.spatial, known.map(PolicyValue.text)) }
        if let country { set(Operand.recipientCountry, [.text(country.description)]) }
        if let province { set(Operand.recipientProvince, [.text(province.description)]) }
        if let spaces {
            set(Operand.recipientSpace, spaces.map(PolicyValue.iri))
            if !spaces.isEmpty { set(Operand.catenaXMembership, [.text("active")]) }
        }
        if let industry { set(Operand.industry, [.text(industry)]) }
    }
}

/// Something that happened.
package struct PerformedAction: Sendable {
    package var id: String?
    /// The rule that it was done for, if somebody said so.
    package var rule: String?
    package var action: IRI
    package var party: String?
    package var target: String?
    package var at: Timestamp
    package var values: [String: [PolicyValue]]

    package init(
        id: String? = nil, rule: String? = nil, action: IRI, party: String? = nil, target: String? = nil, at: Timestamp,
        values: [String: [PolicyValue]] = [:]
    ) {
        self.id = id
        self.rule = rule
        self.action = action
        self.party = party
        self.target = target
        self.at = at
        self.values = values
    }
}

package enum DeonticState: String, Sendable, Hashable {
    case notSet, fulfilled, violated
}

/// All that a decision may depend on besides the policy and the request. Nothing is read from a clock or a network.
package struct PolicyWorld: Sendable {
    package var now: Timestamp?
    /// A party or asset with the collections it is in directly.
    package var memberOf: [String: [String]] = [:]
    package var types: [String: [String]] = [:]
    /// A concept or region with the wider ones directly above it.
    package var broader: [String: [String]] = [:]
    /// Values of one party or asset by operand, for refinements of collections.
    package var properties: [String: [String: [PolicyValue]]] = [:]
    /// Values of the environment by operand.
    package var values: [String: [PolicyValue]] = [:]
    /// Cumulative values by the uid of a constraint or a rule, then by operand.
    package var counters: [String: [String: [PolicyValue]]] = [:]
    package var references: [String: [PolicyValue]] = [:]
    package var performed: [PerformedAction] = []
    /// States that were decided elsewhere, by the uid of the rule, or by `#` and its place for a rule without one.
    package var dutyStates: [String: DeonticState] = [:]
    /// Which place lies in which. Nil knows only `broader`.
    package var regions: RegionHierarchy?

    package init(now: Timestamp?, regions: RegionHierarchy? = .standard) {
        self.now = now
        self.regions = regions
    }

    /// All that `start` reaches through `broader`, `memberOf` and the regions, itself included.
    func reached(from start: String) -> Set<String> {
        var reached: Set<String> = [start]
        var pending = [start]
        while let next = pending.popLast() {
            for edges in [broader[next], memberOf[next], regions?.broader[next]] {
                for wider in edges ?? [] where reached.insert(wider).inserted { pending.append(wider) }
            }
        }
        return reached
    }

    /// Whether `member` is in `collection`, through any number of collections.
    func isMember(_ member: String, of collection: String) -> Bool {
        var seen: Set<String> = [member]
        var pending = [member]
        while let next = pending.popLast() {
            for wider in memberOf[next] ?? [] {
                if wider == collection { return true }
                if seen.insert(wider).inserted { pending.append(wider) }
            }
        }
        return false
    }
}
