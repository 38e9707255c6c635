// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel
import StorageSQLite

/// Another participant's node, pinned by a person who compared its fingerprint.
package struct Peer: StoredRecord, Hashable {
    package static let table = "peer"

    package let id: String
    /// The signed node card, exactly as it came.
    package var card: [UInt8]
    package var cardDigest: Digest
    package var state: State
    package let addedAt: Timestamp
    package let addedBy: String

    package enum State: String, Codable, Sendable { case active, suspended }

    package init(
        id: String, card: [UInt8], cardDigest: Digest, state: State, addedAt: Timestamp, addedBy: String
    ) {
        self.id = id
        self.card = card
        self.cardDigest = cardDigest
        self.state = state
        self.addedAt = addedAt
        self.addedBy = addedBy
    }
}

/// A data space we belong to or operate.
package struct Space: StoredRecord, Hashable {
    package static let table = "space"

    package let id: String
    /// The signed space file, exactly as it came.
    package var file: [UInt8]
    package var crl: String?
    package let addedAt: Timestamp
    package var isOperated: Bool
    /// Our own membership credential in it.
    package var credential: String?

    package init(
        id: String, file: [UInt8], crl: String? = nil, addedAt: Timestamp, isOperated: Bool, credential: String? = nil
    ) {
        self.id = id
        self.file = file
        self.crl = crl
        self.addedAt = addedAt
        self.isOperated = isOperated
        self.credential = credential
    }
}

/// A person who operates this node. Entries name the id, never the name.
package struct NodeUser: StoredRecord, Hashable {
    package static let table = "node_user"

    package let id: String
    package var name: String
    package var roles: [String]
    package var tokenHash: Digest
    package var disabledAt: Timestamp?
    package let createdAt: Timestamp

    package static let keyNames = ["name"]
    package var keys: [String: String?] { ["name": name] }

    package init(
        id: String, name: String, roles: [String], tokenHash: Digest, disabledAt: Timestamp? = nil, createdAt: Timestamp
    ) {
        self.id = id
        self.name = name
        self.roles = roles
        self.tokenHash = tokenHash
        self.disabledAt = disabledAt
        self.createdAt = createdAt
    }
}

/// A small durable value of the node itself, such as the serial of its last card.
package struct Setting: StoredRecord, Hashable {
    package static let table = "setting"

    package let id: String
    package var value: String

    package init(
        id: String, value: String
    ) {
        self.id = id
        self.value = value
    }
}
