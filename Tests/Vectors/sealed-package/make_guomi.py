#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the vectors guomi-*.json beside it from docs/formats/sealed-package.md and key-grant.md, using none of our code.

The random values of signatures and encryptions are fixed, so the bytes are the same each time. `--example` prints the worked examples of the
pages instead. Needs the PyPI package cryptography.
"""
import base64
import hashlib
import hmac
import json
import os
import struct
import sys
import textwrap
import zlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "Interop"))
import sm2  # noqa: E402

FILE_KEY = bytes(range(32))
SALT = bytes(range(0xA0, 0xB0))
SEED = bytes(range(0xE0, 0x100))
SIGNER = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
SIGNER_K = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
RECIPIENT = 0x128B2FA8BD433C6C068C8D803DFF79792A519A55171B1B650C23661D15897263
PUBLIC = sm2.encode_point(sm2.multiply(SIGNER, sm2.G))
TWO = [("a.csv", b"id,qty\n1,2\n"), ("b/c.txt", b"hello\n")]
ED25519_KEY = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


def jcs(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def sm3(*parts):
    return sm2.sm3(*parts)


def extract(salt, secret):
    return hmac.new(salt, secret, "sm3").digest()


def expand(prk, info, count=32):
    out, block, counter = b"", b"", 1
    while len(out) < count:
        block = hmac.new(prk, block + info + bytes([counter]), "sm3").digest()
        out, counter = out + block, counter + 1
    return out[:count]


def encrypt(key, mac_key, nonce, aad, plain):
    text = Cipher(algorithms.SM4(key), modes.CTR(nonce + bytes(4))).encryptor().update(plain)
    return text + hmac.new(mac_key, struct.pack(">Q", len(aad)) + aad + nonce + struct.pack(">Q", len(text)) + text, "sm3").digest()


def frame(codec, encoded):
    return bytes([codec]) + struct.pack(">I", len(encoded)) + encoded


def head(path, size):
    text = jcs({"path": path, "size": size})
    return struct.pack(">I", len(text)) + text


def cut(data, size=65536):
    return [data[i : i + size] for i in range(0, len(data), size)] or [b""]


class Forge:
    """A right package by default; `change(self)` makes it wrong at any stage."""

    def __init__(self, files, source="tree", digest=lambda data: "sm3:" + sm3(data).hex()):
        self.suite, self.hash = 2, sm3
        payload, lines = b"", []
        for path, content in files:
            payload += head(path, None if source == "stream" else len(content))
            lines.append({"digest": digest(content), "offset": len(payload), "path": path, "size": len(content)})
            payload += content
        first = {"contentBytes": sum(len(c) for _, c in files), "files": len(files), "payloadBytes": len(payload), "source": source, "version": 1}
        self.payload = [frame(0, part) for part in cut(payload)]
        self.manifest = [frame(0, part) for part in cut(b"".join(jcs(line) + b"\n" for line in [first] + lines))]
        self.header = b"KOUANPKG" + struct.pack(">HBBII", 1, 2, 0, 36, 65536) + SALT
        self.footer_suite = 2
        self.nonces = None
        self.manifest_kind = 3
        self.commitment = None
        self.wraps = lambda package: []
        self.edit_sealed = self.edit_stored = lambda chunks: chunks
        self.sign = lambda message: sm2.sign(SIGNER, message, SIGNER_K)
        self.block = lambda signature: b"\x02" + PUBLIC + bytes([len(signature)]) + signature
        self.parts = {}

    def build(self):
        header_hash = self.hash(self.header)
        prk = extract(header_hash, FILE_KEY)
        mac_key = expand(prk, b"kouan/package/v1/mac")
        commitment = self.commitment or expand(prk, b"kouan/package/v1/commit")

        def seal(frames, kind, purpose, nonces=None):
            key = expand(prk, b"kouan/package/v1/" + purpose, 16)
            numbers = nonces or [(i, i == len(frames) - 1) for i in range(len(frames))]
            return [
                encrypt(key, mac_key, number.to_bytes(11, "big") + bytes([last]), header_hash + bytes([kind]), plain)
                for (number, last), plain in zip(numbers, frames)
            ]

        payload = self.edit_sealed(seal(self.payload, 2, b"payload", self.nonces))
        manifest = seal(self.manifest, self.manifest_kind, b"manifest")
        leaves = [self.hash(b"\x00\x01" + self.header + commitment)]
        for kind, chunks in ((2, payload), (3, manifest)):
            for number, chunk in enumerate(chunks):
                leaves.append(self.hash(b"\x00" + bytes([kind]) + struct.pack(">QI", number, len(chunk)) + self.hash(chunk)))
        root = self.root(leaves)
        payload = self.edit_stored(payload)

        def stored(chunks):
            return b"".join(struct.pack(">I", len(chunk)) + chunk for chunk in chunks)

        data = self.header + commitment + stored(payload)
        manifest_at = len(data)
        data += stored(manifest)
        index_at = len(data)
        data += b"".join(leaves)
        signature_at = len(data)
        reference = b"kouan/package/v1" + bytes([self.suite]) + root + struct.pack(">QQ", len(leaves), signature_at)
        package = "sm3:" + sm3(reference).hex()
        wraps = self.wraps(package)
        data += self.block(self.sign(b"kouan/package/v1\n" + reference))
        data += bytes([len(wraps)]) + b"".join(struct.pack(">I", len(wrap)) + wrap for wrap in wraps)
        footer = struct.pack(">HBBI6Q", 1, self.footer_suite, 0, 36, len(payload), len(manifest), manifest_at, index_at, signature_at, len(data) + 64)
        self.parts = dict(
            prk=prk, mac_key=mac_key, header_hash=header_hash, root=root, reference=reference, package=package, wraps=wraps,
            offsets=[0, 36, 68, manifest_at, index_at, signature_at, len(data), len(data) + 64],
        )
        return data + b"KOUANEND" + footer

    def root(self, leaves):
        if len(leaves) == 1:
            return leaves[0]
        split = 1
        while split * 2 < len(leaves):
            split *= 2
        return self.hash(b"\x01" + self.root(leaves[:split]) + self.root(leaves[split:]))


def key_text(secret):
    return "sm2:" + base64.b64encode(sm2.encode_point(sm2.multiply(secret, sm2.G))).decode()


def wrap(digest, recipient=RECIPIENT, seed=SEED, edit_enc=lambda e: e, edit_ciphertext=lambda c: c, edit_signature=lambda s: s,
         block=None, other_context=False, **terms):
    """key-grant.md section 2; `terms` replace members of the context."""
    point = sm2.multiply(recipient, sm2.G)
    members = dict.fromkeys("agreement allowance consumer durationSeconds nodeCard notAfter notBefore policyHash provider requestID".split())
    grant_id = sm3(bytes.fromhex(digest[4:]) + sm2.encode_point(point))[:16].hex()
    members.update({"version": 1, "suite": 2, "grantID": grant_id, "package": digest, "requestKey": key_text(recipient)})
    members.update(terms)
    context = jcs(members)
    kek = expand(extract(b"", seed), context + b" " if other_context else context, 48)
    enc = edit_enc(sm2.encrypt(point, seed, 0x1234))
    ciphertext = edit_ciphertext(encrypt(kek[:16], kek[16:], bytes(11) + b"\x01", context, FILE_KEY))
    signature = edit_signature(sm2.sign(SIGNER, b"kouan/grant/v1\n" + context + enc + ciphertext, 0x5678))
    body = struct.pack(">I", len(context)) + context + struct.pack(">H", len(enc)) + enc + struct.pack(">H", len(ciphertext)) + ciphertext
    return body + (block or (b"\x02" + PUBLIC + bytes([len(signature)]) + signature))


VECTORS = []


def vector(name, expect, comment, files=TWO, change=None, after=lambda data: data, file_key=FILE_KEY, recipient=None, forge=None):
    forge = forge or Forge(files)
    if change:
        change(forge)
    value = {"comment": comment, "expect": expect if expect == "ok" else "sealing." + expect, "fileKey": file_key.hex()}
    value.update(signer="sm2:" + base64.b64encode(PUBLIC).decode(), package=after(forge.build()).hex())
    if recipient:
        value["recipient"] = "%064x" % recipient
    if expect == "ok":
        value["files"] = {path or "": hashlib.sha256(content).hexdigest() for path, content in files}
    VECTORS.append(("guomi-" + name, value))
    return forge


def setting(**values):
    def change(forge):
        for name, value in values.items():
            setattr(forge, name, value)

    return change


def flip(data, position):
    position %= len(data)
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def first(edit):
    return lambda chunks: [edit(chunks[0])] + chunks[1:]


def reheader(position, value):
    return lambda forge: setattr(forge, "header", forge.header[:position] + bytes([value]) + forge.header[position + 1 :])


def wrapped(*arguments, **options):
    return setting(wraps=lambda package: [wrap(package, *arguments, **options)])


def make():
    # Accepted
    vector("ok-two-files", "ok", "two stored files in one chunk")
    vector("ok-empty-package", "ok", "no file: one empty payload chunk", files=[])
    vector("ok-chinese-paths", "ok", "paths beyond ASCII, in byte order", files=[("订单/二〇二六.csv", bytes([1, 2, 3])), ("质量/检验 报告.txt", bytes([4]))])
    vector("ok-padding", "ok", "zeros behind the encoded bytes", change=lambda f: setattr(f, "payload", [p + bytes(100) for p in f.payload]))
    run = [("run", b"a" * (131072 - len(head("run", 131000))))]

    def deflate(forge):
        forge.payload = [frame(1, zlib.compress(plain[5:], 9)) for plain in forge.payload]

    vector("ok-two-chunks", "ok", "two zlib streams", files=run, change=deflate)
    stream = [(None, b"id\n1\n")]
    vector("ok-stream", "ok", "a stream of unknown length without a name", files=stream, forge=Forge(stream, "stream"))
    vector("ok-wrap", "ok", "the file key wrapped to one recipient", change=wrapped(), recipient=RECIPIENT)
    vector("ok-two-wraps", "ok", "the file key wrapped to two recipients, the second one reads", recipient=RECIPIENT,
           change=setting(wraps=lambda package: [wrap(package, SIGNER), wrap(package)]))

    # Suites that do not belong together
    vector("suite-3", "suite-unsupported", "header and footer of suite 3", change=lambda f: (reheader(10, 3)(f), setting(footer_suite=3)(f)))
    vector("header-suite-1", "footer-invalid", "the header says suite 1, tree and signature are of suite 2", change=reheader(10, 1))
    vector("labelled-international", "signature-section-invalid", "suite 1 in header and footer, SM2 signature",
           change=lambda f: (reheader(10, 1)(f), setting(footer_suite=1)(f)))
    vector("signed-ed25519", "signature-section-invalid", "an Ed25519 signature block", change=setting(block=lambda s: b"\x01" + ED25519_KEY + bytes(64)))
    vector("tree-sha256", "signature-invalid", "header, leaves and tree hashed by SHA-256", change=setting(hash=lambda *p: hashlib.sha256(b"".join(p)).digest()))
    vector("file-digest-sha256", "manifest-invalid", "a manifest with sha256 digests", forge=Forge(TWO, digest=lambda d: "sha256:" + hashlib.sha256(d).hexdigest()))
    vector("file-digest", "digest-mismatch", "the digest of another content", forge=Forge(TWO, digest=lambda d: "sm3:" + sm3(b"").hex()))

    # Keys
    vector("wrong-key", "wrong-key", "the file key of another package", file_key=flip(FILE_KEY, -1))
    vector("commitment-wrong", "wrong-key", "a commitment to another key, signed", change=setting(commitment=bytes([9]) * 32))

    # Signatures
    vector("signature-altered", "signature-invalid", "a bit of the signature", change=setting(sign=lambda m: flip(sm2.sign(SIGNER, m, SIGNER_K), -1)))
    vector("signature-empty-id", "signature-invalid", "signed with the empty id", change=setting(sign=lambda m: sm2.sign(SIGNER, m, SIGNER_K, b"")))
    vector("signature-trailing", "signature-invalid", "a byte behind the DER", change=setting(sign=lambda m: sm2.sign(SIGNER, m, 4) + b"\0"))
    vector("signature-long-form", "signature-invalid", "a length in the long form",
           change=setting(sign=lambda m: b"\x30\x81" + sm2.sign(SIGNER, m, 4)[1:]))
    vector("signature-raw", "signature-invalid", "r ‖ s without DER",
           change=setting(sign=lambda m: b"".join(n.rjust(32, b"\0")[-32:] for n in sm2.decode(sm2.sign(SIGNER, m, SIGNER_K), (2, 2)))))
    vector("signature-length", "signature-section-invalid", "a signature of 73 bytes", change=setting(sign=lambda m: bytes(73)))
    vector("signer-not-a-point", "signature-section-invalid", "the signer's key is beside the curve",
           change=setting(block=lambda s: b"\x02" + flip(PUBLIC, -1) + bytes([len(s)]) + s))

    # Chunks; tree and signature are right
    vector("chunk-altered", "chunk-altered", "a bit of a chunk changed after signing", change=setting(edit_stored=first(lambda c: flip(c, 30))))
    vector("chunk-text", "chunk-not-authentic", "a bit of the ciphertext changed before signing", change=setting(edit_sealed=first(lambda c: flip(c, 30))))
    vector("chunk-tag-first", "chunk-not-authentic", "the first byte of the tag", change=setting(edit_sealed=first(lambda c: flip(c, -32))))
    vector("chunk-tag-last", "chunk-not-authentic", "the last byte of the tag", change=setting(edit_sealed=first(lambda c: flip(c, -1))))
    vector("chunk-tag-half", "chunk-not-authentic", "the first 16 bytes of the tag alone", change=setting(edit_sealed=first(lambda c: c[:-16])))
    vector("chunk-short", "chunk-length-invalid", "36 bytes: less than a frame and a tag", files=run, change=lambda f: (deflate(f), setting(edit_sealed=first(lambda c: c[-36:]))(f)))
    vector("chunk-not-last", "chunk-not-authentic", "the only chunk is sealed without the last flag", change=setting(nonces=[(0, False)]))
    vector("chunk-number", "chunk-not-authentic", "the only chunk is sealed as number 1", change=setting(nonces=[(1, True)]))
    vector("manifest-as-payload", "chunk-not-authentic", "the manifest is sealed with the kind of the payload", change=setting(manifest_kind=2))
    vector("chunks-exchanged", "chunk-not-authentic", "two chunks stand in each other's place", files=run,
           change=lambda f: (setting(nonces=[(1, True), (0, False)])(f), deflate(f)))

    # Wraps; signed by the signer but for one
    def bad_wrap(name, expect, comment, **options):
        vector("wrap-" + name, expect, comment, change=wrapped(**options), recipient=RECIPIENT)

    bad_wrap("trailing", "grant-invalid", "a byte behind the SM2 ciphertext", edit_enc=lambda e: e + b"\0")
    bad_wrap("long-form", "grant-invalid", "the SM2 ciphertext with a length in the longer form", edit_enc=lambda e: b"\x30\x82\0" + bytes([len(e) - 3]) + e[3:])
    bad_wrap("leading-zero", "grant-invalid", "x of the SM2 ciphertext with a zero too many",
             edit_enc=lambda e: sm2.element(0x30, sm2.element(2, b"\0" + sm2.decode(e, (2, 2, 4, 4))[0]) + e[3 + 2 + e[4] :]))
    bad_wrap("seed-short", "grant-invalid", "a seed of 31 bytes", seed=SEED[:31])
    bad_wrap("ciphertext-short", "grant-invalid", "a ciphertext of 63 bytes", edit_ciphertext=lambda c: c[1:])
    bad_wrap("suite-1", "grant-invalid", "the context says suite 1", suite=1)
    bad_wrap("request-key-x25519", "grant-invalid", "the request key is an X25519 key", requestKey="x25519:" + base64.b64encode(bytes(31) + b"\x09").decode())
    bad_wrap("package-sha256", "grant-invalid", "the package digest is a sha256 digest", package="sha256:" + "00" * 32)
    bad_wrap("signed-ed25519", "grant-invalid", "an Ed25519 signature block", block=b"\x01" + ED25519_KEY + bytes(64))
    bad_wrap("signature", "grant-signature-invalid", "a bit of the wrap's signature", edit_signature=lambda s: flip(s, -1))
    bad_wrap("other-package", "grant-differs", "the wrap of another package", package="sm3:" + "00" * 32)
    bad_wrap("hash", "grant-not-openable", "a bit of the hash in the SM2 ciphertext", edit_enc=lambda e: flip(e, -40))
    bad_wrap("seed", "grant-not-openable", "a bit of the encrypted seed", edit_enc=lambda e: flip(e, -1))
    bad_wrap("point", "grant-not-openable", "the point of the SM2 ciphertext is beside the curve",
             edit_enc=lambda e: sm2.encode(*zip((2, 2, 4, 4), [flip(p, -1) if i == 1 else p for i, p in enumerate(sm2.decode(e, (2, 2, 4, 4)))])))
    bad_wrap("text", "grant-not-openable", "a bit of the encrypted file key", edit_ciphertext=lambda c: flip(c, 0))
    bad_wrap("tag", "grant-not-openable", "a bit of the tag over the encrypted file key", edit_ciphertext=lambda c: flip(c, -1))
    bad_wrap("other-context", "grant-not-openable", "the key was derived from another context", other_context=True)
    vector("wrap-for-another", "no-wrap-for-key", "no wrap for this key", change=wrapped(recipient=SIGNER), recipient=RECIPIENT)


def block_of_hex(data, width=64, indent="        "):
    return "\n".join(indent + line for line in textwrap.wrap(data.hex(), width))


def example():
    forge = Forge(TWO)
    data = forge.build()
    p, o = forge.parts, forge.parts["offsets"]
    names = [
        "header: KOUANPKG, version 1, suite 2, 36 bytes, chunks of 65,536, salt", "commitment",
        f"payload chunk 0: {o[3] - 72} bytes, ciphertext ‖ tag", f"manifest chunk 0: {o[4] - o[3] - 4} bytes, ciphertext ‖ tag",
        "index: three leaf hashes", "signature section: SM2, key, length, signature, no wraps",
        f"footer: KOUANEND, version 1, suite 2, 36 bytes, then 1, 1, {o[3]}, {o[4]}, {o[5]}, {o[7]}",
    ]
    print(f"The package has {o[7]} bytes:\n")
    for name, start, end in zip(names, o, o[1:]):
        print(f"    {start:<5} {name}\n{block_of_hex(data[start:end])}")
    key = expand(p["prk"], b"kouan/package/v1/payload", 16)
    print(f"\nH(header) is `{p['header_hash'].hex()}`, PRK `{p['prk'].hex()}`,\npayloadKey `{key.hex()}`, manifestKey `"
          f"{expand(p['prk'], b'kouan/package/v1/manifest', 16).hex()}`,\nmacKey `{p['mac_key'].hex()}`. Both chunks are sealed with the IV\n"
          "`00000000000000000000000100000000`; the MAC of the payload chunk is over\n")
    length = o[3] - 72 - 32
    print(block_of_hex(struct.pack(">Q", 33) + p["header_hash"] + b"\x02" + bytes(11) + b"\x01" + struct.pack(">Q", length), indent="    "))
    print(f"\n‖ the {length} bytes of ciphertext. The plaintexts are those of section 7 but for the digests of the manifest:\n")
    print(textwrap.indent(forge.manifest[0][5:].decode().rstrip(), "    "))
    print(f"\nRoot `{p['root'].hex()}`; reference\n\n{block_of_hex(p['reference'], 66, '    ')}\n\nand its digest, the name of the package:\n`{p['package']}`.")

    print("\n----- key-grant.md\n")
    forge = Forge(TWO)
    forge.wraps = lambda package: [wrap(package)]
    forge.build()
    data = forge.parts["wraps"][0]
    length = int.from_bytes(data[:4], "big")
    context, rest = data[4 : 4 + length], data[4 + length :]
    print("context, broken into lines here:\n")
    print(textwrap.indent("\n".join(textwrap.wrap(context.decode(), 120, break_on_hyphens=False)), "    "))
    kek = expand(extract(b"", SEED), context, 48)
    print(f"\nPRK is `{extract(b'', SEED).hex()}`, encKey `{kek[:16].hex()}`,\nmacKey `{kek[16:].hex()}`. The {len(data)} bytes of the grant:\n")
    position = 4 + length
    print(f"    0     length of the context, then the context\n{block_of_hex(data[:4])} …")
    for name in ("length, enc", "length, ciphertext ‖ tag"):
        size = 2 + int.from_bytes(data[position : position + 2], "big")
        print(f"    {position:<5} {name}\n{block_of_hex(data[position : position + size])}")
        position += size
    print(f"    {position:<5} signature block: SM2, key, length, signature\n{block_of_hex(data[position:])}")


if __name__ == "__main__":
    if "--example" in sys.argv[1:]:
        example()
    else:
        make()
        for name, value in VECTORS:
            with open(os.path.join(HERE, name + ".json"), "w", encoding="utf-8") as file:
                file.write(json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n")
        print(f"{len(VECTORS)} vectors written")
