// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives
package import ExchangeModel

/// The terms under which a file key is handed out; nil stands where a package made by hand has nothing to say (docs/formats/key-grant.md
/// §2).
package struct GrantContext: Sendable, Hashable {
    package var grantID: String
    package var requestID: String?
    /// Of the agreement's RFC 8785 bytes.
    package var agreement: Digest?
    package var policyHash: Digest?
    package var package: Digest
    package var consumer: ParticipantID?
    package var nodeCard: Digest?
    /// Of the suite of the package.
    package var requestKey: PublicKey
    package var provider: ParticipantID?
    package var notBefore: Timestamp?
    package var notAfter: Timestamp?
    package var durationSeconds: Int64?
    /// Uses that this grant pays for; nil means no count.
    package var allowance: Int64?

    package init(
        grantID: String, requestID: String?, agreement: Digest?, policyHash: Digest?, package: Digest, consumer: ParticipantID?,
        nodeCard: Digest?, requestKey: PublicKey, provider: ParticipantID?, notBefore: Timestamp?, notAfter: Timestamp?,
        durationSeconds: Int64?, allowance: Int64?
    ) {
        (self.grantID, self.requestID, self.agreement, self.policyHash) = (grantID, requestID, agreement, policyHash)
        (self.package, self.consumer, self.nodeCard, self.requestKey) = (package, consumer, nodeCard, requestKey)
        (self.provider, self.notBefore, self.notAfter) = (provider, notBefore, notAfter)
        (self.durationSeconds, self.allowance) = (durationSeconds, allowance)
    }

    static let version: Int64 = 1
    static let sizeLimit = 8_192

    package var suite: Suite { Suite(digestAlgorithm: package.algorithm) }

    package var json: JSON {
        func text(_ value: (some CustomStringConvertible)?) -> JSON { value.map { .string($0.description) } ?? .null }
        return .object([
            "version": .integer(GrantContext.version), "suite": .integer(Int64(suite.rawValue)), "grantID": .string(grantID),
            "requestID": text(requestID), "agreement": text(agreement), "policyHash": text(policyHash), "package": text(package),
            "consumer": text(consumer), "nodeCard": text(nodeCard), "requestKey": text(requestKey), "provider": text(provider),
            "notBefore": text(notBefore), "notAfter": text(notAfter), "durationSeconds": durationSeconds.map(JSON.integer) ?? .null,
            "allowance": allowance.map(JSON.integer) ?? .null,
        ])
    }

    /// The bytes that are signed must be canonical, or two contexts would read alike.
    init(parsing bytes: [UInt8]) throws(SealingError) {
        let members = try StrictObject(
            parsing: bytes, limit: GrantContext.sizeLimit,
            names: [
                "version", "suite", "grantID", "requestID", "agreement", "policyHash", "package", "consumer", "nodeCard", "requestKey",
                "provider", "notBefore", "notAfter", "durationSeconds", "allowance",
            ], invalid: SealingError.grantInvalid)
        guard try members.integer("version") == GrantContext.version else { throw .grantInvalid("its version is not 1") }
        let number = try members.integer("suite")
        grantID = try members.required("grantID") { $0 }
        requestID = try members.optional("requestID") { $0 }
        agreement = try members.optional("agreement", Digest.init(parsing:))
        policyHash = try members.optional("policyHash", Digest.init(parsing:))
        package = try members.required("package", Digest.init(parsing:))
        consumer = try members.optional("consumer") { try? ParticipantID(parsing: $0) }
        nodeCard = try members.optional("nodeCard", Digest.init(parsing:))
        requestKey = try members.required("requestKey", PublicKey.init(parsing:))
        provider = try members.optional("provider") { try? ParticipantID(parsing: $0) }
        notBefore = try members.optional("notBefore", Timestamp.init(parsing:))
        notAfter = try members.optional("notAfter", Timestamp.init(parsing:))
        durationSeconds = try members.integer("durationSeconds")
        allowance = try members.integer("allowance")
        guard number == Int64(suite.rawValue), requestKey.algorithm == suite.encryptionAlgorithm else {
            throw .grantInvalid("suite, package and request key are not of one suite")
        }
        guard durationSeconds ?? 0 >= 0, allowance ?? 0 >= 0 else { throw .grantInvalid("a count is negative") }
        guard json.canonical() == bytes else { throw .grantInvalid("its context is not in its one spelling") }
    }
}

/// A file key for one request key, under signed terms (docs/formats/key-grant.md).
package struct KeyGrant: Sendable, Hashable {
    package let context: GrantContext
    /// Nil only in a wrap of an unsigned package.
    package let signature: SignatureBlock?
    /// The whole grant, as stored and sent.
    package let bytes: [UInt8]
    private let contextBytes: [UInt8]
    private let enc: [UInt8]
    private let ciphertext: [UInt8]

    package static let mediaType = "application/vnd.kouan.key-grant"
    package static let sizeLimit = Limits.wrapBytes

    // MARK: Provider

    /// Wraps `fileKey` to the context's request key and signs.
    ///
    /// Every call encrypts anew: store the result, and answer a repeated request with the stored bytes.
    package static func issue(_ context: GrantContext, fileKey: SecretBytes, signer: PrivateKey) throws(SealingError) -> KeyGrant {
        try make(context, fileKey: fileKey, signer: signer)
    }

    static func make(_ context: GrantContext, fileKey: SecretBytes, signer: PrivateKey?) throws(SealingError) -> KeyGrant {
        guard context.requestKey.algorithm == context.suite.encryptionAlgorithm else {
            throw .optionInvalid("keys of suite \(context.suite.name) are granted to \(context.suite.encryptionAlgorithm.rawValue) keys")
        }
        guard fileKey.count == PackageKeys.fileKeySize else { throw .optionInvalid("the file key does not have 32 bytes") }
        let contextBytes = context.json.canonical()
        guard contextBytes.count <= GrantContext.sizeLimit else { throw .grantInvalid("its context is too long") }
        do {
            let wrapped = try KeyWrap.seal(fileKey, to: context.requestKey, suite: context.suite, context: contextBytes)
            let message = signedBytes(contextBytes, wrapped.enc, wrapped.ciphertext)
            let signature = try signer.map { (key) throws(SealingError) in try SignatureBlock(message, by: key, suite: context.suite) }
            return KeyGrant(context, signature, contextBytes, wrapped.enc, wrapped.ciphertext)
        } catch let error as CryptoError {
            throw SealingError(error)
        } catch let error as SealingError {
            throw error
        } catch { throw .grantInvalid("it cannot be made") }
    }

    private init(
        _ context: GrantContext, _ signature: SignatureBlock?, _ contextBytes: [UInt8], _ enc: [UInt8], _ ciphertext: [UInt8]
    ) {
        (self.context, self.signature, self.contextBytes) = (context, signature, contextBytes)
        (self.enc, self.ciphertext) = (enc, ciphertext)
        var bytes: [UInt8] = []
        bytes.append(u32: UInt32(contextBytes.count))
        bytes += contextBytes
        bytes.append(u16: UInt16(enc.count))
        bytes += enc
        bytes.append(u16: UInt16(ciphertext.count))
        bytes += ciphertext
        bytes += SignatureBlock.bytes(signature)
        self.bytes = bytes
    }

    // MARK: Consumer

    /// Reads a grant; nothing is verified yet.
    package init(parsing bytes: [UInt8]) throws(SealingError) {
        guard bytes.count <= KeyGrant.sizeLimit else { throw .grantInvalid("it is longer than \(KeyGrant.sizeLimit) bytes") }
        var reader = ByteReader(bytes)
        guard let contextLength = reader.u32(), contextLength <= GrantContext.sizeLimit, let context = reader.take(Int(contextLength)),
            let encLength = reader.u16(), let enc = reader.take(Int(encLength)),
            let ciphertextLength = reader.u16(), let ciphertext = reader.take(Int(ciphertextLength))
        else { throw .grantInvalid("a part is cut short or has an impossible length") }
        let block: SignatureBlock?
        switch SignatureBlock.parse(&reader) {
        case .block(let parsed): block = parsed
        case .malformed(let reason): throw .grantInvalid(reason)
        }
        guard reader.remaining == 0 else { throw .grantInvalid("\(reader.remaining) bytes follow it") }
        let terms = try GrantContext(parsing: Array(context))
        guard KeyWrap.isForm(suite: terms.suite, enc: Array(enc), ciphertext: Array(ciphertext)) else {
            throw .grantInvalid("its wrapped key has another form than its suite's")
        }
        guard block.map({ $0.signer.algorithm == terms.suite.signatureAlgorithm }) ?? true else {
            throw .grantInvalid("its signature is not of its suite")
        }
        self.init(terms, block, Array(context), Array(enc), Array(ciphertext))
    }

    /// Checks the provider's signature, then that the grant answers `request`, then the lease. To be called before `fileKey(with:)`.
    ///
    /// - Parameter nodeCard: the digest of the consumer's own card, which the provider must have seen.
    package func verify(
        signer: PublicKey, provider: ParticipantID, request: GrantRequest, nodeCard: Digest?, at now: Timestamp
    ) throws(SealingError) {
        try verifySignature(signer: signer)
        func same(_ member: String, _ matches: Bool) throws(SealingError) { if !matches { throw .grantDiffers(member: member) } }
        try same("requestID", context.requestID == request.requestID)
        try same("package", context.package == request.package)
        try same("consumer", context.consumer == request.consumer)
        try same("nodeCard", context.nodeCard == nodeCard)
        try same("requestKey", context.requestKey == request.requestKey)
        try same("provider", context.provider == provider)
        try verifyLease(at: now)
    }

    /// The lease by wall clock alone; the caller also counts `durationSeconds` by the boot clock.
    package func verifyLease(at now: Timestamp) throws(SealingError) {
        if let notBefore = context.notBefore, now < notBefore { throw .grantNotValid("it begins at `\(notBefore)`") }
        if let notAfter = context.notAfter, notAfter <= now { throw .grantNotValid("it ended at `\(notAfter)`") }
    }

    package func verifySignature(signer: PublicKey) throws(SealingError) {
        guard let signature, signature.signer == signer else {
            throw .grantOtherSigner(expected: signer.description, found: signature?.signer.description ?? "nobody")
        }
        guard signature.verifies(KeyGrant.signedBytes(contextBytes, enc, ciphertext)) else { throw .grantSignatureInvalid }
    }

    /// The file key, for the private half of the request key. Check it against the package by opening it.
    package func fileKey(with requestKey: PrivateKey) throws(SealingError) -> SecretBytes {
        guard requestKey.publicKey == context.requestKey else { throw .grantNotOpenable }
        do {
            let key = try KeyWrap.open(
                enc: enc, ciphertext: ciphertext, with: requestKey, suite: context.suite, context: contextBytes)
            guard key.count == PackageKeys.fileKeySize else { throw SealingError.grantNotOpenable }
            return key
        } catch { throw .grantNotOpenable }
    }

    // MARK: Packages made by hand

    static func wrap(_ fileKey: SecretBytes, to recipient: PublicKey, package: Digest, signer: PrivateKey?) throws(SealingError) -> KeyGrant
    {
        let suite = Suite(digestAlgorithm: package.algorithm)
        let id = Hex.encode(Array(suite.hash(package.bytes + recipient.raw).prefix(16)))
        let context = GrantContext(
            grantID: id, requestID: nil, agreement: nil, policyHash: nil, package: package, consumer: nil, nodeCard: nil,
            requestKey: recipient, provider: nil, notBefore: nil, notAfter: nil, durationSeconds: nil, allowance: nil)
        return try make(context, fileKey: fileKey, signer: signer)
    }

    func verifyAsWrap(signer: PublicKey?, package: Digest) throws(SealingError) {
        if let signer {
            try verifySignature(signer: signer)
        } else if let signature {
            throw .grantOtherSigner(expected: "nobody", found: signature.signer.description)
        }
        guard context.package == package else { throw .grantDiffers(member: "package") }
        guard context.requestID == nil, context.agreement == nil, context.consumer == nil, context.provider == nil else {
            throw .grantInvalid("a wrap cannot name an agreement")
        }
    }

    private static func signedBytes(_ context: [UInt8], _ enc: [UInt8], _ ciphertext: [UInt8]) -> [UInt8] {
        Array("kouan/grant/v1\n".utf8) + context + enc + ciphertext
    }
}
