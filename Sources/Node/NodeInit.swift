// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import Exchange
package import ExchangeModel
import Foundation
import Identity
import Ledger
import StorageSQLite

extension Node {
    /// What `kouan init` is told.
    package struct InitOptions: Sendable {
        package var directory: String
        package var participant: ParticipantID
        package var nameZH: String
        package var nameEN: String
        package var country: CountryCode
        package var province: ProvinceCode?
        package var industry: String
        package var peerListen: String
        package var peerURL: String
        package var managementListen: String

        package init(
            directory: String, participant: ParticipantID, nameZH: String, nameEN: String, country: CountryCode, province: ProvinceCode?,
            industry: String, peerListen: String, peerURL: String, managementListen: String = "127.0.0.1:8080"
        ) {
            self.directory = directory
            self.participant = participant
            self.nameZH = nameZH
            self.nameEN = nameEN
            self.country = country
            self.province = province
            self.industry = industry
            self.peerListen = peerListen
            self.peerURL = peerURL
            self.managementListen = managementListen
        }
    }

    package struct InitResult: Sendable {
        package let participant: ParticipantID
        package let directory: String
        package let adminToken: String
        package let origin: String
        package let cardFingerprint: String
    }

    /// Makes a new node: directory, keys, configuration, ledger, first admin. Keys and ledger are made here and nowhere else, so that a
    /// mistyped path can never start a second history.
    package static func initialise(_ options: InitOptions, clock: any WallClock = SystemClock()) async throws -> InitResult {
        let layout = NodeLayout(directory: options.directory)
        guard !layout.exists(layout.configuration), !layout.exists(layout.keys) else { throw NodeFailure.exists(options.directory) }
        guard let base = BaseURL(parsing: options.peerURL), PartyNames(zh: options.nameZH, en: options.nameEN) != nil,
            IndustryCode(parsing: options.industry) != nil
        else {
            throw ExchangeError.badInput(
                BaseURL(parsing: options.peerURL) == nil ? "peerURL" : IndustryCode(parsing: options.industry) == nil ? "industry" : "name",
                "cannot be used; an address is https://host:port, an industry a GB/T 4754 section and division such as C38")
        }
        var values: [String: String] = [
            "participant": options.participant.description, "nameZH": options.nameZH, "nameEN": options.nameEN,
            "country": options.country.description, "industry": options.industry, "peer.listen": options.peerListen,
            "peer.url": options.peerURL, "management.listen": options.managementListen,
        ]
        values["province"] = options.province?.description
        let yaml = NodeConfiguration.initialFile(values: values)
        // Refuses bad values before anything is made.
        _ = try NodeConfiguration.parse(yaml: yaml, path: layout.configuration)

        try layout.makeFolders()
        let keys = try NodeKeys.create(in: layout.keys)
        // The schema-less URL of the node, as C2SP names logs; a node that moves keeps its origin.
        let origin = base.host + (base.port == 443 ? "" : ":\(base.port)") + base.path + "/ledger"
        let store = try Store.open(
            directory: options.directory, records: Exchange.recordTypes + LedgerStorage.records,
            schemas: [LedgerStorage.schema, UsageRow.schema])
        defer { try? store.close() }
        let ledger = try await Ledger.create(store: store, origin: origin, key: keys.ledger, storageKey: keys.storage, clock: clock)
        let user = UserID.make()
        let token = UserToken.make(for: user)
        let now = clock.now()
        _ = try await ledger.commit { tx in
            try tx.put(Setting(id: Setting.origin, value: origin))
            try tx.put(
                NodeUser(
                    id: user.description, name: "admin", roles: [UserRole.admin.rawValue], tokenHash: token.digest, disabledAt: nil,
                    createdAt: now))
            try tx.append(
                LedgerEvent(
                    type: .nodeInit, local: ["participant": .string(options.participant.description)],
                    digests: ["signingKey": keys.signing.publicKey.fingerprint, "ledgerKey": keys.ledger.publicKey.fingerprint],
                    ids: ["user": user.description]))
        }
        try ledger.close()
        try layout.replace(layout.adminToken, with: token.secretText + "\n")
        // Last: without this file the directory is no node yet.
        try layout.replace(layout.configuration, with: yaml)
        return InitResult(
            participant: options.participant, directory: options.directory, adminToken: token.secretText, origin: origin,
            cardFingerprint: Fingerprint.text(subject: options.participant.description, key: keys.signing.publicKey))
    }
}
