# SPDX-License-Identifier: Apache-2.0
"""Writes mutations.json: changes to the example messages, each with the verdict of an independent validator.

Needs the Python package jsonschema. One entry: the example, the path of a value, what to put there (absent: the member or
item is removed), and whether the result is valid under JSON Schema 2019-09. Run it here after changing examples or schemas.
"""
import copy
import json
import pathlib

import jsonschema
import referencing

here = pathlib.Path(__file__).resolve().parent
schemas = here.parents[2] / "Sources" / "DataspaceProtocol" / "Schemas"

SCHEMA_OF = {
    "contract-agreement-message-full": "contract-agreement-message",
    "contract-offer-message_initial": "contract-offer-message",
    "contract-request-message_initial": "contract-request-message",
    "nested-catalog": "catalog",
    "catalogservice-did-service": "did-service",
    "dataservice-did-service": "did-service",
}
VALUES = [None, True, 7, "", [], ["x"], {}]
ADDED = {
    "": [("target", "urn:x"), ("hasPolicy", []), ("callbackAddress", "https://x.example"), ("providerPid", "p"), ("consumerPid", "c"),
         ("extra", 1), ("reason", []), ("code", 3)],
    "offer": [("target", "urn:x"), ("prohibition", []), ("obligation", [{"action": "use"}]), ("profile", ["urn:x"]), ("profile", 1)],
    "agreement": [("prohibition", [{"action": "use"}]), ("timestamp", "2023-13-01T01:00:00Z"), ("timestamp", "2023-01-01T24:00:00.000+14:00"),
                  ("timestamp", "x2023-01-01T01:00:00x")],
}


def load(path):
    # Three schemas write `#definitions/X` where a JSON pointer needs `#/definitions/X`.
    return json.loads(path.read_text().replace("#definitions/", "#/definitions/"))


documents = {document["$id"]: document for document in map(load, sorted(schemas.glob("*/*.json")))}
registry = referencing.Registry().with_resources(
    (name, referencing.Resource.from_contents(document)) for name, document in documents.items())


def places(value, path=()):
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from places(member, path + (key,))


def at(document, path):
    for step in path:
        document = document[step]
    return document


entries = []
for example in sorted(here.glob("*/*.json")):
    name = SCHEMA_OF.get(example.stem, example.stem)
    schema_id = f"https://w3id.org/dspace/2025/1/{example.parent.name}/{name}-schema.json"
    validator = jsonschema.Draft201909Validator(documents[schema_id], registry=registry)
    original = json.loads(example.read_text())
    file = f"{example.parent.name}/{example.name}"
    stride = 1 if "full" not in example.stem else 3

    def record(path, document, **put):
        entries.append({"file": file, "schema": schema_id.removeprefix("https://w3id.org/dspace/2025/1/"), "path": list(path), **put, "valid": validator.is_valid(document)})

    record((), original, put=original)
    for number, path in enumerate(p for p in places(original) if p):
        if number % stride:
            continue
        document = copy.deepcopy(original)
        del at(document, path[:-1])[path[-1]]
        record(path, document)
        for value in VALUES:
            document = copy.deepcopy(original)
            at(document, path[:-1])[path[-1]] = value
            record(path, document, put=value)
    for inside, members in ADDED.items():
        if inside and inside not in original:
            continue
        for key, value in members:
            document = copy.deepcopy(original)
            path = ((inside,) if inside else ()) + (key,)
            at(document, path[:-1])[key] = value
            record(path, document, put=value)

lines = ",\n".join(json.dumps(entry, sort_keys=True, separators=(",", ":")) for entry in entries)
(here / "mutations.json").write_text("[\n" + lines + "\n]\n")
print(len(entries), sum(entry["valid"] for entry in entries))
