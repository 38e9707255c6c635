// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel
import ManagementAPI
import Node

struct Ledger: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The circulation ledger (流通台账): what happened, and the proof of it.",
        subcommands: [List.self, Show.self, Verify.self, Events.self, Adopt.self])

    static let columns = [
        Column("index", zh: "序号", right: true), Column("time", zh: "时间"), Column("type", zh: "类型"), Column("peer", zh: "对端"),
        Column("flags", "FLAGS", zh: "跨域") { Ledger.flags($0) }, Column.short("package", "PACKAGE", zh: "数据集包"),
        Column("summary", zh: "摘要"),
    ]

    /// The cross-domain flags that are set, shortly: 跨空间, 跨省, 跨境.
    static func flags(_ flags: JSON) -> String {
        let names = [("crossSpace", "space"), ("crossProvince", "province"), ("crossBorder", "border")]
        return names.compactMap { flags[$0.0]?.bool == true ? $0.1 : nil }.joined(separator: "+")
    }

    struct List: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "List entries with their cross-space, cross-province and cross-border flags.")

        @OptionGroup var global: GlobalOptions
        @Option(help: "Entries after this index.") var after: Int?
        @Option(help: "At most so many.") var limit = 100

        func execute(_ context: Context) async throws {
            let result = try await context.call(
                "ledger.list", ["after": after.map { .integer(Int64($0)) }, "limit": .integer(Int64(limit))])
            let rows = result["entries"]?.array ?? []
            context.show(result, rows: rows, columns: Ledger.columns, empty: context.language("no entries", "没有条目"))
            let size = result["size"]?.int ?? 0
            if let last = rows.last?["index"]?.int, last + 1 < size {
                context.next("ledger list --after \(last)")
            } else {
                context.next("ledger verify")
            }
        }
    }

    struct Show: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Show one entry with its proof.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var file: OutputFileOption
        @Argument(help: "The entry's index.") var index: Int

        func execute(_ context: Context) async throws {
            let result = try await context.call("ledger.show", ["index": .integer(Int64(index))])
            if let path = file.output { try FileAnswer.give(result, member: "proof", to: path, context) } else { context.show(result) }
        }
    }

    struct Adopt: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Go on with this ledger though its head file is missing.",
            discussion: """
                After a restore from a backup, which never holds the head file. Adopt only the newest ledger there is: signing on from an
                older one makes a fork that peers can prove.
                """)

        @OptionGroup var global: GlobalOptions
        @OptionGroup var confirm: ConfirmOption

        func execute(_ context: Context) async throws {
            try context.confirm(
                "The ledger goes on from the entries that are here; later ones, if there were any, are disowned.", yes: confirm.yes)
            context.show(try await context.call("ledger.adopt"))
        }
    }

    struct Verify: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Recompute the whole ledger and compare it with its signed head.",
            discussion: """
                Of a stopped node, or a copy of its data directory, it needs the files alone: no token and no keys. Exit code 6 and the
                entry's index when anything differs.
                """)

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let result: JSON
            if !(await context.client.isServing()) {
                result = try Node.verifyLedger(directory: context.dataDirectory)
            } else {
                result = try await context.call("ledger.verify", [:], progress: "verifying")
            }
            guard context.options.format == .table else {
                context.show(result)
                if result["verified"]?.bool != true { throw ExitCode(OperationFailure.Kind.integrity.exitCode) }
                return
            }
            context.show(
                result,
                fields: [
                    Column("verified", "verified", zh: "校验通过"), Column("origin", "origin", zh: "台账"), Column("size", "entries", zh: "条目数"),
                    Column("root", "root", zh: "根摘要"),
                ])
            let findings = result["findings"]?.array ?? []
            if !findings.isEmpty {
                context.output.write("\n")
                context.show(
                    result, rows: findings,
                    columns: [
                        Column("code", "FINDING", zh: "发现"), Column("index", "ENTRY", zh: "条目", right: true),
                        Column("file", "FILE", zh: "文件"), Column("detail", "DETAIL", zh: "说明"),
                    ])
            }
            guard result["verified"]?.bool == true else { throw ExitCode(OperationFailure.Kind.integrity.exitCode) }
        }
    }

    struct Events: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "The shared part of every event, for matching the ledgers of two nodes.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let result = try await context.call("ledger.events")
            context.show(
                result, rows: result["events"]?.array ?? [],
                columns: [
                    Column("event", zh: "事件"), Column("type", zh: "类型"), Column("correlation", zh: "关联号"),
                    .short("mirror", "MIRROR", zh: "镜像承诺"),
                ])
        }
    }
}
