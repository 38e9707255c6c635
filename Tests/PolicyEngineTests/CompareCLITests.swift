// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import PolicyEngine
import Testing

/// `policy compare`: section 4 of its contract, case by case.
struct CompareCLITests {
    struct Row: Sendable, CustomTestStringConvertible {
        let a: String
        let b: String
        let relation: String
        let isSubsumed: Bool
        init(_ a: String, _ b: String, _ relation: String, _ isSubsumed: Bool) {
            (self.a, self.b, self.relation, self.isSubsumed) = (a, b, relation, isSubsumed)
        }
        var testDescription: String { "\(a) | \(b)" }
    }

    /// `count lt 3`, `purpose isAnyOf a,b`, `size lteq 5 EUR`; `(x or y)`, `(x xone y)`, `(x and y)`; `;` between clauses.
    static func policy(_ text: String) -> JSON {
        let clauses = text.split(separator: ";").map { clause($0.trimmed) }
        return ["uid": "urn:p", "@type": "Set", "permission": [["action": "use", "constraint": .array(clauses)]]]
    }

    private static func clause(_ text: String) -> JSON {
        if text.hasPrefix("(") {
            for word in ["or", "xone", "andSequence", "and"] {
                let parts = split(String(text.dropFirst().dropLast()), word)
                if parts.count > 1 { return .object([word: .array(parts.map { clause($0.trimmed) })]) }
            }
        }
        let words = text.split(separator: " ")
        let values =
            words.count < 3 ? [] : words[2].split(separator: ",").map { value(String($0), words.count > 3 ? String(words[3]) : nil) }
        return ["leftOperand": .string(String(words[0])), "operator": .string(String(words[1])), "rightOperand": .array(values)]
    }

    private static func split(_ text: String, _ word: String) -> [String] {
        var parts = [""]
        var depth = 0
        for piece in text.split(separator: " ") {
            if depth == 0, piece == word {
                parts.append("")
                continue
            }
            depth += piece.count { $0 == "(" } - piece.count { $0 == ")" }
            parts[parts.count - 1] += (parts[parts.count - 1].isEmpty ? "" : " ") + piece
        }
        return parts
    }

    private static func value(_ text: String, _ unit: String?) -> JSON {
        var type: String?
        if text.contains("T") && text.first?.isNumber == true {
            type = "dateTime"
        } else if text.first == "P" && text.last?.isUppercase == true {
            type = "duration"
        } else if text.first?.isNumber == true || text.first == "-" {
            type = text.contains("-") && text.count == 10 ? "date" : "decimal"
        } else if text == "true" || text == "false" {
            type = "boolean"
        }
        var members: [String: JSON] = ["@value": .string(text)]
        members["@type"] = type.map { .string("xsd:" + $0) }
        members["unit"] = unit.map { .string("urn:unit:" + $0) }
        return type == nil && unit == nil ? .string(text) : .object(members)
    }

    static func answer(_ question: String, _ a: JSON, _ b: JSON, world: JSON? = nil) -> JSON {
        PolicyCLI.compare(.members(["question": .string(question), "a": a, "b": b, "world": world]))
    }

    static let rows: [Row] = [
        // Ordered axes: open and closed ends.
        Row("count lteq 3", "count gteq 3", "compatible", false), Row("count lt 3", "count gteq 3", "conflict", false),
        Row("dateTime lt 2027-01-01T00:00:00Z", "dateTime gt 2027-01-01T00:00:00Z", "conflict", false),
        Row("absoluteSize lteq 600", "absoluteSize lteq 800", "compatible", true),
        Row("absoluteSize lteq 800", "absoluteSize lteq 600", "compatible", false),
        Row("absoluteSize eq 600", "absoluteSize lteq 600", "compatible", true),
        Row("absoluteSize lt 600", "absoluteSize lteq 600", "compatible", true),
        Row("absoluteSize lteq 600", "absoluteSize lt 600", "compatible", false),
        Row("absoluteSize gteq 800", "absoluteSize gteq 400", "compatible", true),
        Row("absoluteSize gt 3", "absoluteSize lt 4", "compatible", false),
        Row("absoluteSize gteq 2; absoluteSize lteq 2", "absoluteSize eq 2.0", "compatible", true),
        Row("absoluteSize gt 0.1", "absoluteSize lt 0.10000000000000000000001", "compatible", false),
        // Counts are whole; counts, sizes and durations are not negative.
        Row("count gt 3", "count lt 4", "conflict", false), Row("count gt 3", "count gteq 4", "compatible", true),
        Row("count eq 2.5", "count gteq 0", "conflict", true), Row("count lt 0", "count eq 1", "conflict", true),
        Row("count lt 1", "count eq 0", "compatible", true), Row("count neq 0", "count gteq 1", "compatible", true),
        Row("absoluteSize lt 0", "absoluteSize lteq 5", "conflict", true), Row("purpose eq a", "count gteq 0", "unknown", true),
        Row("elapsedTime lt PT0S", "elapsedTime eq P1D", "conflict", true),
        Row("elapsedTime lteq PT0S", "elapsedTime eq PT0S", "compatible", true),
        Row("payAmount lt 0", "payAmount eq -1", "compatible", false),
        Row("urn:oax:absoluteSizeWidth lt 0", "urn:oax:absoluteSizeWidth gteq 5", "conflict", true),
        Row("urn:oax:altitude lt 0", "urn:oax:altitude eq -1", "compatible", false),
        // Typed values: zones, spellings of one number, lengths of time.
        Row("dateTime eq 2026-01-01T00:00:00Z", "dateTime eq 2026-01-01T08:00:00+08:00", "compatible", true),
        Row("dateTime eq 2026-01-01T00:00:00", "dateTime eq 2026-01-01", "compatible", true),
        Row("elapsedTime eq P1Y", "elapsedTime eq P365D", "compatible", true),
        Row("elapsedTime lt P1M", "elapsedTime lt P30D", "compatible", true),
        Row("absoluteSize eq 3", "absoluteSize eq 3.000", "compatible", true),
        // Values of different kinds or units have nothing in common.
        Row("dateTime gteq 2026-01-01T00:00:00Z", "dateTime lteq P30D", "conflict", false),
        Row("count eq 3", "count eq three", "conflict", false),
        Row("count lt three", "count eq 1", "conflict", true), Row("payAmount lteq 5 EUR", "payAmount lteq 6 EUR", "compatible", true),
        Row("payAmount lteq 5 EUR", "payAmount lteq 6 USD", "conflict", false),
        Row("payAmount lteq 5 EUR", "payAmount lteq 6", "compatible", true),
        // Names: a left operand has a set of values.
        Row("purpose eq a", "purpose eq b", "conflict", false), Row("purpose eq a,b", "purpose eq b,c", "compatible", false),
        Row("purpose eq a", "purpose eq a,b", "compatible", true), Row("purpose eq a", "purpose neq a", "conflict", false),
        Row("purpose eq a", "purpose neq b", "compatible", true), Row("purpose neq a", "purpose isNoneOf a", "compatible", true),
        Row("purpose isNoneOf a", "purpose neq a", "compatible", true), Row("purpose isAnyOf a", "purpose isAnyOf b", "compatible", false),
        Row("purpose isAnyOf a,b", "purpose isNoneOf a,b", "conflict", false),
        Row("purpose isAnyOf a", "purpose isAnyOf a,b", "compatible", true),
        Row("purpose isAnyOf a", "purpose isNoneOf b", "compatible", false), Row("purpose eq a", "purpose isNoneOf b", "compatible", true),
        Row("purpose isAllOf a,b", "purpose isAllOf a", "compatible", true), Row("purpose isAllOf a,b", "purpose eq a", "conflict", false),
        Row("purpose isAllOf a,b", "purpose eq a,b", "compatible", false),
        Row("purpose isAllOf a,b", "purpose isAnyOf b,c", "compatible", true),
        Row("purpose isAllOf a,b", "purpose isNoneOf c", "compatible", false),
        Row("purpose eq a,b", "(purpose eq a or purpose eq b)", "compatible", false),
        Row("purpose isAnyOf a,b", "(purpose isAnyOf a or purpose isAnyOf b)", "compatible", true),
        Row("purpose eq a; purpose eq b", "purpose eq c", "conflict", true),
        Row("resolution isAllOf 300,600", "resolution isAnyOf 300", "compatible", true),
        Row("resolution isAllOf 300,600", "resolution lteq 300", "conflict", false),
        Row("resolution isAllOf 300", "resolution eq 300", "compatible", true),
        // Without a hierarchy a name lies in itself only, and may be of any kind.
        Row("spatial isPartOf EU", "spatial eq EU", "compatible", true), Row("spatial isPartOf EU", "spatial eq DE", "conflict", false),
        Row("spatial isPartOf EU", "spatial isPartOf EU,US", "compatible", true),
        Row("spatial hasPart DE", "spatial eq DE", "compatible", false),
        Row("spatial hasPart DE,FR", "spatial isAllOf DE,FR", "compatible", true),
        Row("purpose isA research", "purpose isA research", "compatible", true),
        Row("purpose isA a", "purpose isA a,b", "compatible", true), Row("purpose isA a", "purpose isA b", "compatible", false),
        // Logical clauses and several axes.
        Row("(count lt 5 or count gt 3)", "count gteq 0", "compatible", true),
        Row("count gteq 0", "(count lt 5 or count gt 3)", "compatible", true),
        Row("(count lt 5 xone count gt 3)", "count eq 4", "conflict", false),
        Row("count eq 4", "(count lt 5 xone count gt 3)", "conflict", false),
        Row("(count lt 2 or absoluteSize lt 2)", "count gt 5; absoluteSize gt 5", "conflict", false),
        Row("(count lt 2 or absoluteSize lt 2)", "count lt 1; absoluteSize lt 1", "compatible", false),
        Row("count lt 1; absoluteSize lt 1", "(count lt 2 or absoluteSize lt 2)", "compatible", true),
        Row("count lt 1; absoluteSize lt 1", "(count lt 2 xone absoluteSize lt 2)", "conflict", false),
        Row("count lt 1; absoluteSize gt 3", "(count lt 2 xone absoluteSize lt 2)", "compatible", true),
        Row("(count lt 2 and absoluteSize lt 2)", "(count lt 2 andSequence absoluteSize lt 2)", "compatible", true),
        Row(
            "((count eq 1 or count eq 2) and (absoluteSize eq 1 or absoluteSize eq 2))", "(absoluteSize gteq 1 and count gteq 1)",
            "compatible", true),
        // Silence on an operand.
        Row("count lt 3", "purpose eq a", "unknown", false), Row("count lt 3; purpose eq a", "count lt 3", "unknown", true),
        Row("count lt 3", "count lt 3; purpose eq a", "unknown", false), Row("count lt 3; purpose eq a", "count gt 3", "conflict", false),
        Row("dateTime gteq 2026-12-01T00:00:00Z", "elapsedTime lteq P30D", "unknown", false), Row("", "", "compatible", true),
        Row("count lt 3", "", "unknown", true), Row("", "count lt 3", "unknown", false), Row("", "count gteq 0", "unknown", true),
        // No value at all on the right.
        Row("purpose isNoneOf", "purpose eq a", "compatible", false), Row("purpose eq", "purpose eq a", "conflict", true),
    ]

    @Test(arguments: rows) func relationsAndSubsumption(row: Row) {
        let (a, b) = (CompareCLITests.policy(row.a), CompareCLITests.policy(row.b))
        let relation = CompareCLITests.answer("conflict", a, b)
        #expect(relation["relation"]?.string == row.relation, "\(relation.canonicalText)")
        let reverse = CompareCLITests.answer("conflict", b, a)
        #expect(reverse["relation"]?.string == row.relation)
        let subsumption = CompareCLITests.answer("subsumption", a, b)
        #expect(subsumption["subsumed"] == .bool(row.isSubsumed), "\(subsumption.canonicalText)")
    }

    @Test func aHierarchyInTheInputCounts() {
        let world: JSON = ["broader": ["DE": ["EU"], "BY": ["DE"]], "memberOf": ["urn:x": ["urn:group"]]]
        func relation(_ a: String, _ b: String) -> JSON? {
            CompareCLITests.answer("conflict", CompareCLITests.policy(a), CompareCLITests.policy(b), world: world)["relation"]
        }
        func subsumed(_ a: String, _ b: String) -> JSON? {
            CompareCLITests.answer("subsumption", CompareCLITests.policy(a), CompareCLITests.policy(b), world: world)["subsumed"]
        }
        #expect(relation("spatial isPartOf EU", "spatial eq BY") == "compatible")
        #expect(relation("spatial isPartOf DE", "spatial eq EU") == "conflict")
        #expect(subsumed("spatial isPartOf DE", "spatial isPartOf EU") == true)
        #expect(subsumed("spatial isPartOf EU", "spatial isPartOf DE") == false)
        #expect(subsumed("spatial eq EU", "spatial hasPart BY") == true)
        #expect(subsumed("spatial isPartOf EU", "spatial eq EU,DE,BY") == true)
        #expect(subsumed("recipient eq urn:x", "recipient isPartOf urn:group") == true)
    }

    @Test func badInputIsAnErrorWithStatusTwo() throws {
        for (text, code) in [
            ("{", nil), ("[]", "policy.input-not-an-object"), (#"{"question": "conflict"}"#, "policy.no-policy"),
            (#"{"question": "equal", "a": {}, "b": {}}"#, "policy.unknown-question"),
            (#"{"question": "conflict", "a": 1, "b": {}}"#, "policy.not-an-object"),
            (#"{"question": "conflict", "a": {"permission": {"action": "use"}}, "b": {}}"#, "policy.no-permission"),
        ] as [(String, String?)] {
            let (output, status) = PolicyCLI.compare(Array(text.utf8))
            #expect(status == 2)
            #expect(output["error"]?["code"]?.string != nil)
            if let code { #expect(output["error"]?["code"]?.string == code) }
        }
    }

    @Test func theWitnessIsInTheAnswer() {
        let output = CompareCLITests.answer(
            "subsumption", CompareCLITests.policy("count lteq 10; purpose isAnyOf a"), CompareCLITests.policy("count lteq 5"))
        #expect(output["subsumed"] == false)
        #expect(output["witness"]?["parameters"]?["http://www.w3.org/ns/odrl/2/count"]?.array?.count == 1)
        #expect(output["witness"]?["parameters"]?["http://www.w3.org/ns/odrl/2/purpose"] == ["a"])
    }
}

extension StringProtocol {
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
