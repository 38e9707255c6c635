// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Consumer → provider: what do you offer me?
package struct CatalogRequestMessage: ProtocolMessage {
    package static let type = MessageType.catalogRequestMessage
    package var envelope: MessageEnvelope
    /// The standard leaves its meaning to implementations.
    package let filter: [JSON]

    package init(id: String? = nil, filter: [JSON] = []) {
        envelope = MessageEnvelope(id: id)
        self.filter = filter
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        envelope = try document.envelope()
        filter = try document.reader.list("filter", limit: 64)
    }

    /// Which part of the catalog is asked for: no filter, or one EDC QuerySpec without an expression.
    /// - Throws: `.unsupportedFilter`, for which the standard wants 400.
    package func page() throws(DSPError) -> CatalogPage {
        guard let first = filter.first else { return CatalogPage() }
        guard filter.count == 1, let members = first.object else { throw .unsupportedFilter }
        return try CatalogPage(querySpec: members)
    }

    package var members: [String: JSON?] { ["filter": listMember(filter)] }
}

/// A window on a list of datasets.
package struct CatalogPage: Sendable, Hashable {
    package let offset: Int
    /// nil: as many as the provider likes to give.
    package let limit: Int?

    package init(offset: Int = 0, limit: Int? = nil) {
        self.offset = offset
        self.limit = limit
    }

    private static let edc = "https://w3id.org/edc/v0.0.1/ns/"

    init(querySpec members: [String: JSON]) throws(DSPError) {
        var offset = 0
        var limit: Int?
        for (key, value) in members {
            switch key.hasPrefix(CatalogPage.edc) ? String(key.dropFirst(CatalogPage.edc.count)) : key {
            case "offset": offset = try CatalogPage.count(value)
            case "limit": limit = try CatalogPage.count(value)
            case "@type", "@context": break
            case "filterExpression", "sortField":
                guard value == .null || value == .array([]) else { throw .unsupportedFilter }
            case "sortOrder": break  // without a sort field it says nothing
            default: throw .unsupportedFilter
            }
        }
        self.offset = offset
        self.limit = limit
    }

    private static func count(_ value: JSON) throws(DSPError) -> Int {
        guard let number = value.int, (0...Int64(Int32.max)).contains(number) else { throw .unsupportedFilter }
        return Int(number)
    }
}

/// Only abstract in the standard's HTTPS binding: a dataset is asked for by GET.
package struct DatasetRequestMessage: ProtocolMessage {
    package static let type = MessageType.datasetRequestMessage
    package var envelope: MessageEnvelope
    package let dataset: String

    package init(id: String? = nil, dataset: String) {
        envelope = MessageEnvelope(id: id)
        self.dataset = dataset
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        envelope = try document.envelope()
        dataset = try document.reader.identifier("dataset")
    }

    package var members: [String: JSON?] { ["dataset": .string(dataset)] }
}

/// The body of a refused catalog request; the standard wants one.
package struct CatalogError: ProtocolMessage {
    package static let type = MessageType.catalogError
    package var envelope: MessageEnvelope
    package let reasonCode: String?
    package let reason: [String]

    package init(id: String? = nil, reasonCode: String?, reason: [String]) {
        envelope = MessageEnvelope(id: id)
        self.reasonCode = reasonCode
        self.reason = reason
    }

    package init(error: any KouanError) { self.init(reasonCode: error.code, reason: [error.message]) }

    package init(reading document: MessageDocument) throws(DSPError) {
        envelope = try document.envelope()
        reasonCode = try document.reader.optionalCode()
        reason = try document.reader.reasons()
    }

    package var members: [String: JSON?] { reasonMembers(code: reasonCode, reason: reason) }
}
