// SPDX-License-Identifier: Apache-2.0

import Exchange
import ExchangeModel
import Foundation
import Hummingbird
import Logging
import ManagementAPI
import NIOCore
import PeerAPI
import ServiceLifecycle
import UnixSignals

extension Node {
    /// Listens until SIGTERM or SIGINT, then lets what is under way finish and stops.
    package func serve() async throws {
        let management = try ManagementServer(
            operations: self, host: configuration.managementListen.host, port: configuration.managementListen.port, logger: logger)
        let operators = management.service { [self] port in await announce(managementPort: port) }
        // The exchange's loops end first, the listeners after them: an answer on its way still leaves.
        var parts = ServiceGroupConfiguration(
            services: [
                .init(service: Listening(address: configuration.managementListen, server: operators)),
                .init(service: PeerListener(node: self)),
                .init(service: Loop(logger: logger) { [exchange] in try await exchange.runOutbox() }),
                .init(service: Loop(logger: logger) { [exchange] in try await exchange.runDownloads() }),
                .init(service: Loop(logger: logger) { [exchange] in try await exchange.runUpkeep() }),
            ], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // A peer that takes its time over a download must not hold up a stop: it will resume.
        parts.maximumGracefulShutdownDuration = .seconds(20)
        let group = ServiceGroup(configuration: parts)
        logger.info(
            "node starting", metadata: ["participant": "\(configuration.participant)", "version": "\(Node.version)"])
        defer { try? FileManager.default.removeItem(atPath: layout.managementFile) }
        try await group.run()
        logger.info("node stopped")
    }

    private func announce(managementPort port: Int) async {
        let url = "http://\(configuration.managementListen.host):\(port)"
        let json: JSON = ["pid": .integer(Int64(getpid())), "url": .string(url)]
        do {
            try layout.replace(layout.managementFile, with: json.canonicalText + "\n")
            logger.info("operators connect here", metadata: ["url": "\(url)"])
        } catch {
            logger.error("management.json not written", metadata: ["error": "\(error)"])
        }
    }
}

/// A listener whose address may be taken: the one failure of a server that its operator can mend, said in those words.
private struct Listening<Server: Service>: Service {
    let address: ListenAddress
    let server: Server

    func run() async throws {
        do {
            try await server.run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw NodeFailure.portInUse(address.description)
        } catch let error as IOError where [EACCES, EADDRNOTAVAIL, EAFNOSUPPORT].contains(error.errnoCode) {
            throw NodeFailure.cannotListen(address.description, reason: String(cString: strerror(error.errnoCode)))
        }
    }
}

/// A loop of the exchange, ended by graceful shutdown.
private struct Loop: Service {
    let logger: Logger
    let body: @Sendable () async throws -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // Whatever fails here, the node goes on answering reads: it says what is wrong and tries again.
            while !Task.isCancelled {
                do {
                    try await body()
                } catch is CancellationError {
                    return
                } catch {
                    logger.error("loop failed", metadata: ["error": "\((error as? any KouanError)?.message ?? String(describing: error))"])
                    try? await Task.sleep(for: .seconds(1))
                }
            }
        }
    }
}

/// The peers' listener. It waits for a certificate and a space, so that both can be installed on a running node.
private struct PeerListener: Service {
    let node: Node

    func run() async throws {
        let context = await cancelWhenGracefulShutdown { [node] in await node.tls.serverContext() }
        guard let context, !Task.isShuttingDownGracefully else { return try await gracefulShutdown() }
        let address = node.configuration.peerListen
        let server = PeerServer.make(
            exchange: node.exchange, context: context, host: address.host, port: address.port, logger: node.logger
        ) { [node] port in
            node.tls.bound("\(address.host):\(port)")
            node.logger.info("peers connect here", metadata: ["address": "\(address.host):\(port)"])
        }
        try await Listening(address: address, server: server).run()
        node.tls.bound(nil)
    }
}
