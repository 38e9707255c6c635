// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import DataspaceProtocol
package import Exchange
package import ExchangeModel
import TLSTransport

/// A node card as found at an address, and whose certificate vouched for the connection. The caller compares the two.
package struct FetchedCard: Sendable {
    package let card: [UInt8]
    /// The URI name of the certificate.
    package let participant: String
    package let keyFingerprint: Digest
}

/// What a connection to a peer shows of it.
package struct PeerProbe: Sendable {
    package let participant: String
    package let issuer: String
    package let notAfter: Timestamp
    package let keyFingerprint: Digest
    package let tlsVersion: String
    package let cipher: String
    /// A revocation list past its next update, within the grace period, was used.
    package let crlStale: Bool
    /// How far the peer's clock is ahead of ours, to a second or two; nil if it does not say.
    package let clockDifferenceSeconds: Int64?
    package let roundTripMilliseconds: Int64
    /// Versions of the Dataspace Protocol that the peer offers; empty if it does not say.
    package let protocolVersions: [String]
    /// Whether the peer takes us for one of its active peers; nil if its answer does not tell.
    package let acceptsUs: Bool?
}

extension HTTPSPeerTransport {
    /// The card of a node that is not known yet: its certificate must come from one of our spaces, of any participant.
    ///
    /// - Parameter url: the base of the node, or the card's own address.
    package func fetchCard(url: String) async throws(PeerTransportError) -> FetchedCard {
        var address = url
        while address.hasSuffix("/") { address.removeLast() }
        if !address.hasSuffix(PeerRoute.nodeCardPath) { address += PeerRoute.nodeCardPath }
        var request = HTTPClientRequest(url: address, headers: [(name: "Accept", value: "application/json")])
        request.totalTimeout = Limit.probe
        request.maximumResponseBytes = Limit.cardBytes
        let response = try await send(request, expecting: ExpectedPeer(participant: nil))
        guard response.status == 200, let peer = response.peer else {
            throw PeerTransportError(
                code: "peer.no-card", message: "`\(address.prefix(200))` answered \(response.status) instead of a node card",
                hint: "ask the peer for its base address, or for the card as a file", isRetryable: response.status >= 500)
        }
        return FetchedCard(card: response.body, participant: peer.participant, keyFingerprint: peer.keyFingerprint)
    }

    /// Connects as for a message and looks around, without asking for anything of the exchange.
    package func probe(_ address: PeerAddress) async throws(PeerTransportError) -> PeerProbe {
        let begin = ContinuousClock.now
        let response = try await send(probeRequest(BaseURL.join(address.base, Endpoint.version.path())), expecting: address.expected)
        let took = (ContinuousClock.now - begin).components
        let now = clock.now()
        guard let peer = response.peer else { throw PeerTransportError(.protocolFailure("no certificate was seen")) }
        let date = response.header("Date").flatMap(HTTPDate.parse)
        let document = response.status == 200 ? try? VersionDocument.parse(response.body) : nil
        var acceptsUs: Bool?
        if let version = try? document?.common() {
            // An active peer may ask and gets 404 for a process that does not exist; anybody else is told 401, whatever it asks.
            let url = Endpoint.providerNegotiation.url(base: version.base(root: address.base), id: "urn:kouan:probe")
            switch try await send(probeRequest(url), expecting: address.expected).status {
            case 401, 403: acceptsUs = false
            case 404: acceptsUs = true
            default: break
            }
        }
        return PeerProbe(
            participant: peer.participant, issuer: peer.leaf.issuer.description, notAfter: peer.leaf.notAfter,
            keyFingerprint: peer.keyFingerprint, tlsVersion: peer.tlsVersion, cipher: peer.cipher, crlStale: peer.crlStale,
            clockDifferenceSeconds: date.map { $0.seconds - now.seconds },
            roundTripMilliseconds: took.seconds * 1000 + took.attoseconds / 1_000_000_000_000_000,
            protocolVersions: document?.versions.map(\.version) ?? [], acceptsUs: acceptsUs)
    }

    private func probeRequest(_ url: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url, headers: [(name: "Accept", value: "application/json")])
        request.totalTimeout = Limit.probe
        request.maximumResponseBytes = Limit.refusalBytes
        return request
    }
}

/// `Sun, 22 Nov 2026 17:52:05 GMT`, the one form of RFC 9110 that is written today.
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static func parse(_ text: String) -> Timestamp? {
        guard text.utf8.count == 29, text.hasSuffix(" GMT") else { return nil }
        let words = text.split(separator: " ")
        guard words.count == 6, words[0].hasSuffix(","), let month = months.firstIndex(of: String(words[2])) else { return nil }
        let time = words[4].split(separator: ":", omittingEmptySubsequences: false)
        let digits = [words[1], words[3]] + time
        guard digits.count == 5, digits.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else { return nil }
        let month2 = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return Timestamp(parsing: "\(words[3])-\(month2)-\(words[1])T\(words[4])Z")
    }
}
