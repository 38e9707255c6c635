// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Any message that can move a negotiation.
package enum NegotiationMessage: Sendable, Hashable {
    case request(ContractRequestMessage)
    case offer(ContractOfferMessage)
    case agreement(ContractAgreementMessage)
    case verification(ContractAgreementVerificationMessage)
    case event(ContractNegotiationEventMessage)
    case termination(ContractNegotiationTerminationMessage)

    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        case request, offer, agreement, verification, accepted, finalized, termination

        /// As errors name it.
        package var name: String {
            switch self {
            case .request: "ContractRequestMessage"
            case .offer: "ContractOfferMessage"
            case .agreement: "ContractAgreementMessage"
            case .verification: "ContractAgreementVerificationMessage"
            case .accepted: "event ACCEPTED"
            case .finalized: "event FINALIZED"
            case .termination: "ContractNegotiationTerminationMessage"
            }
        }
    }

    /// Reads whichever negotiation message `@type` says the document is.
    package static func parse(_ json: JSON) throws(DSPError) -> NegotiationMessage {
        switch json["@type"]?.string.flatMap(MessageType.init(rawValue:)) {
        case .contractRequestMessage: .request(try .parse(json))
        case .contractOfferMessage: .offer(try .parse(json))
        case .contractAgreementMessage: .agreement(try .parse(json))
        case .contractAgreementVerificationMessage: .verification(try .parse(json))
        case .contractNegotiationEventMessage: .event(try .parse(json))
        case .contractNegotiationTerminationMessage: .termination(try .parse(json))
        default: throw .wrongType(expected: "negotiation message", found: json["@type"]?.string ?? "none")
        }
    }

    package var kind: Kind {
        switch self {
        case .request: .request
        case .offer: .offer
        case .agreement: .agreement
        case .verification: .verification
        case .event(let message): message.event == .accepted ? .accepted : .finalized
        case .termination: .termination
        }
    }

    package var any: any ProtocolMessage {
        switch self {
        case .request(let message): message
        case .offer(let message): message
        case .agreement(let message): message
        case .verification(let message): message
        case .event(let message): message
        case .termination(let message): message
        }
    }

    package var json: JSON { any.json }
    package var id: String? { any.envelope.id }

    package var providerPID: String? {
        switch self {
        case .request(let message): message.providerPID
        case .offer(let message): message.providerPID
        case .agreement(let message): message.pids.providerPID
        case .verification(let message): message.pids.providerPID
        case .event(let message): message.pids.providerPID
        case .termination(let message): message.pids.providerPID
        }
    }

    package var consumerPID: String? {
        switch self {
        case .request(let message): message.consumerPID
        case .offer(let message): message.consumerPID
        case .agreement(let message): message.pids.consumerPID
        case .verification(let message): message.pids.consumerPID
        case .event(let message): message.pids.consumerPID
        case .termination(let message): message.pids.consumerPID
        }
    }

    /// Set on the message that opens a negotiation.
    package var callbackAddress: String? {
        switch self {
        case .request(let message): message.callbackAddress
        case .offer(let message): message.callbackAddress
        default: nil
        }
    }

    /// - Throws: `.pidMismatch` when a pid that the message carries is not that of the process.
    package func requirePIDs(_ stored: ProcessPIDs) throws(DSPError) {
        try ProcessPIDs(providerPID: providerPID ?? stored.providerPID, consumerPID: consumerPID ?? stored.consumerPID)
            .requireSame(as: stored)
    }

    package var identity: MessageIdentity { MessageIdentity(kind: kind.rawValue, id: id, content: json) }
}
