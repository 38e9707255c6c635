// SPDX-License-Identifier: Apache-2.0

/// What evaluation leaves of one entry of a policy.
struct StateByte {
    let byte: UInt8

    init(byte: UInt8) { self.byte = byte }

    /// A clause, or a matcher.
    init(_ truth: Truth, _ source: ValueSource? = nil) { byte = truth.code | (source?.code ?? 0) << 2 }

    /// A duty, or a rule.
    init(activation: Truth, applies: Truth = .satisfied, deontic: DeonticState?) {
        byte = activation.code | applies.code << 2 | (deontic?.code ?? 0) << 4
    }

    /// Of a duty or rule: its activation.
    var truth: Truth { Truth(code: byte & 3) }
    var applies: Truth { Truth(code: byte >> 2 & 3) }
    var source: ValueSource? { ValueSource(code: byte >> 2) }
    var deontic: DeonticState? { DeonticState(code: byte >> 4) }
}

extension Truth {
    var rank: Int {
        switch self {
        case .satisfied, .elsewhere: 2
        case .undetermined: 1
        case .unsatisfied: 0
        }
    }

    @inline(__always)
    static func both(_ one: Truth, _ other: Truth) -> Truth {
        var parts = TruthTally()
        parts.add(one)
        parts.add(other)
        return parts.all
    }

    fileprivate var code: UInt8 {
        switch self {
        case .unsatisfied: 0
        case .undetermined: 1
        case .satisfied: 2
        case .elsewhere: 3
        }
    }

    fileprivate init(code: UInt8) {
        switch code {
        case 0: self = .unsatisfied
        case 1: self = .undetermined
        case 2: self = .satisfied
        default: self = .elsewhere
        }
    }
}

extension ValueSource {
    fileprivate var code: UInt8 {
        switch self {
        case .request: 1
        case .clock: 2
        case .counter: 3
        case .world: 4
        case .party: 5
        case .property: 6
        case .missing: 7
        case .deferred: 8
        case .contract: 9
        case .peer: 10
        case .act: 11
        }
    }

    fileprivate init?(code: UInt8) {
        switch code {
        case 1: self = .request
        case 2: self = .clock
        case 3: self = .counter
        case 4: self = .world
        case 5: self = .party
        case 6: self = .property
        case 7: self = .missing
        case 8: self = .deferred
        case 9: self = .contract
        case 10: self = .peer
        case 11: self = .act
        default: return nil
        }
    }
}

extension DeonticState {
    fileprivate var code: UInt8 {
        switch self {
        case .notSet: 1
        case .fulfilled: 2
        case .violated: 3
        }
    }

    fileprivate init?(code: UInt8) {
        switch code {
        case 1: self = .notSet
        case 2: self = .fulfilled
        case 3: self = .violated
        default: return nil
        }
    }
}
