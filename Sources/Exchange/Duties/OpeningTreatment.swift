// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import DataDuties
import ExchangeModel
import PolicyEngine
import Sealing
import StorageSQLite

extension Exchange {
    /// What the duties of the agreement make of the files before anybody sees them; nil when they leave them as they are.
    func openingTreatment(of permitted: PermittedUse) async throws -> OpeningTreatment? {
        let plan = try policies.read(permitted.agreement.document).duties.duties.filter(\.isDoneByOpening)
        guard !plan.isEmpty else { return nil }
        var mark: (tag: RowTag, record: ProvenanceRecord)?
        if plan.contains(where: { $0.actions.contains(Action.watermark) }) {
            let transfers = try await store.read { try $0.all(Transfer.self, where: "agreement", equals: permitted.agreement.id) }
            guard let transfer = transfers.first(where: { $0.role == .consumer && $0.receipt == .full }) else {
                throw ExchangeError.notSettled("transfer", "the package of this agreement is not here in full")
            }
            mark = (
                Exchange.rowTag(of: permitted.agreement, secret: transfer.mirrorSecret),
                ProvenanceRecord(
                    recipient: own.participant, provider: permitted.agreement.peer, agreement: permitted.agreement.id,
                    agreementDigest: permitted.agreement.digest, package: permitted.agreement.package, use: permitted.use.id,
                    at: permitted.use.reservedAt, rowsAreTagged: true, signer: keys.signing)
            )
        }
        // Stable for the agreement and known to nobody else.
        let pseudonymKey = HKDF.expand(
            key: HKDF.extract(salt: permitted.agreement.digest.bytes, secret: keys.storage), info: Array("kouan/pseudonym/v1".utf8),
            count: 32)
        var treatment = DataTreatment(pseudonymKey: pseudonymKey, rowTag: mark?.tag)
        for duty in plan { try duty.addTo(&treatment) }
        return OpeningTreatment(treatment, provenance: mark?.record)
    }

    /// The key of the marks of one delivery: both sides can make it, so the provider can try a row that it finds against its deliveries.
    static func rowTag(of agreement: Agreement, secret: [UInt8]) -> RowTag {
        RowTag(
            key: HKDF.expand(
                key: HKDF.extract(salt: agreement.digest.bytes, secret: SecretBytes(secret)), info: Array("kouan/watermark/v1".utf8),
                count: 32))
    }

    /// Under which agreements of this node, if any, a row of an opened table went out.
    package func agreementsMarking(row: [UInt8]) async throws -> [Agreement] {
        try await store.read { tx in
            let transfers = try tx.all(Transfer.self)
            var marking: [Agreement] = []
            for transfer in transfers {
                guard let agreement = try tx.get(Agreement.self, id: transfer.agreementID),
                    !marking.contains(where: { $0.id == agreement.id }),
                    Exchange.rowTag(of: agreement, secret: transfer.mirrorSecret).marks(row)
                else { continue }
                marking.append(agreement)
            }
            return marking
        }
    }
}

/// Who was given data, when and for what, signed over what the opened files hold. It stands beside them in the open and binds nobody who
/// takes it away.
struct ProvenanceRecord: Sendable {
    static let fileName = "KOUAN-PROVENANCE.json"
    static let label = "kouan/provenance/v1\n"

    let recipient: ParticipantID
    let provider: ParticipantID
    let agreement: String
    let agreementDigest: Digest
    let package: Digest
    let use: String
    let at: Timestamp
    let rowsAreTagged: Bool
    let signer: PrivateKey

    func file(_ digests: [(path: String, digest: Digest)]) throws -> [UInt8] {
        let body: JSON = [
            "type": "urn:kouan:provenance:1", "recipient": .string(recipient.description), "provider": .string(provider.description),
            "agreement": .string(agreement), "agreementDigest": .string(agreementDigest.description),
            "package": .string(package.description), "use": .string(use), "openedAt": .string(at.description),
            "rowTagColumn": rowsAreTagged ? .string(RowTag.column) : .null,
            "files": .array(digests.map { ["path": .string($0.path), "digest": .string($0.digest.description)] }),
        ]
        let signature = try signer.sign(Array(ProvenanceRecord.label.utf8) + body.canonical())
        let file: JSON = [
            "body": body, "key": .string(signer.publicKey.fingerprint.description), "signature": .string(Base64.encode(signature)),
        ]
        return file.canonical() + [0x0A]
    }
}

/// Masks and marks the files of a package on their way to the disk.
///
/// `@unchecked`: the package's reader calls it from one thread at a time.
final class OpeningTreatment: PlaintextTreatment, @unchecked Sendable {
    private let treatment: DataTreatment
    private let provenance: ProvenanceRecord?
    private var paths: [String] = []
    private var entry = -1
    private var rewriter: (any DataRewriter)?
    private var digester: Digester?
    private var digests: [(path: String, digest: Digest)] = []
    private var found: Set<Int> = []

    init(_ treatment: DataTreatment, provenance: ProvenanceRecord?) {
        self.treatment = treatment
        self.provenance = provenance
    }

    func begin(_ manifest: Manifest) throws(SealingError) {
        paths = manifest.entries.map { $0.path ?? "data" }
        for (path, file) in zip(paths, manifest.entries) {
            do { _ = try treatment.rewriter(for: path, isEmpty: file.size == 0) } catch { throw SealingError(error) }
        }
    }

    func update(_ index: Int, _ bytes: UnsafeRawBufferPointer) throws(SealingError) -> [UInt8] {
        try enter(index, isEmpty: bytes.isEmpty)
        var output: [UInt8] = []
        if let rewriter {
            do { try rewriter.update(bytes, into: &output) } catch { throw SealingError(error) }
        } else {
            output.append(contentsOf: bytes)
        }
        digester?.update(output)
        return output
    }

    func finish(_ index: Int) throws(SealingError) -> [UInt8] {
        try enter(index, isEmpty: true)
        var output: [UInt8] = []
        if let rewriter {
            do { try rewriter.finish(into: &output) } catch { throw SealingError(error) }
            found.formUnion(rewriter.found)
        }
        if var digester = digester.take() {
            digester.update(output)
            digests.append((paths[index], Digest(algorithm: .sha256, bytes: digester.finish())))
        }
        rewriter = nil
        return output
    }

    func companions() throws(SealingError) -> [(name: String, bytes: [UInt8])] {
        do { try treatment.checkComplete(found) } catch { throw SealingError(error) }
        guard let provenance else { return [] }
        do {
            return [(ProvenanceRecord.fileName, try provenance.file(digests))]
        } catch {
            throw .treatmentRefused(
                code: "duty.cannot-mask", message: "the record of provenance could not be signed: \(error)", hint: "try again")
        }
    }

    private func enter(_ index: Int, isEmpty: Bool) throws(SealingError) {
        guard entry != index else { return }
        entry = index
        do {
            rewriter = try treatment.rewriter(for: paths[index], isEmpty: isEmpty)
            digester = provenance == nil ? nil : try Digester.start(.sha256)
        } catch let error as DataDutyError {
            throw SealingError(error)
        } catch {
            throw .treatmentRefused(code: "duty.cannot-mask", message: "no digest can be made", hint: "check the installation of OpenSSL")
        }
    }
}

extension SealingError {
    fileprivate init(_ error: DataDutyError) { self = .treatmentRefused(code: error.code, message: error.message, hint: error.hint) }
}
