// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import Dispatch
package import Exchange
package import ExchangeModel
import Foundation
import Identity
package import Ledger
package import Logging
package import ManagementAPI
import PeerAPI
package import StorageSQLite
import Synchronization
import TLSTransport

/// One node: its data directory opened, every part connected. `serve` makes it listen; without that it performs the operations that need
/// no peer, which is how the command line works on a stopped node.
package final class Node: Operations {
    package static let version = "0.1.0"

    let layout: NodeLayout
    let configuration: NodeConfiguration
    let keys: NodeKeys
    package let store: Store
    package let ledger: Ledger
    let peers: PeerDirectory
    package let exchange: Exchange
    let transport: SwitchableTransport
    let clock: any WallClock
    let logger: Logger
    let tls = NodeTLS()

    /// Opens the node of `directory` and takes its lock.
    ///
    /// - Throws: `NodeFailure.notInitialised`, `StorageError.inUse`, `ConfigurationError`, or what is wrong with a key file.
    package static func open(
        directory: String, clock: any WallClock = SystemClock(), logger: Logger, environment: [String: String] = [:]
    ) async throws -> Node {
        let layout = NodeLayout(directory: directory)
        guard layout.exists(layout.configuration) else { throw NodeFailure.notInitialised(directory) }
        // A restored directory may lack folders that were empty.
        try layout.makeFolders()
        let configuration = try NodeConfiguration.parse(
            yaml: try layout.text(layout.configuration), path: layout.configuration, environment: environment)
        let store = try Store.open(
            directory: directory, records: Exchange.recordTypes + LedgerStorage.records, schemas: [LedgerStorage.schema, UsageRow.schema])
        do {
            return try await Node(layout, configuration, store: store, clock: clock, logger: logger)
        } catch {
            try? store.close()
            throw error
        }
    }

    private init(
        _ layout: NodeLayout, _ configuration: NodeConfiguration, store: Store, clock: any WallClock, logger: Logger
    ) async throws {
        self.layout = layout
        self.configuration = configuration
        self.store = store
        self.clock = clock
        var logger = logger
        if let level = Logger.Level(rawValue: configuration.logLevel) { logger.logLevel = min(level, logger.logLevel) }
        self.logger = logger
        keys = try NodeKeys.load(from: layout.keys)
        let setting = try await store.read { try $0.get(Setting.self, id: Setting.origin) }
        guard let origin = configuration.ledgerOrigin ?? setting?.value else { throw NodeFailure.notInitialised(layout.directory) }
        ledger = try await Ledger.open(
            store: store, origin: origin, key: keys.ledger, storageKey: keys.storage, clock: clock)
        peers = PeerDirectory(clock: clock)
        transport = SwitchableTransport()
        let files = PackageFiles(directory: layout.directory)
        try files.prepare()
        var settings = ExchangeSettings()
        settings.leaseSeconds = Int64(configuration.grantLeaseSeconds)
        // A province of the table is one of the mainland.
        settings.surroundings = StatedFacts.surroundings(
            country: configuration.place.map { String($0.prefix(2)) }, environments: configuration.environments)
        settings.receiptDeadlineSeconds = Int64(configuration.receiptDeadlineSeconds)
        guard let names = PartyNames(zh: configuration.nameZH, en: configuration.nameEN),
            let base = BaseURL(parsing: configuration.peerURL)
        else { throw ExchangeError.badInput("peer.url", "or the names in kouan.yaml cannot be used") }
        exchange = Exchange(
            store: store, ledger: ledger, keys: keys,
            own: OwnParty(participant: configuration.participant, names: names, endpoints: CardEndpoints(peer: base), origin: origin),
            peers: peers, transport: transport, files: files, clock: clock, settings: settings, logger: logger)
        try await reloadIdentity()
        if ledger.signing == .ready { try await exchange.recover() }
    }

    /// Reads certificates, spaces and peers again, renews our card where it changed, and gives TLS the new trust. What cannot be read keeps
    /// the node from talking to peers and is said by `health`.
    func reloadIdentity() async throws {
        let spaces = try await store.read { try $0.all(Space.self) }
        try await peers.load(from: store)
        let material = Result { try TLSMaterial.load(layout, spaces: spaces) }
        let chains = Result { try installedChains() }
        if case .success(let leaves) = chains, !leaves.isEmpty {
            let now = clock.now()
            let wanted = try OwnCard.contents(
                configuration, keys: keys, origin: ledger.origin, chains: leaves, credentials: spaces.compactMap(\.credential), now: now)
            let card = try OwnCard.issue(wanted, after: peers.ownCard, keys: keys, now: now)
            if card.digest != peers.ownCard?.digest {
                let setting = Setting(id: Setting.ownCard, value: String(decoding: card.bytes, as: UTF8.self))
                try await store.write { tx in
                    var history = (try tx.get(Setting.self, id: Setting.ownCardHistory)?.value ?? "").split(separator: " ").map(String.init)
                    history.append(card.digest.description)
                    try tx.put(setting)
                    // A card is renewed with its certificate, some times a year.
                    try tx.put(Setting(id: Setting.ownCardHistory, value: history.suffix(500).joined(separator: " ")))
                }
                try await peers.load(from: store)
            }
        }
        try tls.update(material, transport: transport, configuration: configuration, clock: clock, logger: logger)
    }

    /// The leaves of what is installed, without regard to spaces.
    func installedChains() throws -> [Certificate] {
        try [layout.serverChain, layout.clientChain].filter(layout.exists).compactMap {
            try Certificate.chain(pem: try layout.text($0)).first
        }
    }

    package func close() async {
        tls.close()
        // Closing waits for readers, which may need this very thread to finish.
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { [self] in
                do {
                    try ledger.close()
                    try store.close()
                } catch {
                    logger.error("store not closed", metadata: ["error": "\(error)"])
                }
                continuation.resume()
            }
        }
    }

    package func health() async -> Health {
        var reasons: [String] = []
        let isSigning: Bool
        switch ledger.signing {
        case .ready: isSigning = true
        case .refused(let reason):
            isSigning = false
            reasons.append("the ledger does not sign: \(reason.message)")
        }
        reasons += tls.reasons(at: clock.now())
        return Health(live: true, ready: reasons.isEmpty, reasons: reasons, signing: isSigning, started: true)
    }

    package func authenticate(token: String) async -> OperationUser? {
        guard let parsed = UserToken(parsing: token) else { return nil }
        let record = try? await store.read { try $0.get(NodeUser.self, id: parsed.user.description) }
        guard let record, record.disabledAt == nil, constantTimeEqual(record.tokenHash.bytes, parsed.digest.bytes) else { return nil }
        return OperationUser(id: record.id, name: record.name, roles: Set(record.roles))
    }
}

/// The system's clock.
package struct SystemClock: WallClock {
    package init() {}
    package func now() -> Timestamp { SystemWallClock().now() }
}

extension Setting {
    static let origin = "origin"
}
