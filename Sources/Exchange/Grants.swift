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
            func refused(_ error: ExchangeError) -> any Error {
                refusal(
                    error, of: peer.participant, correlation: request.requestID, agreement: agreement.id, shared: shared, point: "grant")
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
            var counter = try tx.get(UseCounter.self, id: agreement.id) ?? UseCounter(id: agreement.id, used: 0)
            let question = PolicyGate.Question(
                action: .other(request.action), target: agreement.datasetID, party: peer.attributes(), purpose: request.purpose,
                usesIncludingThis: Int(counter.used) + 1, point: .grant)
            let answer = PolicyGate.ask(try PolicyGate.read(agreement.document), question, at: now)
            guard let permit = answer.permit else {
                let isSpent = answer.decision.reasons.contains { $0.leftOperand == Operand.count }
                throw refused(
                    isSpent
                        ? .denied("grant.allowance-used-up", "all uses of this agreement were granted", hint: "negotiate a new agreement")
                        : answer.refusal)
            }
            guard let version = try tx.get(SealedVersion.self, id: agreement.package.description) else {
                throw refused(.denied("package.withdrawn", "the package is no longer available", hint: "ask the provider"))
            }
            // Counted uses are granted one by one, so that the count is kept here and not only at the consumer.
            let allowance: Int64? = permit.allowance.maximumUses == nil ? nil : 1
            if let allowance { counter.used += allowance }
            let leaseEnd = now.adding(seconds: settings.leaseSeconds)
            let context = GrantContext(
                grantID: grantID, requestID: request.requestID, agreement: agreement.digest, policyHash: agreement.policyHash,
                package: agreement.package, consumer: peer.participant, nodeCard: peer.card.digest, requestKey: request.requestKey,
                provider: own.participant, notBefore: now.adding(seconds: -settings.clockToleranceSeconds),
                notAfter: permit.allowance.notAfter.map { min($0, leaseEnd) } ?? leaseEnd, durationSeconds: settings.leaseSeconds,
                allowance: allowance)
            let grant = try KeyGrant.issue(
                context, fileKey: try keys.unwrap(version.wrappedKey, of: agreement.package), signer: try keys.signing(request.suite))
            try tx.put(counter)
            try tx.insert(
                IssuedGrant(
                    id: peer.participant.description + "\n" + request.requestID, grantID: grantID, peer: peer.participant,
                    agreementID: agreement.id, package: agreement.package, requestDigest: requestDigest, bytes: grant.bytes, issuedAt: now))
            try tx.append(
                LedgerEvent(
                    type: .grantIssued, role: .provider, correlation: request.requestID, agreement: agreement.id, shared: shared,
                    local: [
                        "action": .string(request.action), "purpose": request.purpose.map(JSON.string) ?? .null,
                        "used": .integer(counter.used), "decision": answer.decisionJSON,
                    ], digests: ["grant": Digest(algorithm: .sha256, bytes: Hash.sha256(grant.bytes))], ids: ["grant": grantID]))
            return grant.bytes
        }.value
    }
}
