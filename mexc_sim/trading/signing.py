"""The signature of a private request: HMAC-SHA256 of its raw query and body, as the bytes came, without the signature.

`signature` is the last parameter, of the query or of the body. Nothing is decoded before it is verified: what a proxy
or a client spelled differently is another request.
"""

from __future__ import annotations

import hashlib
import hmac

MARK = b"signature="


def split(query: bytes, body: bytes) -> tuple[bytes, str]:
    """What was signed, and the signature; that is empty where there is none or something comes after it."""
    for first, second, whole in ((query, body, None), (body, b"", query)):
        head, found, signature = first.rpartition(MARK)
        if found and (not head or head.endswith(b"&")):
            signed = head.removesuffix(b"&")
            return (signed + second if whole is None else whole + signed), signature.decode("ascii", "replace")
    return query + body, ""


def signature_of(signed: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def valid(signed: bytes, signature: str, secret: str) -> bool:
    return hmac.compare_digest(signature_of(signed, secret).encode(), signature.lower().encode())
