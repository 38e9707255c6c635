// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// One round of one duty.
///
///     inactive ──► due ──► fulfilled
///                   │
///                   └────► violated ──► settled
///
/// Nothing leads back from `violated`: an act that comes late is noted, and the matter is closed when the act and all consequences are
/// done (ODRL information model 2.6.5). An act before its window opens does not count.
package struct DutyInstance: Sendable, Hashable, Codable {
    package enum State: String, Sendable, Hashable, Codable, CaseIterable {
        case inactive, due, fulfilled, violated, settled

        /// Nothing more is owed.
        package var isClosed: Bool { self == .fulfilled || self == .settled }
    }

    package let duty: String
    /// From 1. A consequence has the round of the duty whose violation it follows.
    package let round: Int
    package internal(set) var state: State
    package internal(set) var since: Timestamp
    /// The event that this round counts from, where each event has a round of its own.
    package internal(set) var anchor: Timestamp?
    package internal(set) var opens: Timestamp?
    /// The last moment in time.
    package internal(set) var deadline: Timestamp?
    package internal(set) var performedAt: Timestamp?
    /// Done inside the other side's walls: its time passing shows nothing here.
    package let isUnobserved: Bool

    package var id: String { round == 1 ? duty : "\(duty)@\(round)" }

    package init(duty: String, round: Int, at now: Timestamp, anchor: Timestamp? = nil, isUnobserved: Bool = false) {
        self.duty = duty
        self.round = round
        state = .inactive
        since = now
        self.anchor = anchor
        self.isUnobserved = isUnobserved
    }
}

package enum DutyInput: Sendable, Hashable {
    /// Owed from now on, or, when it is owed already, within another window: a further use moves a deadline that counts from the last.
    case owed(DutyWindow)
    case performed
    case timePassed
    /// All duties that followed the violation are closed.
    case consequencesClosed
}

/// What a step did, for the ledger.
package struct DutyChange: Sendable, Hashable {
    package let instance: String
    package let duty: String
    package let round: Int
    package let from: DutyInstance.State
    package let to: DutyInstance.State
    package let at: Timestamp
    package let deadline: Timestamp?

    /// An act after the deadline: noted, the state stays.
    package var isLateAct: Bool { from == .violated && to == .violated }
}

extension DutyInstance {
    /// One step. `now` is never before `since`: a caller whose clock went back gives the highest time it has seen.
    package mutating func receive(_ input: DutyInput, at time: Timestamp) -> [DutyChange] {
        let now = max(time, since)
        switch (state, input) {
        case (.inactive, .owed(let window)):
            (opens, deadline) = (window.opens, window.deadline)
            return [enter(.due, at: now)] + receive(.timePassed, at: now)
        case (.due, .owed(let window)):
            (opens, deadline) = (window.opens, window.deadline)
            return receive(.timePassed, at: now)
        case (.due, .timePassed):
            guard isPassed(at: now), !isUnobserved else { return [] }
            return [enter(.violated, at: now)]
        case (.inactive, .performed):
            performedAt = now
            return [enter(.fulfilled, at: now)]
        case (.due, .performed):
            if let opens, now < opens { return [] }
            let changes = receive(.timePassed, at: now)
            if state == .violated { return changes + receive(.performed, at: now) }
            performedAt = now
            return [enter(.fulfilled, at: now)]
        case (.violated, .performed):
            guard performedAt == nil else { return [] }
            performedAt = now
            return [enter(.violated, at: now)]
        case (.violated, .consequencesClosed):
            return performedAt == nil ? [] : [enter(.settled, at: now)]
        case (.inactive, .timePassed), (.inactive, .consequencesClosed), (.due, .consequencesClosed), (.violated, .owed),
            (.violated, .timePassed), (.fulfilled, _), (.settled, _):
            return []
        }
    }

    package func isPassed(at now: Timestamp) -> Bool { deadline.map { now > $0 } ?? false }

    private mutating func enter(_ new: State, at now: Timestamp) -> DutyChange {
        let change = DutyChange(instance: id, duty: duty, round: round, from: state, to: new, at: now, deadline: deadline)
        state = new
        since = now
        return change
    }
}
