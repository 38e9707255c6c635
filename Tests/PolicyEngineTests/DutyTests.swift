// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import PolicyEngine
import Testing

private let start = Timestamp(parsing: "2026-11-22T08:00:00Z")!
private func day(_ count: Int64) -> Timestamp { start.adding(seconds: count * 86_400) }
private func hour(_ count: Int64) -> Timestamp { start.adding(seconds: count * 3600) }

private func clock(_ name: String, _ operation: String, _ span: String) -> JSON {
    [
        "leftOperand": .string("kouan:timeSince" + name), "operator": .string(operation),
        "rightOperand": ["@value": .string(span), "@type": "xsd:duration"],
    ]
}

private func date(_ operation: String, _ time: String) -> JSON {
    ["leftOperand": "dateTime", "operator": .string(operation), "rightOperand": ["@value": .string(time), "@type": "xsd:dateTime"]]
}

private func every(_ span: String) -> JSON {
    ["leftOperand": "timeInterval", "operator": "eq", "rightOperand": ["@value": .string(span), "@type": "xsd:duration"]]
}

/// An agreement with one permission to use, and whatever else is given.
private func agreement(_ members: [String: JSON], duty: [JSON] = []) throws -> Policy {
    var permission: [String: JSON] = ["uid": "urn:p", "action": "use"]
    if !duty.isEmpty { permission["duty"] = .array(duty) }
    var policy: [String: JSON] = [
        "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Agreement", "uid": "urn:a", "profile": "urn:kouan:odrl:1",
        "target": "urn:d", "assigner": "urn:x", "assignee": "urn:y", "permission": [.object(permission)],
    ]
    policy.merge(members) { _, new in new }
    return try PolicyReader.read(.object(policy))
}

private func obligation(_ action: String, _ constraints: [JSON], uid: String = "urn:o", consequence: [JSON] = []) -> JSON {
    var duty: [String: JSON] = ["uid": .string(uid), "action": .string(action)]
    if !constraints.isEmpty { duty["constraint"] = .array(constraints) }
    if !consequence.isEmpty { duty["consequence"] = .array(consequence) }
    return .object(duty)
}

private func states(_ book: DutyBook) -> [String: DutyInstance.State] {
    Dictionary(book.instances.map { ($0.id, $0.state) }) { _, last in last }
}

@Suite struct DutyInstanceTests {
    private func instance(_ state: DutyInstance.State) -> DutyInstance {
        var instance = DutyInstance(duty: "/obligation/0", round: 1, at: start)
        let owed = DutyInput.owed(DutyWindow(opens: hour(1), deadline: hour(10)))
        switch state {
        case .inactive: break
        case .due: _ = instance.receive(owed, at: start)
        case .fulfilled:
            _ = instance.receive(owed, at: start)
            _ = instance.receive(.performed, at: hour(2))
        case .violated:
            _ = instance.receive(owed, at: start)
            _ = instance.receive(.timePassed, at: hour(11))
        case .settled:
            _ = instance.receive(owed, at: start)
            _ = instance.receive(.performed, at: hour(11))
            _ = instance.receive(.consequencesClosed, at: hour(11))
        }
        #expect(instance.state == state)
        return instance
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let from: DutyInstance.State
        let input: DutyInput
        let at: Timestamp
        let to: DutyInstance.State
        var testDescription: String { "\(from) \(input) \(at)" }
    }

    private static let owed = DutyInput.owed(DutyWindow(opens: nil, deadline: hour(20)))

    /// Every state with every input, in time and late.
    static let rows: [Row] = [
        Row(from: .inactive, input: owed, at: hour(5), to: .due), Row(from: .inactive, input: owed, at: hour(21), to: .violated),
        Row(from: .inactive, input: .performed, at: hour(5), to: .fulfilled),
        Row(from: .inactive, input: .timePassed, at: hour(99), to: .inactive),
        Row(from: .inactive, input: .consequencesClosed, at: hour(5), to: .inactive),
        Row(from: .due, input: owed, at: hour(11), to: .due), Row(from: .due, input: .performed, at: hour(0), to: .due),
        Row(from: .due, input: .performed, at: hour(1), to: .fulfilled), Row(from: .due, input: .performed, at: hour(10), to: .fulfilled),
        Row(from: .due, input: .performed, at: hour(10).adding(milliseconds: 1), to: .violated),
        Row(from: .due, input: .timePassed, at: hour(10), to: .due),
        Row(from: .due, input: .timePassed, at: hour(10).adding(milliseconds: 1), to: .violated),
        Row(from: .due, input: .consequencesClosed, at: hour(5), to: .due),
        Row(from: .fulfilled, input: owed, at: hour(30), to: .fulfilled),
        Row(from: .fulfilled, input: .performed, at: hour(30), to: .fulfilled),
        Row(from: .fulfilled, input: .timePassed, at: hour(30), to: .fulfilled),
        Row(from: .fulfilled, input: .consequencesClosed, at: hour(30), to: .fulfilled),
        Row(from: .violated, input: owed, at: hour(12), to: .violated),
        Row(from: .violated, input: .performed, at: hour(12), to: .violated),
        Row(from: .violated, input: .timePassed, at: hour(12), to: .violated),
        Row(from: .violated, input: .consequencesClosed, at: hour(12), to: .violated),
        Row(from: .settled, input: owed, at: hour(30), to: .settled), Row(from: .settled, input: .performed, at: hour(30), to: .settled),
        Row(from: .settled, input: .timePassed, at: hour(30), to: .settled),
        Row(from: .settled, input: .consequencesClosed, at: hour(30), to: .settled),
    ]

    @Test(arguments: rows)
    func everyStateTakesEveryInput(_ row: Row) {
        var instance = instance(row.from)
        let changes = instance.receive(row.input, at: row.at)
        #expect(instance.state == row.to)
        #expect(changes.last?.to ?? row.from == row.to)
        for (earlier, later) in zip(changes, changes.dropFirst()) { #expect(earlier.to == later.from) }
    }

    @Test func aLateActIsNotedAndSettlesOnlyOnce() {
        var instance = instance(.violated)
        #expect(instance.receive(.performed, at: hour(12)).map(\.isLateAct) == [true])
        #expect(instance.performedAt == hour(12))
        #expect(instance.receive(.performed, at: hour(13)).isEmpty)
        #expect(instance.receive(.consequencesClosed, at: hour(14)).map(\.to) == [.settled])
        #expect(instance.receive(.consequencesClosed, at: hour(15)).isEmpty)
    }

    @Test func anUnobservedDutyIsNeverViolatedByTimeAlone() {
        var instance = DutyInstance(duty: "d", round: 1, at: start, isUnobserved: true)
        _ = instance.receive(.owed(DutyWindow(opens: nil, deadline: hour(1))), at: start)
        #expect(instance.receive(.timePassed, at: day(9)).isEmpty)
        #expect(instance.isPassed(at: day(9)))
    }

    @Test func anOlderTimeCountsAsTheHighestSeen() {
        var instance = instance(.due)
        _ = instance.receive(.timePassed, at: hour(11))
        #expect(instance.receive(.performed, at: hour(2)).map(\.isLateAct) == [true])
        #expect(instance.performedAt == hour(11))
    }
}

@Suite struct DutyPlanTests {
    @Test(arguments: [
        ("P30D", "Delivery", PlannedDuty.Trigger.delivery), ("P30D", "LastUse", .lastUse), ("P30D", "FirstUse", .firstUse),
        ("PT24H", "Incident", .incident), ("PT1H", "Revocation", .revocation), ("P1Y", "Agreement", .agreement),
    ])
    func theClockOfADutySaysWhatStartsIt(_ span: String, _ name: String, _ trigger: PlannedDuty.Trigger) throws {
        let plan = DutyPlan(try agreement(["obligation": [obligation("delete", [clock(name, "lteq", span)])]]))
        #expect(plan.duties.map(\.trigger) == [trigger])
        #expect(plan.duties.map(\.id) == ["/obligation/0"])
        #expect(plan.duties.map(\.name) == ["urn:o"])
    }

    @Test func everyKindOfDutyIsListedWithItsPlace() throws {
        let policy = try agreement(
            [
                "obligation": [
                    obligation("delete", [clock("Delivery", "lteq", "P30D")], consequence: [obligation("compensate", [], uid: "urn:c")])
                ],
                "prohibition": [
                    ["uid": "urn:f", "action": "sell", "remedy": [["uid": "urn:r", "action": "inform"]]]
                ],
            ],
            duty: [
                [
                    "action": [
                        "rdf:value": "kouan:mask",
                        "refinement": [
                            ["leftOperand": "kouan:fields", "operator": "isAnyOf", "rightOperand": ["name", "$.idno"]],
                            ["leftOperand": "kouan:method", "operator": "eq", "rightOperand": "hash"],
                        ],
                    ]
                ], ["action": "inform", "informedParty": "urn:z"],
            ])
        let plan = DutyPlan(policy)
        #expect(
            plan.duties.map(\.id) == [
                "/permission/0/duty/0", "/permission/0/duty/1", "/prohibition/0/remedy/0", "/obligation/0", "/obligation/0/consequence/0",
            ])
        #expect(
            plan.duties.map(\.role) == [
                .condition, .condition, .remedy(of: "urn:f"), .obligation, .consequence(of: "/obligation/0"),
            ])
        #expect(plan.duties[0].fields == ["name", "$.idno"])
        #expect(plan.duties[0].method == "hash")
        #expect(plan.duties[0].phase == .before)
        #expect(plan.duties[1].informedParties == ["urn:z"])
        #expect(plan.duties[1].trigger == .eachUse)
        #expect(plan.duties[1].phase == .after)
        #expect(plan.duties[0].isAbout("http://www.w3.org/ns/odrl/2/anonymize"))
        #expect(!plan.duties[0].isAbout(Action.delete))
    }

    @Test func aDutyAfterAnEventIsNoConditionBeforeIt() throws {
        let duty = obligation("kouan:stopUse", [clock("Revocation", "lteq", "PT1H")])
        #expect(DutyPlan(try agreement([:], duty: [duty])).duties[0].phase == .after)
        #expect(DutyPlan(try agreement([:], duty: [obligation("kouan:reportUsage", [])])).duties[0].phase == .after)
        #expect(DutyPlan(try agreement([:], duty: [obligation("compensate", [])])).duties[0].phase == .before)
    }
}

@Suite struct DutyBookTests {
    private struct Run {
        let plan: DutyPlan
        var book: DutyBook
        var changes: [DutyChange] = []

        init(_ policy: Policy, unobserved: Set<String> = []) {
            plan = DutyPlan(policy)
            book = DutyBook(plan, agreedAt: start, unobserved: unobserved)
            changes = book.begin(plan)
        }

        mutating func happen(_ event: DutyEvent, at time: Timestamp) { changes += book.receive(event, at: time, plan) }
        mutating func pass(to time: Timestamp) { changes += book.advance(to: time, plan) }
        var steps: [String] { changes.map { "\($0.instance) \($0.to.rawValue)" } }
    }

    @Test func deletionIsDueWithDeliveryAndInTimeUntilItsLastMoment() throws {
        var run = Run(try agreement(["obligation": [obligation("delete", [clock("Delivery", "lteq", "P30D")])]]))
        #expect(run.steps.isEmpty)
        #expect(run.book.nextChange(run.plan) == nil)
        run.happen(.delivery, at: day(2))
        #expect(run.steps == ["/obligation/0 due"])
        #expect(run.book["/obligation/0"]?.deadline == day(32))
        #expect(run.book.nextChange(run.plan) == day(32).adding(milliseconds: 1))
        run.pass(to: day(32))
        #expect(run.steps.count == 1)
        run.happen(.performed("/obligation/0"), at: day(32))
        #expect(run.steps.last == "/obligation/0 fulfilled")
        #expect(run.book.deonticStates(run.plan) == ["urn:o": .fulfilled])
        run.happen(.delivery, at: day(40))
        #expect(run.steps.count == 2)
    }

    @Test func aDeadlineFromTheLastUseMovesWithEachUse() throws {
        var run = Run(try agreement(["obligation": [obligation("delete", [clock("LastUse", "lteq", "P30D")])]]))
        run.happen(.use, at: day(1))
        run.happen(.use, at: day(20))
        #expect(run.book["/obligation/0"]?.deadline == day(50))
        run.pass(to: day(49))
        #expect(run.steps == ["/obligation/0 due"])
        run.pass(to: day(51))
        #expect(run.steps.last == "/obligation/0 violated")
        #expect(run.book.deonticStates(run.plan) == ["urn:o": .violated])
    }

    @Test func violatedIsSettledByTheActAndItsConsequence() throws {
        let consequence = obligation(
            "compensate",
            [["leftOperand": "delayPeriod", "operator": "lteq", "rightOperand": ["@value": "P7D", "@type": "xsd:duration"]]],
            uid: "urn:c")
        var run = Run(
            try agreement(["obligation": [obligation("delete", [clock("Delivery", "lteq", "P30D")], consequence: [consequence])]]))
        run.happen(.delivery, at: start)
        run.pass(to: day(31))
        #expect(run.steps == ["/obligation/0 due", "/obligation/0 violated", "/obligation/0/consequence/0 due"])
        // A consequence counts from the violation it follows.
        #expect(run.book["/obligation/0/consequence/0"]?.deadline == day(38))
        run.happen(.performed("/obligation/0"), at: day(32))
        #expect(run.book["/obligation/0"]?.state == .violated)
        run.happen(.performed("/obligation/0/consequence/0"), at: day(33))
        #expect(run.book["/obligation/0"]?.state == .settled)
        #expect(run.book.deonticStates(run.plan)["urn:o"] == .fulfilled)
    }

    @Test func aConsequenceAloneSettlesNothing() throws {
        var run = Run(
            try agreement([
                "obligation": [
                    obligation("delete", [clock("Delivery", "lteq", "P30D")], consequence: [obligation("compensate", [], uid: "urn:c")])
                ]
            ]))
        run.happen(.delivery, at: start)
        run.pass(to: day(31))
        run.happen(.performed("/obligation/0/consequence/0"), at: day(32))
        #expect(run.book["/obligation/0"]?.state == .violated)
        run.happen(.performed("/obligation/0"), at: day(33))
        #expect(run.book["/obligation/0"]?.state == .settled)
    }

    @Test func aMonthlyReportIsOwedAfterEachMonthAndEndsWithTheAgreement() throws {
        var run = Run(try agreement(["obligation": [obligation("kouan:reportUsage", [every("P1M")])]]))
        #expect(run.book.nextChange(run.plan) == day(30))
        run.pass(to: day(30))
        #expect(run.steps == ["/obligation/0 due"])
        #expect(run.book["/obligation/0"]?.deadline == day(60).adding(milliseconds: -1))
        run.happen(.performed("/obligation/0"), at: day(31))
        run.pass(to: day(61))
        #expect(run.book["/obligation/0@2"]?.state == .due)
        run.pass(to: day(95))
        #expect(states(run.book) == ["/obligation/0": .fulfilled, "/obligation/0@2": .violated, "/obligation/0@3": .due])
        run.happen(.end, at: day(100))
        run.pass(to: day(400))
        // The month in which it ended is still reported, none after it.
        #expect(run.book.instances.map(\.round).max() == 4)
        #expect(run.book.nextChange(run.plan) == nil)
    }

    @Test func eachIncidentIsAMatterOfItsOwn() throws {
        var run = Run(try agreement(["obligation": [obligation("inform", [clock("Incident", "lteq", "PT24H")])]]))
        run.happen(.incident, at: hour(1))
        run.happen(.incident, at: hour(5))
        #expect(run.book["/obligation/0"]?.deadline == hour(25))
        #expect(run.book["/obligation/0@2"]?.deadline == hour(29))
        run.happen(.performed("/obligation/0@2"), at: hour(20))
        run.pass(to: hour(30))
        #expect(states(run.book) == ["/obligation/0": .violated, "/obligation/0@2": .fulfilled])
    }

    @Test func usesShareAReportUntilItIsMade() throws {
        var run = Run(try agreement([:], duty: [["uid": "urn:i", "action": "inform"]]))
        run.happen(.use, at: hour(1))
        run.happen(.use, at: hour(2))
        #expect(run.book.instances.count == 1)
        run.happen(.performed("/permission/0/duty/0"), at: hour(3))
        run.happen(.use, at: hour(4))
        #expect(states(run.book) == ["/permission/0/duty/0": .fulfilled, "/permission/0/duty/0@2": .due])
        #expect(run.book.deonticStates(run.plan)["urn:i"] == .notSet)
    }

    @Test func aDateIsADeadlineWithoutAnyEvent() throws {
        var run = Run(try agreement(["obligation": [obligation("delete", [date("lt", "2026-12-01T00:00:00+08:00")])]]))
        #expect(run.steps == ["/obligation/0 due"])
        #expect(run.book["/obligation/0"]?.deadline == Timestamp(parsing: "2026-11-30T15:59:59.999Z"))
        run.pass(to: Timestamp(parsing: "2026-11-30T16:00:00Z")!)
        #expect(run.steps.last == "/obligation/0 violated")
    }

    @Test func alternativesGiveTheLaterDeadline() throws {
        let either: JSON = ["or": [clock("Delivery", "lteq", "P10D"), clock("Agreement", "lteq", "P60D")]]
        var run = Run(try agreement(["obligation": [obligation("delete", [either])]]))
        run.happen(.delivery, at: day(1))
        #expect(run.book["/obligation/0"]?.deadline == day(60))
    }

    @Test func whatNobodyHereSeesIsNotCalledViolated() throws {
        var run = Run(
            try agreement(["obligation": [obligation("delete", [clock("Delivery", "lteq", "P30D")])]]), unobserved: ["/obligation/0"])
        run.happen(.delivery, at: start)
        run.pass(to: day(99))
        #expect(run.steps == ["/obligation/0 due"])
        #expect(run.book.nextChange(run.plan) == nil)
    }

    @Test func aDutyDoneBeforeItIsOwedIsDone() throws {
        var run = Run(try agreement(["obligation": [obligation("delete", [clock("LastUse", "lteq", "P30D")])]]))
        run.happen(.performed("/obligation/0"), at: hour(1))
        run.happen(.use, at: hour(2))
        #expect(run.steps == ["/obligation/0 fulfilled"])
    }

    @Test func violatedProhibitionsMakeRemediesDueOnceForEachAct() throws {
        let policy = try agreement([
            "prohibition": [["uid": "urn:f", "action": "sell", "remedy": [["uid": "urn:r", "action": "inform"]]]]
        ])
        let plan = DutyPlan(policy)
        var world = PolicyWorld(now: hour(1))
        world.performed = [
            PerformedAction(action: Action.sell, party: "urn:y", target: "urn:d", at: hour(1)),
            PerformedAction(action: Action.read, party: "urn:y", target: "urn:d", at: hour(1)),
        ]
        let first = policy.monitor(DutyBook(plan, agreedAt: start), plan, in: world)
        #expect(first.violated == ["urn:f"])
        #expect(first.changes.map(\.duty) == ["/prohibition/0/remedy/0"])
        #expect(first.remedied.isEmpty)
        let again = policy.monitor(first.book, plan, in: world, seen: 2)
        #expect(again.changes.isEmpty)
        var book = again.book
        _ = book.receive(.performed("/prohibition/0/remedy/0"), at: hour(2), plan)
        #expect(policy.monitor(book, plan, in: world, seen: 2).remedied == ["urn:f"])
    }

    @Test func aDutyWhoseConditionCertainlyFailsIsNotOwed() throws {
        let policy = try agreement([
            "obligation": [
                obligation("inform", [["leftOperand": "kouan:recipientCountry", "operator": "neq", "rightOperand": "CN"]])
            ]
        ])
        let plan = DutyPlan(policy)
        let book = DutyBook(plan, agreedAt: start)
        var world = PolicyWorld(now: hour(1))
        #expect(policy.monitor(book, plan, in: world).changes.count == 1)
        world.values["urn:kouan:odrl:1:recipientCountry"] = [.text("CN")]
        #expect(policy.monitor(book, plan, in: world).changes.isEmpty)
        world.values["urn:kouan:odrl:1:recipientCountry"] = [.text("DE")]
        #expect(policy.monitor(book, plan, in: world).changes.count == 1)
    }

    /// Whatever happens in whatever order: time is monotone, nothing returns from violated or leaves a closed state, changes join up, and the
    /// stated next moment is the first at which time alone changes something.
    @Test func anyCourseOfEventsKeepsTheLifeCycle() throws {
        let seed = freshSeed()
        var random = SeededGenerator(seed: seed)
        let spans = ["PT1H", "P1D", "P7D", "P30D"]
        let names = ["Agreement", "Delivery", "FirstUse", "LastUse", "Revocation", "Incident"]
        for _ in 0..<300 {
            let obligations = (0...random.below(3)).map { index -> JSON in
                var constraints = [clock(random.pick(names), random.pick(["lt", "lteq"]), random.pick(spans))]
                if random.chance(20) { constraints.append(date("lteq", "2026-12-05T00:00:00Z")) }
                if random.chance(20) { constraints.append(every(random.pick(["PT6H", "P7D"]))) }
                if random.chance(15) { constraints.append(clock(random.pick(names), "gteq", "PT2H")) }
                let consequence = random.chance(40) ? [obligation("compensate", [], uid: "urn:c\(index)")] : []
                return obligation(
                    random.pick(["delete", "inform", "compensate"]), constraints, uid: "urn:o\(index)", consequence: consequence)
            }
            let policy = try agreement(["obligation": .array(obligations)], duty: random.chance(50) ? [["action": "inform"]] : [])
            let plan = DutyPlan(policy)
            var book = DutyBook(plan, agreedAt: start)
            var known: [String: DutyInstance.State] = [:]
            func take(_ changes: [DutyChange]) {
                for change in changes {
                    #expect(known[change.instance, default: .inactive] == change.from, "seed \(seed)")
                    if change.from == .violated { #expect([.violated, .settled].contains(change.to), "seed \(seed)") }
                    #expect(!change.from.isClosed, "seed \(seed)")
                    known[change.instance] = change.to
                }
            }
            take(book.begin(plan))
            for _ in 0..<40 {
                let before = book.now
                let time = before.adding(seconds: Int64(random.below(400_000)) - 100_000)
                if let next = book.nextChange(plan), next > book.now, next.adding(milliseconds: -1) > book.now {
                    var early = book
                    #expect(early.advance(to: next.adding(milliseconds: -1), plan).isEmpty, "seed \(seed)")
                }
                let ids = plan.duties.map(\.id) + book.instances.map(\.id)
                let event: DutyEvent =
                    switch random.below(8) {
                    case 0: .delivery
                    case 1, 2: .use
                    case 3: .incident
                    case 4: random.chance(20) ? .revocation : .use
                    case 5: random.chance(10) ? .end : .delivery
                    default: .performed(random.pick(ids))
                    }
                take(book.receive(event, at: time, plan))
                #expect(book.now == max(before, time), "seed \(seed)")
                take(book.advance(to: book.now, plan))
            }
            for instance in book.instances {
                #expect(known[instance.id] == instance.state, "seed \(seed)")
                if let deadline = instance.deadline, instance.state == .due { #expect(book.now <= deadline, "seed \(seed)") }
            }
        }
    }
}
