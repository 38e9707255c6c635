// SPDX-License-Identifier: Apache-2.0

import Exchange
import ExchangeModel
import Ledger

extension Node {
    /// What a policy would have decided on the requests in our ledger.
    func policySimulate(_ input: OperationInput) async throws -> JSON {
        guard let policy = input.json["policy"], policy.object != nil else { throw ExchangeError.badInput("policy", "is missing") }
        func time(_ name: String) throws -> Timestamp? {
            guard let text = try input.optionalText(name) else { return nil }
            guard let time = Timestamp(parsing: text) else {
                throw ExchangeError.badInput(name, "is not a time with a zone, such as 2026-10-01T00:00:00+08:00")
            }
            return time
        }
        let filter = PolicySimulation.Filter(
            since: try time("since"), until: try time("until"), agreement: try input.optionalText("agreement"),
            dataset: try input.optionalText("dataset"))
        var simulation = try PolicySimulation(policy, filter: filter)
        let size = ledger.size
        var next: Int64 = 0
        while next < size {
            try Task.checkCancellation()
            let entries = try await ledger.entries(from: next, limit: 1000)
            guard let last = entries.last else { break }
            for entry in entries where [.transferStarted, .grantIssued, .use, .refusal].contains(entry.record.type) {
                if let until = filter.until, entry.record.time >= until { continue }
                simulation.add(try await ledger.view(entry))
            }
            next = last.index + 1
        }
        var result = simulation.json.object ?? [:]
        result["entries"] = .integer(size)
        return .object(result)
    }
}
