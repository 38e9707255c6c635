// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import DataspaceProtocol
package import ExchangeModel
package import Identity
import Ledger
import MerkleLog
import PolicyEngine
import StorageSQLite

// One pull transfer, both sides (docs/formats/receipt.md has the order of the receipts):
//
//     consumer                                      provider
//     requestTransfer ── TransferRequest ─────────► receive: agreement of this peer? policy at transfer; commits `transfer-started`
//     receive: data address, its log position ◄──── TransferStart
//     fetches and verifies every chunk ───────────► serves ranges of the sealed package
//     commits `received`, signs the delivery half ► verifies, commits `delivered`, countersigns
//     keeps the receipt ◄────────────────────────── answer
//     ── TransferCompletion ──────────────────────► COMPLETED. Only now are key grants issued.

/// What a TransferStart carries beside the standard's members: where the provider recorded the start, and what both ledgers commit to.
struct StartRecord: Hashable {
    static let memberName = "urn:kouan:transfer-record:1"

    let position: LogPosition
    let startedAt: Timestamp
    let mirrorSecret: [UInt8]

    var json: JSON {
        [
            "origin": .string(position.origin), "index": .integer(position.index), "size": .integer(position.size),
            "root": .string(position.root.description), "startedAt": .string(startedAt.description),
            "mirrorSecret": .string(Base64.encode(mirrorSecret)),
        ]
    }

    init(position: LogPosition, startedAt: Timestamp, mirrorSecret: [UInt8]) {
        self.position = position
        self.startedAt = startedAt
        self.mirrorSecret = mirrorSecret
    }

    init(parsing json: JSON?, provider: VerifiedPeer) throws {
        guard let json, let origin = json["origin"]?.string, origin == provider.card.ledger.name, let index = json["index"]?.int,
            let size = json["size"]?.int, index >= 0, index < size,
            let root = json["root"]?.string.flatMap(Base64.decode).flatMap(TreeHash.init),
            let startedAt = json["startedAt"]?.string.flatMap(Timestamp.init(parsing:)),
            let secret = json["mirrorSecret"]?.string.flatMap(Base64.decode), secret.count == 32
        else {
            throw ExchangeError.denied(
                "transfer.record-missing", "the start does not say where the provider recorded it", hint: "the peer must run a Kouan node")
        }
        self.init(
            position: LogPosition(participant: provider.participant, origin: origin, index: index, size: size, root: root),
            startedAt: startedAt, mirrorSecret: secret)
    }
}

// MARK: - Consumer

extension Exchange {
    func requestTransfer(of agreement: Agreement, by user: UserID) async throws -> Transfer {
        guard agreement.role == .consumer else {
            throw ExchangeError(
                .usage, "transfer.not-consumer", "the other side of this agreement asks for the transfer",
                hint: "the consumer runs `kouan transfer start`")
        }
        let peer = try peers.active(agreement.peer)
        let parties = parties(role: .consumer, peer: agreement.peer)
        let now = clock.now()
        let pid = newURN()
        let message = TransferRequestMessage(
            id: newURN(), consumerPID: pid, agreementID: agreement.id, format: .sealedPackagePull, callbackAddress: own.endpoints.dspURL)
        var machine = TransferProcessMachine()
        _ = try machine.send(.request(message), as: .consumer)
        let transfer = Transfer(
            id: pid, role: .consumer, peer: agreement.peer, agreementID: agreement.id, package: agreement.package, bytes: 0,
            consumerPID: pid, providerPID: "", callback: peer.card.endpoints.dspURL, machine: TransferProcessMachine(), pending: machine,
            correlation: pid, mirrorSecret: [], receipt: .none, createdAt: now, updatedAt: now)
        let outgoing = outgoing(
            .transferRequest, of: pid, to: agreement.peer, url: Endpoint.transferRequest.url(base: transfer.callback), message: message)
        _ = try await ledger.commit { tx in
            guard let current = try tx.get(Agreement.self, id: agreement.id), current.isActive else {
                throw ExchangeError.notSettled("contract", "agreement `\(agreement.id)` is not in force")
            }
            try tx.insert(transfer)
            try tx.insert(outgoing)
            try tx.append(
                LedgerEvent(
                    type: .transferRequested, role: .consumer, correlation: pid, agreement: agreement.id,
                    shared: SharedFacts(
                        provider: parties.provider, consumer: parties.consumer, dataset: agreement.datasetID, package: agreement.package,
                        agreement: agreement.digest, policy: agreement.policyHash), ids: ["user": user.description]))
        }
        signalOutbox()
        return transfer
    }

    func settled(_ transfer: Transfer, within seconds: Int64) async throws -> Transfer {
        let id = transfer.id
        let settled = try await signals.wait(for: id, seconds: seconds) { [store] () -> Transfer? in
            guard let current = try await store.read({ try $0.get(Transfer.self, id: id) }) else { return nil }
            return current.isOpen ? nil : current
        }
        if let settled { return settled }
        return try await store.read { try $0.get(Transfer.self, id: id) } ?? transfer
    }

    private func start(
        _ transfer: Transfer, _ message: TransferStartMessage, from peer: VerifiedPeer, tx: borrowing LedgerTransaction
    ) throws -> Transfer {
        var transfer = transfer
        guard try transfer.accept(.start(message), from: .provider) != nil else { return transfer }
        // The provider answers our request with it: the request has arrived, whatever became of its acknowledgement.
        try dropOutgoing(of: transfer.id, tx: tx)
        guard let data = message.dataAddress else {
            throw ExchangeError.denied(
                "transfer.no-address", "the start carries no data address", hint: "the peer must offer a sealed package")
        }
        let address = try SealedPackageAddress(data)
        let base = peer.card.endpoints.peer.description + "/"
        guard address.endpoint.hasPrefix(base), address.grantEndpoint.hasPrefix(base) else {
            throw ExchangeError.denied(
                "transfer.address-refused", "the data address is not below the provider's registered base",
                hint: "the peer must serve data where its node card says")
        }
        guard address.packageRoot == transfer.package else {
            throw ExchangeError.denied("transfer.other-package", "the data address names another package", hint: "negotiate again")
        }
        let record = try StartRecord(parsing: message.envelope.extensions[StartRecord.memberName], provider: peer)
        let tolerance = settings.clockToleranceSeconds * 1000
        let earliest = transfer.createdAt.adding(milliseconds: -tolerance)
        guard record.startedAt >= earliest, record.startedAt <= clock.now().adding(milliseconds: tolerance) else {
            throw ExchangeError.denied(
                "transfer.start-time", "the start was recorded at a time that cannot be", hint: "compare both clocks with `kouan doctor`")
        }
        transfer.dataAddress = data.json
        transfer.bytes = address.packageSize.bytes
        transfer.providerPosition = record.json
        transfer.mirrorSecret = record.mirrorSecret
        transfer.startedAt = record.startedAt
        return transfer
    }
}

// MARK: - Provider

extension Exchange {
    /// A consumer asks for the package of an agreement.
    func receive(_ message: TransferRequestMessage, from peer: VerifiedPeer) async throws -> Transfer {
        guard message.format == .sealedPackagePull else {
            throw ExchangeError.denied(
                "transfer.format-unsupported", "this dataset travels as SealedPackage-PULL only", hint: "ask for `SealedPackage-PULL`")
        }
        guard message.consumerPID.utf8.count <= 512 else {
            throw ExchangeError.badInput("consumerPid", "is longer than 512 bytes")
        }
        guard message.callbackAddress.hasPrefix(peer.card.endpoints.peer.description + "/") else {
            throw ExchangeError.denied(
                "peer.callback-refused", "`callbackAddress` is not below the peer's registered base",
                hint: "register the new address in the node card first")
        }
        let parties = parties(role: .provider, peer: peer.participant)
        let now = clock.now()
        let pid = newURN()
        let secret = SecureRandom.bytes(32)
        let transfer = try await ledger.commit { [self] tx -> Transfer in
            let sameName = try tx.all(Transfer.self, where: "remote", equals: message.consumerPID)
            if var known = sameName.first(where: { $0.role == .provider && $0.peer == peer.participant }) {
                _ = try known.machine.receive(.request(message), from: .consumer)
                return known
            }
            let open = try tx.store.count(Transfer.self, where: "open", equals: peer.participant.description)
            guard open < settings.openProcessesPerPeer else { throw ExchangeError.busy }
            // An agreement of somebody else is as unknown as none.
            guard let agreement = try tx.get(Agreement.self, id: message.agreementID), agreement.peer == peer.participant,
                agreement.role == .provider
            else {
                throw ExchangeError(
                    .notFound, "agreement.unknown", "there is no such agreement", hint: "give the id of an agreement that is in force")
            }
            let shared = SharedFacts(
                provider: parties.provider, consumer: parties.consumer, dataset: agreement.datasetID, package: agreement.package,
                agreement: agreement.digest, policy: agreement.policyHash)
            func refused(_ error: ExchangeError, _ answer: PolicyGate.Answer? = nil) -> any Error {
                refusal(
                    error, of: peer.participant, correlation: message.consumerPID, agreement: agreement.id, shared: shared,
                    point: "transfer", answer: answer)
            }
            guard agreement.isActive else {
                throw refused(.denied("agreement.ended", "the agreement is not in force", hint: "negotiate a new one"))
            }
            let earlier = try tx.all(Transfer.self, where: "agreement", equals: agreement.id)
            guard !earlier.contains(where: { $0.receipt == .missing }) else {
                throw refused(
                    .denied(
                        "receipt.missing", "an earlier delivery under this agreement was never receipted", hint: "send its receipt first"))
            }
            let known = try policies.read(agreement.document)
            var values = try confirmedFacts(of: agreement, for: known, in: tx.store)
            if known.needs.wantsElapsedTime {
                values[Operand.elapsedTime.description] = [
                    .duration(milliseconds: max(0, now.milliseconds - agreement.agreedAt.milliseconds))
                ]
            }
            let question = PolicyGate.Question(
                action: nil, target: agreement.datasetID, party: peer.attributes(), values: values,
                dutyStates: try DutyStates.of(agreement, known.duties, at: now, in: tx.store), point: .transfer)
            let answer = PolicyGate.ask(known, question, at: now)
            guard answer.permit != nil else { throw refused(answer.refusal, answer) }
            guard let version = try tx.get(SealedVersion.self, id: agreement.package.description) else {
                throw refused(.denied("package.withdrawn", "the package is no longer available", hint: "ask the provider"))
            }
            var transfer = Transfer(
                id: pid, role: .provider, peer: peer.participant, agreementID: agreement.id, package: agreement.package,
                bytes: version.bytes, consumerPID: message.consumerPID, providerPID: pid, callback: message.callbackAddress,
                machine: TransferProcessMachine(), pending: nil, correlation: message.consumerPID, mirrorSecret: secret, receipt: .none,
                createdAt: now, updatedAt: now)
            _ = try transfer.machine.receive(.request(message), from: .consumer)
            transfer.startedAt = now
            var started = shared
            started.sizeBytes = version.bytes
            started.version = String(version.version)
            started.startedAt = now
            transfer.startedIndex = try tx.append(
                LedgerEvent(
                    type: .transferStarted, role: .provider, correlation: transfer.correlation, agreement: agreement.id, shared: started,
                    local: ["decision": answer.decisionJSON, "asked": answer.askedJSON]))
            try tx.insert(transfer)
            return transfer
        }.value
        try await advance(transfer.id)
        return transfer
    }

    /// The start leaves only now that its entry is under a signed head, and says under which.
    private func sendStart(_ transfer: Transfer, index: Int64) async throws {
        let checkpoint = try Checkpoint(parsing: ledger.checkpoint.text)
        let token = "kouan-transfer-" + Base64.encodeURL(SecureRandom.bytes(32))
        let address = SealedPackageAddress(
            endpoint: own.endpoints.peer.description + "/kouan/v1/packages/" + transfer.package.hex, authorization: token,
            packageRoot: transfer.package, packageSize: ByteCount(transfer.bytes), grantEndpoint: own.endpoints.grantURL)
        let record = StartRecord(
            position: LogPosition(participant: own.participant, index: index, checkpoint: checkpoint),
            startedAt: transfer.startedAt ?? transfer.createdAt, mirrorSecret: transfer.mirrorSecret)
        var message = TransferStartMessage(id: newURN(), pids: transfer.pids, dataAddress: address.dataAddress)
        message.envelope.extensions[StartRecord.memberName] = record.json
        let start = message
        _ = try await ledger.commit { [self] tx in
            guard var current = try tx.get(Transfer.self, id: transfer.id), current.tokenHash == nil, current.isOpen else { return }
            var next = current.machine
            _ = try next.send(.start(start), as: .provider)
            current.pending = next
            current.tokenHash = Hash.digest(Array(token.utf8))
            current.providerPosition = record.json
            current.updatedAt = clock.now()
            try tx.put(current)
            try tx.insert(
                outgoing(
                    .transferStart, of: current.id, to: current.peer,
                    url: Endpoint.consumerStart.url(base: current.callback, id: current.consumerPID), message: start))
        }
        signalOutbox()
    }

    /// The file behind a data address, if `peer` holds its token and the transfer runs.
    package func packageFile(hex: String, token: String, for peer: VerifiedPeer) async throws -> (
        path: String, size: Int64, transfer: String, package: Digest
    ) {
        let hash = Hash.digest(Array(token.utf8))
        let transfers = try await store.read { try $0.all(Transfer.self, where: "open", equals: peer.participant.description) }
        guard
            let transfer = transfers.first(where: {
                $0.role == .provider && $0.package.hex == hex && $0.tokenHash.map { constantTimeEqual($0.bytes, hash.bytes) } == true
            }), transfer.machine.state == .started || transfer.pending?.state == .started
        else { throw ExchangeError.noSuchProcess }
        guard let version = try await store.read({ try $0.get(SealedVersion.self, id: transfer.package.description) }) else {
            throw ExchangeError.noSuchProcess
        }
        return (files.path(ofOwn: version.fileName), version.bytes, transfer.id, transfer.package)
    }

    /// Called before bytes of a transfer leave: how many make up the whole package.
    package func expectServing(bytes: Int64, of transferID: String) { servedBytes.expect(bytes, of: transferID, at: clock.now()) }

    /// Called when ranges were served, so that a missing receipt can be noticed.
    package func served(bytes: Int64, of transferID: String) { servedBytes.add(bytes, to: transferID, at: clock.now()) }
}

// MARK: - Both

extension Exchange {
    /// A later message of a known transfer.
    func receive(_ message: TransferMessage, for pid: String, from peer: VerifiedPeer) async throws -> Transfer {
        let result = try await ledger.commit { [self] tx -> Transfer in
            guard var transfer = try tx.get(Transfer.self, id: pid), transfer.peer == peer.participant else {
                throw ExchangeError.noSuchProcess
            }
            if transfer.role == .consumer, transfer.providerPID.isEmpty, let providerPID = message.pids?.providerPID {
                transfer.providerPID = providerPID
            }
            try message.requirePIDs(transfer.pids)
            switch (message, transfer.role) {
            case (.start(let start), .consumer): transfer = try self.start(transfer, start, from: peer, tx: tx)
            case (.completion, .provider):
                guard try transfer.accept(message, from: .consumer) != nil else { break }
                try dropOutgoing(of: transfer.id, tx: tx)
            case (.termination(let termination), _):
                guard try transfer.accept(message, from: transfer.role.other) != nil else { break }
                transfer.ending = ProcessEnding(
                    code: termination.reasonCode ?? "peer.terminated", reasons: termination.reason, byPeer: true)
                try dropOutgoing(of: transfer.id, tx: tx)
                try tx.append(try terminationEvent(of: transfer))
            default: throw DSPError.unexpected(message: message.kind.name, state: transfer.stateName, sender: transfer.role.other)
            }
            transfer.updatedAt = clock.now()
            try tx.put(transfer)
            return transfer
        }.value
        signals.notify(pid)
        signals.notify(Exchange.downloadSignal)
        signalOutbox()
        return result
    }

    /// `transfer terminate`: by a user of ours.
    package func terminate(transfer id: String, by user: UserID) async throws -> Transfer {
        let ended = try await ledger.commit { [self] tx -> Transfer in
            guard var transfer = try tx.get(Transfer.self, id: id) else { throw ExchangeError.unknown("transfer", id) }
            guard transfer.isOpen else {
                throw ExchangeError(
                    .conflict, "transfer.ended", "the transfer is already \(transfer.stateName)", hint: "see `kouan transfer show \(id)`")
            }
            guard transfer.pending?.state?.isTerminal != true else {
                throw ExchangeError(
                    .conflict, "transfer.ending", "the message that completes the transfer is on its way",
                    hint: "wait for its acknowledgement; see `kouan transfer explain \(id)`")
            }
            try terminate(&transfer, code: "transfer.terminated-by-user", reason: "terminated by the other side's operator", tx: &tx)
            try tx.put(transfer)
            return transfer
        }.value
        signals.notify(id)
        signals.notify(Exchange.downloadSignal)
        signalOutbox()
        return ended
    }

    func terminate(
        _ transfer: inout Transfer, code: String, reason: String, byPeer: Bool = false, tx: inout LedgerTransaction
    ) throws {
        let message = TransferTerminationMessage(id: newURN(), pids: transfer.pids, reasonCode: code, reason: [reason])
        try dropOutgoing(of: transfer.id, tx: tx)
        // A message in flight that would have ended it never took effect.
        var next = transfer.pending.flatMap { $0.state?.isTerminal == true ? nil : $0 } ?? transfer.machine
        if next.state != nil { _ = try next.send(.termination(message), as: transfer.role.own) }
        transfer.machine = next
        transfer.pending = nil
        transfer.ending = ProcessEnding(code: code, reasons: [reason], byPeer: byPeer)
        transfer.updatedAt = clock.now()
        let endpoint: Endpoint = transfer.role == .provider ? .consumerTransferTermination : .providerTransferTermination
        let remote = transfer.role == .provider ? transfer.consumerPID : transfer.providerPID
        if !remote.isEmpty {
            try tx.insert(
                outgoing(
                    .transferTermination, of: transfer.id, to: transfer.peer, url: endpoint.url(base: transfer.callback, id: remote),
                    message: message))
        }
        try tx.append(try terminationEvent(of: transfer))
    }

    private func terminationEvent(of transfer: Transfer) throws -> LedgerEvent {
        let parties = parties(role: transfer.role, peer: transfer.peer)
        var local: [String: JSON] = ["transfer": .string(transfer.id)]
        if let ending = transfer.ending {
            local["code"] = .string(ending.code)
            local["byPeer"] = .bool(ending.byPeer)
        }
        return LedgerEvent(
            type: .transferTerminated, role: transfer.role.entryRole, correlation: transfer.correlation, agreement: transfer.agreementID,
            shared: SharedFacts(provider: parties.provider, consumer: parties.consumer, package: transfer.package, outcome: "terminated"),
            local: local)
    }

    /// The facts of the delivery, equal on both sides.
    func deliveryFacts(of transfer: Transfer, agreement: Agreement, receivedAt: Timestamp) throws -> SharedFacts {
        let parties = parties(role: transfer.role, peer: transfer.peer)
        return SharedFacts(
            provider: parties.provider, consumer: parties.consumer, dataset: agreement.datasetID, package: transfer.package,
            sizeBytes: transfer.bytes, agreement: agreement.digest, policy: agreement.policyHash, startedAt: transfer.startedAt,
            finishedAt: receivedAt, outcome: "delivered")
    }

    /// Does whatever a transfer can do next without the peer: a crash may have come between two of its commits. Safe to call at any time.
    func advance(_ id: String) async throws {
        guard let transfer = try await store.read({ try $0.get(Transfer.self, id: id) }), transfer.isOpen else { return }
        switch transfer.role {
        case .provider:
            if let index = transfer.startedIndex, transfer.tokenHash == nil { try await sendStart(transfer, index: index) }
        case .consumer:
            if transfer.receivedIndex != nil, transfer.receipt == .none { try await signDelivery(transfer) }
        }
    }
}

extension Transfer {
    mutating func accept(_ message: TransferMessage, from sender: ProtocolRole) throws -> MachineStep<TransferProcessState>? {
        var candidate = machine
        do {
            let step = try candidate.receive(message, from: sender)
            if step == .repeated { return nil }
            machine = candidate
            pending = nil
            return step
        } catch {
            guard var ahead = pending else { throw error }
            let step = try ahead.receive(message, from: sender)
            if step == .repeated { return nil }
            machine = ahead
            pending = nil
            return step
        }
    }
}
