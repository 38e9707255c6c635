// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// What tells a redelivered message from a new one: kind, `@id` and content. Kept in the record of a process.
package struct MessageIdentity: Sendable, Hashable, Codable {
    package let kind: String
    package let id: String?
    /// FNV-1a of the canonical bytes. Not a security measure: a peer that makes two messages collide only has its own second one
    /// taken for the first.
    package let fingerprint: String

    package init(kind: String, id: String?, content: JSON) {
        self.kind = kind
        self.id = id
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in content.canonical() { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        fingerprint = String(hash, radix: 16)
    }

    /// The same message again. Two ids that differ settle it; otherwise the content does, so that an id reused for other content is
    /// judged as the new message it is.
    func repeats(_ earlier: MessageIdentity?, evenIfChanged: Bool = false) -> Bool {
        guard let earlier, kind == earlier.kind else { return false }
        if let id, let other = earlier.id {
            return id.utf8.elementsEqual(other.utf8) && (evenIfChanged || fingerprint == earlier.fingerprint)
        }
        return fingerprint == earlier.fingerprint
    }
}

/// The last message that each side got accepted.
struct MessageHistory: Sendable, Hashable, Codable {
    var consumer: MessageIdentity?
    var provider: MessageIdentity?

    subscript(_ role: ProtocolRole) -> MessageIdentity? {
        get { role == .consumer ? consumer : provider }
        set { if role == .consumer { consumer = newValue } else { provider = newValue } }
    }
}

/// What a legal message does to a process.
package enum MachineStep<State: Sendable & Hashable>: Sendable, Hashable {
    case moved(from: State?, to: State)
    /// Seen before and already in effect: acknowledge again, change and record nothing.
    case repeated
}
