// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Testing

@testable import PolicyEngine

/// A set answers with what its policies answer alone.
struct PolicySetTests {
    /// Rules about several targets, parties and actions, collections among them, and rules about anything.
    private func policy(_ random: inout SeededGenerator, _ number: Int) throws -> Policy {
        func resource(_ type: String, _ names: [String]) -> JSON {
            switch random.below(4) {
            case 0: ["uid": .string(random.pick(["urn:c1", "urn:c2"])), "@type": .string(type)]
            case 1: .array([.string(random.pick(names)), .string(random.pick(names))])
            default: .string(random.pick(names))
            }
        }
        func rule(_ member: String, _ place: Int) -> JSON {
            var rule: [String: JSON] = [
                "uid": .string("urn:\(number):\(member):\(place)"),
                "action": .string(random.pick(["read", "use", "sell", "http://example.org/own"])),
            ]
            if random.chance(80) { rule["target"] = resource("AssetCollection", PolicySetTests.targets) }
            if random.chance(60) { rule["assignee"] = resource("PartyCollection", PolicySetTests.parties) }
            if random.chance(40) {
                rule["constraint"] = [
                    "leftOperand": "purpose", "operator": "eq", "rightOperand": .string(random.pick(RandomPolicies.purposes)),
                ]
            }
            return .object(rule)
        }
        var document: [String: JSON] = [
            "@type": "Agreement", "uid": .string("urn:p\(number)"),
            "permission": .array((0...random.below(2)).map { rule("permission", $0) }),
        ]
        if random.chance(30) { document["prohibition"] = [rule("prohibition", 0)] }
        if random.chance(5) { document["inheritFrom"] = "urn:nowhere" }
        return try #require(PolicyReader.parse(.object(document)).policy)
    }

    private static let targets = ["urn:t1", "urn:t2", "urn:t3"]
    private static let parties = ["urn:a", "urn:b"]

    @Test func aSetDecidesAsItsPoliciesDoAndLeavesOutOnlyWhatSaysNothing() throws {
        let seed = freshSeed()
        print("PolicySetTests.aSetDecidesAsItsPoliciesDo seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var set = PolicySet()
        var alone: [(id: String, policy: PreparedPolicy)] = []
        for round in 0..<300 {
            let place: Comment = "seed \(seed) round \(round)"
            let id = "\(random.below(40))"
            if random.chance(25) {
                set.remove(id: id)
                alone.removeAll { $0.id == id }
            } else {
                let policy = PreparedPolicy(try policy(&random, round))
                set.insert(policy, id: id)
                if let index = alone.firstIndex(where: { $0.id == id }) { alone[index].policy = policy } else { alone.append((id, policy)) }
            }
            #expect(set.count == alone.count, place)
            #expect(set[id: id] === alone.first { $0.id == id }?.policy, place)

            var world = PolicyWorld(now: Timestamp(seconds: 1_790_000_000))
            if random.chance(50) { world.memberOf = ["urn:t1": ["urn:c1"], "urn:c1": ["urn:c2"], "urn:a": ["urn:c2"]] }
            let request = PolicyRequest(
                action: random.chance(85)
                    ? IRI(random.pick([Action.read.description, Action.sell.description, "http://example.org/own"])) : nil,
                party: random.chance(90) ? random.pick(PolicySetTests.parties) : nil,
                target: random.chance(90) ? random.pick(PolicySetTests.targets) : nil, purpose: random.pick(RandomPolicies.purposes))
            let point = random.pick(EvaluationPoint.allCases)
            let found = set.evaluate(request, in: world, at: point)
            let candidates = set.candidates(for: request, in: world)
            #expect(found.count == candidates.count, place)
            var next = 0
            for (_, policy) in alone {
                let expected = policy.evaluate(request, in: world, at: point)
                if next < candidates.count, candidates[next] === policy {
                    #expect(found[next].report().canonicalText == expected.report().canonicalText, place)
                    #expect(found.outcome(at: next) == expected.outcome, place)
                    next += 1
                } else {
                    #expect(expected.outcome == .deny, place)
                    #expect(expected.rules.allSatisfy { $0.applies == .unsatisfied }, place)
                }
            }
            #expect(next == candidates.count, place)
            #expect((found.permitting == nil) == !found.contains { $0.outcome == .permit }, place)
        }
    }

    @Test func aSnapshotStaysAsItWasWhileTheRegistryGoesOn() throws {
        struct Stop: Error {}
        var random = SeededGenerator(seed: 1)
        let registry = PolicyRegistry()
        for number in 0..<20 {
            let policy = PreparedPolicy(try policy(&random, number))
            registry.update { $0.insert(policy, id: "\(number)") }
        }
        let held = registry.snapshot
        let before = (0..<20).map { held[id: "\($0)"] }
        registry.update { set in
            for number in stride(from: 0, to: 20, by: 2) { set.remove(id: "\(number)") }
        }
        #expect(registry.snapshot.count == 10)
        #expect(held.count == 20)
        for number in 0..<20 { #expect(held[id: "\(number)"] === before[number]) }
        #expect(throws: Stop.self) {
            try registry.update { (set: inout PolicySet) throws(Stop) in
                set.remove(id: "1")
                throw Stop()
            }
        }
        #expect(registry.snapshot[id: "1"] != nil)
    }
}
