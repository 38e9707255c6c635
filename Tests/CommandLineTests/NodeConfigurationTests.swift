// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Node
import Testing

@Suite struct NodeConfigurationTests {
    private static let values = [
        "participant": "urn:uscc:91350900MA2DEM0X11", "nameZH": "闽东动力电池（示例）: \"甲\"", "nameEN": "Mindong # Battery", "country": "CN",
        "province": "CN-350000", "industry": "C38", "peer.listen": "0.0.0.0:8443", "peer.url": "https://node.example:8443",
    ]

    @Test func theInitialFileReadsBackAsWritten() throws {
        let yaml = NodeConfiguration.initialFile(values: Self.values)
        let read = try NodeConfiguration.parse(yaml: yaml, path: "kouan.yaml")
        #expect(read.participant.description == Self.values["participant"])
        #expect(read.nameZH == Self.values["nameZH"])
        #expect(read.nameEN == Self.values["nameEN"])
        #expect(read.province?.description == "CN-350000")
        #expect(read.peerListen == ListenAddress(host: "0.0.0.0", port: 8443))
        #expect(read.managementListen == ListenAddress(host: "127.0.0.1", port: 8080))
        #expect(read.proxyExclude.isEmpty)
        #expect(read.grantLeaseSeconds == 3600)
        for key in NodeConfiguration.keys { #expect(yaml.contains("# \(key.meaning)"), "\(key.name) is explained") }
    }

    @Test(arguments: [
        ("peer:\n  listn: 1:2\n", "peer.listn", "peer.listen"), ("particpant: x\n", "particpant", "participant"),
        ("receipts:\n  deadline: 3\n", "receipts.deadline", nil),
        ("quite-something-else: 1\n", "quite-something-else", nil), ("peers:\n", "peers", nil),
    ])
    func unknownKeysFailWithTheNearestOne(line: String, key: String, nearest: String?) {
        let yaml = NodeConfiguration.initialFile(values: Self.values)
        let broken = line.hasPrefix("peer:") ? yaml.replacing("peer:\n", with: line) : yaml + line
        let error = #expect(throws: ConfigurationError.self) { try NodeConfiguration.parse(yaml: broken, path: "kouan.yaml") }
        guard case .unknownKey(let found, let place, let near) = error else {
            Issue.record("expected an unknown key, got \(String(describing: error))")
            return
        }
        #expect(found == key)
        #expect(place.hasPrefix("kouan.yaml:"))
        if let nearest { #expect(near == nearest) }
    }

    @Test func environmentComesBeforeFileAndFlagsBeforeBoth() throws {
        let yaml = NodeConfiguration.initialFile(values: Self.values.merging(["log.level": "warning"]) { $1 })
        let environment = ["KOUAN_LOG_LEVEL": "debug", "KOUAN_PEER_URL": "https://other.example", "KOUAN_DATA": "/x", "PATH": "/bin"]
        let read = try NodeConfiguration.parse(yaml: yaml, path: "kouan.yaml", environment: environment, flags: ["log.level": "error"])
        #expect(read.logLevel == "error")
        #expect(read.peerURL == "https://other.example")
        let origins = (read.show(origin: true)["values"]?.array ?? []).reduce(into: [String: String]()) { origins, value in
            origins[value["key"]?.string ?? ""] = value["origin"]?.string
        }
        #expect(origins["log.level"] == "flag")
        #expect(origins["peer.url"] == "environment KOUAN_PEER_URL")
        #expect(origins["participant"]?.hasPrefix("kouan.yaml:") == true)
        #expect(origins["grants.leaseSeconds"] == "default")
    }

    @Test func aMistypedVariableFails() {
        let yaml = NodeConfiguration.initialFile(values: Self.values)
        #expect(throws: ConfigurationError.unknownKey("KOUAN_PEER_LISTN", place: "environment", nearest: "KOUAN_PEER_LISTEN")) {
            try NodeConfiguration.parse(yaml: yaml, path: "f", environment: ["KOUAN_PEER_LISTN": "1"])
        }
    }

    @Test(arguments: [
        ("participant", "urn:uscc:91350900MA2DEM0X12"), ("country", "XX"), ("province", "CN-999999"), ("industry", "38"),
        ("peer.listen", "0.0.0.0"), ("peer.listen", "0.0.0.0:70000"), ("peer.url", "http://node.example"),
        ("peer.url", "https://u:p@node.example"),
        ("peer.url", "https://node.example/path"), ("management.listen", "0.0.0.0:8080"), ("management.listen", "example.com:80"),
        ("log.level", "loud"), ("ledger.origin", "has space"), ("proxy.url", "http://user:pw@proxy:3128"),
        ("trust.crlGrace", "8d"), ("trust.crlGrace", "x"), ("grants.leaseSeconds", "0"), ("receipts.deadlineSeconds", "1.5"),
        ("nameZH", ""),
    ])
    func badValuesNameKeyPlaceAndForm(key: String, value: String) {
        let yaml = NodeConfiguration.initialFile(values: Self.values.merging([key: value]) { $1 })
        let error = #expect(throws: ConfigurationError.self) { try NodeConfiguration.parse(yaml: yaml, path: "kouan.yaml") }
        guard case .badValue(let found, let shown, let place, let expected) = error else {
            Issue.record("expected a bad value, got \(String(describing: error))")
            return
        }
        #expect(found == key)
        #expect(shown == value)
        #expect(place.hasPrefix("kouan.yaml:"))
        #expect(!expected.isEmpty)
    }

    @Test(arguments: [("0", 0), ("90", 90), ("12h", 43_200), ("7d", 604_800)])
    func durationsTakeUnits(text: String, seconds: Int) throws {
        let yaml = NodeConfiguration.initialFile(values: Self.values.merging(["trust.crlGrace": text]) { $1 })
        #expect(try NodeConfiguration.parse(yaml: yaml, path: "f").crlGraceSeconds == seconds)
    }

    @Test(arguments: ["- a\n- b\n", "a: [1", "a: 1\na: 2\n", "? {x: 1}\n: 2\n"])
    func whatIsNoKeyListIsRefused(yaml: String) {
        #expect(throws: ConfigurationError.self) { try NodeConfiguration.parse(yaml: yaml, path: "kouan.yaml") }
    }

    @Test func whatIsMissingIsNamed() {
        #expect(throws: ConfigurationError.missing(key: "participant", path: "kouan.yaml")) {
            try NodeConfiguration.parse(yaml: "", path: "kouan.yaml")
        }
    }

    @Test func namesOfVariablesFollowTheKeys() {
        let names = NodeConfiguration.keys.reduce(into: [String: String]()) { $0[$1.name] = $1.environmentName }
        #expect(names["nameZH"] == "KOUAN_NAME_ZH")
        #expect(names["peer.listen"] == "KOUAN_PEER_LISTEN")
        #expect(names["trust.crlGrace"] == "KOUAN_TRUST_CRL_GRACE")
    }
}
