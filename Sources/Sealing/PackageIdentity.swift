// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives
internal import ExchangeModel
internal import Glibc

/// The key pairs of somebody who seals by hand: one secret of 32 bytes in a file, from which a signing and an encryption key follow.
///
///     signing seed    = HKDF(secret, "kouan/identity/v1/signing")       Ed25519
///     encryption seed = HKDF(secret, "kouan/identity/v1/encryption")    X25519
package struct PackageIdentity: Sendable {
    package let signing: PrivateKey
    package let encryption: PrivateKey
    private let secret: SecretBytes

    /// What others need: to seal to us and to know our signature.
    package struct Public: Sendable, Hashable {
        package let signing: PublicKey
        package let encryption: PublicKey

        /// One line of JSON, as written to `NAME.pub`.
        package var text: String {
            JSON.object([
                "version": 1, "kind": "kouan-identity", "signing": .string(signing.description),
                "encryption": .string(encryption.description),
            ]).canonicalText + "\n"
        }

        package init(signing: PublicKey, encryption: PublicKey) { (self.signing, self.encryption) = (signing, encryption) }

        /// - Parameter path: for the error.
        package init(parsing text: String, path: String) throws(SealingError) {
            let bytes = Array(text.utf8)
            let members = try StrictObject(
                parsing: bytes, limit: 4_096, names: ["version", "kind", "signing", "encryption"]
            ) { .identityInvalid(path: path, reason: $0) }
            guard try members.integer("version") == 1, members["kind"]?.string == "kouan-identity" else {
                throw .identityInvalid(path: path, reason: "it is not a public identity of version 1")
            }
            signing = try members.required("signing") { PublicKey(parsing: $0).flatMap { $0.algorithm == .ed25519 ? $0 : nil } }
            encryption = try members.required("encryption") { PublicKey(parsing: $0).flatMap { $0.algorithm == .x25519 ? $0 : nil } }
        }

        package init(path: String) throws(SealingError) {
            let file = try FileBytes(path: path)
            guard file.size <= 4_096 else { throw .identityInvalid(path: path, reason: "it is too long") }
            try self.init(parsing: String(decoding: file.read(at: 0, count: Int(file.size)), as: UTF8.self), path: path)
        }
    }

    package var publicIdentity: Public { Public(signing: signing.publicKey, encryption: encryption.publicKey) }

    /// - Parameter secret: 32 random bytes.
    package init(secret: SecretBytes) throws(SealingError) {
        self.secret = secret
        let extracted = HKDF.extract(.sha256, salt: [], secret: secret)
        do {
            signing = try PrivateKey(
                raw: HKDF.expand(.sha256, key: extracted, info: Array("kouan/identity/v1/signing".utf8), count: 32).copy(),
                algorithm: .ed25519)
            encryption = try PrivateKey(
                raw: HKDF.expand(.sha256, key: extracted, info: Array("kouan/identity/v1/encryption".utf8), count: 32).copy(),
                algorithm: .x25519)
        } catch { throw SealingError(error) }
    }

    package static func generate() throws(SealingError) -> PackageIdentity { try PackageIdentity(secret: .random(count: 32)) }

    /// Reads the private file; refused when others may read it.
    package init(path: String) throws(SealingError) {
        let secret: SecretBytes
        do { secret = try KeyFile.readSecret(path: path) } catch { throw SealingError(error) }
        try self.init(secret: secret)
    }

    /// Writes `path` (mode 0600) and `path.pub`; neither may exist.
    package func write(to path: String) throws(SealingError) {
        guard try FileIdentity.named(path + ".pub") == nil else { throw .targetExists(path: path + ".pub") }
        do { try KeyFile.writeSecret(secret, to: path) } catch { throw SealingError(error) }
        let file = try OpenFile(opening: path + ".pub", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode: 0o644)
        try file.write(Array(publicIdentity.text.utf8), at: 0)
        try file.synchronize()
    }
}
