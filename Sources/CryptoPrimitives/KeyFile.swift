// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL
internal import ExchangeModel
internal import Glibc

/// Keys on disk: readable by their owner alone, never overwritten, on disk before `write` returns.
package enum KeyFile {
    private static let limit = 64 * 1024

    /// A PEM private key. Refused when group or others have any right to it, or when another user than this one or root owns it.
    package static func read(path: String) throws(CryptoError) -> PrivateKey {
        let text = try load(path)
        let result = unsafe text.withBytes { bytes in
            Result { () throws(CryptoError) in try unsafe PrivateKey(pemBytes: bytes) }
        }
        return try result.get()
    }

    /// PKCS#8 PEM with mode 0600; refused when the path exists.
    package static func write(_ key: PrivateKey, to path: String) throws(CryptoError) {
        let memory = MemoryBIO()
        OpenSSLErrors.clear()
        try check(
            unsafe PEM_write_bio_PKCS8PrivateKey(memory.handle, key.handle, nil, nil, 0, nil, nil), "PEM_write_bio_PKCS8PrivateKey")
        try store(SecretBytes(memory.contents), path)
    }

    /// A symmetric key of 32 bytes: one line of 64 hexadecimal digits, under the same rules.
    package static func readSecret(path: String) throws(CryptoError) -> SecretBytes {
        try readSecret(path: path, labels: [""]).secret
    }

    /// A secret that says what it is for: `label:` before the digits, one of `labels`; the empty label is nothing at all.
    package static func readSecret(path: String, labels: [String]) throws(CryptoError) -> (label: String, secret: SecretBytes) {
        let text = try load(path)
        var line = text.copy()[...]
        if line.last == UInt8(ascii: "\n") { line.removeLast() }
        for label in labels {
            let start = prefix(label)
            guard line.starts(with: start), line.count == start.count + 64,
                let bytes = Hex.decode(String(decoding: line.dropFirst(start.count), as: UTF8.self))
            else { continue }
            return (label, SecretBytes(bytes))
        }
        throw .malformedSecretFile(path: path)
    }

    package static func writeSecret(_ secret: SecretBytes, label: String = "", to path: String) throws(CryptoError) {
        guard secret.count == 32 else { throw .wrongSize(of: "the secret", expected: 32, found: secret.count) }
        try store(SecretBytes(prefix(label) + Array(Hex.encode(secret.copy()).utf8) + [UInt8(ascii: "\n")]), path)
    }

    private static func prefix(_ label: String) -> [UInt8] { label.isEmpty ? [] : Array("\(label):".utf8) }

    private static func load(_ path: String) throws(CryptoError) -> SecretBytes {
        // Symbolic links are followed: container secrets are mounted as links. Rights are those of the opened file, not of the name.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .fileUnreadable(path: path, reason: reason()) }
        defer { close(descriptor) }
        var status = stat()
        guard (unsafe fstat(descriptor, &status)) == 0 else { throw .fileUnreadable(path: path, reason: reason()) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .fileUnreadable(path: path, reason: "not a regular file") }
        guard status.st_mode & 0o077 == 0 else {
            throw .fileExposed(path: path, mode: "0" + String(status.st_mode & 0o7777, radix: 8))
        }
        guard status.st_uid == geteuid() || status.st_uid == 0 else { throw .fileForeign(path: path, owner: status.st_uid) }
        guard status.st_size <= limit else { throw .tooLarge(of: "`\(path)`", limit: limit, found: status.st_size) }

        var filled = 0
        var failed: String?
        let size = Int(status.st_size)
        let text = unsafe SecretBytes(count: size) { memory in
            while filled < size {
                let count = unsafe Glibc.read(descriptor, memory.baseAddress.map { unsafe $0 + filled }, size - filled)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 {
                    failed = count < 0 ? reason() : "the file became shorter while it was read"
                    return
                }
                filled += count
            }
        }
        if let failed { throw .fileUnreadable(path: path, reason: failed) }
        return text
    }

    private static func store(_ text: SecretBytes, _ path: String) throws(CryptoError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST { throw .fileExists(path: path) }
            throw .fileUnwritable(path: path, reason: reason())
        }
        let written = unsafe text.withBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = unsafe Glibc.write(descriptor, bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { return false }
                done += count
            }
            return true
        }
        guard written, fchmod(descriptor, 0o600) == 0, fsync(descriptor) == 0 else {
            let why = reason()
            close(descriptor)
            unsafe unlink(path)
            throw .fileUnwritable(path: path, reason: why)
        }
        close(descriptor)
        try syncFolder(of: path)
    }

    /// The name is durable only once its folder is.
    private static func syncFolder(of path: String) throws(CryptoError) {
        let folder =
            switch path.lastIndex(of: "/") {
            case nil: "."
            case path.startIndex: "/"
            case .some(let slash): String(path[..<slash])
            }
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .fileUnwritable(path: path, reason: reason()) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .fileUnwritable(path: path, reason: reason()) }
    }

    private static func reason() -> String {
        unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
    }
}
