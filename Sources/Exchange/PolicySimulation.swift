// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
package import ExchangeModel
package import Ledger
import PolicyEngine

/// What another policy would have decided on requests of the past: the questions that the ledger's entries keep, put to it one by one.
///
/// A digest in a question stands for the text of a peer. It is compared with the texts that the policy names, which is all that a policy
/// can ask of such a text; one that fits none of them stays different from all. Uses are counted again as they happened. A fact that the
/// old policy never needed and nobody recorded leaves the decision open, and it is reported as such, never as a refusal.
package struct PolicySimulation {
    /// Which of the past requests count. They are all read, because uses add up.
    package struct Filter: Sendable {
        package var since: Timestamp?
        package var until: Timestamp?
        package var agreement: String?
        package var dataset: String?

        package init(since: Timestamp? = nil, until: Timestamp? = nil, agreement: String? = nil, dataset: String? = nil) {
            self.since = since
            self.until = until
            self.agreement = agreement
            self.dataset = dataset
        }
    }

    private enum Change: String, CaseIterable {
        case refused, permitted, reason
        /// The policy asks for a fact that was not recorded.
        case open
    }

    private static let maximumListed = 1000

    private let policy: Policy
    private let filter: Filter
    private let texts: [String: String]
    private var permits: [String: [Timestamp]] = [:]
    private var replayed: Int64 = 0
    private var unrecorded: Int64 = 0
    private var unchanged: Int64 = 0
    private var changes: [Change: Int64] = [:]
    private var codes: [String: Int64] = [:]
    private var differences: [JSON] = []

    /// - Parameter policy: an offer is taken as if it were agreed.
    /// - Throws: `PolicyError`.
    package init(_ json: JSON, filter: Filter) throws {
        var source = json
        if PolicyReader.parse(json).policy?.kind == .offer, case .object(var members) = json {
            members["type"] = nil
            members["@type"] = "Agreement"
            source = .object(members)
        }
        policy = try PolicyGate.read(source)
        self.filter = filter
        var texts: [String: String] = [:]
        for terms in policy.permissions.map(\.terms) + policy.prohibitions.map(\.terms) {
            for node in terms.constraints + terms.actions.flatMap(\.refinements) { PolicySimulation.collect(node, into: &texts) }
        }
        self.texts = texts
    }

    private static func collect(_ node: ConstraintNode, into texts: inout [String: String]) {
        switch node {
        case .atomic(let constraint):
            for value in constraint.rightOperand { texts[Hash.digest(Array(value.lexical.utf8)).description] = value.lexical }
        case .logical(let logical): for part in logical.constraints { collect(part, into: &texts) }
        }
    }

    // MARK: One entry

    package mutating func add(_ view: EntryView) {
        guard let asked = Asked(view) else { return }
        let record = view.record
        let key = "\(record.agreement ?? "") \(asked.point.rawValue)"
        // A use that was cut short and goes on is no further one.
        let isCounted = (asked.point == .grant || asked.point == .use) && view.local["resumed"]?.bool != true
        let earlier = permits[key] ?? []
        if isCounted, asked.wasPermitted { permits[key, default: []].append(record.time) }
        guard isMeant(view) else { return }
        guard let question = asked.question else {
            unrecorded += asked.repeats
            return
        }
        var request = request(question, asked, view)
        if isCounted { count(&request, earlier, at: record.time) }
        var world = PolicyWorld(now: record.time)
        if let party = request.party {
            world.memberOf[party] = request.parameters[Operand.recipientSpace.description]?.map(\.lexical)
        }
        let side = EvaluationSide.conventional(at: asked.point)
        let decision = policy.evaluate(request, in: world, at: asked.point, options: EvaluationOptions(side: side))
        replayed += asked.repeats
        tell(decision, asked, view)
    }

    private func isMeant(_ view: EntryView) -> Bool {
        if let since = filter.since, view.record.time < since { return false }
        if let until = filter.until, view.record.time >= until { return false }
        if let agreement = filter.agreement, view.record.agreement != agreement { return false }
        if let dataset = filter.dataset, view.shared["dataset"]?.string != dataset { return false }
        return true
    }

    private func request(_ question: JSON, _ asked: Asked, _ view: EntryView) -> PolicyRequest {
        var members = question.object ?? [:]
        members["target"] = view.shared["dataset"]
        members["parameters"] = .object(
            (question["values"]?.object ?? [:]).mapValues { values in .array((values.array ?? []).map(resolved)) })
        members["action"] = question["action"].map(resolved)
        if asked.point == .negotiation || asked.point == .transfer { members["action"] = nil }
        return WorldReader.request(.object(members)) ?? PolicyRequest(action: nil)
    }

    private func resolved(_ value: JSON) -> JSON {
        guard let digest = value["digest"]?.string else { return value }
        return .string(texts[digest] ?? digest)
    }

    /// Counts that the recorded question lacks, this use included.
    private func count(_ request: inout PolicyRequest, _ earlier: [Timestamp], at now: Timestamp) {
        func add(_ operand: IRI, _ uses: Int) {
            if request.parameters[operand.description] == nil { request.set(operand, [.integer(uses + 1)]) }
        }
        add(Operand.count, earlier.count)
        let windows: [(String, Int64)] = [
            ("Minute", 60), ("Hour", 3600), ("Day", 86_400), ("Week", 7 * 86_400), ("Month", 30 * 86_400), ("Year", 365 * 86_400),
        ]
        for (name, seconds) in windows {
            let start = now.adding(seconds: -seconds)
            add(IRI(Namespace.kouan + "countPer" + name), earlier.count { $0 > start })
        }
    }

    private mutating func tell(_ decision: Decision, _ asked: Asked, _ view: EntryView) {
        let isPermitted = asked.point.isEnforced ? decision.outcome == .permit : decision.isOpen
        let isOpen =
            !isPermitted && (decision.reasons.contains { $0.source == .missing } || decision.code == "policy.prohibition-undetermined")
        let change: Change
        switch (asked.wasPermitted, isPermitted) {
        case (_, false) where isOpen: change = .open
        case (true, false): change = .refused
        case (false, true): change = .permitted
        case (false, false) where asked.code != decision.code: change = .reason
        default:
            unchanged += asked.repeats
            return
        }
        changes[change, default: 0] += asked.repeats
        codes[decision.code, default: 0] += asked.repeats
        guard differences.count < PolicySimulation.maximumListed else { return }
        let record = view.record
        differences.append(
            .members([
                "index": .integer(view.index), "time": .string(record.time.description), "type": .string(record.type.rawValue),
                "point": .string(asked.point.rawValue), "change": .string(change.rawValue), "agreement": record.agreement.map(JSON.string),
                "dataset": view.shared["dataset"], "consumer": view.shared["consumer"]?["participant"],
                "repeats": asked.repeats > 1 ? .integer(asked.repeats) : nil,
                "was": .members(["outcome": .string(asked.wasPermitted ? "permit" : "deny"), "code": .string(asked.code)]),
                "now": .members([
                    "outcome": .string(decision.outcome.name), "code": .string(decision.code), "message": decision.message.json,
                ]),
            ]))
    }

    package var json: JSON {
        [
            "replayed": .integer(replayed), "unchanged": .integer(unchanged), "unrecorded": .integer(unrecorded),
            "wouldBeRefused": .integer(changes[.refused] ?? 0), "wouldBePermitted": .integer(changes[.permitted] ?? 0),
            "otherReason": .integer(changes[.reason] ?? 0), "open": .integer(changes[.open] ?? 0),
            "codes": .array(
                codes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ["code": .string($0.key), "count": .integer($0.value)] }),
            "differences": .array(differences),
            "listed": .integer(Int64(differences.count)),
        ]
    }
}

/// What an entry says of a question and its answer.
private struct Asked {
    let point: EvaluationPoint
    let wasPermitted: Bool
    let code: String
    /// Equal refusals that the entry stands for.
    let repeats: Int64
    /// Nil for an entry that does not keep it: of an earlier version, or erased.
    let question: JSON?

    /// Nil for entries without a decision by a usage policy.
    init?(_ view: EntryView) {
        let local = view.local
        switch view.record.type {
        case .transferStarted where view.record.role == .provider: point = .transfer
        case .grantIssued: point = .grant
        case .use: point = .use
        case .refusal:
            // A refusal for another cause than the policy keeps no question, and no policy would change it.
            guard let named = local["point"]?.string.flatMap(EvaluationPoint.init), local["asked"] != nil else { return nil }
            point = named
        default: return nil
        }
        wasPermitted = view.record.type != .refusal
        code = local["decision"]?["code"]?.string ?? local["code"]?.string ?? "policy.permit"
        repeats = 1 + max(0, local["repeats"]?.int ?? 0)
        question = local["asked"]
    }
}
