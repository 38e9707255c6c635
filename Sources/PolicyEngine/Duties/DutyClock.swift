// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// An event that a duty counts its time from.
package enum DutyClock: String, Sendable, Hashable, CaseIterable, Codable {
    case agreement, delivery, firstUse, lastUse, revocation, incident

    /// The clock that a duration operand reads; nil for every other operand.
    ///
    /// `odrl:delayPeriod` is not here: it counts from whatever starts the duty.
    init?(operand: IRI) {
        if operand == Operand.elapsedTime {
            self = .agreement
            return
        }
        guard let clock = DutyClock.byOperand[operand] else { return nil }
        self = clock
    }

    package var operand: IRI {
        switch self {
        case .agreement: IRI(Namespace.kouan + "timeSinceAgreement")
        case .delivery: IRI(Namespace.kouan + "timeSinceDelivery")
        case .firstUse: IRI(Namespace.kouan + "timeSinceFirstUse")
        case .lastUse: IRI(Namespace.kouan + "timeSinceLastUse")
        case .revocation: IRI(Namespace.kouan + "timeSinceRevocation")
        case .incident: IRI(Namespace.kouan + "timeSinceIncident")
        }
    }

    private static let byOperand = Dictionary(uniqueKeysWithValues: allCases.map { ($0.operand, $0) })
}

/// When the events of one agreement happened, as far as this node knows.
package struct DutyClocks: Sendable, Hashable, Codable {
    package internal(set) var agreement: Timestamp?
    package internal(set) var delivery: Timestamp?
    package internal(set) var firstUse: Timestamp?
    package internal(set) var lastUse: Timestamp?
    package internal(set) var revocation: Timestamp?
    package internal(set) var incident: Timestamp?

    package subscript(_ clock: DutyClock) -> Timestamp? {
        switch clock {
        case .agreement: agreement
        case .delivery: delivery
        case .firstUse: firstUse
        case .lastUse: lastUse
        case .revocation: revocation
        case .incident: incident
        }
    }
}

/// From when to when an act fulfils a duty; both ends are in time.
package struct DutyWindow: Sendable, Hashable {
    package let opens: Timestamp?
    package let deadline: Timestamp?

    package init(opens: Timestamp?, deadline: Timestamp?) {
        self.opens = opens
        self.deadline = deadline
    }
}

/// Reads the bounds on time that stand in a duty.
struct DutyTimes {
    let clocks: DutyClocks
    /// What starts this very instance: an incident, a use, the violation it follows.
    let anchor: Timestamp?

    func window(of nodes: [ConstraintNode]) -> DutyWindow {
        let last = Bounds.upper(nodes) { bound($0, isUpper: true) }
        // The latest of the lower bounds is the least of the negated ones, turned back.
        let first = Bounds.upper(nodes) { bound($0, isUpper: false).map { -$0 } }.map { -$0 }
        return DutyWindow(opens: first.map { Timestamp(milliseconds: $0) }, deadline: last.map { Timestamp(milliseconds: $0) })
    }

    /// The first or last millisecond that one constraint leaves, nil if it bounds the other side only or its clock does not run yet.
    private func bound(_ constraint: Constraint, isUpper: Bool) -> Int64? {
        let moments: [Instant]
        if constraint.leftOperand == Operand.dateTime {
            moments = constraint.rightOperand.compactMap {
                guard case .instant(let moment) = $0.content else { return nil }
                return moment
            }
        } else {
            guard let start = start(of: constraint.leftOperand) else { return nil }
            moments = constraint.rightOperand.compactMap {
                guard case .duration(let span) = $0.content else { return nil }
                return Instant(start).adding(span)
            }
        }
        let bounds = moments.compactMap { moment -> Int64? in
            let milliseconds = moment.timestamp.milliseconds
            switch constraint.operation {
            case .lteq where isUpper, .eq where isUpper: return milliseconds
            case .lt where isUpper: return moment.isWholeMillisecond ? milliseconds - 1 : milliseconds
            case .gteq where !isUpper: return moment.isWholeMillisecond ? milliseconds : milliseconds + 1
            case .gt where !isUpper: return milliseconds + 1
            default: return nil
            }
        }
        return isUpper ? bounds.min() : bounds.max()
    }

    private func start(of operand: IRI) -> Timestamp? {
        if operand == DutyTimes.delayPeriod { return anchor ?? clocks.agreement }
        guard let clock = DutyClock(operand: operand) else { return nil }
        return clock == .incident ? anchor ?? clocks.incident : clocks[clock]
    }

    static let delayPeriod = IRI(Namespace.odrl + "delayPeriod")
    static let timeInterval = IRI(Namespace.odrl + "timeInterval")

    static func isTemporal(_ operand: IRI) -> Bool {
        operand == Operand.dateTime || operand == delayPeriod || operand == timeInterval || DutyClock(operand: operand) != nil
    }
}

extension Instant {
    /// Far enough for any contract, and far from overflow.
    private static let longest: Int64 = 10_000 * 365 * 86_400

    func adding(_ span: Span) -> Instant {
        let whole = max(-Instant.longest, min(Instant.longest, span.seconds))
        let fraction = Int64(nanoseconds) + Int64(span.nanoseconds)
        let carry = fraction >= 1_000_000_000 ? Int64(1) : 0
        return Instant(seconds: seconds + whole + carry, nanoseconds: Int32(fraction - carry * 1_000_000_000))
    }
}
