// SPDX-License-Identifier: Apache-2.0

import Exchange
package import ExchangeModel
import Foundation
import Identity
import Ledger
package import ManagementAPI
import Sealing
import StorageSQLite

/// What an operation is given: its members by name, with errors that name the member.
struct OperationInput: Sendable {
    let json: JSON
    let user: UserID

    func text(_ name: String, limit: Int = 4096) throws -> String {
        guard let value = try optionalText(name, limit: limit) else { throw ExchangeError.badInput(name, "is missing") }
        return value
    }

    func optionalText(_ name: String, limit: Int = 4096) throws -> String? {
        guard let value = json[name], value != .null else { return nil }
        guard let text = value.string, !text.isEmpty, text.utf8.count <= limit else {
            throw ExchangeError.badInput(name, "is not a text of 1 to \(limit) bytes")
        }
        return text
    }

    func integer(_ name: String, _ range: ClosedRange<Int64>) throws -> Int64? {
        guard let value = json[name], value != .null else { return nil }
        guard let number = value.int, range.contains(number) else {
            throw ExchangeError.badInput(name, "is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func texts(_ name: String, limit: Int = 256) throws -> [String] {
        guard let value = json[name], value != .null else { return [] }
        guard let list = value.array, list.count <= limit else { throw ExchangeError.badInput(name, "is not a list of at most \(limit)") }
        return try list.map {
            guard let text = $0.string, !text.isEmpty, text.utf8.count <= 4096 else {
                throw ExchangeError.badInput(name, "is not a list of texts")
            }
            return text
        }
    }

    func flag(_ name: String) -> Bool { json[name]?.bool ?? false }

    func choice<Value: RawRepresentable & CaseIterable>(_ name: String, _ type: Value.Type) throws -> Value?
    where Value.RawValue == String {
        guard let text = try optionalText(name) else { return nil }
        guard let value = Value(rawValue: text) else {
            throw ExchangeError.badInput(name, "is none of " + Value.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return value
    }

    func participant(_ name: String) throws -> ParticipantID { try ParticipantID(parsing: try text(name)) }
}

/// Every operation with who may do it. Nothing else can be asked of a node.
struct OperationTable: Sendable {
    typealias Handler = @Sendable (Node, OperationInput) async throws -> JSON

    struct Row: Sendable {
        let verb: VerbClass
        let noun: Noun
        let handler: Handler
    }

    static let rows: [String: Row] = {
        var rows: [String: Row] = [:]
        func add(_ name: String, _ verb: VerbClass, _ noun: Noun, _ handler: @escaping Handler) {
            rows[name] = Row(verb: verb, noun: noun, handler: handler)
        }
        add("user.add", .administer, .user) { try await $0.userAdd($1) }
        add("user.list", .read, .user) { node, _ in try await node.userList() }
        add("user.disable", .administer, .user) { try await $0.userDisable($1) }
        add("user.rotate", .administer, .user) { try await $0.userRotate($1) }

        add("space.create", .administer, .space) { try await $0.spaceCreate($1) }
        add("space.add", .administer, .space) { try await $0.spaceAdd($1) }
        add("space.list", .read, .space) { node, _ in try await node.spaceList() }
        add("space.show", .read, .space) { try await $0.spaceShow($1) }
        add("space.crl", .administer, .space) { try await $0.spaceCRL($1) }
        add("space.admit", .administer, .space) { try await $0.spaceAdmit($1) }
        add("space.revoke", .administer, .space) { try await $0.spaceRevoke($1) }

        add("cert.request", .administer, .cert) { try await $0.certRequest($1) }
        add("cert.install", .administer, .cert) { try await $0.certInstall($1) }
        add("cert.show", .read, .cert) { node, _ in try await node.certShow() }

        add("peer.card", .administer, .peer) { try await $0.peerCard($1) }
        add("peer.preview", .administer, .peer) { try await $0.peerPreview($1) }
        add("peer.add", .administer, .peer) { try await $0.peerAdd($1) }
        add("peer.list", .read, .peer) { node, _ in try await node.peerList() }
        add("peer.show", .read, .peer) { try await $0.peerShow($1) }
        add("peer.suspend", .administer, .peer) { try await $0.peerState($1, .suspended) }
        add("peer.resume", .administer, .peer) { try await $0.peerState($1, .active) }
        add("peer.remove", .administer, .peer) { try await $0.peerRemove($1) }
        add("peer.test", .operate, .peer) { try await $0.peerTest($1) }
        add("doctor", .read, .node) { try await $0.doctor($1) }
        add("node.crypto", .read, .node) { node, _ in try node.crypto() }
        add("status", .read, .node) { node, _ in try await node.status() }
        add("config.show", .read, .config) { node, input in node.configuration.show(origin: input.flag("origin")) }

        add("dataset.add", .operate, .dataset) { try await $0.datasetAdd($1) }
        add("dataset.publish", .operate, .dataset) { try await $0.datasetPublish($1) }
        add("dataset.list", .read, .dataset) { node, _ in try await node.datasetList(nil) }
        add("dataset.show", .read, .dataset) { node, input in try await node.datasetList(try input.text("dataset")) }
        add("offer.create", .operate, .offer) { try await $0.offerCreate($1) }
        add("offer.list", .read, .offer) { node, _ in try await node.offerList() }
        add("offer.show", .read, .offer) { try await $0.offerShow($1) }
        add("offer.replace", .operate, .offer) { try await $0.offerReplace($1) }
        add("offer.withdraw", .operate, .offer) { try await $0.offerWithdraw($1) }
        add("catalog", .operate, .catalog) { try await $0.catalogShow($1) }

        add("contract.request", .operate, .contract) { try await $0.contractRequest($1) }
        add("contract.list", .read, .contract) { node, _ in try await node.contractList() }
        add("contract.show", .read, .contract) { try await $0.contractShow($1) }
        add("contract.explain", .read, .contract) { try await $0.contractExplain($1) }
        add("contract.approve", .decide, .contract) { try await $0.contractApprove($1) }
        add("contract.reject", .decide, .contract) { try await $0.contractReject($1) }
        add("contract.terminate", .operate, .contract) { try await $0.contractTerminate($1) }
        add("contract.duties", .read, .contract) { try await $0.contractDuties($1) }
        add("contract.fulfil", .operate, .contract) { try await $0.contractFulfil($1) }
        add("contract.event", .operate, .contract) { try await $0.contractEvent($1) }
        add("contract.clock", .operate, .contract) { try await $0.contractClock($1) }
        add("contract.trace", .read, .contract) { try await $0.contractTrace($1) }
        add("fact.set", .decide, .fact) { try await $0.factSet($1) }
        add("fact.list", .read, .fact) { try await $0.factList($1) }
        add("fact.remove", .decide, .fact) { try await $0.factRemove($1) }
        add("policy.add", .operate, .policy) { try await $0.policyAdd($1) }
        add("policy.list", .read, .policy) { node, _ in try await node.policyList() }
        add("policy.remove", .operate, .policy) { try await $0.policyRemove($1) }
        add("transfer.start", .operate, .transfer) { try await $0.transferStart($1) }
        add("transfer.list", .read, .transfer) { node, _ in try await node.transferList() }
        add("transfer.show", .read, .transfer) { try await $0.transferShow($1) }
        add("transfer.explain", .read, .transfer) { try await $0.transferExplain($1) }
        add("transfer.terminate", .operate, .transfer) { try await $0.transferTerminate($1) }
        add("open", .operate, .package) { try await $0.openPackage($1) }

        add("policy.simulate", .read, .policy) { try await $0.policySimulate($1) }

        add("ledger.list", .read, .ledger) { try await $0.ledgerList($1) }
        add("ledger.show", .read, .ledger) { try await $0.ledgerShow($1) }
        add("ledger.verify", .read, .ledger) { node, _ in try await node.ledgerVerify() }
        add("ledger.events", .read, .ledger) { node, _ in try await node.ledgerEvents() }
        add("ledger.adopt", .administer, .ledger) { try await $0.ledgerAdopt($1) }
        return rows
    }()
}

extension Node {
    package func perform(_ request: OperationRequest) async throws(OperationFailure) -> JSON {
        guard let row = OperationTable.rows[request.name] else {
            throw OperationFailure(
                .notFound, code: "operation.unknown", message: "there is no operation `\(request.name.prefix(64))`",
                hint: "see `kouan --help`")
        }
        guard let user = UserID(parsing: request.user.id),
            request.user.roles.compactMap(UserRole.init(rawValue:)).contains(where: { Permissions.allow($0, row.verb, row.noun) })
        else {
            throw OperationFailure(
                .denied, code: "user.not-allowed", message: "your roles do not allow `\(request.name)`",
                hint: "ask an admin of this node for the role that it needs")
        }
        do {
            return try await row.handler(self, OperationInput(json: request.input, user: user))
        } catch {
            throw Node.failure(of: error)
        }
    }

    /// An error of any module as the operator sees it.
    static func failure(of error: any Error) -> OperationFailure {
        switch error {
        case let error as OperationFailure: return error
        case let error as ExchangeError:
            let kind: OperationFailure.Kind =
                switch error.kind {
                case .failure: .failure
                case .usage: .usage
                case .notFound: .notFound
                case .denied: .denied
                case .integrity: .integrity
                case .unreachable: .unreachable
                case .conflict: .conflict
                }
            return OperationFailure(kind, error)
        case let error as any KouanError:
            let kind: OperationFailure.Kind =
                switch error.code.prefix(while: { $0 != "." }) {
                case "policy", "model", "json", "config": .usage
                case "identity", "crypto", "chain", "cert", "tls": .authentication
                case "sealing": .integrity
                case "duty": .denied
                case "storage": .failure
                default: .failure
                }
            return OperationFailure(kind, code: error.code, message: error.message, hint: error.hint)
        case is CancellationError:
            return OperationFailure(.failure, code: "node.stopping", message: "the node is stopping", hint: "try again when it runs")
        default:
            return OperationFailure(
                .failure, code: "node.unexpected", message: "something unexpected went wrong: \(error)", hint: "see the node's log")
        }
    }
}
