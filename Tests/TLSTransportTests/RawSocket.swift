// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix
import Synchronization

/// A TCP connection that says whatever a test wants.
final class RawSocket: Sendable {
    private let channel: any Channel
    private let received: Received

    private final class Received: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let bytes = Mutex<[UInt8]>([])
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            bytes.withLock { $0 += Array(buffer.readableBytesView) }
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    init(port: Int) async throws {
        let received = Received()
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { $0.pipeline.addHandler(received) }
            .connect(host: "127.0.0.1", port: port).get()
        self.received = received
    }

    /// The server may have ended the connection already.
    func send(_ bytes: [UInt8]) async throws { try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get() }
    func close() async throws { try? await channel.close().get() }
    var bytes: [UInt8] { received.bytes.withLock { $0 } }
    var isClosed: Bool { !channel.isActive }
    /// Waits for the other side to end the connection.
    func untilClosed() async throws { try await channel.closeFuture.get() }

    /// A ClientHello that offers TLS 1.2 and nothing newer (RFC 5246 §7.4.1.2): one AES-GCM suite, P-256, ECDSA with SHA-256.
    static let clientHello12: [UInt8] = {
        let extensions: [UInt8] = [
            0x00, 0x0A, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17,  // supported_groups: secp256r1
            0x00, 0x0B, 0x00, 0x02, 0x01, 0x00,  // ec_point_formats: uncompressed
            0x00, 0x0D, 0x00, 0x04, 0x00, 0x02, 0x04, 0x03,  // signature_algorithms: ecdsa_secp256r1_sha256
        ]
        let body: [UInt8] =
            [0x03, 0x03] + [UInt8](repeating: 7, count: 32) + [0x00, 0x00, 0x02, 0xC0, 0x2C, 0x01, 0x00, 0x00, UInt8(extensions.count)]
            + extensions
        return [0x16, 0x03, 0x01, 0x00, UInt8(body.count + 4), 0x01, 0x00, 0x00, UInt8(body.count)] + body
    }()
}

/// Sits between a client and a server and can cut the wire.
final class Relay: Sendable {
    let port: Int
    private let listener: any Channel
    private let ends: Ends

    private final class Ends: Sendable {
        let channels = Mutex<[any Channel]>([])
    }

    private final class Glue: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let other = Mutex<(any Channel)?>(nil)
        let early = Mutex<[ByteBuffer]>([])

        func connect(to channel: any Channel) {
            other.withLock { $0 = channel }
            for buffer in early.withLock({ buffers in
                defer { buffers = [] }
                return buffers
            }) { channel.writeAndFlush(buffer, promise: nil) }
        }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            if let channel = other.withLock({ $0 }) {
                channel.writeAndFlush(buffer, promise: nil)
            } else {
                early.withLock { $0.append(buffer) }
            }
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    init(to target: Int) async throws {
        let ends = Ends()
        let group = MultiThreadedEventLoopGroup.singleton
        listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { near in
                ends.channels.withLock { $0.append(near) }
                let fromNear = Glue()
                let fromFar = Glue()
                fromFar.connect(to: near)
                return near.pipeline.addHandler(fromNear).flatMap {
                    ClientBootstrap(group: near.eventLoop).channelInitializer { $0.pipeline.addHandler(fromFar) }
                        .connect(host: "127.0.0.1", port: target)
                }.map { far in
                    ends.channels.withLock { $0.append(far) }
                    fromNear.connect(to: far)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.ends = ends
        port = listener.localAddress?.port ?? 0
    }

    /// Ends every connection with a TCP FIN and not a byte of TLS.
    func cut() async throws {
        for channel in ends.channels.withLock({ $0 }) { try? await channel.close().get() }
    }

    func close() async throws {
        try await cut()
        try await listener.close().get()
    }
}
