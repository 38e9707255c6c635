// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Ledger
import MerkleLog
import StorageSQLite
import Testing

@Suite struct RecordTests {
    @Test func anEntryShowsWhatIsPublicAndHidesTheRest() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        let event = try LedgerEvent.delivery(1, secret: [UInt8](repeating: 5, count: 32))
        _ = try await node.ledger.commit { try $0.append(event) }
        let entry = try await node.ledger.entry(at: 0)
        let text = String(decoding: entry.bytes, as: UTF8.self)
        for hidden in ["BATTERY", "CAR-1", "350000", "space-battery", "D-01", "50000000", "ODRL-7", "\"delivered\",\"provider\""] {
            #expect(!text.contains(hidden), "\(hidden) is in plain sight")
        }
        #expect(entry.record.type == .delivered)
        #expect(entry.record.countingYear == 2026)
        #expect(entry.record.event == "transfer-1/delivery")
        #expect(entry.record.package == event.shared?.package)
        #expect(entry.record.flags == CrossDomainFlags(crossSpace: false, crossProvince: true, crossBorder: false))
        #expect(entry.record.digests["receipt"] == Hash.digest([1]))
        let view = try await node.ledger.view(entry)
        #expect(view.isOpen)
        #expect(view.shared["provider"] == (try PartyFacts.fujian().json))
        #expect(view.local == ["reason": "ODRL-7", "counted": 17])
        #expect(view.json["shared"]?["sizeBytes"] == 50_000_000)
        try node.close()
    }

    @Test func oneCommitmentHasOneOpening() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        _ = try await node.ledger.commit { try $0.append(.delivery(1)) }
        let entry = try await node.ledger.entry(at: 0)
        let openings = try #require(try await node.ledger.openings(at: 0))
        let opening = try #require(openings.shared["dataset"])
        let commitment = try #require(entry.record.shared["dataset"])
        try opening.verify(name: "dataset", commitment: commitment)
        var random = opening.random
        random[0] ^= 1
        for (name, other) in [
            ("dataset", Opening(value: "D-02", random: opening.random)), ("dataset", Opening(value: opening.value, random: random)),
            ("version", opening), ("dataset", Opening(value: opening.value, random: opening.random + [0])),
            ("dataset", Opening(value: opening.value, random: Array(opening.random.dropLast()))),
        ] {
            #expect(throws: LedgerError.openingRefused(field: name)) { try other.verify(name: name, commitment: commitment) }
        }
        // Shifting a byte between name and value must not open it either: lengths are part of what is hashed.
        let shifted = Opening(value: .string("D-01"), random: opening.random)
        #expect(throws: LedgerError.self) { try shifted.verify(name: "datase", commitment: commitment) }
        try openings.verify(against: entry.record)
        var missing = openings
        missing.local["reason"] = nil
        #expect(throws: LedgerError.self) { try missing.verify(against: entry.record) }
        try node.close()
    }

    @Test func flagsFollowFromTheParties() throws {
        func flags(_ provider: PartyFacts, _ consumer: PartyFacts) -> [Bool?] {
            let flags = CrossDomainFlags(provider: provider, consumer: consumer)
            return [flags.crossSpace, flags.crossProvince, flags.crossBorder]
        }
        let fujian = try PartyFacts.fujian()
        #expect(flags(fujian, fujian) == [false, false, false])
        #expect(flags(fujian, try .guangdong()) == [false, true, false])
        #expect(flags(fujian, try .germany()) == [true, false, true])
        #expect(flags(try .germany(), fujian) == [true, false, true])
        var hongKong = fujian
        hongKong.country = try CountryCode(parsing: "HK")
        hongKong.province = nil
        #expect(flags(fujian, hongKong) == [false, false, true])
        var unknown = fujian
        unknown.province = nil
        unknown.space = nil
        #expect(flags(fujian, unknown) == [nil, nil, false])
        unknown.country = nil
        #expect(flags(fujian, unknown) == [nil, nil, nil])
    }

    @Test func integersBeyondDoublesAreWrittenAsText() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        _ = try await node.ledger.commit { transaction in
            try transaction.append(
                LedgerEvent(type: .use, local: ["big": ["n": .integer(9_007_199_254_740_993)], "small": 9_007_199_254_740_992]))
        }
        let view = try await node.ledger.view(at: 0)
        #expect(view.local == ["big": ["n": "9007199254740993"], "small": 9_007_199_254_740_992])
        try node.close()
    }

    @Test(arguments: [
        "{}", "[]", "", "{\"schema\":\"urn:kouan:ledger-record:2\"}", "{\"id\":\"a\", \"schema\":\"urn:kouan:ledger-record:1\"}",
        "{\"schema\":\"urn:kouan:ledger-record:1\",\"schema\":\"urn:kouan:ledger-record:1\"}",
    ])
    func otherBytesAreNoRecord(text: String) {
        #expect(throws: LedgerError.self) { try LedgerRecord(parsing: Array(text.utf8)) }
    }

    @Test func erasingDestroysTheOpeningsOfOneAgreementOnly() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        for number in 0..<6 { _ = try await node.ledger.commit { try $0.append(.delivery(number)) } }
        let root = node.ledger.root
        let result = try await node.ledger.erase(agreement: "agreement-1", legalBasis: "PIPL 47", user: "u-2")
        #expect(result.value == 2)
        #expect(node.ledger.size == 7)
        #expect(node.ledger.root != root)
        for index in 0..<6 {
            let view = try await node.ledger.view(at: Int64(index))
            #expect(view.isOpen == (index % 3 != 1))
            #expect(view.shared.isEmpty == (index % 3 == 1))
        }
        await #expect(throws: LedgerError.openingsGone(index: 4)) { try await node.ledger.openings(at: 4) }
        #expect(try await node.ledger.entry(at: 6).record.ids == ["agreement": "agreement-1", "user": "u-2"])
        #expect(try await node.ledger.verify().isVerified)
        // New entries under the agreement get a new key; the old ones stay closed.
        _ = try await node.ledger.commit { try $0.append(.delivery(7)) }
        #expect(try await node.ledger.view(at: 7).isOpen)
        #expect(try await node.ledger.view(at: 4).isOpen == false)
        try node.close()
    }

    @Test func withoutTheStorageKeyNothingOpens() async throws {
        let directory = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        _ = try await node.ledger.commit { try $0.append(.delivery(1)) }
        try node.close()
        let other = TestNode.Keys(ledger: node.keys.ledger, storage: SecretBytes.random(count: 32))
        let again = try await TestNode.open(directory.path, keys: other)
        await #expect(throws: LedgerError.self) { try await again.ledger.view(at: 0) }
        // Nor is an entry written whose openings could not be sealed.
        await #expect(throws: LedgerError.self) { try await again.ledger.commit { try $0.append(.delivery(1)) } }
        #expect(again.ledger.size == 1)
        try again.close()
    }
}

@Suite struct MirrorTests {
    /// Two nodes record the same deliveries; the third number is left out by the consumer, the fourth recorded with another size.
    @Test func bothLedgersAreMatchedEventByEvent() async throws {
        let here = try TestDirectory()
        let there = try TestDirectory()
        let provider = try await TestNode.create(here.path)
        let consumer = try await TestNode.create(there.path)
        for number in 0..<5 {
            let secret = SecureRandom.bytes(32)
            _ = try await provider.ledger.commit { try $0.append(.delivery(number, secret: secret)) }
            guard number != 2 else { continue }
            _ = try await consumer.ledger.commit { transaction in
                var event = try LedgerEvent.delivery(number, role: .consumer, secret: secret)
                if number == 3 { event.shared?.sizeBytes = 1 }
                event.local = ["mine": .integer(Int64(number))]
                try transaction.append(event)
            }
        }
        _ = try await consumer.ledger.commit { try $0.append(.delivery(77, role: .consumer, secret: SecureRandom.bytes(32))) }
        _ = try await provider.ledger.commit { transaction in
            var event = try LedgerEvent.delivery(500, secret: SecureRandom.bytes(32))
            event.shared?.consumer = try .germany()
            try transaction.append(event)
        }

        let ours = try await provider.ledger.mirrorRecords(with: PartyFacts.guangdong().participant)
        let theirs = try await consumer.ledger.mirrorRecords(with: PartyFacts.fujian().participant)
        // As they travel: without the parties.
        let sent = try theirs.map { try #require(MirrorRecord(json: JSON.parse($0.json.canonical()))) }
        #expect(sent.allSatisfy { $0.parties == nil })
        let match = Ledger.match(ours: ours, theirs: sent)
        #expect(match.matched.map(\.ours.correlation) == ["transfer-0", "transfer-1", "transfer-4"])
        #expect(match.missing.map(\.correlation) == ["transfer-2"])
        #expect(match.differing.map(\.ours.correlation) == ["transfer-3"])
        #expect(match.unexpected.map(\.correlation) == ["transfer-77"])
        #expect(!match.isComplete)
        try provider.close()
        try consumer.close()
        let offline = try OfflineLedger(directory: here.path, storageKey: provider.keys.storage)
        #expect(try offline.mirrorRecords().filter { $0.concerns(try! PartyFacts.guangdong().participant) } == ours)
    }
}

@Suite struct PeerHeadTests {
    @Test func lateRollbackAndForkAreToldApart() async throws {
        let directory = try TestDirectory()
        let other = try TestDirectory()
        let node = try await TestNode.create(directory.path)
        // The same log key signs another history: what a dishonest peer would do.
        let liar = try await TestNode.create(other.path, keys: node.keys)
        var heads: [SignedNote] = []
        var lies: [SignedNote] = []
        for number in 0..<6 {
            heads.append(try await node.ledger.commit { try $0.append(.delivery(number)) }.checkpoint)
            lies.append(try await liar.ledger.commit { try $0.append(.delivery(number)) }.checkpoint)
        }
        let key = node.ledger.verifierKey
        let time = node.clock.now()
        guard case .advance(let pin) = try PeerHeads.judge(heads[2], by: key, pin: nil, at: time) else {
            Issue.record("first sight is a pin")
            return
        }
        #expect(pin.size == 3)
        #expect(try PeerHeads.judge(heads[2], by: key, pin: pin, at: time) == .same)
        let proof = try await node.ledger.consistencyProof(from: 3, to: 6)
        guard case .advance(let next) = try PeerHeads.judge(heads[5], by: key, pin: pin, proof: proof, at: time) else {
            Issue.record("a proven extension advances the pin")
            return
        }
        #expect(next.size == 6)
        #expect(try PeerHeads.judge(heads[5], by: key, pin: pin, at: time) == .unproven)
        #expect(try PeerHeads.judge(lies[5], by: key, pin: pin, proof: proof, at: time) == .unproven)
        #expect(try PeerHeads.judge(heads[2], by: key, pin: next, proof: proof, at: time) == .late(proven: true))
        #expect(try PeerHeads.judge(heads[2], by: key, pin: next, at: time) == .late(proven: false))
        #expect(
            try PeerHeads.judge(heads[2], by: key, pin: next, askedNow: true, at: time)
                == .rollback(pinned: heads[5].description, shown: heads[2].description))
        #expect(
            try PeerHeads.judge(lies[2], by: key, pin: pin, at: time) == .fork(pinned: heads[2].description, shown: lies[2].description))
        let stranger = try VerifierKey(name: key.name, key: PrivateKey.generate(.ed25519).publicKey)
        #expect(throws: MerkleLogError.self) { try PeerHeads.judge(heads[2], by: stranger, pin: nil, at: time) }

        // The pin is stored with the event that brought it.
        _ = try await liar.ledger.commit { transaction in
            try transaction.put(next)
            try transaction.append(LedgerEvent(type: .peerCheckpoint, peerHead: next))
        }
        #expect(try await liar.store.read { try $0.get(PeerPin.self, id: next.origin) } == next)
        #expect(try await liar.ledger.entry(at: 6).record.json["peerHead"]?["size"] == 6)
        try node.close()
        try liar.close()
    }
}
