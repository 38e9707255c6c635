// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// Values between two others: what proves that a gap between two bounds of a policy holds something.
extension ExactDecimal {
    /// A number above `low` and below `high`, nil if there is none. A missing bound is no bound.
    static func between(_ low: ExactDecimal?, _ high: ExactDecimal?, whole: Bool) -> ExactDecimal? {
        switch (low, high) {
        case (nil, nil): return ExactDecimal(0)
        case (let low?, nil): return low.isNegative ? ExactDecimal(0) : low.above
        case (nil, let high?): return high > ExactDecimal(0) ? ExactDecimal(0) : high.negated.above.negated
        case (let low?, let high?):
            guard low < high else { return nil }
            if low.isNegative, high > ExactDecimal(0) { return ExactDecimal(0) }
            let found = low.isNegative ? between(magnitudes: high.negated, low.negated)?.negated : between(magnitudes: low, high)
            return found.flatMap { whole && !$0.isInteger ? nil : $0 }
        }
    }

    /// The number of fewest digits between two that are not negative, so an integer when there is one.
    private static func between(magnitudes low: ExactDecimal, _ high: ExactDecimal) -> ExactDecimal? {
        if low.exponent <= 17 {
            let next = ExactDecimal(Int64(low.floor) + 1)
            if next < high { return next }
        }
        if low.digits.isEmpty || low.exponent < high.exponent {
            let power = ExactDecimal(negative: false, digits: [1], exponent: high.exponent)
            if power < high { return power }
            // `high` is that power of ten.
            if low.digits.isEmpty || low.exponent < high.exponent - 1 {
                return ExactDecimal(negative: false, digits: [5], exponent: high.exponent - 1)
            }
        }
        var digits: [UInt8] = []
        for index in 0...max(low.digits.count, high.digits.count) {
            let digit = index < low.digits.count ? low.digits[index] : 0
            if digit < 9 {
                let next = ExactDecimal(negative: false, digits: digits + [digit + 1], exponent: low.exponent)
                if next < high { return next }
            }
            digits.append(digit)
        }
        return ExactDecimal(negative: false, digits: digits + [5], exponent: low.exponent)
    }

    private var above: ExactDecimal {
        exponent <= 17 ? ExactDecimal(Int64(floor) + 1) : ExactDecimal(negative: false, digits: [1], exponent: exponent + 1)
    }

    private var negated: ExactDecimal { ExactDecimal(negative: !negative, digits: digits, exponent: exponent) }
}

extension Instant {
    private static let first = Instant(parsing: "0001-01-01T00:00:00Z")
    private static let last = Instant(parsing: "9999-12-31T23:59:59Z")

    static func between(_ low: Instant?, _ high: Instant?) -> Instant? {
        let found = ticks(
            low.map { ($0.seconds, $0.nanoseconds) }, high.map { ($0.seconds, $0.nanoseconds) },
            middle: low == nil && high == nil ? (first?.seconds ?? 0) / 2 : 0
        ).map { Instant(seconds: $0.0, nanoseconds: $0.1) }
        guard let found, let first, let last, found >= first, found <= last else { return nil }
        return found
    }

    var lexical: String {
        let text = Timestamp(seconds: seconds).secondsText
        return nanoseconds == 0 ? text : text.dropLast() + "." + nineDigits(nanoseconds) + "Z"
    }
}

extension Span {
    static func between(_ low: Span?, _ high: Span?) -> Span? {
        ticks(low.map { ($0.seconds, $0.nanoseconds) }, high.map { ($0.seconds, $0.nanoseconds) }, middle: 86_400)
            .map { Span(seconds: $0.0, nanoseconds: $0.1) }
    }

    /// For a length that is not negative.
    var lexical: String {
        if nanoseconds != 0 { return "PT\(seconds).\(nineDigits(nanoseconds))S" }
        return seconds % 86_400 == 0 ? "P\(seconds / 86_400)D" : "PT\(seconds)S"
    }
}

private typealias Ticks = (Int64, Int32)

private func ticks(_ low: Ticks?, _ high: Ticks?, middle: Int64) -> Ticks? {
    let day: Int64 = 86_400
    switch (low, high) {
    case (nil, nil): return (middle, 0)
    case (let low?, nil):
        let (sum, overflow) = low.0.addingReportingOverflow(day)
        return overflow ? nil : (sum, 0)
    case (nil, let high?):
        let (difference, overflow) = high.0.subtractingReportingOverflow(day)
        return overflow ? nil : (difference, 0)
    case (let low?, let high?):
        let (gap, overflow) = high.0.subtractingReportingOverflow(low.0)
        if overflow || gap >= 2 { return (low.0 + (overflow ? 1 : gap / 2), 0) }
        let lowNanoseconds = Int64(low.1) + 1
        let highNanoseconds = Int64(high.1) + gap * 1_000_000_000
        guard gap >= 0, lowNanoseconds < highNanoseconds else { return nil }
        return lowNanoseconds < 1_000_000_000 ? (low.0, Int32(lowNanoseconds)) : (low.0 + 1, 0)
    }
}

private func nineDigits(_ value: Int32) -> String {
    let text = String(value)
    return String(repeating: "0", count: 9 - text.utf8.count) + text
}
