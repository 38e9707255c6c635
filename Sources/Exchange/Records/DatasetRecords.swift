// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel
import StorageSQLite

/// Something a provider can share: a directory or file of its own, described once, published in versions.
package struct Dataset: StoredRecord, Hashable {
    package static let table = "dataset"

    package let id: String
    package var titleZH: String
    package var titleEN: String
    package var descriptionZH: String?
    package var descriptionEN: String?
    /// Absolute path of the directory or file that `publish` seals.
    package var sourcePath: String
    package var grade: Grade
    package var personalInformation: PersonalInformation
    package let createdAt: Timestamp

    package enum Grade: String, Codable, Sendable, CaseIterable { case general, important }
    package enum PersonalInformation: String, Codable, Sendable, CaseIterable { case none, ordinary, sensitive }

    package init(
        id: String, titleZH: String, titleEN: String, descriptionZH: String? = nil, descriptionEN: String? = nil, sourcePath: String,
        grade: Grade, personalInformation: PersonalInformation, createdAt: Timestamp
    ) {
        self.id = id
        self.titleZH = titleZH
        self.titleEN = titleEN
        self.descriptionZH = descriptionZH
        self.descriptionEN = descriptionEN
        self.sourcePath = sourcePath
        self.grade = grade
        self.personalInformation = personalInformation
        self.createdAt = createdAt
    }
}

/// One published version of a dataset: a sealed package in our store, its file key wrapped under the storage key.
package struct SealedVersion: StoredRecord, Hashable {
    package static let table = "sealed_version"

    /// The digest of the package reference, which is the name of the package everywhere.
    package let id: String
    package let datasetID: String
    package let version: Int
    package let fileName: String
    package let bytes: Int64
    package let plainBytes: Int64
    package let files: Int
    package let publishedAt: Timestamp
    /// AES-256-GCM under the storage key, the package's digest as associated data.
    package let wrappedKey: [UInt8]

    package static let keyNames = ["dataset"]
    package var keys: [String: String?] { ["dataset": datasetID] }
}

/// A package that another participant delivered to us. It opens only by grants.
package struct HeldPackage: StoredRecord, Hashable {
    package static let table = "held_package"

    package let id: String
    package let provider: ParticipantID
    package let datasetID: String
    package let fileName: String
    package let bytes: Int64
    package let verifiedAt: Timestamp

    package static let keyNames = ["provider"]
    package var keys: [String: String?] { ["provider": provider.description] }
}

/// A dataset offered under a usage policy, to those whom its visibility names.
package struct Offer: StoredRecord, Hashable {
    package static let table = "offer"

    /// Opaque; stays the same while dataset, policy and visibility do.
    package let id: String
    package let datasetID: String
    package let policy: JSON
    package let policyHash: Digest
    package let visibility: [Visibility]
    package let createdAt: Timestamp
    package var withdrawnAt: Timestamp?
    /// The offer that took its place, when it was withdrawn for another policy.
    package var supersededBy: String? = nil

    package static let keyNames = ["dataset"]
    package var keys: [String: String?] { ["dataset": datasetID] }
}

/// Who may see an offer. Never leaves the node.
package enum Visibility: Codable, Sendable, Hashable {
    /// Every peer that was added and is active.
    case registered
    case peer(ParticipantID)
    case space(String)
    /// Whoever this policy permits `odrl:read` of the catalog entry.
    case policy(JSON)
}
