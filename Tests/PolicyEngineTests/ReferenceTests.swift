// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Foundation
import Testing

@testable import PolicyEngine

/// The evaluator of prepared policies says what the plain one says, to the byte of its reports.
struct ReferenceTests {
    /// Without a point, as `policy evaluate` does.
    @Test func reportsEqualThoseOfThePlainEvaluator() throws {
        try everywhere("reportsEqualThoseOfThePlainEvaluator", rounds: 500) { policy, request, world, random, place in
            for conditionMode in [EvaluationOptions.ConditionMode.pre, .eventual] {
                let asked = random.chance(80) ? request : nil
                let whole = policy.inherited([:]).policy
                let expected = whole.reports(
                    ReferenceEvaluator(request: asked, world: world, point: nil, conditionMode: conditionMode))
                let input = EvaluationInput(request: asked, world: world, point: nil, conditionMode: conditionMode)
                let found = Evaluated(PreparedPolicy(policy), input).reports
                let text = { (reports: [RuleReport]) in JSON.array(reports.map(ReportWriter.rule)).canonicalText }
                #expect(text(found) == text(expected), place)
            }
        }
    }

    @Test func decisionsEqualThoseOfThePlainEvaluator() throws {
        try everywhere("decisionsEqualThoseOfThePlainEvaluator", rounds: 250) { policy, request, world, random, place in
            var options = EvaluationOptions(
                behaviour: random.chance(90) ? .closed : .open, conditionMode: random.pick([.pre, .eventual, .perDuty]),
                side: random.chance(50) ? .provider : .consumer)
            if let id = policy.id, random.chance(80) { options.library = [id: policy] }
            let prepared = PreparedPolicy(policy, library: options.library)
            for point in EvaluationPoint.allCases {
                let expected = ReferenceDecision.decide(policy, request, world, point, options)
                let found = prepared.evaluate(request, in: world, at: point, options: options)
                #expect(found.outcome == expected.outcome, place)
                #expect(found.permit?.allowance == expected.allowance, place)
                var json = try #require(found.report().object)
                for addition in ["point", "code", "message"] { json[addition] = nil }
                #expect(JSON.object(json).canonicalText == expected.report().canonicalText, place)
            }
        }
    }

    private func everywhere(
        _ name: String, rounds: Int,
        _ test: (Policy, PolicyRequest, PolicyWorld, inout SeededGenerator, Comment) throws -> Void
    ) throws {
        let seed = freshSeed()
        print("ReferenceTests.\(name) seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let runs = ProcessInfo.processInfo.environment["KOUAN_FUZZ_RUNS"].flatMap(Int.init) ?? rounds
        for round in 0..<runs {
            let isSound = random.chance(60)
            let document = isSound ? RandomPolicies.policy(&random, travels: false) : RandomDocuments.policy(&random)
            guard let policy = PolicyReader.parse(document).policy else { continue }
            var request: PolicyRequest
            var world: PolicyWorld
            if isSound || random.chance(50) {
                request = RandomPolicies.request(&random)
                world = RandomPolicies.world(&random)
            } else {
                request = WorldReader.request(RandomDocuments.request(&random)) ?? PolicyRequest(action: Action.read)
                world = WorldReader.world(RandomDocuments.world(&random))
            }
            if random.chance(30) { request.action = nil }
            for operand in [Operand.purpose, Operand.count, Operand.spatial] where random.chance(15) {
                let values = request.parameters.removeValue(forKey: operand.description)
                if random.chance(50) { world.values[operand.description] = values }
                if random.chance(50) { world.counters["urn:r0"] = [operand.description: values ?? []] }
            }
            if random.chance(30) { world.regions = .standard }
            if random.chance(10) { world.dutyStates = ["urn:d0": .violated, "urn:f0": .fulfilled] }
            try test(policy, request, world, &random, "seed \(seed) round \(round)")
        }
    }
}
