// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// The smallest change that turns a refusal into a permit.
///
/// `isPossible` is never a guess: the changed request and world were put to the evaluator, and it permitted them. Where nothing was
/// found, `items` are what stands in the way, each with the one who could change it or the statement that nobody can.
package struct Repair: Sendable {
    /// Who can change it.
    package enum Changer: String, Sendable, Hashable {
        case requester, provider, time, nobody
    }

    package enum Means: String, Sendable, Hashable {
        /// Ask with another value.
        case state
        /// Ask for another action.
        case act
        /// Show a credential.
        case credential
        /// Fulfil a duty.
        case fulfil
        /// The provider's people confirm a fact.
        case confirm
        case wait
        /// Nothing under this policy: only other terms.
        case terms
        /// Not to be told to the one who asks.
        case undisclosed
    }

    package struct Requirement: Sendable, Hashable {
        package let operation: Operator
        package internal(set) var right: [PolicyValue]
        /// The clause of a prohibition: it must not hold.
        package let isNegated: Bool
        package let pointer: JSONPointer
        let written: Int
        let references: [String]
    }

    package struct Item: Sendable {
        package let changer: Changer
        package let means: Means
        package let operand: IRI?
        package let premise: PremiseReport.Kind?
        /// The actions to ask for, or the acts that fulfil the duty; the parties or data that the policy names.
        package let named: [String]
        package internal(set) var requirements: [Requirement]
        /// Not before, and for a window that rolls the moment by which it is open at the latest.
        package internal(set) var opensAt: Timestamp?
        package internal(set) var opensBy: Timestamp?
        package let deadline: Timestamp?
        package let rule: String?
        package let pointer: JSONPointer
        /// It must not hold: the rule is a prohibition, or a duty that need not be due.
        package let isNegated: Bool
        package let isPossible: Bool
        let isInherited: Bool
    }

    package internal(set) var items: [Item]
    package internal(set) var isPossible: Bool
    /// More than fit; the first are shown.
    package let omitted: Int
    let changes: [Change]

    /// One change of the request or the world.
    enum Change: Sendable {
        case parameter(IRI, [PolicyValue])
        case action(IRI)
        /// The clock, and with it every length of time that runs.
        case time(Timestamp)
        case performed(PerformedAction)
    }

    /// Makes the change. Nothing is changed where the repair is not possible.
    package func apply(to request: inout PolicyRequest, _ world: inout PolicyWorld) {
        for change in changes { change.apply(to: &request, &world) }
    }
}

extension Repair.Change {
    func apply(to request: inout PolicyRequest, _ world: inout PolicyWorld) {
        switch self {
        case .parameter(let operand, let values): request.set(operand, values)
        case .action(let action): request.action = action
        case .performed(let event): world.performed.append(event)
        case .time(let time):
            let elapsed = world.now.map { time.milliseconds &- $0.milliseconds } ?? 0
            world.now = time
            if request.parameters[Operand.dateTime.description] != nil { request.set(Operand.dateTime, [.time(time)]) }
            let key = Operand.elapsedTime.description
            request.parameters[key] = request.parameters[key]?.map { $0.longer(by: elapsed) }
            world.values[key] = world.values[key]?.map { $0.longer(by: elapsed) }
            for (id, counters) in world.counters {
                if let values = counters[key] { world.counters[id]?[key] = values.map { $0.longer(by: elapsed) } }
            }
        }
    }
}

extension PolicyValue {
    static func duration(_ span: Span) -> PolicyValue {
        PolicyValue(content: .duration(span), lexical: span.text, datatype: Namespace.xsd + "duration")
    }

    fileprivate func longer(by milliseconds: Int64) -> PolicyValue {
        guard case .duration(let span) = content else { return self }
        return .duration(span.adding(milliseconds: milliseconds))
    }
}

extension Span {
    /// Saturating, as a span that long is no span of this world.
    func adding(milliseconds: Int64) -> Span {
        let whole = milliseconds >= 0 ? milliseconds / 1000 : -((999 - milliseconds) / 1000)
        var nanos = Int64(nanoseconds) + (milliseconds - whole * 1000) * 1_000_000
        var carry: Int64 = 0
        if nanos >= 1_000_000_000 { (nanos, carry) = (nanos - 1_000_000_000, 1) }
        let (sum, overflow) = seconds.addingReportingOverflow(whole + carry)
        return Span(seconds: overflow ? (whole < 0 ? .min / 4 : .max / 4) : sum, nanoseconds: Int32(nanos))
    }

    /// `P2DT3H`, `-PT1.5S`.
    var text: String {
        let isNegative = seconds < 0
        var whole = seconds.magnitude
        var nanos = Int(nanoseconds)
        if isNegative, nanos > 0 { (whole, nanos) = (whole - 1, 1_000_000_000 - nanos) }
        let days = whole / 86_400
        var clock = ""
        if whole / 3600 % 24 > 0 { clock += "\(whole / 3600 % 24)H" }
        if whole / 60 % 60 > 0 { clock += "\(whole / 60 % 60)M" }
        if whole % 60 > 0 || nanos > 0 {
            var fraction = ""
            if nanos > 0 {
                let digits = "\(nanos)"
                fraction = "." + String(repeating: "0", count: 9 - digits.count) + digits
                while fraction.last == "0" { fraction.removeLast() }
            }
            clock += "\(whole % 60)\(fraction)S"
        }
        let date = days > 0 ? "\(days)D" : ""
        return (isNegative ? "-P" : "P") + date + (clock.isEmpty ? (days > 0 ? "" : "T0S") : "T" + clock)
    }
}
