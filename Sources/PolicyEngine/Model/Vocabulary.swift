// SPDX-License-Identifier: Apache-2.0

/// A term of a vocabulary in its full, absolute form. Compared by characters.
package struct IRI: Hashable, Sendable, Comparable, CustomStringConvertible, ExpressibleByStringLiteral {
    package let description: String

    package init(_ text: String) { description = text }
    package init(stringLiteral value: String) { description = value }

    package static func < (left: IRI, right: IRI) -> Bool { left.description < right.description }

    /// `odrl:purpose`, `kouan:recipientCountry`; the full form when no short one is known. For people, never for comparison.
    package var short: String {
        for (prefix, namespace) in Namespace.shortened where description.hasPrefix(namespace) {
            return prefix + ":" + description.dropFirst(namespace.count)
        }
        return description
    }

    /// How a policy may write the term: ODRL's own bare, all others with their prefix.
    var written: String { description.hasPrefix(Namespace.odrl) ? localName : short }

    /// What follows the last `/`, `#` or `:`.
    package var localName: String {
        let start = description.lastIndex { $0 == "/" || $0 == "#" || $0 == ":" }
        return start.map { String(description[description.index(after: $0)...]) } ?? description
    }
}

package enum Namespace {
    package static let odrl = "http://www.w3.org/ns/odrl/2/"
    package static let xsd = "http://www.w3.org/2001/XMLSchema#"
    package static let rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    /// The Kouan profile `urn:kouan:odrl:1`; each of its terms stands below it.
    package static let kouan = "urn:kouan:odrl:1:"

    /// The prefixes that a policy may use without declaring them: those of the W3C ODRL context, and
    /// those of the profiles.
    static let prefixes: [String: String] = [
        "odrl": odrl,
        "xsd": xsd,
        "rdf": rdf,
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "owl": "http://www.w3.org/2002/07/owl#",
        "skos": "http://www.w3.org/2004/02/skos/core#",
        "dct": "http://purl.org/dc/terms/",
        "dc": "http://purl.org/dc/terms/",
        "vcard": "http://www.w3.org/2006/vcard/ns#",
        "foaf": "http://xmlns.com/foaf/0.1/",
        "schema": "http://schema.org/",
        "cc": "http://creativecommons.org/ns#",
    ].merging(PolicyProfile.all.flatMap(\.prefixes)) { ours, _ in ours }

    static let shortened: [(String, String)] =
        [("odrl", odrl), ("kouan", kouan), ("xsd", xsd), ("cc", "http://creativecommons.org/ns#")]
        + PolicyProfile.all.flatMap { $0.prefixes.sorted { $0.key < $1.key } }.filter { $0.1 != kouan }
}

/// ODRL 2.2's twelve operators. The raw value is the term.
package enum Operator: String, Sendable, Hashable, CaseIterable {
    case eq, neq, lt, lteq, gt, gteq, isA, hasPart, isPartOf, isAllOf, isAnyOf, isNoneOf

    package var iri: IRI { IRI(Namespace.odrl + rawValue) }

    /// The W3C context maps `neq` to `odrl:neg`; both mean `neq`.
    init?(iri: IRI) {
        guard iri.description.hasPrefix(Namespace.odrl) else { return nil }
        let term = String(iri.description.dropFirst(Namespace.odrl.count))
        guard let known = Operator(rawValue: term == "neg" ? "neq" : term) else { return nil }
        self = known
    }

    var isOrdering: Bool {
        switch self {
        case .lt, .lteq, .gt, .gteq: true
        default: false
        }
    }
}

/// Left operands that callers name. All others go by their IRI.
package enum Operand {
    package static let dateTime = odrl("dateTime")
    package static let count = odrl("count")
    package static let purpose = odrl("purpose")
    package static let recipient = odrl("recipient")
    package static let spatial = odrl("spatial")
    package static let event = odrl("event")
    package static let industry = odrl("industry")
    package static let elapsedTime = odrl("elapsedTime")
    package static let meteredTime = odrl("meteredTime")
    package static let recipientCountry = IRI(Namespace.kouan + "recipientCountry")
    package static let recipientProvince = IRI(Namespace.kouan + "recipientProvince")
    package static let recipientSpace = IRI(Namespace.kouan + "recipientSpace")
    static let catenaXMembership: IRI = "https://w3id.org/catenax/2025/9/policy/Membership"

    package static let accessorCountry = IRI(Namespace.kouan + "accessorCountry")
    package static let environment = IRI(Namespace.kouan + "environment")
    package static let membership: IRI = "https://w3id.org/catenax/2025/9/policy/Membership"

    static func odrl(_ term: String) -> IRI { IRI(Namespace.odrl + term) }
}

/// Actions that callers name. All others go by their IRI.
package enum Action {
    package static let use = IRI(Namespace.odrl + "use")
    package static let read = IRI(Namespace.odrl + "read")
    package static let transfer = IRI(Namespace.odrl + "transfer")
    package static let distribute = IRI(Namespace.odrl + "distribute")
    package static let sell = IRI(Namespace.odrl + "sell")
    package static let delete = IRI(Namespace.odrl + "delete")
    package static let inform = IRI(Namespace.odrl + "inform")
    package static let watermark = IRI(Namespace.odrl + "watermark")
    package static let anonymize = IRI(Namespace.odrl + "anonymize")
    package static let mask = IRI(Namespace.kouan + "mask")
    package static let reportUsage = IRI(Namespace.kouan + "reportUsage")
}

enum Terms {
    /// Members of the nodes of a policy, by their ODRL term.
    static let members: Set<String> = [
        "profile", "inheritFrom", "conflict", "permission", "prohibition", "obligation", "target", "output", "assigner", "assignee",
        "action", "duty", "remedy", "consequence", "constraint", "refinement", "leftOperand", "operator", "rightOperand",
        "rightOperandReference", "dataType", "unit", "status", "and", "or", "xone", "andSequence", "partOf", "source", "relation",
        "hasPolicy", "function", "includedIn", "implies", "scope", "assigneeOf", "assignerOf",
        "attributedParty", "attributingParty", "compensatedParty", "compensatingParty", "consentingParty", "consentedParty",
        "informedParty", "informingParty", "trackingParty", "trackedParty", "contractingParty", "contractedParty",
    ]

    static let partyFunctions: [String] = [
        "attributedParty", "attributingParty", "compensatedParty", "compensatingParty", "consentedParty", "consentingParty",
        "contractedParty", "contractingParty", "informedParty", "informingParty", "trackedParty", "trackingParty",
    ]

    static let others: Set<String> = [
        "Policy", "Agreement", "Assertion", "Offer", "Privacy", "Request", "Set", "Ticket", "Asset", "AssetCollection", "Party",
        "PartyCollection", "Permission", "Prohibition", "Duty", "Constraint", "LogicalConstraint", "perm", "prohibit", "invalid",
        "policyUsage", "neg",
    ]

    /// Whether a bare `term` stands for the ODRL term of that name where a term of the vocabulary is expected.
    static func isODRL(_ term: String) -> Bool {
        others.contains(term) || Operator(rawValue: term) != nil || OperandTable.core.keys.contains(Operand.odrl(term))
            || ActionHierarchy.standard.contains(IRI(Namespace.odrl + term))
    }
}
