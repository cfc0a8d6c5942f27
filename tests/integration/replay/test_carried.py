"""A run on stored candles: what its row asks for is what is played, and what is kept adds up."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from dashboard.chains.page import again
from dashboard.replays.decided import as_live
from replay import operations
from replay.carried import asked_settings, carry_replay
from replay.carriers import CARRIERS
from replay.carrying import RunEnds, carry_out
from replay.models import ReplayRun
from replay.wishes import offered, read_run
from tests.integration.replay.candle_house import market_in_waves

pytestmark = pytest.mark.django_db
STARTS = datetime(2026, 1, 2, tzinfo=UTC)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _a_market() -> None:
    market_in_waves(STARTS)


def parameters(**changes: str) -> dict[str, Any]:
    typed = {"from": "2026-01-02", "to": "2026-01-02", "symbols": "AAAUSDT"} | changes
    return read_run("REPLAY", typed, NOW).parameters


def test_what_is_kept_adds_up_and_every_decision_is_decided_again_with_the_same_result() -> None:
    told: list[tuple[float, str]] = []
    run = operations.ask(uuid4(), "REPLAY", parameters(), by="anna")
    claimed = operations.claim(run.run_id, machine="here", carrier="one", now=NOW)
    assert claimed is not None

    brought = carry_replay(run.parameters, lambda part, step: told.append((part, step)))
    assert operations.finish(run.run_id, "one", brought.kept, brought.manifest, now=NOW)

    done = ReplayRun.objects.get()
    trips = list(done.trips.all())
    assert trips
    assert done.result is not None
    assert sum(trip.net for trip in trips) == Decimal(done.result["measures"]["trips"]["net"])
    assert {again(as_live(row))["same"] for row in done.decisions.all()} == {True}
    for trip in trips:
        entry, leaving = (done.decisions.get(number=number) for number in (trip.entry, trip.exit))
        assert (entry.side, leaving.side, entry.symbol) == ("BUY", "SELL", trip.symbol)
    assert [part for part, _ in told] == sorted(part for part, _ in told)
    assert told[-1] == (1.0, "measures")
    assert len(done.result["layer_prices"]) == 5
    assert done.manifest["data_hash"]


def test_the_values_of_the_row_are_those_that_are_played() -> None:
    typed = {"max_exposure_pct": "40 %", "threshold": "0.5 %", "spread_bps": "7", "after_halt": "never"}

    settings = asked_settings(parameters(**typed))

    assert settings.limits.max_exposure_pct == Decimal("0.4")
    assert settings.strategy.threshold == Decimal("0.005")
    assert (settings.spread_bps, settings.after_halt) == (7, "NEVER")


def test_a_time_without_candles_fails_in_words() -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        carry_replay(parameters(**{"from": "2025-01-02", "to": "2025-01-02"}), lambda part, step: None)


def test_a_canceled_run_ends_where_it_next_tells_how_far_it_is() -> None:
    def ends(part: float, step: str) -> None:
        raise RunEnds("CANCEL")

    with pytest.raises(RunEnds):
        carry_replay(parameters(), ends)


def test_what_is_offered_is_what_can_be_carried_out() -> None:
    assert set(offered()) == set(CARRIERS)


def test_a_kind_without_a_carrier_is_not_carried_out() -> None:
    run = operations.ask(uuid4(), "SEARCH", {}, by="anna")

    with pytest.raises(KeyError):
        carry_out(run, {"REPLAY": carry_replay})
