// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import DataDuties
import ExchangeModel
import Foundation
import Testing

private let key = SecretBytes([UInt8](repeating: 7, count: 32))

private func treatment(_ fields: [String], _ method: MaskMethod = .mask, tag: RowTag? = nil) throws -> DataTreatment {
    var treatment = DataTreatment(pseudonymKey: key, rowTag: tag)
    try treatment.mask(fields, by: method)
    return treatment
}

/// What `content` becomes when it arrives in pieces of `size` bytes.
private func rewritten(_ content: [UInt8], _ path: String, _ treatment: DataTreatment, pieces size: Int = .max) throws -> (
    bytes: [UInt8], found: Set<Int>
) {
    guard let rewriter = try treatment.rewriter(for: path, isEmpty: content.isEmpty) else { return (content, []) }
    var output: [UInt8] = []
    var position = 0
    while position < content.count {
        let end = min(content.count, size == .max ? content.count : position + size)
        try Array(content[position..<end]).withUnsafeBytes { bytes in try rewriter.update(bytes, into: &output) }
        position = end
    }
    try rewriter.finish(into: &output)
    return (output, rewriter.found)
}

private func text(
    _ content: String, _ path: String, _ fields: [String], _ method: MaskMethod = .mask, pieces: Int = .max
) throws -> String {
    String(decoding: try rewritten(Array(content.utf8), path, try treatment(fields, method), pieces: pieces).bytes, as: UTF8.self)
}

private func code(of body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let error as any KouanError { return error.code } catch { return "\(error)" }
}

@Suite struct TableMaskingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let fields: [String]
        var method = MaskMethod.mask
        let input: String
        let output: String
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "bare", fields: ["name"], input: "id,name\n1,Anna\n2,Bo\n3,C\n4,\n", output: "id,name\n1,A**a\n2,B*\n3,*\n4,\n"),
        Case(
            name: "Chinese", fields: ["姓名", "证件号"], input: "姓名,证件号,数量\r\n张三丰,350102199001011234,5\r\n",
            output: "姓名,证件号,数量\r\n张*丰,3****************4,5\r\n"),
        Case(name: "byte order mark", fields: ["name"], input: "\u{FEFF}name,x\nAnna,1\n", output: "\u{FEFF}name,x\nA**a,1\n"),
        Case(
            name: "quoted header after a mark", fields: ["name"], input: "\u{FEFF}\"name\",x\nAnna,1\n",
            output: "\u{FEFF}\"name\",x\nA**a,1\n"),
        Case(
            name: "quoted with delimiter, quote and line end", fields: ["note"], input: "id,note\n1,\"a,b\"\"c\nd\"\n2,\"x\"\n",
            output: "id,note\n1,\"a*****d\"\n2,\"*\"\n"),
        Case(name: "last letter is a quote", fields: ["note"], input: "note\n\"a\"\"\"\n", output: "note\n\"a*\"\n"),
        Case(
            name: "untouched columns keep every byte", fields: ["b"], input: "a,b\n\"x\"\"y, z\r\n\",bee\n",
            output: "a,b\n\"x\"\"y, z\r\n\",b*e\n"),
        Case(name: "no line end at the end", fields: ["a"], input: "a,b\nxyz,1", output: "a,b\nx*z,1"),
        Case(name: "case and spaces of the header", fields: ["Name"], input: "id, NAME \n1,Anna\n", output: "id, NAME \n1,A**a\n"),
        Case(name: "removed", fields: ["name"], method: .remove, input: "id,name\n1,Anna\n2,\"B,o\"\n", output: "id,name\n1,\n2,\"\"\n"),
        Case(name: "path of one step", fields: ["$.name"], input: "id,name\n1,Anna\n", output: "id,name\n1,A**a\n"),
        Case(name: "two columns of one name", fields: ["a"], input: "a,b,a\nxyz,1,uvw\n", output: "a,b,a\nx*z,1,u*w\n"),
        Case(name: "blank lines", fields: ["a"], input: "a,b\n\nxyz,1\n\n", output: "a,b\n\nx*z,1\n\n"),
        Case(name: "header only", fields: ["a"], input: "a,b\n", output: "a,b\n"),
        Case(name: "a family is one character", fields: ["a"], input: "a\n👨‍👩‍👧xy\n", output: "a\n👨‍👩‍👧*y\n"),
    ]

    /// Golden, and the same in whatever pieces the bytes come.
    @Test(arguments: cases)
    func columnsAreMasked(_ row: Case) throws {
        for pieces in [Int.max, 1, 2, 3, 7] {
            #expect(try text(row.input, "t.csv", row.fields, row.method, pieces: pieces) == row.output, "pieces of \(pieces)")
        }
    }

    @Test func tabsSeparateToo() throws {
        #expect(try text("id\tname\n1\tAnna, B\n", "t.tsv", ["name"]) == "id\tname\n1\tA*****B\n")
    }

    @Test func pseudonymsAreEqualForEqualValuesUnderOneKey() throws {
        let out = try text("a,b\nAnna,Anna\nBo,Anna\n", "t.csv", ["a", "b"], .hash).split(separator: "\n").map { $0.split(separator: ",") }
        #expect(out[1][0] == out[1][1])
        #expect(out[1][0] == out[2][1])
        #expect(out[1][0] != out[2][0])
        #expect(out[1][0].count == 32)
        var other = DataTreatment(pseudonymKey: SecretBytes([UInt8](repeating: 8, count: 32)))
        try other.mask(["a"], by: .hash)
        let elsewhere = String(decoding: try rewritten(Array("a\nAnna\n".utf8), "t.csv", other).bytes, as: UTF8.self)
        #expect(!elsewhere.contains(out[1][0]))
    }

    @Test(arguments: [
        "a,b\n1,\"open\n", "a,b\n1,x\"y\n", "a,b\n1,\"x\"y\n", "a,b\n1\n", "a,b\n1,2,3\n", "a,b\r1,2\r", "a,b\n1,2\r", "a\u{0},b\n1,2\n",
    ])
    func tablesThatCanBeReadTwoWaysAreRefused(_ content: String) {
        for pieces in [Int.max, 1] {
            #expect(code { _ = try text(content, "t.csv", ["a"], pieces: pieces) } == "duty.cannot-mask")
        }
    }

    @Test func hugeFieldsPassOrAreRefusedButAreNeverKept() throws {
        let huge = String(repeating: "x", count: 3 << 20)
        #expect(try text("a,b\n1,\(huge)\n", "t.csv", ["a"], pieces: 65_536) == "a,b\n*,\(huge)\n")
        #expect(code { _ = try text("a,b\n1,\(huge)\n", "t.csv", ["b"], pieces: 65_536) } == "duty.cannot-mask")
        #expect(code { _ = try text(String(repeating: "a,", count: 20_000), "t.csv", ["b"]) } == "duty.cannot-mask")
        #expect(code { _ = try text(huge, "t.csv", ["b"]) } == "duty.cannot-mask")
    }

    @Test func bytesThatAreNotUTF8AreMaskedWhole() throws {
        let content = Array("a,b\n".utf8) + [0xB0, 0xA1, 0xD6] + Array(",".utf8) + [0xD0, 0xD5] + Array("\n".utf8)
        let out = try rewritten(content, "t.csv", try treatment(["a"])).bytes
        #expect(out == Array("a,b\n***,".utf8) + [0xD0, 0xD5] + Array("\n".utf8))
    }

    @Test func filesWithoutFieldsAreRefusedAndMissingFieldsAreNoticed() throws {
        let masking = try treatment(["a"])
        for name in ["x.pdf", "x.txt", "x", "csv"] {
            #expect(code { _ = try masking.rewriter(for: name, isEmpty: false) } == "duty.cannot-mask")
            #expect(try masking.rewriter(for: name, isEmpty: true) == nil)
        }
        #expect(code { try masking.checkComplete(try rewritten(Array("b\n1\n".utf8), "t.csv", masking).found) } == "duty.field-missing")
        #expect(code { try masking.checkComplete(try rewritten(Array("a\n1\n".utf8), "t.csv", masking).found) } == nil)
        #expect(try DataTreatment(pseudonymKey: key).rewriter(for: "x.pdf", isEmpty: false) == nil)
    }

    @Test func eachRowCarriesATagThatOnlyItsKeyMakes() throws {
        let tag = RowTag(key: key)
        let input = "id,name\r\n1,Anna\r\n2,\"B\no\"\r\n"
        for pieces in [Int.max, 1, 5] {
            let out = String(
                decoding: try rewritten(Array(input.utf8), "t.csv", try treatment(["name"], tag: tag), pieces: pieces).bytes, as: UTF8.self)
            let rows = out.components(separatedBy: "\r\n")
            #expect(rows[0] == "id,name,_kouan_recipient")
            #expect(rows[1].hasPrefix("1,A**a,"))
            for row in rows[1...2] {
                #expect(tag.marks(Array(row.utf8)))
                #expect(!RowTag(key: SecretBytes([1])).marks(Array(row.utf8)))
                #expect(!tag.marks(Array(("9" + row).utf8)))
            }
        }
    }
}

@Suite struct TreeMaskingTests {
    @Test(arguments: [
        (["$.name"], MaskMethod.mask, #"{"name": "Anna", "x": {"name": "Anna"}}"#, #"{"name": "A**a", "x": {"name": "Anna"}}"#),
        (["name"], .mask, #"{"name":"Anna","x":[{"NAME":"Bob"}]}"#, #"{"name":"A**a","x":[{"NAME":"B*b"}]}"#),
        (
            ["$.items[*].idno"], .mask, #"{"items":[{"idno":"1234","n":1},{"idno":99}],"idno":"1234"}"#,
            #"{"items":[{"idno":"1**4","n":1},{"idno":"9*"}],"idno":"1234"}"#
        ), (["$.a[1]"], .mask, #"{"a":["abc","abc"]}"#, #"{"a":["abc","a*c"]}"#),
        (["$..b.c"], .mask, #"{"a":{"b":{"c":"xyz"}},"c":"xyz"}"#, #"{"a":{"b":{"c":"x*z"}},"c":"xyz"}"#),
        (["$['a.b']"], .mask, #"{"a.b":"xyz"}"#, #"{"a.b":"x*z"}"#), (["$.*"], .mask, #"{"a":"xyz","b":"uvw"}"#, #"{"a":"x*z","b":"u*w"}"#),
        (["$[*].n"], .mask, #"[{"n":"xyz"}]"#, #"[{"n":"x*z"}]"#), (["n"], .mask, #"{"na":1,"n":"xyz"}"#, #"{"na":1,"n":"x*z"}"#),
        (["n"], .mask, #"{"\u006e":"x\u0079z"}"#, #"{"\u006e":"x*z"}"#), (["n"], .mask, #"{"n":"\ud83d\ude00ab"}"#, "{\"n\":\"😀*b\"}"),
        (["n"], .mask, #"{"n":"a","n":"xyz"}"#, #"{"n":"*","n":"x*z"}"#), (["n"], .mask, #"{"n":-12.5e3}"#, #"{"n":"-*****3"}"#),
        (["n"], .mask, #"{"n":true,"m":false}"#, #"{"n":null,"m":false}"#), (["n"], .mask, #"{"n":null}"#, #"{"n":null}"#),
        (["n"], .mask, #"{"n":{"a":"xyz","b":["uvw",1]}}"#, #"{"n":{"a":"x*z","b":["u*w","*"]}}"#),
        (["n"], .remove, #"{"n":{"a":"xyz","b":[1,"]"]},"m":"xyz"}"#, #"{"n":null,"m":"xyz"}"#),
        (["n"], .remove, #"{"n":"xyz","m":[{"n":3}]}"#, #"{"n":null,"m":[{"n":null}]}"#),
        (["n"], .mask, "{\"n\":\"xyz\"}\n{\"n\":\"uvw\"}\n", "{\"n\":\"x*z\"}\n{\"n\":\"u*w\"}\n"),
        (["n"], .mask, "\u{FEFF} [ ] ", "\u{FEFF} [ ] "), (["n"], .mask, #"{"n":"\"x\\"}"#, #"{"n":"\"*\\"}"#),
        (["n"], .mask, #"{"n":"","o":"\n\u00e9"}"#, #"{"n":"","o":"\n\u00e9"}"#),
    ])
    func membersAreMasked(_ fields: [String], _ method: MaskMethod, _ input: String, _ output: String) throws {
        for pieces in [Int.max, 1, 2, 5] {
            #expect(try text(input, "t.json", fields, method, pieces: pieces) == output, "pieces of \(pieces)")
        }
    }

    @Test(arguments: [
        #"{"n":"x"#, #"{"n":"x\q"}"#, "{\"n\":\"x\u{1}\"}", #"{n:1}"#, #"{"n":1,}"#, #"[1,]"#, #"{"n" 1}"#, #"{"n":01}"#, #"{"n":1.}"#,
        #"[1}"#,
        #"{"n":tru}"#, #"{"n":NaN}"#, #"1,2"#, #"{"n":"\u12"}"#, "'n'", "[1 2]", #"{"n":1 "m":2}"#, "]", "\u{0}", "{\"n\":\u{FEFF}1}",
    ])
    func looseDocumentsAreRefused(_ content: String) {
        for pieces in [Int.max, 1] {
            #expect(code { _ = try text(content, "t.json", ["n"], pieces: pieces) } == "duty.cannot-mask", "\(content)")
        }
    }

    @Test func depthLengthAndNumberHaveLimits() throws {
        let deep = String(repeating: "[", count: 100_000)
        #expect(code { _ = try text(deep, "t.json", ["n"]) } == "duty.cannot-mask")
        #expect(
            try text(String(repeating: "[", count: 512) + String(repeating: "]", count: 512), "t.json", ["n"]).utf8.count == 1024)
        let long = String(repeating: "x", count: 2 << 20)
        #expect(try text(#"{"m":"\#(long)"}"#, "t.json", ["n"], pieces: 10_000).utf8.count == long.utf8.count + 8)
        #expect(code { _ = try text(#"{"n":"\#(long)"}"#, "t.json", ["n"]) } == "duty.cannot-mask")
        #expect(code { _ = try text(#"{"\#(long)":1}"#, "t.json", ["n"]) } == "duty.cannot-mask")
        #expect(code { _ = try text("1" + String(repeating: "0", count: 2000), "t.json", ["n"]) } == "duty.cannot-mask")
    }

    @Test(arguments: ["", "$", "$.", "$a", "$.a[", "$.a['b", "$[x]", "$..*", "$[-1]", String(repeating: "$.a", count: 400)])
    func pathsThatMeanNothingAreRefused(_ field: String) {
        #expect(code { _ = try treatment([field]) } == "duty.bad-field")
    }

    @Test func onlyFieldsThatWereThereCount() throws {
        let masking = try treatment(["$.a.b", "c"])
        #expect(try rewritten(Array(#"{"a":{"b":1}}"#.utf8), "t.json", masking).found == [0])
        #expect(try rewritten(Array(#"{"a":{"B":1},"x":[{"c":2}]}"#.utf8), "t.json", masking).found == [1])
    }

    /// Whatever bytes come, in whatever pieces: an answer or a refusal, and the same one.
    @Test func anyBytesGiveOneAnswer() throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var state = seed
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        let alphabets: [[UInt8]] = [Array("{}[]\",:n1\\ut \n".utf8), Array("a,b\"\r\n".utf8), Array(0...255)]
        for _ in 0..<3000 {
            let alphabet = alphabets[random(3)]
            let content = (0..<random(60)).map { _ in alphabet[random(alphabet.count)] }
            for path in ["t.json", "t.csv"] {
                let masking = try treatment(["n", "a"], MaskMethod.allCases[random(3)], tag: random(2) == 0 ? RowTag(key: key) : nil)
                let whole = Result { try rewritten(content, path, masking).bytes }
                let pieces = Result { try rewritten(content, path, masking, pieces: 1 + random(4)).bytes }
                switch (whole, pieces) {
                case (.success(let one), .success(let other)): #expect(one == other, "seed \(seed)")
                case (.failure, .failure): break
                default: Issue.record("pieces decide: seed \(seed) \(content)")
                }
            }
        }
    }

    /// A second, independent reader sees no masked value in what is masked.
    @Test func noMaskedValueIsLeftForAnotherReader() throws {
        let rows = (0..<200).map { #"{"id":\#($0),"person":{"name":"secret-\#($0)-x","tags":["secret-\#($0)-y"]},"note":"plain"}"# }
        let out = try text("[" + rows.joined(separator: ",\n") + "]", "t.json", ["$[*].person"], pieces: 11)
        let parsed = try #require(try JSON.parse(Array(out.utf8)).array)
        #expect(parsed.count == 200)
        #expect(!out.contains("secret"))
        #expect(parsed.allSatisfy { $0["note"] == "plain" && $0["person"]?["tags"]?.array?.count == 1 })
    }
}
