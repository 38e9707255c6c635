// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Reads ODRL JSON-LD into a `Policy`, and says what is wrong with it.
///
/// Two uses. `read` is for registration: any error refuses the whole policy, so an engine that does not understand a clause never
/// drops it silently. `parse` is for evaluating documents as they are: unknown members are ignored, unknown terms never hold.
package enum PolicyReader {
    package struct Options: Sendable {
        /// Untyped text of a typed operand gets the datatype of its sort: peers send dates and counts as bare strings.
        package var typesUntypedText: Bool
        /// Policies that `inheritFrom` may name, by id.
        package var library: [String: JSON]

        package init(typesUntypedText: Bool = true, library: [String: JSON] = [:]) {
            self.typesUntypedText = typesUntypedText
            self.library = library
        }
    }

    /// Limits against hostile input, from the design of the engine: a policy beyond them is refused as a whole.
    package static let maximumRules = 10_000
    package static let maximumConstraints = 100_000
    package static let maximumDepth = 32
    package static let maximumInherited = 64
    static let maximumFindings = 1000

    /// The policy, or all that speaks against it.
    package static func read(_ json: JSON, options: Options = Options()) throws(PolicyError) -> Policy {
        let (policy, findings) = examine(json, options: options)
        guard let policy, !findings.contains(where: { $0.severity == .error }) else { throw .refused(findings) }
        return policy
    }

    /// All findings, errors and warnings, in the order of their places.
    package static func check(_ json: JSON, options: Options = Options()) -> [PolicyFinding] { examine(json, options: options).findings }

    /// As `parse`, and what only the rules as a whole show: that one of them can never apply.
    private static func examine(_ json: JSON, options: Options) -> (policy: Policy?, findings: [PolicyFinding]) {
        let (policy, findings) = parse(json, options: options)
        guard let policy, !findings.contains(where: { $0.severity == .error }) else { return (policy, findings) }
        return (policy, findings + policy.contradictions())
    }

    /// The policy as far as it can be understood, nil if there is none or it is beyond the limits, and all findings.
    package static func parse(_ json: JSON, options: Options = Options()) -> (policy: Policy?, findings: [PolicyFinding]) {
        var state = PolicyParser(options: options)
        let policy = state.document(json)
        return (policy, state.findings)
    }
}

struct PolicyParser {
    let options: PolicyReader.Options
    private(set) var findings: [PolicyFinding] = []
    private var context = JSONLDContext()
    /// Nodes that are described somewhere in the document, by id, for references from elsewhere.
    private var described: [String: JSONLDNode.Item] = [:]
    private var ruleCount = 0
    private var constraintCount = 0
    var exceeded = false
    private var ids: [String: JSONPointer] = [:]

    init(options: PolicyReader.Options) { self.options = options }

    // MARK: Policy

    mutating func document(_ json: JSON) -> Policy? {
        guard case .object(let members) = json else {
            find("policy.not-an-object", .root, "a policy must be a JSON object", "give one ODRL policy in JSON-LD")
            return nil
        }
        context.declare(members["@context"])
        for key in context.redefined {
            find(
                "policy.context-redefines", JSONPointer.root.appending("@context"), "the context gives `\(key)` another meaning",
                "choose another prefix or term: `\(key)` is one of ODRL's or of this node's own")
        }
        index(json, .root, depth: 0)
        // A document may hold its policy in an @graph beside the nodes that the policy refers to.
        if let graph = members["@graph"]?.array {
            for (position, element) in graph.enumerated() {
                guard case .object(let inner) = element else { continue }
                let pointer = JSONPointer.root.appending("@graph").appending(position)
                let node = JSONLDNode(inner, at: pointer, context: context)
                if kind(of: node) != nil || ["permission", "prohibition", "obligation"].contains(where: node.has) {
                    return policy(node, source: json)
                }
            }
            find("policy.no-policy", .root, "the graph holds no policy", "give a node of type `Set`, `Offer` or `Agreement`")
            return nil
        }
        return policy(JSONLDNode(members, at: .root, context: context), source: json)
    }

    private mutating func policy(_ node: JSONLDNode, source: JSON) -> Policy? {
        let id = node.items("@id").first.flatMap { referenceText($0.value) }.map(context.expand)
        if id == nil {
            find("policy.no-id", node.pointer, "the policy has no `uid`", "give it an absolute IRI, for example `urn:uuid:…`", .warning)
        }
        let kind = readKind(node)
        let profiles = readProfiles(node)
        let parents = node.items("inheritFrom").compactMap { referenceText($0.value).map(context.expand) }
        checkParents(parents, node)
        let targets = resources(node, "target", collection: "AssetCollection")
        let assigners = resources(node, "assigner", collection: "PartyCollection")
        let assignees = resources(node, "assignee", collection: "PartyCollection")
        let actions = self.actions(node)
        let shared = Shared(actions: actions, targets: targets, assigners: assigners, assignees: assignees)

        var permissions: [Permission] = []
        for item in node.items("permission") {
            guard let rule = rule(item, "permission", shared: shared, depth: 0) else { continue }
            permissions.append(Permission(terms: rule.terms, duties: duties(rule.node, "duty", depth: 1)))
        }
        var prohibitions: [Prohibition] = []
        for item in node.items("prohibition") {
            guard let rule = rule(item, "prohibition", shared: shared, depth: 0) else { continue }
            prohibitions.append(Prohibition(terms: rule.terms, remedies: duties(rule.node, "remedy", depth: 1)))
        }
        var obligations: [Duty] = []
        for item in node.items("obligation") {
            guard let rule = rule(item, "obligation", shared: shared, depth: 0) else { continue }
            obligations.append(Duty(terms: rule.terms, consequences: duties(rule.node, "consequence", depth: 1)))
        }
        guard !exceeded else { return nil }

        if permissions.isEmpty, prohibitions.isEmpty, obligations.isEmpty, parents.isEmpty {
            find(
                "policy.empty", node.pointer, "the policy has no rule",
                "add at least one `permission`; to allow everything say so with a permission to `use` without constraints")
        }
        checkMembers(
            node,
            [
                "profile", "inheritFrom", "conflict", "permission", "prohibition", "obligation", "target", "assigner", "assignee",
                "action", "hasPolicy", "timestamp",
            ])
        checkProfiles(profiles, node)

        let policy = Policy(
            id: id, kind: kind, profiles: profiles, inheritFrom: parents, conflict: readConflict(node), permissions: permissions,
            prohibitions: prohibitions, obligations: obligations, targets: targets, assigners: assigners, assignees: assignees,
            title: title(node), source: source)
        checkAlwaysVoid(policy)
        return policy
    }

    /// What a compact policy says once for all its rules.
    private struct Shared {
        var actions: [ActionTerm] = []
        var targets: [Resource] = []
        var assigners: [Resource] = []
        var assignees: [Resource] = []
    }

    func kind(of node: JSONLDNode) -> Policy.Kind? {
        for item in node.items("@type") {
            guard let text = item.value.string else { continue }
            let full = context.expandTerm(text)
            if full.hasPrefix(Namespace.odrl), let kind = Policy.Kind(rawValue: String(full.dropFirst(Namespace.odrl.count))) {
                return kind
            }
        }
        return nil
    }

    private mutating func readKind(_ node: JSONLDNode) -> Policy.Kind {
        if let kind = kind(of: node) { return kind }
        for item in node.items("@type") where item.value.string.map(context.expandTerm) != Namespace.odrl + "Policy" {
            find(
                "policy.unknown-type", item.pointer, "`\(display(item.value))` is no type of policy",
                "write `Set`, `Offer` or `Agreement`")
        }
        return .set
    }

    private mutating func readConflict(_ node: JSONLDNode) -> Policy.ConflictStrategy? {
        guard let item = node.items("conflict").first, let text = referenceText(item.value) else { return nil }
        let full = context.expandTerm(text)
        let local = full.hasPrefix(Namespace.odrl) ? String(full.dropFirst(Namespace.odrl.count)) : full
        if let strategy = Policy.ConflictStrategy(rawValue: local) { return strategy }
        find("policy.unknown-conflict", item.pointer, "`\(text)` is no conflict strategy", "write `perm`, `prohibit` or `invalid`")
        return .invalid
    }

    private func readProfiles(_ node: JSONLDNode) -> [IRI] {
        node.items("profile").compactMap { referenceText($0.value).map { IRI(context.expand($0)) } }
    }

    var usedProfiles: Set<IRI> = []

    private func title(_ node: JSONLDNode) -> LocalizedText? {
        var en: String?
        var zh: String?
        for item in node.items("http://purl.org/dc/terms/title") {
            if let text = item.value.string { en = en ?? text }
            guard let text = item.value["@value"]?.string else { continue }
            if item.value["@language"]?.string?.hasPrefix("zh") == true { zh = zh ?? text } else { en = en ?? text }
        }
        guard let either = en ?? zh else { return nil }
        return LocalizedText(en ?? either, zh ?? either)
    }

    // MARK: Rules

    private typealias ParsedRule = (terms: RuleTerms, node: JSONLDNode)

    private mutating func rule(_ item: JSONLDNode.Item, _ member: String, shared: Shared, depth: Int) -> ParsedRule? {
        guard depth < PolicyReader.maximumDepth else {
            exceed(item.pointer, "rules nested deeper than \(PolicyReader.maximumDepth)")
            return nil
        }
        guard let node = resolved(item) else {
            find("policy.malformed-rule", item.pointer, "a rule must be an object", "write `{\"action\": …}`")
            // A rule that cannot be read must not vanish: a permission without a known action permits nothing.
            return unreadable(item.pointer)
        }
        ruleCount += 1
        guard ruleCount <= PolicyReader.maximumRules else {
            exceed(item.pointer, "more than \(PolicyReader.maximumRules) rules")
            return nil
        }
        let isNested = depth > 0
        let ownActions = actions(node)
        let kind: RulePlace = member == "permission" || member == "prohibition" ? .rule : .duty
        var parties: [String: [Resource]] = [:]
        for function in Terms.partyFunctions where node.has(function) {
            parties[function] = resources(node, function, collection: "PartyCollection")
        }
        let terms = RuleTerms(
            id: identifier(node, "rule"), pointer: node.pointer, actions: ownActions + shared.actions,
            targets: resources(node, "target", collection: "AssetCollection") + shared.targets,
            assignees: resources(node, "assignee", collection: "PartyCollection") + shared.assignees,
            assigners: resources(node, "assigner", collection: "PartyCollection") + shared.assigners, parties: parties,
            constraints: constraints(node, "constraint", kind, depth: 0))
        if terms.actions.isEmpty {
            find("policy.no-action", node.pointer, "the rule names no action", "add `\"action\": \"use\"` or a narrower one")
        }
        let nested = member == "permission" ? "duty" : member == "prohibition" ? "remedy" : "consequence"
        checkMembers(
            node,
            Set(["action", "target", "assignee", "assigner", "constraint", "output", "relation", "function", nested])
                .union(Terms.partyFunctions))
        if member == "remedy", node.has("consequence") {
            find(
                "policy.remedy-consequence", node.pointer, "a remedy has a consequence", "the ODRL model has none here; write an obligation"
            )
        }
        if isNested, node.has("duty") {
            find("policy.nested-duty", node.pointer, "a duty has a duty", "write a `consequence`, or two duties of the rule")
        }
        return (terms, node)
    }

    private func unreadable(_ pointer: JSONPointer) -> ParsedRule {
        let never = ConstraintNode.logical(LogicalConstraint(id: nil, pointer: pointer, operand: nil, constraints: []))
        let terms = RuleTerms(
            id: nil, pointer: pointer, actions: [], targets: [], assignees: [], assigners: [], parties: [:], constraints: [never])
        return (terms, JSONLDNode([:], at: pointer, context: context))
    }

    private mutating func duties(_ node: JSONLDNode, _ member: String, depth: Int) -> [Duty] {
        var duties: [Duty] = []
        for item in node.items(member) {
            guard let rule = rule(item, member, shared: Shared(), depth: depth) else { continue }
            duties.append(Duty(terms: rule.terms, consequences: self.duties(rule.node, "consequence", depth: depth + 1)))
        }
        return duties
    }

    private mutating func actions(_ node: JSONLDNode) -> [ActionTerm] {
        var terms: [ActionTerm] = []
        for item in node.items("action") {
            guard case .object(let members) = item.value else {
                guard let text = item.value.string else {
                    find("policy.malformed-action", item.pointer, "an action must be a term or an object", "write `\"action\": \"use\"`")
                    terms.append(ActionTerm(action: "", refinements: [], pointer: item.pointer))
                    continue
                }
                terms.append(ActionTerm(action: action(text, item.pointer), refinements: [], pointer: item.pointer))
                continue
            }
            let inner = JSONLDNode(members, at: item.pointer, context: context)
            let refinements = constraints(inner, "refinement", .refinement, depth: 0)
            let names = inner.items("value").compactMap { item in referenceText(item.value).map { ($0, item.pointer) } }
            let own = inner.items("@id").compactMap { item in referenceText(item.value).map { ($0, item.pointer) } }
            for (text, pointer) in names.isEmpty ? Array(own.prefix(1)) : names {
                terms.append(ActionTerm(action: action(text, pointer), refinements: refinements, pointer: item.pointer))
            }
            if names.isEmpty, own.isEmpty {
                find(
                    "policy.malformed-action", item.pointer, "the action names no term",
                    "write `{\"rdf:value\": {\"@id\": \"odrl:read\"}, …}`")
                terms.append(ActionTerm(action: "", refinements: refinements, pointer: item.pointer))
            }
            checkMembers(inner, ["value", "refinement", "includedIn", "implies"])
        }
        return terms
    }

    private mutating func action(_ text: String, _ pointer: JSONPointer) -> IRI {
        let iri = IRI(context.expandTerm(text))
        if let profile = PolicyProfile.owner(of: iri) { usedProfiles.insert(profile) }
        if !ActionHierarchy.standard.contains(iri) {
            find(
                "policy.unknown-action", pointer, "the action `\(text)` is not known here",
                suggestion(text, ActionHierarchy.standardNames) ?? "use a term of the ODRL vocabulary, or of `\(PolicyProfile.kouan)`")
        } else if let preferred = ActionHierarchy.preferred(iri) {
            find(
                "policy.deprecated-action", pointer, "the action `\(iri.localName)` is deprecated", "write `\(preferred.localName)`",
                .warning)
        }
        return iri
    }

    private mutating func resources(_ node: JSONLDNode, _ member: String, collection: String) -> [Resource] {
        var found: [Resource] = []
        for item in node.items(member) {
            // A described node elsewhere in the document is used only for what the reference itself does not say.
            guard let inner = resolved(item) else {
                guard let text = item.value.string, !text.isEmpty else {
                    find("policy.malformed-reference", item.pointer, "`\(member)` must be an IRI or an object", "write the IRI as text")
                    found.append(Resource(id: nil, isCollection: true, source: nil, refinements: [], pointer: item.pointer))
                    continue
                }
                found.append(
                    Resource(id: context.expand(text), isCollection: false, source: nil, refinements: [], pointer: item.pointer))
                continue
            }
            let types = inner.items("@type").compactMap { $0.value.string.map(context.expandTerm) }
            let source = inner.items("source").first.flatMap { referenceText($0.value) }.map(context.expand)
            let refinements = constraints(inner, "refinement", .refinement, depth: 0)
            let id = inner.items("@id").first.flatMap { referenceText($0.value) }.map(context.expand)
            let isCollection = types.contains(Namespace.odrl + collection) || source != nil || !refinements.isEmpty
            if id == nil, source == nil {
                find("policy.malformed-reference", item.pointer, "`\(member)` names nothing", "give it a `uid` or a `source`")
            }
            found.append(
                Resource(
                    id: id, isCollection: isCollection || id == nil, source: source, refinements: refinements, pointer: item.pointer))
        }
        return found
    }

    // MARK: Constraints

    enum RulePlace { case rule, duty, refinement }

    private mutating func constraints(_ node: JSONLDNode, _ member: String, _ place: RulePlace, depth: Int) -> [ConstraintNode] {
        node.items(member).map { constraint($0, place, depth: depth) }
    }

    private mutating func constraint(_ item: JSONLDNode.Item, _ place: RulePlace, depth: Int) -> ConstraintNode {
        let never = ConstraintNode.logical(LogicalConstraint(id: nil, pointer: item.pointer, operand: nil, constraints: []))
        guard !exceeded else { return never }
        constraintCount += 1
        guard depth < PolicyReader.maximumDepth, constraintCount <= PolicyReader.maximumConstraints else {
            exceed(
                item.pointer,
                "more than \(PolicyReader.maximumConstraints) constraints, or nested deeper than \(PolicyReader.maximumDepth)")
            return never
        }
        guard let node = resolved(item) else {
            find(
                "policy.malformed-constraint", item.pointer,
                "a constraint must be an object with `leftOperand`, `operator`, `rightOperand`",
                "describe the constraint in the document; references to other documents are never fetched")
            return never
        }
        let operands = LogicalConstraint.Operand.allCases.filter { node.has($0.rawValue) }
        if operands.isEmpty { return .atomic(atomic(node, place)) }
        let parts = operands.flatMap { node.items($0.rawValue) }.map { constraint($0, place, depth: depth + 1) }
        let isMixed = operands.count > 1 || node.has("leftOperand")
        if isMixed {
            find(
                "policy.two-constraints-in-one", node.pointer, "one constraint names several of and, or, xone, andSequence, leftOperand",
                "write one of them and nest the others")
        } else if parts.isEmpty {
            find(
                "policy.empty-logical", node.pointer, "`\(operands[0].rawValue)` has no constraints",
                "give it at least one, or leave it out")
        }
        checkMembers(node, Set(LogicalConstraint.Operand.allCases.map(\.rawValue)).union(["status"]))
        return .logical(
            LogicalConstraint(
                id: identifier(node, "constraint"), pointer: node.pointer, operand: isMixed || parts.isEmpty ? nil : operands[0],
                constraints: parts))
    }

    private mutating func atomic(_ node: JSONLDNode, _ place: RulePlace) -> Constraint {
        let pointer = node.pointer
        var leftOperand: IRI = ""
        if let item = node.items("leftOperand").first, let text = referenceText(item.value) {
            leftOperand = IRI(context.expandTerm(text))
            if let profile = PolicyProfile.owner(of: leftOperand) { usedProfiles.insert(profile) }
            checkOperand(leftOperand, text, item.pointer, place)
        } else {
            find("policy.no-left-operand", pointer, "the constraint has no `leftOperand`", "name what is limited, for example `purpose`")
        }
        var operation: Operator?
        if let item = node.items("operator").first, let text = referenceText(item.value) {
            operation = Operator(iri: IRI(context.expandTerm(text)))
            if operation == nil {
                find(
                    "policy.unknown-operator", item.pointer, "the operator `\(text)` is not known",
                    suggestion(text, Operator.allCases.map(\.rawValue)) ?? "use one of "
                        + Operator.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", "))
            }
        } else {
            find("policy.no-operator", pointer, "the constraint has no `operator`", "add one, for example `eq`")
        }
        let datatype = node.items("dataType").first.flatMap { referenceText($0.value) }.map(context.expandTerm)
        let unit = node.items("unit").first.flatMap { referenceText($0.value) }.map { IRI(context.expand($0)) }
        let info = OperandTable.info(leftOperand)
        var values: [PolicyValue] = []
        for item in node.items("rightOperand") {
            guard var value = PolicyValue(reading: item.value, context: context) else {
                find(
                    "policy.malformed-value", item.pointer, "the value is neither text, number, boolean, IRI nor typed",
                    "see `kouan policy check`")
                continue
            }
            value = value.completed(datatype: datatype, unit: unit)
            if options.typesUntypedText, value.isUntypedText, let guess = info?.sort.datatype(forUntyped: value.lexical) {
                value = value.completed(datatype: guess, unit: unit)
            }
            if let info { checkValue(value, info, item.pointer) }
            values.append(value)
        }
        let references = node.items("rightOperandReference").compactMap { referenceText($0.value).map(context.expand) }
        if values.isEmpty, references.isEmpty {
            find("policy.no-right-operand", pointer, "the constraint has no `rightOperand`", "give at least one value")
        }
        if let info, let operation, place != .refinement {
            if !info.sort.operators.contains(operation), !isUsageMarker(leftOperand, values) {
                find(
                    "policy.operator-not-for-operand", pointer,
                    "`\(operation.rawValue)` makes no sense for `\(leftOperand.localName)`, which is a \(info.sort.rawValue)",
                    "use one of "
                        + Operator.allCases.filter(info.sort.operators.contains).map { "`\($0.rawValue)`" }.joined(separator: ", "))
            }
            if values.count > 1, operation.isOrdering || operation == .eq || operation == .neq && info.sort == .instant {
                find(
                    "policy.many-values", pointer, "`\(operation.rawValue)` is given \(values.count) values and holds if one of them does",
                    "write `isAnyOf`, or one value", .warning)
            }
        }
        if let info, let operation { checkProfileTerms(info, operation, values, pointer) }
        checkKinds(values, pointer)
        checkMembers(
            node, ["leftOperand", "operator", "rightOperand", "rightOperandReference", "dataType", "unit", "status"])
        return Constraint(
            id: identifier(node, "constraint"), pointer: pointer, leftOperand: leftOperand, operation: operation, rightOperand: values,
            rightOperandReferences: references, datatype: datatype, unit: unit)
    }

    // MARK: Document

    private mutating func identifier(_ node: JSONLDNode, _ what: String) -> String? {
        guard let item = node.items("@id").first, let text = referenceText(item.value) else { return nil }
        let id = context.expand(text)
        if let earlier = ids[id], earlier != node.pointer {
            find(
                "policy.duplicate-id", item.pointer, "`\(id)` names two parts of the policy, also at `\(earlier)`",
                "give each rule and constraint an id of its own: counters and states go by it")
        } else {
            ids[id] = node.pointer
        }
        return id
    }

    /// The node of an item: the object itself, or for a mere reference the object of that id elsewhere in the document.
    private func resolved(_ item: JSONLDNode.Item) -> JSONLDNode? {
        if case .object(let members) = item.value, !JSONLDContext.isReference(members) {
            return JSONLDNode(members, at: item.pointer, context: context)
        }
        guard let text = referenceText(item.value) else { return nil }
        if let found = described[context.expand(text)], case .object(let members) = found.value {
            return JSONLDNode(members, at: found.pointer, context: context)
        }
        if case .object(let members) = item.value { return JSONLDNode(members, at: item.pointer, context: context) }
        return nil
    }

    /// Remembers every object with an id and more than an id. Bounded by the depth of the document reader.
    private mutating func index(_ value: JSON, _ pointer: JSONPointer, depth: Int) {
        guard depth < 64 else { return }
        switch value {
        case .array(let elements):
            for (position, element) in elements.enumerated() { index(element, pointer.appending(position), depth: depth + 1) }
        case .object(let members):
            if let id = members["@id"]?.string ?? members["uid"]?.string ?? members["id"]?.string, !JSONLDContext.isReference(members) {
                let full = context.expand(id)
                if described[full] == nil { described[full] = (value, pointer) }
            }
            for key in members.keys.sorted() where key != "@context" {
                guard let member = members[key] else { continue }
                switch member {
                case .array, .object: index(member, pointer.appending(key), depth: depth + 1)
                default: break
                }
            }
        default: break
        }
    }

    mutating func find(
        _ code: String, _ pointer: JSONPointer, _ message: String, _ hint: String, _ severity: PolicyFinding.Severity = .error
    ) {
        guard findings.count < PolicyReader.maximumFindings || (code == "policy.too-large" && severity == .error) else { return }
        findings.append(PolicyFinding(severity: severity, code: code, pointer: pointer, message: message, hint: hint))
    }

    private func display(_ value: JSON) -> String { String((value.string ?? value.canonicalText).prefix(80)) }

}

extension JSONLDContext {
    /// An object that says nothing but which node it means.
    static func isReference(_ members: [String: JSON]) -> Bool {
        members.count == 1 && (members["@id"] != nil || members["uid"] != nil || members["id"] != nil)
    }
}

extension OperandTable {
    static let names: [String] = (Array(core.keys) + Array(PolicyProfile.operands.keys)).map(\.written).sorted()
    static let decidable: [String] = (Array(core.values) + Array(PolicyProfile.operands.values)).filter { $0.knownFrom != nil }
        .map(\.iri.short).sorted()
}

extension ActionHierarchy {
    static let standardNames: [String] = standard.known.map(\.written).sorted()
}

enum UsageMarker {
    static let policyUsage = Namespace.odrl + "policyUsage"
}

extension PolicyReader {
    /// What `policy check` shows: findings, each clause with its level, and whether the policy can travel.
    package static func checkReport(_ json: JSON, context: LevelContext = LevelContext(), options: Options = Options()) -> JSON {
        let (policy, findings) = examine(json, options: options)
        let obstacle = policy?.dspObstacle()
        return .members([
            "policy": policy?.id.map(JSON.string), "title": policy?.title?.json,
            "accepted": .bool(policy != nil && !findings.contains { $0.severity == .error }),
            "findings": .array(findings.map(\.json)), "clauses": .array((policy?.clauses(context: context) ?? []).map(\.json)),
            "travels": .bool(policy != nil && obstacle == nil), "obstacle": obstacle?.json,
        ])
    }
}
