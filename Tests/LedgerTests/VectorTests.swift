// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Foundation
import Ledger
import MerkleLog
import Testing

/// `Tests/Vectors/ledger/<name>`.
private func vectors(_ name: String) throws -> JSON {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let data = try Data(contentsOf: folder.appendingPathComponent("Vectors/ledger/\(name)"))
    return try JSON.parse([UInt8](data))
}

@Suite struct VectorTests {
    @Test func commitments() throws {
        let cases = try #require(try vectors("commitments.json")["commitments"]?.array)
        #expect(cases.count >= 5)
        for item in cases {
            let name = try #require(item["name"]?.string)
            let random = try #require(item["random"]?.string.flatMap(Hex.decode))
            let made = try Commitment.make(name: name, value: try #require(item["value"]), random: random)
            #expect(Hex.encode(made) == item["commitment"]?.string, "\(name)")
        }
    }

    @Test func theEntryOfTheFormatPage() throws {
        let vector = try vectors("entry.json")
        let bytes = Array(try #require(vector["entry"]?.string).utf8)
        #expect(vector["leaf"]?.string == Hex.encode(TreeHash.leaf(bytes).bytes))
        let record = try LedgerRecord(parsing: bytes)
        #expect(record.type == .delivered)
        #expect(record.flags == CrossDomainFlags(crossSpace: false, crossProvince: true, crossBorder: false))
        let openings = try EntryOpenings(parsing: try #require(vector["openings"]).canonical())
        try openings.verify(against: record)
        #expect(openings.shared["dataset"]?.value == "D-01")
        let key = try VerifierKey(parsing: try #require(vector["verifierKey"]?.string))
        let checkpoint = try Checkpoint.verify(SignedNote(parsing: try #require(vector["checkpoint"]?.string)), by: key)
        #expect(checkpoint.size == 1)
        #expect(checkpoint.root == .leaf(bytes))
        let page = try String(
            contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("docs/formats/ledger-record.md"), encoding: .utf8)
        #expect(page.contains(Hex.encode(TreeHash.leaf(bytes).bytes)))
        #expect(page.contains(record.id))
    }

    @Test func theReceiptOfTheFormatPage() throws {
        let vector = try vectors("receipt.json")
        func key(_ name: String) throws -> PublicKey { try #require(vector[name]?.string.flatMap { PublicKey(parsing: $0) }) }
        let (provider, consumer) = (try key("providerKey"), try key("consumerKey"))
        let half = try DeliveryHalf(parsing: Array(try #require(vector["half"]?.string).utf8), consumerKey: consumer)
        let receipt = try Receipt(
            parsing: Array(try #require(vector["receipt"]?.string).utf8), providerKey: provider, consumerKey: consumer)
        try receipt.check(completes: half)
        #expect(receipt.digest.description == vector["digest"]?.string)
        #expect(receipt.facts.provider.index == 4)
    }
}
