// SPDX-License-Identifier: Apache-2.0

/// A moment in UTC with millisecond precision. Written `2026-11-22T08:00:00.000Z`.
package struct Timestamp: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    /// Since 1970-01-01T00:00:00Z, leap seconds not counted.
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }
    package init(seconds: Int64) { milliseconds = seconds &* 1000 }

    /// The given civil time in UTC. Months and days must exist; otherwise nil.
    package init?(
        year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, millisecond: Int = 0
    ) {
        guard (1...9999).contains(year), (1...12).contains(month), (1...Timestamp.days(inMonth: month, year: year)).contains(day),
            (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second), (0...999).contains(millisecond)
        else { return nil }
        let days = Timestamp.daysFromCivil(year: year, month: month, day: day)
        milliseconds = Int64(((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + Int64(millisecond)
    }

    /// Reads RFC 3339 and xsd:dateTime text with a zone (`Z` or `±hh:mm`). Nil for anything else; digits beyond milliseconds are cut.
    package init?(parsing text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 40 else { return nil }
        func number(_ from: Int, _ count: Int) -> Int? {
            guard from + count <= bytes.count else { return nil }
            var value = 0
            for digit in bytes[from..<from + count] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
                value = value * 10 + Int(digit - UInt8(ascii: "0"))
            }
            return value
        }
        guard let year = number(0, 4), bytes[4] == UInt8(ascii: "-"), let month = number(5, 2), bytes[7] == UInt8(ascii: "-"),
            let day = number(8, 2), bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t"), let hour = number(11, 2),
            bytes[13] == UInt8(ascii: ":"), let minute = number(14, 2), bytes[16] == UInt8(ascii: ":"), let second = number(17, 2)
        else { return nil }
        var index = 19
        var millisecond = 0
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            var scale = 100
            let first = index
            while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) {
                millisecond += Int(bytes[index] - UInt8(ascii: "0")) * scale
                scale /= 10
                index += 1
            }
            guard index > first else { return nil }
        }
        guard index < bytes.count else { return nil }
        var offsetMinutes = 0
        switch bytes[index] {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"):
            guard index + 1 == bytes.count else { return nil }
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard index + 6 == bytes.count, let hours = number(index + 1, 2), bytes[index + 3] == UInt8(ascii: ":"),
                let minutes = number(index + 4, 2), hours <= 14, minutes <= 59
            else { return nil }
            offsetMinutes = (hours * 60 + minutes) * (bytes[index] == UInt8(ascii: "-") ? -1 : 1)
        default: return nil
        }
        guard
            let local = Timestamp(
                year: year, month: month, day: day, hour: hour, minute: minute, second: second, millisecond: millisecond)
        else { return nil }
        // In UTC the year may be another one; what we cannot write again we do not read.
        let utc = local.milliseconds - Int64(offsetMinutes) * 60_000
        guard (Timestamp.earliest...Timestamp.latest).contains(utc) else { return nil }
        milliseconds = utc
    }

    /// 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z.
    private static let earliest: Int64 = -62_135_596_800_000
    private static let latest: Int64 = 253_402_300_799_999

    package var seconds: Int64 { milliseconds >= 0 ? milliseconds / 1000 : -((-milliseconds + 999) / 1000) }

    package func adding(milliseconds count: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds &+ count) }
    package func adding(seconds count: Int64) -> Timestamp { adding(milliseconds: count &* 1000) }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    package var description: String { text(offsetMinutes: 0, milliseconds: true) }

    /// xsd:dateTime to the second, as the Dataspace Protocol writes it: `2026-11-22T08:00:00Z`.
    package var secondsText: String { text(offsetMinutes: 0, milliseconds: false) }

    /// The same moment at a fixed offset, for people: `2026-11-22T16:00:00+08:00`.
    package func text(offsetMinutes: Int, milliseconds withMilliseconds: Bool = false) -> String {
        let shifted = milliseconds + Int64(offsetMinutes) * 60_000
        let day = Int(shifted >= 0 ? shifted / 86_400_000 : -((-shifted + 86_399_999) / 86_400_000))
        let rest = Int(shifted - Int64(day) * 86_400_000)
        let (year, month, dayOfMonth) = Timestamp.civil(fromDays: day)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let fraction = rest % 1000
        let fractionText = withMilliseconds ? "." + (fraction < 10 ? "00" : fraction < 100 ? "0" : "") + "\(fraction)" : ""
        let zone =
            offsetMinutes == 0 ? "Z" : (offsetMinutes < 0 ? "-" : "+") + two(abs(offsetMinutes) / 60) + ":" + two(abs(offsetMinutes) % 60)
        let yearText = String(repeating: "0", count: max(0, 4 - "\(year)".count)) + "\(year)"
        return "\(yearText)-\(two(month))-\(two(dayOfMonth))T\(two(rest / 3_600_000)):\(two(rest / 60_000 % 60)):\(two(rest / 1000 % 60))"
            + fractionText + zone
    }

    /// The calendar year in China (UTC+8), by which law counts persons.
    package var countingYear: Int {
        let shifted = milliseconds + 8 * 3_600_000
        return Timestamp.civil(fromDays: Int(shifted >= 0 ? shifted / 86_400_000 : -((-shifted + 86_399_999) / 86_400_000))).year
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let time = Timestamp(parsing: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a time with a zone")
        }
        self = time
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    private static func days(inMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 in the proleptic Gregorian calendar, counted in 400-year eras that start on 1 March.
    private static func daysFromCivil(year: Int, month: Int, day: Int) -> Int {
        let marchYear = month <= 2 ? year - 1 : year
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

/// Where a node reads the time. Tests hand in a clock of their own.
package protocol WallClock: Sendable {
    func now() -> Timestamp
}

/// Ids that sort by time: UUID version 7 (RFC 9562).
package enum TimeOrderedID {
    /// - Parameter random: at least 10 bytes.
    package static func make(at time: Timestamp, random: [UInt8]) -> String {
        precondition(random.count >= 10, "a time-ordered id needs 10 random bytes")
        var bytes = [UInt8](repeating: 0, count: 16)
        for index in 0..<6 { bytes[index] = UInt8(truncatingIfNeeded: time.milliseconds >> Int64(40 - index * 8)) }
        for index in 6..<16 { bytes[index] = random[index - 6] }
        bytes[6] = bytes[6] & 0x0F | 0x70
        bytes[8] = bytes[8] & 0x3F | 0x80
        let hex = Hex.encode(bytes)
        var text = ""
        for (index, character) in hex.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(character)
        }
        return text
    }
}
