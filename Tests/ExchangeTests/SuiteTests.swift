// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import Exchange
import ExchangeModel
import Foundation
import Identity
import Ledger
import NodeTesting
import Sealing
import StorageSQLite
import Testing

@Suite struct SuiteTests {
    private static var guomi: SealOptions {
        var options = SealOptions()
        options.suite = .guomi
        options.chunkSize = 65_536
        return options
    }

    @Test func aGuomiPackageGoesAllTheWay() async throws {
        let world = try await TestWorld.make()
        let (version, _) = try await world.publish(smallTree, policy: TestPolicy.count(2), options: SuiteTests.guomi)
        #expect(version.id.hasPrefix("sm3:"))
        try await world.running {
            let transfer = try await world.obtain()
            #expect(transfer.package.algorithm == .sm3)
            let (opened, found) = try await world.open(transfer)
            #expect(found == smallTree)
            #expect(opened.usesLeft == 1)
            #expect(try await world.states(of: transfer) == ["COMPLETED", "COMPLETED"])

            // What went over the wire is of the suite: request key, wrapped key, signatures.
            let issued = try #require(try await world.provider.store.read { try $0.all(IssuedGrant.self) }.first)
            let grant = try KeyGrant(parsing: issued.bytes)
            #expect(grant.context.suite == .guomi && grant.context.requestKey.algorithm == .sm2)
            #expect(grant.signature?.signer == world.provider.keys.guomiSigning?.publicKey)
            let file = try #require(try world.received().first)
            let reader = try PackageReader(path: world.consumer.home.path + "/life-1/received/" + file)
            #expect(reader.signature?.signer == world.provider.keys.guomiSigning?.publicKey)
        }
        try await world.checkLedgers()
    }

    @Test func aPeerThatDoesNotTakeTheSuiteGetsNoContract() async throws {
        let world = try await TestWorld.make()
        var party = try TestParty.germany()
        party.acceptsGuomi = false
        let importer = try await world.join(party)
        try await world.publish(smallTree, options: SuiteTests.guomi)
        try await world.publish(smallTree, as: "D-02")
        try await world.running(and: [importer]) {
            let refused = try await world.negotiate("D-01", as: importer)
            #expect(refused.stateName == "TERMINATED")
            #expect(refused.ending?.code == "package.suite-not-accepted")
            #expect(refused.ending?.byPeer == true)
            #expect(try await world.negotiate("D-02", as: importer).stateName == "FINALIZED")
        }
        try await world.checkLedgers()
    }

    @Test func aNodeFromBeforeTheSuiteGoesOnWithoutIt() throws {
        let folder = NSTemporaryDirectory() + "kouan-keys-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let made = try NodeKeys.create(in: folder)
        #expect(try made.signing(.guomi).algorithm == .sm2)
        #expect(try NodeKeys.load(from: folder).signing(.guomi).publicKey == made.guomiSigning?.publicKey)
        try FileManager.default.removeItem(atPath: folder + "/guomi-signing.pem")
        let old = try NodeKeys.load(from: folder)
        #expect(try old.signing(.international).publicKey == made.signing.publicKey)
        #expect(throws: ExchangeError.suiteNotAccepted(.guomi, by: "this node")) { try old.signing(.guomi) }
    }
}
