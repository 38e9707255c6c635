// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel
import FoundationEssentials
import Glibc
import ManagementAPI
import PolicyEngine

extension Policy {
    struct New: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a policy from a template, question by question.",
            discussion: """
                On a terminal it asks each question; otherwise each line of standard input is one answer, and an empty one takes the
                default. `--set KEY=VALUE` answers beforehand, `--defaults` takes the default for every other question. The policy goes to
                standard output or to the file of `-o`; what each clause is worth is shown beside it.
                """)

        @OptionGroup var global: GlobalOptions
        @OptionGroup var file: OutputFileOption
        @Option(
            help: ArgumentHelp("The template; give several to join them into one policy where that is simple.", valueName: "name"))
        var template: [String] = []
        @Option(help: ArgumentHelp("An answer; `TEMPLATE.KEY=VALUE` when several templates ask for the same.", valueName: "key=value"))
        var set: [String] = []
        @Option(help: ArgumentHelp("The zone in which days begin.", valueName: "offset")) var zone = "+08:00"
        @Flag(help: "Ask nothing: take the default where nothing is set.") var defaults = false
        @Flag(help: "List the templates, or the questions of the given ones.") var list = false

        func execute(_ context: Context) async throws {
            if list { return try template.isEmpty ? Templates.list(context) : listQuestions(context) }
            guard !template.isEmpty else {
                throw Failure.usage("policy.template-needed", "no template is named", hint: "kouan policy template lists them")
            }
            guard let zone = TimeZoneOffset(parsing: zone) else {
                throw Failure.usage("input.invalid", "`\(zone)` is no offset from UTC", hint: "write for example +08:00")
            }
            let policy = try make(context, zone)
            let (read, findings) = PolicyReader.parse(policy)
            let report = Policy.report(file: file.output ?? "-", policy: read, findings: findings)
            guard let read, report["ok"]?.bool == true else {
                let first = report["findings"]?.array?.first { $0["severity"]?.string == "error" }
                throw Failure.usage(
                    first?["code"]?.string ?? "policy.refused",
                    "\(first?["message"]?.string ?? "the policy is refused") at `\(first?["pointer"]?.string ?? "")`",
                    hint: first?["hint"]?.string ?? "give other answers")
            }
            for warning in report["findings"]?.array ?? [] { context.note(warning["message"]?.string ?? "") }
            try show(policy, read, context)
        }

        // MARK: Asking

        private func make(_ context: Context, _ zone: TimeZoneOffset) throws -> JSON {
            let id = "urn:uuid:" + UUID().uuidString.lowercased()
            var forms: [(name: String, form: PolicyForm)] = []
            for name in template { forms.append((name, try Templates.form(name))) }
            var answers = try given(forms)
            var filled: [JSON] = []
            for (index, (name, form)) in forms.enumerated() {
                if forms.count > 1, !defaults { context.diagnostics.write(form.title.text(context.language) + "\n") }
                for question in form.questions where answers[index][question.key] == nil && !defaults {
                    answers[index][question.key] = try ask(question, zone, context)
                }
                let source = try Templates.policy("template:" + name)
                // Rules of several templates need names of their own.
                let own = forms.count == 1 ? id : "\(id):\(name)"
                filled.append(try form.filled(source, answers: answers[index], id: own, zone: zone))
            }
            return try PolicyForm.joined(filled, id: id)
        }

        /// What `--set` says, for each template.
        private func given(_ forms: [(name: String, form: PolicyForm)]) throws -> [[String: String]] {
            var answers = [[String: String]](repeating: [:], count: forms.count)
            for item in set {
                guard let equals = item.firstIndex(of: "=") else {
                    throw Failure.usage("input.invalid", "`\(item)` is no answer", hint: "write --set KEY=VALUE")
                }
                let key = String(item[..<equals])
                let value = String(item[item.index(after: equals)...])
                var asking: [(index: Int, key: String)] = []
                for (index, (name, form)) in forms.enumerated() {
                    for question in form.questions where key == question.key || key == "\(name).\(question.key)" {
                        asking.append((index, question.key))
                    }
                }
                guard let first = asking.first else {
                    throw PolicyFormError.unknownKey(key, known: forms.flatMap { $0.form.questions.map(\.key) })
                }
                guard asking.count == 1 else {
                    throw Failure.usage(
                        "policy.question-ambiguous", "several templates ask for `\(key)`",
                        hint: "write --set \(forms[first.index].name).\(key)=VALUE")
                }
                answers[first.index][first.key] = value
            }
            return answers
        }

        private func ask(_ question: PolicyForm.Question, _ zone: TimeZoneOffset, _ context: Context) throws -> String {
            let isTerminal = isatty(STDIN_FILENO) == 1
            while true {
                if isTerminal {
                    let example = question.example.isEmpty ? "" : context.language(" e.g. \(question.example)", " 例如 \(question.example)")
                    context.diagnostics.write("\(question.prompt.text(context.language))\(example)\n[\(question.defaultAnswer)] ")
                }
                guard let line = readLine(strippingNewline: true) else {
                    throw Failure.usage(
                        "policy.answer-missing", "`\(question.key)` has no answer",
                        hint: "give it with --set \(question.key)=VALUE, or take the defaults with --defaults")
                }
                let answer = line.allSatisfy(\.isWhitespace) ? question.defaultAnswer : line
                do {
                    _ = try question.value(of: answer, zone: zone)
                    return answer
                } catch {
                    guard isTerminal else { throw error }
                    context.tell(Failure.of(error))
                }
            }
        }

        // MARK: Telling

        private func show(_ policy: JSON, _ read: PolicyEngine.Policy, _ context: Context) throws {
            let notEnforced = try template.map { try Templates.form($0).notEnforced }
            let clauses = read.clauses()
            if let output = file.output, output != "-" { try Files.write(policy.pretty() + "\n", to: output) }
            if context.options.format == .json {
                let result = JSON.members([
                    "file": file.output.map(JSON.string), "policy": policy, "clauses": .array(clauses.map(\.json)),
                    "notEnforced": .array(notEnforced.map(\.json)),
                ])
                return context.output.write(result.pretty() + "\n")
            }
            let isFile = file.output != nil && file.output != "-"
            if !isFile { context.output.write(policy.pretty() + "\n") }
            if !context.options.quiet {
                // Beside a policy on standard output all else goes where it cannot be taken for a part of it.
                let out = isFile ? context.output : context.diagnostics
                let rows = clauses.map { clause -> JSON in
                    ["level": .string(clause.level.rawValue), "text": .string(clause.text.text(context.language))]
                }
                out.write(
                    Table.text(
                        rows: rows, columns: [Column("level", "HOLDS", zh: "约束力"), Column("text", "CLAUSE", zh: "条款")],
                        language: context.language, bold: false))
                for text in notEnforced {
                    out.write(context.language("not enforced: ", "未强制执行：") + text.text(context.language) + "\n")
                }
            }
            guard isFile, let output = file.output else { return }
            let needsAcknowledging = clauses.contains { $0.level == .declared }
            context.next(
                "offer create DATASET --policy \(Shell.quoted(output)) --visible-to registered\(needsAcknowledging ? " --acknowledge" : "")"
            )
        }

        private func listQuestions(_ context: Context) throws {
            var rows: [JSON] = []
            for name in template {
                for question in try Templates.form(name).questions {
                    rows.append([
                        "template": .string(name), "key": .string(question.key), "prompt": question.prompt.json,
                        "text": .string(question.prompt.text(context.language)), "default": .string(question.defaultAnswer),
                        "example": .string(question.example),
                    ])
                }
            }
            context.show(
                ["questions": .array(rows)], rows: rows,
                columns: [
                    Column("template", "TEMPLATE", zh: "模板"), Column("key", "KEY", zh: "键"), Column("text", "QUESTION", zh: "问题"),
                    Column("default", "DEFAULT", zh: "默认"),
                ], empty: context.language("it asks nothing", "没有需要回答的问题"))
        }
    }
}

extension LocalizedText {
    func text(_ language: Language) -> String { language(en, zh) }
}

extension Templates {
    static func form(_ name: String) throws(OperationFailure) -> PolicyForm {
        _ = try text(name)
        guard let text = EmbeddedPolicies.forms[name], let document = try? JSON.parse(text), let form = PolicyForm(document) else {
            throw OperationFailure(
                .failure, code: "cli.unexpected", message: "the questions of `\(name)` cannot be read", hint: "this is a fault of ours")
        }
        return form
    }

    /// All templates, the kinds in their order before the worked examples.
    static func list(_ context: Context) throws(OperationFailure) {
        var rows: [(order: String, row: JSON)] = []
        for name in EmbeddedPolicies.all.keys {
            let form = try form(name)
            let order = (form.kinds.count == 1 ? form.kinds[0] : "~") + name
            rows.append(
                (
                    order,
                    [
                        "name": .string(name), "kinds": .strings(form.kinds), "title": form.title.json,
                        "kind": .string(form.kinds.joined(separator: " ")), "text": .string(form.title.text(context.language)),
                        "notEnforced": form.notEnforced.json,
                    ]
                ))
        }
        let sorted = rows.sorted { $0.order < $1.order }.map(\.row)
        context.show(
            ["templates": .array(sorted)], rows: sorted,
            columns: [Column("name", "TEMPLATE", zh: "模板"), Column("kind", "KIND", zh: "类别"), Column("text", "SAYS", zh: "内容")])
    }
}
