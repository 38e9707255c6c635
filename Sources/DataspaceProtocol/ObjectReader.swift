// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// Takes typed members out of a JSON object, within our limits, and says where something is wrong.
struct ObjectReader {
    let members: [String: JSON]
    let pointer: JSONPointer

    init(_ json: JSON, at pointer: JSONPointer = .root) throws(DSPError) {
        guard let members = json.object else { throw .value(pointer: pointer, problem: "must be an object") }
        self.members = members
        self.pointer = pointer
    }

    func fail(_ key: String, _ problem: String) -> DSPError { .value(pointer: pointer.appending(key), problem: problem) }

    /// A name or IRI: 1 to `limit` bytes, no control characters.
    func identifier(_ key: String, limit: Int = DSP.maxIdentifierBytes) throws(DSPError) -> String {
        guard let value = try optionalIdentifier(key, limit: limit) else { throw fail(key, "is missing") }
        return value
    }

    func optionalIdentifier(_ key: String, limit: Int = DSP.maxIdentifierBytes) throws(DSPError) -> String? {
        guard let value = try optionalText(key, limit: limit) else { return nil }
        guard !value.isEmpty else { throw fail(key, "must not be empty") }
        return value
    }

    /// A process id: an identifier that can stand as one segment of a URL path.
    func pid(_ key: String) throws(DSPError) -> String {
        let value = try identifier(key)
        guard value != ".", value != ".." else { throw fail(key, "cannot be a path segment") }
        return value
    }

    /// An absolute http or https URL below which paths can be appended.
    func baseURL(_ key: String) throws(DSPError) -> String {
        let value = try identifier(key, limit: DSP.maxURLBytes)
        guard BaseURL.isUsable(value) else { throw fail(key, "must be an absolute http or https URL without user, query or fragment") }
        return value
    }

    /// Text that may be empty: the standard lets an error name a process that does not exist.
    func text(_ key: String, limit: Int = DSP.maxIdentifierBytes) throws(DSPError) -> String {
        guard let value = try optionalText(key, limit: limit) else { throw fail(key, "is missing") }
        return value
    }

    func optionalText(_ key: String, limit: Int) throws(DSPError) -> String? {
        guard let member = members[key] else { return nil }
        guard let value = member.string else { throw fail(key, "must be a string") }
        guard value.utf8.count <= limit else { throw fail(key, "is longer than \(limit) bytes") }
        guard !value.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw fail(key, "has a control character")
        }
        return value
    }

    func list(_ key: String, limit: Int) throws(DSPError) -> [JSON] {
        guard let member = members[key] else { return [] }
        guard let values = member.array else { throw fail(key, "must be an array") }
        guard values.count <= limit else { throw fail(key, "has more than \(limit) items") }
        return values
    }

    /// Reasons are shown to people and may be any JSON; they are cut rather than refused, so that an ending is never lost to its text.
    func reasons(_ key: String = "reason") throws(DSPError) -> [String] {
        guard let member = members[key] else { return [] }
        guard let values = member.array else { throw fail(key, "must be an array") }
        return values.prefix(DSP.maxReasons).map { value in
            let text = value.string ?? value["@value"]?.string ?? value.canonicalText
            var out = ""
            for scalar in text.unicodeScalars {
                let next = scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar
                guard out.utf8.count + next.utf8.count <= DSP.maxReasonBytes else { break }
                out.unicodeScalars.append(next)
            }
            return out
        }
    }

    func optionalCode() throws(DSPError) -> String? { try optionalText("code", limit: DSP.maxCodeBytes) }

    func extensions() throws(DSPError) -> [String: JSON] {
        let found = members.filter { $0.key.hasPrefix(DSP.extensionPrefix) }
        guard found.count <= DSP.maxExtensions else {
            throw .value(pointer: pointer, problem: "has more than \(DSP.maxExtensions) extension members")
        }
        return found
    }
}

/// Addresses that a peer gives for us to append paths to.
package enum BaseURL {
    /// Scheme http or https, a host, printable ASCII, no user, query or fragment, no dot segments. Whether the address may be
    /// *called* is decided elsewhere: it is chosen by the peer.
    package static func isUsable(_ text: String) -> Bool {
        let lower = text.lowercased()
        let scheme = lower.hasPrefix("https://") ? 8 : lower.hasPrefix("http://") ? 7 : 0
        guard scheme > 0, text.utf8.count <= DSP.maxURLBytes else { return false }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !forbidden.contains($0) }) else { return false }
        let parts = text.utf8.dropFirst(scheme).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty, host.first != UInt8(ascii: ":") else { return false }
        return !parts.dropFirst().contains { isDotSegment($0) }
    }

    private static let forbidden = Array("@?#\\\"<>^`{|}".utf8)

    private static func isDotSegment(_ segment: Substring.UTF8View.SubSequence) -> Bool {
        let plain = String(decoding: segment, as: UTF8.self).lowercased().replacing("%2e", with: ".")
        return plain == "." || plain == ".."
    }

    /// `base` and `path` joined by exactly one slash.
    package static func join(_ base: String, _ path: String) -> String {
        var out = base
        while out.hasSuffix("/") { out.removeLast() }
        return path.hasPrefix("/") ? out + path : out + "/" + path
    }

    /// `text` as one path segment (RFC 3986 pchar; all else percent-encoded).
    package static func segment(_ text: String) -> String {
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: ":"):
                out.append(byte)
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
