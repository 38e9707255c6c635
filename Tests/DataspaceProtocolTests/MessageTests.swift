// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import ExchangeModel
import Testing

@Suite struct MessageTests {
    /// Reading and writing keep every member of an example, but an empty filter, which is left out.
    @Test(arguments: Examples.messages.map(\.path))
    func examplesMakeTheRoundTrip(path: String) throws {
        let type = try #require(Examples.messages.first { $0.path == path }?.type)
        let message = try parse(Examples.bytes(path), as: type)
        var expected = try Examples.json(path)
        if expected["filter"] == .array([]) { expected = Edit.put(nil, at: ["filter"], in: expected) }
        #expect(message.json == expected)
        #expect(try parse(message.bytes, as: type).json == message.json)
    }

    /// Everything that we can send, made from values, is valid and reads back as the same value.
    @Test func whatWeWriteIsValid() throws {
        let offer = try someOffer()
        let agreement = try someAgreement()
        let proof: JSON = ["signature": "…"]
        let service = DataService(id: "urn:x:service", endpointURL: "https://p.example/dsp")
        let address = SealedPackageAddress(
            endpoint: "https://p.example/packages/1", authorization: "t",
            packageRoot: Digest(algorithm: .sha256, bytes: .init(repeating: 7, count: 32)),
            packageSize: ByteCount(5_000_000_000), grantEndpoint: "https://p.example/grants")
        let dataset = CatalogDataset(
            id: "urn:x:dataset", offers: [try .inCatalog(someOfferJSON)],
            distributions: [
                Distribution(format: .sealedPackagePull, access: .reference("urn:x:service")),
                Distribution(format: .sealedPackagePush, access: .service(service), offers: [try .inCatalog(someOfferJSON)]),
            ],
            properties: ["dct:title": "销售数据", "hasPolicy": "not taken from here"])

        func check<Message: ProtocolMessage>(_ message: Message) throws {
            #expect(DSPSchemas.violation(in: message.json, of: Message.type) == nil, "\(Message.type)")
            #expect(try Message.parse(message.bytes) == message, "\(Message.type)")
        }
        try check(CatalogRequestMessage(id: "urn:uuid:1"))
        try check(CatalogRequestMessage(filter: [["offset": 0]]))
        try check(DatasetRequestMessage(dataset: "urn:x:dataset"))
        try check(Catalog(id: "urn:x:catalog", participantID: "urn:x:p", datasets: [dataset], services: [service]))
        try check(Catalog(id: "urn:x:catalog", participantID: "urn:x:p", datasets: [], services: [service]))
        try check(
            Catalog(
                id: "urn:x:c", participantID: "urn:x:p", datasets: [], services: [service],
                catalogs: [Catalog(id: "urn:x:inner", participantID: nil, datasets: [dataset], services: [])]))
        try check(dataset)
        try check(CatalogError(reasonCode: "dsp.schema", reason: []))
        try check(CatalogError(error: DSPError.unsupportedFilter))
        try check(
            ContractRequestMessage(
                id: "urn:uuid:1", consumerPID: "c", offer: offer, form: .initial(callbackAddress: "https://c.example/dsp")))
        try check(ContractRequestMessage(consumerPID: "c", offer: offer, form: .counter(providerPID: "p")))
        try check(ContractOfferMessage(providerPID: "p", offer: offer, form: .initial(callbackAddress: "https://p.example/dsp/")))
        try check(ContractOfferMessage(id: "urn:uuid:1", providerPID: "p", offer: offer, form: .answer(consumerPID: "c")))
        try check(ContractAgreementMessage(id: "urn:uuid:1", pids: somePIDs, agreement: agreement, proof: proof))
        try check(ContractAgreementVerificationMessage(id: "urn:uuid:1", pids: somePIDs, proof: proof))
        for event in ContractNegotiationEventMessage.Event.allCases {
            try check(ContractNegotiationEventMessage(id: "urn:uuid:1", pids: somePIDs, event: event))
        }
        try check(ContractNegotiationTerminationMessage(id: "urn:uuid:1", pids: somePIDs))
        try check(ContractNegotiationTerminationMessage(pids: somePIDs, reasonCode: "agreement.differs", reason: ["`/permission`"]))
        for state in ContractNegotiationState.allCases { try check(ContractNegotiation(pids: somePIDs, state: state)) }
        try check(ContractNegotiationError(pids: ProcessPIDs(providerPID: "", consumerPID: ""), error: DSPError.unsupportedFilter))
        try check(
            TransferRequestMessage(
                id: "urn:uuid:1", consumerPID: "c", agreementID: "urn:x:a", format: .sealedPackagePull, callbackAddress: "https://c.example"
            ))
        try check(
            TransferRequestMessage(
                consumerPID: "c", agreementID: "urn:x:a", format: .httpDataPush, callbackAddress: "https://c.example",
                dataAddress: DataAddress(endpointType: "urn:x", endpoint: nil, properties: [])))
        try check(TransferStartMessage(id: "urn:uuid:1", pids: somePIDs, dataAddress: address.dataAddress))
        try check(TransferStartMessage(pids: somePIDs))
        try check(TransferCompletionMessage(id: "urn:uuid:1", pids: somePIDs))
        try check(TransferSuspensionMessage(id: "urn:uuid:1", pids: somePIDs, reasonCode: "x", reason: ["y"]))
        try check(TransferTerminationMessage(id: "urn:uuid:1", pids: somePIDs))
        for state in TransferProcessState.allCases { try check(TransferProcess(pids: somePIDs, state: state)) }
        try check(TransferError(pids: somePIDs, reasonCode: nil, reason: []))
        try check(
            VersionDocument(versions: [
                .init(path: "/dsp", identifierType: "urn", serviceID: "s", auth: .init(protocol: "mTLS", version: "1"))
            ]))
    }

    @Test func emptyListsAreLeftOut() throws {
        let catalog = Catalog(id: "urn:x:catalog", participantID: "urn:x:p", datasets: [], services: [])
        #expect(catalog.json.object?.keys.sorted() == ["@context", "@id", "@type", "participantId"])
        let termination = ContractNegotiationTerminationMessage(pids: somePIDs)
        #expect(termination.json.object?.keys.sorted() == ["@context", "@type", "consumerPid", "providerPid"])
    }

    @Test func extensionsPassThroughAndOthersDoNot() throws {
        var json = try Examples.json("transfer/transfer-completion-message.json")
        json = Edit.put(["a": [1, 2]], at: ["urn:kouan:anything:1"], in: json)
        json = Edit.put("x", at: ["urn:other:thing"], in: json)
        json = Edit.put("urn:uuid:m", at: ["@id"], in: json)
        let message = try TransferCompletionMessage.parse(json)
        #expect(message.envelope.id == "urn:uuid:m")
        #expect(message.envelope.extensions == ["urn:kouan:anything:1": ["a": [1, 2]]])
        #expect(message.json == Edit.put(nil, at: ["urn:other:thing"], in: json))
        for index in 0...DSP.maxExtensions { json = Edit.put(1, at: [.string("urn:kouan:\(index)")], in: json) }
        #expect(throws: DSPError.self) { try TransferCompletionMessage.parse(json) }
    }

    @Test func moreContextsAreAllowed() throws {
        var json = try Examples.json("transfer/transfer-completion-message.json")
        json = Edit.put([.string(DSP.context), "https://w3id.org/edc/dspace/v0.0.1"], at: ["@context"], in: json)
        _ = try TransferCompletionMessage.parse(json)
        json = Edit.put(.strings([DSP.context] + (0..<DSP.maxContexts).map { "urn:\($0)" }), at: ["@context"], in: json)
        #expect(throws: DSPError.value(pointer: .root.appending("@context"), problem: "has more than 16 items")) {
            try TransferCompletionMessage.parse(json)
        }
    }

    /// What the schemas allow and we do not.
    @Test(
        arguments: [
            ("negotiation/contract-request-message.json", ["consumerPid"], "", "/consumerPid"),
            ("negotiation/contract-request-message.json", ["consumerPid"], "..", "/consumerPid"),
            ("negotiation/contract-request-message.json", ["consumerPid"], "a\nb", "/consumerPid"),
            ("negotiation/contract-request-message.json", ["consumerPid"], .string(String(repeating: "x", count: 1_025)), "/consumerPid"),
            ("negotiation/contract-request-message.json", ["@id"], 7, "/@id"),
            ("negotiation/contract-request-message.json", ["offer", "target"], nil, "/offer/target"),
            ("negotiation/contract-request-message.json", ["offer", "permission", 0, "target"], "urn:x", "/offer/permission/0/target"),
            ("negotiation/contract-request-message_initial.json", ["callbackAddress"], "ftp://x", "/callbackAddress"),
            ("negotiation/contract-request-message_initial.json", ["callbackAddress"], "/relative", "/callbackAddress"),
            (
                "negotiation/contract-agreement-message.json", ["agreement", "permission", 0, "target"], "urn:x",
                "/agreement/permission/0/target"
            ),
            ("negotiation/contract-agreement-message.json", ["agreement", "@id"], "", "/agreement/@id"),
            ("negotiation/contract-negotiation-error.json", ["code"], .string(String(repeating: "x", count: 257)), "/code"),
            ("transfer/transfer-request-message.json", ["agreementId"], "", "/agreementId"),
            (
                "transfer/transfer-request-message.json", ["dataAddress", "endpointProperties", 1, "name"], "authorization",
                "/dataAddress/endpointProperties/1/name"
            ),
            ("catalog/catalog.json", ["service", 0, "endpointURL"], "provider", "/service/0/endpointURL"),
        ] as [(String, [JSON], JSON?, String)])
    func refusedBeyondTheSchema(path: String, place: [JSON], value: JSON?, pointer: String) throws {
        let type = try #require(Examples.messages.first { $0.path == path }?.type)
        let json = Edit.put(value, at: place, in: try Examples.json(path))
        #expect(DSPSchemas.violation(in: json, of: type) == nil, "a schema says it already")
        let error = #expect(throws: DSPError.self) { try parse(json, as: type) }
        guard case .value(let found, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found.description == pointer)
    }

    @Test func wrongTypeIsSaidFirst() throws {
        let json = try Examples.json("transfer/transfer-process.json")
        #expect(throws: DSPError.wrongType(expected: "ContractNegotiation", found: "TransferProcess")) {
            try ContractNegotiation.parse(json)
        }
        let prefixed = Edit.put("dspace:TransferProcess", at: ["@type"], in: json)
        #expect(throws: DSPError.wrongType(expected: "TransferProcess", found: "dspace:TransferProcess")) {
            try TransferProcess.parse(prefixed)
        }
    }

    @Test func documentsThatAreNotSoundJSONAreRefused() throws {
        let twice =
            #"{"@context":["https://w3id.org/dspace/2025/1/context.jsonld"],"@type":"TransferCompletionMessage","providerPid":"a","consumerPid":"b","providerPid":"c"}"#
        let deep = #"{"@context":"# + String(repeating: "[", count: 100) + String(repeating: "]", count: 100) + "}"
        let large = #"{"x":""# + String(repeating: "x", count: 1 << 20) + #""}"#
        for (text, code) in [
            (twice, "json.duplicate-key"), (deep, "json.too-deep"), (large, "json.too-large"), ("", "json.malformed"),
            ("\u{FEFF}{}", "json.malformed"),
        ] {
            let error = #expect(throws: DSPError.self) { try TransferCompletionMessage.parse(Array(text.utf8)) }
            #expect(error?.code == code)
        }
        #expect(throws: DSPError.value(pointer: .root, problem: "must be an object")) {
            try TransferCompletionMessage.parse(JSON.array([1]))
        }
    }

    @Test func reasonsAreCutNotRefused() throws {
        var json = try Examples.json("negotiation/contract-negotiation-termination-message.json")
        let long = String(repeating: "口", count: 5_000)
        json = Edit.put([.string(long), ["@value": "deutsch", "@language": "de"], 7, "two\nlines"], at: ["reason"], in: json)
        let message = try ContractNegotiationTerminationMessage.parse(json)
        #expect(message.reason == [String(repeating: "口", count: DSP.maxReasonBytes / 3), "deutsch", "7", "two lines"])
        json = Edit.put(.array(.init(repeating: "x", count: 1_000)), at: ["reason"], in: json)
        #expect(try ContractNegotiationTerminationMessage.parse(json).reason.count == DSP.maxReasons)
    }

    @Test func pidsAreComparedByByte() throws {
        // "é" composed and decomposed are equal as Swift strings, and are two ids.
        let stored = ProcessPIDs(providerPID: "caf\u{E9}", consumerPID: "c")
        try stored.requireSame(as: stored)
        #expect(throws: DSPError.pidMismatch(member: "providerPid")) {
            try ProcessPIDs(providerPID: "cafe\u{301}", consumerPID: "c").requireSame(as: stored)
        }
        let event = NegotiationMessage.event(.init(pids: somePIDs, event: .accepted))
        try event.requirePIDs(somePIDs)
        #expect(throws: DSPError.pidMismatch(member: "consumerPid")) {
            try event.requirePIDs(ProcessPIDs(providerPID: somePIDs.providerPID, consumerPID: "other"))
        }
        let request = NegotiationMessage.request(.init(consumerPID: "c", offer: try someOffer(), form: .counter(providerPID: "p")))
        #expect(throws: DSPError.pidMismatch(member: "providerPid")) {
            try request.requirePIDs(ProcessPIDs(providerPID: "q", consumerPID: "c"))
        }
        let transfer = TransferMessage.request(
            .init(consumerPID: "c", agreementID: "a", format: .sealedPackagePull, callbackAddress: "https://c.example"))
        #expect(throws: DSPError.pidMismatch(member: "consumerPid")) {
            try transfer.requirePIDs(ProcessPIDs(providerPID: "p", consumerPID: "d"))
        }
    }

    @Test func errorTextIsOneLineAndShort() {
        let error = DSPError.wrongType(expected: "Catalog", found: "a`\n\u{1B}[31m\u{202E}" + String(repeating: "x", count: 10_000))
        #expect(error.message.count < 250)
        #expect(!error.message.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E })
    }
}

@Suite struct WirePolicyTests {
    @Test func anAgreementTakesTheOfferOver() throws {
        let agreement = try someAgreement()
        let offer = try someOffer()
        for member in ["permission", "profile", "target"] { #expect(agreement.json[member] == offer.json[member]) }
        #expect(agreement.json["@type"] == "Agreement")
        #expect(agreement.profile == ["urn:kouan:odrl:1"])
        #expect(agreement.time == Timestamp(milliseconds: 1_795_334_400_000))
        #expect(agreement.timestamp == "2026-11-22T08:00:00.000Z")
        #expect(DSPSchemas.violation(inPolicy: agreement.json, definition: "Agreement") == nil)
    }

    @Test func targetsStandWhereTheyBelong() throws {
        let targeted = try someOffer()
        #expect(targeted.target == "urn:uuid:dataset")
        #expect(throws: DSPError.self) { try WireOffer.inCatalog(targeted.json) }
        #expect(throws: DSPError.self) { try WireOffer.inMessage(someOfferJSON) }
        #expect(throws: DSPError.self) { try WireOffer.inCatalog(["@type": "Offer", "@id": "urn:x", "permission": [["action": 7]]]) }
        #expect(throws: DSPError.self) { try WireAgreement(parsing: targeted.json) }
    }

    @Test func aTimeWithoutZoneIsKeptButNotTaken() throws {
        let json = Edit.put("2026-11-22T08:00:00", at: ["timestamp"], in: try someAgreement().json)
        let agreement = try WireAgreement(parsing: json)
        #expect(agreement.timestamp == "2026-11-22T08:00:00")
        #expect(agreement.time == nil)
    }
}

@Suite struct DataAddressTests {
    private static let address = SealedPackageAddress(
        endpoint: "https://p.example/packages/1", authorization: "token",
        packageRoot: Digest(algorithm: .sha256, bytes: .init(repeating: 7, count: 32)), packageSize: ByteCount(1_234),
        grantEndpoint: "https://p.example/grants")

    @Test func sealedPackageMakesTheRoundTrip() throws {
        let address = DataAddressTests.address.dataAddress
        #expect(try SealedPackageAddress(DataAddress.parse(address.json)) == DataAddressTests.address)
        #expect(address["packageSize"] == "1234")
        #expect(address["packageRoot"] == "sha256:" + String(repeating: "07", count: 32))
        #expect(address.endpoint == address["endpoint"])
        #expect(address.properties.map(\.name) == ["endpoint", "authorization", "authType", "packageRoot", "packageSize", "grantEndpoint"])
    }

    @Test(
        arguments: [
            ("endpoint", "/relative"), ("endpoint", "https://other.example/"), ("authorization", ""), ("authType", ""),
            ("packageRoot", "07"),
            ("packageRoot", "md5:07"), ("packageSize", "0"), ("packageSize", "-1"), ("packageSize", "01"), ("packageSize", "+1"),
            ("packageSize", "1.5"), ("packageSize", "99999999999999999999"), ("grantEndpoint", "javascript:x"), ("grantEndpoint", nil),
            ("endpoint", nil), ("authorization", nil), ("authType", nil), ("packageRoot", nil), ("packageSize", nil),
        ] as [(String, String?)])
    func badPropertiesAreNamed(name: String, value: String?) throws {
        let good = DataAddressTests.address.dataAddress
        let properties = good.properties.compactMap { property -> DataAddress.Property? in
            property.name == name ? value.map { .init(name, $0) } : property
        }
        let address = DataAddress(endpointType: good.endpointType, endpoint: good.endpoint, properties: properties)
        let error = #expect(throws: DSPError.self) { try SealedPackageAddress(address) }
        #expect(error?.message.hasPrefix("`/dataAddress/endpointProperties") == true)
    }

    @Test func anotherTypeIsNotTaken() {
        #expect(throws: DSPError.self) {
            try SealedPackageAddress(DataAddress(endpointType: "https://w3id.org/idsa/v4.1/HTTP", endpoint: nil, properties: []))
        }
    }

    @Test(arguments: [
        ("SealedPackage-PULL", TransferFormat.Direction.pull), ("HttpData-PUSH", .push), ("HttpData", nil), ("-PULL", .pull),
        ("HttpData-pull", nil), ("AmazonS3-PUSH-Response", .push), ("", nil),
    ])
    func directionIsTheSecondPart(format: String, expected: TransferFormat.Direction?) {
        #expect(TransferFormat(rawValue: format).direction == expected)
    }
}

@Suite struct CatalogAndVersionTests {
    @Test func formatsAreListedOnce() throws {
        let dataset = CatalogDataset(
            id: "urn:x", offers: [],
            distributions: [.sealedPackagePull, .httpDataPull, .sealedPackagePull].map { Distribution(format: $0, access: .reference("s")) }
        )
        #expect(dataset.formats == [.sealedPackagePull, .httpDataPull])
    }

    @Test func catalogsDoNotNestForEver() throws {
        func nested(_ depth: Int) -> JSON {
            var catalog: JSON = ["@id": "urn:x", "@type": "Catalog"]
            for _ in 1..<depth { catalog = ["@id": "urn:x", "@type": "Catalog", "catalog": [catalog]] }
            return Edit.put("urn:p", at: ["participantId"], in: Edit.put([.string(DSP.context)], at: ["@context"], in: catalog))
        }
        _ = try Catalog.parse(nested(DSP.maxCatalogDepth))
        #expect(throws: DSPError.self) { try Catalog.parse(nested(DSP.maxCatalogDepth + 1)) }
    }

    @Test func filtersWeKnow() throws {
        #expect(try CatalogRequestMessage().page() == CatalogPage())
        let spec: JSON = ["@type": "QuerySpec", "offset": 10, "limit": 5, "filterExpression": [], "sortOrder": "ASC"]
        #expect(try CatalogRequestMessage(filter: [spec]).page() == CatalogPage(offset: 10, limit: 5))
        let expanded: JSON = ["https://w3id.org/edc/v0.0.1/ns/offset": 3]
        #expect(try CatalogRequestMessage(filter: [expanded]).page() == CatalogPage(offset: 3, limit: nil))
        let refused: [[JSON]] = [
            ["text"], [spec, spec], [["offset": -1]], [["offset": .double(1.5e300)]], [["limit": "5"]],
            [["filterExpression": [["operandLeft": "x"]]]],
            [["other": 1]],
        ]
        for filter in refused {
            #expect(throws: DSPError.unsupportedFilter) { try CatalogRequestMessage(filter: filter).page() }
        }
    }

    @Test func theCommonVersionIsFound() throws {
        let document = try VersionDocument.parse(Examples.bytes("common/protocol-version.json"))
        let version = try document.common()
        #expect(version.path == "/some/path/2025-1")
        #expect(version.base(root: "https://p.example/root/") == "https://p.example/root/some/path/2025-1")
        #expect(VersionDocument.Version(path: "").base(root: "https://p.example") == "https://p.example")
        #expect(VersionDocument.Version(path: "/").base(root: "https://p.example") == "https://p.example/")
        for version: VersionDocument.Version in [
            .init(version: "2024-1", path: "/x"), .init(path: "/../x"), .init(path: "x"), .init(path: "/x?y"), .init(path: "/%2e%2E/x"),
        ] {
            #expect(throws: DSPError.noCommonVersion(offered: [version.version])) { try VersionDocument(versions: [version]).common() }
        }
    }
}
