// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// OpenSSL's file in memory, freed in `deinit`.
@safe struct MemoryBIO: ~Copyable {
    let handle: OpaquePointer

    /// Empty, to be written; its memory is wiped when freed.
    init() {
        guard let handle = unsafe BIO_new(BIO_s_secmem()) else { preconditionFailure("BIO_new failed") }
        unsafe self.handle = handle
    }

    /// Reads `bytes`, which must outlive it.
    init(reading bytes: UnsafeRawBufferPointer) throws(CryptoError) {
        guard let count = Int32(exactly: bytes.count) else {
            throw .tooLarge(of: "the text", limit: Int(Int32.max), found: bytes.count)
        }
        // An empty BIO needs no buffer, and an empty array has none.
        let handle = unsafe bytes.isEmpty ? BIO_new(BIO_s_mem()) : BIO_new_mem_buf(bytes.baseAddress, count)
        guard let handle = unsafe handle else { throw .last("BIO_new_mem_buf") }
        unsafe self.handle = handle
    }

    /// What was written so far.
    var contents: [UInt8] {
        var start: UnsafeMutablePointer<CChar>?
        let count = unsafe kouan_BIO_get_mem_data(handle, &start)
        guard let start = unsafe start, count > 0 else { return [] }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    deinit { unsafe BIO_free_all(handle) }
}
