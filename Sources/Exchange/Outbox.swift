// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import ExchangeModel
import Ledger
import Logging
import StorageSQLite

// A message we owe rests in the outbox from the commit that causes it until the peer answers. Messages of one process leave one after the
// other; those of different processes side by side. Only an HTTP answer of the authenticated peer settles a message:
//
//     2xx            the pending state becomes the state
//     4xx, first     the peer refuses: our process ends with the peer's reason
//     4xx, repeated  the peer may have accepted an earlier try: ask for its state, then decide
//     else           try again later, up to the delivery deadline

extension Exchange {
    package static let outboxSignal = "outbox"

    func signalOutbox() { signals.notify(Exchange.outboxSignal) }

    func outgoing(
        _ kind: OutboxMessage.Kind, of process: String, to peer: ParticipantID, url: String, message: some ProtocolMessage
    ) -> OutboxMessage {
        let now = clock.now()
        return OutboxMessage(
            id: message.envelope.id ?? newURN(), kind: kind, process: process, peer: peer, url: url, body: message.json, tries: 0,
            nextTry: now, lastError: nil, createdAt: now)
    }

    func dropOutgoing(of process: String, tx: borrowing LedgerTransaction) throws {
        for message in try tx.all(OutboxMessage.self, where: "process", equals: process) {
            try tx.delete(OutboxMessage.self, id: message.id)
        }
    }

    /// Runs until cancelled.
    package func runOutbox() async throws {
        let changes = signals.changes(of: Exchange.outboxSignal)
        signalOutbox()
        try await withThrowingDiscardingTaskGroup { group in
            let running = RunningSet()
            let perPeer = RunningCount()
            let timers = RunningSet()
            for await _ in changes {
                let now = clock.now()
                var next: Timestamp?
                var seen: Set<String> = []
                // Read behind the ledger's writer: a row is seen only once the head that covers its cause is in the head file.
                let waiting = try await ledger.commit { try $0.all(OutboxMessage.self) }.value
                // Oldest first, so that the first of each process is the one whose turn it is.
                for message in waiting.sorted(by: { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) })
                where seen.insert(message.process).inserted && !running.contains(message.process) {
                    guard message.nextTry <= now else {
                        next = min(next ?? message.nextTry, message.nextTry)
                        continue
                    }
                    // One silent peer must not hold the places of all others.
                    guard perPeer.count(of: message.peer.description) < settings.parallelDeliveriesPerPeer else { continue }
                    guard running.count < settings.parallelDeliveries, running.insert(message.process) else { break }
                    perPeer.add(1, to: message.peer.description)
                    group.addTask { [self] in
                        await deliver(message)
                        running.remove(message.process)
                        perPeer.add(-1, to: message.peer.description)
                        signalOutbox()
                    }
                }
                // One timer for each time that is due: a short pause does not wait for the end of a long one.
                if let next, timers.insert(next.description) {
                    let pause = max(1, next.milliseconds - now.milliseconds)
                    group.addTask { [self] in
                        try? await Task.sleep(for: .milliseconds(pause))
                        timers.remove(next.description)
                        if !Task.isCancelled { signalOutbox() }
                    }
                }
            }
        }
    }

    private func deliver(_ listed: OutboxMessage) async {
        // The list may be older than the end of this process's last delivery: what is gone or changed since is not sent again.
        let message: OutboxMessage
        do {
            guard let current = try await store.read({ try $0.get(OutboxMessage.self, id: listed.id) }), current.nextTry <= clock.now()
            else { return }
            message = current
        } catch {
            return logger.error("outbox not read", metadata: ["message": "\(listed.id)", "error": "\(describe(error))"])
        }
        do {
            let response = try await transport.send(
                PeerRequest(method: "POST", url: message.url, body: message.body.canonical()), to: try peers.address(of: message.peer))
            if response.isSuccess {
                try await acknowledged(message, response)
            } else if response.isRefusal {
                try await refused(message, response)
            } else {
                try await postpone(message, "the peer answered \(response.status)")
            }
        } catch {
            do {
                try await postpone(message, describe(error))
            } catch {
                logger.error("outbox not updated", metadata: ["message": "\(message.id)", "error": "\(describe(error))"])
            }
        }
        signals.notify(message.process)
    }

    private func postpone(_ message: OutboxMessage, _ reason: String) async throws {
        let now = clock.now()
        logger.warning(
            "message not delivered", metadata: ["kind": "\(message.kind.rawValue)", "process": "\(message.process)", "error": "\(reason)"])
        guard now.seconds - message.createdAt.seconds < settings.deliveryDeadlineSeconds else {
            return try await abandon(message, code: "delivery.deadline", reason: "the peer could not be reached in time")
        }
        let pause = min(settings.maximumRetrySeconds * 1000, settings.firstRetryMilliseconds << Int64(min(message.tries, 12)))
        try await store.write { tx in
            guard var current = try tx.get(OutboxMessage.self, id: message.id) else { return }
            current.tries += 1
            current.nextTry = now.adding(milliseconds: pause)
            current.lastError = reason
            try tx.put(current)
        }
    }

    /// The peer has it: what we meant by the message is now true on both sides.
    private func acknowledged(_ message: OutboxMessage, _ response: PeerResponse) async throws {
        let now = clock.now()
        _ = try await ledger.commit { [self] tx in
            // Gone already: the peer's next message proved the delivery, or the process ended.
            guard try tx.delete(OutboxMessage.self, id: message.id) else { return }
            switch message.kind {
            case .contractRequest, .agreement, .verification, .finalization, .negotiationTermination:
                guard var negotiation = try tx.get(Negotiation.self, id: message.process) else { return }
                if message.kind == .contractRequest, negotiation.providerPID.isEmpty {
                    guard let json = response.json, let answer = try? ContractNegotiation.parse(json),
                        answer.pids.consumerPID == negotiation.consumerPID
                    else { throw ExchangeError.peerAnswer(negotiation.peer.description, "no negotiation in the answer") }
                    negotiation.providerPID = answer.pids.providerPID
                }
                if let pending = negotiation.pending { negotiation.machine = pending }
                negotiation.pending = nil
                negotiation.updatedAt = now
                try tx.put(negotiation)
            case .transferRequest, .transferStart, .transferCompletion, .transferTermination:
                guard var transfer = try tx.get(Transfer.self, id: message.process) else { return }
                if message.kind == .transferRequest, transfer.providerPID.isEmpty {
                    guard let json = response.json, let answer = try? TransferProcess.parse(json),
                        answer.pids.consumerPID == transfer.consumerPID
                    else { throw ExchangeError.peerAnswer(transfer.peer.description, "no transfer in the answer") }
                    transfer.providerPID = answer.pids.providerPID
                }
                if let pending = transfer.pending { transfer.machine = pending }
                transfer.pending = nil
                transfer.lastError = nil
                transfer.updatedAt = now
                try tx.put(transfer)
            case .deliveryReceipt:
                guard let bytes = response.json?["receipt"]?.string.flatMap(Base64.decode) else {
                    throw ExchangeError.peerAnswer(message.peer.description, "no receipt in the answer")
                }
                try accept(receipt: bytes, of: message.process, tx: &tx)
            }
        }
        signalOutbox()
    }

    private func refused(_ message: OutboxMessage, _ response: PeerResponse) async throws {
        let json = response.json
        let code = json?["code"]?.string.map { String($0.prefix(128)) } ?? "peer.refused"
        let reasons = json?["reason"]?.array?.compactMap(\.string).prefix(8).map { String($0.prefix(512)) } ?? []
        if message.tries > 0 {
            switch try await peerMovedOn(message) {
            case true: return try await acknowledged(message, response)
            case nil: return try await postpone(message, "the peer refused a repeat with `\(code)` and does not show its state")
            default: break
            }
        }
        switch message.kind {
        case .negotiationTermination, .transferTermination:
            // The peer does not know the process, or has ended it: nothing more to say.
            try await store.write { _ = try $0.delete(OutboxMessage.self, id: message.id) }
        case .deliveryReceipt:
            try await postpone(message, "the provider refused the receipt: \(code)")
        default:
            try await abandon(
                message, code: code, reason: reasons.isEmpty ? "the peer answered \(response.status)" : reasons.joined(separator: "; "),
                byPeer: true)
        }
    }

    /// After a refusal of a repeat: whether an earlier try had arrived, by the state that the peer shows; nil if it does not show one.
    private func peerMovedOn(_ message: OutboxMessage) async throws -> Bool? {
        guard let process = try await remoteProcess(of: message) else { return false }
        let response = try await transport.send(PeerRequest(method: "GET", url: process.url), to: try peers.address(of: message.peer))
        if response.status == 404 { return false }
        guard response.isSuccess, let state = response.json?["state"]?.string else { return nil }
        return state == process.expected
    }

    private func remoteProcess(of message: OutboxMessage) async throws -> (url: String, expected: String)? {
        try await store.read { tx in
            if let negotiation = try tx.get(Negotiation.self, id: message.process), let expected = negotiation.pending?.state {
                let remote = negotiation.role == .provider ? negotiation.consumerPID : negotiation.providerPID
                let endpoint: Endpoint = negotiation.role == .provider ? .consumerNegotiation : .providerNegotiation
                return remote.isEmpty ? nil : (endpoint.url(base: negotiation.callback, id: remote), expected.rawValue)
            }
            if let transfer = try tx.get(Transfer.self, id: message.process), let expected = transfer.pending?.state {
                let remote = transfer.role == .provider ? transfer.consumerPID : transfer.providerPID
                let endpoint: Endpoint = transfer.role == .provider ? .consumerTransfer : .providerTransfer
                return remote.isEmpty ? nil : (endpoint.url(base: transfer.callback, id: remote), expected.rawValue)
            }
            return nil
        }
    }

    /// The message will never arrive: its process ends on our side, and the peer is told where it knows the process.
    private func abandon(_ message: OutboxMessage, code: String, reason: String, byPeer: Bool = false) async throws {
        _ = try await ledger.commit { [self] tx in
            guard try tx.delete(OutboxMessage.self, id: message.id) else { return }
            if var negotiation = try tx.get(Negotiation.self, id: message.process), negotiation.isOpen {
                try terminate(&negotiation, code: code, reason: reason, byPeer: byPeer, tx: &tx)
                try tx.put(negotiation)
            } else if var transfer = try tx.get(Transfer.self, id: message.process), transfer.isOpen {
                try terminate(&transfer, code: code, reason: reason, byPeer: byPeer, tx: &tx)
                try tx.put(transfer)
            }
        }
        signals.notify(message.process)
        signalOutbox()
    }
}
