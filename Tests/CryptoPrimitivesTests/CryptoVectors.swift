// SPDX-License-Identifier: Apache-2.0
import ExchangeModel
import Foundation
import Testing

/// One case of a file in `Tests/Vectors/crypto`: a name, what is expected, and hexadecimal fields.
struct CryptoVector: Sendable, CustomTestStringConvertible {
    let number: Int
    let name: String
    let expect: String
    private let fields: [String: String]

    var testDescription: String { "\(number) \(name)" }

    /// Traps on a missing or malformed field: the file is ours.
    subscript(_ field: String) -> [UInt8] { Hex.decode(fields[field]!)! }
    func text(_ field: String) -> String { fields[field]! }
    func has(_ field: String) -> Bool { fields[field] != nil }

    static func load(_ file: String) -> [CryptoVector] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let bytes = [UInt8](try! Data(contentsOf: folder.appending(path: "Vectors/crypto/\(file)")))
        let cases = try! JSON.parse(bytes)["cases"]!.array!
        return cases.enumerated().map { number, value in
            let fields = value.object!.compactMapValues(\.string)
            return CryptoVector(number: number, name: fields["name"]!, expect: fields["expect"]!, fields: fields)
        }
    }
}
