"""The feed's age while there is no feed: an exchange that was never reached must not look fresh to Prometheus."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from cdb_site.env import Environment
from marketdata.screeners.ws import screener
from tests.clocks import SteppingClock


def test_without_anything_to_watch_the_feed_grows_old_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, asked = SteppingClock(), 0
    stopping = SimpleNamespace(is_set=lambda: asked > 1)

    def nothing_to_watch() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        clock.pass_s(20)
        return {}

    monkeypatch.setattr(screener, "_watched_instruments", nothing_to_watch)
    monkeypatch.setattr(screener, "START_S", 0)
    progress = SimpleNamespace(turned=lambda loop: None)
    runtime = SimpleNamespace(clock=clock, environment=Environment(), stopping=stopping, progress=progress)

    screener.WsScreener(cast(Any, runtime)).run()

    assert REGISTRY.get_sample_value("cdb_feed_age_seconds") == pytest.approx(40)
