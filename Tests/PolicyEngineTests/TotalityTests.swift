// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Foundation
import PolicyEngine
import Testing

/// Any policy, any request, any world: a report, never a trap. KOUAN_FUZZ_SECONDS runs it longer, KOUAN_FUZZ_RUNS so many times.
struct TotalityTests {
    @Test func randomDocumentsNeverTrap() throws {
        let seed = freshSeed()
        print("TotalityTests.randomDocumentsNeverTrap seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let environment = ProcessInfo.processInfo.environment
        let runs = environment["KOUAN_FUZZ_RUNS"].flatMap(Int.init)
        let seconds = environment["KOUAN_FUZZ_SECONDS"].flatMap(Double.init) ?? 3
        let end = Date().addingTimeInterval(seconds)
        var rounds = 0
        while runs.map({ rounds < $0 }) ?? (rounds < 200 || Date() < end) {
            rounds += 1
            let policy = RandomDocuments.policy(&random)
            let world = RandomDocuments.world(&random)
            let request = RandomDocuments.request(&random)
            let input: JSON = [
                "policies": [policy], "library": [policy], "request": request, "world": world,
                "options": ["conditionMode": .string(random.pick(["pre", "eventual"]))],
            ]
            let bytes = input.canonical()
            let (output, status) = PolicyCLI.run(bytes)
            #expect(status == 0 || output["error"] != nil, "seed \(seed) round \(rounds)")
            let (parsed, findings) = PolicyReader.parse(policy)
            #expect(findings.count <= 1001)
            guard let parsed else { continue }
            var asked = WorldReader.request(request) ?? PolicyRequest(action: Action.read)
            if random.chance(50) { asked.action = nil }
            var known = WorldReader.world(world)
            known.regions = .standard
            for point in EvaluationPoint.allCases {
                let decision = parsed.evaluate(asked, in: known, at: point)
                _ = decision.report().canonical()
                #expect((decision.permit != nil) == (decision.outcome == .permit && point.isEnforced))
                if point.isEnforced, case .conditional = decision.outcome { Issue.record("conditional at \(point), seed \(seed)") }
            }
            _ = parsed.clauses()
            if parsed.dspObstacle() == nil { _ = try parsed.dspOffer(id: "urn:o") }
        }
        print("TotalityTests.randomDocumentsNeverTrap \(rounds) rounds")
    }
}
