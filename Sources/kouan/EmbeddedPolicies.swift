// SPDX-License-Identifier: Apache-2.0

// swift-format-ignore-file
// Made by deploy/embed-policies.sh from Policies/. Do not edit.

/// The policies that come with the program.
enum EmbeddedPolicies {
    /// Policies/templates: what people start from.
    static let all: [String: String] = [
        "battery-trace": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:battery-trace",
              "dct:title": [
                {
                  "@value": "Battery life-cycle trace: three purposes, not to be passed on, 2026 to 2030",
                  "@language": "en"
                },
                {
                  "@value": "动力电池全生命周期溯源：三种目的，不得转提供，2026 至 2030 年",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Traction battery life-cycle trace for the battery passport, warranty analysis and recycling; not to be distributed or sold; from 2026 to the end of 2030, China standard time.",
                  "@language": "en"
                },
                {
                  "@value": "动力电池全生命周期溯源数据，用于电池护照、三包质量分析和回收利用；不得分发或出售；有效期 2026 年至 2030 年底，北京时间。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:battery-trace:read",
                  "action": "read",
                  "constraint": [
                    {
                      "leftOperand": "purpose",
                      "operator": "isAnyOf",
                      "rightOperand": [
                        "battery-passport",
                        "warranty-analysis",
                        "recycling"
                      ]
                    },
                    {
                      "leftOperand": "dateTime",
                      "operator": "gteq",
                      "rightOperand": {
                        "@value": "2026-01-01T00:00:00+08:00",
                        "@type": "xsd:dateTime"
                      }
                    },
                    {
                      "leftOperand": "dateTime",
                      "operator": "lt",
                      "rightOperand": {
                        "@value": "2031-01-01T00:00:00+08:00",
                        "@type": "xsd:dateTime"
                      }
                    }
                  ]
                }
              ],
              "prohibition": [
                {
                  "uid": "urn:kouan:template:battery-trace:no-distribute",
                  "action": "distribute"
                },
                {
                  "uid": "urn:kouan:template:battery-trace:no-sell",
                  "action": "sell"
                }
              ]
            }

            """#,
        "mill-certificate": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:mill-certificate",
              "dct:title": [
                {
                  "@value": "Mill certificates: three reads, inspection or claim, in China or the EEA",
                  "@language": "en"
                },
                {
                  "@value": "钢材质保书：读取三次，用于检验或索赔，限中国境内或欧洲经济区",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Mill certificates and heat chemistry: three reads for incoming inspection or a quality claim, used in China inside the customs border or in the European Economic Area.",
                  "@language": "en"
                },
                {
                  "@value": "钢材质保书与炉次成分：可读取三次，用于进货检验或质量索赔，限中国关境内或欧洲经济区使用。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:mill-certificate:read",
                  "action": "read",
                  "constraint": [
                    {
                      "leftOperand": "count",
                      "operator": "lteq",
                      "rightOperand": {
                        "@value": "3",
                        "@type": "xsd:integer"
                      }
                    },
                    {
                      "leftOperand": "purpose",
                      "operator": "isAnyOf",
                      "rightOperand": [
                        "incoming-inspection",
                        "quality-claim"
                      ]
                    },
                    {
                      "leftOperand": "spatial",
                      "operator": "isPartOf",
                      "rightOperand": [
                        "CN",
                        "EEA"
                      ]
                    }
                  ]
                }
              ]
            }

            """#,
        "no-redistribution": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:no-redistribution",
              "dct:title": [
                {
                  "@value": "No redistribution",
                  "@language": "en"
                },
                {
                  "@value": "禁止再分发",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Seed trial results may be read and not passed on. What happens to opened data outside the node is contract text, not technique.",
                  "@language": "en"
                },
                {
                  "@value": "种业试验结果可读取，不得转提供。数据打开后在节点之外的行为属于合同约定，不受技术控制。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:no-redistribution:read",
                  "action": "read"
                }
              ],
              "prohibition": [
                {
                  "uid": "urn:kouan:template:no-redistribution:no-distribute",
                  "action": "distribute"
                },
                {
                  "uid": "urn:kouan:template:no-redistribution:no-sell",
                  "action": "sell"
                }
              ]
            }

            """#,
        "place": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:place",
              "dct:title": [
                {
                  "@value": "Place: Yangtze delta provinces",
                  "@language": "en"
                },
                {
                  "@value": "限定地域：长三角",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Inventory of dangerous goods, usable in Shanghai, Jiangsu and Zhejiang only. Where data is used after opening is attested by the consumer's node.",
                  "@language": "en"
                },
                {
                  "@value": "危险化学品库存，仅限上海、江苏、浙江使用。打开后的使用地点由消费方节点证明。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:place:use",
                  "action": "use",
                  "constraint": [
                    {
                      "leftOperand": "spatial",
                      "operator": "isPartOf",
                      "rightOperand": [
                        "CN-310000",
                        "CN-320000",
                        "CN-330000"
                      ]
                    }
                  ]
                }
              ]
            }

            """#,
        "purpose-limit": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:purpose-limit",
              "dct:title": [
                {
                  "@value": "Purpose limit: warranty analysis only",
                  "@language": "en"
                },
                {
                  "@value": "限定目的：仅限三包质量分析",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Field failure codes for warranty analysis only, not for price negotiations. The purpose is what the consumer states and signs.",
                  "@language": "en"
                },
                {
                  "@value": "现场故障码仅用于三包质量分析，不得用于价格谈判。使用目的以消费方声明并签名为准。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:purpose-limit:use",
                  "action": "use",
                  "constraint": [
                    {
                      "leftOperand": "purpose",
                      "operator": "isAnyOf",
                      "rightOperand": [
                        "warranty-analysis"
                      ]
                    }
                  ]
                }
              ]
            }

            """#,
        "recipient": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:recipient",
              "dct:title": [
                {
                  "@value": "Recipient: two named companies",
                  "@language": "en"
                },
                {
                  "@value": "限定接收方：两家指定企业",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Battery trace data to the named recycler and the named car maker. The recipient is the authenticated participant.",
                  "@language": "en"
                },
                {
                  "@value": "动力电池溯源数据仅提供给指定回收企业和整车企业。接收方为经过身份认证的主体。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:recipient:read",
                  "action": "read",
                  "constraint": [
                    {
                      "leftOperand": "recipient",
                      "operator": "isAnyOf",
                      "rightOperand": [
                        {
                          "@id": "urn:uscc:91360100MA35K1B203"
                        },
                        {
                          "@id": "urn:uscc:91440101MA59P3C47H"
                        }
                      ]
                    }
                  ]
                }
              ]
            }

            """#,
        "time-window": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:time-window",
              "dct:title": [
                {
                  "@value": "Time window: from 1 December 2026 to 28 February 2027",
                  "@language": "en"
                },
                {
                  "@value": "限定时间：2026 年 12 月 1 日至 2027 年 2 月 28 日",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "E-bill of lading status, open from loading to thirty days after delivery, in China standard time. Both days are inside.",
                  "@language": "en"
                },
                {
                  "@value": "电子提单状态，自装船起至交货后三十日可读，按北京时间，含首尾两日。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:time-window:read",
                  "action": "read",
                  "constraint": [
                    {
                      "leftOperand": "dateTime",
                      "operator": "gteq",
                      "rightOperand": {
                        "@value": "2026-12-01T00:00:00+08:00",
                        "@type": "xsd:dateTime"
                      }
                    },
                    {
                      "leftOperand": "dateTime",
                      "operator": "lt",
                      "rightOperand": {
                        "@value": "2027-03-01T00:00:00+08:00",
                        "@type": "xsd:dateTime"
                      }
                    }
                  ]
                }
              ]
            }

            """#,
        "use-count": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:use-count",
              "dct:title": [
                {
                  "@value": "Use count: at most 1000 reads",
                  "@language": "en"
                },
                {
                  "@value": "限定次数：最多读取 1000 次",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Mill certificates of one delivery lot, 1000 look-ups. The value of count is the number of uses including the one asked for.",
                  "@language": "en"
                },
                {
                  "@value": "一个交货批次的质保书，可查询 1000 次。次数为包含本次在内的累计使用次数。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:use-count:read",
                  "action": "read",
                  "constraint": [
                    {
                      "leftOperand": "count",
                      "operator": "lteq",
                      "rightOperand": {
                        "@value": "1000",
                        "@type": "xsd:integer"
                      }
                    }
                  ]
                }
              ]
            }

            """#,
    ]

    /// Policies/examples: for demos and tests.
    static let examples: [String: String] = [
        "expired-window": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:example:expired-window",
              "dct:title": [
                {
                  "@value": "A window that is over: first half of 2026",
                  "@language": "en"
                },
                {
                  "@value": "已过期的时间窗：2026 年上半年",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "For trying what a refusal looks like.",
                  "@language": "en"
                },
                {
                  "@value": "用于演示过期拒绝。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:example:expired-window:read",
                  "action": "read",
                  "constraint": [
                    {
                      "leftOperand": "dateTime",
                      "operator": "gteq",
                      "rightOperand": {
                        "@value": "2026-01-01T00:00:00+08:00",
                        "@type": "xsd:dateTime"
                      }
                    },
                    {
                      "leftOperand": "dateTime",
                      "operator": "lt",
                      "rightOperand": {
                        "@value": "2026-07-01T00:00:00+08:00",
                        "@type": "xsd:dateTime"
                      }
                    }
                  ]
                }
              ]
            }

            """#,
    ]
}
