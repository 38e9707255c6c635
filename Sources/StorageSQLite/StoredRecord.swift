// SPDX-License-Identifier: Apache-2.0

/// A document with an id and a few columns to find it by. The document itself is JSON; the columns repeat what it says.
///
/// One SQL table per type, made from this declaration when the store opens. Adding a key later is a migration the store does by itself:
/// it adds the column and fills it from the documents.
package protocol StoredRecord: Codable, Sendable {
    /// Lower-case letters, digits and `_`, not beginning with a digit.
    static var table: String { get }
    /// Columns besides `id`, each with an index. The names follow the rule of `table`; `id` and `body` are taken.
    static var keyNames: [String] { get }

    var id: String { get }
    /// A value for each of `keyNames`; one that is absent is stored as NULL and found by no `where`.
    var keys: [String: String?] { get }
}

extension StoredRecord {
    package static var keyNames: [String] { [] }
    package var keys: [String: String?] { [:] }
}

/// SQL that a component needs beyond documents, as a list of steps. The number of steps done is the component's schema version.
package struct SchemaComponent: Sendable {
    package let name: String
    package let steps: [String]

    package init(name: String, steps: [String]) {
        self.name = name
        self.steps = steps
    }
}
