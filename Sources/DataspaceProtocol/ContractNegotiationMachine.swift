// SPDX-License-Identifier: Apache-2.0

package enum ContractNegotiationState: String, Sendable, Hashable, Codable, CaseIterable {
    case requested = "REQUESTED"
    case offered = "OFFERED"
    case accepted = "ACCEPTED"
    case agreed = "AGREED"
    case verified = "VERIFIED"
    case finalized = "FINALIZED"
    case terminated = "TERMINATED"

    package var isTerminal: Bool { self == .finalized || self == .terminated }
}

/// The standard's contract negotiation, the same on both sides. C: sent by the consumer, P: by the provider.
///
///              ┌──── C request ─────────────────────┐
///              ▼                                    │
///     ∙ ─C request─► REQUESTED ─P offer─► OFFERED ──┤      ∙ ─P offer─► OFFERED
///                        │                          └ C accepted ► ACCEPTED
///                        └─────── P agreement ──► AGREED ◄ P agreement ┘
///                                                   └ C verification ► VERIFIED ─P finalized─► FINALIZED
///
/// Termination ends every state but the two terminal ones. A value: copy it, `receive` or `send`, and keep the copy only once the
/// state is committed (and, for our own message, acknowledged).
package struct ContractNegotiationMachine: Sendable, Hashable, Codable {
    /// nil before the first message.
    package private(set) var state: ContractNegotiationState?
    private var history = MessageHistory()

    package init() {}

    /// A message from the peer.
    /// - Throws: `.unexpected`, `.wrongForm`; the state is then unchanged and the answer is 400.
    package mutating func receive(
        _ message: NegotiationMessage, from sender: ProtocolRole
    ) throws(DSPError) -> MachineStep<ContractNegotiationState> {
        let identity = message.identity
        // Any answer of ours may have crossed the peer's redelivery, so its last accepted message counts in whatever state we are.
        if identity.repeats(history[sender]) { return .repeated }
        guard let next = ContractNegotiationMachine.next(from: state, on: message.kind, by: sender) else {
            throw .unexpected(message: message.kind.name, state: state?.rawValue ?? "none", sender: sender)
        }
        try requireForm(of: message)
        history[sender] = identity
        let previous = state
        state = next
        return .moved(from: previous, to: next)
    }

    /// A message of our own, before it leaves.
    /// - Throws: also `.notOursToSend` where the peer would have to accept it but the diagram does not show it.
    package mutating func send(
        _ message: NegotiationMessage, as role: ProtocolRole
    ) throws(DSPError) -> MachineStep<ContractNegotiationState> {
        let isRepeat = message.identity.repeats(history[role])
        if !isRepeat, message.kind == .termination, !ContractNegotiationMachine.maySend(message.kind, in: state, as: role) {
            throw .notOursToSend(message: message.kind.name, state: state?.rawValue ?? "none", sender: role)
        }
        return try receive(message, from: role)
    }

    /// The standard's table; nil where the message is not legal.
    package static func next(
        from state: ContractNegotiationState?, on message: NegotiationMessage.Kind, by sender: ProtocolRole
    ) -> ContractNegotiationState? {
        switch (state, message, sender) {
        case (nil, .request, .consumer), (.offered, .request, .consumer): .requested
        case (nil, .offer, .provider), (.requested, .offer, .provider): .offered
        case (.offered, .accepted, .consumer): .accepted
        case (.requested, .agreement, .provider), (.accepted, .agreement, .provider): .agreed
        case (.agreed, .verification, .consumer): .verified
        case (.verified, .finalized, .provider): .finalized
        // The prose lets either side end a negotiation at any time; the diagram is narrower, see `maySend`.
        case (let state?, .termination, _) where !state.isTerminal: .terminated
        default: nil
        }
    }

    /// Whether the diagram shows `role` sending `message` in `state`.
    package static func maySend(_ message: NegotiationMessage.Kind, in state: ContractNegotiationState?, as role: ProtocolRole) -> Bool {
        guard next(from: state, on: message, by: role) != nil else { return false }
        guard message == .termination else { return true }
        switch state {
        case .requested, .offered: return true
        case .accepted, .verified: return role == .provider
        case .agreed: return role == .consumer
        default: return false
        }
    }

    private func requireForm(of message: NegotiationMessage) throws(DSPError) {
        let isInitial = message.callbackAddress != nil
        switch message {
        case .request, .offer:
            guard isInitial == (state == nil) else {
                throw .wrongForm(message: message.kind.name, expected: state == nil ? "the first of a negotiation" : "a later one")
            }
        default: break
        }
    }
}
