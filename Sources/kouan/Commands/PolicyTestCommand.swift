// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel
import FoundationEssentials
import ManagementAPI
import PolicyEngine

extension Policy {
    struct Test: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put golden cases to policies and say which decisions are not the expected ones.",
            discussion: """
                A directory stands for all ….cases.json below it, a policy for the cases beside it. The form of a case is described in \
                docs/guide/policies.md. Status 1 when a case fails, 2 for a file that cannot be read as one, 3 when there are no cases.

                kouan policy test mine.json
                kouan policy test Policies/templates --format json
                """)

        @OptionGroup var global: GlobalOptions
        @Argument(help: "Directories, policies or ….cases.json files.", completion: .file(extensions: ["json"])) var paths: [String]
        @Option(help: ArgumentHelp("Zone of the times, as an offset from UTC.", valueName: "offset")) var zone: TimeZoneOffset = .china

        private static let suffix = ".cases.json"

        func execute(_ context: Context) async throws {
            var files: [JSON] = []
            var rows: [JSON] = []
            var failed = 0
            for path in try paths.flatMap(Test.files) {
                let (file, policy) = try Test.read(path)
                var results: [JSON] = []
                for (index, entry) in file.cases.enumerated() {
                    let result = entry.run(policy)
                    if !result.isPassed {
                        failed += 1
                        if context.options.format == .table { show(path, index, entry, result, context) }
                    }
                    let json = describe(index, entry, result)
                    results.append(json)
                    var row = json.object ?? [:]
                    row["file"] = .string(path)
                    row["expected"] = .array(result.differences.map { .string("\($0.member) \(Table.plain($0.expected))") })
                    row["got"] = .array(result.differences.map { .string("\($0.member) \(Table.plain($0.got))") })
                    row["name"] = .string(context.language(entry.name.en, entry.name.zh))
                    rows.append(.object(row))
                }
                files.append(["file": .string(path), "policy": .string(file.policy), "cases": .array(results)])
            }
            guard !rows.isEmpty else {
                throw OperationFailure(
                    .notFound, code: "policy.no-cases", message: "there are no cases in `\(paths.joined(separator: " "))`",
                    hint: "cases stand in ….cases.json beside the policy; see docs/guide/policies.md")
            }
            let result: JSON = [
                "files": .array(files), "total": .integer(Int64(rows.count)), "passed": .integer(Int64(rows.count - failed)),
                "failed": .integer(Int64(failed)),
            ]
            switch context.options.format {
            case .table:
                context.output.write(
                    context.language(
                        "\(rows.count) cases in \(files.count) files: \(rows.count - failed) passed, \(failed) failed\n",
                        "\(files.count) 个文件，\(rows.count) 个用例：通过 \(rows.count - failed)，未通过 \(failed)\n"))
            case .json, .csv:
                context.show(
                    result, rows: rows, columns: ["file", "index", "name", "point", "side", "passed", "expected", "got"].map { Column($0) })
            }
            if failed > 0 { throw ExitCode(OperationFailure.Kind.failure.exitCode) }
        }

        private func describe(_ index: Int, _ entry: PolicyCase, _ result: PolicyCase.Result) -> JSON {
            .members([
                "index": .integer(Int64(index)), "name": entry.name.json, "point": .string(entry.point.rawValue),
                "side": .string(entry.side.rawValue), "passed": .bool(result.isPassed),
                "differences": result.isPassed
                    ? nil
                    : .array(
                        result.differences.map { ["member": .string($0.member), "expected": $0.expected, "got": $0.got] }),
                "explanation": result.isPassed ? nil : result.explanation.json(zone: zone),
            ])
        }

        private func show(_ path: String, _ index: Int, _ entry: PolicyCase, _ result: PolicyCase.Result, _ context: Context) {
            let language = context.language
            context.output.write(
                Table.clean("\(language("failed", "未通过")) \(path)#/cases/\(index) \(language(entry.name.en, entry.name.zh))") + "\n")
            for difference in result.differences {
                let (expected, got) = (Table.plain(difference.expected), Table.plain(difference.got))
                context.output.write(
                    "  " + Table.clean("\(difference.member): \(language("expected", "预期")) \(expected), \(language("got", "实际")) \(got)")
                        + "\n")
            }
            let lines = result.explanation.text(language.text, zone: zone).split(separator: "\n", omittingEmptySubsequences: false)
            context.output.write(lines.map { $0.isEmpty ? "\n" : "    \($0)\n" }.joined())
        }

        // MARK: Files

        private static func files(_ path: String) throws(OperationFailure) -> [String] {
            if Files.isDirectory(path) {
                let below = cases(below: path.hasSuffix("/") ? String(path.dropLast()) : path, depth: 0)
                return below.sorted()
            }
            guard !path.hasSuffix(suffix), path.hasSuffix(".json") else { return [path] }
            return [path.dropLast(".json".count) + suffix]
        }

        private static func cases(below path: String, depth: Int) -> [String] {
            guard depth < 16, let names = try? FileManager.default.contentsOfDirectory(atPath: path) else { return [] }
            return names.flatMap { name -> [String] in
                let inner = path + "/" + name
                if name.hasSuffix(suffix) { return [inner] }
                return name.hasPrefix(".") || !Files.isDirectory(inner) ? [] : cases(below: inner, depth: depth + 1)
            }
        }

        private static func read(_ path: String) throws -> (PolicyCases, PolicyEngine.Policy) {
            do {
                let file = try PolicyCases(try Files.json(path, limits: .policy))
                let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
                let policy = file.policy.hasPrefix("/") || folder.isEmpty && !path.hasPrefix("/") ? file.policy : folder + "/" + file.policy
                return (file, try PolicyReader.read(try Files.json(policy, limits: .policy)))
            } catch let error as any KouanError where !(error is OperationFailure) {
                throw OperationFailure(.usage, code: error.code, message: "`\(path)`: \(error.message)", hint: error.hint)
            }
        }
    }
}
