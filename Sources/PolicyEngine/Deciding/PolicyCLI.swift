// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// `policy evaluate`: one JSON object in, one out. Here ODRL's two-valued semantics hold as published, without points, regions or
/// any other addition of ours.
package enum PolicyCLI {
    package static let limits = JSONLimits(bytes: 64 << 20, depth: 64, values: 4_000_000)

    /// From the bytes of standard input to the value for standard output and the exit status: 0, or 2 with an `error` member.
    package static func run(_ input: [UInt8], limits: JSONLimits = limits) -> (output: JSON, status: Int32) {
        let json: JSON
        do {
            json = try JSON.parse(input, limits: limits)
        } catch {
            return (failure(error.code, error.message, ""), 2)
        }
        let output = evaluate(json)
        return (output, output["error"] == nil ? 0 : 2)
    }

    /// What a stream of lines is answered with when it holds none.
    package static var nothingToRead: JSON { failure("policy.no-policy", "the input has no `policies`", "/policies") }

    package static func evaluate(_ input: JSON) -> JSON {
        guard case .object = input else { return failure("policy.input-not-an-object", "the input must be one JSON object", "") }
        let documents = elements(input["policies"])
        guard !documents.isEmpty else { return failure("policy.no-policy", "the input has no `policies`", "/policies") }

        let options = PolicyReader.Options(typesUntypedText: false)
        var policies: [Policy] = []
        for (index, document) in documents.enumerated() {
            let (policy, findings) = PolicyReader.parse(document, options: options)
            guard let policy else {
                let finding = findings.last { $0.severity == .error }
                return failure(
                    finding?.code ?? "policy.malformed", finding?.message ?? "the policy cannot be read",
                    "/policies/\(index)" + (finding?.pointer.description ?? ""))
            }
            policies.append(policy)
        }
        var library: [String: Policy] = [:]
        for document in elements(input["library"]) {
            if let policy = PolicyReader.parse(document, options: options).policy, let id = policy.id { library[id] = policy }
        }
        for policy in policies { if let id = policy.id { library[id] = policy } }

        let world = WorldReader.world(input["world"])
        let request = WorldReader.request(input["request"])
        let asked = EvaluationInput(
            request: request, world: world, point: nil,
            conditionMode: input["options"]?["conditionMode"]?.string == "eventual" ? .eventual : .pre)
        let isOpen = input["options"]?["behaviour"]?.string == "open"
        let created = input["world"]?["currentTime"].flatMap { referenceText($0) }
        return [
            "reports": .array(
                policies.map { .object(report($0, asked, library, isOpen: isOpen, created: created)) })
        ]
    }

    private static func report(
        _ policy: Policy, _ input: EvaluationInput, _ library: [String: Policy], isOpen: Bool, created: String?
    ) -> [String: JSON] {
        let prepared = PreparedPolicy(policy, library: library)
        let unresolved = prepared.unresolvedParents
        let rules = Evaluated(prepared, input).reports
        var decision: String?
        var basis: [String]?
        if input.request != nil {
            let permitting = rules.filter { $0.kind == .permission && $0.applies == .satisfied }.map(\.name)
            let forbidding = rules.filter { $0.kind == .prohibition && $0.applies == .satisfied }.map(\.name)
            (decision, basis) = decide(prepared, permitting, forbidding, isOpen: isOpen)
            if !unresolved.isEmpty { (decision, basis) = ("invalid", []) }
        }
        var json = ReportWriter.policy(
            id: policy.id, request: input.request?.id, created: created, decision: decision, basis: basis, rules: rules)
        if !unresolved.isEmpty { json["unresolvedParents"] = .strings(unresolved) }
        return json
    }

    private static func decide(
        _ policy: PreparedPolicy, _ permitting: [String], _ forbidding: [String], isOpen: Bool
    ) -> (String, [String]) {
        if policy.kind == .offer { return ("deny", []) }
        switch (permitting.isEmpty, forbidding.isEmpty) {
        case (false, false):
            switch policy.conflict {
            case .perm: return ("permit", permitting)
            case .prohibit: return ("deny", forbidding)
            case .invalid, nil: return ("invalid", permitting + forbidding)
            }
        case (true, false): return ("deny", forbidding)
        case (false, true): return ("permit", permitting)
        case (true, true): return (isOpen ? "permit" : "deny", [])
        }
    }

    private static func elements(_ value: JSON?) -> [JSON] {
        switch value {
        case nil, .null?: []
        case .array(let elements)?: elements
        case let single?: [single]
        }
    }

    private static func failure(_ code: String, _ message: String, _ path: String) -> JSON {
        ["error": ["code": .string(code), "message": .string(message), "path": .string(path)]]
    }
}

/// `policy evaluate` and `policy compare` over lines: one JSON object on each line in, one on each line out, in their order, with memory for one line.
/// A line that cannot be read is answered with an `error`, and the next one is read. Blank lines are none.
package struct PolicyLines {
    package typealias Answer = @Sendable ([UInt8], JSONLimits) -> (output: JSON, status: Int32)

    /// Whether some line was answered without an error.
    package private(set) var hasAnswered = false
    private var pending: [UInt8] = []
    private var isTooLong = false
    private let limits: JSONLimits
    private let answer: Answer

    package init(limits: JSONLimits = PolicyCLI.limits, answer: @escaping Answer = { PolicyCLI.run($0, limits: $1) }) {
        self.limits = limits
        self.answer = answer
    }

    /// Takes in a part of the stream and gives the answers to the lines that it ends.
    package mutating func receive(_ part: some Collection<UInt8>) -> [JSON] {
        var answers: [JSON] = []
        var rest = part[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            append(rest[..<end])
            if let answer = finish() { answers.append(answer) }
            rest = rest[rest.index(after: end)...]
        }
        append(rest)
        return answers
    }

    /// The answer to the line that has begun; nil when there is none. At the end of the stream a last line need not be ended.
    package mutating func finish() -> JSON? {
        defer {
            pending.removeAll(keepingCapacity: pending.count <= 1 << 20)
            isTooLong = false
        }
        guard isTooLong || !pending.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { return nil }
        let (output, status) = answer(pending, limits)
        if status == 0 { hasAnswered = true }
        return output
    }

    /// A line beyond the limit is kept only as far as it takes to be refused for its length.
    private mutating func append(_ bytes: some Collection<UInt8>) {
        guard !isTooLong else { return }
        pending.append(contentsOf: bytes.prefix(limits.bytes + 1 - pending.count))
        isTooLong = pending.count > limits.bytes
    }
}

/// Reads the request and the world of `policy evaluate`. What is not of the documented form is left out.
package enum WorldReader {
    package static func request(_ json: JSON?) -> PolicyRequest? {
        guard let json, json.object != nil else { return nil }
        return PolicyRequest(
            id: json["id"]?.string, action: json["action"].flatMap(referenceText).map { IRI($0) },
            party: json["party"].flatMap(referenceText), target: json["target"].flatMap(referenceText),
            parameters: operandValues(json["parameters"]))
    }

    /// No regions are added: the world is what it says.
    package static func world(_ json: JSON?) -> PolicyWorld {
        var world = PolicyWorld(now: nil, regions: nil)
        guard let json else { return world }
        world.now = json["currentTime"].flatMap(referenceText).flatMap { Instant(parsing: $0)?.timestamp }
        world.memberOf = edges(json["memberOf"])
        world.types = edges(json["types"])
        world.broader = edges(json["broader"])
        for (id, values) in json["properties"]?.object ?? [:] { world.properties[id] = operandValues(values) }
        world.values = operandValues(json["values"])
        for (id, values) in json["counters"]?.object ?? [:] { world.counters[id] = operandValues(values) }
        for (id, list) in json["references"]?.object ?? [:] { world.references[id] = values(list) }
        for event in json["performed"]?.array ?? [] {
            guard let action = event["action"].flatMap(referenceText),
                let at = event["at"].flatMap(referenceText).flatMap({ Instant(parsing: $0)?.timestamp })
            else { continue }
            world.performed.append(
                PerformedAction(
                    id: event["id"]?.string, rule: event["rule"].flatMap(referenceText), action: IRI(action),
                    party: event["party"].flatMap(referenceText), target: event["target"].flatMap(referenceText), at: at,
                    values: operandValues(event["values"])))
        }
        for state in json["dutyStates"]?.array ?? [] {
            guard let rule = state["rule"].flatMap(referenceText) else { continue }
            let deontic = state["deontic"].flatMap(referenceText).map { IRI($0).localName.lowercased() }
            let performance = state["performance"].flatMap(referenceText).map { IRI($0).localName.lowercased() }
            switch (deontic, performance) {
            case ("fulfilled", _), (nil, "performed"): world.dutyStates[rule] = .fulfilled
            case ("violated", _): world.dutyStates[rule] = .violated
            case (.some, _), (nil, .some): world.dutyStates[rule] = .notSet
            case (nil, nil): break
            }
        }
        return world
    }

    private static func operandValues(_ json: JSON?) -> [String: [PolicyValue]] { (json?.object ?? [:]).mapValues(values) }

    private static func values(_ json: JSON) -> [PolicyValue] {
        (json.array ?? [json]).compactMap { PolicyValue(reading: $0, context: JSONLDContext()) }
    }

    private static func edges(_ json: JSON?) -> [String: [String]] {
        (json?.object ?? [:]).mapValues { ($0.array ?? [$0]).compactMap(referenceText) }
    }
}
