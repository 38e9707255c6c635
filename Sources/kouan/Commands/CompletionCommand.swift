// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct Completion: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the completion script of a shell.",
        discussion: """
            bash: kouan completion bash > ~/.local/share/bash-completion/completions/kouan
            zsh:  kouan completion zsh > ~/.zfunc/_kouan
            fish: kouan completion fish > ~/.config/fish/completions/kouan.fish
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    @Argument(help: "bash, zsh or fish.") var shell: Shell

    func run() async throws {
        let script =
            switch shell {
            case .bash: Kouan.completionScript(for: .bash)
            case .zsh: Kouan.completionScript(for: .zsh)
            case .fish: Kouan.completionScript(for: .fish)
            }
        Terminal.standardOutput.write(script.hasSuffix("\n") ? script : script + "\n")
    }
}
