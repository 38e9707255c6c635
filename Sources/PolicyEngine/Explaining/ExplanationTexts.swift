// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

package enum TextLanguage: String, Sendable, Hashable, CaseIterable { case en, zh }

extension LocalizedText {
    package func callAsFunction(_ language: TextLanguage) -> String { language == .en ? en : zh }
}

extension Explanation {
    /// The whole explanation for people: the decision, the tree of rules, and what would change it. Equal explanations give equal text.
    package func text(_ language: TextLanguage, zone: TimeZoneOffset = .china) -> String {
        ExplanationTexts(language: language, zone: zone).text(self)
    }
}

struct ExplanationTexts {
    private let language: TextLanguage
    private let zone: TimeZoneOffset
    private var output = ""

    init(language: TextLanguage, zone: TimeZoneOffset) {
        self.language = language
        self.zone = zone
    }

    // MARK: Words

    static func quoted(_ words: [String]) -> String { Reasons.quoted(words.map(shown)) }

    /// Text of a policy or a request in one line that cannot steer a terminal.
    static func shown(_ text: String) -> String {
        var plain = ""
        for scalar in text.unicodeScalars.prefix(200) {
            let isSafe = scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && !scalar.properties.isBidiControl && scalar != "`"
            plain.unicodeScalars.append(isSafe ? scalar : "\u{FFFD}")
        }
        return text.unicodeScalars.count > 200 ? plain + "…" : plain
    }

    static func value(_ value: PolicyValue, _ zone: TimeZoneOffset) -> String {
        if case .instant(let instant) = value.content { return zone.both(instant.timestamp) }
        return shown(value.display)
    }

    /// `must be one of …`, of a clause that must hold, or must not.
    static func requirement(
        _ operation: Operator?, _ right: [PolicyValue], _ references: [String], isNegated: Bool, _ zone: TimeZoneOffset
    ) -> LocalizedText {
        let words = right.map { value($0, zone) } + (right.isEmpty ? references.map(shown) : [])
        let values = Reasons.quoted(words)
        let isTime = right.contains { if case .instant = $0.content { true } else { false } }
        switch isNegated ? negated(operation) : operation {
        case .lt? where isTime: return LocalizedText("must be before \(values)", "须早于 \(values)")
        case .lteq? where isTime: return LocalizedText("must not be after \(values)", "不得晚于 \(values)")
        case .gt? where isTime: return LocalizedText("must be after \(values)", "须晚于 \(values)")
        case .gteq? where isTime: return LocalizedText("must not be before \(values)", "不得早于 \(values)")
        case .lt?: return LocalizedText("must be below \(values)", "须小于 \(values)")
        case .lteq?: return LocalizedText("must be at most \(values)", "不得超过 \(values)")
        case .gt?: return LocalizedText("must be above \(values)", "须大于 \(values)")
        case .gteq?: return LocalizedText("must be at least \(values)", "不得小于 \(values)")
        case .isAllOf? where isNegated: return LocalizedText("must not include all of \(values)", "不得包含全部 \(values)")
        case .isPartOf? where isNegated: return LocalizedText("must not lie in \(values)", "不得属于 \(values)")
        case .hasPart? where isNegated: return LocalizedText("must not contain \(values)", "不得包含 \(values)")
        case .isA? where isNegated: return LocalizedText("must be no kind of \(values)", "不得属于类别 \(values)")
        case .isAnyOf? where right.count == 1: return LocalizedText("must be \(values)", "须为 \(values)")
        case .isNoneOf? where right.count == 1: return LocalizedText("must not be \(values)", "不得为 \(values)")
        case let other:
            let (en, zh) = Reasons.wording(other, values)
            return LocalizedText(en, zh)
        }
    }

    private static func negated(_ operation: Operator?) -> Operator? {
        switch operation {
        case .eq: .isNoneOf
        case .neq: .isAnyOf
        case .lt: .gteq
        case .lteq: .gt
        case .gt: .lteq
        case .gteq: .lt
        case .isAnyOf: .isNoneOf
        case .isNoneOf: .isAnyOf
        case .isA, .hasPart, .isPartOf, .isAllOf, nil: operation
        }
    }

    private func say(_ en: String, _ zh: String) -> String { language == .en ? en : zh }

    private var colon: String { say(": ", "：") }
    private func inParentheses(_ text: String) -> String { say(" (\(text))", "（\(text)）") }

    private func state(_ truth: Truth?) -> String {
        switch truth {
        case .satisfied: say("yes", "是")
        case .unsatisfied: say("no", "否")
        case .undetermined: say("open", "待定")
        case .elsewhere: say("elsewhere", "另行判定")
        case nil: say("not disclosed", "不披露")
        }
    }

    private func source(_ source: ValueSource?) -> String {
        switch source {
        case .request: say("request", "请求")
        case .clock: say("clock", "时钟")
        case .counter: say("counter", "计数")
        case .world: say("environment", "环境")
        case .party: say("party", "主体")
        case .property: say("property", "属性")
        case .missing: say("missing", "缺失")
        case .deferred: say("known later", "后续环节可知")
        case .contract: say("contract text", "合同条款")
        case .peer: say("decided by the other side", "由对方判定")
        case .act: say("known when the duty is done", "履行时可知")
        case nil: say("not disclosed", "不披露")
        }
    }

    private func headline(_ explanation: Explanation) -> String {
        guard let first = explanation.reasons.first, first.message == explanation.message else {
            return ExplanationTexts.plain(explanation.message(language))
        }
        return sentence(first)
    }

    /// The sentence of a reason; where it speaks of moments, with both times of each.
    private func sentence(_ reason: Reason) -> String {
        let hasTime = (reason.left + reason.right).contains { if case .instant = $0.content { true } else { false } }
        guard hasTime, let operand = reason.leftOperand, !reason.left.isEmpty else {
            return ExplanationTexts.plain(reason.message(language))
        }
        let must = ExplanationTexts.requirement(reason.operation, reason.right, [], isNegated: false, zone)
        let left = Reasons.quoted(reason.left.map { ExplanationTexts.value($0, zone) })
        let name = say(
            "`\(ExplanationTexts.shown(operand.short))`", OperandTable.info(operand)?.title.zh ?? ExplanationTexts.shown(operand.short))
        return say("\(name) is \(left) and \(must.en)", "\(name)为 \(left)，\(must.zh)")
    }

    // MARK: The page

    func text(_ explanation: Explanation) -> String {
        var page = self
        page.head(explanation)
        for rule in explanation.rules { page.rule(rule) }
        if !explanation.isOpen {
            if !explanation.reasons.isEmpty {
                page.line(0, "")
                page.line(0, say("what stands against it", "未获允许的原因"))
                for reason in explanation.reasons {
                    page.line(1, "\(sentence(reason)) [\(reason.code)]")
                }
            }
            page.repair(explanation.repair)
        }
        return page.output
    }

    private mutating func line(_ depth: Int, _ text: String) {
        output += text.isEmpty ? "\n" : String(repeating: "  ", count: depth) + text + "\n"
    }

    /// Messages hold values between backticks and may hold anything a peer wrote.
    private static func plain(_ text: String) -> String {
        var plain = ""
        for scalar in text.unicodeScalars {
            let isSafe = scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && !scalar.properties.isBidiControl
            plain.unicodeScalars.append(isSafe ? scalar : "\u{FFFD}")
        }
        return plain
    }

    private mutating func head(_ explanation: Explanation) {
        let outcomes: [String: (String, String)] = [
            "permit": ("permit", "允许"), "deny": ("deny", "拒绝"), "invalid": ("invalid", "无效"), "conditional": ("conditional", "有条件允许"),
        ]
        let (en, zh) = outcomes[explanation.outcome.name] ?? ("", "")
        line(0, "\(say(en, zh))\(colon)\(headline(explanation)) [\(explanation.code)]")
        let points: [EvaluationPoint: String] = [.catalog: "目录", .negotiation: "协商", .transfer: "传输", .grant: "发放密钥", .use: "使用"]
        var at = [say(explanation.point.rawValue, points[explanation.point] ?? "")]
        at.append(explanation.side == .provider ? say("provider", "数据提供方") : say("consumer", "数据使用方"))
        if let time = explanation.decidedAt { at.append(zone.both(time)) }
        line(1, "\(say("decided at", "判定环节"))\(colon)\(at.joined(separator: say(", ", "，")))")
        for (name, nameZH, value) in [
            ("policy", "策略", explanation.policyID), ("action", "行为", explanation.action?.short), ("party", "主体", explanation.party),
            ("data", "数据", explanation.target),
        ] {
            if let value { line(1, "\(say(name, nameZH))\(colon)\(ExplanationTexts.shown(value))") }
        }
        if case .conditional(let needs) = explanation.outcome, !needs.isEmpty {
            line(1, "\(say("depends on", "取决于"))\(colon)\(operands(needs))")
        }
        if !explanation.deferred.isEmpty { line(1, "\(say("tested later", "后续环节核验"))\(colon)\(operands(explanation.deferred))") }
        if !explanation.unresolvedParents.isEmpty {
            line(1, "\(say("parent policies not at hand", "缺少父策略"))\(colon)\(ExplanationTexts.quoted(explanation.unresolvedParents))")
        }
    }

    private func operands(_ operands: [IRI]) -> String {
        operands.map { say("`\($0.short)`", OperandTable.info($0)?.title.zh ?? $0.short) }.joined(separator: say(", ", "、"))
    }

    private mutating func rule(_ rule: Explanation.Rule) {
        let kinds: [RuleReport.Kind: (String, String)] = [
            .permission: ("permission", "许可"), .prohibition: ("prohibition", "禁止"), .obligation: ("obligation", "义务"),
        ]
        let (en, zh) = kinds[rule.kind] ?? ("", "")
        let applies =
            switch rule.applies {
            case .satisfied: say("applies", "适用")
            case .unsatisfied: say("does not apply", "不适用")
            case .undetermined: say("may apply", "可能适用")
            case .elsewhere: say("decided elsewhere", "另行判定")
            case nil: say("not disclosed", "不披露")
            }
        line(0, "")
        let basis = rule.isBasis ? say(" (decisive)", "（决定性）") : ""
        line(0, "\(say(en, zh)) \(ExplanationTexts.shown(rule.name))\(colon)\(applies)\(basis)")
        for premise in rule.premises { self.premise(premise, rule) }
        for clause in rule.refinements + rule.clauses { self.clause(clause, 1) }
        if let deontic = rule.deontic, rule.kind == .obligation || deontic != .notSet {
            line(1, "\(say("state", "状态"))\(colon)\(state(deontic))")
        }
        if let deadline = rule.deadline { line(1, "\(say("deadline", "期限"))\(colon)\(zone.both(deadline))") }
        for duty in rule.duties { self.duty(duty, rule.kind, 1) }
    }

    private mutating func premise(_ premise: Explanation.Premise, _ rule: Explanation.Rule) {
        let name =
            switch premise.kind {
            case .action: say("action", "行为")
            case .target: say("data", "数据")
            case .party: say("party", "主体")
            }
        let named = premise.kind == .action ? premise.named.map { IRI($0).short } : premise.named
        let what = named.isEmpty ? say("(described)", "（按描述）") : ExplanationTexts.quoted(named)
        var text = "\(state(premise.state))  \(name) \(what)"
        if let asked = premise.asked {
            let shown = premise.kind == .action ? IRI(asked).short : asked
            text += say("; asked: ", "；请求：") + "`\(ExplanationTexts.shown(shown))`"
        }
        line(1, text)
    }

    private mutating func clause(_ clause: Explanation.Clause, _ depth: Int) {
        guard let operand = clause.leftOperand else {
            let name =
                switch clause.logical {
                case .and: say("all of", "全部满足")
                case .andSequence: say("all of, in this order", "依次全部满足")
                case .or: say("at least one of", "至少满足一项")
                case .xone: say("exactly one of", "恰好满足一项")
                case nil: say("a clause that cannot be read", "无法识别的条款")
                }
            line(depth, "\(state(clause.state))  \(name)")
            for part in clause.parts { self.clause(part, depth + 1) }
            return
        }
        // The marker of a duty's phase is no fact.
        if operand == Operand.event, clause.right.map(\.key) == [UsageMarker.policyUsage] {
            let isBefore = clause.operation == .lt || clause.operation == .lteq
            return line(depth, say(isBefore ? "before the use" : "after the use", isBefore ? "使用之前" : "使用之后"))
        }
        let must = ExplanationTexts.requirement(clause.operation, clause.right, clause.references, isNegated: false, zone)
        let name = say(
            "`\(ExplanationTexts.shown(operand.short))`", OperandTable.info(operand)?.title.zh ?? ExplanationTexts.shown(operand.short))
        var text = "\(state(clause.state))  \(name)\(say(" ", ""))\(must(language))"
        if !clause.isLeftDisclosed {
            text += say("; its value is not disclosed", "；其值不披露")
        } else if clause.left.isEmpty {
            text += inParentheses(source(clause.source))
        } else {
            let left = Reasons.quoted(clause.left.map { ExplanationTexts.value($0, zone) })
            text += say("; it is \(left)", "；现为 \(left)") + inParentheses(source(clause.source))
        }
        line(depth, text)
    }

    private func state(_ deontic: DeonticState?) -> String {
        switch deontic {
        case .notSet: say("not fulfilled yet", "尚未履行")
        case .fulfilled: say("fulfilled", "已履行")
        case .violated: say("violated", "已违反")
        case nil: say("not disclosed", "不披露")
        }
    }

    private mutating func duty(_ duty: Explanation.DutyLine, _ kind: RuleReport.Kind, _ depth: Int) {
        let name =
            switch kind {
            case .permission:
                say(duty.phase == .before ? "duty before the use" : "duty after the use", duty.phase == .before ? "使用前义务" : "使用后义务")
            case .prohibition: say("remedy", "补救")
            case .obligation: say("consequence", "后果")
            }
        let isDue = duty.activation == .unsatisfied ? say(", not due", "，不适用") : ""
        var text = "\(name) \(ExplanationTexts.quoted(duty.actions.map(\.short)))\(colon)\(state(duty.state))\(isDue)"
        if let deadline = duty.deadline { text += say(", until ", "，期限为 ") + zone.both(deadline) }
        line(depth, text)
        for clause in duty.clauses { self.clause(clause, depth + 1) }
        for consequence in duty.consequences { self.duty(consequence, .obligation, depth + 1) }
    }

    private mutating func repair(_ repair: Repair?) {
        guard let repair else { return }
        line(0, "")
        if repair.items.isEmpty {
            line(0, say("no change of the request turns this into a permit", "请求的任何更改都无法使策略允许"))
            return
        }
        line(
            0,
            repair.isPossible
                ? say("the smallest change that turns it into a permit", "使策略允许的最小更改")
                : say("not to be had under this policy; in the way stand", "在本策略下无法获得允许，障碍如下"))
        for item in repair.items { line(1, "- " + item.text(zone)(language)) }
        if repair.omitted > 0 { line(1, say("- and \(repair.omitted) more", "- 另有 \(repair.omitted) 项")) }
    }
}
