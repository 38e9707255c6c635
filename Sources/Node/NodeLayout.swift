// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Foundation

/// Where a node keeps what it has. One folder, mode 0700, one process at a time.
///
///     kouan.yaml             configuration
///     state.sqlite           state and ledger, one database, so that a commit is one transaction
///     ledger-head            the last signed head, outside the database and its backups
///     subject-keys.sqlite    keys of the ledger's openings
///     keys/                  signing, guomi signing, encryption, ledger, witness and storage keys, 0600
///     tls/                   key.pem, server.pem, client.pem
///     users/admin.token      the first admin's token, for this machine
///     packages/ received/    sealed packages of ours and of others, by digest
///     leases/                request keys of key grants, until their lease ends
///     run/management.json    while the node serves: process id and URL of the management port
struct NodeLayout: Sendable {
    let directory: String

    var configuration: String { directory + "/kouan.yaml" }
    var keys: String { directory + "/keys" }
    var tlsKey: String { directory + "/tls/key.pem" }
    var serverChain: String { directory + "/tls/server.pem" }
    var clientChain: String { directory + "/tls/client.pem" }
    var adminToken: String { directory + "/users/admin.token" }
    var managementFile: String { directory + "/run/management.json" }

    func makeFolders() throws {
        for name in ["", "/keys", "/tls", "/users", "/run"] {
            try FileManager.default.createDirectory(
                atPath: directory + name, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
    }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    func text(_ path: String, limitBytes: Int = 1 << 20) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw NodeFailure.unreadable(path)
        }
        guard data.count <= limitBytes, let text = String(validating: data, as: UTF8.self) else { throw NodeFailure.unreadable(path) }
        return text
    }

    /// Replaces a file as a whole: a reader sees the old or the new one.
    func replace(_ path: String, with text: String, mode: Int = 0o600) throws {
        let temporary = path + ".new"
        try? FileManager.default.removeItem(atPath: temporary)
        guard FileManager.default.createFile(atPath: temporary, contents: Data(text.utf8), attributes: [.posixPermissions: mode]) else {
            throw NodeFailure.unwritable(path)
        }
        guard rename(temporary, path) == 0 else { throw NodeFailure.unwritable(path) }
    }
}

/// What keeps a node from opening or serving.
package enum NodeFailure: KouanError, Equatable {
    case exists(String)
    case notInitialised(String)
    case unreadable(String)
    case unwritable(String)
    case portInUse(String)
    case cannotListen(String, reason: String)
    case certificateNotOurs(String)
    case noCertificate
    case noSpace

    package var code: String {
        switch self {
        case .exists: "node.exists"
        case .notInitialised: "node.not-initialised"
        case .unreadable: "node.file-unreadable"
        case .unwritable: "node.file-unwritable"
        case .portInUse: "node.port-in-use"
        case .cannotListen: "node.cannot-listen"
        case .certificateNotOurs: "cert.not-ours"
        case .noCertificate: "node.no-certificate"
        case .noSpace: "node.no-space"
        }
    }

    package var message: String {
        switch self {
        case .exists(let directory): "`\(directory)` already holds a node"
        case .notInitialised(let directory): "`\(directory)` holds no node"
        case .unreadable(let path): "`\(path)` cannot be read"
        case .unwritable(let path): "`\(path)` cannot be written"
        case .portInUse(let address): "`\(address)` is in use by another program"
        case .cannotListen(let address, let reason): "this node cannot listen on `\(address)`: \(reason)"
        case .certificateNotOurs(let reason): "the certificate does not fit this node: \(reason)"
        case .noCertificate: "no TLS certificate is installed"
        case .noSpace: "this node belongs to no space, so it trusts nobody"
        }
    }

    package var hint: String {
        switch self {
        case .exists: "choose another directory with --data"
        case .notInitialised: "make one with `kouan init`"
        case .unreadable: "check that the file is there, is UTF-8 text and belongs to you"
        case .unwritable: "check the rights of the directory and the free space of the disk"
        case .portInUse: "stop the other program, or change the address in kouan.yaml"
        case .cannotListen: "choose an address of this machine and a port above 1023 in kouan.yaml"
        case .certificateNotOurs: "make a request with `kouan cert request` and have it signed by the space's authority"
        case .noCertificate: "make a request with `kouan cert request`, then `kouan cert install`"
        case .noSpace: "take in the space's file with `kouan space add`"
        }
    }
}
