// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Testing

@testable import PolicyEngine

/// Clauses that this side, or this point, does not decide.
struct ElsewhereTests {
    private func policy(_ rules: String) throws -> Policy {
        try PolicyReader.read(
            try JSON.parse(
                """
                {"@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Agreement", "uid": "urn:uuid:1",
                 "profile": "urn:kouan:odrl:1", \(rules)}
                """))
    }

    private func decide(
        _ policy: Policy, _ point: EvaluationPoint, _ side: EvaluationSide, _ values: [IRI: PolicyValue] = [:], action: IRI = Action.read
    ) -> Decision {
        var request = PolicyRequest(action: action, party: "urn:p", target: "urn:t")
        for (operand, value) in values { request.set(operand, [value]) }
        return policy.evaluate(
            request, in: PolicyWorld(now: Timestamp(milliseconds: 0)), at: point, options: EvaluationOptions(side: side))
    }

    private let consent: IRI = "urn:kouan:odrl:1:providerConsent"
    private let environment: IRI = "urn:kouan:odrl:1:environment"

    @Test func aFactOfTheProviderIsDecidedByTheKeyThatItReleased() throws {
        let policy = try policy(
            #""permission": {"action": "read", "constraint": {"leftOperand": "kouan:providerConsent", "operator": "eq", "rightOperand": true}}"#
        )
        #expect(decide(policy, .negotiation, .provider).outcome == .conditional(needs: [consent]))
        #expect(decide(policy, .grant, .provider).outcome == .deny)
        #expect(decide(policy, .grant, .provider, [consent: .boolean(false)]).outcome == .deny)
        #expect(decide(policy, .grant, .provider, [consent: .boolean(true)]).outcome == .permit)
        #expect(decide(policy, .use, .consumer).outcome == .permit)
        #expect(decide(policy, .use, .provider).outcome == .deny)
    }

    @Test func aFactOfTheConsumerWaitsForTheUse() throws {
        let policy = try policy(
            #""permission": {"action": "read", "constraint": {"leftOperand": "kouan:environment", "operator": "isAnyOf", "rightOperand": ["sandbox", "TEE"]}}"#
        )
        let grant = decide(policy, .grant, .provider)
        #expect(grant.outcome == .permit)
        #expect(grant.deferred == [environment])
        #expect(decide(policy, .use, .consumer).outcome == .deny)
        #expect(decide(policy, .use, .consumer, [environment: .text("desktop")]).outcome == .deny)
        #expect(decide(policy, .use, .consumer, [environment: .text("TEE")]).outcome == .permit)
    }

    @Test func whatIsDecidedElsewhereLeavesTheRestToDecide() throws {
        let policy = try policy(
            #"""
            "permission": {"action": "read", "constraint": {"or": [
              {"leftOperand": "kouan:providerConsent", "operator": "eq", "rightOperand": true},
              {"leftOperand": "count", "operator": "lteq", "rightOperand": 3}]}}
            """#)
        #expect(decide(policy, .use, .consumer, [Operand.count: .integer(3)]).outcome == .permit)
        #expect(decide(policy, .use, .consumer, [Operand.count: .integer(4)]).outcome == .deny)
    }

    @Test func aProhibitionThatTheProviderDecidesDoesNotHoldItsConsumerBack() throws {
        let policy = try policy(
            #"""
            "permission": {"action": "read"},
            "prohibition": {"action": "read", "constraint": {"leftOperand": "kouan:containsMinor", "operator": "eq", "rightOperand": true}}
            """#)
        #expect(decide(policy, .grant, .provider).outcome == .deny)
        #expect(decide(policy, .grant, .provider, ["urn:kouan:odrl:1:containsMinor": .boolean(false)]).outcome == .permit)
        #expect(decide(policy, .use, .consumer).outcome == .permit)
    }

    @Test func theNeutralElementOfEachCombination() {
        for (parts, all, any, one) in [
            ([Truth.elsewhere], Truth.elsewhere, Truth.elsewhere, Truth.elsewhere),
            ([.elsewhere, .satisfied], .satisfied, .satisfied, .satisfied),
            ([.elsewhere, .unsatisfied], .unsatisfied, .unsatisfied, .unsatisfied),
            ([.elsewhere, .undetermined], .undetermined, .undetermined, .undetermined),
            ([.satisfied, .elsewhere, .satisfied], .satisfied, .satisfied, .unsatisfied),
            ([], .satisfied, .unsatisfied, .unsatisfied),
        ] {
            #expect(Truth.all(parts) == all)
            #expect(Truth.any(parts) == any)
            #expect(Truth.exactlyOne(parts) == one)
        }
    }
}
