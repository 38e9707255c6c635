// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How far each download is, for showing only.
final class Progress: Sendable {
    private let bytes = Mutex<[String: Int64]>([:])
    func set(_ count: Int64, of id: String) { bytes.withLock { $0[id] = count } }
    func get(_ id: String) -> Int64? { bytes.withLock { $0[id] } }
}

/// How many run now, by name.
final class RunningCount: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    func count(of name: String) -> Int { counts.withLock { $0[name] ?? 0 } }
    func add(_ change: Int, to name: String) {
        counts.withLock { counts in
            let count = (counts[name] ?? 0) + change
            counts[name] = count > 0 ? count : nil
        }
    }
}

/// What runs now, by id.
final class RunningSet: Sendable {
    private let ids = Mutex<Set<String>>([])
    var count: Int { ids.withLock { $0.count } }
    func insert(_ id: String) -> Bool { ids.withLock { $0.insert(id).inserted } }
    func remove(_ id: String) { ids.withLock { _ = $0.remove(id) } }
    func contains(_ id: String) -> Bool { ids.withLock { $0.contains(id) } }
}
