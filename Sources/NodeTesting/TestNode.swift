// SPDX-License-Identifier: Apache-2.0

package import CryptoPrimitives
package import Exchange
package import ExchangeModel
import Foundation
import Identity
package import Ledger
import Logging
import Sealing
package import StorageSQLite
import Synchronization

/// A node on a directory of its own, without HTTP: store, ledger and exchange, which can be killed and started again.
///
/// `run()` keeps it serving and starts a new life after each kill, as a service manager would.
package final class TestNode: Sendable {
    package let party: TestParty
    package let tlsKey: PublicKey
    package let keys: NodeKeys
    package let clock: SimulatedClock
    package let settings: ExchangeSettings
    /// Everything of this node lies below: one data directory per life, and what is opened.
    package let home: TemporaryDirectory
    private let network: InMemoryNetwork
    private let state: Mutex<State>
    private let signals = ProcessSignals()

    private struct State {
        var life: Life?
        var number = 0
        var directory: String
        var plan: KillPlan?
        /// The latest life of which only an image is left.
        var buried = 0
    }

    /// What a process of the node holds.
    package struct Life: Sendable {
        package let number: Int
        package let directory: String
        package let store: Store
        package let ledger: Ledger
        package let peers: PeerDirectory
        package let exchange: Exchange
    }

    private init(
        _ party: TestParty, tlsKey: PublicKey, keys: NodeKeys, clock: SimulatedClock, settings: ExchangeSettings, home: TemporaryDirectory,
        directory: String, network: InMemoryNetwork
    ) {
        self.party = party
        self.tlsKey = tlsKey
        self.keys = keys
        self.clock = clock
        self.settings = settings
        self.home = home
        self.network = network
        state = Mutex(State(directory: directory))
    }

    /// Settings under which nothing waits for real time: what failed is tried again at once.
    package static var settings: ExchangeSettings {
        var settings = ExchangeSettings()
        settings.firstRetryMilliseconds = 0
        return settings
    }

    // MARK: making

    /// A new node: keys, an empty ledger, a card with a credential of each space.
    package static func create(
        _ party: TestParty, spaces: [TestSpace], clock: SimulatedClock, network: InMemoryNetwork, settings: ExchangeSettings
    ) async throws -> TestNode {
        let home = try TemporaryDirectory()
        let directory = try home.make("life-1")
        let keys = try NodeKeys.create(in: try home.make("life-1/keys"))
        let tlsKey = try PrivateKey.generate(.p256).publicKey
        let now = clock.now()
        guard let log = LogKey(name: party.origin, role: .log, key: keys.ledger.publicKey) else {
            throw ExchangeError.badInput("origin", "cannot name a log")
        }
        var contents = CardContents(
            participant: party.participant, names: party.names, issuedAt: now, signingKey: keys.signing.publicKey,
            tlsKeys: [
                .init(fingerprint: tlsKey.fingerprint, notBefore: now.adding(seconds: -600), notAfter: now.adding(seconds: 365 * 86_400))
            ],
            encryptionKey: keys.encryption.publicKey, ledger: log,
            witnessKey: LogKey(name: party.origin + "/witness", role: .witness, key: keys.witness.publicKey), endpoints: party.endpoints)
        if party.acceptsGuomi { keys.describe(in: &contents) }
        let bare = try NodeCard.issue(contents, with: keys.signing)
        contents.credentials = try spaces.map { try $0.admit(bare, attributes: party.attributes, at: now) }
        let card = try NodeCard.issue(contents.next(issuedAt: now), with: keys.signing)

        let store = try openStore(directory)
        let ledger = try await Ledger.create(store: store, origin: party.origin, key: keys.ledger, storageKey: keys.storage, clock: clock)
        try await store.write { tx in
            try tx.put(Setting(id: Setting.ownCard, value: String(decoding: card.bytes, as: UTF8.self)))
            for space in spaces {
                try tx.put(
                    Space(
                        id: space.file.id.description, file: space.file.bytes, crl: nil, addedAt: now, isOperated: false, credential: nil))
            }
        }
        await close(store, ledger)
        let node = TestNode(
            party, tlsKey: tlsKey, keys: keys, clock: clock, settings: settings, home: home, directory: directory, network: network)
        network.register(node)
        try await node.open()
        return node
    }

    private static func openStore(_ directory: String) throws -> Store {
        try Store.open(
            directory: directory, records: LedgerStorage.records + Exchange.recordTypes, schemas: [LedgerStorage.schema, UsageRow.schema])
    }

    /// Closing waits for readers, which need a thread to end on: not one of the few that run tasks.
    private static func close(_ store: Store, _ ledger: Ledger) async {
        try? await BlockingWork().run { _ in
            try ledger.close()
            try store.close()
        }
    }

    // MARK: lives

    /// The running life. Waits for a start that is under way.
    package var life: Life {
        get async throws {
            let life = try await signals.wait(for: "life", seconds: 60) { [self] in state.withLock(\.life) }
            guard let life else { throw PeerTransportError.noAnswer("node `\(party.participant)` does not run") }
            return life
        }
    }

    package var exchange: Exchange { get async throws { try await life.exchange } }
    package var store: Store { get async throws { try await life.store } }
    package var ledger: Ledger { get async throws { try await life.ledger } }
    package var directory: String { state.withLock(\.directory) }
    package var address: ParticipantID { party.participant }

    /// Starts from the directory, as a new process would.
    package func open() async throws {
        let (number, directory) = state.withLock { state in
            state.number += 1
            return (state.number, state.directory)
        }
        let keys = try NodeKeys.load(from: directory + "/keys")
        let store = try TestNode.openStore(directory)
        var configuration = LedgerConfiguration()
        configuration.atStep = { [weak self] step in
            guard let self else { return }
            // A killed process commits nothing more, though its tasks go on for a moment in this one.
            if !isBuried(number) {
                guard killsNow(.ledger(step), life: number) else { return }
                try keepImage()
            }
            throw PeerTransportError.noAnswer("killed")
        }
        let ledger = try await Ledger.open(
            store: store, origin: party.origin, key: keys.ledger, storageKey: keys.storage, clock: clock, configuration: configuration)
        let files = PackageFiles(directory: directory)
        try files.prepare()
        let peers = PeerDirectory(clock: clock)
        try await peers.load(from: store)
        let exchange = Exchange(
            store: store, ledger: ledger, keys: keys,
            own: OwnParty(participant: party.participant, names: party.names, endpoints: party.endpoints, origin: party.origin),
            peers: peers, transport: InMemoryTransport(network: network, owner: self, life: number), files: files, clock: clock,
            settings: settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await exchange.recover()
        let life = Life(number: number, directory: directory, store: store, ledger: ledger, peers: peers, exchange: exchange)
        state.withLock { $0.life = life }
        signals.notify("life")
    }

    /// Starts it if it was killed last.
    package func wake() async throws { if state.withLock({ $0.life == nil }) { try await open() } }

    /// Serves until cancelled: messages go out, packages come in, and after a kill the next life begins.
    package func run() async throws {
        while !Task.isCancelled {
            try await wake()
            guard let life = state.withLock(\.life) else { continue }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await life.exchange.runOutbox() }
                group.addTask { try? await life.exchange.runDownloads() }
                group.addTask { try? await life.exchange.runUpkeep() }
                let deaths = signals.changes(of: "death")
                if !isBuried(life.number) { for await _ in deaths where isBuried(life.number) { break } }
                group.cancelAll()
            }
            guard isBuried(life.number) else { return }
            await TestNode.close(life.store, life.ledger)
        }
    }

    // MARK: kills

    /// From now on the node dies where the plan says.
    package func follow(_ plan: KillPlan?) { state.withLock { $0.plan = plan } }

    private func isBuried(_ number: Int) -> Bool { state.withLock { $0.buried >= number } }

    func isAlive(_ number: Int) -> Bool { state.withLock { $0.life?.number == number } }

    func serving() throws -> Life {
        guard let life = state.withLock(\.life) else { throw PeerTransportError.noAnswer("connection refused") }
        return life
    }

    /// Kills the node now, wherever it is.
    package func kill() async throws {
        guard
            let life = state.withLock({ state in
                defer { state.life = nil }
                return state.life
            })
        else { return }
        try await life.store.onWriter { [self] _ in try keepImage() }
    }

    /// Whether the node died here.
    func strike(_ point: KillPoint, life number: Int) async throws -> Bool {
        guard let store = state.withLock({ $0.life?.number == number ? $0.life?.store : nil }), killsNow(point, life: number) else {
            return false
        }
        try await store.onWriter { [self] _ in try keepImage() }
        return true
    }

    private func killsNow(_ point: KillPoint, life number: Int) -> Bool {
        state.withLock { state in
            guard state.life?.number == number, state.plan?.strikes(party.participant, point) == true else { return false }
            state.life = nil
            return true
        }
    }

    /// Copies the directory as it is; the next life begins from the copy. On the writer's thread, so that no write is half in it.
    private func keepImage() throws {
        let (from, to) = state.withLock { ($0.directory, home.path + "/life-\($0.number + 1)") }
        try TestTree.copy(from, to: to)
        state.withLock { state in
            state.directory = to
            state.buried = state.number
        }
        signals.notify("death")
    }

    // MARK: peers

    /// Takes in the peer's card, as a user who compared its fingerprint would.
    package func add(peer: TestNode) async throws {
        guard let card = try await peer.life.peers.ownCard else { throw ExchangeError.unknown("card", "\(peer.party.participant)") }
        try await put(
            Peer(
                id: peer.party.participant.description, card: card.bytes, cardDigest: card.digest, state: .active, addedAt: clock.now(),
                addedBy: "test"))
    }

    package func setState(_ new: Peer.State, of peer: ParticipantID) async throws {
        guard var known = try await store.read({ try $0.get(Peer.self, id: peer.description) }) else {
            throw ExchangeError.unknown("peer", "\(peer)")
        }
        known.state = new
        try await put(known)
    }

    private func put(_ peer: Peer) async throws {
        let life = try await life
        try await life.store.write { try $0.put(peer) }
        try await life.peers.load(from: life.store)
    }

    // MARK: users

    /// What a user of the node does. If the node dies meanwhile this throws: nothing was acknowledged.
    @discardableResult
    package func perform<T: Sendable>(_ body: @escaping @Sendable (Exchange) async throws -> T) async throws -> T {
        let life = try await life
        return try await untilDeath(of: life) { try await body(life.exchange) }
    }

    /// Waits, up to a limit, until `check` gives a value. Looks again after each change of the node's outbox; throws if the node dies.
    package func eventually<T: Sendable>(
        within seconds: Int64 = 30, _ check: @escaping @Sendable (Transaction) throws -> T?
    ) async throws -> T? {
        let life = try await life
        return try await untilDeath(of: life) {
            try await life.exchange.signals.wait(for: Exchange.outboxSignal, seconds: seconds) {
                try await life.store.read { try check($0) }
            }
        }
    }

    private func untilDeath<T: Sendable>(of life: Life, _ body: @escaping @Sendable () async throws -> T) async throws -> T {
        try await withThrowingTaskGroup(of: T.self) { group in
            let deaths = signals.changes(of: "death")
            group.addTask { [self] in
                let value = try await body()
                guard isAlive(life.number) else { throw PeerTransportError.noAnswer("the node was killed") }
                return value
            }
            group.addTask { [self] in
                if isAlive(life.number) { for await _ in deaths where !isAlive(life.number) { break } }
                throw PeerTransportError.noAnswer("the node was killed")
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }
}
