// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import ExchangeModel
import Foundation

/// The standard's example messages, kept in Tests/Vectors/dsp.
enum Examples {
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let vectors = repository.appending(path: "Tests/Vectors/dsp")

    static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: vectors.appending(path: path))) }
    static func json(_ path: String) throws -> JSON { try JSON.parse(bytes(path)) }

    /// Every example that is a message of ours, with its type.
    static let messages: [(path: String, type: MessageType)] = [
        ("catalog/catalog-error.json", .catalogError),
        ("catalog/catalog-request-message.json", .catalogRequestMessage),
        ("catalog/catalog.json", .catalog),
        ("catalog/dataset-request-message.json", .datasetRequestMessage),
        ("catalog/dataset.json", .dataset),
        ("catalog/nested-catalog.json", .catalog),
        ("common/protocol-version.json", .versionResponse),
        ("negotiation/contract-agreement-message-full.json", .contractAgreementMessage),
        ("negotiation/contract-agreement-message.json", .contractAgreementMessage),
        ("negotiation/contract-agreement-verification-message.json", .contractAgreementVerificationMessage),
        ("negotiation/contract-negotiation-error.json", .contractNegotiationError),
        ("negotiation/contract-negotiation-event-message.json", .contractNegotiationEventMessage),
        ("negotiation/contract-negotiation-termination-message.json", .contractNegotiationTerminationMessage),
        ("negotiation/contract-negotiation.json", .contractNegotiation),
        ("negotiation/contract-offer-message.json", .contractOfferMessage),
        ("negotiation/contract-offer-message_initial.json", .contractOfferMessage),
        ("negotiation/contract-request-message.json", .contractRequestMessage),
        ("negotiation/contract-request-message_initial.json", .contractRequestMessage),
        ("transfer/transfer-completion-message.json", .transferCompletionMessage),
        ("transfer/transfer-error.json", .transferError),
        ("transfer/transfer-process.json", .transferProcess),
        ("transfer/transfer-request-message.json", .transferRequestMessage),
        ("transfer/transfer-start-message.json", .transferStartMessage),
        ("transfer/transfer-suspension-message.json", .transferSuspensionMessage),
        ("transfer/transfer-termination-message.json", .transferTerminationMessage),
    ]
}

/// Parses as the Swift type that belongs to `type`.
func parse(_ bytes: [UInt8], as type: MessageType) throws(DSPError) -> any ProtocolMessage {
    try swiftType(type).parse(bytes)
}

func parse(_ json: JSON, as type: MessageType) throws(DSPError) -> any ProtocolMessage {
    try swiftType(type).parse(json)
}

func swiftType(_ type: MessageType) -> any ProtocolMessage.Type {
    switch type {
    case .catalogRequestMessage: CatalogRequestMessage.self
    case .datasetRequestMessage: DatasetRequestMessage.self
    case .catalog: Catalog.self
    case .dataset: CatalogDataset.self
    case .catalogError: CatalogError.self
    case .contractRequestMessage: ContractRequestMessage.self
    case .contractOfferMessage: ContractOfferMessage.self
    case .contractAgreementMessage: ContractAgreementMessage.self
    case .contractAgreementVerificationMessage: ContractAgreementVerificationMessage.self
    case .contractNegotiationEventMessage: ContractNegotiationEventMessage.self
    case .contractNegotiationTerminationMessage: ContractNegotiationTerminationMessage.self
    case .contractNegotiation: ContractNegotiation.self
    case .contractNegotiationError: ContractNegotiationError.self
    case .transferRequestMessage: TransferRequestMessage.self
    case .transferStartMessage: TransferStartMessage.self
    case .transferCompletionMessage: TransferCompletionMessage.self
    case .transferSuspensionMessage: TransferSuspensionMessage.self
    case .transferTerminationMessage: TransferTerminationMessage.self
    case .transferProcess: TransferProcess.self
    case .transferError: TransferError.self
    case .versionResponse, .dataAddress: VersionDocument.self
    }
}

enum Edit {
    /// `json` with the value at `path` replaced, or removed when `value` is nil.
    static func put(_ value: JSON?, at path: ArraySlice<JSON>, in json: JSON) -> JSON? {
        guard let step = path.first else { return value }
        switch (json, step) {
        case (.object(var members), .string(let key)):
            members[key] = path.count == 1 ? value : members[key].flatMap { put(value, at: path.dropFirst(), in: $0) }
            return .object(members)
        case (.array(var items), .integer(let index)):
            guard items.indices.contains(Int(index)) else { return json }
            if let item = put(value, at: path.dropFirst(), in: items[Int(index)]) {
                items[Int(index)] = item
            } else {
                items.remove(at: Int(index))
            }
            return .array(items)
        default: return json
        }
    }

    static func put(_ value: JSON?, at path: [JSON], in json: JSON) -> JSON { put(value, at: path[...], in: json) ?? .null }

    static func places(in json: JSON, below path: [JSON] = []) -> [[JSON]] {
        var out = [path]
        switch json {
        case .object(let members):
            for (key, value) in members.sorted(by: { $0.key < $1.key }) { out += places(in: value, below: path + [.string(key)]) }
        case .array(let items):
            for (index, value) in items.enumerated() { out += places(in: value, below: path + [.integer(Int64(index))]) }
        default: break
        }
        return out
    }
}

/// SplitMix64: a test prints its seed, and the seed repeats the run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

let somePIDs = ProcessPIDs(providerPID: "urn:uuid:p", consumerPID: "urn:uuid:c")

let someOfferJSON: JSON = [
    "@id": "urn:uuid:offer", "@type": "Offer", "profile": "urn:kouan:odrl:1",
    "permission": [
        ["action": "odrl:use", "constraint": [["leftOperand": "odrl:spatial", "operator": "eq", "rightOperand": "urn:x:CN"]]]
    ],
]

func someOffer() throws -> WireOffer {
    try WireOffer.inMessage(WireOffer.inCatalog(someOfferJSON).targeting("urn:uuid:dataset"))
}

func someAgreement() throws -> WireAgreement {
    try .accepting(
        someOffer(), id: "urn:uuid:agreement", target: "urn:uuid:dataset", assigner: "urn:x:provider", assignee: "urn:x:consumer",
        at: Timestamp(milliseconds: 1_795_334_400_000))
}
