"""Whatever comes over the wire is understood or refused with a short reason; `make proofs` asks far more often."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings

from marketdata.mexc import wire
from marketdata.mexc.errors import BadFrame
from mexc_sim.server import frames
from proofs.hostile import inputs, properties

SOME = settings(max_examples=120, deadline=None, database=None, suppress_health_check=list(HealthCheck))
REFUSED = (
    "", " ", "-1", "-0", "+1", " 1", "1 ", "1\n", "1_000", "١٢٣", "１２", "²", "0x10", "NaN", "sNaN", "Infinity",
    "-Inf", ".", "1.2.3", "1,5", "1e", "e5", "1e999999", "1e-999999", "9" * 21, "9" * 5000,
    "1" * 1_000_000, "0." + "1" * 5000,
)  # fmt: skip


def book_frame(*, bid: str = "100", bid_quantity: str = "5", ask: str = "101", at_ms: int = 1_790_281_249_008) -> bytes:
    return frames.encode_book("SOLUSDT", wire.book_channel("SOLUSDT"), (bid, bid_quantity, ask, "5"), 7, at_ms)


@SOME
@given(inputs.random_bytes())
def test_random_bytes_are_understood_or_refused(body: bytes) -> None:
    properties.frame_holds(body)


@SOME
@given(inputs.changed_frames())
def test_frames_with_changed_bytes_are_understood_or_refused(body: bytes) -> None:
    properties.frame_holds(body)


@SOME
@given(inputs.hostile_frames())
def test_frames_with_hostile_fields_are_understood_or_refused(body: bytes) -> None:
    properties.frame_holds(body)


@SOME
@given(inputs.text_frames())
def test_text_frames_are_understood_or_refused(text: bytes) -> None:
    properties.text_holds(text)


@SOME
@given(inputs.answers())
def test_rest_answers_are_understood_or_refused(answer: tuple[str, bytes]) -> None:
    properties.rest_holds(*answer)


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text[:12]))
def test_a_number_that_only_looks_like_one_is_refused(text: str) -> None:
    with pytest.raises(BadFrame) as refused:
        wire.decode(book_frame(bid_quantity=text))

    assert refused.value.reason == "number"
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(("text", "value"), [("1E-7", "0.0000001"), ("0E-8", "0"), ("5.", "5"), ("1e+5", "100000")])
def test_a_number_with_a_short_exponent_is_taken(text: str, value: str) -> None:
    book = wire.decode(book_frame(bid_quantity=text))

    assert isinstance(book, wire.BookTicker)
    assert book.bid_quantity == Decimal(value)


@pytest.mark.parametrize("at_ms", [0, -1, 1 << 42, (1 << 63) - 1])
def test_a_time_that_no_clock_shows_is_refused(at_ms: int) -> None:
    with pytest.raises(BadFrame, match="time"):
        wire.decode(book_frame(at_ms=at_ms))


def test_a_pair_that_never_traded_is_left_out_of_the_mini_tickers() -> None:
    row = {"symbol": "SOLUSDT", "price": "148", "rate": "-0.04", "volume": "791", "quantity": "5"}
    silent = {"symbol": "NEWUSDT"}

    tickers = wire.decode(frames.encode_mini_tickers(wire.MINI_TICKERS, [silent, row], 5))

    assert isinstance(tickers, list)
    assert [ticker.symbol for ticker in tickers] == ["SOLUSDT"]


@pytest.mark.parametrize("call", sorted(properties.CALLS))
@pytest.mark.parametrize(
    "value", [lambda: "[" * 1020 + "]" * 1020, lambda: '"' + "9" * 100_000 + '"', lambda: "9" * 4000], ids=range(3)
)
def test_endless_values_in_rest_answers_are_refused(call: str, value: Callable[[], str]) -> None:
    usual = orjson.dumps(inputs.USUAL[call])
    for number in _distinct(inputs.USUAL[call]):
        properties.rest_holds(call, usual.replace(orjson.dumps(number), value().encode()))


def _distinct(answer: Any) -> set[Any]:
    """Every plain value of an answer."""
    places = inputs.places(answer)
    return {container[key] for container, key in places if not isinstance(container[key], dict | list)}
