// SPDX-License-Identifier: Apache-2.0

// swift-format-ignore-file
// Made by deploy/embed-policies.sh from Policies/profiles. Do not edit.

enum EmbeddedProfiles {
    static let all: [String: String] = [
        "catena-x": #"""
            {
              "profile": "https://w3id.org/catenax/2025/9/policy/",
              "version": "2025/9",
              "title": {
                "en": "Catena-X ODRL profile 2025/9: 29 operands, most of them contract text",
                "zh": "Catena-X ODRL 规范文件 2025/9：29 个操作数，多数为合同条款"
              },
              "mustBeNamed": false,
              "prefixes": {
                "cx-policy": "https://w3id.org/catenax/2025/9/policy/"
              },
              "contexts": [
                "https://w3id.org/catenax/2025/9/policy/context.jsonld"
              ],
              "operands": [
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/Membership",
                  "title": {
                    "en": "membership of the recipient",
                    "zh": "接收方成员资格"
                  },
                  "note": {
                    "en": "a valid credential of a space of this node",
                    "zh": "持有本节点所在空间的有效成员凭证"
                  },
                  "sort": "concept",
                  "knownFrom": "catalog",
                  "knownTo": "provider",
                  "level": "enforced",
                  "operators": [
                    "eq"
                  ],
                  "values": [
                    "active"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/BusinessPartnerNumber",
                  "title": {
                    "en": "business partner number of the recipient",
                    "zh": "接收方的业务伙伴编号"
                  },
                  "note": {
                    "en": "as the provider's people confirmed it",
                    "zh": "以提供方人员确认为准"
                  },
                  "sort": "identifier",
                  "knownFrom": "transfer",
                  "knownTo": "provider",
                  "level": "enforced",
                  "operators": [
                    "isAnyOf",
                    "isNoneOf"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/BusinessPartnerGroup",
                  "title": {
                    "en": "group of business partners the recipient is in",
                    "zh": "接收方所属的业务伙伴组"
                  },
                  "note": {
                    "en": "as the provider's people confirmed it",
                    "zh": "以提供方人员确认为准"
                  },
                  "sort": "identifier",
                  "knownFrom": "transfer",
                  "knownTo": "provider",
                  "level": "enforced",
                  "operators": [
                    "isAnyOf",
                    "isNoneOf"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/FrameworkAgreement",
                  "title": {
                    "en": "framework agreement that holds",
                    "zh": "适用的框架协议"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ],
                  "values": [
                    "DataExchangeGovernance:1.0"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/UsagePurpose",
                  "title": {
                    "en": "purpose of use, from the profile's list or agreed individually",
                    "zh": "使用目的，取自规范文件或另行约定"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "isAnyOf"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/ContractReference",
                  "title": {
                    "en": "contracts referred to",
                    "zh": "所引用的合同"
                  },
                  "sort": "identifier",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "isAllOf"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/AffiliatesRegion",
                  "title": {
                    "en": "region of affiliates that may use the data",
                    "zh": "可使用数据的关联企业所在地区"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "isAnyOf"
                  ],
                  "values": [
                    "cx.region.all:1",
                    "cx.region.europe:1",
                    "cx.region.northAmerica:1",
                    "cx.region.southAmerica:1",
                    "cx.region.africa:1",
                    "cx.region.asia:1",
                    "cx.region.oceania:1",
                    "cx.region.antarctica:1"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/AffiliatesBpnl",
                  "title": {
                    "en": "affiliates that may use the data",
                    "zh": "可使用数据的关联企业"
                  },
                  "sort": "identifier",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "isAnyOf"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/ManagedLegalEntityRegion",
                  "title": {
                    "en": "region of managed legal entities that may use the data",
                    "zh": "可使用数据的受管法人所在地区"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "isAnyOf"
                  ],
                  "values": [
                    "cx.region.all:1",
                    "cx.region.europe:1",
                    "cx.region.northAmerica:1",
                    "cx.region.southAmerica:1",
                    "cx.region.africa:1",
                    "cx.region.asia:1",
                    "cx.region.oceania:1",
                    "cx.region.antarctica:1"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/ManagedLegalEntityBpnl",
                  "title": {
                    "en": "managed legal entities that may use the data",
                    "zh": "可使用数据的受管法人"
                  },
                  "sort": "identifier",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "isAnyOf"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/DataFrequency",
                  "title": {
                    "en": "one exchange or any number",
                    "zh": "一次或不限次数的数据交换"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ],
                  "values": [
                    "cx.dataFrequency.once:1",
                    "cx.dataFrequency.unlimited:1"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/VersionChanges",
                  "title": {
                    "en": "versions of the interface that are covered",
                    "zh": "所涵盖的接口版本"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ],
                  "values": [
                    "cx.versionChanges.minor:1",
                    "cx.versionChanges.major:1"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/ContractTermination",
                  "title": {
                    "en": "what becomes of the data when the contract ends",
                    "zh": "合约终止后数据的处理"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ],
                  "values": [
                    "cx.data.deletion:1",
                    "cx.data.keeping:1"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/ConfidentialInformationMeasures",
                  "title": {
                    "en": "measures that protect confidential information",
                    "zh": "保密信息的保护措施"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ],
                  "values": [
                    "cx.confidentiality.measures:1"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/ConfidentialInformationSharing",
                  "title": {
                    "en": "with whom confidential information may be shared",
                    "zh": "保密信息可共享的对象"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "isAnyOf"
                  ],
                  "values": [
                    "cx.sharing.affiliates:1",
                    "cx.sharing.managedLegalEntity:1"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/ExclusiveUsage",
                  "title": {
                    "en": "exclusive right of use",
                    "zh": "独占使用权"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ],
                  "values": [
                    "cx.exclusiveUsage.dataConsumer:1"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/Warranty",
                  "title": {
                    "en": "warranty",
                    "zh": "质量保证"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ],
                  "values": [
                    "cx.warranty.none:1",
                    "cx.warranty.contractReference:1",
                    "cx.warranty.dataQualityIssues:1"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/WarrantyDefinition",
                  "title": {
                    "en": "how the period of warranty is defined",
                    "zh": "质量保证期的确定方式"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ],
                  "values": [
                    "cx.warranty.contractEndDate:1"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/WarrantyDurationMonths",
                  "title": {
                    "en": "period of warranty in months",
                    "zh": "质量保证期（月）"
                  },
                  "sort": "counter",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/Liability",
                  "title": {
                    "en": "limit of liability",
                    "zh": "责任限制"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ],
                  "values": [
                    "cx.grossNegligence:1",
                    "cx.slightNegligence:1"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/JurisdictionLocation",
                  "title": {
                    "en": "place of jurisdiction",
                    "zh": "管辖地"
                  },
                  "sort": "identifier",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/JurisdictionLocationReference",
                  "title": {
                    "en": "how the place of jurisdiction is found",
                    "zh": "管辖地的确定方式"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ],
                  "values": [
                    "cx.location.dataConsumer:1",
                    "cx.location.contractReference:1"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/Precedence",
                  "title": {
                    "en": "which contract prevails",
                    "zh": "优先适用的合同"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ],
                  "values": [
                    "cx.precedence.contractReference:1",
                    "cx.precedence.rcAgreement:1"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/DataUsageEndDate",
                  "title": {
                    "en": "last moment of use",
                    "zh": "使用截止时间"
                  },
                  "note": {
                    "en": "to have it enforced, write `dateTime` beside it",
                    "zh": "如需强制执行，请另写 `dateTime` 约束"
                  },
                  "sort": "instant",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/DataUsageEndDurationDays",
                  "title": {
                    "en": "period of use in days",
                    "zh": "使用期限（日）"
                  },
                  "note": {
                    "en": "to have it enforced, write `elapsedTime` beside it",
                    "zh": "如需强制执行，请另写 `elapsedTime` 约束"
                  },
                  "sort": "counter",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/DataUsageEndDefinition",
                  "title": {
                    "en": "how the period of use is defined",
                    "zh": "使用期限的确定方式"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ],
                  "values": [
                    "cx.dataUsageEnd.unlimited:1"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/DataProvisioningEndDate",
                  "title": {
                    "en": "until when the provider serves the data",
                    "zh": "提供方提供数据的截止时间"
                  },
                  "sort": "instant",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/DataProvisioningEndDurationDays",
                  "title": {
                    "en": "for how many days the provider serves the data",
                    "zh": "提供方提供数据的期限（日）"
                  },
                  "sort": "counter",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "eq"
                  ]
                },
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/UsageRestriction",
                  "title": {
                    "en": "uses that are forbidden",
                    "zh": "禁止的使用方式"
                  },
                  "sort": "concept",
                  "contractText": true,
                  "level": "declared",
                  "operators": [
                    "isAllOf"
                  ],
                  "values": [
                    "cx.thirdParty.forbidden:1",
                    "cx.manipulation.forbidden:1",
                    "cx.derivations.forbidden:1",
                    "cx.extraordinaryAnalytics.forbidden:1",
                    "cx.dataProviderRemoval.forbidden:1"
                  ]
                }
              ],
              "actions": [
                {
                  "iri": "https://w3id.org/catenax/2025/9/policy/access",
                  "title": {
                    "en": "see the offer",
                    "zh": "查看要约"
                  },
                  "includedIn": [
                    "http://www.w3.org/ns/odrl/2/use"
                  ]
                }
              ]
            }

            """#,
        "ids-25": #"""
            {
              "profile": "https://w3id.org/idsa/code/",
              "version": "2023-09",
              "title": {
                "en": "IDS usage control classes: terms of the IDS code list that ODRL has none for",
                "zh": "IDS 使用控制类别：ODRL 之外的 IDS 代码表术语"
              },
              "mustBeNamed": false,
              "prefixes": {
                "idsc": "https://w3id.org/idsa/code/",
                "ids": "https://w3id.org/idsa/core/"
              },
              "operands": [
                {
                  "iri": "https://w3id.org/idsa/code/CONNECTOR",
                  "title": {
                    "en": "connector that uses the data",
                    "zh": "使用数据的连接器"
                  },
                  "sort": "identifier",
                  "level": "declared"
                },
                {
                  "iri": "https://w3id.org/idsa/code/APPLICATION",
                  "title": {
                    "en": "application that uses the data",
                    "zh": "使用数据的应用"
                  },
                  "sort": "identifier",
                  "level": "declared"
                },
                {
                  "iri": "https://w3id.org/idsa/code/ROLE",
                  "title": {
                    "en": "role of the user",
                    "zh": "用户角色"
                  },
                  "sort": "concept",
                  "level": "declared"
                },
                {
                  "iri": "https://w3id.org/idsa/code/SECURITY_LEVEL",
                  "title": {
                    "en": "certified security level of the recipient's connector",
                    "zh": "接收方连接器经认证的安全级别"
                  },
                  "note": {
                    "en": "as the provider's people confirmed it",
                    "zh": "以提供方人员确认为准"
                  },
                  "sort": "concept",
                  "knownFrom": "transfer",
                  "knownTo": "provider",
                  "level": "enforced"
                },
                {
                  "iri": "https://w3id.org/idsa/code/STATE",
                  "title": {
                    "en": "state of the environment of use",
                    "zh": "使用环境的状态"
                  },
                  "note": {
                    "en": "as the consumer's node is configured",
                    "zh": "以消费方节点配置为准"
                  },
                  "sort": "concept",
                  "knownFrom": "use",
                  "knownTo": "consumer",
                  "sameFactAs": "urn:kouan:odrl:1:environment",
                  "level": "attested"
                },
                {
                  "iri": "https://w3id.org/idsa/code/REPLACE_WITH",
                  "title": {
                    "en": "text that replaces a field",
                    "zh": "字段的替换文本"
                  },
                  "sort": "identifier",
                  "level": "declared"
                },
                {
                  "iri": "https://w3id.org/idsa/code/JSON_PATH",
                  "title": {
                    "en": "fields that a duty is about",
                    "zh": "义务所涉及的字段"
                  },
                  "sort": "identifier",
                  "level": "declared"
                },
                {
                  "iri": "https://w3id.org/idsa/code/LOG_LEVEL",
                  "title": {
                    "en": "which decisions are logged",
                    "zh": "需记录的决策"
                  },
                  "sort": "concept",
                  "level": "declared"
                },
                {
                  "iri": "https://w3id.org/idsa/code/NOTIFICATION_LEVEL",
                  "title": {
                    "en": "which decisions are told",
                    "zh": "需通知的决策"
                  },
                  "sort": "concept",
                  "level": "declared"
                },
                {
                  "iri": "https://w3id.org/idsa/code/MPC_FUNCTION",
                  "title": {
                    "en": "function that is computed jointly",
                    "zh": "多方联合计算的函数"
                  },
                  "sort": "concept",
                  "level": "declared"
                },
                {
                  "iri": "https://w3id.org/idsa/core/artifact_state",
                  "title": {
                    "en": "state of the data: encrypted, anonymized, combined",
                    "zh": "数据状态：加密、匿名化、合并"
                  },
                  "sort": "concept",
                  "level": "declared"
                },
                {
                  "iri": "http://www.w3.org/2004/02/skos/core#concept",
                  "title": {
                    "en": "classification of the data",
                    "zh": "数据分类"
                  },
                  "sort": "concept",
                  "level": "declared"
                },
                {
                  "iri": "http://www.w3.org/2006/vcard/ns#hasGeo",
                  "title": {
                    "en": "place where the recipient is registered",
                    "zh": "接收方注册地"
                  },
                  "sort": "region",
                  "knownFrom": "catalog",
                  "sameFactAs": "urn:kouan:odrl:1:recipientCountry",
                  "level": "enforced"
                },
                {
                  "iri": "http://www.w3.org/2006/vcard/ns#hasRole",
                  "title": {
                    "en": "role of a person",
                    "zh": "人员角色"
                  },
                  "sort": "concept",
                  "level": "declared"
                }
              ],
              "actions": [
                {
                  "iri": "https://w3id.org/idsa/code/LOG",
                  "title": {
                    "en": "log the use",
                    "zh": "记录使用日志"
                  },
                  "includedIn": [
                    "http://www.w3.org/ns/odrl/2/inform"
                  ]
                },
                {
                  "iri": "https://w3id.org/idsa/code/MPC",
                  "title": {
                    "en": "compute jointly without showing the inputs",
                    "zh": "多方安全计算"
                  },
                  "includedIn": [
                    "http://www.w3.org/ns/odrl/2/anonymize"
                  ]
                },
                {
                  "iri": "https://w3id.org/idsa/code/READ",
                  "title": {
                    "en": "read",
                    "zh": "读取"
                  },
                  "includedIn": [
                    "http://www.w3.org/ns/odrl/2/read"
                  ]
                },
                {
                  "iri": "https://w3id.org/idsa/code/REPLACE",
                  "title": {
                    "en": "replace fields",
                    "zh": "替换字段"
                  },
                  "includedIn": [
                    "http://www.w3.org/ns/odrl/2/anonymize"
                  ]
                }
              ],
              "classes": [
                {
                  "number": 1,
                  "title": {
                    "en": "consumer",
                    "zh": "限定使用方"
                  },
                  "encoding": "recipient isAnyOf [IRI]",
                  "level": "enforced",
                  "template": "recipient"
                },
                {
                  "number": 2,
                  "title": {
                    "en": "connector",
                    "zh": "限定连接器"
                  },
                  "encoding": "idsc:CONNECTOR isAnyOf [IRI]",
                  "level": "none",
                  "note": {
                    "en": "refused: a key is wrapped to the node of the recipient and to no other, so the recipient stands for its connector",
                    "zh": "拒绝登记：密钥只封装给接收方的节点，限定接收方即限定其连接器"
                  }
                },
                {
                  "number": 3,
                  "title": {
                    "en": "application",
                    "zh": "限定应用"
                  },
                  "encoding": "idsc:APPLICATION isAnyOf [IRI]",
                  "level": "none",
                  "template": "algorithm-list",
                  "note": {
                    "en": "refused: the node does not know which application reads; the consumer can state an algorithm and sign for it",
                    "zh": "拒绝登记：节点不知道由哪个应用读取；消费方可声明算法并签名"
                  }
                },
                {
                  "number": 4,
                  "title": {
                    "en": "user role",
                    "zh": "限定用户角色"
                  },
                  "encoding": "idsc:ROLE isAnyOf [role]",
                  "level": "none",
                  "note": {
                    "en": "refused: roles of another company's people are not known here",
                    "zh": "拒绝登记：本节点不掌握对方企业人员的角色"
                  }
                },
                {
                  "number": 5,
                  "title": {
                    "en": "location of use",
                    "zh": "限定使用地点"
                  },
                  "encoding": "spatial isPartOf [region]",
                  "level": "attested",
                  "template": "place"
                },
                {
                  "number": 6,
                  "title": {
                    "en": "purpose",
                    "zh": "限定目的"
                  },
                  "encoding": "purpose isAnyOf [concept]",
                  "level": "attested",
                  "template": "purpose-limit"
                },
                {
                  "number": 7,
                  "title": {
                    "en": "event",
                    "zh": "限定事件"
                  },
                  "encoding": "event eq IRI",
                  "level": "none",
                  "note": {
                    "en": "refused: the node learns of no outside events; the provider can confirm `kouan:withinScope` instead",
                    "zh": "拒绝登记：节点不掌握外部事件；可由提供方确认 `kouan:withinScope`"
                  }
                },
                {
                  "number": 8,
                  "title": {
                    "en": "security level",
                    "zh": "限定安全级别"
                  },
                  "encoding": "idsc:SECURITY_LEVEL isAnyOf [idsc:TRUST_SECURITY_PROFILE]",
                  "level": "enforced",
                  "note": {
                    "en": "name every level that is good enough: the levels have no order here",
                    "zh": "须逐一列出可接受的级别：此处级别无高低之分"
                  }
                },
                {
                  "number": 9,
                  "title": {
                    "en": "interval",
                    "zh": "限定时间区间"
                  },
                  "encoding": "dateTime gteq t1, dateTime lt t2",
                  "level": "enforced",
                  "template": "time-window"
                },
                {
                  "number": 10,
                  "title": {
                    "en": "duration",
                    "zh": "限定时长"
                  },
                  "encoding": "elapsedTime lteq P3M",
                  "level": "enforced",
                  "template": "time-window",
                  "note": {
                    "en": "counted from the agreement",
                    "zh": "自达成协议起计算"
                  }
                },
                {
                  "number": 11,
                  "title": {
                    "en": "number of uses",
                    "zh": "限定次数"
                  },
                  "encoding": "count lteq 10",
                  "level": "attested",
                  "template": "use-count"
                },
                {
                  "number": 12,
                  "title": {
                    "en": "delete after",
                    "zh": "用后删除"
                  },
                  "encoding": "duty delete, kouan:timeSinceLastUse lteq P30D",
                  "level": "attested",
                  "template": "delete-after-use"
                },
                {
                  "number": 13,
                  "title": {
                    "en": "modify in transit",
                    "zh": "传输中修改"
                  },
                  "encoding": "duty kouan:mask, kouan:fields isAnyOf [name]",
                  "level": "attested",
                  "template": "mask-first",
                  "note": {
                    "en": "idsc:REPLACE is understood and blocks the use; this node masks under kouan:mask",
                    "zh": "可识别 idsc:REPLACE 并阻止使用；本节点以 kouan:mask 执行"
                  }
                },
                {
                  "number": 14,
                  "title": {
                    "en": "modify at rest",
                    "zh": "存储中修改"
                  },
                  "encoding": "duty anonymize, kouan:fields isAnyOf [name]",
                  "level": "attested",
                  "template": "mask-first"
                },
                {
                  "number": 15,
                  "title": {
                    "en": "log",
                    "zh": "记录日志"
                  },
                  "encoding": "duty idsc:LOG",
                  "level": "attested",
                  "note": {
                    "en": "every decision is in the ledgers of both sides anyway; the act itself is not performed for a log of somebody else",
                    "zh": "双方台账本已记录每次决策；不向第三方日志系统写入"
                  }
                },
                {
                  "number": 16,
                  "title": {
                    "en": "inform",
                    "zh": "通知"
                  },
                  "encoding": "duty inform",
                  "level": "attested",
                  "template": "incident-notice"
                },
                {
                  "number": 17,
                  "title": {
                    "en": "next policy",
                    "zh": "传递后续策略"
                  },
                  "encoding": "duty nextPolicy",
                  "level": "declared",
                  "template": "onward-transfer-with-consent"
                },
                {
                  "number": 18,
                  "title": {
                    "en": "artifact state",
                    "zh": "限定数据状态"
                  },
                  "encoding": "target refinement ids:artifact_state isAllOf [state]",
                  "level": "none",
                  "note": {
                    "en": "cannot travel in the dataspace protocol; packages are always encrypted",
                    "zh": "数据空间协议无法表达；数据集包始终加密"
                  }
                },
                {
                  "number": 19,
                  "title": {
                    "en": "sale",
                    "zh": "出售"
                  },
                  "encoding": "duty compensate, payAmount eq 500.00",
                  "level": "declared",
                  "template": "pay-and-report",
                  "note": {
                    "en": "the provider records the payment; the amount is contract text",
                    "zh": "由提供方登记付款；金额属合同条款"
                  }
                },
                {
                  "number": 20,
                  "title": {
                    "en": "rental",
                    "zh": "租用"
                  },
                  "encoding": "duty compensate, timeInterval eq P1M",
                  "level": "declared",
                  "template": "pay-and-report"
                },
                {
                  "number": 21,
                  "title": {
                    "en": "environment state",
                    "zh": "限定环境状态"
                  },
                  "encoding": "idsc:STATE eq text, or kouan:environment isAnyOf [sandbox]",
                  "level": "attested",
                  "template": "sandbox-only"
                },
                {
                  "number": 22,
                  "title": {
                    "en": "location of the participant",
                    "zh": "限定参与方所在地"
                  },
                  "encoding": "vcard:hasGeo eq DE, or kouan:recipientCountry isAnyOf [DE]",
                  "level": "enforced",
                  "template": "no-export"
                },
                {
                  "number": 23,
                  "title": {
                    "en": "consent",
                    "zh": "取得同意"
                  },
                  "encoding": "duty obtainConsent, event lt policyUsage",
                  "level": "enforced",
                  "template": "onward-transfer-with-consent",
                  "note": {
                    "en": "the provider records the consent",
                    "zh": "由提供方登记同意"
                  }
                },
                {
                  "number": 24,
                  "title": {
                    "en": "classification",
                    "zh": "限定数据分类"
                  },
                  "encoding": "target refinement skos:concept isAnyOf [class]",
                  "level": "none",
                  "template": "sensitive-data",
                  "note": {
                    "en": "cannot travel in the dataspace protocol; the provider confirms the class of the data instead",
                    "zh": "数据空间协议无法表达；由提供方确认数据类别"
                  }
                },
                {
                  "number": 25,
                  "title": {
                    "en": "privacy technique",
                    "zh": "隐私计算"
                  },
                  "encoding": "duty idsc:MPC, event lt policyUsage",
                  "level": "none",
                  "template": "minimum-group",
                  "note": {
                    "en": "understood and blocks the use; this node computes nothing jointly",
                    "zh": "可识别并阻止使用；本节点不执行联合计算"
                  }
                }
              ]
            }

            """#,
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
                    "en": "country from which the data is used",
                    "zh": "使用数据所在的国家或地区"
                  },
                  "note": {
                    "en": "as the consumer's node is configured",
                    "zh": "以消费方节点配置为准"
                  },
                  "sort": "region",
                  "knownFrom": "use",
                  "knownTo": "consumer",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:environment",
                  "title": {
                    "en": "environment in which the data is used",
                    "zh": "使用环境"
                  },
                  "note": {
                    "en": "as the consumer's node is configured",
                    "zh": "以消费方节点配置为准"
                  },
                  "sort": "concept",
                  "knownFrom": "use",
                  "knownTo": "consumer",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:algorithm",
                  "title": {
                    "en": "algorithm that processes the data, by its digest",
                    "zh": "处理数据的算法（摘要）"
                  },
                  "note": {
                    "en": "as the consumer states it",
                    "zh": "以消费方声明为准"
                  },
                  "sort": "identifier",
                  "knownFrom": "use",
                  "knownTo": "consumer",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:groupSize",
                  "title": {
                    "en": "smallest number of persons or objects behind one figure of the result",
                    "zh": "结果中单项所含的最小对象数"
                  },
                  "note": {
                    "en": "as the consumer states it",
                    "zh": "以消费方声明为准"
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
                    "en": "whether the guardians of the minors consented",
                    "zh": "未成年人监护人是否同意"
                  },
                  "note": {
                    "en": "as the provider's people confirmed",
                    "zh": "以提供方确认为准"
                  },
                  "sort": "boolean",
                  "knownFrom": "transfer",
                  "knownTo": "provider",
                  "level": "enforced"
                },
                {
                  "iri": "urn:kouan:odrl:1:containsMinor",
                  "title": {
                    "en": "whether the data is about minors under 14",
                    "zh": "数据是否涉及不满十四周岁未成年人"
                  },
                  "note": {
                    "en": "as the provider's people confirmed",
                    "zh": "以提供方确认为准"
                  },
                  "sort": "boolean",
                  "knownFrom": "transfer",
                  "knownTo": "provider",
                  "level": "enforced"
                },
                {
                  "iri": "urn:kouan:odrl:1:exportMechanism",
                  "title": {
                    "en": "legal route of the export",
                    "zh": "出境路径"
                  },
                  "note": {
                    "en": "as the provider's people confirmed",
                    "zh": "以提供方确认为准"
                  },
                  "sort": "concept",
                  "knownFrom": "transfer",
                  "knownTo": "provider",
                  "level": "enforced"
                },
                {
                  "iri": "urn:kouan:odrl:1:withinScope",
                  "title": {
                    "en": "whether the export is within what was assessed or filed",
                    "zh": "是否在评估或备案范围之内"
                  },
                  "note": {
                    "en": "as the provider's people confirmed",
                    "zh": "以提供方确认为准"
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
                    "en": "time since the agreement was made",
                    "zh": "自达成协议起的时长"
                  },
                  "note": {
                    "en": "in a duty an upper bound is its deadline",
                    "zh": "在义务中其上限即为履行期限"
                  },
                  "sort": "duration",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:timeSinceDelivery",
                  "title": {
                    "en": "time since the data arrived",
                    "zh": "自数据交付起的时长"
                  },
                  "note": {
                    "en": "in a duty an upper bound is its deadline",
                    "zh": "在义务中其上限即为履行期限"
                  },
                  "sort": "duration",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:timeSinceFirstUse",
                  "title": {
                    "en": "time since the first use",
                    "zh": "自首次使用起的时长"
                  },
                  "note": {
                    "en": "in a duty an upper bound is its deadline",
                    "zh": "在义务中其上限即为履行期限"
                  },
                  "sort": "duration",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:timeSinceLastUse",
                  "title": {
                    "en": "time since the last use",
                    "zh": "自最后一次使用起的时长"
                  },
                  "note": {
                    "en": "in a duty an upper bound is its deadline",
                    "zh": "在义务中其上限即为履行期限"
                  },
                  "sort": "duration",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:timeSinceRevocation",
                  "title": {
                    "en": "time since the provider revoked",
                    "zh": "自提供方撤回起的时长"
                  },
                  "note": {
                    "en": "in a duty an upper bound is its deadline",
                    "zh": "在义务中其上限即为履行期限"
                  },
                  "sort": "duration",
                  "level": "attested"
                },
                {
                  "iri": "urn:kouan:odrl:1:timeSinceIncident",
                  "title": {
                    "en": "time since an incident became known",
                    "zh": "自获知安全事件起的时长"
                  },
                  "note": {
                    "en": "in a duty an upper bound is its deadline",
                    "zh": "在义务中其上限即为履行期限"
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
        "tc609": #"""
            {
              "profile": "urn:kouan:odrl:tc609:1",
              "version": "2025-08-11",
              "title": {
                "en": "Usage control of trusted data spaces (TC609-6-2025-14 and -15, consultation texts): code table",
                "zh": "可信数据空间使用控制（TC609-6-2025-14、-15 征求意见稿）代码表"
              },
              "prefixes": {},
              "operands": [],
              "actions": [],
              "ruleTypes": [
                {
                  "name": "permission",
                  "title": {
                    "en": "permission",
                    "zh": "许可"
                  }
                },
                {
                  "name": "prohibition",
                  "title": {
                    "en": "prohibition",
                    "zh": "禁止"
                  }
                },
                {
                  "name": "obligation",
                  "title": {
                    "en": "obligation",
                    "zh": "义务"
                  }
                }
              ],
              "operatorCodes": [
                {
                  "code": "01",
                  "operator": "eq"
                },
                {
                  "code": "02",
                  "operator": "gt"
                },
                {
                  "code": "03",
                  "operator": "gteq"
                },
                {
                  "code": "04",
                  "operator": "hasPart",
                  "inferred": true
                },
                {
                  "code": "05",
                  "operator": "isA"
                },
                {
                  "code": "06",
                  "operator": "isAllOf"
                },
                {
                  "code": "07",
                  "operator": "isAnyOf"
                },
                {
                  "code": "08",
                  "operator": "isNoneOf",
                  "inferred": true
                },
                {
                  "code": "09",
                  "operator": "isPartOf"
                },
                {
                  "code": "10",
                  "operator": "lt"
                },
                {
                  "code": "11",
                  "operator": "lteq"
                },
                {
                  "code": "12",
                  "operator": "neq"
                }
              ],
              "actionCodes": [
                {
                  "name": "access",
                  "action": "http://www.w3.org/ns/odrl/2/use",
                  "title": {
                    "en": "access",
                    "zh": "访问"
                  }
                },
                {
                  "name": "read",
                  "action": "http://www.w3.org/ns/odrl/2/read",
                  "title": {
                    "en": "read",
                    "zh": "读取"
                  }
                },
                {
                  "name": "copy",
                  "action": "http://www.w3.org/ns/odrl/2/reproduce",
                  "title": {
                    "en": "copy",
                    "zh": "复制"
                  }
                },
                {
                  "name": "store",
                  "action": "http://www.w3.org/ns/odrl/2/archive",
                  "title": {
                    "en": "store",
                    "zh": "存储"
                  }
                },
                {
                  "name": "download",
                  "title": {
                    "en": "download",
                    "zh": "下载"
                  }
                },
                {
                  "name": "process",
                  "action": "http://www.w3.org/ns/odrl/2/derive",
                  "title": {
                    "en": "process",
                    "zh": "加工"
                  }
                },
                {
                  "name": "use",
                  "action": "http://www.w3.org/ns/odrl/2/grantUse",
                  "title": {
                    "en": "grant use",
                    "zh": "授权使用"
                  }
                },
                {
                  "name": "transform",
                  "action": "http://www.w3.org/ns/odrl/2/transform",
                  "title": {
                    "en": "transform",
                    "zh": "转换"
                  }
                },
                {
                  "name": "anonymise",
                  "action": "http://www.w3.org/ns/odrl/2/anonymize",
                  "title": {
                    "en": "anonymise",
                    "zh": "匿名化"
                  }
                },
                {
                  "name": "desensitise",
                  "action": "urn:kouan:odrl:1:mask",
                  "title": {
                    "en": "mask",
                    "zh": "脱敏"
                  }
                },
                {
                  "name": "sell",
                  "action": "http://www.w3.org/ns/odrl/2/sell",
                  "title": {
                    "en": "sell",
                    "zh": "出售"
                  }
                },
                {
                  "name": "track",
                  "action": "http://www.w3.org/ns/odrl/2/acceptTracking",
                  "title": {
                    "en": "track",
                    "zh": "追踪"
                  }
                }
              ],
              "constraintCodes": [
                {
                  "name": "time",
                  "operand": "http://www.w3.org/ns/odrl/2/dateTime",
                  "title": {
                    "en": "time",
                    "zh": "时间范围"
                  }
                },
                {
                  "name": "region",
                  "operand": "http://www.w3.org/ns/odrl/2/spatial",
                  "title": {
                    "en": "region",
                    "zh": "空间范围"
                  }
                },
                {
                  "name": "count",
                  "operand": "http://www.w3.org/ns/odrl/2/count",
                  "title": {
                    "en": "number of uses",
                    "zh": "使用次数"
                  }
                },
                {
                  "name": "purpose",
                  "operand": "http://www.w3.org/ns/odrl/2/purpose",
                  "title": {
                    "en": "purpose",
                    "zh": "使用目的"
                  }
                },
                {
                  "name": "recipient",
                  "operand": "http://www.w3.org/ns/odrl/2/recipient",
                  "title": {
                    "en": "recipient",
                    "zh": "接收方"
                  }
                },
                {
                  "name": "algorithm",
                  "operand": "urn:kouan:odrl:1:algorithm",
                  "title": {
                    "en": "algorithm",
                    "zh": "算法"
                  }
                },
                {
                  "name": "environment",
                  "operand": "urn:kouan:odrl:1:environment",
                  "title": {
                    "en": "execution environment",
                    "zh": "使用环境"
                  }
                }
              ]
            }

            """#,
    ]
}
