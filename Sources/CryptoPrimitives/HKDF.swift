// SPDX-License-Identifier: Apache-2.0

/// RFC 5869.
package enum HKDF {
    package static func extract(_ algorithm: HashAlgorithm = .sha256, salt: [UInt8], secret: SecretBytes) -> SecretBytes {
        var authenticator = HMAC.start(algorithm, key: salt)
        unsafe secret.withBytes { unsafe authenticator.update($0) }
        return authenticator.finishSecret()
    }

    /// `count` is at most 255 digests (§2.3).
    package static func expand(_ algorithm: HashAlgorithm = .sha256, key: SecretBytes, info: [UInt8], count: Int) -> SecretBytes {
        let size = algorithm.digestSize
        precondition(count >= 0 && count <= 255 * size, "HKDF makes at most 255 digests")
        return unsafe SecretBytes(count: count) { output in
            var previous: SecretBytes?
            var filled = 0
            var counter: UInt8 = 0
            while filled < count {
                counter += 1
                var authenticator = HMAC.start(algorithm, key: key)
                unsafe previous?.withBytes { unsafe authenticator.update($0) }
                authenticator.update(info)
                authenticator.update([counter])
                let block = authenticator.finishSecret()
                let part = min(size, count - filled)
                unsafe block.withBytes { block in
                    unsafe UnsafeMutableRawBufferPointer(rebasing: output[filled..<filled + part])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: block[..<part]))
                }
                filled += part
                previous = block
            }
        }
    }
}
