// SPDX-License-Identifier: Apache-2.0

/// A field as a policy names it.
///
///     name              a column of that name; in JSON the member of that name wherever it stands
///     $.name            a column; in JSON the member of the document
///     $.items[*].idno   JSON: `.name`, `['name']`, `[0]`, `[*]`, `.*` and `..name`
struct FieldPath: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        case member([UInt8])
        case index(Int)
        case any
        /// At any depth; without regard to the case of ASCII letters, since more masked is better than less.
        case descendant([UInt8])
    }

    let text: String
    let steps: [Step]

    static let maximumSteps = 32

    init(_ text: String) throws(DataDutyError) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= 1024 else { throw .badField(text) }
        self.text = text
        guard bytes.first == UInt8(ascii: "$") else {
            steps = [.descendant(FieldPath.folded(FieldPath.trimmed(bytes)))]
            return
        }
        guard let steps = FieldPath.parse(bytes), !steps.isEmpty, steps.count <= FieldPath.maximumSteps else { throw .badField(text) }
        self.steps = steps
    }

    /// The column that the field means in a table; nil for a path that only a tree has.
    var column: [UInt8]? {
        guard steps.count == 1 else { return nil }
        switch steps[0] {
        case .member(let name), .descendant(let name): return FieldPath.folded(FieldPath.trimmed(name))
        case .index, .any: return nil
        }
    }

    private static func parse(_ bytes: [UInt8]) -> [Step]? {
        var steps: [Step] = []
        var index = 1
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "."):
                index += 1
                let isDeep = index < bytes.count && bytes[index] == UInt8(ascii: ".")
                if isDeep { index += 1 }
                let start = index
                while index < bytes.count, bytes[index] != UInt8(ascii: "."), bytes[index] != UInt8(ascii: "[") { index += 1 }
                let name = Array(bytes[start..<index])
                if name.isEmpty { return nil }
                if name == [UInt8(ascii: "*")] {
                    if isDeep { return nil }
                    steps.append(.any)
                } else {
                    steps.append(isDeep ? .descendant(folded(name)) : .member(name))
                }
            case UInt8(ascii: "["):
                index += 1
                guard index < bytes.count else { return nil }
                let quote = bytes[index]
                if quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") {
                    guard let end = bytes[(index + 1)...].firstIndex(of: quote), end > index + 1, end + 1 < bytes.count,
                        bytes[end + 1] == UInt8(ascii: "]")
                    else { return nil }
                    steps.append(.member(Array(bytes[(index + 1)..<end])))
                    index = end + 2
                } else {
                    guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "]")) else { return nil }
                    let inside = String(decoding: bytes[index..<end], as: UTF8.self)
                    if inside == "*" {
                        steps.append(.any)
                    } else {
                        guard let number = Int(inside), number >= 0 else { return nil }
                        steps.append(.index(number))
                    }
                    index = end + 1
                }
            default: return nil
            }
        }
        return steps
    }

    static func folded(_ bytes: [UInt8]) -> [UInt8] { bytes.map { (0x41...0x5A).contains($0) ? $0 + 32 : $0 } }

    static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) }) else { return [] }
        return Array(bytes[first...last])
    }
}
