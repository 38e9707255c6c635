// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel
package import Identity
import Ledger
import PolicyEngine
import Sealing
import StorageSQLite

// Provider: one key grant (docs/formats/key-grant.md). The allowance is debited in full in the transaction of the grant's entry, and the
// same request gets the stored bytes again.

extension Exchange {
    package func grant(_ body: [UInt8], to peer: VerifiedPeer) async throws -> [UInt8] {
        let request: GrantRequest
        do {
            let claimed = try GrantRequest.parse(body).request
            request = try GrantRequest.verify(body, signer: peer.card.signer(of: claimed.package))
        } catch {
            throw ExchangeError.denied(
                "grant.request-invalid", "the request does not verify", hint: "sign it with the key in the node card")
        }
        guard request.consumer == peer.participant else {
            throw ExchangeError.denied("grant.request-invalid", "the request is another participant's", hint: "ask in your own name")
        }
        let requestDigest = Digest(algorithm: .sha256, bytes: Hash.sha256(body))
        let parties = parties(role: .provider, peer: peer.participant)
        let now = clock.now()
        let grantID = newID()
        return try await ledger.commit { [self] tx -> [UInt8] in
            if let issued = try tx.get(IssuedGrant.self, id: peer.participant.description + "\n" + request.requestID) {
                guard issued.requestDigest == requestDigest else {
                    throw ExchangeError(
                        .conflict, "grant.request-reused", "this request id was used for another request",
                        hint: "draw a fresh request id")
                }
                return issued.bytes
            }
            guard let agreement = try tx.get(Agreement.self, id: request.agreement), agreement.peer == peer.participant,
                agreement.role == .provider, agreement.package == request.package
            else { throw ExchangeError.noSuchProcess }
            let shared = SharedFacts(
                provider: parties.provider, consumer: parties.consumer, dataset: agreement.datasetID, package: agreement.package,
                agreement: agreement.digest, policy: agreement.policyHash)
            func refused(_ error: ExchangeError, _ answer: PolicyGate.Answer? = nil) -> any Error {
                refusal(
                    error, of: peer.participant, correlation: request.requestID, agreement: agreement.id, shared: shared, point: "grant",
                    answer: answer)
            }
            guard agreement.isActive else {
                throw refused(.denied("agreement.ended", "the agreement is not in force", hint: "negotiate a new one"))
            }
            // Receipts first: no key for a delivery that nobody signed for.
            let transfers = try tx.all(Transfer.self, where: "agreement", equals: agreement.id)
            guard transfers.contains(where: { $0.role == .provider && $0.receipt == .full }),
                !transfers.contains(where: { $0.receipt == .missing })
            else {
                throw refused(.denied("receipt.missing", "no delivery under this agreement is receipted", hint: "fetch the package first"))
            }
            guard let version = try tx.get(SealedVersion.self, id: agreement.package.description) else {
                throw refused(.denied("package.withdrawn", "the package is no longer available", hint: "ask the provider"))
            }
            let known = try policies.read(agreement.document)
            let log = UseLog(of: agreement, needs: known.needs)
            var values: [String: [PolicyValue]]
            do {
                values = try log.values(adding: UsageSum(uses: 1, bytes: version.bytes), at: now, in: tx.store)
            } catch let error as ExchangeError {
                throw refused(error)
            }
            values.merge(try confirmedFacts(of: agreement, for: known, in: tx.store)) { counted, _ in counted }
            let question = PolicyGate.Question(
                action: .other(request.action), target: agreement.datasetID, party: peer.attributes(), purpose: request.purpose,
                values: values, dutyStates: try DutyStates.of(agreement, known.duties, at: now, in: tx.store), point: .grant)
            let answer = PolicyGate.ask(known, question, at: now)
            guard let permit = answer.permit else {
                let isSpent = answer.decision.reasons.contains { $0.leftOperand == Operand.count }
                throw refused(
                    isSpent
                        ? .denied("grant.allowance-used-up", "all uses of this agreement were granted", hint: "negotiate a new agreement")
                        : answer.refusal, answer)
            }
            // Counted uses are granted one by one, so that the counts are kept here and not only at the consumer.
            let allowance: Int64? = known.needs.countsReleases ? 1 : nil
            let used = allowance == nil ? 0 : try log.add(grantID, bytes: version.bytes, at: now, in: tx.store).used
            let leaseEnd = [
                now.adding(seconds: settings.leaseSeconds), permit.allowance.notAfter,
                permit.allowance.maximumElapsedMilliseconds.map { agreement.agreedAt.adding(milliseconds: $0) },
            ].compactMap(\.self).min()
            let context = GrantContext(
                grantID: grantID, requestID: request.requestID, agreement: agreement.digest, policyHash: agreement.policyHash,
                package: agreement.package, consumer: peer.participant, nodeCard: peer.card.digest, requestKey: request.requestKey,
                provider: own.participant, notBefore: now.adding(seconds: -settings.clockToleranceSeconds),
                notAfter: leaseEnd, durationSeconds: settings.leaseSeconds,
                allowance: allowance)
            let grant = try KeyGrant.issue(
                context, fileKey: try keys.unwrap(version.wrappedKey, of: agreement.package), signer: try keys.signing(request.suite))
            try tx.insert(
                IssuedGrant(
                    id: peer.participant.description + "\n" + request.requestID, grantID: grantID, peer: peer.participant,
                    agreementID: agreement.id, package: agreement.package, requestDigest: requestDigest, bytes: grant.bytes, issuedAt: now))
            try tx.append(
                LedgerEvent(
                    type: .grantIssued, role: .provider, correlation: request.requestID, agreement: agreement.id, shared: shared,
                    local: [
                        "action": .string(request.action), "purpose": request.purpose.map(JSON.string) ?? .null,
                        "used": .integer(used), "decision": answer.decisionJSON, "asked": answer.askedJSON,
                    ], digests: ["grant": Digest(algorithm: .sha256, bytes: Hash.sha256(grant.bytes))], ids: ["grant": grantID]))
            return grant.bytes
        }.value
    }
}
