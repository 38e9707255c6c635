// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Foundation
import Testing

@testable import Sealing

@Suite struct KeyGrantTests {
    let provider = try! PrivateKey.generate(.ed25519)
    let consumer = try! PrivateKey.generate(.ed25519)
    let requestKey = try! PrivateKey.generate(.x25519)
    let fileKey = SecretBytes(Forge.fileKey)
    let package = Hash.digest([1])
    let card = Hash.digest([2])
    let providerID = try! ParticipantID(parsing: "urn:lei:529900T8BM49AURSDO55")
    let consumerID = try! ParticipantID(parsing: "urn:lei:5493001KJTIIGC8Y1R12")
    let start = Timestamp(seconds: 1_795_334_400)

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

    @Test func aGrantHandsOverTheFileKey() throws {
        let body = try request().signed(by: consumer)
        #expect(try GrantRequest.verify(body, signer: consumer.publicKey) == request())
        let sent = try KeyGrant.issue(context(), fileKey: fileKey, signer: provider)
        let grant = try KeyGrant(parsing: sent.bytes)
        #expect(grant == sent && grant.context == context())
        try verify(grant)
        #expect(try grant.fileKey(with: requestKey) == fileKey)
    }

    @Test func everyAlteredByteIsRefusedBeforeDecapsulation() throws {
        let bytes = try KeyGrant.issue(context(), fileKey: fileKey, signer: provider).bytes
        for position in bytes.indices {
            var altered = bytes
            altered[position] ^= 1 << (position % 8)
            #expect(refusal { try verify(KeyGrant(parsing: altered)) } != nil, "byte \(position)")
        }
        for count in bytes.indices {
            #expect(refusal { _ = try KeyGrant(parsing: Array(bytes[..<count])) }?.code == "sealing.grant-invalid")
        }
        #expect(refusal { _ = try KeyGrant(parsing: bytes + [0]) }?.code == "sealing.grant-invalid")
    }

    @Test func aGrantForSomethingElseIsRefusedByMember() throws {
        let changes: [(String, (inout GrantContext) -> Void)] = [
            ("requestID", { $0.requestID = "r-2" }), ("package", { $0.package = Hash.digest([9]) }),
            ("consumer", { $0.consumer = providerID }),
            ("nodeCard", { $0.nodeCard = nil }), ("provider", { $0.provider = consumerID }),
            ("requestKey", { $0.requestKey = try! PrivateKey.generate(.x25519).publicKey }),
        ]
        for (member, change) in changes {
            var other = context()
            change(&other)
            let grant = try KeyGrant.issue(other, fileKey: fileKey, signer: provider)
            #expect(refusal { try verify(grant) } == .grantDiffers(member: member))
        }
    }

    @Test func theLeaseHasABeginningAndAnEnd() throws {
        let grant = try KeyGrant.issue(context(), fileKey: fileKey, signer: provider)
        #expect(refusal { try verify(grant, at: start.adding(milliseconds: -1)) }?.code == "sealing.grant-not-valid")
        #expect(refusal { try verify(grant, at: start) } == nil)
        #expect(refusal { try verify(grant, at: start.adding(milliseconds: 3_599_999)) } == nil)
        #expect(refusal { try verify(grant, at: start.adding(seconds: 3_600)) }?.code == "sealing.grant-not-valid")
    }

    @Test func anotherSignerOrKeyIsRefused() throws {
        let stranger = try PrivateKey.generate(.ed25519)
        let grant = try KeyGrant.issue(context(), fileKey: fileKey, signer: stranger)
        #expect(refusal { try verify(grant) }?.code == "sealing.grant-other-signer")
        let right = try KeyGrant.issue(context(), fileKey: fileKey, signer: provider)
        #expect(refusal { _ = try right.fileKey(with: PrivateKey.generate(.x25519)) } == .grantNotOpenable)
        // Signed terms around somebody else's ciphertext: the terms are HPKE's associated data.
        var swapped = context()
        swapped.allowance = 11
        let other = try KeyGrant.issue(swapped, fileKey: fileKey, signer: provider)
        let size = right.context.json.canonical().count
        let mixed = Array(right.bytes[..<(4 + size)]) + Array(other.bytes[(4 + other.context.json.canonical().count)...])
        #expect(refusal { try verify(KeyGrant(parsing: mixed)) } == .grantSignatureInvalid)
    }

    @Test func requestsAreSignedAndStrict() throws {
        let body = try request().signed(by: consumer)
        #expect(refusal { _ = try GrantRequest.verify(body, signer: provider.publicKey) } == .requestSignatureInvalid)
        for position in body.indices {
            var altered = body
            altered[position] ^= 1
            #expect(refusal { _ = try GrantRequest.verify(altered, signer: consumer.publicKey) } != nil, "byte \(position)")
        }
        var spaced = body
        spaced.insert(0x20, at: 1)
        #expect(refusal { _ = try GrantRequest.verify(spaced, signer: consumer.publicKey) }?.code == "sealing.request-invalid")
        #expect(refusal { _ = try GrantRequest.verify(Array("{}".utf8), signer: consumer.publicKey) }?.code == "sealing.request-invalid")
    }

    @Test func aWrapCannotBeMovedToAnotherPackage() throws {
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
        let section = SignatureSection(signature: try SignatureBlock([1], by: provider), wraps: reader.wraps)
        #expect(refusal { try section.verify(again.info.reference) } == .signatureInvalid)
        let wrap = reader.wraps[0]
        #expect(
            refusal { try wrap.verifyAsWrap(signer: provider.publicKey, package: again.info.referenceDigest) }
                == .grantDiffers(member: "package"))
    }

    @Test func identitiesComeBackFromTheirFiles() throws {
        let scratch = try Scratch()
        let identity = try PackageIdentity.generate()
        try identity.write(to: scratch("id"))
        let read = try PackageIdentity(path: scratch("id"))
        #expect(read.publicIdentity == identity.publicIdentity)
        #expect(try PackageIdentity.Public(path: scratch("id.pub")) == identity.publicIdentity)
        let attributes = try FileManager.default.attributesOfItem(atPath: scratch("id"))
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(refusal { try identity.write(to: scratch("id")) } == .targetExists(path: scratch("id.pub")))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: scratch("id"))
        #expect(refusal { _ = try PackageIdentity(path: scratch("id")) }?.code == "crypto.key-file-exposed")
        #expect(refusal { _ = try PackageIdentity.Public(parsing: "{}", path: "x") }?.code == "sealing.identity-invalid")
    }
}
