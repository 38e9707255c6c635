// SPDX-License-Identifier: Apache-2.0

import ManagementAPI

/// What a person reads, in the two languages. English comes from the error itself; Chinese stands here, by code.
///
/// `{1}`, `{2}` … take the values that the English sentence has in backticks, in order. A code without a row is shown in English:
/// better the right sentence in the wrong language than none.
enum Texts {
    static func failure(_ failure: OperationFailure, language: Language) -> (message: String, hint: String) {
        guard language == .zh, let row = chinese[failure.code] else { return (failure.message, failure.hint) }
        let values = backticked(failure.message) + backticked(failure.hint).map { $0 }
        return (fill(row.message, values), fill(row.hint, values))
    }

    static func backticked(_ text: String) -> [String] {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        return stride(from: 1, to: parts.count - 1, by: 2).map { String(parts[$0]) }
    }

    static func fill(_ template: String, _ values: [String]) -> String {
        var out = template
        for index in 1...9 {
            guard let range = out.range(ofPlaceholder: index) else { continue }
            out.replaceSubrange(range, with: index <= values.count ? "`\(values[index - 1])`" : "")
        }
        return out
    }
}

extension String {
    fileprivate func range(ofPlaceholder index: Int) -> Range<String.Index>? {
        let needle = Array("{\(index)}")
        var start = startIndex
        while let open = self[start...].firstIndex(of: "{") {
            let end = self.index(open, offsetBy: needle.count, limitedBy: endIndex) ?? endIndex
            if Array(self[open..<end]) == needle { return open..<end }
            start = self.index(after: open)
        }
        return nil
    }
}
