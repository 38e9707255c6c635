// SPDX-License-Identifier: Apache-2.0

import Exchange
import ExchangeModel
import Identity
import Ledger
import NodeTesting
import Sealing
import StorageSQLite
import Testing

private let tinyTree: [String: [UInt8]] = ["a.csv": Array("1,2\n".utf8), "b.csv": Array("3,4\n".utf8)]

extension TestWorld {
    /// Negotiates and fetches under a policy that is made for the size of the package.
    func obtain(under policy: @Sendable (_ packageBytes: Int64) -> JSON) async throws -> Transfer {
        let (version, free) = try await publish(tinyTree)
        let exchange = try await provider.exchange
        _ = try await exchange.withdraw(offer: free.id, by: user)
        _ = try await exchange.offer(
            version, policy: policy(version.bytes), visibility: [.registered], acknowledgingDeclared: true, by: user)
        return try await obtain()
    }

    func uses(_ states: PackageUse.State...) async throws -> [PackageUse] {
        let states = Set(states)
        return try await consumer.store.read { try $0.all(PackageUse.self) }.filter { states.contains($0.state) }
    }

    func counters() async throws -> (provider: UseCounter?, consumer: UseCounter?) {
        (
            try await provider.store.read { try $0.all(UseCounter.self).first },
            try await consumer.store.read { try $0.all(UseCounter.self).first }
        )
    }
}

@Suite struct CounterTests {
    /// A window is as long as it says, to the millisecond, and rolls.
    @Test func aWindowOpensAgainWhenItsFirstUseHasLeft() async throws {
        let world = try await TestWorld.make()
        try await world.running {
            let transfer = try await world.obtain { _ in TestPolicy.atMost(["kouan:countPerMinute": 2]) }
            for _ in 1...2 {
                #expect(try await world.open(transfer).files == tinyTree)
                world.clock.advance(seconds: 20)
            }
            // At 40 s both are in the window; the first left it at 60 s, the second at 80 s.
            #expect(await code { _ = try await world.open(transfer) } == "policy.rate-exceeded")
            world.clock.advance(milliseconds: 19_999)
            #expect(await code { _ = try await world.open(transfer) } == "policy.rate-exceeded")
            world.clock.advance(milliseconds: 1)
            #expect(try await world.open(transfer).files == tinyTree)
            #expect(await code { _ = try await world.open(transfer) } == "policy.rate-exceeded")
            world.clock.advance(seconds: 20)
            #expect(try await world.open(transfer).files == tinyTree)
            #expect(try await world.uses(.opened).count == 4)

            // The provider keeps the window too: a consumer that asks past its own node gets no key.
            let agreement = try #require(try await world.consumer.store.read { try $0.get(Agreement.self, id: transfer.agreementID) })
            let request = try world.grantRequest(agreement)
            let consumer = try await world.consumerAtProvider()
            let provider = try await world.provider.exchange
            #expect(await code { _ = try await provider.grant(request, to: consumer) } == "policy.rate-exceeded")
            world.clock.advance(seconds: 60)
            #expect(await code { _ = try await provider.grant(request, to: consumer) } == nil)
        }
        try await world.checkLedgers()
    }

    @Test func volumeCountsTheSealedBytesOnBothSides() async throws {
        let world = try await TestWorld.make()
        try await world.running {
            let transfer = try await world.obtain { TestPolicy.atMost(["kouan:volume": $0 * 3 + 1]) }
            for _ in 1...3 { #expect(try await world.open(transfer).files == tinyTree) }
            #expect(await code { _ = try await world.open(transfer) } == "policy.uses-exhausted")
            let (provider, consumer) = try await world.counters()
            #expect(provider?.bytes == transfer.bytes * 3)
            #expect(consumer?.bytes == transfer.bytes * 3)
        }
        try await world.checkLedgers()
    }

    @Test func elapsedTimeEndsUseAndLease() async throws {
        let world = try await TestWorld.make()
        try await world.running {
            let transfer = try await world.obtain { _ in
                TestPolicy.permission([TestPolicy.constraint("elapsedTime", "lteq", ["@value": "PT30M", "@type": "xsd:duration"])])
            }
            #expect(try await world.open(transfer).files == tinyTree)
            let agreement = try #require(try await world.consumer.store.read { try $0.get(Agreement.self, id: transfer.agreementID) })
            let grant = try #require(try await world.consumer.store.read { try $0.all(HeldGrant.self).first })
            #expect(grant.notAfter == agreement.agreedAt.adding(seconds: 1_800))
            world.clock.advance(seconds: 1_801)
            #expect(await code { _ = try await world.open(transfer) } != nil)
            let request = try world.grantRequest(agreement)
            let consumer = try await world.consumerAtProvider()
            let provider = try await world.provider.exchange
            #expect(await code { _ = try await provider.grant(request, to: consumer) }?.hasPrefix("policy.") == true)
            _ = try await world.consumer.exchange.transfer(agreement, waitSeconds: 30, by: world.user)
            let last = try await world.consumer.store.read { try $0.all(Transfer.self) }.first { $0.id != transfer.id }
            #expect(last?.stateName == "TERMINATED")
        }
    }

    /// What a crash interrupted took until the next start, as far as anybody can know.
    @Test func meteredTimeCountsAnInterruptedUse() async throws {
        let world = try await TestWorld.make()
        let transfer = try await world.running {
            let transfer = try await world.obtain { _ in
                TestPolicy.permission([TestPolicy.constraint("meteredTime", "lt", ["@value": "PT10M", "@type": "xsd:duration"])])
            }
            #expect(try await world.open(transfer).files == tinyTree)
            return transfer
        }
        try await world.interruptAnOpening(of: transfer, into: world.consumer.home.path + "/cut", commit: 1) {
            world.clock.advance(seconds: 600)
        }
        #expect(try await world.counters().consumer?.milliseconds == 600_000)
        try await world.running {
            #expect(await code { _ = try await world.open(transfer) } == "policy.uses-exhausted")
        }
    }

    /// The reservation of a use that was cut short is good for the same directory until its lease ends, and for nothing else.
    @Test func aUseThatWasCutShortGoesOnAtNoCost() async throws {
        let world = try await TestWorld.make()
        let transfer = try await world.running { try await world.obtain { _ in TestPolicy.atMost(["count": 1]) } }
        let directory = world.consumer.home.path + "/cut"
        try await world.interruptAnOpening(of: transfer, into: directory) {}
        #expect(try await world.uses(.interrupted).count == 1)
        try await world.running {
            let grants = world.network.calls.count { $0.kind == .grant }
            #expect(await code { _ = try await world.open(transfer) } == "grant.allowance-used-up")
            let exchange = try await world.consumer.exchange
            let opened = try await exchange.open(transfer, for: IntendedUse(purpose: nil), into: directory, by: world.user)
            #expect(try TestTree.read(directory) == tinyTree)
            #expect(opened.usesLeft == 0)
            #expect(world.network.calls.count { $0.kind == .grant } == grants + 1)
            let again = await code {
                _ = try await exchange.open(transfer, for: IntendedUse(purpose: nil), into: directory, by: world.user)
            }
            #expect(again == "grant.allowance-used-up")
        }
        let (provider, consumer) = try await world.counters()
        #expect(provider?.used == 1)
        #expect(consumer?.used == 1)
        #expect(try TestTree.names(below: world.consumer.directory + "/leases").isEmpty)
        try await world.checkLedgers()
    }

    @Test func aResumedUseThatFailsIsNotGivenBack() async throws {
        let world = try await TestWorld.make()
        let transfer = try await world.running { try await world.obtain { _ in TestPolicy.atMost(["count": 2]) } }
        let directory = world.consumer.home.path + "/cut"
        try await world.interruptAnOpening(of: transfer, into: directory) {}
        try TestTree.write(["mine": [1]], to: directory)
        let exchange = try await world.consumer.exchange
        let failed = await code { _ = try await exchange.open(transfer, for: IntendedUse(purpose: nil), into: directory, by: world.user) }
        #expect(failed?.hasPrefix("sealing.target") == true, "\(failed ?? "opened")")
        #expect(try await world.counters().consumer?.used == 1)
        #expect(try await world.uses(.interrupted).count == 1)
    }

    @Test func afterItsLeaseACutUseIsOver() async throws {
        let world = try await TestWorld.make()
        let transfer = try await world.running { try await world.obtain { _ in TestPolicy.atMost(["count": 1]) } }
        let directory = world.consumer.home.path + "/cut"
        try await world.interruptAnOpening(of: transfer, into: directory) {}
        world.clock.advance(seconds: world.consumer.settings.leaseSeconds)
        try await world.running {
            let exchange = try await world.consumer.exchange
            let refused = await code {
                _ = try await exchange.open(transfer, for: IntendedUse(purpose: nil), into: directory, by: world.user)
            }
            #expect(refused == "grant.allowance-used-up")
        }
    }
}

extension TestWorld {
    /// Kills the consumer once a use is reserved and before a byte of it is decrypted, and starts it again.
    ///
    /// - Parameter commit: 2 where the commit of a grant comes before that of the use, 1 where a lease runs.
    func interruptAnOpening(
        of transfer: Transfer, into directory: String, commit: Int = 2, meanwhile: @Sendable () -> Void
    ) async throws {
        let plan = KillPlan(at: commit) { $0 == .ledger(.committed) }
        consumer.follow(plan)
        let ended = await code {
            _ = try await consumer.perform { try await $0.open(transfer, for: IntendedUse(purpose: nil), into: directory, by: user) }
        }
        #expect(ended != nil)
        #expect(plan.kills.count == 1)
        consumer.follow(nil)
        meanwhile()
        try await consumer.wake()
        #expect(try TestTree.names(below: directory).isEmpty)
    }
}
