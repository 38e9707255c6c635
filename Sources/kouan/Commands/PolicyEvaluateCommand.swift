// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel
import PolicyEngine

extension Policy {
    struct Evaluate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Evaluate policies against a request and a world: one JSON object in, one out.",
            discussion:
                "Reads standard input, prints a report for every policy. Status 2 with an `error` member for input that cannot be read.")

        @Flag(help: "One JSON object on each line in, one on each line out. A line that cannot be read gives an `error` and no status.")
        var jsonl = false

        func run() async throws {
            if jsonl { return try Policy.answerLines(PolicyLines()) }
            let (output, status) = PolicyCLI.run(try Files.bytes("-", limitBytes: PolicyCLI.limits.bytes))
            Terminal.standardOutput.write(output.canonical() + [0x0A])
            if status != 0 { throw ExitCode(status) }
        }
    }

    /// Answers standard input line by line; status 2 if no line could be answered.
    fileprivate static func answerLines(_ lines: PolicyLines) throws {
        var lines = lines
        var isEmpty = true
        func answer(_ answers: [JSON]) {
            guard !answers.isEmpty else { return }
            isEmpty = false
            Terminal.standardOutput.write(answers.flatMap { $0.canonical() + [0x0A] })
        }
        try Files.parts(of: "-") { answer(lines.receive($0)) }
        if let last = lines.finish() { answer([last]) }
        if isEmpty { answer([PolicyCLI.nothingToRead]) }
        if !lines.hasAnswered { throw ExitCode(2) }
    }

    struct Compare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare two policies for conflict or subsumption: one JSON object in, one out.",
            discussion:
                "Reads standard input, prints the relation. Status 2 with an `error` member for input that cannot be read."
                + " For people there is `kouan policy diff`.")

        @Flag(help: "One JSON object on each line in, one on each line out. A line that cannot be read gives an `error` and no status.")
        var jsonl = false

        func run() async throws {
            if jsonl { return try Policy.answerLines(PolicyLines { PolicyCLI.compare($0, limits: $1) }) }
            let (output, status) = PolicyCLI.compare(try Files.bytes("-", limitBytes: PolicyCLI.limits.bytes))
            Terminal.standardOutput.write(output.canonical() + [0x0A])
            if status != 0 { throw ExitCode(status) }
        }
    }
}
