// SPDX-License-Identifier: Apache-2.0
package import ExchangeModel

/// Keeps a peer from filling the ledger with refusals: equal ones within a minute become one entry with a count, and a peer gets at
/// most 60 entries an hour, then one that says that the rest is suppressed.
///
/// In memory only: after a start a peer may cause one more entry, which does no harm. docs/formats/ledger-record.md.
package struct RefusalLimiter: Sendable {
    package enum Decision: Sendable, Hashable {
        /// Record it now; `repeated` equal refusals came before it since the last entry.
        case record(repeated: Int)
        /// Counted, to be told in the next entry.
        case count
        /// Record one `refusals-suppressed`.
        case recordSuppressed
        /// Neither.
        case suppress
    }

    private struct Key: Hashable {
        let peer: String
        let target: String
        let rule: String
    }

    private struct Hour {
        var start: Timestamp
        var entries = 0
        var isSuppressed = false
    }

    private static let minute: Int64 = 60_000
    private static let hour: Int64 = 3_600_000
    private static let perHour = 60
    /// Keys are made of peers' input, so their number is bounded too.
    private static let keyLimit = 10_000

    private var recent: [Key: (since: Timestamp, repeated: Int)] = [:]
    private var hours: [String: Hour] = [:]

    package init() {}

    package mutating func admit(peer: String, target: String, rule: String, at time: Timestamp) -> Decision {
        let key = Key(peer: peer, target: target, rule: rule)
        var repeated = 0
        if let last = recent[key] {
            if time.milliseconds - last.since.milliseconds < RefusalLimiter.minute {
                recent[key] = (last.since, last.repeated + 1)
                return .count
            }
            repeated = last.repeated
        }
        var hour = hours[peer] ?? Hour(start: time)
        if time.milliseconds - hour.start.milliseconds >= RefusalLimiter.hour { hour = Hour(start: time) }
        defer { hours[peer] = hour }
        guard hour.entries < RefusalLimiter.perHour else {
            guard !hour.isSuppressed else { return .suppress }
            hour.isSuppressed = true
            return .recordSuppressed
        }
        hour.entries += 1
        if recent.count >= RefusalLimiter.keyLimit {
            recent = recent.filter { time.milliseconds - $0.value.since.milliseconds < RefusalLimiter.minute }
            if recent.count >= RefusalLimiter.keyLimit { recent.removeAll() }
        }
        recent[key] = (time, 0)
        return .record(repeated: repeated)
    }
}
