"""Two persons for what protects less: proposed by one, approved by another, within an hour, once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

import execution.gate
import execution.operations
import execution.queries
from cdb_site.clock import Clock
from execution.operations import Refused
from risk import queries
from risk.models import Breaker, LimitVersion, Proposal
from risk.operator import proposals
from risk.rules.limits import LIMITS
from risk.watch import kill_switch
from tests.builders import PAPER, make_marks, open_paper_account
from tests.integration.house.rows import breaker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
CLOCK = Clock()


@pytest.fixture(autouse=True)
def _two_persons(settings: Any) -> None:
    settings.ENVIRONMENT = replace(django_settings.ENVIRONMENT, REQUIRE_SECOND_APPROVER="on")
    open_paper_account()


def values(**changes: str) -> dict[str, Decimal]:
    return {limit.name: limit.default for limit in LIMITS} | {name: Decimal(text) for name, text in changes.items()}


def wish(**changes: str) -> Any:
    return proposals.change_limits(PAPER, values(**changes), by="anna", reason="more room")


def approve(proposal: Proposal, by: str = "bert") -> Proposal:
    return proposals.approve(proposal.pk, by=by, marks=make_marks(), clock=CLOCK)


def test_tightening_needs_nobody_else() -> None:
    assert isinstance(wish(max_exposure_pct="0.4"), LimitVersion)
    assert queries.limits(PAPER).max_exposure_pct == Decimal("0.4")


def test_loosening_waits_for_another_person() -> None:
    proposal = wish(max_exposure_pct="0.6")

    assert isinstance(proposal, Proposal)
    assert proposal.summary == "max_exposure_pct 0.5 → 0.6"
    assert queries.limits(PAPER).max_exposure_pct == Decimal("0.5")
    assert approve(proposal).state == "APPROVED"
    assert queries.limits(PAPER).max_exposure_pct == Decimal("0.6")
    assert LimitVersion.objects.first().changed_by == "anna, approved by bert"


def test_nobody_approves_a_proposal_of_their_own() -> None:
    proposal = wish(max_exposure_pct="0.6")

    with pytest.raises(Refused, match="your own proposal"):
        approve(proposal, by="anna")


def test_an_hour_later_it_is_too_late() -> None:
    proposal = wish(max_exposure_pct="0.6")
    Proposal.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(Refused, match="expired"):
        approve(proposal)


def test_what_was_withdrawn_is_not_approved_any_more() -> None:
    proposal = wish(max_exposure_pct="0.6")

    assert proposals.reject(proposal.pk, by="anna").state == "WITHDRAWN"
    with pytest.raises(Refused, match="WITHDRAWN by anna already"):
        approve(proposal)


def test_limits_that_changed_meanwhile_make_it_stale() -> None:
    proposal = wish(max_exposure_pct="0.6")
    wish(max_position_pct="0.05")

    with pytest.raises(Refused, match="Nothing is stored: .* max_position_pct 0.1 → 0.05"):
        approve(proposal)
    assert Proposal.objects.get().state == "PROPOSED"


def test_a_breaker_and_a_halt_are_released_by_two() -> None:
    execution.gate.halt(PAPER, by="anna", reason="storm")
    row = breaker(symbol="AAAUSDT", cause="")

    released = proposals.release_breaker(row, by="anna", reason="calm")
    resumed = proposals.resume(PAPER, by="anna", reason="calm", marks=make_marks(), clock=CLOCK)
    assert isinstance(released, Proposal) and isinstance(resumed, Proposal)
    assert (Breaker.objects.get().released_at, execution.queries.trading_state(PAPER)) == (None, "HALTED")

    approve(released)
    approve(resumed)
    assert Breaker.objects.get().released_by == "anna, approved by bert"
    assert execution.queries.trading_state(PAPER) == "ACTIVE"


def test_halting_never_waits() -> None:
    assert kill_switch.halt(PAPER, by="anna", reason="storm", close_positions=False, clock=CLOCK)
    assert execution.queries.trading_state(PAPER) == "HALTED"


def test_of_two_who_approve_at_once_one_does_it() -> None:
    proposal = wish(max_exposure_pct="0.6")
    said: list[str] = []
    barrier = threading.Barrier(2)

    def run(by: str) -> None:
        barrier.wait(10)
        try:
            said.append(approve(proposal, by=by).state)
        except Refused as problem:
            said.append(str(problem))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(name,)) for name in ("bert", "carla")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(text.split()[-1] for text in said) == ["APPROVED", "already"]
    assert LimitVersion.objects.count() == 2


def test_with_one_person_allowed_everything_is_at_once(settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, REQUIRE_SECOND_APPROVER="off")

    assert isinstance(wish(max_exposure_pct="0.6"), LimitVersion)


def test_of_two_changes_made_from_one_version_at_the_same_time_one_is_stored(settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, REQUIRE_SECOND_APPROVER="off")
    wish(max_exposure_pct="0.5")
    base, start, refused = queries.limits(PAPER).version, threading.Barrier(2), []

    def change(by: str, exposure: str) -> None:
        start.wait()
        try:
            proposals.change_limits(PAPER, values(max_exposure_pct=exposure), by=by, reason="now", based_on=base)
        except Refused as problem:
            refused.append(str(problem))
        connection.close()

    threads = [threading.Thread(target=change, args=pair) for pair in (("anna", "0.4"), ("bert", "0.3"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert LimitVersion.objects.filter(version__gt=base).count() == 1
    assert len(refused) == 1
    assert LimitVersion.objects.first().changed_by in refused[0]
