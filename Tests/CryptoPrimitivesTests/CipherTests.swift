// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Testing

/// splitmix64, so that a failing seed can be run again.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
}

@Suite struct CipherTests {
    @Test(arguments: [UInt64(1), 2, 3])
    func openUndoesSealAndAnyFlippedBitIsRefused(seed: UInt64) throws {
        print("seed \(seed)")
        var random = Seeded(seed)
        let cipher = try AESGCM(key: SecretBytes(random.bytes(32)))
        for count in [0, 1, 15, 16, 17, 31, 32, 33, 1000, 65_537] {
            let (nonce, aad, plain) = (random.bytes(12), random.bytes(count % 40), random.bytes(count))
            let sealed = try cipher.seal(nonce: nonce, aad: aad, plain)
            #expect(try cipher.open(nonce: nonce, aad: aad, sealed) == plain)
            for _ in 0..<8 {
                var altered = sealed
                altered[Int.random(in: 0..<sealed.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                #expect(throws: CryptoError.notAuthentic) { try cipher.open(nonce: nonce, aad: aad, altered) }
            }
            #expect(throws: CryptoError.notAuthentic) { try cipher.open(nonce: nonce, aad: aad + [0], sealed) }
            #expect(throws: CryptoError.notAuthentic) { try cipher.open(nonce: random.bytes(12), aad: aad, sealed) }
            #expect(throws: CryptoError.notAuthentic) { try cipher.open(nonce: nonce, aad: aad, Array(sealed.dropLast())) }
            let other = try AESGCM(key: SecretBytes(random.bytes(32)))
            #expect(throws: CryptoError.notAuthentic) { try other.open(nonce: nonce, aad: aad, sealed) }
        }
    }

    @Test func sizesAreChecked() throws {
        #expect(throws: CryptoError.wrongSize(of: "the key", expected: 32, found: 16)) {
            try AESGCM(key: SecretBytes([UInt8](repeating: 0, count: 16)))
        }
        let cipher = try AESGCM(key: .random(count: 32))
        #expect(throws: CryptoError.notAuthentic) { try cipher.open(nonce: [UInt8](repeating: 0, count: 12), aad: [], [1, 2, 3]) }
        var short = [UInt8](repeating: 0, count: 15)
        #expect(throws: CryptoError.wrongSize(of: "the tag", expected: 16, found: 15)) {
            try short.withUnsafeMutableBytes { tag in
                try cipher.seal(nonce: [UInt8](repeating: 0, count: 12), aad: [], inPlace: .init(start: nil, count: 0), tag: tag)
            }
        }
    }

    @Test func secretsCompareAndHide() {
        let secret = SecretBytes([1, 2, 3])
        #expect(secret == SecretBytes([1, 2, 3]))
        #expect(secret != SecretBytes([1, 2, 4]))
        #expect(secret != SecretBytes([1, 2]))
        #expect(SecretBytes([]) == SecretBytes([]))
        #expect("\(secret)" == "SecretBytes(3 bytes)")
        #expect(String(reflecting: secret).contains("[") == false)
        #expect(SecretBytes.random(count: 32) != SecretBytes.random(count: 32))
        #expect(constantTimeEqual([], []))
        #expect(!constantTimeEqual([1], [1, 2]))
        #expect(SecureRandom.bytes(0).isEmpty)
        #expect(SecureRandom.bytes(1000).count == 1000)
    }

    @Test(arguments: [0, 1, 31, 32, 33, 255 * 32])
    func hkdfGivesPrefixes(count: Int) {
        let key = HKDF.extract(salt: [1], secret: SecretBytes([2]))
        let long = HKDF.expand(key: key, info: [3], count: 255 * 32).copy()
        #expect(HKDF.expand(key: key, info: [3], count: count).copy() == Array(long[..<count]))
        #expect(
            HKDF.expand(.sm3, key: HKDF.extract(.sm3, salt: [1], secret: SecretBytes([2])), info: [3], count: 32).copy()
                != Array(long[..<32]))
    }

    @Test func hpkeRoundTrips() throws {
        let key = try PrivateKey.generate(.x25519)
        for count in [0, 1, 32, 100] {
            let plain = SecretBytes.random(count: count)
            let first = try HPKE.seal(to: key.publicKey, info: [1], aad: [2], plain)
            let second = try HPKE.seal(to: key.publicKey, info: [1], aad: [2], plain)
            #expect(first.enc != second.enc)
            #expect(first.ciphertext.count == count + 16)
            #expect(try HPKE.open(enc: first.enc, ciphertext: first.ciphertext, with: key, info: [1], aad: [2]) == plain)
            #expect(throws: CryptoError.notAuthentic) {
                try HPKE.open(enc: second.enc, ciphertext: first.ciphertext, with: key, info: [1], aad: [2])
            }
            let other = try PrivateKey.generate(.x25519)
            #expect(throws: CryptoError.notAuthentic) {
                try HPKE.open(enc: first.enc, ciphertext: first.ciphertext, with: other, info: [1], aad: [2])
            }
        }
        let signing = try PrivateKey.generate(.ed25519)
        #expect(throws: CryptoError.wrongAlgorithm(expected: "x25519", found: "ed25519")) {
            try HPKE.seal(to: signing.publicKey, info: [], aad: [], SecretBytes([1]))
        }
    }
}
