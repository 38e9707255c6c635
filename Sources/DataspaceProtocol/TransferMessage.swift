// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Any message that can move a transfer.
package enum TransferMessage: Sendable, Hashable {
    case request(TransferRequestMessage)
    case start(TransferStartMessage)
    case completion(TransferCompletionMessage)
    case suspension(TransferSuspensionMessage)
    case termination(TransferTerminationMessage)

    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        case request, start, completion, suspension, termination

        /// As errors name it.
        package var name: String {
            switch self {
            case .request: "TransferRequestMessage"
            case .start: "TransferStartMessage"
            case .completion: "TransferCompletionMessage"
            case .suspension: "TransferSuspensionMessage"
            case .termination: "TransferTerminationMessage"
            }
        }
    }

    /// Reads whichever transfer message `@type` says the document is.
    package static func parse(_ json: JSON) throws(DSPError) -> TransferMessage {
        switch json["@type"]?.string.flatMap(MessageType.init(rawValue:)) {
        case .transferRequestMessage: .request(try .parse(json))
        case .transferStartMessage: .start(try .parse(json))
        case .transferCompletionMessage: .completion(try .parse(json))
        case .transferSuspensionMessage: .suspension(try .parse(json))
        case .transferTerminationMessage: .termination(try .parse(json))
        default: throw .wrongType(expected: "transfer message", found: json["@type"]?.string ?? "none")
        }
    }

    package var kind: Kind {
        switch self {
        case .request: .request
        case .start: .start
        case .completion: .completion
        case .suspension: .suspension
        case .termination: .termination
        }
    }

    package var any: any ProtocolMessage {
        switch self {
        case .request(let message): message
        case .start(let message): message
        case .completion(let message): message
        case .suspension(let message): message
        case .termination(let message): message
        }
    }

    package var json: JSON { any.json }
    package var id: String? { any.envelope.id }

    /// nil for the request, which has no providerPid yet.
    package var pids: ProcessPIDs? {
        switch self {
        case .request: nil
        case .start(let message): message.pids
        case .completion(let message): message.pids
        case .suspension(let message): message.pids
        case .termination(let message): message.pids
        }
    }

    /// - Throws: `.pidMismatch` when a pid that the message carries is not that of the process.
    package func requirePIDs(_ stored: ProcessPIDs) throws(DSPError) {
        if case .request(let message) = self {
            try ProcessPIDs(providerPID: stored.providerPID, consumerPID: message.consumerPID).requireSame(as: stored)
        }
        try pids?.requireSame(as: stored)
    }

    package var identity: MessageIdentity { MessageIdentity(kind: kind.rawValue, id: id, content: json) }
}
