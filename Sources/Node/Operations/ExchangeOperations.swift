// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import DataspaceProtocol
import Exchange
import ExchangeModel
import Foundation
import Identity
import Ledger
import MerkleLog
import PolicyEngine
import Sealing
import StorageSQLite

// MARK: - Datasets and offers

extension Node {
    func datasetAdd(_ input: OperationInput) async throws -> JSON {
        let path = try input.text("path")
        guard path.hasPrefix("/") else { throw ExchangeError.badInput("path", "is not absolute") }
        guard layout.exists(path) else {
            throw ExchangeError(.notFound, "dataset.source-missing", "`\(path)` is not there", hint: "give a directory or file that exists")
        }
        let id =
            try input.optionalText("id", limit: 128) ?? "urn:uuid:" + TimeOrderedID.make(at: clock.now(), random: SecureRandom.bytes(10))
        guard id.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ExchangeError.badInput("id", "takes letters, digits and punctuation of ASCII, without spaces")
        }
        let dataset = Dataset(
            id: id, titleZH: try input.text("titleZH", limit: 512), titleEN: try input.text("titleEN", limit: 512),
            descriptionZH: try input.optionalText("descriptionZH"), descriptionEN: try input.optionalText("descriptionEN"),
            sourcePath: path, grade: try input.choice("grade", Dataset.Grade.self) ?? .general,
            personalInformation: try input.choice("personalInformation", Dataset.PersonalInformation.self) ?? .none, createdAt: clock.now())
        try await exchange.add(dataset, by: input.user)
        return ["id": .string(id), "path": .string(path)]
    }

    func datasetPublish(_ input: OperationInput) async throws -> JSON {
        let id = try input.text("dataset")
        guard let dataset = try await store.read({ try $0.get(Dataset.self, id: id) }) else { throw ExchangeError.unknown("dataset", id) }
        var options = SealOptions()
        if let name = try input.optionalText("suite") {
            guard let suite = Suite(name: name) else { throw ExchangeError.badInput("suite", "is none of international, guomi") }
            options.suite = suite
        }
        let level = try input.integer("level", -7...22)
        switch try input.optionalText("codec") ?? (dataset.personalInformation == .sensitive ? "stored" : "auto") {
        case "auto": options.codec = .automatic
        case "zstd": options.codec = .zstd(level: Int(level ?? 3))
        case "deflate": options.codec = .deflate(level: Int(level ?? 6))
        case "stored": options.codec = .stored
        default: throw ExchangeError.badInput("codec", "is none of auto, zstd, deflate, stored")
        }
        // Compressed lengths speak of content: sensitive personal information is stored and padded in full.
        switch try input.optionalText("padding") ?? (dataset.personalInformation == .sensitive ? "full" : "none") {
        case "none": options.padding = .none
        case "padme": options.padding = .padme
        case "full": options.padding = .full
        default: throw ExchangeError.badInput("padding", "is none of none, padme, full")
        }
        options.threads = Int(try input.integer("threads", 0...256) ?? 0)
        options.metadata = [
            "titleZH": .string(dataset.titleZH), "titleEN": .string(dataset.titleEN), "grade": .string(dataset.grade.rawValue),
            "personalInformation": .string(dataset.personalInformation.rawValue),
        ]
        let version = try await exchange.seal(dataset, options: options, by: input.user)
        return Node.describe(version)
    }

    func datasetList(_ id: String?) async throws -> JSON {
        let (datasets, versions, offers) = try await store.read { tx in
            (try tx.all(Dataset.self), try tx.all(SealedVersion.self), try tx.all(Offer.self))
        }
        let rows = datasets.filter { id == nil || $0.id == id }.map { dataset -> JSON in
            .members([
                "id": .string(dataset.id), "titleZH": .string(dataset.titleZH), "titleEN": .string(dataset.titleEN),
                "path": .string(dataset.sourcePath), "grade": .string(dataset.grade.rawValue),
                "personalInformation": .string(dataset.personalInformation.rawValue),
                "versions": .array(versions.filter { $0.datasetID == dataset.id }.sorted { $0.version < $1.version }.map(Node.describe)),
                "offers": .strings(offers.filter { $0.datasetID == dataset.id && $0.withdrawnAt == nil }.map(\.id)),
            ])
        }
        if let id, rows.isEmpty { throw ExchangeError.unknown("dataset", id) }
        return id == nil ? ["datasets": .array(rows)] : rows[0]
    }

    private static func describe(_ version: SealedVersion) -> JSON {
        [
            "dataset": .string(version.datasetID), "version": .integer(Int64(version.version)), "package": .string(version.id),
            "bytes": .integer(version.bytes), "plainBytes": .integer(version.plainBytes), "files": .integer(Int64(version.files)),
            "publishedAt": .string(version.publishedAt.description),
        ]
    }

    func offerCreate(_ input: OperationInput) async throws -> JSON {
        let datasetID = try input.text("dataset")
        guard let policy = input.json["policy"], policy.object != nil else {
            throw ExchangeError.badInput("policy", "is not a JSON object")
        }
        let visible = input.json["visibleTo"]?.array ?? []
        guard visible.count <= 1_000 else { throw ExchangeError.badInput("visibleTo", "names more than 1000") }
        guard try await store.read({ try $0.exists(Dataset.self, id: datasetID) }) else {
            throw ExchangeError.unknown("dataset", datasetID)
        }
        let version = try await exchange.latestVersion(of: datasetID)
        let offer = try await exchange.offer(
            version, policy: policy, visibility: try visible.map { try Visibility(parsing: $0) },
            acknowledgingDeclared: input.flag("acknowledge"), by: input.user)
        return [
            "id": .string(offer.id), "dataset": .string(datasetID), "policyHash": .string(offer.policyHash.description),
            "clauses": .array(try Node.clauses(of: offer.policy)),
        ]
    }

    func offerReplace(_ input: OperationInput) async throws -> JSON {
        guard let policy = input.json["policy"], policy.object != nil else {
            throw ExchangeError.badInput("policy", "is not a JSON object")
        }
        let old = try input.text("offer")
        let offer = try await exchange.replace(
            offer: old, policy: policy, acknowledgingDeclared: input.flag("acknowledge"), by: input.user)
        return [
            "id": .string(offer.id), "replaces": .string(old), "dataset": .string(offer.datasetID),
            "policyHash": .string(offer.policyHash.description), "clauses": .array(try Node.clauses(of: offer.policy)),
        ]
    }

    func offerShow(_ input: OperationInput) async throws -> JSON {
        let id = try input.text("offer")
        guard let offer = try await store.read({ try $0.get(Offer.self, id: id) }) else { throw ExchangeError.unknown("offer", id) }
        guard case .object(var members) = try Node.describe(offer) else { return [:] }
        members["policy"] = offer.policy
        return .object(members)
    }

    private static func describe(_ offer: Offer) throws -> JSON {
        .members([
            "id": .string(offer.id), "dataset": .string(offer.datasetID), "policyHash": .string(offer.policyHash.description),
            "visibleTo": .array(try offer.visibility.map { try $0.json() }), "createdAt": .string(offer.createdAt.description),
            "withdrawn": .bool(offer.withdrawnAt != nil), "supersededBy": offer.supersededBy.map(JSON.string),
            // A policy that an older program took need not be readable to this one.
            "clauses": .array((try? Node.clauses(of: offer.policy)) ?? []),
        ])
    }

    private static func clauses(of policy: JSON) throws -> [JSON] {
        try PolicyReader.read(policy).clauses().map { clause in
            [
                "clause": .string(clause.text.en), "clauseZH": .string(clause.text.zh), "pointer": .string(clause.pointer.description),
                "level": .string(clause.level.rawValue),
            ]
        }
    }

    func offerList() async throws -> JSON {
        let offers = try await store.read { try $0.all(Offer.self) }
        return [
            "offers": .array(
                try offers.map(Node.describe))
        ]
    }

    func offerWithdraw(_ input: OperationInput) async throws -> JSON {
        let offer = try await exchange.withdraw(offer: try input.text("offer"), by: input.user)
        return ["id": .string(offer.id), "dataset": .string(offer.datasetID), "withdrawn": true]
    }

    func catalogShow(_ input: OperationInput) async throws -> JSON {
        let participant = try ParticipantID(parsing: try await peer(try input.text("peer")).id)
        let catalog = try await exchange.catalog(of: participant)
        let datasets = catalog.datasets.map { dataset -> JSON in
            let facts = dataset.envelope.extensions
            func title(_ language: String) -> JSON {
                let titles = dataset.properties["dct:title"]?.array ?? []
                return titles.first { $0["@language"]?.string == language }?["@value"] ?? .string(dataset.id)
            }
            return .members([
                "id": .string(dataset.id), "titleZH": title("zh"), "titleEN": title("en"), "version": dataset.properties["dcat:version"],
                "package": facts["urn:kouan:package"],
                "bytes": facts["urn:kouan:packageBytes"]?.string.flatMap(Int64.init).map(JSON.integer),
                "grade": facts["urn:kouan:grade"],
                "offers": .array(
                    dataset.offers.map { offer in
                        let clauses = (try? Node.clauses(of: offer.json)) ?? []
                        return ["id": .string(offer.id), "policy": offer.json, "summary": .array(clauses)]
                    }),
            ])
        }
        return ["participant": .string(participant.description), "datasets": .array(datasets)]
    }
}

// MARK: - Contracts

extension Node {
    func contractRequest(_ input: OperationInput) async throws -> JSON {
        let participant = try ParticipantID(parsing: try await peer(try input.text("peer")).id)
        let dataset = try input.optionalText("dataset")
        let offer = try input.optionalText("offer")
        guard dataset != nil || offer != nil else { throw ExchangeError.badInput("dataset", "or an offer must be named") }
        var remote = try await exchange.findOffer(of: participant, dataset: dataset, offer: offer)
        if let rules = input.json["propose"], rules != .null { remote = try remote.proposing(rules) }
        var need: Need?
        if let policy = input.json["need"], policy != .null {
            need = try Need(policy: policy, acceptedDuties: try input.texts("acceptDuties"))
        }
        let negotiation = try await exchange.negotiate(
            remote, need: need, waitSeconds: try input.integer("wait", 0...3_600) ?? 30, by: input.user)
        if let ending = negotiation.ending {
            let reason = ending.reasons.joined(separator: "; ")
            throw ending.byPeer
                ? ExchangeError.peerRefused(participant.description, code: ending.code, reason)
                : ExchangeError.denied(ending.code, reason, hint: "see `kouan contract show \(negotiation.id)`")
        }
        return try await describe(negotiation, full: true)
    }

    func contractList() async throws -> JSON {
        let negotiations = try await store.read { try $0.all(Negotiation.self) }
        var rows: [JSON] = []
        for negotiation in negotiations { rows.append(try await describe(negotiation, full: false)) }
        return ["contracts": .array(rows)]
    }

    func contractShow(_ input: OperationInput) async throws -> JSON { try await describe(try await negotiation(input), full: true) }

    private func negotiation(_ input: OperationInput) async throws -> Negotiation {
        let id = try input.text("id")
        let found = try await store.read { tx -> Negotiation? in
            if let negotiation = try tx.get(Negotiation.self, id: id) { return negotiation }
            guard let agreement = try tx.get(Agreement.self, id: id) else { return nil }
            return try tx.get(Negotiation.self, id: agreement.negotiationID)
        }
        guard let found else { throw ExchangeError.unknown("contract", id) }
        return found
    }

    private func describe(_ negotiation: Negotiation, full: Bool) async throws -> JSON {
        let agreement = try await store.read { try $0.first(Agreement.self, where: "negotiation", equals: negotiation.id) }
        var members: [String: JSON?] = [
            "id": .string(negotiation.id), "role": .string(negotiation.role.rawValue), "peer": .string(negotiation.peer.description),
            "state": .string(negotiation.stateName), "dataset": .string(negotiation.datasetID), "offer": .string(negotiation.offerID),
            "agreement": agreement.flatMap { $0.isActive ? .string($0.id) : nil }, "updatedAt": .string(negotiation.updatedAt.description),
            "whoseMove": .string(whoseMove(negotiation, waiting: try await waiting(for: negotiation.id))),
        ]
        if negotiation.waitsForApproval, let approval = negotiation.approval {
            members["approval"] = [
                "code": .string(approval.code), "difference": .string(approval.differenceEN),
                "differenceZH": .string(approval.differenceZH),
                "deadline": .string(approval.deadline.description),
            ]
        }
        members["ending"] = negotiation.ending.map {
            ["code": .string($0.code), "reasons": .strings($0.reasons), "byPeer": .bool($0.byPeer)]
        }
        if full {
            members["peerPid"] = .string(negotiation.role == .provider ? negotiation.consumerPID : negotiation.providerPID)
            members["policy"] = negotiation.offer
            members["clauses"] = .array((try? Node.clauses(of: negotiation.offer)) ?? [])
            members["document"] = agreement?.document
            members["terms"] = agreement?.terms
            members["package"] = agreement.map { .string($0.package.description) }
            members["signedBy"] = .strings(
                [negotiation.providerProof == nil ? nil : "provider", negotiation.consumerProof == nil ? nil : "consumer"].compactMap(
                    \.self))
        }
        return .members(members)
    }

    func contractExplain(_ input: OperationInput) async throws -> JSON {
        let negotiation = try await negotiation(input)
        let waiting = try await waiting(for: negotiation.id)
        let advice: String
        switch (negotiation.machine.state, waiting) {
        case (.finalized, _): advice = "the contract is in force; start a transfer with `kouan transfer start`"
        case (.terminated, _):
            advice = negotiation.ending.map { "it ended with `\($0.code)`: \($0.reasons.joined(separator: "; "))" } ?? "it ended"
        case (_, .some(let message)):
            advice =
                message.lastError == nil
                ? "our \(message.kind.rawValue) is on its way"
                : "our \(message.kind.rawValue) could not be delivered yet; check the peer with `kouan peer test`"
        default:
            if let approval = negotiation.approval, negotiation.waitsForApproval {
                advice =
                    "the peer asks for other rules than offered: \(approval.differenceEN); decide until \(approval.deadline) with `kouan contract approve` or `reject`"
            } else {
                advice = "the peer has our last message and owes the next one; ask its operator if it stays so"
            }
        }
        return explanation(
            id: negotiation.id, state: negotiation.stateName, move: whoseMove(negotiation, waiting: waiting), advice: advice,
            waiting: waiting, lastError: nil
        )
    }

    private func whoseMove(_ negotiation: Negotiation, waiting: OutboxMessage?) -> String {
        if !negotiation.isOpen || negotiation.machine.state == .finalized { return "nobody" }
        return waiting != nil || negotiation.waitsForApproval ? "ours" : "the peer's"
    }

    func contractApprove(_ input: OperationInput) async throws -> JSON {
        let approved = try await exchange.approve(negotiation: try await negotiation(input).id, by: input.user)
        return try await describe(approved, full: true)
    }

    func contractReject(_ input: OperationInput) async throws -> JSON {
        let rejected = try await exchange.reject(
            negotiation: try await negotiation(input).id, reason: try input.optionalText("reason", limit: 512), by: input.user)
        return try await describe(rejected, full: true)
    }

    func contractTerminate(_ input: OperationInput) async throws -> JSON {
        let ended = try await exchange.terminate(negotiation: try await negotiation(input).id, by: input.user)
        return ["id": .string(ended.id), "state": .string(ended.stateName)]
    }

    private func waiting(for process: String) async throws -> OutboxMessage? {
        try await store.read { try $0.all(OutboxMessage.self, where: "process", equals: process) }.min { $0.createdAt < $1.createdAt }
    }

    private func explanation(
        id: String, state: String, move: String, advice: String, waiting: OutboxMessage?, lastError: String?
    ) -> JSON {
        .members([
            "id": .string(id), "state": .string(state), "whoseMove": .string(move), "advice": .string(advice),
            "lastError": (waiting?.lastError ?? lastError).map(JSON.string), "tries": .integer(Int64(waiting?.tries ?? 0)),
            "nextTry": waiting.map { .string($0.nextTry.description) },
        ])
    }
}

// MARK: - Transfers and opening

extension Node {
    func transferStart(_ input: OperationInput) async throws -> JSON {
        let agreement = try await agreement(try input.text("agreement"))
        let transfer = try await exchange.transfer(
            agreement, waitSeconds: try input.integer("wait", 0...86_400) ?? 0, by: input.user)
        return describe(transfer)
    }

    func agreement(_ id: String) async throws -> Agreement {
        let found = try await store.read { tx -> Agreement? in
            if let agreement = try tx.get(Agreement.self, id: id) { return agreement }
            return try tx.first(Agreement.self, where: "negotiation", equals: id)
        }
        guard let found else { throw ExchangeError.unknown("contract", id) }
        return found
    }

    func transferList() async throws -> JSON {
        let transfers = try await store.read { try $0.all(Transfer.self) }
        return ["transfers": .array(transfers.map(describe))]
    }

    func transferShow(_ input: OperationInput) async throws -> JSON {
        let transfer = try await transfer(try input.text("id"))
        guard case .object(var members) = describe(transfer) else { return [:] }
        if let receipt = try await exchange.record(transfer) { members["receiptNote"] = .string(receipt.note.description) }
        members["correlation"] = .string(transfer.correlation)
        if let index = transfer.startedIndex { members["startedIndex"] = .integer(index) }
        if let index = transfer.receivedIndex { members["receivedIndex"] = .integer(index) }
        if let index = transfer.deliveredIndex { members["deliveredIndex"] = .integer(index) }
        return .object(members)
    }

    private func transfer(_ id: String) async throws -> Transfer {
        guard let transfer = try await store.read({ try $0.get(Transfer.self, id: id) }) else {
            throw ExchangeError.unknown("transfer", id)
        }
        return transfer
    }

    private func describe(_ transfer: Transfer) -> JSON {
        .members([
            "id": .string(transfer.id), "role": .string(transfer.role.rawValue), "peer": .string(transfer.peer.description),
            "agreement": .string(transfer.agreementID), "package": .string(transfer.package.description),
            "state": .string(transfer.stateName), "bytes": .integer(transfer.bytes),
            "receivedBytes": .integer(
                transfer.receivedIndex == nil && transfer.deliveredIndex == nil ? exchange.downloaded(transfer.id) : transfer.bytes),
            "receipt": .string(transfer.receipt.rawValue), "updatedAt": .string(transfer.updatedAt.description),
            "ending": transfer.ending.map {
                ["code": .string($0.code), "reasons": .strings($0.reasons), "byPeer": .bool($0.byPeer)]
            },
        ])
    }

    func transferExplain(_ input: OperationInput) async throws -> JSON {
        let transfer = try await transfer(try input.text("id"))
        let waiting = try await waiting(for: transfer.id)
        let move: String
        let advice: String
        switch (transfer.machine.state, transfer.role, waiting) {
        case (.completed, _, _):
            move = "nobody"
            advice =
                transfer.role == .consumer ? "the package is here and receipted; use it with `kouan open`" : "it is delivered and receipted"
        case (.terminated, _, _):
            move = "nobody"
            advice = transfer.ending.map { "it ended with `\($0.code)`: \($0.reasons.joined(separator: "; "))" } ?? "it ended"
        case (_, _, .some(let message)):
            move = "ours"
            advice =
                message.lastError == nil
                ? "our \(message.kind.rawValue) is on its way"
                : "our \(message.kind.rawValue) could not be delivered yet; check the peer with `kouan peer test`"
        case (.started, .consumer, _) where transfer.receivedIndex == nil:
            move = "ours"
            advice = "the package is being fetched: \(exchange.downloaded(transfer.id)) of \(transfer.bytes) bytes are verified"
        default:
            move = "the peer's"
            advice = transfer.role == .provider ? "the consumer fetches the package and owes its receipt" : "the provider owes the start"
        }
        return explanation(
            id: transfer.id, state: transfer.stateName, move: move, advice: advice, waiting: waiting, lastError: transfer.lastError)
    }

    func transferTerminate(_ input: OperationInput) async throws -> JSON {
        let ended = try await exchange.terminate(transfer: try input.text("id"), by: input.user)
        return ["id": .string(ended.id), "state": .string(ended.stateName)]
    }

    func openPackage(_ input: OperationInput) async throws -> JSON {
        let output = try input.text("output")
        guard output.hasPrefix("/") else { throw ExchangeError.badInput("output", "is not an absolute path") }
        let transfer = try await received(input)
        let opened = try await exchange.open(
            transfer,
            for: IntendedUse(
                action: try input.optionalText("action") ?? "read", purpose: try input.optionalText("purpose"),
                facts: try StatedFacts.read(try input.texts("facts", limit: 64))), into: output, by: input.user)
        return .members([
            "agreement": .string(opened.agreementID), "package": .string(opened.package.description),
            "files": .integer(Int64(opened.files)),
            "bytes": .integer(opened.bytes), "output": .string(output), "grant": .string(opened.grantID), "index": .integer(opened.index),
            "remainingUses": opened.usesLeft.map(JSON.integer), "digestsMatch": .bool(!opened.isTreated),
            "treated": opened.isTreated ? true : nil,
        ])
    }

    /// The delivery that an agreement or a package names.
    private func received(_ input: OperationInput) async throws -> Transfer {
        let name = try input.optionalText("agreement") ?? input.text("package")
        let transfers = try await store.read { tx -> [Transfer] in
            let agreements = try tx.all(Agreement.self).filter {
                $0.id == name || $0.negotiationID == name || $0.package.description == name
            }
            return try agreements.flatMap { try tx.all(Transfer.self, where: "agreement", equals: $0.id) }
        }.filter { $0.role == .consumer }
        guard !transfers.isEmpty else { throw ExchangeError.unknown("transfer", name) }
        return transfers.first { $0.receipt == .full } ?? transfers[transfers.count - 1]
    }
}
