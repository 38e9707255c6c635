// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL
internal import ExchangeModel

/// Everything that can go wrong below a cryptographic call. Detail is for our own log: a peer is told only that it was refused.
package enum CryptoError: KouanError, Equatable {
    /// OpenSSL refused a call; `detail` is its drained error queue, oldest first.
    case library(call: String, detail: [String])
    /// An authentication tag did not match: wrong key, wrong nonce, wrong associated data or altered bytes.
    case notAuthentic
    case wrongSize(of: String, expected: Int, found: Int)
    case tooLarge(of: String, limit: Int, found: Int)
    case wrongAlgorithm(expected: String, found: String)
    case malformedKey(String)
    case keyEncrypted
    /// The peer's X25519 key has small order: the shared secret would be known to everyone.
    case sharedSecretZero

    case fileUnreadable(path: String, reason: String)
    case fileExposed(path: String, mode: String)
    case fileForeign(path: String, owner: UInt32)
    case fileExists(path: String)
    case fileUnwritable(path: String, reason: String)
    case malformedSecretFile(path: String)

    case malformedCertificate(String)
    case malformedRequest(String)
    case requestSignature
    case malformedRevocationList(String)
    case malformedName(String)
    case issue(String)
    case chain(ChainFailure)

    package var code: String {
        switch self {
        case .library: "crypto.library-failed"
        case .notAuthentic: "crypto.not-authentic"
        case .wrongSize: "crypto.wrong-size"
        case .tooLarge: "crypto.too-large"
        case .wrongAlgorithm: "crypto.wrong-algorithm"
        case .malformedKey: "crypto.key-malformed"
        case .keyEncrypted: "crypto.key-encrypted"
        case .sharedSecretZero: "crypto.shared-secret-zero"
        case .fileUnreadable: "crypto.key-file-unreadable"
        case .fileExposed: "crypto.key-file-exposed"
        case .fileForeign: "crypto.key-file-foreign"
        case .fileExists: "crypto.key-file-exists"
        case .fileUnwritable: "crypto.key-file-unwritable"
        case .malformedSecretFile: "crypto.secret-file-malformed"
        case .malformedCertificate: "crypto.certificate-malformed"
        case .malformedRequest: "crypto.request-malformed"
        case .requestSignature: "crypto.request-signature"
        case .malformedRevocationList: "crypto.crl-malformed"
        case .malformedName: "crypto.name-malformed"
        case .issue: "crypto.issue-refused"
        case .chain(let failure): failure.code
        }
    }

    package var message: String {
        switch self {
        case .library(let call, let detail):
            detail.isEmpty ? "`\(call)` failed" : "`\(call)` failed: `\(detail.joined(separator: "; "))`"
        case .notAuthentic: "the sealed bytes do not authenticate"
        case .wrongSize(let what, let expected, let found): "\(what) has `\(found)` bytes, expected `\(expected)`"
        case .tooLarge(let what, let limit, let found): "\(what) has `\(found)` bytes, more than the limit of `\(limit)`"
        case .wrongAlgorithm(let expected, let found): "the key is `\(found)`, expected `\(expected)`"
        case .malformedKey(let reason): "the key cannot be used: \(reason)"
        case .keyEncrypted: "the private key is encrypted with a passphrase"
        case .sharedSecretZero: "the peer's key has small order"
        case .fileUnreadable(let path, let reason): "cannot read `\(path)`: \(reason)"
        case .fileExposed(let path, let mode): "`\(path)` has mode `\(mode)`, so users other than its owner can reach the key"
        case .fileForeign(let path, let owner): "`\(path)` belongs to user `\(owner)`, who could change the key"
        case .fileExists(let path): "`\(path)` exists already"
        case .fileUnwritable(let path, let reason): "cannot write `\(path)`: \(reason)"
        case .malformedSecretFile(let path): "`\(path)` does not hold one line of 64 hexadecimal digits"
        case .malformedCertificate(let reason): "the certificate cannot be used: \(reason)"
        case .malformedRequest(let reason): "the certificate request cannot be used: \(reason)"
        case .requestSignature: "the certificate request is not signed by the key it names"
        case .malformedRevocationList(let reason): "the revocation list cannot be used: \(reason)"
        case .malformedName(let reason): "the name cannot be put into a certificate: \(reason)"
        case .issue(let reason): "the certificate cannot be issued: \(reason)"
        case .chain(let failure): failure.message
        }
    }

    package var hint: String {
        switch self {
        case .library: "see the message of OpenSSL; `openssl version` must be 3.0 or later"
        case .notAuthentic: "wrong key or altered bytes; compare digests with the sender"
        case .wrongSize, .tooLarge, .wrongAlgorithm: "check which key or value was given"
        case .malformedKey: "give an unencrypted PKCS#8 key of Ed25519, X25519, P-256 or SM2"
        case .keyEncrypted: "decrypt it with `openssl pkey -in KEY -out PLAIN` and give the result mode 0600"
        case .sharedSecretZero: "refuse this peer; its key was chosen to break the agreement"
        case .fileUnreadable: "check the path and the rights of the user that runs the node"
        case .fileExposed(let path, _): "run `chmod 600 \(path)`, and replace the key if someone may have read it"
        case .fileForeign(let path, _): "run `chown` so that `\(path)` belongs to the user that runs the node"
        case .fileExists: "choose another path, or move the old file away; keys are never overwritten"
        case .fileUnwritable: "check that the folder exists and has room"
        case .malformedSecretFile: "restore the file from its backup"
        case .malformedCertificate, .malformedRequest, .malformedRevocationList: "ask its issuer for a well-formed PEM or DER file"
        case .requestSignature: "make the request again with the key that it names"
        case .malformedName: "use short printable text without control characters"
        case .issue: "correct the request or the issuing certificate"
        case .chain(let failure): failure.hint
        }
    }

    /// The failure of `call`, with OpenSSL's queue of this thread drained into it.
    static func last(_ call: String) -> CryptoError { .library(call: call, detail: OpenSSLErrors.drain()) }
}

/// OpenSSL keeps errors per thread: clear before a call, drain into the error after, or an old failure explains a new one.
package enum OpenSSLErrors {
    package static func clear() { ERR_clear_error() }

    /// The texts of the queue, oldest first; the queue is empty afterwards.
    package static func drain() -> [String] {
        var texts: [String] = []
        while texts.count < 16 {
            let number = ERR_get_error()
            if number == 0 { break }
            var buffer = [CChar](repeating: 0, count: 256)
            unsafe ERR_error_string_n(number, &buffer, buffer.count)
            texts.append(String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        return texts
    }
}

/// OpenSSL answers 1 for success almost everywhere; anything else is a failure.
func check(_ result: Int32, _ call: String) throws(CryptoError) {
    guard result == 1 else { throw .last(call) }
}
