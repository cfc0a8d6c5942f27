"""The cross-section: what is evaluated when, once, in order, and with which candles."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from signals_app.rules.closes import Closes
from signals_app.rules.cross_section import CrossSection, Evaluated
from signals_app.rules.momentum import UNUSABLE, Level, crossings
from signals_app.rules.price_units import places_of, units_of
from signals_app.rules.strategy import Strategy

ALL = ("AUSDT", "BUSDT", "CUSDT")


def make_section(
    *, symbols: tuple[str, ...] = ALL, lookback: int = 1, top_n: int = 10, min_volume: str = "0", first: int = 100
) -> CrossSection:
    section = CrossSection(
        Strategy(
            interval="1m",
            interval_s=60,
            lookback_s=60 * lookback,
            threshold=Decimal("0.01"),
            exit=Decimal(0),
            min_volume=Decimal(min_volume),
            top_n=top_n,
            ttl_s=90,
            grace_s=2.0,
        )
    )
    section.set_universe(symbols)
    section.skip_to(first - 1)
    return section


def feed(section: CrossSection, period: int, closes: str, volume: str = "1000") -> None:
    """`closes`: "A 100 B 101.5", names without the quote asset."""
    words = closes.split()
    readings = [(f"{name}USDT", close, volume) for name, close in zip(words[::2], words[1::2], strict=True)]
    section.add(period, readings, at_s=0.0)


def step(section: CrossSection, period: int, closes: str, *, late: bool = False) -> Evaluated:
    feed(section, period, closes)
    return section.evaluate(period, late=late)


def said(evaluated: Evaluated) -> list[str]:
    return [f"{draft.side} {draft.symbol[0]} #{draft.rank}" for draft in evaluated.drafts]


def test_a_cross_section_is_complete_when_every_universe_candle_is_in() -> None:
    section = make_section()

    feed(section, 100, "A 1 C 1")
    before = section.complete(100)
    feed(section, 100, "B 1")

    assert not before
    assert section.complete(100)


def test_a_crossing_up_is_a_buy_with_rank_strength_and_the_closes_used() -> None:
    section = make_section()
    step(section, 100, "A 100 B 100 C 100")
    step(section, 101, "A 100 B 100 C 101")

    evaluated = step(section, 102, "A 101.5 B 100 C 102.515")

    # A: 101.5 / 100 - 1 = 1.5 %, strength 0.015 / 0.02 = 0.75. C: 102.515 / 101 - 1 = 1.5 % but was above before
    [draft] = evaluated.drafts
    assert (draft.side, draft.symbol, draft.rank) == ("BUY", "AUSDT", 1)
    assert (draft.momentum, draft.strength) == (Decimal("0.015"), Decimal("0.75"))
    assert draft.closes == ("100", "100", "100", "101.5")
    assert draft.quote_volume == Decimal(1000)
    assert evaluated.top == [("AUSDT", "0.0150000000"), ("CUSDT", "0.0150000000"), ("BUSDT", "0.0000000000")]


def test_a_crossing_outside_the_top_or_thinly_traded_is_noted_and_no_signal() -> None:
    ranked_out = make_section(top_n=1)
    thin = make_section(min_volume="1000.01")
    for section in (ranked_out, thin):
        for period in (100, 101):
            step(section, period, "A 100 B 100 C 100")

    results = [step(section, 102, "A 102 B 103 C 100") for section in (ranked_out, thin)]

    assert said(results[0]) == ["BUY B #1"]
    assert results[0].skipped == {"AUSDT": "RANK"}
    assert said(results[1]) == []
    assert results[1].skipped == {"AUSDT": "VOLUME", "BUSDT": "VOLUME"}


def test_the_volume_is_the_sum_over_the_lookback_without_the_base_candle() -> None:
    section = make_section(symbols=("AUSDT",), lookback=2)
    for period, (close, volume) in enumerate([("100", "7"), ("100", "7"), ("100", "0.1"), ("102", "0.2")], start=100):
        feed(section, period, f"A {close}", volume)
        evaluated = section.evaluate(period, late=False)

    assert evaluated.drafts[0].quote_volume == Decimal("0.3")


def test_a_missing_candle_is_named_and_its_exit_comes_after_the_gap() -> None:
    section = make_section()
    step(section, 100, "A 100 B 100 C 100")
    step(section, 101, "A 100 B 100 C 101")

    gap = step(section, 102, "A 100 B 100")
    no_base = step(section, 103, "A 100 B 100 C 100")
    after = step(section, 104, "A 100 B 100 C 99")

    assert not gap.complete
    assert gap.skipped == {"CUSDT": "CANDLE_MISSING"}
    assert no_base.skipped == {"CUSDT": "BASE_MISSING"}
    assert said(after) == ["SELL C #3"]


def test_a_late_candle_serves_as_base_and_is_not_evaluated() -> None:
    section = make_section()
    step(section, 100, "A 100 B 100 C 100")
    step(section, 101, "A 100 B 100")

    feed(section, 101, "C 100")
    evaluated = step(section, 102, "A 100 B 100 C 102")

    assert section.pending == {}
    assert said(evaluated) == ["BUY C #1"]


def test_the_first_reading_of_a_candle_stays() -> None:
    section = make_section()
    step(section, 100, "A 100 B 100 C 100")

    feed(section, 101, "A 100 B 100 C 100")
    feed(section, 101, "A 200")
    step(section, 101, "")

    assert said(step(section, 102, "A 102 B 100 C 100")) == ["BUY A #1"]


def test_a_symbol_outside_the_universe_may_be_sold_and_not_bought() -> None:
    section = make_section(symbols=("AUSDT", "BUSDT"))
    step(section, 100, "A 100 B 100 C 100")
    step(section, 101, "A 100 B 100 C 100")
    bought = step(section, 102, "A 100 B 100 C 105")

    sold = step(section, 103, "A 100 B 100 C 104")

    assert said(bought) == []
    assert said(sold) == ["SELL C #3"]


def test_in_a_catch_up_a_symbol_that_recovered_is_not_sold_and_one_that_did_not_is_sold_once() -> None:
    section = make_section()
    step(section, 100, "A 100 B 100 C 100")
    step(section, 101, "A 100 B 100 C 100")
    feed(section, 102, "A 99 B 99 C 100")
    feed(section, 103, "A 98 B 100 C 102")
    feed(section, 104, "A 97 B 100 C 102")

    results = [section.evaluate(period, late=True) for period in (102, 103, 104)]

    assert [said(result) for result in results] == [[], ["BUY B #2", "BUY C #1"], ["SELL A #3"]]
    assert said(step(section, 105, "A 96 B 100 C 102")) == []


def test_going_through_past_candles_restores_the_side_of_the_exit() -> None:
    section = make_section()
    for period, closes in enumerate(["A 100 B 100 C 100", "A 101 B 99 C 101", "A 101 B 98 C 100"], start=100):
        feed(section, period, closes)
    section.skip_to(102)
    section.remember(101, late=False)
    section.remember(102, late=False, left_out=["CUSDT"])

    evaluated = step(section, 103, "A 100 B 97 C 99")

    # A was above and falls, B was below already, C fell while it was left out: its exit is still due
    assert said(evaluated) == ["SELL A #1", "SELL C #2"]


def test_prices_keep_their_digits_when_finer_ones_come() -> None:
    closes = Closes(4, Level.of(Decimal("0.01")).price_limit)

    closes.add(1, [("AUSDT", "84270", "1")])
    closes.add(2, [("AUSDT", "84270.01", "1"), ("BUSDT", "0.00006089", "1")])

    assert closes.column(1).tolist() == [8_427_000, 0]
    assert closes.column(2).tolist() == [8_427_001, 6089]
    assert closes.places == [2, 8]


def test_a_price_out_of_range_counts_as_arrived_and_is_not_evaluated() -> None:
    section = make_section(symbols=("AUSDT",))

    evaluated = step(section, 100, f"A {10**18}")

    assert evaluated.complete
    assert section.closes.column(100).tolist() == [UNUSABLE]
    assert evaluated.skipped == {"AUSDT": "PRICE_RANGE"}


def test_the_window_forgets_what_is_older_than_its_length() -> None:
    closes = Closes(3, 10**9)
    closes.add(1, [("AUSDT", "5", "1")])
    closes.add(4, [("AUSDT", "6", "1")])

    late = closes.add(1, [("AUSDT", "7", "1")])

    assert closes.column(1).tolist() == [0]
    assert late.tolist() == []
    assert closes.volume(0, 2, 4) == Decimal(1)


def test_the_window_grows_with_the_number_of_symbols() -> None:
    closes = Closes(3, 10**9)

    closes.add(1, [(f"S{number}", str(number + 1), "1") for number in range(200)])

    assert closes.column(1).tolist() == list(range(1, 201))


@given(st.decimals(min_value=0, max_value=10**6, places=8), st.integers(8, 12))
def test_price_units_are_exact(price: Decimal, places: int) -> None:
    text = f"{price:f}"

    assert units_of(text, places) == int(price.scaleb(places))
    assert places_of(text) <= 8


walks = st.lists(
    st.lists(st.one_of(st.none(), st.integers(9_900, 10_200)), min_size=3, max_size=3), min_size=6, max_size=25
)


@settings(max_examples=150, deadline=None)
@given(walks, st.integers(1, 3))
def test_candle_by_candle_equals_the_whole_array(walk: list[list[int | None]], lookback: int) -> None:
    section = make_section(lookback=lookback)
    live = []
    for period, row in enumerate(walk, start=100):
        known = [(symbol, str(close), "1") for symbol, close in zip(ALL, row, strict=True) if close is not None]
        section.add(period, known, at_s=0.0)
        drafts = section.evaluate(period, late=False).drafts
        live += [(period, draft.symbol, draft.side) for draft in drafts]

    array = np.array([[close or 0 for close in row] for row in walk], np.int64).T
    padded = np.hstack([np.zeros((3, lookback + 1), np.int64), array])
    whole = crossings(padded, lookback, Level.of(Decimal("0.01")), Level.of(Decimal(0)))

    expected = {(100 + at, ALL[row], "BUY") for row, at in np.argwhere(whole.buys).tolist()}
    expected |= {(100 + at, ALL[row], "SELL") for row, at in np.argwhere(whole.sells).tolist()}
    assert set(live) == expected
    assert len(live) == len(expected)
