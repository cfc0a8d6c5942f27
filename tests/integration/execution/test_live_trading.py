"""Live trading: two steps and one back, and where orders go with every key, without one, and after it was withdrawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from execution import live_trading
from execution.desks import VenueBuilders
from execution.models import Fill, LiveTrading, Order, Position
from execution.operations import Refused
from execution.rules.mode import MissingKey, Mode
from tests.builders import PAPER, open_paper_account, plant_instrument, plant_order, set_limits
from tests.integration.execution.live_house import (
    FillingExchange,
    enable,
    later,
    make_live_desk,
    venues,
    version,
    withdraw,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture(autouse=True)
def _account(valkey: Any) -> None:
    plant_instrument()
    open_paper_account()


def exchange_of(desk: Any) -> FillingExchange:
    found: FillingExchange = desk.venue.venues["MEXC"]
    return found


def ask(by: str = "anna") -> LiveTrading:
    return live_trading.ask(PAPER, limits_version=version(), by=by, reason="a good month")


def enabled() -> bool:
    return live_trading.keys(PAPER).enabled


def test_it_is_enabled_by_two_steps_and_withdrawn_by_one() -> None:
    asked = ask()
    assert not enabled()

    live_trading.confirm(PAPER, asked.pk, by="ben", alone=False)
    assert live_trading.keys(PAPER).enabled and live_trading.keys(PAPER).limits

    withdraw()
    assert not enabled()
    assert list(LiveTrading.objects.order_by("id").values_list("step", flat=True)) == ["ASKED", "ENABLED", "WITHDRAWN"]


def test_whoever_asked_does_not_confirm_where_another_person_is_wanted() -> None:
    asked = ask()

    with pytest.raises(Refused, match="another admin"):
        live_trading.confirm(PAPER, asked.pk, by="anna", alone=False)
    assert not enabled()

    live_trading.confirm(PAPER, asked.pk, by="anna", alone=True)
    assert enabled()


def test_a_step_in_between_ends_what_was_asked() -> None:
    first = ask()
    withdraw()
    with pytest.raises(Refused):
        live_trading.confirm(PAPER, first.pk, by="ben", alone=False)
    second, third = ask(), ask("ben")
    with pytest.raises(Refused):
        live_trading.confirm(PAPER, second.pk, by="cleo", alone=False)
    assert not enabled()

    live_trading.confirm(PAPER, third.pk, by="cleo", alone=False)
    with pytest.raises(Refused):
        live_trading.confirm(PAPER, third.pk, by="cleo", alone=False)


@pytest.mark.parametrize("reason", ["", "   "])
def test_it_needs_a_reason(reason: str) -> None:
    with pytest.raises(Refused, match="reason"):
        live_trading.ask(PAPER, limits_version=version(), by="anna", reason=reason)


def test_limits_that_are_not_in_force_are_no_limits_to_ask_with() -> None:
    old = version()
    set_limits(max_exposure_pct="0.4")

    with pytest.raises(Refused, match="not in force"):
        live_trading.ask(PAPER, limits_version=old, by="anna", reason="a good month")

    asked = ask()
    set_limits(max_exposure_pct="0.3")
    with pytest.raises(Refused, match="not in force"):
        live_trading.confirm(PAPER, asked.pk, by="ben", alone=False)


def test_looser_limits_withdraw_it_and_tighter_ones_do_not() -> None:
    enable()

    set_limits(max_exposure_pct="0.4")
    assert enabled()

    set_limits(max_exposure_pct="0.6")
    assert not enabled()
    assert "limits loosened" in LiveTrading.objects.latest("id").reason


def test_looser_limits_that_came_by_another_way_count_too() -> None:
    enable()
    names = [column for column in columns("limit_version") if column != "version"]
    chosen = ", ".join("0.9" if name == "max_exposure_pct" else name for name in names)

    connection.cursor().execute(
        f"INSERT INTO limit_version ({', '.join(names)})"
        f" SELECT {chosen} FROM limit_version ORDER BY version DESC LIMIT 1"
    )

    assert live_trading.keys(PAPER).enabled and not live_trading.keys(PAPER).limits


def columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", (table,))
        return [row[0] for row in cursor.fetchall()]


ROW = "INSERT INTO live_trading (account_id, step, request_id, asked_by, confirmed_by, withdrawn_by, reason," \
      " limits_version) VALUES ('paper', %s, %s, %s, %s, '', 'r', %s) RETURNING id"  # fmt: skip


def insert(step: str, request: int | None, asked_by: str, confirmed_by: str, limits: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(ROW, (step, request, asked_by, confirmed_by, limits))
        return int(cursor.fetchone()[0])


def test_the_table_refuses_what_is_enabled_in_one_step() -> None:
    with pytest.raises(IntegrityError, match="two steps"):
        insert("ENABLED", 4711, "anna", "ben", 1)
    with pytest.raises(IntegrityError, match="two steps"), transaction.atomic():
        insert("ENABLED", insert("ASKED", None, "anna", "", 1), "anna", "ben", 1)

    assert not enabled()


def test_the_table_takes_the_second_step_of_a_later_transaction_and_no_other() -> None:
    asked = insert("ASKED", None, "anna", "", 1)
    for offence in (("mallory", "ben", 1), ("anna", "ben", 2)):
        with pytest.raises(IntegrityError, match="somebody else"):
            insert("ENABLED", asked, *offence)
    with pytest.raises(IntegrityError, match="live_trading_enabled_is_confirmed"):
        insert("ENABLED", asked, "anna", "", 1)

    insert("ENABLED", asked, "anna", "ben", 1)

    assert enabled()


def test_after_an_hour_nobody_confirms_any_more() -> None:
    asked = ask()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE live_trading DISABLE TRIGGER USER")
        cursor.execute("UPDATE live_trading SET recorded_at = recorded_at - interval '61 minutes'")
        cursor.execute("ALTER TABLE live_trading ENABLE TRIGGER USER")

    with pytest.raises(Refused, match="an hour ago"):
        live_trading.confirm(PAPER, asked.pk, by="ben", alone=False)
    assert not enabled()


def test_with_every_key_an_order_is_real(tmp_path: Path) -> None:
    enable()
    desk = make_live_desk(tmp_path)

    assert desk.execute([plant_order().order_id]) == 1

    assert venues() == [("MEXC", "FILLED")]
    assert len(exchange_of(desk).known) == 1
    assert Fill.objects.get().trade_id.startswith("x-")


@pytest.mark.parametrize("withheld", [
    {"EXECUTION_MODE": "PAPER"}, {"VENUE": "PAPER"}, {"LIVE_TRADING": "no"},
    {"MEXC_API_KEY": ""}, {"MEXC_API_SECRET": ""}, {"ENV": "demo", "MARKET": "MEXC"},
])  # fmt: skip
def test_without_one_key_of_the_environment_the_order_is_paper(tmp_path: Path, withheld: dict[str, str]) -> None:
    enable()
    desk = make_live_desk(tmp_path, **withheld)

    desk.execute([plant_order().order_id])

    assert venues() == [("PAPER", "FILLED")]
    assert not Fill.objects.get().trade_id.startswith("x-")


def test_without_the_database_s_key_the_order_is_paper_and_so_it_is_after_the_first_step(tmp_path: Path) -> None:
    desk = make_live_desk(tmp_path)
    desk.execute([plant_order().order_id])
    ask()
    desk.execute([plant_order(quantity="2").order_id])

    assert venues() == [("PAPER", "FILLED"), ("PAPER", "FILLED")]
    assert exchange_of(desk).known == {}
    assert desk.mode is not None and desk.mode.told().missing == (MissingKey.ENABLED, MissingKey.LIMITS)


def test_a_build_without_the_venue_says_so_and_fills_on_paper(tmp_path: Path) -> None:
    enable()
    desk = make_live_desk(tmp_path, VenueBuilders())
    desk.execute([plant_order().order_id])

    assert desk.mode is not None and desk.mode.told().missing == (MissingKey.BUILD,)
    assert venues() == [("PAPER", "FILLED")]


def test_in_test_mode_the_exchange_checks_and_paper_fills(tmp_path: Path) -> None:
    desk = make_live_desk(tmp_path, EXECUTION_MODE="TEST", LIVE_TRADING="no")

    desk.execute([plant_order().order_id])

    assert venues() == [("MEXC_TEST", "FILLED")]
    assert desk.venue.venues["MEXC_TEST"].checked == 1  # type: ignore[attr-defined]
    assert exchange_of(desk).known == {}


def test_an_entry_placed_before_it_was_enabled_stays_paper(tmp_path: Path) -> None:
    desk = make_live_desk(tmp_path)
    before = plant_order().order_id
    enable()
    after = plant_order(quantity="2", symbol="BBBUSDT").order_id
    later(desk)

    desk.execute([before, after])

    assert [row[0] for row in venues()] == ["PAPER", "MEXC"]


def test_from_the_withdrawal_on_no_entry_is_real_without_waiting_for_any_reading(tmp_path: Path) -> None:
    enable()
    desk = make_live_desk(tmp_path)
    assert desk.mode is not None and desk.mode.told().mode == Mode.LIVE
    desk.mode._read_at = float("inf")  # what was read stays
    order = plant_order().order_id

    withdraw()
    desk.execute([order, plant_order(quantity="2").order_id])

    assert [row[0] for row in venues()] == ["PAPER", "PAPER"]
    assert exchange_of(desk).known == {}
    later(desk)
    assert desk.mode.told().mode == Mode.PAPER


def test_what_was_bought_with_money_is_sold_at_the_exchange_after_the_withdrawal(tmp_path: Path) -> None:
    enable()
    desk = make_live_desk(tmp_path)
    desk.execute([plant_order().order_id])
    withdraw()
    later(desk)

    desk.execute([plant_order(side="SELL").order_id])

    assert venues(side="SELL") == [("MEXC", "FILLED")]
    assert Position.objects.get().quantity == 0


def test_what_was_bought_on_paper_is_never_sold_at_the_exchange(tmp_path: Path) -> None:
    desk = make_live_desk(tmp_path)
    desk.execute([plant_order().order_id])
    enable()
    later(desk)

    desk.execute([plant_order(side="SELL").order_id])

    assert venues(side="SELL") == [("PAPER", "FILLED")]
    assert exchange_of(desk).known == {}


@pytest.mark.parametrize("real_first", [True, False])
def test_an_entry_into_a_symbol_that_is_held_on_the_other_side_is_refused(tmp_path: Path, real_first: bool) -> None:
    desk = make_live_desk(tmp_path)
    if real_first:
        enable()
    desk.execute([plant_order().order_id])
    (withdraw if real_first else enable)()
    later(desk)

    second = plant_order(quantity="2").order_id
    desk.execute([second])

    row = Order.objects.get(order_id=second)
    assert (row.state, row.reason_code) == ("CANCELED", "POSITION_AT_OTHER_VENUE")


def test_an_exit_whose_exchange_is_out_of_reach_waits_and_is_sold_when_the_keys_are_back(tmp_path: Path) -> None:
    enable()
    make_live_desk(tmp_path).execute([plant_order().order_id])
    without = make_live_desk(tmp_path, MEXC_API_KEY="", MEXC_API_SECRET="", VENUE="PAPER")
    leaving = plant_order(side="SELL").order_id

    without.execute([leaving])
    assert venues(side="SELL") == [("PAPER", "NEW")]

    make_live_desk(tmp_path).execute([leaving])
    assert venues(side="SELL") == [("MEXC", "FILLED")]


def test_what_the_exchange_did_not_answer_is_asked_for_there_after_the_withdrawal(tmp_path: Path) -> None:
    enable()
    desk = make_live_desk(tmp_path)
    exchange = exchange_of(desk)
    exchange.deaf = True
    lost = plant_order()
    desk.execute([lost.order_id])
    assert venues() == [("MEXC", "UNKNOWN")]

    withdraw()
    later(desk)
    exchange.deaf = False
    connection.cursor().execute("""UPDATE "order" SET claimed_at = claimed_at - interval '1 minute'""")
    desk.recover()

    row = Order.objects.get()
    assert (row.state, row.reason_code, row.venue) == ("CANCELED", "LIVE_TRADING_WITHDRAWN", "MEXC")
    assert exchange.canceled == [row.client_order_id]
    assert exchange.known == {}


def test_without_its_keys_an_unanswered_order_stays_unknown(tmp_path: Path) -> None:
    enable()
    desk = make_live_desk(tmp_path)
    exchange_of(desk).deaf = True
    desk.execute([plant_order().order_id])
    connection.cursor().execute("""UPDATE "order" SET claimed_at = claimed_at - interval '1 minute'""")

    make_live_desk(tmp_path, MEXC_API_KEY="", MEXC_API_SECRET="").recover()

    assert venues() == [("MEXC", "UNKNOWN")]


def test_a_desk_of_paper_alone_asks_nobody_where_orders_go(tmp_path: Path) -> None:
    desk = make_live_desk(tmp_path, VENUE="PAPER")
    assert desk.mode is not None and desk.mode.only_paper

    enable()
    desk.execute([plant_order().order_id])

    assert venues() == [("PAPER", "FILLED")]
    assert desk.at_hand == frozenset()
