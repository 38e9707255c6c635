// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore

/// The operators' listener: plain HTTP on the loopback interface, one personal token per user.
///
/// It shares no route with the peers' listener. Whoever needs it from afar tunnels to it (`ssh -L`); it never listens elsewhere,
/// because a bearer token on an open network is a password shouted across the room.
package struct ManagementServer: Sendable {
    /// Open connections at most; a command line holds one for the length of one command.
    private static let connectionLimit = 256

    private let address: BindAddress
    private let responder: ManagementResponder
    private let logger: Logger

    /// - Throws: `.notLoopback` for an address that other machines could reach.
    package init(
        operations: any Operations, host: String, port: Int, logger: Logger,
        makeErrorID: @escaping @Sendable () -> String = ManagementServer.randomErrorID
    ) throws(ManagementError) {
        guard ManagementServer.isLoopback(host: host) else { throw .notLoopback(host) }
        guard (0...65_535).contains(port) else { throw .badPort(port) }
        address = .hostname(host == "localhost" ? "127.0.0.1" : host, port: port)
        responder = ManagementResponder(operations: operations, logger: logger, makeErrorID: makeErrorID)
        self.logger = logger
    }

    /// The service that listens. `onListening` gets the real port, which matters when 0 asked for any.
    package func service(onListening: @escaping @Sendable (_ port: Int) async -> Void) -> Application<
        some HTTPResponder<BasicRequestContext>
    > {
        Application(
            responder: responder,
            server: .http1(
                configuration: .init(
                    idleTimeout: .seconds(60),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 32 * 1024, maxHeaderFieldCount: 64))),
            configuration: ApplicationConfiguration(
                address: address, serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(ManagementServer.connectionLimit)),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger)
    }

    /// Numeric loopback addresses and `localhost`. Another name could resolve to anything tomorrow.
    package static func isLoopback(host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.utf8.allSatisfy { (48...57).contains($0) } && Int(part) ?? 256 < 256
            }
    }

    package static let randomErrorID: @Sendable () -> String = {
        let value = UInt64.random(in: .min ... .max)
        return Hex.encode((0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) })
    }
}

package enum ManagementError: KouanError, Equatable {
    case notLoopback(String)
    case badPort(Int)

    package var code: String {
        switch self {
        case .notLoopback: "management.not-loopback"
        case .badPort: "management.bad-port"
        }
    }

    package var message: String {
        switch self {
        case .notLoopback(let host): "the management port would listen on `\(host)`, which other machines can reach"
        case .badPort(let port): "`\(port)` is no port number"
        }
    }

    package var hint: String {
        switch self {
        case .notLoopback: "set management.listen to 127.0.0.1:PORT and reach it from afar through ssh -L"
        case .badPort: "choose a port from 1 to 65535, or 0 for any free one"
        }
    }
}
