// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
package import ExchangeModel
import Identity
import PolicyEngine

/// What a consumer looks for: an offer must give at least this, and may ask for no more duties than those accepted.
package struct Need: Sendable {
    let policy: Policy
    let acceptedDuties: Set<IRI>

    /// - Parameters:
    ///   - policy: what the consumer wants to be permitted.
    ///   - acceptedDuties: ODRL actions by name, `inform` or `odrl:inform`.
    package init(policy: JSON, acceptedDuties: [String]) throws {
        self.policy = try PolicyReader.read(policy)
        var actions: Set<IRI> = []
        for name in acceptedDuties {
            guard let action = ActionHierarchy.find(name) else {
                throw ExchangeError.badInput("acceptDuties", "names `\(name.prefix(120))`, which is no action that this node knows")
            }
            actions.insert(action)
        }
        self.acceptedDuties = actions
    }

    /// Refuses an offer that falls short, with the difference in words.
    func check(_ offered: RemoteOffer, for participant: ParticipantID) throws {
        let offer = try PolicyReader.read(offered.offer.json)
        let scope = ComparisonScope(target: offered.datasetID, party: participant.description)
        switch offer.isAtLeastAsWide(as: policy, within: scope) {
        case .yes: break
        case .no:
            let difference = policy.difference(to: offer, within: scope).words
            throw ExchangeError.denied(
                "offer.too-narrow", "the offer does not permit all that is needed: \(difference.en)",
                hint: "ask the provider for other terms, or narrow the need")
        case .unknown(let reason):
            throw ExchangeError.denied(
                "offer.not-comparable", "nobody can say for certain that the offer permits all that is needed: \(reason.en)",
                hint: "read the offer with `kouan catalog`, and request it without --need")
        }
        let unwanted = offer.newDuties(comparedTo: policy).flatMap { $0.terms.actions.map(\.action) }.filter { action in
            !acceptedDuties.contains { ActionHierarchy.standard.reaches(action, $0) }
        }
        guard unwanted.isEmpty else {
            let names = Set(unwanted.map(\.short)).sorted().map { "`\($0)`" }.joined(separator: ", ")
            throw ExchangeError.denied(
                "offer.unwanted-duty", "the offer brings duties that were not accepted: \(names)",
                hint: "repeat with --accept-duty for each that you can keep")
        }
    }
}

extension PolicyDifference {
    /// What differs, in one line for each language.
    var words: LocalizedText {
        let told = items.filter { $0.effect != .same }.prefix(12)
        guard !told.isEmpty else { return relation.kind.text }
        return LocalizedText(
            told.map { "\($0.text.en) (\($0.effect.text.en))" }.joined(separator: "; "),
            told.map { "\($0.text.zh)（\($0.effect.text.zh)）" }.joined(separator: "；"))
    }
}
