// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Testing

@testable import PolicyEngine

/// One structure, written as JSON, in English and in Chinese.
struct ExplanationTests {
    private static let source = """
        {"@context": "http://www.w3.org/ns/odrl.jsonld", "uid": "urn:p", "@type": "Agreement", "target": "urn:t",
         "permission": [{"uid": "urn:r", "action": "read", "assignee": "urn:a", "constraint": [
           {"or": [{"leftOperand": "purpose", "operator": "isAnyOf", "rightOperand": ["research", "recycling"]},
                   {"and": [{"leftOperand": "spatial", "operator": "isPartOf", "rightOperand": "EU"},
                            {"leftOperand": "count", "operator": "lteq", "rightOperand": 3}]}]},
           {"leftOperand": "dateTime", "operator": "lt", "rightOperand": {"@value": "2027-03-01T00:00:00+08:00", "@type": "xsd:dateTime"}}],
           "duty": [{"action": "delete", "constraint": [{"leftOperand": "dateTime", "operator": "lt", "rightOperand": {"@value": "2027-06-01T00:00:00+08:00", "@type": "xsd:dateTime"}}]}]}],
         "prohibition": [{"uid": "urn:f", "action": "distribute"}]}
        """

    private func explanation(purpose: String = "pricing") throws -> Explanation {
        let policy = try PolicyReader.read(try json(ExplanationTests.source))
        let request = PolicyRequest(
            action: Action.read, party: "urn:a", target: "urn:t", purpose: purpose, usesIncludingThis: 5, places: ["CN-350000"])
        return policy.explain(request, in: PolicyWorld(now: Timestamp(parsing: "2026-12-15T02:00:00Z")), at: .grant)
    }

    @Test func inEnglishWithLocalTimeAndUTC() throws {
        #expect(
            try explanation().text(.en) == """
                deny: `odrl:purpose` is `pricing` and must be one of `research`, `recycling` [policy.purpose-not-permitted]
                  decided at: grant, provider, 2026-12-15T10:00:00+08:00 (2026-12-15T02:00:00Z)
                  policy: urn:p
                  action: odrl:read
                  party: urn:a
                  data: urn:t

                permission urn:r: does not apply
                  yes  action `odrl:read`; asked: `odrl:read`
                  yes  data `urn:t`; asked: `urn:t`
                  yes  party `urn:a`; asked: `urn:a`
                  no  at least one of
                    no  `odrl:purpose` must be one of `research`, `recycling`; it is `pricing` (request)
                    no  all of
                      no  `odrl:spatial` must lie in `EU`; it is `CN-350000` (request)
                      no  `odrl:count` must be at most `3`; it is `5` (request)
                  yes  `odrl:dateTime` must be before `2027-03-01T00:00:00+08:00 (2027-02-28T16:00:00Z)`; it is `2026-12-15T10:00:00+08:00 (2026-12-15T02:00:00Z)` (clock)
                  duty after the use `odrl:delete`: not fulfilled yet, until 2027-06-01T00:00:00+08:00 (2027-05-31T16:00:00Z)
                    yes  `odrl:dateTime` must be before `2027-06-01T00:00:00+08:00 (2027-05-31T16:00:00Z)`; it is `2026-12-15T10:00:00+08:00 (2026-12-15T02:00:00Z)` (clock)

                prohibition urn:f: does not apply
                  no  action `odrl:distribute`; asked: `odrl:read`
                  yes  data `urn:t`; asked: `urn:t`

                what stands against it
                  `odrl:purpose` is `pricing` and must be one of `research`, `recycling` [policy.purpose-not-permitted]
                  `odrl:spatial` is `CN-350000` and must lie in `EU` [policy.place-not-permitted]
                  `odrl:count` is `5` and must be at most `3` [policy.uses-exhausted]

                the smallest change that turns it into a permit
                  - the requester must change this: `odrl:purpose` must be one of `research`, `recycling`

                """)
    }

    @Test func inChineseWithLocalTimeAndUTC() throws {
        #expect(
            try explanation().text(.zh) == """
                拒绝：使用目的为 `pricing`，须为 `research`, `recycling` 之一 [policy.purpose-not-permitted]
                  判定环节：发放密钥，数据提供方，2026-12-15T10:00:00+08:00 (2026-12-15T02:00:00Z)
                  策略：urn:p
                  行为：odrl:read
                  主体：urn:a
                  数据：urn:t

                许可 urn:r：不适用
                  是  行为 `odrl:read`；请求：`odrl:read`
                  是  数据 `urn:t`；请求：`urn:t`
                  是  主体 `urn:a`；请求：`urn:a`
                  否  至少满足一项
                    否  使用目的须为 `research`, `recycling` 之一；现为 `pricing`（请求）
                    否  全部满足
                      否  使用地域须属于 `EU`；现为 `CN-350000`（请求）
                      否  使用次数不得超过 `3`；现为 `5`（请求）
                  是  时间须早于 `2027-03-01T00:00:00+08:00 (2027-02-28T16:00:00Z)`；现为 `2026-12-15T10:00:00+08:00 (2026-12-15T02:00:00Z)`（时钟）
                  使用后义务 `odrl:delete`：尚未履行，期限为 2027-06-01T00:00:00+08:00 (2027-05-31T16:00:00Z)
                    是  时间须早于 `2027-06-01T00:00:00+08:00 (2027-05-31T16:00:00Z)`；现为 `2026-12-15T10:00:00+08:00 (2026-12-15T02:00:00Z)`（时钟）

                禁止 urn:f：不适用
                  否  行为 `odrl:distribute`；请求：`odrl:read`
                  是  数据 `urn:t`；请求：`urn:t`

                未获允许的原因
                  使用目的为 `pricing`，须为 `research`, `recycling` 之一 [policy.purpose-not-permitted]
                  使用地域为 `CN-350000`，须属于 `EU` [policy.place-not-permitted]
                  使用次数为 `5`，不得超过 `3` [policy.uses-exhausted]

                使策略允许的最小更改
                  - 请求方须更改：使用目的须为 `research`, `recycling` 之一

                """)
    }

    @Test func equalInputsGiveEqualBytes() throws {
        let first = try explanation()
        let second = try explanation()
        #expect(first.json().canonical() == second.json().canonical())
        #expect(first.text(.zh) == second.text(.zh))
        #expect(first.json(zone: .utc)["decidedAtLocal"] == "2026-12-15T02:00:00Z")
        #expect(first.json()["decidedAtLocal"] == "2026-12-15T10:00:00+08:00")
    }

    @Test func theTreeKeepsTheNestingOfThePolicy() throws {
        let rule = try #require(try explanation().rules.first)
        #expect(rule.clauses.map(\.logical) == [.or, nil])
        #expect(rule.clauses[0].parts.map(\.logical) == [nil, .and])
        #expect(rule.clauses[0].parts[1].parts.map(\.leftOperand) == [Operand.spatial, Operand.count])
        #expect(rule.clauses[0].parts[0].source == .request)
        #expect(rule.clauses[1].source == .clock)
        #expect(rule.duties.first?.deadline == Timestamp(parsing: "2027-06-01T00:00:00+08:00"))
    }

    /// Clauses that stand elsewhere in the document and are only named in the rule.
    @Test func clausesByReferenceKeepTheirPlaceInTheTree() throws {
        let policy = try PolicyReader.read(
            try json(
                """
                {"@context": "http://www.w3.org/ns/odrl.jsonld", "uid": "urn:p", "@type": "Agreement",
                 "permission": [{"uid": "urn:r", "action": "read", "constraint": [{"uid": "urn:c"}]},
                   {"uid": "urn:r2", "action": "print", "constraint": [{"uid": "urn:c", "or": [
                     {"uid": "urn:c1", "leftOperand": "purpose", "operator": "eq", "rightOperand": "research"},
                     {"leftOperand": "spatial", "operator": "eq", "rightOperand": "DE"}]}]}]}
                """))
        let request = PolicyRequest(action: Action.read, party: "urn:a", target: "urn:t", purpose: "research")
        let explanation = policy.explain(request, in: PolicyWorld(now: Timestamp(seconds: 1_790_000_000)), at: .use)
        #expect(explanation.rules.map { $0.clauses.map(\.parts.count) } == [[2], [2]])
    }

    @Test func everyMomentIsLocalAndInUTC() throws {
        let policy = try PolicyReader.read(try json(ExplanationTests.source))
        let request = PolicyRequest(
            action: Action.read, party: "urn:a", target: "urn:t", purpose: "research", usesIncludingThis: 5, places: ["CN-350000"])
        let late = policy.explain(request, in: PolicyWorld(now: Timestamp(parsing: "2027-03-01T02:00:00Z")), at: .grant)
        #expect(
            late.text(.en).hasPrefix(
                "deny: `odrl:dateTime` is `2027-03-01T10:00:00+08:00 (2027-03-01T02:00:00Z)` and must be before"
                    + " `2027-03-01T00:00:00+08:00 (2027-02-28T16:00:00Z)` [policy.window-closed]\n"))
        for text in [late.text(.en), late.text(.zh)] {
            let moments = text.split(separator: "2027-").count - 1
            let pairs = text.split(separator: "+08:00 (2027-").count - 1
            #expect(moments == 2 * pairs, "\(text)")
        }
    }

    @Test func aPermitIsExplainedToo() throws {
        let explanation = try explanation(purpose: "research")
        #expect(explanation.outcome == .permit)
        #expect(explanation.rules.map(\.isBasis) == [true, false])
        #expect(explanation.text(.en).hasPrefix("permit: the policy permits it [policy.permit]\n"))
        #expect(!explanation.text(.en).contains("smallest change"))
    }

    @Test func whatAPeerWroteCannotSteerATerminal() throws {
        let text = try explanation(purpose: "a\u{1B}[2Jb\u{202E}\nc`d").text(.en)
        #expect(!text.contains("\u{1B}"))
        #expect(!text.contains("\u{202E}"))
        #expect(!text.contains("\nc"))
    }

    @Test func zonesAreReadAndWritten() {
        for text in ["+08:00", "-05:30", "Z", "+14:00"] { #expect(TimeZoneOffset(parsing: text)?.description == text) }
        for text in ["", "+8", "+15:00", "+08:60", "08:00+", "+0a:00", "+14:01"] {
            #expect(TimeZoneOffset(parsing: text) == nil, "\(text)")
        }
        let time = Timestamp(seconds: 1_790_000_000)
        #expect(TimeZoneOffset.utc.both(time) == "2026-09-21T14:13:20Z")
        #expect(TimeZoneOffset.china.both(time) == "2026-09-21T22:13:20+08:00 (2026-09-21T14:13:20Z)")
    }

    // MARK: The compliance report

    @Test func theComplianceReportUsesTheVocabulary() throws {
        let policy = try PolicyReader.read(try json(ExplanationTests.source))
        var request = PolicyRequest(
            id: "urn:q", action: Action.read, party: "urn:a", target: "urn:t", purpose: "pricing", usesIncludingThis: 5,
            places: ["CN-350000"])
        request.id = "urn:q"
        let decision = policy.evaluate(request, in: PolicyWorld(now: Timestamp(parsing: "2026-12-15T02:00:00Z")), at: .grant)
        let report = decision.complianceReport()
        #expect(report["@type"] == "report:PolicyReport")
        #expect(report["@context"]?["report"] == "https://w3id.org/force/compliance-report#")
        #expect(report["report:policy"] == ["@id": "urn:p"])
        #expect(report["report:policyRequest"] == ["@id": "urn:q"])
        #expect(report["dct:created"] == ["@value": "2026-12-15T02:00:00.000Z", "@type": "xsd:dateTime"])
        let rules = try #require(report["report:ruleReport"]?.array)
        #expect(rules.map { $0["@type"]?.string } == ["report:PermissionReport", "report:ProhibitionReport"])
        #expect(rules[0]["report:activationState"] == ["@id": "report:Inactive"])
        #expect(rules.map { $0["report:attemptState"]?["@id"]?.string } == ["report:Attempted", "report:NotAttempted"])
        #expect(rules[0]["report:conditionReport"]?.array?.first?["report:deonticState"] == ["@id": "report:NonSet"])
        #expect(rules[1]["report:deonticState"] == ["@id": "report:NonSet"])
        let premises = try #require(rules[0]["report:premiseReport"]?.array)
        #expect(
            premises.map { $0["@type"]?.string } == [
                "report:ActionReport", "report:TargetReport", "report:PartyReport", "report:ConstraintReport", "report:ConstraintReport",
            ])
        #expect(premises[0]["report:satisfactionState"] == ["@id": "report:Satisfied"])
        let either = premises[3]
        #expect(either["report:constraintOperator"] == ["@id": "http://www.w3.org/ns/odrl/2/or"])
        #expect(either["report:satisfactionState"] == ["@id": "report:Unsatisfied"])
        let parts = try #require(either["report:premiseReport"]?.array)
        #expect(parts.count == 2)
        #expect(parts[0]["report:constraintLeftOperand"] == "pricing")
        #expect(parts[1]["report:premiseReport"]?.array?.count == 2)
        #expect(decision.complianceReport().canonical() == report.canonical())
    }
}
