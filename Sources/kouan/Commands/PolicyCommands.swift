// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel
import ManagementAPI
import PolicyEngine

struct Policy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Usage policies: write, check, test, explain and compare them.",
        subcommands: [
            Template.self, New.self, Check.self, Test.self, Explain.self, Diff.self, Simulate.self, Evaluate.self, Compare.self,
            Add.self, List.self, Remove.self,
        ])

    struct Template: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the policies that come with the program, or print one to start from.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var file: OutputFileOption
        @Argument(help: "The template's name.") var name: String?

        func execute(_ context: Context) async throws {
            guard let name else {
                try Templates.list(context)
                return context.next("policy new --template NAME -o FILE")
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
