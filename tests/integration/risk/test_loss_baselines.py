"""The day's opening equity on real books: provisional until its inputs are there, then final for the day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection, transaction

import execution.queries
from cdb_site.alerts.models import Alert
from cdb_site.clock import iso
from execution import payments
from execution.models import Fill
from marketdata.models import Candle
from risk.loss_baselines import read
from risk.mark_to_market import EquityCurve
from risk.models import CloseOut, DayOpening, EquitySnapshot
from tests.builders import PAPER, open_paper_account, plant_instrument, plant_order, set_limits, trade
from tests.clocks import NOON
from tests.integration.risk.house import House

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
MIDNIGHT = NOON.replace(hour=0) + timedelta(days=1)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """10 units at 100 of 10,000, bought at noon of the day before; fees left out by hand."""
    plant_instrument(taker_fee=Decimal(0))
    open_paper_account()
    house = House(tmp_path)
    house.desk.venue.now = house.clock.market_now
    trade(house.desk, "buy 10 @ 100", quoted_at=NOON)
    return house


def plant_candle(minutes_before: int, close: str, *, symbol: str = "AAAUSDT", interval: str = "1m") -> None:
    price = Decimal(close)
    Candle.objects.create(
        instrument_id=symbol,
        interval=interval,
        open_time=MIDNIGHT - timedelta(minutes=minutes_before),
        open=price,
        high=price,
        low=price,
        close=price,
        volume=1,
        quote_volume=1000,
        source="WS",
        received_at=datetime.now(UTC),
    )


def opening(house: House, *, after_s: float) -> Decimal:
    """The opening that holds so long after midnight."""
    house.clock.market = MIDNIGHT + timedelta(seconds=after_s - house.clock.elapsed_s)
    house.levels.forget()
    return house.levels.at(house.clock.market_now()).opening


def kept() -> DayOpening:
    return DayOpening.objects.get(day=MIDNIGHT.date())


def test_the_opening_is_the_last_close_before_midnight_also_when_it_is_asked_for_at_once(house: House) -> None:
    plant_candle(2, "100")
    assert opening(house, after_s=0.2) == 10_000

    plant_candle(1, "97")

    assert opening(house, after_s=2.5) == 9_970  # 9,000 in cash and 10 × 97


def test_a_start_after_midnight_does_not_sell_everything_for_yesterdays_loss(house: House) -> None:
    """Down from 20:00, back at 00:30 with a gap: the market fell by 60 % before midnight and not at all since."""
    set_limits(max_drawdown_pct="0.99")
    plant_candle(240, "100")
    house.restart()
    house.price("40")
    opening(house, after_s=1800)
    house.look()
    before_filling = (execution.queries.trading_state(PAPER), CloseOut.objects.count())

    for minute in range(239, 0, -1):
        plant_candle(minute, "40")
    filled = opening(house, after_s=1810)
    house.look()

    assert before_filling == ("ACTIVE", 0)
    assert filled == 9_400
    assert (execution.queries.trading_state(PAPER), CloseOut.objects.count()) == ("ACTIVE", 0)


def test_a_loss_that_is_certain_halts_while_the_opening_is_provisional(house: House) -> None:
    """BBB lacks its last candle; what AAA lost since midnight is known, and more than 5 %."""
    set_limits(max_drawdown_pct="0.99")
    plant_instrument(symbol="BBBUSDT", taker_fee=Decimal(0))
    trade(house.desk, "buy 10 @ 100", symbol="BBBUSDT")
    plant_candle(1, "100")
    plant_candle(9, "100", symbol="BBBUSDT")
    house.price("45")

    opening(house, after_s=5)
    house.look()

    assert execution.queries.trading_state(PAPER) == "HALTED"


def test_what_is_lost_after_the_first_look_of_the_day_halts_although_the_close_is_missing(house: House) -> None:
    set_limits(max_drawdown_pct="0.99", max_daily_drawdown_pct="0.04")
    plant_candle(240, "100")
    house.restart()
    house.price("40")
    opening(house, after_s=1800)
    house.look()
    assert execution.queries.trading_state(PAPER) == "ACTIVE"

    house.price("0.5")  # 9,005 of 9,400: 4.2 %
    house.look()

    assert execution.queries.trading_state(PAPER) == "HALTED"


def test_what_is_lost_while_the_risk_manager_is_away_counts_from_the_first_price_of_the_day(house: House) -> None:
    set_limits(max_drawdown_pct="0.99", max_daily_drawdown_pct="0.04")
    plant_candle(240, "100")
    house.price("40")
    opening(house, after_s=1800)
    house.look()
    opening(house, after_s=1803)

    house.restart()
    house.price("0.5")
    opening(house, after_s=1810)
    house.look()

    assert execution.queries.trading_state(PAPER) == "HALTED"
    assert kept().inputs["first_seen"] == {"AAAUSDT": "40"}


def test_a_candle_that_is_revised_while_the_opening_is_provisional_counts(house: House) -> None:
    plant_candle(1, "97")
    assert opening(house, after_s=30) == 9_970

    Candle.objects.update(close=96, low=96, revised=True)

    assert opening(house, after_s=61) == 9_960
    assert (kept().final, kept().equity) == (True, 9_960)


def test_a_final_opening_is_never_changed(house: House) -> None:
    plant_candle(1, "97")
    opening(house, after_s=61)

    Candle.objects.update(close=90, low=90)
    house.restart()

    assert opening(house, after_s=90) == 9_970


def test_a_kept_opening_says_what_it_was_made_from(house: House) -> None:
    plant_candle(2, "100")

    opening(house, after_s=1)

    row = {"symbol": "AAAUSDT", "quantity": "10.000000000000000000", "close": "100", "closed": False}
    assert kept().final is False
    assert kept().inputs["held"] == [row]


def test_a_candle_of_another_interval_is_not_the_close_of_midnight(house: House) -> None:
    plant_candle(1, "97")
    plant_candle(1, "90", interval="5m")

    assert opening(house, after_s=61) == 9_970


def test_the_opening_waits_for_orders_that_may_have_filled_before_midnight(house: House) -> None:
    plant_candle(1, "100")
    order = plant_order()
    with connection.cursor() as cursor:
        cursor.execute("""UPDATE "order" SET state = 'SUBMITTED', occurred_at = %s WHERE order_id = %s""",
                       [MIDNIGHT - timedelta(seconds=1), order.order_id])  # fmt: skip

    opening(house, after_s=120)

    assert not kept().final


def test_what_never_comes_is_told_and_then_done_without(house: House) -> None:
    plant_candle(9, "97")
    opening(house, after_s=0.2)
    house.clock.move(61)
    opening(house, after_s=61)
    assert Alert.objects.get(code="OPENING_WAITS").params["symbols"] == "AAAUSDT"
    assert not kept().final

    house.clock.move(840)
    opening(house, after_s=901)

    assert (kept().final, kept().equity) == (True, 9_970)
    assert Alert.objects.get(code="OPENING_WAITS").state == "CLOSED"
    assert Alert.objects.filter(code="OPENING_ESTIMATED").count() == 1


def test_a_look_from_outside_stores_nothing(house: House) -> None:
    plant_candle(1, "97")

    levels = read(PAPER, MIDNIGHT + timedelta(seconds=61))

    assert (levels.opening, levels.final) == (9_970, False)
    assert not DayOpening.objects.exists()


def test_inside_somebody_elses_transaction_nothing_is_settled(house: House) -> None:
    plant_candle(1, "97")
    with transaction.atomic():
        assert opening(house, after_s=61) == 9_970

    assert not DayOpening.objects.exists()
    assert opening(house, after_s=64) == 9_970
    assert kept().final


def plant_points(curve: EquityCurve, *moments: datetime) -> None:
    for moment in moments:
        curve.store({"marked_at": iso(moment), "equity": "10000", "cash": "10000", "exposure": "0"})


def trade_after_midnight(house: House) -> None:
    """5 of the 10 are sold, and 3 of another symbol bought, which nobody held at midnight."""
    plant_instrument(symbol="BBBUSDT", taker_fee=Decimal(0))
    house.clock.market = MIDNIGHT + timedelta(seconds=10)
    trade(house.desk, "sell 5 @ 90", quoted_at=house.clock.market_now())
    trade(house.desk, "buy 3 @ 50", symbol="BBBUSDT", quoted_at=house.clock.market_now())


def point_before(house: House) -> None:
    plant_points(EquityCurve(PAPER), MIDNIGHT - timedelta(hours=2), MIDNIGHT - timedelta(hours=1))


def first_point_of_a_process(house: House) -> None:
    plant_points(EquityCurve(PAPER), MIDNIGHT - timedelta(hours=1))


def point_of_an_earlier_day(house: House) -> None:
    plant_points(EquityCurve(PAPER), NOON - timedelta(days=3, hours=1), NOON - timedelta(days=3))
    EquitySnapshot.objects.update(booked=0)


def no_point_before(house: House) -> None:
    pass


@pytest.mark.parametrize("planted", [point_before, first_point_of_a_process, point_of_an_earlier_day, no_point_before])
def test_what_is_traded_after_midnight_changes_no_opening_whatever_points_are_there(
    house: House, planted: Callable[[House], None]
) -> None:
    plant_candle(1, "97")
    planted(house)
    trade_after_midnight(house)
    plant_points(EquityCurve(PAPER), MIDNIGHT + timedelta(seconds=20), MIDNIGHT + timedelta(seconds=25))
    house.restart()

    assert opening(house, after_s=61) == 9_970
    assert kept().inputs["cash"] == "9000.000000000000000000"
    assert [(row["symbol"], Decimal(row["quantity"])) for row in kept().inputs["held"]] == [("AAAUSDT", 10)]


def test_a_fill_from_before_midnight_that_is_booked_after_it_counts(house: House) -> None:
    plant_candle(1, "97")
    point_before(house)
    house.clock.market = MIDNIGHT - timedelta(seconds=1)  # what the venue says, although the points are older

    trade(house.desk, "buy 10 @ 80", quoted_at=house.clock.market_now())

    assert opening(house, after_s=61) == 10_140  # 8,200 in cash and 20 × 97


def test_a_symbol_sold_whole_after_midnight_was_held_at_it(house: House) -> None:
    plant_candle(9, "97")
    point_before(house)
    house.clock.market = MIDNIGHT + timedelta(seconds=10)
    trade(house.desk, "sell 10 @ 90", quoted_at=house.clock.market_now())

    assert opening(house, after_s=20) == 9_970
    assert [row.traded_since for row in house.levels.at(house.clock.market_now()).missing] == [90]


def test_without_any_candle_the_last_trade_before_midnight_is_the_price(house: House) -> None:
    house.clock.market = MIDNIGHT + timedelta(seconds=10)
    trade(house.desk, "sell 5 @ 90", quoted_at=house.clock.market_now())

    assert opening(house, after_s=20) == 10_000


def test_a_point_says_what_was_booked_before_it_was_taken(house: House) -> None:
    curve = EquityCurve(PAPER)
    plant_points(curve, NOON)
    first = Fill.objects.latest("pk").pk
    trade(house.desk, "sell 5 @ 90")  # after the first point was stored: it may be in the second or not

    plant_points(curve, NOON + timedelta(seconds=5), NOON + timedelta(seconds=10))

    assert list(EquitySnapshot.objects.order_by("taken_at").values_list("booked", flat=True)) == [
        None, first, Fill.objects.latest("pk").pk,
    ]  # fmt: skip


def test_what_is_paid_in_later_is_no_gain_of_the_day(house: House) -> None:
    plant_candle(1, "100")
    opening(house, after_s=61)

    payments.enter(PAPER, Decimal(500), by="anna", reason="more", now=MIDNIGHT + timedelta(hours=1))

    assert opening(house, after_s=3700) == 10_500
