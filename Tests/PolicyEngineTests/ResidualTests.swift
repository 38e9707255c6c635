// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Foundation
import PolicyEngine
import Testing

/// Partial evaluation: what remains decides, with the rest of the facts, as the whole policy does with all of them.
struct ResidualTests {
    /// KOUAN_RESIDUAL_ROUNDS runs it longer.
    static let rounds = 20_000

    @Test func partialThenRestEqualsWhole() throws {
        let seed = freshSeed()
        print("ResidualTests.partialThenRestEqualsWhole seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let rounds = ProcessInfo.processInfo.environment["KOUAN_RESIDUAL_ROUNDS"].flatMap(Int.init) ?? ResidualTests.rounds
        var outcomes: [String: Int] = [:]
        var policy: Policy?
        var prepared: PreparedPolicy?
        for round in 0..<rounds {
            // Several requests for each policy: reading one costs more than evaluating it.
            if round.isMultiple(of: 10) {
                policy = PolicyReader.parse(ResidualTests.policy(&random)).policy
                prepared = policy.map { PreparedPolicy($0) }
            }
            guard let policy, let prepared else { continue }
            let side: EvaluationSide = random.chance(50) ? .provider : .consumer
            let options = EvaluationOptions(side: side)
            let full = ResidualTests.request(&random)
            let later = RandomPolicies.world(&random)
            var known = full
            for operand in full.parameters.keys.sorted() where random.chance(50) { known.parameters[operand] = nil }
            if random.chance(30) { known.action = nil }
            // The party is the recipient unless the request names another, which would be no further fact but a different one.
            let recipient = Operand.recipient.description
            if random.chance(30) { known.party = nil } else { known.parameters[recipient] = full.parameters[recipient] }
            if random.chance(30) { known.target = nil }
            var earlier = PolicyWorld(now: later.now?.adding(seconds: -Int64(random.below(300 * 86_400))))
            if random.chance(20) { earlier.now = nil }
            let residual = policy.residual(for: known, in: earlier, at: random.pick(EvaluationPoint.allCases), options: options)
            let whole = prepared.evaluate(full, in: later, at: .use, options: options).outcome
            let rest = residual.policy.evaluate(full, in: later, at: .use, options: options).outcome
            outcomes[whole.name, default: 0] += 1
            #expect(rest == whole, "seed \(seed) round \(round) \(policy.source.canonicalText)")
            if rest != whole { return }

            // Values that were known are not needed again.
            var remaining = full
            for operand in known.parameters.keys where operand != Operand.recipient.description { remaining.parameters[operand] = nil }
            let withRest = residual.policy.evaluate(remaining, in: later, at: .use, options: options).outcome
            #expect(withRest == whole, "seed \(seed) round \(round) \(policy.source.canonicalText)")
            if withRest != whole { return }
        }
        print("ResidualTests.partialThenRestEqualsWhole \(outcomes)")
        #expect(outcomes["permit", default: 0] * 50 > rounds && outcomes["deny", default: 0] * 50 > rounds)
    }

    static let text = IRI("https://w3id.org/catenax/2025/9/policy/FrameworkAgreement")
    static let consent = IRI("urn:kouan:odrl:1:providerConsent")

    /// Also with contract text and with facts that only the provider knows, in clauses and in groups.
    private static func policy(_ random: inout SeededGenerator) -> JSON {
        guard case .object(var members) = RandomPolicies.draft(&random, travels: false) else { return .null }
        for member in ["permission", "prohibition"] {
            members[member] = members[member].map { rules in
                .array(
                    (rules.array ?? []).map { rule in
                        guard case .object(var rule) = rule, random.chance(50) else { return rule }
                        rule["constraint"] = .array((rule["constraint"]?.array ?? []) + [clause(&random, depth: 0)])
                        return .object(rule)
                    })
            }
        }
        return .object(members)
    }

    private static func clause(_ random: inout SeededGenerator, depth: Int) -> JSON {
        if depth < 2, random.chance(50) {
            let parts = (0...random.below(3)).map { _ in clause(&random, depth: depth + 1) }
            return [random.pick(["and", "or", "xone"]): .array(parts)]
        }
        switch random.below(3) {
        case 0: return ["leftOperand": .string(text.description), "operator": "eq", "rightOperand": "DataExchangeGovernance:1.0"]
        case 1: return ["leftOperand": .string(consent.description), "operator": "eq", "rightOperand": true]
        default: return RandomPolicies.clause(&random)
        }
    }

    private static func request(_ random: inout SeededGenerator) -> PolicyRequest {
        var request = RandomPolicies.request(&random)
        if random.chance(40) { request.set(consent, [.boolean(random.chance(70))]) }
        if random.chance(30) { request.set(Operand.recipient, [.iri(random.pick(RandomPolicies.parties))]) }
        return request
    }

    // MARK: One by one

    static func read(_ constraints: String, prohibition: String? = nil, duty: String? = nil) throws -> Policy {
        var rule = #"{"uid": "urn:r", "action": "use", "constraint": [\#(constraints)]\#(duty.map { #", "duty": [\#($0)]"# } ?? "")}"#
        if let prohibition { rule += #"], "prohibition": [{"uid": "urn:f", "action": "use", "constraint": [\#(prohibition)]}"# }
        return try #require(PolicyReader.parse(try json(#"{"uid": "urn:p", "@type": "Agreement", "permission": [\#(rule)]}"#)).policy)
    }

    static let purpose = #"{"leftOperand": "purpose", "operator": "isAnyOf", "rightOperand": ["a"]}"#
    static let count = #"{"leftOperand": "count", "operator": "lteq", "rightOperand": 3}"#

    private func residual(_ policy: Policy, purpose: String? = nil, action: IRI? = Action.read) -> ResidualPolicy {
        policy.residual(
            for: PolicyRequest(action: action, party: "urn:x", target: "urn:t", purpose: purpose), in: PolicyWorld(now: nil),
            at: .negotiation)
    }

    @Test func whatIsDecidedDropsOutAndWhatIsOpenStays() throws {
        let policy = try ResidualTests.read(ResidualTests.purpose + "," + ResidualTests.count)
        let open = residual(policy, purpose: "a")
        #expect(open.rules.map(\.state) == [.open])
        #expect(open.rules[0].needs == [Operand.count])
        #expect(open.policy.permissions[0].terms.constraints.count == 1)
        let gone = residual(policy, purpose: "b")
        #expect(gone.rules.map(\.state) == [.gone])
        #expect(gone.policy.permissions.isEmpty)
        #expect(residual(policy).rules[0].needs == [Operand.purpose, Operand.count])
        #expect(residual(policy, purpose: "a", action: Action.sell).rules.map(\.state) == [.gone])
        #expect(residual(try ResidualTests.read(ResidualTests.purpose), purpose: "a").rules.map(\.state) == [.satisfied])
    }

    @Test func alternativesFold() throws {
        let either = try ResidualTests.read(#"{"or": [\#(ResidualTests.purpose), \#(ResidualTests.count)]}"#)
        #expect(residual(either, purpose: "a").rules.map(\.state) == [.satisfied])
        #expect(residual(either, purpose: "b").rules[0].needs == [Operand.count])
        let one = try ResidualTests.read(#"{"xone": [\#(ResidualTests.purpose), \#(ResidualTests.count)]}"#)
        #expect(residual(one, purpose: "a").rules.map(\.state) == [.open])
        let held = residual(one, purpose: "a").policy
        for (uses, outcome) in [(3, "deny"), (4, "permit")] {
            let request = PolicyRequest(action: Action.read, party: "urn:x", target: "urn:t", usesIncludingThis: uses)
            #expect(held.evaluate(request, in: PolicyWorld(now: nil), at: .use).outcome.name == outcome)
        }
    }

    @Test func theClockSettlesOnlyWhatIsPassed() throws {
        let window = #"""
            {"leftOperand": "dateTime", "operator": "gteq", "rightOperand": {"@value": "2026-01-01T00:00:00Z", "@type": "xsd:dateTime"}},
            {"leftOperand": "dateTime", "operator": "lt", "rightOperand": {"@value": "2027-01-01T00:00:00Z", "@type": "xsd:dateTime"}}
            """#
        let policy = try ResidualTests.read(window)
        func constraints(_ now: String) throws -> Int? {
            let world = PolicyWorld(now: Timestamp(parsing: now))
            let request = PolicyRequest(action: Action.read, party: nil, target: nil)
            return policy.residual(for: request, in: world, at: .grant).policy.permissions.first?.terms.constraints.count
        }
        #expect(try constraints("2025-06-01T00:00:00Z") == 2)
        #expect(try constraints("2026-06-01T00:00:00Z") == 1)
        #expect(try constraints("2027-06-01T00:00:00Z") == nil)
    }

    @Test func prohibitionsAndDutiesFoldToo() throws {
        let policy = try ResidualTests.read(
            ResidualTests.count, prohibition: ResidualTests.purpose,
            duty: #"{"uid": "urn:d", "action": "compensate", "constraint": [\#(ResidualTests.purpose)]}"#)
        let other = residual(policy, purpose: "b")
        #expect(other.policy.prohibitions.isEmpty)
        #expect(other.policy.permissions[0].duties.isEmpty)
        let same = residual(policy, purpose: "a")
        #expect(same.rules.map(\.state) == [.open, .satisfied])
        #expect(same.policy.permissions[0].duties.count == 1)
    }

    @Test func theRestIsWrittenAsJSONLD() throws {
        let policy = try ResidualTests.read(ResidualTests.purpose + "," + ResidualTests.count)
        let rest = residual(policy, purpose: "a")
        let back = try #require(PolicyReader.parse(rest.policy.source).policy)
        #expect(back.hasSameRules(as: rest.policy))
        #expect(rest.json["rules"]?.array?.first?["state"] == "open")
    }
}
