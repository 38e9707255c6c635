// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel
import Glibc
import ManagementAPI

/// `kouan <noun> <verb>`: parse arguments, call the node, print the answer.
@main struct Kouan: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "kouan", abstract: "A trusted data space exchange node: seal, offer, negotiate, transfer, open, record.",
        discussion: """
            Exit codes: 0 done, 1 failure, 2 usage, 3 not found, 4 denied by policy, 5 authentication or TLS, 6 integrity,
            7 peer unreachable (try again), 8 conflict, 130 interrupted.
            """, version: "kouan " + version, subcommands: [],
        groupedSubcommands: [
            CommandGroup(
                name: "A node", subcommands: [Init.self, Serve.self, Status.self, Doctor.self, NodeInspection.self, Config.self, User.self]),
            CommandGroup(name: "Who is who", subcommands: [Space.self, Cert.self, Peer.self]),
            CommandGroup(
                name: "Exchange",
                subcommands: [Dataset.self, Offer.self, Catalog.self, Contract.self, Transfer.self, Open.self, Fact.self, Ledger.self]),
            CommandGroup(name: "Without a node", subcommands: [Package.self, Policy.self, Demo.self, Completion.self]),
        ])

    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            var command = try await asyncParseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch let code as ExitCode { Glibc.exit(code.rawValue) } catch { Glibc.exit(report(parsing: error, arguments: arguments)) }
    }

    /// Help and version go to standard output and succeed; everything else is a usage error and speaks like all our errors.
    private static func report(parsing error: any Error, arguments: [String]) -> Int32 {
        guard exitCode(for: error) != .success else {
            Terminal.standardOutput.write(fullMessage(for: error) + "\n")
            return 0
        }
        var lines = fullMessage(for: error).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if let first = lines.first, first.hasPrefix("Error: ") { lines[0] = String(first.dropFirst("Error: ".count)) }
        Terminal.standardError.write("kouan: error: " + lowerCaseFirst(lines.first ?? "bad arguments") + "\n")
        if let suggestion = Suggestion.subcommand(for: arguments, root: self) {
            Terminal.standardError.write("kouan: hint: did you mean `\(suggestion)`?\n")
        }
        let rest = lines.dropFirst().drop { $0.isEmpty }.joined(separator: "\n")
        if !rest.isEmpty { Terminal.standardError.write(rest + "\n") }
        return OperationFailure.Kind.usage.exitCode
    }

    private static func lowerCaseFirst(_ text: String) -> String {
        guard let first = text.first else { return text }
        return first.lowercased() + text.dropFirst()
    }
}

/// The parser suggests options; nouns and verbs are suggested here.
enum Suggestion {
    static func subcommand(for arguments: [String], root: any ParsableCommand.Type) -> String? {
        var command = root
        var path = ["kouan"]
        for word in arguments {
            guard !word.hasPrefix("-") else { return nil }
            let children = command.configuration.subcommands + command.configuration.groupedSubcommands.flatMap(\.subcommands)
            guard !children.isEmpty else { return nil }
            let names = Dictionary(children.map { (name(of: $0), $0) }) { first, _ in first }
            if let child = names[word] {
                command = child
                path.append(word)
                continue
            }
            return Spelling.nearest(to: word, in: names.keys.sorted()).map { (path + [$0]).joined(separator: " ") }
        }
        return nil
    }

    static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? String(describing: command).lowercased()
    }
}
