// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
package import ExchangeModel
package import MerkleLog
import StorageSQLite

/// The largest head of a peer's log that we have seen signed and consistent: what that peer cannot take back.
package struct PeerPin: StoredRecord, Hashable {
    package static let table = "peer_pin"
    package static let keyNames: [String] = []

    package let origin: String
    package let size: Int64
    /// Base64.
    package let root: String
    /// The signed checkpoint, byte for byte: half of the proof if the peer ever shows another history.
    package let note: String
    package let seenAt: Timestamp

    package var id: String { origin }

    package init(checkpoint: Checkpoint, note: SignedNote, seenAt: Timestamp) {
        origin = checkpoint.origin
        size = checkpoint.size
        root = checkpoint.root.description
        self.note = note.description
        self.seenAt = seenAt
    }

    package var rootHash: TreeHash? { Base64.decode(root).flatMap(TreeHash.init) }

    /// What an entry says of it.
    var json: JSON { ["origin": .string(origin), "size": .ledgerNumber(size), "root": .string(root)] }
}

/// What a peer's checkpoint means, given what we have pinned.
package enum PeerHeadVerdict: Sendable, Hashable {
    /// First seen, or larger and proven to extend the pin: store this pin.
    case advance(PeerPin)
    /// The pinned head again.
    case same
    /// Smaller than the pin: an old message, ignored. `proven` if it was shown to be the pin's beginning.
    case late(proven: Bool)
    /// Larger, but nothing proves that it extends the pin: ask for the proof; the pin stays.
    case unproven
    /// Two signed heads that cannot belong to one history. Both notes are kept: they prove it to anyone.
    case fork(pinned: String, shown: String)
    /// Asked now, with a nonce, the peer signs fewer entries than it had.
    case rollback(pinned: String, shown: String)
}

package enum PeerHeads {
    /// Judges a checkpoint that came from a peer. Pure; the caller stores the pin of `.advance` in the transaction of the event's entry.
    ///
    /// - Parameters:
    ///   - pin: the stored pin of this origin, nil at first sight.
    ///   - proof: the consistency proof between the pin's size and the shown one, in whichever order they are.
    ///   - askedNow: whether the peer signed this as its latest in answer to a fresh nonce.
    /// - Throws: `MerkleLogError` if the note is not a checkpoint signed by `key`; such a note says nothing about the peer.
    package static func judge(
        _ note: SignedNote, by key: VerifierKey, pin: PeerPin?, proof: [TreeHash] = [], askedNow: Bool = false, at time: Timestamp
    ) throws(MerkleLogError) -> PeerHeadVerdict {
        let shown = try Checkpoint.verify(note, by: key)
        let advance = PeerHeadVerdict.advance(PeerPin(checkpoint: shown, note: note, seenAt: time))
        guard let pin, let pinnedRoot = pin.rootHash else { return advance }
        guard pin.origin == shown.origin else { throw .wrongOrigin(expected: pin.origin, found: shown.origin) }
        if shown.size == pin.size {
            return shown.root == pinnedRoot ? .same : .fork(pinned: pin.note, shown: note.description)
        }
        if shown.size < pin.size {
            if askedNow { return .rollback(pinned: pin.note, shown: note.description) }
            return .late(proven: extends(from: shown.size, shown.root, to: pin.size, pinnedRoot, proof))
        }
        // A failed proof alone is no fork: the message may be damaged. Only two signed roots at one size are.
        return extends(from: pin.size, pinnedRoot, to: shown.size, shown.root, proof) ? advance : .unproven
    }

    private static func extends(from: Int64, _ oldRoot: TreeHash, to: Int64, _ newRoot: TreeHash, _ proof: [TreeHash]) -> Bool {
        if from == 0 { return oldRoot == .empty }
        do {
            try MerkleProof.verifyConsistency(from: from, to: to, oldRoot: oldRoot, newRoot: newRoot, proof: proof)
            return true
        } catch {
            return false
        }
    }
}
