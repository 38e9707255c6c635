// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel
import Foundation
import Testing

@testable import kouan

@Suite struct DemoPartsTests {
    @Test func embeddedPoliciesAreTheFiles() throws {
        #expect(Set(EmbeddedPolicies.forms.keys) == Set(EmbeddedPolicies.all.keys))
        for (name, form) in EmbeddedPolicies.forms {
            let path = repository.appending("/Policies/templates/\(name).template.json")
            #expect(try String(contentsOfFile: path, encoding: .utf8) == form, "\(name): run deploy/embed-policies.sh")
        }
        for (folder, embedded) in [("templates", EmbeddedPolicies.all), ("examples", EmbeddedPolicies.examples)] {
            let directory = repository.appending("/Policies/" + folder)
            let names = try FileManager.default.contentsOfDirectory(atPath: directory).filter {
                $0.hasSuffix(".json") && !$0.hasSuffix(".cases.json") && !$0.hasSuffix(".template.json")
            }
            #expect(Set(names) == Set(embedded.keys.map { $0 + ".json" }), "run deploy/embed-policies.sh")
            for name in names {
                let text = try String(contentsOfFile: directory + "/" + name, encoding: .utf8)
                #expect(embedded[String(name.dropLast(5))] == text, "\(name): run deploy/embed-policies.sh")
            }
        }
    }

    @Test func theExampleDataIsTheSameForTheSameSeed() throws {
        try withTemporaryDirectory { root in
            for name in ["a", "b"] {
                try ExampleData.writeBatteryTrace(to: "\(root)/\(name)/trace", bytes: 300_000)
                try ExampleData.writeMillCertificates(to: "\(root)/\(name)/mill", bytes: 200_000)
            }
            let same = try TreeComparison.compare(root + "/a", root + "/b")
            #expect(same.difference == nil)
            #expect(same.files == 12)
            #expect(same.bytes > 450_000)
            try ExampleData.writeMillCertificates(to: "\(root)/b/mill", bytes: 200_000, seed: 1)
            #expect(try TreeComparison.compare(root + "/a", root + "/b").difference?.hasPrefix("mill/") == true)
        }
    }

    @Test func everyRowHasTheFieldsOfItsSchema() throws {
        try withTemporaryDirectory { root in
            try ExampleData.writeBatteryTrace(to: root + "/trace", bytes: 200_000)
            try ExampleData.writeMillCertificates(to: root + "/mill", bytes: 200_000)
            for dataset in ["trace", "mill"] {
                let schema = try JSON.parse(try String(contentsOfFile: "\(root)/\(dataset)/schema.json", encoding: .utf8))
                let fields = (schema["fields"]?.array ?? []).compactMap { $0["name"]?.string }
                for file in try TreeComparison.files(below: root + "/" + dataset) where file.hasSuffix(".csv") {
                    let lines = try String(contentsOfFile: "\(root)/\(dataset)/\(file)", encoding: .utf8).split(separator: "\n")
                    #expect(lines.first.map(String.init) == fields.joined(separator: ","))
                    #expect(lines.count > 100)
                    let wrong = lines.first { $0.split(separator: ",", omittingEmptySubsequences: false).count != fields.count }
                    #expect(wrong == nil)
                }
            }
        }
    }

    @Test func comparisonSeesEveryDifference() throws {
        try withTemporaryDirectory { root in
            func write(_ path: String, _ bytes: [UInt8]) throws {
                let url = URL(filePath: root + "/" + path)
                try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(bytes).write(to: url)
            }
            let large = [UInt8](repeating: 7, count: (1 << 20) + 3)
            for side in ["a", "b"] {
                try write("\(side)/空/文件", [])
                try write("\(side)/large", large)
            }
            #expect(try TreeComparison.compare(root + "/a", root + "/b").difference == nil)
            try write("b/large", large.dropLast() + [8])
            #expect(try TreeComparison.compare(root + "/a", root + "/b").difference == "large")
            try write("b/large", large + [7])
            #expect(try TreeComparison.compare(root + "/a", root + "/b").difference == "large")
            try write("b/large", large)
            try write("b/more", [])
            #expect(try TreeComparison.compare(root + "/a", root + "/b").difference == "more")
        }
    }

    @Test func oneBitIsFlippedInsideTheText() throws {
        try withTemporaryDirectory { root in
            let text = "0192f3c4-0000-7000-8000-000000000001"
            let before = Array("xx0192".utf8) + Array(text.utf8) + [0, 1, 2]
            try Data(before).write(to: URL(filePath: root + "/state.sqlite"))
            try ByteFlip.flip(text: text, inFilesOf: root)
            let after = Array(try Data(contentsOf: URL(filePath: root + "/state.sqlite")))
            #expect(after.count == before.count)
            let changed = before.indices.filter { before[$0] != after[$0] }
            #expect(changed == [6 + text.utf8.count / 2])
            #expect(throws: (any Error).self) { try ByteFlip.flip(text: "not there", inFilesOf: root) }
        }
    }

    @Test func freePortsDiffer() throws {
        let ports = try ChildNodes.freePorts(5)
        #expect(Set(ports).count == 5)
        #expect(ports.allSatisfy { (1...65_535).contains($0) })
    }

    @Test func theDevelopmentAuthorityKeepsWhatItRevoked() throws {
        try withTemporaryDirectory { root in
            let now = Timestamp(milliseconds: 1_795_000_000_000)
            let ca = try DevelopmentCA.make(directory: root + "/ca", name: "Test CA", now: now)
            let request = try CertificateRequest.make(
                key: try PrivateKey.generate(.ed25519), subject: DistinguishedName(commonName: "n"), uriNames: ["urn:reg:DE:1"],
                ipNames: ["127.0.0.1"])
            let certificate = try DevelopmentCA.issue(request, by: ca, days: 30, now: now)
            #expect(certificate.uriNames == ["urn:reg:DE:1"])
            #expect(certificate.notAfter <= ca.certificate.notAfter)
            let second = try DevelopmentCA.nextCRL(directory: root + "/ca", revoking: [certificate.serial], days: 3, now: now)
            #expect(second.number == 2)
            let third = try DevelopmentCA.nextCRL(directory: root + "/ca", revoking: [], days: 3, now: now)
            #expect(third.number == 3)
            #expect(third.revokedSerials == [certificate.serial])
            #expect(third.isSigned(by: try DevelopmentCA.load(directory: root + "/ca").certificate))
        }
    }

    @Test func noAuthorityIsMadeInsideAWorkingTree() throws {
        try withTemporaryDirectory { root in
            try FileManager.default.createDirectory(atPath: root + "/tree/.git", withIntermediateDirectories: true)
            try FileManager.default.createDirectory(atPath: root + "/tree/sub", withIntermediateDirectories: true)
            #expect(throws: (any Error).self) {
                try DevelopmentCA.make(directory: root + "/tree/sub/ca", name: "x", now: Timestamp(milliseconds: 1_795_000_000_000))
            }
            #expect(!FileManager.default.fileExists(atPath: root + "/tree/sub/ca"))
        }
    }
}

let repository: String = {
    var parts = #filePath.split(separator: "/")
    parts.removeLast(3)
    return "/" + parts.joined(separator: "/")
}()

func withTemporaryDirectory<R>(_ body: (String) throws -> R) throws -> R {
    let path = FileManager.default.temporaryDirectory.appending(path: "kouan-tests-" + UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}
