// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Wakes those who wait for a negotiation, transfer or outbox to change. Waking is a hint: whoever wakes reads the store again.
package final class ProcessSignals: Sendable {
    private let waiters = Mutex<[String: [UInt64: AsyncStream<Void>.Continuation]]>([:])
    private let next = Atomic<UInt64>(0)

    package init() {}

    package func notify(_ id: String) {
        let continuations = waiters.withLock { Array(($0[id] ?? [:]).values) }
        for continuation in continuations { continuation.yield() }
    }

    /// A stream that yields after each `notify` of `id`; notifications in quick succession collapse into one.
    package func changes(of id: String) -> AsyncStream<Void> {
        let key = next.wrappingAdd(1, ordering: .relaxed).newValue
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        waiters.withLock { $0[id, default: [:]][key] = continuation }
        continuation.onTermination = { [self] _ in
            waiters.withLock {
                $0[id]?[key] = nil
                if $0[id]?.isEmpty == true { $0[id] = nil }
            }
        }
        return stream
    }

    /// Calls `check` now and after each change of `id` until it gives a value or `seconds` have passed.
    package func wait<T: Sendable>(
        for id: String, seconds: Int64, until check: @escaping @Sendable () async throws -> T?
    ) async throws -> T? {
        let changes = changes(of: id)
        if let value = try await check() { return value }
        guard seconds > 0 else { return nil }
        return try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask {
                for await _ in changes {
                    if let value = try await check() { return value }
                }
                return nil
            }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
