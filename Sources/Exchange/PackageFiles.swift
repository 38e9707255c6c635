// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel
import Foundation
import Glibc
import Sealing

/// Where the bytes of packages rest: our own under `packages/`, received ones under `received/`, request keys of leases under `leases/`.
/// Names are digests, so the same package is one file; a crash leaves files that nothing names, which the next start removes.
package struct PackageFiles: Sendable {
    package let directory: String

    package init(directory: String) { self.directory = directory }

    /// Makes the folders and removes what an interrupted seal left: a seal is never resumed, its file key died with the process.
    package func prepare() throws {
        for name in ["packages", "received", "leases", "duties", "tmp"] {
            try FileManager.default.createDirectory(
                atPath: "\(directory)/\(name)", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: directory + "/tmp") {
            try FileManager.default.removeItem(atPath: "\(directory)/tmp/\(name)")
        }
    }

    /// The file name of a package.
    static func name(of package: Digest) -> String { package.hex + ".kouan" }

    /// Removes packages and partial packages other than the named ones, and request keys of other requests.
    func keepOnly(packages: Set<String>, received: Set<String>, leases: Set<String>) throws {
        let manager = FileManager.default
        for name in try manager.contentsOfDirectory(atPath: directory + "/packages") where !packages.contains(name) {
            try manager.removeItem(atPath: path(ofOwn: name))
        }
        for name in try manager.contentsOfDirectory(atPath: directory + "/received") {
            let whole = name.hasSuffix(".partial") ? String(name.dropLast(8)) : name
            if !received.contains(whole) { try manager.removeItem(atPath: path(ofReceived: name)) }
        }
        let kept = Set(leases.map(leasePath))
        for name in try manager.contentsOfDirectory(atPath: directory + "/leases") where !kept.contains("\(directory)/leases/\(name)") {
            Durable.overwriteAndRemove("\(directory)/leases/\(name)")
        }
    }

    package func path(ofOwn name: String) -> String { "\(directory)/packages/\(name)" }
    package func path(ofReceived name: String) -> String { "\(directory)/received/\(name)" }
    func hasReceived(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(ofReceived: name)) }
    func leasePath(_ requestID: String) -> String { "\(directory)/leases/\(Hash.digest(Array(requestID.utf8)).hex).pem" }

    struct Sealed: Sendable {
        let info: SealedPackageInfo
        let fileName: String
    }

    func seal(_ dataset: Dataset, options: SealOptions, signer: PrivateKey, on blocking: BlockingWork) async throws -> Sealed {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: dataset.sourcePath, isDirectory: &isDirectory) else {
            throw ExchangeError(
                .notFound, "dataset.source-missing", "`\(dataset.sourcePath)` of dataset `\(dataset.id)` is not there",
                hint: "put the files back, or point the dataset elsewhere with `kouan dataset add`")
        }
        let source: SealSource = isDirectory.boolValue ? .tree(dataset.sourcePath) : .file(dataset.sourcePath)
        let temporary = "\(directory)/tmp/\(Hex.encode(SecureRandom.bytes(16))).kouan"
        let info = try await blocking.run { isCancelled in
            try PackageSealer(options).seal(source, toFile: temporary, signer: signer, control: WorkControl(isCancelled: isCancelled))
        }
        let fileName = PackageFiles.name(of: info.referenceDigest)
        try Durable.rename(temporary, to: path(ofOwn: fileName))
        return Sealed(info: info, fileName: fileName)
    }

    /// The request key of a lease rests in a file of its own, outside the database and its backups.
    func storeLease(_ key: PrivateKey, requestID: String) throws { try KeyFile.write(key, to: leasePath(requestID)) }

    func lease(requestID: String) -> PrivateKey? { try? KeyFile.read(path: leasePath(requestID)) }

    /// After this a copy of the machine opens nothing with that grant.
    func destroyLease(requestID: String) { Durable.overwriteAndRemove(leasePath(requestID)) }
}

/// Changes to files that survive a power cut.
enum Durable {
    static func rename(_ from: String, to target: String) throws {
        guard Glibc.rename(from, target) == 0 else {
            throw ExchangeError.integrity(
                "storage.rename-failed", "`\(target)` could not be put in place: \(String(cString: strerror(errno)))",
                hint: "check the disk and the rights of the data directory")
        }
        syncDirectory((target as NSString).deletingLastPathComponent)
    }

    static func syncDirectory(_ path: String) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    static func overwriteAndRemove(_ path: String) {
        let descriptor = Glibc.open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        if descriptor >= 0 {
            var status = stat()
            if fstat(descriptor, &status) == 0 {
                let zeros = [UInt8](repeating: 0, count: Int(min(status.st_size, 65_536)))
                _ = zeros.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
                fdatasync(descriptor)
            }
            close(descriptor)
        }
        unlink(path)
    }
}
