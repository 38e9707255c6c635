// SPDX-License-Identifier: Apache-2.0

import DataDuties
import ExchangeModel
import PolicyEngine
import StorageSQLite
import Synchronization

/// How a node stands to one duty of its agreement.
extension PlannedDuty {
    /// Whose duty it is: its assignee's, else the consumer's.
    func performer(of agreement: Agreement) -> ExchangeRole {
        let provider = agreement.document["assigner"]?.string
        return provider.map(assignees.contains) == true ? .provider : .consumer
    }

    /// The node does it while it opens a package.
    var isDoneByOpening: Bool {
        role == .condition && phase == .before && !actions.isEmpty
            && actions.allSatisfy { action in
                action == Action.watermark || (ActionHierarchy.standard.reaches(action, Action.anonymize) && !fields.isEmpty)
            }
    }

    var isDeletion: Bool { actions.contains(Action.delete) }
    var isStop: Bool { actions.contains(DutyAction.stopUse) }
    var isNotice: Bool { isAbout(Action.inform) }

    /// Done inside the performer's walls, where the other side sees nothing.
    var isHidden: Bool {
        actions.allSatisfy { [Action.delete, Action.watermark, DutyAction.stopUse, DutyAction.uninstall].contains($0) || isMasking($0) }
    }

    private func isMasking(_ action: IRI) -> Bool { ActionHierarchy.standard.reaches(action, Action.anonymize) }

    /// - Throws: `DataDutyError` for a field or a method that means nothing.
    func addTo(_ treatment: inout DataTreatment) throws {
        guard actions.contains(where: isMasking) else { return }
        // What is anonymised can be undone by nobody: nothing of it stays unless the policy says how.
        var chosen = actions.contains(Action.mask) ? MaskMethod.mask : .remove
        if let method {
            guard let named = MaskMethod(rawValue: method) else { throw DataDutyError.badMethod(method) }
            chosen = named
        }
        try treatment.mask(fields, by: chosen)
    }
}

enum DutyAction {
    static let stopUse = IRI(Namespace.kouan + "stopUse")
    static let uninstall = IRI(Namespace.odrl + "uninstall")
}

extension DutyPlan {
    func unobserved(by role: ExchangeRole, _ agreement: Agreement) -> Set<String> {
        Set(duties.filter { $0.performer(of: agreement) != role && $0.isHidden }.map(\.id))
    }
}

enum DutyStates {
    /// The states that a decision about `agreement` rests on, at `now`. A deadline counts as missed when it has passed, whether or not
    /// anybody has recorded that yet.
    static func of(_ agreement: Agreement, _ plan: DutyPlan, at now: Timestamp, in tx: Transaction) throws -> [String: DeonticState] {
        guard !plan.isEmpty else { return [:] }
        var book =
            try tx.get(AgreementDuties.self, id: agreement.id)?.book
            ?? DutyBook(plan, agreedAt: agreement.agreedAt, unobserved: plan.unobserved(by: agreement.role, agreement))
        _ = book.advance(to: now, plan)
        var states = book.deonticStates(plan)
        // The opening that is being decided on fulfils these before it shows a byte, or shows none.
        for duty in plan.duties where duty.isDoneByOpening && states[duty.name] == .notSet { states[duty.name] = .fulfilled }
        return states
    }
}

/// When somebody has to look at the duties again.
final class DutySchedule: Sendable {
    private let next = Mutex<Timestamp?>(Timestamp(milliseconds: .min))

    func wake() { next.withLock { $0 = Timestamp(milliseconds: .min) } }
    func isDue(at now: Timestamp) -> Bool { next.withLock { $0.map { $0 <= now } ?? false } }
    func sleep() { next.withLock { $0 = nil } }
    func wake(at time: Timestamp?) {
        guard let time else { return }
        next.withLock { $0 = $0.map { min($0, time) } ?? time }
    }
}
