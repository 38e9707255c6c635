// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives
package import ExchangeModel
import GRDB
package import MerkleLog
package import StorageSQLite
import Synchronization

/// Whether the ledger signs new heads, and if not, why.
package enum SigningState: Sendable, Equatable {
    case ready
    case refused(LedgerError)
}

/// Result of a durable commit.
package struct Committed<T: Sendable>: Sendable {
    package let value: T
    /// The indexes of the entries that this commit appended, in order.
    package let indexes: [Int64]
    /// The signed checkpoint that covers them; the current one if there were none.
    package let checkpoint: SignedNote
    package let size: Int64
    /// The ledger's time of this commit.
    package let time: Timestamp
}

/// Where a fault can strike a batch. Tests stop or copy the node here.
package enum LedgerStep: Sendable, Hashable, CaseIterable {
    case began, entriesWritten, headSigned, committed, headFileWritten
}

package struct LedgerConfiguration: Sendable {
    /// Another path or volume than the database's, best; default `DIR/ledger-head`.
    package var headFile: String?
    /// How many peers must confirm after a start that they have seen no larger head. 0 for a lone node.
    package var startQuorum = 0
    /// Waiting commits beyond this are refused.
    package var queueLimit = 4_096
    /// Commits that share one sync.
    package var batchLimit = 512
    /// How many of the newest entries a start re-hashes.
    package var rehashLimit: Int64 = 100_000
    /// Called at each step of a batch, for fault tests; an error thrown here strikes like one of the disk.
    package var atStep: (@Sendable (LedgerStep) throws -> Void)?

    package init() {}
}

/// The node's log: one writer appends entries together with the state changes they record.
///
/// Invariant: no caller sees the result of a commit before its entries are under a signed head that is committed to the database and
/// noted in the head file. If that cannot be done the commit fails and the state is as before.
package final class Ledger: Sendable {
    package let origin: String
    package let verifierKey: VerifierKey
    let store: Store
    let subjects: SubjectKeys
    let index: LedgerIndex
    let clock: any WallClock
    private let key: PrivateKey
    private let configuration: LedgerConfiguration
    let headFilePath: String
    private let queue: Mutex<Queue>
    private let state: Mutex<State>

    private struct Queue {
        var jobs: [any CommitJob] = []
        var isScheduled = false
    }

    /// Released to readers; changed by the writer after the head file, and by `adopt` and `confirm`.
    private struct State {
        var head: StoredHead
        var note: SignedNote
        var edge: RightEdge
        var signing: SigningState
        var headFile: HeadFile?
        var confirmed: Set<String> = []
    }

    // MARK: opening

    /// Makes the ledger of a new node: the empty log, signed, and the head file.
    ///
    /// - Parameter key: the ledger key (Ed25519), used for checkpoints only.
    /// - Parameter storageKey: 32 bytes; the keys of openings rest under it.
    /// - Throws: `.exists` if the database or the head file has a head already.
    package static func create(
        store: Store, origin: String, key: PrivateKey, storageKey: SecretBytes, clock: any WallClock,
        configuration: LedgerConfiguration = LedgerConfiguration()
    ) async throws -> Ledger {
        let checkpoint = try Checkpoint(origin: origin, size: 0, root: .empty)
        let note = try checkpoint.signed(by: key)
        let verifier = try VerifierKey(name: origin, key: key.publicKey)
        let head = StoredHead(
            generation: 1, origin: origin, size: 0, root: .empty, note: note.description, highest: clock.now())
        guard try await store.read({ try $0.ledgerHead() }) == nil else { throw LedgerError.exists(directory: store.directory) }
        let path = configuration.headFile ?? store.directory + "/" + HeadFile.defaultName
        if try HeadFile.open(path: path) != nil { throw LedgerError.exists(directory: store.directory) }
        try await store.write { try $0.insertLedgerHead(head, verifier: verifier.description) }
        try HeadFile.create(path: path).write(Ledger.slot(of: head, note))
        return try await open(
            store: store, origin: origin, key: key, storageKey: storageKey, clock: clock, configuration: configuration)
    }

    /// Opens the ledger and decides whether it may sign (see `signing`).
    ///
    /// Refuses outright what is not this node's: no ledger, another origin, a head that this key did not sign. What looks set back or
    /// damaged opens for reading and does not sign.
    package static func open(
        store: Store, origin: String, key: PrivateKey, storageKey: SecretBytes, clock: any WallClock,
        configuration: LedgerConfiguration = LedgerConfiguration()
    ) async throws -> Ledger {
        guard let head = try await store.read({ try $0.ledgerHead() }) else { throw LedgerError.missing(directory: store.directory) }
        guard head.origin == origin else { throw LedgerError.wrongOrigin(expected: origin, found: head.origin) }
        let verifier = try VerifierKey(name: origin, key: key.publicKey)
        let note: SignedNote
        do {
            note = try SignedNote(parsing: head.note)
            let checkpoint = try Checkpoint.verify(note, by: verifier)
            guard checkpoint.size == head.size, checkpoint.root == head.root else {
                throw LedgerError.corrupt(detail: "the stored head and its signed checkpoint differ")
            }
        } catch is MerkleLogError {
            throw LedgerError.wrongKey(origin: origin)
        }
        let path = configuration.headFile ?? store.directory + "/" + HeadFile.defaultName
        let start = LedgerStart(store: store, head: head, headFilePath: path, rehashLimit: configuration.rehashLimit)
        let (edge, headFile, failure) = try await start.check()
        var signing = failure.map(SigningState.refused) ?? .ready
        if failure == nil, configuration.startQuorum > 0 {
            signing = .refused(.awaitingQuorum(needed: configuration.startQuorum, confirmed: 0))
        }
        if failure == nil, let headFile {
            // The crash may have come between COMMIT and the head file.
            try headFile.write(slot(of: head, note))
        }
        return Ledger(
            store: store, verifier: verifier, key: key, subjects: try SubjectKeys(directory: store.directory, storageKey: storageKey),
            index: try LedgerIndex(directory: store.directory, origin: origin),
            clock: clock, configuration: configuration, headFilePath: path,
            state: State(head: head, note: note, edge: edge, signing: signing, headFile: headFile))
    }

    private init(
        store: Store, verifier: VerifierKey, key: PrivateKey, subjects: SubjectKeys, index: LedgerIndex, clock: any WallClock,
        configuration: LedgerConfiguration, headFilePath: String, state: State
    ) {
        self.store = store
        origin = verifier.name
        verifierKey = verifier
        self.key = key
        self.subjects = subjects
        self.index = index
        self.clock = clock
        self.configuration = configuration
        self.headFilePath = headFilePath
        queue = Mutex(Queue())
        self.state = Mutex(state)
    }

    // MARK: what readers see

    package var signing: SigningState { state.withLock(\.signing) }
    /// The newest released checkpoint.
    package var checkpoint: SignedNote { state.withLock(\.note) }
    package var size: Int64 { state.withLock(\.head.size) }
    package var root: TreeHash { state.withLock(\.head.root) }

    /// Both at once, so that they belong together.
    var released: (head: StoredHead, note: SignedNote) { state.withLock { ($0.head, $0.note) } }

    // MARK: committing

    /// Runs `body` on the writer's thread, in a savepoint of its own, and returns when its changes and entries are durable and signed.
    ///
    /// Commits that wait together share one transaction, signature and sync. If `body` throws, its changes are undone and its error is
    /// thrown here; if it throws `LedgerEvent.refusing`, those events are recorded nevertheless. `body` may run once only and must not
    /// block.
    package func commit<T: Sendable>(
        _ body: @escaping @Sendable (inout LedgerTransaction) throws -> T
    ) async throws -> Committed<T> {
        try await withCheckedThrowingContinuation { continuation in
            let job = Commit(body: body, continuation: continuation)
            let accepted = queue.withLock { queue in
                guard queue.jobs.count < configuration.queueLimit else { return false }
                queue.jobs.append(job)
                guard !queue.isScheduled else { return true }
                queue.isScheduled = true
                store.onWriter { [self] transaction in drain(transaction) }
                return true
            }
            if !accepted { job.fail(LedgerError.busy(limit: configuration.queueLimit)) }
        }
    }

    /// One batch. Runs on the writer's thread.
    private func drain(_ transaction: Transaction) {
        let jobs = queue.withLock { queue in
            let batch = Array(queue.jobs.prefix(configuration.batchLimit))
            queue.jobs.removeFirst(batch.count)
            return batch
        }
        run(jobs, transaction)
        queue.withLock { queue in
            queue.isScheduled = !queue.jobs.isEmpty
            if queue.isScheduled { store.onWriter { [self] transaction in drain(transaction) } }
        }
    }

    private func run(_ jobs: [any CommitJob], _ transaction: Transaction) {
        let (old, oldNote, edge, signing, headFile) = state.withLock { ($0.head, $0.note, $0.edge, $0.signing, $0.headFile) }
        if case .refused(.stopped(let detail)) = signing { return fail(jobs, LedgerError.stopped(detail: detail)) }
        let now = clock.now()
        let appender = Appender(edge: edge, highest: old.highest, now: now, signing: signing, subjects: subjects)
        var outcomes: [Outcome] = []
        var head = old
        var note = oldNote
        do {
            try transaction.database.beginTransaction(.immediate)
            try configuration.atStep?(.began)
            for job in jobs { outcomes.append(try attempt(job, transaction, appender)) }
            try configuration.atStep?(.entriesWritten)
            if appender.edge.size > old.size {
                let checkpoint = try Checkpoint(origin: origin, size: appender.edge.size, root: appender.edge.root)
                // Made inside the transaction, held back until after COMMIT.
                note = try checkpoint.signed(by: key)
                head = StoredHead(
                    generation: old.generation + 1, origin: origin, size: checkpoint.size, root: checkpoint.root,
                    note: note.description, highest: appender.highest)
                try transaction.replaceLedgerHead(head, after: old)
            }
            try configuration.atStep?(.headSigned)
            try transaction.database.commit()
        } catch {
            return abandon(jobs, error, transaction, old)
        }
        do {
            try configuration.atStep?(.committed)
            if head != old { try write(head, note, to: headFile) }
            try configuration.atStep?(.headFileWritten)
        } catch {
            // Committed, but not to be released: the next start reads it from the database.
            return fail(jobs, stop("\(error)"))
        }
        state.withLock { state in
            state.head = head
            state.note = note
            state.edge = appender.edge
        }
        for outcome in outcomes { outcome.release(note, head.size, now) }
    }

    private struct Outcome {
        let job: any CommitJob
        let result: Result<Range<Int64>, any Error>

        func release(_ note: SignedNote, _ size: Int64, _ time: Timestamp) {
            switch result {
            case .success(let indexes): job.succeed(Array(indexes), note, size, time)
            case .failure(let error): job.fail(error)
            }
        }
    }

    /// Runs one closure in its savepoint.
    ///
    /// - Throws: only what ends the whole batch: SQLite gave up the transaction.
    private func attempt(_ job: any CommitJob, _ transaction: Transaction, _ appender: Appender) throws -> Outcome {
        let database = transaction.database
        let first = appender.edge.size
        func run(_ body: () throws -> Void) throws -> Result<Range<Int64>, any Error> {
            let mark = appender.mark
            try database.cachedStatement(sql: "SAVEPOINT kouan_commit").execute()
            do {
                try body()
                try database.cachedStatement(sql: "RELEASE kouan_commit").execute()
                return .success(first..<appender.edge.size)
            } catch {
                // A full disk or an I/O error may have rolled back everything; then nothing of the batch is left to save.
                guard database.isInsideTransaction else { throw error }
                try database.cachedStatement(sql: "ROLLBACK TO kouan_commit").execute()
                try database.cachedStatement(sql: "RELEASE kouan_commit").execute()
                appender.reset(to: mark)
                return .failure(error)
            }
        }
        var result = try run {
            var ledger = LedgerTransaction(store: transaction, now: appender.now, appender: appender)
            try job.run(&ledger)
        }
        if case .failure(let refusal as LedgerRefusal) = result {
            result = try run { for event in refusal.events { _ = try appender.append(event, to: transaction) } }
            // If the refusal cannot be recorded, that is what the caller must hear.
            if case .success = result { result = .failure(refusal.reason) }
        }
        return Outcome(job: job, result: result.mapError { StorageError.wrapping($0, path: store.path) })
    }

    /// The transaction failed. What was not committed is undone; what may have been is settled by reading the head again.
    private func abandon(_ jobs: [any CommitJob], _ error: any Error, _ transaction: Transaction, _ old: StoredHead) {
        try? transaction.database.rollback()
        let code = (error as? DatabaseError)?.resultCode
        let isHarmless = code == .SQLITE_FULL || code == .SQLITE_BUSY || code == .SQLITE_LOCKED
        if isHarmless, !transaction.database.isInsideTransaction, (try? transaction.ledgerHead()) == old {
            return fail(jobs, StorageError.wrapping(error, path: store.path))
        }
        let reported = StorageError.wrapping(error, path: store.path)
        fail(jobs, stop((reported as? any KouanError)?.message ?? "\(error)"))
    }

    /// A disk that failed once cannot be believed again by this process.
    private func stop(_ detail: String) -> LedgerError {
        let error = LedgerError.stopped(detail: detail)
        state.withLock { $0.signing = .refused(error) }
        return error
    }

    private func fail(_ jobs: [any CommitJob], _ error: any Error) {
        for job in jobs { job.fail(error) }
    }

    private func write(_ head: StoredHead, _ note: SignedNote, to file: HeadFile?) throws {
        guard let file else { throw LedgerError.headFileMissing(path: headFilePath) }
        try file.write(Ledger.slot(of: head, note))
    }

    private static func slot(of head: StoredHead, _ note: SignedNote) -> HeadSlot {
        HeadSlot(
            generation: head.generation, origin: head.origin, size: head.size, root: head.root,
            signature: note.signatures.first?.signature ?? [])
    }

    // MARK: start rules that need a person or a peer

    /// Makes the head file anew from the database, after a person has decided that the database is the newest there is. The decision
    /// is recorded.
    ///
    /// - Throws: `.nothingToAdopt` unless the head file was missing: one that is ahead of the database is never overruled.
    package func adopt(by user: String? = nil) async throws {
        try await store.onWriter { [self] _ in
            try state.withLock { state in
                guard case .refused(.headFileMissing) = state.signing else { throw LedgerError.nothingToAdopt }
                let file = try HeadFile.open(path: headFilePath) ?? HeadFile.create(path: headFilePath)
                try file.write(Ledger.slot(of: state.head, state.note))
                state.headFile = file
                state.signing = startState(confirmed: state.confirmed.count)
            }
        }
        guard signing == .ready else { return }
        _ = try await commit { transaction in
            try transaction.append(LedgerEvent(type: .headAdopted, ids: user.map { ["user": $0] } ?? [:]))
        }
    }

    /// Takes in what a peer has pinned of this log. Before `startQuorum` peers have confirmed, the ledger does not sign; a peer that has
    /// seen more than we hold, or something else, stops it.
    package func confirm(peer: String, pinned: Checkpoint?) async throws {
        guard let pinned else { return note(confirmationOf: peer) }
        guard pinned.origin == origin else { throw LedgerError.wrongOrigin(expected: origin, found: pinned.origin) }
        let ours = size
        guard pinned.size <= ours else { return refuse(.peerAhead(peer: peer, theirs: pinned.size, ours: ours)) }
        let root = try await store.read { transaction in
            try MerkleTree.root(size: pinned.size) { level, index throws(MerkleLogError) in
                try transaction.ledgerHash(level: level, index: index)
            }
        }
        guard root == pinned.root else { return refuse(.peerDiffers(peer: peer, size: pinned.size)) }
        note(confirmationOf: peer)
    }

    private func note(confirmationOf peer: String) {
        state.withLock { state in
            state.confirmed.insert(peer)
            guard case .refused(.awaitingQuorum) = state.signing else { return }
            state.signing = startState(confirmed: state.confirmed.count)
        }
    }

    private func startState(confirmed: Int) -> SigningState {
        confirmed >= configuration.startQuorum
            ? .ready : .refused(.awaitingQuorum(needed: configuration.startQuorum, confirmed: confirmed))
    }

    private func refuse(_ error: LedgerError) {
        state.withLock { state in
            if case .refused(.stopped) = state.signing { return }
            state.signing = .refused(error)
        }
    }

    /// Call before `Store.close`.
    package func close() throws {
        try subjects.close()
        try index.close()
    }
}

// MARK: - jobs

/// A waiting commit with its result type hidden.
private protocol CommitJob: Sendable {
    func run(_ transaction: inout LedgerTransaction) throws
    func succeed(_ indexes: [Int64], _ checkpoint: SignedNote, _ size: Int64, _ time: Timestamp)
    func fail(_ error: any Error)
}

private final class Commit<T: Sendable>: CommitJob {
    private let body: @Sendable (inout LedgerTransaction) throws -> T
    private let continuation: CheckedContinuation<Committed<T>, any Error>
    private let value = Mutex<T?>(nil)

    init(body: @escaping @Sendable (inout LedgerTransaction) throws -> T, continuation: CheckedContinuation<Committed<T>, any Error>) {
        self.body = body
        self.continuation = continuation
    }

    func run(_ transaction: inout LedgerTransaction) throws {
        let result = try body(&transaction)
        value.withLock { $0 = result }
    }

    func succeed(_ indexes: [Int64], _ checkpoint: SignedNote, _ size: Int64, _ time: Timestamp) {
        guard let value = value.withLock({ $0 }) else { return fail(LedgerError.stopped(detail: "a commit ended without a result")) }
        continuation.resume(returning: Committed(value: value, indexes: indexes, checkpoint: checkpoint, size: size, time: time))
    }

    func fail(_ error: any Error) { continuation.resume(throwing: error) }
}
