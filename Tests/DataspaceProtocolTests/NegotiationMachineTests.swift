// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import ExchangeModel
import Foundation
import Testing

private typealias Machine = ContractNegotiationMachine
private typealias Kind = NegotiationMessage.Kind

/// A negotiation message of the given kind; `initial` chooses between the two forms of request and offer.
func negotiationMessage(_ kind: NegotiationMessage.Kind, id: String?, initial: Bool = false) throws -> NegotiationMessage {
    switch kind {
    case .request:
        .request(
            .init(
                id: id, consumerPID: "c", offer: try someOffer(),
                form: initial ? .initial(callbackAddress: "https://c.example") : .counter(providerPID: "p")))
    case .offer:
        .offer(
            .init(
                id: id, providerPID: "p", offer: try someOffer(),
                form: initial ? .initial(callbackAddress: "https://p.example") : .answer(consumerPID: "c")))
    case .agreement: .agreement(.init(id: id, pids: somePIDs, agreement: try someAgreement()))
    case .verification: .verification(.init(id: id, pids: somePIDs))
    case .accepted: .event(.init(id: id, pids: somePIDs, event: .accepted))
    case .finalized: .event(.init(id: id, pids: somePIDs, event: .finalized))
    case .termination: .termination(.init(id: id, pids: somePIDs))
    }
}

@Suite struct NegotiationMachineTests {
    /// The standard's table in words, read from its text: state, message, sender, new state. Anything else is refused.
    private static let table = """
        none      request      consumer REQUESTED
        none      offer        provider OFFERED
        REQUESTED offer        provider OFFERED
        REQUESTED agreement    provider AGREED
        OFFERED   request      consumer REQUESTED
        OFFERED   accepted     consumer ACCEPTED
        ACCEPTED  agreement    provider AGREED
        AGREED    verification consumer VERIFIED
        VERIFIED  finalized    provider FINALIZED
        REQUESTED termination  consumer TERMINATED
        REQUESTED termination  provider TERMINATED
        OFFERED   termination  consumer TERMINATED
        OFFERED   termination  provider TERMINATED
        ACCEPTED  termination  provider TERMINATED
        ACCEPTED  termination  consumer TERMINATED
        AGREED    termination  consumer TERMINATED
        AGREED    termination  provider TERMINATED
        VERIFIED  termination  provider TERMINATED
        VERIFIED  termination  consumer TERMINATED
        """
    /// Accepted, as the prose wants, but not in the diagram: never sent.
    private static let notSent = ["ACCEPTED termination consumer", "AGREED termination provider", "VERIFIED termination consumer"]

    private static let rows: [String: String] = {
        var out: [String: String] = [:]
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ")
            out[words[0..<3].joined(separator: " ")] = String(words[3])
        }
        return out
    }()

    /// How to get a machine into each state, by messages.
    private static let ways: [(state: String, way: [(Kind, ProtocolRole)])] = [
        ("none", []),
        ("REQUESTED", [(.request, .consumer)]),
        ("OFFERED", [(.offer, .provider)]),
        ("ACCEPTED", [(.offer, .provider), (.accepted, .consumer)]),
        ("AGREED", [(.request, .consumer), (.agreement, .provider)]),
        ("VERIFIED", [(.request, .consumer), (.agreement, .provider), (.verification, .consumer)]),
        ("FINALIZED", [(.request, .consumer), (.agreement, .provider), (.verification, .consumer), (.finalized, .provider)]),
        ("TERMINATED", [(.request, .consumer), (.termination, .provider)]),
    ]

    private static func machine(in state: String) throws -> Machine {
        var machine = Machine()
        let way = try #require(ways.first { $0.state == state }?.way)
        for (step, (kind, role)) in way.enumerated() {
            _ = try machine.receive(negotiationMessage(kind, id: "way-\(step)", initial: step == 0), from: role)
        }
        #expect((machine.state?.rawValue ?? "none") == state)
        return machine
    }

    @Test func everyStateMessageAndSender() throws {
        #expect(Self.rows.count == 19)
        #expect(Self.ways.count == ContractNegotiationState.allCases.count + 1)
        for (state, _) in Self.ways {
            for kind in Kind.allCases {
                for sender in ProtocolRole.allCases {
                    let row = "\(state) \(kind.rawValue) \(sender)"
                    let expected = Self.rows[row]
                    let start = try Self.machine(in: state)
                    #expect(Machine.next(from: start.state, on: kind, by: sender)?.rawValue == expected, "\(row)")
                    #expect(
                        Machine.maySend(kind, in: start.state, as: sender) == (expected != nil && !Self.notSent.contains(row)), "\(row)")

                    let message = try negotiationMessage(kind, id: "new", initial: state == "none")
                    var received = start
                    if let expected {
                        let step = try received.receive(message, from: sender)
                        #expect(step == .moved(from: start.state, to: try #require(ContractNegotiationState(rawValue: expected))), "\(row)")
                        #expect(received.state?.rawValue == expected)
                    } else {
                        #expect(throws: DSPError.unexpected(message: kind.name, state: state, sender: sender), "\(row)") {
                            try received.receive(message, from: sender)
                        }
                        #expect(received == start, "a refusal changes nothing")
                    }

                    var sent = start
                    if expected == nil || Self.notSent.contains(row) {
                        #expect(throws: DSPError.self, "\(row)") { try sent.send(message, as: sender) }
                        #expect(sent == start)
                    } else {
                        _ = try sent.send(message, as: sender)
                        #expect(sent == received, "sending and receiving move alike")
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
            let message = try negotiationMessage(kind, id: "way-\(way.count - 1)", initial: way.count == 1)
            #expect(try machine.receive(message, from: role) == .repeated)
            #expect(try machine.send(message, as: role) == .repeated)
            #expect(machine == before)
        }
    }

    /// A provider's offer redelivered after our acceptance has crossed it: both are in effect, and no error may end the negotiation.
    @Test func aCrossedRedeliveryIsRepeated() throws {
        var machine = Machine()
        let offer = try negotiationMessage(.offer, id: "o", initial: true)
        _ = try machine.receive(offer, from: .provider)
        _ = try machine.send(negotiationMessage(.accepted, id: "a"), as: .consumer)
        #expect(try machine.receive(offer, from: .provider) == .repeated)
        #expect(machine.state == .accepted)
    }

    @Test func withoutIDsTheContentDecides() throws {
        var machine = Machine()
        let request = try negotiationMessage(.request, id: nil, initial: true)
        _ = try machine.receive(request, from: .consumer)
        #expect(try machine.receive(request, from: .consumer) == .repeated)
        // The same content under a new id is a second request, which REQUESTED does not allow.
        var second = Machine()
        _ = try second.receive(negotiationMessage(.request, id: "1", initial: true), from: .consumer)
        #expect(throws: DSPError.self) { try second.receive(negotiationMessage(.request, id: "2", initial: true), from: .consumer) }
    }

    @Test func anIDReusedForOtherContentIsNoRepeat() throws {
        var machine = try Self.machine(in: "AGREED")
        let other = try WireAgreement(parsing: Edit.put("urn:x:other", at: ["@id"], in: someAgreement().json))
        let message = NegotiationMessage.agreement(.init(id: "way-1", pids: somePIDs, agreement: other))
        #expect(throws: DSPError.unexpected(message: "ContractAgreementMessage", state: "AGREED", sender: .provider)) {
            try machine.receive(message, from: .provider)
        }
    }

    @Test func aRepeatFromTheOtherSideIsNone() throws {
        var machine = Machine()
        _ = try machine.receive(negotiationMessage(.request, id: "x", initial: true), from: .consumer)
        _ = try machine.receive(negotiationMessage(.termination, id: "t"), from: .consumer)
        #expect(throws: DSPError.self) { try machine.receive(negotiationMessage(.termination, id: "t"), from: .provider) }
    }

    @Test func firstAndLaterFormsAreToldApart() throws {
        var machine = Machine()
        #expect(throws: DSPError.wrongForm(message: "ContractRequestMessage", expected: "the first of a negotiation")) {
            try machine.receive(negotiationMessage(.request, id: "1"), from: .consumer)
        }
        _ = try machine.receive(negotiationMessage(.offer, id: "1", initial: true), from: .provider)
        #expect(throws: DSPError.wrongForm(message: "ContractRequestMessage", expected: "a later one")) {
            try machine.receive(negotiationMessage(.request, id: "2", initial: true), from: .consumer)
        }
        #expect(machine.state == .offered)
        _ = try machine.receive(negotiationMessage(.request, id: "3"), from: .consumer)
        #expect(machine.state == .requested)
    }

    @Test func aStoredMachineGoesOn() throws {
        let machine = try Self.machine(in: "OFFERED")
        var stored = try JSONDecoder().decode(Machine.self, from: JSONEncoder().encode(machine))
        #expect(stored == machine)
        #expect(try stored.receive(negotiationMessage(.offer, id: "way-0", initial: true), from: .provider) == .repeated)
    }

    @Test func aLongHaggleEndsWell() throws {
        var machine = Machine()
        _ = try machine.receive(negotiationMessage(.request, id: "r0", initial: true), from: .consumer)
        for round in 1...50 {
            _ = try machine.receive(negotiationMessage(.offer, id: "o\(round)"), from: .provider)
            _ = try machine.receive(negotiationMessage(.request, id: "r\(round)"), from: .consumer)
        }
        _ = try machine.receive(negotiationMessage(.agreement, id: "a"), from: .provider)
        _ = try machine.receive(negotiationMessage(.verification, id: "v"), from: .consumer)
        _ = try machine.receive(negotiationMessage(.finalized, id: "f"), from: .provider)
        #expect(machine.state == .finalized)
    }
}
