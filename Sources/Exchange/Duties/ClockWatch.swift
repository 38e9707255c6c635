// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
package import Identity
import Ledger
import StorageSQLite

/// What wall clock and boot clock say of each other. What cannot be undone waits while they disagree.
enum ClockVerdict: Sendable, Hashable {
    case agree
    /// The wall clock is this far below the highest time this node has seen.
    case wentBack(seconds: Int64)
    /// Since they were last set against each other the two have run apart.
    case parted(seconds: Int64)

    var error: ExchangeError? {
        switch self {
        case .agree: nil
        case .wentBack(let seconds):
            ExchangeError(
                .conflict, "clock.went-back", "the clock stands \(seconds) seconds before the highest time this node has seen",
                hint: "set the clock right; if it is, say so with `kouan contract clock --confirm`")
        case .parted(let seconds):
            ExchangeError(
                .conflict, "clock.parted", "the clock was moved by \(seconds) seconds against the machine's own",
                hint: "set the clock right; if it is, say so with `kouan contract clock --confirm`")
        }
    }
}

extension Exchange {
    /// Differences below these are what clocks do.
    private static let toleratedStepBack: Int64 = 60
    private static let toleratedDrift: Int64 = 600

    /// Compares the clocks and remembers what they show. The machine's restart sets them against each other anew; the highest time stays.
    func watchClock() async throws -> ClockVerdict {
        let now = clock.now()
        let boot = settings.bootClock.read()
        let known = try await store.read { try $0.get(ClockRecord.self, id: ClockRecord.only) }
        guard var record = known else {
            try await store.write { try $0.put(ClockRecord(id: ClockRecord.only, boot: boot, wall: now, highest: now)) }
            return .agree
        }
        let back = (record.highest.milliseconds - now.milliseconds) / 1000
        guard back <= Exchange.toleratedStepBack else { return .wentBack(seconds: back) }
        if let elapsed = boot.seconds(since: record.boot) {
            let apart = (now.milliseconds - record.wall.milliseconds) / 1000 - elapsed
            guard abs(apart) <= Exchange.toleratedDrift else { return .parted(seconds: apart) }
            guard now >= record.highest.adding(seconds: 60) else { return .agree }
        } else {
            (record.boot, record.wall) = (boot, now)
        }
        record.highest = max(record.highest, now)
        try await store.write { [record] in try $0.put(record) }
        return .agree
    }

    /// An operator's word that the clock is right as it stands.
    package func confirmClock(by user: UserID) async throws {
        let record = ClockRecord(id: ClockRecord.only, boot: settings.bootClock.read(), wall: clock.now(), highest: clock.now())
        _ = try await ledger.commit { tx in
            try tx.put(record)
            try tx.append(
                LedgerEvent(
                    type: .configurationChanged, local: ["clock": .string(record.wall.description)], ids: ["user": user.description]))
        }
        duties.wake()
    }

    package func clockProblem() async throws -> ExchangeError? { try await watchClock().error }
}
