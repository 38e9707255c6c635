// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Every document of the protocol, by its `@type`.
package enum MessageType: String, Sendable, Hashable, Codable, CaseIterable {
    case catalogRequestMessage = "CatalogRequestMessage"
    case datasetRequestMessage = "DatasetRequestMessage"
    case catalog = "Catalog"
    case dataset = "Dataset"
    case catalogError = "CatalogError"
    case contractRequestMessage = "ContractRequestMessage"
    case contractOfferMessage = "ContractOfferMessage"
    case contractAgreementMessage = "ContractAgreementMessage"
    case contractAgreementVerificationMessage = "ContractAgreementVerificationMessage"
    case contractNegotiationEventMessage = "ContractNegotiationEventMessage"
    case contractNegotiationTerminationMessage = "ContractNegotiationTerminationMessage"
    case contractNegotiation = "ContractNegotiation"
    case contractNegotiationError = "ContractNegotiationError"
    case transferRequestMessage = "TransferRequestMessage"
    case transferStartMessage = "TransferStartMessage"
    case transferCompletionMessage = "TransferCompletionMessage"
    case transferSuspensionMessage = "TransferSuspensionMessage"
    case transferTerminationMessage = "TransferTerminationMessage"
    case transferProcess = "TransferProcess"
    case transferError = "TransferError"
    /// Plain JSON: it has neither `@type` nor `@context`.
    case versionResponse = "VersionResponse"
    /// Part of other messages; it has no `@context`.
    case dataAddress = "DataAddress"

    package var schemaID: String { "https://w3id.org/dspace/2025/1/" + schemaPath }

    private var schemaPath: String {
        switch self {
        case .catalogRequestMessage: "catalog/catalog-request-message-schema.json"
        case .datasetRequestMessage: "catalog/dataset-request-message-schema.json"
        case .catalog: "catalog/catalog-schema.json"
        case .dataset: "catalog/dataset-schema.json"
        case .catalogError: "catalog/catalog-error-schema.json"
        case .contractRequestMessage: "negotiation/contract-request-message-schema.json"
        case .contractOfferMessage: "negotiation/contract-offer-message-schema.json"
        case .contractAgreementMessage: "negotiation/contract-agreement-message-schema.json"
        case .contractAgreementVerificationMessage: "negotiation/contract-agreement-verification-message-schema.json"
        case .contractNegotiationEventMessage: "negotiation/contract-negotiation-event-message-schema.json"
        case .contractNegotiationTerminationMessage: "negotiation/contract-negotiation-termination-message-schema.json"
        case .contractNegotiation: "negotiation/contract-negotiation-schema.json"
        case .contractNegotiationError: "negotiation/contract-negotiation-error-schema.json"
        case .transferRequestMessage: "transfer/transfer-request-message-schema.json"
        case .transferStartMessage: "transfer/transfer-start-message-schema.json"
        case .transferCompletionMessage: "transfer/transfer-completion-message-schema.json"
        case .transferSuspensionMessage: "transfer/transfer-suspension-message-schema.json"
        case .transferTerminationMessage: "transfer/transfer-termination-message-schema.json"
        case .transferProcess: "transfer/transfer-process-schema.json"
        case .transferError: "transfer/transfer-error-schema.json"
        case .versionResponse: "common/protocol-version-schema.json"
        case .dataAddress: "transfer/data-address-schema.json"
        }
    }

    var hasContext: Bool { self != .versionResponse && self != .dataAddress }
    var hasType: Bool { self != .versionResponse }
}

/// The bundled schemas, compiled at first use.
package enum DSPSchemas {
    static let bundled: JSONSchemaSet = {
        do {
            return try JSONSchemaSet(EmbeddedSchemas.files.map(\.text))
        } catch {
            preconditionFailure("a bundled schema does not compile: \(error)")  // our own constant, covered by a test
        }
    }()

    /// The first rule of the standard's schema that `document` breaks; nil when it is valid.
    package static func violation(in document: JSON, of type: MessageType) -> SchemaViolation? {
        violation(in: document, schemaID: type.schemaID)
    }

    package static func violation(in document: JSON, schemaID: String) -> SchemaViolation? {
        guard let root = bundled.root(schemaID) else {
            return SchemaViolation(pointer: .root, keyword: "$id", problem: "has no bundled schema")
        }
        // A step is one schema node met by one value. A mebibyte of the densest constraints needs about three million.
        let steps = schemaID == MessageType.catalog.schemaID ? 64_000_000 : 8_000_000
        return JSONSchemaValidator.violation(in: document, of: root, schemas: bundled, steps: steps)
    }
}
