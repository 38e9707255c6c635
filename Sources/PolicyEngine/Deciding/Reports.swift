// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Three values, and one that is none: a fact that is not yet known makes a clause neither hold nor fail, and a clause that is decided
/// elsewhere has no part in the decision.
package enum Truth: String, Sendable, Hashable {
    case satisfied, unsatisfied, undetermined
    /// Contract text, or a clause that the other side has decided. It drops out of `and`, `or` and `xone`, so that what stands beside it
    /// decides alone; a group of nothing else is itself decided elsewhere.
    case elsewhere

    init(_ value: Bool) { self = value ? .satisfied : .unsatisfied }

    static func all(_ truths: some Sequence<Truth>) -> Truth { TruthTally(truths).all }
    static func any(_ truths: some Sequence<Truth>) -> Truth { TruthTally(truths).any }
    static func exactlyOne(_ truths: some Sequence<Truth>) -> Truth { TruthTally(truths).exactlyOne }

    /// What the truth of a rule's clauses means for the rule: without anything decided here a permission or a duty stands as the parties
    /// agreed it, and a prohibition is theirs to keep.
    func ofRule(_ kind: RuleReport.Kind) -> Truth {
        guard self == .elsewhere else { return self }
        return kind == .prohibition ? .unsatisfied : .satisfied
    }
}

/// The parts of a group, counted: their order and number beyond this have no part in what the group is.
struct TruthTally {
    private var satisfied = 0
    private var unsatisfied = 0
    private var undetermined = 0
    private var elsewhere = 0

    init() {}

    init(_ truths: some Sequence<Truth>) {
        for truth in truths { add(truth) }
    }

    mutating func add(_ truth: Truth) {
        switch truth {
        case .satisfied: satisfied += 1
        case .unsatisfied: unsatisfied += 1
        case .undetermined: undetermined += 1
        case .elsewhere: elsewhere += 1
        }
    }

    var all: Truth {
        if unsatisfied > 0 { return .unsatisfied }
        if undetermined > 0 { return .undetermined }
        return elsewhere > 0 && satisfied == 0 ? .elsewhere : .satisfied
    }

    var any: Truth {
        if satisfied > 0 { return .satisfied }
        if undetermined > 0 { return .undetermined }
        return elsewhere > 0 && unsatisfied == 0 ? .elsewhere : .unsatisfied
    }

    var exactlyOne: Truth {
        if satisfied > 1 { return .unsatisfied }
        if undetermined > 0 { return .undetermined }
        if elsewhere > 0, satisfied == 0, unsatisfied == 0 { return .elsewhere }
        return Truth(satisfied == 1)
    }
}

/// Where a left value came from.
package enum ValueSource: String, Sendable, Hashable {
    case request, clock, counter, world, party, property
    /// Known at this point, and nobody gave it.
    case missing
    /// Not known before a later point.
    case deferred
    /// Contract text: no machine decides it.
    case contract
    /// The other side of the exchange knows it and has decided.
    case peer
    /// What a duty asks for, known when it is done.
    case act
}

package struct ConstraintReport: Sendable {
    package let id: String?
    package let pointer: JSONPointer
    package let state: Truth
    /// Nil for a logical constraint.
    package let leftOperand: IRI?
    package let operation: Operator?
    package let logical: LogicalConstraint.Operand?
    package let left: [PolicyValue]
    package let right: [PolicyValue]
    package let source: ValueSource?

    package var isMissing: Bool { source == .missing || source == .deferred }
    /// A clause without an operator or without one of the four words of a logical constraint.
    var isUnreadable: Bool { operation == nil && logical == nil }
}

package struct PremiseReport: Sendable {
    package enum Kind: String, Sendable, Hashable { case action, target, party }
    package let kind: Kind
    package let state: Truth
}

package struct DutyReport: Sendable {
    /// Before the use it goes with, or after it.
    package enum Phase: String, Sendable, Hashable { case before, after }

    package let id: String?
    package let pointer: JSONPointer
    package let actions: [IRI]
    package let phase: Phase
    package let activation: Truth
    package let deontic: DeonticState
    package let deadline: Timestamp?
    package let constraints: [ConstraintReport]
    package let consequences: [DutyReport]
}

package struct RuleReport: Sendable {
    package enum Kind: String, Sendable, Hashable { case permission, prohibition, obligation }

    package let id: String?
    package let kind: Kind
    package let pointer: JSONPointer
    package let activation: Truth
    package let applies: Truth
    package let deontic: DeonticState?
    package let deadline: Timestamp?
    package let premises: [PremiseReport]
    package let refinements: [ConstraintReport]
    package let constraints: [ConstraintReport]
    package let conditions: [DutyReport]
    package let remedies: [DutyReport]
    package let remedied: Bool
    package let consequences: [DutyReport]
    /// The actions that the rule is about, for texts.
    package let actions: [IRI]

    package var name: String { id ?? "#" + pointer.description }
}
