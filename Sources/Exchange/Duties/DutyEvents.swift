// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
package import ExchangeModel
package import Identity
import Ledger
import PolicyEngine
import StorageSQLite

/// What happened to an agreement outside of the six steps, as a person reports it.
package enum AgreementEvent: String, Sendable, Hashable, CaseIterable { case incident, revocation }

extension Exchange {
    /// Takes an event into the duties of an agreement, in the transaction that records the event itself. Every change of a state is an entry.
    ///
    /// - Parameter event: nil when the agreement has just become final.
    @discardableResult
    func noteDuties(
        _ event: DutyEvent?, of agreement: Agreement, report: [String: JSON] = [:], ids: [String: String] = [:],
        digests: [String: Digest] = [:], tx: inout LedgerTransaction
    ) throws -> [DutyChange] {
        let plan = try policies.read(agreement.document).duties
        guard !plan.isEmpty else { return [] }
        var record =
            try tx.get(AgreementDuties.self, id: agreement.id)
            ?? AgreementDuties(
                id: agreement.id,
                book: DutyBook(plan, agreedAt: agreement.agreedAt, unobserved: plan.unobserved(by: agreement.role, agreement)), begun: [],
                doomedKeys: [],
                prepared: [:], isOpen: true)
        let changes =
            event.map { record.book.receive($0, at: tx.now, plan) } ?? record.book.advance(to: tx.now, plan)
        for change in changes where change.to.isClosed || change.isLateAct {
            record.begun.remove(change.instance)
            record.prepared[change.instance] = nil
        }
        record.isOpen = record.book.isOpen(plan)
        try tx.put(record)
        for change in changes {
            guard let duty = plan[change.duty] else { continue }
            var local: [String: JSON] = [
                "duty": .string(duty.name), "actions": .strings(duty.actions.map(\.description)), "round": .integer(Int64(change.round)),
                "performer": .string(duty.performer(of: agreement).rawValue), "from": .string(change.from.rawValue),
            ]
            local["deadline"] = change.deadline.map { .string($0.description) }
            let isAct = change.to == .fulfilled || change.isLateAct
            if isAct { local.merge(report) { own, _ in own } }
            try tx.append(
                LedgerEvent(
                    type: EntryType(change), role: agreement.role.entryRole, agreement: agreement.id, local: local,
                    digests: isAct ? digests : [:], ids: (isAct ? ids : [:]).merging(["duty": change.instance]) { own, _ in own }))
        }
        duties.wake()
        return changes
    }

    /// Duties that an opening has fulfilled by the way it showed the data.
    func noteOpening(of agreement: Agreement, use: String, tx: inout LedgerTransaction) throws {
        let plan = try policies.read(agreement.document).duties
        guard !plan.isEmpty else { return }
        try noteDuties(.use, of: agreement, tx: &tx)
        for duty in plan.duties where duty.isDoneByOpening {
            try noteDuties(.performed(duty.id), of: agreement, ids: ["use": use], tx: &tx)
        }
    }

    /// `contract event`: a person of this node says that something happened.
    package func report(_ event: AgreementEvent, of agreementID: String, note: String?, by user: UserID) async throws {
        let text = note
        _ = try await ledger.commit { [self] tx in
            guard var agreement = try tx.get(Agreement.self, id: agreementID), agreement.isFinal else {
                throw ExchangeError.unknown("contract", agreementID)
            }
            let plan = try policies.read(agreement.document).duties
            if event == .revocation, !plan.duties.contains(where: { $0.trigger == .revocation }) {
                throw ExchangeError(
                    .conflict, "agreement.not-revocable", "agreement `\(agreementID)` says nothing about a revocation",
                    hint: "agree with the other side on its end; it runs as it was signed")
            }
            var local: [String: JSON] = ["event": .string(event.rawValue)]
            local["note"] = text.map(JSON.string)
            try tx.append(
                LedgerEvent(
                    type: .contractEvent, role: agreement.role.entryRole, agreement: agreement.id, local: local,
                    ids: ["user": user.description]))
            if event == .revocation, agreement.role == .provider, agreement.endedAt == nil {
                // No further key and no further byte leave the one who revoked.
                agreement.endedAt = tx.now
                try tx.put(agreement)
            }
            try noteDuties(event == .incident ? .incident : .revocation, of: agreement, tx: &tx)
        }
        try await keepDuties()
    }

    /// `contract fulfil`: a person of this node says that a duty was done, with what shows it.
    package func fulfil(_ name: String, of agreementID: String, note: String?, evidence: Digest?, by user: UserID) async throws {
        let (agreement, duty, instance) = try await findDuty(name, of: agreementID)
        if duty.isDeletion, agreement.role == .consumer, duty.performer(of: agreement) == .consumer {
            // A person's word stands in for the clock, not for the deed.
            try await beginDestruction(of: agreement, instance: instance, by: user)
            try await destroy(agreement)
            let remaining = try await openedCopies(of: agreement)
            if let first = remaining.first {
                throw ExchangeError(
                    .conflict, "duty.copies-remain",
                    "the node has deleted its bytes and keys, but \(remaining.count) opened copies are still there, the first at `\(first)`",
                    hint: "delete them, then repeat")
            }
        }
        var report: [String: JSON] = ["by": "person"]
        report["note"] = note.map(JSON.string)
        let text = report
        _ = try await ledger.commit { [self] tx in
            let changes = try noteDuties(
                .performed(instance), of: agreement, report: text, ids: ["user": user.description],
                digests: evidence.map { ["evidence": $0] } ?? [:], tx: &tx)
            guard changes.contains(where: { $0.duty == duty.id && ($0.to.isClosed || $0.isLateAct) }) else {
                throw ExchangeError(
                    .conflict, "duty.not-owed", "nothing is owed for duty `\(name)` now",
                    hint: "see what is with `kouan contract duties \(agreementID)`")
            }
        }
    }

    /// A duty by its id, the id of one of its rounds, or its uid.
    private func findDuty(_ name: String, of agreementID: String) async throws -> (Agreement, PlannedDuty, instance: String) {
        let (agreement, record) = try await store.read { tx in
            (try tx.get(Agreement.self, id: agreementID), try tx.get(AgreementDuties.self, id: agreementID))
        }
        guard let agreement, agreement.isFinal else { throw ExchangeError.unknown("contract", agreementID) }
        let plan = try policies.read(agreement.document).duties
        if let instance = record?.book[name], let duty = plan[instance.duty] { return (agreement, duty, name) }
        guard let duty = plan[name] ?? plan.duties.first(where: { $0.name == name }) else { throw ExchangeError.unknown("duty", name) }
        return (agreement, duty, duty.id)
    }
}

extension EntryType {
    init(_ change: DutyChange) {
        self =
            switch change.to {
            case .inactive, .due: .dutyDue
            case .fulfilled: .dutyFulfilled
            case .violated: change.isLateAct ? .dutyPerformed : .dutyViolated
            case .settled: .dutySettled
            }
    }
}
