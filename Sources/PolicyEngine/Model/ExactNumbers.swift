// SPDX-License-Identifier: Apache-2.0

/// A decimal number without rounding, for comparison only: ±0.d₁d₂d₃… × 10^exponent, no zeros at either end of the digits.
package struct ExactDecimal: Hashable, Sendable, Comparable, CustomStringConvertible {
    let negative: Bool
    let digits: [UInt8]
    let exponent: Int

    package init(_ value: Int64) {
        let text = String(value.magnitude)
        self.init(negative: value < 0, digits: text.utf8.map { $0 - 48 }, exponent: text.utf8.count)
    }

    /// Reads xsd:decimal, xsd:integer and finite xsd:double text. Longer than 400 characters, `INF` and `NaN` are nil.
    package init?(parsing text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count <= 400 else { return nil }
        var index = 0
        var negative = false
        if index < bytes.count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
            negative = bytes[index] == UInt8(ascii: "-")
            index += 1
        }
        var digits: [UInt8] = []
        var point: Int?
        while index < bytes.count {
            let byte = bytes[index]
            if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                digits.append(byte - 48)
            } else if byte == UInt8(ascii: "."), point == nil {
                point = digits.count
            } else {
                break
            }
            index += 1
        }
        guard !digits.isEmpty else { return nil }
        var power = 0
        if index < bytes.count {
            guard bytes[index] == UInt8(ascii: "e") || bytes[index] == UInt8(ascii: "E") else { return nil }
            let rest = String(decoding: bytes[(index + 1)...], as: UTF8.self)
            guard rest.utf8.count <= 5, let value = Int(rest), abs(value) <= 9999 else { return nil }
            power = value
        }
        self.init(negative: negative, digits: digits, exponent: (point ?? digits.count) + power)
    }

    init(negative: Bool, digits: [UInt8], exponent: Int) {
        let leading = digits.prefix { $0 == 0 }.count
        var significant = Array(digits.dropFirst(leading))
        while significant.last == 0 { significant.removeLast() }
        self.digits = significant
        self.exponent = significant.isEmpty ? 0 : exponent - leading
        self.negative = negative && !significant.isEmpty
    }

    package static func < (left: ExactDecimal, right: ExactDecimal) -> Bool {
        if left.negative != right.negative { return left.negative }
        return left.negative ? right.isSmallerInMagnitude(than: left) : left.isSmallerInMagnitude(than: right)
    }

    private func isSmallerInMagnitude(than other: ExactDecimal) -> Bool {
        if digits.isEmpty || other.digits.isEmpty { return digits.isEmpty && !other.digits.isEmpty }
        if exponent != other.exponent { return exponent < other.exponent }
        return digits.lexicographicallyPrecedes(other.digits)
    }

    /// The largest integer that is not above the number, clamped to what an `Int` holds.
    package var floor: Int {
        guard !digits.isEmpty else { return 0 }
        guard exponent < 18 else { return negative ? Int.min / 2 : Int.max / 2 }
        var whole = 0
        for index in 0..<max(0, exponent) { whole = whole * 10 + Int(index < digits.count ? digits[index] : 0) }
        let hasFraction = digits.count > exponent
        return negative ? (hasFraction ? -whole - 1 : -whole) : whole
    }

    /// The number as a whole part, rounded down, and billionths above it, where that says it without loss: two such pairs compare as
    /// the numbers do. Nil beyond 18 digits before the point or 9 behind it.
    var fixed: (whole: Int64, billionths: Int32)? {
        guard exponent <= 18, digits.count - exponent <= 9 else { return nil }
        var whole: Int64 = 0
        for index in 0..<max(0, exponent) { whole = whole * 10 + Int64(index < digits.count ? digits[index] : 0) }
        var billionths: Int32 = 0
        for index in exponent..<exponent + 9 {
            billionths = billionths * 10 + Int32(digits.indices.contains(index) ? digits[index] : 0)
        }
        guard negative else { return (whole, billionths) }
        return billionths == 0 ? (-whole, 0) : (-whole - 1, 1_000_000_000 - billionths)
    }

    package var isInteger: Bool { digits.count <= exponent || digits.isEmpty }
    package var isNegative: Bool { negative }

    package var description: String {
        guard !digits.isEmpty else { return "0" }
        let text = digits.map(String.init).joined()
        let sign = negative ? "-" : ""
        if exponent > 30 || exponent < -30 { return "\(sign)0.\(text)e\(exponent)" }
        if exponent <= 0 { return sign + "0." + String(repeating: "0", count: -exponent) + text }
        if exponent >= digits.count { return sign + text + String(repeating: "0", count: exponent - digits.count) }
        return sign + text.prefix(exponent) + "." + text.dropFirst(exponent)
    }
}

/// A moment to the nanosecond. xsd:dateTime, xsd:dateTimeStamp and xsd:date are instants: a date is its midnight, no zone means UTC.
package struct Instant: Hashable, Sendable, Comparable {
    let seconds: Int64
    let nanoseconds: Int32

    package static func < (left: Instant, right: Instant) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}

/// A length of time, with a year of 365 days and a month of 30.
package struct Span: Hashable, Sendable, Comparable {
    let seconds: Int64
    let nanoseconds: Int32

    package static func < (left: Span, right: Span) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}
