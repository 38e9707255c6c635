#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on a dependency between targets that docs/architecture.md does not list, and on an import that is no declared dependency.

    swift package dump-package | .ci/check-arrows.py
"""
import json
import pathlib
import re
import sys

PURE = {"ExchangeModel", "CryptoPrimitives", "Identity", "Sealing", "PolicyEngine", "DataDuties", "MerkleLog", "DataspaceProtocol"}
EFFECTS = {"StorageSQLite", "Ledger", "TLSTransport", "Exchange"}
ALLOWED = {
    "ExchangeModel": set(),
    "CryptoPrimitives": {"ExchangeModel", "COpenSSL"},
    "Identity": {"ExchangeModel", "CryptoPrimitives"},
    "Sealing": {"ExchangeModel", "CryptoPrimitives", "CDeflate", "CZstd"},
    "PolicyEngine": {"ExchangeModel"},
    "DataDuties": {"ExchangeModel", "CryptoPrimitives"},
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
    "kouan-bench": {"ExchangeModel", "PolicyEngine"},
    "NodeTesting": PURE | EFFECTS,
}
# Libraries from elsewhere: pure targets have none.
OUTSIDE = {"StorageSQLite", "Ledger", "TLSTransport", "Exchange", "PeerAPI", "ManagementAPI", "Node", "kouan", "NodeTesting"}


def main() -> int:
    faults = []
    targets = json.load(sys.stdin)["targets"]
    names = {target["name"] for target in targets}
    for target in targets:
        name, kind = target["name"], target["type"]
        declared = {(d.get("byName") or d.get("target") or [""])[0] for d in target["dependencies"]}
        folder = pathlib.Path("Tests" if kind == "test" else "Sources") / name
        for source in folder.rglob("*.swift"):
            imports = re.findall(r"^(?:@\w+ |package |public |internal )*import (\w+)", source.read_text(), re.M)
            for other in sorted(set(imports) & names - declared - {name}):
                faults.append(f"{source}: imports {other}, which {name} does not declare")
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
