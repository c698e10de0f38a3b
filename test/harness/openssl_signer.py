#!/usr/bin/env python3
"""Signs a record as a till in another language would: Python for the JSON, openssl for the signature (ES256).

Usage: openssl_signer.py KEY.pem KID < record.json > signed.json

Shares no code with the product. The RFC 8785 form of records with ordinary texts and whole numbers is what json.dumps
writes with sorted names and without spaces.
"""

import base64
import json
import subprocess
import sys

key_file, kid = sys.argv[1:3]


def compact(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw(der):
    """r and s of an ASN.1 ECDSA signature, 32 bytes each."""
    numbers = []
    at = 2
    for _ in range(2):
        length = der[at + 1]
        numbers.append(int.from_bytes(der[at + 2 : at + 2 + length], "big").to_bytes(32, "big"))
        at += 2 + length
    return b"".join(numbers)


record = json.load(sys.stdin)
record.pop("signatures", None)
header = b64(compact({"alg": "ES256", "kid": kid}))
signing_input = f"{header}.{b64(compact(record))}".encode()
command = ["openssl", "dgst", "-sha256", "-sign", key_file]
signature = raw(subprocess.run(command, input=signing_input, stdout=subprocess.PIPE, check=True).stdout)
record["signatures"] = [{"protected": header, "signature": b64(signature)}]
json.dump(record, sys.stdout)
