#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on an import between targets that docs/architecture.md does not list: `swift package dump-package | check-arrows.py`."""
import json
import sys

PURE = {"ExchangeModel", "CryptoPrimitives", "Identity", "Sealing", "PolicyEngine", "MerkleLog", "DataspaceProtocol"}
EFFECTS = {"StorageSQLite", "Ledger", "TLSTransport", "Exchange"}
ALLOWED = {
    "ExchangeModel": set(),
    "CryptoPrimitives": {"ExchangeModel", "COpenSSL"},
    "Identity": {"ExchangeModel", "CryptoPrimitives"},
    "Sealing": {"ExchangeModel", "CryptoPrimitives", "CZlib", "CZstd"},
    "PolicyEngine": {"ExchangeModel"},
    "MerkleLog": {"ExchangeModel", "CryptoPrimitives"},
    "DataspaceProtocol": {"ExchangeModel"},
    "StorageSQLite": {"ExchangeModel"},
    "Ledger": {"ExchangeModel", "CryptoPrimitives", "MerkleLog", "StorageSQLite"},
    "TLSTransport": {"ExchangeModel", "CryptoPrimitives", "COpenSSL", "CCurl"},
    "Exchange": PURE | {"StorageSQLite", "Ledger"},
    "PeerAPI": PURE | EFFECTS,
    "ManagementAPI": {"ExchangeModel", "CryptoPrimitives", "Exchange"},
    "Node": PURE | EFFECTS | {"PeerAPI", "ManagementAPI"},
    "kouan": PURE | EFFECTS | {"ManagementAPI", "Node"},
    "NodeTesting": PURE | EFFECTS,
}
# Libraries from elsewhere: pure targets have none.
OUTSIDE = {"StorageSQLite", "Ledger", "TLSTransport", "Exchange", "PeerAPI", "ManagementAPI", "Node", "kouan", "NodeTesting"}


def main() -> int:
    faults = []
    for target in json.load(sys.stdin)["targets"]:
        name, kind = target["name"], target["type"]
        if kind in ("test", "system"):
            continue
        if name not in ALLOWED:
            faults.append(f"{name}: a target that docs/architecture.md does not know")
            continue
        for dependency in target["dependencies"]:
            if "product" in dependency:
                if name not in OUTSIDE:
                    faults.append(f"{name} -> {dependency['product'][0]}: a pure target takes no library")
                continue
            other = (dependency.get("byName") or dependency.get("target"))[0]
            if other not in ALLOWED[name]:
                faults.append(f"{name} -> {other}: not an arrow of docs/architecture.md")
    for fault in faults:
        print(f"arrows: {fault}")
    return 1 if faults else 0


sys.exit(main())
