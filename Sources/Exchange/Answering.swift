// SPDX-License-Identifier: Apache-2.0

package import DataspaceProtocol
package import ExchangeModel
package import Identity
import Ledger
import Logging
import Sealing
import StorageSQLite

/// What an authenticated peer asks of us, by endpoint. PeerAPI turns HTTP into this and the answer back into HTTP.
package struct PeerCall: Sendable {
    package let endpoint: Endpoint
    /// The path's pid or dataset id.
    package let id: String
    package let body: [UInt8]

    package init(endpoint: Endpoint, id: String, body: [UInt8]) {
        self.endpoint = endpoint
        self.id = id
        self.body = body
    }
}

package struct PeerAnswer: Sendable {
    package let status: Int
    package let body: JSON?

    package init(status: Int, body: JSON? = nil) {
        self.status = status
        self.body = body
    }
}

extension Exchange {
    /// Answers a Dataspace Protocol request. Never throws: what goes wrong becomes the standard's error message, and its details go to our
    /// log alone.
    package func answer(_ call: PeerCall, from peer: VerifiedPeer) async -> PeerAnswer {
        do {
            return try await accept(call, from: peer)
        } catch {
            return refusal(of: call, error, peer: peer)
        }
    }

    private func accept(_ call: PeerCall, from peer: VerifiedPeer) async throws -> PeerAnswer {
        let endpoint = call.endpoint
        switch endpoint {
        case .catalogRequest:
            let message = try CatalogRequestMessage.parse(call.body)
            let page = try message.page()
            let catalog = try await catalog(for: peer)
            return PeerAnswer(status: 200, body: catalog.window(page).json)
        case .dataset:
            let catalog = try await catalog(for: peer, datasetID: call.id)
            guard let dataset = catalog.datasets.first else { throw ExchangeError.unknown("dataset", call.id) }
            return PeerAnswer(status: 200, body: dataset.json)
        case .negotiationRequest:
            let negotiation = try await receive(try ContractRequestMessage.parse(call.body), from: peer)
            return PeerAnswer(status: 201, body: negotiation.acknowledgement)
        case .providerNegotiation, .consumerNegotiation:
            let negotiation = try await ledger.commit { try $0.get(Negotiation.self, id: call.id) }.value
            guard let negotiation, negotiation.peer == peer.participant else { throw ExchangeError.noSuchProcess }
            return PeerAnswer(status: 200, body: negotiation.acknowledgement)
        case .transferRequest:
            let transfer = try await receive(try TransferRequestMessage.parse(call.body), from: peer)
            return PeerAnswer(status: 201, body: transfer.acknowledgement)
        case .providerTransfer, .consumerTransfer:
            let transfer = try await ledger.commit { try $0.get(Transfer.self, id: call.id) }.value
            guard let transfer, transfer.peer == peer.participant else { throw ExchangeError.noSuchProcess }
            return PeerAnswer(status: 200, body: transfer.acknowledgement)
        case .negotiationOffer:
            throw ExchangeError.denied(
                "negotiation.offer-unsupported", "this node takes no offers that it did not ask for", hint: "wait for a contract request")
        case .version: throw ExchangeError.noSuchProcess
        default: break
        }
        let json = try parse(call.body)
        guard let type = endpoint.requestType, json["@type"]?.string == type.rawValue else {
            throw DSPError.wrongType(expected: endpoint.requestType?.rawValue ?? "none", found: json["@type"]?.string ?? "none")
        }
        if endpoint.errorType == .transferError {
            let transfer = try await receive(try TransferMessage.parse(json), for: call.id, from: peer)
            return PeerAnswer(status: 200, body: transfer.acknowledgement)
        }
        let negotiation = try await receive(try NegotiationMessage.parse(json), for: call.id, from: peer)
        return PeerAnswer(status: 200, body: negotiation.acknowledgement)
    }

    private func parse(_ body: [UInt8]) throws(DSPError) -> JSON {
        do {
            return try JSON.parse(body)
        } catch {
            throw .notJSON(error)
        }
    }

    private func refusal(of call: PeerCall, _ error: any Error, peer: VerifiedPeer) -> PeerAnswer {
        let (status, shown) = publicView(of: error)
        logger.notice(
            "request refused",
            metadata: [
                "endpoint": "\(call.endpoint.rawValue)", "peer": "\(peer.participant)", "status": "\(status)",
                "error": "\(describe(error))",
            ])
        let json = try? JSON.parse(call.body)
        let pids = ProcessPIDs(
            providerPID: String((json?["providerPid"]?.string ?? "").prefix(DSP.maxIdentifierBytes)),
            consumerPID: String((json?["consumerPid"]?.string ?? "").prefix(DSP.maxIdentifierBytes)))
        let body: JSON? =
            switch call.endpoint.errorType {
            case .catalogError: CatalogError(error: shown).json
            case .contractNegotiationError: ContractNegotiationError(pids: pids, error: shown).json
            case .transferError: TransferError(pids: pids, error: shown).json
            default: nil
            }
        return PeerAnswer(status: status, body: body)
    }

    /// What a peer may learn of a failure: refusals in full, for they are meant for it; of our own troubles only that there is one.
    package func publicView(of error: any Error) -> (status: Int, error: any KouanError) {
        switch error {
        case let error as DSPError: (400, error)
        case let error as ExchangeError:
            switch error.kind {
            case .notFound: (404, error)
            case .failure, .unreachable: (503, ExchangeError.busy)
            case .conflict where error.code.hasPrefix("node."): (503, ExchangeError.busy)
            default: (400, error)
            }
        case let error as IdentityError: (400, error)
        case let error as LedgerError where error.code.hasPrefix("receipt."): (400, error)
        case is StorageError, is LedgerError: (503, ExchangeError.busy)
        default: (503, ExchangeError.busy)
        }
    }
}

extension Negotiation {
    var acknowledgement: JSON { ContractNegotiation(pids: pids, state: machine.state ?? .requested).json }
}

extension Transfer {
    var acknowledgement: JSON { TransferProcess(pids: pids, state: machine.state ?? .requested).json }
}

extension Catalog {
    fileprivate func window(_ page: CatalogPage) -> Catalog {
        let datasets = datasets.dropFirst(page.offset).prefix(page.limit ?? .max)
        return Catalog(id: id, participantID: participantID, datasets: Array(datasets), services: services)
    }
}
