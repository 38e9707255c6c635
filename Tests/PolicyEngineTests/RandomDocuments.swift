// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Foundation

/// Documents that may be anything: broken policies, members in places where they do not belong, values at the edges.
enum RandomDocuments {
    static func policy(_ random: inout SeededGenerator) -> JSON {
        random.chance(60) ? mutated(RandomPolicies.policy(&random, travels: false), &random, depth: 0) : document(&random, depth: 0)
    }

    static func world(_ random: inout SeededGenerator) -> JSON {
        object(
            &random,
            [
                "currentTime", "memberOf", "types", "broader", "properties", "values", "counters", "references", "performed",
                "dutyStates",
            ], depth: 3)
    }

    static func request(_ random: inout SeededGenerator) -> JSON {
        object(&random, ["id", "action", "party", "target", "parameters"], depth: 3)
    }

    static let keys = [
        "@context", "@type", "@id", "uid", "id", "type", "profile", "inheritFrom", "conflict", "permission", "prohibition", "obligation",
        "target", "assignee",
        "assigner", "action", "duty", "remedy", "consequence", "constraint", "refinement", "leftOperand", "operator", "rightOperand",
        "rightOperandReference",
        "dataType", "unit", "and", "or", "xone", "andSequence", "source", "rdf:value", "value", "@value", "@list", "@set", "@graph",
        "odrl:permission",
        "http://www.w3.org/ns/odrl/2/constraint", "", "odrl:", ":", "x",
    ]
    static let texts = [
        "", "use", "read", "odrl:read", "odrl:", ":", "urn:p", "urn:r0", "purpose", "count", "dateTime", "spatial", "event",
        "odrl:policyUsage", "eq", "lteq", "isPartOf",
        "isNoneOf", "odrl:neg", "Set", "Offer", "Agreement", "PartyCollection", "2026-01-01T00:00:00Z", "-1", "1e9999",
        "9".padding(toLength: 60, withPad: "9", startingAt: 0), "P1Y",
        "P99999999999999Y", "xsd:dateTime", "xsd:integer", "xsd:duration", "中文", "\u{0}", "a/b~c", "CN-350000",
        "http://www.w3.org/ns/odrl/2/use", "violated", "perm",
    ]

    private static func document(_ random: inout SeededGenerator, depth: Int) -> JSON {
        if depth > 5 || random.chance(35) {
            switch random.below(6) {
            case 0: return .null
            case 1: return .bool(random.chance(50))
            case 2: return .integer(Int64(truncatingIfNeeded: random.next()) >> Int64(random.below(64)))
            case 3: return .double(Double(random.below(1000)) / 7 * (random.chance(50) ? 1e300 : 1e-300))
            default: return .string(random.pick(RandomDocuments.texts))
            }
        }
        if random.chance(30) { return .array((0..<random.below(4)).map { _ in document(&random, depth: depth + 1) }) }
        return object(&random, RandomDocuments.keys, depth: depth)
    }

    private static func object(_ random: inout SeededGenerator, _ keys: [String], depth: Int) -> JSON {
        var members: [String: JSON] = [:]
        for _ in 0..<random.below(7) {
            let key = random.pick(keys)
            members[key] =
                random.chance(25)
                ? object(&random, RandomDocuments.texts + ["http://www.w3.org/ns/odrl/2/count", "at", "rule", "action"], depth: depth + 2)
                : document(&random, depth: depth + 1)
        }
        return depth > 8 ? .null : .object(members)
    }

    /// A sound policy with a few values replaced.
    private static func mutated(_ json: JSON, _ random: inout SeededGenerator, depth: Int) -> JSON {
        if random.chance(4) { return document(&random, depth: 3) }
        switch json {
        case .array(let elements): return .array(elements.map { mutated($0, &random, depth: depth + 1) })
        case .object(let members):
            var changed: [String: JSON] = [:]
            for key in members.keys.sorted() {
                guard let value = members[key] else { continue }
                changed[random.chance(3) ? random.pick(RandomDocuments.keys) : key] = mutated(value, &random, depth: depth + 1)
            }
            return .object(changed)
        default: return json
        }
    }
}
