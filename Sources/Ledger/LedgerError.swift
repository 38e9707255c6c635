// SPDX-License-Identifier: Apache-2.0
package import ExchangeModel

/// Why the ledger did not write, or did not accept what it was given.
package enum LedgerError: KouanError, Equatable {
    case missing(directory: String)
    case exists(directory: String)
    case wrongKey(origin: String)
    case wrongOrigin(expected: String, found: String)
    case headFileMissing(path: String)
    case headFileAhead(path: String, fileSize: Int64, databaseSize: Int64)
    case headFileDiffers(path: String, size: Int64)
    case headFile(path: String, detail: String)
    case nothingToAdopt
    case corrupt(detail: String)
    case awaitingQuorum(needed: Int, confirmed: Int)
    case peerAhead(peer: String, theirs: Int64, ours: Int64)
    case peerDiffers(peer: String, size: Int64)
    case clockWentBack(now: Timestamp, highest: Timestamp)
    case stopped(detail: String)
    case busy(limit: Int)
    case entryTooLarge(bytes: Int)
    case badEvent(String)
    case badRecord(index: Int64?, detail: String)
    case noEntry(index: Int64, size: Int64)
    case openingRefused(field: String)
    case openingsGone(index: Int64)
    case subjectKey(detail: String)
    case badReceipt(String)
    case receiptDiffers(field: String)
    case secondHalf(correlation: String, step: String)
    case badOpening(String)

    package var code: String {
        switch self {
        case .missing: "ledger.missing"
        case .exists: "ledger.exists"
        case .wrongKey: "ledger.wrong-key"
        case .wrongOrigin: "ledger.wrong-origin"
        case .headFileMissing: "ledger.head-file-missing"
        case .headFileAhead: "ledger.head-file-ahead"
        case .headFileDiffers: "ledger.head-file-differs"
        case .headFile: "ledger.head-file"
        case .nothingToAdopt: "ledger.nothing-to-adopt"
        case .corrupt: "ledger.corrupt"
        case .awaitingQuorum: "ledger.awaiting-quorum"
        case .peerAhead: "ledger.peer-ahead"
        case .peerDiffers: "ledger.peer-differs"
        case .clockWentBack: "clock.went-back"
        case .stopped: "ledger.stopped"
        case .busy: "ledger.busy"
        case .entryTooLarge: "ledger.entry-too-large"
        case .badEvent: "ledger.bad-event"
        case .badRecord: "ledger.bad-record"
        case .noEntry: "ledger.no-entry"
        case .openingRefused: "ledger.opening-refused"
        case .openingsGone: "ledger.openings-gone"
        case .subjectKey: "ledger.subject-key"
        case .badReceipt: "receipt.malformed"
        case .receiptDiffers: "receipt.differs"
        case .secondHalf: "receipt.second-half"
        case .badOpening: "ledger.bad-opening"
        }
    }

    package var message: String {
        switch self {
        case .missing(let directory): "there is no ledger in `\(directory)`"
        case .exists(let directory): "there is a ledger in `\(directory)` already"
        case .wrongKey(let origin): "the head of ledger `\(origin)` was not signed by this ledger key"
        case .wrongOrigin(let expected, let found): "the ledger in this directory is `\(found)`, not `\(expected)`"
        case .headFileMissing(let path): "the head file `\(path)` is missing or unreadable, so it is unknown what this ledger last signed"
        case .headFileAhead(let path, let file, let database):
            "the head file `\(path)` shows that this ledger signed `\(file)` entries, but the database holds `\(database)`"
        case .headFileDiffers(let path, let size): "the head file `\(path)` and the database disagree about the first `\(size)` entries"
        case .headFile(let path, let detail): "the head file `\(path)` could not be written: \(detail)"
        case .nothingToAdopt: "there is nothing to adopt: the head file is in place"
        case .corrupt(let detail): "the ledger is damaged: \(detail)"
        case .awaitingQuorum(let needed, let confirmed):
            "`\(confirmed)` of `\(needed)` peers have confirmed that this ledger was not set back"
        case .peerAhead(let peer, let theirs, let ours): "`\(peer)` has seen this ledger with `\(theirs)` entries, but it holds `\(ours)`"
        case .peerDiffers(let peer, let size): "`\(peer)` has seen other content in the first `\(size)` entries of this ledger"
        case .clockWentBack(let now, let highest): "the clock says `\(now)`, but this ledger has recorded `\(highest)` before"
        case .stopped(let detail): "the ledger has stopped signing: \(detail)"
        case .busy(let limit): "`\(limit)` commits are waiting already"
        case .entryTooLarge(let bytes): "an entry of `\(bytes)` bytes is larger than `\(LedgerRecord.maximumBytes)`"
        case .badEvent(let what): "the event cannot be recorded: \(what)"
        case .badRecord(let index, let detail): "entry `\(index.map(String.init) ?? "?")` is not a record: \(detail)"
        case .noEntry(let index, let size): "there is no entry `\(index)`; the ledger holds `\(size)`"
        case .openingRefused(let field): "the opening shown for `\(field)` does not fit its commitment"
        case .openingsGone(let index): "the openings of entry `\(index)` were erased"
        case .subjectKey(let detail): "a subject key cannot be used: \(detail)"
        case .badReceipt(let what): "the receipt is malformed: \(what)"
        case .receiptDiffers(let field): "the receipt states another `\(field)` than this node knows"
        case .secondHalf(let correlation, let step): "a second, different `\(step)` came for `\(correlation)`"
        case .badOpening(let what): "the opening is malformed: \(what)"
        }
    }

    package var hint: String {
        switch self {
        case .missing: "create the node with `kouan init`"
        case .exists: "a ledger is made once; give a new node a directory of its own"
        case .wrongKey, .wrongOrigin: "check that keys and database belong to the same node"
        case .headFileMissing: "if the database was not restored from a backup, run `kouan ledger adopt`"
        case .headFileAhead, .headFileDiffers, .peerAhead, .peerDiffers:
            "this database is older than what was signed or was altered; bring back the newer one, and sign nothing until then"
        case .headFile: "look at the disk, then start the node again"
        case .nothingToAdopt: "start the node"
        case .corrupt: "run `kouan ledger verify`, keep the directory as it is and restore a backup"
        case .awaitingQuorum: "start or reach a peer of this node, or set `ledger.startQuorum` to `none` for a node without peers"
        case .clockWentBack: "set the clock right; the ledger goes on by itself"
        case .stopped: "start the node again; it re-reads what was committed"
        case .busy: "try again in a moment"
        case .entryTooLarge: "record a digest and keep the content outside the ledger"
        case .badEvent, .badOpening: "this is a mistake of the program; please report it"
        case .badRecord: "run `kouan ledger verify`"
        case .noEntry: "ask for an index below the size"
        case .openingRefused: "the value or its random part was altered"
        case .openingsGone: "the commitments remain, but what they hid is gone by intention"
        case .subjectKey: "check that the storage key is the one this node was created with"
        case .badReceipt: "ask the peer to send the stored receipt again, byte for byte"
        case .receiptDiffers: "do not countersign; compare both ledgers with the peer"
        case .secondHalf: "the first one stands; ask the peer why it signed twice"
        }
    }
}
