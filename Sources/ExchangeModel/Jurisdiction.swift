// SPDX-License-Identifier: Apache-2.0

/// ISO 3166-1 alpha-2.
package struct CountryCode: Sendable, Hashable, Codable, CustomStringConvertible {
    package let description: String

    package init(parsing text: String) throws(ModelError) {
        guard CountryCode.isValid(text) else { throw .badCountry(text) }
        description = text
    }

    /// Whether data that goes there stays inside the mainland's customs border, which is what China's export rules ask.
    /// Hong Kong, Macao and Taiwan have codes of their own and count as outside.
    package var isMainlandChina: Bool { description == "CN" }

    package static func isValid(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } && assigned.contains(text) }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard CountryCode.isValid(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a country code")
        }
        description = text
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    private static let assigned = Set(
        """
        AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD
        CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF
        GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
        KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
        NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI
        SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI
        VN VU WF WS YE YT ZA ZM ZW
        """.split(whereSeparator: \.isWhitespace).map(String.init))
}

/// A province-level division of China by GB/T 2260, written `CN-350000`.
package struct ProvinceCode: Sendable, Hashable, Codable, CustomStringConvertible {
    package let description: String

    /// Takes `CN-350000` and `350000`.
    package init(parsing text: String) throws(ModelError) {
        let digits = text.hasPrefix("CN-") ? String(text.dropFirst(3)) : text
        guard digits.utf8.allSatisfy({ $0 < 0x80 }), ProvinceCode.names[digits] != nil else { throw .badProvince(text) }
        description = "CN-" + digits
    }

    package var nameZH: String { ProvinceCode.names[String(description.dropFirst(3))]?.zh ?? description }
    package var nameEN: String { ProvinceCode.names[String(description.dropFirst(3))]?.en ?? description }

    /// All province-level divisions, in code order.
    package static let all: [ProvinceCode] = list.map { ProvinceCode(known: $0.code) }

    private init(known digits: String) { description = "CN-" + digits }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            self = try ProvinceCode(parsing: try container.decode(String.self))
        } catch let error as ModelError {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.message)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    private static let names = Dictionary(uniqueKeysWithValues: list.map { ($0.code, (zh: $0.zh, en: $0.en)) })

    private static let list: [(code: String, zh: String, en: String)] = [
        ("110000", "北京", "Beijing"),
        ("120000", "天津", "Tianjin"),
        ("130000", "河北", "Hebei"),
        ("140000", "山西", "Shanxi"),
        ("150000", "内蒙古", "Inner Mongolia"),
        ("210000", "辽宁", "Liaoning"),
        ("220000", "吉林", "Jilin"),
        ("230000", "黑龙江", "Heilongjiang"),
        ("310000", "上海", "Shanghai"),
        ("320000", "江苏", "Jiangsu"),
        ("330000", "浙江", "Zhejiang"),
        ("340000", "安徽", "Anhui"),
        ("350000", "福建", "Fujian"),
        ("360000", "江西", "Jiangxi"),
        ("370000", "山东", "Shandong"),
        ("410000", "河南", "Henan"),
        ("420000", "湖北", "Hubei"),
        ("430000", "湖南", "Hunan"),
        ("440000", "广东", "Guangdong"),
        ("450000", "广西", "Guangxi"),
        ("460000", "海南", "Hainan"),
        ("500000", "重庆", "Chongqing"),
        ("510000", "四川", "Sichuan"),
        ("520000", "贵州", "Guizhou"),
        ("530000", "云南", "Yunnan"),
        ("540000", "西藏", "Xizang (Tibet)"),
        ("610000", "陕西", "Shaanxi"),
        ("620000", "甘肃", "Gansu"),
        ("630000", "青海", "Qinghai"),
        ("640000", "宁夏", "Ningxia"),
        ("650000", "新疆", "Xinjiang"),
        ("710000", "台湾", "Taiwan"),
        ("810000", "香港", "Hong Kong SAR"),
        ("820000", "澳门", "Macao SAR"),
    ]
}
