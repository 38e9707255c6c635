// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Requests with the decisions that a policy must give them: `….cases.json` beside a policy, run by `kouan policy test` and by our tests.
/// The form is described in docs/guide/policies.md.
package struct PolicyCases: Sendable {
    /// The file of the policy, relative to the file of the cases.
    package let policy: String
    package let cases: [PolicyCase]

    package init(_ json: JSON) throws(PolicyCaseError) {
        guard let policy = json["policy"]?.string, !policy.isEmpty else { throw .malformed("policy", "is missing: name the policy's file") }
        guard let entries = json["cases"]?.array, !entries.isEmpty else { throw .malformed("cases", "is missing or empty") }
        guard entries.count <= 10_000 else { throw .malformed("cases", "has more than 10000 entries") }
        self.policy = policy
        var cases: [PolicyCase] = []
        for (index, entry) in entries.enumerated() { cases.append(try PolicyCase(entry, at: "cases/\(index)")) }
        self.cases = cases
    }
}

package enum PolicyCaseError: KouanError {
    case malformed(String, String)

    package var code: String { "policy.case-malformed" }
    package var message: String {
        switch self {
        case .malformed(let place, let what): "`\(place)` of the cases \(what)"
        }
    }
    package var hint: String { "see the form of a case file in docs/guide/policies.md" }
}

package struct PolicyCase: Sendable {
    package let name: LocalizedText
    package let point: EvaluationPoint
    package let side: EvaluationSide
    package let request: PolicyRequest
    package let world: PolicyWorld
    package let expect: JSON

    init(_ json: JSON, at place: String) throws(PolicyCaseError) {
        func malformed(_ member: String, _ what: String) -> PolicyCaseError { .malformed("\(place)/\(member)", what) }
        guard let en = json["name"]?["en"]?.string, let zh = json["name"]?["zh"]?.string, !en.isEmpty, !zh.isEmpty else {
            throw malformed("name", "is not a name in English and Chinese")
        }
        guard let point = json["point"]?.string.flatMap(EvaluationPoint.init) else {
            throw malformed("point", "is none of " + EvaluationPoint.allCases.map(\.rawValue).joined(separator: ", "))
        }
        var side = EvaluationSide.conventional(at: point)
        if let text = json["side"] {
            guard let named = text.string.flatMap(EvaluationSide.init) else { throw malformed("side", "is neither provider nor consumer") }
            side = named
        }
        guard let request = WorldReader.request(json["request"]) else { throw malformed("request", "is missing") }
        var world = WorldReader.world(json["world"])
        guard world.now != nil else { throw malformed("world/currentTime", "is missing or no time with a zone") }
        world.regions = .standard
        guard let expect = json["expect"], expect["outcome"]?.string != nil else { throw malformed("expect/outcome", "is missing") }
        let known: Set<String> = ["outcome", "code", "needs", "allowance", "reasons", "message"]
        if let other = expect.object?.keys.sorted().first(where: { !known.contains($0) }) {
            throw malformed("expect/\(other)", "is not known")
        }
        name = LocalizedText(en, zh)
        self.point = point
        self.side = side
        self.request = request
        self.world = world
        self.expect = expect
    }

    /// One expectation that was not met.
    package struct Difference: Sendable, Hashable {
        package let member: String
        package let expected: JSON
        package let got: JSON
    }

    package struct Result: Sendable {
        package let differences: [Difference]
        package let explanation: Explanation
        package var isPassed: Bool { differences.isEmpty }
    }

    package func run(_ policy: Policy) -> Result {
        let options = EvaluationOptions(side: side)
        let decision = policy.evaluate(request, in: world, at: point, options: options)
        var differences: [Difference] = []
        func compare(_ member: String, _ got: @autoclosure () -> JSON) {
            guard let expected = expect[member] else { return }
            let found = got()
            if expected != found { differences.append(Difference(member: member, expected: expected, got: found)) }
        }
        compare("outcome", .string(decision.outcome.name))
        compare("code", .string(decision.code))
        compare("reasons", .strings(decision.reasons.map(\.code)))
        compare("message", decision.message.json)
        compare("needs", .strings(needs(decision).map(\.description)))
        compare("allowance", PolicyCase.allowance(decision))
        return Result(
            differences: differences, explanation: Explanation(decision, of: policy, for: request, in: world, options: options))
    }

    private func needs(_ decision: Decision) -> [IRI] {
        if case .conditional(let needs) = decision.outcome { return needs }
        return decision.deferred
    }

    /// The bounds that the permit has; those that it has not are left out, as in the case.
    private static func allowance(_ decision: Decision) -> JSON {
        guard let allowance = decision.permit?.allowance else { return .null }
        return .members([
            "maximumUses": allowance.maximumUses.map { .integer(Int64($0)) },
            "notBefore": allowance.notBefore.map { .string($0.description) },
            "notAfter": allowance.notAfter.map { .string($0.description) },
        ])
    }
}

extension EvaluationSide {
    /// Who decides where nobody says: only the consumer decides a use.
    package static func conventional(at point: EvaluationPoint) -> EvaluationSide { point == .use ? .consumer : .provider }
}
