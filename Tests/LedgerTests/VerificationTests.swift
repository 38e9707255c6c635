// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Foundation
import GRDB
import Ledger
import MerkleLog
import StorageSQLite
import Testing

/// Runs SQL on a stopped node's database, as someone with the file would.
private func alter(_ directory: TestDirectory, _ sql: String, _ arguments: StatementArguments = StatementArguments()) throws {
    let queue = try DatabaseQueue(path: directory.path + "/state.sqlite")
    try queue.write { try $0.execute(sql: sql, arguments: arguments) }
    try queue.close()
}

private func node(_ directory: TestDirectory, count: Int = 9) async throws -> TestNode {
    let node = try await TestNode.create(directory.path)
    for number in 0..<count { _ = try await node.ledger.commit { try $0.append(.delivery(number)) } }
    return node
}

@Suite struct VerificationTests {
    @Test func aWholeLedgerVerifiesOfflineAndByItsCardsKey() async throws {
        let directory = try TestDirectory()
        let node = try await node(directory)
        #expect(throws: StorageError.self) { try Ledger.verify(directory: directory.path) }
        try node.close()
        let result = try Ledger.verify(directory: directory.path, storageKey: node.keys.storage, expecting: node.ledger.verifierKey)
        #expect(result.isVerified, "\(result.findings)")
        #expect(result.origin == TestNode.origin)
        #expect(result.size == 9)
        #expect(result.root == node.ledger.root)
        #expect(result.openingsChecked == 9)
        let stranger = try VerifierKey(name: TestNode.origin, key: PrivateKey.generate(.ed25519).publicKey)
        #expect(try Ledger.verify(directory: directory.path, expecting: stranger).findings.map(\.code) == ["ledger.head-signature"])
    }

    @Test(arguments: [0, 3, 8])
    func aFlippedByteIsFoundAndTheEntryNamed(index: Int64) async throws {
        let directory = try TestDirectory()
        let copy = try TestDirectory()
        let node = try await node(directory)
        try node.close()
        try copy.copy(of: directory.path)
        let (file, _) = try LedgerTampering.flipByte(directory: copy.path, entry: index)
        #expect(file.hasSuffix("state.sqlite"))
        let result = try Ledger.verify(directory: copy.path)
        #expect(result.findings.map(\.code) == ["ledger.entry-altered"])
        #expect(result.findings.map(\.index) == [index])
        #expect(result.findings.map(\.file) == ["state.sqlite"])
        #expect(try Ledger.verify(directory: directory.path).isVerified)
    }

    @Test func alteredHashesAreToldFromAlteredEntries() async throws {
        let directory = try TestDirectory()
        try await node(directory).close()
        try alter(
            directory, "UPDATE ledger_hashes SET hash = zeroblob(32) WHERE position = ?", [MerkleTree.storedPosition(level: 0, index: 5)])
        let leaf = try Ledger.verify(directory: directory.path)
        #expect(leaf.findings.map(\.code) == ["ledger.hash-altered"])
        #expect(leaf.findings.first?.index == 5)
    }

    @Test func alteredInteriorHashesAreFound() async throws {
        let directory = try TestDirectory()
        let node = try await node(directory)
        try node.close()
        try alter(
            directory, "UPDATE ledger_hashes SET hash = zeroblob(32) WHERE position = ?", [MerkleTree.storedPosition(level: 1, index: 2)])
        let result = try Ledger.verify(directory: directory.path)
        #expect(result.findings.map(\.code) == ["ledger.hash-altered"])
        #expect(result.findings.first?.index == 4)
        let again = try await TestNode.open(directory.path, keys: node.keys)
        guard case .refused(.corrupt) = again.ledger.signing else {
            Issue.record("signs over a damaged tree")
            return
        }
        try again.close()
    }

    @Test func anEntryRewrittenWithItsHashesDoesNotReachTheSignedRoot() async throws {
        let directory = try TestDirectory()
        let other = try TestDirectory()
        try await node(directory).close()
        try await node(other).close()
        // Another history, complete in itself, under the first one's signed head.
        try alter(
            directory,
            """
            ATTACH '\(other.path)/state.sqlite' AS other;
            DELETE FROM ledger_entries; INSERT INTO ledger_entries SELECT * FROM other.ledger_entries;
            DELETE FROM ledger_hashes; INSERT INTO ledger_hashes SELECT * FROM other.ledger_hashes;
            """)
        let codes = try Ledger.verify(directory: directory.path).findings.map(\.code)
        #expect(codes == ["ledger.root-differs", "ledger.head-file-differs"])
    }

    @Test func missingEntriesExtraEntriesAndAlteredHeadsAreFound() async throws {
        let directory = try TestDirectory()
        try await node(directory).close()
        try alter(directory, "DELETE FROM ledger_entries WHERE idx = 2")
        try alter(directory, "INSERT INTO ledger_entries VALUES (9, x'00')")
        let result = try Ledger.verify(directory: directory.path)
        #expect(result.findings.map(\.code) == ["ledger.entry-missing", "ledger.entry-unsigned"])
        #expect(result.findings.map(\.index) == [2, 9])
        try alter(directory, "UPDATE ledger_head SET note = replace(note, char(10) || '9' || char(10), char(10) || '8' || char(10))")
        #expect(try Ledger.verify(directory: directory.path).findings.first?.code == "ledger.head-signature")
        try FileManager.default.removeItem(atPath: directory.path + "/ledger-head")
        #expect(try Ledger.verify(directory: directory.path).findings.last?.code == "ledger.head-file-missing")
    }

    @Test func alteredOpeningsAreFound() async throws {
        let directory = try TestDirectory()
        let node = try await node(directory)
        try node.close()
        try alter(directory, "UPDATE ledger_openings SET sealed = (SELECT sealed FROM ledger_openings WHERE idx = 3) WHERE idx = 6")
        #expect(try Ledger.verify(directory: directory.path).isVerified, "closed without the storage key")
        let result = try Ledger.verify(directory: directory.path, storageKey: node.keys.storage)
        #expect(result.findings.map(\.code) == ["ledger.opening-refused"])
        #expect(result.findings.first?.index == 6)
    }

    @Test func aDamagedDatabaseFileIsAFinding() async throws {
        let directory = try TestDirectory()
        try await node(directory).close()
        let url = URL(fileURLWithPath: directory.path + "/state.sqlite")
        var bytes = try Data(contentsOf: url)
        for offset in 100..<min(bytes.count, 12_288) { bytes[offset] = 0xA5 }
        try bytes.write(to: url)
        let result = try Ledger.verify(directory: directory.path)
        #expect(result.findings.first?.code == "storage.corrupt")
        #expect(result.findings.first?.file == "state.sqlite")
    }

    @Test func anExportIsCheckedByAnotherProgram() async throws {
        let directory = try TestDirectory()
        let node = try await node(directory, count: 70)
        let target = directory.path + "/export"
        try await node.ledger.export(to: target, withOpenings: true)
        try node.close()
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Interop/check_ledger.py").path
        guard try run("python3", ["-c", "import cryptography"]) == 0 else {
            print("skipped: python3 with the package `cryptography` is not installed")
            return
        }
        #expect(try run("python3", [script, target]) == 0)
        let path = target + "/entries.jsonl"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        var lines = text.split(separator: "\n").map(String.init)
        lines[40] = lines[41].replacing("\"index\":41", with: "\"index\":40")
        try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try run("python3", [script, target]) == 1)
    }

    private func run(_ tool: String, _ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [tool] + arguments
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
