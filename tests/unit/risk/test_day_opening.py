"""The opening equity of a day, worked by hand."""

from __future__ import annotations

from decimal import Decimal

from risk.rules.day_opening import HeldAtMidnight, Opening


def held(*, close: str, closed: bool, traded_since: str = "") -> HeldAtMidnight:
    return HeldAtMidnight(
        symbol="AAAUSDT",
        quantity=Decimal(10),
        close=Decimal(close),
        closed=closed,
        traded_since=Decimal(traded_since) if traded_since else None,
    )


def first_seen(price: str) -> dict[str, Decimal]:
    return {"AAAUSDT": Decimal(price)}


def test_the_opening_is_cash_and_positions_at_their_closes() -> None:
    opening = Opening(cash=Decimal(9000), external=Decimal(10000), held=(held(close="97", closed=True),))

    assert opening.equity == 9970  # 9,000 + 10 × 97
    assert opening.missing == ()


def test_an_unknown_close_is_not_counted_above_the_first_price_of_today() -> None:
    row = held(close="100", closed=False)

    assert row.certain_value(first_seen("40")) == 400
    assert row.certain_value(first_seen("140")) == 1000


def test_a_known_close_counts_whatever_the_price_is_today() -> None:
    assert held(close="100", closed=True).certain_value(first_seen("40")) == 1000


def test_what_was_sold_since_counts_at_most_what_it_was_sold_for() -> None:
    assert held(close="100", closed=False, traded_since="60").certain_value({}) == 600
