// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Ledger
import Logging
import PolicyEngine
import Synchronization

/// Which refusals get an entry of their own, so that a peer cannot fill the ledger with them.
///
/// Equal refusals within a minute become one entry with a count; at most `limit` entries per peer and hour, then one that says that the
/// rest is suppressed (docs/formats/ledger-record.md).
final class RefusalLimiter: Sendable {
    enum Verdict: Equatable {
        /// Record it; `repeats` equal ones before it were only counted.
        case record(repeats: Int)
        case recordSuppression
        case skip
    }

    private struct PerPeer {
        var hour: Int64 = 0
        var entries = 0
        /// By target and rule: when last recorded, and how many since.
        var recent: [String: (at: Timestamp, repeats: Int)] = [:]
    }

    private let limit: Int64
    private let peers = Mutex<[ParticipantID: PerPeer]>([:])

    init(limit: Int64) { self.limit = limit }

    func judge(_ peer: ParticipantID, key: String, at now: Timestamp) -> Verdict {
        peers.withLock { peers in
            var state = peers[peer] ?? PerPeer()
            defer { peers[peer] = state }
            let hour = now.seconds / 3600
            if state.hour != hour { state = PerPeer(hour: hour) }
            if let last = state.recent[key], now.seconds - last.at.seconds < 60 {
                state.recent[key] = (last.at, last.repeats + 1)
                return .skip
            }
            guard Int64(state.entries) <= limit else { return .skip }
            state.entries += 1
            guard Int64(state.entries) <= limit else { return .recordSuppression }
            let repeats = state.recent[key]?.repeats ?? 0
            if state.recent.count > 1_000 { state.recent.removeAll() }
            state.recent[key] = (now, 0)
            return .record(repeats: repeats)
        }
    }
}

extension Exchange {
    /// The error to throw out of a commit so that its changes are undone and the refusal is recorded. Entries carry codes, never a peer's text.
    func refusal(
        _ error: ExchangeError, of peer: ParticipantID, role: ExchangeRole = .provider, correlation: String?, agreement: String? = nil,
        shared: SharedFacts?, point: String, answer: PolicyGate.Answer? = nil
    ) -> any Error {
        // The peer may be told less than what was decided; our ledger and log have it all.
        let code = answer.flatMap { error.code.hasPrefix("policy.") ? $0.decision.code : nil } ?? error.code
        logger.notice(
            "refused", metadata: ["peer": "\(peer)", "point": "\(point)", "code": "\(code)", "correlation": "\(correlation ?? "")"])
        switch refusals.judge(peer, key: "\(point) \(code) \(agreement ?? correlation ?? "")", at: clock.now()) {
        case .skip: return error
        case .recordSuppression:
            return LedgerEvent(type: .refusalsSuppressed, role: role.entryRole, local: ["peer": .string(peer.description)]).refusing(error)
        case .record(let repeats):
            var local: [String: JSON] = ["point": .string(point), "code": .string(code)]
            local["decision"] = answer?.decisionJSON
            local["asked"] = answer?.askedJSON
            if repeats > 0 { local["repeats"] = .integer(Int64(repeats)) }
            return LedgerEvent(
                type: .refusal, role: role.entryRole, correlation: correlation, agreement: agreement, shared: shared, local: local
            ).refusing(error)
        }
    }
}
