// SPDX-License-Identifier: Apache-2.0

import ExchangeModel

/// Our ODRL profile `urn:kouan:odrl:1`: operands and actions beyond the ODRL vocabulary.
///
/// The text is that of `Policies/profiles/kouan.json`, compiled in so that the program needs no file; a test holds the two equal.
package enum KouanProfile {
    package static let id: IRI = "urn:kouan:odrl:1"

    static let operands: [IRI: OperandInfo] = {
        var table: [IRI: OperandInfo] = [:]
        for entry in document?["operands"]?.array ?? [] {
            guard let iri = entry["iri"]?.string, let sort = entry["sort"]?.string.flatMap(OperandSort.init),
                let level = entry["level"]?.string.flatMap(EnforcementLevel.init)
            else { continue }
            table[IRI(iri)] = OperandInfo(
                iri: IRI(iri), sort: sort, knownFrom: entry["knownFrom"]?.string.flatMap(EvaluationPoint.init), level: level,
                title: LocalizedText(entry["title"]?["en"]?.string ?? iri, entry["title"]?["zh"]?.string ?? iri))
        }
        return table
    }()

    static let actions: [IRI: [IRI]] = {
        var table: [IRI: [IRI]] = [:]
        for entry in document?["actions"]?.array ?? [] {
            guard let iri = entry["iri"]?.string else { continue }
            table[IRI(iri)] = (entry["includedIn"]?.array ?? []).compactMap { $0.string.map { IRI($0) } }
        }
        return table
    }()

    static let document = try? JSON.parse(source, limits: .policy)

    static let source = #"""
        {
          "profile": "urn:kouan:odrl:1",
          "version": "1",
          "title": {
            "en": "Kouan ODRL profile: facts about the recipient, and actions on data that ODRL has no term for",
            "zh": "口岸 ODRL 规范文件：关于接收方的事实，以及 ODRL 词汇之外的数据使用行为"
          },
          "operands": [
            {
              "iri": "urn:kouan:odrl:1:recipientCountry",
              "title": { "en": "country where the recipient is registered", "zh": "接收方注册国家或地区" },
              "sort": "region",
              "knownFrom": "catalog",
              "level": "enforced"
            },
            {
              "iri": "urn:kouan:odrl:1:recipientProvince",
              "title": { "en": "province where the recipient is registered", "zh": "接收方注册省份" },
              "sort": "region",
              "knownFrom": "catalog",
              "level": "enforced"
            },
            {
              "iri": "urn:kouan:odrl:1:recipientSpace",
              "title": { "en": "data space the recipient is a member of", "zh": "接收方所属数据空间" },
              "sort": "identifier",
              "knownFrom": "catalog",
              "level": "enforced"
            }
          ],
          "actions": [
            {
              "iri": "urn:kouan:odrl:1:link",
              "title": { "en": "match records with other data", "zh": "关联比对" },
              "includedIn": ["http://www.w3.org/ns/odrl/2/use"]
            },
            {
              "iri": "urn:kouan:odrl:1:train",
              "title": { "en": "train a model", "zh": "训练模型" },
              "includedIn": ["http://www.w3.org/ns/odrl/2/use"]
            }
          ]
        }
        """#
}
