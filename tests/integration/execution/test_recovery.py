"""Nothing trades before the past is settled: what was taken, the venue, the books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from cdb_site.bus import readiness
from cdb_site.bus.redis import connect
from cdb_site.bus.runtime import Runtime
from cdb_site.bus.topics import topic
from cdb_site.clock import Clock
from cdb_site.services import service
from execution import claims, queries, recovery, tasks
from execution.models import Fill, LedgerEntry, Order, Reconciliation
from execution.order_gateway import Desk, ticket_of
from execution.venues.protocol import VenueSilent
from risk import tasks as risk_tasks  # noqa: F401 - the audit is its step
from risk.models import AuditRun
from tests.builders import PAPER, make_desk, open_paper_account, plant_instrument, plant_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    plant_instrument()
    open_paper_account()
    desk = make_desk(folder=tmp_path)
    monkeypatch.setattr(tasks, "desk_of_process", lambda: desk)
    monkeypatch.setattr(recovery, "reconciled_desk", lambda: desk)
    monkeypatch.setattr(readiness, "_unready", {"execution"})
    yield desk


@pytest.fixture
def runtime() -> Runtime:
    from django.conf import settings

    return Runtime(service=service("execution"), environment=settings.ENVIRONMENT, instance="1")


def steps() -> list[str]:
    return [step.name for step in readiness.steps_of("execution")]


def test_events_then_the_venue_then_the_books() -> None:
    assert steps() == [
        "what was taken from the streams and not finished",
        "the books beside the venue",
        "the audit of the books",
    ]


def test_an_order_that_comes_before_recovery_is_done_waits_and_goes_afterwards(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = plant_order()
    Order.objects.update(created_at="2026-01-01T00:00:00Z", valid_for_s=10**9)

    assert not desk.can_fill("AAAUSDT", "BUY", Order.objects.get().quantity, "LIMIT_IOC")
    assert tasks.sweep_orders() == 0
    assert Order.objects.get().state == "NEW"

    monkeypatch.setattr(readiness, "_unready", set())
    assert tasks.sweep_orders() == 1
    assert Order.objects.get(order_id=order.order_id).state == "FILLED"


def test_what_this_worker_took_and_did_not_finish_comes_first(desk: Desk, runtime: Runtime) -> None:
    client, key = connect(), topic("orders").key
    client.xgroup_create(key, "execution", id="0", mkstream=True)
    client.xadd(key, {"e": b"{}"})
    client.xreadgroup("execution", "execution-1", {key: ">"})

    assert not recovery.finish_events(runtime)

    [(entry, _)] = client.xrange(key)
    client.xack(key, "execution", entry)
    assert recovery.finish_events(runtime)


def test_what_another_worker_has_taken_is_its_own(desk: Desk, runtime: Runtime) -> None:
    client, key = connect(), topic("orders").key
    client.xgroup_create(key, "execution", id="0", mkstream=True)
    client.xadd(key, {"e": b"{}"})
    client.xreadgroup("execution", "execution-2", {key: ">"})

    assert recovery.finish_events(runtime)


def test_a_fill_of_the_time_before_the_crash_is_booked_before_anything_trades(desk: Desk, runtime: Runtime) -> None:
    order = plant_order()
    claims.claim(PAPER, [order.order_id], clock=CLOCK, causes={})
    desk.venue.submit([ticket_of(one, CLOCK.market_now()) for one in queries.orders_by_id([order.order_id])])

    assert recovery.compare_with_venue(runtime)

    assert (Order.objects.get().state, Fill.objects.count()) == ("FILLED", 1)
    assert Reconciliation.objects.get().cause == "START"


def test_a_venue_that_is_silent_keeps_the_door_shut(
    desk: Desk, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object, **__: object) -> None:
        raise VenueSilent("HTTP 503")

    monkeypatch.setattr(desk.venue, "records", silent)

    with pytest.raises(TimeoutError, match="PAPER does not answer: HTTP 503"):
        recovery.compare_with_venue(runtime)


def test_before_an_account_is_opened_there_is_nothing_to_compare(runtime: Runtime) -> None:
    assert recovery.compare_with_venue(runtime)
    assert not Reconciliation.objects.exists()


def test_an_audit_that_was_clean_a_moment_ago_counts_and_an_older_or_unclean_one_does_not(
    desk: Desk, runtime: Runtime
) -> None:
    work = readiness.steps_of("execution")[2].work
    assert work(runtime)
    assert work(runtime)
    assert AuditRun.objects.count() == 1

    AuditRun.objects.update(ran_at=timezone.now() - timedelta(seconds=91))
    assert work(runtime)
    assert AuditRun.objects.count() == 2

    AuditRun.objects.update(violations=1)
    assert work(runtime)
    assert AuditRun.objects.count() == 3


def test_books_that_break_an_invariant_halt_before_the_first_order(desk: Desk, runtime: Runtime) -> None:
    LedgerEntry.objects.create(
        account_id=PAPER,
        kind="DEPOSIT",
        amount=5,
        capital=-5,
        occurred_at="2020-01-01T00:00:00Z",
        recorded_at="2020-01-01T00:00:00Z",
    )

    assert readiness.steps_of("execution")[2].work(runtime)

    assert queries.trading_state(PAPER) == "HALTED"
    assert AuditRun.objects.get().violations
