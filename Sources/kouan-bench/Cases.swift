// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import PolicyEngine

/// The policies, the request and the world of `Benchmarks/policy.py`, which says the same to the peers.
enum Cases {
    static let target = "urn:kouan:dataset:"
    static let party = "urn:uscc:91350100M00010045B"
    static let now = Timestamp(seconds: 1_795_000_000)

    /// One permission with five constraints. Only a policy that `grants` names the purpose that is asked for.
    static func policy(_ number: Int, target: String, grants: Bool) -> JSON {
        func constraint(_ name: String, _ left: String, _ operation: String, _ right: JSON) -> JSON {
            [
                "uid": .string("urn:c:\(number):\(name)"), "leftOperand": .string(left), "operator": .string(operation),
                "rightOperand": right,
            ]
        }
        return [
            "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Agreement", "uid": .string("urn:policy:\(number)"),
            "permission": [
                [
                    "uid": .string("urn:rule:\(number)"), "target": .string(target), "assignee": .string(party), "action": "read",
                    "constraint": [
                        constraint("p", "purpose", "isAnyOf", grants ? ["research", "recycling"] : ["audit", "recycling"]),
                        constraint("s", "spatial", "isAnyOf", ["CN-350000", "CN-440000"]),
                        constraint("n", "count", "lteq", ["@value": "10", "@type": "xsd:integer"]),
                        constraint("a", "dateTime", "gteq", ["@value": "2026-01-01T00:00:00Z", "@type": "xsd:dateTime"]),
                        constraint("b", "dateTime", "lteq", ["@value": "2027-12-31T00:00:00Z", "@type": "xsd:dateTime"]),
                    ],
                ]
            ],
        ]
    }

    /// Bytes of `count` policies: each about an asset of its own and all granting, or all about one asset and only the last granting.
    static func policies(_ count: Int, distinct: Bool) -> [[UInt8]] {
        (0..<count).map {
            policy($0, target: target + (distinct ? "\($0)" : "0"), grants: distinct || $0 == count - 1).canonical()
        }
    }

    static func request(about number: Int) -> PolicyRequest {
        PolicyRequest(
            id: "urn:request:1", action: Action.read, party: party, target: target + "\(number)", purpose: "research",
            usesIncludingThis: 3, places: ["CN-350000"])
    }

    static var world: PolicyWorld { PolicyWorld(now: now) }

    /// Weekdays from 9 to 17 o'clock of 2024: 262 windows, an `or` of `and`s of two bounds each, 787 constraints in all.
    static func weekdays() -> JSON {
        var windows: [JSON] = []
        let first = Timestamp(year: 2024, month: 1, day: 1, hour: 0, minute: 0, second: 0)?.seconds ?? 0
        for day in 0..<366 where day % 7 < 5 {  // the year begins on a Monday
            let midnight = first + Int64(day) * 86_400
            func bound(_ operation: String, _ hour: Int64) -> JSON {
                [
                    "uid": .string("urn:w:\(day):\(operation)"), "leftOperand": "dateTime", "operator": .string(operation),
                    "rightOperand": [
                        "@value": .string(Timestamp(seconds: midnight + hour * 3600).secondsText), "@type": "xsd:dateTime",
                    ],
                ]
            }
            windows.append(["uid": .string("urn:w:\(day)"), "and": [bound("gteq", 9), bound("lteq", 17)]])
        }
        return [
            "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "uid": "urn:policy:weekdays",
            "permission": [
                [
                    "uid": "urn:rule:weekdays", "target": .string(target + "0"), "action": "read",
                    "constraint": [["uid": "urn:w", "or": .array(windows)]],
                ]
            ],
        ]
    }

    /// What `kouan policy evaluate` reads: the one policy, a request, and a moment in the last window.
    static func evaluateInput(_ policy: JSON) -> JSON {
        [
            "policies": [policy],
            "request": [
                "id": "urn:request:1", "action": "http://www.w3.org/ns/odrl/2/read", "party": .string(party),
                "target": .string(target + "0"),
                "parameters": [
                    "http://www.w3.org/ns/odrl/2/purpose": ["research"], "http://www.w3.org/ns/odrl/2/count": [3],
                    "http://www.w3.org/ns/odrl/2/spatial": ["CN-350000"],
                ],
            ],
            "world": ["currentTime": "2024-12-31T12:00:00Z"],
        ]
    }
}
