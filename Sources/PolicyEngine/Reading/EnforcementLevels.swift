// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// One clause of a policy as a person should see it: where, what, and how far it holds.
package struct Clause: Sendable {
    package enum Kind: String, Sendable, Hashable { case permission, prohibition, duty, obligation, constraint }

    package let kind: Kind
    package let pointer: JSONPointer
    package let text: LocalizedText
    package let level: EnforcementLevel
    package let note: LocalizedText?

    package var json: JSON {
        .members([
            "kind": .string(kind.rawValue), "pointer": .string(pointer.description), "text": text.json, "level": .string(level.rawValue),
            "note": note?.json,
        ])
    }
}

/// What decides a level besides the clause itself.
package struct LevelContext: Sendable {
    /// Each consumer gets a package under a file key of its own; otherwise all consumers share one.
    package var isPerConsumerPackage: Bool
    /// The consumer holds the file key already. From then on the provider has nothing left to refuse.
    package var isKeyGranted: Bool

    package init(isPerConsumerPackage: Bool = false, isKeyGranted: Bool = false) {
        self.isPerConsumerPackage = isPerConsumerPackage
        self.isKeyGranted = isKeyGranted
    }
}

extension Policy {
    /// How far a constraint of a permission holds.
    ///
    /// *Enforced* means that the provider refuses a key that the consumer does not yet hold. A count is that only as a limit on first
    /// releases of per-consumer packages. Once the key is granted, all that the consumer's node watches is attested.
    package static func level(of constraint: Constraint, context: LevelContext = LevelContext()) -> EnforcementLevel {
        guard constraint.operation != nil, let info = OperandTable.info(constraint.leftOperand) else { return .declared }
        if constraint.leftOperand == Operand.count { return context.isPerConsumerPackage && !context.isKeyGranted ? .enforced : .attested }
        if info.level == .enforced, context.isKeyGranted { return .attested }
        return info.level
    }

    /// All clauses with their levels, in the order of the policy.
    package func clauses(context: LevelContext = LevelContext()) -> [Clause] {
        var clauses: [Clause] = []
        for permission in permissions {
            clauses.append(Clause.rule(.permission, permission.terms, context.isKeyGranted ? .attested : .enforced))
            clauses += Policy.clauses(permission.terms.constraints, context)
            clauses += permission.duties.map { Clause.duty($0, .duty, context) }
        }
        for prohibition in prohibitions {
            clauses.append(Clause.rule(.prohibition, prohibition.terms, Clause.level(ofProhibition: prohibition.terms)))
            clauses += Policy.clauses(prohibition.terms.constraints, context)
            clauses += prohibition.remedies.map { Clause.duty($0, .duty, context) }
        }
        clauses += obligations.map { Clause.duty($0, .obligation, context) }
        return clauses
    }

    private static func clauses(_ nodes: [ConstraintNode], _ context: LevelContext) -> [Clause] {
        nodes.flatMap { node -> [Clause] in
            switch node {
            case .atomic(let constraint):
                let level = level(of: constraint, context: context)
                return [
                    Clause(
                        kind: .constraint, pointer: constraint.pointer, text: constraint.text, level: level, note: constraint.note(level))
                ]
            case .logical(let logical): return clauses(logical.constraints, context)
            }
        }
    }
}

extension Clause {
    fileprivate static func rule(_ kind: Kind, _ terms: RuleTerms, _ level: EnforcementLevel) -> Clause {
        let actions = terms.actions.map { "`\($0.action.short)`" }.joined(separator: ", ")
        let text =
            kind == .permission
            ? LocalizedText("permission to \(actions)", "许可 \(actions)") : LocalizedText("prohibition to \(actions)", "禁止 \(actions)")
        let note =
            kind == .prohibition && level == .declared
            ? LocalizedText(
                "what a consumer does with opened data outside the node is not controlled technically",
                "数据打开后在节点之外的使用不受技术控制") : nil
        return Clause(kind: kind, pointer: terms.pointer, text: text, level: level, note: note)
    }

    /// The node itself performs reads and answers requests under an action; what people do with opened data it cannot see.
    fileprivate static func level(ofProhibition terms: RuleTerms) -> EnforcementLevel {
        let seen: Set<IRI> = [Action.read, Action.use]
        return !terms.actions.isEmpty && terms.actions.allSatisfy { seen.contains($0.action) } ? .attested : .declared
    }

    /// What the consumer's node does itself, and what the provider waits for before it releases a key. Every other duty is the parties'.
    fileprivate static func duty(_ duty: Duty, _ kind: Kind, _ context: LevelContext) -> Clause {
        let actions = duty.terms.actions.map { "`\($0.action.short)`" }.joined(separator: ", ")
        let isHeldBack = duty.phase == .before && duty.isOnly(Clause.recordedByTheProvider)
        let level: EnforcementLevel =
            duty.isPerformedByTheNode ? .attested : isHeldBack ? (context.isKeyGranted ? .attested : .enforced) : .declared
        let details = duty.details
        return Clause(
            kind: kind, pointer: duty.terms.pointer,
            text: LocalizedText(
                "duty to \(actions)" + (details.isEmpty ? "" : ": ") + details.map(\.en).joined(separator: ", "),
                "义务 \(actions)" + (details.isEmpty ? "" : "：") + details.map(\.zh).joined(separator: "，")),
            level: level, note: note(duty, isHeldBack: isHeldBack))
    }

    private static let recordedByTheProvider: [IRI] = [
        IRI(Namespace.odrl + "compensate"), IRI(Namespace.odrl + "obtainConsent"),
    ]

    private static func note(_ duty: Duty, isHeldBack: Bool) -> LocalizedText? {
        if isHeldBack {
            return LocalizedText(
                "no key is released before the provider has recorded that it was done", "提供方登记已履行之前不发放密钥")
        }
        if duty.isOnly([Action.delete]) {
            return LocalizedText(
                "the node deletes what it keeps and signs for it; copies made outside it are not reached",
                "节点删除其所保存的数据并签名；节点之外的副本无法触及")
        }
        if duty.phase == .before, duty.isPerformedByTheNode {
            return LocalizedText("done by the consumer's node as it opens the data", "由消费方节点在打开数据时执行")
        }
        return nil
    }
}

extension Duty {
    /// The node masks fields that the duty names; of anonymization without fields it knows nothing.
    fileprivate var isPerformedByTheNode: Bool {
        let always = [
            Action.delete, Action.inform, Action.watermark, IRI(Namespace.kouan + "stopUse"), IRI(Namespace.odrl + "uninstall"),
        ]
        let namesFields = Bounds.mentions(PlannedDuty.fieldsOperand, PlannedDuty.nodes(self))
        return isOnly(namesFields ? always + [Action.anonymize] : always)
    }

    fileprivate func isOnly(_ actions: [IRI]) -> Bool {
        !terms.actions.isEmpty
            && terms.actions.allSatisfy { term in actions.contains { ActionHierarchy.standard.reaches(term.action, $0) } }
    }

    /// When and on what the duty is to be done, in words.
    fileprivate var details: [LocalizedText] {
        (terms.constraints + terms.actions.flatMap(\.refinements)).flatMap(Duty.atoms).map { constraint in
            if constraint.leftOperand == Operand.event, constraint.operation == .lt || constraint.operation == .gt {
                return constraint.operation == .lt ? LocalizedText("before use", "使用之前") : LocalizedText("after use", "使用之后")
            }
            return constraint.text
        }
    }

    private static func atoms(_ node: ConstraintNode) -> [Constraint] {
        switch node {
        case .atomic(let constraint): [constraint]
        case .logical(let logical): logical.constraints.flatMap(atoms)
        }
    }
}

extension Constraint {
    fileprivate var text: LocalizedText {
        let values = (rightOperand.map(\.display) + rightOperandReferences).prefix(20).map { "`\($0)`" }.joined(separator: ", ")
        let zh = OperandTable.info(leftOperand)?.title.zh ?? leftOperand.short
        let operation = self.operation?.rawValue ?? "?"
        return LocalizedText("`\(leftOperand.short)` \(operation) \(values)", "\(zh) \(operation) \(values)")
    }

    fileprivate func note(_ level: EnforcementLevel) -> LocalizedText? {
        switch leftOperand {
        case Operand.dateTime where level == .enforced, Operand.recipient where level == .enforced:
            LocalizedText("enforced until the key is released, attested after it", "发放密钥之前强制执行，之后由消费方节点证明")
        case Operand.purpose:
            LocalizedText("the purpose is what the consumer states and signs", "使用目的以消费方声明并签名为准")
        case Operand.count where level == .attested:
            LocalizedText("the count is kept by the consumer's node and signed", "使用次数由消费方节点计数并签名")
        default:
            switch OperandTable.info(leftOperand)?.knownTo {
            case .provider where level == .enforced:
                LocalizedText("as the provider's people confirmed it, before a key is released", "以提供方人员确认为准，在发放密钥之前判断")
            case .consumer:
                LocalizedText("as the consumer's node is configured, or states and signs", "以消费方节点的配置或签名声明为准")
            default: nil
            }
        }
    }
}
