// SPDX-License-Identifier: Apache-2.0

package import DataspaceProtocol
package import Exchange
package import ExchangeModel
import Foundation
import Identity
import Synchronization

/// Carries peers' requests between the nodes of a test, with the faults that the test asks for.
///
/// It stands where TLS and HTTP do: the caller is who its TLS key says, a refused connection is no answer, and an answer is one only if
/// both nodes still run when it arrives.
package final class InMemoryNetwork: Sendable {
    private struct State {
        var nodes: [String: TestNode] = [:]
        var rules: [@Sendable (NetworkCall) -> NetworkFault?] = []
        var log: [NetworkCall] = []
        var count = 0
    }

    private let state = Mutex(State())
    /// While set, calls wait for each other: what a message causes is sent after all copies of the message were answered.
    private let line = Line()

    package init() {}

    /// Requests so far, in the order in which they were made.
    package var calls: [NetworkCall] { state.withLock(\.log) }

    /// Asks `rule` about every request from now on; the first rule that names a fault decides.
    package func fault(_ rule: @escaping @Sendable (NetworkCall) -> NetworkFault?) { state.withLock { $0.rules.append(rule) } }

    /// The first `times` requests of this kind meet the fault.
    package func fault(_ kind: NetworkCall.Kind, times: Int = 1, _ fault: NetworkFault) {
        let left = Counter(times)
        self.fault { call in call.kind == kind && left.take() ? fault : nil }
    }

    package func heal() { state.withLock { $0.rules.removeAll() } }

    func register(_ node: TestNode) { state.withLock { $0.nodes[node.party.endpoints.peer.description] = node } }

    func node(at base: String) -> TestNode? { state.withLock { $0.nodes[base] } }

    func begin(from: ParticipantID, to: ParticipantID, _ kind: NetworkCall.Kind, _ url: String, _ body: [UInt8]?, _ range: Range<Int64>?)
        -> (NetworkCall, NetworkFault?)
    {
        let (call, rules) = state.withLock { state in
            state.count += 1
            let call = NetworkCall(number: state.count, from: from, to: to, kind: kind, url: url, body: body, range: range)
            state.log.append(call)
            return (call, state.rules)
        }
        // Each rule is asked once: some count.
        for rule in rules { if let fault = rule(call) { return (call, fault) } }
        return (call, nil)
    }

    /// Runs `body` when no other call is under way that asked the same.
    func inLine<T: Sendable>(_ body: @Sendable () async throws -> T) async throws -> T {
        try await line.enter()
        defer { line.leave() }
        return try await body()
    }
}

/// One request between two nodes.
package struct NetworkCall: Sendable {
    package enum Kind: Sendable, Hashable {
        case dsp(MessageType)
        case state
        case dataset
        case grant, receipt, range
    }

    package let number: Int
    package let from: ParticipantID
    package let to: ParticipantID
    package let kind: Kind
    package let url: String
    package let body: [UInt8]?
    package let range: Range<Int64>?

    package var json: JSON? { body.flatMap { try? JSON.parse($0) } }
}

package enum NetworkFault: Sendable {
    /// The request never arrives.
    case refused
    /// The request is processed; its answer is lost.
    case answerLost
    /// An answer of something before the node, such as a proxy.
    case answer(Int, JSON? = nil)
    /// The request arrives with another body.
    case rewritten(@Sendable (JSON) throws -> JSON)
    /// The request goes on when the gate opens.
    case late(Gate)
    /// The request is processed; its answer goes on when the gate opens.
    case answerLate(Gate)
    /// The request arrives twice; `check` gets both answers, the caller the second.
    case twice(@Sendable (NetworkCall, PeerResponse, PeerResponse) -> Void)
    /// A download ends after so many bytes.
    case cut(after: Int)
    /// A download has one bit changed at this place of the range.
    case flipped(at: Int)
}

/// Lets tasks through once it is open.
package final class Gate: Sendable {
    private let isOpen = Mutex(false)
    private let arrived = Mutex(0)
    private let signals = ProcessSignals()

    package init() {}

    package func open() {
        isOpen.withLock { $0 = true }
        signals.notify("open")
    }

    /// Waits at most a minute for `open`.
    func pass() async throws {
        arrived.withLock { $0 += 1 }
        signals.notify("arrived")
        _ = try await signals.wait(for: "open", seconds: 60) { [self] in isOpen.withLock { $0 } ? true : nil }
    }

    /// Waits until somebody stands before the gate.
    package func waitForArrival() async throws {
        _ = try await signals.wait(for: "arrived", seconds: 60) { [self] in arrived.withLock { $0 } > 0 ? true : nil }
    }
}

/// One at a time, in no particular order.
private final class Line: Sendable {
    private let isTaken = Mutex(false)
    private let signals = ProcessSignals()

    func enter() async throws {
        _ = try await signals.wait(for: "line", seconds: 60) { [self] in
            isTaken.withLock { taken in
                if taken { return false }
                taken = true
                return true
            } ? true : nil
        }
    }

    func leave() {
        isTaken.withLock { $0 = false }
        signals.notify("line")
    }
}

private final class Counter: Sendable {
    private let left: Mutex<Int>
    init(_ count: Int) { left = Mutex(count) }
    func take() -> Bool {
        left.withLock {
            guard $0 > 0 else { return false }
            $0 -= 1
            return true
        }
    }
}
