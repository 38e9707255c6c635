// SPDX-License-Identifier: Apache-2.0

import Exchange
import ExchangeModel
import PolicyEngine
import StorageSQLite

// MARK: - Confirmed facts

extension Node {
    func factSet(_ input: OperationInput) async throws -> JSON {
        let fact = try await exchange.confirm(
            try input.text("operand", limit: 512), try input.text("value", limit: 1_024), of: try await subject(input),
            basis: try input.text("basis", limit: 1_024), by: input.user)
        return Node.describe(fact)
    }

    func factRemove(_ input: OperationInput) async throws -> JSON {
        let fact = try await exchange.remove(fact: try input.text("operand", limit: 512), of: try await subject(input), by: input.user)
        return Node.describe(fact)
    }

    func factList(_ input: OperationInput) async throws -> JSON {
        var facts = try await store.read { try $0.all(ConfirmedFact.self) }
        if input.json["agreement"] ?? .null != .null || input.json["dataset"] ?? .null != .null {
            let subject = try await subject(input)
            facts = facts.filter { $0.subject == subject }
        }
        return ["facts": .array(facts.map(Node.describe))]
    }

    private func subject(_ input: OperationInput) async throws -> FactSubject {
        switch (try input.optionalText("agreement"), try input.optionalText("dataset")) {
        case (.some(let agreement), nil): return .agreement(try await self.agreement(agreement).id)
        case (nil, .some(let dataset)): return .dataset(dataset)
        default: throw ExchangeError.badInput("agreement", "or a dataset must be named, and not both")
        }
    }

    private static func describe(_ fact: ConfirmedFact) -> JSON {
        let about: (String, String) =
            switch fact.subject {
            case .agreement(let id): ("agreement", id)
            case .dataset(let id): ("dataset", id)
            }
        return .object([
            about.0: .string(about.1), "operand": .string(IRI(fact.operand).short), "value": .string(fact.value),
            "basis": .string(fact.basis), "confirmedBy": .string(fact.confirmedBy), "confirmedAt": .string(fact.confirmedAt.description),
        ])
    }
}

// MARK: - Policies that others inherit from

extension Node {
    func policyAdd(_ input: OperationInput) async throws -> JSON {
        guard let policy = input.json["policy"], policy.object != nil else {
            throw ExchangeError.badInput("policy", "is not a JSON object")
        }
        let parent = try await exchange.add(parent: policy, by: input.user)
        return ["id": .string(parent.id), "addedAt": .string(parent.addedAt.description)]
    }

    func policyRemove(_ input: OperationInput) async throws -> JSON {
        let id = try input.text("policy", limit: 512)
        try await exchange.remove(parent: id, by: input.user)
        return ["id": .string(id)]
    }

    func policyList() async throws -> JSON {
        let parents = try await store.read { try $0.all(ParentPolicy.self) }
        return ["policies": .array(parents.map { ["id": .string($0.id), "addedAt": .string($0.addedAt.description)] })]
    }
}
