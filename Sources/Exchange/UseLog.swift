// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import PolicyEngine
import StorageSQLite

/// What the uses of one agreement add up to. Each side keeps it in the transaction that decides: the consumer writes a use when it is
/// reserved, the provider when it releases a key for one.
///
/// The bytes of a use are the size of the sealed package: both sides know it before the use, so both count the same.
struct UseLog {
    /// More uses than this in a window are not added up: the answer is no, not a guess.
    static let limit = 100_000

    let agreement: String
    let agreedAt: Timestamp
    let needs: UsageNeeds
    let role: ExchangeRole

    init(of agreement: Agreement, needs: UsageNeeds) {
        self.agreement = agreement.id
        agreedAt = agreement.agreedAt
        self.needs = needs
        role = agreement.role
    }

    func counter(in tx: Transaction) throws -> UseCounter {
        try tx.get(UseCounter.self, id: agreement) ?? UseCounter(id: agreement, used: 0, bytes: 0, milliseconds: 0)
    }

    /// Values of the counters that the policy mentions.
    ///
    /// - Parameter use: what the use asked about adds: one use and its bytes, or nothing when it is in the log already.
    func values(adding use: UsageSum, at now: Timestamp, in tx: Transaction) throws -> [String: [PolicyValue]] {
        guard !needs.isEmpty else { return [:] }
        let counter = try counter(in: tx)
        // Uses under way have taken some time already.
        var underWay: Int64 = 0
        if needs.wantsTime, role == .consumer {
            for use in try tx.all(
                PackageUse.self, where: [("agreement", agreement), ("state", PackageUse.State.reserved.rawValue)], limit: UseLog.limit)
            { underWay += max(0, now.milliseconds - use.startedAt.milliseconds) }
        }
        var recent: [Int64: UsageSum] = [:]
        for seconds in needs.windows {
            guard
                let sums = try tx.usage(
                    of: agreement, after: now.milliseconds - seconds * 1000, limit: UseLog.limit)
            else {
                throw ExchangeError.denied(
                    "policy.window-too-full", "more than \(UseLog.limit) uses lie in a window of the policy",
                    hint: "wait until older uses have left the window")
            }
            recent[seconds] = UsageSum(uses: sums.uses, bytes: sums.bytes, milliseconds: sums.duration + underWay)
        }
        return needs.values(
            total: UsageSum(uses: counter.used, bytes: counter.bytes, milliseconds: counter.milliseconds + underWay), recent: recent,
            adding: use, sinceAgreementMilliseconds: now.milliseconds - agreedAt.milliseconds,
            side: role == .consumer ? .consumer : .provider)
    }

    /// Returns the counter with the use in it.
    @discardableResult
    func add(_ id: String, bytes: Int64, at now: Timestamp, in tx: Transaction) throws -> UseCounter {
        var counter = try counter(in: tx)
        counter.used += 1
        counter.bytes += bytes
        try tx.put(counter)
        if let longest = needs.windows.last {
            // A day more than any window reaches, so that a clock that is set back finds all that it asks for.
            try tx.deleteUsage(of: agreement, before: now.milliseconds - (longest + 86_400) * 1000)
            try tx.insert(UsageRow(subject: agreement, milliseconds: now.milliseconds, id: id, uses: 1, bytes: bytes))
        }
        return counter
    }

    /// Takes back a use of which no byte left.
    func giveBack(_ id: String, bytes: Int64, reservedAt: Timestamp, in tx: Transaction) throws {
        var counter = try counter(in: tx)
        counter.used = max(0, counter.used - 1)
        counter.bytes = max(0, counter.bytes - bytes)
        try tx.put(counter)
        try tx.deleteUsage(of: agreement, at: reservedAt.milliseconds, id: id)
    }

    /// How long a use took. It counts in the windows that its end lies in.
    func spend(_ id: String, milliseconds: Int64, until end: Timestamp, in tx: Transaction) throws {
        guard needs.wantsTime, milliseconds > 0 else { return }
        var counter = try counter(in: tx)
        counter.milliseconds += milliseconds
        try tx.put(counter)
        if !needs.windows.isEmpty {
            // A resumed use ends twice.
            let name = id + "/\(counter.milliseconds)"
            try tx.insert(UsageRow(subject: agreement, milliseconds: end.milliseconds, id: name, duration: milliseconds))
        }
    }
}
