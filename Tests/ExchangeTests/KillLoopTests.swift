// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import Exchange
import ExchangeModel
import Identity
import Ledger
import NodeTesting
import Sealing
import StorageSQLite
import Synchronization
import Testing

/// kill -9 at every point of an exchange: around each commit of either ledger, before each request leaves, and before its answer is seen.
///
/// The killed node starts again from what it had on disk at that moment; the other one goes on all the while. Then the users go on with what
/// they wanted, and both sides must come to the same end, with everything that was acknowledged to anybody still true.
@Suite struct KillLoopTests {
    private static let shards = 4
    /// More points than an exchange has; reaching it means that a run does not end.
    private static let limit = 400

    @Test(.timeLimit(.minutes(10)), arguments: 0..<shards) func bothSidesComeToTheSameEnd(_ shard: Int) async throws {
        var number = shard + 1
        while true {
            let plan = KillPlan(at: number)
            try await Journey(plan: plan).check()
            guard let kill = plan.kills.first else { break }
            try #require(number < KillLoopTests.limit, "still killed at \(number): \(kill)")
            number += KillLoopTests.shards
        }
        // All the steps of both nodes were among the points.
        #expect(number > 60)
    }

    /// The same with three kills and a network that loses one message in eight, chosen by a seed.
    @Test(.timeLimit(.minutes(10)), arguments: [UInt64](1...10)) func killsAndLossesTogether(_ seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let plan = KillPlan(
            at: Int.random(in: 1...50, using: &random), Int.random(in: 20...100, using: &random), Int.random(in: 60...120, using: &random))
        let losses = Mutex(random)
        try await Journey(plan: plan, name: "seed \(seed)") { call in
            losses.withLock { random in
                guard Int.random(in: 0..<8, using: &random) == 0 else { return nil }
                return [NetworkFault.refused, .answerLost, .answer(503)].randomElement(using: &random)
            }
        }.check()
    }
}

/// One exchange with kills.
private final class Journey: Sendable {
    let plan: KillPlan
    let name: String
    let losses: (@Sendable (NetworkCall) -> NetworkFault?)?
    /// What a node told its user, as something that must be true ever after.
    private let promises = Mutex<[(text: String, holds: @Sendable (TestWorld) async throws -> Bool)]>([])

    init(plan: KillPlan, name: String = "", losses: (@Sendable (NetworkCall) -> NetworkFault?)? = nil) {
        self.plan = plan
        self.name = name
        self.losses = losses
    }

    func check() async throws {
        let world = try await TestWorld.make()
        let source = world.provider.home.path + "/source"
        try TestTree.write(smallTree, to: source)
        for node in [world.provider, world.consumer] { node.follow(plan) }
        if let losses { world.network.fault(losses) }
        var opened = 0
        let goes = Mutex(0)
        try await world.running {
            // What failed because a node died, or because a user's own request was lost, is asked for again.
            while true {
                do {
                    try await go(world, source: source)
                    return
                } catch let error as any KouanError {
                    let count = goes.withLock { goes in
                        goes += 1
                        return goes
                    }
                    guard count <= plan.kills.count * 3 + (losses == nil ? 0 : 20) else { throw error }
                }
            }
        }
        world.network.heal()
        let what = "\(name) \(plan.kills)"
        for node in [world.provider, world.consumer] {
            node.follow(nil)
            try await node.wake()
        }
        for promise in promises.withLock(\.self) { #expect(try await promise.holds(world), "\(promise.text), \(what)") }

        // One process of each kind on each side, in the same state.
        for node in [world.provider, world.consumer] {
            let (negotiations, transfers, agreements) = try await node.store.read { tx in
                (try tx.all(Negotiation.self), try tx.all(Transfer.self), try tx.all(Agreement.self))
            }
            #expect(negotiations.map(\.stateName) == ["FINALIZED"], "\(what)")
            #expect(transfers.map(\.stateName) == ["COMPLETED"], "\(what)")
            #expect(transfers.map(\.receipt) == [.full], "\(what)")
            #expect(agreements.map(\.isActive) == [true], "\(what)")
        }
        // A kill costs at most the use that it interrupted.
        for entry in try TestTree.names(below: world.consumer.home.path + "/opened") where !entry.contains("/") && !entry.hasPrefix(".") {
            opened += 1
            #expect(try TestTree.read(world.consumer.home.path + "/opened/" + entry) == smallTree, "\(what)")
        }
        let atMost = plan.kills.count + 1
        #expect((1...atMost).contains(opened), "\(what)")
        let used = try await world.provider.store.read { try $0.all(UseCounter.self).reduce(0) { $0 + $1.used } }
        #expect((1...Int64(atMost)).contains(used), "\(what)")

        // Nothing half-done under a final name, and nothing that no record names.
        #expect(try world.received() == [try await packageName(world)], "\(what)")
        #expect(try TestTree.names(below: world.provider.directory + "/packages").count == 1, "\(what)")
        let entries = try await world.provider.entryTypes() + world.consumer.entryTypes()
        for type in [EntryType.transferStarted, .delivered, .received, .receipt] { #expect(entries.count { $0 == type } == 1, "\(what)") }
        #expect(try await world.mirror().matched.count == 1, "\(what)")
        try await world.checkLedgers()
    }

    /// The six steps, from wherever the exchange stands.
    private func go(_ world: TestWorld, source: String) async throws {
        let user = world.user
        let now = world.clock.now()
        let version = try await world.provider.perform { exchange in
            let store = try await world.provider.store
            let (known, versions) = try await store.read { (try $0.get(Dataset.self, id: "D-01"), try $0.all(SealedVersion.self)) }
            if let version = versions.first { return version }
            let dataset =
                known
                ?? Dataset(
                    id: "D-01", titleZH: "动力电池溯源", titleEN: "Battery trace", sourcePath: source, grade: .general,
                    personalInformation: .none,
                    createdAt: now)
            if known == nil { try await exchange.add(dataset, by: user) }
            return try await exchange.seal(dataset, options: .init(), by: user)
        }
        promise("version \(version.id) is published") {
            try await $0.provider.store.read { try $0.exists(SealedVersion.self, id: version.id) }
        }
        let offer = try await world.provider.perform {
            try await $0.offer(version, policy: TestPolicy.count(5), visibility: [.registered], acknowledgingDeclared: false, by: user)
        }
        promise("offer \(offer.id) stands") { try await $0.provider.store.read { try $0.exists(Offer.self, id: offer.id) } }

        let negotiation = try await world.consumer.perform { exchange in
            if let known = try await world.consumer.store.read({ try $0.all(Negotiation.self).first }) { return known }
            let remote = try await exchange.findOffer(of: world.provider.address, dataset: "D-01", offer: offer.id)
            return try await exchange.negotiate(remote, waitSeconds: 0, by: user)
        }
        promise("negotiation \(negotiation.id) exists") {
            try await $0.consumer.store.read { try $0.exists(Negotiation.self, id: negotiation.id) }
        }
        let agreement = try #require(
            try await world.consumer.eventually { tx in
                try tx.first(Agreement.self, where: "negotiation", equals: negotiation.id).flatMap { $0.isActive ? $0 : nil }
            })
        promise("agreement \(agreement.id) is in force") {
            try await $0.consumer.store.read { try $0.get(Agreement.self, id: agreement.id)?.isActive == true }
        }

        let transfer = try await world.consumer.perform { exchange in
            if let known = try await world.consumer.store.read({ try $0.all(Transfer.self).first }) { return known }
            return try await exchange.transfer(agreement, waitSeconds: 0, by: user)
        }
        let complete = try #require(
            try await world.consumer.eventually { tx in
                try tx.get(Transfer.self, id: transfer.id).flatMap { $0.isOpen ? nil : $0 }
            })
        let receipt = try #require(try await world.consumer.perform { try await $0.record(complete) })
        promise("the receipt is kept") { try await $0.consumer.exchange.record(complete)?.bytes == receipt.bytes }

        let directory = world.consumer.home.path + "/opened/\(UserID.make())"
        try TestTree.write([:], to: world.consumer.home.path + "/opened")
        let opened = try await world.consumer.perform {
            try await $0.open(complete, for: IntendedUse(purpose: nil), into: directory, by: user)
        }
        promise("use of grant \(opened.grantID) was granted and recorded") { world in
            let isGranted = try await world.provider.store.read { try $0.all(IssuedGrant.self).contains { $0.grantID == opened.grantID } }
            let isUsed = try await world.consumer.store.read {
                try $0.all(PackageUse.self).contains { $0.grantID == opened.grantID && $0.state == .opened }
            }
            return try isGranted && isUsed && TestTree.read(directory) == smallTree
        }

        // Both sides have said all that there is to say.
        for node in [world.provider, world.consumer] {
            let isQuiet = try await node.eventually { tx in
                try tx.count(OutboxMessage.self) == 0 && tx.all(Negotiation.self).allSatisfy { !$0.isOpen }
                    && tx.all(Transfer.self).allSatisfy { !$0.isOpen } ? true : nil
            }
            try #require(isQuiet == true, "\(plan.kills)")
        }
    }

    private func promise(_ text: String, _ holds: @escaping @Sendable (TestWorld) async throws -> Bool) {
        promises.withLock { $0.append((text, holds)) }
    }

    private func packageName(_ world: TestWorld) async throws -> String {
        try #require(try await world.provider.store.read { try $0.all(SealedVersion.self).first }).fileName
    }
}
