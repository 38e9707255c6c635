// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel
import ManagementAPI
import PolicyEngine

extension Policy {
    struct Check: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read policies and say what is wrong with them, where, and how far each clause holds.",
            discussion: """
                With --from or --until it writes the time window for you: the constraint to paste, or with -o the policy with the window in
                every permission. Both days are in the window, from midnight to midnight in the zone.

                kouan policy check mine.json
                kouan policy check --until 2027-02-28
                kouan policy check mine.json --from 2026-12-01 --until 2027-02-28 -o window.json
                """)

        @OptionGroup var global: GlobalOptions
        @OptionGroup var output: OutputFileOption
        @Argument(help: "ODRL JSON-LD files, or template:NAME.", completion: .file(extensions: ["json", "jsonld"])) var files: [String] = []
        @Option(help: ArgumentHelp("First day of a time window to add.", valueName: "date")) var from: String?
        @Option(help: ArgumentHelp("Last day of a time window to add.", valueName: "date")) var until: String?
        @Option(help: ArgumentHelp("Zone of the days, as an offset from UTC.", valueName: "offset")) var zone: TimeZoneOffset = .china

        func validate() throws {
            if from == nil, until == nil {
                guard output.output == nil else { throw ValidationError("-o needs --from or --until") }
                guard !files.isEmpty else { throw ValidationError("name a policy, or give --from or --until") }
            } else if output.output != nil, files.count != 1 {
                throw ValidationError("-o writes one policy: name one")
            }
        }

        func execute(_ context: Context) async throws {
            if from != nil || until != nil { return try window(context) }
            var refused = false
            var reports: [JSON] = []
            for file in files {
                let (policy, findings) = PolicyReader.parse(try Templates.policy(file))
                let report = Policy.report(file: file, policy: policy, findings: findings)
                reports.append(report)
                refused = refused || report["ok"]?.bool != true
                if context.options.format == .table { Check.show(report, context) }
            }
            let result: JSON = ["policies": .array(reports)]
            switch context.options.format {
            case .table: break
            case .json: context.show(result)
            case .csv:
                let rows = reports.flatMap { report in
                    (report["findings"]?.array ?? []).map { finding -> JSON in
                        var members = finding.object ?? [:]
                        members["file"] = report["file"]
                        return .object(members)
                    }
                }
                context.show(result, rows: rows, columns: ["file", "severity", "code", "pointer", "message", "hint"].map { Column($0) })
            }
            if refused { throw ExitCode(OperationFailure.Kind.usage.exitCode) }
            context.next("offer create DATASET --policy \(files[0]) --visible-to registered")
        }

        /// Prints the constraints of the window, or the policy with them.
        private func window(_ context: Context) throws {
            let window = try DateWindow(from: from, until: until, zone: zone)
            guard let path = output.output else {
                let constraints = window.constraints
                guard context.options.format == .table else {
                    return context.show(
                        ["constraints": .array(constraints)], rows: constraints,
                        columns: [Column("leftOperand"), Column("operator"), Column("rightOperand.@value")])
                }
                for constraint in constraints { context.output.write(constraint.pretty() + "\n") }
                return context.next("policy check POLICY" + flags + " -o FILE")
            }
            let changed = try window.added(to: try Templates.policy(files[0]))
            let (policy, findings) = PolicyReader.parse(changed)
            let report = Policy.report(file: files[0], policy: policy, findings: findings)
            guard report["ok"]?.bool == true else {
                if context.options.format == .table { Check.show(report, context) } else { context.show(["policies": [report]]) }
                throw ExitCode(OperationFailure.Kind.usage.exitCode)
            }
            try Files.write(changed.pretty() + "\n", to: path)
            if path != "-" { context.next("policy check \(Shell.quoted(path))") }
        }

        private var flags: String {
            [("--from", from), ("--until", until)].compactMap { name, value in value.map { " \(name) \($0)" } }.joined()
        }

        private static func show(_ report: JSON, _ context: Context) {
            let file = report["file"]?.string ?? ""
            for finding in report["findings"]?.array ?? [] {
                let pointer = finding["pointer"]?.string ?? ""
                context.output.write(
                    "\(file)#\(pointer): \(finding["severity"]?.string ?? "error"): \(finding["message"]?.string ?? "")"
                        + " [\(finding["code"]?.string ?? "")]\n")
                if let hint = finding["hint"]?.string, !hint.isEmpty { context.output.write("    hint: \(hint)\n") }
            }
            let clauses = (report["clauses"]?.array ?? []).map { clause -> JSON in
                var members = clause.object ?? [:]
                members["text"] = clause["text"]?[context.language.rawValue] ?? clause["text"] ?? .null
                return .object(members)
            }
            guard report["ok"]?.bool == true else { return }
            context.output.write("\(file): ok\n")
            context.output.write(
                Table.text(
                    rows: clauses,
                    columns: [
                        Column("level", "HOLDS", zh: "约束力"), Column("kind", zh: "种类"), Column("text", "CLAUSE", zh: "条款"),
                        Column("pointer", "AT", zh: "位置"),
                    ], language: context.language, bold: context.usesColor))
        }
    }

    /// What `check` says of one file: findings, and for a policy that can be read its clauses and whether it can travel.
    static func report(file: String, policy: PolicyEngine.Policy?, findings: [PolicyFinding]) -> JSON {
        var findings = findings
        if let obstacle = policy?.dspObstacle() { findings.append(obstacle) }
        // A prohibition of what nothing permits is contract text, and meant.
        findings += (policy?.emptiness() ?? []).filter { finding in
            finding.code != "policy.prohibition-without-effect"
                && !findings.contains { $0.code == finding.code && $0.pointer == finding.pointer }
        }
        return .members([
            "file": .string(file), "ok": .bool(policy != nil && !findings.contains { $0.severity == .error }),
            "findings": .array(findings.map(\.json)), "clauses": policy.map { .array($0.clauses().map(\.json)) },
        ])
    }
}
