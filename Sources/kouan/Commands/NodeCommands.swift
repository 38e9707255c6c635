// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel
import FoundationEssentials
import Glibc
import Logging
import ManagementAPI
import Node

struct Init: KouanCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a node: data directory, keys, ledger, first admin.",
        discussion: "The directory must be empty or new. The first admin's token goes to users/admin.token, readable by you alone.")

    @OptionGroup var global: GlobalOptions
    @Option(help: "The legal entity: urn:uscc:…, urn:lei:… or urn:reg:<country>:…") var participant: String
    @Option(help: "Its name in Chinese.") var nameZh: String
    @Option(help: "Its name in English.") var nameEn: String
    @Option(help: "Where it is registered, ISO 3166-1 alpha-2.") var country: String
    @Option(help: "Its province by GB/T 2260, inside China: CN-350000.") var province: String?
    @Option(help: "Its industry by GB/T 4754: C38.") var industry: String
    @Option(help: ArgumentHelp("Where peers connect.", valueName: "address:port")) var peerListen = "0.0.0.0:8443"
    @Option(help: ArgumentHelp("The same place as peers see it: https://host:port.", valueName: "url")) var peerUrl: String
    @Option(help: ArgumentHelp("Where operators connect; loopback only.", valueName: "address:port")) var managementListen =
        "127.0.0.1:8080"

    func execute(_ context: Context) async throws {
        let options = Node.InitOptions(
            directory: context.dataDirectory, participant: try ParticipantID(parsing: participant), nameZH: nameZh, nameEN: nameEn,
            country: try CountryCode(parsing: country), province: try province.map { try ProvinceCode(parsing: $0) }, industry: industry,
            peerListen: peerListen, peerURL: peerUrl, managementListen: managementListen)
        let result = try await Node.initialise(options)
        context.show(
            [
                "participant": .string(result.participant.description), "directory": .string(result.directory),
                "origin": .string(result.origin), "cardFingerprint": .string(result.cardFingerprint),
                "tokenFile": .string(result.directory + "/users/admin.token"),
            ],
            fields: [
                Column("participant", "participant"), Column("directory", "data directory"), Column("origin", "ledger origin"),
                Column("cardFingerprint", "card fingerprint"), Column("tokenFile", "admin token"),
            ])
        context.next("cert request -o node.csr")
    }
}

struct Serve: KouanCommand {
    static let configuration = CommandConfiguration(abstract: "Run the node until SIGTERM or SIGINT; logs JSON on standard error.")

    @OptionGroup var global: GlobalOptions
    @Option(help: "trace, debug, info, notice, warning, error or critical; comes before log.level in kouan.yaml.") var logLevel: String?
    @Flag(help: .hidden) var stopAtEndOfInput = false

    func execute(_ context: Context) async throws {
        // A peer that hangs up or a full disk is an error to handle, not a signal to die of.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        if stopAtEndOfInput { ParentWatch.start() }
        // The configuration decides the level; the flag reaches it as the environment variable that it comes before.
        var environment = context.environment
        if let logLevel { environment["KOUAN_LOG_LEVEL"] = logLevel }
        var logger = Logger(label: "kouan") { _ in JSONLogHandler() }
        logger.logLevel = .critical
        let node = try await Node.open(directory: context.dataDirectory, clock: SystemClock(), logger: logger, environment: environment)
        try await node.serve()
        await node.close()
    }
}

/// Ends this process by SIGTERM when standard input ends: a child of `kouan demo` never outlives it, however that ended.
private enum ParentWatch {
    static func start() {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { _ in
                var byte: UInt8 = 0
                while true {
                    let count = read(STDIN_FILENO, &byte, 1)
                    if count > 0 || (count < 0 && errno == EINTR) { continue }
                    kill(getpid(), SIGTERM)
                    return nil
                }
            }, nil)
        pthread_detach(thread)
    }
}

struct Status: KouanCommand {
    static let configuration = CommandConfiguration(abstract: "How the node is and what waits for whom.")

    @OptionGroup var global: GlobalOptions

    func execute(_ context: Context) async throws {
        let result = try await context.call("status")
        guard context.options.format == .table else { return context.show(result) }
        context.show(
            result,
            fields: [
                Column("participant", "participant", zh: "参与方"), Column("version", "version", zh: "版本"), Column("ready", "ready", zh: "就绪"),
                Column("reasons", "reasons", zh: "原因"), Column("listeners.peer", "peers connect at", zh: "对端接入"),
                Column("listeners.management", "operators connect at", zh: "管理端口"), Column("ledger.origin", "ledger", zh: "台账"),
                Column("ledger.size", "ledger entries", zh: "台账条目"), Column("ledger.signing", "ledger signs", zh: "台账签名"),
            ])
        let waiting = result["waiting"]?.array ?? []
        if !waiting.isEmpty {
            context.output.write("\n")
            context.show(
                result, rows: waiting,
                columns: [Column("what", "WAITING", zh: "等待"), Column("id", "ID"), Column("detail", "DETAIL", zh: "说明")])
        }
        let certificates = result["certificates"]?.array ?? []
        if !certificates.isEmpty {
            context.output.write("\n")
            context.show(
                result, rows: certificates,
                columns: [Column("usage", "CERTIFICATE", zh: "证书"), Column("notAfter", "VALID UNTIL", zh: "有效期至")])
        }
    }
}

struct Doctor: KouanCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check keys, certificates, revocation lists, clock and, with a peer, the connection to it and back.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "A peer to check the connection with.") var peer: String?

    func execute(_ context: Context) async throws {
        let result = try await context.call("doctor", ["peer": peer.map(JSON.string)], progress: "checking")
        let checks = result["checks"]?.array ?? []
        context.show(
            result, rows: checks,
            columns: [
                Column("severity", "RESULT", zh: "结果") { $0.string == "info" ? "ok" : $0.string == "warning" ? "warn" : "FAIL" },
                Column("name", "CHECK", zh: "检查"),
                Column("detail", "DETAIL", zh: "说明"), Column("hint", "HINT", zh: "建议"),
            ])
        guard result["ok"]?.bool == true else { throw ExitCode(OperationFailure.Kind.failure.exitCode) }
    }
}

struct NodeInspection: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "What this node is made of.", subcommands: [Crypto.self])

    struct Crypto: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "The inventory of cryptography: algorithms, keys and their age, libraries in use.",
            discussion: "For an assessment of commercial cryptography (密评). It says what is used, not that it was certified.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let result = try await context.call("node.crypto")
            let language = context.language == .zh ? "zh" : "en"
            let algorithms = [
                Column("purpose.\(language)", "PURPOSE", zh: "用途"), Column("suite", "SUITE", zh: "套件"),
                Column("algorithm", "ALGORITHM", zh: "算法"), Column("mode", "MODE", zh: "模式"),
                Column("keyBits", "KEY BITS", zh: "密钥位数", right: true), Column("standard", "STANDARD", zh: "标准"),
            ]
            guard context.options.format == .table else {
                return context.show(result, rows: result["algorithms"]?.array ?? [], columns: algorithms)
            }
            func section(_ name: String, _ columns: [Column]) {
                context.show(result, rows: result[name]?.array ?? [], columns: columns)
                context.output.write("\n")
            }
            section("algorithms", algorithms)
            section(
                "keys",
                [
                    Column("purpose.\(language)", "KEY", zh: "密钥"), Column("file", "FILE", zh: "文件"),
                    Column("algorithm", "ALGORITHM", zh: "算法"),
                    Column("keyBits", "BITS", zh: "位数", right: true), Column("since", "SINCE", zh: "启用日期"),
                    Column("ageDays", "DAYS", zh: "天数", right: true), .short("fingerprint", "FINGERPRINT", zh: "指纹"),
                ])
            section(
                "libraries",
                [Column("name", "LIBRARY", zh: "密码库"), Column("version", "VERSION", zh: "版本"), Column("detail", "DETAIL", zh: "说明")])
            for limit in result["limits"]?.array ?? [] { context.output.write("- \(limit[language]?.string ?? "")\n") }
        }
    }
}

struct Config: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The configuration in force.", subcommands: [Show.self])

    struct Show: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Print every key with its value.")

        @OptionGroup var global: GlobalOptions
        @Flag(help: "Say where each value comes from: file and line, environment, flag or default.") var origin = false

        func execute(_ context: Context) async throws {
            let result = try await context.call("config.show", ["origin": .bool(origin)])
            var columns = [Column("key", "KEY", zh: "键"), Column("value", "VALUE", zh: "值")]
            if origin { columns.append(Column("origin", "ORIGIN", zh: "来源")) }
            context.show(result, rows: result["values"]?.array ?? [], columns: columns)
        }
    }
}

struct User: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The people who operate the node, with roles and personal tokens.",
        subcommands: [Add.self, List.self, Disable.self, Rotate.self])

    enum Role: String, ExpressibleByArgument, CaseIterable { case admin, `operator`, officer, auditor }

    struct Add: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Add a user and make a token, which is shown once.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var file: OutputFileOption
        @Argument(help: "The person's name; it stays on this node.") var name: String
        @Option(name: [.long], help: "admin, operator, officer or auditor; may be given more than once.") var role: [Role]

        func execute(_ context: Context) async throws {
            let result = try await context.call("user.add", ["name": .string(name), "roles": .strings(role.map(\.rawValue))])
            try User.showToken(result, context, file: file.output)
        }
    }

    struct List: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "List the users.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let result = try await context.call("user.list")
            context.show(
                result, rows: result["users"]?.array ?? [],
                columns: [
                    Column("id"), Column("name", zh: "姓名"), Column("roles", zh: "角色"), Column("disabled", zh: "停用"),
                    Column("createdAt", "SINCE", zh: "创建时间"),
                ])
        }
    }

    struct Disable: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Take a user's access away.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The user's id.") var user: String

        func execute(_ context: Context) async throws {
            let result = try await context.call("user.disable", ["user": .string(user)])
            context.say("user \(user) is disabled", result)
        }
    }

    struct Rotate: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Make a new token; the old one stops working.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var file: OutputFileOption
        @Argument(help: "The user's id.") var user: String

        func execute(_ context: Context) async throws {
            let result = try await context.call("user.rotate", ["user": .string(user)])
            try User.showToken(result, context, file: file.output)
        }
    }

    private static func showToken(_ result: JSON, _ context: Context, file: String?) throws(OperationFailure) {
        guard let file, let token = result["token"]?.string else {
            context.show(result)
            context.note("the token is not shown again; keep it in a file only its owner can read")
            return
        }
        try Files.write(token + "\n", to: file, mode: 0o600)
        var members = result.object ?? [:]
        members["token"] = nil
        members["tokenFile"] = .string(Path.absolute(file))
        context.show(.object(members))
    }
}
