// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives

/// What becomes of a value.
package enum MaskMethod: String, Sendable, Hashable, CaseIterable {
    /// First and last character stay, the rest is `*`.
    case mask
    /// Nothing stays.
    case remove
    /// A pseudonym: equal values get equal ones under one key, and without the key nobody can try out values.
    case hash
}

/// Applies methods to values. Empty values stay empty.
struct ValueMasker: Sendable {
    /// For pseudonyms.
    let key: SecretBytes

    /// Nil: the value is removed.
    func masked(_ value: [UInt8], _ method: MaskMethod) -> String? {
        if method == .remove { return nil }
        if value.isEmpty { return "" }
        switch method {
        case .remove: return nil
        case .hash: return String(hexDigits: HMAC.authenticate(.sha256, key: key, value).prefix(16))
        case .mask:
            // What is not UTF-8 has no characters to keep.
            guard let text = String(validating: value, as: UTF8.self) else { return "***" }
            let count = text.count
            guard count > 1, let first = text.first, let last = text.last else { return "*" }
            if count == 2 { return "\(first)*" }
            return "\(first)" + String(repeating: "*", count: min(count - 2, ValueMasker.longestRun)) + "\(last)"
        }
    }

    /// A longer run would tell how long the value was, and nothing else.
    private static let longestRun = 64
}

extension String {
    init(hexDigits bytes: some Sequence<UInt8>) {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        self = String(decoding: text, as: UTF8.self)
    }
}
