// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
package import ExchangeModel
package import Identity
import Ledger
import PolicyEngine
import StorageSQLite

/// A policy that others inherit from: house rules that go into every offer whose policy names them. What an offer took over stays in it.
package struct ParentPolicy: StoredRecord, Hashable {
    package static let table = "parent_policy"

    /// The policy's `uid`.
    package let id: String
    package let document: JSON
    package let addedAt: Timestamp
}

extension Exchange {
    static let libraryLimit = 1_000

    /// Adds a policy to the library, in place of the one with the same `uid`.
    package func add(parent document: JSON, by user: UserID) async throws -> ParentPolicy {
        let now = clock.now()
        return try await ledger.commit { tx in
            let known = try tx.all(ParentPolicy.self)
            let policy = try PolicyReader.read(document, options: PolicyReader.Options(library: Exchange.library(known)))
            guard let id = policy.id, id.utf8.count <= 512 else {
                throw ExchangeError(
                    .usage, "policy.no-id", "a policy of the library needs a `uid`",
                    hint: "give it an absolute IRI, for example `urn:uuid:…`")
            }
            guard known.count < Exchange.libraryLimit else {
                throw ExchangeError(
                    .conflict, "policy.library-full", "the library holds \(Exchange.libraryLimit) policies", hint: "remove what nobody uses"
                )
            }
            let parent = ParentPolicy(id: id, document: document, addedAt: now)
            try tx.put(parent)
            try tx.append(parent.event("added", by: user))
            return parent
        }.value
    }

    package func remove(parent id: String, by user: UserID) async throws {
        _ = try await ledger.commit { tx in
            guard let parent = try tx.get(ParentPolicy.self, id: id) else { throw ExchangeError.unknown("policy", id) }
            try tx.delete(ParentPolicy.self, id: id)
            try tx.append(parent.event("removed", by: user))
        }
    }

    /// Checks a policy to offer under, with all that it inherits.
    func register(_ policy: JSON, acknowledgingDeclared: Bool) async throws -> RegisteredPolicy {
        let parents = try await store.read { try $0.all(ParentPolicy.self) }
        return try PolicyGate.register(policy, library: Exchange.library(parents), acknowledgingDeclared: acknowledgingDeclared)
    }

    private static func library(_ parents: [ParentPolicy]) -> [String: JSON] {
        Dictionary(uniqueKeysWithValues: parents.map { ($0.id, $0.document) })
    }
}

extension ParentPolicy {
    fileprivate func event(_ what: String, by user: UserID) -> LedgerEvent {
        LedgerEvent(
            type: .configurationChanged, local: ["policy": .string(id), "change": .string(what)],
            digests: ["policy": Hash.digest(document.canonical())], ids: ["user": user.description])
    }
}
