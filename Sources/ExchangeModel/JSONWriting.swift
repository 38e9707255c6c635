// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// RFC 8785: members sorted by UTF-16 code units, shortest numbers, minimal escapes, no white space. What we sign, hash and send.
    package func canonical() -> [UInt8] {
        var out: [UInt8] = []
        write(into: &out, indent: nil)
        return out
    }

    package var canonicalText: String { String(decoding: canonical(), as: UTF8.self) }

    /// For people: sorted members, two spaces.
    package func pretty() -> String {
        var out: [UInt8] = []
        write(into: &out, indent: 0)
        return String(decoding: out, as: UTF8.self)
    }

    private func write(into out: inout [UInt8], indent: Int?) {
        switch self {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): out.append(contentsOf: String(value).utf8)
        case .double(let value): out.append(contentsOf: JSON.numberText(value).utf8)
        case .string(let value): JSON.write(value, into: &out)
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                JSON.newLine(indent.map { $0 + 1 }, into: &out)
                element.write(into: &out, indent: indent.map { $0 + 1 })
            }
            if !elements.isEmpty { JSON.newLine(indent, into: &out) }
            out.append(UInt8(ascii: "]"))
        case .object(let members):
            out.append(UInt8(ascii: "{"))
            var isFirst = true
            for (key, member) in members.sorted(by: { JSON.precedes($0.key, $1.key) }) {
                if !isFirst { out.append(UInt8(ascii: ",")) }
                isFirst = false
                JSON.newLine(indent.map { $0 + 1 }, into: &out)
                JSON.write(key, into: &out)
                out.append(UInt8(ascii: ":"))
                if indent != nil { out.append(UInt8(ascii: " ")) }
                member.write(into: &out, indent: indent.map { $0 + 1 })
            }
            if !members.isEmpty { JSON.newLine(indent, into: &out) }
            out.append(UInt8(ascii: "}"))
        }
    }

    private static func newLine(_ indent: Int?, into out: inout [UInt8]) {
        guard let indent else { return }
        out.append(UInt8(ascii: "\n"))
        out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * 2))
    }

    /// Order by UTF-16 code units. Equal to byte order unless a string goes beyond the basic plane.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        var others = right.utf8.makeIterator()
        for byte in left.utf8 {
            guard let other = others.next() else { return false }
            // UTF-8 and UTF-16 order texts alike except above U+FFFF, whose UTF-8 begins with 0xF0 or more.
            if byte != other {
                return byte >= 0xEE || other >= 0xEE ? left.utf16.lexicographicallyPrecedes(right.utf16) : byte < other
            }
        }
        return others.next() != nil
    }

    private static func write(_ text: String, into out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): out.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\\"): out.append(contentsOf: "\\\\".utf8)
            case 0x08: out.append(contentsOf: "\\b".utf8)
            case 0x09: out.append(contentsOf: "\\t".utf8)
            case 0x0A: out.append(contentsOf: "\\n".utf8)
            case 0x0C: out.append(contentsOf: "\\f".utf8)
            case 0x0D: out.append(contentsOf: "\\r".utf8)
            case 0..<0x20: out.append(contentsOf: ("\\u00" + Hex.encode([byte])).utf8)
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }

    /// ECMAScript's Number::toString from the shortest digits that read back as `value`.
    static func numberText(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return "0" }
        // Swift's description has the shortest digits; only their layout differs.
        var mantissa = "\(value.magnitude)"
        var exponent = 0
        if let e = mantissa.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            exponent = Int(mantissa[mantissa.index(after: e)...]) ?? 0
            mantissa = String(mantissa[..<e])
        }
        var digits = ""
        var point = 0
        if let dot = mantissa.firstIndex(of: ".") {
            point = mantissa.distance(from: mantissa.startIndex, to: dot)
            digits = mantissa.replacing(".", with: "")
        } else {
            point = mantissa.count
            digits = mantissa
        }
        while digits.hasPrefix("0"), digits.count > 1 {
            digits.removeFirst()
            point -= 1
        }
        while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
        let position = point + exponent
        let count = digits.count
        let sign = value < 0 ? "-" : ""
        if count <= position, position <= 21 { return sign + digits + String(repeating: "0", count: position - count) }
        if 0 < position, position <= 21 { return sign + digits.prefix(position) + "." + digits.dropFirst(position) }
        if -6 < position, position <= 0 { return sign + "0." + String(repeating: "0", count: -position) + digits }
        let power = position - 1
        let powerText = (power < 0 ? "-" : "+") + "\(abs(power))"
        return sign + (count == 1 ? digits : digits.prefix(1) + "." + digits.dropFirst()) + "e" + powerText
    }
}
