// SPDX-License-Identifier: Apache-2.0
internal import Foundation

/// The chunks of one section on their way through a seal. Every worker does whichever of three things can be done, so none waits for another
/// while there is work:
///
///     read (one worker, in order) ─► filled ─► seal (all workers) ─► sealed ─► write (one worker, in order)
///       ▲                                                                        │
///       └───────────────────── a few buffers, over and over ◄────────────────────┘
///
/// `@unchecked`: the lists and counts are touched only while `condition` is locked. A buffer is in one list or in one worker's hands; the
/// producer is in the hands of the worker that reads, `write` is called by the worker that writes.
final class SealPipeline: @unchecked Sendable {
    private let producer: any ChunkProducer
    private let control: WorkControl
    private let write: (ChunkBuffer) throws(SealingError) -> Void

    private let condition = NSCondition()
    private var free: [ChunkBuffer]
    private var filled: [ChunkBuffer] = []
    private var sealed: [Int64: ChunkBuffer] = [:]
    private var isReading = false
    private var isWriting = false
    private var readChunks: Int64 = 0
    private var readBytes: Int64 = 0
    private var writtenChunks: Int64 = 0
    private var hasEnded = false
    /// Of the lowest chunk that failed.
    private var failure: (index: Int64, error: SealingError)?

    /// Filled chunks that make reading less urgent than sealing: one for the worker that reads, one for another that comes meanwhile.
    private static let ahead = 2

    /// - Parameter write: called for one chunk at a time, in order.
    init(
        _ producer: any ChunkProducer, buffers: [ChunkBuffer], control: WorkControl,
        write: @escaping (ChunkBuffer) throws(SealingError) -> Void
    ) {
        (self.producer, self.control, self.write, free) = (producer, control, write, buffers)
    }

    /// Buffers that let a worker go on while the chunk before its own is still in another's hands.
    static func buffers(workers: Int) -> Int { workers + 3 }

    /// Returns how many chunks there were.
    func run(workers: Int, _ makeSealer: @escaping @Sendable () throws(SealingError) -> ChunkSealer) throws(SealingError) -> Int64 {
        WorkerThreads.run(workers) { _ in
            do throws(SealingError) {
                let sealer = try makeSealer()
                while let step = self.next() { self.perform(step, with: sealer) }
            } catch { self.fail(error, at: .max) }
        }
        if let failure { throw failure.error }
        return readChunks
    }

    private enum Step {
        case write(ChunkBuffer)
        case read(ChunkBuffer)
        case seal(ChunkBuffer)
    }

    /// Waits until something can be done; nil when all has been written or something failed.
    private func next() -> Step? {
        condition.lock()
        defer { condition.unlock() }
        while failure == nil {
            if !isWriting, let buffer = sealed.removeValue(forKey: writtenChunks) {
                isWriting = true
                return .write(buffer)
            }
            if !isReading, !hasEnded, filled.count < SealPipeline.ahead, let buffer = free.popLast() {
                isReading = true
                (buffer.index, buffer.start) = (readChunks, readBytes)
                return .read(buffer)
            }
            if !filled.isEmpty { return .seal(filled.removeFirst()) }
            if hasEnded, writtenChunks == readChunks { return nil }
            condition.wait()
        }
        return nil
    }

    private func perform(_ step: Step, with sealer: ChunkSealer) {
        switch step {
        case .write(let buffer):
            attempt(buffer) { () throws(SealingError) in
                try write(buffer)
            } then: {
                isWriting = false
                writtenChunks += 1
                free.append(buffer)
            }
        case .read(let buffer):
            attempt(buffer) { () throws(SealingError) in
                guard !control.isCancelled() else { throw .cancelled }
                guard buffer.index < Limits.leaves else { throw .tooManyChunks }
                (buffer.count, buffer.last) = try unsafe producer.fill(buffer.content)
            } then: {
                isReading = false
                readChunks += 1
                readBytes += Int64(buffer.count)
                hasEnded = buffer.last
                filled.append(buffer)
            }
        case .seal(let buffer):
            attempt(buffer) { () throws(SealingError) in
                try sealer.seal(buffer)
            } then: {
                sealed[buffer.index] = buffer
            }
        }
    }

    /// Runs `body` unlocked, then notes the outcome and wakes who waits for it.
    private func attempt(_ buffer: ChunkBuffer, _ body: () throws(SealingError) -> Void, then: () -> Void) {
        do throws(SealingError) {
            try body()
            condition.lock()
            then()
            condition.broadcast()
            condition.unlock()
        } catch { fail(error, at: buffer.index) }
    }

    private func fail(_ error: SealingError, at index: Int64) {
        condition.lock()
        if failure.map({ index < $0.index }) ?? true { failure = (index, error) }
        condition.broadcast()
        condition.unlock()
    }
}
