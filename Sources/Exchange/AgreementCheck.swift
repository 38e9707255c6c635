// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import ExchangeModel

/// What a consumer holds an agreement against: itself, the authenticated provider, and the last offer, member by member.
enum AgreementCheck {
    static func verify(
        _ agreement: WireAgreement, offer: WireOffer, provider: ParticipantID, consumer: ParticipantID, dataset: String, now: Timestamp,
        toleranceSeconds: Int64
    ) throws {
        func differs(_ pointer: String, _ what: String) -> ExchangeError {
            ExchangeError.denied(
                "agreement.differs", "the agreement's `\(pointer)` \(what)", hint: "negotiate again from the current catalog")
        }
        guard agreement.target == dataset else { throw differs("/target", "is not the dataset that was requested") }
        guard agreement.assigner == provider.description else { throw differs("/assigner", "is not the provider") }
        guard agreement.assignee == consumer.description else { throw differs("/assignee", "is not this participant") }
        guard let time = agreement.time, abs(time.milliseconds - now.milliseconds) <= toleranceSeconds * 1000 else {
            throw differs("/timestamp", "is absent or more than \(toleranceSeconds) s from our time")
        }
        let own: Set<String> = ["@id", "@type", "target", "assigner", "assignee", "timestamp", "@context"]
        let offered = (offer.json.object ?? [:]).filter { !own.contains($0.key) }
        let agreed = (agreement.json.object ?? [:]).filter { !own.contains($0.key) }
        for key in Set(offered.keys).union(agreed.keys).sorted() where offered[key]?.canonical() != agreed[key]?.canonical() {
            throw differs("/\(key)", "is not that of the offer")
        }
    }
}
