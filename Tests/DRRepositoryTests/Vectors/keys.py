"""Derivation of keys, ids and boxes, written from RepositoryFormat alone. Prints keys.json."""
import hashlib
import hmac
import json
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def hkdf_sha512(secret, salt, info, count):
    key = hmac.new(salt, secret, hashlib.sha512).digest()
    block, output, number = b"", b"", 1
    while len(output) < count:
        block = hmac.new(key, block + info + bytes([number]), hashlib.sha512).digest()
        output += block
        number += 1
    return output[:count]


def fields(*values):
    return b"".join(len(value).to_bytes(2, "big") + value for value in values)


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


cases = []
for number in range(4):
    seed = lambda name, count: hashlib.shake_256(f"{name} {number}".encode()).digest(count)
    run_key, salt, id_key, list_key = (seed(name, 32) for name in ("run key", "salt", "id key", "list key"))
    repository, run, host = seed("repository", 32), seed("run", 16), seed("host", 32)
    domain, epoch = ["default", "d", "orders-eu", "ä"][number], number * 1000 + 1
    context = fields(repository, domain.encode(), epoch.to_bytes(4, "big"), run, host)
    derived = hkdf_sha512(run_key, salt, b"drctl/1/pack" + context, 64)
    body = seed("body", 100 * number)
    object_id = mac(id_key, b"\x01", body)
    stored, slot, encoding = len(body) + 16, number * 7, 0
    associated = (salt + slot.to_bytes(4, "big") + b"\x01" + bytes([encoding]) + object_id
                  + len(body).to_bytes(4, "big") + stored.to_bytes(4, "big"))
    sealed = AESGCM(derived[:32]).encrypt(slot.to_bytes(12, "big"), body, associated)
    body_digest = mac(id_key, b"\x00", b"\x03", body)
    links = [(1, object_id), (3, seed("link", 32))][:number]
    node = mac(id_key, b"\x03", body_digest, *(bytes([kind]) + link for kind, link in links))
    box_salt = seed("box salt", 32)
    box_key = hkdf_sha512(
        list_key, box_salt, b"drctl/1/list" + fields(b"directory", repository, domain.encode()), 64)
    box = box_salt + box_key[32:] + AESGCM(box_key[:32]).encrypt(bytes(12), body, b"in clear")
    list_commitment = hashlib.sha256(hkdf_sha512(list_key, bytes(32), b"drctl/1/list-key", 64)[32:]).digest()
    cases.append({
        "runKey": run_key.hex(), "salt": salt.hex(), "idKey": id_key.hex(), "listKey": list_key.hex(),
        "repository": repository.hex(), "domain": domain, "epoch": epoch, "run": run.hex(), "host": host.hex(),
        "packKey": derived[:32].hex(), "commitment": derived[32:].hex(), "body": body.hex(), "slot": slot,
        "chunkID": object_id.hex(), "associatedData": associated.hex(), "sealed": sealed.hex(),
        "bodyDigest": body_digest.hex(), "links": [{"kind": kind, "id": link.hex()} for kind, link in links],
        "nodeID": node.hex(), "gearSeed": mac(id_key, b"\xff", b"gear").hex(),
        "idKeyCommitment": mac(id_key, b"\xfe", b"drctl/1/id-key").hex(), "listKeyCommitment": list_commitment.hex(),
        "box": box.hex(),
    })
json.dump({"source": "keys.py, written from RepositoryFormat", "cases": cases}, sys.stdout, indent=1)
print()
