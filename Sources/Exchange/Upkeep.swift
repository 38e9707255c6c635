// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Ledger
import Logging
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
            } catch {
                logger.error("upkeep failed", metadata: ["error": "\(describe(error))"])
            }
            try? await Task.sleep(for: .seconds(5))
        }
    }

    /// Uses that a crash interrupted count as used: nobody can say what left the process.
    package func settleInterruptedUses() async throws {
        let open = try await store.read { try $0.all(PackageUse.self, where: "state", equals: PackageUse.State.reserved.rawValue) }
        for use in open {
            _ = try await ledger.commit { tx in
                guard var use = try tx.get(PackageUse.self, id: use.id), use.state == .reserved else { return }
                use.state = .opened
                try tx.put(use)
                try tx.append(
                    LedgerEvent(
                        type: .useFinished, role: .consumer, correlation: use.id, agreement: use.agreementID,
                        local: ["outcome": "interrupted"]))
            }
        }
    }
}
