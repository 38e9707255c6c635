// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// The JSON Schema 2019-09 keywords that the bundled schemas use, compiled once into a flat table of nodes.
///
/// A keyword outside the subset fails the compilation instead of being skipped, so a schema is never enforced by half. `$ref` may
/// have siblings (2019-09), names a document by its `$id`, and its fragment is a JSON pointer; `#definitions/X`, which three of the
/// standard's schemas write for `#/definitions/X`, is read as the latter.
struct JSONSchemaSet: Sendable {
    struct Node: Sendable {
        var ref: Int?
        var types: [Kind] = []
        var constant: JSON?
        var options: [JSON]?
        var required: [String] = []
        var properties: [(name: String, node: Int)] = []
        var items: Int?
        var contains: Int?
        var minItems: Int?
        var pattern: SchemaPattern?
        var allOf: [Int] = []
        var anyOf: [Int] = []
        var oneOf: [Int] = []
        var not: Int?
    }

    enum Kind: String, Sendable {
        case null, boolean, integer, number, string, array, object

        func accepts(_ value: JSON) -> Bool {
            switch (self, value) {
            case (.null, .null), (.boolean, .bool), (.integer, .integer), (.number, .integer), (.number, .double), (.string, .string),
                (.array, .array), (.object, .object):
                true
            default: false
            }
        }

        static func name(of value: JSON) -> String {
            switch value {
            case .null: "null"
            case .bool: "boolean"
            case .integer, .double: "number"
            case .string: "string"
            case .array: "array"
            case .object: "object"
            }
        }
    }

    enum CompileError: Error, Equatable {
        case notJSON(String)
        case unsupported(keyword: String)
        case badValue(keyword: String)
        case unresolved(ref: String)
    }

    private(set) var nodes: [Node] = []
    private var documents: [String: JSON] = [:]
    private var located: [String: Int] = [:]
    private var pending: [(node: Int, ref: String)] = []

    init(_ texts: [String]) throws(CompileError) {
        for text in texts {
            guard let document = try? JSON.parse(text), let id = document["$id"]?.string else {
                throw .notJSON(String(text.prefix(60)))
            }
            documents[id] = document
        }
        for id in documents.keys.sorted() { _ = try node(at: id) }
        while let (node, ref) = pending.popLast() { nodes[node].ref = try self.node(at: ref) }
    }

    /// The node of the document with this `$id`.
    func root(_ id: String) -> Int? { located[id] }

    private mutating func node(at location: String) throws(CompileError) -> Int {
        let parts = location.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let base = String(parts[0])
        var path = parts.count > 1 ? String(parts[1]) : ""
        if !path.isEmpty, !path.hasPrefix("/") { path = "/" + path }
        let key = path.isEmpty ? base : base + "#" + path
        if let known = located[key] { return known }
        guard var schema = documents[base] else { throw .unresolved(ref: location) }
        for step in path.split(separator: "/") {
            guard let next = schema[String(step)] else { throw .unresolved(ref: location) }
            schema = next
        }
        return try compile(schema, base: base, key: key, depth: 0)
    }

    private mutating func compile(_ schema: JSON, base: String, key: String?, depth: Int) throws(CompileError) -> Int {
        guard depth < 64, let members = schema.object else { throw .badValue(keyword: "schema") }
        let index = nodes.count
        nodes.append(Node())
        if let key { located[key] = index }
        var node = Node()
        for (keyword, value) in members.sorted(by: { $0.key < $1.key }) {
            switch keyword {
            case "$schema", "$id", "$comment", "title", "description", "definitions": break
            case "$ref":
                let ref = try value.string.orThrow(.badValue(keyword: keyword))
                pending.append((index, ref.hasPrefix("#") ? base + ref : ref))
            case "type":
                let names = value.array ?? [value]
                for name in names {
                    node.types.append(try name.string.flatMap(Kind.init(rawValue:)).orThrow(.badValue(keyword: keyword)))
                }
            case "const": node.constant = value
            case "enum": node.options = try value.array.orThrow(.badValue(keyword: keyword))
            case "required":
                for name in try value.array.orThrow(.badValue(keyword: keyword)) {
                    node.required.append(try name.string.orThrow(.badValue(keyword: keyword)))
                }
            case "properties":
                for (name, property) in try value.object.orThrow(.badValue(keyword: keyword)).sorted(by: { $0.key < $1.key }) {
                    node.properties.append((name, try compile(property, base: base, key: nil, depth: depth + 1)))
                }
            case "items": node.items = try compile(value, base: base, key: nil, depth: depth + 1)
            case "contains": node.contains = try compile(value, base: base, key: nil, depth: depth + 1)
            case "not": node.not = try compile(value, base: base, key: nil, depth: depth + 1)
            case "minItems": node.minItems = try value.int.flatMap { Int(exactly: $0) }.orThrow(.badValue(keyword: keyword))
            case "pattern":
                node.pattern = try value.string.flatMap { SchemaPattern($0) }.orThrow(.badValue(keyword: keyword))
            case "allOf", "anyOf", "oneOf":
                var branches: [Int] = []
                for branch in try value.array.orThrow(.badValue(keyword: keyword)) {
                    branches.append(try compile(branch, base: base, key: nil, depth: depth + 1))
                }
                if keyword == "allOf" { node.allOf = branches }
                if keyword == "anyOf" { node.anyOf = branches }
                if keyword == "oneOf" { node.oneOf = branches }
            default: throw .unsupported(keyword: keyword)
            }
        }
        nodes[index] = node
        return index
    }
}

extension Optional {
    fileprivate func orThrow(_ error: JSONSchemaSet.CompileError) throws(JSONSchemaSet.CompileError) -> Wrapped {
        guard let self else { throw error }
        return self
    }
}
