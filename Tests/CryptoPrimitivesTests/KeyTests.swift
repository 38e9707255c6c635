// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Foundation
import Testing

@Suite struct KeyTests {
    @Test(arguments: KeyAlgorithm.allCases)
    func everyEncodingComesBack(_ algorithm: KeyAlgorithm) throws {
        let key = try PrivateKey.generate(algorithm)
        #expect(key.algorithm == algorithm)
        #expect(key.publicKey.raw.count == algorithm.publicKeySize)
        #expect(try PrivateKey(pem: key.pem).publicKey == key.publicKey)
        #expect(try PublicKey(spki: key.publicKey.spki) == key.publicKey)
        #expect(try PublicKey(raw: key.publicKey.raw, algorithm: algorithm) == key.publicKey)
        #expect(PublicKey(parsing: key.publicKey.description) == key.publicKey)
        #expect(key.publicKey.description.hasPrefix(algorithm.rawValue + ":"))
        #expect(key.publicKey.fingerprint == Hash.digest(key.publicKey.spki))
        let text = try JSONEncoder().encode([key.publicKey])
        #expect(try JSONDecoder().decode([PublicKey].self, from: text) == [key.publicKey])
        #expect(!"\(key)".contains("PRIVATE"))
    }

    @Test(arguments: [KeyAlgorithm.ed25519, .p256])
    func signaturesBindKeyAndMessage(_ algorithm: KeyAlgorithm) throws {
        let (key, other) = (try PrivateKey.generate(algorithm), try PrivateKey.generate(algorithm))
        for message in [[], [0], Array("message".utf8), [UInt8](repeating: 7, count: 100_000)] {
            let signature = try key.sign(message)
            #expect(key.publicKey.verify(signature, message))
            #expect(!key.publicKey.verify(signature, message + [0]))
            #expect(!other.publicKey.verify(signature, message))
            #expect(!key.publicKey.verify(signature + [0], message))
            #expect(!key.publicKey.verify([], message))
            var altered = signature
            altered[signature.count / 2] ^= 1
            #expect(!key.publicKey.verify(altered, message))
        }
        if algorithm == .ed25519 { #expect(try key.sign([1]).count == 64) }
    }

    @Test func agreementKeysDoNotSign() throws {
        let key = try PrivateKey.generate(.x25519)
        #expect(throws: CryptoError.wrongAlgorithm(expected: "ed25519, p256 or sm2", found: "x25519")) { try key.sign([1]) }
        #expect(!key.publicKey.verify([UInt8](repeating: 0, count: 64), [1]))
        let signing = try PrivateKey.generate(.ed25519)
        #expect(throws: CryptoError.wrongAlgorithm(expected: "x25519", found: "ed25519")) { try key.sharedSecret(with: signing.publicKey) }
    }

    @Test func bothSidesAgree() throws {
        let (a, b) = (try PrivateKey.generate(.x25519), try PrivateKey.generate(.x25519))
        #expect(try a.sharedSecret(with: b.publicKey) == b.sharedSecret(with: a.publicKey))
    }

    @Test func otherEncodingsAreRefused() throws {
        let key = try PrivateKey.generate(.p256).publicKey
        var offCurve = key.raw
        offCurve[64] ^= 1
        #expect(throws: CryptoError.self) { try PublicKey(raw: offCurve, algorithm: .p256) }
        #expect(throws: CryptoError.self) { try PublicKey(raw: [UInt8](repeating: 0, count: 65), algorithm: .p256) }
        #expect(throws: CryptoError.wrongSize(of: "the public key", expected: 65, found: 33)) {
            try PublicKey(raw: [2] + key.raw[1..<33], algorithm: .p256)
        }
        for spki in [[], key.spki + [0], Array(key.spki.dropLast()), [UInt8](repeating: 0x30, count: 91)] {
            #expect(throws: CryptoError.self) { try PublicKey(spki: spki) }
        }
        let text = try PrivateKey.generate(.ed25519).publicKey.description
        for text in ["", "ed25519", "ed25519:", "ed25519:AAAA", "rsa" + text.dropFirst(7), " " + text, text + " ", text + "="] {
            #expect(PublicKey(parsing: text) == nil)
        }
        #expect(throws: CryptoError.self) { try PrivateKey(pem: "") }
        #expect(throws: CryptoError.self) { try PrivateKey(pem: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n") }
        #expect(throws: CryptoError.wrongSize(of: "the private key", expected: 32, found: 31)) {
            try PrivateKey(raw: [UInt8](repeating: 1, count: 31), algorithm: .ed25519)
        }
    }

    @Test func anEncryptedKeyIsNamedAsSuchAndAsksNobody() {
        let head = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        let tail = "\n-----END ENCRYPTED PRIVATE KEY-----\n"
        // A PKCS#8 container that says PBES2 with PBKDF2 and AES-256-CBC around bytes that mean nothing.
        let container: [UInt8] =
            [0x30, 0x6D, 0x30, 0x57, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05, 0x0D, 0x30, 0x4A, 0x30, 0x29, 0x06]
            + [0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05, 0x0C, 0x30, 0x1C, 0x04, 0x08, 1, 2, 3, 4, 5, 6, 7, 8, 0x02, 0x02]
            + [0x08, 0x00, 0x30, 0x0C, 0x06, 0x08, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x02, 0x09, 0x05, 0x00, 0x30, 0x1D, 0x06, 0x09]
            + [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2A, 0x04, 0x10] + [UInt8](repeating: 9, count: 16)
            + [0x04, 0x12] + [UInt8](repeating: 5, count: 18)
        #expect(throws: CryptoError.keyEncrypted) { try PrivateKey(pem: head + Base64.encode(container) + tail) }
    }
}

@Suite final class KeyFileTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "kouan-keys-\(UUID().uuidString)").path

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false) }
    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func make(_ path: String, _ text: String) {
        #expect(FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]))
    }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test(arguments: KeyAlgorithm.allCases)
    func writesForItsOwnerAlone(_ algorithm: KeyAlgorithm) throws {
        let key = try PrivateKey.generate(algorithm)
        let path = folder + "/key.pem"
        try KeyFile.write(key, to: path)
        #expect(try mode(path) == 0o600)
        #expect(try KeyFile.read(path: path).publicKey == key.publicKey)
        #expect(throws: CryptoError.fileExists(path: path)) { try KeyFile.write(key, to: path) }
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o660, 0o610, 0o601, 0o777])
    func refusesAKeyThatOthersReach(mode: Int) throws {
        let (path, secretPath) = (folder + "/key.pem", folder + "/secret")
        try KeyFile.write(PrivateKey.generate(.ed25519), to: path)
        try KeyFile.writeSecret(.random(count: 32), to: secretPath)
        for path in [path, secretPath] { try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path) }
        let octal = "0" + String(mode, radix: 8)
        #expect(throws: CryptoError.fileExposed(path: path, mode: octal)) { try KeyFile.read(path: path) }
        #expect(throws: CryptoError.fileExposed(path: secretPath, mode: octal)) { try KeyFile.readSecret(path: secretPath) }
        #expect(CryptoError.fileExposed(path: path, mode: octal).hint.contains("chmod 600 \(path)"))
    }

    @Test func secretsComeBackAndDamageIsNoticed() throws {
        let path = folder + "/secret"
        let secret = SecretBytes.random(count: 32)
        try KeyFile.writeSecret(secret, to: path)
        #expect(try mode(path) == 0o600)
        #expect(try KeyFile.readSecret(path: path) == secret)
        #expect(throws: CryptoError.fileExists(path: path)) { try KeyFile.writeSecret(secret, to: path) }
        #expect(throws: CryptoError.wrongSize(of: "the secret", expected: 32, found: 31)) {
            try KeyFile.writeSecret(.random(count: 31), to: folder + "/short")
        }
        for (number, text) in [
            "", "abc", String(repeating: "0", count: 63), String(repeating: "0", count: 65), String(repeating: "g", count: 64),
        ]
        .enumerated() {
            let damaged = folder + "/damaged-\(number)"
            make(damaged, text)
            #expect(throws: CryptoError.malformedSecretFile(path: damaged)) { try KeyFile.readSecret(path: damaged) }
        }
    }

    @Test func aSecretSaysWhatItIsForAndIsReadForNothingElse() throws {
        let path = folder + "/labelled"
        let secret = SecretBytes.random(count: 32)
        try KeyFile.writeSecret(secret, label: "guomi", to: path)
        let read = try KeyFile.readSecret(path: path, labels: ["", "guomi"])
        #expect(read.label == "guomi" && read.secret == secret)
        for labels in [[""], ["other"], ["guom"], []] {
            #expect(throws: CryptoError.malformedSecretFile(path: path)) { try KeyFile.readSecret(path: path, labels: labels) }
        }
    }

    @Test func whatIsNoKeyFileIsRefused() throws {
        #expect(throws: CryptoError.fileUnreadable(path: folder + "/none", reason: "No such file or directory")) {
            try KeyFile.read(path: folder + "/none")
        }
        #expect(throws: CryptoError.fileUnreadable(path: folder, reason: "not a regular file")) { try KeyFile.read(path: folder) }
        #expect(throws: CryptoError.fileUnreadable(path: "/dev/null", reason: "not a regular file")) { try KeyFile.read(path: "/dev/null") }
        let large = folder + "/large"
        make(large, String(repeating: "x", count: 65_537))
        #expect(throws: CryptoError.tooLarge(of: "`\(large)`", limit: 65_536, found: 65_537)) { try KeyFile.read(path: large) }
        let text = folder + "/text"
        make(text, "hello")
        #expect(throws: CryptoError.self) { try KeyFile.read(path: text) }
        #expect(throws: CryptoError.self) { try KeyFile.write(PrivateKey.generate(.ed25519), to: folder + "/no/such/folder/key") }
        // A link is followed, as container secrets need; the rights that count are the file's.
        let key = try PrivateKey.generate(.ed25519)
        try KeyFile.write(key, to: folder + "/real")
        try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: folder + "/real")
        #expect(try KeyFile.read(path: folder + "/link").publicKey == key.publicKey)
        #expect(throws: CryptoError.fileExists(path: folder + "/link")) { try KeyFile.write(key, to: folder + "/link") }
    }
}
