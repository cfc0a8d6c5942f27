"""How a private request is signed: HMAC-SHA256 over its raw query, hex digits, `signature` last.

Pure. The query is built once and sent byte for byte as it was signed: what anything on the way would spell differently
is another request. Values travel in UTF-8 and percent-encoded, a space as %20.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True)
class ExchangeKey:
    """An account's key and its secret; neither is ever shown."""

    key: str = field(repr=False)
    secret: str = field(repr=False)

    @property
    def complete(self) -> bool:
        return bool(self.key and self.secret)


def raw_query(parameters: Mapping[str, str]) -> str:
    """The parameters in their order, as they are signed and sent."""
    return urlencode(parameters, quote_via=quote, safe="")


def signature_of_query(query: str, secret: str) -> str:
    return hmac.new(secret.encode(), query.encode("ascii"), hashlib.sha256).hexdigest()


def signed_query(parameters: Mapping[str, str], secret: str, *, timestamp_ms: int, window_ms: int | None = None) -> str:
    """A query with its time and signature. `timestamp_ms` is the exchange's clock; `window_ms` after it, the request is
    refused; None leaves that to the exchange."""
    stated = dict(parameters)
    if window_ms is not None:
        stated["recvWindow"] = str(window_ms)
    query = raw_query(stated | {"timestamp": str(timestamp_ms)})
    return f"{query}&signature={signature_of_query(query, secret)}"
