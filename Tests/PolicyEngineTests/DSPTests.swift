// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Foundation
import PolicyEngine
import Testing

/// docs/formats/policy-on-dsp.md: what a policy looks like on the wire, what cannot travel, and that the way there and back changes no decision.
struct DSPTests {
    @Test func theWrittenForm() throws {
        let policy = try PolicyReader.read(try file("Policies/templates/mill-certificate.json"))
        let offer = try policy.dspOffer(id: "urn:uuid:1", target: "urn:d", assigner: "urn:a")
        #expect(
            offer
                == (try json(
                    """
                    {"@type": "Offer", "@id": "urn:uuid:1", "target": "urn:d", "assigner": "urn:a", "permission": [{
                      "@id": "urn:kouan:template:mill-certificate:read", "action": "odrl:read", "constraint": [
                        {"leftOperand": "odrl:count", "operator": "lteq", "rightOperand": {"@value": "3", "@type": "xsd:integer"}},
                        {"leftOperand": "odrl:purpose", "operator": "isAnyOf", "rightOperand": ["incoming-inspection", "quality-claim"]},
                        {"leftOperand": "odrl:spatial", "operator": "isPartOf", "rightOperand": ["CN", "EEA"]}]}]}
                    """)))
        #expect(try policy.dspOffer(id: "urn:uuid:1")["target"] == nil)
        let agreement = try policy.dspAgreement(
            id: "urn:uuid:2", target: "urn:d", assigner: "urn:a", assignee: "urn:b", timestamp: Timestamp(seconds: 1_795_000_000))
        #expect(agreement["timestamp"] == "2026-11-18T11:06:40Z")
        #expect(agreement["permission"] == offer["permission"])
        let read = try PolicyReader.read(agreement)
        #expect(read.kind == .agreement)
        #expect(read.permissions.first?.terms.assignees.first?.id == "urn:b")
        let repeated = Policy.dspAgreement(
            fromOffer: offer, id: "urn:uuid:2", target: "urn:d", assigner: "urn:a", assignee: "urn:b",
            timestamp: Timestamp(seconds: 1_795_000_000))
        #expect(repeated == agreement.merging(["assigner": "urn:a"]))
    }

    static let refused: [(rules: String, pointer: String)] = [
        (
            #""permission": [{"action": ["read", "print"], "constraint": {"leftOperand": "count", "operator": "lteq", "rightOperand": 3}}]"#,
            "/permission/0"
        ),
        (
            #""permission": [{"action": {"rdf:value": {"@id": "odrl:print"}, "refinement": {"leftOperand": "resolution", "operator": "lteq", "rightOperand": 1200}}}]"#,
            "/permission/0/action"
        ),
        (#""permission": [{"action": "read", "assignee": "urn:x"}]"#, "/permission/0/assignee"),
        (#""permission": [{"action": "read", "target": {"@type": "AssetCollection", "source": "urn:x"}}]"#, "/permission/0/target"),
        (#""permission": [{"action": "read", "target": "urn:x"}, {"action": "read", "target": "urn:y"}]"#, "/permission/0/target"),
        (
            #""permission": [{"action": "read", "duty": [{"action": "delete", "consequence": {"action": "inform"}}]}]"#,
            "/permission/0/duty/0/consequence"
        ),
        (
            #""permission": [{"action": "read"}], "prohibition": [{"action": "sell", "remedy": {"action": "delete"}}]"#,
            "/prohibition/0/remedy"
        ),
        (#""conflict": "prohibit", "permission": [{"action": "read"}], "prohibition": [{"action": "sell"}]"#, "/conflict"),
        (#""obligation": [{"action": "delete"}]"#, ""),
        (
            #""permission": [{"action": "read", "constraint": {"leftOperand": "spatial", "operator": "isAnyOf", "rightOperandReference": {"@id": "urn:l"}}}]"#,
            "/permission/0/constraint/rightOperandReference"
        ),
        (
            #""permission": [{"action": "read", "constraint": {"leftOperand": "count", "operator": "lteq", "rightOperand": 3, "unit": "urn:u"}}]"#,
            "/permission/0/constraint"
        ),
        (
            #""permission": [{"action": "read", "duty": [{"action": "inform", "informedParty": "urn:x"}]}]"#,
            "/permission/0/duty/0/informedParty"
        ),
    ]

    @Test(arguments: refused.indices)
    func whatCannotTravelIsRefusedWithItsPlace(index: Int) throws {
        let row = DSPTests.refused[index]
        let policy = try PolicyReader.read(try json(#"{"uid": "urn:p", \#(row.rules)}"#))
        let error = #expect(throws: PolicyError.self) { try policy.dspOffer(id: "urn:o") }
        #expect(error?.code == "policy.not-expressible-in-dsp")
        #expect(error?.findings.first?.pointer.description == row.pointer)
        #expect(error?.hint.isEmpty == false)
        #expect(policy.dspObstacle()?.pointer.description == row.pointer)
    }

    @Test func aPolicyAboutOneDatasetDoesNotTravelWithAnother() throws {
        let policy = try PolicyReader.read(try json(#"{"uid": "urn:p", "permission": [{"action": "read", "target": "urn:x"}]}"#))
        #expect(throws: Never.self) { try policy.dspOffer(id: "urn:o", target: "urn:x") }
        let error = #expect(throws: PolicyError.self) { try policy.dspOffer(id: "urn:o", target: "urn:y") }
        #expect(error?.findings.first?.pointer.description == "/permission/0/target")
    }

    @Test func severalActionsBecomeSeveralRulesWhereThatMeansTheSame() throws {
        let policy = try PolicyReader.read(
            try json(#"{"uid": "urn:p", "permission": [{"action": "read"}], "prohibition": [{"action": ["sell", "distribute"]}]}"#))
        let offer = try policy.dspOffer(id: "urn:o")
        #expect(offer["prohibition"] == [["action": "odrl:sell"], ["action": "odrl:distribute"]])
    }

    @Test func thereAndBackDecidesTheSame() throws {
        let seed = freshSeed()
        print("DSPTests.thereAndBackDecidesTheSame seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for round in 0..<500 {
            let source = RandomPolicies.policy(&random, travels: true)
            let place: Comment = "seed \(seed) round \(round): \(source.canonicalText)"
            do {
                let policy = try PolicyReader.read(source)
                let offer = try policy.dspOffer(id: "urn:o", target: RandomPolicies.target)
                // What leaves is what a peer parses: through bytes, not through memory.
                let offerBack = try PolicyReader.read(try JSON.parse(offer.canonical()))
                let agreementBack = try PolicyReader.read(
                    try policy.dspAgreement(
                        id: "urn:p", target: RandomPolicies.target, assigner: "urn:a", assignee: RandomPolicies.parties[0],
                        timestamp: Timestamp(seconds: 0)))
                #expect(DSPTests.grammarErrors(offer) == [], place)
                for _ in 0..<4 {
                    var request = RandomPolicies.request(&random)
                    request.party = RandomPolicies.parties[0]
                    let world = RandomPolicies.world(&random)
                    for point in EvaluationPoint.allCases {
                        let original = policy.evaluate(request, in: world, at: point)
                        #expect(agreementBack.evaluate(request, in: world, at: point).outcome == original.outcome, place)
                        if !point.isEnforced {
                            #expect(offerBack.evaluate(request, in: world, at: point).outcome == original.outcome, place)
                        }
                    }
                }
            } catch {
                Issue.record("\(place): \(error)")
                return
            }
        }
    }

    /// The offer's grammar in the contract schema of the protocol, for what we write.
    static func grammarErrors(_ offer: JSON) -> [String] {
        var errors: [String] = []
        func rule(_ json: JSON, _ at: String) {
            if json["action"]?.string == nil { errors.append(at + ": action") }
            if json["target"] != nil { errors.append(at + ": target") }
            if let constraints = json["constraint"] { for part in constraints.array ?? [.null] { constraint(part, at) } }
            if let duties = json["duty"] { for part in duties.array ?? [.null] { rule(part, at + " duty") } }
        }
        func constraint(_ json: JSON, _ at: String) {
            let logical = ["and", "or", "xone", "andSequence"].filter { json[$0] != nil }
            if logical.isEmpty {
                if json["leftOperand"]?.string == nil || Operator(rawValue: json["operator"]?.string ?? "") == nil {
                    errors.append(at + ": constraint")
                }
                value(json["rightOperand"], at)
            } else {
                if logical.count != 1 { errors.append(at + ": logical") }
                for part in json[logical[0]]?.array ?? [.null] { constraint(part, at) }
            }
        }
        func value(_ json: JSON?, _ at: String) {
            switch json {
            case .string?, .object?: break
            case .array(let parts)?: for part in parts { value(part, at) }
            default: errors.append(at + ": rightOperand")
            }
        }
        if offer["@id"]?.string == nil || offer["@type"] != "Offer" { errors.append("offer") }
        for member in ["permission", "prohibition", "obligation"] {
            guard let rules = offer[member] else { continue }
            guard let list = rules.array, !list.isEmpty else {
                errors.append(member)
                continue
            }
            for part in list { rule(part, member) }
        }
        if offer["permission"] == nil, offer["prohibition"] == nil { errors.append("no rule") }
        return errors
    }

    /// Messages of other connectors: bare terms that their context does not define, dates and counts as bare text, one value where a list may stand.
    @Test func whatPeersSendIsUnderstood() throws {
        let policy = try PolicyReader.read(
            try json(
                """
                {"@type": "odrl:Agreement", "@id": "urn:g", "odrl:target": {"@id": "urn:d"}, "assigner": "urn:a", "odrl:assignee": {"@id": "urn:b"},
                 "timestamp": "2026-11-22T00:00:00Z", "odrl:permission": {"odrl:action": {"@id": "odrl:use"}, "odrl:constraint": {"odrl:and": [
                   {"odrl:leftOperand": {"@id": "odrl:dateTime"}, "odrl:operator": {"@id": "odrl:lteq"}, "odrl:rightOperand": "2027-12-31T06:00Z"},
                   {"leftOperand": "count", "operator": "lteq", "rightOperand": "2"}]}}}
                """))
        func outcome(_ uses: Int, _ now: String) -> Decision.Outcome {
            policy.evaluate(
                PolicyRequest(action: Action.read, party: "urn:b", target: "urn:d", usesIncludingThis: uses),
                in: PolicyWorld(now: Timestamp(parsing: now)), at: .use
            ).outcome
        }
        #expect(outcome(2, "2027-01-01T00:00:00Z") == .permit)
        #expect(outcome(3, "2027-01-01T00:00:00Z") == .deny)
        #expect(outcome(2, "2028-01-01T00:00:00Z") == .deny)
    }
}

extension JSON {
    fileprivate func merging(_ more: [String: JSON]) -> JSON { .object((object ?? [:]).merging(more) { _, last in last }) }
}
