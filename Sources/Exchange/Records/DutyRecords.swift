// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel
package import PolicyEngine
import StorageSQLite

/// The duties of one agreement as they stand at this node. Made when the agreement becomes final, on both sides.
package struct AgreementDuties: StoredRecord, Hashable {
    package static let table = "agreement_duties"

    /// The agreement's id.
    package let id: String
    package var book: DutyBook
    /// Rounds that this node has begun to carry out: what follows from a destruction goes on after a stop, whatever came between.
    package var begun: Set<String>
    /// Request keys that no record names any more and that must not outlive the next step.
    package var doomedKeys: [String]
    /// Reports that were prepared and not yet said to be delivered, by round: the file in the folder `duties`.
    package var prepared: [String: String]
    package var isOpen: Bool

    package static let keyNames = ["open"]
    package var keys: [String: String?] { ["open": isOpen ? "1" : nil] }
}

/// What the clocks of this node have shown, so that neither a jump nor a step back goes unnoticed (docs/guide/duties.md).
package struct ClockRecord: StoredRecord, Hashable {
    package static let table = "clock_record"
    static let only = "clock"

    package let id: String
    /// Both clocks at one moment of the machine's present run.
    package var boot: BootClock.Reading
    package var wall: Timestamp
    /// The highest wall time that the clocks agreed on.
    package var highest: Timestamp
}
