// SPDX-License-Identifier: Apache-2.0

import Exchange
import ExchangeModel
import HTTPTypes
import Hummingbird
import NIOCore
import NodeTesting
import PeerAPI
import TLSTransport
import Testing

/// Package bytes on their way, from both ends.
@Suite(.serialized) struct PackageTests {
    @Test func rangesOfAPackage() async throws {
        let world = try await TLSWorld()
        try await world.running {
            let started = try await world.startedTransfer(bytes: 700_000)
            let size = started.bytes.count
            func get(_ range: String?, _ more: [(name: String, value: String)] = []) async throws -> HTTPClientResponse {
                let headers = [started.authorization] + more + (range.map { [(name: "Range", value: $0)] } ?? [])
                return try await world.provider.answer("GET", started.path, to: world.consumer, headers: headers)
            }
            let whole = try await get(nil)
            #expect(whole.status == 200)
            #expect(whole.body == started.bytes)
            #expect(whole.header("ETag") == "\"\(started.package)\"")
            #expect(whole.header("Accept-Ranges") == "bytes")

            for (header, range) in [
                ("bytes=0-0", 0..<1), ("bytes=-64", size - 64..<size), ("bytes=262143-262144", 262_143..<262_145), ("bytes=1-", 1..<size),
                ("bytes=\(size - 1)-\(size + 50)", size - 1..<size),
            ] {
                let part = try await get(header)
                #expect(part.status == 206, "\(header)")
                #expect(part.header("Content-Range") == "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)")
                #expect(part.header("Content-Length") == "\(range.count)")
                #expect(part.body == Array(started.bytes[range]), "\(header)")
            }
            for header in ["bytes=\(size)-", "bytes=0-0,5-6", "bytes=5-1"] {
                let refused = try await get(header)
                #expect(refused.status == 416, "\(header)")
                #expect(refused.header("Content-Range") == "bytes */\(size)")
            }
            #expect(try await get("bytes=0-0", [(name: "If-Range", value: "\"\(started.package)\"")]).status == 206)
            #expect(try await get("bytes=0-0", [(name: "If-Range", value: "\"other\"")]).status == 200)
        }
    }

    @Test func bytesGoOnlyToTheHolderOfTheToken() async throws {
        let world = try await TLSWorld()
        try await world.provider.add(world.stranger)
        try await world.running {
            let started = try await world.startedTransfer(bytes: 10_000)
            func status(_ caller: TLSNode, _ path: String, _ authorization: String?) async throws -> Int {
                let headers = authorization.map { [(name: "Authorization", value: $0)] } ?? []
                let response = try await world.provider.answer("GET", path, to: caller, headers: headers)
                #expect(response.status == 200 || response.code == "process.unknown")
                return response.status
            }
            let right = "Bearer " + started.token
            #expect(try await status(world.consumer, started.path, right) == 200)
            #expect(try await status(world.consumer, started.path, "bearer " + started.token) == 200)
            #expect(try await status(world.consumer, started.path, nil) == 404)
            #expect(try await status(world.consumer, started.path, "Bearer ") == 404)
            #expect(try await status(world.consumer, started.path, right + "x") == 404)
            #expect(try await status(world.consumer, started.path, "Basic " + started.token) == 404)
            #expect(try await status(world.consumer, "/kouan/v1/packages/" + String(repeating: "0", count: 64), right) == 404)
            #expect(try await status(world.stranger, started.path, right) == 404)
            _ = try await world.consumer.exchange.terminate(transfer: started.id, by: world.user)
            try await eventually("the token ended with its transfer") {
                try await world.provider.answer("GET", started.path, to: world.consumer, headers: [started.authorization]).status == 404
            }
        }
    }

    @Test func theTransportGetsExactlyItsRange() async throws {
        let world = try await TLSWorld()
        try await world.running {
            let started = try await world.startedTransfer(bytes: 3 << 20)
            let size = Int64(started.bytes.count)
            let address = try world.consumer.address(of: world.provider)
            for range in [0..<size, 0..<1, size - 64..<size, 1_000_000..<2_000_001] {
                let download = try await world.consumer.transport.download(
                    started.url, range: range, authorization: "Bearer " + started.token, from: address)
                var bytes: [UInt8] = []
                while let part = try await download.next() { bytes += part }
                #expect(bytes == Array(started.bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
            }
            await #expect {
                try await world.consumer.transport.download(
                    started.url, range: size..<size + 1, authorization: "Bearer " + started.token, from: address)
            } throws: { ($0 as? PeerTransportError)?.code == "package.range-refused" }
            await #expect {
                try await world.consumer.transport.download(started.url, range: 0..<1, authorization: "Bearer x", from: address)
            } throws: { error in
                let error = error as? PeerTransportError
                return error?.code == "process.unknown" && error?.isRetryable == false
            }
        }
    }

    @Test func aReaderThatPausesGetsEveryByte() async throws {
        let world = try await TLSWorld()
        try await world.running {
            let started = try await world.startedTransfer(bytes: 24 << 20)
            let client = try world.provider.client(of: world.consumer)
            for round in 0..<5 {
                var request = HTTPClientRequest(url: started.url, headers: [started.authorization])
                request.idleTimeout = .seconds(5)
                let stream = try await client.open(request)
                var received = try #require(try await stream.next())
                // Another request takes long enough for the server to run ahead of this reader.
                _ = try await world.provider.answer(
                    "GET", started.path, to: world.consumer, headers: [started.authorization, (name: "Range", value: "bytes=0-0")])
                while let bytes = try await stream.next() { received += bytes }
                #expect(received == started.bytes, "round \(round)")
            }
        }
    }

    @Test func suspensionCutsADownload() async throws {
        let world = try await TLSWorld()
        try await world.running {
            let started = try await world.startedTransfer(bytes: 24 << 20)
            let client = try world.provider.client(of: world.consumer)
            let stream = try await client.open(HTTPClientRequest(url: started.url, headers: [started.authorization]))
            var received = try #require(try await stream.next()).count
            try await world.provider.add(world.consumer, state: .suspended)
            await #expect(throws: TransportError.truncated) {
                while let bytes = try await stream.next() { received += bytes.count }
            }
            #expect(received < started.bytes.count)
        }
    }

    @Test func aReaderThatTakesNothingLosesItsDownload() async throws {
        let world = try await TLSWorld()
        var limits = PeerServerLimits()
        limits.stallTimeout = .milliseconds(200)
        limits.downloadsPerPeer = 1
        try await world.running(limits: limits) {
            let started = try await world.startedTransfer(bytes: 24 << 20)
            let client = try world.provider.client(of: world.consumer)
            let stream = try await client.open(HTTPClientRequest(url: started.url, headers: [started.authorization]))
            // The one place for this peer's downloads is free again only when the stuck one has been dropped.
            try await eventually("the stuck download made way") {
                let first = try await world.provider.answer(
                    "GET", started.path, to: world.consumer, headers: [started.authorization, (name: "Range", value: "bytes=0-0")])
                return first.status == 206
            }
            await #expect(throws: TransportError.self) { while try await stream.next() != nil {} }
        }
    }

    @Test func aDamagedStoreIsNoAnswer() async throws {
        let world = try await TLSWorld()
        try await world.running {
            let started = try await world.startedTransfer(bytes: 10_000)
            try TestTree.write(
                ["\(started.package.hex).kouan": Array(started.bytes.dropLast())], to: world.provider.home.path + "/data/packages")
            let response = try await world.provider.answer("GET", started.path, to: world.consumer, headers: [started.authorization])
            #expect(response.status == 503)
            #expect(response.code == "node.busy")
        }
    }

    // MARK: answers that are not what was asked for

    struct Answer: Sendable, CustomStringConvertible {
        let description: String
        let status: Int
        let headers: HTTPFields
        let count: Int
        /// Of the error; nil where the bytes are fine.
        let code: String?
        let isRetryable: Bool

        init(_ description: String, _ status: Int, _ headers: HTTPFields, _ count: Int, _ code: String?, isRetryable: Bool = false) {
            self.description = description
            self.status = status
            self.headers = headers
            self.count = count
            self.code = code
            self.isRetryable = isRetryable
        }
    }

    @Test(arguments: [
        Answer("exact", 206, [.contentRange: "bytes 0-9/100"], 10, nil),
        Answer("size not told", 206, [.contentRange: "bytes 0-9/*"], 10, nil),
        Answer("whole of that length", 200, [:], 10, nil),
        Answer("whole of another length", 200, [:], 100, "transport.wrong-range"),
        Answer("no range told", 206, [:], 10, "transport.wrong-range"),
        Answer("another start", 206, [.contentRange: "bytes 1-9/100"], 9, "transport.wrong-range"),
        Answer("another end", 206, [.contentRange: "bytes 0-8/100"], 9, "transport.wrong-range"),
        Answer("a size that is none", 206, [.contentRange: "bytes 0-9/x"], 10, "transport.wrong-range"),
        Answer("more than it says", 206, [.contentRange: "bytes 0-9/100"], 11, "transport.wrong-range"),
        Answer("less than it says", 206, [.contentRange: "bytes 0-9/100"], 9, "transport.wrong-range"),
        Answer("encoded", 206, [.contentRange: "bytes 0-9/100", .contentEncoding: "gzip"], 10, "transport.wrong-range"),
        Answer("redirected", 302, [.location: "https://127.0.0.1/"], 0, "peer.refused"),
        Answer("gone", 404, [:], 0, "peer.refused"),
        Answer("busy", 503, [:], 0, "peer.refused", isRetryable: true),
    ])
    func answersToARange(answer: Answer) async throws {
        let world = try await TLSWorld()
        let responder = CallbackResponder { (_: Request, _: BasicRequestContext) in
            Response(
                status: .init(code: answer.status), headers: answer.headers,
                body: ResponseBody(byteBuffer: ByteBuffer(repeating: 7, count: answer.count)))
        }
        let bound = BoundPort()
        let server = Application(
            responder: responder, server: .kouanTLS(world.provider.context),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)), onServerRunning: { bound.report($0) },
            logger: silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            defer { group.cancelAll() }
            let url = "https://127.0.0.1:\(await bound.value())/x"
            let address = try world.consumer.address(of: world.provider)
            var bytes: [UInt8] = []
            var failure: PeerTransportError?
            do {
                let download = try await world.consumer.transport.download(url, range: 0..<10, authorization: "Bearer t", from: address)
                while let part = try await download.next() { bytes += part }
            } catch {
                failure = error as? PeerTransportError
            }
            #expect(failure?.code == answer.code)
            if answer.code == nil { #expect(bytes == [UInt8](repeating: 7, count: 10)) }
            if let failure { #expect(failure.isRetryable == answer.isRetryable) }
        }
    }
}
