// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Glibc
import PolicyEngine

/// The policy engine's cases by name. Policies are prepared once, when a case is first asked for; a run asks about one request.
struct PolicyCases {
    private var prepared: [String: PolicySet] = [:]
    private let world = Cases.world

    mutating func run(_ name: String, seconds: Double) -> JSON? {
        switch name {
        case "one-decision": one(seconds) { $0.isOpen ? 1 : 0 }
        case "one-report": one(seconds) { $0.rules.count &+ $0.reasons.count &+ ($0.permit == nil ? 0 : 1) }
        case "one-denied": one(seconds, purpose: "pricing") { $0.rules.count &+ $0.reasons.count &+ ($0.permit == nil ? 0 : 1) }
        case "one-json": one(seconds) { $0.report().canonical().count }
        case "hundred-distinct": many(100, distinct: true, seconds)
        case "hundred-same": many(100, distinct: false, seconds)
        case "hundred-reports": many(100, distinct: false, seconds) { $0.rules.count &+ $0.reasons.count }
        case "tenthousand-distinct": many(10_000, distinct: true, seconds)
        case "tenthousand-same": many(10_000, distinct: false, seconds)
        case "tenthousand-reports": many(10_000, distinct: false, seconds) { $0.rules.count &+ $0.reasons.count }
        case "weekdays": weekdays(seconds)
        case "replace": replace(seconds)
        case "prepare": prepare()
        default: nil
        }
    }

    /// One prepared policy, one decision, and what is looked at of it.
    private func one(_ seconds: Double, purpose: String = "research", _ look: (Decision) -> Int) -> JSON {
        let policy = PolicyCases.policy(Cases.policies(1, distinct: true)[0])
        var request = Cases.request(about: 0)
        request.set(Operand.purpose, [.text(purpose)])
        return Measure.run(seconds: seconds) { look(policy.evaluate(request, in: world, at: .use)) }.json
    }

    /// A set of policies; all that speak about the request are evaluated, all clauses of each. By default one look at every outcome.
    private mutating func many(
        _ count: Int, distinct: Bool, _ seconds: Double, _ look: ((Decision) -> Int)? = nil
    ) -> JSON {
        let set = set(count, distinct: distinct)
        let request = Cases.request(about: distinct ? count / 2 : 0)
        return Measure.run(seconds: seconds) {
            let decisions = set.evaluate(request, in: world, at: .use)
            if let look { return decisions.reduce(0) { $0 &+ look($1) } }
            return decisions.indices.reduce(0) { $0 &+ (decisions.outcome(at: $1) == .permit ? 1 : 0) }
        }.json
    }

    private func weekdays(_ seconds: Double) -> JSON {
        let policy = PolicyCases.policy(Cases.weekdays().canonical())
        let request = Cases.request(about: 0)
        let world = PolicyWorld(now: Timestamp(parsing: "2024-12-31T12:00:00Z"))
        return Measure.run(seconds: seconds) { policy.evaluate(request, in: world, at: .use).isOpen ? 1 : 0 }.json
    }

    /// One policy of 10,000 replaced, while somebody holds the set as it was before.
    private mutating func replace(_ seconds: Double) -> JSON {
        let before = set(10_000, distinct: true)
        var current = before
        let policy = PolicyCases.policy(Cases.policies(1, distinct: true)[0])
        return Measure.run(seconds: seconds) {
            current = before
            current.insert(policy, id: "7")
            return current.count
        }.json
    }

    /// 10,000 policies from bytes to an indexed set.
    private func prepare() -> JSON {
        let documents = Cases.policies(10_000, distinct: true)
        let bytes = documents.reduce(0) { $0 + $1.count }
        let memory = Measure.residentBytes()
        let start = Measure.nanoseconds(CLOCK_MONOTONIC)
        let cpu = Measure.nanoseconds(CLOCK_PROCESS_CPUTIME_ID)
        let set = PolicyCases.set(documents)
        let spent = Measure.nanoseconds(CLOCK_MONOTONIC) - start
        let processor = Measure.nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu
        let after = Measure.residentBytes()
        return [
            "seconds": .double(spent / 1e9), "cpuSeconds": .double(processor / 1e9), "bytes": .integer(Int64(bytes)),
            "memory": .integer(Int64(after - memory)),
            "policies": .integer(Int64(set.count)),
        ]
    }

    private mutating func set(_ count: Int, distinct: Bool) -> PolicySet {
        let key = "\(count) \(distinct)"
        if let found = prepared[key] { return found }
        let made = PolicyCases.set(Cases.policies(count, distinct: distinct))
        prepared[key] = made
        return made
    }

    private static func set(_ documents: [[UInt8]]) -> PolicySet {
        var set = PolicySet()
        for (number, document) in documents.enumerated() { set.insert(policy(document), id: "\(number)") }
        return set
    }

    private static func policy(_ document: [UInt8]) -> PreparedPolicy {
        do { return PreparedPolicy(try PolicyReader.read(try JSON.parse(document))) } catch { fail("\(error)") }
    }
}
