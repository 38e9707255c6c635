// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import ExchangeModel
import Foundation
import Testing

private typealias Machine = TransferProcessMachine
private typealias Kind = TransferMessage.Kind

func transferMessage(_ kind: TransferMessage.Kind, id: String?, address: DataAddress? = nil) -> TransferMessage {
    switch kind {
    case .request:
        .request(.init(id: id, consumerPID: "c", agreementID: "urn:x:a", format: .sealedPackagePull, callbackAddress: "https://c.example"))
    case .start: .start(.init(id: id, pids: somePIDs, dataAddress: address))
    case .completion: .completion(.init(id: id, pids: somePIDs))
    case .suspension: .suspension(.init(id: id, pids: somePIDs))
    case .termination: .termination(.init(id: id, pids: somePIDs))
    }
}

@Suite struct TransferMachineTests {
    private static let table = """
        none      request     consumer REQUESTED
        REQUESTED start       provider STARTED
        STARTED   suspension  consumer SUSPENDED
        STARTED   suspension  provider SUSPENDED
        STARTED   completion  consumer COMPLETED
        STARTED   completion  provider COMPLETED
        SUSPENDED start       consumer STARTED
        SUSPENDED start       provider STARTED
        REQUESTED termination consumer TERMINATED
        REQUESTED termination provider TERMINATED
        STARTED   termination consumer TERMINATED
        STARTED   termination provider TERMINATED
        SUSPENDED termination consumer TERMINATED
        SUSPENDED termination provider TERMINATED
        """

    private static let rows: [String: String] = {
        var out: [String: String] = [:]
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ")
            out[words[0..<3].joined(separator: " ")] = String(words[3])
        }
        return out
    }()

    private static let ways: [(state: String, way: [(Kind, ProtocolRole)])] = [
        ("none", []),
        ("REQUESTED", [(.request, .consumer)]),
        ("STARTED", [(.request, .consumer), (.start, .provider)]),
        ("SUSPENDED", [(.request, .consumer), (.start, .provider), (.suspension, .consumer)]),
        ("COMPLETED", [(.request, .consumer), (.start, .provider), (.completion, .consumer)]),
        ("TERMINATED", [(.request, .consumer), (.termination, .consumer)]),
    ]

    private static func machine(in state: String) throws -> Machine {
        var machine = Machine()
        for (step, (kind, role)) in try #require(ways.first { $0.state == state }?.way).enumerated() {
            _ = try machine.receive(transferMessage(kind, id: "way-\(step)"), from: role)
        }
        #expect((machine.state?.rawValue ?? "none") == state)
        return machine
    }

    @Test func everyStateMessageAndSender() throws {
        #expect(Self.rows.count == 14)
        #expect(Self.ways.count == TransferProcessState.allCases.count + 1)
        for (state, _) in Self.ways {
            for kind in Kind.allCases {
                for sender in ProtocolRole.allCases {
                    let row = "\(state) \(kind.rawValue) \(sender)"
                    let expected = Self.rows[row]
                    let start = try Self.machine(in: state)
                    #expect(Machine.next(from: start.state, on: kind, by: sender)?.rawValue == expected, "\(row)")
                    let message = transferMessage(kind, id: "new")
                    var received = start
                    var sent = start
                    if let expected {
                        let step = try received.receive(message, from: sender)
                        #expect(step == .moved(from: start.state, to: try #require(TransferProcessState(rawValue: expected))), "\(row)")
                        _ = try sent.send(message, as: sender)
                        #expect(sent == received)
                    } else {
                        let error = DSPError.unexpected(message: kind.name, state: state, sender: sender)
                        #expect(throws: error, "\(row)") { try received.receive(message, from: sender) }
                        #expect(throws: error, "\(row)") { try sent.send(message, as: sender) }
                        #expect(received == start && sent == start, "a refusal changes nothing")
                    }
                }
            }
        }
    }

    @Test func theMessageThatCausedTheStateIsRepeated() throws {
        for (state, way) in Self.ways where !way.isEmpty {
            var machine = try Self.machine(in: state)
            let before = machine
            let (kind, role) = try #require(way.last)
            #expect(try machine.receive(transferMessage(kind, id: "way-\(way.count - 1)"), from: role) == .repeated)
            #expect(machine == before)
        }
    }

    /// A consumer's start has no address; the provider's start that follows brings one, once.
    @Test func aResumedPullGetsAFreshAddress() throws {
        let address = DataAddress(endpointType: "urn:x", endpoint: "https://p.example/1", properties: [])
        var machine = try Self.machine(in: "SUSPENDED")
        _ = try machine.receive(transferMessage(.start, id: "resume"), from: .consumer)
        #expect(machine.awaitsProviderStart)
        let fresh = transferMessage(.start, id: "fresh", address: address)
        #expect(try machine.receive(fresh, from: .provider) == .moved(from: .started, to: .started))
        #expect(!machine.awaitsProviderStart)
        #expect(try machine.receive(fresh, from: .provider) == .repeated)
        #expect(throws: DSPError.self) { try machine.receive(transferMessage(.start, id: "third"), from: .provider) }
        _ = try machine.receive(transferMessage(.completion, id: "done"), from: .consumer)
        #expect(machine.state == .completed)
    }

    @Test func aResumeThatIsSuspendedAgainAwaitsNothing() throws {
        var machine = try Self.machine(in: "SUSPENDED")
        _ = try machine.receive(transferMessage(.start, id: "resume"), from: .consumer)
        _ = try machine.receive(transferMessage(.suspension, id: "again"), from: .provider)
        #expect(!machine.awaitsProviderStart)
        _ = try machine.receive(transferMessage(.start, id: "p"), from: .provider)
        #expect(!machine.awaitsProviderStart)
        #expect(machine.state == .started)
    }

    /// Some providers draw a new token when they redeliver a start.
    @Test func aRedeliveredStartMayCarryAFreshToken() throws {
        func start(_ token: String, id: String) -> TransferMessage {
            transferMessage(
                .start, id: id, address: DataAddress(endpointType: "urn:x", endpoint: nil, properties: [.init("authorization", token)]))
        }
        var machine = try Self.machine(in: "REQUESTED")
        _ = try machine.receive(start("one", id: "s"), from: .provider)
        #expect(try machine.receive(start("two", id: "s"), from: .provider) == .repeated)
        #expect(throws: DSPError.self) { try machine.receive(start("two", id: "other"), from: .provider) }
    }

    @Test func aStoredMachineGoesOn() throws {
        let machine = try Self.machine(in: "STARTED")
        var stored = try JSONDecoder().decode(Machine.self, from: JSONEncoder().encode(machine))
        #expect(stored == machine)
        #expect(try stored.receive(transferMessage(.start, id: "way-1"), from: .provider) == .repeated)
    }
}
