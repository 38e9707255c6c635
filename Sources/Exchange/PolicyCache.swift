// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import PolicyEngine
import Synchronization

/// A policy that was read, with what the exchange has to know before it can ask it.
struct KnownPolicy: Sendable {
    let policy: Policy
    let needs: UsageNeeds
    /// Whether a clause is about a fact that people of the provider confirm.
    let operands: Set<IRI>
    let duties: DutyPlan
}

/// Policies read once. Documents never change: a new policy is another document, so nothing here can be out of date.
final class PolicyCache: Sendable {
    private struct State {
        var entries: [JSON: (policy: KnownPolicy, lastUse: Int)] = [:]
        var uses = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int = 512) { self.capacity = capacity }

    /// - Throws: `PolicyError` for what cannot be read; that is not remembered.
    func read(_ document: JSON) throws -> KnownPolicy {
        let known = state.withLock { state -> KnownPolicy? in
            state.uses += 1
            state.entries[document]?.lastUse = state.uses
            return state.entries[document]?.policy
        }
        if let known { return known }
        let policy = try PolicyReader.read(document)
        let fresh = KnownPolicy(policy: policy, needs: UsageNeeds(of: policy), operands: policy.leftOperands, duties: DutyPlan(policy))
        state.withLock { state in
            if state.entries.count >= capacity {
                // The older half goes at once, so that finding it costs little for each policy.
                let uses = state.entries.values.map(\.lastUse).sorted()
                let middle = uses[uses.count / 2]
                state.entries = state.entries.filter { $0.value.lastUse > middle }
            }
            state.entries[document] = (fresh, state.uses)
        }
        return fresh
    }

    var count: Int { state.withLock { $0.entries.count } }
}
