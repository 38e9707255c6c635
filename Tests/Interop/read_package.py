#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads sealed packages from docs/formats/sealed-package.md alone, sharing no code with the product.

    read_package.py PACKAGE FILE-KEY-HEX [DIRECTORY]   verify, and write the files when a directory is given
    read_package.py --vectors DIRECTORY                run Tests/Vectors/sealed-package

Needs the PyPI packages cryptography and zstandard. Holds a package in memory: it proves the page, it is no tool.
"""
import base64
import hashlib
import hmac
import json
import os
import struct
import sys
import unicodedata
import zlib

import zstandard
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Refused(Exception):
    def __init__(self, code, detail=""):
        super().__init__(f"sealing.{code} {detail}".strip())
        self.code = "sealing." + code


def need(condition, code, detail=""):
    if not condition:
        raise Refused(code, detail)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def expand(prk, info, count=32):
    out, block, counter = b"", b"", 1
    while len(out) < count:
        block = hmac.new(prk, block + info + bytes([counter]), "sha256").digest()
        out, counter = out + block, counter + 1
    return out[:count]


def root(leaves):
    """RFC 6962 section 2.1."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01", root(leaves[:split]), root(leaves[split:]))


def read_signature_section(data):
    """Section 2.6. Wraps are skipped: they are the business of the key grant."""
    need(len(data) >= 2, "signature-section-invalid")
    signer = None
    position = 1
    if data[0] == 1:
        signer = (data[1:33], data[33:97])
        position = 97
    else:
        need(data[0] == 0, "signature-section-invalid")
    need(position < len(data), "signature-section-invalid")
    count, position = data[position], position + 1
    need(count <= 64, "signature-section-invalid")
    for _ in range(count):
        need(position + 4 <= len(data), "signature-section-invalid")
        length = struct.unpack_from(">I", data, position)[0]
        need(length <= 16384, "signature-section-invalid")
        position += 4 + length
    need(position == len(data), "signature-section-invalid")
    return signer


class Package:
    def __init__(self, data, pinned=None):
        self.data = data
        need(data[:8] == b"KOUANPKG", "not-a-package")
        need(len(data) >= 68 + 64, "truncated")
        footer = data[-64:]
        need(footer[:8] == b"KOUANEND", "truncated")
        version, suite, reserved, header_length = struct.unpack(">HBBI", footer[8:16])
        need(version == 1, "version-unsupported")
        need(suite == 1, "suite-unsupported")
        need(reserved == 0 and header_length == 36, "footer-invalid")
        self.payload_count, self.manifest_count, self.manifest_at, self.index_at, self.signature_at, size = struct.unpack(">6Q", footer[16:])
        need(len(data) >= size, "truncated")
        need(len(data) == size, "trailing-bytes")
        leaves = 1 + self.payload_count + self.manifest_count
        need(self.payload_count >= 1 and self.manifest_count >= 1 and leaves <= 1 << 24, "footer-invalid")
        need(68 + 25 * self.payload_count <= self.manifest_at, "footer-invalid")
        need(self.manifest_at + 25 * self.manifest_count <= self.index_at, "footer-invalid")
        need(self.signature_at == self.index_at + 32 * leaves and self.signature_at + 2 <= size - 64, "footer-invalid")

        signer = read_signature_section(data[self.signature_at : -64])
        index = data[self.index_at : self.signature_at]
        self.leaves = [index[i : i + 32] for i in range(0, len(index), 32)]
        reference = b"kouan/package/v1" + bytes([suite]) + root(self.leaves) + struct.pack(">QQ", leaves, self.signature_at)
        self.digest = "sha256:" + sha256(reference).hex()
        need(signer is not None, "not-signed")
        try:
            Ed25519PublicKey.from_public_bytes(signer[0]).verify(signer[1], b"kouan/package/v1\n" + reference)
        except InvalidSignature:
            raise Refused("signature-invalid") from None
        need(pinned is None or signer[0] == pinned, "other-signer")

        self.header, self.commitment = data[:36], data[36:68]
        version, suite, reserved, header_length, self.chunk_size = struct.unpack(">HBBII", self.header[8:20])
        need(version == 1, "version-unsupported")
        need(suite == 1, "suite-unsupported")
        need(reserved == 0 and header_length == 36, "header-invalid")
        need(65536 <= self.chunk_size <= 16777216 and self.chunk_size & (self.chunk_size - 1) == 0, "header-invalid")
        need(self.leaves[0] == sha256(b"\x00\x01", self.header, self.commitment), "header-altered")

    def chunks(self, kind):
        """Each chunk's number, whether it is the last, and its sealed bytes, checked against the tree."""
        if kind == 2:
            count, position, end, leaf = self.payload_count, 68, self.manifest_at, 1
        else:
            count, position, end, leaf = self.manifest_count, self.manifest_at, self.index_at, 1 + self.payload_count
        for number in range(count):
            need(position + 4 <= end, "chunk-length-invalid")
            length = struct.unpack_from(">I", self.data, position)[0]
            position += 4
            last = number == count - 1
            need(21 <= length <= self.chunk_size + 21 and position + length <= end, "chunk-length-invalid")
            need(last == (position + length == end), "chunk-length-invalid")
            sealed = self.data[position : position + length]
            position += length
            body = bytes([kind]) + struct.pack(">QI", number, length) + sha256(sealed)
            need(self.leaves[leaf + number] == sha256(b"\x00", body), "chunk-altered")
            yield number, last, sealed

    def open(self, kind, prk, purpose):
        aead = AESGCM(expand(prk, b"kouan/package/v1/" + purpose))
        for number, last, sealed in self.chunks(kind):
            nonce = number.to_bytes(11, "big") + bytes([last])
            try:
                plain = aead.decrypt(nonce, sealed, sha256(self.header) + bytes([kind]))
            except InvalidTag:
                raise Refused("chunk-not-authentic") from None
            length = struct.unpack_from(">I", plain, 1)[0]
            need(5 + length <= len(plain), "chunk-encoding-invalid")
            encoded, padding = plain[5 : 5 + length], plain[5 + length :]
            need(not any(padding), "chunk-encoding-invalid")
            content = decode(plain[0], encoded, self.chunk_size)
            need(length <= len(content), "chunk-encoding-invalid")
            need(len(content) == self.chunk_size or (last and (content or number == 0)), "chunk-not-full")
            yield content

    def read(self, file_key):
        """The files by path, after every check of the page."""
        prk = hmac.new(sha256(self.header), file_key, "sha256").digest()
        need(hmac.compare_digest(expand(prk, b"kouan/package/v1/commit"), self.commitment), "wrong-key")
        first, entries = read_manifest(b"".join(self.open(3, prk, b"manifest")))
        size = first["payloadBytes"]
        need(max(1, -(-size // self.chunk_size)) == self.payload_count, "manifest-disagrees")
        payload = b"".join(self.open(2, prk, b"payload"))
        need(len(payload) == size, "manifest-disagrees")
        files = {}
        for entry in entries:
            head = head_of(entry, first["source"])
            start = entry["offset"]
            need(payload[start - len(head) : start] == head, "manifest-disagrees")
            content = payload[start : start + entry["size"]]
            need(entry["digest"] == "sha256:" + hashlib.sha256(content).hexdigest(), "digest-mismatch")
            files[entry["path"] or ""] = content
        return files


def decode(codec, encoded, limit):
    if codec == 0:
        return encoded
    if codec == 1:
        inflater = zlib.decompressobj()
        try:
            content = inflater.decompress(encoded, limit + 1)
        except zlib.error:
            raise Refused("chunk-not-decodable") from None
        need(len(content) <= limit, "chunk-too-large")
        need(inflater.eof and not inflater.unused_data, "chunk-not-decodable")
        return content
    need(codec == 2, "codec-unknown")
    need(encoded[:4] == b"\x28\xb5\x2f\xfd" and len(encoded) >= 6, "chunk-not-decodable")
    descriptor = encoded[4]
    single = descriptor & 0x20
    need(descriptor & 3 == 0 and (single or descriptor >> 6), "chunk-encoding-invalid")
    if not single:
        base = 1 << (10 + (encoded[5] >> 3))
        need(base + base // 8 * (encoded[5] & 7) <= limit, "chunk-encoding-invalid")
    size = zstandard.frame_content_size(encoded)
    need(size >= 0, "chunk-not-decodable")
    try:
        inflater = zstandard.ZstdDecompressor().decompressobj()
        need(size <= limit, "chunk-too-large")
        content = inflater.decompress(encoded)
    except zstandard.ZstdError:
        raise Refused("chunk-not-decodable") from None
    need(inflater.eof and not inflater.unused_data and len(content) == size, "chunk-not-decodable")
    return content


def members(pairs):
    need(len({name for name, _ in pairs}) == len(pairs), "manifest-invalid")
    return dict(pairs)


def head_of(entry, source):
    text = json.dumps({"path": entry["path"], "size": None if source == "stream" else entry["size"]}, ensure_ascii=False, separators=(",", ":"))
    return struct.pack(">I", len(text.encode())) + text.encode()


def fold(text):
    return unicodedata.normalize("NFC", text.upper().lower())


def check_path(path):
    raw = path.encode()
    good = 0 < len(raw) <= 4096 and not path.startswith("/") and unicodedata.normalize("NFC", path) == path
    good = good and not any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F or c == "\\" for c in path)
    good = good and all(part not in ("", ".", "..") and len(part.encode()) <= 255 for part in path.split("/"))
    need(good, "path-refused")


def read_manifest(data):
    need(len(data) <= 256 << 20 and data.endswith(b"\n"), "manifest-invalid")
    try:
        lines = [json.loads(line, object_pairs_hook=members) for line in data.decode().split("\n")[:-1]]
    except (ValueError, UnicodeDecodeError):
        raise Refused("manifest-invalid") from None
    first, entries = lines[0], lines[1:]
    need(first.get("version") == 1, "version-unsupported")
    source = first.get("source")
    need(source in ("tree", "file", "stream"), "manifest-invalid")
    directories, names, previous, end, content = {}, {}, None, 0, 0
    for entry in entries:
        path = entry.get("path")
        if path is None:
            need(source == "stream", "manifest-invalid")
        else:
            check_path(path)
            need(previous is None or previous < path.encode(), "manifest-invalid")
            previous = path.encode()
            parts = path.split("/")
            for depth in range(1, len(parts)):
                directory = "/".join(parts[:depth])
                need(fold(directory) not in names and directories.setdefault(fold(directory), directory) == directory, "path-collision")
            need(fold(path) not in directories and fold(path) not in names, "path-collision")
            names[fold(path)] = path
        need(type(entry.get("size")) is int and 0 <= entry["size"] <= 1 << 48, "manifest-invalid")
        need(entry.get("offset") == end + len(head_of(entry, source)), "manifest-invalid")
        end = entry["offset"] + entry["size"]
        content += entry["size"]
    need(first.get("files") == len(entries) and (source == "tree" or len(entries) == 1), "manifest-invalid")
    need(first.get("contentBytes") == content and first.get("payloadBytes") == end, "manifest-invalid")
    return first, entries


def run_vectors(directory):
    failures = 0
    names = sorted(name for name in os.listdir(directory) if name.endswith(".json"))
    for name in names:
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            vector = json.load(file)
        pinned = base64.b64decode(vector["signer"].split(":")[1])
        files = None
        try:
            files = Package(bytes.fromhex(vector["package"]), pinned).read(bytes.fromhex(vector["fileKey"]))
            found = "ok"
        except Refused as refused:
            found = refused.code
        right = found == vector["expect"]
        if right and "files" in vector:
            right = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()} == vector["files"]
        if not right:
            failures += 1
            print(f"{name}: expected {vector['expect']}, found {found}")
    print(f"{len(names) - failures} of {len(names)} vectors agree")
    return failures == 0 and len(names) > 0


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--vectors":
        return 0 if run_vectors(arguments[1]) else 1
    if len(arguments) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    with open(arguments[0], "rb") as file:
        data = file.read()
    try:
        package = Package(data)
        files = package.read(bytes.fromhex(arguments[1]))
    except Refused as refused:
        print(f"refused: {refused}", file=sys.stderr)
        return 1
    print(package.digest)
    for path, content in files.items():
        print(f"{len(content):12} {path}")
        if len(arguments) == 3:
            target = os.path.join(arguments[2], path or "data")
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "xb") as file:
                file.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
