// SPDX-License-Identifier: Apache-2.0
package import ExchangeModel

/// What the provider signs and everything else names (docs/formats/sealed-package.md §2.5).
package struct PackageReference: Sendable, Hashable {
    package let suite: Suite
    package let root: [UInt8]
    package let leafCount: Int64
    /// From the first byte of the header to the last of the index.
    package let totalBytes: Int64

    static let prefix = Array("kouan/package/v1".utf8)
    static let signatureDomain = Array("kouan/package/v1\n".utf8)

    package init(suite: Suite, root: [UInt8], leafCount: Int64, totalBytes: Int64) {
        precondition(root.count == 32 && leafCount > 0 && totalBytes > 0)
        (self.suite, self.root, self.leafCount, self.totalBytes) = (suite, root, leafCount, totalBytes)
    }

    /// Nil unless `bytes` are exactly one reference of a known suite.
    package init?(parsing bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let prefix = reader.take(16), prefix.elementsEqual(PackageReference.prefix),
            let suite = reader.u8().flatMap(Suite.init(rawValue:)),
            let root = reader.take(32), let leafCount = reader.u64(), let totalBytes = reader.u64(), reader.remaining == 0,
            leafCount > 0, leafCount <= UInt64(Limits.leaves), totalBytes > 0, totalBytes < 1 << 56
        else { return nil }
        self.init(suite: suite, root: Array(root), leafCount: Int64(leafCount), totalBytes: Int64(totalBytes))
    }

    package var bytes: [UInt8] {
        var bytes = PackageReference.prefix
        bytes.append(suite.rawValue)
        bytes += root
        bytes.append(u64: UInt64(leafCount))
        bytes.append(u64: UInt64(totalBytes))
        return bytes
    }

    /// The name of the package in agreements, grants, receipts and the ledger.
    package var digest: Digest { suite.digest(bytes) }

    var signedBytes: [UInt8] { PackageReference.signatureDomain + bytes }
}
