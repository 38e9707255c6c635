// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// A policy made ready once for any number of decisions: what it inherits is resolved, its rules lie flat, its operands have numbers
/// and its values the form in which they are compared. It does not hold the document that the policy was read from.
///
/// Every part of the policy that has a state of its own is an *entry*: clauses first, then matchers, duties, rules. A decision is one
/// byte for each entry (`StateByte`), and all reports are made from those bytes.
package final class PreparedPolicy: Sendable {
    package let id: String?
    package let kind: Policy.Kind
    package let conflict: Policy.ConflictStrategy?
    package let unresolvedParents: [String]

    let program: Program
    let layout: Layout
    let duties: [PreparedDuty]

    // What only reports need.
    let clauseTexts: [ClauseText]
    let rightTexts: [PolicyValue]
    let dutyTexts: [RuleText]
    let ruleTexts: [RuleText]

    /// Actions that a permission names, each once, in their order.
    var permittedActions: [IRI] {
        var seen: Set<IRI> = []
        return zip(rules, ruleTexts).filter { $0.0.kind == .permission }.flatMap(\.1.actions).filter { seen.insert($0).inserted }
    }

    var clauses: [PreparedClause] { program.clauses }
    var matchers: [Matcher] { program.matchers }
    var rules: [PreparedRule] { program.rules }
    var firstMatcher: Int { layout.firstMatcher }
    var firstDuty: Int { layout.firstDuty }
    var firstRule: Int { layout.firstRule }
    var entryCount: Int { layout.entryCount }

    func rules(_ kind: RuleReport.Kind) -> [Int] { rules.indices.filter { rules[$0].kind == kind } }

    package convenience init(_ policy: Policy, library: [String: Policy] = [:]) {
        let (whole, unresolved) = policy.inherited(library)
        var compiler = Compiler()
        for permission in whole.permissions { compiler.add(permission) }
        for prohibition in whole.prohibitions { compiler.add(prohibition) }
        for obligation in whole.obligations { compiler.add(obligation) }
        self.init(policy, conflict: whole.conflict, unresolvedParents: unresolved, compiler)
    }

    /// Clauses without a rule.
    convenience init(clauses: [ConstraintNode]) {
        var compiler = Compiler()
        compiler.add(clauses)
        self.init(nil, conflict: nil, unresolvedParents: [], compiler)
    }

    /// Right values without a clause.
    convenience init(rightValues: [PolicyValue]) {
        var compiler = Compiler()
        compiler.rightTexts = rightValues
        self.init(nil, conflict: nil, unresolvedParents: [], compiler)
    }

    /// The uid of the rule or duty that an entry is.
    func id(of entry: Int) -> String? {
        if entry >= firstRule { return ruleTexts[entry - firstRule].id }
        return entry >= firstDuty ? dutyTexts[entry - firstDuty].id : nil
    }

    private init(_ policy: Policy?, conflict: Policy.ConflictStrategy?, unresolvedParents: [String], _ compiler: Compiler) {
        id = policy?.id
        kind = policy?.kind ?? .set
        self.conflict = conflict
        self.unresolvedParents = unresolvedParents
        program = Program(
            clauses: compiler.clauses, rightValues: compiler.rightTexts.map(CompiledValue.init), matchers: compiler.matchers,
            rules: compiler.rules)
        let firstDuty = compiler.clauses.count + compiler.matchers.count
        let firstRule = firstDuty + compiler.duties.count
        layout = Layout(
            firstMatcher: compiler.clauses.count, firstDuty: firstDuty,
            firstRule: firstRule, entryCount: firstRule + compiler.rules.count,
            standing: !unresolvedParents.isEmpty ? .unresolvedParents : kind == .offer || kind == .request ? .grantsNothing : .rules,
            conflict: conflict)
        duties = compiler.duties
        clauseTexts = compiler.clauseTexts
        rightTexts = compiler.rightTexts
        dutyTexts = compiler.dutyTexts
        ruleTexts = compiler.ruleTexts
    }
}

/// What every evaluation reads, of one policy or of several that lie one after the other. A policy's own numbers count from where its part
/// begins (`Layout`).
struct Program {
    var clauses: [PreparedClause] = []
    var rightValues: [CompiledValue] = []
    var matchers: [Matcher] = []
    var rules: [PreparedRule] = []

    /// Puts a policy behind those that are there, and says where.
    mutating func append(_ policy: PreparedPolicy) -> Layout {
        var layout = policy.layout
        layout.move(behind: self)
        clauses += policy.program.clauses
        rightValues += policy.program.rightValues
        // Neighbours in a set are about the same asset and the same party: one copy of the name stays in the cache.
        for matcher in policy.program.matchers {
            matchers.append(matcher.sharing(matchers.suffix(8).last { $0.name == matcher.name }?.name))
        }
        rules += policy.program.rules
        return layout
    }
}

/// Where a policy's part of a program begins, where its entries of each kind begin among its states, and what decides beyond its rules.
struct Layout {
    private var starts: SIMD4<Int32>
    private let entries: SIMD4<Int32>
    /// An offer or a request grants nothing at an enforced point.
    let standing: Decision.Standing
    let conflict: Policy.ConflictStrategy?

    init(
        firstMatcher: Int, firstDuty: Int, firstRule: Int, entryCount: Int, standing: Decision.Standing,
        conflict: Policy.ConflictStrategy?
    ) {
        starts = SIMD4()
        entries = SIMD4(Int32(firstMatcher), Int32(firstDuty), Int32(firstRule), Int32(entryCount))
        self.standing = standing
        self.conflict = conflict
    }

    mutating func move(behind program: Program) {
        starts = SIMD4(
            Int32(program.clauses.count), Int32(program.rightValues.count), Int32(program.matchers.count), Int32(program.rules.count))
    }

    var clauses: Int { Int(starts[0]) }
    var rightValues: Int { Int(starts[1]) }
    var matchers: Int { Int(starts[2]) }
    var rules: Int { Int(starts[3]) }
    var firstMatcher: Int { Int(entries[0]) }
    var firstDuty: Int { Int(entries[1]) }
    var firstRule: Int { Int(entries[2]) }
    var entryCount: Int { Int(entries[3]) }
    var ruleCount: Int { entryCount - firstRule }
}

/// Where something stands in one of the flat arrays.
struct Slice {
    let start: Int32
    let end: Int32

    init(_ start: Int, _ end: Int) {
        self.start = Int32(start)
        self.end = Int32(end)
    }

    @inline(__always) var range: Range<Int> { Int(start)..<Int(end) }
    var isEmpty: Bool { start == end }
}

/// A constraint, before its parts when it is a logical one.
struct PreparedClause {
    enum Form: UInt8 { case atomic, logical }

    let form: Form
    /// Of an atomic one; nil when its term is none of ODRL's twelve.
    let operation: Operator?
    /// Of a logical one; nil when it names none or several.
    let logical: LogicalConstraint.Operand?
    /// `event` against `odrl:policyUsage`, or references that a world might resolve to it.
    let mayBeMarker: Bool
    let hasReferences: Bool
    /// In a duty, an operand that no point knows: it says how or when to do it, not whether it is owed.
    let describesAct: Bool
    /// In `OperandSlots`; negative for an operand that nobody knows.
    let slot: Int16
    /// The first clause after its parts.
    let end: Int32
    let right: Slice
}

/// One action, target or party that a rule speaks about.
struct Matcher {
    /// Of an action: its number in `ActionNumbers`, negative when unknown.
    let action: Int16
    let isCollection: Bool
    /// A collection that only a refinement describes takes everything that the refinement takes.
    let isDescribed: Bool
    let refinements: Slice
    /// Of the IRI.
    let hash: Int
    let name: String?
    let source: String?

    func sharing(_ name: String?) -> Matcher {
        guard let name else { return self }
        return Matcher(
            action: action, isCollection: isCollection, isDescribed: isDescribed, refinements: refinements, hash: hash, name: name,
            source: source)
    }
}

/// What a rule is about, as matchers.
struct Premises {
    let actions: Slice
    let targets: Slice
    let parties: Slice
}

struct PreparedDuty {
    let premises: Premises
    let constraints: Slice
    /// The first duty after its consequences, which follow it.
    let end: Int32
    let phase: DutyReport.Phase
    let deadline: Deadline?
}

struct PreparedRule {
    let kind: RuleReport.Kind
    let premises: Premises
    let constraints: Slice
    /// Conditions of a permission, remedies of a prohibition; of an obligation the one duty that it is.
    let duties: Slice
}

struct ClauseText {
    let id: String?
    let pointer: JSONPointer
    let leftOperand: IRI
    let references: [Reference]

    /// A right value that a world gives, with what its constraint says about untyped text and values without a unit.
    struct Reference {
        let id: String
        let datatype: String?
        let unit: IRI?
    }
}

struct RuleText {
    let id: String?
    let pointer: JSONPointer
    let actions: [IRI]
    /// Of a permission.
    let allowance: Allowance?

    var name: String { id ?? "#" + pointer.description }
}

/// Lays the tree of a policy out flat.
private struct Compiler {
    var clauses: [PreparedClause] = []
    var clauseTexts: [ClauseText] = []
    var rightTexts: [PolicyValue] = []
    var matchers: [Matcher] = []
    var duties: [PreparedDuty] = []
    var dutyTexts: [RuleText] = []
    var rules: [PreparedRule] = []
    var ruleTexts: [RuleText] = []
    private var isInDuty = false

    mutating func add(_ permission: Permission) {
        add(permission.terms, .permission, allowance: permission.allowance) { $0.duties(permission.duties) }
    }

    mutating func add(_ prohibition: Prohibition) {
        add(prohibition.terms, .prohibition, allowance: nil) { $0.duties(prohibition.remedies) }
    }

    /// Its terms are matched twice, as a rule against the request and as a duty against what was done; they lie there once.
    mutating func add(_ obligation: Duty) {
        let first = duties.count
        let slice = duties([obligation])
        let duty = duties[first]
        rules.append(
            PreparedRule(
                kind: .obligation, premises: duty.premises, constraints: duty.constraints,
                duties: slice))
        ruleTexts.append(dutyTexts[first])
    }

    mutating func add(_ clauses: [ConstraintNode]) { _ = slice(clauses) }

    private mutating func add(
        _ terms: RuleTerms, _ kind: RuleReport.Kind, allowance: Allowance?, _ nested: (inout Compiler) -> Slice
    ) {
        let constraints = slice(terms.constraints)
        let premises = premises(terms)
        let duties = nested(&self)
        rules.append(
            PreparedRule(
                kind: kind, premises: premises, constraints: constraints, duties: duties))
        ruleTexts.append(text(terms, allowance))
    }

    private mutating func duties(_ list: [Duty]) -> Slice {
        let start = duties.count
        for duty in list { add(duty: duty) }
        return Slice(start, duties.count)
    }

    private mutating func add(duty: Duty) {
        isInDuty = true
        let constraints = slice(duty.terms.constraints)
        isInDuty = false
        let premises = premises(duty.terms)
        let place = duties.count
        func prepared(end: Int) -> PreparedDuty {
            PreparedDuty(
                premises: premises, constraints: constraints, end: Int32(end), phase: duty.phase,
                deadline: duty.deadlineBound)
        }
        duties.append(prepared(end: 0))
        dutyTexts.append(text(duty.terms))
        for consequence in duty.consequences { add(duty: consequence) }
        duties[place] = prepared(end: duties.count)
    }

    private func text(_ terms: RuleTerms, _ allowance: Allowance? = nil) -> RuleText {
        RuleText(
            id: terms.id, pointer: terms.pointer, actions: terms.actions.map { Interned.iri($0.action) }, allowance: allowance)
    }

    private mutating func premises(_ terms: RuleTerms) -> Premises {
        let actions = matchers.count
        for term in terms.actions {
            matchers.append(
                Matcher(
                    action: ActionNumbers.number(of: term.action), isCollection: false, isDescribed: false,
                    refinements: slice(term.refinements), hash: term.action.hashValue, name: Interned.iri(term.action).description,
                    source: nil))
        }
        let targets = matchers.count
        for target in terms.targets { add(target) }
        let parties = matchers.count
        for party in terms.assignees { add(party) }
        return Premises(actions: Slice(actions, targets), targets: Slice(targets, parties), parties: Slice(parties, matchers.count))
    }

    private mutating func add(_ resource: Resource) {
        matchers.append(
            Matcher(
                action: -1, isCollection: resource.isCollection,
                isDescribed: resource.id == nil && resource.source == nil && !resource.refinements.isEmpty,
                refinements: slice(resource.refinements), hash: resource.id?.hashValue ?? 0, name: resource.id, source: resource.source))
    }

    private mutating func slice(_ nodes: [ConstraintNode]) -> Slice {
        let start = clauses.count
        for node in nodes { add(node) }
        return Slice(start, clauses.count)
    }

    private mutating func add(_ node: ConstraintNode) {
        switch node {
        case .atomic(let constraint):
            let right = rightTexts.count
            for value in constraint.rightOperand { rightTexts.append(Interned.value(value)) }
            let isMarker = constraint.leftOperand == Operand.event
            let slot = OperandSlots.slot(of: constraint.leftOperand)
            clauses.append(
                PreparedClause(
                    form: .atomic, operation: constraint.operation, logical: nil, mayBeMarker: isMarker,
                    hasReferences: !constraint.rightOperandReferences.isEmpty,
                    describesAct: isInDuty && slot >= 0 && OperandSlots.known[Int(slot)].knownFrom == nil, slot: slot,
                    end: Int32(clauses.count + 1), right: Slice(right, rightTexts.count)))
            clauseTexts.append(
                ClauseText(
                    id: constraint.id, pointer: constraint.pointer, leftOperand: Interned.iri(constraint.leftOperand),
                    references: constraint.rightOperandReferences.map {
                        ClauseText.Reference(id: $0, datatype: constraint.datatype, unit: constraint.unit)
                    }))
        case .logical(let logical):
            let place = clauses.count
            func clause(end: Int) -> PreparedClause {
                PreparedClause(
                    form: .logical, operation: nil, logical: logical.operand, mayBeMarker: false, hasReferences: false, describesAct: false,
                    slot: -1, end: Int32(end), right: Slice(0, 0))
            }
            clauses.append(clause(end: 0))
            clauseTexts.append(
                ClauseText(id: logical.id, pointer: logical.pointer, leftOperand: "", references: []))
            for part in logical.constraints { add(part) }
            clauses[place] = clause(end: clauses.count)
        }
    }
}

/// The operands that the node knows, numbered.
enum OperandSlots {
    static let known: [OperandInfo] = (Array(OperandTable.core.values) + Array(PolicyProfile.operands.values)).sorted { $0.iri < $1.iri }

    private static let numbers: [IRI: Int16] = {
        var numbers: [IRI: Int16] = [:]
        for (number, info) in known.enumerated().prefix(Int(Int16.max)) where numbers[info.iri] == nil {
            numbers[info.iri] = Int16(number)
        }
        return numbers
    }()

    static func slot(of operand: IRI) -> Int16 { numbers[operand] ?? -1 }
}

/// The actions that the node knows, numbered, and for each the set of those that it reaches.
enum ActionNumbers {
    private static let table: (numbers: [IRI: Int16], reached: [BitSet]) = {
        let hierarchy = ActionHierarchy.standard
        var numbers: [IRI: Int16] = [:]
        for action in hierarchy.known.flatMap({ [$0] + hierarchy.reached(from: $0) }).sorted() where numbers[action] == nil {
            numbers[action] = Int16(clamping: numbers.count)
        }
        var reached = [BitSet](repeating: BitSet(count: numbers.count), count: numbers.count)
        for (action, number) in numbers {
            for general in hierarchy.reached(from: action) { numbers[general].map { reached[Int(number)].insert(Int($0)) } }
        }
        return (numbers, reached)
    }()

    private static let named: [NamedActions] = table.reached.map { reached in
        var named = NamedActions()
        for number in 0..<reached.count where reached.contains(number) { named.insert(Int16(clamping: number)) }
        return named
    }

    /// What an action that is asked for is a kind of. Without an action nothing is ruled out; one that nobody knows is covered only by
    /// rules about the very same, and they may mean anything.
    static func named(_ action: IRI?) -> NamedActions {
        guard let action else { return NamedActions(-1) }
        return table.numbers[action].map { named[Int($0)] } ?? NamedActions()
    }

    static func number(of action: IRI) -> Int16 { table.numbers[action] ?? -1 }

    /// All that the action is a kind of, itself included; nil for an action that nobody knows.
    static func reached(from action: IRI) -> BitSet? { table.numbers[action].map { table.reached[Int($0)] } }
}

/// Actions by the bits of their numbers below 128. Any other, and the lack of one, may mean everything.
struct NamedActions: Sendable {
    private var bits = SIMD2<UInt64>()
    private var isAny = false

    init() {}
    init(_ number: Int16) { insert(number) }

    mutating func insert(_ number: Int16) {
        switch number {
        case 0..<64: bits.x |= 1 << UInt64(number)
        case 64..<128: bits.y |= 1 << UInt64(number - 64)
        default: isAny = true
        }
    }

    func mayMean(_ other: NamedActions) -> Bool { isAny || other.isAny || (bits & other.bits) != SIMD2() }
}

/// One copy of the terms that every policy repeats.
private enum Interned {
    private static let texts: [String: String] = {
        var texts: [String: String] = [:]
        for info in OperandSlots.known { texts[info.iri.description] = info.iri.description }
        for action in ActionHierarchy.standard.known { texts[action.description] = action.description }
        for name in ["dateTime", "integer", "decimal", "duration", "boolean", "date", "string", "anyURI"] {
            texts[Namespace.xsd + name] = Namespace.xsd + name
        }
        return texts
    }()

    static func iri(_ iri: IRI) -> IRI { texts[iri.description].map { IRI($0) } ?? iri }

    static func value(_ value: PolicyValue) -> PolicyValue {
        guard let datatype = value.datatype, let known = texts[datatype] else { return value }
        return PolicyValue(content: value.content, lexical: value.lexical, datatype: known, unit: value.unit)
    }
}
