// SPDX-License-Identifier: Apache-2.0
import CCurl
import ExchangeModel
import Glibc
import Synchronization

/// One request on its way. The thread of the client drives it; a task waits for it.
///
///     curl ──callbacks──▶ round (this thread only) ──once per round──▶ shared (mutex) ──▶ next(), head()
@safe final class Transfer: @unchecked Sendable {
    // @unchecked: `easy`, `headerList`, `errorText` and `round` belong to the client's thread alone, from start() to finish();
    // everything a task touches is in `shared`.
    let id: UInt64
    let request: HTTPClientRequest
    private let bufferLimit: Int
    private let bodyLimit: Int
    private let isStreaming: Bool

    private var easy: UnsafeMutableRawPointer?  // owned CURL, freed in finish()
    private var headerList: UnsafeMutablePointer<curl_slist>?  // owned, freed in finish()
    private let errorText: UnsafeMutablePointer<CChar>  // CURL_ERROR_SIZE bytes, freed in deinit

    /// What callbacks gathered since the last hand-over.
    private var round = Round()

    private struct Round {
        var status = 0
        var headers: [(name: String, value: String)] = []
        var headerBytes = 0
        var headComplete = false
        var headHandedOver = false
        var bytes: [UInt8] = []
        var received = 0
        var isPaused = false
        var failure: TransportError?
        var peer: PeerIdentity?
        var hasSentRequest = false
    }

    private struct Shared {
        var head: HTTPClientHead?
        var bytes: [UInt8] = []
        var end: Result<Void, TransportError>?
        var waiter: CheckedContinuation<Void, Never>?
        var hasMore = false  // the client's thread holds bytes back until the reader makes room
    }
    private let shared = Mutex(Shared())

    init(id: UInt64, request: HTTPClientRequest, bufferLimit: Int, isStreaming: Bool) {
        self.id = id
        self.request = request
        self.bufferLimit = bufferLimit
        self.isStreaming = isStreaming
        bodyLimit = request.maximumResponseBytes ?? (isStreaming ? .max : 4 * 1024 * 1024)
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit { unsafe errorText.deallocate() }

    // MARK: On the client's thread

    /// Makes the easy handle. The client holds this object until `finish`, so the callbacks' pointer to it is good.
    func start(_ client: HTTPSClient.Driver) throws(TransportError) -> UnsafeMutableRawPointer {
        guard let easy = unsafe curl_easy_init() else { throw .badConfiguration("out of memory") }
        unsafe self.easy = unsafe easy
        let this = unsafe Unmanaged.passUnretained(self).toOpaque()
        var failures: [CURLcode] = []
        func long(_ option: CURLoption, _ value: Int) { failures.append(unsafe kouan_curl_set_long(easy, option, value)) }
        func text(_ option: CURLoption, _ value: String) { failures.append(unsafe kouan_curl_set_string(easy, option, value)) }
        func pointer(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) {
            failures.append(unsafe kouan_curl_set_pointer(easy, option, value))
        }

        text(CURLOPT_URL, request.url)
        text(CURLOPT_PROTOCOLS_STR, client.isPlain ? "http" : "https")
        long(CURLOPT_FOLLOWLOCATION, 0)
        long(CURLOPT_NOSIGNAL, 1)
        long(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        long(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        long(CURLOPT_TCP_KEEPALIVE, 1)
        long(CURLOPT_BUFFERSIZE, 256 * 1024)
        // An empty text, unlike none, keeps curl from reading the environment.
        text(CURLOPT_PROXY, client.configuration.proxy ?? "")
        text(CURLOPT_NOPROXY, client.configuration.noProxy ?? "")
        long(CURLOPT_CONNECTTIMEOUT_MS, max(1, request.connectTimeout.wholeMilliseconds))
        long(CURLOPT_LOW_SPEED_LIMIT, 1)
        long(CURLOPT_LOW_SPEED_TIME, max(1, request.idleTimeout.wholeMilliseconds / 1000))
        if let total = request.totalTimeout { long(CURLOPT_TIMEOUT_MS, max(1, total.wholeMilliseconds)) }
        long(CURLOPT_MAXAGE_CONN, max(1, client.configuration.idleConnectionLifetime.wholeMilliseconds / 1000))

        switch request.method {
        case "GET" where request.body.isEmpty: long(CURLOPT_HTTPGET, 1)
        case "HEAD": long(CURLOPT_NOBODY, 1)
        default:
            if !request.body.isEmpty || ["POST", "PUT", "PATCH"].contains(request.method) {
                long(CURLOPT_POST, 1)
                failures.append(unsafe kouan_curl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count)))
                // curl copies the body: no pointer into a Swift array may outlive this call.
                failures.append(
                    unsafe request.body.withUnsafeBytes {
                        unsafe kouan_curl_set_pointer(
                            easy, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: $0.baseAddress ?? UnsafeRawPointer(this)))
                    })
            }
            text(CURLOPT_CUSTOMREQUEST, request.method)
        }
        // curl adds these two of its own accord; an empty value takes them out.
        for line in ["Expect:", "Accept:"] + request.headers.map({ "\($0.name): \($0.value)" }) {
            guard let longer = unsafe curl_slist_append(headerList, line) else { throw .badConfiguration("out of memory") }
            unsafe headerList = unsafe longer
        }
        failures.append(unsafe kouan_curl_set_list(easy, CURLOPT_HTTPHEADER, headerList))

        unsafe pointer(CURLOPT_PRIVATE, this)
        failures.append(unsafe kouan_curl_set_write(easy, transferReceivedBody))
        unsafe pointer(CURLOPT_WRITEDATA, this)
        failures.append(unsafe kouan_curl_set_header(easy, transferReceivedHeader))
        unsafe pointer(CURLOPT_HEADERDATA, this)
        unsafe pointer(CURLOPT_ERRORBUFFER, UnsafeMutableRawPointer(errorText))
        if let tls = client.tls {
            long(CURLOPT_SSLVERSION, tls.minimumVersion == .v13 ? Int(CURL_SSLVERSION_TLSv1_3) : Int(CURL_SSLVERSION_TLSv1_2))
            long(CURLOPT_SSL_VERIFYPEER, 1)
            long(CURLOPT_SSL_VERIFYHOST, 2)
            long(CURLOPT_SSL_SESSIONID_CACHE, 0)
            long(CURLOPT_CA_CACHE_TIMEOUT, 0)
            // No file of the system's: the certificate callback decides with our own store.
            failures.append(unsafe kouan_curl_set_string(easy, CURLOPT_CAINFO, nil))
            failures.append(unsafe kouan_curl_set_string(easy, CURLOPT_CAPATH, nil))
            failures.append(unsafe kouan_curl_set_tls_context(easy, clientPreparesTLS))
            unsafe pointer(CURLOPT_SSL_CTX_DATA, unsafe Unmanaged.passUnretained(tls).toOpaque())
            failures.append(unsafe kouan_curl_set_prerequest(easy, transferIsAboutToSend))
            unsafe pointer(CURLOPT_PREREQDATA, this)
            self.tls = tls
        }
        if let bad = failures.first(where: { $0 != CURLE_OK }) { throw .badRequest(unsafe String(cString: curl_easy_strerror(bad))) }
        return unsafe easy
    }

    private var tls: ClientTLS?

    fileprivate func receivedHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        round.headerBytes += line.count
        guard round.headerBytes <= Self.headerLimit else {
            round.failure = .tooLarge(limit: Self.headerLimit)
            return false
        }
        let text = Self.trimmed(unsafe Array(line))
        if text.hasPrefix("HTTP/") {
            // A new head: after 100 Continue another one follows.
            let parts = text.split(separator: " ", maxSplits: 2)
            round.status = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
            round.headers = []
            return true
        }
        if text.isEmpty {
            if round.status >= 200 { round.headComplete = true }
            return true
        }
        guard !round.headComplete, let colon = text.firstIndex(of: ":") else { return true }  // trailers are not used
        round.headers.append((String(text[..<colon]), Self.trimmed(Array(text[text.index(after: colon)...].utf8))))
        return true
    }

    /// Without white space and line ends around it.
    private static func trimmed(_ bytes: [UInt8]) -> String {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
        guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }

    private static let headerLimit = 64 * 1024

    fileprivate func receivedBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        if isStreaming, round.bytes.count >= bufferLimit {
            round.isPaused = true
            return kouan_curl_write_pause()
        }
        round.received += bytes.count
        guard round.received <= bodyLimit else {
            round.failure = .tooLarge(limit: bodyLimit)
            return 0
        }
        unsafe round.bytes.append(contentsOf: bytes)
        return bytes.count
    }

    /// Just before the request is sent, on a new or a pooled connection.
    fileprivate func mayBeSent() -> Bool {
        guard let tls, let easy = unsafe easy, let ssl = unsafe kouan_curl_get_ssl(easy) else {
            round.failure = .protocolFailure("no TLS connection")
            return false
        }
        switch unsafe tls.checkBeforeRequest(ssl: OpaquePointer(ssl)) {
        case .success(let identity):
            round.peer = identity
            round.hasSentRequest = true
            return true
        case .failure(let failure):
            round.failure = .peer(failure)
            return false
        }
    }

    /// Hands what this round brought to whoever waits. Called once per turn of the client's loop.
    func handOver() {
        guard !round.bytes.isEmpty || (round.headComplete && !round.headHandedOver) || round.isPaused else { return }
        let waiter = shared.withLock { shared -> CheckedContinuation<Void, Never>? in
            if round.headComplete, !round.headHandedOver {
                shared.head = HTTPClientHead(status: round.status, headers: round.headers, peer: round.peer)
                round.headHandedOver = true
            }
            if isStreaming {
                if shared.bytes.isEmpty {
                    swap(&shared.bytes, &round.bytes)
                } else if shared.bytes.count < bufferLimit {
                    shared.bytes.append(contentsOf: round.bytes)
                    round.bytes.removeAll(keepingCapacity: true)
                }
            }
            shared.hasMore = isStreaming && (round.isPaused || !round.bytes.isEmpty)
            guard isStreaming else { return nil }
            defer { shared.waiter = nil }
            return shared.waiter
        }
        waiter?.resume()
    }

    /// Goes on after the reader made room.
    func resumeReceiving() {
        guard let easy = unsafe easy else { return }
        handOver()
        guard round.isPaused, round.bytes.count < bufferLimit else { return }
        round.isPaused = false
        unsafe curl_easy_pause(easy, CURLPAUSE_CONT)  // calls receivedBody, which may pause again
    }

    /// Ends the transfer at curl's side before it is done.
    func leave(_ multi: UnsafeMutableRawPointer) {
        if let easy = unsafe easy { unsafe curl_multi_remove_handle(multi, easy) }
    }

    /// Once, with curl's result or a reason of our own. Frees the handle, which must already be out of its multi handle.
    func finish(_ code: CURLcode?, _ reason: TransportError? = nil) {
        let result = reason.map { Result<Void, TransportError>.failure($0) } ?? result(of: code ?? CURLE_OK)
        if let easy = unsafe easy { unsafe curl_easy_cleanup(easy) }
        unsafe easy = nil
        unsafe curl_slist_free_all(headerList)
        unsafe headerList = nil
        let waiter = shared.withLock { shared -> CheckedContinuation<Void, Never>? in
            if round.headComplete, !round.headHandedOver {
                shared.head = HTTPClientHead(status: round.status, headers: round.headers, peer: round.peer)
            }
            shared.bytes.append(contentsOf: round.bytes)
            round.bytes = []
            shared.hasMore = false
            if shared.end == nil { shared.end = result }
            defer { shared.waiter = nil }
            return shared.waiter
        }
        waiter?.resume()
    }

    private func result(of code: CURLcode) -> Result<Void, TransportError> {
        if let failure = round.failure { return .failure(failure) }
        let detail = unsafe String(cString: errorText).isEmpty ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
        switch code {
        case CURLE_OK: return round.headComplete ? .success(()) : .failure(.truncated)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_SEND_ERROR:
            return .failure(.unreachable(detail))
        case CURLE_OPERATION_TIMEDOUT: return .failure(.timedOut(timedOutPhase()))
        case CURLE_PARTIAL_FILE: return .failure(.truncated)
        case CURLE_GOT_NOTHING: return .failure(.unreachable(detail))
        case CURLE_PEER_FAILED_VERIFICATION: return .failure(verificationFailure(detail))
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: return .failure(.badRequest(detail))
        case CURLE_RECV_ERROR, CURLE_SSL_CONNECT_ERROR:
            // The text is OpenSSL's reason: an alert of the peer is its refusal, an end without close_notify is truncation.
            if detail.contains(" alert ") { return .failure(.refusedByPeer(detail)) }
            if code == CURLE_SSL_CONNECT_ERROR {
                let broken = detail.contains("SYSCALL") || detail.contains("unexpected eof") || detail.contains("reset")
                return .failure(broken ? .unreachable(detail) : .protocolFailure(detail))
            }
            if round.status != 0 { return .failure(.truncated) }
            return .failure(.unreachable(detail))
        default: return .failure(.protocolFailure("\(detail) (\(code.rawValue))"))
        }
    }

    private func timedOutPhase() -> TransportError.Phase {
        if tls != nil, !round.hasSentRequest { return .connect }
        if let easy = unsafe easy {
            var total = 0
            if tls == nil, round.status == 0, unsafe kouan_curl_get_long(easy, CURLINFO_NUM_CONNECTS, &total) == CURLE_OK, total == 0 {
                return .connect
            }
        }
        let text = unsafe String(cString: errorText)
        return text.hasPrefix("Operation too slow") ? .idle : .total
    }

    private func verificationFailure(_ detail: String) -> TransportError {
        var number = 0
        if let easy = unsafe easy { unsafe kouan_curl_get_long(easy, CURLINFO_SSL_VERIFYRESULT, &number) }
        if number != 0, let failure = tls?.lastFailure { return .peer(failure) }
        return .peer(.wrongHost)  // the chain was fine, so curl's own check of the host name failed
    }

    // MARK: On the waiting task

    private enum Event { case head, bytes, end }

    /// Waits until the end, or what `event` names. One task at a time waits for a transfer.
    private func wait(for event: Event) async {
        await withCheckedContinuation { continuation in
            let ready = shared.withLock { shared -> Bool in
                precondition(shared.waiter == nil, "two tasks read one answer")
                switch event {
                case _ where shared.end != nil: return true
                case .head where shared.head != nil: return true
                case .bytes where !shared.bytes.isEmpty: return true
                default: break
                }
                shared.waiter = continuation
                return false
            }
            if ready { continuation.resume() }
        }
    }

    func head() async -> Result<HTTPClientHead, TransportError> {
        while true {
            let (head, end) = shared.withLock { ($0.head, $0.end) }
            if let head { return .success(head) }
            if let end { return end.flatMap { .failure(.truncated) } }
            await wait(for: .head)
        }
    }

    /// The next bytes; nil at the complete end. `resume` is called when a paused transfer may go on.
    func next(resume: () -> Void) async -> Result<[UInt8]?, TransportError> {
        while true {
            let (bytes, end, hasMore) = shared.withLock { shared in
                var bytes: [UInt8] = []
                swap(&bytes, &shared.bytes)
                return (bytes, shared.end, shared.hasMore)
            }
            if hasMore { resume() }
            if !bytes.isEmpty { return .success(bytes) }
            if let end { return end.map { nil } }
            await wait(for: .bytes)
        }
    }

    /// All of a body that is not streamed.
    func complete() async -> Result<HTTPClientResponse, TransportError> {
        await wait(for: .end)
        let (head, end, bytes) = shared.withLock { ($0.head, $0.end, $0.bytes) }
        if case .failure(let error) = end { return .failure(error) }
        guard let head else { return .failure(.truncated) }
        return .success(HTTPClientResponse(head: head, body: bytes))
    }
}

private func transferReceivedBody(
    bytes: UnsafeMutablePointer<CChar>?, size: Int, count: Int, context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context else { return 0 }
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return unsafe transfer.receivedBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
}

private func transferReceivedHeader(
    bytes: UnsafeMutablePointer<CChar>?, size: Int, count: Int, context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context else { return 0 }
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return unsafe transfer.receivedHeader(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
}

private func transferIsAboutToSend(
    context: UnsafeMutableRawPointer?, remote: UnsafeMutablePointer<CChar>?, local: UnsafeMutablePointer<CChar>?, remotePort: Int32,
    localPort: Int32
) -> Int32 {
    guard let context = unsafe context else { return CURL_PREREQFUNC_ABORT }
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.mayBeSent() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

extension Duration {
    /// Rounded down; clamped to what curl's options take.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(
            clamping: min(
                Int64(Int32.max),
                seconds.multipliedReportingOverflow(by: 1000).overflow
                    ? Int64(Int32.max) : seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    }
}
