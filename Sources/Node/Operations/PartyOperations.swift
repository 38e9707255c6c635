// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import Exchange
import ExchangeModel
import Foundation
import Identity
import Ledger
import StorageSQLite

// MARK: - Users

extension Node {
    func userAdd(_ input: OperationInput) async throws -> JSON {
        let name = try input.text("name", limit: 64)
        let roles = try input.texts("roles")
        guard !roles.isEmpty, roles.allSatisfy({ UserRole(rawValue: $0) != nil }) else {
            throw ExchangeError.badInput("roles", "needs one or more of " + UserRole.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let id = UserID.make()
        let token = UserToken.make(for: id)
        let record = NodeUser(
            id: id.description, name: name, roles: roles.sorted(), tokenHash: token.digest, disabledAt: nil, createdAt: clock.now())
        _ = try await ledger.commit { tx in
            guard try tx.first(NodeUser.self, where: "name", equals: name) == nil else { throw ExchangeError.exists("user", name) }
            try tx.insert(record)
            try tx.append(Node.userEvent("added", record, by: input.user))
        }
        return ["id": .string(record.id), "name": .string(name), "roles": .strings(record.roles), "token": .string(token.secretText)]
    }

    func userList() async throws -> JSON {
        let users = try await store.read { try $0.all(NodeUser.self) }
        return [
            "users": .array(
                users.map {
                    [
                        "id": .string($0.id), "name": .string($0.name), "roles": .strings($0.roles),
                        "disabled": .bool($0.disabledAt != nil),
                        "createdAt": .string($0.createdAt.description),
                    ]
                })
        ]
    }

    func userDisable(_ input: OperationInput) async throws -> JSON {
        let now = clock.now()
        let name = try input.text("user")
        let user = try await ledger.commit { tx -> NodeUser in
            var user = try Node.user(name, tx: tx)
            let admins = try tx.all(NodeUser.self).filter { $0.disabledAt == nil && $0.roles.contains(UserRole.admin.rawValue) }
            guard admins.contains(where: { $0.id != user.id }) else {
                throw ExchangeError(
                    .conflict, "user.last-admin", "`\(user.name)` is the last admin of this node", hint: "add another admin first")
            }
            user.disabledAt = now
            try tx.put(user)
            try tx.append(Node.userEvent("disabled", user, by: input.user))
            return user
        }.value
        return ["id": .string(user.id)]
    }

    func userRotate(_ input: OperationInput) async throws -> JSON {
        let name = try input.text("user")
        let result = try await ledger.commit { tx -> (id: String, token: String) in
            var user = try Node.user(name, tx: tx)
            guard let id = UserID(parsing: user.id) else { throw ExchangeError.unknown("user", name) }
            let token = UserToken.make(for: id)
            user.tokenHash = token.digest
            try tx.put(user)
            try tx.append(Node.userEvent("rotated", user, by: input.user))
            return (user.id, token.secretText)
        }.value
        return ["id": .string(result.id), "token": .string(result.token)]
    }

    private static func user(_ name: String, tx: borrowing LedgerTransaction) throws -> NodeUser {
        if let user = try tx.get(NodeUser.self, id: name) { return user }
        guard let user = try tx.first(NodeUser.self, where: "name", equals: name) else { throw ExchangeError.unknown("user", name) }
        return user
    }

    /// Names stay out of the ledger; the id stands for the person.
    private static func userEvent(_ what: String, _ user: NodeUser, by actor: UserID) -> LedgerEvent {
        LedgerEvent(
            type: .userChanged, local: ["change": .string(what), "roles": .strings(user.roles)],
            ids: ["subject": user.id, "user": actor.description])
    }
}

// MARK: - Spaces

extension Node {
    func spaceCreate(_ input: OperationInput) async throws -> JSON {
        guard let id = SpaceID(name: try input.text("name", limit: 64)) else {
            throw ExchangeError.badInput("name", "is not a short name of lower-case letters, digits and hyphens")
        }
        guard let type = try input.choice("type", SpaceType.self), !type.isReserved else {
            throw ExchangeError.badInput("type", "is none of city, industry, enterprise")
        }
        guard let names = PartyNames(zh: try input.optionalText("nameZH"), en: try input.optionalText("nameEN")) else {
            throw ExchangeError.badInput("nameZH", "or nameEN must be given")
        }
        let anchors = try Certificate.chain(pem: try input.text("anchors", limit: 1 << 20))
        let crl = try input.optionalText("crl", limit: 16 << 20)
        var contents = SpaceContents(
            id: id, type: type, names: names, operator: configuration.participant, operatorKey: keys.signing.publicKey,
            issuedAt: clock.now(), anchors: anchors)
        contents.crlGraceSeconds = try input.integer("crlGraceSeconds", 0...604_800) ?? Int64(configuration.crlGraceSeconds)
        let file = try SpaceFile.issue(contents, with: keys.signing)
        if let crl { try checkCRL(crl, anchors: anchors, replacing: nil) }
        let record = Space(
            id: id.description, file: file.bytes, crl: crl, addedAt: clock.now(), isOperated: true, credential: nil)
        _ = try await ledger.commit { tx in
            guard try !tx.exists(Space.self, id: record.id) else { throw ExchangeError.exists("space", record.id) }
            try tx.insert(record)
            try tx.append(Node.spaceEvent("created", file, by: input.user))
        }
        try await reloadIdentity()
        return [
            "id": .string(record.id), "file": .string(String(decoding: file.bytes, as: UTF8.self)),
            "fingerprint": .string(file.fingerprint),
        ]
    }

    func spaceAdd(_ input: OperationInput) async throws -> JSON {
        let file = try SpaceFile.parse(Array(try input.text("file", limit: 1 << 20).utf8))
        let crl = try input.optionalText("crl", limit: 16 << 20)
        let now = clock.now()
        let old = try await store.read { try $0.get(Space.self, id: file.id.description) }
        if let old { _ = try SpaceFile.parse(old.file).succession(of: file) }
        if let crl { try checkCRL(crl, anchors: file.anchors, replacing: old?.crl) }
        _ = try await ledger.commit { tx in
            var record =
                try tx.get(Space.self, id: file.id.description)
                ?? Space(id: file.id.description, file: file.bytes, crl: nil, addedAt: now, isOperated: false, credential: nil)
            record.file = file.bytes
            if let crl { record.crl = crl }
            try tx.put(record)
            try tx.append(Node.spaceEvent("added", file, by: input.user))
        }
        try await reloadIdentity()
        return [
            "id": .string(file.id.description), "fingerprint": .string(file.fingerprint), "operator": .string(file.operator.description),
            "type": .string(file.type.rawValue),
        ]
    }

    func spaceList() async throws -> JSON {
        let spaces = try await store.read { try $0.all(Space.self) }
        return ["spaces": .array(try spaces.map(Node.describe))]
    }

    func spaceShow(_ input: OperationInput) async throws -> JSON {
        let space = try await space(try input.text("space"))
        guard case .object(var members) = try Node.describe(space) else { return [:] }
        members["file"] = .string(String(decoding: space.file, as: UTF8.self))
        return .object(members)
    }

    func spaceCRL(_ input: OperationInput) async throws -> JSON {
        let space = try await space(try input.text("space"))
        let pem = try input.text("crl", limit: 16 << 20)
        let file = try SpaceFile.parse(space.file)
        try checkCRL(pem, anchors: file.anchors, replacing: space.crl)
        _ = try await ledger.commit { tx in
            guard var current = try tx.get(Space.self, id: space.id) else { throw ExchangeError.unknown("space", space.id) }
            current.crl = pem
            try tx.put(current)
            try tx.append(Node.spaceEvent("crl", file, by: input.user))
        }
        try await reloadIdentity()
        let lists = try RevocationList.all(pem: pem)
        return [
            "id": .string(space.id), "number": .integer(lists.compactMap(\.number).max() ?? 0),
            "nextUpdate": .string(lists.map(\.nextUpdate).min()?.description ?? ""),
        ]
    }

    /// Admits a participant: the operator states what it verified about it, in a credential that the member puts into its card.
    func spaceAdmit(_ input: OperationInput) async throws -> JSON {
        let space = try await space(try input.text("space"))
        guard space.isOperated else {
            throw ExchangeError.denied("space.not-operator", "this node does not operate `\(space.id)`", hint: "ask the space's operator")
        }
        let card = try NodeCard.parse(Array(try input.text("card", limit: 1 << 20).utf8))
        let roles = try input.texts("roles")
        let parsedRoles = roles.compactMap(ParticipantRole.init(rawValue:))
        guard parsedRoles.count == roles.count else {
            throw ExchangeError.badInput("roles", "takes " + ParticipantRole.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let province = try input.optionalText("province").map { try ProvinceCode(parsing: $0) }
        let industry = try input.optionalText("industry")
        let attributes = AttributeSet(
            country: try CountryCode(parsing: try input.text("country")), provinceRegistered: province, provincePhysical: province,
            industry: try industry.map {
                guard let code = IndustryCode(parsing: $0) else {
                    throw ExchangeError.badInput("industry", "is not a GB/T 4754 code such as C38")
                }
                return code
            }, roles: parsedRoles.isEmpty ? [.provider, .consumer] : Set(parsedRoles))
        let now = clock.now()
        let days = try input.integer("validDays", 1...400) ?? 365
        let claims = MembershipClaims(
            uuid: TimeOrderedID.make(at: now, random: SecureRandom.bytes(10)), space: try SpaceFile.parse(space.file), card: card,
            attributes: attributes, issuedAt: now, validFrom: now, validUntil: now.adding(seconds: days * 86_400))
        let token = try MembershipCredential.issue(claims, with: keys.signing)
        _ = try await ledger.commit { tx in
            try tx.append(
                LedgerEvent(
                    type: .spaceChanged, local: ["change": "admitted", "participant": .string(card.participant.description)],
                    digests: ["credential": Hash.digest(Array(token.utf8)), "card": card.digest],
                    ids: ["space": space.id, "user": input.user.description]))
        }
        return ["credential": .string(token), "participant": .string(card.participant.description), "space": .string(space.id)]
    }

    /// Puts a member out: the next serial of the space file names it, and every node that takes that file in stops trusting it.
    func spaceRevoke(_ input: OperationInput) async throws -> JSON {
        let space = try await space(try input.text("space"))
        guard space.isOperated else {
            throw ExchangeError.denied("space.not-operator", "this node does not operate `\(space.id)`", hint: "ask the space's operator")
        }
        let participant = try input.participant("participant")
        let file = try SpaceFile.parse(space.file)
        var contents = file.contents.next(issuedAt: clock.now())
        var revoked = contents.extensions[SpaceFile.revokedMembers]?.array?.compactMap(\.string) ?? []
        guard !revoked.contains(participant.description) else { throw ExchangeError.exists("revocation", participant.description) }
        revoked.append(participant.description)
        contents.extensions[SpaceFile.revokedMembers] = .strings(revoked.sorted())
        let next = try SpaceFile.issue(contents, with: keys.signing)
        _ = try await ledger.commit { tx in
            guard var current = try tx.get(Space.self, id: space.id) else { throw ExchangeError.unknown("space", space.id) }
            current.file = next.bytes
            try tx.put(current)
            try tx.append(
                LedgerEvent(
                    type: .spaceChanged, local: ["change": "revoked", "participant": .string(participant.description)],
                    ids: ["space": space.id, "user": input.user.description]))
        }
        try await reloadIdentity()
        return [
            "id": .string(space.id), "serial": .integer(next.serial), "file": .string(String(decoding: next.bytes, as: UTF8.self)),
        ]
    }

    private func space(_ name: String) async throws -> Space {
        let spaces = try await store.read { try $0.all(Space.self) }
        guard let space = spaces.first(where: { $0.id == name || SpaceID(parsing: $0.id)?.name == name }) else {
            throw ExchangeError.unknown("space", name)
        }
        return space
    }

    /// A list must be signed by an anchor, and must not be older than the one it replaces: an old list could hide a revocation.
    private func checkCRL(_ pem: String, anchors: [Certificate], replacing old: String?) throws {
        let lists = try RevocationList.all(pem: pem)
        guard !lists.isEmpty else { throw ExchangeError.badInput("crl", "holds no revocation list") }
        let previous = try old.map { try RevocationList.all(pem: $0) } ?? []
        for list in lists {
            guard anchors.contains(where: { list.isSigned(by: $0) }) || anchors.allSatisfy({ $0.subject != list.issuer }) else {
                throw ExchangeError.denied(
                    "space.crl-signature", "the revocation list is not signed by its authority", hint: "fetch it again")
            }
            for earlier in previous where earlier.issuer == list.issuer && (list.number ?? 0) < (earlier.number ?? 0) {
                throw ExchangeError.denied(
                    "space.crl-older", "the revocation list has number \(list.number ?? 0), we have \(earlier.number ?? 0)",
                    hint: "fetch the newest list of the authority")
            }
        }
    }

    private static func describe(_ space: Space) throws -> JSON {
        let file = try SpaceFile.parse(space.file)
        let next = try space.crl.map { try RevocationList.all(pem: $0) }?.map(\.nextUpdate).min()
        return .members([
            "id": .string(space.id), "type": .string(file.type.rawValue), "nameZH": file.names.zh.map(JSON.string),
            "nameEN": file.names.en.map(JSON.string), "operator": .string(file.operator.description), "serial": .integer(file.serial),
            "fingerprint": .string(file.fingerprint), "operatedHere": .bool(space.isOperated), "member": .bool(space.credential != nil),
            "crlNextUpdate": next.map { .string($0.description) },
        ])
    }

    private static func spaceEvent(_ change: String, _ file: SpaceFile, by user: UserID) -> LedgerEvent {
        LedgerEvent(
            type: .spaceChanged, local: ["change": .string(change)], digests: ["space": file.digest],
            ids: ["space": file.id.description, "user": user.description])
    }
}

// MARK: - Certificates

extension Node {
    func certRequest(_ input: OperationInput) async throws -> JSON {
        if !layout.exists(layout.tlsKey) { try KeyFile.write(try PrivateKey.generate(.p256), to: layout.tlsKey) }
        let key = try KeyFile.read(path: layout.tlsKey)
        var dns = try input.texts("dns")
        var ips = try input.texts("ip")
        if dns.isEmpty, ips.isEmpty, let base = BaseURL(parsing: configuration.peerURL) {
            let isAddress = base.host.contains(":") || base.host.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 }
            if isAddress { ips = [base.host] } else { dns = [base.host] }
        }
        let request = try CertificateRequest.make(
            key: key,
            subject: DistinguishedName(
                commonName: dns.first ?? ips.first ?? "kouan", organization: String(configuration.nameEN.prefix(64)),
                country: configuration.country.description),
            uriNames: [configuration.participant.description], dnsNames: dns, ipNames: ips)
        return ["csr": .string(request.pem), "participant": .string(configuration.participant.description)]
    }

    func certInstall(_ input: OperationInput) async throws -> JSON {
        let pem = try input.text("chain", limit: 1 << 20)
        let usage = try input.optionalText("usage") ?? "both"
        guard ["server", "client", "both"].contains(usage) else { throw ExchangeError.badInput("usage", "is none of server, client, both") }
        let chain = try Certificate.chain(pem: pem)
        guard let leaf = chain.first else { throw ExchangeError.badInput("chain", "holds no certificate") }
        guard layout.exists(layout.tlsKey) else {
            throw NodeFailure.certificateNotOurs("there is no key that it could belong to")
        }
        guard leaf.belongs(to: try KeyFile.read(path: layout.tlsKey)) else {
            throw NodeFailure.certificateNotOurs("it belongs to another key")
        }
        guard leaf.uriNames == [configuration.participant.description] else {
            throw NodeFailure.certificateNotOurs("its one URI name must be `\(configuration.participant)`")
        }
        guard leaf.notAfter > clock.now() else { throw NodeFailure.certificateNotOurs("it expired at \(leaf.notAfter.secondsText)") }
        let text = chain.map(\.pem).joined()
        if usage != "client" { try layout.replace(layout.serverChain, with: text) }
        if usage != "server" { try layout.replace(layout.clientChain, with: text) }
        _ = try await ledger.commit { tx in
            try tx.append(
                LedgerEvent(
                    type: .certificateChanged, local: ["usage": .string(usage), "notAfter": .string(leaf.notAfter.description)],
                    digests: ["certificate": leaf.fingerprint], ids: ["user": input.user.description]))
        }
        try await reloadIdentity()
        return [
            "subject": .string(leaf.subject), "notAfter": .string(leaf.notAfter.description),
            "fingerprint": .string(leaf.fingerprint.description),
        ]
    }

    func certShow() async throws -> JSON {
        var certificates: [JSON] = []
        for (usage, path) in [("server", layout.serverChain), ("client", layout.clientChain)] where layout.exists(path) {
            for certificate in try Certificate.chain(pem: try layout.text(path)).prefix(1) {
                certificates.append([
                    "usage": .string(usage), "subject": .string(certificate.subject), "uriNames": .strings(certificate.uriNames),
                    "dnsNames": .strings(certificate.dnsNames), "ipNames": .strings(certificate.ipNames),
                    "issuer": .string(certificate.issuer), "notBefore": .string(certificate.notBefore.description),
                    "notAfter": .string(certificate.notAfter.description), "fingerprint": .string(certificate.fingerprint.description),
                ])
            }
        }
        let named: [(String, PrivateKey)] = [
            ("signing", keys.signing), ("encryption", keys.encryption), ("ledger", keys.ledger), ("witness", keys.witness),
        ]
        var list = named.map { name, key -> JSON in
            [
                "name": .string(name), "algorithm": .string(key.algorithm.rawValue),
                "fingerprint": .string(key.publicKey.fingerprint.description),
            ]
        }
        if layout.exists(layout.tlsKey) {
            let key = try KeyFile.read(path: layout.tlsKey)
            list.append([
                "name": "tls", "algorithm": .string(key.algorithm.rawValue), "fingerprint": .string(key.publicKey.fingerprint.description),
            ])
        }
        return ["certificates": .array(certificates), "keys": .array(list)]
    }
}
