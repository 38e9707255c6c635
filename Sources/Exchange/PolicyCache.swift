// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import PolicyEngine
import Synchronization

/// A policy that was read, with what the exchange has to know before it can ask it.
struct KnownPolicy: Sendable {
    let policy: Policy
    let prepared: PreparedPolicy
    let needs: UsageNeeds
    /// Whether a clause is about a fact that people of the provider confirm.
    let wantsConfirmedFacts: Bool
    let duties: DutyPlan

    init(_ policy: Policy) {
        self.policy = policy
        prepared = PreparedPolicy(policy)
        needs = UsageNeeds(of: policy)
        wantsConfirmedFacts = !policy.leftOperands.isDisjoint(with: OperandTable.confirmed)
        duties = DutyPlan(policy)
    }
}

/// Policies read once, by their content. Another policy is another document, so nothing here can be out of date.
final class PolicyCache: Sendable {
    private let known = RecentlyUsed<JSON, KnownPolicy>(capacity: 512)

    /// - Throws: `PolicyError` for what cannot be read; that is not remembered.
    func read(_ document: JSON) throws -> KnownPolicy {
        if let policy = known[document] { return policy }
        let policy = KnownPolicy(try PolicyReader.read(document))
        known[document] = policy
        return policy
    }
}

/// A bounded memory of values that can be made again. What was not asked for longest goes first.
final class RecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var entries: [Key: (value: Value, lastUse: Int)] = [:]
        var uses = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) { self.capacity = capacity }

    subscript(_ key: Key) -> Value? {
        get {
            state.withLock { state in
                guard let place = state.entries.index(forKey: key) else { return nil }
                state.uses += 1
                state.entries.values[place].lastUse = state.uses
                return state.entries.values[place].value
            }
        }
        set {
            state.withLock { state in
                guard let newValue else {
                    state.entries[key] = nil
                    return
                }
                state.uses += 1
                state.entries[key] = (newValue, state.uses)
                guard state.entries.count > capacity else { return }
                // The older half goes at once, so that finding it costs little for each entry.
                let middle = state.entries.values.map(\.lastUse).sorted()[state.entries.count / 2]
                state.entries = state.entries.filter { $0.value.lastUse > middle }
            }
        }
    }

    var count: Int { state.withLock { $0.entries.count } }
}
