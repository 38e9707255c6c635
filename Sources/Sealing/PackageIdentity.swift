// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives
internal import ExchangeModel
internal import Glibc

/// The key pairs of somebody who seals by hand: one secret of 32 bytes in a file, from which a signing and an encryption key of one suite
/// follow (docs/formats/key-grant.md §4).
///
///     signing seed    = HKDF(secret, "kouan/identity/v1/signing")       Ed25519 or SM2
///     encryption seed = HKDF(secret, "kouan/identity/v1/encryption")    X25519 or SM2
package struct PackageIdentity: Sendable {
    package let suite: Suite
    package let signing: PrivateKey
    package let encryption: PrivateKey
    private let secret: SecretBytes

    /// What others need: to seal to us and to know our signature.
    package struct Public: Sendable, Hashable {
        package let suite: Suite
        package let signing: PublicKey
        package let encryption: PublicKey

        /// One line of JSON, as written to `NAME.pub`.
        package var text: String {
            JSON.object([
                "version": 1, "kind": "kouan-identity", "signing": .string(signing.description),
                "encryption": .string(encryption.description),
            ]).canonicalText + "\n"
        }

        init(_ suite: Suite, signing: PublicKey, encryption: PublicKey) {
            (self.suite, self.signing, self.encryption) = (suite, signing, encryption)
        }

        /// - Parameter path: for the error.
        package init(parsing text: String, path: String) throws(SealingError) {
            let bytes = Array(text.utf8)
            let members = try StrictObject(
                parsing: bytes, limit: 4_096, names: ["version", "kind", "signing", "encryption"]
            ) { .identityInvalid(path: path, reason: $0) }
            guard try members.integer("version") == 1, members["kind"]?.string == "kouan-identity" else {
                throw .identityInvalid(path: path, reason: "it is not a public identity of version 1")
            }
            let signing = try members.required("signing", PublicKey.init(parsing:))
            let encryption = try members.required("encryption", PublicKey.init(parsing:))
            guard
                let suite = Suite.allCases.first(where: {
                    $0.signatureAlgorithm == signing.algorithm && $0.encryptionAlgorithm == encryption.algorithm
                })
            else { throw .identityInvalid(path: path, reason: "its keys are not those of one suite") }
            (self.suite, self.signing, self.encryption) = (suite, signing, encryption)
        }

        package init(path: String) throws(SealingError) {
            let file = try FileBytes(path: path)
            guard file.size <= 4_096 else { throw .identityInvalid(path: path, reason: "it is too long") }
            try self.init(parsing: String(decoding: file.read(at: 0, count: Int(file.size)), as: UTF8.self), path: path)
        }
    }

    package var publicIdentity: Public { Public(suite, signing: signing.publicKey, encryption: encryption.publicKey) }

    /// - Parameter secret: 32 random bytes.
    package init(secret: SecretBytes, suite: Suite = .international) throws(SealingError) {
        (self.secret, self.suite) = (secret, suite)
        let extracted = HKDF.extract(suite.hashAlgorithm, salt: [], secret: secret)
        func key(_ purpose: String, _ algorithm: KeyAlgorithm) throws(CryptoError) -> PrivateKey {
            func expand(_ count: Int) -> SecretBytes {
                HKDF.expand(suite.hashAlgorithm, key: extracted, info: Array("kouan/identity/v1/\(purpose)".utf8), count: count)
            }
            return switch suite {
            case .international: try PrivateKey(raw: expand(32).copy(), algorithm: algorithm)
            case .guomi: try SM2.derive(from: expand(48))
            }
        }
        do {
            signing = try key("signing", suite.signatureAlgorithm)
            encryption = try key("encryption", suite.encryptionAlgorithm)
        } catch { throw SealingError(error) }
    }

    package static func generate(_ suite: Suite = .international) throws(SealingError) -> PackageIdentity {
        try PackageIdentity(secret: .random(count: 32), suite: suite)
    }

    /// Reads the private file; refused when others may read it.
    package init(path: String) throws(SealingError) {
        let (label, secret): (String, SecretBytes)
        do {
            (label, secret) = try KeyFile.readSecret(path: path, labels: Suite.allCases.map(PackageIdentity.label))
        } catch { throw SealingError(error) }
        try self.init(secret: secret, suite: Suite.allCases.first { PackageIdentity.label($0) == label } ?? .international)
    }

    /// What stands before the digits of the secret.
    private static func label(_ suite: Suite) -> String { suite == .international ? "" : suite.name }

    /// Writes `path` (mode 0600) and `path.pub`; neither may exist.
    package func write(to path: String) throws(SealingError) {
        guard try FileIdentity.named(path + ".pub") == nil else { throw .targetExists(path: path + ".pub") }
        do { try KeyFile.writeSecret(secret, label: PackageIdentity.label(suite), to: path) } catch { throw SealingError(error) }
        let file = try OpenFile(opening: path + ".pub", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode: 0o644)
        try file.write(Array(publicIdentity.text.utf8), at: 0)
        try file.synchronize()
    }
}
