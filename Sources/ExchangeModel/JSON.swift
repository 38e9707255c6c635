// SPDX-License-Identifier: Apache-2.0

/// A JSON value. Members have no order: the only order we write is that of RFC 8785.
package enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    /// The member `key`; nil unless this is an object that has it.
    package subscript(_ key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    package var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    package var int: Int64? {
        switch self {
        case .integer(let value): value
        case .double(let value): Int64(exactly: value)
        default: nil
        }
    }

    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    package var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    package var array: [JSON]? {
        guard case .array(let values) = self else { return nil }
        return values
    }

    package var object: [String: JSON]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// An object of the members whose value is not nil.
    package static func members(_ members: [String: JSON?]) -> JSON { .object(members.compactMapValues { $0 }) }

    package static func strings(_ values: some Sequence<String>) -> JSON { .array(values.map(JSON.string)) }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(Dictionary(elements) { _, last in last }) }
}

extension JSON: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .double(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

/// How much JSON we are willing to read.
package struct JSONLimits: Sendable {
    package var bytes: Int
    package var depth: Int
    package var values: Int

    package init(bytes: Int, depth: Int, values: Int) {
        self.bytes = bytes
        self.depth = depth
        self.values = values
    }

    /// A protocol message, a card, a record.
    package static let message = JSONLimits(bytes: 1 << 20, depth: 64, values: 200_000)
    /// A usage policy.
    package static let policy = JSONLimits(bytes: 1 << 20, depth: 64, values: 400_000)
    /// A catalog or a manifest of many files.
    package static let large = JSONLimits(bytes: 256 << 20, depth: 64, values: 40_000_000)
}

package enum JSONError: KouanError, Equatable {
    case tooLarge(bytes: Int, limit: Int)
    case tooDeep(limit: Int)
    case tooManyValues(limit: Int)
    case notUTF8(offset: Int)
    case duplicateKey(String, offset: Int)
    case unexpected(offset: Int)
    case badNumber(offset: Int)
    case badString(offset: Int)

    package var code: String {
        switch self {
        case .tooLarge: "json.too-large"
        case .tooDeep: "json.too-deep"
        case .tooManyValues: "json.too-many-values"
        case .notUTF8: "json.not-utf8"
        case .duplicateKey: "json.duplicate-key"
        case .unexpected: "json.malformed"
        case .badNumber: "json.bad-number"
        case .badString: "json.bad-string"
        }
    }

    package var message: String {
        switch self {
        case .tooLarge(let bytes, let limit): "JSON of \(bytes) bytes is larger than the limit of \(limit)"
        case .tooDeep(let limit): "JSON is nested deeper than \(limit) levels"
        case .tooManyValues(let limit): "JSON has more than \(limit) values"
        case .notUTF8(let offset): "byte \(offset) is not UTF-8"
        case .duplicateKey(let key, let offset): "member `\(key.prefix(80))` is given twice, again at byte \(offset)"
        case .unexpected(let offset): "JSON is malformed at byte \(offset)"
        case .badNumber(let offset): "the number at byte \(offset) is malformed or out of range"
        case .badString(let offset): "the string at byte \(offset) has a bad escape or a control character"
        }
    }

    package var hint: String {
        switch self {
        case .tooLarge, .tooDeep, .tooManyValues: "send less in one document"
        case .notUTF8: "save the file as UTF-8"
        case .duplicateKey: "name each member of an object once"
        case .unexpected, .badNumber, .badString: "check the text around that byte with a JSON checker"
        }
    }
}

/// RFC 6901: where in a document a value stands.
package struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package static let root = JSONPointer(description: "")

    package func appending(_ key: String) -> JSONPointer {
        var escaped = ""
        for character in key.unicodeScalars {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return JSONPointer(description: description + "/" + escaped)
    }

    package func appending(_ index: Int) -> JSONPointer { JSONPointer(description: description + "/\(index)") }
}
