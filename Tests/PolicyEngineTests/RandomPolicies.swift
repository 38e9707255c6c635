// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import PolicyEngine

/// Policies, requests and worlds over a few values, so that clauses often hold and often fail.
enum RandomPolicies {
    static let purposes = ["research", "recycling", "pricing"]
    static let places = ["CN-350000", "CN-440000", "DE", "NO", "US", "CN", "EU", "EEA"]
    static let actions = ["use", "read", "print", "play", "display", "sell", "transfer", "distribute"]
    static let parties = ["urn:uscc:91350100M00010045B", "urn:uscc:91440101MA59P3C47H"]
    static let target = "urn:kouan:dataset:1"

    /// - Parameter travels: only what the grammar of the Dataspace Protocol can say.
    static func policy(_ random: inout SeededGenerator, travels: Bool) -> JSON {
        while true {
            let policy = draft(&random, travels: travels)
            // Rules that contradict themselves are refused at registration.
            if !PolicyReader.check(policy).contains(where: { $0.code == "policy.never-applies" && $0.severity == .error }) { return policy }
        }
    }

    /// As `policy`, also with rules that can never apply.
    static func draft(_ random: inout SeededGenerator, travels: Bool) -> JSON {
        var policy: [String: JSON] = ["uid": "urn:p", "@type": "Agreement", "@context": "http://www.w3.org/ns/odrl.jsonld"]
        var permissions: [JSON] = []
        for index in 0...random.below(3) {
            var rule = self.rule(&random, "urn:r\(index)", travels)
            if random.chance(25) {
                var duty: [String: JSON] = [
                    "uid": .string("urn:d\(index)"), "action": .string(random.pick(["compensate", "delete", "inform"])),
                ]
                if random.chance(50) { duty["constraint"] = [constraint(&random, depth: 2)] }
                rule["duty"] = [.object(duty)]
            }
            permissions.append(.object(rule))
        }
        policy["permission"] = .array(permissions)
        let prohibitions = (0..<random.below(3)).map { index -> JSON in
            var rule = self.rule(&random, "urn:f\(index)", travels)
            // Without a clause it might void the policy for good, which registration refuses.
            if rule["constraint"] == nil { rule["constraint"] = [constraint(&random, depth: 2)] }
            return .object(rule)
        }
        if !prohibitions.isEmpty { policy["prohibition"] = .array(prohibitions) }
        if random.chance(20) { policy["obligation"] = [["uid": "urn:o", "action": "delete", "constraint": [time(&random)]]] }
        if !travels, random.chance(40) { policy["conflict"] = .string(random.pick(["perm", "prohibit", "invalid"])) }
        return .object(policy)
    }

    private static func rule(_ random: inout SeededGenerator, _ id: String, _ travels: Bool) -> [String: JSON] {
        var rule: [String: JSON] = ["uid": .string(id), "action": .string(random.pick(actions))]
        if random.chance(30) { rule["target"] = .string(target) }
        if !travels, random.chance(30) { rule["assignee"] = .string(random.pick(parties)) }
        let constraints = (0..<random.below(4)).map { _ in constraint(&random, depth: 0) }
        if !constraints.isEmpty { rule["constraint"] = .array(constraints) }
        return rule
    }

    static func clause(_ random: inout SeededGenerator) -> JSON { constraint(&random, depth: 0) }

    private static func constraint(_ random: inout SeededGenerator, depth: Int) -> JSON {
        if depth < 3, random.chance(25) {
            let parts = (0...random.below(3)).map { _ in constraint(&random, depth: depth + 1) }
            return [random.pick(["and", "or", "xone", "andSequence"]): .array(parts)]
        }
        switch random.below(5) {
        case 0:
            let values = (0...random.below(2)).map { _ in JSON.string(random.pick(purposes)) }
            return atomic("purpose", random.pick(["isAnyOf", "isNoneOf", "isAllOf", "neq", "eq"]), .array(values))
        case 1:
            let limit = random.below(6)
            let value: JSON = random.chance(50) ? .integer(Int64(limit)) : ["@value": .string("\(limit)"), "@type": "xsd:integer"]
            return atomic("count", random.pick(["lt", "lteq", "gt", "gteq", "eq", "neq"]), value)
        case 2:
            let values = (0...random.below(2)).map { _ in JSON.string(random.pick(places)) }
            return atomic("spatial", random.pick(["isPartOf", "isAnyOf", "isNoneOf", "hasPart", "eq", "neq"]), .array(values))
        case 3:
            return atomic("recipient", random.pick(["isAnyOf", "isNoneOf", "eq", "neq"]), [["@id": .string(random.pick(parties))]])
        default: return time(&random)
        }
    }

    private static func time(_ random: inout SeededGenerator) -> JSON {
        let moment = Timestamp(seconds: 1_790_000_000 + Int64(random.below(400)) * 86_400)
        let value: JSON =
            random.chance(50) ? .string(moment.description) : ["@value": .string(moment.secondsText), "@type": "xsd:dateTime"]
        return atomic("dateTime", random.pick(["lt", "lteq", "gt", "gteq"]), value)
    }

    private static func atomic(_ left: String, _ operation: String, _ right: JSON) -> JSON {
        ["leftOperand": .string(left), "operator": .string(operation), "rightOperand": right]
    }

    static func request(_ random: inout SeededGenerator) -> PolicyRequest {
        var request = PolicyRequest(
            action: IRI("http://www.w3.org/ns/odrl/2/" + random.pick(actions)), party: random.pick(parties), target: target,
            purpose: random.pick(purposes), usesIncludingThis: random.below(7), places: [random.pick(places)])
        if random.chance(15) { request.set(Operand.purpose, [.text(random.pick(purposes)), .text(random.pick(purposes))]) }
        return request
    }

    static func world(_ random: inout SeededGenerator) -> PolicyWorld {
        var world = PolicyWorld(now: Timestamp(seconds: 1_790_000_000 + Int64(random.below(400)) * 86_400))
        if random.chance(30) {
            world.performed = [
                PerformedAction(
                    action: IRI("http://www.w3.org/ns/odrl/2/" + random.pick(["compensate", "delete", "sell"])),
                    party: random.pick(parties),
                    target: target, at: Timestamp(seconds: 1_790_000_000))
            ]
        }
        return world
    }
}
