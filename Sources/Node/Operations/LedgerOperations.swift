// SPDX-License-Identifier: Apache-2.0

import Exchange
package import ExchangeModel
import Identity
import Ledger
import MerkleLog
import StorageSQLite

extension Node {
    func ledgerList(_ input: OperationInput) async throws -> JSON {
        let after = try input.integer("after", 0...Int64.max)
        let limit = Int(try input.integer("limit", 1...10_000) ?? 1_000)
        var rows: [JSON] = []
        for entry in try await ledger.entries(from: after.map { $0 + 1 } ?? 0, limit: limit) {
            let view = try await ledger.view(entry)
            let flags = entry.record.flags
            func party(_ side: String) -> String? { view.shared[side]?["participant"]?.string }
            let peer = [party("provider"), party("consumer")].compactMap(\.self).first { $0 != configuration.participant.description }
            rows.append(
                .members([
                    "index": .integer(entry.index), "time": .string(entry.record.time.description),
                    "type": .string(entry.record.type.rawValue), "role": .string(entry.record.role.rawValue),
                    "correlation": entry.record.correlation.map(JSON.string), "peer": peer.map(JSON.string),
                    "package": entry.record.package.map { .string($0.description) },
                    "provider": view.shared["provider"], "consumer": view.shared["consumer"],
                    "flags": flags.map { $0.json }, "summary": .string(Node.summary(of: view)),
                ]))
        }
        return ["entries": .array(rows), "size": .integer(ledger.size), "origin": .string(ledger.origin)]
    }

    /// The parts of an entry's local facts that tell a reader most, in one line.
    private static func summary(of view: EntryView) -> String {
        let telling = [
            "code", "point", "change", "outcome", "dataset", "purpose", "action", "used", "state", "participant", "peer", "event", "duty",
        ]
        return telling.compactMap { name -> String? in
            switch view.local[name] {
            case .string(let text): "\(name)=\(text)"
            case .integer(let number): "\(name)=\(number)"
            default: nil
            }
        }.joined(separator: " ")
    }

    func ledgerShow(_ input: OperationInput) async throws -> JSON {
        guard let index = try input.integer("index", 0...Int64.max) else { throw ExchangeError.badInput("index", "is missing") }
        let view = try await ledger.view(at: index)
        let file = try await ledger.inclusionFile(index: index)
        return [
            "entry": view.json, "leafHash": .string(Hex.encode(TreeHash.leaf(view.entry.bytes).bytes)), "proof": .string(file.description),
        ]
    }

    func ledgerVerify() async throws -> JSON { Node.describe(try await ledger.verify()) }

    /// A stopped node's ledger, checked from its directory alone.
    package static func verifyLedger(directory: String) throws -> JSON {
        describe(try Ledger.verify(directory: directory))
    }

    private static func describe(_ result: LedgerVerification) -> JSON {
        .members([
            "verified": .bool(result.isVerified), "origin": .string(result.origin), "size": .integer(result.size),
            "root": result.root.map { .string($0.description) }, "entriesChecked": .integer(result.entriesChecked),
            "openingsChecked": .integer(result.openingsChecked),
            "findings": .array(
                result.findings.map {
                    .members([
                        "index": $0.index.map(JSON.integer), "file": .string($0.file), "code": .string($0.code),
                        "detail": .string($0.message),
                    ])
                }),
        ])
    }

    /// Events of two sides, for matching with the peer's: equal commitments mean that both recorded the same facts.
    func ledgerEvents() async throws -> JSON { ["events": .array(try await ledger.mirrorRecords().map(\.json))] }

    func ledgerAdopt(_ input: OperationInput) async throws -> JSON {
        try await ledger.adopt(by: input.user.description)
        return ["origin": .string(ledger.origin), "size": .integer(ledger.size), "signing": .bool(ledger.signing == .ready)]
    }
}
