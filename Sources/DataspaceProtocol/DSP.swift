// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Names and limits of the Dataspace Protocol 2025-1 as this node speaks it; see docs/formats/dsp-binding.md.
package enum DSP {
    package static let version = "2025-1"
    package static let context = "https://w3id.org/dspace/2025/1/context.jsonld"
    package static let mediaType = "application/json"

    /// Members with this prefix are ours: they ride on any message, and peers that do not know them ignore them.
    package static let extensionPrefix = "urn:kouan:"
    /// Our signature over an agreement, on ContractAgreementMessage and ContractAgreementVerificationMessage.
    package static let agreementProof = "urn:kouan:agreement-proof:1"

    // Why limits: what a peer names is stored, logged, indexed and shown.
    package static let maxIdentifierBytes = 1_024
    package static let maxURLBytes = 2_048
    package static let maxCodeBytes = 256
    package static let maxReasons = 32
    package static let maxReasonBytes = 2_048
    package static let maxContexts = 16
    package static let maxExtensions = 16
    package static let maxEndpointProperties = 64
    /// Bearer tokens may be signed credentials of a few kilobytes.
    package static let maxEndpointPropertyBytes = 16_384
    package static let maxVersions = 64
    package static let maxCatalogDepth = 8

    /// What a catalog answer may hold; every other document uses `JSONLimits.message`.
    package static let catalogLimits = JSONLimits(bytes: 64 << 20, depth: 64, values: 8_000_000)
}

/// The two roles of a process. One node can hold either, so a record says which one it has.
package enum ProtocolRole: String, Sendable, Hashable, Codable, CaseIterable, CustomStringConvertible {
    case consumer, provider

    package var other: ProtocolRole { self == .consumer ? .provider : .consumer }
    package var description: String { rawValue }
}
