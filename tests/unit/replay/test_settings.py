"""What a replay may be played with: words of the command as values, and what is refused by name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from execution.rules.fill_model import Model
from replay.rules.settings import NEVER, NEXT_DAY, ReplaySettings, after_halt_of
from risk.rules.limits import LIMITS, Limits
from signals_app.rules.strategy import Strategy


def make_settings(**changes: Any) -> ReplaySettings:
    strategy = Strategy(
        interval="1m", interval_s=60, lookback_s=300, threshold=Decimal("0.01"), exit=Decimal(0),
        min_volume=Decimal(0), top_n=10, ttl_s=5, grace_s=2.0,
    )  # fmt: skip
    usual: dict[str, Any] = {
        "strategy": strategy,
        "limits": Limits(version=1, **{limit.name: limit.default for limit in LIMITS}),
        "model": Model(impact_bps=Decimal(50), depth_share=Decimal("0.001")),
        "rules": {},
        "starting_cash": Decimal(10_000),
        "spread_bps": Decimal(2),
    }
    return ReplaySettings(**usual | changes)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fill", "MIDDLE"),
        ("marks", "HIGH"),
        ("rule", "MINE"),
        ("after_halt", "SOMETIME"),
        ("after_halt", 0),
        ("spread_bps", Decimal(-1)),
        ("spread_bps", Decimal(10_000)),
        ("starting_cash", Decimal(0)),
    ],
)
def test_what_cannot_be_played_is_refused_by_the_name_of_its_field(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        make_settings(**{field: value})


@pytest.mark.parametrize(("text", "value"), [("next-day", NEXT_DAY), ("never", NEVER), ("NEVER", NEVER), ("90", 90)])
def test_the_end_of_a_halt_is_said_in_words_or_minutes(text: str, value: str | int) -> None:
    assert after_halt_of(text) == value
    assert make_settings(after_halt=value).after_halt == value


@pytest.mark.parametrize("text", ["0", "-5", "tomorrow", "", "1.5"])
def test_an_end_of_a_halt_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="after_halt"):
        after_halt_of(text)
