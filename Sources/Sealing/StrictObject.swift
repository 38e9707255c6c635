// SPDX-License-Identifier: Apache-2.0
internal import ExchangeModel

/// A JSON object with exactly the members that a signed format names.
struct StrictObject {
    private let members: [String: JSON]
    private let invalid: (String) -> SealingError

    init(parsing bytes: [UInt8], limit: Int, names: Set<String>, invalid: @escaping (String) -> SealingError) throws(SealingError) {
        do {
            let json = try JSON.parse(bytes, limits: JSONLimits(bytes: limit, depth: 4, values: 64))
            try self.init(json, names: names, invalid: invalid)
        } catch let error as JSONError {
            throw invalid(error.message)
        } catch let error as SealingError {
            throw error
        } catch { throw invalid("it is not JSON") }
    }

    init(_ json: JSON?, names: Set<String>, invalid: @escaping (String) -> SealingError) throws(SealingError) {
        guard let object = json?.object else { throw invalid("it is not an object") }
        guard Set(object.keys) == names else { throw invalid("it has missing or unknown members") }
        members = object
        self.invalid = invalid
    }

    subscript(_ name: String) -> JSON? { members[name] }

    /// Nil for null.
    func integer(_ name: String) throws(SealingError) -> Int64? {
        switch members[name] {
        case .integer(let value)?: return value
        case .null?: return nil
        default: throw invalid("`\(name)` is not an integer")
        }
    }

    func optional<Value>(_ name: String, _ read: (String) -> Value?) throws(SealingError) -> Value? {
        if case .null? = members[name] { return nil }
        return try required(name, read)
    }

    func required<Value>(_ name: String, _ read: (String) -> Value?) throws(SealingError) -> Value {
        guard case .string(let text)? = members[name], let value = read(text) else { throw invalid("`\(name)` is malformed") }
        return value
    }
}
