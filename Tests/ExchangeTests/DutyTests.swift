// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import Exchange
import ExchangeModel
import Foundation
import Identity
import Ledger
import NodeTesting
import PolicyEngine
import StorageSQLite
import Synchronization
import Testing

private let persons: [String: [UInt8]] = [
    "people.csv": Array("编号,姓名,电话\r\n1,张三丰,13800001111\r\n2,\"李,四\",13900002222\r\n".utf8),
    "more/people.json": Array(#"{"items":[{"姓名":"王五","n":1}]}"#.utf8),
]

private func clock(_ name: String, _ span: String) -> JSON {
    [
        "leftOperand": .string("kouan:timeSince" + name), "operator": "lteq",
        "rightOperand": ["@value": .string(span), "@type": "xsd:duration"],
    ]
}

private func duty(_ action: String, _ constraints: JSON...) -> JSON {
    constraints.isEmpty ? ["action": .string(action)] : ["action": .string(action), "constraint": .array(constraints)]
}

private func policy(duty: JSON..., obligation: JSON...) -> JSON {
    var permission: [String: JSON] = ["action": "use"]
    if !duty.isEmpty { permission["duty"] = .array(duty) }
    var policy: [String: JSON] = [
        "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "uid": "urn:kouan:test:policy", "profile": "urn:kouan:odrl:1",
        "permission": [.object(permission)],
    ]
    if !obligation.isEmpty { policy["obligation"] = .array(obligation) }
    return .object(policy)
}

private let day: Int64 = 86_400

/// A machine's own clock, which moves with the wall clock until somebody sets that one.
private final class Machine: Sendable {
    private let offset = Mutex(Int64(0))
    let wall = SimulatedClock()

    var settings: ExchangeSettings {
        var settings = TestNode.settings
        settings.bootClock = BootClock { [self] in
            BootClock.Reading(boot: "test", seconds: wall.now().seconds + offset.withLock(\.self))
        }
        return settings
    }

    /// Sets the wall clock without time passing.
    func setClock(by seconds: Int64) {
        offset.withLock { $0 -= seconds }
        wall.advance(seconds: seconds)
    }
}

extension TestWorld {
    fileprivate func book(_ node: TestNode, _ agreement: String) async throws -> [String: DutyInstance.State] {
        let record = try await node.store.read { try $0.get(AgreementDuties.self, id: agreement) }
        return Dictionary((record?.book.instances ?? []).map { ($0.id, $0.state) }) { _, last in last }
    }

    fileprivate func dutyEntries(_ node: TestNode) async throws -> [EntryType] {
        try await node.entryTypes().filter { $0.rawValue.hasPrefix("duty-") }
    }

    /// What the consumer's node holds of what it received.
    fileprivate func held() async throws -> [String] {
        let rows = try await consumer.store.read { tx in
            try tx.all(HeldPackage.self).map(\.id) + tx.all(HeldGrant.self).map(\.id) + tx.all(GrantAttempt.self).map(\.id)
        }
        return try rows + received() + TestTree.names(below: consumer.directory + "/leases")
    }
}

@Suite struct DeletionTests {
    private static let afterThirtyDays = policy(obligation: duty("delete", clock("Delivery", "P30D")))
    private static let id = "/obligation/0"

    @Test func afterItsTimeTheNodeHasNothingLeft() async throws {
        let machine = Machine()
        let world = try await TestWorld.make(settings: machine.settings, clock: machine.wall)
        try await world.publish(smallTree, policy: DeletionTests.afterThirtyDays)
        try await world.running {
            let transfer = try await world.obtain()
            let agreement = transfer.agreementID
            #expect(try await world.open(transfer).files == smallTree)
            #expect(try await world.book(world.consumer, agreement) == [DeletionTests.id: .due])
            try FileManager.default.removeItem(atPath: world.consumer.home.path + "/opened")

            machine.wall.advance(seconds: 29 * day)
            try await world.consumer.exchange.keepDuties()
            #expect(try await !world.held().isEmpty)
            #expect(try await world.book(world.consumer, agreement) == [DeletionTests.id: .due])

            machine.wall.advance(seconds: day - 1800)
            try await world.consumer.exchange.keepDuties()
            #expect(try await world.held().isEmpty)
            #expect(try await world.book(world.consumer, agreement) == [DeletionTests.id: .fulfilled])
            #expect(try await world.dutyEntries(world.consumer) == [.dutyDue, .dutyBegun, .dutyFulfilled])
            #expect(await code { _ = try await world.open(transfer) } == "contract.not-ready")
            #expect(
                await code {
                    _ = try await world.transfer(
                        under: try #require(try await world.consumer.store.read { try $0.get(Agreement.self, id: agreement) }))
                } != nil)

            // The provider sees nothing of it, and does not say that it was not done.
            machine.wall.advance(seconds: 9 * day)
            try await world.provider.exchange.keepDuties()
            #expect(try await world.book(world.provider, agreement) == [DeletionTests.id: .due])
            try await world.provider.exchange.fulfil(
                DeletionTests.id, of: agreement, note: nil, evidence: Hash.digest([1]), by: world.user)
            #expect(try await world.dutyEntries(world.provider) == [.dutyDue, .dutyFulfilled])
        }
        try await world.checkLedgers()
    }

    @Test func itIsNotDoneWhileAnOpenedCopyIsThere() async throws {
        let machine = Machine()
        let world = try await TestWorld.make(settings: machine.settings, clock: machine.wall)
        try await world.publish(smallTree, policy: DeletionTests.afterThirtyDays)
        try await world.running {
            let transfer = try await world.obtain()
            let agreement = transfer.agreementID
            _ = try await world.open(transfer)
            machine.wall.advance(seconds: 30 * day - 60)
            try await world.consumer.exchange.keepDuties()
            #expect(try await world.held().isEmpty)
            #expect(try await world.book(world.consumer, agreement) == [DeletionTests.id: .due])
            let exchange = try await world.consumer.exchange
            #expect(
                await code { try await exchange.fulfil(DeletionTests.id, of: agreement, note: nil, evidence: nil, by: world.user) }
                    == "duty.copies-remain")

            machine.wall.advance(seconds: 120)
            try await exchange.keepDuties()
            #expect(try await world.book(world.consumer, agreement) == [DeletionTests.id: .violated])
            // Late is noted and closes the matter; it was violated all the same.
            try FileManager.default.removeItem(atPath: world.consumer.home.path + "/opened")
            try await exchange.keepDuties()
            #expect(try await world.book(world.consumer, agreement) == [DeletionTests.id: .settled])
            #expect(
                try await world.dutyEntries(world.consumer) == [.dutyDue, .dutyBegun, .dutyViolated, .dutyPerformed, .dutySettled])
        }
        try await world.checkLedgers()
    }

    @Test func aClockThatWasMovedDestroysNothingUntilSomebodyConfirmsIt() async throws {
        let machine = Machine()
        let world = try await TestWorld.make(settings: machine.settings, clock: machine.wall)
        try await world.publish(smallTree, policy: DeletionTests.afterThirtyDays)
        try await world.running {
            let transfer = try await world.obtain()
            let agreement = transfer.agreementID
            let exchange = try await world.consumer.exchange
            try await exchange.keepDuties()
            machine.setClock(by: 30 * day - 600)
            try await exchange.keepDuties()
            #expect(try await exchange.clockProblem()?.code == "clock.parted")
            #expect(try await !world.held().isEmpty)
            #expect(try await world.book(world.consumer, agreement) == [DeletionTests.id: .due])
            try await exchange.confirmClock(by: world.user)
            #expect(try await exchange.clockProblem() == nil)
            try await exchange.keepDuties()
            #expect(try await world.held().isEmpty)
            #expect(try await world.book(world.consumer, agreement) == [DeletionTests.id: .fulfilled])
        }
    }

    @Test func aClockThatWentBackDestroysNothing() async throws {
        let machine = Machine()
        let world = try await TestWorld.make(settings: machine.settings, clock: machine.wall)
        try await world.publish(smallTree, policy: DeletionTests.afterThirtyDays)
        try await world.running {
            let transfer = try await world.obtain()
            let exchange = try await world.consumer.exchange
            machine.wall.advance(seconds: 40 * day)
            // The highest time is on disk before anything is decided by it.
            #expect(try await exchange.clockProblem() == nil)
            machine.setClock(by: -600)
            try await exchange.keepDuties()
            #expect(try await exchange.clockProblem()?.code == "clock.went-back")
            #expect(try await !world.held().isEmpty)
            machine.setClock(by: 600)
            try await exchange.keepDuties()
            #expect(try await world.held().isEmpty)
            #expect(try await world.book(world.consumer, transfer.agreementID) == [DeletionTests.id: .settled])
        }
    }

    /// Killed at every point of the deletion, the next life ends it, and no entry is there twice.
    @Test func aKilledDeletionIsEndedByTheNextLife() async throws {
        var points = 0
        for number in 1...40 {
            let machine = Machine()
            let world = try await TestWorld.make(settings: machine.settings, clock: machine.wall)
            try await world.publish(smallTree, policy: DeletionTests.afterThirtyDays)
            let transfer = try await world.running {
                let transfer = try await world.obtain()
                _ = try await world.open(transfer)
                return transfer
            }
            try FileManager.default.removeItem(atPath: world.consumer.home.path + "/opened")
            machine.wall.advance(seconds: 30 * day - 60)
            let plan = KillPlan(at: number) { _ in true }
            world.consumer.follow(plan)
            try? await world.consumer.perform { try await $0.keepDuties() }
            world.consumer.follow(nil)
            if plan.kills.isEmpty {
                points = number - 1
                break
            }
            try await world.consumer.wake()
            try await world.consumer.exchange.keepDuties()
            #expect(try await world.held().isEmpty, "point \(number)")
            #expect(try await world.book(world.consumer, transfer.agreementID) == [DeletionTests.id: .fulfilled], "point \(number)")
            #expect(try await world.dutyEntries(world.consumer) == [.dutyDue, .dutyBegun, .dutyFulfilled], "point \(number)")
            let verification = try await world.consumer.ledger.verify()
            #expect(verification.findings == [])
        }
        #expect(points >= 8)
    }

    @Test func anotherAgreementAboutThePackageKeepsItsBytes() async throws {
        let machine = Machine()
        let world = try await TestWorld.make(settings: machine.settings, clock: machine.wall)
        try await world.publish(smallTree, policy: DeletionTests.afterThirtyDays)
        try await world.running {
            let first = try await world.obtain()
            machine.wall.advance(seconds: 10 * day)
            let second = try await world.obtain()
            machine.wall.advance(seconds: 20 * day - 60)
            try await world.consumer.exchange.keepDuties()
            #expect(try await world.book(world.consumer, first.agreementID) == [DeletionTests.id: .fulfilled])
            #expect(await code { _ = try await world.open(first) } == "contract.not-ready")
            #expect(try await world.open(second).files == smallTree)
        }
    }
}

@Suite struct OpeningDutyTests {
    private static let fields: JSON = ["leftOperand": "kouan:fields", "operator": "isAnyOf", "rightOperand": ["姓名", "电话"]]

    @Test func filesAreMaskedBeforeTheyAreThere() async throws {
        let world = try await TestWorld.make()
        try await world.publish(persons, policy: policy(duty: duty("kouan:mask", OpeningDutyTests.fields)))
        try await world.running {
            let transfer = try await world.obtain()
            for _ in 0..<2 {
                let files = try await world.open(transfer).files.mapValues { String(decoding: $0, as: UTF8.self) }
                #expect(files["people.csv"] == "编号,姓名,电话\r\n1,张*丰,1*********1\r\n2,\"李*四\",1*********2\r\n")
                #expect(files["more/people.json"] == #"{"items":[{"姓名":"王*","n":1}]}"#)
                #expect(files.count == 2)
            }
            #expect(try await world.book(world.consumer, transfer.agreementID) == ["/permission/0/duty/0": .fulfilled])
            #expect(try await world.dutyEntries(world.consumer) == [.dutyDue, .dutyFulfilled])
        }
        try await world.checkLedgers()
    }

    @Test(arguments: [
        (["notes.txt": Array("张三丰".utf8)], "duty.cannot-mask"), (["people.csv": Array("编号\n1\n".utf8)], "duty.field-missing"),
        (["people.csv": Array("姓名,电话\n1\n".utf8)], "duty.cannot-mask"),
    ])
    func whatCannotBeMaskedIsNotShown(_ files: [String: [UInt8]], _ expected: String) async throws {
        let world = try await TestWorld.make()
        try await world.publish(files, policy: policy(duty: duty("kouan:mask", OpeningDutyTests.fields)))
        try await world.running {
            let transfer = try await world.obtain()
            #expect(await code { _ = try await world.open(transfer) } == expected)
            #expect(try TestTree.names(below: world.consumer.home.path + "/opened").isEmpty)
            #expect(try await world.book(world.consumer, transfer.agreementID)["/permission/0/duty/0"] == .due)
        }
    }

    @Test func markedRowsLeadBackToTheAgreement() async throws {
        let world = try await TestWorld.make()
        try await world.publish(persons, policy: policy(duty: duty("odrl:watermark")))
        try await world.running {
            let transfer = try await world.obtain()
            let other = try await world.obtain()
            let files = try await world.open(transfer).files
            let table = String(decoding: try #require(files["people.csv"]), as: UTF8.self).components(separatedBy: "\r\n")
            #expect(table[0].hasSuffix(",_kouan_recipient"))
            for row in table[1...2] {
                let marking = try await world.provider.exchange.agreementsMarking(row: Array(row.utf8))
                #expect(marking.map(\.id) == [transfer.agreementID])
                #expect(try await world.provider.exchange.agreementsMarking(row: Array(row.dropLast().utf8)).isEmpty)
            }
            #expect(other.agreementID != transfer.agreementID)
            let record = try JSON.parse(try #require(files["KOUAN-PROVENANCE.json"]))
            let body = try #require(record["body"])
            #expect(body["recipient"]?.string == world.consumer.address.description)
            for file in body["files"]?.array ?? [] {
                let content = try #require(files[file["path"]?.string ?? ""])
                #expect(file["digest"]?.string == Digest(algorithm: .sha256, bytes: Hash.sha256(content)).description)
            }
            #expect(body["files"]?.array?.count == 2)
            let signature = try #require(record["signature"]?.string.flatMap(Base64.decode))
            #expect(
                world.consumer.keys.signing.publicKey.verify(
                    signature, Array("kouan/provenance/v1\n".utf8) + body.canonical()))
        }
    }

    @Test func aPolicyWhoseFieldsMeanNothingIsNotOffered() async throws {
        let world = try await TestWorld.make()
        let fields: JSON = ["leftOperand": "kouan:fields", "operator": "isAnyOf", "rightOperand": ["$..*"]]
        let method: JSON = ["leftOperand": "kouan:method", "operator": "eq", "rightOperand": "blur"]
        #expect(await code { try await world.publish(persons, policy: policy(duty: duty("kouan:mask", fields))) } == "duty.bad-field")
        let refused = await code {
            try await world.publish(persons, as: "D-02", policy: policy(duty: duty("kouan:mask", OpeningDutyTests.fields, method)))
        }
        #expect(refused == "duty.bad-method")
    }
}

@Suite struct DutyCourseTests {
    @Test func aDutyBeforeUseIsAskedForOnBothSides() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree, policy: policy(duty: duty("compensate")))
        try await world.running {
            let negotiation = try await world.negotiate()
            let agreement = try #require(try await world.agreement(of: negotiation))
            let refused = try await world.transfer(under: agreement)
            #expect(refused.stateName == "TERMINATED")
            try await world.provider.exchange.fulfil(
                "/permission/0/duty/0", of: agreement.id, note: "invoice 7", evidence: nil, by: world.user)
            let transfer = try await world.transfer(under: agreement)
            #expect(transfer.stateName == "COMPLETED")
            #expect(await code { _ = try await world.open(transfer) }?.hasPrefix("policy.") == true)
            try await world.consumer.exchange.fulfil("/permission/0/duty/0", of: agreement.id, note: nil, evidence: nil, by: world.user)
            #expect(try await world.open(transfer).files == smallTree)
            let again = await code {
                try await world.consumer.exchange.fulfil("/permission/0/duty/0", of: agreement.id, note: nil, evidence: nil, by: world.user)
            }
            #expect(again == "duty.not-owed")
        }
        try await world.checkLedgers()
    }

    @Test func aReportThatIsOverdueBlocksFurtherUseUntilItIsMade() async throws {
        let machine = Machine()
        let world = try await TestWorld.make(settings: machine.settings, clock: machine.wall)
        try await world.publish(smallTree, policy: policy(duty: duty("kouan:reportUsage", clock("LastUse", "P1D"))))
        try await world.running {
            let transfer = try await world.obtain()
            let exchange = try await world.consumer.exchange
            let id = "/permission/0/duty/0"
            _ = try await world.open(transfer, for: "research")
            try await exchange.keepDuties()
            let prepared = try TestTree.read(world.consumer.directory + "/duties")
            let report = try JSON.parse(try #require(prepared.values.first))
            #expect(report["uses"]?.array?.map { $0["purpose"] } == ["research"])
            #expect(report["sent"] == false)
            #expect(report["to"]?.string == world.provider.address.description)
            // Prepared is not delivered.
            #expect(try await world.book(world.consumer, transfer.agreementID) == [id: .due])
            machine.wall.advance(seconds: day + 1)
            #expect(await code { _ = try await world.open(transfer) }?.hasPrefix("policy.") == true)
            try await exchange.keepDuties()
            #expect(try await world.book(world.consumer, transfer.agreementID) == [id: .violated])
            try await exchange.fulfil(id, of: transfer.agreementID, note: nil, evidence: nil, by: world.user)
            #expect(try await world.book(world.consumer, transfer.agreementID) == [id: .settled])
            #expect(try await world.open(transfer).files == smallTree)
            #expect(try await world.book(world.consumer, transfer.agreementID)[id + "@2"] == .due)
        }
        try await world.checkLedgers()
    }

    @Test func aRevocationStopsUseOnBothSides() async throws {
        let machine = Machine()
        let world = try await TestWorld.make(settings: machine.settings, clock: machine.wall)
        try await world.publish(smallTree, policy: policy(obligation: duty("kouan:stopUse", clock("Revocation", "PT1H"))))
        try await world.running {
            let transfer = try await world.obtain()
            _ = try await world.open(transfer)
            try await world.provider.exchange.report(.revocation, of: transfer.agreementID, note: nil, by: world.user)
            machine.wall.advance(seconds: world.consumer.settings.leaseSeconds + 1)
            #expect(await code { _ = try await world.open(transfer) } == "agreement.ended")
            try await world.consumer.exchange.report(.revocation, of: transfer.agreementID, note: "by telephone", by: world.user)
            #expect(await code { _ = try await world.open(transfer) } == "contract.not-ready")
            #expect(try await world.book(world.consumer, transfer.agreementID) == ["/obligation/0": .fulfilled])
            #expect(try TestTree.names(below: world.consumer.directory + "/leases").isEmpty)
            #expect(try await world.consumer.entryTypes().contains(.contractEvent))
        }
        try await world.checkLedgers()
    }

    @Test func whatIsNotAgreedCannotBeRevoked() async throws {
        let world = try await TestWorld.make()
        try await world.publish(smallTree)
        try await world.running {
            let transfer = try await world.obtain()
            let exchange = try await world.provider.exchange
            #expect(
                await code { try await exchange.report(.revocation, of: transfer.agreementID, note: nil, by: world.user) }
                    == "agreement.not-revocable")
            #expect(try await world.open(transfer).files == smallTree)
        }
    }

    @Test func anIncidentIsToldWithinItsTime() async throws {
        let machine = Machine()
        let world = try await TestWorld.make(settings: machine.settings, clock: machine.wall)
        try await world.publish(smallTree, policy: policy(obligation: duty("inform", clock("Incident", "PT24H"))))
        try await world.running {
            let transfer = try await world.obtain()
            let exchange = try await world.consumer.exchange
            try await exchange.report(.incident, of: transfer.agreementID, note: "a disk was stolen", by: world.user)
            #expect(try await world.book(world.consumer, transfer.agreementID) == ["/obligation/0": .due])
            #expect(try TestTree.names(below: world.consumer.directory + "/duties").count == 1)
            machine.wall.advance(seconds: 23 * 3600)
            try await exchange.fulfil("/obligation/0", of: transfer.agreementID, note: nil, evidence: Hash.digest([2]), by: world.user)
            #expect(try await world.book(world.consumer, transfer.agreementID) == ["/obligation/0": .fulfilled])
            #expect(try await world.dutyEntries(world.consumer) == [.dutyDue, .dutyReport, .dutyFulfilled])
        }
    }
}
