// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import Exchange
import ExchangeModel
import Foundation
import Identity
import Synchronization

/// What a peer's URL asks for.
enum Route: Sendable {
    case dsp(Endpoint, id: String)
    case grant
    case receipt

    init(_ method: String, _ url: String, base: String, endpoints: CardEndpoints) throws {
        switch url {
        case endpoints.grantURL: self = .grant
        case endpoints.receiptsURL: self = .receipt
        default:
            let prefix = endpoints.dspURL
            guard url.hasPrefix(base), url.hasPrefix(prefix), let found = Route.match(method, String(url.dropFirst(prefix.count))) else {
                throw PeerTransportError.noAnswer("nothing is served at `\(method) \(url)`")
            }
            self = found
        }
    }

    private static func match(_ method: String, _ path: String) -> Route? {
        let segments = path.split(separator: "/").map(String.init)
        for endpoint in Endpoint.allCases where endpoint.method.rawValue == method && endpoint != .version {
            let template = endpoint.template.split(separator: "/").map(String.init)
            guard template.count == segments.count else { continue }
            guard zip(template, segments).allSatisfy({ $0 == "{id}" || $0 == $1 }) else { continue }
            let id = zip(template, segments).first { $0.0 == "{id}" }?.1.removingPercentEncoding ?? ""
            return .dsp(endpoint, id: id)
        }
        return nil
    }

    func kind(of body: [UInt8]?) -> NetworkCall.Kind {
        switch self {
        case .grant: return .grant
        case .receipt: return .receipt
        case .dsp(let endpoint, _):
            let type = body.flatMap { try? JSON.parse($0) }?["@type"]?.string.flatMap(MessageType.init(rawValue:))
            return (type ?? endpoint.requestType).map(NetworkCall.Kind.dsp) ?? (endpoint == .dataset ? .dataset : .state)
        }
    }
}

/// How far a reader is.
final class Position: Sendable {
    private let offset = Mutex(0)

    func advance(by step: Int, of count: Int) -> Range<Int> {
        offset.withLock { offset in
            let end = min(offset + step, count)
            defer { offset = end }
            return offset..<end
        }
    }
}
