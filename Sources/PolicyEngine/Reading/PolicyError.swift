// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Something about a policy that a person should know, with the place where it stands.
package struct PolicyFinding: Sendable, Hashable {
    package enum Severity: String, Sendable, Hashable {
        /// The policy is refused.
        case error
        /// The policy is taken, and probably does not mean what its author thinks.
        case warning
    }

    package let severity: Severity
    package let code: String
    package let pointer: JSONPointer
    package let message: String
    package let hint: String

    package var json: JSON {
        [
            "severity": .string(severity.rawValue), "code": .string(code), "pointer": .string(pointer.description),
            "message": .string(message), "hint": .string(hint),
        ]
    }
}

package enum PolicyError: KouanError {
    /// At least one finding is an error.
    case refused([PolicyFinding])
    /// The policy means something that the grammar of the Dataspace Protocol has no words for.
    case notExpressibleInDSP(JSONPointer, what: String, instead: String)

    package var findings: [PolicyFinding] {
        switch self {
        case .refused(let findings): findings
        case .notExpressibleInDSP(let pointer, _, _):
            [PolicyFinding(severity: .error, code: code, pointer: pointer, message: message, hint: hint)]
        }
    }

    private static func first(_ findings: [PolicyFinding]) -> PolicyFinding? { findings.first { $0.severity == .error } }

    package var code: String {
        switch self {
        case .refused(let findings): PolicyError.first(findings)?.code ?? "policy.refused"
        case .notExpressibleInDSP: "policy.not-expressible-in-dsp"
        }
    }

    package var message: String {
        switch self {
        case .refused(let findings):
            PolicyError.first(findings).map { "\($0.message) at `\($0.pointer.description)`" } ?? "the policy is refused"
        case .notExpressibleInDSP(let pointer, let what, _):
            "\(what) at `\(pointer.description)` cannot travel in the dataspace protocol"
        }
    }

    package var hint: String {
        switch self {
        case .refused(let findings): PolicyError.first(findings)?.hint ?? "run `kouan policy check` for all findings"
        case .notExpressibleInDSP(_, _, let instead): instead
        }
    }
}
