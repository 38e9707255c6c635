// SPDX-License-Identifier: Apache-2.0
import COpenSSL
import ExchangeModel
import Glibc
import NIOCore

/// One TLS connection without a socket: ciphertext in, plaintext out, and the other way round.
///
///     channel ──receive──▶ inbound ──BIO──▶ SSL ──decrypt──▶ caller
///     channel ◀─takeOutput─ outbound ◀──BIO── SSL ◀──encrypt── caller
///
/// Confined to the event loop of its channel. OpenSSL reads and writes both buffers through a BIO of our own, so ciphertext is copied
/// once in each direction.
@safe final class TLSEngine {
    private let ssl: OpaquePointer  // owned SSL, which owns the BIO; freed in deinit
    let generation: TLSGeneration
    fileprivate var inbound = ByteBuffer()
    fileprivate var outbound = ByteBuffer()

    /// Written by the certificate callback during the handshake.
    fileprivate(set) var verification: Result<TrustStore.Verified, PeerFailure>?

    enum Progress {
        case done, needsInput
        case failed(TransportError)
    }
    enum Decrypted {
        case some, needsInput, closed
        case failed(TransportError)
    }

    init(generation: TLSGeneration) throws(TransportError) {
        self.generation = generation
        guard let ssl = unsafe SSL_new(generation.handle), let bio = unsafe BIO_new(BufferBIO.method) else {
            throw .badConfiguration("out of memory")
        }
        unsafe self.ssl = ssl
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        unsafe BIO_set_init(bio, 1)
        unsafe SSL_set_bio(ssl, bio, bio)
        unsafe SSL_set_ex_data(ssl, EngineIndex.value, Unmanaged.passUnretained(self).toOpaque())
        unsafe SSL_set_accept_state(ssl)
    }

    deinit { unsafe SSL_free(ssl) }

    // MARK: Ciphertext

    var bufferedInput: Int { inbound.readableBytes }
    var hasOutput: Bool { outbound.readableBytes > 0 }

    func receive(_ bytes: ByteBuffer) {
        if inbound.readableBytes == 0 {
            inbound = bytes
        } else {
            var bytes = bytes
            inbound.writeBuffer(&bytes)
        }
    }

    /// The ciphertext to send. The buffer is taken out before `send` runs, which may come back here; its memory is kept for the next round
    /// where the channel has let go of it.
    func withOutput(_ send: (ByteBuffer) -> Void) {
        guard hasOutput else { return }
        var sent = ByteBuffer()
        swap(&sent, &outbound)
        send(sent)
        guard outbound.storageCapacity == 0, sent.storageCapacity <= Self.largestKeptBuffer else { return }
        sent.clear()
        outbound = sent
    }

    /// Above this a buffer is returned to the allocator instead of kept for the next write.
    private static let largestKeptBuffer = 256 * 1024

    // MARK: Plaintext

    func handshake() -> Progress {
        OpenSSLError.clear()
        let result = unsafe SSL_do_handshake(ssl)
        if result == 1 { return .done }
        return unsafe SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ ? .needsInput : .failed(failure())
    }

    /// Decrypts up to `limit` bytes, as far as whole records are at hand.
    func decrypt(into plaintext: inout ByteBuffer, limit: Int) -> Decrypted {
        while plaintext.readableBytes < limit {
            OpenSSLError.clear()
            var count = 0
            let result = unsafe plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: min(Self.recordBytes, limit)) { buffer in
                count = Int(unsafe SSL_read(ssl, buffer.baseAddress, Int32(clamping: buffer.count)))
                return max(0, count)
            }
            guard result <= 0 else { continue }
            switch unsafe SSL_get_error(ssl, Int32(count)) {
            case SSL_ERROR_WANT_READ: return .needsInput
            case SSL_ERROR_ZERO_RETURN: return .closed
            default: return .failed(failure())
            }
        }
        return .some
    }

    /// Encrypts all of `plaintext` into the output. Empty input makes no record.
    func encrypt(_ plaintext: UnsafeRawBufferPointer) -> TransportError? {
        guard plaintext.count > 0 else { return nil }
        OpenSSLError.clear()
        outbound.reserveCapacity(minimumWritableBytes: plaintext.count + (plaintext.count / Self.recordBytes + 1) * 64)
        var written = 0
        let result = unsafe SSL_write_ex(ssl, plaintext.baseAddress, plaintext.count, &written)
        return result == 1 && written == plaintext.count ? nil : failure()
    }

    /// Adds our close_notify to the output.
    func shutdown() {
        OpenSSLError.clear()
        unsafe SSL_shutdown(ssl)
        OpenSSLError.clear()
    }

    static let recordBytes = 16_384

    // MARK: Facts about the connection

    var presentedChain: PresentedChain? { unsafe PresentedChain(ssl: ssl) }
    var tlsVersion: String { unsafe SSL_get_version(ssl).map { unsafe String(cString: $0) } ?? "" }
    var cipher: String {
        unsafe SSL_get_current_cipher(ssl).flatMap { unsafe SSL_CIPHER_get_name($0) }.map { unsafe String(cString: $0) } ?? ""
    }
    /// The host name the client asked for. Recorded only; it selects nothing.
    var serverName: String? { unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { unsafe String(cString: $0) } }

    private func failure() -> TransportError {
        let error = OpenSSLError.drain()
        if case .failure(let peer) = verification { return .peer(peer) }
        guard let error else { return .protocolFailure("unknown") }
        if error.library == ERR_LIB_SSL, error.reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE { return .peer(.noCertificate) }
        // Reasons from 1000 on are alerts the peer sent.
        if error.library == ERR_LIB_SSL, error.reason >= SSL_AD_REASON_OFFSET { return .refusedByPeer(error.text) }
        return .protocolFailure(error.text)
    }
}

/// Where an SSL keeps the way back to its engine.
private enum EngineIndex {
    static let value: Int32 = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, nil, nil, nil, nil)
}

/// Verification of a client's certificate during the handshake. Every failure gives the peer the same alert: OpenSSL turns an error
/// number it does not know into certificate_unknown.
func verifyClientCertificate(context: OpaquePointer?, argument: UnsafeMutableRawPointer?) -> Int32 {
    guard let context = unsafe context,
        let ssl = unsafe X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()),
        let data = unsafe SSL_get_ex_data(OpaquePointer(ssl), EngineIndex.value), let leaf = unsafe X509_STORE_CTX_get0_cert(context)
    else { return 0 }
    let engine = unsafe Unmanaged<TLSEngine>.fromOpaque(data).takeUnretainedValue()
    guard let trust = engine.generation.trust else { return 0 }
    let result = unsafe trust.verify(
        leaf: leaf, untrusted: X509_STORE_CTX_get0_untrusted(context), as: .client, at: engine.generation.clock.now())
    engine.verification = result
    switch result {
    case .success:
        unsafe X509_STORE_CTX_set_error(context, X509_V_OK)
        return 1
    case .failure:
        unsafe X509_STORE_CTX_set_error(context, uniformVerificationError)
        return 0
    }
}

/// No number of OpenSSL's.
let uniformVerificationError: Int32 = 20_000

/// A BIO whose two ends are the engine's buffers.
@safe private struct BufferBIO: @unchecked Sendable {
    // @unchecked: the method table is made once and only read.
    private let table: OpaquePointer?
    private static let shared = BufferBIO()
    static var method: OpaquePointer? { unsafe shared.table }

    private init() {
        let type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
        unsafe table = BIO_meth_new(type, "byte buffers")
        unsafe BIO_meth_set_read(table, bufferBIORead)
        unsafe BIO_meth_set_write(table, bufferBIOWrite)
        unsafe BIO_meth_set_ctrl(table, bufferBIOControl)
    }
}

private func bufferBIORead(bio: OpaquePointer?, bytes: UnsafeMutablePointer<CChar>?, count: Int32) -> Int32 {
    guard let bio = unsafe bio, let bytes = unsafe bytes, count > 0, let data = unsafe BIO_get_data(bio) else { return -1 }
    let engine = unsafe Unmanaged<TLSEngine>.fromOpaque(data).takeUnretainedValue()
    unsafe kouan_BIO_clear_retry_flags(bio)
    let available = min(Int(count), engine.inbound.readableBytes)
    guard available > 0 else {
        unsafe kouan_BIO_set_retry_read(bio)
        return -1
    }
    return Int32(
        unsafe engine.inbound.readWithUnsafeReadableBytes { source in
            if let start = source.baseAddress { unsafe memcpy(bytes, start, available) }
            return available
        })
}

private func bufferBIOWrite(bio: OpaquePointer?, bytes: UnsafePointer<CChar>?, count: Int32) -> Int32 {
    guard let bio = unsafe bio, let bytes = unsafe bytes, count > 0, let data = unsafe BIO_get_data(bio) else { return -1 }
    let engine = unsafe Unmanaged<TLSEngine>.fromOpaque(data).takeUnretainedValue()
    unsafe kouan_BIO_clear_retry_flags(bio)
    unsafe engine.outbound.writeBytes(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
    return count
}

private func bufferBIOControl(bio: OpaquePointer?, command: Int32, number: Int, pointer: UnsafeMutableRawPointer?) -> Int {
    command == BIO_CTRL_FLUSH ? 1 : 0
}
