// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Three values: a fact that is not yet known makes a clause neither hold nor fail.
package enum Truth: String, Sendable, Hashable {
    case satisfied, unsatisfied, undetermined

    init(_ value: Bool) { self = value ? .satisfied : .unsatisfied }

    static func all(_ truths: some Sequence<Truth>) -> Truth {
        var result = Truth.satisfied
        for truth in truths {
            if truth == .unsatisfied { return .unsatisfied }
            if truth == .undetermined { result = .undetermined }
        }
        return result
    }

    static func any(_ truths: some Sequence<Truth>) -> Truth {
        var result = Truth.unsatisfied
        for truth in truths {
            if truth == .satisfied { return .satisfied }
            if truth == .undetermined { result = .undetermined }
        }
        return result
    }

    static func exactlyOne(_ truths: some Sequence<Truth>) -> Truth {
        var satisfied = 0
        var undetermined = false
        for truth in truths {
            if truth == .satisfied { satisfied += 1 }
            if truth == .undetermined { undetermined = true }
        }
        if satisfied > 1 { return .unsatisfied }
        return undetermined ? .undetermined : Truth(satisfied == 1)
    }
}

/// Where a left value came from.
package enum ValueSource: String, Sendable, Hashable {
    case request, clock, counter, world, party, property
    /// Known at this point, and nobody gave it.
    case missing
    /// Not known before a later point.
    case deferred
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
