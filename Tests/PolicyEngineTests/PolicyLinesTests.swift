// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import PolicyEngine
import Testing

struct PolicyLinesTests {
    private func line(_ action: String) -> String {
        #"{"policies":[{"@type":"Set","uid":"urn:p","permission":[{"uid":"urn:r","action":"read"}]}],"#
            + #""request":{"action":"http://www.w3.org/ns/odrl/2/\#(action)"}}"#
    }

    private func decisions(_ answers: [JSON]) -> [String] {
        answers.map { $0["reports"]?.array?.first?["decision"]?.string ?? $0["error"]?["code"]?.string ?? "?" }
    }

    @Test(arguments: [1, 2, 7, 64, 10_000])
    func everyLineIsAnsweredInItsOrder(partSize: Int) {
        let text = line("read") + "\n" + "not JSON\n" + "\r\n" + line("sell") + "\r\n[]\n" + line("read")
        let bytes = Array(text.utf8)
        var lines = PolicyLines()
        var answers: [JSON] = []
        for start in stride(from: 0, to: bytes.count, by: partSize) {
            answers += lines.receive(bytes[start..<min(bytes.count, start + partSize)])
        }
        if let last = lines.finish() { answers.append(last) }
        #expect(decisions(answers) == ["permit", "json.malformed", "deny", "policy.input-not-an-object", "permit"])
        #expect(lines.hasAnswered)
        #expect(lines.finish() == nil)
    }

    @Test func aLineBeyondTheLimitIsRefusedAndTheNextOneRead() {
        let good = line("read")
        var lines = PolicyLines(limits: JSONLimits(bytes: good.utf8.count, depth: 64, values: 1000))
        let answers = lines.receive(Array((good + " \n" + String(repeating: " ", count: 100_000) + "\n" + good + "\n").utf8))
        #expect(decisions(answers) == ["json.too-large", "json.too-large", "permit"])
    }

    @Test func linesThatNobodyCanReadAreNoAnswer() {
        var lines = PolicyLines()
        #expect(decisions(lines.receive(Array("{}\n\n".utf8))) == ["policy.no-policy"])
        #expect(lines.finish() == nil)
        #expect(!lines.hasAnswered)
        #expect(PolicyCLI.nothingToRead["error"]?["code"]?.string == "policy.no-policy")
    }

    @Test func comparisonsAreAnsweredLineByLineToo() {
        func policy(_ operation: String) -> JSON {
            [
                "@type": "Set",
                "permission": [
                    ["action": "use", "constraint": [["leftOperand": "count", "operator": .string(operation), "rightOperand": 3]]]
                ],
            ]
        }
        let question: JSON = ["question": "conflict", "a": policy("lt"), "b": policy("gteq")]
        var lines = PolicyLines { PolicyCLI.compare($0, limits: $1) }
        let answers = lines.receive(question.canonical() + Array("\n{}\n".utf8) + question.canonical())
        #expect(answers.map { $0["relation"] } == ["conflict", nil])
        #expect(answers.last?["error"]?["code"] == "policy.unknown-question")
        #expect(lines.finish()?["relation"] == "conflict")
        #expect(lines.hasAnswered)
    }
}
