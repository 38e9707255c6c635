// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import PolicyEngine
import Testing

/// Rules 5 to 7 of `policy evaluate`: values, comparison and the twelve operators, for each sort of value.
struct OperatorTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let operation: String
        let left: String
        let right: String
        let holds: Bool
        init(_ operation: String, _ left: String, _ right: String, _ holds: Bool) {
            (self.operation, self.left, self.right, self.holds) = (operation, left, right, holds)
        }
        var testDescription: String { "\(left) \(operation) \(right)" }
    }

    static func typed(_ text: String, _ type: String) -> String { #"{"@value":"\#(text)","@type":"xsd:\#(type)"}"# }

    static let rows: [Row] = [
        // Numbers, exactly.
        Row("eq", "3", "3", true), Row("eq", "3", typed("3.000", "decimal"), true), Row("eq", "3", typed("3e0", "double"), true),
        Row("eq", "3", "4", false), Row("neq", "3", "4", true), Row("neq", "3", "3", false), Row("lt", "3", "4", true),
        Row("lt", "4", "4", false), Row("lteq", "4", "4", true), Row("lteq", "5", "4", false), Row("gt", "5", "4", true),
        Row("gt", "4", "4", false), Row("gteq", "4", "4", true), Row("gteq", "-5", "4", false), Row("lt", "-5", "-4.5", true),
        Row("lt", typed("0.1000000000000000000001", "decimal"), typed("0.1000000000000000000002", "decimal"), true),
        Row("eq", typed("0.1000000000000000000001", "decimal"), typed("0.1", "decimal"), false),
        Row("gt", typed("100000000000000000000000000000000", "integer"), typed("99999999999999999999999999999999", "integer"), true),
        Row("eq", typed("-0", "integer"), "0", true), Row("eq", typed("1.5", "integer"), "1.5", false),
        // Instants.
        Row("eq", typed("2026-01-01T00:00:00Z", "dateTime"), typed("2026-01-01T08:00:00+08:00", "dateTime"), true),
        Row("eq", typed("2026-01-01T00:00:00", "dateTime"), typed("2026-01-01T00:00:00Z", "dateTime"), true),
        Row("eq", typed("2026-01-01", "date"), typed("2026-01-01T00:00:00Z", "dateTime"), true),
        Row("lt", typed("2025-12-31T23:59:59.999", "dateTime"), typed("2026-01-01", "date"), true),
        Row("lt", typed("2026-01-01T00:00:00.000000001Z", "dateTime"), typed("2026-01-01T00:00:00.000000002Z", "dateTime"), true),
        Row("eq", typed("2025-12-31T24:00:00Z", "dateTime"), typed("2026-01-01T00:00:00Z", "dateTime"), true),
        Row("gt", typed("2026-01-01T00:00:00Z", "dateTime"), "\"2025-01-01T00:00:00Z\"", false),
        Row("eq", typed("2026-02-30T00:00:00Z", "dateTime"), typed("2026-02-30T00:00:00Z", "dateTime"), true),
        Row("lteq", typed("2026-02-30T00:00:00Z", "dateTime"), typed("2026-02-30T00:00:00Z", "dateTime"), false),
        // Durations: a year of 365 days, a month of 30.
        Row("eq", typed("P1Y", "duration"), typed("P365D", "duration"), true),
        Row("eq", typed("P1M", "duration"), typed("P30D", "duration"), true),
        Row("lt", typed("PT59M59.9S", "duration"), typed("PT1H", "duration"), true),
        Row("lt", typed("-P1D", "duration"), typed("PT0S", "duration"), true),
        Row("lt", typed("P1D", "duration"), "2", false), Row("neq", typed("P1D", "duration"), "2", false),
        // Names: an IRI equals text of the same characters.
        Row("eq", "\"a\"", "\"a\"", true), Row("eq", "\"a\"", "\"A\"", false),
        Row("eq", #"{"@id":"http://e.org/a"}"#, "\"http://e.org/a\"", true), Row("neq", "\"a\"", "\"b\"", true),
        Row("lt", "\"a\"", "\"b\"", false), Row("gteq", "\"a\"", "\"a\"", false),
        // Different kinds are never equal, and never different either.
        Row("eq", "\"3\"", "3", false), Row("neq", "\"3\"", "3", false), Row("eq", "true", "true", true), Row("eq", "true", "false", false),
        Row("neq", "true", "false", true), Row("eq", typed("1", "boolean"), "true", true), Row("neq", "true", "1", false),
        // Units.
        Row(
            "lteq", #"{"@value":"5","@type":"xsd:decimal","unit":"urn:eur"}"#, #"{"@value":"6","@type":"xsd:decimal","unit":"urn:eur"}"#,
            true),
        Row(
            "lteq", #"{"@value":"5","@type":"xsd:decimal","unit":"urn:eur"}"#, #"{"@value":"6","@type":"xsd:decimal","unit":"urn:usd"}"#,
            false),
        Row(
            "neq", #"{"@value":"5","@type":"xsd:decimal","unit":"urn:eur"}"#, #"{"@value":"6","@type":"xsd:decimal","unit":"urn:usd"}"#,
            false),
        Row("lteq", "5", #"{"@value":"6","@type":"xsd:decimal","unit":"urn:usd"}"#, true),
        // Unknown datatypes: the same characters of the same type, no order.
        Row("eq", typed("2026", "gYear"), typed("2026", "gYear"), true), Row("lteq", typed("2026", "gYear"), typed("2026", "gYear"), false),
        // Many values.
        Row("eq", "[3,4]", "[4,3]", true), Row("eq", "[3,5]", "[3,4]", false), Row("neq", "[3]", "[4,5]", true),
        Row("neq", "[3]", "[4,3]", false),
        Row("lt", "[1,2]", "[3,4]", true), Row("lt", "[1,3]", "[3,4]", false),
        Row("isAnyOf", "[\"a\",\"x\"]", "[\"a\",\"b\"]", true), Row("isAnyOf", "[\"x\"]", "[\"a\",\"b\"]", false),
        Row("isNoneOf", "[\"x\"]", "[\"a\",\"b\"]", true), Row("isNoneOf", "[\"a\",\"x\"]", "[\"a\",\"b\"]", false),
        Row("isAllOf", "[\"a\",\"b\",\"c\"]", "[\"a\",\"b\"]", true), Row("isAllOf", "[\"a\"]", "[\"a\",\"b\"]", false),
        Row("isNoneOf", "3", "[\"3\"]", true),
        // Hierarchies: fuji below asia below world through `broader`, team below org through `memberOf`.
        Row("isPartOf", "\"fuji\"", "\"world\"", true), Row("isPartOf", "\"world\"", "\"fuji\"", false),
        Row("isPartOf", "\"fuji\"", "\"fuji\"", true),
        Row("isPartOf", "[\"fuji\",\"mars\"]", "\"world\"", false), Row("isPartOf", "\"team\"", #"{"@id":"org"}"#, true),
        Row("isPartOf", "\"loop\"", "\"world\"", false), Row("hasPart", "\"world\"", "\"fuji\"", true),
        Row("hasPart", "\"fuji\"", "\"world\"", false),
        Row("hasPart", "[\"asia\"]", "[\"fuji\",\"asia\"]", true), Row("hasPart", "[\"asia\"]", "[\"fuji\",\"mars\"]", false),
        Row("isA", "\"fuji\"", "\"Mountain\"", true), Row("isA", "\"fuji\"", "\"Landform\"", true),
        Row("isA", "\"fuji\"", "\"fuji\"", false),
        Row("isA", "\"Mountain\"", "\"Mountain\"", false), Row("isA", "[\"fuji\",\"asia\"]", "\"Mountain\"", false),
        // Nothing on one side.
        Row("eq", "[]", "\"a\"", false), Row("neq", "[]", "\"a\"", false), Row("lt", "[]", "3", false),
        Row("isAnyOf", "[]", "\"a\"", false),
        Row("isAllOf", "[]", "\"a\"", false), Row("isNoneOf", "[]", "\"a\"", true), Row("isPartOf", "[]", "\"a\"", false),
        Row("hasPart", "[]", "\"a\"", false), Row("isA", "[]", "\"a\"", false), Row("eq", "\"a\"", "[]", false),
        Row("isNoneOf", "\"a\"", "[]", true),
        // An operator nobody knows never holds.
        Row("similarTo", "\"a\"", "\"a\"", false),
    ]

    @Test(arguments: rows)
    func rule7_operators(row: Row) throws {
        let input = try json(
            """
            {"policies": [{"@type": "Set", "uid": "urn:p", "permission": [{"uid": "urn:r", "action": "use",
              "constraint": {"uid": "urn:c", "leftOperand": "urn:x", "operator": "\(row.operation)", "rightOperand": \(row.right)}}]}],
             "request": {"action": "http://www.w3.org/ns/odrl/2/use", "parameters": {"urn:x": \(row.left)}},
             "world": {"broader": {"fuji": ["asia"], "asia": ["world"], "Mountain": ["Landform"], "loop": ["pool"], "pool": ["loop"]},
                       "memberOf": {"team": ["org"]}, "types": {"fuji": ["Mountain"]}}}
            """)
        let report = PolicyCLI.evaluate(input)["reports"]?.array?.first
        let constraint = report?["rules"]?.array?.first?["constraints"]?.array?.first
        #expect(constraint?["state"]?.string == (row.holds ? "satisfied" : "unsatisfied"))
        #expect(report?["decision"]?.string == (row.holds ? "permit" : "deny"))
        #expect((constraint?["missing"] != nil) == (row.left == "[]"))
    }

    @Test(arguments: [
        ("P1Y2M3DT4H5M6.5S", true), ("P", false), ("PT", false), ("P1S", false), ("PT1D", false), ("P1.5D", false), ("PT0.5S", true),
        ("-P1D", true),
        ("P1M1Y", false), ("1D", false), ("P99999999999999999999Y", false), ("PT1M1H", false),
    ])
    func durationsAreReadStrictly(text: String, isValid: Bool) { #expect((Span(parsing: text) != nil) == isValid) }

    @Test(arguments: [
        ("2026-01-01T00:00:00Z", true), ("2026-01-01", true), ("2026-01-01Z", true), ("2026-01-01T00:00Z", true), ("2026-13-01", false),
        ("2026-01-01T25:00:00Z", false), ("2026-01-01T24:00:01Z", false), ("2026-1-1", false), ("20260101", false), ("", false),
        ("2026-01-01T00:00:00+15:00", false),
        ("2026-01-01T00:00:00.Z", false), ("2026-01-01 00:00:00Z", false),
    ])
    func instantsAreReadStrictly(text: String, isValid: Bool) { #expect((Instant(parsing: text) != nil) == isValid) }

    @Test(arguments: [
        ("10", 10), ("10.9", 10), ("-0.1", -1), ("-3", -3), ("0", 0), ("1e3", 1000), ("0.001", 0), ("1e-9", 0), ("120.00", 120),
    ])
    func floorOfDecimals(text: String, floor: Int) throws { #expect(try #require(ExactDecimal(parsing: text)).floor == floor) }

    @Test func decimalsAreWrittenAsNumbers() throws {
        for (text, written) in [("10.50", "10.5"), ("1200", "1200"), ("0.0012", "0.0012"), ("-7e2", "-700"), ("0", "0")] {
            #expect(try #require(ExactDecimal(parsing: text)).description == written)
        }
    }
}
