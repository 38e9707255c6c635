// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// What sort of thing a left operand speaks about. It decides which operators and which values make sense.
package enum OperandSort: String, Sendable, Hashable, CaseIterable {
    case instant, duration, counter, amount, size, region, concept, identifier, boolean

    var operators: Set<Operator> {
        switch self {
        case .instant, .duration, .counter, .amount, .size: [.eq, .neq, .lt, .lteq, .gt, .gteq]
        case .region, .concept, .identifier: [.eq, .neq, .isA, .hasPart, .isPartOf, .isAllOf, .isAnyOf, .isNoneOf]
        case .boolean: [.eq, .neq]
        }
    }

    /// The datatype that untyped text of this sort gets, when it reads as one: peers send `"2027-02-28T00:00:00Z"` and `"10"` bare.
    func datatype(forUntyped text: String) -> String? {
        switch self {
        case .instant: Instant(parsing: text) == nil ? nil : Namespace.xsd + "dateTime"
        case .duration: Span(parsing: text) == nil ? nil : Namespace.xsd + "duration"
        case .counter, .amount, .size: ExactDecimal(parsing: text) == nil ? nil : Namespace.xsd + "decimal"
        case .boolean: text == "true" || text == "false" ? Namespace.xsd + "boolean" : nil
        case .region, .concept, .identifier: nil
        }
    }

    func accepts(_ value: PolicyValue) -> Bool {
        switch (self, value.content) {
        case (.instant, .instant), (.duration, .duration), (.counter, .number), (.amount, .number), (.size, .number),
            (.boolean, .boolean):
            true
        case (.region, .iri), (.region, .text), (.concept, .iri), (.concept, .text), (.identifier, .iri), (.identifier, .text): true
        default: false
        }
    }

    /// What a value of this sort looks like in a policy, for hints.
    var example: String {
        switch self {
        case .instant: #"{"@value": "2027-02-28T00:00:00+08:00", "@type": "xsd:dateTime"}"#
        case .duration: #"{"@value": "P30D", "@type": "xsd:duration"}"#
        case .counter, .amount, .size: #"{"@value": "10", "@type": "xsd:integer"}"#
        case .region: #""CN-350000" or "DE""#
        case .concept: #""warranty-analysis""#
        case .identifier: #""urn:uscc:91350100M000100Y43""#
        case .boolean: "true"
        }
    }
}

/// When a decision is taken. Later points know more.
package enum EvaluationPoint: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Who may see the offer, and under which conditions it stands.
    case catalog
    /// Whether to agree.
    case negotiation
    /// Whether sealed bytes may leave. Data that leaves in the clear is decided at `use` instead.
    case transfer
    /// Whether a key is released.
    case grant
    /// Whether this use may happen.
    case use

    package static func < (left: EvaluationPoint, right: EvaluationPoint) -> Bool { left.order < right.order }
    private var order: Int {
        switch self {
        case .catalog: 0
        case .negotiation: 1
        case .transfer: 2
        case .grant: 3
        case .use: 4
        }
    }

    /// A missing fact is no answer here, never a permit.
    package var isEnforced: Bool { self >= .transfer }
}

/// How far a clause holds (FORMATS of keys and grants).
package enum EnforcementLevel: String, Sendable, Hashable, CaseIterable {
    /// A provider that applies the clause refuses a key that the consumer does not yet hold.
    case enforced
    /// Kept by an unmodified consumer node and signed for.
    case attested
    /// Contract text.
    case declared

    package var text: LocalizedText {
        switch self {
        case .enforced: LocalizedText("enforced: without it no key is released", "强制执行：不满足则不发放密钥")
        case .attested: LocalizedText("attested: kept and signed for by the consumer's node", "节点证明：由消费方节点遵守并签名确认")
        case .declared: LocalizedText("declared: contract text, no technical control", "合同约定：仅为合同条款，无技术控制")
        }
    }
}

/// A sentence in the two languages of the product.
package struct LocalizedText: Sendable, Hashable {
    package let en: String
    package let zh: String

    package init(_ en: String, _ zh: String) {
        self.en = en
        self.zh = zh
    }

    package var json: JSON { ["en": .string(en), "zh": .string(zh)] }
}

/// What the engine knows about one left operand: a row of the table *operand × point → known, deferred or forbidden*.
package struct OperandInfo: Sendable {
    /// Which side of an exchange learns the value.
    package enum Knower: String, Sendable, Hashable, CaseIterable { case both, provider, consumer }

    package let iri: IRI
    package let sort: OperandSort
    /// The first point at which its value can be known; nil when this node can know it nowhere.
    package let knownFrom: EvaluationPoint?
    package let knownTo: Knower
    /// A term of a profile that no machine decides: the parties sign it and keep it. Its level is `declared`.
    package let isContractText: Bool
    package let level: EnforcementLevel
    package let title: LocalizedText
    /// The operators that its profile allows, where it narrows them.
    let profileOperators: Set<Operator>?
    /// The values that its profile allows, where it lists them.
    let profileValues: Set<String>?

    init(
        iri: IRI, sort: OperandSort, knownFrom: EvaluationPoint?, knownTo: Knower = .both, isContractText: Bool = false,
        level: EnforcementLevel, title: LocalizedText, profileOperators: Set<Operator>? = nil, profileValues: Set<String>? = nil
    ) {
        self.iri = iri
        self.sort = sort
        self.knownFrom = knownFrom
        self.knownTo = knownTo
        self.isContractText = isContractText
        self.level = level
        self.title = title
        self.profileOperators = profileOperators
        self.profileValues = profileValues
    }

    package enum Knowledge: Sendable, Hashable {
        case known
        /// A later point knows it.
        case later
        case elsewhere(ValueSource)
        /// No point knows it: refused in a permission or a prohibition when a policy is registered.
        case never
    }

    package func knowledge(at point: EvaluationPoint, on side: EvaluationSide) -> Knowledge {
        if isContractText { return .elsewhere(.contract) }
        guard let knownFrom else { return .never }
        // A consumer opens with a key in hand: what only the provider knows was decided before that key was released.
        if side == .consumer, knownTo == .provider { return point == .use ? .elsewhere(.peer) : .later }
        return knownFrom <= point ? .known : .later
    }
}

package enum OperandTable {
    package static func info(_ operand: IRI) -> OperandInfo? { core[operand] ?? PolicyProfile.operands[operand] }

    /// The left operands of the ODRL vocabulary. Those without a point are known to this node nowhere and refused in constraints;
    /// in a refinement of a duty they describe the act itself.
    static let core: [IRI: OperandInfo] = {
        var table: [IRI: OperandInfo] = [:]
        func add(
            _ term: String, _ sort: OperandSort, _ zh: String, from: EvaluationPoint? = nil, _ level: EnforcementLevel = .declared,
            to knower: OperandInfo.Knower = .both
        ) {
            let iri = IRI(Namespace.odrl + term)
            table[iri] = OperandInfo(iri: iri, sort: sort, knownFrom: from, knownTo: knower, level: level, title: LocalizedText(term, zh))
        }
        add("dateTime", .instant, "时间", from: .transfer, .enforced)
        add("count", .counter, "使用次数", from: .grant, .attested)
        add("purpose", .concept, "使用目的", from: .grant, .attested)
        add("recipient", .identifier, "接收方", from: .catalog, .enforced)
        add("spatial", .region, "使用地域", from: .catalog, .attested)
        add("industry", .concept, "行业", from: .catalog, .enforced)
        add("event", .concept, "事件")
        add("product", .concept, "产品")
        add("elapsedTime", .duration, "自协议达成起的时长", from: .transfer, .enforced)
        add("meteredTime", .duration, "累计使用时长", from: .use, .attested, to: .consumer)
        add("delayPeriod", .duration, "延迟期间")
        add("timeInterval", .duration, "时间间隔")
        add("payAmount", .amount, "支付金额")
        add("percentage", .amount, "百分比")
        add("absolutePosition", .size, "绝对位置")
        add("absoluteSize", .size, "绝对大小")
        add("absoluteSpatialPosition", .size, "绝对空间位置")
        add("absoluteTemporalPosition", .size, "绝对时间位置")
        add("relativePosition", .size, "相对位置")
        add("relativeSize", .size, "相对大小")
        add("relativeSpatialPosition", .size, "相对空间位置")
        add("relativeTemporalPosition", .size, "相对时间位置")
        add("resolution", .size, "分辨率")
        add("spatialCoordinates", .identifier, "空间坐标")
        add("deliveryChannel", .identifier, "交付渠道")
        add("device", .identifier, "设备")
        add("fileFormat", .identifier, "文件格式")
        add("language", .identifier, "语言")
        add("media", .identifier, "媒体类型")
        add("system", .identifier, "系统")
        add("systemDevice", .identifier, "系统设备")
        add("unitOfCount", .identifier, "计数单位")
        add("version", .identifier, "版本")
        add("virtualLocation", .identifier, "虚拟位置")
        return table
    }()
}

extension OperandInfo {
    /// Text that a person typed, as a value of the operand's sort; text that is none stays text, which equals no such value.
    package func value(of text: String) -> PolicyValue {
        guard let datatype = sort.datatype(forUntyped: text) else { return .text(text) }
        return PolicyValue(lexical: text, datatype: datatype)
    }
}
