// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import TLSTransport

/// One request to the management port of this machine.
enum LoopbackHTTP {
    /// An operation may seal or fetch gigabytes before it answers: only a node that went away ends the wait.
    private static let answerLimit = Duration.seconds(7 * 86_400)

    /// The status of a GET; nil when nobody listens there.
    static func answers(url: String) async throws(TransportError) -> Int? {
        let client = try HTTPSClient(plainToThisMachine: HTTPClientConfiguration())
        defer { client.close() }
        var request = HTTPClientRequest(method: "GET", url: url)
        request.totalTimeout = .seconds(5)
        do { return try await client.send(request).status } catch {
            if case .unreachable = error { return nil }
            throw error
        }
    }

    /// Nil when nobody listens there.
    static func post(url: String, token: String, body: [UInt8]) async throws(TransportError) -> (status: Int, body: [UInt8])? {
        let client = try HTTPSClient(plainToThisMachine: HTTPClientConfiguration())
        defer { client.close() }
        var request = HTTPClientRequest(
            method: "POST", url: url,
            headers: [("authorization", "Bearer " + token), ("content-type", "application/json"), ("expect", "")], body: body)
        request.connectTimeout = .seconds(5)
        request.idleTimeout = answerLimit
        request.maximumResponseBytes = 256 << 20
        do {
            let answer = try await client.send(request)
            return (answer.status, answer.body)
        } catch {
            if case .unreachable = error { return nil }
            throw error
        }
    }
}
