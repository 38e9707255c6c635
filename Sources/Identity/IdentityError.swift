// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// What this module reads and writes; part of the code of an error.
package enum IdentityDocument: String, Sendable {
    case card, space, credential, proof

    var words: String {
        switch self {
        case .card: "node card"
        case .space: "space file"
        case .credential: "membership credential"
        case .proof: "agreement proof"
        }
    }
}

/// Why a document is not what it should be. To a peer all of these look alike; the code goes to our log.
package enum IdentityError: KouanError, Hashable {
    // Any document
    case malformed(IdentityDocument, at: JSONPointer, reason: String)
    case notCanonical(IdentityDocument)
    case tooLarge(IdentityDocument, bytes: Int, limit: Int)
    case wrongSignature(IdentityDocument)
    case cannotSign(IdentityDocument, reason: String)
    case spaceTypeReserved(String)

    // A new card or space file over an old one
    case otherSubject(IdentityDocument, known: String, offered: String)
    case serialOld(IdentityDocument, known: Int64, offered: Int64)
    case serialReused(IdentityDocument, serial: Int64)
    case notChained(IdentityDocument)

    // Credentials
    case credentialHeader(reason: String)
    case credentialOtherSpace(stated: String, expected: String)
    case credentialOtherIssuer(stated: String, expected: String)
    case credentialUnknownKey(thumbprint: String)
    case credentialNotYetValid(from: Timestamp)
    case credentialExpired(at: Timestamp)
    case credentialOtherParticipant(stated: String, expected: String)
    case credentialOtherKey

    // Agreement proofs
    case proofHeader
    case proofTermsDiffer
    case proofUnknownKey(thumbprint: String)

    package var code: String {
        switch self {
        case .malformed(let document, _, _), .notCanonical(let document), .tooLarge(let document, _, _):
            "identity.\(document.rawValue)-malformed"
        case .wrongSignature(let document): "identity.\(document.rawValue)-signature"
        case .cannotSign(let document, _): "identity.\(document.rawValue)-cannot-sign"
        case .spaceTypeReserved: "identity.space-type-reserved"
        case .otherSubject(.space, _, _): "identity.space-other-operator"
        case .otherSubject(let document, _, _): "identity.\(document.rawValue)-other-participant"
        case .serialOld(let document, _, _): "identity.\(document.rawValue)-serial-old"
        case .serialReused(let document, _): "identity.\(document.rawValue)-serial-reused"
        case .notChained(let document): "identity.\(document.rawValue)-not-chained"
        case .credentialHeader: "identity.credential-header"
        case .credentialOtherSpace: "identity.credential-other-space"
        case .credentialOtherIssuer: "identity.credential-other-issuer"
        case .credentialUnknownKey: "identity.credential-unknown-key"
        case .credentialNotYetValid: "identity.credential-not-yet-valid"
        case .credentialExpired: "identity.credential-expired"
        case .credentialOtherParticipant: "identity.credential-other-participant"
        case .credentialOtherKey: "identity.credential-other-key"
        case .proofHeader: "identity.proof-header"
        case .proofTermsDiffer: "identity.proof-terms-differ"
        case .proofUnknownKey: "identity.proof-unknown-key"
        }
    }

    package var message: String {
        switch self {
        case .malformed(let document, let pointer, let reason):
            "the \(document.words) is malformed at `\(pointer.description.isEmpty ? "/" : String(pointer.description.prefix(120)))`: \(reason)"
        case .notCanonical(let document): "the \(document.words) is not in canonical form (RFC 8785)"
        case .tooLarge(let document, let bytes, let limit): "the \(document.words) has \(bytes) bytes, more than the limit of \(limit)"
        case .wrongSignature(let document): "the signature of the \(document.words) does not verify"
        case .cannotSign(let document, let reason): "the \(document.words) cannot be signed: \(reason)"
        case .spaceTypeReserved(let type): "the space type `\(type)` is reserved and not yet supported"
        case .otherSubject(let document, let known, let offered):
            "the new \(document.words) is of `\(offered)`, the known one of `\(known)`"
        case .serialOld(let document, let known, let offered):
            "the \(document.words) has serial `\(offered)`, but `\(known)` is already known"
        case .serialReused(let document, let serial): "two different \(document.words)s carry the serial `\(serial)`"
        case .notChained(let document): "the new \(document.words) is not signed by the known key or by a key that follows from it"
        case .credentialHeader(let reason): "the header of the membership credential is refused: \(reason)"
        case .credentialOtherSpace(let stated, let expected): "the membership credential is for `\(stated)`, not for `\(expected)`"
        case .credentialOtherIssuer(let stated, let expected):
            "the membership credential is issued by `\(stated)`, but the operator of the space is `\(expected)`"
        case .credentialUnknownKey(let thumbprint):
            "the membership credential is signed with key `\(thumbprint)`, which the space file does not list or no longer accepts"
        case .credentialNotYetValid(let time): "the membership credential is valid only from `\(time)`"
        case .credentialExpired(let time): "the membership credential expired at `\(time)`"
        case .credentialOtherParticipant(let stated, let expected):
            "the membership credential names `\(stated)`, the card that carries it is of `\(expected)`"
        case .credentialOtherKey: "the membership credential is bound to another signing key than the card's"
        case .proofHeader: "the agreement proof is not made by the expected signer in the expected form"
        case .proofTermsDiffer: "the terms in the agreement proof are not the ones this side agreed to"
        case .proofUnknownKey(let thumbprint):
            "the agreement proof is signed with key `\(thumbprint)`, which the signer's card does not list"
        }
    }

    package var hint: String {
        switch self {
        case .malformed, .tooLarge: "ask its author for a fresh one, made with this version of Kouan"
        case .notCanonical: "use the file as it was made; an editor or formatter has changed it"
        case .wrongSignature: "the document was altered or signed with another key; fetch it again from its author"
        case .cannotSign: "check the key files of this node with `kouan doctor`"
        case .spaceTypeReserved: "use city, industry or enterprise"
        case .otherSubject: "check the file; to follow another party, remove the old one and add the new one by its fingerprint"
        case .serialOld: "ask for the newest one"
        case .serialReused: "ask its author which one is true before using either; one of them may be forged"
        case .notChained: "compare the fingerprint by telephone, then remove the old one and add the new one"
        case .credentialHeader, .credentialOtherSpace, .credentialOtherIssuer, .credentialUnknownKey:
            "ask the operator of the space to admit the node card again, and check that the space file is the newest"
        case .credentialNotYetValid: "compare the clocks of both machines"
        case .credentialExpired: "ask the operator of the space to renew the membership"
        case .credentialOtherParticipant, .credentialOtherKey: "let the operator of the space admit the newest node card"
        case .proofHeader, .proofUnknownKey: "fetch the newest card of the peer; if it stays so, call its operator"
        case .proofTermsDiffer: "compare delivery, package, policy and spaces of the offer on both sides"
        }
    }
}
