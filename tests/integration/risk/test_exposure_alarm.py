"""Exposure above its limit is told once, stays told, and ends after a stretch within the limit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from cdb_site.alerts.catalog import sentence
from cdb_site.alerts.models import Alert
from risk.account_reading import reading
from risk.rules.portfolio import Portfolio
from risk.watch.exposure_alarm import ExposureAlarm
from tests.builders import PAPER, make_marks, open_paper_account, set_limits
from tests.clocks import MonotonicClock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


class Desk:
    """An account whose limits are 50 % and 30 s, and whose open buys a test chooses."""

    def __init__(self) -> None:
        open_paper_account(limits=False)
        set_limits(max_exposure_pct="0.5", good_data_s="30")
        self.clock = MonotonicClock()
        self.restart()

    def restart(self) -> None:
        self.alarm = ExposureAlarm(PAPER, self.clock)

    def look(self, *, exposure: str, after_s: float = 0) -> None:
        self.clock.now_s += after_s
        held = Portfolio(cash=Decimal(10_000), holdings={}, marks={}, reserved={"AAAUSDT": Decimal(exposure) * 10_000})
        seen = reading(PAPER, make_marks(), self.clock.market_now())
        self.alarm.look(replace(seen, portfolio=held))


def states() -> list[tuple[str, int]]:
    return list(Alert.objects.order_by("raised_at").values_list("state", "count"))


def test_exposure_above_its_limit_is_one_alert_with_its_numbers() -> None:
    desk = Desk()

    for exposure in ("0.5", "0.512", "0.53"):
        desk.look(exposure=exposure)

    [alert] = Alert.objects.all()
    assert (alert.code, alert.level, alert.count) == ("EXPOSURE_ABOVE_LIMIT", "WARNING", 1)
    assert sentence(alert.code, alert.params).startswith("Exposure is 51.20 % of equity, 50.00 % are allowed")


def test_it_ends_after_a_stretch_within_the_limit_and_may_come_again() -> None:
    desk = Desk()
    desk.look(exposure="0.6")

    desk.look(exposure="0.4", after_s=1)
    desk.look(exposure="0.6", after_s=29)
    desk.look(exposure="0.4", after_s=1)
    desk.look(exposure="0.4", after_s=29)
    assert states() == [("RAISED", 1)]
    desk.look(exposure="0.4", after_s=1)
    desk.look(exposure="0.4", after_s=100)
    desk.look(exposure="0.6", after_s=1)

    assert states() == [("CLOSED", 1), ("RAISED", 1)]


def test_an_alert_of_a_process_that_died_is_closed_by_the_next() -> None:
    desk = Desk()
    desk.look(exposure="0.6")

    desk.restart()
    desk.look(exposure="0.4")
    desk.look(exposure="0.4", after_s=30)

    assert states() == [("CLOSED", 1)]
