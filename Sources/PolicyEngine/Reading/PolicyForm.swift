// SPDX-License-Identifier: Apache-2.0

package import ExchangeModel

/// What to ask before a policy template is used, and what the template does not enforce: `NAME.template.json` beside the policy.
package struct PolicyForm: Sendable {
    package struct Question: Sendable {
        package let key: String
        package let prompt: LocalizedText
        package let example: String
        /// In the words of an answer.
        package let defaultAnswer: String
        package let isMultiple: Bool
        let sort: OperandSort
        let pointers: [String]
        let bound: Bound?
        let isParticipant: Bool
        let choices: [String]

        enum Bound: String { case from, until }
    }

    /// `P-01` and so on: the kinds of usage policy that it is.
    package let kinds: [String]
    package let title: LocalizedText
    package let notEnforced: LocalizedText
    package let questions: [Question]
    private let filledTitle: LocalizedText

    /// Nil when the document is no form; a test reads every file.
    package init?(_ document: JSON) {
        guard let title = PolicyForm.text(document["title"]), let filled = PolicyForm.text(document["filledTitle"]),
            let notEnforced = PolicyForm.text(document["notEnforced"]), let entries = document["questions"]?.array
        else { return nil }
        kinds = (document["kinds"]?.array ?? []).compactMap(\.string)
        self.title = title
        filledTitle = filled
        self.notEnforced = notEnforced
        var questions: [Question] = []
        for entry in entries {
            guard let key = entry["key"]?.string, let prompt = PolicyForm.text(entry["prompt"]),
                let sort = entry["sort"]?.string.flatMap(OperandSort.init), let pointers = entry["pointers"]?.array?.compactMap(\.string),
                !pointers.isEmpty, let answer = entry["default"]
            else { return nil }
            let several = answer.array?.compactMap(\.string)
            questions.append(
                Question(
                    key: key, prompt: prompt, example: entry["example"]?.string ?? "",
                    defaultAnswer: several?.joined(separator: ", ") ?? answer.string ?? "", isMultiple: several != nil, sort: sort,
                    pointers: pointers, bound: entry["bound"]?.string.flatMap(Question.Bound.init),
                    isParticipant: entry["participant"]?.bool ?? false, choices: (entry["choices"]?.array ?? []).compactMap(\.string)))
        }
        self.questions = questions
    }

    private static func text(_ json: JSON?) -> LocalizedText? {
        guard let en = json?["en"]?.string, let zh = json?["zh"]?.string else { return nil }
        return LocalizedText(en, zh)
    }

    /// The template with the answers in their places, under an id of its own. A question without an answer takes its default.
    package func filled(
        _ template: JSON, answers: [String: String], id: String, zone: TimeZoneOffset
    ) throws(PolicyFormError) -> JSON {
        for key in answers.keys.sorted() where !questions.contains(where: { $0.key == key }) {
            throw .unknownKey(key, known: questions.map(\.key))
        }
        var policy = template
        var title = (en: filledTitle.en, zh: filledTitle.zh)
        for question in questions {
            let answer = answers[question.key] ?? question.defaultAnswer
            let value = try question.value(of: answer, zone: zone)
            for pointer in question.pointers { policy = PolicyForm.setting(value, at: pointer.split(separator: "/"), in: policy) }
            let shown = question.isMultiple ? PolicyForm.parts(answer) : [answer]
            title.en = title.en.replacing("{\(question.key)}", with: shown.joined(separator: ", "))
            title.zh = title.zh.replacing("{\(question.key)}", with: shown.joined(separator: "、"))
        }
        guard case .object(var members) = PolicyForm.renamed(policy, from: template["uid"]?.string ?? "", to: id) else { return policy }
        members["uid"] = .string(id)
        members["dct:title"] = [
            ["@value": .string(title.en), "@language": "en"], ["@value": .string(title.zh), "@language": "zh-CN"],
        ]
        members["dct:description"] = nil
        return .object(members)
    }

    /// Several filled templates as one policy, where that is simple: each has one permission, and their actions are the same or one
    /// includes the other, which leaves the narrower. Then all constraints and duties hold, and the prohibitions stand side by side.
    package static func joined(_ policies: [JSON], id: String) throws(PolicyFormError) -> JSON {
        guard let first = policies.first else { throw .notJoinable("there is nothing to join") }
        guard policies.count > 1 else { return first }
        var permission: [String: JSON] = ["uid": .string(id + ":permission")]
        var constraints: [JSON] = []
        var duties: [JSON] = []
        var prohibitions: [JSON] = []
        var profiles: [String] = []
        var titles: (en: [String], zh: [String]) = ([], [])
        for policy in policies {
            guard let permissions = policy["permission"]?.array, permissions.count == 1, let only = permissions.first else {
                throw .notJoinable("one of the templates has several permissions")
            }
            permission["action"] = try narrower(permission["action"], only["action"])
            constraints += only["constraint"]?.array ?? []
            duties += only["duty"]?.array ?? []
            prohibitions += policy["prohibition"]?.array ?? []
            if let profile = policy["profile"]?.string, !profiles.contains(profile) { profiles.append(profile) }
            let title = policy["dct:title"]?.array ?? []
            titles.en += title.prefix(1).compactMap { $0["@value"]?.string }
            titles.zh += title.dropFirst().prefix(1).compactMap { $0["@value"]?.string }
        }
        permission["constraint"] = constraints.isEmpty ? nil : .array(constraints)
        permission["duty"] = duties.isEmpty ? nil : .array(duties)
        return .members([
            "@context": first["@context"], "@type": "Set", "uid": .string(id), "profile": profiles.isEmpty ? nil : .strings(profiles),
            "dct:title": [
                ["@value": .string(titles.en.joined(separator: "; ")), "@language": "en"],
                ["@value": .string(titles.zh.joined(separator: "；")), "@language": "zh-CN"],
            ],
            "permission": [.object(permission)], "prohibition": prohibitions.isEmpty ? nil : .array(prohibitions),
        ])
    }

    private static func narrower(_ one: JSON?, _ other: JSON?) throws(PolicyFormError) -> JSON? {
        guard let one, one != other else { return other }
        if let a = one.string, let b = other?.string {
            let (first, second) = (IRI(Namespace.odrl + a), IRI(Namespace.odrl + b))
            if ActionHierarchy.standard.reaches(first, second) { return one }
            if ActionHierarchy.standard.reaches(second, first) { return other }
        }
        throw .notJoinable("the templates permit different actions")
    }

    /// The parts of an answer with several values.
    static func parts(_ answer: String) -> [String] {
        answer.split { ",，、;；".contains($0) }.map(PolicyForm.trimmed).filter { !$0.isEmpty }
    }

    static func trimmed(_ text: some StringProtocol) -> String {
        String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }

    private static func setting(_ value: JSON, at path: [Substring], in json: JSON) -> JSON {
        guard let first = path.first else { return value }
        switch json {
        case .object(var members):
            let key = String(first)
            members[key] = setting(value, at: Array(path.dropFirst()), in: members[key] ?? .null)
            return .object(members)
        case .array(var elements):
            guard let index = Int(first), elements.indices.contains(index) else { return json }
            elements[index] = setting(value, at: Array(path.dropFirst()), in: elements[index])
            return .array(elements)
        default: return json
        }
    }

    /// Rules are named below their policy, so that two policies from one template do not share names.
    private static func renamed(_ json: JSON, from old: String, to new: String) -> JSON {
        switch json {
        case .object(let members):
            return .object(
                Dictionary(
                    uniqueKeysWithValues: members.map { key, value in
                        if key == "uid", let text = value.string, !old.isEmpty, text.hasPrefix(old + ":") {
                            return (key, JSON.string(new + text.dropFirst(old.count)))
                        }
                        return (key, renamed(value, from: old, to: new))
                    }))
        case .array(let elements): return .array(elements.map { renamed($0, from: old, to: new) })
        default: return json
        }
    }
}

extension PolicyForm.Question {
    /// The right operand that an answer means.
    package func value(of answer: String, zone: TimeZoneOffset) throws(PolicyFormError) -> JSON {
        guard isMultiple else { return try single(PolicyForm.trimmed(answer), zone) }
        let parts = PolicyForm.parts(answer)
        guard !parts.isEmpty, parts.count <= 1000 else { throw invalid(answer, "name at least one value, with commas between them") }
        var values: [JSON] = []
        for part in parts { values.append(try single(part, zone)) }
        return .array(values)
    }

    private func single(_ text: String, _ zone: TimeZoneOffset) throws(PolicyFormError) -> JSON {
        guard !text.isEmpty, text.utf8.count <= 500, text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw invalid(text, "write a value of one line")
        }
        if !choices.isEmpty, !choices.contains(text) {
            throw invalid(text, "write " + choices.map { "`\($0)`" }.joined(separator: ", "))
        }
        switch sort {
        case .concept: return .string(text)
        case .identifier:
            guard isParticipant else { return .string(text) }
            do { return ["@id": .string(try ParticipantID(parsing: text).description)] } catch { throw invalid(text, error.hint) }
        case .region:
            guard RegionHierarchy.standard.contains(text) else {
                throw invalid(text, "write an ISO 3166-1 code, `CN-` with a GB/T 2260 code, `EU` or `EEA`")
            }
            return .string(text)
        case .counter:
            guard let number = Int64(text), number >= 0 else { throw invalid(text, "write a whole number from 0") }
            return ["@value": .string("\(number)"), "@type": "xsd:integer"]
        case .size:
            guard let bytes = PolicyForm.Question.bytes(text) else { throw invalid(text, "write a number of bytes, or `500MB`, `2GiB`") }
            return ["@value": .string("\(bytes)"), "@type": "xsd:integer"]
        case .amount:
            guard ExactDecimal(parsing: text) != nil else { throw invalid(text, "write a number") }
            return ["@value": .string(text), "@type": "xsd:decimal"]
        case .duration:
            let span = PolicyForm.Question.duration(text)
            guard let seconds = Span(parsing: span)?.seconds, seconds > 0 else {
                throw invalid(text, "write `P30D`, `PT24H`, or `30d`, `24h`")
            }
            return ["@value": .string(span), "@type": "xsd:duration"]
        case .instant: return ["@value": .string(try moment(text, zone)), "@type": "xsd:dateTime"]
        case .boolean:
            switch text.lowercased() {
            case "true", "yes", "是": return true
            case "false", "no", "否": return false
            default: throw invalid(text, "write `yes` or `no`")
            }
        }
    }

    /// A day is inside as a whole: one that ends a window ends it when the next day begins.
    private func moment(_ text: String, _ zone: TimeZoneOffset) throws(PolicyFormError) -> String {
        if text.utf8.count == 10, let midnight = Instant(parsing: text + "T00:00:00" + zone.description) {
            guard bound == .until else { return zone.text(midnight.timestamp) }
            return zone.text(midnight.timestamp.adding(seconds: 86_400))
        }
        guard Instant(parsing: text) != nil, !Instant.lacksZone(text) else {
            throw invalid(text, "write a day, `2027-02-28`, or a time with its zone, `2027-02-28T18:00:00+08:00`")
        }
        return text
    }

    private static func bytes(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), number > 0 else { return nil }
        let unit = PolicyForm.trimmed(text.dropFirst(digits.count)).lowercased()
        let units: [String: Int64] = [
            "": 1, "b": 1, "kb": 1000, "mb": 1_000_000, "gb": 1_000_000_000, "tb": 1_000_000_000_000, "kib": 1 << 10, "mib": 1 << 20,
            "gib": 1 << 30, "tib": 1 << 40,
        ]
        guard let factor = units[unit] else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : bytes
    }

    /// `30d` for `P30D`; anything else as it stands.
    private static func duration(_ text: String) -> String {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        switch PolicyForm.trimmed(text.dropFirst(digits.count)).lowercased() {
        case _ where digits.isEmpty: return text.uppercased()
        case "m", "min", "分钟": return "PT\(digits)M"
        case "h", "小时": return "PT\(digits)H"
        case "d", "天", "日": return "P\(digits)D"
        case "w", "周": return Int64(digits).map { "P\($0 &* 7)D" } ?? text
        default: return text.uppercased()
        }
    }

    private func invalid(_ answer: String, _ expected: String) -> PolicyFormError { .invalid(key, String(answer.prefix(200)), expected) }
}

package enum PolicyFormError: KouanError {
    case unknownKey(String, known: [String])
    case invalid(String, String, String)
    case notJoinable(String)

    package var code: String {
        switch self {
        case .unknownKey: "policy.question-unknown"
        case .invalid: "policy.answer-invalid"
        case .notJoinable: "policy.templates-not-joinable"
        }
    }

    package var message: String {
        switch self {
        case .unknownKey(let key, _): "the template does not ask for `\(key)`"
        case .invalid(let key, let answer, _): "`\(answer)` is no answer to `\(key)`"
        case .notJoinable(let why): "the templates cannot be joined into one policy: \(why)"
        }
    }

    package var hint: String {
        switch self {
        case .unknownKey(_, let known) where known.isEmpty: "it asks nothing"
        case .unknownKey(_, let known): "it asks for " + known.map { "`\($0)`" }.joined(separator: ", ")
        case .invalid(_, _, let expected): expected
        case .notJoinable: "make one policy of each and join them by hand, then run `kouan policy check`"
        }
    }
}
