// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

extension Instant {
    package init(_ time: Timestamp) {
        let seconds = time.seconds
        self.init(seconds: seconds, nanoseconds: Int32(truncatingIfNeeded: time.milliseconds &- seconds &* 1000) &* 1_000_000)
    }

    /// To the millisecond below.
    package var timestamp: Timestamp { Timestamp(seconds: seconds).adding(milliseconds: Int64(nanoseconds / 1_000_000)) }

    /// Reads xsd:dateTime (zone optional) and xsd:date; nil for anything else and for years outside 1–9999.
    package init?(parsing text: String) {
        var scanner = Scanner(text)
        guard let (parsed, _) = scanner.instant() else { return nil }
        self = parsed
    }

    /// Whether `text` is a date or a time that names no zone, so that people in two zones read two moments.
    static func lacksZone(_ text: String) -> Bool {
        var scanner = Scanner(text)
        guard let (_, hasZone) = scanner.instant() else { return false }
        return !hasZone
    }
}

extension Span {
    /// Reads xsd:duration and its two restrictions: `P30D`, `-PT1.5S`, `P1Y2M`.
    package init?(parsing text: String) {
        var scanner = Scanner(text)
        guard let parsed = scanner.span() else { return nil }
        self = parsed
    }
}

private struct Scanner {
    private let bytes: [UInt8]
    private var index = 0

    init(_ text: String) { bytes = text.utf8.count <= 80 ? Array(text.utf8) : [] }

    mutating func instant() -> (Instant, hasZone: Bool)? {
        guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2) else { return nil }
        var hour = 0
        var minute = 0
        var second = 0
        var nanoseconds: Int32 = 0
        if take("T") || take("t") {
            guard let hours = number(2), take(":"), let minutes = number(2) else { return nil }
            hour = hours
            minute = minutes
            // Seconds are required by XML Schema; the Dataspace Protocol's own examples leave them out.
            if take(":") {
                guard let seconds = number(2) else { return nil }
                second = seconds
                if take(".") {
                    guard let fraction = fraction() else { return nil }
                    nanoseconds = fraction
                }
            }
        }
        let endOfDay = hour == 24 && minute == 0 && second == 0 && nanoseconds == 0
        guard let base = Timestamp(year: year, month: month, day: day, hour: endOfDay ? 0 : hour, minute: minute, second: second) else {
            return nil
        }
        var offset: Int64 = 0
        var hasZone = false
        if index < bytes.count {
            hasZone = true
            if !(take("Z") || take("z")) {
                let sign: Int64 = peek == UInt8(ascii: "-") ? -1 : 1
                guard take("+") || take("-"), let hours = number(2), take(":"), let minutes = number(2), hours <= 14, minutes <= 59 else {
                    return nil
                }
                offset = sign * Int64(hours * 3600 + minutes * 60)
            }
        }
        guard index == bytes.count else { return nil }
        return (Instant(seconds: base.seconds - offset + (endOfDay ? 86_400 : 0), nanoseconds: nanoseconds), hasZone)
    }

    mutating func span() -> Span? {
        let negative = take("-")
        guard take("P") else { return nil }
        var total: Int64 = 0
        var nanoseconds: Int32 = 0
        var inTime = false
        var parts = 0
        var order = 0
        let units: [(symbol: UInt8, time: Bool, seconds: Int64)] = [
            (UInt8(ascii: "Y"), false, 365 * 86_400), (UInt8(ascii: "M"), false, 30 * 86_400), (UInt8(ascii: "W"), false, 7 * 86_400),
            (UInt8(ascii: "D"), false, 86_400), (UInt8(ascii: "H"), true, 3600), (UInt8(ascii: "M"), true, 60),
            (UInt8(ascii: "S"), true, 1),
        ]
        while index < bytes.count {
            if !inTime, take("T") {
                inTime = true
                guard index < bytes.count else { return nil }
                continue
            }
            guard let value = wholeNumber() else { return nil }
            var hasFraction = false
            if take(".") {
                guard let parsed = fraction() else { return nil }
                nanoseconds = parsed
                hasFraction = true
            }
            guard let symbol = peek,
                let found = units.indices.first(where: { $0 >= order && units[$0].symbol == symbol && units[$0].time == inTime })
            else { return nil }
            index += 1
            order = found + 1
            guard !hasFraction || symbol == UInt8(ascii: "S") else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: units[found].seconds)
            let (sum, overflow2) = total.addingReportingOverflow(product)
            guard !overflow, !overflow2 else { return nil }
            total = sum
            parts += 1
        }
        guard parts > 0 else { return nil }
        if negative {
            return nanoseconds == 0
                ? Span(seconds: -total, nanoseconds: 0) : Span(seconds: -total - 1, nanoseconds: 1_000_000_000 - nanoseconds)
        }
        return Span(seconds: total, nanoseconds: nanoseconds)
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func take(_ symbol: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: symbol) else { return false }
        index += 1
        return true
    }

    private mutating func number(_ count: Int) -> Int? {
        guard index + count <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[index..<index + count] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 48)
        }
        index += count
        return value
    }

    private mutating func wholeNumber() -> Int64? {
        let start = index
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
        guard index > start, index - start <= 15 else { return nil }
        return Int64(String(decoding: bytes[start..<index], as: UTF8.self))
    }

    /// Digits after the point as nanoseconds; those beyond the ninth are cut.
    private mutating func fraction() -> Int32? {
        let start = index
        var value: Int32 = 0
        var scale: Int32 = 100_000_000
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            value += Int32(byte - 48) * scale
            scale /= 10
            index += 1
        }
        return index > start ? value : nil
    }
}
