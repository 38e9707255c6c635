#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes documents.json beside this file from the pages in docs/formats/, with none of Kouan's code.

Needs the Python package `cryptography`. Keys: the secret keys of RFC 8032 section 7.1, tests 1 to 3, and hashes of labels.
"""
import base64, copy, hashlib, json, pathlib
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

TEST1 = Ed25519PrivateKey.from_private_bytes(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
TEST2 = Ed25519PrivateKey.from_private_bytes(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
TEST3 = Ed25519PrivateKey.from_private_bytes(bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"))
MEMBER, OPERATOR, SUCCESSOR = TEST1, TEST2, TEST3
NOW = "2026-11-22T08:00:00.000Z"
PARTICIPANT, OPERATOR_ID, SPACE = "urn:reg:CN:battery-2", "urn:reg:CN:operator-1", "urn:kouan:space:fujian-battery"


def raw(key): return key.public_key().public_bytes(s.Encoding.Raw, s.PublicFormat.Raw)
def text(key): return ("x25519:" if isinstance(key, X25519PrivateKey) else "ed25519:") + base64.b64encode(raw(key)).decode()
def b64u(data): return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
def canonical(value): return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()  # ASCII keys, no floats
def other(label): return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(label.encode()).digest())
def thumbprint(key): return b64u(hashlib.sha256(canonical({"crv": "Ed25519", "kty": "OKP", "x": b64u(raw(key))})).digest())


def log_key(name, kind, key):
    material = bytes([kind]) + raw(key)
    digest = hashlib.sha256(name.encode() + bytes([10]) + material).hexdigest()
    return f"{name}+{digest[:8]}+{base64.b64encode(material).decode()}"


def envelope(kind, body, key, signed_as=None):
    signature = key.sign(f"kouan/{signed_as or kind}/v1\n".encode() + canonical(body))
    return canonical({"body": body, "signature": b64u(signature), "type": f"kouan/{kind}/v1"})


def fingerprint(subject, key):
    h = hashlib.sha256(f"kouan/fingerprint/v1\n{subject}\n{text(key)}".encode()).digest()
    return " ".join(f"{int.from_bytes(h[4 * i:4 * i + 4], 'big') % 100000:05d}" for i in range(8))


def handover(old, new, subject, until):
    statement = canonical({"from": text(old), "subject": subject, "to": text(new), "until": until})
    return {"handover": b64u(old.sign(b"kouan/key-handover/v1\n" + statement)), "key": text(old), "until": until}


def card(**changes):
    body = {
        "version": 1, "participant": PARTICIPANT, "names": {"zh": "示例电池有限公司", "en": "Example Battery Co."}, "serial": 1, "issuedAt": NOW,
        "signingKey": text(MEMBER),
        "tlsKeys": [{"fingerprint": "sha256:" + "07" * 32, "notBefore": NOW, "notAfter": "2027-11-22T08:00:00.000Z"}],
        "encryptionKey": text(X25519PrivateKey.from_private_bytes(hashlib.sha256(b"encryption").digest())),
        "ledger": {"key": log_key("node.example/log-1", 1, other("log")), "origin": "node.example/log-1"},
        "endpoints": {"peer": "https://node.example:8443", "dsp": "/dsp/2025-1", "grant": "/kouan/v1/grants", "receipts": "/kouan/v1/receipts",
                      "notices": "/kouan/v1/notices"},
        "suites": ["international"], "codecs": ["zstd", "deflate", "stored"], "credentials": [],
    }
    body.update(changes)
    return {k: v for k, v in body.items() if v is not None}


def credential(header=None, key=OPERATOR, **changes):
    header = header or {"alg": "EdDSA", "kid": f"{OPERATOR_ID}#{thumbprint(OPERATOR)}", "typ": "vc+jwt"}
    uuid = "urn:uuid:019ab3c0-0000-7000-8000-000000000001"
    payload = {
        "@context": ["https://www.w3.org/ns/credentials/v2", {"@vocab": "urn:kouan:membership:1#"}],
        "type": ["VerifiableCredential", "KouanMembershipCredential"], "id": uuid, "jti": uuid, "issuer": OPERATOR_ID, "iss": OPERATOR_ID,
        "sub": PARTICIPANT, "iat": 1795334400, "nbf": 1795334400, "validFrom": "2026-11-22T08:00:00Z", "exp": 1810886400,
        "validUntil": "2027-05-21T08:00:00Z", "cnf": {"jkt": thumbprint(MEMBER)},
        "credentialSubject": {"id": PARTICIPANT, "space": SPACE, "names": {"zh": "示例电池有限公司"}, "country": "CN",
                              "provinceRegistered": "CN-350000", "provincePhysical": "CN-350000", "industry": "C38", "ciio": False,
                              "roles": ["consumer", "provider"]},
    }
    payload.update(changes)
    signed = b64u(canonical(header)) + "." + b64u(canonical(payload))
    return signed + "." + b64u(key.sign(signed.encode()))


TERMS = {"delivery": {"kind": "one"}, "packageReference": "sha256:" + "01" * 32, "policyHash": "sha256:" + "02" * 32, "spaces": [SPACE]}
AGREEMENT = {"@id": "urn:uuid:1", "@type": "Agreement", "assigner": PARTICIPANT, "target": "urn:example:数据集"}


def proof(key=MEMBER, signer=PARTICIPANT, typ="kouan-agreement-proof+jws", agreement=AGREEMENT, terms=TERMS):
    header = b64u(canonical({"alg": "EdDSA", "kid": f"{signer}#{thumbprint(key)}", "typ": typ}))
    signature = key.sign(f"{header}.{b64u(canonical({'agreement': agreement, 'terms': terms}))}".encode())
    return canonical({"signatures": [f"{header}..{b64u(signature)}"], "terms": terms}).decode()


cases = []
def case(kind, name, expect, document, comment="", **more):
    document = document.decode() if isinstance(document, bytes) else document
    cases.append({"kind": kind, "name": name, "expect": expect, "comment": comment, "document": document, **more})


good = envelope("card", card(), MEMBER)
case("card", "minimal", "ok", good, digest="sha256:" + hashlib.sha256(good).hexdigest(), fingerprint=fingerprint(PARTICIPANT, MEMBER))
rotated = envelope("card", card(serial=2, signingKey=text(SUCCESSOR), retiredSigningKeys=[handover(MEMBER, SUCCESSOR, PARTICIPANT, NOW)]), SUCCESSOR)
case("card", "rotated", "ok", rotated, digest="sha256:" + hashlib.sha256(rotated).hexdigest(), fingerprint=fingerprint(PARTICIPANT, SUCCESSOR))
full = envelope("card", card(
    claims={"country": "CN", "provinceRegistered": "CN-350000", "industry": "C38", "ciio": True, "roles": ["provider"]},
    credentials=[credential()], witnessKey=log_key("node.example/witness", 4, other("witness")), extensions={"urn:example:x": [1, None]},
    retiredLedgers=[{"key": log_key("node.example/log-0", 1, other("log-0")), "origin": "node.example/log-0", "until": NOW}]), MEMBER)
case("card", "with everything", "ok", full, digest="sha256:" + hashlib.sha256(full).hexdigest(), fingerprint=fingerprint(PARTICIPANT, MEMBER))
case("card", "one line feed", "ok", good + b"\n", digest="sha256:" + hashlib.sha256(good).hexdigest(), fingerprint=fingerprint(PARTICIPANT, MEMBER))
case("card", "two line feeds", "identity.card-malformed", good + b"\n\n")
case("card", "pretty", "identity.card-malformed", json.dumps(json.loads(good), indent=2, ensure_ascii=False), "the same values in another spelling")
case("card", "signed by another key", "identity.card-signature", envelope("card", card(), SUCCESSOR))
case("card", "signed as a space", "identity.card-signature", envelope("card", card(), MEMBER, signed_as="space"))
case("card", "serial raised", "identity.card-signature", good.replace(b'"serial":1', b'"serial":2'))
for name, changes in {
    "unknown member": {"colour": "red"}, "no ledger": {"ledger": None}, "version 2": {"version": 2}, "serial 0": {"serial": 0},
    "time without milliseconds": {"issuedAt": "2026-11-22T08:00:00Z"}, "http": {"endpoints": dict(card()["endpoints"], peer="http://node.example")},
    "path with dots": {"endpoints": dict(card()["endpoints"], grant="/../x")}, "log key is the signing key":
        {"ledger": {"key": log_key("a", 1, MEMBER), "origin": "a"}}, "origin is not the key's name": {"ledger": dict(card()["ledger"], origin="b")},
    "key of small order": {"signingKey": "ed25519:" + base64.b64encode(bytes(32)).decode()}, "no deflate": {"codecs": ["zstd", "stored"]},
    "bidirectional override in a name": {"names": {"en": "a\u202eb"}}, "Kelvin sign in an id": {"participant": "urn:reg:CN:\u212a1"},
    "handover to another key": {"retiredSigningKeys": [handover(SUCCESSOR, OPERATOR, PARTICIPANT, NOW)]},
    "handover for another subject": {"retiredSigningKeys": [handover(SUCCESSOR, MEMBER, OPERATOR_ID, NOW)]},
}.items():
    case("card", name, "identity.card-malformed", envelope("card", card(**changes), MEMBER))

case("credential", "good", "ok", credential())
case("credential", "by a stranger who states the operator's key", "identity.credential-signature", credential(key=SUCCESSOR))
for alg in ["none", "ES256", "HS256", "Ed25519"]:
    case("credential", "alg " + alg, "identity.credential-header",
         credential(header={"alg": alg, "kid": f"{OPERATOR_ID}#{thumbprint(OPERATOR)}", "typ": "vc+jwt"}))
case("credential", "of another key of the operator", "identity.credential-unknown-key",
     credential(header={"alg": "EdDSA", "kid": f"{OPERATOR_ID}#{thumbprint(SUCCESSOR)}", "typ": "vc+jwt"}))
case("credential", "expired", "identity.credential-expired",
     credential(nbf=1795330800, validFrom="2026-11-22T07:00:00Z", iat=1795330800, exp=1795334400, validUntil="2026-11-22T08:00:00Z"))
case("credential", "not yet valid", "identity.credential-not-yet-valid", credential(nbf=1795334461, validFrom="2026-11-22T08:01:01Z"))
case("credential", "for another key", "identity.credential-other-key", credential(cnf={"jkt": thumbprint(SUCCESSOR)}))
case("credential", "times differ", "identity.credential-malformed", credential(nbf=1795334401))
case("credential", "padding", "identity.credential-malformed", credential() + "==")
case("credential", "four segments", "identity.credential-malformed", credential() + ".x")

case("proof", "good", "ok", proof())
case("proof", "another agreement", "identity.proof-signature", proof(agreement=dict(AGREEMENT, assigner=OPERATOR_ID)))
case("proof", "other terms", "identity.proof-terms-differ", proof(terms=dict(TERMS, policyHash="sha256:" + "03" * 32)))
case("proof", "another key", "identity.proof-header", proof(key=SUCCESSOR))
case("proof", "another signer", "identity.proof-header", proof(signer=OPERATOR_ID))
case("proof", "another type", "identity.proof-header", proof(typ="vc+jwt"))
case("proof", "a reference for a series", "identity.proof-malformed", proof(terms=dict(TERMS, delivery={"kind": "series"})))

out = {"now": NOW, "operator": OPERATOR_ID, "operatorKey": text(OPERATOR), "space": SPACE, "agreement": AGREEMENT, "terms": TERMS, "cases": cases}
pathlib.Path(__file__).with_name("documents.json").write_text(json.dumps(out, indent=1, ensure_ascii=False) + "\n")
