// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import DataspaceProtocol
import Exchange
import ExchangeModel
import Foundation
import Glibc
import Hummingbird
import Identity
import Ledger
import Logging
import NIOCore
import NodeTesting
import PeerAPI
import Sealing
import StorageSQLite
import TLSTransport
import Testing

/// A whole node but for its management port: store, ledger, exchange, and real TLS on the loopback interface.
final class TLSNode: Sendable {
    let participant: ParticipantID
    let base: String
    let keys: NodeKeys
    let credential: ClientCredential
    let trust: TrustConfiguration
    let home: TemporaryDirectory
    let store: Store
    let ledger: Ledger
    let peers: PeerDirectory
    let exchange: Exchange
    let context: TLSServerContext
    let transport: HTTPSPeerTransport
    private let port: Int
    private let clock: SimulatedClock

    init(_ participant: String, name: String, space: TestSpace, clock: SimulatedClock) async throws {
        self.participant = try ParticipantID(parsing: participant)
        self.clock = clock
        port = try freePort()
        base = "https://127.0.0.1:\(port)"
        home = try TemporaryDirectory()
        keys = try NodeKeys.create(in: try home.make("keys"))
        let now = clock.now()
        let tlsKey = try PrivateKey.generate(.p256)
        let certificate = try space.authority.issue(
            subject: DistinguishedName(commonName: name), publicKey: tlsKey.publicKey, uriNames: [participant], ipNames: ["127.0.0.1"],
            profile: .tlsNode, notBefore: now.adding(seconds: -600), notAfter: now.adding(seconds: 90 * 86_400))
        credential = ClientCredential(certificateChain: [certificate], key: tlsKey)
        let list = try space.authority.makeCRL(
            revoked: [], number: 1, thisUpdate: now.adding(seconds: -600), nextUpdate: now.adding(seconds: 30 * 86_400))
        trust = TrustConfiguration(anchors: [space.authority.certificate], revocationLists: [list])

        let endpoints = CardEndpoints(peer: try #require(BaseURL(parsing: base)))
        let names = try #require(PartyNames(zh: "测试企业", en: name))
        let origin = "\(name).example/log"
        var contents = CardContents(
            participant: self.participant, names: names, issuedAt: now, signingKey: keys.signing.publicKey,
            tlsKeys: [
                .init(
                    fingerprint: tlsKey.publicKey.fingerprint, notBefore: certificate.notBefore, notAfter: certificate.notAfter)
            ],
            encryptionKey: keys.encryption.publicKey, ledger: try #require(LogKey(name: origin, role: .log, key: keys.ledger.publicKey)),
            endpoints: endpoints)
        let attributes = AttributeSet(
            country: try CountryCode(parsing: "CN"), provinceRegistered: try ProvinceCode(parsing: "CN-350000"),
            provincePhysical: try ProvinceCode(parsing: "CN-350000"), industry: IndustryCode(parsing: "C38"),
            roles: [.provider, .consumer])
        contents.credentials = [
            try space.admit(try NodeCard.issue(contents, with: keys.signing), attributes: attributes, at: now)
        ]
        let card = try NodeCard.issue(contents.next(issuedAt: now), with: keys.signing)

        let data = try home.make("data")
        store = try Store.open(
            directory: data, records: LedgerStorage.records + Exchange.recordTypes, schemas: [LedgerStorage.schema, UsageRow.schema])
        ledger = try await Ledger.create(store: store, origin: origin, key: keys.ledger, storageKey: keys.storage, clock: clock)
        try await store.write { tx in
            try tx.put(Setting(id: Setting.ownCard, value: String(decoding: card.bytes, as: UTF8.self)))
            try tx.put(
                Space(
                    id: space.file.id.description, file: space.file.bytes, crl: nil, addedAt: now, isOperated: false, credential: nil))
        }
        peers = PeerDirectory(clock: clock)
        try await peers.load(from: store)
        let pool = try HTTPSClientPool(credential: credential, trust: trust, clock: clock)
        transport = HTTPSPeerTransport(pool: pool)
        var limits = TLSServerLimits()
        limits.closeTimeout = .milliseconds(100)  // a test whose peer does not read need not wait for its end
        context = try TLSServerContext(
            certificateChain: credential.certificateChain, key: credential.key, trust: trust, limits: limits, clock: clock)
        let files = PackageFiles(directory: data)
        try files.prepare()
        exchange = Exchange(
            store: store, ledger: ledger, keys: keys,
            own: OwnParty(participant: self.participant, names: names, endpoints: endpoints, origin: origin), peers: peers,
            transport: transport, files: files, clock: clock, settings: TestNode.settings, logger: silent)
    }

    func add(_ peer: TLSNode, state: Peer.State = .active) async throws {
        let card = try #require(peer.peers.ownCard)
        try await store.write { [now = clock.now()] tx in
            try tx.put(
                Peer(
                    id: card.participant.description, card: card.bytes, cardDigest: card.digest, state: state, addedAt: now,
                    addedBy: "test"))
        }
        try await peers.load(from: store)
    }

    func address(of peer: TLSNode) throws -> PeerAddress { try peers.address(of: peer.participant) }

    /// Listens for as long as `body` takes.
    func serving<T: Sendable>(
        limits: PeerServerLimits = PeerServerLimits(), _ body: @Sendable () async throws -> T
    ) async throws -> T {
        let (running, continuation) = AsyncStream.makeStream(of: Int.self)
        let server = PeerServer.make(
            exchange: exchange, context: context, host: "127.0.0.1", port: port, logger: silent, limits: limits
        ) { continuation.yield($0) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { continuation.finish() }
                try await server.run()
            }
            defer { group.cancelAll() }
            var iterator = running.makeAsyncIterator()
            try #require(await iterator.next() == port)
            return try await body()
        }
    }

    /// A request of `caller` to this node, below its base.
    func answer(
        _ method: String, _ path: String, to caller: TLSNode, headers: [(name: String, value: String)] = [], body: [UInt8] = []
    ) async throws -> HTTPClientResponse {
        let client = try client(of: caller)
        defer { client.close() }
        var request = HTTPClientRequest(method: method, url: base + path, headers: headers, body: body)
        request.maximumResponseBytes = 64 << 20
        request.totalTimeout = .seconds(30)
        return try await client.send(request)
    }

    func client(of caller: TLSNode) throws -> HTTPSClient {
        try HTTPSClient(
            credential: caller.credential, trust: caller.trust, generation: 1,
            expecting: ExpectedPeer(participant: participant.description), clock: clock)
    }
}

/// Provider, consumer and a stranger: all three members of one space, the first two peers of each other.
struct TLSWorld: Sendable {
    let clock = SimulatedClock()
    let space: TestSpace
    let provider: TLSNode
    let consumer: TLSNode
    let stranger: TLSNode
    let user: UserID

    init() async throws {
        space = try TestSpace(at: clock.now())
        provider = try await TLSNode("urn:reg:CN:BATTERY-1", name: "battery", space: space, clock: clock)
        consumer = try await TLSNode("urn:reg:CN:MOTORS-1", name: "motors", space: space, clock: clock)
        stranger = try await TLSNode("urn:reg:CN:STRANGER-1", name: "stranger", space: space, clock: clock)
        user = try #require(UserID(random: SecureRandom.bytes(10)))
        try await provider.add(consumer)
        try await consumer.add(provider)
    }

    /// Both listen and send; with `downloads`, packages are fetched, too.
    func running<T: Sendable>(
        downloads: Bool = false, limits: PeerServerLimits = PeerServerLimits(), _ body: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        try await provider.serving(limits: limits) {
            try await consumer.serving {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for node in [provider, consumer] { group.addTask { try await node.exchange.runOutbox() } }
                    if downloads { group.addTask { try await consumer.exchange.runDownloads() } }
                    defer { group.cancelAll() }
                    return try await body()
                }
            }
        }
    }

    /// Seals and offers `files`, and negotiates for them.
    func agree(on files: [String: [UInt8]], policy: JSON = TestPolicy.use) async throws -> Agreement {
        let source = provider.home.path + "/source"
        try TestTree.write(files, to: source)
        let dataset = Dataset(
            id: "D-01", titleZH: "动力电池溯源", titleEN: "Battery trace", sourcePath: source, grade: .general, personalInformation: .none,
            createdAt: clock.now())
        try await provider.exchange.add(dataset, by: user)
        let version = try await provider.exchange.seal(dataset, options: .init(), by: user)
        _ = try await provider.exchange.offer(
            version, policy: policy, visibility: [.registered], acknowledgingDeclared: true, by: user)
        let remote = try await consumer.exchange.findOffer(of: provider.participant, dataset: "D-01", offer: nil)
        let negotiation = try await consumer.exchange.negotiate(remote, waitSeconds: 30, by: user)
        try #require(negotiation.stateName == "FINALIZED")
        return try #require(
            try await consumer.store.read { try $0.first(Agreement.self, where: "negotiation", equals: negotiation.id) })
    }

    /// A transfer that was started and whose bytes nobody fetched yet.
    func startedTransfer(bytes: Int) async throws -> StartedTransfer {
        let agreement = try await agree(on: ["data.bin": SecureRandom.bytes(bytes)])
        let requested = try await consumer.exchange.transfer(agreement, waitSeconds: 0, by: user)
        let started = try await consumer.exchange.signals.wait(for: requested.id, seconds: 30) { [store = consumer.store] in
            let current = try await store.read { try $0.get(Transfer.self, id: requested.id) }
            return current?.dataAddress == nil ? nil : current
        }
        let transfer = try #require(started)
        let address = try SealedPackageAddress(try DataAddress.parse(try #require(transfer.dataAddress)))
        let file = provider.home.path + "/data/packages/\(transfer.package.hex).kouan"
        return StartedTransfer(
            id: transfer.id, package: transfer.package, token: address.authorization, url: address.endpoint,
            path: String(address.endpoint.dropFirst(provider.base.count)), bytes: Array(try Data(contentsOf: URL(fileURLWithPath: file))))
    }
}

struct StartedTransfer: Sendable {
    let id: String
    let package: Digest
    let token: String
    let url: String
    let path: String
    /// The sealed package as it lies on the provider's disk.
    let bytes: [UInt8]

    var authorization: (name: String, value: String) { (name: "Authorization", value: "Bearer " + token) }
}

let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A port that was free a moment ago.
private func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) | getsockname(descriptor, $0, &length) }
    }
    try #require(result == 0)
    return Int(UInt16(bigEndian: address.sin_port))
}

/// Waits for what another task brings about; fails the test after a minute. It pauses between looks, so that waiting tests leave the
/// machine to those that work.
func eventually(_ what: String, _ condition: @Sendable () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("never: \(what)")
            throw CancellationError()
        }
        try await ContinuousClock().sleep(for: .milliseconds(5))
    }
}

extension HTTPClientResponse {
    var json: JSON? { try? JSON.parse(body) }
    var code: String? { json?["code"]?.string }
}
