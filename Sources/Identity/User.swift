// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
package import ExchangeModel

/// A pseudonym for a person who operates the node: 16 characters of Crockford's base32 in lower case, 80 random bits.
/// It is what ledger entries name; which person it is stands in the node's own table.
package struct UserID: Sendable, Hashable, Codable, CustomStringConvertible {
    package let description: String

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
    static let length = 16

    package init?(parsing text: String) {
        guard text.utf8.count == UserID.length, consists(text, upTo: UserID.length, of: String(decoding: UserID.alphabet, as: UTF8.self))
        else {
            return nil
        }
        description = text
    }

    /// Nil unless `random` has 10 bytes.
    package init?(random: [UInt8]) {
        guard random.count == 10 else { return nil }
        self.init(encoding: random)
    }

    package static func make() -> UserID { UserID(encoding: SecureRandom.bytes(10)) }

    private init(encoding random: [UInt8]) {
        var text: [UInt8] = []
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        for byte in random {
            pending = (pending << 8 | UInt32(byte)) & 0xFFFF
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(UserID.alphabet[Int(pending >> bits & 31)])
            }
        }
        description = String(decoding: text, as: UTF8.self)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = UserID(parsing: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a user id")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A person who operates the node, or a program that does so in a person's name.
package struct User: Sendable, Hashable {
    package let id: UserID
    /// Shown on this node only; never in the ledger and never to a peer.
    package var name: String
    package var roles: Set<UserRole>
    package var isEnabled: Bool
    package let createdAt: Timestamp
    /// SHA-256 of the token's text; the token itself is shown once and kept nowhere.
    package var tokenDigest: Digest
    package var tokenIssuedAt: Timestamp

    package init(
        id: UserID, name: String, roles: Set<UserRole>, isEnabled: Bool = true, createdAt: Timestamp, tokenDigest: Digest,
        tokenIssuedAt: Timestamp
    ) {
        self.id = id
        self.name = name
        self.roles = roles
        self.isEnabled = isEnabled
        self.createdAt = createdAt
        self.tokenDigest = tokenDigest
        self.tokenIssuedAt = tokenIssuedAt
    }

    /// Whether `token` is this user's and the user may act. Compares in constant time.
    package func isAuthenticated(by token: UserToken) -> Bool {
        let matches = constantTimeEqual(token.digest.bytes, tokenDigest.bytes)
        return matches && token.user == id && isEnabled
    }

    package func may(_ verb: VerbClass, _ noun: Noun) -> Bool { isEnabled && roles.contains { Permissions.allow($0, verb, noun) } }
}

/// `kouan_<user id>_<32 random bytes in base64url>`: 66 characters, found by secret scanners through its prefix.
package struct UserToken: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package let user: UserID
    /// Shown once, to the person. Never logged.
    package let secretText: String

    private static let prefix = "kouan_"

    /// Nil unless `random` has 32 bytes.
    package init?(user: UserID, random: [UInt8]) {
        guard random.count == 32 else { return nil }
        self.init(user, random)
    }

    private init(_ user: UserID, _ random: [UInt8]) {
        self.user = user
        secretText = "\(UserToken.prefix)\(user)_\(Base64.encodeURL(random))"
    }

    package static func make(for user: UserID) -> UserToken { UserToken(user, SecureRandom.bytes(32)) }

    package init?(parsing text: String) {
        let bytes = Array(text.utf8)
        let start = UserToken.prefix.utf8.count
        guard bytes.count == start + UserID.length + 1 + 43, bytes.starts(with: UserToken.prefix.utf8), isASCII(text),
            bytes[start + UserID.length] == UInt8(ascii: "_"),
            let user = UserID(parsing: String(decoding: bytes[start..<start + UserID.length], as: UTF8.self)),
            isThumbprint(String(decoding: bytes[(start + UserID.length + 1)...], as: UTF8.self))
        else { return nil }
        self.user = user
        secretText = text
    }

    /// What is stored.
    package var digest: Digest { Hash.digest(Array(secretText.utf8)) }

    /// Without the secret.
    package var description: String { "\(UserToken.prefix)\(user)_…" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

package enum UserRole: String, Sendable, Hashable, Codable, CaseIterable {
    /// Runs the machine: users, peers, spaces, certificates, keys, configuration; and everything an operator does.
    case admin
    /// Runs the exchange: datasets, offers, contracts, transfers.
    case `operator`
    /// The compliance officer: approves and confirms what law and policy ask a person for.
    case officer
    /// Reads everything that shows what happened, changes nothing.
    case auditor
}

/// What a command or route is about.
package enum Noun: String, Sendable, Hashable, CaseIterable {
    case node, user, space, peer, cert, dataset, offer, catalog, contract, transfer, package, policy, regime, count, fact, vault, report
    case ledger, backup, config
}

/// How far an act reaches.
package enum VerbClass: String, Sendable, Hashable, CaseIterable {
    /// Looks.
    case read
    /// Moves the exchange on: seal, offer, request, start, open.
    case operate
    /// Changes who and what the node trusts, or how it runs.
    case administer
    /// A person's judgement for the record: approve, confirm, reject. For officers only.
    case decide
}

/// Who may do what. Nothing is allowed that does not stand here.
///
///     role      read                        operate                 administer   decide
///     admin     all                         all                     all          –
///     operator  all but user, vault, config the exchange            –            –
///     officer   all but vault               report, count, ledger   –            matters of law and contract
///     auditor   all but vault               report, ledger          –            –
package enum Permissions {
    package static func allow(_ role: UserRole, _ verb: VerbClass, _ noun: Noun) -> Bool {
        switch (role, verb) {
        case (.admin, .read), (.admin, .operate), (.admin, .administer): true
        case (.admin, .decide): false

        case (.operator, .read): ![.user, .vault, .config].contains(noun)
        case (.operator, .operate): [.dataset, .offer, .catalog, .contract, .transfer, .package, .policy, .peer].contains(noun)
        case (.operator, .administer), (.operator, .decide): false

        case (.officer, .read): noun != .vault
        case (.officer, .operate): [.report, .count, .ledger].contains(noun)
        case (.officer, .decide): [.contract, .transfer, .peer, .policy, .regime, .count, .fact, .report].contains(noun)
        case (.officer, .administer): false

        case (.auditor, .read): noun != .vault
        case (.auditor, .operate): [.report, .ledger].contains(noun)
        case (.auditor, .administer), (.auditor, .decide): false
        }
    }
}
