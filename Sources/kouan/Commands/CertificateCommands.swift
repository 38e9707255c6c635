// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CryptoPrimitives
import ExchangeModel
import Glibc
import ManagementAPI
import Node

struct Cert: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The node's TLS certificates, from a company's authority or a development one.",
        subcommands: [Request.self, Install.self, Show.self, DevCA.self, DevIssue.self, DevCRL.self])

    struct Request: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a certificate request for the node's TLS key; its URI name is the participant.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var file: OutputFileOption
        @Option(help: "A host name that peers use; may be given more than once.") var dns: [String] = []
        @Option(help: "An address that peers use; may be given more than once.") var ip: [String] = []

        func execute(_ context: Context) async throws {
            let result = try await context.call(
                "cert.request", ["dns": dns.isEmpty ? nil : .strings(dns), "ip": ip.isEmpty ? nil : .strings(ip)])
            try FileAnswer.give(
                result, member: "csr", to: file.output, context, next: "cert install CHAIN.pem   # when your authority has signed it")
        }
    }

    struct Install: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Install the certificate chain that the authority sent.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "PEM file, the node's certificate first.", completion: .file()) var chain: String
        @Option(help: "server, client or both.") var usage = "both"

        func execute(_ context: Context) async throws {
            let result = try await context.call("cert.install", ["chain": .string(try Files.text(chain)), "usage": .string(usage)])
            context.show(result)
            context.next("doctor")
        }
    }

    struct Show: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "Show the certificates and keys in use.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let result = try await context.call("cert.show")
            context.show(
                result, rows: result["certificates"]?.array ?? [],
                columns: [
                    Column("usage", zh: "用途"), Column("uriNames", "PARTICIPANT", zh: "参与方"), Column("dnsNames", "NAMES", zh: "域名"),
                    Column("ipNames", "ADDRESSES", zh: "地址"), Column("issuer", zh: "签发者"), Column("notAfter", "VALID UNTIL", zh: "有效期至"),
                ], empty: "no certificate installed")
            if (result["certificates"]?.array ?? []).isEmpty { context.next("cert request -o node.csr") }
        }
    }

    struct DevCA: KouanCommand {
        static let configuration = CommandConfiguration(
            commandName: "dev-ca", abstract: "Make a certificate authority for development: ca.pem, ca.key, crl.pem.",
            discussion: "Its key lies unprotected in a file. Refused inside a git working tree, where a key would be committed one day.")

        @OptionGroup var global: GlobalOptions
        @Option(name: .shortAndLong, help: "The directory to make.", completion: .directory) var output: String
        @Option(help: "Its common name.") var name = "Kouan development CA"

        func execute(_ context: Context) async throws {
            let ca = try DevelopmentCA.make(directory: output, name: name, now: SystemClock().now())
            context.show([
                "certificate": .string(Path.absolute(output) + "/ca.pem"), "crl": .string(Path.absolute(output) + "/crl.pem"),
                "fingerprint": .string(ca.certificate.fingerprint.description), "notAfter": .string(ca.certificate.notAfter.description),
            ])
            context.next("cert dev-issue --ca \(Shell.quoted(output)) --csr node.csr -o node.pem")
        }
    }

    struct DevIssue: KouanCommand {
        static let configuration = CommandConfiguration(
            commandName: "dev-issue", abstract: "Sign a certificate request with the development authority.")

        @OptionGroup var global: GlobalOptions
        @Option(help: "The authority's directory.", completion: .directory) var ca: String
        @Option(help: "The request, PEM.", completion: .file()) var csr: String
        @Option(name: .shortAndLong, help: "Where the chain goes, PEM.", completion: .file()) var output: String
        @Option(help: "How long it holds.") var days = 90

        func execute(_ context: Context) async throws {
            guard (1...825).contains(days) else { throw ValidationError("--days takes 1 to 825") }
            let issuer = try DevelopmentCA.load(directory: ca)
            let request = try CertificateRequest(pem: try Files.text(csr))
            let certificate = try DevelopmentCA.issue(request, by: issuer, days: days, now: SystemClock().now())
            try Files.write(certificate.pem, to: output)
            context.show([
                "subject": .string(certificate.subject), "uriNames": .strings(certificate.uriNames), "serial": .string(certificate.serial),
                "notAfter": .string(certificate.notAfter.description), "certificate": .string(Path.absolute(output)),
            ])
            context.next("cert install \(Shell.quoted(output))")
        }
    }

    struct DevCRL: KouanCommand {
        static let configuration = CommandConfiguration(
            commandName: "dev-crl", abstract: "Make the development authority's next revocation list.",
            discussion: "Keeps what earlier lists revoked. Without -o it replaces crl.pem in the authority's directory.")

        @OptionGroup var global: GlobalOptions
        @Option(help: "The authority's directory.", completion: .directory) var ca: String
        @Option(help: "A certificate to revoke, PEM; may be given more than once.", completion: .file()) var revoke: [String] = []
        @Option(name: .shortAndLong, help: "Where the list goes, PEM.", completion: .file()) var output: String?
        @Option(help: "Days until its next update.") var days = 30

        func execute(_ context: Context) async throws {
            guard (1...825).contains(days) else { throw ValidationError("--days takes 1 to 825") }
            let now = SystemClock().now()
            let serials = try revoke.map { try Certificate(pem: try Files.text($0)).serial }
            let list = try DevelopmentCA.nextCRL(directory: ca, revoking: serials, days: days, now: now)
            let path = output ?? ca + "/crl.pem"
            if path != ca + "/crl.pem" { try Files.write(list.pem, to: path) }
            context.show([
                "crl": .string(Path.absolute(path)), "number": .integer(list.number ?? 0),
                "revoked": .integer(Int64(list.revokedSerials.count)), "nextUpdate": .string(list.nextUpdate.description),
            ])
            context.next("space crl SPACE \(Shell.quoted(path))")
        }
    }
}

/// A certificate authority in a directory: `ca.pem`, `ca.key` (mode 0600), `crl.pem`. For development and demos.
enum DevelopmentCA {
    static func make(directory: String, name: String, now: Timestamp) throws -> CertificateIssuer {
        let path = Path.absolute(directory)
        if let tree = gitTree(above: path) {
            throw Failure.usage(
                "cert.inside-git", "`\(path)` lies in the git working tree `\(tree)`",
                hint: "make the authority elsewhere: its key must never be committed")
        }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw OperationFailure(
                .failure, code: "file.unwritable", message: "`\(path)` cannot be made: \(Files.reason(errno))", hint: "check the path")
        }
        let key = try PrivateKey.generate(.p256)
        let ca = try CertificateIssuer.makeRoot(
            subject: DistinguishedName(commonName: name), key: key, notBefore: now.adding(seconds: -3600),
            notAfter: now.adding(seconds: 10 * 365 * 86_400))
        try KeyFile.write(key, to: path + "/ca.key")
        try Files.write(ca.certificate.pem, to: path + "/ca.pem")
        let list = try ca.makeCRL(number: 1, thisUpdate: now.adding(seconds: -60), nextUpdate: now.adding(seconds: 30 * 86_400))
        try Files.write(list.pem, to: path + "/crl.pem")
        return ca
    }

    static func load(directory: String) throws -> CertificateIssuer {
        let path = Path.absolute(directory)
        return try CertificateIssuer(
            certificate: try Certificate(pem: try Files.text(path + "/ca.pem")), key: try KeyFile.read(path: path + "/ca.key"))
    }

    static func issue(_ request: CertificateRequest, by issuer: CertificateIssuer, days: Int, now: Timestamp) throws(CryptoError)
        -> Certificate
    {
        let end = now.adding(seconds: Int64(days) * 86_400)
        return try issuer.issue(
            request, profile: .tlsNode, notBefore: now.adding(seconds: -300), notAfter: min(end, issuer.certificate.notAfter))
    }

    /// The list after the one in the directory, which it replaces.
    static func nextCRL(directory: String, revoking serials: [String], days: Int, now: Timestamp) throws -> RevocationList {
        let path = Path.absolute(directory)
        let issuer = try load(directory: path)
        let last = try RevocationList(pem: try Files.text(path + "/crl.pem"))
        guard last.isSigned(by: issuer.certificate) else {
            throw Failure.usage("cert.foreign-crl", "`\(path)/crl.pem` is not this authority's", hint: "restore the authority's own list")
        }
        let revoked = last.revokedSerials.union(serials).sorted().map { Revocation(serial: $0, at: now) }
        let list = try issuer.makeCRL(
            revoked: revoked, number: (last.number ?? 0) + 1, thisUpdate: now.adding(seconds: -60),
            nextUpdate: now.adding(seconds: Int64(days) * 86_400))
        try Files.write(list.pem, to: path + "/crl.pem")
        return list
    }

    private static func gitTree(above path: String) -> String? {
        var directory = path
        while !directory.isEmpty {
            if access(directory + "/.git", F_OK) == 0 { return directory }
            guard let slash = directory.lastIndex(of: "/") else { return nil }
            directory = String(directory[..<slash])
        }
        return nil
    }
}
