// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// The terms and prefixes in force in a document. The W3C ODRL context is built in; nothing is ever fetched.
struct JSONLDContext {
    private var prefixes = Namespace.prefixes
    private var terms: [String: String] = [:]
    private var vocabulary: String?
    /// Known terms and prefixes that the document tried to give another meaning; they keep the one they have.
    private(set) var redefined: [String] = []

    private func builtIn(_ key: String) -> String? {
        if let namespace = Namespace.prefixes[key] { return namespace }
        switch key {
        case "uid", "id": return "@id"
        case "type": return "@type"
        case "value": return Namespace.rdf + "value"
        default: break
        }
        if key == "dataType" { return Namespace.odrl + "datatype" }
        return Terms.members.contains(key) || Terms.isODRL(key) ? expandTerm(Namespace.odrl + key) : nil
    }

    /// Takes in a document's `@context`: prefixes, plain terms and `@vocab` of inline objects. Context IRIs are names, not addresses.
    mutating func declare(_ context: JSON?, depth: Int = 0) {
        guard depth < 8 else { return }
        switch context {
        case .string(let iri): terms.merge(PolicyProfile.terms(ofContext: iri)) { first, _ in first }
        case .array(let parts):
            for part in parts { declare(part, depth: depth + 1) }
        case .object(let members):
            if let vocab = members["@vocab"]?.string { vocabulary = vocab }
            for key in members.keys.sorted() where !key.hasPrefix("@") && !key.contains(":") {
                guard let definition = members[key]?.string ?? members[key]?["@id"]?.string else { continue }
                // A context may not give an ODRL term another meaning: that would be one document with two readings.
                if let meaning = builtIn(key) {
                    if expandTerm(definition) != meaning, expand(definition) != meaning { redefined.append(key) }
                    continue
                }
                guard definition.contains(":") else { continue }
                if let last = definition.unicodeScalars.last, "/#:?".unicodeScalars.contains(last) {
                    prefixes[key] = expand(definition)
                } else {
                    terms[key] = expand(definition)
                    prefixes[key] = expand(definition)
                }
            }
        default: break
        }
    }

    /// The IRI of a reference to a node: a CURIE of a known prefix is expanded, all else is taken as it stands.
    func expand(_ text: String) -> String {
        guard let colon = text.firstIndex(of: ":"), let namespace = prefixes[String(text[..<colon])] else { return text }
        let rest = text[text.index(after: colon)...]
        return rest.hasPrefix("//") ? text : namespace + rest
    }

    /// The IRI of a term of the vocabulary: bare, CURIE or absolute. A bare term that nobody declared stays bare.
    func expandTerm(_ text: String) -> String {
        let full: String
        if text.contains(":") {
            full = expand(text)
        } else if Terms.isODRL(text) {
            full = Namespace.odrl + text
        } else if let term = terms[text] {
            full = term
        } else {
            full = vocabulary.map { $0 + text } ?? text
        }
        switch full {
        // Two slips of the W3C context that spread with it.
        case Namespace.odrl + "neg": return Namespace.odrl + "neq"
        case Namespace.odrl + "industry:": return Namespace.odrl + "industry"
        default: return full
        }
    }

    /// The name by which a member is looked up: `@id`, `@type`, an ODRL member by its term, anything else by its full IRI.
    func memberName(_ key: String) -> String {
        switch key {
        case "@id", "id", "uid": return "@id"
        case "@type", "type": return "@type"
        case "value", "@value": return "value"
        default: break
        }
        if Terms.members.contains(key) || key.hasPrefix("@") { return key }
        let full = key.contains(":") ? expand(key) : terms[key] ?? vocabulary.map { $0 + key } ?? key
        if full.hasPrefix(Namespace.odrl) {
            let term = String(full.dropFirst(Namespace.odrl.count))
            switch term {
            case "uid": return "@id"
            case "datatype": return "dataType"
            default: return term
            }
        }
        switch full {
        case Namespace.rdf + "value": return "value"
        case Namespace.rdf + "type": return "@type"
        default: return full
        }
    }
}

/// An object of the document with its members under canonical names, in the order of their spelling.
struct JSONLDNode {
    typealias Item = (value: JSON, pointer: JSONPointer)

    let pointer: JSONPointer
    private let members: [String: [(key: String, value: JSON)]]

    init(_ members: [String: JSON], at pointer: JSONPointer, context: JSONLDContext) {
        self.pointer = pointer
        var named: [String: [(key: String, value: JSON)]] = [:]
        for key in members.keys.sorted() {
            guard let value = members[key] else { continue }
            named[context.memberName(key), default: []].append((key, value))
        }
        self.members = named
    }

    var names: [String] { members.keys.sorted() }
    func has(_ name: String) -> Bool { members[name] != nil }
    func key(_ name: String) -> String { members[name]?.first?.key ?? name }

    /// The values of a member: an array, `@list` and `@set` give their elements, anything else itself, null nothing.
    func items(_ name: String) -> [Item] {
        var found: [Item] = []
        for (key, value) in members[name] ?? [] { JSONLDNode.flatten(value, pointer.appending(key), into: &found, depth: 0) }
        return found
    }

    private static func flatten(_ value: JSON, _ pointer: JSONPointer, into found: inout [Item], depth: Int) {
        // What is wrapped beyond reason stays an item, so that it is found malformed and not lost.
        guard depth < 8 else {
            found.append((value, pointer))
            return
        }
        switch value {
        case .null: break
        case .array(let elements):
            for (index, element) in elements.enumerated() { flatten(element, pointer.appending(index), into: &found, depth: depth + 1) }
        case .object(let members):
            // A list object has no other members; one that has is some other thing, and must not vanish behind an empty list.
            if members.count > 1 {
                found.append((value, pointer))
            } else if let list = members["@list"] {
                flatten(list, pointer.appending("@list"), into: &found, depth: depth + 1)
            } else if let set = members["@set"] {
                flatten(set, pointer.appending("@set"), into: &found, depth: depth + 1)
            } else {
                found.append((value, pointer))
            }
        default: found.append((value, pointer))
        }
    }
}

/// The characters of a reference or of text: a string, `{"@id": …}` in its spellings, `{"@value": …}`.
func referenceText(_ value: JSON) -> String? {
    switch value {
    case .string(let text): text
    case .object(let members):
        members["@id"]?.string ?? members["uid"]?.string ?? members["id"]?.string ?? members["@value"]?.string
    default: nil
    }
}
