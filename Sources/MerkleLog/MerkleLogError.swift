// SPDX-License-Identifier: Apache-2.0
import ExchangeModel

/// Why a proof, a note or a checkpoint was not accepted.
package enum MerkleLogError: KouanError, Equatable {
    case indexOutOfRange(index: Int64, size: Int64)
    case sizesOutOfRange(from: Int64, to: Int64)
    case missingHash(level: Int, index: Int64)
    case proofLength(expected: Int, found: Int)
    case proofDoesNotMatch
    case malformedNote(String)
    case malformedCheckpoint(String)
    case malformedKey(String)
    case malformedProof(String)
    case signatureInvalid(name: String)
    case notSigned(by: String)
    case wrongOrigin(expected: String, found: String)

    package var code: String {
        switch self {
        case .indexOutOfRange: "merkle.index-out-of-range"
        case .sizesOutOfRange: "merkle.sizes-out-of-range"
        case .missingHash: "merkle.missing-hash"
        case .proofLength, .proofDoesNotMatch: "merkle.proof-invalid"
        case .malformedNote: "merkle.malformed-note"
        case .malformedCheckpoint: "merkle.malformed-checkpoint"
        case .malformedKey: "merkle.malformed-key"
        case .malformedProof: "merkle.malformed-proof"
        case .signatureInvalid: "merkle.signature-invalid"
        case .notSigned: "merkle.not-signed"
        case .wrongOrigin: "merkle.wrong-origin"
        }
    }

    package var message: String {
        switch self {
        case .indexOutOfRange(let index, let size): "there is no entry `\(index)` in a log of size `\(size)`"
        case .sizesOutOfRange(let from, let to): "there is no consistency proof from size `\(from)` to size `\(to)`"
        case .missingHash(let level, let index): "the stored tree lacks hash `\(index)` of level `\(level)`"
        case .proofLength(let expected, let found): "the proof has `\(found)` hashes where `\(expected)` belong"
        case .proofDoesNotMatch: "the proof does not lead to the signed root"
        case .malformedNote(let what): "the signed note is malformed: \(what)"
        case .malformedCheckpoint(let what): "the checkpoint is malformed: \(what)"
        case .malformedKey(let what): "the verifier key is malformed: \(what)"
        case .malformedProof(let what): "the proof file is malformed: \(what)"
        case .signatureInvalid(let name): "the signature of `\(name)` does not verify"
        case .notSigned(let name): "the note carries no signature of `\(name)`"
        case .wrongOrigin(let expected, let found): "the checkpoint is of log `\(found)`, not of `\(expected)`"
        }
    }

    package var hint: String {
        switch self {
        case .indexOutOfRange, .sizesOutOfRange: "ask for an index and a size that the log has reached"
        case .missingHash: "run `kouan ledger verify` on the node that holds the log"
        case .proofLength, .proofDoesNotMatch:
            "the entry, the proof or the checkpoint was altered; fetch all three again from the log and compare"
        case .malformedNote, .malformedCheckpoint, .malformedProof: "fetch the file again; it must be kept byte for byte"
        case .malformedKey: "copy the whole key line: name, `+`, eight hex digits, `+`, base64"
        case .signatureInvalid: "the text or the signature was altered; do not rely on this note"
        case .notSigned: "check that the key belongs to this log"
        case .wrongOrigin: "check which log the checkpoint was asked from"
        }
    }
}
