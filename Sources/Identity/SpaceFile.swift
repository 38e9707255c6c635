// SPDX-License-Identifier: Apache-2.0

package import CryptoPrimitives
package import ExchangeModel

/// A space file whose form and signature were checked (docs/formats/space-file.md). Taking one in is a person's decision.
@dynamicMemberLookup
package struct SpaceFile: Sendable, Hashable {
    package let contents: SpaceContents
    /// The canonical bytes: what is stored, sent and hashed.
    package let bytes: [UInt8]
    package let digest: Digest

    package subscript<Value>(dynamicMember path: KeyPath<SpaceContents, Value>) -> Value { contents[keyPath: path] }

    /// Forty digits of space id and operator key, to compare by telephone.
    package var fingerprint: String { Fingerprint.text(subject: contents.id.description, key: contents.operatorKey) }

    /// Reads and verifies a space file. One line feed at the end is tolerated.
    package static func parse(_ input: [UInt8]) throws(IdentityError) -> SpaceFile {
        let document = try SignedDocument.parse(input, as: .space, kind: .space)
        let contents = try SpaceContents(reading: document.body)
        try document.verify(as: .space, kind: .space, by: contents.operatorKey)
        return SpaceFile(contents: contents, bytes: document.bytes, digest: document.digest)
    }

    /// Signs `contents` with the operator's key. What this returns, `parse` accepts.
    package static func issue(_ contents: SpaceContents, with key: PrivateKey) throws(IdentityError) -> SpaceFile {
        guard key.publicKey == contents.operatorKey else {
            throw .cannotSign(.space, reason: "the key given is not the operator's key in the file")
        }
        return try parse(try SignedDocument.sign(contents.json, as: .space, kind: .space, with: key))
    }

    /// Whether `offered` may take the place of this file (docs/formats/space-file.md §3).
    package func succession(of offered: SpaceFile) throws(IdentityError) -> Succession {
        let known = "\(contents.id) of \(contents.operator)"
        let other = "\(offered.id) of \(offered.operator)"
        guard known == other else { throw .otherSubject(.space, known: known, offered: other) }
        return try Succession.judge(
            .space, known: (contents.serial, digest, contents.operatorKey, contents.retiredOperatorKeys),
            offered: (offered.serial, offered.digest, offered.operatorKey, offered.retiredOperatorKeys))
    }

    /// The operator's key of this thumbprint, if credentials signed with it count at `time`.
    package func key(thumbprint: String, at time: Timestamp) -> PublicKey? {
        ([contents.operatorKey] + contents.retiredOperatorKeys.filter { time < $0.until }.map(\.key))
            .first { KeyThumbprint.of($0) == thumbprint }
    }
}

package enum SpaceType: String, Sendable, Hashable, CaseIterable {
    case city, industry, enterprise, personal
    case crossBorder = "cross-border"

    /// Named by the national action plan, without rules of its own yet.
    package var isReserved: Bool { self == .personal || self == .crossBorder }
}

/// What a space file says. Make one, change it, `SpaceFile.issue` it.
package struct SpaceContents: Sendable, Hashable {
    package var id: SpaceID
    package var type: SpaceType
    package var names: PartyNames
    package var `operator`: ParticipantID
    package var operatorKey: PublicKey
    package var retiredOperatorKeys: [RetiredKey] = []
    package var serial: Int64
    package var issuedAt: Timestamp
    /// Roots of the members' TLS certificates.
    package var anchors: [Certificate]
    /// ODRL profiles that offers in this space may use.
    package var policyProfiles: [String]
    package var witnessQuorum: Int
    /// How long past its nextUpdate a CRL may serve: 0 to 7 days.
    package var crlGraceSeconds: Int64
    package var extensions: [String: JSON] = [:]

    package init(
        id: SpaceID, type: SpaceType, names: PartyNames, operator: ParticipantID, operatorKey: PublicKey, serial: Int64 = 1,
        issuedAt: Timestamp, anchors: [Certificate], policyProfiles: [String] = ["urn:kouan:odrl:1"], witnessQuorum: Int = 0,
        crlGraceSeconds: Int64 = 0
    ) {
        self.id = id
        self.type = type
        self.names = names
        self.operator = `operator`
        self.operatorKey = operatorKey
        self.serial = serial
        self.issuedAt = issuedAt
        self.anchors = anchors
        self.policyProfiles = policyProfiles
        self.witnessQuorum = witnessQuorum
        self.crlGraceSeconds = crlGraceSeconds
    }

    /// The same with the next serial.
    package func next(issuedAt: Timestamp) -> SpaceContents {
        var contents = self
        contents.serial = min(serial, CardContents.largestSerial - 1) + 1
        contents.issuedAt = issuedAt
        return contents
    }

    /// The same with the next serial and another operator key. Credentials by the old key count until `acceptedUntil`.
    package func rotating(
        from old: PrivateKey, to new: PublicKey, issuedAt: Timestamp, acceptedUntil: Timestamp
    ) throws(IdentityError) -> SpaceContents {
        guard old.publicKey == operatorKey else { throw .cannotSign(.space, reason: "the key given is not the operator's key in the file") }
        var contents = next(issuedAt: issuedAt)
        do {
            contents.retiredOperatorKeys.append(
                try RetiredKey.handOver(old, to: new, subject: id.description, until: acceptedUntil))
        } catch {
            throw .cannotSign(.space, reason: error.message)
        }
        contents.operatorKey = new
        return contents
    }
}

// MARK: - JSON

extension SpaceContents {
    var json: JSON {
        .members([
            "version": 1,
            "id": .string(id.description),
            "type": .string(type.rawValue),
            "names": names.json,
            "operator": .string(self.operator.description),
            "operatorKey": .string(operatorKey.description),
            "retiredOperatorKeys": retiredOperatorKeys.isEmpty ? nil : .array(retiredOperatorKeys.map(\.json)),
            "serial": .integer(serial),
            "issuedAt": .string(issuedAt.description),
            "anchors": .strings(anchors.map(\.pem)),
            "policyProfiles": .strings(policyProfiles),
            "witnessQuorum": .integer(Int64(witnessQuorum)),
            "crlGraceSeconds": .integer(crlGraceSeconds),
            "extensions": extensions.isEmpty ? nil : .object(extensions),
        ])
    }

    private static let memberNames: Set<String> = [
        "anchors", "crlGraceSeconds", "extensions", "id", "issuedAt", "names", "operator", "operatorKey", "policyProfiles",
        "retiredOperatorKeys", "serial", "type", "version", "witnessQuorum",
    ]

    init(reading body: JSON) throws(IdentityError) {
        let reader = try ObjectReader(body, in: .space, at: .root.appending("body"), allowing: SpaceContents.memberNames)
        try reader.constant("version", 1)
        id = try reader.space("id")
        guard let type = SpaceType(rawValue: try reader.ascii("type", upTo: 20)) else {
            throw reader.refuse("type", "city, industry or enterprise is expected")
        }
        guard !type.isReserved else { throw .spaceTypeReserved(type.rawValue) }
        self.type = type
        names = try reader.names("names")
        self.operator = try reader.participant("operator")
        operatorKey = try reader.key("operatorKey", .ed25519)
        retiredOperatorKeys = try RetiredKey.read(
            "retiredOperatorKeys", from: reader, current: operatorKey, subject: id.description)
        serial = try reader.integer("serial", in: 1...CardContents.largestSerial)
        issuedAt = try reader.time("issuedAt")
        anchors = try SpaceContents.readAnchors(reader)
        policyProfiles = try reader.texts("policyProfiles", counting: 1...8, upTo: 200)
        guard policyProfiles.allSatisfy({ $0.utf8.contains(UInt8(ascii: ":")) && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } }) else {
            throw reader.refuse("policyProfiles", "absolute IRIs are expected")
        }
        witnessQuorum = Int(try reader.integer("witnessQuorum", in: 0...16))
        crlGraceSeconds = try reader.integer("crlGraceSeconds", in: 0...604_800)
        if let value = reader.value("extensions") {
            guard let members = value.object, !members.isEmpty else {
                throw reader.refuse("extensions", "an object with members is expected")
            }
            extensions = members
        }
    }

    private static func readAnchors(_ reader: ObjectReader) throws(IdentityError) -> [Certificate] {
        let texts = try reader.texts("anchors", counting: 1...16, upTo: 8192)
        var anchors: [Certificate] = []
        for text in texts {
            guard let certificate = try? Certificate(pem: text), certificate.pem == text, certificate.isCA else {
                throw reader.refuse("anchors", "one CA certificate each is expected, in PEM with lines of 64 characters")
            }
            guard !anchors.contains(certificate) else { throw reader.refuse("anchors", "a certificate comes twice") }
            anchors.append(certificate)
        }
        return anchors
    }
}
