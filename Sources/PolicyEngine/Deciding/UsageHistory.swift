// SPDX-License-Identifier: Apache-2.0

// Counters: what past uses add up to, as left-operand values. The engine compares and never counts; whoever keeps the uses asks the policy
// which sums it needs, so that a window that no clause mentions costs nothing.

/// What a counter operand adds up, and over which stretch of time.
package struct UsageMeter: Sendable, Hashable {
    package enum Quantity: String, Sendable, Hashable, CaseIterable {
        case uses = "count"
        /// Size of the sealed package for each use: both sides know that number, and before the use.
        case bytes = "volume"
        /// Only the consumer's node learns it.
        case time = "meteredTime"
    }

    package let quantity: Quantity
    /// Length of the rolling window that ends now; nil counts from the agreement on.
    package let windowSeconds: Int64?

    private static let windows: [(name: String, seconds: Int64)] = [
        ("Minute", 60), ("Hour", 3_600), ("Day", 86_400), ("Week", 7 * 86_400), ("Month", 30 * 86_400), ("Year", 365 * 86_400),
    ]

    package static let all: [IRI: UsageMeter] = {
        var meters: [IRI: UsageMeter] = [
            Operand.count: UsageMeter(quantity: .uses, windowSeconds: nil),
            IRI(Namespace.kouan + "volume"): UsageMeter(quantity: .bytes, windowSeconds: nil),
            Operand.meteredTime: UsageMeter(quantity: .time, windowSeconds: nil),
        ]
        for quantity in Quantity.allCases {
            for window in windows {
                meters[IRI(Namespace.kouan + quantity.rawValue + "Per" + window.name)] = UsageMeter(
                    quantity: quantity, windowSeconds: window.seconds)
            }
        }
        return meters
    }()
}

/// What a number of uses add up to.
package struct UsageSum: Sendable, Hashable {
    package var uses: Int64
    package var bytes: Int64
    package var milliseconds: Int64

    package static let zero = UsageSum()

    package init(uses: Int64 = 0, bytes: Int64 = 0, milliseconds: Int64 = 0) {
        self.uses = uses
        self.bytes = bytes
        self.milliseconds = milliseconds
    }

    package static func + (left: UsageSum, right: UsageSum) -> UsageSum {
        UsageSum(
            uses: left.uses &+ right.uses, bytes: left.bytes &+ right.bytes, milliseconds: left.milliseconds &+ right.milliseconds)
    }
}

/// The sums that a policy asks for.
package struct UsageNeeds: Sendable, Hashable {
    package let meters: [IRI: UsageMeter]
    package let wantsElapsedTime: Bool

    package init(of policy: Policy) {
        let operands = policy.leftOperands
        meters = UsageMeter.all.filter { operands.contains($0.key) }
        wantsElapsedTime = operands.contains(Operand.elapsedTime)
    }

    /// The lengths of the windows, in seconds, shortest first.
    package var windows: [Int64] { Set(meters.values.compactMap(\.windowSeconds)).sorted() }

    /// Whether a provider must release keys one use at a time to keep the counts that it can know.
    package var countsReleases: Bool { meters.values.contains { $0.quantity != .time } }
    package var wantsTime: Bool { meters.values.contains { $0.quantity == .time } }
    package var isEmpty: Bool { meters.isEmpty && !wantsElapsedTime }

    /// The operands' values, the use that is asked about included.
    ///
    /// - Parameters:
    ///   - total: of the agreement's earlier uses.
    ///   - recent: of those that lie in each of `windows`. A window without an entry gets no value, so its clauses stay open.
    ///   - use: what is asked about adds to them.
    ///   - side: a provider does not know how long uses take.
    package func values(
        total: UsageSum, recent: [Int64: UsageSum], adding use: UsageSum, sinceAgreementMilliseconds elapsed: Int64, side: EvaluationSide
    ) -> [String: [PolicyValue]] {
        var values: [String: [PolicyValue]] = [:]
        for (operand, meter) in meters where meter.quantity != .time || side == .consumer {
            guard let past = meter.windowSeconds.map({ recent[$0] }) ?? total else { continue }
            let sum = past + use
            values[operand.description] =
                switch meter.quantity {
                case .uses: [.integer(Int(sum.uses))]
                case .bytes: [.integer(Int(sum.bytes))]
                case .time: [.duration(milliseconds: sum.milliseconds)]
                }
        }
        // Clocks of two nodes differ a little: an agreement of a moment ahead is made now.
        if wantsElapsedTime { values[Operand.elapsedTime.description] = [.duration(milliseconds: max(0, elapsed))] }
        return values
    }
}

extension Policy {
    /// Every left operand that some clause names, wherever it stands.
    package var leftOperands: Set<IRI> {
        var found: Set<IRI> = []
        func add(_ nodes: [ConstraintNode]) {
            for node in nodes {
                switch node {
                case .atomic(let constraint): found.insert(constraint.leftOperand)
                case .logical(let logical): add(logical.constraints)
                }
            }
        }
        func add(_ terms: RuleTerms) {
            add(terms.constraints)
            for action in terms.actions { add(action.refinements) }
            for resource in terms.targets + terms.assignees { add(resource.refinements) }
        }
        func add(_ duties: [Duty]) {
            for duty in duties {
                add(duty.terms)
                add(duty.consequences)
            }
        }
        for permission in permissions {
            add(permission.terms)
            add(permission.duties)
        }
        for prohibition in prohibitions {
            add(prohibition.terms)
            add(prohibition.remedies)
        }
        add(obligations)
        return found
    }
}
