// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// What the engine answers, and why. A refusal is a value, never an error.
package struct Decision: Sendable {
    package enum Outcome: Sendable, Hashable {
        case permit
        case deny
        /// A permission and a prohibition both apply and no strategy settles it: the policy is void, nothing is granted.
        case invalid
        /// Open until these operands are known, and duties fulfilled that the reasons name. Never at transfer, grant or use.
        case conditional(needs: [IRI])

        package var name: String {
            switch self {
            case .permit: "permit"
            case .deny: "deny"
            case .invalid: "invalid"
            case .conditional: "conditional"
            }
        }
    }

    package let outcome: Outcome
    /// What reports are made from. They are made when asked for, each time anew: whoever looks twice keeps what was found.
    let evaluated: Evaluated
    let standing: Standing

    /// What the outcome rests on: the rules, or that none of them counts.
    enum Standing { case rules, unresolvedParents, grantsNothing }

    package var policyID: String? { evaluated.policy.id }
    package var requestID: String? { evaluated.input.request?.id }
    package var point: EvaluationPoint { evaluated.input.point ?? .use }
    package var unresolvedParents: [String] { evaluated.policy.unresolvedParents }
    package var decidedAt: Timestamp? { evaluated.input.world.now }

    package var rules: [RuleReport] { evaluated.reports }

    /// The rules that the outcome rests on.
    package var basis: [String] {
        guard standing == .rules else { return [] }
        let found =
            switch outcome {
            case .permit: evaluated.applying
            case .conditional: evaluated.rules(.permission).filter { evaluated.permitted($0) != .unsatisfied }
            case .invalid: evaluated.applying + evaluated.opposing
            case .deny: evaluated.opposing
            }
        return found.map(evaluated.name)
    }

    /// For anything but a permit: what stands against it, the nearest miss first.
    package var reasons: [Reason] {
        switch standing {
        case .unresolvedParents: return [Reasons.unresolvedParents(unresolvedParents)]
        case .grantsNothing: return [Reasons.grantsNothing()]
        case .rules:
            if case .permit = outcome { return [] }
            return Reasons.reasons(
                for: outcome, permissions: evaluated.rules(.permission).map(evaluated.report),
                opposing: evaluated.opposing.map(evaluated.report))
        }
    }

    /// At transfer and grant: operands of the permission that a later point still tests.
    package var deferred: [IRI] {
        guard permittingRule != nil, point != .use, let rule = permittingRule else { return [] }
        return evaluated.needs([rule] + evaluated.rules(.prohibition).filter(evaluated.waitsOnlyForLaterPoints))
    }

    /// Duties that go with the permission that applied, and the policy's obligations.
    package var duties: [DutyReport] {
        guard standing == .rules else { return [] }
        let names = Set(evaluated.applying.map(evaluated.name))
        return evaluated.rules(.permission).filter { names.contains(evaluated.name(ofRule: $0)) }
            .flatMap { evaluated.report(ofRule: $0).conditions }.filter { $0.activation != .unsatisfied }
            + evaluated.rules(.obligation).map { evaluated.report(ofRule: $0).asDuty }
    }

    /// The permission that a permit rests on.
    var permittingRule: Int? {
        guard standing == .rules, outcome == .permit, point.isEnforced else { return nil }
        return evaluated.applying.first
    }

    /// Whether the party may go on: a permit, or in a catalog and at negotiation one that only waits for facts of later points.
    package var isOpen: Bool {
        switch outcome {
        case .permit, .conditional: true
        case .deny, .invalid: false
        }
    }

    /// Stable: `policy.permit`, `policy.conditional`, or the code of the first reason.
    package var code: String {
        switch outcome {
        case .permit: "policy.permit"
        case .conditional: "policy.conditional"
        case .invalid: reasons.first?.code ?? "policy.void"
        case .deny: reasons.first?.code ?? "policy.not-permitted"
        }
    }

    /// One sentence for people.
    package var message: LocalizedText {
        switch outcome {
        case .permit: LocalizedText("the policy permits it", "策略允许")
        case .conditional(let needs) where needs.isEmpty:
            LocalizedText("the policy permits it after a duty is fulfilled", "履行义务之后策略允许")
        case .conditional(let needs):
            LocalizedText(
                "the policy permits it if " + needs.map { "`\($0.short)`" }.joined(separator: ", ") + " allow it",
                "在满足以下条件时策略允许：" + needs.map { OperandTable.info($0)?.title.zh ?? $0.short }.joined(separator: "、"))
        case .deny, .invalid: reasons.first?.message ?? LocalizedText("no permission applies", "没有适用的许可")
        }
    }
}

/// One thing that stands against a permit, with what it looked at.
package struct Reason: Sendable {
    package let code: String
    package let rule: String?
    package let pointer: JSONPointer
    package let constraint: String?
    package let leftOperand: IRI?
    package let operation: Operator?
    package let left: [PolicyValue]
    package let right: [PolicyValue]
    package let source: ValueSource?
    package let message: LocalizedText

    package var json: JSON {
        .members([
            "code": .string(code), "rule": rule.map(JSON.string), "pointer": .string(pointer.description),
            "constraint": constraint.map(JSON.string), "leftOperand": leftOperand.map { .string($0.description) },
            "operator": operation.map { .string($0.rawValue) }, "left": left.isEmpty ? nil : .array(left.map(\.json)),
            "right": right.isEmpty ? nil : .array(right.map(\.json)), "source": source.map { .string($0.rawValue) },
            "message": message.json,
        ])
    }
}

extension Decision {
    /// The report of `policy evaluate`, with reasons and duties beside it. Equal decisions give equal bytes.
    package func report() -> JSON {
        let reasons = reasons
        let deferred = deferred
        var json = ReportWriter.policy(
            id: policyID, request: requestID, created: decidedAt?.description, decision: outcome.name, basis: basis, rules: rules)
        json["point"] = .string(point.rawValue)
        json["code"] = .string(code)
        json["message"] = message.json
        if case .conditional(let needs) = outcome { json["needs"] = .strings(needs.map(\.description)) }
        if !deferred.isEmpty { json["deferred"] = .strings(deferred.map(\.description)) }
        json["reasons"] = .array(reasons.map(\.json))
        json["duties"] = .array(duties.map { ReportWriter.duty($0) })
        if !unresolvedParents.isEmpty { json["unresolvedParents"] = .strings(unresolvedParents) }
        return .object(json)
    }
}

/// Reports in the shape of `policy evaluate`.
enum ReportWriter {
    static func policy(
        id: String?, request: String?, created: String?, decision: String?, basis: [String]?, rules: [RuleReport]
    ) -> [String: JSON] {
        let members: [String: JSON?] = [
            "policy": id.map(JSON.string) ?? .null, "request": request.map(JSON.string), "created": created.map(JSON.string),
            "decision": decision.map(JSON.string), "basis": basis.map { .strings($0) }, "rules": .array(rules.map(rule)),
        ]
        return members.compactMapValues { $0 }
    }

    static func rule(_ report: RuleReport) -> JSON {
        var json: [String: JSON] = [
            "rule": report.id.map(JSON.string) ?? .null,
            "pointer": .string(report.pointer.description),
            "type": .string(report.kind.rawValue),
            "activation": activation(report.activation),
            "applies": .bool(report.applies == .satisfied),
            "premises": .array(
                report.premises.map { ["kind": .string($0.kind.rawValue), "state": .string($0.state.rawValue)] }),
            "refinements": .array(report.refinements.map(constraint)),
            "constraints": .array(report.constraints.map(constraint)),
        ]
        switch report.kind {
        case .permission:
            json["control"] = report.applies == .satisfied ? "permit" : "deny"
            json["conditions"] = .array(report.conditions.map { duty($0) })
        case .prohibition:
            json["remedies"] = .array(report.remedies.map { duty($0) })
            json["remedied"] = .bool(report.remedied)
        case .obligation: json["consequences"] = .array(report.consequences.map { duty($0) })
        }
        if let deontic = report.deontic { json["deontic"] = .string(deontic.rawValue) }
        return .object(json)
    }

    static func duty(_ report: DutyReport) -> JSON {
        .members([
            "duty": report.id.map(JSON.string) ?? .null, "pointer": .string(report.pointer.description),
            "actions": .strings(report.actions.map(\.description)), "phase": .string(report.phase.rawValue),
            "activation": activation(report.activation), "deontic": .string(report.deontic.rawValue),
            "deadline": report.deadline.map { .string($0.description) }, "constraints": .array(report.constraints.map(constraint)),
            "consequences": .array(report.consequences.map { duty($0) }),
        ])
    }

    static func constraint(_ report: ConstraintReport) -> JSON {
        .members([
            "constraint": report.id.map(JSON.string) ?? .null, "pointer": .string(report.pointer.description),
            "state": .string(report.state.rawValue),
            "missing": report.isMissing ? report.leftOperand.map { .string($0.description) } : nil,
            "leftOperand": report.leftOperand.map { .string($0.description) },
            "operator": report.operation.map { .string($0.rawValue) }, "logical": report.logical.map { .string($0.rawValue) },
            "left": report.left.isEmpty ? nil : .array(report.left.map(\.json)),
            "right": report.right.isEmpty ? nil : .array(report.right.map(\.json)),
            "source": report.source.map { .string($0.rawValue) },
        ])
    }

    private static func activation(_ truth: Truth) -> JSON {
        switch truth {
        case .satisfied, .elsewhere: "active"
        case .unsatisfied: "inactive"
        case .undetermined: "undetermined"
        }
    }
}
