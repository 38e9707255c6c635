// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import ExchangeModel
import Identity

/// What a path on the peers' listener stands for, below the base of our node card:
///
///     /.well-known/dspace-version        any caller whose certificate verified
///     /.well-known/kouan/node-card       any caller whose certificate verified
///     /dsp/2025-1/…                      DataspaceProtocol.Endpoint
///     /kouan/v1/grants  /kouan/v1/receipts  /kouan/v1/packages/{hex}
enum PeerRoute: Equatable {
    case version
    case nodeCard
    case message(Endpoint, id: String)
    case grants
    case receipts
    case package(hex: String)
    case wrongMethod(allowed: String)
    case unknown

    static let nodeCardPath = "/.well-known/kouan/node-card"
    static let packagesPath = "/kouan/v1/packages/"

    /// The two documents by which nodes get to know each other.
    var isOpenToAllMembers: Bool {
        switch self {
        case .version, .nodeCard: true
        default: false
        }
    }

    static func match(method: String, path: String, endpoints: CardEndpoints) -> PeerRoute {
        guard path.utf8.count <= 8192, let path = below(endpoints.peer.path, path) else { return .unknown }
        func only(_ allowed: String, _ route: PeerRoute) -> PeerRoute { method == allowed ? route : .wrongMethod(allowed: allowed) }
        switch path {
        case Endpoint.version.template: return only("GET", .version)
        case nodeCardPath: return only("GET", .nodeCard)
        case endpoints.grant: return only("POST", .grants)
        case endpoints.receipts: return only("POST", .receipts)
        default: break
        }
        if path.hasPrefix(packagesPath) {
            let hex = path.dropFirst(packagesPath.count)
            guard hex.utf8.count == 64, hex.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else {
                return .unknown
            }
            return only("GET", .package(hex: String(hex)))
        }
        guard let path = below(endpoints.dsp, path) else { return .unknown }
        return message(method: method, path: path)
    }

    /// `path` without `prefix`, if the rest is a path of its own.
    private static func below(_ prefix: String, _ path: String) -> String? {
        guard path.hasPrefix(prefix) else { return nil }
        let rest = path.dropFirst(prefix.count)
        return rest.first == "/" ? String(rest) : nil
    }

    private static func message(method: String, path: String) -> PeerRoute {
        let segments = path.dropFirst().split(separator: "/", maxSplits: 8, omittingEmptySubsequences: false)
        var allowed: Set<String> = []
        for (template, endpoint) in templates where template.count == segments.count {
            var id = ""
            let fits = zip(template, segments).allSatisfy { expected, found in
                guard expected == "{id}" else { return expected == found }
                guard let decoded = percentDecoded(found) else { return false }
                id = decoded
                return true
            }
            guard fits else { continue }
            if endpoint.method.rawValue == method { return .message(endpoint, id: id) }
            allowed.insert(endpoint.method.rawValue)
        }
        return allowed.isEmpty ? .unknown : .wrongMethod(allowed: allowed.sorted().joined(separator: ", "))
    }

    /// One endpoint per method and template, fixed segments before `{id}`. Where both roles share one, the provider's stands for both:
    /// the record that the pid names knows the role.
    private static let templates: [([Substring], Endpoint)] = {
        var found: [(template: String, endpoint: Endpoint)] = []
        for endpoint in Endpoint.allCases where endpoint != .version {
            if let index = found.firstIndex(where: { $0.template == endpoint.template && $0.endpoint.method == endpoint.method }) {
                if endpoint.role == .provider { found[index].endpoint = endpoint }
            } else {
                found.append((endpoint.template, endpoint))
            }
        }
        return found.map { ($0.template.dropFirst().split(separator: "/"), $0.endpoint) }
            .sorted { !$0.0.contains("{id}") && $1.0.contains("{id}") }
    }()

    /// One segment, decoded; nil if it is empty, too long, badly encoded, not UTF-8 or has control characters.
    static func percentDecoded(_ segment: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = segment.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else { return nil }
            bytes.append(high << 4 | low)
        }
        guard !bytes.isEmpty, bytes.count <= DSP.maxIdentifierBytes, bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
