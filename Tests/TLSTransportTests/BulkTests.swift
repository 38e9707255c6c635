// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import TLSTransport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.serialized) struct BulkTests {
    @Test func aHundredMebibytesArriveWholeAndInBoundedMemory() async throws {
        let pki = try TestPKI()
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            let expected = try Pattern.digest(mebibytes: 100)
            let before = residentBytes()
            let answer = try await client.open(HTTPClientRequest(url: running.url + "/stream?100"))
            // Nobody reads yet: the server must come to a halt long before the end.
            let stopped = StallWatch(running.bytesWritten)
            try await eventually("the server waits for the reader") { stopped.hasStalled }
            #expect(running.bytesWritten.count < 24 * 1024 * 1024)
            var digester = try Digester.start(.sha256)
            var count = 0
            var largest = 0
            while let bytes = try await answer.next() {
                digester.update(bytes)
                count += bytes.count
                largest = max(largest, residentBytes() - before)
                for _ in 0..<20 { await Task.yield() }
            }
            #expect(count == 100 * 1024 * 1024)
            #expect(digester.finish() == expected)
            // The address sanitizer keeps freed memory, so there the number says nothing.
            #expect(largest < 48 * 1024 * 1024 || dlsym(nil, "__asan_init") != nil, "resident memory grew by \(largest) bytes")
        }
    }

    /// 64 MiB are more than the sockets of one machine hold for a reader that waits.
    @Test func anAnswerWithAGapEndsAtOnce() async throws {
        let pki = try TestPKI()
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            var request = HTTPClientRequest(url: running.url + "/burst?64")
            request.idleTimeout = .seconds(2)
            let answer = try await client.open(request)
            try await eventually("the server gave up") { running.reports.breaks == ["transport.overloaded"] }
            #expect(running.heldWrites.count == 64 * 1024 * 1024)
            var count = 0
            await #expect(throws: TransportError.truncated) { while let bytes = try await answer.next() { count += bytes.count } }
            #expect(count < 64 * 1024 * 1024)
            try await eventually("it is gone") { running.context.connectionCount == 0 }
        }
    }

    @Test func aWriterThatWaitsForTheLoopIsHeldBack() async throws {
        let pki = try TestPKI()
        var limits = TLSServerLimits()
        limits.queuedWriteBytes = 512 * 1024
        try await TestServer.run(pki.node(provider), trust: pki.trust(), limits: limits) { running in
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            let answer = try await client.open(HTTPClientRequest(url: running.url + "/steady?64"))
            let stopped = StallWatch(running.bytesWritten)
            try await eventually("the server waits for the reader") { running.heldWrites.count > 0 && stopped.hasStalled }
            #expect(running.heldWrites.count == 256 * 1024)
            #expect(running.bytesWritten.count < 24 * 1024 * 1024)
            var count = 0
            while let bytes = try await answer.next() { count += bytes.count }
            #expect(count == 64 * 1024 * 1024)
            #expect(running.reports.breaks == [])
        }
    }

    @Test(arguments: [0, 1, 16_383, 16_384, 16_385, 1_000_000, 20 * 1024 * 1024])
    func aRequestBodyArrivesWhole(_ count: Int) async throws {
        let pki = try TestPKI()
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            let client = try makeClient(pki.node(consumer), trust: pki.trust())
            var pattern = Pattern()
            let body = pattern.next(count)
            let response = try await client.send(HTTPClientRequest(method: "POST", url: running.url + "/digest", body: body))
            #expect(text(response) == Hex.encode(Hash.sha256(body)))
        }
    }

    @Test func manyRequestsAtOnceShareAFewConnections() async throws {
        let pki = try TestPKI()
        try await TestServer.run(pki.node(provider), trust: pki.trust()) { running in
            var configuration = HTTPClientConfiguration()
            configuration.connections = 4
            let client = try makeClient(pki.node(consumer), trust: pki.trust(), configuration: configuration)
            let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<100 {
                    group.addTask { try await client.send(HTTPClientRequest(url: running.url + "/whoami")).status }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(answers == [Int](repeating: 200, count: 100))
            #expect(running.context.connectionCount <= 4)
        }
    }

    /// Tells that a counter has not moved for a quarter of a second.
    private final class StallWatch: Sendable {
        private let counter: TestServer.Counter
        private let last: Locked<(count: Int, since: ContinuousClock.Instant)>

        init(_ counter: TestServer.Counter) {
            self.counter = counter
            last = Locked((-1, .now))
        }

        var hasStalled: Bool {
            let count = counter.count
            return last.with { last in
                if count != last.count || count == 0 { last = (count, .now) }
                return ContinuousClock.now - last.since > .milliseconds(250)
            }
        }
    }
}

private func residentBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 200)
    guard fgets(&line, 200, file) != nil else { return 0 }
    let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
    return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
}
