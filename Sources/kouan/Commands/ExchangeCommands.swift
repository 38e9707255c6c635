// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel
import Glibc
import ManagementAPI

struct Dataset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What this node provides.", subcommands: [Add.self, Publish.self, List.self, Show.self])

    struct Add: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Register a directory or file as a dataset; nothing is read yet.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The directory or file.", completion: .directory) var path: String
        @Option(help: "An id of your own: lower-case letters, digits, hyphens.") var id: String?
        @Option(help: "Its title in Chinese.") var titleZh: String
        @Option(help: "Its title in English.") var titleEn: String
        @Option(help: "What it is, in Chinese.") var descriptionZh: String?
        @Option(help: "What it is, in English.") var descriptionEn: String?
        @Option(help: "general or important (GB/T 43697).") var grade: String?
        @Option(help: "none, ordinary or sensitive.") var personalInformation: String?

        func execute(_ context: Context) async throws {
            let result = try await context.call(
                "dataset.add",
                [
                    "path": .string(Path.absolute(path)), "id": id.map(JSON.string), "titleZH": .string(titleZh),
                    "titleEN": .string(titleEn), "descriptionZH": descriptionZh.map(JSON.string),
                    "descriptionEN": descriptionEn.map(JSON.string), "grade": grade.map(JSON.string),
                    "personalInformation": personalInformation.map(JSON.string),
                ])
            context.show(result)
            context.next("dataset publish \(result["id"]?.string ?? "DATASET")")
        }
    }

    struct Publish: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Seal the dataset as it is now into a package: its next version.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The dataset's id.") var dataset: String
        @Option(help: "international or guomi: the cryptography of the package.") var suite: String?
        @Option(help: "auto, zstd, deflate or stored.") var codec: String?
        @Option(help: "The codec's level.") var level: Int?
        @Option(help: "none, padme or full.") var padding: String?
        @Option(help: "Workers; otherwise one per core.") var threads: Int?

        func execute(_ context: Context) async throws {
            let result = try await context.call(
                "dataset.publish",
                [
                    "dataset": .string(dataset), "suite": suite.map(JSON.string), "codec": codec.map(JSON.string),
                    "level": level.map { .integer(Int64($0)) },
                    "padding": padding.map(JSON.string), "threads": threads.map { .integer(Int64($0)) },
                ], progress: "sealing \(dataset)")
            context.show(
                result,
                fields: [
                    Column("dataset", "dataset"), Column("version", "version"), Column("package", "package"), Column("files", "files"),
                    .bytes("plainBytes", "plain"), .bytes("bytes", "sealed"), Column("index", "ledger entry"),
                ])
            context.next("offer create \(dataset) --policy template:battery-trace --visible-to registered")
        }
    }

    struct List: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "List the datasets.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let result = try await context.call("dataset.list")
            let rows = (result["datasets"]?.array ?? []).map { dataset -> JSON in
                var members = dataset.object ?? [:]
                let last = dataset["versions"]?.array?.last
                members["version"] = last?["version"] ?? "–"
                members["bytes"] = last?["bytes"] ?? .null
                members["package"] = last?["package"] ?? .null
                return .object(members)
            }
            context.show(
                result, rows: rows,
                columns: [
                    Column("id"), Column("titleZH", "TITLE (ZH)", zh: "标题"), Column("titleEN", "TITLE (EN)", zh: "英文标题"),
                    Column("version", zh: "版本", right: true), .bytes("bytes", "SEALED", zh: "大小"), .short("package", "PACKAGE", zh: "数据集包"),
                    Column("offers", zh: "要约"),
                ], empty: "no datasets yet")
            if rows.isEmpty { context.next("dataset add PATH --title-zh … --title-en …") }
        }
    }

    struct Show: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Show one dataset with its versions.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The dataset's id.") var dataset: String

        func execute(_ context: Context) async throws {
            context.show(try await context.call("dataset.show", ["dataset": .string(dataset)]))
        }
    }
}

struct Offer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Datasets under a usage policy, visible to whom you say.",
        subcommands: [Create.self, List.self, Show.self, Replace.self, Withdraw.self])

    struct Create: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Offer a published dataset under a policy.",
            discussion: "Says of every clause how far it holds: enforced, attested or declared.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The dataset's id.") var dataset: String
        @Option(help: ArgumentHelp("ODRL policy, or template:NAME (kouan policy template).", valueName: "file"), completion: .file())
        var policy: String
        @Option(
            help: ArgumentHelp(
                "registered, peer:URN, space:ID, or a file with a visibility policy; may be given more than once.", valueName: "who"))
        var visibleTo: [String]
        @Flag(help: "Accept clauses that are only declared.") var acknowledge = false

        func execute(_ context: Context) async throws {
            let visible = try visibleTo.map { who throws(OperationFailure) -> JSON in
                who == "registered" || who.hasPrefix("peer:") || who.hasPrefix("space:")
                    ? .string(who) : try Files.json(who, limits: .policy)
            }
            let result = try await context.call(
                "offer.create",
                [
                    "dataset": .string(dataset), "policy": try Templates.policy(policy), "visibleTo": .array(visible),
                    "acknowledge": .bool(acknowledge),
                ])
            if context.options.format == .table {
                context.show(
                    result,
                    fields: [
                        Column("id", "offer"), Column("dataset", "dataset"), Column("policyHash", "policy"),
                        Column("index", "ledger entry"),
                    ])
                Clauses.show(result, context)
            } else {
                context.show(result)
            }
            context.next("offer list")
        }
    }

    struct List: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "List the offers.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let result = try await context.call("offer.list")
            context.show(
                result, rows: result["offers"]?.array ?? [],
                columns: [
                    Column("id"), Column("dataset", zh: "数据集"), Column("visibleTo", "VISIBLE TO", zh: "可见范围"),
                    .short("policyHash", "POLICY", zh: "策略"), Clauses.levels, Column("createdAt", "SINCE", zh: "创建时间"),
                    Column("withdrawn", zh: "已撤回"),
                ], empty: "no offers yet")
        }
    }

    struct Show: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Show one offer, and how far each clause of its policy holds.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The offer's id.") var offer: String

        func execute(_ context: Context) async throws {
            let result = try await context.call("offer.show", ["offer": .string(offer)])
            guard context.options.format == .table else { return context.show(result) }
            context.show(
                result,
                fields: [
                    Column("id", "offer", zh: "要约"), Column("dataset", "dataset", zh: "数据集"),
                    Column("policyHash", "policy", zh: "策略"), Column("visibleTo", "visible to", zh: "可见范围"),
                    Column("createdAt", "since", zh: "创建时间"), Column("withdrawn", "withdrawn", zh: "已撤回"),
                    Column("supersededBy", "replaced by", zh: "已被取代为"),
                ])
            Clauses.show(result, context)
        }
    }

    struct Replace: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put another policy in the place of an offer's, in one step.",
            discussion: "The offer gets a new id. Negotiations under way and agreements go on under the old policy.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The offer's id.") var offer: String
        @Option(help: ArgumentHelp("ODRL policy, or template:NAME.", valueName: "file"), completion: .file()) var policy: String
        @Flag(help: "Accept clauses that are only declared.") var acknowledge = false

        func execute(_ context: Context) async throws {
            let result = try await context.call(
                "offer.replace",
                ["offer": .string(offer), "policy": try Templates.policy(policy), "acknowledge": .bool(acknowledge)])
            guard context.options.format == .table else { return context.show(result) }
            context.show(
                result,
                fields: [
                    Column("id", "offer", zh: "要约"), Column("replaces", "replaces", zh: "取代"), Column("dataset", "dataset", zh: "数据集"),
                    Column("policyHash", "policy", zh: "策略"),
                ])
            Clauses.show(result, context)
        }
    }

    struct Withdraw: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Take an offer out of the catalog; agreements already made go on.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var confirm: ConfirmOption
        @Argument(help: "The offer's id.") var offer: String

        func execute(_ context: Context) async throws {
            try context.confirm("No peer can ask for `\(offer)` any more.", yes: confirm.yes)
            context.say("withdrew \(offer)", try await context.call("offer.withdraw", ["offer": .string(offer)]))
        }
    }
}

/// How far each clause of a policy holds, wherever a policy is shown.
enum Clauses {
    static func show(_ result: JSON, _ context: Context) {
        let text = context.language == .zh ? "clauseZH" : "clause"
        context.show(
            result, rows: result["clauses"]?.array ?? [],
            columns: [Column("level", "HOLDS", zh: "约束力"), Column(text, "CLAUSE", zh: "条款")], empty: "no clauses")
    }

    /// `enforced 2, attested 1`
    static let levels = Column("clauses", "HOLDS", zh: "约束力") { clauses in
        let levels = (clauses.array ?? []).compactMap { $0["level"]?.string }
        return ["enforced", "attested", "declared"].compactMap { level in
            let count = levels.count { $0 == level }
            return count == 0 ? nil : "\(level) \(count)"
        }.joined(separator: ", ")
    }

    /// The clauses in one line, each with its level.
    static func summary(_ clauses: JSON?, _ language: Language) -> String {
        (clauses?.array ?? []).compactMap { clause in
            clause[language == .zh ? "clauseZH" : "clause"]?.string.map { "\($0) (\(clause["level"]?.string ?? ""))" }
        }.joined(separator: "; ")
    }
}

struct Catalog: KouanCommand {
    static let configuration = CommandConfiguration(abstract: "What a peer offers us.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var peer: PeerArgument

    func execute(_ context: Context) async throws {
        let result = try await context.call("catalog", peer.input, progress: "asking")
        let rows = (result["datasets"]?.array ?? []).flatMap { dataset -> [JSON] in
            (dataset["offers"]?.array ?? []).map { offer in
                var members = dataset.object ?? [:]
                members["offer"] = offer["id"]
                members["summary"] = .string(Clauses.summary(offer["summary"], context.language))
                return .object(members)
            }
        }
        context.show(
            result, rows: rows,
            columns: [
                Column("id", "DATASET", zh: "数据集"), Column("titleZH", "TITLE (ZH)", zh: "标题"), Column("titleEN", "TITLE (EN)", zh: "英文标题"),
                Column("version", zh: "版本", right: true), .bytes("bytes", "SIZE", zh: "大小"), Column("offer", zh: "要约"),
                Column("summary", "POLICY", zh: "使用策略"),
            ], empty: "nothing is offered to this node")
        if let first = rows.first?["id"]?.string { context.next("contract request \(peer.peer) --dataset \(Shell.quoted(first))") }
    }
}

struct Contract: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Contract negotiations and the agreements they end in.",
        subcommands: [
            Request.self, List.self, Show.self, Explain.self, Approve.self, Reject.self, Terminate.self,
            Duties.self, Fulfil.self, Event.self, Clock.self, Trace.self,
        ])

    struct Request: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask a peer for a contract on one of its offers and wait for the agreement.",
            discussion: """
                Without --need you have read the offer and ask for exactly it. With --need it is compared with what you need, and refused
                here if it gives less or asks for duties that you do not accept.
                """)

        @OptionGroup var global: GlobalOptions
        @OptionGroup var peer: PeerArgument
        @Option(help: "The dataset, when it has one offer.") var dataset: String?
        @Option(help: "The offer.") var offer: String?
        @Option(
            help: ArgumentHelp("What you need to be permitted: an ODRL policy or template:NAME.", valueName: "file"), completion: .file())
        var need: String?
        @Option(help: ArgumentHelp("A duty that you can keep, as inform; with --need, may be given more than once.", valueName: "action"))
        var acceptDuty: [String] = []
        @Option(
            help: ArgumentHelp("Ask for these rules instead of the offer's; stricter ones are agreed at once.", valueName: "file"),
            completion: .file())
        var propose: String?
        @Option(help: ArgumentHelp("How long to wait.", valueName: "seconds")) var wait = 30

        func validate() throws {
            guard (dataset == nil) != (offer == nil) else { throw ValidationError("give either --dataset or --offer") }
        }

        func execute(_ context: Context) async throws {
            let result = try await context.call(
                "contract.request",
                [
                    "peer": .string(peer.peer), "dataset": dataset.map(JSON.string), "offer": offer.map(JSON.string),
                    "wait": .integer(Int64(wait)), "need": try need.map(Templates.policy), "acceptDuties": .strings(acceptDuty),
                    "propose": try propose.map(Templates.policy),
                ], progress: "negotiating")
            if let failure = Ending.failure(of: result, "negotiation") { throw failure }
            Contract.show(result, context)
            if let agreement = result["agreement"]?.string {
                context.next("transfer start \(agreement) --wait 600")
            } else {
                context.next("contract explain \(result["id"]?.string ?? "ID")")
            }
        }
    }

    static let fields = [
        Column("id", "contract", zh: "协商"), Column("state", "state", zh: "状态"), Column("peer", "peer", zh: "对端"),
        Column("dataset", "dataset", zh: "数据集"), Column("offer", "offer", zh: "要约"), Column("agreement", "agreement", zh: "合约"),
        Column("package", "package", zh: "数据集包"), Column("signedBy", "signed by", zh: "签署方"),
        Column("whoseMove", "whose move", zh: "轮到谁"), Column("approval.difference", "asks for", zh: "所求"),
        Column("approval.deadline", "decide until", zh: "决定期限"), Column("ending.code", "ended with", zh: "终止代码"),
    ]

    /// One contract, with how far each clause holds.
    static func show(_ result: JSON, _ context: Context) {
        guard context.options.format == .table else { return context.show(result) }
        let chinese = fields.map { $0.path == "approval.difference" ? Column("approval.differenceZH", $0.title, zh: $0.titleZH) : $0 }
        context.show(result, fields: context.language == .zh ? chinese : fields)
        Clauses.show(result, context)
    }

    struct List: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "List the negotiations, ours and our peers'.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let result = try await context.call("contract.list")
            context.show(
                result, rows: result["contracts"]?.array ?? [],
                columns: [
                    Column("id"), Column("role", zh: "角色"), Column("peer", zh: "对端"), Column("state", zh: "状态"),
                    Column("whoseMove", "WHOSE MOVE", zh: "轮到谁"), Column("dataset", zh: "数据集"), Column("agreement", zh: "合约"),
                    Column("updatedAt", "UPDATED", zh: "更新时间"),
                ], empty: "no contracts yet")
        }
    }

    struct Show: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Show one negotiation with its agreement and policy.")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var id: IDArgument
        func execute(_ context: Context) async throws { Contract.show(try await context.call("contract.show", id.input), context) }
    }

    struct Explain: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Whose move it is, what went wrong, what happens next.")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var id: IDArgument
        func execute(_ context: Context) async throws { Explanation.show(try await context.call("contract.explain", id.input), context) }
    }

    struct Approve: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Agree to the rules that a peer asks for instead of the offered ones.",
            discussion: "For officers. `contract show` says what is asked for and how it differs.")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var confirm: ConfirmOption
        @OptionGroup var id: IDArgument
        func execute(_ context: Context) async throws {
            try context.confirm("The rules of `\(id.id)` will be agreed as the peer asks.", yes: confirm.yes)
            Contract.show(try await context.call("contract.approve", id.input), context)
        }
    }

    struct Reject: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Refuse the rules that a peer asks for; the negotiation ends.")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var id: IDArgument
        @Option(help: ArgumentHelp("Told to the peer.", valueName: "text")) var reason: String?
        func execute(_ context: Context) async throws {
            let input: [String: JSON?] = ["reason": reason.map(JSON.string)]
            Contract.show(try await context.call("contract.reject", input.merging(id.input) { first, _ in first }), context)
        }
    }

    struct Terminate: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "End a negotiation.")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var confirm: ConfirmOption
        @OptionGroup var id: IDArgument
        func execute(_ context: Context) async throws {
            try context.confirm("Negotiation `\(id.id)` will end for both sides.", yes: confirm.yes)
            context.show(try await context.call("contract.terminate", id.input))
        }
    }
}

struct IDArgument: ParsableArguments {
    @Argument(help: "The id, as list shows it.") var id: String
    var input: [String: JSON?] { ["id": .string(id)] }
}

/// A negotiation or transfer that one side ended: to whoever waited for it, that is a refusal with a code and reasons.
enum Ending {
    static func failure(of result: JSON, _ what: String) -> OperationFailure? {
        guard result["state"]?.string == "TERMINATED" else { return nil }
        let ending = result["ending"]
        let side = ending?["byPeer"]?.bool == true ? "the peer" : "this node"
        let reasons = (ending?["reasons"]?.array ?? []).compactMap(\.string)
        return OperationFailure(
            .denied, code: ending?["code"]?.string ?? "\(what).terminated",
            message: "\(side) ended the \(what)" + (reasons.isEmpty ? "" : ": " + reasons.joined(separator: "; ")),
            hint: "see kouan \(what == "negotiation" ? "contract" : what) explain \(result["id"]?.string ?? "ID")",
            details: .object(["id": result["id"] ?? .null, "ending": ending ?? .null]))
    }
}

enum Explanation {
    static func show(_ result: JSON, _ context: Context) {
        context.show(
            result,
            fields: [
                Column("state", "state", zh: "状态"), Column("whoseMove", "whose move", zh: "轮到谁"),
                Column("lastError", "last error", zh: "最近的错误"), Column("tries", "tries", zh: "尝试次数"),
                Column("nextTry", "next try", zh: "下次尝试"), Column("advice", "advice", zh: "建议"),
            ])
    }
}

struct Transfer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Transfers of sealed packages.", subcommands: [Start.self, List.self, Show.self, Explain.self, Terminate.self])

    struct Start: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Fetch the package of an agreement.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The agreement's id.") var agreement: String
        @Option(help: ArgumentHelp("Wait until the receipts have crossed, at most this long.", valueName: "seconds")) var wait = 0

        func execute(_ context: Context) async throws {
            var result = try await context.call("transfer.start", ["agreement": .string(agreement), "wait": 0])
            let id = result["id"]?.string ?? ""
            if wait > 0 { result = try await TransferWait(id: id, limit: .seconds(wait)).run(context) }
            if let failure = Ending.failure(of: result, "transfer") { throw failure }
            context.show(result, fields: context.options.format == .table ? Transfer.fields : nil)
            if result["receipt"]?.string == "full" {
                context.next("open \(agreement) --purpose PURPOSE -o DIRECTORY")
            } else {
                context.next("transfer explain \(id)")
            }
        }
    }

    static let fields = [
        Column("id", "transfer", zh: "传输"), Column("state", "state", zh: "状态"), Column("peer", "peer", zh: "对端"),
        Column("package", "package", zh: "数据集包"), Column.bytes("bytes", "size", zh: "大小"),
        Column.bytes("receivedBytes", "received", zh: "已接收"), Column("receipt", "receipt", zh: "回执"),
    ]

    struct List: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "List the transfers, ours and our peers'.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let result = try await context.call("transfer.list")
            context.show(
                result, rows: result["transfers"]?.array ?? [],
                columns: [
                    Column("id"), Column("role", zh: "角色"), Column("peer", zh: "对端"), Column("state", zh: "状态"),
                    .bytes("bytes", "SIZE", zh: "大小"), .bytes("receivedBytes", "RECEIVED", zh: "已接收"), Column("receipt", zh: "回执"),
                    .short("package", "PACKAGE", zh: "数据集包"), Column("updatedAt", "UPDATED", zh: "更新时间"),
                ], empty: "no transfers yet")
        }
    }

    struct Show: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Show one transfer.")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var id: IDArgument
        func execute(_ context: Context) async throws { context.show(try await context.call("transfer.show", id.input)) }
    }

    struct Explain: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Whose move it is, what went wrong, what happens next.")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var id: IDArgument
        func execute(_ context: Context) async throws { Explanation.show(try await context.call("transfer.explain", id.input), context) }
    }

    struct Terminate: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "End a transfer.")
        @OptionGroup var global: GlobalOptions
        @OptionGroup var confirm: ConfirmOption
        @OptionGroup var id: IDArgument
        func execute(_ context: Context) async throws {
            try context.confirm("Transfer `\(id.id)` will end for both sides.", yes: confirm.yes)
            context.show(try await context.call("transfer.terminate", id.input))
        }
    }
}

/// Follows a transfer until it is over: receipts crossed, or terminated, or the time is up.
struct TransferWait: Sendable {
    let id: String
    let limit: Duration
    /// Short enough that a small transfer does not seem slow, long enough not to busy the node.
    static let interval = Duration.milliseconds(50)

    func run(_ context: Context) async throws(OperationFailure) -> JSON {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: limit)
        defer { if context.showsProgress { context.diagnostics.write("\r\u{1B}[K") } }
        while true {
            let transfer = try await context.call("transfer.show", ["id": .string(id)])
            if transfer["state"]?.string == "TERMINATED" || transfer["receipt"]?.string == "full" || clock.now >= deadline {
                return transfer
            }
            if context.showsProgress { context.diagnostics.write("\r" + TransferWait.bar(transfer)) }
            do { try await clock.sleep(for: TransferWait.interval) } catch { throw Failure.of(error) }
        }
    }

    private static func bar(_ transfer: JSON) -> String {
        let total = transfer["bytes"]?.int ?? 0
        let received = transfer["receivedBytes"]?.int ?? 0
        let parts = total > 0 ? Int(Double(received) / Double(total) * 30) : 0
        let filled = max(0, min(30, parts))
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
            + "] \(ByteCount(received)) of \(ByteCount(total))  "
    }
}

struct Open: KouanCommand {
    static let configuration = CommandConfiguration(
        abstract: "Open a received package for one use, as the agreement's policy allows.",
        discussion: """
            Asks the provider for a key grant unless one is in lease, and counts the use before the first byte. The files appear
            under their names only after everything was verified.
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: ArgumentHelp("The agreement's id or the package's digest.", valueName: "agreement|package")) var subject: String
    @Option(help: "What the data is used for, as the policy names it.") var purpose: String?
    @Option(help: "The ODRL action: read serves a permission to read and one to use.") var action = "read"
    @Option(
        help: ArgumentHelp(
            "What you state of this use, as kouan:algorithm=sha256:…; may be given more than once.", valueName: "operand=value"))
    var fact: [String] = []
    @Option(name: .shortAndLong, help: ArgumentHelp("The directory to make.", valueName: "directory"), completion: .directory) var output:
        String

    func execute(_ context: Context) async throws {
        let isPackage = subject.hasPrefix("sha256:") || subject.hasPrefix("sm3:")
        let result = try await context.call(
            "open",
            [
                isPackage ? "package" : "agreement": .string(subject), "purpose": purpose.map(JSON.string), "action": .string(action),
                "output": .string(Path.absolute(output)), "facts": .strings(fact),
            ], progress: "opening")
        context.show(
            result,
            fields: [
                Column("agreement", "agreement", zh: "合约"), Column("package", "package", zh: "数据集包"), Column("files", "files", zh: "文件数"),
                .bytes("bytes", "plain", zh: "大小"), Column("digestsMatch", "digests match", zh: "摘要一致"),
                Column("treated", "changed by a duty", zh: "已按义务处理"),
                Column("grant", "grant", zh: "密钥授权"), Column("remainingUses", "uses left", zh: "剩余次数"),
                Column("index", "ledger entry", zh: "台账条目"), Column("output", "directory", zh: "目录"),
            ])
        if let index = result["index"]?.int { context.next("ledger show \(index)") }
    }
}
