// SPDX-License-Identifier: Apache-2.0
import ExchangeModel
import Testing

struct JSONTests {
    /// The example of RFC 8785 §3.2.3 and numbers of its appendix B.
    @Test func canonicalFormOfTheStandard() throws {
        let text =
            #"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#
        let expected =
            #"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
        #expect(try JSON.parse(text).canonicalText == expected)
    }

    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("1e21", "1e+21"), ("1e20", "100000000000000000000"), ("9007199254740993", "9007199254740992"),
        ("1e-6", "0.000001"), ("1e-7", "1e-7"), ("123456789012", "123456789012"), ("-1.5", "-1.5"), ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"), ("0.1", "0.1"), ("100.0", "100"),
    ])
    func numbers(text: String, expected: String) throws {
        #expect(try JSON.parse(text).canonicalText == expected)
    }

    @Test func membersSortByUTF16() throws {
        let text = #"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#
        #expect(try JSON.parse(text).canonicalText == "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}")
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":1,}", "01", "1.", ".5", "+1", "1e", "\"\\x\"", "\"\u{1}\"", "\"\\ud800\"", "\"\\udc00\"", "nul",
        "[1] 2",
        "{\"a\":1,\"a\":2}", "1e999", "{a:1}", "'a'", "\"abc", "{\"a\" 1}", "[1 2]", "--1", "\u{feff}1", "NaN",
    ])
    func malformedIsRefused(text: String) {
        #expect(throws: JSONError.self) { try JSON.parse(text) }
    }

    @Test func limitsHold() {
        let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(throws: JSONError.tooDeep(limit: 64)) { try JSON.parse(deep) }
        #expect(throws: JSONError.tooManyValues(limit: 10)) {
            try JSON.parse("[1,1,1,1,1,1,1,1,1,1,1,1]", limits: JSONLimits(bytes: 100, depth: 10, values: 10))
        }
        #expect(throws: JSONError.tooLarge(bytes: 6, limit: 5)) {
            try JSON.parse("123456", limits: JSONLimits(bytes: 5, depth: 1, values: 1))
        }
        #expect(throws: JSONError.self) { try JSON.parse([0x22, 0xFF, 0x22]) }
        #expect(throws: JSONError.self) { try JSON.parse([0x22, 0xC0, 0x80, 0x22]) }
    }

    @Test func readingWhatWeWriteGivesTheSame() throws {
        var random = SeededRandom(seed: 20_261_122)
        for _ in 0..<500 {
            let value = random.json(depth: 5)
            #expect(try JSON.parse(value.canonical()) == value)
            #expect(try JSON.parse(value.pretty()) == value)
        }
    }

    @Test func randomBytesNeverTrap() {
        var random = SeededRandom(seed: 7)
        let alphabet = Array("{}[]\",:0123456789.eE+-truefalsn\\u \u{0}é".utf8)
        for _ in 0..<20_000 {
            let bytes = (0..<Int(random.next() % 40)).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] }
            _ = try? JSON.parse(bytes)
        }
        #expect(Bool(true), "reached the end")
    }
}

struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state = state &+ 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func json(depth: Int) -> JSON {
        switch next() % (depth > 0 ? 8 : 6) {
        case 0: return .null
        case 1: return .bool(next().isMultiple(of: 2))
        case 2: return .integer(Int64(next() % 2_000_001) - 1_000_000)
        case 3: return .double(Double(bitPattern: next() & 0x3FFF_FFFF_FFFF_FFFF | 1 << 52) + 0.5).nonInteger
        case 4, 5:
            return .string(String(["a", "\"", "\\", "\n", "é", "口", "😀", "\u{1}"].shuffled(using: &self).joined().prefix(Int(next() % 6))))
        case 6: return .array((0..<Int(next() % 4)).map { _ in json(depth: depth - 1) })
        default: return .object(Dictionary((0..<Int(next() % 4)).map { ("k\($0)", json(depth: depth - 1)) }) { first, _ in first })
        }
    }
}

extension JSON {
    /// Doubles that are whole numbers read back as integers; give those as what they read back as.
    fileprivate var nonInteger: JSON {
        guard case .double(let value) = self else { return self }
        return (try? JSON.parse(self.canonical())) ?? .double(value)
    }
}
