// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// Why a file cannot be treated as a duty demands. Nothing of it is shown then.
package enum DataDutyError: KouanError, Equatable {
    /// Only CSV and JSON have fields that a program can tell apart.
    case noFields(path: String)
    case malformed(path: String, detail: String)
    case fieldMissing(String)
    case badField(String)
    case badMethod(String)

    package var code: String {
        switch self {
        case .noFields, .malformed: "duty.cannot-mask"
        case .fieldMissing: "duty.field-missing"
        case .badField: "duty.bad-field"
        case .badMethod: "duty.bad-method"
        }
    }

    package var message: String {
        switch self {
        case .noFields(let path): "fields of `\(path)` cannot be masked: it is neither CSV nor JSON"
        case .malformed(let path, let detail): "fields of `\(path)` cannot be masked: \(detail)"
        case .fieldMissing(let field): "no file has the field `\(field)` that is to be masked"
        case .badField(let field): "`\(field.prefix(120))` is no column name and no JSON path"
        case .badMethod(let method): "`\(method.prefix(120))` is no way of masking"
        }
    }

    package var hint: String {
        switch self {
        case .noFields: "ask the provider for the data in CSV or JSON, or for another policy"
        case .malformed: "ask the provider for a well-formed file"
        case .fieldMissing: "ask the provider to name the fields as the files do"
        case .badField: "write a column name, or a path such as `$.items[*].idno`"
        case .badMethod: "use `mask`, `remove` or `hash`"
        }
    }
}
