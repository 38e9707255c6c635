// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel

struct Fact: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Facts that only people can know: consents, the route of an export.", subcommands: [Set.self, List.self, Remove.self])

    struct Subject: ParsableArguments {
        @Option(help: "The agreement that it is about.") var agreement: String?
        @Option(help: "The dataset that it is about; it holds for all agreements on it that have none of their own.") var dataset: String?

        func validate() throws {
            guard (agreement == nil) != (dataset == nil) else { throw ValidationError("give either --agreement or --dataset") }
        }

        var input: [String: JSON?] { ["agreement": agreement.map(JSON.string), "dataset": dataset.map(JSON.string)] }
    }

    static let columns = [
        Column("operand", zh: "操作数"), Column("value", zh: "取值"), Column("agreement", zh: "合约"), Column("dataset", zh: "数据集"),
        Column("basis", zh: "依据"), Column("confirmedBy", "BY", zh: "确认人"), Column("confirmedAt", "AT", zh: "确认时间"),
    ]

    struct Set: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Confirm a fact, for transfers and key grants from now on.",
            discussion: "For officers. The ledger keeps who confirmed what, when and on which paper. Name no natural person in --basis.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var subject: Subject
        @Argument(help: "The operand, as kouan:providerConsent.") var operand: String
        @Argument(help: "Its value, as true or standard-contract.") var value: String
        @Option(help: ArgumentHelp("The paper it rests on.", valueName: "text")) var basis: String

        func execute(_ context: Context) async throws {
            let input: [String: JSON?] = ["operand": .string(operand), "value": .string(value), "basis": .string(basis)]
            let result = try await context.call("fact.set", input.merging(subject.input) { first, _ in first })
            context.show(result, fields: context.options.format == .table ? Fact.columns : nil)
            context.next("fact list")
        }
    }

    struct List: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "List the confirmed facts.")

        @OptionGroup var global: GlobalOptions
        @Option(help: "Only those of this agreement.") var agreement: String?
        @Option(help: "Only those of this dataset.") var dataset: String?

        func execute(_ context: Context) async throws {
            let result = try await context.call(
                "fact.list", ["agreement": agreement.map(JSON.string), "dataset": dataset.map(JSON.string)])
            context.show(result, rows: result["facts"]?.array ?? [], columns: Fact.columns, empty: "no facts yet")
        }
    }

    struct Remove: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Take a confirmed fact back.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var subject: Subject
        @OptionGroup var confirm: ConfirmOption
        @Argument(help: "The operand.") var operand: String

        func execute(_ context: Context) async throws {
            try context.confirm("Policies that ask for `\(operand)` will refuse from now on.", yes: confirm.yes)
            let input: [String: JSON?] = ["operand": .string(operand)]
            context.say(
                "removed \(operand)", try await context.call("fact.remove", input.merging(subject.input) { first, _ in first }))
        }
    }
}
