// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL
internal import Glibc

/// The parts of a subject that our certificates carry.
package struct DistinguishedName: Sendable, Hashable {
    package var commonName: String
    package var organization: String?
    /// Two upper-case letters.
    package var country: String?

    package init(commonName: String, organization: String? = nil, country: String? = nil) {
        self.commonName = commonName
        self.organization = organization
        self.country = country
    }

    /// An `X509_NAME`, owned by the caller. OpenSSL's string table holds each part to the length of X.520.
    func makeName() throws(CryptoError) -> OpaquePointer {
        OpenSSLErrors.clear()
        guard let name = unsafe X509_NAME_new() else { throw .last("X509_NAME_new") }
        for (identifier, value) in [(NID_countryName, country), (NID_organizationName, organization), (NID_commonName, commonName)] {
            guard let value else { continue }
            let bytes = Array(value.utf8)
            guard !bytes.isEmpty, bytes.count <= 256, bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }),
                unsafe X509_NAME_add_entry_by_NID(name, identifier, MBSTRING_UTF8, bytes, Int32(bytes.count), -1, 0) == 1
            else {
                unsafe X509_NAME_free(name)
                OpenSSLErrors.clear()
                throw .malformedName("`\(value)` is empty, too long or has control characters")
            }
        }
        return unsafe name
    }

    /// What a borrowed `X509_NAME` says in these parts; other parts are left out.
    static func read(_ name: OpaquePointer?) -> DistinguishedName {
        unsafe DistinguishedName(
            commonName: part(name, NID_commonName) ?? "", organization: part(name, NID_organizationName),
            country: part(name, NID_countryName))
    }

    /// The first part of that kind, as UTF-8 text.
    private static func part(_ name: OpaquePointer?, _ identifier: Int32) -> String? {
        guard let name = unsafe name else { return nil }
        let index = unsafe X509_NAME_get_index_by_NID(name, identifier, -1)
        guard index >= 0, let entry = unsafe X509_NAME_get_entry(name, index), let value = unsafe X509_NAME_ENTRY_get_data(entry)
        else { return nil }
        var start: UnsafeMutablePointer<UInt8>?
        let count = unsafe ASN1_STRING_to_UTF8(&start, value)
        guard count >= 0, let bytes = unsafe start else { return nil }
        defer { unsafe CRYPTO_free(bytes, nil, 0) }
        return unsafe String(decoding: unsafe UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
    }

    /// The whole name as RFC 2253 text, for people and logs.
    static func text(_ name: OpaquePointer?) -> String {
        guard let name = unsafe name else { return "" }
        let memory = MemoryBIO()
        guard unsafe X509_NAME_print_ex(memory.handle, name, 0, kouan_name_flags()) >= 0 else { return "" }
        return String(decoding: memory.contents, as: UTF8.self)
    }
}

/// The subject alternative names that matter here. Kinds we do not use are counted, not kept.
struct AlternativeNames: Sendable, Hashable {
    var uris: [String] = []
    var dns: [String] = []
    var addresses: [String] = []
    var others = 0

    /// More names than anyone needs; each costs work in every verification.
    private static let limit = 100

    /// Reads a borrowed `GENERAL_NAMES`; nil when a name has bytes that its type forbids, or there are too many.
    init?(reading names: OpaquePointer?) {
        guard let names = unsafe names else { return }
        let count = unsafe kouan_sk_GENERAL_NAME_num(names)
        guard count <= Self.limit else { return nil }
        for index in 0..<max(0, count) {
            guard let name = unsafe kouan_sk_GENERAL_NAME_value(names, index) else { return nil }
            switch unsafe name.pointee.type {
            case GEN_URI:
                guard let text = unsafe Self.text(kouan_GENERAL_NAME_string(name)) else { return nil }
                uris.append(text)
            case GEN_DNS:
                guard let text = unsafe Self.text(kouan_GENERAL_NAME_string(name)) else { return nil }
                dns.append(text)
            case GEN_IPADD:
                guard let text = unsafe Self.address(ASN1.bytes(kouan_GENERAL_NAME_address(name))) else { return nil }
                addresses.append(text)
            default: others += 1
            }
        }
    }

    init(uris: [String], dns: [String], addresses: [String]) throws(CryptoError) {
        guard uris.count + dns.count + addresses.count <= Self.limit else { throw .malformedName("there are more than \(Self.limit)") }
        for uri in uris where !Self.isPrintable(uri) || !uri.contains(":") { throw .malformedName("`\(uri)` is not a URI") }
        for name in dns where !Self.isHostName(name) { throw .malformedName("`\(name)` is not a DNS name") }
        for address in addresses where Self.bytes(ofAddress: address) == nil {
            throw .malformedName("`\(address)` is not an IP address")
        }
        self.uris = uris
        self.dns = dns
        self.addresses = addresses
    }

    var isEmpty: Bool { uris.isEmpty && dns.isEmpty && addresses.isEmpty }

    /// `GENERAL_NAMES`, owned by the caller.
    func make() throws(CryptoError) -> OpaquePointer {
        guard let names = unsafe kouan_sk_GENERAL_NAME_new() else { throw .last("GENERAL_NAMES") }
        do {
            for uri in uris { try unsafe Self.add(Array(uri.utf8), GEN_URI, V_ASN1_IA5STRING, to: names) }
            for name in dns { try unsafe Self.add(Array(name.utf8), GEN_DNS, V_ASN1_IA5STRING, to: names) }
            for address in addresses {
                try unsafe Self.add(Self.bytes(ofAddress: address) ?? [], GEN_IPADD, V_ASN1_OCTET_STRING, to: names)
            }
        } catch {
            unsafe kouan_sk_GENERAL_NAME_pop_free(names)
            throw error
        }
        return unsafe names
    }

    private static func add(_ bytes: [UInt8], _ kind: Int32, _ type: Int32, to names: OpaquePointer) throws(CryptoError) {
        let value = try unsafe ASN1.string(bytes, type: type)
        guard let name = unsafe GENERAL_NAME_new() else {
            unsafe ASN1_STRING_free(value)
            throw .last("GENERAL_NAME_new")
        }
        unsafe GENERAL_NAME_set0_value(name, kind, value)
        guard unsafe kouan_sk_GENERAL_NAME_push(names, name) > 0 else {
            unsafe GENERAL_NAME_free(name)
            throw .last("sk_GENERAL_NAME_push")
        }
    }

    /// Printable ASCII only: a zero byte inside a name once made "good.example\0.evil.example" look good.
    private static func text(_ string: UnsafeMutablePointer<ASN1_STRING>?) -> String? {
        let text = unsafe String(decoding: ASN1.bytes(string), as: UTF8.self)
        return isPrintable(text) ? text : nil
    }

    private static func isPrintable(_ text: String) -> Bool {
        (1...2048).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    private static func isHostName(_ name: String) -> Bool {
        let labels = (name.hasPrefix("*.") ? name.dropFirst(2) : name[...]).split(separator: ".", omittingEmptySubsequences: false)
        return name.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy {
                        ($0 | 0x20) >= UInt8(ascii: "a") && ($0 | 0x20) <= UInt8(ascii: "z")
                            || $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                    }
            }
    }

    private static func bytes(ofAddress text: String) -> [UInt8]? {
        var four = [UInt8](repeating: 0, count: 4)
        if unsafe inet_pton(AF_INET, text, &four) == 1 { return four }
        var sixteen = [UInt8](repeating: 0, count: 16)
        return unsafe inet_pton(AF_INET6, text, &sixteen) == 1 ? sixteen : nil
    }

    private static func address(_ bytes: [UInt8]) -> String? {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: 64)
        guard unsafe inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, 64) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
