// SPDX-License-Identifier: Apache-2.0
internal import CryptoPrimitives
internal import ExchangeModel

/// Everything that sealing, opening, verifying, assembling and granting can refuse. Codes are those of docs/formats/sealed-package.md
/// and key-grant.md.
package enum SealingError: KouanError, Equatable {
    // The package as a file.
    case notAPackage
    case unsupportedVersion(Int)
    case unsupportedSuite(UInt8)
    case truncated(expected: Int64?, found: Int64)
    case trailingBytes(Int64)
    case headerInvalid(String)
    case footerInvalid(String)
    case signatureSectionInvalid(String)

    // Who made it, and which one it is.
    case notSigned
    case signatureInvalid
    case otherSigner(expected: String, found: String)
    case otherPackage(expected: String, found: String)
    case indexAltered(page: Int)
    case headerAltered
    case wrongKey

    // Chunks.
    case chunkLengthInvalid(ChunkName, Int64)
    case chunkAltered(ChunkName)
    case chunkNotAuthentic(ChunkName)
    case unknownCodec(ChunkName, UInt8)
    case chunkEncodingInvalid(ChunkName, String)
    case chunkNotDecodable(ChunkName)
    case chunkTooLarge(ChunkName)
    case chunkNotFull(ChunkName)

    // Content.
    case manifestInvalid(String)
    case manifestDisagrees(String)
    case digestMismatch(path: String)
    case pathRefused(path: String, reason: String)
    case pathCollision(String, String)
    case noSuchFile(path: String)

    // Sealing.
    case optionInvalid(String)
    case sourceMissing(path: String)
    case sourceUnreadable(path: String, reason: String)
    case sourceNotRegular(path: String, kind: String)
    case sourceChanged(path: String)
    case tooManyFiles
    case tooManyChunks
    case manifestTooLarge
    case cancelled
    /// What somebody who treats plaintext on its way to the disk said of it.
    case treatmentRefused(code: String, message: String, hint: String)

    // Files we read and write.
    case unreadable(path: String, reason: String)
    case unwritable(path: String, reason: String)
    case diskFull(path: String)
    case targetExists(path: String)
    case targetNotEmpty(path: String)

    // Key grants and wraps.
    case requestInvalid(String)
    case requestSignatureInvalid
    case grantInvalid(String)
    case grantOtherSigner(expected: String, found: String)
    case grantSignatureInvalid
    case grantDiffers(member: String)
    case grantNotValid(String)
    case grantNotOpenable
    case noWrapForKey

    // Key pairs made by hand.
    case identityInvalid(path: String, reason: String)

    /// A call below failed for a reason that is not the peer's: its own code and words.
    case crypto(code: String, message: String, hint: String)

    init(_ error: CryptoError) { self = .crypto(code: error.code, message: error.message, hint: error.hint) }
}

/// A chunk as people name it: `payload chunk 3`.
package struct ChunkName: Sendable, Hashable, CustomStringConvertible {
    package let kind: ChunkKind
    package let index: Int64

    package var description: String { "\(kind == .payload ? "payload" : "manifest") chunk \(index)" }
}

extension SealingError {
    package var code: String {
        switch self {
        case .notAPackage: "sealing.not-a-package"
        case .unsupportedVersion: "sealing.version-unsupported"
        case .unsupportedSuite: "sealing.suite-unsupported"
        case .truncated: "sealing.truncated"
        case .trailingBytes: "sealing.trailing-bytes"
        case .headerInvalid: "sealing.header-invalid"
        case .footerInvalid: "sealing.footer-invalid"
        case .signatureSectionInvalid: "sealing.signature-section-invalid"
        case .notSigned: "sealing.not-signed"
        case .signatureInvalid: "sealing.signature-invalid"
        case .otherSigner: "sealing.other-signer"
        case .otherPackage: "sealing.other-package"
        case .indexAltered: "sealing.index-altered"
        case .headerAltered: "sealing.header-altered"
        case .wrongKey: "sealing.wrong-key"
        case .chunkLengthInvalid: "sealing.chunk-length-invalid"
        case .chunkAltered: "sealing.chunk-altered"
        case .chunkNotAuthentic: "sealing.chunk-not-authentic"
        case .unknownCodec: "sealing.codec-unknown"
        case .chunkEncodingInvalid: "sealing.chunk-encoding-invalid"
        case .chunkNotDecodable: "sealing.chunk-not-decodable"
        case .chunkTooLarge: "sealing.chunk-too-large"
        case .chunkNotFull: "sealing.chunk-not-full"
        case .manifestInvalid: "sealing.manifest-invalid"
        case .manifestDisagrees: "sealing.manifest-disagrees"
        case .digestMismatch: "sealing.digest-mismatch"
        case .pathRefused: "sealing.path-refused"
        case .pathCollision: "sealing.path-collision"
        case .noSuchFile: "sealing.no-such-file"
        case .optionInvalid: "sealing.option-invalid"
        case .sourceMissing: "sealing.source-missing"
        case .sourceUnreadable: "sealing.source-unreadable"
        case .sourceNotRegular: "sealing.source-not-regular"
        case .sourceChanged: "sealing.source-changed"
        case .tooManyFiles: "sealing.too-many-files"
        case .tooManyChunks: "sealing.too-many-chunks"
        case .manifestTooLarge: "sealing.manifest-too-large"
        case .cancelled: "sealing.cancelled"
        case .treatmentRefused(let code, _, _): code
        case .unreadable: "sealing.unreadable"
        case .unwritable: "sealing.unwritable"
        case .diskFull: "sealing.disk-full"
        case .targetExists: "sealing.target-exists"
        case .targetNotEmpty: "sealing.target-not-empty"
        case .requestInvalid: "sealing.request-invalid"
        case .requestSignatureInvalid: "sealing.request-signature-invalid"
        case .grantInvalid: "sealing.grant-invalid"
        case .grantOtherSigner: "sealing.grant-other-signer"
        case .grantSignatureInvalid: "sealing.grant-signature-invalid"
        case .grantDiffers: "sealing.grant-differs"
        case .grantNotValid: "sealing.grant-not-valid"
        case .grantNotOpenable: "sealing.grant-not-openable"
        case .noWrapForKey: "sealing.no-wrap-for-key"
        case .identityInvalid: "sealing.identity-invalid"
        case .crypto(let code, _, _): code
        }
    }

    package var message: String {
        switch self {
        case .notAPackage: "this is not a sealed package"
        case .unsupportedVersion(let version): "the package has format version `\(version)`, this program reads version 1"
        case .unsupportedSuite(let suite): "the package uses cipher suite `\(suite)`, which this program does not read"
        case .truncated(let expected, let found):
            expected.map { "the package has `\(found)` of its `\($0)` bytes" } ?? "the package ends early, after `\(found)` bytes"
        case .trailingBytes(let count): "`\(count)` bytes follow the end of the package"
        case .headerInvalid(let reason): "the header is invalid: \(reason)"
        case .footerInvalid(let reason): "the footer is invalid: \(reason)"
        case .signatureSectionInvalid(let reason): "the signature section is invalid: \(reason)"
        case .notSigned: "the package is not signed"
        case .signatureInvalid: "the signature of the package does not verify"
        case .otherSigner(let expected, let found): "the package is signed by `\(found)`, expected `\(expected)`"
        case .otherPackage(let expected, let found): "the package is `\(found)`, expected `\(expected)`"
        case .indexAltered(let page): "page `\(page)` of the index changed while it was read"
        case .headerAltered: "the header is not the one that was signed"
        case .wrongKey: "the key does not belong to this package"
        case .chunkLengthInvalid(let chunk, let length): "\(chunk) says it is `\(length)` bytes long, which cannot be"
        case .chunkAltered(let chunk): "\(chunk) is not the one that was signed"
        case .chunkNotAuthentic(let chunk): "\(chunk) does not authenticate"
        case .unknownCodec(let chunk, let codec): "\(chunk) uses codec `\(codec)`, which this program does not read"
        case .chunkEncodingInvalid(let chunk, let reason): "\(chunk) is encoded wrongly: \(reason)"
        case .chunkNotDecodable(let chunk): "\(chunk) does not decompress"
        case .chunkTooLarge(let chunk): "\(chunk) decompresses to more than a chunk"
        case .chunkNotFull(let chunk): "\(chunk) does not carry as many bytes as its place demands"
        case .manifestInvalid(let reason): "the manifest is invalid: \(reason)"
        case .manifestDisagrees(let reason): "manifest and payload disagree: \(reason)"
        case .digestMismatch(let path): "`\(path)` does not have the digest that the manifest states"
        case .pathRefused(let path, let reason): "the path `\(path)` is refused: \(reason)"
        case .pathCollision(let one, let other): "the paths `\(one)` and `\(other)` would be one on some file systems"
        case .noSuchFile(let path): "the package has no file `\(path)`"
        case .optionInvalid(let reason): reason
        case .sourceMissing(let path): "`\(path)` does not exist"
        case .sourceUnreadable(let path, let reason): "cannot read `\(path)`: \(reason)"
        case .sourceNotRegular(let path, let kind): "`\(path)` is a \(kind), and a package carries only regular files"
        case .sourceChanged(let path): "`\(path)` changed while it was being sealed"
        case .tooManyFiles: "a package holds at most `\(Limits.files)` files"
        case .tooManyChunks: "the data does not fit into `\(Limits.leaves)` chunks"
        case .manifestTooLarge: "the manifest would be larger than `\(Limits.manifestBytes >> 20)` MiB"
        case .cancelled: "the work was cancelled"
        case .treatmentRefused(_, let message, _): message
        case .unreadable(let path, let reason): "cannot read `\(path)`: \(reason)"
        case .unwritable(let path, let reason): "cannot write `\(path)`: \(reason)"
        case .diskFull(let path): "no space is left for `\(path)`"
        case .targetExists(let path): "`\(path)` exists already"
        case .targetNotEmpty(let path): "the folder `\(path)` is not empty"
        case .requestInvalid(let reason): "the grant request is invalid: \(reason)"
        case .requestSignatureInvalid: "the signature of the grant request does not verify"
        case .grantInvalid(let reason): "the key grant is invalid: \(reason)"
        case .grantOtherSigner(let expected, let found): "the key grant is signed by `\(found)`, expected `\(expected)`"
        case .grantSignatureInvalid: "the signature of the key grant does not verify"
        case .grantDiffers(let member): "the key grant was made for something else: `\(member)` differs"
        case .grantNotValid(let reason): "the key grant is not valid: \(reason)"
        case .grantNotOpenable: "the key grant does not open with this request key"
        case .noWrapForKey: "the package is not sealed to this key"
        case .identityInvalid(let path, let reason): "`\(path)` is not a usable identity: \(reason)"
        case .crypto(_, let message, _): message
        }
    }

    package var hint: String {
        switch self {
        case .notAPackage: "give a file made by `kouan package seal` or fetched from a provider"
        case .unsupportedVersion, .unsupportedSuite, .unknownCodec:
            "upgrade this program, or ask the provider for a package of version 1 and suite 1 or 2"
        case .truncated: "the copy or download stopped early; fetch the package again"
        case .trailingBytes: "something was appended to the file; fetch the package again"
        case .headerInvalid, .footerInvalid, .signatureSectionInvalid, .indexAltered, .headerAltered, .chunkLengthInvalid, .chunkAltered:
            "the package was damaged or altered; compare its digest with the ledger entry and fetch it again"
        case .chunkNotAuthentic, .chunkEncodingInvalid, .chunkNotDecodable, .chunkTooLarge, .chunkNotFull, .manifestInvalid,
            .manifestDisagrees,
            .digestMismatch:
            "whoever made this package did not follow the format; keep the file and report it to the provider"
        case .notSigned: "ask for a signed package, or accept it with `--allow-unsigned` if you know where it came from"
        case .signatureInvalid: "do not use this package; fetch it again from its provider"
        case .otherSigner: "check with the provider which key signs its packages"
        case .otherPackage: "fetch the package that the agreement names"
        case .wrongKey: "use the key that was granted for this package's digest"
        case .pathRefused: "rename the file: relative, NFC, no control characters, no `\\`, at most 4096 bytes"
        case .pathCollision: "rename one of the two"
        case .noSuchFile: "list the files with `kouan package inspect`"
        case .optionInvalid: "see `kouan package seal --help`"
        case .sourceMissing: "check the path"
        case .sourceUnreadable: "check that the user that seals may read the file"
        case .sourceNotRegular: "copy what it points to into the folder, or leave it out"
        case .sourceChanged: "seal a snapshot, or seal again once nobody writes to it"
        case .tooManyFiles: "seal an archive of the small files"
        case .tooManyChunks: "choose a larger chunk size"
        case .manifestTooLarge: "seal fewer files into one package"
        case .cancelled: "start again; nothing was left behind"
        case .treatmentRefused(_, _, let hint): hint
        case .unreadable: "check the path and the rights of the user"
        case .unwritable: "check that the folder exists and the user may write to it"
        case .diskFull: "free some space, or choose another disk, and start again"
        case .targetExists: "choose another name, or move the old file away"
        case .targetNotEmpty: "choose a folder that is empty or does not exist"
        case .requestInvalid, .requestSignatureInvalid: "ask the consumer to send its request again"
        case .grantInvalid, .grantSignatureInvalid, .grantNotOpenable: "ask the provider for a new grant"
        case .grantOtherSigner: "compare with the signing key in the provider's node card"
        case .grantDiffers: "ask for a grant for this agreement and package"
        case .grantNotValid: "renew the grant, and check the clocks of both machines"
        case .noWrapForKey: "ask the sender to seal it to your public key file"
        case .identityInvalid: "make a key pair with `kouan package keygen`"
        case .crypto(_, _, let hint): hint
        }
    }
}

/// The limits of docs/formats/sealed-package.md §6, where the reasons stand.
package enum Limits {
    package static let headerBytes = 65_536
    package static let chunkSizes = 65_536...16_777_216
    package static let leaves: Int64 = 1 << 24
    package static let files = 1 << 20
    package static let manifestBytes: Int64 = 256 << 20
    package static let manifestLineBytes = 65_536
    package static let pathBytes = 4_096
    package static let componentBytes = 255
    package static let wraps = 64
    package static let wrapBytes = 16_384
    static let leavesPerPage = 256
    /// Signature block, count, and every wrap at its largest.
    static let signatureSectionBytes = SignatureBlock.sizeLimit + 1 + wraps * (4 + wrapBytes)
    /// What the payload of the most and largest chunks holds.
    static let payloadBytes: Int64 = leaves * 16_777_216
}
