// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Glibc
import PolicyEngine

/// The policy engine's cases by name. Policies are prepared once, when a case is first asked for.
struct PolicyCases {
    private var prepared: [String: [PreparedPolicy]] = [:]

    mutating func run(_ name: String, seconds: Double) -> JSON? {
        switch name {
        case "one-decision": measured(1, seconds) { $0.isOpen ? 1 : 0 }
        case "one-report": measured(1, seconds) { $0.rules.count &+ $0.reasons.count &+ ($0.permit == nil ? 0 : 1) }
        case "one-json": measured(1, seconds) { $0.report().canonical().count }
        case "hundred": measured(100, seconds) { $0.isOpen ? 1 : 0 }
        case "same": measured(10_000, seconds) { $0.isOpen ? 1 : 0 }
        case "weekdays": weekdays(seconds)
        case "prepare": prepare()
        default: nil
        }
    }

    private mutating func measured(_ count: Int, _ seconds: Double, _ look: (Decision) -> Int) -> JSON {
        let policies = policies(count, distinct: false)
        let request = Cases.request(about: 0)
        let world = Cases.world
        return Measure.run(seconds: seconds) {
            var looked = 0
            for policy in policies { looked &+= look(policy.evaluate(request, in: world, at: .use)) }
            return looked
        }.json
    }

    private mutating func weekdays(_ seconds: Double) -> JSON {
        let policy = PreparedPolicy(PolicyReader.parse(Cases.weekdays()).policy!)
        let request = Cases.request(about: 0)
        let world = PolicyWorld(now: Timestamp(parsing: "2024-12-31T12:00:00Z"))
        return Measure.run(seconds: seconds) { policy.evaluate(request, in: world, at: .use).isOpen ? 1 : 0 }.json
    }

    private func prepare() -> JSON {
        let documents = Cases.policies(10_000, distinct: true)
        let bytes = documents.reduce(0) { $0 + $1.count }
        let memory = Measure.residentBytes()
        let start = Measure.nanoseconds(CLOCK_MONOTONIC)
        let policies = documents.map { PreparedPolicy(PolicyReader.parse(try! JSON.parse($0)).policy!) }
        let spent = Measure.nanoseconds(CLOCK_MONOTONIC) - start
        let after = Measure.residentBytes()
        return [
            "seconds": .double(spent / 1e9), "bytes": .integer(Int64(bytes)), "memory": .integer(Int64(after - memory)),
            "policies": .integer(Int64(policies.count)),
        ]
    }

    private mutating func policies(_ count: Int, distinct: Bool) -> [PreparedPolicy] {
        let key = "\(count) \(distinct)"
        if let found = prepared[key] { return found }
        let made = Cases.policies(count, distinct: distinct).map { PreparedPolicy(PolicyReader.parse(try! JSON.parse($0)).policy!) }
        prepared[key] = made
        return made
    }
}
