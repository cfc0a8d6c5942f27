"""The mode in force: all combinations of what is asked for and which keys are there."""

from __future__ import annotations

from dataclasses import fields
from itertools import product

import pytest

from execution.rules.mode import (
    MODE_OF,
    VENUE_OF,
    MissingKey,
    Mode,
    ModeKeys,
    ModeTold,
    crosses,
    effective,
    exit_venue,
    is_real,
    what_lacks,
)

NAMES = [field.name for field in fields(ModeKeys)]
EXCHANGE = {"venue", "api_key", "api_secret", "build"}
EVERY = list(product([False, True], repeat=len(NAMES)))


def keys(*there: str) -> ModeKeys:
    return ModeKeys(**{name: name in there for name in NAMES})


@pytest.mark.parametrize("asked", Mode)
@pytest.mark.parametrize("turned", EVERY, ids=lambda row: "".join("01"[one] for one in row))
def test_orders_are_real_with_every_key_alone_and_tested_with_those_of_the_exchange(
    asked: Mode, turned: tuple[bool, ...]
) -> None:
    there = {name for name, one in zip(NAMES, turned, strict=True) if one}

    told = effective(asked, keys(*there))

    live = asked == Mode.LIVE and there == set(NAMES)
    tested = asked == Mode.TEST and there >= EXCHANGE
    assert told.mode == (Mode.LIVE if live else Mode.TEST if tested else Mode.PAPER)
    assert (told.mode == asked) == (told.missing == ())
    lacking = {Mode.PAPER: set(), Mode.TEST: EXCHANGE - there, Mode.LIVE: set(NAMES) - there}[asked]
    assert {one.value.lower() for one in told.missing} == lacking


@pytest.mark.parametrize("name", NAMES)
def test_each_key_alone_gives_paper_and_each_alone_withheld_too(name: str) -> None:
    others = [one for one in NAMES if one != name]

    assert effective(Mode.LIVE, keys(name)).mode == Mode.PAPER
    assert effective(Mode.LIVE, keys(*others)) == ModeTold(
        mode=Mode.PAPER, asked=Mode.LIVE, missing=(MissingKey(name.upper()),)
    )


def test_all_keys_without_a_wish_are_paper_and_the_wish_is_what_lacks() -> None:
    every = keys(*NAMES)

    assert effective(Mode.PAPER, every).mode == Mode.PAPER
    assert what_lacks(Mode.PAPER, every) == {Mode.TEST: (MissingKey.MODE,), Mode.LIVE: (MissingKey.MODE,)}
    assert what_lacks(Mode.LIVE, every) == {Mode.TEST: (MissingKey.MODE,), Mode.LIVE: ()}


def test_an_entry_goes_where_the_mode_says_and_the_way_back_is_known() -> None:
    assert VENUE_OF == {Mode.PAPER: "PAPER", Mode.TEST: "MEXC_TEST", Mode.LIVE: "MEXC"}
    assert {MODE_OF[VENUE_OF[mode]] for mode in Mode} == set(Mode)
    assert [is_real(VENUE_OF[mode]) for mode in (Mode.PAPER, Mode.TEST, Mode.LIVE)] == [False, False, True]


@pytest.mark.parametrize(("held_at", "mode", "goes_to"), [
    ("MEXC", Mode.PAPER, "MEXC"),
    ("MEXC", Mode.TEST, "MEXC"),
    ("MEXC", Mode.LIVE, "MEXC"),
    ("PAPER", Mode.PAPER, "PAPER"),
    ("PAPER", Mode.TEST, "MEXC_TEST"),
    ("PAPER", Mode.LIVE, "PAPER"),
    ("MEXC_TEST", Mode.PAPER, "PAPER"),
    ("MEXC_TEST", Mode.LIVE, "PAPER"),
])  # fmt: skip
def test_an_exit_goes_to_where_its_position_is(held_at: str, mode: Mode, goes_to: str) -> None:
    assert exit_venue(held_at, ModeTold(mode=mode, asked=mode)) == goes_to


def test_real_and_paper_units_are_never_put_together() -> None:
    assert crosses("MEXC", "PAPER") and crosses("PAPER", "MEXC") and crosses("MEXC_TEST", "MEXC")
    assert not (crosses(None, "MEXC") or crosses("PAPER", "MEXC_TEST") or crosses("MEXC", "MEXC"))
