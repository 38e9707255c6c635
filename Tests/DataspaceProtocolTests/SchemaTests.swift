// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Foundation
import Testing

@testable import DataspaceProtocol

@Suite struct SchemaTests {
    @Test func embeddedTextIsThatOfTheFiles() throws {
        let folder = Examples.repository.appending(path: "Sources/DataspaceProtocol/Schemas")
        var found: [String] = []
        for part in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: folder.appending(path: part).path, isDirectory: &isFolder), isFolder.boolValue
            else { continue }
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: part).path).sorted() {
                found.append("\(part)/\(name)")
            }
        }
        #expect(found == EmbeddedSchemas.files.map(\.path))
        #expect(found.count == 26)
        for (path, text) in EmbeddedSchemas.files {
            #expect([UInt8](text.utf8) == [UInt8](try Data(contentsOf: folder.appending(path: path))), "\(path)")
        }
    }

    @Test func everySchemaCompilesAndEveryTypeHasOne() {
        for type in MessageType.allCases { #expect(DSPSchemas.bundled.root(type.schemaID) != nil, "\(type)") }
    }

    @Test(arguments: Examples.messages.map(\.path))
    func examplesAreValid(path: String) throws {
        let type = try #require(Examples.messages.first { $0.path == path }?.type)
        #expect(DSPSchemas.violation(in: try Examples.json(path), of: type) == nil)
    }

    /// 2,900 changed examples with the verdicts of the Python package jsonschema (Tests/Vectors/dsp/mutate.py).
    @Test func agreesWithAnIndependentValidator() throws {
        let entries = try #require(try JSON.parse(Examples.bytes("mutations.json"), limits: .large).array)
        #expect(entries.count > 2_500)
        var examples: [String: JSON] = [:]
        for entry in entries {
            let file = try #require(entry["file"]?.string)
            let example = try examples[file] ?? Examples.json(file)
            examples[file] = example
            let path = try #require(entry["path"]?.array)
            let document = Edit.put(entry["put"], at: path, in: example)
            let schema = "https://w3id.org/dspace/2025/1/" + (entry["schema"]?.string ?? "")
            let violation = DSPSchemas.violation(in: document, schemaID: schema)
            #expect((violation == nil) == entry["valid"]?.bool, "\(entry.canonicalText) \(violation?.description ?? "valid")")
        }
    }

    /// The members that the standard's tables require, written down here once more; each one removed must be missed by name.
    @Test(arguments: [
        ("catalog/catalog.json", ["@context", "@type", "@id", "participantId"]),
        ("catalog/catalog-error.json", ["@context", "@type"]),
        ("catalog/catalog-request-message.json", ["@context", "@type"]),
        ("catalog/dataset.json", ["@context", "@id", "hasPolicy", "distribution"]),
        ("negotiation/contract-request-message_initial.json", ["@context", "@type", "consumerPid", "offer"]),
        ("negotiation/contract-offer-message.json", ["@context", "@type", "providerPid", "offer"]),
        ("negotiation/contract-agreement-message.json", ["@context", "@type", "providerPid", "consumerPid", "agreement"]),
        ("negotiation/contract-agreement-verification-message.json", ["@context", "@type", "providerPid", "consumerPid"]),
        ("negotiation/contract-negotiation-event-message.json", ["@context", "@type", "providerPid", "consumerPid", "eventType"]),
        ("negotiation/contract-negotiation-termination-message.json", ["@context", "@type", "providerPid", "consumerPid"]),
        ("negotiation/contract-negotiation.json", ["@context", "@type", "providerPid", "consumerPid", "state"]),
        ("negotiation/contract-negotiation-error.json", ["@context", "@type", "providerPid", "consumerPid"]),
        ("transfer/transfer-request-message.json", ["@context", "@type", "consumerPid", "agreementId", "format", "callbackAddress"]),
        ("transfer/transfer-start-message.json", ["@context", "@type", "providerPid", "consumerPid"]),
        ("transfer/transfer-completion-message.json", ["@context", "@type", "providerPid", "consumerPid"]),
        ("transfer/transfer-suspension-message.json", ["@context", "@type", "providerPid", "consumerPid"]),
        ("transfer/transfer-termination-message.json", ["@context", "@type", "providerPid", "consumerPid"]),
        ("transfer/transfer-process.json", ["@context", "@type", "providerPid", "consumerPid", "state"]),
        ("transfer/transfer-error.json", ["@context", "@type", "providerPid", "consumerPid"]),
    ])
    func requiredMembersAreMissed(path: String, required: [String]) throws {
        let type = try #require(Examples.messages.first { $0.path == path }?.type)
        let example = try Examples.json(path)
        for name in required {
            let violation = try #require(DSPSchemas.violation(in: Edit.put(nil, at: [.string(name)], in: example), of: type))
            #expect(violation.pointer == .root)
            #expect(violation.problem.contains("`\(name)`"), "\(name): \(violation)")
        }
    }

    /// What a person reads: pointer and sentence for the mistakes that integrators make.
    @Test(
        arguments: [
            (
                "negotiation/contract-request-message_initial.json", ["offer", "permission", 0, "action"], 7,
                "`/offer/permission/0/action` must be of type string, not number"
            ),
            (
                "negotiation/contract-request-message_initial.json", ["providerPid"], "p",
                "the document must have exactly one of `callbackAddress`, `providerPid`"
            ),
            (
                "negotiation/contract-request-message_initial.json", ["callbackAddress"], nil,
                "the document lacks all of `callbackAddress`, `providerPid`"
            ),
            (
                "negotiation/contract-request-message_initial.json", ["offer", "permission"], nil,
                "`/offer` lacks all of `permission`, `prohibition`"
            ),
            (
                "negotiation/contract-request-message.json", ["offer", "permission", 0, "constraint", 0, "rightOperand"], 10,
                "`/offer/permission/0/constraint/0/rightOperand` has none of the allowed forms"
            ),
            (
                "negotiation/contract-request-message.json", ["@context"], "https://w3id.org/dspace/2025/1/context.jsonld",
                "`/@context` must be of type array, not string"
            ),
            (
                "negotiation/contract-request-message.json", ["@context"], ["urn:x"],
                "`/@context` must contain `\"https://w3id.org/dspace/2025/1/context.jsonld\"`"
            ),
            ("catalog/catalog.json", ["dataset"], [], "`/dataset` must have at least 1 item"),
            ("catalog/catalog.json", ["dataset", 0, "hasPolicy", 0, "target"], "urn:x", "`/dataset/0/hasPolicy/0` must not have `target`"),
            ("catalog/catalog.json", ["hasPolicy"], [], "the document must not have `hasPolicy`"),
            (
                "negotiation/contract-agreement-message.json", ["agreement", "timestamp"], "2023-13-01T00:00:00Z",
                "`/agreement/timestamp` does not have the required form"
            ),
        ] as [(String, [JSON], JSON?, String)])
    func violationsSayWhereAndWhat(path: String, place: [JSON], value: JSON?, expected: String) throws {
        let type = try #require(Examples.messages.first { $0.path == path }?.type)
        let violation = try #require(DSPSchemas.violation(in: Edit.put(value, at: place, in: Examples.json(path)), of: type))
        #expect(violation.description == expected)
    }

    /// The standard's own example of a DataService entry fails the standard's own pattern.
    @Test func didServiceExamples() throws {
        let schema = "https://w3id.org/dspace/2025/1/common/did-service-schema.json"
        #expect(DSPSchemas.violation(in: try Examples.json("common/catalogservice-did-service.json"), schemaID: schema) == nil)
        #expect(DSPSchemas.violation(in: try Examples.json("common/dataservice-did-service.json"), schemaID: schema)?.keyword == "pattern")
    }

    @Test func effortIsBounded() throws {
        var constraint: JSON = ["leftOperand": "x", "operator": "eq", "rightOperand": "y"]
        for _ in 0..<2_000 { constraint = ["and": [constraint]] }
        let offer: JSON = ["@id": "urn:x", "@type": "Offer", "permission": [["action": "use", "constraint": [constraint]]]]
        #expect(DSPSchemas.violation(inPolicy: offer, definition: "Offer")?.keyword == "limit")

        let root = try #require(DSPSchemas.bundled.root(MessageType.catalogRequestMessage.schemaID))
        let example = try Examples.json("catalog/catalog-request-message.json")
        let violation = JSONSchemaValidator.violation(in: example, of: root, schemas: DSPSchemas.bundled, steps: 3)
        #expect(violation?.keyword == "limit")
    }

    @Test(arguments: [
        (#"{"$id":"urn:x","minimum":3}"#, JSONSchemaSet.CompileError.unsupported(keyword: "minimum")),
        (#"{"$id":"urn:x","type":"text"}"#, .badValue(keyword: "type")),
        (#"{"$id":"urn:x","$ref":"urn:y"}"#, .unresolved(ref: "urn:y")),
        (#"{"$id":"urn:x","pattern":"(?=a)"}"#, .badValue(keyword: "pattern")),
        (#"{"title":"no id"}"#, .notJSON(#"{"title":"no id"}"#)),
    ])
    func aSchemaBeyondTheSubsetIsRefused(text: String, expected: JSONSchemaSet.CompileError) {
        #expect(throws: expected) { try JSONSchemaSet([text]) }
    }
}

@Suite struct SchemaPatternTests {
    @Test(arguments: [
        ("abc", "xxabcxx", true), ("abc", "ab", false), ("^abc$", "abc", true), ("^abc$", "xabc", false), ("a|b", "xb", true),
        ("^(a|bc)+$", "abcbca", true), ("^(a|bc)+$", "abcb", false), ("^[0-9]{3,}$", "12", false), ("^[0-9]{3,}$", "12345", true),
        ("^[^a-c]$", "d", true), ("^[^a-c]$", "b", false), ("^x{2}$", "xx", true), ("^x{2}$", "xxx", false), ("^x{1,2}$", "xxx", false),
        ("a.*?c$", "abbc", true), (#"^\.\d+$"#, ".42", true), (#"^\.\d+$"#, "x42", false), ("^(a?)*$", "", true), ("", "", true),
        ("^(a|)$", "", true), ("^.$", "\n", false), ("口", "進口", true),
    ])
    func matches(pattern: String, text: String, expected: Bool) throws {
        #expect(try #require(SchemaPattern(pattern)).matches(text) == expected)
    }

    @Test(arguments: ["(", ")", "a**", "*", "[a", "[b-a]", "a{2", "a{3,2}", #"\p{L}"#, #"\1"#, "(?=a)"])
    func outsideTheSubset(pattern: String) { #expect(SchemaPattern(pattern) == nil) }

    @Test func noInputMakesItSlow() throws {
        let pattern = try #require(SchemaPattern("^(a*)*(a|a)*b$"))
        #expect(!pattern.matches(String(repeating: "a", count: SchemaPattern.maxScalars)))
        #expect(!pattern.matches(String(repeating: "a", count: SchemaPattern.maxScalars) + "b"), "longer than the limit")
    }
}
