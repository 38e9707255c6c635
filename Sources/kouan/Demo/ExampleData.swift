// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Glibc
import ManagementAPI

/// Example datasets: synthetic, but shaped like the real thing, and the same for the same seed.
enum ExampleData {
    static let seed: UInt64 = 20_261_122

    /// Traction battery life-cycle trace (动力电池全生命周期溯源): one CSV per quarter of manufacture, each battery's events in order.
    static func writeBatteryTrace(to directory: String, bytes: Int, seed: UInt64 = seed) throws(OperationFailure) {
        var random = SeededRandom(seed)
        try Files.makeDirectory(directory)
        let quarters = ["2023Q1", "2023Q2", "2023Q3", "2023Q4", "2024Q1", "2024Q2"]
        var serial = 100_000
        for (quarter, name) in zip(quarters.indices, quarters) {
            let file = try CSVFile(path: "\(directory)/battery-trace-\(name).csv", header: batteryHeader)
            while file.bytesWritten < bytes / quarters.count {
                serial += 1
                try writeBattery(serial, quarter: quarter, &random, to: file)
            }
            try file.finish()
        }
        try Files.write(batterySchema.pretty() + "\n", to: directory + "/schema.json")
        try Files.write(batteryReadme, to: directory + "/说明.md")
    }

    /// Mill certificates and heat chemistry (钢材质保书与炉次成分): one CSV per mill, one row per certificate.
    static func writeMillCertificates(to directory: String, bytes: Int, seed: UInt64 = seed) throws(OperationFailure) {
        var random = SeededRandom(seed ^ 0x5EED)
        try Files.makeDirectory(directory)
        for mill in mills {
            let file = try CSVFile(path: "\(directory)/\(mill.file).csv", header: millHeader)
            var number = 0
            while file.bytesWritten < bytes / mills.count {
                number += 1
                try writeCertificate(number, mill: mill, &random, to: file)
            }
            try file.finish()
        }
        try Files.write(millSchema.pretty() + "\n", to: directory + "/schema.json")
        try Files.write(millReadme, to: directory + "/说明.md")
    }

    // MARK: Batteries

    private static let batteryHeader =
        "battery_id,cell_model,cathode,rated_kwh,made_at,plant_province,soh_pct,cycle_count,event,event_at,carbon_kgco2e_per_kwh"

    private static let cells: [(model: String, cathode: String, centiKWh: Int, carbon: Int)] = [
        ("LF105-73", "LFP", 6_048, 612), ("LF280K-62", "LFP", 7_715, 587), ("NM811-90", "NCM811", 8_960, 785),
        ("NM523-75", "NCM523", 7_506, 803),
        ("NCA-100", "NCA", 9_984, 812), ("MP-66", "LMFP", 6_624, 598),
    ]
    private static let plants = ["350000", "350000", "350000", "510000", "630000", "320000"]

    private static func writeBattery(
        _ serial: Int, quarter: Int, _ random: inout SeededRandom, to file: CSVFile
    ) throws(OperationFailure) {
        let cell = cells[random.below(cells.count)]
        let made = quarterStart(quarter) + Int64(random.below(90 * 86_400))
        let plant = plants[random.below(plants.count)]
        let carbon = cell.carbon + random.below(60) - 30
        let prefix =
            "KB\(plant.prefix(2))\(digits(serial, 9)),\(cell.model),\(cell.cathode),\(decimal(cell.centiKWh, 2)),\(time(made)),\(plant),"
        var health = 10_000
        var cycles = 0
        var now = made
        func row(_ event: String) throws(OperationFailure) {
            try file.write("\(prefix)\(decimal(health, 2)),\(cycles),\(event),\(time(now)),\(decimal(carbon, 1))\n")
        }
        try row("make")
        now += Int64(5 + random.below(60)) * 86_400
        try row("install")
        for _ in 0..<random.below(6) {
            now += Int64(30 + random.below(200)) * 86_400
            cycles += 20 + random.below(160)
            health -= 40 + random.below(180)
            try row("repair")
        }
        if random.below(5) == 0 {
            now += Int64(200 + random.below(400)) * 86_400
            cycles += 300 + random.below(900)
            health = min(health, 8_000) - random.below(600)
            try row(random.below(3) == 0 ? "recycle" : "second_use")
        }
    }

    private static func quarterStart(_ quarter: Int) -> Int64 {
        // 2023-01-01T00:00:00Z and quarters of 91 days: close enough to the calendar for an example.
        1_672_531_200 + Int64(quarter) * 91 * 86_400
    }

    // MARK: Steel

    private static let millHeader =
        "cert_no,heat_no,grade,C,Si,Mn,P,S,yield_mpa,tensile_mpa,elong_pct,impact_j,lot_t,mill_uscc,issued_at,sm2_sig"

    private static let mills: [(file: String, code: String, uscc: String)] = [
        ("mill-certificates-shanghai", "SH", "91310000MA1DEM0K1H"), ("mill-certificates-wuhan", "WH", "91420100MA4DEM0T2E"),
    ]
    private static let grades: [(name: String, carbon: Int, silicon: Int, manganese: Int, yield: Int, tensile: Int)] = [
        ("AH36", 160, 300, 1_400, 365, 520), ("DH36", 150, 320, 1_450, 370, 530), ("EH40", 130, 310, 1_480, 405, 560),
        ("Q355B", 180, 280, 1_350, 360, 510), ("Q460C", 140, 330, 1_550, 470, 620),
    ]

    private static func writeCertificate(
        _ number: Int, mill: (file: String, code: String, uscc: String), _ random: inout SeededRandom, to file: CSVFile
    ) throws(OperationFailure) {
        let grade = grades[random.below(grades.count)]
        let issued = Int64(1_767_225_600) + Int64(number) * 397 + Int64(random.below(300))
        let heat = "\(mill.code)\(digits(26, 2))\(digits(number / 4 + 1, 7))"
        func around(_ value: Int, _ spread: Int) -> Int { value + random.below(2 * spread + 1) - spread }
        var row = "\(mill.code)-26-\(digits(number, 8)),\(heat),\(grade.name)"
        row +=
            ",\(decimal(around(grade.carbon, 15), 3)),\(decimal(around(grade.silicon, 40), 3)),\(decimal(around(grade.manganese, 60), 3))"
        row += ",\(decimal(around(14, 6), 3)),\(decimal(around(6, 4), 3)),\(around(grade.yield, 20)),\(around(grade.tensile, 25))"
        row +=
            ",\(decimal(around(245, 25), 1)),\(decimal(around(1_450, 500), 1)),\(decimal(around(18_500, 9_000), 3)),\(mill.uscc),\(time(issued))"
        row += ",\(Base64.encode(random.bytes(64)))\n"
        try file.write(row)
    }

    // MARK: What goes beside the rows

    private static func schema(_ id: String, zh: String, en: String, _ fields: [(String, String)]) -> JSON {
        [
            "id": .string(id), "title": ["zh-CN": .string(zh), "en": .string(en)], "mediaType": "text/csv", "header": true,
            "fields": .array(fields.map { ["name": .string($0.0), "type": .string($0.1)] }), "synthetic": true,
        ]
    }

    private static let batterySchema = schema(
        "D-01", zh: "动力电池全生命周期溯源", en: "Traction battery life-cycle trace",
        [
            ("battery_id", "string"), ("cell_model", "string"), ("cathode", "enum"), ("rated_kwh", "decimal"), ("made_at", "timestamp"),
            ("plant_province", "gbt2260"), ("soh_pct", "decimal"), ("cycle_count", "integer"),
            ("event", "enum(make,install,repair,second_use,recycle)"), ("event_at", "timestamp"), ("carbon_kgco2e_per_kwh", "decimal"),
        ])

    private static let millSchema = schema(
        "D-03", zh: "钢材质保书与炉次成分", en: "Mill certificates and heat chemistry",
        [
            ("cert_no", "string"), ("heat_no", "string"), ("grade", "string"), ("C", "decimal"), ("Si", "decimal"), ("Mn", "decimal"),
            ("P", "decimal"), ("S", "decimal"), ("yield_mpa", "integer"), ("tensile_mpa", "integer"), ("elong_pct", "decimal"),
            ("impact_j", "decimal"), ("lot_t", "decimal"), ("mill_uscc", "string"), ("issued_at", "timestamp"), ("sm2_sig", "string"),
        ])

    private static let batteryReadme = """
        # 动力电池全生命周期溯源（示例数据）

        合成数据，非真实企业数据。每块电池按时间顺序记录制造、装车、维修、梯次利用和回收事件。字段见 schema.json。

        """

    private static let millReadme = """
        # 钢材质保书与炉次成分（示例数据）

        合成数据，非真实企业数据。每行一份质保书：炉号、牌号、化学成分（质量分数，%）、力学性能。字段见 schema.json。

        """

    // MARK: Text

    /// `value` with `places` decimals: (1234, 2) → `12.34`.
    private static func decimal(_ value: Int, _ places: Int) -> String {
        var scale = 1
        for _ in 0..<places { scale *= 10 }
        return "\(value / scale).\(digits(abs(value % scale), places))"
    }

    private static func digits(_ value: Int, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }

    private static func time(_ seconds: Int64) -> String { Timestamp(seconds: seconds).secondsText }
}

/// SplitMix64: small, fast, and the same on every machine.
struct SeededRandom {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// 0 ..< `bound`; the bias of the remainder does not matter here.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
}

/// Rows to disk through one buffer, whatever the size of the file.
final class CSVFile {
    private static let bufferBytes = 256 * 1024

    private let path: String
    private var descriptor: Int32
    private var buffer: [UInt8] = []
    private(set) var bytesWritten = 0

    init(path: String, header: String) throws(OperationFailure) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        buffer.reserveCapacity(CSVFile.bufferBytes + 4096)
        guard descriptor >= 0 else { throw Files.unwritable(path) }
        try write(header + "\n")
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func write(_ row: String) throws(OperationFailure) {
        buffer.append(contentsOf: row.utf8)
        bytesWritten += row.utf8.count
        if buffer.count >= CSVFile.bufferBytes { try flush() }
    }

    func finish() throws(OperationFailure) {
        try flush()
        guard close(descriptor) == 0 else {
            descriptor = -1
            throw Files.unwritable(path)
        }
        descriptor = -1
    }

    private func flush() throws(OperationFailure) {
        guard Files.writeAll(buffer, to: descriptor) else { throw Files.unwritable(path) }
        buffer.removeAll(keepingCapacity: true)
    }
}
