"""One answer of the venue that cannot be booked stops nothing: it is kept, said, and settled by an operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from prometheus_client import REGISTRY

from cdb_site.alerts.models import Alert
from cdb_site.clock import SYSTEM, Clock
from execution import booking_rows, claims, tasks
from execution.models import Account, Fill, Order, QuarantinedAnswer
from execution.order_gateway import Desk
from execution.queries import unanswered_orders
from execution.venues.protocol import Report, Ticket
from marketdata.models import Instrument
from risk import audit
from risk import operations as risk
from risk.decision.requests import from_signal
from risk.models import Decision
from risk.operator.status_report import fresh_source, report
from tests.builders import (
    PAPER,
    make_desk,
    make_marks,
    make_quote,
    open_paper_account,
    plant_instrument,
    plant_order,
    plant_signal,
    set_limits,
    trade,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    plant_instrument()
    plant_instrument(symbol="BBBUSDT")
    open_paper_account()
    desk = make_desk(folder=tmp_path)
    desk.board.take([make_quote(), make_quote(symbol="BBBUSDT")])
    monkeypatch.setattr(tasks, "desk_of_process", lambda: desk)
    return desk


def spoil(desk: Desk, symbol: str, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """The venue answers orders of this symbol with fills that differ so from what it should say."""
    journal, answer = desk.venue.journal, desk.venue._answer  # type: ignore[attr-defined]

    def spoiled(ticket: Ticket) -> Report | None:
        report = answer(ticket)
        if report is None or ticket.symbol != symbol:
            return report
        return replace(report, trades=tuple(replace(trade, **changes) for trade in report.trades))

    assert journal is not None
    monkeypatch.setattr(desk.venue, "_answer", spoiled)


def states() -> dict[str, str]:
    return dict(Order.objects.values_list("symbol", "state"))


def quarantined_so_far() -> float:
    return REGISTRY.get_sample_value("cdb_answers_quarantined_total") or 0.0


def forget_lease() -> None:
    connection.cursor().execute(
        """UPDATE "order" SET claimed_at = claimed_at - interval '1 minute', created_at = created_at
             - interval '1 minute'"""
    )


UNBOOKABLE: list[dict[str, Any]] = [
    {"price": Decimal(0)},
    {"price": Decimal(-1)},
    {"quantity": Decimal(0)},
    {"quantity": Decimal(2)},
    {"fee": Decimal(-1)},
    {"fee": Decimal(100_000)},
    {"price": Decimal("1e30")},
]


@pytest.mark.parametrize("spoiled", UNBOOKABLE, ids=str)
def test_an_answer_that_cannot_be_booked_leaves_the_others_of_its_batch_booked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, spoiled: dict[str, Any]
) -> None:
    before = quarantined_so_far()
    spoil(desk, "BBBUSDT", monkeypatch, **spoiled)
    orders = [plant_order().order_id, plant_order(symbol="BBBUSDT").order_id]

    assert desk.execute(orders) == 1

    kept = QuarantinedAnswer.objects.get()
    assert states() == {"AAAUSDT": "FILLED", "BBBUSDT": "SUBMITTED"}
    assert (str(kept.order_id), kept.state, bool(kept.error)) == (orders[1], "OPEN", True)
    assert kept.report["trades"][0]["trade_id"]
    assert Alert.objects.get(code="FILL_UNBOOKABLE").level == "CRITICAL"
    assert quarantined_so_far() - before == 1
    # The planted orders have no decision; that one of them is open in quarantine is told by its alert.
    assert {violation.code for violation in audit.violations(grace_s=0)} == {"ORDER_WITHOUT_APPROVAL"}


def test_recovery_books_the_others_and_the_waiting_exits_are_swept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    trade(desk, "buy 2 @ 100")
    spoil(desk, "BBBUSDT", monkeypatch, price=Decimal(0))
    lost = [plant_order().order_id, plant_order(symbol="BBBUSDT").order_id]
    claims.claim(PAPER, lost, clock=CLOCK, causes={})
    exit_ = plant_order(side="SELL", quantity="2")
    forget_lease()

    for _ in range(2):
        tasks.sweep_orders()

    assert [Order.objects.get(order_id=order_id).state for order_id in lost] == ["FILLED", "SUBMITTED"]
    assert Order.objects.get(order_id=exit_.order_id).state == "FILLED"
    assert QuarantinedAnswer.objects.count() == 1
    assert unanswered_orders(5.0) == [], "what is in quarantine is not asked for every second"


def test_an_entry_that_overdraws_the_account_is_set_aside(desk: Desk) -> None:
    Account.objects.update(cash=Decimal(150))
    orders = [plant_order().order_id, plant_order(symbol="BBBUSDT").order_id]

    assert desk.execute(orders) == 1

    assert sorted(states().values()) == ["FILLED", "SUBMITTED"]
    assert "account_cash_not_negative" in QuarantinedAnswer.objects.get().error


def test_what_it_may_cost_stays_reserved_and_counted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(desk, "AAAUSDT", monkeypatch, price=Decimal(0))
    fills = REGISTRY.get_sample_value("cdb_fills_total", {"side": "BUY"}) or 0.0

    desk.execute([plant_order().order_id])

    assert Order.objects.get().reserved_notional == Decimal(101)
    assert (REGISTRY.get_sample_value("cdb_fills_total", {"side": "BUY"}) or 0.0) == fills, "not booked, not counted"


def test_a_server_that_is_away_is_no_fault_of_the_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    monkeypatch.setattr(booking_rows, "write", away)

    with pytest.raises(OperationalError):
        desk.execute([plant_order().order_id])
    assert not QuarantinedAnswer.objects.exists()


def run(*words: str) -> str:
    said = StringIO()
    call_command("quarantine", *words, stdout=said)
    return said.getvalue()


def set_aside(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> QuarantinedAnswer:
    Account.objects.update(cash=Decimal(50))
    desk.execute([plant_order().order_id])
    return QuarantinedAnswer.objects.get()


def test_after_the_cause_is_mended_the_answer_is_booked_as_it_was(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = set_aside(desk, monkeypatch)
    Account.objects.update(cash=Decimal(10_000))

    said = run("retry", str(kept.pk), "--by", "anna")

    kept.refresh_from_db()
    assert (kept.state, kept.settled_by, Order.objects.get().state) == ("BOOKED", "anna", "FILLED")
    assert Fill.objects.get().price == Decimal(100)
    assert Alert.objects.get(code="FILL_UNBOOKABLE").state == "CLOSED"
    assert "booked" in said


def test_while_its_cause_lasts_a_retry_says_so_and_keeps_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = set_aside(desk, monkeypatch)

    with pytest.raises(CommandError, match="account_cash_not_negative"):
        run("retry", str(kept.pk))

    kept.refresh_from_db()
    assert (kept.state, Order.objects.get().state) == ("OPEN", "SUBMITTED")


def test_dismissed_it_is_never_booked_and_its_order_ends_by_name(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = set_aside(desk, monkeypatch)

    run("dismiss", str(kept.pk), "--by", "anna", "--reason", "the venue's error, confirmed by mail")
    forget_lease()
    tasks.sweep_orders()

    kept.refresh_from_db()
    order = Order.objects.get()
    assert (kept.state, kept.settled_by) == ("DISMISSED", "anna")
    assert (order.state, order.reason_code, order.reserved_notional) == ("CANCELED", "ANSWER_DISMISSED", 0)
    assert not Fill.objects.exists()
    assert Alert.objects.get(code="FILL_UNBOOKABLE").state == "CLOSED"


def test_dismissing_needs_a_reason(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = set_aside(desk, monkeypatch)

    with pytest.raises(CommandError):
        run("dismiss", str(kept.pk), "--reason", " ")

    assert Order.objects.get().state == "SUBMITTED"


@pytest.mark.parametrize("word", ["retry", "dismiss"])
def test_what_is_settled_or_unknown_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    kept = set_aside(desk, monkeypatch)
    why = ["--reason", "known"] if word == "dismiss" else []
    run("dismiss", str(kept.pk), "--reason", "known")

    for number in (str(kept.pk), "999"):
        with pytest.raises(CommandError, match=number):
            run(word, number, *why)


def test_the_list_and_the_status_name_what_waits_for_an_operator(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = run("list")
    kept = set_aside(desk, monkeypatch)

    page, said = report(fresh_source(PAPER, SYSTEM)), StringIO()
    call_command("status", stdout=said)

    assert empty == "nothing is in quarantine\n"
    assert f"#{kept.pk}" in run("list")
    assert [row["id"] for row in page["quarantine"]] == [kept.pk]
    assert f"QUARANTINE #{kept.pk} BUY AAAUSDT" in said.getvalue()


def ask_for(symbol: str, strength: str, quotes: Sequence[dict[str, Any]]) -> Decision:
    request = from_signal(plant_signal(symbol=symbol, strength=strength))
    risk.decide_batch(PAPER, [request], marks=make_marks(*quotes), clock=CLOCK)
    return Decision.objects.get(decision_id=request.decision_id)


def test_approvals_leave_the_fee_that_the_open_buys_will_really_pay(desk: Desk) -> None:
    Instrument.objects.update(taker_fee=Decimal("0.02"))
    set_limits(max_exposure_pct="0.99", max_position_pct="0.97")
    quotes = [make_quote(), make_quote(symbol="BBBUSDT")]
    decisions = [ask_for("AAAUSDT", "1", quotes), ask_for("BBBUSDT", "0.018", quotes)]
    desk.board.take([make_quote(bid="100.99", ask="101"), make_quote(symbol="BBBUSDT", bid="100.99", ask="101")])

    for decision in decisions:
        if decision.order_id:
            desk.execute([str(decision.order_id)])

    assert decisions[0].order_id is not None
    assert not QuarantinedAnswer.objects.exists()
    assert Account.objects.get().cash >= 0
