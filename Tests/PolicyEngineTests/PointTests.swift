// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Foundation
import PolicyEngine
import Testing

/// Three values at five points: what is open, what is refused, and that nobody gets a permit from a missing fact.
struct PointTests {
    static let now = Timestamp(parsing: "2026-11-22T08:00:00Z")

    func policy(_ rules: String, extra: String = "") throws -> Policy {
        try PolicyReader.read(try json(#"{"uid": "urn:p", "@type": "Agreement", \#(extra) \#(rules)}"#))
    }

    func request(_ action: IRI? = Action.read, purpose: String? = nil, uses: Int? = nil, places: [String]? = nil) -> PolicyRequest {
        PolicyRequest(
            action: action, party: "urn:uscc:91350100M00010045B", target: "urn:d", purpose: purpose, usesIncludingThis: uses, places: places
        )
    }

    static let purpose =
        #""permission": [{"action": "read", "constraint": {"leftOperand": "purpose", "operator": "OP", "rightOperand": ["research"]}}]"#

    @Test(arguments: [
        (EvaluationPoint.catalog, "conditional"), (.negotiation, "conditional"), (.transfer, "permit"), (.grant, "deny"), (.use, "deny"),
    ])
    func deferredOperand(point: EvaluationPoint, outcome: String) throws {
        for operation in ["isAnyOf", "isNoneOf"] {
            let policy = try policy(PointTests.purpose.replacingOccurrences(of: "OP", with: operation))
            let decision = policy.evaluate(request(), in: PolicyWorld(now: PointTests.now), at: point)
            #expect(decision.outcome.name == outcome)
            #expect(decision.deferred == (point == .transfer ? [Operand.purpose] : []))
            #expect((decision.permit != nil) == (point == .transfer))
        }
    }

    @Test(arguments: EvaluationPoint.allCases)
    func missingFactThatShouldBeKnown(point: EvaluationPoint) throws {
        let policy = try policy(
            #""permission": [{"action": "read", "constraint": {"leftOperand": "spatial", "operator": "isNoneOf", "rightOperand": "US"}}]"#)
        let unknown = policy.evaluate(request(), in: PolicyWorld(now: PointTests.now), at: point)
        #expect(unknown.outcome.name == (point.isEnforced ? "deny" : "conditional"))
        if point.isEnforced { #expect(unknown.code == "policy.value-missing") }
        #expect(policy.evaluate(request(places: ["DE"]), in: PolicyWorld(now: PointTests.now), at: point).outcome == .permit)
        #expect(policy.evaluate(request(places: ["US"]), in: PolicyWorld(now: PointTests.now), at: point).outcome == .deny)
    }

    @Test func aMissingFactDoesNotDisableAProhibition() throws {
        let policy = try policy(
            #""permission": [{"action": "read"}], "prohibition": [{"uid": "urn:f", "action": "use", "constraint": {"leftOperand": "spatial", "operator": "isPartOf", "rightOperand": "EU"}}]"#
        )
        let world = PolicyWorld(now: PointTests.now)
        let unknown = policy.evaluate(request(), in: world, at: .use)
        #expect(unknown.outcome == .deny)
        #expect(unknown.code == "policy.prohibition-undetermined")
        #expect(unknown.basis == ["urn:f"])
        #expect(policy.evaluate(request(places: ["JP"]), in: world, at: .use).outcome == .permit)
        #expect(policy.evaluate(request(places: ["DE"]), in: world, at: .use).outcome == .invalid)
        #expect(policy.evaluate(request(), in: world, at: .catalog).outcome == .conditional(needs: [Operand.spatial]))
    }

    @Test func aProhibitionThatWaitsForAGrantDoesNotHoldBackSealedBytes() throws {
        let policy = try policy(
            #""permission": [{"action": "read"}], "prohibition": [{"action": "use", "constraint": {"leftOperand": "purpose", "operator": "eq", "rightOperand": "pricing"}}]"#
        )
        let world = PolicyWorld(now: PointTests.now)
        let transfer = policy.evaluate(request(nil), in: world, at: .transfer)
        #expect(transfer.outcome == .permit)
        #expect(transfer.deferred == [Operand.purpose])
        #expect(policy.evaluate(request(), in: world, at: .grant).code == "policy.prohibition-undetermined")
        #expect(policy.evaluate(request(purpose: "pricing"), in: world, at: .grant).outcome == .invalid)
        #expect(policy.evaluate(request(purpose: "research"), in: world, at: .grant).outcome == .permit)
        #expect(policy.evaluate(request(purpose: "pricing"), in: world, at: .transfer).outcome == .invalid)
    }

    @Test func anOfferGrantsNothingWhereItCounts() throws {
        let offer = try PolicyReader.read(try json(#"{"uid": "urn:o", "@type": "Offer", "permission": [{"action": "read"}]}"#))
        let world = PolicyWorld(now: PointTests.now)
        for point in EvaluationPoint.allCases {
            let decision = offer.evaluate(request(), in: world, at: point)
            #expect(decision.outcome == (point.isEnforced ? .deny : .permit))
            #expect(decision.permit == nil)
            if point.isEnforced { #expect(decision.code == "policy.offer-grants-nothing") }
        }
    }

    @Test func withoutAnActionTheBestPermittedOneIsAsked() throws {
        let policy = try policy(
            #""permission": [{"action": "print", "constraint": {"leftOperand": "spatial", "operator": "eq", "rightOperand": "US"}}, {"uid": "urn:r", "action": "read"}], "prohibition": [{"action": "sell"}]"#
        )
        let world = PolicyWorld(now: PointTests.now)
        #expect(policy.evaluate(request(nil, places: ["DE"]), in: world, at: .catalog).outcome == .permit)
        #expect(policy.evaluate(request(nil, places: ["DE"]), in: world, at: .transfer).permit?.rule == "urn:r")
        #expect(policy.evaluate(request(nil, places: ["DE"]), in: world, at: .use).outcome == .deny)
        #expect(policy.evaluate(request(nil, places: ["DE"]), in: world, at: .use).permit == nil)
    }

    @Test func theRecipientIsTheAuthenticatedParty() throws {
        let policy = try policy(
            #""permission": [{"action": "read", "constraint": {"leftOperand": "recipient", "operator": "eq", "rightOperand": {"@id": "urn:uscc:91350100M00010045B"}}}]"#
        )
        #expect(policy.evaluate(request(), in: PolicyWorld(now: PointTests.now), at: .catalog).outcome == .permit)
        var other = request()
        other.party = "urn:uscc:91440101MA59P3C47H"
        #expect(policy.evaluate(other, in: PolicyWorld(now: PointTests.now), at: .catalog).code == "policy.recipient-not-permitted")
    }

    @Test func tenUsesAreTenUses() throws {
        let policy = try policy(
            #""permission": [{"action": "read", "constraint": {"leftOperand": "count", "operator": "lteq", "rightOperand": 10}}]"#)
        var granted = 0
        for stored in 0..<20 {
            let decision = policy.evaluate(request(uses: stored + 1), in: PolicyWorld(now: PointTests.now), at: .use)
            if decision.outcome == .permit { granted += 1 } else { #expect(decision.code == "policy.uses-exhausted") }
        }
        #expect(granted == 10)
    }

    @Test func dutiesBlockBeforeAndNotAfter() throws {
        let policy = try policy(
            """
            "permission": [{"uid": "urn:r", "action": "read", "duty": [{"uid": "urn:after", "action": "delete"},
              {"uid": "urn:before", "action": "obtainConsent", "constraint": {"leftOperand": "event", "operator": "lt", "rightOperand": {"@id": "odrl:policyUsage"}}},
              {"uid": "urn:marked", "action": "compensate", "constraint": {"leftOperand": "event", "operator": "gt", "rightOperand": {"@id": "odrl:policyUsage"}}}]}]
            """)
        var world = PolicyWorld(now: PointTests.now)
        let blocked = policy.evaluate(request(), in: world, at: .use)
        #expect(blocked.outcome == .deny)
        #expect(blocked.code == "policy.duty-not-fulfilled")
        world.performed = [PerformedAction(action: "http://www.w3.org/ns/odrl/2/obtainConsent", at: Timestamp(seconds: 0))]
        let open = policy.evaluate(request(), in: world, at: .use)
        #expect(open.outcome == .permit)
        #expect(open.duties.map(\.phase) == [.after, .before, .after])
        world.dutyStates["urn:after"] = .violated
        #expect(policy.evaluate(request(), in: world, at: .use).outcome == .deny)
    }

    @Test func permitsCarryTheBoundsOfTheRule() throws {
        let policy = try policy(
            """
            "permission": [{"uid": "urn:r", "action": "read", "constraint": [{"or": [{"leftOperand": "count", "operator": "lt", "rightOperand": 5},
               {"leftOperand": "count", "operator": "lteq", "rightOperand": 2}]}, {"leftOperand": "count", "operator": "lteq", "rightOperand": 7},
              {"leftOperand": "dateTime", "operator": "gt", "rightOperand": "2026-01-01T00:00:00Z"},
              {"leftOperand": "dateTime", "operator": "lt", "rightOperand": ["2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"]}]}]
            """)
        let decision = policy.evaluate(request(uses: 1), in: PolicyWorld(now: PointTests.now), at: .grant)
        let permit = try #require(decision.permit)
        #expect(permit.policyID == "urn:p")
        #expect(permit.rule == "urn:r")
        #expect(permit.action == Action.read)
        #expect(permit.allowance.maximumUses == 4)
        #expect(permit.allowance.notBefore?.description == "2026-01-01T00:00:00.001Z")
        #expect(permit.allowance.notAfter?.description == "2026-12-31T23:59:59.999Z")
        #expect(policy.allowance(for: Action.read) == permit.allowance)
        #expect(policy.allowance(for: Action.sell) == nil)
    }

    @Test func regionsFollowTheCustomsBorder() {
        let world = PolicyWorld(now: nil)
        for (place, region, lies) in [
            ("CN-350000", "CN", true), ("CN-FJ", "CN", true), ("CN-FJ", "CN-350000", true), ("HK", "CN", false), ("CN-810000", "CN", false),
            ("CN-810000", "HK", true), ("CN-TW", "TW", true), ("DE", "EU", true), ("DE", "EEA", true), ("NO", "EEA", true),
            ("NO", "EU", false), ("GB", "EU", false),
            ("CH", "EEA", false),
        ] {
            let policy = try? self.policy(
                #""permission": [{"action": "use", "constraint": {"leftOperand": "spatial", "operator": "isPartOf", "rightOperand": "\#(region)"}}]"#
            )
            #expect(
                policy?.evaluate(request(places: [place]), in: world, at: .use).outcome == (lies ? .permit : .deny), "\(place) in \(region)"
            )
        }
    }

    @Test func reasonsSayWhatWasLookedAt() throws {
        let policy = try policy(PointTests.purpose.replacingOccurrences(of: "OP", with: "isAnyOf"))
        let decision = policy.evaluate(request(purpose: "pricing"), in: PolicyWorld(now: PointTests.now), at: .use)
        let reason = try #require(decision.reasons.first)
        #expect(reason.code == "policy.purpose-not-permitted")
        #expect(reason.pointer.description == "/permission/0/constraint")
        #expect(reason.source == .request)
        #expect(reason.left.map(\.display) == ["pricing"])
        #expect(reason.right.map(\.display) == ["research"])
        #expect(reason.message.en == "`odrl:purpose` is `pricing` and must be one of `research`")
        #expect(reason.message.zh == "使用目的为 `pricing`，须为 `research` 之一")
        let report = decision.report()
        #expect(report["decision"] == "deny")
        #expect(report["code"] == "policy.purpose-not-permitted")
        #expect(report["point"] == "use")
        #expect(report["rules"]?.array?.count == 1)
        #expect(report["reasons"]?.array?.first?["message"]?["zh"]?.string == reason.message.zh)
    }

    @Test func anUnregisteredPolicyWithAnUnknownClauseGrantsNothing() throws {
        let (parsed, findings) = PolicyReader.parse(
            try json(
                #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": {"leftOperand": "urn:new", "operator": "isWithin", "rightOperand": 1}}], "prohibition": [{"action": "sell", "constraint": {"leftOperand": "urn:new", "operator": "isWithin", "rightOperand": 1}}]}"#
            ))
        #expect(findings.contains { $0.code == "policy.unknown-operator" })
        let policy = try #require(parsed)
        for point in [EvaluationPoint.transfer, .grant, .use] {
            for action in [Action.read, Action.sell] {
                #expect(policy.evaluate(request(action), in: PolicyWorld(now: PointTests.now), at: point).outcome == .deny)
            }
        }
    }

    /// Evaluating early with fewer facts and then with all of them never turns a final answer around.
    @Test func partialThenRestEqualsWhole() throws {
        let seed = freshSeed()
        print("PointTests.partialThenRestEqualsWhole seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for round in 0..<1500 {
            let source = RandomPolicies.policy(&random, travels: false)
            guard let policy = try? PolicyReader.read(source) else {
                Issue.record("seed \(seed) round \(round): \(PolicyReader.check(source).map(\.message)) \(source.canonicalText)")
                return
            }
            let full = RandomPolicies.request(&random)
            let later = RandomPolicies.world(&random)
            var partial = full
            for operand in [Operand.purpose, Operand.count, Operand.spatial] where random.chance(50) {
                partial.parameters[operand.description] = nil
            }
            var earlier = later
            earlier.now = later.now?.adding(seconds: -Int64(random.below(500 * 86_400)))
            let final = policy.evaluate(full, in: later, at: .use).outcome
            let early = policy.evaluate(partial, in: earlier, at: .negotiation)
            switch early.outcome {
            case .permit: #expect(final == .permit, "seed \(seed) round \(round)")
            case .deny, .invalid: #expect(final == .deny || final == .invalid, "seed \(seed) round \(round)")
            case .conditional(let needs):
                #expect(!needs.isEmpty || early.reasons.contains { $0.code == "policy.duty-not-fulfilled" }, "seed \(seed) round \(round)")
            }
        }
    }
}
