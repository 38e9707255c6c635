// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// One column of an answer: which member it shows and what it is called.
struct Column: Sendable {
    /// Dotted path into the row; also the column's name in CSV.
    let path: String
    let title: String
    let titleZH: String
    let alignsRight: Bool
    let convert: @Sendable (JSON) -> String

    init(_ path: String, _ title: String? = nil, zh: String? = nil, right: Bool = false, convert: (@Sendable (JSON) -> String)? = nil) {
        self.path = path
        let english = title ?? path.uppercased()
        self.title = english
        titleZH = zh ?? english
        alignsRight = right
        self.convert = convert ?? Table.plain
    }

    /// A byte count for people.
    static func bytes(_ path: String, _ title: String? = nil, zh: String? = nil) -> Column {
        Column(path, title, zh: zh, right: true) { $0.int.map { ByteCount($0).description } ?? Table.plain($0) }
    }

    /// A long identifier, shortened on a terminal: the start of a digest says enough to find it again.
    static func short(_ path: String, _ title: String? = nil, zh: String? = nil) -> Column {
        Column(path, title, zh: zh) { value in
            let text = Table.plain(value)
            return text.utf8.count > 26 && (text.hasPrefix("sha256:") || text.hasPrefix("sm3:")) ? String(text.prefix(23)) + "…" : text
        }
    }

    func value(in row: JSON) -> JSON { path.split(separator: ".").reduce(row) { $0[String($1)] ?? .null } }
}

enum Table {
    static func text(rows: [JSON], columns: [Column], language: Language, bold: Bool) -> String {
        let titles = columns.map { language($0.title, $0.titleZH) }
        let cells = rows.map { row in columns.map { clean($0.convert($0.value(in: row))) } }
        let widths = columns.indices.map { index in ([titles] + cells).reduce(0) { max($0, DisplayWidth.of($1[index])) } }
        func line(_ cells: [String]) -> String {
            let padded = zip(columns.indices, cells).map { index, cell in
                columns[index].alignsRight
                    ? String(repeating: " ", count: max(0, widths[index] - DisplayWidth.of(cell))) + cell
                    : DisplayWidth.padded(cell, to: widths[index])
            }
            let joined = padded.joined(separator: "  ")
            return String(joined.reversed().drop { $0 == " " }.reversed())
        }
        let header = line(titles)
        return ([bold ? "\u{1B}[1m\(header)\u{1B}[0m" : header] + cells.map(line)).map { $0 + "\n" }.joined()
    }

    /// `name  value`, one per line.
    static func fields(of value: JSON, columns: [Column]?, language: Language) -> String {
        let pairs: [(String, String)]
        if let columns {
            pairs = columns.compactMap { column in
                let found = column.value(in: value)
                return found == .null ? nil : (language(column.title, column.titleZH), clean(column.convert(found)))
            }
        } else {
            pairs = flatten(value, name: "")
        }
        let width = pairs.reduce(0) { max($0, DisplayWidth.of($1.0)) }
        return pairs.map { DisplayWidth.padded($0.0, to: width) + "  " + $0.1 + "\n" }.joined()
    }

    /// A value in one line of text.
    @Sendable static func plain(_ value: JSON) -> String {
        switch value {
        case .null: ""
        case .bool(let value): value ? "yes" : "no"
        case .string(let value): value
        case .array(let values): values.map(plain).joined(separator: ", ")
        case .integer, .double, .object: value.canonicalText
        }
    }

    private static func flatten(_ value: JSON, name: String) -> [(String, String)] {
        switch value {
        case .object(let members) where !members.isEmpty:
            members.sorted { $0.key < $1.key }.flatMap { flatten($0.value, name: name.isEmpty ? $0.key : name + "." + $0.key) }
        case .array(let values) where values.contains(where: { $0.object != nil }):
            zip(values.indices, values).flatMap { flatten($1, name: "\(name)[\($0)]") }
        default: [(name, clean(plain(value)))]
        }
    }

    /// Text of peers must not steer the terminal: control characters become visible.
    static func clean(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            if scalar == "\n" || scalar == "\t" || scalar == "\r" {
                out += " "
            } else if isControl(scalar) {
                out += "\u{FFFD}"
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x202A...0x202E).contains(scalar.value)
            || (0x2066...0x2069).contains(scalar.value)
    }
}

/// RFC 4180, safe to open in a spreadsheet: a cell that would start a formula gets an apostrophe before it.
enum CSV {
    static func text(rows: [JSON], columns: [Column]) -> String {
        ([columns.map(\.path)] + rows.map { row in columns.map { cell(of: $0.value(in: row)) } }).map {
            $0.map(quoted).joined(separator: ",") + "\r\n"
        }.joined()
    }

    private static func cell(of value: JSON) -> String {
        guard case .string(let text) = value else {
            if case .bool(let flag) = value { return flag ? "true" : "false" }
            return Table.plain(value)
        }
        guard let first = text.unicodeScalars.first, ["=", "+", "-", "@", "\t", "\r"].contains(first) else { return text }
        return "'" + text
    }

    private static func quoted(_ cell: String) -> String {
        guard cell.utf8.contains(where: { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }) else { return cell }
        return "\"" + cell.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

enum Shell {
    /// The word as a POSIX shell reads it back.
    static func quoted(_ word: String) -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:@%+=,".unicodeScalars)
        if !word.isEmpty, word.unicodeScalars.allSatisfy(plain.contains) { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
