// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Testing

@testable import PolicyEngine

@Suite struct UsageTests {
    private func policy(_ constraints: [(operand: String, comparison: String, value: String, type: String)]) throws -> Policy {
        try PolicyReader.read([
            "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "uid": "urn:example:p", "profile": "urn:kouan:odrl:1",
            "permission": [
                [
                    "action": "use",
                    "constraint": .array(
                        constraints.map {
                            [
                                "leftOperand": .string($0.operand), "operator": .string($0.comparison),
                                "rightOperand": ["@value": .string($0.value), "@type": .string($0.type)],
                            ]
                        }),
                ]
            ],
        ])
    }

    @Test func everyMeterIsAnOperandOfItsSort() {
        for (operand, meter) in UsageMeter.all where operand.description != Namespace.kouan + "meteredTimePerMinute" {
            let info = OperandTable.info(operand)
            #expect(info != nil, "\(operand)")
            switch meter.quantity {
            case .uses: #expect(info?.sort == .counter, "\(operand)")
            case .bytes: #expect(info?.sort == .size, "\(operand)")
            case .time:
                #expect(info?.sort == .duration, "\(operand)")
                #expect(info?.knownTo == .consumer, "\(operand)")
                #expect(info?.knownFrom == .use, "\(operand)")
            }
        }
        #expect(UsageMeter.all.count == 3 + 3 * 6)
    }

    @Test func aPolicyNeedsOnlyWhatItMentions() throws {
        let plain = UsageNeeds(of: try policy([("purpose", "eq", "research", "xsd:string")]))
        #expect(plain.isEmpty)
        #expect(!plain.countsReleases)
        let needs = UsageNeeds(
            of: try policy([
                ("count", "lteq", "5", "xsd:integer"), ("kouan:volumePerDay", "lteq", "100", "xsd:integer"),
                ("kouan:countPerMinute", "lt", "2", "xsd:integer"),
            ]))
        #expect(needs.windows == [60, 86_400])
        #expect(needs.countsReleases)
        #expect(!needs.wantsTime)
        #expect(!needs.wantsElapsedTime)
        let metered = UsageNeeds(of: try policy([("meteredTime", "lteq", "PT1H", "xsd:duration")]))
        #expect(metered.wantsTime)
        #expect(!metered.countsReleases)
    }

    @Test func valuesTakeTheUseInAndLeaveOthersOut() throws {
        let needs = UsageNeeds(
            of: try policy([
                ("count", "lteq", "5", "xsd:integer"), ("kouan:volumePerDay", "lteq", "100", "xsd:integer"),
                ("meteredTime", "lteq", "PT1H", "xsd:duration"), ("elapsedTime", "lteq", "P30D", "xsd:duration"),
            ]))
        let values = needs.values(
            total: UsageSum(uses: 4, bytes: 80, milliseconds: 61_500), recent: [86_400: UsageSum(uses: 2, bytes: 40)],
            adding: UsageSum(uses: 1, bytes: 20), sinceAgreementMilliseconds: 1_000, side: .consumer)
        #expect(values[Operand.count.description] == [.integer(5)])
        #expect(values[Namespace.kouan + "volumePerDay"] == [.integer(60)])
        #expect(values[Operand.meteredTime.description] == [.duration(milliseconds: 61_500)])
        #expect(values[Operand.meteredTime.description]?.first?.lexical == "PT61.500S")
        #expect(values[Operand.elapsedTime.description] == [PolicyValue(lexical: "PT1S", datatype: Namespace.xsd + "duration")])
        #expect(values.count == 4)
        // A provider does not know how long uses take, and nobody guesses a window that was not added up.
        let provider = needs.values(
            total: .zero, recent: [:], adding: UsageSum(uses: 1, bytes: 20), sinceAgreementMilliseconds: -3, side: .provider)
        #expect(Set(provider.keys) == [Operand.count.description, Operand.elapsedTime.description])
        #expect(provider[Operand.elapsedTime.description] == [.duration(milliseconds: 0)])
    }

    @Test func durationsAreWrittenAsTheyAreRead() {
        for milliseconds in [Int64](arrayLiteral: 0, 1, 999, 1_000, 1_001, 59_999, 86_400_000, 31_536_000_007) {
            let value = PolicyValue.duration(milliseconds: milliseconds)
            #expect(PolicyValue(lexical: value.lexical, datatype: value.datatype ?? "") == value)
        }
    }

    /// A provider defers metered time to the use; there it must be known.
    @Test func meteredTimeIsTheConsumersToDecide() throws {
        let metered = try policy([("meteredTime", "lteq", "PT1H", "xsd:duration")])
        var request = PolicyRequest(action: Action.use)
        let world = PolicyWorld(now: Timestamp(seconds: 1_800_000_000))
        let grant = metered.evaluate(request, in: world, at: .grant)
        #expect(grant.permit != nil)
        #expect(grant.deferred == [Operand.meteredTime])
        let consumer = EvaluationOptions(side: .consumer)
        #expect(metered.evaluate(request, in: world, at: .use, options: consumer).permit == nil)
        request.set(Operand.meteredTime, [.duration(milliseconds: 3_600_000)])
        #expect(metered.evaluate(request, in: world, at: .use, options: consumer).permit != nil)
        request.set(Operand.meteredTime, [.duration(milliseconds: 3_600_001)])
        let refused = metered.evaluate(request, in: world, at: .use, options: consumer)
        #expect(refused.code == "policy.uses-exhausted")
    }

    @Test func anElapsedTimeBoundsTheLease() throws {
        for (comparison, value, bound) in [("lteq", "P1D", Int64(86_400_000)), ("lt", "PT1S", 999)] {
            let bounded = try policy([("elapsedTime", comparison, value, "xsd:duration")])
            #expect(bounded.permissions[0].allowance.maximumElapsedMilliseconds == bound, "\(comparison) \(value)")
        }
        #expect(try policy([("elapsedTime", "gteq", "P1D", "xsd:duration")]).permissions[0].allowance.maximumElapsedMilliseconds == nil)
    }

    @Test func windowsAreRefusedByACodeOfTheirOwn() throws {
        let rated = try policy([("kouan:countPerMinute", "lteq", "2", "xsd:integer")])
        var request = PolicyRequest(action: Action.use)
        request.parameters[Namespace.kouan + "countPerMinute"] = [.integer(3)]
        let refused = rated.evaluate(request, in: PolicyWorld(now: Timestamp(seconds: 1_800_000_000)), at: .grant)
        #expect(refused.code == "policy.rate-exceeded")
    }
}
