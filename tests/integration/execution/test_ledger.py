"""Fees in base units, what they leave as dust, and payments: on a real database, told twice, in doubt and at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from cdb_site.clock import Clock
from execution import booking, payments, quarantine, queries, rebuild, reconcile_queries
from execution.models import Account, Fill, LedgerEntry, Order, Position, QuarantinedAnswer
from execution.operations import Refused
from execution.order_gateway import Desk
from execution.venues.protocol import Report, Ticket
from marketdata.models import Instrument
from risk import audit, round_trips
from risk.models import RoundTrip
from tests.builders import PAPER, make_desk, open_paper_account, plant_instrument, plant_order, trade

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()
# What the tests of execution alone leave out: orders without a decision.
UNASKED = {"ORDER_WITHOUT_APPROVAL"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    plant_instrument(quantity_step=Decimal("0.01"))
    open_paper_account()
    return make_desk(folder=tmp_path)


@pytest.fixture
def in_base(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[Report]:
    """The venue takes 0.1 % of what is bought in that itself, and 0.1 % of the proceeds of a sale. Returns its answers
    as they come."""
    return charging(desk, monkeypatch, "AAA")


def charging(desk: Desk, monkeypatch: pytest.MonkeyPatch, asset: str) -> list[Report]:
    answer, answers = desk.venue._answer, []  # type: ignore[attr-defined]

    def charged(ticket: Ticket) -> Report | None:
        report = answer(ticket)
        if report and ticket.side == "BUY":
            trades = (replace(one, fee=one.quantity / 1000, fee_asset=asset) for one in report.trades)
            report = replace(report, trades=tuple(trades))
        answers.extend([report] if report else [])
        return report

    monkeypatch.setattr(desk.venue, "_answer", charged)
    return answers


def entries() -> list[tuple[str, ...]]:
    """Of all fills: the kind, and what it moves of cash, inventory, fees, profit and units."""
    rows = LedgerEntry.objects.exclude(fill=None).order_by("fill", "-kind")
    names = ("amount", "inventory", "fees", "realized", "units")
    return [(row.kind, *(f"{getattr(row, name).normalize():f}" for name in names)) for row in rows]


def found() -> set[str]:
    return {row.code for row in audit.violations(grace_s=0)} - UNASKED


@pytest.mark.usefixtures("in_base")
def test_a_fee_in_base_units_is_booked_at_its_value_and_taken_from_the_position(desk: Desk) -> None:
    trade(desk, "buy 2 @ 100")

    # 0.1 % of 2 are 0.002, worth 0.2: held are 1.998 at 100, and cash paid 200
    held, fill, account = Position.objects.get(), Fill.objects.get(), Account.objects.get()
    assert (held.quantity, held.avg_entry_price) == (Decimal("1.998"), 100)
    assert (fill.fee, fill.fee_asset, fill.fee_quantity) == (Decimal("0.2"), "AAA", Decimal("0.002"))
    assert (account.cash, account.fees) == (9800, Decimal("0.2"))
    assert Order.objects.get().fee == Decimal("0.2")
    assert entries() == [("TRADE", "-200", "200", "0", "0", "2"), ("FEE", "0", "-0.2", "0.2", "0", "-0.002")]
    assert (rebuild.differences(PAPER), found()) == ([], set())


@pytest.mark.usefixtures("in_base")
def test_what_a_whole_exit_leaves_below_the_step_goes_as_dust_and_the_trip_closes(desk: Desk) -> None:
    trade(desk, "buy 2 @ 100; sell 1.99 @ 110")

    # 0.008 are left, below the step of 0.01: 0.8 of entry value are lost, (110 − 100) × 1.99 = 19.9 were made
    round_trips.catch_up(PAPER)
    trip = RoundTrip.objects.get()
    assert queries.open_positions(PAPER) == {}
    assert queries.dust(PAPER) == {"AAAUSDT": Decimal("0.008")}
    assert entries()[-1] == ("DUST", "0", "-0.8", "0", "0.8", "-0.008")
    assert (trip.gross, trip.fees) == (Decimal("19.1"), Decimal("0.2") + Decimal("0.10945"))
    assert Account.objects.get().realized_pnl == Position.objects.get().realized_pnl == Decimal("19.1")
    assert (rebuild.differences(PAPER), found()) == ([], set())


@pytest.mark.usefixtures("in_base")
def test_dust_of_several_exits_adds_up_and_is_no_part_of_the_next_position(desk: Desk) -> None:
    trade(desk, "buy 2 @ 100; sell 1.99 @ 110; buy 2 @ 120; sell 1.99 @ 90; buy 1 @ 100")

    assert queries.dust(PAPER) == {"AAAUSDT": Decimal("0.016")}
    assert reconcile_queries.books(PAPER).assets["AAA"] == Decimal("1.015"), "what the venue has: 0.999 and the dust"
    assert Position.objects.get().quantity == Decimal("0.999")
    assert (rebuild.differences(PAPER), found()) == ([], set())


def test_an_answer_that_comes_again_sweeps_nothing_again(desk: Desk, in_base: list[Report]) -> None:
    ids = trade(desk, "buy 2 @ 100; sell 1.99 @ 110")
    before = entries()

    again = {ids[1]: in_base[-1]}
    assert booking.record(PAPER, again, clock=CLOCK, causes={}) == 0

    assert entries() == before
    assert queries.dust(PAPER) == {"AAAUSDT": Decimal("0.008")}


@pytest.mark.usefixtures("in_base")
@pytest.mark.parametrize("rest", ["no rules", "a finer step"])
def test_what_could_be_ordered_or_nobody_knows_of_stays_a_position(desk: Desk, rest: str) -> None:
    trade(desk, "buy 2 @ 100")
    if rest == "no rules":
        desk.board.rules("AAAUSDT")  # the venue still knows them
        Instrument.objects.all().delete()
    else:
        Instrument.objects.update(quantity_step=Decimal("0.001"))

    trade(desk, "sell 1.99 @ 110")

    assert Position.objects.get().quantity == Decimal("0.008")
    assert (queries.dust(PAPER), rebuild.differences(PAPER)) == ({}, [])


@pytest.mark.usefixtures("in_base")
def test_an_exit_that_did_not_sell_all_it_asked_for_leaves_its_rest_to_the_next(desk: Desk) -> None:
    trade(desk, "buy 2 @ 100")
    exit_order = plant_order(side="SELL", quantity="1.99")
    ticket = Ticket(
        client_order_id=exit_order.order_id.replace("-", ""),
        symbol="AAAUSDT",
        side="SELL",
        quantity=Decimal("1.99"),
        limit_price=None,
        reduce_only=True,
    )
    whole = desk.venue._answer(ticket)  # type: ignore[attr-defined]
    Order.objects.filter(pk=exit_order.order_id).update(state="SUBMITTED", claimed_at=CLOCK.wall_now())
    part = replace(whole, trades=tuple(replace(one, quantity=Decimal("1.98")) for one in whole.trades))

    booking.record(PAPER, {exit_order.order_id: part}, clock=CLOCK, causes={})

    assert Order.objects.get(pk=exit_order.order_id).state == "EXPIRED"
    assert Position.objects.get().quantity == Decimal("0.018")
    assert queries.dust(PAPER) == {}


def test_dust_that_is_told_otherwise_than_it_was_booked_is_found_by_audit_and_rebuild(
    desk: Desk, in_base: list[Report]
) -> None:
    trade(desk, "buy 2 @ 100; sell 1.99 @ 110")
    with connection.cursor() as cursor:
        cursor.execute("""BEGIN; SET LOCAL session_replication_role = replica;
            UPDATE fill SET dust_quantity = 0.007 WHERE side = 'SELL'; COMMIT""")

    assert {"FILL_NOT_IN_LEDGER", "POSITION_IS_NOT_THE_FILLS"} <= found()
    assert {"quantity", "units"} <= {row.column for row in rebuild.differences(PAPER)}


def test_a_fee_in_a_third_asset_is_kept_in_quarantine_with_its_remedy_and_stops_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    charging(desk, monkeypatch, "MX")

    [order_id] = trade(desk, "buy 2 @ 100")

    kept = QuarantinedAnswer.objects.get()
    assert "a fee of 0.002 MX" in kept.error and "switch the deduction in MX off" in kept.error
    assert (Fill.objects.count(), Order.objects.get().state) == (0, "SUBMITTED")
    assert Account.objects.get().cash == 10_000
    with pytest.raises(Refused, match="still cannot be booked"):
        quarantine.retry(kept.pk, by="anna", clock=CLOCK)
    assert order_id == str(kept.order_id)


# Paying in and out


def pay(way: Callable[..., LedgerEntry], pays: str, **changes: Any) -> LedgerEntry:
    values = {"amount": Decimal(pays), "by": "anna", "reason": "season", "clock": CLOCK} | changes
    return way(PAPER, **values)


def test_a_payment_is_an_entry_of_cash_and_capital_with_who_and_why(desk: Desk) -> None:
    paid = pay(payments.deposit, "500.5")
    out = pay(payments.withdraw, "200")

    account = Account.objects.get()
    assert (paid.kind, paid.amount, paid.capital) == ("DEPOSIT", Decimal("500.5"), Decimal("-500.5"))
    assert (out.kind, out.amount, out.capital) == ("WITHDRAWAL", -200, 200)
    assert (out.paid_by, out.reason) == ("anna", "season")
    assert account.cash == account.paid_in == Decimal("10300.5")
    assert (rebuild.differences(PAPER), found()) == ([], set())


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    "changes",
    [{"amount": Decimal(0)}, {"amount": Decimal(-5)}, {"amount": Decimal("NaN")}, {"amount": Decimal("1e-13")},
     {"amount": Decimal("1e15")}, {"reason": "  "}, {"by": ""}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("way", [payments.deposit, payments.withdraw])
def test_what_is_no_amount_or_has_no_reason_is_refused(
    way: Callable[..., LedgerEntry], changes: dict[str, Any]
) -> None:
    with pytest.raises(Refused):
        pay(way, "5", **changes)

    assert LedgerEntry.objects.count() == 1


def test_what_open_buys_reserve_is_not_paid_out(desk: Desk) -> None:
    plant_order(reserved="4000")

    with pytest.raises(Refused, match="6000 USDT are free: 10000 in cash, of which open buys reserve 4000"):
        pay(payments.withdraw, "6000.000000000001")

    assert Account.objects.get().cash == 10_000
    pay(payments.withdraw, "6000")
    assert Account.objects.get().cash == 4000


@pytest.mark.usefixtures("desk")
def test_of_two_that_pay_everything_out_at_once_one_is_refused() -> None:
    barrier, ends = threading.Barrier(2), []

    def out() -> None:
        try:
            barrier.wait()
            pay(payments.withdraw, "10000")
            ends.append("paid")
        except Refused:
            ends.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=out) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ends) == ["paid", "refused"]
    assert Account.objects.get().cash == 0


@pytest.mark.usefixtures("desk")
def test_what_was_paid_is_never_changed() -> None:
    paid = pay(payments.deposit, "5")

    for change in (lambda: LedgerEntry.objects.filter(pk=paid.pk).update(amount=6, capital=-6), paid.delete):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


@pytest.mark.usefixtures("desk")
def test_a_terminal_pays_in_and_out() -> None:
    said = StringIO()

    call_command("deposit", "--amount", "12.5", "--by", "anna", "--reason", "more", stdout=said)
    call_command("withdraw", "--amount", "2.5", "--by", "anna", "--reason", "less", stdout=said)

    newest = LedgerEntry.objects.latest("pk")
    assert said.getvalue().splitlines() == [
        f"12.5 are paid in, as entry {newest.pk - 1} of the ledger",
        f"2.5 are paid out, as entry {newest.pk} of the ledger",
    ]
    assert Account.objects.get().cash == 10_010


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(("amount", "why"), [("ten", "no amount"), ("20000", "10000 USDT are free")])
def test_a_terminal_says_why_nothing_was_paid(amount: str, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        call_command("withdraw", "--amount", amount, "--reason", "less")
