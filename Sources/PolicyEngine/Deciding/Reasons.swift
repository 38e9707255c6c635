// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// Turns reports into the sentences that say what stands against a permit.
enum Reasons {
    static func reasons(for outcome: Decision.Outcome, permissions: [RuleReport], opposing: [RuleReport]) -> [Reason] {
        switch outcome {
        case .permit: []
        case .conditional: permissions.filter { $0.applies == .undetermined }.flatMap(open)
        case .invalid: [void(opposing)] + opposing.map(prohibited)
        case .deny: opposing.isEmpty ? nearest(permissions) : opposing.map(prohibited)
        }
    }

    static func unresolvedParents(_ parents: [String]) -> Reason {
        reason(
            "policy.unknown-parent", nil, .root,
            LocalizedText(
                "the policy inherits from \(quoted(parents)), which is not at hand", "策略继承自 \(quoted(parents))，但本节点没有该策略"))
    }

    static func grantsNothing() -> Reason {
        reason(
            "policy.offer-grants-nothing", nil, .root,
            LocalizedText("an offer grants nothing before it is agreed", "要约在达成协议之前不授予任何权利"))
    }

    private static func void(_ opposing: [RuleReport]) -> Reason {
        reason(
            "policy.void", opposing.first?.name, opposing.first?.pointer ?? .root,
            LocalizedText(
                "a permission and a prohibition both apply and the policy does not say which one wins, so it is void",
                "许可与禁止同时适用，而策略未规定冲突处理方式，策略无效"))
    }

    private static func prohibited(_ rule: RuleReport) -> Reason {
        let actions = quoted(rule.actions.map(\.short))
        if rule.applies == .undetermined {
            let open = rule.constraints.filter { $0.state == .undetermined }.compactMap { $0.leftOperand?.short }
            return reason(
                "policy.prohibition-undetermined", rule.name, rule.pointer,
                LocalizedText(
                    "a prohibition of \(actions) may apply, because \(quoted(open)) is not known",
                    "对 \(actions) 的禁止可能适用，因为 \(quoted(open)) 未知"))
        }
        return reason(
            "policy.prohibited", rule.name, rule.pointer, LocalizedText("the policy prohibits \(actions)", "策略禁止 \(actions)"))
    }

    /// What the permissions that come closest miss. Those of the right action, target and party come first.
    private static func nearest(_ permissions: [RuleReport]) -> [Reason] {
        guard !permissions.isEmpty else {
            return [reason("policy.no-permission", nil, .root, LocalizedText("the policy permits nothing", "策略未授予任何许可"))]
        }
        let scored = permissions.map { rule in
            (rule, failed: rule.premises.count { $0.state != .satisfied } * 1000 + failures(rule).count)
        }
        let least = scored.map(\.failed).min() ?? 0
        return scored.filter { $0.failed == least }.prefix(8).flatMap { rule, _ in
            let premises = rule.premises.filter { $0.state != .satisfied }.map { premise(rule, $0.kind) }
            return premises.isEmpty ? failures(rule) : premises
        }
    }

    private static func open(_ rule: RuleReport) -> [Reason] {
        let clauses = rule.constraints.filter { $0.logical == nil && $0.state == .undetermined }.map { clause($0, rule) }
        return clauses + unfulfilled(rule)
    }

    private static func unfulfilled(_ rule: RuleReport) -> [Reason] {
        rule.conditions.filter {
            $0.activation != .unsatisfied && $0.deontic != .fulfilled && ($0.phase == .before || $0.deontic == .violated)
        }.map { duty($0, rule) }
    }

    private static func failures(_ rule: RuleReport) -> [Reason] {
        var found: [Reason] = []
        let standing = counting(rule.constraints) + counting(rule.refinements)
        let clauses = standing.filter { $0.logical == nil && ($0.state == .unsatisfied || $0.state == .undetermined) }
        for report in clauses where report.state == .unsatisfied { found.append(clause(report, rule)) }
        for report in clauses where report.state == .undetermined && report.source != .deferred { found.append(clause(report, rule)) }
        // What a later point would tell is a reason only when nothing else is.
        if found.isEmpty { found = clauses.map { clause($0, rule) } }
        for report in standing where report.logical == .xone && report.state == .unsatisfied { found.append(choice(report, rule)) }
        return found + unfulfilled(rule)
    }

    /// Without the parts of a logical clause that holds: that one of its alternatives fails is no reason. Parts follow their whole.
    private static func counting(_ reports: [ConstraintReport]) -> [ConstraintReport] {
        var counted: [ConstraintReport] = []
        var held: String?
        for report in reports {
            if let held, report.pointer.description.hasPrefix(held) { continue }
            held = report.leftOperand == nil && report.state == .satisfied ? report.pointer.description + "/" : nil
            counted.append(report)
        }
        return counted
    }

    private static func premise(_ rule: RuleReport, _ kind: PremiseReport.Kind) -> Reason {
        switch kind {
        case .action:
            reason(
                "policy.action-not-permitted", rule.name, rule.pointer,
                LocalizedText(
                    "the policy permits \(quoted(rule.actions.map(\.short))) and not this action",
                    "策略只允许 \(quoted(rule.actions.map(\.short)))，不允许此行为"))
        case .target:
            reason(
                "policy.target-not-covered", rule.name, rule.pointer, LocalizedText("the policy is about other data", "策略不涉及该数据"))
        case .party:
            reason(
                "policy.party-not-permitted", rule.name, rule.pointer,
                LocalizedText("the policy permits it to another party", "策略允许的是其他主体"))
        }
    }

    private static func choice(_ report: ConstraintReport, _ rule: RuleReport) -> Reason {
        reason(
            "policy.constraint-not-satisfied", rule.name, report.pointer,
            LocalizedText("not exactly one of the alternatives holds", "备选条件中并非恰有一项成立"), constraint: report)
    }

    private static func duty(_ duty: DutyReport, _ rule: RuleReport) -> Reason {
        let actions = quoted(duty.actions.map(\.short))
        if duty.deontic == .violated {
            return reason(
                "policy.duty-violated", rule.name, duty.pointer,
                LocalizedText("the duty to \(actions) was not fulfilled in time", "义务 \(actions) 未按期履行"))
        }
        return reason(
            "policy.duty-not-fulfilled", rule.name, duty.pointer,
            LocalizedText("the duty to \(actions) must be fulfilled first", "须先履行义务 \(actions)"))
    }

    /// One constraint that does not hold.
    private static func clause(_ report: ConstraintReport, _ rule: RuleReport) -> Reason {
        let operand = report.leftOperand ?? ""
        let short = "`\(operand.short)`"
        let zh = OperandTable.info(operand)?.title.zh ?? operand.short
        let right = quoted(report.right.map(\.display))
        let left = quoted(report.left.map(\.display))
        let (must, mustZH) = wording(report.operation, right, isTime: isTime(report.right))
        let message: LocalizedText
        switch report.source {
        case .missing:
            message = LocalizedText("\(short) \(must), and its value is not known", "\(zh)\(mustZH)，但其值未知")
        case .deferred:
            message = LocalizedText("\(short) \(must); its value is known later", "\(zh)\(mustZH)，其值须在后续环节确定")
        default: message = LocalizedText("\(short) is \(left) and \(must)", "\(zh)为 \(left)，\(mustZH)")
        }
        return reason(code(report), rule.name, report.pointer, message, constraint: report)
    }

    private static func code(_ report: ConstraintReport) -> String {
        guard let operand = report.leftOperand else { return "policy.constraint-not-satisfied" }
        if report.state == .undetermined { return report.source == .deferred ? "policy.not-yet-known" : "policy.value-missing" }
        switch operand {
        case Operand.purpose: return "policy.purpose-not-permitted"
        case Operand.spatial: return "policy.place-not-permitted"
        case Operand.recipient: return "policy.recipient-not-permitted"
        case Operand.dateTime:
            switch report.operation {
            case .gt, .gteq: return "policy.window-not-open"
            case .lt, .lteq: return "policy.window-closed"
            default: return "policy.outside-window"
            }
        default:
            guard let meter = UsageMeter.all[operand] else { return "policy.constraint-not-satisfied" }
            return meter.windowSeconds == nil ? "policy.uses-exhausted" : "policy.rate-exceeded"
        }
    }

    static func isTime(_ values: [PolicyValue]) -> Bool { values.contains { if case .instant = $0.content { true } else { false } } }

    static func wording(_ operation: Operator?, _ right: String, isTime: Bool = false) -> (String, String) {
        switch operation {
        case .lt where isTime: ("must be before \(right)", "须早于 \(right)")
        case .lteq where isTime: ("must not be after \(right)", "不得晚于 \(right)")
        case .gt where isTime: ("must be after \(right)", "须晚于 \(right)")
        case .gteq where isTime: ("must not be before \(right)", "不得早于 \(right)")
        case .eq: ("must be \(right)", "须为 \(right)")
        case .neq: ("must not be \(right)", "不得为 \(right)")
        case .lt: ("must be below \(right)", "须小于 \(right)")
        case .lteq: ("must be at most \(right)", "不得超过 \(right)")
        case .gt: ("must be above \(right)", "须大于 \(right)")
        case .gteq: ("must be at least \(right)", "不得小于 \(right)")
        case .isAnyOf: ("must be one of \(right)", "须为 \(right) 之一")
        case .isNoneOf: ("must be none of \(right)", "不得为 \(right) 之一")
        case .isAllOf: ("must include all of \(right)", "须包含全部 \(right)")
        case .isPartOf: ("must lie in \(right)", "须属于 \(right)")
        case .hasPart: ("must contain \(right)", "须包含 \(right)")
        case .isA: ("must be a kind of \(right)", "须属于类别 \(right)")
        case nil: ("has an operator that is not known", "的运算符未知")
        }
    }

    static func quoted(_ words: [String]) -> String {
        let shown = words.prefix(20).map { "`\($0)`" }.joined(separator: ", ")
        return words.count > 20 ? shown + ", …" : shown
    }

    private static func reason(
        _ code: String, _ rule: String?, _ pointer: JSONPointer, _ message: LocalizedText, constraint: ConstraintReport? = nil
    ) -> Reason {
        Reason(
            code: code, rule: rule, pointer: pointer, constraint: constraint?.id, leftOperand: constraint?.leftOperand,
            operation: constraint?.operation, left: constraint?.left ?? [], right: constraint?.right ?? [], source: constraint?.source,
            message: message)
    }
}
