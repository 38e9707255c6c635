import ExchangeModel
import Testing

// SPDX-License-Identifier: Apache-2.0
@testable import CryptoPrimitives

/// Published vectors, each through every way our interface offers.
@Suite struct VectorTests {
    @Test(arguments: CryptoVector.load("aes-256-gcm.json"))
    func aesGCM(_ vector: CryptoVector) throws {
        let cipher = try AESGCM(key: SecretBytes(vector["key"]))
        let (nonce, aad, plain, sealed) = (vector["nonce"], vector["aad"], vector["plain"], vector["sealed"])
        switch vector.expect {
        case "ok":
            #expect(try cipher.seal(nonce: nonce, aad: aad, plain) == sealed)
            #expect(try cipher.open(nonce: nonce, aad: aad, sealed) == plain)
            // The same context once more, and in place: nothing stays behind from the last message.
            var buffer = plain
            var tag = [UInt8](repeating: 0, count: 16)
            try buffer.withUnsafeMutableBytes { buffer in
                try tag.withUnsafeMutableBytes { try cipher.seal(nonce: nonce, aad: aad, inPlace: buffer, tag: $0) }
            }
            #expect(buffer + tag == sealed)
            try buffer.withUnsafeMutableBytes { buffer in
                try tag.withUnsafeBytes { try cipher.open(nonce: nonce, aad: aad, inPlace: buffer, tag: $0) }
            }
            #expect(buffer == plain)
        case "not-authentic":
            #expect(throws: CryptoError.notAuthentic) { try cipher.open(nonce: nonce, aad: aad, sealed) }
            var buffer = Array(sealed.dropLast(16))
            let tag = Array(sealed.suffix(16))
            #expect(throws: CryptoError.notAuthentic) {
                try buffer.withUnsafeMutableBytes { buffer in
                    try tag.withUnsafeBytes { try cipher.open(nonce: nonce, aad: aad, inPlace: buffer, tag: $0) }
                }
            }
            #expect(buffer.allSatisfy { $0 == 0 }, "unauthenticated bytes must not stay in the buffer")
        default:
            let error = CryptoError.wrongSize(of: "the nonce", expected: 12, found: nonce.count)
            #expect(throws: error) { try cipher.open(nonce: nonce, aad: aad, sealed) }
            #expect(throws: error) { try cipher.seal(nonce: nonce, aad: aad, plain) }
        }
    }

    @Test(arguments: CryptoVector.load("ed25519.json"))
    func ed25519(_ vector: CryptoVector) throws {
        let key = try PublicKey(raw: vector["key"], algorithm: .ed25519)
        #expect(key.verify(vector["signature"], vector["message"]) == (vector.expect == "ok"))
        guard vector.has("seed") else { return }
        let secret = try PrivateKey(raw: vector["seed"], algorithm: .ed25519)
        #expect(secret.publicKey == key)
        #expect(try secret.sign(vector["message"]) == vector["signature"])
    }

    @Test(arguments: CryptoVector.load("ecdsa-p256.json"))
    func p256(_ vector: CryptoVector) throws {
        let key = try PublicKey(raw: vector["key"], algorithm: .p256)
        #expect(key.verify(vector["signature"], vector["message"]) == (vector.expect == "ok"))
    }

    @Test(arguments: CryptoVector.load("x25519.json"))
    func x25519(_ vector: CryptoVector) throws {
        let secret = try PrivateKey(raw: vector["seed"], algorithm: .x25519)
        let peer = try PublicKey(raw: vector["key"], algorithm: .x25519)
        if vector.expect == "ok" {
            #expect(try secret.sharedSecret(with: peer).copy() == vector["shared"])
        } else {
            #expect(throws: CryptoError.sharedSecretZero) { try secret.sharedSecret(with: peer) }
        }
    }

    @Test(arguments: CryptoVector.load("hmac.json"))
    func hmac(_ vector: CryptoVector) throws {
        let algorithm: HashAlgorithm =
            switch vector.text("hash") {
            case "sha256": .sha256
            case "sha512": .sha512
            default: .sm3
            }
        let tag = HMAC.authenticate(algorithm, key: vector["key"], vector["message"])
        #expect(constantTimeEqual(tag, vector["tag"]) == (vector.expect == "ok"))
        #expect(HMAC.authenticate(algorithm, key: SecretBytes(vector["key"]), vector["message"]) == tag)
        if algorithm == .sha256 { #expect(HMAC.sha256(key: vector["key"], vector["message"]) == tag) }
        var authenticator = try Authenticator.start(algorithm, key: vector["key"])
        for byte in vector["message"] { authenticator.update([byte]) }
        #expect(authenticator.finish() == tag)
    }

    @Test(arguments: CryptoVector.load("hkdf-sha256.json"))
    func hkdf(_ vector: CryptoVector) {
        let key = HKDF.extract(salt: vector["salt"], secret: SecretBytes(vector["secret"]))
        if vector.has("prk") { #expect(key.copy() == vector["prk"]) }
        #expect(HKDF.expand(key: key, info: vector["info"], count: vector["okm"].count).copy() == vector["okm"])
    }

    @Test(arguments: CryptoVector.load("sm3.json"))
    func sm3(_ vector: CryptoVector) throws {
        #expect(Hash.hash(.sm3, vector["message"]) == vector["digest"])
        #expect(vector["message"].withUnsafeBytes { Hash.hash(.sm3, $0) } == vector["digest"])
        var digester = try Digester.start(.sm3)
        for byte in vector["message"] { digester.update([byte]) }
        #expect(digester.finish() == vector["digest"])
    }

    @Test(arguments: CryptoVector.load("hkdf-sm3.json"))
    func hkdfSM3(_ vector: CryptoVector) {
        let key = HKDF.extract(.sm3, salt: vector["salt"], secret: SecretBytes(vector["secret"]))
        #expect(key.copy() == vector["prk"])
        #expect(HKDF.expand(.sm3, key: key, info: vector["info"], count: vector["okm"].count).copy() == vector["okm"])
    }

    @Test(arguments: CryptoVector.load("sm4-ctr.json"))
    func sm4(_ vector: CryptoVector) throws {
        let cipher = try SM4EtM(encryptionKey: SecretBytes(vector["key"]), macKey: .random(count: 32))
        var buffer = vector["plain"]
        try buffer.withUnsafeMutableBytes { try cipher.crypt(iv: vector["iv"], $0) }
        #expect(buffer == vector["sealed"])
        try buffer.withUnsafeMutableBytes { try cipher.crypt(iv: vector["iv"], $0) }
        #expect(buffer == vector["plain"])
    }

    @Test(arguments: CryptoVector.load("sm4-ctr-hmac-sm3.json"))
    func sm4EtM(_ vector: CryptoVector) throws {
        let cipher = try SM4EtM(encryptionKey: SecretBytes(vector["encryptionKey"]), macKey: SecretBytes(vector["macKey"]))
        let (nonce, aad, plain, sealed) = (vector["nonce"], vector["aad"], vector["plain"], vector["sealed"])
        switch vector.expect {
        case "ok":
            // Twice and both ways: nothing stays behind from the last message.
            for _ in 0..<2 {
                #expect(try cipher.seal(nonce: nonce, aad: aad, SecretBytes(plain)) == sealed)
                #expect(try cipher.open(nonce: nonce, aad: aad, sealed).copy() == plain)
            }
        case "not-authentic":
            #expect(throws: CryptoError.notAuthentic) { try cipher.open(nonce: nonce, aad: aad, sealed) }
            guard sealed.count >= 32 else { return }
            var buffer = Array(sealed.dropLast(32))
            let tag = Array(sealed.suffix(32))
            #expect(throws: CryptoError.notAuthentic) {
                try buffer.withUnsafeMutableBytes { buffer in
                    try tag.withUnsafeBytes { try cipher.open(nonce: nonce, aad: aad, inPlace: buffer, tag: $0) }
                }
            }
            #expect(buffer == sealed.dropLast(32), "unauthenticated bytes must not be decrypted")
        default:
            let error = CryptoError.wrongSize(of: "the nonce", expected: 12, found: nonce.count)
            #expect(throws: error) { try cipher.open(nonce: nonce, aad: aad, sealed) }
            #expect(throws: error) { try cipher.seal(nonce: nonce, aad: aad, SecretBytes(plain)) }
        }
    }

    @Test(arguments: CryptoVector.load("sm2-sign.json"))
    func sm2Sign(_ vector: CryptoVector) throws {
        let key = try PublicKey(raw: vector["key"], algorithm: .sm2)
        #expect(key.verify(vector["signature"], vector["message"]) == (vector.expect == "ok"))
        guard vector.has("secret") else { return }
        let secret = try PrivateKey(raw: vector["secret"], algorithm: .sm2)
        #expect(secret.publicKey == key)
        #expect(key.verify(try secret.sign(vector["message"]), vector["message"]))
    }

    @Test(arguments: CryptoVector.load("sm2-encrypt.json"))
    func sm2Encrypt(_ vector: CryptoVector) throws {
        let key = try PrivateKey(raw: vector["secret"], algorithm: .sm2)
        guard vector.expect == "ok" else {
            #expect(throws: CryptoError.notAuthentic) { try SM2.open(vector["sealed"], with: key) }
            return
        }
        #expect(try SM2.open(vector["sealed"], with: key).copy() == vector["plain"])
        #expect(SM2.isCiphertext(vector["sealed"], of: vector["plain"].count))
    }

    @Test(arguments: CryptoVector.load("hpke.json"))
    func hpke(_ vector: CryptoVector) throws {
        let recipient = try PrivateKey(raw: vector["recipient"], algorithm: .x25519)
        #expect(recipient.publicKey.raw == vector["recipientPublic"])
        func open() throws(CryptoError) -> [UInt8] {
            try HPKE.open(
                enc: vector["enc"], ciphertext: vector["sealed"], with: recipient, info: vector["info"], aad: vector["aad"]
            ).copy()
        }
        switch vector.expect {
        case "ok":
            #expect(try open() == vector["plain"])
            let sealed = try HPKE.seal(
                to: recipient.publicKey, info: vector["info"], aad: vector["aad"], SecretBytes(vector["plain"]),
                ephemeral: PrivateKey(raw: vector["ephemeral"], algorithm: .x25519))
            #expect(sealed.enc == vector["enc"])
            #expect(sealed.ciphertext == vector["sealed"])
        case "not-authentic": #expect(throws: CryptoError.notAuthentic) { try open() }
        case "shared-secret-zero": #expect(throws: CryptoError.sharedSecretZero) { try open() }
        default: #expect(throws: CryptoError.wrongSize(of: "the public key", expected: 32, found: 31)) { try open() }
        }
    }
}
