// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Foundation
import Testing

@testable import Sealing

/// Provider, consumer and what they agreed on, in one suite.
private struct Fixture {
    let suite: Suite
    let provider: PrivateKey
    let consumer: PrivateKey
    let requestKey: PrivateKey
    let fileKey = SecretBytes(Forge.fileKey)
    let package: Digest
    let card = Hash.digest([2])
    let providerID = try! ParticipantID(parsing: "urn:lei:529900T8BM49AURSDO55")
    let consumerID = try! ParticipantID(parsing: "urn:lei:5493001KJTIIGC8Y1R12")
    let start = Timestamp(seconds: 1_795_334_400)

    init(_ suite: Suite) throws {
        self.suite = suite
        (provider, consumer) = try (.generate(suite.signatureAlgorithm), .generate(suite.signatureAlgorithm))
        requestKey = try .generate(suite.encryptionAlgorithm)
        package = suite.digest([1])
    }

    func request(id: String = "r-1") -> GrantRequest {
        GrantRequest(
            requestID: id, agreement: "urn:uuid:a", package: package, consumer: consumerID, action: "use", purpose: nil,
            nonce: [UInt8](repeating: 5, count: 16), requestKey: requestKey.publicKey)
    }

    func context() -> GrantContext {
        GrantContext(
            grantID: "g-1", requestID: "r-1", agreement: Hash.digest([3]), policyHash: Hash.digest([4]), package: package,
            consumer: consumerID, nodeCard: card, requestKey: requestKey.publicKey, provider: providerID, notBefore: start,
            notAfter: start.adding(seconds: 3_600), durationSeconds: 3_600, allowance: 10)
    }

    func verify(_ grant: KeyGrant, at now: Timestamp? = nil) throws {
        try grant.verify(
            signer: provider.publicKey, provider: providerID, request: request(), nodeCard: card, at: now ?? start.adding(seconds: 1))
    }
}

@Suite struct KeyGrantTests {
    @Test(arguments: Suite.allCases) func aGrantHandsOverTheFileKey(suite: Suite) throws {
        let exchange = try Fixture(suite)
        let body = try exchange.request().signed(by: exchange.consumer)
        #expect(try GrantRequest.verify(body, signer: exchange.consumer.publicKey) == exchange.request())
        let sent = try KeyGrant.issue(exchange.context(), fileKey: exchange.fileKey, signer: exchange.provider)
        let grant = try KeyGrant(parsing: sent.bytes)
        #expect(grant == sent && grant.context == exchange.context())
        try exchange.verify(grant)
        #expect(try grant.fileKey(with: exchange.requestKey) == exchange.fileKey)
    }

    @Test(arguments: Suite.allCases) func everyAlteredByteIsRefusedBeforeDecapsulation(suite: Suite) throws {
        let exchange = try Fixture(suite)
        let bytes = try KeyGrant.issue(exchange.context(), fileKey: exchange.fileKey, signer: exchange.provider).bytes
        for position in bytes.indices {
            var altered = bytes
            altered[position] ^= 1 << (position % 8)
            #expect(refusal { try exchange.verify(KeyGrant(parsing: altered)) } != nil, "byte \(position)")
        }
        for count in bytes.indices {
            #expect(refusal { _ = try KeyGrant(parsing: Array(bytes[..<count])) }?.code == "sealing.grant-invalid")
        }
        #expect(refusal { _ = try KeyGrant(parsing: bytes + [0]) }?.code == "sealing.grant-invalid")
    }

    @Test(arguments: Suite.allCases) func aGrantForSomethingElseIsRefusedByMember(suite: Suite) throws {
        let exchange = try Fixture(suite)
        let changes: [(String, (inout GrantContext) -> Void)] = [
            ("requestID", { $0.requestID = "r-2" }), ("package", { $0.package = suite.digest([9]) }),
            ("consumer", { $0.consumer = exchange.providerID }),
            ("nodeCard", { $0.nodeCard = nil }), ("provider", { $0.provider = exchange.consumerID }),
            ("requestKey", { $0.requestKey = try! PrivateKey.generate(suite.encryptionAlgorithm).publicKey }),
        ]
        for (member, change) in changes {
            var other = exchange.context()
            change(&other)
            let grant = try KeyGrant.issue(other, fileKey: exchange.fileKey, signer: exchange.provider)
            #expect(refusal { try exchange.verify(grant) } == .grantDiffers(member: member))
        }
    }

    @Test(arguments: Suite.allCases) func theLeaseHasABeginningAndAnEnd(suite: Suite) throws {
        let exchange = try Fixture(suite)
        let grant = try KeyGrant.issue(exchange.context(), fileKey: exchange.fileKey, signer: exchange.provider)
        #expect(refusal { try exchange.verify(grant, at: exchange.start.adding(milliseconds: -1)) }?.code == "sealing.grant-not-valid")
        #expect(refusal { try exchange.verify(grant, at: exchange.start) } == nil)
        #expect(refusal { try exchange.verify(grant, at: exchange.start.adding(milliseconds: 3_599_999)) } == nil)
        #expect(refusal { try exchange.verify(grant, at: exchange.start.adding(seconds: 3_600)) }?.code == "sealing.grant-not-valid")
    }

    @Test(arguments: Suite.allCases) func anotherSignerOrKeyIsRefused(suite: Suite) throws {
        let exchange = try Fixture(suite)
        let stranger = try PrivateKey.generate(suite.signatureAlgorithm)
        let grant = try KeyGrant.issue(exchange.context(), fileKey: exchange.fileKey, signer: stranger)
        #expect(refusal { try exchange.verify(grant) }?.code == "sealing.grant-other-signer")
        let right = try KeyGrant.issue(exchange.context(), fileKey: exchange.fileKey, signer: exchange.provider)
        #expect(refusal { _ = try right.fileKey(with: PrivateKey.generate(suite.encryptionAlgorithm)) } == .grantNotOpenable)
        // Signed terms around somebody else's ciphertext: the terms are associated data.
        var swapped = exchange.context()
        swapped.allowance = 11
        let other = try KeyGrant.issue(swapped, fileKey: exchange.fileKey, signer: exchange.provider)
        let size = right.context.json.canonical().count
        let mixed = Array(right.bytes[..<(4 + size)]) + Array(other.bytes[(4 + other.context.json.canonical().count)...])
        #expect(refusal { try exchange.verify(KeyGrant(parsing: mixed)) } == .grantSignatureInvalid)
    }

    @Test(arguments: Suite.allCases) func requestsAreSignedAndStrict(suite: Suite) throws {
        let exchange = try Fixture(suite)
        let body = try exchange.request().signed(by: exchange.consumer)
        #expect(refusal { _ = try GrantRequest.verify(body, signer: exchange.provider.publicKey) } == .requestSignatureInvalid)
        for position in body.indices {
            var altered = body
            altered[position] ^= 1
            #expect(refusal { _ = try GrantRequest.verify(altered, signer: exchange.consumer.publicKey) } != nil, "byte \(position)")
        }
        var spaced = body
        spaced.insert(0x20, at: 1)
        #expect(refusal { _ = try GrantRequest.verify(spaced, signer: exchange.consumer.publicKey) }?.code == "sealing.request-invalid")
        #expect(
            refusal { _ = try GrantRequest.verify(Array("{}".utf8), signer: exchange.consumer.publicKey) }?.code
                == "sealing.request-invalid")
    }

    @Test func nothingIsOfTwoSuites() throws {
        let (one, two) = (try Fixture(.international), try Fixture(.guomi))
        for (here, there) in [(one, two), (two, one)] {
            var context = here.context()
            context.requestKey = there.requestKey.publicKey
            #expect(
                refusal { _ = try KeyGrant.issue(context, fileKey: here.fileKey, signer: here.provider) }?.code == "sealing.option-invalid")
            #expect(
                refusal { _ = try KeyGrant.issue(here.context(), fileKey: here.fileKey, signer: there.provider) }?.code
                    == "sealing.option-invalid")
            #expect(refusal { _ = try here.request().signed(by: there.consumer) }?.code == "sealing.option-invalid")
            let body = try here.request().signed(by: here.consumer)
            #expect(refusal { _ = try GrantRequest.verify(body, signer: there.consumer.publicKey) } == .requestSignatureInvalid)
            let mixed = String(decoding: body, as: UTF8.self)
                .replacingOccurrences(of: here.requestKey.publicKey.description, with: there.requestKey.publicKey.description)
            #expect(refusal { _ = try GrantRequest.parse(Array(mixed.utf8)) }?.code == "sealing.request-invalid")
            #expect(
                refusal { _ = try seal(.contents([:]), small(suite: here.suite), recipients: [there.requestKey.publicKey]) }?.code
                    == "sealing.option-invalid")
            #expect(
                refusal { _ = try seal(.contents([:]), small(suite: here.suite), signer: there.provider) }?.code == "sealing.option-invalid"
            )
            let text = PackageIdentity.Public(
                here.suite, signing: here.provider.publicKey, encryption: there.requestKey.publicKey
            ).text
            #expect(refusal { _ = try PackageIdentity.Public(parsing: text, path: "x") }?.code == "sealing.identity-invalid")
        }
    }

    @Test func theKeysOfAnIdentityAreThoseOfThePage() throws {
        let identity = try PackageIdentity(secret: SecretBytes(Forge.fileKey), suite: .guomi)
        #expect(
            identity.signing.publicKey.description
                == "sm2:BNDgFNPz4b055eSWIBcm1r4QeUTvy60JMsD5YA7LJ48QrelcflQUYT6OIjgEMinf95cHKCwfcwKqAOgGb/0/36Q=")
        #expect(
            identity.encryption.publicKey.description
                == "sm2:BElQpLGPzv+mQW0oT2WlT4Inn3M/Ed6NswKCBXIUcqfs/vrt7qHFpxPqWnoIDNgzfeDj++g0QTdJMI4M+v43UVg=")
    }

    @Test func aWrapCannotBeMovedToAnotherPackage() throws {
        let provider = try PrivateKey.generate(.ed25519)
        let identity = try PackageIdentity.generate()
        let one = try seal(.contents(["a": [1]]), signer: provider, recipients: [identity.encryption.publicKey])
        let reader = try PackageReader(MemoryBytes(one.bytes))
        let other = Forge(files: [("a", [1])])
        var moved = other
        moved.editSection = { section in
            section[section.count - 1] = 1
            section.append(u32: UInt32(reader.wraps[0].bytes.count))
            section += reader.wraps[0].bytes
        }
        #expect(refusal { _ = try PackageReader(MemoryBytes(moved.build())) }?.code == "sealing.grant-other-signer")
        let again = try seal(.contents(["a": [1]]), signer: provider)
        let section = SignatureSection(signature: try SignatureBlock([1], by: provider, suite: .international), wraps: reader.wraps)
        #expect(refusal { try section.verify(again.info.reference) } == .signatureInvalid)
        let wrap = reader.wraps[0]
        #expect(
            refusal { try wrap.verifyAsWrap(signer: provider.publicKey, package: again.info.referenceDigest) }
                == .grantDiffers(member: "package"))
    }

    @Test(arguments: Suite.allCases) func identitiesComeBackFromTheirFiles(suite: Suite) throws {
        let scratch = try Scratch()
        let identity = try PackageIdentity.generate(suite)
        try identity.write(to: scratch("id"))
        let read = try PackageIdentity(path: scratch("id"))
        #expect(read.publicIdentity == identity.publicIdentity && read.suite == suite)
        #expect(try PackageIdentity.Public(path: scratch("id.pub")) == identity.publicIdentity)
        let attributes = try FileManager.default.attributesOfItem(atPath: scratch("id"))
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(refusal { try identity.write(to: scratch("id")) } == .targetExists(path: scratch("id.pub")))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: scratch("id"))
        #expect(refusal { _ = try PackageIdentity(path: scratch("id")) }?.code == "crypto.key-file-exposed")
        #expect(refusal { _ = try PackageIdentity.Public(parsing: "{}", path: "x") }?.code == "sealing.identity-invalid")
    }
}
