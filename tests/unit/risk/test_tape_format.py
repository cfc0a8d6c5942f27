"""The tape's format: what is written is what is read, and no byte changes unnoticed."""

from __future__ import annotations

import string
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.tape.block import OPTIONAL, LookEnd, TapedEvent, pack, unpack
from risk.tape.chain import (
    BEGINNING,
    MARK,
    BlockCounts,
    Damage,
    FileHead,
    HeadDamaged,
    SealedBlock,
    blocks,
    opened,
    opening,
    sealed,
)
from risk.tape.columns import ColumnProblem, packed, text_of, units_of, unpacked

INT64 = st.integers(-(2**63), 2**63 - 1)
COUNTS = BlockCounts(events=1, quotes=2, looks=0, first_ms=5, last_ms=7)
decimals = st.from_regex(r"(0|[1-9][0-9]{0,9}|(0|[1-9][0-9]{0,6})\.[0-9]{0,7}[1-9])", fullmatch=True)
odd_decimals = st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{1,30})?", fullmatch=True)
moments = st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='microseconds')}Z")
odd_moments = st.sampled_from(["2026-11-27T21:00:00Z", "2026-13-45T21:00:00.000001Z", "yesterday", "0000-01-01T00:00Z"])
places = st.tuples(st.integers(0, 2**45), st.integers(0, 40)).map(lambda pair: f"{pair[0]}-{pair[1]}")
symbols = st.text(string.ascii_uppercase, min_size=1, max_size=5)


def quotes(number: Any = decimals, moment: Any = moments) -> Any:
    prices, times = ("bid", "ask", "last"), ("event_at", "received_at")
    needed = {"symbol": symbols} | dict.fromkeys(prices, number) | dict.fromkeys(times, moment)
    return st.fixed_dictionaries(needed, optional=dict.fromkeys(OPTIONAL, number))


def events(quote: Any, place: Any = places) -> Any:
    rows = st.lists(quote, max_size=6).map(tuple)
    return st.lists(st.builds(TapedEvent, place, st.sampled_from(["ws", "rest"]), moments, rows), max_size=6)


@given(st.lists(st.lists(INT64, max_size=40), min_size=1, max_size=5))
def test_columns_of_whole_numbers_come_back_as_they_were(rows: list[list[int]]) -> None:
    columns = [np.array(row, dtype=np.int64) for row in rows]

    assert [column.tolist() for column in unpacked(packed(columns))] == rows


def test_a_column_of_steps_of_five_takes_hardly_a_byte_a_row() -> None:
    # 0, 5, 10, …: differences are all 5, less their smallest nothing is left; the first row is 0.
    assert len(packed([np.arange(0, 50_000, 5, dtype=np.int64)])) < 200


@given(st.lists(decimals, min_size=1, max_size=20))
def test_decimals_come_back_digit_by_digit(texts: list[str]) -> None:
    found = units_of(texts)

    assert found is not None
    assert [text_of(number, found[0]) for number in found[1]] == texts


@pytest.mark.parametrize("text", ["1.50", "01", "-0", "1.", ".5", "", "1e5", "1\n2", "1234567890123456789", "٣"])
def test_a_decimal_that_would_not_come_back_is_refused(text: str) -> None:
    assert units_of(["1", text]) is None


@given(events(quotes()), st.lists(st.builds(LookEnd, places, INT64, st.sampled_from(["DECIDED", "GUARD"])), max_size=3))
def test_what_is_written_is_what_is_read(given_events: list[TapedEvent], looks: list[LookEnd]) -> None:
    content = pack(given_events, looks)

    assert unpack(content) == (given_events, looks)


@given(events(quotes(decimals | odd_decimals, moments | odd_moments), places | st.just("0x1-7")))
def test_so_is_what_our_screeners_would_never_say(given_events: list[TapedEvent]) -> None:
    assert unpack(pack(given_events, []))[0] == given_events


def test_a_quote_as_our_screeners_say_it_is_kept_in_columns_and_one_with_an_unknown_field_whole() -> None:
    at = "2026-11-27T21:00:00.000000Z"
    quote = {"symbol": "AAAUSDT", "bid": "1.5", "ask": "1.75", "last": "1.5", "event_at": at, "received_at": at}

    ours, unknown = (pack([TapedEvent("1-0", "ws", at, (row,))], []) for row in (quote, quote | {"mood": "calm"}))

    assert (ours[:1], unknown[:1]) == (b"C", b"P")
    assert unpack(unknown)[0][0].quotes[0]["mood"] == "calm"


@given(st.binary(max_size=60))
def test_what_is_no_block_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(ColumnProblem):
        unpack(content)


HEAD = FileHead(worker="1", number=7, hour="2026-11-27T21", before=BEGINNING.hex())


def file_of(*contents: bytes) -> bytes:
    line, digest = opening(HEAD)
    data = line
    for content in contents:
        block, digest = sealed(digest, COUNTS, content)
        data += block
    return data


def found_in(data: bytes) -> list[SealedBlock | Damage]:
    _, at, digest = opened(data)
    return list(blocks(data, at, digest))


def test_a_file_says_what_it_is_and_gives_its_blocks_in_order() -> None:
    data = file_of(b"first", b"", b"third")

    found = found_in(data)

    assert opened(data)[0] == HEAD
    assert [(item.number, item.content) for item in found if isinstance(item, SealedBlock)] == [
        (0, b"first"), (1, b""), (2, b"third"),
    ]  # fmt: skip
    assert isinstance(found[-1], SealedBlock)
    assert (found[-1].end, found[-1].counts) == (len(data), COUNTS)


@settings(max_examples=400)
@given(st.data())
def test_any_flipped_byte_is_found_and_its_block_alone_is_named(data: st.DataObject) -> None:
    contents = data.draw(st.lists(st.binary(max_size=30), min_size=1, max_size=4))
    whole = file_of(*contents)
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[at] ^= data.draw(st.integers(1, 255))

    begins = opened(whole)[1]
    if at < begins:
        with pytest.raises(HeadDamaged):
            opened(bytes(flipped))
        return
    found = found_in(bytes(flipped))

    ends = [item.end for item in found_in(whole) if isinstance(item, SealedBlock)]
    struck = next(number for number, end in enumerate(ends) if at < end)
    assert [item.number for item in found if isinstance(item, Damage)] == [struck]
    whole_ones = [item.content for item in found if isinstance(item, SealedBlock)]
    assert whole_ones == contents[:struck] + contents[struck + 1 :]


@pytest.mark.parametrize("place", range(4))
def test_a_length_that_leads_to_the_end_of_another_block_hides_none_of_those_between(place: int) -> None:
    whole = file_of(b"", b"", bytes(6), bytes(6))
    struck = opened(whole)[1] + len(MARK) + place

    for flip in range(1, 256):
        altered = bytearray(whole)
        altered[struck] ^= flip
        found = found_in(bytes(altered))

        assert [item.number for item in found if isinstance(item, Damage)] == [0]
        assert [item.content for item in found if isinstance(item, SealedBlock)] == [b"", bytes(6), bytes(6)]


@given(st.data())
def test_a_file_that_was_cut_off_gives_all_whole_blocks_and_says_that_the_last_is_torn(data: st.DataObject) -> None:
    whole = file_of(b"first", b"second")
    begins, ends = opened(whole)[1], [item.end for item in found_in(whole) if isinstance(item, SealedBlock)]
    length = data.draw(st.integers(begins, len(whole)))

    found = found_in(whole[:length])

    torn = [item.torn for item in found if isinstance(item, Damage)]
    assert len([item for item in found if isinstance(item, SealedBlock)]) == sum(end <= length for end in ends)
    assert torn == ([] if length in (begins, *ends) else [True])


def test_a_block_of_another_file_does_not_fit() -> None:
    line, _ = opening(HEAD)
    other, _ = sealed(BEGINNING, COUNTS, b"of another file")

    assert [type(item) for item in found_in(line + other)] == [Damage]
