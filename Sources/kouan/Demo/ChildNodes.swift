// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import FoundationEssentials
import Glibc
import ManagementAPI
import Synchronization

/// The `kouan serve` processes of a demo. Each is this very program; each is ended by its own process id; and each ends by itself
/// when the pipe on its standard input closes, so none outlives the demo however that dies.
final class ChildNodes: Sendable {
    private struct Child {
        let pid: pid_t
        let name: String
        let log: String
        var isOver = false
    }

    private let children = Mutex<[Child]>([])
    private let lifeline: (read: Int32, write: Int32)

    init() throws(OperationFailure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0, fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0, fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0 else {
            throw OperationFailure(
                .failure, code: "demo.no-pipe", message: "a pipe cannot be made: \(Files.reason(errno))", hint: "close other programs")
        }
        lifeline = (ends[0], ends[1])
    }

    deinit {
        close(lifeline.read)
        close(lifeline.write)
    }

    /// Starts `kouan serve --data DIRECTORY` with its log in a file.
    func start(name: String, directory: String, log: String) throws(OperationFailure) {
        let program = "/proc/self/exe"
        guard let path = ChildNodes.target(of: program) else {
            throw OperationFailure(.failure, code: "demo.no-program", message: "this program cannot find itself", hint: "is /proc mounted?")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, lifeline.read, STDIN_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)

        // The demo's nodes read their own kouan.yaml and nothing of the user's.
        let environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("KOUAN_") }.map { "\($0.key)=\($0.value)" }
        let arguments = [path, "serve", "--data", directory, "--stop-at-end-of-input"]
        var pid: pid_t = 0
        let result = ChildNodes.withCStrings(arguments) { arguments in
            ChildNodes.withCStrings(environment) { environment in posix_spawn(&pid, path, &actions, nil, arguments, environment) }
        }
        guard result == 0 else {
            throw OperationFailure(
                .failure, code: "demo.not-started", message: "node `\(name)` cannot be started: \(Files.reason(result))",
                hint: "check that `\(path)` may be executed")
        }
        children.withLock { $0.append(Child(pid: pid, name: name, log: log)) }
    }

    /// Fails when a node ended by itself.
    func checkAlive() throws(OperationFailure) {
        let gone = children.withLock { children -> Child? in
            for index in children.indices where !children[index].isOver {
                var status: Int32 = 0
                if waitpid(children[index].pid, &status, WNOHANG) == children[index].pid {
                    children[index].isOver = true
                    return children[index]
                }
            }
            return nil
        }
        guard let gone else { return }
        let log = (try? Files.text(gone.log)) ?? ""
        let last = log.split(separator: "\n").suffix(3).joined(separator: " | ")
        throw OperationFailure(
            .failure, code: "demo.node-died", message: "node `\(gone.name)` stopped by itself; its last words: `\(last.prefix(600))`",
            hint: "the whole log is in `\(gone.log)`")
    }

    /// SIGTERM to each, and SIGKILL to one that has not ended after ten seconds. True when all ended by themselves.
    @discardableResult
    func stop() async -> Bool {
        let running = children.withLock { $0.filter { !$0.isOver }.map(\.pid) }
        for pid in running { kill(pid, SIGTERM) }
        var graceful = true
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: .seconds(10))
        for pid in running {
            var status: Int32 = 0
            while waitpid(pid, &status, WNOHANG) == 0 {
                if clock.now >= deadline {
                    graceful = false
                    kill(pid, SIGKILL)
                    waitpid(pid, &status, 0)
                    break
                }
                try? await clock.sleep(for: .milliseconds(5))
                if Task.isCancelled { sched_yield() }
            }
            graceful = graceful && status == 0
        }
        children.withLock { $0.removeAll() }
        return graceful
    }

    /// Free ports of the loopback interface. All are held at once while choosing, so they differ.
    static func freePorts(_ count: Int) throws(OperationFailure) -> [Int] {
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        var ports: [Int] = []
        for _ in 0..<count {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            sockets.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let good = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
                }
            }
            guard descriptor >= 0, good else {
                throw OperationFailure(
                    .failure, code: "demo.no-port", message: "no free port: \(Files.reason(errno))", hint: "close other programs")
            }
            ports.append(Int(UInt16(bigEndian: address.sin_port)))
        }
        return ports
    }

    private static func target(of link: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { readlink(link, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count) }
        guard count > 0, count < buffer.count else { return nil }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    private static func withCStrings<R>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R) -> R {
        let copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
