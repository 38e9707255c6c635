// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel

/// One hash of the log's tree: 32 bytes of SHA-256, with the prefixes that keep leaves and nodes apart.
///
/// - Source: RFC 6962 §2.1. A leaf is SHA-256(00 ‖ entry), a node SHA-256(01 ‖ left ‖ right), the empty tree SHA-256 of nothing.
package struct TreeHash: Sendable, Hashable, CustomStringConvertible {
    package static let byteCount = 32

    package let bytes: [UInt8]

    package init?(_ bytes: [UInt8]) {
        guard bytes.count == TreeHash.byteCount else { return nil }
        self.bytes = bytes
    }

    private init(digest: [UInt8]) { bytes = digest }

    package static let empty = TreeHash(digest: Hash.sha256([UInt8]()))

    package static func leaf(_ entry: [UInt8]) -> TreeHash {
        TreeHash(digest: Hash.sha256([0x00] + entry))
    }

    package static func node(_ left: TreeHash, _ right: TreeHash) -> TreeHash {
        var message: [UInt8] = [0x01]
        message.reserveCapacity(1 + 2 * byteCount)
        message += left.bytes
        message += right.bytes
        return TreeHash(digest: Hash.sha256(message))
    }

    /// Standard base64, as in checkpoints and proofs.
    package var description: String { Base64.encode(bytes) }
}
