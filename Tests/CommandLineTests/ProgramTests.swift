// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Foundation
import Testing

@testable import kouan

/// The program itself, as a person types it: exit codes, and what stands on which stream.
@Suite struct ProgramTests {
    @Test(
        arguments: [
            (["--version"], 0, ""), (["--help"], 0, ""),
            (["ledgr"], 2, "kouan: error: unexpected argument 'ledgr'\nkouan: hint: did you mean `kouan ledger`?\n"),
            (["dataset", "add"], 2, "kouan: error: missing expected argument"),
            (["dataset", "list", "--frmat", "json"], 2, "kouan: error: unknown option '--frmat'. Did you mean '--format'?"),
            (["contract", "request", "urn:reg:DE:1"], 2, "kouan: error: give either --dataset or --offer"),
            (
                ["status", "--data", "/nonexistent"], 3,
                "kouan: error: `/nonexistent` is no node's data directory [node.not-initialised]\nkouan: hint: "
            ),
            (["package", "inspect", "/nonexistent"], 3, "kouan: error: `/nonexistent` does not exist [sealing.source-missing]"),
            (["policy", "check", "/nonexistent"], 3, "kouan: error: `/nonexistent` cannot be read"),
            (
                ["policy", "template", "batery-trace"], 3,
                "kouan: error: there is no policy template `batery-trace` [policy.template-unknown]\nkouan: hint: did you mean battery-trace?\n"
            ),
            (["completion", "tcsh"], 2, "kouan: error: "),
        ] as [([String], Int32, String)])
    func exitCodesAndErrors(arguments: [String], code: Int32, stderr: String) throws {
        let run = try Program.run(arguments)
        #expect(run.code == code)
        #expect(run.stderr.hasPrefix(stderr), "\(run.stderr)")
        if code != 0 { #expect(run.stdout.isEmpty) } else { #expect(!run.stdout.isEmpty) }
    }

    @Test func refusalsSpeakChineseAndKeepTheirCodes() throws {
        let run = try Program.run(["status", "--data", "/nonexistent", "--lang", "zh", "--format", "json"])
        #expect(run.code == 3)
        #expect(run.stderr.contains("不是节点数据目录 [node.not-initialised]"))
        #expect(try JSON.parse(run.stdout)["error"]?["code"] == "node.not-initialised")
        let byVariable = try Program.run(["status", "--data", "/nonexistent"], environment: ["KOUAN_LANG": "zh"])
        #expect(byVariable.stderr.contains("不是节点数据目录"))
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func completionsNameTheCommands(shell: String) throws {
        let run = try Program.run(["completion", shell])
        #expect(run.code == 0)
        #expect(run.stdout.contains("ledger"))
        #expect(run.stdout.contains("token-file"))
    }

    @Test func aPackageGoesByHandFromOneToTheOther() throws {
        try withTemporaryDirectory { root in
            let source = root + "/数据"
            try FileManager.default.createDirectory(atPath: source + "/子目录", withIntermediateDirectories: true)
            try Data("电池,1\n".utf8).write(to: URL(filePath: source + "/子目录/表.csv"))
            try Data().write(to: URL(filePath: source + "/empty"))
            for name in ["sender", "receiver", "other"] {
                #expect(try Program.run(["package", "keygen", "-o", "\(root)/\(name)"]).code == 0)
            }
            let mode = try FileManager.default.attributesOfItem(atPath: root + "/sender")[.posixPermissions] as? Int
            #expect(mode == 0o600)

            let package = root + "/p.kouan"
            let sealed = try Program.run(
                [
                    "package", "seal", source, "--identity", root + "/sender", "--to", root + "/receiver.pub", "-o", package, "--format",
                    "json",
                ])
            #expect(sealed.code == 0)
            let digest = try JSON.parse(sealed.stdout)["package"]
            #expect(try JSON.parse(try Program.run(["package", "inspect", package, "--format", "json"]).stdout)["package"] == digest)
            #expect(
                try Program.run([
                    "package", "verify", package, "--deep", "--identity", root + "/receiver", "--sender", root + "/sender.pub",
                ]).code == 0)

            let opened = try Program.run([
                "package", "open", package, "--identity", root + "/receiver", "--sender", root + "/sender.pub", "-o", root + "/out",
            ])
            #expect(opened.code == 0, "\(opened.stderr)")
            #expect(try Data(contentsOf: URL(filePath: root + "/out/子目录/表.csv")) == Data("电池,1\n".utf8))
            #expect(try Data(contentsOf: URL(filePath: root + "/out/empty")).isEmpty)

            let wrongKey = try Program.run(["package", "open", package, "--identity", root + "/other", "-o", root + "/no"])
            #expect(wrongKey.code == 5)
            let wrongSender = try Program.run(["package", "verify", package, "--sender", root + "/other.pub"])
            #expect(wrongSender.code == 6)
            var bytes = try Data(contentsOf: URL(filePath: package))
            bytes[bytes.count / 3] ^= 1
            try bytes.write(to: URL(filePath: package))
            let tampered = try Program.run(["package", "open", package, "--identity", root + "/receiver", "-o", root + "/no"])
            #expect(tampered.code == 6)
            #expect(tampered.stderr.hasPrefix("kouan: error: "))
            #expect(!FileManager.default.fileExists(atPath: root + "/no"))
        }
    }

    @Test func aGuomiPackageGoesByHandAndSuitesDoNotMix() throws {
        try withTemporaryDirectory { root in
            let source = root + "/表.csv"
            try Data("电池,1\n".utf8).write(to: URL(filePath: source))
            for name in ["sender", "receiver"] {
                #expect(try Program.run(["package", "keygen", "--suite", "guomi", "-o", "\(root)/\(name)"]).code == 0)
            }
            #expect(try Program.run(["package", "keygen", "-o", root + "/other"]).code == 0)
            let package = root + "/p.kouan"
            let seal = ["package", "seal", source, "--identity", root + "/sender", "-o", package, "--format", "json"]
            // The suite is that of the identities where none is named.
            let sealed = try Program.run(seal + ["--to", root + "/receiver.pub"])
            #expect(sealed.code == 0, "\(sealed.stderr)")
            let answer = try JSON.parse(sealed.stdout)
            #expect(answer["suite"] == "guomi" && answer["package"]?.string?.hasPrefix("sm3:") == true)
            let inspected = try JSON.parse(
                try Program.run(["package", "inspect", package, "--identity", root + "/receiver", "--format", "json"]).stdout)
            #expect(inspected["suite"] == "guomi" && inspected["signer"]?.string?.hasPrefix("sm2:") == true)
            #expect(inspected["files"]?.array?.first?["digest"]?.string?.hasPrefix("sm3:") == true)
            let opened = try Program.run([
                "package", "open", package, "--identity", root + "/receiver", "--sender", root + "/sender.pub", "-o", root + "/out",
            ])
            #expect(opened.code == 0, "\(opened.stderr)")
            #expect(try Data(contentsOf: URL(filePath: root + "/out/表.csv")) == Data("电池,1\n".utf8))

            #expect(try Program.run(["package", "open", package, "--identity", root + "/other", "-o", root + "/no"]).code == 5)
            for wrong in [["--to", root + "/other.pub"], ["--to", root + "/receiver.pub", "--suite", "international"]] {
                let run = try Program.run(seal.map { $0 == package ? root + "/q.kouan" : $0 } + wrong)
                #expect(run.code == 2 && run.stderr.contains("[cli.suite-differs]"), "\(run.stderr)")
                #expect(!FileManager.default.fileExists(atPath: root + "/q.kouan"))
            }
        }
    }

    @Test func theInventoryOfCryptographyIsComplete() throws {
        try withTemporaryDirectory { root in
            let made = try Program.run([
                "init", "--data", root + "/n", "--participant", "urn:uscc:91350900MA2DEM0X11", "--name-zh", "提供方", "--name-en", "Provider",
                "--country", "CN", "--province", "CN-350000", "--industry", "C38", "--peer-url", "https://127.0.0.1:28543",
            ])
            #expect(made.code == 0, "\(made.stderr)")
            let run = try Program.run(["node", "crypto", "--data", root + "/n", "--format", "json"])
            #expect(run.code == 0, "\(run.stderr)")
            let answer = try JSON.parse(run.stdout)
            let keys = answer["keys"]?.array ?? []
            // Every key that `init` made, and no other.
            let files = try FileManager.default.contentsOfDirectory(atPath: root + "/n/keys").map { "keys/" + $0 }
            #expect(keys.compactMap { $0["file"]?.string }.sorted() == files.sorted())
            #expect(keys.allSatisfy { $0["ageDays"]?.int == 0 && $0["keyBits"]?.int == 256 })
            let guomi = (answer["algorithms"]?.array ?? []).filter { $0["suite"] == "guomi" }
            #expect(Set(guomi.compactMap { $0["algorithm"]?.string }) == ["SM4", "HMAC-SM3", "SM3", "HKDF-SM3", "SM2"])
            #expect(guomi.first { $0["algorithm"] == "SM4" }?["keyBits"]?.int == 128)
            let library = answer["libraries"]?.array?.first
            #expect(library?["version"]?.string?.hasPrefix("OpenSSL 3.") == true)
            #expect(library?["detail"]?.string?.contains("default") == true)

            let chinese = try Program.run(["node", "crypto", "--data", root + "/n", "--lang", "zh"])
            for text in ["数据集包内容", "国密", "签名", "启用日期", "TLCP"] { #expect(chinese.stdout.contains(text), "\(text)") }
            let english = try Program.run(["node", "crypto", "--data", root + "/n", "--lang", "en"])
            for text in ["package content", "guomi-signing.pem", "SINCE", "TLCP"] { #expect(english.stdout.contains(text), "\(text)") }
        }
    }

    @Test func policiesAreCheckedWithPlaceAndHint() throws {
        try withTemporaryDirectory { root in
            #expect(try Program.run(["policy", "check", "template:mill-certificate", "template:battery-trace"]).code == 0)
            let bad = root + "/bad.json"
            let policy = try Program.run(["policy", "template", "use-count"]).stdout.replacing("lteq", with: "lessThanOrSo")
            try Data(policy.utf8).write(to: URL(filePath: bad))
            let run = try Program.run(["policy", "check", bad])
            #expect(run.code == 2)
            #expect(run.stdout.contains("\(bad)#/permission"))
            #expect(run.stdout.contains("hint: "))
            let json = try JSON.parse(try Program.run(["policy", "check", bad, "--format", "json"]).stdout)
            #expect(json["policies"]?.array?.first?["ok"] == false)
        }
    }

    @Test func aTemplateIsFilledByAnswers() throws {
        try withTemporaryDirectory { root in
            let file = root + "/window.json"
            let run = try Program.run(
                ["policy", "new", "--template", "time-window", "--set", "from=2026-12-01", "--set", "until=2027-02-28", "-o", file])
            #expect(run.code == 0, "\(run.stderr)")
            #expect(run.stdout.contains("enforced"))
            #expect(run.stdout.contains("not enforced: "))
            #expect(run.stderr == "next: kouan offer create DATASET --policy \(file) --visible-to registered\n")
            let text = try String(contentsOfFile: file, encoding: .utf8)
            #expect(text.contains("2027-03-01T00:00:00+08:00"))
            #expect(try Program.run(["policy", "check", file]).code == 0)
            let again = try Program.run(["policy", "new", "--template", "time-window", "--defaults", "--format", "json"]).stdout
            let id = try JSON.parse(again)["policy"]?["uid"]?.string
            #expect(id?.hasPrefix("urn:uuid:") == true && !text.contains(id ?? ""))

            let chinese = try Program.run(["policy", "new", "--template", "no-training", "--lang", "zh", "-o", file])
            #expect(chinese.stdout.contains("未强制执行：") && chinese.stdout.contains("禁止 `kouan:train`"))
            #expect(chinese.stderr.contains("--acknowledge"))
        }
    }

    @Test(arguments: [
        (["--template", "time-window"], "policy.answer-missing"),
        (["--template", "place", "--set", "places=Atlantis"], "policy.answer-invalid"),
        (["--template", "place", "--set", "place=CN"], "policy.question-unknown"), ([], "policy.template-needed"),
        (["--template", "placd"], "policy.template-unknown"), (["--template", "place", "--zone", "Beijing"], "input.invalid"),
        (["--template", "time-window", "--template", "algorithm-list", "--defaults"], "policy.templates-not-joinable"),
        (["--template", "delete-after-use", "--template", "incident-notice", "--set", "within=P1D"], "policy.question-ambiguous"),
        (["--template", "time-window", "--set", "from=2027-06-01", "--set", "until=2027-02-28"], "policy.never-applies"),
    ])
    func whatCannotBeFilledIsSaid(arguments: [String], code: String) throws {
        let run = try Program.run(["policy", "new"] + arguments)
        #expect(run.code != 0 && run.stdout.isEmpty)
        #expect(run.stderr.contains("[\(code)]\nkouan: hint: "), "\(run.stderr)")
        let chinese = try Program.run(["policy", "new", "--lang", "zh"] + arguments)
        if code != "policy.never-applies" { #expect(chinese.stderr != run.stderr) }
    }

    @Test func templatesAreListedInBothLanguages() throws {
        let english = try Program.run(["policy", "template"]).stdout
        #expect(english.contains("P-16") && english.contains("no training"))
        let chinese = try Program.run(["policy", "template", "--lang", "zh"]).stdout
        #expect(chinese.contains("禁止训练模型"))
        let listed = try JSON.parse(try Program.run(["policy", "template", "--format", "json"]).stdout)["templates"]?.array
        #expect(listed?.count == EmbeddedPolicies.all.count)
        let questions = try Program.run(["policy", "new", "--list", "--template", "time-window", "--lang", "zh"]).stdout
        #expect(questions.contains("until") && questions.contains("含当日"))
    }
}

enum Program {
    /// Beside the test bundle, where the same build put it.
    static let path: String = {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(filePath: bundle).deletingLastPathComponent().appending(path: "kouan").path
    }()

    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> (code: Int32, stdout: String, stderr: String) {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"].merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        let errors = FileManager.default.temporaryDirectory.appending(path: "kouan-stderr-" + UUID().uuidString)
        try Data().write(to: errors)
        defer { try? FileManager.default.removeItem(at: errors) }
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        let stdout = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: stdout, as: UTF8.self),
            String(decoding: try Data(contentsOf: errors), as: UTF8.self)
        )
    }
}
