// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import PolicyEngine
import Testing

/// Comparison against sampling: what comparison says of all requests holds of many random ones, put to the evaluator.
struct ComparePropertyTests {
    static let pairs = 400
    static let samples = 150

    @Test func noSampleContradictsAVerdict() throws {
        let seed = freshSeed()
        print("ComparePropertyTests.noSampleContradictsAVerdict seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var counts: [String: Int] = [:]
        for round in 0..<ComparePropertyTests.pairs {
            let place = Comment("seed \(seed) round \(round)")
            let document = RandomPolicies.draft(&random, travels: false)
            let other = random.chance(70) ? varied(document, &random) : RandomPolicies.draft(&random, travels: false)
            guard let a = PolicyReader.parse(document).policy, let b = PolicyReader.parse(other).policy else { continue }
            let (preparedA, preparedB) = (PreparedPolicy(a), PreparedPolicy(b))
            let relation = a.relation(to: b)
            counts[relation.kind.rawValue, default: 0] += 1
            check(relation.breach, of: a, beyond: b, place)
            check(relation.reverseBreach, of: b, beyond: a, place)
            if let common = relation.common { #expect(permits(a, common.request) && permits(b, common.request), place) }
            let isWide = b.isAtLeastAsWide(as: a)
            if case .no(let breach) = isWide { check(breach, of: a, beyond: b, place) }
            for _ in 0..<ComparePropertyTests.samples {
                let request = request(&random)
                let (here, there) = (permits(preparedA, request), permits(preparedB, request))
                switch relation.kind {
                case .equivalent: #expect(here == there, place)
                case .stricter: #expect(!here || there, place)
                case .wider: #expect(here || !there, place)
                case .disjoint: #expect(!(here && there), place)
                case .overlapping, .unknown: break
                }
                if case .yes = isWide { #expect(!here || there, place) }
            }
        }
        print("ComparePropertyTests.noSampleContradictsAVerdict \(counts)")
        #expect(counts["unknown", default: 0] * 10 < ComparePropertyTests.pairs, "seed \(seed)")
    }

    @Test func aPolicyIsEquivalentToItselfAndStricterWithOneMoreClause() throws {
        let seed = freshSeed()
        print("ComparePropertyTests.aPolicyIsEquivalentToItselfAndStricterWithOneMoreClause seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let document = RandomPolicies.draft(&random, travels: false)
            guard let policy = PolicyReader.parse(document).policy else { continue }
            #expect(policy.relation(to: policy).kind == .equivalent, "seed \(seed) round \(round)")
            guard case .object(var members) = document, case .array(let rules)? = members["permission"] else { continue }
            let clause = RandomPolicies.clause(&random)
            members["permission"] = .array(
                rules.map { rule in
                    guard case .object(var rule) = rule else { return rule }
                    rule["constraint"] = .array((rule["constraint"]?.array ?? []) + [clause])
                    return .object(rule)
                })
            let narrower = try #require(PolicyReader.parse(.object(members)).policy)
            #expect(narrower.isAtLeastAsStrict(as: policy).isYes, "seed \(seed) round \(round)")
        }
    }

    @Test func clauseSetsAgreeWithPolicyEvaluate() throws {
        let seed = freshSeed()
        print("ComparePropertyTests.clauseSetsAgreeWithPolicyEvaluate seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let documents = (0..<2).map { _ -> JSON in
                let clauses = (0...random.below(3)).map { _ in RandomPolicies.clause(&random) }
                return ["uid": "urn:p", "@type": "Set", "permission": [["uid": "urn:r", "action": "use", "constraint": .array(clauses)]]]
            }
            let conflict = CompareCLITests.answer("conflict", documents[0], documents[1])
            let subsumption = CompareCLITests.answer("subsumption", documents[0], documents[1])
            let place = Comment("seed \(seed) round \(round)")
            #expect(conflict["decided"] == true && subsumption["decided"] == true, place)
            func holds(_ policy: JSON, _ parameters: JSON) -> Bool {
                let input: JSON = [
                    "policies": [policy], "request": ["action": "http://www.w3.org/ns/odrl/2/use", "parameters": parameters],
                    "world": [:],
                ]
                return PolicyCLI.evaluate(input)["reports"]?.array?.first?["decision"] == "permit"
            }
            if let parameters = conflict["witness"]?["parameters"] {
                #expect(holds(documents[0], parameters) && holds(documents[1], parameters), place)
            }
            if let parameters = subsumption["witness"]?["parameters"] {
                #expect(holds(documents[0], parameters) && !holds(documents[1], parameters), place)
            }
            for _ in 0..<40 {
                let parameters = JSON.object(request(&random).parameters.mapValues { .array($0.map(\.json)) })
                let (first, second) = (holds(documents[0], parameters), holds(documents[1], parameters))
                if conflict["relation"] == "conflict" { #expect(!(first && second), place) }
                if subsumption["subsumed"] == true { #expect(!first || second, place) }
            }
        }
    }

    private func check(_ breach: PolicyBreach?, of first: Policy, beyond second: Policy, _ place: Comment) {
        guard let breach, let witness = breach.witness else { return }
        switch breach.kind {
        case .wider: #expect(permits(first, witness.request) && !permits(second, witness.request), place)
        case .dutyDropped: #expect(permits(first, witness.request), place)
        case .prohibitionDropped:
            let reports = second.evaluate(witness.request, in: PolicyWorld(now: nil), at: .use).rules
            #expect(reports.contains { $0.kind == .prohibition && $0.applies == .satisfied }, place)
        case .obligationDropped: break
        }
    }

    private func permits(_ policy: Policy, _ request: PolicyRequest) -> Bool { permits(PreparedPolicy(policy), request) }

    private func permits(_ policy: PreparedPolicy, _ request: PolicyRequest) -> Bool {
        let options = EvaluationOptions(conditionMode: .eventual)
        return policy.evaluate(request, in: PolicyWorld(now: nil), at: .use, options: options).outcome == .permit
    }

    /// Every operand has a value, names sometimes several.
    private func request(_ random: inout SeededGenerator) -> PolicyRequest {
        var request = RandomPolicies.request(&random)
        request.set(
            IRI("http://www.w3.org/ns/odrl/2/dateTime"),
            [.time(Timestamp(seconds: 1_790_000_000 + Int64(random.below(800)) * 43_200 - 86_400))])
        request.set(IRI("http://www.w3.org/ns/odrl/2/recipient"), [.iri(random.pick(RandomPolicies.parties + ["urn:other"]))])
        if random.chance(20) { request.set(IRI("http://www.w3.org/ns/odrl/2/purpose"), [.text("other")]) }
        if random.chance(20) {
            request.set(
                IRI("http://www.w3.org/ns/odrl/2/spatial"),
                [.text(random.pick(RandomPolicies.places)), .text(random.pick(RandomPolicies.places))])
        }
        return request
    }

    /// The policy with some values changed, some clauses and rules left out.
    private func varied(_ json: JSON, _ random: inout SeededGenerator) -> JSON {
        switch json {
        case .array(let elements):
            var kept = elements.map { varied($0, &random) }
            if kept.count > 1, random.chance(15) { kept.remove(at: random.below(kept.count)) }
            return .array(kept)
        case .object(let members):
            var changed: [String: JSON] = [:]
            for key in members.keys.sorted() {
                guard let value = members[key] else { continue }
                switch (key, value) {
                case ("operator", .string(let text)) where random.chance(8):
                    let orders = ["lt", "lteq", "gt", "gteq"]
                    let sets = ["isAnyOf", "isNoneOf", "eq"]
                    changed[key] = .string(random.pick(orders.contains(text) ? orders : sets.contains(text) ? sets : [text]))
                case ("rightOperand", .integer(let value)) where random.chance(25):
                    changed[key] = .integer(value + Int64(random.below(3)) - 1)
                case ("action", .string) where random.chance(10): changed[key] = .string(random.pick(RandomPolicies.actions))
                case ("duty", _) where random.chance(20), ("prohibition", _) where random.chance(10),
                    ("assignee", _) where random.chance(15):
                    break
                default: changed[key] = varied(value, &random)
                }
            }
            return .object(changed)
        default: return json
        }
    }
}
