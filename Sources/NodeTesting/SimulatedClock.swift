// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel
import Synchronization

/// A clock that stands still until a test moves it. Every node of a test reads the same one.
package final class SimulatedClock: WallClock {
    /// 2026-11-22T08:00:00Z
    package static let start = Timestamp(milliseconds: 1_795_334_400_000)

    private let time: Mutex<Timestamp>

    package init(_ time: Timestamp = SimulatedClock.start) { self.time = Mutex(time) }

    package func now() -> Timestamp { time.withLock(\.self) }
    package func advance(seconds: Int64) { time.withLock { $0 = $0.adding(seconds: seconds) } }
    package func advance(milliseconds: Int64) { time.withLock { $0 = $0.adding(milliseconds: milliseconds) } }
}
