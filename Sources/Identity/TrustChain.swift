// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// From a TLS connection to a participant: space anchor → membership credential → node card → TLS leaf.
///
/// TLS has verified the leaf's chain and CRLs against the anchors of the spaces named in `anchoredIn`; the rest of the chain is checked here,
/// anew for every connection and after every change of card, space file or time. A missing link is no identity.
package enum TrustChain {
    /// - Parameters:
    ///   - tlsKey: fingerprint of the leaf's public key (SPKI).
    ///   - uriNames: all URI names of the leaf; exactly one is expected, the participant.
    ///   - card: the newest card known of that participant.
    ///   - spaces: the spaces this node takes part in.
    ///   - anchoredIn: those of them whose anchors verified the leaf; nil when all share their anchors. One of these must vouch for the card.
    package static func verify(
        tlsKey: Digest, uriNames: [String], card: NodeCard, spaces: [SpaceFile], anchoredIn: Set<SpaceID>? = nil, at now: Timestamp
    ) -> Result<VerifiedPeer, TrustFailure> {
        // TLS leaf: its one name is the card's participant, its key is in the card.
        guard uriNames.count == 1, let name = uriNames.first else { return .failure(.uriNames(count: uriNames.count)) }
        guard isASCII(name), let participant = try? ParticipantID(parsing: name) else { return .failure(.noParticipant) }
        guard participant == card.participant else {
            return .failure(.cardOfAnotherParticipant(certificate: participant, card: card.participant))
        }
        guard card.issuedAt <= now.adding(seconds: latestCardSeconds) else { return .failure(.cardFromTheFuture(card.issuedAt)) }
        guard let key = card.tlsKeys.first(where: { $0.fingerprint == tlsKey }) else { return .failure(.tlsKeyNotInCard(tlsKey)) }
        guard key.notBefore <= now.adding(seconds: MembershipCredential.clockToleranceSeconds) else {
            return .failure(.tlsKeyNotYetValid(from: key.notBefore))
        }
        guard now < key.notAfter else { return .failure(.tlsKeyExpired(at: key.notAfter)) }

        // Node card: a space we take part in vouches for its signing key.
        guard !card.credentials.isEmpty else { return .failure(.noCredential) }
        var memberships: [MembershipCredential] = []
        var rejected: [RejectedCredential] = []
        for token in card.credentials {
            do {
                let claims = try MembershipCredential.inspect(token)
                guard let space = spaces.first(where: { $0.id == claims.space }) else {
                    rejected.append(RejectedCredential(space: claims.space, failure: .credentialOfUnknownSpace(claims.space)))
                    continue
                }
                memberships.append(try MembershipCredential.verify(token, space: space, card: card, at: now))
            } catch {
                rejected.append(
                    RejectedCredential(space: try? MembershipCredential.inspect(token).space, failure: .credential(error)))
            }
        }
        memberships.sort { ($0.space, $1.validUntil) < ($1.space, $0.validUntil) }
        // One per space: the one that lasts longest.
        memberships = memberships.enumerated().filter { $0.offset == 0 || memberships[$0.offset - 1].space != $0.element.space }.map(
            \.element)
        guard !memberships.isEmpty else {
            // The failure of a space we know says more than that of one we do not.
            let telling = rejected.first { if case .credential = $0.failure { true } else { false } } ?? rejected.first
            return .failure(telling?.failure ?? .noCredential)
        }

        // Space anchor: one of those spaces is where the certificate comes from.
        if let anchoredIn, !memberships.contains(where: { anchoredIn.contains($0.space) }) {
            return .failure(.notMemberWhereAnchored(anchoredIn.sorted()))
        }
        return .success(
            VerifiedPeer(
                participant: participant, card: card, memberships: memberships, tlsKey: tlsKey, verifiedAt: now,
                validUntil: memberships.map(\.validUntil).reduce(key.notAfter, min), rejected: rejected))
    }

    /// How far ahead of us the clock of a card's author may be.
    private static let latestCardSeconds: Int64 = 300
}

/// A peer whose identity holds from anchor to connection. Only `TrustChain` makes one.
package struct VerifiedPeer: Sendable, Hashable {
    package let participant: ParticipantID
    package let card: NodeCard
    /// One per space that vouches for it, sorted by space; never empty.
    package let memberships: [MembershipCredential]
    package let tlsKey: Digest
    package let verifiedAt: Timestamp
    /// When the first link ends: verify again before this.
    package let validUntil: Timestamp
    /// Credentials in the card that did not count, for our log.
    package let rejected: [RejectedCredential]

    package var spaces: [SpaceID] { memberships.map { $0.space } }

    package func attributes(confirmations: [Confirmation] = []) -> PartyAttributes {
        PartyAttributes(card: card, memberships: memberships, confirmations: confirmations)
    }

    fileprivate init(
        participant: ParticipantID, card: NodeCard, memberships: [MembershipCredential], tlsKey: Digest, verifiedAt: Timestamp,
        validUntil: Timestamp, rejected: [RejectedCredential]
    ) {
        self.participant = participant
        self.card = card
        self.memberships = memberships
        self.tlsKey = tlsKey
        self.verifiedAt = verifiedAt
        self.validUntil = validUntil
        self.rejected = rejected
    }
}

package struct RejectedCredential: Sendable, Hashable {
    /// Nil when it cannot be read.
    package let space: SpaceID?
    package let failure: TrustFailure
}

/// Which link is missing. For our log only: to the peer all of these look alike.
package enum TrustFailure: KouanError, Hashable {
    case uriNames(count: Int)
    case noParticipant
    case cardOfAnotherParticipant(certificate: ParticipantID, card: ParticipantID)
    case cardFromTheFuture(Timestamp)
    case tlsKeyNotInCard(Digest)
    case tlsKeyNotYetValid(from: Timestamp)
    case tlsKeyExpired(at: Timestamp)
    case noCredential
    case credentialOfUnknownSpace(SpaceID)
    case credential(IdentityError)
    case notMemberWhereAnchored([SpaceID])

    package var code: String {
        switch self {
        case .uriNames: "identity.certificate-uri-names"
        case .noParticipant: "identity.certificate-no-participant"
        case .cardOfAnotherParticipant: "identity.card-other-participant"
        case .cardFromTheFuture: "identity.card-from-the-future"
        case .tlsKeyNotInCard: "identity.tls-key-not-in-card"
        case .tlsKeyNotYetValid: "identity.tls-key-not-yet-valid"
        case .tlsKeyExpired: "identity.tls-key-expired"
        case .noCredential: "identity.no-credential"
        case .credentialOfUnknownSpace: "identity.space-unknown"
        case .credential(let error): error.code
        case .notMemberWhereAnchored: "identity.not-member-where-anchored"
        }
    }

    package var message: String {
        switch self {
        case .uriNames(let count): "the peer's certificate has \(count) URI names instead of one"
        case .noParticipant: "the URI name of the peer's certificate is no participant id"
        case .cardOfAnotherParticipant(let certificate, let card): "the certificate names `\(certificate)`, the node card `\(card)`"
        case .cardFromTheFuture(let time): "the node card is issued at `\(time)`, which is still to come"
        case .tlsKeyNotInCard(let key): "the TLS key `\(key)` is not in the participant's node card"
        case .tlsKeyNotYetValid(let time): "the node card allows this TLS key only from `\(time)`"
        case .tlsKeyExpired(let time): "the node card allowed this TLS key until `\(time)`"
        case .noCredential: "the node card carries no membership credential"
        case .credentialOfUnknownSpace(let space):
            "the node card carries only credentials of spaces this node does not take part in, such as `\(space)`"
        case .credential(let error): error.message
        case .notMemberWhereAnchored(let spaces):
            "no membership credential of the card is of a space that anchors the certificate (\(spaces.map { "`\($0)`" }.joined(separator: ", ")))"
        }
    }

    package var hint: String {
        switch self {
        case .uriNames, .noParticipant: "issue the certificate with the participant id as its only URI name"
        case .cardOfAnotherParticipant: "the certificate or the card is in the wrong place; run `kouan doctor` on both nodes"
        case .cardFromTheFuture, .tlsKeyNotYetValid: "compare the clocks of both machines"
        case .tlsKeyNotInCard: "take in the peer's newest card; if it stays so, call its operator"
        case .tlsKeyExpired: "the peer renews its certificate and issues a new card"
        case .noCredential: "let the operator of a common space admit the peer's card"
        case .credentialOfUnknownSpace: "take in the space file, or let a common space admit the peer"
        case .credential(let error): error.hint
        case .notMemberWhereAnchored: "let the operator whose CA issued the certificate admit the card"
        }
    }
}
