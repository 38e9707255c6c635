// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
package import PolicyEngine
import StorageSQLite

/// One duty of an agreement as a person of this node should see it.
package struct DutyView: Sendable {
    package let duty: PlannedDuty
    /// Nil while nothing makes it owed.
    package let instance: DutyInstance?
    package let performer: ExchangeRole
    package let isOurs: Bool
    /// The time for it has passed and nobody here knows whether it was done.
    package let isUnconfirmed: Bool
    /// A report that waits to be delivered.
    package let reportPath: String?
    /// Opened copies that a deletion waits for.
    package let copies: [String]
    /// What somebody has to do, or what the node does; nil when nothing is left.
    package let advice: LocalizedText?

    package var state: DutyInstance.State { instance?.state ?? .inactive }
}

extension Exchange {
    /// The duties of an agreement, in the order of its policy, as they stand now.
    package func dutyList(of agreementID: String) async throws -> [DutyView] {
        let (agreement, record) = try await store.read { tx in
            (try tx.get(Agreement.self, id: agreementID), try tx.get(AgreementDuties.self, id: agreementID))
        }
        guard let agreement, agreement.isFinal else { throw ExchangeError.unknown("contract", agreementID) }
        let plan = try policies.read(agreement.document).duties
        var book = record?.book
        let now = clock.now()
        _ = book?.advance(to: now, plan)
        let copies = plan.duties.contains(where: \.isDeletion) ? try await openedCopies(of: agreement) : []
        return plan.duties.flatMap { duty -> [DutyView] in
            let performer = duty.performer(of: agreement)
            let rounds = book?.instances(of: duty.id).sorted { $0.round < $1.round } ?? []
            let shown: [DutyInstance?] = rounds.isEmpty ? [nil] : rounds.map(Optional.some)
            return shown.map { instance in
                let state = instance?.state ?? .inactive
                let report = instance.flatMap { record?.prepared[$0.id] }.map { files.path(ofReport: $0) }
                let isOurs = performer == agreement.role
                return DutyView(
                    duty: duty, instance: instance, performer: performer, isOurs: isOurs,
                    isUnconfirmed: state == .due && instance?.isUnobserved == true && instance?.isPassed(at: now) == true,
                    reportPath: report, copies: duty.isDeletion && isOurs && !state.isClosed ? copies : [],
                    advice: state.isClosed ? nil : duty.advice(isOurs: isOurs, state: state, report: report, copies: copies))
            }
        }
    }
}

extension PlannedDuty {
    fileprivate func advice(isOurs: Bool, state: DutyInstance.State, report: String?, copies: [String]) -> LocalizedText {
        if isDoneByOpening {
            return isOurs
                ? LocalizedText("this node does it whenever it opens the package", "本节点每次打开数据集包时自动完成")
                : LocalizedText("the consumer's node does it whenever it opens the package", "消费方节点每次打开数据集包时自动完成")
        }
        if state == .inactive { return LocalizedText("nothing yet: it is owed after \(trigger.text.en)", "尚无需处理：\(trigger.text.zh)后开始") }
        guard isOurs else {
            return isHidden
                ? LocalizedText(
                    "the other side does it where this node sees nothing; record its word with `kouan contract fulfil`",
                    "由对方在其内部完成，本节点无法观察；收到对方说明后请用 kouan contract fulfil 登记")
                : LocalizedText(
                    "the other side owes it; record it with `kouan contract fulfil` when it is done",
                    "由对方履行；完成后请用 kouan contract fulfil 登记")
        }
        if isDeletion {
            return copies.isEmpty
                ? LocalizedText(
                    "this node deletes its bytes and keys in time; `kouan contract fulfil` does it now",
                    "本节点将按期删除数据和密钥；也可用 kouan contract fulfil 立即删除")
                : LocalizedText(
                    "delete the opened copies; this node deletes its own bytes and keys in time", "请删除已打开的副本；本节点将按期删除自己保存的数据和密钥")
        }
        if isStop { return LocalizedText("this node ends all use at once", "本节点立即停止使用") }
        if let report {
            return LocalizedText(
                "deliver `\(report)`, then say so with `kouan contract fulfil`", "请送达 \(report)，然后用 kouan contract fulfil 登记")
        }
        if isNotice {
            return LocalizedText("this node prepares the report; deliver it", "本节点将准备报告，请送达对方")
        }
        return LocalizedText("do it, then say so with `kouan contract fulfil`", "请履行，然后用 kouan contract fulfil 登记")
    }
}

extension PlannedDuty.Trigger {
    package var text: LocalizedText {
        switch self {
        case .agreement: LocalizedText("the agreement", "协议达成")
        case .delivery: LocalizedText("the delivery", "数据交付")
        case .firstUse: LocalizedText("the first use", "首次使用")
        case .lastUse: LocalizedText("the last use", "最后一次使用")
        case .eachUse: LocalizedText("each use", "每次使用")
        case .revocation: LocalizedText("a revocation", "提供方撤回")
        case .incident: LocalizedText("an incident", "发生安全事件")
        case .violation: LocalizedText("a violation", "发生违约")
        case .interval: LocalizedText("each interval", "每个周期")
        }
    }
}
