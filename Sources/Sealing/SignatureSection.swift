// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives

/// Who signed, as packages and grants carry it: `0x00`, or `0x01 ‖ Ed25519 key ‖ signature`.
package struct SignatureBlock: Sendable, Hashable {
    package let signer: PublicKey
    package let signature: [UInt8]

    static let unsigned: UInt8 = 0x00
    static let ed25519: UInt8 = 0x01

    /// Signs with an Ed25519 key.
    init(_ message: [UInt8], by key: PrivateKey) throws(SealingError) {
        guard key.algorithm == .ed25519 else { throw .optionInvalid("packages and grants are signed with an Ed25519 key") }
        do { signature = try key.sign(message) } catch { throw SealingError(error) }
        signer = key.publicKey
    }

    private init(signer: PublicKey, signature: [UInt8]) { (self.signer, self.signature) = (signer, signature) }

    func verifies(_ message: [UInt8]) -> Bool { signer.verify(signature, message) }

    static func bytes(_ block: SignatureBlock?) -> [UInt8] {
        guard let block else { return [unsigned] }
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
        if let signature, !signature.verifies(reference.signedBytes) { throw .signatureInvalid }
        for wrap in wraps { try wrap.verifyAsWrap(signer: signature?.signer, package: reference.digest) }
    }
}
