// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Synchronization
import TLSTransport

/// A throw-away space: one authority, nodes below it, a revocation list. Keys live as long as the test.
struct TestPKI {
    static let start = Timestamp(year: 2026, month: 1, day: 1).unsafelyKnown
    static let end = Timestamp(year: 2027, month: 1, day: 1).unsafelyKnown
    /// When the tests take place, whatever the machine's clock says.
    static let today = Timestamp(year: 2026, month: 6, day: 1).unsafelyKnown

    let issuer: CertificateIssuer

    struct Node {
        let participant: String
        let certificate: Certificate
        let key: PrivateKey
        var chain: [Certificate] { [certificate] }
        var credential: ClientCredential { ClientCredential(certificateChain: chain, key: key) }
    }

    init(name: String = "Test Space") throws {
        issuer = try CertificateIssuer.makeRoot(
            subject: DistinguishedName(commonName: name), key: PrivateKey.generate(.p256), notBefore: Self.start, notAfter: Self.end)
    }

    func node(
        _ participant: String, names: [String]? = nil, notAfter: Timestamp = TestPKI.end, profile: CertificateProfile = .tlsNode,
        address: String = "127.0.0.1"
    ) throws -> Node {
        let key = try PrivateKey.generate(.p256)
        let certificate = try issuer.issue(
            subject: DistinguishedName(commonName: "node"), publicKey: key.publicKey, uriNames: names ?? [participant], ipNames: [address],
            profile: profile, notBefore: Self.start, notAfter: notAfter)
        return Node(participant: participant, certificate: certificate, key: key)
    }

    func trust(revoking revoked: [Node] = [], number: Int64 = 1, nextUpdate: Timestamp = TestPKI.end, grace: Int64 = 0) throws
        -> TrustConfiguration
    {
        let list = try issuer.makeCRL(
            revoked: revoked.map { Revocation(serial: $0.certificate.serial, at: Self.start) }, number: number, thisUpdate: Self.start,
            nextUpdate: nextUpdate)
        return TrustConfiguration(anchors: [issuer.certificate], revocationLists: [list], graceSeconds: grace)
    }
}

extension Optional {
    /// For dates written in this file, which exist.
    var unsafelyKnown: Wrapped {
        guard let self else { fatalError("no such date") }
        return self
    }
}

/// A clock the test sets.
final class TestClock: WallClock {
    private let time: Mutex<Timestamp>
    init(_ time: Timestamp = TestPKI.today) { self.time = Mutex(time) }
    func now() -> Timestamp { time.withLock { $0 } }
    func set(_ value: Timestamp) { time.withLock { $0 = value } }
}

final class Locked<Value: Sendable>: Sendable {
    private let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
    func with<R: Sendable>(_ body: (inout Value) -> R) -> R { value.withLock { value in body(&value) } }
}
