// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Foundation
import Testing

/// `kouan policy` as a person types it.
@Suite struct PolicyCommandTests {
    private static let now = ["--now", "2026-12-15T10:00:00+08:00"]

    @Test func aRefusalIsExplainedInBothLanguages() throws {
        let command = ["policy", "explain", "template:battery-trace", "--purpose", "pricing"] + PolicyCommandTests.now
        let english = try Program.run(command)
        #expect(english.code == 0, "\(english.stderr)")
        #expect(english.stdout.hasPrefix("deny: `odrl:purpose` is `pricing` and must be one of `battery-passport`"))
        #expect(english.stdout.contains("  decided at: use, consumer, 2026-12-15T10:00:00+08:00 (2026-12-15T02:00:00Z)\n"))
        #expect(
            english.stdout.hasSuffix(
                "the smallest change that turns it into a permit\n"
                    + "  - the requester must change this: `odrl:purpose` must be one of `battery-passport`, `warranty-analysis`, `recycling`\n"
            ))
        let chinese = try Program.run(command + ["--lang", "zh", "--zone", "Z"])
        #expect(chinese.stdout.hasPrefix("拒绝：使用目的为 `pricing`，须为 `battery-passport`, `warranty-analysis`, `recycling` 之一"))
        #expect(chinese.stdout.contains("判定环节：使用，数据使用方，2026-12-15T02:00:00Z\n"))
        #expect(chinese.stdout.contains("使策略允许的最小更改\n"))
    }

    @Test func anExplanationAsJSONAndCSVAndAsAComplianceReport() throws {
        let command = ["policy", "explain", "template:battery-trace", "--purpose", "pricing"] + PolicyCommandTests.now
        let run = try Program.run(command + ["--format", "json"])
        let json = try JSON.parse(run.stdout)
        #expect(json["outcome"] == "deny")
        #expect(json["repair"]?["possible"] == true)
        #expect(json["repair"]?["items"]?.array?.first?["who"] == "requester")
        #expect(try Program.run(command + ["--format", "json"]).stdout == run.stdout)
        let csv = try Program.run(command + ["--format", "csv"])
        #expect(csv.stdout.hasPrefix("rule,kind,pointer,state,leftOperand,operator,right,left,source\r\n"))
        #expect(csv.stdout.contains("/permission/0/constraint/0,unsatisfied,odrl:purpose,isAnyOf,"))
        let report = try JSON.parse(try Program.run(command + ["--report", "jsonld"]).stdout)
        #expect(report["@type"] == "report:PolicyReport")
        #expect(report["@context"]?["report"] == "https://w3id.org/force/compliance-report#")
    }

    @Test func theRequestAndTheWorldComeFromFilesToo() throws {
        try withTemporaryDirectory { root in
            let request = root + "/request.json"
            let world = root + "/world.json"
            try Data(
                #"{"request": {"action": "http://www.w3.org/ns/odrl/2/read", "parameters": {"http://www.w3.org/ns/odrl/2/purpose": ["recycling"]}}}"#
                    .utf8
            ).write(to: URL(filePath: request))
            try Data(#"{"currentTime": "2031-06-01T00:00:00Z"}"#.utf8).write(to: URL(filePath: world))
            let late = try Program.run([
                "policy", "explain", "template:battery-trace", "--request", request, "--world", world, "--format", "json",
            ])
            #expect(late.code == 0, "\(late.stderr)")
            #expect(try JSON.parse(late.stdout)["code"] == "policy.window-closed")
            #expect(try JSON.parse(late.stdout)["repair"]?["possible"] == false)
            let inTime = try Program.run(
                ["policy", "explain", "template:battery-trace", "--request", request, "--format", "json"] + PolicyCommandTests.now)
            #expect(try JSON.parse(inTime.stdout)["outcome"] == "permit")
        }
    }

    @Test func aPeerIsToldNothingOfOurFacts() throws {
        let command =
            ["policy", "explain", "template:sandbox-only", "--action", "kouan:release", "--point", "grant"] + PolicyCommandTests.now
        let own = try Program.run(command)
        #expect(own.stdout.contains("the provider's people must confirm it: `kouan:providerConsent` must be `true`"))
        let told = try Program.run(command + ["--peer"])
        #expect(told.code == 0, "\(told.stderr)")
        #expect(told.stdout.contains("[policy.not-disclosed]"))
        #expect(told.stdout.contains("not disclosed  `kouan:providerConsent` must be `true`; its value is not disclosed"))
        #expect(!told.stdout.contains("must confirm it"))
    }

    @Test(
        arguments: [
            (["explain", "template:place", "--now", "yesterday"], 2, "kouan: error: `yesterday` is no time with a zone [policy.no-time]"),
            (
                ["explain", "template:place", "--value", "mood=good"], 2,
                "kouan: error: the operand `mood` is not known [policy.unknown-operand]"
            ),
            (["explain", "template:place", "--value", "purpose"], 2, "kouan: error: `purpose` is no operand=value [policy.no-value]"),
            (["explain", "template:place", "--zone", "CST"], 2, "kouan: error: "),
            (["explain", "/nonexistent"], 3, "kouan: error: `/nonexistent` cannot be read"),
            (["check"], 2, "kouan: error: name a policy, or give --from or --until"),
            (["check", "--until", "2027-02-30"], 2, "kouan: error: `2027-02-30` is no day [policy.no-day]"),
            (
                ["check", "--from", "2027-03-02", "--until", "2027-03-01"], 2,
                "kouan: error: a window from `2027-03-02` until `2027-03-01` holds"
            ),
            (["test", "/nonexistent"], 3, "kouan: error: `/nonexistent` cannot be read"),
            (["diff", "template:place"], 2, "kouan: error: missing expected argument"),
            (["simulate", "template:place", "--data", "/nonexistent"], 3, "kouan: error: `/nonexistent` is no node's data directory"),
            (["simulate", "template:place", "--since", "October"], 2, "kouan: error: `October` is no day [policy.no-day]"),
        ] as [([String], Int32, String)])
    func errorsHaveTheirCodes(arguments: [String], code: Int32, stderr: String) throws {
        let run = try Program.run(["policy"] + arguments)
        #expect(run.code == code)
        #expect(run.stderr.hasPrefix(stderr), "\(run.stderr)")
        #expect(run.stdout.isEmpty)
    }

    @Test func daysBecomeAWindowFromMidnightToMidnight() throws {
        try withTemporaryDirectory { root in
            let run = try Program.run(["policy", "check", "--from", "2026-12-01", "--until", "2027-02-28", "--format", "json"])
            let constraints = try #require(try JSON.parse(run.stdout)["constraints"]?.array)
            #expect(constraints.map { $0["operator"] } == ["gteq", "lt"])
            #expect(
                constraints.map { $0["rightOperand"]?["@value"] } == ["2026-12-01T00:00:00+08:00", "2027-03-01T00:00:00+08:00"])
            let berlin = try Program.run(["policy", "check", "--until", "2028-02-28", "--zone", "+01:00", "-q"])
            #expect(try JSON.parse(berlin.stdout)["rightOperand"]?["@value"] == "2028-02-29T00:00:00+01:00")

            let written = root + "/window.json"
            let write = try Program.run(["policy", "check", "template:purpose-limit", "--until", "2027-02-28", "-o", written])
            #expect(write.code == 0, "\(write.stderr)")
            let policy = try JSON.parse(try String(contentsOfFile: written, encoding: .utf8))
            let last = policy["permission"]?.array?.first?["constraint"]?.array?.last
            #expect(last?["leftOperand"] == "dateTime")
            #expect(try Program.run(["policy", "check", written]).code == 0)
            for (time, outcome) in [("2027-02-28T23:59:59+08:00", "permit"), ("2027-03-01T00:00:00+08:00", "deny")] {
                let explained = try Program.run([
                    "policy", "explain", written, "--purpose", "warranty-analysis", "--now", time, "--format", "json",
                ])
                #expect(try JSON.parse(explained.stdout)["outcome"]?.string == outcome)
            }
            let none = root + "/none.json"
            try Data(#"{"@type": "Set", "uid": "urn:p", "prohibition": [{"action": "sell"}]}"#.utf8).write(to: URL(filePath: none))
            let refused = try Program.run(["policy", "check", none, "--until", "2027-02-28", "-o", root + "/not.json"])
            #expect(refused.code == 2)
            #expect(refused.stderr.contains("[policy.no-place-for-window]"))
            #expect(!FileManager.default.fileExists(atPath: root + "/not.json"))
        }
    }

    @Test func goldenCasesPassAndFail() throws {
        let all = try Program.run(["policy", "test", repository + "/Policies"])
        #expect(all.code == 0, "\(all.stdout)")
        #expect(all.stdout.hasSuffix(", 0 failed\n"))
        try withTemporaryDirectory { root in
            for suffix in [".json", ".cases.json"] {
                try FileManager.default.copyItem(
                    atPath: repository + "/Policies/templates/purpose-limit" + suffix, toPath: root + "/purpose-limit" + suffix)
            }
            let policy = try String(contentsOfFile: root + "/purpose-limit.json", encoding: .utf8)
            try Data(policy.replacing("\"warranty-analysis\"", with: "\"pricing\"").utf8).write(
                to: URL(filePath: root + "/purpose-limit.json"))
            let run = try Program.run(["policy", "test", root + "/purpose-limit.json"])
            #expect(run.code == 1)
            #expect(run.stdout.contains("outcome: expected permit, got deny\n"))
            #expect(run.stdout.contains("    the smallest change that turns it into a permit\n"))
            let json = try JSON.parse(try Program.run(["policy", "test", root, "--format", "json"]).stdout)
            #expect(json["failed"]?.int ?? 0 > 0)
            #expect((json["passed"]?.int ?? 0) + (json["failed"]?.int ?? 0) == json["total"]?.int)
            let failing = json["files"]?.array?.first?["cases"]?.array?.first { $0["passed"] == false }
            #expect(failing?["explanation"]?["outcome"] != nil)
            #expect(failing?["differences"]?.array?.first?["expected"] != nil)

            try Data(#"{"policy": "purpose-limit.json", "cases": [{"name": {"en": "a", "zh": "甲"}, "point": "later"}]}"#.utf8)
                .write(to: URL(filePath: root + "/purpose-limit.cases.json"))
            let malformed = try Program.run(["policy", "test", root])
            #expect(malformed.code == 2)
            #expect(malformed.stderr.contains("`cases/0/point` of the cases is none of catalog"))
            try FileManager.default.removeItem(atPath: root + "/purpose-limit.cases.json")
            let none = try Program.run(["policy", "test", root])
            #expect(none.code == 3)
            #expect(none.stderr.contains("[policy.no-cases]"))
        }
    }

    @Test func twoPoliciesAreComparedInWords() throws {
        let run = try Program.run(["policy", "diff", "template:purpose-limit", "template:battery-trace"])
        #expect(run.code == 0, "\(run.stderr)")
        #expect(run.stdout.contains("prohibition to `odrl:sell`: added (stricter)"))
        let same = try Program.run(["policy", "diff", "template:place", "template:place", "--format", "json"])
        #expect(try JSON.parse(same.stdout)["items"] == [])
        let csv = try Program.run(["policy", "diff", "template:purpose-limit", "template:battery-trace", "--format", "csv", "--lang", "zh"])
        #expect(csv.stdout.hasPrefix("change,effect,pointer,otherPointer,text\r\n"))
    }
}
