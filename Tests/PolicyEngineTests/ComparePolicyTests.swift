// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import PolicyEngine
import Testing

/// Whole policies against each other: who may accept what, rules that do nothing, and differences in words.
struct ComparePolicyTests {
    static func policy(_ permission: String, _ rest: String = "") throws -> Policy {
        let text = #"{"uid": "urn:p", "@type": "Offer", "permission": [\#(permission)]\#(rest.isEmpty ? "" : ", " + rest)}"#
        return try #require(PolicyReader.parse(try json(text)).policy)
    }

    static func permission(_ action: String, _ constraints: String = "", _ rest: String = "") -> String {
        #"{"action": "\#(action)", "constraint": [\#(constraints)]\#(rest.isEmpty ? "" : ", " + rest)}"#
    }

    static func count(_ operation: String, _ value: Int) -> String {
        #"{"leftOperand": "count", "operator": "\#(operation)", "rightOperand": \#(value)}"#
    }

    static func purpose(_ values: String...) -> String {
        #"{"leftOperand": "purpose", "operator": "isAnyOf", "rightOperand": [\#(values.map { "\"\($0)\"" }.joined(separator: ", "))]}"#
    }

    static func spatial(_ place: String) -> String {
        #"{"leftOperand": "spatial", "operator": "isPartOf", "rightOperand": "\#(place)"}"#
    }

    static let pay = #""duty": [{"action": "compensate"}]"#

    // MARK: Strictness

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let a: String
        let b: String
        let kind: PolicyRelation.Kind
        var restA = ""
        var restB = ""
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(name: "fewer uses", a: permission("use", count("lteq", 5)), b: permission("use", count("lteq", 10)), kind: .stricter),
        Row(
            name: "the same count in other words", a: permission("use", count("lt", 6)), b: permission("use", count("lteq", 5)),
            kind: .equivalent),
        Row(
            name: "one more clause", a: permission("use", count("lteq", 5) + "," + purpose("a")), b: permission("use", count("lteq", 5)),
            kind: .stricter),
        Row(name: "a narrower action", a: permission("read"), b: permission("use"), kind: .stricter),
        Row(name: "a wider action", a: permission("use"), b: permission("read"), kind: .wider),
        Row(name: "an action of another branch", a: permission("sell"), b: permission("use"), kind: .disjoint),
        Row(name: "a part of the region", a: permission("use", spatial("CN-350000")), b: permission("use", spatial("CN")), kind: .stricter),
        Row(name: "another region", a: permission("use", spatial("DE")), b: permission("use", spatial("CN")), kind: .disjoint),
        Row(name: "fewer purposes", a: permission("use", purpose("a")), b: permission("use", purpose("a", "b")), kind: .stricter),
        Row(name: "one permission less", a: permission("read"), b: permission("read") + "," + permission("sell"), kind: .stricter),
        Row(
            name: "a permission that another covers", a: permission("use"), b: permission("use") + "," + permission("read"),
            kind: .equivalent),
        Row(
            name: "two permissions that share the count", a: permission("use", count("lteq", 5)),
            b: permission("use", count("lteq", 2)) + "," + permission("use", count("gt", 2)), kind: .stricter),
        Row(
            name: "an assignee", a: permission("use", "", #""assignee": "urn:x""#), b: permission("use"), kind: .stricter),
        Row(
            name: "a member of a collection", a: permission("use", "", #""assignee": {"@type": "PartyCollection", "uid": "urn:g"}"#),
            b: permission("use"), kind: .stricter),
        Row(
            name: "a refined collection",
            a: permission(
                "use", "",
                #""assignee": {"@type": "PartyCollection", "uid": "urn:g", "refinement": [{"leftOperand": "industry", "operator": "eq", "rightOperand": "steel"}]}"#
            ),
            b: permission("use", "", #""assignee": {"@type": "PartyCollection", "uid": "urn:g"}"#), kind: .stricter),
        Row(
            name: "a refined action", a: #"{"action": {"rdf:value": "use", "refinement": [\#(count("lteq", 5))]}}"#, b: permission("use"),
            kind: .stricter),
        Row(
            name: "a prohibition more", a: permission("use"), b: permission("use"), kind: .stricter,
            restA: #""prohibition": [{"action": "print"}]"#),
        Row(
            name: "a prohibition of what nobody permits", a: permission("read"), b: permission("read"), kind: .wider,
            restB: #""prohibition": [{"action": "sell"}]"#),
        Row(
            name: "a wider prohibition", a: permission("use"), b: permission("use"), kind: .stricter,
            restA: #""prohibition": [{"action": "reproduce"}]"#, restB: #""prohibition": [{"action": "extract"}]"#),
        Row(
            name: "prohibition wins or permission wins", a: permission("use"), b: permission("use"), kind: .stricter,
            restA: #""conflict": "prohibit", "prohibition": [{"action": "print"}]"#,
            restB: #""conflict": "perm", "prohibition": [{"action": "print"}]"#),
        Row(name: "a duty more", a: permission("use", "", pay), b: permission("use"), kind: .stricter),
        Row(name: "a duty less", a: permission("use"), b: permission("use", "", pay), kind: .wider),
        Row(
            name: "a duty less and fewer uses", a: permission("use", count("lteq", 5)), b: permission("use", count("lteq", 9), pay),
            kind: .overlapping),
        Row(
            name: "the free one of two permissions", a: permission("read"), b: permission("read") + "," + permission("use", "", pay),
            kind: .stricter),
        Row(
            name: "the paid one of two permissions, for free", a: permission("use"),
            b: permission("read") + "," + permission("use", "", pay),
            kind: .wider),
        Row(
            name: "a duty in other words",
            a: permission(
                "use", "",
                #""duty": [{"action": {"rdf:value": "compensate", "refinement": [{"leftOperand": "payAmount", "operator": "eq", "rightOperand": 5}]}}]"#
            ),
            b: permission("use", "", pay), kind: .unknown),
        Row(
            name: "an obligation more", a: permission("use"), b: permission("use"), kind: .stricter,
            restA: #""obligation": [{"action": "delete"}]"#),
        Row(
            name: "alternatives", a: permission("use", count("lteq", 3)),
            b: permission("use", #"{"or": [\#(count("lt", 2)), \#(count("eq", 2)), \#(count("eq", 3))]}"#),
            kind: .equivalent),
        Row(
            name: "a reference is undecided",
            a: permission("use", #"{"leftOperand": "purpose", "operator": "eq", "rightOperandReference": "urn:ref"}"#),
            b: permission("use", purpose("a")), kind: .unknown),
        Row(
            name: "an unknown operator is undecided",
            a: permission("use", #"{"leftOperand": "purpose", "operator": "like", "rightOperand": "a"}"#),
            b: permission("use", purpose("a")), kind: .unknown),
    ]

    @Test(arguments: rows) func relations(row: Row) throws {
        let a = try ComparePolicyTests.policy(row.a, row.restA)
        let b = try ComparePolicyTests.policy(row.b, row.restB)
        let relation = a.relation(to: b)
        #expect(relation.kind == row.kind, "\(relation.json.canonicalText)")
        let reversed: [PolicyRelation.Kind: PolicyRelation.Kind] = [.stricter: .wider, .wider: .stricter]
        #expect(b.relation(to: a).kind == reversed[row.kind] ?? row.kind)
        #expect(a.isAtLeastAsStrict(as: b).isYes == [.stricter, .equivalent].contains(row.kind))
    }

    @Test func theBreachNamesTheRuleAndAWitness() throws {
        let a = try ComparePolicyTests.policy(
            ComparePolicyTests.permission("sell") + "," + ComparePolicyTests.permission("use", ComparePolicyTests.count("lteq", 10)))
        let b = try ComparePolicyTests.policy(
            ComparePolicyTests.permission("transfer") + "," + ComparePolicyTests.permission("use", ComparePolicyTests.count("lteq", 5)))
        guard case .no(let breach) = a.isAtLeastAsStrict(as: b) else {
            Issue.record("not a no")
            return
        }
        #expect(breach.kind == .wider)
        #expect(breach.pointer.description == "/permission/1")
        let uses = try #require(breach.witness?.values[Operand.count]?.first?.lexical)
        #expect((6...10).contains(try #require(Int(uses))))
        #expect(breach.json["code"] == "policy.wider")
    }

    @Test func contractTextInAnAlternativeIsNoGround() throws {
        let text = #"{"leftOperand": "https://w3id.org/catenax/2025/9/policy/FrameworkAgreement", "operator": "eq", "rightOperand": "x"}"#
        let a = try ComparePolicyTests.policy(ComparePolicyTests.permission("use", text + "," + ComparePolicyTests.count("lteq", 5)))
        let b = try ComparePolicyTests.policy(
            ComparePolicyTests.permission("use", #"{"or": [\#(text), \#(ComparePolicyTests.count("lteq", 2))]}"#))
        guard case .unknown = a.isAtLeastAsStrict(as: b) else {
            Issue.record("contract text was taken for a ground")
            return
        }
        let c = try ComparePolicyTests.policy(ComparePolicyTests.permission("use", text + "," + ComparePolicyTests.count("lteq", 9)))
        #expect(a.isAtLeastAsStrict(as: c).isYes)
        let without = try ComparePolicyTests.policy(ComparePolicyTests.permission("use", ComparePolicyTests.count("lteq", 5)))
        #expect(!without.isAtLeastAsStrict(as: c).isYes)
    }

    @Test func aScopeTakesTargetAndPartyAsGiven() throws {
        let template = try ComparePolicyTests.policy(ComparePolicyTests.permission("use", ComparePolicyTests.count("lteq", 5)))
        let agreed = try ComparePolicyTests.policy(
            ComparePolicyTests.permission("use", ComparePolicyTests.count("lteq", 5)), #""target": "urn:t", "assignee": "urn:x""#)
        #expect(!template.isAtLeastAsStrict(as: agreed).isYes)
        let scope = ComparisonScope(target: "urn:t", party: "urn:x")
        #expect(template.relation(to: agreed, within: scope).kind == .equivalent)
        #expect(!template.isAtLeastAsStrict(as: agreed, within: ComparisonScope(target: "urn:u", party: "urn:x")).isYes)
    }

    @Test func aConsumerTakesWhatIsWideEnoughAndSeesNewDuties() throws {
        let need = try ComparePolicyTests.policy(ComparePolicyTests.permission("read", ComparePolicyTests.count("lteq", 5)))
        let offer = try ComparePolicyTests.policy(
            ComparePolicyTests.permission("use", ComparePolicyTests.count("lteq", 10), ComparePolicyTests.pay),
            #""prohibition": [{"action": "sell"}], "obligation": [{"action": "delete"}]"#)
        #expect(offer.isAtLeastAsWide(as: need).isYes)
        #expect(offer.newDuties(comparedTo: need).flatMap(\.terms.actions).map(\.action.localName) == ["compensate", "delete"])
        #expect(offer.newDuties(comparedTo: offer).isEmpty)
        let narrow = try ComparePolicyTests.policy(ComparePolicyTests.permission("use", ComparePolicyTests.count("lteq", 4)))
        guard case .no(let breach) = narrow.isAtLeastAsWide(as: need) else {
            Issue.record("not a no")
            return
        }
        #expect(breach.witness?.values[Operand.count]?.first?.lexical == "5")
        #expect(
            !(try ComparePolicyTests.policy(ComparePolicyTests.permission("use"), #""prohibition": [{"action": "read"}]"#)).isAtLeastAsWide(
                as: need
            ).isYes)
    }

    @Test func inheritedRulesCountAndMissingParentsAreUnknown() throws {
        let parent = try #require(PolicyReader.parse(try json(#"{"uid": "urn:parent", "prohibition": [{"action": "print"}]}"#)).policy)
        let child = try ComparePolicyTests.policy(ComparePolicyTests.permission("use"), #""inheritFrom": "urn:parent""#)
        let plain = try ComparePolicyTests.policy(ComparePolicyTests.permission("use"))
        #expect(child.relation(to: plain, library: ["urn:parent": parent]).kind == .stricter)
        #expect(child.relation(to: plain).kind == .unknown)
    }

    // MARK: Emptiness

    @Test(
        arguments: [
            (permission("use", count("gt", 3) + "," + count("lt", 4)), "", "/permission/0/constraint/1", true),
            (permission("use", count("lt", 0)), "", "/permission/0/constraint/0", true),
            (
                permission(
                    "use",
                    count("lteq", 4) + "," + purpose("a") + ","
                        + #"{"leftOperand": "purpose", "operator": "isNoneOf", "rightOperand": ["a", "b"]}"#), "",
                "/permission/0/constraint/2", true
            ),
            (permission("use", spatial("DE") + "," + spatial("CN")), "", "/permission/0/constraint/1", true),
            (
                permission("use", #"{"xone": [\#(count("gteq", 0)), \#(count("lt", 0)), \#(count("gteq", 0))]}"#), "",
                "/permission/0/constraint/0", true
            ),
            (
                permission("use", "", #""duty": [{"action": "delete", "constraint": [\#(count("lt", 0))]}]"#), "",
                "/permission/0/duty/0/constraint/0", false
            ),
            (
                permission("use"), #""prohibition": [{"action": "print", "constraint": [\#(count("lt", 0))]}]"#,
                "/prohibition/0/constraint/0", false
            ),
            (
                permission("use"), #""obligation": [{"action": "delete", "constraint": [\#(count("lt", 0))]}]"#,
                "/obligation/0/constraint/0", false
            ),
            (
                permission("print", count("gt", 3)),
                #""conflict": "prohibit", "prohibition": [{"action": "use", "constraint": [\#(count("gt", 2))]}]"#, "/permission/0", false
            ),
        ])
    func rulesThatNeverApplyAreFound(permission: String, rest: String, pointer: String, isRefused: Bool) throws {
        let text = #"{"uid": "urn:p", "permission": [\#(permission)]\#(rest.isEmpty ? "" : ", " + rest)}"#
        let findings = PolicyReader.check(try json(text)).filter { $0.code == "policy.never-applies" }
        #expect(findings.map(\.pointer.description) == [pointer])
        #expect(findings.map(\.severity) == [isRefused ? .error : .warning])
        if isRefused { #expect(throws: PolicyError.self) { try PolicyReader.read(try json(text)) } }
    }

    @Test func rulesThatCanApplyAreNotFound() throws {
        for path in try files(in: "Policies/templates", suffix: ".json") {
            let findings = PolicyReader.check(try file(path)).filter { $0.code == "policy.never-applies" }
            #expect(findings.isEmpty, "\(path)")
        }
        let policy = try ComparePolicyTests.policy(
            ComparePolicyTests.permission("use", ComparePolicyTests.count("gt", 3) + "," + ComparePolicyTests.count("lt", 5)),
            #""prohibition": [{"action": "sell"}]"#)
        #expect(policy.emptiness().map(\.code) == ["policy.prohibition-without-effect"])
    }

    // MARK: Differences

    @Test func differencesAreToldClauseByClause() throws {
        let a = try ComparePolicyTests.policy(
            ComparePolicyTests.permission("use", ComparePolicyTests.count("lteq", 10) + "," + ComparePolicyTests.purpose("a", "b")),
            #""prohibition": [{"action": "sell"}]"#)
        let b = try ComparePolicyTests.policy(
            ComparePolicyTests.permission(
                "read",
                ComparePolicyTests.count("lteq", 5) + "," + ComparePolicyTests.purpose("a", "b") + "," + ComparePolicyTests.spatial("CN"),
                ComparePolicyTests.pay))
        let difference = a.difference(to: b)
        #expect(
            difference.items.map {
                "\($0.change.rawValue) \($0.effect.rawValue) \($0.pointer?.description ?? "-") \($0.otherPointer?.description ?? "-")"
            } == [
                "changed stricter /permission/0/action /permission/0/action",
                "changed stricter /permission/0/constraint/0 /permission/0/constraint/0", "added stricter - /permission/0/constraint/2",
                "added stricter - /permission/0/duty/0", "removed wider /prohibition/0 -",
            ])
        #expect(difference.items[1].text.en == "count: must be at most `10` → must be at most `5`")
        #expect(difference.items[1].text.zh == "使用次数：不得超过 `10` → 不得超过 `5`")
        #expect(difference.items[4].text.en == "prohibition to `odrl:sell`: removed")
        #expect(difference.relation.kind == .overlapping)
        #expect(difference.text(.en).contains("only the first permits: "))
        #expect(difference.text(.zh).contains("仅前者允许："))
        #expect(difference.json["items"]?.array?.count == 5)
        #expect(a.difference(to: a).items.isEmpty)
        #expect(a.difference(to: a).text(.en) == "no difference in words\nboth mean the same")
    }

    @Test func effectsOfClausesInAProhibitionAreReversed() throws {
        func policy(_ limit: Int) throws -> Policy {
            try ComparePolicyTests.policy(
                ComparePolicyTests.permission("use"),
                #""prohibition": [{"action": "print", "constraint": [\#(ComparePolicyTests.count("lteq", limit))]}]"#)
        }
        #expect(try policy(5).difference(to: try policy(3)).items.map(\.effect) == [.wider])
        #expect(try policy(3).difference(to: try policy(5)).items.map(\.effect) == [.stricter])
        #expect(try policy(3).relation(to: try policy(5)).kind == .wider)
    }

    @Test func aClauseInOtherWordsHasTheSameMeaning() throws {
        let a = try ComparePolicyTests.policy(ComparePolicyTests.permission("use", ComparePolicyTests.count("lt", 6)))
        let b = try ComparePolicyTests.policy(ComparePolicyTests.permission("use", ComparePolicyTests.count("lteq", 5)))
        #expect(a.difference(to: b).items.map(\.effect) == [.same])
    }
}
