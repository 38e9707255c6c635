// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CryptoPrimitives
import ExchangeModel
import ManagementAPI

struct AgreementArgument: ParsableArguments {
    @Argument(help: "The agreement's id.") var agreement: String
}

extension Contract {
    struct Duties: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "What is owed under an agreement: by whom, until when, and what to do.",
            discussion: "Times are those of China and UTC.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var id: AgreementArgument

        func execute(_ context: Context) async throws {
            let result = try await context.call("contract.duties", ["agreement": .string(id.agreement)])
            DutyTable.show(result, context)
            if let clock = result["clock"] {
                context.note("\(clock["message"]?.string ?? "") [\(clock["code"]?.string ?? "")]")
                context.next("contract clock --confirm")
            }
        }
    }

    struct Fulfil: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say that a duty was done; a deletion of this node's own bytes is carried out now.",
            discussion: "Of a file with evidence its digest is recorded; keep the file.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var confirm: ConfirmOption
        @OptionGroup var id: AgreementArgument
        @Argument(help: "The duty, as `contract duties` names it.") var duty: String
        @Option(help: "A sentence for the ledger.") var note: String?
        @Option(help: ArgumentHelp("A file that shows it.", valueName: "file"), completion: .file()) var evidence: String?

        func execute(_ context: Context) async throws {
            try context.confirm("Duty `\(duty)` will stand in the ledger as done.", yes: confirm.yes)
            let digest = try evidence.map { path throws(OperationFailure) in
                Hash.digest(try Files.bytes(path, limitBytes: 1 << 30)).description
            }
            let result = try await context.call(
                "contract.fulfil",
                [
                    "agreement": .string(id.agreement), "duty": .string(duty), "note": note.map(JSON.string),
                    "evidence": digest.map(JSON.string),
                ])
            DutyTable.show(result, context)
        }
    }

    struct Event: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say that something happened from which duties count their time: an incident, a revocation.",
            discussion: "A provider that revokes gives no further key under the agreement.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var confirm: ConfirmOption
        @OptionGroup var id: AgreementArgument
        @Argument(help: "incident or revocation.") var event: String
        @Option(help: "A sentence for the ledger.") var note: String?

        func execute(_ context: Context) async throws {
            try context.confirm("`\(event)` will stand in the ledger, and duties that follow from it are owed.", yes: confirm.yes)
            let result = try await context.call(
                "contract.event",
                ["agreement": .string(id.agreement), "event": .string(event), "note": note.map(JSON.string)])
            DutyTable.show(result, context)
        }
    }

    struct Clock: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Whether the clock can be trusted with what cannot be undone; --confirm says that it is right.")

        @OptionGroup var global: GlobalOptions
        @Flag(help: "The clock is right as it stands.") var confirm = false

        func execute(_ context: Context) async throws {
            context.show(try await context.call("contract.clock", ["confirm": .bool(confirm)]))
        }
    }

    struct Trace: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "To whom rows of a watermarked table were given, by the tag in their last column.",
            discussion: "Takes the rows as they stood in the opened file, without the header, at most 1000.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "A file with one row per line.", completion: .file()) var file: String

        func execute(_ context: Context) async throws {
            let rows = try Files.text(file).split(whereSeparator: \.isNewline).map(String.init)
            let result = try await context.call("contract.trace", ["rows": .strings(rows)])
            context.show(
                result, rows: result["rows"]?.array ?? [],
                columns: [
                    Column("row", "ROW", zh: "行", right: true), Column("peers", "GIVEN TO", zh: "接收方"),
                    Column("agreements", "UNDER", zh: "合约"),
                ])
        }
    }
}

private enum DutyTable {
    static func show(_ result: JSON, _ context: Context) {
        let rows = (result["duties"]?.array ?? []).map { duty -> JSON in
            var members = duty.object ?? [:]
            let isZH = context.language == .zh
            members["who"] = .string(
                duty["isOurs"]?.bool == true ? context.language("we", "我方") : context.language("they", "对方"))
            members["todo"] = duty["advice"]?[isZH ? "zh" : "en"]
            if duty["isUnconfirmed"]?.bool == true { members["state"] = .string(context.language("due, no word", "到期未确认")) }
            return .object(members)
        }
        context.show(
            result, rows: rows,
            columns: [
                Column("id", "DUTY", zh: "义务"), Column("actions", "WHAT", zh: "内容"), Column("who", "WHO", zh: "履行方"),
                Column("state", zh: "状态"), Column("deadlineText", "UNTIL", zh: "期限"), Column("todo", "TO DO", zh: "待办"),
            ], empty: context.language("this agreement has no duties", "该合约没有义务"))
    }
}
