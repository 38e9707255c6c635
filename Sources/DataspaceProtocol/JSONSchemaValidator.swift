// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// The first rule of a schema that a document breaks, and where.
package struct SchemaViolation: Sendable, Hashable, CustomStringConvertible {
    package let pointer: JSONPointer
    package let keyword: String
    package let problem: String

    package var description: String {
        let place = pointer == .root ? "the document" : "`\(shown(pointer.description))`"
        return "\(place) \(problem)"
    }
}

/// Walks a value and a compiled schema together. Bounded in depth and in steps, whatever the value.
struct JSONSchemaValidator {
    private enum Step {
        case key(String)
        case index(Int)
    }

    private enum Reason {
        case wrongType([JSONSchemaSet.Kind], found: String)
        case notConstant(JSON)
        case notOption([JSON])
        case missing(String)
        case tooFewItems(Int)
        case noItem(JSON?)
        case patternMismatch
        case noBranch([String])
        case severalBranches([String])
        case forbidden([String])
        case tooComplex
    }

    /// `path` is innermost first: it is filled in on the way out, so that a valid document costs no path at all.
    private struct Failure {
        var path: [Step] = []
        let reason: Reason
        var isFatal: Bool { if case .tooComplex = reason { true } else { false } }

        func under(_ step: Step) -> Failure {
            var copy = self
            copy.path.append(step)
            return copy
        }
    }

    private let nodes: [JSONSchemaSet.Node]
    private var steps: Int
    private static let maxDepth = 512

    /// - Parameter steps: how many schema nodes may be visited before the document counts as too complex.
    static func violation(in value: JSON, of root: Int, schemas: JSONSchemaSet, steps: Int) -> SchemaViolation? {
        var validator = JSONSchemaValidator(nodes: schemas.nodes, steps: steps)
        return validator.check(value, root, 0).map(describe)
    }

    private mutating func check(_ value: JSON, _ index: Int, _ depth: Int) -> Failure? {
        steps -= 1
        guard steps > 0, depth < JSONSchemaValidator.maxDepth else { return Failure(reason: .tooComplex) }
        let node = nodes[index]
        if let failure = checkValue(value, node) { return failure }
        if let ref = node.ref, let failure = check(value, ref, depth + 1) { return failure }
        if case .object(let members) = value, let failure = checkMembers(members, node, depth) { return failure }
        if case .array(let elements) = value, let failure = checkElements(elements, node, depth) { return failure }
        return checkBranches(value, node, depth)
    }

    private func checkValue(_ value: JSON, _ node: JSONSchemaSet.Node) -> Failure? {
        if !node.types.isEmpty, !node.types.contains(where: { $0.accepts(value) }) {
            return Failure(reason: .wrongType(node.types, found: JSONSchemaSet.Kind.name(of: value)))
        }
        if let constant = node.constant, value != constant { return Failure(reason: .notConstant(constant)) }
        if let options = node.options, !options.contains(value) { return Failure(reason: .notOption(options)) }
        if let pattern = node.pattern, case .string(let text) = value, !pattern.matches(text) {
            return Failure(reason: .patternMismatch)
        }
        return nil
    }

    private mutating func checkMembers(_ members: [String: JSON], _ node: JSONSchemaSet.Node, _ depth: Int) -> Failure? {
        for name in node.required where members[name] == nil { return Failure(reason: .missing(name)) }
        for (name, schema) in node.properties {
            guard let member = members[name] else { continue }
            if let failure = check(member, schema, depth + 1) { return failure.under(.key(name)) }
        }
        return nil
    }

    private mutating func checkElements(_ elements: [JSON], _ node: JSONSchemaSet.Node, _ depth: Int) -> Failure? {
        if let least = node.minItems, elements.count < least { return Failure(reason: .tooFewItems(least)) }
        if let items = node.items {
            for (position, element) in elements.enumerated() {
                if let failure = check(element, items, depth + 1) { return failure.under(.index(position)) }
            }
        }
        if let contains = node.contains {
            for element in elements {
                guard let failure = check(element, contains, depth + 1) else { return nil }
                if failure.isFatal { return failure }
            }
            return Failure(reason: .noItem(nodes[contains].constant))
        }
        return nil
    }

    private mutating func checkBranches(_ value: JSON, _ node: JSONSchemaSet.Node, _ depth: Int) -> Failure? {
        for branch in node.allOf {
            if let failure = check(value, branch, depth + 1) { return failure }
        }
        if let failure = checkAlternatives(value, node.anyOf, atMostOne: false, depth) { return failure }
        if let failure = checkAlternatives(value, node.oneOf, atMostOne: true, depth) { return failure }
        if let not = node.not {
            guard let failure = check(value, not, depth + 1) else { return Failure(reason: .forbidden(nodes[not].required)) }
            if failure.isFatal { return failure }
        }
        return nil
    }

    private mutating func checkAlternatives(_ value: JSON, _ branches: [Int], atMostOne: Bool, _ depth: Int) -> Failure? {
        guard !branches.isEmpty else { return nil }
        var matches = 0
        var deepest: Failure?
        for branch in branches {
            guard let failure = check(value, branch, depth + 1) else {
                matches += 1
                if !atMostOne { return nil }
                if matches > 1 { return Failure(reason: .severalBranches(branches.flatMap { nodes[$0].required })) }
                continue
            }
            if failure.isFatal { return failure }
            if failure.path.count > deepest?.path.count ?? 0 { deepest = failure }
        }
        if matches == 1 { return nil }
        // A branch that got further in is the form the sender meant, so its complaint says more than ours.
        if let deepest { return deepest }
        if branches.count == 1, let not = nodes[branches[0]].not { return Failure(reason: .forbidden(nodes[not].required)) }
        return Failure(reason: .noBranch(branches.flatMap { nodes[$0].required }))
    }

    private static func describe(_ failure: Failure) -> SchemaViolation {
        var pointer = JSONPointer.root
        for step in failure.path.reversed() {
            switch step {
            case .key(let key): pointer = pointer.appending(key)
            case .index(let index): pointer = pointer.appending(index)
            }
        }
        let (keyword, problem) = words(failure.reason)
        return SchemaViolation(pointer: pointer, keyword: keyword, problem: problem)
    }

    private static func words(_ reason: Reason) -> (keyword: String, problem: String) {
        func list(_ names: [String]) -> String { names.map { "`\($0)`" }.joined(separator: ", ") }
        switch reason {
        case .wrongType(let kinds, let found):
            return ("type", "must be of type \(kinds.map(\.rawValue).joined(separator: " or ")), not \(found)")
        case .notConstant(let constant): return ("const", "must be `\(constant.canonicalText)`")
        case .notOption(let options): return ("enum", "must be one of \(options.map(\.canonicalText).joined(separator: ", "))")
        case .missing(let name): return ("required", "lacks the member `\(name)`")
        case .tooFewItems(let least): return ("minItems", "must have at least \(least) item\(least == 1 ? "" : "s")")
        case .noItem(let constant?): return ("contains", "must contain `\(constant.canonicalText)`")
        case .noItem(nil): return ("contains", "lacks a required item")
        case .patternMismatch: return ("pattern", "does not have the required form")
        case .noBranch(let names):
            return names.isEmpty ? ("anyOf", "has none of the allowed forms") : ("anyOf", "lacks all of \(list(names))")
        case .severalBranches(let names):
            return names.isEmpty
                ? ("oneOf", "has more than one of the forms that exclude each other")
                : ("oneOf", "must have exactly one of \(list(names))")
        case .forbidden(let names): return ("not", names.isEmpty ? "has a forbidden form" : "must not have \(list(names))")
        case .tooComplex: return ("limit", "is too complex to check")
        }
    }
}
