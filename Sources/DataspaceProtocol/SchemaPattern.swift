// SPDX-License-Identifier: Apache-2.0

/// The part of ECMA-262 regular expressions that the bundled schemas use, matched in linear time.
///
/// Alternation, groups, classes, `.`, `^`, `$`, escapes, `? * + {n} {n,} {n,m}` and their lazy forms (laziness does not change
/// *whether* a text matches). The text is walked once with the set of live instructions, so no input can make it backtrack.
struct SchemaPattern: Sendable {
    private enum Instruction: Sendable {
        case scalar(Set)
        case split(Int, Int)
        case jump(Int)
        case start, end, match
    }

    fileprivate struct Set: Sendable {
        var ranges: [ClosedRange<UInt32>]
        var isNegated = false
        func contains(_ value: UInt32) -> Bool { ranges.contains { $0.contains(value) } != isNegated }
    }

    fileprivate indirect enum Node {
        case set(Set)
        case sequence([Node])
        case alternatives([Node])
        case repeated(Node, least: Int, most: Int?)
        case start, end
    }

    /// Longer texts are refused rather than matched: the two patterns are for a time and for a URL.
    static let maxScalars = 4_096
    private static let maxInstructions = 4_096

    private var program: [Instruction] = []

    /// nil when `pattern` uses something outside the subset.
    init?(_ pattern: String) {
        var parser = PatternParser(pattern)
        guard let node = parser.alternatives(depth: 0), parser.isAtEnd, emit(node) else { return nil }
        program.append(.match)
    }

    /// Whether any part of `text` matches: JSON Schema does not anchor patterns.
    func matches(_ text: String) -> Bool {
        let scalars = text.unicodeScalars.prefix(SchemaPattern.maxScalars + 1).map(\.value)
        guard scalars.count <= SchemaPattern.maxScalars else { return false }
        var live: [Int] = []
        var marked = [Int](repeating: -1, count: program.count)
        for position in 0...scalars.count {
            if follow(0, position, scalars.count, into: &live, &marked) { return true }
            guard position < scalars.count else { break }
            var next: [Int] = []
            for index in live {
                guard case .scalar(let set) = program[index], set.contains(scalars[position]) else { continue }
                if follow(index + 1, position + 1, scalars.count, into: &next, &marked) { return true }
            }
            live = next
        }
        return false
    }

    /// Adds what is reachable from `first` without reading; true when that includes the end of the pattern.
    private func follow(_ first: Int, _ position: Int, _ count: Int, into live: inout [Int], _ marked: inout [Int]) -> Bool {
        var pending = [first]
        while let index = pending.popLast() {
            if marked[index] == position { continue }
            marked[index] = position
            switch program[index] {
            case .match: return true
            case .scalar: live.append(index)
            case .jump(let target): pending.append(target)
            case .split(let one, let two): pending += [two, one]
            case .start: if position == 0 { pending.append(index + 1) }
            case .end: if position == count { pending.append(index + 1) }
            }
        }
        return false
    }

    private mutating func emit(_ node: Node) -> Bool {
        guard program.count < SchemaPattern.maxInstructions else { return false }
        switch node {
        case .set(let set): program.append(.scalar(set))
        case .start: program.append(.start)
        case .end: program.append(.end)
        case .sequence(let nodes):
            for node in nodes where !emit(node) { return false }
        case .alternatives(let nodes):
            var jumps: [Int] = []
            for (number, node) in nodes.enumerated() {
                let split = program.count
                let isLast = number == nodes.count - 1
                if !isLast { program.append(.jump(0)) }
                guard emit(node) else { return false }
                if !isLast {
                    jumps.append(program.count)
                    program.append(.jump(0))
                    program[split] = .split(split + 1, program.count)
                }
            }
            for jump in jumps { program[jump] = .jump(program.count) }
        case .repeated(let node, let least, let most):
            for _ in 0..<least where !emit(node) { return false }
            if let most {
                var splits: [Int] = []
                for _ in least..<max(least, most) {
                    splits.append(program.count)
                    program.append(.jump(0))
                    guard emit(node) else { return false }
                }
                for split in splits { program[split] = .split(split + 1, program.count) }
            } else {
                let split = program.count
                program.append(.jump(0))
                guard emit(node) else { return false }
                program.append(.jump(split))
                program[split] = .split(split + 1, program.count)
            }
        }
        return true
    }
}

private struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private var offset = 0

    init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

    var isAtEnd: Bool { offset == scalars.count }
    private var peek: Unicode.Scalar? { offset < scalars.count ? scalars[offset] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        offset += 1
        return true
    }

    mutating func alternatives(depth: Int) -> SchemaPattern.Node? {
        guard depth < 32 else { return nil }
        var branches: [SchemaPattern.Node] = []
        repeat {
            var parts: [SchemaPattern.Node] = []
            while let next = peek, next != "|", next != ")" {
                guard let atom = atom(depth: depth), let part = quantified(atom) else { return nil }
                parts.append(part)
            }
            branches.append(.sequence(parts))
        } while take("|")
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func atom(depth: Int) -> SchemaPattern.Node? {
        guard let next = peek else { return nil }
        offset += 1
        switch next {
        case "(":
            if take("?") { guard take(":") else { return nil } }
            guard let inner = alternatives(depth: depth + 1), take(")") else { return nil }
            return inner
        case "[": return characterClass()
        case ".": return .set(.init(ranges: [0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029], isNegated: true))
        case "^": return .start
        case "$": return .end
        case "\\": return escape().map { .set($0) }
        case "*", "+", "?", "{", "}", "]", ")": return nil
        default: return .set(.init(ranges: [next.value...next.value]))
        }
    }

    private mutating func escape() -> SchemaPattern.Set? {
        guard let next = peek else { return nil }
        offset += 1
        switch next {
        case "d": return .init(ranges: [0x30...0x39])
        case "D": return .init(ranges: [0x30...0x39], isNegated: true)
        case "w": return .init(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
        case "n": return .init(ranges: [0x0A...0x0A])
        case "t": return .init(ranges: [0x09...0x09])
        default:
            guard next.isASCII, !next.properties.isAlphabetic, next.properties.numericType == nil else { return nil }
            return .init(ranges: [next.value...next.value])
        }
    }

    private mutating func characterClass() -> SchemaPattern.Node? {
        var set = SchemaPattern.Set(ranges: [], isNegated: take("^"))
        while let low = peek, low != "]" {
            offset += 1
            if low == "\\" {
                guard let inner = escape(), !inner.isNegated else { return nil }
                set.ranges += inner.ranges
                continue
            }
            var high = low
            if peek == "-", offset + 1 < scalars.count, scalars[offset + 1] != "]" {
                high = scalars[offset + 1]
                guard high != "\\", high.value >= low.value else { return nil }
                offset += 2
            }
            set.ranges.append(low.value...high.value)
        }
        return take("]") ? .set(set) : nil
    }

    private mutating func quantified(_ atom: SchemaPattern.Node) -> SchemaPattern.Node? {
        var least = 1
        var most: Int? = 1
        switch peek {
        case "?": least = 0
        case "*": (least, most) = (0, nil)
        case "+": most = nil
        case "{":
            offset += 1
            guard let low = number() else { return nil }
            (least, most) = (low, low)
            if take(",") { most = peek == "}" ? nil : number() }
            guard peek == "}", least <= most ?? .max else { return nil }
        default: return atom
        }
        offset += 1
        _ = take("?")
        return .repeated(atom, least: least, most: most)
    }

    private mutating func number() -> Int? {
        var text = ""
        while let digit = peek, ("0"..."9").contains(digit), text.count < 3 {
            text.unicodeScalars.append(digit)
            offset += 1
        }
        return Int(text)
    }
}
