// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel
import ManagementAPI

struct Space: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trusted data spaces: the signed files that say whom a node trusts.",
        subcommands: [Create.self, Add.self, List.self, Show.self, RevocationList.self, Admit.self, Revoke.self])

    static let columns = [
        Column("id"), Column("type", zh: "类型"), Column("nameZH", "NAME (ZH)", zh: "名称"), Column("nameEN", "NAME (EN)", zh: "英文名称"),
        Column("operator", zh: "运营者"), Column("serial", zh: "序号", right: true), Column("crlNextUpdate", "CRL UNTIL", zh: "吊销列表有效至"),
    ]

    struct Create: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Make a space of which this node is the operator.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var file: OutputFileOption
        @Argument(help: "A short name: lower-case letters, digits, hyphens.") var name: String
        @Option(help: "city, industry or enterprise.") var type: String
        @Option(help: "Its name in Chinese.") var nameZh: String
        @Option(help: "Its name in English.") var nameEn: String
        @Option(help: "PEM file with the certificate authorities of its members.", completion: .file()) var anchors: String
        @Option(help: "PEM file with their revocation list.", completion: .file()) var crl: String
        @Option(help: "How long past its next update the revocation list is still taken.") var crlGraceSeconds: Int?

        func execute(_ context: Context) async throws {
            let result = try await context.call(
                "space.create",
                [
                    "name": .string(name), "type": .string(type), "nameZH": .string(nameZh), "nameEN": .string(nameEn),
                    "anchors": .string(try Files.text(anchors)), "crl": .string(try Files.text(crl)),
                    "crlGraceSeconds": crlGraceSeconds.map { .integer(Int64($0)) },
                ])
            try FileAnswer.give(
                result, member: "file", to: file.output, context, next: "space admit CARD --space \(result["id"]?.string ?? "ID")")
        }
    }

    struct Add: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take in a space file; prints its fingerprint to compare with the operator's.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var confirm: ConfirmOption
        @Argument(help: "The space file.", completion: .file()) var file: String
        @Option(help: "PEM file with the newest revocation list.", completion: .file()) var crl: String?

        func execute(_ context: Context) async throws {
            let text = try Files.text(file)
            try context.confirm(
                "Whom this node trusts will follow `\(file)`, whose fingerprint you should have compared with the operator.",
                yes: confirm.yes)
            let result = try await context.call("space.add", ["file": .string(text), "crl": try crl.map { .string(try Files.text($0)) }])
            context.show(result)
            context.next("peer card -o card.json")
        }
    }

    struct List: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "List the spaces this node knows.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let result = try await context.call("space.list")
            context.show(result, rows: result["spaces"]?.array ?? [], columns: Space.columns)
        }
    }

    struct Show: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Show one space.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The space's id.") var space: String

        func execute(_ context: Context) async throws { context.show(try await context.call("space.show", ["space": .string(space)])) }
    }

    struct RevocationList: KouanCommand {
        static let configuration = CommandConfiguration(commandName: "crl", abstract: "Take in a newer revocation list of a space.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The space's id.") var space: String
        @Argument(help: "PEM file.", completion: .file()) var file: String

        func execute(_ context: Context) async throws {
            context.show(try await context.call("space.crl", ["space": .string(space), "crl": .string(try Files.text(file))]))
        }
    }

    struct Admit: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Admit a member: signs a membership credential for the node card it sent.",
            discussion: "What the options say about the member is what your signature vouches for; check it against its papers.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var file: OutputFileOption
        @Argument(help: "The member's node card.", completion: .file()) var card: String
        @Option(help: "The space; needed when this node knows more than one.") var space: String?
        @Option(help: "Where the member is registered.") var country: String
        @Option(help: "Its province, inside China: CN-350000.") var province: String?
        @Option(help: "Its industry by GB/T 4754: C38.") var industry: String
        @Option(help: "A role in the space; may be given more than once.") var role: [String] = []
        @Option(help: "How long the credential holds.") var validDays: Int?

        func execute(_ context: Context) async throws {
            let result = try await context.call(
                "space.admit",
                [
                    "space": .string(try await Space.chosen(space, context)), "card": .string(try Files.text(card)),
                    "country": .string(country), "province": province.map(JSON.string), "industry": .string(industry),
                    "roles": role.isEmpty ? nil : .strings(role), "validDays": validDays.map { .integer(Int64($0)) },
                ])
            try FileAnswer.give(
                result, member: "credential", to: file.output, context, next: "peer card --credential FILE -o card.json   # at the member")
        }
    }

    struct Revoke: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "End a membership: makes a new space file that names the member revoked.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var file: OutputFileOption
        @OptionGroup var confirm: ConfirmOption
        @Argument(help: "The space's id.") var space: String
        @Argument(help: "The member's participant URN.") var participant: String

        func execute(_ context: Context) async throws {
            try context.confirm(
                "`\(participant)` will be no member of `\(space)` for every node that takes the new file.", yes: confirm.yes)
            let result = try await context.call("space.revoke", ["space": .string(space), "participant": .string(participant)])
            try FileAnswer.give(result, member: "file", to: file.output, context, next: "space add FILE   # at every member")
        }
    }

    private static func chosen(_ space: String?, _ context: Context) async throws(OperationFailure) -> String {
        if let space { return space }
        let known = (try await context.call("space.list"))["spaces"]?.array ?? []
        guard known.count == 1, let only = known.first?["id"]?.string else {
            throw Failure.usage(
                "cli.space-needed", "this node knows \(known.count) spaces, so the command does not say which",
                hint: "name one with --space")
        }
        return only
    }
}

/// Answers whose main part is a file.
enum FileAnswer {
    /// Writes the member to the file and shows the rest; without a file, the text goes to standard output by itself.
    static func give(_ result: JSON, member: String, to path: String?, _ context: Context, mode: UInt32 = 0o644, next: String? = nil)
        throws(OperationFailure)
    {
        guard let text = result[member]?.string else {
            throw OperationFailure(
                .failure, code: "node.bad-answer", message: "the answer lacks `\(member)`", hint: "use a kouan of the node's version")
        }
        let withNewline = text.hasSuffix("\n") ? text : text + "\n"
        if let path {
            try Files.write(withNewline, to: path, mode: mode)
            var members = result.object ?? [:]
            members[member] = path == "-" ? nil : .string(Path.absolute(path))
            if path != "-" { context.show(.object(members)) }
        } else if context.options.format == .table {
            context.output.write(withNewline)
        } else {
            context.show(result)
        }
        if let next { context.next(next) }
    }
}

struct Peer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The other nodes: cards, trust, connections.",
        subcommands: [Card.self, Add.self, List.self, Show.self, Test.self, Suspend.self, Resume.self, Remove.self])

    struct Card: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Print this node's card, which others add as a peer.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var file: OutputFileOption
        @Option(help: "A membership credential to put into the card.", completion: .file()) var credential: String?

        func execute(_ context: Context) async throws {
            let text = try credential.map { try Files.text($0) }
            let result = try await context.call(
                "peer.card", ["credential": text.map { .string($0.split(whereSeparator: \.isWhitespace).joined()) }])
            try FileAnswer.give(result, member: "card", to: file.output, context)
            if let fingerprint = result["fingerprint"]?.string, context.options.format == .table {
                context.note(context.language("the card's fingerprint is", "节点名片指纹为") + " \(fingerprint)")
            }
        }
    }

    struct Add: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a peer from its card, a file or the peer's address.",
            discussion: """
                Prints the card's fingerprint. Compare it with the peer by telephone before you say yes: the card could be anyone's.
                --fingerprint gives the one you were told and asks no more.
                """)

        @OptionGroup var global: GlobalOptions
        @OptionGroup var confirm: ConfirmOption
        @Argument(help: ArgumentHelp("The card's file, or https://host:port of the peer.", valueName: "file|url"), completion: .file())
        var source: String
        @Option(help: "The fingerprint the peer told you; any other is refused.") var fingerprint: String?

        func execute(_ context: Context) async throws {
            let isURL = source.hasPrefix("https://") || source.hasPrefix("http://")
            let preview = try await context.call(
                "peer.preview", isURL ? ["url": .string(source)] : ["card": .string(try Files.text(source))])
            guard let card = preview["card"]?.string, let found = preview["fingerprint"]?.string else {
                throw OperationFailure(
                    .failure, code: "node.bad-answer", message: "the answer lacks the card", hint: "use a kouan of the node's version")
            }
            if let fingerprint, Peer.spaceless(fingerprint) != Peer.spaceless(found) {
                throw OperationFailure(
                    .authentication, code: "peer.fingerprint-differs",
                    message: "the card's fingerprint is `\(found)`, not the one you gave", hint: "ask the peer again; do not add this card")
            }
            if context.options.format == .table, !context.options.quiet {
                context.output.write(
                    Table.fields(
                        of: preview,
                        columns: [
                            Column("participant", "participant", zh: "参与方"), Column("nameZH", "name (zh)", zh: "名称"),
                            Column("nameEN", "name (en)", zh: "英文名称"), Column("url", "address", zh: "地址"),
                            Column("spaces", "spaces", zh: "空间"), Column("trusted", "trusted", zh: "可信"),
                            Column("reason", "reason", zh: "原因"), Column("fingerprint", "fingerprint", zh: "指纹"),
                        ], language: context.language))
            }
            if fingerprint == nil {
                try context.confirm(
                    context.language("Compare the fingerprint with the peer by telephone.", "请通过电话与对端核对指纹。"), yes: confirm.yes)
            }
            let result = try await context.call("peer.add", ["card": .string(card), "fingerprint": .string(found)])
            context.say("added \(result["participant"]?.string ?? "the peer")", result)
            context.next("peer test \(result["participant"]?.string ?? "PEER")")
        }
    }

    struct List: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "List the peers.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let result = try await context.call("peer.list")
            context.show(
                result, rows: result["peers"]?.array ?? [],
                columns: [
                    Column("participant", zh: "参与方"), Column("nameZH", "NAME (ZH)", zh: "名称"), Column("nameEN", "NAME (EN)", zh: "英文名称"),
                    Column("state", zh: "状态"), Column("url", "ADDRESS", zh: "地址"), Column("spaces", zh: "空间"),
                ], empty: context.language("no peers yet", "尚无对端"))
            if (result["peers"]?.array ?? []).isEmpty { context.next("peer add FILE|URL") }
        }
    }

    struct Show: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Show one peer.")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var peer: PeerArgument
        func execute(_ context: Context) async throws { context.show(try await context.call("peer.show", peer.input)) }
    }

    struct Test: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Connect to a peer step by step and say where it fails.")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var peer: PeerArgument

        func execute(_ context: Context) async throws {
            let result = try await context.call("peer.test", peer.input, progress: "connecting")
            context.show(
                result, rows: result["steps"]?.array ?? [],
                columns: [
                    Column("severity", "RESULT", zh: "结果") { $0.string == "info" ? "ok" : $0.string == "warning" ? "warn" : "FAIL" },
                    Column("name", "STEP", zh: "步骤"),
                    Column("detail", "DETAIL", zh: "说明"),
                ])
            guard result["ok"]?.bool == true else { throw ExitCode(OperationFailure.Kind.unreachable.exitCode) }
            context.next("catalog \(peer.peer)")
        }
    }

    struct Suspend: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Take no new work from a peer until it is resumed.")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var peer: PeerArgument
        func execute(_ context: Context) async throws {
            context.say("suspended \(peer.peer)", try await context.call("peer.suspend", peer.input))
            context.next("peer resume \(peer.peer)")
        }
    }

    struct Resume: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Work with a suspended peer again.")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var peer: PeerArgument
        func execute(_ context: Context) async throws {
            context.say("resumed \(peer.peer)", try await context.call("peer.resume", peer.input))
        }
    }

    struct Remove: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Forget a peer's card; what the ledger says of it stays.")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var peer: PeerArgument
        @OptionGroup var confirm: ConfirmOption
        func execute(_ context: Context) async throws {
            try context.confirm("`\(peer.peer)` will be unknown to this node.", yes: confirm.yes)
            context.say("removed \(peer.peer)", try await context.call("peer.remove", peer.input))
        }
    }

    private static func spaceless(_ text: String) -> String { String(text.lowercased().filter { !$0.isWhitespace }) }
}

struct PeerArgument: ParsableArguments {
    @Argument(help: "The peer's participant URN.") var peer: String
    var input: [String: JSON?] { ["peer": .string(peer)] }
}
