// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

extension PolicyValue {
    /// Reads a value of a policy, a request or a world: text, number, boolean, `{"@id"}`, `{"@value", "@type", "unit"}`.
    init?(reading json: JSON, context: JSONLDContext) {
        switch json {
        case .string(let text): self = .text(text)
        case .integer(let value):
            self.init(content: .number(ExactDecimal(value)), lexical: "\(value)", datatype: Namespace.xsd + "integer")
        case .double(let value):
            guard let number = ExactDecimal(parsing: "\(value)") else { return nil }
            self.init(content: .number(number), lexical: "\(value)", datatype: Namespace.xsd + "decimal")
        case .bool(let value): self = .boolean(value)
        case .object(let members):
            let unit = (members["unit"] ?? members["odrl:unit"] ?? members[Namespace.odrl + "unit"]).flatMap(referenceText)
                .map { IRI(context.expand($0)) }
            if let raw = members["@value"] ?? members["value"] {
                let datatype = (members["@type"] ?? members["type"])?.string.map(context.expandTerm)
                if let text = raw.string {
                    if let datatype {
                        self.init(lexical: text, datatype: datatype, unit: unit)
                    } else {
                        self.init(content: .text(text), lexical: text, datatype: nil, unit: unit)
                    }
                } else if raw.object == nil, let plain = PolicyValue(reading: raw, context: context) {
                    if let datatype {
                        self.init(lexical: plain.lexical, datatype: datatype, unit: unit)
                    } else {
                        self.init(content: plain.content, lexical: plain.lexical, datatype: plain.datatype, unit: unit)
                    }
                } else {
                    return nil
                }
            } else if let id = (members["@id"] ?? members["uid"] ?? members["id"])?.string {
                let full = context.expand(id)
                self.init(content: .iri(full), lexical: full, datatype: nil, unit: unit)
            } else {
                return nil
            }
        case .null, .array: return nil
        }
    }

    var kindName: String {
        switch content {
        case .iri, .text: "name"
        case .instant: "time"
        case .number: "number"
        case .duration: "duration"
        case .boolean: "boolean"
        case .other(_, let datatype): datatype
        }
    }
}
