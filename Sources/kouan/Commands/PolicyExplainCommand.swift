// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel
import ManagementAPI
import PolicyEngine
import TLSTransport

extension TimeZoneOffset: ExpressibleByArgument {
    init?(argument: String) { self.init(parsing: argument) }
    var defaultValueDescription: String { description }
}

extension EvaluationPoint: ExpressibleByArgument {}
extension EvaluationSide: ExpressibleByArgument {}

extension Language {
    var text: TextLanguage { self == .zh ? .zh : .en }
}

extension Policy {
    struct Explain: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what a policy decides on a request, why, and for a refusal what would change it.",
            discussion: """
                The request is given by options, or as a file in the form of `policy evaluate`. An offer is taken as if it were agreed. \
                Without --now the clock of this machine counts.

                kouan policy explain template:battery-trace --purpose pricing
                kouan policy explain mine.json --action read --party urn:uscc:91360100MA35K1B203 --count 4 --point grant --lang zh
                kouan policy explain mine.json --request request.json --world world.json --format json
                kouan policy explain mine.json --value kouan:environment=sandbox --peer
                """)

        enum Report: String, ExpressibleByArgument, CaseIterable { case jsonld }

        @OptionGroup var global: GlobalOptions
        @Argument(help: "ODRL JSON-LD file, or template:NAME.", completion: .file(extensions: ["json", "jsonld"])) var policy: String
        @Option(help: ArgumentHelp("The request as JSON.", valueName: "file"), completion: .file(extensions: ["json"])) var request: String?
        @Option(help: "What is asked for: an ODRL action, kouan:train and the like, or an IRI.") var action: String?
        @Option(help: "Who asks.") var party: String?
        @Option(help: "The data; otherwise what the policy is about.") var target: String?
        @Option(help: "The stated purpose.") var purpose: String?
        @Option(help: "Place of use, such as CN-350000 or DE; may be given more than once.") var place: [String] = []
        @Option(help: "The number of uses, this one included.") var count: Int?
        @Option(help: ArgumentHelp("Any other value; may be given more than once.", valueName: "operand=value")) var value: [String] = []
        @Option(help: ArgumentHelp("The time, with a zone.", valueName: "time")) var now: String?
        @Option(help: ArgumentHelp("The world as JSON.", valueName: "file"), completion: .file(extensions: ["json"])) var world: String?
        @Option(help: "catalog, negotiation, transfer, grant or use.") var point: EvaluationPoint = .use
        @Option(help: "Who decides: provider or consumer; otherwise as the node does it.") var side: EvaluationSide?
        @Option(help: ArgumentHelp("Zone of the times, as an offset from UTC.", valueName: "offset")) var zone: TimeZoneOffset = .china
        @Flag(help: "What the other side would be told.") var peer = false
        @Option(help: "jsonld: the compliance report of the W3C community instead.") var report: Report?

        func execute(_ context: Context) async throws {
            let policy = try Policies.agreed(try Templates.policy(self.policy), context)
            var request = try read()
            if request.target == nil { request.target = policy.firstTarget }
            let world = try surroundings()
            let options = EvaluationOptions(side: side ?? .conventional(at: point))
            let decision = policy.evaluate(request, in: world, at: point, options: options)
            if report == .jsonld { return context.output.write(decision.complianceReport().pretty() + "\n") }
            var explanation = PolicyEngine.Explanation(decision, of: policy, for: request, in: world, options: options)
            if peer { explanation = explanation.redacted(for: .peer) }
            switch context.options.format {
            case .table: context.output.write(explanation.text(context.language.text, zone: zone))
            case .json: context.show(explanation.json(zone: zone))
            case .csv:
                context.show(
                    [:], rows: explanation.rules.flatMap(Explain.rows),
                    columns: ["rule", "kind", "pointer", "state", "leftOperand", "operator", "right", "left", "source"].map { Column($0) })
            }
        }

        private func read() throws -> PolicyRequest {
            var asked = PolicyRequest(action: Action.read)
            if let request {
                let json = try Files.json(request)
                guard let found = WorldReader.request(json["request"] ?? json) else {
                    throw Failure.usage(
                        "policy.no-request", "`\(request)` holds no request", hint: "see the form in docs/guide/policies.md")
                }
                asked = found
            }
            if let action { asked.action = Policies.term(action) }
            if let party { asked.party = party }
            if let target { asked.target = target }
            if let purpose { asked.set(Operand.purpose, [.text(purpose)]) }
            if !place.isEmpty { asked.set(Operand.spatial, place.map(PolicyValue.text)) }
            if let count { asked.set(Operand.count, [.integer(count)]) }
            if let party = asked.party, asked.parameters[Operand.recipient.description] == nil {
                asked.set(Operand.recipient, [.text(party)])
            }
            for pair in value {
                guard let sign = pair.firstIndex(of: "="), sign != pair.startIndex else {
                    throw Failure.usage("policy.no-value", "`\(pair)` is no operand=value", hint: "write kouan:environment=sandbox")
                }
                let operand = Policies.term(String(pair[..<sign]))
                guard let info = OperandTable.info(operand) else {
                    throw Failure.usage(
                        "policy.unknown-operand", "the operand `\(pair[..<sign])` is not known",
                        hint: "see docs/guide/policies.md for the operands")
                }
                let values = pair[pair.index(after: sign)...].split(separator: ",").map { info.value(of: String($0)) }
                asked.set(operand, values)
            }
            return asked
        }

        private func surroundings() throws -> PolicyWorld {
            var found = PolicyWorld(now: nil)
            if let world {
                let json = try Files.json(world, limits: .policy)
                found = WorldReader.world(json["world"] ?? json)
                found.regions = .standard
            }
            if let now {
                guard let time = Timestamp(parsing: now) else {
                    throw Failure.usage("policy.no-time", "`\(now)` is no time with a zone", hint: "write it as 2026-12-15T10:00:00+08:00")
                }
                found.now = time
            }
            if found.now == nil { found.now = SystemWallClock().now() }
            return found
        }

        /// A row for each premise, atomic clause and duty.
        private static func rows(_ rule: PolicyEngine.Explanation.Rule) -> [JSON] {
            var rows: [JSON] = []
            func add(_ kind: String, _ state: String?, _ pointer: JSONPointer, _ more: [String: JSON?]) {
                var members = more
                members["rule"] = .string(rule.name)
                members["kind"] = .string(kind)
                members["state"] = .string(state ?? "notDisclosed")
                members["pointer"] = .string(pointer.description)
                rows.append(.members(members))
            }
            func add(_ clause: PolicyEngine.Explanation.Clause) {
                guard let operand = clause.leftOperand else { return clause.parts.forEach(add) }
                add(
                    "constraint", clause.state?.rawValue, clause.pointer,
                    [
                        "leftOperand": .string(operand.short), "operator": clause.operation.map { .string($0.rawValue) },
                        "right": .strings(clause.right.map(\.display)), "left": .strings(clause.left.map(\.display)),
                        "source": clause.source.map { .string($0.rawValue) },
                    ])
            }
            for premise in rule.premises {
                add(premise.kind.rawValue, premise.state?.rawValue, rule.pointer, ["right": .strings(premise.named)])
            }
            for clause in rule.refinements + rule.clauses { add(clause) }
            for duty in rule.duties { add("duty", duty.state?.rawValue, duty.pointer, ["right": .strings(duty.actions.map(\.short))]) }
            return rows
        }
    }
}

/// What the commands on policies share.
enum Policies {
    /// A policy to decide by. An offer grants nothing; to try it out it is taken as if it were agreed.
    static func agreed(_ source: JSON, _ context: Context) throws -> PolicyEngine.Policy {
        let policy = try PolicyReader.read(source)
        guard policy.kind == .offer, case .object(var members) = source else { return policy }
        members["type"] = nil
        members["@type"] = "Agreement"
        context.note(context.language("the offer is taken as if it were agreed", "按要约已达成合约处理"))
        return try PolicyReader.read(.object(members))
    }

    /// A term of ODRL, of our profile (`kouan:…`), or an IRI.
    static func term(_ text: String) -> IRI {
        for (prefix, namespace) in [("odrl:", Namespace.odrl), ("kouan:", Namespace.kouan)] where text.hasPrefix(prefix) {
            return IRI(namespace + text.dropFirst(prefix.count))
        }
        return IRI(text.contains(":") ? text : Namespace.odrl + text)
    }
}

extension PolicyEngine.Policy {
    var firstTarget: String? {
        (permissions.map(\.terms) + prohibitions.map(\.terms)).lazy.flatMap(\.targets).compactMap { $0.id ?? $0.source }.first
    }
}
