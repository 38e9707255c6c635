// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Testing

@testable import PolicyEngine

/// Profiles as data: what stands in the files, and what it does to policies.
struct ProfileTests {
    static let names = ["kouan", "ids-25", "catena-x", "tc609"]

    private func policy(_ members: String) throws -> JSON {
        try JSON.parse(#"{"@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "uid": "urn:uuid:1", \#(members)}"#)
    }

    private func codes(_ document: JSON) -> [String] { PolicyReader.check(document).map { "\($0.severity.rawValue) \($0.code)" } }

    @Test(arguments: names)
    func everyEntryIsWellFormed(name: String) throws {
        let document = try file("Policies/profiles/\(name).json")
        let known: Set = [
            "iri", "title", "note", "sort", "knownFrom", "knownTo", "level", "contractText", "operators", "values", "sameFactAs",
        ]
        var seen: Set<String> = []
        for entry in document["operands"]?.array ?? [] {
            let iri = try #require(entry["iri"]?.string)
            let label: Comment = "\(name): \(iri)"
            #expect(seen.insert(iri).inserted, label)
            #expect(Set(try #require(entry.object).keys).isSubset(of: known), label)
            let info = try #require(OperandTable.info(IRI(iri)), label)
            #expect(info.title.en != info.title.zh, label)
            for term in entry["operators"]?.array ?? [] { #expect(term.string.flatMap(Operator.init(rawValue:)) != nil, label) }
            for operation in info.profileOperators ?? [] { #expect(info.sort.operators.contains(operation), label) }
            // Contract text is known to no machine and holds as far as a signature does.
            if info.isContractText { #expect(info.knownFrom == nil && info.level == .declared, label) }
            // What only the consumer learns cannot be enforced by the provider.
            if info.knownTo == .consumer { #expect(info.level == .attested, label) }
            if info.level == .enforced { #expect(info.knownFrom != nil, label) }
            if let fact = entry["sameFactAs"]?.string {
                let same = try #require(OperandTable.info(IRI(fact)), label)
                #expect(same.knownFrom == info.knownFrom && same.knownTo == info.knownTo && same.level == info.level, label)
            }
        }
        for entry in document["actions"]?.array ?? [] {
            let iri = try #require(entry["iri"]?.string)
            #expect(
                entry["includedIn"]?.array?.allSatisfy { $0.string.map { ActionHierarchy.standard.contains(IRI($0)) } ?? false } == true)
            #expect(ActionHierarchy.standard.contains(IRI(iri)))
        }
    }

    @Test func catenaXHas29OperandsOf2025_9() throws {
        let operands = try #require(try file("Policies/profiles/catena-x.json")["operands"]?.array)
        #expect(operands.count == 29)
        #expect(operands.filter { $0["contractText"]?.bool == true }.count == 26)
        #expect(operands.allSatisfy { $0["operators"]?.array?.isEmpty == false })
    }

    @Test func idsHas25ClassesEachWithAnHonestLevel() throws {
        let classes = try #require(try file("Policies/profiles/ids-25.json")["classes"]?.array)
        #expect(classes.compactMap { $0["number"]?.int } == Array(1...25).map { Int64($0) })
        for entry in classes {
            let level = try #require(entry["level"]?.string)
            // A class that the node cannot carry out says so.
            if level == "none" { #expect(entry["note"]?["zh"]?.string != nil) } else { #expect(EnforcementLevel(rawValue: level) != nil) }
        }
    }

    // MARK: Catena-X

    private let usage = #"""
        "permission": {"action": "use", "constraint": {"and": [
          {"leftOperand": "cx-policy:Membership", "operator": "eq", "rightOperand": "active"},
          {"leftOperand": "cx-policy:FrameworkAgreement", "operator": "eq", "rightOperand": "DataExchangeGovernance:1.0"},
          {"leftOperand": "cx-policy:UsagePurpose", "operator": "isAnyOf", "rightOperand": ["cx.pcf.base:1"]}]}},
        "prohibition": {"action": "use", "constraint":
          {"leftOperand": "cx-policy:UsageRestriction", "operator": "isAllOf", "rightOperand": "cx.thirdParty.forbidden:1"}}
        """#

    @Test func contractTextOfCatenaXIsSignedAndNotDecided() throws {
        let document = try policy(usage)
        #expect(codes(document) == ["warning policy.profile-not-named"])
        let policy = try PolicyReader.read(document)
        #expect(policy.dspObstacle() == nil)
        #expect(policy.clauses().filter { $0.kind == .constraint }.map(\.level) == [.enforced, .declared, .declared, .declared])
        let world = PolicyWorld(now: Timestamp(milliseconds: 0))
        let stranger = PolicyRequest(action: Action.read, party: "urn:p", target: "urn:t")
        #expect(policy.evaluate(stranger, in: world, at: .catalog).outcome != .permit)
        #expect(policy.evaluate(stranger, in: world, at: .grant).outcome == .deny)
        let member = PolicyRequest(action: Action.read, party: "urn:p", target: "urn:t", spaces: ["urn:kouan:space:trial"])
        #expect(policy.evaluate(member, in: world, at: .grant).outcome == .permit)
        #expect(policy.evaluate(stranger, in: world, at: .use, options: EvaluationOptions(side: .consumer)).outcome == .permit)
    }

    @Test func bareTermsOfCatenaXMeanSomethingUnderItsContextOnly() throws {
        let bare = usage.replacing("cx-policy:", with: "")
        #expect(codes(try policy(bare)).contains("error policy.unknown-operand"))
        var document = try #require(try policy(bare).object)
        document["@context"] = [
            "https://w3id.org/catenax/2025/9/policy/odrl.jsonld", "https://w3id.org/catenax/2025/9/policy/context.jsonld",
        ]
        #expect(codes(.object(document)) == ["warning policy.profile-not-named"])
        let named = try PolicyReader.read(try policy(usage))
        #expect(try PolicyReader.read(.object(document)).hasSameRules(as: named))
    }

    @Test(arguments: [
        (#""operator": "isAnyOf", "rightOperand": "cx.region.asia:1""#, []),
        (#""operator": "isNoneOf", "rightOperand": "cx.region.asia:1""#, ["error policy.operator-not-in-profile"]),
        (#""operator": "isAnyOf", "rightOperand": "cx.region.asie:1""#, ["error policy.value-not-in-profile"]),
    ])
    func whatTheProfileNarrowsIsHeldTo(rest: String, expected: [String]) throws {
        let document = try policy(
            #"""
            "profile": "https://w3id.org/catenax/2025/9/policy/",
            "permission": {"action": "use", "constraint": {"leftOperand": "cx-policy:AffiliatesRegion", \#(rest)}}
            """#)
        #expect(codes(document) == expected)
    }

    @Test func aPartnerNumberIsAFactThatTheProviderConfirms() throws {
        let policy = try PolicyReader.read(
            try policy(
                #"""
                "permission": {"action": "cx-policy:access", "constraint":
                  {"leftOperand": "cx-policy:BusinessPartnerNumber", "operator": "isAnyOf", "rightOperand": "BPNL012345678910"}}
                """#))
        var request = PolicyRequest(action: "https://w3id.org/catenax/2025/9/policy/access", party: "urn:p", target: "urn:t")
        let world = PolicyWorld(now: Timestamp(milliseconds: 0))
        #expect(policy.evaluate(request, in: world, at: .grant).code == "policy.value-missing")
        request.set("https://w3id.org/catenax/2025/9/policy/BusinessPartnerNumber", [.text("BPNL012345678910")])
        #expect(policy.evaluate(request, in: world, at: .grant).outcome == .permit)
    }

    // MARK: IDS

    @Test(arguments: [("CONNECTOR", true), ("APPLICATION", true), ("ROLE", true), ("SECURITY_LEVEL", false), ("STATE", false)])
    func whatNoNodeCanKnowIsRefused(term: String, isRefused: Bool) throws {
        let document = try policy(
            #"""
            "profile": "http://www.w3.org/ns/odrl/2/core",
            "permission": {"action": "use", "constraint": {"leftOperand": "idsc:\#(term)", "operator": "isAnyOf", "rightOperand": "x"}}
            """#)
        #expect(codes(document).contains("error policy.operand-never-known") == isRefused)
        #expect(!codes(document).contains("error policy.unknown-profile"))
    }

    @Test func aFactHasItsValueUnderTheNamesOfOtherProfilesToo() throws {
        let policy = try PolicyReader.read(
            try policy(
                #"""
                "permission": {"action": "read", "constraint": [
                  {"leftOperand": "idsc:STATE", "operator": "eq", "rightOperand": "sandbox"},
                  {"leftOperand": "vcard:hasGeo", "operator": "isPartOf", "rightOperand": "EU"}]}
                """#))
        var request = PolicyRequest(action: Action.read, party: "urn:p", target: "urn:t", country: try CountryCode(parsing: "DE"))
        request.set("urn:kouan:odrl:1:environment", [.text("sandbox")])
        let options = EvaluationOptions(side: .consumer)
        #expect(policy.evaluate(request, in: PolicyWorld(now: Timestamp(milliseconds: 0)), at: .use, options: options).outcome == .permit)
        request.set("urn:kouan:odrl:1:environment", [.text("desktop")])
        #expect(policy.evaluate(request, in: PolicyWorld(now: Timestamp(milliseconds: 0)), at: .use, options: options).outcome == .deny)
    }

    @Test func ourOwnProfileMustBeNamed() throws {
        let document = try policy(
            #""permission": {"action": "read", "constraint": {"leftOperand": "kouan:countPerDay", "operator": "lteq", "rightOperand": 5}}"#)
        #expect(codes(document) == ["error policy.profile-not-named"])
    }

    // MARK: TC609

    @Test func theOperatorCodesAreODRLsInAlphabeticalOrderAndTwoAreInferred() throws {
        let codes = try #require(try file("Policies/profiles/tc609.json")["operatorCodes"]?.array)
        #expect(codes.compactMap { $0["operator"]?.string } == Operator.allCases.map(\.rawValue).sorted())
        #expect(codes.compactMap { $0["code"]?.string } == (1...12).map { $0 < 10 ? "0\($0)" : "\($0)" })
        #expect(codes.filter { $0["inferred"]?.bool == true }.compactMap { $0["code"]?.string } == ["04", "08"])
    }

    @Test(arguments: ["purpose-limit", "use-count", "time-window", "place", "recipient", "mill-certificate"])
    func strategiesGoThereAndBack(template: String) throws {
        let policy = try PolicyReader.read(try file("Policies/templates/\(template).json"))
        let strategies = try TC609Codes.strategies(of: policy)
        let back = try TC609Codes.policy(strategies, id: "urn:uuid:2")
        #expect(back.firstDifference(from: policy) == nil)
        #expect(try TC609Codes.strategies(of: back) == strategies)
    }

    @Test func aStrategyInCodes() throws {
        let strategies = try TC609Codes.strategies(of: try PolicyReader.read(try file("Policies/templates/use-count.json")))
        #expect(
            strategies == [
                [
                    "ruleType": "permission", "actions": ["read"],
                    "constraints": [["name": "count", "operator": "11", "value": "1000"]],
                ]
            ])
    }

    @Test(arguments: [
        (#""permission": {"action": "print"}"#, "/permission/action"),
        (#""permission": {"action": "read", "duty": {"action": "delete"}}"#, "/permission/duty"),
        (
            #""permission": {"action": "read", "constraint": {"or": [{"leftOperand": "count", "operator": "lteq", "rightOperand": 3}]}}"#,
            "/permission/constraint"
        ),
        (
            #""permission": {"action": "read", "constraint": {"leftOperand": "industry", "operator": "eq", "rightOperand": "C36"}}"#,
            "/permission/constraint"
        ),
    ])
    func whatHasNoCodeIsRefusedWithItsPlace(rules: String, pointer: String) throws {
        let policy = try PolicyReader.read(try policy(rules))
        let error = #expect(throws: PolicyError.self) { try TC609Codes.strategies(of: policy) }
        #expect(error?.code == "policy.not-expressible-in-tc609")
        #expect(error?.findings.first?.pointer.description == pointer)
    }

    @Test(arguments: [
        (#"[]"#, ""), (#"{}"#, ""), (#"[{"actions": []}]"#, "/0/actions"), (#"[{"actions": ["download"]}]"#, "/0/actions/0"),
        (#"[{"ruleType": "x", "actions": ["read"]}]"#, "/0/ruleType"),
        (#"[{"actions": ["read"], "constraints": [{"name": "weather"}]}]"#, "/0/constraints/0/name"),
        (#"[{"actions": ["read"], "constraints": [{"name": "count", "operator": "13"}]}]"#, "/0/constraints/0/operator"),
    ])
    func aMalformedStrategyIsRefusedWithItsPlace(text: String, pointer: String) throws {
        let strategies = try json(text)
        let error = #expect(throws: PolicyError.self) { try TC609Codes.policy(strategies, id: "urn:uuid:2") }
        #expect(error?.code == "policy.malformed-strategy")
        #expect(error?.findings.first?.pointer.description == pointer)
    }

    @Test func aStrategyWithAValueOfTheWrongSortIsRefusedByTheReader() throws {
        let strategies = try json(#"[{"actions": ["read"], "constraints": [{"name": "count", "operator": "11", "value": "many"}]}]"#)
        let error = #expect(throws: PolicyError.self) { try TC609Codes.policy(strategies, id: "urn:uuid:2") }
        #expect(error?.code == "policy.value-of-wrong-sort")
    }
}
