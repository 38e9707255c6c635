// SPDX-License-Identifier: Apache-2.0

import Exchange
import ExchangeModel
import PolicyEngine
import StorageSQLite

// MARK: - Duties of agreements

extension Node {
    func contractDuties(_ input: OperationInput) async throws -> JSON {
        let agreement = try await agreementID(input)
        let duties = try await exchange.dutyList(of: agreement)
        var members: [String: JSON] = ["agreement": .string(agreement), "duties": .array(duties.map(describe))]
        if let problem = try await exchange.clockProblem() {
            members["clock"] = ["code": .string(problem.code), "message": .string(problem.message), "hint": .string(problem.hint)]
        }
        return .object(members)
    }

    func contractFulfil(_ input: OperationInput) async throws -> JSON {
        let agreement = try await agreementID(input)
        let duty = try input.text("duty")
        let evidence = try input.optionalText("evidence", limit: 128).map { text in
            guard let digest = Digest(parsing: text) else { throw ExchangeError.badInput("evidence", "is no digest") }
            return digest
        }
        try await exchange.fulfil(
            duty, of: agreement, note: try input.optionalText("note"), evidence: evidence, by: input.user)
        return ["agreement": .string(agreement), "duties": .array(try await exchange.dutyList(of: agreement).map(describe))]
    }

    func contractEvent(_ input: OperationInput) async throws -> JSON {
        let agreement = try await agreementID(input)
        guard let event = try input.choice("event", AgreementEvent.self) else { throw ExchangeError.badInput("event", "is missing") }
        try await exchange.report(event, of: agreement, note: try input.optionalText("note"), by: input.user)
        return ["agreement": .string(agreement), "duties": .array(try await exchange.dutyList(of: agreement).map(describe))]
    }

    func contractClock(_ input: OperationInput) async throws -> JSON {
        if input.flag("confirm") { try await exchange.confirmClock(by: input.user) }
        let problem = try await exchange.clockProblem()
        return .members([
            "now": .string(clock.now().description), "isTrusted": .bool(problem == nil), "code": problem.map { .string($0.code) },
            "message": problem.map { .string($0.message) },
        ])
    }

    /// Under which agreements rows of opened tables went out.
    func contractTrace(_ input: OperationInput) async throws -> JSON {
        var rows: [JSON] = []
        for (index, row) in try input.texts("rows", limit: 1000).enumerated() {
            let agreements = try await exchange.agreementsMarking(row: Array(row.utf8))
            rows.append(
                .members([
                    "row": .integer(Int64(index + 1)), "agreements": .strings(agreements.map(\.id)),
                    "peers": .strings(agreements.map(\.peer.description)),
                ]))
        }
        return ["rows": .array(rows)]
    }

    /// An agreement by its id or that of its negotiation.
    private func agreementID(_ input: OperationInput) async throws -> String {
        let id = try input.text("agreement")
        let found = try await store.read { tx in
            try tx.get(Agreement.self, id: id) ?? tx.first(Agreement.self, where: "negotiation", equals: id)
        }
        guard let found else { throw ExchangeError.unknown("contract", id) }
        return found.id
    }

    private func describe(_ view: DutyView) -> JSON {
        let zone = TimeZoneOffset.china
        let instance = view.instance
        return .members([
            "id": .string(instance?.id ?? view.duty.id), "name": .string(view.duty.name), "role": .string(view.duty.role.name),
            "phase": .string(view.duty.phase.rawValue), "actions": .strings(view.duty.actions.map(\.short)),
            "performer": .string(view.performer.rawValue), "isOurs": .bool(view.isOurs), "trigger": .string(view.duty.trigger.rawValue),
            "state": .string(view.state.rawValue), "since": instance.map { .string($0.since.description) },
            "opens": instance?.opens.map { .string($0.description) }, "deadline": instance?.deadline.map { .string($0.description) },
            "deadlineText": instance?.deadline.map { .string(zone.both($0)) },
            "performedAt": instance?.performedAt.map { .string($0.description) }, "isUnconfirmed": .bool(view.isUnconfirmed),
            "fields": view.duty.fields.isEmpty ? nil : .strings(view.duty.fields), "report": view.reportPath.map(JSON.string),
            "copies": view.copies.isEmpty ? nil : .strings(view.copies), "text": view.duty.text.json, "advice": view.advice?.json,
        ])
    }
}
