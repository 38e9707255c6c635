// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Ledger
import MerkleLog
import StorageSQLite
import Testing

private struct Parties {
    let provider: PrivateKey
    let consumer: PrivateKey
    let facts: ReceiptFacts

    init() throws {
        provider = try PrivateKey.generate(.ed25519)
        consumer = try PrivateKey.generate(.ed25519)
        facts = try ReceiptFacts(
            correlation: "0199-transfer", agreement: Hash.digest([1]), package: Hash.digest([2]), sizeBytes: 50_000_000,
            provider: LogPosition(
                participant: PartyFacts.fujian().participant, origin: "a.example/ledger", index: 4, size: 5, root: .leaf([1])),
            consumer: LogPosition(
                participant: PartyFacts.guangdong().participant, origin: "b.example/ledger", index: 0, size: 7, root: .leaf([2])),
            startedAt: Timestamp(milliseconds: 1_795_334_400_000), receivedAt: Timestamp(milliseconds: 1_795_334_460_123))
    }
}

@Suite struct ReceiptTests {
    @Test func bothSidesSignOneStatement() throws {
        let parties = try Parties()
        let half = try DeliveryHalf(facts: parties.facts, signedBy: parties.consumer)
        let read = try DeliveryHalf(parsing: half.bytes, consumerKey: parties.consumer.publicKey)
        #expect(read == half)
        #expect(read.facts == parties.facts)
        try read.check(
            correlation: "0199-transfer", agreement: Hash.digest([1]), package: Hash.digest([2]), sizeBytes: 50_000_000,
            provider: parties.facts.provider, consumer: parties.facts.consumer.participant)
        let receipt = try read.countersigned(by: parties.provider)
        let pair = try Receipt(
            parsing: receipt.bytes, providerKey: parties.provider.publicKey, consumerKey: parties.consumer.publicKey)
        #expect(pair == receipt)
        try pair.check(completes: half)
        #expect(String(decoding: receipt.bytes, as: UTF8.self).hasPrefix("kouan/receipt/v1\ncorrelation 0199-transfer\n"))
    }

    @Test func anyFlippedBitOfAReceiptIsRefused() throws {
        let parties = try Parties()
        let half = try DeliveryHalf(facts: parties.facts, signedBy: parties.consumer)
        let receipt = try half.countersigned(by: parties.provider)
        for position in receipt.bytes.indices {
            var bytes = receipt.bytes
            bytes[position] ^= 1 << UInt8(position % 8)
            #expect(throws: (any Error).self, "byte \(position)") {
                try Receipt(parsing: bytes, providerKey: parties.provider.publicKey, consumerKey: parties.consumer.publicKey)
            }
        }
        for position in half.bytes.indices {
            var bytes = half.bytes
            bytes[position] ^= 1 << UInt8(position % 8)
            #expect(throws: (any Error).self, "byte \(position)") {
                try DeliveryHalf(parsing: bytes, consumerKey: parties.consumer.publicKey)
            }
        }
    }

    @Test func halvesAreNoReceiptsAndKeysAreNotSwapped() throws {
        let parties = try Parties()
        let half = try DeliveryHalf(facts: parties.facts, signedBy: parties.consumer)
        let receipt = try half.countersigned(by: parties.provider)
        let (provider, consumer) = (parties.provider.publicKey, parties.consumer.publicKey)
        #expect(throws: LedgerError.self) { try Receipt(parsing: half.bytes, providerKey: provider, consumerKey: consumer) }
        #expect(throws: LedgerError.self) { try DeliveryHalf(parsing: receipt.bytes, consumerKey: consumer) }
        #expect(throws: MerkleLogError.self) { try Receipt(parsing: receipt.bytes, providerKey: consumer, consumerKey: provider) }
        #expect(throws: MerkleLogError.self) { try DeliveryHalf(parsing: half.bytes, consumerKey: provider) }
        // The consumer's signature under another name.
        let renamed = half.note.description.replacing("\u{2014} urn:reg:CN:CAR-1", with: "\u{2014} urn:reg:CN:CAR-2")
        #expect(throws: MerkleLogError.self) { try DeliveryHalf(parsing: Array(renamed.utf8), consumerKey: consumer) }
        // The same provider countersigns something else.
        let other = try ReceiptFacts(
            correlation: parties.facts.correlation, agreement: parties.facts.agreement, package: parties.facts.package, sizeBytes: 1,
            provider: parties.facts.provider, consumer: parties.facts.consumer, startedAt: parties.facts.startedAt,
            receivedAt: parties.facts.receivedAt)
        let swapped = try DeliveryHalf(facts: other, signedBy: parties.consumer).countersigned(by: parties.provider)
        #expect(throws: LedgerError.receiptDiffers(field: "size")) { try swapped.check(completes: half) }
    }

    @Test func whatTheProviderKnowsOtherwiseIsNotCountersigned() throws {
        let facts = try Parties().facts
        let half = try DeliveryHalf(facts: facts, signedBy: Parties().consumer)
        let consumer = facts.consumer.participant
        func check(
            correlation: String? = nil, agreement: Digest? = nil, package: Digest? = nil, size: Int64? = nil, provider: LogPosition? = nil,
            consumer: ParticipantID
        ) throws {
            try half.check(
                correlation: correlation ?? facts.correlation, agreement: agreement ?? facts.agreement, package: package ?? facts.package,
                sizeBytes: size ?? facts.sizeBytes, provider: provider ?? facts.provider, consumer: consumer)
        }
        try check(consumer: consumer)
        #expect(throws: LedgerError.receiptDiffers(field: "correlation")) { try check(correlation: "x", consumer: consumer) }
        #expect(throws: LedgerError.receiptDiffers(field: "agreement")) { try check(agreement: Hash.digest([9]), consumer: consumer) }
        #expect(throws: LedgerError.receiptDiffers(field: "package")) { try check(package: Hash.digest([9]), consumer: consumer) }
        #expect(throws: LedgerError.receiptDiffers(field: "size")) { try check(size: 9, consumer: consumer) }
        #expect(throws: LedgerError.receiptDiffers(field: "provider")) { try check(provider: facts.consumer, consumer: consumer) }
        #expect(throws: LedgerError.receiptDiffers(field: "consumer")) { try check(consumer: facts.provider.participant) }
    }

    @Test func aStatementHasOneSpelling() throws {
        let parties = try Parties()
        let text = parties.facts.text
        for (old, new) in [
            ("size 50000000", "size 050000000"), ("size 50000000", "size +50000000"), ("size 50000000", "size -1"),
            ("2026-11-22T08:00:00.000Z", "2026-11-22T08:00:00Z"), ("2026-11-22T08:00:00.000Z", "2026-11-22T16:00:00.000+08:00"),
            ("outcome delivered\n", "outcome delivered\nextra line\n"), ("outcome delivered", "outcome lost"),
            ("kouan/receipt/v1", "kouan/receipt/v2"), ("ledger 4 5 ", "ledger 5 5 "), ("ledger 4 5 ", "ledger  4 5 "),
        ] {
            let changed = text.replacing(old, with: new)
            #expect(changed != text, "\(old) does not occur")
            let note = try SignedNote(text: changed, signedBy: parties.consumer, name: parties.facts.consumer.participant.description)
            #expect(throws: LedgerError.self, "\(new)") { try DeliveryHalf(parsing: note.bytes, consumerKey: parties.consumer.publicKey) }
        }
    }

    @Test func aHalfIsKeptOnceAndSentAgainByteForByte() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        let parties = try Parties()
        let first = try DeliveryHalf(facts: parties.facts, signedBy: parties.consumer).bytes
        let correlation = parties.facts.correlation
        let isNew = try await node.ledger.commit { try $0.keep(first, correlation: correlation, step: DeliveryHalf.step) }.value
        let isNewAgain = try await node.ledger.commit { try $0.keep(first, correlation: correlation, step: DeliveryHalf.step) }.value
        #expect([isNew, isNewAgain] == [true, false])
        let second = try DeliveryHalf(facts: parties.facts, signedBy: PrivateKey.generate(.ed25519)).bytes
        await #expect(throws: LedgerError.secondHalf(correlation: correlation, step: DeliveryHalf.step)) {
            try await node.ledger.commit { try $0.keep(second, correlation: correlation, step: DeliveryHalf.step) }
        }
        #expect(try await node.store.read { try $0.kept(correlation: correlation, step: DeliveryHalf.step) } == first)
        #expect(try await node.store.read { try $0.kept(correlation: correlation, step: Receipt.step) } == nil)
        try node.close()
    }
}
