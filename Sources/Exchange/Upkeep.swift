// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Ledger
import Logging
import PolicyEngine
import StorageSQLite

extension Exchange {
    /// Continues what a stop or crash interrupted, then looks after deadlines. Runs until cancelled.
    package func runUpkeep() async throws {
        for transfer in try await store.read({ try $0.all(Transfer.self) }) where transfer.isOpen {
            do {
                try await advance(transfer.id)
            } catch {
                logger.warning("transfer waits", metadata: ["transfer": "\(transfer.id)", "error": "\(describe(error))"])
            }
        }
        while !Task.isCancelled {
            do {
                try await endLeases()
                try await noteMissingReceipts()
                try await keepDuties()
                try await endUnapproved()
            } catch {
                logger.error("upkeep failed", metadata: ["error": "\(describe(error))"])
            }
            try? await Task.sleep(for: .seconds(5))
        }
    }

    /// Clears up after the last process of this node, before anything else is done.
    package func recover() async throws {
        try await settleInterruptedUses()
        try await removeUnnamedFiles()
    }

    /// What lies in the folders of packages and keys and no record names was left by a crash between a file and its commit.
    private func removeUnnamedFiles() async throws {
        let (packages, received, leases) = try await store.read { tx in
            let arriving = try tx.all(Transfer.self).filter { $0.role == .consumer && $0.isOpen }.map { PackageFiles.name(of: $0.package) }
            return (
                Set(try tx.all(SealedVersion.self).map(\.fileName)), Set(try tx.all(HeldPackage.self).map(\.fileName) + arriving),
                Set(try tx.all(HeldGrant.self).map(\.requestID) + tx.all(GrantAttempt.self).map(\.id))
            )
        }
        try files.keepOnly(packages: packages, received: received, leases: leases)
    }

    /// Uses that a crash interrupted count as used: nobody can say what left the process. They may go on to the same directory.
    private func settleInterruptedUses() async throws {
        let open = try await store.read { try $0.all(PackageUse.self, where: "state", equals: PackageUse.State.reserved.rawValue) }
        let now = clock.now()
        for use in open {
            guard let agreement = try await store.read({ try $0.get(Agreement.self, id: use.agreementID) }) else { continue }
            let log = UseLog(of: agreement, needs: try policies.read(agreement.document).needs)
            _ = try await ledger.commit { [self] tx in
                guard var use = try tx.get(PackageUse.self, id: use.id), use.state == .reserved else { return }
                use.state = .interrupted
                try tx.put(use)
                // It ended somewhere between its beginning and now, and no later than its lease.
                let leaseEnd = try use.grantID.flatMap { try tx.get(HeldGrant.self, id: $0)?.notAfter } ?? now
                let end = min(now, leaseEnd)
                try log.spend(use.id, milliseconds: end.milliseconds - use.startedAt.milliseconds, until: now, in: tx.store)
                try tx.append(
                    LedgerEvent(
                        type: .useFinished, role: .consumer, correlation: use.id, agreement: use.agreementID,
                        local: ["outcome": "interrupted"]))
                try noteDuties(.use, of: agreement, tx: &tx)
            }
        }
    }
}
