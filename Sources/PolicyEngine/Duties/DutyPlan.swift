// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// One duty of a policy, as its life-cycle needs it.
package struct PlannedDuty: Sendable {
    package enum Role: Sendable, Hashable {
        /// Goes with a permission.
        case condition
        case obligation
        /// Is owed once the prohibition of this name is violated.
        case remedy(of: String)
        /// Is owed once the duty of this id is violated.
        case consequence(of: String)

        package var name: String {
            switch self {
            case .condition: "condition"
            case .obligation: "obligation"
            case .remedy: "remedy"
            case .consequence: "consequence"
            }
        }
    }

    /// What makes the duty owed.
    package enum Trigger: String, Sendable, Hashable {
        case agreement, delivery, firstUse, lastUse, eachUse, revocation, incident, violation
        /// Again and again, after each interval.
        case interval
    }

    /// Where it stands in the policy, as a JSON pointer: the same on both sides, whether or not the duty has a uid.
    package let id: String
    /// What reports call it: its uid, else `#` and the pointer.
    package let name: String
    package let role: Role
    package let phase: DutyReport.Phase
    package let trigger: Trigger
    package let actions: [IRI]
    package let assignees: [String]
    package let informedParties: [String]
    /// Columns or JSON paths that the duty is about.
    package let fields: [String]
    package let method: String?
    /// Seconds between two rounds of a recurring duty.
    package let intervalSeconds: Int64?
    package let text: LocalizedText
    let duty: Duty
    let clocks: Set<DutyClock>
    /// Whether an absolute date bounds it, so that it is owed without any event.
    let hasDate: Bool

    init(_ duty: Duty, role: Role) {
        let terms = duty.terms
        let nodes = PlannedDuty.nodes(duty)
        id = terms.pointer.description
        name = terms.name
        self.role = role
        self.duty = duty
        phase = duty.phase
        actions = terms.actions.map(\.action)
        assignees = terms.assignees.compactMap(\.id)
        informedParties = (terms.parties["informedParty"] ?? []).compactMap(\.id)
        fields = PlannedDuty.values(of: PlannedDuty.fieldsOperand, in: nodes)
        method = PlannedDuty.values(of: PlannedDuty.methodOperand, in: nodes).first
        let interval = PlannedDuty.interval(in: nodes)
        intervalSeconds = interval
        clocks = PlannedDuty.clocks(in: nodes)
        hasDate = Bounds.mentions(Operand.dateTime, nodes)
        let verbs = actions.map { "`\($0.short)`" }.joined(separator: ", ")
        text = LocalizedText("duty to \(verbs)", "义务 \(verbs)")
        trigger =
            switch role {
            case .remedy, .consequence: .violation
            case .condition, .obligation:
                if interval != nil {
                    .interval
                } else {
                    PlannedDuty.trigger(clocks, isCondition: role == .condition, phase: duty.phase, hasDate: hasDate)
                }
            }
    }

    private static func trigger(
        _ clocks: Set<DutyClock>, isCondition: Bool, phase: DutyReport.Phase, hasDate: Bool
    ) -> Trigger {
        // A date is owed from the start, whatever else bounds it.
        if hasDate { return .agreement }
        // The event that comes last in the course of things says when the duty can begin.
        if clocks.contains(.incident) { return .incident }
        if clocks.contains(.revocation) { return .revocation }
        if clocks.contains(.lastUse) { return .lastUse }
        if clocks.contains(.firstUse) { return .firstUse }
        if clocks.contains(.delivery) { return .delivery }
        if clocks.contains(.agreement) { return .agreement }
        return isCondition && phase == .after ? .eachUse : .agreement
    }

    static let fieldsOperand = IRI(Namespace.kouan + "fields")
    static let methodOperand = IRI(Namespace.kouan + "method")

    /// A round shorter than this would fill ledgers and be of use to nobody.
    package static let shortestIntervalSeconds: Int64 = 3600

    static func nodes(_ duty: Duty) -> [ConstraintNode] { duty.terms.constraints + duty.terms.actions.flatMap(\.refinements) }

    private static func values(of operand: IRI, in nodes: [ConstraintNode]) -> [String] {
        atoms(nodes).filter { $0.leftOperand == operand }.flatMap(\.rightOperand).map(\.lexical)
    }

    private static func interval(in nodes: [ConstraintNode]) -> Int64? {
        atoms(nodes).filter { $0.leftOperand == DutyTimes.timeInterval }.flatMap(\.rightOperand).compactMap { value -> Int64? in
            guard case .duration(let span) = value.content else { return nil }
            return max(shortestIntervalSeconds, min(span.seconds, 1000 * 365 * 86_400))
        }.min()
    }

    private static func clocks(in nodes: [ConstraintNode]) -> Set<DutyClock> {
        Set(atoms(nodes).compactMap { DutyClock(operand: $0.leftOperand) })
    }

    static func atoms(_ nodes: [ConstraintNode]) -> [Constraint] {
        nodes.flatMap { node -> [Constraint] in
            switch node {
            case .atomic(let constraint): [constraint]
            case .logical(let logical): atoms(logical.constraints)
            }
        }
    }

    /// Constraints that say neither when nor on what: whether the duty is owed at all.
    var conditions: [ConstraintNode] {
        duty.terms.constraints.filter { node in
            !PlannedDuty.atoms([node]).allSatisfy {
                DutyTimes.isTemporal($0.leftOperand) || $0.leftOperand == PlannedDuty.fieldsOperand
                    || $0.leftOperand == PlannedDuty.methodOperand || $0.leftOperand == Operand.event
            }
        }
    }

    func window(_ clocks: DutyClocks, anchor: Timestamp?) -> DutyWindow {
        DutyTimes(clocks: clocks, anchor: anchor).window(of: PlannedDuty.nodes(duty))
    }

    /// Whether `action` is one of the duty's actions or includes one.
    package func isAbout(_ action: IRI) -> Bool { actions.contains { ActionHierarchy.standard.reaches($0, action) } }
}

/// All duties of a policy: those of its permissions, its obligations, remedies and consequences, in the order of the policy.
package struct DutyPlan: Sendable {
    package let duties: [PlannedDuty]
    private let places: [String: Int]
    private let consequences: [String: [Int]]
    private let remedies: [String: [Int]]

    package init(_ policy: Policy) {
        var duties: [PlannedDuty] = []
        func add(_ duty: Duty, _ role: PlannedDuty.Role) {
            let planned = PlannedDuty(duty, role: role)
            duties.append(planned)
            for consequence in duty.consequences { add(consequence, .consequence(of: planned.id)) }
        }
        for permission in policy.permissions { for duty in permission.duties { add(duty, .condition) } }
        for prohibition in policy.prohibitions { for remedy in prohibition.remedies { add(remedy, .remedy(of: prohibition.terms.name)) } }
        for obligation in policy.obligations { add(obligation, .obligation) }
        self.duties = duties
        places = Dictionary(duties.indices.map { (duties[$0].id, $0) }) { first, _ in first }
        var consequences: [String: [Int]] = [:]
        var remedies: [String: [Int]] = [:]
        for (index, duty) in duties.enumerated() {
            switch duty.role {
            case .consequence(let parent): consequences[parent, default: []].append(index)
            case .remedy(let prohibition): remedies[prohibition, default: []].append(index)
            case .condition, .obligation: break
            }
        }
        self.consequences = consequences
        self.remedies = remedies
    }

    package var isEmpty: Bool { duties.isEmpty }

    package subscript(_ id: String) -> PlannedDuty? { places[id].map { duties[$0] } }

    func consequences(of duty: String) -> [PlannedDuty] { (consequences[duty] ?? []).map { duties[$0] } }
    func remedies(of prohibition: String) -> [PlannedDuty] { (remedies[prohibition] ?? []).map { duties[$0] } }
    var prohibitionsWithRemedies: [String] { remedies.keys.sorted() }
}
