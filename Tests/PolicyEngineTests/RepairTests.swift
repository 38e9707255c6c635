// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Testing

@testable import PolicyEngine

/// What a refusal says would change it, does.
struct RepairTests {
    private static let now = Timestamp(parsing: "2026-12-15T02:00:00Z") ?? Timestamp(seconds: 0)
    private static let party = "urn:uscc:91350100M00010045B"

    private func explain(
        _ rules: String, purpose: String? = "pricing", uses: Int? = 1, action: IRI = Action.read, at point: EvaluationPoint = .use,
        kind: String = "Agreement", world change: (inout PolicyWorld) -> Void = { _ in },
        request ask: (inout PolicyRequest) -> Void = { _ in }
    ) throws -> Explanation {
        let policy = try PolicyReader.read(
            try json(
                #"{"@context": "http://www.w3.org/ns/odrl.jsonld", "profile": "urn:kouan:odrl:1", "uid": "urn:p", "@type": "\#(kind)", \#(rules)}"#
            ))
        var request = PolicyRequest(
            action: action, party: RepairTests.party, target: "urn:kouan:dataset:1", purpose: purpose, usesIncludingThis: uses,
            places: ["CN-350000"])
        ask(&request)
        var world = PolicyWorld(now: RepairTests.now)
        change(&world)
        let options = EvaluationOptions(side: point == .use ? .consumer : .provider)
        let explanation = policy.explain(request, in: world, at: point, options: options)
        if explanation.repair?.isPossible == true {
            explanation.repair?.apply(to: &request, &world)
            #expect(policy.evaluate(request, in: world, at: point, options: options).outcome == .permit)
        }
        return explanation
    }

    private func items(_ explanation: Explanation) -> [String] {
        explanation.repair?.items.map { "\($0.changer.rawValue)/\($0.means.rawValue) \($0.text(.utc).en)" } ?? []
    }

    @Test func aPermitNeedsNone() throws {
        let explanation = try explain(#""permission": [{"action": "read"}]"#)
        #expect(explanation.outcome == .permit)
        #expect(explanation.repair == nil)
    }

    @Test func aPurposeIsTheRequestersToChange() throws {
        let explanation = try explain(
            #""permission": [{"action": "read", "constraint": [{"leftOperand": "purpose", "operator": "isAnyOf", "rightOperand": ["research", "recycling"]}]}]"#
        )
        #expect(explanation.repair?.isPossible == true)
        #expect(
            items(explanation) == ["requester/state the requester must change this: `odrl:purpose` must be one of `research`, `recycling`"])
    }

    @Test func ofSeveralPermissionsTheCheapestIsRepaired() throws {
        let purpose = #"{"leftOperand": "purpose", "operator": "eq", "rightOperand": "research"}"#
        let place = #"{"leftOperand": "spatial", "operator": "eq", "rightOperand": "DE"}"#
        let explanation = try explain(
            #""permission": [{"action": "read", "constraint": [\#(purpose), \#(place)]}, {"uid": "urn:easy", "action": "read", "constraint": [\#(place)]}]"#
        )
        #expect(explanation.repair?.items.map(\.rule) == ["urn:easy"])
        #expect(items(explanation) == ["requester/state the requester must change this: `odrl:spatial` must be `DE`"])
    }

    @Test func alternativesTakeTheEasierBranch() throws {
        let closed = #"{"leftOperand": "dateTime", "operator": "lt", "rightOperand": "2026-01-01T00:00:00Z"}"#
        let place = #"{"leftOperand": "spatial", "operator": "eq", "rightOperand": "DE"}"#
        let purpose = #"{"leftOperand": "purpose", "operator": "eq", "rightOperand": "research"}"#
        for logical in ["or", "xone"] {
            let explanation = try explain(
                #""permission": [{"action": "read", "constraint": [{"\#(logical)": [{"and": [\#(place), \#(purpose)]}, \#(closed), \#(place)]}]}]"#,
                purpose: logical == "xone" ? "pricing" : "research")
            #expect(explanation.repair?.isPossible == true, "\(logical)")
            #expect(items(explanation) == ["requester/state the requester must change this: `odrl:spatial` must be `DE`"], "\(logical)")
        }
    }

    @Test func tooManyAlternativesMustBeTakenOut() throws {
        let explanation = try explain(
            """
            "permission": [{"action": "read", "constraint": [{"xone": [
              {"leftOperand": "purpose", "operator": "eq", "rightOperand": "pricing"},
              {"leftOperand": "spatial", "operator": "isPartOf", "rightOperand": "CN"}]}]}]
            """)
        #expect(explanation.repair?.isPossible == true)
        #expect(explanation.repair?.items.count == 1)
        #expect(items(explanation) == ["requester/state the requester must change this: `odrl:spatial` must not lie in `CN`"])
    }

    @Test func aProhibitionIsLiftedByItsOwnClause() throws {
        let explanation = try explain(
            """
            "permission": [{"action": "use"}],
            "prohibition": [{"uid": "urn:no", "action": "use", "constraint": [{"leftOperand": "spatial", "operator": "isPartOf", "rightOperand": "CN"}]}]
            """)
        #expect(explanation.outcome == .invalid)
        #expect(explanation.repair?.isPossible == true)
        #expect(items(explanation) == ["requester/state the requester must change this: `odrl:spatial` must not lie in `CN`"])
    }

    @Test func aProhibitedActionIsChangedForAPermittedOne() throws {
        let explanation = try explain(
            #""permission": [{"action": "read"}], "prohibition": [{"action": "distribute"}]"#, action: Action.distribute)
        #expect(explanation.repair?.isPossible == true)
        #expect(explanation.repair?.items.first?.changer == .requester)
        #expect(explanation.repair?.items.first?.means == .act)
    }

    @Test func sideEffectsOnOtherRulesAreSeen() throws {
        // `research` would satisfy the permission and wake the prohibition; only `recycling` does not.
        let explanation = try explain(
            """
            "permission": [{"action": "read", "constraint": [{"leftOperand": "purpose", "operator": "isAnyOf", "rightOperand": ["research", "recycling"]}]}],
            "prohibition": [{"action": "read", "constraint": [{"leftOperand": "purpose", "operator": "eq", "rightOperand": "research"}]}]
            """)
        #expect(explanation.repair?.isPossible == true)
        #expect(explanation.repair?.items.count == 1)
    }

    @Test func aWindowThatOpensIsWaitedFor() throws {
        let explanation = try explain(
            #""permission": [{"action": "read", "constraint": [{"leftOperand": "dateTime", "operator": "gteq", "rightOperand": {"@value": "2027-01-01T00:00:00+08:00", "@type": "xsd:dateTime"}}]}]"#
        )
        #expect(explanation.repair?.isPossible == true)
        #expect(explanation.repair?.items.first?.opensAt == Timestamp(parsing: "2026-12-31T16:00:00Z"))
        #expect(
            explanation.repair?.items.first?.text().en
                == "`odrl:dateTime` must not be before `2027-01-01T00:00:00+08:00 (2026-12-31T16:00:00Z)`: wait until 2027-01-01T00:00:00+08:00 (2026-12-31T16:00:00Z)"
        )
        #expect(
            explanation.repair?.items.first?.text().zh
                == "时间不得早于 `2027-01-01T00:00:00+08:00 (2026-12-31T16:00:00Z)`：须等到 2027-01-01T00:00:00+08:00 (2026-12-31T16:00:00Z)")
    }

    @Test func aWindowThatClosedNeverOpensAgain() throws {
        let explanation = try explain(
            """
            "permission": [{"action": "read", "constraint": [
              {"leftOperand": "dateTime", "operator": "lt", "rightOperand": "2026-12-01T00:00:00Z"},
              {"leftOperand": "purpose", "operator": "eq", "rightOperand": "research"}]}]
            """)
        #expect(explanation.repair?.isPossible == false)
        #expect(
            items(explanation) == [
                "time/terms `odrl:dateTime` must be before `2026-12-01T00:00:00Z`: never again under this policy, only other terms help",
                "requester/state the requester must change this: `odrl:purpose` must be `research`",
            ])
    }

    @Test func usesThatAreUsedUpNeedOtherTerms() throws {
        let explanation = try explain(
            #""permission": [{"action": "read", "constraint": [{"leftOperand": "count", "operator": "lteq", "rightOperand": 3}]}]"#, uses: 4
        )
        #expect(explanation.repair?.isPossible == false)
        #expect(items(explanation) == ["provider/terms `odrl:count` must be at most `3`: only other terms help, ask the provider"])
    }

    @Test func aCountThatNobodyGaveIsNotUsedUp() throws {
        let explanation = try explain(
            #""permission": [{"action": "read", "constraint": [{"leftOperand": "count", "operator": "lteq", "rightOperand": 3}]}]"#,
            uses: nil)
        #expect(explanation.repair?.isPossible == true)
        #expect(items(explanation) == ["requester/state the requester must change this: `odrl:count` must be at most `3`"])
    }

    @Test func aRollingWindowOpensAtTheLatest() throws {
        let explanation = try explain(
            #""permission": [{"action": "read", "constraint": [{"leftOperand": "kouan:countPerDay", "operator": "lteq", "rightOperand": 5}]}]"#
        ) { _ in
        } request: {
            $0.set("urn:kouan:odrl:1:countPerDay", [.integer(6)])
        }
        #expect(explanation.repair?.isPossible == true)
        #expect(explanation.repair?.items.first?.opensBy == RepairTests.now.adding(seconds: 86_400))
    }

    @Test func elapsedTimeAndTheClockMoveTogether() throws {
        let rules = """
            "permission": [{"action": "read", "constraint": [
              {"leftOperand": "elapsedTime", "operator": "gteq", "rightOperand": {"@value": "P30D", "@type": "xsd:duration"}},
              {"leftOperand": "dateTime", "operator": "lt", "rightOperand": "DAY"}]}]
            """
        let elapsed = try #require(Span(parsing: "P20D"))
        for (day, isPossible) in [("2026-12-26T00:00:00Z", true), ("2026-12-24T00:00:00Z", false)] {
            let explanation = try explain(rules.replacing("DAY", with: day)) { _ in
            } request: {
                $0.set(Operand.elapsedTime, [.duration(elapsed)])
            }
            #expect(explanation.repair?.isPossible == isPossible, "\(day)")
            if isPossible { #expect(explanation.repair?.items.first?.opensAt == RepairTests.now.adding(seconds: 10 * 86_400)) }
        }
    }

    @Test func aDutyIsFulfilledFirst() throws {
        let explanation = try explain(
            """
            "permission": [{"action": "read", "duty": [{"uid": "urn:pay", "action": [{"rdf:value": {"@id": "odrl:compensate"},
              "refinement": [{"leftOperand": "payAmount", "operator": "gteq", "rightOperand": {"@value": "500.00", "@type": "xsd:decimal"}}]}]}]}]
            """)
        #expect(explanation.repair?.isPossible == true)
        #expect(items(explanation) == ["requester/fulfil the requester must fulfil the duty to `odrl:compensate` first"])
    }

    @Test func aDutyThatIsViolatedIsNotRepaired() throws {
        let explanation = try explain(
            #""permission": [{"action": "read", "duty": [{"uid": "urn:pay", "action": "compensate"}]}]"#
        ) { $0.dutyStates["urn:pay"] = .violated }
        #expect(explanation.outcome != .permit)
        #expect(explanation.repair?.isPossible == false)
    }

    @Test func confirmedFactsAreTheProvidersPeoples() throws {
        let explanation = try explain(
            #""permission": [{"action": "read", "constraint": [{"leftOperand": "kouan:providerConsent", "operator": "eq", "rightOperand": true}]}]"#,
            at: .grant)
        #expect(explanation.repair?.isPossible == true)
        #expect(items(explanation) == ["provider/confirm the provider's people must confirm it: `kouan:providerConsent` must be `true`"])
    }

    @Test func aMissingCredentialIsShownAndAWrongOneNeedsOtherTerms() throws {
        let rules =
            #""permission": [{"action": "read", "constraint": [{"leftOperand": "kouan:recipientCountry", "operator": "eq", "rightOperand": "DE"}]}]"#
        let missing = try explain(rules, at: .grant)
        #expect(missing.repair?.items.map(\.means) == [.credential])
        #expect(missing.repair?.isPossible == true)
        let wrong = try explain(rules, at: .grant) { _ in
        } request: {
            $0.set(Operand.recipientCountry, [.text("US")])
        }
        #expect(wrong.repair?.items.map(\.means) == [.terms])
        #expect(wrong.repair?.isPossible == false)
    }

    @Test func aFailedRuleForOthersSaysWhose() throws {
        let explanation = try explain(#""permission": [{"action": "read", "assignee": "urn:uscc:91440101MA59P3C47H"}]"#)
        #expect(explanation.repair?.isPossible == false)
        #expect(
            items(explanation) == [
                "provider/terms the policy is for `urn:uscc:91440101MA59P3C47H`: only other terms help, ask the provider"
            ])
    }

    @Test func anOfferIsAgreedFirst() throws {
        let explanation = try explain(#""permission": [{"action": "read"}]"#, kind: "Offer")
        #expect(explanation.repair?.isPossible == false)
        #expect(items(explanation) == ["requester/terms an offer grants nothing: agree a contract first"])
    }

    @Test func aPolicyWithManyObstaclesIsRepairedGreedily() throws {
        let clauses = (0..<40).map { index in
            #"{"or": [{"leftOperand": "purpose", "operator": "eq", "rightOperand": "research"}, {"leftOperand": "spatial", "operator": "eq", "rightOperand": "X\#(index)"}]}"#
        }.joined(separator: ",")
        let explanation = try explain(#""permission": [{"action": "read", "constraint": [\#(clauses)]}]"#)
        #expect(explanation.repair?.isPossible == true)
        #expect(explanation.repair?.items.count == 1)
    }

    // MARK: Properties

    @Test func everyRepairThatIsCalledPossiblePermits() throws {
        let seed = freshSeed()
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var possible = 0
        var refused = 0
        for _ in 0..<400 {
            let source = RandomPolicies.policy(&random, travels: false)
            guard let policy = PolicyReader.parse(source).policy else { continue }
            let request = RandomPolicies.request(&random)
            let world = RandomPolicies.world(&random)
            for point in [EvaluationPoint.catalog, .transfer, .grant, .use] {
                let explanation = policy.explain(request, in: world, at: point)
                #expect((explanation.repair == nil) == explanation.isOpen)
                guard let repair = explanation.repair else { continue }
                refused += 1
                var (changed, later) = (request, world)
                repair.apply(to: &changed, &later)
                let decision = policy.evaluate(changed, in: later, at: point)
                if repair.isPossible {
                    possible += 1
                    #expect(!repair.items.isEmpty)
                    #expect(point.isEnforced ? decision.outcome == .permit : decision.isOpen, "seed \(seed) \(source.canonicalText)")
                    #expect(repair.items.allSatisfy { $0.isPossible })
                } else {
                    #expect(!decision.isOpen, "seed \(seed)")
                }
            }
        }
        #expect(refused > 300)
        #expect(possible * 3 > refused, "\(possible) of \(refused) are repairable")
    }

    /// Against trying everything: purposes, places, actions, later times and a payment, alone and together.
    @Test func noSmallerRepairExistsAmongAllValues() throws {
        let seed = freshSeed()
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var compared = 0
        var missed = 0
        var longer = 0
        for _ in 0..<80 {
            let source = RandomPolicies.policy(&random, travels: false)
            guard let policy = PolicyReader.parse(source).policy else { continue }
            let request = RandomPolicies.request(&random)
            let world = RandomPolicies.world(&random)
            let explanation = policy.explain(request, in: world, at: .use)
            guard let repair = explanation.repair else { continue }
            let least = leastChange(policy, request, world)
            compared += 1
            if least != nil, !repair.isPossible {
                missed += 1
            } else if let least, repair.items.count > least {
                longer += 1
            }
        }
        print("compared \(compared), missed \(missed), longer \(longer)")
        #expect(compared > 30)
        #expect(missed * 20 <= compared, "seed \(seed): \(missed) of \(compared) repairs missed")
        #expect(longer * 20 <= compared, "seed \(seed): \(longer) of \(compared) repairs longer than needed")
    }

    private func leastChange(_ policy: Policy, _ request: PolicyRequest, _ world: PolicyWorld) -> Int? {
        var least: Int?
        let now = world.now ?? Timestamp(seconds: 0)
        var times: [Timestamp?] = [nil]
        for day in stride(from: Int64(0), to: 410, by: 1) {
            let next = Timestamp(seconds: 1_790_000_000 + day * 86_400)
            if next > now { times += [next, next.adding(milliseconds: 1), next.adding(milliseconds: -1)] }
        }
        // Only bounds of the policy matter.
        let text = policy.source.canonicalText
        times = times.filter { time in
            guard let time else { return true }
            return [-1, 0, 1].contains { shift in text.contains(time.adding(milliseconds: shift).description.prefix(19)) }
        }
        let purposes: [String?] = [nil, "research", "recycling", "pricing", "other"]
        let places: [String?] = [nil] + RandomPolicies.places + ["other"]
        let actions: [IRI?] = [nil] + policy.permissions.flatMap(\.terms.actions).map(\.action)
        for time in times {
            for purpose in purposes {
                for place in places {
                    for action in actions {
                        for pays in [false, true] {
                            let changed = [time != nil, purpose != nil, place != nil, action != nil, pays].count { $0 }
                            guard changed > 0, changed < least ?? 4 else { continue }
                            var (asked, later) = (request, world)
                            if let time { Repair.Change.time(time).apply(to: &asked, &later) }
                            if let purpose { asked.set(Operand.purpose, [.text(purpose)]) }
                            if let place { asked.set(Operand.spatial, [.text(place)]) }
                            if let action { asked.action = action }
                            if pays {
                                later.performed += [
                                    PerformedAction(
                                        action: IRI(Namespace.odrl + "compensate"), party: asked.party, target: asked.target,
                                        at: later.now ?? now)
                                ]
                            }
                            if policy.evaluate(asked, in: later, at: .use).outcome == .permit { least = changed }
                        }
                    }
                }
            }
        }
        return least
    }
}
