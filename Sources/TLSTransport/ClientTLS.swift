// SPDX-License-Identifier: Apache-2.0
import CCurl
import COpenSSL
import CryptoPrimitives
import ExchangeModel
import Synchronization

/// Our credential, our trust and the peer we expect, for the connections of one client.
///
/// curl pools connections by host and port, where two participants may well live side by side. So a peer is checked in the handshake and
/// again for every request, new connection or pooled.
@safe final class ClientTLS: Sendable {
    let minimumVersion: TLSVersion
    private let credential: ClientCredential?
    private let generation: Int
    private let clock: any WallClock
    private let state: Mutex<State>

    private struct State {
        var trust: TrustStore  // newer than at init once the client is retiring
        var expected: ExpectedPeer
        var lastFailure: PeerFailure?
        var met: [PresentedChain] = []  // the certificates of all connections of this client, each once
        var known: (certificate: OwnedX509, identity: PeerIdentity)?  // the last peer seen, to spare reading it again
    }

    init(
        credential: ClientCredential?, trust: TrustStore, generation: Int, expected: ExpectedPeer, clock: any WallClock
    ) throws(TransportError) {
        self.credential = credential
        minimumVersion = trust.minimumVersion
        self.generation = generation
        self.clock = clock
        state = Mutex(State(trust: trust, expected: expected))
        try checkCredential()
    }

    /// Finds a certificate that does not fit its key now and not in the first handshake.
    private func checkCredential() throws(TransportError) {
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else { throw .badConfiguration("out of memory") }
        defer { unsafe SSL_CTX_free(context) }
        guard unsafe present(on: context) else { throw .badConfiguration("certificate and key do not fit") }
    }

    /// Why the last handshake was refused. The client asks at once, on the thread that drove the handshake.
    var lastFailure: PeerFailure? { state.withLock { $0.lastFailure } }

    func expect(_ expected: ExpectedPeer) { state.withLock { $0.expected = expected } }

    fileprivate func present(on context: OpaquePointer) -> Bool {
        OpenSSLError.clear()
        defer { OpenSSLError.clear() }
        guard let credential else { return true }
        guard let leaf = credential.certificateChain.first, unsafe SSL_CTX_use_certificate(context, leaf.handle) == 1,
            unsafe SSL_CTX_use_PrivateKey(context, credential.key.handle) == 1, unsafe SSL_CTX_check_private_key(context) == 1
        else { return false }
        return credential.certificateChain.dropFirst().allSatisfy { unsafe kouan_SSL_CTX_add1_chain_cert(context, $0.handle) == 1 }
    }

    fileprivate func verify(leaf: OpaquePointer, untrusted: OpaquePointer?) -> PeerFailure? {
        let failure: PeerFailure?
        let trust = state.withLock { $0.trust }
        switch unsafe trust.verify(leaf: leaf, untrusted: untrusted, as: .server, at: clock.now()) {
        case .success(let verified):
            failure = state.withLock { $0.expected }.check(participant: verified.participant, key: verified.leaf.publicKeyFingerprint)
        case .failure(let found): failure = found
        }
        state.withLock { $0.lastFailure = failure }
        return failure
    }

    /// The peer of the connection that is about to carry a request.
    func checkBeforeRequest(ssl: OpaquePointer) -> Result<PeerIdentity, PeerFailure> {
        guard let certificate = unsafe SSL_get0_peer_certificate(ssl) else { return .failure(.noCertificate) }
        let now = clock.now()
        let verifiedAt = unsafe Int64(Int(bitPattern: SSL_get_ex_data(ssl, VerificationTime.index)))
        let isFresh = verifiedAt != 0 && (0...Self.freshSeconds).contains(now.seconds - verifiedAt)
        let (expected, trust) = state.withLock { ($0.expected, $0.trust) }
        if isFresh, let identity = unsafe known(certificate) {
            return expected.check(participant: identity.participant, key: identity.keyFingerprint).map { .failure($0) }
                ?? .success(identity)
        }
        let result = unsafe trust.verify(leaf: certificate, untrusted: SSL_get_peer_cert_chain(ssl), as: .server, at: now)
        switch result {
        case .failure(let failure): return .failure(failure)
        case .success(let verified):
            let fingerprint = verified.leaf.publicKeyFingerprint
            if let failure = expected.check(participant: verified.participant, key: fingerprint) { return .failure(failure) }
            let identity = PeerIdentity(
                leaf: verified.leaf, participant: verified.participant, keyFingerprint: fingerprint, generation: generation,
                crlStale: verified.crlStale, tlsVersion: unsafe SSL_get_version(ssl).map { unsafe String(cString: $0) } ?? "",
                cipher: unsafe SSL_get_current_cipher(ssl).flatMap { unsafe SSL_CIPHER_get_name($0) }.map { unsafe String(cString: $0) }
                    ?? "")
            unsafe SSL_set_ex_data(ssl, VerificationTime.index, UnsafeMutableRawPointer(bitPattern: Int(now.seconds)))
            let owned = unsafe OwnedX509(sharing: certificate)
            let chain = unsafe PresentedChain(ssl: ssl)
            return state.withLock { state in
                // The trust changed while we verified: this connection missed the check of those the client had met.
                guard state.trust === trust else { return .failure(.other(X509_V_ERR_UNSPECIFIED, "the trust changed meanwhile")) }
                state.known = (owned, identity)
                guard let chain, !state.met.contains(where: { $0.hasSameLeaf(as: chain) }) else { return .success(identity) }
                guard state.met.count < Self.metLimit else {
                    return .failure(.other(X509_V_ERR_UNSPECIFIED, "too many certificates of one peer"))
                }
                state.met.append(chain)
                return .success(identity)
            }
        }
    }

    /// Believes `trust` from now on. False where it does not accept a certificate that this client accepted before.
    func adopt(_ trust: TrustStore) -> Bool {
        let now = clock.now()
        let met = state.withLock { state in
            state.trust = trust
            state.known = nil
            return state.met
        }
        return met.allSatisfy { chain in
            if case .success = chain.verify(with: trust, as: .server, at: now) { true } else { false }
        }
    }

    /// A peer rotates its certificate now and then. More within one trust generation is no peer to go on with.
    private static let metLimit = 64

    private func known(_ certificate: OpaquePointer) -> PeerIdentity? {
        guard let known = state.withLock({ $0.known }), unsafe X509_cmp(known.certificate.pointer, certificate) == 0 else { return nil }
        return known.identity
    }

    /// A connection verified this recently is not verified again for the next request; who it is with is compared every time.
    private static let freshSeconds: Int64 = 60
}

/// Where an SSL keeps the second of its last full verification; a number in a pointer, owned by nobody.
private enum VerificationTime {
    static let index: Int32 = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, nil, nil, nil, nil)
}

/// curl made an SSL_CTX for a new connection: our certificate, our verification.
func clientPreparesTLS(handle: UnsafeMutableRawPointer?, tlsContext: UnsafeMutableRawPointer?, argument: UnsafeMutableRawPointer?)
    -> CURLcode
{
    guard let tlsContext = unsafe tlsContext, let argument = unsafe argument else { return CURLE_SSL_CERTPROBLEM }
    let tls = unsafe Unmanaged<ClientTLS>.fromOpaque(argument).takeUnretainedValue()
    let context = OpaquePointer(tlsContext)
    guard unsafe tls.present(on: context) else { return CURLE_SSL_CERTPROBLEM }
    unsafe SSL_CTX_set_options(context, TLSOption.noTickets | TLSOption.noCompression | TLSOption.noRenegotiation)
    unsafe SSL_CTX_set_security_level(context, 2)
    unsafe SSL_CTX_set_cert_verify_callback(context, verifyServerCertificate, argument)
    return CURLE_OK
}

private func verifyServerCertificate(context: OpaquePointer?, argument: UnsafeMutableRawPointer?) -> Int32 {
    guard let context = unsafe context, let argument = unsafe argument, let leaf = unsafe X509_STORE_CTX_get0_cert(context) else {
        return 0
    }
    let tls = unsafe Unmanaged<ClientTLS>.fromOpaque(argument).takeUnretainedValue()
    guard unsafe tls.verify(leaf: leaf, untrusted: X509_STORE_CTX_get0_untrusted(context)) == nil else {
        unsafe X509_STORE_CTX_set_error(context, uniformVerificationError)
        return 0
    }
    unsafe X509_STORE_CTX_set_error(context, X509_V_OK)
    return 1
}
