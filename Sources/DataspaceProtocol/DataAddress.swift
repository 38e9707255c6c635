// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Where data is fetched from or pushed to.
package struct DataAddress: Sendable, Hashable {
    package struct Property: Sendable, Hashable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package let endpointType: String
    package let endpoint: String?
    /// In the order given; each name once.
    package let properties: [Property]

    package init(endpointType: String, endpoint: String?, properties: [Property]) {
        self.endpointType = endpointType
        self.endpoint = endpoint
        self.properties = properties
    }

    package static func parse(_ json: JSON) throws(DSPError) -> DataAddress {
        if let violation = DSPSchemas.violation(in: json, of: .dataAddress) { throw .schema(type: "DataAddress", violation: violation) }
        return try DataAddress(json, at: .root)
    }

    init?(optional reader: ObjectReader) throws(DSPError) {
        guard let json = reader.members["dataAddress"] else { return nil }
        try self.init(json, at: reader.pointer.appending("dataAddress"))
    }

    init(_ json: JSON, at pointer: JSONPointer) throws(DSPError) {
        let reader = try ObjectReader(json, at: pointer)
        endpointType = try reader.identifier("endpointType")
        endpoint = try reader.optionalIdentifier("endpoint", limit: DSP.maxURLBytes)
        var properties: [Property] = []
        var names: Set<String> = []
        for (index, value) in try reader.list("endpointProperties", limit: DSP.maxEndpointProperties).enumerated() {
            let property = try ObjectReader(value, at: pointer.appending("endpointProperties").appending(index))
            let name = try property.identifier("name", limit: 256)
            guard names.insert(name).inserted else { throw property.fail("name", "is given twice") }
            properties.append(Property(name, try property.text("value", limit: DSP.maxEndpointPropertyBytes)))
        }
        self.properties = properties
    }

    package subscript(_ name: String) -> String? { properties.first { $0.name == name }?.value }

    package var json: JSON {
        let list = properties.map { property -> JSON in
            ["@type": "EndpointProperty", "name": .string(property.name), "value": .string(property.value)]
        }
        return .members([
            "@type": "DataAddress", "endpointType": .string(endpointType), "endpoint": endpoint.map(JSON.string),
            "endpointProperties": listMember(list),
        ])
    }
}

/// The address of a sealed package, `urn:kouan:sealed-package:1`; see docs/formats/dsp-binding.md.
package struct SealedPackageAddress: Sendable, Hashable {
    package static let endpointType = "urn:kouan:sealed-package:1"

    /// Where the package's bytes are, by HTTP range.
    package let endpoint: String
    package let authorization: String
    /// `bearer`.
    package let authType: String
    /// The digest of the package reference.
    package let packageRoot: Digest
    package let packageSize: ByteCount
    /// Where key grants are asked for.
    package let grantEndpoint: String

    package init(
        endpoint: String, authorization: String, authType: String = "bearer", packageRoot: Digest, packageSize: ByteCount,
        grantEndpoint: String
    ) {
        self.endpoint = endpoint
        self.authorization = authorization
        self.authType = authType
        self.packageRoot = packageRoot
        self.packageSize = packageSize
        self.grantEndpoint = grantEndpoint
    }

    /// - Throws: `.value` with the pointer inside the message's `dataAddress`.
    package init(_ address: DataAddress) throws(DSPError) {
        let root = JSONPointer.root.appending("dataAddress")
        guard address.endpointType == SealedPackageAddress.endpointType else {
            throw .value(pointer: root.appending("endpointType"), problem: "must be `\(SealedPackageAddress.endpointType)`")
        }
        func fail(_ name: String, _ problem: String) -> DSPError {
            let index = address.properties.firstIndex { $0.name == name }
            let list = root.appending("endpointProperties")
            return .value(pointer: index.map { list.appending($0).appending("value") } ?? list, problem: problem)
        }
        func need(_ name: String) throws(DSPError) -> String {
            guard let value = address[name], !value.isEmpty else { throw fail(name, "lacks a value for `\(name)`") }
            return value
        }
        endpoint = try need("endpoint")
        guard BaseURL.isUsable(endpoint), address.endpoint == nil || address.endpoint == endpoint else {
            throw fail("endpoint", "must be the URL that `endpoint` names")
        }
        authorization = try need("authorization")
        authType = try need("authType")
        guard let digest = Digest(parsing: try need("packageRoot")) else { throw fail("packageRoot", "must be a digest") }
        packageRoot = digest
        let size = try need("packageSize")
        guard let bytes = Int64(size), bytes > 0, String(bytes) == size else {
            throw fail("packageSize", "must be a positive count of bytes")
        }
        packageSize = ByteCount(bytes)
        grantEndpoint = try need("grantEndpoint")
        guard BaseURL.isUsable(grantEndpoint) else { throw fail("grantEndpoint", "must be an absolute URL") }
    }

    package var dataAddress: DataAddress {
        DataAddress(
            endpointType: SealedPackageAddress.endpointType, endpoint: endpoint,
            properties: [
                .init("endpoint", endpoint), .init("authorization", authorization), .init("authType", authType),
                .init("packageRoot", packageRoot.description), .init("packageSize", String(packageSize.bytes)),
                .init("grantEndpoint", grantEndpoint),
            ])
    }
}
