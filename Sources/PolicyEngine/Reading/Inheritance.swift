// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

extension Policy {
    /// The policy with the rules of all that it inherits from in it, and nothing inherited any more: what an offer keeps, and what travels.
    ///
    /// - Throws: `PolicyError`: a parent that the library lacks, or rules that the Dataspace Protocol has no words for.
    package func flattened(library: [String: Policy]) throws(PolicyError) -> Policy {
        let (whole, unresolved) = inherited(library)
        if let missing = unresolved.first {
            throw .refused([
                PolicyFinding(
                    severity: .error, code: "policy.unknown-parent", pointer: JSONPointer.root.appending("inheritFrom"),
                    message: "the policy inherits from `\(missing)`, which is not at hand",
                    hint: "add the parent to the policies of the node, or copy its rules")
            ])
        }
        // A term of a parent needs the parent's profile.
        var profiles = self.profiles
        var seen: Set<String> = []
        var pending = inheritFrom
        while let next = pending.popLast() {
            guard seen.insert(next).inserted, let parent = library[next] else { continue }
            for profile in parent.profiles where !profiles.contains(profile) { profiles.append(profile) }
            pending += parent.inheritFrom
        }
        func policy(source: JSON) -> Policy {
            Policy(
                id: id, kind: kind, profiles: profiles, inheritFrom: [], conflict: whole.conflict, permissions: whole.permissions,
                prohibitions: whole.prohibitions, obligations: whole.obligations, targets: targets, assigners: assigners,
                assignees: assignees, title: title, source: source)
        }
        let written = try policy(source: source).dspOffer(id: id ?? "urn:kouan:policy")
        var members = written.object ?? [:]
        members["@type"] = "Set"
        return try PolicyReader.read(.object(members))
    }
}
