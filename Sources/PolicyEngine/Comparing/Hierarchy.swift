// SPDX-License-Identifier: Apache-2.0

/// Which name lies in which, read in both directions.
struct Hierarchy: Sendable {
    private let up: [String: [String]]
    private let down: [String: [String]]

    static let none = Hierarchy([])
    static let standardRegions = Hierarchy([RegionHierarchy.standard.broader])

    init(_ edges: [[String: [String]]]) {
        var up: [String: [String]] = [:]
        var down: [String: [String]] = [:]
        for table in edges {
            for (narrow, wider) in table {
                up[narrow, default: []] += wider
                for name in wider { down[name, default: []].append(narrow) }
            }
        }
        self.up = up
        self.down = down
    }

    /// What `name` lies in, itself included.
    func above(_ name: String) -> Set<String> { Hierarchy.reached(name, up) }
    /// What lies in `name`, itself included.
    func below(_ name: String) -> Set<String> { Hierarchy.reached(name, down) }

    private static func reached(_ start: String, _ edges: [String: [String]]) -> Set<String> {
        var reached: Set<String> = [start]
        var pending = [start]
        while let next = pending.popLast() {
            for name in edges[next] ?? [] where reached.insert(name).inserted { pending.append(name) }
        }
        return reached
    }
}
