// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Foundation
import PolicyEngine

let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

func file(_ path: String) throws -> JSON {
    try JSON.parse([UInt8](Data(contentsOf: repository.appending(path: path))), limits: .policy)
}

func files(in folder: String, suffix: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: repository.appending(path: folder).path)
        .filter { $0.hasSuffix(suffix) }.sorted().map { folder + "/" + $0 }
}

func json(_ text: String) throws -> JSON { try JSON.parse(text) }

/// SplitMix64: small, seeded, the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}

/// A seed of the run, or the one that KOUAN_SEED names to repeat a failure.
func freshSeed() -> UInt64 {
    ProcessInfo.processInfo.environment["KOUAN_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0..<1_000_000)
}
