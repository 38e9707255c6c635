// SPDX-License-Identifier: Apache-2.0
import ExchangeModel
import Foundation

/// `Tests/Vectors/ledger/<name>`.
func vectors(_ name: String) throws -> JSON {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let data = try Data(contentsOf: folder.appendingPathComponent("Vectors/ledger/\(name)"))
    return try JSON.parse([UInt8](data))
}
