// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import ManagementAPI
import Testing

@testable import kouan

@Suite struct PrintingTests {
    @Test func chineseTakesTwoColumns() {
        #expect(DisplayWidth.of("口岸 a") == 6)
        #expect(DisplayWidth.padded("口岸", to: 6) == "口岸  ")
        #expect(DisplayWidth.clipped("口岸口岸", to: 5) == "口岸…")
    }

    @Test func tablesAlignByWidth() {
        let rows: [JSON] = [["name": "口岸", "n": 5], ["name": "a", "n": 1_234]]
        let text = Table.text(
            rows: rows, columns: [Column("name", "NAME", zh: "名称"), Column("n", right: true)], language: .en, bold: false)
        #expect(text == "NAME     N\n口岸     5\na     1234\n")
        let chinese = Table.text(rows: [], columns: [Column("name", "NAME", zh: "名称")], language: .zh, bold: false)
        #expect(chinese == "名称\n")
    }

    @Test func aPeersTextCannotSteerTheTerminal() {
        #expect(Table.clean("a\u{1B}[2Jb\u{202E}c\nd") == "a\u{FFFD}[2Jb\u{FFFD}c d")
    }

    @Test(arguments: [
        ("plain", "plain"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("=1+1", "'=1+1"), ("@x", "'@x"), ("-5", "'-5"),
        ("two\nlines", "\"two\nlines\""),
    ])
    func csvIsSafeToOpen(value: String, cell: String) {
        #expect(CSV.text(rows: [["a": .string(value)]], columns: [Column("a")]) == "a\r\n\(cell)\r\n")
    }

    @Test func numbersInCSVStayNumbers() {
        #expect(
            CSV.text(rows: [["a": -5, "b": true, "c": .null]], columns: [Column("a"), Column("b"), Column("c")]) == "a,b,c\r\n-5,true,\r\n")
    }

    @Test(
        arguments: [
            (nil, ["LANG": "zh_CN.UTF-8"], Language.zh), (nil, ["LANG": "de_DE.UTF-8"], .en),
            (nil, ["KOUAN_LANG": "zh", "LANG": "en_US"], .zh),
            (.en, ["KOUAN_LANG": "zh"], .en), (nil, [:], .en), (nil, ["LC_ALL": "", "LANG": "zh_TW"], .zh),
        ] as [(Language?, [String: String], Language)])
    func theLanguageIsChosenInOrder(flag: Language?, environment: [String: String], expected: Language) {
        #expect(Language.chosen(flag: flag, environment: environment) == expected)
    }

    @Test func chineseTextsTakeTheValuesOfTheEnglishOnes() {
        let failure = OperationFailure(.notFound, code: "dataset.unknown", message: "there is no dataset `d-1`", hint: "list them")
        #expect(Texts.failure(failure, language: .zh).message == "没有数据集 `d-1`")
        #expect(Texts.failure(failure, language: .en).message == "there is no dataset `d-1`")
        let other = OperationFailure(.failure, code: "some.code-without-a-row", message: "m", hint: "h")
        #expect(Texts.failure(other, language: .zh).message == "m")
        #expect(Texts.fill("{2} 与 {1} 与 {3}", ["a", "b"]) == "`b` 与 `a` 与 ")
    }

    /// Every code that the exchange or the policy engine refuses with has its Chinese text.
    @Test func noRefusalSpeaksEnglishAlone() throws {
        let refusing = try Regex(#"(?:denied\(\s*|ExchangeError\(\s*\.denied,\s*)"([a-z-]+\.[a-z-]+)""#)
        let deciding = try Regex(#""(policy\.[a-z-]+)""#)
        var codes = Set<String>()
        for (folder, files, pattern) in [
            ("Exchange", try TreeComparison.files(below: repository + "/Sources/Exchange"), refusing),
            (
                "PolicyEngine",
                ["Deciding/Reasons.swift", "Deciding/Decision.swift", "Explaining/Redaction.swift", "Explaining/PolicyCases.swift"],
                deciding
            ),
        ] {
            for file in files where file.hasSuffix(".swift") {
                let text = try Files.text("\(repository)/Sources/\(folder)/\(file)")
                for match in text.matches(of: pattern) { codes.insert(String(match.output[1].substring ?? "")) }
            }
        }
        codes.subtract(["policy.permit", "policy.conditional"])
        #expect(codes.count > 20)
        #expect(codes.filter { Texts.chinese[$0] == nil }.sorted() == [])
    }

    @Test(arguments: [("it's", "'it'\\''s'"), ("", "''"), ("/a/b-c.d", "/a/b-c.d"), ("a b", "'a b'"), ("$(x)", "'$(x)'")])
    func wordsAreQuotedForTheShell(word: String, quoted: String) { #expect(Shell.quoted(word) == quoted) }

    @Test(arguments: [
        (["ledgr"], "kouan ledger"), (["ledger", "lst"], "kouan ledger list"), (["dataset", "pubish", "x"], "kouan dataset publish"),
        (["package", "vrify"], "kouan package verify"),
    ])
    func verbsAreSuggested(arguments: [String], suggestion: String) {
        #expect(Suggestion.subcommand(for: arguments, root: Kouan.self) == suggestion)
    }

    @Test(arguments: [["--version"], ["dataset", "list"], ["zzzzzz"], ["dataset", "--frmat"]])
    func otherWordsAreNot(arguments: [String]) { #expect(Suggestion.subcommand(for: arguments, root: Kouan.self) == nil) }

    @Test func problemsBecomeFailures() {
        let failure = NodeClient.failure(
            status: 403, problem: ["code": "policy.denied", "detail": "no", "hint": "ask", "details": ["reasons": ["r"]], "errorID": "e"])
        #expect(failure.kind == .denied)
        #expect(failure.code == "policy.denied")
        #expect(failure.details == ["reasons": ["r"]])
        #expect(NodeClient.failure(status: 500, problem: ["errorID": "e"]).details == ["errorID": "e"])
        #expect(NodeClient.failure(status: 418, problem: [:]).kind == .failure)
    }
}
