// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import DataspaceProtocol
import ExchangeModel
package import Identity
import Ledger
import MerkleLog
import PolicyEngine
import StorageSQLite

// The fair exchange (docs/formats/receipt.md). Halves are kept before they are sent and sent again byte for byte.

// MARK: - Consumer

extension Exchange {
    /// The whole package is here and every chunk was verified: records it, then signs for it.
    func recordReceived(_ transfer: Transfer, fileName: String) async throws {
        let now = clock.now()
        let id = transfer.id
        _ = try await ledger.commit { [self] tx in
            guard var current = try tx.get(Transfer.self, id: id), current.receivedIndex == nil, current.isOpen,
                let agreement = try tx.get(Agreement.self, id: current.agreementID)
            else { return }
            let facts = try deliveryFacts(of: current, agreement: agreement, receivedAt: now)
            current.receivedAt = now
            current.receivedIndex = try tx.append(
                LedgerEvent(
                    type: .received, role: .consumer, correlation: current.correlation, agreement: agreement.id,
                    event: LedgerEvent.sharedEvent(correlation: current.correlation, step: "delivery"), shared: facts,
                    mirrorSecret: current.mirrorSecret))
            current.updatedAt = now
            try tx.put(current)
            try tx.put(
                HeldPackage(
                    id: current.package.description, provider: current.peer, datasetID: agreement.datasetID, fileName: fileName,
                    bytes: current.bytes, verifiedAt: now))
            try noteDuties(.delivery, of: agreement, tx: &tx)
        }
        signals.notify(id)
        try await advance(id)
    }

    func signDelivery(_ transfer: Transfer) async throws {
        let peer = try peers.active(transfer.peer)
        let provider = try StartRecord(parsing: transfer.providerPosition, provider: peer)
        let checkpoint = try Checkpoint(parsing: ledger.checkpoint.text)
        let id = transfer.id
        _ = try await ledger.commit { [self] tx in
            guard var current = try tx.get(Transfer.self, id: id), current.receipt == .none, let index = current.receivedIndex,
                let agreement = try tx.get(Agreement.self, id: current.agreementID), let startedAt = current.startedAt,
                let receivedAt = current.receivedAt
            else { return }
            let half = try DeliveryHalf(
                facts: ReceiptFacts(
                    correlation: current.correlation, agreement: agreement.digest, package: current.package, sizeBytes: current.bytes,
                    provider: provider.position,
                    consumer: LogPosition(participant: own.participant, index: index, checkpoint: checkpoint), startedAt: startedAt,
                    receivedAt: receivedAt), signedBy: keys.signing)
            try tx.keep(half.bytes, correlation: current.keptName, step: DeliveryHalf.step)
            current.receipt = .half
            current.updatedAt = clock.now()
            try tx.put(current)
            try tx.insert(
                OutboxMessage(
                    id: newURN(), kind: .deliveryReceipt, process: id, peer: current.peer, url: peer.card.endpoints.receiptsURL,
                    body: ["half": .string(Base64.encode(half.bytes))], tries: 0, nextTry: clock.now(), lastError: nil,
                    createdAt: clock.now()))
        }
        signals.notify(id)
        signalOutbox()
    }

    /// The provider's countersignature: both sides now hold the same receipt, and the transfer is complete.
    func accept(receipt bytes: [UInt8], of id: String, tx: inout LedgerTransaction) throws {
        guard var transfer = try tx.get(Transfer.self, id: id), transfer.receipt == .half,
            let halfBytes = try tx.kept(correlation: transfer.keptName, step: DeliveryHalf.step)
        else { return }
        let peer = try peers.active(transfer.peer)
        let receipt = try Receipt(parsing: bytes, providerKey: peer.card.signingKey, consumerKey: keys.signing.publicKey)
        try receipt.check(completes: try DeliveryHalf(parsing: halfBytes, consumerKey: keys.signing.publicKey))
        try tx.keep(receipt.bytes, correlation: transfer.keptName, step: Receipt.step)
        try tx.append(receiptEvent(of: transfer, receipt))
        transfer.receipt = .full
        let completion = TransferCompletionMessage(id: newURN(), pids: transfer.pids)
        var next = transfer.machine
        _ = try next.send(.completion(completion), as: .consumer)
        transfer.pending = next
        transfer.updatedAt = clock.now()
        try tx.put(transfer)
        try tx.insert(
            outgoing(
                .transferCompletion, of: id, to: transfer.peer,
                url: Endpoint.providerCompletion.url(base: transfer.callback, id: transfer.providerPID), message: completion))
    }
}

// MARK: - Provider

extension Exchange {
    /// Verifies a delivery half, records the delivery and countersigns. The same half gets the same receipt; another one is a finding.
    package func receive(deliveryHalf bytes: [UInt8], from peer: VerifiedPeer) async throws -> [UInt8] {
        let half: DeliveryHalf
        do {
            half = try DeliveryHalf(parsing: bytes, consumerKey: peer.card.signingKey)
        } catch {
            throw ExchangeError.denied(
                "receipt.invalid", "the delivery half does not verify", hint: "sign it with the key in the node card")
        }
        let receipt = try await ledger.commit { [self] tx -> [UInt8] in
            let candidates = try tx.all(Transfer.self, where: "correlation", equals: half.facts.correlation)
            guard var transfer = candidates.first(where: { $0.role == .provider && $0.peer == peer.participant }),
                let agreement = try tx.get(Agreement.self, id: transfer.agreementID)
            else { throw ExchangeError.noSuchProcess }
            let correlation = transfer.correlation
            if let kept = try tx.kept(correlation: transfer.keptName, step: DeliveryHalf.step) {
                guard kept == bytes, let receipt = try tx.kept(correlation: transfer.keptName, step: Receipt.step) else {
                    let error = ExchangeError.denied(
                        "receipt.second-half", "another receipt was given before", hint: "send the first one again")
                    guard case .record = refusals.judge(peer.participant, key: "second-half \(correlation)", at: clock.now()) else {
                        throw error
                    }
                    throw LedgerEvent(
                        type: .finding, role: .provider, correlation: correlation, agreement: agreement.id,
                        local: ["code": "receipt.second-half"], digests: ["half": half.digest]
                    ).refusing(error)
                }
                return receipt
            }
            let start = try StartRecord(parsing: transfer.providerPosition, ownOrigin: own)
            try half.check(
                correlation: correlation, agreement: agreement.digest, package: transfer.package, sizeBytes: transfer.bytes,
                provider: start.position, consumer: peer.participant)
            guard half.facts.startedAt == transfer.startedAt, half.facts.consumer.origin == peer.card.ledger.name,
                half.facts.receivedAt >= start.startedAt.adding(seconds: -settings.clockToleranceSeconds),
                half.facts.receivedAt <= clock.now().adding(seconds: settings.clockToleranceSeconds)
            else {
                throw ExchangeError.denied(
                    "receipt.differs", "times or log of the receipt are not those of the transfer",
                    hint: "compare both clocks with `kouan doctor`")
            }
            transfer.receivedAt = half.facts.receivedAt
            let receipt = try half.countersigned(by: keys.signing)
            try tx.keep(bytes, correlation: transfer.keptName, step: DeliveryHalf.step)
            try tx.keep(receipt.bytes, correlation: transfer.keptName, step: Receipt.step)
            transfer.deliveredIndex = try tx.append(
                LedgerEvent(
                    type: .delivered, role: .provider, correlation: correlation, agreement: agreement.id,
                    event: LedgerEvent.sharedEvent(correlation: transfer.correlation, step: "delivery"),
                    shared: try deliveryFacts(of: transfer, agreement: agreement, receivedAt: half.facts.receivedAt),
                    digests: ["receipt": receipt.digest], mirrorSecret: transfer.mirrorSecret))
            try noteDuties(.delivery, of: agreement, tx: &tx)
            transfer.receipt = .full
            transfer.updatedAt = clock.now()
            try tx.put(transfer)
            return receipt.bytes
        }.value
        return receipt
    }

    /// Deliveries whose bytes all left us, and nobody signed for them in time: recorded, and no more of this agreement leaves.
    func noteMissingReceipts() async throws {
        let now = clock.now()
        let late = servedBytes.servedInFull(before: now.adding(seconds: -settings.receiptDeadlineSeconds))
        for id in late {
            _ = try await ledger.commit { [self] tx in
                guard var transfer = try tx.get(Transfer.self, id: id), transfer.machine.state != .terminated, transfer.receipt == .none
                else { return }
                transfer.receipt = .missing
                transfer.updatedAt = now
                try tx.put(transfer)
                try tx.append(
                    LedgerEvent(
                        type: .receiptMissing, role: .provider, correlation: transfer.correlation, agreement: transfer.agreementID,
                        local: ["peer": .string(transfer.peer.description), "deadlineSeconds": .integer(settings.receiptDeadlineSeconds)]))
            }
            signals.notify(id)
        }
    }
}

// MARK: - Both

extension Transfer {
    /// What halves and receipts are kept under. The correlation is the consumer's word: alone it could name a transfer of somebody else.
    var keptName: String { "\(role.rawValue) \(peer) \(correlation)" }
}

extension Exchange {
    func receiptEvent(of transfer: Transfer, _ receipt: Receipt) -> LedgerEvent {
        LedgerEvent(
            type: .receipt, role: transfer.role.entryRole, correlation: transfer.correlation, agreement: transfer.agreementID,
            digests: ["receipt": receipt.digest])
    }

    func storedReceipt(of transfer: Transfer) async throws -> Receipt? {
        guard let bytes = try await store.read({ try $0.kept(correlation: transfer.keptName, step: Receipt.step) }) else { return nil }
        guard let card = peers.card(of: transfer.peer) else { throw ExchangeError.unknown("peer", transfer.peer.description) }
        let ours = keys.signing.publicKey
        return transfer.role == .provider
            ? try Receipt(parsing: bytes, providerKey: ours, consumerKey: card.signingKey)
            : try Receipt(parsing: bytes, providerKey: card.signingKey, consumerKey: ours)
    }
}

extension StartRecord {
    /// Our own, read back.
    init(parsing json: JSON?, ownOrigin own: OwnParty) throws {
        guard let json, let index = json["index"]?.int, let size = json["size"]?.int,
            let root = json["root"]?.string.flatMap(Base64.decode).flatMap(TreeHash.init),
            let origin = json["origin"]?.string, let startedAt = json["startedAt"]?.string.flatMap(Timestamp.init(parsing:)),
            let secret = json["mirrorSecret"]?.string.flatMap(Base64.decode)
        else { throw ExchangeError.noSuchProcess }
        self.init(
            position: LogPosition(participant: own.participant, origin: origin, index: index, size: size, root: root),
            startedAt: startedAt, mirrorSecret: secret)
    }
}
