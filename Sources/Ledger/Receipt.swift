// SPDX-License-Identifier: Apache-2.0
package import CryptoPrimitives
package import ExchangeModel
package import MerkleLog

//  A receipt is a signed note:
//
//      kouan/receipt/v1
//      correlation <id>
//      agreement sha256:…
//      package sha256:…
//      size <bytes>
//      provider <participant> <origin> <index of its started entry> <size> <root>
//      consumer <participant> <origin> <index of its received entry> <size> <root>
//      started <time>
//      received <time>
//      outcome delivered
//
//      — <consumer> <signature>         the delivery half ends here
//      — <provider> <signature>         the countersignature makes it a receipt
//
//  docs/formats/receipt.md.

/// Where one side recorded its part of the delivery.
package struct LogPosition: Sendable, Hashable {
    package let participant: ParticipantID
    package let origin: String
    package let index: Int64
    /// The checkpoint that covers the entry.
    package let size: Int64
    package let root: TreeHash

    package init(participant: ParticipantID, origin: String, index: Int64, size: Int64, root: TreeHash) {
        self.participant = participant
        self.origin = origin
        self.index = index
        self.size = size
        self.root = root
    }

    package init(participant: ParticipantID, index: Int64, checkpoint: Checkpoint) {
        self.init(participant: participant, origin: checkpoint.origin, index: index, size: checkpoint.size, root: checkpoint.root)
    }

    fileprivate var line: String { "\(participant) \(origin) \(index) \(size) \(root)" }

    fileprivate init(parsing text: String) throws(LedgerError) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, VerifierKey.isName(parts[1]) else { throw .badReceipt("a position has not five parts") }
        let participant: ParticipantID
        do { participant = try ParticipantID(parsing: parts[0]) } catch { throw .badReceipt(error.message) }
        guard let index = ReceiptFacts.number(parts[2]), let size = ReceiptFacts.number(parts[3]), index < size,
            let root = Base64.decode(parts[4]).flatMap(TreeHash.init)
        else { throw .badReceipt("a position has no index below its size, or no root") }
        self.init(participant: participant, origin: parts[1], index: index, size: size, root: root)
    }
}

/// What both sides sign about one delivery.
package struct ReceiptFacts: Sendable, Hashable {
    static let header = "kouan/receipt/v1"

    package let correlation: String
    package let agreement: Digest
    /// The digest of the package reference.
    package let package: Digest
    package let sizeBytes: Int64
    package let provider: LogPosition
    package let consumer: LogPosition
    package let startedAt: Timestamp
    package let receivedAt: Timestamp

    /// - Throws: `.badReceipt` if a value cannot be written on its line.
    package init(
        correlation: String, agreement: Digest, package: Digest, sizeBytes: Int64, provider: LogPosition, consumer: LogPosition,
        startedAt: Timestamp, receivedAt: Timestamp
    ) throws(LedgerError) {
        guard VerifierKey.isName(correlation), correlation.utf8.count <= 512 else { throw .badReceipt("the correlation id has spaces") }
        guard sizeBytes >= 0 else { throw .badReceipt("the size is negative") }
        for position in [provider, consumer] {
            guard VerifierKey.isName(position.origin), position.index >= 0, position.index < position.size else {
                throw .badReceipt("a position has no index below its size")
            }
        }
        guard provider.participant != consumer.participant else { throw .badReceipt("both sides are one participant") }
        self.correlation = correlation
        self.agreement = agreement
        self.package = package
        self.sizeBytes = sizeBytes
        self.provider = provider
        self.consumer = consumer
        self.startedAt = startedAt
        self.receivedAt = receivedAt
    }

    package var text: String {
        """
        \(ReceiptFacts.header)
        correlation \(correlation)
        agreement \(agreement)
        package \(package)
        size \(sizeBytes)
        provider \(provider.line)
        consumer \(consumer.line)
        started \(startedAt)
        received \(receivedAt)
        outcome delivered

        """
    }

    init(parsing text: String) throws(LedgerError) {
        guard text.utf8.last == 0x0A else { throw .badReceipt("it does not end in a newline") }
        let lines = text.utf8.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false).map { String($0) ?? "" }
        let names = ["correlation", "agreement", "package", "size", "provider", "consumer", "started", "received", "outcome"]
        guard lines.count == names.count + 1, lines[0] == ReceiptFacts.header else { throw .badReceipt("it is not a receipt of version 1") }
        var values: [String] = []
        for (line, name) in zip(lines.dropFirst(), names) {
            guard line.hasPrefix(name + " ") else { throw .badReceipt("the line `\(name)` is missing") }
            values.append(String(line.dropFirst(name.count + 1)))
        }
        guard let agreement = Digest(parsing: values[1]), let package = Digest(parsing: values[2]),
            let size = ReceiptFacts.number(values[3]), let started = Timestamp(parsing: values[6]),
            let received = Timestamp(parsing: values[7]), values[8] == "delivered"
        else { throw .badReceipt("a digest, the size, a time or the outcome cannot be read") }
        try self.init(
            correlation: values[0], agreement: agreement, package: package, sizeBytes: size,
            provider: try LogPosition(parsing: values[4]), consumer: try LogPosition(parsing: values[5]), startedAt: started,
            receivedAt: received)
        // One content, one text: a time in another spelling would verify and still not be what we would sign.
        guard self.text == text else { throw .badReceipt("it is not in canonical form") }
    }

    fileprivate static func number(_ text: String) -> Int64? {
        guard let number = Int64(text), number >= 0, String(number) == text else { return nil }
        return number
    }

    /// The first fact in which another statement differs from this one, as a word to show.
    package func firstDifference(from other: ReceiptFacts) -> String? {
        if correlation != other.correlation { return "correlation" }
        if agreement != other.agreement { return "agreement" }
        if package != other.package { return "package" }
        if sizeBytes != other.sizeBytes { return "size" }
        if provider != other.provider { return "provider" }
        if consumer != other.consumer { return "consumer" }
        if startedAt != other.startedAt { return "started" }
        return receivedAt == other.receivedAt ? nil : "received"
    }
}

/// The consumer's signed statement that it received and verified the whole package.
package struct DeliveryHalf: Sendable, Hashable {
    /// The step under which the half is kept (`Transaction.keep`).
    package static let step = "delivery-half"

    package let facts: ReceiptFacts
    package let note: SignedNote
    package var bytes: [UInt8] { note.bytes }
    package var digest: Digest { Hash.digest(bytes) }

    /// Made once by the consumer, with its signing key, and kept before it is sent.
    package init(facts: ReceiptFacts, signedBy key: PrivateKey) throws {
        self.facts = facts
        note = try SignedNote(text: facts.text, signedBy: key, name: facts.consumer.participant.description)
    }

    /// Reads and verifies what came from the consumer.
    ///
    /// - Throws: `LedgerError.badReceipt`, or `MerkleLogError` if `consumerKey` did not sign it.
    package init(parsing bytes: [UInt8], consumerKey: PublicKey) throws {
        note = try SignedNote(parsing: bytes)
        facts = try ReceiptFacts(parsing: note.text)
        guard note.signatures.count == 1 else { throw LedgerError.badReceipt("a delivery half has one signature") }
        try note.verify(by: VerifierKey(name: facts.consumer.participant.description, key: consumerKey))
    }

    /// Checks the half against what the provider knows by itself.
    ///
    /// - Throws: `.receiptDiffers`: do not countersign.
    package func check(
        correlation: String, agreement: Digest, package: Digest, sizeBytes: Int64, provider: LogPosition, consumer: ParticipantID
    ) throws(LedgerError) {
        if facts.correlation != correlation { throw .receiptDiffers(field: "correlation") }
        if facts.agreement != agreement { throw .receiptDiffers(field: "agreement") }
        if facts.package != package { throw .receiptDiffers(field: "package") }
        if facts.sizeBytes != sizeBytes { throw .receiptDiffers(field: "size") }
        if facts.provider != provider { throw .receiptDiffers(field: "provider") }
        if facts.consumer.participant != consumer { throw .receiptDiffers(field: "consumer") }
    }

    /// Adds the provider's signature.
    package func countersigned(by key: PrivateKey) throws -> Receipt {
        var note = note
        try note.sign(with: key, name: facts.provider.participant.description)
        return Receipt(facts: facts, note: note)
    }
}

/// Both signatures over one statement: the pair that each side keeps.
package struct Receipt: Sendable, Hashable {
    package static let step = "receipt"

    package let facts: ReceiptFacts
    package let note: SignedNote
    package var bytes: [UInt8] { note.bytes }
    package var digest: Digest { Hash.digest(bytes) }

    fileprivate init(facts: ReceiptFacts, note: SignedNote) {
        self.facts = facts
        self.note = note
    }

    /// Reads a receipt and verifies both signatures.
    package init(parsing bytes: [UInt8], providerKey: PublicKey, consumerKey: PublicKey) throws {
        note = try SignedNote(parsing: bytes)
        facts = try ReceiptFacts(parsing: note.text)
        guard note.signatures.count == 2 else { throw LedgerError.badReceipt("a receipt has two signatures") }
        let consumer = try VerifierKey(name: facts.consumer.participant.description, key: consumerKey)
        let provider = try VerifierKey(name: facts.provider.participant.description, key: providerKey)
        let verified = try note.verified(by: [consumer, provider])
        for key in [consumer, provider] where !verified.contains(key) { throw MerkleLogError.notSigned(by: key.name) }
    }

    /// Checks that this completes the half that we signed, without a changed byte.
    package func check(completes half: DeliveryHalf) throws(LedgerError) {
        guard note.text == half.note.text else {
            throw .receiptDiffers(field: half.facts.firstDifference(from: facts) ?? "text")
        }
        guard note.signatures.first == half.note.signatures.first else { throw .receiptDiffers(field: "signature") }
    }
}
