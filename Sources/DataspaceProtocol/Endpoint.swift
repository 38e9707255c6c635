// SPDX-License-Identifier: Apache-2.0

/// The endpoints of the HTTPS binding: what a server routes and what a client calls. `consumer…` and `provider…` say who serves it.
///
/// A node in both roles serves all of them below one base. Some differ in role only; the pid then tells which record, and so which
/// role, is meant.
package enum Endpoint: String, Sendable, Hashable, CaseIterable {
    case version
    case catalogRequest, dataset
    case negotiationRequest, providerNegotiation, providerCounterRequest, providerEvents, providerVerification
    case providerNegotiationTermination
    case negotiationOffer, consumerNegotiation, consumerOffers, consumerAgreement, consumerEvents, consumerNegotiationTermination
    case transferRequest, providerTransfer, providerStart, providerCompletion, providerTransferTermination, providerSuspension
    case consumerStart, consumerCompletion, consumerTransferTermination, consumerSuspension
    /// Not in the standard's consumer table, but its conformance tests call it.
    case consumerTransfer

    package enum Method: String, Sendable, Hashable {
        case get = "GET"
        case post = "POST"
    }

    /// Below the base; the version document alone stands below the root. `{id}` is one path segment: a pid, or a dataset's id.
    package var template: String {
        switch self {
        case .version: "/.well-known/dspace-version"
        case .catalogRequest: "/catalog/request"
        case .dataset: "/catalog/datasets/{id}"
        case .negotiationRequest: "/negotiations/request"
        case .negotiationOffer: "/negotiations/offers"
        case .providerNegotiation, .consumerNegotiation: "/negotiations/{id}"
        case .providerCounterRequest: "/negotiations/{id}/request"
        case .consumerOffers: "/negotiations/{id}/offers"
        case .consumerAgreement: "/negotiations/{id}/agreement"
        case .providerVerification: "/negotiations/{id}/agreement/verification"
        case .providerEvents, .consumerEvents: "/negotiations/{id}/events"
        case .providerNegotiationTermination, .consumerNegotiationTermination: "/negotiations/{id}/termination"
        case .transferRequest: "/transfers/request"
        case .providerTransfer, .consumerTransfer: "/transfers/{id}"
        case .providerStart, .consumerStart: "/transfers/{id}/start"
        case .providerCompletion, .consumerCompletion: "/transfers/{id}/completion"
        case .providerSuspension, .consumerSuspension: "/transfers/{id}/suspension"
        case .providerTransferTermination, .consumerTransferTermination: "/transfers/{id}/termination"
        }
    }

    package var method: Method {
        switch self {
        case .version, .dataset, .providerNegotiation, .consumerNegotiation, .providerTransfer, .consumerTransfer: .get
        default: .post
        }
    }

    /// Who serves it; nil: any participant.
    package var role: ProtocolRole? {
        switch self {
        case .version: nil
        case .negotiationOffer, .consumerNegotiation, .consumerOffers, .consumerAgreement, .consumerEvents, .consumerNegotiationTermination,
            .consumerStart, .consumerCompletion, .consumerTransferTermination, .consumerSuspension, .consumerTransfer:
            .consumer
        default: .provider
        }
    }

    /// What to answer on success. A client accepts any 2xx: some implementations answer 200 where 201 is due.
    package var successStatus: Int {
        switch self {
        case .negotiationRequest, .negotiationOffer, .transferRequest: 201
        default: 200
        }
    }

    package var requestType: MessageType? {
        switch self {
        case .catalogRequest: .catalogRequestMessage
        case .negotiationRequest, .providerCounterRequest: .contractRequestMessage
        case .negotiationOffer, .consumerOffers: .contractOfferMessage
        case .consumerAgreement: .contractAgreementMessage
        case .providerVerification: .contractAgreementVerificationMessage
        case .providerEvents, .consumerEvents: .contractNegotiationEventMessage
        case .providerNegotiationTermination, .consumerNegotiationTermination: .contractNegotiationTerminationMessage
        case .transferRequest: .transferRequestMessage
        case .providerStart, .consumerStart: .transferStartMessage
        case .providerCompletion, .consumerCompletion: .transferCompletionMessage
        case .providerSuspension, .consumerSuspension: .transferSuspensionMessage
        case .providerTransferTermination, .consumerTransferTermination: .transferTerminationMessage
        default: nil
        }
    }

    /// The body that the standard prescribes on success; nil where it leaves the body open.
    package var responseType: MessageType? {
        switch self {
        case .version: .versionResponse
        case .catalogRequest: .catalog
        case .dataset: .dataset
        case .negotiationRequest, .negotiationOffer, .providerNegotiation, .consumerNegotiation: .contractNegotiation
        case .transferRequest, .providerTransfer, .consumerTransfer: .transferProcess
        default: nil
        }
    }

    /// The error body of this endpoint; nil for the version document.
    package var errorType: MessageType? {
        if template.hasPrefix("/catalog") { return .catalogError }
        if template.hasPrefix("/negotiations") { return .contractNegotiationError }
        return template.hasPrefix("/transfers") ? .transferError : nil
    }

    /// The path below the base, with `id` as one percent-encoded segment.
    package func path(id: String = "") -> String { template.replacing("{id}", with: BaseURL.segment(id)) }

    /// The whole URL below a base or callback address, with or without its trailing slash.
    package func url(base: String, id: String = "") -> String { BaseURL.join(base, path(id: id)) }

    /// Where `message` goes, by the role of its receiver.
    package static func forNegotiation(_ message: NegotiationMessage, to receiver: ProtocolRole) -> Endpoint? {
        switch (message, receiver) {
        case (.request(let request), .provider): request.callbackAddress != nil ? .negotiationRequest : .providerCounterRequest
        case (.offer(let offer), .consumer): offer.callbackAddress != nil ? .negotiationOffer : .consumerOffers
        case (.agreement, .consumer): .consumerAgreement
        case (.verification, .provider): .providerVerification
        case (.event, .provider): .providerEvents
        case (.event, .consumer): .consumerEvents
        case (.termination, .provider): .providerNegotiationTermination
        case (.termination, .consumer): .consumerNegotiationTermination
        default: nil
        }
    }

    package static func forTransfer(_ message: TransferMessage, to receiver: ProtocolRole) -> Endpoint? {
        switch (message, receiver) {
        case (.request, .provider): .transferRequest
        case (.start, .provider): .providerStart
        case (.start, .consumer): .consumerStart
        case (.completion, .provider): .providerCompletion
        case (.completion, .consumer): .consumerCompletion
        case (.suspension, .provider): .providerSuspension
        case (.suspension, .consumer): .consumerSuspension
        case (.termination, .provider): .providerTransferTermination
        case (.termination, .consumer): .consumerTransferTermination
        default: nil
        }
    }
}
