// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import DataspaceProtocol
package import ExchangeModel
package import Identity
package import Ledger
package import Logging
package import Sealing
package import StorageSQLite

/// The way a dataset goes, in six steps. Each takes the result of the step before it and nothing looser, so the compiler keeps the order:
///
///     seal ──► offer ──► negotiate ──► transfer ──► open ──► record
///     Dataset  SealedVersion  Offer  Agreement  Transfer   OpenedPackage  Receipt
///
/// Provider and consumer each run this code; what one side starts, the other answers in `answer`. Every step commits its ledger entry in
/// the transaction that changes its state, and nothing that depends on the entry leaves the process before the entry is under a signed head.
package final class Exchange: Sendable {
    let store: Store
    let ledger: Ledger
    let keys: NodeKeys
    let own: OwnParty
    package let peers: PeerDirectory
    let transport: any PeerTransport
    let files: PackageFiles
    let clock: any WallClock
    let settings: ExchangeSettings
    let logger: Logger
    package let signals = ProcessSignals()
    let refusals: RefusalLimiter
    let policies = PolicyCache()
    let duties = DutySchedule()
    /// Offers as the catalog shows them, by id: an id stands for one policy of one dataset.
    let wireOffers = RecentlyUsed<String, WireOffer>(capacity: 4_096)
    let servedBytes = ServedBytes()
    let progress = Progress()
    /// Grant requests that a call is waiting for, by request id.
    let grantsUnderWay = RunningSet()
    /// Sealing and opening read and write for long; they run on threads of their own.
    let blocking = BlockingWork()

    package init(
        store: Store, ledger: Ledger, keys: NodeKeys, own: OwnParty, peers: PeerDirectory, transport: any PeerTransport,
        files: PackageFiles, clock: any WallClock, settings: ExchangeSettings, logger: Logger
    ) {
        self.store = store
        self.ledger = ledger
        self.keys = keys
        self.own = own
        self.peers = peers
        self.transport = transport
        self.files = files
        self.clock = clock
        self.settings = settings
        self.logger = logger
        refusals = RefusalLimiter(limit: settings.refusalsPerPeerAndHour)
    }

    /// Step 1, provider: compresses, encrypts and signs the dataset's files as its next version.
    package func seal(_ dataset: Dataset, options: SealOptions, by user: UserID) async throws -> SealedVersion {
        let sealed = try await files.seal(dataset, options: options, signer: try keys.signing(options.suite), on: blocking)
        return try await recordSealed(sealed, of: dataset, by: user)
    }

    /// Step 2, provider: puts a published dataset under a usage policy, visible to some.
    package func offer(
        _ version: SealedVersion, policy: JSON, visibility: [Visibility], acknowledgingDeclared: Bool, by user: UserID
    ) async throws -> Offer {
        let checked = try await register(policy, acknowledgingDeclared: acknowledgingDeclared)
        return try await recordOffer(of: version.datasetID, policy: checked, visibility: visibility, by: user)
    }

    /// Step 3, consumer: asks for a contract on what the peer's catalog offers, and waits until both sides have signed it.
    ///
    /// With `need`, an offer that does not give as much, or asks for more duties than those accepted, is refused before anything is sent.
    package func negotiate(
        _ offered: RemoteOffer, need: Need? = nil, waitSeconds: Int64, by user: UserID
    ) async throws -> Negotiation {
        try need?.check(offered, for: own.participant)
        let negotiation = try await requestContract(offered, by: user)
        return try await settled(negotiation, within: waitSeconds)
    }

    /// Step 4, consumer: asks for the package of an agreement; the bytes come verified chunk by chunk.
    package func transfer(_ agreement: Agreement, waitSeconds: Int64, by user: UserID) async throws -> Transfer {
        let transfer = try await requestTransfer(of: agreement, by: user)
        return try await settled(transfer, within: waitSeconds)
    }

    /// Step 5, consumer: one use. Policy, reservation and a key grant come first; then plaintext leaves for `directory`.
    package func open(_ transfer: Transfer, for use: IntendedUse, into directory: String, by user: UserID) async throws -> OpenedPackage {
        let permitted = try await permit(use, of: transfer, into: directory, by: user)
        return try await unseal(permitted, into: directory)
    }

    /// Step 6, both: the two halves of the receipt under which keys are granted, or nil while they have not crossed.
    package func record(_ transfer: Transfer) async throws -> Receipt? {
        try await storedReceipt(of: transfer)
    }

    /// All record types, for opening the store.
    package static let recordTypes: [any StoredRecord.Type] = [
        Dataset.self, SealedVersion.self, HeldPackage.self, Offer.self, Negotiation.self, Agreement.self, Transfer.self, IssuedGrant.self,
        UseCounter.self, PackageUse.self, HeldGrant.self, GrantAttempt.self, Peer.self, Space.self, NodeUser.self, Setting.self,
        OutboxMessage.self, ConfirmedFact.self, ParentPolicy.self,
        AgreementDuties.self, ClockRecord.self,
    ]

    /// A new id: time-ordered, unguessable.
    func newID() -> String { TimeOrderedID.make(at: clock.now(), random: SecureRandom.bytes(10)) }
    func newURN() -> String { "urn:uuid:" + newID() }
}

/// This node's participant, as its configuration has it.
package struct OwnParty: Sendable {
    package let participant: ParticipantID
    package let names: PartyNames
    package let endpoints: CardEndpoints
    /// The name of our log.
    package let origin: String

    package init(participant: ParticipantID, names: PartyNames, endpoints: CardEndpoints, origin: String) {
        self.participant = participant
        self.names = names
        self.endpoints = endpoints
        self.origin = origin
    }
}
