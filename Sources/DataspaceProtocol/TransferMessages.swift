// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// How a dataset is moved: a kind and a direction, `SealedPackage-PULL`. EDC splits at `-` and wants PULL or PUSH second.
package struct TransferFormat: RawRepresentable, Sendable, Hashable, Codable, CustomStringConvertible {
    package enum Direction: String, Sendable, Hashable {
        case pull = "PULL"
        case push = "PUSH"
    }

    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let sealedPackagePull = TransferFormat(rawValue: "SealedPackage-PULL")
    package static let sealedPackagePush = TransferFormat(rawValue: "SealedPackage-PUSH")
    package static let httpDataPull = TransferFormat(rawValue: "HttpData-PULL")
    package static let httpDataPush = TransferFormat(rawValue: "HttpData-PUSH")

    /// nil for a format that does not follow the convention.
    package var direction: Direction? {
        let parts = rawValue.split(separator: "-", omittingEmptySubsequences: false)
        return parts.count >= 2 ? Direction(rawValue: String(parts[1])) : nil
    }

    package var isSealedPackage: Bool { self == .sealedPackagePull || self == .sealedPackagePush }
    package var description: String { rawValue }
}

/// Consumer → provider: opens a transfer under an agreement.
package struct TransferRequestMessage: ProtocolMessage {
    package static let type = MessageType.transferRequestMessage
    package var envelope: MessageEnvelope
    package let consumerPID: String
    package let agreementID: String
    package let format: TransferFormat
    package let callbackAddress: String
    /// Where to push to; push formats only.
    package let dataAddress: DataAddress?

    package init(
        id: String? = nil, consumerPID: String, agreementID: String, format: TransferFormat, callbackAddress: String,
        dataAddress: DataAddress? = nil
    ) {
        envelope = MessageEnvelope(id: id)
        self.consumerPID = consumerPID
        self.agreementID = agreementID
        self.format = format
        self.callbackAddress = callbackAddress
        self.dataAddress = dataAddress
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        let reader = document.reader
        envelope = try document.envelope()
        consumerPID = try reader.pid("consumerPid")
        agreementID = try reader.identifier("agreementId")
        format = TransferFormat(rawValue: try reader.identifier("format", limit: 256))
        callbackAddress = try reader.baseURL("callbackAddress")
        dataAddress = try DataAddress(optional: reader)
    }

    package var members: [String: JSON?] {
        [
            "consumerPid": .string(consumerPID), "agreementId": .string(agreementID), "format": .string(format.rawValue),
            "callbackAddress": .string(callbackAddress), "dataAddress": dataAddress?.json,
        ]
    }
}

/// Provider → consumer: the data can be fetched. Consumer → provider: please resume.
package struct TransferStartMessage: ProtocolMessage {
    package static let type = MessageType.transferStartMessage
    package var envelope: MessageEnvelope
    package let pids: ProcessPIDs
    /// From a provider of a pull transfer it must be there; the schema cannot say so.
    package let dataAddress: DataAddress?

    package init(id: String? = nil, pids: ProcessPIDs, dataAddress: DataAddress? = nil) {
        envelope = MessageEnvelope(id: id)
        self.pids = pids
        self.dataAddress = dataAddress
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        envelope = try document.envelope()
        pids = try ProcessPIDs(document.reader)
        dataAddress = try DataAddress(optional: document.reader)
    }

    package var members: [String: JSON?] { pids.members + ["dataAddress": dataAddress?.json] }
}

/// Either side: the data has arrived whole.
package struct TransferCompletionMessage: ProtocolMessage {
    package static let type = MessageType.transferCompletionMessage
    package var envelope: MessageEnvelope
    package let pids: ProcessPIDs

    package init(id: String? = nil, pids: ProcessPIDs) {
        envelope = MessageEnvelope(id: id)
        self.pids = pids
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        envelope = try document.envelope()
        pids = try ProcessPIDs(document.reader)
    }

    package var members: [String: JSON?] { pids.members }
}

/// Either side: a pause.
package struct TransferSuspensionMessage: ProtocolMessage {
    package static let type = MessageType.transferSuspensionMessage
    package var envelope: MessageEnvelope
    package let pids: ProcessPIDs
    package let reasonCode: String?
    package let reason: [String]

    package init(id: String? = nil, pids: ProcessPIDs, reasonCode: String? = nil, reason: [String] = []) {
        envelope = MessageEnvelope(id: id)
        self.pids = pids
        self.reasonCode = reasonCode
        self.reason = reason
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        envelope = try document.envelope()
        pids = try ProcessPIDs(document.reader)
        reasonCode = try document.reader.optionalCode()
        reason = try document.reader.reasons()
    }

    package var members: [String: JSON?] { pids.members + reasonMembers(code: reasonCode, reason: reason) }
}

/// Either side: the transfer ends unfinished.
package struct TransferTerminationMessage: ProtocolMessage {
    package static let type = MessageType.transferTerminationMessage
    package var envelope: MessageEnvelope
    package let pids: ProcessPIDs
    package let reasonCode: String?
    package let reason: [String]

    package init(id: String? = nil, pids: ProcessPIDs, reasonCode: String? = nil, reason: [String] = []) {
        envelope = MessageEnvelope(id: id)
        self.pids = pids
        self.reasonCode = reasonCode
        self.reason = reason
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        envelope = try document.envelope()
        pids = try ProcessPIDs(document.reader)
        reasonCode = try document.reader.optionalCode()
        reason = try document.reader.reasons()
    }

    package var members: [String: JSON?] { pids.members + reasonMembers(code: reasonCode, reason: reason) }
}

/// The answer to the creating POST and to GET.
package struct TransferProcess: ProtocolMessage {
    package static let type = MessageType.transferProcess
    package var envelope: MessageEnvelope
    package let pids: ProcessPIDs
    package let state: TransferProcessState

    package init(id: String? = nil, pids: ProcessPIDs, state: TransferProcessState) {
        envelope = MessageEnvelope(id: id)
        self.pids = pids
        self.state = state
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        envelope = try document.envelope()
        pids = try ProcessPIDs(document.reader)
        guard let state = TransferProcessState(rawValue: try document.reader.identifier("state")) else {
            throw document.reader.fail("state", "is not a state of a transfer")
        }
        self.state = state
    }

    package var members: [String: JSON?] { pids.members + ["state": .string(state.rawValue)] }
}

/// The body of a refused transfer message. An error never changes state.
package struct TransferError: ProtocolMessage {
    package static let type = MessageType.transferError
    package var envelope: MessageEnvelope
    /// Empty where the process is not known.
    package let pids: ProcessPIDs
    package let reasonCode: String?
    package let reason: [String]

    package init(id: String? = nil, pids: ProcessPIDs, reasonCode: String?, reason: [String]) {
        envelope = MessageEnvelope(id: id)
        self.pids = pids
        self.reasonCode = reasonCode
        self.reason = reason
    }

    package init(pids: ProcessPIDs, error: any KouanError) {
        self.init(pids: pids, reasonCode: error.code, reason: [error.message])
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        envelope = try document.envelope()
        pids = try ProcessPIDs(lenient: document.reader)
        reasonCode = try document.reader.optionalCode()
        reason = try document.reader.reasons()
    }

    package var members: [String: JSON?] { pids.members + reasonMembers(code: reasonCode, reason: reason) }
}
