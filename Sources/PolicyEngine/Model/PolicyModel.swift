// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// A usage policy as ODRL 2.2 models it, read once from JSON-LD and free of its spelling.
package struct Policy: Sendable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case set = "Set"
        case offer = "Offer"
        case agreement = "Agreement"
        case request = "Request"
        case privacy = "Privacy"
        case ticket = "Ticket"
        case assertion = "Assertion"
    }

    /// What holds when a permission and a prohibition both apply. Unset means that the whole policy is void (IM 2.10).
    package enum ConflictStrategy: String, Sendable, Hashable {
        case perm, prohibit, invalid
    }

    package let id: String?
    package let kind: Kind
    package let profiles: [IRI]
    package let inheritFrom: [String]
    package let conflict: ConflictStrategy?
    package let permissions: [Permission]
    package let prohibitions: [Prohibition]
    package let obligations: [Duty]
    /// Given at policy level. They are part of each rule already; they stand here for those who write the policy on the wire.
    package let targets: [Resource]
    package let assigners: [Resource]
    package let assignees: [Resource]
    package let title: LocalizedText?
    /// The document as it was read. Its canonical bytes are what a policy hash covers.
    package let source: JSON

    package var canonicalBytes: [UInt8] { source.canonical() }

    package var ruleCount: Int { permissions.count + prohibitions.count + obligations.count }
}

/// What every rule has.
package struct RuleTerms: Sendable {
    package let id: String?
    package let pointer: JSONPointer
    package let actions: [ActionTerm]
    package let targets: [Resource]
    package let assignees: [Resource]
    package let assigners: [Resource]
    /// Other parties by their function: `informedParty`, `compensatedParty` and the like.
    package let parties: [String: [Resource]]
    package let constraints: [ConstraintNode]

    /// How the rule is called in a report: its uid, else where it stands.
    package var name: String { id ?? "#" + pointer.description }
}

package struct Permission: Sendable {
    package let terms: RuleTerms
    package let duties: [Duty]
}

package struct Prohibition: Sendable {
    package let terms: RuleTerms
    package let remedies: [Duty]
}

package struct Duty: Sendable {
    package let terms: RuleTerms
    package let consequences: [Duty]
}

package struct ActionTerm: Sendable {
    package let action: IRI
    package let refinements: [ConstraintNode]
    package let pointer: JSONPointer
}

/// An asset or a party, or a collection of them.
package struct Resource: Sendable {
    package let id: String?
    package let isCollection: Bool
    package let source: String?
    package let refinements: [ConstraintNode]
    package let pointer: JSONPointer
}

package indirect enum ConstraintNode: Sendable {
    case atomic(Constraint)
    case logical(LogicalConstraint)

    var pointer: JSONPointer {
        switch self {
        case .atomic(let constraint): constraint.pointer
        case .logical(let constraint): constraint.pointer
        }
    }
}

package struct Constraint: Sendable {
    package let id: String?
    package let pointer: JSONPointer
    package let leftOperand: IRI
    /// Nil when the term is none of ODRL's twelve; such a constraint never holds.
    package let operation: Operator?
    package let rightOperand: [PolicyValue]
    package let rightOperandReferences: [String]
    package let datatype: String?
    package let unit: IRI?
}

package struct LogicalConstraint: Sendable {
    package enum Operand: String, Sendable, Hashable, CaseIterable {
        case and, or, xone, andSequence
    }

    package let id: String?
    package let pointer: JSONPointer
    /// Nil when the node names none or several of the four; such a constraint never holds.
    package let operand: Operand?
    package let constraints: [ConstraintNode]
}
