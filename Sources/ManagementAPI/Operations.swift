// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Everything an operator can ask a node to do, one name each (`dataset.publish`). The management port and the command line's
/// in-process mode share this one door, so the same token and the same role check stand before both.
package protocol Operations: Sendable {
    func perform(_ request: OperationRequest) async throws(OperationFailure) -> JSON
    /// Nil for an unknown, rotated or disabled token.
    func authenticate(token: String) async -> OperationUser?
    func health() async -> Health
}

package struct OperationRequest: Sendable {
    /// Noun and verb joined by a dot: `dataset.publish`. Verbs that stand alone have no dot: `status`.
    package let name: String
    package let input: JSON
    package let user: OperationUser

    package init(name: String, input: JSON, user: OperationUser) {
        self.name = name
        self.input = input
        self.user = user
    }
}

/// The person behind a token. `id` is pseudonymous and is what the ledger names; `name` never leaves the node.
package struct OperationUser: Sendable, Hashable {
    package let id: String
    package let name: String
    package let roles: Set<String>

    package init(id: String, name: String, roles: Set<String>) {
        self.id = id
        self.name = name
        self.roles = roles
    }
}

/// Why an operation did not happen. `kind` decides the HTTP status and the exit code; `code` says exactly what it was.
package struct OperationFailure: KouanError {
    package enum Kind: String, Sendable, CaseIterable {
        case failure, usage, notFound, denied, authentication, integrity, unreachable, conflict

        package var httpStatus: Int {
            switch self {
            case .failure: 500
            case .usage: 400
            case .notFound: 404
            case .denied: 403
            case .authentication: 401
            case .integrity: 422
            case .unreachable: 502
            case .conflict: 409
            }
        }

        package var exitCode: Int32 {
            switch self {
            case .failure: 1
            case .usage: 2
            case .notFound: 3
            case .denied: 4
            case .authentication: 5
            case .integrity: 6
            case .unreachable: 7
            case .conflict: 8
            }
        }

        /// The kind an HTTP status stands for; what we do not send ourselves counts as a plain failure.
        package init(httpStatus: Int) {
            self = Kind.allCases.first { $0.httpStatus == httpStatus } ?? .failure
        }
    }

    package let kind: Kind
    package let code: String
    package let message: String
    package let hint: String
    /// What a program may want to read beside the text: reasons of a refusal, the pointer into a policy. Never a secret.
    package let details: JSON?

    package init(_ kind: Kind, code: String, message: String, hint: String, details: JSON? = nil) {
        self.kind = kind
        self.code = code
        self.message = message
        self.hint = hint
        self.details = details
    }

    /// An error of a module, as an answer of the given kind.
    package init(_ kind: Kind, _ error: some KouanError, details: JSON? = nil) {
        self.init(kind, code: error.code, message: error.message, hint: error.hint, details: details)
    }
}

/// How the node is: what `/livez`, `/readyz` and `/startupz` answer.
package struct Health: Sendable, Hashable {
    /// False only when the process should be restarted.
    package let live: Bool
    /// Whether the node takes new work from peers.
    package let ready: Bool
    /// Why it is not ready, or what will soon stop it: one sentence each.
    package let reasons: [String]
    /// Whether the ledger signs; a node can serve reads without.
    package let signing: Bool
    /// Whether start-up is over.
    package let started: Bool

    package init(live: Bool, ready: Bool, reasons: [String], signing: Bool, started: Bool = true) {
        self.live = live
        self.ready = ready
        self.reasons = reasons
        self.signing = signing
        self.started = started
    }
}
