// SPDX-License-Identifier: Apache-2.0

import Exchange
import ExchangeModel
import NodeTesting
import Sealing
import StorageSQLite
import Synchronization
import Testing

/// Sixty-four openings at once, kills and faults among them, held against a list of what was seen to happen.
@Suite struct CounterOracleTests {
    struct Limits: Sendable, CustomTestStringConvertible {
        var count: Int?
        var perDay: Int?
        /// In packages.
        var volume: Int?
        var volumePerHour: Int?
        let seed: UInt64

        var testDescription: String {
            "count \(count ?? 0), per day \(perDay ?? 0), volume \(volume ?? 0), volume per hour \(volumePerHour ?? 0), seed \(seed)"
        }

        func policy(_ bytes: Int64) -> JSON {
            var limits: [String: Int64] = [:]
            limits["count"] = count.map(Int64.init)
            limits["kouan:countPerDay"] = perDay.map(Int64.init)
            // Room for less than one more package.
            limits["kouan:volume"] = volume.map { Int64($0) * bytes + bytes / 2 }
            limits["kouan:volumePerHour"] = volumePerHour.map { Int64($0) * bytes + bytes / 2 }
            return TestPolicy.atMost(limits)
        }

        /// Whether uses at these times are allowed: naive, all of them looked at for each.
        func allow(_ times: [Timestamp]) -> Bool {
            func most(in seconds: Int64) -> Int {
                times.map { end in times.count { $0 <= end && $0 > end.adding(seconds: -seconds) } }.max() ?? 0
            }
            return times.count <= min(count ?? .max, volume ?? .max) && most(in: 86_400) <= perDay ?? .max
                && most(in: 3_600) <= volumePerHour ?? .max
        }

        /// How many more uses at `now` keep the limits.
        func room(after times: [Timestamp], at now: Timestamp) -> Int {
            (0...64).last { allow(times + Array(repeating: now, count: $0)) } ?? 0
        }
    }

    static let cases: [Limits] = [
        Limits(count: 23, seed: 1), Limits(count: 40, perDay: 7, seed: 2), Limits(volume: 19, seed: 3), Limits(volumePerHour: 5, seed: 4),
        Limits(count: 30, perDay: 11, volume: 25, volumePerHour: 6, seed: 5),
    ]

    /// Without faults exactly what is allowed succeeds, whichever of the openings come first.
    @Test(.timeLimit(.minutes(5)), arguments: cases) func exactlyWhatIsAllowedSucceeds(_ limits: Limits) async throws {
        let run = try await CounterRun(limits)
        try await run.world.running {
            for hours in [Int64](arrayLiteral: 0, 11, 13) {
                run.world.clock.advance(seconds: hours * 3_600)
                let room = limits.room(after: run.times, at: run.world.clock.now())
                let before = run.times.count
                try await run.openMany(failingEvery: nil)
                #expect(run.times.count - before == room, "\(limits.testDescription), after \(hours) h")
            }
        }
        try await run.check()
        let used = Int64(run.times.count)
        let counters = try await run.world.counters()
        #expect(counters.provider?.used == used)
        #expect(counters.consumer?.used == used)
    }

    /// With kills of both nodes, openings that fail, and lost messages: never more than is allowed, and nothing that was told is untrue.
    @Test(.timeLimit(.minutes(5)), arguments: cases, 0..<3) func neverMoreThanIsAllowed(_ limits: Limits, _ round: Int) async throws {
        let seed = limits.seed * 100 + UInt64(round)
        print("CounterOracleTests.neverMoreThanIsAllowed seed \(seed): \(limits.testDescription)")
        let run = try await CounterRun(limits)
        let kills = try await run.world.running {
            var kills = 0
            var random = SeededRandom(seed: seed)
            for _ in 0..<3 {
                run.world.clock.advance(seconds: Int64.random(in: 1...50_000, using: &random))
                let plan = KillPlan(
                    at: Int.random(in: 1...60, using: &random), Int.random(in: 1...300, using: &random),
                    Int.random(in: 1...300, using: &random))
                for node in [run.world.provider, run.world.consumer] { node.follow(plan) }
                let losses = Mutex(SeededRandom(seed: random.next()))
                run.world.network.fault { _ in
                    losses.withLock { random in
                        guard Int.random(in: 0..<12, using: &random) == 0 else { return nil }
                        return [NetworkFault.refused, .answerLost, .answer(503)].randomElement(using: &random)
                    }
                }
                try await run.openMany(failingEvery: 5)
                run.world.network.heal()
                for node in [run.world.provider, run.world.consumer] {
                    node.follow(nil)
                    _ = try await node.life
                }
                #expect(limits.allow(run.times), "\(limits.testDescription), \(plan.kills)")
                kills += plan.kills.count
            }
            return kills
        }
        #expect(kills > 0)
        try await run.check()
    }
}

/// One agreement whose openings are seen from outside: by what the caller is told, and by the files that appear.
private final class CounterRun: Sendable {
    let world: TestWorld
    let limits: CounterOracleTests.Limits
    let transfer: Transfer
    private let seen = Mutex<(directories: [String: Timestamp], grants: Set<String>, opened: Int)>(([:], [], 0))

    init(_ limits: CounterOracleTests.Limits) async throws {
        self.limits = limits
        let world = try await TestWorld.make()
        self.world = world
        transfer = try await world.running { try await world.obtain { limits.policy($0) } }
        _ = try world.consumer.home.make("out")
    }

    /// When plaintext appeared, acknowledged or not.
    var times: [Timestamp] { seen.withLock { Array($0.directories.values) } }

    /// - Parameter failingEvery: every so many openings go to a directory that is not empty, and must cost nothing.
    func openMany(failingEvery: Int?) async throws {
        let now = world.clock.now()
        let start = seen.withLock(\.opened)
        let out = world.consumer.home.path + "/out/"
        await withTaskGroup(of: Void.self) { group in
            for number in start..<start + 64 {
                let name = "use-\(number)"
                let isOccupied = failingEvery.map { number % $0 == 0 } ?? false
                group.addTask { [self] in
                    do {
                        if isOccupied { try TestTree.write(["mine": [1]], to: out + name) }
                        let opened = try await world.consumer.perform { [transfer, user = world.user] exchange in
                            try await exchange.open(transfer, for: IntendedUse(purpose: nil), into: out + name, by: user)
                        }
                        // What was told is remembered: it must be true ever after.
                        _ = seen.withLock { $0.grants.insert(opened.grantID) }
                        if try isOccupied || TestTree.read(out + name).count != 2 { Issue.record("\(name) was not opened") }
                    } catch {}
                }
            }
        }
        for number in start..<start + 64 where try TestTree.read(out + "use-\(number)")["a.csv"] != nil {
            seen.withLock { $0.directories["use-\(number)"] = now }
        }
        seen.withLock { $0.opened += 64 }
    }

    func check() async throws {
        let what: Comment = "\(limits.testDescription)"
        let counted = try await world.uses(.opened, .interrupted, .reserved)
        let released = try await world.uses(.released)
        let (provider, consumer) = try await world.counters()
        let grants = try await world.provider.store.read { try $0.all(IssuedGrant.self) }

        // Both sides' own records keep the limits, at every moment of the past.
        #expect(limits.allow(counted.map(\.reservedAt)), what)
        #expect(limits.allow(grants.map(\.issuedAt)), what)
        #expect(Int64(counted.count) == consumer?.used ?? 0, what)
        #expect(Int64(grants.count) == provider?.used ?? 0, what)
        #expect((consumer?.used ?? 0) <= provider?.used ?? 0, what)
        #expect((consumer?.bytes ?? 0) == transfer.bytes * Int64(counted.count), what)

        // Whatever came out was counted, and what was told is on record.
        let out = world.consumer.home.path + "/out/"
        let targets = Set(counted.map(\.target))
        for name in seen.withLock(\.directories).keys { #expect(targets.contains(out + name), "\(name), \(what)") }
        let open = Set(counted.filter { $0.state == .opened }.compactMap(\.grantID))
        for grant in seen.withLock(\.grants) { #expect(open.contains(grant), "\(grant), \(what)") }
        // A use was given back only where nothing came out.
        for use in released { #expect(try TestTree.read(use.target) == ["mine": [1]], what) }
        try await world.checkLedgers()
    }
}
