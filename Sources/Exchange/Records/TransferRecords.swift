// SPDX-License-Identifier: Apache-2.0

package import DataspaceProtocol
package import ExchangeModel
import StorageSQLite

/// One transfer process as we see it.
package struct Transfer: StoredRecord, Hashable {
    package static let table = "transfer"

    package let id: String
    package let role: ExchangeRole
    package let peer: ParticipantID
    package let agreementID: String
    package let package: Digest
    package var bytes: Int64
    package var consumerPID: String
    package var providerPID: String
    package let callback: String
    package var machine: TransferProcessMachine
    /// The machine as it will stand once the peer has acknowledged our message in flight.
    package var pending: TransferProcessMachine?
    /// What names this event in both ledgers.
    package var correlation: String
    /// 32 bytes that the provider draws, so that both ledgers can commit to the same shared facts.
    package var mirrorSecret: [UInt8]
    /// SHA-256 of the bearer token of the data address; the token itself rests only with the consumer.
    package var tokenHash: Digest?
    package var dataAddress: JSON?
    /// Where the provider recorded the start, as the start message says it.
    package var providerPosition: JSON?
    package var startedIndex: Int64?
    package var receivedIndex: Int64?
    package var deliveredIndex: Int64?
    package var startedAt: Timestamp?
    package var receivedAt: Timestamp?
    package var receipt: ReceiptProgress
    package var ending: ProcessEnding?
    package var lastError: String?
    package let createdAt: Timestamp
    package var updatedAt: Timestamp

    package enum ReceiptProgress: String, Codable, Sendable { case none, half, full, missing }

    package static let keyNames = ["peer", "agreement", "remote", "correlation", "open"]
    package var keys: [String: String?] {
        [
            "peer": peer.description, "agreement": agreementID, "remote": role == .provider ? consumerPID : providerPID,
            "correlation": correlation, "open": isOpen ? peer.description : nil,
        ]
    }

    package var pids: ProcessPIDs { ProcessPIDs(providerPID: providerPID, consumerPID: consumerPID) }
    package var stateName: String { (machine.state ?? .requested).rawValue }
    package var isOpen: Bool { machine.state?.isTerminal != true }
}

/// A key grant, as its provider issued it. The same request gets these bytes again, byte for byte.
package struct IssuedGrant: StoredRecord, Hashable {
    package static let table = "issued_grant"

    /// The consumer's request id.
    package let id: String
    package let grantID: String
    package let peer: ParticipantID
    package let agreementID: String
    package let package: Digest
    package let requestDigest: Digest
    package let bytes: [UInt8]
    package let issuedAt: Timestamp

    package static let keyNames = ["agreement"]
    package var keys: [String: String?] { ["agreement": agreementID] }
}

/// What the uses of an agreement add up to: at the provider those a key was released for, at the consumer those that were made. One row
/// per agreement.
package struct UseCounter: StoredRecord, Hashable {
    package static let table = "use_counter"

    package let id: String
    package var used: Int64
    package var bytes: Int64
    /// How long the uses took that have ended. Only at the consumer.
    package var milliseconds: Int64
}

/// One opening at the consumer. The durable reservation is the use; it is given back only while no plaintext byte left the process. One
/// that was cut short may go on to the same directory until its lease ends.
package struct PackageUse: StoredRecord, Hashable {
    package static let table = "package_use"

    package let id: String
    package let agreementID: String
    package let package: Digest
    package let action: String
    package let purpose: String?
    /// What the user stated of it besides, by operand.
    package let facts: JSON
    package let target: String
    package let bytes: Int64
    package var state: State
    package var grantID: String?
    package let reservedAt: Timestamp
    /// Later than `reservedAt` when it was cut short and goes on.
    package var startedAt: Timestamp

    package enum State: String, Codable, Sendable { case reserved, opened, released, interrupted }

    package static let keyNames = ["agreement", "state"]
    package var keys: [String: String?] { ["agreement": agreementID, "state": state.rawValue] }
}

/// A key grant we hold. Its request key rests in a file of its own that is destroyed at lease end.
package struct HeldGrant: StoredRecord, Hashable {
    package static let table = "held_grant"

    package let id: String
    package let requestID: String
    package let agreementID: String
    package let package: Digest
    package let action: String
    package let purpose: String?
    package let bytes: [UInt8]
    package let notAfter: Timestamp
    /// By the boot clock since `receivedAt`; whichever of both clocks runs out first ends the lease.
    package let durationSeconds: Int64
    package let receivedAt: BootClock.Reading
    /// Nil when uses are not counted.
    package var usesLeft: Int64?

    package static let keyNames = ["agreement"]
    package var keys: [String: String?] { ["agreement": agreementID] }
}

/// A grant request whose answer we have not seen. The provider may have debited the use already, so the same request is sent again, byte
/// for byte, by the next opening for the same use.
package struct GrantAttempt: StoredRecord, Hashable {
    package static let table = "grant_attempt"

    /// The request id, which also names the file of the request key.
    package let id: String
    package let agreementID: String
    package let action: String
    package let purpose: String?
    package let body: [UInt8]
    package let createdAt: Timestamp

    package static let keyNames = ["agreement"]
    package var keys: [String: String?] { ["agreement": agreementID] }
}

extension HeldGrant {
    func isInLease(at now: Timestamp, boot: BootClock.Reading) -> Bool {
        guard now < notAfter, let elapsed = boot.seconds(since: receivedAt) else { return false }
        return elapsed < durationSeconds
    }
}
