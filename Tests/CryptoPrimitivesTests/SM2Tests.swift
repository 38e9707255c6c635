// SPDX-License-Identifier: Apache-2.0
import ExchangeModel
import Testing

@testable import CryptoPrimitives

@Suite struct SM2Tests {
    private static let order = Hex.decode("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123")!

    @Test func aKeySurvivesEachOfItsForms() throws {
        let key = try PrivateKey.generate(.sm2)
        let message = Array("message".utf8)
        let again = try PrivateKey(pem: key.pem)
        #expect(again.algorithm == .sm2 && again.publicKey == key.publicKey)
        #expect(key.publicKey.verify(try again.sign(message), message))
        let text = key.publicKey.description
        #expect(text.hasPrefix("sm2:") && PublicKey(parsing: text) == key.publicKey)
        let read = try PublicKey(spki: key.publicKey.spki)
        #expect(read == key.publicKey && read.raw.count == 65)
        #expect(!read.verify(try key.sign(message), message + [0]))
    }

    @Test func aKeyThatIsNoneIsRefused() throws {
        let zero = [UInt8](repeating: 0, count: 32)
        for (change, isKey) in [(0, false), (1, false), (2, true)] {
            var number = Self.order
            number[31] -= UInt8(change)
            #expect(((try? PrivateKey(raw: number, algorithm: .sm2)) != nil) == isKey, "n - \(change)")
        }
        #expect(throws: CryptoError.self) { try PrivateKey(raw: zero, algorithm: .sm2) }
        #expect(throws: CryptoError.wrongSize(of: "the private key", expected: 32, found: 31)) {
            try PrivateKey(raw: Array(zero.dropLast()), algorithm: .sm2)
        }
        let raw = try PrivateKey.generate(.sm2).publicKey.raw
        for wrong in [[0x02] + raw[1..<33] + zero, raw.dropLast() + [raw[64] ^ 1], [0x06] + raw[1...], raw.dropLast()] {
            #expect(throws: CryptoError.self) { try PublicKey(raw: Array(wrong), algorithm: .sm2) }
        }
        // The point of one curve is not one of the other.
        let other = try PrivateKey.generate(.p256).publicKey.raw
        #expect(throws: CryptoError.self) { try PublicKey(raw: other, algorithm: .sm2) }
    }

    @Test func aKeyThatFollowsFromBytesIsAlwaysTheSame() throws {
        // d = 1 + (number mod (n − 2)): numbers on both sides of n − 2 and far above.
        let vectors: [(seed: [UInt8], number: [UInt8])] = [
            ([UInt8](repeating: 0, count: 48), [UInt8](repeating: 0, count: 31) + [1]),
            ([UInt8](repeating: 0, count: 16) + Self.order.dropLast() + [0x21], [UInt8](repeating: 0, count: 31) + [1]),
            ([UInt8](repeating: 0, count: 16) + Self.order.dropLast() + [0x20], Self.order.dropLast() + [0x21]),
            (Array(0..<48), Hex.decode("282dc150d91ac8acac159793b73b9ea67e7a593e3b18997f3ac9b6812a6fe58c")!),
        ]
        for (seed, number) in vectors {
            let derived = try SM2.derive(from: SecretBytes(seed))
            #expect(derived.publicKey == (try PrivateKey(raw: number, algorithm: .sm2)).publicKey)
        }
        #expect(throws: CryptoError.wrongSize(of: "the seed", expected: 48, found: 32)) { try SM2.derive(from: .random(count: 32)) }
    }

    @Test func whatIsSealedToAKeyOpensWithItAlone() throws {
        let (key, other) = (try PrivateKey.generate(.sm2), try PrivateKey.generate(.sm2))
        for count in [1, 31, 32, 33, 300] {
            let secret = SecretBytes.random(count: count)
            let sealed = try SM2.seal(secret, to: key.publicKey)
            #expect(SM2.isCiphertext(sealed, of: count) && !SM2.isCiphertext(sealed, of: count + 1))
            #expect(try SM2.open(sealed, with: key) == secret)
            #expect(throws: CryptoError.notAuthentic) { try SM2.open(sealed, with: other) }
            #expect(try SM2.seal(secret, to: key.publicKey) != sealed)
        }
    }

    @Test func everyAlteredByteOfACiphertextIsRefused() throws {
        let key = try PrivateKey.generate(.sm2)
        let sealed = try SM2.seal(.random(count: 32), to: key.publicKey)
        for position in sealed.indices {
            for bit in 0..<8 {
                var altered = sealed
                altered[position] ^= 1 << bit
                #expect(throws: CryptoError.notAuthentic) { try SM2.open(altered, with: key) }
            }
            #expect(throws: CryptoError.notAuthentic) { try SM2.open(Array(sealed[..<position]), with: key) }
        }
    }

    @Test func keysOfOtherAlgorithmsAreRefused() throws {
        let key = try PrivateKey.generate(.p256)
        #expect(throws: CryptoError.wrongAlgorithm(expected: "sm2", found: "p256")) { try SM2.seal(.random(count: 32), to: key.publicKey) }
        #expect(throws: CryptoError.wrongAlgorithm(expected: "sm2", found: "p256")) { try SM2.open([1], with: key) }
        #expect(throws: CryptoError.wrongAlgorithm(expected: "x25519", found: "sm2")) {
            try PrivateKey.generate(.sm2).sharedSecret(with: key.publicKey)
        }
    }

    @Test func certificatesAreNotMadeWithSM2() throws {
        #expect(KeyAlgorithm.allCases.filter(\.canCertify) == [.ed25519, .p256])
    }
}
