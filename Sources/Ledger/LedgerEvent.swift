// SPDX-License-Identifier: Apache-2.0
package import ExchangeModel

/// What happened. A closed list: a reader that meets another word refuses the entry.
package enum EntryType: String, Sendable, Hashable, CaseIterable, Codable {
    case nodeInit = "node-init"
    case datasetSealed = "dataset-sealed"
    case offerCreated = "offer-created"
    case offerWithdrawn = "offer-withdrawn"
    case negotiationRequested = "negotiation-requested"
    case negotiationApproved = "negotiation-approved"
    case negotiationAgreed = "negotiation-agreed"
    case negotiationFinalized = "negotiation-finalized"
    case negotiationTerminated = "negotiation-terminated"
    case transferRequested = "transfer-requested"
    case transferStarted = "transfer-started"
    case transferTerminated = "transfer-terminated"
    case received
    case delivered
    case grantIssued = "grant-issued"
    case grantReceived = "grant-received"
    case use
    case useFinished = "use-finished"
    case refusal
    case refusalsSuppressed = "refusals-suppressed"
    case receipt
    case receiptMissing = "receipt-missing"
    case contractEvent = "contract-event"
    case dutyDue = "duty-due"
    case dutyFulfilled = "duty-fulfilled"
    case dutyViolated = "duty-violated"
    case dutyPerformed = "duty-performed"
    case dutySettled = "duty-settled"
    case dutyBegun = "duty-begun"
    case dutyReport = "duty-report"
    case peerAdded = "peer-added"
    case peerChanged = "peer-changed"
    case peerRemoved = "peer-removed"
    case peerCheckpoint = "peer-checkpoint"
    case finding
    case factConfirmed = "fact-confirmed"
    case factRemoved = "fact-removed"
    case userChanged = "user-changed"
    case spaceChanged = "space-changed"
    case certificateChanged = "certificate-changed"
    case configurationChanged = "configuration-changed"
    case correction
    case erasure
    case headAdopted = "head-adopted"
}

/// On which side of the event this node stood.
package enum EntryRole: String, Sendable, Hashable, CaseIterable, Codable {
    case provider, consumer, node
}

/// One party of a transfer as law and statistics see it. `province` is the physical one of the connector.
package struct PartyFacts: Sendable, Hashable, Codable {
    package var participant: ParticipantID
    package var space: String?
    package var province: ProvinceCode?
    package var country: CountryCode?

    package init(participant: ParticipantID, space: String? = nil, province: ProvinceCode? = nil, country: CountryCode? = nil) {
        self.participant = participant
        self.space = space
        self.province = province
        self.country = country
    }

    package var json: JSON {
        .members([
            "participant": .string(participant.description), "space": space.map(JSON.string),
            "province": province.map { .string($0.description) }, "country": country.map { .string($0.description) },
        ])
    }
}

/// Nil is "not known", which is not "no".
package struct CrossDomainFlags: Sendable, Hashable, Codable {
    package var crossSpace: Bool?
    package var crossProvince: Bool?
    package var crossBorder: Bool?

    package init(crossSpace: Bool?, crossProvince: Bool?, crossBorder: Bool?) {
        self.crossSpace = crossSpace
        self.crossProvince = crossProvince
        self.crossBorder = crossBorder
    }

    /// Derived from the parties. Cross-province is between two provinces of the mainland; Hong Kong, Macao and Taiwan have country codes
    /// of their own and so are across the border.
    package init(provider: PartyFacts, consumer: PartyFacts) {
        crossSpace = CrossDomainFlags.differ(provider.space, consumer.space)
        crossBorder = CrossDomainFlags.differ(provider.country, consumer.country)
        switch (provider.country?.isMainlandChina, consumer.country?.isMainlandChina) {
        case (false, _), (_, false): crossProvince = false
        default: crossProvince = CrossDomainFlags.differ(provider.province, consumer.province)
        }
    }

    private static func differ<V: Equatable>(_ a: V?, _ b: V?) -> Bool? {
        guard let a, let b else { return nil }
        return a != b
    }

    package var json: JSON {
        [
            "crossSpace": crossSpace.map(JSON.bool) ?? .null, "crossProvince": crossProvince.map(JSON.bool) ?? .null,
            "crossBorder": crossBorder.map(JSON.bool) ?? .null,
        ]
    }
}

/// The facts that both nodes record about one event, equal on both sides. All that the matcher compares.
package struct SharedFacts: Sendable, Hashable, Codable {
    package var provider: PartyFacts
    package var consumer: PartyFacts
    package var dataset: String?
    package var version: String?
    /// The digest of the package reference.
    package var package: Digest?
    package var sizeBytes: Int64?
    package var agreement: Digest?
    package var policy: Digest?
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?
    package var outcome: String?

    package init(
        provider: PartyFacts, consumer: PartyFacts, dataset: String? = nil, version: String? = nil, package: Digest? = nil,
        sizeBytes: Int64? = nil, agreement: Digest? = nil, policy: Digest? = nil, startedAt: Timestamp? = nil,
        finishedAt: Timestamp? = nil, outcome: String? = nil
    ) {
        self.provider = provider
        self.consumer = consumer
        self.dataset = dataset
        self.version = version
        self.package = package
        self.sizeBytes = sizeBytes
        self.agreement = agreement
        self.policy = policy
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.outcome = outcome
    }

    package var flags: CrossDomainFlags { CrossDomainFlags(provider: provider, consumer: consumer) }

    /// Fields that an entry only commits to.
    var confidential: [String: JSON] {
        var fields: [String: JSON] = ["provider": provider.json, "consumer": consumer.json]
        fields["dataset"] = dataset.map(JSON.string)
        fields["version"] = version.map(JSON.string)
        fields["sizeBytes"] = sizeBytes.map { JSON.ledgerNumber($0) }
        fields["startedAt"] = startedAt.map { .string($0.description) }
        fields["finishedAt"] = finishedAt.map { .string($0.description) }
        fields["outcome"] = outcome.map(JSON.string)
        return fields
    }

    /// Fields that an entry shows.
    var plain: [String: JSON] {
        var fields: [String: JSON] = ["flags": flags.json]
        fields["package"] = package.map { .string($0.description) }
        fields["agreement"] = agreement.map { .string($0.description) }
        fields["policy"] = policy.map { .string($0.description) }
        return fields
    }

    /// What the mirror commitment covers.
    func mirrored(event: String, correlation: String?) -> JSON {
        var fields = confidential.merging(plain) { first, _ in first }
        fields["event"] = .string(event)
        fields["correlation"] = correlation.map(JSON.string)
        return .object(fields)
    }
}

/// What a caller asks the ledger to record. The ledger adds ids, time, counting year, random bytes and commitments.
///
/// Nothing here may name a natural person: users appear by pseudonymous id. Text of a peer appears only as its digest.
package struct LedgerEvent: Sendable {
    package var type: EntryType
    package var role: EntryRole
    /// The same on both nodes for one negotiation or transfer.
    package var correlation: String?
    /// Our id of the agreement. Openings are sealed under a key of this agreement, so that they can be erased together.
    package var agreement: String?
    /// The same on both nodes for one event; nil makes a new one. `LedgerEvent.sharedEvent` derives one that both know.
    package var event: String?
    package var shared: SharedFacts?
    /// Committed to, never shown without its opening, never sent to the peer.
    package var local: [String: JSON]
    /// Shown: digests of signed objects (`card`, `grant`, `receipt` …).
    package var digests: [String: Digest]
    /// Shown: ids (`request`, `grant`, `user` …).
    package var ids: [String: String]
    /// Shown: the head of a peer's log as this event carried it.
    package var peerHead: PeerPin?
    /// 32 bytes that both nodes know; with `shared` it makes the `mirror` commitment.
    package var mirrorSecret: [UInt8]?

    package init(
        type: EntryType, role: EntryRole = .node, correlation: String? = nil, agreement: String? = nil, event: String? = nil,
        shared: SharedFacts? = nil, local: [String: JSON] = [:], digests: [String: Digest] = [:], ids: [String: String] = [:],
        peerHead: PeerPin? = nil, mirrorSecret: [UInt8]? = nil
    ) {
        self.type = type
        self.role = role
        self.correlation = correlation
        self.agreement = agreement
        self.event = event
        self.shared = shared
        self.local = local
        self.digests = digests
        self.ids = ids
        self.peerHead = peerHead
        self.mirrorSecret = mirrorSecret
    }

    /// The event id that both nodes derive for one step of a correlated course, e.g. `…/delivery`.
    package static func sharedEvent(correlation: String, step: String) -> String { correlation + "/" + step }

    /// Thrown out of a commit's closure: the changes are rolled back, these events are recorded all the same, and the caller of
    /// `commit` receives `reason` after that record is durable.
    package func refusing(_ reason: any Error) -> LedgerRefusal { LedgerRefusal(events: [self], reason: reason) }
}

package struct LedgerRefusal: Error {
    package let events: [LedgerEvent]
    package let reason: any Error

    package init(events: [LedgerEvent], reason: any Error) {
        self.events = events
        self.reason = reason
    }
}

extension JSON {
    /// Integers beyond 2^53 travel as strings: other readers keep numbers as doubles.
    static func ledgerNumber(_ number: Int64) -> JSON {
        number.magnitude <= 1 << 53 ? .integer(number) : .string(String(number))
    }

    /// The value with each integer made safe. Depth is bounded because callers' values are.
    func ledgerSafe(depth: Int = 0) throws(LedgerError) -> JSON {
        guard depth < 32 else { throw .badEvent("a local value is nested too deeply") }
        switch self {
        case .integer(let number): return .ledgerNumber(number)
        case .array(let items):
            var safe: [JSON] = []
            for item in items { safe.append(try item.ledgerSafe(depth: depth + 1)) }
            return .array(safe)
        case .object(let members):
            var safe: [String: JSON] = [:]
            for (name, member) in members { safe[name] = try member.ledgerSafe(depth: depth + 1) }
            return .object(safe)
        default: return self
        }
    }
}
