// SPDX-License-Identifier: Apache-2.0

package import CryptoPrimitives
package import ExchangeModel
import Foundation
package import Identity
package import Sealing

/// The keys of a node but that of its TLS certificate, each with one purpose (docs/formats/node-card.md).
package struct NodeKeys: Sendable {
    /// Cards, agreements, packages, grants, receipts.
    package let signing: PrivateKey
    package let encryption: PrivateKey
    /// Packages, grants and their requests of suite guomi. A node made before there was that suite has none.
    package let guomiSigning: PrivateKey?
    /// Checkpoints only.
    package let ledger: PrivateKey
    /// Cosignatures of other logs only.
    package let witness: PrivateKey
    /// Wraps file keys at rest.
    package let storage: SecretBytes

    /// Makes the keys of a new node in `directory`, which must exist. Fails where one is already there.
    package static func create(in directory: String) throws -> NodeKeys {
        let keys = NodeKeys(
            signing: try .generate(.ed25519), encryption: try .generate(.x25519), guomiSigning: try .generate(.sm2),
            ledger: try .generate(.ed25519),
            witness: try .generate(.ed25519), storage: SecretBytes.random(count: 32))
        try KeyFile.write(keys.signing, to: directory + "/signing.pem")
        try KeyFile.write(keys.encryption, to: directory + "/encryption.pem")
        if let key = keys.guomiSigning { try KeyFile.write(key, to: guomiPath(directory)) }
        try KeyFile.write(keys.ledger, to: directory + "/ledger.pem")
        try KeyFile.write(keys.witness, to: directory + "/witness.pem")
        try KeyFile.writeSecret(keys.storage, to: directory + "/storage.key")
        return keys
    }

    package static func load(from directory: String) throws -> NodeKeys {
        NodeKeys(
            signing: try KeyFile.read(path: directory + "/signing.pem"), encryption: try KeyFile.read(path: directory + "/encryption.pem"),
            guomiSigning: FileManager.default.fileExists(atPath: guomiPath(directory)) ? try KeyFile.read(path: guomiPath(directory)) : nil,
            ledger: try KeyFile.read(path: directory + "/ledger.pem"), witness: try KeyFile.read(path: directory + "/witness.pem"),
            storage: try KeyFile.readSecret(path: directory + "/storage.key"))
    }

    private static func guomiPath(_ directory: String) -> String { directory + "/guomi-signing.pem" }

    package func signing(_ suite: Suite) throws(ExchangeError) -> PrivateKey {
        switch suite {
        case .international: return signing
        case .guomi:
            guard let guomiSigning else { throw ExchangeError.suiteNotAccepted(suite, by: "this node") }
            return guomiSigning
        }
    }

    /// What this node's card says of its suites.
    package func describe(in contents: inout CardContents) {
        contents.guomiSigningKey = guomiSigning?.publicKey
        contents.suites = Suite.allCases.filter { $0 == .international || guomiSigning != nil }.map(\.name)
    }

    /// Wraps a file key for rest: nonce ‖ ciphertext ‖ tag, bound to the package it opens.
    package func wrap(_ fileKey: SecretBytes, of package: Digest) throws -> [UInt8] {
        let nonce = SecureRandom.bytes(12)
        return nonce + (try AESGCM(key: storage).seal(nonce: nonce, aad: NodeKeys.context(package), fileKey.copy()))
    }

    package func unwrap(_ wrapped: [UInt8], of package: Digest) throws -> SecretBytes {
        guard wrapped.count > 12 else { throw CryptoError.notAuthentic }
        return SecretBytes(
            try AESGCM(key: storage).open(nonce: Array(wrapped[..<12]), aad: NodeKeys.context(package), Array(wrapped[12...])))
    }

    private static func context(_ package: Digest) -> [UInt8] { Array("kouan/vault/v1\n\(package)".utf8) }
}

extension NodeCard {
    /// Who must have signed a package of this node, grants for it and requests for those; refused when the node does not take its suite.
    func signer(of package: Digest) throws(ExchangeError) -> PublicKey {
        let suite = Suite(digestAlgorithm: package.algorithm)
        let key =
            switch suite {
            case .international: contents.signingKey
            case .guomi: contents.guomiSigningKey
            }
        guard contents.suites.contains(suite.name), let key else { throw .suiteNotAccepted(suite, by: "`\(contents.participant)`") }
        return key
    }
}
