// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel
import StorageSQLite

/// What a fact is about. One about a dataset holds for all of its agreements, unless the agreement has one of its own.
package enum FactSubject: Codable, Sendable, Hashable {
    case agreement(String)
    case dataset(String)

    var key: String {
        switch self {
        case .agreement(let id): "agreement\n" + id
        case .dataset(let id): "dataset\n" + id
        }
    }
}

/// Something that only the provider's people can know, and one of them confirmed: who, when, on what paper.
package struct ConfirmedFact: StoredRecord, Hashable {
    package static let table = "confirmed_fact"

    package let id: String
    package let subject: FactSubject
    /// Full IRI.
    package let operand: String
    package let value: String
    /// The paper it rests on.
    package let basis: String
    package let confirmedBy: String
    package let confirmedAt: Timestamp

    package static let keyNames = ["subject"]
    package var keys: [String: String?] { ["subject": subject.key] }

    static func id(_ subject: FactSubject, _ operand: String) -> String { subject.key + "\n" + operand }
}
