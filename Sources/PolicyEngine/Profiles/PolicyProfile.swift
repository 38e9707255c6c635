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
    package let operands: [OperandInfo]
    /// Each action with the wider ones it is included in.
    package let actions: [(action: IRI, title: LocalizedText, includedIn: [IRI])]
    package let document: JSON

    package static let kouan: IRI = "urn:kouan:odrl:1"

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
        for profile in all {
            for term in profile.operands.map(\.iri) + profile.actions.map(\.action) { table[term] = profile.id }
        }
        return table
    }()

    /// The profile that a policy must name to use `term`.
    static func owner(of term: IRI) -> IRI? { owners[term] }

    /// Nil when the document is none; an entry that cannot be read is left out, and a test reads every file in full.
    init?(_ document: JSON) {
        guard let id = document["profile"]?.string, let version = document["version"]?.string else { return nil }
        self.id = IRI(id)
        self.version = version
        self.document = document
        title = PolicyProfile.text(document["title"]) ?? LocalizedText(id, id)
        prefixes = (document["prefixes"]?.object ?? [:]).compactMapValues(\.string)
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
            isContractText: entry["contractText"]?.bool ?? false, level: level, title: title)
    }

    private static func text(_ json: JSON?) -> LocalizedText? {
        guard let en = json?["en"]?.string, let zh = json?["zh"]?.string else { return nil }
        return LocalizedText(en, zh)
    }
}
