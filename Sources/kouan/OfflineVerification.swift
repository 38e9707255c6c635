// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Ledger
import ManagementAPI

/// `ledger verify` of a stopped node's data directory or of a copy: needs neither the node nor its keys.
enum OfflineVerification {
    static func run(directory: String) async throws -> JSON {
        let result = try OfflineLedger(directory: directory).verify()
        return .members([
            "verified": .bool(result.isVerified), "origin": .string(result.origin), "size": .integer(result.size),
            "root": result.root.map { .string("\($0)") },
            "findings": .array(
                result.findings.map {
                    .members([
                        "index": $0.index.map(JSON.integer), "file": .string($0.file), "code": .string($0.code),
                        "detail": .string($0.message),
                    ])
                }),
        ])
    }
}
