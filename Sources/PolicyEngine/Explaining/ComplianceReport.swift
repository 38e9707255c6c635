// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// The W3C community's vocabulary for the result of an evaluation, https://w3id.org/force/compliance-report#, as JSON-LD.
///
/// What the vocabulary has no term for is left out, with one exception: a state that is neither satisfied nor unsatisfied. It has no
/// term there and must not read as either, so the report then has no `satisfactionState`.
enum ComplianceReport {
    static let namespace = "https://w3id.org/force/compliance-report#"

    static let context: JSON = [
        "report": .string(namespace), "odrl": .string(Namespace.odrl), "dct": "http://purl.org/dc/terms/", "xsd": .string(Namespace.xsd),
    ]

    static func node(_ type: String, _ members: [String: JSON?]) -> JSON {
        var members = members
        members["@type"] = .string("report:" + type)
        return .members(members)
    }

    static func reference(_ id: String) -> JSON { ["@id": .string(id)] }
    static func term(_ name: String) -> JSON { reference("report:" + name) }

    static func satisfaction(_ truth: Truth) -> JSON? {
        switch truth {
        case .satisfied: term("Satisfied")
        case .unsatisfied: term("Unsatisfied")
        case .undetermined, .elsewhere: nil
        }
    }

    static func activation(_ truth: Truth) -> JSON { term(truth == .satisfied || truth == .elsewhere ? "Active" : "Inactive") }

    static func deontic(_ state: DeonticState) -> JSON {
        switch state {
        case .notSet: term("NonSet")
        case .fulfilled: term("Fulfilled")
        case .violated: term("Violated")
        }
    }

    /// A duty that is violated can no longer be performed; a prohibition that is violated was.
    static func performance(_ state: DeonticState, ofProhibition: Bool) -> JSON {
        switch state {
        case .notSet: term("Unknown")
        case .fulfilled: term("Performed")
        case .violated: term(ofProhibition ? "Performed" : "Unperformed")
        }
    }

    /// Reports of constraints as a tree: the parts of a logical constraint stand below it in the document, and so do their pointers.
    static func constraints(_ reports: [ConstraintReport]) -> [JSON] {
        var rest = reports[...]
        return constraints(&rest, below: nil)
    }

    private static func constraints(_ rest: inout ArraySlice<ConstraintReport>, below parent: JSONPointer?) -> [JSON] {
        var found: [JSON] = []
        while let next = rest.first {
            if let parent, !next.pointer.description.hasPrefix(parent.description + "/") { break }
            rest.removeFirst()
            let parts = next.leftOperand == nil ? constraints(&rest, below: next.pointer) : []
            found.append(
                node(
                    "ConstraintReport",
                    [
                        "report:constraint": reference(next.id ?? "#" + next.pointer.description),
                        "report:constraintLeftOperand": next.left.isEmpty ? nil : values(next.left),
                        "report:constraintOperator": next.operation.map { reference($0.iri.description) }
                            ?? next.logical.map { reference(Namespace.odrl + $0.rawValue) },
                        "report:constraintRightOperand": next.right.isEmpty ? nil : values(next.right),
                        "report:satisfactionState": satisfaction(next.state), "report:premiseReport": parts.isEmpty ? nil : .array(parts),
                    ]))
        }
        return found
    }

    private static func values(_ values: [PolicyValue]) -> JSON { values.count == 1 ? values[0].json : .array(values.map(\.json)) }

    static func duty(_ report: DutyReport) -> JSON {
        node(
            "DutyReport",
            [
                "report:rule": reference(report.id ?? "#" + report.pointer.description),
                "report:activationState": activation(report.activation),
                "report:performanceState": performance(report.deontic, ofProhibition: false),
                "report:deonticState": deontic(report.deontic),
                "report:premiseReport": report.constraints.isEmpty ? nil : .array(constraints(report.constraints)),
            ])
    }

    static func rule(_ report: RuleReport) -> JSON {
        let types: [RuleReport.Kind: String] = [
            .permission: "PermissionReport", .prohibition: "ProhibitionReport", .obligation: "DutyReport",
        ]
        let kinds: [PremiseReport.Kind: String] = [.action: "ActionReport", .target: "TargetReport", .party: "PartyReport"]
        let premises =
            report.premises.map { premise in
                node(kinds[premise.kind] ?? "PremiseReport", ["report:satisfactionState": satisfaction(premise.state)])
            } + constraints(report.refinements) + constraints(report.constraints)
        let attempt = report.premises.first { $0.kind == .action }
        return node(
            types[report.kind] ?? "RuleReport",
            [
                "report:rule": reference(report.name),
                // Active in this vocabulary is every premise satisfied, the premises of the request included.
                "report:activationState": activation(report.applies),
                "report:attemptState": report.kind == .obligation
                    ? nil : attempt.map { term($0.state == .satisfied ? "Attempted" : "NotAttempted") },
                "report:premiseReport": premises.isEmpty ? nil : .array(premises),
                "report:conditionReport": report.conditions.isEmpty ? nil : .array(report.conditions.map(duty)),
                "report:deonticState": report.kind == .permission ? nil : report.deontic.map(deontic),
                "report:performanceState": report.kind == .permission
                    ? nil : report.deontic.map { performance($0, ofProhibition: report.kind == .prohibition) },
            ])
    }
}

extension Decision {
    /// The decision as a PolicyReport of the compliance-report vocabulary. Equal decisions give equal bytes.
    package func complianceReport() -> JSON {
        var json =
            ComplianceReport.node(
                "PolicyReport",
                [
                    "dct:created": decidedAt.map { ["@value": .string($0.description), "@type": "xsd:dateTime"] },
                    "report:policy": policyID.map(ComplianceReport.reference),
                    "report:policyRequest": requestID.map(ComplianceReport.reference),
                    "report:ruleReport": .array(rules.map(ComplianceReport.rule)),
                ]
            ).object ?? [:]
        json["@context"] = ComplianceReport.context
        return .object(json)
    }
}
