// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel
import ManagementAPI
import PolicyEngine

struct Policy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Usage policies, without a node.", subcommands: [Check.self, Evaluate.self, Template.self])

    struct Check: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read policies and say what is wrong with them, where, and how far each clause holds.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "ODRL JSON-LD files, or template:NAME.", completion: .file(extensions: ["json", "jsonld"])) var files: [String]

        func execute(_ context: Context) async throws {
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
        return .members([
            "file": .string(file), "ok": .bool(policy != nil && !findings.contains { $0.severity == .error }),
            "findings": .array(findings.map(\.json)), "clauses": policy.map { .array($0.clauses().map(\.json)) },
        ])
    }

    struct Evaluate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Evaluate policies against a request and a world: one JSON object in, one out.",
            discussion:
                "Reads standard input, prints a report for every policy. Status 2 with an `error` member for input that cannot be read.")

        func run() async throws {
            let (output, status) = PolicyCLI.run(try Files.bytes("-", limitBytes: PolicyCLI.limits.bytes))
            Terminal.standardOutput.write(output.canonical() + [0x0A])
            if status != 0 { throw ExitCode(status) }
        }
    }

    struct Template: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the policies that come with the program, or print one to start from.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var file: OutputFileOption
        @Argument(help: "The template's name.") var name: String?

        func execute(_ context: Context) async throws {
            guard let name else {
                let rows = EmbeddedPolicies.all.keys.sorted().map { JSON.object(["name": .string($0)]) }
                return context.show(["templates": .array(rows)], rows: rows, columns: [Column("name")])
            }
            try Files.write(try Templates.text(name), to: file.output ?? "-")
        }
    }
}

/// The policies that come with the program, by `template:NAME`, beside files of the user's own.
enum Templates {
    static func policy(_ source: String) throws(OperationFailure) -> JSON {
        guard source.hasPrefix("template:") else { return try Files.json(source, limits: .policy) }
        do { return try JSON.parse(try text(String(source.dropFirst("template:".count))), limits: .policy) } catch {
            throw Failure.of(error)
        }
    }

    static func text(_ name: String) throws(OperationFailure) -> String {
        guard let text = EmbeddedPolicies.all[name] else {
            let near = Spelling.nearest(to: name, in: EmbeddedPolicies.all.keys.sorted())
            throw OperationFailure(
                .notFound, code: "policy.template-unknown", message: "there is no policy template `\(name)`",
                hint: near.map { "did you mean \($0)?" } ?? "kouan policy template lists them")
        }
        return text
    }
}
