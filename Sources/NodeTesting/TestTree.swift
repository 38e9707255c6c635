// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel
import Foundation
import StorageSQLite

/// A directory of mode 0700 that goes when the last reference to it does.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        path = NSTemporaryDirectory() + "kouan-" + Hex.encode(SecureRandom.bytes(8))
        try DataDirectory.create(path: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// A directory below, made with mode 0700.
    package func make(_ name: String) throws -> String {
        try DataDirectory.create(path: path + "/" + name)
        return path + "/" + name
    }
}

/// Files by relative path, written to and read from disk.
package enum TestTree {
    package static func write(_ files: [String: [UInt8]], to directory: String) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for (name, bytes) in files {
            let path = directory + "/" + name
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(fileURLWithPath: path))
        }
    }

    package static func read(_ directory: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try names(below: directory) {
            var isDirectory: ObjCBool = false
            let path = directory + "/" + name
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue else { continue }
            files[name] = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        }
        return files
    }

    /// Files and directories, relative.
    package static func names(below directory: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: directory) else { return [] }
        return try FileManager.default.subpathsOfDirectory(atPath: directory).sorted()
    }

    /// What a stop at this moment would leave to the next start: a copy of all files but the lock and SQLite's shared memory.
    package static func copy(_ directory: String, to target: String) throws {
        try DataDirectory.create(path: target)
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) where name != "lock" && !name.hasSuffix("-shm") {
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: directory + "/" + name, isDirectory: &isDirectory) else { continue }
            if isDirectory.boolValue {
                try copy(directory + "/" + name, to: target + "/" + name)
                continue
            }
            do {
                try FileManager.default.copyItem(atPath: directory + "/" + name, toPath: target + "/" + name)
            } catch {
                // A key whose use has ended may go while its directory is read; then the stop came after that.
                if FileManager.default.fileExists(atPath: directory + "/" + name) { throw error }
            }
        }
    }
}
