// SPDX-License-Identifier: Apache-2.0
internal import Foundation

/// The rules for paths inside a package (docs/formats/sealed-package.md §3). They hold on both sides: a sealer that made a path which no
/// opener
/// takes would lose the file, and an opener never writes what it has not checked.
enum PackagePath {
    static func check(_ path: String) throws(SealingError) {
        func refuse(_ reason: String) -> SealingError { .pathRefused(path: printable(path), reason: reason) }
        let bytes = path.utf8
        guard !bytes.isEmpty else { throw refuse("it is empty") }
        guard bytes.count <= Limits.pathBytes else { throw refuse("it is longer than \(Limits.pathBytes) bytes") }
        guard bytes.first != UInt8(ascii: "/") else { throw refuse("it is absolute") }
        for component in bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard !component.isEmpty else { throw refuse("it has an empty component") }
            guard component.count <= Limits.componentBytes else {
                throw refuse("a component is longer than \(Limits.componentBytes) bytes")
            }
            guard !component.elementsEqual(".".utf8), !component.elementsEqual("..".utf8) else {
                throw refuse("it has a `.` or `..` component")
            }
        }
        var isASCII = true
        for scalar in path.unicodeScalars {
            guard scalar.value >= 0x20, !(0x7F...0x9F).contains(scalar.value), scalar != "\\" else {
                throw refuse("it has a control character or a backslash")
            }
            if !scalar.isASCII { isASCII = false }
        }
        // `==` on strings is canonical equivalence, so the bytes decide.
        guard isASCII || path.precomposedStringWithCanonicalMapping.utf8.elementsEqual(bytes) else {
            throw refuse("it is not in Unicode normalization form C")
        }
    }

    /// What a file system that ignores case and normalization might keep of `text`.
    static func folded(_ text: String) -> String { text.uppercased().lowercased().precomposedStringWithCanonicalMapping }

    static func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

    /// Paths come from peers and go to terminals.
    static func printable(_ path: String) -> String {
        var text = ""
        for scalar in path.unicodeScalars.prefix(200) {
            text.unicodeScalars.append(scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "\u{FFFD}" : scalar)
        }
        return text
    }
}

/// Finds paths that some file system would take for one, and files that are also directories.
struct PathCollisions {
    private var directories: [String: String] = [:]  // folded → as first spelled
    private var files: [String: String] = [:]

    /// Paths arrive in byte order, each once.
    mutating func add(_ path: String) throws(SealingError) {
        let utf8 = path.utf8
        var position = utf8.startIndex
        while let slash = utf8[position...].firstIndex(of: UInt8(ascii: "/")) {
            let directory = String(path[..<slash])
            let key = PackagePath.folded(directory)
            if let spelled = directories[key] {
                guard spelled.utf8.elementsEqual(directory.utf8) else { throw .pathCollision(spelled, directory) }
            } else {
                if let file = files[key] { throw .pathCollision(file, path) }
                directories[key] = directory
            }
            position = utf8.index(after: slash)
        }
        let key = PackagePath.folded(path)
        if let other = directories[key] { throw .pathCollision(other + "/", path) }
        if let other = files.updateValue(path, forKey: key) { throw .pathCollision(other, path) }
    }
}
