// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Testing

@testable import PolicyEngine

/// What the other side may read of an explanation.
struct RedactionTests {
    private static let secret = "s3cr3t-"
    private static let now = Timestamp(parsing: "2026-12-15T02:00:00Z") ?? Timestamp(seconds: 0)

    /// A world full of secrets around the request.
    private func world(_ policy: Policy, _ random: inout SeededGenerator) -> PolicyWorld {
        var world = RandomPolicies.world(&random)
        func secret() -> String { RedactionTests.secret + "\(random.below(1000))" }
        for party in RandomPolicies.parties + [RandomPolicies.target] {
            world.memberOf[party] = [secret()]
            world.properties[party] = [
                "http://www.w3.org/2006/vcard/ns#hasRole": [.text(secret())], Operand.purpose.description: [.iri(secret())],
            ]
        }
        for operand in [Operand.industry, Operand.recipientCountry, "urn:kouan:odrl:1:withinScope", "urn:kouan:odrl:1:exportMechanism"] {
            world.values[operand.description] = [.text(secret())]
        }
        world.references["urn:ref"] = [.text(secret()), .text("research")]
        world.types["research"] = [secret()]
        world.broader["research"] = [secret()]
        let rules = policy.permissions.map(\.terms) + policy.prohibitions.map(\.terms)
        for rule in rules {
            world.counters[rule.name] = [Operand.count.description: [.text(secret())], Operand.meteredTime.description: [.text(secret())]]
        }
        world.performed.append(
            PerformedAction(
                id: secret(), action: IRI(Namespace.odrl + "distribute"), party: secret(), target: secret(), at: RedactionTests.now,
                values: [Operand.purpose.description: [.text(secret())]]))
        return world
    }

    private func policy(_ random: inout SeededGenerator) throws -> Policy {
        var source = RandomPolicies.policy(&random, travels: false).object ?? [:]
        source["profile"] = "urn:kouan:odrl:1"
        var permissions = source["permission"]?.array ?? []
        let clauses: [JSON] = [
            ["leftOperand": "kouan:withinScope", "operator": "eq", "rightOperand": true],
            ["leftOperand": "kouan:exportMechanism", "operator": "isAnyOf", "rightOperand": ["exempt"]],
            ["leftOperand": "kouan:recipientCountry", "operator": "eq", "rightOperand": "DE"],
            ["leftOperand": "industry", "operator": "isAnyOf", "rightOperand": ["C36"]],
            ["leftOperand": "meteredTime", "operator": "lteq", "rightOperand": ["@value": "PT1H", "@type": "xsd:duration"]],
            ["leftOperand": "purpose", "operator": "isAnyOf", "rightOperandReference": ["@id": "urn:ref"]],
        ]
        var rule: [String: JSON] = [
            "uid": "urn:more", "action": "read", "constraint": .array((0..<3).map { _ in random.pick(clauses) }),
            "duty": [["uid": "urn:dmore", "action": "compensate", "assignee": "urn:other"]],
        ]
        if random.chance(50) {
            rule["assignee"] = [
                "@type": "PartyCollection", "source": "urn:members",
                "refinement": [["leftOperand": "vcard:hasRole", "operator": "eq", "rightOperand": "buyer"]],
            ]
        }
        permissions.append(.object(rule))
        source["permission"] = .array(permissions)
        let parsed = PolicyReader.parse(.object(source)).policy
        return try #require(parsed)
    }

    @Test func nothingOfTheWorldLeaks() throws {
        let seed = freshSeed()
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var mentioned = 0
        for _ in 0..<400 {
            let policy = try policy(&random)
            var request = RandomPolicies.request(&random)
            if random.chance(30) { request.parameters[Operand.purpose.description] = nil }
            if random.chance(30) { request.parameters[Operand.count.description] = nil }
            let world = world(policy, &random)
            for point in EvaluationPoint.allCases {
                let explanation = policy.explain(request, in: world, at: point)
                if explanation.json().canonicalText.contains(RedactionTests.secret) { mentioned += 1 }
                let told = explanation.redacted(for: .peer)
                for text in [told.json().canonicalText, told.text(.en), told.text(.zh), told.message.en, told.message.zh] {
                    #expect(!text.contains(RedactionTests.secret), "seed \(seed)")
                }
            }
        }
        #expect(mentioned > 100, "the full explanation shows what the redacted one leaves out")
    }

    @Test func theRedactedFormSaysNothingThatDependsOnOurFacts() throws {
        let source = """
            {"@context": "http://www.w3.org/ns/odrl.jsonld", "profile": "urn:kouan:odrl:1", "uid": "urn:p", "@type": "Agreement",
             "permission": [{"uid": "urn:r", "action": "read", "constraint": [
               {"leftOperand": "kouan:containsMinor", "operator": "eq", "rightOperand": false},
               {"leftOperand": "purpose", "operator": "eq", "rightOperand": "research"}]}]}
            """
        let policy = try PolicyReader.read(try json(source))
        var told: [Explanation] = []
        for minors in [[PolicyValue.boolean(true)], []] {
            var request = PolicyRequest(action: Action.read, party: "urn:a", target: "urn:t", purpose: "research")
            if !minors.isEmpty { request.set("urn:kouan:odrl:1:containsMinor", minors) }
            let explanation = policy.explain(request, in: PolicyWorld(now: RedactionTests.now), at: .grant)
            #expect(explanation.outcome == .deny)
            told.append(explanation.redacted(for: .peer))
        }
        #expect(told[0].json() == told[1].json())
        #expect(told[0].code == "policy.not-disclosed")
        #expect(told[0].rules[0].clauses.map(\.state) == [nil, .satisfied])
        #expect(told[0].rules[0].applies == nil)
        #expect(told[0].repair?.items.map(\.means) == [.undisclosed])
        #expect(told[0].repair?.isPossible == false)
    }

    @Test func whatThePeerStatedIsToldBack() throws {
        let source = """
            {"@context": "http://www.w3.org/ns/odrl.jsonld", "uid": "urn:p", "@type": "Agreement", "permission": [{"uid": "urn:r", "action": "read",
             "constraint": [{"leftOperand": "purpose", "operator": "isAnyOf", "rightOperand": ["research", "recycling"]}]}]}
            """
        let policy = try PolicyReader.read(try json(source))
        let request = PolicyRequest(action: Action.read, party: "urn:a", target: "urn:t", purpose: "pricing")
        let full = policy.explain(request, in: PolicyWorld(now: RedactionTests.now), at: .grant)
        let told = full.redacted(for: .peer)
        #expect(told.message == full.message)
        #expect(told.message.en == "`odrl:purpose` is `pricing` and must be one of `research`, `recycling`")
        #expect(told.repair?.isPossible == true)
        #expect(told.redacted(for: .peer).json() == told.json())
    }

    @Test func rulesOfAParentPolicyStayHere() throws {
        let parent = try PolicyReader.read(
            try json(
                #"{"@context": "http://www.w3.org/ns/odrl.jsonld", "uid": "urn:parent", "prohibition": [{"uid": "urn:house-rule", "action": "read", "constraint": [{"leftOperand": "spatial", "operator": "eq", "rightOperand": "XX"}]}]}"#
            ))
        let child = try #require(
            PolicyReader.parse(
                try json(
                    #"{"@context": "http://www.w3.org/ns/odrl.jsonld", "uid": "urn:p", "@type": "Agreement", "inheritFrom": "urn:parent", "permission": [{"action": "read"}]}"#
                )
            ).policy)
        let request = PolicyRequest(action: Action.read, party: "urn:a", target: "urn:t", places: ["XX"])
        let options = EvaluationOptions(library: ["urn:parent": parent])
        let full = child.explain(request, in: PolicyWorld(now: RedactionTests.now), at: .grant, options: options)
        #expect(full.rules.count == 2)
        let told = full.redacted(for: .peer)
        for text in [told.json().canonicalText, told.text(.en), told.text(.zh)] { #expect(!text.contains("house-rule")) }
        #expect(told.rules.count == 1)
    }
}
