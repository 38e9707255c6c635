// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable { case table, json, csv }

/// The options that mean the same in every command.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The node's data directory (KOUAN_DATA; otherwise $XDG_DATA_HOME/kouan, ~/.local/share/kouan).", valueName: "dir"),
        completion: .directory) var data: String?

    @Option(help: "How the answer prints: table, json or csv.") var format: OutputFormat = .table

    @Option(help: "Language of refusals and officer commands: en or zh (KOUAN_LANG, locale).") var lang: Language?

    @Option(
        help: ArgumentHelp(
            "File with your token (KOUAN_TOKEN_FILE; otherwise users/admin.token in the data directory).", valueName: "file"),
        completion: .file()) var tokenFile: String?

    @Flag(name: .shortAndLong, help: "Print the answer only: no progress, no next command.") var quiet = false
}

/// Commands that write a file.
struct OutputFileOption: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("Where the file goes; `-` is standard output.", valueName: "path"), completion: .file())
    var output: String?
}

/// Commands that ask before they act.
struct ConfirmOption: ParsableArguments { @Flag(name: .shortAndLong, help: "Do not ask, answer yes.") var yes = false }
