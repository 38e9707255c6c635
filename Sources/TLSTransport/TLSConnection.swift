// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import NIOCore
import Synchronization

/// One accepted connection, as routes see it: who is at the other end, and whether that still holds.
package final class TLSConnection: Sendable {
    /// The connection of the request that this task answers. Set for the whole life of a connection's task.
    @TaskLocal package static var current: TLSConnection?

    private struct State {
        var chain: PresentedChain?
        var peer: PeerIdentity?
        var serverName: String?
        var generation = 0
        var verifiedAt = NIODeadline.now()
        var revoked: TransportError?
    }

    private let context: TLSServerContext
    private let channel: any Channel
    private let state = Mutex(State())

    init(context: TLSServerContext, channel: any Channel) {
        self.context = context
        self.channel = channel
    }

    /// The verified peer; nil on a listener that asks for no certificate.
    package var peer: PeerIdentity? { state.withLock { $0.peer } }
    /// The host name the client asked for in its first message.
    package var serverName: String? { state.withLock { $0.serverName } }
    package var remoteAddress: String { channel.remoteAddress?.description ?? "unknown" }

    /// The peer under the newest trust. Cheap while nothing changed; verifies the presented chain again after a reload or when the last
    /// verification is older than the limit says. Once it has thrown it throws always.
    @discardableResult
    package func revalidate() throws(TransportError) -> PeerIdentity? {
        let newest = context.trustGeneration
        return try state.withLock { state throws(TransportError) -> PeerIdentity? in
            if let revoked = state.revoked { throw revoked }
            let now = NIODeadline.now()
            if state.generation == newest, now < state.verifiedAt + context.limits.reverifyAfter { return state.peer }
            guard let peer = state.peer, let chain = state.chain else {
                state.generation = newest
                state.verifiedAt = now
                return nil
            }
            let generation = context.generation
            guard let trust = generation.trust else { return peer }
            switch chain.verify(with: trust, as: .client, at: context.clock.now()) {
            case .success(let verified):
                state.generation = generation.number
                state.verifiedAt = now
                state.peer = PeerIdentity(
                    leaf: verified.leaf, participant: verified.participant, keyFingerprint: peer.keyFingerprint,
                    generation: generation.number, crlStale: verified.crlStale, tlsVersion: peer.tlsVersion, cipher: peer.cipher)
                return state.peer
            case .failure(let failure):
                state.revoked = .peer(failure)
                throw .peer(failure)
            }
        }
    }

    /// Closes the connection, for instance when the peer left the space.
    package func close() { channel.close(promise: nil) }

    /// Written once by the handler, when the handshake is complete.
    func established(_ engine: TLSEngine) {
        state.withLock { state in
            state.serverName = engine.serverName
            state.generation = engine.generation.number
            state.verifiedAt = .now()
            guard case .success(let verified) = engine.verification else { return }
            state.chain = engine.presentedChain
            state.peer = PeerIdentity(
                leaf: verified.leaf, participant: verified.participant, keyFingerprint: verified.leaf.publicKeyFingerprint,
                generation: engine.generation.number, crlStale: verified.crlStale, tlsVersion: engine.tlsVersion, cipher: engine.cipher)
        }
    }
}
