// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// What registration refuses and what it warns about.
extension PolicyParser {
    mutating func checkProfiles(_ profiles: [IRI], _ node: JSONLDNode) {
        for (item, profile) in zip(node.items("profile"), profiles)
        where PolicyProfile.named(profile) == nil && profile != PolicyProfile.odrlCore {
            find(
                "policy.unknown-profile", item.pointer, "the profile `\(profile)` is not known here",
                "a processor must not guess what an unknown profile means; known profiles: "
                    + PolicyProfile.all.map { "`\($0.id)`" }.joined(separator: ", "))
        }
        for used in usedProfiles.sorted() where !profiles.contains(used) {
            find(
                "policy.profile-not-named", node.pointer, "the policy uses terms of `\(used)` without naming the profile",
                "add `\"profile\": \"\(used)\"`", PolicyProfile.named(used)?.mustBeNamed == false ? .warning : .error)
        }
    }

    mutating func checkParents(_ parents: [String], _ node: JSONLDNode) {
        if parents.count > PolicyReader.maximumInherited { exceed(node.pointer, "more than \(PolicyReader.maximumInherited) parents") }
        for (item, parent) in zip(node.items("inheritFrom"), parents) where options.library[parent] == nil {
            find(
                "policy.unknown-parent", item.pointer, "the policy inherits from `\(parent)`, which is not at hand",
                "add the parent to the policies of the node, or copy its rules")
        }
    }

    /// `event lt|gt odrl:policyUsage` says "before use" and "after use" of a duty.
    func isUsageMarker(_ operand: IRI, _ values: [PolicyValue]) -> Bool {
        operand == Operand.event && values.contains { $0.key == UsageMarker.policyUsage || $0.key == "odrl:policyUsage" }
    }

    mutating func checkOperand(_ operand: IRI, _ text: String, _ pointer: JSONPointer, _ place: RulePlace) {
        guard let info = OperandTable.info(operand) else {
            find(
                "policy.unknown-operand", pointer, "the left operand `\(text)` is not known here",
                suggestion(text, OperandTable.names) ?? "use an operand of the ODRL vocabulary, or of `\(PolicyProfile.kouan)`")
            return
        }
        if info.knownFrom == nil, !info.isContractText, place == .rule {
            find(
                "policy.operand-never-known", pointer,
                "this node learns the value of `\(operand.localName)` at no point, so the rule could never be decided",
                "use one of " + OperandTable.decidable.map { "`\($0)`" }.joined(separator: ", "))
        }
    }

    /// What the profile of an operand narrows beyond its sort.
    mutating func checkProfileTerms(_ info: OperandInfo, _ operation: Operator, _ values: [PolicyValue], _ pointer: JSONPointer) {
        if let allowed = info.profileOperators, !allowed.contains(operation) {
            find(
                "policy.operator-not-in-profile", pointer,
                "the profile of `\(info.iri.localName)` does not allow `\(operation.rawValue)` with it",
                "use " + allowed.map { "`\($0.rawValue)`" }.sorted().joined(separator: " or "))
        }
        guard let allowed = info.profileValues else { return }
        for value in values where !allowed.contains(value.lexical) {
            find(
                "policy.value-not-in-profile", pointer, "the profile of `\(info.iri.localName)` does not know the value `\(value.display)`",
                suggestion(value.lexical, allowed.sorted()) ?? "use one of "
                    + allowed.sorted().map { "`\($0)`" }.joined(separator: ", "))
        }
    }

    mutating func checkValue(_ value: PolicyValue, _ info: OperandInfo, _ pointer: JSONPointer) {
        guard info.sort.accepts(value) || info.iri == Operand.event else {
            find(
                "policy.value-of-wrong-sort", pointer,
                "`\(value.display)` is no value of `\(info.iri.localName)`, which is a \(info.sort.rawValue)",
                "write for example \(info.sort.example)")
            return
        }
        if info.sort == .instant, Instant.lacksZone(value.lexical) {
            find(
                "policy.date-without-zone", pointer, "`\(value.lexical)` names no zone and is read as UTC",
                "add the zone, for example `+08:00`", .warning)
        }
        if info.sort == .counter, case .number(let number) = value.content, number.isNegative || !number.isInteger {
            find("policy.count-not-whole", pointer, "`\(value.lexical)` is no number of uses", "write a whole number from 0", .warning)
        }
        if info.sort == .region, let key = value.key, !RegionHierarchy.standard.contains(key) {
            find(
                "policy.unknown-region", pointer, "`\(key)` is no region of the table, so nothing lies in it",
                "write an ISO 3166-1 code, `CN-` with a GB/T 2260 code, `EU` or `EEA`", .warning)
        }
    }

    /// Values of one constraint must be of one kind and, if they have units, of one unit.
    mutating func checkKinds(_ values: [PolicyValue], _ pointer: JSONPointer) {
        guard let first = values.first else { return }
        if values.contains(where: { $0.kindName != first.kindName }) {
            find(
                "policy.mixed-values", pointer, "the values of one constraint are of different kinds", "write one constraint for each kind")
        }
        if values.contains(where: { $0.unit != first.unit }) {
            find("policy.mixed-units", pointer, "the values of one constraint have different units", "convert them to one unit")
        }
    }

    /// A member that means nothing to ODRL is ignored by a processor. In a policy it is most likely a slip that opens a door
    /// (`constraints` for `constraint`), so registration refuses it unless it belongs to another vocabulary.
    mutating func checkMembers(_ node: JSONLDNode, _ allowed: Set<String>) {
        let annotations: Set<String> = ["title", "description", "name", "comment", "label", "created", "creator", "modified", "timestamp"]
        for name in node.names where !allowed.contains(name) && !name.hasPrefix("@") && !name.contains(":") && !annotations.contains(name) {
            let known = Terms.members.contains(name)
            find(
                known ? "policy.member-not-here" : "policy.unknown-member", node.pointer.appending(node.key(name)),
                known ? "`\(node.key(name))` has no meaning at this place" : "`\(node.key(name))` is no member that ODRL knows",
                suggestion(name, allowed.sorted()) ?? "remove it, or name it with the prefix of its vocabulary")
        }
    }

    /// A permission that a prohibition without conditions always contradicts makes the policy void at every use.
    mutating func checkAlwaysVoid(_ policy: Policy) {
        guard policy.conflict == nil || policy.conflict == .invalid else { return }
        guard policy.permissions.count * policy.prohibitions.count <= 100_000 else { return }
        for prohibition in policy.prohibitions
        where prohibition.terms.constraints.isEmpty && prohibition.terms.assignees.isEmpty && prohibition.terms.targets.isEmpty {
            for permission in policy.permissions {
                let covered = permission.terms.actions.allSatisfy { permitted in
                    prohibition.terms.actions.contains {
                        $0.refinements.isEmpty && ActionHierarchy.standard.reaches(permitted.action, $0.action)
                    }
                }
                if covered, !permission.terms.actions.isEmpty {
                    find(
                        "policy.always-void", permission.terms.pointer,
                        "the permission is always contradicted by the prohibition at `\(prohibition.terms.pointer)`, and no `conflict` strategy settles it",
                        "narrow one of the two, or set `conflict` to `prohibit` or `perm`")
                }
            }
        }
    }

    mutating func exceed(_ pointer: JSONPointer, _ what: String) {
        guard !exceeded else { return }
        exceeded = true
        find("policy.too-large", pointer, "the policy has \(what)", "split it into several policies")
    }

    func suggestion(_ text: String, _ known: [String]) -> String? {
        // Enough for a person; a hostile document does not get to spend our time on it.
        guard findings.count < 50 else { return nil }
        let local = IRI(text).localName
        let best = known.map { (distance: editDistance(local.lowercased(), IRI($0).localName.lowercased()), word: $0) }.min {
            ($0.distance, $0.word.contains(":") ? 1 : 0, $0.word) < ($1.distance, $1.word.contains(":") ? 1 : 0, $1.word)
        }
        guard let best, best.distance <= max(1, local.count / 4) else { return nil }
        return "did you mean `\(best.word)`?"
    }
}

/// Levenshtein distance of two short words; long ones count as far apart.
private func editDistance(_ left: String, _ right: String) -> Int {
    let a = Array(left.utf8.prefix(24))
    let b = Array(right.utf8.prefix(24))
    var row = Array(0...b.count)
    for i in a.indices {
        var diagonal = row[0]
        row[0] = i + 1
        for j in b.indices {
            let cost = a[i] == b[j] ? diagonal : min(diagonal, row[j], row[j + 1]) + 1
            diagonal = row[j + 1]
            row[j + 1] = cost
        }
    }
    return row[b.count]
}
