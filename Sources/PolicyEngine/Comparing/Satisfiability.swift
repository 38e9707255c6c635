// SPDX-License-Identifier: Apache-2.0

/// Whether some request makes a formula true. Axes do not touch each other, so a conjunction of clauses is decided axis by axis; only
/// alternatives that reach over several axes, or over sets of values, are searched.
struct Satisfiability {
    enum Answer {
        case unsatisfiable
        case satisfiable(Model)
        /// The search was given up.
        case undecided
    }

    /// Values for each axis that a clause speaks about, as classes, and the facts that matter.
    struct Model {
        fileprivate(set) var classes: [Int: [Int]] = [:]
        fileprivate(set) var facts: [Int: Bool] = [:]
    }

    private let axes: [Axis]
    /// Facts that bring others with them: a kind of one of few is a kind of one of more.
    private let implications: [Int: [Int]]
    private let factCount: Int
    private var budget: Int

    private struct Exhausted: Error {}

    init(axes: [Axis], facts: [Fact], budget: Int) {
        self.axes = axes
        self.budget = budget
        factCount = facts.count
        var implications: [Int: [Int]] = [:]
        for (narrow, first) in facts.enumerated() {
            guard case .kind(let axis, let few) = first else { continue }
            for (wide, second) in facts.enumerated() where wide != narrow {
                if case .kind(axis, let more) = second, few.isSubset(of: more) { implications[narrow, default: []].append(wide) }
            }
        }
        self.implications = implications
    }

    mutating func solve(_ formula: Formula) -> Answer {
        do {
            var state = State(axes)
            var clauses: [[Formula]] = []
            guard add(formula, to: &state, &clauses), let found = try search(state, clauses) else { return .unsatisfiable }
            return .satisfiable(model(found))
        } catch {
            return .undecided
        }
    }

    // MARK: What is known of one axis

    private struct Possible {
        /// Values that may stand alone.
        var single: BitSet
        /// Values that the set may be made of,
        var plural: BitSet
        /// and of each of these it must have one.
        var demands: [BitSet] = []
        var isTouched = false

        init(_ axis: Axis) {
            single = axis.single
            plural = axis.plural
        }

        var isEmpty: Bool { single.isEmpty && plural.isEmpty }

        mutating func restrict(_ set: BitSet) {
            single.formIntersection(set)
            plural.formIntersection(set)
            settle()
        }

        mutating func demand(_ set: BitSet) {
            single.formIntersection(set)
            if !plural.isEmpty { demands.append(set) }
            settle()
        }

        private mutating func settle() {
            isTouched = true
            if plural.isEmpty || demands.contains(where: { !$0.intersects(plural) }) {
                plural = BitSet(count: plural.count)
                demands = []
            }
        }

        func allows(all set: BitSet) -> Bool {
            single.intersects(set)
                || (plural.intersects(set) && demands.allSatisfy { $0.intersects(set, within: plural) })
        }

        func allows(some set: BitSet) -> Bool { single.intersects(set) || plural.intersects(set) }

        func implies(all set: BitSet) -> Bool { single.isSubset(of: set) && plural.isSubset(of: set) }

        func implies(some set: BitSet) -> Bool {
            single.isSubset(of: set)
                && (plural.isSubset(of: set) || demands.contains { $0.isSubset(of: set, within: plural) })
        }
    }

    private struct State {
        var axes: [Possible]
        var facts: [Int: Bool] = [:]

        init(_ axes: [Axis]) { self.axes = axes.map(Possible.init) }
    }

    // MARK: Search

    /// Takes `formula` into the state; alternatives become clauses. False when it contradicts what is known.
    private func add(_ formula: Formula, to state: inout State, _ clauses: inout [[Formula]]) -> Bool {
        switch formula {
        case .constant(let value): return value
        case .all(let axis, let set):
            state.axes[axis].restrict(set)
            return !state.axes[axis].isEmpty
        case .some(let axis, let set):
            state.axes[axis].demand(set)
            return !state.axes[axis].isEmpty
        case .fact(let fact, let value):
            if let known = state.facts[fact] { return known == value }
            state.facts[fact] = value
            if value { return (implications[fact] ?? []).allSatisfy { add(.fact($0, true), to: &state, &clauses) } }
            return implications.allSatisfy { narrow, wide in
                !wide.contains(fact) || add(.fact(narrow, false), to: &state, &clauses)
            }
        case .every(let parts):
            for part in parts where !add(part, to: &state, &clauses) { return false }
            return true
        case .any(let parts):
            clauses.append(parts)
            return true
        }
    }

    private mutating func search(_ start: State, _ open: [[Formula]]) throws(Exhausted) -> State? {
        var state = start
        var clauses = open
        guard try propagate(&state, &clauses), try settleIndependent(&state, &clauses) else { return nil }
        guard let chosen = clauses.indices.min(by: { clauses[$0].count < clauses[$1].count }) else { return state }
        let alternatives = clauses.remove(at: chosen)
        for alternative in alternatives {
            var next = state
            var rest = clauses
            if add(alternative, to: &next, &rest), let found = try search(next, rest) { return found }
        }
        return nil
    }

    /// Drops alternatives that can no longer hold and clauses that hold anyway, and takes the last alternative of a clause as given.
    private mutating func propagate(_ state: inout State, _ clauses: inout [[Formula]]) throws(Exhausted) -> Bool {
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            var open: [[Formula]] = []
            for clause in clauses {
                var count = 0
                var holds = false
                for alternative in clause {
                    try spend(alternative)
                    if isImplied(alternative, state) {
                        holds = true
                        break
                    }
                    if isPossible(alternative, state) { count += 1 }
                }
                if holds { continue }
                if count == 0 { return false }
                if count == clause.count, count > 1 {
                    open.append(clause)
                    continue
                }
                let alternatives = clause.filter { isPossible($0, state) }
                if count > 1 {
                    open.append(alternatives)
                } else {
                    guard add(alternatives[0], to: &state, &open) else { return false }
                    hasChanged = true
                }
            }
            clauses = open
        }
        return true
    }

    /// Takes an alternative as given when no other clause can suffer from it: they are about other axes, or only ask that one more value
    /// be among those of a set, which takes nothing away.
    private mutating func settleIndependent(_ state: inout State, _ clauses: inout [[Formula]]) throws(Exhausted) -> Bool {
        var hasChanged = true
        while hasChanged, !clauses.isEmpty {
            hasChanged = false
            var touched = Touched(axes: axes.count, facts: factCount)
            for clause in clauses {
                touched.clause += 1
                for alternative in clause {
                    try spend(alternative)
                    touched.touch(alternative)
                }
            }
            var open: [[Formula]] = []
            for clause in clauses {
                var isSettled = false
                for alternative in clause {
                    guard let literals = literals(alternative) else { continue }
                    let isFree = literals.allSatisfy { literal in
                        switch literal {
                        case .all(let axis, _): touched.axes[axis] == 1
                        case .some(let axis, _):
                            touched.axes[axis] == 1 || (!touched.isNarrowed[axis] && state.axes[axis].single.isEmpty)
                        case .fact(let fact, _): touched.facts[fact] == 1 && implications.isEmpty
                        default: false
                        }
                    }
                    guard isFree else { continue }
                    var next = state
                    var none: [[Formula]] = []
                    if add(alternative, to: &next, &none) {
                        state = next
                        isSettled = true
                        break
                    }
                }
                if isSettled { hasChanged = true } else { open.append(clause) }
            }
            clauses = open
        }
        return true
    }

    /// How many clauses speak of each axis and fact, and which axes some of them would narrow.
    private struct Touched {
        var clause = 0
        private(set) var axes: [Int]
        private(set) var facts: [Int]
        private(set) var isNarrowed: [Bool]
        private var lastOfAxis: [Int]
        private var lastOfFact: [Int]

        init(axes: Int, facts: Int) {
            self.axes = [Int](repeating: 0, count: axes)
            self.facts = [Int](repeating: 0, count: facts)
            isNarrowed = [Bool](repeating: false, count: axes)
            lastOfAxis = self.axes
            lastOfFact = self.facts
        }

        mutating func touch(_ formula: Formula) {
            switch formula {
            case .constant: break
            case .all(let axis, _):
                isNarrowed[axis] = true
                count(axis)
            case .some(let axis, _): count(axis)
            case .fact(let fact, _):
                if lastOfFact[fact] != clause { facts[fact] += 1 }
                lastOfFact[fact] = clause
            case .every(let parts), .any(let parts): for part in parts { touch(part) }
            }
        }

        private mutating func count(_ axis: Int) {
            if lastOfAxis[axis] != clause { axes[axis] += 1 }
            lastOfAxis[axis] = clause
        }
    }

    private func literals(_ formula: Formula) -> [Formula]? {
        switch formula {
        case .all, .some, .fact: return [formula]
        case .every(let parts):
            let all = parts.compactMap(literals)
            return all.count == parts.count ? all.flatMap { $0 } : nil
        case .any, .constant: return nil
        }
    }

    private func isPossible(_ formula: Formula, _ state: State) -> Bool {
        switch formula {
        case .constant(let value): value
        case .all(let axis, let set): state.axes[axis].allows(all: set)
        case .some(let axis, let set): state.axes[axis].allows(some: set)
        case .fact(let fact, let value): state.facts[fact].map { $0 == value } ?? true
        case .every(let parts): parts.allSatisfy { isPossible($0, state) }
        case .any(let parts): parts.contains { isPossible($0, state) }
        }
    }

    private func isImplied(_ formula: Formula, _ state: State) -> Bool {
        switch formula {
        case .constant(let value): value
        case .all(let axis, let set): state.axes[axis].implies(all: set)
        case .some(let axis, let set): state.axes[axis].implies(some: set)
        case .fact(let fact, let value): state.facts[fact] == value
        case .every(let parts): parts.allSatisfy { isImplied($0, state) }
        case .any(let parts): parts.contains { isImplied($0, state) }
        }
    }

    private mutating func spend(_ formula: Formula) throws(Exhausted) {
        switch formula {
        case .all(_, let set), .some(_, let set): budget -= 4 + set.words.count
        case .every(let parts), .any(let parts): for part in parts { try spend(part) }
        case .constant, .fact: budget -= 1
        }
        if budget < 0 { throw Exhausted() }
    }

    // MARK: Model

    private func model(_ state: State) -> Model {
        var model = Model()
        model.facts = state.facts
        for (index, possible) in state.axes.enumerated() {
            // Every axis gets a value, also one that alternatives left open.
            if let value = possible.single.first {
                model.classes[index] = [value]
                continue
            }
            var chosen: [Int] = []
            for demand in possible.demands where !chosen.contains(where: demand.contains) {
                if let value = demand.intersection(possible.plural).first { chosen.append(value) }
            }
            if chosen.isEmpty, let value = possible.plural.first { chosen = [value] }
            model.classes[index] = chosen.sorted()
        }
        return model
    }
}
