"""Rows of the replay's tables that the database takes, and for each constraint one that it refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from replay.models import ReplayRun, ReplayRunDecision, ReplayRunTrip
from tests.integration.house.rows import EARLIER, NOW, ONE, TWO

LEASED = {"state": "RUNNING", "machine": "here", "carrier": "here 1", "lease_until": NOW, "begun_at": NOW}
DONE = {"state": "DONE", "ended_at": NOW, "result": {}}


def replay_run(**changes: Any) -> ReplayRun:
    return ReplayRun.objects.create(**({"kind": "REPLAY", "asked_by": "anna"} | changes))


def replay_decision(run: ReplayRun | None = None, **changes: Any) -> ReplayRunDecision:
    values = {
        "number": 1, "at": NOW, "kind": "SIGNAL", "side": "BUY", "symbol": "AAAUSDT", "outcome": "APPROVED",
        "reason_code": "SIGNAL_APPROVED", "wanted_quantity": TWO, "quantity": TWO,
    }  # fmt: skip
    return ReplayRunDecision.objects.create(run=run or replay_run(), **(values | changes))


def replay_trip(run: ReplayRun | None = None, **changes: Any) -> ReplayRunTrip:
    values = {
        "number": 1, "symbol": "AAAUSDT", "opened_at": EARLIER, "closed_at": NOW, "quantity": TWO,
        "entry_notional": TWO, "exit_notional": TWO + TWO, "gross": TWO, "fees": ONE, "net": ONE,
        "exit_reason": "SIGNAL", "entry": 1, "exit": 2,
    }  # fmt: skip
    return ReplayRunTrip.objects.create(run=run or replay_run(), **(values | changes))


def in_one_run(make: Callable[..., Any]) -> Callable[[], None]:
    def both() -> None:
        run = replay_run()
        make(run)
        make(run)

    return both


REPLAY_OFFENDERS: list[tuple[str, Callable[[], Any]]] = [
    ("replay_run_kind_known", lambda: replay_run(kind="WHIM")),
    ("replay_run_state_known", lambda: replay_run(state="LOST")),
    ("replay_run_says_who", lambda: replay_run(asked_by="")),
    ("replay_run_progress_is_a_fraction", lambda: replay_run(progress=1.5)),
    ("replay_run_progress_is_a_fraction", lambda: replay_run(progress=-0.1)),
    ("replay_run_lease_while_running", lambda: replay_run(**LEASED | {"lease_until": None})),
    ("replay_run_lease_while_running", lambda: replay_run(**LEASED | {"carrier": ""})),
    ("replay_run_lease_while_running", lambda: replay_run(**LEASED | {"machine": ""})),
    ("replay_run_lease_while_running", lambda: replay_run(lease_until=NOW)),
    ("replay_run_ended_when_over", lambda: replay_run(**DONE | {"ended_at": None})),
    ("replay_run_ended_when_over", lambda: replay_run(ended_at=NOW)),
    ("replay_run_failure_says_why", lambda: replay_run(state="FAILED", ended_at=NOW)),
    ("replay_run_failure_says_why", lambda: replay_run(**DONE | {"error": "odd"})),
    ("replay_run_result_when_done", lambda: replay_run(**DONE | {"result": None})),
    ("replay_run_result_when_done", lambda: replay_run(result={})),
    ("replay_run_cancel_says_who", lambda: replay_run(cancel_asked_at=NOW)),
    ("replay_run_cancel_says_who", lambda: replay_run(cancel_asked_by="anna")),
    ("replay_run_one_at_a_time_on_a_machine", lambda: (replay_run(**LEASED), replay_run(**LEASED))),
    ("replay_run_decision_once", in_one_run(replay_decision)),
    ("replay_run_decision_number_from_one", lambda: replay_decision(number=0)),
    ("replay_run_decision_kind_known", lambda: replay_decision(kind="WHIM")),
    ("replay_run_decision_side_known", lambda: replay_decision(side="HOLD")),
    ("replay_run_decision_outcome_known", lambda: replay_decision(outcome="MAYBE")),
    ("replay_run_trip_once", in_one_run(replay_trip)),
    ("replay_run_trip_number_from_one", lambda: replay_trip(number=0)),
    ("replay_run_trip_net_is_after_fees", lambda: replay_trip(net=TWO)),
    ("replay_run_trip_opens_before_it_closes", lambda: replay_trip(opened_at=NOW + timedelta(seconds=1))),
]
