// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel

@testable import Sealing

/// Builds packages byte by byte from docs/formats/sealed-package.md §2, without the sealer: right ones by default, and wrong ones whose
/// tree and
/// signature are right, as only somebody with the file key and a signing key could make them.
struct Forge {
    // Published keys: RFC 8032 §7.1 test 1 and RFC 7748 §6.1 (Alice).
    static let signer = try! PrivateKey(
        raw: Hex.decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")!, algorithm: .ed25519)
    static let recipient = try! PrivateKey(
        raw: Hex.decode("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")!, algorithm: .x25519)
    static let fileKey = (0..<32).map { UInt8($0) }

    var chunkSize = 65_536
    var fileKey = Forge.fileKey
    var salt = (0..<16).map { UInt8(0xA0 + $0) }
    /// Plaintexts of the chunks, as the AEAD gets them.
    var payload: [[UInt8]] = []
    var manifest: [[UInt8]] = []
    var signed = true

    // What can be made wrong.
    var header: [UInt8]?
    var commitment: [UInt8]?
    var payloadNonces: [(index: Int64, last: Bool)]?
    var manifestKind = ChunkKind.manifest
    var editSealed: (inout [[UInt8]]) -> Void = { _ in }
    var editAfterTree: (inout [[UInt8]]) -> Void = { _ in }
    var editIndex: (inout [UInt8]) -> Void = { _ in }
    var editSection: (inout [UInt8]) -> Void = { _ in }
    var editFooter: (inout PackageFooter) -> Void = { _ in }
    var editFooterBytes: (inout [UInt8]) -> Void = { _ in }
    var gapBeforeIndex: [UInt8] = []

    /// A right package of `files`, every chunk stored.
    init(files: [(path: String, content: [UInt8])]) {
        var bytes: [UInt8] = []
        var entries: [Manifest.Entry] = []
        for file in files {
            bytes += Manifest.head(path: file.path, size: Int64(file.content.count))
            entries.append(
                Manifest.Entry(
                    path: file.path, size: Int64(file.content.count), offset: Int64(bytes.count), digest: Hash.digest(file.content)))
            bytes += file.content
        }
        payload = Forge.cut(bytes, chunkSize).map { Forge.frame(0, $0) }
        setManifest(
            Manifest(
                source: .tree, entries: entries, contentBytes: entries.reduce(0) { $0 + $1.size }, payloadBytes: Int64(bytes.count),
                metadata: nil))
    }

    mutating func setManifest(_ value: Manifest) {
        setManifest(lines: String(decoding: value.firstLine + value.entries.flatMap(Manifest.line), as: UTF8.self))
    }

    mutating func setManifest(lines: String) { manifest = Forge.cut(Array(lines.utf8), chunkSize).map { Forge.frame(0, $0) } }

    static func cut(_ bytes: [UInt8], _ size: Int) -> [[UInt8]] {
        if bytes.isEmpty { return [[]] }
        return stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
    }

    static func frame(_ codec: UInt8, _ encoded: [UInt8], padding: [UInt8] = [], length: Int? = nil) -> [UInt8] {
        var frame = [codec]
        frame.append(u32: UInt32(length ?? encoded.count))
        return frame + encoded + padding
    }

    /// A zstd frame of some bytes and then one repeated byte, written by hand (RFC 8878 §3.1.1): one segment, content size, a raw block,
    /// RLE
    /// blocks. `count` is of all.
    static func zstdRun(
        of byte: UInt8, after head: [UInt8] = [], count: Int, dictionary: Bool = false, contentSize: Bool = true, window: UInt8? = nil
    ) -> [UInt8] {
        var frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
        let single = window == nil && contentSize
        frame.append((contentSize ? 0b1000_0000 : 0) | (single ? 0b10_0000 : 0) | (dictionary ? 1 : 0))
        if !single { frame.append(window ?? 0x30) }  // 0x30: 64 KiB
        if dictionary { frame.append(7) }
        if contentSize { frame += (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } }
        func blockHeader(_ size: Int, type: Int, last: Bool) -> [UInt8] {
            let header = size << 3 | type << 1 | (last ? 1 : 0)
            return (0..<3).map { UInt8(truncatingIfNeeded: header >> (8 * $0)) }
        }
        if !head.isEmpty { frame += blockHeader(head.count, type: 0, last: false) + head }
        var left = count - head.count
        repeat {
            let size = min(left, 65_536)
            left -= size
            frame += blockHeader(size, type: 1, last: left == 0) + [byte]
        } while left > 0
        return frame
    }

    func build() -> [UInt8] {
        let header = self.header ?? (try! PackageHeader(suite: .international, chunkSize: chunkSize, salt: salt)).bytes
        let extracted = HKDF.extract(.sha256, salt: Hash.sha256(header), secret: SecretBytes(fileKey))
        func key(_ purpose: String) -> SecretBytes {
            HKDF.expand(.sha256, key: extracted, info: Array("kouan/package/v1/\(purpose)".utf8), count: 32)
        }
        let commitment = self.commitment ?? key("commit").copy()
        func seal(_ frames: [[UInt8]], _ kind: ChunkKind, _ purpose: String, _ nonces: [(index: Int64, last: Bool)]?) -> [[UInt8]] {
            let aead = try! AESGCM(key: key(purpose))
            return frames.enumerated().map { index, frame in
                let nonce = nonces?[index] ?? (index: Int64(index), last: index == frames.count - 1)
                return try! aead.seal(
                    nonce: ChunkCipher.nonce(nonce.index, last: nonce.last), aad: Hash.sha256(header) + [kind.rawValue], frame)
            }
        }
        var payload = seal(self.payload, .payload, "payload", payloadNonces)
        editSealed(&payload)
        let manifest = seal(self.manifest, manifestKind, "manifest", nil)

        var index = Hash.sha256([0x00, 0x01] + header + commitment)
        for (kind, chunks) in [(UInt8(2), payload), (3, manifest)] {
            for (number, chunk) in chunks.enumerated() {
                var leaf: [UInt8] = [0x00, kind]
                leaf.append(u64: UInt64(number))
                leaf.append(u32: UInt32(chunk.count))
                index += Hash.sha256(leaf + Hash.sha256(chunk))
            }
        }
        let root = Forge.root(stride(from: 0, to: index.count, by: 32).map { Array(index[$0..<$0 + 32]) })
        editAfterTree(&payload)

        func stored(_ chunks: [[UInt8]]) -> [UInt8] {
            chunks.flatMap { chunk in
                var bytes: [UInt8] = []
                bytes.append(u32: UInt32(chunk.count))
                return bytes + chunk
            }
        }
        var bytes = header + commitment + stored(payload)
        let manifestOffset = bytes.count
        bytes += stored(manifest) + gapBeforeIndex
        let indexOffset = bytes.count
        editIndex(&index)
        bytes += index
        let reference = PackageReference(
            suite: .international, root: root, leafCount: Int64(1 + payload.count + manifest.count), totalBytes: Int64(bytes.count))
        var section = SignatureSection(
            signature: signed ? try! SignatureBlock(reference.signedBytes, by: Forge.signer, suite: .international) : nil, wraps: []
        )
        .bytes
        editSection(&section)
        let signatureOffset = bytes.count
        bytes += section
        var footer = PackageFooter(
            suite: .international, payloadChunks: Int64(payload.count), manifestChunks: Int64(manifest.count),
            manifestOffset: Int64(manifestOffset), indexOffset: Int64(indexOffset), signatureOffset: Int64(signatureOffset),
            fileBytes: Int64(bytes.count + 64))
        editFooter(&footer)
        var footerBytes = footer.bytes
        editFooterBytes(&footerBytes)
        return bytes + footerBytes
    }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] { Hash.sha256(bytes) }

    /// RFC 6962 §2.1, as it is written there.
    static func root(_ leaves: [[UInt8]]) -> [UInt8] {
        guard leaves.count > 1 else { return leaves[0] }
        var split = 1
        while split * 2 < leaves.count { split *= 2 }
        return Hash.sha256([0x01] + root(Array(leaves[..<split])) + root(Array(leaves[split...])))
    }
}
