// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import Synchronization

/// Threads for work that computes and blocks, which has no place on Swift's cooperative pool.
enum WorkerThreads {
    /// Runs `body` with 0 ..< count at once and returns when all have returned. The caller's thread is the first worker.
    static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let group = DispatchGroup()
        for index in 1..<max(1, count) {
            group.enter()
            let thread = Thread {
                body(index)
                group.leave()
            }
            thread.name = "kouan-seal-\(index)"
            thread.stackSize = 1 << 20
            thread.start()
        }
        body(0)
        group.wait()
    }

    /// Workers for `requested` threads, 0 meaning one per core; a worker holds about three chunks, so memory sets the upper bound.
    static func count(_ requested: Int) -> Int {
        min(max(1, requested > 0 ? requested : ProcessInfo.processInfo.activeProcessorCount), 16)
    }
}

/// Lets workers that finish in any order act in the order of their indexes, and keeps the failure of the lowest index.
///
/// `@unchecked`: the fields are touched only while `condition` is locked.
final class Turnstile: @unchecked Sendable {
    private let condition = NSCondition()
    private var next: Int64 = 0
    private var failure: (index: Int64, error: SealingError)?

    /// Runs `body` once every lower index has run its own; not at all when one of them failed.
    func inTurn(_ index: Int64, _ body: () throws(SealingError) -> Void) {
        condition.lock()
        defer { condition.unlock() }
        while next != index, failure == nil { condition.wait() }
        guard failure == nil else { return }
        do throws(SealingError) {
            try body()
            next += 1
        } catch { record(error, at: index) }
        condition.broadcast()
    }

    func fail(_ error: SealingError, at index: Int64) {
        condition.lock()
        record(error, at: index)
        condition.broadcast()
        condition.unlock()
    }

    var hasFailed: Bool {
        condition.lock()
        defer { condition.unlock() }
        return failure != nil
    }

    func throwFailure() throws(SealingError) {
        condition.lock()
        defer { condition.unlock() }
        if let failure { throw failure.error }
    }

    private func record(_ error: SealingError, at index: Int64) {
        if let failure, failure.index <= index { return }
        failure = (index, error)
    }
}

/// Adds up what several workers did.
final class ByteCounter: Sendable {
    private let total = Atomic<Int64>(0)

    /// The sum with `count`.
    func add(_ count: Int64) -> Int64 { total.add(count, ordering: .relaxed).newValue }
}
