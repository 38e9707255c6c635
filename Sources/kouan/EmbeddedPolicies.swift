// SPDX-License-Identifier: Apache-2.0

// swift-format-ignore-file
// Made by deploy/embed-policies.sh from Policies/. Do not edit.

/// The policies that come with the program.
enum EmbeddedPolicies {
    /// Policies/templates: what people start from.
    static let all: [String: String] = [
        "algorithm-list": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:algorithm-list",
              "profile": "urn:kouan:odrl:1",
              "dct:title": [
                {
                  "@value": "Algorithm list: the agreed credit model only",
                  "@language": "en"
                },
                {
                  "@value": "限定算法：仅限约定的信用模型",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Finance for suppliers: the data may be run through the agreed model, named by its hash, and nothing else.",
                  "@language": "en"
                },
                {
                  "@value": "供应链金融：数据仅可由约定的模型（以哈希值标识）处理。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:algorithm-list:execute",
                  "action": "execute",
                  "constraint": [
                    {
                      "leftOperand": "kouan:algorithm",
                      "operator": "isAnyOf",
                      "rightOperand": [
                        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
                      ]
                    }
                  ]
                }
              ]
            }

            """#,
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
        "delete-after-use": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:delete-after-use",
              "profile": "urn:kouan:odrl:1",
              "dct:title": [
                {
                  "@value": "Delete after use: within 30 days after the last use",
                  "@language": "en"
                },
                {
                  "@value": "用后销毁：最后一次使用后三十日内",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Safety test data, deleted within thirty days after the last use. The consumer's node deletes what it keeps and signs for it.",
                  "@language": "en"
                },
                {
                  "@value": "安全测试数据，最后一次使用后三十日内销毁。消费方节点删除其所保存的数据并签名证明。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:delete-after-use:read",
                  "action": "read",
                  "duty": [
                    {
                      "uid": "urn:kouan:template:delete-after-use:delete",
                      "action": "delete",
                      "constraint": [
                        {
                          "leftOperand": "kouan:timeSinceLastUse",
                          "operator": "lteq",
                          "rightOperand": {
                            "@value": "P30D",
                            "@type": "xsd:duration"
                          }
                        }
                      ]
                    }
                  ]
                }
              ]
            }

            """#,
        "export-by-named-route": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:export-by-named-route",
              "profile": "urn:kouan:odrl:1",
              "dct:title": [
                {
                  "@value": "Export by a named route: standard contract, certification or assessment",
                  "@language": "en"
                },
                {
                  "@value": "出境须经指定路径：标准合同、认证或安全评估",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Service records to the parent company abroad: inside China freely, abroad only under a mechanism that the provider has confirmed, and inside its filed scope.",
                  "@language": "en"
                },
                {
                  "@value": "向境外母公司提供维修记录：境内可直接提供；出境须经提供方确认的路径，且在备案范围之内。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:export-by-named-route:inside",
                  "action": "read",
                  "constraint": [
                    {
                      "leftOperand": "kouan:recipientCountry",
                      "operator": "eq",
                      "rightOperand": "CN"
                    }
                  ]
                },
                {
                  "uid": "urn:kouan:template:export-by-named-route:abroad",
                  "action": "read",
                  "constraint": [
                    {
                      "leftOperand": "kouan:exportMechanism",
                      "operator": "isAnyOf",
                      "rightOperand": [
                        "standard_contract",
                        "certification",
                        "assessment"
                      ]
                    },
                    {
                      "leftOperand": "kouan:withinScope",
                      "operator": "eq",
                      "rightOperand": true
                    }
                  ]
                }
              ]
            }

            """#,
        "incident-notice": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:incident-notice",
              "profile": "urn:kouan:odrl:1",
              "dct:title": [
                {
                  "@value": "Incident notice: within 24 hours",
                  "@language": "en"
                },
                {
                  "@value": "事件通知：二十四小时内",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Personal information: the consumer tells the provider of a security incident within 24 hours of learning of it.",
                  "@language": "en"
                },
                {
                  "@value": "个人信息：消费方须在获知安全事件后 24 小时内通知提供方。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:incident-notice:read",
                  "action": "read",
                  "duty": [
                    {
                      "uid": "urn:kouan:template:incident-notice:inform",
                      "action": "inform",
                      "constraint": [
                        {
                          "leftOperand": "kouan:timeSinceIncident",
                          "operator": "lteq",
                          "rightOperand": {
                            "@value": "PT24H",
                            "@type": "xsd:duration"
                          }
                        }
                      ]
                    }
                  ]
                }
              ]
            }

            """#,
        "mask-first": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:mask-first",
              "profile": "urn:kouan:odrl:1",
              "dct:title": [
                {
                  "@value": "Mask first: name and id number",
                  "@language": "en"
                },
                {
                  "@value": "先脱敏：姓名、证件号",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "The shipper's contact is masked before port analytics. The consumer's node masks the named columns as it opens the data.",
                  "@language": "en"
                },
                {
                  "@value": "港口分析前先对托运人联系方式脱敏。消费方节点在打开数据时对指定字段脱敏。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:mask-first:read",
                  "action": "read",
                  "duty": [
                    {
                      "uid": "urn:kouan:template:mask-first:mask",
                      "action": "kouan:mask",
                      "constraint": [
                        {
                          "leftOperand": "kouan:fields",
                          "operator": "isAnyOf",
                          "rightOperand": [
                            "name",
                            "idno"
                          ]
                        },
                        {
                          "leftOperand": "kouan:method",
                          "operator": "eq",
                          "rightOperand": "mask"
                        },
                        {
                          "leftOperand": "event",
                          "operator": "lt",
                          "rightOperand": {
                            "@id": "odrl:policyUsage"
                          }
                        }
                      ]
                    }
                  ]
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
        "minimum-group": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:minimum-group",
              "profile": "urn:kouan:odrl:1",
              "dct:title": [
                {
                  "@value": "Minimum group: results of at least 10 records each",
                  "@language": "en"
                },
                {
                  "@value": "结果聚合下限：每组不少于 10 条",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "County yields: data may be aggregated, and a result may leave when each of its groups has at least ten farms. No single farm.",
                  "@language": "en"
                },
                {
                  "@value": "县域产量：数据可聚合计算，每组不少于十户的结果方可出域，不得出现单户数据。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:minimum-group:aggregate",
                  "action": "aggregate"
                },
                {
                  "uid": "urn:kouan:template:minimum-group:release",
                  "action": "kouan:release",
                  "constraint": [
                    {
                      "leftOperand": "kouan:groupSize",
                      "operator": "gteq",
                      "rightOperand": {
                        "@value": "10",
                        "@type": "xsd:integer"
                      }
                    }
                  ]
                }
              ]
            }

            """#,
        "no-export": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:no-export",
              "profile": "urn:kouan:odrl:1",
              "dct:title": [
                {
                  "@value": "Export forbidden: recipient and use inside China's customs border",
                  "@language": "en"
                },
                {
                  "@value": "禁止出境：接收方与使用均限中国关境内",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Pipeline coordinates, or outside-vehicle video with faces and plates: only for recipients registered inside the mainland's customs border, used from there. Access from outside counts as export.",
                  "@language": "en"
                },
                {
                  "@value": "管道坐标，或含人脸、车牌的车外视频：仅限注册在境内的接收方，并在境内使用。从境外访问视为出境。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:no-export:read",
                  "action": "read",
                  "constraint": [
                    {
                      "leftOperand": "kouan:recipientCountry",
                      "operator": "isPartOf",
                      "rightOperand": [
                        "CN"
                      ]
                    },
                    {
                      "leftOperand": "kouan:accessorCountry",
                      "operator": "isPartOf",
                      "rightOperand": [
                        "CN"
                      ]
                    }
                  ]
                }
              ],
              "prohibition": [
                {
                  "uid": "urn:kouan:template:no-export:no-transfer-abroad",
                  "action": "transfer",
                  "constraint": [
                    {
                      "leftOperand": "kouan:recipientCountry",
                      "operator": "neq",
                      "rightOperand": "CN"
                    }
                  ]
                },
                {
                  "uid": "urn:kouan:template:no-export:no-distribute",
                  "action": "distribute"
                }
              ]
            }

            """#,
        "no-linking": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:no-linking",
              "profile": "urn:kouan:odrl:1",
              "dct:title": [
                {
                  "@value": "No linking with other data",
                  "@language": "en"
                },
                {
                  "@value": "禁止与其他数据关联比对",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Data seen while serving a public body: it may be read and must not be matched with other data.",
                  "@language": "en"
                },
                {
                  "@value": "服务国家机关过程中获取的数据：可读取，不得与其他数据关联比对。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:no-linking:read",
                  "action": "read"
                }
              ],
              "prohibition": [
                {
                  "uid": "urn:kouan:template:no-linking:no-link",
                  "action": "kouan:link"
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
        "no-training": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:no-training",
              "profile": "urn:kouan:odrl:1",
              "dct:title": [
                {
                  "@value": "No training of models",
                  "@language": "en"
                },
                {
                  "@value": "禁止训练模型",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Medical and automotive images may be read and must not train a model.",
                  "@language": "en"
                },
                {
                  "@value": "医疗、汽车图像可读取，不得用于训练模型。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:no-training:read",
                  "action": "read"
                }
              ],
              "prohibition": [
                {
                  "uid": "urn:kouan:template:no-training:no-train",
                  "action": "kouan:train"
                }
              ]
            }

            """#,
        "onward-transfer-with-consent": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:onward-transfer-with-consent",
              "profile": "urn:kouan:odrl:1",
              "dct:title": [
                {
                  "@value": "Onward transfer: with the provider's consent, and told within seven days",
                  "@language": "en"
                },
                {
                  "@value": "转提供须经提供方同意，并在七日内告知",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Mill certificates may be read. A trader may pass them on to the next buyer once the mill has agreed, tells the mill within seven days, and hands on the policy.",
                  "@language": "en"
                },
                {
                  "@value": "质保书可读取。贸易商经钢厂同意后可转提供给下一买方，须在七日内告知钢厂并随附本策略。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:onward-transfer-with-consent:read",
                  "action": "read"
                },
                {
                  "uid": "urn:kouan:template:onward-transfer-with-consent:distribute",
                  "action": "distribute",
                  "constraint": [
                    {
                      "leftOperand": "kouan:providerConsent",
                      "operator": "eq",
                      "rightOperand": true
                    }
                  ],
                  "duty": [
                    {
                      "uid": "urn:kouan:template:onward-transfer-with-consent:inform",
                      "action": "inform",
                      "constraint": [
                        {
                          "leftOperand": "kouan:timeSinceLastUse",
                          "operator": "lteq",
                          "rightOperand": {
                            "@value": "P7D",
                            "@type": "xsd:duration"
                          }
                        }
                      ]
                    },
                    {
                      "uid": "urn:kouan:template:onward-transfer-with-consent:next-policy",
                      "action": "nextPolicy",
                      "constraint": [
                        {
                          "leftOperand": "event",
                          "operator": "gt",
                          "rightOperand": {
                            "@id": "odrl:policyUsage"
                          }
                        }
                      ]
                    }
                  ]
                }
              ]
            }

            """#,
        "pay-and-report": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:pay-and-report",
              "profile": "urn:kouan:odrl:1",
              "dct:title": [
                {
                  "@value": "Pay and report: every month",
                  "@language": "en"
                },
                {
                  "@value": "计量计费与回报：按月",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "The consumer's node reports its uses to the provider each month, and the consumer pays for them.",
                  "@language": "en"
                },
                {
                  "@value": "消费方节点按月向提供方报告使用情况，消费方据此付费。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:pay-and-report:read",
                  "action": "read",
                  "duty": [
                    {
                      "uid": "urn:kouan:template:pay-and-report:report",
                      "action": "kouan:reportUsage",
                      "constraint": [
                        {
                          "leftOperand": "timeInterval",
                          "operator": "eq",
                          "rightOperand": {
                            "@value": "P1M",
                            "@type": "xsd:duration"
                          }
                        }
                      ]
                    },
                    {
                      "uid": "urn:kouan:template:pay-and-report:pay",
                      "action": "compensate",
                      "constraint": [
                        {
                          "leftOperand": "timeInterval",
                          "operator": "eq",
                          "rightOperand": {
                            "@value": "P1M",
                            "@type": "xsd:duration"
                          }
                        },
                        {
                          "leftOperand": "event",
                          "operator": "gt",
                          "rightOperand": {
                            "@id": "odrl:policyUsage"
                          }
                        }
                      ]
                    }
                  ]
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
        "rate-and-volume": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:rate-and-volume",
              "profile": "urn:kouan:odrl:1",
              "dct:title": [
                {
                  "@value": "Rate and volume: 60 uses a minute, 2 GiB a day",
                  "@language": "en"
                },
                {
                  "@value": "限速限量：每分钟 60 次、每日 2 GiB",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Telemetry of a blast furnace: at most sixty uses in any minute and two gibibytes in any 24 hours.",
                  "@language": "en"
                },
                {
                  "@value": "高炉遥测数据：任意一分钟内不超过 60 次，任意 24 小时内不超过 2 GiB。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:rate-and-volume:read",
                  "action": "read",
                  "constraint": [
                    {
                      "leftOperand": "kouan:countPerMinute",
                      "operator": "lteq",
                      "rightOperand": {
                        "@value": "60",
                        "@type": "xsd:integer"
                      }
                    },
                    {
                      "leftOperand": "kouan:volumePerDay",
                      "operator": "lteq",
                      "rightOperand": {
                        "@value": "2147483648",
                        "@type": "xsd:integer"
                      }
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
        "revocable": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:revocable",
              "profile": "urn:kouan:odrl:1",
              "dct:title": [
                {
                  "@value": "Revocable: use ends within an hour, deletion within a day",
                  "@language": "en"
                },
                {
                  "@value": "可撤回：撤回后一小时内停止使用、一日内销毁",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "The provider may revoke at any time. The consumer then ends all use within one hour and deletes the data within 24 hours.",
                  "@language": "en"
                },
                {
                  "@value": "提供方可随时撤回。撤回后消费方须在一小时内停止使用，并在 24 小时内销毁数据。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:revocable:read",
                  "action": "read",
                  "duty": [
                    {
                      "uid": "urn:kouan:template:revocable:stop",
                      "action": "kouan:stopUse",
                      "constraint": [
                        {
                          "leftOperand": "kouan:timeSinceRevocation",
                          "operator": "lteq",
                          "rightOperand": {
                            "@value": "PT1H",
                            "@type": "xsd:duration"
                          }
                        }
                      ]
                    },
                    {
                      "uid": "urn:kouan:template:revocable:delete",
                      "action": "delete",
                      "constraint": [
                        {
                          "leftOperand": "kouan:timeSinceRevocation",
                          "operator": "lteq",
                          "rightOperand": {
                            "@value": "PT24H",
                            "@type": "xsd:duration"
                          }
                        }
                      ]
                    }
                  ]
                }
              ]
            }

            """#,
        "sandbox-only": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:sandbox-only",
              "profile": "urn:kouan:odrl:1",
              "dct:title": [
                {
                  "@value": "Sandbox only: compute in the sandbox, results leave after review",
                  "@language": "en"
                },
                {
                  "@value": "仅沙箱使用：数据在沙箱内使用，结果经审核后出域",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Pathology images for model development in the hospital's sandbox or a trusted execution environment, not to be copied or passed on; results leave after the provider's review. Usable but not visible.",
                  "@language": "en"
                },
                {
                  "@value": "病理图像用于在医院沙箱或可信执行环境内研发模型，不得复制或转提供；结果经提供方审核后出域。可用不可见。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:sandbox-only:compute",
                  "action": [
                    "read",
                    "execute"
                  ],
                  "constraint": [
                    {
                      "leftOperand": "kouan:environment",
                      "operator": "isAnyOf",
                      "rightOperand": [
                        "sandbox",
                        "TEE"
                      ]
                    }
                  ]
                },
                {
                  "uid": "urn:kouan:template:sandbox-only:release",
                  "action": "kouan:release",
                  "constraint": [
                    {
                      "leftOperand": "kouan:providerConsent",
                      "operator": "eq",
                      "rightOperand": true
                    }
                  ]
                }
              ],
              "prohibition": [
                {
                  "uid": "urn:kouan:template:sandbox-only:no-copy",
                  "action": "reproduce"
                },
                {
                  "uid": "urn:kouan:template:sandbox-only:no-distribute",
                  "action": "distribute"
                }
              ]
            }

            """#,
        "sensitive-data": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:sensitive-data",
              "profile": "urn:kouan:odrl:1",
              "dct:title": [
                {
                  "@value": "Minors: with a guardian's consent only",
                  "@language": "en"
                },
                {
                  "@value": "未成年人信息：须经监护人同意",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Medical data: where it contains data of minors under 14, only with their guardians' consent.",
                  "@language": "en"
                },
                {
                  "@value": "医疗数据：含不满十四周岁未成年人信息的，须经其监护人同意。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:sensitive-data:read",
                  "action": "read",
                  "constraint": [
                    {
                      "or": [
                        {
                          "leftOperand": "kouan:containsMinor",
                          "operator": "eq",
                          "rightOperand": false
                        },
                        {
                          "leftOperand": "kouan:guardianConsent",
                          "operator": "eq",
                          "rightOperand": true
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
        "watermark": #"""
            {
              "@context": "http://www.w3.org/ns/odrl.jsonld",
              "@type": "Set",
              "uid": "urn:kouan:template:watermark",
              "profile": "urn:kouan:odrl:1",
              "dct:title": [
                {
                  "@value": "Watermark: the recipient is marked in every opened copy",
                  "@language": "en"
                },
                {
                  "@value": "添加水印：每份打开的数据均标记接收方",
                  "@language": "zh-CN"
                }
              ],
              "dct:description": [
                {
                  "@value": "Drawings or coordinates to suppliers: the consumer's node marks the recipient in what it opens.",
                  "@language": "en"
                },
                {
                  "@value": "向供应商提供的图纸或坐标：消费方节点在打开的数据中标记接收方。",
                  "@language": "zh-CN"
                }
              ],
              "permission": [
                {
                  "uid": "urn:kouan:template:watermark:read",
                  "action": "read",
                  "duty": [
                    {
                      "uid": "urn:kouan:template:watermark:mark",
                      "action": "watermark",
                      "constraint": [
                        {
                          "leftOperand": "event",
                          "operator": "lt",
                          "rightOperand": {
                            "@id": "odrl:policyUsage"
                          }
                        }
                      ]
                    }
                  ]
                }
              ]
            }

            """#,
    ]

    /// What to ask before one of them is used, by its name.
    static let forms: [String: String] = [
        "algorithm-list": #"""
            {
              "policy": "algorithm-list.json",
              "kinds": [
                "P-14"
              ],
              "title": {
                "en": "algorithm list",
                "zh": "限定算法"
              },
              "filledTitle": {
                "en": "Algorithm list: {algorithms}",
                "zh": "限定算法：{algorithms}"
              },
              "notEnforced": {
                "en": "The algorithm is what the consumer states and signs; the node does not measure the program that runs.",
                "zh": "算法以消费方声明并签名为准，节点不度量实际运行的程序。"
              },
              "questions": [
                {
                  "key": "algorithms",
                  "pointers": [
                    "/permission/0/constraint/0/rightOperand"
                  ],
                  "sort": "identifier",
                  "prompt": {
                    "en": "Which algorithms may process the data?",
                    "zh": "哪些算法可以处理数据？"
                  },
                  "multiple": true,
                  "default": [
                    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
                  ],
                  "example": "sha256:…"
                }
              ]
            }

            """#,
        "battery-trace": #"""
            {
              "policy": "battery-trace.json",
              "kinds": [
                "P-01",
                "P-03",
                "P-06"
              ],
              "title": {
                "en": "worked example: battery trace",
                "zh": "示例：动力电池溯源"
              },
              "filledTitle": {
                "en": "Battery trace: {purposes}; not to be passed on; from {from} to {until}",
                "zh": "动力电池溯源：{purposes}；不得转提供；{from} 至 {until}"
              },
              "notEnforced": {
                "en": "The purpose is stated by the consumer; passing on and selling are forbidden by contract only.",
                "zh": "使用目的以消费方声明为准；禁止转提供和出售仅为合同条款。"
              },
              "questions": [
                {
                  "key": "purposes",
                  "pointers": [
                    "/permission/0/constraint/0/rightOperand"
                  ],
                  "sort": "concept",
                  "prompt": {
                    "en": "For which purposes may the data be used?",
                    "zh": "数据可用于哪些目的？"
                  },
                  "multiple": true,
                  "default": [
                    "battery-passport",
                    "warranty-analysis",
                    "recycling"
                  ],
                  "example": "battery-passport, recycling"
                },
                {
                  "key": "from",
                  "pointers": [
                    "/permission/0/constraint/1/rightOperand"
                  ],
                  "sort": "instant",
                  "prompt": {
                    "en": "From which day? The day is inside.",
                    "zh": "自哪一天起（含当日）？"
                  },
                  "default": "2026-01-01",
                  "bound": "from",
                  "example": "2026-01-01"
                },
                {
                  "key": "until",
                  "pointers": [
                    "/permission/0/constraint/2/rightOperand"
                  ],
                  "sort": "instant",
                  "prompt": {
                    "en": "Until which day? The day is inside.",
                    "zh": "至哪一天止（含当日）？"
                  },
                  "default": "2030-12-31",
                  "bound": "until",
                  "example": "2030-12-31"
                }
              ]
            }

            """#,
        "delete-after-use": #"""
            {
              "policy": "delete-after-use.json",
              "kinds": [
                "P-08"
              ],
              "title": {
                "en": "delete after use",
                "zh": "用后销毁"
              },
              "filledTitle": {
                "en": "Delete after use: within {within} after the last use",
                "zh": "用后销毁：最后一次使用后 {within} 内"
              },
              "notEnforced": {
                "en": "The node deletes what it keeps. Copies that people made outside it are not reached; their deletion is contract text.",
                "zh": "节点只删除其所保存的数据；人员在节点之外的副本无法触及，其销毁属合同约定。"
              },
              "questions": [
                {
                  "key": "within",
                  "pointers": [
                    "/permission/0/duty/0/constraint/0/rightOperand"
                  ],
                  "sort": "duration",
                  "prompt": {
                    "en": "How long after the last use must the data be deleted?",
                    "zh": "最后一次使用后多长时间内须销毁？"
                  },
                  "default": "P30D",
                  "example": "P30D, 24h"
                }
              ]
            }

            """#,
        "export-by-named-route": #"""
            {
              "policy": "export-by-named-route.json",
              "kinds": [
                "P-13"
              ],
              "title": {
                "en": "export only by named route",
                "zh": "出境须经指定路径"
              },
              "filledTitle": {
                "en": "Export by a named route: {mechanisms}",
                "zh": "出境须经指定路径：{mechanisms}"
              },
              "notEnforced": {
                "en": "Mechanism and scope are what the provider's people confirmed; the node does not check a filing with the authorities and does not count persons here.",
                "zh": "出境路径与范围以提供方人员确认为准；节点不核验备案，也不在此统计人数。"
              },
              "questions": [
                {
                  "key": "mechanisms",
                  "pointers": [
                    "/permission/1/constraint/0/rightOperand"
                  ],
                  "sort": "concept",
                  "prompt": {
                    "en": "Which export mechanisms are accepted?",
                    "zh": "接受哪些出境路径？"
                  },
                  "multiple": true,
                  "default": [
                    "standard_contract",
                    "certification",
                    "assessment"
                  ],
                  "example": "standard_contract, certification, assessment"
                }
              ]
            }

            """#,
        "incident-notice": #"""
            {
              "policy": "incident-notice.json",
              "kinds": [
                "P-21"
              ],
              "title": {
                "en": "incident notice",
                "zh": "事件通知"
              },
              "filledTitle": {
                "en": "Incident notice: within {within}",
                "zh": "事件通知：{within} 内"
              },
              "notEnforced": {
                "en": "The clock starts when the consumer's people record the incident. An incident that nobody records is not seen.",
                "zh": "时限自消费方人员登记事件起算；未登记的事件无法察觉。"
              },
              "questions": [
                {
                  "key": "within",
                  "pointers": [
                    "/permission/0/duty/0/constraint/0/rightOperand"
                  ],
                  "sort": "duration",
                  "prompt": {
                    "en": "Within how long must the provider be told of an incident?",
                    "zh": "获知事件后多长时间内须通知提供方？"
                  },
                  "default": "PT24H",
                  "example": "PT24H, 72h"
                }
              ]
            }

            """#,
        "mask-first": #"""
            {
              "policy": "mask-first.json",
              "kinds": [
                "P-11"
              ],
              "title": {
                "en": "anonymise or mask first",
                "zh": "先脱敏"
              },
              "filledTitle": {
                "en": "Mask first: {fields} ({method})",
                "zh": "先脱敏：{fields}（{method}）"
              },
              "notEnforced": {
                "en": "The package itself holds the fields; the consumer's node masks them as it opens. What other columns give away is not looked at. Masked data is still personal information.",
                "zh": "数据集包内含原始字段，由消费方节点在打开时脱敏；不检查其他字段是否泄露身份。脱敏后仍属个人信息。"
              },
              "questions": [
                {
                  "key": "fields",
                  "pointers": [
                    "/permission/0/duty/0/constraint/0/rightOperand"
                  ],
                  "sort": "identifier",
                  "prompt": {
                    "en": "Which columns or JSON paths are masked?",
                    "zh": "对哪些字段或 JSON 路径脱敏？"
                  },
                  "multiple": true,
                  "default": [
                    "name",
                    "idno"
                  ],
                  "example": "name, $.contact.phone"
                },
                {
                  "key": "method",
                  "pointers": [
                    "/permission/0/duty/0/constraint/1/rightOperand"
                  ],
                  "sort": "identifier",
                  "prompt": {
                    "en": "How: mask, remove or hash?",
                    "zh": "方式：mask 遮盖、remove 删除、hash 假名化？"
                  },
                  "default": "mask",
                  "choices": [
                    "mask",
                    "remove",
                    "hash"
                  ],
                  "example": "mask"
                }
              ]
            }

            """#,
        "mill-certificate": #"""
            {
              "policy": "mill-certificate.json",
              "kinds": [
                "P-01",
                "P-02",
                "P-04"
              ],
              "title": {
                "en": "worked example: mill certificates",
                "zh": "示例：钢材质保书"
              },
              "filledTitle": {
                "en": "Mill certificates: {count} reads for {purposes}, in {places}",
                "zh": "钢材质保书：读取 {count} 次，用于 {purposes}，限 {places}"
              },
              "notEnforced": {
                "en": "Count, purpose and place are kept and signed for by the consumer's node.",
                "zh": "次数、目的和地域由消费方节点遵守并签名确认。"
              },
              "questions": [
                {
                  "key": "count",
                  "pointers": [
                    "/permission/0/constraint/0/rightOperand"
                  ],
                  "sort": "counter",
                  "prompt": {
                    "en": "How many times may the data be read?",
                    "zh": "最多可读取多少次？"
                  },
                  "default": "3",
                  "example": "3"
                },
                {
                  "key": "purposes",
                  "pointers": [
                    "/permission/0/constraint/1/rightOperand"
                  ],
                  "sort": "concept",
                  "prompt": {
                    "en": "For which purposes may the data be used?",
                    "zh": "数据可用于哪些目的？"
                  },
                  "multiple": true,
                  "default": [
                    "incoming-inspection",
                    "quality-claim"
                  ],
                  "example": "incoming-inspection"
                },
                {
                  "key": "places",
                  "pointers": [
                    "/permission/0/constraint/2/rightOperand"
                  ],
                  "sort": "region",
                  "prompt": {
                    "en": "In which places may the data be used?",
                    "zh": "数据可在哪些地域使用？"
                  },
                  "multiple": true,
                  "default": [
                    "CN",
                    "EEA"
                  ],
                  "example": "CN, EEA"
                }
              ]
            }

            """#,
        "minimum-group": #"""
            {
              "policy": "minimum-group.json",
              "kinds": [
                "P-10"
              ],
              "title": {
                "en": "minimum group",
                "zh": "结果聚合下限"
              },
              "filledTitle": {
                "en": "Minimum group: results of at least {size} records each",
                "zh": "结果聚合下限：每组不少于 {size} 条"
              },
              "notEnforced": {
                "en": "The group size is what the consumer states and signs; the node does not count the rows of a result. Differences of two results may still point at one farm.",
                "zh": "组大小以消费方声明并签名为准，节点不统计结果行数；两个结果相减仍可能指向个体。"
              },
              "questions": [
                {
                  "key": "size",
                  "pointers": [
                    "/permission/1/constraint/0/rightOperand"
                  ],
                  "sort": "counter",
                  "prompt": {
                    "en": "How many records must each group of a result have at least?",
                    "zh": "结果中每组至少须有多少条记录？"
                  },
                  "default": "10",
                  "example": "10"
                }
              ]
            }

            """#,
        "no-export": #"""
            {
              "policy": "no-export.json",
              "kinds": [
                "P-12"
              ],
              "title": {
                "en": "export forbidden",
                "zh": "禁止出境"
              },
              "filledTitle": {
                "en": "Export forbidden: recipient and use in {countries}",
                "zh": "禁止出境：接收方与使用限 {countries}"
              },
              "notEnforced": {
                "en": "No key goes to a recipient registered outside. Where the data is used is where the consumer's node says it stands; remote desktops and copies carried abroad are not seen.",
                "zh": "不向境外注册的接收方发放密钥；使用地点以消费方节点所报位置为准，远程桌面和携带出境的副本无法察觉。"
              },
              "questions": [
                {
                  "key": "countries",
                  "pointers": [
                    "/permission/0/constraint/0/rightOperand",
                    "/permission/0/constraint/1/rightOperand"
                  ],
                  "sort": "region",
                  "prompt": {
                    "en": "In which countries or regions must recipient and use lie?",
                    "zh": "接收方与使用须在哪些国家或地区？"
                  },
                  "multiple": true,
                  "default": [
                    "CN"
                  ],
                  "example": "CN"
                }
              ]
            }

            """#,
        "no-linking": #"""
            {
              "policy": "no-linking.json",
              "kinds": [
                "P-17"
              ],
              "title": {
                "en": "no linking",
                "zh": "禁止关联比对"
              },
              "filledTitle": {
                "en": "No linking with other data",
                "zh": "禁止与其他数据关联比对"
              },
              "notEnforced": {
                "en": "The prohibition is contract text: the node cannot see what people do with opened data.",
                "zh": "禁止关联比对为合同条款：数据打开后的用途节点无法察觉。"
              },
              "questions": []
            }

            """#,
        "no-redistribution": #"""
            {
              "policy": "no-redistribution.json",
              "kinds": [
                "P-06"
              ],
              "title": {
                "en": "no redistribution",
                "zh": "禁止再分发"
              },
              "filledTitle": {
                "en": "No redistribution",
                "zh": "禁止再分发"
              },
              "notEnforced": {
                "en": "The prohibition is contract text: what people do with opened data outside the node is not controlled.",
                "zh": "禁止再分发为合同条款：数据打开后在节点之外的行为不受技术控制。"
              },
              "questions": []
            }

            """#,
        "no-training": #"""
            {
              "policy": "no-training.json",
              "kinds": [
                "P-16"
              ],
              "title": {
                "en": "no training",
                "zh": "禁止训练模型"
              },
              "filledTitle": {
                "en": "No training of models",
                "zh": "禁止训练模型"
              },
              "notEnforced": {
                "en": "The prohibition is contract text: the node cannot see what people do with opened data. Together with a sandbox it is easier to watch.",
                "zh": "禁止训练为合同条款：数据打开后的用途节点无法察觉，与沙箱配合更易监督。"
              },
              "questions": []
            }

            """#,
        "onward-transfer-with-consent": #"""
            {
              "policy": "onward-transfer-with-consent.json",
              "kinds": [
                "P-07"
              ],
              "title": {
                "en": "onward transfer with consent",
                "zh": "转提供须经同意"
              },
              "filledTitle": {
                "en": "Onward transfer with consent, told within {informWithin}",
                "zh": "转提供须经同意，并在 {informWithin} 内告知"
              },
              "notEnforced": {
                "en": "A key for passing on is released only after consent. Whether somebody passes on what was opened for reading is not seen, and the duty to hand on the policy is contract text.",
                "zh": "经同意后才发放转提供用的密钥；以读取名义打开后是否转提供无法察觉，随附策略的义务为合同条款。"
              },
              "questions": [
                {
                  "key": "informWithin",
                  "pointers": [
                    "/permission/1/duty/0/constraint/0/rightOperand"
                  ],
                  "sort": "duration",
                  "prompt": {
                    "en": "Within how long must the provider be told?",
                    "zh": "须在多长时间内告知提供方？"
                  },
                  "default": "P7D",
                  "example": "P7D, 12h"
                }
              ]
            }

            """#,
        "pay-and-report": #"""
            {
              "policy": "pay-and-report.json",
              "kinds": [
                "P-20"
              ],
              "title": {
                "en": "pay and report",
                "zh": "计量计费与回报"
              },
              "filledTitle": {
                "en": "Pay and report: every {interval}",
                "zh": "计量计费与回报：每 {interval} 一次"
              },
              "notEnforced": {
                "en": "Reports are made and signed by the consumer's node. Payment happens outside the node: the provider records it; price and currency are contract text.",
                "zh": "使用报告由消费方节点生成并签名；付款在节点之外进行，由提供方登记，价格与币种属合同条款。"
              },
              "questions": [
                {
                  "key": "interval",
                  "pointers": [
                    "/permission/0/duty/0/constraint/0/rightOperand",
                    "/permission/0/duty/1/constraint/0/rightOperand"
                  ],
                  "sort": "duration",
                  "prompt": {
                    "en": "How often?",
                    "zh": "多长时间一次？"
                  },
                  "default": "P1M",
                  "example": "P1M, P7D"
                }
              ]
            }

            """#,
        "place": #"""
            {
              "policy": "place.json",
              "kinds": [
                "P-04"
              ],
              "title": {
                "en": "place",
                "zh": "限定地域"
              },
              "filledTitle": {
                "en": "Place: {places}",
                "zh": "限定地域：{places}"
              },
              "notEnforced": {
                "en": "The place of use is that of the consumer's node. Who looks at a screen elsewhere is not seen.",
                "zh": "使用地域以消费方节点所在地为准；从异地查看屏幕无法察觉。"
              },
              "questions": [
                {
                  "key": "places",
                  "pointers": [
                    "/permission/0/constraint/0/rightOperand"
                  ],
                  "sort": "region",
                  "prompt": {
                    "en": "In which places may the data be used?",
                    "zh": "数据可在哪些地域使用？"
                  },
                  "multiple": true,
                  "default": [
                    "CN-310000",
                    "CN-320000",
                    "CN-330000"
                  ],
                  "example": "CN, CN-310000, EU, DE"
                }
              ]
            }

            """#,
        "purpose-limit": #"""
            {
              "policy": "purpose-limit.json",
              "kinds": [
                "P-01"
              ],
              "title": {
                "en": "purpose limit",
                "zh": "限定目的"
              },
              "filledTitle": {
                "en": "Purpose limit: {purposes}",
                "zh": "限定目的：{purposes}"
              },
              "notEnforced": {
                "en": "The purpose is what the consumer states and signs; nobody can look into their thoughts.",
                "zh": "使用目的以消费方声明并签名为准，无法核实其真实意图。"
              },
              "questions": [
                {
                  "key": "purposes",
                  "pointers": [
                    "/permission/0/constraint/0/rightOperand"
                  ],
                  "sort": "concept",
                  "prompt": {
                    "en": "For which purposes may the data be used?",
                    "zh": "数据可用于哪些目的？"
                  },
                  "multiple": true,
                  "default": [
                    "warranty-analysis"
                  ],
                  "example": "warranty-analysis, recycling"
                }
              ]
            }

            """#,
        "rate-and-volume": #"""
            {
              "policy": "rate-and-volume.json",
              "kinds": [
                "P-15"
              ],
              "title": {
                "en": "rate and volume",
                "zh": "限速限量"
              },
              "filledTitle": {
                "en": "Rate and volume: {perMinute} uses a minute, {perDay} bytes a day",
                "zh": "限速限量：每分钟 {perMinute} 次、每日 {perDay} 字节"
              },
              "notEnforced": {
                "en": "Uses and bytes are counted by the consumer's node, and signed; windows roll and do not start at midnight.",
                "zh": "次数与字节数由消费方节点计数并签名；时间窗为滚动计算，不以零点为界。"
              },
              "questions": [
                {
                  "key": "perMinute",
                  "pointers": [
                    "/permission/0/constraint/0/rightOperand"
                  ],
                  "sort": "counter",
                  "prompt": {
                    "en": "How many uses in any minute?",
                    "zh": "任意一分钟内最多使用多少次？"
                  },
                  "default": "60",
                  "example": "60"
                },
                {
                  "key": "perDay",
                  "pointers": [
                    "/permission/0/constraint/1/rightOperand"
                  ],
                  "sort": "size",
                  "prompt": {
                    "en": "How many bytes in any 24 hours?",
                    "zh": "任意 24 小时内最多使用多少字节？"
                  },
                  "default": "2147483648",
                  "example": "2147483648, 2GiB"
                }
              ]
            }

            """#,
        "recipient": #"""
            {
              "policy": "recipient.json",
              "kinds": [
                "P-05"
              ],
              "title": {
                "en": "recipient",
                "zh": "限定接收方"
              },
              "filledTitle": {
                "en": "Recipient: {recipients}",
                "zh": "限定接收方：{recipients}"
              },
              "notEnforced": {
                "en": "Inside the named companies the node does not tell one person from another.",
                "zh": "节点不区分指定企业内部的人员。"
              },
              "questions": [
                {
                  "key": "recipients",
                  "pointers": [
                    "/permission/0/constraint/0/rightOperand"
                  ],
                  "sort": "identifier",
                  "prompt": {
                    "en": "Which participants may receive the data?",
                    "zh": "哪些主体可以接收数据？"
                  },
                  "multiple": true,
                  "default": [
                    "urn:uscc:91360100MA35K1B203",
                    "urn:uscc:91440101MA59P3C47H"
                  ],
                  "participant": true,
                  "example": "urn:uscc:91360100MA35K1B203"
                }
              ]
            }

            """#,
        "revocable": #"""
            {
              "policy": "revocable.json",
              "kinds": [
                "P-19"
              ],
              "title": {
                "en": "revocable",
                "zh": "可撤回"
              },
              "filledTitle": {
                "en": "Revocable: use ends within {stopWithin}, deletion within {deleteWithin}",
                "zh": "可撤回：撤回后 {stopWithin} 内停止使用、{deleteWithin} 内销毁"
              },
              "notEnforced": {
                "en": "After revocation no further key is released. A consumer's node that is not reached does not learn of it; copies outside the node are not reached.",
                "zh": "撤回后不再发放密钥；未能联系到的消费方节点无从知悉，节点之外的副本无法触及。"
              },
              "questions": [
                {
                  "key": "stopWithin",
                  "pointers": [
                    "/permission/0/duty/0/constraint/0/rightOperand"
                  ],
                  "sort": "duration",
                  "prompt": {
                    "en": "How long after revocation may the data still be used?",
                    "zh": "撤回后多长时间内须停止使用？"
                  },
                  "default": "PT1H",
                  "example": "PT1H, 1h"
                },
                {
                  "key": "deleteWithin",
                  "pointers": [
                    "/permission/0/duty/1/constraint/0/rightOperand"
                  ],
                  "sort": "duration",
                  "prompt": {
                    "en": "How long after revocation must it be deleted?",
                    "zh": "撤回后多长时间内须销毁？"
                  },
                  "default": "PT24H",
                  "example": "PT24H, 24h"
                }
              ]
            }

            """#,
        "sandbox-only": #"""
            {
              "policy": "sandbox-only.json",
              "kinds": [
                "P-09"
              ],
              "title": {
                "en": "sandbox only",
                "zh": "仅沙箱使用"
              },
              "filledTitle": {
                "en": "Only in {environments}; results leave after review",
                "zh": "仅限在 {environments} 中使用，结果经审核后出域"
              },
              "notEnforced": {
                "en": "The environment is what the consumer's node is configured to be; this node does not measure a TEE. What leaves the sandbox through a screen is not seen, and copying is forbidden by contract only.",
                "zh": "使用环境以消费方节点的配置为准，本节点不对可信执行环境作远程证明；经屏幕流出的内容无法察觉，禁止复制为合同条款。"
              },
              "questions": [
                {
                  "key": "environments",
                  "pointers": [
                    "/permission/0/constraint/0/rightOperand"
                  ],
                  "sort": "concept",
                  "prompt": {
                    "en": "In which environments may the data be used?",
                    "zh": "数据可在哪些环境中使用？"
                  },
                  "multiple": true,
                  "default": [
                    "sandbox",
                    "TEE"
                  ],
                  "example": "sandbox, TEE"
                }
              ]
            }

            """#,
        "sensitive-data": #"""
            {
              "policy": "sensitive-data.json",
              "kinds": [
                "P-22"
              ],
              "title": {
                "en": "minors and sensitive data",
                "zh": "敏感信息门槛"
              },
              "filledTitle": {
                "en": "Minors: with a guardian's consent only",
                "zh": "未成年人信息：须经监护人同意"
              },
              "notEnforced": {
                "en": "Both facts are what the provider's people confirmed; the node does not look into the data for minors and does not collect consent.",
                "zh": "两项事实均以提供方人员确认为准；节点不检查数据是否含未成年人信息，也不代为征得同意。"
              },
              "questions": []
            }

            """#,
        "time-window": #"""
            {
              "policy": "time-window.json",
              "kinds": [
                "P-03"
              ],
              "title": {
                "en": "time window",
                "zh": "限定时间"
              },
              "filledTitle": {
                "en": "Time window: from {from} to {until}",
                "zh": "限定时间：{from} 至 {until}"
              },
              "notEnforced": {
                "en": "After the window the consumer's node refuses; a copy made while it was open stays readable.",
                "zh": "期满后由消费方节点拒绝使用；期内复制出去的内容仍可读取。"
              },
              "questions": [
                {
                  "key": "from",
                  "pointers": [
                    "/permission/0/constraint/0/rightOperand"
                  ],
                  "sort": "instant",
                  "prompt": {
                    "en": "From which day? The day is inside.",
                    "zh": "自哪一天起（含当日）？"
                  },
                  "default": "2026-12-01",
                  "bound": "from",
                  "example": "2026-12-01"
                },
                {
                  "key": "until",
                  "pointers": [
                    "/permission/0/constraint/1/rightOperand"
                  ],
                  "sort": "instant",
                  "prompt": {
                    "en": "Until which day? The day is inside.",
                    "zh": "至哪一天止（含当日）？"
                  },
                  "default": "2027-02-28",
                  "bound": "until",
                  "example": "2027-02-28"
                }
              ]
            }

            """#,
        "use-count": #"""
            {
              "policy": "use-count.json",
              "kinds": [
                "P-02"
              ],
              "title": {
                "en": "use count",
                "zh": "限定次数"
              },
              "filledTitle": {
                "en": "Use count: at most {count} reads",
                "zh": "限定次数：最多读取 {count} 次"
              },
              "notEnforced": {
                "en": "The count is kept by the consumer's node. What is copied out of one use can be read again without it.",
                "zh": "次数由消费方节点计数；一次使用中复制出去的内容可不经节点再次读取。"
              },
              "questions": [
                {
                  "key": "count",
                  "pointers": [
                    "/permission/0/constraint/0/rightOperand"
                  ],
                  "sort": "counter",
                  "prompt": {
                    "en": "How many times may the data be read?",
                    "zh": "最多可读取多少次？"
                  },
                  "default": "1000",
                  "example": "1000"
                }
              ]
            }

            """#,
        "watermark": #"""
            {
              "policy": "watermark.json",
              "kinds": [
                "P-18"
              ],
              "title": {
                "en": "watermark",
                "zh": "添加水印"
              },
              "filledTitle": {
                "en": "Watermark: the recipient is marked in every opened copy",
                "zh": "添加水印：每份打开的数据均标记接收方"
              },
              "notEnforced": {
                "en": "The mark is put in by the consumer's node and can be taken out by people who know where it is. It shows who leaked, it does not stop the leak.",
                "zh": "水印由消费方节点添加，知悉其位置者可去除；水印用于追溯泄露者，不能阻止泄露。"
              },
              "questions": []
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
