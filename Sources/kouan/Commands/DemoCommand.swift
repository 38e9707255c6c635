// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct Demo: KouanCommand {
    static let configuration = CommandConfiguration(abstract: "x")
    @OptionGroup var global: GlobalOptions
    func execute(_ context: Context) async throws {}
}
