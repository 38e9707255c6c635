// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives

/// Masks columns of a table (RFC 4180: header row, quoted fields that may hold delimiters, quotes and line ends; CRLF or LF; UTF-8 with
/// or without a byte order mark) and marks its rows.
///
/// Strict, since two readers of a loose file may see two tables: a quote inside a bare field, text after a closing quote, a bare CR, or a
/// row with another number of fields than the header is refused. Columns that are not masked pass through byte for byte.
final class CSVRewriter: DataRewriter {
    private enum State { case fieldStart, bare, quoted, quoteInQuoted, carriageReturn }

    private let treatment: DataTreatment
    private let path: String
    private let delimiter: UInt8
    private(set) var found: Set<Int> = []

    private var state = State.fieldStart
    private var markProgress = 0
    private var atStart = true
    private var row: Int64 = 1
    private var column = 0
    /// Decoded text of the field, kept in the header and in masked columns only.
    private var field: [UInt8] = []
    private var isQuoted = false
    /// Whether the line has anything but delimiters.
    private var hasContent = false
    private var header: [[UInt8]] = []
    private var headerBytes = 0
    /// By column; nil passes.
    private var methods: [MaskMethod?] = []
    /// The row as written, for its tag.
    private var authenticator: Authenticator?

    private static let fieldLimit = 1 << 20
    private static let headerLimit = 1 << 20
    private static let columnLimit = 16_384
    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    init(_ treatment: DataTreatment, path: String, delimiter: UInt8) {
        self.treatment = treatment
        self.path = path
        self.delimiter = delimiter
    }

    func update(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) throws(DataDutyError) {
        var index = 0
        if atStart {
            while index < bytes.count, atStart {
                let byte = bytes[index]
                if byte == CSVRewriter.mark[markProgress] {
                    markProgress += 1
                    index += 1
                    if markProgress == 3 {
                        output += CSVRewriter.mark
                        atStart = false
                    }
                } else {
                    atStart = false
                    for withheld in CSVRewriter.mark.prefix(markProgress) { try take(withheld, &output) }
                }
            }
        }
        while index < bytes.count {
            // A run of ordinary bytes of a field that passes goes in one piece.
            if !keepsField, state == .bare || state == .quoted {
                let start = index
                if state == .bare {
                    while index < bytes.count, !isSpecial(bytes[index]) { index += 1 }
                } else {
                    while index < bytes.count, bytes[index] != UInt8(ascii: "\"") { index += 1 }
                }
                if index > start { emit(UnsafeRawBufferPointer(rebasing: bytes[start..<index]), &output) }
                if index == bytes.count { break }
            }
            try take(bytes[index], &output)
            index += 1
        }
    }

    func finish(into output: inout [UInt8]) throws(DataDutyError) {
        if atStart {
            atStart = false
            for withheld in CSVRewriter.mark.prefix(markProgress) { try take(withheld, &output) }
        }
        switch state {
        case .quoted: throw malformed("a quoted field is not closed")
        case .carriageReturn: throw malformed("a carriage return stands alone")
        case .fieldStart where column == 0: return
        case .fieldStart, .bare, .quoteInQuoted: try endRow([], &output)
        }
    }

    private func isSpecial(_ byte: UInt8) -> Bool {
        byte == delimiter || byte == UInt8(ascii: "\"") || byte == 0x0A || byte == 0x0D
    }

    /// Whether the current field is collected instead of passed on.
    private var keepsField: Bool { row == 1 || method != nil }
    private var method: MaskMethod? { row > 1 && column < methods.count ? methods[column] : nil }

    private func take(_ byte: UInt8, _ output: inout [UInt8]) throws(DataDutyError) {
        switch (state, byte) {
        case (.fieldStart, UInt8(ascii: "\"")):
            state = .quoted
            isQuoted = true
            hasContent = true
            pass(byte, &output)
        case (.fieldStart, delimiter), (.bare, delimiter), (.quoteInQuoted, delimiter):
            try endField(&output)
            emit(byte, &output)
        case (.fieldStart, 0x0A), (.bare, 0x0A), (.quoteInQuoted, 0x0A): try endRow([0x0A], &output)
        case (.fieldStart, 0x0D), (.bare, 0x0D), (.quoteInQuoted, 0x0D): state = .carriageReturn
        case (.carriageReturn, 0x0A): try endRow([0x0D, 0x0A], &output)
        case (.carriageReturn, _): throw malformed("a carriage return stands alone")
        case (.quoteInQuoted, UInt8(ascii: "\"")):
            state = .quoted
            try keep(byte)
            pass(byte, &output)
        case (.quoteInQuoted, _): throw malformed("text follows a closing quote")
        case (.quoted, UInt8(ascii: "\"")):
            state = .quoteInQuoted
            pass(byte, &output)
        case (.bare, UInt8(ascii: "\"")): throw malformed("a quote stands inside a field that is not quoted")
        case (.quoted, _), (.fieldStart, _), (.bare, _):
            if state == .fieldStart {
                state = .bare
                hasContent = true
            }
            if byte == 0, row == 1 { throw malformed("it is not text in UTF-8") }
            try keep(byte)
            pass(byte, &output)
        }
    }

    private func keep(_ byte: UInt8) throws(DataDutyError) {
        guard keepsField else { return }
        field.append(byte)
        if row == 1 {
            headerBytes += 1
            guard headerBytes <= CSVRewriter.headerLimit else { throw malformed("its header is longer than 1 MiB") }
        }
        guard field.count <= CSVRewriter.fieldLimit else { throw malformed("a field to be masked is longer than 1 MiB") }
    }

    /// Passes a byte of the field on, unless the field is masked.
    private func pass(_ byte: UInt8, _ output: inout [UInt8]) { if method == nil { emit(byte, &output) } }

    private func emit(_ byte: UInt8, _ output: inout [UInt8]) {
        output.append(byte)
        authenticator?.update([byte])
    }

    private func emit(_ bytes: UnsafeRawBufferPointer, _ output: inout [UInt8]) {
        output.append(contentsOf: bytes)
        authenticator?.update(bytes)
    }

    private func endField(_ output: inout [UInt8]) throws(DataDutyError) {
        if row == 1 {
            guard header.count < CSVRewriter.columnLimit else { throw malformed("it has more than 16384 columns") }
            header.append(field)
        } else if let method {
            let masked = Array((treatment.masker.masked(field, method) ?? "").utf8)
            let bytes = isQuoted || masked.contains(where: isSpecial) ? quoted(masked) : masked
            bytes.withUnsafeBytes { emit($0, &output) }
        }
        field.removeAll(keepingCapacity: true)
        isQuoted = false
        state = .fieldStart
        column += 1
        if row > 1, column > header.count { throw malformed("row \(row) has more fields than the header") }
    }

    private func quoted(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = [UInt8(ascii: "\"")]
        for byte in bytes {
            if byte == UInt8(ascii: "\"") { out.append(byte) }
            out.append(byte)
        }
        out.append(UInt8(ascii: "\""))
        return out
    }

    private func endRow(_ lineEnd: [UInt8], _ output: inout [UInt8]) throws(DataDutyError) {
        let isBlank = column == 0 && !hasContent
        try endField(&output)
        if row == 1 {
            chooseColumns()
            if treatment.rowTag != nil {
                output.append(delimiter)
                output += Array(RowTag.column.utf8)
            }
        } else if isBlank, header.count > 1 {
            // An empty line is no row.
        } else {
            guard column == header.count else { throw malformed("row \(row) has \(column) fields, the header has \(header.count)") }
            if let authenticator = authenticator.take() {
                output.append(delimiter)
                output += Array(String(hexDigits: authenticator.finish().prefix(8)).utf8)
            }
        }
        output += lineEnd
        row += 1
        column = 0
        hasContent = false
        try beginTag()
    }

    private func chooseColumns() {
        methods = header.map { name in
            let folded = FieldPath.folded(FieldPath.trimmed(name))
            var method: MaskMethod?
            for (index, field) in treatment.fields.enumerated() where field.path.column == folded {
                found.insert(index)
                if method == nil { method = field.method }
            }
            return method
        }
    }

    private func beginTag() throws(DataDutyError) {
        guard let tag = treatment.rowTag else { return }
        do { authenticator = try Authenticator.start(.sha256, key: tag.key) } catch { throw malformed("its rows cannot be marked") }
    }

    private func malformed(_ detail: String) -> DataDutyError { .malformed(path: path, detail: detail) }
}
