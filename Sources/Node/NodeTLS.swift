// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import Exchange
import ExchangeModel
import Logging
import PeerAPI
import Synchronization
import TLSTransport

/// TLS of a running node: one server context and one client pool, both reloaded together.
final class NodeTLS: Sendable {
    private struct State {
        var material: TLSMaterial?
        var problem: String? = "no TLS certificate is installed"
        var server: TLSServerContext?
        var pool: HTTPSClientPool?
        var client: HTTPSPeerTransport?
        var boundAddress: String?
    }

    private let state = Mutex(State())
    private let changes = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    func update(
        _ material: Result<TLSMaterial, any Error>, transport: SwitchableTransport, configuration: NodeConfiguration, clock: any WallClock,
        logger: Logger
    ) throws {
        switch material {
        case .failure(let error):
            state.withLock { $0.problem = (error as? any KouanError)?.message ?? String(describing: error) }
        case .success(let fresh):
            try state.withLock { state in
                if let server = state.server, let pool = state.pool {
                    try server.reload(certificateChain: fresh.serverChain, key: fresh.key, trust: fresh.trust)
                    try pool.reload(credential: fresh.credential, trust: fresh.trust)
                } else {
                    state.server = try TLSServerContext(
                        certificateChain: fresh.serverChain, key: fresh.key, trust: fresh.trust, clock: clock,
                        report: { event in logger.notice("tls", metadata: ["event": "\(event)"]) })
                    var http = HTTPClientConfiguration()
                    http.proxy = configuration.proxyURL
                    http.noProxy = configuration.proxyExclude.isEmpty ? nil : configuration.proxyExclude.joined(separator: ",")
                    let pool = try HTTPSClientPool(
                        credential: fresh.credential, trust: fresh.trust, configuration: http, clock: clock)
                    state.pool = pool
                    let client = HTTPSPeerTransport(pool: pool)
                    state.client = client
                    transport.set(client)
                }
                state.material = fresh
                state.problem = nil
            }
            changes.continuation.yield()
        }
    }

    var material: TLSMaterial? { state.withLock { $0.material } }
    var client: HTTPSPeerTransport? { state.withLock { $0.client } }
    var boundAddress: String? { state.withLock { $0.boundAddress } }
    func bound(_ address: String?) { state.withLock { $0.boundAddress = address } }

    /// Waits until there is a certificate and a space.
    func serverContext() async -> TLSServerContext? {
        while true {
            if let server = state.withLock({ $0.server }) { return server }
            var iterator = changes.stream.makeAsyncIterator()
            guard await iterator.next() != nil else { return nil }
        }
    }

    /// Why peers cannot be talked to, if so.
    func reasons(at now: Timestamp) -> [String] {
        state.withLock { state in
            if let problem = state.problem { return [problem] }
            guard let material = state.material else { return ["no TLS certificate is installed"] }
            var reasons: [String] = []
            for leaf in [material.serverChain.first, material.clientChain.first].compactMap(\.self) where leaf.notAfter <= now {
                reasons.append("the certificate `\(leaf.subject)` expired at \(leaf.notAfter.secondsText)")
                break
            }
            for list in material.trust.revocationLists where list.nextUpdate.adding(seconds: material.trust.graceSeconds) <= now {
                reasons.append("the revocation list of `\(list.issuer)` expired at \(list.nextUpdate.secondsText)")
            }
            if material.trust.revocationLists.isEmpty { reasons.append("no revocation list is installed, so no peer can be verified") }
            return reasons
        }
    }

    func close() {
        changes.continuation.finish()
        state.withLock { $0.pool }?.close()
    }
}
