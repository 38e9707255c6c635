#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks an exported ledger without any code of Kouan.

usage: check_ledger.py DIRECTORY [VERIFIER-KEY]

DIRECTORY holds what `Ledger.export` wrote: checkpoint, verifier-key, entries.jsonl and perhaps openings.jsonl. Checked are the signature
of the checkpoint, the RFC 6962 root over all entries, the form of each entry, and each opening against its commitment. VERIFIER-KEY, best
taken from the node's card, replaces the file verifier-key. Needs the package `cryptography`. Exit code 0 if all is well, 1 if not.
"""
import base64
import hashlib
import json
import pathlib
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Bad(Exception):
    pass


def demand(condition, what):
    if not condition:
        raise Bad(what)


def sha256(data):
    return hashlib.sha256(data).digest()


def root_of(leaves):
    """RFC 6962 section 2.1, with a stack of complete subtrees."""
    stack = []
    for number, leaf in enumerate(leaves):
        while number & 1:
            leaf = sha256(b"\x01" + stack.pop() + leaf)
            number >>= 1
        stack.append(leaf)
    if not stack:
        return sha256(b"")
    root = stack.pop()
    while stack:
        root = sha256(b"\x01" + stack.pop() + root)
    return root


def verifier_key(text):
    name, key_id, data = text.split("+", 2)
    typed = base64.b64decode(data, validate=True)
    demand(typed[:1] == b"\x01" and len(typed) == 33, "the verifier key is not Ed25519")
    demand(sha256(name.encode() + b"\n" + typed)[:4].hex() == key_id, "the key id does not belong to the key")
    return name, bytes.fromhex(key_id), Ed25519PublicKey.from_public_bytes(typed[1:])


def open_note(note, key):
    name, key_id, public = key
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    verified = False
    for line in signatures.splitlines():
        match = re.fullmatch("\u2014 ([^ +]+) ([A-Za-z0-9+/]+=*)", line)
        demand(match, "a signature line is malformed")
        data = base64.b64decode(match[2], validate=True)
        if match[1] == name and data[:4] == key_id:
            public.verify(data[4:], text.encode())
            verified = True
    demand(verified, f"the note is not signed by {name}")
    return text


def canonical(value):
    """RFC 8785 for what entries hold: no fractions, ASCII names."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def commitment(name, value, random):
    demand(len(random) == 32, "a random part is not 32 bytes")
    value = canonical(value)
    name = name.encode()
    return sha256(b"kouan/commit/v1" + random + len(name).to_bytes(2, "big") + name + len(value).to_bytes(4, "big") + value)


def check_opening(index, name, opening, expected):
    random = base64.b64decode(opening["random"], validate=True)
    demand(expected is not None, f"entry {index} has no commitment to {name}")
    made = commitment(name, opening["value"], random)
    demand(made == base64.b64decode(expected, validate=True), f"entry {index}: the opening of {name} does not fit")


def unique(pairs):
    demand(len({name for name, _ in pairs}) == len(pairs), "a key occurs twice")
    return dict(pairs)


def lines(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line, object_pairs_hook=unique)


def check(directory, key_text):
    key = verifier_key(key_text)
    text = open_note((directory / "checkpoint").read_text(encoding="utf-8"), key)
    origin, size, root = text.splitlines()
    demand(origin == key[0], "the checkpoint is of another log")
    records = []
    leaves = []
    for number, line in enumerate(lines(directory / "entries.jsonl")):
        demand(line["index"] == number, f"entry {number} is missing")
        entry = base64.b64decode(line["entry"], validate=True)
        record = json.loads(entry, object_pairs_hook=unique)
        demand(canonical(record) == entry, f"entry {number} is not in canonical form")
        demand(record["schema"] == "urn:kouan:ledger-record:1", f"entry {number} has an unknown schema")
        demand(len(base64.b64decode(record["salt"], validate=True)) == 16, f"entry {number} has no salt")
        records.append(record)
        leaves.append(sha256(b"\x00" + entry))
    demand(len(leaves) == int(size), f"there are {len(leaves)} entries, but the checkpoint signs {size}")
    demand(base64.b64encode(root_of(leaves)).decode() == root, "the entries do not lead to the signed root")
    openings = 0
    if (directory / "openings.jsonl").exists():
        for line in lines(directory / "openings.jsonl"):
            index, parts = line["index"], line["openings"]
            record = records[index]
            for part in ("shared", "local"):
                for name, opening in parts.get(part, {}).items():
                    check_opening(index, name, opening, record.get(part, {}).get("commitments", {}).get(name))
                    openings += 1
            if "mirror" in parts:
                check_opening(index, "mirror", parts["mirror"], record.get("mirror"))
                openings += 1
    print(f"ok: {origin}, {len(leaves)} entries, root {root}, {openings} openings")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    directory = pathlib.Path(sys.argv[1])
    try:
        check(directory, sys.argv[2] if len(sys.argv) == 3 else (directory / "verifier-key").read_text().strip())
    except InvalidSignature:
        print("bad: the signature of the checkpoint does not verify")
        sys.exit(1)
    except (Bad, ValueError, KeyError, TypeError, IndexError, OSError) as error:
        print(f"bad: {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
