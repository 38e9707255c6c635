// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Consumer → provider: opens a negotiation, or answers an offer with another.
package struct ContractRequestMessage: ProtocolMessage {
    package enum Form: Sendable, Hashable {
        case initial(callbackAddress: String)
        case counter(providerPID: String)
    }

    package static let type = MessageType.contractRequestMessage
    package var envelope: MessageEnvelope
    package let consumerPID: String
    package let offer: WireOffer
    package let form: Form

    package init(id: String? = nil, consumerPID: String, offer: WireOffer, form: Form) {
        envelope = MessageEnvelope(id: id)
        self.consumerPID = consumerPID
        self.offer = offer
        self.form = form
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        let reader = document.reader
        envelope = try document.envelope()
        consumerPID = try reader.pid("consumerPid")
        offer = try WireOffer(reader.members["offer"] ?? .null, at: reader.pointer.appending("offer"), inMessage: true)
        if reader.members["callbackAddress"] != nil {
            form = .initial(callbackAddress: try reader.baseURL("callbackAddress"))
        } else {
            form = .counter(providerPID: try reader.pid("providerPid"))
        }
    }

    package var callbackAddress: String? { if case .initial(let address) = form { address } else { nil } }
    package var providerPID: String? { if case .counter(let pid) = form { pid } else { nil } }

    package var members: [String: JSON?] {
        [
            "consumerPid": .string(consumerPID), "offer": offer.json, "callbackAddress": callbackAddress.map(JSON.string),
            "providerPid": providerPID.map(JSON.string),
        ]
    }
}

/// Provider → consumer: opens a negotiation, or answers a request with another offer.
package struct ContractOfferMessage: ProtocolMessage {
    package enum Form: Sendable, Hashable {
        case initial(callbackAddress: String)
        case answer(consumerPID: String)
    }

    package static let type = MessageType.contractOfferMessage
    package var envelope: MessageEnvelope
    package let providerPID: String
    package let offer: WireOffer
    package let form: Form

    package init(id: String? = nil, providerPID: String, offer: WireOffer, form: Form) {
        envelope = MessageEnvelope(id: id)
        self.providerPID = providerPID
        self.offer = offer
        self.form = form
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        let reader = document.reader
        envelope = try document.envelope()
        providerPID = try reader.pid("providerPid")
        offer = try WireOffer(reader.members["offer"] ?? .null, at: reader.pointer.appending("offer"), inMessage: true)
        if reader.members["callbackAddress"] != nil {
            form = .initial(callbackAddress: try reader.baseURL("callbackAddress"))
        } else {
            form = .answer(consumerPID: try reader.pid("consumerPid"))
        }
    }

    package var callbackAddress: String? { if case .initial(let address) = form { address } else { nil } }
    package var consumerPID: String? { if case .answer(let pid) = form { pid } else { nil } }

    package var members: [String: JSON?] {
        [
            "providerPid": .string(providerPID), "offer": offer.json, "callbackAddress": callbackAddress.map(JSON.string),
            "consumerPid": consumerPID.map(JSON.string),
        ]
    }
}

/// Provider → consumer: the terms both are bound to.
package struct ContractAgreementMessage: ProtocolMessage {
    package static let type = MessageType.contractAgreementMessage
    package var envelope: MessageEnvelope
    package let pids: ProcessPIDs
    package let agreement: WireAgreement

    package init(id: String? = nil, pids: ProcessPIDs, agreement: WireAgreement, proof: JSON? = nil) {
        envelope = MessageEnvelope(id: id)
        self.pids = pids
        self.agreement = agreement
        envelope.extensions[DSP.agreementProof] = proof
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        envelope = try document.envelope()
        pids = try ProcessPIDs(document.reader)
        agreement = try WireAgreement(
            document.reader.members["agreement"] ?? .null, at: document.reader.pointer.appending("agreement"))
    }

    /// The provider's signature over the agreement and its terms; passed through unread.
    package var proof: JSON? { envelope.extensions[DSP.agreementProof] }

    package var members: [String: JSON?] { pids.members + ["agreement": agreement.json] }
}

/// Consumer → provider: the agreement is accepted as sent.
package struct ContractAgreementVerificationMessage: ProtocolMessage {
    package static let type = MessageType.contractAgreementVerificationMessage
    package var envelope: MessageEnvelope
    package let pids: ProcessPIDs

    package init(id: String? = nil, pids: ProcessPIDs, proof: JSON? = nil) {
        envelope = MessageEnvelope(id: id)
        self.pids = pids
        envelope.extensions[DSP.agreementProof] = proof
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        envelope = try document.envelope()
        pids = try ProcessPIDs(document.reader)
    }

    /// The consumer's signature over the agreement and its terms; passed through unread.
    package var proof: JSON? { envelope.extensions[DSP.agreementProof] }

    package var members: [String: JSON?] { pids.members }
}

/// ACCEPTED by the consumer, FINALIZED by the provider.
package struct ContractNegotiationEventMessage: ProtocolMessage {
    package enum Event: String, Sendable, Hashable, Codable, CaseIterable {
        case accepted = "ACCEPTED"
        case finalized = "FINALIZED"
    }

    package static let type = MessageType.contractNegotiationEventMessage
    package var envelope: MessageEnvelope
    package let pids: ProcessPIDs
    package let event: Event

    package init(id: String? = nil, pids: ProcessPIDs, event: Event) {
        envelope = MessageEnvelope(id: id)
        self.pids = pids
        self.event = event
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        envelope = try document.envelope()
        pids = try ProcessPIDs(document.reader)
        guard let event = Event(rawValue: try document.reader.identifier("eventType")) else {
            throw document.reader.fail("eventType", "is not a known event")
        }
        self.event = event
    }

    package var members: [String: JSON?] { pids.members + ["eventType": .string(event.rawValue)] }
}

/// Either side: the negotiation ends without an agreement.
package struct ContractNegotiationTerminationMessage: ProtocolMessage {
    package static let type = MessageType.contractNegotiationTerminationMessage
    package var envelope: MessageEnvelope
    package let pids: ProcessPIDs
    /// A stable code of the sender.
    package let reasonCode: String?
    package let reason: [String]

    package init(id: String? = nil, pids: ProcessPIDs, reasonCode: String? = nil, reason: [String] = []) {
        envelope = MessageEnvelope(id: id)
        self.pids = pids
        self.reasonCode = reasonCode
        self.reason = reason
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        envelope = try document.envelope()
        pids = try ProcessPIDs(document.reader)
        reasonCode = try document.reader.optionalCode()
        reason = try document.reader.reasons()
    }

    package var members: [String: JSON?] { pids.members + reasonMembers(code: reasonCode, reason: reason) }
}

/// The answer to a creating POST and to GET: what the answering side takes the state to be.
package struct ContractNegotiation: ProtocolMessage {
    package static let type = MessageType.contractNegotiation
    package var envelope: MessageEnvelope
    package let pids: ProcessPIDs
    package let state: ContractNegotiationState

    package init(id: String? = nil, pids: ProcessPIDs, state: ContractNegotiationState) {
        envelope = MessageEnvelope(id: id)
        self.pids = pids
        self.state = state
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        envelope = try document.envelope()
        pids = try ProcessPIDs(document.reader)
        guard let state = ContractNegotiationState(rawValue: try document.reader.identifier("state")) else {
            throw document.reader.fail("state", "is not a state of a negotiation")
        }
        self.state = state
    }

    package var members: [String: JSON?] { pids.members + ["state": .string(state.rawValue)] }
}

/// The body of a refused negotiation message. An error never changes state.
package struct ContractNegotiationError: ProtocolMessage {
    package static let type = MessageType.contractNegotiationError
    package var envelope: MessageEnvelope
    /// Empty where the process is not known.
    package let pids: ProcessPIDs
    package let reasonCode: String?
    package let reason: [String]

    package init(id: String? = nil, pids: ProcessPIDs, reasonCode: String?, reason: [String]) {
        envelope = MessageEnvelope(id: id)
        self.pids = pids
        self.reasonCode = reasonCode
        self.reason = reason
    }

    package init(pids: ProcessPIDs, error: any KouanError) {
        self.init(pids: pids, reasonCode: error.code, reason: [error.message])
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        envelope = try document.envelope()
        pids = try ProcessPIDs(lenient: document.reader)
        reasonCode = try document.reader.optionalCode()
        reason = try document.reader.reasons()
    }

    package var members: [String: JSON?] { pids.members + reasonMembers(code: reasonCode, reason: reason) }
}
