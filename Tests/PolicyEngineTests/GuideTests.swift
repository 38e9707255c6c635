// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Foundation
import Testing

@testable import PolicyEngine

/// Tables of docs/guide/policies.md that are made from data. With KOUAN_WRITE_TABLES=1 this test writes them anew.
struct GuideTests {
    private static let page = repository.appending(path: "docs/guide/policies.md")

    @Test(arguments: ["templates", "operands", "ids-classes"])
    func theTablesOfTheGuideAreThoseOfTheCode(name: String) throws {
        let rows =
            switch name {
            case "templates": try GuideTests.templates()
            case "operands": GuideTests.operands()
            default: try GuideTests.classes()
            }
        let text = try String(contentsOf: GuideTests.page, encoding: .utf8)
        let begin = "<!-- table: \(name) -->\n"
        let start = try #require(text.range(of: begin)).upperBound
        let end = try #require(text.range(of: "<!-- end -->", range: start..<text.endIndex)).lowerBound
        let expected = rows.joined(separator: "\n") + "\n"
        if ProcessInfo.processInfo.environment["KOUAN_WRITE_TABLES"] == "1" {
            try text.replacingCharacters(in: start..<end, with: expected).write(to: GuideTests.page, atomically: true, encoding: .utf8)
            return
        }
        #expect(String(text[start..<end]) == expected, "run this test with KOUAN_WRITE_TABLES=1")
    }

    private static func templates() throws -> [String] {
        var rows: [(order: String, text: String)] = []
        for name in PolicyFormTests.names {
            let form = try #require(PolicyForm(try file("Policies/templates/\(name).template.json")))
            let policy = try PolicyReader.read(try file("Policies/templates/\(name).json"))
            let levels = policy.clauses().filter { $0.kind != .permission }.map(\.level)
            let counts = EnforcementLevel.allCases.compactMap { level -> String? in
                let count = levels.count { $0 == level }
                return count == 0 ? nil : "\(count) \(level.rawValue)"
            }
            let order = (form.kinds.count == 1 ? form.kinds[0] : "~") + name
            rows.append(
                (
                    order,
                    "| `\(name)` | \(form.kinds.joined(separator: " ")) | \(form.title.en) | \(form.title.zh) | "
                        + "\(counts.joined(separator: ", ")) | \(form.notEnforced.en) |"
                ))
        }
        return ["| template | kind | says | 中文 | clauses | does not enforce |", "|---|---|---|---|---|---|"]
            + rows.sorted { $0.order < $1.order }.map(\.text)
    }

    private static func operands() -> [String] {
        let points = EvaluationPoint.allCases
        let known = (Array(OperandTable.core.values) + Array(PolicyProfile.operands.values)).filter { $0.knownFrom != nil }
        let rows = known.sorted {
            ($0.iri.written.contains(":") ? 1 : 0, $0.iri.written) < ($1.iri.written.contains(":") ? 1 : 0, $1.iri.written)
        }
        .map { info in
            let cells = points.map { point in
                info.knowledge(at: point, on: info.knownTo == .consumer ? .consumer : .provider) == .known ? "known" : "later"
            }
            return "| `\(info.iri.written)` | \(info.title.zh) | \(info.sort.rawValue) | \(cells.joined(separator: " | ")) | "
                + "\(info.knownTo.rawValue) | \(info.level.rawValue) |"
        }
        return [
            "| operand | 中文 | sort | " + points.map(\.rawValue).joined(separator: " | ") + " | known to | level |",
            "|---|---|---|" + points.map { _ in "---|" }.joined() + "---|---|",
        ] + rows
    }

    private static func classes() throws -> [String] {
        let classes = try #require(try file("Policies/profiles/ids-25.json")["classes"]?.array)
        let rows = classes.map { entry in
            let template = entry["template"]?.string.map { "`\($0)`" } ?? ""
            let note = entry["note"]?["en"]?.string ?? ""
            return "| \(entry["number"]?.int ?? 0) | \(entry["title"]?["en"]?.string ?? "") | \(entry["title"]?["zh"]?.string ?? "") | "
                + "`\(entry["encoding"]?.string ?? "")` | \(entry["level"]?.string ?? "") | \(template) | \(note) |"
        }
        return ["| # | class | 中文 | encoding | level | template | note |", "|---|---|---|---|---|---|---|"] + rows
    }
}
