"""A run from being asked for to its end, one step at a time: twice, late, from two sides, and by who is gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings

from replay import operations, queries, tasks
from replay.kept import KeptRun
from replay.models import ReplayRun, ReplayRunDecision, ReplayRunTrip
from replay.operations import ATTEMPTS_MOST, LEASE, WAITING_MOST, Held, RunRefused
from tests.integration.house.replay_rows import replay_decision, replay_trip

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
LATER = NOW + LEASE + timedelta(seconds=1)


def asked(**changes: Any) -> ReplayRun:
    run_id = changes.pop("run_id", None) or uuid4()
    return operations.ask(run_id, "REPLAY", {"from": "2026-01-01"} | changes, by="anna")


def claimed(run: ReplayRun | None = None, *, machine: str = "here", carrier: str = "one") -> ReplayRun:
    taken = operations.claim((run or asked()).run_id, machine=machine, carrier=carrier, now=NOW)
    assert taken is not None
    return taken


def state(run: ReplayRun) -> str:
    return ReplayRun.objects.get(pk=run.pk).state


def rows(number: int = 1) -> KeptRun:
    decision = {
        "number": 1, "at": NOW, "kind": "SIGNAL", "side": "BUY", "symbol": "AAAUSDT", "outcome": "REJECTED",
        "reason_code": "EXPOSURE_LIMIT_EXCEEDED", "wanted_quantity": Decimal(1), "quantity": Decimal(0),
    }  # fmt: skip
    return KeptRun({"n": number}, [decision], [])


def test_asked_for_twice_with_one_key_there_is_one_run() -> None:
    first = asked()

    again = asked(run_id=first.run_id)

    assert again.pk == first.pk
    assert ReplayRun.objects.count() == 1


def test_a_key_of_another_wish_is_refused() -> None:
    first = asked()

    with pytest.raises(RunRefused, match="another wish"):
        asked(run_id=first.run_id, to="2026-02-01")


def test_more_than_so_many_do_not_wait_but_one_that_waits_may_be_asked_for_again() -> None:
    waiting = [asked() for _ in range(WAITING_MOST)]

    with pytest.raises(RunRefused, match="wait already"):
        asked()

    assert asked(run_id=waiting[0].run_id).pk == waiting[0].pk


def test_of_two_who_claim_a_run_one_has_it() -> None:
    run = claimed()

    assert operations.claim(run.run_id, machine="there", carrier="two", now=NOW) is None
    assert (run.state, run.attempts, run.begun_at) == ("RUNNING", 1, NOW)


def test_a_machine_carries_out_one_run_at_a_time_and_another_machine_the_next() -> None:
    claimed()
    waiting = asked()

    assert queries.next_waiting("here") is None
    assert operations.claim(waiting.run_id, machine="here", carrier="two", now=NOW) is None
    assert queries.next_waiting("there") == waiting.run_id
    assert claimed(waiting, machine="there", carrier="two").machine == "there"


def test_the_run_that_waits_longest_is_next() -> None:
    late, early = asked(), asked()
    ReplayRun.objects.filter(pk=early.pk).update(asked_at=late.asked_at - timedelta(hours=1))
    early.refresh_from_db()

    assert queries.next_waiting("here") == early.run_id
    assert (queries.ahead_of(early), queries.ahead_of(late)) == (0, 1)


def test_a_renewed_lease_tells_how_far_the_run_is_and_lasts_longer() -> None:
    run = claimed()

    held = operations.renew(run.run_id, "one", progress=1.7, step="deciding", now=LATER)

    run.refresh_from_db()
    assert held == Held.HELD
    assert (run.progress, run.step, run.lease_until) == (1.0, "deciding", LATER + LEASE)


def test_a_finished_run_has_its_rows_and_no_lease() -> None:
    run = claimed()

    assert operations.finish(run.run_id, "one", rows(), {"seed": 1}, now=LATER)

    run.refresh_from_db()
    assert (run.state, run.result, run.manifest, run.lease_until) == ("DONE", {"n": 1}, {"seed": 1}, None)
    assert run.decisions.count() == 1


def test_who_was_taken_for_dead_is_not_heard_any_more() -> None:
    run = claimed(carrier="slow")
    operations.take_up_lost(LATER)
    claimed(run, carrier="new")

    assert operations.renew(run.run_id, "slow", progress=0.9, step="", now=LATER) == Held.LOST
    assert not operations.finish(run.run_id, "slow", rows(), {}, now=LATER)
    assert not operations.fail(run.run_id, "slow", "odd", now=LATER)
    assert not operations.give_back(run.run_id, "slow")
    assert state(run) == "RUNNING"
    assert ReplayRunDecision.objects.count() == 0
    assert operations.finish(run.run_id, "new", rows(), {}, now=LATER)


def test_a_finish_that_breaks_off_leaves_nothing_and_may_be_tried_again() -> None:
    run = claimed()
    bad = KeptRun({}, [*rows().decisions, *rows().decisions], [])

    with pytest.raises(Exception, match="replay_run_decision_once"):
        operations.finish(run.run_id, "one", bad, {}, now=NOW)

    assert (state(run), ReplayRunDecision.objects.count()) == ("RUNNING", 0)
    assert operations.finish(run.run_id, "one", rows(), {}, now=NOW)


def test_a_run_whose_lease_has_run_out_waits_again_and_fails_after_the_last_attempt() -> None:
    run = asked()
    for attempt in range(ATTEMPTS_MOST):
        assert claimed(run, carrier=f"number {attempt}").attempts == attempt + 1
        assert operations.take_up_lost(NOW) == 0
        assert operations.take_up_lost(LATER) == 1

    run.refresh_from_db()
    assert (run.state, run.error) == ("FAILED", "PROCESS_LOST")
    assert run.ended_at == LATER


def test_the_run_of_a_process_whose_end_was_seen_waits_again_at_once() -> None:
    run, other = claimed(), claimed(machine="there", carrier="two")

    assert operations.take_up_lost(NOW, carrier="one") == 1

    assert (state(run), state(other)) == ("QUEUED", "RUNNING")


def test_a_run_that_is_given_back_has_lost_no_attempt() -> None:
    run = claimed()

    assert operations.give_back(run.run_id, "one")

    run.refresh_from_db()
    assert (run.state, run.attempts, run.lease_until) == ("QUEUED", 0, None)


def test_a_waiting_run_is_canceled_at_once_and_a_running_one_when_its_process_hears_of_it() -> None:
    waiting, running = asked(), claimed()

    assert operations.cancel(waiting.run_id, by="ben", now=NOW).state == "CANCELED"
    assert operations.cancel(running.run_id, by="ben", now=NOW).state == "RUNNING"
    assert operations.renew(running.run_id, "one", progress=0.1, step="", now=NOW) == Held.CANCEL
    assert not operations.give_back(running.run_id, "one")
    assert operations.settle_canceled(running.run_id, "one", now=LATER)
    assert (state(running), ReplayRun.objects.get(pk=running.pk).cancel_asked_by) == ("CANCELED", "ben")


def test_a_canceled_run_whose_process_dies_is_canceled_and_not_taken_up_again() -> None:
    run = claimed()
    operations.cancel(run.run_id, by="ben", now=NOW)

    operations.take_up_lost(LATER)

    assert state(run) == "CANCELED"


def test_a_run_that_is_through_before_it_hears_of_the_cancel_is_done() -> None:
    run = claimed()
    operations.cancel(run.run_id, by="ben", now=NOW)

    assert operations.finish(run.run_id, "one", rows(), {}, now=NOW)
    assert state(run) == "DONE"


def test_what_is_over_is_not_canceled() -> None:
    run = claimed()
    operations.finish(run.run_id, "one", rows(), {}, now=NOW)

    with pytest.raises(RunRefused, match="over"):
        operations.cancel(run.run_id, by="ben", now=NOW)


def test_a_run_is_deleted_with_its_rows_and_only_when_it_is_over() -> None:
    run, other = claimed(), asked()
    replay_decision(other)
    with pytest.raises(RunRefused, match="cancel it first"):
        operations.delete(run.run_id, by="ben")
    operations.finish(run.run_id, "one", rows(), {}, now=NOW)
    replay_trip(run)

    operations.delete(run.run_id, by="ben")

    assert set(ReplayRun.objects.values_list("pk", flat=True)) == {other.pk}
    assert (ReplayRunDecision.objects.count(), ReplayRunTrip.objects.count()) == (1, 0)
    with pytest.raises(RunRefused, match="no such run"):
        operations.delete(run.run_id, by="ben")


def ended(days_ago: float, run: ReplayRun | None = None) -> ReplayRun:
    run = claimed(run, machine=f"m{days_ago}")
    operations.finish(run.run_id, "one", rows(), {}, now=NOW - timedelta(days=days_ago))
    return run


def left() -> set[UUID]:
    return set(ReplayRun.objects.values_list("pk", flat=True))


def test_runs_go_some_days_after_their_end_with_all_their_rows() -> None:
    fresh, old = ended(89), ended(91)

    assert operations.retire(NOW, days=90, most=0) == 1

    assert left() == {fresh.pk}
    assert set(ReplayRunDecision.objects.values_list("run_id", flat=True)) == {fresh.pk}
    assert operations.retire(NOW, days=90, most=0) == 0
    assert old.pk not in left()


def test_of_more_than_so_many_those_that_ended_last_stay() -> None:
    runs = [ended(days) for days in (5, 3, 1, 4, 2)]

    assert operations.retire(NOW, days=0, most=2) == 3

    assert left() == {runs[2].pk, runs[4].pk}


def test_nothing_that_waits_or_is_under_way_goes_however_old_it_is() -> None:
    kept = {asked().pk, claimed().pk}
    failed, canceled = claimed(machine="a"), asked()
    operations.fail(failed.run_id, "one", "no candles", now=NOW)
    operations.cancel(canceled.run_id, by="anna", now=NOW)

    assert operations.retire(NOW + timedelta(days=36500), days=1, most=1) == 2

    assert left() == kept


def test_without_an_age_and_a_number_all_stay() -> None:
    runs = {ended(36500).pk, ended(1).pk}

    assert operations.retire(NOW, days=0, most=0) == 0
    assert left() == runs


def test_a_run_that_somebody_else_deletes_meanwhile_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    run_ids = sorted(ended(days).pk for days in (91, 92))
    real = operations.delete

    def both(run_id: UUID, *, by: str) -> None:
        for each in run_ids:
            real(each, by=by)

    monkeypatch.setattr(operations, "delete", both)
    operations.retire(NOW, days=90, most=0)

    assert left() == set()


def test_the_clock_goes_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    told = replace(settings.ENVIRONMENT, REPLAY_RUNS_KEPT=1, REPLAY_RUNS_KEPT_DAYS=0)
    monkeypatch.setattr(settings, "ENVIRONMENT", told)
    kept = ended(-1)
    ended(1)

    assert "replay.retire_runs" in settings.CELERY_BEAT_SCHEDULE
    assert tasks.retire_runs() == 1
    assert left() == {kept.pk}


def test_two_runs_side_by_side_tell_what_was_decided_otherwise_in_order_of_time() -> None:
    one, other = asked(), asked()
    for number, minute in enumerate((0, 1, 2), start=1):
        replay_decision(one, number=number, at=NOW + timedelta(minutes=minute))
    replay_decision(other, number=1, at=NOW)
    replay_decision(other, number=2, at=NOW + timedelta(minutes=1), outcome="TRIMMED", reason_code="EXPOSURE_TRIMMED")
    replay_decision(other, number=3, at=NOW + timedelta(minutes=3), symbol="BBBUSDT")

    found = queries.differing(one.run_id, other.run_id, 10)

    assert [(row.at.minute, row.symbol, row.first is None, row.second is None) for row in found] == [
        (1, "AAAUSDT", False, False),
        (2, "AAAUSDT", False, True),
        (3, "BBBUSDT", True, False),
    ]
    assert found[0].second == queries.DecidedSide(2, "TRIMMED", "EXPOSURE_TRIMMED", Decimal(2))
    assert queries.count_differing(one.run_id, other.run_id) == (3, 1, 1)
    assert queries.count_differing(one.run_id, one.run_id) == (0, 0, 0)
    assert queries.differing(one.run_id, UUID(int=0), 2)[0].second is None


def test_a_trip_is_found_from_either_end() -> None:
    run = asked()
    bought, sold = replay_decision(run, number=4), replay_decision(run, number=5, side="SELL")
    trip = replay_trip(run, entry=4, exit=5)

    assert queries.trip_of(bought) == queries.trip_of(sold) == trip
    assert queries.trip_of(replay_decision(run, number=6)) is None


def test_a_list_tells_the_measures_of_a_run_without_the_rest_of_its_result() -> None:
    run = claimed()
    brought = KeptRun({"measures": {"net": "12.5"}, "curve": [1, 2]}, [], [])
    operations.finish(run.run_id, "one", brought, {}, now=NOW)
    asked()

    told = {row.run_id: row.measures for row in queries.runs("REPLAY")}

    assert told[run.run_id] == {"net": "12.5"}
    assert len(told) == 2
    assert list(queries.runs("SEARCH")) == []
