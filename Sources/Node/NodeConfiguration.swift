// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel
import Yams

/// What `kouan.yaml` says, overridden by the environment, overridden by flags; read once, before anything else.
///
/// Every key is a row of `NodeConfiguration.keys`: its meaning, unit, default and reader stand there once, and the initial file,
/// `config show` and the errors are all made from that row. An unknown key fails: a misspelt limit must not mean no limit.
package struct NodeConfiguration: Sendable, Equatable {
    package var participant: ParticipantID
    package var nameZH: String
    package var nameEN: String
    package var country: CountryCode
    package var province: ProvinceCode?
    package var industry: String
    package var peerListen: ListenAddress
    /// `https://host[:port]`, without a slash at the end.
    package var peerURL: String
    package var managementListen: ListenAddress
    /// A level of swift-log.
    package var logLevel: String
    /// Nil: the one that `init` gave the ledger.
    package var ledgerOrigin: String?
    package var proxyURL: String?
    /// Hosts that are reached without the proxy.
    package var proxyExclude: [String]
    package var crlGraceSeconds: Int
    package var grantLeaseSeconds: Int
    /// Where this node opens packages: a country, or a province of the mainland. Nil is not known.
    package var place: String?
    /// In what it opens them: `sandbox`, `TEE`.
    package var environments: [String]
    package var receiptDeadlineSeconds: Int

    /// Each key with its effective value and where that came from, in the order of `keys`.
    private var shown: [ShownValue]

    package struct ShownValue: Sendable, Equatable {
        package let key: String
        package let value: String
        /// `kouan.yaml:12`, `environment KOUAN_LOG_LEVEL`, `flag --log-level` or `default`.
        package let origin: String
    }

    /// The effective configuration as `config show` prints it: `{"values":[{"key","value","origin"?}]}`.
    package func show(origin: Bool) -> JSON {
        .object([
            "values": .array(
                shown.map { value in
                    .members([
                        "key": .string(value.key), "value": .string(value.value), "origin": origin ? .string(value.origin) : nil,
                    ])
                })
        ])
    }
}

/// `host:port`; an IPv6 host stands in brackets.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    package let host: String
    /// 0 asks for any free port.
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package init?(parsing text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port) else {
            return nil
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard !host.isEmpty,
                host.utf8.allSatisfy({ ListenAddress.hexDigits.contains($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
            else { return nil }
        } else {
            guard !host.isEmpty, host.utf8.allSatisfy({ ListenAddress.isHostByte($0) }) else { return nil }
        }
        self.init(host: host, port: port)
    }

    package var description: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    private static let hexDigits = Set("0123456789abcdefABCDEF".utf8)

    static func isHostByte(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "-")
    }
}

package enum ConfigurationError: KouanError, Equatable {
    case tooLarge(path: String)
    case malformed(path: String, detail: String)
    case unknownKey(String, place: String, nearest: String?)
    case missing(key: String, path: String)
    case badValue(key: String, value: String, place: String, expected: String)

    package var code: String {
        switch self {
        case .tooLarge: "configuration.too-large"
        case .malformed: "configuration.malformed"
        case .unknownKey: "configuration.unknown-key"
        case .missing: "configuration.missing"
        case .badValue: "configuration.bad-value"
        }
    }

    package var message: String {
        switch self {
        case .tooLarge(let path): "`\(path)` is larger than 256 KiB"
        case .malformed(let path, let detail): "`\(path)` is not YAML that can be read: \(detail)"
        case .unknownKey(let key, let place, _): "`\(key)` at \(place) is no configuration key"
        case .missing(let key, let path): "`\(path)` lacks the key `\(key)`"
        case .badValue(let key, let value, let place, _): "`\(value.prefix(200))` at \(place) is no value for `\(key)`"
        }
    }

    package var hint: String {
        switch self {
        case .tooLarge: "this is not a configuration file of Kouan"
        case .malformed: "check the indentation around that line"
        case .unknownKey(_, _, let nearest): nearest.map { "did you mean `\($0)`?" } ?? "kouan config show lists the keys"
        case .missing(let key, _): "add a line for \(key)"
        case .badValue(_, _, _, let expected): "write \(expected)"
        }
    }
}

// MARK: - Reading

extension NodeConfiguration {
    /// - Parameters:
    ///   - path: of the file, for messages.
    ///   - environment: all variables; those named `KOUAN_…` after a key count.
    ///   - flags: key → value, as given on the command line.
    package static func parse(
        yaml: String, path: String, environment: [String: String] = [:], flags: [String: String] = [:]
    ) throws(ConfigurationError) -> NodeConfiguration {
        var values: [String: (text: String, origin: String)] = [:]
        for (key, text, line) in try scalars(yaml: yaml, path: path) {
            let place = "\(path):\(line)"
            guard keys.contains(where: { $0.name == key }) else {
                throw .unknownKey(key, place: place, nearest: nearest(to: key, in: keys.map(\.name)))
            }
            values[key] = (text, place)
        }
        for (variable, text) in environment.sorted(by: { $0.key < $1.key }) where variable.hasPrefix("KOUAN_") {
            if let key = keys.first(where: { $0.environmentName == variable }) {
                values[key.name] = (text, "environment \(variable)")
            } else if !otherVariables.contains(variable), let near = nearest(to: variable, in: keys.map(\.environmentName)) {
                throw .unknownKey(variable, place: "environment", nearest: near)
            }
        }
        for (name, text) in flags.sorted(by: { $0.key < $1.key }) {
            guard keys.contains(where: { $0.name == name }) else {
                throw .unknownKey(name, place: "command line", nearest: nearest(to: name, in: keys.map(\.name)))
            }
            values[name] = (text, "flag")
        }
        return try NodeConfiguration(values: values, path: path)
    }

    private init(values: [String: (text: String, origin: String)], path: String) throws(ConfigurationError) {
        var shown: [ShownValue] = []
        func read<Value>(_ name: String, _ expected: String, _ convert: (String) -> Value?) throws(ConfigurationError) -> Value? {
            let key = NodeConfiguration.key(name)
            guard let (text, origin) = values[name] ?? key.defaultText.map({ ($0, "default") }) else { return nil }
            guard let value = convert(text) else { throw .badValue(key: name, value: text, place: origin, expected: expected) }
            shown.append(ShownValue(key: name, value: text, origin: origin))
            return value
        }
        func need<Value>(_ name: String, _ expected: String, _ convert: (String) -> Value?) throws(ConfigurationError) -> Value {
            guard let value = try read(name, expected, convert) else { throw .missing(key: name, path: path) }
            return value
        }
        let name: (String) -> String? = { text in
            (1...200).contains(text.count) && !text.unicodeScalars.contains { $0.value < 32 } ? text : nil
        }
        participant = try need("participant", "a participant URN with right check digits, as urn:uscc:91350000MA0000000X") {
            try? ParticipantID(parsing: $0)
        }
        nameZH = try need("nameZH", "a name of 1 to 200 characters", name)
        nameEN = try need("nameEN", "a name of 1 to 200 characters", name)
        country = try need("country", "an ISO 3166-1 alpha-2 code, as CN") { try? CountryCode(parsing: $0) }
        province = try read("province", "a province of GB/T 2260, as CN-350000") { try? ProvinceCode(parsing: $0) }
        industry = try need("industry", "a letter and up to four digits of GB/T 4754, as C38") { text in
            let bytes = Array(text.utf8)
            return (1...5).contains(bytes.count) && (65...84).contains(bytes[0]) && bytes.dropFirst().allSatisfy { (48...57).contains($0) }
                ? text : nil
        }
        peerListen = try need("peer.listen", "host:port, as 0.0.0.0:8443") { ListenAddress(parsing: $0) }
        peerURL = try need("peer.url", "https://host or https://host:port without a path") {
            NodeConfiguration.originURL($0, schemes: ["https"])
        }
        managementListen = try need("management.listen", "a loopback address and port, as 127.0.0.1:8080") { text in
            ListenAddress(parsing: text).flatMap { $0.host == "localhost" || $0.host == "::1" || $0.host.hasPrefix("127.") ? $0 : nil }
        }
        let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
        logLevel = try need("log.level", "one of " + levels.joined(separator: ", ")) { levels.contains($0) ? $0 : nil }
        ledgerOrigin = try read("ledger.origin", "1 to 200 printable characters without spaces and plus signs") { text in
            (1...200).contains(text.utf8.count) && text.utf8.allSatisfy { (33...126).contains($0) && $0 != UInt8(ascii: "+") } ? text : nil
        }
        proxyURL = try read("proxy.url", "http://host:port without user and password") {
            NodeConfiguration.originURL($0, schemes: ["http"])
        }
        proxyExclude = try need("proxy.exclude", "host names and addresses, separated by commas") { text in
            let hosts = text.split(separator: ",").map { String($0.trimmingSpaces()) }
            return hosts.count <= 100 && hosts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(ListenAddress.isHostByte) }) ? hosts : nil
        }
        crlGraceSeconds = try need("trust.crlGrace", "seconds from 0 to 604800, or a time as 12h or 7d") {
            NodeConfiguration.seconds($0, in: 0...604_800)
        }
        place = try read("node.place", "an ISO 3166-1 alpha-2 code, or a province of GB/T 2260 as CN-440000") { text in
            (try? CountryCode(parsing: text)) != nil || (try? ProvinceCode(parsing: text)) != nil ? text : nil
        }
        environments = try need("node.environment", "one or both of sandbox and TEE, separated by a comma") { text in
            let parts = text.split(separator: ",").map { String($0.trimmingSpaces()) }
            return parts.allSatisfy(["sandbox", "TEE"].contains) && Set(parts).count == parts.count ? parts : nil
        }
        grantLeaseSeconds = try need("grants.leaseSeconds", "seconds from 1 to 31536000") {
            NodeConfiguration.seconds($0, in: 1...31_536_000)
        }
        receiptDeadlineSeconds = try need("receipts.deadlineSeconds", "seconds from 1 to 604800") {
            NodeConfiguration.seconds($0, in: 1...604_800)
        }
        self.shown = shown
    }

    /// The leaves of the document as dotted keys, with the line each stands on. A list becomes its items joined by commas.
    private static func scalars(yaml: String, path: String) throws(ConfigurationError) -> [(key: String, text: String, line: Int)] {
        guard yaml.utf8.count <= 256 * 1024 else { throw .tooLarge(path: path) }
        let root: Yams.Node?
        do { root = try Yams.compose(yaml: yaml) } catch {
            throw .malformed(path: path, detail: oneLine("\(error)"))
        }
        guard let root else { return [] }
        guard case .mapping = root else { throw .malformed(path: path, detail: "the top level is not a list of keys") }
        var found: [(key: String, text: String, line: Int)] = []
        try collect(root, key: "", path: path, depth: 0, into: &found)
        return found
    }

    private static func collect(
        _ node: Yams.Node, key: String, path: String, depth: Int, into found: inout [(key: String, text: String, line: Int)]
    ) throws(ConfigurationError) {
        let line = node.mark?.line ?? 0
        switch node {
        case .mapping(let mapping):
            guard depth < 4 else { throw .malformed(path: path, detail: "line \(line) is nested too deep") }
            for (name, value) in mapping {
                guard let text = name.scalar?.string else {
                    throw .malformed(path: path, detail: "line \(name.mark?.line ?? line) has a key that is not text")
                }
                try collect(value, key: key.isEmpty ? text : key + "." + text, path: path, depth: depth + 1, into: &found)
            }
        case .sequence(let sequence):
            var items: [String] = []
            for item in sequence {
                guard let text = item.scalar?.string else {
                    throw .malformed(path: path, detail: "the list at line \(line) holds more than text")
                }
                items.append(text)
            }
            found.append((key, items.joined(separator: ","), line))
        case .scalar(let scalar):
            // `key:` with nothing behind it is an unset key, not an empty one.
            if scalar.style == .plain, ["", "~", "null"].contains(scalar.string) {
                guard keys.contains(where: { $0.name == key || $0.name.hasPrefix(key + ".") }) else {
                    throw .unknownKey(key, place: "\(path):\(line)", nearest: nearest(to: key, in: keys.map(\.name)))
                }
            } else {
                found.append((key, scalar.string, line))
            }
        case .alias:
            throw .malformed(path: path, detail: "line \(line) has an alias")
        }
    }

    private static func integer(_ text: String, in range: ClosedRange<Int>) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int(text), range.contains(value) else {
            return nil
        }
        return value
    }

    /// `300`, `5m`, `12h`, `7d`.
    private static func seconds(_ text: String, in range: ClosedRange<Int>) -> Int? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let last = text.last else { return nil }
        guard let unit = units[last] else { return integer(text, in: range) }
        return integer(String(text.dropLast()), in: 0...1_000_000_000).map { $0 * unit }.flatMap { range.contains($0) ? $0 : nil }
    }

    /// `scheme://host[:port]`; no user, path or query, so that nothing secret stands in it and paths can be appended.
    private static func originURL(_ text: String, schemes: [String]) -> String? {
        var rest = text
        if rest.hasSuffix("/") { rest.removeLast() }
        for scheme in schemes where rest.hasPrefix(scheme + "://") {
            let authority = String(rest.dropFirst(scheme.count + 3))
            let address = ListenAddress(parsing: authority) ?? ListenAddress(parsing: authority + ":443")
            return address.flatMap { $0.port > 0 ? rest : nil }
        }
        return nil
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).prefix(2).map { $0.trimmingSpaces() }.joined(separator: " ")
    }

    /// The candidate within a third of its length in edits; nil when none is that near.
    package static func nearest(to word: String, in candidates: [String]) -> String? {
        let best = candidates.map { (text: $0, edits: editDistance(word.lowercased(), $0.lowercased())) }.min { $0.edits < $1.edits }
        return best.flatMap { $0.edits <= max(1, $0.text.count / 3) ? $0.text : nil }
    }

    private static func editDistance(_ left: String, _ right: String) -> Int {
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

// MARK: - The keys

extension NodeConfiguration {
    package struct Key: Sendable {
        package let name: String
        /// One line: what it is, and its unit.
        package let meaning: String
        package let defaultText: String?

        /// `peer.listen` → `KOUAN_PEER_LISTEN`, `nameZH` → `KOUAN_NAME_ZH`.
        package var environmentName: String {
            var out = "KOUAN_"
            var previousWasLower = false
            for character in name {
                if character == "." {
                    out += "_"
                } else {
                    if character.isUppercase, previousWasLower { out += "_" }
                    out += character.uppercased()
                }
                previousWasLower = character.isLowercase
            }
            return out
        }
    }

    package static let keys: [Key] = [
        Key(name: "participant", meaning: "the legal entity: urn:uscc:…, urn:lei:… or urn:reg:<country>:…", defaultText: nil),
        Key(name: "nameZH", meaning: "its name in Chinese", defaultText: nil),
        Key(name: "nameEN", meaning: "its name in English", defaultText: nil),
        Key(name: "country", meaning: "where it is registered, ISO 3166-1 alpha-2", defaultText: nil),
        Key(name: "province", meaning: "its province by GB/T 2260, inside China: CN-350000", defaultText: nil),
        Key(name: "industry", meaning: "its industry by GB/T 4754: C38", defaultText: nil),
        Key(name: "peer.listen", meaning: "where peers connect: address:port", defaultText: "0.0.0.0:8443"),
        Key(name: "peer.url", meaning: "the same place as peers see it: https://host:port", defaultText: nil),
        Key(name: "management.listen", meaning: "where operators connect, loopback only: address:port", defaultText: "127.0.0.1:8080"),
        Key(name: "log.level", meaning: "trace, debug, info, notice, warning, error or critical", defaultText: "info"),
        Key(name: "ledger.origin", meaning: "the name of this node's ledger; init sets it, and it never changes", defaultText: nil),
        Key(name: "proxy.url", meaning: "HTTP proxy towards peers: http://host:port", defaultText: nil),
        Key(name: "proxy.exclude", meaning: "hosts reached without it, separated by commas", defaultText: ""),
        Key(name: "trust.crlGrace", meaning: "how long past its next update a CRL is still taken: seconds, or 12h, 7d", defaultText: "0"),
        Key(name: "grants.leaseSeconds", meaning: "how long a key grant of ours may be used: seconds", defaultText: "3600"),
        Key(
            name: "node.place", meaning: "where this node opens packages: ISO 3166-1 alpha-2, or a province as CN-440000; policies may ask",
            defaultText: nil),
        Key(name: "node.environment", meaning: "in what it opens them, separated by commas: sandbox, TEE", defaultText: ""),
        Key(
            name: "receipts.deadlineSeconds", meaning: "how long we wait for the consumer's half of a receipt: seconds",
            defaultText: "300"),
    ]

    /// Variables of the command line that are no configuration keys.
    private static let otherVariables: Set<String> = ["KOUAN_DATA", "KOUAN_LANG", "KOUAN_TOKEN_FILE"]

    private static func key(_ name: String) -> Key {
        guard let key = keys.first(where: { $0.name == name }) else { preconditionFailure("no key \(name)") }
        return key
    }

    /// The file that `init` writes: every key with its meaning, those without a value commented out.
    package static func initialFile(values: [String: String]) -> String {
        var out = "# Kouan node configuration. Environment variables (KOUAN_PEER_LISTEN …) and flags come before this file.\n"
        out += "# An unknown key stops the node: kouan config show --origin tells what is in force and why.\n"
        var section = ""
        for key in keys {
            let parts = key.name.split(separator: ".", maxSplits: 1).map(String.init)
            let nested = parts.count == 2
            if nested, parts[0] != section {
                let sectionIsEmpty = keys.allSatisfy { !$0.name.hasPrefix(parts[0] + ".") || values[$0.name] == nil }
                out += "\n" + (sectionIsEmpty ? "# " : "") + parts[0] + ":\n"
            } else if !nested {
                out += "\n"
            }
            section = nested ? parts[0] : ""
            let indentation = nested ? "  " : ""
            out += "\(indentation)# \(key.meaning)"
            out += key.defaultText.map { $0.isEmpty ? "" : " (default \($0))" } ?? ""
            out += "\n"
            let leaf = parts.last ?? key.name
            if let value = values[key.name] {
                out += "\(indentation)\(leaf): \(quoted(value))\n"
            } else {
                out += "\(indentation.isEmpty ? "" : "")# \(indentation)\(leaf): \(key.defaultText.map(quoted) ?? "…")\n"
            }
        }
        return out
    }

    /// A double-quoted YAML scalar; what needs no quotes goes without.
    private static func quoted(_ text: String) -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./".unicodeScalars)
        if !text.isEmpty, text.unicodeScalars.allSatisfy(plain.contains), text.first != "-", text.first?.isLetter == true,
            !["no", "NO", "No", "yes", "on", "off", "true", "false", "null", "y", "n"].contains(text)
        {
            return text
        }
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

extension StringProtocol {
    fileprivate func trimmingSpaces() -> SubSequence {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace }) else {
            return self[endIndex..<endIndex]
        }
        return self[first...last]
    }
}
