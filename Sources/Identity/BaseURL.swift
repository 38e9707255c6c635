// SPDX-License-Identifier: Apache-2.0

/// Where a node listens: `https://host[:port][/path]`, in one spelling (docs/formats/node-card.md §2).
package struct BaseURL: Sendable, Hashable, CustomStringConvertible {
    package let description: String
    /// DNS name, IPv4 address, or IPv6 address without its brackets.
    package let host: String
    package let port: Int
    /// Empty, or starting with a slash and not ending with one.
    package let path: String

    package init?(parsing text: String) {
        let scheme = "https://"
        guard text.utf8.count <= 512, isASCII(text), text.hasPrefix(scheme) else { return nil }
        let rest = text.dropFirst(scheme.count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        path = String(rest[slash...])
        guard path.isEmpty || BaseURL.isPath(path) else { return nil }

        var authority = rest[..<slash]
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = String(authority[authority.index(after: authority.startIndex)..<end])
            guard BaseURL.isIPv6(host) else { return nil }
            authority = authority[authority.index(after: end)...]
        } else {
            let end = authority.firstIndex(of: ":") ?? authority.endIndex
            host = String(authority[..<end])
            guard BaseURL.isHostName(host) else { return nil }
            authority = authority[end...]
        }
        if authority.isEmpty {
            port = 443
        } else {
            let digits = authority.dropFirst()
            guard authority.first == ":", digits.utf8.count <= 5, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                digits.first != "0", let number = Int(digits), (1...65535).contains(number)
            else { return nil }
            port = number
        }
        description = text
    }

    /// 1 to 8 segments of unreserved characters, each after a slash; no `.` or `..`.
    package static func isPath(_ text: String) -> Bool {
        guard text.utf8.count <= 256, text.utf8.first == UInt8(ascii: "/") else { return false }
        let segments = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        return segments.count <= 8
            && segments.allSatisfy { $0 != "." && $0 != ".." && consists($0, upTo: 256, of: lowerCase + upperCase + decimals + "-._~") }
    }

    private static func isHostName(_ text: String) -> Bool {
        guard text.utf8.count <= 253 else { return false }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard
            labels.allSatisfy({
                consists($0, upTo: 63, of: lowerCase + decimals + "-") && $0.first != "-" && $0.last != "-"
            })
        else { return false }
        // A last label of digits makes it an IPv4 address, which then must be one.
        guard let last = labels.last, last.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return true }
        return labels.count == 4 && labels.allSatisfy { UInt8($0).map { "\($0)" } == $0 }
    }

    private static func isIPv6(_ text: String) -> Bool {
        guard consists(text, upTo: 39, of: "0123456789abcdef:") else { return false }
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return false }
        let groups = halves.flatMap { $0.isEmpty ? [] : $0.split(separator: ":", omittingEmptySubsequences: false) }
        return groups.allSatisfy { (1...4).contains($0.utf8.count) } && (halves.count == 2 ? groups.count <= 7 : groups.count == 8)
    }
}
