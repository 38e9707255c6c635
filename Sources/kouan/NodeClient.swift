// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel
import Glibc
import Logging
import ManagementAPI
import Node
import TLSTransport

/// Asks a node: through its management port while it serves, otherwise in this process with the data directory locked. Both ways
/// take the user's token, and neither goes around the node into its database.
struct NodeClient: Sendable {
    let directory: String
    let tokenFile: String
    /// What comes before the node's `kouan.yaml` when it is opened here.
    var environment: [String: String] = [:]

    /// What only a serving node can do: these speak with a peer, or carry on in the background after they answered.
    private static let needServing: Set<String> = [
        "catalog", "contract.request", "contract.terminate", "transfer.start", "transfer.terminate", "peer.test",
    ]
    private static let tokenLimitBytes = 512

    func call(_ name: String, _ input: JSON) async throws(OperationFailure) -> JSON {
        let token = try readToken()
        if let url = servingURL() { if let answer = try await post(name, input, url: url, token: token) { return answer } }
        guard !NodeClient.needServing.contains(name) else {
            throw OperationFailure(
                .unreachable, code: "node.not-running", message: "the node in `\(directory)` is not running, and this needs it to",
                hint: "start it with kouan serve --data \(Shell.quoted(directory))")
        }
        return try await inProcess(name, input, token: token)
    }

    // MARK: A serving node

    /// Whether a node serves this data directory now.
    func isServing() async -> Bool {
        guard let url = servingURL() else { return false }
        return ((try? await LoopbackHTTP.answers(url: url + "/livez")) ?? nil) != nil
    }

    /// What the serving node wrote when it was ready; nil when none serves. A stale file is found out by calling it.
    private func servingURL() -> String? {
        let path = directory + "/run/management.json"
        guard access(path, R_OK) == 0, let file = try? Files.json(path), let url = file["url"]?.string, url.hasPrefix("http://") else {
            return nil
        }
        return url
    }

    /// Nil when nobody listens there any more.
    private func post(_ name: String, _ input: JSON, url: String, token: String) async throws(OperationFailure) -> JSON? {
        let path = "/v1/" + name.split(separator: ".").joined(separator: "/")
        let answer: (status: Int, body: [UInt8])?
        do { answer = try await LoopbackHTTP.post(url: url + path, token: token, body: input.canonical()) } catch {
            throw OperationFailure(
                .unreachable, code: "node.unreachable", message: "the management port `\(url)` does not answer: \(error.message)",
                hint: "check that the node is running; its log says why it stopped")
        }
        guard let answer else { return nil }
        let body: JSON
        do { body = try JSON.parse(answer.body, limits: .large) } catch {
            throw OperationFailure(
                .failure, code: "node.bad-answer", message: "`\(url)` answered with something that is not JSON",
                hint: "another program may be listening there; see run/management.json in the data directory")
        }
        guard answer.status == 200 else { throw NodeClient.failure(status: answer.status, problem: body) }
        return body
    }

    static func failure(status: Int, problem: JSON) -> OperationFailure {
        var details = problem["details"]
        if let errorID = problem["errorID"], status >= 500 {
            var members = details?.object ?? [:]
            members["errorID"] = errorID
            details = .object(members)
        }
        return OperationFailure(
            OperationFailure.Kind(httpStatus: status), code: problem["code"]?.string ?? "node.bad-answer",
            message: problem["detail"]?.string ?? "the node answered with status `\(status)`",
            hint: problem["hint"]?.string ?? "see the node's log", details: details)
    }

    // MARK: In this process

    private func inProcess(_ name: String, _ input: JSON, token: String) async throws(OperationFailure) -> JSON {
        let node: Node
        do { node = try await Node.open(directory: directory, clock: SystemClock(), logger: Logs.quiet, environment: environment) } catch {
            throw Failure.of(error)
        }
        let result: Result<JSON, OperationFailure>
        if let user = await node.authenticate(token: token) {
            do throws(OperationFailure) {
                result = .success(try await node.perform(OperationRequest(name: name, input: input, user: user)))
            } catch { result = .failure(error) }
        } else {
            result = .failure(
                OperationFailure(
                    .authentication, code: "management.unauthenticated", message: "the token in `\(tokenFile)` is not valid for this node",
                    hint: "give your token file with --token-file; an admin makes tokens with kouan user add"))
        }
        await node.close()
        return try result.get()
    }

    private func readToken() throws(OperationFailure) -> String {
        guard access(directory, F_OK) == 0 else {
            throw OperationFailure(
                .notFound, code: "node.not-initialised", message: "`\(directory)` is no node's data directory",
                hint: "make one with kouan init, or name another with --data")
        }
        let text = try Files.text(tokenFile, limitBytes: NodeClient.tokenLimitBytes)
        let token = text.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw OperationFailure(
                .authentication, code: "cli.bad-token-file", message: "`\(tokenFile)` holds no token",
                hint: "give the file with your token by --token-file")
        }
        return token
    }
}

enum Logs {
    /// For a node opened for one command: what goes wrong comes back as an error, so the log would only say it twice.
    static let quiet = Logger(label: "kouan") { _ in SwiftLogNoOpLogHandler() }
}
