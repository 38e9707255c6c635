// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// An ODRL profile as data: operands and actions beyond the ODRL vocabulary, each with its sort, where its value is known and how far a
/// clause about it holds. The files are `Policies/profiles/*.json`, compiled in so that the program needs none of them at run time.
package struct PolicyProfile: Sendable {
    package let id: IRI
    package let version: String
    package let title: LocalizedText
    /// Prefixes that a policy may use for the profile's terms without declaring them.
    package let prefixes: [String: String]
    /// Whether a policy must name the profile to use its terms. Peers of other data spaces name their context and not the profile.
    package let mustBeNamed: Bool
    /// JSON-LD contexts that give the profile's terms their bare names.
    let contexts: [String]
    package let operands: [OperandInfo]
    /// Each action with the wider ones it is included in.
    package let actions: [(action: IRI, title: LocalizedText, includedIn: [IRI])]
    /// Operands whose value is that of another operand, which the node knows.
    let sameFacts: [IRI: IRI]
    package let document: JSON

    package static let kouan: IRI = "urn:kouan:odrl:1"
    /// The name of ODRL's own vocabulary, which a policy may give and need not.
    static let odrlCore: IRI = "http://www.w3.org/ns/odrl/2/core"

    package static let all: [PolicyProfile] = EmbeddedProfiles.all.keys.sorted().compactMap { name in
        EmbeddedProfiles.all[name].flatMap { try? JSON.parse($0, limits: .policy) }.flatMap(PolicyProfile.init)
    }

    static let operands: [IRI: OperandInfo] = {
        var table: [IRI: OperandInfo] = [:]
        for operand in all.flatMap(\.operands) { table[operand.iri] = operand }
        return table
    }()

    static let actions: [IRI: [IRI]] = {
        var table: [IRI: [IRI]] = [:]
        for entry in all.flatMap(\.actions) { table[entry.action] = entry.includedIn }
        return table
    }()

    private static let owners: [IRI: IRI] = {
        var table: [IRI: IRI] = [:]
        for profile in all { for term in profile.terms { table[term] = profile.id } }
        return table
    }()

    /// The profile whose term it is.
    static func owner(of term: IRI) -> IRI? { owners[term] }

    static func named(_ id: IRI) -> PolicyProfile? { all.first { $0.id == id } }

    /// The bare names that a context of a profile gives to its terms.
    static func terms(ofContext iri: String) -> [String: String] {
        var names: [String: String] = [:]
        for term in all.filter({ $0.contexts.contains(iri) }).flatMap(\.terms) { names[term.localName] = term.description }
        return names
    }

    /// The operands that have the value of `fact` too.
    static func aliases(of fact: IRI) -> [IRI] { aliases[fact] ?? [] }

    private static let aliases: [IRI: [IRI]] = {
        var table: [IRI: [IRI]] = [:]
        for (alias, fact) in all.flatMap(\.sameFacts) { table[fact, default: []].append(alias) }
        return table
    }()

    private var terms: [IRI] { operands.map(\.iri) + actions.map(\.action) }

    /// Nil when the document is none; an entry that cannot be read is left out, and a test reads every file in full.
    init?(_ document: JSON) {
        guard let id = document["profile"]?.string, let version = document["version"]?.string else { return nil }
        self.id = IRI(id)
        self.version = version
        self.document = document
        title = PolicyProfile.text(document["title"]) ?? LocalizedText(id, id)
        prefixes = (document["prefixes"]?.object ?? [:]).compactMapValues(\.string)
        mustBeNamed = document["mustBeNamed"]?.bool ?? true
        contexts = (document["contexts"]?.array ?? []).compactMap(\.string)
        var sameFacts: [IRI: IRI] = [:]
        for entry in document["operands"]?.array ?? [] {
            guard let iri = entry["iri"]?.string, let fact = entry["sameFactAs"]?.string else { continue }
            sameFacts[IRI(iri)] = IRI(fact)
        }
        self.sameFacts = sameFacts
        operands = (document["operands"]?.array ?? []).compactMap(PolicyProfile.operand)
        actions = (document["actions"]?.array ?? []).compactMap { entry in
            guard let iri = entry["iri"]?.string else { return nil }
            return (
                IRI(iri), PolicyProfile.text(entry["title"]) ?? LocalizedText(iri, iri),
                (entry["includedIn"]?.array ?? []).compactMap { $0.string.map { IRI($0) } }
            )
        }
    }

    private static func operand(_ entry: JSON) -> OperandInfo? {
        guard let iri = entry["iri"]?.string, let sort = entry["sort"]?.string.flatMap(OperandSort.init),
            let level = entry["level"]?.string.flatMap(EnforcementLevel.init), let title = text(entry["title"])
        else { return nil }
        let knower = entry["knownTo"]?.string.map(OperandInfo.Knower.init) ?? .both
        guard let knower else { return nil }
        return OperandInfo(
            iri: IRI(iri), sort: sort, knownFrom: entry["knownFrom"]?.string.flatMap(EvaluationPoint.init), knownTo: knower,
            isContractText: entry["contractText"]?.bool ?? false, level: level, title: title,
            profileOperators: entry["operators"]?.array.map { Set($0.compactMap { $0.string.flatMap(Operator.init(rawValue:)) }) },
            profileValues: entry["values"]?.array.map { Set($0.compactMap(\.string)) })
    }

    private static func text(_ json: JSON?) -> LocalizedText? {
        guard let en = json?["en"]?.string, let zh = json?["zh"]?.string else { return nil }
        return LocalizedText(en, zh)
    }
}
