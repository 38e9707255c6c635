// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel
import Foundation
import Glibc
import Identity
import Ledger
import Logging
import PolicyEngine
import StorageSQLite

extension Exchange {
    /// The monitor tick: lets time pass for all open duties, and does what this node does by itself. Cheap while nothing is due.
    package func keepDuties() async throws {
        let verdict = try await watchClock()
        let now = clock.now()
        guard duties.isDue(at: now) else { return }
        // Before the rows are read: what changes meanwhile wakes the schedule again.
        duties.sleep()
        for record in try await store.read({ try $0.all(AgreementDuties.self, where: "open", equals: "1") }) {
            do {
                duties.wake(at: try await keep(record, verdict, at: now))
            } catch {
                duties.wake(at: now.adding(seconds: 60))
                logger.error("duties wait", metadata: ["agreement": "\(record.id)", "error": "\(describe(error))"])
            }
        }
    }

    /// One agreement; returns when it wants to be looked at again.
    private func keep(_ record: AgreementDuties, _ verdict: ClockVerdict, at now: Timestamp) async throws -> Timestamp? {
        guard let agreement = try await store.read({ try $0.get(Agreement.self, id: record.id) }) else { return nil }
        let plan = try policies.read(agreement.document).duties
        var passed = record.book
        let hasEnded = agreement.endedAt != nil && record.book.endedAt == nil
        if hasEnded || !passed.advance(to: now, plan).isEmpty {
            _ = try await ledger.commit { [self] tx in
                try noteDuties(hasEnded ? .end : nil, of: agreement, tx: &tx)
            }
        }
        guard let current = try await store.read({ try $0.get(AgreementDuties.self, id: record.id) }) else { return nil }
        var next = current.book.nextChange(plan)
        func consider(_ time: Timestamp) { next = next.map { min($0, time) } ?? time }
        for instance in current.book.instances {
            guard let duty = plan[instance.duty], duty.performer(of: agreement) == agreement.role,
                instance.state == .due || (instance.state == .violated && instance.performedAt == nil),
                agreement.role == .consumer || duty.isNotice,
                let start = duty.startsItself(instance, hasEnded: agreement.endedAt != nil)
            else { continue }
            guard start <= now else {
                consider(start)
                continue
            }
            if duty.isNotice {
                if current.prepared[instance.id] == nil { try await prepareReport(duty, instance, agreement) }
            } else {
                // The clock decides that it is time to destroy; a clock that was moved decides nothing.
                if duty.isDeletion, let problem = verdict.error, !current.begun.contains(instance.id) {
                    logger.warning("deletion waits", metadata: ["agreement": "\(agreement.id)", "code": "\(problem.code)"])
                } else {
                    try await carryOut(duty, instance, agreement)
                }
                // Uses under way, opened copies and clocks are looked at again at the next tick.
                if try await store.read({ try $0.get(AgreementDuties.self, id: record.id)?.book[instance.id]?.state.isClosed }) != true {
                    consider(now)
                }
            }
        }
        return next
    }

    private func carryOut(_ duty: PlannedDuty, _ instance: DutyInstance, _ agreement: Agreement) async throws {
        guard try await beginDestruction(of: agreement, instance: instance.id, by: nil, deletes: duty.isDeletion) else { return }
        try await destroy(agreement)
        let targets = try await usesOf(agreement).map(\.target)
        if duty.isDeletion {
            // What people opened is theirs to delete: it is only done when nothing is left that this node put on a disk.
            guard try await openedCopies(of: agreement).isEmpty else { return }
        }
        let report: [String: JSON] = ["by": "node", "openedTo": .strings(targets.prefix(50)), "opened": .integer(Int64(targets.count))]
        _ = try await ledger.commit { [self] tx in
            try noteDuties(.performed(instance.id), of: agreement, report: report, tx: &tx)
        }
    }

    /// Takes back what lets anybody use the package, under an entry, before a byte is destroyed. False while a use is under way.
    @discardableResult
    func beginDestruction(of agreement: Agreement, instance: String, by user: UserID?, deletes: Bool = true) async throws -> Bool {
        let packageName = agreement.package.description
        let begun = try await ledger.commit { [self] tx -> Bool in
            guard var record = try tx.get(AgreementDuties.self, id: agreement.id) else { return false }
            if record.begun.contains(instance) { return true }
            let uses = try tx.all(PackageUse.self, where: "agreement", equals: agreement.id)
            guard !uses.contains(where: { $0.state == .reserved }) else {
                if user != nil {
                    throw ExchangeError(
                        .conflict, "duty.use-under-way", "the package is being opened", hint: "wait until it is done, then repeat")
                }
                return false
            }
            guard var current = try tx.get(Agreement.self, id: agreement.id) else { return false }
            let grants = try tx.all(HeldGrant.self, where: "agreement", equals: agreement.id)
            let attempts = try tx.all(GrantAttempt.self, where: "agreement", equals: agreement.id)
            for grant in grants { try tx.delete(HeldGrant.self, id: grant.id) }
            for attempt in attempts { try tx.delete(GrantAttempt.self, id: attempt.id) }
            // Other agreements about the same package keep its bytes.
            let others = try tx.all(Agreement.self, where: "package", equals: packageName)
                .filter { $0.id != agreement.id && $0.role == agreement.role && $0.isActive }
            if deletes, agreement.role == .consumer, others.isEmpty { try tx.delete(HeldPackage.self, id: packageName) }
            if current.endedAt == nil { current.endedAt = tx.now }
            try tx.put(current)
            for var transfer in try tx.all(Transfer.self, where: "agreement", equals: agreement.id)
            where transfer.role == .consumer && transfer.isOpen && transfer.receivedIndex == nil {
                try terminate(&transfer, code: "agreement.ended", reason: "the agreement has ended", tx: &tx)
                try tx.put(transfer)
            }
            record.begun.insert(instance)
            record.doomedKeys += grants.map(\.requestID) + attempts.map(\.id)
            try tx.put(record)
            var local: [String: JSON] = [
                "grants": .integer(Int64(grants.count)), "keys": .integer(Int64(grants.count + attempts.count)),
                "bytes": .string(deletes ? (others.isEmpty ? "deleted" : "kept for \(others.count) other agreements") : "kept"),
            ]
            local["openedTo"] = .strings(Set(uses.filter { $0.state != .released }.map(\.target)).sorted().prefix(50))
            var ids = ["duty": instance]
            ids["user"] = user?.description
            try tx.append(
                LedgerEvent(type: .dutyBegun, role: agreement.role.entryRole, agreement: agreement.id, local: local, ids: ids))
            return true
        }.value
        if begun { signalOutbox() }
        return begun
    }

    /// Destroys keys first, then bytes, of what no record names any more. Safe to repeat.
    func destroy(_ agreement: Agreement) async throws {
        let (doomed, isNeeded) = try await store.read { tx -> ([String], Bool) in
            let arriving = try tx.all(Transfer.self, where: "agreement", equals: agreement.id).contains {
                $0.role == .consumer && $0.isOpen && $0.receivedIndex == nil
            }
            return (
                try tx.get(AgreementDuties.self, id: agreement.id)?.doomedKeys ?? [],
                try arriving || tx.exists(HeldPackage.self, id: agreement.package.description)
            )
        }
        for requestID in doomed { files.destroyLease(requestID: requestID) }
        files.syncLeases()
        if !isNeeded { files.destroyReceived(PackageFiles.name(of: agreement.package)) }
    }

    private func usesOf(_ agreement: Agreement) async throws -> [PackageUse] {
        try await store.read { try $0.all(PackageUse.self, where: "agreement", equals: agreement.id) }.filter { $0.state != .released }
    }

    /// Directories into which this node opened the package and that are still there.
    func openedCopies(of agreement: Agreement) async throws -> [String] {
        let targets = Set(try await usesOf(agreement).map(\.target)).sorted()
        return targets.filter { FileManager.default.fileExists(atPath: $0) }
    }

    /// Writes what the other side is to be told into a file. Nobody is told by that: a person or a program sends it and says so.
    private func prepareReport(_ duty: PlannedDuty, _ instance: DutyInstance, _ agreement: Agreement) async throws {
        let now = clock.now()
        let from = duty.intervalSeconds.flatMap { interval in instance.anchor?.adding(seconds: -interval) }
        let until = duty.intervalSeconds == nil ? now : instance.anchor ?? now
        let uses = try await usesOf(agreement).filter { use in
            from.map { use.reservedAt >= $0 && use.reservedAt < until } ?? true
        }
        let members: [String: JSON?] = [
            "report": .string(duty.actions.map(\.description).joined(separator: " ")), "agreement": .string(agreement.id),
            "duty": .string(instance.id), "from": .string(own.participant.description), "to": .string(agreement.peer.description),
            "informedParties": duty.informedParties.isEmpty ? nil : .strings(duty.informedParties),
            "package": .string(agreement.package.description),
            "periodStart": from.map { .string($0.description) }, "periodEnd": .string(until.description),
            "event": instance.anchor.map { .string($0.description) }, "deadline": instance.deadline.map { .string($0.description) },
            "uses": .array(
                uses.map { use in
                    [
                        "id": .string(use.id), "action": .string(use.action), "purpose": use.purpose.map(JSON.string) ?? .null,
                        "at": .string(use.reservedAt.description), "bytes": .integer(use.bytes), "outcome": .string(use.state.rawValue),
                    ]
                }), "sent": false,
        ]
        let bytes = JSON.members(members).canonical()
        let name = Hash.digest(Array((agreement.id + "\n" + instance.id).utf8)).hex.prefix(32) + ".json"
        try files.writeReport(bytes, name: String(name))
        _ = try await ledger.commit { tx in
            guard var record = try tx.get(AgreementDuties.self, id: agreement.id), record.prepared[instance.id] == nil else { return }
            record.prepared[instance.id] = String(name)
            try tx.put(record)
            try tx.append(
                LedgerEvent(
                    type: .dutyReport, role: agreement.role.entryRole, agreement: agreement.id,
                    local: ["file": .string(String(name)), "uses": .integer(Int64(uses.count))], digests: ["report": Hash.digest(bytes)],
                    ids: ["duty": instance.id]))
        }
    }
}

extension PlannedDuty {
    /// When this node carries the duty out by itself; nil if people do, or if nothing says when.
    ///
    /// Destruction comes shortly before its deadline: what was agreed until then stays possible. A notice is prepared when it is owed.
    func startsItself(_ instance: DutyInstance, hasEnded: Bool) -> Timestamp? {
        if isNotice || isStop { return max(instance.since, instance.opens ?? instance.since) }
        guard isDeletion else { return nil }
        let opens = max(instance.opens ?? instance.since, instance.state == .due ? instance.since : Timestamp(milliseconds: .min))
        if instance.state == .violated { return instance.since }
        guard let deadline = instance.deadline else { return hasEnded || trigger == .revocation ? opens : nil }
        let window = max(0, deadline.milliseconds - opens.milliseconds)
        return max(opens, deadline.adding(milliseconds: -min(window / 10, 3_600_000)))
    }
}

extension PackageFiles {
    func syncLeases() { Durable.syncDirectory(directory + "/leases") }

    func destroyReceived(_ name: String) {
        unlink(path(ofReceived: name))
        unlink(path(ofReceived: name + ".partial"))
        Durable.syncDirectory(directory + "/received")
    }

    package func path(ofReport name: String) -> String { "\(directory)/duties/\(name)" }

    func writeReport(_ bytes: [UInt8], name: String) throws {
        let temporary = "\(directory)/tmp/\(name)"
        guard FileManager.default.createFile(atPath: temporary, contents: Data(bytes), attributes: [.posixPermissions: 0o600]) else {
            throw ExchangeError.integrity("storage.rename-failed", "`\(temporary)` could not be written", hint: "check the disk")
        }
        try Durable.rename(temporary, to: path(ofReport: name))
    }
}
