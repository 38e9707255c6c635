#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads sealed packages of both suites from docs/formats/sealed-package.md and key-grant.md alone, sharing no code with the product.

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
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import sm2


class Refused(Exception):
    def __init__(self, code, detail=""):
        super().__init__(f"sealing.{code} {detail}".strip())
        self.code = "sealing." + code


def need(condition, code, detail=""):
    if not condition:
        raise Refused(code, detail)


class Suite:
    """Section 1: what differs between the suites."""

    def hash(self, *parts):
        return hashlib.new(self.digest, b"".join(parts)).digest()

    def named(self, data):
        return self.digest + ":" + self.hash(data).hex()

    def extract(self, salt, secret):
        return hmac.new(salt, secret, self.digest).digest()

    def expand(self, prk, info, count=32):
        out, block, counter = b"", b"", 1
        while len(out) < count:
            block = hmac.new(prk, block + info + bytes([counter]), self.digest).digest()
            out, counter = out + block, counter + 1
        return out[:count]

    def root(self, leaves):
        """RFC 6962 section 2.1."""
        if len(leaves) == 1:
            return leaves[0]
        split = 1
        while split * 2 < len(leaves):
            split *= 2
        return self.hash(b"\x01", self.root(leaves[:split]), self.root(leaves[split:]))


class International(Suite):
    number, tag, digest, enc_key = 1, 16, "sha256", "x25519:"

    def opener(self, prk, purpose):
        key = AESGCM(self.expand(prk, b"kouan/package/v1/" + purpose))

        def open_(nonce, sealed, aad):
            try:
                return key.decrypt(nonce, sealed, aad)
            except InvalidTag:
                return None

        return open_

    def is_key(self, raw):
        return len(raw) == 32

    def verify(self, key, signature, message):
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
            return True
        except InvalidSignature:
            return False

    def is_wrap(self, enc, ciphertext):
        return len(enc) == 32 and len(ciphertext) == 48


class Guomi(Suite):
    number, tag, digest, enc_key = 2, 32, "sm3", "sm2:"

    def opener(self, prk, purpose):
        key = self.expand(prk, b"kouan/package/v1/" + purpose, 16)
        mac_key = self.expand(prk, b"kouan/package/v1/mac")
        return lambda nonce, sealed, aad: self.decrypt(key, mac_key, nonce, sealed, aad)

    def decrypt(self, key, mac_key, nonce, sealed, aad):
        text, tag = sealed[:-32], sealed[-32:]
        data = struct.pack(">Q", len(aad)) + aad + nonce + struct.pack(">Q", len(text)) + text
        if not hmac.compare_digest(hmac.new(mac_key, data, "sm3").digest(), tag):
            return None
        return Cipher(algorithms.SM4(key), modes.CTR(nonce + bytes(4))).decryptor().update(text)

    def is_key(self, raw):
        return sm2.decode_point(raw) is not None

    def verify(self, key, signature, message):
        return sm2.verify(sm2.decode_point(key), signature, message)

    def is_wrap(self, enc, ciphertext):
        parts = sm2.decode(enc, (2, 2, 4, 4))
        return parts is not None and len(parts[2]) == 32 and len(parts[3]) == 32 and len(ciphertext) == 64

    def unwrap(self, secret, enc, ciphertext, context):
        seed = sm2.decrypt(secret, enc)
        if seed is None:
            return None
        kek = self.expand(self.extract(b"", seed), context, 48)
        return self.decrypt(kek[:16], kek[16:], bytes(11) + b"\x01", ciphertext, context)


SUITES = {1: International(), 2: Guomi()}


def read_signature_block(data, position, code):
    """Algorithm, key and signature, or None, and the position behind them."""
    need(position < len(data), code)
    algorithm = data[position]
    position += 1
    if algorithm == 0:
        return None, position
    need(algorithm in SUITES, code)
    key_size = 32 if algorithm == 1 else 65
    key, position = data[position : position + key_size], position + key_size
    size = 64
    if algorithm == 2:
        need(position < len(data) and 8 <= data[position] <= 72, code)
        size, position = data[position], position + 1
    signature, position = data[position : position + size], position + size
    need(position <= len(data) and SUITES[algorithm].is_key(key), code)
    return (SUITES[algorithm], key, signature), position


class Wrap:
    """key-grant.md section 2."""

    NAMES = "agreement allowance consumer durationSeconds grantID nodeCard notAfter notBefore package policyHash provider requestID requestKey suite version"

    def __init__(self, data):
        fields, position = [], 0
        for size in (4, 2, 2):
            length = int.from_bytes(data[position : position + size], "big")
            position += size + length
            fields.append(data[position - length : position])
        self.context, self.enc, self.ciphertext = fields
        need(position < len(data) and len(self.context) <= 8192, "grant-invalid")
        self.block, position = read_signature_block(data, position, "grant-invalid")
        need(position == len(data), "grant-invalid")
        try:
            self.terms = json.loads(self.context)
        except ValueError:
            raise Refused("grant-invalid") from None
        need(sorted(self.terms) == self.NAMES.split() and self.terms["version"] == 1, "grant-invalid")
        canonical = json.dumps(self.terms, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        need(canonical == self.context and self.terms["suite"] in SUITES, "grant-invalid")
        self.suite = suite = SUITES[self.terms["suite"]]
        need(self.terms["requestKey"].startswith(suite.enc_key) and self.terms["package"].startswith(suite.digest + ":"), "grant-invalid")
        need(self.block is None or self.block[0] is suite, "grant-invalid")
        need(suite.is_wrap(self.enc, self.ciphertext), "grant-invalid")

    def verify(self, signer, package):
        """Section 3, for a wrap."""
        need((self.block and self.block[1]) == (signer and signer[1]), "grant-other-signer")
        if self.block:
            message = b"kouan/grant/v1\n" + self.context + self.enc + self.ciphertext
            need(self.suite.verify(self.block[1], self.block[2], message), "grant-signature-invalid")
        need(self.terms["package"] == package, "grant-differs")
        need(all(self.terms[name] is None for name in ("requestID", "agreement", "consumer", "provider")), "grant-invalid")


def read_signature_section(data):
    """Section 2.6."""
    need(len(data) >= 2, "signature-section-invalid")
    signer, position = read_signature_block(data, 0, "signature-section-invalid")
    need(position < len(data), "signature-section-invalid")
    count, position = data[position], position + 1
    need(count <= 64, "signature-section-invalid")
    wraps = []
    for _ in range(count):
        need(position + 4 <= len(data), "signature-section-invalid")
        length = struct.unpack_from(">I", data, position)[0]
        position += 4 + length
        need(length <= 16384 and position <= len(data), "signature-section-invalid")
        wraps.append(Wrap(data[position - length : position]))
    need(position == len(data), "signature-section-invalid")
    return signer, wraps


class Package:
    def __init__(self, data, pinned=None):
        self.data = data
        need(data[:8] == b"KOUANPKG", "not-a-package")
        need(len(data) >= 68 + 64, "truncated")
        footer = data[-64:]
        need(footer[:8] == b"KOUANEND", "truncated")
        version, suite, reserved, header_length = struct.unpack(">HBBI", footer[8:16])
        need(version == 1, "version-unsupported")
        need(suite in SUITES, "suite-unsupported")
        self.suite = SUITES[suite]
        need(reserved == 0 and header_length == 36, "footer-invalid")
        self.payload_count, self.manifest_count, self.manifest_at, self.index_at, self.signature_at, size = struct.unpack(">6Q", footer[16:])
        need(len(data) >= size, "truncated")
        need(len(data) == size, "trailing-bytes")
        leaves = 1 + self.payload_count + self.manifest_count
        need(self.payload_count >= 1 and self.manifest_count >= 1 and leaves <= 1 << 24, "footer-invalid")
        smallest = 4 + 5 + self.suite.tag
        need(68 + smallest * self.payload_count <= self.manifest_at, "footer-invalid")
        need(self.manifest_at + smallest * self.manifest_count <= self.index_at, "footer-invalid")
        need(self.signature_at == self.index_at + 32 * leaves and self.signature_at + 2 <= size - 64, "footer-invalid")

        signer, self.wraps = read_signature_section(data[self.signature_at : -64])
        index = data[self.index_at : self.signature_at]
        self.leaves = [index[i : i + 32] for i in range(0, len(index), 32)]
        reference = b"kouan/package/v1" + bytes([suite]) + self.suite.root(self.leaves) + struct.pack(">QQ", leaves, self.signature_at)
        self.digest = self.suite.named(reference)
        need(signer is not None, "not-signed")
        need(signer[0] is self.suite, "signature-section-invalid")
        need(self.suite.verify(signer[1], signer[2], b"kouan/package/v1\n" + reference), "signature-invalid")
        for wrap in self.wraps:
            wrap.verify(signer, self.digest)
        need(pinned is None or signer[1] == pinned, "other-signer")

        self.header, self.commitment = data[:36], data[36:68]
        version, suite, reserved, header_length, self.chunk_size = struct.unpack(">HBBII", self.header[8:20])
        need(version == 1, "version-unsupported")
        need(suite in SUITES, "suite-unsupported")
        need(reserved == 0 and header_length == 36, "header-invalid")
        need(65536 <= self.chunk_size <= 16777216 and self.chunk_size & (self.chunk_size - 1) == 0, "header-invalid")
        need(suite == self.suite.number, "footer-invalid")
        need(self.leaves[0] == self.suite.hash(b"\x00\x01", self.header, self.commitment), "header-altered")

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
            overhead = 5 + self.suite.tag
            need(overhead <= length <= self.chunk_size + overhead and position + length <= end, "chunk-length-invalid")
            need(last == (position + length == end), "chunk-length-invalid")
            sealed = self.data[position : position + length]
            position += length
            body = bytes([kind]) + struct.pack(">QI", number, length) + self.suite.hash(sealed)
            need(self.leaves[leaf + number] == self.suite.hash(b"\x00", body), "chunk-altered")
            yield number, last, sealed

    def open(self, kind, prk, purpose):
        decrypt = self.suite.opener(prk, purpose)
        for number, last, sealed in self.chunks(kind):
            nonce = number.to_bytes(11, "big") + bytes([last])
            plain = decrypt(nonce, sealed, self.suite.hash(self.header) + bytes([kind]))
            need(plain is not None, "chunk-not-authentic")
            length = struct.unpack_from(">I", plain, 1)[0]
            need(5 + length <= len(plain), "chunk-encoding-invalid")
            encoded, padding = plain[5 : 5 + length], plain[5 + length :]
            need(not any(padding), "chunk-encoding-invalid")
            content = decode(plain[0], encoded, self.chunk_size)
            need(length <= len(content), "chunk-encoding-invalid")
            need(len(content) == self.chunk_size or (last and (content or number == 0)), "chunk-not-full")
            yield content

    def file_key(self, secret):
        """From the wrap to the SM2 key of this number."""
        key = sm2.encode_point(sm2.multiply(secret, sm2.G))
        wraps = [wrap for wrap in self.wraps if wrap.terms["requestKey"] == "sm2:" + base64.b64encode(key).decode()]
        need(wraps, "no-wrap-for-key")
        file_key = self.suite.unwrap(secret, wraps[0].enc, wraps[0].ciphertext, wraps[0].context)
        need(file_key is not None, "grant-not-openable")
        return file_key

    def read(self, file_key):
        """The files by path, after every check of the page."""
        prk = self.suite.extract(self.suite.hash(self.header), file_key)
        need(hmac.compare_digest(self.suite.expand(prk, b"kouan/package/v1/commit"), self.commitment), "wrong-key")
        first, entries = read_manifest(b"".join(self.open(3, prk, b"manifest")), self.suite)
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
            need(entry["digest"] == self.suite.named(content), "digest-mismatch")
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


def read_manifest(data, suite):
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
        digest = str(entry.get("digest"))
        need(digest.startswith(suite.digest + ":") and len(digest) == len(suite.digest) + 65, "manifest-invalid")
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
            package = Package(bytes.fromhex(vector["package"]), pinned)
            file_key = bytes.fromhex(vector["fileKey"])
            if "recipient" in vector:
                unwrapped = package.file_key(int(vector["recipient"], 16))
                assert unwrapped == file_key or vector["expect"] == "sealing.wrong-key", name
                file_key = unwrapped
            files = package.read(file_key)
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
