// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// Looks for the smallest repair of a refusal.
///
/// A refusal is a formula over the clauses, premises and duties that stand in the way: a permit needs one permission without an obstacle
/// and no prohibition that applies. The least sets of obstacles whose removal makes the formula true are its minimal hitting sets: all of
/// them up to `exactAtoms` obstacles, one found greedily beyond. The cheapest set first, each is turned into values and put to the
/// evaluator, so that side effects on other rules are seen; what the evaluator then permits is the repair.
struct RepairSearch {
    static let exactAtoms = 20
    private static let maximumSets = 4096
    private static let maximumItems = 64

    private let policy: Policy
    private let whole: Policy
    private let request: PolicyRequest
    private let world: PolicyWorld
    private let point: EvaluationPoint
    private let options: EvaluationOptions
    /// Questions to the evaluator that are left: fewer for a large policy, so that an explanation ends in bounded time.
    private var evaluations: Int
    private var atoms: [Atom] = []
    private var atomIndex: [AtomKey: Int] = [:]

    init(
        policy: Policy, whole: Policy, request: PolicyRequest, world: PolicyWorld, point: EvaluationPoint, options: EvaluationOptions
    ) {
        self.policy = policy
        self.whole = whole
        self.request = request
        self.world = world
        self.point = point
        self.options = options
        let size = whole.permissions.reduce(0) { $0 + 1 + $1.terms.constraints.count + $1.duties.count } + whole.prohibitions.count
        evaluations = max(12, min(800, 40_000 / max(1, size)))
    }

    // MARK: Obstacles

    private struct AtomKey: Hashable {
        let rule: Int
        let pointer: JSONPointer
        let kind: Int
        let wanted: Bool
    }

    /// One thing that must become true, or false.
    private struct Atom {
        let key: AtomKey
        /// What is changed; atoms of one group are changed together.
        let group: Group
        let changer: Repair.Changer
        let means: Repair.Means
        let isPossible: Bool
        let clause: Explanation.Clause?
        let premise: Explanation.Premise?
        let duty: Explanation.DutyLine?
        let rule: Explanation.Rule?
        let wanted: Bool

        var cost: Int {
            if !isPossible { return 1_000_000 }
            return switch means {
            case .state: 1
            case .credential, .fulfil: 2
            case .confirm, .wait: 3
            case .act: 4
            case .terms, .undisclosed: 5
            }
        }
    }

    private enum Group: Hashable {
        case operand(IRI)
        case time
        case action
        case duty(Int, JSONPointer)
        case fixed(Int, JSONPointer)

        var order: Int {
            switch self {
            case .operand: 0
            case .action: 1
            case .duty: 2
            case .time: 3
            case .fixed: 4
            }
        }
    }

    private mutating func atom(_ make: Atom) -> Int {
        if let known = atomIndex[make.key] { return known }
        atoms.append(make)
        atomIndex[make.key] = atoms.count - 1
        return atoms.count - 1
    }

    /// Alternatives, each a sorted set of obstacles to remove. `[[]]` is nothing to do, `[]` is no way.
    private typealias Family = [[Int]]
    private static let done: Family = [[]]

    /// The formula as a tree, built once and read by the exact and by the greedy search.
    private indirect enum Goal {
        case done
        case never
        case atom(Int)
        case all([Goal])
        case any([Goal])

        static func every(_ goals: [Goal]) -> Goal {
            let open = goals.filter { if case .done = $0 { false } else { true } }
            if open.contains(where: { if case .never = $0 { true } else { false } }) { return .never }
            return open.isEmpty ? .done : open.count == 1 ? open[0] : .all(open)
        }

        static func some(_ goals: [Goal]) -> Goal {
            let open = goals.filter { if case .never = $0 { false } else { true } }
            if open.contains(where: { if case .done = $0 { true } else { false } }) { return .done }
            return open.isEmpty ? .never : open.count == 1 ? open[0] : .any(open)
        }
    }

    private mutating func goal(_ rules: [Explanation.Rule]) -> Goal {
        var permissions: [Goal] = []
        var prohibitions: [Goal] = []
        for (index, rule) in rules.enumerated() {
            switch rule.kind {
            case .permission: permissions.append(permit(rule, index))
            case .prohibition: prohibitions.append(lift(rule, index))
            case .obligation: break
            }
        }
        let isPermitted = options.behaviour == .open ? Goal.done : Goal.some(permissions)
        return whole.conflict == .perm && options.behaviour == .closed ? isPermitted : Goal.every([isPermitted] + prohibitions)
    }

    /// What makes a permission apply.
    private mutating func permit(_ rule: Explanation.Rule, _ index: Int) -> Goal {
        if rule.applies == .satisfied || isLeftOpen(rule) { return .done }
        var goals: [Goal] = []
        for premise in rule.premises where premise.state != .satisfied { goals.append(.atom(self.premise(premise, rule, index, true))) }
        // Refinements of a collection are part of the premise; those of the action are the request's.
        for clause in rule.refinements where clause.subject == .request { goals.append(want(clause, true, rule, index)) }
        for clause in rule.clauses { goals.append(want(clause, true, rule, index)) }
        for duty in rule.duties where blocks(duty) {
            let undue = duty.clauses.isEmpty ? Goal.never : Goal.some(duty.clauses.map { want($0, false, rule, index) })
            goals.append(.some([.atom(self.duty(duty, rule, index)), undue]))
        }
        return .every(goals)
    }

    /// What keeps a prohibition from applying.
    private mutating func lift(_ rule: Explanation.Rule, _ index: Int) -> Goal {
        if rule.applies == .unsatisfied || isLeftOpen(rule) { return .done }
        var goals: [Goal] = []
        for premise in rule.premises where premise.kind == .action { goals.append(.atom(self.premise(premise, rule, index, false))) }
        for clause in rule.refinements where clause.subject == .request { goals.append(want(clause, false, rule, index)) }
        for clause in rule.clauses { goals.append(want(clause, false, rule, index)) }
        if goals.isEmpty { goals.append(.atom(fixed(rule, index))) }
        return .some(goals)
    }

    /// What only a later point tests does not stand in the way here.
    private func isLeftOpen(_ rule: Explanation.Rule) -> Bool {
        guard rule.applies == .undetermined else { return false }
        if !point.isEnforced { return true }
        guard point != .use else { return false }
        let open = (rule.clauses + rule.refinements + rule.duties.flatMap(\.clauses)).flatMap(\.leaves).filter { $0.state == .undetermined }
        return !open.isEmpty && open.allSatisfy { $0.source == .deferred }
    }

    private func blocks(_ duty: Explanation.DutyLine) -> Bool {
        if duty.state == .fulfilled || duty.activation == .unsatisfied { return false }
        return switch options.conditionMode {
        case .pre: true
        case .eventual: duty.state == .violated
        case .perDuty: duty.phase == .before || duty.state == .violated
        }
    }

    private mutating func want(_ clause: Explanation.Clause, _ wanted: Bool, _ rule: Explanation.Rule, _ index: Int) -> Goal {
        switch clause.state {
        case .elsewhere, nil: return wanted ? .done : .never
        case .satisfied where wanted: return .done
        case .unsatisfied where !wanted: return .done
        case .undetermined where !point.isEnforced: return .done
        case .undetermined where clause.logical == nil && clause.source == .deferred && point != .use: return wanted ? .done : .never
        default: break
        }
        guard let logical = clause.logical else { return .atom(self.clause(clause, wanted, rule, index)) }
        let parts = clause.parts.filter { $0.state != .elsewhere }
        switch (logical, wanted) {
        case (.and, true), (.andSequence, true), (.or, false): return .every(parts.map { want($0, wanted, rule, index) })
        case (.and, false), (.andSequence, false), (.or, true): return .some(parts.map { want($0, wanted, rule, index) })
        case (.xone, true):
            // Exactly one: each part in turn with all the others out.
            guard parts.count <= 16 else { return .never }
            return .some(
                parts.indices.map { chosen in .every(parts.indices.map { want(parts[$0], $0 == chosen, rule, index) }) })
        case (.xone, false):
            guard parts.count <= 16 else { return .never }
            let none = Goal.every(parts.map { want($0, false, rule, index) })
            let pairs = parts.indices.flatMap { first in
                parts.indices.filter { $0 > first }.map { [first, $0] }
            }
            return .some([none] + pairs.map { .every($0.map { want(parts[$0], true, rule, index) }) })
        }
    }

    private mutating func premise(_ premise: Explanation.Premise, _ rule: Explanation.Rule, _ index: Int, _ wanted: Bool) -> Int {
        let isAction = premise.kind == .action
        let kind = isAction ? 1 : premise.kind == .target ? 2 : 3
        return atom(
            Atom(
                key: AtomKey(rule: index, pointer: rule.pointer, kind: kind, wanted: wanted),
                group: isAction ? .action : .fixed(kind, rule.pointer), changer: isAction ? .requester : .provider,
                means: isAction ? .act : .terms, isPossible: isAction, clause: nil, premise: premise, duty: nil, rule: rule, wanted: wanted)
        )
    }

    private mutating func fixed(_ rule: Explanation.Rule, _ index: Int) -> Int {
        atom(
            Atom(
                key: AtomKey(rule: index, pointer: rule.pointer, kind: 4, wanted: false), group: .fixed(4, rule.pointer),
                changer: .provider, means: .terms, isPossible: false, clause: nil, premise: nil, duty: nil, rule: rule, wanted: false))
    }

    private mutating func duty(_ duty: Explanation.DutyLine, _ rule: Explanation.Rule, _ index: Int) -> Int {
        let isRequesters = duty.assignees.isEmpty || duty.assignees.contains(request.party ?? "")
        return atom(
            Atom(
                key: AtomKey(rule: index, pointer: duty.pointer, kind: 5, wanted: true), group: .duty(index, duty.pointer),
                changer: isRequesters ? .requester : .provider, means: .fulfil, isPossible: duty.state != .violated, clause: nil,
                premise: nil, duty: duty, rule: rule, wanted: true))
    }

    private mutating func clause(_ clause: Explanation.Clause, _ wanted: Bool, _ rule: Explanation.Rule, _ index: Int) -> Int {
        let operand = clause.leftOperand ?? ""
        let isReadable = clause.operation != nil && clause.leftOperand != nil && (!clause.right.isEmpty)
        let how =
            isReadable ? RepairRules.means(operand, clause, wanted: wanted, now: now) : (.nobody, .terms, false)
        let isTime = operand == Operand.dateTime || operand == Operand.elapsedTime
        return atom(
            Atom(
                key: AtomKey(rule: index, pointer: clause.pointer, kind: 0, wanted: wanted),
                group: !isReadable ? .fixed(0, clause.pointer) : isTime ? .time : .operand(operand), changer: how.0, means: how.1,
                isPossible: how.2, clause: clause, premise: nil, duty: nil, rule: rule, wanted: wanted))
    }

    private var now: Timestamp? {
        if case .instant(let moment)? = request.parameters[Operand.dateTime.description]?.first?.content { return moment.timestamp }
        return world.now
    }

    // MARK: Hitting sets

    mutating func repair(_ rules: [Explanation.Rule], unresolved: [String]) -> Repair {
        guard unresolved.isEmpty else { return refused(RepairRules.parents(unresolved)) }
        if point.isEnforced, policy.kind == .offer || policy.kind == .request { return refused(RepairRules.notAgreed()) }
        let goal = goal(rules)
        var sets = atoms.count <= RepairSearch.exactAtoms ? exact(goal) : greedy(goal)
        // Fewest changes first, and of those the easiest. A set that nobody can bring about comes last.
        sets = sets.map { (weight($0), $0) }.sorted { ($0.0.0, $0.0.1, $0.0.2) < ($1.0.0, $1.0.1, $1.0.2) }.map(\.1)
        for set in sets where set.allSatisfy({ atoms[$0].isPossible }) {
            guard evaluations > 0 else { break }
            if let changes = realize(set) { return repair(set, changes) }
        }
        guard let nearest = sets.first, !nearest.isEmpty else { return Repair(items: [], isPossible: false, omitted: 0, changes: []) }
        return repair(nearest, nil)
    }

    private func weight(_ set: [Int]) -> (Int, Int, Int) {
        let groups = Set(set.map { atoms[$0].group })
        return (set.count { !atoms[$0].isPossible }, groups.count, set.reduce(0) { $0 + min(atoms[$1].cost, 100) })
    }

    private func exact(_ goal: Goal) -> Family {
        switch goal {
        case .done: return RepairSearch.done
        case .never: return []
        case .atom(let index): return [[index]]
        case .any(let goals): return RepairSearch.minimal(goals.flatMap(exact))
        case .all(let goals):
            var family = RepairSearch.done
            for goal in goals {
                let next = exact(goal)
                var product: Family = []
                product.reserveCapacity(family.count * next.count)
                for left in family {
                    for right in next where product.count < 4 * RepairSearch.maximumSets { product.append(merged(left, right)) }
                }
                family = RepairSearch.minimal(product)
            }
            return family
        }
    }

    /// A thing cannot be made both true and false; the evaluator refuses such a set, which here only keeps its place.
    private func merged(_ left: [Int], _ right: [Int]) -> [Int] {
        if left.isEmpty { return right }
        if right.isEmpty { return left }
        return Set(left).union(right).sorted()
    }

    /// Without the sets that hold another one.
    private static func minimal(_ family: Family) -> Family {
        var kept: Family = []
        for set in Set(family).sorted(by: {
            ($0.count, $0.first ?? 0) < ($1.count, $1.first ?? 0) || ($0.count == $1.count && $0.lexicographicallyPrecedes($1))
        }) {
            guard kept.count < maximumSets else { break }
            if !kept.contains(where: { Set(set).isSuperset(of: $0) }) { kept.append(set) }
        }
        return kept
    }

    /// One way through each alternative: the cheapest. At the top, one for each permission.
    private func greedy(_ goal: Goal) -> Family {
        func cheapest(_ goal: Goal) -> [Int]? {
            switch goal {
            case .done: return []
            case .never: return nil
            case .atom(let index): return [index]
            case .all(let goals):
                var all: [Int] = []
                for goal in goals {
                    guard let next = cheapest(goal) else { return nil }
                    all += next
                }
                return all
            case .any(let goals):
                return goals.compactMap(cheapest).min { cost($0) < cost($1) }
            }
        }
        func cost(_ set: [Int]) -> Int { set.reduce(0) { $0 + atoms[$1].cost } }
        func unique(_ set: [Int]) -> [Int] { Set(set).sorted() }
        switch goal {
        case .any(let goals): return goals.compactMap(cheapest).sorted { cost($0) < cost($1) }.prefix(16).map(unique)
        case .all(let goals):
            guard case .any(let permissions)? = goals.first else { return cheapest(goal).map { [unique($0)] } ?? [] }
            guard let rest = cheapest(.all(Array(goals.dropFirst()))) else { return [] }
            return permissions.compactMap(cheapest).sorted { cost($0) < cost($1) }.prefix(16).map { unique($0 + rest) }
        default: return cheapest(goal).map { [unique($0)] } ?? []
        }
    }

    // MARK: Values

    /// Values that remove every obstacle of `set` and that the evaluator permits; nil when none were found.
    private mutating func realize(_ set: [Int]) -> [Repair.Change]? {
        let groups = Set(set.map { atoms[$0].group }).sorted { left, right in
            (left.order, set.firstIndex { atoms[$0].group == left } ?? 0) < (right.order, set.firstIndex { atoms[$0].group == right } ?? 0)
        }
        guard groups.count <= 12 else { return nil }
        return realize(set, groups[...], [])
    }

    private mutating func realize(_ set: [Int], _ groups: ArraySlice<Group>, _ changes: [Repair.Change]) -> [Repair.Change]? {
        guard let group = groups.first else { return changes }
        let wanted = set.filter { atoms[$0].group == group }
        var tried = 0
        for change in candidates(group, wanted, changes) {
            guard evaluations > 0, tried < 24 else { return nil }
            tried += 1
            let decision = evaluate(changes + [change])
            if groups.count == 1 {
                if decision.outcome == .permit || (!point.isEnforced && decision.isOpen) { return changes + [change] }
                continue
            }
            // With more to change, go on only where this one did its part.
            let reports = decision.rules
            guard wanted.allSatisfy({ holds(atoms[$0], in: reports) }) else { continue }
            if let found = realize(set, groups.dropFirst(), changes + [change]) { return found }
        }
        return nil
    }

    private mutating func evaluate(_ changes: [Repair.Change]) -> Decision {
        evaluations -= 1
        var request = request
        var world = world
        for change in changes { change.apply(to: &request, &world) }
        return policy.evaluate(request, in: world, at: point, options: options)
    }

    /// Whether the obstacle is gone in later reports, where its clause can be found there.
    private func holds(_ atom: Atom, in reports: [RuleReport]) -> Bool {
        guard let rule = atom.rule, let clause = atom.clause,
            let report = reports.first(where: { $0.pointer == rule.pointer && $0.kind == rule.kind && $0.name == rule.name })
        else { return true }
        let all = report.constraints + report.refinements + report.conditions.flatMap(\.constraints)
        guard let found = all.first(where: { $0.pointer == clause.pointer }) else { return true }
        return found.state == (atom.wanted ? .satisfied : .unsatisfied)
    }

    /// Values to try, the likeliest first.
    private func candidates(_ group: Group, _ wanted: [Int], _ changes: [Repair.Change]) -> [Repair.Change] {
        switch group {
        case .operand(let operand):
            return RepairRules.values(for: operand, in: whole, first: wanted.compactMap { atoms[$0].clause }, now: current(operand))
                .map { .parameter(operand, $0) }
        case .time:
            return RepairRules.moments(
                in: whole, first: wanted.compactMap { atoms[$0].clause }, now: now, elapsed: current(Operand.elapsedTime)
            ).map { .time($0) }
        case .action:
            var seen: Set<IRI> = request.action.map { [$0] } ?? []
            return (whole.permissions.flatMap(\.terms.actions).map(\.action) + [Action.read, Action.use]).filter {
                seen.insert($0).inserted
            }
            .map { .action($0) }
        case .duty(let index, let pointer):
            var at = now ?? Timestamp(milliseconds: 0)
            for case .time(let time) in changes { at = time }
            let permissions = whole.permissions
            guard index < permissions.count, let duty = permissions[index].duties.first(where: { $0.terms.pointer == pointer }) else {
                return []
            }
            return RepairRules.performances(of: duty, by: request, at: at).map { .performed($0) }
        case .fixed: return []
        }
    }

    private func current(_ operand: IRI) -> [PolicyValue] {
        atoms.lazy.compactMap(\.clause).first { $0.leftOperand == operand && !$0.left.isEmpty }?.left ?? []
    }

    // MARK: Items

    private func repair(_ set: [Int], _ changes: [Repair.Change]?) -> Repair {
        var groups: [Group] = []
        for index in set where !groups.contains(atoms[index].group) { groups.append(atoms[index].group) }
        let items = groups.prefix(RepairSearch.maximumItems).map { group in
            item(set.map { atoms[$0] }.filter { $0.group == group }, changes)
        }
        return Repair(items: items, isPossible: changes != nil, omitted: max(0, groups.count - items.count), changes: changes ?? [])
    }

    private func item(_ atoms: [Atom], _ changes: [Repair.Change]?) -> Repair.Item {
        // The hardest obstacle of a group says who can do something about it.
        let atom = atoms.max { $0.cost < $1.cost } ?? atoms[0]
        var named: [String] = []
        if let premise = atom.premise { named = premise.named }
        if let duty = atom.duty { named = duty.actions.map(\.description) }
        if atom.premise?.kind == .action, !atom.wanted { named = atom.rule?.actions.map(\.description) ?? [] }
        let requirements = atoms.compactMap { atom -> Repair.Requirement? in
            guard let clause = atom.clause, let operation = clause.operation else { return nil }
            return Repair.Requirement(
                operation: operation, right: clause.right, isNegated: !atom.wanted, pointer: clause.pointer, written: clause.written,
                references: clause.references)
        }
        var opensAt: Timestamp?
        for case .time(let time) in changes ?? [] where atom.group == .time { opensAt = time }
        let operand = atom.clause?.leftOperand
        return Repair.Item(
            changer: atom.changer, means: atom.means, operand: operand, premise: atom.premise?.kind, named: named,
            requirements: requirements, opensAt: opensAt,
            opensBy: atom.means == .wait
                ? operand.flatMap { RepairRules.window(of: $0) }.flatMap { length in now?.adding(seconds: length) } : nil,
            deadline: atom.duty?.deadline, rule: atom.rule?.name,
            pointer: atom.clause?.pointer ?? atom.duty?.pointer ?? atom.rule?.pointer ?? .root, isNegated: !atom.wanted,
            isPossible: atom.isPossible, isInherited: atom.rule?.isInherited ?? false)
    }

    private func refused(_ item: Repair.Item) -> Repair { Repair(items: [item], isPossible: false, omitted: 0, changes: []) }
}

extension Explanation.Clause {
    /// The atomic clauses below, or the clause itself.
    var leaves: [Explanation.Clause] { logical == nil && parts.isEmpty ? [self] : parts.flatMap(\.leaves) }
}
