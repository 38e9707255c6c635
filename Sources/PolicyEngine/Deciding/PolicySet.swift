// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// Policies that are asked together, found by what a request is about. A value: a copy is a snapshot that no later change reaches, and
/// costs a few words until one of the two changes.
package struct PolicySet: Sendable {
    private var members = Sharded<String, Member>()
    private var index = Sharded<Int, [Chunk]>()
    private var nextPlace = 0
    package private(set) var count = 0

    fileprivate struct Member: Sendable {
        let policy: PreparedPolicy
        /// Policies answer in the order in which they came.
        let place: Int
    }

    package init() {}

    package subscript(id id: String) -> PreparedPolicy? { members[id]?.policy }

    /// Adds a policy, or puts it in the place of the one that has the id.
    package mutating func insert(_ policy: PreparedPolicy, id: String) {
        let place = remove(id: id) ?? nextPlace
        nextPlace = max(nextPlace, place + 1)
        members[id] = Member(policy: policy, place: place)
        for key in PolicyScope.keys(policy) {
            index.update(key) { bucket in
                var chunks = bucket ?? []
                // The last chunk that begins before the place, or the first one; a new one behind it when it is full.
                if let at = chunks.lastIndex(where: { $0.entries[0].place < place }) ?? chunks.indices.first {
                    let (left, right) = chunks[at].inserting(policy, place)
                    chunks[at] = left
                    if let right { chunks.insert(right, at: at + 1) }
                } else {
                    chunks = [Chunk([policy], [place])]
                }
                bucket = chunks
            }
        }
        count += 1
    }

    /// Takes a policy out, and says which place it had; nil where there is none.
    @discardableResult
    package mutating func remove(id: String) -> Int? {
        guard let member = members[id] else { return nil }
        members[id] = nil
        for key in PolicyScope.keys(member.policy) {
            index.update(key) { bucket in
                guard var chunks = bucket, let at = chunks.lastIndex(where: { $0.entries[0].place <= member.place }) else { return }
                if let rest = chunks[at].removing(member.place) { chunks[at] = rest } else { chunks.remove(at: at) }
                bucket = chunks.isEmpty ? nil : chunks
            }
        }
        count -= 1
        return member.place
    }

    /// The policies of which some rule may speak about the request, in the order in which they came. Every other policy has no rule
    /// whose action, target and party match, so it neither permits nor prohibits anything here.
    package func candidates(for request: PolicyRequest, in world: PolicyWorld) -> [PreparedPolicy] {
        runs(for: request, in: world).flatMap { $0.chunk.policies[$0.range] }
    }

    /// Candidates that lie one after the other.
    fileprivate struct Neighbours: Sendable {
        let chunk: Chunk
        var range: Range<Int>
    }

    private func runs(for request: PolicyRequest, in world: PolicyWorld) -> [Neighbours] {
        let asked = ActionNumbers.named(request.action)
        var buckets: [[Chunk]] = []
        let parties = PolicyScope.names(request.party, world)
        for target in PolicyScope.names(request.target, world) {
            for party in parties {
                if let bucket = index[PolicyScope.key(target, party)] { buckets.append(bucket) }
            }
        }
        var found: [Neighbours] = []
        for chunk in buckets.lazy.joined() {
            for place in chunk.policies.indices where chunk.entries[place].actions.mayMean(asked) {
                if buckets.count == 1, let last = found.last, last.chunk === chunk, last.range.upperBound == place {
                    found[found.count - 1].range = last.range.lowerBound..<place + 1
                } else {
                    found.append(Neighbours(chunk: chunk, range: place..<place + 1))
                }
            }
        }
        guard buckets.count > 1 else { return found }
        // Buckets interleave, and a policy can be in several.
        func place(_ run: Neighbours) -> Int { run.chunk.entries[run.range.lowerBound].place }
        found.sort { place($0) < place($1) }
        var last = -1
        found.removeAll { run in
            defer { last = place(run) }
            return place(run) == last
        }
        return found
    }

    /// The decisions of all candidates. Values are looked up once for all of them.
    package func evaluate(
        _ request: PolicyRequest, in world: PolicyWorld, at point: EvaluationPoint, options: EvaluationOptions = EvaluationOptions()
    ) -> Decisions {
        let runs = runs(for: request, in: world)
        if request.action == nil, point < .grant {
            return Decisions(
                runs.flatMap { run in
                    run.range.map { run.chunk.policies[$0].evaluate(request, in: world, at: point, options: options) }
                })
        }
        return Decisions(
            runs,
            EvaluationInput(
                request: request, world: world, point: point, side: options.side, conditionMode: options.conditionMode,
                behaviour: options.behaviour))
    }
}

/// Some policies of one bucket, one after the other in memory: to ask many is to read a few long stretches. Never changed.
final class Chunk: Sendable {
    static let maximumCount = 64
    /// A large policy is no stretch to copy for the sake of a small one behind it.
    static let maximumClauses = 4096

    let policies: [PreparedPolicy]
    /// In the order of their places.
    let entries: [Entry]
    let program: Program

    struct Entry {
        let place: Int
        let layout: Layout
        let actions: NamedActions
    }

    init(_ policies: [PreparedPolicy], _ places: [Int]) {
        self.policies = policies
        var program = Program()
        entries = zip(policies, places).map { policy, place in
            // A policy alone is its own program.
            let layout = policies.count == 1 ? policy.layout : program.append(policy)
            return Entry(place: place, layout: layout, actions: PolicyScope.actions(policy))
        }
        self.program = policies.count == 1 ? policies[0].program : program
    }

    private var places: [Int] { entries.map(\.place) }

    /// The chunk with one policy more, in two halves when it is full.
    func inserting(_ policy: PreparedPolicy, _ place: Int) -> (Chunk, Chunk?) {
        let at = entries.firstIndex { $0.place > place } ?? entries.count
        if at == policies.count, policies.count == Chunk.maximumCount || program.clauses.count > Chunk.maximumClauses {
            return (self, Chunk([policy], [place]))
        }
        var policies = policies
        var places = places
        policies.insert(policy, at: at)
        places.insert(place, at: at)
        guard policies.count > Chunk.maximumCount else { return (Chunk(policies, places), nil) }
        let half = policies.count / 2
        return (Chunk(Array(policies[..<half]), Array(places[..<half])), Chunk(Array(policies[half...]), Array(places[half...])))
    }

    /// The chunk without the policy at a place; nil when nothing is left.
    func removing(_ place: Int) -> Chunk? {
        guard let at = entries.firstIndex(where: { $0.place == place }) else { return self }
        guard policies.count > 1 else { return nil }
        var policies = policies
        var places = places
        policies.remove(at: at)
        places.remove(at: at)
        return Chunk(policies, places)
    }
}

/// One decision for each policy. All outcomes and the states of all clauses are there; what a decision says beyond that is made when it
/// is asked.
package struct Decisions: Sendable, RandomAccessCollection {
    private enum Found: Sendable {
        case each([Decision])
        case together([PolicySet.Neighbours], EvaluationInput, states: [UInt8], [Place])
    }

    private struct Place: Sendable {
        let run: Int32
        let index: Int32
        let base: Int
        let outcome: Decision.Outcome
        let standing: Decision.Standing
    }

    private let found: Found

    package var startIndex: Int { 0 }
    package var endIndex: Int {
        switch found {
        case .each(let decisions): decisions.count
        case .together(_, _, _, let places): places.count
        }
    }

    package subscript(position: Int) -> Decision {
        switch found {
        case .each(let decisions): return decisions[position]
        case .together(let runs, let input, let states, let places):
            let place = places[position]
            let policy = runs[Int(place.run)].chunk.policies[Int(place.index)]
            return Decision(
                outcome: place.outcome, evaluated: Evaluated(policy, input, states: states, from: place.base), standing: place.standing)
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

    fileprivate init(_ runs: [PolicySet.Neighbours], _ input: EvaluationInput) {
        var evaluator = Evaluator(input)
        var count = 0
        var policies = 0
        for run in runs {
            policies += run.range.count
            for index in run.range { count += run.chunk.entries[index].layout.entryCount }
        }
        var states = [UInt8](repeating: 0, count: count)
        var places: [Place] = []
        places.reserveCapacity(policies)
        var base = 0
        for (number, run) in runs.enumerated() {
            let chunk = run.chunk
            evaluator.run(chunk.policies, chunk.program, chunk.entries, run.range, into: &states, from: base)
            for index in run.range {
                let layout = chunk.entries[index].layout
                let (outcome, standing) =
                    Evaluated.settled(layout, chunk.program, input, states, from: base)
                    ?? Evaluated(chunk.policies[index], input, states: states, from: base).decision
                places.append(
                    Place(run: Int32(number), index: Int32(index), base: base, outcome: outcome, standing: standing))
                base += layout.entryCount
            }
        }
        found = .together(runs, input, states: states, places)
    }

    /// The first that permits.
    package var permitting: Decision? { indices.first { outcome(at: $0) == .permit }.map { self[$0] } }
}

/// What a policy is about, for the index: target × party, and the actions.
private enum PolicyScope {
    private static let anything = 0
    /// Beyond so many pairs of target and party a rule is found by its targets alone.
    private static let maximumPairs = 256

    static func keys(_ policy: PreparedPolicy) -> Set<Int> {
        var keys: Set<Int> = []
        for rule in policy.rules {
            let targets = PolicyScope.names(policy, rule.premises.targets)
            var parties = PolicyScope.names(policy, rule.premises.parties)
            if targets.count * parties.count > PolicyScope.maximumPairs { parties = [PolicyScope.anything] }
            for target in targets {
                for party in parties { keys.insert(PolicyScope.key(target, party)) }
            }
        }
        // What a policy inherits from one that is not at hand may be about anything.
        if !policy.unresolvedParents.isEmpty { keys.insert(PolicyScope.key(PolicyScope.anything, PolicyScope.anything)) }
        return keys
    }

    static func actions(_ policy: PreparedPolicy) -> NamedActions {
        guard policy.unresolvedParents.isEmpty else { return NamedActions(-1) }
        var actions = NamedActions()
        for rule in policy.rules {
            if rule.premises.actions.isEmpty { actions.insert(-1) }
            for action in rule.premises.actions.range { actions.insert(policy.matchers[action].action) }
        }
        return actions
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
