// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

extension Policy {
    /// Where this policy's rules say something else than `other`'s: the first rule that the other lacks, or `.root` when the other has
    /// rules that this one lacks. Nil when both say the same.
    ///
    /// Spelling, ids, titles and the order of rules, clauses and alternatives do not count. Targets, assigners and assignees do not
    /// either: an agreement adds them, and who receives one compares them with the message. Two policies that mean the same in
    /// different clauses (`lt 4` and `lteq 3`) count as different: this is equality, not subsumption.
    package func firstDifference(from other: Policy) -> JSONPointer? {
        if Set(profiles) != Set(other.profiles) { return JSONPointer.root.appending("profile") }
        if inheritFrom != other.inheritFrom { return JSONPointer.root.appending("inheritFrom") }
        if effectiveConflict != other.effectiveConflict { return JSONPointer.root.appending("conflict") }
        var theirs: [String: Int] = [:]
        for rule in other.normalRules { theirs[rule.text, default: 0] += 1 }
        for rule in normalRules {
            guard let count = theirs[rule.text], count > 0 else { return rule.pointer }
            theirs[rule.text] = count - 1
        }
        return theirs.values.contains { $0 > 0 } ? .root : nil
    }

    package func hasSameRules(as other: Policy) -> Bool { firstDifference(from: other) == nil }

    private var effectiveConflict: ConflictStrategy {
        permissions.isEmpty || prohibitions.isEmpty ? .invalid : conflict ?? .invalid
    }

    private var normalRules: [(text: String, pointer: JSONPointer)] {
        var rules: [(String, JSONPointer)] = []
        // One rule on two actions is two rules, unless a counter would be shared.
        func add(_ kind: String, _ terms: RuleTerms, _ nested: [Duty], isSplit: Bool) {
            let actions = terms.actions.map(NormalForm.action).sorted()
            let groups = isSplit && !Bounds.mentions(Operand.count, terms.constraints) && nested.isEmpty ? actions.map { [$0] } : [actions]
            for group in groups {
                rules.append((kind + NormalForm.rule(group, terms, nested), terms.pointer))
            }
        }
        for rule in permissions { add("permission", rule.terms, rule.duties, isSplit: true) }
        for rule in prohibitions { add("prohibition", rule.terms, rule.remedies, isSplit: true) }
        for rule in obligations { add("obligation", rule.terms, rule.consequences, isSplit: false) }
        return rules
    }
}

/// Texts that are equal exactly when two parts say the same in the same clauses. Each part is quoted, so no value can imitate another.
enum NormalForm {
    static func rule(_ actions: [String], _ terms: RuleTerms, _ nested: [Duty]) -> String {
        let parties = terms.parties.keys.sorted().map { key in
            list([key] + (terms.parties[key] ?? []).map(resource).sorted())
        }
        return list([list(actions), list(terms.constraints.map(constraint).sorted()), list(parties), list(nested.map(duty).sorted())])
    }

    static func duty(_ duty: Duty) -> String { rule(duty.terms.actions.map(action).sorted(), duty.terms, duty.consequences) }

    static func action(_ term: ActionTerm) -> String {
        list([term.action.description, list(term.refinements.map(constraint).sorted())])
    }

    private static func resource(_ resource: Resource) -> String {
        list([resource.id ?? "", resource.source ?? "", "\(resource.isCollection)", list(resource.refinements.map(constraint).sorted())])
    }

    static func constraint(_ node: ConstraintNode) -> String {
        switch node {
        case .logical(let logical):
            var parts = logical.constraints.map(constraint)
            if logical.operand != .andSequence { parts.sort() }
            return list([logical.operand?.rawValue ?? "?"] + parts)
        case .atomic(let atomic):
            return list(
                [
                    atomic.leftOperand.description, atomic.operation?.rawValue ?? "?", list(Set(atomic.rightOperand.map(value)).sorted()),
                    list(atomic.rightOperandReferences.sorted()),
                ])
        }
    }

    private static func value(_ value: PolicyValue) -> String {
        let content: String =
            switch value.content {
            case .iri(let text), .text(let text): "name " + text
            case .instant(let instant): "instant \(instant.seconds) \(instant.nanoseconds)"
            case .number(let number): "number \(number)"
            case .duration(let span): "duration \(span.seconds) \(span.nanoseconds)"
            case .boolean(let boolean): "boolean \(boolean)"
            case .other(let lexical, let datatype): "other " + list([datatype, lexical])
            }
        return list([content, value.unit?.description ?? ""])
    }

    private static func list(_ parts: [String]) -> String { "(" + parts.map { "\($0.utf8.count):\($0)" }.joined() + ")" }
}
