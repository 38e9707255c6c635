// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

extension Explanation {
    package var isOpen: Bool {
        switch outcome {
        case .permit, .conditional: true
        case .deny, .invalid: false
        }
    }

    /// Every member has its name and place for good; equal explanations give equal bytes in canonical form.
    package func json(zone: TimeZoneOffset = .china) -> JSON {
        var needs: [IRI]?
        if case .conditional(let operands) = outcome { needs = operands }
        return .members([
            "audience": .string(audience.rawValue), "outcome": .string(outcome.name), "code": .string(code), "message": message.json,
            "policy": policyID.map(JSON.string), "request": requestID.map(JSON.string), "point": .string(point.rawValue),
            "side": .string(side.rawValue), "decidedAt": decidedAt.map { .string($0.description) },
            "decidedAtLocal": decidedAt.map { .string(zone.text($0)) }, "action": action.map { .string($0.description) },
            "party": party.map(JSON.string), "target": target.map(JSON.string), "rules": .array(rules.map { $0.json(zone) }),
            "reasons": .array(reasons.map(\.json)), "needs": needs.map { .strings($0.map(\.description)) },
            "deferred": deferred.isEmpty ? nil : .strings(deferred.map(\.description)), "repair": repair.map { $0.json(zone) },
            "unresolvedParents": unresolvedParents.isEmpty ? nil : .strings(unresolvedParents),
        ])
    }
}

extension Explanation.Rule {
    fileprivate func json(_ zone: TimeZoneOffset) -> JSON {
        .members([
            "rule": .string(name), "type": .string(kind.rawValue), "pointer": .string(pointer.description),
            "actions": .strings(actions.map(\.description)), "applies": ExplanationJSON.state(applies), "decisive": .bool(isBasis),
            "deontic": kind == .permission ? nil : .string(deontic?.rawValue ?? "notDisclosed"),
            "deadline": deadline.map { .string($0.description) },
            "premises": .array(
                premises.map { premise in
                    .members([
                        "kind": .string(premise.kind.rawValue), "state": ExplanationJSON.state(premise.state),
                        "asked": premise.asked.map(JSON.string), "named": .strings(premise.named),
                    ])
                }), "refinements": refinements.isEmpty ? nil : .array(refinements.map { $0.json }),
            "clauses": .array(clauses.map { $0.json }), "duties": duties.isEmpty ? nil : .array(duties.map { $0.json }),
        ])
    }
}

extension Explanation.Clause {
    fileprivate var json: JSON {
        .members([
            "constraint": id.map(JSON.string), "pointer": .string(pointer.description), "state": ExplanationJSON.state(state),
            "leftOperand": leftOperand.map { .string($0.description) }, "operator": operation.map { .string($0.rawValue) },
            "logical": logical.map { .string($0.rawValue) }, "left": left.isEmpty ? nil : .array(left.map(\.json)),
            "right": right.isEmpty ? nil : .array(right.map(\.json)), "references": references.isEmpty ? nil : .strings(references),
            "source": leftOperand == nil ? nil : .string(source?.rawValue ?? "notDisclosed"),
            "clauses": leftOperand == nil ? .array(parts.map(\.json)) : nil,
        ])
    }
}

extension Explanation.DutyLine {
    fileprivate var json: JSON {
        .members([
            "duty": id.map(JSON.string), "pointer": .string(pointer.description), "actions": .strings(actions.map(\.description)),
            "phase": .string(phase.rawValue), "activation": ExplanationJSON.state(activation),
            "deontic": .string(state?.rawValue ?? "notDisclosed"), "deadline": deadline.map { .string($0.description) },
            "clauses": clauses.isEmpty ? nil : .array(clauses.map(\.json)),
            "consequences": consequences.isEmpty ? nil : .array(consequences.map(\.json)),
        ])
    }
}

extension Repair {
    fileprivate func json(_ zone: TimeZoneOffset) -> JSON {
        .members([
            "possible": .bool(isPossible), "items": .array(items.map { $0.json(zone) }),
            "omitted": omitted == 0 ? nil : .integer(Int64(omitted)),
        ])
    }
}

extension Repair.Item {
    fileprivate func json(_ zone: TimeZoneOffset) -> JSON {
        .members([
            "who": .string(changer.rawValue), "how": .string(means.rawValue), "possible": .bool(isPossible),
            "operand": operand.map { .string($0.description) }, "premise": premise.map { .string($0.rawValue) },
            "named": named.isEmpty ? nil : .strings(named), "rule": rule.map(JSON.string), "pointer": .string(pointer.description),
            "must": requirements.isEmpty
                ? nil
                : .array(
                    requirements.map { requirement in
                        .members([
                            "operator": .string(requirement.operation.rawValue), "negated": requirement.isNegated ? true : nil,
                            "right": .array(requirement.right.map(\.json)),
                            "references": requirement.references.isEmpty ? nil : .strings(requirement.references),
                            "pointer": .string(requirement.pointer.description),
                        ])
                    }), "opensAt": opensAt.map { .string($0.description) }, "opensBy": opensBy.map { .string($0.description) },
            "deadline": deadline.map { .string($0.description) }, "text": text(zone).json,
        ])
    }
}

private enum ExplanationJSON {
    /// A state, or that it is not disclosed.
    static func state(_ truth: Truth?) -> JSON { .string(truth?.rawValue ?? "notDisclosed") }
}
