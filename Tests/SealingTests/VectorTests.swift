// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Foundation
import Testing

@testable import Sealing

/// Tests/Vectors/sealed-package: every way to read a package runs every vector. `Tests/Interop/read_package.py` runs the same files. Those
/// of suite guomi are made by `make_guomi.py` beside them, since our SM2 signatures are never twice the same.
@Suite struct VectorTests {
    /// With KOUAN_WRITE_VECTORS set the files are written anew; else what is written must be what we would write.
    @Test func theFilesAreThoseOfTheCatalog() throws {
        let writes = ProcessInfo.processInfo.environment["KOUAN_WRITE_VECTORS"] != nil
        let names = VectorCatalog.all.map(\.name)
        #expect(Set(names).count == names.count)
        for vector in VectorCatalog.all {
            let file = PackageVector.folder.appendingPathComponent(vector.name + ".json")
            if writes { try Data(vector.json.pretty().utf8 + [UInt8(ascii: "\n")]).write(to: file) }
            let read = try PackageVector(file: file)
            #expect(read.package == vector.package, "\(vector.name)")
            #expect(read.expect == vector.expect && read.files == vector.files, "\(vector.name)")
        }
    }

    private static let files =
        ((try? FileManager.default.contentsOfDirectory(at: PackageVector.folder, includingPropertiesForKeys: nil)) ?? [])
        .filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }

    @Test func thereAreVectors() { #expect(VectorTests.files.count >= 120) }

    @Test(arguments: files.map(\.lastPathComponent))
    func everyPathSaysWhatIsExpected(name: String) throws {
        let vector = try PackageVector(file: PackageVector.folder.appendingPathComponent(name))
        let trust = PackageTrust(signer: vector.expect == "sealing.not-signed" ? nil : vector.signer)
        let source = MemoryBytes(vector.package)
        func key() throws -> SecretBytes {
            guard let recipient = vector.recipient else { return SecretBytes(vector.fileKey) }
            let unwrapped = try PackageReader(source, trust: trust).fileKey(unwrappingWith: recipient)
            #expect(unwrapped == SecretBytes(vector.fileKey))
            return unwrapped
        }

        // In order, file by file, with digests.
        var files: [String: [UInt8]] = [:]
        let inMemory = refusal { files = try openInMemory(vector.package, key(), trust: trust) }
        #expect(inMemory?.code ?? "ok" == vector.expect, "\(String(describing: inMemory))")
        if let expected = vector.files { #expect(files.mapValues { Hex.encode(Hash.sha256($0)) } == expected) }

        // To disk, in parallel. Opening does not recompute digests.
        let scratch = try Scratch()
        let toDisk = refusal { _ = try PackageReader(source, trust: trust).open(to: scratch("out"), fileKey: key()) }
        if vector.expect == "sealing.digest-mismatch" {
            #expect(toDisk == nil)
        } else {
            #expect(toDisk?.code ?? "ok" == vector.expect)
            #expect(scratch.names == (vector.expect == "ok" ? ["out"] : []))
        }
        if let expected = vector.files {
            let opened = try contents(of: scratch("out"))
            #expect(opened.values.map { Hex.encode(Hash.sha256($0)) }.sorted() == expected.values.sorted())
        }

        // Without a key: the same refusal, or none.
        let keyless = refusal { try PackageReader(source, trust: trust).verify() }
        #expect(keyless == nil || keyless?.code == vector.expect)

        // As a download, when there is a reference to ask for.
        guard let reader = try? PackageReader(source, trust: trust) else { return }
        let downloaded = refusal {
            let assembler = try PackageAssembler(
                path: scratch("p"), expected: reader.referenceDigest, fileBytes: Int64(vector.package.count), trust: trust)
            defer { assembler.discard() }
            while let range = assembler.nextRange() {
                try assembler.receive(Array(vector.package[Int(range.lowerBound)..<Int(range.upperBound)]))
            }
            _ = try assembler.finish()
        }
        #expect(downloaded?.code == keyless?.code)
    }
}
