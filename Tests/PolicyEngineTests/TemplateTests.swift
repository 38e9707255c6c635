// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Foundation
import Testing

@testable import PolicyEngine

/// The policies that people start from, held to their golden cases.
struct TemplateTests {
    static let caseFiles =
        ((try? files(in: "Policies/templates", suffix: ".cases.json")) ?? [])
        + ((try? files(in: "Policies/examples", suffix: ".cases.json")) ?? [])

    @Test func thereAreTemplatesToTest() throws {
        #expect(TemplateTests.caseFiles.count >= 25)
        for path in try files(in: "Policies/templates", suffix: ".json")
        where !path.hasSuffix(".cases.json") && !path.hasSuffix(".template.json") {
            let cases = String(path.dropLast(".json".count)) + ".cases.json"
            #expect(TemplateTests.caseFiles.contains(cases), "\(path) has no golden cases")
        }
    }

    @Test(arguments: caseFiles)
    func goldenCases(path: String) throws {
        let cases = try PolicyCases(try file(path))
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        let policy = try PolicyReader.read(try file(folder + "/" + cases.policy))
        #expect(cases.cases.count >= 2)
        for entry in cases.cases {
            let label: Comment = "\(path): \(entry.name.en)"
            let result = entry.run(policy)
            #expect(result.differences == [], label)
            let decision = policy.evaluate(
                entry.request, in: entry.world, at: entry.point, options: EvaluationOptions(side: entry.side))
            #expect((decision.permit != nil) == (decision.outcome == .permit && entry.point.isEnforced), label)
            if decision.outcome == .deny {
                #expect(!decision.reasons.isEmpty, label)
                #expect(entry.expect["message"]?["zh"] != nil || path.hasPrefix("Policies/examples"), label)
            }
        }
    }

    @Test(arguments: caseFiles)
    func templatesAreCleanTitledAndTravel(path: String) throws {
        let source = try file(path.replacingOccurrences(of: ".cases.json", with: ".json"))
        #expect(PolicyReader.check(source) == [])
        let policy = try PolicyReader.read(source)
        let title = try #require(policy.title)
        #expect(title.en != title.zh)
        #expect(policy.dspObstacle() == nil)
        let offer = try policy.dspOffer(id: "urn:uuid:0193-offer", target: "urn:kouan:dataset:1")
        let back = try PolicyReader.read(offer)
        #expect(back.kind == .offer)
        #expect(try back.dspOffer(id: "urn:uuid:0193-offer", target: "urn:kouan:dataset:1") == offer)
        #expect(!policy.clauses().isEmpty)
    }

    @Test func profileFilesEqualTheCompiledOnesAndAreReadInFull() throws {
        let paths = try files(in: "Policies/profiles", suffix: ".json")
        #expect(paths.count == PolicyProfile.all.count)
        for path in paths {
            let document = try file(path)
            let profile = try #require(PolicyProfile.all.first { $0.document == document }, "\(path)")
            #expect(profile.operands.count == document["operands"]?.array?.count ?? 0, "\(path)")
            #expect(profile.actions.count == document["actions"]?.array?.count ?? 0, "\(path)")
            for entry in document["operands"]?.array ?? [] {
                let info = try #require(OperandTable.info(IRI(entry["iri"]?.string ?? "")))
                #expect(entry["knownFrom"]?.string == info.knownFrom?.rawValue)
            }
        }
        let info = try #require(OperandTable.info(Operand.recipientCountry))
        #expect(info.sort == .region)
        #expect(info.level == .enforced)
        #expect(ActionHierarchy.standard.reaches("urn:kouan:odrl:1:train", Action.use))
    }
}
