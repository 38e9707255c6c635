// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// What a look at an agreement without a request finds.
package struct DutyTick: Sendable {
    package let book: DutyBook
    package let changes: [DutyChange]
    /// When time alone will next change something: until then a scheduler may sleep.
    package let next: Timestamp?
    /// Prohibitions that recorded acts have violated, by name, and those of them whose remedies are all done.
    package let violated: [String]
    package let remedied: [String]
    package let rules: [RuleReport]
}

extension Policy {
    /// The monitor tick: obligations, prohibitions and the clocks of all duties, at `world.now`, from the acts in `world.performed`.
    ///
    /// Acts that a prohibition forbids make its remedies due, each act once: `seen` is how many of `world.performed` an earlier tick has
    /// looked at. A duty whose conditions certainly do not hold is not owed; a missing fact never lifts one.
    package func monitor(_ book: DutyBook, _ plan: DutyPlan, in world: PolicyWorld, seen: Int = 0) -> DutyTick {
        var book = book
        let now = world.now ?? book.now
        let withheld = withheldDuties(plan, in: world)
        var changes = book.advance(to: now, plan, withheld: withheld)

        let prepared = PreparedPolicy(self)
        let rules = Evaluated(prepared, EvaluationInput(request: nil, world: world, point: nil, conditionMode: .perDuty)).reports
        let violated = rules.filter { $0.kind == .prohibition && $0.deontic == .violated }.map(\.name)
        for (prohibition, rule) in zip(prohibitions, prepared.rules(.prohibition))
        where !prohibition.remedies.isEmpty && violated.contains(prohibition.terms.name) {
            for act in world.performed.dropFirst(seen) {
                var alone = world
                alone.performed = [act]
                alone.dutyStates = [:]
                let input = EvaluationInput(request: nil, world: alone, point: nil, conditionMode: .perDuty)
                guard Evaluated(prepared, input).rule(rule).deontic == .violated else { continue }
                changes += book.receive(.violated(prohibition: prohibition.terms.name), at: now, plan, withheld: withheld)
            }
        }
        return DutyTick(
            book: book, changes: changes, next: book.nextChange(plan), violated: violated,
            remedied: violated.filter { book.isRemedied($0, plan) }, rules: rules)
    }

    /// Duties whose own conditions do not hold in this world.
    package func withheldDuties(_ plan: DutyPlan, in world: PolicyWorld) -> Set<String> {
        // With a point, a missing fact is undetermined and not a no.
        let input = EvaluationInput(
            request: PolicyRequest(action: nil), world: world, point: .use, side: .consumer, conditionMode: .perDuty)
        return Set(plan.duties.filter { Evaluator.truth($0.conditions, input) == .unsatisfied }.map(\.id))
    }
}
