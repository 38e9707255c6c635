// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

extension Explanation {
    /// The explanation as the other side may read it: the agreed policy, which it knows, and the values that it stated itself.
    ///
    /// Left out are rules of parent policies, every value of our world (counters, memberships, properties, what references stand for),
    /// facts that only we know together with the state of the clauses on them, and what other parties did. `PolicyGate` sends nothing else.
    package func redacted(for audience: Audience) -> Explanation {
        guard audience == .peer else { return self }
        var shown = self
        shown.audience = .peer
        shown.rules = rules.filter { !$0.isInherited }.map { $0.redacted(for: party) }
        shown.unresolvedParents = unresolvedParents.filter(ownParents.contains)
        shown.reasons = reasons(among: shown.rules, shown.unresolvedParents)
        shown.repair = repair?.redacted
        guard !isOpen else { return shown }
        shown.code = shown.reasons.first?.code ?? Reasons.notDisclosed.code
        shown.message = shown.reasons.first?.message ?? Reasons.notDisclosed.message
        return shown
    }

    /// The reasons, each written anew from what is left of its clause.
    private func reasons(among rules: [Rule], _ parents: [String]) -> [Reason] {
        var told: [Reason] = []
        for reason in reasons {
            let next: Reason
            if reason.code == "policy.unknown-parent" {
                next = parents.isEmpty ? Reasons.notDisclosed : Reasons.unresolvedParents(parents)
            } else if reason.rule == nil {
                next = reason
            } else if let rule = rules.first(where: { $0.name == reason.rule }) {
                next = self.reason(reason, rule)
            } else {
                next = Reasons.notDisclosed
            }
            if !told.contains(where: { $0.code == next.code && $0.pointer == next.pointer && $0.message == next.message }) {
                told.append(next)
            }
        }
        return told
    }

    private func reason(_ reason: Reason, _ rule: Rule) -> Reason {
        if reason.leftOperand != nil {
            let clauses = (rule.clauses + rule.refinements + rule.duties.flatMap(\.clauses)).flatMap(\.leaves)
            guard let clause = clauses.first(where: { $0.pointer == reason.pointer }), clause.state != nil else {
                return Reasons.notDisclosed
            }
            return Reasons.disclosed(reason, clause)
        }
        if let duty = rule.duties.first(where: { $0.pointer == reason.pointer }) {
            return duty.state == nil ? Reasons.notDisclosed : reason
        }
        // The text of an open prohibition names what is not known, which for a fact of ours would say that nobody confirmed it.
        if reason.code == "policy.prohibition-undetermined", rule.applies == nil { return Reasons.notDisclosed }
        return reason
    }
}

extension Reasons {
    /// What stands for everything that is not told.
    static let notDisclosed = Reason(
        code: "policy.not-disclosed", rule: nil, pointer: .root, constraint: nil, leftOperand: nil, operation: nil, left: [], right: [],
        source: nil, message: LocalizedText("a condition that the provider checks itself is not met", "未满足由提供方自行核验的条件"))

    /// The reason with the values of the redacted clause.
    fileprivate static func disclosed(_ reason: Reason, _ clause: Explanation.Clause) -> Reason {
        var message = reason.message
        let right = quoted(clause.right.map(\.display) + clause.references)
        let operand = clause.leftOperand ?? ""
        let (must, mustZH) = wording(clause.operation, right, isTime: isTime(clause.right))
        let title = OperandTable.info(operand)?.title.zh ?? operand.short
        if !clause.isLeftDisclosed {
            message = LocalizedText("`\(operand.short)` \(must)", "\(title)\(mustZH)")
        } else if !clause.references.isEmpty {
            let left = quoted(clause.left.map(\.display))
            message = LocalizedText("`\(operand.short)` is \(left) and \(must)", "\(title)为 \(left)，\(mustZH)")
        }
        return Reason(
            code: reason.code, rule: reason.rule, pointer: reason.pointer, constraint: reason.constraint, leftOperand: reason.leftOperand,
            operation: reason.operation, left: clause.left, right: clause.right, source: clause.source, message: message)
    }
}

extension Explanation.Rule {
    fileprivate func redacted(for party: String?) -> Explanation.Rule {
        var shown = self
        shown.premises = premises.map { premise in
            var premise = premise
            if premise.isByMembership { premise.state = nil }
            return premise
        }
        shown.refinements = refinements.map(\.redacted)
        shown.clauses = clauses.map(\.redacted)
        shown.duties = duties.map { $0.redacted(for: party, isOwn: kind == .permission) }
        // What others did shows in these states.
        if kind == .prohibition { shown.deontic = nil }
        if kind == .obligation { shown.deontic = nil }
        let parts = shown.refinements + shown.clauses
        if parts.contains(where: { $0.state == nil }) || shown.premises.contains(where: { $0.state == nil })
            || shown.duties.contains(where: { $0.activation == nil })
        {
            shown.applies = nil
        }
        return shown
    }
}

extension Explanation.DutyLine {
    /// - Parameter isOwn: a duty of a permission, which goes with the use that is asked for.
    fileprivate func redacted(for party: String?, isOwn: Bool) -> Explanation.DutyLine {
        var shown = self
        shown.clauses = clauses.map(\.redacted)
        if shown.clauses.contains(where: { $0.state == nil }) { shown.activation = nil }
        if !isOwn || !(assignees.isEmpty || assignees.contains(party ?? "")) { shown.state = nil }
        shown.consequences = consequences.map { $0.redacted(for: party, isOwn: false) }
        return shown
    }
}

extension Explanation.Clause {
    fileprivate var redacted: Explanation.Clause {
        var shown = self
        guard let operand = leftOperand else {
            shown.parts = parts.map(\.redacted)
            if shown.parts.contains(where: { $0.state == nil }) { shown.state = nil }
            return shown
        }
        shown.right = Array(right.prefix(written))
        if subject == .resource || OperandTable.info(operand)?.knownTo == .provider {
            shown.state = nil
            shown.left = []
            shown.source = nil
            shown.isLeftDisclosed = false
        } else if !(left.isEmpty || source == .request && RepairRules.isStated(operand) || source == .clock || source == .party) {
            shown.left = []
            shown.source = nil
            shown.isLeftDisclosed = false
        }
        return shown
    }
}

extension Repair {
    fileprivate var redacted: Repair {
        var told: [Item] = []
        var hides = false
        for item in items {
            guard !item.isInherited, item.means != .confirm, !(item.operand.map { OperandTable.info($0)?.knownTo == .provider } ?? false)
            else {
                hides = true
                continue
            }
            var shown = item
            shown.requirements = item.requirements.map { requirement in
                var requirement = requirement
                requirement.right = Array(requirement.right.prefix(requirement.written))
                return requirement
            }
            // A moment that comes from the policy's own text; any other would tell what the world knows.
            let bounds = shown.requirements.flatMap(\.right).compactMap { value -> Timestamp? in
                guard case .instant(let instant) = value.content else { return nil }
                return instant.timestamp
            }
            if let opensAt = item.opensAt, !bounds.contains(where: { abs($0.milliseconds &- opensAt.milliseconds) <= 1 }) {
                shown.opensAt = nil
            }
            told.append(shown)
        }
        if hides {
            told.append(
                Item(
                    changer: .provider, means: .undisclosed, operand: nil, premise: nil, named: [], requirements: [], opensAt: nil,
                    opensBy: nil, deadline: nil, rule: nil, pointer: .root, isNegated: false, isPossible: false, isInherited: false))
        }
        // Whether the hidden part can be met is ours to say.
        return Repair(items: told, isPossible: isPossible && !hides, omitted: omitted, changes: [])
    }
}

extension RepairRules {
    /// Operands whose value is the one who asks, or what it said itself; the count is of its own uses.
    static func isStated(_ operand: IRI) -> Bool {
        let stated: Set<IRI> = [Operand.purpose, Operand.count, Operand.recipient, Operand.spatial, Operand.dateTime]
        if stated.contains(operand) { return true }
        return OperandTable.info(operand)?.knownTo == .consumer
    }
}
