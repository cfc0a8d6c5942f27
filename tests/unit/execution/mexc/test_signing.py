"""How a private request is signed, against values made by other means, and that a secret is never shown."""

from __future__ import annotations

from execution.venues.mexc.signing import ExchangeKey, raw_query, signature_of_query, signed_query
from mexc_sim.trading.signing import split, valid


def test_the_signature_is_hmac_sha256_of_the_raw_query() -> None:
    # printf '%s' 'symbol=SOLUSDT&side=BUY&timestamp=1' | openssl dgst -sha256 -hmac a-key-of-nobody
    expected = "86ea561c8be2c01daa938e2ea4401f9f2cb863cc8c391203dcb9ca4a6eeb751e"

    assert signature_of_query("symbol=SOLUSDT&side=BUY&timestamp=1", "a-key-of-nobody") == expected


def test_parameters_keep_their_order_and_the_signature_is_last() -> None:
    query = signed_query({"b": "2", "a": "1"}, "secret", timestamp_ms=5, window_ms=3000)

    assert query.startswith("b=2&a=1&recvWindow=3000&timestamp=5&signature=")
    assert "recvWindow" not in signed_query({}, "secret", timestamp_ms=5)


def test_what_is_not_ascii_travels_percent_encoded() -> None:
    assert raw_query({"symbol": "索USDT", "x": "a b&c=d/(e)"}) == "symbol=%E7%B4%A2USDT&x=a%20b%26c%3Dd%2F%28e%29"


def test_the_exchange_verifies_what_we_sign() -> None:
    signed, signature = split(signed_query({"symbol": "GOLD(PAXG)USDT"}, "s3cret", timestamp_ms=7).encode(), b"")

    assert valid(signed, signature, "s3cret")
    assert not valid(signed, signature, "another")


def test_neither_key_nor_secret_is_shown() -> None:
    credentials = ExchangeKey("mx0canary", "secretcanary")

    shown = f"{credentials} {credentials!r} {[credentials]}"

    assert "canary" not in shown
    assert credentials.complete
    assert not ExchangeKey("mx0canary", "").complete
