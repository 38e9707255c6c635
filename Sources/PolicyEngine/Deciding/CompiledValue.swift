// SPDX-License-Identifier: Apache-2.0

/// A value in the form in which it is compared. Equal hashes prove nothing: names are then compared by their characters, and what is rare
/// (units, datatypes that nobody knows, numbers beyond two words) by the values themselves.
struct CompiledValue {
    enum Kind: UInt8 {
        case instant, number, duration
        /// A number beyond what `ExactDecimal.fixed` can say.
        case wide
        /// Text or an IRI: they equal each other by their characters.
        case name
        case boolean
        case other
    }

    let kind: Kind
    private let hasUnit: Bool
    private let low: Int32
    private let high: Int64
    private let name: String

    init(_ value: PolicyValue) {
        hasUnit = value.unit != nil
        switch value.content {
        case .instant(let instant): (kind, high, low, name) = (.instant, instant.seconds, instant.nanoseconds, "")
        case .duration(let span): (kind, high, low, name) = (.duration, span.seconds, span.nanoseconds, "")
        case .number(let number):
            let fixed = number.fixed
            (kind, high, low, name) = (fixed == nil ? .wide : .number, fixed?.whole ?? 0, fixed?.billionths ?? 0, "")
        case .iri(let text), .text(let text): (kind, high, low, name) = (.name, Int64(text.hashValue), 0, text)
        case .boolean(let value): (kind, high, low, name) = (.boolean, value ? 1 : 0, 0, "")
        case .other: (kind, high, low, name) = (.other, 0, 0, "")
        }
    }

    /// Text, IRIs, booleans and unknown datatypes have no order, so no ordering operator holds for them, equal or not.
    var isOrdered: Bool { kind.rawValue <= Kind.wide.rawValue }

    /// The order of the two, nil where only the values themselves can tell.
    @inline(__always)
    func compared(to other: borrowing CompiledValue) -> PolicyValue.Order? {
        if hasUnit, other.hasUnit { return nil }
        guard kind == other.kind else {
            return kind == .wide && other.kind == .number || kind == .number && other.kind == .wide ? nil : .incomparable
        }
        switch kind {
        case .instant, .number, .duration:
            if high != other.high { return high < other.high ? .less : .greater }
            return low < other.low ? .less : low == other.low ? .equal : .greater
        case .name: return high == other.high && name == other.name ? .equal : .different
        case .boolean: return high == other.high ? .equal : .different
        case .wide, .other: return nil
        }
    }
}
