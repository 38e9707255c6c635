// SPDX-License-Identifier: Apache-2.0

package import CryptoPrimitives
import ExchangeModel

/// Rewrites a file front to back, with memory that does not grow with it.
package protocol DataRewriter: AnyObject {
    /// Appends to `output` what the next bytes of the file become.
    func update(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) throws(DataDutyError)
    func finish(into output: inout [UInt8]) throws(DataDutyError)
    /// Fields of the treatment that the file had so far, by their place in it.
    var found: Set<Int> { get }
}

/// What happens to data before anybody sees it: fields masked, rows marked with whom they were given to.
package struct DataTreatment: Sendable {
    struct Field: Sendable {
        let path: FieldPath
        let method: MaskMethod
    }

    private(set) var fields: [Field] = []
    let masker: ValueMasker
    let rowTag: RowTag?

    package static let maximumFields = 256

    /// - Parameter pseudonymKey: equal values get equal pseudonyms under it.
    /// - Parameter rowTag: for a column at the end of each table that names the recipient.
    package init(pseudonymKey: SecretBytes, rowTag: RowTag? = nil) {
        masker = ValueMasker(key: pseudonymKey)
        self.rowTag = rowTag
    }

    /// A field that several duties name is treated by the first.
    package mutating func mask(_ names: [String], by method: MaskMethod) throws(DataDutyError) {
        for name in names {
            guard fields.count < DataTreatment.maximumFields else { throw .badField(name) }
            fields.append(Field(path: try FieldPath(name), method: method))
        }
    }

    package var isEmpty: Bool { fields.isEmpty && rowTag == nil }

    /// What treats the file at `path` of a package; nil if it stays as it is.
    ///
    /// A kind is told by the name's ending. A file whose fields nobody can tell apart is refused while fields are to be masked.
    package func rewriter(for path: String, isEmpty: Bool) throws(DataDutyError) -> (any DataRewriter)? {
        let name = path.lowercased()
        if name.hasSuffix(".csv") { return CSVRewriter(self, path: path, delimiter: UInt8(ascii: ",")) }
        if name.hasSuffix(".tsv") { return CSVRewriter(self, path: path, delimiter: 0x09) }
        guard !fields.isEmpty else { return nil }
        for ending in [".json", ".jsonl", ".ndjson", ".geojson"] where name.hasSuffix(ending) { return JSONRewriter(self, path: path) }
        guard isEmpty else { throw .noFields(path: path) }
        return nil
    }

    /// Every field must have been in some file: a name that none has is a slip that would leave the data bare.
    package func checkComplete(_ found: Set<Int>) throws(DataDutyError) {
        for (index, field) in fields.enumerated() where !found.contains(index) { throw .fieldMissing(field.path.text) }
    }
}

/// Marks each row of a table with a keyed tag. Whoever has the key can tell for a leaked row whether it went out under this agreement; a
/// row whose tag was cut off or that was altered shows nothing (docs/guide/duties.md).
package struct RowTag: Sendable {
    package static let column = "_kouan_recipient"
    let key: SecretBytes

    package init(key: SecretBytes) { self.key = key }

    /// 64 bits: chance finds none in any table.
    package func tag(of row: [UInt8]) -> String { String(hexDigits: HMAC.authenticate(.sha256, key: key, row).prefix(8)) }

    /// Whether a row, as it stood in the opened file without its line end, carries this tag in its last column.
    package func marks(_ row: [UInt8], delimiter: UInt8 = UInt8(ascii: ",")) -> Bool {
        guard row.count > 17, row[row.count - 17] == delimiter else { return false }
        return constantTimeEqual(Array(tag(of: Array(row.dropLast(17))).utf8), Array(row.suffix(16)))
    }
}
