// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// What `/.well-known/dspace-version` answers: plain JSON, without authentication.
package struct VersionDocument: ProtocolMessage {
    package struct Version: Sendable, Hashable {
        package let version: String
        /// Appended to the root below which the document was found; begins with `/`.
        package let path: String
        package let binding: String
        package let identifierType: String?
        package let serviceID: String?
        package let auth: Auth?

        package init(
            version: String = DSP.version, path: String, binding: String = "HTTPS", identifierType: String? = nil, serviceID: String? = nil,
            auth: Auth? = nil
        ) {
            self.version = version
            self.path = path
            self.binding = binding
            self.identifierType = identifierType
            self.serviceID = serviceID
            self.auth = auth
        }
    }

    package struct Auth: Sendable, Hashable {
        package let `protocol`: String
        package let version: String
        package let profile: [String]

        package init(protocol: String, version: String, profile: [String] = []) {
            self.protocol = `protocol`
            self.version = version
            self.profile = profile
        }
    }

    package static let type = MessageType.versionResponse
    package var envelope = MessageEnvelope()
    package let versions: [Version]

    package init(versions: [Version]) { self.versions = versions }

    package init(reading document: MessageDocument) throws(DSPError) {
        envelope.extensions = try document.reader.extensions()
        var versions: [Version] = []
        for (index, value) in try document.reader.list("protocolVersions", limit: DSP.maxVersions).enumerated() {
            let pointer = JSONPointer.root.appending("protocolVersions").appending(index)
            versions.append(try Version(ObjectReader(value, at: pointer)))
        }
        self.versions = versions
    }

    package var members: [String: JSON?] { ["protocolVersions": .array(versions.map(\.json))] }

    /// The first entry that this node can speak to.
    /// - Throws: `.noCommonVersion`; a client must then stop.
    package func common() throws(DSPError) -> Version {
        for entry in versions where entry.version == DSP.version && entry.binding == "HTTPS" && entry.hasUsablePath { return entry }
        throw .noCommonVersion(offered: versions.map(\.version))
    }
}

extension VersionDocument.Version {
    init(_ reader: ObjectReader) throws(DSPError) {
        version = try reader.identifier("version", limit: 64)
        path = try reader.text("path", limit: DSP.maxURLBytes)
        binding = try reader.identifier("binding", limit: 64)
        identifierType = try reader.optionalText("identifierType", limit: 256)
        serviceID = try reader.optionalText("serviceId", limit: DSP.maxIdentifierBytes)
        guard let json = reader.members["auth"] else {
            auth = nil
            return
        }
        let member = try ObjectReader(json, at: reader.pointer.appending("auth"))
        var profile: [String] = []
        for value in try member.list("profile", limit: 64) {
            guard let name = value.string, name.utf8.count <= 256 else { throw member.fail("profile", "must be an array of short strings") }
            profile.append(name)
        }
        auth = .init(
            protocol: try member.text("protocol", limit: 256), version: try member.text("version", limit: 64), profile: profile)
    }

    /// A path that stays below the root it is appended to. The standard wants a leading slash; an empty path means the root itself.
    var hasUsablePath: Bool { path.isEmpty || path.hasPrefix("/") && BaseURL.isUsable("https://host" + path) }

    /// The base of all endpoints but the version document.
    package func base(root: String) -> String { path.isEmpty ? root : BaseURL.join(root, path) }

    var json: JSON {
        .members([
            "version": .string(version), "path": .string(path), "binding": .string(binding),
            "identifierType": identifierType.map(JSON.string), "serviceId": serviceID.map(JSON.string),
            "auth": auth.map { auth in
                .members([
                    "protocol": .string(auth.protocol), "version": .string(auth.version),
                    "profile": listMember(auth.profile.map(JSON.string)),
                ])
            },
        ])
    }
}
