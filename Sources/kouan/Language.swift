// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The language of refusals and of the officer's commands. Codes and JSON keys are the same in both.
enum Language: String, ExpressibleByArgument, CaseIterable, Sendable {
    case en, zh

    /// `--lang`, then KOUAN_LANG, then the locale.
    static func chosen(flag: Language?, environment: [String: String]) -> Language {
        if let flag { return flag }
        for name in ["KOUAN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"] {
            guard let value = environment[name], !value.isEmpty else { continue }
            return value.lowercased().hasPrefix("zh") ? .zh : .en
        }
        return .en
    }

    func callAsFunction(_ english: String, _ chinese: String) -> String { self == .zh ? chinese : english }
}
