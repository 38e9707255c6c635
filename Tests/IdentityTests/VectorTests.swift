// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel
import Foundation
import Testing

@testable import Identity

/// Documents that `Tests/Vectors/identity/make.py` wrote from the format pages, with none of our code.
@Suite struct VectorTests {
    static let file: JSON = {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(
            path: "Vectors/identity/documents.json")
        guard let data = try? Data(contentsOf: path), let json = try? JSON.parse([UInt8](data)) else { return .null }
        return json
    }()
    static let cases = file["cases"]?.array ?? []

    @Test func thereAreVectors() { #expect(VectorTests.cases.count >= 40) }

    @Test(arguments: cases)
    func vector(_ vector: JSON) throws {
        let file = VectorTests.file
        let document = try #require(vector["document"]?.string)
        let expected = try #require(vector["expect"]?.string)
        let now = try #require(file["now"]?.string.flatMap { Timestamp(parsing: $0) })
        let card = try NodeCard.parse(Array(try #require(VectorTests.cases[0]["document"]?.string).utf8))
        let code = refusal {
            switch vector["kind"]?.string {
            case "card":
                let card = try NodeCard.parse(Array(document.utf8))
                #expect(card.digest.description == vector["digest"]?.string)
                #expect(card.fingerprint == vector["fingerprint"]?.string)
            case "credential":
                _ = try MembershipCredential.verify(document, space: try VectorTests.space(), card: card, at: now)
            default:
                let proof = try AgreementProof.parse(try JSON.parse(document))
                try proof.verify(
                    agreement: try #require(file["agreement"]), terms: try AgreementTerms(json: try #require(file["terms"])),
                    signer: card, at: now)
            }
        }
        #expect((code ?? "ok") == expected)
    }

    /// A file of the space in the vectors; its operator has the secret key of RFC 8032 §7.1 test 2.
    static func space() throws -> SpaceFile {
        let seed = try #require(Hex.decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
        let key = try PrivateKey(raw: seed, algorithm: .ed25519)
        #expect(key.publicKey.description == file["operatorKey"]?.string)
        var contents = try Fixture.spaceContents(
            operator: try ParticipantID(parsing: try #require(file["operator"]?.string)), key: key.publicKey)
        contents.id = try #require(file["space"]?.string.flatMap { SpaceID(parsing: $0) })
        return try SpaceFile.issue(contents, with: key)
    }
}
