// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

extension PolicyCLI {
    /// `policy compare`: one JSON object in, one out. From the bytes of standard input to the value for standard output and the exit
    /// status: 0, or 2 with an `error` member.
    package static func compare(_ input: [UInt8], limits: JSONLimits = PolicyCLI.limits) -> (output: JSON, status: Int32) {
        do {
            let output = compare(try JSON.parse(input, limits: limits))
            return (output, output["error"] == nil ? 0 : 2)
        } catch {
            return (failure(error.code, error.message, ""), 2)
        }
    }

    package static func compare(_ input: JSON) -> JSON {
        guard case .object = input else { return failure("policy.input-not-an-object", "the input must be one JSON object", "") }
        let question = input["question"]?.string
        guard let question, ["conflict", "subsumption"].contains(question) else {
            return failure("policy.unknown-question", "`question` must be `conflict` or `subsumption`", "/question")
        }
        var policies: [Policy] = []
        for member in ["a", "b"] {
            guard let document = input[member], document != .null else {
                return failure("policy.no-policy", "the input has no policy `\(member)`", "/" + member)
            }
            let (policy, findings) = PolicyReader.parse(document, options: PolicyReader.Options(typesUntypedText: false))
            guard let policy else {
                let finding = findings.last { $0.severity == .error }
                return failure(
                    finding?.code ?? "policy.malformed", finding?.message ?? "the policy cannot be read",
                    "/" + member + (finding?.pointer.description ?? ""))
            }
            guard !policy.permissions.isEmpty else {
                return failure("policy.no-permission", "the policy `\(member)` has no permission to compare", "/" + member)
            }
            policies.append(policy)
        }
        return answer(question, policies[0], policies[1], WorldReader.world(input["world"]))
    }

    private static func answer(_ question: String, _ first: Policy, _ second: Policy, _ world: PolicyWorld) -> JSON {
        let hierarchy = Hierarchy([world.broader, world.memberOf])
        var problem = ComparisonProblem(hierarchy: hierarchy, withoutUnit: false, budget: ComparisonProblem.largeBudget)
        let a = problem.requests(of: first, clauses: .asWritten)
        let b = problem.requests(of: second, clauses: .asWritten)
        var output: [String: JSON] = [:]
        if question == "conflict" {
            let answer = problem.solve(.every([a, b]))
            switch answer {
            case .unsatisfiable: output["relation"] = "conflict"
            case .undecided: output["relation"] = "unknown"
            case .satisfiable(let witness):
                let isDecided = !witness.restsOnOpaque
                let silent = first.comparedOperands.symmetricDifference(second.comparedOperands)
                output["relation"] = isDecided && silent.isEmpty ? "compatible" : "unknown"
                output["witness"] = witness.json
                if !silent.isEmpty { output["silent"] = .strings(silent.map(\.description).sorted()) }
            }
            output["decided"] = .bool(answer.isDecided)
        } else {
            let answer = problem.solve(.every([a, .not(b)]))
            if case .unsatisfiable = answer { output["subsumed"] = true } else { output["subsumed"] = false }
            if case .satisfiable(let witness) = answer { output["witness"] = witness.json }
            output["decided"] = .bool(answer.isDecided)
        }
        return .object(output)
    }

    private static func failure(_ code: String, _ message: String, _ path: String) -> JSON {
        ["error": ["code": .string(code), "message": .string(message), "path": .string(path)]]
    }
}

extension Policy {
    /// The left operands of the clauses of all permissions.
    fileprivate var comparedOperands: Set<IRI> {
        var operands: Set<IRI> = []
        func collect(_ nodes: [ConstraintNode]) {
            for node in nodes {
                switch node {
                case .atomic(let constraint): operands.insert(constraint.leftOperand)
                case .logical(let logical): collect(logical.constraints)
                }
            }
        }
        for permission in permissions {
            collect(permission.terms.constraints)
            for action in permission.terms.actions { collect(action.refinements) }
        }
        return operands
    }
}
