// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// The cryptographic library as it is loaded in this process: for the inventory that an assessor asks for.
package enum CryptoLibrary {
    /// Of the library in use.
    package static var version: String { text(OPENSSL_VERSION) }

    /// Of the headers that this program was built with.
    package static var builtWith: String { OPENSSL_VERSION_TEXT }

    /// Whether the process asks for FIPS implementations by default.
    package static var isFIPS: Bool { EVP_default_properties_is_fips_enabled(nil) == 1 }

    /// The names of the providers that are loaded, sorted.
    package static var providers: [String] {
        // The default provider is loaded by the first fetch.
        _ = Hash.hash(.sha256, [UInt8]())
        var names: [String] = []
        unsafe withUnsafeMutablePointer(to: &names) { names in
            _ = unsafe OSSL_PROVIDER_do_all(
                nil,
                { provider, names in
                    if let name = unsafe OSSL_PROVIDER_get0_name(provider) {
                        unsafe names?.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
                    }
                    return 1
                }, names)
        }
        return names.sorted()
    }

    private static func text(_ kind: Int32) -> String { unsafe OpenSSL_version(kind).map { unsafe String(cString: $0) } ?? "" }
}
