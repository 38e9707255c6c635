// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

extension Repair.Item {
    /// What must be, and who can see to it, in one sentence.
    package func text(_ zone: TimeZoneOffset = .china) -> LocalizedText {
        let must = self.must(zone)
        switch (changer, means) {
        case (_, .undisclosed):
            return LocalizedText(
                "a condition that the provider checks itself must be met; ask the provider", "须满足由提供方自行核验的条件，请联系提供方")
        case (_, .fulfil):
            let acts = ExplanationTexts.quoted(named.map { IRI($0).short })
            let until = deadline.map { zone.both($0) }
            let who = changer == .provider ? LocalizedText("the provider", "提供方") : LocalizedText("the requester", "请求方")
            return LocalizedText(
                "\(who.en) must fulfil the duty to \(acts) first" + (until.map { ", by \($0)" } ?? ""),
                "\(who.zh)须先履行义务 \(acts)" + (until.map { "，期限为 \($0)" } ?? ""))
        case (_, .act):
            let actions = ExplanationTexts.quoted(named.map { IRI($0).short })
            return isNegated
                ? LocalizedText("the requester must ask for an action that is no \(actions)", "请求方须改为请求不属于 \(actions) 的行为")
                : LocalizedText("the requester must ask for \(actions)", "请求方须改为请求 \(actions)")
        case (.time, .wait):
            if let opensAt {
                return LocalizedText("\(must.en): wait until \(zone.both(opensAt))", "\(must.zh)：须等到 \(zone.both(opensAt))")
            }
            if let opensBy {
                return LocalizedText(
                    "\(must.en): wait until earlier uses leave the window, at the latest on \(zone.both(opensBy))",
                    "\(must.zh)：须等先前的使用移出统计窗口，最迟为 \(zone.both(opensBy))")
            }
            return LocalizedText("\(must.en): wait", "\(must.zh)：须等待")
        case (.time, _):
            return LocalizedText(
                "\(must.en): never again under this policy, only other terms help", "\(must.zh)：在本策略下不会再满足，只能另行约定条款")
        case (.requester, .state): return LocalizedText("the requester must change this: \(must.en)", "请求方须更改：\(must.zh)")
        case (.requester, .credential):
            return LocalizedText("the requester must show a credential: \(must.en)", "请求方须出示凭证：\(must.zh)")
        case (.provider, .confirm):
            return LocalizedText("the provider's people must confirm it: \(must.en)", "须由提供方人员确认：\(must.zh)")
        case (.requester, .terms) where operand == nil && premise == nil:
            return LocalizedText("an offer grants nothing: agree a contract first", "要约不授予任何权利：须先达成合约")
        case (.provider, .terms) where operand == nil && premise == nil && rule == nil:
            let parents = ExplanationTexts.quoted(named)
            return LocalizedText(
                "the provider must bring in the parent policy \(parents)", "提供方须补上父策略 \(parents)")
        case (.nobody, _):
            return LocalizedText("nobody can change this here: \(must.en)", "在此无人能够更改：\(must.zh)")
        default:
            return LocalizedText("\(must.en): only other terms help, ask the provider", "\(must.zh)：只能另行约定条款，请联系提供方")
        }
    }

    private func must(_ zone: TimeZoneOffset) -> LocalizedText {
        if let operand {
            let parts = requirements.map {
                ExplanationTexts.requirement($0.operation, $0.right, $0.references, isNegated: $0.isNegated, zone)
            }
            let zh = OperandTable.info(operand)?.title.zh ?? operand.short
            return LocalizedText(
                "`\(operand.short)` " + parts.map(\.en).joined(separator: " and "), zh + parts.map(\.zh).joined(separator: "，且"))
        }
        let shown = ExplanationTexts.quoted(named)
        switch premise {
        case .party:
            return named.isEmpty
                ? LocalizedText("the policy is for other parties", "策略针对其他主体")
                : LocalizedText("the policy is for \(shown)", "策略针对 \(shown)")
        case .target:
            return named.isEmpty
                ? LocalizedText("the policy is about other data", "策略涉及其他数据")
                : LocalizedText("the policy is about \(shown)", "策略涉及 \(shown)")
        case .action, nil:
            let name = rule ?? ""
            return LocalizedText("rule `\(name)` stands against it", "规则 `\(name)` 不允许")
        }
    }
}
