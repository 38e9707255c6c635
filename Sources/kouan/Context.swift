// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel
import FoundationEssentials
import Glibc
import ManagementAPI

/// What one command knows about its surroundings: options, environment, terminal.
struct Context: Sendable {
    let options: GlobalOptions
    let environment: [String: String]
    let language: Language
    let output = Terminal.standardOutput
    let diagnostics = Terminal.standardError

    init(_ options: GlobalOptions, environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.options = options
        self.environment = environment
        language = Language.chosen(flag: options.lang, environment: environment)
    }

    /// Absolute.
    var dataDirectory: String { Path.absolute(chosenDataDirectory) }

    private var chosenDataDirectory: String {
        if let data = options.data, !data.isEmpty { return data }
        if let data = environment["KOUAN_DATA"], !data.isEmpty { return data }
        if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return data + "/kouan" }
        return (environment["HOME"] ?? ".") + "/.local/share/kouan"
    }

    var client: NodeClient {
        NodeClient(
            directory: dataDirectory,
            tokenFile: options.tokenFile ?? environment["KOUAN_TOKEN_FILE"].flatMap { $0.isEmpty ? nil : $0 } ?? dataDirectory
                + "/users/admin.token")
    }

    var usesColor: Bool { output.isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb" }

    var showsProgress: Bool { diagnostics.isTerminal && !options.quiet && environment["TERM"] != "dumb" }

    // MARK: Asking the node

    func call(_ name: String, _ input: [String: JSON?] = [:]) async throws(OperationFailure) -> JSON {
        try await client.call(name, .members(input))
    }

    /// The same with a line that tells how long it has been running, on a terminal.
    func call(_ name: String, _ input: [String: JSON?], progress title: String) async throws(OperationFailure) -> JSON {
        guard showsProgress else { return try await call(name, input) }
        let ticker = ProgressLine(title: title, terminal: diagnostics)
        let result: Result<JSON, OperationFailure> = await withTaskGroup(of: Void.self) { group in
            group.addTask { await ticker.run() }
            let result: Result<JSON, OperationFailure>
            do throws(OperationFailure) { result = .success(try await call(name, input)) } catch { result = .failure(error) }
            group.cancelAll()
            return result
        }
        ticker.clear()
        return try result.get()
    }

    // MARK: Answering

    /// Prints rows: as a table for people, as the whole result in JSON, as CSV.
    func show(_ result: JSON, rows: [JSON], columns: [Column], empty: String = "nothing here") {
        switch options.format {
        case .json: output.write(result.pretty() + "\n")
        case .csv: output.write(CSV.text(rows: rows, columns: columns))
        case .table:
            output.write(rows.isEmpty ? empty + "\n" : Table.text(rows: rows, columns: columns, language: language, bold: usesColor))
        }
    }

    /// Prints one thing, a member per line; nested members below their name.
    func show(_ result: JSON, fields: [Column]? = nil) {
        switch options.format {
        case .json: output.write(result.pretty() + "\n")
        case .csv:
            let columns = fields ?? (result.object ?? [:]).keys.sorted().map { Column($0) }
            output.write(CSV.text(rows: [result], columns: columns))
        case .table: output.write(Table.fields(of: result, columns: fields, language: language))
        }
    }

    /// One line for people; other formats print the result instead.
    func say(_ line: String, _ result: JSON) { if options.format == .table { output.write(line + "\n") } else { show(result) } }

    /// The command to type next, with the data directory where one was given.
    func next(_ command: String) {
        guard options.format == .table, !options.quiet else { return }
        let data = options.data.map { " --data " + Shell.quoted($0) } ?? ""
        diagnostics.write("\(language("next", "下一步")): kouan \(command)\(data)\n")
    }

    func note(_ text: String) {
        guard !options.quiet else { return }
        diagnostics.write("kouan: \(text)\n")
    }

    /// Asks on the terminal; without one, only `--yes` is a yes.
    func confirm(_ question: String, yes: Bool) throws(OperationFailure) {
        if yes { return }
        guard isatty(STDIN_FILENO) == 1 else {
            throw OperationFailure(
                .usage, code: "cli.not-confirmed", message: "this needs a confirmation and there is no terminal to ask on",
                hint: "check what it would do, then repeat it with --yes")
        }
        diagnostics.write(question + language(" Type yes to go on: ", " 输入 yes 继续："))
        guard let answer = readLine(strippingNewline: true), ["yes", "y", "是"].contains(answer.lowercased()) else {
            throw OperationFailure(
                .failure, code: "cli.not-confirmed", message: "nothing was done", hint: "repeat the command when you are sure")
        }
    }

    /// Prints an error and gives the exit code.
    func report(_ failure: OperationFailure) -> ExitCode {
        tell(failure)
        if options.format == .json {
            let error = JSON.members([
                "code": .string(failure.code), "message": .string(failure.message), "hint": .string(failure.hint),
                "details": failure.details,
            ])
            output.write(JSON.object(["error": error]).pretty() + "\n")
        }
        return ExitCode(failure.kind.exitCode)
    }

    /// Prints an error for people.
    func tell(_ failure: OperationFailure) {
        let text = Texts.failure(failure, language: language)
        diagnostics.write("kouan: error: \(text.message) [\(failure.code)]\n")
        if let reasons = failure.details?["reasons"]?.array, !reasons.isEmpty {
            for reason in reasons.prefix(20) {
                diagnostics.write("kouan: \(language("reason", "理由")): \(reason.string ?? reason.canonicalText)\n")
            }
        }
        if !text.hint.isEmpty { diagnostics.write("kouan: hint: \(text.hint)\n") }
    }
}

/// A command of ours: `execute` does the work, `run` turns what goes wrong into words and an exit code.
protocol KouanCommand: AsyncParsableCommand {
    var global: GlobalOptions { get }
    func execute(_ context: Context) async throws
}

extension KouanCommand {
    func run() async throws {
        let context = Context(global)
        do { try await execute(context) } catch let code as ExitCode { throw code } catch let error as ValidationError { throw error } catch
        { throw context.report(Failure.of(error)) }
    }
}

/// Everything that can be thrown, as one kind of failure.
enum Failure {
    static func of(_ error: any Error) -> OperationFailure {
        switch error {
        case let failure as OperationFailure: failure
        case let error as any KouanError: OperationFailure(kind(ofCode: error.code), error)
        case is CancellationError:
            OperationFailure(.failure, code: "cli.cancelled", message: "the command was cancelled", hint: "run it again")
        default:
            OperationFailure(
                .failure, code: "cli.unexpected", message: "`\(String(describing: error).prefix(300))`",
                hint: "this is a fault of ours; please report it with the command you typed")
        }
    }

    /// Modules that the command line calls itself have errors of their own; the code tells what was at fault.
    private static func kind(ofCode code: String) -> OperationFailure.Kind {
        switch code {
        case "sealing.source-missing", "sealing.no-such-file", "node.not-initialised": return .notFound
        case "sealing.target-exists", "sealing.target-not-empty", "node.exists", "storage.in-use": return .conflict
        case "sealing.option-invalid", "sealing.path-refused", "sealing.path-collision", "sealing.source-not-regular",
            "sealing.identity-invalid", "sealing.too-many-files", "sealing.too-many-chunks", "sealing.manifest-too-large":
            return .usage
        case "sealing.source-unreadable", "sealing.source-changed", "sealing.cancelled", "sealing.unreadable", "sealing.unwritable",
            "sealing.disk-full":
            return .failure
        case "sealing.no-wrap-for-key": return .authentication
        case "transport.unreachable": return .unreachable
        default: break
        }
        return switch code.prefix(while: { $0 != "." }) {
        case "sealing", "ledger", "merkle", "log": .integrity
        case "configuration", "json", "policy", "model", "management", "input": .usage
        case "crypto", "tls", "identity", "chain", "cert", "transport": .authentication
        default: .failure
        }
    }

    static func usage(_ code: String, _ message: String, hint: String) -> OperationFailure {
        OperationFailure(.usage, code: code, message: message, hint: hint)
    }
}

/// `title … 12 s` on one line of a terminal, rewritten once a second.
struct ProgressLine: Sendable {
    let title: String
    let terminal: Terminal

    func run() async {
        let clock = ContinuousClock()
        let start = clock.now
        while !Task.isCancelled {
            let seconds = start.duration(to: clock.now).components.seconds
            terminal.write("\r\(title) … \(seconds) s")
            try? await clock.sleep(for: .seconds(1))
        }
    }

    func clear() { terminal.write("\r\u{1B}[K") }
}
