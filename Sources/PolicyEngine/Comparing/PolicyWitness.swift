// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// A request that shows a difference between two policies, with the facts about its party, target and values that it rests on.
package struct PolicyWitness: Sendable {
    package private(set) var action: IRI?
    package private(set) var party: String?
    package private(set) var target: String?
    package private(set) var values: [IRI: [PolicyValue]] = [:]
    package private(set) var partyProperties: [IRI: [PolicyValue]] = [:]
    package private(set) var targetProperties: [IRI: [PolicyValue]] = [:]
    package private(set) var memberOf: [String: [String]] = [:]
    package private(set) var types: [String: [String]] = [:]
    /// It holds only if clauses that nothing here decides (references, unknown operators) turn out one way.
    let restsOnOpaque: Bool

    init(_ model: Satisfiability.Model, _ axes: [Axis], _ facts: [Fact], _ hierarchy: Hierarchy) {
        restsOnOpaque = model.facts.keys.contains { if case .opaque = facts[$0] { true } else { false } }
        for (index, classes) in model.classes {
            let chosen = classes.map { axes[index].values[$0] }
            switch axes[index].key.subject {
            case .action: action = chosen.first?.key.map { IRI($0) }
            case .party: party = chosen.first?.key
            case .target: target = chosen.first?.key
            case .request(let operand): values[operand] = chosen
            case .partyProperty(let operand): partyProperties[operand] = chosen
            case .targetProperty(let operand): targetProperties[operand] = chosen
            }
        }
        // Properties and memberships need somebody to have them.
        if party == nil, !partyProperties.isEmpty { party = "urn:kouan:any-party" }
        if target == nil, !targetProperties.isEmpty { target = "urn:kouan:any-target" }
        let excluded = Dictionary(grouping: model.facts.filter { !$0.value }.keys) { facts[$0].axis }
        for (index, isTrue) in model.facts.sorted(by: { $0.key < $1.key }) where isTrue {
            switch facts[index] {
            case .member(let subject, let collection):
                guard let member = subject == .party ? party : target else { continue }
                memberOf[member, default: []].append(collection)
            case .kind(let axis, let kinds):
                var forbidden: Set<String> = []
                for other in excluded[axis] ?? [] { if case .kind(_, let names) = facts[other] { forbidden.formUnion(names) } }
                guard let kind = kinds.sorted().first(where: { hierarchy.above($0).isDisjoint(with: forbidden) }) else { continue }
                for value in properties(axis.subject) { if let key = value.key { types[key, default: []].append(kind) } }
            case .opaque: break
            }
        }
    }

    private func properties(_ subject: AxisKey.Subject) -> [PolicyValue] {
        switch subject {
        case .request(let operand): values[operand] ?? []
        case .partyProperty(let operand): partyProperties[operand] ?? []
        case .targetProperty(let operand): targetProperties[operand] ?? []
        case .action, .party, .target: []
        }
    }

    /// The request, to be put to `Policy.evaluate` or to `policy evaluate`.
    package var request: PolicyRequest {
        var request = PolicyRequest(action: action, party: party, target: target)
        for (operand, values) in values { request.set(operand, values) }
        return request
    }

    /// The facts of the witness added to `world`.
    package func world(in world: PolicyWorld) -> PolicyWorld {
        var world = world
        for (member, collections) in memberOf { world.memberOf[member, default: []] += collections }
        for (value, kinds) in types { world.types[value, default: []] += kinds }
        for (id, properties) in [(party, partyProperties), (target, targetProperties)] {
            guard let id else { continue }
            for (operand, values) in properties { world.properties[id, default: [:]][operand.description] = values }
        }
        return world
    }

    package var json: JSON {
        func table(_ values: [IRI: [PolicyValue]]) -> JSON? {
            values.isEmpty
                ? nil : .object(Dictionary(uniqueKeysWithValues: values.map { ($0.key.description, .array($0.value.map(\.json))) }))
        }
        func edges(_ edges: [String: [String]]) -> JSON? { edges.isEmpty ? nil : .object(edges.mapValues { .strings($0) }) }
        return .members([
            "action": action.map { .string($0.description) }, "party": party.map(JSON.string), "target": target.map(JSON.string),
            "parameters": table(values), "partyProperties": table(partyProperties), "targetProperties": table(targetProperties),
            "memberOf": edges(memberOf), "types": edges(types),
        ])
    }
}

extension Fact {
    fileprivate var axis: AxisKey? {
        if case .kind(let axis, _) = self { return axis }
        return nil
    }
}
