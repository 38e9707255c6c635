// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// Days as a person names them, as the constraints that mean them: both days inside, from midnight to midnight in one zone.
package struct DateWindow: Sendable {
    package let start: Timestamp?
    /// The first moment after the last day.
    package let end: Timestamp?
    private let zone: TimeZoneOffset

    /// - Parameters: days such as `2027-02-28`.
    package init(from: String?, until: String?, zone: TimeZoneOffset) throws(DateWindowError) {
        start = try from.map { day throws(DateWindowError) in try DateWindow.midnight(day, zone) }
        end = try until.map { day throws(DateWindowError) in try DateWindow.midnight(day, zone).adding(seconds: 86_400) }
        self.zone = zone
        if let start, let end, end <= start, let from, let until { throw .empty(from: from, until: until) }
    }

    /// The moment at which the day begins in `zone`.
    package static func midnight(_ day: String, _ zone: TimeZoneOffset) throws(DateWindowError) -> Timestamp {
        guard day.utf8.count == 10, let midnight = Timestamp(parsing: day + "T00:00:00" + zone.description) else { throw .noDay(day) }
        return midnight
    }

    package var constraints: [JSON] {
        [start.map { constraint("gteq", $0) }, end.map { constraint("lt", $0) }].compactMap(\.self)
    }

    private func constraint(_ operation: String, _ time: Timestamp) -> JSON {
        [
            "leftOperand": "dateTime", "operator": .string(operation),
            "rightOperand": ["@value": .string(zone.text(time)), "@type": "xsd:dateTime"],
        ]
    }

    /// The document with the window in every permission.
    package func added(to document: JSON) throws(DateWindowError) -> JSON {
        guard case .object(var members) = document, let name = DateWindow.member("permission", in: members) else { throw .noPermission }
        var permissions: [JSON] = []
        for permission in DateWindow.elements(members[name]) {
            // A mere reference to a rule elsewhere in the document has no place for a clause.
            guard case .object(var rule) = permission, DateWindow.member("action", in: rule) != nil || members["action"] != nil else {
                throw .noPermission
            }
            let clause = DateWindow.member("constraint", in: rule) ?? name.replacing("permission", with: "constraint")
            rule[clause] = .array(DateWindow.elements(rule[clause]) + constraints)
            permissions.append(.object(rule))
        }
        guard !permissions.isEmpty else { throw .noPermission }
        members[name] = .array(permissions)
        return .object(members)
    }

    /// A member by its term, its CURIE or its full name.
    private static func member(_ term: String, in members: [String: JSON]) -> String? {
        [term, "odrl:" + term, Namespace.odrl + term].first { members[$0] != nil }
    }

    private static func elements(_ value: JSON?) -> [JSON] {
        switch value {
        case nil, .null?: []
        case .array(let elements)?: elements
        case let single?: [single]
        }
    }
}

package enum DateWindowError: KouanError {
    case noDay(String)
    case empty(from: String, until: String)
    case noPermission

    package var code: String {
        switch self {
        case .noDay: "policy.no-day"
        case .empty: "policy.window-empty"
        case .noPermission: "policy.no-place-for-window"
        }
    }

    package var message: String {
        switch self {
        case .noDay(let text): "`\(text.prefix(40))` is no day"
        case .empty(let from, let until): "a window from `\(from)` until `\(until)` holds no day"
        case .noPermission: "the policy has no permission that a time window could be written into"
        }
    }

    package var hint: String {
        switch self {
        case .noDay: "write it as 2027-02-28"
        case .empty: "exchange the two days"
        case .noPermission: "paste the constraints that `kouan policy check --until` prints"
        }
    }
}
