// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel
import ManagementAPI
import PolicyEngine

extension Policy {
    struct Simulate: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put the past requests of this node's ledger to a policy: what would it have refused?",
            discussion: """
                Replays what the ledger keeps of each decision at a transfer, a grant or a use, refusals included, and lists the decisions \
                that would be others. Nothing is changed. --since and --until take a day in the zone, or a time with a zone; both days count.

                kouan policy simulate mine.json --since 2026-10-01 --until 2026-10-31
                kouan policy simulate template:place --dataset trace --format csv
                """)

        @OptionGroup var global: GlobalOptions
        @Argument(help: "ODRL JSON-LD file, or template:NAME.", completion: .file(extensions: ["json", "jsonld"])) var policy: String
        @Option(help: ArgumentHelp("First day, or a time.", valueName: "date")) var since: String?
        @Option(help: ArgumentHelp("Last day, or the time before which.", valueName: "date")) var until: String?
        @Option(help: "Only under this agreement.") var agreement: String?
        @Option(help: "Only for this dataset.") var dataset: String?
        @Option(help: ArgumentHelp("Zone of the days, as an offset from UTC.", valueName: "offset")) var zone: TimeZoneOffset = .china

        func execute(_ context: Context) async throws {
            let result = try await context.call(
                "policy.simulate",
                [
                    "policy": try Templates.policy(policy), "since": try since.map { .string(try moment($0, isEnd: false)) },
                    "until": try until.map { .string(try moment($0, isEnd: true)) }, "agreement": agreement.map(JSON.string),
                    "dataset": dataset.map(JSON.string),
                ], progress: context.language("replaying the ledger", "正在重放台账"))
            let language = context.language
            let rows = (result["differences"]?.array ?? []).map { difference -> JSON in
                var members = difference.object ?? [:]
                members["message"] = difference["now"]?["message"]?[language.rawValue]
                return .object(members)
            }
            let columns = [
                Column("index", "ENTRY", zh: "条目", right: true), Column("time", zh: "时间"), Column("point", zh: "环节"),
                Column("change", zh: "变化"), Column("was.code", "WAS", zh: "原判定"), Column("now.code", "NOW", zh: "新判定"),
                Column("dataset", zh: "数据集"), Column("consumer", zh: "数据使用方"), Column("message", zh: "说明"),
            ]
            guard context.options.format == .table else { return context.show(result, rows: rows, columns: columns) }
            context.show(
                result,
                fields: [
                    Column("replayed", "requests replayed", zh: "重放的请求"), Column("unchanged", "decided the same", zh: "判定不变"),
                    Column("wouldBeRefused", "would be refused", zh: "将被拒绝"), Column("wouldBePermitted", "would be permitted", zh: "将被允许"),
                    Column("otherReason", "refused for another reason", zh: "拒绝原因不同"),
                    Column("open", "open: a fact was not recorded", zh: "缺少记录，无法判定"),
                    Column("unrecorded", "not recorded, not replayed", zh: "未记录，未重放"),
                ])
            let codes = result["codes"]?.array ?? []
            if !codes.isEmpty {
                context.output.write("\n")
                context.show(
                    result, rows: codes, columns: [Column("code", "REASON", zh: "原因"), Column("count", zh: "次数", right: true)])
            }
            if !rows.isEmpty {
                context.output.write("\n")
                context.show(result, rows: rows, columns: columns)
            }
        }

        private func moment(_ text: String, isEnd: Bool) throws -> String {
            if let time = Timestamp(parsing: text) { return time.description }
            return try DateWindow.midnight(text, zone).adding(seconds: isEnd ? 86_400 : 0).description
        }
    }
}
