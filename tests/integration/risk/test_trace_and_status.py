"""Answers to "why" and "how does it stand": explain, status, redecide, and the operator's commands."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

import execution.queries
from cdb_site.bus import latest
from cdb_site.bus.redis import UNREACHABLE
from cdb_site.clock import SYSTEM, Clock
from cdb_site.units import text
from execution.models import Fill, Order
from risk import operations
from risk.decision.requests import from_signal
from risk.models import Breaker, CloseOut, Decision
from risk.undecided import UndecidedSignals
from tests.builders import (
    PAPER,
    make_desk,
    make_marks,
    make_quote,
    open_paper_account,
    plant_instrument,
    plant_signal,
)
from tests.integration.house.rows import breaker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()


SERVICE_NAMES = ["ws", "rest", "signal", "risk", "execution", "signal_gen", "dashboard"]


def said(command: str, *arguments: str, **options: Any) -> str:
    output = StringIO()
    call_command(command, *arguments, stdout=output, **options)
    return output.getvalue()


@pytest.fixture
def bought(tmp_path: Path) -> Decision:
    """One signal, decided, filled: 10 at 100."""
    plant_instrument()
    open_paper_account()
    request = from_signal(plant_signal())
    operations.decide_batch(PAPER, [request], marks=make_marks(), clock=CLOCK)
    decision = Decision.objects.get(decision_id=request.decision_id)
    make_desk(folder=tmp_path).execute([str(decision.order_id)])
    latest.store_quotes([make_quote()])
    return decision


def test_every_id_of_a_chain_explains_the_whole_chain(bought: Decision) -> None:
    fill = Fill.objects.get()
    ids = [str(bought.signal_id), str(bought.decision_id), bought.decision_id.hex, fill.trade_id, str(bought.pk)[:9]]

    answers = {said("explain", name) for name in ids}

    assert len(answers) == 1
    [answer] = answers
    for part in ("SIGNAL ", "DECISION", "layer 1 DAILY_LOSS", "layer 5 STOP_LOSS", "ORDER ", "FILL ", "slippage"):
        assert part in answer
    assert "Approved as wanted." in answer


def test_the_chain_is_there_as_json(bought: Decision) -> None:
    chain = json.loads(said("explain", str(bought.pk), "--json"))

    assert chain["decision"]["outcome"] == "APPROVED"
    assert chain["fills"][0]["price"] == text(Fill.objects.get().price)
    assert chain["limits"]["version"] == bought.limits_version


def test_an_unknown_id_says_what_ids_look_like_and_names_some(bought: Decision) -> None:
    with pytest.raises(CommandError, match=f"32 hex digits.*{bought.pk}"):
        said("explain", "not-an-id")


def test_a_prefix_of_two_is_not_guessed(bought: Decision) -> None:
    other = Decision.objects.get(pk=bought.pk)
    other.pk = f"{str(bought.pk)[:8]}-0000-0000-0000-000000000000"
    other.signal_id, other.number = None, 2
    other.kind, other.side, other.episode_id = "STOP", "SELL", bought.pk
    other.save(force_insert=True)

    with pytest.raises(CommandError, match="begins several ids"):
        said("explain", str(bought.pk)[:8])


def test_status_names_distance_to_limits_positions_and_data(bought: Decision) -> None:
    breaker(kind="SPREAD", cause="")

    page = said("status")

    assert "TRADING    ACTIVE" in page
    assert "exposure" in page and "of 50.00 %" in page
    assert "POSITION   AAAUSDT" in page
    assert "SPREAD AAAUSDT: 1.0 bps of 0.5 bps, releases itself" in page
    assert "DATA       1 symbols" in page


def test_status_is_one_json_object(bought: Decision) -> None:
    page = json.loads(said("status", "--json"))

    assert page["trading"]["state"] == "ACTIVE"
    assert [row["symbol"] for row in page["positions"]] == ["AAAUSDT"]
    assert {row["name"] for row in page["limits"]} == {"daily loss", "drawdown of 24 h", "exposure"}


def test_a_service_not_heard_for_three_heartbeats_is_down_whatever_it_last_said(bought: Decision, valkey: Any) -> None:
    now_ms = int(SYSTEM.wall_s() * 1000)
    for name, age_s in (("execution", 74), ("risk", 1)):
        beat = {"service": name, "status": "OK", "lag": 0}
        valkey.xadd("cdb:health", {"e": json.dumps({"payload": beat})}, id=f"{now_ms - age_s * 1000}-*")

    services = json.loads(said("status", "--json"))["services"]

    assert {row["service"]: row["status"] for row in services} == dict.fromkeys(SERVICE_NAMES, "DOWN") | {"risk": "OK"}
    assert "SERVICE    signal       DOWN  not heard" in said("status")


def test_status_before_anything_says_what_to_do() -> None:
    with pytest.raises(CommandError, match="manage.py open_account"):
        said("status")


def test_status_without_redis_says_so(bought: Decision, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise UNREACHABLE[0]("gone")

    monkeypatch.setattr(latest, "read_quotes", away)

    assert "Redis does not answer" in said("status")


def test_every_decision_comes_out_the_same_again(bought: Decision) -> None:
    assert said("redecide", "--check").strip() == '{"checked": 1, "different": 0}'


def test_a_decision_that_comes_out_otherwise_is_named(bought: Decision) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "BEGIN; SET LOCAL session_replication_role = replica;"
            """UPDATE decision SET inputs = jsonb_set(inputs, '{equity}', '"20000"'); COMMIT"""
        )
    output = StringIO()

    with pytest.raises(CommandError, match="1 of 1 decisions come out otherwise"):
        call_command("redecide", "--check", stdout=output)

    assert f"decision {bought.pk}: wanted_quantity was 10.000000000000000000, now 20" in output.getvalue()


def test_a_position_is_sold_on_an_operators_order_with_who_and_why(bought: Decision) -> None:
    told = said("close_position", "aaausdt", reason="news", by="anna")

    decision = Decision.objects.get(kind="OPERATOR")
    assert (decision.outcome, decision.params["by"], decision.params["reason"]) == ("APPROVED", "anna", "news")
    assert "the position goes to the venue to be sold" in told
    assert Order.objects.get(side="SELL").state == "NEW"
    assert "an exit is under way already" in said("close_position", "AAAUSDT", reason="news", by="anna")


def test_what_is_not_held_cannot_be_sold(bought: Decision) -> None:
    with pytest.raises(CommandError, match="BBBUSDT is not held. Held: AAAUSDT"):
        said("close_position", "BBBUSDT", reason="x")
    with pytest.raises(CommandError, match="name one symbol, or --all"):
        said("close_position", reason="x")


def test_a_halt_with_closing_begins_a_close_out(bought: Decision) -> None:
    told = said("halt_trading", "--close-positions", reason="storm", by="anna")

    assert "trading is HALTED; every position is being sold" in told
    assert CloseOut.objects.get().positions == ["AAAUSDT"]
    with pytest.raises(CommandError, match="positions are still being closed"):
        said("resume_trading", reason="calm", by="anna")


def test_a_halt_is_released_with_a_reason(bought: Decision) -> None:
    assert said("halt_trading", by="anna") == "trading is HALTED\n"
    assert said("halt_trading", by="anna") == "trading is HALTED (as before)\n"

    assert said("resume_trading", reason="calm", by="anna") == "trading is ACTIVE\n"
    assert execution.queries.trading_state(PAPER) == "ACTIVE"


def test_a_breaker_is_released_by_kind_and_symbol(bought: Decision) -> None:
    breaker()

    with pytest.raises(CommandError, match="Open ones: #[0-9]+ SLIPPAGE AAAUSDT"):
        said("release_breaker", "JUMP", "AAAUSDT", reason="x")
    assert said("release_breaker", "slippage", "aaausdt", reason="seen", by="anna") == "SLIPPAGE AAAUSDT is released\n"
    assert Breaker.objects.get().released_by == "anna"


def test_unaccounted_signals_are_counted(bought: Decision) -> None:
    plant_signal()

    assert len(UndecidedSignals().look(0)) == 1


def test_what_was_found_decided_is_not_read_again_until_the_servers_clock_is_set_back(bought: Decision) -> None:
    looking = UndecidedSignals()
    looking.look(0)
    looking._decided_until = looking._decided_until + timedelta(hours=1)  # type: ignore[operator]
    plant_signal()

    assert looking.look(0) == []
    assert len(looking.look(0)) == 1
