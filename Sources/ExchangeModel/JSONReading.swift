// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// Reads exactly one JSON text (RFC 8259), strictly: UTF-8 only, no duplicate members, nothing after it, bounded by `limits`.
    ///
    /// Integers up to 2^53 in magnitude stay exact; other numbers become doubles, as RFC 8785 has them. A number that is no finite
    /// double is refused.
    package static func parse(_ bytes: [UInt8], limits: JSONLimits = .message) throws(JSONError) -> JSON {
        guard bytes.count <= limits.bytes else { throw .tooLarge(bytes: bytes.count, limit: limits.bytes) }
        var reader = JSONReader(bytes: bytes, limits: limits)
        return try reader.document()
    }

    package static func parse(_ text: String, limits: JSONLimits = .message) throws(JSONError) -> JSON {
        try parse(Array(text.utf8), limits: limits)
    }
}

private struct JSONReader {
    let bytes: [UInt8]
    let limits: JSONLimits
    var offset = 0
    var values = 0

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(JSONError) -> JSON {
        skipSpace()
        let value = try value(depth: 0)
        skipSpace()
        guard offset == bytes.count else { throw .unexpected(offset: offset) }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSON {
        guard depth < limits.depth else { throw .tooDeep(limit: limits.depth) }
        values += 1
        guard values <= limits.values else { throw .tooManyValues(limit: limits.values) }
        switch peek() {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw .unexpected(offset: offset)
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSON {
        offset += 1
        var members: [String: JSON] = [:]
        skipSpace()
        if peek() == UInt8(ascii: "}") {
            offset += 1
            return .object(members)
        }
        while true {
            let start = offset
            guard peek() == UInt8(ascii: "\"") else { throw .unexpected(offset: offset) }
            let key = try string()
            skipSpace()
            guard peek() == UInt8(ascii: ":") else { throw .unexpected(offset: offset) }
            offset += 1
            skipSpace()
            let member = try value(depth: depth + 1)
            guard members.updateValue(member, forKey: key) == nil else { throw .duplicateKey(key, offset: start) }
            skipSpace()
            switch peek() {
            case UInt8(ascii: ","):
                offset += 1
                skipSpace()
            case UInt8(ascii: "}"):
                offset += 1
                return .object(members)
            default: throw .unexpected(offset: offset)
            }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSON {
        offset += 1
        var elements: [JSON] = []
        skipSpace()
        if peek() == UInt8(ascii: "]") {
            offset += 1
            return .array(elements)
        }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            switch peek() {
            case UInt8(ascii: ","):
                offset += 1
                skipSpace()
            case UInt8(ascii: "]"):
                offset += 1
                return .array(elements)
            default: throw .unexpected(offset: offset)
            }
        }
    }

    private mutating func string() throws(JSONError) -> String {
        let start = offset
        offset += 1
        let first = offset
        // The common case has no escape: one validated copy.
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") {
                guard let text = String(validating: bytes[first..<offset], as: UTF8.self) else { throw .notUTF8(offset: first) }
                offset += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { break }
            guard byte >= 0x20 else { throw .badString(offset: start) }
            offset += 1
        }
        var out = Array(bytes[first..<offset])
        while offset < bytes.count {
            let byte = bytes[offset]
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: out, as: UTF8.self) else { throw .notUTF8(offset: first) }
                offset += 1
                return text
            case UInt8(ascii: "\\"):
                offset += 1
                try escape(into: &out, start: start)
            case 0..<0x20: throw .badString(offset: start)
            default:
                out.append(byte)
                offset += 1
            }
        }
        throw .badString(offset: start)
    }

    private mutating func escape(into out: inout [UInt8], start: Int) throws(JSONError) {
        guard offset < bytes.count else { throw .badString(offset: start) }
        let kind = bytes[offset]
        offset += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(kind)
        case UInt8(ascii: "b"): out.append(8)
        case UInt8(ascii: "f"): out.append(12)
        case UInt8(ascii: "n"): out.append(10)
        case UInt8(ascii: "r"): out.append(13)
        case UInt8(ascii: "t"): out.append(9)
        case UInt8(ascii: "u"):
            var scalar = try unit(start: start)
            if (0xD800..<0xDC00).contains(scalar) {
                guard offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"), bytes[offset + 1] == UInt8(ascii: "u") else {
                    throw .badString(offset: start)
                }
                offset += 2
                let low = try unit(start: start)
                guard (0xDC00..<0xE000).contains(low) else { throw .badString(offset: start) }
                scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let unicode = Unicode.Scalar(scalar) else { throw .badString(offset: start) }
            out.append(contentsOf: Array(String(Character(unicode)).utf8))
        default: throw .badString(offset: start)
        }
    }

    private mutating func unit(start: Int) throws(JSONError) -> UInt32 {
        guard offset + 4 <= bytes.count else { throw .badString(offset: start) }
        var value: UInt32 = 0
        for digit in bytes[offset..<offset + 4] {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(digit - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(digit - UInt8(ascii: "A") + 10)
            default: throw .badString(offset: start)
            }
        }
        offset += 4
        return value
    }

    private mutating func number() throws(JSONError) -> JSON {
        let start = offset
        var isInteger = true
        if peek() == UInt8(ascii: "-") { offset += 1 }
        let firstDigit = offset
        guard digits() > 0 else { throw .badNumber(offset: start) }
        if bytes[firstDigit] == UInt8(ascii: "0"), offset - firstDigit > 1 { throw .badNumber(offset: start) }
        if peek() == UInt8(ascii: ".") {
            isInteger = false
            offset += 1
            guard digits() > 0 else { throw .badNumber(offset: start) }
        }
        if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
            isInteger = false
            offset += 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { offset += 1 }
            guard digits() > 0 else { throw .badNumber(offset: start) }
        }
        guard offset - start <= 400 else { throw .badNumber(offset: start) }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isInteger, let value = Int64(text), value.magnitude <= 1 << 53 { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw .badNumber(offset: start) }
        return .double(value)
    }

    private mutating func digits() -> Int {
        let start = offset
        while offset < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) { offset += 1 }
        return offset - start
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        let end = offset + word.utf8CodeUnitCount
        guard end <= bytes.count, bytes[offset..<end].elementsEqual("\(word)".utf8) else { throw .unexpected(offset: offset) }
        offset = end
        return value
    }

    private func peek() -> UInt8 { offset < bytes.count ? bytes[offset] : 0 }

    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: return
            }
        }
    }
}
