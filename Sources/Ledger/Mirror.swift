// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
package import ExchangeModel

/// What one node shows of an entry so that the other can find its counterpart: ids and the mirror commitment, nothing confidential.
package struct MirrorRecord: Sendable, Hashable, Codable {
    package let event: String
    package let correlation: String?
    package let type: EntryType
    package let index: Int64
    /// Hex of the commitment over the shared facts.
    package let mirror: String
    /// Both participants, for choosing what concerns one peer. Nil once the openings were erased; not sent.
    package let parties: [String]?

    package init?(_ view: EntryView) {
        guard let mirror = view.record.mirror else { return nil }
        event = view.record.event
        correlation = view.record.correlation
        type = view.record.type
        index = view.index
        self.mirror = Hex.encode(mirror)
        let found = ["provider", "consumer"].compactMap { view.shared[$0]?["participant"]?.string }
        parties = found.count == 2 ? found : nil
    }

    package func concerns(_ participant: ParticipantID) -> Bool { parties?.contains(participant.description) ?? false }

    package var json: JSON {
        .members([
            "event": .string(event), "correlation": correlation.map(JSON.string), "type": .string(type.rawValue),
            "index": .integer(index), "mirror": .string(mirror),
        ])
    }

    package init?(json: JSON) {
        guard let event = json["event"]?.string, let type = json["type"]?.string.flatMap(EntryType.init), let index = json["index"]?.int,
            let mirror = json["mirror"]?.string, Hex.decode(mirror)?.count == 32
        else { return nil }
        self.event = event
        correlation = json["correlation"]?.string
        self.type = type
        self.index = index
        self.mirror = mirror
        parties = nil
    }
}

/// Two ledgers side by side, event by event.
package struct MirrorMatch: Sendable, Hashable {
    package struct Pair: Sendable, Hashable {
        package let ours: MirrorRecord
        package let theirs: MirrorRecord
    }

    /// The same event with the same shared facts in both.
    package var matched: [Pair] = []
    /// The same event, but the two sides recorded different facts.
    package var differing: [Pair] = []
    /// Ours without a counterpart.
    package var missing: [MirrorRecord] = []
    /// Theirs without a counterpart here.
    package var unexpected: [MirrorRecord] = []

    package var isComplete: Bool { differing.isEmpty && missing.isEmpty && unexpected.isEmpty }

    /// - Parameters: both lists as far as they concern this pair of nodes.
    package static func of(ours: [MirrorRecord], theirs: [MirrorRecord]) -> MirrorMatch {
        var result = MirrorMatch()
        var open = Dictionary(grouping: theirs, by: \.event)
        for our in ours {
            guard var candidates = open[our.event], !candidates.isEmpty else {
                result.missing.append(our)
                continue
            }
            let position = candidates.firstIndex { $0.mirror == our.mirror }
            let their = candidates.remove(at: position ?? 0)
            open[our.event] = candidates
            let pair = Pair(ours: our, theirs: their)
            if position == nil { result.differing.append(pair) } else { result.matched.append(pair) }
        }
        result.unexpected = theirs.filter { their in open[their.event]?.contains(their) ?? false }
        return result
    }
}

extension Ledger {
    /// The mirrored entries, those with one peer if it is named.
    package func mirrorRecords(with peer: ParticipantID? = nil) async throws -> [MirrorRecord] {
        var records: [MirrorRecord] = []
        var from: Int64 = 0
        while case let page = try await entries(from: from, limit: 1_000), let last = page.last {
            for entry in page where entry.record.mirror != nil {
                guard let record = MirrorRecord(try await view(entry)) else { continue }
                if let peer, !record.concerns(peer) { continue }
                records.append(record)
            }
            from = last.index + 1
        }
        return records
    }

    package static func match(ours: [MirrorRecord], theirs: [MirrorRecord]) -> MirrorMatch { .of(ours: ours, theirs: theirs) }
}
