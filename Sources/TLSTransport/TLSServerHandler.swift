// SPDX-License-Identifier: Apache-2.0
import ExchangeModel
import Logging
import NIOCore

/// TLS between a socket and the HTTP handlers above it.
///
///     waiting ──channelActive──▶ handshaking ──▶ open ──close, error──▶ closing ──peer's end, timer──▶ closed
///
/// In `closing` our last bytes (close_notify or an alert) are on their way; what still arrives is thrown away. Closing a socket with
/// unread bytes would send a reset, and a reset can overtake the alert.
final class TLSServerHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = ByteBuffer

    private enum State { case waiting, handshaking, open, closing, closed }

    private let serverContext: TLSServerContext
    private let connection: TLSConnection
    private let logger: Logger
    private var engine: TLSEngine?
    private var state = State.waiting
    private var timer: Scheduled<Void>?

    // Reading
    private var handshakeBytes = 0
    private var discardedBytes = 0
    private var isDelivering = false
    private var deliveredSinceRead = false
    private var peerSentClose = false
    private var inputClosedByUs = false

    // Writing
    private var queue = CircularBuffer<(bytes: ByteBuffer, promise: EventLoopPromise<Void>?)>()
    private var queuedBytes = 0
    private var isPumping = false
    private var flushed = 0  // how many of `queue` may be sent
    private var small = ByteBuffer()  // small writes of one flush share a record
    private var outputClosing: (wanted: Bool, promise: EventLoopPromise<Void>?, then: CloseMode) = (false, nil, .output)

    private static let deliveryBytes = 64 * 1024
    private static let batchBytes = 128 * 1024
    private static let smallWriteBytes = 4096
    private static let discardLimit = 4 * 1024 * 1024

    init(context: TLSServerContext, connection: TLSConnection, logger: Logger) {
        serverContext = context
        self.connection = connection
        self.logger = logger
    }

    // MARK: Start and end

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard state == .waiting else { return }
        do {
            try serverContext.admit()
        } catch {
            state = .closed
            serverContext.report(.refused(error, remote: connection.remoteAddress))
            context.close(promise: nil)
            return
        }
        do {
            engine = try TLSEngine(generation: serverContext.generation)
            state = .handshaking
            schedule(context, after: serverContext.limits.handshakeTimeout) { handler, context in
                handler.fail(context, .timedOut(.handshake))
            }
        } catch {
            state = .handshaking
            fail(context, error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        switch state {
        case .handshaking: report(.truncated, duringHandshake: true)
        case .open where !peerSentClose:
            report(.truncated, duringHandshake: false)
            context.fireErrorCaught(TransportError.truncated)
        default: break
        }
        finish()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { finish() }

    /// Everything that must happen exactly once, however the connection ended.
    private func finish() {
        timer?.cancel()
        timer = nil
        guard state != .closed else { return }
        if state == .handshaking { serverContext.handshakeEnded() }
        if state != .waiting { serverContext.connectionEnded() }
        state = .closed
        failQueue(with: ChannelError.ioOnClosedChannel)
        let closing = outputClosing.promise
        outputClosing = (false, nil, .output)
        closing?.succeed(())
        engine = nil
    }

    private func schedule(
        _ context: ChannelHandlerContext, after delay: TimeAmount, _ body: @escaping (TLSServerHandler, ChannelHandlerContext) -> Void
    ) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in
            guard let self, self.state != .closed else { return }
            body(self, context)
        }
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        switch state {
        case .handshaking:
            handshakeBytes += bytes.readableBytes
            guard handshakeBytes <= serverContext.limits.handshakeBytes else {
                fail(context, .overloaded("\(serverContext.limits.handshakeBytes) bytes before the handshake"))
                return
            }
            engine?.receive(bytes)
            continueHandshake(context)
        case .open:
            guard !peerSentClose else { return }
            engine?.receive(bytes)
            deliver(context)
        case .closing:
            discardedBytes += bytes.readableBytes
            if discardedBytes > Self.discardLimit { context.close(promise: nil) }
        case .waiting, .closed: break
        }
    }

    private func continueHandshake(_ context: ChannelHandlerContext) {
        guard let engine else { return }
        switch engine.handshake() {
        case .needsInput: sendOutput(context)
        case .failed(let error): fail(context, error)
        case .done:
            serverContext.handshakeEnded()
            state = .open
            timer?.cancel()
            timer = nil
            connection.established(engine)
            sendOutput(context)
            if let peer = connection.peer {
                logger.debug(
                    "connection accepted",
                    metadata: ["peer": "\(peer.participant)", "tls": "\(peer.tlsVersion)", "cipher": "\(peer.cipher)"])
            }
            deliver(context)  // application data may have come with the client's last message
            pump(context)
        }
    }

    private func deliver(_ context: ChannelHandlerContext) {
        // A handler above may write or read again while it takes what we fire; the outer call goes on with what then arrived.
        guard !isDelivering else { return }
        isDelivering = true
        defer { isDelivering = false }
        guard stillTrusted(context) else { return }
        while state == .open, !peerSentClose, let engine {
            var plaintext = context.channel.allocator.buffer(capacity: min(Self.deliveryBytes, max(engine.bufferedInput, 1024)))
            let result = engine.decrypt(into: &plaintext, limit: Self.deliveryBytes)
            if plaintext.readableBytes > 0 {
                deliveredSinceRead = true
                context.fireChannelRead(wrapInboundOut(plaintext))
            }
            switch result {
            case .some: continue
            case .needsInput:
                sendOutput(context)  // the answer to a key update, if any
                return
            case .closed:
                peerClosed(context)
                return
            case .failed(let error):
                fail(context, error)
                return
            }
        }
    }

    /// close_notify arrived: nothing more will be read, what we still have to say goes out.
    private func peerClosed(_ context: ChannelHandlerContext) {
        guard state == .open else { return }
        peerSentClose = true
        deliveredSinceRead = true
        context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // Ciphertext came but no whole record: whoever asked for bytes still waits for them.
        // And at the end nobody above asks any more, but the peer's own end must still be seen.
        if !deliveredSinceRead || state == .closing { context.read() }
    }

    func read(context: ChannelHandlerContext) {
        deliveredSinceRead = false
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .inputClosed = event as? ChannelEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        switch state {
        case .handshaking: fail(context, .truncated)
        case .open:
            if inputClosedByUs {
                context.fireUserInboundEventTriggered(event)
            } else if !peerSentClose {
                fail(context, .truncated)
            }
        case .closing: context.close(promise: nil)
        case .waiting, .closed: context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: Writing

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard state == .open || state == .handshaking || state == .waiting, !outputClosing.wanted else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        guard case .byteBuffer(let bytes) = unwrapOutboundIn(data) else {
            promise?.fail(ChannelError.operationUnsupported)
            return
        }
        guard queuedBytes <= serverContext.limits.queuedWriteBytes || bytes.readableBytes == 0 else {
            // Left out, these bytes would be a hole in the stream that neither side sees: the connection ends instead.
            let error = TransportError.overloaded("\(serverContext.limits.queuedWriteBytes) bytes waiting to be sent")
            promise?.fail(error)
            fail(context, error)
            return
        }
        queuedBytes += bytes.readableBytes
        queue.append((bytes, promise))
    }

    func flush(context: ChannelHandlerContext) {
        flushed = queue.count
        pump(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        pump(context)
        context.fireChannelWritabilityChanged()
    }

    /// Encrypts and sends what was flushed, in batches, for as long as the channel takes it.
    private func pump(_ context: ChannelHandlerContext) {
        // A flush may make the channel writable at once, which calls this again; the loop below sees it.
        guard state == .open, !isPumping else { return }
        guard flushed == 0 || stillTrusted(context) else { return }
        isPumping = true
        defer { isPumping = false }
        while flushed > 0, context.channel.isWritable, let engine {
            var promises: [EventLoopPromise<Void>] = []
            var batch = 0
            var failure: TransportError?
            while failure == nil, flushed > 0, batch < Self.batchBytes {
                let count = queue[queue.startIndex].bytes.readableBytes
                if count <= Self.smallWriteBytes {
                    small.writeImmutableBuffer(queue[queue.startIndex].bytes)
                    if small.readableBytes >= TLSEngine.recordBytes - Self.smallWriteBytes { failure = encryptSmall(engine) }
                    dequeue(&promises)
                    batch += count
                } else {
                    failure = encryptSmall(engine)
                    let part = min(count, Self.batchBytes - batch)
                    if failure == nil {
                        failure = unsafe queue[queue.startIndex].bytes.readableBytesView.prefix(part).withUnsafeBytes {
                            unsafe engine.encrypt($0)
                        }
                    }
                    batch += part
                    if part == count {
                        dequeue(&promises)
                    } else {
                        queue[queue.startIndex].bytes.moveReaderIndex(forwardBy: part)
                        queuedBytes -= part
                    }
                }
            }
            if failure == nil { failure = encryptSmall(engine) }
            if let failure {
                for promise in promises { promise.fail(failure) }
                fail(context, failure)
                return
            }
            guard engine.hasOutput else {
                for promise in promises { promise.succeed(()) }
                continue
            }
            let promise = Self.join(promises, on: context.eventLoop)
            engine.withOutput { context.writeAndFlush(wrapOutboundOut($0), promise: promise) }
        }
        if flushed == 0, outputClosing.wanted { sendClose(context) }
    }

    private func dequeue(_ promises: inout [EventLoopPromise<Void>]) {
        let first = queue.removeFirst()
        flushed -= 1
        queuedBytes -= first.bytes.readableBytes
        if let promise = first.promise { promises.append(promise) }
    }

    private func encryptSmall(_ engine: TLSEngine) -> TransportError? {
        guard small.readableBytes > 0 else { return nil }
        defer { small.clear() }
        return unsafe small.withUnsafeReadableBytes { unsafe engine.encrypt($0) }
    }

    private static func join(_ promises: [EventLoopPromise<Void>], on loop: any EventLoop) -> EventLoopPromise<Void>? {
        guard promises.count > 1 else { return promises.first }
        let joint = loop.makePromise(of: Void.self)
        for promise in promises { joint.futureResult.cascade(to: promise) }
        return joint
    }

    private func sendOutput(_ context: ChannelHandlerContext) {
        engine?.withOutput { context.writeAndFlush(wrapOutboundOut($0), promise: nil) }
    }

    private func failQueue(with error: any Error) {
        let waiting = queue
        queue = CircularBuffer()
        queuedBytes = 0
        flushed = 0
        for (_, promise) in waiting { promise?.fail(error) }
    }

    // MARK: Trust

    /// Checks the peer again where trust changed since; closes without a word where it is gone.
    private func stillTrusted(_ context: ChannelHandlerContext) -> Bool {
        do {
            try connection.revalidate()
            return true
        } catch {
            if state == .open {
                state = .closing
                report(error, duringHandshake: false)
            }
            failQueue(with: error)
            context.fireErrorCaught(error)
            context.close(promise: nil)
            return false
        }
    }

    // MARK: Closing

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch (state, mode) {
        case (_, .input):
            inputClosedByUs = true
            context.close(mode: .input, promise: promise)
        case (.open, _):
            if let promise {
                if let earlier = outputClosing.promise {
                    earlier.futureResult.cascade(to: promise)
                } else {
                    outputClosing.promise = promise
                }
            }
            if mode == .all { outputClosing.then = .all }
            guard !outputClosing.wanted else { return }
            outputClosing.wanted = true
            flushed = queue.count
            // Bounds both the rest of the queue at a peer that reads nothing, and the wait for its close_notify.
            schedule(context, after: serverContext.limits.closeTimeout) { _, context in context.close(promise: nil) }
            pump(context)
        case (.closing, .output): promise?.succeed(())
        case (.closing, .all):
            // An alert or close_notify is under way; the timer set with it bounds the wait.
            if let promise { context.channel.closeFuture.cascade(to: promise) }
        case (.waiting, _), (.handshaking, _), (.closed, _): context.close(mode: mode, promise: promise)
        }
    }

    /// The queue is empty: close_notify, then the end of our direction.
    private func sendClose(_ context: ChannelHandlerContext) {
        guard state == .open, let engine else { return }
        engine.shutdown()
        state = .closing
        sendOutput(context)
        let (_, promise, mode) = outputClosing
        outputClosing.promise = nil
        if peerSentClose || inputClosedByUs {
            context.close(mode: .all, promise: promise)
        } else {
            context.close(mode: .output, promise: mode == .output ? promise : nil)
            if mode == .all, let promise { context.channel.closeFuture.cascade(to: promise) }
            context.read()
        }
    }

    /// The end for a reason. An alert that OpenSSL prepared goes out first.
    private func fail(_ context: ChannelHandlerContext, _ error: TransportError) {
        guard state != .closed, state != .closing else { return }
        let duringHandshake = state == .handshaking
        report(error, duringHandshake: duringHandshake)
        if duringHandshake { serverContext.handshakeEnded() }
        state = .closing
        failQueue(with: error)
        schedule(context, after: serverContext.limits.closeTimeout) { _, context in context.close(promise: nil) }
        let hasAlert = engine?.hasOutput == true
        sendOutput(context)
        context.fireErrorCaught(error)
        if hasAlert {
            context.close(mode: .output, promise: nil)
            context.read()
        } else {
            context.close(promise: nil)
        }
    }

    private func report(_ error: TransportError, duringHandshake: Bool) {
        let remote = connection.remoteAddress
        serverContext.report(duringHandshake ? .refused(error, remote: remote) : .broken(error, remote: remote))
        logger.info(
            duringHandshake ? "connection refused" : "connection broken",
            metadata: ["code": "\(error.code)", "reason": "\(error.message)", "remote": "\(remote)"])
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset by the peer: the channel becomes inactive next, which says what was lost.
        context.fireErrorCaught(error)
    }
}
