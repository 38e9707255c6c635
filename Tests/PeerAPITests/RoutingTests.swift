// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import ExchangeModel
import Identity
import Testing

@testable import PeerAPI

@Suite struct RoutingTests {
    private let endpoints: CardEndpoints
    private let below: CardEndpoints

    init() throws {
        endpoints = CardEndpoints(peer: try #require(BaseURL(parsing: "https://node.example:8443")))
        below = CardEndpoints(peer: try #require(BaseURL(parsing: "https://node.example/kouan")), dsp: "/protocol")
    }

    private func match(_ method: String, _ path: String) -> PeerRoute { .match(method: method, path: path, endpoints: endpoints) }

    @Test func everyEndpointIsFoundByItsOwnPath() {
        for endpoint in Endpoint.allCases where endpoint != .version {
            let id = endpoint.template.contains("{id}") ? "urn:uuid:1/ü" : ""
            let found = match(endpoint.method.rawValue, "/dsp/2025-1" + endpoint.path(id: id))
            guard case .message(let other, let decoded) = found else {
                Issue.record("\(endpoint) is \(found)")
                continue
            }
            #expect(other.template == endpoint.template && other.method == endpoint.method)
            #expect(other == endpoint || other.role == .provider)
            #expect(decoded == id)
        }
        #expect(match("GET", "/.well-known/dspace-version") == .version)
        #expect(match("GET", "/.well-known/kouan/node-card") == .nodeCard)
        #expect(match("POST", "/kouan/v1/grants") == .grants)
        #expect(match("POST", "/kouan/v1/receipts") == .receipts)
        let hex = String(repeating: "a1", count: 32)
        #expect(match("GET", "/kouan/v1/packages/" + hex) == .package(hex: hex))
    }

    @Test func fixedSegmentsComeBeforeIDs() {
        #expect(match("POST", "/dsp/2025-1/negotiations/request") == .message(.negotiationRequest, id: ""))
        #expect(match("GET", "/dsp/2025-1/negotiations/request") == .message(.providerNegotiation, id: "request"))
        #expect(match("POST", "/dsp/2025-1/negotiations/offers") == .message(.negotiationOffer, id: ""))
    }

    @Test(arguments: [
        "", "/", "/dsp/2025-1", "/dsp/2025-1/", "/dsp/2025-1x/catalog/request", "/dsp/2025-1/catalog/request/",
        "//dsp/2025-1/catalog/request",
        "/dsp/2025-1/negotiations/", "/dsp/2025-1/negotiations//request", "/dsp/2025-1/negotiations/%zz", "/dsp/2025-1/negotiations/%4",
        "/dsp/2025-1/negotiations/%FF", "/dsp/2025-1/negotiations/%00", "/dsp/2025-1/negotiations/a/b/c/d",
        "/kouan/v1/packages/", "/kouan/v1/packages/abc", "/kouan/v1/packages/../../etc/passwd", "/kouan/v1/grants/",
        "/kouan/v1/packages/" + String(repeating: "A1", count: 32), "/v1/status",
        "/dsp/2025-1/negotiations/" + String(repeating: "x", count: 1025),
    ])
    func otherPathsAreUnknown(path: String) {
        #expect(match("GET", path) == .unknown)
        #expect(match("POST", path) == .unknown)
    }

    @Test func otherMethodsAreNamed() {
        #expect(match("DELETE", "/dsp/2025-1/catalog/request") == .wrongMethod(allowed: "POST"))
        #expect(match("POST", "/dsp/2025-1/transfers/1") == .wrongMethod(allowed: "GET"))
        #expect(match("HEAD", "/kouan/v1/packages/" + String(repeating: "a1", count: 32)) == .wrongMethod(allowed: "GET"))
        #expect(match("GET", "/kouan/v1/grants") == .wrongMethod(allowed: "POST"))
    }

    @Test func pathsFollowTheCard() {
        func match(_ path: String) -> PeerRoute { .match(method: "POST", path: path, endpoints: below) }
        #expect(match("/kouan/protocol/catalog/request") == .message(.catalogRequest, id: ""))
        #expect(match("/protocol/catalog/request") == .unknown)
        #expect(match("/kouan/kouan/v1/grants") == .grants)
        #expect(PeerRoute.match(method: "GET", path: "/kouan/.well-known/dspace-version", endpoints: below) == .version)
    }

    @Test(arguments: [
        (nil, ByteRange.whole), ("bytes=0-0", .part(0..<1)), ("bytes=0-99", .part(0..<100)), ("bytes=0-", .part(0..<100)),
        ("bytes=99-99", .part(99..<100)), ("bytes=10-1000", .part(10..<100)), ("bytes=-64", .part(36..<100)), ("bytes=-1", .part(99..<100)),
        ("bytes=-1000", .part(0..<100)), ("Bytes=5-6", .part(5..<7)), ("bytes=0-99999999999999999999", .part(0..<100)),
        ("bytes=100-", .unsatisfiable), ("bytes=100-200", .unsatisfiable), ("bytes=-0", .unsatisfiable), ("bytes=-", .unsatisfiable),
        ("bytes=", .unsatisfiable), ("bytes=5-4", .unsatisfiable), ("bytes=0-1,5-6", .unsatisfiable), ("bytes=a-b", .unsatisfiable),
        ("bytes=+1-2", .unsatisfiable), ("bytes=1--2", .unsatisfiable), ("bytes=99999999999999999999-", .unsatisfiable),
        ("items=0-1", .whole), ("bytes", .whole),
    ])
    func ranges(header: String?, expected: ByteRange) { #expect(ByteRange.parse(header, size: 100) == expected) }

    @Test func anEmptyFileHasNoRange() {
        #expect(ByteRange.parse("bytes=0-", size: 0) == .unsatisfiable)
        #expect(ByteRange.parse("bytes=-1", size: 0) == .unsatisfiable)
    }

    @Test func datesOfTheWeb() {
        #expect(HTTPDate.parse("Sun, 22 Nov 2026 17:52:05 GMT") == Timestamp(parsing: "2026-11-22T17:52:05Z"))
        for bad in [
            "", "Sun, 22 Nov 2026 17:52:05 CET", "Sunday, 22-Nov-26 17:52:05 GMT", "Sun, 2x Nov 2026 17:52:05 GMT",
            "Sun, 22 Nov 2026 25:00:00 GMT",
        ] {
            #expect(HTTPDate.parse(bad) == nil)
        }
    }

    @Test func placesAreLimitedInAllAndPerPeer() throws {
        let first = try ParticipantID(parsing: "urn:reg:CN:A-1")
        let second = try ParticipantID(parsing: "urn:reg:CN:B-1")
        let load = PeerLoad(limit: 3, perPeer: 2)
        var held = [load.admit(first), load.admit(first)]
        #expect(!held.contains { $0 == nil })
        #expect(load.admit(first) == nil)
        held.append(load.admit(second))
        #expect(held.last ?? nil != nil)
        #expect(load.admit(second) == nil)
        held.removeFirst()
        #expect(load.admit(second) != nil)
    }
}
