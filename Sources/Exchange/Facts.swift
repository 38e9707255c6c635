// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Identity
import Ledger

/// What the ledger's shared part says of both parties: only facts that a credential or a person vouches for.
enum Facts {
    static func party(_ attributes: PartyAttributes, space: SpaceID?) -> PartyFacts {
        PartyFacts(
            participant: attributes.participant, space: space?.description,
            province: attributes.provincePhysical?.known ?? attributes.provinceRegistered?.known, country: attributes.country?.known)
    }

    /// Both parties of an exchange. The space is one they share, else each side's first: then the transfer crosses spaces.
    static func parties(provider: PartyAttributes, consumer: PartyAttributes) -> (provider: PartyFacts, consumer: PartyFacts) {
        let providerSpaces = provider.spaces.compactMap(\.known).sorted()
        let consumerSpaces = consumer.spaces.compactMap(\.known).sorted()
        let common = providerSpaces.first(where: consumerSpaces.contains)
        return (party(provider, space: common ?? providerSpaces.first), party(consumer, space: common ?? consumerSpaces.first))
    }
}

extension Exchange {
    /// Our own attributes, as a peer reads them from our card.
    func ownAttributes() throws -> PartyAttributes {
        guard let card = peers.ownCard, let key = card.tlsKeys.max(by: { $0.notAfter < $1.notAfter }) else {
            throw ExchangeError(
                .conflict, "node.no-card", "this node has no node card yet",
                hint: "install a certificate with `kouan cert install` and join a space with `kouan space add`")
        }
        switch TrustChain.verify(
            tlsKey: key.fingerprint, uriNames: [own.participant.description], card: card, spaces: peers.spaces, at: clock.now())
        {
        case .success(let peer): return peer.attributes()
        case .failure(let failure):
            throw ExchangeError(.conflict, "node.not-a-member", "our own card does not hold: \(failure.message)", hint: failure.hint)
        }
    }

    /// The spaces that vouch for us, for showing; throws what is missing.
    package func checkOwnAttributes() throws -> [String] { try ownAttributes().spaces.compactMap { $0.known?.description } }

    /// Bytes of a download that are here and verified.
    package func downloaded(_ transferID: String) -> Int64 { progress.get(transferID) ?? 0 }

    /// Both parties as the ledger records them. Never fails: what nobody vouches for any more is recorded as not known, since an ending must
    /// be recorded whatever became of the peer.
    func parties(role: ExchangeRole, peer: ParticipantID) -> (provider: PartyFacts, consumer: PartyFacts) {
        let ours = (try? ownAttributes()) ?? peers.ownCard.map { PartyAttributes(card: $0, memberships: []) }
        let theirs = peers.attributes(of: peer)
        guard let ours, let theirs else {
            let (us, them) = (PartyFacts(participant: own.participant), PartyFacts(participant: peer))
            return role == .provider ? (us, them) : (them, us)
        }
        return role == .provider ? Facts.parties(provider: ours, consumer: theirs) : Facts.parties(provider: theirs, consumer: ours)
    }
}
