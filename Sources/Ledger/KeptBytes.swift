// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
package import StorageSQLite

/// A signed message that is made once, stored before it is sent, and sent again byte for byte.
package struct KeptBytes: StoredRecord, Hashable {
    package static let table = "kept_bytes"
    package static let keyNames = ["correlation"]

    package let correlation: String
    package let step: String
    /// Base64.
    package let content: String

    package init(correlation: String, step: String, bytes: [UInt8]) {
        self.correlation = correlation
        self.step = step
        content = Base64.encode(bytes)
    }

    package var id: String { KeptBytes.id(correlation: correlation, step: step) }
    package var keys: [String: String?] { ["correlation": correlation] }
    package var bytes: [UInt8] { Base64.decode(content) ?? [] }

    static func id(correlation: String, step: String) -> String { correlation + "\n" + step }
}

extension Transaction {
    /// What is kept for this step, if anything.
    package func kept(correlation: String, step: String) throws -> [UInt8]? {
        try get(KeptBytes.self, id: KeptBytes.id(correlation: correlation, step: step))?.bytes
    }

    /// Keeps `bytes` for this step, or returns quietly if the very same are kept already.
    ///
    /// - Returns: whether they are new.
    /// - Throws: `LedgerError.secondHalf` if other bytes are kept: the caller records a finding.
    @discardableResult
    package func keep(_ bytes: [UInt8], correlation: String, step: String) throws -> Bool {
        if let kept = try kept(correlation: correlation, step: step) {
            guard kept == bytes else { throw LedgerError.secondHalf(correlation: correlation, step: step) }
            return false
        }
        try put(KeptBytes(correlation: correlation, step: step, bytes: bytes))
        return true
    }
}
