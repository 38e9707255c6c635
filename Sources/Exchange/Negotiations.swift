// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import DataspaceProtocol
package import ExchangeModel
package import Identity
import Ledger
import PolicyEngine
import Sealing
import StorageSQLite

// One negotiation, both sides. A message is checked and its state committed, with the answer to send next in the outbox of the same
// transaction; the HTTP answer leaves after that commit.
//
//     consumer                                     provider
//     requestContract ── ContractRequest ────────► receive: known offer? policy at negotiation; other rules than offered and not
//                                                  certainly stricter: a person approves or rejects
//     receive: same rules? verify proof ◄────────── ContractAgreement + provider's proof
//     ── ContractAgreementVerification + proof ──► receive: verify proof
//     receive: the agreement is final ◄──────────── Event FINALIZED

// MARK: - Consumer

extension Exchange {
    func requestContract(_ offered: RemoteOffer, by user: UserID) async throws -> Negotiation {
        let peer = try peers.active(offered.provider)
        _ = try ownAttributes()
        let parties = parties(role: .consumer, peer: offered.provider)
        // A policy we cannot read in full is one we cannot keep.
        _ = try PolicyGate.read(offered.offer.json)
        let now = clock.now()
        let pid = newURN()
        let offer = try WireOffer.inMessage(offered.offer.targeting(offered.datasetID))
        let message = ContractRequestMessage(
            id: newURN(), consumerPID: pid, offer: offer, form: .initial(callbackAddress: own.endpoints.dspURL))
        var machine = ContractNegotiationMachine()
        _ = try machine.send(.request(message), as: .consumer)
        let negotiation = Negotiation(
            id: pid, role: .consumer, peer: offered.provider, consumerPID: pid, providerPID: "", callback: peer.card.endpoints.dspURL,
            machine: ContractNegotiationMachine(), pending: machine, offerID: offer.id, datasetID: offered.datasetID, offer: offer.json,
            agreement: nil, terms: nil, providerProof: nil, consumerProof: nil, ending: nil, createdAt: now, updatedAt: now)
        let outgoing = outgoing(
            .contractRequest, of: pid, to: offered.provider, url: Endpoint.negotiationRequest.url(base: negotiation.callback),
            message: message)
        _ = try await ledger.commit { tx in
            try tx.insert(negotiation)
            try tx.insert(outgoing)
            try tx.append(
                LedgerEvent(
                    type: .negotiationRequested, role: .consumer, correlation: pid,
                    shared: SharedFacts(
                        provider: parties.provider, consumer: parties.consumer, dataset: offered.datasetID,
                        policy: PolicyGate.hash(ofWire: offer.json)),
                    local: ["offer": .string(offer.id)], ids: ["user": user.description]))
        }
        signalOutbox()
        return negotiation
    }

    func settled(_ negotiation: Negotiation, within seconds: Int64) async throws -> Negotiation {
        let id = negotiation.id
        let settled = try await signals.wait(for: id, seconds: seconds) { [store] () -> Negotiation? in
            guard let current = try await store.read({ try $0.get(Negotiation.self, id: id) }) else { return nil }
            return current.isOpen ? nil : current
        }
        if let settled { return settled }
        return try await store.read { try $0.get(Negotiation.self, id: id) } ?? negotiation
    }

    /// The provider's agreement. Anything in it that differs from the offer we asked for ends the negotiation, with a pointer to it.
    private func receive(
        _ message: ContractAgreementMessage, in negotiation: Negotiation, from peer: VerifiedPeer, tx: inout LedgerTransaction
    ) throws -> Negotiation {
        var negotiation = negotiation
        guard try negotiation.accept(.agreement(message), from: .provider) != nil else { return negotiation }
        // The provider answers our request with it: the request has arrived, whatever became of its acknowledgement.
        try dropOutgoing(of: negotiation.id, tx: tx)
        let agreement = message.agreement
        guard let proofJSON = message.proof else {
            throw ExchangeError.denied("agreement.not-signed", "the agreement carries no proof", hint: "the peer must run a Kouan node")
        }
        let proof = try AgreementProof.parse(proofJSON)
        try AgreementCheck.verify(
            agreement, offer: try WireOffer.inMessage(negotiation.offer), provider: negotiation.peer, consumer: own.participant,
            dataset: negotiation.datasetID, now: clock.now(), toleranceSeconds: settings.clockToleranceSeconds)
        let terms = proof.terms
        guard case .one(let package) = terms.delivery, terms.policyHash == PolicyGate.hash(ofWire: negotiation.offer) else {
            throw ExchangeError.denied(
                "agreement.differs", "the terms at `/terms` are not those of the offer", hint: "negotiate again from the current catalog")
        }
        try proof.verify(agreement: agreement.json, terms: terms, signer: peer.card, at: clock.now())
        // A package that could be neither verified nor asked a key for.
        _ = try peer.card.signer(of: package)
        _ = try keys.signing(Suite(digestAlgorithm: package.algorithm))
        let ourProof = try AgreementProof.sign(
            agreement: agreement.json, terms: terms, signer: own.participant, with: keys.signing)
        let verification = ContractAgreementVerificationMessage(id: newURN(), pids: message.pids, proof: ourProof.json)
        var next = negotiation.machine
        _ = try next.send(.verification(verification), as: .consumer)
        negotiation.pending = next
        negotiation.agreement = agreement.json
        negotiation.terms = terms.json
        negotiation.providerProof = proofJSON
        negotiation.consumerProof = ourProof.json
        let record = try agreementRecord(of: negotiation, agreement, package: package, peer: peer)
        // An id names one agreement for ever: a peer must not write over another, its own or anybody's.
        guard try !tx.exists(Agreement.self, id: record.id), record.id.utf8.count <= 512 else {
            throw ExchangeError.denied(
                "agreement.differs", "the agreement's `/@id` is taken or longer than 512 bytes", hint: "draw a new id for each agreement")
        }
        try tx.insert(record)
        try tx.insert(
            outgoing(
                .verification, of: negotiation.id, to: negotiation.peer,
                url: Endpoint.providerVerification.url(base: negotiation.callback, id: negotiation.providerPID), message: verification))
        try tx.append(try event(.negotiationAgreed, of: negotiation, agreement: record))
        return negotiation
    }
}

// MARK: - Provider

extension Exchange {
    /// A consumer asks for a contract. Returns the negotiation to acknowledge; the agreement follows by outbox.
    func receive(_ message: ContractRequestMessage, from peer: VerifiedPeer) async throws -> Negotiation {
        guard case .initial(let callback) = message.form else {
            throw ExchangeError.denied(
                "negotiation.counter-offer-unsupported", "this node takes no counter-offers yet",
                hint: "request one of the offers in the catalog")
        }
        guard message.consumerPID.utf8.count <= 512 else {
            throw ExchangeError.badInput("consumerPid", "is longer than 512 bytes")
        }
        guard callback.hasPrefix(peer.card.endpoints.peer.description + "/") else {
            throw ExchangeError.denied(
                "peer.callback-refused", "`callbackAddress` is not below the peer's registered base",
                hint: "register the new address in the node card first")
        }
        let parties = parties(role: .provider, peer: peer.participant)
        let now = clock.now()
        let pid = newURN()
        let result = try await ledger.commit { [self] tx -> Negotiation in
            // Redelivered: the consumer's pid names the process.
            let sameName = try tx.all(Negotiation.self, where: "remote", equals: message.consumerPID)
            if let known = sameName.first(where: { $0.role == .provider && $0.peer == peer.participant }) {
                var known = known
                _ = try known.machine.receive(.request(message), from: .consumer)
                return known
            }
            let open = try tx.store.count(Negotiation.self, where: "open", equals: peer.participant.description)
            guard open < settings.openProcessesPerPeer else { throw ExchangeError.busy }
            var negotiation = Negotiation(
                id: pid, role: .provider, peer: peer.participant, consumerPID: message.consumerPID, providerPID: pid, callback: callback,
                machine: ContractNegotiationMachine(), pending: nil, offerID: message.offer.id, datasetID: message.offer.target ?? "",
                offer: message.offer.json, agreement: nil, terms: nil, providerProof: nil, consumerProof: nil, ending: nil,
                createdAt: now, updatedAt: now)
            _ = try negotiation.machine.receive(.request(message), from: .consumer)

            let offer = try offer(named: message.offer, to: peer, tx: tx)
            let shared = SharedFacts(
                provider: parties.provider, consumer: parties.consumer, dataset: offer.datasetID,
                policy: PolicyGate.hash(ofWire: message.offer.json))
            func refused(_ error: ExchangeError, _ answer: PolicyGate.Answer? = nil) -> any Error {
                refusal(
                    error, of: peer.participant, correlation: message.consumerPID, shared: shared, point: "negotiation", answer: answer)
            }
            let answer = PolicyGate.ask(try policies.read(offer.policy), Exchange.question(of: offer.datasetID, by: peer), at: now)
            guard answer.isPossible else { throw refused(answer.refusal, answer) }
            var local: [String: JSON] = ["offer": .string(offer.id)]
            switch try wish(message.offer, for: offer, by: peer, at: now) {
            case .refused(let error, let answer): throw refused(error, answer)
            case .granted:
                do {
                    try agree(to: &negotiation, with: peer.participant, tx: tx)
                } catch let error as ExchangeError where error.kind == .denied {
                    throw refused(error)
                }
            case .waits(let code, let difference):
                let waiting = try tx.store.all(
                    Negotiation.self, where: [("approval", "waiting"), ("peer", peer.participant.description)],
                    limit: settings.approvalsPerPeer)
                guard waiting.count < settings.approvalsPerPeer else {
                    throw refused(
                        .denied(
                            "negotiation.too-many-waiting", "\(waiting.count) requests of yours wait for a person already",
                            hint: "wait for an answer, or request an offer as the catalog shows it"))
                }
                negotiation.approval = Negotiation.Approval(
                    code: code, differenceEN: difference.en, differenceZH: difference.zh,
                    deadline: now.adding(seconds: settings.approvalDeadlineSeconds))
                local["waitsFor"] = "approval"
                local["difference"] = .string(code)
            }
            try tx.insert(negotiation)
            try tx.append(
                LedgerEvent(
                    type: .negotiationRequested, role: .provider, correlation: message.consumerPID, shared: shared, local: local))
            return negotiation
        }.value
        signalOutbox()
        return result
    }

    /// The offer of ours that a request names, if this peer may see it.
    private func offer(named wire: WireOffer, to peer: VerifiedPeer, tx: borrowing LedgerTransaction) throws -> Offer {
        let unknown = ExchangeError(
            .notFound, "offer.unknown", "there is no such offer for this dataset", hint: "request one of the offers in the catalog")
        guard let offer = try tx.get(Offer.self, id: wire.id), offer.datasetID == wire.target else { throw unknown }
        if isVisible(offer, to: peer) { return offer }
        guard let successor = try successor(of: offer, tx: tx), isVisible(successor, to: peer) else { throw unknown }
        throw ExchangeError(
            .conflict, "offer.superseded", "the offer was replaced by `\(successor.id)`", hint: "request `\(successor.id)`")
    }

    /// What we say to the rules that a request asks for under an offer of ours.
    private enum Wish {
        /// As offered, or certainly stricter.
        case granted
        case refused(ExchangeError, PolicyGate.Answer? = nil)
        case waits(code: String, difference: LocalizedText)
    }

    private func wish(_ wire: WireOffer, for offer: Offer, by peer: VerifiedPeer, at now: Timestamp) throws -> Wish {
        if PolicyGate.hash(ofWire: wire.json) == offer.policyHash { return .granted }
        let requested: KnownPolicy
        do {
            // The target is the message's, not a rule's. A peer's text is not kept in memory before we agree to it.
            var rules = wire.json.object ?? [:]
            rules["target"] = nil
            requested = KnownPolicy(try PolicyGate.read(.object(rules)))
        } catch let error as PolicyError {
            return .refused(
                .denied(
                    "offer.differs", "the request changes the offer's policy into one this node does not understand: \(error.message)",
                    hint: "request the offer as the catalog shows it"))
        }
        let answer = PolicyGate.ask(requested, Exchange.question(of: offer.datasetID, by: peer), at: now)
        guard answer.isPossible else { return .refused(answer.refusal, answer) }
        let scope = ComparisonScope(target: offer.datasetID, party: peer.participant.description)
        let offered = try policies.read(offer.policy).policy
        // Contract text and duties that no node keeps bind people: a person has to read them, however strict they are.
        let added = requested.policy.contractText.subtracting(offered.contractText)
        if let first = added.first {
            return .waits(
                code: "policy.contract-text-added",
                difference: LocalizedText("contract text is added: \(first.en)", "增加了合同条款：\(first.zh)"))
        }
        switch requested.policy.isAtLeastAsStrict(as: offered, within: scope) {
        case .yes: return .granted
        case .no(let breach):
            return .waits(code: breach.code, difference: offered.difference(to: requested.policy, within: scope).words)
        case .unknown(let reason): return .waits(code: "policy.not-comparable", difference: reason)
        }
    }

    private static func question(of dataset: String, by peer: VerifiedPeer) -> PolicyGate.Question {
        PolicyGate.Question(action: nil, target: dataset, party: peer.attributes(), point: .negotiation)
    }

    /// Writes the agreement on what was requested and owes it to the peer.
    private func agree(to negotiation: inout Negotiation, with consumer: ParticipantID, tx: borrowing LedgerTransaction) throws {
        let dataset = negotiation.datasetID
        guard let version = try tx.all(SealedVersion.self, where: "dataset", equals: dataset).max(by: { $0.version < $1.version })
        else { throw ExchangeError.notPublished(dataset) }
        guard let package = Digest(parsing: version.id) else { throw ExchangeError.unknown("package", version.id) }
        _ = try peers.active(consumer).card.signer(of: package)
        let parties = parties(role: .provider, peer: consumer)
        let agreement = try WireAgreement.accepting(
            try WireOffer.inMessage(negotiation.offer), id: newURN(), target: dataset, assigner: own.participant.description,
            assignee: consumer.description, at: Timestamp(seconds: clock.now().seconds))
        let terms = AgreementTerms(
            delivery: .one(packageReference: package), policyHash: PolicyGate.hash(ofWire: negotiation.offer),
            spaces: Set([parties.provider.space, parties.consumer.space].compactMap { $0.flatMap(SpaceID.init(parsing:)) }))
        let proof = try AgreementProof.sign(agreement: agreement.json, terms: terms, signer: own.participant, with: keys.signing)
        negotiation.agreement = agreement.json
        negotiation.terms = terms.json
        negotiation.providerProof = proof.json
        negotiation.approval = nil
        let reply = ContractAgreementMessage(id: newURN(), pids: negotiation.pids, agreement: agreement, proof: proof.json)
        var next = negotiation.machine
        _ = try next.send(.agreement(reply), as: .provider)
        negotiation.pending = next
        try tx.insert(
            outgoing(
                .agreement, of: negotiation.id, to: consumer,
                url: Endpoint.consumerAgreement.url(base: negotiation.callback, id: negotiation.consumerPID), message: reply))
    }

    /// `contract approve`: a person agrees to other rules than we offered.
    package func approve(negotiation id: String, by user: UserID) async throws -> Negotiation {
        let now = clock.now()
        let approved = try await ledger.commit { [self] tx -> Negotiation in
            var negotiation = try waiting(id, tx: tx)
            let peer = try peers.active(negotiation.peer)
            // Facts may have changed since the request: the agreement is decided on anew.
            let answer = PolicyGate.ask(
                KnownPolicy(try PolicyGate.read(negotiation.offer)), Exchange.question(of: negotiation.datasetID, by: peer), at: now)
            guard answer.isPossible else { throw answer.refusal }
            let code = negotiation.approval?.code ?? ""
            try agree(to: &negotiation, with: negotiation.peer, tx: tx)
            negotiation.updatedAt = now
            try tx.put(negotiation)
            var entry = try event(.negotiationApproved, of: negotiation, agreement: nil)
            entry.ids["user"] = user.description
            entry.local["difference"] = .string(code)
            try tx.append(entry)
            return negotiation
        }.value
        signals.notify(id)
        signalOutbox()
        return approved
    }

    /// `contract reject`: the reason goes to the peer.
    package func reject(negotiation id: String, reason: String?, by user: UserID) async throws -> Negotiation {
        let rejected = try await ledger.commit { [self] tx -> Negotiation in
            var negotiation = try waiting(id, tx: tx)
            try terminate(
                &negotiation, code: "contract.rejected", reason: reason ?? "the provider does not agree to these rules", by: user, tx: &tx)
            try tx.put(negotiation)
            return negotiation
        }.value
        signals.notify(id)
        signalOutbox()
        return rejected
    }

    private func waiting(_ id: String, tx: borrowing LedgerTransaction) throws -> Negotiation {
        guard let negotiation = try tx.get(Negotiation.self, id: id) else { throw ExchangeError.unknown("contract", id) }
        guard negotiation.waitsForApproval else {
            throw ExchangeError(
                .conflict, "contract.not-waiting", "the negotiation does not wait for an approval",
                hint: "see `kouan contract explain \(id)`")
        }
        return negotiation
    }

    /// Ends requests that nobody decided on in time.
    func endUnapproved() async throws {
        let now = clock.now()
        let waiting = try await store.read { try $0.all(Negotiation.self, where: "approval", equals: "waiting") }
        for negotiation in waiting where negotiation.approval.map({ $0.deadline <= now }) == true {
            _ = try await ledger.commit { [self] tx in
                guard var current = try tx.get(Negotiation.self, id: negotiation.id), current.waitsForApproval else { return }
                try terminate(
                    &current, code: "contract.not-approved-in-time", reason: "nobody decided on the requested rules in time", tx: &tx)
                try tx.put(current)
            }
            signals.notify(negotiation.id)
            signalOutbox()
        }
    }

    private func receive(
        _ message: ContractAgreementVerificationMessage, in negotiation: Negotiation, from peer: VerifiedPeer,
        tx: inout LedgerTransaction
    ) throws -> Negotiation {
        var negotiation = negotiation
        guard try negotiation.accept(.verification(message), from: .consumer) != nil else { return negotiation }
        try dropOutgoing(of: negotiation.id, tx: tx)
        guard let proofJSON = message.proof, let agreementJSON = negotiation.agreement, let termsJSON = negotiation.terms else {
            throw ExchangeError.denied("agreement.not-signed", "the verification carries no proof", hint: "the peer must run a Kouan node")
        }
        let terms = try AgreementTerms(json: termsJSON)
        try AgreementProof.parse(proofJSON).verify(agreement: agreementJSON, terms: terms, signer: peer.card, at: clock.now())
        negotiation.consumerProof = proofJSON
        let event = ContractNegotiationEventMessage(id: newURN(), pids: negotiation.pids, event: .finalized)
        var next = negotiation.machine
        _ = try next.send(.event(event), as: .provider)
        negotiation.pending = next
        guard case .one(let package) = terms.delivery else { throw ExchangeError.notPublished(negotiation.datasetID) }
        var record = try agreementRecord(of: negotiation, try WireAgreement(parsing: agreementJSON), package: package, peer: peer)
        // The consumer may act on the contract as soon as it has our word; both signatures are here now.
        record.isFinal = true
        try tx.put(record)
        try tx.insert(
            outgoing(
                .finalization, of: negotiation.id, to: negotiation.peer,
                url: Endpoint.consumerEvents.url(base: negotiation.callback, id: negotiation.consumerPID), message: event))
        try tx.append(try self.event(.negotiationFinalized, of: negotiation, agreement: record))
        try noteDuties(nil, of: record, tx: &tx)
        return negotiation
    }
}

// MARK: - Both

extension Exchange {
    /// A later message of a known negotiation.
    func receive(_ message: NegotiationMessage, for pid: String, from peer: VerifiedPeer) async throws -> Negotiation {
        let result = try await ledger.commit { [self] tx -> (negotiation: Negotiation, failure: (any Error & Sendable)?) in
            // Whoever is not the other side of a process learns nothing of it, not even that it exists.
            guard var negotiation = try tx.get(Negotiation.self, id: pid), negotiation.peer == peer.participant else {
                throw ExchangeError.noSuchProcess
            }
            try message.requirePIDs(negotiation.knownPIDs(message))
            if negotiation.role == .consumer, negotiation.providerPID.isEmpty, let providerPID = message.providerPID {
                negotiation.providerPID = providerPID
            }
            let before = negotiation
            do {
                switch (message, negotiation.role) {
                case (.agreement(let agreement), .consumer):
                    negotiation = try receive(agreement, in: negotiation, from: peer, tx: &tx)
                case (.verification(let verification), .provider):
                    negotiation = try receive(verification, in: negotiation, from: peer, tx: &tx)
                case (.event(let event), .consumer) where event.event == .finalized:
                    negotiation = try finalize(negotiation, message, tx: &tx)
                case (.termination(let termination), _):
                    negotiation = try end(negotiation, message, termination, tx: &tx)
                default: throw DSPError.unexpected(message: message.kind.name, state: negotiation.stateName, sender: negotiation.role.other)
                }
            } catch let error as ExchangeError where error.endsProcess {
                // The peer's message was legal but its content is not what we negotiated: say so and end.
                var ended = before
                try terminate(&ended, code: error.code, reason: error.message, tx: &tx)
                try tx.put(ended)
                return (ended, error)
            } catch let error as IdentityError {
                var ended = before
                try terminate(&ended, code: error.code, reason: error.message, tx: &tx)
                try tx.put(ended)
                return (ended, error)
            }
            negotiation.updatedAt = clock.now()
            try tx.put(negotiation)
            return (negotiation, nil)
        }.value
        signals.notify(pid)
        signalOutbox()
        if let failure = result.failure { throw failure }
        return result.negotiation
    }

    private func finalize(_ negotiation: Negotiation, _ message: NegotiationMessage, tx: inout LedgerTransaction) throws -> Negotiation {
        var negotiation = negotiation
        guard try negotiation.accept(message, from: .provider) != nil else { return negotiation }
        try dropOutgoing(of: negotiation.id, tx: tx)
        guard var record = try tx.first(Agreement.self, where: "negotiation", equals: negotiation.id) else {
            throw ExchangeError.noSuchProcess
        }
        record.isFinal = true
        try tx.put(record)
        try tx.append(try event(.negotiationFinalized, of: negotiation, agreement: record))
        try noteDuties(nil, of: record, tx: &tx)
        return negotiation
    }

    private func end(
        _ negotiation: Negotiation, _ message: NegotiationMessage, _ termination: ContractNegotiationTerminationMessage,
        tx: inout LedgerTransaction
    ) throws -> Negotiation {
        var negotiation = negotiation
        guard try negotiation.accept(message, from: negotiation.role.other) != nil else { return negotiation }
        negotiation.pending = nil
        negotiation.ending = ProcessEnding(code: termination.reasonCode ?? "peer.terminated", reasons: termination.reason, byPeer: true)
        try dropOutgoing(of: negotiation.id, tx: tx)
        try voidAgreement(of: negotiation, tx: tx)
        try tx.append(try event(.negotiationTerminated, of: negotiation, agreement: nil))
        return negotiation
    }

    /// Ends a negotiation from our side and owes the peer a message about it. The reason is written for the peer: a code and one sentence.
    func terminate(
        _ negotiation: inout Negotiation, code: String, reason: String, byPeer: Bool = false, by user: UserID? = nil,
        tx: inout LedgerTransaction
    ) throws {
        let message = ContractNegotiationTerminationMessage(
            id: newURN(), pids: negotiation.pids, reasonCode: code, reason: [reason])
        try dropOutgoing(of: negotiation.id, tx: tx)
        // A message in flight that would have ended it never took effect.
        var next = negotiation.pending.flatMap { $0.state?.isTerminal == true ? nil : $0 } ?? negotiation.machine
        if next.state != nil { _ = try next.receive(.termination(message), from: negotiation.role.own) }
        negotiation.machine = next
        negotiation.pending = nil
        negotiation.ending = ProcessEnding(code: code, reasons: [reason], byPeer: byPeer)
        negotiation.updatedAt = clock.now()
        try voidAgreement(of: negotiation, tx: tx)
        let endpoint: Endpoint = negotiation.role == .provider ? .consumerNegotiationTermination : .providerNegotiationTermination
        let remote = negotiation.role == .provider ? negotiation.consumerPID : negotiation.providerPID
        if !remote.isEmpty {
            try tx.insert(
                outgoing(
                    .negotiationTermination, of: negotiation.id, to: negotiation.peer,
                    url: endpoint.url(base: negotiation.callback, id: remote), message: message))
        }
        var entry = try event(.negotiationTerminated, of: negotiation, agreement: nil)
        entry.ids["user"] = user?.description
        try tx.append(entry)
    }

    /// `contract terminate`: by a user of ours.
    package func terminate(negotiation id: String, by user: UserID) async throws -> Negotiation {
        let ended = try await ledger.commit { [self] tx -> Negotiation in
            guard var negotiation = try tx.get(Negotiation.self, id: id) else { throw ExchangeError.unknown("contract", id) }
            guard negotiation.isOpen else {
                throw ExchangeError(
                    .conflict, "contract.ended", "the negotiation is already \(negotiation.stateName)",
                    hint: "see `kouan contract show \(id)`")
            }
            guard negotiation.pending?.state?.isTerminal != true else {
                throw ExchangeError(
                    .conflict, "contract.ending", "the message that makes the contract final is on its way",
                    hint: "wait for its acknowledgement; see `kouan contract explain \(id)`")
            }
            try terminate(
                &negotiation, code: "contract.terminated-by-user", reason: "terminated by the other side's operator", by: user, tx: &tx)
            try tx.put(negotiation)
            return negotiation
        }.value
        signals.notify(id)
        signalOutbox()
        return ended
    }

    private func voidAgreement(of negotiation: Negotiation, tx: borrowing LedgerTransaction) throws {
        guard var record = try tx.first(Agreement.self, where: "negotiation", equals: negotiation.id) else { return }
        record.endedAt = clock.now()
        try tx.put(record)
    }

    private func agreementRecord(
        of negotiation: Negotiation, _ agreement: WireAgreement, package: Digest, peer: VerifiedPeer
    ) throws -> Agreement {
        guard let ownCard = peers.ownCard, let terms = negotiation.terms else { throw ExchangeError.noSuchProcess }
        return Agreement(
            id: agreement.id, role: negotiation.role, peer: negotiation.peer, negotiationID: negotiation.id,
            datasetID: negotiation.datasetID, package: package, document: agreement.json, terms: terms,
            policyHash: PolicyGate.hash(ofWire: negotiation.offer), providerProof: negotiation.providerProof ?? .null,
            consumerProof: negotiation.consumerProof ?? .null, ownCard: ownCard.digest, peerCard: peer.card.digest,
            agreedAt: agreement.time ?? clock.now(), isFinal: false, endedAt: nil)
    }

    private func event(_ type: EntryType, of negotiation: Negotiation, agreement: Agreement?) throws -> LedgerEvent {
        let parties = parties(role: negotiation.role, peer: negotiation.peer)
        var local: [String: JSON] = ["negotiation": .string(negotiation.id), "state": .string(negotiation.stateName)]
        if let ending = negotiation.ending {
            local["code"] = .string(ending.code)
            local["byPeer"] = .bool(ending.byPeer)
        }
        var digests: [String: Digest] = [:]
        if let agreement { digests = ["agreement": agreement.digest, "ownCard": agreement.ownCard, "peerCard": agreement.peerCard] }
        return LedgerEvent(
            type: type, role: negotiation.role.entryRole, correlation: negotiation.consumerPID, agreement: agreement?.id,
            shared: SharedFacts(
                provider: parties.provider, consumer: parties.consumer, dataset: negotiation.datasetID, package: agreement?.package,
                agreement: agreement?.digest, policy: PolicyGate.hash(ofWire: negotiation.offer)),
            local: local, digests: digests)
    }
}

extension Policy {
    /// What the parties sign and no node keeps; a prohibition binds only the consumer and is none of it.
    fileprivate var contractText: Set<LocalizedText> {
        Set(clauses().filter { $0.level == .declared && $0.kind != .prohibition }.map(\.text))
    }
}

extension Negotiation {
    /// Takes a message into the machine; nil when it is a repeat. Where the message is legal only after our own message in flight, it proves
    /// that the peer has that one.
    mutating func accept(
        _ message: NegotiationMessage, from sender: ProtocolRole
    ) throws -> MachineStep<ContractNegotiationState>? {
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

    /// Our pids, with the provider's taken from the message while the provider has not told it yet.
    func knownPIDs(_ message: NegotiationMessage) -> ProcessPIDs {
        ProcessPIDs(
            providerPID: role == .consumer && providerPID.isEmpty ? message.providerPID ?? "" : providerPID, consumerPID: consumerPID)
    }
}

extension Agreement {
    /// What ledger entries and grants call the agreement.
    package var digest: Digest { Hash.digest(document.canonical()) }
}

extension ExchangeRole {
    var own: ProtocolRole { self == .provider ? .provider : .consumer }
    var other: ProtocolRole { self == .provider ? .consumer : .provider }
    var entryRole: EntryRole { self == .provider ? .provider : .consumer }
}
