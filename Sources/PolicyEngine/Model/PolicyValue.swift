// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// One value on either side of a constraint, with its kind. Values of different kinds are never ordered and never equal.
package struct PolicyValue: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case iri(String)
        case text(String)
        case instant(Instant)
        case number(ExactDecimal)
        case duration(Span)
        case boolean(Bool)
        /// A datatype that we do not know, or text that its datatype does not allow. Equal to the same characters of the same type.
        case other(lexical: String, datatype: String)
    }

    package let content: Content
    /// The characters as they were given.
    package let lexical: String
    /// The full IRI of the datatype when the value named one, or when JSON did.
    package let datatype: String?
    package let unit: IRI?

    init(content: Content, lexical: String, datatype: String?, unit: IRI? = nil) {
        self.content = content
        self.lexical = lexical
        self.datatype = datatype
        self.unit = unit
    }

    package static func text(_ text: String) -> PolicyValue { PolicyValue(content: .text(text), lexical: text, datatype: nil) }
    package static func iri(_ text: String) -> PolicyValue { PolicyValue(content: .iri(text), lexical: text, datatype: nil) }
    package static func integer(_ value: Int) -> PolicyValue {
        PolicyValue(content: .number(ExactDecimal(Int64(value))), lexical: "\(value)", datatype: Namespace.xsd + "integer")
    }
    package static func boolean(_ value: Bool) -> PolicyValue {
        PolicyValue(content: .boolean(value), lexical: "\(value)", datatype: Namespace.xsd + "boolean")
    }
    package static func time(_ time: Timestamp) -> PolicyValue {
        PolicyValue(content: .instant(Instant(time)), lexical: time.description, datatype: Namespace.xsd + "dateTime")
    }

    package static func duration(milliseconds: Int64) -> PolicyValue {
        let (seconds, rest) = max(0, milliseconds).quotientAndRemainder(dividingBy: 1000)
        let fraction = rest == 0 ? "" : "." + String(1000 + rest).dropFirst()
        return PolicyValue(
            content: .duration(Span(seconds: seconds, nanoseconds: Int32(rest) * 1_000_000)), lexical: "PT\(seconds)\(fraction)S",
            datatype: Namespace.xsd + "duration")
    }

    /// Text of a datatype; text that the datatype does not allow stays comparable to nothing but itself.
    package init(lexical: String, datatype: String, unit: IRI? = nil) {
        self.init(
            content: PolicyValue.content(lexical, datatype) ?? .other(lexical: lexical, datatype: datatype), lexical: lexical,
            datatype: datatype, unit: unit)
    }

    private static func content(_ lexical: String, _ datatype: String) -> Content? {
        if datatype == Namespace.rdf + "langString" { return .text(lexical) }
        guard datatype.hasPrefix(Namespace.xsd) else { return nil }
        switch datatype.dropFirst(Namespace.xsd.count) {
        case "string", "normalizedString", "token", "language": return .text(lexical)
        case "anyURI": return .iri(lexical)
        case "dateTime", "dateTimeStamp", "date": return Instant(parsing: lexical).map(Content.instant)
        case "decimal", "double", "float": return ExactDecimal(parsing: lexical).map(Content.number)
        case "integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger", "negativeInteger",
            "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte":
            return ExactDecimal(parsing: lexical).flatMap { $0.isInteger ? .number($0) : nil }
        case "duration", "dayTimeDuration", "yearMonthDuration": return Span(parsing: lexical).map(Content.duration)
        case "boolean":
            switch lexical {
            case "true", "1": return .boolean(true)
            case "false", "0": return .boolean(false)
            default: return nil
            }
        default: return nil
        }
    }

    /// Text that named no datatype.
    var isUntypedText: Bool {
        if case .text = content { return datatype == nil }
        return false
    }

    /// The same value with the datatype and unit that its constraint gives to untyped text and values without a unit.
    func completed(datatype: String?, unit: IRI?) -> PolicyValue {
        let newUnit = self.unit ?? unit
        if isUntypedText, let datatype { return PolicyValue(lexical: lexical, datatype: datatype, unit: newUnit) }
        return PolicyValue(content: content, lexical: lexical, datatype: self.datatype, unit: newUnit)
    }

    /// Characters by which hierarchies know the value: an IRI, or text that spells one.
    var key: String? {
        switch content {
        case .iri(let text), .text(let text): text
        default: nil
        }
    }

    /// For people: the characters, with the unit.
    package var display: String { unit.map { "\(lexical) \($0.localName)" } ?? lexical }

    enum Order { case less, equal, greater, different, incomparable }

    /// `different`: same kind without an order, and not equal. `incomparable`: different kinds, or two units that differ.
    func compared(to other: PolicyValue) -> Order {
        if let left = unit, let right = other.unit, left != right { return .incomparable }
        switch (content, other.content) {
        case (.instant(let left), .instant(let right)): return left < right ? .less : left == right ? .equal : .greater
        case (.number(let left), .number(let right)): return left < right ? .less : left == right ? .equal : .greater
        case (.duration(let left), .duration(let right)): return left < right ? .less : left == right ? .equal : .greater
        case (.text(let left), .text(let right)), (.iri(let left), .iri(let right)), (.text(let left), .iri(let right)),
            (.iri(let left), .text(let right)):
            return left == right ? .equal : .different
        case (.boolean(let left), .boolean(let right)): return left == right ? .equal : .different
        case (.other(let left, let leftType), .other(let right, let rightType)) where leftType == rightType:
            return left == right ? .equal : .different
        default: return .incomparable
        }
    }

    var isOrdered: Bool {
        switch content {
        case .instant, .number, .duration: true
        case .iri, .text, .boolean, .other: false
        }
    }

    func equals(_ other: PolicyValue) -> Bool { compared(to: other) == .equal }

    package var json: JSON {
        var json: JSON
        switch content {
        case .iri(let text): json = ["@id": .string(text)]
        case .text(let text) where unit == nil: json = .string(text)
        case .boolean(let value) where unit == nil: json = .bool(value)
        default: json = .members(["@value": .string(lexical), "@type": datatype.map(JSON.string)])
        }
        if let unit, case .object(var members) = json {
            members["unit"] = .string(unit.description)
            json = .object(members)
        }
        return json
    }
}
