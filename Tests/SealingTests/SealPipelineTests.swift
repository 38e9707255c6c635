// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import Synchronization
import Testing

@testable import Sealing

/// Reading, sealing and writing side by side: what must hold whoever is first.
@Suite struct SealPipelineTests {
    private static let chunkSize = 64 << 10

    private func options(threads: Int) -> SealOptions {
        var options = SealOptions()
        (options.chunkSize, options.threads, options.codec) = (SealPipelineTests.chunkSize, threads, .stored)
        return options
    }

    /// However large the source, what has been read and not been written fits into the buffers.
    @Test(arguments: [1, 2, 3, 16])
    func readingWaitsForWriting(threads: Int) throws {
        let source = CountedStream(bytes: 100 * SealPipelineTests.chunkSize)
        let sink = MemorySink()
        let limit = SealPipeline.buffers(workers: threads) * SealPipelineTests.chunkSize
        let control = WorkControl(progress: { written in
            #expect(source.position <= Int(written) + limit)
        })
        let info = try PackageSealer(options(threads: threads)).seal(.stream(source, name: "s"), to: sink, signer: nil, control: control)
        #expect(source.position == source.bytes)
        #expect(info.payloadChunks == 101)  // the head makes one more
    }

    @Test(arguments: [1, 2, 16])
    func progressOnlyGrowsAndReachesTheEnd(threads: Int) throws {
        let seen = Mutex<[Int64]>([])
        let control = WorkControl(progress: { done in seen.withLock { $0.append(done) } })
        let source = CountedStream(bytes: 1_000_000)
        let info = try PackageSealer(options(threads: threads)).seal(
            .stream(source, name: nil), to: MemorySink(), signer: nil, control: control)
        let steps = seen.withLock { $0 }
        #expect(steps.count == Int(info.payloadChunks))
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 < $1 })
        #expect(steps.last == Int64(1_000_000 + Manifest.head(path: nil, size: nil).count))
    }

    /// At every read until none fails: always the source's error, and the sink is abandoned.
    @Test(arguments: [1, 2, 5])
    func aSourceThatFailsEndsTheSeal(threads: Int) throws {
        for failing in 1...200 {
            let source = CountedStream(bytes: 10 * SealPipelineTests.chunkSize, failingAt: failing)
            let sink = MemorySink()
            let error = refusal {
                _ = try PackageSealer(options(threads: threads)).seal(.stream(source, name: "s"), to: sink, signer: nil)
            }
            if error == nil {
                #expect(failing > 10)
                #expect(!sink.bytes.isEmpty)
                return
            }
            #expect(error == .sourceUnreadable(path: "stream", reason: "broken"))
            #expect(sink.bytes.isEmpty)
        }
        Issue.record("never succeeded")
    }

    /// The chunk whose progress asks for the end is the last but those that had been read by then.
    @Test(arguments: [1, 2, 16])
    func cancellingEndsTheSealSoon(threads: Int) {
        let isCancelled = Atomic<Bool>(false)
        let source = CountedStream(bytes: 1 << 30)
        let control = WorkControl(
            progress: { _ in isCancelled.store(true, ordering: .relaxed) }, isCancelled: { isCancelled.load(ordering: .relaxed) })
        let sink = MemorySink()
        let error = refusal {
            _ = try PackageSealer(options(threads: threads)).seal(.stream(source, name: "s"), to: sink, signer: nil, control: control)
        }
        #expect(error == .cancelled)
        #expect(sink.bytes.isEmpty)
        #expect(source.position <= (SealPipeline.buffers(workers: threads) + 2) * SealPipelineTests.chunkSize)
    }
}

/// Counts what is read of it.
private final class CountedStream: ByteStream {
    let bytes: Int
    private let failingAt: Int
    private let state = Mutex((position: 0, reads: 0))

    init(bytes: Int, failingAt: Int = 0) { (self.bytes, self.failingAt) = (bytes, failingAt) }

    var position: Int { state.withLock { $0.position } }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SealingError) -> Int {
        let room = buffer.count
        let start = try state.withLock { (state) throws(SealingError) in
            state.reads += 1
            guard state.reads != failingAt else { throw .sourceUnreadable(path: "stream", reason: "broken") }
            defer { state.position = min(bytes, state.position + room) }
            return state.position
        }
        let count = min(room, bytes - start)
        for position in 0..<count { buffer[position] = UInt8(truncatingIfNeeded: start + position) }
        return count
    }
}
