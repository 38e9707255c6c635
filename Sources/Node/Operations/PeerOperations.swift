// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import Exchange
import ExchangeModel
import Identity
import Ledger
import PeerAPI
import StorageSQLite
import TLSTransport

extension Node {
    /// Our own card; a membership credential given here goes into it.
    func peerCard(_ input: OperationInput) async throws -> JSON {
        if let token = try input.optionalText("credential", limit: 1 << 18)?.trimmed {
            let claims = try MembershipCredential.inspect(token)
            guard let card = peers.ownCard else { throw NodeFailure.noCertificate }
            guard let space = peers.spaces.first(where: { $0.id == claims.space }) else {
                throw ExchangeError.unknown("space", claims.space.description)
            }
            _ = try MembershipCredential.verify(token, space: space, card: card, at: clock.now())
            _ = try await ledger.commit { tx in
                guard var record = try tx.get(Space.self, id: claims.space.description) else {
                    throw ExchangeError.unknown("space", claims.space.description)
                }
                record.credential = token
                try tx.put(record)
                try tx.append(
                    LedgerEvent(
                        type: .spaceChanged, local: ["change": "joined"], ids: ["space": record.id, "user": input.user.description]))
            }
            try await reloadIdentity()
        }
        guard let card = peers.ownCard else { throw NodeFailure.noCertificate }
        return [
            "card": .string(String(decoding: card.bytes, as: UTF8.self)), "fingerprint": .string(card.fingerprint),
            "serial": .integer(card.serial), "participant": .string(card.participant.description), "spaces": .strings(try ownSpaces(card)),
        ]
    }

    private func ownSpaces(_ card: NodeCard) throws -> [String] {
        card.credentials.compactMap { (try? MembershipCredential.inspect($0))?.space.description }
    }

    /// A card as it would be added: whose it is, whether it is trusted and why not.
    func peerPreview(_ input: OperationInput) async throws -> JSON {
        let bytes: [UInt8]
        var fetched: FetchedCard?
        if let text = try input.optionalText("card", limit: 1 << 20) {
            bytes = Array(text.utf8)
        } else {
            let url = try input.text("url")
            guard let client = tls.client else { throw NodeFailure.noCertificate }
            do {
                let answer = try await client.fetchCard(url: url)
                fetched = answer
                bytes = answer.card
            } catch {
                throw ExchangeError.unreachable(url, error.message)
            }
        }
        let card = try NodeCard.parse(bytes)
        if let fetched {
            guard fetched.participant == card.participant.description,
                card.tlsKeys.contains(where: { $0.fingerprint == fetched.keyFingerprint })
            else {
                throw ExchangeError.cardRefused(
                    "the card is that of `\(card.participant)`, but `\(fetched.participant.prefix(120))` answers there",
                    hint: "ask the peer for its card as a file")
            }
        }
        let verified = verify(card)
        var members: [String: JSON] = [
            "participant": .string(card.participant.description), "nameZH": .string(card.names.zh ?? ""),
            "nameEN": .string(card.names.en ?? ""), "fingerprint": .string(card.fingerprint),
            "url": .string(card.endpoints.peer.description), "card": .string(String(decoding: card.bytes, as: UTF8.self)),
            "serial": .integer(card.serial),
        ]
        switch verified {
        case .success(let peer):
            members["trusted"] = true
            members["spaces"] = .strings(peer.spaces.map(\.description))
            members["attributes"] = peer.attributes().json
        case .failure(let failure):
            members["trusted"] = false
            members["reason"] = .string(failure.message)
            members["spaces"] = .array([])
        }
        return .object(members)
    }

    /// The card against our spaces, as its newest TLS key would be verified.
    private func verify(_ card: NodeCard) -> Result<VerifiedPeer, TrustFailure> {
        guard let key = card.tlsKeys.max(by: { $0.notAfter < $1.notAfter }) else { return .failure(.noCredential) }
        return TrustChain.verify(
            tlsKey: key.fingerprint, uriNames: [card.participant.description], card: card, spaces: peers.spaces, at: clock.now())
    }

    func peerAdd(_ input: OperationInput) async throws -> JSON {
        let card = try NodeCard.parse(Array(try input.text("card", limit: 1 << 20).utf8))
        let given = try input.text("fingerprint").filter { !$0.isWhitespace && $0 != "-" }
        guard given == card.fingerprint.filter({ !$0.isWhitespace && $0 != "-" }) else {
            throw ExchangeError.fingerprintDiffers(try input.text("fingerprint"), card.fingerprint)
        }
        guard card.participant != configuration.participant else {
            throw ExchangeError.badInput("card", "is this node's own")
        }
        if case .failure(let failure) = verify(card) {
            throw ExchangeError.cardRefused("the card of `\(card.participant)` is not trusted: \(failure.message)", hint: failure.hint)
        }
        let now = clock.now()
        let user = input.user
        _ = try await ledger.commit { tx in
            let old = try tx.get(Peer.self, id: card.participant.description)
            if let old { _ = try NodeCard.parse(old.card).succession(of: card) }
            try tx.put(
                Peer(
                    id: card.participant.description, card: card.bytes, cardDigest: card.digest, state: old?.state ?? .active,
                    addedAt: old?.addedAt ?? now, addedBy: user.description))
            try tx.append(
                LedgerEvent(
                    type: old == nil ? .peerAdded : .peerChanged, local: ["peer": .string(card.participant.description)],
                    digests: ["card": card.digest], ids: ["user": user.description]))
        }
        try await reloadIdentity()
        return ["participant": .string(card.participant.description), "state": "active"]
    }

    func peerList() async throws -> JSON {
        let records = try await store.read { try $0.all(Peer.self) }
        return ["peers": .array(try records.map { try describe($0, full: false) })]
    }

    func peerShow(_ input: OperationInput) async throws -> JSON { try describe(try await peer(try input.text("peer")), full: true) }

    private func describe(_ record: Peer, full: Bool) throws -> JSON {
        let card = try NodeCard.parse(record.card)
        var members: [String: JSON] = [
            "participant": .string(record.id), "nameZH": .string(card.names.zh ?? ""), "nameEN": .string(card.names.en ?? ""),
            "state": .string(record.state.rawValue), "url": .string(card.endpoints.peer.description),
            "fingerprint": .string(card.fingerprint), "serial": .integer(card.serial), "addedAt": .string(record.addedAt.description),
        ]
        switch verify(card) {
        case .success(let peer):
            members["trusted"] = true
            members["spaces"] = .strings(peer.spaces.map(\.description))
            if full { members["attributes"] = peer.attributes().json }
        case .failure(let failure):
            members["trusted"] = false
            members["reason"] = .string(failure.message)
            members["spaces"] = .array([])
        }
        if full { members["card"] = .string(String(decoding: record.card, as: UTF8.self)) }
        return .object(members)
    }

    func peerState(_ input: OperationInput, _ state: Peer.State) async throws -> JSON {
        let record = try await peer(try input.text("peer"))
        _ = try await ledger.commit { tx in
            guard var current = try tx.get(Peer.self, id: record.id) else { throw ExchangeError.unknown("peer", record.id) }
            current.state = state
            try tx.put(current)
            try tx.append(
                LedgerEvent(
                    type: .peerChanged, local: ["peer": .string(record.id), "state": .string(state.rawValue)],
                    ids: ["user": input.user.description]))
        }
        try await reloadIdentity()
        return ["participant": .string(record.id), "state": .string(state.rawValue)]
    }

    func peerRemove(_ input: OperationInput) async throws -> JSON {
        let record = try await peer(try input.text("peer"))
        _ = try await ledger.commit { tx in
            let open =
                try tx.store.count(Negotiation.self, where: "open", equals: record.id)
                + tx.store.count(Transfer.self, where: "open", equals: record.id)
            guard open == 0 else {
                throw ExchangeError(
                    .conflict, "peer.busy", "\(open) negotiations or transfers with `\(record.id)` are open",
                    hint: "end them first, or suspend the peer with `kouan peer suspend`")
            }
            try tx.delete(Peer.self, id: record.id)
            try tx.append(
                LedgerEvent(type: .peerRemoved, local: ["peer": .string(record.id)], ids: ["user": input.user.description]))
        }
        try await reloadIdentity()
        return ["participant": .string(record.id)]
    }

    func peer(_ name: String) async throws -> Peer {
        let records = try await store.read { try $0.all(Peer.self) }
        if let exact = records.first(where: { $0.id == name }) { return exact }
        let named = try records.filter {
            let names = try NodeCard.parse($0.card).names
            return names.zh == name || names.en == name
        }
        guard named.count == 1, let record = named.first else { throw ExchangeError.unknown("peer", name) }
        return record
    }

    /// Calls the peer step by step, so that the first step that fails says what to mend.
    func peerTest(_ input: OperationInput) async throws -> JSON {
        let record = try await peer(try input.text("peer"))
        let checks = try await peerChecks(try ParticipantID(parsing: record.id))
        return [
            "participant": .string(record.id), "steps": .array(checks.map(\.json)), "ok": .bool(checks.allSatisfy { $0.ok }),
        ]
    }

    func peerChecks(_ participant: ParticipantID) async throws -> [Check] {
        var checks: [Check] = []
        let address: PeerAddress
        do {
            address = try peers.address(of: participant)
            checks.append(Check("peer.trust", true, "the card is pinned and a space vouches for it"))
        } catch {
            return [Check("peer.trust", error)]
        }
        guard let client = tls.client else { return checks + [Check("peer.tls", NodeFailure.noCertificate)] }
        do {
            let facts = try await client.probe(address)
            checks.append(
                Check(
                    "peer.tls", true,
                    "\(facts.tlsVersion), certificate of \(facts.participant) issued by \(facts.issuer), valid to \(facts.notAfter.secondsText)"
                ))
            if facts.crlStale {
                checks.append(
                    Check(
                        "peer.crl", false, "the revocation list that vouches for the peer is past its time", severity: "warning",
                        hint: "install the newest list with `kouan space crl`"))
            }
            if let accepts = facts.acceptsUs {
                checks.append(
                    Check(
                        "peer.accepts-us", accepts, accepts ? "the peer has added this node" : "the peer does not accept this node",
                        hint: "send it your card (`kouan peer card`) and have it run `kouan peer add`"))
            }
            if let skew = facts.clockDifferenceSeconds {
                checks.append(
                    Check(
                        "peer.clock", abs(skew) <= 60, "the peer's clock differs by \(skew) s",
                        hint: "set both clocks by NTP; receipts and agreements allow 300 s"))
            }
        } catch {
            return checks + [Check("peer.tls", error)]
        }
        do {
            let catalog = try await exchange.catalog(of: participant)
            checks.append(Check("peer.catalog", true, "\(catalog.datasets.count) datasets are visible to this node"))
        } catch {
            checks.append(Check("peer.catalog", error))
        }
        return checks
    }
}

/// One line of `doctor` and `peer test`.
struct Check: Sendable {
    let name: String
    let ok: Bool
    let severity: String
    let detail: String
    let hint: String?

    init(_ name: String, _ ok: Bool, _ detail: String, severity: String = "error", hint: String? = nil) {
        self.name = name
        self.ok = ok
        self.severity = ok ? "info" : severity
        self.detail = detail
        self.hint = ok ? nil : hint
    }

    init(_ name: String, _ error: any Error) {
        let known = error as? any KouanError
        self.init(name, false, known?.message ?? "\(error)", hint: known?.hint)
    }

    var json: JSON {
        .members([
            "name": .string(name), "ok": .bool(ok), "severity": .string(severity), "detail": .string(detail), "hint": hint.map(JSON.string),
        ])
    }
}

extension String {
    var trimmed: String { String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()) }
}
