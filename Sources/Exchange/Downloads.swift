// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import ExchangeModel
import Identity
import Ledger
import Logging
import Sealing
import StorageSQLite

/// Fetches the packages of started transfers, a few at a time, resuming where a cut or a crash left them.
extension Exchange {
    static let downloadSignal = "downloads"

    /// Runs until cancelled.
    package func runDownloads() async throws {
        let changes = signals.changes(of: Exchange.downloadSignal)
        signals.notify(Exchange.downloadSignal)
        try await withThrowingDiscardingTaskGroup { group in
            let running = RunningSet()
            let resting = RunningSet()
            let failures = RunningCount()
            for await _ in changes {
                let waiting = try await waitingDownloads()
                // Two transfers of one package would write the same file: the second waits, and then finds it whole.
                for transfer in waiting
                where !resting.contains(transfer.id) && running.count < settings.parallelDownloads && running.insert(transfer.package.hex) {
                    group.addTask { [self] in
                        let isSettled = await download(transfer)
                        running.remove(transfer.package.hex)
                        if !isSettled {
                            // A provider that does not deliver rests outside the few places, which are for those that do.
                            failures.add(1, to: transfer.id)
                            _ = resting.insert(transfer.id)
                            signals.notify(Exchange.downloadSignal)
                            let doublings = Int64(min(failures.count(of: transfer.id) - 1, 12))
                            let pause = min(settings.firstRetryMilliseconds << doublings, settings.maximumRetrySeconds * 1000)
                            try? await Task.sleep(for: .milliseconds(pause))
                            resting.remove(transfer.id)
                        }
                        if !Task.isCancelled { signals.notify(Exchange.downloadSignal) }
                    }
                }
            }
        }
    }

    private func waitingDownloads() async throws -> [Transfer] {
        try await store.read { tx in
            try tx.all(Transfer.self).filter {
                $0.role == .consumer && $0.machine.state == .started && $0.receivedIndex == nil && $0.dataAddress != nil
            }
        }
    }

    /// One attempt. Returns whether nothing is left to do: the package is here, its transfer has ended, or it can never be.
    private func download(_ transfer: Transfer) async -> Bool {
        do {
            guard let current = try await store.read({ try $0.get(Transfer.self, id: transfer.id) }), current.isOpen else { return true }
            // Received, but what follows failed: sign for it again.
            guard current.receivedIndex == nil else {
                try await advance(transfer.id)
                return true
            }
            let fileName = try await fetch(current)
            try await recordReceived(current, fileName: fileName)
            logger.info("package received", metadata: ["transfer": "\(transfer.id)", "package": "\(transfer.package)"])
            return true
        } catch {
            let failure = describe(error)
            logger.warning("download interrupted", metadata: ["transfer": "\(transfer.id)", "error": "\(failure)"])
            await note(failure, on: transfer.id)
            guard let sealing = error as? SealingError, sealing.isFinalForDownload else { return false }
            await giveUp(transfer, sealing)
            return true
        }
    }

    /// - Returns: the name of the whole, verified file.
    private func fetch(_ transfer: Transfer) async throws -> String {
        let peer = try peers.active(transfer.peer)
        let fileName = PackageFiles.name(of: transfer.package)
        let path = files.path(ofReceived: fileName)
        let trust = PackageTrust(reference: transfer.package, signer: try peer.card.signer(of: transfer.package))
        if files.hasReceived(fileName) {
            // Perhaps from another provider: the digest does not cover who signed.
            _ = try await blocking.run { _ in try PackageReader(path: path, trust: trust) }
            return fileName
        }
        guard let json = transfer.dataAddress else { throw ExchangeError.noSuchProcess }
        let address = try SealedPackageAddress(try DataAddress.parse(json))
        let endpoint = try peers.address(of: transfer.peer)
        let assembler = try await blocking.run { _ in
            AssemblerHolder(
                try PackageAssembler(
                    path: path, expected: transfer.package, fileBytes: transfer.bytes, trust: trust))
        }
        while let range = assembler.nextRange() {
            // Ended meanwhile, by either side?
            guard let current = try await store.read({ try $0.get(Transfer.self, id: transfer.id) }), current.isOpen else {
                throw ExchangeError.noSuchProcess
            }
            let stream = try await transport.download(
                address.endpoint, range: range, authorization: "Bearer " + address.authorization, from: endpoint)
            defer { stream.cancel() }
            while let bytes = try await stream.next() {
                try await blocking.run { _ in try assembler.receive(bytes) }
                progress.set(assembler.verifiedBytes, of: transfer.id)
            }
        }
        _ = try await blocking.run { _ in try assembler.finish() }
        return fileName
    }

    private func note(_ failure: String, on id: String) async {
        do {
            try await store.write { tx in
                guard var transfer = try tx.get(Transfer.self, id: id), transfer.isOpen else { return }
                transfer.lastError = failure
                try tx.put(transfer)
            }
        } catch {
            logger.error("state not written", metadata: ["transfer": "\(id)", "error": "\(describe(error))"])
        }
    }

    private func giveUp(_ transfer: Transfer, _ error: SealingError) async {
        do {
            _ = try await ledger.commit { [self] tx in
                guard var current = try tx.get(Transfer.self, id: transfer.id), current.isOpen else { return }
                try terminate(&current, code: error.code, reason: "the package did not verify", tx: &tx)
                try tx.put(current)
            }
            signals.notify(transfer.id)
            signalOutbox()
        } catch {
            logger.error("transfer not ended", metadata: ["transfer": "\(transfer.id)", "error": "\(describe(error))"])
        }
    }

    func describe(_ error: any Error) -> String {
        (error as? any KouanError).map { "\($0.code): \($0.message)" } ?? String(describing: error)
    }
}

/// An assembler in the hands of one download.
///
/// `@unchecked`: every call is awaited before the next is made, so one thread at a time touches it.
private final class AssemblerHolder: @unchecked Sendable {
    private let assembler: PackageAssembler
    init(_ assembler: PackageAssembler) { self.assembler = assembler }
    func nextRange() -> Range<Int64>? { assembler.nextRange() }
    func receive(_ bytes: [UInt8]) throws { try assembler.receive(bytes) }
    func finish() throws { _ = try assembler.finish() }
    var verifiedBytes: Int64 { assembler.verifiedBytes }
}

extension SealingError {
    /// Whether asking again can never make the provider's bytes the agreed package.
    fileprivate var isFinalForDownload: Bool {
        switch self {
        case .otherPackage, .otherSigner, .signatureInvalid, .notSigned, .unsupportedSuite, .unsupportedVersion, .notAPackage: true
        default: false
        }
    }
}
