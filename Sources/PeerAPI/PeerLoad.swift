// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Synchronization

/// How much of one kind is under way, in all and per peer, so that no peer takes the whole node.
final class PeerLoad: Sendable {
    private struct Counts {
        var all = 0
        var peers: [ParticipantID: Int] = [:]
    }

    private let limit: Int
    private let limitPerPeer: Int
    private let counts = Mutex(Counts())

    init(limit: Int, perPeer: Int) {
        self.limit = limit
        limitPerPeer = perPeer
    }

    /// A place, held until the result is let go of; nil when all are taken.
    func admit(_ peer: ParticipantID) -> Admission? {
        let isAdmitted = counts.withLock { counts in
            guard counts.all < limit, counts.peers[peer, default: 0] < limitPerPeer else { return false }
            counts.all += 1
            counts.peers[peer, default: 0] += 1
            return true
        }
        return isAdmitted ? Admission(load: self, peer: peer) : nil
    }

    fileprivate func leave(_ peer: ParticipantID) {
        counts.withLock { counts in
            counts.all -= 1
            let left = counts.peers[peer, default: 1] - 1
            counts.peers[peer] = left > 0 ? left : nil
        }
    }

    final class Admission: Sendable {
        private let load: PeerLoad
        private let peer: ParticipantID

        fileprivate init(load: PeerLoad, peer: ParticipantID) {
            self.load = load
            self.peer = peer
        }

        deinit { load.leave(peer) }
    }
}
