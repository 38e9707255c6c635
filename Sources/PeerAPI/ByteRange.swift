// SPDX-License-Identifier: Apache-2.0

/// What a `Range` header asks for (RFC 9110 §14.2). One range of bytes; several are refused, since nobody of ours asks for them and each
/// would be another read of the package.
enum ByteRange: Equatable {
    case whole
    case part(Range<Int64>)
    /// Badly written, several, or beyond the end.
    case unsatisfiable

    static func parse(_ header: String?, size: Int64) -> ByteRange {
        guard let header else { return .whole }
        let parts = header.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].lowercased() == "bytes" else { return .whole }  // another unit is ignored, as the RFC has it
        let bounds = parts[1].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard bounds.count == 2, size > 0 else { return .unsatisfiable }
        switch (number(bounds[0]), number(bounds[1])) {
        case (.none, .some(let suffix)) where bounds[0].isEmpty:
            return suffix > 0 ? .part(max(0, size - suffix)..<size) : .unsatisfiable
        case (.some(let first), .none) where bounds[1].isEmpty:
            return first < size ? .part(first..<size) : .unsatisfiable
        case (.some(let first), .some(let last)):
            return first <= last && first < size ? .part(first..<min(last, size - 1) + 1) : .unsatisfiable
        default: return .unsatisfiable
        }
    }

    /// Digits only; a number too large for any package stands for the largest.
    private static func number(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(text) ?? .max
    }
}
