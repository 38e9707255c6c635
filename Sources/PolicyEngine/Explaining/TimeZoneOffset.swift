// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// A fixed offset from UTC, in which people read times. Whole minutes, at most 14 hours either way.
package struct TimeZoneOffset: Sendable, Hashable, CustomStringConvertible {
    package let seconds: Int

    package static let china = TimeZoneOffset(clamping: 8 * 3600)
    package static let utc = TimeZoneOffset(clamping: 0)

    package init(clamping seconds: Int) { self.seconds = max(-50_400, min(50_400, seconds / 60 * 60)) }

    /// Reads `+08:00`, `-05:30` and `Z`.
    package init?(parsing text: String) {
        if text == "Z" || text == "z" {
            self = .utc
            return
        }
        let bytes = Array(text.utf8)
        guard bytes.count == 6, bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"), bytes[3] == UInt8(ascii: ":") else {
            return nil
        }
        let digits = [bytes[1], bytes[2], bytes[4], bytes[5]].map { Int($0) - 48 }
        guard digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
        let (hours, minutes) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
        guard minutes < 60, hours * 60 + minutes <= 14 * 60 else { return nil }
        seconds = (hours * 60 + minutes) * (bytes[0] == UInt8(ascii: "-") ? -60 : 60)
    }

    package var description: String { String(text(Timestamp(milliseconds: 0)).dropFirst("1970-01-01T00:00:00".count)) }

    /// The moment here, to the second, or to the millisecond where it has some.
    package func text(_ time: Timestamp) -> String {
        time.text(offsetMinutes: seconds / 60, milliseconds: !time.milliseconds.isMultiple(of: 1000))
    }

    /// The moment here and in UTC.
    package func both(_ time: Timestamp) -> String {
        let utc = TimeZoneOffset.utc.text(time)
        return seconds == 0 ? utc : "\(text(time)) (\(utc))"
    }
}
