// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Foundation
import PolicyEngine
import Testing

/// Whether two policies say the same, which is what both sides ask of a request and of an agreement.
struct EqualityTests {
    @Test(arguments: ReaderTests.spellings.indices)
    func spellingsAreEqual(index: Int) throws {
        let first = try PolicyReader.read(try json(ReaderTests.spellings[0]))
        let other = try PolicyReader.read(try json(ReaderTests.spellings[index]))
        #expect(first.hasSameRules(as: other))
        #expect(other.hasSameRules(as: first))
    }

    @Test func theWayThroughTheProtocolKeepsTheRules() throws {
        let seed = freshSeed()
        print("EqualityTests.theWayThroughTheProtocolKeepsTheRules seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let policy = try PolicyReader.read(RandomPolicies.policy(&random, travels: true))
            let back = try PolicyReader.read(
                try policy.dspAgreement(
                    id: "urn:g", target: RandomPolicies.target, assigner: "urn:a", assignee: "urn:b", timestamp: Timestamp(seconds: 0)))
            #expect(back.firstDifference(from: policy) == nil, "seed \(seed) round \(round)")
            #expect(policy.firstDifference(from: back) == nil, "seed \(seed) round \(round)")
        }
    }

    static let base =
        #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": [{"leftOperand": "purpose", "operator": "isAnyOf", "rightOperand": ["a", "b"]}, {"leftOperand": "count", "operator": "lteq", "rightOperand": 3}]}], "prohibition": [{"action": ["sell", "distribute"]}]}"#

    @Test(
        arguments: [
            (#"["a", "b"]"#, #"["b", "a", "a"]"#, nil), (#""rightOperand": 3"#, #""rightOperand": "3.0""#, nil),
            (#"{"action": ["sell", "distribute"]}"#, #"{"action": "distribute"}, {"action": "sell"}"#, nil),
            (#""uid": "urn:p""#, #""uid": "urn:q""#, nil),
            (#"["a", "b"]"#, #"["a"]"#, "/permission/0"), (#""rightOperand": 3"#, #""rightOperand": 4"#, "/permission/0"),
            ("lteq", "lt", "/permission/0"),
            (#"["sell", "distribute"]"#, #""sell""#, ""), (#""uid": "urn:p""#, #""uid": "urn:p", "conflict": "perm""#, "/conflict"),
            (#""action": "read""#, #""action": "use""#, "/permission/0"),
            (#""action": "read""#, #""action": "read", "duty": {"action": "delete"}"#, "/permission/0"),
        ] as [(String, String, String?)])
    func differencesAreNamed(text: String, replacement: String, pointer: String?) throws {
        let first = try PolicyReader.read(try json(EqualityTests.base))
        let other = try PolicyReader.read(try json(EqualityTests.base.replacingOccurrences(of: text, with: replacement)))
        #expect(other.firstDifference(from: first)?.description == pointer)
        #expect(first.hasSameRules(as: other) == (pointer == nil))
    }

    @Test func checkShowsFindingsLevelsAndObstacles() throws {
        let report = PolicyReader.checkReport(try file("Policies/templates/mill-certificate.json"))
        #expect(report["accepted"] == true)
        #expect(report["travels"] == true)
        #expect(report["findings"] == [])
        #expect(report["clauses"]?.array?.compactMap { $0["level"]?.string } == ["enforced", "attested", "attested", "attested"])
        let bad = PolicyReader.checkReport(
            try json(
                #"{"uid": "urn:p", "permission": [{"action": "read", "assignee": "urn:x", "constraint": {"leftOperand": "porpose"}}]}"#))
        #expect(bad["accepted"] == false)
        #expect(bad["travels"] == false)
        #expect(bad["obstacle"]?["pointer"] == "/permission/0/assignee")
    }
}
