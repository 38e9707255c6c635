// SPDX-License-Identifier: Apache-2.0

import DataspaceProtocol
import ExchangeModel
import Foundation
import Testing

@Suite struct DocumentationTests {
    /// The examples of the format page are messages that we would send.
    @Test func examplesOnTheFormatPage() throws {
        let page = try String(contentsOf: Examples.repository.appending(path: "docs/formats/dsp-binding.md"), encoding: .utf8)
        let blocks = page.components(separatedBy: "```json\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
        #expect(blocks.count == 3)
        for block in blocks {
            let json = try JSON.parse(block)
            let type = json["@type"]?.string.flatMap(MessageType.init(rawValue:)) ?? .versionResponse
            let message = try parse(json, as: type)
            #expect(message.json == json)
            if let start = message as? TransferStartMessage { _ = try SealedPackageAddress(try #require(start.dataAddress)) }
            if let agreement = message as? ContractAgreementMessage { #expect(agreement.proof != nil) }
            if let document = message as? VersionDocument { #expect(try document.common().path == "/dsp/2025-1") }
        }
    }

    @Test func everyEndpointIsOnTheFormatPage() throws {
        let page = try String(contentsOf: Examples.repository.appending(path: "docs/formats/dsp-binding.md"), encoding: .utf8)
        for endpoint in Endpoint.allCases {
            let last = endpoint.template.split(separator: "/").last.map(String.init) ?? ""
            #expect(page.contains(endpoint.template) || page.contains("`/\(last)`"), "\(endpoint.template)")
        }
    }
}
