// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// Which place lies in which: a versioned table that a world carries, so that a decision can be replayed with the table it used.
///
/// Codes are ISO 3166-1 alpha-2 for countries and `CN-` with GB/T 2260 for Chinese provinces; `EU` and `EEA` are zones. `CN` here is
/// the territory inside the mainland's customs border, as data law counts it: HK, MO and TW have codes of their own and stand beside
/// it, so a clause `spatial isPartOf CN` does not reach them. ISO 3166-2 codes of provinces (`CN-FJ`) lie in the GB/T code.
package struct RegionHierarchy: Sendable {
    package let version: String
    /// Each place with the larger places it lies in directly.
    package let broader: [String: [String]]

    package init(version: String, broader: [String: [String]]) {
        self.version = version
        self.broader = broader
    }

    /// Whether the table, or the list of country codes, knows the place.
    package func contains(_ code: String) -> Bool {
        broader[code] != nil || code == "EU" || code == "EEA" || CountryCode.isValid(code)
    }

    package static let standard: RegionHierarchy = {
        var broader: [String: [String]] = ["EU": ["EEA"]]
        let unionMembers = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
        for country in unionMembers.split(separator: " ") { broader[String(country)] = ["EU"] }
        for country in ["IS", "LI", "NO"] { broader[country] = ["EEA"] }
        let outsideCustomsBorder = ["CN-710000": "TW", "CN-810000": "HK", "CN-820000": "MO"]
        for province in ProvinceCode.all {
            broader[province.description] = [outsideCustomsBorder[province.description] ?? "CN"]
        }
        let letters = """
            11 BJ 12 TJ 13 HE 14 SX 15 NM 21 LN 22 JL 23 HL 31 SH 32 JS 33 ZJ 34 AH 35 FJ 36 JX 37 SD 41 HA 42 HB 43 HN 44 GD 45 GX \
            46 HI 50 CQ 51 SC 52 GZ 53 YN 54 XZ 61 SN 62 GS 63 QH 64 NX 65 XJ 71 TW 81 HK 82 MO
            """.split(separator: " ")
        for index in stride(from: 0, to: letters.count - 1, by: 2) { broader["CN-" + letters[index + 1]] = ["CN-\(letters[index])0000"] }
        return RegionHierarchy(version: "2026-11-22", broader: broader)
    }()
}
