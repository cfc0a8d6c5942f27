"""The report of a day on real books: its figures by hand, written once when the day is over, and told on demand."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from cdb_site.clock import SYSTEM
from execution import payments
from risk.loss_baselines import midnight_of
from risk.models import DailyReport, Decision
from risk.reports import day, writing
from risk.tasks import write_daily_reports
from tests.builders import PAPER
from tests.clocks import NOON
from tests.integration.risk.report_house import (
    FIRST,
    SECOND,
    ReportHouse,
    first_day,
    opened,
    plant_close,
    plant_point,
    second_day,
)  # fmt: skip

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
THIRD = SECOND + timedelta(days=1)


@pytest.fixture
def house(tmp_path: Path) -> ReportHouse:
    return opened(tmp_path)


def write(house: ReportHouse) -> list[date]:
    return writing.write_due(PAPER, house.clock.market_now())


def plant_decision(outcome: str, code: str, *, hour: int = 13, **params: Any) -> None:
    placed = {"order_id": uuid4(), "quantity": 1, "price": 1, "price_age_ms": 1} if outcome == "APPROVED" else {}
    Decision.objects.create(
        decision_id=uuid4(),
        kind="SIGNAL",
        outcome=outcome,
        reason_code=code,
        params=params,
        account=PAPER,
        symbol="AAAUSDT",
        side="BUY",
        signal_id=uuid4(),
        wanted_quantity=1,
        trading_state="ACTIVE",
        limits_version=1,
        max_price_age_ms=10,
        occurred_at=NOON.replace(hour=hour),
        **{"quantity": 0, **placed},
    )


def test_two_days_worked_by_hand(house: ReportHouse) -> None:
    first_day(house)
    second_day(house)

    assert write(house) == [FIRST, SECOND]

    one, two = DailyReport.objects.order_by("day")
    assert (one.opening_equity, one.paid_in, one.closing_equity) == (0, 10_000, 9_969)
    assert (one.result, one.realized_pnl, one.open_pnl, one.fees) == (-31, 0, -30, 1)
    assert (two.opening_equity, two.paid_in, two.closing_equity) == (9_969, 0, Decimal("10047.95"))
    assert (two.result, two.realized_pnl, two.open_pnl, two.fees) == (Decimal("78.95"), 50, 30, Decimal("1.05"))


def test_the_body_tells_drawdown_costs_trips_and_what_was_invested(house: ReportHouse) -> None:
    first_day(house)
    second_day(house)
    write(house)

    one, two = (row.body for row in DailyReport.objects.order_by("day"))

    # From 10,019 at 14:00 to 9,919 at 15:00; 9,969 at midnight is not above it again.
    assert one["drawdown"]["fraction"] == "0.009981"
    assert one["drawdown"]["peak_at"].startswith("2026-03-04T14:00")
    assert (one["drawdown"]["recovered_at"], one["drawdown"]["length_s"]) == (None, 36_000)
    assert one["pnl"]["result_fraction"] == "-0.0031"  # −31 of the 10,000 that were paid in
    assert one["invested"] == {"mean": "0.1", "most": "0.1"}
    assert one["costs"] == {"turnover": "1000", "fees": "1", "fees_of_turnover": "0.001", "slippage": "0"}
    assert one["orders"] == {"total": 1, "by_state": {"FILLED": 1}, "by_side": {"BUY": 1, "SELL": 0}, "fills": 1}
    assert one["trips"]["total"]["trips"] == 0
    # Bought for 1,000 and sold for 1,050, fees 1 and 1.05: it counts on the day it was closed.
    assert (two["trips"]["total"]["trips"], two["trips"]["total"]["net"]) == (1, "47.95")
    assert [(row["symbol"], row["net"]) for row in two["trips"]["by_symbol"]] == [("AAAUSDT", "47.95")]
    assert two["slippage"]["orders"] == 1


def test_slippage_is_told_against_the_price_that_was_decided(house: ReportHouse) -> None:
    house.settle(FIRST)
    house.trade_at(NOON + timedelta(hours=1), "buy 10 @ 100.2")  # decided at 100: 20 bps worse, 10 × 0.20
    plant_point(NOON + timedelta(hours=2), "9995")

    body = day.report(PAPER, FIRST, NOON + timedelta(hours=3))

    assert body["costs"]["slippage"] == "2"
    assert (body["slippage"]["median_bps"], body["slippage"]["worst_bps"]) == ("20", "20")
    assert {row["up_to_bps"]: row["orders"] for row in body["slippage"]["counts"]}["25"] == 1


def test_a_day_is_written_once_and_never_changed(house: ReportHouse) -> None:
    first_day(house)

    assert (write(house), write(house)) == ([FIRST], [])
    with pytest.raises(DatabaseError, match="append-only"):
        DailyReport.objects.update(fees=2)
    with pytest.raises(DatabaseError, match="append-only"):
        DailyReport.objects.all().delete()


def test_two_that_write_at_once_write_one(house: ReportHouse) -> None:
    first_day(house)

    def one_of_two(_: int) -> list[date]:
        try:
            return write(house)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        written = list(pool.map(one_of_two, range(2)))

    assert sorted(written) in ([[], [FIRST]],)
    assert DailyReport.objects.count() == 1


def test_a_day_waits_for_the_opening_that_follows_it(house: ReportHouse) -> None:
    first_day(house)
    house.trade_at(NOON + timedelta(hours=22), "sell 4 @ 105")
    house.go_to(midnight_of(THIRD) + timedelta(seconds=30))

    assert write(house) == [FIRST], "nobody has settled the second day's closing yet"

    plant_close(midnight_of(THIRD) - timedelta(minutes=1), "99")
    house.settle(THIRD)
    assert write(house) == [SECOND]


def test_days_of_standstill_follow_when_the_account_is_looked_at_again(house: ReportHouse) -> None:
    """Down over two midnights: the day that nobody settled closes with what its candles say once they are filled."""
    first_day(house)
    plant_close(midnight_of(THIRD) - timedelta(minutes=1), "98")
    later = THIRD + timedelta(days=1)
    plant_close(midnight_of(later) - timedelta(minutes=1), "99")
    house.restart()
    house.settle(later)

    assert write(house) == [FIRST, SECOND, THIRD]

    rows = DailyReport.objects.order_by("day")
    assert [row.result for row in rows] == [-31, 10, 10]
    assert [row.closing_equity for row in rows][:-1] == [row.opening_equity for row in rows][1:]


def test_the_days_add_up_whatever_is_paid_in_and_when(house: ReportHouse) -> None:
    first_day(house)
    payments.enter(PAPER, Decimal(500), by="anna", reason="more", now=midnight_of(SECOND) + timedelta(hours=3))
    second_day(house)
    write(house)

    two = DailyReport.objects.get(day=SECOND)
    assert (two.opening_equity, two.paid_in, two.closing_equity) == (9_969, 500, Decimal("10547.95"))
    assert two.result == Decimal("78.95")


def test_denials_are_told_by_reason_with_their_sentence_the_most_frequent_first(house: ReportHouse) -> None:
    for _ in range(2):
        plant_decision("REJECTED", "EXPOSURE_LIMIT_EXCEEDED", observed="0.61", limit="0.5", unit="FRACTION")
    plant_decision("EXPIRED", "SIGNAL_EXPIRED")
    plant_decision("APPROVED", "SIGNAL_APPROVED")
    plant_point(NOON + timedelta(hours=2), "10000")

    told = day.report(PAPER, FIRST, NOON + timedelta(hours=3))["decisions"]

    assert told["by_outcome"] == {"REJECTED": 2, "EXPIRED": 1, "APPROVED": 1}
    assert (told["total"], told["denied"]) == (4, 3)
    assert [(row["code"], row["count"]) for row in told["reasons"]] == [
        ("EXPOSURE_LIMIT_EXCEEDED", 2), ("SIGNAL_EXPIRED", 1),
    ]  # fmt: skip
    assert told["reasons"][0]["sentence"] == (
        "Blocked: total exposure would have been 61.00 % of equity, 50.00 % are allowed."
    )


def test_a_day_that_lasts_is_told_so_far_and_not_stored(house: ReportHouse) -> None:
    first_day(house)
    plant_point(midnight_of(SECOND) + timedelta(hours=1), "10029", "0.1")

    body = day.report(PAPER, SECOND, midnight_of(SECOND) + timedelta(hours=2))

    assert (body["final"], body["until"][:16]) == (False, "2026-03-05T01:00")
    assert body["pnl"]["result"] == "60"  # 10,029 − 9,969
    assert DailyReport.objects.count() == 0


def test_before_the_first_mark_of_a_day_its_result_is_not_known(house: ReportHouse) -> None:
    body = day.report(PAPER, FIRST, NOON + timedelta(minutes=1))

    assert (body["pnl"]["result"], body["pnl"]["open"], body["pnl"]["closing_equity"]) == (None, None, None)
    assert (body["drawdown"]["fraction"], body["slippage"]) == (None, None)


def test_without_an_account_the_job_writes_nothing(db: None) -> None:
    assert writing.write_due("nobody", NOON) == []


def test_the_timed_job_writes_what_is_due(house: ReportHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    first_day(house)
    monkeypatch.setattr(SYSTEM, "market_s", house.clock.market_now().timestamp)

    assert (write_daily_reports(), write_daily_reports()) == (1, 0)


class TestCommand:
    @pytest.fixture(autouse=True)
    def _now(self, house: ReportHouse, monkeypatch: pytest.MonkeyPatch) -> None:
        first_day(house)
        monkeypatch.setattr(SYSTEM, "market_s", lambda: house.clock.market_now().timestamp())

    def say(self, *words: str) -> str:
        out = StringIO()
        call_command("daily_report", *words, stdout=out)
        return out.getvalue()

    def test_it_tells_yesterday_in_words(self) -> None:
        told = self.say()

        assert "DAY        2026-03-04 UTC" in told
        assert "RESULT     -31 (-0.31 %): realised 0, open -30, fees -1" in told
        assert "TRIPS      none was closed" in told

    def test_it_tells_programs_the_same(self, house: ReportHouse) -> None:
        write(house)

        assert json.loads(self.say("--date", "2026-03-04", "--json")) == DailyReport.objects.get().body

    def test_today_is_told_so_far(self) -> None:
        assert "so far" in self.say("--date", "today")

    @pytest.mark.parametrize(
        ("wanted", "problem"),
        [
            ("2026-03-06", "2026-03-06 has not begun: it is 2026-03-05 of market time"),
            ("2026-03-03", "2026-03-03 is before the account: it was opened on 2026-03-04"),
            ("yesterweek", "'yesterweek' is no day: write it as YYYY-MM-DD, today or yesterday"),
            ("20260304", "'20260304' is no day"),
            ("2026-02-30", "'2026-02-30' is no day"),
        ],
    )
    def test_what_is_no_day_of_the_account_is_refused_in_words(self, wanted: str, problem: str) -> None:
        with pytest.raises(CommandError, match=problem):
            self.say("--date", wanted)


def test_without_an_account_the_command_says_what_to_do(db: None) -> None:
    with pytest.raises(CommandError, match="open_account"):
        call_command("daily_report")
