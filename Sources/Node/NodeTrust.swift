// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import Exchange
import ExchangeModel
import Identity
import StorageSQLite
import Synchronization
import TLSTransport

/// The TLS side of a node's identity: its certificates and whom it trusts, read from files and spaces, anew on every change.
struct TLSMaterial: Sendable {
    let serverChain: [Certificate]
    let clientChain: [Certificate]
    let key: PrivateKey
    let trust: TrustConfiguration

    var credential: ClientCredential { ClientCredential(certificateChain: clientChain, key: key) }

    /// - Throws: `NodeFailure.noCertificate`, `.noSpace`, or what is wrong with a file.
    static func load(_ layout: NodeLayout, spaces: [Space]) throws -> TLSMaterial {
        guard layout.exists(layout.serverChain), layout.exists(layout.clientChain) else { throw NodeFailure.noCertificate }
        return TLSMaterial(
            serverChain: try Certificate.chain(pem: try layout.text(layout.serverChain)),
            clientChain: try Certificate.chain(pem: try layout.text(layout.clientChain)),
            key: try KeyFile.read(path: layout.tlsKey), trust: try trust(of: spaces))
    }

    /// Anchors and CRLs of all our spaces. The shortest grace of any of them holds for all: a TLS chain does not say its space.
    static func trust(of spaces: [Space]) throws -> TrustConfiguration {
        guard !spaces.isEmpty else { throw NodeFailure.noSpace }
        var anchors: [Certificate] = []
        var lists: [RevocationList] = []
        var grace = Int64.max
        for space in spaces {
            let file = try SpaceFile.parse(space.file)
            anchors += file.anchors
            if let crl = space.crl { lists += try RevocationList.all(pem: crl) }
            grace = min(grace, file.crlGraceSeconds)
        }
        return TrustConfiguration(
            anchors: Array(Set(anchors)).sorted { $0.fingerprint.hex < $1.fingerprint.hex }, revocationLists: lists, graceSeconds: grace)
    }
}

/// Our own card, issued anew whenever what it says has changed.
enum OwnCard {
    static func contents(
        _ configuration: NodeConfiguration, keys: NodeKeys, origin: String, chains: [Certificate], credentials: [String], now: Timestamp
    ) throws -> CardContents {
        guard let names = PartyNames(zh: configuration.nameZH, en: configuration.nameEN) else {
            throw ExchangeError.badInput("nameZH", "or nameEN is not a usable name")
        }
        guard let base = BaseURL(parsing: configuration.peerURL) else {
            throw ExchangeError.badInput("peer.url", "is not an https address")
        }
        guard let ledger = LogKey(name: origin, role: .log, key: keys.ledger.publicKey),
            let witness = LogKey(name: origin + "/witness", role: .witness, key: keys.witness.publicKey)
        else { throw ExchangeError.badInput("ledger.origin", "is not a usable name of a log") }
        var seen: Set<Digest> = []
        let leaves = chains.filter { seen.insert($0.publicKeyFingerprint).inserted }
        var contents = CardContents(
            participant: configuration.participant, names: names, issuedAt: now, signingKey: keys.signing.publicKey,
            tlsKeys: leaves.map { .init(fingerprint: $0.publicKeyFingerprint, notBefore: $0.notBefore, notAfter: $0.notAfter) },
            encryptionKey: keys.encryption.publicKey, ledger: ledger, witnessKey: witness, endpoints: CardEndpoints(peer: base))
        contents.claims = AttributeSet(
            country: configuration.country, provinceRegistered: configuration.province, provincePhysical: configuration.province,
            industry: IndustryCode(parsing: configuration.industry))
        contents.credentials = credentials
        keys.describe(in: &contents)
        return contents
    }

    /// The stored card if it still says the same, else the next one.
    static func issue(_ wanted: CardContents, after old: NodeCard?, keys: NodeKeys, now: Timestamp) throws -> NodeCard {
        guard let old else { return try NodeCard.issue(wanted, with: keys.signing) }
        var same = wanted
        same.serial = old.contents.serial
        same.issuedAt = old.contents.issuedAt
        if same == old.contents { return old }
        var next = wanted
        next.serial = old.contents.serial + 1
        next.issuedAt = now
        return try NodeCard.issue(next, with: keys.signing)
    }
}

/// The transport that the exchange calls through. Until there are a certificate and a space, every call says what is missing.
final class SwitchableTransport: PeerTransport {
    private let current = Mutex<(any PeerTransport)?>(nil)

    func set(_ transport: any PeerTransport) { current.withLock { $0 = transport } }

    private func transport() throws(PeerTransportError) -> any PeerTransport {
        guard let transport = current.withLock({ $0 }) else {
            let missing = NodeFailure.noCertificate
            throw PeerTransportError(code: missing.code, message: missing.message, hint: missing.hint, isRetryable: true)
        }
        return transport
    }

    func send(_ request: PeerRequest, to peer: PeerAddress) async throws(PeerTransportError) -> PeerResponse {
        try await transport().send(request, to: peer)
    }

    func download(
        _ url: String, range: Range<Int64>, authorization: String, from peer: PeerAddress
    ) async throws(PeerTransportError) -> any PeerDownload {
        try await transport().download(url, range: range, authorization: authorization, from: peer)
    }
}
