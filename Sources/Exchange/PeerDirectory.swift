// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
package import ExchangeModel
package import Identity
package import StorageSQLite
import Synchronization

/// Who our peers are: their pinned cards, the spaces that vouch for them, and our own card. Parsed once, kept until something changes.
package final class PeerDirectory: Sendable {
    private struct Known {
        var cards: [ParticipantID: NodeCard] = [:]
        var suspended: Set<ParticipantID> = []
        var spaces: [SpaceFile] = []
        var ownCard: NodeCard?
        /// Of every card that this node has issued, by digest.
        var ownCards: Set<Digest> = []
        /// Verified links by participant and TLS key, each good until its `validUntil` or the next change.
        var verified: [String: VerifiedPeer] = [:]
    }

    private let known = Mutex(Known())
    private let clock: any WallClock

    package init(clock: any WallClock) { self.clock = clock }

    /// Reads peers and spaces anew. Called at start and after each change of them.
    package func load(from store: Store) async throws {
        let (peers, spaces, card, history) = try await store.read { tx in
            (
                try tx.all(Peer.self), try tx.all(Space.self), try tx.get(Setting.self, id: Setting.ownCard),
                try tx.get(Setting.self, id: Setting.ownCardHistory)
            )
        }
        var fresh = Known()
        for peer in peers {
            let parsed = try NodeCard.parse(peer.card)
            fresh.cards[parsed.participant] = parsed
            if peer.state == .suspended { fresh.suspended.insert(parsed.participant) }
        }
        for space in spaces { fresh.spaces.append(try SpaceFile.parse(space.file)) }
        if let card { fresh.ownCard = try NodeCard.parse(Array(card.value.utf8)) }
        fresh.ownCards = Set((history?.value ?? "").split(separator: " ").compactMap { Digest(parsing: String($0)) })
        if let own = fresh.ownCard { fresh.ownCards.insert(own.digest) }
        known.withLock { $0 = fresh }
    }

    package var spaces: [SpaceFile] { known.withLock { $0.spaces } }
    package var ownCard: NodeCard? { known.withLock { $0.ownCard } }

    /// Whether a card of ours has this digest: a peer that has not taken in our newest one names an older one.
    func isOwnCard(_ digest: Digest) -> Bool { known.withLock { $0.ownCards.contains(digest) } }

    /// The pinned card, of a suspended peer too.
    package func card(of participant: ParticipantID) -> NodeCard? { known.withLock { $0.cards[participant] } }

    /// Whether a TLS leaf belongs to an active peer, by the whole chain from space anchor to leaf. The reason is for our log alone.
    package func verify(tlsKey: Digest, uriNames: [String]) -> Result<VerifiedPeer, PeerRejection> {
        let now = clock.now()
        let cacheKey = "\(uriNames.joined(separator: " ")) \(tlsKey)"
        return known.withLock { known in
            if let peer = known.verified[cacheKey], now < peer.validUntil, now >= peer.verifiedAt { return .success(peer) }
            guard uriNames.count == 1, let participant = try? ParticipantID(parsing: uriNames[0]), let card = known.cards[participant]
            else {
                return .failure(.notAdded(uriNames.first ?? ""))
            }
            guard !known.suspended.contains(participant) else { return .failure(.suspended(participant)) }
            let spaces = known.spaces.filter { !$0.hasRevoked(participant) }
            switch TrustChain.verify(tlsKey: tlsKey, uriNames: uriNames, card: card, spaces: spaces, at: now) {
            case .success(let peer):
                if known.verified.count > 10_000 { known.verified.removeAll() }
                known.verified[cacheKey] = peer
                return .success(peer)
            case .failure(let failure): return .failure(.untrusted(failure))
            }
        }
    }

    /// An active peer whose card still holds, for calling it.
    package func active(_ participant: ParticipantID) throws -> VerifiedPeer {
        guard let card = card(of: participant) else { throw ExchangeError.unknown("peer", participant.description) }
        guard let key = card.tlsKeys.filter({ $0.notAfter > clock.now() }).max(by: { $0.notAfter < $1.notAfter }) else {
            throw ExchangeError.cardRefused(
                "the card of `\(participant)` names no TLS key that is still valid", hint: "ask the peer for its new card and add it")
        }
        switch verify(tlsKey: key.fingerprint, uriNames: [participant.description]) {
        case .success(let peer): return peer
        case .failure(.suspended): throw ExchangeError.peerSuspended(participant.description)
        case .failure(let rejection):
            throw ExchangeError.cardRefused(
                "peer `\(participant)` is not trusted: \(rejection.message)", hint: "see `kouan peer show \(participant)`")
        }
    }

    /// What credentials say of a participant, suspended or not; nil if it was never added.
    func attributes(of participant: ParticipantID) -> PartyAttributes? {
        guard let card = card(of: participant) else { return nil }
        let spaces = spaces.filter { !$0.hasRevoked(participant) }
        for key in card.tlsKeys {
            let verified = TrustChain.verify(
                tlsKey: key.fingerprint, uriNames: [participant.description], card: card, spaces: spaces, at: clock.now())
            if case .success(let peer) = verified { return peer.attributes() }
        }
        return PartyAttributes(card: card, memberships: [])
    }

    package func address(of participant: ParticipantID) throws -> PeerAddress {
        let peer = try active(participant)
        return PeerAddress(
            participant: participant, base: peer.card.endpoints.peer.description,
            keyFingerprints: Set(peer.card.tlsKeys.map(\.fingerprint)))
    }
}

/// Why a connection is not that of an active peer. Never shown to it.
package enum PeerRejection: Error, Sendable {
    case notAdded(String)
    case suspended(ParticipantID)
    case untrusted(TrustFailure)

    package var code: String {
        switch self {
        case .notAdded: "peer.not-added"
        case .suspended: "peer.suspended"
        case .untrusted(let failure): failure.code
        }
    }

    package var message: String {
        switch self {
        case .notAdded(let name): "`\(name.prefix(120))` was not added as a peer"
        case .suspended(let participant): "`\(participant)` is suspended"
        case .untrusted(let failure): failure.message
        }
    }
}

extension SpaceFile {
    /// Members that the operator has put out, by participant; a later serial of the file carries the list.
    package static let revokedMembers = "revoked-members"

    func hasRevoked(_ participant: ParticipantID) -> Bool {
        contents.extensions[SpaceFile.revokedMembers]?.array?.contains { $0.string == participant.description } ?? false
    }
}

extension Setting {
    package static let ownCard = "own-card"
    package static let ownCardHistory = "own-card-history"
}
