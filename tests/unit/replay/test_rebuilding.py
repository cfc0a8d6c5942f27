"""Every decision of a day comes out of its rows again, and an altered one does not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from replay.rules.rebuilding import Rebuilding, RebuiltDecision
from replay.rules.recorded_day import RecordedDay
from risk.rules.decision_inputs import to_json
from tests.unit.replay.day_builder import DayBuilder, altered, at


def differing(day: RecordedDay) -> set[str]:
    """Names of inputs, or of what was ruled, that come out otherwise."""
    found: set[str] = set()
    for one in Rebuilding(day).decisions():
        assert isinstance(one, RebuiltDecision)
        stored, names = one.recorded.inputs, [name for name in to_json(one.seen) if hasattr(one.seen, name)]
        found |= {name for name in names if getattr(stored, name) != getattr(one.seen, name)}
        found |= {"outcome"} if one.ruling.outcome != one.recorded.outcome else set()
        found |= {"quantity"} if one.ruling.quantity != one.recorded.quantity else set()
    return found


def traded() -> DayBuilder:
    builder = DayBuilder()
    for number, symbol in enumerate(("AAAUSDT", "BBBUSDT", "CCCUSDT")):
        builder.ask(number * 10, "BUY", 100 + number, symbol)
    builder.ask(60, "SELL", 90, "AAAUSDT", kind="STOP")
    builder.ask(70, "BUY", 95, "AAAUSDT")
    builder.breaker(1, "SPREAD", 80, 100, "60", "BBBUSDT")
    builder.ask(90, "BUY", 100, "BBBUSDT")
    builder.hold(110, "BREAKERS", "REDUCING")
    builder.ask(120, "BUY", 100, "DDDUSDT")
    builder.ask(130, "SELL", 105, "CCCUSDT")
    return builder


def test_a_day_comes_out_of_its_rows_again() -> None:
    day = traded().day()

    assert len(day.decisions) == 8
    assert differing(day) == set()


@pytest.mark.parametrize(("number", "field", "value", "named"), [
    (2, "outcome", "REJECTED", "outcome"),
    (2, "quantity", Decimal(1), "quantity"),
    (3, "version", 1, "exposure"),
    (3, "marks", {"AAAUSDT": Decimal(50), "BBBUSDT": Decimal(101)}, "equity"),
])  # fmt: skip
def test_an_altered_decision_is_found(number: int, field: str, value: object, named: str) -> None:
    assert named in differing(altered(traded().day(), number, **{field: value}))


def test_an_altered_fill_is_found_by_what_it_realised_and_by_every_decision_after_it() -> None:
    day = traded().day()
    booking = day.bookings[0]
    fill = replace(booking.fills[0], price=Decimal(99))
    forged = replace(day, bookings=(replace(booking, fills=(fill,)), *day.bookings[1:]))

    rebuilding = Rebuilding(forged)
    list(rebuilding.decisions())

    assert [one.field for one in rebuilding.standing.misbooked if one.fill_id == 1] == ["cash"]
    assert "equity" in differing(forged)


def test_a_breaker_is_seen_or_not_while_it_opens_and_must_be_seen_long_after() -> None:
    builder = DayBuilder()
    builder.ask(100, "BUY", 100)
    builder.breaker(1, "JUMP", 98, 500, "0.06", "AAAUSDT")
    assert differing(builder.day()) == set()

    builder = DayBuilder()
    builder.ask(100, "BUY", 100)
    builder.breaker(1, "JUMP", 50, 500, "0.06", "AAAUSDT")
    assert "breakers" in differing(builder.day())


def test_an_order_that_was_filled_before_the_days_first_booking_sets_nothing_aside() -> None:
    day = traded().day()
    first = day.orders[day.decisions[0].decision_id]
    before = replace(first, order_id=UUID(int=1), placed_at=at(-30), closed_at=at(-29), last_fill_id=0)

    assert differing(replace(day, orders={before.order_id: before, **day.orders})) == set()


def test_an_order_of_before_that_is_still_open_sets_aside_what_it_may_cost() -> None:
    day = traded().day()
    first = day.decisions[0].decision_id
    before = replace(day.orders[first], order_id=UUID(int=1), placed_at=at(-30), closed_at=None, last_fill_id=None)

    assert "free_cash" in differing(replace(day, orders={before.order_id: before, **day.orders}))
