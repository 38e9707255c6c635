// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Testing

@Suite struct HashTests {
    @Test func knownAnswers() {
        #expect(Hex.encode(Hash.sha256(Array("abc".utf8))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(Hex.encode(Hash.sha256([UInt8]())) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        // GB/T 32905-2016, appendix A
        #expect(Hex.encode(Hash.hash(.sm3, Array("abc".utf8))) == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")
        #expect(
            Hex.encode(Hash.hash(.sm3, Array(String(repeating: "abcd", count: 16).utf8)))
                == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732")
        #expect(
            Hex.encode(Hash.hash(.sha512, Array("abc".utf8)))
                == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        )
    }

    @Test(arguments: [0, 1, 63, 64, 65, 128, 1000])
    func piecesEqualTheWhole(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        for algorithm in HashAlgorithm.allCases {
            for cut in [0, count / 3, count] {
                var digester = try Digester.start(algorithm)
                digester.update(Array(bytes[..<cut]))
                digester.update(Array(bytes[cut...]))
                let digest = digester.finish()
                #expect(digest == Hash.hash(algorithm, bytes))
                #expect(digest.count == algorithm.digestSize)
            }
        }
        #expect(Hash.sha256([Array(bytes[..<(count / 2)]), [], Array(bytes[(count / 2)...])]) == Hash.sha256(bytes))
        #expect(bytes.withUnsafeBytes { Hash.sha256($0) } == Hash.sha256(bytes))
        #expect(Hash.digest(bytes).description == "sha256:" + Hex.encode(Hash.sha256(bytes)))
    }

    @Test func errorsAreKouanErrors() {
        let error: any KouanError = CryptoError.notAuthentic
        #expect(error.code == "crypto.not-authentic")
    }
}
