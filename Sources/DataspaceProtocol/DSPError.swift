// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Why a protocol message is refused. All of these answer a peer with 400; `message` may be shown to it.
package enum DSPError: KouanError, Equatable {
    case notJSON(JSONError)
    /// The document breaks the bundled schema of `type`.
    case schema(type: String, violation: SchemaViolation)
    /// The document satisfies its schema but not the standard's prose or our limits.
    case value(pointer: JSONPointer, problem: String)
    case wrongType(expected: String, found: String)
    case unexpected(message: String, state: String, sender: ProtocolRole)
    /// Legal to receive, but the standard's diagram does not let us send it.
    case notOursToSend(message: String, state: String, sender: ProtocolRole)
    /// A first message where a later one is due, or the reverse.
    case wrongForm(message: String, expected: String)
    case pidMismatch(member: String)
    case unsupportedFilter
    case noCommonVersion(offered: [String])

    package var code: String {
        switch self {
        case .notJSON(let error): error.code
        case .schema: "dsp.schema"
        case .value: "dsp.value"
        case .wrongType: "dsp.wrong-type"
        case .unexpected: "dsp.unexpected-message"
        case .notOursToSend: "dsp.not-ours-to-send"
        case .wrongForm: "dsp.wrong-form"
        case .pidMismatch: "dsp.pid-mismatch"
        case .unsupportedFilter: "dsp.unsupported-filter"
        case .noCommonVersion: "dsp.no-common-version"
        }
    }

    package var message: String {
        switch self {
        case .notJSON(let error): error.message
        case .schema(let type, let violation): "\(type) is not valid: \(violation)"
        case .value(let pointer, let problem): "`\(shown(pointer.description))` \(problem)"
        case .wrongType(let expected, let found): "expected a message of type `\(expected)`, found `\(shown(found))`"
        case .unexpected(let message, let state, let sender): "\(message) from the \(sender) is not legal in state `\(state)`"
        case .notOursToSend(let message, let state, let sender): "a \(sender) does not send \(message) in state `\(state)`"
        case .wrongForm(let message, let expected): "this \(message) must be \(expected)"
        case .pidMismatch(let member): "`\(member)` does not belong to this process"
        case .unsupportedFilter: "the catalog filter is not one this node understands"
        case .noCommonVersion(let offered):
            "the peer offers \(offered.isEmpty ? "no version" : shown(offered.joined(separator: ", "))), not `\(DSP.version)` over HTTPS"
        }
    }

    package var hint: String {
        switch self {
        case .notJSON(let error): error.hint
        case .schema, .value: "compare the message with the Dataspace Protocol 2025-1 schemas"
        case .wrongType: "send compact names with the context `\(DSP.context)`"
        case .unexpected, .notOursToSend: "ask the peer for the state with GET and go on from there, or terminate"
        case .wrongForm: "a first message carries `callbackAddress`, a later one the other side's pid, never both"
        case .pidMismatch: "repeat both pids as they were first exchanged"
        case .unsupportedFilter: "leave `filter` out, or send an empty array"
        case .noCommonVersion: "the peer must serve the Dataspace Protocol \(DSP.version)"
        }
    }
}

/// Peer text for a message: short, on one line, without control characters.
func shown(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars.prefix(120) {
        let isPlain = scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && !(0x2028...0x202E).contains(scalar.value)
        out.unicodeScalars.append(isPlain && scalar != "`" ? scalar : "?")
    }
    return out
}
