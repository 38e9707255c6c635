// SPDX-License-Identifier: Apache-2.0
package import HummingbirdCore
package import Logging
package import NIOCore
import Synchronization

/// HTTP/1.1 over our TLS, as a child channel of a Hummingbird server.
///
/// While it answers requests, `TLSConnection.current` is the connection they came on. Every request passes `revalidate()` first.
package struct KouanTLSChannel: ServerChildChannel {
    package struct Value: ServerChildChannelValue {
        let http: HTTP1Channel.Value
        package let connection: TLSConnection
        package var channel: any Channel { http.channel }
    }

    private let context: TLSServerContext
    private let http: HTTP1Channel

    package init(
        context: TLSServerContext, configuration: HTTP1Channel.Configuration = KouanTLSChannel.defaultHTTP,
        responder: @escaping HTTPChannelHandler.Responder
    ) {
        self.context = context
        http = HTTP1Channel(
            responder: { request, writer, channel in
                try TLSConnection.current?.revalidate()
                try await responder(request, writer, channel)
            }, configuration: configuration)
    }

    /// Idle connections end after a minute; headers are bounded to 32 KiB.
    package static var defaultHTTP: HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            idleTimeout: .seconds(60),
            httpDecoderConfiguration: .init(maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 32 * 1024, maxHeaderFieldCount: 100))
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let connection = TLSConnection(context: context, channel: channel)
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
                TLSServerHandler(context: context, connection: connection, logger: logger))
        }.flatMap {
            http.setup(channel: channel, logger: logger)
        }.map { Value(http: $0, connection: connection) }
    }

    package func handle(value: Value, logger: Logger) async {
        await TLSConnection.$current.withValue(value.connection) {
            await http.handle(value: value.http, logger: logger)
        }
    }
}

extension HTTPServerBuilder {
    /// For `Application(router:server:)`: HTTP/1.1 over TLS with `context`.
    package static func kouanTLS(
        _ context: TLSServerContext, configuration: HTTP1Channel.Configuration = KouanTLSChannel.defaultHTTP
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in KouanTLSChannel(context: context, configuration: configuration, responder: responder) }
    }
}

/// Tells who waits which port a server got, when it was asked for port 0. Hand `report` to `onServerRunning`.
package final class BoundPort: Sendable {
    private let promise = Mutex<(port: Int?, waiters: [CheckedContinuation<Int, Never>])>((nil, []))

    package init() {}

    package func report(_ channel: any Channel) {
        let port = channel.localAddress?.port ?? 0
        let waiters = promise.withLock { state in
            state.port = port
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: port) }
    }

    /// The bound port, as soon as the server runs.
    package func value() async -> Int {
        await withCheckedContinuation { continuation in
            let port = promise.withLock { state in
                if state.port == nil { state.waiters.append(continuation) }
                return state.port
            }
            if let port { continuation.resume(returning: port) }
        }
    }
}
