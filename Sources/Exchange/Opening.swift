// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
package import ExchangeModel
import Identity
import Ledger
package import PolicyEngine
import Sealing
import StorageSQLite

/// What somebody wants to open a package for.
package struct IntendedUse: Sendable, Hashable {
    /// An ODRL action; `read` satisfies a permission to read and one to use.
    package let action: String
    package let purpose: String?
    /// What the user states of it besides, by operand: `StatedFacts` reads them.
    package let facts: [String: [PolicyValue]]

    package init(action: String = "read", purpose: String?, facts: [String: [PolicyValue]] = [:]) {
        self.action = action
        self.purpose = purpose
        self.facts = facts
    }

    var factsJSON: JSON { .object(facts.mapValues { .array($0.map(\.json)) }) }
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
    /// It goes on after it was cut short. Nobody can say that nothing left before, so nothing is given back.
    let isResumed: Bool
}

package struct OpenedPackage: Sendable {
    package let agreementID: String
    package let package: Digest
    package let files: Int
    package let bytes: Int64
    package let grantID: String
    package let index: Int64
    package let usesLeft: Int64?
    /// Whether a duty changed the files on their way to the disk, so that they are not byte for byte what was sealed.
    package let isTreated: Bool
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
        let parties = parties(role: .consumer, peer: agreement.peer)
        let shared = SharedFacts(
            provider: parties.provider, consumer: parties.consumer, dataset: agreement.datasetID, package: agreement.package,
            agreement: agreement.digest, policy: agreement.policyHash)
        let asked = UseQuestion(
            intended: intended, agreement: agreement, package: held, party: try ownAttributes(),
            known: try policies.read(agreement.document),
            surroundings: settings.surroundings, directory: directory, shared: shared)
        if let resumed = try await resume(asked, by: user) { return resumed }

        // Before anything is asked of the provider: a use that our own node would refuse for any reason but its count stays here.
        let now = clock.now()
        let first = try await store.read { try asked.decide(adding: asked.cost, at: now, in: $0) }
        if first.permit == nil, !first.decision.reasons.contains(where: { $0.leftOperand == Operand.count }) {
            _ = try await ledger.commit { [self] tx in throw refused(first, asked, correlation: nil) }
        }
        // A grant that another opening has used up meanwhile is no reason to give up: the next one is asked for.
        for _ in 0..<16 {
            let (grant, requestID, requestKey) = try await keyGrant(for: intended, agreement, shared: shared)
            guard let (use, usesLeft) = try await reserve(asked, under: grant, by: user) else { continue }
            return PermittedUse(
                use: use, agreement: agreement, package: held, grant: grant, grantRequestID: requestID, requestKey: requestKey,
                usesLeft: usesLeft, isResumed: false)
        }
        throw ExchangeError.denied("grant.allowance-used-up", "this key grant has no use left", hint: "open again for a new grant")
    }

    /// Decides and takes one use, in one commit. Nil when the grant has none left.
    private func reserve(_ asked: UseQuestion, under grant: KeyGrant, by user: UserID) async throws -> (PackageUse, usesLeft: Int64?)? {
        let useID = newID()
        let now = clock.now()
        return try await ledger.commit { [self] tx -> (PackageUse, usesLeft: Int64?)? in
            guard var held = try tx.get(HeldGrant.self, id: grant.context.grantID), held.usesLeft.map({ $0 > 0 }) ?? true else {
                return nil
            }
            // A deletion or a revocation may have come since the agreement was looked at.
            guard try tx.get(Agreement.self, id: asked.agreement.id)?.isActive == true else {
                throw ExchangeError.notSettled("contract", "agreement `\(asked.agreement.id)` is not in force")
            }
            let answer = try asked.decide(adding: asked.cost, at: now, in: tx.store)
            guard let allowed = answer.permit else { throw refused(answer, asked, correlation: useID) }
            if let left = held.usesLeft { held.usesLeft = left - 1 }
            let counter = try asked.log.add(useID, bytes: asked.cost.bytes, at: now, in: tx.store)
            let use = PackageUse(
                id: useID, agreementID: asked.agreement.id, package: asked.agreement.package, action: asked.intended.action,
                purpose: asked.intended.purpose, facts: asked.intended.factsJSON, target: asked.directory, bytes: asked.cost.bytes,
                state: .reserved, grantID: held.id, reservedAt: now, startedAt: now)
            try tx.put(held)
            try tx.insert(use)
            try tx.append(useEvent(of: use, asked, answer, used: counter.used, isResumed: false, by: user))
            return (use, allowed.allowance.maximumUses.map { max(0, Int64($0) - counter.used) })
        }.value
    }

    /// Goes on with a use that was cut short, to the same directory and for the same purpose, while its lease lasts. It is counted already.
    private func resume(_ asked: UseQuestion, by user: UserID) async throws -> PermittedUse? {
        let agreement = asked.agreement
        let interrupted = try await store.read { tx in
            try tx.all(PackageUse.self, where: [("agreement", agreement.id), ("state", PackageUse.State.interrupted.rawValue)])
        }
        let now = clock.now()
        for use in interrupted where asked.isMeant(by: use) {
            guard let grantID = use.grantID, let held = try await store.read({ try $0.get(HeldGrant.self, id: grantID) }),
                held.isInLease(at: now, boot: settings.bootClock.read()), let key = files.lease(requestID: held.requestID)
            else { continue }
            let grant = try KeyGrant(parsing: held.bytes)
            let resumed = try await ledger.commit { [self] tx -> (PackageUse, usesLeft: Int64?)? in
                guard var use = try tx.get(PackageUse.self, id: use.id), use.state == .interrupted else { return nil }
                let answer = try asked.decide(adding: .zero, at: now, in: tx.store)
                guard let allowed = answer.permit else { throw refused(answer, asked, correlation: use.id) }
                use.state = .reserved
                use.startedAt = now
                try tx.put(use)
                let used = try asked.log.counter(in: tx.store).used
                try tx.append(useEvent(of: use, asked, answer, used: used, isResumed: true, by: user))
                return (use, allowed.allowance.maximumUses.map { max(0, Int64($0) - used) })
            }.value
            guard let resumed else { continue }
            return PermittedUse(
                use: resumed.0, agreement: agreement, package: asked.package, grant: grant, grantRequestID: held.requestID, requestKey: key,
                usesLeft: resumed.usesLeft, isResumed: true)
        }
        return nil
    }

    private func refused(_ answer: PolicyGate.Answer, _ asked: UseQuestion, correlation: String?) -> any Error {
        refusal(
            answer.refusal, of: own.participant, role: .consumer, correlation: correlation, agreement: asked.agreement.id,
            shared: asked.shared, point: "use", answer: answer)
    }

    private func useEvent(
        of use: PackageUse, _ asked: UseQuestion, _ answer: PolicyGate.Answer, used: Int64, isResumed: Bool, by user: UserID
    ) -> LedgerEvent {
        var local: [String: JSON] = [
            "action": .string(use.action), "purpose": use.purpose.map(JSON.string) ?? .null, "used": .integer(used),
            "decision": answer.decisionJSON, "asked": answer.askedJSON,
        ]
        if use.facts != [:] { local["facts"] = use.facts }
        if isResumed { local["resumed"] = true }
        return LedgerEvent(
            type: .use, role: .consumer, correlation: use.id, agreement: use.agreementID, shared: asked.shared, local: local,
            ids: ["grant": use.grantID ?? "", "user": user.description])
    }

    /// Streams plaintext below a temporary name and shows it only when every byte was verified.
    func unseal(_ permitted: PermittedUse, into directory: String) async throws -> OpenedPackage {
        let provider = peers.card(of: permitted.agreement.peer)
        let path = files.path(ofReceived: permitted.package.fileName)
        let manifest: Manifest
        let isTreated: Bool
        // Set before the first chunk is decrypted: from then on plaintext may have left, if only under a temporary name.
        let hasBegun = Flag()
        do {
            let treatment = try await openingTreatment(of: permitted)
            isTreated = treatment != nil
            manifest = try await blocking.run { isCancelled in
                let fileKey = try permitted.grant.fileKey(with: permitted.requestKey)
                let reader = try PackageReader(
                    path: path,
                    trust: PackageTrust(reference: permitted.agreement.package, signer: provider?.signer(of: permitted.agreement.package)))
                var options = OpenOptions()
                options.treatment = treatment
                return try reader.open(
                    to: directory, fileKey: fileKey, options: options,
                    control: WorkControl(isCancelled: {
                        hasBegun.raise()
                        return isCancelled()
                    }))
            }
        } catch {
            try await finish(permitted, opened: nil, canGiveBack: !hasBegun.isRaised && !permitted.isResumed)
            throw error
        }
        return try await finish(permitted, opened: manifest, canGiveBack: false, isTreated: isTreated)
    }

    /// Records how the use ended. It is given back only if not a byte was decrypted; a use that was cut short later, or by a crash before
    /// this, stays used and may go on.
    @discardableResult
    private func finish(_ permitted: PermittedUse, opened manifest: Manifest?, canGiveBack: Bool, isTreated: Bool = false) async throws
        -> OpenedPackage
    {
        let log = UseLog(of: permitted.agreement, needs: try policies.read(permitted.agreement.document).needs)
        let now = clock.now()
        let committed = try await ledger.commit { [self] tx -> (left: Int64?, state: PackageUse.State)? in
            guard var use = try tx.get(PackageUse.self, id: permitted.use.id) else { return nil }
            var held = try tx.get(HeldGrant.self, id: permitted.grant.context.grantID)
            if manifest != nil {
                use.state = .opened
            } else if canGiveBack {
                use.state = .released
                try log.giveBack(use.id, bytes: use.bytes, reservedAt: use.reservedAt, in: tx.store)
                if let left = held?.usesLeft { held?.usesLeft = left + 1 }
                if let held { try tx.put(held) }
            } else {
                use.state = .interrupted
            }
            try log.spend(use.id, milliseconds: now.milliseconds - use.startedAt.milliseconds, until: now, in: tx.store)
            try tx.put(use)
            try tx.append(
                LedgerEvent(
                    type: .useFinished, role: .consumer, correlation: use.id, agreement: use.agreementID,
                    local: [
                        "outcome": .string(use.state.rawValue), "files": .integer(Int64(manifest?.entries.count ?? 0)),
                        "bytes": .integer(manifest?.contentBytes ?? 0), "treated": .bool(isTreated),
                    ], ids: ["grant": permitted.grant.context.grantID]))
            if use.state == .opened { try noteOpening(of: permitted.agreement, use: use.id, tx: &tx) }
            if use.state == .interrupted { try noteDuties(.use, of: permitted.agreement, tx: &tx) }
            return (held?.usesLeft, use.state)
        }
        if committed.value?.left == 0, committed.value?.state == .opened { files.destroyLease(requestID: permitted.grantRequestID) }
        return OpenedPackage(
            agreementID: permitted.agreement.id, package: permitted.agreement.package, files: manifest?.entries.count ?? 0,
            bytes: manifest?.contentBytes ?? 0, grantID: permitted.grant.context.grantID, index: committed.indexes.first ?? 0,
            usesLeft: permitted.usesLeft, isTreated: isTreated)
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
            // A use under way may yet give its use back, and one that was cut short may go on.
            let states = [PackageUse.State.reserved, .interrupted]
            let open = Set(try states.flatMap { try tx.all(PackageUse.self, where: "state", equals: $0.rawValue) }.compactMap(\.grantID))
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

/// One use that somebody wants, with all that our node decides by.
struct UseQuestion: Sendable {
    let intended: IntendedUse
    let agreement: Agreement
    let package: HeldPackage
    let party: PartyAttributes
    let known: KnownPolicy
    /// Where and in what this node opens packages, by operand.
    let surroundings: [String: [PolicyValue]]
    let directory: String
    let shared: SharedFacts

    var log: UseLog { UseLog(of: agreement, needs: known.needs) }
    var cost: UsageSum { UsageSum(uses: 1, bytes: package.bytes) }

    func decide(adding use: UsageSum, at now: Timestamp, in tx: Transaction) throws -> PolicyGate.Answer {
        var values = try log.values(adding: use, at: now, in: tx)
        values.merge(surroundings) { counted, _ in counted }
        values.merge(intended.facts) { known, _ in known }
        return PolicyGate.ask(
            known,
            PolicyGate.Question(
                action: .other(intended.action), target: agreement.datasetID, party: party, purpose: intended.purpose, values: values,
                dutyStates: try DutyStates.of(agreement, known.duties, at: now, in: tx), point: .use), at: now)
    }

    /// Whether `use` is this one.
    func isMeant(by use: PackageUse) -> Bool {
        use.action == intended.action && use.purpose == intended.purpose && use.facts == intended.factsJSON && use.target == directory
    }
}
