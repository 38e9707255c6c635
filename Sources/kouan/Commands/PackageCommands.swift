// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CryptoPrimitives
import ExchangeModel
import ManagementAPI
import Sealing

/// Packages made by hand: the same format as the exchange's, with the file key wrapped to recipients instead of granted.
struct Package: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Seal and open packages by hand, without a node.",
        subcommands: [Keygen.self, Seal.self, Open.self, Inspect.self, Verify.self])

    struct Keygen: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an identity: PATH with the private keys (mode 0600) and PATH.pub to give away.")

        @OptionGroup var global: GlobalOptions
        @Option(name: .shortAndLong, help: "The private file to make.", completion: .file()) var output: String
        @Option(help: "international or guomi: the packages that it seals and opens.") var suite = Suite.international

        func execute(_ context: Context) async throws {
            let identity = try PackageIdentity.generate(suite)
            try identity.write(to: output)
            let result: JSON = [
                "identity": .string(Path.absolute(output)), "public": .string(Path.absolute(output + ".pub")),
                "suite": .string(suite.name),
                "signing": .string(identity.publicIdentity.signing.description),
                "encryption": .string(identity.publicIdentity.encryption.description),
            ]
            context.show(result)
            context.next("package seal PATH --identity \(Shell.quoted(output)) --to RECIPIENT.pub -o PACKAGE")
        }
    }

    enum CodecName: String, ExpressibleByArgument, CaseIterable { case auto, zstd, deflate, stored }

    struct Seal: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Seal files or a directory into a package for recipients.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "A directory, a file, several of either, or `-` for standard input.", completion: .file()) var paths: [String]
        @Option(help: "Your identity, which signs the package.", completion: .file()) var identity: String?
        @Option(help: "A recipient's PATH.pub; may be given more than once.", completion: .file()) var to: [String]
        @Option(name: .shortAndLong, help: "The package to make.", completion: .file()) var output: String
        @Option(help: "international or guomi; otherwise that of the identities.") var suite: Suite?
        @Option(help: "auto, zstd, deflate or stored.") var codec = CodecName.auto
        @Option(help: "zstd 1 to 19, deflate 1 to 9.") var level: Int?
        @Option(help: "none, padme or full: how much of the lengths to hide.") var padding = Padding.none
        @Option(help: "Workers; otherwise one per core.") var threads = 0

        func execute(_ context: Context) async throws {
            var options = SealOptions()
            options.codec = chosenCodec
            options.padding = padding
            options.threads = threads
            let sender = try identity.map { try PackageIdentity(path: $0) }
            let receivers = try to.map { try PackageIdentity.Public(path: $0) }
            options.suite = suite ?? sender?.suite ?? receivers.first?.suite ?? .international
            for (path, found) in [(identity, sender?.suite)] + zip(to, receivers).map({ ($0, $1.suite) }) {
                guard let path, let found, found != options.suite else { continue }
                throw Failure.usage(
                    "cli.suite-differs", "`\(path)` is of suite `\(found.name)`, the package of suite `\(options.suite.name)`",
                    hint: "seal in the suite of all identities, or make one with `kouan package keygen --suite \(options.suite.name)`")
            }
            let (signer, recipients) = (sender?.signing, receivers.map(\.encryption))
            let info = try PackageSealer(options).seal(try source(), toFile: output, signer: signer, recipients: recipients)
            if signer == nil { context.note("the package is not signed; its recipients must open it with --allow-unsigned") }
            context.show([
                "package": .string(info.reference.digest.description), "suite": .string(options.suite.name),
                "path": .string(Path.absolute(output)),
                "bytes": .integer(info.fileBytes), "files": .integer(Int64(info.manifest.entries.count)),
                "plainBytes": .integer(info.manifest.contentBytes), "recipients": .integer(Int64(recipients.count)),
                "signed": .bool(signer != nil),
            ])
            context.next("package inspect \(Shell.quoted(output))")
        }

        private var chosenCodec: Codec {
            switch codec {
            case .auto: .automatic
            case .zstd: .zstd(level: level ?? 3)
            case .deflate: .deflate(level: level ?? 6)
            case .stored: .stored
            }
        }

        private func source() throws(OperationFailure) -> SealSource {
            guard let first = paths.first else { throw Failure.usage("cli.no-path", "there is nothing to seal", hint: "name a path") }
            guard paths.count == 1 else { return .paths(paths) }
            if first == "-" { return .stream(DescriptorStream.standardInput, name: nil) }
            return Files.isDirectory(first) ? .tree(first) : .file(first)
        }
    }

    struct Open: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Open a package made by hand; files appear only after all was verified.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The package.", completion: .file()) var package: String
        @Option(help: "Your identity, one of its recipients.", completion: .file()) var identity: String
        @Option(help: "The sender's PATH.pub; a package that another signed is refused.", completion: .file()) var sender: String?
        @Flag(help: "Open a package that nobody signed.") var allowUnsigned = false
        @Option(name: .shortAndLong, help: "The directory to make.", completion: .directory) var output: String
        @Option(help: "Workers; otherwise one per core.") var threads = 0

        func execute(_ context: Context) async throws {
            let reader = try PackageReader(path: package, trust: try Package.trust(sender: sender, allowUnsigned: allowUnsigned))
            let key = try reader.fileKey(unwrappingWith: try PackageIdentity(path: identity).encryption)
            var options = OpenOptions()
            options.threads = threads
            let manifest = try reader.open(to: output, fileKey: key, options: options)
            context.show(
                .members([
                    "package": .string(reader.referenceDigest.description), "files": .integer(Int64(manifest.entries.count)),
                    "bytes": .integer(manifest.contentBytes), "output": .string(Path.absolute(output)),
                    "signer": (reader.signature?.signer).map { .string($0.description) },
                ]))
        }
    }

    struct Inspect: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "What a package says: without a key its outside, with one also its manifest.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The package.", completion: .file()) var package: String
        @Option(help: "Your identity, to read the manifest.", completion: .file()) var identity: String?

        func execute(_ context: Context) async throws {
            let reader = try PackageReader(path: package, trust: PackageTrust(allowUnsigned: true))
            let outside = reader.inspection
            var members: [String: JSON?] = [
                "package": .string(outside.referenceDigest.description), "suite": .string(outside.suite.name),
                "bytes": .integer(outside.fileBytes), "chunkSizeBytes": .integer(Int64(outside.chunkSize)),
                "payloadChunks": .integer(outside.payloadChunks), "manifestChunks": .integer(outside.manifestChunks),
                "signer": outside.signer.map { .string($0.description) }, "recipients": .strings(outside.recipients.map(\.description)),
            ]
            if let identity {
                let key = try reader.fileKey(unwrappingWith: try PackageIdentity(path: identity).encryption)
                let manifest = try reader.manifest(fileKey: key)
                members["plainBytes"] = .integer(manifest.contentBytes)
                members["metadata"] = manifest.metadata
                members["files"] = .array(
                    manifest.entries.map {
                        .members([
                            "path": ($0.path).map(JSON.string), "size": .integer($0.size), "digest": .string($0.digest.description),
                            "mediaType": $0.mediaType.map(JSON.string), "rows": $0.rows.map(JSON.integer),
                        ])
                    })
            }
            let result = JSON.members(members)
            guard context.options.format == .table, let files = result["files"]?.array else { return context.show(result) }
            members["files"] = nil
            context.show(.members(members))
            context.output.write("\n")
            context.show(
                result, rows: files,
                columns: [Column("path", "FILE"), .bytes("size", "SIZE"), Column("rows", "ROWS", right: true), .short("digest", "DIGEST")])
        }
    }

    struct Verify: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check every chunk against the signed tree; --deep also decrypts and recomputes every file's digest.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The package.", completion: .file()) var package: String
        @Option(help: "The sender's PATH.pub; a package that another signed is refused.", completion: .file()) var sender: String?
        @Flag(help: "Take a package that nobody signed.") var allowUnsigned = false
        @Option(help: "Your identity; needed for --deep.", completion: .file()) var identity: String?
        @Flag(help: "Recompute every file's digest.") var deep = false
        @Option(help: "Workers; otherwise one per core.") var threads = 0

        func validate() throws { guard !deep || identity != nil else { throw ValidationError("--deep needs --identity") } }

        func execute(_ context: Context) async throws {
            let reader = try PackageReader(path: package, trust: try Package.trust(sender: sender, allowUnsigned: allowUnsigned))
            try reader.verify(threads: threads)
            var files: Int64?
            if deep, let identity {
                let key = try reader.fileKey(unwrappingWith: try PackageIdentity(path: identity).encryption)
                files = Int64(try reader.verifyDeep(fileKey: key, threads: threads).entries.count)
            }
            context.show(
                .members([
                    "package": .string(reader.referenceDigest.description), "verified": true,
                    "signer": (reader.signature?.signer).map { .string($0.description) }, "filesChecked": files.map(JSON.integer),
                ]))
        }
    }

    private static func trust(sender: String?, allowUnsigned: Bool) throws -> PackageTrust {
        PackageTrust(signer: try sender.map { try PackageIdentity.Public(path: $0).signing }, allowUnsigned: allowUnsigned)
    }
}

extension Padding: ExpressibleByArgument {}

extension Suite: ExpressibleByArgument {
    public init?(argument: String) { self.init(name: argument) }
    public var defaultValueDescription: String { name }
    public static var allValueStrings: [String] { allCases.map(\.name) }
}
