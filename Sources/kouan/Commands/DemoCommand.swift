// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel
import ManagementAPI

struct Demo: KouanCommand {
    static let configuration = CommandConfiguration(
        abstract: "The whole way of a dataset, on this machine: a PKI, a space and three nodes as separate processes.",
        discussion: """
            A battery maker in Fujian seals two datasets and offers them; a car maker in Guangdong and an importer in Germany negotiate,
            fetch, open and compare them. Then three uses are refused, the ledgers are verified and matched, and one byte of a copy is
            flipped to see it found. Needs no network. Exit code 0 only if each step did what it should.
            """)

    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("Exchange this directory instead of the example data.", valueName: "dir"), completion: .directory)
    var source: String?
    @Option(help: ArgumentHelp("Leave each stopped node's data directory as DIR/<node>/.", valueName: "dir"), completion: .directory)
    var keep: String?

    func execute(_ context: Context) async throws {
        let run = try DemoRun(context, source: source.map(Path.absolute), keep: keep.map(Path.absolute))
        guard await run.go() else { throw ExitCode(OperationFailure.Kind.failure.exitCode) }
    }
}
