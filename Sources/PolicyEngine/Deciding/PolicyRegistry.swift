// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The policies in force. Readers keep the snapshot that they began with while a writer prepares the next one beside it: a reload drops no
/// request and lets none see half of it.
package final class PolicyRegistry: Sendable {
    private let current: Mutex<PolicySet>
    /// Held by the one writer, so that no change is lost between reading and writing back.
    private let writer = Mutex(())

    package init(_ policies: PolicySet = PolicySet()) { current = Mutex(policies) }

    package var snapshot: PolicySet { current.withLock { $0 } }

    /// Changes a copy and puts it in force; when `change` throws nothing has changed.
    package func update<Failure: Error>(_ change: (inout PolicySet) throws(Failure) -> Void) throws(Failure) {
        try writer.withLock { _ throws(Failure) in
            var next = snapshot
            try change(&next)
            current.withLock { $0 = next }
        }
    }
}
