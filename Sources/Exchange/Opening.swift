// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
package import ExchangeModel
import Identity
import Ledger
import PolicyEngine
import Sealing
import StorageSQLite

/// What somebody wants to open a package for.
package struct IntendedUse: Sendable, Hashable {
    /// An ODRL action; `read` satisfies a permission to read and one to use.
    package let action: String
    package let purpose: String?

    package init(action: String = "read", purpose: String?) {
        self.action = action
        self.purpose = purpose
    }
}

/// A use that policy and provider allowed and the ledger has recorded. Nothing else opens a package.
struct PermittedUse: Sendable {
    let use: PackageUse
    let agreement: Agreement
    let package: HeldPackage
    let grant: KeyGrant
    let grantRequestID: String
    let requestKey: PrivateKey
    /// Of the agreement, after this one; nil when uses are not counted.
    let usesLeft: Int64?
}

package struct OpenedPackage: Sendable {
    package let agreementID: String
    package let package: Digest
    package let files: Int
    package let bytes: Int64
    package let grantID: String
    package let index: Int64
    package let usesLeft: Int64?
}

extension Exchange {
    /// Gets a key grant, decides by the agreement's policy, and reserves the use: the durable reservation *is* the use.
    func permit(_ intended: IntendedUse, of transfer: Transfer, into directory: String, by user: UserID) async throws -> PermittedUse {
        let (agreement, held) = try await store.read { tx in
            (try tx.get(Agreement.self, id: transfer.agreementID), try tx.get(HeldPackage.self, id: transfer.package.description))
        }
        guard let agreement, agreement.isActive else {
            throw ExchangeError.notSettled("contract", "agreement `\(transfer.agreementID)` is not in force")
        }
        guard let held, transfer.receipt == .full else {
            throw ExchangeError.notSettled(
                "transfer", "the package of this agreement is not here in full, or its receipt is still under way")
        }
        let policy = try PolicyGate.read(agreement.document)
        let parties = parties(role: .consumer, peer: agreement.peer)
        let party = try ownAttributes()
        let shared = SharedFacts(
            provider: parties.provider, consumer: parties.consumer, dataset: agreement.datasetID, package: agreement.package,
            agreement: agreement.digest, policy: agreement.policyHash)

        // Before anything is asked of the provider: a use that our own node would refuse for any reason but its count stays here.
        let used = try await store.read { try $0.get(UseCounter.self, id: agreement.id)?.used ?? 0 }
        let first = PolicyGate.ask(
            policy, question(intended, agreement, party, uses: used + 1), at: clock.now())
        if first.permit == nil, !first.decision.reasons.contains(where: { $0.leftOperand == Operand.count }) {
            _ = try await ledger.commit { [self] tx in
                throw refusal(
                    first.refusal, of: own.participant, role: .consumer, correlation: nil, agreement: agreement.id, shared: shared,
                    point: "use")
            }
        }
        let (grant, requestID, requestKey) = try await keyGrant(for: intended, agreement, shared: shared)

        let useID = newID()
        let now = clock.now()
        let committed = try await ledger.commit { [self] tx -> (use: PackageUse, usesLeft: Int64?) in
            var counter = try tx.get(UseCounter.self, id: agreement.id) ?? UseCounter(id: agreement.id, used: 0)
            let answer = PolicyGate.ask(policy, question(intended, agreement, party, uses: counter.used + 1), at: now)
            guard let allowed = answer.permit else {
                throw refusal(
                    answer.refusal, of: own.participant, role: .consumer, correlation: useID, agreement: agreement.id, shared: shared,
                    point: "use")
            }
            guard var heldGrant = try tx.get(HeldGrant.self, id: grant.context.grantID), heldGrant.usesLeft.map({ $0 > 0 }) ?? true else {
                throw ExchangeError.denied("grant.allowance-used-up", "this key grant has no use left", hint: "open again for a new grant")
            }
            if let left = heldGrant.usesLeft { heldGrant.usesLeft = left - 1 }
            counter.used += 1
            let use = PackageUse(
                id: useID, agreementID: agreement.id, package: agreement.package, action: intended.action, purpose: intended.purpose,
                target: directory, state: .reserved, grantID: heldGrant.id, reservedAt: now)
            try tx.put(heldGrant)
            try tx.put(counter)
            try tx.insert(use)
            try tx.append(
                LedgerEvent(
                    type: .use, role: .consumer, correlation: useID, agreement: agreement.id, shared: shared,
                    local: [
                        "action": .string(intended.action), "purpose": intended.purpose.map(JSON.string) ?? .null,
                        "used": .integer(counter.used), "decision": answer.decisionJSON,
                    ], ids: ["grant": heldGrant.id, "user": user.description]))
            return (use, allowed.allowance.maximumUses.map { max(0, Int64($0) - counter.used) })
        }
        return PermittedUse(
            use: committed.value.use, agreement: agreement, package: held, grant: grant, grantRequestID: requestID, requestKey: requestKey,
            usesLeft: committed.value.usesLeft)
    }

    /// Streams plaintext below a temporary name and shows it only when every byte was verified.
    func unseal(_ permitted: PermittedUse, into directory: String) async throws -> OpenedPackage {
        let provider = peers.card(of: permitted.agreement.peer)
        let path = files.path(ofReceived: permitted.package.fileName)
        let manifest: Manifest
        do {
            manifest = try await blocking.run { isCancelled in
                let fileKey = try permitted.grant.fileKey(with: permitted.requestKey)
                let reader = try PackageReader(
                    path: path,
                    trust: PackageTrust(reference: permitted.agreement.package, signer: provider?.signer(of: permitted.agreement.package)))
                return try reader.open(to: directory, fileKey: fileKey, control: WorkControl(isCancelled: isCancelled))
            }
        } catch {
            try await finish(permitted, opened: nil)
            throw error
        }
        return try await finish(permitted, opened: manifest)
    }

    /// Records how the use ended. A failed opening left no byte under its final name, so its reservation is given back; a crash before
    /// this keeps it used.
    @discardableResult
    private func finish(_ permitted: PermittedUse, opened manifest: Manifest?) async throws -> OpenedPackage {
        let committed = try await ledger.commit { tx -> Int64? in
            guard var use = try tx.get(PackageUse.self, id: permitted.use.id) else { return nil }
            var held = try tx.get(HeldGrant.self, id: permitted.grant.context.grantID)
            if manifest == nil {
                use.state = .released
                if var counter = try tx.get(UseCounter.self, id: permitted.agreement.id), counter.used > 0 {
                    counter.used -= 1
                    try tx.put(counter)
                }
                if let left = held?.usesLeft { held?.usesLeft = left + 1 }
                if let held { try tx.put(held) }
            } else {
                use.state = .opened
            }
            try tx.put(use)
            try tx.append(
                LedgerEvent(
                    type: .useFinished, role: .consumer, correlation: use.id, agreement: use.agreementID,
                    local: [
                        "outcome": .string(use.state.rawValue), "files": .integer(Int64(manifest?.entries.count ?? 0)),
                        "bytes": .integer(manifest?.contentBytes ?? 0),
                    ], ids: ["grant": permitted.grant.context.grantID]))
            return held?.usesLeft
        }
        if committed.value == 0 { files.destroyLease(requestID: permitted.grantRequestID) }
        return OpenedPackage(
            agreementID: permitted.agreement.id, package: permitted.agreement.package, files: manifest?.entries.count ?? 0,
            bytes: manifest?.contentBytes ?? 0, grantID: permitted.grant.context.grantID, index: committed.indexes.first ?? 0,
            usesLeft: permitted.usesLeft)
    }

    private func question(
        _ intended: IntendedUse, _ agreement: Agreement, _ party: PartyAttributes, uses: Int64
    ) -> PolicyGate.Question {
        PolicyGate.Question(
            action: .other(intended.action), target: agreement.datasetID, party: party, purpose: intended.purpose,
            usesIncludingThis: Int(uses), point: .use)
    }

    /// A grant still in lease for this very use, or a new one from the provider.
    private func keyGrant(
        for intended: IntendedUse, _ agreement: Agreement, shared: SharedFacts
    ) async throws -> (KeyGrant, requestID: String, PrivateKey) {
        let now = clock.now()
        let held = try await store.read { try $0.all(HeldGrant.self, where: "agreement", equals: agreement.id) }
        for grant in held
        where grant.action == intended.action && grant.purpose == intended.purpose
            && grant.isInLease(at: now, boot: settings.bootClock.read()) && grant.usesLeft != 0
        {
            if let key = files.lease(requestID: grant.requestID) { return (try KeyGrant(parsing: grant.bytes), grant.requestID, key) }
        }
        let (attempt, requestKey) = try await grantAttempt(for: intended, agreement)
        defer { grantsUnderWay.remove(attempt.id) }
        let peer = try peers.active(agreement.peer)
        do {
            let response = try await call(
                PeerRequest(
                    method: "POST", url: peer.card.endpoints.grantURL, body: attempt.body, maximumResponseBytes: KeyGrant.sizeLimit),
                of: agreement.peer)
            let grant = try KeyGrant(parsing: response.body)
            let named = grant.context.nodeCard.flatMap { peers.isOwnCard($0) ? $0 : nil }
            try grant.verify(
                signer: try peer.card.signer(of: agreement.package), provider: agreement.peer,
                request: try GrantRequest.parse(attempt.body).request,
                nodeCard: named ?? peers.ownCard?.digest, at: clock.now())
            guard grant.context.agreement == agreement.digest, grant.context.policyHash == agreement.policyHash,
                let notAfter = grant.context.notAfter, let duration = grant.context.durationSeconds
            else {
                throw ExchangeError.denied(
                    "grant.other-agreement", "the grant speaks of another agreement", hint: "ask the provider; its node does not work right"
                )
            }
            let receivedAt = settings.bootClock.read()
            _ = try await ledger.commit { tx in
                try tx.delete(GrantAttempt.self, id: attempt.id)
                try tx.insert(
                    HeldGrant(
                        id: grant.context.grantID, requestID: attempt.id, agreementID: agreement.id, package: agreement.package,
                        action: intended.action, purpose: intended.purpose, bytes: grant.bytes, notAfter: notAfter,
                        durationSeconds: duration, receivedAt: receivedAt, usesLeft: grant.context.allowance))
                try tx.append(
                    LedgerEvent(
                        type: .grantReceived, role: .consumer, correlation: attempt.id, agreement: agreement.id, shared: shared,
                        digests: ["grant": Digest(algorithm: .sha256, bytes: Hash.sha256(grant.bytes))],
                        ids: ["grant": grant.context.grantID]))
            }
            return (grant, attempt.id, requestKey)
        } catch let error as ExchangeError where error.kind == .denied {
            try await drop(attempt)
            _ = try await ledger.commit { [self] tx in
                throw refusal(
                    error, of: agreement.peer, role: .consumer, correlation: attempt.id, agreement: agreement.id, shared: shared,
                    point: "grant")
            }
            throw error
        } catch let error as SealingError {
            // An answer that is no grant for this request will be none the next time either.
            try await drop(attempt)
            throw error
        }
    }

    /// The request of an earlier opening for the same use that got no answer, or a new one. It is durable before it leaves.
    private func grantAttempt(for intended: IntendedUse, _ agreement: Agreement) async throws -> (GrantAttempt, PrivateKey) {
        for attempt in try await store.read({ try $0.all(GrantAttempt.self, where: "agreement", equals: agreement.id) })
        where attempt.action == intended.action && attempt.purpose == intended.purpose && grantsUnderWay.insert(attempt.id) {
            if let key = files.lease(requestID: attempt.id) { return (attempt, key) }
            grantsUnderWay.remove(attempt.id)
        }
        let suite = Suite(digestAlgorithm: agreement.package.algorithm)
        let requestKey = try PrivateKey.generate(suite.encryptionAlgorithm)
        let request = GrantRequest(
            requestID: newID(), agreement: agreement.id, package: agreement.package, consumer: own.participant, action: intended.action,
            purpose: intended.purpose, nonce: SecureRandom.bytes(16), requestKey: requestKey.publicKey)
        let attempt = GrantAttempt(
            id: request.requestID, agreementID: agreement.id, action: intended.action, purpose: intended.purpose,
            body: try request.signed(by: keys.signing(suite)), createdAt: clock.now())
        _ = grantsUnderWay.insert(attempt.id)
        do {
            try files.storeLease(requestKey, requestID: attempt.id)
            try await store.write { try $0.insert(attempt) }
        } catch {
            grantsUnderWay.remove(attempt.id)
            throw error
        }
        return (attempt, requestKey)
    }

    private func drop(_ attempt: GrantAttempt) async throws {
        files.destroyLease(requestID: attempt.id)
        try await store.write { _ = try $0.delete(GrantAttempt.self, id: attempt.id) }
    }

    /// Destroys request keys whose lease has ended.
    func endLeases() async throws {
        let now = clock.now()
        let boot = settings.bootClock.read()
        let ended = try await store.read { tx -> [HeldGrant] in
            // A use under way may yet give its use back.
            let open = Set(try tx.all(PackageUse.self, where: "state", equals: PackageUse.State.reserved.rawValue).compactMap(\.grantID))
            return try tx.all(HeldGrant.self).filter {
                !$0.isInLease(at: now, boot: boot) || ($0.usesLeft == 0 && !open.contains($0.id))
            }
        }
        for grant in ended { files.destroyLease(requestID: grant.requestID) }
        let attempts = try await store.read { try $0.all(GrantAttempt.self) }
        for attempt in attempts where attempt.createdAt.adding(seconds: settings.leaseSeconds) <= now && grantsUnderWay.insert(attempt.id) {
            defer { grantsUnderWay.remove(attempt.id) }
            try await drop(attempt)
        }
    }
}
