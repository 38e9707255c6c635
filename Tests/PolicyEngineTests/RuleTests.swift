// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Foundation
import PolicyEngine
import Testing

/// The 13 rules of `policy evaluate`, each with tests of its number. Rules 5 to 7 are in OperatorTests.
struct RuleTests {
    func evaluate(_ text: String) throws -> JSON {
        let output = PolicyCLI.evaluate(try json(text.replacingOccurrences(of: "o:", with: "http://www.w3.org/ns/odrl/2/")))
        #expect(output["error"] == nil)
        return output
    }

    func first(_ text: String) throws -> JSON { try #require(try evaluate(text)["reports"]?.array?.first) }
    func rule(_ report: JSON, _ id: String) -> JSON? { report["rules"]?.array?.first { $0["rule"]?.string == id } }
    func premises(_ rule: JSON?) -> [String: String] {
        Dictionary((rule?["premises"]?.array ?? []).map { ($0["kind"]?.string ?? "", $0["state"]?.string ?? "") }) { first, _ in first }
    }

    @Test func workedExample() throws {
        let report = try first(
            """
            {"policies": [{"@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Agreement", "uid": "urn:p1", "permission": [
               {"uid": "urn:r1", "action": "use", "target": "urn:data", "assignee": "urn:alice", "constraint": [
                 {"uid": "urn:c1", "leftOperand": "purpose", "operator": "isAnyOf", "rightOperand": ["research"]},
                 {"uid": "urn:c2", "leftOperand": "count", "operator": "lt", "rightOperand": 3}]}]}],
             "request": {"id": "urn:q", "action": "o:use", "party": "urn:alice", "target": "urn:data", "parameters": {"o:purpose": ["research"]}},
             "world": {"currentTime": "2026-01-01T00:00:00Z", "counters": {"urn:r1": {"o:count": [3]}}}}
            """)
        #expect(report["decision"] == "deny")
        #expect(report["policy"] == "urn:p1")
        #expect(report["request"] == "urn:q")
        #expect(report["created"] == "2026-01-01T00:00:00Z")
        let rule = try #require(self.rule(report, "urn:r1"))
        #expect(rule["activation"] == "inactive")
        #expect(rule["applies"] == false)
        #expect(rule["control"] == "deny")
        #expect(premises(rule) == ["action": "satisfied", "target": "satisfied", "party": "satisfied"])
        let states = rule["constraints"]?.array?.map { "\($0["constraint"]?.string ?? "")=\($0["state"]?.string ?? "")" }
        #expect(states == ["urn:c1=satisfied", "urn:c2=unsatisfied"])
    }

    @Test func rule1_compactPolicyIsTheProductOfItsTerms() throws {
        let policy =
            #"{"uid": "urn:p", "target": "urn:a", "assignee": "urn:x", "action": "read", "permission": [{"uid": "urn:r", "target": "urn:b", "action": ["print", "play"]}]}"#
        for (action, target, decision) in [
            ("read", "urn:a", "permit"), ("print", "urn:b", "permit"), ("display", "urn:a", "permit"), ("print", "urn:c", "deny"),
            ("modify", "urn:a", "deny"),
        ] {
            let report = try first(
                #"{"policies": [\#(policy)], "request": {"action": "o:\#(action)", "party": "urn:x", "target": "\#(target)"}}"#)
            #expect(report["decision"]?.string == decision)
        }
        let other = try first(#"{"policies": [\#(policy)], "request": {"action": "o:read", "party": "urn:y", "target": "urn:a"}}"#)
        #expect(other["decision"] == "deny")
        #expect(premises(rule(other, "urn:r")) == ["action": "satisfied", "target": "satisfied", "party": "unsatisfied"])
    }

    @Test func rule1_sharedTermsDoNotReachNestedDuties() throws {
        let report = try first(
            """
            {"policies": [{"uid": "urn:p", "action": "use", "permission": [{"uid": "urn:r", "duty": [{"uid": "urn:d", "action": "delete"}]}]}],
             "request": {"action": "o:use"}, "world": {"currentTime": "2026-01-02T00:00:00Z",
             "performed": [{"id": "urn:e", "action": "o:use", "at": "2026-01-01T00:00:00Z"}]}}
            """)
        #expect(rule(report, "urn:r")?["conditions"]?.array?.first?["deontic"] == "notSet")
    }

    @Test func rule2_inheritedRulesAndStrategy() throws {
        let base = """
            "library": [{"uid": "urn:mid", "inheritFrom": "urn:top"},
              {"uid": "urn:top", "inheritFrom": "urn:child", "conflict": "prohibit", "prohibition": [{"uid": "urn:f", "action": "use"}]}],
            "request": {"action": "o:use"}
            """
        let inherited = try first(
            #"{"policies": [{"uid": "urn:child", "inheritFrom": ["urn:mid"], "permission": [{"uid": "urn:r", "action": "use"}]}], \#(base)}"#
        )
        #expect(inherited["decision"] == "deny")
        #expect(inherited["rules"]?.array?.count == 2)
        let own = try first(
            #"{"policies": [{"uid": "urn:child", "conflict": "perm", "inheritFrom": ["urn:mid"], "permission": [{"uid": "urn:r", "action": "use"}]}], \#(base)}"#
        )
        #expect(own["decision"] == "permit")
    }

    @Test func rule2_unknownParentIsNeverSilent() throws {
        let report = try first(
            #"{"policies": [{"uid": "urn:c", "inheritFrom": "urn:gone", "permission": [{"action": "use"}]}], "request": {"action": "o:use"}}"#
        )
        #expect(report["decision"] == "invalid")
        #expect(report["unresolvedParents"] == ["urn:gone"])
    }

    @Test(arguments: [
        ("use", "use", true), ("display", "use", true), ("display", "play", true), ("play", "display", false), ("write", "modify", true),
        ("write", "use", true), ("modify", "write", false), ("sell", "transfer", true), ("sell", "use", false), ("share", "use", true),
        ("transfer", "use", false),
    ])
    func rule3_actionHierarchy(requested: String, ruled: String, matches: Bool) throws {
        let report = try first(
            #"{"policies": [{"uid": "urn:p", "permission": [{"uid": "urn:r", "action": "o:\#(ruled)"}]}], "request": {"action": "o:\#(requested)"}}"#
        )
        #expect(premises(rule(report, "urn:r"))["action"] == (matches ? "satisfied" : "unsatisfied"))
        #expect(report["decision"]?.string == (matches ? "permit" : "deny"))
    }

    @Test(arguments: [("urn:alice", true), ("urn:bob", false), ("urn:carol", false), ("urn:dave", false), ("urn:club", false)])
    func rule3_collections(party: String, isIn: Bool) throws {
        // alice: member through a group, adult. bob: member, minor. carol: adult, no member. dave: nothing known. club: the collection itself.
        let report = try first(
            """
            {"policies": [{"uid": "urn:p", "permission": [{"uid": "urn:r", "action": "use", "assignee": {"@type": "PartyCollection", "source": "urn:club",
               "refinement": [{"uid": "urn:f", "leftOperand": "urn:age", "operator": "gteq", "rightOperand": 18}]}}]}],
             "request": {"action": "o:use", "party": "\(party)"},
             "world": {"memberOf": {"urn:alice": ["urn:group"], "urn:group": ["urn:club"], "urn:bob": ["urn:club"], "urn:dave": ["urn:club"]},
               "properties": {"urn:alice": {"urn:age": [30]}, "urn:bob": {"urn:age": [12]}, "urn:carol": {"urn:age": [40]}}}}
            """)
        let rule = self.rule(report, "urn:r")
        #expect(premises(rule)["party"] == (isIn ? "satisfied" : "unsatisfied"))
        #expect(rule?["refinements"]?.array?.first?["constraint"] == "urn:f")
        #expect(report["decision"]?.string == (isIn ? "permit" : "deny"))
    }

    @Test func rule3_actionRefinementLeavesTheRuleActive() throws {
        for (resolution, decision) in [(600, "permit"), (2400, "deny")] {
            let report = try first(
                """
                {"policies": [{"uid": "urn:p", "permission": [{"uid": "urn:r", "action": [{"rdf:value": {"@id": "odrl:print"},
                   "refinement": [{"uid": "urn:f", "leftOperand": "resolution", "operator": "lteq", "rightOperand": {"@value": "1200", "@type": "xsd:integer"}}]}]}]}],
                 "request": {"action": "o:print", "parameters": {"o:resolution": [\(resolution)]}}}
                """)
            #expect(report["decision"]?.string == decision)
            #expect(rule(report, "urn:r")?["activation"] == "active")
        }
    }

    @Test func rule3_aRuleThatNamesATargetNeedsOne() throws {
        let report = try first(
            #"{"policies": [{"uid": "urn:p", "permission": [{"uid": "urn:r", "action": "use", "target": "urn:a"}]}], "request": {"action": "o:use"}}"#
        )
        #expect(premises(rule(report, "urn:r"))["target"] == "unsatisfied")
        #expect(premises(rule(report, "urn:r"))["party"] == nil)
    }

    @Test func rule4_orderOfValues() throws {
        func state(_ world: String, _ parameters: String) throws -> String? {
            let report = try first(
                """
                {"policies": [{"uid": "urn:p", "permission": [{"uid": "urn:r", "action": "use", "constraint": {"uid": "urn:c", "leftOperand": "count", "operator": "eq", "rightOperand": 1}}]}],
                 "request": {"action": "o:use", "parameters": {\(parameters)}}, "world": {\(world)}}
                """)
            return rule(report, "urn:r")?["constraints"]?.array?.first?["state"]?.string
        }
        let environment = #""values": {"o:count": [1]}"#
        let ofRule = #""counters": {"urn:r": {"o:count": [1]}}"#
        let ofBoth = #""counters": {"urn:c": {"o:count": [1]}, "urn:r": {"o:count": [9]}}, "values": {"o:count": [9]}"#
        #expect(try state(environment, "") == "satisfied")
        #expect(try state(ofRule + #", "values": {"o:count": [9]}"#, "") == "satisfied")
        #expect(try state(ofBoth, "") == "satisfied")
        #expect(try state(ofBoth, #""o:count": [9]"#) == "unsatisfied")
        #expect(try state(#""counters": {"urn:c": {"o:count": [9]}}"#, #""o:count": [1]"#) == "satisfied")
        #expect(try state("", "") == "unsatisfied")
    }

    @Test func rule4_timeOfTheRequestStandsAboveTheClock() throws {
        let policy =
            #"{"uid": "urn:p", "permission": [{"uid": "urn:r", "action": "use", "constraint": {"uid": "urn:c", "leftOperand": "dateTime", "operator": "lt", "rightOperand": {"@value": "2026-01-01", "@type": "xsd:date"}}}]}"#
        let late = try first(
            #"{"policies": [\#(policy)], "request": {"action": "o:use"}, "world": {"currentTime": "2026-06-01T00:00:00Z"}}"#)
        #expect(late["decision"] == "deny")
        let early = try first(
            #"{"policies": [\#(policy)], "request": {"action": "o:use", "parameters": {"o:dateTime": [{"@value": "2025-06-01T00:00:00", "@type": "xsd:dateTime"}]}}, "world": {"currentTime": "2026-06-01T00:00:00Z"}}"#
        )
        #expect(early["decision"] == "permit")
    }

    @Test func rule5_referencesDatatypeAndUnit() throws {
        let report = try first(
            """
            {"policies": [{"uid": "urn:p", "permission": [{"uid": "urn:r", "action": "use", "constraint": [
               {"uid": "urn:c1", "leftOperand": "spatial", "operator": "isAnyOf", "rightOperandReference": {"@id": "urn:list"}, "rightOperand": "DE"},
               {"uid": "urn:c2", "leftOperand": "payAmount", "operator": "eq", "rightOperand": "5.00", "dataType": "xsd:decimal", "unit": "urn:eur"},
               {"uid": "urn:c3", "leftOperand": "spatial", "operator": "isAnyOf", "rightOperandReference": "urn:unknown"}]}]}],
             "request": {"action": "o:use", "parameters": {"o:spatial": ["FR"], "o:payAmount": [{"@value": "5", "@type": "http://www.w3.org/2001/XMLSchema#decimal", "unit": "urn:eur"}]}},
             "world": {"references": {"urn:list": ["FR", "IT"]}}}
            """)
        let states = rule(report, "urn:r")?["constraints"]?.array?.map { $0["state"]?.string }
        #expect(states == ["satisfied", "satisfied", "unsatisfied"])
    }

    @Test(arguments: [
        (#""and": {"@list": [T, T]}"#, true), (#""and": [T, F]"#, false), (#""or": [F, T]"#, true), (#""or": [F, F]"#, false),
        (#""xone": [T, F]"#, true),
        (#""xone": [T, T]"#, false), (#""xone": [F, F]"#, false), (#""andSequence": {"@list": [T, T]}"#, true),
        (#""andSequence": [F, T]"#, false),
        (#""or": [F, {"and": [T, {"xone": [F, T, F]}]}]"#, true), (#""and": []"#, false), (#""and": [T], "or": [T]"#, false),
    ])
    func rule8_logicalConstraints(text: String, holds: Bool) throws {
        let filled = text.replacingOccurrences(of: "T", with: #"{"leftOperand": "urn:x", "operator": "eq", "rightOperand": 1}"#)
            .replacingOccurrences(of: "F", with: #"{"leftOperand": "urn:x", "operator": "eq", "rightOperand": 2}"#)
        let report = try first(
            #"{"policies": [{"uid": "urn:p", "permission": [{"uid": "urn:r", "action": "use", "constraint": {"uid": "urn:l", \#(filled)}}]}], "request": {"action": "o:use", "parameters": {"urn:x": [1]}}}"#
        )
        #expect(report["decision"]?.string == (holds ? "permit" : "deny"))
        let constraints = rule(report, "urn:r")?["constraints"]?.array ?? []
        #expect(constraints.first?["constraint"] == "urn:l")
        let leaves = filled.components(separatedBy: "leftOperand").count - 1
        let nested = ["{\"and", "{\"xone"].map { filled.components(separatedBy: $0).count - 1 }.reduce(0, +)
        #expect(constraints.count == 1 + leaves + nested)
    }

    static let dutyWorlds: [(performed: String, states: String, deontic: String, pre: String, eventual: String)] = [
        ("", "", "notSet", "inactive", "active"),
        (
            #"{"action": "o:compensate", "party": "urn:x", "target": "urn:till", "at": "2026-01-01T00:00:00Z", "values": {"o:payAmount": [5]}}"#,
            "", "fulfilled", "active", "active"
        ),
        (
            #"{"action": "o:compensate", "party": "urn:x", "target": "urn:till", "at": "2026-01-01T00:00:00Z", "values": {"o:payAmount": [4]}}"#,
            "", "notSet", "inactive", "active"
        ),
        (
            #"{"action": "o:compensate", "party": "urn:x", "target": "urn:till", "at": "2026-01-03T00:00:00Z", "values": {"o:payAmount": [5]}}"#,
            "", "notSet", "inactive", "active"
        ),
        (
            #"{"action": "o:compensate", "party": "urn:z", "target": "urn:till", "at": "2026-01-01T00:00:00Z", "values": {"o:payAmount": [5]}}"#,
            "", "notSet", "inactive", "active"
        ),
        (
            #"{"rule": "urn:other", "action": "o:compensate", "party": "urn:x", "target": "urn:till", "at": "2026-01-01T00:00:00Z", "values": {"o:payAmount": [5]}}"#,
            "", "notSet", "inactive", "active"
        ),
        (
            #"{"action": "o:pay", "party": "urn:x", "target": "urn:till", "at": "2026-01-01T00:00:00Z", "values": {"o:payAmount": [5]}}"#,
            "", "fulfilled", "active", "active"
        ),
        ("", #"{"rule": "urn:d", "deontic": "violated"}"#, "violated", "inactive", "inactive"),
        ("", #"{"rule": "urn:d", "performance": "performed", "deontic": "fulfilled"}"#, "fulfilled", "active", "active"),
    ]

    @Test(arguments: dutyWorlds.indices)
    func rule9and10_dutyOfAPermission(index: Int) throws {
        let row = RuleTests.dutyWorlds[index]
        for (mode, activation) in [("pre", row.pre), ("eventual", row.eventual)] {
            let report = try first(
                """
                {"options": {"conditionMode": "\(mode)"}, "policies": [{"uid": "urn:p", "permission": [{"uid": "urn:r", "action": "use", "duty": [
                   {"uid": "urn:d", "target": "urn:till", "assignee": "urn:x", "action": [{"rdf:value": {"@id": "odrl:compensate"}, "refinement": [{"leftOperand": "payAmount", "operator": "eq", "rightOperand": 5}]}]}]}]}],
                 "request": {"action": "o:use"}, "world": {"currentTime": "2026-01-02T00:00:00Z", "performed": [\(row.performed)], "dutyStates": [\(row.states)]}}
                """)
            let rule = self.rule(report, "urn:r")
            #expect(rule?["activation"]?.string == activation)
            #expect(rule?["conditions"]?.array?.first?["deontic"]?.string == row.deontic)
            #expect(rule?["conditions"]?.array?.first?["duty"] == "urn:d")
            #expect(report["decision"]?.string == (activation == "active" ? "permit" : "deny"))
        }
    }

    @Test func rule10_anInactiveDutyDoesNotBlock() throws {
        let report = try first(
            """
            {"policies": [{"uid": "urn:p", "permission": [{"uid": "urn:r", "action": "use", "duty": [{"uid": "urn:d", "action": "compensate",
               "constraint": {"leftOperand": "purpose", "operator": "eq", "rightOperand": "commercial"}}]}]}],
             "request": {"action": "o:use", "parameters": {"o:purpose": ["research"]}}}
            """)
        #expect(report["decision"] == "permit")
        #expect(rule(report, "urn:r")?["conditions"]?.array?.first?["activation"] == "inactive")
    }

    @Test(arguments: [
        ("2025-12-01T00:00:00Z", "", "notSet"), ("2026-01-02T00:00:00Z", "", "violated"), ("2026-01-01T00:00:00Z", "", "notSet"),
        ("2026-01-02T00:00:00Z", "2025-12-31T00:00:00Z", "fulfilled"), ("2026-01-05T00:00:00Z", "2026-01-04T00:00:00Z", "violated"),
        ("2025-12-01T00:00:00Z", "2025-12-31T00:00:00Z", "notSet"),
    ])
    func rule11_obligationsAndDeadlines(now: String, performedAt: String, deontic: String) throws {
        let performed = performedAt.isEmpty ? "" : #"{"action": "o:delete", "at": "\#(performedAt)"}"#
        let report = try first(
            """
            {"policies": [{"uid": "urn:p", "obligation": [{"uid": "urn:o", "action": "delete",
               "constraint": {"uid": "urn:c", "leftOperand": "dateTime", "operator": "lteq", "rightOperand": {"@value": "2026-01-01T00:00:00Z", "@type": "xsd:dateTime"}},
               "consequence": [{"uid": "urn:k", "action": "inform"}]}]}],
             "world": {"currentTime": "\(now)", "performed": [\(performed)]}}
            """)
        #expect(report["decision"] == nil)
        let rule = try #require(self.rule(report, "urn:o"))
        #expect(rule["deontic"]?.string == deontic)
        #expect(rule["premises"] == [])
        #expect(rule["consequences"]?.array?.first?["duty"] == "urn:k")
        #expect(rule["consequences"]?.array?.first?["deontic"] == "notSet")
    }

    @Test func rule12_prohibitionViolatedAndRemedied() throws {
        func report(_ performed: String) throws -> JSON? {
            rule(
                try first(
                    """
                    {"policies": [{"uid": "urn:p", "prohibition": [{"uid": "urn:f", "action": "distribute", "target": "urn:a", "assignee": "urn:x",
                       "constraint": {"leftOperand": "purpose", "operator": "neq", "rightOperand": "research"}, "remedy": [{"uid": "urn:m", "action": "delete"}]}]}],
                     "world": {"currentTime": "2026-01-09T00:00:00Z", "performed": [\(performed)]}}
                    """), "urn:f")
        }
        let act =
            #"{"action": "o:distribute", "target": "urn:a", "party": "urn:x", "at": "2026-01-01T00:00:00Z", "values": {"o:purpose": ["P"]}}"#
        let bad = act.replacingOccurrences(of: "\"P\"", with: "\"trade\"")
        #expect(try report("")?["deontic"] == "notSet")
        #expect(try report(act.replacingOccurrences(of: "\"P\"", with: "\"research\""))?["deontic"] == "notSet")
        #expect(try report(bad)?["deontic"] == "violated")
        #expect(try report(bad)?["remedied"] == false)
        let healed = try report(bad + #", {"action": "o:delete", "at": "2026-01-02T00:00:00Z"}"#)
        #expect(healed?["remedied"] == true)
        #expect(healed?["remedies"]?.array?.first?["deontic"] == "fulfilled")
    }

    @Test(arguments: [
        ("", "invalid"), (#""conflict": "perm","#, "permit"), (#""conflict": "prohibit","#, "deny"),
        (#""conflict": "invalid","#, "invalid"),
        (#""conflict": "http://www.w3.org/ns/odrl/2/perm","#, "permit"), (#""@type": "Offer", "conflict": "perm","#, "deny"),
    ])
    func rule13_conflictsAndOffers(member: String, decision: String) throws {
        let report = try first(
            #"{"policies": [{"uid": "urn:p", \#(member) "permission": [{"uid": "urn:r", "action": "use"}], "prohibition": [{"uid": "urn:f", "action": "use"}]}], "request": {"action": "o:use"}}"#
        )
        #expect(report["decision"]?.string == decision)
    }

    @Test func rule13_nothingApplies() throws {
        let policy = #"{"uid": "urn:p", "permission": [{"uid": "urn:r", "action": "print"}]}"#
        #expect(try first(#"{"policies": [\#(policy)], "request": {"action": "o:modify"}}"#)["decision"] == "deny")
        #expect(
            try first(#"{"options": {"behaviour": "open"}, "policies": [\#(policy)], "request": {"action": "o:modify"}}"#)["decision"]
                == "permit")
        let permitted = try first(#"{"policies": [\#(policy)], "request": {"action": "o:print"}}"#)
        #expect(permitted["basis"] == ["urn:r"])
    }

    @Test func programErrorsHaveACodeAndAPath() {
        #expect(PolicyCLI.run(Array("{".utf8)).status == 2)
        #expect(PolicyCLI.run(Array("{}".utf8)).output["error"]?["path"] == "/policies")
        #expect(PolicyCLI.run(Array(#"{"policies": [3]}"#.utf8)).output["error"]?["path"] == "/policies/0")
        let deep =
            #"{"policies": [{"permission": [{"action": "use", "constraint": "# + String(repeating: #"{"and": ["#, count: 27)
            + String(repeating: "]}", count: 27) + "}]}]}"
        #expect(PolicyCLI.run(Array(deep.utf8)).status == 0)
    }

    @Test func reportsAreByteIdenticalForEqualInput() throws {
        let text =
            #"{"policies": [{"uid": "urn:p", "target": ["urn:a", "urn:b"], "permission": [{"action": ["use", "play"]}, {"action": "read"}]}], "request": {"action": "o:play", "target": "urn:b"}}"#
        #expect(try evaluate(text).canonical() == evaluate(text).canonical())
    }
}
