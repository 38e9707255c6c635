// SPDX-License-Identifier: Apache-2.0

package import CryptoPrimitives
package import ExchangeModel

/// A node card whose form and signature were checked (docs/formats/node-card.md).
///
/// It proves that one key wrote it. Whose key that is, `TrustChain` finds out.
///
///     {"body":{ participant, names, serial, keys, endpoints, … },"signature":…,"type":"kouan/card/v1"}
@dynamicMemberLookup
package struct NodeCard: Sendable, Hashable {
    package let contents: CardContents
    /// The canonical bytes: what is stored, sent and hashed.
    package let bytes: [UInt8]
    /// SHA-256 of `bytes`; grants and agreements name a card by it.
    package let digest: Digest

    package subscript<Value>(dynamicMember path: KeyPath<CardContents, Value>) -> Value { contents[keyPath: path] }

    /// Forty digits of participant and signing key, to compare by telephone. They stay when the serial goes up.
    package var fingerprint: String { Fingerprint.text(subject: contents.participant.description, key: contents.signingKey) }

    /// Reads and verifies a card. One line feed at the end is tolerated.
    package static func parse(_ input: [UInt8]) throws(IdentityError) -> NodeCard {
        let document = try SignedDocument.parse(input, as: .card, kind: .card)
        let contents = try CardContents(reading: document.body)
        try document.verify(as: .card, kind: .card, by: contents.signingKey)
        return NodeCard(contents: contents, bytes: document.bytes, digest: document.digest)
    }

    /// Signs `contents` with its signing key. What this returns, `parse` accepts.
    package static func issue(_ contents: CardContents, with key: PrivateKey) throws(IdentityError) -> NodeCard {
        guard key.publicKey == contents.signingKey else {
            throw .cannotSign(.card, reason: "the key given is not the signing key in the card")
        }
        return try parse(try SignedDocument.sign(contents.json, as: .card, kind: .card, with: key))
    }

    /// Whether `offered` may take the place of this card (docs/formats/node-card.md §4).
    package func succession(of offered: NodeCard) throws(IdentityError) -> Succession {
        guard offered.participant == contents.participant else {
            throw .otherSubject(.card, known: contents.participant.description, offered: offered.participant.description)
        }
        return try Succession.judge(
            .card, known: (contents.serial, digest, contents.signingKey, contents.retiredSigningKeys),
            offered: (offered.serial, offered.digest, offered.signingKey, offered.retiredSigningKeys))
    }

    /// The key of the given thumbprint that may have signed at `time`: the signing key, or one retired later than that.
    package func key(thumbprint: String, at time: Timestamp) -> PublicKey? {
        signingKeys(at: time).first { KeyThumbprint.of($0) == thumbprint }
    }

    /// The signing key, then the retired ones whose end is after `time`, newest first.
    package func signingKeys(at time: Timestamp) -> [PublicKey] {
        [contents.signingKey] + contents.retiredSigningKeys.reversed().filter { time < $0.until }.map(\.key)
    }
}

/// What a card says. Make one, change it, `NodeCard.issue` it.
package struct CardContents: Sendable, Hashable {
    package var participant: ParticipantID
    package var names: PartyNames
    package var serial: Int64
    package var issuedAt: Timestamp
    package var signingKey: PublicKey
    package var retiredSigningKeys: [RetiredKey] = []
    package var tlsKeys: [TLSKey]
    package var encryptionKey: PublicKey
    /// The name of this key is the log's origin.
    package var ledger: LogKey
    package var retiredLedgers: [RetiredLedger] = []
    package var witnessKey: LogKey?
    package var endpoints: CardEndpoints
    /// In order of preference.
    package var suites: [String] = ["international"]
    package var codecs: [String] = ["zstd", "deflate", "stored"]
    /// What the participant says of itself; counts as unknown.
    package var claims = AttributeSet()
    package var credentials: [String] = []
    package var extensions: [String: JSON] = [:]

    package struct TLSKey: Sendable, Hashable {
        /// Of the SPKI.
        package let fingerprint: Digest
        package let notBefore: Timestamp
        package let notAfter: Timestamp

        package init(fingerprint: Digest, notBefore: Timestamp, notAfter: Timestamp) {
            self.fingerprint = fingerprint
            self.notBefore = notBefore
            self.notAfter = notAfter
        }
    }

    package struct RetiredLedger: Sendable, Hashable {
        package let key: LogKey
        package let until: Timestamp

        package init(key: LogKey, until: Timestamp) {
            self.key = key
            self.until = until
        }
    }

    package init(
        participant: ParticipantID, names: PartyNames, serial: Int64 = 1, issuedAt: Timestamp, signingKey: PublicKey, tlsKeys: [TLSKey],
        encryptionKey: PublicKey, ledger: LogKey, witnessKey: LogKey? = nil, endpoints: CardEndpoints
    ) {
        self.participant = participant
        self.names = names
        self.serial = serial
        self.issuedAt = issuedAt
        self.signingKey = signingKey
        self.tlsKeys = tlsKeys
        self.encryptionKey = encryptionKey
        self.ledger = ledger
        self.witnessKey = witnessKey
        self.endpoints = endpoints
    }

    /// The same with the next serial.
    package func next(issuedAt: Timestamp) -> CardContents {
        var contents = self
        contents.serial = min(serial, CardContents.largestSerial - 1) + 1
        contents.issuedAt = issuedAt
        return contents
    }

    /// The same with the next serial and another signing key, to which the old one hands over at `issuedAt`.
    package func rotating(from old: PrivateKey, to new: PublicKey, issuedAt: Timestamp) throws(IdentityError) -> CardContents {
        guard old.publicKey == signingKey else { throw .cannotSign(.card, reason: "the key given is not the signing key in the card") }
        var contents = next(issuedAt: issuedAt)
        do {
            contents.retiredSigningKeys.append(
                try RetiredKey.handOver(old, to: new, subject: participant.description, until: issuedAt))
        } catch {
            throw .cannotSign(.card, reason: error.message)
        }
        contents.signingKey = new
        return contents
    }

    static let largestSerial: Int64 = (1 << 53) - 1

    /// Signs packages, grants and their requests of suite guomi. Kept among the extensions, so that readers without SM2 pass over it.
    package var guomiSigningKey: PublicKey? {
        get { extensions[CardContents.guomiSigningKeyName]?.string.flatMap(PublicKey.init(parsing:)) }
        set { extensions[CardContents.guomiSigningKeyName] = newValue.map { .string($0.description) } }
    }

    private static let guomiSigningKeyName = "guomiSigningKey"

    fileprivate func checkGuomi(_ reader: ObjectReader) throws(IdentityError) {
        guard extensions[CardContents.guomiSigningKeyName] == nil || guomiSigningKey?.algorithm == .sm2 else {
            throw reader.refuse("extensions", "`guomiSigningKey` is not a key such as sm2:<base64>")
        }
    }
}

/// Where the node's services are: one base URL and paths below it.
package struct CardEndpoints: Sendable, Hashable {
    package var peer: BaseURL
    /// Base path of the Dataspace Protocol.
    package var dsp: String
    package var grant: String
    package var receipts: String
    package var notices: String

    package init(
        peer: BaseURL, dsp: String = "/dsp/2025-1", grant: String = "/kouan/v1/grants", receipts: String = "/kouan/v1/receipts",
        notices: String = "/kouan/v1/notices"
    ) {
        self.peer = peer
        self.dsp = dsp
        self.grant = grant
        self.receipts = receipts
        self.notices = notices
    }

    package var dspURL: String { peer.description + dsp }
    package var grantURL: String { peer.description + grant }
    package var receiptsURL: String { peer.description + receipts }
    package var noticesURL: String { peer.description + notices }
}

// MARK: - JSON

extension CardContents {
    var json: JSON {
        .members([
            "version": 1,
            "participant": .string(participant.description),
            "names": names.json,
            "serial": .integer(serial),
            "issuedAt": .string(issuedAt.description),
            "signingKey": .string(signingKey.description),
            "retiredSigningKeys": retiredSigningKeys.isEmpty ? nil : .array(retiredSigningKeys.map(\.json)),
            "tlsKeys": .array(
                tlsKeys.map {
                    [
                        "fingerprint": .string($0.fingerprint.description), "notAfter": .string($0.notAfter.description),
                        "notBefore": .string($0.notBefore.description),
                    ]
                }),
            "encryptionKey": .string(encryptionKey.description),
            "ledger": ["key": .string(ledger.description), "origin": .string(ledger.name)],
            "retiredLedgers": retiredLedgers.isEmpty
                ? nil
                : .array(
                    retiredLedgers.map {
                        [
                            "key": .string($0.key.description), "origin": .string($0.key.name), "until": .string($0.until.description),
                        ]
                    }),
            "witnessKey": witnessKey.map { .string($0.description) },
            "endpoints": [
                "dsp": .string(endpoints.dsp), "grant": .string(endpoints.grant), "notices": .string(endpoints.notices),
                "peer": .string(endpoints.peer.description), "receipts": .string(endpoints.receipts),
            ],
            "suites": .strings(suites),
            "codecs": .strings(codecs),
            "claims": claims == AttributeSet() ? nil : claims.json,
            "credentials": .strings(credentials),
            "extensions": extensions.isEmpty ? nil : .object(extensions),
        ])
    }

    private static let memberNames: Set<String> = [
        "claims", "codecs", "credentials", "encryptionKey", "endpoints", "extensions", "issuedAt", "ledger", "names", "participant",
        "retiredLedgers", "retiredSigningKeys", "serial", "signingKey", "suites", "tlsKeys", "version", "witnessKey",
    ]

    init(reading body: JSON) throws(IdentityError) {
        let reader = try ObjectReader(body, in: .card, at: .root.appending("body"), allowing: CardContents.memberNames)
        try reader.constant("version", 1)
        participant = try reader.participant("participant")
        names = try reader.names("names")
        serial = try reader.integer("serial", in: 1...CardContents.largestSerial)
        issuedAt = try reader.time("issuedAt")
        signingKey = try reader.key("signingKey", .ed25519)
        encryptionKey = try reader.key("encryptionKey", .x25519)
        retiredSigningKeys = try RetiredKey.read(
            "retiredSigningKeys", from: reader, current: signingKey, subject: participant.description)
        tlsKeys = try CardContents.readTLSKeys(reader)

        // Logs and witness.
        let log = try reader.object("ledger", allowing: ["key", "origin"])
        ledger = try CardContents.readLog(log)
        if reader.has("retiredLedgers") {
            for entry in try reader.objects("retiredLedgers", counting: 1...16, allowing: ["key", "origin", "until"]) {
                retiredLedgers.append(RetiredLedger(key: try CardContents.readLog(entry), until: try entry.time("until")))
            }
        }
        let origins = retiredLedgers.map(\.key.name) + [ledger.name]
        guard Set(origins).count == origins.count else { throw reader.refuse("retiredLedgers", "an origin comes twice") }
        if reader.has("witnessKey") {
            guard let key = LogKey(parsing: try reader.ascii("witnessKey", upTo: 300), role: .witness) else {
                throw reader.refuse("witnessKey", "a C2SP verifier key of type 4 is expected")
            }
            witnessKey = key
        }

        endpoints = try CardContents.readEndpoints(reader.object("endpoints", allowing: ["dsp", "grant", "notices", "peer", "receipts"]))
        suites = try CardContents.readTokens("suites", reader)
        codecs = try CardContents.readTokens("codecs", reader)
        guard codecs.contains("deflate"), codecs.contains("stored") else {
            throw reader.refuse("codecs", "deflate and stored are required")
        }
        if reader.has("claims") {
            claims = try AttributeSet(reading: reader.object("claims", allowing: AttributeSet.memberNames))
            guard claims != AttributeSet() else { throw reader.refuse("claims", "left out when there are none") }
        }
        credentials = try reader.texts("credentials", counting: 0...32, upTo: MembershipCredential.limitBytes)
        if let value = reader.value("extensions") {
            guard let members = value.object, !members.isEmpty else {
                throw reader.refuse("extensions", "an object with members is expected")
            }
            extensions = members
        }
        try checkGuomi(reader)

        // One key, one role.
        var keys = retiredSigningKeys.map(\.key) + [signingKey, ledger.key] + retiredLedgers.map(\.key.key)
        if let witnessKey { keys.append(witnessKey.key) }
        guard Set(keys).count == keys.count else { throw reader.refuse("signingKey", "a key stands in two roles") }
        let fingerprints = Set((keys + [encryptionKey]).map(\.fingerprint))
        guard tlsKeys.allSatisfy({ !fingerprints.contains($0.fingerprint) }) else {
            throw reader.refuse("tlsKeys", "a key stands in two roles")
        }
    }

    private static func readTLSKeys(_ reader: ObjectReader) throws(IdentityError) -> [TLSKey] {
        var keys: [TLSKey] = []
        for entry in try reader.objects("tlsKeys", counting: 1...16, allowing: ["fingerprint", "notAfter", "notBefore"]) {
            let key = TLSKey(
                fingerprint: try entry.digest("fingerprint"), notBefore: try entry.time("notBefore"), notAfter: try entry.time("notAfter"))
            guard key.fingerprint.algorithm == .sha256 else { throw entry.refuse("fingerprint", "a sha256 digest is expected") }
            guard key.notBefore < key.notAfter else { throw entry.refuse("notAfter", "it is not later than notBefore") }
            keys.append(key)
        }
        guard Set(keys.map(\.fingerprint)).count == keys.count else { throw reader.refuse("tlsKeys", "a fingerprint comes twice") }
        return keys
    }

    private static func readLog(_ reader: ObjectReader) throws(IdentityError) -> LogKey {
        guard let key = LogKey(parsing: try reader.ascii("key", upTo: 300), role: .log) else {
            throw reader.refuse("key", "a C2SP verifier key of type 1 is expected")
        }
        guard try reader.ascii("origin", upTo: 200) == key.name else { throw reader.refuse("origin", "it is not the name of the key") }
        return key
    }

    private static func readEndpoints(_ reader: ObjectReader) throws(IdentityError) -> CardEndpoints {
        guard let peer = BaseURL(parsing: try reader.ascii("peer", upTo: 512)) else {
            throw reader.refuse("peer", "a base URL such as https://node.example:8443 is expected")
        }
        func path(_ name: String) throws(IdentityError) -> String {
            let text = try reader.ascii(name, upTo: 256)
            guard BaseURL.isPath(text) else { throw reader.refuse(name, "a path such as /kouan/v1 is expected") }
            return text
        }
        return CardEndpoints(
            peer: peer, dsp: try path("dsp"), grant: try path("grant"), receipts: try path("receipts"), notices: try path("notices"))
    }

    private static func readTokens(_ name: String, _ reader: ObjectReader) throws(IdentityError) -> [String] {
        let tokens = try reader.texts(name, counting: 1...8, upTo: 32)
        guard tokens.allSatisfy({ consists($0, upTo: 32, of: lowerCase + decimals + "-") }) else {
            throw reader.refuse(name, "names of lower-case letters, digits and hyphens are expected")
        }
        return tokens
    }
}
