// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Synchronization

/// How much of each transfer left this process since it started. Only a hint for noticing missing receipts: a restart forgets it, and the
/// consumer's next range brings it back.
final class ServedBytes: Sendable {
    private struct Count {
        var bytes: Int64
        var of: Int64?
        var lastAt: Timestamp
    }

    private let counts = Mutex<[String: Count]>([:])

    func expect(_ bytes: Int64, of transfer: String, at now: Timestamp) {
        counts.withLock {
            if $0[transfer] == nil, $0.count > 10_000 { $0.removeAll() }
            $0[transfer, default: Count(bytes: 0, of: nil, lastAt: now)].of = bytes
        }
    }

    func add(_ bytes: Int64, to transfer: String, at now: Timestamp) {
        counts.withLock {
            guard var count = $0[transfer] else { return }
            count.bytes += bytes
            count.lastAt = now
            $0[transfer] = count
        }
    }

    /// Transfers of which at least the whole package was served, the last byte before `time`. They are forgotten with this answer.
    func servedInFull(before time: Timestamp) -> [String] {
        counts.withLock { counts in
            let done = counts.filter { entry in entry.value.of.map { entry.value.bytes >= $0 } == true && entry.value.lastAt < time }.map(
                \.key)
            for id in done { counts[id] = nil }
            return done
        }
    }
}
