// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import DataDuties
import DataspaceProtocol
import ExchangeModel
import Identity
import PolicyEngine

/// The first gate: may this party do this, by this policy? Everything the exchange asks of the policy engine goes through here.
enum PolicyGate {
    struct Question {
        var action: Action?
        var target: String
        var party: PartyAttributes
        var purpose: String?
        /// What else is known of this use: counters, confirmed and stated facts, by operand.
        var values: [String: [PolicyValue]]
        /// How the duties of the agreement stand.
        var dutyStates: [String: DeonticState]
        var point: EvaluationPoint

        enum Action {
            case use
            case read
            case other(String)
        }

        init(
            action: Action?, target: String, party: PartyAttributes, purpose: String? = nil, values: [String: [PolicyValue]] = [:],
            dutyStates: [String: DeonticState] = [:], point: EvaluationPoint
        ) {
            self.action = action
            self.target = target
            self.party = party
            self.purpose = purpose
            self.values = values
            self.dutyStates = dutyStates
            self.point = point
        }
    }

    struct Answer {
        let decision: Decision
        let policy: Policy
        let request: PolicyRequest
        let world: PolicyWorld
        let point: EvaluationPoint
        let options: EvaluationOptions

        var isPermitted: Bool { decision.outcome == .permit }
        /// A permit, or one that only waits for facts of a later point.
        var isPossible: Bool { decision.isOpen }
        var permit: Permit? { decision.permit }

        /// For our own people and our own ledger. Made when somebody asks.
        var explanation: Explanation { Explanation(decision, of: policy, for: request, in: world, options: options) }

        /// What the one who asked is told. At a use that is our own user; at every other point it is a peer, who learns nothing of our world.
        var refusal: ExchangeError {
            let told = point == .use ? explanation : explanation.redacted(for: .peer)
            let change = told.repair.flatMap { $0.isPossible ? $0.items.first?.text().en : nil }
            return ExchangeError.denied(
                told.code, told.message.en, hint: change ?? "see the policy with `kouan contract show`, or ask for other terms")
        }
    }

    /// Reads a policy of ours or a peer's; every term must be known.
    static func read(_ json: JSON) throws -> Policy { try PolicyReader.read(json) }

    static func ask(_ policy: KnownPolicy, _ question: Question, at now: Timestamp) -> Answer {
        let action: IRI? =
            switch question.action {
            case .use: Action.use
            case .read: Action.read
            case .other(let name): IRI(name.contains(":") ? name : Namespace.odrl + name)
            case nil: nil
            }
        let party = question.party
        var request = PolicyRequest(
            action: action, party: party.participant.description, target: question.target, purpose: question.purpose,
            country: party.country?.known,
            province: party.provincePhysical?.known ?? party.provinceRegistered?.known,
            spaces: party.spaces.compactMap { $0.known?.description }, industry: party.industry?.known?.description)
        request.set(Operand.recipient, [.text(party.participant.description)])
        // A member of a space of ours holds a valid credential of it; that is all that Catena-X's operand asks.
        if party.spaces.contains(where: { $0.known != nil }) { request.set(Operand.membership, [.text("active")]) }
        // Whatever a caller adds, it never takes the place of what a credential says.
        for (operand, values) in question.values where request.parameters[operand] == nil { request.set(IRI(operand), values) }
        var world = PolicyWorld(now: now)
        world.dutyStates = question.dutyStates
        world.memberOf[party.participant.description] = party.spaces.compactMap { $0.known?.description }
        // Only a consumer decides a use; every earlier point that is enforced is the provider's.
        let side: EvaluationSide = question.point == .use ? .consumer : .provider
        let options = EvaluationOptions(side: side)
        return Answer(
            decision: policy.prepared.evaluate(request, in: world, at: question.point, options: options), policy: policy.policy,
            request: request,
            world: world, point: question.point, options: options)
    }

    /// Checks a policy that a user wants to offer under: every finding is an error here, and what only a contract can hold must be
    /// acknowledged.
    static func register(_ json: JSON, library: [String: JSON], acknowledgingDeclared: Bool) throws -> RegisteredPolicy {
        let options = PolicyReader.Options(library: library)
        var policy = try PolicyReader.read(json, options: options)
        if !policy.inheritFrom.isEmpty {
            // What an offer keeps has all its rules in it: neither side needs a library to decide by it.
            policy = try policy.flattened(library: library.compactMapValues { try? PolicyReader.read($0, options: options) })
        }
        let declared = policy.clauses().filter { $0.level == .declared }
        guard declared.isEmpty || acknowledgingDeclared else {
            let clauses = declared.map { "`\($0.pointer)` (\($0.text.en))" }.joined(separator: ", ")
            throw ExchangeError(
                .usage, "policy.declared-not-acknowledged",
                "\(declared.count == 1 ? "one clause is" : "\(declared.count) clauses are") contract text that no node can enforce: \(clauses)",
                hint: "repeat with --acknowledge if that is meant")
        }
        // A field or a method that means nothing would first be noticed by the consumer.
        var treatment = DataTreatment(pseudonymKey: SecretBytes([]))
        for duty in DutyPlan(policy).duties where duty.isDoneByOpening { try duty.addTo(&treatment) }
        return RegisteredPolicy(policy: policy)
    }

    /// The hash of a policy as both sides see it on the wire: the RFC 8785 bytes of the offer without `target`.
    static func hash(ofWire offer: JSON) -> Digest {
        var members = offer.object ?? [:]
        members["target"] = nil
        return Hash.digest(JSON.object(members).canonical())
    }
}

/// A policy that passed registration.
struct RegisteredPolicy {
    let policy: Policy
    var source: JSON { policy.source }
    func wireOffer(id: String) throws -> JSON { try policy.wireOffer(id: id) }
}

extension Policy {
    /// The policy as a catalog offer of the Dataspace Protocol.
    func wireOffer(id: String) throws -> JSON { try dspOffer(id: id) }
}
