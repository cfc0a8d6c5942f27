"""The preview is the decision: whatever the books hold, what is shown is what would be decided."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import execution.gate
import execution.operations
from cdb_site.clock import Clock
from execution.models import Order
from risk import operations
from risk.decision.records import layer_json
from risk.decision.redecide import redecide
from risk.decision.requests import from_signal
from risk.models import Decision, LimitVersion
from risk.operator.preview import preview, preview_limits
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
from tests.integration.house.rows import breaker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()
fractions = st.sampled_from(["0.02", "0.05", "0.1", "0.2", "0.5", "0.99"])


@pytest.fixture
def house(tmp_path: Path) -> Any:
    plant_instrument()
    plant_instrument(symbol="BBBUSDT")
    open_paper_account()
    return make_desk(folder=tmp_path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    side=st.sampled_from(["BUY", "SELL"]),
    strength=st.decimals(min_value="0.01", max_value=1, places=3),
    position=fractions,
    exposure=fractions,
    ask=st.integers(90, 110),
    spread=st.integers(0, 5),
    age_s=st.sampled_from([0.0, 5.0, 60.0]),
    open_buy=st.booleans(),
    state=st.sampled_from(["ACTIVE", "ACTIVE", "REDUCING", "HALTED"]),
    broken=st.booleans(),
    held=st.integers(0, 12),
)
def test_what_is_previewed_is_what_is_decided(house: Any, **case: Any) -> None:
    _plant(house, case)
    quote = make_quote(bid=str(case["ask"] - case["spread"]), ask=str(case["ask"]), age_s=case["age_s"])
    marks = make_marks(quote, max_age_s=10)

    shown = preview("AAAUSDT", case["side"], marks=marks, clock=CLOCK, strength=case["strength"]).ruling
    request = from_signal(plant_signal(side=case["side"], strength=str(case["strength"])))
    operations.decide_batch(PAPER, [request], marks=marks, clock=CLOCK)

    decided = Decision.objects.get(decision_id=request.decision_id)
    assert (decided.outcome, decided.reason_code, decided.quantity) == (
        shown.outcome,
        shown.reason_code,
        shown.quantity,
    )
    assert decided.layers == [layer_json(verdict) for verdict in shown.layers]
    assert redecide(decided) == []


def _plant(house: Any, case: dict[str, Any]) -> None:
    """Other books than the example before: nothing decided, this much held, this state."""
    with connection.cursor() as cursor:
        for table in ("decision", "signal", "breaker", "ledger_entry", "fill", '"order"', "position", "day_opening"):
            cursor.execute(f"BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM {table}; COMMIT")
        cursor.execute("UPDATE account SET cash = 10000, version = version + 1")
    execution.gate.set_trading_state(PAPER, "ACTIVE", by="test", reason="next example")
    set_limits(max_position_pct=case["position"], max_exposure_pct=case["exposure"])
    if case["held"]:
        trade(house, f"buy {case['held']} @ 100")
    if case["open_buy"]:
        plant_order(symbol="BBBUSDT")
    if case["broken"]:
        breaker(symbol="AAAUSDT", cause="")
    if case["state"] != "ACTIVE":
        execution.gate.set_trading_state(PAPER, case["state"], by="test", reason="planted")


def test_a_preview_writes_nothing(house: Any) -> None:
    preview("AAAUSDT", "BUY", marks=make_marks(), clock=CLOCK)

    assert (Decision.objects.count(), Order.objects.count()) == (0, 0)


def test_other_limits_are_shown_on_open_positions_and_next_entries(house: Any) -> None:
    trade(house, "buy 8 @ 100")
    marks = make_marks(make_quote(bid="99", ask="99.5"), make_quote(symbol="BBBUSDT"))
    values = {"stop_loss_pct": Decimal("0.005"), "max_position_pct": Decimal("0.05")}

    seen = preview_limits(values, ["AAAUSDT", "BBBUSDT"], marks=marks, clock=CLOCK)

    [position] = seen.positions
    assert (position.stops_now, position.over_limit) == (True, True)
    assert position.stop_before == Decimal(98) and position.stop_after == Decimal("99.5")
    assert {item.symbol: (item.before.outcome, item.after.outcome) for item in seen.entries} == {
        "AAAUSDT": ("TRIMMED", "REJECTED"),
        "BBBUSDT": ("APPROVED", "APPROVED"),
    }
    assert LimitVersion.objects.count() == 1
