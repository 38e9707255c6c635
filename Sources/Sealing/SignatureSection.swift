// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives

/// Who signed, as packages and grants carry it: `0x00`, `0x01 ‖ Ed25519 key ‖ signature`, or `0x02 ‖ SM2 key ‖ u8 length ‖ signature`.
package struct SignatureBlock: Sendable, Hashable {
    package let signer: PublicKey
    package let signature: [UInt8]

    static let unsigned: UInt8 = 0x00
    static let ed25519: UInt8 = 0x01
    static let sm2: UInt8 = 0x02
    /// Of an SM2 signature in DER: two numbers of 1 to 33 bytes.
    private static let sm2Sizes: ClosedRange<UInt8> = 8...72
    /// Algorithm, key, length and signature of the largest.
    static let sizeLimit = 1 + 65 + 1 + 72

    /// Signs with a key of the suite's algorithm.
    init(_ message: [UInt8], by key: PrivateKey, suite: Suite) throws(SealingError) {
        guard key.algorithm == suite.signatureAlgorithm else {
            throw .optionInvalid("suite \(suite.name) signs with an \(suite.signatureAlgorithm.rawValue) key")
        }
        do { signature = try key.sign(message) } catch { throw SealingError(error) }
        signer = key.publicKey
    }

    private init(signer: PublicKey, signature: [UInt8]) { (self.signer, self.signature) = (signer, signature) }

    func verifies(_ message: [UInt8]) -> Bool { signer.verify(signature, message) }

    static func bytes(_ block: SignatureBlock?) -> [UInt8] {
        guard let block else { return [unsigned] }
        if block.signer.algorithm == .sm2 { return [sm2] + block.signer.raw + [UInt8(block.signature.count)] + block.signature }
        return [ed25519] + block.signer.raw + block.signature
    }

    enum Parsed {
        case block(SignatureBlock?)
        case malformed(String)
    }

    static func parse(_ reader: inout ByteReader) -> Parsed {
        switch reader.u8() {
        case unsigned?: return .block(nil)
        case ed25519?:
            guard let raw = reader.take(32), let signature = reader.take(64) else { return .malformed("it ends early") }
            guard let signer = try? PublicKey(raw: Array(raw), algorithm: .ed25519) else {
                return .malformed("the key is not an Ed25519 key")
            }
            return .block(SignatureBlock(signer: signer, signature: Array(signature)))
        case sm2?:
            guard let raw = reader.take(65), let length = reader.u8(), sm2Sizes.contains(length), let signature = reader.take(Int(length))
            else { return .malformed("it ends early, or its signature has an impossible length") }
            guard let signer = try? PublicKey(raw: Array(raw), algorithm: .sm2) else { return .malformed("the key is not an SM2 key") }
            return .block(SignatureBlock(signer: signer, signature: Array(signature)))
        case let other?: return .malformed("signature algorithm \(other) is unknown")
        case nil: return .malformed("it ends early")
        }
    }
}

/// Between index and footer (docs/formats/sealed-package.md §2.6).
struct SignatureSection {
    var signature: SignatureBlock?
    var wraps: [KeyGrant] = []

    var bytes: [UInt8] {
        var bytes = SignatureBlock.bytes(signature)
        bytes.append(UInt8(wraps.count))
        for wrap in wraps {
            bytes.append(u32: UInt32(wrap.bytes.count))
            bytes += wrap.bytes
        }
        return bytes
    }

    init(signature: SignatureBlock?, wraps: [KeyGrant]) { (self.signature, self.wraps) = (signature, wraps) }

    init(parsing bytes: [UInt8]) throws(SealingError) {
        var reader = ByteReader(bytes)
        switch SignatureBlock.parse(&reader) {
        case .block(let block): signature = block
        case .malformed(let reason): throw .signatureSectionInvalid(reason)
        }
        guard let count = reader.u8() else { throw .signatureSectionInvalid("it ends early") }
        guard count <= Limits.wraps else { throw .signatureSectionInvalid("it has \(count) wraps") }
        for _ in 0..<count {
            guard let length = reader.u32(), length <= Limits.wrapBytes, let wrap = reader.take(Int(length)) else {
                throw .signatureSectionInvalid("a wrap is cut short or too long")
            }
            wraps.append(try KeyGrant(parsing: Array(wrap)))
        }
        guard reader.remaining == 0 else { throw .signatureSectionInvalid("\(reader.remaining) bytes follow its wraps") }
    }

    /// Signature and wraps must come from one key and speak of this package.
    func verify(_ reference: PackageReference) throws(SealingError) {
        if let signer = signature?.signer, signer.algorithm != reference.suite.signatureAlgorithm {
            throw .signatureSectionInvalid("the signature is not of suite \(reference.suite.name)")
        }
        if let signature, !signature.verifies(reference.signedBytes) { throw .signatureInvalid }
        for wrap in wraps { try wrap.verifyAsWrap(signer: signature?.signer, package: reference.digest) }
    }
}
