// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import Exchange
import ExchangeModel
import Foundation
import Sealing
import TLSTransport

/// A text of an answer in both languages; the client shows one.
private func text(_ en: String, _ zh: String) -> JSON { ["en": .string(en), "zh": .string(zh)] }

extension Node {
    /// The inventory of cryptography, for an assessor. What it lists is what the code does; whether that is certified, it cannot say.
    func crypto() throws -> JSON {
        [
            "algorithms": .array(CryptoUse.all.map(\.json)), "keys": .array(try keyInventory()),
            "libraries": [
                [
                    "name": "OpenSSL", "version": .string(CryptoLibrary.version),
                    "detail": .string(
                        "providers \(CryptoLibrary.providers.joined(separator: ", ")); FIPS \(CryptoLibrary.isFIPS ? "on" : "off"); "
                            + "built with \(CryptoLibrary.builtWith)"),
                ],
                [
                    "name": "libcurl", "version": .string(CurlLibrary.version.split(separator: " ").prefix(2).joined(separator: " ")),
                    "detail": "TLS of outgoing connections, by the same OpenSSL",
                ],
            ],
            "limits": [
                text(
                    "Connections between nodes are TLS 1.3 with international algorithms also where packages are of suite guomi: the system's "
                        + "OpenSSL has neither TLCP (GB/T 38636) nor the SM suites of RFC 8998.",
                    "即使数据集包采用国密套件，节点间的连接仍为国际算法的 TLS 1.3：系统 OpenSSL 不支持 TLCP（GB/T 38636），也不支持 RFC 8998 国密套件。"),
                text(
                    "Node cards, agreements, receipts and the ledger are signed by Ed25519 and hashed by SHA-256, and file keys rest under AES-256-GCM, "
                        + "in both suites.",
                    "在两种套件下，节点名片、合约、回执和台账均采用 Ed25519 签名与 SHA-256 杂凑，静态文件密钥均由 AES-256-GCM 保护。"),
                text(
                    "The library is open-source software and no certified cryptographic module; keys are kept in files, not in hardware.",
                    "所用密码库为开源软件，不是经认证的密码模块；密钥存放在文件中，不在硬件密码设备中。"),
                text(
                    "A key's date is the modification time of its file.",
                    "密钥的启用日期取自密钥文件的修改时间。"),
            ],
        ]
    }

    private func keyInventory() throws -> [JSON] {
        var rows: [JSON] = []
        func add(_ file: String, _ path: String, _ purpose: JSON, _ algorithm: String, _ bits: Int, _ fingerprint: Digest?) throws {
            let modified = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
            let since = Timestamp(seconds: Int64(modified?.timeIntervalSince1970 ?? 0))
            rows.append(
                .members([
                    "file": .string(file), "purpose": purpose, "algorithm": .string(algorithm), "keyBits": .integer(Int64(bits)),
                    "since": .string(since.secondsText), "ageDays": .integer(max(0, clock.now().seconds - since.seconds) / 86_400),
                    "fingerprint": fingerprint.map { .string($0.description) },
                ]))
        }
        func add(_ name: String, _ purpose: JSON, _ key: PrivateKey) throws {
            try add(
                "keys/\(name).pem", "\(layout.keys)/\(name).pem", purpose, key.algorithm.displayName, 256, key.publicKey.fingerprint)
        }
        try add("signing", text("signing: card, agreements, packages, grants, receipts", "签名：名片、合约、数据集包、密钥授权、回执"), keys.signing)
        if let key = keys.guomiSigning {
            try add("guomi-signing", text("signing: packages and grants of suite guomi", "签名：国密数据集包与密钥授权"), key)
        }
        try add("encryption", text("encryption", "加密"), keys.encryption)
        try add("ledger", text("ledger checkpoints", "台账检查点"), keys.ledger)
        try add("witness", text("cosignatures of other ledgers", "见证其他台账"), keys.witness)
        try add(
            "keys/storage.key", layout.keys + "/storage.key", text("file keys and openings at rest", "静态保护文件密钥与台账明文"), "AES",
            keys.storage.count * 8, nil)
        if layout.exists(layout.tlsKey) {
            let key = try KeyFile.read(path: layout.tlsKey)
            try add(
                "tls/key.pem", layout.tlsKey, text("TLS", "TLS 连接"), key.algorithm.displayName, 256, key.publicKey.fingerprint)
        }
        return rows
    }
}

extension KeyAlgorithm {
    fileprivate var displayName: String {
        switch self {
        case .ed25519: "Ed25519"
        case .p256: "ECDSA P-256"
        case .x25519: "X25519"
        case .sm2: "SM2"
        }
    }
}

/// One row of the inventory.
private struct CryptoUse {
    let purpose: JSON
    /// Nil for what is the same whatever the suite of packages.
    let suite: Suite?
    let algorithm: String
    let mode: String
    let keyBits: Int?
    let standard: String

    private init(_ purpose: JSON, _ suite: Suite?, _ algorithm: String, _ mode: String, _ keyBits: Int?, _ standard: String) {
        (self.purpose, self.suite, self.algorithm, self.mode) = (purpose, suite, algorithm, mode)
        (self.keyBits, self.standard) = (keyBits, standard)
    }

    var json: JSON {
        .members([
            "purpose": purpose, "suite": .string(suite?.name ?? "–"), "algorithm": .string(algorithm), "mode": .string(mode),
            "keyBits": keyBits.map { .integer(Int64($0)) }, "standard": .string(standard),
        ])
    }

    static var all: [CryptoUse] { packages + node }

    private static let packages = Suite.allCases.flatMap { suite in
        let isGuomi = suite == .guomi
        let content = text("package content", "数据集包内容")
        return [
            isGuomi
                ? [
                    CryptoUse(content, suite, "SM4", "CTR", SM4EtM.encryptionKeySize * 8, "GB/T 32907"),
                    CryptoUse(
                        text("package content, authentication", "数据集包内容鉴别"), suite, "HMAC-SM3", "encrypt-then-MAC",
                        SM4EtM.macKeySize * 8, "RFC 2104, GB/T 32905"),
                ] : [CryptoUse(content, suite, "AES", "GCM", AESGCM.keySize * 8, "NIST SP 800-38D")],
            [
                CryptoUse(
                    text("package tree and file digests", "数据集包杂凑"), suite, isGuomi ? "SM3" : "SHA-256", "–", nil,
                    isGuomi ? "GB/T 32905" : "FIPS 180-4"),
                CryptoUse(text("package keys", "数据集包密钥派生"), suite, isGuomi ? "HKDF-SM3" : "HKDF-SHA256", "–", 256, "RFC 5869"),
                CryptoUse(
                    text("signatures of packages and grants", "数据集包与密钥授权的签名"), suite, isGuomi ? "SM2" : "Ed25519",
                    isGuomi ? "SM3, id \(String(decoding: SM2.identity, as: UTF8.self))" : "–", 256, isGuomi ? "GB/T 32918.2" : "RFC 8032"),
                isGuomi
                    ? CryptoUse(text("key grants", "密钥授权"), suite, "SM2", "HKDF-SM3, SM4-CTR + HMAC-SM3", 256, "GB/T 32918.4")
                    : CryptoUse(text("key grants", "密钥授权"), suite, "HPKE X25519", "HKDF-SHA256, AES-256-GCM", 256, "RFC 9180"),
            ],
        ].flatMap(\.self)
    }

    private static let node = [
        CryptoUse(text("cards, agreements, receipts", "名片、合约、回执"), nil, "Ed25519", "–", 256, "RFC 8032"),
        CryptoUse(text("ledger checkpoints and cosignatures", "台账检查点与见证签名"), nil, "Ed25519", "–", 256, "RFC 8032, C2SP"),
        CryptoUse(text("ledger tree and commitments", "台账杂凑与承诺"), nil, "SHA-256", "RFC 6962", nil, "FIPS 180-4"),
        CryptoUse(
            text("file keys and ledger openings at rest", "静态保护文件密钥与台账明文"), nil, "AES", "GCM", AESGCM.keySize * 8, "NIST SP 800-38D"),
        CryptoUse(
            text("connections", "节点间连接"), nil, "TLS 1.3", TLSParameters.cipherSuites.replacingOccurrences(of: ":", with: ", "), nil,
            "RFC 8446"),
        CryptoUse(
            text("connections, key agreement", "连接的密钥协商"), nil, "ECDHE", TLSParameters.groups.replacingOccurrences(of: ":", with: ", "),
            nil,
            "RFC 8446"),
        CryptoUse(text("connections, certificates", "连接证书"), nil, "ECDSA P-256, Ed25519", "X.509", 256, "RFC 5280"),
        CryptoUse(text("random numbers", "随机数"), nil, "CTR_DRBG", "AES-256", 256, "NIST SP 800-90A"),
    ]
}
