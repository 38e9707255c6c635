// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
package import Identity
import Ledger
package import PolicyEngine
import StorageSQLite

// Facts that no credential states: what people of the provider confirm for its own decisions, and what a consumer's user states of a use.

extension Exchange {
    /// Sets a fact, in place of the one before.
    package func confirm(
        _ operand: String, _ value: String, of subject: FactSubject, basis: String, by user: UserID
    ) async throws -> ConfirmedFact {
        guard let info = OperandTable.find(operand), OperandTable.confirmed.contains(info.iri) else {
            throw ExchangeError(
                .usage, "fact.not-confirmable", "`\(operand.prefix(120))` is nothing that people of a provider confirm",
                hint: "one of " + OperandTable.confirmed.sorted().map(\.short).joined(separator: ", "))
        }
        guard info.value(parsing: value) != nil else {
            throw ExchangeError(
                .usage, "fact.bad-value", "`\(value.prefix(120))` is no value of `\(info.iri.short)`, which is a \(info.sort.rawValue)",
                hint: "write for example \(info.valueExample)")
        }
        let fact = ConfirmedFact(
            id: ConfirmedFact.id(subject, info.iri.description), subject: subject, operand: info.iri.description, value: value,
            basis: basis,
            confirmedBy: user.description, confirmedAt: clock.now())
        _ = try await ledger.commit { tx in
            switch subject {
            case .agreement(let id):
                guard let agreement = try tx.get(Agreement.self, id: id) else { throw ExchangeError.unknown("contract", id) }
                guard agreement.role == .provider else {
                    throw ExchangeError(
                        .usage, "fact.not-provider", "the other side of this agreement confirms such facts",
                        hint: "what a use needs is stated with `kouan open --fact`")
                }
            case .dataset(let id):
                guard try tx.exists(Dataset.self, id: id) else { throw ExchangeError.unknown("dataset", id) }
            }
            try tx.put(fact)
            try tx.append(fact.event(.factConfirmed, by: user))
        }
        return fact
    }

    package func remove(fact operand: String, of subject: FactSubject, by user: UserID) async throws -> ConfirmedFact {
        let iri = OperandTable.find(operand)?.iri.description ?? operand
        return try await ledger.commit { tx in
            guard let fact = try tx.get(ConfirmedFact.self, id: ConfirmedFact.id(subject, iri)) else {
                throw ExchangeError.unknown("fact", operand)
            }
            try tx.delete(ConfirmedFact.self, id: fact.id)
            try tx.append(fact.event(.factRemoved, by: user))
            return fact
        }.value
    }

    /// What is confirmed for an agreement, as far as its policy asks.
    func confirmedFacts(of agreement: Agreement, for known: KnownPolicy, in tx: Transaction) throws -> [String: [PolicyValue]] {
        guard known.wantsConfirmedFacts else { return [:] }
        var values: [String: [PolicyValue]] = [:]
        for subject in [FactSubject.dataset(agreement.datasetID), .agreement(agreement.id)] {
            for fact in try tx.all(ConfirmedFact.self, where: "subject", equals: subject.key) {
                guard let info = OperandTable.info(IRI(fact.operand)), let value = info.value(parsing: fact.value) else { continue }
                values[fact.operand] = [value]
            }
        }
        return values
    }
}

extension ConfirmedFact {
    fileprivate func event(_ type: EntryType, by user: UserID) -> LedgerEvent {
        var local: [String: JSON] = ["operand": .string(operand), "value": .string(value), "basis": .string(basis)]
        var agreement: String?
        switch subject {
        case .agreement(let id): agreement = id
        case .dataset(let id): local["dataset"] = .string(id)
        }
        return LedgerEvent(type: type, role: .provider, agreement: agreement, local: local, ids: ["user": user.description])
    }
}

/// What a user states of a use. The consumer's node can know it from nobody else and records it with the use.
package enum StatedFacts {
    /// Reads `operand=value`; several values of one operand stand side by side.
    package static func read(_ texts: [String]) throws -> [String: [PolicyValue]] {
        var facts: [String: [PolicyValue]] = [:]
        for text in texts {
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw ExchangeError.badInput("fact", "is not of the form operand=value")
            }
            let name = String(text[..<equals])
            let value = String(text[text.index(after: equals)...])
            guard let info = OperandTable.find(name), OperandTable.stated.contains(info.iri) else {
                throw ExchangeError(
                    .usage, "fact.not-stated", "`\(name.prefix(120))` is nothing that a user states of a use",
                    hint:
                        "\(OperandTable.stated.sorted().map(\.short).joined(separator: ", ")) are; where and in what data is used stands in kouan.yaml"
                )
            }
            guard let parsed = info.value(parsing: value) else {
                throw ExchangeError(
                    .usage, "fact.bad-value", "`\(value.prefix(120))` is no value of `\(info.iri.short)`, which is a \(info.sort.rawValue)",
                    hint: "write for example \(info.valueExample)")
            }
            facts[info.iri.description, default: []].append(parsed)
        }
        return facts
    }

    /// The surroundings of a node, as its configuration has them. What is not configured is not known.
    package static func surroundings(country: String?, environments: [String]) -> [String: [PolicyValue]] {
        var values: [String: [PolicyValue]] = [:]
        if let country { values[Operand.accessorCountry.description] = [.text(country)] }
        if !environments.isEmpty { values[Operand.environment.description] = environments.map(PolicyValue.text) }
        return values
    }
}
