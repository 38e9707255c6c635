// SPDX-License-Identifier: Apache-2.0
import ExchangeModel
import Foundation
import GRDB
import Glibc
import StorageSQLite
import Testing

private struct Item: StoredRecord, Equatable {
    static let table = "order"  // a word that SQL reserves
    static let keyNames = ["peer", "group"]
    let id: String
    var peer: String?
    var group: String
    var count = 0
    var keys: [String: String?] { ["peer": peer, "group": group] }
}

/// The same table as an older program knew it.
private struct OldItem: StoredRecord {
    static let table = "order"
    static let keyNames = ["peer"]
    let id: String
    var peer: String?
    var group: String
    var count = 0
    var keys: [String: String?] { ["peer": peer] }
}

private final class Directory: Sendable {
    let path = NSTemporaryDirectory() + "kouan-store-" + UUID().uuidString

    init() throws { try DataDirectory.create(path: path) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func store(_ records: [any StoredRecord.Type] = [Item.self], _ schemas: [SchemaComponent] = []) throws -> Store {
        try Store.open(directory: path, records: records, schemas: schemas)
    }
}

@Suite struct StoreTests {
    @Test func documentsAreFoundByIdAndKey() async throws {
        let directory = try Directory()
        let store = try directory.store()
        try await store.write { transaction in
            for number in 0..<25 {
                try transaction.put(Item(id: String(format: "i%02d", number), peer: number == 7 ? nil : "p\(number % 3)", group: "g"))
            }
            try transaction.put(Item(id: "i03", peer: "p9", group: "h", count: 1))
        }
        try await store.read { transaction in
            #expect(try transaction.get(Item.self, id: "i03") == Item(id: "i03", peer: "p9", group: "h", count: 1))
            #expect(try transaction.get(Item.self, id: "none") == nil)
            #expect(try transaction.exists(Item.self, id: "i07"))
            #expect(
                try transaction.all(Item.self, where: "peer", equals: "p0").map(\.id) == [
                    "i00", "i06", "i09", "i12", "i15", "i18", "i21", "i24",
                ])
            #expect(try transaction.all(Item.self, where: [("peer", "p0"), ("group", "h")]).isEmpty)
            #expect(try transaction.first(Item.self, where: "group", equals: "h")?.id == "i03")
            #expect(try transaction.count(Item.self) == 25)
            #expect(try transaction.count(Item.self, where: "group", equals: "g") == 24)
            let first = try transaction.page(Item.self, limit: 10)
            let second = try transaction.page(Item.self, after: first.last?.id, limit: 10)
            #expect(first.map(\.id) == (0..<10).map { String(format: "i%02d", $0) })
            #expect(second.first?.id == "i10")
            #expect(try transaction.all(Item.self, where: "group", equals: "g", after: "i22", limit: 1).map(\.id) == ["i23"])
        }
        let deleted = try await store.write { try [$0.delete(Item.self, id: "i00"), $0.delete(Item.self, id: "i00")] }
        #expect(deleted == [true, false])
        await #expect(throws: StorageError.duplicate(detail: "`i01` in `order`")) {
            try await store.write { try $0.insert(Item(id: "i01", group: "g")) }
        }
        try store.close()
    }

    @Test func aThrowingWriteChangesNothing() async throws {
        struct Stop: Error {}
        let directory = try Directory()
        let store = try directory.store()
        await #expect(throws: Stop.self) {
            try await store.write { transaction in
                try transaction.put(Item(id: "a", group: "g"))
                throw Stop()
            }
        }
        #expect(try await store.read { try $0.count(Item.self) } == 0)
        try store.close()
    }

    @Test func theDatabaseIsDurableAndWipesWhatItDeletes() async throws {
        let directory = try Directory()
        let store = try directory.store()
        let names = ["journal_mode", "synchronous", "secure_delete", "foreign_keys"]
        let settings = try await store.onWriter { transaction -> [String] in
            var values: [String] = []
            for name in names { values.append(try String.fetchOne(transaction.database, sql: "PRAGMA \(name)") ?? "") }
            return values
        }
        #expect(settings == ["wal", "2", "1", "1"])
        for name in [Store.fileName, Store.fileName + "-wal"] {
            let mode = try FileManager.default.attributesOfItem(atPath: directory.path + "/" + name)[.posixPermissions] as? Int
            #expect(mode == 0o600, "\(name)")
        }
        try await store.write { try $0.put(Item(id: "secret-marker-4711", group: "g")) }
        try await store.write { try $0.delete(Item.self, id: "secret-marker-4711") }
        try store.close()
        let bytes = try Data(contentsOf: URL(fileURLWithPath: store.path))
        #expect(bytes.range(of: Data("secret-marker-4711".utf8)) == nil)
    }

    @Test func oneProcessHoldsADirectoryAtATime() throws {
        let directory = try Directory()
        let store = try directory.store()
        #expect(throws: StorageError.inUse(path: directory.path)) { try directory.store() }
        try store.close()
    }

    @Test func aDirectoryThatOthersReachIsRefused() throws {
        let directory = try Directory()
        #expect(chmod(directory.path, 0o750) == 0)
        #expect(throws: StorageError.notPrivate(path: directory.path, mode: "750")) { try directory.store() }
        #expect(throws: StorageError.noDirectory(path: "/nonexistent/kouan")) {
            try Store.open(directory: "/nonexistent/kouan", records: [])
        }
    }

    @Test func anOlderSchemaIsBroughtForwardAndANewerOneRefused() async throws {
        let directory = try Directory()
        let one = SchemaComponent(name: "part", steps: ["CREATE TABLE part (a INTEGER)"])
        let two = SchemaComponent(name: "part", steps: one.steps + ["ALTER TABLE part ADD COLUMN b INTEGER"])
        try directory.store([], [one]).close()
        let store = try directory.store([], [two])
        try await store.write { try $0.database.execute(sql: "INSERT INTO part (a, b) VALUES (1, 2)") }
        try store.close()
        #expect(throws: StorageError.newerSchema(component: "part", found: 2, known: 1)) { try directory.store([], [one]) }
        let again = try directory.store([], [two])
        #expect(try await again.read { try Int.fetchOne($0.database, sql: "SELECT b FROM part") } == 2)
        try again.close()
    }

    @Test func aNewKeyIsFilledFromTheDocuments() async throws {
        let directory = try Directory()
        let old = try directory.store([OldItem.self])
        try await old.write { transaction in
            for number in 0..<1_100 { try transaction.put(OldItem(id: "i\(number)", peer: "p", group: "g\(number % 2)")) }
        }
        try old.close()
        let store = try directory.store([Item.self])
        #expect(try await store.read { try $0.count(Item.self, where: "group", equals: "g1") } == 550)
        #expect(try await store.read { try $0.count(Item.self, where: "peer", equals: "p") } == 1_100)
        try store.close()
    }

    @Test func aDamagedDatabaseSaysSo() throws {
        let directory = try Directory()
        try directory.store().close()
        let path = directory.path + "/" + Store.fileName
        try Data("this is no database, but it is long enough to look like one".utf8).write(to: URL(fileURLWithPath: path))
        do {
            _ = try directory.store()
            Issue.record("opened")
        } catch let error as StorageError {
            #expect(error.code == "storage.corrupt")
        }
    }

    @Test func aRecordOfAnotherShapeNamesItself() async throws {
        let directory = try Directory()
        let store = try directory.store()
        try await store.write { try $0.database.execute(sql: "INSERT INTO \"order\" (id, body) VALUES ('x', '{}')") }
        await #expect(throws: StorageError.badRecord(table: "order", id: "x", detail: "its document does not fit `Item`")) {
            try await store.read { try $0.get(Item.self, id: "x") }
        }
        try store.close()
    }

    @Test func aBackupIsACompleteDatabase() async throws {
        let directory = try Directory()
        let other = try Directory()
        let store = try directory.store()
        try await store.write { try $0.put(Item(id: "a", group: "g")) }
        try await store.backup(to: other.path + "/" + Store.fileName)
        try await store.write { try $0.put(Item(id: "b", group: "g")) }
        try store.close()
        let copy = try other.store()
        #expect(try await copy.read { try $0.all(Item.self).map(\.id) } == ["a"])
        try copy.close()
    }
}
