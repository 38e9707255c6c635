// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// What changed from one policy to another, clause by clause, and what that means for whoever uses data under it.
package struct PolicyDifference: Sendable {
    package enum Change: String, Sendable, Hashable { case added, removed, changed }

    /// Seen from the user of the data: `stricter` allows less or asks for more.
    package enum Effect: String, Sendable, Hashable { case stricter, wider, different, same }

    package struct Item: Sendable {
        package let change: Change
        package let effect: Effect
        /// Where it stands in the first policy; nil when it was added.
        package let pointer: JSONPointer?
        /// Where it stands in the second policy; nil when it was removed.
        package let otherPointer: JSONPointer?
        package let text: LocalizedText
    }

    /// How the first policy stands to the second, with a request for each direction that shows it.
    package let relation: PolicyRelation
    package let items: [Item]

    package var json: JSON {
        [
            "relation": relation.json,
            "items": .array(
                items.map { item in
                    .members([
                        "change": .string(item.change.rawValue), "effect": .string(item.effect.rawValue),
                        "pointer": item.pointer.map { .string($0.description) },
                        "otherPointer": item.otherPointer.map { .string($0.description) }, "text": item.text.json,
                    ])
                }),
        ]
    }

    /// One line for each item, then what each policy permits that the other does not.
    package func text(_ language: TextLanguage) -> String {
        var lines = items.map { "\($0.text(language)) (\($0.effect.text(language)))" }
        if lines.isEmpty { lines.append(LocalizedText("no difference in words", "条款无差异")(language)) }
        lines.append(relation.kind.text(language))
        if let witness = relation.breach?.witness {
            lines.append(LocalizedText("only the first permits: ", "仅前者允许：")(language) + witness.text(language))
        }
        if let witness = relation.reverseBreach?.witness {
            lines.append(LocalizedText("only the second permits: ", "仅后者允许：")(language) + witness.text(language))
        }
        return lines.joined(separator: "\n")
    }
}

extension Policy {
    /// What is different in `other`, in words of both languages.
    package func difference(
        to other: Policy, within scope: ComparisonScope = ComparisonScope(), in world: PolicyWorld = PolicyWorld(now: nil),
        library: [String: Policy] = [:], zone: TimeZoneOffset = .china
    ) -> PolicyDifference {
        var finder = DifferenceFinder(hierarchy: Hierarchy(of: world), zone: zone)
        finder.compare(inherited(library).policy, other.inherited(library).policy)
        return PolicyDifference(relation: relation(to: other, within: scope, in: world, library: library), items: finder.items)
    }
}

/// Pairs what belongs together in two policies and puts the rest into words.
private struct DifferenceFinder {
    typealias Item = PolicyDifference.Item
    typealias Effect = PolicyDifference.Effect

    let hierarchy: Hierarchy
    let zone: TimeZoneOffset
    private(set) var items: [Item] = []

    init(hierarchy: Hierarchy, zone: TimeZoneOffset) {
        self.hierarchy = hierarchy
        self.zone = zone
    }

    /// A rule of either policy, with what it asks for.
    private struct Rule {
        let name: LocalizedText
        let terms: RuleTerms
        let duties: [Duty]
        /// Whether fewer requests under the rule leave less to the user: so for a permission, the other way round for a prohibition.
        let isGrant: Bool
        let form: String
    }

    mutating func compare(_ first: Policy, _ second: Policy) {
        if Set(first.profiles) != Set(second.profiles) {
            changed(
                .root.appending("profile"), .root.appending("profile"), LocalizedText("profile", "规范文件"),
                plain(first.profiles.map(\.short)), plain(second.profiles.map(\.short)), .different)
        }
        if first.conflict ?? .invalid != second.conflict ?? .invalid, !(first.prohibitions + second.prohibitions).isEmpty {
            changed(
                .root.appending("conflict"), .root.appending("conflict"), LocalizedText("conflict", "冲突处理"),
                plain([(first.conflict ?? .invalid).rawValue]), plain([(second.conflict ?? .invalid).rawValue]), .different)
        }
        let permission = LocalizedText("permission", "许可")
        compare(
            first.permissions.map { rule($0.terms, $0.duties, permission, isGrant: true) },
            second.permissions.map { rule($0.terms, $0.duties, permission, isGrant: true) })
        let prohibition = LocalizedText("prohibition", "禁止")
        compare(
            first.prohibitions.map { rule($0.terms, $0.remedies, prohibition, isGrant: false) },
            second.prohibitions.map { rule($0.terms, $0.remedies, prohibition, isGrant: false) })
        compare(first.obligations, second.obligations, LocalizedText("obligation", "独立义务"))
    }

    private func rule(_ terms: RuleTerms, _ duties: [Duty], _ kind: LocalizedText, isGrant: Bool) -> Rule {
        let actions = DifferenceTexts.actions(terms)
        return Rule(
            name: LocalizedText("\(kind.en) to \(actions)", "\(kind.zh) \(actions)"), terms: terms, duties: duties, isGrant: isGrant,
            form: NormalForm.rule(terms.actions.map(NormalForm.action).sorted(), terms, duties) + DifferenceTexts.resources(terms))
    }

    private mutating func compare(_ first: [Rule], _ second: [Rule]) {
        let (pairs, removed, added) = pair(
            first, second, form: \.form, keys: [{ $0.terms.id }, { DifferenceTexts.actions($0.terms) }, { _ in "" }])
        for (old, new) in pairs { compare(old, new) }
        for rule in removed {
            let text = LocalizedText("\(rule.name.en): removed", "\(rule.name.zh)：已删除")
            items.append(
                Item(
                    change: .removed, effect: rule.isGrant ? .stricter : .wider, pointer: rule.terms.pointer, otherPointer: nil, text: text)
            )
        }
        for rule in added {
            let text = LocalizedText("\(rule.name.en): added", "\(rule.name.zh)：新增")
            items.append(
                Item(change: .added, effect: rule.isGrant ? .wider : .stricter, pointer: nil, otherPointer: rule.terms.pointer, text: text))
        }
    }

    private mutating func compare(_ old: Rule, _ new: Rule) {
        let (oldActions, newActions) = (DifferenceTexts.actions(old.terms), DifferenceTexts.actions(new.terms))
        if oldActions != newActions {
            changed(
                old.terms.pointer.appending("action"), new.terms.pointer.appending("action"), LocalizedText("action", "行为"),
                LocalizedText(oldActions, oldActions), LocalizedText(newActions, newActions),
                effect(isGrant: old.isGrant) { problem in
                    (
                        problem.rule(DifferenceTexts.onlyActions(old.terms), .permission, .full),
                        problem.rule(DifferenceTexts.onlyActions(new.terms), .permission, .full)
                    )
                })
        }
        for (member, label, oldList, newList) in [
            ("target", LocalizedText("target", "数据"), old.terms.targets, new.terms.targets),
            ("assignee", LocalizedText("assignee", "被授权方"), old.terms.assignees, new.terms.assignees),
        ] {
            let (before, after) = (DifferenceTexts.resources(oldList), DifferenceTexts.resources(newList))
            guard before != after else { continue }
            // A rule that names nobody is about everybody.
            let effect: Effect = oldList.isEmpty ? .stricter : newList.isEmpty ? .wider : .different
            changed(
                old.terms.pointer.appending(member), new.terms.pointer.appending(member), label, DifferenceTexts.orAny(before),
                DifferenceTexts.orAny(after), old.isGrant ? effect : effect.reversed)
        }
        compare(old.terms.constraints, new.terms.constraints, isGrant: old.isGrant)
        compare(old.duties, new.duties, old.isGrant ? LocalizedText("duty", "义务") : LocalizedText("remedy", "补救义务"))
    }

    private mutating func compare(_ first: [Duty], _ second: [Duty], _ kind: LocalizedText) {
        let (pairs, removed, added) = pair(
            first, second, form: { NormalForm.duty($0) + DifferenceTexts.resources($0.terms) },
            keys: [{ $0.terms.id }, { DifferenceTexts.actionNames($0.terms) }])
        for (old, new) in pairs {
            let (before, after) = (DifferenceTexts.duty(old, zone), DifferenceTexts.duty(new, zone))
            changed(old.terms.pointer, new.terms.pointer, kind, before, after, .different)
        }
        for duty in removed {
            let text = DifferenceTexts.duty(duty, zone)
            items.append(
                Item(
                    change: .removed, effect: .wider, pointer: duty.terms.pointer, otherPointer: nil,
                    text: LocalizedText("\(kind.en) to \(text.en): removed", "\(kind.zh) \(text.zh)：已删除")))
        }
        for duty in added {
            let text = DifferenceTexts.duty(duty, zone)
            items.append(
                Item(
                    change: .added, effect: .stricter, pointer: nil, otherPointer: duty.terms.pointer,
                    text: LocalizedText("\(kind.en) to \(text.en): added", "\(kind.zh) \(text.zh)：新增")))
        }
    }

    private mutating func compare(_ first: [ConstraintNode], _ second: [ConstraintNode], isGrant: Bool) {
        let (pairs, removed, added) = pair(
            first, second, form: NormalForm.constraint, keys: [DifferenceTexts.aspect, DifferenceTexts.operand])
        for (old, new) in pairs {
            let effect = effect(isGrant: isGrant) { problem in
                (problem.clause(old), problem.clause(new))
            }
            let label = DifferenceTexts.label(old, new)
            let (before, after) = (
                DifferenceTexts.clause(old, zone, isLabelled: label == nil), DifferenceTexts.clause(new, zone, isLabelled: label == nil)
            )
            changed(old.pointer, new.pointer, label ?? LocalizedText("clause", "条款"), before, after, effect)
        }
        for node in removed {
            let text = DifferenceTexts.clause(node, zone, isLabelled: true)
            items.append(
                Item(
                    change: .removed, effect: isGrant ? .wider : .stricter, pointer: node.pointer, otherPointer: nil,
                    text: LocalizedText("\(text.en): removed", "\(text.zh)：已删除")))
        }
        for node in added {
            let text = DifferenceTexts.clause(node, zone, isLabelled: true)
            items.append(
                Item(
                    change: .added, effect: isGrant ? .stricter : .wider, pointer: nil, otherPointer: node.pointer,
                    text: LocalizedText("\(text.en): added", "\(text.zh)：新增")))
        }
    }

    // MARK: Words and pairs

    private func plain(_ words: [String]) -> LocalizedText {
        let text = words.isEmpty ? "-" : ExplanationTexts.quoted(words)
        return LocalizedText(text, text)
    }

    private mutating func changed(
        _ pointer: JSONPointer, _ otherPointer: JSONPointer, _ label: LocalizedText, _ before: LocalizedText, _ after: LocalizedText,
        _ effect: Effect
    ) {
        items.append(
            Item(
                change: .changed, effect: effect, pointer: pointer, otherPointer: otherPointer,
                text: LocalizedText("\(label.en): \(before.en) → \(after.en)", "\(label.zh)：\(before.zh) → \(after.zh)")))
    }

    private func effect(
        isGrant: Bool, _ statements: (inout ComparisonProblem) -> (Statement, Statement)
    ) -> Effect {
        var problem = ComparisonProblem(hierarchy: hierarchy, withoutUnit: true, budget: ComparisonProblem.ruleBudget)
        let (old, new) = statements(&problem)
        let prepared = problem.prepared()
        var isNarrower = false
        var isWider = false
        if case .unsatisfiable = prepared.solve(.every([new, .not(old)])) { isNarrower = true }
        if case .unsatisfiable = prepared.solve(.every([old, .not(new)])) { isWider = true }
        let effect: Effect = isNarrower && isWider ? .same : isNarrower ? .stricter : isWider ? .wider : .different
        return isGrant ? effect : effect.reversed
    }

    /// Takes away what is equal, then pairs what shares a key, the most telling key first.
    private func pair<Part>(
        _ first: [Part], _ second: [Part], form: (Part) -> String, keys: [(Part) -> String?]
    ) -> (pairs: [(Part, Part)], removed: [Part], added: [Part]) {
        var rest = first
        var other = second
        var pairs: [(Part, Part)] = []
        func match(_ key: (Part) -> String?, keeping: Bool) {
            var places: [String: [Int]] = [:]
            for index in other.indices.reversed() { if let key = key(other[index]) { places[key, default: []].append(index) } }
            var used: Set<Int> = []
            var left: [Part] = []
            for part in rest {
                if let key = key(part), let place = places[key]?.popLast() {
                    used.insert(place)
                    if keeping { pairs.append((part, other[place])) }
                } else {
                    left.append(part)
                }
            }
            rest = left
            other = other.indices.filter { !used.contains($0) }.map { other[$0] }
        }
        match({ form($0) }, keeping: false)
        for key in keys { match(key, keeping: true) }
        return (pairs, rest, other)
    }
}

private enum DifferenceTexts {
    static func actions(_ terms: RuleTerms) -> String {
        ExplanationTexts.quoted(terms.actions.map { $0.action.short + ($0.refinements.isEmpty ? "" : "…") }.sorted())
    }

    static func actionNames(_ terms: RuleTerms) -> String { terms.actions.map(\.action.description).sorted().joined(separator: " ") }

    static func onlyActions(_ terms: RuleTerms) -> RuleTerms {
        RuleTerms(
            id: nil, pointer: terms.pointer, actions: terms.actions, targets: [], assignees: [], assigners: [], parties: [:],
            constraints: [])
    }

    static func resources(_ terms: RuleTerms) -> String { resources(terms.targets) + "|" + resources(terms.assignees) }

    static func resources(_ list: [Resource]) -> String {
        ExplanationTexts.quoted(list.map { ($0.id ?? $0.source ?? "?") + ($0.refinements.isEmpty ? "" : "…") }.sorted())
    }

    static func orAny(_ text: String) -> LocalizedText { text.isEmpty ? LocalizedText("any", "任意") : LocalizedText(text, text) }

    /// What the clause is about and which end it bounds, so that a new upper bound is set beside the old one.
    static func aspect(_ node: ConstraintNode) -> String? {
        guard case .atomic(let constraint) = node else { return nil }
        let end =
            switch constraint.operation {
            case .lt, .lteq: "upper"
            case .gt, .gteq: "lower"
            case let other: other?.rawValue ?? "?"
            }
        return constraint.leftOperand.description + " " + end
    }

    static func operand(_ node: ConstraintNode) -> String? {
        switch node {
        case .atomic(let constraint): constraint.leftOperand.description
        case .logical(let logical): logical.operand?.rawValue
        }
    }

    /// The left operand, when both clauses are about it alone.
    static func label(_ old: ConstraintNode, _ new: ConstraintNode) -> LocalizedText? {
        guard case .atomic(let first) = old, case .atomic(let second) = new, first.leftOperand == second.leftOperand else { return nil }
        return title(first.leftOperand)
    }

    private static func title(_ operand: IRI) -> LocalizedText {
        OperandTable.info(operand)?.title ?? LocalizedText(ExplanationTexts.shown(operand.short), ExplanationTexts.shown(operand.short))
    }

    static func clause(_ node: ConstraintNode, _ zone: TimeZoneOffset, isLabelled: Bool, depth: Int = 0) -> LocalizedText {
        switch node {
        case .atomic(let constraint):
            let must = ExplanationTexts.requirement(
                constraint.operation, constraint.rightOperand, constraint.rightOperandReferences, isNegated: false, zone)
            guard isLabelled else { return must }
            let title = title(constraint.leftOperand)
            return LocalizedText("\(title.en) \(must.en)", "\(title.zh)\(must.zh)")
        case .logical(let logical):
            guard depth < 4 else { return LocalizedText("…", "…") }
            let parts = logical.constraints.prefix(20).map { clause($0, zone, isLabelled: true, depth: depth + 1) }
            let rest = logical.constraints.count > 20 ? "; …" : ""
            let en = parts.map(\.en).joined(separator: "; ") + rest
            let zh = parts.map(\.zh).joined(separator: "；") + rest
            return switch logical.operand {
            case .and, .andSequence: LocalizedText("all of (\(en))", "同时满足（\(zh)）")
            case .or: LocalizedText("at least one of (\(en))", "至少满足一项（\(zh)）")
            case .xone: LocalizedText("exactly one of (\(en))", "恰好满足一项（\(zh)）")
            case nil: LocalizedText("an unreadable clause", "无法解读的条款")
            }
        }
    }

    static func duty(_ duty: Duty, _ zone: TimeZoneOffset) -> LocalizedText {
        let actions = actions(duty.terms)
        let clauses = (duty.terms.constraints + duty.terms.actions.flatMap(\.refinements)).map { clause($0, zone, isLabelled: true) }
        guard !clauses.isEmpty else { return LocalizedText(actions, actions) }
        return LocalizedText(
            "\(actions) (\(clauses.map(\.en).joined(separator: "; ")))", "\(actions)（\(clauses.map(\.zh).joined(separator: "；"))）")
    }
}

extension PolicyDifference.Effect {
    fileprivate var reversed: PolicyDifference.Effect {
        switch self {
        case .stricter: .wider
        case .wider: .stricter
        case .different, .same: self
        }
    }

    package var text: LocalizedText {
        switch self {
        case .stricter: LocalizedText("stricter", "更严格")
        case .wider: LocalizedText("wider", "更宽松")
        case .different: LocalizedText("different", "不同")
        case .same: LocalizedText("same meaning", "含义相同")
        }
    }
}

extension PolicyRelation.Kind {
    package var text: LocalizedText {
        switch self {
        case .equivalent: LocalizedText("both mean the same", "两份策略含义相同")
        case .stricter: LocalizedText("the first is stricter than the second", "前者比后者更严格")
        case .wider: LocalizedText("the first is wider than the second", "前者比后者更宽松")
        case .overlapping: LocalizedText("each permits something that the other does not", "各自允许对方不允许的请求")
        case .disjoint: LocalizedText("no request is permitted by both", "没有请求同时为两者所允许")
        case .unknown: LocalizedText("which one is stricter cannot be said for certain", "无法确定哪一方更严格")
        }
    }
}

extension PolicyWitness {
    /// The request in one line.
    package var text: LocalizedText {
        var en: [String] = []
        var zh: [String] = []
        func add(_ title: LocalizedText, _ values: [String]) {
            guard !values.isEmpty else { return }
            let shown = ExplanationTexts.quoted(values)
            en.append("\(title.en) \(shown)")
            zh.append("\(title.zh) \(shown)")
        }
        add(LocalizedText("action", "行为"), [action?.short].compactMap { $0 })
        add(LocalizedText("party", "主体"), [party].compactMap { $0 })
        add(LocalizedText("target", "数据"), [target].compactMap { $0 })
        for operand in values.keys.sorted() {
            let title = OperandTable.info(operand)?.title ?? LocalizedText(operand.short, operand.short)
            add(title, (values[operand] ?? []).map(\.display))
        }
        return en.isEmpty ? LocalizedText("any request", "任意请求") : LocalizedText(en.joined(separator: ", "), zh.joined(separator: "，"))
    }
}
