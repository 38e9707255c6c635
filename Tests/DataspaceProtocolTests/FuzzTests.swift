// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import ExchangeModel
import Testing

/// Whatever a peer sends is refused or understood, never a trap; what is understood is written back as the same value.
@Suite struct FuzzTests {
    private static let words = [
        "@context", "@id", "@type", "offer", "agreement", "permission", "prohibition", "constraint", "and", "or", "action", "target",
        "dataset",
        "hasPolicy", "distribution", "accessService", "catalog", "service", "endpointURL", "providerPid", "consumerPid", "reason", "code",
        "callbackAddress", "dataAddress", "endpointProperties", "name", "value", "filter", "protocolVersions", "auth", "profile", "state",
        "urn:kouan:agreement-proof:1", "Offer", "use", "eq", "", "..", "https://x.example", "\u{0}", "口",
    ]

    private static func value(_ random: inout SeededGenerator, depth: Int) -> JSON {
        switch Int.random(in: 0..<(depth > 4 ? 6 : 10), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .integer(.random(in: -9_007_199_254_740_992...9_007_199_254_740_992, using: &random))
        case 3: return .double(.random(in: -1e300...1e300, using: &random))
        case 4, 5: return .string(words.randomElement(using: &random) ?? "")
        case 6, 7: return .array((0..<Int.random(in: 0...3, using: &random)).map { _ in value(&random, depth: depth + 1) })
        default:
            var members: [String: JSON] = [:]
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                members[words.randomElement(using: &random) ?? ""] = value(&random, depth: depth + 1)
            }
            return .object(members)
        }
    }

    private static func check(_ json: JSON, _ type: MessageType) -> Bool {
        guard let message = try? parse(json, as: type) else { return false }
        #expect(DSPSchemas.violation(in: message.json, of: type) == nil, "\(json.canonicalText)")
        #expect((try? parse(message.json, as: type))?.json == message.json, "\(json.canonicalText)")
        let policy: String? =
            switch type {
            case .contractRequestMessage, .contractOfferMessage: "offer"
            case .contractAgreementMessage: "agreement"
            default: nil
            }
        if let policy { #expect(message.json[policy] == json[policy], "policies are kept whole") }
        _ = try? NegotiationMessage.parse(json).identity
        _ = try? TransferMessage.parse(json).identity
        if let request = message as? CatalogRequestMessage { _ = try? request.page() }
        if let start = message as? TransferStartMessage { _ = try? start.dataAddress.map { try SealedPackageAddress($0) } }
        if let document = message as? VersionDocument { _ = try? document.common().base(root: "https://x") }
        return true
    }

    @Test func changedExamples() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("FuzzTests.changedExamples seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var understood = 0
        let examples = try Examples.messages.map { ($0.type, try Examples.json($0.path)) }
        for _ in 0..<6_000 {
            guard let (type, example) = examples.randomElement(using: &random) else { break }
            var json = example
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Edit.places(in: json).randomElement(using: &random) ?? []
                switch Int.random(in: 0..<3, using: &random) {
                case 0 where !place.isEmpty: json = Edit.put(nil, at: place, in: json)
                case 1:
                    json = Edit.put(
                        Self.value(&random, depth: 1), at: place + [.string(Self.words.randomElement(using: &random) ?? "")], in: json)
                default: json = Edit.put(Self.value(&random, depth: 2), at: place, in: json)
                }
            }
            if Self.check(json, type) { understood += 1 }
        }
        #expect(understood > 200, "seed \(seed): the changes are too wild to test anything past the schema")
    }

    @Test func anyJSON() {
        let seed = UInt64.random(in: 0 ... .max)
        print("FuzzTests.anyJSON seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let json = Self.value(&random, depth: 0)
            for type in MessageType.allCases where type != .dataAddress { _ = Self.check(json, type) }
            _ = try? DataAddress.parse(json)
            _ = try? WireOffer.inCatalog(json)
            _ = try? WireAgreement(parsing: json)
        }
    }

    @Test func changedBytes() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("FuzzTests.changedBytes seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for (path, type) in Examples.messages {
            let bytes = try Examples.bytes(path)
            for _ in 0..<150 {
                var changed = bytes
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    changed[.random(in: 0..<changed.count, using: &random)] = .random(in: 0...255, using: &random)
                }
                if Bool.random(using: &random) { changed.removeLast(.random(in: 0...changed.count, using: &random)) }
                if let message = try? parse(changed, as: type) { #expect((try? parse(message.bytes, as: type))?.json == message.json) }
            }
        }
    }
}
