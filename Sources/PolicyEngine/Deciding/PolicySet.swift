// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// Policies that are asked together, found by what a request is about. A value: a copy is a snapshot that no later change reaches, and
/// costs a few words until one of the two changes.
package struct PolicySet: Sendable {
    private var members = Sharded<String, Member>()
    private var index = Sharded<Int, [Member]>()
    private var nextPlace = 0
    package private(set) var count = 0

    fileprivate final class Member: Sendable {
        let policy: PreparedPolicy
        /// Policies answer in the order in which they came.
        let place: Int
        let scope: PolicyScope

        init(_ policy: PreparedPolicy, place: Int) {
            self.policy = policy
            self.place = place
            scope = PolicyScope(policy)
        }
    }

    package init() {}

    package subscript(id id: String) -> PreparedPolicy? { members[id]?.policy }

    /// Adds a policy, or puts it in the place of the one that has the id.
    package mutating func insert(_ policy: PreparedPolicy, id: String) {
        let place = remove(id: id) ?? nextPlace
        nextPlace = max(nextPlace, place + 1)
        let member = Member(policy, place: place)
        members[id] = member
        for key in member.scope.keys {
            index.update(key) { bucket in
                let before = bucket?.lastIndex { $0.place < place }
                if bucket == nil { bucket = [] }
                bucket?.insert(member, at: before.map { $0 + 1 } ?? 0)
            }
        }
        count += 1
    }

    /// Takes a policy out, and says which place it had; nil where there is none.
    @discardableResult
    package mutating func remove(id: String) -> Int? {
        guard let member = members[id] else { return nil }
        members[id] = nil
        for key in member.scope.keys {
            index.update(key) { bucket in
                bucket?.removeAll { $0.place == member.place }
                if bucket?.isEmpty == true { bucket = nil }
            }
        }
        count -= 1
        return member.place
    }

    /// The policies of which some rule may speak about the request, in the order in which they came. Every other policy has no rule
    /// whose action, target and party match, so it neither permits nor prohibits anything here.
    package func candidates(for request: PolicyRequest, in world: PolicyWorld) -> [PreparedPolicy] {
        members(for: request, in: world).map(\.policy)
    }

    private func members(for request: PolicyRequest, in world: PolicyWorld) -> [Member] {
        let asked = ActionNumbers.named(request.action)
        var buckets: [[Member]] = []
        let parties = PolicyScope.names(request.party, world)
        for target in PolicyScope.names(request.target, world) {
            for party in parties {
                if let bucket = index[PolicyScope.key(target, party)] { buckets.append(bucket) }
            }
        }
        if buckets.count == 1, buckets[0].allSatisfy({ $0.scope.actions.mayMean(asked) }) { return buckets[0] }
        var found = buckets.flatMap { $0.filter { $0.scope.actions.mayMean(asked) } }
        found.sort { $0.place < $1.place }
        var last = -1
        found.removeAll { member in
            defer { last = member.place }
            return member.place == last
        }
        return found
    }

    /// The decisions of all candidates. Values are looked up once for all of them.
    package func evaluate(
        _ request: PolicyRequest, in world: PolicyWorld, at point: EvaluationPoint, options: EvaluationOptions = EvaluationOptions()
    ) -> Decisions {
        let members = members(for: request, in: world)
        if request.action == nil, point < .grant {
            return Decisions(members.map { $0.policy.evaluate(request, in: world, at: point, options: options) })
        }
        return Decisions(
            members,
            EvaluationInput(
                request: request, world: world, point: point, side: options.side, conditionMode: options.conditionMode,
                behaviour: options.behaviour))
    }
}

/// One decision for each policy. All outcomes and the states of all clauses are there; what a decision says beyond that is made when it
/// is asked.
package struct Decisions: Sendable, RandomAccessCollection {
    private enum Found: Sendable {
        case each([Decision])
        case together([PolicySet.Member], EvaluationInput, states: [UInt8], [Place])
    }

    private struct Place: Sendable {
        let base: Int
        let outcome: Decision.Outcome
        let standing: Decision.Standing
    }

    private let found: Found

    package var startIndex: Int { 0 }
    package var endIndex: Int {
        switch found {
        case .each(let decisions): decisions.count
        case .together(let members, _, _, _): members.count
        }
    }

    package subscript(position: Int) -> Decision {
        switch found {
        case .each(let decisions): decisions[position]
        case .together(let members, let input, let states, let places):
            Decision(
                outcome: places[position].outcome,
                evaluated: Evaluated(members[position].policy, input, states: states, from: places[position].base),
                standing: places[position].standing)
        }
    }

    /// The outcome alone, which is at hand.
    package func outcome(at position: Int) -> Decision.Outcome {
        switch found {
        case .each(let decisions): decisions[position].outcome
        case .together(_, _, _, let places): places[position].outcome
        }
    }

    fileprivate init(_ decisions: [Decision]) { found = .each(decisions) }

    fileprivate init(_ members: [PolicySet.Member], _ input: EvaluationInput) {
        var evaluator = Evaluator(input)
        var states = [UInt8](repeating: 0, count: members.reduce(0) { $0 + $1.policy.entryCount })
        var places: [Place] = []
        places.reserveCapacity(members.count)
        var base = 0
        for member in members {
            evaluator.run(member.policy, into: &states, from: base)
            let (outcome, standing) = Evaluated.decide(member.policy, input, states, from: base)
            places.append(Place(base: base, outcome: outcome, standing: standing))
            base += member.policy.entryCount
        }
        found = .together(members, input, states: states, places)
    }

    /// The first that permits.
    package var permitting: Decision? { indices.first { outcome(at: $0) == .permit }.map { self[$0] } }
}

/// What a policy is about, for the index: target × party, and the actions.
private struct PolicyScope {
    let keys: [Int]
    let actions: NamedActions

    private static let anything = 0
    /// Beyond so many pairs of target and party a rule is found by its targets alone.
    private static let maximumPairs = 256

    init(_ policy: PreparedPolicy) {
        var keys: Set<Int> = []
        var actions = NamedActions()
        for rule in policy.rules {
            let targets = PolicyScope.names(policy, rule.premises.targets)
            var parties = PolicyScope.names(policy, rule.premises.parties)
            if targets.count * parties.count > PolicyScope.maximumPairs { parties = [PolicyScope.anything] }
            for target in targets {
                for party in parties { keys.insert(PolicyScope.key(target, party)) }
            }
            if rule.premises.actions.isEmpty { actions.insert(-1) }
            for action in rule.premises.actions.range { actions.insert(policy.matchers[action].action) }
        }
        // What a policy inherits from one that is not at hand may be about anything.
        if !policy.unresolvedParents.isEmpty {
            keys.insert(PolicyScope.key(PolicyScope.anything, PolicyScope.anything))
            actions.insert(-1)
        }
        self.keys = keys.sorted()
        self.actions = actions
    }

    private static func names(_ policy: PreparedPolicy, _ slice: Slice) -> [Int] {
        guard !slice.isEmpty else { return [anything] }
        return slice.range.flatMap { index -> [Int] in
            let matcher = policy.matchers[index]
            if matcher.isDescribed { return [anything] }
            return [matcher.name, matcher.source].compactMap { $0?.hashValue }
        }
    }

    /// Hashes of the value and of the collections that it is in.
    static func names(_ value: String?, _ world: PolicyWorld) -> [Int] {
        guard let value else { return [anything] }
        guard world.memberOf[value] != nil else { return [anything, value.hashValue] }
        return [anything] + world.collections(of: value).map(\.hashValue)
    }

    static func key(_ target: Int, _ party: Int) -> Int { target ^ (party &* 0x9E37_79B9) ^ party >> 29 }
}

extension PolicyWorld {
    /// The value and every collection that it is in, through any number of collections.
    fileprivate func collections(of value: String) -> Set<String> {
        var seen: Set<String> = [value]
        var pending = [value]
        while let next = pending.popLast() {
            for wider in memberOf[next] ?? [] where seen.insert(wider).inserted { pending.append(wider) }
        }
        return seen
    }
}

/// A dictionary in parts, so that a change to a copy copies one part of it.
private struct Sharded<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var shards = [[Key: Value]](repeating: [:], count: 256)

    private func shard(_ key: Key) -> Int { key.hashValue >> 7 & 255 }

    subscript(key: Key) -> Value? {
        get { shards[shard(key)][key] }
        set { shards[shard(key)][key] = newValue }
    }

    mutating func update(_ key: Key, _ change: (inout Value?) -> Void) { change(&shards[shard(key)][key]) }
}
