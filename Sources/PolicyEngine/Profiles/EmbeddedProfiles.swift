// SPDX-License-Identifier: Apache-2.0

// swift-format-ignore-file
// Made by deploy/embed-policies.sh from Policies/profiles. Do not edit.

enum EmbeddedProfiles {
    static let all: [String: String] = [
        "kouan": #"""
            {
              "profile": "urn:kouan:odrl:1",
              "version": "1",
              "title": {
                "en": "Kouan ODRL profile: facts, counters and event clocks that ODRL has no term for, and actions on data",
                "zh": "口岸 ODRL 规范文件：ODRL 词汇之外的事实、计数、事件时钟与数据使用行为"
              },
              "prefixes": {
                "kouan": "urn:kouan:odrl:1:"
              },
              "operands": [
                {
                  "iri": "urn:kouan:odrl:1:recipientCountry",
                  "title": {
                    "en": "country where the recipient is registered",
                    "zh": "接收方注册国家或地区"
                  },
                  "sort": "region",
                  "knownFrom": "catalog",
                  "level": "enforced"
                },
                {
                  "iri": "urn:kouan:odrl:1:recipientProvince",
                  "title": {
                    "en": "province where the recipient is registered",
                    "zh": "接收方注册省份"
                  },
                  "sort": "region",
                  "knownFrom": "catalog",
                  "level": "enforced"
                },
                {
                  "iri": "urn:kouan:odrl:1:recipientSpace",
                  "title": {
                    "en": "data space the recipient is a member of",
                    "zh": "接收方所属数据空间"
                  },
                  "sort": "identifier",
                  "knownFrom": "catalog",
                  "level": "enforced"
                },
                {
                  "iri": "urn:kouan:odrl:1:accessorCountry",
                  "title": {
                    "en": "country from which the data is used, as the consumer's node is configured",
                    "zh": "使用数据所在的国家或地区，以消费方节点配置为准"
                  },
                  "sort": "region",
                  "knownFrom": "use",
                  "knownTo": "consumer",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:environment",
                  "title": {
                    "en": "environment in which the data is used, as the consumer's node is configured",
                    "zh": "使用环境，以消费方节点配置为准"
                  },
                  "sort": "concept",
                  "knownFrom": "use",
                  "knownTo": "consumer",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:algorithm",
                  "title": {
                    "en": "algorithm that processes the data, by its digest, as the consumer states it",
                    "zh": "处理数据的算法（摘要），以消费方声明为准"
                  },
                  "sort": "identifier",
                  "knownFrom": "use",
                  "knownTo": "consumer",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:groupSize",
                  "title": {
                    "en": "smallest number of persons or objects behind one figure of the result, as the consumer states it",
                    "zh": "结果中单项所含的最小对象数，以消费方声明为准"
                  },
                  "sort": "counter",
                  "knownFrom": "use",
                  "knownTo": "consumer",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:providerConsent",
                  "title": {
                    "en": "whether the provider's people consented",
                    "zh": "提供方是否同意"
                  },
                  "sort": "boolean",
                  "knownFrom": "transfer",
                  "knownTo": "provider",
                  "level": "enforced"
                },
                {
                  "iri": "urn:kouan:odrl:1:guardianConsent",
                  "title": {
                    "en": "whether the guardians of the minors consented, as the provider's people confirmed",
                    "zh": "未成年人监护人是否同意，以提供方确认为准"
                  },
                  "sort": "boolean",
                  "knownFrom": "transfer",
                  "knownTo": "provider",
                  "level": "enforced"
                },
                {
                  "iri": "urn:kouan:odrl:1:containsMinor",
                  "title": {
                    "en": "whether the data is about minors under 14, as the provider's people confirmed",
                    "zh": "数据是否涉及不满十四周岁未成年人，以提供方确认为准"
                  },
                  "sort": "boolean",
                  "knownFrom": "transfer",
                  "knownTo": "provider",
                  "level": "enforced"
                },
                {
                  "iri": "urn:kouan:odrl:1:exportMechanism",
                  "title": {
                    "en": "legal route of the export, as the provider's people confirmed",
                    "zh": "出境路径，以提供方确认为准"
                  },
                  "sort": "concept",
                  "knownFrom": "transfer",
                  "knownTo": "provider",
                  "level": "enforced"
                },
                {
                  "iri": "urn:kouan:odrl:1:withinScope",
                  "title": {
                    "en": "whether the export is within what was assessed or filed, as the provider's people confirmed",
                    "zh": "是否在评估或备案范围之内，以提供方确认为准"
                  },
                  "sort": "boolean",
                  "knownFrom": "transfer",
                  "knownTo": "provider",
                  "level": "enforced"
                },
                {
                  "iri": "urn:kouan:odrl:1:countPerMinute",
                  "title": {
                    "en": "number of uses in any minute, this one included",
                    "zh": "任意一分钟内的使用次数（含本次）"
                  },
                  "sort": "counter",
                  "knownFrom": "grant",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:countPerHour",
                  "title": {
                    "en": "number of uses in any hour, this one included",
                    "zh": "任意一小时内的使用次数（含本次）"
                  },
                  "sort": "counter",
                  "knownFrom": "grant",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:countPerDay",
                  "title": {
                    "en": "number of uses in any 24 hours, this one included",
                    "zh": "任意 24 小时内的使用次数（含本次）"
                  },
                  "sort": "counter",
                  "knownFrom": "grant",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:countPerWeek",
                  "title": {
                    "en": "number of uses in any 7 days, this one included",
                    "zh": "任意 7 日内的使用次数（含本次）"
                  },
                  "sort": "counter",
                  "knownFrom": "grant",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:countPerMonth",
                  "title": {
                    "en": "number of uses in any 30 days, this one included",
                    "zh": "任意 30 日内的使用次数（含本次）"
                  },
                  "sort": "counter",
                  "knownFrom": "grant",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:countPerYear",
                  "title": {
                    "en": "number of uses in any 365 days, this one included",
                    "zh": "任意 365 日内的使用次数（含本次）"
                  },
                  "sort": "counter",
                  "knownFrom": "grant",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:volume",
                  "title": {
                    "en": "bytes opened in all, this use included",
                    "zh": "累计使用的字节数（含本次）"
                  },
                  "sort": "size",
                  "knownFrom": "grant",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:volumePerMinute",
                  "title": {
                    "en": "bytes opened in any minute, this use included",
                    "zh": "任意一分钟内使用的字节数（含本次）"
                  },
                  "sort": "size",
                  "knownFrom": "grant",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:volumePerHour",
                  "title": {
                    "en": "bytes opened in any hour, this use included",
                    "zh": "任意一小时内使用的字节数（含本次）"
                  },
                  "sort": "size",
                  "knownFrom": "grant",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:volumePerDay",
                  "title": {
                    "en": "bytes opened in any 24 hours, this use included",
                    "zh": "任意 24 小时内使用的字节数（含本次）"
                  },
                  "sort": "size",
                  "knownFrom": "grant",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:volumePerWeek",
                  "title": {
                    "en": "bytes opened in any 7 days, this use included",
                    "zh": "任意 7 日内使用的字节数（含本次）"
                  },
                  "sort": "size",
                  "knownFrom": "grant",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:volumePerMonth",
                  "title": {
                    "en": "bytes opened in any 30 days, this use included",
                    "zh": "任意 30 日内使用的字节数（含本次）"
                  },
                  "sort": "size",
                  "knownFrom": "grant",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:volumePerYear",
                  "title": {
                    "en": "bytes opened in any 365 days, this use included",
                    "zh": "任意 365 日内使用的字节数（含本次）"
                  },
                  "sort": "size",
                  "knownFrom": "grant",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:meteredTimePerHour",
                  "title": {
                    "en": "time of use in any hour",
                    "zh": "任意一小时内的使用时长"
                  },
                  "sort": "duration",
                  "knownFrom": "use",
                  "knownTo": "consumer",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:meteredTimePerDay",
                  "title": {
                    "en": "time of use in any 24 hours",
                    "zh": "任意 24 小时内的使用时长"
                  },
                  "sort": "duration",
                  "knownFrom": "use",
                  "knownTo": "consumer",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:meteredTimePerWeek",
                  "title": {
                    "en": "time of use in any 7 days",
                    "zh": "任意 7 日内的使用时长"
                  },
                  "sort": "duration",
                  "knownFrom": "use",
                  "knownTo": "consumer",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:meteredTimePerMonth",
                  "title": {
                    "en": "time of use in any 30 days",
                    "zh": "任意 30 日内的使用时长"
                  },
                  "sort": "duration",
                  "knownFrom": "use",
                  "knownTo": "consumer",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:meteredTimePerYear",
                  "title": {
                    "en": "time of use in any 365 days",
                    "zh": "任意 365 日内的使用时长"
                  },
                  "sort": "duration",
                  "knownFrom": "use",
                  "knownTo": "consumer",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:timeSinceAgreement",
                  "title": {
                    "en": "time since the agreement was made; in a duty an upper bound is its deadline",
                    "zh": "自达成协议起的时长；在义务中其上限即为履行期限"
                  },
                  "sort": "duration",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:timeSinceDelivery",
                  "title": {
                    "en": "time since the data arrived; in a duty an upper bound is its deadline",
                    "zh": "自数据交付起的时长；在义务中其上限即为履行期限"
                  },
                  "sort": "duration",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:timeSinceFirstUse",
                  "title": {
                    "en": "time since the first use; in a duty an upper bound is its deadline",
                    "zh": "自首次使用起的时长；在义务中其上限即为履行期限"
                  },
                  "sort": "duration",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:timeSinceLastUse",
                  "title": {
                    "en": "time since the last use; in a duty an upper bound is its deadline",
                    "zh": "自最后一次使用起的时长；在义务中其上限即为履行期限"
                  },
                  "sort": "duration",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:timeSinceRevocation",
                  "title": {
                    "en": "time since the provider revoked; in a duty an upper bound is its deadline",
                    "zh": "自提供方撤回起的时长；在义务中其上限即为履行期限"
                  },
                  "sort": "duration",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:timeSinceIncident",
                  "title": {
                    "en": "time since an incident became known; in a duty an upper bound is its deadline",
                    "zh": "自获知安全事件起的时长；在义务中其上限即为履行期限"
                  },
                  "sort": "duration",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:fields",
                  "title": {
                    "en": "columns or JSON paths that a duty is about",
                    "zh": "义务所涉及的字段或 JSON 路径"
                  },
                  "sort": "identifier",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:method",
                  "title": {
                    "en": "how fields are masked: `mask`, `remove` or `hash`",
                    "zh": "字段处理方式：`mask` 遮盖、`remove` 删除、`hash` 假名化"
                  },
                  "sort": "identifier",
                  "level": "attested"
                }
              ],
              "actions": [
                {
                  "iri": "urn:kouan:odrl:1:link",
                  "title": {
                    "en": "match records with other data",
                    "zh": "关联比对"
                  },
                  "includedIn": [
                    "http://www.w3.org/ns/odrl/2/use"
                  ]
                },
                {
                  "iri": "urn:kouan:odrl:1:mask",
                  "title": {
                    "en": "mask, remove or pseudonymise fields",
                    "zh": "字段脱敏"
                  },
                  "includedIn": [
                    "http://www.w3.org/ns/odrl/2/anonymize"
                  ]
                },
                {
                  "iri": "urn:kouan:odrl:1:release",
                  "title": {
                    "en": "let a result leave the environment",
                    "zh": "结果出域"
                  },
                  "includedIn": [
                    "http://www.w3.org/ns/odrl/2/use"
                  ]
                },
                {
                  "iri": "urn:kouan:odrl:1:reportUsage",
                  "title": {
                    "en": "report uses to the provider",
                    "zh": "报告使用情况"
                  },
                  "includedIn": [
                    "http://www.w3.org/ns/odrl/2/inform"
                  ]
                },
                {
                  "iri": "urn:kouan:odrl:1:stopUse",
                  "title": {
                    "en": "end all use",
                    "zh": "停止使用"
                  },
                  "includedIn": [
                    "http://www.w3.org/ns/odrl/2/use"
                  ]
                },
                {
                  "iri": "urn:kouan:odrl:1:train",
                  "title": {
                    "en": "train a model",
                    "zh": "训练模型"
                  },
                  "includedIn": [
                    "http://www.w3.org/ns/odrl/2/use"
                  ]
                }
              ]
            }

            """#,
    ]
}
