// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Foundation
import Ledger
import StorageSQLite
import Synchronization

/// A clock that stands still until told otherwise.
final class TestClock: WallClock {
    private let time: Mutex<Timestamp>

    init(_ time: Timestamp = Timestamp(milliseconds: 1_795_334_400_000)) { self.time = Mutex(time) }

    func now() -> Timestamp { time.withLock(\.self) }
    func advance(seconds: Int64) { time.withLock { $0 = $0.adding(seconds: seconds) } }
}

/// A document of the business side.
struct Note: StoredRecord, Equatable {
    static let table = "note"
    static let keyNames = ["owner"]
    let id: String
    var owner: String?
    var text: String
    var keys: [String: String?] { ["owner": owner] }
}

struct Fault: Error, Equatable {}

/// A temporary directory with mode 0700, removed at the end.
final class TestDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "kouan-" + Hex.encode(SecureRandom.bytes(8))
        try DataDirectory.create(path: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// A copy of all files as they are now: what a crash at this moment would leave to the next start.
    func copy(of other: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: other) where name != "lock" && !name.hasSuffix("-shm") {
            try? FileManager.default.removeItem(atPath: path + "/" + name)
            try FileManager.default.copyItem(atPath: other + "/" + name, toPath: path + "/" + name)
        }
    }
}

/// A ledger with its keys, which can be closed and opened again.
struct TestNode: Sendable {
    static let origin = "node-a.example/ledger"

    let store: Store
    let ledger: Ledger
    let clock: TestClock
    let keys: Keys

    struct Keys: Sendable {
        let ledger: PrivateKey
        let storage: SecretBytes

        init() throws {
            self.init(ledger: try PrivateKey.generate(.ed25519), storage: SecretBytes.random(count: 32))
        }

        init(ledger: PrivateKey, storage: SecretBytes) {
            self.ledger = ledger
            self.storage = storage
        }
    }

    static func create(
        _ directory: String, keys: Keys? = nil, clock: TestClock = TestClock(), configuration: LedgerConfiguration = LedgerConfiguration()
    ) async throws -> TestNode {
        let keys = try keys ?? Keys()
        let store = try openStore(directory)
        let ledger = try await Ledger.create(
            store: store, origin: origin, key: keys.ledger, storageKey: keys.storage, clock: clock, configuration: configuration)
        return TestNode(store: store, ledger: ledger, clock: clock, keys: keys)
    }

    static func open(
        _ directory: String, keys: Keys, clock: TestClock = TestClock(), configuration: LedgerConfiguration = LedgerConfiguration()
    ) async throws -> TestNode {
        let store = try openStore(directory)
        let ledger = try await Ledger.open(
            store: store, origin: origin, key: keys.ledger, storageKey: keys.storage, clock: clock, configuration: configuration)
        return TestNode(store: store, ledger: ledger, clock: clock, keys: keys)
    }

    static func openStore(_ directory: String) throws -> Store {
        try Store.open(directory: directory, records: LedgerStorage.records + [Note.self], schemas: [LedgerStorage.schema])
    }

    func close() throws {
        try ledger.close()
        try store.close()
    }
}

extension PartyFacts {
    static func fujian() throws -> PartyFacts {
        PartyFacts(
            participant: try ParticipantID(parsing: "urn:reg:CN:BATTERY-1"), space: "space-battery",
            province: try ProvinceCode(parsing: "CN-350000"),
            country: try CountryCode(parsing: "CN"))
    }

    static func guangdong() throws -> PartyFacts {
        PartyFacts(
            participant: try ParticipantID(parsing: "urn:reg:CN:CAR-1"), space: "space-battery",
            province: try ProvinceCode(parsing: "CN-440000"),
            country: try CountryCode(parsing: "CN"))
    }

    static func germany() throws -> PartyFacts {
        PartyFacts(
            participant: try ParticipantID(parsing: "urn:reg:DE:HRB-1"), space: "space-eu", province: nil,
            country: try CountryCode(parsing: "DE"))
    }
}

extension LedgerEvent {
    /// A delivery as both sides would record it.
    static func delivery(_ number: Int, role: EntryRole = .provider, secret: [UInt8]? = nil) throws -> LedgerEvent {
        let correlation = "transfer-\(number)"
        return LedgerEvent(
            type: role == .provider ? .delivered : .received, role: role, correlation: correlation, agreement: "agreement-\(number % 3)",
            event: LedgerEvent.sharedEvent(correlation: correlation, step: "delivery"),
            shared: SharedFacts(
                provider: try .fujian(), consumer: try .guangdong(), dataset: "D-01", version: "1",
                package: Hash.digest(Array("package \(number)".utf8)), sizeBytes: 50_000_000, agreement: Hash.digest([1]),
                policy: Hash.digest([2]), startedAt: Timestamp(milliseconds: 1_795_334_300_000), outcome: "delivered"),
            local: ["reason": "ODRL-7", "counted": 17], digests: ["receipt": Hash.digest([UInt8(number & 255)])], ids: ["user": "u-1"],
            mirrorSecret: secret)
    }
}
