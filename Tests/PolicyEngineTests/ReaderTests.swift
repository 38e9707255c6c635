// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Foundation
import PolicyEngine
import Testing

/// What the reader takes in every spelling, and what registration refuses.
struct ReaderTests {
    /// One meaning, many spellings.
    static let spellings = [
        #"{"@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Agreement", "uid": "urn:p", "permission": [{"uid": "urn:r", "target": "http://e.org/d", "assignee": "http://e.org/x", "action": "read", "constraint": [{"uid": "urn:c", "leftOperand": "purpose", "operator": "isAnyOf", "rightOperand": [{"@id": "http://e.org/a"}, "b"]}, {"uid": "urn:n", "leftOperand": "count", "operator": "neq", "rightOperand": 3}]}]}"#,
        #"{"@context": ["http://www.w3.org/ns/odrl.jsonld", {"ex": "http://e.org/"}], "type": "odrl:Agreement", "id": "urn:p", "permission": {"id": "urn:r", "target": {"uid": "ex:d"}, "assignee": {"@id": "ex:x", "@type": "Party"}, "action": {"rdf:value": {"@id": "odrl:read"}}, "constraint": [{"id": "urn:c", "leftOperand": "odrl:purpose", "operator": "odrl:isAnyOf", "rightOperand": {"@list": [{"@id": "ex:a"}, {"@value": "b"}]}}, {"@id": "urn:n", "leftOperand": {"@id": "odrl:count"}, "operator": "odrl:neg", "rightOperand": {"@value": "3", "@type": "xsd:integer"}}]}}"#,
        #"{"@type": ["http://www.w3.org/ns/odrl/2/Agreement"], "@id": "urn:p", "http://www.w3.org/ns/odrl/2/permission": [{"@id": "urn:r", "http://www.w3.org/ns/odrl/2/target": [{"@id": "http://e.org/d"}], "http://www.w3.org/ns/odrl/2/assignee": [{"@id": "http://e.org/x"}], "http://www.w3.org/ns/odrl/2/action": [{"@id": "http://www.w3.org/ns/odrl/2/read"}], "http://www.w3.org/ns/odrl/2/constraint": [{"@id": "urn:c", "http://www.w3.org/ns/odrl/2/leftOperand": [{"@id": "http://www.w3.org/ns/odrl/2/purpose"}], "http://www.w3.org/ns/odrl/2/operator": [{"@id": "http://www.w3.org/ns/odrl/2/isAnyOf"}], "http://www.w3.org/ns/odrl/2/rightOperand": [{"@id": "http://e.org/a"}, {"@value": "b"}]}, {"@id": "urn:n", "odrl:leftOperand": "odrl:count", "odrl:operator": "neq", "odrl:rightOperand": {"@value": "3.0", "@type": "http://www.w3.org/2001/XMLSchema#decimal"}}]}]}"#,
        #"{"@context": {"o": "http://www.w3.org/ns/odrl/2/", "zweck": {"@id": "o:purpose"}}, "@type": "o:Agreement", "uid": "urn:p", "o:target": "http://e.org/d", "o:assignee": "http://e.org/x", "o:action": {"@id": "o:read"}, "o:permission": {"uid": "urn:r", "o:constraint": {"@set": [{"uid": "urn:c", "leftOperand": "zweck", "operator": "isAnyOf", "rightOperand": ["http://e.org/a", "b"]}, {"uid": "urn:n", "leftOperand": "count", "operator": "neq", "rightOperand": "3", "dataType": "xsd:integer"}]}}}"#,
        #"{"@graph": [{"@type": "Agreement", "uid": "urn:p", "permission": {"@id": "urn:r"}}, {"uid": "urn:r", "target": "http://e.org/d", "assignee": "http://e.org/x", "action": "read", "constraint": ["urn:c", {"@id": "urn:n"}]}, {"uid": "urn:c", "leftOperand": "purpose", "operator": "isAnyOf", "rightOperand": ["http://e.org/a", "b"]}, {"uid": "urn:n", "leftOperand": "count", "operator": "neq", "rightOperand": 3}]}"#,
    ]

    @Test(arguments: spellings.indices)
    func spellingIndependence(index: Int) throws {
        let requests = [
            #"{"id": "urn:q", "action": "http://www.w3.org/ns/odrl/2/read", "party": "http://e.org/x", "target": "http://e.org/d", "parameters": {"http://www.w3.org/ns/odrl/2/purpose": ["http://e.org/a"], "http://www.w3.org/ns/odrl/2/count": [2]}}"#,
            #"{"id": "urn:q", "action": "http://www.w3.org/ns/odrl/2/read", "party": "http://e.org/x", "target": "http://e.org/d", "parameters": {"http://www.w3.org/ns/odrl/2/purpose": ["b"], "http://www.w3.org/ns/odrl/2/count": [3]}}"#,
            #"{"id": "urn:q", "action": "http://www.w3.org/ns/odrl/2/print", "party": "http://e.org/y", "target": "http://e.org/d", "parameters": {}}"#,
        ]
        for request in requests {
            func rules(_ policy: String) throws -> JSON {
                let report = try #require(
                    PolicyCLI.evaluate(try json(#"{"policies": [\#(policy)], "request": \#(request)}"#))["reports"]?.array?.first)
                return ReaderTests.stripped(report)
            }
            #expect(try rules(ReaderTests.spellings[index]) == rules(ReaderTests.spellings[0]))
        }
        #expect(PolicyReader.check(try json(ReaderTests.spellings[index])).filter { $0.severity == .error } == [])
    }

    /// Without the members that show the spelling itself.
    static func stripped(_ json: JSON) -> JSON {
        switch json {
        case .array(let elements): .array(elements.map(stripped))
        case .object(let members):
            .object(members.filter { !["pointer", "left", "right"].contains($0.key) }.mapValues(stripped))
        default: json
        }
    }

    static let findings: [(policy: String, code: String, pointer: String)] = [
        (#"{"uid": "urn:p"}"#, "policy.empty", ""),
        (#"[]"#, "policy.not-an-object", ""),
        (#"{"uid": "urn:p", "permission": [{"action": "reed"}]}"#, "policy.unknown-action", "/permission/0/action"),
        (#"{"uid": "urn:p", "permission": [{"target": "urn:d"}]}"#, "policy.no-action", "/permission/0"),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": [{"leftOperand": "porpose", "operator": "eq", "rightOperand": "a"}]}]}"#,
            "policy.unknown-operand", "/permission/0/constraint/0/leftOperand"
        ),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": [{"leftOperand": "purpose", "operator": "equals", "rightOperand": "a"}]}]}"#,
            "policy.unknown-operator", "/permission/0/constraint/0/operator"
        ),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": [{"leftOperand": "purpose", "operator": "lt", "rightOperand": "a"}]}]}"#,
            "policy.operator-not-for-operand", "/permission/0/constraint/0"
        ),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": [{"leftOperand": "purpose", "operator": "eq"}]}]}"#,
            "policy.no-right-operand", "/permission/0/constraint/0"
        ),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": [{"leftOperand": "count", "operator": "lteq", "rightOperand": "many"}]}]}"#,
            "policy.value-of-wrong-sort", "/permission/0/constraint/0/rightOperand"
        ),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": [{"leftOperand": "dateTime", "operator": "lt", "rightOperand": 5}]}]}"#,
            "policy.value-of-wrong-sort", "/permission/0/constraint/0/rightOperand"
        ),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": [{"leftOperand": "systemDevice", "operator": "eq", "rightOperand": "a"}]}]}"#,
            "policy.operand-never-known", "/permission/0/constraint/0/leftOperand"
        ),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": [{"leftOperand": "purpose", "operator": "isAnyOf", "rightOperand": ["a", 3]}]}]}"#,
            "policy.mixed-values", "/permission/0/constraint/0"
        ),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": [{"and": []}]}]}"#, "policy.empty-logical",
            "/permission/0/constraint/0"
        ),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": [{"and": [{"leftOperand": "purpose", "operator": "eq", "rightOperand": "a"}], "or": []}]}]}"#,
            "policy.two-constraints-in-one", "/permission/0/constraint/0"
        ),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": "urn:elsewhere"}]}"#, "policy.malformed-constraint",
            "/permission/0/constraint"
        ),
        (#"{"uid": "urn:p", "permission": [{"action": "read", "constraints": []}]}"#, "policy.unknown-member", "/permission/0/constraints"),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "remedy": {"action": "delete"}}]}"#, "policy.member-not-here",
            "/permission/0/remedy"
        ),
        (#"{"uid": "urn:p", "permision": [], "permission": [{"action": "read"}]}"#, "policy.unknown-member", "/permision"),
        (#"{"uid": "urn:p", "profile": "urn:other", "permission": [{"action": "read"}]}"#, "policy.unknown-profile", "/profile"),
        (#"{"uid": "urn:p", "permission": [{"action": "urn:kouan:odrl:1:train"}]}"#, "policy.profile-not-named", ""),
        (
            #"{"uid": "urn:p", "permission": [{"action": "urn:kouan:odrl:1:fly"}], "profile": "urn:kouan:odrl:1"}"#,
            "policy.unknown-action", "/permission/0/action"
        ),
        (#"{"uid": "urn:p", "@type": "Licence", "permission": [{"action": "read"}]}"#, "policy.unknown-type", "/@type"),
        (#"{"uid": "urn:p", "conflict": "first", "permission": [{"action": "read"}]}"#, "policy.unknown-conflict", "/conflict"),
        (#"{"uid": "urn:p", "inheritFrom": "urn:q", "permission": [{"action": "read"}]}"#, "policy.unknown-parent", "/inheritFrom"),
        (
            #"{"uid": "urn:p", "permission": [{"uid": "urn:r", "action": "read"}, {"uid": "urn:r", "action": "print"}]}"#,
            "policy.duplicate-id", "/permission/1/uid"
        ),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read"}], "prohibition": [{"action": "use"}]}"#, "policy.always-void",
            "/permission/0"
        ),
        (#"{"uid": "urn:p", "permission": ["read"]}"#, "policy.malformed-rule", "/permission/0"),
        (#"{"uid": "urn:p", "permission": [{"action": 3}]}"#, "policy.malformed-action", "/permission/0/action"),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "assignee": {"@type": "PartyCollection"}}]}"#,
            "policy.malformed-reference", "/permission/0/assignee"
        ),
        (#"{"uid": "urn:p", "permission": [{"action": "read", "target": 3}]}"#, "policy.malformed-reference", "/permission/0/target"),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "duty": [{"action": "delete", "duty": [{"action": "inform"}]}]}]}"#,
            "policy.nested-duty", "/permission/0/duty/0"
        ),
    ]

    @Test(arguments: findings.indices)
    func registrationRefuses(index: Int) throws {
        let row = ReaderTests.findings[index]
        let source = try json(row.policy)
        let found = PolicyReader.check(source)
        let finding = try #require(found.first { $0.code == row.code }, "\(row.policy): \(found.map(\.code))")
        #expect(finding.pointer.description == row.pointer)
        #expect(finding.severity == .error)
        #expect(!finding.hint.isEmpty)
        let error = #expect(throws: PolicyError.self) { try PolicyReader.read(source) }
        #expect(error?.findings == found)
        #expect(error?.message.isEmpty == false)
    }

    static let warnings: [(policy: String, code: String)] = [
        (#"{"permission": [{"action": "read"}]}"#, "policy.no-id"),
        (#"{"uid": "urn:p", "permission": [{"action": "write"}]}"#, "policy.deprecated-action"),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": {"leftOperand": "dateTime", "operator": "lt", "rightOperand": "2027-01-01T00:00:00"}}]}"#,
            "policy.date-without-zone"
        ),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": {"leftOperand": "spatial", "operator": "eq", "rightOperand": "CN-35000"}}]}"#,
            "policy.unknown-region"
        ),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": {"leftOperand": "count", "operator": "lteq", "rightOperand": 2.5}}]}"#,
            "policy.count-not-whole"
        ),
        (
            #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": {"leftOperand": "purpose", "operator": "eq", "rightOperand": ["a", "b"]}}]}"#,
            "policy.many-values"
        ),
    ]

    @Test(arguments: warnings.indices)
    func warningsDoNotRefuse(index: Int) throws {
        let source = try json(ReaderTests.warnings[index].policy)
        #expect(PolicyReader.check(source).map(\.code) == [ReaderTests.warnings[index].code])
        _ = try PolicyReader.read(source)
    }

    @Test func hintsNameWhatWasMeant() throws {
        for (policy, hint) in [
            (#"{"uid": "urn:p", "permission": [{"action": "reed"}]}"#, "did you mean `read`?"),
            (#"{"uid": "urn:p", "permission": [{"action": "read", "constraints": []}]}"#, "did you mean `constraint`?"),
            (
                #"{"uid": "urn:p", "permission": [{"action": "read", "constraint": {"leftOperand": "porpose", "operator": "eq", "rightOperand": "a"}}]}"#,
                "did you mean `purpose`?"
            ),
        ] {
            #expect(PolicyReader.check(try json(policy)).first?.hint == hint)
        }
    }

    @Test func otherVocabulariesAreLeftAlone() throws {
        let source = try json(
            #"{"uid": "urn:p", "dct:title": "x", "http://e.org/remark": 1, "description": "y", "permission": [{"action": "read", "skos:note": "z", "title": "t"}]}"#
        )
        #expect(PolicyReader.check(source) == [])
    }

    @Test(
        arguments: [
            (#"{"read": "odrl:sell"}"#, "read"), (#"{"permission": {"@id": "odrl:prohibition"}}"#, "permission"),
            (#"{"odrl": "http://evil/"}"#, "odrl"),
            (#"["http://www.w3.org/ns/odrl.jsonld", {"purpose": "odrl:count"}]"#, "purpose"), (#"{"uid": "http://e.org/uid"}"#, "uid"),
            (
                #"{"odrl": "http://www.w3.org/ns/odrl/2/", "read": "odrl:read", "action": {"@type": "@vocab", "@id": "odrl:action"}, "uid": "@id", "neq": "odrl:neg", "ex": "http://e.org/"}"#,
                nil
            ),
        ] as [(String, String?)])
    func aContextCannotRedefineOurTerms(context: String, term: String?) throws {
        let source = try json(
            #"{"@context": \#(context), "uid": "urn:p", "permission": [{"action": "odrl:read", "constraint": {"leftOperand": "purpose", "operator": "eq", "rightOperand": "a"}}]}"#
        )
        let found = PolicyReader.check(source)
        #expect(found.map(\.code) == (term == nil ? [] : ["policy.context-redefines"]))
        if let term { #expect(found.first?.message.contains("`\(term)`") == true) }
        // Even unregistered, the terms keep their meaning.
        let policy = try #require(PolicyReader.parse(source).policy)
        #expect(policy.permissions.first?.terms.actions.first?.action == Action.read)
    }

    /// Clauses wrapped so that a careless reader loses them.
    @Test(arguments: [
        #"[[[[[[[[[[{"leftOperand": "purpose", "operator": "eq", "rightOperand": "a"}]]]]]]]]]]"#,
        #"{"@list": [], "leftOperand": "purpose", "operator": "eq", "rightOperand": "a"}"#,
        #"{"@set": [], "and": [{"leftOperand": "purpose", "operator": "eq", "rightOperand": "a"}]}"#, #""urn:elsewhere""#, "7", "{}",
    ])
    func noClauseIsLost(clause: String) throws {
        let source = try json(#"{"uid": "urn:p", "permission": [{"action": "read", "constraint": \#(clause)}]}"#)
        let (parsed, _) = PolicyReader.parse(source)
        let policy = try #require(parsed)
        #expect(policy.permissions.first?.terms.constraints.isEmpty == false)
        let decision = policy.evaluate(
            PolicyRequest(action: Action.read, party: nil, target: nil, purpose: "b"), in: PolicyWorld(now: nil), at: .use)
        #expect(decision.outcome == .deny)
    }

    @Test func limitsRefuseAsAWhole() throws {
        func rules(_ count: Int) -> JSON { ["uid": "urn:p", "permission": .array(Array(repeating: ["action": "read"], count: count))] }
        #expect(try PolicyReader.read(rules(PolicyReader.maximumRules)).permissions.count == PolicyReader.maximumRules)
        #expect(PolicyReader.parse(rules(PolicyReader.maximumRules + 1)).policy == nil)
        func nested(_ depth: Int) -> JSON {
            var node: JSON = ["leftOperand": "purpose", "operator": "eq", "rightOperand": "a"]
            for _ in 0..<depth { node = ["and": [node]] }
            return ["uid": "urn:p", "permission": [["action": "read", "constraint": node]]]
        }
        #expect(PolicyReader.check(nested(PolicyReader.maximumDepth - 1)) == [])
        #expect(PolicyReader.check(nested(PolicyReader.maximumDepth)).contains { $0.code == "policy.too-large" })
        // A graph that refers to itself would unfold without end.
        let loop = try json(
            #"{"@graph": [{"@type": "Set", "uid": "urn:p", "permission": [{"action": "read", "constraint": [{"@id": "urn:l"}]}]}, {"uid": "urn:l", "and": [{"@id": "urn:l"}, {"@id": "urn:l"}]}]}"#
        )
        #expect(PolicyReader.check(loop).contains { $0.code == "policy.too-large" })
        #expect(PolicyReader.parse(loop).policy == nil)
    }

    @Test func bytesOfThePolicyAreThoseOfItsSource() throws {
        let source = try json(#"{"uid": "urn:p", "b": 1, "permission": [{"action": "read"}], "dct:title": "t"}"#)
        let policy = try #require(PolicyReader.parse(source).policy)
        #expect(policy.canonicalBytes == source.canonical())
    }

    @Test func levelsSayHowFarAClauseHolds() throws {
        let policy = try PolicyReader.read(try file("Policies/templates/battery-trace.json"))
        let clauses = policy.clauses()
        let levels = Dictionary(clauses.map { ($0.pointer.description, $0.level) }) { first, _ in first }
        #expect(levels["/permission/0"] == .enforced)
        #expect(levels["/permission/0/constraint/0"] == .attested)
        #expect(levels["/permission/0/constraint/1"] == .enforced)
        #expect(levels["/prohibition/0"] == .declared)
        let granted = policy.clauses(context: LevelContext(isKeyGranted: true))
        #expect(!granted.contains { $0.level == .enforced })
        let mill = try PolicyReader.read(try file("Policies/templates/mill-certificate.json"))
        guard case .atomic(let count)? = mill.permissions.first?.terms.constraints.first else {
            Issue.record("no constraint")
            return
        }
        #expect(Policy.level(of: count) == .attested)
        #expect(Policy.level(of: count, context: LevelContext(isPerConsumerPackage: true)) == .enforced)
        #expect(Policy.level(of: count, context: LevelContext(isPerConsumerPackage: true, isKeyGranted: true)) == .attested)
    }
}
