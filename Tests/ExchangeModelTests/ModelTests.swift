// SPDX-License-Identifier: Apache-2.0
import ExchangeModel
import Testing

struct ModelTests {
    @Test(arguments: [
        "urn:uscc:91350100M000100Y43", "urn:lei:5493001KJTIIGC8Y1R12", "urn:reg:DE:HRB-12345",
    ])
    func participantsWithGoodCheckDigits(text: String) throws {
        #expect(try ParticipantID(parsing: text).description == text)
    }

    @Test(arguments: [
        "urn:uscc:91350100M000100Y44", "urn:uscc:91350100M000100Y4", "urn:lei:5493001KJTIIGC8Y1R13", "urn:reg:XX:1", "urn:reg:DE:",
        "urn:reg:DE:a b", "urn:reg:DE:1:2", "uscc:91350100M000100Y43", "urn:uscc:91350100M000100O43", "", "urn:lei:5493001kjtiigc8y1r12",
        "urn:reg:C\u{212A}:1", "urn:reg:CN:\u{212A}1",
    ])
    func participantsRefused(text: String) {
        #expect(throws: ModelError.self) { try ParticipantID(parsing: text) }
    }

    @Test func provincesAndCountries() throws {
        #expect(try ProvinceCode(parsing: "350000").description == "CN-350000")
        #expect(try ProvinceCode(parsing: "CN-350000").nameZH == "福建")
        #expect(ProvinceCode.all.count == 34)
        #expect(throws: ModelError.self) { try ProvinceCode(parsing: "990000") }
        #expect(try CountryCode(parsing: "CN").isMainlandChina)
        #expect(try !CountryCode(parsing: "HK").isMainlandChina)
        #expect(throws: ModelError.self) { try CountryCode(parsing: "de") }
    }

    @Test(arguments: [
        ("2026-11-22T08:00:00Z", "2026-11-22T08:00:00.000Z"), ("2026-11-22T16:00:00.5+08:00", "2026-11-22T08:00:00.500Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"), ("2000-02-29T23:59:59.9999Z", "2000-02-29T23:59:59.999Z"),
        ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59.000Z"), ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ])
    func timesReadAndWritten(text: String, expected: String) {
        #expect(Timestamp(parsing: text)?.description == expected)
    }

    @Test(arguments: [
        "2026-02-29T00:00:00Z", "2026-11-22T08:00:00", "2026-11-22", "2026-13-01T00:00:00Z", "2026-11-22T24:00:00Z",
        "2026-11-22T08:00:00+15:00", "2026-11-22T08:00:00.Z", "2026-11-22T08:00:00Zx",
        "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00",
    ])
    func timesRefused(text: String) {
        #expect(Timestamp(parsing: text) == nil)
    }

    @Test func countingYearIsThatOfChina() {
        #expect(Timestamp(parsing: "2026-12-31T15:59:59Z")?.countingYear == 2026)
        #expect(Timestamp(parsing: "2026-12-31T16:00:00Z")?.countingYear == 2027)
    }

    @Test func timeOrderedIDsSortByTime() {
        let random = [UInt8](repeating: 0xFF, count: 10)
        let first = TimeOrderedID.make(at: Timestamp(milliseconds: 1_000), random: random)
        let second = TimeOrderedID.make(at: Timestamp(milliseconds: 1_001), random: [UInt8](repeating: 0, count: 10))
        #expect(first < second)
        #expect(first.count == 36)
        #expect(Array(first)[14] == "7")
    }

    @Test func base64IsStrict() {
        for count in 0..<20 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Base64.decodeURL(Base64.encodeURL(bytes)) == bytes)
        }
        #expect(Base64.decode("QQ") == nil)
        #expect(Base64.decode("QR==") == nil)
        #expect(Base64.decode("QQ==\n") == nil)
        #expect(Base64.decodeURL("QQ==") == nil)
        #expect(Base64.decode("====") == nil)
    }
}
