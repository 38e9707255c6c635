// SPDX-License-Identifier: Apache-2.0

/// A statement about a request, before it is known which values tell anything apart.
indirect enum Statement: Sendable {
    case constant(Bool)
    case atom(Int)
    /// A fact beside the values: whether a party is in a collection, or what a value is a kind of.
    case fact(Int)
    case every([Statement])
    case any([Statement])
    case exactlyOne([Statement])
    case not(Statement)
}

/// The same in negation normal form over the classes of each axis.
indirect enum Formula: Sendable {
    case constant(Bool)
    /// Every value of the axis is in the set.
    case all(Int, BitSet)
    /// Some value of the axis is in the set.
    case some(Int, BitSet)
    case fact(Int, Bool)
    case every([Formula])
    case any([Formula])
}

/// Something about a request that its values do not tell.
enum Fact: Hashable, Sendable {
    case member(AxisKey.Subject, of: String)
    /// Every value of the axis is a kind of one of these.
    case kind(AxisKey, of: Set<String>)
    /// A clause whose truth nothing here decides: a reference to values elsewhere, or an operator that nobody knows.
    case opaque(String)
}

/// Collects the clauses of policies, then splits each axis where they do.
struct StatementSpace {
    let hierarchy: Hierarchy
    /// Whether values may lack a unit that all clauses name.
    let withoutUnit: Bool
    private(set) var keys: [AxisKey] = []
    private(set) var facts: [Fact] = []
    private var indexes: [AxisKey: Int] = [:]
    private var factIndexes: [Fact: Int] = [:]
    private var rights: [[PolicyValue]] = []
    private var names: [Set<String>] = []
    /// Axes that a clause takes for sets although their values usually come alone.
    private var isSet: [Bool] = []
    private var atoms: [(axis: Int, test: Test)] = []
    /// What a hierarchy brings in below and above a name, looked up once.
    private var below: [String: Set<String>] = [:]
    private var above: [String: Set<String>] = [:]

    private enum Test {
        case constraint(Operator, [PolicyValue])
        case isAction(IRI)
        case isNamed(String)
    }

    init(hierarchy: Hierarchy, withoutUnit: Bool) {
        self.hierarchy = hierarchy
        self.withoutUnit = withoutUnit
    }

    /// About how many words of memory the sets of all atoms take.
    var size: Int { atoms.reduce(0) { $0 + (2 * rights[$1.axis].count + names[$1.axis].count) / 64 + 8 } }

    // MARK: Collecting

    mutating func fact(_ fact: Fact) -> Statement {
        if let index = factIndexes[fact] { return .fact(index) }
        factIndexes[fact] = facts.count
        facts.append(fact)
        return .fact(facts.count - 1)
    }

    mutating func isAction(_ action: IRI) -> Statement {
        let axis = axis(AxisKey(subject: .action))
        rights[axis].append(.text(action.description))
        return atom(axis, .isAction(action))
    }

    mutating func isNamed(_ subject: AxisKey.Subject, _ name: String) -> Statement {
        let axis = axis(AxisKey(subject: subject))
        rights[axis].append(.text(name))
        return atom(axis, .isNamed(name))
    }

    mutating func compare(_ subject: AxisKey.Subject, _ operation: Operator, _ values: [PolicyValue]) -> Statement {
        guard !values.isEmpty else { return .constant(operation == .isNoneOf) }
        let axis = axis(AxisKey(subject: subject))
        rights[axis] += values
        switch operation {
        case .isAllOf, .hasPart:
            if Set(values).count > 1 { isSet[axis] = true }
            if operation == .hasPart {
                for name in values.compactMap(\.key) where above[name] == nil { above[name] = hierarchy.above(name) }
                for name in values.compactMap(\.key) { names[axis].formUnion(above[name] ?? []) }
            }
            return .every(values.map { atom(axis, .constraint(operation, [$0])) })
        case .isPartOf:
            for name in values.compactMap(\.key) where below[name] == nil { below[name] = hierarchy.below(name) }
            for name in values.compactMap(\.key) { names[axis].formUnion(below[name] ?? []) }
        case .isA:
            // Nothing says what a value is a kind of, so it may be any. But values without a name are of no kind.
            let fact = fact(.kind(keys[axis], of: Set(values.compactMap(\.key))))
            return .every([atom(axis, .constraint(.isA, values)), fact])
        default: break
        }
        return atom(axis, .constraint(operation, values))
    }

    private mutating func axis(_ key: AxisKey) -> Int {
        if let index = indexes[key] { return index }
        indexes[key] = keys.count
        keys.append(key)
        rights.append([])
        names.append([])
        isSet.append(false)
        return keys.count - 1
    }

    private mutating func atom(_ axis: Int, _ test: Test) -> Statement {
        atoms.append((axis, test))
        return .atom(atoms.count - 1)
    }

    // MARK: Splitting

    /// The axes, and for each atom its formula.
    func split() -> (axes: [Axis], atoms: [Formula]) {
        let axes = keys.indices.map { index in
            let more = keys[index].subject == .action ? Actions.narrower(than: rights[index]) : names[index]
            return Axis(keys[index], rights: rights[index], names: more, withoutUnit: withoutUnit, isSet: isSet[index])
        }
        var actions: [IRI: BitSet] = [:]
        var related: [Related: BitSet] = [:]
        let formulas = atoms.map { atom -> Formula in
            let axis = axes[atom.axis]
            switch atom.test {
            case .isNamed(let name): return .all(atom.axis, axis.equal(to: [.text(name)]))
            case .isAction(let action):
                let set = actions[action] ?? axis.names { ActionHierarchy.standard.reaches(IRI($0), action) }
                actions[action] = set
                return .all(atom.axis, set)
            case .constraint(let operation, let values): return formula(operation, values, axis, atom.axis, &related)
            }
        }
        return (axes, formulas)
    }

    /// Rule 7 of `policy evaluate`, for a set of values that is not empty.
    private func formula(
        _ operation: Operator, _ values: [PolicyValue], _ axis: Axis, _ index: Int, _ related: inout [Related: BitSet]
    ) -> Formula {
        switch operation {
        case .eq: return .all(index, axis.equal(to: values))
        case .neq: return .all(index, axis.different(from: values))
        case .lt, .lteq, .gt, .gteq: return .all(index, axis.ordered(operation, values))
        case .isAnyOf, .isAllOf: return .some(index, axis.equal(to: values))
        case .isNoneOf: return .all(index, axis.equal(to: values).complement)
        case .isPartOf, .hasPart:
            let set = values.reduce(axis.equal(to: values)) { set, value in
                guard let name = value.key else { return set }
                let key = Related(axis: index, isBelow: operation == .isPartOf, name: name)
                if related[key] == nil {
                    let reached = (key.isBelow ? below : above)[name] ?? []
                    related[key] = axis.names { reached.contains($0) }
                }
                return related[key].map(set.union) ?? set
            }
            return operation == .isPartOf ? .all(index, set) : .some(index, set)
        case .isA: return .all(index, axis.names { _ in true })
        }
    }

    private struct Related: Hashable {
        let axis: Int
        let isBelow: Bool
        let name: String
    }
}

/// Of all known actions one for each way in which they fall under those that rules name.
private enum Actions {
    private static let known: [(name: String, reached: BitSet)] = ActionHierarchy.standard.known.sorted().compactMap { action in
        ActionNumbers.reached(from: action).map { (action.description, $0) }
    }

    private static let count = known.first?.reached.count ?? 0

    static func narrower(than named: [PolicyValue]) -> Set<String> {
        var meant = BitSet(count: count)
        let numbers = named.compactMap { $0.key.map { Int(ActionNumbers.number(of: IRI($0))) } }.filter { $0 >= 0 }
        for number in numbers { meant.insert(number) }
        // What is under none of them is like an action that nobody knows.
        var seen: Set<BitSet> = [BitSet(count: count)]
        for value in named {
            if let reached = value.key.flatMap({ ActionNumbers.reached(from: IRI($0)) }) { seen.insert(reached.intersection(meant)) }
        }
        return Set(known.filter { seen.insert($0.reached.intersection(meant)).inserted }.map(\.name))
    }
}

/// Turns statements into formulas; stops when they grow beyond all measure.
struct FormulaBuilder {
    let axes: [Axis]
    let atoms: [Formula]
    private(set) var budget: Int

    struct TooLarge: Error {}

    init(_ space: StatementSpace, budget: Int) {
        (axes, atoms) = space.split()
        self.budget = budget
    }

    mutating func formula(_ statement: Statement, _ isTrue: Bool = true) throws(TooLarge) -> Formula {
        budget -= 1
        guard budget > 0 else { throw TooLarge() }
        switch statement {
        case .constant(let value): return .constant(value == isTrue)
        case .atom(let index): return normal(isTrue ? atoms[index] : negated(atoms[index]))
        case .fact(let index): return .fact(index, isTrue)
        case .not(let inner): return try formula(inner, !isTrue)
        case .every(let parts), .any(let parts):
            var formulas: [Formula] = []
            formulas.reserveCapacity(parts.count)
            for part in parts { formulas.append(try formula(part, isTrue)) }
            if case .every = statement { return isTrue ? every(formulas) : any(formulas) }
            return isTrue ? any(formulas) : every(formulas)
        case .exactlyOne(let parts):
            var positive: [Formula] = []
            var negative: [Formula] = []
            for part in parts {
                positive.append(try formula(part, true))
                negative.append(try formula(part, false))
            }
            return try exactlyOne(positive, negative, isTrue)
        }
    }

    private mutating func exactlyOne(
        _ positive: [Formula], _ negative: [Formula], _ isTrue: Bool
    ) throws(TooLarge) -> Formula {
        if let merged = onOneAxis(positive) {
            var once = BitSet(count: merged.sets[0].count)
            var more = once
            for set in merged.sets {
                more.formUnion(once.intersection(set))
                once.formUnion(set)
            }
            once.formIntersection(more.complement)
            return normal(.all(merged.axis, isTrue ? once : once.complement))
        }
        budget -= positive.count * positive.count
        guard budget > 0 else { throw TooLarge() }
        if isTrue {
            return any(
                positive.indices.map { chosen in every(positive.indices.map { $0 == chosen ? positive[$0] : negative[$0] }) })
        }
        var cases = [every(negative)]
        for first in positive.indices {
            for second in positive.indices where second > first { cases.append(every([positive[first], positive[second]])) }
        }
        return any(cases)
    }

    private func onOneAxis(_ formulas: [Formula]) -> (axis: Int, sets: [BitSet])? {
        var sets: [BitSet] = []
        var common: Int?
        for formula in formulas {
            guard case .all(let axis, let set) = formula, axes[axis].isSingleOnly, common == nil || common == axis else { return nil }
            common = axis
            sets.append(set)
        }
        return common.map { ($0, sets) }
    }

    /// Where there is one value only, *some* and *all* are the same.
    private func normal(_ formula: Formula) -> Formula {
        switch formula {
        case .some(let axis, let set) where axes[axis].isSingleOnly: return normal(.all(axis, set))
        case .all(_, let set), .some(_, let set):
            if set.isEmpty { return .constant(false) }
            return set.complement.isEmpty ? .constant(true) : formula
        default: return formula
        }
    }

    private func negated(_ formula: Formula) -> Formula {
        switch formula {
        case .all(let axis, let set): .some(axis, set.complement)
        case .some(let axis, let set): .all(axis, set.complement)
        case .constant(let value): .constant(!value)
        // Atoms are of the forms above.
        case .fact, .every, .any: formula
        }
    }

    /// A conjunction. What all values must be is one set for each axis.
    func every(_ parts: [Formula]) -> Formula {
        var rest: [Formula] = []
        var sets: [Int: BitSet] = [:]
        for part in parts {
            switch part {
            case .constant(false): return part
            case .constant(true): break
            case .all(let axis, let set): sets[axis] = sets[axis]?.intersection(set) ?? set
            case .every(let inner):
                for part in inner {
                    if case .all(let axis, let set) = part { sets[axis] = sets[axis]?.intersection(set) ?? set } else { rest.append(part) }
                }
            default: rest.append(part)
            }
        }
        for axis in sets.keys.sorted() {
            guard let set = sets[axis] else { continue }
            let merged = normal(.all(axis, set))
            if case .constant(let value) = merged {
                if !value { return merged }
            } else {
                rest.append(merged)
            }
        }
        return rest.isEmpty ? .constant(true) : rest.count == 1 ? rest[0] : .every(rest)
    }

    /// A disjunction. What some value must be is one set for each axis.
    func any(_ parts: [Formula]) -> Formula {
        var rest: [Formula] = []
        var sets: [Int: BitSet] = [:]
        func merge(_ part: Formula) -> Bool {
            switch part {
            case .some(let axis, let set): sets[axis] = sets[axis]?.union(set) ?? set
            case .all(let axis, let set) where axes[axis].isSingleOnly: sets[axis] = sets[axis]?.union(set) ?? set
            default: return false
            }
            return true
        }
        for part in parts {
            switch part {
            case .constant(true): return part
            case .constant(false): break
            case .any(let inner): for part in inner where !merge(part) { rest.append(part) }
            default: if !merge(part) { rest.append(part) }
            }
        }
        for axis in sets.keys.sorted() {
            guard let set = sets[axis] else { continue }
            let merged = normal(.some(axis, set))
            if case .constant(let value) = merged {
                if value { return merged }
            } else {
                rest.append(merged)
            }
        }
        return rest.isEmpty ? .constant(false) : rest.count == 1 ? rest[0] : .any(rest)
    }
}
