// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Usage policies for tests, in the form that a user writes.
package enum TestPolicy {
    /// Use without condition.
    package static let use = permission([])

    package static func count(_ limit: Int) -> JSON {
        permission([constraint("count", "lteq", ["@value": .string("\(limit)"), "@type": "xsd:integer"])])
    }

    package static func purpose(_ purposes: String..., alsoCount limit: Int? = nil) -> JSON {
        var constraints = [constraint("purpose", "isAnyOf", .strings(purposes))]
        if let limit { constraints.append(constraint("count", "lteq", ["@value": .string("\(limit)"), "@type": "xsd:integer"])) }
        return permission(constraints)
    }

    /// Up to `end`, not included.
    package static func before(_ end: Timestamp) -> JSON {
        permission([constraint("dateTime", "lt", ["@value": .string(end.description), "@type": "xsd:dateTime"])])
    }

    /// Upper bounds, by operand: `count`, `kouan:countPerDay`.
    package static func atMost(_ limits: [String: Int64]) -> JSON {
        permission(
            limits.sorted { $0.key < $1.key }.map {
                constraint($0.key, "lteq", ["@value": .string("\($0.value)"), "@type": "xsd:integer"])
            })
    }

    package static func permission(_ constraints: [JSON]) -> JSON {
        var permission: [String: JSON] = ["action": "use"]
        if !constraints.isEmpty { permission["constraint"] = .array(constraints) }
        let usesProfile = constraints.contains { $0["leftOperand"]?.string?.hasPrefix("kouan:") == true }
        return .members([
            "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "uid": "urn:kouan:test:policy",
            "profile": usesProfile ? "urn:kouan:odrl:1" : nil, "permission": [.object(permission)],
        ])
    }

    package static func constraint(_ operand: String, _ comparison: String, _ right: JSON) -> JSON {
        ["leftOperand": .string(operand), "operator": .string(comparison), "rightOperand": right]
    }
}
