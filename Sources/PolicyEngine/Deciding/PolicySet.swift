// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// Policies that are asked together, found by what a request is about. A value: a copy is a snapshot that no later change reaches, and
/// costs a few words until one of the two changes.
package struct PolicySet: Sendable {
    private var members = Sharded<String, Member>()
    private var index = Sharded<Int, [Member]>()
    private var nextPlace = 0
    package private(set) var count = 0

    private struct Member: Sendable {
        let policy: PreparedPolicy
        /// Policies answer in the order in which they came.
        let place: Int
        let scope: PolicyScope
    }

    package init() {}

    package subscript(id: String) -> PreparedPolicy? { members[id]?.policy }

    /// Adds a policy, or puts it in the place of the one that has the id.
    package mutating func insert(_ policy: PreparedPolicy, id: String) {
        let place = remove(id: id) ?? nextPlace
        nextPlace = max(nextPlace, place + 1)
        let member = Member(policy: policy, place: place, scope: PolicyScope(policy))
        members[id] = member
        for key in member.scope.keys { index.update(key) { $0 = ($0 ?? []) + CollectionOfOne(member) } }
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
        let targets = PolicyScope.names(request.target, world)
        let parties = PolicyScope.names(request.party, world)
        let actions = request.action.map { ActionNumbers.reached(from: $0) }
        var found: [Member] = []
        var buckets = 0
        for target in targets {
            for party in parties {
                guard let bucket = index[PolicyScope.key(target, party)] else { continue }
                buckets += 1
                found += bucket.lazy.filter { $0.scope.speaks(of: actions) }
            }
        }
        if buckets > 1 {
            found.sort { $0.place < $1.place }
            var last = -1
            found.removeAll { member in
                defer { last = member.place }
                return member.place == last
            }
        }
        return found.map(\.policy)
    }

    /// The decisions of all candidates. Values are looked up once for all of them.
    package func evaluate(
        _ request: PolicyRequest, in world: PolicyWorld, at point: EvaluationPoint, options: EvaluationOptions = EvaluationOptions()
    ) -> Decisions {
        let policies = candidates(for: request, in: world)
        if request.action == nil, point < .grant {
            return Decisions(policies.map { $0.evaluate(request, in: world, at: point, options: options) })
        }
        return Decisions(
            policies,
            EvaluationInput(
                request: request, world: world, point: point, side: options.side, conditionMode: options.conditionMode,
                behaviour: options.behaviour))
    }
}

/// One decision for each policy. All outcomes and the states of all clauses are there; what a decision says beyond that is made when it
/// is asked.
package struct Decisions: Sendable, RandomAccessCollection {
    private let found: [Decision]

    package var startIndex: Int { 0 }
    package var endIndex: Int { found.count }
    package subscript(position: Int) -> Decision { found[position] }

    fileprivate init(_ decisions: [Decision]) { found = decisions }

    fileprivate init(_ policies: [PreparedPolicy], _ input: EvaluationInput) {
        var evaluator = Evaluator(input)
        var states: [UInt8] = []
        states.reserveCapacity(policies.reduce(0) { $0 + $1.entryCount })
        for policy in policies { evaluator.run(policy, into: &states) }
        var found: [Decision] = []
        found.reserveCapacity(policies.count)
        var base = 0
        for policy in policies {
            found.append(Decision(Evaluated(policy, input, states: states, from: base)))
            base += policy.entryCount
        }
        self.found = found
    }

    /// The first that permits.
    package var permitting: Decision? { found.first { $0.outcome == .permit } }
}

/// What a policy is about, for the index: target × party, and the actions.
private struct PolicyScope {
    let keys: [Int]
    /// Actions that rules name; nil when some rule names none, or one that nobody knows.
    private let actions: BitSet?

    private static let anything = 0
    /// Beyond so many pairs of target and party a rule is found by its targets alone.
    private static let maximumPairs = 256

    init(_ policy: PreparedPolicy) {
        var keys: Set<Int> = []
        var numbers: BitSet? = BitSet(count: ActionNumbers.count)
        // What a policy inherits from one that is not at hand may be about anything.
        if !policy.unresolvedParents.isEmpty { keys.insert(PolicyScope.key(PolicyScope.anything, PolicyScope.anything)) }
        for rule in policy.rules {
            let targets = PolicyScope.names(policy, rule.targets)
            var parties = PolicyScope.names(policy, rule.parties)
            if targets.count * parties.count > PolicyScope.maximumPairs { parties = [PolicyScope.anything] }
            for target in targets {
                for party in parties { keys.insert(PolicyScope.key(target, party)) }
            }
            if rule.actions.isEmpty { numbers = nil }
            for action in rule.actions.range {
                let number = policy.matchers[action].action
                if number >= 0 { numbers?.insert(Int(number)) } else { numbers = nil }
            }
        }
        if !policy.unresolvedParents.isEmpty { numbers = nil }
        self.keys = keys.sorted()
        actions = numbers
    }

    /// Whether some rule may be about the action; `nil` asks about no particular one, and an unknown one is nobody's but their own.
    func speaks(of asked: BitSet??) -> Bool {
        guard let asked, let actions else { return true }
        return asked.map(actions.intersects) ?? false
    }

    private static func names(_ policy: PreparedPolicy, _ slice: Slice) -> [Int] {
        guard !slice.isEmpty else { return [anything] }
        return slice.range.flatMap { index -> [Int] in
            let matcher = policy.matchers[index]
            if matcher.isDescribed { return [anything] }
            let text = policy.matcherTexts[index]
            return (text.id == nil ? [] : [matcher.name]) + (text.source == nil ? [] : [matcher.source])
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
