// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL
internal import ExchangeModel
internal import Glibc

/// Between OpenSSL's ASN.1 values and ours. Every pointer given is borrowed.
enum ASN1 {
    static func timestamp(_ time: UnsafePointer<ASN1_TIME>?) -> Timestamp? {
        guard let time = unsafe time else { return nil }
        var parts = unsafe tm()
        guard (unsafe ASN1_TIME_to_tm(time, &parts)) == 1 else { return nil }
        return unsafe Timestamp(
            year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday), hour: Int(parts.tm_hour),
            minute: Int(parts.tm_min), second: Int(parts.tm_sec))
    }

    /// Owned by the caller; seconds, since certificates know no fractions.
    static func time(_ timestamp: Timestamp) throws(CryptoError) -> UnsafeMutablePointer<ASN1_TIME> {
        guard let time = unsafe ASN1_TIME_set(nil, time_t(timestamp.seconds)) else { throw .last("ASN1_TIME_set") }
        return unsafe time
    }

    /// Lower-case hexadecimal in whole bytes, without a sign; nil for a negative number.
    static func hex(_ integer: UnsafePointer<ASN1_INTEGER>?) -> String? {
        guard let integer = unsafe integer, let number = unsafe ASN1_INTEGER_to_BN(integer, nil) else { return nil }
        defer { unsafe BN_free(number) }
        guard unsafe BN_is_negative(number) == 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: unsafe Int(BN_num_bits(number) + 7) / 8)
        unsafe BN_bn2bin(number, &bytes)
        return bytes.isEmpty ? "00" : Hex.encode(bytes)
    }

    /// Owned by the caller.
    static func integer(_ bytes: [UInt8]) throws(CryptoError) -> UnsafeMutablePointer<ASN1_INTEGER> {
        guard let number = unsafe BN_bin2bn(bytes, Int32(bytes.count), nil) else { throw .last("BN_bin2bn") }
        defer { unsafe BN_free(number) }
        guard let integer = unsafe BN_to_ASN1_INTEGER(number, nil) else { throw .last("BN_to_ASN1_INTEGER") }
        return unsafe integer
    }

    static func bytes(_ string: UnsafePointer<ASN1_STRING>?) -> [UInt8] {
        guard let string = unsafe string, let start = unsafe ASN1_STRING_get0_data(string) else { return [] }
        return unsafe [UInt8](UnsafeBufferPointer(start: start, count: Int(max(0, ASN1_STRING_length(string)))))
    }

    /// Owned by the caller; `type` is one of `V_ASN1_…`.
    static func string(_ bytes: [UInt8], type: Int32) throws(CryptoError) -> UnsafeMutablePointer<ASN1_STRING> {
        guard let string = unsafe ASN1_STRING_type_new(type) else { throw .last("ASN1_STRING_type_new") }
        guard (unsafe ASN1_STRING_set(string, bytes, Int32(bytes.count))) == 1 else {
            unsafe ASN1_STRING_free(string)
            throw .last("ASN1_STRING_set")
        }
        return unsafe string
    }

    /// Bytes from one of the `i2d_` functions that allocate.
    static func encoded(_ call: String, _ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>) -> Int32) throws(CryptoError)
        -> [UInt8]
    {
        OpenSSLErrors.clear()
        var start: UnsafeMutablePointer<UInt8>?
        let count = unsafe encode(&start)
        guard count > 0, let bytes = unsafe start else { throw .last(call) }
        defer { unsafe CRYPTO_free(bytes, nil, 0) }
        return unsafe [UInt8](UnsafeBufferPointer(start: bytes, count: Int(count)))
    }

    /// The value of one whole DER encoding, owned by the caller; nil when it is malformed or followed by further bytes.
    static func decoded(
        _ der: [UInt8], _ decode: (UnsafeMutablePointer<UnsafePointer<UInt8>?>, Int) -> OpaquePointer?,
        free: (OpaquePointer) -> Void
    ) -> OpaquePointer? {
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }
        return unsafe der.withUnsafeBufferPointer { bytes in
            var position = bytes.baseAddress
            guard let value = unsafe decode(&position, bytes.count) else { return nil }
            guard unsafe position == bytes.baseAddress.map({ unsafe $0 + bytes.count }) else {
                unsafe free(value)
                return nil
            }
            return unsafe value
        }
    }
}

/// PEM text around DER.
enum PEM {
    static let limit = 1024 * 1024
    static let countLimit = 100

    static func text(_ label: String, _ der: [UInt8]) -> String {
        let body = Array(Base64.encode(der).utf8)
        var text = "-----BEGIN \(label)-----\n"
        for start in stride(from: 0, to: body.count, by: 64) {
            text += String(decoding: body[start..<min(start + 64, body.count)], as: UTF8.self) + "\n"
        }
        return text + "-----END \(label)-----\n"
    }

    /// DER of every block that `read` finds; `read` gets a BIO and answers nil at the end or at a mistake, told apart by the error queue.
    static func blocks(
        _ text: String, read: (OpaquePointer) -> OpaquePointer?, encode: (OpaquePointer) throws(CryptoError) -> [UInt8],
        free: (OpaquePointer) -> Void, malformed: (String) -> CryptoError
    ) throws(CryptoError) -> [[UInt8]] {
        let bytes = Array(text.utf8)
        guard bytes.count <= limit else { throw .tooLarge(of: "the PEM text", limit: limit, found: bytes.count) }
        var blocks: [[UInt8]] = []
        let memory = MemoryBIO()
        guard unsafe BIO_write(memory.handle, bytes, Int32(bytes.count)) == Int32(bytes.count) || bytes.isEmpty else {
            throw .last("BIO_write")
        }
        while true {
            OpenSSLErrors.clear()
            guard let value = unsafe read(memory.handle) else { break }
            defer { unsafe free(value) }
            guard blocks.count < countLimit else { throw malformed("there are more than \(countLimit) blocks") }
            blocks.append(try unsafe encode(value))
        }
        let last = ERR_peek_last_error()
        guard kouan_ERR_GET_LIB(last) == ERR_LIB_PEM, kouan_ERR_GET_REASON(last) == PEM_R_NO_START_LINE else {
            throw malformed("a PEM block is broken (`\(OpenSSLErrors.drain().joined(separator: "; "))`)")
        }
        OpenSSLErrors.clear()
        return blocks
    }
}
