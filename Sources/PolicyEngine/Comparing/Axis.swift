// SPDX-License-Identifier: Apache-2.0

/// What a clause asks about: a left operand of the request, or of the party or the asset that it names.
struct AxisKey: Hashable, Sendable {
    enum Subject: Hashable, Sendable {
        /// The request's action, party or target itself.
        case action, party, target
        case request(IRI)
        case partyProperty(IRI)
        case targetProperty(IRI)
    }

    let subject: Subject

    var operand: IRI? {
        switch subject {
        case .request(let operand), .partyProperty(let operand), .targetProperty(let operand): operand
        case .action, .party, .target: nil
        }
    }
}

/// All values that one left operand can have, in finitely many classes: no clause at hand tells two values of a class apart.
///
/// A left operand has a *set* of values. Of a time, a length, a number, a truth value, and of the request's own action, party and target
/// there is exactly one; of names there is one or more, and of others where a clause asks for several. So `isAnyOf [a]` and `isAnyOf [b]`
/// go together, `lt 3` and `gt 4` do not.
struct Axis: Sendable {
    let key: AxisKey
    /// One value of each class.
    let values: [PolicyValue]
    /// The classes that can stand together in one set of values.
    let plural: BitSet
    private let groups: [Group]

    var single: BitSet { plural.complement }
    var isSingleOnly: Bool { plural.isEmpty }

    /// Values of one kind and unit. Between two groups nothing is equal, and nothing ordered.
    private struct Group: Sendable {
        let kind: Kind
        let unit: IRI?
        let classes: Range<Int>
        let isOrdered: Bool
        /// Where a value of the clauses stands: how many classes are below it, and its own, which it lacks when the operand cannot have
        /// it (three and a half uses).
        let places: [PolicyValue.Content: Place]

        func speaks(of value: PolicyValue) -> Bool {
            guard kind == Kind(value.content) else { return false }
            guard let unit, let other = value.unit else { return true }
            return unit == other
        }
    }

    private struct Place: Sendable {
        let below: Int
        let own: Int?
    }

    enum Kind: Hashable, Sendable {
        case name, instant, number, duration, boolean
        case other(String)

        init(_ content: PolicyValue.Content) {
            switch content {
            case .iri, .text: self = .name
            case .instant: self = .instant
            case .number: self = .number
            case .duration: self = .duration
            case .boolean: self = .boolean
            case .other(_, let datatype): self = .other(datatype)
            }
        }
    }

    /// - Parameters:
    ///   - rights: every right value of the clauses on this axis.
    ///   - names: further names that a hierarchy brings in.
    ///   - withoutUnit: whether a value may come without a unit although all clauses name one.
    ///   - isSet: whether a clause asks for several values at once.
    init(_ key: AxisKey, rights: [PolicyValue], names: Set<String>, withoutUnit: Bool, isSet: Bool) {
        self.key = key
        let domain = Domain(key)
        var byKind: [Kind: [PolicyValue]] = [:]
        for value in rights { byKind[Kind(value.content), default: []].append(value) }
        if !names.isEmpty, byKind[.name] == nil { byKind[.name] = [] }
        if byKind.isEmpty { byKind[domain.kind] = [] }

        var values: [PolicyValue] = []
        var groups: [Group] = []
        for (kind, all) in byKind.sorted(by: { $0.key.order < $1.key.order }) {
            var units = Set(all.map(\.unit))
            if withoutUnit || units.isEmpty { units.insert(nil) }
            for unit in units.sorted(by: { ($0?.description ?? "") < ($1?.description ?? "") }) {
                let comparable = all.filter { unit == nil || $0.unit == nil || $0.unit == unit }
                let first = values.count
                let (added, places) = Axis.classes(kind, comparable, names, domain)
                values += added.map { PolicyValue(content: $0.content, lexical: $0.lexical, datatype: $0.datatype, unit: unit) }
                groups.append(
                    Group(
                        kind: kind, unit: unit, classes: first..<values.count, isOrdered: kind.isOrdered, places: places))
            }
        }
        self.values = values
        self.groups = groups
        var plural = BitSet(count: values.count)
        for group in groups where (group.kind.isPlural || isSet) && !domain.isIdentity { plural.insert(group.classes) }
        self.plural = plural
    }

    private static func classes(
        _ kind: Kind, _ rights: [PolicyValue], _ names: Set<String>, _ domain: Domain
    ) -> (values: [PolicyValue], places: [PolicyValue.Content: Place]) {
        switch kind {
        case .instant:
            return ordered(
                rights, least: nil,
                between: { low, high in
                    Instant.between(low?.instant, high?.instant).map { moment in
                        PolicyValue(content: .instant(moment), lexical: moment.lexical, datatype: Namespace.xsd + "dateTime")
                    }
                })
        case .duration:
            let zero = PolicyValue(lexical: "PT0S", datatype: Namespace.xsd + "duration")
            return ordered(
                rights, least: zero,
                between: { low, high in
                    Span.between(low?.span, high?.span).map { span in
                        PolicyValue(content: .duration(span), lexical: span.lexical, datatype: Namespace.xsd + "duration")
                    }
                })
        case .number:
            let zero = PolicyValue(lexical: "0", datatype: Namespace.xsd + "integer")
            return ordered(
                rights, least: domain.isFromZero ? zero : nil, isWhole: domain.isWhole,
                between: { low, high in
                    ExactDecimal.between(low?.number, high?.number, whole: domain.isWhole).map(PolicyValue.number)
                })
        case .boolean:
            let values = [PolicyValue.boolean(false), .boolean(true)]
            return (values, [.boolean(false): Place(below: 0, own: 0), .boolean(true): Place(below: 0, own: 1)])
        case .name, .other:
            var values: [PolicyValue] = []
            var places: [PolicyValue.Content: Place] = [:]
            for value in rights + names.sorted().map(PolicyValue.text) where kind == .name || Kind(value.content) == kind {
                let content = value.content.normal
                if places[content] == nil {
                    places[content] = Place(below: 0, own: values.count)
                    values.append(value)
                }
            }
            // Any value that no clause names.
            var other = "urn:kouan:any-other"
            while places[kind.content(other)] != nil { other += "-" }
            values.append(PolicyValue(content: kind.content(other), lexical: other, datatype: kind.datatype))
            return (values, places)
        }
    }

    /// Each value of the clauses is a class of its own, and so is what lies between two of them, if anything does.
    private static func ordered(
        _ rights: [PolicyValue], least: PolicyValue?, isWhole: Bool = false,
        between: (PolicyValue?, PolicyValue?) -> PolicyValue?
    ) -> (values: [PolicyValue], places: [PolicyValue.Content: Place]) {
        var seen: Set<PolicyValue.Content> = []
        let points = (rights + [least].compactMap { $0 }).filter { seen.insert($0.content).inserted }
            .sorted { PolicyValue.precedes($0.content, $1.content) }
        var values: [PolicyValue] = []
        var places: [PolicyValue.Content: Place] = [:]
        var low: PolicyValue?
        for point in points {
            let isPossible = least.map { !PolicyValue.precedes(point.content, $0.content) } ?? true
            if isPossible, least == nil || low != nil, let gap = between(low, point) { values.append(gap) }
            let isHeld = isPossible && !(isWhole && point.number.map { !$0.isInteger } ?? false)
            places[point.content] = Place(below: values.count, own: isHeld ? values.count : nil)
            if isHeld { values.append(point) }
            if isPossible { low = point }
        }
        if let gap = between(low, nil) { values.append(gap) }
        return (values, places)
    }

    // MARK: What one value satisfies

    /// The classes equal to some of `rights`.
    func equal(to rights: [PolicyValue]) -> BitSet {
        var set = BitSet(count: values.count)
        for right in rights {
            for group in groups where group.speaks(of: right) {
                if let own = group.places[right.content.normal]?.own { set.insert(group.classes.lowerBound + own) }
            }
        }
        return set
    }

    /// The classes that can be compared with all of `rights` and equal none.
    func different(from rights: [PolicyValue]) -> BitSet {
        let equal = equal(to: rights)
        return matching(rights) { group, _ in group.classes }.intersection(equal.complement)
    }

    /// The classes that stand in the given order to all of `rights`.
    func ordered(_ operation: Operator, _ rights: [PolicyValue]) -> BitSet {
        matching(rights) { group, right in
            guard group.isOrdered, let place = group.places[right.content.normal] else { return 0..<0 }
            let (first, end) = (group.classes.lowerBound, group.classes.upperBound)
            let below = first + place.below
            let above = below + (place.own == nil ? 0 : 1)
            switch operation {
            case .lt: return first..<below
            case .lteq: return first..<above
            case .gt: return above..<end
            default: return below..<end
            }
        }
    }

    /// The names that `isMeant` takes.
    func names(where isMeant: (String) -> Bool) -> BitSet {
        var set = BitSet(count: values.count)
        for group in groups where group.kind == .name {
            for index in group.classes { if let name = values[index].key, isMeant(name) { set.insert(index) } }
        }
        return set
    }

    private func matching(_ rights: [PolicyValue], _ range: (Group, PolicyValue) -> Range<Int>) -> BitSet {
        var result = BitSet.full(values.count)
        for right in rights {
            var set = BitSet(count: values.count)
            for group in groups where group.speaks(of: right) { set.insert(range(group, right)) }
            result.formIntersection(set)
        }
        return result
    }
}

/// What a left operand can have as its value at all.
private struct Domain {
    let kind: Axis.Kind
    /// Counts are whole.
    let isWhole: Bool
    /// Counts, sizes and lengths of time are not negative.
    let isFromZero: Bool
    let isIdentity: Bool

    init(_ key: AxisKey) {
        guard let operand = key.operand else {
            (kind, isWhole, isFromZero, isIdentity) = (.name, false, false, true)
            return
        }
        isIdentity = false
        if let sort = OperandTable.info(operand)?.sort {
            isWhole = sort == .counter
            isFromZero = sort == .counter || sort == .size || sort == .duration
            kind =
                switch sort {
                case .instant: .instant
                case .duration: .duration
                case .counter, .amount, .size: .number
                case .boolean: .boolean
                case .region, .concept, .identifier: .name
                }
        } else {
            // An operand of a profile that is not at hand: its name is all there is to go by.
            (kind, isWhole) = (.name, false)
            isFromZero =
                ["Size", "size", "Count", "Duration", "duration"].contains { operand.localName.contains($0) }
                || operand.localName == "count"
        }
    }
}

extension Axis.Kind {
    fileprivate var isOrdered: Bool {
        switch self {
        case .instant, .number, .duration: true
        case .name, .boolean, .other: false
        }
    }

    fileprivate var isPlural: Bool {
        switch self {
        case .name, .other: true
        case .instant, .number, .duration, .boolean: false
        }
    }

    fileprivate var order: String {
        switch self {
        case .instant: "0"
        case .number: "1"
        case .duration: "2"
        case .boolean: "3"
        case .name: "4"
        case .other(let datatype): "5" + datatype
        }
    }

    fileprivate var datatype: String? {
        if case .other(let datatype) = self { return datatype }
        return nil
    }

    fileprivate func content(_ text: String) -> PolicyValue.Content {
        if case .other(let datatype) = self { return .other(lexical: text, datatype: datatype) }
        return .text(text)
    }
}

extension PolicyValue.Content {
    /// An IRI is equal to text of the same characters.
    fileprivate var normal: PolicyValue.Content {
        if case .iri(let text) = self { return .text(text) }
        return self
    }
}

extension PolicyValue {
    fileprivate var instant: Instant? {
        if case .instant(let instant) = content { return instant }
        return nil
    }

    fileprivate var span: Span? {
        if case .duration(let span) = content { return span }
        return nil
    }

    fileprivate var number: ExactDecimal? {
        if case .number(let number) = content { return number }
        return nil
    }

    fileprivate static func number(_ number: ExactDecimal) -> PolicyValue {
        let text = number.description
        let type = text.contains("e") ? "double" : number.isInteger ? "integer" : "decimal"
        return PolicyValue(content: .number(number), lexical: text, datatype: Namespace.xsd + type)
    }

    fileprivate static func precedes(_ left: Content, _ right: Content) -> Bool {
        switch (left, right) {
        case (.instant(let left), .instant(let right)): left < right
        case (.number(let left), .number(let right)): left < right
        case (.duration(let left), .duration(let right)): left < right
        default: false
        }
    }
}
