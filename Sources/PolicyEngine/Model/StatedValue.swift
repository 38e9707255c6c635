// SPDX-License-Identifier: Apache-2.0

// Operands and values as people write them on a command line.

extension IRI {
    /// What a person may mean by `text`: the IRI itself, `prefix:name`, or a bare name of ours or of ODRL.
    fileprivate static func candidates(_ text: String) -> [IRI] {
        var candidates = [IRI(text)]
        if let colon = text.firstIndex(of: ":"), let namespace = Namespace.prefixes[String(text[..<colon])] {
            candidates.append(IRI(namespace + text[text.index(after: colon)...]))
        } else if !text.contains(":") {
            candidates += [IRI(Namespace.kouan + text), IRI(Namespace.odrl + text)]
        }
        return candidates
    }
}

extension ActionHierarchy {
    /// The known action that a person means.
    package static func find(_ text: String) -> IRI? { IRI.candidates(text).first(where: standard.contains) }
}

extension OperandTable {
    /// The known operand that a person means.
    package static func find(_ text: String) -> OperandInfo? { IRI.candidates(text).lazy.compactMap { info($0) }.first }

    /// Operands whose values people of the provider confirm. What it knows earlier comes from credentials.
    package static let confirmed: Set<IRI> = Set(
        PolicyProfile.operands.values.filter { $0.knownTo == .provider && $0.knownFrom == .transfer && !$0.isContractText }.map(\.iri))

    /// Operands whose values a consumer's user states of a use.
    package static let stated: Set<IRI> = [IRI(Namespace.kouan + "algorithm"), IRI(Namespace.kouan + "groupSize")]
}

extension OperandInfo {
    /// The value that `text` stands for; nil when it is none of this sort.
    package func value(parsing text: String) -> PolicyValue? {
        guard !text.isEmpty, text.utf8.count <= 1_024 else { return nil }
        switch sort {
        case .region, .concept, .identifier: return .text(text)
        case .instant, .duration, .counter, .amount, .size, .boolean:
            guard let datatype = sort.datatype(forUntyped: text) else { return nil }
            let value = PolicyValue(lexical: text, datatype: datatype)
            return sort.accepts(value) ? value : nil
        }
    }

    /// What a value looks like, for hints.
    package var valueExample: String {
        switch sort {
        case .instant: "2027-02-28T00:00:00+08:00"
        case .duration: "P30D"
        case .counter, .amount, .size: "10"
        case .region: "CN-350000 or DE"
        case .concept: "standard-contract"
        case .identifier: "sha256:…"
        case .boolean: "true or false"
        }
    }
}
