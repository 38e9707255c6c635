// SPDX-License-Identifier: Apache-2.0

package enum TransferProcessState: String, Sendable, Hashable, Codable, CaseIterable {
    case requested = "REQUESTED"
    case started = "STARTED"
    case suspended = "SUSPENDED"
    case completed = "COMPLETED"
    case terminated = "TERMINATED"

    package var isTerminal: Bool { self == .completed || self == .terminated }
}

/// The standard's transfer process, the same on both sides.
///
///     ∙ ─C request─► REQUESTED ─P start─► STARTED ─C or P completion─► COMPLETED
///                                          ▲   │
///                     C or P start ────────┘   └─ C or P suspension ─► SUSPENDED
///
/// Termination by either side ends REQUESTED, STARTED and SUSPENDED. A consumer's start carries no address, so a resumed pull needs
/// one more start from the provider, which brings a fresh one: it is legal once, in the STARTED that the consumer's start caused.
package struct TransferProcessMachine: Sendable, Hashable, Codable {
    /// nil before the first message.
    package private(set) var state: TransferProcessState?
    /// The consumer resumed, and the provider's start with an address is still to come.
    package private(set) var awaitsProviderStart = false
    private var history = MessageHistory()

    package init() {}

    /// A message from the peer.
    ///
    /// A provider's start that is redelivered under the same `@id` may carry a fresh address: it is `.repeated`, and the caller
    /// takes the new address over.
    /// - Throws: `.unexpected`; the state is then unchanged and the answer is 400.
    package mutating func receive(
        _ message: TransferMessage, from sender: ProtocolRole
    ) throws(DSPError) -> MachineStep<TransferProcessState> {
        let identity = message.identity
        let mayChange = message.kind == .start && sender == .provider && state == .started
        if identity.repeats(history[sender], evenIfChanged: mayChange) { return .repeated }
        var next = TransferProcessMachine.next(from: state, on: message.kind, by: sender)
        if awaitsProviderStart, state == .started, message.kind == .start, sender == .provider { next = .started }
        guard let next else {
            throw .unexpected(message: message.kind.name, state: state?.rawValue ?? "none", sender: sender)
        }
        awaitsProviderStart = state == .suspended && message.kind == .start && sender == .consumer
        history[sender] = identity
        let previous = state
        state = next
        return .moved(from: previous, to: next)
    }

    /// A message of our own, before it leaves. The diagram lets both sides send all that must be accepted.
    package mutating func send(
        _ message: TransferMessage, as role: ProtocolRole
    ) throws(DSPError) -> MachineStep<TransferProcessState> {
        try receive(message, from: role)
    }

    /// The standard's table; nil where the message is not legal.
    package static func next(
        from state: TransferProcessState?, on message: TransferMessage.Kind, by sender: ProtocolRole
    ) -> TransferProcessState? {
        switch (state, message, sender) {
        case (nil, .request, .consumer): .requested
        case (.requested, .start, .provider), (.suspended, .start, _): .started
        case (.started, .suspension, _): .suspended
        case (.started, .completion, _): .completed
        case (.requested, .termination, _), (.started, .termination, _), (.suspended, .termination, _): .terminated
        default: nil
        }
    }
}
