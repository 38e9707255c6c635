// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

/// Runs blocking code away from the threads that serve everybody, and lets the waiting task be cancelled.
package final class BlockingWork: Sendable {
    private let queue = DispatchQueue(label: "kouan.blocking", attributes: .concurrent)

    package init() {}

    /// `body` gets a check that turns true once the waiting task is cancelled; long loops ask it.
    package func run<T: Sendable>(_ body: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) throws -> T) async throws -> T
    {
        let cancelled = Flag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async { continuation.resume(with: Result { try body { cancelled.isRaised } }) }
            }
        } onCancel: {
            cancelled.raise()
        }
    }
}

/// Raised once, read by many.
final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isRaised: Bool { value.load(ordering: .relaxed) }
    func raise() { value.store(true, ordering: .relaxed) }
}
