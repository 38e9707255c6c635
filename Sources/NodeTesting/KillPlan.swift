// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel
package import Ledger
import Synchronization

/// Where a node can be killed.
package enum KillPoint: Sendable, Hashable, CustomStringConvertible {
    /// In the ledger's commit.
    case ledger(LedgerStep)
    /// Before a request of ours leaves.
    case sending
    /// The peer has processed our request and answered; we do not see it any more.
    case answered

    package var description: String {
        switch self {
        case .ledger(let step): "commit, \(step)"
        case .sending: "before sending"
        case .answered: "before seeing the answer"
        }
    }
}

/// Kills whichever node comes to a point whose number, among all points of all nodes, is in the plan. Nothing of the node is asked to stop: what it has on disk at that moment is all that
/// its next life finds.
package final class KillPlan: Sendable {
    package struct Kill: Sendable, CustomStringConvertible {
        package let node: ParticipantID
        package let point: KillPoint
        package var description: String { "\(node) at \(point)" }
    }

    private struct State {
        var passed = 0
        var numbers: Set<Int>
        var kills: [Kill] = []
    }

    private let state: Mutex<State>
    private let points: @Sendable (KillPoint) -> Bool

    /// - Parameter points: which points count; by default those around which what is durable or known to the peer changes.
    package init(at numbers: Int..., points: @escaping @Sendable (KillPoint) -> Bool = KillPlan.telling) {
        state = Mutex(State(numbers: Set(numbers)))
        self.points = points
    }

    /// What was killed; fewer than planned when the run had fewer points.
    package var kills: [Kill] { state.withLock(\.kills) }

    package static let telling: @Sendable (KillPoint) -> Bool = { point in
        switch point {
        case .ledger(.began), .ledger(.entriesWritten), .ledger(.headFileWritten): false
        default: true
        }
    }

    func strikes(_ node: ParticipantID, _ point: KillPoint) -> Bool {
        guard points(point) else { return false }
        return state.withLock { state in
            state.passed += 1
            guard state.numbers.remove(state.passed) != nil else { return false }
            state.kills.append(Kill(node: node, point: point))
            return true
        }
    }
}
