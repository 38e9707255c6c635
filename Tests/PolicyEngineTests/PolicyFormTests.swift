// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Testing

@testable import PolicyEngine

/// Questions that fill a template.
struct PolicyFormTests {
    static let names =
        ((try? files(in: "Policies/templates", suffix: ".template.json")) ?? [])
        .map { String($0.dropFirst("Policies/templates/".count).dropLast(".template.json".count)) }

    private func form(_ name: String) throws -> PolicyForm {
        try #require(PolicyForm(try file("Policies/templates/\(name).template.json")), "\(name)")
    }

    private func policy(_ name: String) throws -> JSON { try file("Policies/templates/\(name).json") }

    private func fill(_ name: String, _ answers: [String: String], zone: TimeZoneOffset = .china) throws -> JSON {
        try form(name).filled(try policy(name), answers: answers, id: "urn:uuid:1", zone: zone)
    }

    @Test func thereIsATemplateForEachOfThe22Kinds() throws {
        let policies = try files(in: "Policies/templates", suffix: ".json").filter {
            !$0.hasSuffix(".cases.json") && !$0.hasSuffix(".template.json")
        }
        #expect(policies == PolicyFormTests.names.map { "Policies/templates/\($0).json" })
        let kinds = try PolicyFormTests.names.map { try form($0) }.filter { $0.kinds.count == 1 }.flatMap(\.kinds)
        #expect(kinds.sorted() == (1...22).map { $0 < 10 ? "P-0\($0)" : "P-\($0)" })
    }

    @Test(arguments: names)
    func aFormSpeaksTwoLanguages(name: String) throws {
        let form = try form(name)
        for text in [form.title, form.notEnforced] + form.questions.map(\.prompt) { #expect(text.en != text.zh && !text.zh.isEmpty) }
        #expect(Set(form.questions.map(\.key)).count == form.questions.count)
        for question in form.questions { #expect(!question.example.isEmpty) }
    }

    @Test(arguments: names)
    func theDefaultsSayWhatTheTemplateSays(name: String) throws {
        let filled = try fill(name, [:])
        #expect(PolicyReader.check(filled) == [])
        let read = try PolicyReader.read(filled)
        #expect(read.firstDifference(from: try PolicyReader.read(try policy(name))) == nil)
        #expect(read.id == "urn:uuid:1")
        #expect(!filled.canonicalText.contains("urn:kouan:template"))
        let title = try #require(read.title)
        #expect(title.en != title.zh && !title.en.contains("{") && !title.zh.contains("{"))
    }

    @Test(arguments: names)
    func otherAnswersStandInTheirPlacesAndThePolicyStillTravels(name: String) throws {
        let form = try form(name)
        let policy = try policy(name)
        for question in form.questions {
            let answer =
                switch question.sort {
                case .instant: question.bound == .from ? "2026-12-05" : "2027-01-31"
                case .region: "DE"
                case .counter: "7"
                case .size: "3 GiB"
                case .duration: "5d"
                default: question.isParticipant ? "urn:uscc:91350100M00010045B" : question.choices.last ?? "一个取值, another"
                }
            let filled = try form.filled(policy, answers: [question.key: answer], id: "urn:uuid:1", zone: .china)
            #expect(PolicyReader.check(filled) == [], "\(name): \(question.key)")
            let read = try PolicyReader.read(filled)
            #expect(read.firstDifference(from: try PolicyReader.read(policy)) != nil, "\(name): \(question.key)")
            #expect(read.dspObstacle() == nil)
            let value = try question.value(of: answer, zone: .china)
            for pointer in question.pointers { #expect(member(pointer, of: filled) == value, "\(name): \(pointer)") }
        }
    }

    private func member(_ pointer: String, of json: JSON) -> JSON? {
        pointer.split(separator: "/").reduce(Optional(json)) { json, key in
            json?.array.flatMap { array in Int(key).flatMap { array.indices.contains($0) ? array[$0] : nil } } ?? json?[String(key)]
        }
    }

    @Test(arguments: [
        ("from", "2026-12-01", "+08:00", "2026-12-01T00:00:00+08:00"), ("until", "2027-02-28", "+08:00", "2027-03-01T00:00:00+08:00"),
        ("until", "2028-02-28", "+08:00", "2028-02-29T00:00:00+08:00"), ("until", "2026-12-31", "-05:30", "2027-01-01T00:00:00-05:30"),
        ("until", "2027-02-28T18:00:00+01:00", "+08:00", "2027-02-28T18:00:00+01:00"),
    ])
    func aDayIsInsideAsAWhole(key: String, answer: String, zone: String, expected: String) throws {
        let question = try #require(try form("time-window").questions.first { $0.key == key })
        let value = try question.value(of: answer, zone: try #require(TimeZoneOffset(parsing: zone)))
        #expect(value == ["@value": .string(expected), "@type": "xsd:dateTime"])
    }

    @Test(arguments: [
        ("rate-and-volume", "perDay", "2GiB", "2147483648"), ("rate-and-volume", "perDay", "500 MB", "500000000"),
        ("delete-after-use", "within", "24小时", "PT24H"), ("delete-after-use", "within", "2w", "P14D"),
        ("delete-after-use", "within", "p30d", "P30D"), ("delete-after-use", "within", "90m", "PT90M"),
    ])
    func amountsAreTakenAsPeopleWriteThem(name: String, key: String, answer: String, expected: String) throws {
        let question = try #require(try form(name).questions.first { $0.key == key })
        #expect(try question.value(of: answer, zone: .china)["@value"]?.string == expected)
    }

    @Test(arguments: [
        ("use-count", "count", "many"), ("use-count", "count", "-1"), ("use-count", "count", "1.5"), ("use-count", "count", ""),
        ("time-window", "until", "2027-02-30"), ("time-window", "until", "tomorrow"), ("time-window", "until", "2027-02-28T18:00:00"),
        ("place", "places", "Atlantis"), ("place", "places", " , "), ("place", "places", "CN, atlantis"),
        ("recipient", "recipients", "urn:uscc:91360100MA35K1B204"), ("recipient", "recipients", "the recycler"),
        ("rate-and-volume", "perDay", "0"), ("rate-and-volume", "perDay", "9999999999 TiB"), ("rate-and-volume", "perDay", "2 miles"),
        ("delete-after-use", "within", "-P1D"), ("delete-after-use", "within", "soon"), ("delete-after-use", "within", "P0D"),
        ("mask-first", "method", "blur"), ("mask-first", "fields", "a\u{1B}[2Jb"),
    ])
    func aWrongAnswerIsRefusedWithWhatIsExpected(name: String, key: String, answer: String) throws {
        let error = #expect(throws: PolicyFormError.self) { try fill(name, [key: answer]) }
        #expect(error?.code == "policy.answer-invalid")
        #expect(error?.hint.isEmpty == false)
    }

    @Test func anAnswerToNoQuestionIsRefused() throws {
        let error = #expect(throws: PolicyFormError.self) { try fill("use-count", ["uses": "5"]) }
        #expect(error?.code == "policy.question-unknown")
        #expect(error?.hint == "it asks for `count`")
    }

    @Test func templatesOfOnePermissionEachAreJoined() throws {
        var parts: [JSON] = []
        for name in ["purpose-limit", "time-window", "delete-after-use", "no-redistribution", "no-training"] {
            parts.append(try form(name).filled(try policy(name), answers: [:], id: "urn:uuid:1:\(name)", zone: .china))
        }
        let joined = try PolicyForm.joined(parts, id: "urn:uuid:1")
        #expect(PolicyReader.check(joined) == [])
        let read = try PolicyReader.read(joined)
        #expect(read.permissions.count == 1)
        // Of `use` and `read` the narrower.
        #expect(read.permissions[0].terms.actions.map(\.action) == [Action.read])
        #expect(read.permissions[0].terms.constraints.count == 3)
        #expect(read.permissions[0].duties.count == 1)
        #expect(read.prohibitions.count == 3)
        #expect(read.dspObstacle() == nil)
        #expect(read.title?.zh.contains("；") == true)
        var request = PolicyRequest(action: Action.read, party: "urn:p", target: "urn:t", purpose: "warranty-analysis")
        let now = try #require(Instant(parsing: "2026-12-15T02:00:00Z")).timestamp
        #expect(read.evaluate(request, in: PolicyWorld(now: now), at: .grant).outcome == .permit)
        #expect(read.evaluate(request, in: PolicyWorld(now: now.adding(seconds: 90 * 86_400)), at: .grant).outcome == .deny)
        request.set(Operand.purpose, [.text("pricing")])
        #expect(read.evaluate(request, in: PolicyWorld(now: now), at: .grant).outcome == .deny)
    }

    @Test(arguments: [["time-window", "algorithm-list"], ["purpose-limit", "sandbox-only"], []])
    func whatIsNotSimpleToJoinIsRefused(names: [String]) throws {
        let parts = try names.map { try policy($0) }
        let error = #expect(throws: PolicyFormError.self) { try PolicyForm.joined(parts, id: "urn:uuid:1") }
        #expect(error?.code == "policy.templates-not-joinable")
    }
}
