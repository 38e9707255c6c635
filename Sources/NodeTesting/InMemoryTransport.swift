// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import DataspaceProtocol
import Exchange
import ExchangeModel
import Foundation
import Identity

/// One life of a node as it calls others over the network of a test.
struct InMemoryTransport: PeerTransport {
    let network: InMemoryNetwork
    let owner: TestNode
    let life: Int

    func send(_ request: PeerRequest, to peer: PeerAddress) async throws(PeerTransportError) -> PeerResponse {
        do {
            return try await deliver(request, to: peer)
        } catch let error as PeerTransportError {
            throw error
        } catch {
            throw .noAnswer("\(error)")
        }
    }

    private func deliver(_ request: PeerRequest, to peer: PeerAddress) async throws -> PeerResponse {
        let server = try reach(peer)
        let route = try Route(request.method, request.url, base: peer.base, endpoints: server.party.endpoints)
        let (call, fault) = network.begin(
            from: owner.party.participant, to: peer.participant, route.kind(of: request.body), request.url, request.body, nil)
        try await strike(.sending)

        switch fault {
        case .refused: throw PeerTransportError.noAnswer("connection refused")
        case .answer(let status, let json): return PeerResponse(status: status, body: json?.canonical() ?? [])
        case .late(let gate): try await gate.pass()
        default: break
        }
        let body: [UInt8]?
        if case .rewritten(let change) = fault {
            body = try request.body.map { try change(try JSON.parse($0)).canonical() }
        } else {
            body = request.body
        }
        let response: PeerResponse
        if case .twice(let check) = fault {
            response = try await network.inLine {
                let first = try await process(route, body, at: server)
                let second = try await process(route, body, at: server)
                check(call, first, second)
                return second
            }
        } else {
            response = try await process(route, body, at: server)
        }
        switch fault {
        case .answerLost: throw PeerTransportError.noAnswer("the connection broke")
        case .answerLate(let gate): try await gate.pass()
        default: break
        }
        try await strike(.answered)
        guard owner.isAlive(life) else { throw PeerTransportError.noAnswer("this node stopped") }
        return response
    }

    /// The server's side: authenticates the caller and asks its exchange.
    private func process(_ route: Route, _ body: [UInt8]?, at server: TestNode) async throws -> PeerResponse {
        let serving = try server.serving()
        guard
            case .success(let caller) = serving.peers.verify(
                tlsKey: owner.tlsKey.fingerprint, uriNames: [owner.party.participant.description])
        else { throw PeerTransportError.noAnswer("the peer closed the connection at handshake") }
        let exchange = serving.exchange
        let response: PeerResponse
        do {
            switch route {
            case .dsp(let endpoint, let id):
                let answer = await exchange.answer(PeerCall(endpoint: endpoint, id: id, body: body ?? []), from: caller)
                response = PeerResponse(status: answer.status, body: answer.body?.canonical() ?? [])
            case .grant: response = PeerResponse(status: 200, body: try await exchange.grant(body ?? [], to: caller))
            case .receipt:
                let half = try JSON.parse(body ?? [])["half"]?.string.flatMap(Base64.decode) ?? []
                let receipt = try await exchange.receive(deliveryHalf: half, from: caller)
                response = PeerResponse(status: 200, body: JSON.object(["receipt": .string(Base64.encode(receipt))]).canonical())
            }
        } catch {
            let (status, shown) = exchange.publicView(of: error)
            let body: JSON = ["code": .string(shown.code), "reason": [.string(shown.message)]]
            response = PeerResponse(status: status, body: body.canonical())
        }
        // What a node answers leaves it only while it runs.
        guard server.isAlive(serving.number) else { throw PeerTransportError.noAnswer("the peer stopped") }
        return response
    }

    func download(
        _ url: String, range: Range<Int64>, authorization: String, from peer: PeerAddress
    ) async throws(PeerTransportError) -> any PeerDownload {
        do {
            return try await openRange(url, range, authorization, peer)
        } catch let error as PeerTransportError {
            throw error
        } catch {
            throw .noAnswer("\(error)")
        }
    }

    private func openRange(
        _ url: String, _ range: Range<Int64>, _ authorization: String, _ peer: PeerAddress
    ) async throws -> any PeerDownload {
        let server = try reach(peer)
        let (_, fault) = network.begin(from: owner.party.participant, to: peer.participant, .range, url, nil, range)
        try await strike(.sending)
        switch fault {
        case .refused: throw PeerTransportError.noAnswer("connection refused")
        case .answer(let status, _): throw PeerTransportError.noAnswer("status \(status)")
        case .late(let gate): try await gate.pass()
        default: break
        }
        let serving = try server.serving()
        guard
            case .success(let caller) = serving.peers.verify(
                tlsKey: owner.tlsKey.fingerprint, uriNames: [owner.party.participant.description])
        else { throw PeerTransportError.noAnswer("the peer closed the connection at handshake") }
        let prefix = peer.base + "/kouan/v1/packages/"
        guard url.hasPrefix(prefix), authorization.hasPrefix("Bearer ") else { throw PeerTransportError.noAnswer("status 404") }
        let found = try await serving.exchange.packageFile(
            hex: String(url.dropFirst(prefix.count)), token: String(authorization.dropFirst(7)), for: caller)
        serving.exchange.expectServing(bytes: found.size, of: found.transfer)
        guard range.lowerBound >= 0, range.upperBound <= found.size, let file = FileHandle(forReadingAtPath: found.path) else {
            throw PeerTransportError.noAnswer("status 416")
        }
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(range.lowerBound))
        var bytes = Array(try file.read(upToCount: range.count) ?? Data())
        if case .flipped(let position) = fault, bytes.indices.contains(position) { bytes[position] ^= 1 }
        let isCut: Bool
        if case .cut(let count) = fault, count < bytes.count {
            bytes.removeLast(bytes.count - count)
            isCut = true
        } else {
            isCut = false
        }
        serving.exchange.served(bytes: Int64(bytes.count), of: found.transfer)
        try await strike(.answered)
        return InMemoryDownload(bytes, isCut: isCut) { [owner, life] in owner.isAlive(life) && server.isAlive(serving.number) }
    }

    private func reach(_ peer: PeerAddress) throws -> TestNode {
        guard owner.isAlive(life) else { throw PeerTransportError.noAnswer("this node stopped") }
        guard let server = network.node(at: peer.base), server.party.participant == peer.participant,
            peer.keyFingerprints.contains(server.tlsKey.fingerprint)
        else { throw PeerTransportError.noAnswer("another participant answers there") }
        return server
    }

    /// A point at which a test may kill this node.
    private func strike(_ point: KillPoint) async throws {
        guard try await owner.strike(point, life: life) else { return }
        throw PeerTransportError.noAnswer("this node stopped")
    }
}

/// The bytes of one range, handed over in pieces that fit nothing in the package.
private final class InMemoryDownload: PeerDownload {
    private let position = Position()
    private let bytes: [UInt8]
    private let isCut: Bool
    private let isConnected: @Sendable () -> Bool
    private static let pieceSize = 50_001

    init(_ bytes: [UInt8], isCut: Bool, isConnected: @escaping @Sendable () -> Bool) {
        self.bytes = bytes
        self.isCut = isCut
        self.isConnected = isConnected
    }

    func next() async throws(PeerTransportError) -> [UInt8]? {
        guard isConnected() else { throw .noAnswer("the connection broke") }
        let piece = position.advance(by: InMemoryDownload.pieceSize, of: bytes.count)
        guard !piece.isEmpty else {
            if isCut { throw .noAnswer("the connection broke after \(bytes.count) bytes") }
            return nil
        }
        return Array(bytes[piece])
    }

    func cancel() {}
}

extension PeerTransportError {
    static func noAnswer(_ detail: String) -> PeerTransportError {
        PeerTransportError(code: "transport.no-answer", message: detail, hint: "try again", isRetryable: true)
    }
}
