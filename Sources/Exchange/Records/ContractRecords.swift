// SPDX-License-Identifier: Apache-2.0

package import DataspaceProtocol
package import ExchangeModel
import StorageSQLite

/// Which side of a contract or transfer we are.
package enum ExchangeRole: String, Codable, Sendable, Hashable { case provider, consumer }

/// One contract negotiation as we see it. Its state is the machine's; delivery of our own messages is the outbox's matter.
package struct Negotiation: StoredRecord, Hashable {
    package static let table = "negotiation"

    /// Our own process id: `providerPID` where we provide, `consumerPID` where we consume.
    package let id: String
    package let role: ExchangeRole
    package let peer: ParticipantID
    package var consumerPID: String
    /// Empty until the provider has answered.
    package var providerPID: String
    /// Base of the peer's endpoints for this process.
    package let callback: String
    package var machine: ContractNegotiationMachine
    /// The machine as it will stand once the peer has acknowledged our message in flight.
    package var pending: ContractNegotiationMachine?
    package let offerID: String
    package let datasetID: String
    /// The last offer exchanged, as it stood on the wire.
    package var offer: JSON
    package var agreement: JSON?
    package var terms: JSON?
    package var providerProof: JSON?
    package var consumerProof: JSON?
    package var ending: ProcessEnding?
    package let createdAt: Timestamp
    package var updatedAt: Timestamp
    /// At a provider, while a person has to say whether to agree.
    package var approval: Approval? = nil

    /// What a person decides on, and until when.
    package struct Approval: Codable, Sendable, Hashable {
        package let code: String
        /// How the request differs from the offer, in words.
        package let differenceEN: String
        package let differenceZH: String
        package let deadline: Timestamp
    }

    package static let keyNames = ["peer", "remote", "open", "approval"]
    package var keys: [String: String?] {
        [
            "peer": peer.description, "remote": role == .provider ? consumerPID : providerPID,
            "open": isOpen ? peer.description : nil, "approval": waitsForApproval ? "waiting" : nil,
        ]
    }

    package var waitsForApproval: Bool { isOpen && approval != nil }

    package var pids: ProcessPIDs { ProcessPIDs(providerPID: providerPID, consumerPID: consumerPID) }
    package var stateName: String { (machine.state ?? .requested).rawValue }
    package var isOpen: Bool { machine.state?.isTerminal != true }
}

/// Why a negotiation or transfer ended before its aim, and at whose word.
package struct ProcessEnding: Codable, Sendable, Hashable {
    package let code: String
    package let reasons: [String]
    package let byPeer: Bool
}

/// A contract both sides hold. Grants and transfers stand on it.
package struct Agreement: StoredRecord, Hashable {
    package static let table = "agreement"

    package let id: String
    package let role: ExchangeRole
    package let peer: ParticipantID
    package let negotiationID: String
    package let datasetID: String
    package let package: Digest
    /// As the provider sent it; its RFC 8785 bytes are what both sides signed.
    package let document: JSON
    package let terms: JSON
    package let policyHash: Digest
    package let providerProof: JSON
    package let consumerProof: JSON
    package let ownCard: Digest
    package let peerCard: Digest
    package let agreedAt: Timestamp
    /// False until the negotiation is final.
    package var isFinal: Bool
    package var endedAt: Timestamp?

    package static let keyNames = ["peer", "package", "negotiation"]
    package var keys: [String: String?] { ["peer": peer.description, "package": package.description, "negotiation": negotiationID] }

    package var isActive: Bool { isFinal && endedAt == nil }
}
