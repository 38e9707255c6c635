// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import Exchange
import ExchangeModel
import Identity
import Ledger
import ManagementAPI
import PeerAPI
import StorageSQLite
import TLSTransport

extension Node {
    func status() async throws -> JSON {
        let health = await health()
        let (messages, negotiations, transfers) = try await store.read { tx in
            (try tx.all(OutboxMessage.self), try tx.all(Negotiation.self), try tx.all(Transfer.self))
        }
        var waiting: [JSON] = messages.prefix(100).map {
            [
                "what": .string($0.kind.rawValue), "id": .string($0.process),
                "detail": .string($0.lastError ?? "to be sent to \($0.peer) next at \($0.nextTry.secondsText)"),
            ]
        }
        for transfer in transfers where transfer.receipt == .missing {
            waiting.append(["what": "receipt", "id": .string(transfer.id), "detail": .string("\(transfer.peer) owes a receipt")])
        }
        var certificates: [JSON] = []
        for (usage, path) in [("server", layout.serverChain), ("client", layout.clientChain)] where layout.exists(path) {
            if let leaf = try Certificate.chain(pem: try layout.text(path)).first {
                certificates.append(["usage": .string(usage), "notAfter": .string(leaf.notAfter.description)])
            }
        }
        return .members([
            "participant": .string(configuration.participant.description), "version": .string(Node.version), "ready": .bool(health.ready),
            "reasons": .strings(health.reasons),
            "listeners": .members([
                "peer": tls.boundAddress.map(JSON.string), "management": .string(configuration.managementListen.description),
            ]),
            "ledger": ["origin": .string(ledger.origin), "size": .integer(ledger.size), "signing": .bool(health.signing)],
            "openContracts": .integer(Int64(negotiations.count { $0.isOpen })),
            "openTransfers": .integer(Int64(transfers.count { $0.isOpen })), "waiting": .array(waiting),
            "certificates": .array(certificates),
        ])
    }

    /// Checks what usually goes wrong, in the order in which it must be mended.
    func doctor(_ input: OperationInput) async throws -> JSON {
        let now = clock.now()
        var checks: [Check] = []
        switch ledger.signing {
        case .ready: checks.append(Check("ledger.signing", true, "\(ledger.size) entries, head signed"))
        case .refused(let reason): checks.append(Check("ledger.signing", reason))
        }
        for (usage, path) in [("server", layout.serverChain), ("client", layout.clientChain)] {
            guard layout.exists(path) else {
                checks.append(Check("cert.\(usage)", NodeFailure.noCertificate))
                continue
            }
            let chain = try Certificate.chain(pem: try layout.text(path))
            guard let leaf = chain.first else { continue }
            checks += Node.certificateChecks(leaf, usage: usage, participant: configuration.participant, now: now)
            do {
                let trust = try TLSMaterial.trust(of: try await store.read { try $0.all(Space.self) })
                let verified = try ChainVerifier.verify(
                    leaf: leaf, intermediates: Array(chain.dropFirst()), anchors: trust.anchors, crls: trust.revocationLists, at: now,
                    purpose: usage == "server" ? .server : .client, graceSeconds: trust.graceSeconds)
                checks.append(
                    Check(
                        "cert.\(usage).chain", !verified.crlStale,
                        verified.crlStale ? "the chain holds by a revocation list in its grace" : "the chain leads to a space's anchor",
                        severity: "warning", hint: "install the newest revocation list with `kouan space crl`"))
            } catch {
                checks.append(Check("cert.\(usage).chain", error))
            }
        }
        do {
            for list in try TLSMaterial.trust(of: try await store.read { try $0.all(Space.self) }).revocationLists {
                let left = (list.nextUpdate.milliseconds - now.milliseconds) / 86_400_000
                checks.append(
                    Check(
                        "space.crl", list.nextUpdate > now.adding(seconds: 86_400), "list of \(list.issuer) is good for \(left) more days",
                        severity: list.nextUpdate > now ? "warning" : "error", hint: "install the newest list with `kouan space crl`"))
            }
        } catch {
            checks.append(Check("space", error))
        }
        if let card = peers.ownCard {
            checks.append(Check("node.card", true, "serial \(card.serial), fingerprint \(card.fingerprint)"))
            do {
                let attributes = try exchange.checkOwnAttributes()
                checks.append(Check("node.membership", true, "member of \(attributes.joined(separator: ", "))"))
            } catch {
                checks.append(Check("node.membership", error))
            }
        } else {
            checks.append(Check("node.card", NodeFailure.noCertificate))
        }
        checks.append(await callbackCheck())
        if let name = try input.optionalText("peer") {
            checks += try await peerChecks(try ParticipantID(parsing: try await peer(name).id))
        }
        return ["checks": .array(checks.map(\.json)), "ok": .bool(checks.allSatisfy { $0.ok || $0.severity == "warning" })]
    }

    private static func certificateChecks(_ leaf: Certificate, usage: String, participant: ParticipantID, now: Timestamp) -> [Check] {
        let daysLeft = (leaf.notAfter.milliseconds - now.milliseconds) / 86_400_000
        let wanted: Certificate.ExtendedKeyUsage = usage == "server" ? .serverAuth : .clientAuth
        return [
            Check(
                "cert.\(usage).name", leaf.uriNames == [participant.description], "URI name \(leaf.uriNames.joined(separator: ", "))",
                hint: "the certificate needs exactly one URI name, `\(participant)`"),
            Check(
                "cert.\(usage).usage", leaf.extendedKeyUsage?.contains(wanted) ?? true,
                "extended key usage "
                    + (leaf.extendedKeyUsage.map { $0.map { String(describing: $0) }.sorted().joined(separator: ", ") } ?? "any"),
                hint: "have it issued for serverAuth and clientAuth"),
            Check(
                "cert.\(usage).expiry", leaf.notBefore <= now && daysLeft >= 14, "valid to \(leaf.notAfter.secondsText), \(daysLeft) days",
                severity: leaf.notAfter > now ? "warning" : "error", hint: "renew it with `kouan cert request`"),
        ]
    }

    /// Whether we reach ourselves by the address that peers are told. A stranger's certificate there means that something intercepts TLS.
    private func callbackCheck() async -> Check {
        guard let client = tls.client, let card = peers.ownCard else { return Check("node.callback", NodeFailure.noCertificate) }
        guard tls.boundAddress != nil else {
            return Check(
                "node.callback", false, "the peers' listener is not running", severity: "warning", hint: "start the node with `kouan serve`"
            )
        }
        do {
            let address = PeerAddress(
                participant: configuration.participant, base: card.endpoints.peer.description,
                keyFingerprints: Set(card.tlsKeys.map(\.fingerprint)))
            _ = try await client.probe(address)
            return Check("node.callback", true, "peers reach this node at \(card.endpoints.peer)")
        } catch {
            return Check("node.callback", error)
        }
    }
}
