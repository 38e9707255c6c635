// SPDX-License-Identifier: Apache-2.0
import COpenSSL
package import CryptoPrimitives
package import ExchangeModel
package import NIOCore
import Synchronization

/// Bounds of the server side. Each is per connection unless it says otherwise.
package struct TLSServerLimits: Sendable {
    /// From accept to the end of the handshake.
    package var handshakeTimeout: TimeAmount = .seconds(10)
    /// Ciphertext a peer may send before the handshake is complete: two certificates of a chain are some 2 KiB.
    package var handshakeBytes = 64 * 1024
    /// How long a closed connection waits for the peer's close_notify.
    package var closeTimeout: TimeAmount = .seconds(2)
    /// A peer verified longer ago than this is verified again, so that certificates and revocation lists also end on long connections.
    package var reverifyAfter: TimeAmount = .seconds(300)
    /// Plaintext written before the handshake completes, or while the channel takes nothing.
    package var queuedWriteBytes = 8 * 1024 * 1024
    /// All connections of one context together.
    package var connections = 4096
    /// Unfinished handshakes of one context together.
    package var handshakes = 512

    package init() {}
}

/// What a listener presents, whom it believes and what it bounds. Connections refer to the newest state; a reload makes a new SSL_CTX
/// and never changes a live one.
package final class TLSServerContext: Sendable {
    package enum ClientCertificate: Sendable { case required, notRequested }

    /// Something an operator may want to see. Never sent to a peer.
    package enum Event: Sendable {
        case refused(TransportError, remote: String)
        case broken(TransportError, remote: String)
    }

    package let limits: TLSServerLimits
    package let clientCertificate: ClientCertificate
    let clock: any WallClock
    let report: @Sendable (Event) -> Void
    private let current: Mutex<TLSGeneration>
    private let number: Atomic<Int>
    private let openConnections = Atomic<Int>(0)
    private let openHandshakes = Atomic<Int>(0)

    /// - Parameters:
    ///   - certificateChain: leaf first, then intermediates.
    ///   - key: of the leaf.
    ///   - trust: whose client certificates are accepted; required unless `clientCertificate` is `.notRequested`.
    package init(
        certificateChain: [Certificate], key: PrivateKey, trust: TrustConfiguration?, clientCertificate: ClientCertificate = .required,
        minimumVersion: TLSVersion = .v13, limits: TLSServerLimits = TLSServerLimits(), clock: any WallClock = SystemWallClock(),
        report: @escaping @Sendable (Event) -> Void = { _ in }
    ) throws(TransportError) {
        if clientCertificate == .required, trust == nil { throw .badConfiguration("client certificates need trust anchors") }
        self.limits = limits
        self.clientCertificate = clientCertificate
        self.clock = clock
        self.report = report
        let first = try TLSGeneration(
            number: 1, certificateChain: certificateChain, key: key, trust: clientCertificate == .required ? trust : nil,
            minimumVersion: trust?.minimumVersion ?? minimumVersion, clock: clock)
        current = Mutex(first)
        number = Atomic(1)
    }

    /// New certificates, key or trust for all connections from now on. Older connections are verified again before their next bytes.
    /// - Returns: the new trust generation.
    @discardableResult
    package func reload(
        certificateChain: [Certificate], key: PrivateKey, trust: TrustConfiguration?, minimumVersion: TLSVersion = .v13
    ) throws(TransportError) -> Int {
        if clientCertificate == .required, trust == nil { throw .badConfiguration("client certificates need trust anchors") }
        return try current.withLock { state throws(TransportError) -> Int in
            let next = try TLSGeneration(
                number: state.number + 1, certificateChain: certificateChain, key: key,
                trust: clientCertificate == .required ? trust : nil, minimumVersion: trust?.minimumVersion ?? minimumVersion, clock: clock)
            state = next
            number.store(next.number, ordering: .releasing)
            return next.number
        }
    }

    package var trustGeneration: Int { number.load(ordering: .acquiring) }
    package var connectionCount: Int { openConnections.load(ordering: .relaxed) }

    var generation: TLSGeneration { current.withLock { $0 } }

    // MARK: Admission

    func admit() throws(TransportError) {
        guard openConnections.add(1, ordering: .relaxed).newValue <= limits.connections else {
            openConnections.subtract(1, ordering: .relaxed)
            throw .overloaded("\(limits.connections) connections")
        }
        guard openHandshakes.add(1, ordering: .relaxed).newValue <= limits.handshakes else {
            openHandshakes.subtract(1, ordering: .relaxed)
            openConnections.subtract(1, ordering: .relaxed)
            throw .overloaded("\(limits.handshakes) unfinished handshakes")
        }
    }

    func handshakeEnded() { openHandshakes.subtract(1, ordering: .relaxed) }
    func connectionEnded() { openConnections.subtract(1, ordering: .relaxed) }
}

/// One SSL_CTX with the trust it was made for. Immutable.
@safe final class TLSGeneration: @unchecked Sendable {
    // @unchecked: the SSL_CTX is configured in init and then only used to make connections, which OpenSSL allows from any thread.
    let number: Int
    let handle: OpaquePointer  // owned SSL_CTX, freed in deinit
    /// Nil when no client certificate is asked for.
    let trust: TrustStore?
    let clock: any WallClock

    init(
        number: Int, certificateChain: [Certificate], key: PrivateKey, trust: TrustConfiguration?, minimumVersion: TLSVersion,
        clock: any WallClock
    ) throws(TransportError) {
        OpenSSLError.clear()
        guard let leaf = certificateChain.first else { throw .badConfiguration("there is no certificate") }
        if let trust { self.trust = try TrustStore(trust) } else { self.trust = nil }
        guard let context = unsafe SSL_CTX_new(TLS_server_method()) else { throw .badConfiguration("out of memory") }
        unsafe handle = context
        self.number = number
        self.clock = clock

        unsafe SSL_CTX_set_options(context, TLSOption.all)
        unsafe SSL_CTX_set_security_level(context, 2)
        // No resumption of any kind: a resumed session would skip every check of the peer.
        unsafe kouan_SSL_CTX_set_num_tickets(context, 0)
        unsafe kouan_SSL_CTX_set_session_cache_mode(context, 0)
        unsafe SSL_CTX_set_max_early_data(context, 0)
        unsafe SSL_CTX_set_alpn_select_cb(context, selectHTTP1, nil)
        guard unsafe kouan_SSL_CTX_set_min_proto_version(context, minimumVersion == .v13 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1,
            unsafe kouan_SSL_CTX_set_groups_list(context, TLSParameters.groups) == 1,
            unsafe SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1,
            unsafe SSL_CTX_set_ciphersuites(context, TLSParameters.cipherSuites) == 1
        else { throw .badConfiguration("the TLS parameters were refused: \(OpenSSLError.drain()?.text ?? "unknown")") }

        guard unsafe SSL_CTX_use_certificate(context, leaf.handle) == 1,
            unsafe SSL_CTX_use_PrivateKey(context, key.handle) == 1, unsafe SSL_CTX_check_private_key(context) == 1
        else { throw .badConfiguration("certificate and key do not fit: \(OpenSSLError.drain()?.text ?? "unknown")") }
        for certificate in certificateChain.dropFirst() {
            guard unsafe kouan_SSL_CTX_add1_chain_cert(context, certificate.handle) == 1 else {
                throw .badConfiguration("the certificate chain was refused: \(OpenSSLError.drain()?.text ?? "unknown")")
            }
        }
        if trust != nil {
            unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
            unsafe SSL_CTX_set_cert_verify_callback(context, verifyClientCertificate, nil)
            unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_CERT_LIST, 32 * 1024, nil)
        }
    }

    deinit { unsafe SSL_CTX_free(handle) }
}

/// What our listeners offer in TLS 1.3, in order of preference.
package enum TLSParameters {
    package static let cipherSuites = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"
    package static let groups = "X25519:P-256:P-384"
}

/// `http/1.1` where the client offers it; a client that offers only something else gets no_application_protocol.
private func selectHTTP1(
    ssl: OpaquePointer?, chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, chosenCount: UnsafeMutablePointer<UInt8>?,
    offered: UnsafePointer<UInt8>?, offeredCount: UInt32, argument: UnsafeMutableRawPointer?
) -> Int32 {
    guard let offered = unsafe offered, let chosen = unsafe chosen, let chosenCount = unsafe chosenCount else {
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }
    let wanted = Array("http/1.1".utf8)
    var index = 0
    while index < Int(offeredCount) {
        let count = Int(unsafe offered[index])
        guard index + 1 + count <= Int(offeredCount) else { break }
        if count == wanted.count, (0..<count).allSatisfy({ unsafe offered[index + 1 + $0] == wanted[$0] }) {
            // OpenSSL copies the name from the client's own list, which outlives this call.
            unsafe chosen.pointee = unsafe offered + index + 1
            unsafe chosenCount.pointee = UInt8(count)
            return SSL_TLSEXT_ERR_OK
        }
        index += 1 + count
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}
