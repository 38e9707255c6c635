// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Glibc
import PolicyEngine

/// The policy engine's cases by name. Policies are prepared once, when a case is first asked for.
struct PolicyCases {
    private var prepared: [String: [Policy]] = [:]

    mutating func run(_ name: String, seconds: Double) -> JSON? {
        switch name {
        case "one-report": measured(1, distinct: false, seconds) { $0.rules.count }
        case "one-decision": measured(1, distinct: false, seconds) { $0.basis.count }
        case "one-json": measured(1, distinct: false, seconds) { $0.report().canonical().count }
        case "hundred": measured(100, distinct: false, seconds) { $0.rules.count }
        case "same": measured(10_000, distinct: false, seconds) { $0.rules.count }
        case "weekdays": weekdays(seconds)
        case "prepare": prepare()
        default: nil
        }
    }

    private mutating func measured(_ count: Int, distinct: Bool, _ seconds: Double, _ look: (Decision) -> Int) -> JSON {
        let policies = policies(count, distinct: distinct)
        let request = Cases.request(about: distinct ? count / 2 : 0)
        let world = Cases.world
        return Measure.run(seconds: seconds) {
            var looked = 0
            for policy in policies { looked &+= look(policy.evaluate(request, in: world, at: .use)) }
            return looked
        }.json
    }

    private mutating func weekdays(_ seconds: Double) -> JSON {
        let policy = PolicyReader.parse(Cases.weekdays()).policy!
        let request = Cases.request(about: 0)
        let world = PolicyWorld(now: Timestamp(parsing: "2024-12-31T12:00:00Z"))
        return Measure.run(seconds: seconds) { policy.evaluate(request, in: world, at: .use).rules.count }.json
    }

    private func prepare() -> JSON {
        let documents = Cases.policies(10_000, distinct: true)
        let bytes = documents.reduce(0) { $0 + $1.count }
        let memory = Measure.residentBytes()
        let start = Measure.nanoseconds(CLOCK_MONOTONIC)
        let policies = documents.map { PolicyReader.parse(try! JSON.parse($0)).policy! }
        let spent = Measure.nanoseconds(CLOCK_MONOTONIC) - start
        let after = Measure.residentBytes()
        return [
            "seconds": .double(spent / 1e9), "bytes": .integer(Int64(bytes)), "memory": .integer(Int64(after - memory)),
            "policies": .integer(Int64(policies.count)),
        ]
    }

    private mutating func policies(_ count: Int, distinct: Bool) -> [Policy] {
        let key = "\(count) \(distinct)"
        if let found = prepared[key] { return found }
        let made = Cases.policies(count, distinct: distinct).map { PolicyReader.parse(try! JSON.parse($0)).policy! }
        prepared[key] = made
        return made
    }
}
