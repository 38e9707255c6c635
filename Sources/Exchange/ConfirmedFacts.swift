// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import PolicyEngine
import StorageSQLite

extension Exchange {
    func confirmedFacts(of agreement: Agreement, for known: KnownPolicy, in tx: Transaction) throws -> [String: [PolicyValue]] { [:] }
}
