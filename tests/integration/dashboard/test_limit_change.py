"""New limits as people type them into the form of the Risk page, whose column is in per cent."""

from __future__ import annotations

import pytest

from cdb_site.limit_table import LIMITS
from dashboard.limits.change import change, limit_words
from execution.queries import PAPER
from risk import queries
from tests.builders import open_paper_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("40 %", "40 %"), ("40", "40 %"), ("1", "1 %"), ("0.4", "40 %"), ("0,4", "40 %"), ("0.4 %", "0.4 %")],
)
def test_a_share_is_typed_with_its_sign_or_without(typed: str, meant: str) -> None:
    open_paper_account()
    limits = queries.limits(PAPER)
    form = {rule.name: limit_words(rule, getattr(limits, rule.name), bare=True) for rule in LIMITS}

    seen = change(form | {"based_on": str(limits.version), "max_exposure_pct": typed}, limits)["seen"]

    assert [(row["before"], row["after"]) for row in seen["changed"]] == [("50 %", meant)]


@pytest.mark.parametrize("typed", ["140", "140 %", "-3", "forty", "nan"])
def test_what_is_no_share_is_marked_and_nothing_is_shown_of_it(typed: str) -> None:
    open_paper_account()
    limits = queries.limits(PAPER)
    form = {rule.name: limit_words(rule, getattr(limits, rule.name), bare=True) for rule in LIMITS}

    told = change(form | {"based_on": str(limits.version), "max_exposure_pct": typed}, limits)

    assert told["seen"] is None
    assert [field["name"] for field in told["fields"] if field["problems"]] == ["max_exposure_pct"]
