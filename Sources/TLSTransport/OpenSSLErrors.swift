// SPDX-License-Identifier: Apache-2.0
import COpenSSL

/// One entry of OpenSSL's error queue.
struct OpenSSLError: Sendable, Equatable {
    let library: Int32
    let reason: Int32
    let text: String

    /// The oldest error of this thread's queue, which is empty afterwards.
    static func drain() -> OpenSSLError? {
        let first = ERR_get_error()
        guard first != 0 else { return nil }
        while ERR_get_error() != 0 {}
        let text = unsafe ERR_reason_error_string(first).map { unsafe String(cString: $0) } ?? "error \(first)"
        return OpenSSLError(library: kouan_ERR_GET_LIB(first), reason: kouan_ERR_GET_REASON(first), text: text)
    }

    /// To be called before every call whose failure is read from the queue: a stale entry would be blamed on it.
    static func clear() { ERR_clear_error() }
}

/// Option bits of SSL_CTX_set_options. They are function-like macros in C, which Swift does not import.
enum TLSOption {
    static let noTickets: UInt64 = 1 << 14
    static let noCompression: UInt64 = 1 << 17
    static let noRenegotiation: UInt64 = 1 << 30
    static let serverPreference: UInt64 = 1 << 22
    static let all: UInt64 = noTickets | noCompression | noRenegotiation | serverPreference
}
