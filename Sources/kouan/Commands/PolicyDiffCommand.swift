// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel
import PolicyEngine

extension Policy {
    struct Diff: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say in words what is different from one policy to another, and which of them is stricter.",
            discussion: """
                stricter: the second policy allows less or asks for more. A witness is a request that only one of them permits.

                kouan policy diff template:purpose-limit mine.json
                kouan policy diff old.json new.json --lang zh
                """)

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The first policy: a file, or template:NAME.", completion: .file(extensions: ["json", "jsonld"])) var first: String
        @Argument(help: "The second policy.", completion: .file(extensions: ["json", "jsonld"])) var second: String
        @Option(help: ArgumentHelp("Zone of the times, as an offset from UTC.", valueName: "offset")) var zone: TimeZoneOffset = .china

        func execute(_ context: Context) async throws {
            let (from, to) = (try PolicyReader.read(try Templates.policy(first)), try PolicyReader.read(try Templates.policy(second)))
            let difference = from.difference(to: to, zone: zone)
            switch context.options.format {
            case .table: context.output.write(difference.text(context.language.text) + "\n")
            case .json: context.show(difference.json)
            case .csv:
                let rows = difference.items.map { item -> JSON in
                    .members([
                        "change": .string(item.change.rawValue), "effect": .string(item.effect.rawValue),
                        "pointer": item.pointer.map { .string($0.description) },
                        "otherPointer": item.otherPointer.map { .string($0.description) },
                        "text": .string(item.text(context.language.text)),
                    ])
                }
                context.show(
                    difference.json, rows: rows, columns: ["change", "effect", "pointer", "otherPointer", "text"].map { Column($0) })
            }
        }
    }
}
