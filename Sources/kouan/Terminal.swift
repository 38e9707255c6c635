// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One of the process's standard streams, written whole and without buffering, so that what was printed before a crash is there.
struct Terminal: Sendable {
    static let standardOutput = Terminal(descriptor: STDOUT_FILENO)
    static let standardError = Terminal(descriptor: STDERR_FILENO)

    let descriptor: Int32

    var isTerminal: Bool { isatty(descriptor) == 1 }

    /// A reader that went away (`| head`) ends the process by SIGPIPE, as for every other tool; other failures are ignored, since
    /// there is nowhere left to tell them.
    func write(_ text: String) { write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent) }
            if count < 0 {
                guard errno == EINTR || errno == EAGAIN else { return }
                continue
            }
            sent += count
        }
    }
}

/// How wide text stands on a terminal: Chinese characters take two columns.
enum DisplayWidth {
    static func of(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + of($1) } }

    static func padded(_ text: String, to width: Int) -> String { text + String(repeating: " ", count: max(0, width - of(text))) }

    /// At most `width` columns; what is cut ends with an ellipsis.
    static func clipped(_ text: String, to width: Int) -> String {
        guard of(text) > width else { return text }
        var out = ""
        var used = 0
        for scalar in text.unicodeScalars {
            let columns = of(scalar)
            guard used + columns <= width - 1 else { break }
            out.unicodeScalars.append(scalar)
            used += columns
        }
        return out + "…"
    }

    private static func of(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: 0
        case 0x300..<0x370, 0x200B...0x200F, 0xFE00...0xFE0F: 0
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF, 0xAC00...0xD7A3,
            0xF900...0xFAFF, 0xFE30...0xFE4F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            2
        default: 1
        }
    }
}

enum Spelling {
    /// The candidate within a third of its length in edits; nil when none is that near.
    static func nearest(to word: String, in candidates: [String]) -> String? {
        let best = candidates.map { (text: $0, edits: edits(word.lowercased(), $0.lowercased())) }.min { $0.edits < $1.edits }
        return best.flatMap { $0.edits <= max(1, $0.text.count / 3) ? $0.text : nil }
    }

    private static func edits(_ left: String, _ right: String) -> Int {
        let right = Array(right.prefix(100))
        var row = Array(0...right.count)
        for (i, a) in left.prefix(100).enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let substitution = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
