"""Limits: versioned, in force from the next decision, bounded by form and database alike."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from cdb_site.clock import Clock
from risk import operations, queries
from risk.decision.requests import from_signal
from risk.models import Decision, LimitVersion
from tests.builders import LIMITS, PAPER, make_marks, open_paper_account, plant_instrument, plant_signal, set_limits

pytestmark = pytest.mark.django_db(transaction=True)


def decide(**signal: Any) -> Decision:
    request = from_signal(plant_signal(**signal))
    operations.decide_batch(PAPER, [request], marks=make_marks(), clock=Clock())
    return Decision.objects.get(decision_id=request.decision_id)


def test_a_new_version_is_in_force_from_the_next_decision(valkey: Any) -> None:
    plant_instrument()
    open_paper_account()
    before = decide(strength="0.1")

    version = set_limits(max_exposure_pct="0.01")
    after = decide()

    assert (before.outcome, after.outcome, after.reason_code) == ("APPROVED", "REJECTED", "EXPOSURE_LIMIT_EXCEEDED")
    assert before.limits_version < after.limits_version == version.version


@pytest.mark.parametrize("name", ["max_exposure_pct", "max_position_pct", "stop_loss_pct", "max_slippage_pct"])
@pytest.mark.parametrize(("value", "says"), [("2", "0.01 means 1 %"), ("0", "0.01 means 1 %"), ("-0.1", "0.01 means")])
def test_what_is_no_fraction_is_refused_by_name_with_an_example(name: str, value: str, says: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        set_limits(**{name: value})

    assert says in str(refusal.value.message_dict[name])
    assert not LimitVersion.objects.exists()


@pytest.mark.parametrize("value", ["0", "-1", "3600.001"])
def test_a_price_age_out_of_bounds_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="max_price_age_s"):
        set_limits(max_price_age_s=value)


def test_a_stop_of_the_whole_entry_is_refused() -> None:
    with pytest.raises(ValidationError):
        set_limits(stop_loss_pct="1")


def test_a_change_without_a_reason_is_refused() -> None:
    with pytest.raises(ValidationError, match="reason"):
        operations.set_limits(PAPER, LIMITS, by="anna", reason="")


def test_without_limits_nothing_can_be_decided() -> None:
    with pytest.raises(LookupError, match=r"run `manage\.py seed_limits`"):
        queries.limits(PAPER)


def test_the_environment_seeds_the_first_version_and_never_another() -> None:
    for _ in range(2):
        call_command("seed_limits", stdout=StringIO())

    [version] = LimitVersion.objects.all()
    assert (version.changed_by, version.max_exposure_pct) == ("system", Decimal("0.5"))


def test_the_newest_version_of_this_account_counts() -> None:
    set_limits(stop_loss_pct="0.03")
    set_limits(stop_loss_pct="0.04")
    LimitVersion.objects.create(account="other", changed_by="x", reason="x", **LIMITS)

    assert queries.limits(PAPER).stop_loss_pct == Decimal("0.04")
