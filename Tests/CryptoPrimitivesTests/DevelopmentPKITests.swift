// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Foundation
import Testing

/// The openssl command line and ours read each other's certificates.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")))
final class DevelopmentPKITests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "kouan-pki-\(UUID().uuidString)").path
    private let repository = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func run(_ program: String, _ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    private func makePKI(_ arguments: String...) throws -> Int32 {
        try run("/usr/bin/env", ["bash", repository.appending(path: "Certs/make-dev-pki.sh").path] + arguments)
    }

    private func text(_ name: String) throws -> String { try String(contentsOfFile: folder + "/" + name, encoding: .utf8) }

    @Test func itsCertificatesPassOurChecks() throws {
        #expect(
            try makePKI(folder, "port=urn:uscc:91350211M000100Y43,DNS:port.example,IP:127.0.0.1", "mill=urn:lei:529900T8BM49AURSDO55") == 0)
        let root = try Certificate(pem: text("root.pem"))
        let port = try Certificate(pem: text("port-chain.pem"))
        #expect(port.uriNames == ["urn:uscc:91350211M000100Y43"])
        #expect(port.dnsNames == ["port.example"] && port.ipNames == ["127.0.0.1"])
        #expect(try port.belongs(to: KeyFile.read(path: folder + "/port-key.pem")))
        let first = try RevocationList(pem: text("crl.pem"))
        let now = port.notBefore.adding(seconds: 60)
        for purpose in [ChainPurpose.server, .client] {
            #expect(throws: Never.self) {
                try ChainVerifier.verify(leaf: port, anchors: [root], crls: [first], at: now, purpose: purpose)
            }
        }

        #expect(try makePKI(folder, "--revoke", "port") == 0)
        let second = try RevocationList(pem: text("crl.pem"))
        #expect(try #require(second.number) > #require(first.number))
        #expect(second.revokedSerials == [port.serial])
        #expect(throws: CryptoError.chain(.revoked(subject: "CN=port"))) {
            try ChainVerifier.verify(leaf: port, anchors: [root], crls: [second], at: now, purpose: .server)
        }
        #expect(try Certificate(pem: text("root.pem")) == root)
    }

    @Test func ourCertificatesPassTheirs() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        for algorithm in [KeyAlgorithm.ed25519, .p256] {
            let authority = try TestAuthority(algorithm: algorithm)
            let middle = try authority.root.makeIntermediate(
                subject: DistinguishedName(commonName: "Middle"), key: .generate(algorithm), notBefore: TestAuthority.now,
                notAfter: TestAuthority.now.adding(seconds: 86_400))
            let leaf = try authority.leaf(algorithm: algorithm, issuer: middle)
            let files = [
                "root": authority.root.certificate.pem, "middle": middle.certificate.pem, "leaf": leaf.pem,
                "crls": try authority.crl().pem + authority.crl(issuer: middle).pem,
            ]
            for (name, text) in files { try text.write(toFile: "\(folder)/\(name).pem", atomically: false, encoding: .utf8) }
            let status = try run(
                "/usr/bin/openssl",
                [
                    "verify", "-x509_strict", "-crl_check_all", "-purpose", "sslserver", "-attime", "\(TestAuthority.now.seconds + 60)",
                    "-CAfile", folder + "/root.pem", "-untrusted", folder + "/middle.pem", "-CRLfile", folder + "/crls.pem",
                    folder + "/leaf.pem",
                ])
            #expect(status == 0)
        }
    }

    @Test func noKeyIsWrittenIntoAWorkingTree() throws {
        try FileManager.default.createDirectory(atPath: folder + "/.git", withIntermediateDirectories: true)
        #expect(try makePKI(folder + "/deep/er", "port=urn:lei:529900T8BM49AURSDO55") == 73)
        #expect(!FileManager.default.fileExists(atPath: folder + "/deep"))
    }
}
