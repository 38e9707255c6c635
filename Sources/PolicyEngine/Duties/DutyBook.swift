// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

package enum DutyEvent: Sendable, Hashable {
    case delivery, use, revocation, incident
    /// The agreement is over: what recurs ends with the round that is open.
    case end
    /// An act for a duty, named by its id or by that of one round.
    case performed(String)
    /// An act that a prohibition forbids was done.
    case violated(prohibition: String)
}

/// The duties of one agreement as they stand. A value: what an event or the time changes is a new value and a list of changes.
///
/// Time never runs backwards in it: an event that reaches it late counts as happening now, so nobody can fulfil a duty in the past.
package struct DutyBook: Sendable, Hashable, Codable {
    /// The highest time seen.
    package private(set) var now: Timestamp
    package private(set) var clocks: DutyClocks
    package private(set) var instances: [DutyInstance]
    package private(set) var endedAt: Timestamp?
    private var rounds: [String: Int]
    /// Duties that the other side owes and that nobody here can see done.
    private let unobserved: Set<String>

    /// Closed rounds of one duty that are kept; the ledger has them all.
    private static let keptRounds = 12
    /// Rounds of one recurring duty that are kept in whatever state: years of neglect must not make each step slow.
    private static let maximumRounds = 400
    /// Rounds that one step may begin; the next step goes on.
    private static let roundsPerStep = 200

    /// - Parameter unobserved: ids of duties whose deadline proves nothing when it passes.
    package init(_ plan: DutyPlan, agreedAt: Timestamp, unobserved: Set<String> = []) {
        now = agreedAt
        clocks = DutyClocks(agreement: agreedAt)
        instances = []
        rounds = [:]
        self.unobserved = unobserved
    }

    // MARK: Steps

    /// Records that the agreement stands: duties that nothing else starts are owed.
    package mutating func begin(_ plan: DutyPlan, withheld: Set<String> = []) -> [DutyChange] { advance(to: now, plan, withheld: withheld) }

    package mutating func receive(
        _ event: DutyEvent, at time: Timestamp, _ plan: DutyPlan, withheld: Set<String> = []
    ) -> [DutyChange] {
        // What was too late before the event stays too late after it.
        var changes = advance(to: time, plan, withheld: withheld)
        switch event {
        case .delivery: if clocks.delivery == nil { clocks.delivery = now }
        case .use:
            if clocks.firstUse == nil { clocks.firstUse = now }
            clocks.lastUse = now
            for duty in plan.duties where duty.trigger == .eachUse || duty.trigger == .lastUse {
                changes += owe(duty, anchor: now, plan, withheld)
            }
        case .revocation: if clocks.revocation == nil { clocks.revocation = now }
        case .incident:
            clocks.incident = now
            for duty in plan.duties where duty.trigger == .incident { changes += owe(duty, anchor: now, plan, withheld) }
        case .end: if endedAt == nil { endedAt = now }
        case .performed(let name): changes += perform(name, plan)
        case .violated(let prohibition):
            for remedy in plan.remedies(of: prohibition) { changes += owe(remedy, anchor: now, plan, withheld) }
        }
        changes += advance(to: now, plan, withheld: withheld)
        return changes
    }

    /// Lets time pass. `withheld` are duties whose conditions do not hold now.
    package mutating func advance(to time: Timestamp, _ plan: DutyPlan, withheld: Set<String> = []) -> [DutyChange] {
        now = max(now, time)
        var changes: [DutyChange] = []
        for duty in plan.duties where duty.role == .condition || duty.role == .obligation {
            changes += duty.trigger == .interval ? recur(duty, withheld) : start(duty, plan, withheld)
        }
        for index in instances.indices { changes += step(index, .timePassed, plan) }
        prune(plan)
        return changes
    }

    /// Begins a duty that one event starts, once that event has happened.
    private mutating func start(_ duty: PlannedDuty, _ plan: DutyPlan, _ withheld: Set<String>) -> [DutyChange] {
        guard rounds[duty.id] == nil, !withheld.contains(duty.id) else { return [] }
        let begins: Timestamp? =
            switch duty.trigger {
            case .agreement: clocks.agreement
            case .delivery: clocks.delivery
            case .firstUse: clocks.firstUse
            case .revocation: clocks.revocation
            case .lastUse, .eachUse, .incident, .violation, .interval: nil
            }
        return begins == nil ? [] : owe(duty, anchor: nil, plan, withheld)
    }

    /// A round is owed after each interval, for the interval that has passed, and in time until the next has passed.
    private mutating func recur(_ duty: PlannedDuty, _ withheld: Set<String>) -> [DutyChange] {
        guard let interval = duty.intervalSeconds, let start = intervalStart(of: duty) else { return [] }
        var changes: [DutyChange] = []
        let last = duty.window(clocks, anchor: nil).deadline
        for _ in 0..<DutyBook.roundsPerStep {
            let round = rounds[duty.id, default: 0] + 1
            let begins = start.adding(seconds: Int64(round) * interval)
            guard begins <= now else { break }
            if let last, begins > last { break }
            // The interval in which the agreement ended is the last one.
            if let endedAt, begins >= endedAt.adding(seconds: interval) { break }
            rounds[duty.id] = round
            guard !withheld.contains(duty.id) else { continue }
            var instance = DutyInstance(
                duty: duty.id, round: round, at: begins, anchor: begins, isUnobserved: unobserved.contains(duty.id))
            changes += instance.receive(
                .owed(DutyWindow(opens: nil, deadline: begins.adding(milliseconds: interval * 1000 - 1))), at: begins)
            instances.append(instance)
        }
        return changes
    }

    private func intervalStart(of duty: PlannedDuty) -> Timestamp? {
        for clock in [DutyClock.incident, .revocation, .lastUse, .firstUse, .delivery] where duty.clocks.contains(clock) {
            return clocks[clock]
        }
        return clocks.agreement
    }

    /// Makes a duty owed: what waits or is owed already gets the window that holds now, what is closed begins another round.
    private mutating func owe(
        _ duty: PlannedDuty, anchor: Timestamp?, _ plan: DutyPlan, _ withheld: Set<String>, round: Int? = nil
    ) -> [DutyChange] {
        guard !withheld.contains(duty.id) else { return [] }
        // Every incident and every violation is a matter of its own; uses share one round until it is closed.
        let isOwn = duty.trigger == .incident || duty.trigger == .violation
        if !isOwn, let index = instances.lastIndex(where: { $0.duty == duty.id && $0.state == .due }) {
            let moved = duty.window(clocks, anchor: instances[index].anchor)
            return step(index, .owed(moved), plan)
        }
        if duty.isAbout(Action.delete), !isOwn, instances.contains(where: { $0.duty == duty.id && $0.state != .inactive }) { return [] }
        let next = round ?? rounds[duty.id, default: 0] + 1
        rounds[duty.id] = max(next, rounds[duty.id, default: 0])
        instances.append(
            DutyInstance(duty: duty.id, round: next, at: now, anchor: anchor, isUnobserved: unobserved.contains(duty.id)))
        return step(instances.count - 1, .owed(duty.window(clocks, anchor: anchor)), plan)
    }

    private mutating func perform(_ name: String, _ plan: DutyPlan) -> [DutyChange] {
        if let index = instances.firstIndex(where: { $0.id == name && !$0.state.isClosed })
            ?? instances.firstIndex(where: {
                $0.duty == name && ($0.state == .due || ($0.state == .violated && $0.performedAt == nil))
            })
        {
            return step(index, .performed, plan)
        }
        // Before anything made it owed: done is done, once.
        guard let duty = plan[name], rounds[name] == nil, duty.role == .condition || duty.role == .obligation, duty.trigger != .interval
        else { return [] }
        rounds[name] = 1
        instances.append(DutyInstance(duty: name, round: 1, at: now))
        return step(instances.count - 1, .performed, plan)
    }

    /// One step of one instance and what follows from it: consequences of a violation, and the closing of what they followed.
    private mutating func step(_ index: Int, _ input: DutyInput, _ plan: DutyPlan) -> [DutyChange] {
        var changes = instances[index].receive(input, at: now)
        let steps = changes
        for change in steps {
            if change.to == .violated, !change.isLateAct {
                for consequence in plan.consequences(of: change.duty) {
                    changes += owe(consequence, anchor: now, plan, [], round: change.round)
                }
            }
            if change.isLateAct { changes += settle(change.duty, change.round, plan) }
            if change.to.isClosed, case .consequence(let parent)? = plan[change.duty]?.role {
                changes += settle(parent, change.round, plan)
            }
        }
        return changes
    }

    private mutating func settle(_ duty: String, _ round: Int, _ plan: DutyPlan) -> [DutyChange] {
        let isClosed = plan.consequences(of: duty).allSatisfy { consequence in
            instances.contains { $0.duty == consequence.id && $0.round == round && $0.state.isClosed }
        }
        guard isClosed, let index = instances.firstIndex(where: { $0.duty == duty && $0.round == round }) else { return [] }
        return step(index, .consequencesClosed, plan)
    }

    /// Drops old closed rounds of duties that have many.
    private mutating func prune(_ plan: DutyPlan) {
        for duty in plan.duties where rounds[duty.id, default: 0] > DutyBook.keptRounds {
            // A consequence is looked up by the round of its duty as long as that is open.
            if case .consequence = duty.role { continue }
            let oldest = rounds[duty.id, default: 0] - DutyBook.maximumRounds
            if oldest > 0, duty.trigger == .interval { instances.removeAll { $0.duty == duty.id && $0.round <= oldest } }
            let closed = instances.filter { $0.duty == duty.id && $0.state.isClosed }.map(\.round)
            guard closed.count > DutyBook.keptRounds else { continue }
            let dropped = Set(closed.sorted().dropLast(DutyBook.keptRounds))
            let below = Set(plan.consequences(of: duty.id).map(\.id))
            instances.removeAll { ($0.duty == duty.id || below.contains($0.duty)) && dropped.contains($0.round) && $0.state.isClosed }
        }
    }

    // MARK: Questions

    package subscript(_ id: String) -> DutyInstance? { instances.first { $0.id == id } }

    package func instances(of duty: String) -> [DutyInstance] { instances.filter { $0.duty == duty } }

    /// When time alone will next change something; nil if it never will.
    package func nextChange(_ plan: DutyPlan) -> Timestamp? {
        var next: Timestamp?
        func consider(_ time: Timestamp) { if time > now { next = next.map { min($0, time) } ?? time } }
        for instance in instances where instance.state == .due && !instance.isUnobserved {
            if let deadline = instance.deadline { consider(deadline.adding(milliseconds: 1)) }
        }
        for duty in plan.duties where duty.trigger == .interval {
            guard let interval = duty.intervalSeconds, let start = intervalStart(of: duty) else { continue }
            let begins = start.adding(seconds: (Int64(rounds[duty.id, default: 0]) + 1) * interval)
            if let last = duty.window(clocks, anchor: nil).deadline, begins > last { continue }
            if let endedAt, begins >= endedAt.adding(seconds: interval) { continue }
            // Rounds that one step was too short for are waiting already.
            if begins <= now { return now } else { consider(begins) }
        }
        return next
    }

    /// Whether an event or the time can still change anything that is owed.
    package func isOpen(_ plan: DutyPlan) -> Bool {
        instances.contains { !$0.state.isClosed } || (endedAt == nil && !plan.isEmpty)
    }

    /// The states as the evaluator takes them, by the name of each rule.
    ///
    /// A duty is violated while one of its rounds is, fulfilled when its newest round is closed, else not set.
    package func deonticStates(_ plan: DutyPlan) -> [String: DeonticState] {
        var states: [String: DeonticState] = [:]
        for duty in plan.duties {
            let all = instances.filter { $0.duty == duty.id }
            if all.contains(where: { $0.state == .violated }) {
                states[duty.name] = .violated
            } else if let newest = all.max(by: { $0.round < $1.round }), newest.state.isClosed {
                states[duty.name] = .fulfilled
            } else {
                states[duty.name] = .notSet
            }
        }
        return states
    }

    /// Whether every remedy of a violated prohibition is done.
    package func isRemedied(_ prohibition: String, _ plan: DutyPlan) -> Bool {
        let remedies = plan.remedies(of: prohibition)
        return !remedies.isEmpty
            && remedies.allSatisfy { remedy in
                let all = instances.filter { $0.duty == remedy.id }
                return !all.isEmpty && all.allSatisfy(\.state.isClosed)
            }
    }
}
