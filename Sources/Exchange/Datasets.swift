// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
package import Identity
import Ledger
import Sealing
import StorageSQLite

extension Exchange {
    package func add(_ dataset: Dataset, by user: UserID) async throws {
        _ = try await ledger.commit { tx in
            guard try !tx.exists(Dataset.self, id: dataset.id) else { throw ExchangeError.exists("dataset", dataset.id) }
            try tx.put(dataset)
        }
    }

    /// The package is on disk under its name; with this entry it becomes the dataset's next version.
    func recordSealed(_ sealed: PackageFiles.Sealed, of dataset: Dataset, by user: UserID) async throws -> SealedVersion {
        let info = sealed.info
        let wrapped = try keys.wrap(info.fileKey, of: info.referenceDigest)
        let now = clock.now()
        return try await ledger.commit { tx in
            let versions = try tx.all(SealedVersion.self, where: "dataset", equals: dataset.id)
            let version = SealedVersion(
                id: info.referenceDigest.description, datasetID: dataset.id, version: (versions.map(\.version).max() ?? 0) + 1,
                fileName: sealed.fileName, bytes: info.fileBytes, plainBytes: info.manifest.contentBytes,
                files: info.manifest.entries.count, publishedAt: now, wrappedKey: wrapped)
            try tx.insert(version)
            try tx.append(
                LedgerEvent(
                    type: .datasetSealed, role: .provider,
                    local: [
                        "dataset": .string(dataset.id), "version": .integer(Int64(version.version)),
                        "bytes": .integer(version.bytes), "plainBytes": .integer(version.plainBytes),
                        "files": .integer(Int64(version.files)), "grade": .string(dataset.grade.rawValue),
                        "personalInformation": .string(dataset.personalInformation.rawValue),
                    ], digests: ["package": info.referenceDigest], ids: ["user": user.description]))
            return version
        }.value
    }

    package func latestVersion(of datasetID: String) async throws -> SealedVersion {
        let versions = try await store.read { try $0.all(SealedVersion.self, where: "dataset", equals: datasetID) }
        guard let latest = versions.max(by: { $0.version < $1.version }) else { throw ExchangeError.notPublished(datasetID) }
        return latest
    }
}
