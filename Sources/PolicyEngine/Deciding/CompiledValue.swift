// SPDX-License-Identifier: Apache-2.0

/// A value in the form in which it is compared: two words, and the hash of its unit. Where equal hashes do not yet prove equality the
/// values themselves are asked.
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
    private let low: Int32
    private let high: Int64
    /// Zero without a unit.
    private let unit: Int

    init(_ value: PolicyValue) {
        unit = value.unit.map { $0.hashValue | 1 } ?? 0
        switch value.content {
        case .instant(let instant): (kind, high, low) = (.instant, instant.seconds, instant.nanoseconds)
        case .duration(let span): (kind, high, low) = (.duration, span.seconds, span.nanoseconds)
        case .number(let number):
            if let fixed = number.fixed {
                (kind, high, low) = (.number, fixed.whole, fixed.billionths)
            } else {
                (kind, high, low) = (.wide, 0, 0)
            }
        case .iri(let text), .text(let text): (kind, high, low) = (.name, Int64(text.hashValue), 0)
        case .boolean(let value): (kind, high, low) = (.boolean, value ? 1 : 0, 0)
        case .other: (kind, high, low) = (.other, 0, 0)
        }
    }

    /// Text, IRIs, booleans and unknown datatypes have no order, so no ordering operator holds for them, equal or not.
    var isOrdered: Bool { kind.rawValue <= Kind.wide.rawValue }

    /// The order of the two, nil where only the values themselves can tell.
    @inline(__always)
    func compared(to other: CompiledValue) -> PolicyValue.Order? {
        if unit != 0, other.unit != 0 { return unit == other.unit ? nil : .incomparable }
        guard kind == other.kind else {
            return kind == .wide && other.kind == .number || kind == .number && other.kind == .wide ? nil : .incomparable
        }
        switch kind {
        case .instant, .number, .duration:
            if high != other.high { return high < other.high ? .less : .greater }
            return low < other.low ? .less : low == other.low ? .equal : .greater
        case .name: return high == other.high ? nil : .different
        case .boolean: return high == other.high ? .equal : .different
        case .wide, .other: return nil
        }
    }
}
