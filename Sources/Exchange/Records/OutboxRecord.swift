// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel
import StorageSQLite

/// A message that we owe a peer, committed together with the state change that caused it, sent until it is answered.
package struct OutboxMessage: StoredRecord, Hashable {
    package static let table = "outbox"

    /// Time-ordered, and the `@id` of the message: equal on every redelivery.
    package let id: String
    package let kind: Kind
    /// The negotiation or transfer it belongs to; messages of one process leave one after the other.
    package let process: String
    package let peer: ParticipantID
    /// Absolute URL, below the peer's registered base.
    package let url: String
    package let body: JSON
    package var tries: Int
    package var nextTry: Timestamp
    package var lastError: String?
    package let createdAt: Timestamp

    package enum Kind: String, Codable, Sendable, CaseIterable {
        case contractRequest, agreement, verification, finalization, negotiationTermination
        case transferRequest, transferStart, transferCompletion, transferTermination, deliveryReceipt
    }

    package static let keyNames = ["process"]
    package var keys: [String: String?] { ["process": process] }
}
