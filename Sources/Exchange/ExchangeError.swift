// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
package import Sealing

/// What keeps the exchange from doing what was asked. One factory per failure, so that its three texts stand together.
package struct ExchangeError: KouanError, Equatable {
    /// How a caller should take it: an exit code and an HTTP status follow from it.
    package enum Kind: Sendable { case failure, usage, notFound, denied, integrity, unreachable, conflict }

    package let kind: Kind
    package let code: String
    package let message: String
    package let hint: String

    package init(_ kind: Kind, _ code: String, _ message: String, hint: String) {
        self.kind = kind
        self.code = code
        self.message = message
        self.hint = hint
    }

    package static func unknown(_ noun: String, _ id: String) -> ExchangeError {
        ExchangeError(
            .notFound, "\(noun).unknown", "there is no \(noun) `\(id.prefix(120))`", hint: "list what there is with `kouan \(noun) list`")
    }

    package static func badInput(_ member: String, _ problem: String) -> ExchangeError {
        ExchangeError(.usage, "input.invalid", "`\(member)` \(problem)", hint: "see the help of the command")
    }

    package static func exists(_ noun: String, _ id: String) -> ExchangeError {
        ExchangeError(
            .conflict, "\(noun).exists", "there is already a \(noun) `\(id)`", hint: "choose another id, or remove the old one first")
    }

    package static func notPublished(_ dataset: String) -> ExchangeError {
        ExchangeError(
            .conflict, "dataset.not-published", "dataset `\(dataset)` has no published version",
            hint: "seal it first with `kouan dataset publish \(dataset)`")
    }

    package static func suiteNotAccepted(_ suite: Suite, by whom: String) -> ExchangeError {
        ExchangeError(
            .denied, "package.suite-not-accepted", "\(whom) does not take packages of suite \(suite.name)",
            hint: "publish the dataset in a suite that both node cards list")
    }

    package static func peerSuspended(_ peer: String) -> ExchangeError {
        ExchangeError(.conflict, "peer.suspended", "peer `\(peer)` is suspended", hint: "resume it with `kouan peer resume`")
    }

    package static func cardRefused(_ message: String, hint: String) -> ExchangeError {
        ExchangeError(.denied, "peer.card-refused", message, hint: hint)
    }

    package static func fingerprintDiffers(_ given: String, _ found: String) -> ExchangeError {
        ExchangeError(
            .denied, "peer.fingerprint-differs", "the card has fingerprint `\(found)`, not `\(given)`",
            hint: "compare the fingerprint with the peer again, by telephone or in person")
    }

    package static func notSettled(_ what: String, _ detail: String) -> ExchangeError {
        ExchangeError(.conflict, "\(what).not-ready", detail, hint: "ask `kouan \(what) explain` what it waits for")
    }

    package static func denied(_ code: String, _ message: String, hint: String) -> ExchangeError {
        ExchangeError(.denied, code, message, hint: hint)
    }

    package static func unreachable(_ peer: String, _ detail: String) -> ExchangeError {
        ExchangeError(
            .unreachable, "peer.unreachable", "peer `\(peer)` did not answer: \(detail)",
            hint: "check the peer with `kouan peer test`, then try again")
    }

    package static func peerRefused(_ peer: String, code: String, _ reason: String) -> ExchangeError {
        ExchangeError(
            .denied, code, "peer `\(peer)` refused: \(reason)",
            hint: "the peer's operator sees the full reason in its ledger")
    }

    package static func peerAnswer(_ peer: String, _ problem: String) -> ExchangeError {
        ExchangeError(
            .unreachable, "peer.bad-answer", "peer `\(peer)` answered with something this node cannot use: \(problem)",
            hint: "check that both nodes run compatible versions")
    }

    /// Ours to say no now, the peer's to come again: 503 with Retry-After.
    package static let busy = ExchangeError(
        .failure, "node.busy", "too many exchanges with this peer are open", hint: "try again later")

    /// One answer for an unknown process and for a process of somebody else.
    package static let noSuchProcess = ExchangeError(
        .notFound, "process.unknown", "there is no such process", hint: "check the process ids")

    /// A message that was legal but says what we did not negotiate.
    var endsProcess: Bool { code.hasPrefix("agreement.") }

    package static func integrity(_ code: String, _ message: String, hint: String) -> ExchangeError {
        ExchangeError(.integrity, code, message, hint: hint)
    }
}
