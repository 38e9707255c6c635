// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// All that a decision depends on besides the policy. Reports look values up here again, so that a decision need not hold them.
final class EvaluationInput: Sendable {
    let request: PolicyRequest?
    let world: PolicyWorld
    /// Nil follows ODRL with two values: a missing fact satisfies no operator but `isNoneOf`. At a point there are three: a missing fact
    /// leaves the clause undetermined, and who asks decides what that means there.
    let point: EvaluationPoint?
    let side: EvaluationSide
    let conditionMode: EvaluationOptions.ConditionMode
    let behaviour: EvaluationOptions.Behaviour

    init(
        request: PolicyRequest?, world: PolicyWorld, point: EvaluationPoint?, side: EvaluationSide = .provider,
        conditionMode: EvaluationOptions.ConditionMode, behaviour: EvaluationOptions.Behaviour = .closed
    ) {
        self.request = request
        self.world = world
        self.point = point
        self.side = side
        self.conditionMode = conditionMode
        self.behaviour = behaviour
    }

    /// A time in the request stands above the clock.
    var now: Instant? {
        if case .instant(let instant)? = request?.parameters[Operand.dateTime.description]?.first?.content { return instant }
        return world.now.map { Instant($0) }
    }

    /// Whose values a left operand has.
    enum Subject {
        case request
        case event(PerformedAction)
        case resource(String)
        case nothing
    }

    /// Spelled values have the characters that a report shows; a time that is only compared needs none.
    func values(
        _ operand: IRI, constraint: String?, rule: String?, _ subject: Subject, spelled: Bool = true
    ) -> (values: [PolicyValue], source: ValueSource) {
        func time(_ time: Timestamp) -> PolicyValue {
            spelled ? .time(time) : PolicyValue(content: .instant(Instant(time)), lexical: "", datatype: nil)
        }
        let key = operand.description
        switch subject {
        case .nothing: return ([], .missing)
        case .resource(let id): return (world.properties[id]?[key] ?? [], .property)
        case .request:
            if let given = request?.parameters[key], !given.isEmpty { return (given, .request) }
            if operand == Operand.dateTime, let now = world.now { return ([time(now)], .clock) }
        case .event(let event):
            if let given = event.values[key], !given.isEmpty { return (given, .request) }
            if operand == Operand.dateTime { return ([time(event.at)], .clock) }
        }
        if let id = constraint, let counted = world.counters[id]?[key], !counted.isEmpty { return (counted, .counter) }
        if let id = rule, let counted = world.counters[id]?[key], !counted.isEmpty { return (counted, .counter) }
        if let given = world.values[key], !given.isEmpty { return (given, .world) }
        if point != nil, operand == Operand.recipient, let party = request?.party { return ([.iri(party)], .party) }
        return ([], .missing)
    }

    /// The right side of a clause, with what its references resolve to.
    func right(_ policy: PreparedPolicy, _ index: Int) -> [PolicyValue] {
        let clause = policy.clauses[index]
        var right = Array(policy.rightTexts[clause.right.range])
        guard clause.hasReferences else { return right }
        for reference in policy.clauseTexts[index].references {
            right += (world.references[reference.id] ?? []).map { $0.completed(datatype: reference.datatype, unit: reference.unit) }
        }
        return right
    }
}
