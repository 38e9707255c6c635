// SPDX-License-Identifier: Apache-2.0
import CCurl
package import ExchangeModel
import Glibc
import Synchronization

/// Requests to one peer under one trust generation, over libcurl.
///
/// A change of trust makes a new client and closes this one, so that no pooled connection outlives the trust it was made under. One thread
/// drives all transfers; tasks hand requests over and wait.
package final class HTTPSClient: Sendable {
    /// Of the trust this client was made with.
    package let generation: Int
    private let driver: Driver
    private let nextID = Atomic<UInt64>(1)

    /// - Parameters:
    ///   - credential: our certificate and key; nil at open listeners.
    ///   - generation: a number of the caller's, which comes back in `PeerIdentity.generation`.
    package convenience init(
        credential: ClientCredential?, trust: TrustConfiguration, generation: Int, expecting expected: ExpectedPeer,
        configuration: HTTPClientConfiguration = HTTPClientConfiguration(), clock: any WallClock = SystemWallClock()
    ) throws(TransportError) {
        try self.init(
            credential: credential, trust: TrustStore(trust), generation: generation, expecting: expected, configuration: configuration,
            clock: clock)
    }

    /// With trust that several clients of one generation share.
    init(
        credential: ClientCredential?, trust: TrustStore, generation: Int, expecting expected: ExpectedPeer,
        configuration: HTTPClientConfiguration, clock: any WallClock
    ) throws(TransportError) {
        if let proxy = configuration.proxy, !proxy.hasPrefix("http://") { throw .badConfiguration("the proxy must be an http:// address") }
        self.generation = generation
        let tls = try ClientTLS(credential: credential, trust: trust, generation: generation, expected: expected, clock: clock)
        driver = try Driver(tls: tls, configuration: configuration)
    }

    /// A client without TLS, for the management port of a node on this machine. It calls no other host.
    package init(plainToThisMachine configuration: HTTPClientConfiguration = HTTPClientConfiguration()) throws(TransportError) {
        generation = 0
        driver = try Driver(tls: nil, configuration: configuration)
    }

    deinit { driver.stop() }

    /// Who must be at the other end from now on; pooled connections are compared with it before their next request.
    package func expect(_ peer: ExpectedPeer) { driver.tls?.expect(peer) }

    /// Ends the client. Requests under way fail with `.closed`.
    package func close() { driver.stop() }

    /// Makes way for a client of newer trust: takes no new request and ends with its last transfer, or at once where a peer it talked to
    /// is not accepted under `trust`.
    func retire(under trust: TrustStore) {
        if driver.tls?.adopt(trust) ?? true { driver.retire() } else { driver.stop() }
    }

    /// Sends a request and waits for the whole answer, which is kept in memory.
    package func send(_ request: HTTPClientRequest) async throws(TransportError) -> HTTPClientResponse {
        let transfer = try begin(request, isStreaming: false)
        return try await withTaskCancellationHandler {
            await transfer.complete()
        } onCancel: {
            driver.submit(.cancel(transfer.id))
        }.get()
    }

    /// Sends a request and returns when the head of the answer is there. Its body is read from the result; a reader that is slow slows the
    /// peer down.
    package func open(_ request: HTTPClientRequest) async throws(TransportError) -> HTTPResponseStream {
        let transfer = try begin(request, isStreaming: true)
        let head = try await withTaskCancellationHandler {
            await transfer.head()
        } onCancel: {
            driver.submit(.cancel(transfer.id))
        }.get()
        return HTTPResponseStream(head: head, transfer: transfer, client: self, driver: driver)
    }

    private func begin(_ request: HTTPClientRequest, isStreaming: Bool) throws(TransportError) -> Transfer {
        try driver.check(request)
        if Task.isCancelled { throw .cancelled }
        let transfer = Transfer(
            id: nextID.add(1, ordering: .relaxed).oldValue, request: request, bufferLimit: driver.configuration.bufferedBytes,
            isStreaming: isStreaming)
        try driver.begin(transfer)
        return transfer
    }
}

/// An answer whose body is still coming. One task reads it; letting go of it ends the transfer.
package final class HTTPResponseStream: Sendable {
    package let head: HTTPClientHead
    private let transfer: Transfer
    private let client: HTTPSClient  // kept, since a client that nobody holds ends its transfers
    private let driver: HTTPSClient.Driver

    init(head: HTTPClientHead, transfer: Transfer, client: HTTPSClient, driver: HTTPSClient.Driver) {
        self.head = head
        self.transfer = transfer
        self.client = client
        self.driver = driver
    }

    deinit { cancel() }

    package var status: Int { head.status }
    package func header(_ name: String) -> String? { head.header(name) }

    /// The next bytes, some 16 KiB to a few MiB; nil once the body is complete. Throws `.truncated` where it ends too early.
    package func next() async throws(TransportError) -> [UInt8]? {
        try await withTaskCancellationHandler {
            await transfer.next { driver.submit(.resume(transfer.id)) }
        } onCancel: {
            cancel()
        }.get()
    }

    /// The rest of the body, for small answers such as errors.
    package func collect(upTo limit: Int) async throws(TransportError) -> [UInt8] {
        var body: [UInt8] = []
        while let bytes = try await next() {
            guard body.count + bytes.count <= limit else {
                cancel()
                throw .tooLarge(limit: limit)
            }
            body += bytes
        }
        return body
    }

    package func cancel() { driver.submit(.cancel(transfer.id)) }
}

extension HTTPSClient {
    /// The thread that owns a curl multi handle and everything in it.
    @safe final class Driver: @unchecked Sendable {
        // @unchecked: `multi` is used by the thread, and by others only for curl_multi_wakeup while `mailbox` says it lives;
        // `active` belongs to the thread.
        let tls: ClientTLS?
        let configuration: HTTPClientConfiguration
        private let multi: UnsafeMutableRawPointer  // owned CURLM, freed at the end of run()
        private var active: [UInt64: Transfer] = [:]

        enum Command {
            case start(Transfer)
            case cancel(UInt64)
            case resume(UInt64)
        }

        private struct Mailbox {
            var commands: [Command] = []
            var isRetiring = false
            var isStopping = false
            var isGone = false
            var requests = 0  // waiting or under way
        }
        private let mailbox = Mutex(Mailbox())

        var isPlain: Bool { tls == nil }

        init(tls: ClientTLS?, configuration: HTTPClientConfiguration) throws(TransportError) {
            guard CurlLibrary.isReady, let multi = unsafe curl_multi_init() else { throw .badConfiguration("libcurl cannot start") }
            self.tls = tls
            self.configuration = configuration
            unsafe self.multi = unsafe multi
            unsafe kouan_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.connections)
            unsafe kouan_curl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, configuration.connections)
            var thread = pthread_t()
            let this = unsafe Unmanaged.passRetained(self).toOpaque()  // the thread's own reference, released at its end
            let created = unsafe pthread_create(
                &thread, nil,
                { argument in
                    guard let argument = unsafe argument else { return nil }
                    let driver = unsafe Unmanaged<Driver>.fromOpaque(argument).takeRetainedValue()
                    driver.run()
                    return nil
                }, this)
            guard created == 0 else {
                unsafe Unmanaged<Driver>.fromOpaque(this).release()
                unsafe curl_multi_cleanup(multi)
                throw .badConfiguration("no thread for the client")
            }
            pthread_detach(thread)
        }

        // MARK: From any thread

        func begin(_ transfer: Transfer) throws(TransportError) {
            try mailbox.withLock { mailbox throws(TransportError) in
                if mailbox.isStopping || mailbox.isRetiring { throw .closed }
                guard mailbox.requests < configuration.requests else { throw .overloaded("\(configuration.requests) requests to one peer") }
                mailbox.requests += 1
                mailbox.commands.append(.start(transfer))
                unsafe curl_multi_wakeup(multi)
            }
        }

        func submit(_ command: Command) {
            mailbox.withLock { mailbox in
                guard !mailbox.isGone else { return }
                mailbox.commands.append(command)
                unsafe curl_multi_wakeup(multi)
            }
        }

        func stop() {
            mailbox.withLock { mailbox in
                guard !mailbox.isGone else { return }
                mailbox.isStopping = true
                unsafe curl_multi_wakeup(multi)
            }
        }

        func retire() {
            mailbox.withLock { mailbox in
                guard !mailbox.isGone else { return }
                mailbox.isRetiring = true
                unsafe curl_multi_wakeup(multi)
            }
        }

        /// No line break may reach a header, and a plain client stays on this machine.
        func check(_ request: HTTPClientRequest) throws(TransportError) {
            let texts = [request.method, request.url] + request.headers.flatMap { [$0.name, $0.value] }
            guard texts.allSatisfy({ $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }), !request.method.isEmpty,
                request.method.utf8.allSatisfy({ $0 >= 0x41 && $0 <= 0x5A }),
                request.headers.allSatisfy({ !$0.name.isEmpty && !$0.name.contains(":") && !$0.name.contains(" ") })
            else { throw .badRequest("a control character or an empty part") }
            guard request.url.hasPrefix(isPlain ? "http://" : "https://") else {
                throw .badRequest("`\(request.url.prefix(100))` is no \(isPlain ? "http" : "https") address")
            }
            guard isPlain else { return }
            let rest = request.url.dropFirst("http://".count)
            let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
            let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
            guard !authority.contains("@"), ["127.0.0.1", "localhost", "[::1]"].contains(String(host)) else {
                throw .badRequest("without TLS only this machine is called, not `\(host.prefix(100))`")
            }
        }

        // MARK: The thread

        private func run() {
            while true {
                let (commands, isStopping) = mailbox.withLock { mailbox in
                    var commands: [Command] = []
                    swap(&commands, &mailbox.commands)
                    return (commands, mailbox.isStopping || (mailbox.isRetiring && mailbox.requests == 0))
                }
                if isStopping {
                    for case .start(let transfer) in commands { transfer.finish(nil, .closed) }
                    break
                }
                for command in commands { apply(command) }
                var running: Int32 = 0
                unsafe curl_multi_perform(multi, &running)
                collectFinished()
                for transfer in active.values { transfer.handOver() }
                if mailbox.withLock({ $0.isRetiring && $0.requests == 0 }) { continue }
                // Idle or not, a command wakes the thread; curl shortens the wait to its own timers.
                unsafe curl_multi_poll(multi, nil, 0, 60_000, nil)
            }
            for id in active.keys { remove(id, because: .closed) }
            mailbox.withLock { $0.isGone = true }
            unsafe curl_multi_cleanup(multi)
        }

        private func apply(_ command: Command) {
            switch command {
            case .start(let transfer):
                do {
                    let easy = unsafe try transfer.start(self)
                    active[transfer.id] = transfer
                    unsafe curl_multi_add_handle(multi, easy)
                } catch {
                    transfer.finish(nil, error)
                    requestEnded()
                }
            case .cancel(let id): remove(id, because: .cancelled)
            case .resume(let id): active[id]?.resumeReceiving()
            }
        }

        private func collectFinished() {
            var left: Int32 = 0
            while let message = unsafe curl_multi_info_read(multi, &left) {
                guard unsafe message.pointee.msg == CURLMSG_DONE, let easy = unsafe kouan_curl_message_handle(message) else { continue }
                let code = unsafe kouan_curl_message_result(message)
                unsafe curl_multi_remove_handle(multi, easy)
                var context: UnsafeMutableRawPointer?
                unsafe kouan_curl_get_private(easy, &context)
                guard let context = unsafe context else { continue }
                let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
                transfer.finish(code)
                active[transfer.id] = nil
                requestEnded()
            }
        }

        private func remove(_ id: UInt64, because reason: TransportError) {
            guard let transfer = active.removeValue(forKey: id) else { return }
            unsafe transfer.leave(multi)
            transfer.finish(nil, reason)
            requestEnded()
        }

        private func requestEnded() { mailbox.withLock { $0.requests -= 1 } }
    }
}

/// libcurl's global state, set up once.
package enum CurlLibrary {
    /// libcurl's name and version, then those of the libraries that it uses.
    package static var version: String { unsafe curl_version().map { unsafe String(cString: $0) } ?? "" }

    static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}
