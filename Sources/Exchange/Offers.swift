// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
package import DataspaceProtocol
package import ExchangeModel
package import Identity
import Ledger
import PolicyEngine
import StorageSQLite

/// An offer in a peer's catalog, as the peer wrote it.
package struct RemoteOffer: Sendable {
    package let provider: ParticipantID
    package let datasetID: String
    package let offer: WireOffer

    package init(provider: ParticipantID, datasetID: String, offer: WireOffer) {
        self.provider = provider
        self.datasetID = datasetID
        self.offer = offer
    }
}

// MARK: - Provider

extension Exchange {
    func recordOffer(of datasetID: String, policy: RegisteredPolicy, visibility: [Visibility], by user: UserID) async throws -> Offer {
        let offer = try makeOffer(of: datasetID, policy: policy, visibility: visibility)
        return try await ledger.commit { tx in
            if let old = try tx.get(Offer.self, id: offer.id), old.withdrawnAt == nil { return old }
            try tx.put(offer)
            try tx.append(offer.event(.offerCreated, by: user))
            return offer
        }.value
    }

    private func makeOffer(of datasetID: String, policy: RegisteredPolicy, visibility: [Visibility]) throws -> Offer {
        guard !visibility.isEmpty else {
            throw ExchangeError.badInput("visibleTo", "names nobody: give registered, peer:…, space:… or a policy file")
        }
        for case .policy(let json) in visibility { _ = try policies.read(json) }
        // Opaque, and the same for the same three things, so that asking twice makes no second offer.
        let content: JSON = [
            "dataset": .string(datasetID), "policy": policy.source, "visibility": .array(try visibility.map { try $0.json() }),
            "participant": .string(own.participant.description),
        ]
        let id = "urn:kouan:offer:" + Hash.digest(content.canonical()).hex.prefix(32)
        return Offer(
            id: id, datasetID: datasetID, policy: policy.source, policyHash: PolicyGate.hash(ofWire: try policy.wireOffer(id: id)),
            visibility: visibility, createdAt: clock.now(), withdrawnAt: nil)
    }

    /// Puts another policy in the place of an offer's, in one step: no request finds neither. Negotiations under way end as they began.
    package func replace(offer id: String, policy: JSON, acknowledgingDeclared: Bool, by user: UserID) async throws -> Offer {
        guard let old = try await store.read({ try $0.get(Offer.self, id: id) }) else { throw ExchangeError.unknown("offer", id) }
        let checked = try await register(policy, acknowledgingDeclared: acknowledgingDeclared)
        let offer = try makeOffer(of: old.datasetID, policy: checked, visibility: old.visibility)
        let now = clock.now()
        return try await ledger.commit { tx in
            guard var old = try tx.get(Offer.self, id: id), old.withdrawnAt == nil else {
                throw ExchangeError(
                    .conflict, "offer.withdrawn", "offer `\(id)` is not offered any more", hint: "make a new one with `kouan offer create`")
            }
            if offer.id == old.id { return old }
            old.withdrawnAt = now
            old.supersededBy = offer.id
            try tx.put(old)
            try tx.append(old.event(.offerWithdrawn, by: user))
            if let same = try tx.get(Offer.self, id: offer.id), same.withdrawnAt == nil { return same }
            try tx.put(offer)
            try tx.append(offer.event(.offerCreated, replacing: id, by: user))
            return offer
        }.value
    }

    /// The offer that stands today in the place of one that was replaced; nil when nothing does.
    func successor(of offer: Offer, tx: borrowing LedgerTransaction) throws -> Offer? {
        var seen: Set<String> = [offer.id]
        var current = offer
        while let next = current.supersededBy, seen.insert(next).inserted, seen.count <= 1_000 {
            guard let found = try tx.get(Offer.self, id: next) else { return nil }
            if found.withdrawnAt == nil { return found }
            current = found
        }
        return nil
    }

    package func withdraw(offer id: String, by user: UserID) async throws -> Offer {
        let now = clock.now()
        return try await ledger.commit { tx in
            guard var offer = try tx.get(Offer.self, id: id) else { throw ExchangeError.unknown("offer", id) }
            guard offer.withdrawnAt == nil else { return offer }
            offer.withdrawnAt = now
            try tx.put(offer)
            try tx.append(offer.event(.offerWithdrawn, by: user))
            return offer
        }.value
    }

    /// What `peer` may see, as a DSP catalog: the offers whose visibility names it. Whether their usage policy lets it go on is decided, with
    /// a reason, when it asks for a contract; an offer left out in silence would look like one that does not exist.
    func catalog(for peer: VerifiedPeer, datasetID: String? = nil) async throws -> Catalog {
        let (offers, versions, datasets) = try await store.read { tx in
            (try tx.all(Offer.self), try tx.all(SealedVersion.self), try tx.all(Dataset.self))
        }
        let latest = Dictionary(grouping: versions, by: \.datasetID).compactMapValues { $0.max { $0.version < $1.version } }
        let visible = Dictionary(grouping: offers.filter { isVisible($0, to: peer) }, by: \.datasetID)
        let service = DataService(id: own.endpoints.dspURL, endpointURL: own.endpoints.dspURL)
        var entries: [CatalogDataset] = []
        for dataset in datasets.sorted(by: { $0.id < $1.id }) where datasetID == nil || dataset.id == datasetID {
            guard let version = latest[dataset.id], let offers = visible[dataset.id] else { continue }
            let wires = try offers.map(wireOffer)
            entries.append(
                CatalogDataset(
                    id: dataset.id, offers: wires,
                    distributions: [Distribution(format: .sealedPackagePull, access: .service(service))],
                    properties: dataset.catalogProperties(version)))
        }
        return Catalog(
            id: "urn:kouan:catalog:" + own.participant.description, participantID: own.participant.description, datasets: entries,
            services: [service])
    }

    private func wireOffer(of offer: Offer) throws -> WireOffer {
        if let known = wireOffers[offer.id] { return known }
        let wire = try WireOffer.inCatalog(policies.read(offer.policy).policy.wireOffer(id: offer.id))
        wireOffers[offer.id] = wire
        return wire
    }

    func isVisible(_ offer: Offer, to peer: VerifiedPeer) -> Bool {
        guard offer.withdrawnAt == nil else { return false }
        let attributes = peer.attributes()
        return offer.visibility.contains { visibility in
            switch visibility {
            case .registered: return true
            case .peer(let participant): return participant == peer.participant
            case .space(let id): return peer.spaces.contains { $0.description == id || $0.name == id }
            case .policy(let json):
                guard let policy = try? policies.read(json) else { return false }
                let question = PolicyGate.Question(action: .read, target: offer.datasetID, party: attributes, point: .catalog)
                return PolicyGate.ask(policy, question, at: clock.now()).isPermitted
            }
        }
    }
}

extension Offer {
    fileprivate func event(_ type: EntryType, replacing old: String? = nil, by user: UserID) -> LedgerEvent {
        var local: [String: JSON] = ["dataset": .string(datasetID), "offer": .string(id)]
        local["supersededBy"] = supersededBy.map(JSON.string)
        local["replaces"] = old.map(JSON.string)
        return LedgerEvent(
            type: type, role: .provider, local: local, digests: ["policy": policyHash], ids: ["user": user.description])
    }
}

extension Dataset {
    /// Descriptive members of the catalog entry: Dublin Core and DCAT terms, and the package that an agreement now would name.
    func catalogProperties(_ version: SealedVersion) -> [String: JSON] {
        var titles: [JSON] = [["@language": "zh", "@value": .string(titleZH)]]
        titles.append(["@language": "en", "@value": .string(titleEN)])
        var descriptions: [JSON] = []
        if let descriptionZH { descriptions.append(["@language": "zh", "@value": .string(descriptionZH)]) }
        if let descriptionEN { descriptions.append(["@language": "en", "@value": .string(descriptionEN)]) }
        var members: [String: JSON] = [
            "dct:title": .array(titles), "dcat:version": .string(String(version.version)),
            "dct:issued": .string(version.publishedAt.secondsText), "urn:kouan:package": .string(version.id),
            "urn:kouan:packageBytes": .string(String(version.bytes)), "urn:kouan:grade": .string(grade.rawValue),
            "urn:kouan:personalInformation": .string(personalInformation.rawValue),
        ]
        if !descriptions.isEmpty { members["dct:description"] = .array(descriptions) }
        return members
    }
}

extension Visibility {
    /// One word per line in the CLI: `registered`, `peer:…`, `space:…`, or a policy.
    package init(parsing json: JSON) throws {
        switch json {
        case .object: self = .policy(json)
        case .string("registered"): self = .registered
        case .string(let text) where text.hasPrefix("peer:"): self = .peer(try ParticipantID(parsing: String(text.dropFirst(5))))
        case .string(let text) where text.hasPrefix("space:") && text.utf8.count > 6: self = .space(String(text.dropFirst(6)))
        default: throw ExchangeError.badInput("visibleTo", "takes registered, peer:<participant>, space:<id> or a policy")
        }
    }

    package func json() throws -> JSON {
        switch self {
        case .registered: "registered"
        case .peer(let participant): .string("peer:\(participant)")
        case .space(let id): .string("space:\(id)")
        case .policy(let policy): policy
        }
    }
}

// MARK: - Consumer

extension RemoteOffer {
    /// Other rules under the same offer: the provider may agree to them or not.
    package func proposing(_ policy: JSON) throws -> RemoteOffer {
        let wire = try PolicyReader.read(policy).wireOffer(id: offer.id)
        return RemoteOffer(provider: provider, datasetID: datasetID, offer: try WireOffer.inCatalog(wire))
    }
}

extension Exchange {
    /// The catalog that `peer` shows us.
    package func catalog(of participant: ParticipantID) async throws -> Catalog {
        let peer = try peers.active(participant)
        let message = CatalogRequestMessage(id: newURN())
        let response = try await call(
            PeerRequest(
                method: "POST", url: Endpoint.catalogRequest.url(base: peer.card.endpoints.dspURL), body: message.bytes,
                maximumResponseBytes: DSP.catalogLimits.bytes), of: participant)
        do {
            return try Catalog.parse(response.body)
        } catch {
            throw ExchangeError.peerAnswer(participant.description, error.message)
        }
    }

    /// One offer of the peer: the one named, or the only one of the dataset named.
    package func findOffer(of participant: ParticipantID, dataset: String?, offer: String?) async throws -> RemoteOffer {
        let catalog = try await catalog(of: participant)
        let found = catalog.datasets.filter { dataset == nil || $0.id == dataset }.flatMap { entry in
            entry.offers.filter { offer == nil || $0.id == offer }.map {
                RemoteOffer(provider: participant, datasetID: entry.id, offer: $0)
            }
        }
        guard let first = found.first else {
            throw ExchangeError.unknown(offer == nil ? "dataset" : "offer", offer ?? dataset ?? "")
        }
        guard found.count == 1 else {
            throw ExchangeError(
                .usage, "offer.ambiguous", "the peer has \(found.count) offers that fit",
                hint: "name one of them: "
                    + found.prefix(5).map(\.offer.id).joined(separator: ", "))
        }
        return first
    }

    /// One request that must succeed now; for messages that must arrive, use the outbox.
    func call(_ request: PeerRequest, of participant: ParticipantID) async throws -> PeerResponse {
        let response: PeerResponse
        do {
            response = try await transport.send(request, to: try peers.address(of: participant))
        } catch let error as PeerTransportError {
            throw ExchangeError.unreachable(participant.description, error.message)
        }
        guard response.status < 500 else {
            throw ExchangeError.unreachable(participant.description, "it answered with status \(response.status)")
        }
        guard response.isSuccess else {
            let json = response.json
            let reason = json?["reason"]?.array?.compactMap(\.string).joined(separator: "; ") ?? "status \(response.status)"
            throw ExchangeError.peerRefused(participant.description, code: json?["code"]?.string ?? "peer.refused", reason)
        }
        return response
    }
}
