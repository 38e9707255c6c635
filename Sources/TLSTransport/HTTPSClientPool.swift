// SPDX-License-Identifier: Apache-2.0
package import ExchangeModel
import Synchronization

/// One `HTTPSClient` per peer, all of the newest trust generation.
package final class HTTPSClientPool: Sendable {
    private struct State {
        var credential: ClientCredential?
        var trust: TrustStore
        var generation = 1
        var clients: [String: (client: HTTPSClient, lastUse: Int)] = [:]
        var uses = 0
        var isClosed = false
    }

    private let configuration: HTTPClientConfiguration
    private let clock: any WallClock
    private let limit: Int
    private let state: Mutex<State>

    /// - Parameter limit: of peers with a client of their own, each a thread; the one used longest ago makes way.
    package init(
        credential: ClientCredential?, trust: TrustConfiguration, configuration: HTTPClientConfiguration = HTTPClientConfiguration(),
        clock: any WallClock = SystemWallClock(), limit: Int = 64
    ) throws(TransportError) {
        self.configuration = configuration
        self.clock = clock
        self.limit = max(1, limit)
        state = Mutex(State(credential: credential, trust: try TrustStore(trust)))
    }

    package var generation: Int { state.withLock { $0.generation } }

    /// The client for a peer, which from now on expects exactly `peer`. A peer without a participant gets a client of its own each time:
    /// nobody knows yet whose connections they are.
    package func client(for peer: ExpectedPeer) throws(TransportError) -> HTTPSClient {
        try state.withLock { state throws(TransportError) -> HTTPSClient in
            if state.isClosed { throw .closed }
            state.uses += 1
            if let participant = peer.participant, let known = state.clients[participant] {
                state.clients[participant]?.lastUse = state.uses
                known.client.expect(peer)
                return known.client
            }
            let client = try HTTPSClient(
                credential: state.credential, trust: state.trust, generation: state.generation, expecting: peer,
                configuration: configuration, clock: clock)
            guard let participant = peer.participant else { return client }
            if state.clients.count >= limit, let oldest = state.clients.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                state.clients.removeValue(forKey: oldest.key)?.client.retire(under: state.trust)
            }
            state.clients[participant] = (client, state.uses)
            return client
        }
    }

    /// New trust or a new certificate of ours. Transfers under way go on where their peer is accepted under the new trust, and end with
    /// `.closed` where it is not; every later request opens a new connection.
    /// - Returns: the new trust generation.
    @discardableResult
    package func reload(credential: ClientCredential?, trust: TrustConfiguration) throws(TransportError) -> Int {
        let store = try TrustStore(trust)
        let (old, generation) = state.withLock { state in
            let old = state.clients.values.map { $0.client }
            state.clients = [:]
            state.credential = credential
            state.trust = store
            state.generation += 1
            return (old, state.generation)
        }
        for client in old { client.retire(under: store) }
        return generation
    }

    /// Ends all transfers with one peer.
    package func forget(_ participant: String) {
        state.withLock { $0.clients.removeValue(forKey: participant) }?.client.close()
    }

    /// Ends all clients. Requests under way fail with `.closed`.
    package func close() {
        let clients = state.withLock { state in
            state.isClosed = true
            defer { state.clients = [:] }
            return state.clients.values.map { $0.client }
        }
        for client in clients { client.close() }
    }
}
