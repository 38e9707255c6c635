// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Logging
import Node

/// One JSON object per line on standard error: time, level, message, facts. Messages are fixed; what varies stands in the facts.
struct JSONLogHandler: LogHandler {
    var logLevel: Logger.Level = .info
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    private let clock = SystemClock()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var facts = metadata
        if let provided = metadataProvider?.get() { facts.merge(provided) { _, new in new } }
        if let given = event.metadata { facts.merge(given) { _, new in new } }
        var line: [String: JSON] = facts.mapValues(JSONLogHandler.json)
        line["time"] = .string(clock.now().description)
        line["level"] = .string(event.level.rawValue)
        line["message"] = .string(event.message.description)
        Terminal.standardError.write(JSON.object(line).canonicalText + "\n")
    }

    private static func json(_ value: Logger.Metadata.Value) -> JSON {
        switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let value): .string(value.description)
        case .dictionary(let members): .object(members.mapValues(json))
        case .array(let values): .array(values.map(json))
        }
    }
}
