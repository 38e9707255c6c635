// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import ExchangeModel
import Testing

@Suite struct EndpointTests {
    /// The binding's table: server, method, path, request, status, answer.
    private static let table = """
        any      GET  /.well-known/dspace-version                 -                                     200 VersionResponse
        provider POST /catalog/request                            CatalogRequestMessage                 200 Catalog
        provider GET  /catalog/datasets/{id}                      -                                     200 Dataset
        provider POST /negotiations/request                       ContractRequestMessage                201 ContractNegotiation
        provider GET  /negotiations/{id}                          -                                     200 ContractNegotiation
        provider POST /negotiations/{id}/request                  ContractRequestMessage                200 -
        provider POST /negotiations/{id}/events                   ContractNegotiationEventMessage       200 -
        provider POST /negotiations/{id}/agreement/verification   ContractAgreementVerificationMessage  200 -
        provider POST /negotiations/{id}/termination              ContractNegotiationTerminationMessage 200 -
        consumer POST /negotiations/offers                        ContractOfferMessage                  201 ContractNegotiation
        consumer GET  /negotiations/{id}                          -                                     200 ContractNegotiation
        consumer POST /negotiations/{id}/offers                   ContractOfferMessage                  200 -
        consumer POST /negotiations/{id}/agreement                ContractAgreementMessage              200 -
        consumer POST /negotiations/{id}/events                   ContractNegotiationEventMessage       200 -
        consumer POST /negotiations/{id}/termination              ContractNegotiationTerminationMessage 200 -
        provider POST /transfers/request                          TransferRequestMessage                201 TransferProcess
        provider GET  /transfers/{id}                             -                                     200 TransferProcess
        provider POST /transfers/{id}/start                       TransferStartMessage                  200 -
        provider POST /transfers/{id}/completion                  TransferCompletionMessage             200 -
        provider POST /transfers/{id}/termination                 TransferTerminationMessage            200 -
        provider POST /transfers/{id}/suspension                  TransferSuspensionMessage             200 -
        consumer POST /transfers/{id}/start                       TransferStartMessage                  200 -
        consumer POST /transfers/{id}/completion                  TransferCompletionMessage             200 -
        consumer POST /transfers/{id}/termination                 TransferTerminationMessage            200 -
        consumer POST /transfers/{id}/suspension                  TransferSuspensionMessage             200 -
        consumer GET  /transfers/{id}                             -                                     200 TransferProcess
        """

    @Test func everyEndpointIsInTheTable() {
        let expected = Self.table.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        let actual = Endpoint.allCases.map { endpoint in
            [
                endpoint.role?.rawValue ?? "any", endpoint.method.rawValue, endpoint.template, endpoint.requestType?.rawValue ?? "-",
                String(endpoint.successStatus), endpoint.responseType?.rawValue ?? "-",
            ].joined(separator: " ")
        }
        #expect(expected.count == 26)
        #expect(Set(actual) == Set(expected))
        #expect(actual.count == 26)
    }

    @Test func errorBodiesFollowThePath() {
        #expect(Endpoint.version.errorType == nil)
        #expect(Endpoint.dataset.errorType == .catalogError)
        #expect(Endpoint.consumerEvents.errorType == .contractNegotiationError)
        #expect(Endpoint.providerStart.errorType == .transferError)
    }

    @Test(arguments: [
        ("https://c.example", "urn:uuid:1", "https://c.example/negotiations/urn:uuid:1/events"),
        ("https://c.example/", "urn:uuid:1", "https://c.example/negotiations/urn:uuid:1/events"),
        ("https://c.example/a/b//", "x/../y?z#&%", "https://c.example/a/b/negotiations/x%2F..%2Fy%3Fz%23%26%25/events"),
        ("https://c.example", "口岸 1", "https://c.example/negotiations/%E5%8F%A3%E5%B2%B8%201/events"),
        ("https://c.example", "{id}", "https://c.example/negotiations/%7Bid%7D/events"),
    ])
    func urls(base: String, id: String, expected: String) {
        #expect(Endpoint.consumerEvents.url(base: base, id: id) == expected)
    }

    @Test(arguments: [
        ("https://c.example", true), ("https://c.example:8443/a/b/", true), ("http://[::1]:8080/x", true), ("HTTPS://c.example", true),
        ("https://", false), ("https:///x", false), ("https://:80/", false), ("ftp://x", false), ("file:///etc/passwd", false),
        ("https://user@c.example", false), ("https://c.example/?q", false), ("https://c.example/#f", false),
        ("https://c.example/a b", false),
        ("https://c.example/../x", false), ("https://c.example/%2e%2E/x", false), ("https://c.example/.", false),
        ("https://café.example", false),
        ("https://c.example/\r\nX: y", false), ("", false), ("c.example", false), (#"https://c.example\@evil"#, false),
        ("https://" + String(repeating: "x", count: 2_050), false),
    ])
    func usableBases(url: String, expected: Bool) { #expect(BaseURL.isUsable(url) == expected) }

    /// Every message has exactly one place to go, and that place expects it.
    @Test func messagesFindTheirEndpoints() throws {
        for kind in NegotiationMessage.Kind.allCases {
            for initial in [true, false] {
                let message = try negotiationMessage(kind, id: nil, initial: initial)
                let places = ProtocolRole.allCases.compactMap { role in Endpoint.forNegotiation(message, to: role).map { ($0, role) } }
                #expect(!places.isEmpty)
                for (endpoint, role) in places {
                    #expect(endpoint.role == role)
                    #expect(endpoint.requestType?.rawValue == message.json["@type"]?.string)
                }
            }
        }
        for kind in TransferMessage.Kind.allCases {
            let message = transferMessage(kind, id: nil)
            let places = ProtocolRole.allCases.compactMap { role in Endpoint.forTransfer(message, to: role).map { ($0, role) } }
            #expect(places.count == (kind == .request ? 1 : 2))
            for (endpoint, role) in places {
                #expect(endpoint.role == role)
                #expect(endpoint.requestType?.rawValue == message.json["@type"]?.string)
            }
        }
    }
}
