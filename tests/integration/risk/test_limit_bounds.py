"""Each limit's bounds are the same wherever a value may come from: the environment's seed, the form, the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from cdb_site import env
from cdb_site.limit_table import LIMITS, NAMES, PLACES, Limit
from risk.models import LimitVersion
from risk.operator.limit_form import LimitForm
from risk.rules.limits import Limits
from tests.builders import LIMITS as SET

pytestmark = pytest.mark.django_db
STEP = Decimal(1).scaleb(-PLACES)
DEFAULTS = {limit.name: limit.default for limit in LIMITS}
BEFORE, AFTER = ("risk", "0004_breakers_close_outs_and_proposals"), ("risk", "0005_fractions_below_one")
each_limit = pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)


def environment_takes(limit: Limit, value: Decimal) -> bool:
    try:
        environment = env.read({"ENV": "demo", limit.variable: f"{value:f}"})
    except env.EnvironmentProblem as problem:
        assert limit.variable in str(problem)
        return False
    assert getattr(environment, limit.variable) == value
    return True


def form_takes(limit: Limit, value: Decimal) -> bool:
    form = LimitForm({**DEFAULTS, limit.name: f"{value:f}", "reason": "a test", "based_on": 1})
    if form.is_valid():
        return True
    assert set(form.errors) == {limit.name}
    return False


def database_takes(limit: Limit, value: Decimal) -> bool:
    try:
        with transaction.atomic():
            LimitVersion.objects.create(**DEFAULTS | {limit.name: value}, reason="a test", changed_by="anna")
    except IntegrityError as problem:
        assert "within_bounds" in str(problem)
        return False
    return True


@each_limit
@pytest.mark.parametrize("takes", [environment_takes, form_takes, database_takes], ids=lambda takes: takes.__name__)
def test_the_bounds_are_taken_and_what_lies_just_outside_is_refused(
    limit: Limit, takes: Callable[[Limit, Decimal], bool]
) -> None:
    tried = (limit.low - STEP, limit.low, limit.high, limit.high + STEP)

    answers = [takes(limit, value) for value in tried]

    assert answers == [False, True, True, False]


@each_limit
def test_more_decimal_places_than_the_column_has_are_refused_before_they_are_stored(limit: Limit) -> None:
    value = limit.default + STEP / 10

    assert not environment_takes(limit, value)
    assert not form_takes(limit, value)


@pytest.mark.parametrize("limit", [limit for limit in LIMITS if limit.is_fraction], ids=lambda limit: limit.name)
@pytest.mark.parametrize("value", ["1", "1.0", "2", "50"])
def test_one_is_no_fraction_but_somebody_who_means_one_percent(limit: Limit, value: str) -> None:
    with pytest.raises(env.EnvironmentProblem) as refusal:
        env.read({"ENV": "demo", limit.variable: value})
    form = LimitForm({**DEFAULTS, limit.name: value, "reason": "a test"})

    assert not form.is_valid()
    assert "0.01 means 1 %" in str(refusal.value)
    assert "0.01 means 1 %" in str(form.errors[limit.name])


def test_every_limit_of_the_table_is_a_column_a_seed_and_a_number_of_a_version() -> None:
    columns = [field.name for field in LimitVersion._meta.get_fields() if field.name in NAMES]
    seeds = [item.name for item in fields(env.Environment) if item.metadata["rule"].section == env.SEEDS]
    numbers = [item.name for item in fields(Limits)]

    assert columns == list(NAMES)
    assert [name for name in seeds if name != "REQUIRE_SECOND_APPROVER"] == [limit.variable for limit in LIMITS]
    assert numbers == ["version", *NAMES]


@pytest.mark.django_db(transaction=True)
def test_limits_stored_before_fractions_ended_below_one_are_kept_and_no_more_come(valkey: Any) -> None:
    try:
        MigrationExecutor(connection).migrate([BEFORE])
        then = MigrationExecutor(connection).loader.project_state([BEFORE]).apps.get_model("risk", "LimitVersion")
        known = {name: value for name, value in SET.items() if name in {field.name for field in then._meta.fields}}
        then.objects.create(**known | {"max_exposure_pct": Decimal(1)}, reason="all in", changed_by="anna")

        MigrationExecutor(connection).migrate([AFTER])
    finally:
        call_command("migrate", verbosity=0, stdout=StringIO())

    assert LimitVersion.objects.get().max_exposure_pct == 1
    with pytest.raises(IntegrityError, match="limit_exposure_within_bounds"):
        LimitVersion.objects.create(**SET | {"max_exposure_pct": Decimal(1)}, reason="again", changed_by="anna")
