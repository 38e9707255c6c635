// SPDX-License-Identifier: Apache-2.0

package import Exchange
package import ExchangeModel
package import Identity
package import Ledger
package import Sealing
import StorageSQLite

/// A provider in Fujian and a consumer in Guangdong, members of one space and peers of each other, on one network and one clock.
package struct TestWorld: Sendable {
    package let clock: SimulatedClock
    package let network: InMemoryNetwork
    package let space: TestSpace
    package let provider: TestNode
    package let consumer: TestNode
    /// Who acts on both nodes.
    package let user: UserID

    package static func make(
        settings: ExchangeSettings = TestNode.settings, clock: SimulatedClock = SimulatedClock()
    ) async throws -> TestWorld {
        let network = InMemoryNetwork()
        let space = try TestSpace(at: clock.now())
        let provider = try await TestNode.create(.fujian(), spaces: [space], clock: clock, network: network, settings: settings)
        let consumer = try await TestNode.create(.guangdong(), spaces: [space], clock: clock, network: network, settings: settings)
        try await provider.add(peer: consumer)
        try await consumer.add(peer: provider)
        return TestWorld(clock: clock, network: network, space: space, provider: provider, consumer: consumer, user: .make())
    }

    /// One more member of the space, known to both.
    package func join(_ party: TestParty) async throws -> TestNode {
        let node = try await TestNode.create(party, spaces: [space], clock: clock, network: network, settings: provider.settings)
        for other in [provider, consumer] {
            try await other.add(peer: node)
            try await node.add(peer: other)
        }
        return node
    }

    /// Both nodes serve while `body` runs.
    package func running<T: Sendable>(and others: [TestNode] = [], _ body: @Sendable () async throws -> T) async throws -> T {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in [provider, consumer] + others { group.addTask { try await node.run() } }
            defer { group.cancelAll() }
            return try await body()
        }
    }

    // MARK: the six steps, with what most tests leave out

    /// Steps 1 and 2: puts `files` on the provider's disk, seals and offers them.
    @discardableResult
    package func publish(
        _ files: [String: [UInt8]], as id: String = "D-01", policy: JSON = TestPolicy.use, visibleTo: [Visibility] = [.registered],
        options: SealOptions = SealOptions()
    ) async throws -> (version: SealedVersion, offer: Offer) {
        let path = provider.home.path + "/source-\(id)"
        try TestTree.write(files, to: path)
        let dataset = Dataset(
            id: id, titleZH: "动力电池溯源", titleEN: "Battery trace", descriptionZH: nil, descriptionEN: nil, sourcePath: path,
            grade: .general, personalInformation: .none, createdAt: clock.now())
        let exchange = try await provider.exchange
        try await exchange.add(dataset, by: user)
        let version = try await exchange.seal(dataset, options: options, by: user)
        let offer = try await exchange.offer(version, policy: policy, visibility: visibleTo, acknowledgingDeclared: true, by: user)
        return (version, offer)
    }

    /// Step 3.
    package func negotiate(_ dataset: String = "D-01", as node: TestNode? = nil) async throws -> Negotiation {
        let exchange = try await (node ?? consumer).exchange
        let offer = try await exchange.findOffer(of: provider.address, dataset: dataset, offer: nil)
        return try await exchange.negotiate(offer, waitSeconds: 30, by: user)
    }

    /// The agreement of a negotiation, as `node` has it.
    package func agreement(of negotiation: Negotiation, at node: TestNode? = nil) async throws -> Agreement? {
        let id = negotiation.consumerPID
        return try await (node ?? consumer).store.read { tx in
            try tx.all(Negotiation.self).first { $0.consumerPID == id }.flatMap {
                try tx.first(Agreement.self, where: "negotiation", equals: $0.id)
            }
        }
    }

    /// Step 4.
    package func transfer(under agreement: Agreement, as node: TestNode? = nil) async throws -> Transfer {
        try await (node ?? consumer).exchange.transfer(agreement, waitSeconds: 30, by: user)
    }

    /// Steps 3 and 4; throws unless the transfer completes.
    package func obtain(_ dataset: String = "D-01", as node: TestNode? = nil) async throws -> Transfer {
        let negotiation = try await negotiate(dataset, as: node)
        guard let agreement = try await agreement(of: negotiation, at: node), agreement.isActive else {
            throw ExchangeError.notSettled("contract", "\(negotiation.stateName) \(negotiation.ending.map { "\($0)" } ?? "")")
        }
        let transfer = try await transfer(under: agreement, as: node)
        guard transfer.stateName == "COMPLETED" else {
            throw ExchangeError.notSettled(
                "transfer", "\(transfer.stateName) \(transfer.lastError ?? "") \(transfer.ending.map { "\($0)" } ?? "")")
        }
        return transfer
    }

    /// Step 5: opens into a directory of its own and reads what is there.
    package func open(_ transfer: Transfer, for purpose: String? = nil, as node: TestNode? = nil) async throws -> (
        opened: OpenedPackage, files: [String: [UInt8]]
    ) {
        let node = node ?? consumer
        let directory =
            try node.home.make("opened") + "/\(TimeOrderedID.make(at: clock.now(), random: (0..<10).map { _ in .random(in: 0...255) }))"
        let opened = try await node.exchange.open(transfer, for: IntendedUse(purpose: purpose), into: directory, by: user)
        return (opened, try TestTree.read(directory))
    }

    // MARK: what both sides hold

    /// The provider's record of a process of the consumer's.
    package func counterpart(of negotiation: Negotiation) async throws -> Negotiation? {
        try await provider.store.read { tx in
            try tx.all(Negotiation.self, where: "remote", equals: negotiation.consumerPID).first { $0.role == .provider }
        }
    }

    package func counterpart(of transfer: Transfer) async throws -> Transfer? {
        try await provider.store.read { tx in
            try tx.all(Transfer.self, where: "remote", equals: transfer.consumerPID).first { $0.role == .provider }
        }
    }

    /// Both ledgers side by side.
    package func mirror() async throws -> MirrorMatch {
        let ours = try await provider.ledger.mirrorRecords(with: consumer.address)
        let theirs = try await consumer.ledger.mirrorRecords(with: provider.address)
        return .of(ours: ours, theirs: theirs)
    }
}

extension TestNode {
    /// The types of all entries, in order.
    package func entryTypes() async throws -> [EntryType] { try await ledger.entries(limit: 10_000).map(\.record.type) }

    /// The codes of all refusals and findings, in order.
    package func refusalCodes() async throws -> [String] {
        let ledger = try await ledger
        var codes: [String] = []
        for entry in try await ledger.entries(limit: 10_000) where [.refusal, .finding].contains(entry.record.type) {
            codes.append(try await ledger.view(entry).local["code"]?.string ?? "")
        }
        return codes
    }
}
