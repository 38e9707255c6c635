// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// A provider's offers to one consumer.
package struct Catalog: ProtocolMessage {
    package static let type = MessageType.catalog
    /// `id` is the catalog's.
    package var envelope: MessageEnvelope
    /// Required on the root; a nested catalog may lack it.
    package let participantID: String?
    package let datasets: [CatalogDataset]
    /// The prose wants at least one.
    package let services: [DataService]
    package let catalogs: [Catalog]
    package let distributions: [Distribution]

    package init(
        id: String, participantID: String?, datasets: [CatalogDataset], services: [DataService], catalogs: [Catalog] = [],
        distributions: [Distribution] = []
    ) {
        envelope = MessageEnvelope(id: id)
        self.participantID = participantID
        self.datasets = datasets
        self.services = services
        self.catalogs = catalogs
        self.distributions = distributions
    }

    package init(reading document: MessageDocument) throws(DSPError) {
        try self.init(document.reader, depth: 0)
    }

    private init(_ reader: ObjectReader, depth: Int) throws(DSPError) {
        guard depth < DSP.maxCatalogDepth else { throw .value(pointer: reader.pointer, problem: "is a catalog nested too deep") }
        envelope = MessageEnvelope(id: try reader.identifier("@id"), extensions: try reader.extensions())
        participantID = try reader.optionalIdentifier("participantId")
        datasets = try reader.parts("dataset") { item throws(DSPError) in try CatalogDataset(item) }
        services = try reader.parts("service") { item throws(DSPError) in try DataService(item) }
        catalogs = try reader.parts("catalog") { item throws(DSPError) in try Catalog(item, depth: depth + 1) }
        distributions = try reader.parts("distribution") { item throws(DSPError) in try Distribution(item) }
    }

    package var id: String { envelope.id ?? "" }

    package var members: [String: JSON?] {
        [
            "@id": .string(id), "participantId": participantID.map(JSON.string), "dataset": listMember(datasets.map(\.nested)),
            "service": listMember(services.map(\.json)), "catalog": listMember(catalogs.map(\.nested)),
            "distribution": listMember(distributions.map(\.json)),
        ]
    }

    /// Without `@context`, as a part of another catalog.
    private var nested: JSON {
        guard case .object(var members) = json else { return json }
        members["@context"] = nil
        return .object(members)
    }
}

/// A dataset with the offers under which it can be had. As a message of its own it answers GET for one dataset.
package struct CatalogDataset: ProtocolMessage {
    package static let type = MessageType.dataset
    /// `id` is the dataset's.
    package var envelope: MessageEnvelope
    package let offers: [WireOffer]
    package let distributions: [Distribution]
    /// Descriptive members (`dct:title`, `dcat:keyword` …) as they stand.
    package let properties: [String: JSON]

    package init(id: String, offers: [WireOffer], distributions: [Distribution], properties: [String: JSON] = [:]) {
        envelope = MessageEnvelope(id: id)
        self.offers = offers
        self.distributions = distributions
        self.properties = properties.filter { !CatalogDataset.ownMembers.contains($0.key) }
    }

    package init(reading document: MessageDocument) throws(DSPError) { try self.init(document.reader) }

    init(_ reader: ObjectReader) throws(DSPError) {
        envelope = MessageEnvelope(id: try reader.identifier("@id"), extensions: try reader.extensions())
        offers = try reader.offers()
        distributions = try reader.parts("distribution") { item throws(DSPError) in try Distribution(item) }
        properties = reader.members.filter { !CatalogDataset.ownMembers.contains($0.key) && !$0.key.hasPrefix(DSP.extensionPrefix) }
    }

    package var id: String { envelope.id ?? "" }

    /// Each form the dataset can be had in, once.
    package var formats: [TransferFormat] {
        var seen: Set<TransferFormat> = []
        return distributions.map(\.format).filter { seen.insert($0).inserted }
    }

    package var members: [String: JSON?] {
        properties.mapValues { Optional($0) } + [
            "@id": .string(id), "hasPolicy": .array(offers.map(\.json)), "distribution": .array(distributions.map(\.json)),
        ]
    }

    /// Without `@context`, as a part of a catalog.
    fileprivate var nested: JSON {
        guard case .object(var members) = json else { return json }
        members["@context"] = nil
        return .object(members)
    }

    private static let ownMembers: Set<String> = ["@context", "@id", "@type", "hasPolicy", "distribution"]
}

/// One way to get a dataset.
package struct Distribution: Sendable, Hashable {
    package enum Access: Sendable, Hashable {
        /// The `@id` of a service of the catalog.
        case reference(String)
        case service(DataService)
    }

    package let format: TransferFormat
    package let access: Access
    /// Offers that hold for this distribution only.
    package let offers: [WireOffer]

    package init(format: TransferFormat, access: Access, offers: [WireOffer] = []) {
        self.format = format
        self.access = access
        self.offers = offers
    }

    init(_ reader: ObjectReader) throws(DSPError) {
        format = TransferFormat(rawValue: try reader.identifier("format", limit: 256))
        if case .object(let service)? = reader.members["accessService"] {
            access = .service(try DataService(ObjectReader(.object(service), at: reader.pointer.appending("accessService"))))
        } else {
            access = .reference(try reader.identifier("accessService"))
        }
        offers = try reader.offers()
    }

    package var json: JSON {
        let service: JSON =
            switch access {
            case .reference(let id): .string(id)
            case .service(let service): service.json
            }
        return .members([
            "@type": "Distribution", "format": .string(format.rawValue), "accessService": service,
            "hasPolicy": listMember(offers.map(\.json)),
        ])
    }
}

/// Where the negotiation and transfer endpoints of a provider are.
package struct DataService: Sendable, Hashable {
    package let id: String
    package let endpointURL: String

    package init(id: String, endpointURL: String) {
        self.id = id
        self.endpointURL = endpointURL
    }

    /// A service's own list of datasets (`servesDataset`) is not read: the catalog says what it serves.
    init(_ reader: ObjectReader) throws(DSPError) {
        id = try reader.identifier("@id")
        endpointURL = try reader.baseURL("endpointURL")
    }

    package var json: JSON { ["@id": .string(id), "@type": "DataService", "endpointURL": .string(endpointURL)] }
}

extension ObjectReader {
    fileprivate func parts<Part>(
        _ key: String, _ read: (ObjectReader) throws(DSPError) -> Part
    ) throws(DSPError) -> [Part] {
        var out: [Part] = []
        for (index, value) in try list(key, limit: .max).enumerated() {
            out.append(try read(ObjectReader(value, at: pointer.appending(key).appending(index))))
        }
        return out
    }

    fileprivate func offers() throws(DSPError) -> [WireOffer] {
        var out: [WireOffer] = []
        for (index, value) in try list("hasPolicy", limit: .max).enumerated() {
            out.append(try WireOffer(value, at: pointer.appending("hasPolicy").appending(index), inMessage: false))
        }
        return out
    }
}
