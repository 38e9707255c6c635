// SPDX-License-Identifier: Apache-2.0

/// Masks members of JSON documents, one or many in a file (JSON Lines), by RFC 8259 and nothing looser, since two readers of a loose file
/// may see two trees. What is not masked passes through byte for byte.
///
/// A masked number becomes text; a masked `true` or `false` becomes null, as its mask would say as much as it does. A masked object or array
/// keeps its shape and loses its values, or becomes null where values are removed. Members that are given twice are all masked.
final class JSONRewriter: DataRewriter {
    private enum State {
        /// A value, or the end of an empty array.
        case value, firstElement
        /// A key, or the end of an empty object.
        case key, firstKey
        case colon, afterValue
        case string, escape, number, literal
    }

    /// Where in the paths a value stands: step `position` of field `field` comes next.
    private struct Place: Hashable {
        let field: Int
        let position: Int
    }

    private struct Frame {
        let isObject: Bool
        var index = 0
        /// Of the container itself.
        let places: [Place]
        /// All values inside are masked.
        let method: MaskMethod?
    }

    private let treatment: DataTreatment
    private let path: String
    private(set) var found: Set<Int> = []

    private var state = State.value
    private var stack: [Frame] = []
    private var offset: Int64 = -1
    private var bomProgress = 0
    /// Characters of a key, a masked string, a number or a word.
    private var token: [UInt8] = []
    private var isKey = false
    /// Of the value that comes next or is being read.
    private var places: [Place]
    private var method: MaskMethod?
    /// While set, nothing is written: a removed container, by the depth at which it ends.
    private var mutedDepth: Int?

    private static let depthLimit = 512
    private static let keyLimit = 1 << 16
    private static let tokenLimit = 1 << 20

    init(_ treatment: DataTreatment, path: String) {
        self.treatment = treatment
        self.path = path
        places = JSONRewriter.start(treatment)
    }

    private static func start(_ treatment: DataTreatment) -> [Place] {
        treatment.fields.indices.map { Place(field: $0, position: 0) }
    }

    func update(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) throws(DataDutyError) {
        var index = 0
        while index < bytes.count {
            // A run of ordinary bytes of a string that passes goes in one piece.
            if state == .string, !isKey, method == nil {
                let start = index
                while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\"), bytes[index] >= 0x20 {
                    index += 1
                }
                if index > start {
                    offset += Int64(index - start)
                    if mutedDepth == nil { output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start..<index])) }
                }
                if index == bytes.count { break }
            }
            offset += 1
            try take(bytes[index], &output)
            index += 1
        }
    }

    func finish(into output: inout [UInt8]) throws(DataDutyError) {
        if state == .number || state == .literal { try endBare(&output) }
        guard stack.isEmpty, state == .afterValue || state == .value else { throw malformed("it ends in the middle") }
    }

    // MARK: Bytes

    private func take(_ byte: UInt8, _ output: inout [UInt8]) throws(DataDutyError) {
        switch state {
        case .string: return try takeInString(byte, &output)
        case .escape:
            guard token.isEmpty || token.count < JSONRewriter.tokenLimit else {
                throw malformed("a text to be masked is longer than 1 MiB")
            }
            state = .string
            guard Array("\"\\/bfnrtu".utf8).contains(byte) else { throw malformed("a text has an unknown escape") }
            return try add(byte, &output)
        case .number, .literal:
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                token.append(byte)
                guard token.count <= 1024 else { throw malformed("a number has more than 1024 digits") }
                return
            default:
                try endBare(&output)
                return try take(byte, &output)
            }
        default: break
        }
        if offset < 3, offset == Int64(bomProgress), byte == [0xEF, 0xBB, 0xBF][bomProgress] {
            bomProgress += 1
            return emit(byte, &output)
        }
        guard bomProgress == 0 || bomProgress == 3 else { throw malformed("it is not JSON") }
        if byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { return emit(byte, &output) }
        switch (state, byte) {
        case (.value, _), (.firstElement, _):
            if state == .firstElement, byte == UInt8(ascii: "]") { return try close(byte, isObject: false, &output) }
            try beginValue(byte, &output)
        case (.firstKey, UInt8(ascii: "}")): try close(byte, isObject: true, &output)
        case (.firstKey, UInt8(ascii: "\"")), (.key, UInt8(ascii: "\"")):
            (state, isKey) = (.string, true)
            token.removeAll(keepingCapacity: true)
            emit(byte, &output)
        case (.colon, UInt8(ascii: ":")):
            state = .value
            emit(byte, &output)
        case (.afterValue, UInt8(ascii: ",")):
            guard let last = stack.indices.last else { throw malformed("a comma stands between documents") }
            emit(byte, &output)
            if stack[last].isObject {
                state = .key
            } else {
                stack[last].index += 1
                enterChild(nil, stack[last].index)
                state = .value
            }
        case (.afterValue, UInt8(ascii: "}")): try close(byte, isObject: true, &output)
        case (.afterValue, UInt8(ascii: "]")): try close(byte, isObject: false, &output)
        case (.afterValue, _) where stack.isEmpty:
            // The next document of JSON Lines.
            places = JSONRewriter.start(treatment)
            method = nil
            try beginValue(byte, &output)
        default: throw malformed("an unexpected character stands at byte \(offset)")
        }
    }

    private func takeInString(_ byte: UInt8, _ output: inout [UInt8]) throws(DataDutyError) {
        switch byte {
        case UInt8(ascii: "\\"):
            state = .escape
            try add(byte, &output)
        case UInt8(ascii: "\""):
            if isKey {
                emit(byte, &output)
                guard let name = JSONRewriter.unescaped(token) else { throw malformed("a member's name has a bad escape") }
                isKey = false
                enterChild(name, nil)
                state = .colon
            } else {
                if let method {
                    guard let text = JSONRewriter.unescaped(token) else { throw malformed("a text has a bad escape") }
                    write(treatment.masker.masked(text, method), &output)
                } else {
                    emit(byte, &output)
                }
                state = .afterValue
            }
        case 0..<0x20: throw malformed("a control character stands in a text")
        default: try add(byte, &output)
        }
    }

    /// A byte of a string: kept for a key and a masked text, passed on unless masked.
    private func add(_ byte: UInt8, _ output: inout [UInt8]) throws(DataDutyError) {
        if isKey || method != nil {
            token.append(byte)
            guard token.count <= (isKey ? JSONRewriter.keyLimit : JSONRewriter.tokenLimit) else {
                throw malformed(isKey ? "a member's name is longer than 64 KiB" : "a text to be masked is longer than 1 MiB")
            }
        }
        if isKey || method == nil { emit(byte, &output) }
    }

    private func emit(_ byte: UInt8, _ output: inout [UInt8]) { if mutedDepth == nil { output.append(byte) } }

    private func emit(_ bytes: [UInt8], _ output: inout [UInt8]) { if mutedDepth == nil { output += bytes } }

    // MARK: Values

    private func beginValue(_ byte: UInt8, _ output: inout [UInt8]) throws(DataDutyError) {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard stack.count < JSONRewriter.depthLimit else { throw malformed("it is nested deeper than 512 levels") }
            if method == .remove, mutedDepth == nil {
                emit(Array("null".utf8), &output)
                mutedDepth = stack.count
            }
            emit(byte, &output)
            let isObject = byte == UInt8(ascii: "{")
            stack.append(Frame(isObject: isObject, places: places, method: method))
            state = isObject ? .firstKey : .firstElement
            if !isObject { enterChild(nil, 0) }
        case UInt8(ascii: "\""):
            state = .string
            token.removeAll(keepingCapacity: true)
            if method == nil { emit(byte, &output) }
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            state = .number
            token = [byte]
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            state = .literal
            token = [byte]
        default: throw malformed("an unexpected character stands at byte \(offset)")
        }
    }

    private func endBare(_ output: inout [UInt8]) throws(DataDutyError) {
        if state == .number {
            guard JSONRewriter.isNumber(token) else { throw malformed("a number is malformed before byte \(offset)") }
            if let method { write(treatment.masker.masked(token, method), &output) } else { emit(token, &output) }
        } else {
            let word = String(decoding: token, as: UTF8.self)
            guard word == "true" || word == "false" || word == "null" else { throw malformed("`\(word)` is no value") }
            emit(method == nil ? token : Array("null".utf8), &output)
        }
        state = .afterValue
    }

    private func close(_ byte: UInt8, isObject: Bool, _ output: inout [UInt8]) throws(DataDutyError) {
        guard let frame = stack.popLast(), frame.isObject == isObject else { throw malformed("brackets do not match at byte \(offset)") }
        emit(byte, &output)
        if mutedDepth == stack.count { mutedDepth = nil }
        state = .afterValue
    }

    /// What the paths say of the member `name`, or of the element at `index`, of the innermost container.
    private func enterChild(_ name: [UInt8]?, _ index: Int?) {
        guard let parent = stack.last else { return }
        var next: [Place] = []
        var chosen = parent.method
        func add(_ place: Place) {
            guard place.position < treatment.fields[place.field].path.steps.count else {
                found.insert(place.field)
                if chosen == nil { chosen = treatment.fields[place.field].method }
                return
            }
            if !next.contains(place.self) { next.append(place) }
        }
        for place in parent.places {
            let further = Place(field: place.field, position: place.position + 1)
            switch treatment.fields[place.field].path.steps[place.position] {
            case .member(let wanted): if name == wanted { add(further) }
            case .index(let wanted): if index == wanted { add(further) }
            case .any: add(further)
            case .descendant(let wanted):
                add(place)
                if let name, FieldPath.folded(name) == wanted { add(further) }
            }
        }
        places = next
        method = chosen
    }

    private func write(_ text: String?, _ output: inout [UInt8]) {
        guard let text else { return emit(Array("null".utf8), &output) }
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: bytes += Array("\\u00".utf8) + Array(String(hexDigits: [byte]).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
        emit(bytes, &output)
    }

    private func malformed(_ detail: String) -> DataDutyError { .malformed(path: path, detail: detail) }

    // MARK: Grammar

    /// The characters of a string without its escapes; nil for `\u` without four digits. Half a surrogate pair becomes U+FFFD.
    static func unescaped(_ raw: [UInt8]) -> [UInt8]? {
        guard raw.contains(UInt8(ascii: "\\")) else { return raw }
        var out: [UInt8] = []
        var index = 0
        func unit(_ at: Int) -> UInt16? {
            guard at + 4 <= raw.count else { return nil }
            var value: UInt16 = 0
            for byte in raw[at..<at + 4] {
                guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
                value = value << 4 | UInt16(digit)
            }
            return value
        }
        func append(_ scalar: Unicode.Scalar) { out += Array(String(Character(scalar)).utf8) }
        while index < raw.count {
            guard raw[index] == UInt8(ascii: "\\") else {
                out.append(raw[index])
                index += 1
                continue
            }
            guard index + 1 < raw.count else { return nil }
            index += 2
            switch raw[index - 1] {
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0C)
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "u"):
                guard let first = unit(index) else { return nil }
                index += 4
                if let scalar = Unicode.Scalar(first) {
                    append(scalar)
                } else if (0xD800...0xDBFF).contains(first), index + 1 < raw.count, raw[index] == UInt8(ascii: "\\"),
                    raw[index + 1] == UInt8(ascii: "u"), let second = unit(index + 2), (0xDC00...0xDFFF).contains(second),
                    let scalar = Unicode.Scalar(0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF)))
                {
                    append(scalar)
                    index += 6
                } else {
                    append("\u{FFFD}")
                }
            default: out.append(raw[index - 1])
            }
        }
        return out
    }

    /// RFC 8259 §6.
    static func isNumber(_ bytes: [UInt8]) -> Bool {
        var index = 0
        func digits() -> Int {
            let start = index
            while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) { index += 1 }
            return index - start
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: "-") { index += 1 }
        let first = index
        let whole = digits()
        guard whole > 0, whole == 1 || bytes[first] != UInt8(ascii: "0") else { return false }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            guard digits() > 0 else { return false }
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: "e") || bytes[index] == UInt8(ascii: "E") {
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") { index += 1 }
            guard digits() > 0 else { return false }
        }
        return index == bytes.count
    }
}
