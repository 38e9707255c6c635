// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TLSTransport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// What the server reported, in order.
final class Reports: Sendable {
    private let events = Mutex<[(code: String, duringHandshake: Bool)]>([])

    func add(_ event: TLSServerContext.Event) {
        events.withLock {
            switch event {
            case .refused(let error, _): $0.append((error.code, true))
            case .broken(let error, _): $0.append((error.code, false))
            }
        }
    }

    var refusals: [String] { events.withLock { $0.filter { $0.duringHandshake }.map { $0.code } } }
    var breaks: [String] { events.withLock { $0.filter { !$0.duringHandshake }.map { $0.code } } }
}

/// A gate that a responder waits at and a test opens.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// Waits for a condition that another thread brings about; fails the test after ten seconds.
func eventually(_ what: String, _ condition: @Sendable () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("never: \(what)")
            throw CancellationError()
        }
        await Task.yield()
    }
}

struct TestServer: Sendable {
    let context: TLSServerContext
    let reports: Reports
    let port: Int
    let bytesWritten = Counter()
    let heldWrites = Counter()  // of `bytesWritten`, when the event loop went on
    let gate = Gate()

    var url: String { "https://127.0.0.1:\(port)" }

    final class Counter: Sendable {
        private let value = Atomic<Int>(0)
        func add(_ count: Int) { value.add(count, ordering: .relaxed) }
        var count: Int { value.load(ordering: .relaxed) }
    }

    /// Runs a server on a free port for as long as `body` takes.
    static func run(
        _ node: TestPKI.Node, trust: TrustConfiguration?, clientCertificate: TLSServerContext.ClientCertificate = .required,
        minimumVersion: TLSVersion = .v13, limits: TLSServerLimits = TLSServerLimits(), clock: any WallClock = TestClock(),
        _ body: @Sendable (TestServer) async throws -> Void
    ) async throws {
        let reports = Reports()
        let context = try TLSServerContext(
            certificateChain: node.chain, key: node.key, trust: trust, clientCertificate: clientCertificate, minimumVersion: minimumVersion,
            limits: limits, clock: clock, report: { reports.add($0) })
        let bound = BoundPort()
        let box = Mutex<TestServer?>(nil)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = Server(
            childChannelSetup: KouanTLSChannel(context: context) { request, writer, channel in
                guard let server = box.withLock({ $0 }) else { return }
                try await server.respond(to: request, writer, channel)
            },
            configuration: ServerConfiguration(address: .hostname("127.0.0.1", port: 0)), onServerRunning: { bound.report($0) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await server.run() }
            let running = TestServer(context: context, reports: reports, port: await bound.value())
            box.withLock { $0 = running }
            do {
                try await body(running)
            } catch {
                running.gate.open()
                group.cancelAll()
                throw error
            }
            running.gate.open()
            group.cancelAll()
        }
    }

    /// `/whoami`: the peer; `/stream?n`: n MiB of a known pattern; `/digest`: SHA-256 of the body; `/gated`: half of a body before the gate;
    /// `/burst?n` and `/steady?n`: n MiB while the connection's event loop is held, without and with a wait for the loop after each part.
    private func respond(to request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        switch request.uri.path {
        case "/whoami":
            let peer = TLSConnection.current?.peer
            let text = "\(peer?.participant ?? "nobody") \(peer?.generation ?? 0) \(peer?.crlStale ?? false)"
            try await writer.write(response: HTTPResponse(status: .ok), body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        case "/stream":
            let mebibytes = Int(request.uri.query ?? "") ?? 1
            try await writer.write(
                response: HTTPResponse(status: .ok),
                body: ResponseBody { [bytesWritten] body in
                    var pattern = Pattern()
                    for _ in 0..<mebibytes * 4 {
                        try await body.write(ByteBuffer(bytes: pattern.next(256 * 1024)))
                        try await channel.eventLoop.submit {}.get()
                        bytesWritten.add(256 * 1024)
                    }
                    try await body.finish(nil)
                })
        case "/burst", "/steady":
            let parts = (Int(request.uri.query ?? "") ?? 1) * 4
            let waits = request.uri.path == "/steady"
            try await writer.write(
                response: HTTPResponse(status: .ok, headerFields: [.contentLength: "\(parts * 256 * 1024)"]),
                body: ResponseBody { [bytesWritten, heldWrites] body in
                    let part = ByteBuffer(repeating: 7, count: 256 * 1024)
                    // Until all is written, or for as long as a writer that waits deserves.
                    channel.eventLoop.execute {
                        while bytesWritten.count == 0 { sched_yield() }
                        let deadline = ContinuousClock.now + .milliseconds(waits ? 200 : 5000)
                        while bytesWritten.count < parts * 256 * 1024, ContinuousClock.now < deadline { sched_yield() }
                        heldWrites.add(bytesWritten.count)
                    }
                    for _ in 0..<parts {
                        try await body.write(part)
                        bytesWritten.add(256 * 1024)
                        if waits { try await channel.eventLoop.submit {}.get() }
                    }
                    try await body.finish(nil)
                })
        case "/digest":
            var digester = try Digester.start(.sha256)
            for try await part in request.body { digester.update(Array(part.readableBytesView)) }
            let digest = Hex.encode(digester.finish())
            try await writer.write(response: HTTPResponse(status: .ok), body: ResponseBody(byteBuffer: ByteBuffer(string: digest)))
        case "/gated":
            try await writer.write(
                response: HTTPResponse(status: .ok, headerFields: [.contentLength: "2000"]),
                body: ResponseBody { [gate] body in
                    try await body.write(ByteBuffer(repeating: 1, count: 1000))
                    await gate.pass()
                    try await body.write(ByteBuffer(repeating: 2, count: 1000))
                    try await body.finish(nil)
                })
        case "/silent":
            await gate.pass()
            try await writer.write(response: HTTPResponse(status: .ok), body: ResponseBody())
        default:
            try await writer.write(
                response: HTTPResponse(status: .notFound), body: ResponseBody(byteBuffer: ByteBuffer(string: "no such thing")))
        }
    }
}

/// Bytes that differ at every place a buffer could be mixed up.
struct Pattern {
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    mutating func next(_ count: Int) -> [UInt8] {
        var state = state
        defer { self.state = state }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            for index in 0..<count {
                if index % 8 == 0 { state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 }
                buffer[index] = UInt8(truncatingIfNeeded: state >> UInt64(index % 8 * 8))
            }
            initialized = count
        }
    }

    static func digest(mebibytes: Int) throws -> [UInt8] {
        var pattern = Pattern()
        var digester = try Digester.start(.sha256)
        for _ in 0..<mebibytes * 4 { digester.update(pattern.next(256 * 1024)) }
        return digester.finish()
    }
}
