"""What a screen begins with: rows of the database in the very shape in which events bring them later."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cdb_site.alerts.models import Alert
from cdb_site.clock import SYSTEM, iso
from dashboard import snapshot, wire
from dashboard.live import facts
from dashboard.live.feed import Feed
from dashboard.live.fold import fold
from execution.models import TradingStateChange
from risk.models import AuditRun
from signals_app.models import Ranking, Signal
from signals_app.queries import latest_ranking
from tests.builders import plant_order
from tests.ui import planting, site

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def planted(db: Any) -> None:
    planting.plant()


def test_an_order_row_has_the_same_fields_from_the_database_and_from_an_event() -> None:
    event = site.order(str(uuid.uuid4()), status="FILLED", version=3, filled="4")

    live, stored = wire.order_row(event, iso(SYSTEM.wall_now())), snapshot.orders()[0]

    assert set(live) == set(stored)
    assert set(live["fills"][0]) == set(stored["fills"][0])


def test_an_order_is_shown_as_it_is_stored_from_its_placing_on() -> None:
    order = plant_order()
    feed = Feed()

    fold(feed, order.event)

    batch = feed.flush()
    assert batch is not None
    [live] = json.loads(batch.text)["changes"]["orders"]
    [kept] = [row for row in snapshot.orders() if row["id"] == order.order_id]
    assert live["at"][:23] == kept["at"][:23]
    assert live | {"at": ""} == kept | {"at": ""}


def test_a_wish_to_cancel_changes_no_order_on_the_screen() -> None:
    order = plant_order()
    wish = replace(order.event, payload=order.event.payload | {"command": "CANCEL"})
    feed = Feed()

    fold(feed, wish)

    assert feed.flush() is None


def test_an_order_row_tells_its_average_price_without_trailing_zeros() -> None:
    row = snapshot.orders()[0]

    # 1,000 paid for 10.
    assert (row["avg_price"], row["filled"], row["fee"]) == ("100", "10", "0.5")


def test_a_decision_row_has_the_same_fields_from_the_database_and_from_an_event() -> None:
    stored = snapshot.decisions()[0]
    event = {
        "decision_id": stored["id"],
        "wanted_quantity": "10",
        "limits_version": 1,
        "params": {},
        **{
            name: stored[name]
            for name in ("kind", "outcome", "reason_code", "symbol", "side", "quantity", "trading_state", "layers")
        },
    }

    live = wire.decision_row(event, iso(SYSTEM.wall_now()))

    assert set(live) == set(stored)
    # 1,500 of 10,000.
    assert stored["exposure"] == "0.15"
    assert stored["sentence"] == "Approved as wanted."


def test_a_signal_row_has_the_same_fields_from_the_database_and_from_an_event() -> None:
    now = SYSTEM.wall_now()
    numbers = {"momentum": Decimal("0.02"), "strength": Decimal(1), "close": Decimal(10)}
    Signal.objects.create(
        signal_id=uuid.uuid4(),
        strategy="momentum",
        symbol="AAAUSDT",
        interval="1m",
        open_time=now,
        side="BUY",
        rank=1,
        universe_size=2,
        base_close=9,
        quote_volume=1000,
        expires_at=now + timedelta(seconds=90),
        **numbers,
    )
    stored = snapshot.signals()[0]
    event = {**stored, "signal_id": stored["id"]}

    assert set(wire.signal_row(event, iso(now))) == set(stored)


def test_open_alerts_come_before_newer_closed_ones() -> None:
    now = SYSTEM.wall_now()
    Alert.objects.create(
        code="FEED_SILENT",
        level="CRITICAL",
        source="bus",
        key="feed",
        params={"age_s": 31},
        raised_at=now - timedelta(hours=1),
    )
    Alert.objects.create(code="STOP_LOSS", level="WARNING", state="CLOSED", source="risk", key="AAA", raised_at=now)

    rows = snapshot.alerts()

    assert [row["code"] for row in rows] == ["FEED_SILENT", "STOP_LOSS"]
    assert rows[0]["text"] == "No market data for 31 s."
    payload = {**rows[0], "alert_id": rows[0]["id"], "params": {}}
    assert set(wire.alert_row(payload)) == set(rows[0])


def test_the_outlook_names_who_is_nearest_below_the_threshold_and_who_is_out() -> None:
    newest = Ranking.objects.first()
    assert newest is not None
    Ranking.objects.create(
        symbol="OUT", ranked_at=newest.ranked_at, momentum=Decimal("0.05"), quote_volume=1, excluded="VOLUME"
    )

    outlook = facts.outlook(latest_ranking())

    assert [(row["symbol"], row["momentum"]) for row in outlook["nearest"]][0] == ("AAAUSDT", "0.0082")
    assert [(row["symbol"], row["excluded"]) for row in outlook["out"]] == [("OUT", "VOLUME")]


def test_the_ranks_tell_every_watched_symbol_of_the_last_ranking_alone() -> None:
    newest = Ranking.objects.first()
    assert newest is not None
    before = newest.ranked_at - timedelta(minutes=1)
    Ranking.objects.create(symbol="OLD", ranked_at=before, momentum=Decimal("0.5"), quote_volume=1, rank=1)
    Ranking.objects.create(symbol="NEW", ranked_at=newest.ranked_at, quote_volume=1, excluded="VOLUME")

    ranks = facts.read()["ranks"]

    assert ranks["ranked_at"] == wire.moment(newest.ranked_at)
    assert [tuple(row.values()) for row in ranks["rows"]] == [
        ("AAAUSDT", 1, "0.0082", ""),
        ("BBBUSDT", 2, "-0.001", ""),
        ("NEW", None, None, "VOLUME"),
    ]


def test_books_tell_the_last_audit_and_everybody_who_holds_trading() -> None:
    AuditRun.objects.create(violations=2, first="I2 paper cash", duration_ms=5)
    holds = [("AUDIT", "HALTED", "books differ", "audit"), ("BREAKERS", "REDUCING", "silence", "risk")]
    for owner, state, reason, by in holds:
        TradingStateChange.objects.create(account_id="paper", owner=owner, state=state, reason=reason, changed_by=by)

    books = facts.books()

    assert (books["violations"], books["first"]) == (2, "I2 paper cash")
    assert (books["trading_state"], books["changed_by"]) == ("HALTED", "audit")
    assert [(row["owner"], row["state"], row["reason"]) for row in books["holders"]] == [
        ("AUDIT", "HALTED", "books differ"),
        ("BREAKERS", "REDUCING", "silence"),
    ]
