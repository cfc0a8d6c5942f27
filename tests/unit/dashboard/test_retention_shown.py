"""Health shows for how long rows stay: of every table that the document on it says something goes from."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.conf import settings

from backoffice.automation.code_figures import ROOT
from dashboard import system_facts


def test_every_table_that_rows_go_from_is_shown_and_no_other() -> None:
    goes = (ROOT / "docs/retention.md").read_text(encoding="utf-8").partition("\n## Goes\n")[2].partition("\n## ")[0]

    assert {row["table"] for row in system_facts.kept()} == set(re.findall(r"^\| `(\w+)`", goes, re.MULTILINE))


def test_points_of_the_curve_are_thinned_rather_than_gone() -> None:
    thinned = [(row["days"], row["one_a"]) for row in system_facts.kept() if row["table"] == "equity_snapshot"]

    assert thinned == [(2, "minute"), (30, "hour")]


@pytest.mark.parametrize("days", [0, 400])
def test_candles_stay_as_long_as_the_setting_says(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    monkeypatch.setattr(settings, "ENVIRONMENT", replace(settings.ENVIRONMENT, CANDLES_KEPT_DAYS=days))

    shown = {row["table"]: row["days"] for row in system_facts.kept()}

    assert shown["marketdata_candle"] == days
