// SPDX-License-Identifier: Apache-2.0

package import Exchange
package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
package import TLSTransport

/// The peers' listener: TLS with client certificates, the Dataspace Protocol, key grants, receipts and package bytes.
///
/// It shares no route with the operators' port. Who is at the other end is known before the first byte of a request is read; nobody but
/// an active peer is answered, except for the two documents by which nodes get to know each other.
package struct PeerServer: Sendable {
    /// - Parameters:
    ///   - context: must require client certificates.
    ///   - port: 0 for any free one.
    ///   - onRunning: gets the real port once the server listens.
    package static func make(
        exchange: Exchange, context: TLSServerContext, host: String, port: Int, logger: Logger,
        limits: PeerServerLimits = PeerServerLimits(), onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> some ApplicationProtocol {
        precondition(context.clientCertificate == .required, "the peers' listener identifies its callers by certificate")
        return Application(
            responder: PeerResponder(exchange: exchange, limits: limits, logger: logger),
            server: .kouanTLS(context),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? 0) },
            logger: logger)
    }
}

/// Bounds of the peers' listener, beside those of its TLS context.
package struct PeerServerLimits: Sendable {
    /// A protocol message; the standard's own are a few kilobytes.
    package var messageBytes = 1 << 20
    /// A grant request or a receipt half.
    package var smallBodyBytes = 64 << 10
    /// From the head of a request to the end of its body.
    package var bodyTimeout: TimeAmount = .seconds(30)
    /// A download whose peer takes nothing for this long ends.
    package var stallTimeout: TimeAmount = .seconds(60)
    /// Messages being answered at once, all peers together, and of one peer. Each holds up to `messageBytes`.
    package var messages = 256
    package var messagesPerPeer = 32
    /// Downloads at once. Each holds one `sliceBytes`.
    package var downloads = 128
    package var downloadsPerPeer = 16
    /// How much of a package is read and handed to the connection at a time.
    package var sliceBytes = 256 << 10
    /// After this many bytes a download asks again whether its transfer still runs.
    package var recheckBytes: Int64 = 32 << 20
    /// What a refused caller is told to wait.
    package var retryAfterSeconds = 2

    package init() {}
}
