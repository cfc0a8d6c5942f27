"""Closed round trips are written once, from the fills alone, and are the ledger to the last digit."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum

import execution.gate
from execution import rebuild
from execution.models import Account, Fill, Position
from execution.order_gateway import Desk
from execution.resetting import reset_account
from marketdata.models import Candle
from risk import round_trips
from risk.exits.write_off import write_off
from risk.models import Decision, RoundTrip, RoundTripMark
from risk.tasks import catch_up_round_trips
from tests.builders import PAPER, make_desk, open_paper_account, plant_instrument, trade
from tests.integration.risk.exit_house import OTHER, delisted, quoted_house
from tests.integration.risk.house import furnished
from tests.integration.risk.test_audit import violate

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    plant_instrument()
    plant_instrument(symbol="BBBUSDT")
    open_paper_account()
    return make_desk(folder=tmp_path)


def test_a_closed_position_is_one_trip_and_an_open_one_none(desk: Desk) -> None:
    trade(desk, "buy 2 @ 100; sell 1 @ 110; sell 1 @ 120; buy 1 @ 90")

    assert round_trips.catch_up(PAPER) == 1

    trip = RoundTrip.objects.get()
    # bought for 200, sold for 230, 0.05 % fee of 430
    assert (trip.gross, trip.fees, trip.net) == (30, Decimal("0.215"), Decimal("29.785"))
    assert (trip.symbol, trip.exit_reason, trip.quantity) == ("AAAUSDT", "SIGNAL", 2)
    assert [trip.first_fill_id, trip.last_fill_id] == list(
        Fill.objects.order_by("fill_id").values_list("pk", flat=True)
    )[::2]


def test_looking_again_writes_nothing_and_a_mark_that_was_lost_changes_nothing(desk: Desk) -> None:
    trade(desk, "buy 2 @ 100; sell 2 @ 110")
    round_trips.catch_up(PAPER)
    before = list(RoundTrip.objects.values())

    assert round_trips.catch_up(PAPER) == 0
    RoundTripMark.objects.update(fill_id=0)
    assert round_trips.catch_up(PAPER) == 0
    assert list(RoundTrip.objects.values()) == before
    assert RoundTripMark.objects.get().trips == 1


def test_a_trip_that_lasts_from_one_look_to_another_is_whole(desk: Desk) -> None:
    trade(desk, "buy 2 @ 100")
    round_trips.catch_up(PAPER)
    trade(desk, "buy 1 @ 103; sell 1 @ 104")
    round_trips.catch_up(PAPER)
    trade(desk, "sell 2 @ 101")

    assert catch_up_round_trips() == 1

    assert RoundTrip.objects.get().entry_notional == 303


def test_the_fills_of_a_long_absence_are_looked_through_in_portions(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(round_trips, "PORTION", 3)
    trade(desk, "buy 1 @ 100; sell 1 @ 101; buy 1 @ 100; sell 1 @ 99; buy 1 @ 100; sell 1 @ 98")

    assert round_trips.catch_up(PAPER, portions=1) == 1
    assert round_trips.catch_up(PAPER) == 2
    assert [trip.gross for trip in RoundTrip.objects.order_by("pk")] == [1, -1, -2]


def test_several_at_once_write_each_trip_once(desk: Desk) -> None:
    for _ in range(5):
        trade(desk, "buy 1 @ 100; sell 1 @ 101")
        trade(desk, "buy 1 @ 100; sell 1 @ 101", symbol="BBBUSDT")
    written: list[int] = []

    def look() -> None:
        written.append(round_trips.catch_up(PAPER))
        connection.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(written) == RoundTrip.objects.count() == RoundTripMark.objects.get().trips == 10


def test_all_trips_and_what_open_positions_realised_are_the_profit_of_the_account(desk: Desk) -> None:
    trade(desk, "buy 3 @ 100; sell 1 @ 107; sell 2 @ 96; buy 1 @ 99; sell 0.4 @ 101")
    trade(desk, "buy 7 @ 33.33; sell 7 @ 31.17; buy 1 @ 30", symbol="BBBUSDT")
    round_trips.catch_up(PAPER)

    sums = RoundTrip.objects.aggregate(gross=Sum("gross"), fees=Sum("fees"))
    mark, account, still = RoundTripMark.objects.get(), Account.objects.get(), round_trips.closed_and_open(PAPER)[1]

    assert (mark.gross, mark.fees) == (sums["gross"], sums["fees"])
    # 0.4 of the 1 that is held was sold 2 above its entry
    assert still.gross == Decimal("0.8")
    assert mark.gross + still.gross == account.realized_pnl
    assert mark.fees + still.fees == account.fees


def test_what_is_not_looked_through_yet_counts_as_open(desk: Desk) -> None:
    trade(desk, "buy 3 @ 100; sell 3 @ 107")

    still, account = round_trips.closed_and_open(PAPER)[1], Account.objects.get()

    assert (still.gross, still.fees) == (account.realized_pnl, account.fees)


def test_a_position_that_is_written_off_is_a_trip_that_lost_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = quoted_house(tmp_path, monkeypatch)
    delisted(house)
    write_off(PAPER, OTHER, by="anna", reason="delisted", marks=house.marks, clock=house.clock)

    round_trips.catch_up(PAPER)

    trip = RoundTrip.objects.get(symbol=OTHER)
    assert (trip.exit_reason, trip.gross, trip.slippage) == ("WRITE_OFF", -1000, None)


def test_a_new_start_of_the_account_leaves_trips_and_sums_alone(desk: Desk) -> None:
    trade(desk, "buy 3 @ 100; sell 3 @ 107")
    round_trips.catch_up(PAPER)
    execution.gate.halt(PAPER, by="anna", reason="anew")
    reset_account(PAPER, deposit=Decimal(500), by="anna", reason="anew", clock=desk.clock)
    execution.gate.set_trading_state(PAPER, "ACTIVE", by="anna", reason="go on")
    trade(desk, "buy 1 @ 100; sell 1 @ 99")

    round_trips.catch_up(PAPER)

    assert [trip.gross for trip in RoundTrip.objects.order_by("pk")] == [21, -1]
    assert RoundTripMark.objects.get().gross == Account.objects.get().realized_pnl


def test_books_that_are_rebuilt_have_the_same_trips(desk: Desk) -> None:
    trade(desk, "buy 3 @ 100; sell 1 @ 107; sell 2 @ 96; buy 1 @ 99")
    round_trips.catch_up(PAPER)
    violate("UPDATE position SET realized_pnl = 0; UPDATE account SET realized_pnl = 0, fees = 0")

    assert rebuild.write(PAPER) > 0
    assert round_trips.catch_up(PAPER) == 0

    mark, account, still = RoundTripMark.objects.get(), Account.objects.get(), round_trips.closed_and_open(PAPER)[1]
    assert (mark.gross + still.gross, mark.fees + still.fees) == (account.realized_pnl, account.fees)
    assert mark.gross == Position.objects.get().realized_pnl


def test_books_whose_fills_cannot_be_keep_no_other_trip_from_being_written(desk: Desk) -> None:
    trade(desk, "buy 1 @ 100; sell 1 @ 101")
    trade(desk, "buy 1 @ 100; sell 1 @ 101", symbol="BBBUSDT")
    violate("UPDATE fill SET quantity = 2 WHERE symbol = 'AAAUSDT' AND side = 'SELL'")

    assert round_trips.catch_up(PAPER) == 1
    assert RoundTrip.objects.get().symbol == "BBBUSDT"


def test_a_trip_knows_what_decided_it_and_by_which_limits(tmp_path: Path) -> None:
    house = furnished(tmp_path)
    bought = house.ask_for("BUY")
    house.execute_new()
    sold = house.ask_for("SELL")
    house.execute_new()

    round_trips.catch_up(PAPER)

    trip = RoundTrip.objects.get()
    assert (trip.entry_decision_id, trip.exit_decision_id) == (bought.pk, sold.pk)
    assert (trip.entry_signal_id, trip.limits_version) == (bought.signal_id, bought.limits_version)
    assert Decision.objects.count() == 2


def candle(minute: datetime, low: str, high: str) -> Candle:
    values: dict[str, Any] = {"interval": "1m", "volume": 1, "quote_volume": 1, "source": "WS", "received_at": minute}
    prices = {"open": Decimal(low), "low": Decimal(low), "high": Decimal(high), "close": Decimal(high)}
    return Candle.objects.create(instrument_id="AAAUSDT", open_time=minute, **prices, **values)


ENTRY = datetime(2026, 1, 2, 3, 4, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stored", "best", "worst"),
    [((5, 6), Decimal("0.2"), Decimal("-0.1")), ((5,), None, None), ((), None, None)],
    ids=["all candles", "one is missing", "none"],
)
def test_how_far_the_price_went_is_read_from_the_candles_between(
    desk: Desk, stored: tuple[int, ...], best: Decimal | None, worst: Decimal | None
) -> None:
    trade(desk, "buy 1 @ 100; sell 1 @ 104")
    violate(f"UPDATE fill SET executed_at = '{ENTRY}' WHERE side = 'BUY'")
    violate(f"UPDATE fill SET executed_at = '{ENTRY + timedelta(minutes=3)}' WHERE side = 'SELL'")
    # of 03:04 and 03:07 a part is before the entry and after the exit
    for minute in (4, *stored, 7):
        low, high = {4: ("50", "200"), 5: ("95", "120"), 6: ("90", "110"), 7: ("50", "200")}[minute]
        candle(ENTRY.replace(minute=minute, second=0), low, high)

    round_trips.catch_up(PAPER)

    trip = RoundTrip.objects.get()
    assert (trip.best_excursion_pct, trip.worst_excursion_pct) == (best, worst)


def test_a_trip_is_never_changed_nor_deleted(desk: Desk) -> None:
    trade(desk, "buy 1 @ 100; sell 1 @ 101")
    round_trips.catch_up(PAPER)

    for change in (lambda: RoundTrip.objects.update(symbol="X"), lambda: RoundTrip.objects.all().delete()):
        with pytest.raises(Exception, match="append-only"):
            change()
